"""A ticker now beside what was documented of 27 January 2025. Pure: whoever asks brings the quote and the time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor import new_york
from monitor.baseline.reference import THE_DAY, described, reference
from monitor.models import Bar, BaselineRef, Quote
from monitor.models.quotes import percent
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from monitor.baseline.load import Baseline

EVE = date(2025, 1, 24)
"""The trading day before, a Friday."""

NOT_YET = "not yet measured"

_CLOSE = time(16)
_DAY = timedelta(days=1)


def shock_ratio(baseline: Baseline, quote: Quote, now: datetime) -> BaselineRef | str:
    """The quote's move as a multiple of the documented one of the same session, or in words why there is none.

    The session is New York's when the quote was traded, so that futures, whose market is always open, are held against
    what was said of them before the open. A quote without a trade on New York's current trading day is not compared:
    its move is an earlier day's. Whether the quote is stale is for the caller to say.
    """
    if (why := why_not_today(quote, now)) is not None:
        return why
    today = quote.change_percent
    if today is None or quote.traded_at is None or not math.isfinite(today):
        return "no previous close"
    record = reference(baseline, quote.symbol, quote.traded_at)
    if isinstance(record, str):
        return record
    documented = record.figure
    if not documented or not math.isfinite(today / documented):
        return "documented as unchanged"
    return BaselineRef(
        id=record.id,
        symbol=quote.symbol,
        documented=documented,
        today=today,
        ratio=today / documented,
        compared=described(record),
        documents=tuple(dict.fromkeys(source.document.file for source in record.sources)),
    )


def why_not_today(quote: Quote, now: datetime) -> str | None:
    """In words why the quote's move is not one of New York's current trading day; None where it is.

    That day begins with the pre-market and lasts, over nights, weekends and holidays, until the next one begins.
    """
    if quote.traded_at is None:
        return "age unknown"
    current = _trading_day(now)
    if quote.traded_at.astimezone(NEW_YORK).date() < current:
        return f"no trade yet on {current.day} {current:%B %Y}"
    return None


class Anchors(Struct, frozen=True):
    """A symbol's closes of 24 and 27 January 2025, None where the history has none."""

    before: float | None = None
    after: float | None = None


def anchors(daily: Sequence[Bar]) -> Anchors:
    """From Yahoo's daily bars, which all begin on the day that they are of in UTC, in January and in every market."""
    closes = {bar.at.astimezone(UTC).date(): bar.close for bar in daily}
    return Anchors(before=closes.get(EVE), after=closes.get(THE_DAY))


class Since(Struct, frozen=True):
    """Change in per cent since the close of 24 January 2025 (`before` the shock) and of 27 January 2025 (`after` it).

    In words why not, where there is none.
    """

    before: float | str
    after: float | str


def since(quote: Quote, closes: Anchors | None) -> Since:
    """How far the quote is from both closes. None: the history was not fetched yet.

    Only a price traded after 16:00 New York time of that day is measured from its close.
    """
    if closes is None:
        return Since(NOT_YET, NOT_YET)
    return Since(_since(quote, EVE, closes.before), _since(quote, THE_DAY, closes.after))


def _since(quote: Quote, day: date, close: float | None) -> float | str:
    name = f"{day.day} {day:%B %Y}"
    if quote.traded_at is None:
        return "age unknown"
    if quote.traded_at <= datetime.combine(day, _CLOSE, NEW_YORK):
        return f"no trade yet after the close of {name}"
    change = percent(quote.price, close)
    return f"no close of {name} in the history" if change is None or not math.isfinite(change) else change


def _trading_day(now: datetime) -> date:
    day = now.astimezone(NEW_YORK).date()
    while (sessions := new_york.trading_day(day)) is None or now < sessions.pre_open:
        day -= _DAY
    return day
