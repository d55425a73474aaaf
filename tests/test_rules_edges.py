"""When a rule fires again: edges, the re-arm margin, cooldown, a new trading day, restarts, clocks that jump."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.models import (
    AllOf,
    Comparison,
    Measure,
    Move,
    QuoteLevel,
    QuotesStale,
    Rule,
    Session,
    Term,
    Volume,
)
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule

NO_COOLDOWN = timedelta(0)


def subjects(desk: Desk, *prices: float) -> list[int]:
    """The positions in `prices`, a minute apart, at which the rule fires for NVDA."""
    return [number for number, price in enumerate(prices) if desk.later(minutes=1).price("NVDA", price).fired()]


def test_the_first_evaluation_fires_when_the_condition_holds_already() -> None:
    assert subjects(Desk.of(DOWN_3), 90.0) == [0]


def test_a_condition_that_stays_true_fires_once() -> None:
    assert subjects(Desk.of(DOWN_3, cooldown=NO_COOLDOWN), 98, 96, 95, 90, 80, 96.9) == [1]


@pytest.mark.parametrize(
    ("prices", "fires"),
    [
        ([96.9, 97.4, 96.9], [0]),  # back by 0.4: still within the margin
        ([96.9, 97.5, 96.9], [0, 2]),  # back by 0.5
        ([96.9, 97.1, 97.3, 97.5, 97.0], [0, 4]),
        ([97.1, 97.2, 97.0], [2]),
    ],
)
def test_a_value_must_fall_back_behind_its_limit_by_the_margin(prices: list[float], fires: list[int]) -> None:
    assert subjects(Desk.of(DOWN_3, cooldown=NO_COOLDOWN, rearm=0.5), *prices) == fires


def test_a_margin_of_nothing_rearms_just_behind_the_limit() -> None:
    assert subjects(Desk.of(DOWN_3, cooldown=NO_COOLDOWN, rearm=0.0), 97, 97, 97.01, 97) == [0, 3]


def test_the_margin_is_in_the_unit_of_the_limit() -> None:
    price = QuoteLevel(symbols=("NVDA",), measure=Measure.PRICE, limit=Comparison(at_least=200))
    assert subjects(Desk.of(price, cooldown=NO_COOLDOWN, rearm=5), 200, 196, 200, 195, 200) == [0, 4]


def test_an_edge_within_the_cooldown_that_does_not_last_is_suppressed() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(minutes=15))
    assert subjects(desk, 96, 99, 96, 99, *[99.0] * 20) == [0]


def test_an_edge_within_the_cooldown_that_lasts_fires_when_the_cooldown_ends() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(minutes=15))
    assert subjects(desk, 96, 99, *[96.0] * 20) == [0, 15]


def test_after_the_cooldown_a_condition_that_never_let_go_stays_silent() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(minutes=15))
    assert subjects(desk, *[96.0] * 40) == [0]


def test_cooldown_is_per_subject_and_per_rule() -> None:
    desk = Desk([rule(change("NVDA", "AMD", at_most=-3), name="three"), rule(change("NVDA", at_most=-5), name="five")])
    assert desk.price("NVDA", 96).fired() == ["NVDA"]
    assert desk.later(minutes=1).price("AMD", 96).fired() == ["AMD"]
    assert [alert.rule for alert in desk.later(minutes=1).price("NVDA", 94).evaluate()] == ["five"]


def next_day(desk: Desk, price: float, base: float) -> Desk:
    return desk.later(hours=19).price("NVDA", price, base_close=base, session=Session.PRE)


def test_a_new_trading_day_rearms_what_never_crossed_back() -> None:
    desk = Desk.of(DOWN_3)
    assert desk.price("NVDA", 83).fired() == ["NVDA"]
    assert next_day(desk, 79.6, base=83).fired() == ["NVDA"]  # -4 % from the new close
    assert desk.later(minutes=1).fired() == []


def test_a_new_trading_day_waits_for_the_cooldown_all_the_same() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(hours=24))
    assert desk.price("NVDA", 83).fired() == ["NVDA"]
    assert next_day(desk, 79.6, base=83).fired() == []
    assert desk.later(hours=5).fired() == ["NVDA"]


def test_a_base_that_flickers_within_the_cooldown_fires_nothing() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(minutes=15))
    assert desk.price("NVDA", 83).fired() == ["NVDA"]
    assert desk.later(minutes=1).price("NVDA", 83, base_close=90).fired() == []
    assert desk.later(minutes=1).price("NVDA", 83, base_close=100).fired() == []
    assert desk.later(hours=1).price("NVDA", 83).fired() == []


@pytest.mark.parametrize("measure", [Measure.PRICE, Measure.BELOW_YEAR_HIGH])
def test_a_level_of_no_day_is_not_told_again_every_morning(measure: Measure) -> None:
    limit = Comparison(at_most=100) if measure is Measure.PRICE else Comparison(at_least=10)
    desk = Desk.of(QuoteLevel(symbols=("NVDA",), measure=measure, limit=limit))
    assert desk.price("NVDA", 83, year_high=150.0).fired() == ["NVDA"]
    assert next_day(desk, 83, base=83).fired() == []


def test_yesterdays_volume_shown_before_the_open_is_not_told_again() -> None:
    desk = Desk.of(Volume(symbols=("NVDA",), times=2), cooldown=NO_COOLDOWN)
    desk.price("NVDA", 83, volume=30, average_volume=10)
    assert desk.fired() == ["NVDA"]
    assert next_day(desk, 83, base=83).fired() == []
    assert desk.later(hours=6).price("NVDA", 83, volume=25, previous_close=83.0).fired() == ["NVDA"]


def test_a_move_of_yesterday_does_not_silence_one_of_today() -> None:
    desk = Desk.of(Move(symbols=("NVDA",), minutes=10, limit=Comparison(at_most=-2)), cooldown=NO_COOLDOWN)
    assert desk.price("NVDA", 95).minute_bars("NVDA", *[100.0] * 10).fired() == ["NVDA"]
    next_day(desk, 90, base=95).minute_bars("NVDA", *[95.0] * 10)
    assert desk.fired() == ["NVDA"]


def test_a_stale_quote_neither_fires_nor_rearms() -> None:
    desk = Desk.of(DOWN_3, cooldown=NO_COOLDOWN)
    assert desk.price("NVDA", 96).fired() == ["NVDA"]
    desk.later(minutes=1).price("NVDA", 100).went_stale("NVDA")
    assert desk.fired() == []
    assert desk.later(minutes=1).price("NVDA", 96).fired() == []


def test_a_quote_that_is_not_a_number_neither_fires_nor_rearms() -> None:
    assert subjects(Desk.of(DOWN_3, cooldown=NO_COOLDOWN), 96, float("nan"), 96) == [0]


def test_the_same_firing_decided_twice_has_the_same_id_and_another_one_has_not() -> None:
    desk = Desk.of(DOWN_3, cooldown=NO_COOLDOWN).price("NVDA", 96)
    before = dict(desk.rows)
    (first,) = desk.evaluate()
    desk.rows = before  # a crash before the commit
    desk.now += timedelta(seconds=3)
    (again,) = desk.evaluate()
    assert again.id == first.id
    desk.later(minutes=1).price("NVDA", 100).evaluate()
    desk.later(minutes=1).evaluate(desk.headline())
    assert desk.rows == {}  # nothing is left of the first
    (second,) = desk.later(minutes=1).price("NVDA", 96).evaluate()
    assert second.id != first.id


def test_ids_differ_by_rule_and_subject() -> None:
    desk = Desk([rule(change("NVDA", "AMD", at_most=-3), name=name) for name in ("one", "two")])
    desk.price("NVDA", 90).price("AMD", 90)
    assert len({alert.id for alert in desk.evaluate(desk.headline())}) == 4


def test_a_rule_whose_limit_was_changed_starts_afresh() -> None:
    desk = Desk.of(DOWN_3)
    assert desk.price("NVDA", 90).fired() == ["NVDA"]
    desk.rules = [rule(change("NVDA", at_most=-8))]
    assert desk.later(minutes=1).price("NVDA", 90.5).fired() == ["NVDA"]


def test_a_rule_whose_group_got_one_more_ticker_repeats_nothing() -> None:
    desk = Desk.of(DOWN_3).price("AMD", 90)
    assert desk.price("NVDA", 90).fired() == ["NVDA"]
    desk.rules = [rule(change("NVDA", "AMD", at_most=-3))]
    assert desk.later(minutes=1).price("NVDA", 90.5).fired() == ["AMD"]


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=1)])
def test_a_clock_that_jumps_by_a_day_neither_repeats_nor_silences(jump: timedelta) -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(minutes=15))
    assert desk.price("NVDA", 96).fired() == ["NVDA"]
    desk.now += jump
    assert desk.price("NVDA", 96).fired() == []
    assert desk.price("NVDA", 100).fired() == []
    assert desk.later(minutes=20).price("NVDA", 96).fired() == ["NVDA"]


def test_a_damaged_row_counts_as_none_and_breaks_nothing() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 96)
    desk.evaluate()
    for rubbish in ("", "{", "null", "[]", '{"armed": false}', '{"armed":false,"fired_at":"x","day":[],"marks":3}'):
        desk.rows = dict.fromkeys(desk.rows, rubbish)
        desk.rows["the rule", "what is this"] = rubbish
        assert desk.later(minutes=20).fired() == ["NVDA"]


def test_memory_kept_in_step_says_what_its_rows_say() -> None:
    book = RuleBook([rule(change("NVDA", at_most=-3)), rule(DEEPSEEK, name="news")])
    desk = Desk([]).price("NVDA", 96)
    facts = Facts(session=Session.REGULAR, quotes=desk.quotes, headlines=[desk.headline()])
    memory = Memory()
    decision = book.evaluate(facts, memory, OPEN)
    assert memory == Memory()  # evaluating changes nothing
    memory.apply(decision.memory)
    assert memory == Memory.of({key: text for key, text in decision.memory.items() if text is not None})
    assert book.evaluate(facts, memory, OPEN).alerts == ()


def test_a_quiet_round_writes_nothing() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 96)
    desk.evaluate()
    book = RuleBook(desk.rules)
    facts = Facts(session=Session.REGULAR, quotes=desk.quotes)
    assert book.evaluate(facts, Memory.of(desk.rows), desk.now + timedelta(seconds=15)).memory == {}


def test_memory_is_cleared_of_what_no_rule_asks_for_any_more() -> None:
    gone = [
        rule(change("AMD", at_most=-3), name="deleted"),
        rule(AllOf(conditions=(DEEPSEEK, change("AMD", at_most=-3)), within=timedelta(minutes=30)), name="deleted too"),
        rule(QuotesStale(symbols=("NVDA",), lasting=timedelta(0)), name="deleted as well"),
        rule(change("TSM", at_most=-3), name="blind and deleted"),
    ]
    stays = rule(change("NVDA", "AMD", at_most=-3), name="stays")
    desk = Desk([stays, *gone]).price("NVDA", 96).price("AMD", 96)
    desk.evaluate(desk.headline())
    desk.later(minutes=1).evaluate()
    assert {key[0] for key in desk.rows} == {each.name for each in [stays, *gone]} - {"deleted as well"}
    desk.rules = [replace(stays, when=change("NVDA", at_most=-3))]
    desk.later(minutes=1).evaluate(desk.headline(topics=[]))
    assert [(key[0], key[1].rpartition(" ")[2]) for key in desk.rows] == [("stays", "NVDA")]
    desk.later(minutes=1).price("NVDA", 100).evaluate()
    desk.later(hours=1).price("NVDA", 100).evaluate(desk.headline(topics=[]))
    assert desk.rows == {}


def test_a_rule_that_was_switched_off_for_a_while_does_not_repeat_itself() -> None:
    desk = Desk.of(DOWN_3)
    assert desk.price("NVDA", 90).fired() == ["NVDA"]
    on: Rule = desk.rules[0]
    desk.rules = [replace(on, enabled=False)]
    desk.later(minutes=1).evaluate(desk.headline())
    desk.rules = [on]
    assert desk.later(hours=1).price("NVDA", 90).fired() == []


def test_terms_are_part_of_what_a_condition_says() -> None:
    within = timedelta(minutes=30)
    news = replace(DEEPSEEK, topic=None, terms=(Term("chips"),))
    desk = Desk.of(AllOf(conditions=(news, DOWN_3), within=within), cooldown=NO_COOLDOWN).price("NVDA", 90)
    assert desk.fired(desk.headline("chips fall")) == ["NVDA"]
    desk.rules = [rule(AllOf(conditions=(replace(news, terms=(Term("servers"),)), DOWN_3), within=within))]
    assert desk.fired(desk.headline("servers fall", link="https://example.com/2")) == ["NVDA"]
