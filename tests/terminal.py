"""A program in a pseudo-terminal: what it writes counted and drawn, keys, signals and a hang-up given to it.

Everything waits for something that can be seen, under a deadline; nothing is read from the terminal meanwhile, so a
program that writes much while nobody waits is held up as by a terminal that does not read.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
WITHIN = 60.0  # seconds that anything may take before a test fails
ANSWER = 2.0  # seconds until a program that has not answered a key is taken not to
CHUNK = 65_536
TICK = 0.05  # seconds between two looks at whether the program still runs

KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
    "ctrl+c": "\x03",
    "ctrl+z": "\x1a",
}

# pyte draws what it does not know of these: kitty's keyboard, cursor shapes, links, titles, clipboards.
_NOT_DRAWN = re.compile(
    rb"\x1b\[[<>=][0-?]*[ -/]*[@-~]|\x1b\[\?[0-?]*\$p|\x1b\[[0-?]* q|\x1b[\]P_^].*?(?:\x07|\x1b\\)", re.DOTALL
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|[\]P_^](?:(?!\x07|\x1b\\).)*)?$", re.DOTALL)
_MODE = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_ASKS_SYNCHRONIZED = b"\x1b[?2026$p"
_HAS_SYNCHRONIZED = b"\x1b[?2026;2$y"
_MOUSE_AND_SCREEN = {1000, 1002, 1003, 1006, 1015, 1016, 1049, 2004}

# The shell opens the terminal itself: a session without one gets the first that it opens as its own.
_IN_TERMINAL = 'tty=$1; shift; exec "$@" <>"$tty" >&0 2>&1'


class TimedOutError(AssertionError):
    """What was waited for did not come; says what the screen showed instead."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used: seconds of processor time, bytes of memory resident."""

    seconds: float
    resident: int


class Terminal:
    """`command` in a terminal of its own, as the leader of its session. Use it as a context manager.

    `environment` is added to a small clean one (None takes a name away): UTF-8, no colour settings, no TEXTUAL_*.
    `synchronized` makes the terminal answer that it knows synchronized output, as most of today's do.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        columns: int = 120,
        rows: int = 40,
        term: str = "xterm-256color",
        environment: Mapping[str, str | None] | None = None,
        cwd: Path = ROOT,
        synchronized: bool = False,
    ) -> None:
        self._synchronized = synchronized
        self._held = b""
        self._read_at = 0.0
        self.raw = bytearray()  # all that the program has written
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.master, self._slave = os.openpty()
        self._set_size(columns, rows)
        self._cooked = self._flags()
        self._began = time.perf_counter()
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _IN_TERMINAL, "sh", os.ttyname(self._slave), *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(term, environment or {}),
            cwd=cwd,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kills what is left of the session: also what the program started and left behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.hang_up()

    # What it shows

    @property
    def received(self) -> int:
        """How many bytes the program has written so far, as far as they were read here."""
        return len(self.raw)

    def lines(self) -> list[str]:
        """The screen's rows as read so far, without the blanks at their ends."""
        return [line.rstrip() for line in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.lines())

    def modes_left_on(self) -> set[int]:
        """Numbers of the terminal modes (alternate screen, mouse, paste) still on; -25 when the cursor is hidden."""
        on: dict[int, bool] = {}
        for numbers, letter in _MODE.findall(bytes(self.raw)):
            on.update((int(number), letter == b"h") for number in numbers.split(b";"))
        left = {number for number in _MOUSE_AND_SCREEN if on.get(number)}
        return left | ({-25} if on.get(25) is False else set())

    def is_cooked(self) -> bool:
        """Whether lines are edited and echoed as they were before the program began."""
        return self._flags() == self._cooked

    # What is done to it

    def send(self, text: str) -> None:
        """Type `text`, as UTF-8."""
        data = text.encode()
        while data:
            data = data[os.write(self.master, data) :]

    def press(self, *keys: str) -> None:
        """Press keys by name (`KEYS`) or character, all at once."""
        self.send("".join(KEYS.get(key, key) for key in keys))

    def click(self, column: int, row: int) -> None:
        """Press and release the first mouse button on a cell, counted from 0."""
        at = f"{column + 1};{row + 1}"
        self.send(f"\x1b[<0;{at}M\x1b[<0;{at}m")

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def hang_up(self) -> None:
        """Take the terminal away: its session gets SIGHUP, and every read and write fails from now on."""
        for end in (self.master, self._slave):
            with suppress(OSError):
                os.close(end)
        self.master = self._slave = -1

    # Waiting

    def wait_until(self, holds: Callable[[], bool], *, within: float = WITHIN, what: str = "") -> None:
        """Read until `holds()` after something was read, or as time passes."""
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise TimedOutError(f"waited {within:g} s for {what or holds}; the screen was:\n{self.text()}")
            if not self._read(TICK) and self.process.poll() is not None and not holds():
                raise TimedOutError(f"ended with {self.process.returncode} before {what or holds}:\n{self.text()}")

    def wait_for(self, text: str, *, within: float = WITHIN) -> None:
        """Read until the screen shows `text` somewhere on one line."""
        self.wait_until(lambda: any(text in line for line in self.screen.display), within=within, what=repr(text))

    def wait_gone(self, text: str, *, within: float = WITHIN) -> None:
        """Read until the screen no longer shows `text`."""
        self.wait_until(
            lambda: not any(text in line for line in self.screen.display), within=within, what=f"no {text!r}"
        )

    def wait_quiet(self, still: float = 0.4, *, within: float = WITHIN) -> int:
        """Read until nothing has come for `still` seconds; how many bytes came before."""
        before = self.received
        deadline = time.monotonic() + within
        while self._read(still):
            if time.monotonic() > deadline:
                raise TimedOutError(f"not quiet after {within:g} s; the screen was:\n{self.text()}")
        return self.received - before

    def bursts(self, seconds: float, *, apart: float = 0.3) -> list[int]:
        """Read for so long: how many bytes came at a time, where times are more than so many seconds apart."""
        now = time.monotonic()
        deadline, last = now + seconds, now - apart
        counts: list[int] = []
        while now < deadline and self.process.poll() is None:
            before = self.received
            if self._read(deadline - now):
                if time.monotonic() - last >= apart:
                    counts.append(0)
                counts[-1] += self.received - before
                last = time.monotonic()
            now = time.monotonic()
        return counts

    def wait_end(self, *, within: float = WITHIN) -> int:
        """Read until the program has ended and all it wrote is read; its exit status, negative for a signal."""
        deadline = time.monotonic() + within
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise TimedOutError(f"runs after {within:g} s; the screen was:\n{self.text()}")
            self._read(TICK)
        while self._read(0):
            pass
        return int(self.process.returncode)

    # Measuring

    def cost(self, *keys: str, still: float = 0.15) -> int:
        """How many bytes the program writes when these keys are pressed: 0 after `ANSWER` seconds without any."""
        before = self.received
        self.press(*keys)
        if self._read(ANSWER):
            self.wait_quiet(still)
        return self.received - before

    def painted(self, mark: bytes, *, within: float = WITHIN) -> float:
        """Seconds from the program's start until `mark` was in what it wrote."""
        self.wait_until(lambda: mark in self.raw, within=within, what=repr(mark))
        return self._read_at - self._began

    def latency(self, *keys: str, mark: bytes = b"", within: float = WITHIN) -> float:
        """Seconds from these keys to the first byte that the program writes then, or to what has `mark` in it."""
        while self._read(0):
            pass
        before = self.received
        began = time.perf_counter()
        self.press(*keys)
        while self.received == before or mark not in self.raw[before:]:
            if not self._read(max(0.0, began + within - time.perf_counter())):
                raise TimedOutError(f"no answer to {keys} in {within:g} s; the screen was:\n{self.text()}")
        return self._read_at - began

    def usage(self) -> Usage:
        """Of the program itself, without its children, now."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return Usage(ticks / os.sysconf("SC_CLK_TCK"), int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))

    def is_stopped(self) -> bool:
        """Whether the program is stopped, as after Ctrl-Z."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def _read(self, within: float) -> bool:
        """Read once, waiting so long for something to come; whether something did."""
        if self.master < 0:
            time.sleep(min(within, TICK))
            return False
        ready, _, _ = select.select([self.master], [], [], within)
        if not ready:
            return False
        try:
            data = os.read(self.master, CHUNK)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self._read_at = time.perf_counter()
        self.raw += data
        if self._synchronized and _ASKS_SYNCHRONIZED in self._held + data:
            os.write(self.master, _HAS_SYNCHRONIZED)
        self._draw(data)
        return bool(data)

    def _draw(self, data: bytes) -> None:
        data = self._held + data
        unfinished = _UNFINISHED.search(data)
        end = unfinished.start() if unfinished else len(data)
        self._held = data[end:]
        self._stream.feed(_NOT_DRAWN.sub(b"", data[:end]))

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _flags(self) -> tuple[object, ...]:
        return tuple(termios.tcgetattr(self._slave)[:4])


def _environment(term: str, given: Mapping[str, str | None]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    base = {**kept, "TERM": term, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    return {name: value for name, value in {**base, **given}.items() if value is not None}
