"""`monitor collect`: the headless mode."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from monitor import leash
from monitor.cli import options

if TYPE_CHECKING:
    from monitor.collector import Collector
    from monitor.config import Settings
    from monitor.config.settings import LineFormat

SOME_FAILED = 1
SHUTDOWN = 1.8  # seconds; SIGTERM to the end within two, whatever hangs


@click.command("collect")
@options.config
@options.database
@click.option("--alert-log", metavar="PATH|-", help="Alerts go here; - is standard output.")
@click.option("--alert-format", type=click.Choice(["jsonl", "text"]), help="One JSON object a line, or text.")
@click.option("--once", is_flag=True, help="Ask every due source a single time, deliver the alerts and end.")
@click.option("--log", "log_file", type=click.Path(path_type=Path), help="Operational log (default: standard error).")
@click.option("--verbose", "-v", is_flag=True, help="Log each new headline too.")
@options.child
def command(
    *,
    config: Path | None,
    database: Path | None,
    alert_log: str | None,
    alert_format: LineFormat | None,
    once: bool,
    log_file: Path | None,
    verbose: bool,
    child: bool,
) -> None:
    """Collect feeds and quotes into the database and write alerts, without a screen.

    SIGHUP, or a change of the settings file, has the settings read again. SIGTERM and SIGINT end it within 2 s.

    Exit status with --once: 0 all sources answered, 1 some failed. Always: 2 usage or settings, 3 another collector
    holds the database.
    """
    gc.disable()  # until all is loaded, none of which is garbage: a tenth of the start
    from monitor import oplog
    from monitor.clock import Clock
    from monitor.collector import Collector
    from monitor.config import files

    def load() -> Settings:
        return with_alert_log(options.settings_of(config), alert_log, alert_format)

    collector = Collector(load, clock=Clock(), database=database, settings_file=files.locate(config))
    os.umask(0o077 if collector.settings.store.group is None else 0o027)
    oplog.start(log_file, verbose=verbose)
    answered = run(collector, once=once, child=child)
    leave(0 if answered else SOME_FAILED)


def with_alert_log(settings: Settings, place: str | None, form: LineFormat | None) -> Settings:
    """`settings` with the alert log of the command line in the place of their files and standard output."""
    from monitor.config import FileSinkSettings, StdoutSinkSettings

    lines = [sink for sink in settings.alerts.sinks if isinstance(sink, FileSinkSettings | StdoutSinkSettings)]
    others = [sink for sink in settings.alerts.sinks if not isinstance(sink, FileSinkSettings | StdoutSinkSettings)]
    if place == "-":
        lines = [StdoutSinkSettings(format=form or "jsonl")]
    elif place is not None:
        lines = [FileSinkSettings(path=Path(place), format=form or "jsonl")]
    elif form is not None:
        lines = [replace(sink, format=form) for sink in lines]
    return replace(settings, alerts=replace(settings.alerts, sinks=(*lines, *others)))


def run(collector: Collector, *, once: bool, child: bool = False) -> bool:
    """Run `collector` to its end, with the signals of this process; true unless something failed under --once.

    A `child` ends with its standard input too.
    """
    gc.freeze()  # what is loaded stays: looking through it again and again costs a tenth of the first polls
    gc.enable()

    async def live() -> bool:
        obey_signals(collector, child=child)
        if once:
            return await collector.once()
        await collector.run()
        return True

    return asyncio.new_event_loop().run_until_complete(live())


def obey_signals(collector: Collector, *, child: bool = False) -> None:
    """SIGTERM and SIGINT stop the collector of the running loop, SIGHUP has it read its settings.

    For a `child` of a viewer, the end of standard input is what SIGTERM is for others.
    """
    loop = asyncio.get_running_loop()

    def stop() -> None:
        collector.stop()
        loop.call_later(SHUTDOWN, leave, SOME_FAILED)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, collector.reload)
    if child:
        leash.attend(lambda: loop.call_soon_threadsafe(stop))


def leave(status: int) -> None:
    """End the process now. All is committed; a name lookup or a request that hangs in a thread is not waited for."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
