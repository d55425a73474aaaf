"""Records and documents in their JSON form, which docs/baseline.md explains field by field."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from monitor.models import Document, Measured, Precision, Record, Source, When
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from monitor.baseline.load import Baseline

_FORMS = {Precision.YEAR: "%Y", Precision.MONTH: "%Y-%m", Precision.DAY: "%Y-%m-%d", Precision.MINUTE: "%Y-%m-%d"}
_DIGITS = 4  # of what was computed


def record_fields(record: Record, baseline: Baseline, measured: Measured | None) -> dict[str, object]:
    """`measured` None gives null: it was not asked what the market says."""
    others = [other for each in baseline.disagreements_of(record.id) for other in each.records if other != record.id]
    return {
        "id": record.id,
        "kind": str(record.kind),
        "subject": record.subject,
        "symbol": record.symbol,
        "when": None if record.when is None else when_fields(record.when),
        "session": None if record.session is None else str(record.session),
        "value": number(record.value),
        "low": number(record.low),
        "high": number(record.high),
        "unit": record.unit,
        "qualifier": record.qualifier,
        "summary": {"en": record.summary.en, "ko": record.summary.ko},
        "sources": [_source_fields(source) for source in record.sources],
        "disagrees_with": list(dict.fromkeys(others)),
        "measured": None if measured is None else _measured_fields(measured),
    }


def document_fields(document: Document) -> dict[str, object]:
    return {
        "document": document.file,
        "author": document.author,
        "outlet": document.outlet,
        "date": None if document.date is None else document.date.isoformat(),
        "dating": {"en": document.dating.en, "ko": document.dating.ko},
        "kind": str(document.kind),
        "about": {"en": document.about.en, "ko": document.about.ko},
    }


def when_fields(when: When) -> dict[str, object]:
    """`at` as precise as it is known: 2025-01-27T07:50:00-05:00 (New York), 2025-01-27, 2023-05 or 2015.

    `until` is always a day, the last one.
    """
    return {
        "precision": str(when.precision),
        "at": _at(when.at, when.precision),
        "until": None if when.until is None else when.until.isoformat(),
    }


def number(value: float | None) -> float | int | None:
    """A whole number without a fraction: 5600000, not 5600000.0."""
    return int(value) if value is not None and value % 1 == 0 else value


def _at(at: date | datetime, precision: Precision) -> str:
    if isinstance(at, datetime):
        return at.astimezone(NEW_YORK).isoformat(timespec="seconds")
    return at.strftime(_FORMS[precision])


def _source_fields(source: Source) -> dict[str, object]:
    document = source.document
    return {
        "document": document.file,
        "author": document.author,
        "outlet": document.outlet,
        "date": None if document.date is None else document.date.isoformat(),
        "kind": str(document.kind),
        "quotes": source.quotes,
        "line": source.line,
        "as_read": source.as_read,
        "correction": source.correction,
    }


def _measured_fields(measured: Measured) -> dict[str, object]:
    return {
        "state": str(measured.state),
        "value": _rounded(measured.value),
        "low": _rounded(measured.low),
        "high": _rounded(measured.high),
        "difference": _rounded(measured.difference),
        "basis": measured.basis,
        "simulated": measured.simulated,
    }


def _rounded(value: float | None) -> float | int | None:
    return None if value is None else number(round(value, _DIGITS))
