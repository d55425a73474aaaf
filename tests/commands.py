"""The command line as a person has it: real processes, in an account of their own with nothing of this one's around."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from monitor.models import Entry, Feed, FeedState
from monitor.store.records import CollectorInfo
from monitor.store.writer import Writer
from monitor.topics import Matcher

DEADLINE = 60.0  # seconds, for what takes a fraction of one on an idle machine
NOW = datetime(2025, 1, 27, 14, 50, tzinfo=UTC)
STANDS_STILL = 1e-9  # a replay at this speed: its viewers read the time at which it began

SETTINGS = """
poll: {allow_private: true, timeout: 60s, host_gap: 0s}
feeds:
  - {url: https://news.example/rss, name: Example News}
  - {url: https://korea.example/rss, name: 한국 뉴스, language: ko}
watchlist:
  - name: Chips
    tickers: [{symbol: NVDA, name: Nvidia, aliases: [엔비디아]}, {symbol: AVGO, name: Broadcom}]
  - name: Elsewhere
    tickers: [{symbol: 9984.T, name: SoftBank Group}, {symbol: NVDA, name: Nvidia}, {symbol: NOSUCH}]
topics:
  - {name: DeepSeek, terms: [DeepSeek, 딥시크]}
rules:
  - {name: DeepSeek headline, severity: warning, when: {headline: {topic: DeepSeek}}}
"""
NEWS = Feed(url="https://news.example/rss", name="Example News")
KOREA = Feed(url="https://korea.example/rss", name="한국 뉴스", language="ko")


# Everything is imported before the account is changed: the other one may not be able to read this one's libraries.
AS_A_STRANGER = """
import os
import encodings.idna, encodings.utf_8_sig, importlib, tempfile
import monitor.alerts.line, monitor.config.opml, monitor.store.reader, monitor.text
from monitor import cli
for name in cli.COMMANDS:
    importlib.import_module(f"monitor.cli.{name}")
os.setgroups([])
os.setgid(31337)
os.setuid(31337)
cli.main()
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass
class Account:
    """A home folder, and an environment with nothing in it but that folder, a zone and `extra`."""

    home: Path
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self.settings = self.home / ".config" / "monitor" / "feeds.yaml"
        self.database = self.home / "monitor.db"

    def environment(self, **more: str) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "PATH": os.environ["PATH"],
            "TZ": "Asia/Seoul",
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
            "NO_PROXY": "127.0.0.1",
            **self.extra,
            **more,
        }

    def configure(self, text: str = SETTINGS) -> Path:
        self.settings.parent.mkdir(parents=True, exist_ok=True)
        self.settings.write_text(text, encoding="utf-8")
        return self.settings

    def run(self, *words: str | Path, **environment: str) -> Answer:
        """`monitor` with these words, to its end."""
        return _read(self.run_bytes(*words, **environment))

    def run_bytes(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
        return self._done(self.command(words), b"", environment)

    def feed(self, given: bytes, *words: str | Path) -> Answer:
        """The same with `given` on standard input."""
        return _read(self._done(self.command(words), given, {}))

    def run_as_a_stranger(self, *words: str | Path) -> Answer:
        """The same by another account, which owns nothing here. Only for root, and for commands that ask no network."""
        return _read(self._done([sys.executable, "-c", AS_A_STRANGER, *map(str, words)], b"", {}))

    def _done(
        self, words: Sequence[str], given: bytes, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            words,
            input=given,
            capture_output=True,
            cwd=self.home,
            env=self.environment(**environment),
            timeout=DEADLINE,
            check=False,
        )

    async def ask(self, *words: str | Path, **environment: str) -> Answer:
        """As `run`, while the test's own servers answer."""
        return await asyncio.to_thread(lambda: self.run(*words, **environment))

    @contextmanager
    def running(self, *words: str | Path, **environment: str) -> Iterator[Running]:
        """`monitor` with these words, for as long as the block takes."""
        process = subprocess.Popen(
            self.command(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env=self.environment(**environment),
            text=True,
            encoding="utf-8",
        )
        running = Running(process)
        try:
            yield running
        finally:
            process.kill()
            running.end()

    def command(self, words: Sequence[str | Path]) -> list[str]:
        return [sys.executable, "-m", "monitor", *map(str, words)]


class Running:
    """A command under way; its lines can be waited for as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._out: queue.Queue[str | None] = queue.Queue()
        self._err: queue.Queue[str | None] = queue.Queue()
        self._readers = [_reader(process.stdout, self._out), _reader(process.stderr, self._err)]

    def says(self, *words: str) -> str:
        """The next line of standard output, which must hold these words."""
        line = self._next(self._out)
        assert line is not None, f"no more output where {words} were expected"
        for word in words:
            assert word in line, line
        return line

    def complains(self, word: str) -> str:
        """The next line of standard error with `word` in it."""
        while (line := self._next(self._err)) is not None:
            if word in line:
                return line
        raise AssertionError(f"no more on standard error where {word!r} was expected")

    def stop(self, number: signal.Signals) -> int:
        """Send the signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(DEADLINE)

    def complaints(self) -> list[str]:
        """What is left on standard error, once it has ended."""
        return list(iter(lambda: self._next(self._err), None))

    def end(self) -> None:
        self.process.wait(DEADLINE)
        for reader in self._readers:
            reader.join(DEADLINE)
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def _next(self, lines: queue.Queue[str | None]) -> str | None:
        try:
            return lines.get(timeout=DEADLINE)
        except queue.Empty:
            raise AssertionError("it kept silent") from None


def _read(done: subprocess.CompletedProcess[bytes]) -> Answer:
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


def _reader(pipe: IO[str] | None, lines: queue.Queue[str | None]) -> threading.Thread:
    assert pipe is not None

    def read() -> None:
        for line in pipe:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


@contextmanager
def collected(path: Path, **info: object) -> Iterator[Writer]:
    """A database as a collector makes it, whose clock stands at NOW."""
    with Writer.open(path) as writer:
        writer.sync_feeds([NEWS, KOREA])
        writer.heartbeat(collector(**info))
        yield writer


def collector(**info: object) -> CollectorInfo:
    known: Mapping[str, object] = {
        "pid": 4711,
        "host": "desk",
        "version": "0.1.0",
        "started_at": NOW,
        "heartbeat_at": NOW,
        "settings_file": "/etc/monitor/feeds.yaml",
        "replay_starts_at": NOW,
        "replay_wall_start": time.time(),
        "replay_speed": STANDS_STILL,
        **info,
    }
    return CollectorInfo(**known)  # type: ignore[arg-type]  # a test names what it wants


def publish(writer: Writer, *entries: Entry, feed: Feed = NEWS, now: datetime = NOW) -> None:
    """A poll of `feed` that brought these, matched as the collector matches them."""
    from monitor.config import parse

    settings = parse(SETTINGS, "feeds.yaml")
    matcher = Matcher(settings.topics, settings.tickers)
    found = [(entry, matcher.match(entry.title, entry.summary)) for entry in entries]
    writer.record_poll(feed, FeedState(url=feed.url, last_checked_at=now, last_success_at=now), found, now=now)
