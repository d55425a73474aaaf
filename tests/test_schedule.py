"""When sources are asked again, after what, and by which clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from monitor import schedule
from monitor.models import (
    Changed,
    Failed,
    FailureKind,
    Feed,
    FeedState,
    Outcome,
    Quotes,
    QuotesFailed,
    QuoteSourceState,
    Response,
    Unchanged,
)

NOW = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)  # a Monday
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
URL = "https://news.example/feed"
TARGET = "https://www.news.example/rss"
FEED = Feed(url=URL, name="News")
FRESH = FeedState(url=URL)


class Policy(Struct, frozen=True):
    interval: timedelta = 10 * MINUTE
    max_interval: timedelta = DAY


def advance(
    state: FeedState,
    outcome: Outcome,
    *,
    now: datetime = NOW,
    feed: Feed = FEED,
    policy: Policy | None = None,
    jitter: float = 0.5,
) -> FeedState:
    return schedule.advance(state, feed, outcome, now=now, policy=policy or Policy(), jitter=jitter)


def answer(
    status: int = 200,
    *,
    wait: timedelta | None = None,
    etag: str | None = None,
    permanent_url: str | None = None,
    void: bool = False,
) -> Response:
    return Response(
        status=status,
        latency=SECOND / 10,
        wait=wait,
        etag=etag,
        permanent_url=permanent_url,
        validators_void=void,
    )


def changed(response: Response | None = None, *, quiet_hours: tuple[int, ...] = ()) -> Changed:
    return Changed(
        response=response or answer(),
        body_digest=b"d",
        item_digests=frozenset({b"i"}),
        entries=(),
        quiet_hours=quiet_hours,
    )


def unchanged(response: Response | None = None) -> Unchanged:
    return Unchanged(response=response or answer(304))


def failed(
    kind: FailureKind = FailureKind.TIMEOUT, *, status: int | None = None, retry_after: timedelta | None = None
) -> Failed:
    return Failed(kind=kind, reason="why", status=status, retry_after=retry_after)


def wait_of(state: FeedState, now: datetime = NOW) -> timedelta:
    assert state.next_check_at is not None
    return state.next_check_at - now


def after_failures(outcome: Failed, count: int, *, jitter: float, feed: Feed = FEED) -> timedelta:
    state = FRESH
    for _ in range(count):
        state = advance(state, outcome, jitter=jitter, feed=feed)
    assert state.failures == count
    return wait_of(state)


# Success


def test_a_feed_is_asked_again_after_the_interval_more_or_less() -> None:
    assert wait_of(advance(FRESH, changed(), jitter=0.0)) == 9.5 * MINUTE
    assert wait_of(advance(FRESH, changed(), jitter=0.5)) == 10 * MINUTE
    assert 10.4 * MINUTE < wait_of(advance(FRESH, changed(), jitter=0.999)) < 10.5 * MINUTE


def test_a_feeds_own_interval_goes_before_the_settings() -> None:
    assert wait_of(advance(FRESH, changed(), feed=replace(FEED, interval=MINUTE))) == MINUTE


def test_a_longer_wait_that_the_server_asks_for_is_never_undercut() -> None:
    assert wait_of(advance(FRESH, changed(answer(wait=HOUR)), jitter=0.0)) == HOUR


def test_a_shorter_wait_than_the_interval_changes_nothing() -> None:
    assert wait_of(advance(FRESH, changed(answer(wait=MINUTE)))) == 10 * MINUTE


@pytest.mark.parametrize("wait", [2 * DAY, timedelta(seconds=2**31)])
def test_an_absurd_wait_is_a_day(wait: timedelta) -> None:
    assert wait_of(advance(FRESH, changed(answer(wait=wait)))) == DAY


def test_the_settings_bound_what_a_server_may_ask_for() -> None:
    assert wait_of(advance(FRESH, changed(answer(wait=6 * HOUR)), policy=Policy(max_interval=HOUR))) == HOUR


def test_a_304_that_says_nothing_keeps_the_wait_of_the_last_document() -> None:
    state = advance(FRESH, changed(answer(wait=HOUR)))
    assert wait_of(advance(state, unchanged(), jitter=0.0)) == HOUR


def test_a_304_that_asks_for_less_does_not_undo_what_the_document_asked_for() -> None:
    state = advance(FRESH, changed(answer(wait=HOUR)))
    assert wait_of(advance(state, unchanged(answer(304, wait=MINUTE)), jitter=0.0)) == HOUR


def test_a_new_document_replaces_the_wait_of_the_old() -> None:
    state = advance(FRESH, changed(answer(wait=HOUR)))
    assert wait_of(advance(state, changed())) == 10 * MINUTE


def test_the_next_check_is_put_off_until_the_quiet_hours_are_over() -> None:
    quiet = tuple(day * 24 + hour for day in range(7) for hour in (14, 15))
    assert advance(FRESH, changed(quiet_hours=quiet)).next_check_at == datetime(2025, 1, 27, 16, tzinfo=UTC)


def test_quiet_hours_hold_on_a_304_and_put_off_nothing_outside_them() -> None:
    quiet = tuple(day * 24 + 15 for day in range(7))
    state = advance(FRESH, changed(quiet_hours=quiet))
    assert state.next_check_at == NOW + 10 * MINUTE
    assert advance(state, unchanged(), now=NOW + 25 * MINUTE).next_check_at == datetime(2025, 1, 27, 16, tzinfo=UTC)
    assert wait_of(advance(state, unchanged(), now=NOW + 2 * HOUR), NOW + 2 * HOUR) == 10 * MINUTE


def test_a_quiet_weekend_does_not_stop_a_feed_for_longer_than_a_day() -> None:
    friday = datetime(2025, 1, 31, 23, 55, tzinfo=UTC)
    state = advance(FRESH, changed(quiet_hours=tuple(range(5 * 24, 7 * 24))), now=friday)
    assert state.next_check_at == friday + DAY


def test_a_document_is_remembered() -> None:
    state = advance(FRESH, changed(answer(etag='"1"')))
    assert (state.etag, state.body_digest, state.item_digests) == ('"1"', b"d", frozenset({b"i"}))
    assert (state.last_checked_at, state.last_success_at, state.last_changed_at) == (NOW, NOW, NOW)
    assert (state.status, state.latency) == (200, SECOND / 10)


def test_an_unchanged_feed_keeps_its_validators_and_when_it_changed() -> None:
    state = advance(FRESH, changed(answer(etag='"1"')))
    later = advance(state, unchanged(), now=NOW + HOUR)
    assert (later.etag, later.last_changed_at, later.last_success_at) == ('"1"', NOW, NOW + HOUR)
    assert advance(later, unchanged(answer(304, etag='"2"'))).etag == '"2"'


def test_a_document_without_validators_forgets_those_of_the_last() -> None:
    assert advance(advance(FRESH, changed(answer(etag='"1"'))), changed()).etag is None


def test_void_validators_are_dropped() -> None:
    assert advance(FRESH, changed(answer(etag='"1"', void=True))).etag is None
    assert advance(replace(FRESH, etag='"1"'), unchanged(answer(void=True))).etag is None


def test_success_ends_a_failure() -> None:
    state = advance(FRESH, failed(FailureKind.RATE_LIMITED, status=429))
    state = advance(state, unchanged(), now=NOW + HOUR)
    assert (state.failures, state.failing_since, state.failure, state.error) == (0, None, None, None)
    assert state.host_wait_until is None


# Failure


def test_a_failure_is_remembered_with_when_it_began() -> None:
    state = advance(FRESH, failed(status=None))
    state = advance(state, failed(FailureKind.HTTP, status=500), now=NOW + HOUR)
    assert (state.failures, state.failing_since, state.failure, state.error) == (2, NOW, FailureKind.HTTP, "why")
    assert (state.status, state.last_checked_at, state.last_success_at) == (500, NOW + HOUR, None)


def test_a_failure_keeps_what_is_known_of_the_document() -> None:
    state = advance(FRESH, changed(answer(etag='"1"')))
    after = advance(state, failed())
    assert (after.etag, after.body_digest, after.item_digests) == (state.etag, state.body_digest, state.item_digests)


@pytest.mark.parametrize("kind", list(FailureKind))
def test_no_failure_stops_a_feed(kind: FailureKind) -> None:
    assert timedelta(0) < after_failures(failed(kind, status=404), 1000, jitter=0.999) <= DAY


@pytest.mark.parametrize("kind", [FailureKind.DNS, FailureKind.CONNECT])
@pytest.mark.parametrize("interval", [10 * MINUTE, HOUR])
def test_a_feed_that_cannot_be_reached_is_tried_again_within_five_minutes(
    kind: FailureKind, interval: timedelta
) -> None:
    feed = replace(FEED, interval=interval)
    assert after_failures(failed(kind), 1, jitter=0.0, feed=feed) == 30 * SECOND
    assert after_failures(failed(kind), 1, jitter=0.999, feed=feed) <= MINUTE
    assert after_failures(failed(kind), 50, jitter=0.999, feed=feed) <= 5 * MINUTE


@pytest.mark.parametrize(
    "outcome",
    [
        failed(FailureKind.TIMEOUT),
        failed(FailureKind.CUT_OFF),
        failed(FailureKind.HTTP, status=502),
        failed(FailureKind.UNAVAILABLE, status=503),
        failed(FailureKind.INTERNAL),
    ],
)
def test_a_fault_that_passes_is_tried_again_within_a_quarter_of_an_hour(outcome: Failed) -> None:
    assert after_failures(outcome, 1, jitter=0.0) == 30 * SECOND
    assert after_failures(outcome, 1, jitter=0.999) <= 10 * MINUTE
    assert 14 * MINUTE < after_failures(outcome, 50, jitter=0.999) <= 15 * MINUTE


@pytest.mark.parametrize(
    "kind",
    [
        FailureKind.TLS,
        FailureKind.NOT_A_FEED,
        FailureKind.PARSER,
        FailureKind.ENCODING,
        FailureKind.TOO_LARGE,
        FailureKind.REDIRECT,
        FailureKind.REFUSED_ADDRESS,
        FailureKind.DENIED,
        FailureKind.RATE_LIMITED,
        FailureKind.DATA,
    ],
)
def test_a_fault_that_a_person_must_mend_is_tried_again_within_an_hour(kind: FailureKind) -> None:
    assert 55 * MINUTE < after_failures(failed(kind), 50, jitter=0.999) <= HOUR


def test_a_missing_page_backs_off_to_a_day() -> None:
    outcome = failed(FailureKind.HTTP, status=404)
    assert after_failures(outcome, 1, jitter=0.999) <= 10 * MINUTE
    assert 9 * MINUTE < after_failures(outcome, 2, jitter=0.5) < 11 * MINUTE
    assert 23 * HOUR < after_failures(outcome, 50, jitter=0.999) <= DAY


def test_a_feed_that_is_gone_is_checked_daily() -> None:
    assert after_failures(failed(FailureKind.GONE, status=410), 1, jitter=0.0) == DAY
    assert after_failures(failed(FailureKind.GONE, status=410), 9, jitter=0.999) > 21 * HOUR


def test_a_feed_polled_more_often_than_twice_a_minute_is_tried_again_as_soon() -> None:
    assert after_failures(failed(), 1, jitter=0.999, feed=replace(FEED, interval=15 * SECOND)) == 15 * SECOND


def test_retry_after_is_never_undercut() -> None:
    outcome = failed(FailureKind.UNAVAILABLE, status=503, retry_after=2 * HOUR)
    assert wait_of(advance(FRESH, outcome, jitter=0.0)) == 2 * HOUR


def test_an_absurd_retry_after_is_a_day() -> None:
    for kind in (FailureKind.RATE_LIMITED, FailureKind.UNAVAILABLE):
        assert wait_of(advance(FRESH, failed(kind, retry_after=timedelta(days=24_855)))) == DAY


def test_a_429_holds_its_host_and_a_503_only_its_feed() -> None:
    limited = advance(FRESH, failed(FailureKind.RATE_LIMITED, status=429, retry_after=HOUR), jitter=0.0)
    unavailable = advance(FRESH, failed(FailureKind.UNAVAILABLE, status=503, retry_after=HOUR))
    assert limited.host_wait_until == NOW + HOUR
    assert unavailable.host_wait_until is None
    assert schedule.host_holds([limited, unavailable], now=NOW) == {"news.example": NOW + HOUR}


def test_a_host_is_held_until_the_latest_moment_that_any_of_its_feeds_was_told() -> None:
    states = [FeedState(url=f"{URL}/{n}", host_wait_until=NOW + n * MINUTE) for n in (1, 3, 2)]
    assert schedule.host_holds(states, now=NOW) == {"news.example": NOW + 3 * MINUTE}
    assert schedule.host_holds(states, now=NOW + 3 * MINUTE) == {}


def test_the_host_held_is_the_one_that_was_asked() -> None:
    state = FeedState(url=URL, redirect_url=TARGET, host_wait_until=NOW + HOUR)
    assert set(schedule.host_holds([state], now=NOW)) == {"www.news.example"}


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://News.Example:8443/a", "news.example"), ("http://[::1]/", "::1"), ("http://[", ""), ("nonsense", "")],
)
def test_the_host_of_an_address(url: str, host: str) -> None:
    assert schedule.host_of(url) == host


# Redirects


def polls(state: FeedState, count: int, outcome: Outcome) -> FeedState:
    for _ in range(count):
        state = advance(state, outcome)
    return state


def test_a_permanent_redirect_is_used_once_it_is_proven() -> None:
    moved = unchanged(answer(permanent_url=TARGET))
    state = polls(FRESH, schedule.PROOFS - 1, moved)
    assert schedule.address(FEED, state) == URL
    assert schedule.address(FEED, advance(state, moved)) == TARGET


def test_a_failure_in_between_proves_nothing() -> None:
    state = polls(FRESH, schedule.PROOFS - 1, unchanged(answer(permanent_url=TARGET)))
    assert schedule.address(FEED, advance(state, failed())) == URL


@pytest.mark.parametrize("elsewhere", [None, "https://other.example/"])
def test_an_answer_from_elsewhere_starts_the_proof_again(elsewhere: str | None) -> None:
    moved = unchanged(answer(permanent_url=TARGET))
    state = polls(FRESH, schedule.PROOFS - 1, moved)
    state = advance(state, unchanged(answer(permanent_url=elsewhere)))
    assert schedule.address(FEED, advance(state, moved)) == URL


def test_a_target_that_fails_sends_the_next_poll_to_the_configured_address_without_its_validators() -> None:
    state = polls(FRESH, schedule.PROOFS, changed(answer(permanent_url=TARGET, etag='"1"')))
    after = advance(state, failed(FailureKind.HTTP, status=404))
    assert schedule.address(FEED, after) == URL
    assert (after.etag, after.body_digest) == (None, b"d")


def test_a_target_that_is_asked_too_often_is_still_the_target() -> None:
    state = polls(FRESH, schedule.PROOFS, unchanged(answer(permanent_url=TARGET)))
    assert schedule.address(FEED, advance(state, failed(FailureKind.RATE_LIMITED))) == TARGET


def test_a_proven_redirect_is_proven_again_from_time_to_time() -> None:
    state = polls(FRESH, schedule.PROOFS, unchanged(answer(permanent_url=TARGET)))
    asked = []
    for _ in range(2 * schedule.FORGET_AFTER):
        asked.append(schedule.address(FEED, state))
        back = asked[-1] == URL
        state = advance(state, unchanged(answer(permanent_url=TARGET if back else None)))
    assert asked[0] == TARGET
    assert 1 <= asked.count(URL) <= 3 * schedule.PROOFS


def test_a_target_that_moved_on_is_followed_once_that_is_proven() -> None:
    state = polls(FRESH, schedule.PROOFS, unchanged(answer(permanent_url=TARGET)))
    further = unchanged(answer(permanent_url="https://third.example/"))
    state = polls(state, schedule.PROOFS - 1, further)
    assert schedule.address(FEED, state) == TARGET
    assert schedule.address(FEED, advance(state, further)) == "https://third.example/"


def test_a_target_that_sends_back_is_forgotten() -> None:
    state = polls(FRESH, schedule.PROOFS, unchanged(answer(permanent_url=TARGET)))
    assert schedule.address(FEED, advance(state, unchanged(answer(permanent_url=URL)))) == URL


def test_what_is_known_of_another_address_is_not_built_on() -> None:
    state = polls(FRESH, schedule.PROOFS, changed(answer(permanent_url=TARGET, etag='"1"')))
    other = replace(FEED, url="https://elsewhere.example/feed")
    assert schedule.address(other, state) == other.url
    after = advance(state, failed(), feed=other)
    assert (after.url, after.etag, after.body_digest) == (other.url, None, None)


# Clocks


def test_a_feed_never_polled_is_due() -> None:
    assert schedule.is_due(FRESH, now=NOW)


def test_a_feed_is_due_from_its_moment_on() -> None:
    state = advance(FRESH, changed())
    assert not schedule.is_due(state, now=NOW)
    assert not schedule.is_due(state, now=NOW + 10 * MINUTE - SECOND)
    assert schedule.is_due(state, now=NOW + 10 * MINUTE)


@pytest.mark.parametrize("back", [2 * MINUTE, 5 * HOUR, DAY, 365 * DAY])
def test_a_clock_set_back_makes_a_feed_due_at_once(back: timedelta) -> None:
    assert schedule.is_due(advance(FRESH, changed(answer(wait=6 * HOUR))), now=NOW - back)


def test_a_clock_nudged_back_does_not_make_a_feed_due() -> None:
    assert not schedule.is_due(advance(FRESH, changed()), now=NOW - SECOND)


def test_a_check_further_ahead_than_any_may_be_is_due() -> None:
    assert schedule.is_due(FeedState(url=URL, next_check_at=NOW + 25 * HOUR), now=NOW)


def test_a_clock_that_jumps_a_day_ahead_and_back_costs_one_poll_each() -> None:
    state = advance(FRESH, changed())
    assert schedule.is_due(state, now=NOW + DAY)
    state = advance(state, unchanged(), now=NOW + DAY)
    assert schedule.is_due(state, now=NOW + MINUTE)
    state = advance(state, unchanged(), now=NOW + MINUTE)
    assert not schedule.is_due(state, now=NOW + 2 * MINUTE)
    assert schedule.is_due(state, now=NOW + 11 * MINUTE)


@pytest.mark.parametrize("back", [2 * MINUTE, DAY])
def test_a_clock_set_back_frees_a_held_host(back: timedelta) -> None:
    state = advance(FRESH, failed(FailureKind.RATE_LIMITED, retry_after=HOUR))
    assert schedule.host_holds([state], now=NOW)
    assert not schedule.host_holds([state], now=NOW - back)


def test_a_failure_cannot_have_begun_in_the_future() -> None:
    state = advance(FRESH, failed())
    assert advance(state, failed(), now=NOW - DAY).failing_since == NOW - DAY


# Quotes


def advance_quotes(state: QuoteSourceState, outcome: Quotes | QuotesFailed, jitter: float = 0.0) -> QuoteSourceState:
    return schedule.advance_quotes(state, outcome, now=NOW, interval=15 * SECOND, jitter=jitter)


def test_quotes_come_at_their_interval() -> None:
    state = advance_quotes(QuoteSourceState(), Quotes(quotes=(), unknown=("XYZ",), latency=SECOND))
    assert (state.next_check_at, state.last_success_at, state.unknown) == (NOW + 15 * SECOND, NOW, ("XYZ",))


def test_quotes_that_fail_back_off_from_half_a_minute_to_five() -> None:
    state = QuoteSourceState(last_success_at=NOW - HOUR)
    waits = []
    for _ in range(7):
        state = advance_quotes(state, QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="why"))
        assert state.next_check_at is not None
        waits.append((state.next_check_at - NOW).total_seconds())
    assert waits == [30, 60, 120, 240, 300, 300, 300]
    assert (state.failures, state.failing_since, state.error) == (7, NOW, "why")
    assert state.last_success_at == NOW - HOUR


@pytest.mark.parametrize(("asked", "waited"), [(10 * MINUTE, 10 * MINUTE), (SECOND, 30 * SECOND), (9 * DAY, HOUR)])
def test_a_retry_after_for_quotes_is_honoured_up_to_an_hour(asked: timedelta, waited: timedelta) -> None:
    outcome = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="why", retry_after=asked)
    assert advance_quotes(QuoteSourceState(), outcome).next_check_at == NOW + waited


def test_a_round_of_which_only_a_part_failed_gave_prices_and_waits() -> None:
    failure = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="why")
    state = advance_quotes(QuoteSourceState(failures=1), Quotes(quotes=(), unknown=(), latency=SECOND, failure=failure))
    assert (state.last_success_at, state.failures, state.error) == (NOW, 2, "why")
    assert state.next_check_at == NOW + MINUTE
    state = advance_quotes(state, Quotes(quotes=(), unknown=(), latency=SECOND))
    assert (state.failures, state.failing_since, state.failure, state.error) == (0, None, None, None)


def test_a_clock_set_back_makes_quotes_due() -> None:
    state = advance_quotes(QuoteSourceState(), Quotes(quotes=(), unknown=(), latency=SECOND))
    assert schedule.quotes_due(QuoteSourceState(), now=NOW)
    assert not schedule.quotes_due(state, now=NOW)
    assert schedule.quotes_due(state, now=NOW + 15 * SECOND)
    assert schedule.quotes_due(state, now=NOW - DAY)


# Whatever happens

waits = st.one_of(st.none(), st.timedeltas(min_value=-DAY, max_value=timedelta(seconds=2**31)))
urls = st.sampled_from([None, URL, TARGET, "https://third.example/"])
# Not st.builds: it looks for types that are there for mypy alone.
fields: dict[str, st.SearchStrategy[Any]] = {
    "status": st.sampled_from([200, 304]),
    "latency": st.just(SECOND),
    "wait": waits,
    "permanent_url": urls,
    "validators_void": st.booleans(),
}
responses = st.fixed_dictionaries(fields).map(lambda given: Response(**given))
outcomes = st.one_of(
    st.builds(unchanged, responses),
    st.builds(changed, responses, quiet_hours=st.lists(st.integers(0, 167), unique=True).map(tuple)),
    st.builds(failed, st.sampled_from(FailureKind), status=st.sampled_from([None, 404, 500]), retry_after=waits),
)
jumps = st.timedeltas(min_value=-2 * DAY, max_value=2 * DAY)
intervals = st.timedeltas(min_value=SECOND, max_value=3 * DAY)


@settings(derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(outcomes, jumps, st.floats(0, 1, exclude_max=True)), min_size=1, max_size=10),
    intervals,
    intervals,
    st.one_of(st.none(), intervals),
)
def test_every_next_check_lies_ahead_and_within_the_longest_interval(
    history: list[tuple[Outcome, timedelta, float]],
    interval: timedelta,
    max_interval: timedelta,
    own: timedelta | None,
) -> None:
    state, now, feed = FRESH, NOW, replace(FEED, interval=own)
    for outcome, jump, jitter in history:
        now += jump
        state = advance(state, outcome, now=now, feed=feed, policy=Policy(interval, max_interval), jitter=jitter)
        assert timedelta(0) < wait_of(state, now) <= min(max_interval, DAY)
        assert not schedule.is_due(state, now=now)
        assert schedule.is_due(state, now=now + min(max_interval, DAY))
        assert schedule.is_due(state, now=now - 2 * MINUTE)
        assert (state.failures > 0) == isinstance(outcome, Failed) == (state.failing_since is not None)
        assert state.failing_since is None or state.failing_since <= now
        assert schedule.address(feed, state) in {URL, TARGET, "https://third.example/"}


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(waits, st.floats(0, 1, exclude_max=True)), min_size=1, max_size=20))
def test_every_next_round_of_quotes_lies_ahead_and_within_an_hour(
    history: list[tuple[timedelta | None, float]],
) -> None:
    state = QuoteSourceState()
    for retry_after, jitter in history:
        outcome = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="why", retry_after=retry_after)
        state = advance_quotes(state, outcome, jitter)
        assert state.next_check_at is not None
        assert NOW + 30 * SECOND <= state.next_check_at <= NOW + HOUR
