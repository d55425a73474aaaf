"""Which panels a terminal of some size shows, and where. Pure: sizes and places are in cells."""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import NamedTuple


class Panel(StrEnum):
    """In the order of the keys that show them."""

    QUOTES = "quotes"
    HEADLINES = "headlines"
    ALERTS = "alerts"
    BASELINE = "baseline"


class Fit(Enum):
    """How much a terminal holds; the value is how many panels."""

    NOTHING = 0
    ONE = 1
    TWO = 2
    FOUR = 4


class Place(NamedTuple):
    """Of a panel, within the area that all share."""

    x: int
    y: int
    width: int
    height: int


class Size(NamedTuple):
    width: int
    height: int


LEAST = {Fit.FOUR: Size(100, 30), Fit.TWO: Size(60, 16), Fit.ONE: Size(40, 10)}
SIDE_BY_SIDE = 100  # cells, from which two panels stand beside each other; headlines need their width more than height
LEFT_SHARE, LEAST_LEFT, MOST_LEFT = 0.45, 45, 64  # of the left column: quotes and alerts have short lines
UPPER_LEFT_SHARE, UPPER_RIGHT_SHARE = 0.6, 0.62  # quotes over alerts, headlines over the baseline
GAP = 1  # cells between two columns


class Choice(NamedTuple):
    """What the person asked for: `pair` are the panels of the two halves, of which `chosen` was asked for last."""

    chosen: Panel = Panel.HEADLINES
    pair: tuple[Panel, Panel] = (Panel.QUOTES, Panel.HEADLINES)
    maximised: bool = False

    @property
    def kept(self) -> dict[str, object]:
        """For the user's own state, as JSON has it; `remembered` reads it."""
        return {"chosen": self.chosen.value, "pair": [panel.value for panel in self.pair]}


def remembered(kept: object) -> Choice:
    """What `Choice.kept` gave; the first choice where it is anything else."""
    match kept:
        case {"chosen": str(chosen), "pair": [str(first), str(second)]} if first != second:
            if {chosen, first, second} <= set(Panel):
                return Choice(chosen=Panel(chosen), pair=(Panel(first), Panel(second)))
    return Choice()


def fit(width: int, height: int, *, at_most: Fit = Fit.FOUR) -> Fit:
    """How much a terminal of this size holds."""
    for found, least in LEAST.items():
        if found.value <= at_most.value and width >= least.width and height >= least.height:
            return found
    return Fit.NOTHING


def too_small(width: int, height: int) -> str:
    """For a terminal that holds nothing: what size it must have. Short, because it has to be read there."""
    least = LEAST[Fit.ONE]
    return f"{width}x{height} is too small: {least.width}x{least.height} is needed"


def places(width: int, height: int, fits: Fit, choice: Choice) -> dict[Panel, Place]:
    """Where the panels are within an area of this size, in the order in which Tab goes through them."""
    whole = Place(0, 0, width, height)
    if fits is Fit.NOTHING:
        return {}
    if fits is Fit.ONE or choice.maximised:
        return {choice.chosen: whole}
    if fits is Fit.FOUR:
        return _four(width, height)
    first, second = choice.pair
    if width >= SIDE_BY_SIDE:
        left = _left(width)
        return {first: Place(0, 0, left, height), second: Place(left + GAP, 0, width - left - GAP, height)}
    upper = height // 2
    return {first: Place(0, 0, width, upper), second: Place(0, upper, width, height - upper)}


def pressed(choice: Choice, panel: Panel, fits: Fit, *, focused: Panel | None) -> Choice:
    """After the key of `panel`: it is shown; and where it is shown and focused, it gets all the room, or gives it back.

    In two halves it takes the other half than the one last asked for, so that the two last asked for stay.
    """
    shown = choice.pair if fits is Fit.TWO else tuple(Panel)
    if focused is panel and fits is not Fit.ONE:
        return choice._replace(chosen=panel, maximised=not choice.maximised)
    if fits is Fit.TWO and panel not in shown:
        first, second = choice.pair
        pair = (panel, second) if choice.chosen is second else (first, panel)
        return Choice(chosen=panel, pair=pair)
    return choice._replace(chosen=panel, maximised=False)


def _four(width: int, height: int) -> dict[Panel, Place]:
    left = _left(width)
    right = left + GAP
    upper_left, upper_right = round(height * UPPER_LEFT_SHARE), round(height * UPPER_RIGHT_SHARE)
    return {
        Panel.QUOTES: Place(0, 0, left, upper_left),
        Panel.HEADLINES: Place(right, 0, width - right, upper_right),
        Panel.ALERTS: Place(0, upper_left, left, height - upper_left),
        Panel.BASELINE: Place(right, upper_right, width - right, height - upper_right),
    }


def _left(width: int) -> int:
    return min(max(round(width * LEFT_SHARE), LEAST_LEFT), MOST_LEFT)
