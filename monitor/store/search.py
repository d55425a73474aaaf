"""Which headlines a filter means: newest first, at a cost that follows from what is asked for, not from what is stored.

Text is looked for in `folded`, the title under NFKC and case folding. Words of three characters and more have the
trigram index; but it gives matches by arrival, so to put them in order all of them are needed. Up to `FEW` that is
quick. A word with more is so common that walking the headlines by time, whose index holds `folded` as well (0.14 µs a
headline), soon finds a page of them. Words of one or two characters, which no trigram index knows, are always looked
for by that walk.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.store.codec import stamp
from monitor.text import fold

if TYPE_CHECKING:
    import sqlite3

    from monitor.store.codec import Cell
    from monitor.store.records import HeadlineFilter

FEW = 5000
LONGEST_TEXT = 200  # characters of a search that are looked at
_WORD = re.compile(r'"([^"]*)(?:"|$)|([^\s"]+)')


def words(text: str) -> tuple[str, ...]:
    """What has to be in a title, folded: the words of `text`, "quoted ones" kept together with their spaces."""
    found = (fold(quoted or plain).text for quoted, plain in _WORD.findall(text[:LONGEST_TEXT]))
    return tuple(dict.fromkeys(word for word in found if word.strip()))


@dataclass
class _Query:
    """A SELECT in the making. `source` and `order` decide which index is walked."""

    source: str = "headlines"
    order: tuple[str, str] = ("headlines.sort_at", "headlines.id")
    group: str = ""
    conditions: list[str] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)

    def where(self, condition: str, *cells: Cell) -> None:
        self.conditions.append(condition)
        self.cells.extend(cells)

    def run(self, connection: sqlite3.Connection, limit: int) -> list[int]:
        at, number = self.order
        conditions = " AND ".join(self.conditions) or "true"
        rows = connection.execute(
            f"SELECT {number} FROM {self.source} WHERE {conditions} {self.group} "  # noqa: S608 (constants)
            f"ORDER BY {at} DESC, {number} DESC LIMIT ?",
            [*self.cells, limit],
        )
        return [number for (number,) in rows]


def ids(connection: sqlite3.Connection, wanted: HeadlineFilter) -> list[int]:
    """Ids of the headlines that `wanted` lets through, newest first by (sort_at, id)."""
    query = _Query()
    searched = words(wanted.text)
    few = _few_matches(connection, [word for word in searched if len(word) >= 3])
    if few is not None:
        query.where("headlines.id IN (SELECT value FROM json_each(?))", json.dumps(few))
        searched = tuple(word for word in searched if len(word) < 3)
    _mentioning(query, wanted, walk=few is None)
    _published(query, wanted)
    for word in searched:
        query.where("folded LIKE ? ESCAPE '\\'", f"%{_literal(word)}%")
    if wanted.language is not None:
        query.where("headlines.language = ?", wanted.language)
    if wanted.feed is not None:
        found = connection.execute("SELECT id FROM feeds WHERE ? IN (name, url)", [wanted.feed]).fetchall()
        query.where(f"headlines.feed_id IN ({','.join('?' * len(found))})", *(number for (number,) in found))
    return query.run(connection, wanted.limit)


def _few_matches(connection: sqlite3.Connection, long_words: list[str]) -> list[int] | None:
    """Ids of the headlines that have all the words; None when they are more than `FEW`, or no word is long enough."""
    if not long_words:
        return None
    phrases = " ".join('"' + word.replace('"', '""') + '"' for word in long_words)
    rows = connection.execute(
        "SELECT rowid FROM headlines_fts WHERE headlines_fts MATCH ? LIMIT ?", [phrases, FEW + 1]
    ).fetchall()
    return [number for (number,) in rows] if len(rows) <= FEW else None


def _mentioning(query: _Query, wanted: HeadlineFilter, *, walk: bool) -> None:
    """With `walk`, the mentions of one name are what is walked by time, and the other name is looked up for each."""
    names = [(kind, name) for kind, name in (("ticker", wanted.ticker), ("topic", wanted.topic)) if name is not None]
    if names and walk:
        query.source = "mentions CROSS JOIN headlines ON headlines.id = mentions.headline_id"
        query.order = ("mentions.sort_at", "mentions.headline_id")
        query.group = "GROUP BY mentions.sort_at, mentions.headline_id"  # mentioned twice, still one headline
        query.where("mentions.kind = ? AND mentions.name = ?", *names.pop(0))
    for kind, name in names:
        query.where(
            "EXISTS (SELECT 1 FROM mentions AS other WHERE other.kind = ? AND other.name = ? "
            "AND other.sort_at = headlines.sort_at AND other.headline_id = headlines.id)",
            kind,
            name,
        )


def _published(query: _Query, wanted: HeadlineFilter) -> None:
    at, number = query.order
    if wanted.since is not None:
        query.where(f"{at} >= ?", stamp(wanted.since))
    if wanted.until is not None:
        query.where(f"{at} < ?", stamp(wanted.until))
    if wanted.before is not None:
        moment, last = wanted.before
        query.where(f"({at}, {number}) < (?, ?)", stamp(moment), last)


def _literal(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
