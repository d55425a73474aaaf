"""Quotes and bars. Prices are as the source gives them, in the quote's own currency."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from msgspec import Struct


class Session(StrEnum):
    """The trading session a price belongs to or a market is in."""

    PRE = "pre"
    REGULAR = "regular"
    POST = "post"
    CLOSED = "closed"


class Quote(Struct, frozen=True, kw_only=True):
    """The last known price of a symbol.

    `price` at `traded_at` is the pre-market price before the open, the post-market price after the close, else the
    regular one. `session` is the market's session when the quote was fetched. `base_close` is the close that the move
    is measured from: the last regular close before the open, and the close before that trading day from the open on.
    `regular_*` and `extended_*` keep the day's and the extended-hours price apart. `delay` is how far behind the
    exchange the source says it is. `fetched_at` says when it was asked for, never how old the price is: that is
    `traded_at` (None when the source gave no time, which makes its age unknown).
    `average_volume` is Yahoo's three-month daily average, in shares or contracts.
    """

    symbol: str
    price: float
    traded_at: datetime | None
    session: Session
    fetched_at: datetime
    name: str | None = None
    currency: str | None = None
    exchange: str | None = None
    base_close: float | None = None
    previous_close: float | None = None
    regular_price: float | None = None
    regular_at: datetime | None = None
    extended_price: float | None = None
    extended_at: datetime | None = None
    day_low: float | None = None
    day_high: float | None = None
    year_low: float | None = None
    year_high: float | None = None
    volume: int | None = None
    average_volume: int | None = None
    delay: timedelta = timedelta(0)

    @property
    def unit(self) -> str | None:
        """What to write behind the price: its currency, and nothing for an index or a yield (a symbol with a caret), to
        which the source gives a currency too.
        """
        return None if self.symbol.startswith("^") else self.currency

    @property
    def change(self) -> float | None:
        """Move from `base_close`, in the quote's currency."""
        return None if self.base_close is None else self.price - self.base_close

    @property
    def change_percent(self) -> float | None:
        """Move from `base_close` in per cent (-17.0 is a fall of seventeen per cent)."""
        return percent(self.price, self.base_close)

    @property
    def regular_change_percent(self) -> float | None:
        """The regular session's move from the close before it, in per cent."""
        return percent(self.regular_price, self.previous_close)

    @property
    def extended_change_percent(self) -> float | None:
        """The extended-hours move from the regular price, in per cent; None outside extended hours."""
        return percent(self.extended_price, self.regular_price)


def percent(value: float | None, base: float | None) -> float | None:
    """How far `value` is from `base`, in per cent of it; None where either is missing or the base is not positive."""
    if value is None or base is None or base <= 0:
        return None
    return (value - base) / base * 100


class Bar(Struct, frozen=True, kw_only=True):
    """Prices over one interval that starts at `at`.

    `source` tells apart what this program built from the quotes it polled ("polled": `samples` prices, so the extremes
    between two polls are not in it) from what Yahoo's history said ("yahoo", `samples` 0). `interval` is Yahoo's name
    for it: "1m", "5m", "1h", "1d". `volume` is what was traded within the interval, None when unknown.
    """

    symbol: str
    interval: str
    at: datetime
    open: float
    high: float
    low: float
    close: float
    volume: int | None
    source: Literal["polled", "yahoo"]
    samples: int = 0
