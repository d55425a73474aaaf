"""What the demo's exchange remembers: invented days before the replay, and the replayed day so far as bars."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.demo.day import DAY, ENDS_AT, EVE, STARTS_AT
from monitor.demo.prices import STEP, on_tick, step_of
from monitor.models import Bar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.demo.markets import Market
    from monitor.demo.prices import Path
    from monitor.demo.waypoints import Scale

PAST_DAYS = 60
MINUTES = {"1m": 1, "2m": 2, "5m": 5, "15m": 15, "30m": 30, "60m": 60, "1h": 60}
FELL_ON_FRIDAY = {"KRW=X"}  # the one change of the past that is documented (003_6b4fbb2c43d343b7.txt)
# When the New York exchanges stayed shut on a weekday within the invented past.
_HOLIDAYS = {date(2024, 11, 28), date(2024, 12, 25), date(2025, 1, 1), date(2025, 1, 9), date(2025, 1, 20)}


class Traded(Struct, frozen=True):
    """One symbol's trading on the replayed day, or on another that was made after it. `volume` is the whole day's."""

    scale: Scale
    market: Market
    path: Path
    volume: float | None


def past_days(scale: Scale, market: Market, *, seed: int) -> tuple[Bar, ...]:
    """Daily bars, oldest first: an invented random walk that ends at Friday's close."""
    source = random.Random(f"{seed}/{scale.symbol}/past")  # noqa: S311  a replay wants a seed, not secrecy
    spread = scale.noise / 100 * sqrt(390)
    close = scale.close
    bars: list[Bar] = []
    for day in _trading_days_before(min(DAY, market.until + timedelta(days=1)), PAST_DAYS):
        opened = close / (1 + (source.random() * 2 - 1) * spread)
        reach = source.random() * spread / 2
        low, high = min(opened, close) * (1 - reach), max(opened, close) * (1 + reach)
        volume = None if scale.average_volume is None else int(scale.average_volume * (0.8 + 0.4 * source.random()))
        bars.append(_bar(scale, "1d", _day_starts(market, day), (opened, low, high, close), volume))
        close = opened / (1 + (source.random() - 0.5) * spread / 2)
        if day == EVE and scale.symbol in FELL_ON_FRIDAY:
            close = max(close, scale.close * (1 + spread / 4))
    return tuple(reversed(bars))


def today(traded: Traded, now: datetime) -> Bar | None:
    """The daily bar of the replayed day up to `now`; None before its regular session."""
    market, path = traded.market, traded.path
    if now < market.opens or market.until < DAY:
        return None
    if market.shut_since is not None:
        now = ENDS_AT  # its day was over before the replay began
    step = path.in_session(path.last_trade(now))
    prices = (path.price(path.opens), path.low(step), path.high(step), path.price(step))
    volume = _share(traded.volume, path.volume_share(step))
    return _bar(traded.scale, "1d", _day_starts(market, DAY), prices, volume)


def intraday(traded: Traded, interval: str, now: datetime) -> tuple[Bar, ...]:
    """Bars of `interval` (a key of MINUTES) from 07:00 up to `now`, extended hours included.

    As Yahoo's, they are counted from the beginning of each session: hours of the regular one begin at half past.
    """
    market, path = traded.market, traded.path
    if market.shut_since is not None or (now < market.opens and not market.extended):
        return ()
    width = MINUTES[interval] * 60 // STEP
    latest = path.last_trade(now) if market.extended else path.in_session(path.last_trade(now))
    bars = []
    for first, end in _sessions(market, path):
        sold = path.volume_share(first - 1)
        for start in range(first, min(end, latest + 1), width):
            steps = range(start, min(start + width, end, latest + 1))
            prices = [path.price(step) for step in steps]
            ohlc = (prices[0], min(prices), max(prices), prices[-1])
            sold, before = path.volume_share(steps[-1]), sold
            at = STARTS_AT + timedelta(seconds=start * STEP)
            bars.append(_bar(traded.scale, interval, at, ohlc, _share(traded.volume, sold - before)))
    return tuple(bars)


def _sessions(market: Market, path: Path) -> tuple[tuple[int, int], ...]:
    """The sessions from 07:00 to 20:00: the step that each begins with, and the one after its last.

    The closing bell's trade begins the post-market, and where there is none it is the last of all.
    """
    if market.extended:
        return (0, path.opens), (path.opens, path.closes), (path.closes, step_of(ENDS_AT))
    return ((max(path.opens, 0), min(path.closes + 1, step_of(ENDS_AT))),)


def _share(volume: float | None, part: float) -> int | None:
    return None if volume is None else int(volume * part)


def _bar(scale: Scale, interval: str, at: datetime, prices: tuple[float, ...], volume: int | None) -> Bar:
    opened, low, high, close = (on_tick(price, scale.tick) for price in prices)
    return Bar(
        symbol=scale.symbol,
        interval=interval,
        at=at,
        open=opened,
        low=low,
        high=high,
        close=close,
        volume=volume,
        source="yahoo",
    )


def _trading_days_before(day: date, count: int) -> Iterator[date]:
    while count:
        day -= timedelta(days=1)
        if day.weekday() < 5 and day not in _HOLIDAYS:
            count -= 1
            yield day


def _day_starts(market: Market, day: date) -> datetime:
    """Yahoo dates a daily bar by its session's opening bell; markets without one within the replay by midnight UTC."""
    if market.opens > STARTS_AT:
        return market.opens - timedelta(days=(DAY - day).days)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
