"""`monitor quotes`."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from monitor import market
from monitor.cli import options, rows
from monitor.market import StaleKind
from monitor.when import local_and_new_york, span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from monitor.config import Settings
    from monitor.models import Quote, QuoteSourceState

COLUMNS = (
    *("symbol", "name", "price", "currency", "change_percent", "base_close", "previous_close", "regular_price"),
    *("regular_at", "regular_change_percent", "extended_price", "extended_at", "extended_change_percent", "session"),
    *("exchange", "traded_at", "fetched_at", "age_seconds", "delay_seconds", "stale", "day_low", "day_high"),
    *("year_low", "year_high", "volume", "average_volume", "simulated"),
)
STALE = {
    StaleKind.NO_TRADE: "STALE no trade",
    StaleKind.NOT_REFRESHED: "STALE no answer",
    StaleKind.AGE_UNKNOWN: "STALE no time",
}
NOT_A_TERMINAL = (120, 24)  # cells
LEAST_NAME = 12  # cells; names are cut to what is left of the line, and left out where that is less


@click.command("quotes")
@options.config
@options.database
@click.option("--ticker", "tickers", type=str.upper, metavar="SYMBOL", multiple=True, help="Only this; repeatable.")
@options.as_json
@options.as_csv
def command(
    *, config: Path | None, database: Path | None, tickers: tuple[str, ...], as_json: bool, as_csv: bool
) -> None:
    """List the last quote of each symbol, under the headings of the watchlist.

    Each has its price, its move from the last close, the session, when it was traded and how long ago that is. A stale
    one says so and why, instead of the time: no trade (in an open market), no answer (of the source), or no time.
    """
    from monitor.store.reader import Reader

    settings = options.settings_of(config)
    with closing(Reader.open(options.database_of(database, config))) as reader:
        board = _Board(
            reader.quotes(), reader.quote_source(), settings, rows.clock_of(reader).now(), rows.is_simulated(reader)
        )
    listed = [board.quotes[symbol] for symbol in tickers or board.symbols if symbol in board.quotes]
    lines = board.lines(tickers) if tickers else board.groups() if listed else ()
    rows.Listing(
        COLUMNS,
        [board.fields(quote) for quote in listed],
        [rows.marked(line, simulated=board.simulated) for line in lines],
        "no quote stored yet",
    ).print(as_json=as_json, as_csv=as_csv)
    if as_json or as_csv:
        for symbol in tickers:
            if symbol not in board.quotes:
                rows.complain(f"{symbol}: no quote yet")


class _Board(Struct, frozen=True):
    """What is known of the prices at `now`."""

    quotes: Mapping[str, Quote]
    source: QuoteSourceState
    settings: Settings
    now: datetime
    simulated: bool

    @property
    def others(self) -> list[str]:
        """Symbols with a quote that the watchlist does not name."""
        return sorted(set(self.quotes) - {ticker.symbol for ticker in self.settings.tickers})

    @property
    def symbols(self) -> list[str]:
        return [*(ticker.symbol for ticker in self.settings.tickers), *self.others]

    def groups(self) -> Iterator[str]:
        """Every group of the watchlist under its heading."""
        yield f"as of {local_and_new_york(self.now)}"
        if self.source.failures:
            yield f"the source fails: {self.source.error}"
        for group in self.settings.watchlist:
            yield group.name
            yield from self.lines([ticker.symbol for ticker in group.tickers], indent="  ")
        if self.others:
            yield "Not in the watchlist"
            yield from self.lines(self.others, indent="  ")

    def lines(self, symbols: Sequence[str], *, indent: str = "") -> Iterator[str]:
        """A line each, at most 80 cells and as many more as the terminal has for a name."""
        from monitor.alerts.gauges import money

        names = {ticker.symbol: ticker.name for ticker in self.settings.tickers}
        for symbol in symbols:
            if (quote := self.quotes.get(symbol)) is None:
                unknown = symbol in self.source.unknown
                yield f"{indent}{symbol:<9}  {'unknown to the source' if unknown else 'no quote yet'}"
                continue
            change = "n/a" if quote.change_percent is None else f"{quote.change_percent:+.2f}%"
            line = (
                f"{indent}{symbol:<9} {money(quote.price):>10} {quote.unit or '':<3} {change:>8}  "
                f"{quote.session:<7}  {self._when(quote):<15}  {self._age(quote):<7}"
            )
            yield self._with_name(line, names.get(symbol) or quote.name or "")

    def fields(self, quote: Quote) -> dict[str, object]:
        age = market.age(quote, self.now)
        stale = market.staleness(quote, self.now, self.settings.quotes)
        return {
            "symbol": quote.symbol,
            "name": quote.name,
            "price": quote.price,
            "currency": quote.currency,
            "change_percent": _rounded(quote.change_percent),
            "base_close": quote.base_close,
            "previous_close": quote.previous_close,
            "regular_price": quote.regular_price,
            "regular_at": rows.iso(quote.regular_at),
            "regular_change_percent": _rounded(quote.regular_change_percent),
            "extended_price": quote.extended_price,
            "extended_at": rows.iso(quote.extended_at),
            "extended_change_percent": _rounded(quote.extended_change_percent),
            "session": str(quote.session),
            "exchange": quote.exchange,
            "traded_at": rows.iso(quote.traded_at),
            "fetched_at": rows.iso(quote.fetched_at),
            "age_seconds": None if age is None else round(age.total_seconds(), 1),
            "delay_seconds": quote.delay.total_seconds(),
            "stale": None if stale is None else str(stale),
            "day_low": quote.day_low,
            "day_high": quote.day_high,
            "year_low": quote.year_low,
            "year_high": quote.year_high,
            "volume": quote.volume,
            "average_volume": quote.average_volume,
            "simulated": self.simulated,
        }

    def _when(self, quote: Quote) -> str:
        """Why it is stale; else when it was traded, in this machine's zone, with the date where that is another day."""
        if stale := market.staleness(quote, self.now, self.settings.quotes):
            return STALE[stale.kind]
        if quote.traded_at is None:
            return ""
        at = quote.traded_at.astimezone()
        return f"{at:%H:%M:%S %Z}" if at.date() == self.now.astimezone().date() else f"{at:%m-%d %H:%M %Z}"

    def _age(self, quote: Quote) -> str:
        age = market.age(quote, self.now)
        return "" if age is None else span(age)

    def _with_name(self, line: str, name: str) -> str:
        width = shutil.get_terminal_size(NOT_A_TERMINAL).columns - rows.cells(rows.marked("", simulated=self.simulated))
        room = width - rows.cells(line) - 2
        if room < LEAST_NAME:
            return line.rstrip()
        while rows.cells(name) > room:
            name = name[:-2].rstrip() + "…"
        return f"{line}  {name}".rstrip()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
