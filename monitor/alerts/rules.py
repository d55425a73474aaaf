"""Rules and facts -> alerts and what to remember. Pure: nothing here reads a clock, writes a row or sends a line.

    book = RuleBook(settings.rules)            # once per configuration
    memory = Memory.of(writer.rule_memory())   # once per start
    decision = book.evaluate(facts, memory, now)
    ...                                        # in one transaction: the facts, decision.alerts, decision.memory
    memory.apply(decision.memory)              # after the commit

docs/alerts.md says when a rule fires, re-arms and waits, with examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from monitor.alerts import gaps, stories, writing
from monitor.alerts.conditions import Clause, Evidence, FeedClause, Leaf, Round, SourceClause, StaleClause, Truth, View
from monitor.alerts.facts import Facts
from monitor.alerts.ladders import ladders
from monitor.alerts.memory import (
    Edge,
    Gap,
    Key,
    Memory,
    edge_key,
    edge_text,
    gap_key,
    gap_text,
    near,
    news_key,
    news_text,
    story_key,
    story_text,
)
from monitor.alerts.refs import headline_ref
from monitor.alerts.stories import Item
from monitor.alerts.watches import ROOT, Shelf, Watch, compile_rule
from monitor.models import Alert, HeadlineRef, Rule

__all__ = ["Decision", "Facts", "Memory", "RuleBook"]

_NOTHING: Mapping[str, Edge] = {}
_NONE_SPENT: Mapping[str, float | None] = {}
_AFRESH = Edge()
_NEVER = float("nan")  # equals no day, nor None


class Decision(Struct, frozen=True):
    """The alerts of a round, in the order of the rules, and the rows of memory that change; None removes a row."""

    alerts: tuple[Alert, ...]
    memory: Mapping[Key, str | None]


class RuleBook:
    """All rules of one configuration, compiled. Holds no state of its own: evaluating twice gives the same twice.

    A quote round of 200 rules over 100 tickers each costs about 1 ms on a calm day: limits are found by bisection, and
    memory is looked at only where a rule is beyond its limit or has been.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._shelf = Shelf()
        watches = [
            compile_rule(rule, order, self._shelf if rule.enabled else Shelf()) for order, rule in enumerate(rules)
        ]
        self._known = {watch.key: watch for watch in watches}
        self._names = {rule.name for rule in rules}
        self._stories_kept = max([stories.KEPT, *(rule.max_age for rule in rules)])
        self._watches = {watch.key: watch for watch in watches if watch.rule.enabled}
        self._compound = {key: watch for key, watch in self._watches.items() if watch.clause and not watch.plain}
        self._plain, self._inner = ladders(list(self._watches.values()))

    def evaluate(self, facts: Facts, memory: Memory, now: datetime) -> Decision:
        """What the rules make of one round. `now` is aware; `memory` is read and not changed."""
        readings = [gauge.reading(facts, now) for gauge in self._shelf.gauges]
        awake = {key for key, watch in self._watches.items() if watch.open(now, facts.session)}
        turn = _Turn(Round(facts, now, readings), memory, awake)
        arrivals = self._take_in(turn, stories.items(facts.headlines)) if facts.headlines else {}
        self._look_at_levels(turn)
        self._look_at_compounds(turn, arrivals)
        self._look_at_gaps(turn)
        if facts.headlines:
            self._forget(turn)
        return turn.decision()

    def _take_in(self, turn: _Turn, found: Sequence[Item]) -> dict[str, dict[str, tuple[HeadlineRef, ...]]]:
        """Fire the rules on headlines alone; what the others have to know, by watch and path of the condition."""
        arrivals: dict[str, dict[str, tuple[HeadlineRef, ...]]] = {}
        for key, watch in self._watches.items():
            fresh = stories.young(found, watch.rule.max_age, turn.round.now)
            if key in turn.awake and watch.stories:
                matched = [
                    item for item in fresh if any(stories.matches(clause.match, item) for clause in watch.stories)
                ]
                for carriers in turn.unseen(watch, ROOT, matched):
                    turn.alerts.append(
                        (watch.order, writing.of_story(watch, carriers, turn.round.facts, turn.round.now))
                    )
            for clause in watch.headline_parts:
                matched = [item for item in fresh if stories.matches(clause.match, item)]
                news = [headline_ref(carriers[0].headline) for carriers in turn.unseen(watch, clause.path, matched)]
                if news:
                    arrivals.setdefault(key, {})[clause.path] = tuple(news)
        return arrivals

    def _look_at_levels(self, turn: _Turn) -> None:
        """The plain rules. A step is taken only where it can change something: not where a rule is beyond its limit and
        has fired today, nor where it is behind and has not.
        """
        todo: set[tuple[str, str]] = set()
        for ladder in self._plain:
            reading = turn.round.readings[ladder.gauge]
            if not isinstance(reading, float):
                continue
            symbol, reached = ladder.symbol, ladder.reached(reading)
            spent = turn.memory.spent.get(symbol, _NONE_SPENT)
            if reached:
                todo.update(self._ready(turn, symbol, reached, turn.day(symbol, ladder.day)))
            if spent:
                todo.update([(key, symbol) for key in ladder.released(reading) if key in spent])
        view = View(turn.round)
        for key, symbol in todo:
            turn.step(self._watches[key], symbol, view)

    def _ready(self, turn: _Turn, symbol: str, reached: Sequence[str], day: float | None) -> Iterator[tuple[str, str]]:
        """Those of the rules `reached`, each with the symbol, that would fire for it."""
        spent = turn.memory.spent.get(symbol, _NONE_SPENT)
        standing = turn.memory.edges.get(symbol, _NOTHING)
        for key in reached:
            if spent.get(key, _NEVER) != day and key in turn.awake:
                edge = standing.get(key)
                if edge is None or self._watches[key].ready(edge, day, turn.round.now):
                    yield key, symbol

    def _look_at_compounds(self, turn: _Turn, arrivals: Mapping[str, Mapping[str, tuple[HeadlineRef, ...]]]) -> None:
        touched: dict[str, set[str]] = {}
        for ladder in self._inner:
            reading = turn.round.readings[ladder.gauge]
            if isinstance(reading, float):
                for key, subject in ladder.reached(reading):
                    touched.setdefault(key, set()).add(subject)
        for subject, standing in turn.memory.edges.items():
            for key in standing.keys() & self._compound.keys():
                touched.setdefault(key, set()).add(subject)
        for key, watch in self._compound.items():
            new = arrivals.get(key, {})
            subjects = touched.get(key, set()).union(turn.stirred(watch), watch.subjects if new else ())
            if subjects:
                turn.step_all(watch, subjects, new)

    def _look_at_gaps(self, turn: _Turn) -> None:
        readings = turn.round.readings
        blind = {number: why for number, why in enumerate(readings) if isinstance(why, str)}
        if not blind and not turn.memory.gaps:
            return
        for key, watch in self._watches.items():
            missing = {watch.needs[number]: blind[number] for number in blind.keys() & watch.needs.keys()}
            if missing or watch.rule.name in turn.memory.gaps:
                turn.mind_gap(watch, missing, speaking=key in turn.awake and turn.round.facts.quotes_asked)

    def _forget(self, turn: _Turn) -> None:
        """Drop what no rule will ask for again, so that memory does not grow for ever."""
        memory, now = turn.memory, turn.round.now
        for key, seen_at in memory.stories.items():
            if key[0] not in self._names or not near(seen_at, now, self._stories_kept):
                turn.changes.setdefault(key, None)
        for name, subject, key, edge in memory.every_edge():
            watch = self._known.get(name)
            if watch is None or not (watch.over_feeds or subject in watch.subjects) or watch.rested(edge, now):
                turn.changes.setdefault(key, None)
        for name, marks in memory.news.items():
            shape, _, rule = name.partition(" ")
            watch = self._known.get(name)
            if watch is None or not any(near(mark.at, now, watch.window) for mark in marks.values()):
                turn.changes.setdefault(news_key(rule, shape), None)
        for rule in memory.gaps.keys() - self._names:
            turn.changes[gap_key(rule)] = None


class _Turn(Struct):
    """One evaluation under way. `awake` are the keys of the rules that may fire now."""

    round: Round
    memory: Memory
    awake: set[str]
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    changes: dict[Key, str | None] = field(default_factory=dict)

    def decision(self) -> Decision:
        ordered = sorted(self.alerts, key=lambda alert: (alert[0], alert[1].subject))
        return Decision(tuple(alert for _, alert in ordered), self.changes)

    def day(self, subject: str, of: str | None) -> float | None:
        quote = self.round.facts.quotes.get(subject)
        return getattr(quote, of) if of and quote is not None else None

    def unseen(self, watch: Watch, path: str, matched: Sequence[Item]) -> Iterator[list[Item]]:
        """Those of `matched` whose story the rule has not taken in before, by story; all are remembered."""
        carriers: dict[str, list[Item]] = {}
        for item in matched:
            carriers.setdefault(item.digest, []).append(item)
        for digest, found in carriers.items():
            key = story_key(watch.rule.name, path, digest)
            self.changes[key] = story_text(self.round.now)
            if key not in self.memory.stories:
                yield found

    def stirred(self, watch: Watch) -> set[str]:
        """The subjects for which something other than a level or a headline may be true."""
        found: set[str] = set()
        for leaf in watch.leaves:
            for name in _stirring(leaf, self.round.facts):
                own = name in watch.subjects or (watch.over_feeds and name in self.round.facts.feeds)
                found.update([name] if own else watch.subjects)
        return found

    def step_all(self, watch: Watch, subjects: set[str], arrivals: Mapping[str, tuple[HeadlineRef, ...]]) -> None:
        before = self.memory.news.get(watch.key, {})
        view = View(self.round, arrivals, dict(before))
        for subject in sorted(subjects):
            if subject in watch.subjects or (watch.over_feeds and subject in self.round.facts.feeds):
                self.step(watch, subject, view)
            else:
                self.changes[edge_key(watch.rule.name, watch.shape, subject)] = None
        if view.news != before:
            self.changes[news_key(watch.rule.name, watch.shape)] = news_text(view.news) if view.news else None

    def step(self, watch: Watch, subject: str, view: View) -> None:
        """Look at one rule for one subject: fire it, re-arm it, or let it wait."""
        if watch.clause is None:
            return
        before = self.memory.edges.get(subject, _NOTHING).get(watch.key, _AFRESH)
        view.marks = dict(before.marks)
        truth = watch.clause.truth(subject, view)
        day = self.day(subject, watch.day) if truth is Truth.TRUE else None
        armed = before.armed or truth is Truth.FALSE
        if truth is Truth.TRUE and watch.key in self.awake and watch.ready(before, day, self.round.now):
            self.fire(watch, watch.clause, subject, view, before.fired_at)
            after = Edge(armed=False, fired_at=self.round.now, day=day, marks=view.marks)
        elif armed != before.armed or view.marks != before.marks:
            after = replace(before, armed=armed, marks=view.marks)
        else:
            return
        key = edge_key(watch.rule.name, watch.shape, subject)
        self.changes[key] = edge_text(after)

    def fire(self, watch: Watch, clause: Clause, subject: str, view: View, before: datetime | None) -> None:
        evidence = Evidence()
        clause.testify(subject, view, evidence)
        alert = writing.fired(watch, subject, evidence, before, self.round.facts, self.round.now)
        self.alerts.append((watch.order, alert))

    def mind_gap(self, watch: Watch, missing: Mapping[str, str], *, speaking: bool) -> None:
        facts, now, name = self.round.facts, self.round.now, watch.rule.name
        before = self.memory.gaps.get(name, Gap())
        after, named = gaps.judge(before, missing, cooldown=watch.rule.cooldown, speaking=speaking, now=now)
        if named:
            what = {symbol: missing[symbol] for symbol in named}
            self.alerts.append((watch.order, writing.cannot_evaluate(watch, what, before, facts, now)))
        if after != before:
            self.changes[gap_key(name)] = None if after == Gap() else gap_text(after)


def _stirring(leaf: Leaf, facts: Facts) -> Sequence[str]:
    match leaf:
        case FeedClause():
            return leaf.stirring(facts)
        case SourceClause():
            return ("",)
        case StaleClause():
            return [symbol for symbol in leaf.symbols if symbol in facts.stale or symbol not in facts.quotes]
        case _:
            return ()
