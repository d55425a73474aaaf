"""The viewer's own collector: a child process, started when nobody collects into the database, ended with the viewer.

In a session of its own, so that neither Ctrl-Z nor Ctrl-C nor the end of the terminal reaches it; and on a leash
(`monitor.leash`), so that it ends however the viewer does. Whatever it commits is safe with either end.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor import lock
from monitor.errors import StoreError, StoreReadOnly
from monitor.text import printable
from monitor.tui.succession import ChildState, Ended, Memory, Seen, Who, decide

if TYPE_CHECKING:
    from collections.abc import Callable

ENDS_WITHIN = 4.0  # seconds; it ends within two by itself, unless something hangs
TAIL = 65_536  # bytes of the log that are looked at
LITTLE = 65_536  # bytes of room on a disk with which nothing can be written

# Of the service manager that may have started the terminal: its messages are not for this process, which is its own.
NOT_FOR_IT = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"}
_BRANCHES = re.compile(r"^[\s|+-]+|[\s|+-]+$")  # what Python draws around several exceptions


class Command(Struct, frozen=True):
    """The words after `monitor`. `ends`: it comes to an end by itself, and is not started again then."""

    words: tuple[str, ...]
    ends: bool = False


def collect(database: Path, config: Path | None) -> Command:
    """Collects by the settings that the viewer has."""
    settings = () if config is None else ("--config", str(config))
    return Command(("collect", "--child", "--db", str(database), *settings))


def replay(database: Path, *options: str) -> Command:
    """Replays the day into `database`, or goes on with the replay that it holds; `options` are those of the demo."""
    return Command(("demo", "--headless", "--child", "--db", str(database), *options), ends=True)


def suited(database: Path, config: Path | None) -> Command:
    """What goes on with what the database holds: no real news come into a replayed day."""
    from monitor.store.reader import Reader

    info = None
    with suppress(StoreError), closing(Reader.open(database)) as reader:  # what is wrong with it the collector will say
        info = reader.collector()
    return replay(database) if info is not None and info.simulated else collect(database, config)


class CollectorChild:
    """Sees to it that somebody collects into `database`: `look` about once a second, `close` at the end.

    `command` says what to start, each time something is to be started. What it writes goes to the end of the file
    `log`. Nothing here waits, but for `close`; a look takes some microseconds unless it starts a process.
    """

    def __init__(self, command: Callable[[], Command], database: Path, log: Path) -> None:
        self.log = log
        self._command = command
        self._database = database
        self._memory = Memory()
        self._process: subprocess.Popen[bytes] | None = None
        self._ran: Command | None = None
        self._started = 0.0  # by the monotonic clock
        self._log_began = 0  # its length when the child was started
        self._closed = False

    def look(self, now: datetime) -> ChildState:
        """See who collects, start a collector if it is our turn, and say how it stands. Raises nothing.

        `now` is the machine's time, aware, also in a replay.
        """
        try:
            holder = lock.holder(self._database)
        except StoreReadOnly as error:
            return ChildState(Who.BARRED, why=printable(error))
        if self._memory.over and self._command() != self._ran:  # another database lies there now
            self._memory = Memory()
        decision = decide(self._memory, self._seen(holder), now=now, chance=os.urandom(1)[0] / 256)
        self._memory = decision.memory
        if not decision.start or self._closed:
            return decision.state
        if why := _barred(self._database):
            return ChildState(Who.BARRED, why=why)
        return self._start(now)

    def close(self, patience: float = ENDS_WITHIN) -> None:
        """End our collector, in order and after `patience` seconds by force, and start none again."""
        self._closed = True
        if (process := self._process) is None:
            return
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _seen(self, holder: int | None) -> Seen:
        process, command = self._process, self._ran
        if process is None or command is None:
            return Seen(holder)
        status = process.poll()
        if status is None:
            return Seen(holder, child=process.pid)
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        lived = timedelta(seconds=time.monotonic() - self._started)
        if holder == process.pid:  # seen before it died; the kernel has freed the lock since
            holder = None
        return Seen(holder, ended=Ended(status, lived, self._said(), done=command.ends and status == 0))

    def _start(self, now: datetime) -> ChildState:
        try:
            process = self._popen(self._command())
        except OSError as error:
            failed = Seen(None, ended=Ended(1, timedelta(0), printable(f"it cannot be started: {error}")))
            decision = decide(self._memory, failed, now=now, chance=0)
            self._memory = decision.memory
            return decision.state
        return ChildState(Who.STARTING, process.pid)

    def _popen(self, command: Command) -> subprocess.Popen[bytes]:
        output = self._open_log()
        try:
            self._log_began = os.lseek(output, 0, os.SEEK_END)
            process = subprocess.Popen(  # noqa: S603 (this interpreter, this program)
                [sys.executable, "-P", "-m", "monitor", *command.words],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if name not in NOT_FOR_IT},
            )
        finally:
            os.close(output)
        self._process, self._ran, self._started = process, command, time.monotonic()
        return process

    def _open_log(self) -> int:
        """Or nowhere: a log that cannot be written keeps nobody from collecting."""
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.open(self.log, flags, 0o600)
        except OSError:
            return os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)

    def _said(self) -> str:
        """The last line that the child wrote, or why there is none."""
        for line in reversed(_lines(self.log, since=self._log_began)):
            if words := _BRANCHES.sub("", line):
                return words
        with suppress(OSError):
            if shutil.disk_usage(self.log.parent).free < LITTLE:
                return f"there is no room on the disk, not even for what it had to say in {self.log}"
        return ""


def tail(path: Path, lines: int) -> list[str]:
    """The last `lines` lines of a log, oldest first, each safe to show; none when there is no such file."""
    return _lines(path)[-lines:] if lines > 0 else []


def _lines(path: Path, *, since: int = 0) -> list[str]:
    """The lines in the last `TAIL` bytes of a file; only those after its first `since` bytes, if it has as many."""
    try:
        with path.open("rb") as file:
            length = file.seek(0, os.SEEK_END)
            begin = max(0, length - TAIL, since if since <= length else 0)
            file.seek(begin)
            text = file.read(TAIL)
    except OSError:
        return []
    if begin not in {0, since}:
        text = text.partition(b"\n")[2]
    return [line for raw in text.decode(errors="replace").split("\n") if (line := printable(raw))]


def _barred(database: Path) -> str:
    """Why this account cannot collect there, which trying would only say at length; or empty."""
    for path in (lock.lock_path(database), database):
        place = path
        while not os.access(place, os.F_OK) and place != place.parent:
            place = place.parent
        if not os.access(place, os.W_OK):
            return printable(f"no collector runs, and this account cannot start one: it may not write {place}")
    return ""
