"""`python -m tests.ticker_app DATABASE SYMBOL`: the viewer with a ticker's screen open, in a process of its own."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_DISABLE_KITTY_KEY="1")

from monitor.config import Settings, files, load
from monitor.demo.script import Script
from monitor.models import Feed, FeedState, Quote, Session
from monitor.store.personal import Personal
from monitor.store.records import CollectorInfo, HistoryState
from monitor.store.writer import Writer
from monitor.tui import app, prices
from monitor.tui.app import MonitorApp
from monitor.tui.screens.ticker import TickerScreen
from tests.store_samples import entry, mention

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Bar

FEED = Feed(url="https://news.example/rss", name="연합뉴스 증권")
TITLES = (
    "Nvidia sinks as DeepSeek's cheap model rattles the chip trade",
    "딥시크 충격에 엔비디아 급락…반도체주 줄줄이 하락",
    "深度求索发布新模型，英伟达盘前大跌，投资者重新评估算力需求",
)


class TickerApp(MonitorApp):
    """`opened` are the ids of the headlines that were to be opened. Times are shown in UTC."""

    CSS_PATH = str(Path(app.__file__).with_name("monitor.tcss"))
    zone = UTC

    def __init__(self, database: Path, symbol: str, settings: Settings | None = None) -> None:
        personal = Personal(database.with_name("viewer.db"))
        super().__init__(database, personal=personal, read_settings=lambda _: settings or load(files.packaged()))
        self.opened: list[int] = []
        self.ticker = TickerScreen(symbol, open_headline=self.opened.append)

    def on_ready(self) -> None:
        self.push_screen(self.ticker)


def replayed(database: Path, now: datetime, *, symbol: str = "NVDA", headlines: int = 3) -> None:
    """What a collector has stored of a replay that stands at `now`: minutes of the day, a quote, headlines."""
    script = Script()
    bars = script.bars(symbol, now - timedelta(hours=12), now, "1m", now=now)
    with closing(Writer.open(database)) as writer:
        writer.heartbeat(collector(now))
        writer.record_bars([replace(bar, source="polled", samples=4) for bar in bars])
        writer.record_quotes([quote(symbol, now)], now=now)
        state = FeedState(url=FEED.url, last_checked_at=now)
        for number in range(headlines):
            at = now - timedelta(minutes=7 * (headlines - number))
            title = TITLES[number % len(TITLES)]
            found = entry(str(number), title, published_at=at)
            writer.record_poll(FEED, state, [(found, (mention(symbol, 0, 2),))], now=at)


def recalled(database: Path, symbol: str, *, simulated: bool = True) -> None:
    """The prices of January 2025, as a collector fetches them once."""
    bars = [bar for interval in ("1d", "1h") for bar in january(symbol, interval)]
    state = HistoryState(symbol=symbol, asked_at=datetime.now(UTC), simulated=simulated)
    with closing(Writer.open(database)) as writer:
        writer.record_baseline_history(state, bars)


def january(symbol: str, interval: str) -> Sequence[Bar]:
    return Script().bars(symbol, prices.BEFORE, prices.AFTER, interval, now=prices.AFTER)


def quote(symbol: str, now: datetime) -> Quote:
    script = Script()
    close = script.bars(symbol, now - timedelta(days=5), now - timedelta(days=1), "1d", now=now)[-1].close
    return Quote(
        symbol=symbol,
        price=script.price_at(symbol, now),
        traded_at=now,
        fetched_at=now,
        session=Session.REGULAR,
        currency="USD",
        base_close=close,
    )


def collector(now: datetime) -> CollectorInfo:
    """Of a replay that stands still at `now`, and whose collector is gone."""
    return CollectorInfo(
        pid=1,
        host="here",
        version="0",
        started_at=now,
        heartbeat_at=now,
        simulated=True,
        replay_starts_at=now,
        replay_wall_start=4e9,
        replay_speed=1.0,
    )


if __name__ == "__main__":
    TickerApp(Path(sys.argv[1]), sys.argv[2]).run()
