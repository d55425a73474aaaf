"""A database with as much in it as it ever holds, and its collector: a niced process that holds the lock and writes
what it is told to.

python -m tests.full_database DATABASE HEADLINES reads a line for each thing to write, and says `done` after it:
`headlines N` in one poll, `quote SYMBOL`, `flood N` a second until the next line.
"""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from monitor import lock
from monitor.models import Entry, Feed, FeedState, Quote, QuoteSourceState, Session
from tests.commands import STANDS_STILL, collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.models import Mention
    from monitor.store.writer import Writer

MANY = 100_000
NOW = datetime(2025, 1, 27, 17, 30, tzinfo=UTC)
APART = timedelta(seconds=30)  # between two headlines
DAY = 180  # minutes since the open
BATCH = 500
POLLS = 20  # a second, while headlines pour in
NICE = 10
TITLES = (
    "DeepSeek's cheap model shakes Nvidia and every maker of AI chips",
    "[속보] 딥시크 충격에 엔비디아 급락, 나스닥 선물 3% 넘게 하락",
    "深度求索冲击美股,英伟达股价暴跌,费城半导体指数重挫",
    "Oracle and SoftBank defend the Stargate spending plan as shares fall",
    "Fed seen holding rates as investors move into treasuries and the yen",
    "미국 국채 금리 하락, 안전자산 선호에 엔화 강세",
)


class FullDatabase:
    """Filled with these many headlines, and with its collector. Use it as a context manager."""

    def __init__(self, path: Path, headlines: int = MANY) -> None:
        self.path = path
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.full_database", str(path), str(headlines)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        """Of its collector."""
        return self._process.pid

    def headlines(self, number: int = 1) -> None:
        """One poll brings so many new ones, now."""
        self._ask(f"headlines {number}")

    def quote(self, symbol: str) -> None:
        """Another price of this symbol, now."""
        self._ask(f"quote {symbol}")

    def flood(self, a_second: int) -> None:
        """From now on so many headlines a second, until something else is asked for."""
        self._ask(f"flood {a_second}")

    def _ask(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"


class _Collector:
    """Has the shipped settings. Its clock stands still at NOW, so that no minute turns by itself."""

    def __init__(self, writer: Writer) -> None:
        from monitor.baseline import load as documented
        from monitor.config import load
        from monitor.config.files import packaged

        settings = load(packaged())
        self._writer = writer
        self._feeds = settings.feeds
        self._symbols = [ticker.symbol for ticker in settings.tickers]
        self._news = _news()
        self._prices = itertools.cycle(100 + step % 17 / 4 for step in range(17))
        writer.sync_feeds(self._feeds)
        writer.heartbeat(
            collector(
                pid=os.getpid(),
                started_at=NOW,
                heartbeat_at=NOW,
                replay_starts_at=NOW,
                replay_speed=STANDS_STILL,
            )
        )
        writer.sync_baseline(documented())

    def fill(self, headlines: int) -> None:
        """The whole watchlist with its day in bars, and these many headlines."""
        with self._writer.transaction():
            for ago in range(0, DAY + 1, 5)[::-1]:
                self.trade(*self._symbols, now=NOW - timedelta(minutes=ago))
            for left in range(headlines, 0, -BATCH):
                self.poll(
                    min(BATCH, left), self._feeds[left // BATCH % len(self._feeds)], now=NOW - left * APART, apart=APART
                )

    def poll(
        self, headlines: int, feed: Feed | None = None, *, now: datetime = NOW, apart: timedelta = timedelta(0)
    ) -> None:
        feed = feed or self._feeds[0]
        news = [
            (
                Entry(key=key, title=title, link=f"https://news.example/{key}", published_at=now + place * apart),
                mentions,
            )
            for place, (key, title, mentions) in enumerate(itertools.islice(self._news, headlines))
        ]
        self._writer.record_poll(feed, FeedState(url=feed.url, last_checked_at=now, last_success_at=now), news, now=now)

    def trade(self, *symbols: str, now: datetime = NOW) -> None:
        quotes = [
            Quote(
                symbol=symbol,
                price=next(self._prices),
                traded_at=now,
                session=Session.REGULAR,
                fetched_at=now,
                currency="USD",
                base_close=110.0,
            )
            for symbol in symbols
        ]
        self._writer.record_quotes(quotes, now=now)
        self._writer.record_quote_source(QuoteSourceState(last_checked_at=now, last_success_at=now))

    def flood(self, a_second: int) -> None:
        while not select.select([sys.stdin], [], [], 0)[0]:
            began = time.monotonic()
            self.poll(a_second // POLLS)
            time.sleep(max(0.0, 1 / POLLS - (time.monotonic() - began)))


def _news() -> Iterator[tuple[str, str, tuple[Mention, ...]]]:
    """Keys and titles without end, and what the collector would find in them."""
    from monitor.config import load
    from monitor.config.files import packaged
    from monitor.topics import Matcher

    settings = load(packaged())
    matcher = Matcher(settings.topics, settings.tickers)
    found = [(title, matcher.match(title, "")) for title in TITLES]
    for number, (title, mentions) in enumerate(itertools.cycle(found)):
        yield f"{number}", f"{title} ({number:,})", mentions


def main() -> None:
    from monitor.store.writer import Writer

    path, headlines = Path(sys.argv[1]), int(sys.argv[2])
    with lock.collecting(path), Writer.open(path) as writer:
        collecting = _Collector(writer)
        collecting.fill(headlines)
        os.nice(NICE)
        _say_done()
        for line in iter(sys.stdin.readline, ""):
            match line.split():
                case ["headlines", number]:
                    collecting.poll(int(number))
                    _say_done()
                case ["quote", symbol]:
                    collecting.trade(symbol)
                    _say_done()
                case ["flood", a_second]:
                    _say_done()
                    collecting.flood(int(a_second))


def _say_done() -> None:
    sys.stdout.write("done\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
