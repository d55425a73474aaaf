"""Where this program keeps its files unless told otherwise (platformdirs: XDG on Linux, Library on macOS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from pathlib import Path

APP = "monitor"


def database() -> Path:
    return platformdirs.user_data_path(APP, appauthor=False) / "monitor.db"


def alert_log() -> Path:
    return platformdirs.user_state_path(APP, appauthor=False) / "alerts.jsonl"


def yahoo_cache() -> Path:
    """yfinance's cookie lives here; without a writable folder it asks for a new one at every poll."""
    return platformdirs.user_cache_path(APP, appauthor=False) / "yahoo"
