"""Documented figures beside the market's own prices, and the JSON form of both."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from monitor.baseline.fields import document_fields, record_fields
from monitor.baseline.measured import measure
from monitor.models import (
    Bar,
    DayPart,
    Disagreement,
    Measured,
    MeasuredState,
    Precision,
    Qualifier,
    Record,
    RecordKind,
    Source,
    Text,
    When,
)
from tests.baseline_samples import MONDAY, ONE, TWO, at, bar, baseline, close, minute, on, record

THURSDAY, FRIDAY, TUESDAY = date(2025, 1, 23), date(2025, 1, 24), date(2025, 1, 28)
PRE, REGULAR = DayPart.PRE, DayPart.REGULAR

DAILY = [close(90, THURSDAY), close(100, FRIDAY), close(83, MONDAY), close(90, TUESDAY)]
HOURLY = [
    bar(at("04:00"), 88, 92),
    bar(at("07:00"), 86, 90),
    bar(at("09:00"), 87, 89),
    bar(at("09:30"), 84, 91),
    bar(at("10:30"), 82, 85),
    bar(at("16:00"), 83, 84),
    bar(at("04:00", TUESDAY), 86, 88),
]


def measured(documented: Record, daily: list[Bar] | None = None, hourly: list[Bar] | None = None) -> Measured:
    return measure(
        documented,
        DAILY if daily is None else daily,
        HOURLY if hourly is None else hourly,
        asked=True,
        simulated=False,
    )


AT_TEN = record("at-ten", -11.5, when=minute("10:00"), session=REGULAR)
PRE_0750 = record("pre-0750", -12, when=minute("07:50"), session=PRE)
AT_THE_BELL, BEFORE_THE_BELL = replace(AT_TEN, when=minute("09:30")), replace(PRE_0750, when=minute("09:29"))
RANGE = record(value=None, low=-30.0, high=-20.0)
MORE_THAN, LESS_THAN = record(qualifier=Qualifier.MORE_THAN), record(qualifier=Qualifier.LESS_THAN)
FELL = record(value=None, high=0.0, qualifier=Qualifier.DIRECTION_ONLY)
LEVEL = record("level", 90, kind=RecordKind.LEVEL, unit="USD", when=minute("10:00"), session=REGULAR)
POINTS = record(kind=RecordKind.YIELD, unit="basis_points", value=-8.0)
YIELD = record(kind=RecordKind.YIELD, value=4.54)
WON = record(kind=RecordKind.CURRENCY, unit="KRW", session=None, when=on(FRIDAY))

MEASURED = [
    # the day against the closes
    (record(), -17.0, 0.0, "close against the close of 24 January 2025"),
    (record(session=None), -17.0, 0.0, "close against the close of 24 January 2025"),
    (record(value=-15), -17.0, 2.0, "close against the close of 24 January 2025"),
    (record(value=9.5, when=on(TUESDAY)), 8.4337, 1.0663, "close against the close of 27 January 2025"),
    (record(value=-1, when=on(FRIDAY)), 11.1111, -12.1111, "close against the close of 23 January 2025"),
    # a documented range
    (RANGE, -17.0, -3.0, "close against the close of 24 January 2025"),
    (replace(RANGE, high=-16.0), -17.0, 0.0, "close against the close of 24 January 2025"),
    (replace(RANGE, low=-15.0, high=-10.0), -17.0, 2.0, "close against the close of 24 January 2025"),
    # a figure that only bounds the move
    (replace(MORE_THAN, value=-15), -17.0, 0.0, "close against the close of 24 January 2025"),
    (replace(MORE_THAN, value=-18), -17.0, -1.0, "close against the close of 24 January 2025"),
    (replace(MORE_THAN, value=1), -17.0, 18.0, "close against the close of 24 January 2025"),
    (replace(LESS_THAN, value=-18), -17.0, 0.0, "close against the close of 24 January 2025"),
    (replace(LESS_THAN, value=-15), -17.0, 2.0, "close against the close of 24 January 2025"),
    # the hour that holds a minute
    (AT_TEN, (-16.0, -9.0), 0.0, "hour from 09:30 against the close of 24 January 2025"),
    (replace(AT_TEN, value=-20.0), (-16.0, -9.0), -4.0, "hour from 09:30 against the close of 24 January 2025"),
    (replace(AT_TEN, value=-7.0), (-16.0, -9.0), 2.0, "hour from 09:30 against the close of 24 January 2025"),
    (PRE_0750, (-14.0, -10.0), 0.0, "hour from 07:00 against the close of 24 January 2025"),
    (AT_THE_BELL, (-16.0, -9.0), 0.0, "hour from 09:30 against the close of 24 January 2025"),
    (BEFORE_THE_BELL, (-13.0, -11.0), 0.0, "hour from 09:00 against the close of 24 January 2025"),
    # a part of the day without a minute
    (record(value=-7, session=PRE), (-14.0, -8.0), 1.0, "hours before the open against the close of 24 January 2025"),
    (
        record(value=5, session=PRE, when=on(TUESDAY)),
        (3.6145, 6.0241),
        0.0,
        "hours before the open against the close of 27 January 2025",
    ),
    (record(session=DayPart.POST), (-17.0, -16.0), 0.0, "hours after the close against the close of 24 January 2025"),
    # prices
    (LEVEL, (84.0, 91.0), 0.0, "hour from 09:30"),
    (replace(LEVEL, value=95.0), (84.0, 91.0), 4.0, "hour from 09:30"),
    (replace(LEVEL, when=on(), session=DayPart.CLOSE), 83.0, 7.0, "close"),
]


@pytest.mark.parametrize(("documented", "found", "difference", "basis"), MEASURED)
def test_a_figure_is_held_against_the_prices_of_its_time(
    documented: Record, found: float | tuple[float, float], difference: float, basis: str
) -> None:
    answer = measured(documented)
    assert answer.state is MeasuredState.MEASURED
    assert answer.basis == basis
    assert answer.difference == pytest.approx(difference, abs=1e-4)
    low, high = found if isinstance(found, tuple) else (None, None)
    assert answer.value == (pytest.approx(found, abs=1e-4) if low is None else None)
    assert answer.low == (None if low is None else pytest.approx(low, abs=1e-4))
    assert answer.high == (None if high is None else pytest.approx(high, abs=1e-4))


def test_a_yield_s_change_is_in_basis_points_and_its_level_in_per_cent() -> None:
    daily = [close(4.62, FRIDAY), close(4.53, MONDAY)]
    points = measured(POINTS, daily)
    assert points.value == pytest.approx(-9)
    assert points.difference == pytest.approx(1)
    level = measured(YIELD, daily)
    assert (level.value, level.basis) == (4.53, "close")
    assert level.difference == pytest.approx(0.01)


def test_a_price_of_some_time_of_a_day_is_held_against_the_day_s_range() -> None:
    answer = measured(replace(WON, value=1430.0), [bar(datetime(2025, 1, 24, tzinfo=UTC), 1427, 1436, interval="1d")])
    assert (answer.low, answer.high, answer.difference, answer.basis) == (1427, 1436, 0, "range of the day")


@pytest.mark.parametrize(
    ("documented", "agrees"),
    [
        (FELL, True),
        (replace(FELL, low=0.0, high=None), False),
        (replace(FELL, kind=RecordKind.CURRENCY, symbol="JPY=X"), True),
        (replace(FELL, kind=RecordKind.YIELD, symbol="^TNX"), True),
    ],
)
def test_of_a_direction_it_is_said_whether_the_market_agrees(documented: Record, agrees: bool) -> None:
    answer = measured(documented)
    assert answer.value == pytest.approx(-17)
    assert answer.basis.endswith(": agrees" if agrees else ": contradicts")
    assert (answer.difference == 0) is agrees


NOT_MEASURABLE = [
    (record(kind=RecordKind.VOLUME, unit="times"), "not a price"),
    (record(kind=RecordKind.MARKET_VALUE, unit="USD"), "not a price"),
    (record(kind=RecordKind.VIEW, value=None, unit=None), "not a price"),
    (record(symbol=None), "no symbol"),
    (record(when=None), "not of one day from 24 to 29 January 2025"),
    (record(when=on(date(2025, 1, 30))), "not of one day from 24 to 29 January 2025"),
    (record(when=When(precision=Precision.MONTH, at=date(2025, 1, 27))), "not of one day from 24 to 29 January 2025"),
    (
        record(when=When(precision=Precision.DAY, at=FRIDAY, until=MONDAY)),
        "not of one day from 24 to 29 January 2025",
    ),
]


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize(("documented", "why"), NOT_MEASURABLE)
def test_what_no_price_can_tell_is_not_measurable(documented: Record, why: str, asked: bool) -> None:
    answer = measure(documented, DAILY, HOURLY, asked=asked, simulated=False)
    assert (answer.state, answer.basis) == (MeasuredState.NOT_MEASURABLE, why)


@pytest.mark.parametrize(
    ("documented", "daily", "hourly", "why"),
    [
        (record(), [], None, "no close in the history"),
        (record(), [close(83, MONDAY)], None, "no close before that day in the history"),
        (AT_TEN, None, [], "no hour of 10:00 in the history"),
        (record(session=PRE), None, [], "no hours before the open in the history"),
        (AT_TEN, None, [bar(at("08:30"), 84, 91)], "no hour of 10:00 in the history"),
    ],
)
def test_a_history_without_those_prices_says_so(
    documented: Record, daily: list[Bar] | None, hourly: list[Bar] | None, why: str
) -> None:
    answer = measured(documented, daily, hourly)
    assert (answer.state, answer.basis) == (MeasuredState.NOT_MEASURABLE, why)


def test_until_the_history_is_fetched_nothing_is_measured() -> None:
    answer = measure(record(), (), (), asked=False, simulated=False)
    assert answer == Measured(state=MeasuredState.NOT_YET, basis="not yet measured")


def test_a_replay_s_history_is_marked() -> None:
    assert measure(record(), DAILY, HOURLY, asked=True, simulated=True).simulated


def test_a_record_s_json_has_its_moment_in_new_york_its_sources_and_what_disagrees() -> None:
    misprint = Source(
        document=TWO, line=24, figures=("6,00",), quotes="Bloomberg", as_read="6,00억", correction="6,000억"
    )
    one, other = replace(PRE_0750, sources=(misprint,)), record()
    disputed = Disagreement(id="nvda", records=(one.id, other.id), note=Text(en="why", ko="까닭"))
    fields = record_fields(one, baseline(one, other, disagreements=(disputed,)), measured(one))
    assert json.loads(json.dumps(fields)) == {
        "id": "pre-0750",
        "kind": "move",
        "subject": "Nvidia",
        "symbol": "NVDA",
        "when": {"precision": "minute", "at": "2025-01-27T07:50:00-05:00", "until": None},
        "session": "pre",
        "value": -12,
        "low": None,
        "high": None,
        "unit": "percent",
        "qualifier": "exact",
        "summary": {"en": "pre-0750 in words.", "ko": "pre-0750, 말로."},
        "sources": [
            {
                "document": "002_b.txt",
                "author": None,
                "outlet": "Example Daily",
                "date": None,
                "kind": "newspaper",
                "quotes": "Bloomberg",
                "line": 24,
                "as_read": "6,00억",
                "correction": "6,000억",
            }
        ],
        "disagrees_with": ["nvda-close"],
        "measured": {
            "state": "measured",
            "value": None,
            "low": -14,
            "high": -10,
            "difference": 0,
            "basis": "hour from 07:00 against the close of 24 January 2025",
            "simulated": False,
        },
    }


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (on(), {"precision": "day", "at": "2025-01-27", "until": None}),
        (When(precision=Precision.MONTH, at=date(2023, 5, 1)), {"precision": "month", "at": "2023-05", "until": None}),
        (
            When(precision=Precision.YEAR, at=date(2018, 1, 1), until=date(2024, 12, 31)),
            {"precision": "year", "at": "2018", "until": "2024-12-31"},
        ),
        (None, None),
    ],
)
def test_a_moment_is_as_precise_as_it_is_known(when: When | None, expected: dict[str, object] | None) -> None:
    assert record_fields(record(when=when), baseline(), None)["when"] == expected


def test_a_record_without_a_figure_has_null_in_its_place() -> None:
    fields = record_fields(record(kind=RecordKind.VIEW, value=None, unit=None, qualifier=None), baseline(), None)
    assert {fields[name] for name in ("value", "low", "high", "unit", "qualifier", "measured")} == {None}


def test_a_document_s_json_says_how_its_date_is_known() -> None:
    assert document_fields(ONE) == {
        "document": "001_a.txt",
        "author": None,
        "outlet": "Example Daily",
        "date": None,
        "dating": {"en": "unknown", "ko": "알 수 없음"},
        "kind": "newspaper",
        "about": {"en": "The fall", "ko": "급락"},
    }
