"""The collector's life: the lock, one shift after the other, and the end."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from monitor import mailbox, new_york, paths, systemd
from monitor.alerts.sinks import make_sinks
from monitor.clock import set_within
from monitor.closings import closings
from monitor.collector.delivery import Alarm
from monitor.collector.shift import Shift
from monitor.errors import AlreadyCollecting, ConfigError, StoreError
from monitor.lock import collecting, lock_path
from monitor.sources.parsers import ParserPool
from monitor.sources.yahoo import YahooQuotes
from monitor.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monitor.clock import Clock
    from monitor.config import Settings
    from monitor.lock import Held

log = logging.getLogger(__name__)

SETTINGS_LOOK = 2.0  # seconds between two looks at the settings file
STORE_RETRY = 5.0  # seconds until a database that could not be opened again is tried again


class Collector:
    """Collects into `database`, else into the settings', by what `load` gives.

    `settings` are those of the beginning; without them this raises ConfigError.
    `load` is called again when `settings_file` changes and when `reload` is called; what it raises then is reported,
    and the old settings stay. A change of the settings, or of the database file underneath, ends a shift and begins the
    next: what was under way is asked for again, nothing committed is touched.
    """

    def __init__(
        self,
        load: Callable[[], Settings],
        *,
        clock: Clock,
        database: Path | None = None,
        settings_file: Path | None = None,
        yahoo_cache: Path | None = None,
    ) -> None:
        self._load = load
        self._settings_file = settings_file
        self.settings = self._read_settings()
        self._database = database or self.settings.store.path or paths.database()
        self._clock = clock
        self._yahoo_cache = yahoo_cache or paths.yahoo_cache()
        self._started_at = clock.now()
        self._stopped = asyncio.Event()
        self._reload_asked = asyncio.Event()
        self._alarm = Alarm(clock)
        self._parsers: ParserPool
        self._settings_error: str | None = None

    def stop(self) -> None:
        """End soon and in order; callable from a signal handler of the loop."""
        self._stopped.set()

    def reload(self) -> None:
        """Read the settings again soon; callable from a signal handler of the loop."""
        self._reload_asked.set()

    async def once(self) -> bool:
        """Ask every due source a single time, deliver and end; true when all answered and all was delivered.

        Raises StoreError or AlreadyCollecting when it cannot start.
        """
        settings = self.settings
        async with ParserPool() as self._parsers:
            with (
                collecting(self._database, group=settings.store.group) as held,
                closing(self._open(settings)) as writer,
                closing(self._yahoo(settings)) as yahoo,
            ):
                async with self._shift(settings, writer, yahoo, held) as shift:
                    work = asyncio.create_task(shift.once())
                    stopped = asyncio.create_task(self._stopped.wait())
                    await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
                    for task in (work, stopped):
                        task.cancel()
                    await asyncio.wait([work, stopped])
                    return not work.cancelled() and work.result()

    async def run(self) -> None:
        """Collect until `stop`. Raises StoreError or AlreadyCollecting when it cannot start.

        Once it has started, a database that cannot be opened is tried again until it can, and so is a lock that was
        deleted and then taken by another collector.
        """
        settings = self.settings
        new_york.ask(closings)
        await asyncio.to_thread(new_york.session, self._clock.now())  # asks for them, for which the loop need not wait
        async with ParserPool() as self._parsers:
            await self._shift_by_shift(settings)

    async def _shift_by_shift(self, settings: Settings) -> None:
        with ExitStack() as lock, ExitStack() as source:
            held = lock.enter_context(collecting(self._database, group=settings.store.group))
            yahoo, asked_by = source.enter_context(closing(self._yahoo(settings))), settings.quotes
            started, trouble = False, ""
            while not self._stopped.is_set():
                if settings.quotes != asked_by:
                    source.close()
                    yahoo, asked_by = source.enter_context(closing(self._yahoo(settings))), settings.quotes
                try:
                    if held.path != lock_path(self._database) or not held.still_there():
                        lock.close()
                        held = lock.enter_context(collecting(self._database, group=settings.store.group))
                    with closing(self._open(settings)) as writer:
                        async with self._shift(settings, writer, yahoo, held) as shift:
                            log.info("collecting: %s", _said(settings, writer.path))
                            started, trouble = True, ""
                            settings = await self._attend(shift, settings)
                except (StoreError, AlreadyCollecting) as error:
                    if not started:
                        raise
                    if str(error) != trouble:
                        trouble = str(error)
                        log.error("%s; trying again every %d s", trouble, STORE_RETRY)
                    if isinstance(error, StoreError):  # otherwise the other one judges the rules
                        self._alarm.sound(make_sinks(settings.alerts, group=settings.store.group), trouble)
                    systemd.notify("WATCHDOG=1")
                    await set_within(self._stopped, STORE_RETRY)
            systemd.notify("STOPPING=1")
            await self._alarm.give_up()
            log.info("ended")

    def _yahoo(self, settings: Settings) -> YahooQuotes:
        yahoo = YahooQuotes(settings.quotes, self._yahoo_cache)
        yahoo.start()
        return yahoo

    def _open(self, settings: Settings) -> Writer:
        if not os.path.exists(self._database):  # noqa: PTH110 (Path's raises) # every feed will come whole
            self._parsers.warm()
        writer = Writer.open(self._database, group=settings.store.group)
        try:
            mailbox.prepare(writer.path, group=settings.store.group)
        except StoreError:
            writer.close()
            raise
        return writer

    def _shift(self, settings: Settings, writer: Writer, yahoo: YahooQuotes, held: Held) -> Shift:
        return Shift(
            settings,
            writer,
            yahoo,
            self._parsers,
            self._clock,
            held=held,
            alarm=self._alarm,
            started_at=self._started_at,
            settings_error=self._settings_error,
        )

    def _read_settings(self) -> Settings:
        """Raises ConfigError. The stamp is taken first, so a change while the file is read is seen afterwards."""
        self._stamp_read: tuple[int, int] | None = self._stamp()
        return self._load()

    async def _attend(self, shift: Shift, settings: Settings) -> Settings:
        """Let the shift work until the collector is stopped or the next shift is due; the settings for that one."""
        work = asyncio.create_task(shift.work())
        changed = asyncio.create_task(self._changed_settings(shift))
        events = (self._stopped, shift.database_gone, shift.reader_gone)
        others = [asyncio.create_task(event.wait()) for event in events]
        await asyncio.wait([work, changed, *others], return_when=asyncio.FIRST_COMPLETED)
        if shift.reader_gone.is_set():
            log.info("nobody reads standard output any more; ending")
            self.stop()
        new = changed.result() if changed.done() else settings
        for task in (work, changed, *others):
            task.cancel()
        await asyncio.wait([work, changed, *others])
        if not work.cancelled() and (error := work.exception()):
            raise error
        return new

    async def _changed_settings(self, shift: Shift) -> Settings:
        """Wait until the settings were changed to something that can be used."""
        while True:
            asked = await set_within(self._reload_asked, SETTINGS_LOOK)
            if not asked and self._stamp() == self._stamp_read:
                continue
            self._reload_asked.clear()
            try:
                settings = self._read_settings()
            except ConfigError as error:
                self._settings_error = shift.settings_error = str(error)
                log.error("the new settings cannot be used, the old ones stay:")
                for mistake in error.mistakes:
                    log.error("%s", mistake)
            else:
                self._settings_error = None
                log.info("settings read again from %s", settings.file)
                return settings

    def _stamp(self) -> tuple[int, int] | None:
        """Changes whenever the settings file does, also when it is replaced by an older one."""
        if self._settings_file is None:
            return None
        try:
            status = self._settings_file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino


def _said(settings: Settings, database: Path) -> str:
    feeds = sum(feed.enabled for feed in settings.feeds)
    sinks = ", ".join(sink.name for sink in settings.alerts.sinks) or "the database only"
    return (
        f"{feeds} feeds, {len(settings.tickers)} symbols, {len(settings.rules)} rules; into {database}; alerts: {sinks}"
    )
