"""All limits on one measure of one symbol, in order: a round then touches only the rules that a value is beyond."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct, field

from monitor.alerts.conditions import LevelClause
from monitor.alerts.gauges import Day
from monitor.alerts.watches import Watch

Entry = TypeVar("Entry")


class Ladder(Struct, Generic[Entry]):
    """All limits on one gauge in one direction, in order, so that a value finds those it is beyond by bisection."""

    gauge: int
    symbol: str
    sign: int
    day: Day
    rungs: list[tuple[float, float, Entry]] = field(default_factory=list)
    _levels: list[float] = field(default_factory=list)
    _by_level: list[Entry] = field(default_factory=list)
    _releases: list[float] = field(default_factory=list)
    _by_release: list[Entry] = field(default_factory=list)

    def settle(self) -> None:
        """Put the rungs in order, once all are there."""
        by_level = sorted(self.rungs, key=lambda rung: rung[0])
        by_release = sorted(self.rungs, key=lambda rung: rung[1])
        self._levels, self._by_level = [rung[0] for rung in by_level], [rung[2] for rung in by_level]
        self._releases, self._by_release = [rung[1] for rung in by_release], [rung[2] for rung in by_release]

    def reached(self, value: float) -> Sequence[Entry]:
        """What is TRUE at `value`."""
        return self._by_level[: bisect_right(self._levels, value * self.sign)]

    def released(self, value: float) -> Sequence[Entry]:
        """What is FALSE at `value` (or just on its limit, with no margin to re-arm)."""
        return self._by_release[bisect_left(self._releases, value * self.sign) :]


def ladders(watches: Sequence[Watch]) -> tuple[list[Ladder[str]], list[Ladder[tuple[str, str]]]]:
    """The ladders of the plain rules, whose entries are watch keys (the symbol is the subject), and those of the levels
    inside other rules, whose entries are watch key and subject.
    """
    plain: dict[tuple[int, int], Ladder[str]] = {}
    inner: dict[tuple[int, int], Ladder[tuple[str, str]]] = {}
    for watch in watches:
        for leaf in watch.leaves:
            if not isinstance(leaf, LevelClause):
                continue
            for symbol, number in leaf.gauges.items():
                place = (number, leaf.sign)
                if watch.plain:
                    ladder = plain.setdefault(place, Ladder(number, symbol, leaf.sign, leaf.meter.day))
                    ladder.rungs.append((leaf.level, leaf.release, watch.key))
                    continue
                others = inner.setdefault(place, Ladder(number, symbol, leaf.sign, leaf.meter.day))
                for subject in watch.subjects:
                    if subject == symbol or subject not in leaf.gauges:
                        others.rungs.append((leaf.level, leaf.release, (watch.key, subject)))
    for ladder in plain.values():
        ladder.settle()
    for ladder_inside in inner.values():
        ladder_inside.settle()
    return list(plain.values()), list(inner.values())
