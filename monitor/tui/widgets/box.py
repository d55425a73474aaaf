"""What holds panels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.geometry import Region

if TYPE_CHECKING:
    from textual.strip import Strip


class Box(Vertical):
    """Shows nothing of its own. Textual draws the ground of each container that a changed line lies on, also where
    others cover it; here one line of it is drawn for all.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        return super().render_lines(Region(crop.x, crop.y, crop.width, min(crop.height, 1))) * crop.height
