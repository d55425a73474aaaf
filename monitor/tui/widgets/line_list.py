"""A list of lines, of which there may be a hundred thousand: only what changes on the screen is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.binding import Binding
from textual.events import DescendantBlur, DescendantFocus
from textual.geometry import Region
from textual.message import Message

from monitor.tui import keys
from monitor.tui.widgets.kept_lines import KeptLines
from monitor.tui.widgets.strips import differing, on_ground, one_look, regions

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, MutableSequence, Sequence

    from rich.style import Style
    from textual import events
    from textual.binding import BindingType
    from textual.strip import Strip

    from monitor.tui.widgets.kept_lines import Look
    from monitor.tui.widgets.strips import Pieces

Key = TypeVar("Key", bound="Hashable")
TITLE, BLANK = ("title",), ("blank",)  # the looks of what is no line
CURSOR = ">"  # colour alone never says where the cursor is
WHEEL = 3  # lines a notch
LEAP = 4  # the cursor leaving the view moves it by a part of its height: a line at a time repaints all of it each time


class LineList(KeptLines, Generic[Key], can_focus=True):
    """Lines by opaque keys, newest or first at the top, with a cursor that stays with its key.

    A subclass draws: `line(key, width)` gives the pieces of one line. Without a cursor (before the first key, or after
    Escape) the view stays at the top and shows what arrives there. With one, what arrives moves neither the line under
    the cursor out of the view nor, where the view is scrolled away from the top, any line of it; `above` counts what
    arrived out of sight. The first line is the title, with the cursor's place: `Headlines +3 above 12/4,310`.

    It scrolls by itself: Textual's scrolling lays the screen out anew whenever the number of lines changes.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("line-list--title", "line-list--title-unfocused"),
        *("line-list--cursor", "line-list--cursor-unfocused"),
    }
    DEFAULT_CSS = """
    LineList {
        height: 1fr;
        & > .line-list--title { text-style: bold reverse; }
        & > .line-list--title-unfocused { text-style: bold; }
        & > .line-list--cursor {
            color: $block-cursor-foreground; background: $block-cursor-background; text-style: $block-cursor-text-style;
        }
        & > .line-list--cursor-unfocused { background: $surface-lighten-2; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "down", id="list.down", show=False),
        Binding("up,k", "move(-1)", "up", id="list.up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "page down", id="list.page_down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "page up", id="list.page_up", show=False),
        Binding("home,g", "first", "first", id="list.first", show=False),
        Binding("end,G", "last", "last", id="list.last", show=False),
        keys.OPEN,
        Binding("escape", "let_go", "follow the newest", id="list.follow", show=False),
    ]

    class Highlighted(Message):
        """The cursor is on another line, or on none."""

        def __init__(self, source: LineList[Any], key: Any) -> None:
            super().__init__()
            self.source = source
            self.key = key

        @property
        def control(self) -> LineList[Any]:
            return self.source

        def can_replace(self, message: Message) -> bool:
            return type(message) is type(self) and message.control is self.source

    class Opened(Message):
        """Enter, or a click on the line under the cursor."""

        def __init__(self, source: LineList[Any], key: Any) -> None:
            super().__init__()
            self.source = source
            self.key = key

        @property
        def control(self) -> LineList[Any]:
            return self.source

    def __init__(self, title: str, *, when_empty: str = "", id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id)
        self._title = title
        self._note = ""
        self._when_empty = when_empty
        self._keys: MutableSequence[Key] = self.held(())
        self._top = 0
        self._cursor: int | None = None
        self._above = 0
        self._drawn: list[Look] = []
        self._drawn_title = ""

    # What it holds

    @property
    def keys(self) -> Sequence[Key]:
        """The keys of all lines, top first, as they are held. Not to be changed."""
        return self._keys

    @property
    def highlighted(self) -> Key | None:
        """The key under the cursor; None while there is no cursor."""
        return None if self._cursor is None else self._keys[self._cursor]

    @property
    def above(self) -> int:
        """How many lines have arrived above the view since it left the top."""
        return self._above

    @property
    def visible_keys(self) -> Sequence[Key]:
        return list(self._keys[self._top : self._top + self._rows])

    def replace(self, keys: Iterable[Key]) -> None:
        """Show other lines. A cursor whose key is among them stays on its row of the screen; else the view goes up."""
        key = self.highlighted
        row = 0 if self._cursor is None else self._cursor - self._top
        self._keys = self.held(keys)
        self.forget()
        self._above = 0
        try:
            self._cursor = None if key is None else self._keys.index(key)
        except ValueError:
            self._cursor = None
        self._top = 0 if self._cursor is None else self._cursor - row
        self._draw()
        if self._cursor is None and key is not None:
            self.post_message(self.Highlighted(self, None))

    def insert(self, at: int, keys: Sequence[Key]) -> None:
        """Insert lines before the one at `at`; 0 is the top, `len(keys)` the end."""
        cursor_seen = self._cursor is not None and self._top <= self._cursor < self._top + self._rows
        anchor = self._cursor if cursor_seen and self._cursor is not None else self._top
        self._keys[at:at] = self.held(keys)
        if self._cursor is not None and at <= self._cursor:
            self._cursor += len(keys)
        if self._top > 0 and at <= anchor:
            self._top += len(keys)
            self._above += len(keys)
        if cursor_seen and self._cursor is not None and self._cursor >= self._top + self._rows:
            self._above += self._cursor - self._rows + 1 - self._top
            self._top = self._cursor - self._rows + 1
        self._draw()

    def select(self, key: Key) -> bool:
        """Put the cursor on `key` and show it; False when there is no such line."""
        try:
            self._go(self._keys.index(key))
        except ValueError:
            return False
        return True

    def redraw(self, *keys: Key) -> None:
        """Draw these lines anew, if they are on the screen, or all of them when none are given."""
        self.forget(lambda look: not keys or look[0] in keys)
        visible = self.visible_keys
        self._refresh_rows([row for row, key in enumerate(visible) if key in keys] if keys else range(self._rows))

    @property
    def note(self) -> str:
        """What stands in the title after the cursor's place."""
        return self._note

    @note.setter
    def note(self, text: str) -> None:
        self._note = text
        self._draw()

    # Drawing

    def held(self, keys: Iterable[Key]) -> MutableSequence[Key]:
        """The keys as they are kept: a hundred thousand numbers take a fifth of the room in an array."""
        return list(keys)

    def line(self, key: Key, width: int) -> Pieces:
        """The pieces of the line, at most `width` cells together, each with a partial style or None. Must not raise."""
        raise NotImplementedError

    def _focus_style(self, name: str) -> Style:
        return self.style_of(f"line-list--{name}{'' if self.has_focus else '-unfocused'}", partial=False)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return one_look(self._title_text(), self._focus_style("title"), width)
        index = self._top + y - 1
        if index >= len(self._keys):
            return one_look(self._when_empty if not self._keys and y == 1 else "", self.ground, width)
        under = index == self._cursor
        parts = self.line(self._keys[index], width - 1)
        mark = (CURSOR if under else " ", parts[0][1] if parts else None)
        return on_ground([mark, *parts], self._focus_style("cursor") if under else self.ground, width)

    def look(self, y: int) -> Look:
        """A line's key, and whether the cursor is on it."""
        if y == 0:
            return TITLE
        index = self._top + y - 1
        if index < len(self._keys):
            return self._keys[index], index == self._cursor
        return BLANK if self._keys or y > 1 else ("empty", self._when_empty)

    def on_resize(self) -> None:
        self._top = self._within(self._top)
        self._show_cursor()
        self._draw()

    def on_focus(self, event: events.Focus) -> None:
        self._focused(event, focused=True)

    def on_blur(self, event: events.Blur) -> None:
        self._focused(event, focused=False)

    def _focused(self, event: events.Focus | events.Blur, *, focused: bool) -> None:
        """In place of Textual's answer, which draws all lines anew: only the title and the cursor look otherwise.

        For the same reason what depends on the focus is no rule of the style sheet but another component's style.
        """
        event.prevent_default()
        self.has_focus = focused
        self.forget(lambda look: look == TITLE)
        self.refresh(Region(0, 0, self.size.width, 1))
        if self._cursor is not None:
            self.redraw(self._keys[self._cursor])
        if self.parent is not None:
            self.parent.post_message(DescendantFocus(self) if focused else DescendantBlur(self))

    @property
    def _rows(self) -> int:
        """How many lines there is room for."""
        return max(0, self.size.height - 1)

    def _within(self, top: int) -> int:
        return max(0, min(top, len(self._keys) - self._rows))

    def _title_text(self) -> str:
        count = f"{len(self._keys):,}"
        place = count if self._cursor is None else f"{self._cursor + 1:,}/{count}"
        above = f"+{self._above:,} above" if self._above else ""
        return " ".join(part for part in (self._title, above, place, self._note) if part)

    def _draw(self) -> None:
        """Have drawn what no longer looks as it did."""
        self._top = self._within(self._top)
        if self._top == 0:
            self._above = 0
        drawn = [self.look(row + 1) for row in range(max(1, len(self.visible_keys)))]
        before, self._drawn = self._drawn, drawn
        title = self._title_text()
        kept = {*drawn, *([TITLE] if title == self._drawn_title else [])}
        self.forget(lambda look: look not in kept)
        rows = range(max(len(before), len(drawn)))
        self._refresh_rows([row for row in rows if before[row : row + 1] != drawn[row : row + 1]])
        if title != self._drawn_title:
            self.refresh(Region(0, 0, differing(self._drawn_title, title), 1))
            self._drawn_title = title

    def _refresh_rows(self, rows: Iterable[int]) -> None:
        room, width = self._rows, self.size.width
        if changed := [*regions((row + 1 for row in rows if row < room), width)]:
            self.refresh(*changed)

    # Moving

    def action_move(self, lines: int) -> None:
        if self._cursor is None:
            self._go(self._top)
        else:
            self._go(self._cursor + lines)

    def action_page(self, pages: int) -> None:
        step = pages * max(1, self._rows - 1)
        cursor = self._top if self._cursor is None else self._cursor
        self._top = self._within(self._top + step)
        self._go(cursor + step)

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._keys) - 1)

    def action_let_go(self) -> None:
        """No cursor: the view goes to the top and stays there."""
        self._top = 0
        if self._cursor is not None:
            self._cursor = None
            self.post_message(self.Highlighted(self, None))
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 (Textual's)
        """Escape is others' when there is nothing to let go of."""
        return action != "let_go" or self._cursor is not None or self._top > 0

    def action_open(self) -> None:
        if self._cursor is None:
            self.action_move(0)
        if (key := self.highlighted) is not None:
            self.post_message(self.Opened(self, key))

    def on_click(self, event: events.Click) -> None:
        index = self._top + event.y - 1
        if event.y < 1 or index >= len(self._keys):
            return
        event.stop()
        if index == self._cursor:
            self.action_open()
        else:
            self._go(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-WHEEL)

    def _scroll(self, lines: int) -> None:
        """Move the view; the cursor stays with its key, also out of sight."""
        self._top += lines
        self._draw()

    def _go(self, index: int) -> None:
        if not self._keys:
            return
        index = max(0, min(index, len(self._keys) - 1))
        moved = index != self._cursor
        self._cursor = index
        self._show_cursor()
        self._draw()
        if moved:
            self.post_message(self.Highlighted(self, self._keys[index]))

    def _show_cursor(self) -> None:
        """Have the cursor in the view: by a leap from just outside it, else in the middle."""
        cursor, rows = self._cursor, self._rows
        if cursor is None or not rows or self._top <= cursor < self._top + rows:
            return
        leap = max(1, rows // LEAP)
        if 0 < self._top - cursor <= leap:
            self._top -= leap
        elif 0 <= cursor - self._top - rows < leap:
            self._top += leap
        else:
            self._top = cursor - rows // 2
        self._top = self._within(self._top)
