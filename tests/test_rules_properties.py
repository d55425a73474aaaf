"""What holds of the rules whatever the prices do, checked against a naive reading of docs/alerts.md."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.models import AllOf, Comparison, QuoteSourceState, Rule, Session
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule

SYMBOLS = ("NVDA", "AMD", "ARM")
thorough = settings(derandomize=True, deadline=None, max_examples=60)

prices = st.integers(min_value=-80, max_value=80).map(lambda tenths: 100 + tenths / 10)
limits = st.integers(min_value=-60, max_value=60).map(lambda tenths: tenths / 10)
comparisons = st.one_of(limits.map(lambda at: Comparison(at_most=at)), limits.map(lambda at: Comparison(at_least=at)))


@st.composite
def rule_lists(draw: st.DrawFn) -> list[Rule]:
    return [
        rule(
            change(
                *draw(st.lists(st.sampled_from(SYMBOLS), min_size=1, unique=True)),
                at_most=limit.at_most,
                at_least=limit.at_least,
            ),
            name=f"rule {number}",
            rearm=draw(st.sampled_from([0.0, 0.1, 0.5, 2.0])),
            cooldown=timedelta(minutes=draw(st.sampled_from([0, 1, 5, 30]))),
        )
        for number, limit in enumerate(draw(st.lists(comparisons, min_size=1, max_size=12)))
    ]


rounds = st.lists(st.tuples(st.sampled_from(SYMBOLS), prices, st.integers(0, 600)), min_size=1, max_size=40)


@dataclass
class Naive:
    """One rule and one symbol, by the letter."""

    rule: Rule
    armed: bool = True
    fired_at: datetime | None = None

    def look(self, value: float, now: datetime) -> bool:
        limit = self.rule.when.limit  # type: ignore[union-attr] # only levels are drawn here
        margin = 0.5 if self.rule.rearm is None else self.rule.rearm
        if limit.holds(value):
            if self.armed and (self.fired_at is None or now - self.fired_at >= self.rule.cooldown):
                self.armed, self.fired_at = False, now
                return True
        elif limit.at_least is not None:
            self.armed |= value <= limit.at_least - margin
        elif limit.at_most is not None:
            self.armed |= -value <= -limit.at_most - margin
        return False


@thorough
@given(rule_lists(), rounds)
def test_many_rules_over_many_symbols_fire_as_each_would_alone(
    rules: list[Rule], moves: list[tuple[str, float, int]]
) -> None:
    desk = Desk(rules)
    naive = {(each.name, symbol): Naive(each) for each in rules for symbol in each.when.symbols}  # type: ignore[union-attr] # levels
    for symbol, price, seconds in moves:
        desk.later(seconds=seconds).price(symbol, price)
        expected = {
            (name, of)
            for (name, of), one in naive.items()
            if of in desk.quotes and one.look(desk.quotes[of].change_percent or 0.0, desk.now)
        }
        said = [(alert.rule, alert.subject) for alert in desk.evaluate() if alert.kind == "fired"]
        assert len(said) == len(set(said))
        assert set(said) == expected


@thorough
@given(rule_lists(), rounds)
def test_the_same_facts_a_second_time_never_fire(rules: list[Rule], moves: list[tuple[str, float, int]]) -> None:
    rules = [
        *rules,
        rule(DEEPSEEK, name="news"),
        rule(AllOf(conditions=(DEEPSEEK, DOWN_3), within=timedelta(minutes=9))),
    ]
    desk = Desk(rules)
    for symbol, price, seconds in moves:
        headline = desk.later(seconds=seconds).headline(link=f"https://example.com/{seconds % 7}")
        desk.price(symbol, price).evaluate(headline)
        assert desk.evaluate(headline) == []
        assert desk.evaluate() == []


@thorough
@given(st.lists(st.integers(min_value=-40, max_value=4).map(lambda hundredths: 97 + hundredths / 100), max_size=60))
def test_swinging_about_the_limit_within_the_margin_fires_once(path: list[float]) -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(0), rearm=0.5)
    fires = [price for price in [96.9, *path] if desk.later(minutes=1).price("NVDA", price).fired()]
    assert fires == [96.9]


@thorough
@given(rule_lists(), rounds, st.integers(0, 40))
def test_a_restart_at_any_moment_changes_nothing(
    rules: list[Rule], moves: list[tuple[str, float, int]], restart: int
) -> None:
    rules = [*rules, rule(AllOf(conditions=(DEEPSEEK, change(*SYMBOLS, at_most=-3)), within=timedelta(minutes=9)))]
    desk, book, memory = Desk(rules), RuleBook(rules), Memory()
    for number, (symbol, price, seconds) in enumerate(moves):
        headlines = [desk.headline(link=f"https://example.com/{seconds}")] if seconds % 3 == 0 else []
        desk.later(seconds=seconds).price(symbol, price)
        if number == restart:
            book, memory = RuleBook(rules), Memory.of(desk.rows)
        facts = Facts(
            session=Session.REGULAR,
            quotes=desk.quotes,
            headlines=headlines,
            quote_source=QuoteSourceState(last_checked_at=desk.now),
        )
        decision = book.evaluate(facts, memory, desk.now)
        memory.apply(decision.memory)
        assert [alert.id for alert in desk.evaluate(*headlines)] == [alert.id for alert in decision.alerts]
        assert memory == Memory.of(desk.rows)


WINDOW, STEP = timedelta(minutes=10), timedelta(seconds=30)


@thorough
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_all_within_a_window_fires_first_when_both_parts_held_within_it(path: list[tuple[bool, bool]]) -> None:
    """A fall is noticed a round after it ended, so that a window may last a round longer; it never lasts shorter."""
    desk = Desk.of(AllOf(conditions=(DEEPSEEK, DOWN_3), within=WINDOW))
    headline_at, fall_at = OPEN - timedelta(days=1), OPEN - timedelta(days=1)
    for down, news in path:
        desk.later(seconds=STEP.total_seconds()).price("NVDA", 96 if down else 99)
        headline_at = desk.now if news else headline_at
        fall_at = desk.now if down else fall_at
        headlines = [desk.headline(link=f"https://example.com/{desk.now:%H%M%S}")] if news else []
        fired = bool(desk.fired(*headlines))
        apart = (desk.now - headline_at, desk.now - fall_at)
        if apart[0] <= WINDOW and apart[1] <= WINDOW:
            assert fired
        if fired:
            assert apart[0] <= WINDOW
            assert apart[1] <= WINDOW + STEP
            return


@thorough
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["the rule", "x", ""]),
            st.one_of(
                st.text(max_size=20), st.sampled_from(["edge", "edge x NVDA", "news x", "story 0 x", "gap", "gap "])
            ),
        ),
        st.one_of(
            st.text(max_size=30),
            st.sampled_from(
                ['{"since":1,"told":2,"told_at":3}', '{"a":{"at":"2025-01-01","holding":1,"headlines":[]}}']
            ),
        ),
        max_size=8,
    )
)
def test_no_row_whatever_it_holds_breaks_the_rules(rows: dict[tuple[str, str], str]) -> None:
    desk = Desk([rule(DOWN_3), rule(AllOf(conditions=(DEEPSEEK, DOWN_3), within=WINDOW), name="x")], rows=rows)
    desk.price("NVDA", 99).evaluate()
    assert desk.later(minutes=1).price("NVDA", 96).fired(desk.headline()) == ["NVDA", "NVDA"]
