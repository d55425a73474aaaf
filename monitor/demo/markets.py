"""The markets of the replayed day: what trades when. Closing days and hours are the exchanges' own, in 2025."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.demo.day import CLOSES_AT, ENDS_AT, EVE_CLOSES_AT, OPENS_AT, on_the_day

if TYPE_CHECKING:
    from collections.abc import Mapping

SUNDAY_EVENING = on_the_day("18:00", date(2025, 1, 26))  # when futures opened for the replayed day


class Market(Struct, frozen=True, kw_only=True):
    """`opens` and `closes` are those of the regular session, the replay's end at the latest.

    `extended` is set if it trades before and after that too. `shut_since` is the last trade of a market that does not
    open within the replay at all. `eve` is when the trading day before ended. `until` is the last day, of those up to
    29 January, on which it trades. `quote_type` is Yahoo's word for what is listed there.
    """

    quote_type: str = "EQUITY"
    opens: datetime = SUNDAY_EVENING
    closes: datetime = ENDS_AT
    extended: bool = False
    shut_since: datetime | None = None
    eve: datetime = EVE_CLOSES_AT
    until: date = date(2025, 1, 29)


def _shut(since: datetime, eve: datetime, until: int = 29) -> Market:
    return Market(shut_since=since, eve=eve, until=date(2025, 1, until))


MARKETS: Mapping[str, Market] = {
    "us-stock": Market(opens=OPENS_AT, closes=CLOSES_AT, extended=True),
    "us-index": Market(quote_type="INDEX", opens=OPENS_AT, closes=CLOSES_AT),
    "yield": Market(quote_type="INDEX", opens=on_the_day("08:20"), closes=on_the_day("15:00")),
    "volatility": Market(quote_type="INDEX"),
    "future": Market(quote_type="FUTURE"),
    "currency": Market(quote_type="CURRENCY"),
    "crypto": Market(quote_type="CRYPTOCURRENCY"),
    "tokyo": _shut(datetime(2025, 1, 27, 6, 30, tzinfo=UTC), datetime(2025, 1, 24, 6, 30, tzinfo=UTC)),
    "hong-kong": _shut(datetime(2025, 1, 27, 8, 0, tzinfo=UTC), datetime(2025, 1, 24, 8, 0, tzinfo=UTC), until=28),
    "shanghai": _shut(datetime(2025, 1, 27, 7, 0, tzinfo=UTC), datetime(2025, 1, 24, 7, 0, tzinfo=UTC), until=27),
    # Both had closed for the Lunar New Year already.
    "seoul": _shut(datetime(2025, 1, 24, 6, 30, tzinfo=UTC), datetime(2025, 1, 23, 6, 30, tzinfo=UTC), until=24),
    "taipei": _shut(datetime(2025, 1, 22, 5, 30, tzinfo=UTC), datetime(2025, 1, 21, 5, 30, tzinfo=UTC), until=22),
}
