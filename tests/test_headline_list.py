"""The list of headlines as a person meets it: what is drawn, where the cursor is, what arriving headlines move."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from monitor.errors import StoreCorrupt
from monitor.tui.widgets.headline_list import HeadlineList
from tests.tui_samples import BEGAN, DEEPSEEK, NOW, OPENAI, Alone, fetched, headline, shown

if TYPE_CHECKING:
    from textual.strip import Strip

    from monitor.models import Headline
    from monitor.tui.widgets.strips import Pieces

SIZE = (80, 11)  # a title and ten lines


class Marked:
    def __init__(self, *, read: set[int] | None = None, starred: set[int] | None = None) -> None:
        self.read = read or set()
        self.starred = starred or set()


def listed(count: int, fetch: Callable[[Sequence[int]], list[Headline]] = fetched) -> tuple[HeadlineList, Alone]:
    headlines = HeadlineList(zone=UTC)
    app = Alone(headlines, HeadlineList.Highlighted, HeadlineList.Opened, HeadlineList.StarToggled)
    app.call_when_ready = lambda: headlines.show(range(count, 0, -1), fetch, NOW)
    return headlines, app


def under_cursor(headlines: HeadlineList) -> list[str]:
    return [line for line in shown(headlines)[1:] if line.startswith(">")]


def looks(strip: Strip, text: str) -> set[str]:
    """How `text` stands out in the line, apart from colours."""
    (style,) = {segment.style for segment in strip if segment.text.strip() == text}
    assert style is not None
    return {name for name in ("bold", "reverse", "underline", "dim") if getattr(style, name)}


async def test_newest_headlines_stand_at_the_top_with_their_columns() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE):
        lines = shown(headlines)
    assert lines[0] == "Headlines 30"
    assert lines[1] == f" N  12:35 {'Reuters Mark':12} DS NVDA Nvidia sinks as DeepSeek's cheap model rattles th"
    assert lines[3].startswith(" N  12:34 FT              Fed seen holding")


async def test_only_lines_that_are_new_or_changed_are_made_when_headlines_arrive() -> None:
    made: list[int] = []

    class Making(HeadlineList):
        def line(self, key: int, width: int) -> Pieces:
            made.append(key)
            return super().line(key, width)

    headlines = Making(zone=UTC)
    async with Alone(headlines).run_test(size=SIZE) as pilot:
        headlines.show(range(30, 0, -1), fetched, NOW)
        await pilot.pause()
        made.clear()
        headlines.arrive([replace(headline(31), sort_at=NOW)], [True])
        await pilot.pause()
        assert made == [31]
        headlines.use_marks(Marked(read={29}))
        await pilot.pause()
        assert [line[1] for line in shown(headlines)[1:4]] == ["N", "N", " "]
        made.clear()
        headlines.marks_changed([28])
        await pilot.pause()
        assert made == [28]


async def test_titles_stand_under_each_other_whatever_their_script() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE):
        strips = [headlines.render_line(y) for y in range(1, 11)]
    for strip in strips:
        before = strip.text[: strip.text.index("NVDA")] if "NVDA" in strip.text else None
        assert strip.cell_length == cell_len(strip.text) == 80
        assert before is None or cell_len(before) == 26


@pytest.mark.parametrize("width", [20, 40, 56, 77, 120])
async def test_no_line_is_wider_than_the_list(width: int) -> None:
    headlines, app = listed(30)
    async with app.run_test(size=(width, 11)):
        assert {cell_len(headlines.render_line(y).text) for y in range(11)} == {width}


async def test_matched_words_stand_out_without_colour() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=(120, 11)):
        headlines.use_topics([DEEPSEEK, OPENAI])
        english, chinese, korean = (headlines.render_line(y) for y in (1, 5, 6))
        assert (
            looks(english, "DeepSeek") == looks(korean, "딥시크") == looks(chinese, "深度求索") == {"bold", "reverse"}
        )
        assert looks(english, "DS") == {"bold", "reverse"}
        assert looks(korean, "엔비디아") == {"bold"}
        assert looks(english, "sinks as") == set()


async def test_searched_words_stand_out_in_any_case_and_script() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=(120, 11)):
        headlines.show([25, 30], fetched, NOW, text="급락 SINKS")
        assert looks(headlines.render_line(1), "급락") == {"bold", "underline"}
        assert looks(headlines.render_line(2), "sinks") == {"bold", "underline"}


async def test_what_is_not_recent_shows_its_date_and_times_that_the_feed_did_not_give_are_marked() -> None:
    stored = {
        3: headline(3, published_at=None),
        2: headline(2, at=NOW - timedelta(days=3)),
        1: headline(1, at=NOW - timedelta(days=4), published_at=None),
    }
    headlines, app = listed(3, lambda ids: [stored[number] for number in ids])
    async with app.run_test(size=SIZE):
        assert [line[3:9] for line in shown(headlines)[1:4]] == ["~12:30", " 01-24", "~01-23"]
        headlines.now(NOW + timedelta(days=1))
        assert shown(headlines)[1][3:9] == "~01-27"


async def test_the_number_of_other_sources_with_the_story_is_said_as_they_become_known() -> None:
    story = "https://example.com/story"
    headlines, app = listed(30, lambda ids: [headline(number, story_url=story) for number in ids if number == 28])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert " +" not in shown(headlines)[3]
        headlines.arrive([headline(31, story_url=story), headline(32, story_url=story)], [False, True])
        await pilot.pause()
        assert "+2 Fed" not in shown(headlines)[1]
        assert [line for line in shown(headlines) if "+2 " in line] == [shown(headlines)[1], shown(headlines)[4]]


async def test_unread_read_and_starred_are_told_apart_without_colour() -> None:
    headlines, app = listed(4)
    async with app.run_test(size=SIZE):
        headlines.use_marks(Marked(read={3, 2}, starred={2, 1}))
        assert [line[1] for line in shown(headlines)[1:5]] == ["N", " ", "*", "*"]
        first = headlines.render_line(2)._segments[0].style
        assert first is not None
        assert first.dim


async def test_without_a_cursor_the_view_follows_the_newest() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE):
        headlines.arrive([headline(number) for number in range(31, 80)], [True] * 49)
        assert headlines.visible_keys[0] == 79
        assert headlines.highlighted is None
        assert shown(headlines)[0] == "Headlines 79"


async def test_an_arriving_headline_leaves_the_cursor_on_its_headline() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "j", "down", "k")
        before = under_cursor(headlines)
        headlines.arrive([headline(31), headline(32)], [True, True])
        assert headlines.highlighted == 29
        assert under_cursor(headlines) == before
        assert shown(headlines)[0] == "Headlines 4/32"


async def test_the_headline_under_the_cursor_is_never_pushed_out_of_the_view() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j")
        headlines.arrive([headline(number) for number in range(31, 51)], [True] * 20)
        assert headlines.visible_keys[-1] == headlines.highlighted == 30
        assert shown(headlines)[0] == "Headlines +11 above 21/50"


async def test_away_from_the_top_nothing_moves_and_what_arrived_above_is_counted() -> None:
    headlines, app = listed(100)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("pagedown", "pagedown")
        before = shown(headlines)[1:]
        headlines.arrive([headline(101), headline(102)], [True, True])
        headlines.arrive([headline(103)], [True])
        assert shown(headlines)[1:] == before
        assert shown(headlines)[0] == "Headlines +3 above 22/103"
        await pilot.press("home")
        assert shown(headlines)[0] == "Headlines 1/103"


async def test_escape_lets_go_of_the_cursor_and_goes_to_the_newest() -> None:
    headlines, app = listed(100)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("G", "escape")
        assert headlines.highlighted is None
        assert headlines.visible_keys[0] == 100
        assert [event.key for event in app.said][-1] is None


async def test_a_late_headline_takes_its_place_by_time() -> None:
    headlines, app = listed(2000)
    async with app.run_test(size=SIZE):
        late = [headline(number + 5000, at=BEGAN + timedelta(seconds=10 * number + 5)) for number in (1998, 1000, 3, 0)]
        headlines.arrive([*late, headline(2001)], [True] * 5)
        keys = list(headlines.keys)
    assert keys[:5] == [2001, 2000, 1999, 6998, 1998]
    assert keys[keys.index(6000) - 1 : keys.index(6000) + 2] == [1001, 6000, 1000]
    assert keys[-5:] == [4 - 1 + 5000, 3, 2, 1, 5000]


async def test_a_headline_that_is_there_already_is_not_shown_twice() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE):
        headlines.arrive([headline(29), headline(30), headline(31)], [True] * 3)
        assert list(headlines.keys) == list(range(31, 0, -1))


async def test_older_pages_are_added_below_without_what_has_arrived_meanwhile() -> None:
    headlines, app = listed(0)
    async with app.run_test(size=SIZE):
        headlines.show(range(30, 20, -1), fetched, NOW, looked=(BEGAN + timedelta(seconds=210), 21))
        late = headline(999, at=BEGAN + timedelta(seconds=155))
        headlines.arrive(
            [late, headline(31), replace(headline(998), sort_at=BEGAN + timedelta(seconds=255))], [True] * 3
        )
        headlines.append_older([20, 19, 18, 17, 16, 999, 15])
        assert list(headlines.keys) == [31, *range(30, 25, -1), 998, *range(25, 15, -1), 999, 15]


async def test_what_arrives_while_older_ones_are_looked_through_is_shown_where_that_was_done_already() -> None:
    headlines, app = listed(0)
    async with app.run_test(size=SIZE) as pilot:
        headlines.show([], fetched, NOW, looked=(BEGAN + timedelta(seconds=200), 20))
        await pilot.pause()
        assert "older ones are being looked through" in str(headlines.render_line(1).text)
        headlines.arrive([headline(31), headline(10), headline(25)], [True] * 3)
        assert list(headlines.keys) == [31, 25]
        headlines.append_older([10, 9])
        assert list(headlines.keys) == [31, 25, 10, 9]
        headlines.show([], fetched, NOW)
        await pilot.pause()
        assert "No headlines" in str(headlines.render_line(1).text)


async def test_another_filter_keeps_the_cursor_where_its_headline_is_still_there() -> None:
    headlines, app = listed(100)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("pagedown", "j", "j")
        key, before = headlines.highlighted, under_cursor(headlines)
        headlines.show([number for number in range(100, 0, -1) if number % 2 == (key or 0) % 2], fetched, NOW)
        assert headlines.highlighted == key
        assert under_cursor(headlines) == before
        headlines.show([5, 4], fetched, NOW)
        assert headlines.highlighted is None
        assert headlines.visible_keys == [5, 4]


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ("j", 100),
        ("j j", 99),
        ("j down k", 100),
        ("j up", 100),
        ("pagedown", 91),
        ("ctrl+f ctrl+f pageup", 91),
        ("G", 1),
        ("end", 1),
        ("end k", 2),
        ("end g", 100),
        ("end home", 100),
        ("end j", 1),
    ],
)
async def test_arrows_and_vi_keys_move_the_cursor(keys: str, key: int) -> None:
    headlines, app = listed(100)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*keys.split())
        assert headlines.highlighted == key
        assert key in headlines.visible_keys


async def test_cursor_opening_and_star_are_told_with_the_headline() -> None:
    _, app = listed(30)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", "s", "enter")
        highlighted, star, opened = app.said
        assert (type(highlighted), highlighted.key) == (HeadlineList.Highlighted, 30)
        assert (type(star), star.number) == (HeadlineList.StarToggled, 30)
        assert (type(opened), opened.key) == (HeadlineList.Opened, 30)


async def test_a_click_puts_the_cursor_there_and_a_second_opens() -> None:
    headlines, app = listed(30)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click(headlines, offset=(30, 4))
        assert headlines.highlighted == 27
        await pilot.click(headlines, offset=(30, 4))
        assert app.said[-1].key == 27
        assert isinstance(app.said[-1], HeadlineList.Opened)
        await pilot.click(headlines, offset=(30, 0))
        assert headlines.highlighted == 27


async def test_what_cannot_be_read_says_so_until_it_can() -> None:
    broken = True

    def fetch(ids: Sequence[int]) -> list[Headline]:
        if broken:
            raise StoreCorrupt("the file is damaged")
        return [headline(number) for number in ids if number != 29]

    headlines, app = listed(30, fetch)
    async with app.run_test(size=SIZE):
        assert "not to be read" in shown(headlines)[1]
        broken = False
        headlines.show(range(30, 0, -1), partial(fetch), NOW)  # the database was opened anew
        assert "Nvidia" in shown(headlines)[1]
        assert "deleted" in shown(headlines)[2]


async def test_an_empty_list_says_so() -> None:
    headlines, app = listed(0)
    async with app.run_test(size=SIZE) as pilot:
        assert shown(headlines)[:2] == ["Headlines 0", "No headlines."]
        await pilot.press("j", "k", "pagedown", "G", "enter")
        assert app.said == []
        headlines.arrive([headline(1)], [True])
        assert "딥시크" in shown(headlines)[1]


async def test_a_smaller_terminal_keeps_the_cursor_in_sight() -> None:
    headlines, app = listed(100)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("j", *"jjjjjjjj")
        await pilot.resize_terminal(50, 5)
        await pilot.pause()
        assert headlines.highlighted == 92
        assert len(under_cursor(headlines)) == 1
        await pilot.resize_terminal(50, 1)
        await pilot.press("j")
        assert headlines.highlighted == 91


async def test_a_hundred_thousand_are_shown_moved_through_and_added_to_at_once() -> None:
    asked: list[int] = []

    def fetch(ids: Sequence[int]) -> list[Headline]:
        asked.extend(ids)
        return fetched(ids)

    headlines, app = listed(0, fetch)
    async with app.run_test(size=SIZE) as pilot:
        began = time.perf_counter()
        headlines.show(range(100_000, 0, -1), fetch, NOW)
        headlines.arrive([headline(100_001)], [True])
        headlines.action_last()
        shown(headlines)
        assert time.perf_counter() - began < 0.5
        await pilot.press("pageup")
        assert headlines.highlighted == 10
        assert shown(headlines)[0] == "Headlines 99,992/100,001"
    assert len(asked) < 100
