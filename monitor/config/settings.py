"""What feeds.yaml says, once read: frozen values, durations as timedelta. docs/configuration.md explains each key."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal

from monitor import __version__
from monitor.models import Feed, Group, Rule, Severity, Ticker, Topic

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
    workers: int = 32
    per_host: int = 2
    host_gap: timedelta = timedelta(seconds=1)
    allow_private: bool = False
    contact: str | None = None

    @property
    def user_agent(self) -> str:
        """Names this program, and whom to write to about it where the settings say (www.sec.gov asks for that)."""
        return f"monitor/{__version__} ({self.contact or 'news-and-market monitor'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteSettings:
    """How quotes are asked. `closed_interval` holds while every market of the watchlist is closed.

    A quote is stale when it is older than `stale_after` in the regular session, `stale_after_extended` before and
    after it. `endpoint` replaces Yahoo's base address. `batch` symbols go into one request; Yahoo takes at most 50.
    """

    interval: timedelta = timedelta(seconds=15)
    closed_interval: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(seconds=10)
    stale_after: timedelta = timedelta(minutes=2)
    stale_after_extended: timedelta = timedelta(minutes=15)
    stream: bool = False
    endpoint: str | None = None
    batch: int = 50


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
class ViewerSettings:
    """How the screen looks and is worked. What a person changes there later is kept elsewhere, and wins.

    `keys` has the keys of actions that are to have others than the program's own: ("headlines.star", ("s", "f2")).
    `layout` is how many panels are shown at most where there is room; "four" is all of them.
    """

    theme: str | None = None
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    bell: bool = False
    notify: Literal["none", "osc9", "osc777"] = "none"
    layout: Literal["four", "two", "one"] = "four"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All of one settings file. `file` is its path as given, for messages and for noticing that it changed."""

    file: str
    feeds: tuple[Feed, ...] = ()
    watchlist: tuple[Group, ...] = ()
    topics: tuple[Topic, ...] = ()
    rules: tuple[Rule, ...] = ()
    alerts: AlertSettings = field(default_factory=AlertSettings)
    poll: PollSettings = field(default_factory=PollSettings)
    quotes: QuoteSettings = field(default_factory=QuoteSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    viewer: ViewerSettings = field(default_factory=ViewerSettings)

    @property
    def tickers(self) -> tuple[Ticker, ...]:
        """The watchlist's tickers, each symbol once, in its order.

        A symbol may stand in several groups. It takes the first name that is more than the symbol, and all aliases.
        """
        found: dict[str, Ticker] = {}
        for ticker in (ticker for group in self.watchlist for ticker in group.tickers):
            known = found.get(ticker.symbol, ticker)
            found[ticker.symbol] = Ticker(
                symbol=ticker.symbol,
                name=ticker.name if known.name == known.symbol else known.name,
                aliases=tuple(dict.fromkeys(known.aliases + ticker.aliases)),
            )
        return tuple(found.values())
