"""How many of the watchlist are down now, and how many were on 27 January 2025."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.baseline.breadth import Breadth, Tally, breadth
from monitor.models import DayPart, Group, Quote, Ticker
from tests.baseline_samples import at, baseline, minute, record
from tests.store_samples import quote

PRE, CLOSE = DayPart.PRE, DayPart.CLOSE
NOW = at("10:30")
RECORDED = baseline(
    record("nvda-pre", -12.0, session=PRE),
    record("nvda-ten", -11.5, when=minute("10:00"), session=DayPart.REGULAR),
    record("nvda-close", -17.0),
    record("avgo-close", -17.4, symbol="AVGO"),
    record("dow-close", 0.65, symbol="^DJI"),
)


def group(name: str, *symbols: str) -> Group:
    return Group(name=name, tickers=tuple(Ticker(symbol=symbol, name=symbol) for symbol in symbols))


CHIPS, OTHERS = group("Chips", "NVDA", "AVGO", "AMD"), group("Others", "^DJI", "NVDA")


def moved(symbol: str, change: float, *, ago: timedelta = timedelta(0)) -> Quote:
    return quote(symbol, 100 + change, at=NOW - ago, base_close=100.0)


def looked(*quotes: Quote, stale: tuple[str, ...] = (), now: str = "10:30") -> tuple[Breadth, ...]:
    return breadth([CHIPS, OTHERS], {each.symbol: each for each in quotes}, stale, RECORDED, at(now))


def test_each_group_and_the_whole_are_counted_now_and_then_each_symbol_once() -> None:
    chips, others, whole = looked(moved("NVDA", -8), moved("AVGO", -6), moved("AMD", 1), moved("^DJI", 2))
    assert (chips.group, chips.symbols, chips.now) == ("Chips", 3, Tally(3, 2, -6))
    assert chips.then == Tally(2, 2, pytest.approx((-11.5 - 17.4) / 2))  # type: ignore[arg-type]  # equal to a float
    assert (others.now, others.then) == (Tally(2, 1, -3), Tally(2, 1, pytest.approx((-11.5 + 0.65) / 2)))  # type: ignore[arg-type]  # likewise
    assert (whole.group, whole.symbols, whole.now, whole.then.counted) == (None, 4, Tally(4, 2, -2.5), 3)


@pytest.mark.parametrize(
    ("now", "documented", "compared"),
    [
        ("07:50", 1, "before the open on 27 January 2025"),
        ("10:30", 2, "at 10:00 (1) and at the close (1) on 27 January 2025"),
        ("12:00", 2, "at the close on 27 January 2025"),
    ],
)
def test_it_is_said_which_documented_moves_it_is_compared_with(now: str, documented: int, compared: str) -> None:
    chips, *_ = looked(now=now)
    assert (chips.then.counted, chips.compared) == (documented, compared)


def test_without_documented_moves_there_is_nothing_then() -> None:
    found, _ = breadth([group("Asia", "9984.T")], {}, (), RECORDED, NOW)
    assert (found.then, found.compared) == (Tally(0, 0, None), "no move documented of this part of the day")


def test_stale_quotes_and_those_of_an_earlier_day_are_left_out_and_counted() -> None:
    friday = moved("AMD", -5, ago=timedelta(days=3))
    chips, *_ = looked(moved("NVDA", -8), moved("AVGO", -6), friday, stale=("AVGO",))
    assert (chips.now, chips.stale, chips.idle) == (Tally(1, 1, -8), 1, 1)


def test_a_quote_without_a_change_is_not_counted() -> None:
    chips, *_ = looked(quote("NVDA", 118.0, at=NOW))
    assert chips.now == Tally(0, 0, None)
