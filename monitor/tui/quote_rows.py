"""What the quote board shows of each symbol. Pure: whoever asks brings the picture, the counts and the time."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.models import BaselineRef, Group, Session, Ticker
from monitor.tui import cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.baseline import Baseline
    from monitor.market import Staleness
    from monitor.models import Quote
    from monitor.tui.follow import Picture

SPARK = 7  # cells
DAY = timedelta(days=1)
NIGHT = timedelta(hours=3)
"""A pause in trading after which another day begins; lunch in Hong Kong takes one hour."""

_STEP = timedelta(minutes=5)  # of a course, so that a day of fifty symbols fits into a megabyte


class QuoteRow(Struct, frozen=True, kw_only=True):
    """One symbol. `stale` says why its price must not be taken for the current one.

    `spark` is the course of its day. `shock` is its move as a multiple of the documented one, or in words why there is
    none; None before the baseline was read. It is `rough` where a range is documented. `move` is its move in per cent
    where that is a fresh one of the current trading day, before the baseline was read None. `why_missing` says in words
    why there is no quote.
    """

    symbol: str
    name: str
    quote: Quote | None = None
    stale: Staleness | None = None
    spark: str = ""
    shock: BaselineRef | str | None = None
    rough: bool = False
    move: float | None = None
    headlines_hour: int = 0
    why_missing: str = ""

    @property
    def change(self) -> float | None:
        """Move in per cent from the close that it is measured from, extended hours included."""
        return None if self.quote is None else _finite(self.quote.change_percent)

    @property
    def is_before_open(self) -> bool:
        return self.quote is not None and self.quote.session is Session.PRE

    @property
    def day_change(self) -> float | None:
        """The regular session's move in per cent; None before the open, when the day has none yet."""
        if self.quote is None or self.is_before_open:
            return None
        return _finite(self.quote.change_percent if self.extended is None else self.quote.regular_change_percent)

    @property
    def extended(self) -> float | None:
        """The move in per cent since the last regular price; None outside extended hours."""
        return None if self.quote is None else _finite(self.quote.extended_change_percent)

    @property
    def ratio(self) -> float | None:
        """The move as a multiple of the documented one; a stale price is not compared."""
        return self.shock.ratio if isinstance(self.shock, BaselineRef) and self.stale is None else None


class GroupMoves(Struct, frozen=True):
    """Of `counted` symbols with a fresh move, `down` fell; `median` in per cent, None of none."""

    counted: int
    down: int
    median: float | None


class Courses:
    """The last day of every symbol's prices, of which the sparklines are drawn. Thinned to one price in five minutes.

    Filled once from the stored bars, which the viewer then continues by itself from the quotes that it sees.
    """

    def __init__(self) -> None:
        self._prices: dict[str, dict[int, float]] = {}
        self._drawn: dict[str, str] = {}

    def add(self, symbol: str, closes: Iterable[tuple[datetime, float]]) -> None:
        """Prices and when they were made, in order of time."""
        course = self._prices.setdefault(symbol, {})
        for at, price in closes:
            course[int(at.timestamp()) // int(_STEP.total_seconds())] = price
        if len(course) > DAY // _STEP:  # also of symbols that are never drawn, since a viewer stays open for days
            _last_day(course)
        self._drawn.pop(symbol, None)

    def add_quote(self, quote: Quote) -> None:
        """One that is not newer than what is known changes nothing but its own five minutes."""
        if quote.traded_at is not None:
            self.add(quote.symbol, [(quote.traded_at, quote.price)])

    def spark(self, symbol: str) -> str:
        """The prices since trading last paused for a `NIGHT`, of its last `DAY` at most; what is older is forgotten."""
        if (drawn := self._drawn.get(symbol)) is None:
            drawn = self._drawn[symbol] = cells.spark(_last_day(self._prices.get(symbol) or {}), SPARK)
        return drawn


def _last_day(course: dict[int, float]) -> list[float]:
    """Its prices; those of the days before are taken out of it."""
    steps = sorted(course)
    first = 0
    for place in range(1, len(steps)):
        if (steps[place] - steps[place - 1]) * _STEP >= NIGHT or steps[-1] - steps[first] > DAY // _STEP:
            first = place
    for step in steps[:first]:
        del course[step]
    return [course[step] for step in steps[first:]]


def board_groups(picture: Picture) -> tuple[Group, ...]:
    """The user's groups, each symbol once in a group. Until the settings are read, all quotes in one."""
    if not picture.settings.watchlist:
        found = [Ticker(symbol=symbol, name=quote.name or symbol) for symbol, quote in picture.quotes.items()]
        return (Group(name="Quotes", tickers=tuple(found)),) if found else ()
    return tuple(
        Group(name=group.name, tickers=tuple({ticker.symbol: ticker for ticker in group.tickers}.values()))
        for group in picture.settings.watchlist
    )


def board_symbols(groups: Iterable[Group]) -> list[str]:
    """The symbols of all groups, each once."""
    return list(dict.fromkeys(ticker.symbol for group in groups for ticker in group.tickers))


def quote_rows(
    picture: Picture,
    courses: Courses,
    counts: Mapping[str, int],
    baseline: Baseline | None,
    now: datetime,
    symbols: Iterable[str] | None = None,
) -> dict[str, QuoteRow]:
    """The rows of `symbols`, or of the whole board.

    `counts` are the headlines of the last hour by symbol. Without `baseline` nothing is compared, and New York's
    calendar, which takes its time to load, is not asked for.
    """
    names = {ticker.symbol: ticker.name for group in board_groups(picture) for ticker in group.tickers}
    return {
        symbol: _row(symbol, names.get(symbol, symbol), picture, courses, counts.get(symbol, 0), baseline, now)
        for symbol in (names if symbols is None else symbols)
    }


def group_moves(group: Group, rows: Mapping[str, QuoteRow]) -> GroupMoves:
    moves = [row.move for ticker in group.tickers if (row := rows.get(ticker.symbol)) and row.move is not None]
    return GroupMoves(len(moves), sum(move < 0 for move in moves), median(moves) if moves else None)


def _row(
    symbol: str,
    name: str,
    picture: Picture,
    courses: Courses,
    headlines: int,
    baseline: Baseline | None,
    now: datetime,
) -> QuoteRow:
    quote = picture.quotes.get(symbol)
    if quote is None:
        return QuoteRow(symbol=symbol, name=name, headlines_hour=headlines, why_missing=why_missing(symbol, picture))
    stale = picture.stale.get(symbol)
    shock, rough, move = _today(quote, stale, baseline, now)
    return QuoteRow(
        symbol=symbol,
        name=quote.name or symbol if name == symbol else name,
        quote=quote,
        stale=stale,
        spark=courses.spark(symbol),
        shock=shock,
        rough=rough,
        move=move,
        headlines_hour=headlines,
    )


def why_missing(symbol: str, picture: Picture) -> str:
    """Why there is no quote of it, in words that fit into a row."""
    source = picture.source
    if symbol in source.unknown:
        return "unknown to the source"
    if source.failures:
        return "no quote yet: the source fails"
    return "not asked yet: no collector runs" if picture.alive is False else "not asked yet"


def _today(
    quote: Quote, stale: Staleness | None, baseline: Baseline | None, now: datetime
) -> tuple[BaselineRef | str | None, bool, float | None]:
    """`shock`, `rough` and `move` of a row."""
    if baseline is None:
        return None, False, None
    from monitor.baseline.live import shock_ratio, why_not_today

    shock = shock_ratio(baseline, quote, now)
    rough = isinstance(shock, BaselineRef) and baseline.record(shock.id).value is None
    is_current = stale is None and why_not_today(quote, now) is None
    return shock, rough, _finite(quote.change_percent) if is_current else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
