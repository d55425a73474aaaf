"""What a settings file says is what the program gets."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import time, timedelta
from pathlib import Path

import pytest

from monitor.config import (
    AppriseSinkSettings,
    CommandSinkSettings,
    FileSinkSettings,
    PollSettings,
    QuoteSettings,
    Retention,
    Settings,
    StdoutSinkSettings,
    StoreSettings,
    parse,
)
from monitor.models import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Feed,
    FeedFailing,
    HeadlineMatch,
    Measure,
    Move,
    QuoteLevel,
    QuotesStale,
    Session,
    Severity,
    ShockRatio,
    Term,
    Ticker,
    Volume,
)

SOME = """
feeds: [{url: "https://a.example/rss", name: Wire, language: ko}]
watchlist:
  - {name: Chips, tickers: [{symbol: NVDA}, {symbol: AMD}]}
  - {name: Futures, tickers: [{symbol: NQ=F}]}
topics: [{name: DeepSeek, terms: [딥시크]}]
rules: []
"""


def settings(text: str) -> Settings:
    return parse(text, "feeds.yaml")


def condition(text: str) -> Condition:
    rule = f"rules: [{{name: it, severity: info, when: {text}}}]"
    return settings(SOME.replace("rules: []", rule)).rules[0].when


def test_an_empty_file_is_the_packaged_settings() -> None:
    for text in ("", "\n# nothing\n", "---\n"):
        read = settings(text)
        assert read.file == "feeds.yaml"
        assert len(read.feeds) > 18
        assert read.rules


def test_a_section_that_is_left_out_is_the_packaged_one_and_one_that_is_there_replaces_it() -> None:
    packaged = settings("")
    read = settings("feeds: [{url: https://a.example/rss, name: Mine}]\npoll: {workers: 4}")
    assert [feed.name for feed in read.feeds] == ["Mine"]
    assert read.poll == PollSettings(workers=4)
    assert (read.watchlist, read.topics, read.rules) == (packaged.watchlist, packaged.topics, packaged.rules)
    assert settings("feeds: []").feeds == ()


def test_a_feed_keeps_all_that_is_said_of_it() -> None:
    text = """
feeds:
  - url: https://a.example/rss?x=1&y=2#top
    name: 한국경제 증권
    language: zh-TW
    tags: [market, "속보 #1"]
    interval: 90s
    enabled: false
    headers: {User-Agent: mine/1, X-Key: "a: b"}
"""
    assert settings(text).feeds == (
        Feed(
            url="https://a.example/rss?x=1&y=2#top",
            name="한국경제 증권",
            language="zh-tw",
            tags=("market", "속보 #1"),
            interval=timedelta(seconds=90),
            enabled=False,
            headers=(("User-Agent", "mine/1"), ("X-Key", "a: b")),
        ),
    )


def test_a_word_means_what_its_place_expects_and_not_what_yaml_1_1_guesses() -> None:
    text = """
feeds: [{url: https://a.example/, name: 2025-01-27, language: no}]
watchlist: [{name: 1:30, tickers: [{symbol: ON, name: on}, {symbol: Y, name: null}, {symbol: 010, name: 1_000}]}]
topics: [{name: yes, terms: [off, 1e3, 0x1F]}]
rules: [{name: 12, severity: info, hours: 09:30-16:00, when: {headline: {topic: yes, ticker: ON, language: no}}}]
"""
    read = settings(text)
    assert (read.feeds[0].name, read.feeds[0].language) == ("2025-01-27", "no")
    assert read.watchlist[0].name == "1:30"
    assert [(ticker.symbol, ticker.name) for ticker in read.tickers] == [("ON", "on"), ("Y", "null"), ("010", "1_000")]
    assert read.topics[0].terms == (Term("off"), Term("1e3"), Term("0x1F"))
    assert read.rules[0].hours == (time(9, 30), time(16, 0))


@pytest.mark.parametrize(
    "symbol",
    ["NVDA", "BRK-B", "005930.KS", "9984.T", "^GSPC", "NQ=F", "JPY=X", "BTC-USD", "DX-Y.NYB", "M&M.NS", "000300.SS"],
)
def test_each_form_of_a_yahoo_symbol_is_taken(symbol: str) -> None:
    text = f'watchlist: [{{name: It, tickers: [{{symbol: "{symbol}"}}]}}]\nrules: []'
    assert settings(text).tickers == (Ticker(symbol=symbol, name=symbol),)


def test_a_symbol_in_two_groups_is_one_ticker_with_the_names_of_both() -> None:
    text = """
watchlist:
  - {name: Positions, tickers: [{symbol: NVDA}, {symbol: AMD, name: Advanced Micro}]}
  - {name: Chips, tickers: [{symbol: NVDA, name: Nvidia, aliases: [엔비디아]}, {symbol: AMD, aliases: [超威]}]}
rules: []
"""
    assert settings(text).tickers == (
        Ticker(symbol="NVDA", name="Nvidia", aliases=("엔비디아",)),
        Ticker(symbol="AMD", name="Advanced Micro", aliases=("超威",)),
    )


def test_terms_between_slashes_are_regular_expressions_and_others_literal() -> None:
    text = r"""
topics:
  - {name: It, terms: [DeepSeek, '/\bR1\b/', "AI/ML"], exclusions: [DeepSeek Corp], style: "bold #ff8800 on black"}
rules: []
"""
    topic = settings(text).topics[0]
    assert topic.terms == (Term("DeepSeek"), Term(r"\bR1\b", regex=True), Term("AI/ML"))
    assert topic.exclusions == (Term("DeepSeek Corp"),)
    assert topic.style == "bold #ff8800 on black"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (
            "{headline: {topic: DeepSeek, terms: [V3, '/R[12]/'], feed: Wire, language: KO, ticker: NVDA}}",
            HeadlineMatch(
                topic="DeepSeek",
                terms=(Term("V3"), Term("R[12]", regex=True)),
                feed="Wire",
                language="ko",
                ticker="NVDA",
            ),
        ),
        (
            "{quote: {symbol: NVDA, change: {at_most: -3}}}",
            QuoteLevel(symbols=("NVDA",), measure=Measure.CHANGE, limit=Comparison(at_most=-3)),
        ),
        (
            "{quote: {symbols: [NQ=F, NVDA], price: {at_least: 21500.25}}}",
            QuoteLevel(symbols=("NQ=F", "NVDA"), measure=Measure.PRICE, limit=Comparison(at_least=21500.25)),
        ),
        (
            "{quote: {group: Chips, below_year_high: {at_least: 20}}}",
            QuoteLevel(symbols=("NVDA", "AMD"), measure=Measure.BELOW_YEAR_HIGH, limit=Comparison(at_least=20)),
        ),
        (
            "{move: {symbol: NVDA, minutes: 10, percent: {at_most: -2}}}",
            Move(symbols=("NVDA",), minutes=10, limit=Comparison(at_most=-2)),
        ),
        ("{volume: {group: Futures, times_average: 2.5}}", Volume(symbols=("NQ=F",), times=2.5)),
        (
            "{shock_ratio: {symbol: NVDA, at_least: 0.5}}",
            ShockRatio(symbols=("NVDA",), limit=Comparison(at_least=0.5)),
        ),
        (
            "{shock_ratio: {symbols: [NQ=F, NVDA], at_most: -1}}",
            ShockRatio(symbols=("NQ=F", "NVDA"), limit=Comparison(at_most=-1)),
        ),
        ("{feed_failing: {for: 30m}}", FeedFailing(feed=None, lasting=timedelta(minutes=30))),
        ("{feed_failing: {feed: Wire, for: 1h}}", FeedFailing(feed="Wire", lasting=timedelta(hours=1))),
        ("{quotes_stale: {for: 10m}}", QuotesStale(symbols=(), lasting=timedelta(minutes=10))),
        ("{quotes_stale: {symbol: AMD, for: 90s}}", QuotesStale(symbols=("AMD",), lasting=timedelta(seconds=90))),
        (
            """{within: 9m, all: [
                {headline: {topic: DeepSeek}}, {any: [{quotes_stale: {for: 1m}}, {feed_failing: {for: 1m}}]}]}""",
            AllOf(
                conditions=(
                    HeadlineMatch(topic="DeepSeek"),
                    AnyOf(
                        conditions=(
                            QuotesStale(symbols=(), lasting=timedelta(minutes=1)),
                            FeedFailing(feed=None, lasting=timedelta(minutes=1)),
                        )
                    ),
                ),
                within=timedelta(minutes=9),
            ),
        ),
    ],
)
def test_each_form_of_a_condition_is_read(written: str, meant: Condition) -> None:
    assert condition(written) == meant


def test_a_group_is_compared_by_those_of_its_tickers_that_have_a_documented_move() -> None:
    text = SOME.replace("{symbol: NVDA}, {symbol: AMD}", "{symbol: X}, {symbol: NVDA}, {symbol: Y}")
    rule = "rules: [{name: it, severity: info, when: {shock_ratio: {group: Chips, at_least: 1}}}]"
    (read,) = settings(text.replace("rules: []", rule)).rules
    assert read.when == ShockRatio(symbols=("NVDA",), limit=Comparison(at_least=1))
    assert read.rearm is None


def test_a_rule_keeps_all_that_is_said_of_it() -> None:
    rule = """
rules:
  - name: It
    severity: critical
    when: {quote: {symbol: NVDA, change: {at_most: -8}}}
    cooldown: 0s
    rearm: 1.5
    max_age: 1d
    hours: 20:00-04:00
    sessions: [pre, regular]
    enabled: false
"""
    read = settings(SOME.replace("rules: []", rule)).rules[0]
    assert (read.name, read.severity, read.enabled) == ("It", Severity.CRITICAL, False)
    assert (read.cooldown, read.rearm, read.max_age) == (timedelta(0), 1.5, timedelta(days=1))
    assert read.hours == (time(20), time(4))
    assert read.sessions == frozenset({Session.PRE, Session.REGULAR})


def test_the_sinks_are_read_in_their_order() -> None:
    text = """
alerts:
  sinks:
    - file: {}
    - file: {path: /var/log/alerts.txt, format: text, name: second, min_severity: warning}
    - stdout: {format: jsonl}
    - command: {argv: [/bin/page, "--to", 내 전화], timeout: 3s, min_severity: critical}
    - apprise: {urls: ["ntfy://topic", "mailtos://me:secret@mail.example"]}
"""
    assert settings(text).alerts.sinks == (
        FileSinkSettings(),
        FileSinkSettings(path=Path("/var/log/alerts.txt"), format="text", name="second", min_severity=Severity.WARNING),
        StdoutSinkSettings(format="jsonl"),
        CommandSinkSettings(
            argv=("/bin/page", "--to", "내 전화"), timeout=timedelta(seconds=3), min_severity=Severity.CRITICAL
        ),
        AppriseSinkSettings(urls=("ntfy://topic", "mailtos://me:secret@mail.example")),
    )
    assert "secret" not in repr(settings(text).alerts)
    assert settings("alerts: {sinks: []}").alerts.sinks == ()
    assert settings("alerts: {}").alerts.sinks == (FileSinkSettings(),)


def test_poll_quotes_and_store_are_read_with_their_units() -> None:
    text = """
poll: {interval: 1s, max_interval: 1w, timeout: 1.5m, max_bytes: 512KiB, per_host: 1, host_gap: 0s, allow_private: true}
quotes: {interval: 1s, stale_after: 90s, stream: true, endpoint: "http://127.0.0.1:8080", batch: 10}
store: {path: /srv/m.db, group: traders, keep: {headlines: 30d}}
"""
    read = settings(text)
    assert read.poll == PollSettings(
        interval=timedelta(seconds=1),
        max_interval=timedelta(weeks=1),
        timeout=timedelta(seconds=90),
        max_bytes=512 * 1024,
        per_host=1,
        host_gap=timedelta(0),
        allow_private=True,
    )
    assert read.quotes == QuoteSettings(
        interval=timedelta(seconds=1),
        stale_after=timedelta(seconds=90),
        stream=True,
        endpoint="http://127.0.0.1:8080",
        batch=10,
    )
    assert read.store == StoreSettings(
        path=Path("/srv/m.db"), group="traders", keep=Retention(headlines=timedelta(days=30))
    )


def test_a_path_may_begin_in_a_home_folder() -> None:
    assert settings("store: {path: ~/m.db}").store.path == Path.home() / "m.db"


def test_the_user_agent_names_the_program_and_the_contact() -> None:
    assert PollSettings().user_agent.startswith("monitor/")
    assert "me@example.com" in settings("poll: {contact: me@example.com}").poll.user_agent


def test_a_byte_order_mark_and_windows_line_ends_make_no_difference() -> None:
    assert settings("\ufeff" + SOME.replace("\n", "\r\n")) == settings(SOME)


def test_without_the_c_library_the_same_is_read() -> None:
    code = "import sys; sys.modules['yaml._yaml'] = None; import yaml; assert not yaml.__with_libyaml__;"
    code += "from monitor.config import load; print(load())"
    said = [
        subprocess.run(
            [sys.executable, "-c", each],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # sets are printed in the order of their hashes
        ).stdout
        for each in (code, "from monitor.config import load; print(load())")
    ]
    assert said[0] == said[1]


def test_importing_the_settings_imports_nothing_heavy() -> None:
    code = "import monitor.config, sys; print(*sys.modules)"
    loaded = set(
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    )
    heavy = {"httpx", "feedparser", "yfinance", "textual", "rich", "sqlite_utils", "yaml", "platformdirs", "asyncio"}
    assert not loaded & heavy
