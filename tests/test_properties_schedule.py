"""When sources are asked again, whatever they answer and whatever the clock does."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor import schedule
from monitor.models import FailureKind, Outcome, QuotesFailed, QuoteSourceState
from tests.test_schedule import (
    DAY,
    FRESH,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    Policy,
    advance,
    advance_quotes,
    answer,
    changed,
    failed,
    intervals,
    jumps,
    outcomes,
    unchanged,
    wait_of,
    waits,
)

shares = st.floats(0, 1, exclude_max=True)
steady = settings(derandomize=True, deadline=None, database=None, max_examples=60)


asks = st.one_of(st.none(), st.timedeltas(min_value=timedelta(0), max_value=1.5 * DAY))


@steady
@given(intervals, intervals, asks, shares, st.booleans())
def test_a_success_waits_its_interval_or_what_was_asked_for_and_hardly_longer(
    interval: timedelta, max_interval: timedelta, asked: timedelta | None, jitter: float, same: bool
) -> None:
    outcome = unchanged(answer(304, wait=asked)) if same else changed(answer(wait=asked))
    wait = wait_of(advance(FRESH, outcome, policy=Policy(interval, max_interval), jitter=jitter))
    longest = min(max_interval, DAY)
    asked = min(asked or timedelta(0), DAY)
    assert wait >= min(max(interval * 0.95, asked), longest)
    assert wait <= min(max(interval * 1.05, asked * 1.05), longest)


@steady
@given(intervals, intervals, st.sampled_from(FailureKind), waits, st.integers(1, 40), shares)
def test_a_failure_waits_what_it_was_told_to_and_no_longer_than_its_kind_may(
    interval: timedelta,
    max_interval: timedelta,
    kind: FailureKind,
    retry_after: timedelta | None,
    failures: int,
    jitter: float,
) -> None:
    state = replace(FRESH, failures=failures - 1)
    longest = min(max_interval, DAY)
    wait = wait_of(
        advance(state, failed(kind, retry_after=retry_after), policy=Policy(interval, max_interval), jitter=jitter)
    )
    told = min(retry_after or timedelta(0), longest)
    assert wait >= min(max(told, min(interval, 30 * SECOND)), longest)
    assert wait <= longest
    if kind in {FailureKind.DNS, FailureKind.CONNECT}:
        assert wait <= max(5 * MINUTE, told * 1.05)
    elif kind not in {FailureKind.GONE, FailureKind.HTTP}:
        assert wait <= max(HOUR, interval, told * 1.05)


@steady
@given(
    st.lists(st.tuples(outcomes, st.sampled_from([-DAY, timedelta(0), timedelta(0), DAY]), shares), min_size=2),
    intervals,
    st.integers(0, 97),
)
def test_a_feed_waits_no_longer_than_a_day_nor_than_a_day_after_the_clock_jumped_a_day_either_way(
    history: list[tuple[Outcome, timedelta, float]], interval: timedelta, jump_at: int
) -> None:
    """Looked at every quarter of an hour of true time, by a clock that is off by the jumps so far."""
    step, policy = 15 * MINUTE, Policy(interval, DAY)
    state, off, true = FRESH, timedelta(0), NOW
    for outcome, jump, jitter in history:
        since = true
        for look in range(200):
            if look == jump_at and jump:
                off += jump
                since = true
            if schedule.is_due(state, now=true + off):
                break
            true += step
        assert true - since <= DAY + step
        state = advance(state, outcome, now=true + off, policy=policy, jitter=jitter)
        true += step


@steady
@given(st.lists(st.tuples(waits, shares), min_size=1, max_size=8), st.sampled_from([-DAY, DAY]), st.integers(0, 3600))
def test_a_clock_that_jumps_a_day_either_way_stops_no_quotes_for_longer_than_an_hour(
    history: list[tuple[timedelta | None, float]], jump: timedelta, seconds: int
) -> None:
    state = QuoteSourceState()
    for retry_after, jitter in history:
        outcome = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="why", retry_after=retry_after)
        state = advance_quotes(state, outcome, jitter)
    assert schedule.quotes_due(state, now=NOW + seconds * SECOND + jump)


@steady
@given(st.lists(st.tuples(waits, shares), min_size=1, max_size=8), jumps)
def test_no_host_is_held_for_longer_than_a_day_by_any_clock(
    history: list[tuple[timedelta | None, float]], jump: timedelta
) -> None:
    states = [
        advance(FRESH, failed(FailureKind.RATE_LIMITED, retry_after=retry_after), jitter=jitter)
        for retry_after, jitter in history
    ]
    for until in schedule.host_holds(states, now=NOW + jump).values():
        assert until <= NOW + jump + DAY
