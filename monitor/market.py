"""How old a quote is. Pure: whoever asks brings the time.

How old a quote is follows from its trade time and its session, never from the time it was fetched: an answer that came
a second ago may carry a price of last Friday. The time of the fetch only tells that the source still answers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from monitor.models import Quote, Session
from monitor.when import span

CLOCK_SKEW = timedelta(minutes=2)
"""How far ahead of this machine's clock a trade may lie and still count as just made."""

_MISSED_ROUNDS = 3  # a refresh may fail twice before the quote counts as not refreshed


class Limits(Protocol):
    """The settings that `staleness` needs; `QuoteSettings` has them."""

    @property
    def interval(self) -> timedelta: ...
    @property
    def closed_interval(self) -> timedelta: ...
    @property
    def stale_after(self) -> timedelta: ...
    @property
    def stale_after_extended(self) -> timedelta: ...


class StaleKind(StrEnum):
    """What makes a quote stale."""

    NO_TRADE = "no-trade"
    NOT_REFRESHED = "not-refreshed"
    AGE_UNKNOWN = "age-unknown"


class Staleness(Struct, frozen=True):
    """Why a quote is stale, and for how long nothing has traded or been refreshed; `str` says it in a few words."""

    kind: StaleKind
    since: timedelta | None = None

    def __str__(self) -> str:
        if self.since is None:
            return "age unknown"
        what = "no trade" if self.kind is StaleKind.NO_TRADE else "not refreshed"
        return f"{what} for {span(self.since)}"


def age(quote: Quote, now: datetime) -> timedelta | None:
    """Time since the quote's last trade, never negative; None when its trade time is missing or lies in the future.

    A trade up to `CLOCK_SKEW` ahead of `now` is taken as made now.
    """
    return None if quote.traded_at is None else _elapsed(quote.traded_at, now)


def staleness(quote: Quote, now: datetime, limits: Limits) -> Staleness | None:
    """Why the quote must not be taken for the current price, or None while it may.

    A market that is open owes a trade within `stale_after` (pre- and post-market: `stale_after_extended`), to which the
    source's own delay is added. A closed market owes none, but the source still owes an answer: at any time a quote
    that missed three rounds of polling is stale (never sooner than the limit for trades).
    """
    if quote.session is Session.CLOSED:
        interval, patience = limits.closed_interval, timedelta(0)
    elif quote.session is Session.REGULAR:
        interval, patience = limits.interval, limits.stale_after
    else:
        interval, patience = limits.interval, limits.stale_after_extended
    refreshed, traded = _elapsed(quote.fetched_at, now), age(quote, now)
    if refreshed is not None and refreshed > max(interval * _MISSED_ROUNDS, patience):
        return Staleness(StaleKind.NOT_REFRESHED, refreshed)
    if refreshed is None or traded is None:
        return Staleness(StaleKind.AGE_UNKNOWN)
    if is_open(quote) and traded > patience + quote.delay:
        return Staleness(StaleKind.NO_TRADE, traded)
    return None


def is_open(quote: Quote) -> bool:
    """Whether the quote's market traded when it was fetched, in extended hours or not."""
    return quote.session is not Session.CLOSED


def _elapsed(since: datetime, now: datetime) -> timedelta | None:
    elapsed = now.astimezone(UTC) - since
    return max(elapsed, timedelta(0)) if elapsed >= -CLOCK_SKEW else None
