"""Options that several commands share, and what they mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable

    from monitor.config import Settings

config = click.option(
    "--config",
    "-c",
    "config",
    type=click.Path(path_type=Path, readable=False),  # whoever reads it says better why it cannot
    help="Settings file (default: $MONITOR_CONFIG, the user's, or the packaged one).",
)
database = click.option(
    "--db",
    "database",
    type=click.Path(path_type=Path, dir_okay=False, readable=False),
    envvar="MONITOR_DB",
    show_envvar=True,
    help="Database file (default: store.path of the settings, or the user's data folder).",
)
limit = click.option(
    "--limit", "-n", default=50, show_default=True, type=click.IntRange(1, 100_000), help="At most so many."
)
child = click.option("--child", is_flag=True, hidden=True, help="Of a viewer: monitor/leash.py says what that means.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
as_csv = click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")


def _moment_or_span(text: str) -> datetime | timedelta:
    from monitor.config.scalars import seconds

    for read in (seconds, datetime.fromisoformat):
        try:
            found = read(text)
            return found.astimezone(UTC) if isinstance(found, datetime) else found
        except (ValueError, OverflowError):
            continue
    raise click.BadParameter(f"{text!r} is neither a span like 2h nor a moment like 2025-01-27T07:50-05:00.")


since = click.option(
    "--since",
    type=_moment_or_span,
    metavar="WHEN",
    help="Only from then on: 90m, 2h, 3d, or a moment like 2025-01-27T07:50-05:00 (without an offset: local time).",
)


def beginning(since: datetime | timedelta | None, now: datetime) -> datetime | None:
    """The moment that --since means; a span goes back from `now`, which in a replay is the replayed day's."""
    if not isinstance(since, timedelta):
        return since
    try:
        return now - since
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def named(wanted: str | None, names: Iterable[str]) -> str | None:
    """The one of `names` that is `wanted` but for upper and lower case, else `wanted` itself."""
    return next((name for name in names if wanted is not None and name.casefold() == wanted.casefold()), wanted)


def settings_of(config: Path | None) -> Settings:
    """Raises ConfigError."""
    from monitor.config import load

    return load(config)


def database_of(database: Path | None, config: Path | None) -> Path:
    """The database that a command means; the settings are read only when the command line does not say."""
    from monitor import paths

    return database or settings_of(config).store.path or paths.database()
