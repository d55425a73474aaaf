"""The quote board and the top line on a screen."""

from __future__ import annotations

import asyncio
import sys
import threading
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from monitor.config.settings import Settings
from monitor.models import Quote, Session
from monitor.tui.follow import Picture
from monitor.tui.quote_columns import Column, Line, Order
from monitor.tui.widgets.quote_panel import QuotePanel
from tests.baseline_samples import baseline, record
from tests.quote_screen import GROUPS, NOW, QuoteScreen, group, row
from tests.terminal import Terminal
from tests.tui_samples import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.pilot import Pilot

    from monitor.baseline import Baseline
    from monitor.tui.widgets.quote_board import QuoteBoard

SIZE = (120, 40)


def symbols(board: QuoteBoard) -> str:
    return " ".join(line.symbol or f"[{line.group}]" for line in board.keys)


# Looking at it


async def test_it_shows_the_groups_in_the_users_order_under_the_headings() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert shown(app.board)[:4] == [
            " Quotes 15     last   day % post % course  27 Jan news",
            " - Chips  7 of 7 down, median ▼-13.97",
            " NVDA         83.03 ▼-15.97  -1.19 ▁▂▃▄▆▇█  1.00x   12",
            " AVGO         84.03 ▼-14.97  -1.18 ▁▂▃▄▆▇█  0.94x   12",
        ]


async def test_the_heading_of_extended_hours_says_which() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert " post % " in shown(app.board)[0]
        early = dict(app.rows)
        for symbol, each in early.items():
            assert each.quote is not None
            early[symbol] = replace(each, quote=replace(each.quote, session=Session.PRE))
        app.board.update(early)
        await pilot.pause()
        assert "  pre % " in shown(app.board)[0]
        app.board.update({"NVDA": app.rows["NVDA"]})  # still last evening's
        await pilot.pause()
        assert "  ext % " in shown(app.board)[0]


async def test_a_wider_one_shows_names_and_a_narrower_one_less() -> None:
    app = QuoteScreen(width=None)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "NVDA Corporation" in shown(app.board)[2]
        await pilot.resize_terminal(46, 20)
        assert shown(app.board)[0].split() == ["Quotes", "15", "last", "day", "%", "post", "%", "27", "Jan", "news"]
        await pilot.resize_terminal(20, 20)
        assert {len(line) for line in shown(app.board)} <= set(range(21))


async def test_without_symbols_it_says_so() -> None:
    app = QuoteScreen(groups=())
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert shown(app.board)[1] == "No symbols to watch."


# Sorting and closing groups


async def test_s_goes_through_the_columns_and_back_and_the_cursor_stays_with_its_symbol() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        app.board.select(Line(1, "9984.T"))
        orders = []
        for _ in range(7):
            await pilot.press("s")
            orders.append(app.board.order.by)
            assert app.board.highlighted is not None
            assert app.board.highlighted.symbol == "9984.T"
        assert [order and order.value for order in orders] == [
            *("symbol", "last", "day", "extended", "shock", "headlines"),
            None,
        ]
        assert app.board.highlighted == Line(1, "9984.T")
        assert symbols(app.board).startswith("[0] NVDA")
        await pilot.pause()
        told = [each for each in app.told if each.startswith("arranged")]
        assert told[-2:] == ["arranged headlines", "arranged None"]
        assert set(app.told) - set(told) == {"highlighted 9984.T"}


async def test_sorted_rows_move_when_their_values_do_and_reverse_turns_them_round() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        app.board.reorder(Order().sorted(Column.DAY))
        assert symbols(app.board).startswith("NVDA AVGO")
        app.board.update({"NQ=F": row("NQ=F", 50.0)})
        assert symbols(app.board).startswith("NQ=F NVDA AVGO")
        await pilot.press("S")
        assert symbols(app.board).endswith("AVGO NVDA NQ=F")
        await pilot.pause()
        assert shown(app.board)[15].startswith(" NQ=F")


async def test_a_click_on_a_heading_sorts_by_it_and_another_turns_it_round() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(app.board, offset=(48, 0))
        assert app.board.order == Order(by=Column.SHOCK, descending=True)
        await pilot.click(app.board, offset=(48, 0))
        assert app.board.order == Order(by=Column.SHOCK, descending=False)
        await pilot.click(app.board, offset=(37, 0))  # the course cannot be sorted by
        assert app.board.order.by is Column.SHOCK


async def test_space_closes_a_group_from_any_of_its_lines_and_opens_it_again() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        app.board.select(Line(0, "AMD"))
        await pilot.press("space")
        assert symbols(app.board).startswith("[0] [1] 9984.T")
        assert app.board.highlighted == Line(0, None)
        await pilot.pause()
        assert shown(app.board)[1] == ">+ Chips (7)  7 of 7 down, median ▼-13.97"
        await pilot.press("enter")
        assert symbols(app.board).startswith("[0] NVDA")
        await pilot.pause()
        assert "opened" not in " ".join(app.told)


async def test_the_cursor_and_enter_are_told_by_symbol() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert app.told == ["highlighted None", "highlighted NVDA", "opened NVDA"]


async def test_enter_without_a_cursor_goes_to_the_first_heading_and_neither_opens_nor_closes_anything() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        before = app.board.keys
        await pilot.press("enter")
        assert app.board.highlighted == Line(0, None)
        assert app.board.keys == before
        assert app.told == ["highlighted None"]
        await pilot.press("enter")
        assert len(app.board.keys) < len(before)


async def test_enter_without_a_cursor_opens_the_first_symbol_of_a_sorted_board() -> None:
    app = QuoteScreen()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("s", "enter")
        first = app.board.keys[0].symbol
        assert first is not None
        assert app.told[-1] == f"opened {first}"


# Filled from the picture


class Stored:
    """Stands for the store: so many headlines, and a day's prices."""

    def __init__(self) -> None:
        self.counts = {"NVDA": 3}

    def headline_counts(self, symbols: list[str], _since: Any) -> dict[str, int]:
        return {symbol: self.counts.get(symbol, 0) for symbol in symbols}

    def recent_closes(self, symbols: list[str], _since: Any) -> dict[str, list[Any]]:
        return {symbol: [(NOW - timedelta(hours=1), 99.0), (NOW, 83.0)] for symbol in symbols}


def quote(price: float) -> Quote:
    return Quote(symbol="NVDA", price=price, traded_at=NOW, fetched_at=NOW, session=Session.REGULAR, base_close=100.0)


class PanelScreen(QuoteScreen):
    """The panel instead of the board."""

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture(quotes={"NVDA": quote(83.0)}, alive=True)
        self.stored: Stored | None = Stored()
        self.read = threading.Event()
        self.board = QuotePanel(
            picture=lambda: self.picture, reading=self.reading, now=lambda: NOW, read_baseline=self.baseline
        )

    def baseline(self) -> Baseline:
        self.read.wait()
        return baseline(record())

    @contextmanager
    def reading(self) -> Iterator[Any]:
        with nullcontext():
            yield self.stored

    def on_mount(self) -> None:
        self.board.styles.width = 54

    def on_unmount(self) -> None:
        self.read.set()

    def follow(self) -> None:
        assert isinstance(self.board, QuotePanel)
        self.board.database_opened(None)  # type: ignore[arg-type]  # read through `reading`


async def settled(pilot: Pilot[Any]) -> None:
    """Until the courses have been read."""
    for _ in range(10):
        await asyncio.sleep(0.01)
        await pilot.pause()


async def test_a_panel_shows_the_quotes_first_and_fills_in_what_takes_longer() -> None:
    app = PanelScreen()
    async with app.run_test(size=SIZE) as pilot:
        assert isinstance(app.board, QuotePanel)
        app.follow()
        assert shown(app.board)[1:3] == [" - Quotes", " NVDA      83.00 ▼-17.00" + "3".rjust(27)]
        await settled(pilot)
        assert shown(app.board)[2] == " NVDA      83.00 ▼-17.00        █▁" + " " * 16 + "3"
        app.read.set()
        await app.workers.wait_for_complete()
        assert shown(app.board)[1:3] == [
            " - Quotes  1 of 1 down, median ▼-17.00",
            " NVDA      83.00 ▼-17.00        █▁       1.00x    3",
        ]
        app.picture = replace(app.picture, quotes={"NVDA": quote(66.0)})
        app.board.quotes_changed(frozenset({"NVDA"}))
        assert "2.00x" in shown(app.board)[2]
        assert app.stored is not None
        app.stored.counts["NVDA"] = 100
        app.board.minute_turned(NOW)
        assert shown(app.board)[2].endswith("99+")


async def test_a_panel_takes_the_groups_of_the_settings_and_says_what_is_missing() -> None:
    app = PanelScreen()
    async with app.run_test(size=SIZE) as pilot:
        assert isinstance(app.board, QuotePanel)
        app.follow()
        app.picture = replace(app.picture, settings=Settings(file="x", watchlist=(group("Mine", "AMD", "NVDA"),)))
        app.board.settings_changed()
        await settled(pilot)
        assert shown(app.board)[2] == " AMD     not asked yet"
        app.stored = None  # the database is lost: what is known stays
        app.board.minute_turned(NOW)
        assert "83.00" in shown(app.board)[3]


async def test_a_panel_of_an_empty_database_begins_with_the_first_quotes() -> None:
    app = PanelScreen()
    async with app.run_test(size=SIZE):
        assert isinstance(app.board, QuotePanel)
        first, app.picture = app.picture, Picture(alive=True)
        app.follow()
        assert shown(app.board)[1] == "No symbols to watch."
        app.picture = first
        app.board.quotes_changed(frozenset({"NVDA"}))
        assert "83.00" in shown(app.board)[2]


# On the wire


@pytest.fixture(scope="module")
def terminal() -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tests.quote_screen"]
    with Terminal(command, environment={"TEXTUAL_ANIMATIONS": "none", "COLORTERM": "truecolor"}) as it:
        it.wait_for("Indices")
        it.wait_quiet(0.4)
        yield it


def test_a_changed_row_costs_at_most_350_bytes_on_a_terminal_of_all_colours(terminal: Terminal) -> None:
    assert 0 < terminal.cost("1") <= 350
    assert "82.03" in terminal.text()


def test_many_changed_rows_cost_no_more_each(terminal: Terminal) -> None:
    lines = sum(1 + len(group.tickers) for group in GROUPS)  # each group's line changes as well
    assert 0 < terminal.cost("a") <= 300 * lines


def test_what_reads_the_same_costs_nothing(terminal: Terminal) -> None:
    one_row = terminal.cost("1")
    assert terminal.cost("0", "t", "1") <= one_row + 3  # the last key tells that the others were heard


def test_the_minute_costs_one_line(terminal: Terminal) -> None:
    assert 0 < terminal.cost("m") <= 600
    assert "closes in 5 h 59 min  00:01 KST" in terminal.text()


def test_a_cursor_move_costs_at_most_900_bytes(terminal: Terminal) -> None:
    terminal.press("down")
    terminal.wait_quiet(0.3)
    assert 0 < terminal.cost("down") <= 900


def test_a_row_that_turns_stale_says_so_on_the_terminal(terminal: Terminal) -> None:
    terminal.press("z")
    terminal.wait_for("old12m")
    assert any("NVDA     !" in line for line in terminal.lines())


def test_made_wider_every_line_has_its_new_columns(terminal: Terminal) -> None:
    terminal.press("w")
    terminal.wait_for("NQ=F Corporation")
    terminal.wait_quiet(0.3)
    assert sum("Corporation" in line for line in terminal.lines()) == 15
