"""The first screen: quotes, headlines, alerts and the baseline, as many of them as the terminal has room for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region
from textual.layout import Layout, WidgetPlacement
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from monitor.tui import cells, keys
from monitor.tui.layout import Choice, Fit, Panel, fit, places, pressed, remembered, too_small
from monitor.tui.listener import FollowsTicker, Listener
from monitor.tui.top_text import top_line
from monitor.tui.widgets.box import Box
from monitor.tui.widgets.headline_panel import HeadlinePanel
from monitor.tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size

    from monitor.store.reader import Reader
    from monitor.tui.app import MonitorApp
    from monitor.tui.widgets.alert_list import AlertList
    from monitor.tui.widgets.quote_board import QuoteBoard

LAYOUT, QUOTES = "layout", "quotes"  # the names of what the user has chosen, in the user's own state
AT_MOST = {"four": Fit.FOUR, "two": Fit.TWO, "one": Fit.ONE}


class _AsChosen(Layout):
    name = "panels"

    def arrange(
        self,
        parent: Widget,
        children: list[Widget],
        size: Size,
        greedy: bool = True,  # noqa: FBT001, FBT002 (Textual's)
    ) -> list[WidgetPlacement]:
        del greedy
        if not isinstance(parent, Panels):
            return []
        at = places(size.width, size.height, parent.fits, parent.choice)
        return [
            WidgetPlacement(Region(*at[Panel(child.id or "")]), NULL_OFFSET, NULL_SPACING, child)
            for child in children
            if child.id in at
        ]


AS_CHOSEN = _AsChosen()


class Panels(Box):
    """Its children are the panels, by their ids, each at the place that `layout.places` says."""

    def __init__(self, *panels: Widget, id: str) -> None:  # noqa: A002 (Textual's)
        super().__init__(*panels, id=id)
        self.fits = Fit.NOTHING
        self.choice = Choice()

    @property
    def layout(self) -> Layout:
        return AS_CHOSEN


class Overview(Screen[None], Listener, inherit_bindings=False):
    """Holds the panels. Each listens for itself; what one tells another goes through here.

    The headlines are there from the first screenful on, the other panels (`LATER`) come just after it.
    """

    app: MonitorApp
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)  # else each change of it draws the whole screen
    BINDINGS: ClassVar[list[BindingType]] = list(keys.OVERVIEW)

    def __init__(self) -> None:
        super().__init__()
        self.choice = Choice()
        self._arranged: object = None
        self._calendar = False
        self._completing = False
        self._unacknowledged = 0

    def compose(self) -> ComposeResult:
        app = self.app
        self.choice = self._wanted = remembered(app.marking.personal.choice(LAYOUT))
        self.headlines = HeadlinePanel(
            reading=app.reading, settings=lambda: app.picture.settings, now=app.now, zone=app.zone
        )
        self.headlines.use_marks(app.marking.personal)
        self._ticker_followers: list[FollowsTicker] = [self.headlines]
        self.boxes = {panel: Box(id=panel) for panel in Panel}
        self.boxes[Panel.HEADLINES] = Box(self.headlines, id=Panel.HEADLINES)
        self.panels = Panels(*self.boxes.values(), id="panels")
        self.top, self.notice = TopLine(id="top"), Static("", id="notice", markup=False)
        self.hint = Static(self._hint(), id="hint", markup=False)
        self.too_small = Static("", id="too-small", markup=False)
        self._arrange()
        yield from (self.top, self.notice, self.panels, self.hint, self.too_small)

    def on_mount(self) -> None:
        self.headlines.list.focus()
        self.app.follower.tell(self)
        self.app.follower.tell(self.headlines)

    def on_screen_resume(self) -> None:
        """The first time this draws the first screenful; the rest comes right after it, and is drawn at once."""
        if not self._completing:
            self._completing = True
            self.call_next(self._complete)

    async def _complete(self) -> None:
        from monitor import new_york
        from monitor.closings import closings

        new_york.ask(closings)
        self.app.follower.look()
        self._say_top()
        for panel, make in LATER.items():
            widget = make(self.app)
            await self.boxes[panel].mount(widget)
            if isinstance(widget, Listener):
                self.app.follower.tell(widget)
            if isinstance(widget, FollowsTicker):
                self._ticker_followers.append(widget)
        if self._focused_panel() is not self._wanted.chosen:
            self._focus(self._wanted.chosen)
        self.run_worker(self._learn_calendar(), group="calendar")  # what waits here keeps all panels from being drawn

    async def _learn_calendar(self) -> None:
        await asyncio.to_thread(top_line, self.app.picture, self.app.now(), self.app.zone)  # gets it
        self._calendar = True
        self._say_top()

    def on_quote_board_arranged(self, event: QuoteBoard.Arranged) -> None:
        self.app.marking.personal.choose(QUOTES, event.order.kept)

    def on_quote_board_highlighted(self, event: QuoteBoard.Highlighted) -> None:
        """The ticker under the cursor is what the headlines may follow and the baseline tells of."""
        for follower in self._ticker_followers:
            follower.select_ticker(event.symbol)

    # Room

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._arrange()
        self.hint.update(self._hint(), layout=False)

    def _arrange(self) -> None:
        """Each panel to its place, if it is not there: what is laid out anew is drawn anew, all of it."""
        width, height = self.app.size
        fits = fit(width, height, at_most=AT_MOST[self.app.viewer.layout])
        if fits is Fit.TWO and self.choice.chosen not in self.choice.pair:  # there was room for more
            self.choice = pressed(self.choice, self.choice.chosen, fits, focused=None)
        shown = places(width, height, fits, self.choice)
        if (fits, shown) == self._arranged:
            return
        self._arranged = (fits, shown)
        self.set_class(fits is Fit.NOTHING, "-too-small")
        self.set_class(fits is Fit.ONE, "-one")
        self.too_small.update(too_small(width, height) if fits is Fit.NOTHING else "")
        self.panels.fits, self.panels.choice = fits, self.choice
        for panel, box in self.boxes.items():
            box.display = panel in shown
        if not self.is_mounted:
            return
        self.panels.refresh(layout=True)
        if self._focused_panel() not in shown:
            self._focus(self.choice.chosen)

    def on_descendant_focus(self) -> None:
        """However the focus came there: by key, Tab or mouse."""
        if (panel := self._focused_panel()) is not None:
            self.choice = self.choice._replace(chosen=panel)

    def _focused_panel(self) -> Panel | None:
        around = self.focused.ancestors_with_self if self.focused is not None else ()
        return next((panel for panel, box in self.boxes.items() if box in around), None)

    def _focus(self, panel: Panel) -> None:
        for widget in self.boxes[panel].query("*").results(Widget):
            if widget.focusable:
                self.set_focus(widget)
                return

    def action_panel(self, name: str) -> None:
        panel = Panel(name)
        self.choice = pressed(self.choice, panel, self.panels.fits, focused=self._focused_panel())
        self.app.marking.personal.choose(LAYOUT, self.choice.kept)
        self._arrange()
        if self._focused_panel() is not panel:
            self._focus(panel)

    def action_maximise(self) -> None:
        self.action_panel(self._focused_panel() or self.choice.chosen)

    async def action_search(self) -> None:
        if self._focused_panel() is not Panel.HEADLINES:
            self.action_panel(Panel.HEADLINES)
        await self.headlines.action_search()

    # What it says itself

    def database_opened(self, reader: Reader) -> None:
        del reader
        self._say()

    def database_lost(self, why: str) -> None:
        del why
        self._say()

    def settings_changed(self) -> None:
        self._say()
        self.hint.update(self._hint(), layout=False)
        self._arrange()

    def collector_changed(self) -> None:
        self._say()

    def minute_turned(self, now: datetime) -> None:
        del now
        self._say_top()

    def on_alert_list_counted(self, event: AlertList.Counted) -> None:
        self._unacknowledged = event.unacknowledged
        self._say_top()

    def _say(self) -> None:
        said = cells.plain(self._trouble())
        self.notice.update(said, layout=False)
        self.notice.set_class(bool(said), "-said")
        self._say_top()

    def _say_top(self) -> None:
        self.top.show(
            top_line(
                self.app.picture,
                self.app.now(),
                self.app.zone,
                unacknowledged=self._unacknowledged,
                lost=bool(self.app.follower.trouble),
                calendar=self._calendar,
            )
        )
        self.app.marking.count(self._unacknowledged, simulated=self.app.picture.simulated)

    def _trouble(self) -> str:
        """What is wrong, in a sentence: of several things the one that the others may follow from."""
        return (
            self.app.settings_trouble or self._idle() or self.app.follower.trouble or self.app.marking.personal.trouble
        )

    def _idle(self) -> str:
        """Why nobody collects."""
        if (collecting := self.app.collecting) is None:
            return ""
        from monitor.tui.succession import Who

        starts = collecting.who is Who.STARTING and bool(self.app.follower.trouble)
        idle = collecting.who in {Who.WAITING, Who.BARRED, Who.OVER}
        return collecting.words(self.app.zone) if starts or idle else ""

    def _hint(self) -> str:
        """What a newcomer needs, with the keys as they are bound."""
        labels = keys.Labels(self.app.viewer.keys, self.app.get_key_display)
        return keys.hint((*keys.OVERVIEW, *keys.APP, keys.OPEN), labels, self.app.size.width)


def _quotes(app: MonitorApp) -> Widget:
    from monitor.baseline import load
    from monitor.tui.quote_columns import Order
    from monitor.tui.widgets.quote_panel import QuotePanel

    panel = QuotePanel(picture=lambda: app.picture, reading=app.reading, now=app.now, read_baseline=load)
    panel.reorder(Order.remembered(app.marking.personal.choice(QUOTES)))
    return panel


def _alerts(app: MonitorApp) -> Widget:
    from monitor.tui.widgets.alert_panel import AlertPanel

    return AlertPanel(reading=app.reading, now=app.now, marks=app.marking.personal, zone=app.zone)


def _baseline(app: MonitorApp) -> Widget:
    from monitor.baseline import load
    from monitor.tui.widgets.baseline_panel import BaselinePanel

    return BaselinePanel(picture=lambda: app.picture, reading=app.reading, now=app.now, read_baseline=load)


LATER: Mapping[Panel, Callable[[MonitorApp], Widget]] = {
    Panel.QUOTES: _quotes,
    Panel.ALERTS: _alerts,
    Panel.BASELINE: _baseline,
}
"""How the panels are made that come after the first screenful; what they need is imported there. One that is a
Listener is told what changes."""
