"""A collector as a process of its own, with feeds and an exchange on loopback that a test can change as it goes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from monitor.demo.exchange import Exchange, Listing, quote_record
from tests.loopback import Loopback, Request, conditional

PATIENCE = 60.0  # seconds; nothing is judged by how soon it came

SETTINGS = """\
feeds:
{feeds}
watchlist:
  - name: Chips
    tickers:
      - {{symbol: NVDA, name: Nvidia, aliases: [엔비디아, 英伟达]}}
      - {{symbol: AVGO, name: Broadcom}}
topics:
  - name: DeepSeek
    terms: [DeepSeek, 딥시크]
rules:
{rules}
alerts:
  sinks:
    - file: {{path: "{alert_log}"}}
poll: {{interval: 1s, max_interval: 2s, host_gap: 0s, per_host: 8, allow_private: true, timeout: 20s}}
quotes: {{interval: 1s, closed_interval: 1s, endpoint: "{exchange}", timeout: 5s}}
"""
RULES = """\
  - {name: news, severity: warning, when: {headline: {topic: DeepSeek}}}
  - {name: fall, severity: critical, when: {quote: {symbol: NVDA, change: {at_most: -3}}}, cooldown: 0s}
"""


@dataclass(frozen=True)
class Item:
    """One news item; published now unless said otherwise."""

    title: str
    link: str = ""
    guid: str = ""
    age: timedelta = timedelta(0)

    def xml(self) -> str:
        link = self.link or f"https://news.example/{blake2b(self.title.encode(), digest_size=6).hexdigest()}"
        published = format_datetime(datetime.now(UTC) - self.age)
        return (
            f"<item><title>{escape(self.title)}</title><link>{escape(link)}</link>"
            f"<guid>{escape(self.guid or link)}</guid><pubDate>{published}</pubDate></item>"
        )


@dataclass
class Desk:
    """The world of one collector. `fall` is how far both stocks are from their previous close, in per cent."""

    folder: Path
    news: Loopback
    fall: float = 0.0
    feeds: list[str] = field(default_factory=lambda: ["/one"])
    rules: str = RULES
    running: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.exchange = Exchange(book=self._book)

    async def end(self) -> None:
        for process in self.running:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    @property
    def database(self) -> Path:
        return self.folder / "data" / "monitor.db"

    @property
    def alert_log(self) -> Path:
        return self.folder / "alerts.jsonl"

    @property
    def settings_file(self) -> Path:
        return self.folder / "feeds.yaml"

    def publish(self, path: str, *items: Item) -> None:
        """Make these the items of the feed at `path`."""
        body = (
            f'<rss version="2.0"><channel><title>{path}</title>{"".join(item.xml() for item in items)}</channel></rss>'
        )
        self.news.routes[path] = conditional(body, f'"{blake2b(body.encode(), digest_size=6).hexdigest()}"')

    def write_settings(self, extra: str = "") -> None:
        feeds = "\n".join(f'  - {{name: "feed {path}", url: "{self.news.url(path)}"}}' for path in self.feeds)
        text = SETTINGS.format(feeds=feeds, rules=self.rules, alert_log=self.alert_log, exchange=self.exchange.url)
        new = self.settings_file.with_suffix(".new")
        new.write_text(text + extra, encoding="utf-8")
        new.replace(self.settings_file)

    async def start(self, *arguments: str, **more: str) -> Process:
        """`monitor ARGUMENTS` with this desk's settings and database, and nothing of the tester's own environment but
        what `more` adds to it.
        """
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TZ": "Asia/Seoul",
            "MONITOR_CONFIG": str(self.settings_file),
            "MONITOR_DB": str(self.database),
            **more,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor", *arguments), stdout=PIPE, stderr=PIPE, env=environment, cwd=self.folder
        )
        self.running.append(process)
        return process

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """The exit status, standard output and standard error of a command that ends by itself."""
        process = await self.start(*arguments)
        async with asyncio.timeout(PATIENCE):
            output, complaints = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode(), complaints.decode()

    def alerts(self, file: Path | None = None) -> list[dict[str, Any]]:
        """The whole lines of the alert log."""
        try:
            text = (file or self.alert_log).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in text.splitlines()]

    def alert_texts(self, rule: str) -> list[str]:
        return [alert["text"] for alert in self.alerts() if alert["rule"] == rule]

    def _book(self, at: datetime) -> dict[str, dict[str, object]]:
        listings = (
            Listing(
                symbol=symbol,
                name=symbol,
                regular_price=round(close * (1 + self.fall / 100), 2),
                regular_time=at - timedelta(seconds=1),
                previous_close=close,
                volume=1000,
                average_volume=1000,
            )
            for symbol, close in (("NVDA", 142.62), ("AVGO", 244.7))
        )
        return {listing.symbol: quote_record(listing) for listing in listings}


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """A desk with one feed, `/one`, that has one old and dull item. Ends every process it started."""
    async with Loopback() as news:
        desk = Desk(folder, news)
        desk.publish("/one", Item("Shares little changed", age=timedelta(days=3)))
        async with desk.exchange:
            desk.write_settings()
            try:
                yield desk
            finally:
                await desk.end()


async def until(holds: Callable[[], object], *, process: Process | None = None) -> None:
    """Wait until `holds`, or fail: after a time in which it must have come true, or when `process` has ended."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            assert process is None or process.returncode is None, "the process ended meanwhile"
            await asyncio.sleep(0.02)


async def terminated(process: Process, number: signal.Signals = signal.SIGTERM) -> int:
    """Its exit status after the signal."""
    process.send_signal(number)
    async with asyncio.timeout(PATIENCE):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


def hanging() -> Callable[[Request], Awaitable[None]]:
    """A route that answers nothing for as long as the client waits."""

    async def answer(request: Request) -> None:
        await request.reader.read()

    return answer
