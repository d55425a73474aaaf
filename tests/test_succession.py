"""Who collects next: what is decided from what is seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from monitor.tui.succession import (
    APART,
    FIRST_WAIT,
    LONGEST_WAIT,
    STEADY,
    ChildState,
    Decision,
    Ended,
    Memory,
    Pause,
    Seen,
    Who,
    decide,
)

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OURS, OTHER = 70, 42
BROKEN = Ended(2, SECOND, "feeds.yaml:3: poll_: no such key")
WAITS = Memory(failures=1, pause=Pause(NOW - SECOND, FIRST_WAIT, "why"))


def look(memory: Memory, seen: Seen, *, now: datetime = NOW, chance: float = 0.5) -> Decision:
    return decide(memory, seen, now=now, chance=chance)


@pytest.mark.parametrize(
    ("memory", "seen", "state", "start"),
    [
        pytest.param(Memory(), Seen(None), ChildState(Who.STARTING), True, id="free at the first look"),
        pytest.param(Memory(), Seen(OTHER), ChildState(Who.ELSEWHERE, OTHER), False, id="held by another"),
        pytest.param(Memory(), Seen(0), ChildState(Who.ELSEWHERE), False, id="held by one unnamed"),
        pytest.param(Memory(), Seen(None, OURS), ChildState(Who.STARTING, OURS), False, id="ours has no lock yet"),
        pytest.param(Memory(), Seen(0, OURS), ChildState(Who.STARTING, OURS), False, id="ours perhaps just has it"),
        pytest.param(Memory(), Seen(OURS, OURS), ChildState(Who.OURS, OURS), False, id="ours holds it"),
        pytest.param(Memory(), Seen(OTHER, OURS), ChildState(Who.ELSEWHERE, OTHER), False, id="ours was too late"),
        pytest.param(
            Memory(elsewhere=True), Seen(None), ChildState(Who.STARTING), False, id="another let go just now: apart"
        ),
        pytest.param(
            Memory(pause=Pause(NOW - APART, APART)), Seen(None), ChildState(Who.STARTING), True, id="apart long enough"
        ),
        pytest.param(
            WAITS,
            Seen(None),
            ChildState(Who.WAITING, why="why", retry_at=NOW + SECOND),
            False,
            id="failed, and it is not time yet",
        ),
        pytest.param(
            replace(WAITS, elsewhere=True),
            Seen(None),
            ChildState(Who.WAITING, why="why", retry_at=NOW + SECOND),
            False,
            id="failed, and another that held it meanwhile changes nothing",
        ),
        pytest.param(WAITS, Seen(OTHER), ChildState(Who.ELSEWHERE, OTHER), False, id="failed, and another took it"),
        pytest.param(Memory(over=True), Seen(None), ChildState(Who.OVER), False, id="the day is over"),
        pytest.param(
            Memory(over=True), Seen(OTHER), ChildState(Who.ELSEWHERE, OTHER), False, id="over for us, not for another"
        ),
        pytest.param(
            Memory(), Seen(OTHER, ended=Ended(3, SECOND)), ChildState(Who.ELSEWHERE, OTHER), False, id="lost the race"
        ),
    ],
)
def test_one_look(memory: Memory, seen: Seen, state: ChildState, *, start: bool) -> None:
    decision = look(memory, seen)
    assert (decision.state, decision.start) == (state, start)


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        (BROKEN, "feeds.yaml:3: poll_: no such key"),
        (Ended(1, SECOND), "it ended with status 1 and said nothing"),
        (Ended(-9, SECOND, "collecting: 3 feeds"), "it was ended by SIGKILL"),
        (Ended(-99, SECOND), "it was ended by signal 99"),
        (Ended(0, SECOND, "ended"), "it was told to end"),
        (Ended(3, SECOND, "another collector already collects"), "another collector already collects"),
    ],
)
def test_one_that_ended_early_is_started_again_after_a_wait_whose_reason_is_told(ended: Ended, why: str) -> None:
    decision = look(Memory(), Seen(None, ended=ended))
    assert not decision.start
    assert decision.state == ChildState(Who.WAITING, why=why, retry_at=NOW + FIRST_WAIT)
    assert look(decision.memory, Seen(None), now=NOW + FIRST_WAIT).start


def test_the_wait_doubles_with_each_failure_up_to_a_minute() -> None:
    memory, now, waits = Memory(), NOW, []
    for _ in range(8):
        decision = look(memory, Seen(None, ended=BROKEN), now=now)
        memory = decision.memory
        assert decision.state.retry_at is not None
        waits.append((decision.state.retry_at - now).total_seconds())
        now = decision.state.retry_at
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_ten_thousand_failures_still_wait_a_minute() -> None:
    state = look(Memory(failures=10_000), Seen(None, ended=BROKEN)).state
    assert state.retry_at == NOW + LONGEST_WAIT


def test_one_that_lived_long_is_followed_by_the_next_without_a_word_and_failures_are_forgotten() -> None:
    decision = look(Memory(failures=5), Seen(None, ended=Ended(-9, STEADY)))
    assert decision.memory.failures == 0
    assert decision.state == ChildState(Who.STARTING)
    assert look(decision.memory, Seen(None), now=NOW + APART).start


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.99])
def test_after_anothers_end_it_is_tried_within_a_second(chance: float) -> None:
    held = look(Memory(), Seen(OTHER)).memory
    freed = look(held, Seen(None), chance=chance)
    assert freed.start == (chance == 0)
    if not freed.start:
        assert not look(freed.memory, Seen(None), now=NOW + chance * APART - timedelta(milliseconds=1)).start
        assert look(freed.memory, Seen(None), now=NOW + chance * APART).start


def test_another_that_takes_the_lock_meanwhile_is_left_in_peace() -> None:
    memory = look(look(Memory(), Seen(OTHER)).memory, Seen(None)).memory
    decision = look(memory, Seen(OTHER + 1), now=NOW + APART)
    assert decision.state == ChildState(Who.ELSEWHERE, OTHER + 1)
    assert not decision.start


def test_two_viewers_whose_collectors_fail_wait_longer_and_longer_although_each_sees_the_others_try() -> None:
    memory, starts, now = Memory(), 0, NOW
    for second in range(300):
        now = NOW + second * SECOND
        anothers = second % 5 == 0  # the other viewer's collector has the lock for a moment
        decision = look(memory, Seen(OTHER if anothers else None), now=now)
        memory = decision.memory
        if decision.start:
            starts += 1
            memory = look(memory, Seen(None, ended=BROKEN), now=now).memory
    assert starts <= 10


def test_a_clock_set_back_does_not_lengthen_the_wait() -> None:
    memory = look(Memory(failures=9), Seen(None, ended=BROKEN)).memory
    assert look(memory, Seen(None), now=NOW - timedelta(hours=1)).start


def test_a_replayed_day_that_came_to_its_end_is_not_begun_again() -> None:
    memory = look(Memory(), Seen(None, ended=Ended(0, SECOND, done=True))).memory
    assert look(memory, Seen(None), now=NOW + timedelta(days=1)).state == ChildState(Who.OVER)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ChildState(Who.ELSEWHERE, 42), "another process collects (process 42)"),
        (ChildState(Who.ELSEWHERE), "another process collects"),
        (ChildState(Who.OURS, 70), "this viewer's collector collects (process 70)"),
        (ChildState(Who.STARTING, 70), "a collector is starting"),
        (ChildState(Who.OVER), "the replayed day is over"),
        (ChildState(Who.BARRED, why="it may not"), "it may not"),
        (
            ChildState(Who.WAITING, why="no room on the disk", retry_at=NOW),
            "no collector: no room on the disk; tried again at 23:30:00",
        ),
    ],
)
def test_each_state_is_a_line_for_a_person(state: ChildState, words: str) -> None:
    assert state.words(timezone(timedelta(hours=9))) == words
