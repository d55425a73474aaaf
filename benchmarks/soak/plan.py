"""What happens in a soak, and by which settings."""

from __future__ import annotations

import json
import shutil
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from monitor.clock import ReplayClock
from monitor.config import Retention, parse

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.config import Settings

STARTS_AT = datetime(2025, 3, 3, 5, tzinfo=UTC)  # a Monday, midnight in New York
SYMBOLS = tuple(f"S{number}" for number in range(40))
ALWAYS_OPEN = 20  # of them; the others keep New York's hours
CARRIED = 30  # items of a feed's document
PUBLISHING = (
    "plain-0",
    "plain-1",
    "plain-2",
    "plain-3",
    "plain-4",
    "dated-0",
    "dated-1",
    "malformed",
    "moved",
    "flapping",
)
FAILING = ("error", "gone", "busy", "stalling", "resetting", "page", "bomb", "refused")
FEEDS = (*PUBLISHING, "large", "edited", *FAILING)
LARGE = 100  # items that come into the large feed at once, every hour

_SETTINGS = """
feeds:
{feeds}
watchlist:
  - {{name: All, tickers: [{symbols}]}}
topics:
  - {{name: Chips, terms: [chips, 반도체]}}
rules:
  - {{name: news, severity: info, when: {{headline: {{topic: Chips}}}}, cooldown: 30m}}
  - {{name: fall, severity: critical, when: {{quote: {{symbol: S0, change: {{at_most: -3}}}}}}, cooldown: 1h}}
  - {{name: swing, severity: info, when: {{move: {{symbol: S1, minutes: 10, percent: {{at_least: 0.5}}}}}}}}
  - {{name: silent, severity: warning, when: {{feed_failing: {{for: 2h}}}}, cooldown: 6h}}
  - {{name: stale, severity: warning, when: {{quotes_stale: {{for: 30m}}}}, cooldown: 1h}}
alerts:
  sinks:
    - file: {{path: {alert_log}}}
    - command: {{argv: [{command}], min_severity: critical}}
poll: {{interval: 10m, max_interval: 1h, host_gap: 0s, per_host: 8, allow_private: true, timeout: 1s, max_bytes: 1MiB}}
quotes: {{interval: 10s, closed_interval: 5m, endpoint: "{exchange}", timeout: 1s, stale_after: 1h}}
"""


class Plan(Struct, frozen=True, kw_only=True):
    """`speed` seconds pass in one of the machine's; it ends after `hours` of them and `rounds` of quotes.

    Quotes are asked for as soon as the collector has paused after a commit, about once a minute at 500 times the
    machine's clock; faster, and the rounds take longer than the hours. Rows are kept for `keep_hours`. The warm-up
    lasts `warm_up` hours and the same part of the rounds: a slow machine starts late. What is measured after it must be
    flat.
    """

    hours: float = 7 * 24.0
    rounds: int = 10_000
    warm_up: float = 3 * 24.0
    keep_hours: float = 36.0
    speed: float = 500.0
    began: float = 0.0  # of the machine's clock, epoch seconds

    @classmethod
    def read(cls, text: str) -> Self:
        return cls(**json.loads(text))

    def text(self) -> str:
        return json.dumps(asdict(self))

    def beginning(self) -> Plan:
        """The same from a moment soon to come, when all are ready."""
        return replace(self, began=time.time() + 4.0)

    @property
    def clock(self) -> ReplayClock:
        return ReplayClock(STARTS_AT, self.began, self.speed)

    @property
    def keep(self) -> timedelta:
        return timedelta(hours=self.keep_hours)

    def settings(self, newswire: str, exchange: str, folder: Path) -> Settings:
        """As a settings file would give them, but that rows may be kept for less than a day."""
        addresses = {name: f"{newswire}/{name}" for name in FEEDS}
        addresses["refused"] = "http://127.0.0.1:9/"
        addresses["busy"] = addresses["busy"].replace("127.0.0.1", "localhost")  # it holds back its whole host
        text = _SETTINGS.format(
            feeds="\n".join(f'  - {{name: {name}, url: "{url}"}}' for name, url in addresses.items()),
            symbols=", ".join(f"{{symbol: {symbol}}}" for symbol in SYMBOLS),
            alert_log=folder / "alerts.jsonl",
            command=shutil.which("true"),
            exchange=exchange,
        )
        settings = parse(text, "soak.yaml")
        keep = Retention(headlines=self.keep, bars=self.keep, history=self.keep, alerts=self.keep, polls=self.keep)
        return replace(settings, store=replace(settings.store, keep=keep))


def period(name: str) -> timedelta:
    """How long after one item the next comes."""
    return timedelta(minutes=20 + 3 * PUBLISHING.index(name))


def published(name: str, until: datetime) -> int:
    """How many items have been published by then."""
    return max(0, (until - STARTS_AT) // period(name))


def key(name: str, number: int) -> str:
    return f"{name} {number}"


def due(name: str, number: int) -> datetime:
    """When the item is published."""
    return STARTS_AT + (number + 1) * period(name)
