"""Feeds: their configuration, their state between polls, the log of polls."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from monitor.models import FailureKind, Feed, FeedState
from monitor.store.reader import Reader
from monitor.store.records import Activity, CollectorInfo, Counts, StoredFeed
from monitor.store.writer import Writer
from tests.store_samples import FEED, NOW, OTHER, alert, bar, entry, minutes, poll, quote, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

STATE = FeedState(
    url=FEED.url,
    etag='W/"a"',
    last_modified="Mon, 27 Jan 2025 14:00:00 GMT",
    body_digest=b"\x00\x01body",
    item_digests=frozenset({b"12345678", b"abcdefgh", b"\x00" * 8}),
    redirect_url="https://new.example/rss",
    redirect_candidate="https://newer.example/rss",
    redirect_hits=2,
    next_check_at=NOW + minutes(10),
    last_checked_at=NOW,
    last_success_at=NOW - minutes(30),
    last_changed_at=NOW - minutes(60),
    asked_wait=seconds(900.5),
    failures=3,
    failing_since=NOW - minutes(20),
    failure=FailureKind.RATE_LIMITED,
    error="429: asked to wait",
    status=429,
    latency=seconds(0.75),
    host_wait_until=NOW + minutes(5),
    quiet_hours=(0, 1, 167),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        writer.sync_feeds([FEED, OTHER])
        yield writer


def seen(path: Path) -> dict[str, StoredFeed]:
    with closing(Reader.open(path)) as reader:
        return {stored.feed.url: stored for stored in reader.feeds()}


def test_a_feed_never_polled_has_an_empty_state(writer: Writer) -> None:
    assert writer.sync_feeds([FEED]) == {FEED.url: FeedState(url=FEED.url)}


def test_everything_remembered_of_a_feed_survives_a_restart(writer: Writer, path: Path) -> None:
    writer.record_poll(FEED, STATE, (), now=NOW)
    writer.close()
    with Writer.open(path) as again:
        assert again.sync_feeds([FEED])[FEED.url] == STATE
    assert seen(path)[FEED.url].state == STATE


def test_configuration_is_brought_up_to_date_and_headers_are_not_stored(writer: Writer, path: Path) -> None:
    secret = "Basic c2VjcmV0"
    changed = Feed(
        url=FEED.url,
        name="반도체",
        language="ko",
        tags=("chips", "반도체"),
        interval=minutes(2.5),
        enabled=False,
        headers=(("Authorization", secret),),
    )
    writer.sync_feeds([changed])
    assert seen(path)[FEED.url].feed == replace(changed, headers=())
    writer.close()
    assert secret.encode() not in path.read_bytes()


def test_a_feed_no_longer_configured_is_kept_with_its_state_inactive(writer: Writer, path: Path) -> None:
    writer.record_poll(FEED, STATE, (), now=NOW)
    assert set(writer.sync_feeds([OTHER])) == {OTHER.url}
    assert (seen(path)[FEED.url].active, seen(path)[OTHER.url].active) == (False, True)
    assert writer.sync_feeds([FEED, OTHER])[FEED.url] == STATE
    assert seen(path)[FEED.url].active


def test_feeds_are_listed_with_the_configured_ones_first_by_name(writer: Writer, path: Path) -> None:
    writer.sync_feeds([Feed(url="https://z.example/", name="A"), OTHER])
    assert [stored.feed.name for stored in seen(path).values()] == ["A", "Other News", "Example News"]


def test_digests_of_different_lengths_are_refused(writer: Writer) -> None:
    with pytest.raises(ValueError, match="different lengths"):
        writer.record_poll(FEED, replace(STATE, item_digests=frozenset({b"1", b"22"})), (), now=NOW)


def test_each_poll_is_logged_with_its_outcome(writer: Writer, path: Path) -> None:
    at = NOW
    changed = FeedState(url=FEED.url, last_checked_at=at, last_changed_at=at, latency=seconds(0.2))
    writer.record_poll(FEED, changed, [(entry("1"), ()), (entry("2"), ())], now=at)
    at += minutes(10)
    unchanged = replace(changed, last_checked_at=at, latency=seconds(0.4))
    writer.record_poll(FEED, unchanged, (), now=at)
    at += minutes(10)
    failing = replace(unchanged, last_checked_at=at, failure=FailureKind.TIMEOUT, failures=1, latency=None)
    writer.record_poll(FEED, failing, (), now=at)
    with closing(Reader.open(path)) as reader:
        activity = reader.activity(NOW)
        assert activity == {FEED.url: Activity(polls=3, failures=1, new=2, updated=0, latency=seconds(0.3))}
        assert reader.activity(NOW + minutes(15))[FEED.url] == Activity(
            polls=1, failures=1, new=0, updated=0, latency=None
        )
        assert reader.activity(NOW + timedelta(days=1)) == {}


def test_who_collects_is_said_and_replaced(writer: Writer, path: Path) -> None:
    info = CollectorInfo(
        pid=4242,
        host="trading-1",
        version="0.1.0",
        started_at=NOW,
        heartbeat_at=NOW + seconds(5),
        settings_file="/etc/monitor/feeds.yaml",
        settings_error="feeds.yaml:3: unknown key",
        simulated=True,
        replay_starts_at=NOW,
        replay_wall_start=1_750_000_000.25,
        replay_speed=60.0,
    )
    with closing(Reader.open(path)) as reader:
        assert reader.collector() is None
        writer.heartbeat(CollectorInfo(pid=1, host="h", version="0", started_at=NOW, heartbeat_at=NOW))
        writer.heartbeat(info)
        assert reader.collector() == info


def test_rows_are_counted(writer: Writer, path: Path) -> None:
    poll(writer, entry("1"), entry("2"))
    writer.record_quotes([quote()], now=NOW)
    writer.record_bars([bar()])
    writer.record_alerts([alert("a"), alert("b")], ["file", "command"])
    writer.delivered("a", "file", NOW)
    writer.delivered("a", "command", NOW)
    writer.delivered("b", "command", NOW)
    with closing(Reader.open(path)) as reader:
        counts = reader.counts()
        assert reader.undelivered() == 1
    assert counts == Counts(headlines=2, feeds=2, quotes=1, bars=2, alerts=2, undelivered=1, bytes=counts.bytes)
    assert counts.bytes == path.stat().st_size + Path(f"{path}-wal").stat().st_size
