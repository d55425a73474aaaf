from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from monitor import mailbox
from monitor.demo.script import Script
from monitor.models import Bar
from monitor.tui import plot, prices
from monitor.tui.asking import PATIENCE, Asking
from monitor.tui.chart_text import CHOSEN, Mark, Shown, caption, drawing, title
from monitor.tui.plot import PLAIN_GLYPHS, Scale
from monitor.tui.prices import Span
from tests.baseline_samples import at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.tui.chart_text import Drawing

MINUTE = timedelta(minutes=1)
SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2025, 1, 27, 12, tzinfo=UTC)


def bar(begins: datetime, opened: float, high: float, low: float, close: float) -> Bar:
    return Bar(
        symbol="X",
        interval="1m",
        at=begins,
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=None,
        source="polled",
    )


def course(*closes: float, begins: datetime = NOON, every: timedelta = MINUTE) -> list[Bar]:
    return [bar(begins + number * every, close, close, close, close) for number, close in enumerate(closes)]


def rows(of: Drawing) -> list[str]:
    return ["".join(row).rstrip() for row in of.canvas.characters]


# Drawing


def test_a_line_rises_and_falls_over_its_scale_and_its_times() -> None:
    shown = Shown(
        heading="X", bars=course(100, 110, 120, 110, 100, every=timedelta(hours=1)), length=timedelta(hours=1)
    )
    assert rows(drawing(shown, 30, 9, zone=UTC)) == [
        "120          ⡔⠑⢄",
        "           ⡠⠊   ⠑⡄",
        "         ⢀⠜      ⠈⠢⡀",
        "       ⢀⠔⠁         ⠈⠢⡀",
        "      ⡰⠁             ⠈⢆",
        "100 ⡠⠊                 ⠑⢄",
        "",
        "UTC 12:00     14:00     16:00",
        "NY  07:00     09:00     11:00",
    ]


@pytest.mark.parametrize(
    ("prices", "glyphs"),
    [
        ((100.0, 120.0, 100.0, 120.0), "┃┃┃┃"),
        ((120.0, 120.0, 100.0, 100.0), "████"),
        ((100.0, 120.0, 100.0, 110.0), "│╽┃┃"),
        ((110.0, 120.0, 100.0, 110.0), "│╹││"),
    ],
)
def test_candles_tell_rising_from_falling_without_colour(prices: tuple[float, ...], glyphs: str) -> None:
    canvas = plot.Canvas(1, 4)
    only = [bar(NOON, *prices)]
    plot.candles(canvas, only, plot.axis(only, MINUTE), Scale(100.0, 120.0), plot.FINE)
    drawn = "".join(row[0] for row in canvas.characters)
    assert drawn[0] == glyphs[0]
    assert drawn[3] == glyphs[3]
    assert (plot.UP if prices[3] >= prices[0] else plot.DOWN) == canvas.looks[0][0]


def test_candles_are_gathered_to_have_a_column_each() -> None:
    day = Script().bars("NVDA", at("07:00"), at("16:00"), "1m", now=at("16:00"))
    on = plot.axis(day, MINUTE)
    width = plot.candle_width(on, 100, MINUTE)
    gathered = plot.gathered(day, on, width)
    columns = [on.column(each.at, 100) for each in gathered]
    assert width == timedelta(minutes=15)
    assert len(set(columns)) == len(columns)
    assert max(each.high for each in gathered) == max(each.high for each in day)
    assert gathered[-1].close == day[-1].close


@pytest.mark.parametrize("candles", [False, True])
@pytest.mark.parametrize("glyphs", [plot.FINE, PLAIN_GLYPHS])
@pytest.mark.parametrize("size", [(120, 40), (80, 12), (40, 6), (12, 3), (5, 2), (1, 1), (0, 0)])
@pytest.mark.parametrize(
    "bars",
    [
        [],
        course(5.0),
        course(5.0, 5.0, 5.0),
        course(-37.6, 10.0, -2.0),
        course(0.00001, 0.00002),
        course(1e12, 2e12),
        Script().bars("NVDA", prices.BEFORE, prices.AFTER, "1h", now=prices.AFTER),
    ],
)
def test_any_prices_are_drawn_in_any_room(
    bars: Sequence[Bar], size: tuple[int, int], glyphs: plot.Glyphs, *, candles: bool
) -> None:
    marks = [Mark(number, each.at, "a", "b") for number, each in enumerate(bars)]
    shown = Shown(heading="X", bars=bars, marks=marks, level=100.0)
    found = drawing(shown, *size, candles=candles, glyphs=glyphs, zone=SEOUL, chosen=0)
    assert [len(row) for row in found.canvas.characters] == [size[0]] * size[1]
    assert all(0 <= column < size[0] for column in found.marks.values())
    assert all(len(char) == 1 for row in found.canvas.characters for char in row)


def test_nights_take_no_room_and_several_days_have_their_dates() -> None:
    days = [*course(1, 2, 3), *course(3, 4, 5, begins=NOON + timedelta(days=1))]
    on = plot.axis(days, MINUTE)
    assert on.length == timedelta(minutes=6)
    assert [on.column(each.at, 6) for each in days] == [0, 1, 2, 3, 4, 5]
    assert on.column(NOON + timedelta(hours=9), 6) == 3, "what came in the night stands where the day begins"
    assert [text for _, _, text in plot.times(on, 60, SEOUL)] == ["01-27", "01-28"]


def test_a_growing_chart_leaves_room_so_that_a_new_bar_moves_no_other() -> None:
    bars = course(*range(1, 200))
    before, after = (plot.axis(bars[:count], MINUTE, grows=True) for count in (151, 152))
    assert before == after


def test_times_are_the_viewers_and_new_yorks() -> None:
    shown = Shown(heading="X", bars=course(1, 2, 3, begins=at("09:30"), every=timedelta(hours=1)))
    local, there = rows(drawing(shown, 60, 10, zone=SEOUL))[-2:]
    assert local.split()[:3] == ["KST", "23:30", "00:00"]
    assert there.split()[:3] == ["NY", "09:30", "10:00"]
    assert local.index("00:00") == there.index("10:00")
    assert "NY" not in "".join(rows(drawing(shown, 60, 10, zone=ZoneInfo("America/New_York"))))


def test_marks_stand_at_their_times_with_how_many_there_are() -> None:
    bars = course(*range(1, 101))
    times = [NOON, *[NOON + 50 * MINUTE] * 2, *[NOON + 99 * MINUTE] * 12]
    marks = [Mark(number, when, "Feed", "딥시크") for number, when in enumerate(times)]
    shown = Shown(heading="X", bars=bars, marks=marks)
    found = drawing(shown, 104, 10, zone=ZoneInfo("America/New_York"), chosen=1)
    row = found.canvas.characters[8]
    assert {column: char for column, char in enumerate(row) if char != " "} == {4: "1", 54: "2", 103: "+"}
    assert found.canvas.looks[8][54] == CHOSEN
    assert caption(shown, marks[1], SEOUL) == ("2/15  01-27 21:50 (07:50 New York)  Feed", "딥시크")


def test_what_was_stored_uncleaned_cannot_steer_the_terminal() -> None:
    mark = Mark(1, NOON, "evil\x1b]0;owned\x07", "\x1b[2J[bold]x[/]\u202e")
    told = caption(Shown(heading="X", marks=[mark]), mark, UTC)
    assert all(text.isprintable() for text in told)
    assert "[bold]x[/]" in told[1]


def test_the_level_is_left_out_where_it_would_leave_no_room() -> None:
    bars = course(100, 101, 102)
    assert plot.scale(bars, candles=False, level=103.0).high > 103
    assert plot.scale(bars, candles=False, level=142.0).high < 103


@pytest.mark.parametrize("candles", [False, True])
@pytest.mark.parametrize(
    ("level", "row", "said"), [(142.62, 0, "^ close before 142.62"), (88.0, 5, "v close before 88.00")]
)
def test_a_level_that_there_is_no_room_for_is_told_at_the_edge_that_it_lies_beyond(
    level: float, row: int, said: str, candles: bool
) -> None:
    shown = Shown(heading="X", bars=course(*(100 + number / 40 for number in range(60))), level=level)
    drawn = rows(drawing(shown, 40, 9, candles=candles, zone=UTC))
    assert said in drawn[row]
    assert [said in line for line in drawn].count(True) == 1
    narrow = rows(drawing(shown, 16, 9, candles=candles, zone=UTC))
    assert said.replace("close before ", "") in narrow[row]


def test_a_heading_says_what_candles_mean() -> None:
    shown = Shown(heading="NVDA  day  SIMULATED", bars=course(1, 2), note="asked the collector for prices")
    assert title(shown, candles=True) == "NVDA  day  SIMULATED  candles: ┃ up █ down  asked the collector for prices"
    assert title(replace(shown, bars=[]), candles=True) == "NVDA  day  SIMULATED  asked the collector for prices"


# Which bars


def polled(first: str, last: str) -> list[Bar]:
    bars = Script().bars("NVDA", at(first), at(last), "1m", now=at("16:00"))
    return [replace(each, source="polled", samples=4) for each in bars]


@pytest.mark.parametrize(
    ("fetched", "own", "wished"),
    [
        (None, None, True),
        (None, ("07:00", "12:00"), True),  # since when did it trade? only the history knows
        (("07:00", "12:00"), None, False),
        (("07:00", "10:00"), None, True),
        (("07:00", "10:00"), ("10:00", "12:00"), False),
        (("07:00", "10:00"), ("11:00", "12:00"), True),
    ],
)
def test_history_is_wished_for_where_it_is_missing(
    fetched: tuple[str, str] | None, own: tuple[str, str] | None, *, wished: bool
) -> None:
    now = at("12:00")
    yahoo = [replace(each, source="yahoo") for each in polled(*fetched)] if fetched else []
    drawn = prices.live("NVDA", Span.DAY, yahoo, polled(*own) if own else [], now)
    assert (drawn.wish is not None) == wished
    if drawn.wish is not None:
        assert drawn.wish == mailbox.History("NVDA", "1m", now - timedelta(days=4), now)
    assert len({each.at for each in drawn.bars}) == len(drawn.bars)


def test_nothing_after_now_is_drawn_in_a_live_view() -> None:
    drawn = prices.live("NVDA", Span.DAY, polled("07:00", "16:00"), polled("07:00", "16:00"), at("10:00"))
    assert drawn.bars[-1].at == at("09:59")
    recorded = Script().bars("NVDA", prices.BEFORE, prices.AFTER, "1h", now=at("10:00"))
    assert prices.then("NVDA", (), recorded).bars[-1].at > at("16:00"), "the record of that day is shown whole"


def test_the_day_is_the_last_stretch_of_trading_and_five_days_the_last_five() -> None:
    weeks = [each for day in range(14) for each in course(1, 2, 3, begins=NOON + timedelta(days=day))]
    now = NOON + timedelta(days=14)
    day, days = (prices.live("X", span, weeks, (), now).bars for span in (Span.DAY, Span.DAYS))
    assert {each.at.date() for each in day} == {weeks[-1].at.date()}
    assert len({each.at.date() for each in days}) == 5


def test_a_market_that_never_pauses_is_cut_by_the_clock() -> None:
    week = course(*[1.0] * 800, every=timedelta(minutes=15))
    now = week[-1].at + MINUTE
    day, days = (prices.live("BTC-USD", span, week, (), now).bars for span in (Span.DAY, Span.DAYS))
    assert day[-1].at - day[0].at < timedelta(days=1)
    assert days[-1].at - days[0].at < timedelta(days=7)


def test_prices_that_are_no_numbers_are_left_out() -> None:
    bars = [*course(1, 2), bar(NOON, 1, float("inf"), 1, float("nan"))]
    assert len(prices.usable(bars)) == 2


def test_without_hours_january_2025_is_drawn_by_days_and_hours_are_wished_for() -> None:
    daily = Script().bars("NVDA", prices.BEFORE, prices.AFTER, "1d", now=prices.AFTER)
    drawn = prices.then("NVDA", daily, ())
    assert drawn.bars == tuple(daily)
    assert drawn.wish == mailbox.History("NVDA", "1h", prices.BEFORE, prices.AFTER)


# Asking


class Watch:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


WISH = mailbox.History("NVDA", "1m", NOON, NOON + MINUTE)


def test_a_wish_is_answered(tmp_path: Path) -> None:
    database = tmp_path / "m.db"
    mailbox.prepare(database, group=None)
    asking = Asking(database)
    assert asking.ask(WISH, alive=True)
    assert asking.words == "asked the collector for prices"
    assert not asking.look()
    (letter,) = mailbox.take(database)
    assert letter.wish == WISH
    letter.done()
    assert asking.look()
    assert (asking.words, asking.waits, asking.look()) == ("", False, False)


def test_nobody_waits_for_ever_and_no_wish_is_left_behind(tmp_path: Path) -> None:
    database, watch = tmp_path / "m.db", Watch()
    mailbox.prepare(database, group=None)
    asking = Asking(database, elapsed=watch)
    asking.ask(WISH, alive=None)
    watch.now = PATIENCE
    assert asking.look()
    assert asking.words == "the collector did not answer"
    asking.ask(WISH, alive=True)
    asking.ask(WISH, alive=True)
    assert len(mailbox.take(database)) == 1
    asking.give_up()
    assert mailbox.take(database) == []


def test_without_a_collector_or_its_folder_it_says_so(tmp_path: Path) -> None:
    asking = Asking(tmp_path / "m.db")
    assert not asking.ask(WISH, alive=False)
    assert asking.words == "no collector runs that could fetch more"
    assert not asking.ask(WISH, alive=None)
    assert "no wish can be left there" in asking.words
