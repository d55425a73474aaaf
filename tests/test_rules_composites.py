"""`all` with a window, in either order, and whose subject is whose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.models import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    FeedFailing,
    HeadlineMatch,
    Measure,
    QuoteLevel,
    QuotesStale,
    Session,
    Volume,
)
from tests.alerting import DEEPSEEK, DOWN_3, Desk, change

HALF_HOUR = timedelta(minutes=30)


def both(*conditions: Condition, within: timedelta | None = HALF_HOUR) -> AllOf:
    return AllOf(conditions=conditions or (DEEPSEEK, DOWN_3), within=within)


def test_a_headline_and_then_a_fall_within_the_window_fire() -> None:
    desk = Desk.of(both()).price("NVDA", 99)
    assert desk.fired(desk.headline()) == []
    assert desk.later(minutes=20).price("NVDA", 98).fired() == []
    (alert,) = desk.later(minutes=10).price("NVDA", 96).evaluate()
    assert alert.subject == "NVDA"
    assert alert.text == (
        "DeepSeek shakes chip stocks (Wire); NVDA -4.00% from the last close, at 96.00 USD (limit -3%)"
    )
    assert [ref.title for ref in alert.headlines] == ["DeepSeek shakes chip stocks"]
    assert [ref.symbol for ref in alert.quotes] == ["NVDA"]


def test_a_headline_and_a_fall_after_the_window_do_not() -> None:
    desk = Desk.of(both()).price("NVDA", 99)
    desk.evaluate(desk.headline())
    assert desk.later(minutes=30, seconds=1).price("NVDA", 96).fired() == []


def test_a_fall_and_then_a_headline_within_the_window_fire_even_when_the_price_came_back() -> None:
    desk = Desk.of(both()).price("NVDA", 96)
    assert desk.fired() == []
    desk.later(seconds=15).price("NVDA", 99).evaluate()
    (alert,) = desk.later(minutes=20).price("NVDA", 99).evaluate(desk.headline())
    assert alert.text == (
        "DeepSeek shakes chip stocks (Wire); "
        "NVDA -1.00% from the last close, at 99.00 USD (limit -3%), which held 20m ago"
    )


def test_a_fall_long_over_and_a_headline_do_not() -> None:
    desk = Desk.of(both()).price("NVDA", 96)
    desk.evaluate()
    desk.later(seconds=15).price("NVDA", 99).evaluate()
    assert desk.later(minutes=31).fired(desk.headline()) == []


def test_a_fall_that_lasts_counts_until_it_ends_and_not_from_when_it_began() -> None:
    desk = Desk.of(both())
    for _ in range(60):
        assert desk.later(minutes=1).price("NVDA", 96).fired() == []
    desk.later(seconds=15).price("NVDA", 99).evaluate()
    assert desk.later(minutes=29).fired(desk.headline()) == ["NVDA"]


def test_a_fall_before_a_long_stop_of_the_collector_is_not_taken_for_a_recent_one() -> None:
    desk = Desk.of(both()).price("NVDA", 96)
    desk.evaluate()
    desk.later(hours=5).price("NVDA", 99)
    assert desk.fired(desk.headline()) == []


def test_a_fall_that_lasts_writes_few_rows() -> None:
    desk = Desk.of(both())
    written: set[str] = set()
    for _ in range(120):  # half an hour of rounds
        desk.later(seconds=15).price("NVDA", 96).evaluate()
        written.update(desk.rows.values())
    assert len(written) <= 9


def test_while_both_stay_within_the_window_it_fires_once() -> None:
    desk = Desk.of(both(), cooldown=timedelta(0)).price("NVDA", 96)
    assert desk.fired(desk.headline()) == ["NVDA"]
    for number in range(12):
        story = f"https://example.com/{number}"
        assert desk.later(minutes=5).price("NVDA", 90).fired(desk.headline(link=story)) == []


def test_it_rearms_when_one_part_has_left_the_window() -> None:
    desk = Desk.of(both(), cooldown=timedelta(0)).price("NVDA", 96)
    assert desk.fired(desk.headline()) == ["NVDA"]
    assert desk.later(minutes=31).price("NVDA", 96).fired() == []
    assert desk.later(minutes=1).fired(desk.headline(link="https://example.com/2")) == ["NVDA"]


def test_after_the_window_it_still_waits_for_the_cooldown() -> None:
    desk = Desk.of(both(), cooldown=timedelta(hours=1)).price("NVDA", 96)
    assert desk.fired(desk.headline()) == ["NVDA"]
    desk.later(minutes=40).price("NVDA", 96).evaluate()
    assert desk.later(minutes=1).fired(desk.headline(link="https://example.com/2")) == []
    assert desk.later(minutes=20).price("NVDA", 96).fired() == ["NVDA"]


def test_a_headline_before_the_hours_of_the_rule_counts_when_they_begin() -> None:
    desk = Desk.of(both(), sessions=frozenset({Session.REGULAR})).price("NVDA", 96)
    desk.session = Session.PRE
    assert desk.fired(desk.headline()) == []
    desk.session = Session.REGULAR
    assert desk.later(minutes=5).fired() == ["NVDA"]


def test_each_symbol_of_a_composite_is_a_subject_and_shares_the_headline() -> None:
    desk = Desk.of(both(DEEPSEEK, change("NVDA", "AMD", "ARM", at_most=-3)))
    desk.price("NVDA", 96).price("AMD", 99).price("ARM", 99)
    assert desk.fired(desk.headline()) == ["NVDA"]
    assert desk.later(minutes=10).price("AMD", 96).fired() == ["AMD"]
    assert desk.later(minutes=25).price("ARM", 96).fired() == []


def test_two_conditions_on_the_same_symbols_are_about_the_same_symbol() -> None:
    chips = ("NVDA", "AMD")
    desk = Desk.of(both(change(*chips, at_most=-3), Volume(symbols=chips, times=2), within=None))
    desk.price("NVDA", 90, volume=10, average_volume=10).price("AMD", 99, volume=30, average_volume=10)
    assert desk.fired() == []
    assert desk.later(minutes=1).price("AMD", 96).fired() == ["AMD"]


def test_a_condition_on_another_symbol_is_the_context() -> None:
    desk = Desk.of(both(change("^IXIC", at_most=-2), change("NVDA", "AMD", at_most=-3), within=None))
    desk.price("NVDA", 90).price("AMD", 90).price("^IXIC", 99)
    assert desk.fired() == []
    (amd, nvda) = desk.later(minutes=1).price("^IXIC", 97.5).evaluate()
    assert (amd.subject, nvda.subject) == ("AMD", "NVDA")
    assert [ref.symbol for ref in nvda.quotes] == ["^IXIC", "NVDA"]


def test_two_single_symbols_make_one_subject() -> None:
    desk = Desk.of(both(change("NVDA", at_most=-3), change("^IXIC", at_most=-2), within=None))
    assert desk.price("NVDA", 90).price("^IXIC", 97).fired() == ["NVDA"]


def test_headlines_alone_make_the_rule_as_a_whole_the_subject() -> None:
    desk = Desk.of(both(DEEPSEEK, HeadlineMatch(ticker="NVDA")))
    assert desk.fired(desk.headline(link="https://example.com/1")) == []
    later = desk.later(minutes=20).headline("Nvidia falls", link="https://example.com/2", topics=[], tickers=["NVDA"])
    (alert,) = desk.evaluate(later)
    assert (alert.subject, len(alert.headlines)) == ("", 2)


def test_a_silent_source_and_a_failing_feed_can_be_asked_for_together() -> None:
    silence = both(
        QuotesStale(symbols=(), lasting=timedelta(minutes=10)),
        FeedFailing(feed=None, lasting=timedelta(minutes=30)),
        within=None,
    )
    desk = Desk.of(silence).feed("Wire", failing_for=timedelta(hours=1))
    since = desk.now
    assert desk.fired() == []
    (alert,) = desk.later(minutes=10).source_fails(since).evaluate()
    assert alert.subject == ""
    assert alert.text == "no quotes for 10m: rate limited; Wire has failed for 1h 10m: 503 Service Unavailable"


def test_a_failing_feed_is_the_context_of_a_price() -> None:
    desk = Desk.of(both(FeedFailing(feed="Wire", lasting=timedelta(minutes=30)), DOWN_3, within=None))
    desk.price("NVDA", 90).feed("Wire")
    assert desk.fired() == []
    assert desk.later(minutes=1).feed("Wire", failing_for=timedelta(hours=1)).fired() == ["NVDA"]


def test_a_stale_symbol_is_the_context_of_another() -> None:
    desk = Desk.of(both(DOWN_3, QuotesStale(symbols=("^IXIC",), lasting=timedelta(0)), within=None))
    desk.price("NVDA", 90).price("^IXIC", 100)
    assert desk.fired() == []
    assert desk.later(minutes=1).went_stale("^IXIC").fired() == ["NVDA"]


@pytest.mark.parametrize("first", ["headline", "price"])
def test_any_inside_all_lets_either_part_stand_for_it(first: str) -> None:
    either = AnyOf(conditions=(DEEPSEEK, change("^IXIC", at_most=-2)))
    desk = Desk.of(both(DOWN_3, either)).price("NVDA", 99).price("^IXIC", 100)
    if first == "headline":
        assert desk.fired(desk.headline()) == []
    else:
        assert desk.price("^IXIC", 97).fired() == []
        desk.later(seconds=15).price("^IXIC", 100).evaluate()
    (alert,) = desk.later(minutes=20).price("NVDA", 96).evaluate()
    assert alert.subject == "NVDA"
    assert len(alert.headlines) == (1 if first == "headline" else 0)


def test_all_inside_all_keeps_its_own_window() -> None:
    inner = both(DEEPSEEK, change("NVDA", at_most=-3), within=timedelta(minutes=5))
    desk = Desk.of(both(inner, change("AMD", at_most=-3), within=timedelta(hours=2))).price("NVDA", 96).price("AMD", 99)
    desk.evaluate(desk.headline())
    desk.later(minutes=6).price("NVDA", 99).evaluate()
    assert desk.later(minutes=60).price("AMD", 96).fired() == ["NVDA"]


def test_without_a_window_a_later_fall_needs_another_headline() -> None:
    desk = Desk.of(both(within=None)).price("NVDA", 99)
    assert desk.fired(desk.headline()) == []
    assert desk.later(seconds=15).price("NVDA", 96).fired() == []
    assert desk.later(minutes=1).fired(desk.headline(link="https://example.com/2")) == ["NVDA"]


def test_within_its_margin_a_part_neither_fires_nor_rearms_the_whole() -> None:
    price = QuoteLevel(symbols=("NVDA",), measure=Measure.PRICE, limit=Comparison(at_most=97))
    desk = Desk.of(both(price, change("AMD", at_most=-3), within=None), cooldown=timedelta(0))
    desk.price("NVDA", 97.3).price("AMD", 90)
    assert desk.fired() == []
    assert desk.later(minutes=1).price("NVDA", 97).fired() == ["NVDA"]
    assert desk.later(minutes=1).price("NVDA", 97.3).fired() == []
    assert desk.later(minutes=1).price("NVDA", 97).fired() == []


def test_a_new_trading_day_rearms_a_composite_too() -> None:
    desk = Desk.of(both(), cooldown=timedelta(0)).price("NVDA", 83)
    assert desk.fired(desk.headline()) == ["NVDA"]
    desk.later(minutes=10).price("NVDA", 79, base_close=83.0)
    assert desk.fired() == ["NVDA"]
    assert desk.later(minutes=1).price("NVDA", 79).fired() == []


def test_a_clock_set_back_an_hour_keeps_no_headline_for_ever() -> None:
    desk = Desk.of(both()).price("NVDA", 99)
    desk.evaluate(desk.headline())
    desk.now -= timedelta(hours=1)
    assert desk.price("NVDA", 96).fired() == []
    assert not [key for key in desk.rows if key[1].startswith("news")]
