"""What the screens look like, picture by picture.

After a wanted change: make test TEST="tests/test_snapshots.py --snapshot-update", and look at each picture in
tests/__snapshots__ that is another now.

The same on every machine: the clock of the database stands, the zone is Seoul's, and whoever collects is nobody here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.baseline import load as documented
from monitor.clock import Clock
from monitor.store.personal import Personal
from monitor.tui.app import MonitorApp
from monitor.tui.screens.overview import Overview
from monitor.tui.widgets.quote_panel import QuotePanel
from tests.commands import NOW, collected
from tests.snapshot_day import SETTINGS, filled, mark

if TYPE_CHECKING:
    from textual.pilot import Pilot

    Compare = Callable[..., bool]

DATABASE = Path("monitor.db")  # in the test's own folder, whose name is in no picture
WITHIN = 30.0
STEADY = 3  # looks in a row at which nothing has changed
LARGE, MIDDLE, SMALL = (120, 40), (80, 24), (40, 10)
SIZES = pytest.mark.parametrize("size", [LARGE, MIDDLE, SMALL], ids=lambda size: f"{size[0]}x{size[1]}")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of this machine is in the picture."""
    documented()  # read once, before any clock of a test runs
    with monkeypatch.context() as here:
        here.setattr(Clock, "now", lambda _: NOW)  # of what shows no database
        here.chdir(tmp_path)
        for name in ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "LC_MESSAGES", "LANG"):
            here.delenv(name, raising=False)
        for name, value in {"TZ": "Asia/Seoul", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}.items():
            here.setenv(name, value)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def picture(snap_compare: Compare) -> Callable[..., bool]:
    """Whether the screen that these keys lead to looks as it did."""

    def compare(*keys: str, size: tuple[int, int] = MIDDLE, theme: str = "dark", database: Path = DATABASE) -> bool:
        personal = Personal(Path("viewer.db"))
        app = MonitorApp(database, personal=personal, read_settings=lambda _: SETTINGS, theme=theme)

        async def lead(pilot: Pilot[None]) -> None:
            await settled(pilot)
            mark(personal)
            app._show_marks([1, 2, 8], ["a1"])
            for key in keys:
                await pilot.press(key)
                await settled(pilot)

        return snap_compare(app, terminal_size=size, run_before=lead)

    return compare


async def settled(pilot: Pilot[None]) -> None:
    """Everything is read, and nothing changes any more."""
    app = pilot.app
    assert isinstance(app, MonitorApp)
    seen: list[str] = []
    async with asyncio.timeout(WITHIN):
        while len(seen) < STEADY or len(set(seen[-STEADY:])) > 1:
            await pilot.pause(0.05)
            if _is_complete(app):
                seen.append(app.export_screenshot())


def _is_complete(app: MonitorApp) -> bool:
    overview = app.screen_stack[0]
    assert isinstance(overview, Overview)
    boards = overview.query(QuotePanel)
    return bool(
        overview._calendar
        and app.picture.settings.file
        and all(worker.is_finished for worker in app.workers)
        and boards
        and all(board._next_course is None for board in boards)
    )


# Each screen in each size


@SIZES
def test_overview(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE):
        assert picture(size=size)


@SIZES
def test_ticker(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE):
        assert picture("1", "down", "down", "enter", size=size)


@SIZES
def test_headline(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE):
        assert picture("down", "down", "enter", size=size)


@SIZES
def test_health(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE):
        assert picture("h", size=size)


@SIZES
def test_help(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE):
        assert picture("question_mark", size=size)


# One panel, as large as the screen


@pytest.mark.parametrize(
    "keys",
    [("1", "1"), ("3", "3", "down"), ("4", "4"), ("slash", *"급락", "enter"), ("colon",)],
    ids=["quotes", "alerts", "baseline", "search", "palette"],
)
def test_panel(picture: Callable[..., bool], keys: tuple[str, ...]) -> None:
    with filled(DATABASE):
        assert picture(*keys)


def test_baseline_in_korean(picture: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    with filled(DATABASE):
        assert picture("1", "down", "down", "4", "4")


# What else it has to say


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["120x40", "40x10"])
def test_simulated(picture: Callable[..., bool], size: tuple[int, int]) -> None:
    with filled(DATABASE, simulated=True):
        assert picture(size=size)


def test_no_collector(picture: Callable[..., bool]) -> None:
    with filled(DATABASE, running=False):
        assert picture()


def test_empty_database(picture: Callable[..., bool]) -> None:
    with collected(DATABASE):
        assert picture(size=LARGE)


def test_no_database(picture: Callable[..., bool]) -> None:
    assert picture(database=Path("/nowhere/monitor.db"))


def test_too_small(picture: Callable[..., bool]) -> None:
    with filled(DATABASE):
        assert picture(size=(34, 8))


@pytest.mark.parametrize("theme", ["light", "blue-orange", "ansi"])
def test_theme(picture: Callable[..., bool], theme: str) -> None:
    with filled(DATABASE):
        assert picture(theme=theme)
