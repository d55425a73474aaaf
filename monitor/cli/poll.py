"""`monitor poll`: ask now."""

from __future__ import annotations

from pathlib import Path

import click

from monitor import lock, mailbox
from monitor.cli import options

NO_COLLECTOR = 3


@click.command("poll")
@options.config
@options.database
@click.argument("feed", required=False)
@click.pass_context
def command(ctx: click.Context, *, config: Path | None, database: Path | None, feed: str | None) -> None:
    """Have the running collector ask FEED (its name) now, or all feeds and quotes, without waiting for their time.

    A host that asked for a pause is left alone all the same. Exit status 3 when no collector runs.
    """
    path = options.database_of(database, config)
    if feed is not None and feed not in {each.name for each in options.settings_of(config).feeds}:
        raise click.BadParameter(f"no feed of this name; `monitor feeds` lists them: {feed!r}")
    if lock.holder(path) is None:
        click.echo("no collector runs on this database", err=True)
        ctx.exit(NO_COLLECTOR)
    mailbox.post(path, mailbox.PollNow(feed))
