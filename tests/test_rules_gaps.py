"""Silence is never mistaken for calm: a rule that cannot be evaluated says so, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from monitor.alerts.gaps import SETTLING
from monitor.models import Alert, AlertKind, AllOf, Comparison, Measure, QuoteLevel, QuoteSourceState, Session, Severity
from tests.alerting import DEEPSEEK, DOWN_3, Desk, change, rule


def blind(desk: Desk, minutes: float = 5) -> list[Alert]:
    """What is said of gaps over the next minutes, in rounds of 15 s."""
    said = []
    for _ in range(int(minutes * 4)):
        said += [alert for alert in desk.later(seconds=15).evaluate() if alert.kind is AlertKind.CANNOT_EVALUATE]
    return said


def test_a_stale_quote_is_told_once() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 96).went_stale("NVDA")
    (alert,) = blind(desk, minutes=60)
    assert alert.text == "cannot evaluate: NVDA (no trade for 5m)"
    assert (alert.subject, alert.rule, alert.severity) == ("NVDA", "the rule", Severity.WARNING)
    assert [(ref.symbol, ref.stale) for ref in alert.quotes] == [("NVDA", True)]


def test_a_missing_quote_is_told_once() -> None:
    (alert,) = blind(Desk.of(DOWN_3), minutes=60)
    assert alert.text == "cannot evaluate: NVDA (no quote)"


def test_a_symbol_that_the_source_does_not_know_is_told_as_that() -> None:
    desk = Desk.of(DOWN_3)
    desk.source = QuoteSourceState(last_checked_at=desk.now, unknown=("NVDA",))
    (alert,) = blind(desk)
    assert alert.text == "cannot evaluate: NVDA (unknown to the quote source)"


@pytest.mark.parametrize(
    ("measure", "reason"),
    [
        (Measure.CHANGE, "no previous close"),
        (Measure.BELOW_DAY_HIGH, "no day's high"),
        (Measure.ABOVE_YEAR_LOW, "no 52-week low"),
    ],
)
def test_a_quote_without_the_figure_is_told_once(measure: Measure, reason: str) -> None:
    desk = Desk.of(QuoteLevel(symbols=("NVDA",), measure=measure, limit=Comparison(at_least=1)))
    desk.price("NVDA", 96, base_close=None)
    (alert,) = blind(desk, minutes=60)
    assert alert.text == f"cannot evaluate: NVDA ({reason})"


def test_what_a_closed_market_does_not_say_is_no_gap() -> None:
    desk = Desk.of(QuoteLevel(symbols=("NVDA",), measure=Measure.BELOW_DAY_HIGH, limit=Comparison(at_least=1)))
    desk.price("NVDA", 96, session=Session.CLOSED)
    assert blind(desk) == []


def test_a_gap_that_closes_soon_is_not_told() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 99).went_stale("NVDA")
    assert blind(desk, minutes=1.5) == []
    desk.price("NVDA", 99)
    assert blind(desk, minutes=1) == []
    desk.went_stale("NVDA")
    assert blind(desk, minutes=1.5) == []


def test_an_outage_is_one_alert_a_rule_and_not_one_a_symbol() -> None:
    symbols = [f"S{number:02d}" for number in range(60)]
    desk = Desk([rule(change(*symbols, at_most=-number), name=f"rule {number}") for number in range(10)])
    for symbol in symbols:
        desk.price(symbol, 105)
    said: list[Alert] = []
    for symbol in symbols:  # one after the other, over two minutes
        desk.went_stale(symbol)
        desk.now += timedelta(seconds=2)
        said += desk.evaluate()
    said += blind(desk, minutes=60)
    assert [alert.rule for alert in said] == [f"rule {number}" for number in range(10)]
    assert said[0].subject == ""
    assert said[0].text.startswith("cannot evaluate: S00 (no trade for 5m), S01 (no trade for 5m), ")
    assert said[0].text.endswith(" and 52 more")
    assert len(said[0].quotes) == 20


def test_a_symbol_that_fails_later_is_told_after_the_cooldown_and_alone() -> None:
    desk = Desk.of(change("NVDA", "AMD", at_most=-3), cooldown=timedelta(minutes=15))
    desk.price("NVDA", 99).price("AMD", 99).went_stale("NVDA")
    assert [alert.subject for alert in blind(desk)] == ["NVDA"]
    desk.went_stale("AMD")
    assert blind(desk, minutes=8) == []
    assert [alert.subject for alert in blind(desk, minutes=8)] == ["AMD"]


def test_after_it_could_be_evaluated_the_next_gap_is_told_again() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 99).went_stale("NVDA")
    (first,) = blind(desk, minutes=20)
    desk.price("NVDA", 99)
    assert blind(desk, minutes=20) == []
    desk.went_stale("NVDA")
    (second,) = blind(desk, minutes=20)
    assert first.id != second.id
    desk.price("NVDA", 99)
    blind(desk, minutes=20)
    assert desk.rows == {}


def test_a_gap_that_flickers_is_told_once_a_cooldown() -> None:
    desk = Desk.of(DOWN_3, cooldown=timedelta(hours=1))
    said = []
    for _ in range(20):
        desk.price("NVDA", 99).evaluate()
        desk.went_stale("NVDA")
        said += blind(desk, minutes=3)
    assert len(said) == 1


def test_a_gap_told_again_after_a_crash_has_the_same_id() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 99).went_stale("NVDA")
    desk.evaluate()
    desk.later(seconds=SETTLING.total_seconds())
    before = dict(desk.rows)
    (first,) = desk.evaluate()
    desk.rows = before
    (again,) = desk.later(seconds=15).evaluate()
    assert first.id == again.id


@pytest.mark.parametrize(
    ("severity", "said"),
    [(Severity.INFO, Severity.INFO), (Severity.WARNING, Severity.WARNING), (Severity.CRITICAL, Severity.WARNING)],
)
def test_a_gap_is_a_warning_at_most(severity: Severity, said: Severity) -> None:
    assert [alert.severity for alert in blind(Desk.of(DOWN_3, severity=severity))] == [said]


def test_before_the_quotes_were_first_asked_for_nothing_is_missing() -> None:
    desk = Desk.of(DOWN_3)
    desk.source = QuoteSourceState()
    assert blind(desk, minutes=60) == []


def test_what_an_earlier_collector_left_stale_is_no_gap_before_the_first_answer() -> None:
    desk = Desk.of(DOWN_3).price("NVDA", 99).went_stale("NVDA")
    assert blind(desk, minutes=1) == []  # its time had begun to run
    assert desk.source is not None
    stopped = desk.source.last_checked_at
    desk.now += timedelta(hours=12)
    desk.started_at = desk.now
    desk.source = QuoteSourceState(last_checked_at=stopped, last_success_at=stopped)
    assert desk.evaluate() == []
    assert blind(desk.price("NVDA", 99), minutes=10) == []


def test_without_any_quotes_asked_for_no_rule_is_blind() -> None:
    desk = Desk.of(DOWN_3)
    desk.source = None
    assert blind(desk) == []


def test_outside_its_hours_a_rule_needs_no_quote() -> None:
    desk = Desk.of(DOWN_3, sessions=frozenset({Session.REGULAR})).price("NVDA", 99).went_stale("NVDA")
    assert blind(desk, minutes=1) == []  # its time had begun to run
    desk.session = Session.POST
    assert blind(desk, minutes=60) == []
    desk.session = Session.REGULAR
    assert blind(desk, minutes=1) == []
    assert len(blind(desk, minutes=60)) == 1


def test_a_composite_is_blind_without_any_of_its_quotes() -> None:
    when = AllOf(conditions=(DEEPSEEK, DOWN_3, change("AMD", at_most=-3)), within=timedelta(minutes=30))
    desk = Desk.of(when).price("NVDA", 99).price("AMD", 99).went_stale("AMD")
    assert [alert.subject for alert in blind(desk, minutes=60)] == ["AMD"]


def test_a_gap_of_one_symbol_does_not_stop_the_others() -> None:
    desk = Desk.of(change("NVDA", "AMD", at_most=-3)).price("NVDA", 99).price("AMD", 99).went_stale("AMD")
    blind(desk)
    assert desk.price("NVDA", 96).fired() == ["NVDA"]


def test_a_rule_on_headlines_alone_needs_no_quotes() -> None:
    assert blind(Desk.of(DEEPSEEK)) == []


def test_a_disabled_rule_is_not_blind() -> None:
    desk = Desk.of(DOWN_3)
    desk.rules = [replace(desk.rules[0], enabled=False)]
    assert blind(desk) == []
