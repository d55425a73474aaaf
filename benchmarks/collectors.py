"""The programs that collect feeds, each as one who knows it would set it up to ask all feeds once and end.

Each gets a folder of its own for all that it writes. What a peer does at its defaults is left at its defaults.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import peer
from benchmarks.process import Run, run

Command = Sequence[str | Path]
MONITOR, NEWSBOAT, SFEED, READER, RSS2EMAIL = "monitor", "newsboat", "sfeed", "reader", "rss2email"

_SETTINGS = """\
poll: {{interval: 1s, max_interval: 1s, allow_private: true}}
watchlist: []
rules: []
alerts: {{sinks: []}}
feeds:
{feeds}
"""
# Its copy of feedparser asks for sgmllib, which feedparser brings by another name since 6.0.14.
_READER = """
import sys
try:
    import feedparser_sgmllib
    sys.modules["sgmllib"] = feedparser_sgmllib
except ImportError:
    pass
from reader import make_reader
database, workers, *feeds = sys.argv[1:]
reader = make_reader(database)
for feed in feeds:
    reader.add_feed(feed)
if not feeds:
    reader.update_feeds(scheduled=False, workers=int(workers))
"""
_RSS2EMAIL = "[DEFAULT]\nto = nobody@localhost\nfrom = nobody@localhost\n"


@dataclass(frozen=True, slots=True)
class Collector:
    """A program with its feeds and with a folder of its own."""

    name: str
    folder: Path

    @classmethod
    def of(cls, name: str, folder: Path, feeds: Sequence[str]) -> Collector:
        """`name` as it is before its first load."""
        folder.mkdir(parents=True)
        _SET_UP[name](folder, feeds)
        return cls(name, folder)

    def collect(self, threads: int | None = None) -> Run:
        """Ask all feeds once; with so many threads or workers where it has such a setting. Raises process.Failed."""
        command = _COMMANDS[self.name](self.folder, threads)
        return run(command, environment=_environment(self.folder), log=self.folder / "log")


def installed(name: str) -> bool:
    return name == MONITOR or peer(_PROGRAMS[name]) is not None


def _set_up_monitor(folder: Path, feeds: Sequence[str]) -> None:
    lines = "\n".join(f"  - {{url: '{feed}', name: Feed {number}}}" for number, feed in enumerate(feeds))
    (folder / "feeds.yaml").write_text(_SETTINGS.format(feeds=lines), encoding="utf-8")


def _monitor(folder: Path, _threads: int | None) -> Command:
    once = ("collect", "--once", "--config", folder / "feeds.yaml", "--db", folder / "monitor.db")
    return [sys.executable, "-m", "monitor", *once]


def _set_up_newsboat(folder: Path, feeds: Sequence[str]) -> None:
    (folder / "urls").write_text("\n".join(feeds) + "\n", encoding="utf-8")


def _newsboat(folder: Path, threads: int | None) -> Command:
    (folder / "config").write_text("" if threads is None else f"reload-threads {threads}\n", encoding="utf-8")
    files = ("-u", folder / "urls", "-c", folder / "cache.db", "-C", folder / "config")
    return [_peer(NEWSBOAT), *files, "-x", "reload"]


def _set_up_sfeed(folder: Path, feeds: Sequence[str]) -> None:
    lines = [f"    feed 'feed {number}' '{feed}'" for number, feed in enumerate(feeds)]
    text = "\n".join([f"sfeedpath='{folder}/feeds'", "feeds() {", *lines, "}"])
    (folder / "sfeedrc").write_text(text, encoding="utf-8")


def _sfeed(folder: Path, _threads: int | None) -> Command:
    return [_peer(SFEED), folder / "sfeedrc"]


def _set_up_reader(folder: Path, feeds: Sequence[str]) -> None:
    subprocess.run([*_reader(folder, None), *feeds], env=_environment(folder), check=True)


def _reader(folder: Path, threads: int | None) -> Command:
    return [_peer(READER), "-c", _READER, folder / "reader.db", str(threads or 1)]


def _set_up_rss2email(folder: Path, feeds: Sequence[str]) -> None:
    sections = [f"[feed.f{number}]\nurl = {feed}\n" for number, feed in enumerate(feeds)]
    (folder / "rss2email.cfg").write_text("\n".join([_RSS2EMAIL, *sections]), encoding="utf-8")
    (folder / "rss2email.json").write_text('{"version": 2, "feeds": []}', encoding="utf-8")


def _rss2email(folder: Path, _threads: int | None) -> Command:
    return [_peer(RSS2EMAIL), "-c", folder / "rss2email.cfg", "-d", folder / "rss2email.json", "run", "--no-send"]


_PROGRAMS = {NEWSBOAT: "newsboat", SFEED: "sfeed_update", READER: "reader", RSS2EMAIL: "rss2email"}
_SET_UP: Mapping[str, Callable[[Path, Sequence[str]], None]] = {
    MONITOR: _set_up_monitor,
    NEWSBOAT: _set_up_newsboat,
    SFEED: _set_up_sfeed,
    READER: _set_up_reader,
    RSS2EMAIL: _set_up_rss2email,
}
_COMMANDS: Mapping[str, Callable[[Path, int | None], Command]] = {
    MONITOR: _monitor,
    NEWSBOAT: _newsboat,
    SFEED: _sfeed,
    READER: _reader,
    RSS2EMAIL: _rss2email,
}


def _peer(name: str) -> Path:
    program = peer(_PROGRAMS[name])
    assert program is not None
    return program


def _environment(folder: Path) -> dict[str, str]:
    """As this one, but no file outside of `folder` is a program's own."""
    places = {f"XDG_{name}_HOME": f"{folder}/{name.lower()}" for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {"HOME": str(folder), "TMPDIR": str(folder)} | places
