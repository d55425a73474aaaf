"""Prices drawn in the cells of a terminal: a line of dots or candles, over an axis of time without the nights. Pure.

Every glyph takes one cell and says by its shape what its colour says too: a rising candle's body is thin, a falling
one's is a full block.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from datetime import tzinfo

    from monitor.models import Bar

UP, DOWN, LEVEL, LABEL, PLAIN = "up", "down", "level", "label", ""
"""How a cell looks."""

PAUSE = timedelta(hours=3)
"""A time without trading that the axis leaves out: a night, a weekend; lunch in Hong Kong takes one hour."""

_WIDTHS = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 240, 390, 1440, 10080))
_STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080))
_DAY = timedelta(days=1)
_NICE = (1, 2, 2.5, 5, 10)
_ROWS_A_LABEL = 3
_ROOM = 16  # the part of an axis that grows by which it grows at once
_LABEL_GAP = 3  # cells between two labels of time
_REACH = 2.0  # a level that would make the scale more than so many times as large is left out


class Glyphs(Struct, frozen=True):
    """`dots` are the columns and rows of dots in a cell, `cell` has the glyph of each mask of them, first row first.

    A candle's glyphs are those of a full, an upper and a lower half; `rising` and `falling` bodies, the `wick`, and
    rising halves with a wick in the other half.
    """

    dots: tuple[int, int]
    cell: Sequence[str]
    rising: tuple[str, str, str]
    falling: tuple[str, str, str]
    wick: tuple[str, str, str]
    mixed: tuple[str, str]


def _braille(mask: int) -> str:
    """Dots by rows of two, as Unicode numbers them: the first three rows by columns, then the fourth."""
    order = (0, 3, 1, 4, 2, 5, 6, 7)
    return chr(0x2800 + sum(1 << order[dot] for dot in range(8) if mask >> dot & 1)) if mask else " "


FINE = Glyphs((2, 4), tuple(map(_braille, range(256))), ("┃", "╹", "╻"), ("█", "▀", "▄"), ("│", "╵", "╷"), ("╿", "╽"))
PLAIN_GLYPHS = Glyphs((1, 2), (" ", "▀", "▄", "█"), ("▒", "▒", "▒"), ("█", "▀", "▄"), ("│", "│", "│"), ("▒", "▒"))
"""For fonts of 256 characters, as the Linux console has them."""


class Axis(Struct, frozen=True):
    """The stretches of trading one after the other, in as many cells as their lengths."""

    stretches: tuple[tuple[datetime, datetime], ...]

    @property
    def length(self) -> timedelta:
        return sum((end - start for start, end in self.stretches), timedelta(0))

    def column(self, at: datetime, columns: int) -> int:
        """Of `columns`; what lies between two stretches is where the later begins, what lies outside at the edge."""
        before = timedelta(0)
        for start, end in self.stretches:
            if at < end:
                return min(columns - 1, int((before + max(at - start, timedelta(0))) / self.length * columns))
            before += end - start
        return columns - 1


def axis(bars: Sequence[Bar], length: timedelta, *, grows: bool = False) -> Axis:
    """Of bars in order of time that last `length` each; at least one.

    Where it `grows`, there is room for more at the end, so that not every new bar moves all others.
    """
    stretches: list[tuple[datetime, datetime]] = []
    for bar in bars:
        if stretches and bar.at - stretches[-1][1] < PAUSE:
            stretches[-1] = (stretches[-1][0], max(stretches[-1][1], bar.at + length))
        else:
            stretches.append((bar.at, bar.at + length))
    if grows:
        total = sum((end - start for start, end in stretches), timedelta(0))
        room = next((step for step in _STEPS if step >= total / _ROOM), _STEPS[-1])
        start, end = stretches[-1]
        stretches[-1] = (start, start + math.ceil((end - start) / room) * room)
    return Axis(tuple(stretches))


class Scale(Struct, frozen=True):
    """From `low` at the bottom to `high` at the top."""

    low: float
    high: float

    def row(self, price: float, rows: int) -> int:
        """Of `rows`, counted from the top."""
        share = (self.high - price) / (self.high - self.low)
        return min(rows - 1, max(0, int(share * rows)))

    def labels(self, rows: int) -> dict[int, str]:
        """Round prices by row, some rows apart."""
        wanted = max(1, rows // _ROWS_A_LABEL)
        size = 10 ** math.floor(math.log10((self.high - self.low) / wanted))
        step = next(nice * size for nice in _NICE if nice * size * wanted >= (self.high - self.low) * 0.999)
        decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (round(step / size * 10) == 25 and step < 10)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return {self.row(number * step, rows): f"{number * step:,.{decimals}f}" for number in range(first, last + 1)}


def scale(bars: Sequence[Bar], *, candles: bool, level: float | None = None) -> Scale:
    """Of all that is drawn, and of `level` where that leaves enough room for the rest."""
    low = min(bar.low if candles else bar.close for bar in bars)
    high = max(bar.high if candles else bar.close for bar in bars)
    if level is not None and max(high, level) - min(low, level) <= _REACH * (high - low):
        low, high = min(low, level), max(high, level)
    room = (high - low) * 0.02 or abs(high) * 0.005 or 1.0
    return Scale(low - room, high + room)


class Canvas:
    """Characters and their looks, by rows and columns."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.characters = [[" "] * columns for _ in range(rows)]
        self.looks = [[PLAIN] * columns for _ in range(rows)]

    def put(self, row: int, column: int, text: str, look: str) -> None:
        """ASCII, or what else takes one cell a character; what does not fit is left out."""
        for at, char in enumerate(text, start=column):
            if 0 <= at < self.columns and 0 <= row < self.rows:
                self.characters[row][at] = char
                self.looks[row][at] = look

    def paste(self, other: Canvas, column: int) -> None:
        """Put all of `other` on the rows from the first on, from that column on."""
        for row in range(other.rows):
            self.characters[row][column:] = other.characters[row]
            self.looks[row][column:] = other.looks[row]

    def changed_rows(self, before: Canvas) -> list[int]:
        """The rows that are not as in `before`."""
        rows = zip(self.characters, self.looks, strict=True)
        known = [*zip(before.characters, before.looks, strict=True)]
        return [number for number, row in enumerate(rows) if known[number : number + 1] != [row]]

    def pieces(self, row: int) -> list[tuple[str, str]]:
        """The row in as few pieces as it can be drawn in: a blank looks as what stands before it."""
        found: list[tuple[str, str]] = []
        for char, its in zip(self.characters[row], self.looks[row], strict=True):
            if found and (char == " " or its == found[-1][1]):
                found[-1] = (found[-1][0] + char, found[-1][1])
            else:
                found.append((char, its))
        return found


def line(canvas: Canvas, bars: Sequence[Bar], on: Axis, prices: Scale, look: str, glyphs: Glyphs) -> None:
    """The closes, joined within each stretch."""
    across, down = glyphs.dots
    columns, rows = canvas.columns * across, canvas.rows * down
    masks: dict[tuple[int, int], int] = {}
    starts = [start for start, _ in on.stretches]
    before: tuple[int, int, int] | None = None
    for bar in bars:
        stretch = bisect_right(starts, bar.at)
        x, y = on.column(bar.at, columns), prices.row(bar.close, rows)
        joined = before if before is not None and before[0] == stretch else (stretch, x, y)
        for dot_x, dot_y in _dots(joined[1], joined[2], x, y):
            cell = (dot_y // down, dot_x // across)
            masks[cell] = masks.get(cell, 0) | 1 << (dot_y % down * across + dot_x % across)
        before = (stretch, x, y)
    for (row, column), mask in masks.items():
        canvas.put(row, column, glyphs.cell[mask], look)


def _dots(x0: int, y0: int, x1: int, y1: int) -> Iterator[tuple[int, int]]:
    """From one point to another that is not left of it, without a gap."""
    before = y0
    for x in range(x0, x1 + 1):
        y = y1 if x == x1 else y0 + round((y1 - y0) * (x - x0) / (x1 - x0))
        first, last = sorted((y, before))
        yield from ((x, each) for each in range(first, last + 1) if each != before or first == last)
        before = y


def candles(canvas: Canvas, bars: Sequence[Bar], on: Axis, prices: Scale, glyphs: Glyphs) -> None:
    """One candle a bar, in one column; see `gathered`."""
    for bar in bars:
        rising = bar.close >= bar.open
        ends = sorted(prices.row(price, canvas.rows * 2) for price in (bar.open, bar.close))
        high, low = (prices.row(price, canvas.rows * 2) for price in (bar.high, bar.low))
        column = on.column(bar.at, canvas.columns)
        for row in range(high // 2, low // 2 + 1):
            body = tuple(ends[0] <= half <= ends[1] for half in (2 * row, 2 * row + 1))
            wick = tuple(high <= half <= low for half in (2 * row, 2 * row + 1))
            canvas.put(row, column, _candle(body, wick, glyphs, rising=rising), UP if rising else DOWN)


def _candle(body: tuple[bool, ...], wick: tuple[bool, ...], glyphs: Glyphs, *, rising: bool) -> str:
    shapes = (glyphs.rising if rising else glyphs.falling) if any(body) else glyphs.wick
    upper, lower = body if any(body) else wick
    if upper and lower:
        return shapes[0]
    if rising and any(body) and all(wick):
        return glyphs.mixed[0 if upper else 1]
    return shapes[1 if upper else 2]


def candle_width(on: Axis, columns: int, least: timedelta) -> timedelta:
    """How long one candle must last for each to have a column, and where there is room a blank one beside it."""
    for width in _WIDTHS:
        count = sum(math.ceil((end - start) / width) for start, end in on.stretches)
        if width >= least and count <= columns // 2:
            return width
    return max(least, _WIDTHS[-1])


def gathered(bars: Iterable[Bar], on: Axis, width: timedelta) -> list[Bar]:
    """Bars of `width`, counted from the beginning of each stretch."""
    starts = [start for start, _ in on.stretches]
    found: dict[datetime, Bar] = {}
    for bar in bars:
        start = starts[max(0, bisect_right(starts, bar.at) - 1)]
        at = start + (bar.at - start) // width * width
        known = found.get(at)
        if known is None:
            found[at] = replace(bar, at=at)
        else:
            found[at] = replace(
                known, high=max(known.high, bar.high), low=min(known.low, bar.low), close=bar.close, volume=None
            )
    return list(found.values())


def times(on: Axis, columns: int, zone: tzinfo | None) -> list[tuple[int, datetime, str]]:
    """Columns with what is written from there on: hours of one stretch, dates of several; in `zone`'s time."""
    if len(on.stretches) > 1:
        ticks, form = [start for start, _ in on.stretches], "%m-%d"
    else:
        ((start, end),) = on.stretches
        step = next((step for step in _STEPS if (end - start) / step * (5 + _LABEL_GAP) <= columns), _STEPS[-1])
        form = "%H:%M" if step < _DAY else "%m-%d"
        ticks = list(_round(start, end, step, zone)) or [start]
    found: list[tuple[int, datetime, str]] = []
    for at in ticks:
        column = on.column(at, columns)
        room = not found or column >= found[-1][0] + 5 + _LABEL_GAP
        if room and column + 5 <= columns:
            found.append((column, at, f"{at.astimezone(zone):{form}}"))
    return found


def _round(start: datetime, end: datetime, step: timedelta, zone: tzinfo | None) -> Iterator[datetime]:
    """The moments from `start` until before `end` at which clocks in `zone` show a multiple of `step`."""
    local = start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = midnight + math.ceil((local - midnight) / step) * step
    while at < end:
        yield at.astimezone(UTC)
        at += step
