"""Text in the cells of a terminal, where a Korean or Chinese character takes two and a combining mark none. Pure.

The widths are those that Textual draws by (Rich's), so that what is fitted here stays fitted on the screen. Characters
that some terminals draw wide and others narrow (… · ▲) belong at the end of a line or between blanks, never where a
column has to stand under another.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

from rich.cells import cell_len, get_character_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Style = TypeVar("Style")
Span = tuple[int, int, Style]
"""A slice of a text, and how it is drawn."""

_JOINERS = "\u200c\u200d"
JOINERS = str.maketrans("", "", _JOINERS)
LEVELS = "▁▂▃▄▅▆▇█"
FLAT = 0.005  # percent: what would be written as 0.00 has no direction


def width(text: str) -> int:
    """How many cells `text` takes."""
    return cell_len(text)


def plain(text: str) -> str:
    """`text` with a blank in the place of whatever would steer the terminal: another program may have stored it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)


def cut(text: str, cells: int) -> str:
    """The longest beginning of `text`, made `plain`, that takes at most `cells` cells, with its last letter's marks."""
    text = plain(text)
    if cell_len(text) <= cells:
        return text
    room = cells
    for at, char in enumerate(text):
        room -= get_character_cell_size(char)
        if room < 0:
            return text[:at]
    return text


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells` cells: cut, and filled with blanks after it, or before it with `right`."""
    text = cut(text, cells)
    blanks = " " * (cells - cell_len(text))
    return blanks + text if right else text + blanks


def pieces(text: str, spans: Iterable[Span[Style]], cells: int) -> list[tuple[str, Style | None]]:
    """What of `text` fits into `cells` cells, parted where the drawing changes; of spans that overlap the first wins.

    Joiners are left out: terminals disagree on how wide they make what they join.
    """
    text = cut(text, cells)
    styles: list[Style | None] = [None] * len(text)
    for start, end, style in reversed(list(spans)):
        styles[start:end] = [style] * len(styles[start:end])
    parts: list[tuple[str, Style | None]] = []
    for look, group in groupby(range(len(text)), key=styles.__getitem__):
        places = list(group)
        part = text[places[0] : places[-1] + 1].translate(JOINERS)
        if part:
            parts.append((part, look))
    return parts


def price(value: float | None) -> str:
    """As exchanges write it: `118.58`, `21,127`, `1,437.52`, `0.0641`."""
    if value is None:
        return ""
    size = abs(value)
    decimals = 0 if size >= 10_000 else 2 if size >= 1 else 4
    return f"{value:,.{decimals}f}"


def change(percent: float | None, *, decimals: int = 2) -> str:
    """`▲+1.20`, `▼-16.97`, ` 0.00`: the direction in a mark and a sign, for those who see no colour."""
    if percent is None:
        return ""
    if abs(percent) < FLAT:
        return f" {0:.{decimals}f}"
    return f"{'▲' if percent > 0 else '▼'}{percent:+.{decimals}f}"


def spark(values: Sequence[float | None], cells: int) -> str:
    """The course of `values` in at most `cells` characters; a blank where there is none. Each shows its last value."""
    known = [value for value in values if value is not None]
    if not known or cells <= 0:
        return ""
    low, high = min(known), max(known)
    scale = (len(LEVELS) - 1) / (high - low) if high > low else 0.0
    count = min(cells, len(values))
    drawn = []
    for column in range(count):
        part = values[column * len(values) // count : (column + 1) * len(values) // count]
        last = next((value for value in reversed(part) if value is not None), None)
        drawn.append(" " if last is None else LEVELS[round((last - low) * scale)])
    return "".join(drawn)
