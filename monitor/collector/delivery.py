"""Delivery: hands recorded alerts to the sinks, each sink at its own pace, and marks them after the sink took them."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor.alerts.delivery import next_try
from monitor.alerts.sinks import ReaderGone
from monitor.clock import set_within
from monitor.errors import SinkError, StoreError
from monitor.models import Alert, AlertKind, Severity
from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.alerts.sinks import Sink
    from monitor.clock import Clock
    from monitor.store.writer import Writer

log = logging.getLogger(__name__)

LOOK = 1.0  # seconds between two looks at what has to be tried again
WARN_AGAIN = timedelta(hours=1)


class Delivery(Struct):
    """At least once: an alert whose mark was lost in a crash comes a second time, with the same id."""

    sinks: Sequence[Sink]
    writer: Writer
    clock: Clock
    reader_gone: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when standard output was a pipe and nobody reads it any more."""
    _arrived: dict[str, asyncio.Event] = field(default_factory=dict)
    _unmarked: dict[str, set[str]] = field(default_factory=dict)  # taken by the sink while the database took no mark

    def __post_init__(self) -> None:
        self._arrived = {sink.name: asyncio.Event() for sink in self.sinks}
        self._unmarked = {sink.name: set() for sink in self.sinks}

    def arrived(self) -> None:
        """There are new alerts."""
        for event in self._arrived.values():
            event.set()

    async def run(self) -> None:
        """Deliver for ever; a sink that hangs or fails holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            for sink in self.sinks:
                tasks.create_task(self._serve(sink))

    async def once(self) -> bool:
        """Offer every waiting alert to its sinks a single time; false when one was not taken."""
        return all(await asyncio.gather(*map(self._offer, self.sinks)))

    async def _serve(self, sink: Sink) -> None:
        arrived, trouble = self._arrived[sink.name], ""
        while True:
            arrived.clear()
            try:
                await self._offer(sink)
                trouble = ""
            except StoreError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    log.error("alerts for %s wait: %s", sink.name, trouble)
            await set_within(arrived, LOOK)

    async def _offer(self, sink: Sink) -> bool:
        taken = self._unmarked[sink.name]
        while waiting := self.writer.pending_deliveries(sink.name, now=self.clock.now(), limit=sink.at_once):
            try:
                await sink.deliver([alert for alert, _ in waiting if alert.id not in taken])
            except ReaderGone:
                self.reader_gone.set()
                return False
            except SinkError as error:
                self._failed(sink, waiting, error)
                return False
            taken.update(alert.id for alert, _ in waiting)
            with self.writer.transaction():
                for alert, _ in waiting:
                    self.writer.delivered(alert.id, sink.name, self.clock.now())
            taken.clear()
        return True

    def _failed(self, sink: Sink, waiting: Sequence[tuple[Alert, int]], error: SinkError) -> None:
        now = self.clock.now()
        log.error("alerts: %s took none of %d: %s", sink.name, len(waiting), error)
        with self.writer.transaction():
            for alert, attempts in waiting:
                self.writer.delivery_failed(
                    alert.id, sink.name, error=str(error), next_try_at=next_try(attempts + 1, now)
                )


class Alarm(Struct):
    """Without a database no rule is judged. That must not look like calm, so it goes straight to the sinks: once, since
    no mark can be kept of it, and again after an hour.
    """

    clock: Clock
    _sounded_at: datetime | None = None
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def sound(self, sinks: Sequence[Sink], trouble: str) -> None:
        """Offer it to all of `sinks` at once, and wait for none of them; each ends within a time of its own."""
        now = self.clock.now()
        if self._sounded_at is not None and abs(now - self._sounded_at) < WARN_AGAIN:
            return
        self._sounded_at = now
        alert = Alert(
            id=blake2b(f"{now.isoformat()} {trouble}".encode(), digest_size=8).hexdigest(),
            rule="collector",
            severity=Severity.CRITICAL,
            kind=AlertKind.CANNOT_EVALUATE,
            subject="",
            text=f"no rule is judged, because nothing can be stored: {printable(trouble)}",
            fired_at=now,
            simulated=self.clock.simulated,
        )
        for sink in sinks:
            task = asyncio.create_task(_offer_once(sink, alert))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def offered(self) -> None:
        """Wait until each sink has taken what was sounded, or has failed; cancelled meanwhile, it is given up."""
        await asyncio.gather(*self._under_way)

    async def give_up(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


async def _offer_once(sink: Sink, alert: Alert) -> None:
    try:
        await sink.deliver([alert])
    except SinkError as error:
        log.error("alerts: %s did not take a warning: %s", sink.name, error)
