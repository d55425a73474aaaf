"""The verdict on a collector and its sources."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.health import Health, Verdict, judge
from monitor.models import FeedState, QuoteSourceState

WELL = FeedState(url="https://a.example/")
FAILING = FeedState(url="https://b.example/", failures=2, error="no answer")
LATELY, LONG_AGO = timedelta(seconds=4), timedelta(minutes=2)


def verdict(
    *feeds: FeedState,
    alive: bool | None = True,
    silent_for: timedelta | None = LATELY,
    settings_error: str | None = None,
    quotes: QuoteSourceState | None = None,
    undelivered: int = 0,
) -> Health:
    return judge(
        alive=alive,
        silent_for=silent_for,
        settings_error=settings_error,
        feeds=feeds or (WELL,),
        quotes=quotes or QuoteSourceState(),
        undelivered=undelivered,
    )


def test_a_collector_that_lives_and_whose_sources_answer_is_healthy() -> None:
    assert verdict() == Health(Verdict.HEALTHY, ())


def test_each_trouble_degrades_it_and_is_a_sentence() -> None:
    found = verdict(
        WELL,
        FAILING,
        silent_for=LONG_AGO,
        settings_error="feeds.yaml:3: feeds",
        quotes=QuoteSourceState(failures=1, error="asked too often"),
        undelivered=2,
    )
    assert found == Health(
        Verdict.DEGRADED,
        (
            "the collector holds the database but has said nothing for 2m",
            "the settings file cannot be used, the old settings are in force: feeds.yaml:3: feeds",
            "the quotes fail: asked too often",
            "1 of 2 feeds fails",
            "2 alerts wait for a sink that does not take them",
        ),
    )


def test_a_dead_collector_outweighs_what_its_sources_said_last() -> None:
    assert verdict(FAILING, alive=False) == Health(Verdict.NO_COLLECTOR, ("1 of 1 feed fails",))


@pytest.mark.parametrize(
    ("silent_for", "expected"),
    [(LATELY, Verdict.HEALTHY), (LONG_AGO, Verdict.NO_COLLECTOR), (None, Verdict.NO_COLLECTOR)],
)
def test_where_the_lock_may_not_be_looked_at_the_heartbeat_decides(
    silent_for: timedelta | None, expected: Verdict
) -> None:
    assert verdict(alive=None, silent_for=silent_for).verdict is expected


def test_a_collector_that_has_just_begun_is_not_called_hung() -> None:
    assert verdict(silent_for=None).verdict is Verdict.HEALTHY


def test_a_clock_that_was_put_back_makes_no_collector_hung() -> None:
    assert verdict(silent_for=timedelta(hours=-1)).verdict is Verdict.HEALTHY


def test_what_is_counted_is_in_its_number() -> None:
    assert verdict(FAILING, FAILING, WELL, undelivered=1).troubles == (
        "2 of 3 feeds fail",
        "1 alert waits for a sink that does not take them",
    )
