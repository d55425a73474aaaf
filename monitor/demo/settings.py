"""The settings of the demo: the shipped watchlist and topics, the newswire's feeds, and rules that fire on that day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec.structs import replace

from monitor.config.settings import AlertSettings, StdoutSinkSettings
from monitor.demo.feeds import FEEDS
from monitor.demo.script import QUIET_SYMBOL
from monitor.models import (
    AllOf,
    Comparison,
    Feed,
    FeedFailing,
    Group,
    HeadlineMatch,
    Measure,
    Move,
    QuoteLevel,
    QuotesStale,
    Rule,
    Session,
    Severity,
    ShockRatio,
    Ticker,
    Volume,
)

if TYPE_CHECKING:
    from monitor.config.settings import Settings

FILE = "the demo's settings (SIMULATED)"
UNLISTED = "NOSUCH"  # in the watchlist, but not on the exchange: what a mistyped symbol looks like
FULL_PACE = 60  # the highest speed at which polling keeps its intervals; beyond it they grow with the speed


def demo_settings(newswire: str, exchange: str, *, base: Settings, speed: float = FULL_PACE) -> Settings:
    """`base` with its watchlist, topics and store, and with the demo's feeds, rules and pace.

    `newswire` and `exchange` are URLs of `DemoServers`. All durations are of the replayed day. What is read at twice
    FULL_PACE is polled half as often in the replayed day and counts as stale twice as late. Alerts go to standard
    output as text.
    """
    pace = max(1.0, speed / FULL_PACE)
    unlisted = Group(name="Unlisted", tickers=(Ticker(symbol=UNLISTED, name="Not on the simulated exchange"),))
    poll = replace(
        base.poll,
        interval=timedelta(seconds=60) * pace,
        max_interval=timedelta(minutes=5) * pace,
        host_gap=timedelta(0),
        per_host=len(FEEDS),
        allow_private=True,
    )
    quotes = replace(
        base.quotes,
        interval=timedelta(seconds=15) * pace,
        closed_interval=timedelta(seconds=60) * pace,
        stale_after=timedelta(minutes=2) * pace,
        stale_after_extended=timedelta(minutes=15) * pace,
        stream=False,
        endpoint=exchange,
    )
    return replace(
        base,
        file=FILE,
        feeds=tuple(
            Feed(url=newswire + feed.address, name=feed.title, language=feed.language, tags=("simulated",))
            for feed in FEEDS.values()
        ),
        watchlist=(*base.watchlist, unlisted),
        rules=RULES,
        alerts=AlertSettings(sinks=(StdoutSinkSettings(),)),
        poll=poll,
        quotes=quotes,
    )


def _change(*symbols: str, at_most: float | None = None, at_least: float | None = None) -> QuoteLevel:
    limit = Comparison(at_least=at_least, at_most=at_most)
    return QuoteLevel(symbols=symbols, measure=Measure.CHANGE, limit=limit)


RULES = (
    Rule(name="DeepSeek in the news", severity=Severity.INFO, when=HeadlineMatch(topic="DeepSeek")),
    Rule(
        name="DeepSeek news and Nvidia down 3%",
        severity=Severity.CRITICAL,
        when=AllOf(
            conditions=(HeadlineMatch(topic="DeepSeek"), _change("NVDA", at_most=-3)), within=timedelta(minutes=30)
        ),
        cooldown=timedelta(hours=2),
    ),
    Rule(
        name="AI stock down a tenth",
        severity=Severity.WARNING,
        when=_change("NVDA", "AVGO", "MRVL", "SMCI", "ORCL", "VRT", "CEG", "VST", "OKLO", "SMR", at_most=-10),
        rearm=1.0,
        cooldown=timedelta(hours=1),
    ),
    Rule(
        name="Nine tenths of the documented fall",
        severity=Severity.CRITICAL,
        when=ShockRatio(symbols=("NVDA",), limit=Comparison(at_least=0.9)),
        cooldown=timedelta(hours=2),
    ),
    Rule(name="Nvidia down 15%", severity=Severity.CRITICAL, when=_change("NVDA", at_most=-15), rearm=1.0),
    Rule(
        name="Nvidia moves fast",
        severity=Severity.WARNING,
        when=Move(symbols=("NVDA",), minutes=10, limit=Comparison(at_most=-1)),
        rearm=0.25,
        cooldown=timedelta(minutes=30),
    ),
    Rule(name="Nasdaq futures down 4.5%", severity=Severity.CRITICAL, when=_change("NQ=F", at_most=-4.5)),
    Rule(name="Nasdaq futures volume", severity=Severity.INFO, when=Volume(symbols=("NQ=F",), times=4)),
    Rule(
        name="Ten-year yield at 4.51 or less",
        severity=Severity.INFO,
        when=QuoteLevel(symbols=("^TNX",), measure=Measure.PRICE, limit=Comparison(at_most=4.51)),
        rearm=0.01,
    ),
    Rule(
        name="Dow up, Nasdaq down",
        severity=Severity.INFO,
        when=AllOf(conditions=(_change("^DJI", at_least=0.3), _change("^IXIC", at_most=-2.5))),
        sessions=frozenset({Session.REGULAR}),
        cooldown=timedelta(hours=2),
    ),
    Rule(
        name="Feed silent",
        severity=Severity.WARNING,
        when=FeedFailing(feed=None, lasting=timedelta(minutes=10)),
        cooldown=timedelta(hours=1),
    ),
    Rule(
        name="Quote stands still",
        severity=Severity.WARNING,
        when=QuotesStale(symbols=(QUIET_SYMBOL,), lasting=timedelta(minutes=10)),
        sessions=frozenset({Session.REGULAR}),
        cooldown=timedelta(hours=1),
    ),
)
