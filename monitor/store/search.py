"""Which headlines a filter means: newest first, at a cost that follows from what is asked for, not from what is stored.

Text is looked for in `folded`, the title under NFKC and case folding. Words of three characters and more are phrases
of the trigram index; shorter ones are a range of its terms, because every character of a title begins a trigram. But
the index gives matches by arrival, so to put them in order all of them are needed. Up to `FEW` that is quick. A word
with more is so common that walking the headlines by time, whose index holds `folded` and the language as well (0.2 µs a
headline), soon finds a page of them; unless what else is wanted is rare among them. That cannot be known before, so a
walk may be told how far to look, and goes on from there the next time (`page`). What few have is found whole the first
time, so that whoever goes on has no need of the text index.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor.store.codec import moment, stamp
from monitor.store.records import Page
from monitor.text import fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from monitor.store.codec import Cell
    from monitor.store.records import HeadlineFilter

FEW = 2000
LONGEST_TEXT = 200  # characters of a search that are looked at
DEARER = 4  # times, to look at a headline that is known from a mention instead of from the index by time
_OF_PHRASES = "SELECT rowid FROM headlines_fts WHERE headlines_fts MATCH ? LIMIT ?"
_OF_TERMS = "SELECT DISTINCT doc FROM headlines_terms WHERE term BETWEEN ? AND ? LIMIT ?"
_LAST = "\U0010ffff"  # after every character that can be in folded text
_ALSO_MENTIONS = (
    "EXISTS (SELECT 1 FROM mentions AS other WHERE other.kind = ? AND other.name = ? "
    "AND other.sort_at = mentions.sort_at AND other.headline_id = mentions.headline_id)"
)
_AMONG = {
    "headlines": "headlines.id IN (SELECT value FROM json_each(?))",
    "mentions": "mentions.headline_id IN (SELECT value FROM json_each(?))",
}
_WORD = re.compile(r'"([^"]*)(?:"|$)|([^\s"]+)')


def words(text: str) -> tuple[str, ...]:
    """What has to be in a title, folded: the words of `text`, "quoted ones" kept together with their spaces."""
    found = (fold(quoted or plain).text for quoted, plain in _WORD.findall(text[:LONGEST_TEXT]))
    return tuple(dict.fromkeys(word for word in found if word.strip()))


class _Query(Struct):
    """A SELECT in the making. `source` and `order` decide which index is walked."""

    source: str = "headlines"
    order: tuple[str, str] = ("headlines.sort_at", "headlines.id")
    group: str = ""
    conditions: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def where(self, condition: str, *cells: Cell) -> None:
        self.conditions.append(condition)
        self.cells.extend(cells)

    def rows(self, connection: sqlite3.Connection, limit: int, skipped: int = 0) -> list[tuple[str, int]]:
        """(sort_at, id), the newest first."""
        at, number = self.order
        conditions = " AND ".join(self.conditions) or "true"
        return connection.execute(
            f"SELECT {at}, {number} FROM {self.source} WHERE {conditions} {self.group} "  # noqa: S608 (constants)
            f"ORDER BY {at} DESC, {number} DESC LIMIT ? OFFSET ?",
            [*self.cells, limit, skipped],
        ).fetchall()


def page(connection: sqlite3.Connection, wanted: HeadlineFilter, *, look: int | None = None) -> Page:
    """Ids of the headlines that `wanted` lets through, newest first by (sort_at, id).

    A walk ends after `look` of what it walks (headlines, or what mentions the topic or ticker), None: never. With
    `look`, what few have comes whole and not only `wanted.limit` of it, and what comes `before` something is walked.
    """
    query, searched, limit = _Query(), words(wanted.text), wanted.limit
    few: list[int] | None = None
    if look is None or wanted.before is None:
        few, searched = _looked_up(connection, searched)
    names = [(kind, name) for kind, name in (("ticker", wanted.ticker), ("topic", wanted.topic)) if name is not None]
    if names:
        _mentioned(query, *names.pop(0), by_time=few is None)
    _published(query, wanted)
    end: tuple[str, int] | None = None
    if few is not None:
        query.where(_AMONG[query.source], json.dumps(few))
        limit = limit if look is None else FEW + 1
    elif look is not None and (end := _end(query, connection, look)) is not None:
        query.where(f"({', '.join(query.order)}) >= (?, ?)", *end)
    _restrict(query, connection, wanted, names, searched)
    found = query.rows(connection, limit)
    before = found[-1] if found and len(found) == limit else end
    return Page([number for _, number in found], before and (moment(before[0]), before[1]))


def _looked_up(connection: sqlite3.Connection, searched: tuple[str, ...]) -> tuple[list[int] | None, tuple[str, ...]]:
    """Ids of the headlines that have those of the words that few have, and the other words, still to be looked for.

    None: each of the words is in more than `FEW`, or there is no word.
    """
    long = tuple(word for word in searched if len(word) >= 3)
    looks: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
        (_OF_TERMS, (word, word + _LAST), (word,)) for word in searched if len(word) < 3
    ]
    if long:
        phrases = " ".join('"' + word.replace('"', '""') + '"' for word in long)
        looks.insert(0, (_OF_PHRASES, (phrases,), long))
    for select, cells, found_by in looks:
        found = [number for (number,) in connection.execute(select, [*cells, FEW + 1])]
        if len(found) <= FEW:
            return found, tuple(word for word in searched if word not in found_by)
    return None, searched


def _mentioned(query: _Query, kind: str, name: str, *, by_time: bool) -> None:
    query.source = "mentions"
    query.order = ("mentions.sort_at", "mentions.headline_id")
    query.group = "GROUP BY mentions.sort_at, mentions.headline_id"  # mentioned twice, still one headline
    # The plus keeps SQLite from the index by time, where the headlines are known: it would walk all that mention it.
    plus = "" if by_time else "+"
    query.where(f"{plus}mentions.kind = ? AND {plus}mentions.name = ?", kind, name)


def _end(query: _Query, connection: sqlite3.Connection, look: int) -> tuple[str, int] | None:
    """Where the walk ends that this query is so far; None: at its own end, which comes sooner."""
    beyond = query.rows(connection, 1, look if query.source == "headlines" else look // DEARER)
    return beyond[0] if beyond else None


def _published(query: _Query, wanted: HeadlineFilter) -> None:
    at, number = query.order
    if wanted.since is not None:
        query.where(f"{at} >= ?", stamp(wanted.since))
    if wanted.until is not None:
        query.where(f"{at} < ?", stamp(wanted.until))
    if wanted.before is not None:
        moment, last = wanted.before
        query.where(f"({at}, {number}) < (?, ?)", stamp(moment), last)


def _restrict(
    query: _Query,
    connection: sqlite3.Connection,
    wanted: HeadlineFilter,
    names: Sequence[tuple[str, str]],
    searched: Sequence[str],
) -> None:
    """What has to be looked at in each headline that is found so far: nothing else changes what is walked."""
    if query.source == "mentions" and (searched or wanted.language is not None or wanted.feed is not None):
        query.source = "mentions CROSS JOIN headlines ON headlines.id = mentions.headline_id"
    for kind, name in names:
        query.where(_ALSO_MENTIONS, kind, name)
    for word in searched:
        query.where("folded LIKE ? ESCAPE '\\'", f"%{_literal(word)}%")
    if wanted.language is not None:
        query.where("headlines.language = ?", wanted.language)
    if wanted.feed is not None:
        feeds = connection.execute("SELECT id FROM feeds WHERE ? IN (name, url)", [wanted.feed]).fetchall()
        query.where(f"headlines.feed_id IN ({','.join('?' * len(feeds))})", *(number for (number,) in feeds))


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
