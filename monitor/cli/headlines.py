"""`monitor headlines`."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli import options, rows

if TYPE_CHECKING:
    from monitor.config import Settings


@click.command("headlines")
@options.config
@options.database
@click.option("--topic", help="Only headlines of this topic.")
@click.option("--ticker", type=str.upper, metavar="SYMBOL", help="Only headlines that mention this symbol.")
@click.option("--feed", help="Only headlines of this feed, by name or address.")
@click.option("--language", type=str.lower, metavar="CODE", help="Only headlines in this language: en, ko, zh, ...")
@options.since
@click.option("--search", "text", default="", help='Words that must all be in the title; "quoted words" stay together.')
@options.limit
@options.as_json
@options.as_csv
def command(
    *,
    config: Path | None,
    database: Path | None,
    topic: str | None,
    ticker: str | None,
    feed: str | None,
    language: str | None,
    since: datetime | timedelta | None,
    text: str,
    limit: int,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List stored headlines, newest first: time, feed, *topics*, $tickers, title, link.

    A time with ~ before it is when the headline was first seen: its feed gave none.
    """
    from monitor.store.reader import Reader
    from monitor.store.records import HeadlineFilter

    when_empty = "nothing stored that fits"
    if topic or ticker or feed:
        settings = options.settings_of(config)
        topic = options.named(topic, [each.name for each in settings.topics])
        feed = options.named(feed, [each.name for each in settings.feeds])
        if unknown := _unknown(settings, topic, ticker, feed):
            when_empty += f"; the settings have no {' and no '.join(unknown)}"
    with closing(Reader.open(options.database_of(database, config))) as reader:
        from_then = options.beginning(since, rows.clock_of(reader).now())
        simulated = rows.is_simulated(reader)
        found = reader.headlines(
            HeadlineFilter(
                topic=topic, ticker=ticker, feed=feed, language=language, since=from_then, text=text, limit=limit
            )
        )
    rows.Listing(
        rows.HEADLINE_COLUMNS,
        [rows.headline_fields(headline, simulated=simulated) for headline in found],
        [rows.marked(rows.headline_line(headline), simulated=simulated) for headline in found],
        when_empty,
    ).print(as_json=as_json, as_csv=as_csv)


def _unknown(settings: Settings, topic: str | None, ticker: str | None, feed: str | None) -> list[str]:
    """What of the filter the settings do not name: it may be mistyped, or the database another collector's."""
    known = {
        "topic": (topic, {each.name for each in settings.topics}),
        "ticker": (ticker, {each.symbol for each in settings.tickers}),
        "feed": (feed, {each.name for each in settings.feeds} | {each.url for each in settings.feeds}),
    }
    return [f"{kind} {name}" for kind, (name, names) in known.items() if name and name not in names]
