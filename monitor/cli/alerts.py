"""`monitor alerts`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import click

from monitor.cli import options, rows
from monitor.models import Severity


@click.command("alerts")
@options.config
@options.database
@click.option("--rule", help="Only alerts of this rule.")
@click.option("--severity", type=click.Choice([str(severity) for severity in Severity]), help="Only this severity.")
@click.option("--ticker", type=str.upper, metavar="SYMBOL", help="Only alerts about this symbol.")
@options.since
@options.limit
@options.as_json
@options.as_csv
def command(
    *,
    config: Path | None,
    database: Path | None,
    rule: str | None,
    severity: str | None,
    ticker: str | None,
    since: datetime | timedelta | None,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List stored alerts, newest first. The JSON is that of the alert log (docs/alerts.md)."""
    from monitor.alerts.line import to_text
    from monitor.store.reader import Reader
    from monitor.store.records import AlertFilter

    if rule is not None:
        rule = options.named(rule, [each.name for each in options.settings_of(config).rules])
    with closing(Reader.open(options.database_of(database, config))) as reader:
        found = reader.alerts(
            AlertFilter(
                rule=rule,
                severity=Severity(severity) if severity else None,
                ticker=ticker,
                since=options.beginning(since, rows.clock_of(reader).now()),
                limit=limit,
            )
        )
    fields = [rows.alert_fields(alert) for alert in found]
    if as_csv:
        for row, alert in zip(fields, found, strict=True):
            row["links"] = [ref.link for ref in alert.headlines if ref.link]
    rows.Listing(rows.ALERT_COLUMNS, fields, [to_text(alert) for alert in found]).print(as_json=as_json, as_csv=as_csv)
