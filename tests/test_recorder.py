"""The recorder, on a real database: what is committed, what is asked again, and what one bad feed costs the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.clock import Clock
from monitor.collector.recorder import RETRY_UNRECORDED, Recorder
from monitor.collector.results import Polled, Quoted, Result, Streamed
from monitor.config import Settings, parse
from monitor.errors import StoreFull
from monitor.models import (
    Changed,
    Entry,
    Failed,
    FailureKind,
    Feed,
    Quote,
    Quotes,
    QuotesFailed,
    Response,
    Session,
)
from monitor.store.reader import Reader
from monitor.store.writer import Writer


class WholeSeconds(Clock):
    """The database keeps milliseconds; what is compared with it must not have more."""

    def now(self) -> datetime:
        return super().now().replace(microsecond=0)


CLOCK = WholeSeconds()
SETTINGS = """
feeds:
  - {name: one, url: "https://one.example/rss"}
  - {name: two, url: "https://two.example/rss"}
watchlist: [{name: Chips, tickers: [{symbol: NVDA, name: Nvidia}]}]
topics: [{name: DeepSeek, terms: [DeepSeek]}]
rules:
  - {name: news, severity: info, when: {headline: {topic: DeepSeek}}}
  - {name: fall, severity: info, when: {quote: {symbol: NVDA, change: {at_most: -3}}}}
"""


@pytest.fixture
def settings() -> Settings:
    return parse(SETTINGS, "test.yaml")


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with Writer.open(tmp_path / "monitor.db") as opened:
        yield opened


@pytest.fixture
def recorder(writer: Writer, settings: Settings) -> Recorder:
    return Recorder(writer, settings, CLOCK, ["file"])


def polled(feed: Feed, *entries: Entry) -> Polled:
    outcome = Changed(
        response=Response(status=200, latency=timedelta(milliseconds=20), etag='"1"'),
        body_digest=b"body",
        item_digests=frozenset({b"item"}),
        entries=entries,
    )
    return Polled(feed, outcome, CLOCK.now())


def entry(title: str) -> Entry:
    return Entry(key=title, title=title, published_at=CLOCK.now())


def quoted(*quotes: Quote, unknown: tuple[str, ...] = ()) -> Quoted:
    asked = (*(quote.symbol for quote in quotes), *unknown)
    return Quoted(asked, Quotes(quotes=quotes, unknown=unknown, latency=timedelta(0)), CLOCK.now())


def quote(change: float) -> Quote:
    now = CLOCK.now()
    price = 100 + change
    return Quote(symbol="NVDA", price=price, traded_at=now, session=Session.REGULAR, fetched_at=now, base_close=100.0)


def fill_disk(writer: Writer) -> None:
    """Let the database take no more pages, so that SQLite itself says SQLITE_FULL."""
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count = {pages}")


def free_disk(writer: Writer) -> None:
    writer._connection.execute("PRAGMA max_page_count = 1073741823")


def test_a_headline_its_feeds_state_and_its_alert_are_one_commit(recorder: Recorder, settings: Settings) -> None:
    feed = settings.feeds[0]
    recorded = recorder.record([polled(feed, entry("DeepSeek R1"), entry("Weather"))])
    assert [headline.title for headline in recorded.new] == ["Weather", "DeepSeek R1"]
    assert [alert.rule for alert in recorded.alerts] == ["news"]
    assert recorder.states[feed.url].etag == '"1"'
    assert recorder.states[feed.url].item_digests == frozenset({b"item"})


def test_what_was_recorded_is_known_to_the_next_recorder(
    recorder: Recorder, writer: Writer, settings: Settings
) -> None:
    feed = settings.feeds[0]
    recorder.record([polled(feed, entry("DeepSeek R1")), quoted(quote(-5))])
    again = Recorder(writer, settings, CLOCK, ["file"])
    assert replace(again.states[feed.url], next_check_at=None) == replace(recorder.states[feed.url], next_check_at=None)
    assert again.quotes["NVDA"].price == 95
    assert again.record([polled(feed, entry("DeepSeek R1")), quoted(quote(-5))]).alerts == ()


def test_a_feed_that_breaks_the_program_fails_alone_and_is_tried_again(recorder: Recorder, settings: Settings) -> None:
    good, bad = settings.feeds
    poison = replace(entry("poison"), title=None)  # what no parser should ever give
    recorded = recorder.record([polled(bad, entry("before"), poison), polled(good, entry("DeepSeek R1"))])
    assert [headline.title for headline in recorded.new] == ["DeepSeek R1"]
    assert recorder.states[bad.url].failure is FailureKind.INTERNAL
    assert recorder.states[bad.url].next_check_at is not None
    assert recorder.states[good.url].failures == 0


def test_of_a_poll_that_cannot_be_stored_whole_nothing_is_stored_but_that_it_failed(
    recorder: Recorder, writer: Writer, settings: Settings
) -> None:
    feed = settings.feeds[0]
    poison = replace(entry("poison"), author=object())  # what no cell can hold
    assert recorder.record([polled(feed, poison, entry("stored before it"))]).new == ()
    assert recorder.states[feed.url].failure is FailureKind.INTERNAL
    with Reader.open(writer.path) as reader:
        assert reader.headlines() == []
        assert [stored.state.failure for stored in reader.feeds() if stored.feed == feed] == [FailureKind.INTERNAL]


def test_on_a_full_disk_nothing_changes_and_the_feed_is_asked_again_soon(
    recorder: Recorder, writer: Writer, settings: Settings
) -> None:
    feed = settings.feeds[0]
    results: list[Result] = [polled(feed, *(entry(f"DeepSeek {number} " + "x" * 500) for number in range(100)))]
    fill_disk(writer)
    with pytest.raises(StoreFull):
        recorder.record(results)
    assert recorder.states[feed.url].etag is None
    recorder.unrecorded(results)
    again = recorder.states[feed.url].next_check_at
    assert again is not None
    assert again <= CLOCK.now() + RETRY_UNRECORDED
    free_disk(writer)
    assert len(recorder.record(results).new) == 100


def test_a_failed_round_keeps_the_last_good_quotes_and_says_since_when(recorder: Recorder) -> None:
    recorder.record([quoted(quote(-1))])
    failed = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="Yahoo asks for a pause")
    recorder.record([Quoted(("NVDA",), failed, CLOCK.now())])
    assert recorder.quotes["NVDA"].price == 99
    assert recorder.quote_source.failure is FailureKind.RATE_LIMITED
    assert recorder.quote_source.failing_since is not None
    recorder.record([quoted(quote(-1))])
    assert recorder.quote_source.failing_since is None


def test_a_symbol_nobody_knows_stays_named_while_others_are_asked_for(recorder: Recorder) -> None:
    recorder.record([quoted(quote(0), unknown=("NOSUCH",))])
    recorder.record([quoted(quote(0))])
    assert recorder.quote_source.unknown == ("NOSUCH",)


def test_the_stream_moves_a_quote_and_a_rule_but_not_the_polls_schedule(recorder: Recorder) -> None:
    recorder.record([quoted(quote(0))])
    source = recorder.quote_source
    recorded = recorder.record([Streamed((quote(-4),), CLOCK.now())])
    assert [alert.rule for alert in recorded.alerts] == ["fall"]
    assert recorder.quotes["NVDA"].price == 96
    assert recorder.quote_source == source


def test_a_failing_feed_says_why_and_when_it_is_tried_again(recorder: Recorder, settings: Settings) -> None:
    feed = settings.feeds[0]
    recorder.record([Polled(feed, Failed(kind=FailureKind.DNS, reason="no such host"), CLOCK.now())])
    state = recorder.states[feed.url]
    assert (state.error, state.failures) == ("no such host", 1)
    assert state.next_check_at is not None
    assert state.next_check_at > CLOCK.now() - timedelta(seconds=1)
