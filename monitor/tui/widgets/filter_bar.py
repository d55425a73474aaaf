"""What the headlines are filtered by, and the line in which it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.segment import Segment
from textual.binding import Binding
from textual.geometry import Offset, Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from monitor.tui import cells
from monitor.tui.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual import events
    from textual.binding import BindingType
    from textual.timer import Timer

PAUSE = 0.12  # seconds without a key before what was typed is looked for
LONGEST = 200  # characters
SIGN = "Search / "
HINT = "words in titles"


class FilterBar(Widget):
    """Holds what is wanted, and says each change by `Changed`. What is filtered stands in the list's title (`text`).

    It lies over the title of the list that it `covers`, and looks like it until text is typed. A line that came and
    went, and Textual's own Input at each key, would have all of the screen laid out and drawn anew.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"filter-bar--sign", "filter-bar--cursor", "filter-bar--aside"}
    DEFAULT_CSS = """
    FilterBar {
        height: 1;
        & > .filter-bar--sign { text-style: bold reverse; }
        & > .filter-bar--cursor { text-style: reverse; }
        & > .filter-bar--aside { text-style: dim; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "abandon", "drop what was typed", id="filter.abandon", show=False),
        Binding("enter,down", "keep", "back to the list", id="filter.keep", show=False),
        Binding("left", "move(-1)", "left", id="filter.left", show=False),
        Binding("right", "move(1)", "right", id="filter.right", show=False),
        Binding("home,ctrl+a", f"move(-{LONGEST})", "beginning", id="filter.home", show=False),
        Binding("end,ctrl+e", f"move({LONGEST})", "end", id="filter.end", show=False),
        Binding("backspace", "delete", "delete a character", id="filter.delete", show=False),
        Binding("ctrl+w", "delete_word", "delete a word", id="filter.delete_word", show=False),
        Binding("ctrl+u", "delete_all", "delete all before", id="filter.delete_all", show=False),
    ]

    class Changed(Message):
        """Something else is wanted now."""

        def __init__(self, wanted: Wanted) -> None:
            super().__init__()
            self.wanted = wanted

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FilterBar.Changed)

    class Closed(Message):
        """Typing is over: the keys belong to the list again."""

    def __init__(self, covers: Widget | None = None, *, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id)
        self.wanted = self._coming = Wanted()
        self.is_open = False
        self._covers = covers
        self._typed, self._at = "", 0
        self._topics: tuple[str, ...] = ()
        self._languages: tuple[str, ...] = ()
        self._selected: str | None = None
        self._total = 0
        self._counts = ""
        self._pause: Timer | None = None

    @property
    def text(self) -> str:
        """What stands in the list's title after how many it shows: `of 105 · topic DeepSeek · NVDA · unread`."""
        return "" if self.wanted.everything else " · ".join([f"of {self._total:,}", *self.wanted.parts()])

    def count(self, shown: int, total: int, *, more: bool = False) -> None:
        """So many are shown of all that are stored; with `more` they are still being counted."""
        self._total = total
        before, self._counts = self._counts, f"{shown:,}{'+' * more} of {total:,}"
        if self.is_open and self._counts != before:
            self.refresh()

    def offer(self, *, topics: Iterable[str], languages: Iterable[str]) -> None:
        """The topics and languages that can be chosen, in this order."""
        self._topics = tuple(topics)
        self._languages = tuple(languages)

    # Drawing

    def render_lines(self, crop: Region) -> list[Strip]:
        if self.is_open or self._covers is None:
            return super().render_lines(crop)
        return self._covers.render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y or not self.is_open:
            return Strip.blank(width, self.rich_style)
        sign, cursor, aside = (
            self.get_component_rich_style(f"filter-bar--{part}") for part in ("sign", "cursor", "aside")
        )
        before, under, after, room = self._window()
        if not self._typed:
            under, after = HINT[0], HINT[1:]
        rest = cells.fit(after, room - cells.width(before + under))
        return Strip(
            [
                Segment(SIGN, sign),
                Segment(before, self.rich_style),
                Segment(under, cursor),
                Segment(rest, self.rich_style if self._typed else aside),
                Segment(f" {self._counts}", self.rich_style),
            ]
        ).adjust_cell_length(width, self.rich_style)

    def _window(self) -> tuple[str, str, str, int]:
        """What is shown before, under and after the cursor, and how many cells there are for it."""
        room = max(4, self.size.width - cells.width(SIGN) - cells.width(self._counts) - 1)
        under = self._typed[self._at : self._at + 1] or " "
        before = _tail(self._typed[: self._at], room - cells.width(under))
        return before, under, self._typed[self._at + 1 :], room

    # Typing

    async def edit(self) -> None:
        """Open the line and type into it."""
        self.can_focus = True
        self.is_open = True
        self.screen.set_focus(self)
        self._typed, self._at = self.wanted.text, len(self.wanted.text)
        self._show()

    def on_key(self, event: events.Key) -> None:
        if event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._put(event.character)

    def on_paste(self, event: events.Paste) -> None:
        event.stop()
        self._put(" ".join(event.text.split()))

    def on_click(self, event: events.Click) -> None:
        event.stop()
        if not self.is_open:
            self.call_next(self.edit)

    def on_blur(self) -> None:
        """Another panel got the keys: what was typed stays."""
        if self.is_open:
            self._look_now(self._coming)
            self._close()

    def check_consume_key(self, key: str, character: str | None) -> bool:  # noqa: ARG002 (Textual's)
        return character is not None and character.isprintable()

    def action_keep(self) -> None:
        self._look_now(self._coming)
        self._close()
        self.post_message(self.Closed())

    def action_abandon(self) -> None:
        self._typed, self._at = "", 0
        self._look_now(replace(self._coming, text=""))
        self._close()
        self.post_message(self.Closed())

    def action_move(self, characters: int) -> None:
        self._at = max(0, min(self._at + characters, len(self._typed)))
        self._show()

    def action_delete(self) -> None:
        self._drop(self._at - 1)

    def action_delete_word(self) -> None:
        self._drop(self._typed[: self._at].rstrip().rfind(" ") + 1)

    def action_delete_all(self) -> None:
        self._drop(0)

    def _drop(self, start: int) -> None:
        """Delete from there to the cursor."""
        start = max(0, start)
        self._typed, self._at = self._typed[:start] + self._typed[self._at :], start
        self._later(replace(self._coming, text=self._typed))
        self._show()

    def _put(self, text: str) -> None:
        before = (self._typed[: self._at] + text)[:LONGEST]
        self._typed, self._at = (before + self._typed[self._at :])[:LONGEST], len(before)
        self._later(replace(self._coming, text=self._typed))
        self._show()

    def _show(self) -> None:
        """Drawn anew; the terminal's own cursor goes along, because input methods compose where it is."""
        before, *_ = self._window()
        self.app.cursor_position = self.region.offset + Offset(cells.width(SIGN + before), 0)
        self.refresh()

    def _close(self) -> None:
        self.is_open = False
        self.can_focus = False
        self.refresh()

    # Choosing

    def next_topic(self) -> None:
        self.want(replace(self._coming, topic=_next(self.wanted.topic, self._topics)))

    def next_language(self) -> None:
        self.want(replace(self._coming, language=_next(self.wanted.language, self._languages)))

    def toggle_unread(self) -> None:
        self.want(replace(self._coming, unread=not self.wanted.unread))

    def toggle_starred(self) -> None:
        self.want(replace(self._coming, starred=not self.wanted.starred))

    def toggle_ticker(self) -> None:
        """Follow the ticker selected among the quotes, or no longer."""
        follow = not self.wanted.follow_ticker
        self.want(replace(self._coming, follow_ticker=follow, ticker=self._selected if follow else None))

    def select_ticker(self, symbol: str | None) -> None:
        """Another one is selected among the quotes. While the cursor runs through them nothing is read."""
        self._selected = symbol
        if self.wanted.follow_ticker and symbol != self.wanted.ticker:
            self._later(replace(self._coming, ticker=symbol))

    def clear(self) -> None:
        self.want(Wanted())

    def want(self, wanted: Wanted) -> None:
        """Filter by this from now on."""
        self._typed, self._at = wanted.text, len(wanted.text)
        self._look_now(wanted)

    def _later(self, wanted: Wanted) -> None:
        self._stop_waiting()
        self._coming = wanted
        self._pause = self.set_timer(PAUSE, lambda: self._look_now(wanted))

    def _look_now(self, wanted: Wanted) -> None:
        self._stop_waiting()
        self._coming = wanted
        if wanted != self.wanted:
            self.wanted = wanted
            self.post_message(self.Changed(wanted))

    def _stop_waiting(self) -> None:
        if self._pause is not None:
            self._pause.stop()
            self._pause = None


def _tail(text: str, room: int) -> str:
    """The longest end of `text` that takes at most so many cells."""
    while cells.width(text) > room:
        text = text[1:]
    return text


def _next(current: str | None, choices: Sequence[str]) -> str | None:
    """The choice after this one, None after the last."""
    if current is None or current not in choices:
        return choices[0] if choices else None
    after = choices.index(current) + 1
    return choices[after] if after < len(choices) else None
