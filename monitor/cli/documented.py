"""The baseline as `monitor baseline` prints it: what was recorded in the order of time, and a table by ticker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from msgspec import Struct

from monitor.baseline import Baseline
from monitor.baseline.measured import is_measurable
from monitor.baseline.reference import OPINIONS, begins, day
from monitor.baseline.words import cited, difference, documented, measured_figure, misprint, short_time
from monitor.cli import rows
from monitor.models import DayPart, Measured, Precision, Record
from monitor.when import new_york_and_local

SESSIONS = {
    DayPart.PRE: "before the open",
    DayPart.REGULAR: "regular session",
    DayPart.POST: "after the close",
    DayPart.CLOSE: "at the close",
}
UNDATED = "Without a date"
"""What somebody thought or asked, whose subject is that somebody or something; all other kinds happened."""

_LENGTHS = {Precision.YEAR: 0, Precision.MONTH: 1}
_LABEL = 13  # cells of the column that names a record's symbol or kind
_BEFORE_MEASURED = 38  # cells of a row's columns before what was measured


class Recorded(Struct, frozen=True):
    """Records to print, in `language`, `width` cells wide, each of `records` with what was measured of it."""

    baseline: Baseline
    records: Sequence[Record]
    measured: Mapping[str, Measured]
    language: str
    width: int

    def timeline(self) -> Iterator[str]:
        """Under a heading each moment, what was recorded of it and by which documents."""
        for heading, records in groupby(sorted(self.records, key=_in_order), key=_heading):
            yield heading
            for record in records:
                yield from rows.wrapped(self._told(record), self.width, 2 + _LABEL)

    def table(self) -> Iterator[str]:
        """A row for each documented figure of a ticker that prices can measure, with what they say."""
        listed = sorted(
            filter(is_measurable, sorted(self.records, key=_in_order)), key=lambda record: record.symbol or ""
        )
        if not listed:
            return
        simulated = any(self.measured[record.id].simulated for record in listed)
        heading = f"  {'By ticker':<9}  {'time':<6}  {'documented':<17}  {'measured':<20}  differs"
        yield rows.marked(heading, simulated=simulated)
        for record in listed:
            yield from self._row(record)
        legend = (
            "Times are New York's of 27 January 2025; 24 and 28 are other days of that month. A minute is measured by "
            "the hour that holds it, a day by its close, a move against the close before. differs: documented less "
            "measured, 0 where the documents' words allow it. ≠ disagrees with another."
        )
        yield from rows.wrapped(f"  {legend}", self.width, 2)

    def disagreements(self) -> Iterator[str]:
        """The note of each disagreement that any of the records is part of."""
        shown = {record.id for record in self.records}
        disputed = [each for each in self.baseline.disagreements if shown & set(each.records)]
        if disputed:
            yield "Disagreements"
        for each in disputed:
            yield from rows.wrapped(f"≠{each.id}: {each.note.of(self.language)}", self.width, 2)

    def _told(self, record: Record) -> str:
        disputes = "".join(f" ≠{each.id}" for each in self.baseline.disagreements_of(record.id))
        misprints = "".join(f" ({words})" for source in record.sources if (words := misprint(source)))
        summary = record.summary.of(self.language)
        label = str(record.kind).replace("_", " ")
        if record.kind not in OPINIONS:
            label = record.symbol or label
        elif record.subject not in summary:
            summary = f"{record.subject}: {summary}"
        return f"  {rows.padded(label, _LABEL - 1)} {summary}{misprints} [{cited(record)}]{disputes}"

    def _row(self, record: Record) -> Iterator[str]:
        measured = self.measured[record.id]
        mark = "≠" if self.baseline.disagreements_of(record.id) else " "
        found = measured_figure(record, measured)
        line = f"{mark} {record.symbol:<9}  {short_time(record):<6}  {documented(record):<17}  {found:<20}  "
        line += f"{difference(record, measured):>7}"
        yield from rows.wrapped(line, self.width, _BEFORE_MEASURED, simulated=measured.simulated)


def is_event(record: Record) -> bool:
    """Whether it belongs in a timeline: what happened at a time that is known, not what somebody thought or asked."""
    return record.when is not None and record.kind not in OPINIONS


def left_out(records: Iterable[Record]) -> str:
    """How many records of each kind the timeline leaves out."""
    counts = Counter(str(record.kind) for record in records if not is_event(record))
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.most_common())
    return f"Not shown, being without a date or opinions: {kinds}. See them with --kind." if counts else ""


def sources(baseline: Baseline, language: str, width: int) -> Iterator[str]:
    """The documents: who wrote each, how much was recorded of it, what it is about and how its date is known."""
    for document in baseline.documents:
        count = sum(any(source.document == document for source in record.sources) for record in baseline.records)
        by = ", ".join(part for part in (document.author, document.outlet) if part) or "author not named"
        dated = "undated" if document.date is None else document.date.isoformat()
        yield document.file
        for line in (
            f"{document.kind}, {dated}, {by}: {count} records",
            document.about.of(language),
            document.dating.of(language),
        ):
            yield from rows.wrapped(f"  {line}", width, 2)


def _heading(record: Record) -> str:
    when = record.when
    if when is None:
        return UNDATED
    session = "" if record.session is None else f", {SESSIONS[record.session]}"
    if isinstance(when.at, datetime):
        return f"{new_york_and_local(when.at)}{session}"
    at = _dated(when.at, when.precision)
    until = "" if when.until is None else _dated(when.until, when.precision)
    return f"{at} to {until}" if until not in {"", at} else f"{at}{session}"


def _dated(at: date, precision: Precision) -> str:
    return {Precision.YEAR: f"{at:%Y}", Precision.MONTH: f"{at:%Y-%m}"}.get(precision, f"{at:%Y-%m-%d}")


def _in_order(record: Record) -> tuple[object, ...]:
    """In the order of time, what lasts longer before its parts, a day before its hours; the undated last, by kind."""
    when = record.when
    if when is None:
        return (True, str(record.kind))
    if isinstance(when.at, datetime):
        return (False, day(record), _LENGTHS.get(when.precision, 2), 0, begins(record))
    ends = 0 if when.until is None else -when.until.toordinal()
    return (False, when.at, _LENGTHS.get(when.precision, 2), ends, begins(record))
