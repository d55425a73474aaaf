"""What answers ask for: Cache-Control, Expires, Age, Retry-After, skipHours and skipDays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.sources.freshness import longest, quiet_hours, retry_after, validators_void, wait_asked

NOW = datetime(2025, 1, 27, 12, 0, tzinfo=UTC)
DATE = "Mon, 27 Jan 2025 12:00:00 GMT"
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"cache-control": "max-age=600"}, 10 * MINUTE),
        ({"cache-control": "public, MAX-AGE = 600"}, 10 * MINUTE),
        ({"cache-control": 'max-age="600", must-revalidate'}, 10 * MINUTE),
        ({"cache-control": "s-maxage=600"}, None),
        ({"cache-control": "max-age=0"}, None),
        ({"cache-control": "max-age=-5"}, None),
        ({"cache-control": "max-age=600, no-cache"}, None),
        ({"cache-control": "no-store, max-age=600"}, None),
        ({"cache-control": "max-age=600", "age": "540"}, MINUTE),
        ({"cache-control": "max-age=600", "age": "700"}, None),
        ({"cache-control": "max-age=600", "age": "soon"}, 10 * MINUTE),
        ({"cache-control": "max-age=60", "expires": "Mon, 27 Jan 2025 18:00:00 GMT"}, MINUTE),
        ({"expires": "Mon, 27 Jan 2025 12:05:00 GMT"}, 5 * MINUTE),
        ({"expires": "Monday, 27-Jan-25 12:05:00 GMT"}, 5 * MINUTE),
        ({"expires": "Mon Jan 27 12:05:00 2025"}, 5 * MINUTE),
        ({"expires": "Mon, 27 Jan 2025 09:05:00 GMT", "date": "Mon, 27 Jan 2025 09:00:00 GMT"}, 5 * MINUTE),
        ({"expires": "Thu, 19 Nov 1981 08:52:00 GMT"}, None),
        ({"expires": "0"}, None),
        ({"expires": "-1"}, None),
        ({"expires": "tomorrow"}, None),
        ({"cache-control": "no-cache", "expires": "Mon, 27 Jan 2025 18:00:00 GMT"}, None),
        ({"retry-after": "120"}, 2 * MINUTE),
        ({"retry-after": "Mon, 27 Jan 2025 12:03:00 GMT"}, 3 * MINUTE),
        ({"retry-after": "120", "cache-control": "max-age=600"}, 10 * MINUTE),
    ],
)
def test_the_longest_positive_wait_is_taken(headers: dict[str, str], wait: timedelta | None) -> None:
    assert wait_asked(headers, NOW) == wait


@pytest.mark.parametrize("digits", ["9" * 30, "9" * 5000, "0" * 5000 + "99999999999"])
def test_an_absurd_number_is_a_very_long_wait(digits: str) -> None:
    wait = retry_after({"retry-after": digits}, NOW)
    assert wait is not None
    assert timedelta(days=20_000) < wait < timedelta(days=30_000)


@pytest.mark.parametrize("value", ["", "-5", "1.5", "soon", "１２０", "Mon, 27 Jan 2025 11:00:00 GMT", "0"])
def test_a_retry_after_that_says_nothing_is_none(value: str) -> None:
    assert retry_after({"retry-after": value}, NOW) is None


@settings(derandomize=True, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["cache-control", "expires", "date", "age", "retry-after"]), st.text(max_size=80))
)
def test_no_header_can_do_harm(headers: dict[str, str]) -> None:
    wait = wait_asked(headers, NOW)
    assert wait is None or wait > timedelta(0)


@settings(derandomize=True, deadline=None)
@given(st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,3})? .{0,9}"))
def test_no_date_can_do_harm(date: str) -> None:
    wait_asked({"expires": date, "date": date, "retry-after": date}, NOW)


def test_validators_are_void_only_on_expires_0() -> None:
    assert validators_void({"expires": " 0 "})
    assert not validators_void({"expires": "-1"})
    assert not validators_void({"expires": "Thu, 19 Nov 1981 08:52:00 GMT"})
    assert not validators_void({})


def test_the_longest_of_no_waits_is_none() -> None:
    assert longest(None, None) is None
    assert longest(None, MINUTE, 2 * MINUTE) == 2 * MINUTE


def test_skip_hours_are_quiet_on_every_day() -> None:
    assert quiet_hours({3}, ()) == tuple(day * 24 + 3 for day in range(7))


def test_skip_hour_24_is_midnight() -> None:
    assert quiet_hours({24}, ()) == quiet_hours({0}, ())


def test_a_skip_day_is_quiet_from_midnight_to_midnight() -> None:
    assert quiet_hours((), {6}) == tuple(range(6 * 24, 7 * 24))


@pytest.mark.parametrize("hours", [range(24), range(1, 25)])
def test_a_document_that_asks_never_to_be_read_is_not_obeyed(hours: range) -> None:
    assert quiet_hours(hours, ()) == ()


def test_hours_and_days_that_do_not_exist_are_ignored() -> None:
    assert quiet_hours({-1, 25, 99}, {-1, 7}) == ()
