"""Headlines and what they mention: taken in from polls, matched anew, deleted for good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from monitor.models import Headline, Mention
from monitor.store.codec import maybe, moment, stamp
from monitor.store.records import Recorded
from monitor.text import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from monitor.models import Entry, Feed

END = 2**63 - 1  # above every id


class _Row(NamedTuple):
    """A headline's own cells."""

    key: str
    title: str
    folded: str
    link: str | None
    story_url: str | None
    summary: str
    author: str | None
    language: str
    published_at: str | None
    updated_at: str | None
    first_seen_at: str
    sort_at: str


_Taken = tuple[int, _Row, "tuple[Mention, ...]"]  # a headline's id, its cells and what it mentions

_ROW = ", ".join(_Row._fields)
_ROW_OF_FOUND = ", ".join(f"found.{name}" for name in _Row._fields)
_MARKS = ", ".join("?" * (len(_Row._fields) + 1))
_LAST_ID = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'headlines'), 0)"
_KNOWN = f"SELECT id, {_ROW} FROM headlines WHERE feed_id = ? AND key IN (SELECT value FROM json_each(?))"  # noqa: S608
_INSERT = f"INSERT INTO headlines (id, feed_id, {_ROW}) VALUES (?, {_MARKS})"  # noqa: S608
_REVISE = f"UPDATE headlines SET ({_ROW}, revised_at) = ({_MARKS}) WHERE id = ?"  # noqa: S608
# The text index is written here, all of a poll at once, and not by triggers: a trigger runs in a savepoint of its own,
# for which FTS5 writes out what it has gathered. That costs 400 µs a headline instead of 25. What follows the title is
# as in the view headlines_indexed: with it each character of the title is the first of a trigram.
_INDEX = "INSERT INTO headlines_fts (rowid, folded) VALUES (?, ? || char(10) || char(10))"
_FORGET_INDEX = (
    "INSERT INTO headlines_fts (headlines_fts, rowid, folded) VALUES ('delete', ?, ? || char(10) || char(10))"
)
_MENTION = """
    INSERT INTO mentions (headline_id, kind, name, field, start, stop, sort_at) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""
_FORGET_MENTIONS = "DELETE FROM mentions WHERE headline_id = ?"


def record(
    connection: sqlite3.Connection,
    feed: Feed,
    feed_id: int,
    entries: Sequence[tuple[Entry, tuple[Mention, ...]]],
    *,
    now: datetime,
) -> Recorded:
    """Take in what a poll of `feed` brought, the document's last entry first, so that its first gets the highest id.

    Of two entries with one key the first counts.
    """
    once = {entry.key: (entry, mentions) for entry, mentions in reversed(entries)}
    if not once:
        return Recorded()
    at = stamp(now)
    keys = json.dumps(list(once))
    known = {row[1]: (row[0], _Row(*row[1:])) for row in connection.execute(_KNOWN, [feed_id, keys])}
    deleted = _deleted(connection, feed_id, keys, at)
    (last,) = connection.execute(_LAST_ID).fetchone()
    new: list[_Taken] = []
    updated: list[_Taken] = []
    no_longer_indexed: list[tuple[int, str]] = []
    for entry, mentions in once.values():
        if entry.key in deleted:
            continue
        number, before = known.get(entry.key, (last + len(new) + 1, None))
        row = _next_row(feed, entry, before, at)
        if before is None:
            new.append((number, row, mentions))
        elif row != before:
            updated.append((number, row, mentions))
            if row.folded != before.folded:
                no_longer_indexed.append((number, before.folded))
    _insert(connection, feed_id, new)
    _revise(connection, updated, no_longer_indexed, at)
    return Recorded(_headlines(feed, new), _headlines(feed, updated))


def by_id(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Headline]:
    """The headlines with these ids, in this order; those that are gone are left out."""
    chosen = json.dumps(ids)
    rows = connection.execute(
        f"""
        SELECT found.id, feeds.url, feeds.name, {_ROW_OF_FOUND}
        FROM json_each(?) AS chosen CROSS JOIN headlines AS found ON found.id = chosen.value
        JOIN feeds ON feeds.id = found.feed_id ORDER BY chosen.key
        """,  # noqa: S608 (names of columns)
        [chosen],
    ).fetchall()
    mentions = _mentions(connection, chosen)
    return [_headline(number, url, name, _Row(*cells), mentions.get(number, ())) for number, url, name, *cells in rows]


def after(connection: sqlite3.Connection, number: int, limit: int) -> list[Headline]:
    """The headlines that arrived after the one with this id, in order of arrival."""
    rows = connection.execute("SELECT id FROM headlines WHERE id > ? ORDER BY id LIMIT ?", [number, limit])
    return by_id(connection, [number for (number,) in rows])


def same_story(connection: sqlite3.Connection, headline: Headline, within: timedelta, at_most: int) -> list[int]:
    """Ids of the other headlines with its address, newest first, among the `at_most` before and after it by time."""
    here = [stamp(headline.sort_at), headline.id]
    rows = connection.execute(
        """
        SELECT id FROM (
            SELECT * FROM (
                SELECT id, sort_at, story_url FROM headlines WHERE (sort_at, id) > (?, ?) AND sort_at <= ?
                ORDER BY sort_at, id LIMIT ?
            ) UNION ALL SELECT * FROM (
                SELECT id, sort_at, story_url FROM headlines WHERE (sort_at, id) < (?, ?) AND sort_at >= ?
                ORDER BY sort_at DESC, id DESC LIMIT ?
            )
        ) WHERE story_url = ? ORDER BY sort_at DESC, id DESC
        """,
        [
            *(*here, stamp(headline.sort_at + within), at_most),
            *(*here, stamp(headline.sort_at - within), at_most),
            headline.story_url,
        ],
    )
    return [number for (number,) in rows]


def stored(connection: sqlite3.Connection) -> int:
    """How many there are: ids are given one after the other, and those that retention deleted are counted."""
    (count,) = connection.execute(
        """
        SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'headlines'), 0)
            - (SELECT value FROM meta WHERE key = 'deleted')
        """
    ).fetchone()
    return int(count)


def counts_by_ticker(
    connection: sqlite3.Connection, symbols: Iterable[str], since: datetime, at_most: int
) -> dict[str, int]:
    """By symbol, how many headlines since then mention it; counting ends at `at_most`, and with it what it costs."""
    rows = connection.execute(
        """
        SELECT value, (
            SELECT count(*) FROM (
                SELECT DISTINCT headline_id FROM mentions
                WHERE kind = 'ticker' AND name = chosen.value AND sort_at >= ? LIMIT ?
            )
        ) FROM json_each(?) AS chosen
        """,
        [stamp(since), at_most, json.dumps(list(symbols))],
    )
    return dict(rows.fetchall())


def rematch(
    connection: sqlite3.Connection, match: Callable[[str, str], tuple[Mention, ...]], below: int, batch: int
) -> tuple[int, int | None]:
    """Match the `batch` headlines that arrived last before id `below` anew.

    How many of them changed, and the next `below`, None at the end.
    """
    rows = connection.execute(
        "SELECT id, title, summary, sort_at FROM headlines WHERE id < ? ORDER BY id DESC LIMIT ?", [below, batch]
    ).fetchall()
    stored = _mentions(connection, json.dumps([number for number, *_ in rows]))
    changed = []
    for number, title, summary, sort_at in rows:
        mentions = match(title, summary)
        if set(mentions) != set(stored.get(number, ())):
            changed.append((number, sort_at, mentions))
    connection.executemany(_FORGET_MENTIONS, [[number] for number, *_ in changed])
    connection.executemany(_MENTION, _mention_rows(changed))
    return len(changed), rows[-1][0] if len(rows) == batch else None


def delete_older(connection: sqlite3.Connection, before: datetime, *, now: datetime, batch: int) -> int:
    """Delete at most `batch` headlines that count as published before then, leaving a tombstone for each; how many."""
    old = connection.execute(
        "SELECT id, folded FROM headlines WHERE sort_at < ? ORDER BY sort_at LIMIT ?", [stamp(before), batch]
    ).fetchall()
    chosen = json.dumps([number for number, _ in old])
    connection.execute(
        """
        INSERT OR REPLACE INTO headline_tombstones (feed_id, key, carried_at)
        SELECT feed_id, key, ? FROM headlines WHERE id IN (SELECT value FROM json_each(?))
        """,
        [stamp(now), chosen],
    )
    connection.executemany(_FORGET_INDEX, old)
    connection.execute("DELETE FROM headlines WHERE id IN (SELECT value FROM json_each(?))", [chosen])
    connection.execute("UPDATE meta SET value = value + ? WHERE key = 'deleted'", [len(old)])
    return len(old)


def delete_tombstones(connection: sqlite3.Connection, before: datetime, *, batch: int) -> int:
    """Forget at most `batch` deleted headlines that no poll has carried since then; how many."""
    old = connection.execute(
        "SELECT feed_id, key FROM headline_tombstones WHERE carried_at < ? LIMIT ?", [stamp(before), batch]
    ).fetchall()
    connection.executemany("DELETE FROM headline_tombstones WHERE feed_id = ? AND key = ?", old)
    return len(old)


def _next_row(feed: Feed, entry: Entry, before: _Row | None, now: str) -> _Row:
    """What is to be stored of `entry`. A document that has lost a date does not take it from us. Pure."""
    from monitor.links import canonical  # nobody who only reads needs it

    published_at = maybe(stamp, entry.published_at) or (before and before.published_at)
    first_seen_at = before.first_seen_at if before else now
    return _Row(
        key=entry.key,
        title=entry.title,
        folded=before.folded if before and before.title == entry.title else fold(entry.title).text,
        link=entry.link,
        story_url=before.story_url if before and before.link == entry.link else maybe(canonical, entry.link),
        summary=entry.summary,
        author=entry.author,
        language=before.language if before else feed.language,
        published_at=published_at,
        updated_at=maybe(stamp, entry.updated_at) or (before and before.updated_at),
        first_seen_at=first_seen_at,
        sort_at=min(published_at or first_seen_at, first_seen_at),
    )


def _insert(connection: sqlite3.Connection, feed_id: int, new: Sequence[_Taken]) -> None:
    connection.executemany(_INSERT, [(number, feed_id, *row) for number, row, _ in new])
    connection.executemany(_INDEX, [(number, row.folded) for number, row, _ in new])
    connection.executemany(_MENTION, _mention_rows((number, row.sort_at, found) for number, row, found in new))


def _revise(
    connection: sqlite3.Connection, updated: Sequence[_Taken], no_longer_indexed: Sequence[tuple[int, str]], at: str
) -> None:
    if not updated:
        return
    retitled = {number for number, _ in no_longer_indexed}
    connection.executemany(_REVISE, [(*row, at, number) for number, row, _ in updated])
    connection.executemany(_FORGET_INDEX, no_longer_indexed)
    connection.executemany(_INDEX, [(number, row.folded) for number, row, _ in updated if number in retitled])
    connection.executemany(_FORGET_MENTIONS, [(number,) for number, _, _ in updated])
    connection.executemany(_MENTION, _mention_rows((number, row.sort_at, found) for number, row, found in updated))


def _deleted(connection: sqlite3.Connection, feed_id: int, keys: str, at: str) -> frozenset[str]:
    """Those of `keys` that were deleted. The feed still carries them, so they stay deleted for longer."""
    rows = connection.execute(
        """
        UPDATE headline_tombstones SET carried_at = ?
        WHERE feed_id = ? AND key IN (SELECT value FROM json_each(?)) RETURNING key
        """,
        [at, feed_id, keys],
    )
    return frozenset(key for (key,) in rows)


def _mention_rows(found: Iterable[tuple[int, str, tuple[Mention, ...]]]) -> list[tuple[object, ...]]:
    """`sort_at` stands beside each mention so that the newest headlines of a topic are one look into one index."""
    return [(number, m.kind, m.name, m.field, m.start, m.end, sort_at) for number, sort_at, ms in found for m in ms]


def _mentions(connection: sqlite3.Connection, chosen: str) -> dict[int, list[Mention]]:
    """By headline, in the matcher's order: title first, by start."""
    found: dict[int, list[Mention]] = {}
    for number, kind, name, field, start, stop in connection.execute(
        """
        SELECT headline_id, kind, name, field, start, stop FROM mentions
        WHERE headline_id IN (SELECT value FROM json_each(?)) ORDER BY headline_id, field DESC, start
        """,
        [chosen],
    ):
        found.setdefault(number, []).append(Mention(kind=kind, name=name, field=field, start=start, end=stop))
    return found


def _headlines(feed: Feed, taken: Sequence[_Taken]) -> tuple[Headline, ...]:
    return tuple(_headline(number, feed.url, feed.name, row, mentions) for number, row, mentions in taken)


def _headline(number: int, url: str, name: str, row: _Row, mentions: Sequence[Mention]) -> Headline:
    return Headline(
        id=number,
        feed_url=url,
        feed_name=name,
        key=row.key,
        title=row.title,
        link=row.link,
        story_url=row.story_url,
        summary=row.summary,
        author=row.author,
        language=row.language,
        published_at=maybe(moment, row.published_at),
        updated_at=maybe(moment, row.updated_at),
        first_seen_at=moment(row.first_seen_at),
        sort_at=moment(row.sort_at),
        mentions=tuple(mentions),
    )
