"""What the health page says of who collects, of each source and of the log."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from monitor.models import FailureKind, Feed, FeedState, QuoteSourceState
from monitor.store.records import Activity, StoredFeed
from monitor.tui import cells, health_text
from monitor.tui.follow import Picture
from monitor.tui.health_text import Collecting, age
from tests.commands import NOW, collector
from tests.store_samples import minutes, seconds

WIDTH = 110


def feed(name: str, *, enabled: bool = True, active: bool = True, **state: Any) -> StoredFeed:
    url = f"https://{name}.example/rss"
    given = {"last_checked_at": NOW, "last_success_at": NOW, "next_check_at": NOW + minutes(7), **state}
    return StoredFeed(feed=Feed(url=url, name=name, enabled=enabled), state=FeedState(url=url, **given), active=active)


FAILING: dict[str, Any] = {
    "failures": 3,
    "failing_since": NOW - minutes(125),
    "failure": FailureKind.TIMEOUT,
    "error": "no answer within 20s",
    "last_success_at": NOW - timedelta(days=1, hours=2),
}


def collecting(*feeds: StoredFeed, alive: bool | None = True, **fields: Any) -> Collecting:
    known = {
        "quotes_state": QuoteSourceState(),
        "info": collector(replay_starts_at=None),
        "activity": {},
        "undelivered": 0,
        **fields,
    }
    picture = Picture(feeds=feeds, alive=alive, collector=known.pop("info"), source=known.pop("quotes_state"))
    return Collecting(picture=picture, now=NOW, **known)


def said(page: Collecting, width: int = WIDTH) -> list[str]:
    lines = health_text.lines(page, width=width, zone=UTC)
    assert len({line.key for line in lines}) == len(lines)
    assert all(cells.width(line.text) <= width for line in lines)
    assert all(line.text.isprintable() for line in lines)
    return [line.text.strip() for line in lines]


def test_a_source_tells_when_it_answered_when_it_is_asked_what_it_brings_and_how_fast() -> None:
    one = feed("wire", last_success_at=NOW - minutes(3))
    activity = {one.feed.url: Activity(polls=9, failures=0, new=1234, updated=1, latency=seconds(0.35))}
    lines = said(collecting(one, activity=activity))
    row = next(line for line in lines if line.startswith("wire"))
    assert row.split() == ["wire", "ok", "3m", "in", "7m", "1,234", "0.35", "s"]


def test_a_source_that_fails_stands_first_and_says_why() -> None:
    page = collecting(feed("a"), feed("z", **FAILING), quotes_state=QuoteSourceState(unknown=("XX",)))
    lines = said(page)
    rows = [line.partition(" ")[0] for line in lines]
    assert rows.index("z") < rows.index("a")
    assert "for 2h 5m: no answer within 20s" in lines
    assert "1d 2h" in next(line for line in lines if line.startswith("z "))
    assert "unknown to it: XX" in lines
    assert health_text.title(page) == "Health  degraded  1/2 feeds"
    assert lines[0] == "1 of 2 feeds fails"


def test_what_is_switched_off_or_gone_does_not_count() -> None:
    page = collecting(feed("a"), feed("off", enabled=False, **FAILING), feed("gone", active=False, **FAILING))
    lines = said(page)
    assert next(line for line in lines if line.startswith("off")).split()[:2] == ["off", "off"]
    assert not any(line.startswith("gone") for line in lines)
    assert health_text.title(page) == "Health  healthy  1/1 feeds"


@pytest.mark.parametrize(
    ("alive", "info", "expected"),
    [
        (True, collector(), "process 4711 on desk, version 0.1.0"),
        (False, collector(), "was process 4711 on desk, version 0.1.0"),
        (False, None, "Nobody has collected into this database yet."),
    ],
)
def test_it_says_who_collects(alive: bool, info: object, expected: str) -> None:
    assert expected in said(collecting(alive=alive, info=info))


def test_without_a_collector_nothing_is_tried_next() -> None:
    row = next(line for line in said(collecting(feed("a"), alive=False)) if line.startswith("a "))
    assert row.split()[3] == "-"


def test_a_silent_collector_and_unusable_settings_are_troubles() -> None:
    info = replace(
        collector(replay_starts_at=None),
        heartbeat_at=NOW - minutes(4),
        settings_error="feeds.yaml:3: no such key 'fedes'",
    )
    lines = said(collecting(info=info, own_settings="feeds.yaml:9: this too"))
    assert lines[0].startswith("The collector holds the database but has said nothing for 4m")
    assert "no such key 'fedes'" in " ".join(lines)
    assert "last heard 4m ago" in lines
    assert any(line.startswith("This viewer's settings cannot be read: feeds.yaml:9") for line in lines)


def test_the_log_is_shown_where_this_viewer_started_the_collector_and_else_where_to_look() -> None:
    lines = said(collecting(log=("2025 WARNING feeds: \x1b[31mx",), log_file="collector.log"))
    assert lines[-2:] == ["collector.log", "2025 WARNING feeds: x"]
    assert any("journalctl" in line for line in said(collecting()))
    assert "Nothing in it yet." in said(collecting(log=(), log_file="collector.log"))


def test_no_database_is_said_with_its_reason() -> None:
    page = collecting(lost="monitor.db: there is none")
    assert said(page)[0] == "No database: monitor.db: there is none"
    assert "no database" in health_text.title(page)


@pytest.mark.parametrize("width", [10, 39, 56, 79, 91, 119])
def test_it_fits_any_width(width: int) -> None:
    long = feed("한국경제신문 증권 속보 " * 4, **{**FAILING, "error": "深度求索 " * 40})
    said(collecting(long, feed("a"), who="another process collects (process 12)"), width=width)


def test_it_reads_the_same_for_a_whole_minute() -> None:
    page = collecting(feed("a", last_success_at=NOW - minutes(3), next_check_at=NOW + minutes(7.9)))
    later = replace(page, now=NOW + seconds(29))
    assert health_text.lines(page, width=WIDTH) == health_text.lines(later, width=WIDTH)


@pytest.mark.parametrize(
    ("ago", "words"),
    [(seconds(59), "<1m"), (minutes(7), "7m"), (minutes(125), "2h 5m"), (timedelta(days=3, minutes=3), "3d 3m")],
)
def test_ages_are_of_whole_minutes(ago: timedelta, words: str) -> None:
    assert age(NOW - ago, NOW) == words
