"""Trades as Yahoo's stream tells them, and what one does to a quote. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from monitor.markup import clean
from monitor.models import Quote, Session

# `market_hours` of yfinance's pricing.proto; protobuf leaves a zero out, so a tick that does not say is pre-market.
_SESSIONS = {0: Session.PRE, 1: Session.REGULAR, 2: Session.POST}

_BREAK = timedelta(minutes=30)
"""Longer than any straggling trade after a session, shorter than any pause before the next one (futures: an hour)."""

_EARLIEST_MS = 315_532_800_000  # 1980
_LATEST_MS = 4_102_444_800_000  # 2100
_LARGEST_COUNT = 2**63 - 1


class StreamTick(Struct, frozen=True, kw_only=True):
    """One trade. `day_volume` is the day's total so far, None where the stream does not say."""

    symbol: str
    price: float
    traded_at: datetime
    session: Session
    received_at: datetime
    day_volume: int | None = None


def to_tick(
    symbol: str, price: float, time_ms: int, market_hours: int, day_volume: int, *, received_at: datetime
) -> StreamTick | None:
    """The fields of one `PricingData`, `time_ms` in epoch milliseconds; None when they make no trade.

    Prices come as 32-bit floats: 142.62 arrives as 142.6199951171875, so they are cut to the seven digits they have.
    """
    name, session = clean(symbol, limit=32), _SESSIONS.get(market_hours)
    if not name or session is None or not math.isfinite(price) or price == 0:
        return None
    if not _EARLIEST_MS <= time_ms <= _LATEST_MS:
        return None
    return StreamTick(
        symbol=name,
        price=float(f"{price:.7g}"),
        traded_at=datetime.fromtimestamp(time_ms / 1000, UTC),
        session=session,
        received_at=received_at,
        day_volume=day_volume if 0 < day_volume <= _LARGEST_COUNT else None,
    )


def apply_tick(quote: Quote, tick: StreamTick) -> Quote:
    """`quote` after `tick`; the same object when the tick is older than the quote's trade or from a session gone by.

    The first regular trade after a break opens a new day: the last regular price becomes the previous close and the
    day's range starts anew. What a tick does not carry stays as it was polled, until the next poll.
    """
    if quote.traded_at is not None and tick.traded_at < quote.traded_at:
        return quote
    later = quote.regular_at is None or tick.traded_at - quote.regular_at > _BREAK
    if tick.session is Session.PRE and quote.session in {Session.REGULAR, Session.POST} and not later:
        return quote
    seen = replace(
        quote,
        price=tick.price,
        traded_at=tick.traded_at,
        fetched_at=max(quote.fetched_at, tick.received_at),
        volume=quote.volume if tick.day_volume is None else tick.day_volume,
    )
    if tick.session is not Session.REGULAR:
        return replace(
            seen,
            session=tick.session,
            base_close=quote.regular_price if tick.session is Session.PRE else quote.previous_close,
            extended_price=tick.price,
            extended_at=tick.traded_at,
        )
    opens = later and quote.session in {Session.PRE, Session.CLOSED}
    close = quote.regular_price if opens else quote.previous_close
    return replace(
        seen,
        session=Session.REGULAR if opens else quote.session,
        base_close=close,
        previous_close=close,
        regular_price=tick.price,
        regular_at=tick.traded_at,
        extended_price=None,
        extended_at=None,
        day_low=tick.price if opens or quote.day_low is None else min(quote.day_low, tick.price),
        day_high=tick.price if opens or quote.day_high is None else max(quote.day_high, tick.price),
    )
