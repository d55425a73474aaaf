"""What the desks hand to the recorder."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from monitor.mailbox import Letter
from monitor.models import Bar, Feed, Outcome, Quote, QuoteOutcome, QuotesFailed


class Polled(Struct, frozen=True):
    """`feed` was asked, and this came of it."""

    feed: Feed
    outcome: Outcome
    at: datetime


class Quoted(Struct, frozen=True):
    """The quote source was asked for `asked`, and this came of it."""

    asked: tuple[str, ...]
    outcome: QuoteOutcome
    at: datetime


class Streamed(Struct, frozen=True):
    """Quotes that the stream moved on since the last time; they say nothing of the polling's health."""

    quotes: tuple[Quote, ...]
    at: datetime


class Charted(Struct, frozen=True):
    """Bars of the past that `letter` wished for."""

    letter: Letter
    bars: tuple[Bar, ...]
    at: datetime


class Recalled(Struct, frozen=True):
    """The quote source was asked for the prices of `symbol` around 27 January 2025, and this came of it."""

    symbol: str
    outcome: tuple[Bar, ...] | QuotesFailed
    at: datetime


Result = Polled | Quoted | Streamed | Charted | Recalled
