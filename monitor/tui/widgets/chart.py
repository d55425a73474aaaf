"""A ticker's prices over time with the headlines marked on them; moving from mark to mark shows what each is about."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from monitor.tui import cells, plot
from monitor.tui.chart_text import CHOSEN, Drawing, Shown, caption, drawing, title
from monitor.tui.plot import Canvas

if TYPE_CHECKING:
    from collections.abc import Hashable
    from datetime import tzinfo

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType

    from monitor.tui.chart_text import Mark

HEAD = "head"
CAPTION = 2  # lines at the foot: when the chosen mark is and whose, and what it says
LOW = 9  # lines, below which the caption has one line, and
LOWEST = 5  # none


class Chart(Widget, can_focus=True):
    """Draws what it is given when it is given it, and of that only the rows that differ from what is on the screen.

    Under the prices stands, at the column of its time, how many marks there are; one of them may be chosen.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"chart--{look}" for look in (HEAD, CHOSEN, plot.UP, plot.DOWN, plot.LEVEL, plot.LABEL)
    }
    DEFAULT_CSS = """
    Chart {
        height: 1fr;
        & > .chart--head { text-style: bold; }
        & > .chart--chosen { text-style: bold reverse; }
        & > .chart--up { color: $up; }
        & > .chart--down { color: $down; }
        & > .chart--level { text-style: dim; }
        & > .chart--label { text-style: dim; }
        &:focus > .chart--head { text-style: bold reverse; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "move(1)", "next mark", id="chart.next"),
        Binding("left,h", "move(-1)", "mark before", id="chart.previous"),
        Binding("home,g", "to(0)", "first mark", id="chart.first", show=False),
        Binding("end,G", "to(-1)", "last mark", id="chart.last", show=False),
        Binding("enter", "open", "open its headline", id="chart.open"),
        Binding("escape", "let_go", "choose no mark", id="chart.let_go", show=False),
    ]

    class Opened(Message):
        """Enter on the chosen mark, or a click on it."""

        def __init__(self, key: Hashable) -> None:
            super().__init__()
            self.key = key

    def __init__(
        self,
        *,
        zone: tzinfo | None = None,
        glyphs: plot.Glyphs | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(id=id)
        self._zone = zone
        self._glyphs = glyphs or (plot.PLAIN_GLYPHS if os.environ.get("TERM") == "linux" else plot.FINE)
        self._shown = Shown(heading="")
        self._candles = False
        self._chosen: Hashable = None
        self._drawing = Drawing(canvas=Canvas(0, 0))
        self._said: dict[int, tuple[str, str]] = {}
        self._styles: dict[str, Style] = {}

    # What its owner tells it

    def show(self, shown: Shown) -> None:
        """Draw this. The chosen mark stays chosen while it is among the marks."""
        self._shown = shown
        if self.chosen is None:
            self._chosen = None
        self._redraw()

    @property
    def candles(self) -> bool:
        """Whether prices are drawn as candles, else as a line of the closes."""
        return self._candles

    @candles.setter
    def candles(self, wanted: bool) -> None:
        self._candles = wanted
        self._redraw()

    @property
    def chosen(self) -> Mark | None:
        return next((mark for mark in self._shown.marks if mark.key == self._chosen), None)

    # Keys

    def action_move(self, marks: int) -> None:
        """To the next mark or the one before; from none, to the last."""
        keys = [mark.key for mark in self._shown.marks]
        if keys:
            at = len(keys) - 1 if self._chosen is None else keys.index(self._chosen) + marks
            self._choose(keys[max(0, min(at, len(keys) - 1))])

    def action_to(self, at: int) -> None:
        if self._shown.marks:
            self._choose(self._shown.marks[at].key)

    def action_open(self) -> None:
        if self._chosen is not None:
            self.post_message(self.Opened(self._chosen))

    def action_let_go(self) -> None:
        self._choose(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 (Textual's)
        """Escape is others' when no mark is chosen."""
        return action != "let_go" or self._chosen is not None

    def on_click(self, event: events.Click) -> None:
        """Chooses the nearest mark; the chosen one is opened."""
        at = self._drawing.marks
        if not at:
            return
        event.stop()
        nearest = min(at, key=lambda key: abs(at[key] - event.x))
        if self._chosen is not None and at[self._chosen] == at[nearest]:
            self.action_open()
        else:
            self._choose(nearest)

    def _choose(self, key: Hashable) -> None:
        self._chosen = key
        self._redraw()

    # Drawing

    def on_resize(self) -> None:
        self._redraw()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y in self._said:
            text, look = self._said[y]
            return Strip([Segment(cells.fit(text, width), self._style(look))], width)
        canvas = self._drawing.canvas
        if not 1 <= y <= canvas.rows or canvas.columns != width:
            return Strip.blank(width, self.rich_style)
        return Strip([Segment(text, self._style(look)) for text, look in canvas.pieces(y - 1)], width)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()

    def _style(self, look: str) -> Style:
        if look == plot.PLAIN:
            return self.rich_style
        found = self._styles.get(look)
        if found is None:
            found = self._styles[look] = self.get_component_rich_style(f"chart--{look}")
        return found

    def _redraw(self) -> None:
        width, height = self.size
        foot = CAPTION if height >= LOW else 1 if height >= LOWEST else 0
        before, said = self._drawing, self._said
        self._drawing = drawing(
            self._shown,
            width,
            height - 1 - foot,
            candles=self._candles,
            chosen=self._chosen,
            zone=self._zone,
            glyphs=self._glyphs,
        )
        when, what = caption(self._shown, self.chosen, self._zone)
        told = (when, what) if foot == CAPTION else (f"{when}  {what}".rstrip(),)
        self._said = {0: (title(self._shown, candles=self._candles, glyphs=self._glyphs), HEAD)}
        self._said |= {height - foot + at: (text, plot.PLAIN) for at, text in enumerate(told[:foot])}
        rows = [y for y, text in self._said.items() if said.get(y) != text]
        rows += [row + 1 for row in self._drawing.canvas.changed_rows(before.canvas)]
        if rows:
            self.refresh(*(Region(0, y, width, 1) for y in rows))
