"""An alert as one physical line, JSON or text, in which nothing can forge a second one; see docs/alerts.md."""

from __future__ import annotations

import json
import re
from datetime import datetime, tzinfo
from typing import Any

from monitor.alerts.refs import (
    baseline_fields,
    baseline_from,
    headline_fields,
    headline_from,
    quote_fields,
    quote_from,
    utc_text,
    utc_time,
)
from monitor.models import Alert, AlertKind, Severity
from monitor.text import printable
from monitor.when import NEW_YORK, local_and_new_york

SCHEMA = 1
"""Grows when a field is removed or changes its meaning; a field that is added leaves it."""

# What a terminal obeys or a reader takes for the end of a line, beyond what JSON escapes by itself: DEL and C1, soft
# hyphen, marks of direction, zero-width characters, U+2028 and U+2029, BOM, interlinear marks, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff"
    "\ufff9-\uffff\U000e0000-\U000e0fff]"
)


def to_json(alert: Alert) -> str:
    """One JSON object without a line end. Every moment is UTC to the millisecond but `fired_at_new_york`."""
    fields = {
        "schema": SCHEMA,
        "id": alert.id,
        "rule": alert.rule,
        "severity": alert.severity.value,
        "kind": alert.kind.value,
        "subject": alert.subject,
        "fired_at": utc_text(alert.fired_at),
        "fired_at_new_york": alert.fired_at.astimezone(NEW_YORK).isoformat(timespec="milliseconds"),
        "text": alert.text,
        "headlines": [headline_fields(ref) for ref in alert.headlines],
        "quotes": [quote_fields(ref) for ref in alert.quotes],
        "baseline": None if alert.baseline is None else baseline_fields(alert.baseline),
        "simulated": alert.simulated,
    }
    return _UNSAFE.sub(_escaped, json.dumps(fields, ensure_ascii=False, allow_nan=False))


def from_json(line: str) -> Alert:
    """The alert that `to_json` wrote, to the millisecond. Raises ValueError for any other line or a newer schema."""
    try:
        fields = json.loads(line)
        if fields["schema"] != SCHEMA:
            raise ValueError(f"an alert of schema {SCHEMA} was expected, not {fields['schema']!r}")
        return _alert(fields)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"not an alert: {error!r}") from error


def to_text(alert: Alert, zone: tzinfo | None = None) -> str:
    """`2025-01-27 23:31:05 KST (09:31 EST) CRITICAL rule: text <link>`; `zone` None is this machine's.

    What is simulated begins with SIMULATED. The link is the first headline's.
    """
    mark = "SIMULATED " if alert.simulated else ""
    at = local_and_new_york(alert.fired_at, zone)
    link = next((f" <{ref.link}>" for ref in alert.headlines if ref.link), "")
    return printable(f"{mark}{at} {alert.severity.upper()} {alert.rule}: {alert.text}{link}")


def _alert(fields: dict[str, Any]) -> Alert:
    fired_at: datetime = utc_time(fields["fired_at"])
    return Alert(
        id=fields["id"],
        rule=fields["rule"],
        severity=Severity(fields["severity"]),
        kind=AlertKind(fields["kind"]),
        subject=fields["subject"],
        text=fields["text"],
        fired_at=fired_at,
        headlines=tuple(headline_from(each) for each in fields["headlines"]),
        quotes=tuple(quote_from(each) for each in fields["quotes"]),
        simulated=fields["simulated"],
        baseline=None if fields["baseline"] is None else baseline_from(fields["baseline"]),
    )


def _escaped(match: re.Match[str]) -> str:
    """JSON's escape of one character: its UTF-16 units."""
    units = match.group().encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
