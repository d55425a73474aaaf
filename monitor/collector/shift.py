"""A shift: one stretch of collecting with one set of settings and one open database."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

import monitor
from monitor import mailbox, systemd
from monitor.alerts.sinks import make_sinks
from monitor.baseline.load import digest, in_steps
from monitor.baseline.load import load as documented
from monitor.clock import ReplayClock
from monitor.collector.baseline import BaselineDesk, wanted
from monitor.collector.delivery import Delivery
from monitor.collector.feeds import CROWD, FeedDesk
from monitor.collector.quotes import QuoteDesk
from monitor.collector.recorder import Recorded, Recorder
from monitor.collector.results import Charted, Polled, Quoted, Recalled, Result
from monitor.errors import StoreError
from monitor.models import Failed, QuotesFailed
from monitor.sources.fetch import FeedClient
from monitor.store.writer import CollectorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from monitor.baseline import Baseline
    from monitor.clock import Clock
    from monitor.collector.delivery import Alarm
    from monitor.config import Settings
    from monitor.lock import Held
    from monitor.sources.parsers import ParserPool
    from monitor.sources.yahoo import YahooQuotes
    from monitor.store.writer import Writer

log = logging.getLogger(__name__)

HEARTBEAT = 5.0  # seconds
PRUNE_EVERY = timedelta(hours=1)
WISHES_LOOK = 0.5  # seconds between two looks into the mailbox
BREATH = 0.01  # seconds between two pieces of long work, for what is urgent
GATHER = 0.1  # seconds after a commit in which results gather, because a commit costs as much as asking some feeds,
ENOUGH = 16  # or until so many have come
AT_ONCE = 200  # results in one transaction: a cold start of 1,000 feeds makes a few commits, not 1,000


class Shift:
    """Use as `async with Shift(...) as shift: await shift.work()`; leaving it commits what has arrived.

    `database_gone` is set when the open file is no longer the one at the database's path, or the lock `held` no longer
    the one beside it.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        yahoo: YahooQuotes,
        parsers: ParserPool,
        clock: Clock,
        *,
        held: Held,
        alarm: Alarm,
        started_at: datetime,
        settings_error: str | None = None,
    ) -> None:
        self._settings = settings
        self._writer = writer
        self._yahoo = yahoo
        self._clock = clock
        self._held = held
        self._alarm = alarm
        self._started_at = started_at
        self._closing = AsyncExitStack()
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._trouble: str | None = None  # why the last commit failed
        self.settings_error = settings_error
        self.database_gone = asyncio.Event()
        self.failures = 0
        sinks = make_sinks(settings.alerts, group=settings.store.group)
        self._delivery = Delivery(sinks, writer, clock)
        self._recorder = Recorder(writer, settings, clock, [sink.name for sink in sinks])
        self._client = FeedClient(settings.poll, user_agent=settings.poll.user_agent)
        self._feeds = FeedDesk(
            feeds=settings.feeds,
            states=self._recorder.states,
            client=self._client,
            parsers=parsers,
            results=self._results,
            clock=clock,
            workers=settings.poll.workers * CROWD,
        )
        self._quotes = QuoteDesk(
            symbols=tuple(ticker.symbol for ticker in settings.tickers),
            quotes=self._recorder.quotes,
            source=lambda: self._recorder.quote_source,
            yahoo=yahoo,
            results=self._results,
            clock=clock,
            interval=settings.quotes.interval,
            closed_interval=settings.quotes.closed_interval,
        )

    @cached_property
    def _baseline(self) -> BaselineDesk:
        """`once` asks for no prices of those days."""
        return BaselineDesk(
            symbols=wanted(documented()),
            states=self._recorder.recalled,
            yahoo=self._yahoo,
            results=self._results,
            clock=self._clock,
            quiet=self._quotes.quiet,
        )

    async def __aenter__(self) -> Self:
        if given_up := self._writer.give_up_deliveries(but_to=[sink.name for sink in self._delivery.sinks]):
            log.warning(
                "%d alerts waited for sinks that the settings no longer name; they are kept, not sent", given_up
            )
        await self._closing.enter_async_context(self._client)
        self._beat()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._results.empty():
                self._record(self._arrived())
        finally:
            await self._closing.aclose()

    @property
    def reader_gone(self) -> asyncio.Event:
        """Set when nobody reads standard output any more, to which alerts should go."""
        return self._delivery.reader_gone

    async def work(self) -> None:
        """Collect until cancelled."""
        await asyncio.to_thread(documented)
        async with asyncio.TaskGroup() as tasks:
            for loop in (
                self._feeds.run(),
                self._quotes.run(),
                self._stream(),
                self._baseline.run(),
                self._delivery.run(),
                self._record_for_ever(),
                self._beat_for_ever(),
                self._prune_for_ever(),
                self._match_again(),
                self._keep_baseline(lambda: [documented()]),
                self._grant_wishes(),
                self._feed_watchdog(),
            ):
                tasks.create_task(loop)

    async def once(self) -> bool:
        """Ask each due feed and for all quotes a single time, record it, deliver; true when every source answered."""
        async with asyncio.TaskGroup() as tasks:
            recording = tasks.create_task(self._record_for_ever())
            async with asyncio.TaskGroup() as asking:
                asking.create_task(self._feeds.once())
                asking.create_task(self._quotes.once())
                asking.create_task(self._match_again())
                asking.create_task(self._keep_baseline(in_steps))
            recording.cancel()
        while not self._results.empty():
            self._record(self._arrived())
        taken = await self._delivery.once()
        await self._alarm.offered()
        return taken and self.failures == 0 and self._trouble is None

    async def _record_for_ever(self) -> None:
        while True:
            first = await self._results.get()
            self._record([first, *self._arrived()])
            await self._gather()

    async def _gather(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + GATHER
        while self._results.qsize() < ENOUGH and loop.time() < until:  # noqa: ASYNC110  a queue sets no event at a length
            await asyncio.sleep(BREATH)

    def _arrived(self) -> list[Result]:
        return [self._results.get_nowait() for _ in range(min(AT_ONCE, self._results.qsize()))]

    def _record(self, results: Sequence[Result]) -> None:
        """Commit, or say why not and have it asked again; the collector itself goes on."""
        self.failures += sum(
            isinstance(result, Polled | Quoted) and isinstance(result.outcome, Failed | QuotesFailed)
            for result in results
        )
        try:
            self._tell(self._recorder.record(results))
        except StoreError as error:
            self._recorder.unrecorded(results)
            self._alarm.sound(self._delivery.sinks, str(error))
            if str(error) != self._trouble:
                log.error("nothing can be stored, what arrives is asked for again: %s", error)
            self._trouble = str(error)
        else:
            if results and self._trouble is not None:  # without any, nothing need have been written
                log.info("storing works again")
                self._trouble = None
        finally:
            for result in results:
                if isinstance(result, Polled):
                    self._feeds.recorded(result.feed.url)
                elif isinstance(result, Quoted):
                    self._quotes.recorded()
                elif isinstance(result, Recalled):
                    self._baseline.recorded()
                elif isinstance(result, Charted):
                    result.letter.done()

    def _tell(self, recorded: Recorded) -> None:
        for headline in recorded.new:
            log.debug("new: %s: %s", headline.feed_name, headline.title)
        for alert in recorded.alerts:
            log.debug("alert: %s %s", alert.severity, alert.text)
        if recorded.alerts:
            self._delivery.arrived()

    async def _beat_for_ever(self) -> None:
        """Say that it lives, and judge the rules that only time makes true (a feed silent for half an hour)."""
        while True:
            await asyncio.sleep(HEARTBEAT)
            if not (self._writer.still_there() and self._held.still_there()):
                log.error("the database file or its lock was deleted or replaced; starting on what is there now")
                self.database_gone.set()
                return
            self._record([])
            self._beat()

    def _beat(self) -> None:
        replay = self._clock if isinstance(self._clock, ReplayClock) else None
        info = CollectorInfo(
            pid=os.getpid(),
            host=socket.gethostname(),
            version=monitor.__version__,
            started_at=self._started_at,
            heartbeat_at=self._clock.now(),
            settings_file=self._settings.file,
            settings_error=self.settings_error,
            simulated=self._clock.simulated,
            replay_starts_at=replay.starts_at if replay else None,
            replay_wall_start=replay.wall_start if replay else None,
            replay_speed=replay.speed if replay else None,
        )
        try:
            self._writer.heartbeat(info)
        except StoreError as error:
            log.debug("heartbeat: %s", error)

    async def _prune_for_ever(self) -> None:
        while True:
            deleted: Counter[str] = Counter()
            try:
                while piece := self._writer.prune(self._settings.store, now=self._clock.now()):
                    deleted.update(piece)
                    await asyncio.sleep(BREATH)
            except StoreError as error:
                log.error("retention: %s", error)
            for table, count in deleted.items():
                log.info("retention: %d rows of %s deleted", count, table)
            await self._clock.sleep(PRUNE_EVERY)

    async def _keep_baseline(self, read: Callable[[], Iterable[Baseline | None]]) -> None:
        """Store the packaged records for other tools to read, where they are not those that are stored."""
        try:
            if self._writer.baseline_digest() != digest():
                for recorded in read():
                    if recorded is not None:
                        self._writer.sync_baseline(recorded)
                    await asyncio.sleep(0)
        except StoreError as error:
            log.error("the records of January 2025 could not be stored: %s", error)

    async def _match_again(self) -> None:
        changed = 0
        try:
            for step in self._recorder.rematching():
                changed += step
                await asyncio.sleep(BREATH)
        except StoreError as error:
            log.error("stored headlines could not be matched again: %s", error)
        if changed:
            log.info("topics or tickers changed: %d stored headlines mention something else now", changed)

    async def _grant_wishes(self) -> None:
        while True:
            for letter in mailbox.take(self._writer.path):
                if isinstance(letter.wish, mailbox.PollNow):
                    self._feeds.hurry(letter.wish.feed)
                    if letter.wish.feed is None:
                        self._quotes.hurry()
                    letter.done()
                else:
                    await self._chart(letter, letter.wish)
            await asyncio.sleep(WISHES_LOOK)

    async def _chart(self, letter: mailbox.Letter, wish: mailbox.History) -> None:
        outcome = await self._yahoo.history(
            wish.symbol, interval=wish.interval, start=wish.start, end=wish.end, now=self._clock.now()
        )
        if isinstance(outcome, QuotesFailed):
            log.warning("history of %s: %s", wish.symbol, outcome.reason)
            letter.done()
        else:
            await self._results.put(Charted(letter, outcome, self._clock.now()))

    async def _stream(self) -> None:
        if self._settings.quotes.stream and self._settings.tickers:
            from monitor.sources.quote_stream import QuoteStream

            stream = QuoteStream(load=self._yahoo.load, endpoint=self._settings.quotes.endpoint, now=self._clock.now)
            await self._quotes.stream(stream)

    async def _feed_watchdog(self) -> None:
        systemd.notify("READY=1")
        period = systemd.watchdog_seconds()
        while period is not None:
            systemd.notify("WATCHDOG=1")
            await asyncio.sleep(period / 2)
