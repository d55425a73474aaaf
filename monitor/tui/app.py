"""The app: it looks at the database, and hands what it sees to its screens."""

from __future__ import annotations

import asyncio
import gc
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import App
from textual.constants import DEFAULT_THEME
from textual.widget import Widget

from monitor.config.screen import ViewerSettings
from monitor.errors import ConfigError, StoreError
from monitor.tui import keys, themes
from monitor.tui.driver import TerminalDriver
from monitor.tui.follow import Follower
from monitor.tui.listener import ShowsMarks
from monitor.tui.marking import Marking
from monitor.tui.screens.overview import Overview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import tzinfo
    from pathlib import Path

    from textual.await_complete import AwaitComplete
    from textual.binding import BindingType
    from textual.screen import Screen
    from textual.theme import Theme

    from monitor.config.settings import Settings
    from monitor.store.personal import Personal
    from monitor.store.reader import Reader
    from monitor.store.records import CollectorInfo
    from monitor.tui.child import CollectorChild
    from monitor.tui.follow import Picture
    from monitor.tui.screens.headline import HeadlineScreen
    from monitor.tui.succession import ChildState
    from monitor.tui.widgets.alert_list import AlertList
    from monitor.tui.widgets.headline_list import HeadlineList
    from monitor.tui.widgets.quote_board import QuoteBoard

LOOK = 0.25  # seconds between two looks at the database
COLLECTOR_EVERY, SETTINGS_EVERY = 4, 8  # of these it looks at who collects, and at the settings file
AFTERWARDS = 1.0  # seconds after which nothing holds a page any more that was left


class MonitorApp(App[None], inherit_bindings=False):
    """A viewer of the database at `path`, with the user's own marks, which it closes in the end.

    `read_settings` reads all settings, those of a replay where one fills the database, and raises ConfigError;
    `viewer` is what is known of them before. `terminal_lost` is asked at each look. `settled` is called after the
    first screenful, and when the settings have been read. `leaving` is called with the exit status when it ends.
    `collector` is made after the first screenful and looked at from then on; whoever gave it closes it.
    """

    TITLE = "monitor"
    CSS_PATH = "monitor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(keys.APP)

    zone: tzinfo | None = None
    """The zone that times are shown in; None is this machine's."""

    def __init__(
        self,
        path: Path,
        *,
        personal: Personal,
        read_settings: Callable[[CollectorInfo | None], Settings],
        collector: Callable[[], CollectorChild] | None = None,
        theme: str = "dark",
        viewer: ViewerSettings | None = None,
        terminal_lost: Callable[[], bool] = lambda: False,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self.theme = theme
        self.viewer = viewer or ViewerSettings()
        self.follower = Follower(path)
        self.marking = Marking(personal, write=self.write, reading=self.reading, now=self.now)
        self.follower.tell(self.marking)
        self.settings_trouble = ""
        self.leaving: Callable[[int], None] = lambda _: None
        self.collecting: ChildState | None = None
        """Who collects, or why nobody does; None before the first look."""
        self.collector: CollectorChild | None = None
        self._make_collector = collector
        self._read_settings = read_settings
        self._terminal_lost = terminal_lost
        self._settled = settled
        self._settings_file = ""
        self._settings_wanted: object = ()
        self._looks = count(1)
        self._running_loop: asyncio.AbstractEventLoop | None = None

    # What panels are given

    @property
    def picture(self) -> Picture:
        return self.follower.picture

    @property
    def reader(self) -> Reader | None:
        """None while the database cannot be read. Read within `reading`, or catch StoreError and report it there."""
        return self.follower.reader

    def now(self) -> datetime:
        """Aware, UTC; in a replay the replayed day's."""
        return self.follower.clock.now()

    @contextmanager
    def reading(self) -> Iterator[Reader | None]:
        """The reader, or None; what fails inside the block ends it, is said on the screen, and is tried again."""
        try:
            yield self.follower.reader
        except StoreError as error:
            self.follower.failed(error)

    @property
    def collector_log(self) -> Path | None:
        """Of the collector that this viewer started; None where another process collects, or none was started."""
        from monitor.tui.succession import Who

        ours = self.collecting is not None and self.collecting.who not in {Who.ELSEWHERE, Who.BARRED}
        return self.collector.log if self.collector is not None and ours else None

    def write(self, text: str) -> None:
        """Put this on the terminal, whole and in order with what is drawn."""
        if self._driver is not None:
            self._driver.write(text)

    @property
    def _background_screens(self) -> list[Screen[object]]:
        """None behind a screen that hides them. Textual takes one to shine through all the same, and draws the whole
        screen anew whenever something changes there.
        """
        return super()._background_screens if self.screen.styles.background.a < 1 else []

    # What the user marks

    def on_headline_list_marked_read(self, event: HeadlineList.MarkedRead) -> None:
        """Or unread, if it was read."""
        self.marking.personal.mark_read([event.number], read=event.number not in self.marking.personal.read)
        self._show_marks([event.number])

    def on_headline_list_star_toggled(self, event: HeadlineList.StarToggled) -> None:
        self.marking.personal.star(event.number, starred=event.number not in self.marking.personal.starred)
        self._show_marks([event.number])

    def on_alert_list_acknowledged(self, event: AlertList.Acknowledged) -> None:
        self.marking.personal.acknowledge(event.alerts)
        self._show_marks(alerts=[alert.id for alert in event.alerts])

    def on_alert_list_snoozed(self, event: AlertList.Snoozed) -> None:
        self.marking.personal.snooze(event.rule, event.until)
        self._show_marks()

    def _show_marks(self, headlines: Iterable[int] = (), alerts: Iterable[str] = ()) -> None:
        """Wherever these are shown."""
        for screen in self.screen_stack:
            for shown in (screen, *screen.walk_children()):
                if isinstance(shown, ShowsMarks):
                    shown.marks_changed(headlines, alerts)

    # Its screens, imported when they are opened

    @property
    def overview(self) -> Overview:
        return cast("Overview", self.screen_stack[0])

    def open_headline(self, number: int, among: HeadlineList | None = None) -> None:
        """`among` is the list in which one can go on from there."""
        from monitor.tui.screens.headline import HeadlineScreen

        self.push_screen(HeadlineScreen(number, among=among, marks=self.marking.personal))

    def open_ticker(self, symbol: str) -> None:
        from monitor.tui.screens.ticker import TickerScreen

        self.push_screen(TickerScreen(symbol, open_headline=self.open_headline, marks=self.marking.personal))

    def on_quote_board_opened(self, event: QuoteBoard.Opened) -> None:
        self.open_ticker(event.symbol)

    def on_alert_list_opened(self, event: AlertList.Opened) -> None:
        """Where it leads: its headline, else its ticker."""
        if event.headline is not None:
            self.open_headline(event.headline)
        elif event.symbol is not None:
            self.open_ticker(event.symbol)

    def on_headline_list_opened(self, event: HeadlineList.Opened) -> None:
        self.open_headline(event.key, cast("HeadlineList", event.source))

    def on_headline_screen_ticker_opened(self, event: HeadlineScreen.TickerOpened) -> None:
        self.open_ticker(event.symbol)

    def action_help(self) -> None:
        from monitor.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            here = [self.screen, *self.screen.walk_children()]
            self.push_screen(HelpScreen([type(self), *map(type, here)]))

    def action_command_palette(self) -> None:
        from monitor.tui.commands import Palette

        if not any(isinstance(screen, Palette) for screen in self.screen_stack):
            self.push_screen(Palette())

    def action_health(self) -> None:
        from monitor.tui.screens.health import HealthScreen

        if not isinstance(self.screen, HealthScreen):
            self.push_screen(HealthScreen())

    def pop_screen(self) -> AwaitComplete:
        """Of the last thousand widgets that are gone Textual keeps all lines as they were drawn (its issue 6665), some
        200 kB a page; one that is to be refreshed has none.
        """
        left = self.screen
        popped = super().pop_screen()
        for widget in (left, *left.walk_children(Widget)):
            widget.refresh()
            if widget.show_vertical_scrollbar:  # no child of its widget
                widget.vertical_scrollbar.refresh()
        self.set_timer(AFTERWARDS, self._forget)
        return popped

    def _forget(self) -> None:
        """What is gone refers to itself, and by itself the collector of garbage would come after hundreds of pages."""
        gc.collect()

    # Its life

    def get_default_screen(self) -> Overview:
        return Overview()

    @property
    def available_themes(self) -> dict[str, Theme]:
        return {**super().available_themes, **themes.OWN}

    def refresh_css(self, animate: bool = True) -> None:  # noqa: FBT001, FBT002 (Textual's)
        """Not for the theme that it opens with, by which all is styled anyway: Textual asks for it then too."""
        if self.theme != DEFAULT_THEME or any(screen.is_mounted for screen in self.screen_stack):
            super().refresh_css(animate)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.variables(self.current_theme)

    def on_mount(self) -> None:
        self._running_loop = asyncio.get_running_loop()
        self.set_keymap(keys.keymap(self.viewer.keys))
        self.follower.begin()
        self.app_suspend_signal.subscribe(self, lambda _: self.marking.give_title_back())
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())
        self.theme_changed_signal.subscribe(self, lambda theme: self.marking.personal.choose("theme", theme.name))
        self.marking.use(self.viewer)
        self.call_after_refresh(self._after_first_paint)

    def on_unmount(self) -> None:
        self.marking.close()
        self.follower.close()

    def _look(self) -> None:
        if self._terminal_lost():
            self.leave(129)
            return
        self.follower.look()
        if changed := self.marking.look():
            self._show_marks(changed.headlines, changed.alerts)
        number = next(self._looks)
        if number % COLLECTOR_EVERY == 0:
            self._look_at_collector()
        if number % SETTINGS_EVERY == 0:
            self._look_at_settings()

    def _after_first_paint(self) -> None:
        self._settled()
        self._look_at_settings()
        self.collector = self._make_collector and self._make_collector()
        self._look_at_collector()
        self.set_interval(LOOK, self._look)

    def _look_at_collector(self) -> None:
        if self.collector is None:
            return
        before, self.collecting = self.collecting, self.collector.look(datetime.now(UTC))
        if self.collecting != before:
            self.overview.collector_changed()

    # The settings

    def _look_at_settings(self) -> None:
        """Have them read when the file is another than before, or another replay fills the database."""
        info = self.picture.collector
        wanted = (_stamp(self._settings_file), info and (info.simulated, info.replay_speed))
        if wanted != self._settings_wanted:
            self._settings_wanted = wanted
            self.run_worker(self._take_settings(info), group="settings", exclusive=True)

    async def _take_settings(self, info: CollectorInfo | None) -> None:
        try:
            settings = await asyncio.to_thread(self._read_settings, info)  # a tenth of a second in which keys are heard
        except ConfigError as error:
            first = error.mistakes[0]
            self._settings_file, self.settings_trouble = first.file, f"{first} (`monitor check` says all)"
            self.follower.use()
        else:
            self._settings_file, self.settings_trouble = settings.file, ""
            self.viewer = settings.viewer
            self.marking.use(self.viewer)
            self.set_keymap(keys.keymap(self.viewer.keys))
            self.follower.use(settings)
        self._settings_wanted = (_stamp(self._settings_file), info and (info.simulated, info.replay_speed))
        self._settled()

    # Its keys

    async def action_quit(self) -> None:
        self.leave(0)

    def action_redraw(self) -> None:
        """All of it, for a terminal that something else has written on."""
        self.refresh(layout=True)

    def leave(self, status: int) -> None:
        """End, with this exit status."""
        self.leaving(status)
        self.exit(return_code=status)

    def leave_soon(self, status: int) -> None:
        """The same from a signal's handler, or before it has begun."""
        if self._running_loop is None:
            raise SystemExit(status)
        self._running_loop.call_soon_threadsafe(self.leave, status)


def _stamp(file: str) -> tuple[int, int, int] | None:
    """Changes when the file at this path does."""
    try:
        status = os.stat(file)  # noqa: PTH116 (a third of the time of Path.stat)
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
