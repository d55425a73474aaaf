"""feeds.yaml: read it, and get frozen settings or every mistake in it at once."""

from monitor.config.files import locate, read_text, user_file
from monitor.config.schema import load, parse
from monitor.config.settings import (
    AlertSettings,
    AppriseSinkSettings,
    CommandSinkSettings,
    FileSinkSettings,
    PollSettings,
    QuoteSettings,
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
    "Settings",
    "SinkSettings",
    "StdoutSinkSettings",
    "StoreSettings",
    "load",
    "locate",
    "parse",
    "read_text",
    "user_file",
]
