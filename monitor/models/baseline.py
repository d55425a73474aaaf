"""What the five documents recorded of the shock of 27 January 2025, and what market data say of the same."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from msgspec import Struct


class RecordKind(StrEnum):
    MOVE = "move"
    LEVEL = "level"
    MARKET_VALUE = "market_value"
    VOLUME = "volume"
    YIELD = "yield"
    CURRENCY = "currency"
    COST = "cost"
    HARDWARE = "hardware"
    BENCHMARK = "benchmark"
    CAPEX = "capex"
    INVESTMENT = "investment"
    TIMELINE = "timeline"
    COMPANY = "company"
    VIEW = "view"
    QUESTION = "question"


class Precision(StrEnum):
    MINUTE = "minute"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class DayPart(StrEnum):
    """The part of a trading day that a figure belongs to; CLOSE is the regular session taken as a whole."""

    PRE = "pre"
    REGULAR = "regular"
    POST = "post"
    CLOSE = "close"


class Qualifier(StrEnum):
    EXACT = "exact"
    ABOUT = "about"
    NEARLY = "nearly"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    AT_LEAST = "at_least"
    DIRECTION_ONLY = "direction_only"


class When(Struct, frozen=True, kw_only=True):
    """`at` is an aware UTC datetime where the precision is a minute (the documents give New York's wall clock), else
    the first date of the day, month or year. `until` is the last day of a longer span.
    """

    precision: Precision
    at: date | datetime
    until: date | None = None


class Text(Struct, frozen=True):
    en: str
    ko: str

    def of(self, language: str) -> str:
        """In Korean for "ko", else in English."""
        return self.ko if language == "ko" else self.en


class DocumentKind(StrEnum):
    NEWSPAPER = "newspaper"
    BLOG = "blog"
    NEWSLETTER = "newsletter"


class Document(Struct, frozen=True, kw_only=True):
    """One of the five. `date` is when it was published, None where it does not say; `dating` is how that is known."""

    file: str
    author: str | None
    outlet: str | None
    date: date | None
    dating: Text
    kind: DocumentKind
    about: Text


class Source(Struct, frozen=True, kw_only=True):
    """Where a document says it. `quotes` is whom the document quotes in turn.

    `line` counts the document's lines from 1, `figures` are its numbers as they are printed there. `as_read` is a
    misprint as it stands and `correction` what it should have been: both or neither.
    """

    document: Document
    line: int
    figures: tuple[str, ...] = ()
    quotes: str | None = None
    as_read: str | None = None
    correction: str | None = None


class Record(Struct, frozen=True, kw_only=True):
    """One fact. `value`, or `low` and `high` of a range, in `unit` and with a qualifier; or none of these.

    DIRECTION_ONLY has a `low` of 0 for what rose and a `high` of 0 for what fell. `symbol` is Yahoo's. Falls are
    negative. `unit` is "percent", "basis_points", "USD", "KRW", "times", "chips" and so on: see docs/baseline.md.
    """

    id: str
    kind: RecordKind
    subject: str
    summary: Text
    sources: tuple[Source, ...]
    symbol: str | None = None
    when: When | None = None
    session: DayPart | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    qualifier: Qualifier | None = None

    @property
    def figure(self) -> float | None:
        """The value, or the middle of a range that has both ends; None where there is no such number."""
        if self.value is not None:
            return self.value
        if self.low is None or self.high is None:
            return None
        return (self.low + self.high) / 2


class Disagreement(Struct, frozen=True, kw_only=True):
    """Records that cannot all be right as they stand, and why they differ. `records` are ids, at least two."""

    id: str
    records: tuple[str, ...]
    note: Text


class MeasuredState(StrEnum):
    MEASURED = "measured"
    NOT_YET = "not_yet"
    NOT_MEASURABLE = "not_measurable"


class Measured(Struct, frozen=True, kw_only=True):
    """What market data say of a record, in the record's unit: a `value`, or the `low` and `high` of one hour.

    `difference` is the documented figure less the measured one, 0 inside a range (the documented range or the measured
    one). `basis` says in words what was measured, or why not.
    """

    state: MeasuredState
    basis: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    difference: float | None = None
    simulated: bool = False
