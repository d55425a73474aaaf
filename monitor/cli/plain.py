"""The screen's own words, understood without click: that is a tenth of the time until the screen is there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMPLETING = "_MONITOR_COMPLETE"  # click's: a shell asks which words could follow


class ScreenAsked(NamedTuple):
    """What `view.open_screen` is to be called with."""

    config: Path | None = None
    database: Path | None = None
    theme: str | None = None
    mouse: bool = True
    collect: bool = True


def screen_asked(words: Sequence[str], environment: Mapping[str, str]) -> ScreenAsked | None:
    """None where it is click's to judge: commands, --help, mistakes, and every less usual way to write an option."""
    given: dict[str, str] = {}
    mouse = collect = True
    rest = iter(words)
    for word in rest:
        match word:
            case "--no-mouse":
                mouse = False
            case "--no-collect":
                collect = False
            case "--config" | "-c":
                given["config"] = next(rest, "-")
            case "--db":
                given["database"] = next(rest, "-")
            case "--theme":
                given["theme"] = next(rest, "-")
            case _:
                return None
    if COMPLETING in environment or any(not value or value.startswith("-") for value in given.values()):
        return None
    config, database = given.get("config"), given.get("database") or environment.get("MONITOR_DB")
    if database and os.path.isdir(database):  # noqa: PTH112 (Path's raises where it may not look)
        return None
    return ScreenAsked(
        Path(config) if config else None,
        Path(database) if database else None,
        given.get("theme"),
        mouse=mouse,
        collect=collect,
    )
