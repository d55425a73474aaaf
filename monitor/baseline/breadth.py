"""How many of the watchlist are down, and by how much, now and on 27 January 2025."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.baseline.live import why_not_today
from monitor.baseline.reference import ON_THE_DAY, phase, reference
from monitor.models import Group, Quote, Record

if TYPE_CHECKING:
    from monitor.baseline.load import Baseline


class Tally(Struct, frozen=True):
    """Of `counted` moves, `down` are falls; `median` in per cent, None of none."""

    counted: int
    down: int
    median: float | None


class Breadth(Struct, frozen=True, kw_only=True):
    """One group of the watchlist, or all of it (`group` None), each symbol once.

    `now` counts the fresh quotes of New York's current trading day. Left out of it are `stale` quotes and `idle` ones,
    whose move is an earlier day's. `then` counts those of the `symbols` whose move was documented of this part of the
    day, and `compared` says which moves those are.
    """

    group: str | None
    symbols: int
    now: Tally
    stale: int
    idle: int
    then: Tally
    compared: str


def breadth(
    groups: Iterable[Group], quotes: Mapping[str, Quote], stale: Collection[str], baseline: Baseline, now: datetime
) -> tuple[Breadth, ...]:
    """Each group in its order, then the whole watchlist. `stale` names the symbols whose quotes must not be used."""
    named = [(group.name, list(dict.fromkeys(ticker.symbol for ticker in group.tickers))) for group in groups]
    everything = list(dict.fromkeys(symbol for _, symbols in named for symbol in symbols))
    return tuple(_of(name, symbols, quotes, stale, baseline, now) for name, symbols in [*named, (None, everything)])


def _of(
    name: str | None,
    symbols: Sequence[str],
    quotes: Mapping[str, Quote],
    stale: Collection[str],
    baseline: Baseline,
    now: datetime,
) -> Breadth:
    known = [quotes[symbol] for symbol in symbols if symbol in quotes]
    fresh = [quote for quote in known if quote.symbol not in stale]
    current = [quote for quote in fresh if why_not_today(quote, now) is None]
    documented = [record for symbol in symbols if isinstance(record := reference(baseline, symbol, now), Record)]
    return Breadth(
        group=name,
        symbols=len(symbols),
        now=_tally(quote.change_percent for quote in current),
        stale=len(known) - len(fresh),
        idle=len(fresh) - len(current),
        then=_tally(record.figure for record in documented),
        compared=_compared(documented),
    )


def _tally(changes: Iterable[float | None]) -> Tally:
    known = [change for change in changes if change is not None and math.isfinite(change)]
    return Tally(len(known), sum(change < 0 for change in known), median(known) if known else None)


def _compared(records: Sequence[Record]) -> str:
    """`at the close on 27 January 2025`, with how many of each where they are not all of one kind."""
    if not records:
        return "no move documented of this part of the day"
    return f"{' and '.join(_named(Counter(map(phase, records))))} on {ON_THE_DAY}"


def _named(counts: Counter[str]) -> Iterator[str]:
    for words, count in counts.items():
        yield words if len(counts) == 1 else f"{words} ({count})"
