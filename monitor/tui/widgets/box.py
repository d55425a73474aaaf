"""What holds panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.style import Style
from textual.containers import Vertical
from textual.strip import Strip

from monitor.tui.widgets.kept_lines import KeptLines

if TYPE_CHECKING:
    from monitor.tui.widgets.kept_lines import Look


class Box(KeptLines, Vertical):
    """Shows nothing of its own. Textual draws the ground of each container that a changed line lies on, also where
    others cover it; here one line of it is drawn for all.
    """

    def look(self, y: int) -> Look:
        del y
        return ("ground",)

    def render_line(self, y: int) -> Strip:
        del y
        return Strip.blank(self.size.width, Style(bgcolor=self.ground.bgcolor))
