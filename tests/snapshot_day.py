"""A database with something of everything that the screen shows, the same each time, at 23:50 in Seoul."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor import lock
from monitor.baseline import load as documented
from monitor.config import parse
from monitor.models import (
    AlertKind,
    Bar,
    Entry,
    FailureKind,
    Feed,
    FeedState,
    Quote,
    QuoteSourceState,
    Session,
    Severity,
)
from monitor.topics import Matcher
from tests.commands import NOW, collected
from tests.store_samples import BASELINE_REF, HEADLINE_REF, QUOTE_REF, alert, minutes, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from monitor.models import Alert
    from monitor.store.personal import Personal
    from monitor.store.writer import Writer

WIRE = Feed(url="https://wire.example/rss", name="Example Newswire")
SEOUL = Feed(url="https://seoul.example/rss", name="연합뉴스 증권", language="ko")
SINA = Feed(url="https://sina.example/rss", name="新浪财经", language="zh")
TAPE = Feed(url="https://tape.example/rss", name="Ticker Tape")
SETTINGS = parse(
    """
feeds:
  - {url: https://wire.example/rss, name: Example Newswire}
  - {url: https://seoul.example/rss, name: 연합뉴스 증권, language: ko}
  - {url: https://sina.example/rss, name: 新浪财经, language: zh}
  - {url: https://tape.example/rss, name: Ticker Tape}
watchlist:
  - name: Chips
    tickers:
      - {symbol: NVDA, name: Nvidia, aliases: [엔비디아, 英伟达]}
      - {symbol: AVGO, name: Broadcom, aliases: [브로드컴]}
      - {symbol: AMD, name: AMD}
  - name: 한국
    tickers:
      - {symbol: 000660.KS, name: SK hynix, aliases: [SK하이닉스]}
      - {symbol: 005930.KS, name: 삼성전자}
  - name: Elsewhere
    tickers: [{symbol: ^IXIC, name: Nasdaq Composite}, {symbol: NOSUCH}, {symbol: SMCI, name: Super Micro}]
topics:
  - {name: DeepSeek, terms: [DeepSeek, 딥시크, 深度求索], style: bold yellow}
  - {name: OpenAI, terms: [OpenAI], style: green}
rules: []
""",
    "feeds.yaml",
)
NEWS = (  # minutes ago, whose, title
    (1, SEOUL, "[속보] 딥시크 충격에 엔비디아 개장 직후 12% 급락…반도체주 줄줄이 하락"),
    (2, WIRE, "Nvidia sinks as DeepSeek's cheap model rattles the chip trade and everybody who believed in it"),
    (4, SINA, "深度求索发布新模型，英伟达盘前大跌，投资者重新评估算力需求"),
    (9, WIRE, "OpenAI says it will answer within weeks"),
    (15, SEOUL, "SK하이닉스·삼성전자 개장 후 약세, 외국인 순매도 전환"),
    (28, TAPE, "$NVDA -11.6% pre, AVGO -11%"),
    (31, WIRE, "Treasury yields fall as investors look for cover"),
    (55, SINA, "美股开盘：纳斯达克指数跌逾3%，博通领跌"),
    (14 * 60, SEOUL, "브로드컴, 맞춤형 칩 수요 전망 유지"),
    (40 * 60, WIRE, "What DeepSeek's paper says of its costs"),
)
STORY = "https://wire.example/story"
PRICES = (  # symbol, price, the close before, currency, minutes since its last trade
    ("NVDA", 124.8, 142.62, "USD", 0),
    ("AVGO", 216.92, 244.7, "USD", 0),
    ("AMD", 122.84, 122.84, "USD", 0),
    ("000660.KS", 221_000.0, 217_500.0, "KRW", 500),
    ("005930.KS", 53_700.0, 53_700.0, "KRW", 500),
    ("^IXIC", 19_412.5, 19_954.3, "USD", 47),
)


def alerts() -> list[Alert]:
    """Of each severity, and one of a rule that cannot be evaluated; oldest first."""
    return [
        alert(
            "a1",
            fired_at=NOW - minutes(900),
            severity=Severity.INFO,
            rule="Feed silent",
            subject="",
            text="TAPE: 3 h",
        ),
        alert(
            "a2",
            fired_at=NOW - minutes(50),
            severity=Severity.WARNING,
            rule="속보",
            subject="",
            text="딥시크 충격에 엔비디아 급락",
            headlines=(HEADLINE_REF,),
        ),
        alert(
            "a3",
            fired_at=NOW - minutes(20),
            severity=Severity.WARNING,
            kind=AlertKind.CANNOT_EVALUATE,
            rule="Nasdaq down",
            subject="^IXIC",
            text="cannot evaluate: ^IXIC (stale for 27m)",
        ),
        alert(
            "a4",
            fired_at=NOW - minutes(3),
            text="NVDA -12.5% from the close",
            quotes=(QUOTE_REF,),
            baseline=BASELINE_REF,
        ),
    ]


@contextmanager
def filled(path: Path, *, simulated: bool = False, running: bool = True) -> Iterator[None]:
    """Fill the database at `path`; while the block runs its collector does too, unless it is not `running`."""
    with collected(path, simulated=simulated) as writer:
        writer.sync_feeds(SETTINGS.feeds)
        writer.sync_baseline(documented())
        _news(writer)
        _prices(writer)
        writer.record_alerts(alerts(), [])
    if not running:
        yield
        return
    with lock.collecting(path):
        yield


def mark(personal: Personal) -> None:
    """What the user has read, starred, acknowledged and snoozed."""
    first, second, *_ = alerts()
    personal.acknowledge([first])
    personal.snooze(second.rule, NOW + minutes(15))
    personal.mark_read([1, 2])
    personal.star(8)


def _news(writer: Writer) -> None:
    matcher = Matcher(SETTINGS.topics, SETTINGS.tickers)
    for number, (ago, feed, title) in enumerate(reversed(NEWS)):
        link = STORY if ago in {1, 2} else f"https://wire.example/{number}"
        summary = f"{title}. 엔비디아와 브로드컴이 나스닥 하락을 이끌었다. Nvidia lost most." * (ago < 5)
        entry = Entry(key=str(number), title=title, link=link, summary=summary, published_at=NOW - minutes(ago))
        if feed is TAPE:
            entry = replace(entry, published_at=None)
        at = NOW - minutes(ago) + seconds(20)
        state = FeedState(
            url=feed.url, last_checked_at=at, last_success_at=at, next_check_at=NOW + minutes(2), latency=seconds(0.25)
        )
        writer.record_poll(feed, state, [(entry, matcher.match(entry.title, entry.summary))], now=at)
    failing = FeedState(
        url=TAPE.url,
        last_checked_at=NOW - minutes(4),
        last_success_at=NOW - minutes(28),
        next_check_at=NOW + minutes(12),
        failures=3,
        failing_since=NOW - minutes(20),
        failure=FailureKind.HTTP,
        error="tape.example answered 503 Service Unavailable, and asks to be left alone for 12 minutes",
        status=503,
    )
    writer.record_poll(TAPE, failing, [], now=NOW - minutes(4))


def _prices(writer: Writer) -> None:
    for symbol, price, before, currency, ago in PRICES:
        at = NOW - minutes(ago)
        fetched = _course(symbol, before, price, until=at)
        writer.record_bars([*fetched, *(replace(bar, source="polled", samples=4) for bar in fetched)])
        closed = symbol.endswith(".KS")
        quote = Quote(
            symbol=symbol,
            price=price,
            traded_at=at,
            fetched_at=NOW,
            session=Session.CLOSED if closed else Session.REGULAR,
            currency=currency,
            base_close=before,
        )
        writer.record_quotes([quote], now=NOW)
    asked = NOW - seconds(5)
    writer.record_quote_source(
        QuoteSourceState(
            last_checked_at=asked, last_success_at=asked, next_check_at=NOW, latency=seconds(0.5), unknown=("NOSUCH",)
        )
    )


def _course(symbol: str, first: float, last: float, *, until: datetime) -> Sequence[Bar]:
    """Minutes from one price to the other, up and down on the way; as Yahoo's history tells them."""
    steps = 120
    bars = []
    for step in range(steps):
        swing = (step * 7 % 11 - 5) / 1000
        close = (first + (last - first) * (step + 1) / steps) * (1 + swing)
        at = until - timedelta(minutes=steps - step)
        bars.append(
            Bar(
                symbol=symbol,
                at=at,
                interval="1m",
                open=close * 1.001,
                high=close * 1.003,
                low=close * 0.998,
                close=close,
                volume=100,
                source="yahoo",
            )
        )
    return bars
