"""Today's move as a multiple of the documented one: when such a rule fires, what it says, what other alerts carry."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.alerts.line import from_json, to_json
from monitor.baseline import Baseline, load
from monitor.baseline.reference import reference
from monitor.baseline.symbols import COMPARABLE
from monitor.models import (
    AlertKind,
    AllOf,
    AnyOf,
    BaselineRef,
    Comparison,
    DayPart,
    Document,
    DocumentKind,
    Precision,
    Qualifier,
    QuotesStale,
    Record,
    RecordKind,
    Session,
    ShockRatio,
    Source,
    Text,
    When,
)
from tests.alerting import DEEPSEEK, DOWN_3, OPEN, Desk, change, rule

NO_COOLDOWN = timedelta(0)
FILE = "003_0123456789abcdef.txt"
AT_0750 = datetime(2025, 1, 27, 12, 50, tzinfo=UTC)
AT_1000 = datetime(2025, 1, 27, 15, 0, tzinfo=UTC)


def document(file: str) -> Document:
    said = Text("said", "적음")
    return Document(
        file=file, author=None, outlet="Paper", date=None, dating=said, kind=DocumentKind.NEWSPAPER, about=said
    )


def documented(
    symbol: str, value: float, session: DayPart = DayPart.CLOSE, at: datetime | None = None, *files: str
) -> Record:
    when = When(precision=Precision.MINUTE, at=at) if at else When(precision=Precision.DAY, at=date(2025, 1, 27))
    return Record(
        id=f"{symbol.lower()}-{session}",
        kind=RecordKind.MOVE,
        subject=symbol,
        symbol=symbol,
        when=when,
        session=session,
        value=value,
        unit="percent",
        qualifier=Qualifier.EXACT,
        summary=Text(f"{symbol} {value}", f"{symbol} {value}"),
        sources=tuple(Source(document=document(file), line=1) for file in files or (FILE,)),
    )


BASELINE = Baseline(
    documents=(document(FILE),),
    records=(
        documented("NVDA", -12, DayPart.PRE, AT_0750),
        documented("NVDA", -10, DayPart.REGULAR, AT_1000),
        documented("NVDA", -16),
        documented("AMD", -8),
        documented("AAPL", 4),
        documented("NQ=F", -4, DayPart.PRE, AT_0750),
    ),
    disagreements=(),
    digest="",
)


def ratio(*symbols: str, at_least: float | None = None, at_most: float | None = None) -> ShockRatio:
    return ShockRatio(symbols=symbols or ("NVDA",), limit=Comparison(at_least=at_least, at_most=at_most))


HALF = ratio(at_least=0.5)


def desk(when: ShockRatio | AllOf | AnyOf, **others: object) -> Desk:
    return with_baseline(Desk.of(when, **others))


def with_baseline(desk: Desk) -> Desk:
    desk.baseline = BASELINE
    return desk


def subjects(desk: Desk, *prices: float) -> list[int]:
    """The positions in `prices`, a minute apart, at which the rule fires for NVDA."""
    return [number for number, price in enumerate(prices) if desk.later(minutes=1).price("NVDA", price).fired()]


# When it fires


@pytest.mark.parametrize(
    ("when", "symbol", "price", "holds"),
    [
        (HALF, "NVDA", 92, True),  # half of -16
        (HALF, "NVDA", 92.1, False),
        (HALF, "NVDA", 108, False),
        (ratio(at_least=1), "NVDA", 84, True),
        (ratio(at_most=-0.5), "NVDA", 108, True),  # as far the other way
        (ratio(at_most=-0.5), "NVDA", 92, False),
        (ratio("AAPL", at_least=0.5), "AAPL", 102, True),  # what rose on that day
        (ratio("AAPL", at_least=0.5), "AAPL", 98, False),
    ],
)
def test_it_holds_from_that_multiple_of_the_documented_move_on(
    when: ShockRatio, symbol: str, price: float, *, holds: bool
) -> None:
    assert bool(desk(when).price(symbol, price).fired()) is holds


@pytest.mark.parametrize(
    ("session", "new_york", "price", "holds"),
    [
        (Session.PRE, "07:50", 94, True),  # half of -12
        (Session.PRE, "07:50", 94.1, False),
        (Session.REGULAR, "09:45", 94, False),  # half of -16 is -8
        (Session.REGULAR, "10:00", 95, True),  # half of -10
        (Session.REGULAR, "10:59", 95, True),
        (Session.REGULAR, "11:00", 95, False),
        (Session.POST, "17:00", 92, True),
        (Session.CLOSED, "20:30", 92, True),
    ],
)
def test_the_session_and_the_hour_say_which_documented_move_it_is(
    session: Session, new_york: str, price: float, *, holds: bool
) -> None:
    one = desk(HALF)
    one.session = session
    one.now = datetime.fromisoformat(f"2025-02-03T{new_york}-05:00").astimezone(UTC)
    assert bool(one.price("NVDA", price, session=session).fired()) is holds


def test_a_move_that_stands_still_fires_when_the_hour_makes_it_as_large() -> None:
    one = desk(HALF)
    assert one.price("NVDA", 95).fired() == []
    one.later(minutes=30)
    assert one.price("NVDA", 95).fired() == ["NVDA"]


def test_each_symbol_is_a_subject_of_its_own() -> None:
    one = desk(ratio("NVDA", "AMD", at_least=0.5)).price("NVDA", 95).price("AMD", 95)
    assert one.fired() == ["AMD"]
    assert one.later(minutes=1).price("NVDA", 90).fired() == ["NVDA"]


@pytest.mark.parametrize(
    ("rearm", "prices", "fires"),
    [
        (None, [92, 93.5, 92], [0]),  # back to 0.41 of the documented move
        (None, [92, 93.7, 92], [0, 2]),  # back to 0.39
        (0.3, [92, 93.7, 92], [0]),
        (0.3, [92, 97, 92], [0, 2]),
    ],
)
def test_the_margin_is_a_tenth_of_the_documented_move_unless_the_rule_says_otherwise(
    rearm: float | None, prices: list[float], fires: list[int]
) -> None:
    assert subjects(desk(HALF, cooldown=NO_COOLDOWN, rearm=rearm), *prices) == fires


def test_a_level_beside_it_keeps_its_own_margin() -> None:
    both = desk(AnyOf(conditions=(HALF, change("AMD", at_most=-3))), cooldown=NO_COOLDOWN).price("NVDA", 92)
    assert both.price("AMD", 97).fired() == ["AMD", "NVDA"]
    both.later(minutes=1).price("NVDA", 93.7).price("AMD", 97.3).fired()
    assert both.later(minutes=1).price("NVDA", 92).price("AMD", 97).fired() == ["NVDA"]


def test_a_new_trading_day_rearms_it() -> None:
    one = desk(HALF)
    assert one.price("NVDA", 90).fired() == ["NVDA"]
    one.later(days=1).price("NVDA", 80, base_close=90)
    assert one.fired() == ["NVDA"]


def test_a_restart_and_another_symbol_do_not_repeat_it() -> None:
    one = desk(HALF, cooldown=NO_COOLDOWN).price("NVDA", 90)
    assert one.fired() == ["NVDA"]
    one.rules = [rule(ratio("NVDA", "AMD", at_least=0.5), cooldown=NO_COOLDOWN)]
    assert one.later(minutes=1).price("AMD", 90).fired() == ["AMD"]


# Inside all and any


def test_all_of_a_headline_and_a_ratio_within_a_window() -> None:
    one = desk(AllOf(conditions=(DEEPSEEK, HALF), within=timedelta(minutes=30))).price("NVDA", 99)
    assert one.fired(one.headline()) == []
    (alert,) = one.later(minutes=20).price("NVDA", 91).evaluate()
    assert (alert.subject, [ref.source for ref in alert.headlines]) == ("NVDA", ["Wire"])
    assert alert.baseline is not None


def test_all_of_two_levels_at_once() -> None:
    one = desk(AllOf(conditions=(ratio("NVDA", "AMD", at_least=0.5), change("^IXIC", at_most=-2))))
    assert one.price("NVDA", 91).price("AMD", 99).price("^IXIC", 99).fired() == []
    assert one.later(minutes=1).price("^IXIC", 97).fired() == ["NVDA"]


def test_any_of_a_ratio_and_another_level() -> None:
    one = desk(AnyOf(conditions=(HALF, change("AMD", at_most=-3)))).price("NVDA", 91).price("AMD", 96)
    assert one.fired() == ["AMD", "NVDA"]


# The packaged records


def test_the_settings_know_exactly_the_symbols_that_can_be_compared() -> None:
    day = [datetime(2025, 2, 3, 9, tzinfo=UTC) + timedelta(minutes=15 * step) for step in range(64)]  # 04:00 to 20:00
    symbols = {record.symbol for record in load().records if record.symbol is not None}
    found = {symbol for symbol in symbols for at in day if isinstance(reference(load(), symbol, at), Record)}
    assert found == COMPARABLE


# What cannot be said


def test_a_session_of_which_nothing_is_recorded_is_quiet_and_no_fault() -> None:
    one = desk(ratio("NQ=F", at_least=0.5))
    for _ in range(20):
        assert one.later(minutes=30).price("NQ=F", 90).evaluate() == []


def test_a_stale_quote_is_no_fault_while_nothing_is_recorded_to_hold_it_against() -> None:
    one = desk(ratio("NQ=F", "NVDA", at_least=0.5)).price("NQ=F", 90).price("NVDA", 99).went_stale("NQ=F")
    assert [one.later(minutes=1).evaluate() for _ in range(20)] == [[]] * 20


def test_a_move_of_an_earlier_day_is_quiet_and_no_fault() -> None:
    one = desk(HALF).price("NVDA", 90)
    for _ in range(20):
        assert one.later(minutes=1).price("NVDA", 90, traded_at=OPEN - timedelta(days=3)).evaluate() == []


def test_what_fired_before_the_open_is_not_rearmed_where_nothing_is_recorded() -> None:
    one = desk(ratio("NQ=F", at_least=0.5), cooldown=NO_COOLDOWN)
    one.now = AT_0750
    assert one.price("NQ=F", 97).fired() == ["NQ=F"]
    before = dict(one.rows)
    assert one.later(hours=2).price("NQ=F", 100).fired() == []
    assert one.rows == before


@pytest.mark.parametrize(
    ("said", "reason"),
    [("stale", "no trade for 5m"), ("bare", "no previous close"), ("no records", "no documented moves at hand")],
)
def test_a_quote_that_cannot_be_compared_is_told(said: str, reason: str) -> None:
    one = desk(HALF).price("NVDA", 90, base_close=None if said == "bare" else 100.0)
    if said == "stale":
        one.went_stale("NVDA")
    elif said == "no records":
        one.baseline = None
    told = [alert for _ in range(20) for alert in one.later(seconds=15).evaluate()]
    assert [(alert.kind, alert.text) for alert in told] == [
        (AlertKind.CANNOT_EVALUATE, f"cannot evaluate: NVDA ({reason})")
    ]
    assert told[0].baseline is None


# What alerts carry


def test_the_alert_says_both_moves_and_names_the_document() -> None:
    (alert,) = desk(HALF).price("NVDA", 88).evaluate()
    ref = alert.baseline
    assert ref is not None
    assert (ref.id, ref.symbol, ref.documented, ref.today, ref.ratio) == ("nvda-close", "NVDA", -16, -12.0, 0.75)
    assert ref.documents == (FILE,)
    assert alert.text == (f"NVDA -12.00% is 0.75 of its documented {ref.compared} ({FILE}), at 88.00 USD (limit 0.5)")
    assert "27 January 2025" in ref.compared
    assert from_json(to_json(alert)).baseline == ref


def test_an_alert_of_any_other_rule_carries_the_documented_move_of_its_subject() -> None:
    one = with_baseline(Desk.of(change("NVDA", "ARM", at_most=-3))).price("NVDA", 92).price("ARM", 92)
    arm, nvidia = one.evaluate()
    assert isinstance(nvidia.baseline, BaselineRef)
    assert (nvidia.baseline.id, nvidia.baseline.ratio) == ("nvda-close", 0.5)
    assert arm.baseline is None  # nothing is recorded of it


def test_the_context_of_a_rule_is_not_what_its_alert_carries() -> None:
    both = AllOf(conditions=(change("AMD", "ARM", at_most=-3), HALF))
    one = desk(both).price("AMD", 96).price("ARM", 96).price("NVDA", 90)
    amd, arm = one.evaluate()
    assert amd.baseline is not None
    assert amd.baseline.symbol == "AMD"
    assert arm.baseline is None
    assert "NVDA -10.00% is 0.62 of its documented" in arm.text


def test_stories_sources_and_stale_quotes_have_no_documented_move_beside_them() -> None:
    one = with_baseline(Desk([rule(DEEPSEEK), rule(QuotesStale(symbols=("NVDA",), lasting=NO_COOLDOWN), name="stale")]))
    one.price("NVDA", 90).went_stale("NVDA")
    alerts = one.evaluate(one.headline(tickers=["NVDA"]))
    assert [(alert.subject, alert.baseline) for alert in alerts] == [
        ("https://example.com/story", None),
        ("NVDA", None),
    ]


def test_without_records_an_alert_is_what_it_always_was() -> None:
    (alert,) = Desk.of(DOWN_3).price("NVDA", 90).evaluate()
    assert (alert.fired_at, alert.baseline) == (OPEN, None)
