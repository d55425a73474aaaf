"""A widget that draws lines, and keeps those that stand on the screen by what they look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.style import Style
    from textual.color import Color
    from textual.geometry import Region
    from textual.strip import Strip

Look = tuple[object, ...]
"""What a line looks like follows from this, and from nothing else until it is forgotten."""


class KeptLines(Widget):
    """Textual keeps lines by their rows, and makes all of them anew when one arrives above them.

    Here a line that has moved is the same strip as before, with all that Textual has made of it. What Textual adds to
    lines is left out: borders, padding, opacity, tints. A subclass has `look` and `render_line`; it forgets what is
    not on the screen any more, and what looks otherwise than before.
    """

    def __init__(self, *children: Widget, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        self._strips: dict[Look, Strip] = {}
        self._strips_width = 0
        self._styles: dict[str, Style] = {}
        self._background: Color | None = None
        super().__init__(*children, id=id)

    def look(self, y: int) -> Look:
        raise NotImplementedError

    def forget(self, which: Callable[[Look], bool] = lambda _: True) -> None:
        """Have lines of these looks made anew when they are drawn next."""
        self._strips = {look: strip for look, strip in self._strips.items() if not which(look)}

    def render_lines(self, crop: Region) -> list[Strip]:
        width = self.size.width
        if self._strips_width != width:
            self._strips_width = width
            self.forget()
        strips = [self._strip(y) for y in crop.line_range]
        return strips if crop.column_span == (0, width) else [strip.crop(*crop.column_span) for strip in strips]

    def _strip(self, y: int) -> Strip:
        look = self.look(y)
        if (strip := self._strips.get(look)) is None:
            self._background = self._background or self.background_colors[1]
            strip = self.render_line(y)
            for line_filter in self.get_line_filters():
                strip = strip.apply_filter(line_filter, self._background)
            self._strips[look] = strip
        return strip

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Without regions all lines are made anew."""
        if not regions:
            self.forget()
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    # Styles, of which Textual's own cache does not outlive a repaint

    @property
    def ground(self) -> Style:
        """What lines are drawn on."""
        if (found := self._styles.get("")) is None:
            found = self._styles[""] = self.rich_style
        return found

    def style_of(self, name: str, *, partial: bool = True) -> Style:
        """A component class's style."""
        if (found := self._styles.get(name)) is None:
            found = self._styles[name] = self.get_component_rich_style(name, partial=partial)
        return found

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
        self._background = None
        self.forget()
