"""The conditions of a rule, compiled: what holds for a subject, and what to say of it.

Truth has three values, so that nothing need be remembered of a re-arm margin: beyond its limit a value is TRUE, back
behind the limit by the margin it is FALSE, and in between, or when it cannot be known, UNDECIDED, which neither fires a
rule nor re-arms it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Protocol

from msgspec import Struct, field

from monitor import when
from monitor.alerts.facts import Facts
from monitor.alerts.gauges import Meter, Reading
from monitor.alerts.memory import EVIDENCE_KEPT, Mark
from monitor.models import FeedState, HeadlineMatch, HeadlineRef


class Truth(IntEnum):
    FALSE = 0
    UNDECIDED = 1
    TRUE = 2


class Round(Struct, frozen=True):
    """What all rules share in one evaluation. `readings` are by the gauges' numbers."""

    facts: Facts
    now: datetime
    readings: Sequence[Reading]


class View(Struct):
    """What one rule sees of a round, for one subject at a time.

    `arrivals` are the round's new headlines by the path of the condition that they match. `news` are the marks of parts
    that are the same for every subject, `marks` those of the subject looked at; both are changed by looking.
    """

    round: Round
    arrivals: Mapping[str, tuple[HeadlineRef, ...]] = field(default_factory=dict)
    news: dict[str, Mark] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)


class Evidence(Struct):
    """What made a rule true: in words, the headlines, the symbols, and what tells this firing from any other."""

    phrases: list[str] = field(default_factory=list)
    headlines: dict[int, HeadlineRef] = field(default_factory=dict)
    symbols: dict[str, None] = field(default_factory=dict)
    triggers: list[str] = field(default_factory=list)

    def quote(self, symbol: str, facts: Facts) -> None:
        self.symbols[symbol] = None
        quote = facts.quotes.get(symbol)
        if quote is not None:
            self.triggers.append(f"{symbol} {(quote.traded_at or quote.fetched_at).isoformat()} {quote.price}")

    def cite(self, refs: Iterable[HeadlineRef]) -> None:
        new = [ref for ref in refs if ref.id not in self.headlines]
        self.headlines.update((ref.id, ref) for ref in new)
        self.triggers += [ref.link or ref.title for ref in new]
        if new:
            more = f" and {len(new) - 1} more" if len(new) > 1 else ""
            self.phrases.append(f"{new[-1].title} ({new[-1].source}){more}")


class Clause(Protocol):
    """A compiled condition. `symbols` are those it is about; `free`: its truth is the same for every subject."""

    @property
    def symbols(self) -> tuple[str, ...]: ...

    @property
    def free(self) -> bool: ...

    def owns(self, subject: str, facts: Facts) -> bool:
        """Whether `subject` is what this condition is about; of any other it is only the context."""

    def truth(self, subject: str, view: View) -> Truth: ...

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        """Add what makes it true for `subject`."""


class LevelClause(Struct, frozen=True):
    """A measure against a limit. Signed so that beyond is always upward: TRUE from `level` on, FALSE up to `release`.

    For a subject that is not among its symbols, any of them makes it true.
    """

    gauges: Mapping[str, int]
    meter: Meter
    sign: int
    level: float
    release: float

    free = False

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self.gauges)

    def owns(self, subject: str, _facts: Facts) -> bool:
        return subject in self.gauges

    def truth(self, subject: str, view: View) -> Truth:
        if subject in self.gauges:
            return self._at(subject, view)
        return max(self._at(symbol, view) for symbol in self.gauges)

    def _at(self, symbol: str, view: View) -> Truth:
        reading = view.round.readings[self.gauges[symbol]]
        if not isinstance(reading, float):
            return Truth.UNDECIDED
        if reading * self.sign >= self.level:
            return Truth.TRUE
        return Truth.FALSE if reading * self.sign <= self.release else Truth.UNDECIDED

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        facts = view.round.facts
        scope = [subject] if subject in self.gauges else self._beyond(view)
        for symbol in scope:
            reading, quote = view.round.readings[self.gauges[symbol]], facts.quotes.get(symbol)
            if isinstance(reading, float) and quote is not None:
                said = self.meter.say(reading, quote, facts, view.round.now)
                evidence.phrases.append(f"{said} (limit {self.meter.limit.format(self.level * self.sign)})")
            evidence.quote(symbol, facts)

    def _beyond(self, view: View) -> list[str]:
        beyond = [symbol for symbol in self.gauges if self._at(symbol, view) is Truth.TRUE]
        return (beyond or list(self.gauges))[:EVIDENCE_KEPT]


class HeadlineClause(Struct, frozen=True):
    """A headline that arrived in this round. It is found by whoever makes the view, under `path`."""

    match: HeadlineMatch
    path: str

    symbols = ()
    free = True

    def owns(self, _subject: str, _facts: Facts) -> bool:
        return True

    def truth(self, _subject: str, view: View) -> Truth:
        return Truth.TRUE if view.arrivals.get(self.path) else Truth.FALSE

    def testify(self, _subject: str, view: View, evidence: Evidence) -> None:
        evidence.cite(view.arrivals.get(self.path, ()))


class FeedClause(Struct, frozen=True):
    """A feed that fails, each a subject of its own when `feed` is None; FALSE again with its first success."""

    feed: str | None
    lasting: timedelta

    symbols = ()
    free = False

    def owns(self, subject: str, facts: Facts) -> bool:
        return subject in facts.feeds if self.feed is None else subject == self.feed

    def stirring(self, facts: Facts) -> list[str]:
        """The feeds of which it may be true now."""
        return [
            name
            for name, state in facts.feeds.items()
            if state.failing_since is not None and (self.feed is None or name == self.feed)
        ]

    def truth(self, subject: str, view: View) -> Truth:
        facts = view.round.facts
        if self.owns(subject, facts):
            return self._of(facts.feeds.get(subject), view.round)
        return max((self._of(facts.feeds[name], view.round) for name in self.stirring(facts)), default=Truth.FALSE)

    def _of(self, state: FeedState | None, round_: Round) -> Truth:
        if state is None:
            return Truth.UNDECIDED
        if state.failing_since is None:
            return Truth.FALSE
        own = round_.facts.since_start(state.last_checked_at)
        return Truth.TRUE if own and round_.now - state.failing_since >= self.lasting else Truth.UNDECIDED

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        feeds = view.round.facts.feeds
        names = [subject] if subject in feeds else self.stirring(view.round.facts)[:EVIDENCE_KEPT]
        for name in names:
            state = feeds[name]
            if state.failing_since is not None:
                span = when.span(view.round.now - state.failing_since)
                evidence.phrases.append(
                    f"{name} has failed for {span}: {state.error or state.failure or 'no reason given'}"
                )
                evidence.triggers.append(f"{name} {state.failing_since.isoformat()}")


class SourceClause(Struct, frozen=True):
    """The quote source as a whole has given nothing for `lasting`, or was not even asked since this collector began."""

    lasting: timedelta

    symbols = ()
    free = False

    def owns(self, subject: str, _facts: Facts) -> bool:
        return not subject

    def truth(self, _subject: str, view: View) -> Truth:
        facts = view.round.facts
        if facts.quote_source is None:
            return Truth.UNDECIDED
        since = self._silent_since(facts)
        if since is not None and view.round.now - since >= self.lasting:
            return Truth.TRUE
        fine = facts.quotes_asked and not facts.quote_source.failures
        return Truth.FALSE if fine else Truth.UNDECIDED

    def _silent_since(self, facts: Facts) -> datetime | None:
        source = facts.quote_source
        if source is None or not facts.quotes_asked:
            return facts.started_at
        return source.last_success_at or source.failing_since

    def testify(self, _subject: str, view: View, evidence: Evidence) -> None:
        facts = view.round.facts
        since = self._silent_since(facts)
        if since is not None:
            why = f": {facts.quote_source.error}" if facts.quote_source and facts.quote_source.error else ""
            evidence.phrases.append(f"no quotes for {when.span(view.round.now - since)}{why}")
            evidence.triggers.append(f"quotes {since.isoformat()}")


class StaleClause(Struct, frozen=True):
    """A symbol's quote has been stale, or missing, for `lasting`."""

    symbols: tuple[str, ...]
    lasting: timedelta

    free = False

    def owns(self, subject: str, _facts: Facts) -> bool:
        return subject in self.symbols

    def truth(self, subject: str, view: View) -> Truth:
        if subject in self.symbols:
            return self._of(subject, view.round)
        return max(self._of(symbol, view.round) for symbol in self.symbols)

    def _of(self, symbol: str, round_: Round) -> Truth:
        facts = round_.facts
        if not facts.quotes_asked:
            return Truth.UNDECIDED
        if symbol not in facts.quotes:
            known = facts.started_at is None or round_.now - facts.started_at >= self.lasting
            return Truth.TRUE if known else Truth.UNDECIDED
        staleness = facts.stale.get(symbol)
        if staleness is None:
            return Truth.FALSE
        return Truth.TRUE if staleness.since is None or staleness.since >= self.lasting else Truth.UNDECIDED

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        facts = view.round.facts
        scope = (
            [subject] if subject in self.symbols else [s for s in self.symbols if self._of(s, view.round) is Truth.TRUE]
        )
        for symbol in scope[:EVIDENCE_KEPT]:
            evidence.phrases.append(f"{symbol}: {facts.stale.get(symbol, 'no quote')}")
            evidence.quote(symbol, facts)


Leaf = HeadlineClause | LevelClause | FeedClause | SourceClause | StaleClause
