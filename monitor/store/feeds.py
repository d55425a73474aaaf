"""Feeds: their configuration, what is remembered of each between polls, and the log of polls."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from monitor.models import FailureKind, Feed, FeedState
from monitor.store.codec import Columns, blob_to_digests, items, maybe, moment, span, stamp
from monitor.store.records import Activity, StoredFeed

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor.store.records import Recorded

STATE = Columns.of(
    FeedState,
    item_digests=blob_to_digests,
    quiet_hours=items,
    next_check_at=moment,
    last_checked_at=moment,
    last_success_at=moment,
    last_changed_at=moment,
    failing_since=moment,
    host_wait_until=moment,
    asked_wait=span,
    latency=span,
    failure=FailureKind,
)

_UPSERT = """
    INSERT INTO feeds (url, name, language, tags, interval, enabled, active)
    VALUES (:url, :name, :language, :tags, :interval, :enabled, 1)
    ON CONFLICT (url) DO UPDATE SET
        name = excluded.name, language = excluded.language, tags = excluded.tags, interval = excluded.interval,
        enabled = excluded.enabled, active = 1
"""
_SAVE = STATE.update("feeds", "url")


def sync(connection: sqlite3.Connection, feeds: Sequence[Feed]) -> dict[str, FeedState]:
    """Make `feeds` the configured ones, by url; what is remembered of each."""
    connection.executemany(_UPSERT, [_configuration(feed) for feed in feeds])
    urls = json.dumps([feed.url for feed in feeds])
    connection.execute("UPDATE feeds SET active = 0 WHERE url NOT IN (SELECT value FROM json_each(?))", [urls])
    rows = connection.execute(STATE.select("FROM feeds WHERE active"))
    return {state.url: state for state in map(STATE.model, rows)}


def number(connection: sqlite3.Connection, feed: Feed) -> int:
    """The feed's id; a feed that was never synced is taken in."""
    row = connection.execute("SELECT id FROM feeds WHERE url = ?", [feed.url]).fetchone()
    if row is None:
        connection.execute(_UPSERT, _configuration(feed))
        return number(connection, feed)
    return int(row[0])


def record(
    connection: sqlite3.Connection, feed_id: int, state: FeedState, recorded: Recorded, *, now: datetime
) -> None:
    """Keep the feed's next state, and log the poll that led to it."""
    connection.execute(_SAVE, STATE.row(state))
    outcome = state.failure or ("changed" if _changed(state, recorded) else "unchanged")
    latency = maybe(lambda latency: latency.total_seconds(), state.latency)
    connection.execute(
        "INSERT OR REPLACE INTO polls (feed_id, at, outcome, new, updated, latency) VALUES (?, ?, ?, ?, ?, ?)",
        [feed_id, stamp(now), str(outcome), len(recorded.new), len(recorded.updated), latency],
    )


def rows(connection: sqlite3.Connection) -> Iterable[tuple[Any, ...]]:
    """For `stored`: of all feeds ever configured, those of the settings first, by name."""
    configured = ("name", "language", "tags", "interval", "enabled", "active")
    return connection.execute(STATE.select("FROM feeds ORDER BY active DESC, name, url", *configured))


def stored(row: tuple[Any, ...]) -> StoredFeed:
    name, language, tags, interval, enabled, active, *cells = row
    state = STATE.model(cells)
    feed = Feed(
        url=state.url,
        name=name,
        language=language,
        tags=items(tags),
        interval=maybe(span, interval),
        enabled=bool(enabled),
    )
    return StoredFeed(feed=feed, state=state, active=bool(active))


def activity(connection: sqlite3.Connection, since: datetime) -> dict[str, Activity]:
    """By url, what each feed that was polled has done since then."""
    rows = connection.execute(
        """
        SELECT url, count(*), sum(outcome NOT IN ('changed', 'unchanged')), sum(new), sum(updated),
            avg(polls.latency) FILTER (WHERE outcome IN ('changed', 'unchanged'))
        FROM feeds JOIN polls ON polls.feed_id = feeds.id AND polls.at >= ?
        GROUP BY feeds.id
        """,
        [stamp(since)],
    )
    return {
        url: Activity(polls=polls, failures=failures, new=new, updated=updated, latency=maybe(span, latency))
        for url, polls, failures, new, updated, latency in rows
    }


def _configuration(feed: Feed) -> dict[str, object]:
    """Without the headers, which may hold passwords."""
    return {
        "url": feed.url,
        "name": feed.name,
        "language": feed.language,
        "tags": json.dumps(feed.tags, ensure_ascii=False),
        "interval": maybe(lambda interval: interval.total_seconds(), feed.interval),
        "enabled": feed.enabled,
    }


def _changed(state: FeedState, recorded: Recorded) -> bool:
    changed_now = state.last_changed_at is not None and state.last_changed_at == state.last_checked_at
    return changed_now or bool(recorded.new or recorded.updated)
