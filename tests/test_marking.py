"""What the user marks in the screen is kept, is seen by other viewers, and reaches the title."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from monitor.config import Settings
from monitor.models import Group, Ticker
from monitor.store.personal import Personal
from monitor.tui.app import MonitorApp
from monitor.tui.layout import Panel
from monitor.tui.screens.overview import Overview
from monitor.tui.screens.ticker import TickerScreen
from monitor.tui.succession import ChildState, Who
from monitor.tui.widgets.quote_board import QuoteBoard
from tests.commands import collected, publish
from tests.store_samples import QUOTE_REF, alert, entry, quote

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from textual.pilot import Pilot

    from monitor.store.writer import Writer

SETTINGS = Settings(
    file="feeds.yaml",
    watchlist=(Group(name="Chips", tickers=(Ticker(symbol="NVDA", name="Nvidia"), Ticker(symbol="AMD", name="AMD"))),),
)
WITHIN = 20.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with collected(path) as writer:
        publish(writer, entry("1", "DeepSeek shakes Nvidia"), entry("2", "금리 동결 전망"))
        writer.record_quotes([quote("NVDA"), quote("AMD")], now=quote("NVDA").fetched_at)
        writer.record_alerts([alert("a", quotes=(QUOTE_REF,)), alert("b", quotes=(QUOTE_REF,))], [])
        yield writer


class StandIn:
    """A collector's child that says what it is told to."""

    log = None

    def __init__(self, state: ChildState) -> None:
        self.state = state

    def look(self, now: datetime) -> ChildState:
        del now
        return self.state


@asynccontextmanager
async def screen(path: Path, collector: StandIn | None = None) -> AsyncIterator[tuple[Overview, Pilot[None]]]:
    app = MonitorApp(
        path,
        personal=Personal(path.with_name("viewer.db")),
        read_settings=lambda _: SETTINGS,
        collector=collector and (lambda: collector),  # type: ignore[arg-type, return-value]
    )
    async with app.run_test(size=(120, 40)) as pilot:
        overview = app.screen
        assert isinstance(overview, Overview)
        await until(pilot, lambda: all(box.children for box in overview.boxes.values()))
        await until(pilot, lambda: bool(app.picture.settings.file))
        yield overview, pilot


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not holds():
            await pilot.pause(0.02)


async def test_an_acknowledged_alert_is_counted_no_more_also_after_a_restart(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        await until(pilot, lambda: "2 alerts" in overview.top.text)
        await pilot.press("3", "a")
        await until(pilot, lambda: "1 alert" in overview.top.text)
    async with screen(path) as (overview, pilot):
        await until(pilot, lambda: "1 alert" in overview.top.text)


async def test_what_one_viewer_acknowledges_another_shows(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        await until(pilot, lambda: "2 alerts" in overview.top.text)
        other = Personal(path.with_name("viewer.db"))
        with overview.app.reading() as reader:
            assert reader is not None
            other.use(reader.identity())
            other.acknowledge(reader.alerts())
        other.close()
        await until(pilot, lambda: "alert" not in overview.top.text)


async def test_reading_a_headline_marks_it_and_m_takes_it_back(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        personal = overview.app.marking.personal
        await pilot.press("2", "j", "enter")
        await until(pilot, lambda: len(personal.read) == 1)
        await pilot.press("escape", "m")
        await until(pilot, lambda: not personal.read)


async def test_a_star_is_kept_for_the_next_time(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("2", "j", "s")
        await until(pilot, lambda: len(overview.app.marking.personal.starred) == 1)
    async with screen(path) as (overview, pilot):
        assert len(overview.app.marking.personal.starred) == 1


async def test_the_panel_and_the_order_last_chosen_are_there_again(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("1", "s")
        board = overview.query_one(QuoteBoard)
        await until(pilot, lambda: board.order.by is not None)
        chosen = board.order
    async with screen(path) as (overview, pilot):
        await until(pilot, lambda: overview.choice.chosen is Panel.QUOTES)
        assert overview.query_one(QuoteBoard).order == chosen


async def test_an_alert_leads_to_its_headline_or_its_ticker(path: Path, writer: Writer) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("3", "j", "enter")
        await until(pilot, lambda: isinstance(overview.app.screen, TickerScreen))


async def test_a_collector_that_cannot_be_started_says_why_and_when_it_is_tried_again(path: Path) -> None:
    collector = StandIn(ChildState(Who.BARRED, why="this account may not write here"))
    async with screen(path, collector) as (overview, pilot):
        await until(pilot, lambda: "this account may not write here" in str(overview.notice.content))
