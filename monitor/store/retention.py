"""Deletes what is older than the settings keep it, a little at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.store import alerts, headlines, quotes
from monitor.store.codec import stamp

if TYPE_CHECKING:
    import sqlite3

    from monitor.config import StoreSettings

# What one pass does at most, so that it takes some 50 ms. A headline costs 100 µs with its index entries, a bar 2 µs.
HEADLINES = 200
ROWS = 2000
MERGED_PAGES = 200  # of the text index
PAGES = 500  # given back to the disk
TOMBSTONES_KEPT = timedelta(days=365)  # after the feed last carried what was deleted


def prune(connection: sqlite3.Connection, settings: StoreSettings, now: datetime) -> dict[str, int]:
    """One pass, in the caller's transaction; how many rows were deleted, by table, where there were any."""
    keep = settings.keep
    deleted = {
        "headlines": headlines.delete_older(connection, _ago(keep.headlines, now), now=now, batch=HEADLINES),
        "headline_tombstones": headlines.delete_tombstones(connection, _ago(TOMBSTONES_KEPT, now), batch=ROWS),
        "polls": _prune_polls(connection, _ago(keep.polls, now)),
        "bars": _prune_bars(connection, minutes=_ago(keep.bars, now), longer=_ago(keep.history, now)),
        "alerts": alerts.delete_older(connection, _ago(keep.alerts, now), batch=HEADLINES),
    }
    if deleted["headlines"]:
        # FTS5 only marks what is deleted; merging takes it out, and below zero it merges also what is large and old.
        connection.execute("INSERT INTO headlines_fts (headlines_fts, rank) VALUES ('merge', ?)", [-MERGED_PAGES])
    return {table: count for table, count in deleted.items() if count}


def _ago(kept: timedelta, now: datetime) -> datetime:
    """Further back than there is a calendar for means for ever."""
    try:
        return now - kept
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _prune_polls(connection: sqlite3.Connection, before: datetime) -> int:
    left = ROWS
    for (feed_id,) in connection.execute("SELECT id FROM feeds").fetchall():
        left -= connection.execute(
            """
            DELETE FROM polls WHERE feed_id = :feed_id AND at IN (
                SELECT at FROM polls WHERE feed_id = :feed_id AND at < :before ORDER BY at LIMIT :left
            )
            """,
            {"feed_id": feed_id, "before": stamp(before), "left": left},
        ).rowcount
    return ROWS - left


def _prune_bars(connection: sqlite3.Connection, *, minutes: datetime, longer: datetime) -> int:
    left = ROWS
    for series in list(quotes.series(connection)):
        before = minutes if series[1] == "1m" else longer
        left -= quotes.delete_bars(connection, series, before, batch=left)
    return ROWS - left
