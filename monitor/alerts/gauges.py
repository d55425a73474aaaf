"""What is measured of a symbol: a value, why there is none, or that it is too early to say."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Literal, NamedTuple

from msgspec import Struct

from monitor import market
from monitor.alerts.facts import Facts
from monitor.models import Measure, Quote
from monitor.models.quotes import percent

Reading = float | str | None
"""A value; or in words why the symbol cannot be measured; or None while nothing is wrong and yet nothing known."""

Day = Literal["base_close", "previous_close"] | None
"""The field of a quote that changes with the trading day that a measure belongs to; None for a measure of no day.

The day's extremes and its volume are those of the last regular session until the next one opens, and so is
`previous_close`; `base_close` moves on before the open.
"""


class Meter(Struct, frozen=True):
    """One way of measuring a quote.

    `read` gives a value, or in words why there is none. `lacks` says what is missing when it gives None; None when that
    is nobody's fault. `say` words a value. `rearm` is the margin of a rule that does not give its own. `idle`: whether
    there is nothing to measure of a symbol now, so that nothing can be missing either.
    """

    read: Callable[[Quote, Facts, datetime], Reading]
    say: Callable[[float, Quote, Facts, datetime], str]
    limit: str
    day: Day
    lacks: str | None
    rearm: float = 0.5
    idle: Callable[[str, Facts, datetime], bool] = lambda *_: False


class Gauge(NamedTuple):
    """A symbol measured in one way."""

    symbol: str
    meter: Meter

    def reading(self, facts: Facts, now: datetime) -> Reading:
        found = self._found(facts, now)
        return None if isinstance(found, str) and self.meter.idle(self.symbol, facts, now) else found

    def _found(self, facts: Facts, now: datetime) -> Reading:
        quote = facts.quotes.get(self.symbol)
        if quote is None:
            return _why_missing(self.symbol, facts)
        staleness = facts.stale.get(self.symbol)
        if staleness is not None:
            return str(staleness)
        value = self.meter.read(quote, facts, now)
        if value is not None and not isinstance(value, str) and math.isfinite(value):
            return float(value)
        why = value if isinstance(value, str) else self.meter.lacks
        return why if market.is_open(quote) else None


def _why_missing(symbol: str, facts: Facts) -> str | None:
    if facts.quote_source is None or not facts.quotes_asked:
        return None
    return "unknown to the quote source" if symbol in facts.quote_source.unknown else "no quote"


def money(value: float, currency: str | None = None) -> str:
    """A price with two decimals, small ones with up to four: 118.42 USD, 0.6543 USD."""
    text = f"{value:,.2f}"
    if abs(value) < 10:  # currencies and pennies move in the fourth decimal
        text = f"{value:,.4f}".removesuffix("00")
    return f"{text} {currency}" if currency else text


def _at(quote: Quote) -> str:
    return f"at {money(quote.price, quote.unit)}"


def _change(quote: Quote, _facts: Facts, _now: datetime) -> float | None:
    return quote.change_percent


def _price(quote: Quote, _facts: Facts, _now: datetime) -> float | None:
    return quote.price


def _below(high: Callable[[Quote], float | None]) -> Callable[[Quote, Facts, datetime], float | None]:
    def read(quote: Quote, _facts: Facts, _now: datetime) -> float | None:
        distance = percent(quote.price, high(quote))
        return None if distance is None else max(0.0, -distance)

    return read


def _above(low: Callable[[Quote], float | None]) -> Callable[[Quote, Facts, datetime], float | None]:
    def read(quote: Quote, _facts: Facts, _now: datetime) -> float | None:
        distance = percent(quote.price, low(quote))
        return None if distance is None else max(0.0, distance)

    return read


def _volume(quote: Quote, _facts: Facts, _now: datetime) -> float | None:
    if quote.volume is None or not quote.average_volume or quote.average_volume < 0:
        return None
    return quote.volume / quote.average_volume


def _say_volume(value: float, quote: Quote, _facts: Facts, _now: datetime) -> str:
    return f"{quote.symbol} volume {value:.1f} times its average, {_at(quote)}"


LEVELS: dict[Measure, Meter] = {
    Measure.CHANGE: Meter(
        read=_change,
        say=lambda value, quote, *_: f"{quote.symbol} {value:+.2f}% from the last close, {_at(quote)}",
        limit="{:+g}%",
        day="base_close",
        lacks="no previous close",
    ),
    Measure.PRICE: Meter(
        read=_price,
        say=lambda _value, quote, *_: f"{quote.symbol} {_at(quote)}",
        limit="{:,g}",
        day=None,
        lacks="no price",
    ),
    Measure.BELOW_DAY_HIGH: Meter(
        read=_below(lambda quote: quote.day_high),
        say=lambda value, quote, *_: f"{quote.symbol} {value:.2f}% below the day's high, {_at(quote)}",
        limit="{:g}%",
        day="previous_close",
        lacks="no day's high",
    ),
    Measure.ABOVE_DAY_LOW: Meter(
        read=_above(lambda quote: quote.day_low),
        say=lambda value, quote, *_: f"{quote.symbol} {value:.2f}% above the day's low, {_at(quote)}",
        limit="{:g}%",
        day="previous_close",
        lacks="no day's low",
    ),
    Measure.BELOW_YEAR_HIGH: Meter(
        read=_below(lambda quote: quote.year_high),
        say=lambda value, quote, *_: f"{quote.symbol} {value:.2f}% below the 52-week high, {_at(quote)}",
        limit="{:g}%",
        day=None,
        lacks="no 52-week high",
    ),
    Measure.ABOVE_YEAR_LOW: Meter(
        read=_above(lambda quote: quote.year_low),
        say=lambda value, quote, *_: f"{quote.symbol} {value:.2f}% above the 52-week low, {_at(quote)}",
        limit="{:g}%",
        day=None,
        lacks="no 52-week low",
    ),
}

VOLUME = Meter(read=_volume, say=_say_volume, limit="{:g} times", day="previous_close", lacks="no volume or average")


@cache
def move(minutes: int) -> Meter:
    """Per cent from the oldest bar of the last `minutes` to the price now.

    The bars must reach back over half of that time at least: after a start, or an open, it is too early to say.
    """
    window = timedelta(minutes=minutes)

    def read(quote: Quote, facts: Facts, now: datetime) -> float | None:
        bars = facts.bars.get(quote.symbol, ())
        oldest = bisect_left(bars, now - window, key=lambda bar: bar.at)
        if oldest == len(bars) or bars[oldest].at > now - window / 2:
            return None
        return percent(quote.price, bars[oldest].open)

    def say(value: float, quote: Quote, _facts: Facts, _now: datetime) -> str:
        return f"{quote.symbol} {value:+.2f}% in {minutes} min, {_at(quote)}"

    return Meter(read=read, say=say, limit="{:+g}%", day="base_close", lacks=None)


def _ratio(quote: Quote, facts: Facts, now: datetime) -> Reading:
    if facts.baseline is None:
        return "no documented moves at hand"
    if quote.change_percent is None or not math.isfinite(quote.change_percent):
        return "no previous close"
    ref = facts.compared(quote.symbol, now)
    return None if ref is None else ref.ratio


def _undocumented(symbol: str, facts: Facts, now: datetime) -> bool:
    if facts.baseline is None:
        return False
    from monitor.baseline.reference import reference  # not at the top: most rules do not compare

    return isinstance(reference(facts.baseline, symbol, now), str)


def _say_ratio(value: float, quote: Quote, facts: Facts, now: datetime) -> str:
    ref = facts.compared(quote.symbol, now)
    today = "" if ref is None else f" {ref.today:+.2f}%"
    shock = "move" if ref is None else f"{ref.compared} ({', '.join(ref.documents)})"
    return f"{quote.symbol}{today} is {value:.2f} of its documented {shock}, {_at(quote)}"


SHOCK_RATIO = Meter(
    read=_ratio, say=_say_ratio, limit="{:g}", day="base_close", lacks=None, rearm=0.1, idle=_undocumented
)
