"""Each kind of condition: when it is true, for whom, and what the alert then says."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from monitor.models import (
    AllOf,
    AnyOf,
    Comparison,
    FeedFailing,
    HeadlineMatch,
    Measure,
    Move,
    QuoteLevel,
    QuoteSourceState,
    QuotesStale,
    Session,
    Severity,
    Term,
    Volume,
)
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule

QUOTE = {"day_high": 120.0, "day_low": 80.0, "year_high": 200.0, "year_low": 50.0, "volume": 30, "average_volume": 10}


def level(measure: Measure, *, at_least: float | None = None, at_most: float | None = None) -> QuoteLevel:
    return QuoteLevel(symbols=("NVDA",), measure=measure, limit=Comparison(at_least=at_least, at_most=at_most))


@pytest.mark.parametrize(
    ("when", "price", "holds"),
    [
        (change("NVDA", at_most=-3), 97.0, True),
        (change("NVDA", at_most=-3), 97.01, False),
        (change("NVDA", at_most=-3), 103.0, False),
        (change("NVDA", at_least=3), 103.0, True),
        (change("NVDA", at_least=3), 102.9, False),
        (level(Measure.PRICE, at_most=100), 100.0, True),
        (level(Measure.PRICE, at_least=100), 99.9, False),
        (level(Measure.BELOW_DAY_HIGH, at_least=5), 114.0, True),
        (level(Measure.BELOW_DAY_HIGH, at_least=5), 114.1, False),
        (level(Measure.BELOW_DAY_HIGH, at_most=0), 121.0, True),  # a distance is never negative
        (level(Measure.ABOVE_DAY_LOW, at_least=5), 84.0, True),
        (level(Measure.ABOVE_DAY_LOW, at_most=0), 79.0, True),
        (level(Measure.BELOW_YEAR_HIGH, at_least=40), 120.0, True),
        (level(Measure.BELOW_YEAR_HIGH, at_least=40), 121.0, False),
        (level(Measure.ABOVE_YEAR_LOW, at_most=20), 60.0, True),
        (level(Measure.ABOVE_YEAR_LOW, at_most=20), 61.0, False),
        (Volume(symbols=("NVDA",), times=3), 100.0, True),
        (Volume(symbols=("NVDA",), times=3.1), 100.0, False),
    ],
)
def test_a_level_holds_from_its_limit_on(when: QuoteLevel | Volume, price: float, *, holds: bool) -> None:
    desk = Desk.of(when).price("NVDA", price, **QUOTE)
    assert desk.fired() == (["NVDA"] if holds else [])


@pytest.mark.parametrize(
    ("opens", "price", "holds"),
    [
        ([100.0] * 10, 98.0, True),
        ([100.0] * 10, 98.1, False),
        ([100.0] * 6, 98.0, True),  # six of ten minutes are enough to go by
        ([100.0] * 4, 90.0, False),  # four are not
        ([90.0] * 10 + [100.0] * 10, 98.0, True),  # what lies before the window does not count
        ([], 90.0, False),
    ],
)
def test_a_move_is_measured_from_the_oldest_bar_of_its_window(opens: list[float], price: float, *, holds: bool) -> None:
    desk = Desk.of(Move(symbols=("NVDA",), minutes=10, limit=Comparison(at_most=-2)))
    desk.minute_bars("NVDA", *opens).price("NVDA", price)
    assert desk.fired() == (["NVDA"] if holds else [])


def test_a_move_without_bars_enough_is_not_yet_evaluable_and_no_fault() -> None:
    desk = Desk.of(Move(symbols=("NVDA",), minutes=10, limit=Comparison(at_most=-2))).price("NVDA", 90)
    desk.evaluate()
    assert desk.later(minutes=5).evaluate() == []


@pytest.mark.parametrize(
    ("match", "holds"),
    [
        (DEEPSEEK, True),
        (HeadlineMatch(topic="Qwen"), False),
        (HeadlineMatch(), True),
        (HeadlineMatch(terms=(Term("chip"),)), False),  # a term is a whole word
        (HeadlineMatch(terms=(Term("chips"),)), True),
        (HeadlineMatch(terms=(Term(r"fall(s|ing)?", regex=True),)), True),
        (HeadlineMatch(topic="Qwen", terms=(Term("chips"),)), True),  # topic or terms
        (HeadlineMatch(topic="DeepSeek", feed="Wire"), True),
        (HeadlineMatch(topic="DeepSeek", feed="Other"), False),
        (HeadlineMatch(topic="DeepSeek", language="zh"), True),
        (HeadlineMatch(topic="DeepSeek", language="zh-cn"), True),
        (HeadlineMatch(topic="DeepSeek", language="zh-TW"), False),
        (HeadlineMatch(topic="DeepSeek", language="ko"), False),
        (HeadlineMatch(topic="DeepSeek", ticker="NVDA"), True),
        (HeadlineMatch(topic="DeepSeek", ticker="AMD"), False),
        (HeadlineMatch(ticker="NVDA"), True),
    ],
)
def test_a_headline_matches_by_topic_or_terms_and_feed_language_and_ticker(
    match: HeadlineMatch, *, holds: bool
) -> None:
    desk = Desk.of(match)
    headline = desk.headline("Nvidia and other chips fall on DeepSeek", language="zh-CN", tickers=["NVDA"])
    assert desk.fired(headline) == (["https://example.com/story"] if holds else [])


def test_a_headline_alert_names_title_link_and_source_and_quotes_the_tickers_it_mentions() -> None:
    desk = Desk.of(DEEPSEEK, severity=Severity.CRITICAL).price("NVDA", 88).price("AMD", 95)
    (alert,) = desk.evaluate(desk.headline("DeepSeek hits Nvidia", tickers=["NVDA"]))
    assert alert.text == "DeepSeek hits Nvidia (Wire)"
    assert alert.severity is Severity.CRITICAL
    assert [(ref.title, ref.link, ref.source) for ref in alert.headlines] == [
        ("DeepSeek hits Nvidia", "https://example.com/story", "Wire")
    ]
    assert [(ref.symbol, ref.price, ref.change_percent) for ref in alert.quotes] == [("NVDA", 88, -12.0)]


def test_a_quote_alert_says_price_change_limit_trade_time_age_and_session() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 88.5)
    desk.now += timedelta(seconds=7)
    (alert,) = desk.evaluate()
    assert alert.text == "NVDA -11.50% from the last close, at 88.50 USD (limit -3%)"
    (quote,) = alert.quotes
    assert (quote.price, quote.traded_at, quote.age) == (88.5, OPEN, timedelta(seconds=7))
    assert (quote.session, quote.stale, quote.currency) == (Session.REGULAR, False, "USD")
    assert alert.fired_at == desk.now


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (level(Measure.PRICE, at_most=120), "NVDA at 114.00 USD (limit 120)"),
        (level(Measure.BELOW_DAY_HIGH, at_least=5), "NVDA 5.00% below the day's high, at 114.00 USD (limit 5%)"),
        (level(Measure.ABOVE_DAY_LOW, at_least=5), "NVDA 42.50% above the day's low, at 114.00 USD (limit 5%)"),
        (level(Measure.BELOW_YEAR_HIGH, at_least=5), "NVDA 43.00% below the 52-week high, at 114.00 USD (limit 5%)"),
        (level(Measure.ABOVE_YEAR_LOW, at_least=5), "NVDA 128.00% above the 52-week low, at 114.00 USD (limit 5%)"),
        (Volume(symbols=("NVDA",), times=2), "NVDA volume 3.0 times its average, at 114.00 USD (limit 2 times)"),
    ],
)
def test_each_measure_has_its_words(when: QuoteLevel | Volume, text: str) -> None:
    (alert,) = Desk.of(when).price("NVDA", 114, **QUOTE).evaluate()
    assert alert.text == text


def test_small_prices_keep_their_fourth_decimal() -> None:
    (alert,) = Desk.of(level(Measure.PRICE, at_most=2)).price("NVDA", 1.0432).evaluate()
    assert alert.text.startswith("NVDA at 1.0432 USD")


YIELD = QuoteLevel(symbols=("^TNX",), measure=Measure.PRICE, limit=Comparison(at_most=5))


def test_an_index_or_a_yield_is_told_without_the_currency_that_the_source_gives_it() -> None:
    (alert,) = Desk.of(YIELD).price("^TNX", 4.51).evaluate()
    assert alert.text == "^TNX at 4.51 (limit 5)"
    assert alert.quotes[0].currency == "USD"


def test_each_symbol_of_a_rule_is_a_subject_of_its_own() -> None:
    desk = Desk.of(change("NVDA", "AMD", "ARM", at_most=-3)).price("NVDA", 90).price("AMD", 99).price("ARM", 95)
    assert desk.fired() == ["ARM", "NVDA"]
    assert desk.later(minutes=1).price("AMD", 96).fired() == ["AMD"]


def test_alerts_come_in_the_order_of_the_rules() -> None:
    desk = Desk(
        [rule(DOWN_3, name="first"), rule(DEEPSEEK, name="second"), rule(change("AMD", at_most=-3), name="third")]
    )
    desk.price("NVDA", 90).price("AMD", 90)
    assert [alert.rule for alert in desk.evaluate(desk.headline())] == ["first", "second", "third"]


def test_a_disabled_rule_is_silent() -> None:
    assert Desk.of(DOWN_3, enabled=False).price("NVDA", 90).fired() == []


def test_what_is_simulated_says_so() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 90)
    desk.simulated = True
    assert [alert.simulated for alert in desk.evaluate()] == [True]


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        ((time(9, 30), time(16)), "2025-01-27 14:29", False),
        ((time(9, 30), time(16)), "2025-01-27 14:30", True),
        ((time(9, 30), time(16)), "2025-01-27 20:59", True),
        ((time(9, 30), time(16)), "2025-01-27 21:00", False),
        ((time(9, 30), time(16)), "2025-07-28 13:30", True),  # New York's summer time
        ((time(9, 30), time(16)), "2025-07-28 20:00", False),
        ((time(18), time(6)), "2025-01-27 23:00", True),  # over midnight
        ((time(18), time(6)), "2025-01-28 10:59", True),
        ((time(18), time(6)), "2025-01-28 11:00", False),
    ],
)
def test_hours_are_those_of_new_york(hours: tuple[time, time], at: str, *, holds: bool) -> None:
    desk = Desk.of(DOWN_3, hours=hours)
    desk.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert bool(desk.price("NVDA", 90).fired()) is holds


def test_a_rule_for_a_session_fires_in_that_session_only() -> None:
    desk = Desk.of(DOWN_3, sessions=frozenset({Session.PRE, Session.REGULAR})).price("NVDA", 90)
    desk.session = Session.POST
    assert desk.fired() == []
    desk.session = Session.PRE
    assert desk.fired() == ["NVDA"]


def test_what_holds_when_the_hours_begin_fires_then() -> None:
    desk = Desk.of(DOWN_3, hours=(time(9, 30), time(16)))
    desk.now = OPEN - timedelta(minutes=10)
    assert desk.price("NVDA", 90).fired() == []
    assert desk.later(minutes=10).fired() == ["NVDA"]


def test_a_rule_rearms_outside_its_hours_too() -> None:
    desk = Desk.of(DOWN_3, hours=(time(9, 30), time(16)))
    assert desk.price("NVDA", 90).fired() == ["NVDA"]
    desk.later(hours=8).price("NVDA", 100).evaluate()
    assert desk.later(hours=16).price("NVDA", 90).fired() == ["NVDA"]


def test_a_failing_feed_fires_for_each_feed_once_it_has_failed_long_enough() -> None:
    desk = Desk.of(FeedFailing(feed=None, lasting=timedelta(minutes=30)))
    desk.feed("Wire", failing_for=timedelta(minutes=31)).feed("Daily", failing_for=timedelta(minutes=29)).feed("Fine")
    (alert,) = desk.evaluate()
    assert alert.subject == "Wire"
    assert alert.text == "Wire has failed for 31m: 503 Service Unavailable"
    assert desk.later(minutes=2).fired() == ["Daily"]


def test_a_feed_rule_for_one_feed_ignores_the_others_and_rearms_on_success() -> None:
    desk = Desk.of(FeedFailing(feed="Wire", lasting=timedelta(minutes=30)), cooldown=timedelta(minutes=1))
    desk.feed("Daily", failing_for=timedelta(hours=1)).feed("Wire", failing_for=timedelta(hours=1))
    assert desk.fired() == ["Wire"]
    assert desk.later(hours=1).fired() == []
    assert desk.feed("Wire").fired() == []
    assert desk.later(hours=1).feed("Wire", failing_for=timedelta(minutes=45)).fired() == ["Wire"]


def test_a_failure_stored_by_an_earlier_collector_counts_after_the_first_poll_of_this_one() -> None:
    desk = Desk.of(FeedFailing(feed=None, lasting=timedelta(minutes=30))).feed("Wire", failing_for=timedelta(hours=9))
    desk.started_at = desk.now + timedelta(minutes=1)
    assert desk.later(minutes=2).fired() == []
    assert desk.feed("Wire", failing_for=timedelta(hours=9)).fired() == ["Wire"]


def test_a_silent_quote_source_fires_once_and_again_after_it_answered() -> None:
    desk = Desk.of(QuotesStale(symbols=(), lasting=timedelta(minutes=10)), cooldown=timedelta(minutes=1))
    assert desk.later(minutes=1).fired() == []
    silent_since = desk.now
    assert desk.later(minutes=9).source_fails(silent_since).fired() == []
    (alert,) = desk.later(minutes=1).source_fails(silent_since).evaluate()
    assert (alert.subject, alert.text) == ("", "no quotes for 10m: rate limited")
    assert desk.later(hours=1).source_fails(silent_since).fired() == []
    desk.source = QuoteSourceState(last_checked_at=desk.now, last_success_at=desk.now)
    assert desk.fired() == []
    silent_since = desk.now
    assert desk.later(minutes=10).source_fails(silent_since).fired() == [""]


def test_a_source_that_was_never_asked_counts_as_silent_from_the_start_of_the_collector() -> None:
    desk = Desk.of(QuotesStale(symbols=(), lasting=timedelta(minutes=10)))
    desk.source, desk.started_at = QuoteSourceState(), desk.now
    assert desk.later(minutes=9).fired() == []
    assert desk.later(minutes=1).fired() == [""]


def test_a_success_before_the_start_of_the_collector_is_not_held_against_the_source() -> None:
    desk = Desk.of(QuotesStale(symbols=(), lasting=timedelta(minutes=10)))
    yesterday = desk.now - timedelta(hours=12)
    desk.source = QuoteSourceState(last_checked_at=yesterday, last_success_at=yesterday)
    desk.started_at = desk.now
    assert desk.fired() == []


def test_without_any_quotes_asked_for_no_source_is_silent() -> None:
    desk = Desk.of(QuotesStale(symbols=(), lasting=timedelta(minutes=10)))
    desk.source, desk.started_at = None, desk.now
    assert desk.later(hours=5).fired() == []


def test_a_stale_symbol_fires_when_it_has_been_stale_for_long_enough() -> None:
    desk = Desk.of(QuotesStale(symbols=("NVDA", "AMD"), lasting=timedelta(minutes=10)), cooldown=timedelta(0))
    desk.price("NVDA", 90).price("AMD", 90)
    assert desk.went_stale("NVDA", minutes=9).fired() == []
    (alert,) = desk.went_stale("NVDA", minutes=10).evaluate()
    assert (alert.subject, alert.text) == ("NVDA", "NVDA: no trade for 10m")
    assert [ref.stale for ref in alert.quotes] == [True]
    assert desk.later(minutes=1).price("NVDA", 91).fired() == []
    assert desk.later(minutes=20).went_stale("NVDA", minutes=20).fired() == ["NVDA"]


def test_any_fires_for_each_of_its_parts() -> None:
    desk = Desk.of(AnyOf(conditions=(DOWN_3, change("AMD", at_most=-5), DEEPSEEK)))
    desk.price("NVDA", 96).price("AMD", 96)
    assert desk.fired() == ["NVDA"]
    assert desk.later(minutes=1).price("AMD", 94).fired() == ["AMD"]
    assert desk.fired(desk.headline()) == ["https://example.com/story"]


def test_any_over_one_symbol_fires_once_while_either_part_holds() -> None:
    desk = Desk.of(AnyOf(conditions=(DOWN_3, level(Measure.PRICE, at_most=95))), cooldown=timedelta(0))
    assert desk.price("NVDA", 96).fired() == ["NVDA"]
    assert desk.later(minutes=1).price("NVDA", 94).fired() == []
    assert desk.later(minutes=1).price("NVDA", 100).fired() == []
    assert desk.later(minutes=1).price("NVDA", 94).fired() == ["NVDA"]


def test_any_mixes_feeds_the_source_and_symbols() -> None:
    parts = (
        FeedFailing(feed=None, lasting=timedelta(minutes=30)),
        QuotesStale(symbols=(), lasting=timedelta(minutes=10)),
        DOWN_3,
    )
    desk = Desk.of(AnyOf(conditions=parts)).feed("Wire", failing_for=timedelta(hours=1)).price("NVDA", 90)
    assert desk.later(hours=1).source_fails(OPEN).fired() == ["", "NVDA", "Wire"]
    assert desk.fired() == []


def test_the_same_headline_through_two_parts_of_any_is_one_alert() -> None:
    desk = Desk.of(AnyOf(conditions=(DEEPSEEK, HeadlineMatch(ticker="NVDA"))))
    assert len(desk.fired(desk.headline(tickers=["NVDA"]))) == 1
    assert desk.fired(desk.headline(tickers=["NVDA"], topics=[], feed="Other")) == []


def test_all_without_a_window_needs_everything_at_the_same_moment() -> None:
    desk = Desk.of(AllOf(conditions=(DOWN_3, Volume(symbols=("NVDA",), times=2))))
    assert desk.price("NVDA", 96, volume=10, average_volume=10).fired() == []
    assert desk.later(minutes=1).price("NVDA", 98, volume=20).fired() == []
    (alert,) = desk.later(minutes=1).price("NVDA", 96).evaluate()
    assert alert.text == (
        "NVDA -4.00% from the last close, at 96.00 USD (limit -3%); "
        "NVDA volume 2.0 times its average, at 96.00 USD (limit 2 times)"
    )
    assert [ref.symbol for ref in alert.quotes] == ["NVDA"]
