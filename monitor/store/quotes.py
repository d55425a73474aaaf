"""Quotes, the bars built from them, and the state of their source."""

from __future__ import annotations

import json
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from monitor.models import Bar, FailureKind, Quote, QuoteSourceState, Session
from monitor.store.codec import Columns, items, moment, span, stamp, whole_ms

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

QUOTE = Columns.of(
    Quote, traded_at=moment, session=Session, fetched_at=moment, regular_at=moment, extended_at=moment, delay=span
)
BAR = Columns.of(Bar, at=moment)
SOURCE = Columns.of(
    QuoteSourceState,
    next_check_at=moment,
    last_checked_at=moment,
    last_success_at=moment,
    failing_since=moment,
    failure=FailureKind,
    latency=span,
    unknown=items,
)
_KEEP_SOURCE = SOURCE.insert("quote_source", "INSERT OR REPLACE", "id")

AHEAD = timedelta(minutes=2)  # how far an exchange's clock may be ahead of ours
# What was traded between two answers further apart than this cannot be said to belong to one minute.
SAME_MINUTE = timedelta(seconds=90)

_KEEP = QUOTE.insert("quotes", "INSERT OR REPLACE")
_KEEP_BAR = BAR.insert("bars", "INSERT OR REPLACE")
_SAMPLE = f"""
    {BAR.insert("bars")} ON CONFLICT (symbol, interval, source, at) DO UPDATE SET
        high = max(high, excluded.high), low = min(low, excluded.low), close = excluded.close,
        volume = volume + excluded.volume, samples = samples + 1
"""


def record(connection: sqlite3.Connection, quotes: Sequence[Quote], *, now: datetime) -> tuple[Quote, ...]:
    """Keep the latest of each symbol and add what was traded since to its one-minute bar; the quotes as they stand now.

    A stored trade time that lies in the future was a mistake, and must not keep out every true one until then.
    """
    known = latest(connection, [quote.symbol for quote in quotes])
    kept = []
    samples = []
    for quote in map(_as_stored, quotes):
        before = known.get(quote.symbol)
        if before is not None and before.traded_at is not None and before.traded_at > now + AHEAD:
            before = replace(before, traded_at=None)
        if (bar := sample(before, quote)) is not None:
            samples.append(BAR.row(bar))
        known[quote.symbol] = merged(before, quote)
        kept.append(known[quote.symbol])
    connection.executemany(_KEEP, [QUOTE.row(quote) for quote in kept])
    connection.executemany(_SAMPLE, samples)
    return tuple(kept)


def merged(known: Quote | None, quote: Quote) -> Quote:
    """What is known once `quote` was fetched. Pure.

    An older trade never replaces a newer one, nor a price without a time one with a time: such an answer comes from a
    mirror that lags, or from a market that is in its next session and has not traded yet. In the same session it only
    proves that the source answered. In another one it tells that session, and what the move is measured from, so all
    but the price is taken.
    """
    if known is None or known.traded_at is None:
        return quote
    if quote.traded_at is not None and quote.traded_at >= known.traded_at:
        return quote
    if quote.session == known.session:
        return replace(known, fetched_at=quote.fetched_at)
    return replace(
        quote,
        price=known.price,
        traded_at=known.traded_at,
        extended_price=known.extended_price,
        extended_at=known.extended_at,
    )


def sample(known: Quote | None, quote: Quote) -> Bar | None:
    """The trade that `quote` tells of, as a bar of the minute it was made in; None when it is not a new one. Pure.

    The minute is the trade's and never the poll's. `volume` is what the day's volume grew by since the poll before. It
    is unknown when that poll was too long ago, when the day (in UTC) is another, and when the day's volume shrank.
    """
    if quote.traded_at is None:
        return None
    if known is not None and known.traded_at is not None and quote.traded_at <= known.traded_at:
        return None
    return Bar(
        symbol=quote.symbol,
        interval="1m",
        at=quote.traded_at.replace(second=0, microsecond=0),
        open=quote.price,
        high=quote.price,
        low=quote.price,
        close=quote.price,
        volume=_traded(known, quote),
        source="polled",
        samples=1,
    )


def latest(connection: sqlite3.Connection, symbols: Iterable[str] | None = None) -> dict[str, Quote]:
    """The last good quote of each symbol, or of those asked for."""
    return {quote.symbol: quote for quote in map(QUOTE.model, rows(connection, symbols))}


def rows(connection: sqlite3.Connection, symbols: Iterable[str] | None = None) -> Iterable[tuple[Any, ...]]:
    """The same, for `QUOTE.model`."""
    chosen = "" if symbols is None else "WHERE symbol IN (SELECT value FROM json_each(?))"
    cells = [] if symbols is None else [json.dumps(list(symbols))]
    return connection.execute(QUOTE.select(f"FROM quotes {chosen} ORDER BY symbol"), cells)


def keep_bars(connection: sqlite3.Connection, bars: Sequence[Bar]) -> None:
    """Keep bars as they are; one that is known already is replaced."""
    connection.executemany(_KEEP_BAR, [BAR.row(bar) for bar in bars])


def bars(
    connection: sqlite3.Connection,
    symbol: str,
    *,
    interval: str,
    source: str,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Bar]:
    """Bars with `since` <= at < `until`, in order of time."""
    rows = connection.execute(
        BAR.select("FROM bars WHERE symbol = ? AND interval = ? AND source = ? AND at >= ? AND at < ? ORDER BY at"),
        [symbol, interval, source, stamp(since) if since else "", stamp(until) if until else "~"],
    )
    return [BAR.model(row) for row in rows]


def recent_bars(connection: sqlite3.Connection, symbols: Iterable[str], since: datetime) -> dict[str, list[Bar]]:
    """The polled one-minute bars from `since` on, by symbol, in order of time."""
    found: dict[str, list[Bar]] = {symbol: [] for symbol in symbols}
    rows = connection.execute(
        BAR.select(
            """
            FROM json_each(?) AS chosen CROSS JOIN bars ON symbol = chosen.value
            WHERE interval = '1m' AND source = 'polled' AND at >= ? ORDER BY symbol, at
            """
        ),
        [json.dumps(list(found)), stamp(since)],
    )
    for bar in map(BAR.model, rows):
        found[bar.symbol].append(bar)
    return found


def recent_closes(
    connection: sqlite3.Connection, symbols: Iterable[str], since: datetime
) -> dict[str, list[tuple[datetime, float]]]:
    """When each polled one-minute bar from `since` on began and its close, by symbol, in order of time."""
    found: dict[str, list[tuple[datetime, float]]] = {symbol: [] for symbol in symbols}
    rows = connection.execute(
        """
        SELECT symbol, at, close FROM json_each(?) AS chosen CROSS JOIN bars ON symbol = chosen.value
        WHERE interval = '1m' AND source = 'polled' AND at >= ? ORDER BY symbol, at
        """,
        [json.dumps(list(found)), stamp(since)],
    )
    for symbol, at, close in rows:
        found[symbol].append((moment(at), close))
    return found


def series(connection: sqlite3.Connection) -> Iterator[tuple[str, str, str]]:
    """The (symbol, interval, source) there are bars of. One look into the key for each, however many bars."""
    found: tuple[str, str, str] | None = ("", "", "")
    while found is not None:
        found = connection.execute(
            """
            SELECT symbol, interval, source FROM bars WHERE (symbol, interval, source) > (?, ?, ?)
            ORDER BY symbol, interval, source LIMIT 1
            """,
            found,
        ).fetchone()
        if found is not None:
            yield found


def delete_bars(connection: sqlite3.Connection, of: tuple[str, str, str], before: datetime, *, batch: int) -> int:
    """Delete at most `batch` bars of one series that began before then; how many."""
    return connection.execute(
        """
        DELETE FROM bars WHERE (symbol, interval, source, at) IN (
            SELECT symbol, interval, source, at FROM bars
            WHERE symbol = ? AND interval = ? AND source = ? AND at < ? ORDER BY at LIMIT ?
        )
        """,
        [*of, stamp(before), batch],
    ).rowcount


def source(connection: sqlite3.Connection) -> QuoteSourceState:
    row = connection.execute(SOURCE.select("FROM quote_source")).fetchone()
    return SOURCE.model(row) if row else QuoteSourceState()


def keep_source(connection: sqlite3.Connection, state: QuoteSourceState) -> None:
    connection.execute(_KEEP_SOURCE, {"id": 1, **SOURCE.row(state)})


def _as_stored(quote: Quote) -> Quote:
    """A trade time finer than milliseconds would look newer than itself once stored."""
    if quote.traded_at is None or quote.traded_at.microsecond % 1000 == 0:
        return quote
    return replace(quote, traded_at=whole_ms(quote.traded_at))


def _traded(known: Quote | None, quote: Quote) -> int | None:
    if known is None or known.traded_at is None or quote.traded_at is None:
        return None
    if known.volume is None or quote.volume is None or quote.volume < known.volume:
        return None
    one_day = known.traded_at.astimezone(UTC).date() == quote.traded_at.astimezone(UTC).date()
    in_time = quote.fetched_at - known.fetched_at <= SAME_MINUTE
    return quote.volume - known.volume if one_day and in_time else None
