"""Which documented move one of today is held against: that of the same part of 27 January 2025."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from monitor import new_york
from monitor.models import DayPart, Precision, Qualifier, Record, RecordKind, Session
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from monitor.baseline.load import Baseline

THE_DAY = date(2025, 1, 27)
ON_THE_DAY = "27 January 2025"

OPINIONS = frozenset({RecordKind.VIEW, RecordKind.QUESTION})
"""The kinds that say what somebody thought or asked, and not what happened."""

_BEGINS = {DayPart.PRE: time(4), DayPart.REGULAR: time(9, 30), DayPart.CLOSE: time(16), DayPart.POST: time(16, 0, 1)}
_PARTS = {
    DayPart.PRE: "before the open",
    DayPart.REGULAR: "in the regular session",
    DayPart.POST: "after the close",
    DayPart.CLOSE: "at the close",
}
_SIZES: dict[Qualifier | None, str] = {
    Qualifier.ABOUT: "about ",
    Qualifier.NEARLY: "nearly ",
    Qualifier.MORE_THAN: "more than ",
    Qualifier.LESS_THAN: "less than ",
    Qualifier.AT_LEAST: "at least ",
}
_SURE: dict[Qualifier | None, int] = {
    Qualifier.EXACT: 0,
    Qualifier.ABOUT: 1,
    Qualifier.NEARLY: 1,
}  # anything else only bounds the figure


def reference(baseline: Baseline, symbol: str, at: datetime) -> Record | str:
    """The move of 27 January 2025 to hold one made at `at` against, or in words why there is none.

    Only moves in per cent with a figure count. The session is New York's. Before the open: a move before
    the open, of the same clock hour if there is one, else the nearest, else one without an hour. In the regular
    session: one of the same clock hour, else the day's. At any other time: the day's. Of several that fit equally the
    exact one goes first, then the one with more sources, then the order of the documents.
    """
    recorded = [record for record in baseline.of(symbol) if day(record) == THE_DAY]
    moves = sorted(filter(_is_move, recorded), key=_in_order)
    clock = at.astimezone(NEW_YORK).time()
    session = new_york.session(at)
    if session is Session.PRE:
        fitting = _nearest([record for record in moves if part(record) is DayPart.PRE], clock)
    else:
        fitting = [record for record in moves if part(record) is DayPart.CLOSE]
        if session is Session.REGULAR:
            fitting = [record for record in moves if _is_of_hour(record, clock)] or fitting
    if fitting:
        return min(fitting, key=_standing)
    if moves:
        return f"documented only {_listed(phase(record) for record in moves)}"
    return _other_than_a_move(recorded)


def part(record: Record) -> DayPart:
    """The part of the day that the record belongs to. A day as a whole counts as its close."""
    if record.session is not None:
        return record.session
    at = clock_time(record)
    if at is None:
        return DayPart.CLOSE
    return DayPart.PRE if at < time(9, 30) else DayPart.REGULAR if at < time(16) else DayPart.POST


def clock_time(record: Record) -> time | None:
    """New York's clock at the record's minute; None where the documents give no minute."""
    when = record.when
    if when is None or when.precision is not Precision.MINUTE or not isinstance(when.at, datetime):
        return None
    return when.at.astimezone(NEW_YORK).time()


def begins(record: Record) -> time:
    """For the order within a day, by New York's clock: its minute, else that of its part of the day, else midnight."""
    at = clock_time(record)
    if at is not None:
        return at
    return time() if record.session is None else _BEGINS[record.session]


def day(record: Record) -> date | None:
    """The day in New York that the record is of; None where it is of a longer span, or undated."""
    when = record.when
    if when is None or when.until is not None or when.precision not in {Precision.MINUTE, Precision.DAY}:
        return None
    return when.at.astimezone(NEW_YORK).date() if isinstance(when.at, datetime) else when.at


def phase(record: Record) -> str:
    """`before the open`, `at 10:00`, `at the close`."""
    at = clock_time(record)
    return f"at {at:%H:%M}" if at is not None and part(record) is DayPart.REGULAR else _PARTS[part(record)]


def described(record: Record) -> str:
    """`fall of nearly 12% before the open, 07:50 on 27 January 2025`, of a record that `reference` gave.

    A range says that its middle is taken.
    """
    figure = record.figure or 0.0
    kind = "fall" if figure < 0 else "rise"
    size = f"{_SIZES.get(record.qualifier, '')}{abs(figure):g}%"
    if record.value is None and record.low is not None and record.high is not None:
        low, high = sorted((abs(record.low), abs(record.high)))
        size = f"{low:g} to {high:g}%, taken as {abs(figure):g}%,"
    at = clock_time(record)
    minute = f", {at:%H:%M}" if at is not None and part(record) is not DayPart.REGULAR else ""
    joint = "of" if part(record) is DayPart.CLOSE else "on"
    return f"{kind} of {size} {phase(record)}{minute} {joint} {ON_THE_DAY}"


def _is_move(record: Record) -> bool:
    return record.kind is RecordKind.MOVE and record.unit == "percent" and record.figure is not None


def _in_order(record: Record) -> tuple[int, time]:
    return list(DayPart).index(part(record)), clock_time(record) or time()


def _other_than_a_move(records: Sequence[Record]) -> str:
    if any(record.qualifier is Qualifier.DIRECTION_ONLY for record in records):
        return "only the direction is documented"
    if any(record.unit == "basis_points" for record in records):
        return "documented only in basis points"
    return "no move documented"


def _is_of_hour(record: Record, clock: time) -> bool:
    at = clock_time(record)
    return at is not None and part(record) is DayPart.REGULAR and at.hour == clock.hour


def _nearest(records: Sequence[Record], clock: time) -> list[Record]:
    """Those that are equally near to `clock` and nearer than the others."""
    least = min((_distance(record, clock) for record in records), default=None)
    return [record for record in records if _distance(record, clock) == least]


def _distance(record: Record, clock: time) -> tuple[int, int]:
    """Another clock hour counts for more than any number of minutes, no hour at all for more than both."""
    at = clock_time(record)
    if at is None:
        return 2, 0
    return int(at.hour != clock.hour), abs((at.hour - clock.hour) * 60 + at.minute - clock.minute)


def _standing(record: Record) -> tuple[int, int, list[tuple[str, int]]]:
    places = [(source.document.file, source.line) for source in record.sources]
    return _SURE.get(record.qualifier, 2), -len(record.sources), places


def _listed(words: Iterable[str]) -> str:
    """`at 10:00`, `before the open and at 10:00`, each once."""
    *most, last = dict.fromkeys(words)
    return f"{', '.join(most)} and {last}" if most else last
