"""feeds.yaml: read it, and get frozen settings or every mistake in it at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.config.files import locate, read_text, user_file
    from monitor.config.schema import load, parse
    from monitor.config.screen import QuoteSettings, ScreenSettings, ViewerSettings
    from monitor.config.settings import (
        AlertSettings,
        AppriseSinkSettings,
        CommandSinkSettings,
        FileSinkSettings,
        PollSettings,
        Retention,
        Settings,
        SinkSettings,
        StdoutSinkSettings,
        StoreSettings,
    )

__all__ = [
    "AlertSettings",
    "AppriseSinkSettings",
    "CommandSinkSettings",
    "FileSinkSettings",
    "PollSettings",
    "QuoteSettings",
    "Retention",
    "ScreenSettings",
    "Settings",
    "SinkSettings",
    "StdoutSinkSettings",
    "StoreSettings",
    "ViewerSettings",
    "load",
    "locate",
    "parse",
    "read_text",
    "user_file",
]

_ELSEWHERE = {
    **dict.fromkeys(("load", "parse"), "schema"),
    **dict.fromkeys(("locate", "read_text", "user_file"), "files"),
    **dict.fromkeys(("QuoteSettings", "ScreenSettings", "ViewerSettings"), "screen"),
}


def __getattr__(name: str) -> object:
    """Imported when asked for: the readers cost 35 ms, and the screen opens before it reads the settings."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'settings')}"), name)
