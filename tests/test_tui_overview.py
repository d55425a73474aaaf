"""The overview over a real database: what it shows, where the keys lead, what it says when something is wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from monitor import lock
from monitor.config import Settings, ViewerSettings, load, parse
from monitor.errors import ConfigError, Mistake, StoreCorrupt
from monitor.models import Topic
from monitor.store.personal import Personal
from monitor.tui import keys, themes
from monitor.tui.app import MonitorApp
from monitor.tui.layout import Panel
from monitor.tui.screens.overview import Overview
from tests.commands import collected, publish
from tests.store_samples import entry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from monitor.store.records import CollectorInfo
    from monitor.store.writer import Writer

SETTINGS = Settings(file="feeds.yaml", topics=(Topic(name="DeepSeek", terms=()), Topic(name="OpenAI", terms=())))
WITHIN = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with collected(path) as writer:
        publish(writer, entry("1", "DeepSeek shakes Nvidia"), entry("2", "금리 동결 전망"))
        yield writer


@asynccontextmanager
async def screen(
    path: Path,
    *,
    size: tuple[int, int] = (120, 40),
    settings: Callable[[CollectorInfo | None], Settings] = lambda _: SETTINGS,
    viewer: ViewerSettings | None = None,
) -> AsyncIterator[tuple[Overview, Pilot[None]]]:
    """Complete: its settings read, its panels there."""
    app = MonitorApp(path, personal=Personal(path.with_name("viewer.db")), read_settings=settings, viewer=viewer)
    async with app.run_test(size=size) as pilot:
        overview = app.screen
        assert isinstance(overview, Overview)
        await until(pilot, lambda: all(box.children for box in overview.boxes.values()))
        await until(pilot, lambda: bool(app.picture.settings.file or app.settings_trouble))
        yield overview, pilot


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN):
        while not holds():
            await pilot.pause(0.02)


def shown(overview: Overview) -> set[str]:
    return {panel.value for panel, box in overview.boxes.items() if box.display}


def focused(overview: Overview) -> str | None:
    around = overview.focused.ancestors_with_self if overview.focused else ()
    return next((panel.value for panel, box in overview.boxes.items() if box in around), None)


def said(overview: Overview) -> str:
    return str(overview.notice.content) if overview.notice.display else ""


# Room


@pytest.mark.parametrize(
    ("size", "panels"),
    [
        ((120, 40), {"quotes", "headlines", "alerts", "baseline"}),
        ((80, 24), {"quotes", "headlines"}),
        ((40, 10), {"headlines"}),
    ],
)
async def test_as_many_panels_as_the_terminal_has_room_for(
    writer: Writer, path: Path, size: tuple[int, int], panels: set[str]
) -> None:
    async with screen(path, size=size) as (overview, _):
        assert shown(overview) == panels
        assert focused(overview) == "headlines"
        for box in overview.boxes.values():
            assert not box.display or (box.region.height > 0 and overview.region.contains_region(box.region))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 10)])
async def test_every_panel_is_reached_by_one_key(writer: Writer, path: Path, size: tuple[int, int]) -> None:
    async with screen(path, size=size) as (overview, pilot):
        for key, panel in zip("4132", ("baseline", "quotes", "alerts", "headlines"), strict=True):
            await pilot.press(key)
            assert panel in shown(overview)
            assert focused(overview) == panel


async def test_the_same_key_again_gives_a_panel_the_whole_screen_and_then_takes_it_back(
    writer: Writer, path: Path
) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("2")
        assert shown(overview) == {"headlines"}
        await pilot.press("2")
        assert len(shown(overview)) == 4
        await pilot.press("Z")
        assert shown(overview) == {"headlines"}


async def test_tab_goes_through_the_panels_that_are_shown(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        seen = []
        for _ in range(4):
            await pilot.press("tab")
            seen.append(focused(overview))
        assert sorted(filter(None, seen)) == sorted(Panel)
        await pilot.press("shift+tab")
        assert focused(overview) == seen[-2]


async def test_another_size_arranges_them_anew_and_keeps_the_focus_on_what_is_shown(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("4")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: len(shown(overview)) == 2)
        assert focused(overview) in shown(overview)
        await pilot.resize_terminal(30, 8)
        await until(pilot, lambda: overview.too_small.display)
        assert "40x10" in str(overview.too_small.content)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: len(shown(overview)) == 4)
        assert not overview.too_small.display


async def test_the_settings_can_ask_for_fewer_panels(writer: Writer, path: Path) -> None:
    settings = replace(SETTINGS, viewer=ViewerSettings(layout="two"))
    async with screen(path, settings=lambda _: settings) as (overview, pilot):
        await until(pilot, lambda: len(shown(overview)) == 2)


# Headlines


async def test_what_arrives_is_shown_without_a_key(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        assert len(overview.headlines.list.keys) == 2
        publish(writer, entry("3", "새 소식"))
        await until(pilot, lambda: len(overview.headlines.list.keys) == 3)


async def test_a_search_filters_what_is_there_and_what_arrives(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("slash", *"금리", "enter")
        await until(pilot, lambda: len(overview.headlines.list.keys) == 1)
        publish(writer, entry("3", "금리 인하"), entry("4", "nothing of it"))
        await until(pilot, lambda: len(overview.headlines.list.keys) == 2)
        assert "금리" in overview.headlines.list.note
        assert "of 4" in overview.headlines.list.note
        assert focused(overview) == "headlines"
        await pilot.press("x")
        await until(pilot, lambda: len(overview.headlines.list.keys) == 4)


async def test_the_search_opens_from_every_panel(writer: Writer, path: Path) -> None:
    async with screen(path, size=(80, 24)) as (overview, pilot):
        await pilot.press("3", "2", "1", "slash")
        assert overview.headlines.bar.is_open
        assert "headlines" in shown(overview)
        await pilot.press("1", "q")  # letters and digits are typed there
        assert overview.headlines.bar.is_open


async def test_all_of_many_headlines_come_after_the_first_page(path: Path) -> None:
    with collected(path) as writer:
        publish(writer, *(entry(str(number), f"title {number}") for number in range(5000)))
        async with screen(path) as (overview, pilot):
            await until(pilot, lambda: len(overview.headlines.list.keys) == 5000)
            await pilot.press("end")
            assert overview.headlines.list.highlighted == overview.headlines.list.keys[-1]


async def test_the_topic_key_goes_through_the_settings_topics(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        await pilot.press("t")
        await until(pilot, lambda: "topic DeepSeek" in overview.headlines.list.note)
        assert len(overview.headlines.list.keys) == 1
        await pilot.press("t", "t")
        await until(pilot, lambda: len(overview.headlines.list.keys) == 2)


# What is wrong


async def test_no_database_is_said_and_the_screen_fills_when_there_is_one(path: Path) -> None:
    async with screen(path) as (overview, pilot):
        assert str(path) in said(overview)
        with collected(path) as writer:
            publish(writer, entry("1", "there now"))
            await until(pilot, lambda: len(overview.headlines.list.keys) == 1)
            assert said(overview) == ""


async def test_a_database_that_cannot_be_read_any_more_is_said_and_what_was_shown_stays(
    writer: Writer, path: Path
) -> None:
    def read() -> None:
        raise StoreCorrupt("a page is damaged")

    async with screen(path) as (overview, pilot):
        with overview.app.reading():
            read()
        assert said(overview) == "a page is damaged"
        assert len(overview.headlines.list.keys) == 2
        await until(pilot, lambda: said(overview) == "")  # it can be read after all


async def test_who_collects_is_said(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, pilot):
        assert "no collector" in overview.top.text.lower()
        with lock.collecting(path):
            await until(pilot, lambda: "no collector" not in overview.top.text.lower())


async def test_a_mistake_in_the_settings_is_said_and_gone_when_it_is_mended(
    writer: Writer, path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "feeds.yaml"
    file.write_text("watchlist: nothing of the kind\n")
    async with screen(path, settings=lambda _: load(file)) as (overview, pilot):
        assert f"{file}:1" in said(overview)
        file.write_text("feeds: []\nrules: []\n")
        await until(pilot, lambda: said(overview) == "")
        assert overview.app.picture.settings.file == str(file)


async def test_settings_that_change_are_read_again(writer: Writer, path: Path, tmp_path: Path) -> None:
    file = tmp_path / "feeds.yaml"
    file.write_text("feeds: []\nrules: []\ntopics: []\nwatchlist: []\n")
    async with screen(path, settings=lambda _: load(file)) as (overview, pilot):
        file.write_text("feeds: []\nrules: []\ntopics: [{name: Rates, terms: [금리]}]\nwatchlist: []\n")
        await until(pilot, lambda: [topic.name for topic in overview.app.picture.settings.topics] == ["Rates"])


async def test_the_settings_are_asked_for_again_when_a_replay_begins_to_fill_the_database(path: Path) -> None:
    asked = []

    def settings(info: CollectorInfo | None) -> Settings:
        asked.append(info is not None and info.simulated)
        return SETTINGS

    async with screen(path, settings=settings) as (_, pilot):
        with collected(path, simulated=True):
            await until(pilot, lambda: asked == [False, True])


# Keys and themes


async def test_a_key_of_the_settings_takes_the_place_of_the_programs_own(writer: Writer, path: Path) -> None:
    viewer = ViewerSettings(keys=(("panel.alerts", ("a", "f5")),))
    async with screen(path, settings=lambda _: replace(SETTINGS, viewer=viewer), viewer=viewer) as (overview, pilot):
        await pilot.press("3")
        assert focused(overview) == "headlines"
        await pilot.press("f5")
        assert focused(overview) == "alerts"
        assert "a alerts" in str(overview.hint.content)


def test_every_binding_has_an_id_of_its_own() -> None:
    bindings = [*keys.APP, *keys.OVERVIEW, *keys.HEADLINES]
    names = [binding.id for binding in bindings]
    assert all(names)
    assert len(set(names)) == len(names)


async def test_the_actions_of_what_is_on_the_screen_are_known_by_id(writer: Writer, path: Path) -> None:
    async with screen(path) as (overview, _):
        known = keys.actions([overview.app, overview, overview.headlines, overview.headlines.list])
        assert {"app.quit", "panel.quotes", "headlines.search", "headlines.star", "list.down"} <= known.keys()
        assert known["list.down"].key == "down,j"


@pytest.mark.parametrize("theme", themes.ALL)
async def test_every_theme_can_be_shown(writer: Writer, path: Path, theme: str) -> None:
    app = MonitorApp(
        path, personal=Personal(path.with_name("viewer.db")), read_settings=lambda _: SETTINGS, theme=theme
    )
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == theme
        assert app.theme_variables["up"] != app.theme_variables["down"]


def test_the_section_of_the_settings_is_read() -> None:
    text = "viewer: {theme: nord, keys: {list.down: [j, ctrl+n]}, bell: true, notify: osc9, layout: two}"
    assert parse(text, "feeds.yaml").viewer == ViewerSettings(
        theme="nord", keys=(("list.down", ("j", "ctrl+n")),), bell=True, notify="osc9", layout="two"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("viewer: {keys: {star: [s]}}", "viewer.keys.star"),
        ("viewer: {keys: {headlines.starr: [s]}}", "viewer.keys.'headlines.starr'"),
        ("viewer: {keys: {list.down: j}}", "viewer.keys.'list.down'"),
        ("viewer: {keys: {list.down: ['j,k']}}", "viewer.keys.'list.down'[0]"),
        ("viewer: {notify: mail}", "viewer.notify"),
        ("viewer: {layout: three}", "viewer.layout"),
        ("viewer: {colour: red}", "viewer.colour"),
    ],
)
def test_a_mistake_in_it_names_the_key(text: str, key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, "feeds.yaml")
    (mistake,) = caught.value.mistakes
    assert isinstance(mistake, Mistake)
    assert mistake.key == key
