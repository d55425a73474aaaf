"""The quotes, in the user's groups or sorted by a column; only lines that read differently are drawn anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.message import Message

from monitor.tui import cells
from monitor.tui.quote_columns import Columns, Line, Look, Order, group_line, lines
from monitor.tui.quote_rows import QuoteRow, board_symbols, group_moves
from monitor.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual import events
    from textual.binding import BindingType

    from monitor.models import Group, Session
    from monitor.tui.widgets.strips import Pieces


class QuoteBoard(LineList[Line]):
    """Its first line are the headings of the columns; `^` and `v` stand before the one that it is sorted by.

    Sorted rows move to their new places as soon as their values change; the cursor stays with its symbol.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"quote-board--{look}" for look in Look if look is not Look.PLAIN}
    DEFAULT_CSS = """
    QuoteBoard {
        & > .quote-board--group { text-style: bold; }
        & > .quote-board--up { color: $up; }
        & > .quote-board--down { color: $down; }
        & > .quote-board--stale, & > .quote-board--course { text-style: dim; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "sort by the next column", id="quotes.sort"),
        Binding("S", "reverse", "sort the other way round", id="quotes.reverse"),
        Binding("space", "collapse", "close or open the group", id="quotes.collapse"),
    ]

    class Highlighted(LineList.Highlighted):
        """The cursor is on another line."""

        @property
        def symbol(self) -> str | None:
            """None on the heading of a group, and without a cursor."""
            return self.key.symbol if self.key is not None else None

    class Opened(LineList.Opened):
        """Never of a group's heading, which opens the group."""

        @property
        def symbol(self) -> str:
            return str(self.key.symbol)

    class Arranged(Message):
        """The user has sorted, or closed or opened a group."""

        def __init__(self, board: QuoteBoard, order: Order) -> None:
            super().__init__()
            self.board = board
            self.order = order

        @property
        def control(self) -> QuoteBoard:
            return self.board

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__("Quotes", when_empty="No symbols to watch.", id=id)
        self._groups: tuple[Group, ...] = ()
        self._quotes: dict[str, QuoteRow] = {}
        self._symbols: list[str] = []
        self._order = Order()
        self._fitted: tuple[int, Columns] | None = None

    # What its owner tells it

    @property
    def order(self) -> Order:
        return self._order

    def show(self, groups: Sequence[Group], rows: Mapping[str, QuoteRow]) -> None:
        """Show these groups, with what is known of their symbols; a symbol without a row is not shown."""
        self._groups = tuple(groups)
        self._quotes = dict(rows)
        self._symbols = board_symbols(groups)
        self._fitted = None
        self.replace(self._lines())
        self.redraw()

    def update(self, rows: Mapping[str, QuoteRow]) -> None:
        """Take these rows, and draw what reads differently now."""
        drawn = {key: self._text(key) for key in self.visible_keys if key.symbol is None or key.symbol in rows}
        self._quotes.update(rows)
        if self._order.by is not None and (keys := self._lines()) != self.keys:
            self.replace(keys)
        if changed := [key for key, text in drawn.items() if self._text(key) != text]:
            self.redraw(*changed)
        self._draw()  # the headings, where extended hours are others now

    def reorder(self, order: Order) -> None:
        """Show the lines in this order, with the cursor on the symbol that it was on."""
        key = self.highlighted
        self._order = order
        self.replace(self._lines())
        if key is not None and self.highlighted is None:
            self._find(key)

    # Drawing

    def line(self, key: Line, width: int) -> Pieces:
        pieces: Pieces = []
        for text, look in self._text(key):
            fitting = cells.cut(text, width)  # in a narrower place than any the columns can be fitted to
            width -= cells.width(fitting)
            pieces.append((fitting, None if look is Look.PLAIN else self.style_of(f"quote-board--{look}")))
        return pieces

    def on_resize(self) -> None:
        self.replace(self._lines())

    @property
    def _columns(self) -> Columns:
        """Fitted when they are looked at, since lines are drawn in a new width before anything is told of it."""
        width = self.size.width - 1
        if self._fitted is None or self._fitted[0] != width:
            self._fitted = width, Columns.fitting(width, self._symbols)
        return self._fitted[1]

    def _text(self, key: Line) -> list[tuple[str, Look]]:
        if key.symbol is not None:
            row = self._quotes.get(key.symbol) or QuoteRow(symbol=key.symbol, name="")
            return self._columns.row(row)
        group = self._groups[key.group]
        collapsed = group.name in self._order.collapsed
        return group_line(group, group_moves(group, self._quotes), self.size.width - 1, collapsed=collapsed)

    def _title_text(self) -> str:
        return self._columns.heading(len(self._symbols), self._order, extended=self._extended())

    def _extended(self) -> set[Session]:
        """The sessions of what has moved in extended hours."""
        return {row.quote.session for row in self._quotes.values() if row.quote and row.extended is not None}

    def _lines(self) -> list[Line]:
        return lines(self._groups, self._quotes, self._order, self._columns)

    def _find(self, key: Line) -> None:
        """Put the cursor where the symbol is now, or on the heading of its closed group."""
        place = next((line for line in self.keys if line.symbol == key.symbol and key.symbol is not None), None)
        if place is None:
            holds = (number for number, group in enumerate(self._groups) if key.symbol in board_symbols([group]))
            place = Line(next(holds, key.group), None)
        self.select(place)

    # What its user tells it

    def action_sort(self) -> None:
        self._rearrange(self._order.next(self._columns))

    def action_reverse(self) -> None:
        self._rearrange(self._order.reversed())

    def action_collapse(self) -> None:
        key = self.highlighted
        if key is None or key.group < 0:
            return
        self._rearrange(self._order.toggled(self._groups[key.group].name))

    def action_open(self) -> None:
        """A ticker, or close a group; a group that the cursor was not on yet is only gone to."""
        was_here = self.highlighted is not None
        if not was_here:
            self.action_move(0)
        if self.highlighted is None or self.highlighted.symbol is not None:
            super().action_open()
        elif was_here:
            self.action_collapse()

    def on_click(self, event: events.Click) -> None:
        column = self._columns.at(event.x) if event.y == 0 else None
        if column is not None:
            event.stop()
            self._rearrange(self._order.chosen(column))

    def _rearrange(self, order: Order) -> None:
        if order == self._order:
            return
        drawn = {key: self._text(key) for key in self.visible_keys}
        self.reorder(order)
        if changed := [key for key in self.visible_keys if key.symbol is None and self._text(key) != drawn.get(key)]:
            self.redraw(*changed)
        self.post_message(self.Arranged(self, order))
