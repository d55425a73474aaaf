"""What no order of rules or quotes, no second look, no hours and no silent source may change about alerts."""

from __future__ import annotations

from copy import deepcopy
from datetime import time, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.models import Alert, AlertKind, AllOf, AnyOf, QuoteSourceState, Rule, Session
from monitor.when import NEW_YORK
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule
from tests.test_rules_properties import SYMBOLS, prices, rounds, rule_lists, thorough

MIXED = (
    rule(DEEPSEEK, name="news"),
    rule(AllOf(conditions=(DEEPSEEK, change(*SYMBOLS, at_most=-3)), within=timedelta(minutes=9)), name="both"),
    rule(AnyOf(conditions=(DOWN_3, change("AMD", at_least=2))), name="either"),
)

brief = settings(thorough, max_examples=20, database=None)  # each example is a day


def seen(alerts: tuple[Alert, ...]) -> set[tuple[str, str, str]]:
    return {(alert.rule, alert.subject, alert.id) for alert in alerts}


@brief
@given(rule_lists(), rounds, st.integers(0, 2**32))
def test_neither_the_order_of_rules_nor_that_of_quotes_changes_what_fires(
    rules: list[Rule], moves: list[tuple[str, float, int]], seed: int
) -> None:
    chance = Random(seed)
    rules = [*rules, *MIXED]
    shuffled = chance.sample(rules, len(rules))
    desk, one, other = Desk(rules), Memory(), Memory()
    for symbol, price, seconds in moves:
        desk.later(seconds=seconds).price(symbol, price)
        facts = facts_of(desk, seconds)
        turned = replace(facts, quotes=dict(chance.sample(list(desk.quotes.items()), len(desk.quotes))))
        first = RuleBook(rules).evaluate(facts, one, desk.now)
        second = RuleBook(shuffled).evaluate(turned, other, desk.now)
        assert seen(first.alerts) == seen(second.alerts)
        assert first.memory == second.memory
        one.apply(first.memory)
        other.apply(second.memory)


@brief
@given(rule_lists(), rounds)
def test_the_same_facts_and_memory_give_the_same_decision_and_are_left_as_they_were(
    rules: list[Rule], moves: list[tuple[str, float, int]]
) -> None:
    desk, book, memory = Desk(rules), RuleBook([*rules, *MIXED]), Memory()
    for symbol, price, seconds in moves:
        desk.later(seconds=seconds).price(symbol, price)
        facts, kept = facts_of(desk, seconds), deepcopy(memory)
        decision = book.evaluate(facts, memory, desk.now)
        assert book.evaluate(facts, memory, desk.now) == decision
        assert memory == kept
        memory.apply(decision.memory)


def facts_of(desk: Desk, seconds: int) -> Facts:
    news = [desk.headline(link=f"https://example.com/{seconds}")] if seconds % 3 == 0 else []
    return Facts(
        session=Session.REGULAR,
        quotes=desk.quotes,
        headlines=news,
        quote_source=QuoteSourceState(last_checked_at=desk.now),
    )


days = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 0, 1]), prices, st.integers(1, 4 * 3600), st.booleans()),
    min_size=1,
    max_size=40,
)
cooldowns = st.sampled_from([0, 1, 30, 240]).map(lambda minutes: timedelta(minutes=minutes))
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@brief
@given(days, cooldowns, st.sampled_from([0.0, 0.5, 2.0]))
def test_one_crossing_is_told_once_and_never_twice_within_the_cooldown(
    path: list[tuple[int, float, int, bool]], cooldown: timedelta, margin: float
) -> None:
    """A new trading day, told by another close to measure from, is another crossing; the cooldown holds over it."""
    desk = Desk.of(DOWN_3, cooldown=cooldown, rearm=margin)
    close, told_at, let_go = 100.0, None, True
    for new_day, price, seconds, silent in path:
        close += new_day
        desk.later(seconds=seconds).price("NVDA", price, base_close=close)
        if silent:
            desk.went_stale("NVDA")
        value = (price - close) / close * 100
        let_go |= bool(new_day) or (not silent and value >= -3 + margin)
        if desk.fired():
            assert value <= -3
            assert not silent
            assert let_go
            assert told_at is None or desk.now - told_at >= cooldown
            told_at, let_go = desk.now, False


@brief
@given(days, clocks, clocks, st.sets(st.sampled_from(list(Session)), max_size=3))
def test_outside_its_hours_and_sessions_no_rule_is_heard(
    path: list[tuple[int, float, int, bool]], start: time, end: time, sessions: set[Session]
) -> None:
    quiet = rule(AnyOf(conditions=(DOWN_3, DEEPSEEK)), hours=(start, end), sessions=frozenset(sessions))
    desk = Desk([quiet], now=OPEN - timedelta(hours=12))
    for number, (_, price, seconds, news) in enumerate(path):
        desk.session = list(Session)[number % 4]
        desk.later(seconds=seconds).price("NVDA", price)
        said = desk.evaluate(*([desk.headline(link=f"https://example.com/{number}")] if news else []))
        at = desk.now.astimezone(NEW_YORK).time()
        within = start <= at < end if start < end else at >= start or at < end
        if (sessions and desk.session not in sessions) or not within:
            assert said == []


@brief
@given(rule_lists(), rounds, st.sampled_from(SYMBOLS))
def test_a_silent_quote_fires_and_re_arms_nothing(
    rules: list[Rule], moves: list[tuple[str, float, int]], silent: str
) -> None:
    """With it stale throughout, the rules do for the other symbols what they do where it does not exist."""
    desk, without = Desk(rules), Desk(rules)
    for symbol, price, seconds in moves:
        for each in (desk, without):
            each.later(seconds=seconds)
        desk.price(symbol, price)
        if symbol == silent:
            desk.went_stale(symbol)
        else:
            without.price(symbol, price)
        assert fired(desk) == fired(without)
        assert not any(key[1].endswith(f" {silent}") and key[1].startswith("edge") for key in desk.rows)


def fired(desk: Desk) -> list[tuple[str, str]]:
    return [(alert.rule, alert.subject) for alert in desk.evaluate() if alert.kind is AlertKind.FIRED]
