"""Which symbols are asked for, and when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.collector.quotes import due_symbols
from monitor.models import Quote, Session

NOW = datetime(2025, 1, 25, 15, 0, tzinfo=UTC)  # a Saturday
FAST, SLOW = timedelta(seconds=15), timedelta(minutes=5)


def quote(symbol: str, session: Session) -> Quote:
    return Quote(symbol=symbol, price=1.0, traded_at=NOW, session=session, fetched_at=NOW)


QUOTES = {"NVDA": quote("NVDA", Session.CLOSED), "BTC-USD": quote("BTC-USD", Session.REGULAR)}


def due(asked: dict[str, timedelta], *symbols: str) -> tuple[str, ...]:
    asked_at = {symbol: NOW - ago for symbol, ago in asked.items()}
    return due_symbols(symbols, QUOTES, asked_at, now=NOW, interval=FAST, closed_interval=SLOW)


def test_what_was_never_asked_for_is_due() -> None:
    assert due({}, "NVDA", "BTC-USD", "NQ=F") == ("NVDA", "BTC-USD", "NQ=F")


def test_an_open_market_is_asked_for_at_the_quick_pace_and_a_closed_one_at_the_slow_one() -> None:
    asked = dict.fromkeys(("NVDA", "BTC-USD"), timedelta(seconds=20))
    assert due(asked, "NVDA", "BTC-USD") == ("BTC-USD",)
    asked = dict.fromkeys(("NVDA", "BTC-USD"), timedelta(minutes=5))
    assert due(asked, "NVDA", "BTC-USD") == ("NVDA", "BTC-USD")


def test_a_symbol_that_the_source_does_not_know_is_not_asked_for_at_the_quick_pace() -> None:
    assert due({"NOSUCH": timedelta(minutes=1)}, "NOSUCH") == ()
    assert due({"NOSUCH": timedelta(minutes=6)}, "NOSUCH") == ("NOSUCH",)


def test_a_clock_that_was_set_back_makes_everything_due() -> None:
    assert due({"NVDA": -timedelta(days=1)}, "NVDA") == ("NVDA",)
