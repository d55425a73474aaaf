"""Which symbols are asked for, and when."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.clock import Clock
from monitor.collector.quotes import QuoteDesk, due_symbols
from monitor.config.screen import QuoteSettings
from monitor.models import Quote, QuoteSourceState, Session
from monitor.sources.yahoo import YahooQuotes

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


class Standing(Clock):
    def now(self) -> datetime:
        return NOW


@pytest.mark.parametrize(
    ("asked", "failed", "quiet"),
    [
        ({}, False, False),  # the first quotes have not come
        ({"NVDA": 1, "BTC-USD": 1}, False, True),
        ({"NVDA": 1, "BTC-USD": 11}, False, True),
        ({"NVDA": 1, "BTC-USD": 13}, False, False),  # due in two seconds
        ({"NVDA": 298, "BTC-USD": 1}, False, False),
        ({"NVDA": 1, "BTC-USD": 1}, True, False),  # the source has to be left alone
    ],
)
def test_there_is_time_for_others_while_no_quotes_are_due_soon(
    tmp_path: Path, asked: dict[str, int], *, failed: bool, quiet: bool
) -> None:
    source = QuoteSourceState(failures=1, next_check_at=NOW + FAST) if failed else QuoteSourceState()
    desk = QuoteDesk(
        symbols=("NVDA", "BTC-USD"),
        quotes=QUOTES,
        source=lambda: source,
        yahoo=YahooQuotes(QuoteSettings(), tmp_path),
        results=asyncio.Queue(),
        clock=Standing(),
        interval=FAST,
        closed_interval=SLOW,
        _asked_at={symbol: NOW - timedelta(seconds=ago) for symbol, ago in asked.items()},
    )
    assert desk.quiet() is quiet
