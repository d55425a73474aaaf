"""`monitor` alone: opens the screen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from monitor.config import Settings
    from monitor.store.records import CollectorInfo
    from monitor.tui.child import CollectorChild

TOLD_EARLY = ("store", "viewer")  # sections without which the screen cannot be opened as the settings say


def open_screen(
    *,
    config: Path | None,
    database: Path | None,
    theme: str | None = None,
    mouse: bool = True,
    collect: bool = True,
    collector: Callable[[], CollectorChild] | None = None,
) -> int:
    """Show the screen until it is left; the exit status. Raises MonitorError where it cannot be shown.

    With `collect`, what `collector` makes collects while nobody else does; None: what suits the database.

    The settings take longer to read than the rest of the start, so they are read after the first screenful unless
    they have something to say about it.
    """
    from monitor.tui import launch

    launch.require_terminal()
    own = _told_early(config)
    from monitor import paths
    from monitor.config import ViewerSettings

    path = database or (own and own.store.path) or paths.database()
    return launch.run(
        launch.Screen(
            database=path,
            state=paths.personal_state(),
            collector=(collector or partial(own_collector, path, config)) if collect else None,
            viewer=own.viewer if own else ViewerSettings(),
            settings=lambda info: _settings(config, info),
            theme=theme,
            mouse=mouse,
        )
    )


def own_collector(database: Path, config: Path | None) -> CollectorChild:
    """With the viewer's settings; where the database holds a replayed day, what goes on with that."""
    from monitor import paths
    from monitor.tui import child

    return child.CollectorChild(lambda: child.suited(database, config), database, paths.collector_log(database))


def _told_early(config: Path | None) -> Settings | None:
    """The settings, where they may differ from the packaged ones in what is needed first. Raises ConfigError."""
    from monitor.config import files, locate, read_text

    path = locate(config)
    if path == files.packaged() or not any(section in read_text(path) for section in TOLD_EARLY):
        return None
    from monitor.config import load

    return load(config)


def _settings(config: Path | None, info: CollectorInfo | None) -> Settings:
    """The viewer's own, or what a replay collects with. Raises ConfigError."""
    from monitor.config import files, load

    own = load(config)
    if info is None or not info.simulated:
        return own
    from monitor.demo.settings import FULL_PACE, demo_settings

    replayed = demo_settings("", "", base=load(files.packaged()), speed=info.replay_speed or FULL_PACE)
    return replace(replayed, file=own.file, viewer=own.viewer)
