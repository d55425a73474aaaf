"""The quote board and the top line alone on a screen, in a terminal of their own: `python -m tests.quote_screen`.

Keys bring changes: `1` another price of Nvidia, `a` of every symbol, `0` the same once more, `m` the next minute, `t`
the same minute once more, `z` makes Nvidia stale, `w` makes the board as wide as the screen.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from textual.app import App
from textual.binding import Binding
from textual.containers import Horizontal

from monitor.config.settings import Settings
from monitor.market import StaleKind, Staleness
from monitor.models import BaselineRef, Group, Quote, Session, Ticker
from monitor.tui import themes
from monitor.tui.follow import Picture
from monitor.tui.quote_rows import QuoteRow
from monitor.tui.top_text import top_line
from monitor.tui.widgets.quote_board import QuoteBoard
from monitor.tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

NOW = datetime(2025, 1, 27, 15, tzinfo=UTC)  # 10:00 in New York
SEOUL = ZoneInfo("Asia/Seoul")
COURSE = "▁▂▃▄▆▇█"


def row(symbol: str, price: float, **fields: object) -> QuoteRow:
    """A row of a symbol that closed at 100, with everything that a column can show."""
    quote = Quote(
        symbol=symbol,
        price=price,
        traded_at=NOW,
        fetched_at=NOW,
        session=Session.POST,
        base_close=100.0,
        previous_close=100.0,
        regular_price=price + 1,
        extended_price=price,
    )
    shock = BaselineRef(
        id="one", symbol=symbol, documented=-17.0, today=price - 100, ratio=(price - 100) / -17, compared="the fall"
    )
    given = {"name": f"{symbol} Corporation", "quote": quote, "shock": shock, "move": price - 100, "spark": COURSE}
    return QuoteRow(symbol=symbol, headlines_hour=12, **{**given, **fields})  # type: ignore[arg-type]


def group(name: str, *symbols: str) -> Group:
    return Group(name=name, tickers=tuple(Ticker(symbol=symbol, name=symbol) for symbol in symbols))


GROUPS = (
    group("Chips", "NVDA", "AVGO", "MRVL", "ARM", "AMD", "TSM", "MU"),
    group("Asia", "9984.T", "005930.KS", "000660.KS", "0700.HK"),
    group("Indices", "^IXIC", "^GSPC", "^DJI", "NQ=F"),
)


class QuoteScreen(App[None]):
    """54 columns wide, as in 120x40; `width` None is all there is."""

    CSS = "QuoteBoard { height: 1fr; } TopLine { width: 100%; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "price"),
        Binding("a", "prices"),
        Binding("0", "same"),
        Binding("m", "minute"),
        Binding("t", "minute(0)"),
        Binding("z", "stale"),
        Binding("w", "widen"),
        Binding("q", "quit"),
    ]

    def __init__(self, width: int | None = 54, groups: tuple[Group, ...] = GROUPS) -> None:
        super().__init__()
        self.theme = "dark"
        self.board = QuoteBoard()
        self.top = TopLine()
        self.width = width
        self.groups = groups
        self.at = NOW
        self.round = 0
        self.rows = {
            ticker.symbol: row(ticker.symbol, 83.03 + number)
            for number, ticker in enumerate(ticker for group in groups for ticker in group.tickers)
        }
        self.told: list[str] = []

    @property
    def available_themes(self) -> dict[str, object]:  # type: ignore[override]
        return {**super().available_themes, **themes.OWN}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return themes.variables(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.top
        with Horizontal():
            yield self.board

    def on_mount(self) -> None:
        if self.width is not None:
            self.board.styles.width = self.width
        self.board.show(self.groups, self.rows)
        self.action_minute(0)
        self.board.focus()

    def action_price(self) -> None:
        self.round += 1
        self._change("NVDA", 83.03 - self.round)

    def action_prices(self) -> None:
        self.round += 1
        changed = {symbol: row(symbol, 83.03 - self.round) for symbol in self.rows}
        self.rows.update(changed)
        self.board.update(changed)

    def action_same(self) -> None:
        self.board.update({symbol: replace(row) for symbol, row in self.rows.items()})

    def action_stale(self) -> None:
        stale = Staleness(StaleKind.NO_TRADE, timedelta(minutes=12))
        self.rows["NVDA"] = replace(self.rows["NVDA"], stale=stale, move=None)
        self.board.update({"NVDA": self.rows["NVDA"]})

    def action_widen(self) -> None:
        self.board.styles.width = "1fr"

    def action_minute(self, minutes: int = 1) -> None:
        self.at += timedelta(minutes=minutes, seconds=1)
        picture = Picture(settings=Settings(file="x", watchlist=self.groups))
        self.top.show(top_line(picture, self.at, SEOUL, unacknowledged=3))

    def on_quote_board_highlighted(self, event: QuoteBoard.Highlighted) -> None:
        self.told.append(f"highlighted {event.symbol}")

    def on_quote_board_opened(self, event: QuoteBoard.Opened) -> None:
        self.told.append(f"opened {event.symbol}")

    def on_quote_board_arranged(self, event: QuoteBoard.Arranged) -> None:
        self.told.append(f"arranged {event.order.by}")

    def _change(self, symbol: str, price: float) -> None:
        self.rows[symbol] = row(symbol, price)
        self.board.update({symbol: self.rows[symbol]})


if __name__ == "__main__":
    QuoteScreen().run()
