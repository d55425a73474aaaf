"""Rules compiled: what each one watches, and of whom."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct, field
from msgspec.structs import replace

from monitor.alerts import gauges
from monitor.alerts.compositions import AllClause, AnyClause
from monitor.alerts.conditions import (
    Clause,
    FeedClause,
    HeadlineClause,
    Leaf,
    LevelClause,
    SourceClause,
    StaleClause,
)
from monitor.alerts.gauges import Day, Gauge
from monitor.alerts.memory import Edge, watch_key
from monitor.models import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    FeedFailing,
    HeadlineMatch,
    Move,
    QuoteLevel,
    QuotesStale,
    Rule,
    Session,
    ShockRatio,
    Volume,
)
from monitor.when import NEW_YORK

ROOT = "0"  # path of a rule's whole condition; the parts of 0 are 0.0, 0.1, ...


class Watch(Struct, frozen=True):
    """One rule. `stories` are conditions on a headline alone, each story a subject; `clause` is the rest, if any.

    `leaves` are the conditions inside `clause`, `needs` the gauges that it cannot do without, with their symbols.
    `subjects` are those known beforehand; feeds come to them when `over_feeds`. `window` is the longest `within`.
    """

    rule: Rule
    order: int
    shape: str
    key: str
    stories: tuple[HeadlineClause, ...]
    clause: Clause | None
    leaves: tuple[Leaf, ...]
    needs: Mapping[int, str]
    subjects: frozenset[str]
    over_feeds: bool
    day: Day
    window: timedelta

    @property
    def headline_parts(self) -> list[HeadlineClause]:
        return [leaf for leaf in self.leaves if isinstance(leaf, HeadlineClause)]

    @property
    def plain(self) -> bool:
        """Whether a ladder says all there is to know of it, as of most rules."""
        return isinstance(self.clause, LevelClause)

    def open(self, now: datetime, session: Session) -> bool:
        """Whether the rule may fire at `now`, by its hours and sessions."""
        rule = self.rule
        if rule.sessions and session not in rule.sessions:
            return False
        if rule.hours is None or rule.hours[0] == rule.hours[1]:
            return True
        start, end = rule.hours
        at = now.astimezone(NEW_YORK).time()
        return start <= at < end if start < end else at >= start or at < end

    def cooling(self, edge: Edge, now: datetime) -> bool:
        """Whether the last firing is too recent for another; a clock that was set back a long way ends it."""
        return edge.fired_at is not None and abs(now - edge.fired_at) < self.rule.cooldown

    def ready(self, edge: Edge, day: float | None, now: datetime) -> bool:
        """Whether the rule fires if it is true: re-armed, or on another trading day, and not cooling down."""
        another_day = day is not None and edge.day is not None and day != edge.day
        return (edge.armed or another_day) and not self.cooling(edge, now)

    def rested(self, edge: Edge, now: datetime) -> bool:
        """Whether the edge says no more than a missing one would."""
        return edge.armed and not edge.marks and not self.cooling(edge, now)


class Shelf(Struct):
    """The gauges of a rule book, each once; their numbers index the readings of a round."""

    gauges: list[Gauge] = field(default_factory=list)
    _numbers: dict[Gauge, int] = field(default_factory=dict)

    def number(self, gauge: Gauge) -> int:
        if gauge not in self._numbers:
            self._numbers[gauge] = len(self.gauges)
            self.gauges.append(gauge)
        return self._numbers[gauge]


def compile_rule(rule: Rule, order: int, shelf: Shelf) -> Watch:
    branches = list(_branches(rule.when, ROOT))
    stories = tuple(HeadlineClause(part, path) for part, path in branches if isinstance(part, HeadlineMatch))
    clauses = tuple(
        _compiled(part, path, rule, shelf) for part, path in branches if not isinstance(part, HeadlineMatch)
    )
    clause = None if not clauses else clauses[0] if len(clauses) == 1 else AnyClause(clauses)
    shape = _shape(rule.when)
    leaves = tuple(leaf for part in clauses for leaf in _leaves(part))
    levels = [leaf for leaf in leaves if isinstance(leaf, LevelClause)]
    return Watch(
        rule=rule,
        order=order,
        shape=shape,
        key=watch_key(rule.name, shape),
        stories=stories,
        clause=clause,
        leaves=leaves,
        needs={number: symbol for level in levels for symbol, number in level.gauges.items()},
        subjects=_subjects(clauses),
        over_feeds=any(isinstance(part, FeedClause) and part.feed is None for part in clauses),
        day=_day(levels),
        window=max(_windows(rule.when), default=timedelta(0)),
    )


def _branches(condition: Condition, path: str) -> Iterator[tuple[Condition, str]]:
    """A rule's condition, or the parts of an outermost `any`, since each of those can make the rule fire by itself."""
    if isinstance(condition, AnyOf):
        for number, part in enumerate(condition.conditions):
            yield from _branches(part, f"{path}.{number}")
    else:
        yield condition, path


def _compiled(condition: Condition, path: str, rule: Rule, shelf: Shelf) -> Clause:
    match condition:
        case AllOf() | AnyOf():
            parts = tuple(
                _compiled(part, f"{path}.{number}", rule, shelf) for number, part in enumerate(condition.conditions)
            )
            return AllClause(parts, condition.within, path) if isinstance(condition, AllOf) else AnyClause(parts)
        case HeadlineMatch():
            return HeadlineClause(condition, path)
        case FeedFailing():
            return FeedClause(condition.feed, condition.lasting)
        case QuotesStale():
            symbols, lasting = condition.symbols, condition.lasting
            return StaleClause(symbols, lasting) if symbols else SourceClause(lasting)
        case _:
            return _level(condition, rule, shelf)


def _level(condition: QuoteLevel | Move | Volume | ShockRatio, rule: Rule, shelf: Shelf) -> LevelClause:
    match condition:
        case QuoteLevel():
            meter, limit = gauges.LEVELS[condition.measure], condition.limit
        case Move():
            meter, limit = gauges.move(condition.minutes), condition.limit
        case ShockRatio():
            meter, limit = gauges.SHOCK_RATIO, condition.limit
        case _:
            meter, limit = gauges.VOLUME, Comparison(at_least=condition.times)
    sign, value = (1, limit.at_least) if limit.at_least is not None else (-1, limit.at_most)
    if value is None:
        raise ValueError(f"rule {rule.name}: a limit has either at_least or at_most")
    return LevelClause(
        gauges={symbol: shelf.number(Gauge(symbol, meter)) for symbol in condition.symbols},
        meter=meter,
        sign=sign,
        level=value * sign,
        release=value * sign - (meter.rearm if rule.rearm is None else rule.rearm),
    )


def _leaves(clause: Clause) -> Iterator[Leaf]:
    if isinstance(clause, AllClause | AnyClause):
        for part in clause.parts:
            yield from _leaves(part)
    elif isinstance(clause, HeadlineClause | LevelClause | FeedClause | SourceClause | StaleClause):
        yield clause


def _subjects(clauses: Sequence[Clause]) -> frozenset[str]:
    named = [symbol for clause in clauses for symbol in clause.symbols]
    named += [clause.feed for clause in clauses if isinstance(clause, FeedClause) and clause.feed is not None]
    if any(not clause.symbols and not isinstance(clause, FeedClause) for clause in clauses):
        named.append("")
    return frozenset(named)


def _day(levels: Sequence[LevelClause]) -> Day:
    days = {level.meter.day for level in levels}
    return "base_close" if "base_close" in days else "previous_close" if "previous_close" in days else None


def _windows(condition: Condition) -> Iterator[timedelta]:
    if isinstance(condition, AllOf) and condition.within is not None:
        yield condition.within
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.conditions:
            yield from _windows(part)


def _shape(condition: Condition) -> str:
    """A digest of what a condition says, its symbols left out."""
    return hashlib.blake2b(repr(_bare(condition)).encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()


def _bare(condition: Condition) -> Condition:
    match condition:
        case QuoteLevel() | Move() | Volume() | ShockRatio():
            return replace(condition, symbols=())
        case QuotesStale():
            return replace(condition, symbols=condition.symbols[:0])
        case AllOf() | AnyOf():
            return replace(condition, conditions=tuple(_bare(part) for part in condition.conditions))
        case _:
            return condition
