"""`monitor demo`: the day replayed on this machine alone."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from monitor import lock
from monitor.cli import options, rows
from monitor.errors import AlreadyCollecting, MonitorError, StoreMissing
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from monitor.clock import ReplayClock

DEFAULT_SPEED = 60.0
HEAD_START = 2.0  # seconds, for the servers to be ready when the day begins
AFTER_THE_CLOSE = timedelta(minutes=5)  # of the replayed day, for what came at the close to be polled


@click.command("demo")
@click.option("--headless", is_flag=True, help="Without a screen: alerts as lines on standard output.")
@click.option(
    "--speed", default=DEFAULT_SPEED, show_default=True, type=click.FloatRange(0.1, 3600), help="Times real time."
)
@click.option("--seconds", type=click.FloatRange(min=1), help="End after so many real seconds (default: at the close).")
@click.option("--seed", default=27, show_default=True, help="Equal seeds give the same day.")
@click.option("--db", "database", type=click.Path(path_type=Path, dir_okay=False), help="Keep the database here.")
@click.option("--log", "log_file", type=click.Path(path_type=Path), help="Operational log (default: standard error).")
@options.child
def command(
    *,
    headless: bool,
    speed: float,
    seconds: float | None,
    seed: int,
    database: Path | None,
    log_file: Path | None,
    child: bool,
) -> None:
    """Replay 27 January 2025, New York time, from 07:00 to the close. All of it is SIMULATED.

    Feeds and prices come from two servers on this machine, through the same code as real ones. Headlines are invented;
    prices pass through the figures that were documented of that day. With --headless, alerts go to standard output as
    text; else the screen shows the day.
    """
    os.umask(0o077)
    if not headless:
        raise SystemExit(_show(database, speed=speed, seconds=seconds, seed=seed))
    from monitor import oplog
    from monitor.cli.collect import leave

    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    oplog.start(log_file, simulated=True)
    with _place(database) as path:
        if (pid := lock.holder(path)) is not None:
            raise AlreadyCollecting(str(path), pid or None)
        clock, port = _replay_of(path) or (_from_the_start(speed), 0)
        asyncio.run(_replay(path, clock, port=port, seed=seed, seconds=seconds, child=child))
        click.echo(_summary(path))
    leave(0)


def _show(database: Path | None, *, speed: float, seconds: float | None, seed: int) -> int:
    """The screen on the replayed day, which a child of it collects unless somebody already does; the exit status."""
    from monitor import paths
    from monitor.cli.view import open_screen
    from monitor.tui import child, launch

    try:
        launch.require_terminal()
    except MonitorError as error:
        raise MonitorError(f"{error} `monitor demo --headless` prints the alerts of the day.") from None
    given = ["--speed", str(speed), "--seed", str(seed), *(() if seconds is None else ("--seconds", str(seconds)))]
    with _place(database) as path:
        _replay_of(path)  # refuses what holds real news
        log = path.with_name("collector.log") if database is None else paths.collector_log(path)
        return open_screen(
            config=None,
            database=path,
            collector=lambda: child.CollectorChild(lambda: child.replay(path, *given), path, log),
        )


@contextmanager
def _place(database: Path | None) -> Iterator[Path]:
    """Where the demo's database is; without a wish, in a folder that goes with the demo."""
    if database is not None:
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="monitor-demo-") as folder:
        yield Path(folder) / "demo.db"


def _from_the_start(speed: float) -> ReplayClock:
    from monitor.clock import ReplayClock
    from monitor.demo.day import STARTS_AT

    return ReplayClock(starts_at=STARTS_AT, wall_start=time.time() + HEAD_START, speed=speed)


def _replay_of(path: Path) -> tuple[ReplayClock, int] | None:
    """The clock and the newswire's port of the replay that `path` holds: it goes on where it would be by now."""
    from monitor.clock import ReplayClock
    from monitor.store.reader import Reader

    try:
        with closing(Reader.open(path)) as reader:
            clock = rows.clock_of(reader)
            ports = {urlsplit(stored.feed.url).port for stored in reader.feeds() if stored.active}
    except StoreMissing:
        return None
    if not isinstance(clock, ReplayClock):
        raise click.UsageError(f"{path} holds real news and prices; the demo does not write into it.")
    return clock, next((port for port in ports if port), 0)


async def _replay(path: Path, clock: ReplayClock, *, port: int, seed: int, seconds: float | None, child: bool) -> None:
    from monitor.cli.collect import obey_signals
    from monitor.collector import Collector
    from monitor.config import load
    from monitor.config.files import packaged
    from monitor.demo.day import CLOSES_AT
    from monitor.demo.replay import DemoServers
    from monitor.demo.settings import demo_settings

    async with DemoServers(clock, seed=seed, newswire_port=port) as servers:
        settings = demo_settings(servers.newswire, servers.exchange, base=load(packaged()), speed=clock.speed)
        collector = Collector(lambda: settings, database=path, clock=clock, yahoo_cache=path.parent / "demo-yahoo")
        obey_signals(collector, child=child)
        ends_at = clock.wall_start + clock.real(CLOSES_AT + AFTER_THE_CLOSE - clock.starts_at)
        rest = ends_at - time.time()
        asyncio.get_running_loop().call_later(max(0.0, rest if seconds is None else seconds), collector.stop)
        await collector.run()


def _summary(path: Path) -> str:
    from monitor.store.reader import Reader
    from monitor.store.records import HeadlineFilter

    with closing(Reader.open(path)) as reader:
        counts = reader.counts()
        found = len(reader.headline_ids(HeadlineFilter(topic="DeepSeek", limit=100_000)))
        until = local_and_new_york(rows.clock_of(reader).now())
    return (
        f"{rows.SIMULATED} replayed until {until}: {counts.headlines} headlines, {found} of them about DeepSeek, "
        f"{counts.quotes} quotes, {counts.bars} one-minute bars, {counts.alerts} alerts"
    )
