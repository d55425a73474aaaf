"""The quotes' source, which the screen knows of before it has quotes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from monitor.models.feeds import FailureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSourceState:
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
