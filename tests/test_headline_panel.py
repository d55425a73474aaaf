"""The headlines with their filter over a real database: found as typed, let in as they arrive, read page by page."""

from __future__ import annotations

from contextlib import closing, nullcontext
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from monitor.config.settings import Settings
from monitor.store.reader import Reader
from monitor.tui import wanted as room
from monitor.tui.wanted import Wanted
from monitor.tui.widgets.headline_panel import HeadlinePanel
from tests.store_samples import NOW
from tests.test_headline_filter import store_five
from tests.tui_samples import DEEPSEEK, OPENAI, Alone, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from monitor.models import Headline


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with closing(Reader.open(store_five(tmp_path))) as opened:
        yield opened


def paneled(reader: Reader) -> tuple[HeadlinePanel, Alone, Callable[[], list[str]]]:
    settings = Settings(file="", topics=(DEEPSEEK, OPENAI))
    panel = HeadlinePanel(reading=lambda: nullcontext(reader), settings=lambda: settings, now=lambda: NOW, zone=UTC)
    app = Alone(panel)
    return panel, app, lambda: shown(panel.list)


async def test_search_as_you_type_shows_what_is_found_and_how_many(reader: Reader) -> None:
    panel, app, lines = paneled(reader)
    async with app.run_test(size=(90, 8)) as pilot:
        panel.database_opened(reader)
        assert lines()[0] == "Headlines 5"
        await panel.action_search()
        await pilot.press(*"급락")
        while len(panel.list.keys) != 2:
            await pilot.pause(0.01)
        assert shown(panel.bar) == [f"Search / 급락{' ' * 71}2 of 5"]
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is panel.list
        assert lines()[0] == "Headlines 2 of 5 · “급락”"
        assert "SK하이닉스 급락" in lines()[1]


async def test_the_filter_line_covers_the_title_and_moves_nothing(reader: Reader) -> None:
    panel, app, _ = paneled(reader)
    async with app.run_test(size=(90, 8)) as pilot:
        panel.database_opened(reader)
        before = panel.list.region
        await panel.action_search()
        await pilot.pause()
        assert panel.list.region == before
        assert panel.bar.region.y == before.y
        assert panel.bar.region.height == 1


async def test_what_arrives_is_let_in_by_the_filter(reader: Reader) -> None:
    panel, app, lines = paneled(reader)
    async with app.run_test(size=(90, 8)) as pilot:
        panel.database_opened(reader)
        panel.bar.want(Wanted(topic="DeepSeek"))
        await pilot.pause()
        arrived = [_like(reader, 1, 10), _like(reader, 3, 11)]
        panel.headlines_arrived(arrived)
        assert list(panel.list.keys) == [10, 2, 1]
        assert lines()[0] == "Headlines 3 of 7 · topic DeepSeek"
        panel.bar.clear()
        await pilot.pause()
        assert lines()[0] == "Headlines 5"


async def test_all_pages_come_one_after_the_other(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "FIRST", 1)
    monkeypatch.setattr(room, "PAGE", 1)
    panel, app, _ = paneled(reader)
    async with app.run_test(size=(90, 8)) as pilot:
        panel.database_opened(reader)
        assert list(panel.list.keys) == [5]
        while panel.list.more:
            await pilot.pause(0.01)
        assert list(panel.list.keys) == [5, 4, 3, 2, 1]


def _like(reader: Reader, number: int, new: int) -> Headline:
    """A headline like a stored one, that has just arrived."""
    (stored,) = reader.headlines_by_id([number])
    return replace(stored, id=new, sort_at=NOW + timedelta(hours=new))
