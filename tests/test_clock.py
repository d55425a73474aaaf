"""The machine's clock and a replayed one."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

from monitor.clock import Clock, ReplayClock, set_within

NOON = datetime(2025, 1, 27, 12, 0, tzinfo=UTC)


def test_the_machines_clock_is_aware_and_utc() -> None:
    now = Clock().now()
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_replayed_clock_has_run_speed_times_as_far() -> None:
    clock = ReplayClock(starts_at=NOON, wall_start=time.time() - 10, speed=60)
    assert clock.now() >= NOON + timedelta(minutes=10)


def test_a_replayed_clock_stands_at_its_start_until_it_begins() -> None:
    assert ReplayClock(starts_at=NOON, wall_start=time.time() + 3600, speed=60).now() == NOON


def test_a_span_of_a_replayed_clock_is_waited_for_in_real_seconds() -> None:
    assert ReplayClock(starts_at=NOON, wall_start=0, speed=60).real(timedelta(minutes=1)) == 1.0
    assert Clock().real(timedelta(minutes=1)) == 60.0


async def test_a_wait_for_an_event_ends_with_the_event_or_with_its_time() -> None:
    event = asyncio.Event()
    assert not await set_within(event, 0.001)
    event.set()
    assert await set_within(event, 60)
