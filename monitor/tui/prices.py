"""Which bars a ticker's chart shows, and what is asked of the collector where they are not stored."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.mailbox import History
from monitor.tui import plot

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.models import Bar
    from monitor.store.reader import Reader

BEFORE, AFTER = datetime(2025, 1, 23, tzinfo=UTC), datetime(2025, 1, 30, tzinfo=UTC)
"""The days around 27 January 2025 whose prices are kept for ever."""

LENGTHS = {"1m": timedelta(minutes=1), "15m": timedelta(minutes=15), "1h": timedelta(hours=1), "1d": timedelta(days=1)}


class Span(StrEnum):
    DAY = "day"
    DAYS = "five days"
    THEN = "around 27 January 2025"


class _Asked(Struct, frozen=True):
    interval: str
    back: timedelta
    stretches: int


# Back over a long weekend; markets that never pause are cut by the second figure.
_ASKED = {
    Span.DAY: _Asked("1m", timedelta(days=4), 1),
    Span.DAYS: _Asked("15m", timedelta(days=9), 5),
}
_LONGEST = {Span.DAY: timedelta(days=1), Span.DAYS: timedelta(days=7)}
_FRESH = timedelta(minutes=2)


class Drawn(Struct, frozen=True):
    """Bars in order of time, that last `length` each, and what the collector should be asked for, if anything."""

    bars: tuple[Bar, ...]
    length: timedelta
    wish: History | None


NOTHING = Drawn((), timedelta(minutes=1), None)


def read(reader: Reader, symbol: str, span: Span, now: datetime) -> Drawn:
    """What is stored of the span. Raises the StoreError kinds."""
    with reader.snapshot():
        if span is Span.THEN:
            daily, hourly = reader.baseline_bars(symbol).get(symbol, ((), ()))
            if not hourly:
                hourly = reader.bars(symbol, interval="1h", source="yahoo", since=BEFORE, until=AFTER)
            return then(symbol, daily, hourly)
        asked = _ASKED[span]
        since = now - asked.back
        fetched = reader.bars(symbol, interval=asked.interval, source="yahoo", since=since, until=now)
        polled = reader.recent_bars([symbol], since)[symbol]
    return live(symbol, span, fetched, polled, now)


def then(symbol: str, daily: Sequence[Bar], hourly: Sequence[Bar]) -> Drawn:
    """Those days by hours, which Yahoo keeps for two years; else by days. They are a record, whatever the hour now."""
    if bars := usable(hourly):
        return Drawn(bars, LENGTHS["1h"], None)
    return Drawn(usable(daily), LENGTHS["1d"], wish(symbol, Span.THEN, AFTER))


def live(symbol: str, span: Span, fetched: Sequence[Bar], polled: Sequence[Bar], now: datetime) -> Drawn:
    """The last stretches of trading before `now`: what Yahoo's history said, and from its end on what was polled.

    History is wished for where what is stored begins late or ends early.
    """
    asked = _ASKED[span]
    length = LENGTHS[asked.interval]
    known = [bar for bar in usable(fetched) if bar.at < now]
    last = known[-1].at if known else None
    newer = [bar for bar in usable(polled) if bar.at < now and (last is None or bar.at > last)]
    bars = _last((*known, *newer), span, asked.stretches)
    is_old = last is None or (now - last > length + _FRESH and _misses(newer, last, length))
    return Drawn(bars, length, wish(symbol, span, now) if is_old else None)


def wish(symbol: str, span: Span, now: datetime) -> History:
    """What the span needs of Yahoo's history."""
    if span is Span.THEN:
        return History(symbol, "1h", BEFORE, AFTER)
    asked = _ASKED[span]
    return History(symbol, asked.interval, now - asked.back, now)


def usable(bars: Iterable[Bar]) -> tuple[Bar, ...]:
    """Those whose prices are numbers: Yahoo has had others."""
    return tuple(bar for bar in bars if all(map(math.isfinite, (bar.open, bar.high, bar.low, bar.close))))


def _misses(newer: Sequence[Bar], last: datetime, length: timedelta) -> bool:
    """Whether what was polled does not take up where the history ends."""
    return not newer or newer[0].at - last > length + _FRESH


def _last(bars: tuple[Bar, ...], span: Span, stretches: int) -> tuple[Bar, ...]:
    if not bars:
        return ()
    recent = [bar for bar in bars if bar.at > bars[-1].at - _LONGEST[span]]
    begins = plot.axis(recent, LENGTHS["1m"]).stretches[-stretches:][0][0]
    return tuple(bar for bar in recent if bar.at >= begins)
