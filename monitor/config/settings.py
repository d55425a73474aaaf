"""What feeds.yaml says, once read: frozen values, durations as timedelta. docs/configuration.md explains each key."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from monitor import __version__
from monitor.config.screen import ScreenSettings
from monitor.models import Severity

if TYPE_CHECKING:
    from monitor.models import Rule

MIB = 1024 * 1024


class PollSettings(Struct, frozen=True, kw_only=True):
    """How feeds are asked.

    `timeout` bounds a whole request, redirects and body included. `max_bytes` counts the body as decoded. `per_host`
    requests to one host run at once, `host_gap` apart. `max_interval` caps the wait a server may ask for and the
    backoff. `allow_private` lets addresses resolve to loopback, private and link-local networks.
    """

    interval: timedelta = timedelta(minutes=10)
    max_interval: timedelta = timedelta(days=1)
    timeout: timedelta = timedelta(seconds=20)
    max_bytes: int = 5 * MIB
    workers: int = 96
    per_host: int = 2
    host_gap: timedelta = timedelta(seconds=1)
    allow_private: bool = False
    contact: str | None = None

    @property
    def user_agent(self) -> str:
        """Names this program, and whom to write to about it where the settings say (www.sec.gov asks for that)."""
        return f"monitor/{__version__} ({self.contact or 'news-and-market monitor'})"


class Retention(Struct, frozen=True, kw_only=True):
    """How long each table keeps its rows. `bars` are the one-minute ones, `history` the longer ones."""

    headlines: timedelta = timedelta(days=365)
    bars: timedelta = timedelta(days=30)
    history: timedelta = timedelta(days=1825)
    alerts: timedelta = timedelta(days=365)
    polls: timedelta = timedelta(days=14)


class StoreSettings(Struct, frozen=True, kw_only=True):
    """`path` None is the platform's data folder. Members of `group` may read the files; None leaves them private."""

    path: Path | None = None
    group: str | None = None
    keep: Retention = Retention()


LineFormat = Literal["jsonl", "text"]


class FileSinkSettings(Struct, frozen=True, kw_only=True):
    """`path` None is alerts.jsonl in the platform's state folder."""

    path: Path | None = None
    format: LineFormat = "jsonl"
    min_severity: Severity = Severity.INFO
    name: str = "file"


class StdoutSinkSettings(Struct, frozen=True, kw_only=True):
    format: LineFormat = "text"
    min_severity: Severity = Severity.INFO
    name: str = "stdout"


class CommandSinkSettings(Struct, frozen=True, kw_only=True):
    """`argv` is run once for each alert, without a shell, with the alert's JSON on its standard input."""

    argv: tuple[str, ...]
    timeout: timedelta = timedelta(seconds=10)
    min_severity: Severity = Severity.INFO
    name: str = "command"


class AppriseSinkSettings(Struct, frozen=True, kw_only=True):
    """`urls` are Apprise's. They hold secrets, so no message and no table may show them."""

    urls: tuple[str, ...]
    min_severity: Severity = Severity.INFO
    name: str = "apprise"

    def __repr__(self) -> str:
        return f"AppriseSinkSettings(urls=<{len(self.urls)}>, min_severity={self.min_severity!r}, name={self.name!r})"


SinkSettings = FileSinkSettings | StdoutSinkSettings | CommandSinkSettings | AppriseSinkSettings


class AlertSettings(Struct, frozen=True, kw_only=True):
    """Every alert goes to each of `sinks` whose `min_severity` it reaches. Sinks have different names."""

    sinks: tuple[SinkSettings, ...] = (FileSinkSettings(),)


class Settings(ScreenSettings, frozen=True, kw_only=True):
    """All of one settings file."""

    rules: tuple[Rule, ...] = ()
    alerts: AlertSettings = AlertSettings()
    poll: PollSettings = PollSettings()
    store: StoreSettings = StoreSettings()
