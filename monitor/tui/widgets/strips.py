"""Lines as Textual draws them, in strips of segments."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from monitor.tui import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.style import Style

Pieces = list[tuple[str, "Style | None"]]


def one_look(text: str, look: Style, width: int) -> Strip:
    """`text` cut and filled to `width` cells."""
    return Strip([Segment(cells.fit(text, width), look)], width)


def on_ground(parts: Pieces, ground: Style, width: int) -> Strip:
    """One line on `ground`, in as few segments as its looks allow: each costs some twenty bytes on the wire."""
    segments: list[Segment] = []
    used = 0
    text = ""
    style: Style | None = None
    for part, its in [*parts, ("", None)]:
        if its != style and text:
            segments.append(Segment(text, ground + style if style else ground))
            text = ""
        style = its
        shown = cells.plain(part)
        text += shown
        used += cells.width(shown)
    text += " " * (width - used)
    if text:
        segments.append(Segment(text, ground + style if style else ground))
    return Strip(segments, max(width, used))


def differing(before: str, after: str) -> int:
    """Up to which cell the two look different."""
    if cells.width(before) == cells.width(after):
        while before and before[-1:] == after[-1:]:
            before, after = before[:-1], after[:-1]
    return max(cells.width(before), cells.width(after))


def regions(rows: Iterable[int], width: int) -> Iterator[Region]:
    """These rows, given in their order: one region of all that stand one below the other."""
    for _, run in groupby(enumerate(rows), key=lambda place: place[1] - place[0]):
        first, *others = [row for _, row in run]
        yield Region(0, first, width, 1 + len(others))
