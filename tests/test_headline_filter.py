"""What the trader wants to see: asked of a database, of what has just arrived, and typed into the filter line."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from monitor.store import reader as store_reader
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from monitor.tui import wanted as room
from monitor.tui.wanted import Wanted, pages
from monitor.tui.widgets.filter_bar import FilterBar
from tests.store_samples import NOW, OTHER, entry, mention, minutes, poll
from tests.tui_samples import Alone, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TITLES = (
    "Nvidia falls on DeepSeek",
    "딥시크 충격에 엔비디아 급락",
    "Fed holds",
    "SK하이닉스 급락",
    "Ｎｖｉｄｉａ rises",
)


class Marked:
    def __init__(self, *, read: set[int] | None = None, starred: set[int] | None = None) -> None:
        self.read = read or set()
        self.starred = starred or set()


def store_five(folder: Path) -> Path:
    """A database with five headlines, the first the oldest: 1, 3 and 5 in English, 2 and 4 in Korean."""
    at = folder / "monitor.db"
    with closing(Writer.open(at)) as writer:
        for number, title in enumerate(TITLES):
            topics = (mention("DeepSeek", kind="topic"),) if number < 2 else ()
            tickers = (mention("NVDA"),) if number in (0, 1, 4) else ()
            moment = NOW + minutes(number)
            feed = {"feed": OTHER} if number in (1, 3) else {}
            poll(writer, (entry(str(number), title, published_at=moment), topics + tickers), now=moment, **feed)
    return at


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with closing(Reader.open(store_five(tmp_path))) as opened:
        yield opened


WANTED = [
    (Wanted(), [5, 4, 3, 2, 1]),
    (Wanted(topic="DeepSeek"), [2, 1]),
    (Wanted(ticker="NVDA"), [5, 2, 1]),
    (Wanted(ticker="NVDA", topic="DeepSeek", language="ko"), [2]),
    (Wanted(language="ko"), [4, 2]),
    (Wanted(text="nvidia"), [5, 1]),
    (Wanted(text="급락"), [4, 2]),
    (Wanted(text="급락 딥시크"), [2]),
    (Wanted(text="  "), [5, 4, 3, 2, 1]),
    (Wanted(text="%"), []),
    (Wanted(unread=True), [5, 3, 2]),
    (Wanted(starred=True), [3, 1]),
    (Wanted(starred=True, unread=True), [3]),
    (Wanted(follow_ticker=True), [5, 4, 3, 2, 1]),
]
MARKS = Marked(read={1, 4}, starred={1, 3})


@pytest.mark.parametrize(("wanted", "expected"), WANTED, ids=lambda value: str(value)[:60])
def test_what_has_arrived_is_judged_as_the_database_judges(reader: Reader, wanted: Wanted, expected: list[int]) -> None:
    assert list(pages(reader, wanted, MARKS)) == [(expected, None)]
    stored = reader.headlines_by_id([5, 4, 3, 2, 1])
    assert [headline.id for headline in stored if wanted.admits(headline, MARKS)] == expected


def test_pages_together_are_the_whole_list_up_to_the_most(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FIRST", 1)
    monkeypatch.setattr(room, "PAGE", 2)
    assert listed(reader, Wanted()) == [([5], True), ([4, 3], True), ([2, 1], True), ([], False)]
    monkeypatch.setattr(room, "MOST", 4)
    assert listed(reader, Wanted()) == [([5], True), ([4, 3], True), ([2], False)]


def test_a_page_that_has_looked_far_ends_and_the_next_goes_on(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_reader, "LOOK", 1)
    for wanted, expected in WANTED:
        found = listed(reader, wanted)
        assert [number for ids, _ in found for number in ids] == expected
        assert [more for _, more in found] == [True] * (len(found) - 1) + [False]
    assert listed(reader, Wanted(language="ko")) == [([4], True), ([2], False)]


def listed(reader: Reader, wanted: Wanted) -> list[tuple[list[int], bool]]:
    """Ids of each page, and whether more may follow."""
    return [(ids, before is not None) for ids, before in pages(reader, wanted, MARKS)]


def test_a_filter_is_said_in_words() -> None:
    wanted = Wanted(text="급락", topic="DeepSeek", ticker="NVDA", follow_ticker=True, language="ko", unread=True)
    assert wanted.parts() == ["“급락”", "topic DeepSeek", "NVDA (follows)", "language ko", "unread"]
    assert Wanted(follow_ticker=True).parts() == ["no ticker selected (follows)"]
    assert not Wanted(follow_ticker=True).parts() == Wanted().parts() == []
    assert Wanted(text=" ").everything
    assert not wanted.everything


def barred() -> tuple[FilterBar, Alone]:
    bar = FilterBar()
    bar.offer(topics=["DeepSeek", "OpenAI"], languages=["en", "ko"])
    return bar, Alone(bar, FilterBar.Changed, FilterBar.Closed)


def wanted_of(app: Alone) -> list[Wanted]:
    return [event.wanted for event in app.said if isinstance(event, FilterBar.Changed)]


async def typed(app: Alone, *keys: str, count: int) -> list[Wanted]:
    """What came of the keys, once so many changes have been said; fails when they never are."""
    async with app.run_test(size=(80, 5)) as pilot:
        await app.widget.edit()  # type: ignore[attr-defined]
        await pilot.press(*keys)
        while len(wanted_of(app)) < count:
            await pilot.pause(0.01)
    return wanted_of(app)


async def test_korean_is_looked_for_as_it_is_typed() -> None:
    _, app = barred()
    assert await typed(app, *"딥시크", count=1) == [Wanted(text="딥시크")]


async def test_enter_looks_at_once_and_gives_the_keys_back() -> None:
    bar, app = barred()
    assert await typed(app, *"fed", "enter", count=1) == [Wanted(text="fed")]
    assert isinstance(app.said[-1], FilterBar.Closed)
    assert not bar.is_open


async def test_escape_drops_what_was_typed_and_nothing_else() -> None:
    bar, app = barred()
    bar.wanted = bar._coming = Wanted(topic="DeepSeek", text="fed")
    assert await typed(app, "escape", count=1) == [Wanted(topic="DeepSeek")]


async def test_nothing_typed_is_lost_when_another_ticker_is_selected_meanwhile() -> None:
    bar, app = barred()
    bar.wanted = bar._coming = Wanted(follow_ticker=True)
    async with app.run_test(size=(80, 5)) as pilot:
        await bar.edit()
        await pilot.press("x")
        bar.select_ticker("NVDA")
        bar.select_ticker("AVGO")
        while not wanted_of(app):
            await pilot.pause(0.01)
    assert wanted_of(app) == [Wanted(follow_ticker=True, text="x", ticker="AVGO")]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (["next_topic"], Wanted(topic="DeepSeek")),
        (["next_topic"] * 2, Wanted(topic="OpenAI")),
        (["next_topic"] * 3, Wanted()),
        (["next_language"] * 2, Wanted(language="ko")),
        (["toggle_unread", "toggle_starred"], Wanted(unread=True, starred=True)),
        (["toggle_unread", "toggle_unread"], Wanted()),
        (["toggle_ticker"], Wanted(follow_ticker=True, ticker="NVDA")),
        (["toggle_ticker", "toggle_ticker"], Wanted()),
        (["toggle_ticker", "next_topic", "clear"], Wanted()),
    ],
)
async def test_filters_are_chosen_one_after_the_other(changes: list[str], expected: Wanted) -> None:
    bar, app = barred()
    async with app.run_test(size=(80, 5)) as pilot:
        bar.select_ticker("NVDA")
        for change in changes:
            getattr(bar, change)()
        await pilot.pause()
        assert bar.wanted == wanted_of(app)[-1] == expected


async def test_the_filter_and_its_counts_are_said() -> None:
    bar, app = barred()
    async with app.run_test(size=(80, 5)):
        bar.count(105, 105)
        assert bar.text == ""
        bar.want(Wanted(topic="DeepSeek", unread=True))
        bar.count(44, 105)
        assert bar.text == "of 105 · topic DeepSeek · unread"
        await bar.edit()
        assert shown(bar)[0].endswith("44 of 105")
