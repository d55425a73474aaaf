"""Who collects, what the stored rows were made with, and how much is stored, from where to where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.store import files, headlines
from monitor.store.codec import Columns, maybe, moment
from monitor.store.records import CollectorInfo, Counts, Oldest, Position

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from sqlite_utils import Database

INFO = Columns.of(CollectorInfo, started_at=moment, heartbeat_at=moment, replay_starts_at=moment, simulated=bool)

_BEAT = INFO.insert("collector", "INSERT OR REPLACE", "id")


def collector(connection: sqlite3.Connection) -> CollectorInfo | None:
    row = connection.execute(INFO.select("FROM collector")).fetchone()
    return INFO.model(row) if row else None


def beat(connection: sqlite3.Connection, info: CollectorInfo) -> None:
    connection.execute(_BEAT, {"id": 1, **INFO.row(info)})


def fingerprint(connection: sqlite3.Connection, key: str) -> str | None:
    """Of what `key` names in docs/schema.md; None before it was kept."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
    return str(row[0]) if row else None


def keep_fingerprint(db: Database, key: str, value: str) -> None:
    db.table("meta").upsert({"key": key, "value": value}, pk="key")


def newest(connection: sqlite3.Connection) -> Position:
    row = connection.execute("SELECT (SELECT max(id) FROM headlines), (SELECT max(number) FROM alerts)").fetchone()
    return Position(row[0] or 0, row[1] or 0)


def oldest(connection: sqlite3.Connection) -> Oldest:
    row = connection.execute("SELECT (SELECT min(id) FROM headlines), (SELECT min(fired_at) FROM alerts)").fetchone()
    return Oldest(row[0], maybe(moment, row[1]))


def undelivered(connection: sqlite3.Connection) -> int:
    """How many alerts wait for a sink; the index by which a sink finds what waits for it holds only those."""
    (count,) = connection.execute(
        "SELECT count(DISTINCT alert_id) FROM alert_deliveries WHERE delivered_at IS NULL"
    ).fetchone()
    return int(count)


def counts(connection: sqlite3.Connection, path: Path) -> Counts:
    """All but the headlines are counted by a walk over each table's smallest index."""
    row = connection.execute(
        """
        SELECT (SELECT count(*) FROM feeds WHERE active),
            (SELECT count(*) FROM quotes), (SELECT count(*) FROM bars), (SELECT count(*) FROM alerts)
        """
    ).fetchone()
    active, quoted, bars, fired = row
    return Counts(
        headlines=headlines.stored(connection),
        feeds=active,
        quotes=quoted,
        bars=bars,
        alerts=fired,
        undelivered=undelivered(connection),
        bytes=files.size(path),
    )
