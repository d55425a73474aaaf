"""What the documents say of the day in figures, and the scale that the demo adds so that prices can be quoted.

waypoints.csv holds only documented figures, a row each:

    symbol, at     the hour in New York; `hour` says whether the document gives it (`given`) or only the session
                   ("before the open", "the close"), in which case the demo chose the minute
    measure        change: per cent from the close before; basis_points: likewise, for a yield; price: the level;
                   volume: multiple of the average
    figure, upto   as written, so that "-17.0" is known to a tenth and "-11" to a unit; `upto` ends a range
    qualifier      exact; nearly and over (short of and beyond the figure); about; between (`figure` and `upto`)
    extreme        low: no price of the day is below it
    document       the file in the project's documents

One figure is left out: 000_eae2d7e2d8e2c08d.txt also has NVIDIA down about 15 per cent for the day, where two others
agree on 17.

listings.csv is the demo's own. `basis` says how `close`, Friday's close, came about: computed from a documented
figure, or "scale", which is an invented round number in the right order of size. `pre`, `ten` and `last` are invented
changes in per cent at 07:50, at 10:00 and at the close, each used only where waypoints.csv has nothing; `noise` is the
spread of one minute's move in per cent, `tie` how far it follows the noise that all share (-1 to 1), `surge` the day's
volume as a multiple of the average, invented as well.
"""

from __future__ import annotations

import csv
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.demo.day import on_the_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Measure(StrEnum):
    CHANGE = "change"
    BASIS_POINTS = "basis_points"
    PRICE = "price"
    VOLUME = "volume"


class Qualifier(StrEnum):
    EXACT = "exact"
    NEARLY = "nearly"
    OVER = "over"
    ABOUT = "about"
    BETWEEN = "between"


# How far from its figure a qualifier lets a value be, as shares of the figure.
_ALLOWANCES = {Qualifier.NEARLY: (0.93, 1.0), Qualifier.OVER: (1.0, 1.15), Qualifier.ABOUT: (0.9, 1.1)}


class Waypoint(Struct, frozen=True, kw_only=True):
    """One documented figure."""

    symbol: str
    at: datetime
    measure: Measure
    figure: str
    upto: str
    qualifier: Qualifier
    lowest: bool
    hour_given: bool
    document: str

    @property
    def band(self) -> tuple[float, float]:
        """The lowest and the highest value that the document's words allow, in the unit of `measure`."""
        value = float(self.figure)
        if self.qualifier is Qualifier.BETWEEN:
            bounds = (value, float(self.upto))
        elif self.qualifier is Qualifier.EXACT:
            half_digit = 0.5 * 10.0 ** -len(self.figure.partition(".")[2])
            bounds = (value - half_digit, value + half_digit)
        else:
            least, most = _ALLOWANCES[self.qualifier]
            bounds = (value * least, value * most)
        return min(bounds), max(bounds)

    @property
    def aim(self) -> float:
        """The value that the replay takes: the figure itself, or the middle of what the words allow."""
        low, high = self.band
        return float(self.figure) if self.qualifier is Qualifier.EXACT else (low + high) / 2

    def price(self, close: float) -> float:
        """`aim` as a price of something that closed at `close` the day before. Not for volumes."""
        if self.measure is Measure.CHANGE:
            return close * (1 + self.aim / 100)
        return close + self.aim / 100 if self.measure is Measure.BASIS_POINTS else self.aim


class Scale(Struct, frozen=True, kw_only=True):
    """One row of listings.csv. Changes and `noise` in per cent, None where the demo invents none."""

    symbol: str
    name: str
    kind: str
    exchange: str
    currency: str
    close: float
    tick: float
    average_volume: int | None
    surge: float
    pre: float | None
    ten: float | None
    last: float | None
    noise: float
    tie: float
    basis: str


@cache
def waypoints() -> tuple[Waypoint, ...]:
    """Every documented figure, in the file's order: by hour, then as the documents have them."""
    return tuple(
        Waypoint(
            symbol=row["symbol"],
            at=on_the_day(row["at"]),
            measure=Measure(row["measure"]),
            figure=row["figure"],
            upto=row["upto"],
            qualifier=Qualifier(row["qualifier"]),
            lowest=row["extreme"] == "low",
            hour_given=row["hour"] == "given",
            document=row["document"],
        )
        for row in _rows("waypoints.csv")
    )


@cache
def scales() -> tuple[Scale, ...]:
    """Everything that the demo's exchange lists, in the file's order."""
    return tuple(
        Scale(
            symbol=row["symbol"],
            name=row["name"],
            kind=row["kind"],
            exchange=row["exchange"],
            currency=row["currency"],
            close=float(row["close"]),
            tick=float(row["tick"]),
            average_volume=int(row["average_volume"]) if row["average_volume"] else None,
            surge=float(row["surge"]),
            pre=_change(row["pre"]),
            ten=_change(row["ten"]),
            last=_change(row["last"]),
            noise=float(row["noise"]),
            tie=float(row["tie"]),
            basis=row["basis"],
        )
        for row in _rows("listings.csv")
    )


def _rows(name: str) -> Iterable[dict[str, str]]:
    return csv.DictReader(files("monitor.demo").joinpath(name).read_text("utf-8").splitlines())


def _change(text: str) -> float | None:
    return float(text) if text else None
