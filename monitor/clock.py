"""The time that the program goes by: the machine's, or that of a replayed day."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    import asyncio


class Clock:
    """The machine's clock."""

    simulated = False

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)

    def real(self, span: timedelta) -> float:
        """How many seconds a person waits for `span` of this clock."""
        return span.total_seconds()

    async def sleep(self, span: timedelta) -> None:
        import asyncio  # 30 ms, which commands that only read the time need not pay

        await asyncio.sleep(max(0.0, self.real(span)))


class ReplayClock(Struct, Clock, frozen=True):
    """A replayed day: it stands at `starts_at` until the machine's clock reads `wall_start` (epoch seconds), and then
    runs `speed` times as fast. Any process that knows the three reads the same time.
    """

    starts_at: datetime
    wall_start: float
    speed: float

    simulated = True

    def now(self) -> datetime:
        return self.starts_at + timedelta(seconds=max(0.0, time.time() - self.wall_start) * self.speed)

    def real(self, span: timedelta) -> float:
        return span.total_seconds() / self.speed


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for `event`, but no longer than `seconds` of real time; whether it came."""
    from asyncio import timeout

    try:
        async with timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
