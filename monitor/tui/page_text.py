"""Lines of a page that is read from the top, folded to its width with their looks kept. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.text import printable
from monitor.tui import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from monitor.tui.cells import Span

PLAIN, HEAD, ASIDE, LOUD, TROUBLE = "", "head", "aside", "loud", "trouble"
"""How a piece looks: a heading; what is said beside the rest; what the page is about; what is not as it should be."""

Piece = tuple[str, str]
"""Text and how it looks."""

_HANGUL = ("\uac00", "\ud7ff")  # parted at its spaces, where Chinese and Japanese are between any two characters
_NOT_FIRST = "，。、．：；！？）」』】〉》”’…%"


class Line(Struct, frozen=True):
    """`key` stays the same while what the line is about does; what follows a `/` in it tells its kind's members."""

    key: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


def safe(text: str) -> str:
    """What an older version stored may not have been cleaned."""
    return text if text.isprintable() else printable(text)


def told(
    key: str,
    text: str,
    width: int,
    *,
    look: str = PLAIN,
    spans: Sequence[Span[str]] = (),
    first: Piece = ("", PLAIN),
) -> Iterator[Line]:
    """`text` in lines of at most `width` cells under each other, with `first` before the first of them.

    `spans` are slices that look different from `look`. Nothing where there is no text.
    """
    text = safe(text)
    indent = cells.width(first[0])
    for number, (start, end) in enumerate(slices(text, max(2, width - indent))):
        here = [(max(0, a - start), max(0, b - start), its) for a, b, its in spans if a < end and b > start]
        drawn = tuple((part, its or look) for part, its in cells.pieces(text[start:end], here, width - indent))
        before = first if not number else (" " * indent, PLAIN)
        yield Line(f"{key}/{number}" if number else key, (before, *drawn) if before[0] else drawn)


def row(key: str, parts: Iterable[Piece], width: int) -> Line:
    """One line, cut where it is too long."""
    kept = []
    for text, look in parts:
        shown = cells.cut(text, max(0, width))
        width -= cells.width(text)
        if shown:
            kept.append((shown, look))
    return Line(key, tuple(kept))


def slices(text: str, width: int) -> Iterator[tuple[int, int]]:
    """Where `text` is parted into lines of at most `width` cells: at spaces, which are left out, or between characters
    of a script that has none; a word that is wider than a line anywhere.
    """
    at = 0
    while at < len(text):
        end = at + max(1, len(cells.cut(text[at : at + 4 * width], width)))
        if end < len(text):
            end = _parting(text, at, end)
        yield at, at + len(text[at:end].rstrip(" "))
        at = end
        while text[at : at + 1] == " ":
            at += 1


def _parting(text: str, start: int, end: int) -> int:
    """The last place up to `end` where the line may end; `end` where there is none."""
    for at in range(end, start, -1):
        if text[at] == " " or text[at - 1] == " ":
            return at
        if _stands_alone(text[at - 1]) and _stands_alone(text[at]) and text[at] not in _NOT_FIRST:
            return at
    return end


def _stands_alone(char: str) -> bool:
    return char > "\u2e7f" and not _HANGUL[0] <= char <= _HANGUL[1] and cells.width(char) == 2
