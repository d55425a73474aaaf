"""`monitor tail`: for dumb terminals, pipes and screen readers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from monitor import lock
from monitor.cli import options, rows
from monitor.errors import StoreBusy, StoreError, StoreMissing, StoreTooNew
from monitor.models import Alert, Headline

if TYPE_CHECKING:
    from monitor.store.reader import Reader

LOOK = 0.25  # seconds between two looks at the database, which cost some microseconds each
WAIT = 1.0  # seconds between two looks for a database that is not there, and for a collector
NEVER = datetime.min.replace(tzinfo=UTC)


@click.command("tail")
@options.config
@options.database
@click.option("--lines", "-n", default=10, show_default=True, type=click.IntRange(0, 1000), help="Begin with the last.")
@options.as_json
def command(*, config: Path | None, database: Path | None, lines: int, as_json: bool) -> None:
    """Print headlines and alerts as they come, one a line, until interrupted. Ends quietly when nobody reads any more.

    A time with ~ before it is when the headline was first seen: its feed gave none. With --json each line is an object
    whose type is headline or alert; its other fields are those of `headlines --json` and `alerts --json`.

    Whether a collector runs is said on standard error, so that silence is not taken for calm.
    """
    path = options.database_of(database, config)
    write = _json_line if as_json else _text_line
    for event, simulated in _events(path, lines):
        rows.say(write(event, simulated=simulated))


def _events(path: Path, lines: int) -> Iterator[tuple[Headline | Alert, bool]]:
    """The last `lines` headlines and alerts, then new ones for ever, each with whether it is simulated."""
    collector = _CollectorNotice(path)
    reader = _opened(path, at_first=True)
    newest = reader.newest()
    place = _Place(newest.headline, newest.alert, latest=rows.clock_of(reader).now())
    simulated = rows.is_simulated(reader)
    yield from ((event, simulated) for event in _last(reader, lines))
    trouble = ""
    while True:
        with closing(reader):
            try:
                yield from _follow(reader, place, collector)
            except StoreError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    _tell(trouble)
                _pause(WAIT)
            replaced = not reader.still_there()
        reader = _opened(path)
        if replaced:
            _tell(f"{path}: another database than before")
            place = _Place(known=place.latest, latest=place.latest)


def _follow(reader: Reader, place: _Place, collector: _CollectorNotice) -> Iterator[tuple[Headline | Alert, bool]]:
    """New headlines and alerts until the database's file is another one."""
    version = -1
    while reader.still_there():
        collector.look()
        if (seen := reader.data_version()) != version:
            version = seen
            simulated = rows.is_simulated(reader)
            yield from ((event, simulated) for event in place.news(reader))
        _pause(LOOK)


def _last(reader: Reader, lines: int) -> list[Headline | Alert]:
    from monitor.store.records import AlertFilter, HeadlineFilter

    stored: list[Headline | Alert] = [
        *reader.headlines(HeadlineFilter(limit=lines)),
        *reader.alerts(AlertFilter(limit=lines)),
    ]
    stored.sort(key=lambda event: event.fired_at if isinstance(event, Alert) else event.sort_at)
    return stored[-lines:] if lines else []


class _Place(Struct):
    """How far the following has come: to which headline and alert, and when the latest of them arrived.

    What arrived until `known` was shown from another database, of which this one may be a copy.
    """

    headline: int = 0
    alert: int = 0
    known: datetime = NEVER
    latest: datetime = NEVER

    def news(self, reader: Reader) -> Iterator[Headline | Alert]:
        while headlines := reader.headlines_after(self.headline):
            self.headline = headlines[-1].id
            yield from self._unknown(headlines)
        while numbered := reader.alerts_after(self.alert):
            self.alert = numbered[-1][0]
            yield from self._unknown(alert for _, alert in numbered)

    def _unknown(self, events: Iterable[Headline | Alert]) -> Iterator[Headline | Alert]:
        for event in events:
            arrived = event.fired_at if isinstance(event, Alert) else event.first_seen_at
            self.latest = max(self.latest, arrived)
            if arrived > self.known:
                yield event


def _opened(path: Path, *, at_first: bool = False) -> Reader:
    """The database, waited for while it cannot be read. At first only one that is not there yet is waited for."""
    from monitor.store.reader import Reader

    trouble = ""
    while True:
        try:
            return Reader.open(path)
        except StoreError as error:
            worth_waiting = (
                isinstance(error, StoreMissing | StoreBusy) if at_first else not isinstance(error, StoreTooNew)
            )
            if not worth_waiting:
                raise
            if str(error) != trouble:
                trouble = str(error)
                _tell(f"{trouble}; waiting for it")
        _pause(WAIT)


def _text_line(event: Headline | Alert, *, simulated: bool) -> str:
    from monitor.alerts.line import to_text

    if isinstance(event, Alert):
        return f"ALERT  {to_text(event)}"
    return f"NEWS   {rows.marked(rows.headline_line(event), simulated=simulated)}"


def _json_line(event: Headline | Alert, *, simulated: bool) -> str:
    if isinstance(event, Alert):
        return rows.json_text({"type": "alert", **rows.alert_fields(event)})
    return rows.json_text({"type": "headline", **rows.headline_fields(event, simulated=simulated)})


def _tell(what: str) -> None:
    rows.complain(f"monitor: {what}")


def _pause(seconds: float) -> None:
    """Raises BrokenPipeError when nobody reads any more."""
    time.sleep(seconds)
    if not rows.is_read():
        raise BrokenPipeError


class _CollectorNotice(Struct):
    """Says on standard error when a collector comes or goes."""

    path: Path
    _lives: bool | None = None
    _looked_at: float = 0.0

    def look(self) -> None:
        if time.monotonic() - self._looked_at < WAIT:
            return
        self._looked_at = time.monotonic()
        try:
            lives = lock.holder(self.path) is not None
        except StoreError:
            return
        if lives != self._lives:
            if not lives:
                _tell("no collector runs on this database; nothing new will come until one does")
            elif self._lives is False:
                _tell("a collector runs now")
            self._lives = lives
