"""The day that the demo replays: Monday, 27 January 2025, New York time, from 07:00 until the close."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from monitor.when import NEW_YORK

DAY = date(2025, 1, 27)
EVE = date(2025, 1, 24)  # the trading day before it, a Friday


def on_the_day(clock: str, day: date = DAY) -> datetime:
    """The moment, in UTC, when clocks in New York show `clock` ("07:50" or "07:50:30")."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


STARTS_AT = on_the_day("07:00")
OPENS_AT = on_the_day("09:30")
CLOSES_AT = on_the_day("16:00")
ENDS_AT = on_the_day("20:00")  # of post-market trading; nothing trades in the demo after it
EVE_CLOSES_AT = on_the_day("16:00", EVE)
