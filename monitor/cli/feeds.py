"""`monitor feeds`: the feeds of the settings, from and to OPML."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import BinaryIO

import click

from monitor.cli import options, rows
from monitor.errors import MonitorError


@click.group("feeds", invoke_without_command=True)
@options.config
@click.pass_context
def command(ctx: click.Context, *, config: Path | None) -> None:
    """List the feeds of the settings; import and export them as OPML."""
    ctx.obj = config
    if ctx.invoked_subcommand is None:
        feeds = options.settings_of(config).feeds
        width = max((rows.cells(feed.name) for feed in feeds), default=0)
        for feed in feeds:
            off = "" if feed.enabled else "  (off)"
            rows.say(f"{rows.padded(feed.name, width)}  {feed.language:<5}  {feed.url}{off}")


@command.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default="-")
@options.config
@click.pass_obj
def export_opml(outer: Path | None, *, file: Path, config: Path | None) -> None:
    """Write the feeds as OPML to FILE, or to standard output. Headers of feeds are left out: they may hold secrets."""
    from monitor.config.opml import write_opml

    opml = write_opml(options.settings_of(config or outer).feeds)
    if str(file) == "-":
        sys.stdout.buffer.write(opml.encode())  # in UTF-8, as it says of itself, whatever the terminal's encoding
    else:
        try:
            file.write_text(opml, encoding="utf-8")
        except OSError as error:
            raise MonitorError(f"{file}: cannot be written: {error.strerror}") from error


@command.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--dry-run", is_flag=True, help="Only say what would be added.")
@options.config
@click.pass_obj
def import_opml(outer: Path | None, *, file: BinaryIO, dry_run: bool, config: Path | None) -> None:
    """Add the feeds of the OPML FILE (- is standard input) to the settings file, whose comments stay as they are.

    It is --config, $MONITOR_CONFIG or the user's own file, which is made from the packaged one when there is none yet.
    A running collector notices the change.
    """
    from monitor.config import locate, read_text, user_file
    from monitor.config.files import packaged
    from monitor.config.opml import LARGEST, add_feeds, read_opml

    source = locate(config or outer)
    target = user_file() if source == packaged() else source
    imported = read_opml(file.read(LARGEST + 1), file.name)
    added = add_feeds(read_text(source), imported.feeds, str(target))
    for mistake in (*imported.skipped, *added.skipped):
        rows.complain(f"skipped: {mistake}")
    if added.feeds and not dry_run:
        _replace(target, added.text)
    for feed in added.feeds:
        rows.say(f"{'would add' if dry_run else 'added'}: {feed.name}  {feed.url}")
    count = len(added.feeds)
    done = "would be added" if dry_run else "added"
    rows.say(f"{count} {'feed' if count == 1 else 'feeds'} {done} to {target}" if count else "nothing to add")


def _replace(path: Path, text: str) -> None:
    """Write the whole file or nothing of it. One that is there keeps its owner and permissions, a new one is private.

    A link is followed, not replaced. Raises MonitorError.
    """
    path = path.resolve()
    new: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = path.stat() if path.exists() else None
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        new = Path(name)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            if before is not None:
                os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError as error:
        if new is not None:
            new.unlink(missing_ok=True)
        raise MonitorError(f"{path}: cannot be written, nothing was changed: {error.strerror}") from error
