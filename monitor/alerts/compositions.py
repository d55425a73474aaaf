"""`any` and `all`: the greatest and the least of their parts' truths, and what `within` remembers of each part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from monitor import when
from monitor.alerts.conditions import Clause, Evidence, Truth, View
from monitor.alerts.facts import Facts
from monitor.alerts.memory import EVIDENCE_KEPT, Mark, near
from monitor.models import HeadlineRef

WRITES_PER_WINDOW = 8  # how often a part that stays true is marked anew within the window of its `all`


class AnyClause(Struct, frozen=True, dict=True):
    """At least one part holds. For one of its own subjects only the parts about that subject count."""

    parts: tuple[Clause, ...]

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(symbol for part in self.parts for symbol in part.symbols))

    @cached_property
    def free(self) -> bool:
        return all(part.free for part in self.parts)

    def owns(self, subject: str, facts: Facts) -> bool:
        return any(part.owns(subject, facts) for part in self.parts)

    def truth(self, subject: str, view: View) -> Truth:
        return max([part.truth(subject, view) for part in self._about(subject, view)])

    def _about(self, subject: str, view: View) -> Sequence[Clause]:
        facts = view.round.facts
        if any(part.owns(subject, facts) for part in self.parts if not part.free):
            return [part for part in self.parts if part.owns(subject, facts)]
        return self.parts

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        for part in self._about(subject, view):
            if part.truth(subject, view) is Truth.TRUE:
                part.testify(subject, view, evidence)


class AllClause(Struct, frozen=True, dict=True):
    """Every part holds, now or (with `within`) at some moment of that last while.

    Its subjects are the symbols of its first part over several symbols, else of its first part over one.
    """

    parts: tuple[Clause, ...]
    within: timedelta | None
    path: str

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        over = [part.symbols for part in self.parts if part.symbols]
        return next((symbols for symbols in over if len(symbols) > 1), over[0] if over else ())

    @cached_property
    def free(self) -> bool:
        return all(part.free for part in self.parts)

    @cached_property
    def _placed(self) -> tuple[tuple[Clause, str], ...]:
        return tuple((part, f"{self.path}.{number}") for number, part in enumerate(self.parts))

    @cached_property
    def _refresh(self) -> timedelta:
        return (self.within or timedelta(0)) / WRITES_PER_WINDOW

    def owns(self, subject: str, _facts: Facts) -> bool:
        return subject in (self.symbols or ("",))

    def truth(self, subject: str, view: View) -> Truth:
        if self.within is None:
            return min(part.truth(subject, view) for part in self.parts)
        # A list, since every part must be looked at: looking is what marks it.
        return min([self._lately(part, path, self.within, subject, view) for part, path in self._placed])

    def _lately(self, part: Clause, path: str, within: timedelta, subject: str, view: View) -> Truth:
        truth = part.truth(subject, view)
        marks = view.news if part.free else view.marks
        mark = marks.get(path)
        now = view.round.now
        if truth is Truth.TRUE:
            if mark is None or not mark.holding or view.arrivals or not near(mark.at, now, self._refresh):
                marks[path] = Mark(now, holding=not part.free, headlines=_cited(part, mark, subject, view))
            return truth
        if mark is None:
            return truth
        if mark.holding:
            # True until some moment after `at`: the latest possible is taken, rather a little too long than a miss.
            mark = marks[path] = replace(mark, at=min(now, mark.at + self._refresh), holding=False)
        if near(mark.at, now, within):
            return Truth.TRUE
        del marks[path]
        return truth

    def testify(self, subject: str, view: View, evidence: Evidence) -> None:
        now = view.round.now
        for part, path in self._placed:
            mark = (view.news if part.free else view.marks).get(path)
            evidence.cite(mark.headlines if mark else ())
            said = len(evidence.phrases)
            part.testify(subject, view, evidence)
            if mark and not part.free and not mark.holding and len(evidence.phrases) > said:
                evidence.phrases[-1] += f", which held {when.span(abs(now - mark.at))} ago"


def _cited(part: Clause, mark: Mark | None, subject: str, view: View) -> tuple[HeadlineRef, ...]:
    """The latest headlines that made the part true, those of this round last."""
    found = Evidence()
    part.testify(subject, view, found)
    earlier = {ref.id: ref for ref in mark.headlines} if mark else {}
    return tuple((earlier | found.headlines).values())[-EVIDENCE_KEPT:]
