"""Yahoo's quote and chart records made `Quote` and `Bar`. Pure, and trusts nothing: any key may be missing or absurd.

Field names and units are those of v7/finance/quote and v8/finance/chart as yfinance 1.7 receives them: prices in the
listing's currency (GBp is pence), times in epoch seconds, delays in minutes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec import Struct

from monitor.markup import clean
from monitor.models import Bar, Quote, Session

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_SMALLEST_PRICE, _LARGEST_PRICE = 1e-12, 1e12
_LARGEST_COUNT = 2**63 - 1  # what an SQLite integer holds
_LONGEST_DELAY = 24 * 60
_LONGEST_TEXT = 1000

_SESSIONS = {
    "PREPRE": Session.CLOSED,  # midnight to 04:00 in New York: nothing trades
    "PRE": Session.PRE,
    "REGULAR": Session.REGULAR,
    "POST": Session.POST,
    "POSTPOST": Session.CLOSED,  # 20:00 to midnight
    "CLOSED": Session.CLOSED,
}

# The only kinds of which negative prices are known: oil in April 2020, and yields quoted as indices.
_MAY_BE_NEGATIVE = frozenset({"FUTURE", "INDEX"})

FIELDS = (
    "symbol",
    "shortName",
    "longName",
    "currency",
    "exchange",
    "fullExchangeName",
    "quoteType",
    "marketState",
    "hasPrePostMarketData",
    "exchangeDataDelayedBy",
    "regularMarketPrice",
    "regularMarketTime",
    "regularMarketPreviousClose",
    "regularMarketDayLow",
    "regularMarketDayHigh",
    "regularMarketVolume",
    "averageDailyVolume3Month",
    "fiftyTwoWeekLow",
    "fiftyTwoWeekHigh",
    "preMarketPrice",
    "preMarketTime",
    "postMarketPrice",
    "postMarketTime",
)
"""All that `to_quote` reads; unless asked for these alone Yahoo sends some ninety, three times the bytes to parse."""

INTERVALS = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "1d": timedelta(days=1),
}
"""The chart intervals offered here, by Yahoo's names."""


class _Trade(Struct, frozen=True):
    price: float
    at: datetime | None


def to_quote(raw: Mapping[str, object], *, now: datetime) -> Quote | None:
    """One record of `quoteResponse.result` as a quote asked for at `now`; None without a symbol or a usable price.

    Outside the regular session the price is the newest trade that has a time, in practice the pre-market one in PRE and
    the post-market one in PREPRE, POST, POSTPOST and CLOSED. An extended-hours price without a time, or one not newer
    than the regular trade, is not used: it would be an old price under a new name. `base_close` is the regular price
    while the newest trade is a pre-market one, because Yahoo's "previous close" is then still a day older.
    A symbol without extended hours (indices, futures, most of Asia) is closed where the others are in PRE or POST. An
    unknown market state counts as regular, in which an old price is noticed soonest.
    """
    symbol = _label(raw.get("symbol"), 32)
    signed = _text(raw.get("quoteType")) in _MAY_BE_NEGATIVE
    regular = _trade(raw.get("regularMarketPrice"), raw.get("regularMarketTime"), signed=signed)
    state = _text(raw.get("marketState"))
    session = _SESSIONS.get(state, Session.REGULAR)
    if session in {Session.PRE, Session.POST} and raw.get("hasPrePostMarketData") is False:
        session = Session.CLOSED
    before = after = None
    if session is not Session.REGULAR:
        after = _trade(raw.get("postMarketPrice"), raw.get("postMarketTime"))
    if state in {"PRE", "PREPRE"}:
        before = _trade(raw.get("preMarketPrice"), raw.get("preMarketTime"))
    last = _newest(regular, before, after)
    if symbol is None or last is None:
        return None
    extended = None if last is regular else last
    previous_close = _price(raw.get("regularMarketPreviousClose"), signed=signed)
    last_close = regular.price if regular else None
    return Quote(
        symbol=symbol,
        price=last.price,
        traded_at=last.at,
        session=session,
        fetched_at=now,
        name=_label(raw.get("shortName"), 200) or _label(raw.get("longName"), 200),
        currency=_label(raw.get("currency"), 8),
        exchange=_label(raw.get("fullExchangeName"), 40) or _label(raw.get("exchange"), 40),
        base_close=last_close if last is before else previous_close,
        previous_close=previous_close,
        regular_price=last_close,
        regular_at=regular.at if regular else None,
        extended_price=extended.price if extended else None,
        extended_at=extended.at if extended else None,
        day_low=_price(raw.get("regularMarketDayLow"), signed=signed),
        day_high=_price(raw.get("regularMarketDayHigh"), signed=signed),
        year_low=_price(raw.get("fiftyTwoWeekLow"), signed=signed),
        year_high=_price(raw.get("fiftyTwoWeekHigh"), signed=signed),
        volume=_count(raw.get("regularMarketVolume")),
        average_volume=_count(raw.get("averageDailyVolume3Month")),
        delay=timedelta(minutes=min(_count(raw.get("exchangeDataDelayedBy")) or 0, _LONGEST_DELAY)),
    )


def to_bars(symbol: str, interval: str, result: object) -> tuple[Bar, ...]:
    """One element of `chart.result` as bars in order of time, without those that lack a price.

    `interval` is one of `INTERVALS`. Yahoo ends a chart with the trade of this moment, a "bar" that begins inside the
    one before it: it is left out. So are not the hours that New York's sessions cut short at half past.
    """
    if not isinstance(result, Mapping):
        return ()
    indicators = result.get("indicators")
    quotes = _items(indicators.get("quote") if isinstance(indicators, Mapping) else None)
    columns = quotes[0] if quotes else None
    if not isinstance(columns, Mapping):
        return ()
    prices = [_items(columns.get(name)) for name in ("open", "high", "low", "close")]
    volumes = _items(columns.get("volume"))
    bars: list[Bar] = []
    for index, (at, *row) in enumerate(zip(_items(result.get("timestamp")), *prices, strict=False)):
        began = _time(at)
        volume = _count(volumes[index]) if index < len(volumes) else None
        bar = None if began is None else _bar(symbol, interval, began, row, volume)
        if bar is not None and (not bars or bar.at - bars[-1].at >= _shortest_gap(interval, bar.at)):
            bars.append(bar)
    return tuple(bars)


def _bar(symbol: str, interval: str, at: datetime, row: Sequence[object], volume: int | None) -> Bar | None:
    prices = [price for price in (_price(value, signed=True) for value in row) if price is not None]
    if len(prices) < len(row):
        return None
    opened, high, low, close = prices
    if not low <= min(opened, close) <= max(opened, close) <= high:
        return None
    return Bar(
        symbol=symbol,
        interval=interval,
        at=at,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
        source="yahoo",
    )


def _shortest_gap(interval: str, at: datetime) -> timedelta:
    """How long before a bar that begins at `at` the one before it must have begun."""
    if interval == "1d":  # begins at the open, which moves by an hour with daylight saving time
        return timedelta(hours=23)
    if interval == "1h" and at.minute % 30 == 0 and at.second == 0:
        return timedelta(minutes=30)  # the pre-market ends at 09:30, the last regular hour of a day begins at 15:30
    return INTERVALS[interval]


def _trade(price: object, at: object, *, signed: bool = False) -> _Trade | None:
    value = _price(price, signed=signed)
    return None if value is None else _Trade(value, _time(at))


def _newest(regular: _Trade | None, *extended: _Trade | None) -> _Trade | None:
    """The extended trade that is newer than all others, else the regular one."""
    last = regular
    for trade in extended:
        if trade is None or trade.at is None:
            continue
        if last is None or last.at is None or trade.at > last.at:
            last = trade
    return last


def _label(value: object, limit: int) -> str | None:
    return (_clean(value[:_LONGEST_TEXT], limit) or None) if isinstance(value, str) else None


@lru_cache(maxsize=4096)  # the same few names come with every poll
def _clean(text: str, limit: int) -> str:
    return clean(text, limit=limit)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _number(value: object) -> float | None:
    """A finite number; None for what only looks like one: booleans, strings, NaN, infinities, boundless integers."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _price(value: object, *, signed: bool = False) -> float | None:
    """A price; zero is how Yahoo says that it has none."""
    price = _number(value)
    if price is None:
        return None
    size = -price if signed and price < 0 else price
    return price if _SMALLEST_PRICE <= size <= _LARGEST_PRICE else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and 0 <= number < _LARGEST_COUNT else None


def _time(value: object) -> datetime | None:
    seconds = _number(value)
    if seconds is None or not _EARLIEST <= seconds <= _LATEST:
        return None
    return datetime.fromtimestamp(seconds, UTC)
