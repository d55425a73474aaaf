"""Is the collecting well? Pure: from what the database says to a verdict and its reasons."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.when import span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import FeedState, QuoteSourceState

SILENT = timedelta(seconds=30)
"""Of real time without a heartbeat, which comes every 5 s, after which a collector with the lock counts as hung."""


class Verdict(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    NO_COLLECTOR = "no collector"


class Health(Struct, frozen=True):
    """`troubles` are sentences; without any, a collector that lives is healthy."""

    verdict: Verdict
    troubles: tuple[str, ...]


def judge(
    *,
    alive: bool | None,
    silent_for: timedelta | None,
    settings_error: str | None,
    feeds: Sequence[FeedState],
    quotes: QuoteSourceState,
    undelivered: int,
) -> Health:
    """`alive` says whether a collector holds the lock, None when this account may not look: then the heartbeat decides.

    `silent_for` is the real time since the last heartbeat, None before the first; `undelivered` counts the alerts that
    wait for a sink; `feeds` are those of the settings.
    """
    hung = silent_for is None or silent_for > SILENT
    lives = not hung if alive is None else alive
    troubles = []
    if lives and silent_for is not None and hung:
        troubles.append(f"the collector holds the database but has said nothing for {span(silent_for)}")
    if settings_error:
        troubles.append(f"the settings file cannot be used, the old settings are in force: {settings_error}")
    if quotes.failures:
        troubles.append(f"the quotes fail: {quotes.error}")
    if failing := sum(state.failures > 0 for state in feeds):
        troubles.append(f"{failing} of {_counted(len(feeds), 'feed')} {'fails' if failing == 1 else 'fail'}")
    if undelivered:
        waits = "waits" if undelivered == 1 else "wait"
        troubles.append(f"{_counted(undelivered, 'alert')} {waits} for a sink that does not take them")
    return Health(_verdict(lives=lives, well=not troubles), tuple(troubles))


def _verdict(*, lives: bool, well: bool) -> Verdict:
    if not lives:
        return Verdict.NO_COLLECTOR
    return Verdict.HEALTHY if well else Verdict.DEGRADED


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
