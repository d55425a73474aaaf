from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitor import new_york
from monitor.models import Session
from monitor.when import NEW_YORK


def new_york_time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize(
    ("local", "session"),
    [
        ("2025-01-27T03:59:59", Session.CLOSED),
        ("2025-01-27T04:00:00", Session.PRE),
        ("2025-01-27T09:29:59", Session.PRE),
        ("2025-01-27T09:30:00", Session.REGULAR),
        ("2025-01-27T15:59:59", Session.REGULAR),
        ("2025-01-27T16:00:00", Session.POST),
        ("2025-01-27T19:59:59", Session.POST),
        ("2025-01-27T20:00:00", Session.CLOSED),
        ("2025-01-25T12:00:00", Session.CLOSED),  # Saturday
        ("2025-01-26T12:00:00", Session.CLOSED),
        ("2025-07-07T09:30:00", Session.REGULAR),  # in daylight saving time
        ("2025-03-10T09:30:00", Session.REGULAR),  # the first weekday of it
        ("2025-01-20T12:00:00", Session.CLOSED),  # Martin Luther King Jr. Day
        ("2025-01-09T12:00:00", Session.CLOSED),  # the mourning for Jimmy Carter
        ("2026-07-03T12:00:00", Session.CLOSED),  # Independence Day, observed on a Friday
        ("2025-07-03T12:59:59", Session.REGULAR),  # a short day
        ("2025-07-03T13:00:00", Session.POST),
        ("2025-07-03T17:00:00", Session.CLOSED),
    ],
)
def test_the_session_goes_by_the_clock_the_holidays_and_the_short_days(local: str, session: Session) -> None:
    assert new_york.session(new_york_time(local)) is session


@pytest.mark.parametrize(
    ("local", "session", "begins"),
    [
        ("2025-01-27T07:50:00", Session.REGULAR, "2025-01-27T09:30:00"),
        ("2025-01-27T09:30:00", Session.POST, "2025-01-27T16:00:00"),
        ("2025-01-27T16:00:00", Session.CLOSED, "2025-01-27T20:00:00"),
        ("2025-01-27T20:00:00", Session.PRE, "2025-01-28T04:00:00"),
        ("2025-01-17T21:00:00", Session.PRE, "2025-01-21T04:00:00"),  # over a weekend and a holiday
        ("2025-11-28T12:00:00", Session.POST, "2025-11-28T13:00:00"),  # the day after Thanksgiving
        ("2025-03-09T01:30:00", Session.PRE, "2025-03-10T04:00:00"),  # the night the clocks go forward
    ],
)
def test_the_next_change_is_known_over_holidays_and_clock_changes(local: str, session: Session, begins: str) -> None:
    assert new_york.next_change(new_york_time(local)) == (session, new_york_time(begins))


def test_a_holiday_and_a_short_day_have_a_name() -> None:
    assert new_york.holiday(date(2025, 1, 20)) == "Martin Luther King Jr. Day"
    assert new_york.holiday(date(2025, 11, 28)) == "Day after Thanksgiving Day"
    assert new_york.holiday(date(2025, 1, 27)) is None
