"""The line at the top of every screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from monitor.tui.top_text import Look, TopLineState, fitted

if TYPE_CHECKING:
    from rich.style import Style


class TopLine(Widget):
    """Drawn anew only when it reads differently."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"top-line--{look}" for look in Look if look is not Look.PLAIN}
    DEFAULT_CSS = """
    TopLine {
        height: 1;
        & > .top-line--simulated { text-style: bold reverse; }
        & > .top-line--trouble { text-style: bold; color: $down; }
        & > .top-line--alerts { text-style: bold; color: $stale; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id)
        self._state = TopLineState()
        self._drawn: list[tuple[str, Look]] = []

    @property
    def text(self) -> str:
        """As it stands there now."""
        return "".join(text for text, _ in fitted(self._state, self.size.width))

    def show(self, state: TopLineState) -> None:
        self._state = state
        if fitted(state, self.size.width) != self._drawn:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        del y
        width = self.size.width
        self._drawn = fitted(self._state, width)
        segments = [Segment(text, self._style(look)) for text, look in self._drawn]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _style(self, look: Look) -> Style:
        ground = self.rich_style
        if look is Look.PLAIN:
            return ground
        return ground + self.get_component_rich_style(f"top-line--{look}", partial=True)
