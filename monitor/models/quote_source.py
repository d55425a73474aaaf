"""The quotes' source, which the screen knows of before it has quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from monitor.models.feeds import FailureKind


class QuoteSourceState(Struct, frozen=True, kw_only=True):
    """What is remembered of the quote source between polls; `schedule.advance_quotes` makes the next one. Stored."""

    next_check_at: datetime | None = None
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failure: FailureKind | None = None
    error: str | None = None
    latency: timedelta | None = None
    unknown: tuple[str, ...] = ()
