"""Where this program keeps its files unless told otherwise (platformdirs: XDG on Linux, Library on macOS)."""

from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from pathlib import Path

APP = "monitor"


def database() -> Path:
    return platformdirs.user_data_path(APP, appauthor=False) / "monitor.db"


def alert_log() -> Path:
    return platformdirs.user_state_path(APP, appauthor=False) / "alerts.jsonl"


def personal_state() -> Path:
    """What is the user's own and not in any database: marks, layout, theme."""
    return platformdirs.user_state_path(APP, appauthor=False) / "viewer.db"


def collector_log(into: Path) -> Path:
    """What the collector that a viewer started has to say; one log a database, so that two do not mix."""
    real = os.path.realpath(into)
    mark = "" if real == os.path.realpath(database()) else f"-{zlib.crc32(os.fsencode(real)):08x}"
    return platformdirs.user_state_path(APP, appauthor=False) / f"collector{mark}.log"


def yahoo_cache() -> Path:
    """yfinance's cookie lives here; without a writable folder it asks for a new one at every poll."""
    return platformdirs.user_cache_path(APP, appauthor=False) / "yahoo"
