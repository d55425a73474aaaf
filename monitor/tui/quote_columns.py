"""The quote board's columns: which fit, what stands in them, and in which order the lines come. Pure."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from monitor.market import StaleKind
from monitor.models import Session
from monitor.tui import cells
from monitor.tui.quote_rows import SPARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import timedelta

    from monitor.models import Group
    from monitor.tui.quote_rows import GroupMoves, QuoteRow


class Look(StrEnum):
    """How a piece is drawn, beside what its text says: the board has a style for each."""

    PLAIN = "plain"
    GROUP = "group"
    UP = "up"
    DOWN = "down"
    STALE = "stale"
    COURSE = "course"


class Column(StrEnum):
    """In the order in which they stand."""

    SYMBOL = "symbol"
    LAST = "last"
    DAY = "day"
    EXTENDED = "extended"
    COURSE = "course"
    SHOCK = "shock"
    HEADLINES = "headlines"
    NAME = "name"
    AGE = "age"


Piece = tuple[str, Look]

WIDTHS = {
    Column.LAST: 8,
    Column.DAY: 7,
    Column.EXTENDED: 6,
    Column.COURSE: SPARK,
    Column.SHOCK: 6,
    Column.HEADLINES: 4,
    Column.NAME: 12,
    Column.AGE: 21,
}
HEADINGS = {
    Column.LAST: "last",
    Column.DAY: "day %",
    Column.EXTENDED: "post %",
    Column.COURSE: "course",
    Column.SHOCK: "27 Jan",
    Column.HEADLINES: "news",
    Column.NAME: "name",
    Column.AGE: "why stale",
}
WHOLE_MOVE = "move %"
BEFORE_OPEN = "pre %"  # in place of EXTENDED's
MIXED = "ext %"  # where some have a move before the open, and others still last evening's
LEFT = frozenset({Column.SYMBOL, Column.COURSE, Column.NAME, Column.AGE})
# The first is given up first. A symbol, its price, its move and the comparison with the shock stay.
GIVEN_UP = (Column.AGE, Column.NAME, Column.COURSE, Column.HEADLINES, Column.EXTENDED)
SYMBOL_LEAST, SYMBOL_MOST = 6, 10
NAME_MOST = 28
MOST_COUNTED = 100  # headlines; from here on the column says 99+

STALE_MARK = "!"  # before the price, in the gap between two columns
_MINUTES_A_DAY = 24 * 60
_UNITS = (  # from how many minutes on, of how many, its letter
    (100 * _MINUTES_A_DAY, 7 * _MINUTES_A_DAY, "w"),
    (_MINUTES_A_DAY, _MINUTES_A_DAY, "d"),
    (60, 60, "h"),
    (1, 1, "m"),
)
_MOST = 99  # weeks


class Columns(Struct, frozen=True):
    """Those that fit into a width, each with its own, one cell apart."""

    widths: Mapping[Column, int]

    @classmethod
    def fitting(cls, width: int, symbols: Iterable[str]) -> Columns:
        longest = max(map(cells.width, symbols), default=0)
        widths = {Column.SYMBOL: min(max(longest, SYMBOL_LEAST), SYMBOL_MOST), **WIDTHS}
        for column in GIVEN_UP:
            if _total(widths) <= width:
                break
            del widths[column]
        if Column.NAME in widths:
            widths[Column.NAME] = min(widths[Column.NAME] + width - _total(widths), NAME_MOST)
        return cls(widths)

    @property
    def has_extended(self) -> bool:
        """Otherwise one column has the whole move, extended hours included."""
        return Column.EXTENDED in self.widths

    def at(self, x: int) -> Column | None:
        """The column of which the heading, with the cell before it, is at `x`."""
        for column, width in self.widths.items():
            x -= width + 1
            if x < 0:
                return column
        return None

    def sorted_by(self, column: Column) -> Callable[[QuoteRow], float | str | None]:
        """What of a row its place follows from: what the column shows."""
        return (lambda row: row.change) if column is Column.DAY and not self.has_extended else _SORTED_BY[column]

    def heading(self, count: int, order: Order, *, extended: Iterable[Session] = ()) -> str:
        """With a `^` or `v` before the column that the rows are sorted by. `extended` are the sessions of the rows that
        have a move in extended hours.
        """
        hours = {BEFORE_OPEN if session is Session.PRE else HEADINGS[Column.EXTENDED] for session in extended}
        moved = MIXED if len(hours) > 1 else next(iter(hours), HEADINGS[Column.EXTENDED])
        parts = []
        for column, width in self.widths.items():
            if column is Column.SYMBOL:
                text = f"Quotes {count}" if width > SYMBOL_LEAST + 2 else "Quotes"
            else:
                text = self._named(column, moved)
            mark = "" if order.by is not column else "v" if order.descending else "^"
            if column in LEFT:
                parts.append((mark or " ") + cells.fit(text, width))
            else:
                parts.append(cells.fit(mark + text, width + 1, right=True))
        return "".join(parts)

    def _named(self, column: Column, extended: str) -> str:
        if column is Column.DAY and not self.has_extended:
            return WHOLE_MOVE
        return extended if column is Column.EXTENDED else HEADINGS[column]

    def row(self, row: QuoteRow) -> list[Piece]:
        """One symbol's line."""
        symbol = cells.fit(row.symbol, self.widths[Column.SYMBOL])
        if row.quote is None:
            room = _total(self.widths) - self.widths[Column.SYMBOL]
            return [(symbol, Look.PLAIN), (cells.cut(f"  {row.why_missing}", room), Look.STALE)]
        pieces = [(symbol, Look.PLAIN)]
        for column, width in self.widths.items():
            if column is Column.SYMBOL:
                continue
            text, look = _CELLS[column](row, self)
            gap = STALE_MARK if column is Column.LAST and row.stale else " "
            pieces.append((gap + cells.fit(text, width, right=column not in LEFT), look))
        return pieces


class Order(Struct, frozen=True):
    """How the lines are arranged: by a column, or (None) in the user's groups, of which some are `collapsed`."""

    by: Column | None = None
    descending: bool = False
    collapsed: frozenset[str] = frozenset()

    @property
    def kept(self) -> dict[str, object]:
        """For the user's own state, as JSON has it; `remembered` reads it."""
        return {"by": self.by, "descending": self.descending, "collapsed": sorted(self.collapsed)}

    @classmethod
    def remembered(cls, kept: object) -> Order:
        """What `kept` gave; the user's groups where it is anything else."""
        match kept:
            case {"by": by, "descending": bool(descending), "collapsed": list(collapsed)}:
                column = Column(by) if by in set(_SORTED_BY) else None
                return cls(column, descending, frozenset(name for name in collapsed if isinstance(name, str)))
        return cls()

    def next(self, columns: Columns) -> Order:
        """By the next of the columns shown that can be sorted by; after the last one the user's order."""
        sortable = [column for column in columns.widths if column in _SORTED_BY]
        after = sortable.index(self.by) + 1 if self.by in sortable else 0
        return self.sorted(sortable[after] if after < len(sortable) else None)

    def chosen(self, column: Column) -> Order:
        """By this column; by it already, the other way round."""
        if column not in _SORTED_BY:
            return self
        return self.reversed() if self.by is column else self.sorted(column)

    def sorted(self, by: Column | None) -> Order:
        return replace(self, by=by, descending=by in _LARGEST_FIRST)

    def reversed(self) -> Order:
        return replace(self, descending=not self.descending) if self.by else self

    def toggled(self, group: str) -> Order:
        return replace(self, collapsed=self.collapsed ^ {group})


class Line(NamedTuple):
    """A key of the board: a group's heading, or a symbol in a group; sorted, the rows belong to none (-1)."""

    group: int
    symbol: str | None


def lines(groups: Sequence[Group], rows: Mapping[str, QuoteRow], order: Order, columns: Columns) -> list[Line]:
    """All lines from the top. Sorted: each symbol once and no groups, those without a value last, equal ones in the
    user's order.
    """
    if order.by is not None:
        symbols = list(dict.fromkeys(ticker.symbol for group in groups for ticker in group.tickers))
        value = columns.sorted_by(order.by)
        values = {symbol: value(rows[symbol]) if symbol in rows else None for symbol in symbols}
        known = [symbol for symbol in symbols if values[symbol] is not None]
        known.sort(key=lambda symbol: values[symbol], reverse=order.descending)  # type: ignore[arg-type, return-value]
        return [Line(-1, symbol) for symbol in (*known, *(each for each in symbols if values[each] is None))]
    found = []
    for number, group in enumerate(groups):
        found.append(Line(number, None))
        if group.name not in order.collapsed:
            found += [Line(number, ticker.symbol) for ticker in group.tickers]
    return found


def group_line(group: Group, moves: GroupMoves, width: int, *, collapsed: bool) -> list[Piece]:
    """`- Chips  7 of 9 down, median ▼-5.31`: shortened before the name is cut."""
    name = f"{'+' if collapsed else '-'} {group.name}"
    if collapsed:
        name += f" ({len(group.tickers)})"
    for tally in _tallies(moves):
        if cells.width(name) + 2 + cells.width(tally) <= width:
            return [(f"{name}  {tally}".rstrip(), Look.GROUP)]
    return [(cells.cut(name, width), Look.GROUP)]


def short_age(since: timedelta | None) -> str:
    """In at most three cells: `12m`, `3h`, `4d`, `15w`; `<1m`, and `?` for an unknown one."""
    if since is None:
        return "?"
    minutes = int(since.total_seconds() // 60)
    for least, size, unit in _UNITS:
        if minutes >= least:
            return f"{min(minutes // size, _MOST)}{unit}"
    return "<1m"


def ratio_text(ratio: float, *, rough: bool) -> str:
    """`0.76x`, `-0.20x` for a move the other way, `~0.76x` of a range, in six cells as precise as there is room for."""
    mark = "~" if rough else ""
    text = ""
    for decimals in (2, 1, 0):
        text = f"{mark}{ratio:.{decimals}f}x"
        if len(text) <= WIDTHS[Column.SHOCK]:
            return text
    return text if len(text) <= WIDTHS[Column.SHOCK] else f"{mark}{'-' if ratio < 0 else '>'}99x"


def _total(widths: Mapping[Column, int]) -> int:
    return sum(widths.values()) + len(widths) - 1


def _tallies(moves: GroupMoves) -> Iterable[str]:
    if moves.median is None:
        return ("",)
    median = cells.change(moves.median).strip()
    return (
        f"{moves.down} of {moves.counted} down, median {median}",
        f"{moves.down}/{moves.counted} down {median}",
        median,
    )


def _last(row: QuoteRow, _columns: Columns) -> Piece:
    return cells.price(row.quote.price if row.quote else None), _ground(row)


def _day(row: QuoteRow, columns: Columns) -> Piece:
    return _moved(row, row.day_change if columns.has_extended else row.change, cells.change)


def _extended(row: QuoteRow, _columns: Columns) -> Piece:
    return _moved(row, row.extended, lambda percent: "" if percent is None else f"{percent:+.2f}")


def _moved(row: QuoteRow, percent: float | None, write: Callable[[float | None], str]) -> Piece:
    if row.stale is not None or percent is None or abs(percent) < cells.FLAT:
        return write(percent), _ground(row)
    return write(percent), Look.UP if percent > 0 else Look.DOWN


def _course(row: QuoteRow, _columns: Columns) -> Piece:
    return row.spark, Look.COURSE if row.stale is None else Look.STALE


def _shock(row: QuoteRow, _columns: Columns) -> Piece:
    """The comparison, or, instead of it, how old a stale price is: the one and the other are never both to be said."""
    if row.stale is not None:
        return f"old{short_age(row.stale.since):>3}", Look.STALE
    return "" if row.ratio is None else ratio_text(row.ratio, rough=row.rough), Look.PLAIN


def _headlines(row: QuoteRow, _columns: Columns) -> Piece:
    count = row.headlines_hour
    return "" if not count else "99+" if count >= MOST_COUNTED else str(count), _ground(row)


def _name(row: QuoteRow, _columns: Columns) -> Piece:
    return row.name, _ground(row)


def _age(row: QuoteRow, _columns: Columns) -> Piece:
    if row.stale is None:
        return "", Look.PLAIN
    if row.stale.since is None:
        return "age unknown", Look.STALE
    what = "no trade" if row.stale.kind is StaleKind.NO_TRADE else "not refreshed"
    return f"{what} for {short_age(row.stale.since)}", Look.STALE


def _ground(row: QuoteRow) -> Look:
    return Look.PLAIN if row.stale is None else Look.STALE


_CELLS: Mapping[Column, Callable[[QuoteRow, Columns], Piece]] = {
    Column.LAST: _last,
    Column.DAY: _day,
    Column.EXTENDED: _extended,
    Column.COURSE: _course,
    Column.SHOCK: _shock,
    Column.HEADLINES: _headlines,
    Column.NAME: _name,
    Column.AGE: _age,
}

_SORTED_BY: Mapping[Column, Callable[[QuoteRow], float | str | None]] = {
    Column.SYMBOL: lambda row: row.symbol,
    Column.LAST: lambda row: None if row.quote is None else row.quote.price,
    Column.DAY: lambda row: row.day_change,
    Column.EXTENDED: lambda row: row.extended,
    Column.SHOCK: lambda row: row.ratio,
    Column.HEADLINES: lambda row: row.headlines_hour,
    Column.NAME: lambda row: row.name.casefold(),
    Column.AGE: lambda row: None if row.stale is None or row.stale.since is None else row.stale.since.total_seconds(),
}
# Falls first, since this board is about falls; of everything else that is counted the most.
_LARGEST_FIRST = frozenset({Column.LAST, Column.SHOCK, Column.HEADLINES, Column.AGE})
