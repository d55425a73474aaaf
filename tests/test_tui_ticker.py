"""A ticker's screen in the viewer, over a database as a replay leaves it."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor import mailbox
from monitor.lock import collecting
from monitor.store.writer import Writer
from monitor.tui import prices, wanted
from monitor.tui.screens.ticker import Part, parts
from tests.baseline_samples import at
from tests.ticker_app import TITLES, TickerApp, collector, january, quote, recalled, replayed
from tests.tui_samples import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from monitor.tui.screens.ticker import TickerScreen

NOW = at("13:20")
WITHIN = 10.0  # seconds


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.db"
    replayed(path, NOW)
    recalled(path, "NVDA")
    return path


@pytest.fixture
async def pilot(database: Path) -> AsyncIterator[Pilot[None]]:
    app = TickerApp(database, "NVDA")
    async with app.run_test(size=(120, 40)) as found:
        await until(found, lambda: any("NVDA now" in line for line in shown(app.ticker.baseline)))
        yield found


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    for _ in range(int(WITHIN / 0.05)):
        if holds():
            return
        await pilot.pause(0.05)
    raise AssertionError("\n".join(shown(ticker(pilot).chart)))


def ticker(pilot: Pilot[None]) -> TickerScreen:
    assert isinstance(pilot.app, TickerApp)
    return pilot.app.ticker


def heading(pilot: Pilot[None]) -> str:
    return next(iter(shown(ticker(pilot).chart)), "")


def caption(pilot: Pilot[None]) -> list[str]:
    return shown(ticker(pilot).chart)[-2:]


async def test_prices_records_and_headlines_stand_together(pilot: Pilot[None]) -> None:
    screen = ticker(pilot)
    assert heading(pilot).startswith("NVDA  day  SIMULATED  line")
    assert any("⠁" in line or "⠉" in line for line in shown(screen.chart))
    assert any(line.startswith(" » close   -17%") for line in shown(screen.baseline))
    assert any(TITLES[1][:8] in line for line in shown(screen.headlines))
    await until(pilot, lambda: str(screen.top.content).startswith("NVDA  Nvidia  1"))
    assert "SIMULATED" in str(screen.top.content)


async def test_moving_from_mark_to_mark_shows_each_title_and_enter_opens_it(pilot: Pilot[None]) -> None:
    assert caption(pilot)[0].startswith("3 headlines marked below the prices")
    await pilot.press("right")
    assert caption(pilot) == ["3/3  01-27 18:13 (13:13 New York)  연합뉴스 증권", TITLES[2]]
    await pilot.press("left", "left", "left")
    assert caption(pilot)[1] == TITLES[0]
    await pilot.press("l")
    assert caption(pilot)[1] == TITLES[1]
    await pilot.press("enter")
    assert isinstance(pilot.app, TickerApp)
    assert pilot.app.opened == [2]
    await pilot.press("escape")
    assert caption(pilot)[0].startswith("3 headlines marked"), "escape lets go of the mark before it leaves the screen"
    assert pilot.app.screen is ticker(pilot)
    await pilot.press("escape")
    assert pilot.app.screen is not ticker(pilot)


async def test_a_click_chooses_the_nearest_mark_and_another_opens_it(pilot: Pilot[None]) -> None:
    screen = ticker(pilot)
    await pilot.click(screen.chart, offset=(119, 5))
    assert caption(pilot)[1] == TITLES[2]
    await pilot.click(screen.chart, offset=(119, 5))
    assert isinstance(pilot.app, TickerApp)
    assert pilot.app.opened == [3]


async def test_keys_change_what_is_drawn(pilot: Pilot[None]) -> None:
    await pilot.press("c")
    assert "candles: ┃ up █ down" in heading(pilot)
    await pilot.press("w")
    assert "five days" in heading(pilot)
    await pilot.press("b")
    await until(pilot, lambda: "around 27 January 2025" in heading(pilot))
    dates = next(line for line in shown(ticker(pilot).chart) if "01-27" in line)
    assert dates.split()[1:] == ["01-24", "01-27", "01-28", "01-29"], "also the days after the replay's clock"


async def test_all_its_headlines_are_listed_the_older_ones_page_by_page(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted, "FIRST", 1)
    monkeypatch.setattr(wanted, "PAGE", 1)
    app = TickerApp(database, "NVDA")
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: list(app.ticker.headlines.keys) == [3, 2, 1])
        assert not app.ticker.headlines.more


async def test_of_another_database_in_its_place_nothing_stays_that_the_first_held(
    pilot: Pilot[None], database: Path
) -> None:
    headlines = ticker(pilot).headlines
    assert any("18:13" in line for line in shown(headlines))
    for file in database.parent.glob(f"{database.name}*"):
        file.unlink()
    replayed(database, NOW + timedelta(hours=1))
    await until(pilot, lambda: any("19:13" in line for line in shown(headlines)))
    assert not any("18:13" in line for line in shown(headlines))


async def test_around_that_day_the_documents_figures_are_marked(pilot: Pilot[None]) -> None:
    await pilot.press("b")
    await until(pilot, lambda: caption(pilot)[0].startswith("5 figures marked"))
    await pilot.press("home")
    assert caption(pilot) == [
        "1/5  01-27 12:50 (07:50 New York)  nearly -12%, documented by 002",
        "Nvidia was down nearly 12% at 07:50 in New York, before the open.",
    ]
    await pilot.press("enter")
    assert str(ticker(pilot).baseline.highlighted).startswith("record/nvda-")


async def test_in_a_replay_nothing_after_its_clock_is_drawn(database: Path) -> None:
    with closing(Writer.open(database)) as writer:
        writer.heartbeat(collector(at("09:00")))
    app = TickerApp(database, "NVDA")
    with collecting(database):  # else its clock would stand where its prices end
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: any("NY  07:00" in line for line in shown(app.ticker.chart)))
            (times,) = (line for line in shown(app.ticker.chart) if line.startswith("NY"))
            assert times.split()[-1] == "08:50"


async def test_a_minute_and_a_quote_are_taken_in(pilot: Pilot[None], database: Path) -> None:
    later = NOW + timedelta(hours=1)
    replayed(database, later, headlines=0)
    await until(pilot, lambda: "14:00" in shown(ticker(pilot).chart)[-3])
    with closing(Writer.open(database)) as writer:
        fresh = quote("NVDA", later + timedelta(minutes=1))
        writer.record_quotes([fresh], now=later)
    await until(pilot, lambda: f"{fresh.price:,.2f}" in str(ticker(pilot).top.content))


async def test_without_a_collector_it_says_so(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: "no collector runs that could fetch more" in heading(pilot))


async def test_the_collector_is_asked_and_what_it_fetched_is_drawn(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    replayed(database, NOW, symbol="NVDA")
    mailbox.prepare(database, group=None)
    app = TickerApp(database, "AVGO")
    with collecting(database):
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: "asked the collector for prices" in heading(pilot))
            await pilot.press("b")
            await until(pilot, lambda: "around" in heading(pilot) and "asked" in heading(pilot))
            (letter,) = mailbox.take(database)
            assert letter.wish == mailbox.History("AVGO", "1h", prices.BEFORE, prices.AFTER)
            with closing(Writer.open(database)) as writer:
                writer.record_bars(january("AVGO", "1h"))
            letter.done()
            await until(pilot, lambda: any("01-29" in line for line in shown(app.ticker.chart)))
            assert "asked" not in heading(pilot)
            assert mailbox.take(database) == [], "once, and not again each minute"
            await pilot.press("r")
            assert len(mailbox.take(database)) == 1
        assert mailbox.take(database) == [], "nobody waits any more"


@pytest.mark.parametrize(
    ("size", "chosen", "those"),
    [
        ((120, 40), Part.BASELINE, tuple(Part)),
        ((100, 30), Part.CHART, tuple(Part)),
        ((80, 24), Part.CHART, (Part.CHART, Part.HEADLINES)),
        ((80, 24), Part.BASELINE, (Part.CHART, Part.BASELINE)),
        ((40, 10), Part.CHART, (Part.CHART,)),
        ((40, 10), Part.HEADLINES, (Part.HEADLINES,)),
    ],
)
def test_small_terminals_show_fewer_parts(size: tuple[int, int], chosen: Part, those: tuple[Part, ...]) -> None:
    assert parts(*size, chosen) == those


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_tab_reaches_every_part(database: Path, size: tuple[int, int]) -> None:
    app = TickerApp(database, "NVDA")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        reached = []
        for _ in Part:
            assert app.focused is not None
            assert app.focused.display
            reached.append(app.focused)
            await pilot.press("tab")
        assert reached == [app.ticker.chart, app.ticker.baseline, app.ticker.headlines]
        assert app.focused is app.ticker.chart


async def test_what_changes_below_is_not_drawn_here(pilot: Pilot[None]) -> None:
    drawn: list[object] = []
    screen = ticker(pilot)
    screen._set_dirty = lambda *regions: drawn.append(regions)  # type: ignore[method-assign]
    pilot.app.screen_stack[-2].refresh()
    await pilot.pause(0.2)
    assert drawn == []
