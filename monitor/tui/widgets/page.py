"""A page of lines that somebody else has written: it is read by a cursor, as every list is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from monitor.tui import page_text
from monitor.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.style import Style

    from monitor.tui.page_text import Line
    from monitor.tui.widgets.strips import Pieces


class Page(LineList[str]):
    """`show` draws only the lines that are other than before. `room` is the width that they are to be folded to."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *("page--head", "page--aside", "page--loud", "page--trouble", "page--up", "page--down")
    }
    DEFAULT_CSS = """
    Page {
        & > .page--head { text-style: underline; }
        & > .page--aside { text-style: dim; }
        & > .page--loud { text-style: bold; }
        & > .page--trouble { text-style: bold; color: $error; }
        & > .page--up { color: $success; }
        & > .page--down { color: $error; }
    }
    """

    class Highlighted(LineList.Highlighted):
        """`key` is that of the line, or None."""

    class Opened(LineList.Opened):
        """`key` is that of the line."""

    def __init__(self, title: str, *, when_empty: str = "", id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__(title, when_empty=when_empty, id=id)
        self._lines: dict[str, Line] = {}
        self._looks: Mapping[str, Style] = {}

    @property
    def room(self) -> int:
        """Cells of a line, beside the cursor's mark."""
        return max(2, self.size.width - 1)

    def show(
        self, title: str, lines: Sequence[Line], looks: Mapping[str, Style] | None = None, *, from_top: bool = False
    ) -> None:
        """`looks` are those that the lines name beside a page's own. `from_top`: it is another page than before."""
        looks = looks or {}
        before, self._lines = self._lines, {line.key: line for line in lines}
        another = from_top or looks != self._looks
        self._looks = looks
        self._title = title
        if from_top:
            self._top, self._cursor = 0, None
        self.replace(self._lines)
        if another:
            self.redraw()
        elif changed := [key for key, line in self._lines.items() if key in before and before[key] != line]:
            self.redraw(*changed)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape leads out of a page, whether there is a cursor or not."""
        return action != "let_go" and super().check_action(action, parameters)

    def line(self, key: str, width: int) -> Pieces:
        del width  # folded for this one
        return [(text, self._look(look)) for text, look in self._lines[key].pieces]

    def _title_text(self) -> str:
        """With how far it goes on, where it does."""
        last = min(self._top + self._rows, len(self.keys))
        place = f"{last}/{len(self.keys)}" if len(self.keys) > self._rows else ""
        return "  ".join(part for part in (self._title, place, self._note) if part)

    def _look(self, look: str) -> Style | None:
        if look == page_text.PLAIN:
            return None
        return self._looks.get(look) or self.style_of(f"page--{look}")
