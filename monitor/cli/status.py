"""`monitor status`: is it alive, and is it well?"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from monitor import lock
from monitor.cli import options, rows
from monitor.errors import StoreError, StoreReadOnly
from monitor.health import Health, Verdict, judge
from monitor.when import local_and_new_york, span

if TYPE_CHECKING:
    from monitor.models import FeedState, QuoteSourceState
    from monitor.store.reader import Reader
    from monitor.store.records import CollectorInfo, Counts, StoredFeed

EXIT = {Verdict.HEALTHY: 0, Verdict.DEGRADED: 1, Verdict.NO_COLLECTOR: 3}


@click.command("status")
@options.config
@options.database
@options.as_json
@click.pass_context
def command(ctx: click.Context, *, config: Path | None, database: Path | None, as_json: bool) -> None:
    """Say whether a collector lives, how each source is, how much is stored.

    Exit status 0 healthy; 1 degraded: a source fails, the collector hangs, its settings file cannot be used, alerts
    are not delivered, the database cannot be read; 3 no collector.
    """
    from monitor.store.reader import Reader

    path = options.database_of(database, config)
    alive = _holds_lock(path)
    try:
        with closing(Reader.open(path)) as reader:
            report = _look(reader, path, alive=alive)
    except StoreError as error:
        verdict = Verdict.DEGRADED if alive else Verdict.NO_COLLECTOR
        fields: dict[str, object] = {"state": verdict, "database": str(path), "troubles": [str(error)]}
        lines = [f"{verdict}: {error}"]
    else:
        verdict, fields, lines = report.health.verdict, _fields(report), _lines(report)
    rows.say(*rows.json_text(fields, indent=1).splitlines() if as_json else lines)
    ctx.exit(EXIT[verdict])


class _Report(Struct, frozen=True):
    path: Path
    now: datetime
    health: Health
    collector: CollectorInfo | None
    feeds: list[StoredFeed]
    quotes: QuoteSourceState
    counts: Counts

    @property
    def simulated(self) -> bool:
        return self.collector is not None and self.collector.simulated

    @property
    def lives(self) -> bool:
        return self.health.verdict is not Verdict.NO_COLLECTOR


def _look(reader: Reader, path: Path, *, alive: bool | None) -> _Report:
    clock = rows.clock_of(reader)
    now = clock.now()
    info = reader.collector()
    feeds = [stored for stored in reader.feeds() if stored.active and stored.feed.enabled]
    quotes, counts = reader.quote_source(), reader.counts()
    health = judge(
        alive=alive,
        silent_for=None if info is None else timedelta(seconds=clock.real(now - info.heartbeat_at)),
        settings_error=None if info is None else info.settings_error,
        feeds=[stored.state for stored in feeds],
        quotes=quotes,
        undelivered=counts.undelivered,
    )
    return _Report(path, now, health, info, feeds, quotes, counts)


def _holds_lock(path: Path) -> bool | None:
    """None when this account may not look."""
    try:
        return lock.holder(path) is not None
    except StoreReadOnly:
        return None


def _fields(report: _Report) -> dict[str, object]:
    info = report.collector
    return {
        "state": report.health.verdict,
        "simulated": report.simulated,
        "now": rows.iso(report.now),
        "database": str(report.path),
        "troubles": list(report.health.troubles),
        "collector": None
        if info is None
        else {
            "pid": info.pid,
            "host": info.host,
            "version": info.version,
            "started_at": rows.iso(info.started_at),
            "heartbeat_at": rows.iso(info.heartbeat_at),
            "settings": info.settings_file,
        },
        "feeds": [
            {"name": stored.feed.name, "url": stored.feed.url, **_source_fields(stored.state)}
            for stored in report.feeds
        ],
        "quotes": {**_source_fields(report.quotes), "unknown": list(report.quotes.unknown)},
        "counts": report.counts._asdict(),
    }


def _source_fields(state: FeedState | QuoteSourceState) -> dict[str, object]:
    return {
        "last_success_at": rows.iso(state.last_success_at),
        "next_check_at": rows.iso(state.next_check_at),
        "failures": state.failures,
        "failing_since": rows.iso(state.failing_since),
        "failure": state.failure,
        "error": state.error,
        "latency_seconds": None if state.latency is None else round(state.latency.total_seconds(), 4),
    }


def _lines(report: _Report) -> list[str]:
    counts = report.counts
    stored_rows = (
        f"{counts.headlines:,} headlines, {counts.quotes:,} quotes, {counts.bars:,} bars, {counts.alerts:,} alerts"
    )
    unknown = [f"             unknown to it: {', '.join(report.quotes.unknown)}"] if report.quotes.unknown else []
    # The failing ones first; the others stay in the order of their names.
    feeds = sorted(report.feeds, key=lambda stored: not stored.state.failures)
    width = max((rows.cells(stored.feed.name) for stored in feeds), default=0)
    lines = [
        f"{report.health.verdict:<12} {local_and_new_york(report.now)}",
        *(f"trouble      {trouble}" for trouble in report.health.troubles),
        *_collector_lines(report),
        f"database     {report.path}, {counts.bytes / 2**20:.1f} MiB",
        f"stored       {stored_rows}",
        f"quotes       {_state_line(report.quotes, report)}",
        *unknown,
        f"feeds        {len(feeds)}",
        *(f"  {rows.padded(stored.feed.name, width)}  {_state_line(stored.state, report)}" for stored in feeds),
    ]
    return [rows.marked(line, simulated=report.simulated) for line in lines]


def _collector_lines(report: _Report) -> list[str]:
    info = report.collector
    if info is None:
        return []
    heard = "" if report.lives else f", last heard {span(report.now - info.heartbeat_at)} ago"
    return [
        f"collector    {'' if report.lives else 'was '}process {info.pid} on {info.host}, version {info.version}",
        f"             since {local_and_new_york(info.started_at)}{heard}",
        f"settings     {info.settings_file}",
    ]


def _state_line(state: FeedState | QuoteSourceState, report: _Report) -> str:
    if state.last_checked_at is None:
        return "not asked yet"
    now = report.now
    last = "never answered" if state.last_success_at is None else f"answered {span(now - state.last_success_at)} ago"
    tried = ""
    if report.lives and state.next_check_at is not None:
        wait = state.next_check_at - now
        tried = f", next try in {span(wait)}" if wait > timedelta(0) else ", next try now"
    if not state.failures:
        return f"{last}{tried}"
    since = "" if state.failing_since is None else f" for {span(now - state.failing_since)}"
    return f"FAILING{since}: {state.error}; {last}{tried}"
