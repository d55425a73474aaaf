"""What a viewer asks of the collector: one small file a wish, in a folder beside the database.

A viewer opens the database read-only and never touches the network, so what only the collector can do it asks for
here. The collector takes a wish away once it is answered; a wish left behind by a crash is answered by the next
collector. Where `store.group` is set, members of the group may wish too.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from monitor.errors import MonitorError, StoreError
from monitor.lock import beside, give_to_group

LARGEST = 4096  # bytes
AT_ONCE = 50
INTERVALS = ("1m", "5m", "15m", "1h", "1d")


class PollNow(Struct, frozen=True):
    """Ask this feed (its name; None: all feeds and all quotes) without waiting for its time."""

    feed: str | None = None


class History(Struct, frozen=True):
    """Fetch the bars of `symbol` that begin in [`start`, `end`); `interval` is one of `INTERVALS`."""

    symbol: str
    interval: str
    start: datetime
    end: datetime


Wish = PollNow | History


class Letter(Struct, frozen=True):
    """A wish and the file that it lies in."""

    wish: Wish
    file: Path

    def done(self) -> None:
        """Take it away: it has been answered, or never will be."""
        with suppress(OSError):
            self.file.unlink()

    def answered(self) -> bool:
        """Whether the collector has taken it away."""
        return not self.file.exists()


def folder_of(database: Path) -> Path:
    return beside(database, ".wishes")


def prepare(database: Path, *, group: str | None) -> None:
    """Make the folder; members of `group` may put wishes into it. Raises StoreError."""
    folder = folder_of(database)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if group is not None:
            give_to_group(folder, group)
            folder.chmod(0o770)
    except (OSError, LookupError) as error:
        raise StoreError(f"{folder}: cannot be made: {error}") from error


def post(database: Path, wish: Wish) -> Letter:
    """Leave a wish. Raises MonitorError when this account may not, or when no collector ever made the folder."""
    folder = folder_of(database)
    fields = {"kind": type(wish).__name__, **asdict(wish)}
    text = json.dumps(fields, default=lambda at: at.isoformat())
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
    try:
        with (folder / f".{name}").open("x", encoding="utf-8") as file:
            file.write(text)
            owner = folder.stat()
            if owner.st_uid != os.geteuid():  # the collector is another account, and reads it through the group
                os.fchown(file.fileno(), -1, owner.st_gid)
                os.fchmod(file.fileno(), 0o640)
        letter = Letter(wish, folder / f"{name}.json")
        (folder / f".{name}").rename(letter.file)
    except OSError as error:
        raise MonitorError(f"{folder}: no wish can be left there: {error.strerror}") from error
    return letter


def take(database: Path) -> list[Letter]:
    """The wishes that lie there, oldest first, at most `AT_ONCE`. What is none is removed. About 10 µs when empty."""
    try:
        with os.scandir(folder_of(database)) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith(".") and not entry.is_dir())
    except OSError:
        return []
    letters = []
    for name in names[:AT_ONCE]:
        file = folder_of(database) / name
        try:
            letters.append(Letter(_read(file), file))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            with suppress(OSError):
                file.unlink()
    return letters


def _read(file: Path) -> Wish:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fields = json.loads(os.read(descriptor, LARGEST))
    finally:
        os.close(descriptor)
    if fields["kind"] == "PollNow":
        feed = fields["feed"]
        return PollNow(None if feed is None else str(feed))
    if fields["kind"] != "History":
        raise ValueError(fields["kind"])
    start, end = (datetime.fromisoformat(fields[key]) for key in ("start", "end"))
    if start.tzinfo is None or end.tzinfo is None or start >= end:
        raise ValueError("a span of time with its zone")
    if fields["interval"] not in INTERVALS:
        raise ValueError(fields["interval"])
    symbol = str(fields["symbol"])
    if not symbol.isascii() or not symbol.isprintable():
        raise ValueError("a symbol")
    return History(symbol, fields["interval"], start, end)
