"""What feeds.yaml says, once read: frozen values, durations as timedelta. docs/configuration.md explains each key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from monitor import __version__
from monitor.config.screen import ScreenSettings
from monitor.models import Severity

if TYPE_CHECKING:
    from monitor.models import Rule

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each table keeps its rows. `bars` are the one-minute ones, `history` the longer ones."""

    headlines: timedelta = timedelta(days=365)
    bars: timedelta = timedelta(days=30)
    history: timedelta = timedelta(days=1825)
    alerts: timedelta = timedelta(days=365)
    polls: timedelta = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """`path` None is the platform's data folder. Members of `group` may read the files; None leaves them private."""

    path: Path | None = None
    group: str | None = None
    keep: Retention = field(default_factory=Retention)


LineFormat = Literal["jsonl", "text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSinkSettings:
    """`path` None is alerts.jsonl in the platform's state folder."""

    path: Path | None = None
    format: LineFormat = "jsonl"
    min_severity: Severity = Severity.INFO
    name: str = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class StdoutSinkSettings:
    format: LineFormat = "text"
    min_severity: Severity = Severity.INFO
    name: str = "stdout"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSinkSettings:
    """`argv` is run once for each alert, without a shell, with the alert's JSON on its standard input."""

    argv: tuple[str, ...]
    timeout: timedelta = timedelta(seconds=10)
    min_severity: Severity = Severity.INFO
    name: str = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSinkSettings:
    """`urls` are Apprise's. They hold secrets, so no message and no table may show them."""

    urls: tuple[str, ...] = field(repr=False)
    min_severity: Severity = Severity.INFO
    name: str = "apprise"


SinkSettings = FileSinkSettings | StdoutSinkSettings | CommandSinkSettings | AppriseSinkSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Every alert goes to each of `sinks` whose `min_severity` it reaches. Sinks have different names."""

    sinks: tuple[SinkSettings, ...] = (FileSinkSettings(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(ScreenSettings):
    """All of one settings file."""

    rules: tuple[Rule, ...] = ()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    poll: PollSettings = field(default_factory=PollSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
