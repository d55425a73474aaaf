"""What the market's own prices say of a documented figure, and by how much the two differ. Pure.

A figure of a minute is held against the hour that holds it, because hours are the finest prices left of those days. A
move of a day as a whole is held against the close.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct

from monitor.baseline.live import NOT_YET
from monitor.baseline.reference import day, part
from monitor.models import Bar, DayPart, Measured, MeasuredState, Qualifier, Record, RecordKind
from monitor.when import NEW_YORK

FIRST, LAST = date(2025, 1, 24), date(2025, 1, 29)
KINDS = frozenset({RecordKind.MOVE, RecordKind.LEVEL, RecordKind.YIELD, RecordKind.CURRENCY})

_HOUR = timedelta(hours=1)
_HOURS = {
    DayPart.PRE: (time(4), time(9, 30), "before the open"),
    DayPart.REGULAR: (time(9, 30), time(16), "of the regular session"),
    DayPart.POST: (time(16), time(20), "after the close"),
}
_BEYOND = frozenset({Qualifier.MORE_THAN, Qualifier.AT_LEAST})
_BASIS_POINTS = 100  # in a per cent, of which a yield's price is


class _Span(Struct, frozen=True):
    """The lowest and the highest that something was; equal where it is one figure."""

    low: float
    high: float


def measure(record: Record, daily: Sequence[Bar], hourly: Sequence[Bar], *, asked: bool, simulated: bool) -> Measured:
    """The record beside Yahoo's `daily` and `hourly` bars of its symbol, of 23 to 29 January 2025, in order of time.

    `asked` is whether that history was fetched at all, `simulated` whether from a replay. A level is measured by the
    price, a move by the price against the last close before its day, in per cent or, of a yield, in basis points.
    """
    if (why := _why_not_measurable(record)) is not None:
        return Measured(state=MeasuredState.NOT_MEASURABLE, basis=why)
    if not asked:
        return Measured(state=MeasuredState.NOT_YET, basis=NOT_YET)
    found = _found(record, daily, hourly)
    if isinstance(found, str):
        return Measured(state=MeasuredState.NOT_MEASURABLE, basis=found, simulated=simulated)
    span, basis = found
    difference = _difference(record, span)
    if record.qualifier is Qualifier.DIRECTION_ONLY:
        basis += f": {'contradicts' if difference else 'agrees'}"
    alone = span.low == span.high
    return Measured(
        state=MeasuredState.MEASURED,
        basis=basis,
        value=span.low if alone else None,
        low=None if alone else span.low,
        high=None if alone else span.high,
        difference=difference,
        simulated=simulated,
    )


def is_measurable(record: Record) -> bool:
    """Whether prices of 24 to 29 January 2025 can say anything of it."""
    return _why_not_measurable(record) is None


def _why_not_measurable(record: Record) -> str | None:
    if record.kind not in KINDS or record.unit is None:
        return "not a price"
    if record.symbol is None:
        return "no symbol"
    that_day = day(record)
    if that_day is None or not FIRST <= that_day <= LAST:
        return "not of one day from 24 to 29 January 2025"
    return None


def _found(record: Record, daily: Sequence[Bar], hourly: Sequence[Bar]) -> tuple[_Span, str] | str:
    """What was measured, in the record's unit, and in words on what basis; or why nothing could be."""
    that_day = day(record)
    if part(record) is DayPart.CLOSE:
        bars = [bar for bar in daily if _day_of(bar) == that_day]
        whole = record.session is None and _is_level(record)  # a price at some time of that day
        words = "range of the day" if whole else "close"
        prices = [price for bar in bars for price in ((bar.low, bar.high) if whole else (bar.close,))]
    else:
        bars, words = _hours(record, hourly)
        prices = [price for bar in bars for price in (bar.low, bar.high)]
    if not prices:
        return f"no {words} in the history"
    if _is_level(record):
        return _Span(min(prices), max(prices)), words
    before = next((bar for bar in reversed(daily) if that_day is not None and _day_of(bar) < that_day), None)
    if before is None or before.close <= 0 or min(prices) <= 0:
        return "no close before that day in the history"
    moves = [_move(record, price, before.close) for price in prices]
    eve = _day_of(before)
    return _Span(min(moves), max(moves)), f"{words} against the close of {eve.day} {eve:%B %Y}"


def _hours(record: Record, hourly: Sequence[Bar]) -> tuple[list[Bar], str]:
    """The bar that holds the record's minute, or all of its part of the day; and what they are called.

    The regular session's hours begin at 09:30, 10:30 and so on, all others on the full hour, so that a bar ends where
    the next one begins, if not after an hour.
    """
    if record.when is not None and isinstance(at := record.when.at, datetime):
        holding = [bar for bar in hourly if bar.at <= at < bar.at + _HOUR][-1:]
        begins = min((bar.at for bar in holding), default=at)
        return holding, f"hour {'from' if holding else 'of'} {begins.astimezone(NEW_YORK):%H:%M}"
    first, last, words = _HOURS[part(record)]
    times = [(bar, bar.at.astimezone(NEW_YORK)) for bar in hourly]
    return [bar for bar, at in times if at.date() == day(record) and first <= at.time() < last], f"hours {words}"


def _is_level(record: Record) -> bool:
    """Whether the figure is a price itself. A yield in per cent is one; a currency in per cent is a move."""
    if record.unit == "basis_points" or record.qualifier is Qualifier.DIRECTION_ONLY:
        return False
    return record.unit != "percent" or record.kind in {RecordKind.LEVEL, RecordKind.YIELD}


def _move(record: Record, price: float, base: float) -> float:
    if record.unit == "basis_points":
        return (price - base) * _BASIS_POINTS
    return (price - base) / base * 100


def _difference(record: Record, measured: _Span) -> float:
    """The documented figure less the measured one: between their nearest ends, 0 where they overlap."""
    said = _said(record)
    if said.high < measured.low:
        return said.high - measured.low
    return said.low - measured.high if said.low > measured.high else 0.0


def _said(record: Record) -> _Span:
    """What the document's words allow: a fall of more than 7% is any from -7 on, a direction any on its side of 0."""
    if record.value is None:
        return _Span(-math.inf if record.low is None else record.low, math.inf if record.high is None else record.high)
    if record.qualifier is Qualifier.LESS_THAN:
        return _Span(min(record.value, 0), max(record.value, 0))
    beyond = math.copysign(math.inf, record.value) if record.qualifier in _BEYOND else record.value
    return _Span(min(record.value, beyond), max(record.value, beyond))


def _day_of(bar: Bar) -> date:
    """A daily bar begins on its own day in UTC, in January and in every market."""
    return bar.at.astimezone(UTC).date()
