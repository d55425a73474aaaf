"""`monitor check`: are the settings usable?"""

from __future__ import annotations

from pathlib import Path

import click

from monitor.cli import options, rows


@click.command("check")
@options.config
def command(config: Path | None) -> None:
    """Check the settings and say every mistake at once, with file, line, key and what was expected.

    Exit status 0 when they can be used, 2 when not.
    """
    settings = options.settings_of(config)
    active = sum(feed.enabled for feed in settings.feeds)
    rows.say(
        f"{settings.file}: good: {active} of {len(settings.feeds)} feeds enabled, {len(settings.tickers)} tickers in "
        f"{len(settings.watchlist)} groups, {len(settings.topics)} topics, {len(settings.rules)} rules"
    )
