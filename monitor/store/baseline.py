"""The baseline: what the documents recorded, as rows, and the market's prices of those days.

The records are a copy of the packaged ones for other tools to read; this program reads its own files. The prices have a
table of their own, because those in `bars` come and go: retention deletes them, and in a replay a chart that ends at
the replayed hour would leave half a day in the place of a whole one.
"""

from __future__ import annotations

from functools import cache, partial
from math import isclose
from typing import TYPE_CHECKING

from monitor.models import Bar
from monitor.store.codec import Columns, cell, moment, stamp
from monitor.store.records import HistoryState

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from monitor.baseline import Baseline
    from monitor.models import Record, When
    from monitor.store.codec import Cell

STATE = Columns.of(HistoryState, asked_at=moment, next_try_at=moment, simulated=bool)
BAR = Columns(
    partial(Bar, source="yahoo"),
    ("symbol", "interval", "at", "open", "high", "low", "close", "volume"),
    {"at": moment},
)

_KEEP = STATE.insert("baseline_history", "INSERT OR REPLACE")
_KEEP_BAR = BAR.insert("baseline_bars", "INSERT OR REPLACE")
_CLOSE = "SELECT close FROM baseline_bars WHERE symbol = ? AND interval = ? AND at = ?"

SAME_PRICE = 1e-3  # of it; a split, or a dividend in shares, changes prices by more


def replace(connection: sqlite3.Connection, baseline: Baseline) -> None:
    """Make the stored records these and no others, in the caller's transaction."""
    connection.execute("DELETE FROM disagreements")  # with disagreement_events
    connection.execute("DELETE FROM events")  # with event_sources
    records, disputed = baseline.records, baseline.disagreements
    _insert(connection, "events", [_event(record, position) for position, record in enumerate(records, start=1)])
    _insert(connection, "event_sources", [row for record in records for row in _sources(record)])
    _insert(
        connection,
        "disagreements",
        [{"id": each.id, "note_en": each.note.en, "note_ko": each.note.ko} for each in disputed],
    )
    _insert(
        connection,
        "disagreement_events",
        [{"disagreement_id": each.id, "event_id": record} for each in disputed for record in each.records],
    )


def history(connection: sqlite3.Connection) -> dict[str, HistoryState]:
    """By symbol, for each that was ever asked for."""
    rows = connection.execute(STATE.select("FROM baseline_history ORDER BY symbol"))
    return {state.symbol: state for state in map(STATE.model, rows)}


def record_history(connection: sqlite3.Connection, state: HistoryState, bars: Sequence[Bar]) -> None:
    """Keep the symbol's state and the bars that came, in the caller's transaction (see Writer)."""
    if _another_world(connection, state) or _told_anew(connection, bars):
        connection.execute("DELETE FROM baseline_bars WHERE symbol = ?", [state.symbol])
    connection.execute(_KEEP, STATE.row(state))
    connection.executemany(_KEEP_BAR, [BAR.row(bar) for bar in bars])


def bars(connection: sqlite3.Connection, symbol: str | None = None) -> dict[str, tuple[list[Bar], list[Bar]]]:
    """Daily and hourly bars in order of time, by symbol."""
    chosen, cells = ("", []) if symbol is None else ("WHERE symbol = ?", [symbol])
    rows = connection.execute(BAR.select(f"FROM baseline_bars {chosen} ORDER BY symbol, at"), cells)
    found: dict[str, tuple[list[Bar], list[Bar]]] = {}
    for bar in map(BAR.model, rows):
        daily, hourly = found.setdefault(bar.symbol, ([], []))
        (hourly if bar.interval == "1h" else daily).append(bar)
    return found


def _another_world(connection: sqlite3.Connection, state: HistoryState) -> bool:
    """Whether what is stored is of the demo and this is not, or the other way round."""
    row = connection.execute("SELECT simulated FROM baseline_history WHERE symbol = ?", [state.symbol]).fetchone()
    return row is not None and bool(row[0]) != state.simulated


@cache
def _when() -> Columns[When]:
    from monitor.models import When  # not at the top: the records are written once, and their models cost 8 ms a start

    return Columns.of(When)


def _told_anew(connection: sqlite3.Connection, bars: Sequence[Bar]) -> bool:
    """Whether any of the bars is known with another price."""
    for bar in bars:
        row = connection.execute(_CLOSE, [bar.symbol, bar.interval, stamp(bar.at)]).fetchone()
        if row is not None and not isclose(row[0], bar.close, rel_tol=SAME_PRICE):
            return True
    return False


def _insert(connection: sqlite3.Connection, table: str, rows: Sequence[dict[str, Cell]]) -> None:
    if rows:
        names = ", ".join(rows[0])
        marks = ", ".join(f":{name}" for name in rows[0])
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)  # noqa: S608 (our names)


def _event(record: Record, position: int) -> dict[str, Cell]:
    return {
        "id": record.id,
        "position": position,
        "kind": cell(record.kind),
        "subject": record.subject,
        "symbol": record.symbol,
        **(_when().row(record.when) if record.when else dict.fromkeys(_when().names)),
        "session": cell(record.session),
        "value": record.value,
        "low": record.low,
        "high": record.high,
        "unit": record.unit,
        "qualifier": cell(record.qualifier),
        "summary_en": record.summary.en,
        "summary_ko": record.summary.ko,
    }


def _sources(record: Record) -> Iterator[dict[str, Cell]]:
    for position, source in enumerate(record.sources, start=1):
        document = source.document
        yield {
            "event_id": record.id,
            "position": position,
            "document": document.file,
            "author": document.author,
            "outlet": document.outlet,
            "date": cell(document.date),
            "kind": cell(document.kind),
            "quotes": source.quotes,
            "line": source.line,
            "as_read": source.as_read,
            "correction": source.correction,
        }
