"""When an alert that a sink did not take is offered to it again. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST = timedelta(seconds=5)
LONGEST = timedelta(minutes=10)


def next_try(attempts: int, now: datetime) -> datetime:
    """After `attempts` failures, one at least: 5 s, doubling to 10 minutes, without an end while the alert is kept."""
    doublings = min(max(attempts, 1) - 1, 32)
    return now + min(FIRST * (1 << doublings), LONGEST)
