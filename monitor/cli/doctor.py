"""`monitor doctor`: try everything once, and give a plain line and a cure for each fault."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from monitor import lock, paths
from monitor.cli import options, rows
from monitor.clock import Clock
from monitor.errors import ConfigError, StoreBusy, StoreError, StoreMissing, StoreReadOnly, StoreTooNew
from monitor.store import engine
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from monitor.config import Settings
    from monitor.models import Feed, QuotesFailed
    from monitor.sources.fetch import FeedClient
    from monitor.sources.parsers import ParserPool
    from monitor.sources.reduce import Document

FAULTS, UNUSABLE = 1, 2
WIDE, HIGH = 40, 10  # cells; below this nothing useful fits
EARLIEST = datetime(2025, 1, 1).astimezone()
FEED_CURES = {
    "dns": "check the network and the name",
    "refused-address": "set poll.allow_private if that network is meant",
    "connect": "check the network and any firewall or proxy",
    "tls": "check this machine's clock and certificates",
    "timeout": "try again; raise poll.timeout for a slow line",
    "cut-off": "try again; a proxy may be cutting answers off",
    "too-large": "raise poll.max_bytes, or leave the feed out",
    "encoding": "tell its publisher, or leave the feed out",
    "rate-limited": "wait, and raise the interval of this host's feeds",
    "unavailable": "try again later: its server says that it cannot answer now",
    "gone": "remove the feed: its publisher says that it is gone for good",
    "parser": "tell its publisher, or leave the feed out",
    "denied": "the publisher refuses this program; setting poll.contact helps with some",
    "internal": "report it, with what `monitor collect --verbose` logs",
}
QUOTE_CURES = {
    "dns": "check the network",
    "connect": "check the network and any firewall or proxy",
    "tls": "check this machine's clock and certificates",
    "timeout": "check the network; raise quotes.timeout for a slow line",
    "rate-limited": "wait some minutes; another program may be asking Yahoo from this address",
    "internal": "report it, with what `monitor collect --verbose` logs",
}
STORE_CURES = {
    StoreTooNew: "update this program, or name another database with --db",
    StoreBusy: "end the program that holds it, and try again",
    StoreReadOnly: 'docs/schema.md, "Permissions", says who may read what',
}


class Finding(Struct, frozen=True):
    """One line of the report. With a cure it is a fault."""

    what: str
    cure: str = ""

    def say(self) -> bool:
        """Print it; whether it is a fault."""
        rows.say(*((f"FAULT  {self.what}", f"       cure: {self.cure}") if self.cure else (f"ok     {self.what}",)))
        return bool(self.cure)


@click.command("doctor")
@options.config
@options.database
@click.option("--offline", is_flag=True, help="Leave out the feeds and the quotes.")
@click.pass_context
def command(ctx: click.Context, *, config: Path | None, database: Path | None, offline: bool) -> None:
    """Look at settings, terminal, database, time zones and alert sinks, and try each source once. Changes nothing.

    Exit status 0 when all is well, 1 when something is at fault, 2 when the settings cannot be used.
    """
    from monitor import oplog

    oplog.start(Path(os.devnull))
    faults = sum(finding.say() for finding in _machine())
    try:
        settings = options.settings_of(config)
    except ConfigError as error:
        for mistake in error.mistakes:
            there = mistake.line is not None
            Finding(
                f"settings: {mistake}",
                "mend that line; docs/configuration.md explains each key" if there else "name another with --config",
            ).say()
        ctx.exit(UNUSABLE)
    faults += Finding(f"settings: {settings.file}").say()
    path = database or settings.store.path or paths.database()
    faults += sum(finding.say() for finding in (*_database(path), *_sinks(settings)))
    if not offline:
        faults += asyncio.run(_try_sources(settings))
    rows.say(f"{faults} at fault" if faults else "all is well")
    os._exit(FAULTS if faults else 0)  # a request that hangs in a thread is not waited for


def _machine() -> Iterator[Finding]:
    yield Finding(f"Python {sys.version.split()[0]}, SQLite {engine.VERSION}")
    if lacking := engine.why_unusable():
        yield Finding(f"SQLite: {lacking}", "use a Python whose SQLite is 3.37 or newer, with FTS5")
    try:
        zoneinfo.ZoneInfo("America/New_York")
    except zoneinfo.ZoneInfoNotFoundError:
        yield Finding("no time zone data for New York", "install the system's tzdata, or pip's")
    now = datetime.now().astimezone()
    if now < EARLIEST:
        yield Finding(f"the clock says {now:%Y-%m-%d %H:%M}", "set the clock; ages and TLS certificates depend on it")
    else:
        yield Finding(f"time: {local_and_new_york(now)}")
    yield from _terminal()


def _terminal() -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding("terminal: none here; the headless commands need none")
        return
    encoding = sys.stdout.encoding.lower()
    if encoding.replace("-", "") != "utf8":
        yield Finding(f"terminal: its encoding is {encoding}", "set LANG to a UTF-8 locale, such as C.UTF-8")
    size = shutil.get_terminal_size()
    if size.columns < WIDE or size.lines < HIGH:
        yield Finding(f"terminal: {size.columns}x{size.lines}", f"make it at least {WIDE}x{HIGH}")
    else:
        yield Finding(f"terminal: {os.environ.get('TERM', 'unknown')}, {size.columns}x{size.lines}")


def _database(path: Path) -> Iterator[Finding]:
    from monitor.store.reader import Reader

    try:
        with closing(Reader.open(path)) as reader:
            wrong = reader.quick_check()
            counts = reader.counts()
    except StoreMissing:
        if place := _barred(path):
            yield Finding(f"database: {place} cannot be written", "name another with --db, or mend the permissions")
        else:
            yield Finding(f"database: {path} is not there yet; the collector makes it")
        return
    except StoreError as error:
        yield Finding(f"database: {error}", STORE_CURES.get(type(error), 'see docs/schema.md, "Keeping and losing"'))
        return
    if wrong:
        yield Finding(f"database: {path}: {wrong[0]}", "stop the collector, keep a copy, restore a backup")
    else:
        yield Finding(f"database: {path}: sound, {counts.headlines:,} headlines, {counts.bytes / 2**20:.1f} MiB")
    try:
        pid = lock.holder(path)
    except StoreError as error:
        yield Finding(f"collector: {error}")
    else:
        yield Finding("collector: none runs" if pid is None else f"collector: process {pid}")


def _barred(path: Path) -> Path | None:
    """`path`, or the nearest folder above that is there, when this account may not write it."""
    place = next(each for each in (path, *path.absolute().parents) if os.access(each, os.F_OK))
    return None if os.access(place, os.W_OK) else place


def _sinks(settings: Settings) -> Iterator[Finding]:
    from importlib.util import find_spec

    from monitor.config import AppriseSinkSettings, CommandSinkSettings, FileSinkSettings

    if not settings.alerts.sinks:
        yield Finding("alerts: to no sink; they are only stored")
    for sink in settings.alerts.sinks:
        if isinstance(sink, FileSinkSettings):
            path = sink.path or paths.alert_log()
            if place := _barred(path):
                yield Finding(f"alerts: {place} cannot be written", "name another path, or mend the permissions")
            else:
                yield Finding(f"alerts: to {path}")
        elif isinstance(sink, CommandSinkSettings) and shutil.which(sink.argv[0]) is None:
            yield Finding(f"alerts: no program {sink.argv[0]}", f"install it, or change sink {sink.name}")
        elif isinstance(sink, AppriseSinkSettings) and find_spec("apprise") is None:
            yield Finding("alerts: Apprise is not installed", "pip install 'monitor[apprise]'")
        else:
            yield Finding(f"alerts: to {sink.name}")


async def _try_sources(settings: Settings) -> int:
    """Ask all of them at once and report them in their order; how many are at fault."""
    from monitor.sources.fetch import FeedClient
    from monitor.sources.parsers import ParserPool

    feeds = [feed for feed in settings.feeds if feed.enabled]
    limit = settings.poll.timeout.total_seconds()
    click.echo(f"asking {len(feeds)} feeds and the quote source; a feed may take {limit:g} s", err=True)
    async with FeedClient(settings.poll, user_agent=settings.poll.user_agent) as client, ParserPool() as parsers:
        tries = [asyncio.create_task(_try_feed(client, parsers, feed)) for feed in feeds]
        tries.append(asyncio.create_task(_try_quotes(settings)))
        return sum([(await finding).say() for finding in tries])


async def _try_feed(client: FeedClient, parsers: ParserPool, feed: Feed) -> Finding:
    from monitor.models import Failed, FeedState
    from monitor.sources.fetch import Fetched

    found: Failed | Document
    answer = await client.fetch(feed, FeedState(url=feed.url), now=Clock().now())
    if isinstance(answer, Fetched):
        found = await parsers.read(
            answer.body, content_type=answer.content_type, url=answer.url, known=frozenset(), language=feed.language
        )
    elif isinstance(answer, Failed):
        found = answer
    else:
        return Finding(f"feed {feed.name}: answers")
    if isinstance(found, Failed):
        cure = FEED_CURES.get(found.kind, "look at the address in a browser: it may have moved")
        return Finding(f"feed {feed.name}: {found.reason}", cure)
    damaged = f"; {found.damaged}" if found.damaged else ""
    return Finding(f"feed {feed.name}: {len(found.entries)} entries{damaged}")


async def _try_quotes(settings: Settings) -> Finding:
    """All tickers are asked for, so that those that Yahoo does not know are named."""
    import tempfile

    from monitor.models import QuotesFailed
    from monitor.sources.yahoo import YahooQuotes

    symbols = [ticker.symbol for ticker in settings.tickers]
    if not symbols:
        return Finding("quotes: the watchlist is empty")
    # The collector's own cookie is not touched: it may be what is wrong, or be in use.
    with (
        tempfile.TemporaryDirectory(prefix="monitor-doctor-", ignore_cleanup_errors=True) as cache,
        closing(YahooQuotes(settings.quotes, Path(cache))) as yahoo,
    ):
        yahoo.start()
        outcome = await yahoo.fetch(symbols, now=Clock().now())
    if isinstance(outcome, QuotesFailed):
        return _quote_fault(outcome)
    if outcome.failure is not None:
        return _quote_fault(outcome.failure)
    if outcome.unknown:
        return Finding(f"quotes: not known: {', '.join(outcome.unknown)}", "look these symbols up at Yahoo Finance")
    return Finding(f"quotes: all {len(symbols)} answered in {outcome.latency.total_seconds():.1f} s")


def _quote_fault(failed: QuotesFailed) -> Finding:
    later = "try again; if it lasts, yfinance may have to be updated"
    return Finding(f"quotes: {failed.reason}", QUOTE_CURES.get(failed.kind, later))
