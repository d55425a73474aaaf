"""Help: every key of every screen as it is bound now, and what the signs mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import Screen

from monitor.tui import help_text, keys
from monitor.tui.listener import Listener
from monitor.tui.widgets.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from monitor.tui.app import MonitorApp


BACK = Binding("escape,backspace,question_mark", "back", "back", id="help.back")


class HelpScreen(Screen[None], Listener, inherit_bindings=False):
    """`here` are the classes of what is on the screen that it was asked on; the other screens' keys are told too."""

    app: MonitorApp
    DEFAULT_CSS = "HelpScreen { overflow: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [BACK]

    def __init__(self, here: Iterable[type]) -> None:
        super().__init__()
        self._actions = help_text.bindings([*here, *elsewhere()])

    def compose(self) -> ComposeResult:
        self.page = Page("Help", id="help-page")
        yield self.page

    def on_mount(self) -> None:
        self.page.focus()
        self.app.follower.tell(self)

    def on_unmount(self) -> None:
        self.app.follower.leave(self)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    def settings_changed(self) -> None:
        self._draw()

    def _draw(self) -> None:
        if self.is_mounted and self.page.size.width:
            labels = keys.Labels(self.app.viewer.keys, self.app.get_key_display)
            title = f"Help  {labels.first(BACK)} leads back"
            self.page.show(title, help_text.lines(self._actions, labels, self.page.room))

    def action_back(self) -> None:
        self.dismiss()


def elsewhere() -> list[type]:
    """The screens and panels that bind keys, whichever is shown."""
    from monitor.tui.screens.headline import HeadlineScreen
    from monitor.tui.screens.health import HealthScreen
    from monitor.tui.screens.overview import Overview
    from monitor.tui.screens.ticker import TickerScreen
    from monitor.tui.widgets.alert_list import AlertList
    from monitor.tui.widgets.chart import Chart
    from monitor.tui.widgets.headline_list import HeadlineList
    from monitor.tui.widgets.headline_panel import HeadlinePanel
    from monitor.tui.widgets.quote_board import QuoteBoard

    panels: list[type] = [HeadlinePanel, HeadlineList, QuoteBoard, AlertList, Chart]
    return [Overview, *panels, HeadlineScreen, TickerScreen, HealthScreen, HelpScreen]
