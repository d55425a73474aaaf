"""The top line's words, and that it is drawn only when they change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from monitor.config.settings import Settings
from monitor.models import FailureKind, Feed, FeedState, Quote, QuoteSourceState, Session
from monitor.store.records import CollectorInfo, StoredFeed
from monitor.tui import cells
from monitor.tui.follow import Picture
from monitor.tui.top_text import Look, TopLineState, fitted, top_line
from monitor.when import NEW_YORK
from tests.quote_screen import QuoteScreen

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = "2025-01-27"


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


NOW = new_york(f"{MONDAY}T07:50:10")


def feed(number: int, **state: Any) -> StoredFeed:
    url = f"https://feed{number}.example/rss"
    known = FeedState(**{"url": url, "last_checked_at": NOW, "last_success_at": NOW, **state})
    return StoredFeed(feed=Feed(url=url, name=f"Feed {number}"), state=known, active=True)


def collector(now: datetime = NOW, **fields: Any) -> CollectorInfo:
    return CollectorInfo(**{"pid": 1, "host": "h", "version": "1", "started_at": now, "heartbeat_at": now, **fields})


FAILING = {"failures": 2, "failure": FailureKind.CONNECT, "error": "refused"}
WELL = Picture(
    quotes={"NVDA": Quote(symbol="NVDA", price=1.0, traded_at=NOW, fetched_at=NOW, session=Session.PRE)},
    source=QuoteSourceState(last_checked_at=NOW, last_success_at=NOW),
    feeds=tuple(feed(number, **(FAILING if number < 2 else {})) for number in range(15)),
    collector=collector(),
    alive=True,
    settings=Settings(file="x"),
)


def line(width: int, picture: Picture = WELL, now: datetime = NOW, **given: Any) -> str:
    pieces = fitted(top_line(picture, now, given.pop("zone", SEOUL), **given), width)
    return "".join(text for text, _ in pieces)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (f"{MONDAY}T07:50:10", "07:50 pre-market, opens in 1 h 40 min"),
        (f"{MONDAY}T09:29:59", "09:29 pre-market, opens in 1 min"),
        (f"{MONDAY}T09:30:00", "09:30 regular, closes in 6 h 30 min"),
        (f"{MONDAY}T13:50:00", "13:50 regular, closes in 2 h 10 min"),
        (f"{MONDAY}T16:55:30", "16:55 post-market, ends in 3 h 5 min"),
        (f"{MONDAY}T22:00:00", "22:00 closed, pre-market in 6 h"),
        ("2025-01-25T12:00:00", "12:00 closed, pre-market in 1 d 16 h"),
        ("2025-01-20T12:00:00", "12:00 closed for Martin Luther King Jr. Day, pre-market in 16 h"),
        ("2024-11-29T10:00:00", "10:00 regular, closes early at 13:00, closes in 3 h"),
        ("2024-11-29T14:00:00", "14:00 post-market, ends in 3 h"),
        ("2025-03-09T12:00:00", "12:00 closed, pre-market in 16 h"),  # the day on which summer time began
    ],
)
def test_the_session_and_the_time_to_the_next(at: str, words: str) -> None:
    assert line(300, now=new_york(at)).startswith(f"New York {words}  ")


def test_where_the_clocks_agree_the_time_is_said_once() -> None:
    assert line(300, zone=NEW_YORK).startswith("New York pre-market, opens in 1 h 40 min  Mon 27 Jan 07:50 EST  ")


def test_a_zone_without_a_name_is_told_by_its_offset() -> None:
    assert "Mon 27 Jan 13:50 UTC+0100" in line(300, zone=ZoneInfo("Etc/GMT-1"))


def test_before_the_calendar_is_loaded_nothing_is_said_of_the_session() -> None:
    assert line(300, calendar=False) == "Mon 27 Jan 21:50 KST  13/15 feeds, quotes every 15 s"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "13/15 feeds, quotes every 15 s"),
        ({"feeds": ()}, "no feeds, quotes every 15 s"),
        (
            {"feeds": (feed(1, last_checked_at=None), feed(2, last_checked_at=None))},
            "0/2 feeds asked, quotes every 15 s",
        ),
        ({"feeds": (*WELL.feeds, replace(feed(99), active=False))}, "13/15 feeds, quotes every 15 s"),
        ({"source": QuoteSourceState()}, "13/15 feeds, no quotes yet"),
        ({"source": QuoteSourceState(last_success_at=NOW - timedelta(seconds=44))}, "13/15 feeds, quotes every 15 s"),
        ({"source": QuoteSourceState(last_success_at=NOW - timedelta(seconds=46))}, "13/15 feeds, quotes 1 min old"),
        (
            {"source": QuoteSourceState(failures=3, failing_since=NOW - timedelta(minutes=7))},
            "13/15 feeds, quotes fail for 7 min",
        ),
        ({"quotes": {}}, "13/15 feeds, quotes every 5 min"),
        ({"alive": False}, "no collector, 13/15 feeds, quotes every 15 s"),
        ({"alive": None}, "13/15 feeds, quotes every 15 s"),
        ({"alive": None, "collector": None}, "no collector, 13/15 feeds, quotes every 15 s"),
        (
            {"collector": collector(NOW - timedelta(seconds=40))},
            "collector silent, 13/15 feeds, quotes every 15 s",
        ),
        (
            {"collector": collector(settings_error="feeds.yaml:3: what?")},
            "new settings not in force, 13/15 feeds, quotes every 15 s",
        ),
    ],
)
def test_the_collecting_in_words(changes: dict[str, Any], words: str) -> None:
    assert line(300, replace(WELL, **changes)) == line(300, WELL).replace("13/15 feeds, quotes every 15 s", words)


def test_without_a_database_nothing_old_is_said() -> None:
    assert line(300, lost=True).endswith("KST  no database")


def test_a_heartbeat_of_a_replay_is_measured_in_real_time() -> None:
    replay = {"replay_starts_at": NOW, "replay_wall_start": 0.0, "replay_speed": 60.0, "simulated": True}
    beaten = replace(WELL, collector=collector(NOW - timedelta(minutes=20), **replay))  # 20 s ago
    assert "silent" not in line(300, beaten)
    assert line(300, beaten).startswith("SIMULATED  ")


def test_it_reads_the_same_for_a_whole_minute() -> None:
    minute = NOW.replace(second=0)
    lines = {line(120, now=minute + timedelta(seconds=second), unacknowledged=3) for second in range(30)}
    assert len(lines) == 1


SIMULATED = replace(WELL, collector=collector(simulated=True))


@pytest.mark.parametrize(
    ("width", "words"),
    [
        (
            140,
            (
                "SIMULATED  New York 07:50 pre-market, opens in 1 h 40 min  Mon 27 Jan 21:50 KST  "
                "13/15 feeds, quotes every 15 s  3 alerts to acknowledge"
            ),
        ),
        (
            120,
            (
                "SIMULATED  NY 07:50 pre-market, opens in 1 h 40 min  21:50 KST  13/15 feeds, quotes every 15 s  "
                "3 alerts to acknowledge"
            ),
        ),
        (80, "SIMULATED  NY pre, opens in 1 h 40 min  21:50  13/15 feeds, quotes 15 s  3 new!"),
        (40, "SIMULATED  NY pre 1h40m  13/15 feeds  !3"),
    ],
)
def test_it_is_shortened_to_the_width(width: int, words: str) -> None:
    assert line(width, SIMULATED, unacknowledged=3) == words


def test_it_fits_any_width_and_never_loses_that_it_is_simulated() -> None:
    for width in range(160):
        said = line(width, replace(SIMULATED, alive=False), unacknowledged=12)
        assert cells.width(said) <= width
        assert "SIMULATED"[:width] in said
        if width >= 40:
            assert "no collector" in said


def test_trouble_and_alerts_stand_out_by_more_than_their_words() -> None:
    pieces = fitted(top_line(replace(WELL, alive=False), NOW, SEOUL, unacknowledged=1), 200)
    looks = {look: text for text, look in pieces}
    assert looks[Look.ALERTS] == "1 alert to acknowledge"
    assert looks[Look.TROUBLE].startswith("no collector")


async def test_on_the_screen_it_follows_its_state_and_the_width() -> None:
    app = QuoteScreen()
    async with app.run_test(size=(120, 20)) as pilot:
        app.top.show(top_line(SIMULATED, NOW, SEOUL))
        assert app.top.text == line(120, SIMULATED)
        await pilot.resize_terminal(40, 20)
        assert app.top.text == line(40, SIMULATED)
        assert app.top.render_line(0).cell_length == 40
        app.top.show(TopLineState())
        assert app.top.text == ""
