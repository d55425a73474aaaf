"""Moments and spans as a person reads them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.when import local_and_new_york, new_york_and_local, recent_from, span

MOMENT = datetime(2025, 1, 27, 12, 50, 7, tzinfo=UTC)


def test_a_moment_is_shown_in_the_viewers_zone_and_in_new_yorks() -> None:
    assert local_and_new_york(MOMENT, ZoneInfo("Asia/Seoul")) == "2025-01-27 21:50:07 KST (07:50 EST)"


def test_new_yorks_day_is_named_where_it_is_another_one() -> None:
    early = datetime(2025, 1, 28, 2, 0, tzinfo=UTC)
    assert local_and_new_york(early, ZoneInfo("Asia/Seoul")) == "2025-01-28 11:00:00 KST (01-27 21:00 EST)"


def test_in_new_york_the_time_is_said_once() -> None:
    assert local_and_new_york(MOMENT, ZoneInfo("America/New_York")) == "2025-01-27 07:50:07 EST"


def test_a_zone_without_a_name_of_letters_is_given_by_its_offset() -> None:
    assert local_and_new_york(MOMENT, ZoneInfo("Asia/Kathmandu")).startswith("2025-01-27 18:35:07 UTC+0545 ")


def test_what_is_told_in_new_york_s_time_has_the_viewers_beside_it() -> None:
    seoul = ZoneInfo("Asia/Seoul")
    assert new_york_and_local(MOMENT, seoul) == "2025-01-27 07:50 EST (21:50 KST)"
    ten = datetime(2025, 1, 27, 15, 0, tzinfo=UTC)
    assert new_york_and_local(ten, seoul) == "2025-01-27 10:00 EST (01-28 00:00 KST)"
    assert new_york_and_local(ten, ZoneInfo("America/Toronto")) == "2025-01-27 10:00 EST"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0s"),
        (0, "0s"),
        (0.4, "0s"),
        (59, "59s"),
        (60, "1m"),
        (200, "3m 20s"),
        (3600, "1h"),
        (3605, "1h"),
        (7500, "2h 5m"),
        (349_300, "4d 1h"),
    ],
)
def test_a_span_has_at_most_its_two_largest_units(seconds: float, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("now", "since"),
    [
        ("2025-01-28T00:05+09:00", "2025-01-27T12:00+09:00"),
        ("2025-01-28T11:59+09:00", "2025-01-27T12:00+09:00"),
        ("2025-01-28T12:00+09:00", "2025-01-28T00:00+09:00"),
        ("2025-01-28T23:59+09:00", "2025-01-28T00:00+09:00"),
    ],
)
def test_a_time_of_day_is_enough_since_midnight_and_in_the_morning_since_the_noon_before(now: str, since: str) -> None:
    seoul = ZoneInfo("Asia/Seoul")
    assert recent_from(datetime.fromisoformat(now).astimezone(UTC), seoul) == datetime.fromisoformat(since)
