"""`monitor baseline --compare`: the last quotes beside what was documented of 27 January 2025."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor import market
from monitor.baseline.breadth import Breadth, Tally, breadth
from monitor.baseline.live import Anchors, Since, anchors, shock_ratio, since
from monitor.baseline.measured import KINDS
from monitor.baseline.words import documented, short_time
from monitor.cli import options, rows
from monitor.models import BaselineRef
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from monitor.baseline import Baseline
    from monitor.config import Settings
    from monitor.market import Staleness
    from monitor.models import Quote, QuoteSourceState

EVE, SHOCK = "24 Jan", "27 Jan"
LEGEND = (
    "now: from the last close. 24 Jan, 27 Jan: from the closes of these days of 2025. ratio: now as a multiple of what "
    "was documented of the same part of 27 January 2025, New York time; of a range its middle is taken."
)
_BEFORE_THE_WORDS = 47  # cells of a ticker's line before what it is compared with
_NAME = 22  # cells for a group's name


def print_compared(
    baseline: Baseline, config: Path | None, database: Path | None, ticker: str | None, width: int, *, as_json: bool
) -> None:
    """Raises the StoreError kinds: without a database there is nothing live."""
    from monitor.store.reader import Reader

    settings = options.settings_of(config)
    with closing(Reader.open(options.database_of(database, config))) as reader, reader.snapshot():
        history, bars = reader.baseline_history(), reader.baseline_bars()
        board = _Board(
            baseline=baseline,
            settings=settings,
            quotes=reader.quotes(),
            source=reader.quote_source(),
            closes={
                symbol: anchors(bars[symbol][0] if symbol in bars else ())
                for symbol, state in history.items()
                if state.asked_at is not None
            },
            replayed=frozenset(symbol for symbol, state in history.items() if state.simulated),
            now=rows.clock_of(reader).now(),
            simulated=rows.is_simulated(reader),
        )
    if as_json:
        sys.stdout.write(rows.json_text(board.fields(ticker), indent=1) + "\n")
        return
    for line, indent, simulated in board.page(ticker):
        rows.say(*rows.wrapped(line, width, indent, simulated=simulated))


Line = tuple[str, int, bool]
"""A line, how far in it goes on where it is folded, and whether anything in it is simulated."""


class _Board(Struct, frozen=True, kw_only=True):
    """What is known of the prices at `now`. `closes` has the symbols whose history was fetched."""

    baseline: Baseline
    settings: Settings
    quotes: Mapping[str, Quote]
    source: QuoteSourceState
    closes: Mapping[str, Anchors]
    replayed: frozenset[str]
    now: datetime
    simulated: bool

    def page(self, ticker: str | None) -> Iterator[Line]:
        for line in self._head():
            yield line, 2, self.simulated
        listed = [self._ticker(ticker)] if ticker else []
        if not ticker:
            for group, symbols in self._groups():
                yield group, 2, self.simulated
                listed += (found := [self._ticker(symbol) for symbol in symbols])
                for each in found:
                    yield each.line, _BEFORE_THE_WORDS, each.simulated
        else:
            yield listed[0].line, _BEFORE_THE_WORDS, listed[0].simulated
        for line in (LEGEND, *_missing(listed)):
            yield f"  {line}", 2, self.simulated
        if not ticker:
            for line, indent in _breadth_lines(self._breadth()):
                yield line, indent, self.simulated

    def fields(self, ticker: str | None) -> dict[str, object]:
        symbols = [ticker] if ticker else [symbol for _, symbols in self._groups() for symbol in symbols]
        return {
            "now": rows.iso(self.now),
            "simulated": self.simulated,
            "tickers": [self._ticker(symbol).fields() for symbol in dict.fromkeys(symbols)],
            "breadth": [] if ticker else [_breadth_fields(each) for each in self._breadth()],
        }

    def _head(self) -> Iterator[str]:
        yield f"as of {local_and_new_york(self.now)}"
        if self.source.failures:
            yield f"the source fails: {self.source.error}"
        yield f"  {'ticker':<9} {'now':>8} {EVE:>8} {SHOCK:>8} {'ratio':>6}  documented"

    def _groups(self) -> Iterator[tuple[str, list[str]]]:
        """The tickers with a documented price, under the headings of the watchlist."""
        recorded = dict.fromkeys(
            record.symbol for record in self.baseline.records if record.symbol and record.kind in KINDS
        )
        rest = [symbol for symbol in recorded if symbol not in {each.symbol for each in self.settings.tickers}]
        for group in self.settings.watchlist:
            if symbols := [each.symbol for each in group.tickers if each.symbol in recorded]:
                yield group.name, symbols
        if rest:
            yield "Not in the watchlist", [symbol for symbol in rest if symbol]

    def _ticker(self, symbol: str) -> _Ticker:
        quote = self.quotes.get(symbol)
        simulated = self.simulated or symbol in self.replayed
        if quote is None:
            why = "unknown to the source" if symbol in self.source.unknown else "no quote yet"
            return _Ticker(symbol, None, None, why, why, Since(why, why), simulated)
        stale = market.staleness(quote, self.now, self.settings.quotes)
        compared = shock_ratio(self.baseline, quote, self.now) if stale is None else f"STALE: {stale}"
        words = compared
        if isinstance(compared, BaselineRef):
            record = self.baseline.record(compared.id)
            words = f"{documented(record)}, {short_time(record)}"
        return _Ticker(symbol, quote, stale, compared, str(words), since(quote, self.closes.get(symbol)), simulated)

    def _breadth(self) -> tuple[Breadth, ...]:
        stale = {
            symbol
            for symbol, quote in self.quotes.items()
            if market.staleness(quote, self.now, self.settings.quotes) is not None
        }
        return breadth(self.settings.watchlist, self.quotes, stale, self.baseline, self.now)


class _Ticker(Struct, frozen=True):
    """One ticker now. `compared` is what its move is compared with, or why with nothing; `words` a short form of it."""

    symbol: str
    quote: Quote | None
    stale: Staleness | None
    compared: BaselineRef | str
    words: str
    since: Since
    simulated: bool

    @property
    def line(self) -> str:
        change = None if self.quote is None else self.quote.change_percent
        ratio = f"{self.compared.ratio:.2f}" if isinstance(self.compared, BaselineRef) else "n/a"
        moves = " ".join(f"{_percent(move):>8}" for move in (change, self.since.before, self.since.after))
        return f"  {self.symbol:<9} {moves} {ratio:>6}  {self.words}"

    def fields(self) -> dict[str, object]:
        quote, ref = self.quote, self.compared if isinstance(self.compared, BaselineRef) else None
        answers = {
            "ratio": self.compared,
            "since_24_january": self.since.before,
            "since_27_january": self.since.after,
        }
        return {
            "symbol": self.symbol,
            "price": None if quote is None else quote.price,
            "currency": None if quote is None else quote.currency,
            "change_percent": None if quote is None else _rounded(quote.change_percent),
            "session": None if quote is None else str(quote.session),
            "traded_at": None if quote is None else rows.iso(quote.traded_at),
            "stale": None if self.stale is None else str(self.stale),
            "record": None if ref is None else ref.id,
            "documented": None if ref is None else ref.documented,
            "ratio": None if ref is None else _rounded(ref.ratio),
            "compared": None if ref is None else ref.compared,
            "documents": [] if ref is None else list(ref.documents),
            "since_24_january": _rounded(self.since.before),
            "since_27_january": _rounded(self.since.after),
            "why_not": {name: why for name, why in answers.items() if isinstance(why, str)},
            "simulated": self.simulated,
        }


def _missing(tickers: Sequence[_Ticker]) -> Iterator[str]:
    """Why a change since one of the two closes is n/a, with the tickers of which it is where that is not all."""
    for name, changes in (
        (EVE, {ticker.symbol: ticker.since.before for ticker in tickers if ticker.quote}),
        (SHOCK, {ticker.symbol: ticker.since.after for ticker in tickers if ticker.quote}),
    ):
        reasons: dict[str, list[str]] = {}
        for symbol, change in changes.items():
            if isinstance(change, str):
                reasons.setdefault(change, []).append(symbol)
        for why, symbols in reasons.items():
            of = "" if len(symbols) == len(changes) else f": {', '.join(symbols)}"
            yield f"{name} n/a, {why}{of}"


def _breadth_lines(groups: Sequence[Breadth]) -> Iterator[tuple[str, int]]:
    yield "", 0
    yield f"{'Breadth':<{_NAME + 4}}{'now':>20}{'27 January 2025':>20}", 0
    yield f"{'':{_NAME + 4}}" + f"{'down':>10}{'median':>10}" * 2, 0
    for each in groups:
        name = rows.padded(_cut(each.group or "All, each once", _NAME), _NAME)
        yield f"  {name}  {_counted(each.now)}{_counted(each.then)}", 0
        yield f"      {_said(each)}", 6


def _said(group: Breadth) -> str:
    """What the group is compared with, and what was left out of it."""
    left_out = [f"{group.stale} stale"] * bool(group.stale) + [f"{group.idle} not traded today"] * bool(group.idle)
    documented = f"of {group.symbols} tickers {group.then.counted} documented, {group.compared}"
    words = [documented if group.then.counted else group.compared]
    return "; ".join([*words, *([f"left out: {' and '.join(left_out)}"] if left_out else [])])


def _counted(tally: Tally) -> str:
    if not tally.counted:
        return f"{'-':>10}{'-':>10}"
    return f"{f'{tally.down} of {tally.counted}':>10}{_percent(tally.median):>10}"


def _breadth_fields(group: Breadth) -> dict[str, object]:
    return {
        "group": group.group,
        "symbols": group.symbols,
        "now": _tally_fields(group.now),
        "stale": group.stale,
        "not_traded_today": group.idle,
        "then": _tally_fields(group.then),
        "compared": group.compared,
    }


def _tally_fields(tally: Tally) -> dict[str, object]:
    return {"counted": tally.counted, "down": tally.down, "median_percent": _rounded(tally.median)}


def _cut(name: str, room: int) -> str:
    while rows.cells(name) > room:
        name = name[:-2].rstrip() + "…"
    return name


def _percent(change: float | str | None) -> str:
    return f"{change:+.2f}%" if isinstance(change, float) else "n/a"


def _rounded(value: float | str | None) -> float | None:
    return round(value, 4) if isinstance(value, int | float) else None
