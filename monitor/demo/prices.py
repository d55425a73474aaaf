"""The prices of the day: a path for each symbol, through its waypoints, with seeded noise between them.

A path has one trade every fifteen seconds, at a moment within them that the seed picks, except that the first of each
minute comes on the minute: so a waypoint is met at its minute. Between two waypoints the noise is a Brownian bridge.
"""

from __future__ import annotations

import random
from array import array
from datetime import timedelta
from functools import cache
from itertools import accumulate, pairwise
from math import pi, sin, sqrt
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.demo.day import CLOSES_AT, STARTS_AT, on_the_day
from monitor.demo.waypoints import Measure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.demo.markets import Market
    from monitor.demo.waypoints import Scale, Waypoint

STEP = 15  # seconds from trade to trade
FIRST_SHARE = 0.85  # of the first change that is known, where a path starts with none of its own
NIGHT_SHARE = 0.45  # of the day's volume that markets without a closing bell had seen by the start of the replay
_HOUR = 3600 // STEP
_TRIANGLE = sqrt(6)  # one over the standard deviation of the sum of two random numbers


def step_of(moment: datetime) -> int:
    """The step that `moment` falls into; the start of the replay begins step 0."""
    return int((moment - STARTS_AT).total_seconds() // STEP)


LAST_STEP = step_of(CLOSES_AT)


class Path(Struct, frozen=True):
    """The trades of one symbol from 07:00 to the close, and at the last price after it.

    `prices`, `lows` and `highs` have one element a step, the extremes being those since the regular session began;
    what is read from them is rounded to the tick. `delays` are the seconds into its step at which a trade comes, for an
    hour's steps, which then repeat. Nothing trades from step `quiet[0]` until step `quiet[1]`.
    """

    prices: array[float]
    lows: array[float]
    highs: array[float]
    delays: array[float]
    opens: int
    closes: int
    tick: float
    quiet: tuple[int, int]

    def last_trade(self, moment: datetime) -> int:
        """The step of the last trade at or before `moment`."""
        seconds = (moment - STARTS_AT).total_seconds()
        step = int(seconds // STEP)
        if seconds - step * STEP < self.delays[step % _HOUR]:
            step -= 1
        start, end = self.quiet
        return start if start <= step < end else step

    def in_session(self, step: int) -> int:
        """The trade of the regular session nearest to `step`: its first is the opening bell's, its last the close's."""
        return min(max(step, self.opens), self.closes)

    def time(self, step: int) -> datetime:
        """When the trade of `step` took place."""
        return STARTS_AT + timedelta(seconds=step * STEP + self.delays[step % _HOUR])

    def price(self, step: int) -> float:
        return on_tick(self.prices[min(max(step, 0), LAST_STEP)], self.tick)

    def low(self, step: int) -> float:
        return on_tick(self.lows[min(max(step, 0), LAST_STEP)], self.tick)

    def high(self, step: int) -> float:
        return on_tick(self.highs[min(max(step, 0), LAST_STEP)], self.tick)

    def volume_share(self, step: int) -> float:
        """The part of the regular session's volume that had been traded by `step`: more at both ends than at noon."""
        opens = max(self.opens, 0)
        done = min(max((step - opens) / (min(self.closes, LAST_STEP) - opens), 0.0), 1.0)
        if self.opens < 0:
            return NIGHT_SHARE + (1 - NIGHT_SHARE) * done
        return done + 0.12 * sin(2 * pi * done)


def trace(
    scale: Scale, market: Market, waypoints: Sequence[Waypoint], *, seed: int, quiet: tuple[int, int] = (0, 0)
) -> Path:
    """The path of the replayed day. `waypoints` are those of the symbol."""
    floor = max((w.price(scale.close) for w in waypoints if w.lowest), default=0.0)
    return through(_pins(scale, market, waypoints), scale, market, seed=str(seed), floor=floor, quiet=quiet)


def through(
    pins: Sequence[tuple[int, float]],
    scale: Scale,
    market: Market,
    *,
    seed: str,
    floor: float = 0.0,
    quiet: tuple[int, int] = (0, 0),
) -> Path:
    """The path through `pins`, (step, price) by step, of which no price is below `floor`.

    The same path for the same arguments, in every process.
    """
    # Only `random()` itself is promised to give the same numbers in every version of Python.
    source = random.Random(f"{seed}/{scale.symbol}")  # noqa: S311  a replay wants a seed, not secrecy
    opens, closes = step_of(market.opens), step_of(market.closes)
    spread = scale.close * scale.noise / 100 * sqrt(STEP / 60)
    alone = sqrt(1 - scale.tie**2)
    moves = [spread * (scale.tie * shared + alone * _noise(source)) for shared in _shared_noise(seed)]
    bridge = _bridges(pins, moves)
    prices = array("d", [scale.close] * pins[0][0])
    prices.extend(bridge if floor == 0 else [max(level, floor) for level in bridge])
    prices.extend([prices[-1]] * (LAST_STEP + 1 - len(prices)))
    before, regular = prices[: max(opens, 0)], prices[max(opens, 0) :]
    delays = (0.0 if step % (60 // STEP) == 0 else round(source.random() * STEP, 3) for step in range(_HOUR))
    return Path(
        prices=prices,
        lows=before + array("d", accumulate(regular, min)),
        highs=before + array("d", accumulate(regular, max)),
        delays=array("d", delays),
        opens=opens,
        closes=closes,
        tick=scale.tick,
        quiet=quiet,
    )


def _pins(scale: Scale, market: Market, waypoints: Sequence[Waypoint]) -> list[tuple[int, float]]:
    """Where the path has to be: (step, price), by step, from its first to its last."""
    first = STARTS_AT if market.extended else max(market.opens, STARTS_AT)
    last = min(market.closes, CLOSES_AT)
    levels = {step_of(w.at): w.price(scale.close) for w in waypoints if w.measure is not Measure.VOLUME}
    for moment, change in ((on_the_day("07:50"), scale.pre), (on_the_day("10:00"), scale.ten), (last, scale.last)):
        if change is not None and first <= moment:
            levels.setdefault(step_of(moment), scale.close * (1 + change / 100))
    earliest = levels[min(levels)]
    levels.setdefault(step_of(first), scale.close + (earliest - scale.close) * FIRST_SHARE)
    return sorted(levels.items())


@cache
def _shared_noise(seed: str) -> tuple[float, ...]:
    """What moves all markets at once, a number a step: else the Nasdaq and its future would go separate ways."""
    source = random.Random(f"{seed}/everything")  # noqa: S311  as above
    return tuple(_noise(source) for _ in range(LAST_STEP + 1))


def _noise(source: random.Random) -> float:
    """Of mean 0 and standard deviation 1."""
    return (source.random() + source.random() - 1) * _TRIANGLE


def _bridges(pins: Sequence[tuple[int, float]], moves: Sequence[float]) -> list[float]:
    """A level for each step from the first pin to the last; `moves` has the noise of each step of the day."""
    levels = [pins[0][1]]
    for (start, from_level), (end, to_level) in pairwise(pins):
        steps = end - start
        walk = list(accumulate(moves[start + 1 : end + 1]))
        slope = (to_level - from_level - walk[-1]) / steps
        levels.extend(from_level + walk[step] + slope * (step + 1) for step in range(steps - 1))
        levels.append(to_level)
    return levels


def on_tick(level: float, tick: float) -> float:
    """The price nearest to `level` that the market can quote."""
    return round(round(level / tick) * tick, 6)


def surge(scale: Scale, path: Path, waypoints: Sequence[Waypoint]) -> float:
    """The whole day's volume as a multiple of the average: through the documented multiple where there is one."""
    for waypoint in waypoints:
        if waypoint.measure is Measure.VOLUME:
            return waypoint.aim / path.volume_share(step_of(waypoint.at))
    return scale.surge
