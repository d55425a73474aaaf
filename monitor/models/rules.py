"""What rules look for: conditions on headlines, quotes and sources."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import time

    from monitor.models.alerts import Severity
    from monitor.models.quotes import Session
    from monitor.models.watch import Term


class Comparison(Struct, frozen=True):
    """At least `at_least`, or at most `at_most`: exactly one of the two is set."""

    at_least: float | None = None
    at_most: float | None = None

    def holds(self, value: float) -> bool:
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is not None and value <= self.at_most


class Measure(StrEnum):
    """What of a quote a rule looks at. The distances are in per cent and never negative."""

    CHANGE = "change"  # per cent from base_close
    PRICE = "price"
    BELOW_DAY_HIGH = "below_day_high"
    ABOVE_DAY_LOW = "above_day_low"
    BELOW_YEAR_HIGH = "below_year_high"
    ABOVE_YEAR_LOW = "above_year_low"


class HeadlineMatch(Struct, frozen=True, kw_only=True):
    """A headline that mentions the topic or any of the terms, and is of that feed, language and ticker where given.

    With neither topic nor terms, any headline that the other fields let through.
    """

    topic: str | None = None
    terms: tuple[Term, ...] = ()
    feed: str | None = None
    language: str | None = None
    ticker: str | None = None


class QuoteLevel(Struct, frozen=True, kw_only=True):
    """Each of `symbols` is a subject of its own."""

    symbols: tuple[str, ...]
    measure: Measure
    limit: Comparison


class Move(Struct, frozen=True, kw_only=True):
    """Per cent from the oldest bar within the last `minutes` to the price now."""

    symbols: tuple[str, ...]
    minutes: int
    limit: Comparison


class Volume(Struct, frozen=True, kw_only=True):
    """The day's volume is at least `times` the average daily volume."""

    symbols: tuple[str, ...]
    times: float


class ShockRatio(Struct, frozen=True, kw_only=True):
    """Today's move as a multiple of the one that the documents recorded of that symbol for the same session."""

    symbols: tuple[str, ...]
    limit: Comparison


class FeedFailing(Struct, frozen=True, kw_only=True):
    """A feed (by name; None: any feed, each a subject of its own) has failed for at least `lasting`."""

    feed: str | None
    lasting: timedelta


class QuotesStale(Struct, frozen=True, kw_only=True):
    """The quote source has given nothing for `lasting`, or a symbol's quote is stale for that long.

    `symbols` empty: the source as a whole.
    """

    symbols: tuple[str, ...]
    lasting: timedelta


class AllOf(Struct, frozen=True, kw_only=True):
    """All of the conditions, each true at some moment within the last `within` (None: at the same moment)."""

    conditions: tuple[Condition, ...]
    within: timedelta | None = None


class AnyOf(Struct, frozen=True, kw_only=True):
    conditions: tuple[Condition, ...]


Condition = HeadlineMatch | QuoteLevel | Move | Volume | ShockRatio | FeedFailing | QuotesStale | AllOf | AnyOf


class Rule(Struct, frozen=True, kw_only=True):
    """`rearm` is how far a value must fall back behind its limit, in the limit's own unit, before the rule fires again.
    None: 0.5, for a ratio 0.1.

    `hours` are New York wall-clock times (start included, end not; a start after the end spans midnight).
    `sessions` are New York sessions. `max_age` bounds how old a headline may be when it is first seen.
    """

    name: str
    severity: Severity
    when: Condition
    cooldown: timedelta = timedelta(minutes=15)
    rearm: float | None = None
    max_age: timedelta = timedelta(hours=6)
    hours: tuple[time, time] | None = None
    sessions: frozenset[Session] = frozenset()
    enabled: bool = True
