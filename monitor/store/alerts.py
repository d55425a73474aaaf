"""Alerts, where each still has to be delivered, and what the rules remember."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.models import Alert, AlertKind, BaselineRef, HeadlineRef, QuoteRef, Session, Severity
from monitor.store.codec import Columns, items, maybe, moment, span, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.store.records import AlertFilter

_HEADLINE = Columns.of(HeadlineRef, published_at=moment, first_seen_at=moment)
_QUOTE = Columns.of(QuoteRef, traded_at=moment, age=span, session=Session)
_BASELINE = Columns.of(BaselineRef, documents=tuple)
ALERT = Columns.of(
    Alert,
    severity=Severity,
    kind=AlertKind,
    fired_at=moment,
    headlines=lambda text: tuple(_HEADLINE.model(each) for each in items(text)),
    quotes=lambda text: tuple(_QUOTE.model(each) for each in items(text)),
    simulated=bool,
    baseline=lambda text: _BASELINE.model(json.loads(text)),
)

_KEEP = f"{ALERT.insert('alerts')} ON CONFLICT (id) DO NOTHING"
_OWE = "INSERT INTO alert_deliveries (alert_id, sink) VALUES (?, ?) ON CONFLICT (alert_id, sink) DO NOTHING"
_CONDITIONS = {
    "rule": "rule = :rule",
    "severity": "severity = :severity",
    "ticker": """(
        subject = :ticker OR EXISTS (SELECT 1 FROM json_each(quotes) WHERE json_extract(value, '$.symbol') = :ticker)
    )""",
    "since": "fired_at >= :since",
    "until": "fired_at < :until",
}

# No try is put off for longer than this, so one that lies further ahead was set before the clock was put back.
LONGEST_PUT_OFF = timedelta(hours=1)


def record(connection: sqlite3.Connection, alerts: Sequence[Alert], sinks: Sequence[str]) -> None:
    """Keep the alerts and what has to be delivered. An alert that is known already stays as it is, delivered or not."""
    connection.executemany(_KEEP, [ALERT.row(alert) for alert in alerts])
    connection.executemany(_OWE, [(alert.id, sink) for alert in alerts for sink in sinks])


def waiting(connection: sqlite3.Connection, sink: str, *, now: datetime, limit: int) -> list[tuple[Alert, int]]:
    """Alerts this sink has not taken and may be offered now, in the order they fired, with the attempts made so far."""
    rows = connection.execute(
        ALERT.select(
            """
            FROM alerts JOIN alert_deliveries ON alert_id = id
            WHERE sink = ? AND delivered_at IS NULL
                AND (next_try_at IS NULL OR next_try_at <= ? OR next_try_at > ?)
            ORDER BY number LIMIT ?
            """,
            "attempts",
        ),
        [sink, stamp(now), stamp(now + LONGEST_PUT_OFF), limit],
    )
    return [(ALERT.model(cells), attempts) for attempts, *cells in rows]


def give_up(connection: sqlite3.Connection, sinks: Sequence[str]) -> int:
    """Forget that alerts wait for any sink but these; how many waited."""
    marks = ", ".join("?" * len(sinks))
    return connection.execute(
        f"DELETE FROM alert_deliveries WHERE delivered_at IS NULL AND sink NOT IN ({marks})",  # noqa: S608 (marks)
        list(sinks),
    ).rowcount


def delivered(connection: sqlite3.Connection, alert_id: str, sink: str, now: datetime) -> None:
    connection.execute(
        """
        UPDATE alert_deliveries SET attempts = attempts + 1, next_try_at = NULL, error = NULL, delivered_at = ?
        WHERE alert_id = ? AND sink = ?
        """,
        [stamp(now), alert_id, sink],
    )


def failed(connection: sqlite3.Connection, alert_id: str, sink: str, error: str, next_try_at: datetime) -> None:
    connection.execute(
        """
        UPDATE alert_deliveries SET attempts = attempts + 1, next_try_at = ?, error = ?
        WHERE alert_id = ? AND sink = ?
        """,
        [stamp(next_try_at), error, alert_id, sink],
    )


def found(connection: sqlite3.Connection, wanted: AlertFilter) -> list[Alert]:
    """The alerts that `wanted` lets through, newest first."""
    given = {
        "rule": wanted.rule,
        "severity": maybe(str, wanted.severity),
        "ticker": wanted.ticker,
        "since": maybe(stamp, wanted.since),
        "until": maybe(stamp, wanted.until),
    }
    conditions = [_CONDITIONS[name] for name, cell in given.items() if cell is not None]
    rows = connection.execute(
        ALERT.select(
            f"FROM alerts WHERE {' AND '.join(['true', *conditions])} ORDER BY fired_at DESC, number DESC LIMIT :limit"
        ),
        {**given, "limit": wanted.limit},
    )
    return [ALERT.model(row) for row in rows]


def after(connection: sqlite3.Connection, number: int, limit: int) -> list[tuple[int, Alert]]:
    """The alerts recorded after the one with this number, in that order, each with its own."""
    query = ALERT.select("FROM alerts WHERE number > ? ORDER BY number LIMIT ?", "number")
    return [(number, ALERT.model(cells)) for number, *cells in connection.execute(query, [number, limit])]


def delete_older(connection: sqlite3.Connection, before: datetime, *, batch: int) -> int:
    """Delete at most `batch` alerts that fired before then and that no sink is still to be given; how many."""
    return connection.execute(
        """
        DELETE FROM alerts WHERE number IN (
            SELECT number FROM alerts
            WHERE fired_at < ? AND NOT EXISTS (
                SELECT 1 FROM alert_deliveries WHERE alert_id = alerts.id AND delivered_at IS NULL
            )
            ORDER BY fired_at LIMIT ?
        )
        """,
        [stamp(before), batch],
    ).rowcount


def memory(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """What the rules remember, by (rule, subject)."""
    return {
        (rule, subject): state
        for rule, subject, state in connection.execute("SELECT rule, subject, state FROM rule_memory")
    }


def remember(db: Database, changes: Mapping[tuple[str, str], str | None]) -> None:
    """Keep what changed of it; None forgets."""
    kept = [
        {"rule": rule, "subject": subject, "state": state}
        for (rule, subject), state in changes.items()
        if state is not None
    ]
    if kept:
        db.table("rule_memory").upsert_all(kept, pk=("rule", "subject"))
    gone = [key for key, state in changes.items() if state is None]
    db.conn.executemany("DELETE FROM rule_memory WHERE rule = ? AND subject = ?", gone)
