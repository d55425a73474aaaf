"""What the desks hand to the recorder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from monitor.mailbox import Letter
from monitor.models import Bar, Feed, Outcome, Quote, QuoteOutcome, QuotesFailed


@dataclass(frozen=True, slots=True)
class Polled:
    """`feed` was asked, and this came of it."""

    feed: Feed
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Quoted:
    """The quote source was asked for `asked`, and this came of it."""

    asked: tuple[str, ...]
    outcome: QuoteOutcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Streamed:
    """Quotes that the stream moved on since the last time; they say nothing of the polling's health."""

    quotes: tuple[Quote, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Charted:
    """Bars of the past that `letter` wished for."""

    letter: Letter
    bars: tuple[Bar, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Recalled:
    """The quote source was asked for the prices of `symbol` around 27 January 2025, and this came of it."""

    symbol: str
    outcome: tuple[Bar, ...] | QuotesFailed
    at: datetime


Result = Polled | Quoted | Streamed | Charted | Recalled
