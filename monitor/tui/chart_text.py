"""A chart in characters: prices with their scale, marks at their times below them, and the times. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor.text import printable
from monitor.tui import cells, plot
from monitor.tui.plot import Canvas
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import tzinfo

    from monitor.models import Bar
    from monitor.tui.plot import Axis, Glyphs, Scale

CHOSEN = "chosen"
"""How the chosen mark looks, beside what `plot` names."""

LEAST = 4  # rows of prices, below which New York's times give way
NEW_YORKS = "NY"  # before its times
MANY = "+"  # more marks in one column than a digit can say


class Mark(Struct, frozen=True):
    """Something at a time: whose it is, and its title."""

    key: Hashable
    at: datetime
    source: str
    title: str


class Shown(Struct, frozen=True, kw_only=True):
    """`bars` in order of time last `length` each. `level` is the price that the move is measured from.

    `marks` are in order of time; `marked` is what they are. `heading` says what it is, `note` what else is to be said
    of it. It `grows` where more bars are to come.
    """

    heading: str
    bars: Sequence[Bar] = ()
    length: timedelta = timedelta(minutes=1)
    level: float | None = None
    marks: Sequence[Mark] = ()
    marked: str = "marks"
    note: str = ""
    grows: bool = False


class Drawing(Struct, frozen=True, kw_only=True):
    """The characters, and the column of each mark by its key."""

    canvas: Canvas
    marks: Mapping[Hashable, int] = field(default_factory=dict)


def drawing(
    shown: Shown,
    columns: int,
    rows: int,
    *,
    candles: bool = False,
    chosen: Hashable = None,
    zone: tzinfo | None = None,
    glyphs: Glyphs = plot.FINE,
) -> Drawing:
    """The chart in `rows` of `columns` cells; nothing where it has no bars, or no room.

    The last rows are marks, how many there are at a column (`+` from ten on), the times in `zone` and, where that is
    another and there is room, in New York.
    """
    canvas = Canvas(max(0, columns), max(0, rows))
    if not shown.bars:
        return Drawing(canvas=canvas)
    both = rows >= LEAST + 3 and _is_elsewhere(shown.bars[-1].at, zone)
    tall = rows - 2 - both
    prices = plot.scale(shown.bars, candles=candles, level=shown.level)
    labels = prices.labels(tall) if tall > 0 else {}
    here = shown.bars[-1].at.astimezone(zone).tzname() or "" if both else ""
    gutter = max(len(NEW_YORKS), len(here), *map(len, labels.values())) + 1 if labels else 0
    if tall < 1 or columns <= gutter + 1:
        return Drawing(canvas=canvas)
    on = plot.axis(shown.bars, shown.length, grows=shown.grows)
    inner = Canvas(columns - gutter, tall)
    _prices(inner, shown, on, prices, glyphs, candles=candles)
    for row, text in labels.items():
        canvas.put(row, 0, f"{text:>{gutter - 1}}", plot.LABEL)
    canvas.paste(inner, gutter)
    marks = {mark.key: gutter + on.column(mark.at, inner.columns) for mark in shown.marks}
    _marks(canvas, tall, marks, chosen)
    for column, at, text in plot.times(on, inner.columns, zone):
        canvas.put(tall + 1, gutter + column, text, plot.LABEL)
        if both:
            canvas.put(tall + 2, gutter + column, at.astimezone(NEW_YORK).strftime("%H:%M"), plot.LABEL)
    if both:
        canvas.put(tall + 1, 0, here, plot.LABEL)
        canvas.put(tall + 2, 0, NEW_YORKS, plot.LABEL)
    return Drawing(canvas=canvas, marks=marks)


def title(shown: Shown, *, candles: bool, glyphs: Glyphs = plot.FINE) -> str:
    kind = f"candles: {glyphs.rising[0]} up {glyphs.falling[0]} down" if candles else "line"
    return "  ".join(part for part in (shown.heading, kind if shown.bars else "", shown.note) if part)


def caption(shown: Shown, chosen: Mark | None, zone: tzinfo | None = None) -> tuple[str, str]:
    """When the chosen mark is and whose, and what it says; or how to choose one."""
    if chosen is None:
        how = f"{len(shown.marks)} {shown.marked} marked below the prices; left and right go from one to the next"
        return (how if shown.marks else "", "")
    local = chosen.at.astimezone(zone)
    there = f" ({chosen.at.astimezone(NEW_YORK):%H:%M} New York)" if _is_elsewhere(chosen.at, zone) else ""
    place = f"{shown.marks.index(chosen) + 1}/{len(shown.marks)}"
    return f"{place}  {local:%m-%d %H:%M}{there}  {_safe(chosen.source)}", _safe(chosen.title)


def _prices(canvas: Canvas, shown: Shown, on: Axis, prices: Scale, glyphs: Glyphs, *, candles: bool) -> None:
    if shown.level is not None and prices.low <= shown.level <= prices.high:
        canvas.put(prices.row(shown.level, canvas.rows), 0, "- " * (canvas.columns // 2), plot.LEVEL)
    if candles:
        width = plot.candle_width(on, canvas.columns, shown.length)
        plot.candles(canvas, plot.gathered(shown.bars, on, width), on, prices, glyphs)
    else:
        base = shown.bars[0].open if shown.level is None else shown.level
        look = plot.UP if shown.bars[-1].close >= base else plot.DOWN
        plot.line(canvas, shown.bars, on, prices, look, glyphs)
    if shown.level is not None:
        _beyond(canvas, shown.level, prices)


def _beyond(canvas: Canvas, level: float, prices: Scale) -> None:
    """Says at the edge where a level is that the prices leave no room for: in a gap between them, else before them."""
    if prices.low <= level <= prices.high:
        return
    row, mark = (0, "^") if level > prices.high else (canvas.rows - 1, "v")
    text = f"{mark} close before {cells.price(level)}"
    text = text if len(text) < canvas.columns else f"{mark} {cells.price(level)}"
    gap = "".join(canvas.characters[row]).find(" " * (len(text) + 2))
    canvas.put(row, gap + 1 if gap >= 0 else 0, text[: canvas.columns], plot.LEVEL)


def _marks(canvas: Canvas, row: int, marks: Mapping[Hashable, int], chosen: Hashable) -> None:
    for column, count in Counter(marks.values()).items():
        canvas.put(row, column, str(count) if count < 10 else MANY, plot.PLAIN)
    if chosen in marks:
        at = marks[chosen]
        canvas.put(row, at, canvas.characters[row][at], CHOSEN)


def _is_elsewhere(at: datetime, zone: tzinfo | None) -> bool:
    """Whether clocks in `zone` show another time than New York's."""
    return at.astimezone(zone).utcoffset() != at.astimezone(NEW_YORK).utcoffset()


def _safe(text: str) -> str:
    """What an older version stored may not have been cleaned."""
    return text if text.isprintable() else printable(text)
