"""The screens of a headline, of health and of help, and the palette, as a person goes through them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from msgspec.structs import replace
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Input, Static

from monitor import lock, mailbox
from monitor.config import parse
from monitor.config.screen import ViewerSettings
from monitor.models import FailureKind, FeedState
from monitor.store.personal import Personal
from monitor.tui.app import MonitorApp
from monitor.tui.commands import Palette
from monitor.tui.screens.headline import HeadlineScreen
from monitor.tui.screens.health import HealthScreen
from monitor.tui.screens.help import HelpScreen
from monitor.tui.screens.overview import Overview
from monitor.tui.widgets.page import Page
from tests.commands import KOREA, NEWS, NOW, SETTINGS, collected, publish
from tests.store_samples import entry, minutes, quote
from tests.tui_samples import shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from textual.pilot import Pilot

    from monitor.store.writer import Writer

WITHIN = 20.0
SIZES = [(120, 40), (80, 24), (40, 10)]
PAGES: dict[str, Callable[[MonitorApp], object]] = {
    "help": MonitorApp.action_help,
    "health": MonitorApp.action_health,
    "palette": MonitorApp.action_command_palette,
    "headline": lambda app: app.open_headline(1, app.overview.headlines.list),
    "ticker": lambda app: app.open_ticker("NVDA"),
}

T = TypeVar("T")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with collected(path) as writer:
        for number in range(1, 41):
            published = NOW - minutes(number)
            link = f"https://news.example/{number}"
            publish(writer, entry(str(number), f"DeepSeek 딥시크 급락 {number}", published_at=published, link=link))
        publish(writer, entry("same", "엔비디아 Nvidia 7", link="https://news.example/7"), feed=KOREA)
        yield writer


@asynccontextmanager
async def opened(
    path: Path, size: tuple[int, int] = (120, 40), viewer: ViewerSettings | None = None
) -> AsyncIterator[tuple[MonitorApp, Pilot[None]]]:
    app = MonitorApp(
        path,
        personal=Personal(path.with_name("viewer.db")),
        read_settings=lambda _: replace(parse(SETTINGS, "feeds.yaml"), viewer=viewer or ViewerSettings()),
        viewer=viewer,
    )
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(app.picture.settings.file))
        await until(pilot, lambda: isinstance(app.screen, Overview) and bool(app.screen.headlines.list.keys))
        yield app, pilot


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not holds():
            await pilot.pause(0.02)


def page(app: MonitorApp) -> list[str]:
    return shown(app.screen.query_one(Page))


def hint(app: MonitorApp) -> str:
    return str(list(app.screen.query(Static))[-1].content)


async def on_headline(app: MonitorApp, pilot: Pilot[None], number: int = 1) -> HeadlineScreen:
    """The screen of the `number`th headline of the overview."""
    await pilot.press(*["j"] * number, "enter")
    await until(pilot, lambda: isinstance(app.screen, HeadlineScreen) and len(page(app)[1]) > 0)
    assert isinstance(app.screen, HeadlineScreen)
    return app.screen


# One headline


@pytest.mark.parametrize("size", SIZES)
async def test_enter_opens_a_headline_and_n_and_p_go_on_in_the_list(
    writer: Writer, path: Path, size: tuple[int, int]
) -> None:
    async with opened(path, size) as (app, pilot):
        await on_headline(app, pilot, 2)
        assert page(app)[0].startswith("Headline  2 of 41")
        assert "급락 1" in page(app)[1]
        await pilot.press("n")
        assert "급락 2" in page(app)[1]
        await pilot.press("p", "p", "p")
        assert "Nvidia 7" in page(app)[1]
        assert hint(app) == "this is the first one of the list"
        await pilot.press("escape")
        assert isinstance(app.screen, Overview)
        assert app.screen.headlines.list.highlighted == 41


async def test_reading_marks_it_read_and_s_stars_it(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        screen = await on_headline(app, pilot)
        await until(pilot, lambda: screen.number in app.marking.personal.read)
        await pilot.press("s")
        await until(pilot, lambda: "* starred" in page(app)[0])
        await pilot.press("n", "p", "s")
        await until(pilot, lambda: "* starred" not in page(app)[0])
        assert screen.number in app.marking.personal.read


async def test_a_changed_quote_changes_its_line(writer: Writer, path: Path) -> None:
    writer.record_quotes([quote("NVDA", 100.0, at=NOW - minutes(1))], now=NOW - minutes(1))
    async with opened(path) as (app, pilot):
        await on_headline(app, pilot)
        assert "100.00 then, 100.00 now" in "\n".join(page(app))
        writer.record_quotes([quote("NVDA", 90.0, at=NOW)], now=NOW)
        await until(pilot, lambda: "90.00 now  ▼-10.00%" in "\n".join(page(app)))


async def test_a_title_that_its_feed_changes_is_changed_in_the_list_and_on_its_own_screen(
    writer: Writer, path: Path
) -> None:
    async with opened(path) as (app, pilot):
        publish(
            writer,
            entry("1", "딥시크 급락 멈춰", published_at=NOW - minutes(1), link="https://news.example/1"),
            now=NOW + minutes(1),
        )
        await until(pilot, lambda: any("급락 멈춰" in line for line in shown(app.overview.headlines.list)))
        await on_headline(app, pilot, 2)
        publish(
            writer,
            entry("1", "딥시크 반등", published_at=NOW - minutes(1), link="https://news.example/1"),
            now=NOW + minutes(2),
        )
        await until(pilot, lambda: "딥시크 반등" in page(app)[1])


async def test_what_scrolled_out_of_sight_is_read_again_when_its_feed_has_changed_it(
    writer: Writer, path: Path
) -> None:
    async with opened(path, (40, 10)) as (app, pilot):
        await pilot.press("end", "home")
        publish(
            writer,
            entry("40", "딥시크 마감", published_at=NOW - minutes(40), link="https://news.example/40"),
            now=NOW + minutes(1),
        )
        await until(pilot, lambda: NOW + minutes(1) in [feed.state.last_checked_at for feed in app.picture.feeds])
        await pilot.press("end")
        await until(pilot, lambda: any("딥시크 마감" in line for line in shown(app.overview.headlines.list)))


async def test_enter_leads_to_the_same_story_elsewhere(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        screen = await on_headline(app, pilot)
        assert screen.page.select("other/7")
        await pilot.press("enter")
        await until(pilot, lambda: "급락 7" in page(app)[1])
        assert any("엔비디아 Nvidia 7" in line for line in page(app)[2:])


async def test_over_ssh_o_says_what_works(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        await app.push_screen(HeadlineScreen(3, environment={"TERM": "xterm", "SSH_CONNECTION": "1 2 3 4"}))
        await until(pilot, lambda: "급락 3" in page(app)[1])
        await pilot.press("o")
        assert hint(app) == "over ssh: y copies it"
        await pilot.press("j")
        assert hint(app).startswith("o open")
        await pilot.press("n")
        assert hint(app) == "opened by itself: there is no list to go on in"


async def test_what_was_deleted_is_said_to_be(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        await app.push_screen(HeadlineScreen(999))
        await until(pilot, lambda: "no longer kept" in page(app)[0])
        await pilot.press("o", "y", "s", "escape")
        assert isinstance(app.screen, Overview)


# Health


@pytest.mark.parametrize("size", SIZES)
async def test_health_tells_of_each_source(writer: Writer, path: Path, size: tuple[int, int]) -> None:
    async with opened(path, size) as (app, pilot):
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HealthScreen) and len(page(app)[1]) > 0)
        text = "\n".join(page(app))
        assert "Example News" in text
        assert "한국 뉴스" in text
        failed = FeedState(
            url=NEWS.url, last_checked_at=NOW, failures=1, failure=FailureKind.TLS, error="bad certificate"
        )
        writer.record_poll(NEWS, failed, [], now=NOW)
        await until(pilot, lambda: "bad certificate" in "\n".join(page(app)))
        await pilot.press("escape")
        assert isinstance(app.screen, Overview)


async def test_without_a_collector_nothing_can_be_asked(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HealthScreen) and len(page(app)[1]) > 0)
        await pilot.press("p")
        assert hint(app) == "no collector runs: nothing can be asked"
        assert mailbox.take(path) == []


async def test_a_feed_is_asked_through_the_mailbox_and_its_answer_told(writer: Writer, path: Path) -> None:
    mailbox.prepare(path, group=None)
    with lock.collecting(path):
        async with opened(path) as (app, pilot):
            await until(pilot, lambda: app.picture.alive is True)
            await pilot.press("h")
            await until(pilot, lambda: isinstance(app.screen, HealthScreen) and ">" in "".join(page(app)))
            await pilot.press("p")
            (letter,) = mailbox.take(path)
            assert letter.wish == mailbox.PollNow("Example News")
            letter.done()
            await until(pilot, lambda: hint(app) == "Example News: asked now")
            later = FeedState(url=NEWS.url, last_checked_at=NOW + minutes(1))
            writer.record_poll(NEWS, later, [], now=NOW + minutes(1))
            await until(pilot, lambda: hint(app) == "Example News: answered")
            await pilot.press("P")
            (letter,) = mailbox.take(path)
            assert letter.wish == mailbox.PollNow(None)


# Help and the palette


@pytest.mark.parametrize("size", SIZES)
async def test_help_shows_the_keys_that_the_settings_chose(writer: Writer, path: Path, size: tuple[int, int]) -> None:
    chosen = ViewerSettings(keys=(("app.quit", ("f10",)),))
    async with opened(path, size, chosen) as (app, pilot):
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and len(page(app)[1]) > 0)
        assert any(line.strip().startswith("f10") for line in page(app))
        await pilot.press("escape")
        assert isinstance(app.screen, Overview)


async def test_typing_in_the_palette_finds_an_action_and_does_it(writer: Writer, path: Path) -> None:
    async with opened(path, (80, 24)) as (app, pilot):
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        assert app.screen.query_one(Input).has_focus
        await pilot.press(*"health of feeds")
        await until(pilot, lambda: len(app.screen.query_one("CommandList").options) == 1)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HealthScreen))


async def test_the_palette_finds_themes_and_leaves_names_as_they_are(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*"theme blue-orange")
        await until(pilot, lambda: len(app.screen.query_one("CommandList").options) == 1)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: app.theme == "blue-orange")


# What was left: a viewer stays open for days


@pytest.mark.parametrize("kind", PAGES)
async def test_of_a_page_that_was_left_nothing_stays(writer: Writer, path: Path, kind: str) -> None:
    async with opened(path) as (app, pilot):
        others = len(living(Screen)) - len(app.screen_stack)  # of tests before
        lines = []
        for _ in range(4):
            await visit(app, pilot, kind)
            await until(pilot, lambda: len(living(Screen)) <= others + 1)  # timers hold it until their next ticks
            lines.append(len(living(Strip)))
        assert lines[-1] <= lines[0] + 20, "dozens are drawn of each"


async def test_a_page_that_was_left_is_collected_soon(writer: Writer, path: Path) -> None:
    async with opened(path) as (app, pilot):
        gc.disable()  # its time comes after hundreds of pages
        try:
            await pilot.press("question_mark")
            page = weakref.ref(app.screen)
            assert isinstance(page(), HelpScreen)
            await pilot.press("escape")
            await until(pilot, lambda: page() is None)
        finally:
            gc.enable()


async def visit(app: MonitorApp, pilot: Pilot[None], kind: str) -> None:
    """Open, see and leave it."""
    PAGES[kind](app)
    page = app.screen
    await until(pilot, lambda: page.is_mounted and page.size.width > 0)
    await pilot.pause(0.1)
    await pilot.press("escape")
    await until(pilot, lambda: not page.is_attached)


def living(kind: type[T]) -> list[T]:
    gc.collect()
    return [each for each in gc.get_objects() if issubclass(type(each), kind)]
