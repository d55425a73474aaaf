"""Which documented move a quote is held against, as a multiple of which, and how far it is from the closes of then."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from monitor.baseline.live import Anchors, anchors, shock_ratio, since
from monitor.baseline.reference import reference
from monitor.models import BaselineRef, DayPart, Qualifier, Quote, Record, RecordKind, Session, Source
from tests.baseline_samples import MONDAY, ONE, TWO, at, baseline, close, minute, on, record
from tests.store_samples import quote

PRE, CLOSE = DayPart.PRE, DayPart.CLOSE
FRIDAY, TUESDAY = date(2025, 1, 24), date(2025, 1, 28)
TODAY = date(2026, 3, 4)  # a Wednesday

PRE_0750 = record("pre-0750", -12, when=minute("07:50"), session=PRE, qualifier=Qualifier.NEARLY)
PRE_0840 = record("pre-0840", -11, when=minute("08:40"), session=PRE)
PRE_SOME = record("pre-some", -13, session=PRE)
AT_TEN = record("at-ten", -11.5, when=minute("10:00"), session=DayPart.REGULAR)
THE_CLOSE = record("close")
NVIDIA = (PRE_0750, PRE_0840, PRE_SOME, AT_TEN, THE_CLOSE)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("04:00", "pre-0750"),  # the nearest
        ("07:01", "pre-0750"),
        ("08:05", "pre-0840"),  # the same hour goes before one that is nearer
        ("09:29", "pre-0840"),
        ("09:30", "close"),  # no record of that hour
        ("10:00", "at-ten"),
        ("10:59", "at-ten"),
        ("11:00", "close"),
        ("16:00", "close"),
        ("20:00", "close"),
        ("03:59", "close"),
    ],
)
def test_the_same_part_of_the_day_is_compared_and_within_it_the_same_hour(clock: str, expected: str) -> None:
    found = reference(baseline(*NVIDIA), "NVDA", at(clock, TODAY))
    assert isinstance(found, Record)
    assert found.id == expected


@pytest.mark.parametrize("day", [date(2026, 3, 7), date(2026, 7, 3)])
def test_on_a_weekend_and_a_holiday_the_day_is_compared(day: date) -> None:
    assert reference(baseline(*NVIDIA), "NVDA", at("10:00", day)) == THE_CLOSE


TWICE = (Source(document=ONE, line=9), Source(document=TWO, line=1))
SAME = [
    (record("exact", -15), record("about", -17, qualifier=Qualifier.ABOUT, sources=TWICE), "exact"),
    (record("about", -17, qualifier=Qualifier.ABOUT), record("bound", -20, qualifier=Qualifier.AT_LEAST), "about"),
    (record("once", -15), record("twice", -17, sources=TWICE), "twice"),
    (
        record("later", -15, sources=(Source(document=TWO, line=1),)),
        record("earlier", -17, sources=(Source(document=ONE, line=7),)),
        "earlier",
    ),
    (PRE_SOME, PRE_0750, "pre-0750"),  # with an hour before one without
]


@pytest.mark.parametrize(("one", "other", "expected"), SAME, ids=[expected for *_, expected in SAME])
def test_of_several_that_fit_the_surest_is_taken(one: Record, other: Record, expected: str) -> None:
    moment = at("07:50" if one is PRE_SOME else "16:00", TODAY)
    for records in ((one, other), (other, one)):
        found = reference(baseline(*records), "NVDA", moment)
        assert isinstance(found, Record)
        assert found.id == expected


A_FALL = record(value=None, high=0, qualifier=Qualifier.DIRECTION_ONLY)


@pytest.mark.parametrize(
    ("records", "clock", "words"),
    [
        ((), "10:00", "no move documented"),
        ((AT_TEN,), "07:50", "documented only at 10:00"),
        ((AT_TEN,), "11:00", "documented only at 10:00"),
        ((AT_TEN, PRE_SOME), "16:00", "documented only before the open and at 10:00"),
        ((PRE_0750, PRE_0840, AT_TEN), "16:00", "documented only before the open and at 10:00"),
        ((THE_CLOSE,), "07:50", "documented only at the close"),
        ((A_FALL,), "16:00", "only the direction is documented"),
        ((replace(A_FALL, kind=RecordKind.CURRENCY),), "16:00", "only the direction is documented"),
        ((record(when=on(TUESDAY)),), "16:00", "no move documented"),
        ((record(when=None),), "16:00", "no move documented"),
        ((replace(THE_CLOSE, kind=RecordKind.LEVEL),), "16:00", "no move documented"),
        ((record(unit="basis_points"),), "16:00", "documented only in basis points"),
    ],
)
def test_without_a_documented_move_of_that_part_it_is_said_what_there_is(
    records: tuple[Record, ...], clock: str, words: str
) -> None:
    assert reference(baseline(*records), "NVDA", at(clock, TODAY)) == words


def traded(clock: str, change: float | None = -9.0, *, day: date = TODAY, **fields: object) -> Quote:
    """A quote of NVDA that moved by so many per cent from a close of 100."""
    price, base = (100.0, None) if change is None else (100.0 + change, 100.0)
    return quote("NVDA", price, at=at(clock, day), base_close=base, **fields)


def ratio(moved: Quote, *records: Record, later: timedelta = timedelta(0)) -> BaselineRef | str:
    assert moved.traded_at is not None
    return shock_ratio(baseline(*records), moved, moved.traded_at + later)


def test_a_move_is_a_multiple_of_the_documented_one_with_its_record_and_documents() -> None:
    both = (Source(document=ONE, line=3), Source(document=TWO, line=1), Source(document=ONE, line=8))
    found = ratio(traded("07:55"), replace(PRE_0750, sources=both))
    assert found == BaselineRef(
        id="pre-0750",
        symbol="NVDA",
        documented=-12.0,
        today=-9.0,
        ratio=0.75,
        compared="fall of nearly 12% before the open, 07:50 on 27 January 2025",
        documents=("001_a.txt", "002_b.txt"),
    )


RANGE = record(value=None, low=-30.0, high=-20.0, qualifier=Qualifier.ABOUT)


@pytest.mark.parametrize(
    ("documented", "clock", "multiple", "compared"),
    [
        (THE_CLOSE, "16:00", 9 / 17, "fall of 17% at the close of 27 January 2025"),
        (replace(THE_CLOSE, session=None), "16:00", 9 / 17, "fall of 17% at the close of 27 January 2025"),
        (AT_TEN, "10:30", 9 / 11.5, "fall of 11.5% at 10:00 on 27 January 2025"),
        (PRE_SOME, "07:50", 9 / 13, "fall of 13% before the open on 27 January 2025"),
        (RANGE, "16:00", 9 / 25, "fall of 20 to 30%, taken as 25%, at the close of 27 January 2025"),
        (record(value=3), "16:00", -3.0, "rise of 3% at the close of 27 January 2025"),
        (
            record(value=-7, qualifier=Qualifier.MORE_THAN),
            "16:00",
            9 / 7,
            "fall of more than 7% at the close of 27 January 2025",
        ),
    ],
)
def test_what_it_was_compared_with_is_said(documented: Record, clock: str, multiple: float, compared: str) -> None:
    found = ratio(traded(clock), documented)
    assert isinstance(found, BaselineRef)
    assert found.ratio == pytest.approx(multiple)
    assert found.compared == compared


def test_futures_are_compared_by_new_york_s_clock_though_their_market_is_always_open() -> None:
    found = ratio(traded("07:50", session=Session.REGULAR), *NVIDIA)
    assert isinstance(found, BaselineRef)
    assert found.id == "pre-0750"


@pytest.mark.parametrize(
    ("moved", "later", "words"),
    [
        (traded("16:00", day=date(2026, 3, 3)), timedelta(hours=15), "no trade yet on 4 March 2026"),
        (traded("16:00", None), timedelta(0), "no previous close"),
        (replace(traded("16:00"), price=float("nan")), timedelta(0), "no previous close"),
    ],
)
def test_a_move_that_is_not_today_s_is_not_compared(moved: Quote, later: timedelta, words: str) -> None:
    assert ratio(moved, *NVIDIA, later=later) == words


def test_over_a_night_and_a_weekend_the_last_day_is_the_current_one() -> None:
    friday = traded("16:00", day=date(2026, 2, 6))
    for later in (timedelta(hours=11), timedelta(days=2, hours=11)):  # Saturday 03:00, Monday 03:00
        assert isinstance(ratio(friday, *NVIDIA, later=later), BaselineRef)
    assert ratio(friday, *NVIDIA, later=timedelta(days=2, hours=12)) == "no trade yet on 9 February 2026"


def test_a_quote_without_a_time_is_not_compared() -> None:
    timeless = replace(traded("16:00"), traded_at=None)
    assert shock_ratio(baseline(THE_CLOSE), timeless, at("16:00", TODAY)) == "age unknown"


def test_a_documented_zero_divides_nothing() -> None:
    assert ratio(traded("16:00"), record(value=0.0)) == "documented as unchanged"


def test_the_anchors_are_the_closes_of_both_days_in_every_market() -> None:
    assert anchors([close(142.62, FRIDAY), close(118.42, MONDAY), close(129, TUESDAY)]) == Anchors(142.62, 118.42)
    midnight = replace(close(21_000, MONDAY), at=datetime(2025, 1, 27, tzinfo=UTC))
    assert anchors([midnight]) == Anchors(None, 21_000)


NOT_AFTER_24, NOT_AFTER_27 = (f"no trade yet after the close of {day} January 2025" for day in (24, 27))


@pytest.mark.parametrize(
    ("when", "before", "after"),
    [
        (at("15:59", FRIDAY), NOT_AFTER_24, NOT_AFTER_27),
        (at("07:50", MONDAY), -12.0, NOT_AFTER_27),
        (at("16:00", MONDAY), -12.0, NOT_AFTER_27),
        (at("16:01", MONDAY), -12.0, 10.0),
        (at("10:00", TODAY), -12.0, 10.0),
        (None, "age unknown", "age unknown"),
    ],
)
def test_a_price_is_measured_from_a_close_only_after_it(
    when: datetime | None, before: float | str, after: float | str
) -> None:
    found = since(quote("NVDA", 88.0, at=when, fetched_at=at("10:00", TODAY)), Anchors(before=100.0, after=80.0))
    assert (found.before, found.after) == (
        before if isinstance(before, str) else pytest.approx(before),
        after if isinstance(after, str) else pytest.approx(after),
    )


def test_without_a_history_nothing_is_measured_and_without_a_close_that_is_said() -> None:
    now = quote("NVDA", 88.0, at=at("10:00", TODAY))
    assert (since(now, None).before, since(now, None).after) == ("not yet measured", "not yet measured")
    found = since(now, Anchors(before=100.0))
    assert found.after == "no close of 27 January 2025 in the history"
