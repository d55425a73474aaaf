"""What the rules remember between rounds, and the rows it is stored in.

A row is keyed by rule and by a second text that begins with the row's kind:

    edge SHAPE SUBJECT    whether the rule may fire for the subject, when it last did, when its parts were last true
    news SHAPE            the latest headlines that made parts of the rule true, for all its subjects
    story PATH DIGEST     a story that the rule has taken in already
    gap                   what the rule could not evaluate, and what of that has been said

SHAPE is a digest of the rule's condition without its symbols: a rule whose limit was edited starts afresh, a rule whose
group got one more ticker does not. A row that cannot be read counts as absent: rather a repeated alert than none.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from msgspec import Struct, field

from monitor.alerts.refs import (
    headline_fields,
    headline_from,
    optional_text,
    optional_time,
    utc_text,
    utc_time,
)
from monitor.models import HeadlineRef

Key = tuple[str, str]
_K = TypeVar("_K")
_V = TypeVar("_V")

EVIDENCE_KEPT = 5  # of each part of a rule, so that a storm of headlines cannot grow a row


def near(one: datetime, other: datetime, span: timedelta) -> bool:
    """Whether the two moments are at most `span` apart, in either order: a clock that was set back silences nothing."""
    return abs(one - other) <= span


class Mark(Struct, frozen=True):
    """When a part of a rule was last known true, and the latest headlines that made it so.

    `holding`: it was still true when last looked at. `at` then lags behind, so that a price that stays beyond its limit
    does not write a row in every round.
    """

    at: datetime
    holding: bool = False
    headlines: tuple[HeadlineRef, ...] = ()


class Edge(Struct, frozen=True):
    """Where a rule stands for one subject. `armed` false: it has fired and its condition has not been false since.

    `day` is the close that the trading day of the last firing is measured from.
    """

    armed: bool = True
    fired_at: datetime | None = None
    day: float | None = None
    marks: Mapping[str, Mark] = field(default_factory=dict)


class Gap(Struct, frozen=True):
    """Symbols that a rule cannot evaluate: `told` were named, last at `told_at`; others wait since `since`."""

    since: datetime | None = None
    told: frozenset[str] = frozenset()
    told_at: datetime | None = None


class Memory(Struct):
    """All rows, read once and kept in step with the store by `apply`.

    `edges` are by subject, then by `watch_key`; `news` by `watch_key`; `stories` by row key; `gaps` by rule. `spent`
    are the days of the edges that are not armed, kept apart since a round asks for thousands of them.
    """

    edges: dict[str, dict[str, Edge]] = field(default_factory=dict)
    spent: dict[str, dict[str, float | None]] = field(default_factory=dict)
    news: dict[str, Mapping[str, Mark]] = field(default_factory=dict)
    stories: dict[Key, datetime] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Mapping[Key, str]) -> Memory:
        memory = cls()
        memory.apply(rows)
        return memory

    def apply(self, changes: Mapping[Key, str | None]) -> None:
        """Take in the changes of a decision that has been committed. None removes a row."""
        for key, text in changes.items():
            kind, _, rest = key[1].partition(" ")
            match kind:
                case "edge":
                    self._apply_edge(key[0], rest, text)
                case "news":
                    _put(self.news, watch_key(key[0], rest), _read(_marks, text))
                case "story":
                    _put(self.stories, key, _read(_seen_at, text))
                case "gap":
                    _put(self.gaps, key[0], _read(_gap, text))

    def _apply_edge(self, rule: str, rest: str, text: str | None) -> None:
        shape, _, subject = rest.partition(" ")
        name, edge = watch_key(rule, shape), _read(_edge, text)
        standing, spent = self.edges.setdefault(subject, {}), self.spent.setdefault(subject, {})
        _put(standing, name, edge)
        spent.pop(name, None)
        if edge is not None and not edge.armed:
            spent[name] = edge.day
        if not standing:
            del self.edges[subject], self.spent[subject]

    def every_edge(self) -> Iterator[tuple[str, str, Key, Edge]]:
        """Each edge with its `watch_key`, subject and row key."""
        for subject, standing in self.edges.items():
            for name, edge in standing.items():
                shape, _, rule = name.partition(" ")
                yield name, subject, edge_key(rule, shape, subject), edge


def watch_key(rule: str, shape: str) -> str:
    """The name of a compiled rule. Interned, since a round looks thousands of them up."""
    return sys.intern(f"{shape} {rule}")


def edge_key(rule: str, shape: str, subject: str) -> Key:
    return rule, f"edge {shape} {subject}"


def news_key(rule: str, shape: str) -> Key:
    return rule, f"news {shape}"


def story_key(rule: str, path: str, digest: str) -> Key:
    return rule, f"story {path} {digest}"


def gap_key(rule: str) -> Key:
    return rule, "gap"


def edge_text(edge: Edge) -> str:
    return _text(
        {
            "armed": edge.armed,
            "fired_at": optional_text(edge.fired_at),
            "day": edge.day,
            "marks": _mark_fields(edge.marks),
        }
    )


def news_text(marks: Mapping[str, Mark]) -> str:
    return _text(_mark_fields(marks))


def story_text(seen_at: datetime) -> str:
    return _text({"seen_at": utc_text(seen_at)})


def gap_text(gap: Gap) -> str:
    return _text({"since": optional_text(gap.since), "told": sorted(gap.told), "told_at": optional_text(gap.told_at)})


_text = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps makes an encoder of its own for each row


def _mark_fields(marks: Mapping[str, Mark]) -> dict[str, Any]:
    return {
        path: {
            "at": utc_text(mark.at),
            "holding": mark.holding,
            "headlines": [headline_fields(ref) for ref in mark.headlines],
        }
        for path, mark in marks.items()
    }


def _put(table: dict[_K, _V], key: _K, value: _V | None) -> None:
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


def _read(reader: Callable[[Any], _V], text: str | None) -> _V | None:
    """What `reader` makes of the JSON, None for no row or one that is damaged."""
    if text is None:
        return None
    try:
        return reader(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
        return None


def _edge(fields: Any) -> Edge:
    day = fields["day"]
    return Edge(
        armed=fields["armed"] is not False,
        fired_at=optional_time(fields["fired_at"]),
        day=None if day is None else float(day),
        marks=_marks(fields["marks"]),
    )


def _marks(fields: Any) -> Mapping[str, Mark]:
    return {
        str(path): Mark(
            at=utc_time(mark["at"]),
            holding=mark["holding"] is True,
            headlines=tuple(headline_from(ref) for ref in mark["headlines"]),
        )
        for path, mark in fields.items()
    }


def _seen_at(fields: Any) -> datetime:
    return utc_time(fields["seen_at"])


def _gap(fields: Any) -> Gap:
    return Gap(
        since=optional_time(fields["since"]),
        told=frozenset(str(symbol) for symbol in fields["told"]),
        told_at=optional_time(fields["told_at"]),
    )
