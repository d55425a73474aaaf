"""A day at the desk for the rules: prices, headlines and sources that a test moves, and what the rules make of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from monitor.alerts.line import from_json
from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.baseline import Baseline
from monitor.market import StaleKind, Staleness
from monitor.models import (
    Alert,
    AlertKind,
    Bar,
    Comparison,
    Condition,
    FailureKind,
    FeedState,
    Headline,
    HeadlineMatch,
    Measure,
    Mention,
    Quote,
    QuoteLevel,
    QuoteSourceState,
    Rule,
    Session,
    Severity,
)

OPEN = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)  # 09:30 in New York
YESTERDAYS_CLOSE = 100.0


def rule(when: Condition, **others: object) -> Rule:
    return replace(Rule(name="the rule", severity=Severity.WARNING, when=when), **others)  # any field


def change(*symbols: str, at_most: float | None = None, at_least: float | None = None) -> QuoteLevel:
    limit = Comparison(at_most=at_most, at_least=at_least)
    return QuoteLevel(symbols=symbols or ("NVDA",), measure=Measure.CHANGE, limit=limit)


DOWN_3 = change("NVDA", at_most=-3)
DEEPSEEK = HeadlineMatch(topic="DeepSeek")


class Desk(Struct):
    """Evaluates after every move. Each evaluation begins with what the rows of the last one say, as after a restart."""

    rules: Sequence[Rule]
    now: datetime = OPEN
    session: Session = Session.REGULAR
    quotes: dict[str, Quote] = field(default_factory=dict)
    stale: dict[str, Staleness] = field(default_factory=dict)
    bars: dict[str, list[Bar]] = field(default_factory=dict)
    feeds: dict[str, FeedState] = field(default_factory=dict)
    source: QuoteSourceState | None = field(default_factory=lambda: QuoteSourceState(last_checked_at=OPEN))
    started_at: datetime | None = None
    baseline: Baseline | None = None
    simulated: bool = False
    rows: dict[tuple[str, str], str] = field(default_factory=dict)
    _ids: int = 0

    @classmethod
    def of(cls, when: Condition, **others: object) -> Desk:
        return cls([rule(when, **others)])

    def later(self, **span: float) -> Desk:
        self.now += timedelta(**span)
        if self.source is not None and not self.source.failures and self.source.last_checked_at is not None:
            self.source = replace(self.source, last_checked_at=self.now, last_success_at=self.now)
        return self

    def evaluate(self, *headlines: Headline) -> list[Alert]:
        facts = Facts(
            session=self.session,
            headlines=headlines,
            quotes=self.quotes,
            stale=self.stale,
            bars=self.bars,
            feeds=self.feeds,
            quote_source=self.source,
            started_at=self.started_at,
            baseline=self.baseline,
            simulated=self.simulated,
        )
        decision = RuleBook(self.rules).evaluate(facts, Memory.of(self.rows), self.now)
        for key, text in decision.memory.items():
            if text is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = text
        return list(decision.alerts)

    def fired(self, *headlines: Headline) -> list[str]:
        """The subjects of what fires now."""
        return [alert.subject for alert in self.evaluate(*headlines) if alert.kind is AlertKind.FIRED]

    def price(self, symbol: str, price: float, **others: object) -> Desk:
        """A fresh trade; with a close of 100 the price less 100 is the change in per cent."""
        known = self.quotes.get(symbol) or Quote(
            symbol=symbol,
            price=price,
            traded_at=self.now,
            session=Session.REGULAR,
            fetched_at=self.now,
            currency="USD",
            base_close=YESTERDAYS_CLOSE,
            previous_close=YESTERDAYS_CLOSE,
        )
        moved = replace(known, price=price, traded_at=self.now, fetched_at=self.now)
        self.quotes[symbol] = replace(moved, **others)  # any field
        self.stale.pop(symbol, None)
        return self

    def went_stale(self, *symbols: str, minutes: float = 5) -> Desk:
        for symbol in symbols:
            self.stale[symbol] = Staleness(StaleKind.NO_TRADE, timedelta(minutes=minutes))
        return self

    def headline(
        self,
        title: str = "DeepSeek shakes chip stocks",
        *,
        feed: str = "Wire",
        link: str | None = "https://example.com/story",
        age: timedelta = timedelta(0),
        dated: bool = True,
        language: str = "en",
        topics: Sequence[str] = ("DeepSeek",),
        tickers: Sequence[str] = (),
    ) -> Headline:
        self._ids += 1
        published = self.now - age if dated else None
        named = [Mention(kind="topic", name=name, field="title", start=0, end=1) for name in topics]
        named += [Mention(kind="ticker", name=name, field="title", start=0, end=1) for name in tickers]
        return Headline(
            id=self._ids,
            feed_url=f"https://feeds.example.com/{feed}",
            feed_name=feed,
            key=str(self._ids),
            title=title,
            link=link,
            story_url=link,
            summary="",
            author=None,
            language=language,
            published_at=published,
            updated_at=None,
            first_seen_at=self.now,
            sort_at=published or self.now,
            mentions=tuple(named),
        )

    def feed(self, name: str, *, failing_for: timedelta | None = None) -> Desk:
        since = None if failing_for is None else self.now - failing_for
        self.feeds[name] = FeedState(
            url=f"https://feeds.example.com/{name}",
            last_checked_at=self.now,
            failures=0 if since is None else 3,
            failing_since=since,
            failure=None if since is None else FailureKind.UNAVAILABLE,
            error=None if since is None else "503 Service Unavailable",
        )
        return self

    def source_fails(self, since: datetime) -> Desk:
        self.source = QuoteSourceState(
            last_checked_at=self.now,
            last_success_at=since,
            failures=3,
            failing_since=since,
            failure=FailureKind.RATE_LIMITED,
            error="rate limited",
        )
        return self

    def minute_bars(self, symbol: str, *opens: float) -> Desk:
        """One bar a minute, the last one a minute ago."""
        first = self.now - timedelta(minutes=len(opens))
        self.bars[symbol] = [
            Bar(
                symbol=symbol,
                interval="1m",
                at=first + timedelta(minutes=number),
                open=price,
                high=price,
                low=price,
                close=price,
                volume=None,
                source="polled",
                samples=4,
            )
            for number, price in enumerate(opens)
        ]
        return self


# Alerts to deliver


def alert(number: int, *, severity: Severity = Severity.WARNING, text: str = "딥시크 NVDA -17%") -> Alert:
    return Alert(
        id=f"{number:016x}",
        rule="the rule",
        severity=severity,
        kind=AlertKind.FIRED,
        subject="NVDA",
        text=text,
        fired_at=OPEN,
    )


ALERTS = [alert(number) for number in range(3)]


def written(path: Path) -> list[Alert]:
    """The alerts in a file of JSON lines."""
    return [from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
