"""The feed desk: takes the feeds that are due and turns each into an outcome."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from monitor import schedule
from monitor.collector.results import Polled, Result
from monitor.models import Changed, Failed, FailureKind, Feed, FeedState, Outcome
from monitor.sources.fetch import Fetched
from monitor.sources.freshness import longest, quiet_hours
from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor.clock import Clock
    from monitor.sources.fetch import FeedClient
    from monitor.sources.parsers import ParserPool
    from monitor.sources.reduce import Document

log = logging.getLogger(__name__)

CROWD = 2  # workers for each request under way: most of them wait for their turn with a busy host, inside the client
_ZERO = timedelta(0)
LOOK = 0.5  # seconds between two looks at what is due: 1 ms of CPU for 5,000 feeds


class FeedDesk(Struct):
    """Asks the feeds that are due. `states` is the recorder's live view; the desk only reads it.

    `client` bounds how many requests run at once; `workers` bounds how many feeds are on their way, bodies in memory.
    """

    feeds: tuple[Feed, ...]
    states: Mapping[str, FeedState]
    client: FeedClient
    parsers: ParserPool
    results: asyncio.Queue[Result]
    clock: Clock
    workers: int
    _asked: set[str] = field(default_factory=set)
    _hurried: set[str] = field(default_factory=set)

    async def run(self) -> None:
        """Poll whatever is due, for ever."""
        work: asyncio.Queue[Feed] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.workers):
                tasks.create_task(self._worker(work))
            while True:
                for feed in self.due():
                    self._asked.add(feed.url)
                    work.put_nowait(feed)
                await asyncio.sleep(LOOK)

    async def once(self) -> int:
        """Poll each feed that is due a single time; how many that were."""
        due = self.due()
        work: asyncio.Queue[Feed] = asyncio.Queue()
        for feed in due:
            work.put_nowait(feed)
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(self._worker(work)) for _ in range(min(self.workers, len(due)))]
            await work.join()
            for worker in workers:
                worker.cancel()
        return len(due)

    def due(self) -> list[Feed]:
        """The enabled feeds to ask now: their time has come or somebody hurried them, their host is not held back, and
        nobody is asking them already.

        Each host's first comes before any host's second, so that a host with very many keeps no other waiting; among
        these who took longest the last time comes first, so that at the end nobody is waited for alone.
        """
        now = self.clock.now()
        held = schedule.host_holds(self.states.values(), now=now)
        due = [
            (feed, host)
            for feed in self.feeds
            if feed.enabled
            and feed.url not in self._asked
            and (feed.url in self._hurried or schedule.is_due(self.states[feed.url], now=now))
            and (host := schedule.host_of(schedule.address(feed, self.states[feed.url]))) not in held
        ]
        due.sort(key=lambda asked: self.states[asked[0].url].latency or _ZERO, reverse=True)
        before: Counter[str] = Counter()
        ranked: list[tuple[int, Feed]] = []
        for feed, host in due:
            ranked.append((before[host], feed))
            before[host] += 1
        return [feed for _, feed in sorted(ranked, key=itemgetter(0))]

    def hurry(self, name: str | None) -> None:
        """Ask the feed of this name, or all of them, without waiting for their time."""
        self._hurried.update(feed.url for feed in self.feeds if name in {None, feed.name})

    def recorded(self, url: str) -> None:
        """The outcome of this feed is in its state now, so it may be asked again when it is due."""
        self._asked.discard(url)
        self._hurried.discard(url)

    async def _worker(self, work: asyncio.Queue[Feed]) -> None:
        while True:
            feed = await work.get()
            outcome = await self._poll(feed)
            await self.results.put(Polled(feed, outcome, self.clock.now()))
            work.task_done()

    async def _poll(self, feed: Feed) -> Outcome:
        now = self.clock.now()
        state = self.states[feed.url]
        try:
            answer = await self.client.fetch(feed, state, now=now)
            if not isinstance(answer, Fetched):
                return answer
            reading = self.parsers.read(
                answer.body,
                content_type=answer.content_type,
                url=answer.url,
                known=state.item_digests,
                language=feed.language,
            )
            answer = replace(answer, body=b"")  # many wait for their turn with the parsers
            document = await reading
        except Exception as error:  # one feed's trouble, whatever it is, is that feed's alone
            log.exception("%s", feed.name)
            return Failed(kind=FailureKind.INTERNAL, reason=f"a fault of this program: {printable(repr(error))}")
        if isinstance(document, Failed):
            return replace(document, status=answer.response.status, latency=answer.response.latency)
        return _changed(answer, document)


def _changed(answer: Fetched, document: Document) -> Changed:
    wait = longest(answer.response.wait, document.ttl)
    return Changed(
        response=replace(answer.response, wait=wait),
        body_digest=answer.body_digest,
        item_digests=document.item_digests,
        entries=document.entries,
        title=document.title,
        damaged=document.damaged,
        quiet_hours=quiet_hours(document.skip_hours, document.skip_days),
    )
