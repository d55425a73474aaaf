"""Sessions by the clock, and when a quote must not be taken for the current price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import Struct
from msgspec.structs import replace

from monitor import market
from monitor.market import StaleKind
from monitor.models import Quote, Session

NOW = datetime(2025, 1, 27, 17, 0, tzinfo=UTC)  # Monday noon in New York


class Limits(Struct, frozen=True):
    interval: timedelta = timedelta(seconds=15)
    closed_interval: timedelta = timedelta(minutes=5)
    stale_after: timedelta = timedelta(minutes=2)
    stale_after_extended: timedelta = timedelta(minutes=15)


def quote(
    session: Session = Session.REGULAR,
    *,
    traded: timedelta | None = timedelta(0),
    fetched: timedelta = timedelta(0),
    delay: timedelta = timedelta(0),
) -> Quote:
    """A quote whose last trade and last refresh were so long ago."""
    return Quote(
        symbol="NVDA",
        price=121.0,
        traded_at=None if traded is None else NOW - traded,
        session=session,
        fetched_at=NOW - fetched,
        delay=delay,
    )


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


STALE = [
    # a market that is open owes trades
    (quote(traded=minutes(1.9)), None),
    (quote(traded=minutes(7)), "no trade for 7m"),
    (quote(traded=minutes(16), delay=minutes(15)), None),
    (quote(traded=minutes(18), delay=minutes(15)), "no trade for 18m"),
    (quote(Session.PRE, traded=minutes(14)), None),
    (quote(Session.PRE, traded=minutes(16)), "no trade for 16m"),
    (quote(Session.POST, traded=minutes(14)), None),
    (quote(Session.POST, traded=timedelta(hours=3)), "no trade for 3h"),
    # a closed one does not
    (quote(Session.CLOSED, traded=timedelta(days=3)), None),
    (quote(Session.CLOSED, traded=timedelta(days=3), fetched=minutes(14)), None),
    (quote(Session.CLOSED, traded=timedelta(days=3), fetched=minutes(16)), "not refreshed for 16m"),
    # whoever did not ask cannot say that there was no trade
    (quote(traded=minutes(3), fetched=minutes(3)), "not refreshed for 3m"),
    (quote(Session.PRE, traded=minutes(20), fetched=minutes(20)), "not refreshed for 20m"),
    # unknown age
    (quote(traded=None), "age unknown"),
    (quote(Session.CLOSED, traded=None), "age unknown"),
    (quote(traded=-minutes(3)), "age unknown"),
    (quote(traded=-minutes(1)), None),
    (quote(fetched=-minutes(3)), "age unknown"),
]


@pytest.mark.parametrize(("given", "why"), STALE)
def test_a_quote_is_stale_by_its_trade_its_session_and_its_refresh(given: Quote, why: str | None) -> None:
    found = market.staleness(given, NOW, Limits())
    assert (None if found is None else str(found)) == why


def test_the_kind_of_staleness_is_told_apart() -> None:
    kinds = [market.staleness(given, NOW, Limits()) for given, why in STALE if why]
    assert {found.kind for found in kinds if found} == set(StaleKind)


def test_a_slow_poll_does_not_make_every_quote_unrefreshed() -> None:
    slow = replace(Limits(), interval=minutes(10), stale_after=minutes(30))
    assert market.staleness(quote(traded=minutes(25), fetched=minutes(25)), NOW, slow) is None


def test_age_is_the_trade_s_never_the_fetch_s_and_never_negative() -> None:
    assert market.age(quote(traded=minutes(7)), NOW) == minutes(7)
    assert market.age(quote(traded=-minutes(1)), NOW) == timedelta(0)
    assert market.age(quote(traded=-minutes(5)), NOW) is None
    assert market.age(quote(traded=None), NOW) is None


def test_pre_and_post_market_count_as_open() -> None:
    opened = [session for session in Session if market.is_open(quote(session))]
    assert opened == [Session.PRE, Session.REGULAR, Session.POST]
