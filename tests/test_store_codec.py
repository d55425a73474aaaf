"""Cells and values: what goes into the database comes out of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.errors import StoreError
from monitor.models import Alert, FailureKind, Quote, QuoteSourceState, Session
from monitor.store.alerts import ALERT
from monitor.store.codec import blob_to_digests, cell, digests_to_blob, moment, stamp, whole_ms
from monitor.store.quotes import QUOTE, SOURCE
from tests.store_samples import BASELINE_REF, HEADLINE_REF, QUOTE_REF, alert, quote

steady = settings(deadline=None, derandomize=True, database=None)

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=4, minutes=30))])
MOMENTS = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001


@steady
@given(MOMENTS)
def test_a_moment_comes_back_in_utc_to_the_millisecond(at: datetime) -> None:
    text = stamp(at)
    assert len(text) == len("2025-01-27T14:30:00.000Z")
    back = moment(text)
    assert back.utcoffset() == timedelta(0)
    assert timedelta(0) <= at - back < timedelta(milliseconds=1)
    assert whole_ms(at) == back


@steady
@given(MOMENTS, MOMENTS)
def test_stored_moments_sort_as_time_does(one: datetime, other: datetime) -> None:
    assert (stamp(one) < stamp(other)) == (whole_ms(one) < whole_ms(other))


@steady
@given(st.integers(1, 64).flatmap(lambda size: st.frozensets(st.binary(min_size=size, max_size=size))))
def test_digests_come_back(digests: frozenset[bytes]) -> None:
    assert blob_to_digests(digests_to_blob(digests)) == digests


def test_a_date_is_no_moment() -> None:
    assert cell(date(2025, 1, 27)) == "2025-01-27"


def test_what_has_no_form_in_the_database_is_refused() -> None:
    with pytest.raises(TypeError, match="list"):
        cell([1])


@pytest.mark.parametrize(
    "given_alert",
    [
        alert(),
        alert(headlines=(HEADLINE_REF, HEADLINE_REF), quotes=(QUOTE_REF,), simulated=True),
        alert(baseline=BASELINE_REF),
        alert(baseline=replace(BASELINE_REF, documents=())),
    ],
    ids=str,
)
def test_an_alert_comes_back_with_what_it_quotes(given_alert: Alert) -> None:
    assert ALERT.model(ALERT.row(given_alert)) == given_alert


@steady
@given(st.floats(allow_nan=False), st.none() | st.integers(0, 2**53), st.sampled_from(Session), st.text())
def test_a_quote_comes_back(price: float, volume: int | None, session: Session, name: str) -> None:
    given_quote: Quote = quote(price=price, volume=volume, session=session, name=name)
    assert QUOTE.model(list(QUOTE.row(given_quote).values())) == given_quote


def test_a_word_that_only_another_version_knows_is_said_and_not_guessed() -> None:
    row = SOURCE.row(QuoteSourceState(failures=1, failure=FailureKind.DNS))
    with pytest.raises(StoreError, match=r"cannot read.*'new-word'"):
        SOURCE.model({**row, "failure": "new-word"})
