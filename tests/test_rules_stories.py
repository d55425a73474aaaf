"""Headlines: one alert a story, none for what is old."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.alerts.stories import KEPT
from monitor.models import AllOf, HeadlineMatch, Session
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule

STORY = "https://example.com/story"


def test_three_feeds_with_one_address_in_one_round_are_one_alert_that_names_them() -> None:
    desk = Desk.of(DEEPSEEK)
    (alert,) = desk.evaluate(*[desk.headline(feed=feed) for feed in ("Wire", "Daily", "Mirror")])
    assert alert.subject == STORY
    assert alert.text == "DeepSeek shakes chip stocks (Wire, Daily, Mirror)"
    assert [ref.source for ref in alert.headlines] == ["Wire", "Daily", "Mirror"]


def test_three_feeds_with_one_address_hours_apart_are_one_alert() -> None:
    desk = Desk.of(DEEPSEEK)
    assert desk.fired(desk.headline(feed="Wire")) == [STORY]
    assert desk.later(hours=3).fired(desk.headline(feed="Daily")) == []
    assert desk.later(hours=3).fired(desk.headline(feed="Mirror", dated=False)) == []


def test_each_rule_tells_a_story_for_itself() -> None:
    desk = Desk([rule(DEEPSEEK, name="topic"), rule(HeadlineMatch(ticker="NVDA"), name="ticker")])
    assert desk.fired(desk.headline()) == [STORY]
    assert [alert.rule for alert in desk.later(minutes=1).evaluate(desk.headline(tickers=["NVDA"]))] == ["ticker"]


def test_a_feed_that_repeats_a_story_every_few_days_never_fires_it_again() -> None:
    desk = Desk.of(DEEPSEEK)
    assert desk.fired(desk.headline()) == [STORY]
    for _ in range(5):
        assert desk.later(days=5).fired(desk.headline(dated=False)) == []


def test_a_story_is_forgotten_when_no_feed_has_carried_it_for_a_while() -> None:
    desk = Desk.of(DEEPSEEK)
    desk.evaluate(desk.headline())
    assert len(desk.rows) == 1
    desk.now += KEPT + timedelta(hours=1)
    desk.evaluate(desk.headline(link="https://example.com/other", topics=[]))
    assert desk.rows == {}


@pytest.mark.parametrize(
    ("age", "dated", "fires"),
    [
        (timedelta(hours=6), True, True),
        (timedelta(hours=6, seconds=1), True, False),
        (timedelta(days=30), True, False),
        (timedelta(days=30), False, True),  # a headline without a date counts from when it was first seen
    ],
)
def test_only_a_headline_younger_than_the_rules_age_fires(age: timedelta, *, dated: bool, fires: bool) -> None:
    desk = Desk.of(DEEPSEEK, max_age=timedelta(hours=6))
    assert bool(desk.fired(desk.headline(age=age, dated=dated))) is fires


def test_the_old_entries_of_a_feeds_first_poll_are_silent() -> None:
    desk = Desk.of(DEEPSEEK, max_age=timedelta(hours=6))
    entries = [desk.headline(link=f"https://example.com/{n}", age=timedelta(hours=n)) for n in range(50)]
    assert len(desk.evaluate(*entries)) == 7


def test_an_old_copy_does_not_use_up_a_story_that_another_feed_dates_today() -> None:
    desk = Desk.of(DEEPSEEK, max_age=timedelta(hours=6))
    assert desk.fired(desk.headline(age=timedelta(days=2))) == []
    assert desk.fired(desk.headline(feed="Daily")) == [STORY]


def test_without_a_link_the_story_is_the_feeds_title() -> None:
    desk = Desk.of(DEEPSEEK)
    assert desk.fired(desk.headline("No link", link=None)) == ["Wire: No link"]
    assert desk.fired(desk.headline("No link", link=None)) == []
    assert desk.fired(desk.headline("Another", link=None), desk.headline("No link", link=None, feed="Daily")) == [
        "Daily: No link",
        "Wire: Another",
    ]


def test_a_headline_given_twice_in_one_round_is_quoted_once() -> None:
    desk = Desk.of(DEEPSEEK)
    headline = desk.headline()
    (alert,) = desk.evaluate(headline, headline)
    assert len(alert.headlines) == 1


def test_an_updated_headline_that_matches_only_now_fires_now() -> None:
    desk = Desk.of(DEEPSEEK)
    assert desk.fired(desk.headline("Chip stocks fall", topics=[])) == []
    assert desk.fired(desk.headline("Chip stocks fall after DeepSeek")) == [STORY]


def test_headlines_outside_the_hours_are_silent_and_do_not_use_up_their_story() -> None:
    desk = Desk.of(DEEPSEEK, sessions=frozenset({Session.REGULAR}))
    desk.session = Session.CLOSED
    assert desk.fired(desk.headline()) == []
    desk.session = Session.REGULAR
    assert desk.fired(desk.headline(feed="Daily")) == [STORY]


def test_the_same_story_decided_again_has_the_same_id() -> None:
    first, again = Desk.of(DEEPSEEK), Desk.of(DEEPSEEK)
    again.later(minutes=5)._ids = 100  # the rows were rolled back and got other numbers
    assert [a.id for a in first.evaluate(first.headline())] == [a.id for a in again.evaluate(again.headline())]


def test_a_story_that_made_a_composite_true_is_no_news_to_it_in_the_next_feed() -> None:
    desk = Desk.of(AllOf(conditions=(DEEPSEEK, DOWN_3)), cooldown=timedelta(0)).price("NVDA", 90)
    assert desk.fired(desk.headline()) == ["NVDA"]
    assert desk.later(minutes=1).fired() == []
    assert desk.later(minutes=1).fired(desk.headline(feed="Daily")) == []
    assert desk.later(minutes=1).fired(desk.headline(link="https://example.com/2")) == ["NVDA"]


def test_a_storm_of_headlines_keeps_few_of_them_in_memory() -> None:
    desk = Desk.of(AllOf(conditions=(DEEPSEEK, DOWN_3), within=timedelta(minutes=30)))
    for number in range(200):
        desk.later(seconds=1).evaluate(desk.headline(f"DeepSeek {number}", link=f"https://example.com/{number}"))
    (alert,) = desk.later(minutes=20).price("NVDA", 90).evaluate()
    assert [ref.title for ref in alert.headlines] == [f"DeepSeek {number}" for number in range(195, 200)]
    assert all(len(text) < 4000 for text in desk.rows.values())


def test_headlines_and_symbols_that_never_meet_cost_no_memory() -> None:
    desk = Desk.of(change("NVDA", at_most=-3)).price("NVDA", 99)
    desk.evaluate(desk.headline())
    assert desk.rows == {}
    assert desk.now == OPEN
