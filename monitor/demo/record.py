"""What the demo's exchange knows of 24 to 29 January 2025, whatever the hour of the replay. All of it is SIMULATED.

The 27th is the replayed day. The days around it are made as it was made, as a path with seeded noise between a few
pins, and have its hours: nothing before 07:00 in New York, and at the last price after the close. Their pins:

    24 January    invented: from the open of the day before the replay to its close, within its lowest and highest price
    28 January    invented: what fell on the 27th has a part of it back (REBOUND), the rest goes along with that. That
                  there was a rebound is documented, how large it was is not; so is where Nvidia stood before the open
    29 January    invented: an ordinary day, up or down
"""

from __future__ import annotations

import random
from array import array
from datetime import UTC, date, datetime
from math import sqrt
from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.demo.day import DAY, ENDS_AT, EVE, on_the_day
from monitor.demo.history import Traded, intraday, today
from monitor.demo.prices import LAST_STEP, step_of, through

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.demo.markets import Market
    from monitor.demo.waypoints import Scale
    from monitor.models import Bar

FROM, UNTIL = datetime(2025, 1, 23, tzinfo=UTC), datetime(2025, 1, 30, tzinfo=UTC)
REBOUND = (0.25, 0.55)  # how much of its fall comes back on the 28th: the least and the most
BEFORE_THE_OPEN = {"NVDA": 5.0}  # on the 28th, per cent from the close before (000_eae2d7e2d8e2c08d.txt)
_NEXT, _LAST = date(2025, 1, 28), date(2025, 1, 29)
_EARLY = step_of(on_the_day("07:50"))


def asks_for_record(start: datetime, end: datetime) -> bool:
    """Whether [start, end) is a question about those days: it lies within them and ends after the replayed one.

    A chart that leads up to the present never does.
    """
    return start >= FROM and ENDS_AT < end <= UNTIL


def record(replayed: Traded, past: Sequence[Bar], *, seed: int) -> Mapping[str, tuple[Bar, ...]]:
    """The bars of those days, "1d" and "1h". `past` are the daily bars before the replayed day."""
    scale, market, path = replayed.scale, replayed.market, replayed.path
    days = [(EVE, _eve(scale, market, past, seed))] if market.until >= EVE else []
    if market.until >= DAY:
        days.append((DAY, replayed))
    close = path.price(path.closes)
    for day in (_NEXT, _LAST):
        if market.until >= day:
            source = random.Random(f"{seed}/{scale.symbol}/{day}")  # noqa: S311  a replay wants a seed, not secrecy
            change = _rebound(scale, close, source) if day == _NEXT else _ordinary(scale, source)
            before_open = BEFORE_THE_OPEN.get(scale.symbol) if day == _NEXT else None
            traded = _after(scale, market, close, change, before_open, source, f"{seed}/{day}")
            days.append((day, traded))
            close = traded.path.price(traded.path.closes)
    daily = [_moved(bar, day) for day, traded in days if day > EVE and (bar := today(traded, ENDS_AT)) is not None]
    hourly = [_moved(bar, day) for day, traded in days for bar in intraday(traded, "1h", ENDS_AT)]
    return {"1d": (*past, *daily), "1h": tuple(hourly)}


def _eve(scale: Scale, market: Market, past: Sequence[Bar], seed: int) -> Traded:
    """Friday, within its daily bar."""
    before, bar = past[-2], past[-1]
    opens, closes = _session(market)
    pins = {opens: bar.open, closes: bar.close}
    if market.extended:
        pins[0] = before.close
    path = through(sorted(pins.items()), scale, market, seed=f"{seed}/{EVE}")
    levels = [
        min(max(price, bar.low), bar.high) if opens <= step <= closes else price
        for step, price in enumerate(path.prices)
    ]
    return Traded(scale, market, replace(path, prices=array("d", levels)), bar.volume)


def _after(
    scale: Scale,
    market: Market,
    before: float,
    change: float,
    before_open: float | None,
    source: random.Random,
    seed: str,
) -> Traded:
    """A day that ends `change` (a share) away from the close `before`; `before_open` is in per cent, None: invented."""
    opens, closes = _session(market)
    early = change * (0.3 + 0.5 * source.random()) if before_open is None else before_open / 100
    pins = {opens: before * (1 + (early + change) / 2), closes: before * (1 + change)}
    if market.extended:
        pins |= {0: before * (1 + early / 2), _EARLY: before * (1 + early)}
    path = through(sorted(pins.items()), scale, market, seed=seed)
    volume = None if scale.average_volume is None else scale.average_volume * (0.8 + 0.8 * source.random())
    return Traded(scale, market, path, volume)


def _session(market: Market) -> tuple[int, int]:
    """The first and the last step of the regular session that has a price of its own."""
    return max(step_of(market.opens), 0), min(step_of(market.closes), LAST_STEP)


def _rebound(scale: Scale, close: float, source: random.Random) -> float:
    """The change of the 28th, a share: a part of the fall to `close` back, else as the markets went that day."""
    least, most = REBOUND
    part = least + (most - least) * source.random()
    if close < scale.close:
        return part * (scale.close - close) / close
    return scale.tie * part * _spread(scale)


def _ordinary(scale: Scale, source: random.Random) -> float:
    return (source.random() - 0.5) * _spread(scale)


def _spread(scale: Scale) -> float:
    """A day's usual move, a share of the price, as that of a minute in a regular session of 390."""
    return scale.noise / 100 * sqrt(390)


def _moved(bar: Bar, day: date) -> Bar:
    """`bar` of the replayed day as one of `day`: clocks are not changed in that week."""
    return replace(bar, at=bar.at + (day - DAY))
