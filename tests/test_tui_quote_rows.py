"""What the quote board shows of a symbol, and where its lines stand, without a screen."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from monitor.config.settings import Settings
from monitor.market import StaleKind, Staleness
from monitor.models import BaselineRef, Qualifier, Quote, QuoteSourceState, Session
from monitor.tui import cells
from monitor.tui.follow import Picture
from monitor.tui.quote_columns import (
    Column,
    Columns,
    Line,
    Look,
    Order,
    group_line,
    lines,
    ratio_text,
    short_age,
)
from monitor.tui.quote_rows import Courses, GroupMoves, board_groups, group_moves, quote_rows, why_missing
from tests.baseline_samples import baseline, record
from tests.quote_screen import NOW, group, row

STALE = Staleness(StaleKind.NO_TRADE, timedelta(minutes=12))
SYMBOLS = ["NVDA", "005930.KS"]
FULL = Columns.fitting(53, SYMBOLS)


def quote(symbol: str = "NVDA", price: float = 88.0, **fields: Any) -> Quote:
    given = {"traded_at": NOW, "fetched_at": NOW, "session": Session.REGULAR, "base_close": 100.0, **fields}
    return Quote(symbol=symbol, price=price, **given)


def picture(*quotes: Quote, **fields: Any) -> Picture:
    settings = Settings(file="x", watchlist=(group("Chips", "NVDA", "AMD"),))
    return Picture(**{"quotes": {each.symbol: each for each in quotes}, "settings": settings, "alive": True, **fields})


def text(row: Any, columns: Columns = FULL) -> str:
    return "".join(part for part, _ in columns.row(row))


# Which changes are whose


def test_before_the_open_the_day_has_no_change_yet() -> None:
    before = row(
        "NVDA",
        88.0,
        quote=quote(
            session=Session.PRE, regular_price=100.0, previous_close=103.0, extended_price=88.0, base_close=100.0
        ),
    )
    assert (before.day_change, before.extended, before.change) == (None, -12.0, -12.0)


def test_after_the_close_the_days_change_and_the_extended_one_are_apart() -> None:
    after = row(
        "NVDA", 88.0, quote=quote(session=Session.POST, regular_price=80.0, previous_close=100.0, extended_price=88.0)
    )
    assert (after.day_change, after.change) == (-20.0, -12.0)
    assert after.extended == pytest.approx(10.0)


def test_where_there_are_no_extended_hours_the_change_is_the_days() -> None:
    assert (row("NQ=F", 88.0, quote=quote()).day_change, row("NQ=F", 88.0, quote=quote()).extended) == (-12.0, None)


# Against 27 January 2025, and why there is no quote


def test_a_fresh_move_is_held_against_the_documented_one() -> None:
    known = quote_rows(picture(quote(price=88.0)), Courses(), {"NVDA": 3}, baseline(record()), NOW)["NVDA"]
    assert isinstance(known.shock, BaselineRef)
    assert known.ratio == pytest.approx(12 / 17)
    assert (known.rough, known.move, known.headlines_hour) == (False, -12.0, 3)


def test_a_documented_range_is_said_to_be_rough() -> None:
    ranged = baseline(record(value=None, low=-18.0, high=-16.0, qualifier=Qualifier.ABOUT))
    assert quote_rows(picture(quote()), Courses(), {}, ranged, NOW)["NVDA"].rough


def test_a_stale_price_is_not_compared_and_not_counted() -> None:
    known = quote_rows(picture(quote(), stale={"NVDA": STALE}), Courses(), {}, baseline(record()), NOW)["NVDA"]
    assert (known.ratio, known.move, known.stale) == (None, None, STALE)


def test_a_move_of_an_earlier_day_is_not_counted() -> None:
    friday = quote(traded_at=NOW - timedelta(days=3))
    assert quote_rows(picture(friday), Courses(), {}, baseline(record()), NOW)["NVDA"].move is None


def test_before_the_baseline_is_read_nothing_is_compared() -> None:
    known = quote_rows(picture(quote()), Courses(), {}, None, NOW)["NVDA"]
    assert (known.shock, known.move) == (None, None)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "not asked yet"),
        ({"alive": False}, "not asked yet: no collector runs"),
        ({"source": QuoteSourceState(unknown=("NVDA",))}, "unknown to the source"),
        ({"source": QuoteSourceState(failures=2)}, "no quote yet: the source fails"),
    ],
)
def test_why_a_quote_is_missing_is_said(given: dict[str, Any], words: str) -> None:
    assert why_missing("NVDA", picture(**given)) == words
    missing = quote_rows(picture(**given), Courses(), {}, None, NOW)["NVDA"]
    assert text(missing) == f"NVDA       {words}"


def test_until_the_settings_are_read_all_quotes_are_in_one_group() -> None:
    (only,) = board_groups(picture(quote(), settings=Settings(file="")))
    assert (only.name, [ticker.symbol for ticker in only.tickers]) == ("Quotes", ["NVDA"])
    assert board_groups(Picture()) == ()


# The course of the day


def course(*prices: tuple[float, float]) -> str:
    courses = Courses()
    courses.add("NVDA", [(NOW + timedelta(hours=hours), price) for hours, price in prices])
    return courses.spark("NVDA")


@pytest.mark.parametrize(
    ("prices", "drawn"),
    [
        ([], ""),
        ([(0, 1.0)], "▁"),
        ([(0, 1.0), (1, 8.0), (2, 4.5)], "▁█▅"),
        ([(-16, 50.0), (-15, 60.0), (0, 1.0), (1, 8.0)], "▁█"),  # the night before is another day
        ([(number * 0.1, number // 10) for number in range(70)], "▁▂▃▅▆▇█"),
    ],
)
def test_a_course_is_that_of_the_last_day(prices: list[tuple[float, float]], drawn: str) -> None:
    assert course(*prices) == drawn


def test_a_market_that_never_closes_has_the_course_of_24_hours() -> None:
    courses = Courses()
    courses.add("BTC-USD", [(NOW + timedelta(hours=hour), 100.0 if hour < 24 else 1.0) for hour in range(48)])
    assert courses.spark("BTC-USD") in {"▁▁▁▁▁▁▁", "█▁▁▁▁▁▁"}


def test_the_course_of_a_symbol_that_is_never_drawn_does_not_grow_by_the_day() -> None:
    courses = Courses()

    def watch(days: range) -> int:
        for step in range(days.start * 288, days.stop * 288):
            courses.add_quote(quote(price=1.0, traded_at=NOW + timedelta(minutes=5) * step))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        after_two_days = watch(range(2))
        assert watch(range(2, 10)) < after_two_days + 20_000  # each day took thirty thousand
    finally:
        tracemalloc.stop()


def test_quotes_go_on_with_the_stored_course() -> None:
    courses = Courses()
    courses.add("NVDA", [(NOW, 1.0)])
    courses.add_quote(quote(price=8.0, traded_at=NOW + timedelta(minutes=10)))
    assert courses.spark("NVDA") == "▁█"
    courses.add_quote(quote(price=8.0, traded_at=None))
    assert courses.spark("NVDA") == "▁█"


# Columns


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (120, "symbol last day extended course shock headlines name age"),
        (66, "symbol last day extended course shock headlines name"),
        (53, "symbol last day extended course shock headlines"),
        (45, "symbol last day extended shock headlines"),
        (40, "symbol last day extended shock"),
        (34, "symbol last day shock"),
    ],
)
def test_columns_are_given_up_in_order(width: int, shown: str) -> None:
    columns = Columns.fitting(width, SYMBOLS)
    assert " ".join(columns.widths) == shown
    assert cells.width(text(row("005930.KS", 88.0), columns)) <= width
    assert cells.width(columns.heading(2, Order())) == cells.width(text(row("005930.KS", 88.0), columns)) + 1


def test_a_row_reads_as_it_should() -> None:
    assert text(row("NVDA", 83.03)) == "NVDA         83.03 ▼-15.97  -1.19 ▁▂▃▄▆▇█  1.00x   12"


def test_without_the_extended_column_the_move_is_the_whole_one() -> None:
    narrow = Columns.fitting(34, SYMBOLS)
    assert text(row("NVDA", 83.03), narrow).split() == ["NVDA", "83.03", "▼-16.97", "1.00x"]
    assert "move %" in narrow.heading(2, Order())


def test_a_stale_price_is_marked_at_every_width_and_says_how_old_it_is() -> None:
    stale = row("NVDA", 83.03, stale=STALE)
    assert text(stale) == "NVDA     !   83.03 ▼-15.97  -1.19 ▁▂▃▄▆▇█ old12m   12"
    for width in range(34, 130):
        assert "! " in text(stale, Columns.fitting(width, SYMBOLS))
        assert "old12m" in text(stale, Columns.fitting(width, SYMBOLS))
    assert text(stale, Columns.fitting(120, SYMBOLS)).rstrip().endswith("no trade for 12m")
    looks = {look for _, look in FULL.row(stale)[1:]}
    assert looks == {Look.STALE}


def test_a_direction_has_its_mark_and_sign_beside_its_look() -> None:
    rising = row("NVDA", 110.0, quote=quote(price=110.0))
    assert (" ▲+10.00", Look.UP) in FULL.row(rising)
    assert (" ▼-12.00", Look.DOWN) in FULL.row(row("NVDA", 88.0, quote=quote()))
    assert ("    0.00", Look.PLAIN) in FULL.row(row("NVDA", 100.0, quote=quote(price=100.0)))


@pytest.mark.parametrize(
    ("ratio", "rough", "written"),
    [
        (0.764, False, "0.76x"),
        (0.764, True, "~0.76x"),
        (-0.2, False, "-0.20x"),
        (-0.2, True, "~-0.2x"),
        (12.345, False, "12.35x"),
        (123.45, False, "123.5x"),
        (-7654.0, True, "~-99x"),
        (765432.0, False, ">99x"),
    ],
)
def test_ratios(ratio: float, rough: bool, written: str) -> None:
    assert ratio_text(ratio, rough=rough) == written
    assert len(written) <= 6


@pytest.mark.parametrize(
    ("since", "written"),
    [
        (None, "?"),
        (timedelta(seconds=59), "<1m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=23, minutes=59), "23h"),
        (timedelta(days=99, hours=23), "99d"),
        (timedelta(days=100), "14w"),
        (timedelta(days=9000), "99w"),
    ],
)
def test_ages(since: timedelta | None, written: str) -> None:
    assert short_age(since) == written


# Lines


ROWS = {"NVDA": row("NVDA", 83.0), "AMD": row("AMD", 95.0), "MU": row("MU", 95.0), "TSM": row("TSM", 103.0)}
TWO = (group("Chips", "NVDA", "MU", "AMD"), group("Asia", "TSM", "NVDA", "NEW"))


def order_of(order: Order, columns: Columns = FULL) -> str:
    return " ".join(line.symbol or f"[{line.group}]" for line in lines(TWO, ROWS, order, columns))


def test_lines_keep_the_users_order_and_closed_groups_keep_their_heading() -> None:
    assert order_of(Order()) == "[0] NVDA MU AMD [1] TSM NVDA NEW"
    assert order_of(Order(collapsed=frozenset({"Chips"}))) == "[0] [1] TSM NVDA NEW"


@pytest.mark.parametrize(
    ("order", "symbols"),
    [
        (Order().sorted(Column.DAY), "NVDA MU AMD TSM NEW"),
        (Order().sorted(Column.DAY).reversed(), "TSM MU AMD NVDA NEW"),
        (Order().sorted(Column.LAST), "TSM MU AMD NVDA NEW"),
        (Order().sorted(Column.SYMBOL), "AMD MU NVDA TSM NEW"),
        (Order(collapsed=frozenset({"Chips"})).sorted(Column.SHOCK), "NVDA MU AMD TSM NEW"),
    ],
)
def test_sorted_each_symbol_comes_once_and_what_has_no_value_last(order: Order, symbols: str) -> None:
    assert order_of(order) == symbols
    assert all(line.group == -1 for line in lines(TWO, ROWS, order, FULL))


def test_sorting_goes_through_the_columns_shown_and_back_to_the_users_order() -> None:
    seen, order = [], Order(collapsed=frozenset({"Asia"}))
    while (order := order.next(FULL)).by is not None:
        seen.append(order.by.value)
    assert seen == ["symbol", "last", "day", "extended", "shock", "headlines"]
    assert order == Order(collapsed=frozenset({"Asia"}))
    assert order.reversed() == order


def test_the_heading_says_by_which_column_and_which_way() -> None:
    assert FULL.heading(15, Order()) == " Quotes 15     last   day % post % course  27 Jan news"
    assert FULL.heading(15, Order().sorted(Column.SHOCK)) == " Quotes 15     last   day % post % course v27 Jan news"
    assert FULL.heading(15, Order().sorted(Column.DAY)) == " Quotes 15     last  ^day % post % course  27 Jan news"
    for column in FULL.widths:
        assert cells.width(FULL.heading(15, Order(by=column))) == 54


def test_a_column_is_found_under_its_heading() -> None:
    heading = FULL.heading(15, Order())
    assert FULL.at(0) is Column.SYMBOL
    assert FULL.at(heading.index("last")) is Column.LAST
    assert FULL.at(heading.index("27 Jan")) is Column.SHOCK
    assert FULL.at(53) is Column.HEADLINES
    assert FULL.at(54) is None


# Groups


def test_a_group_says_how_many_fell_and_the_median_of_the_fresh_ones() -> None:
    stale = {**ROWS, "MU": replace(ROWS["MU"], stale=STALE, move=None)}
    assert group_moves(TWO[0], stale) == GroupMoves(counted=2, down=2, median=-11.0)
    assert group_moves(TWO[1], {}) == GroupMoves(counted=0, down=0, median=None)


@pytest.mark.parametrize(
    ("width", "collapsed", "written"),
    [
        (53, False, "- Chips  2 of 3 down, median ▼-5.00"),
        (53, True, "+ Chips (3)  2 of 3 down, median ▼-5.00"),
        (30, False, "- Chips  2/3 down ▼-5.00"),
        (18, False, "- Chips  ▼-5.00"),
        (6, False, "- Chip"),
    ],
)
def test_a_groups_line_is_shortened_before_its_name(width: int, collapsed: bool, written: str) -> None:
    moves = GroupMoves(counted=3, down=2, median=-5.0)
    assert group_line(TWO[0], moves, width, collapsed=collapsed) == [(written, Look.GROUP)]


def test_a_korean_name_takes_its_cells() -> None:
    wide = Columns.fitting(80, SYMBOLS)
    korean = row("005930.KS", 88.0, name="삼성전자" * 10)
    assert cells.width(text(korean, wide)) == cells.width(text(row("NVDA", 88.0), wide))


def test_lines_are_keys_that_tell_a_symbol_in_two_groups_apart() -> None:
    assert len(set(lines(TWO, ROWS, Order(), FULL))) == 8
    assert Line(0, "NVDA") != Line(1, "NVDA")
