"""When the New York stock exchanges trade: by the clock, their holidays and their short days.

Pre-market from 04:00, the regular session from 09:30 to 16:00, post-market until 20:00, New York time. Before some
holidays they close at 13:00, and the post-market at 17:00. The days come from the `holidays` library, which its
maintainers keep up with the exchange's announcements; a closing that was announced after the installed version came out
is not known. What a market really does is in `Quote.session`.

`python -m monitor.new_york YEAR` prints the closings around that year, one a line.
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.models import Session
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PRE_OPEN, _OPEN, _CLOSE, _POST_CLOSE = time(4), time(9, 30), time(16), time(20)
_EARLY_CLOSE, _EARLY_POST_CLOSE = time(13), time(17)
_SATURDAY = 5
_DAY = timedelta(days=1)
_LONGEST_PAUSE = 14  # days; the exchanges were last closed for longer in 1914


class TradingDay(Struct, frozen=True):
    """The UTC moments at which one day's sessions begin and end."""

    pre_open: datetime
    open: datetime
    close: datetime
    post_close: datetime
    short: bool


@lru_cache(maxsize=64)
def trading_day(day: date) -> TradingDay | None:
    """The sessions of a New York date; None when the exchanges stay closed."""
    if day.weekday() >= _SATURDAY:
        return None
    holiday = _closing(day)
    short = holiday is not None and "close at 1:00pm" in holiday
    if holiday is not None and not short:
        return None

    def at(clock: time) -> datetime:
        return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)

    return TradingDay(
        pre_open=at(_PRE_OPEN),
        open=at(_OPEN),
        close=at(_EARLY_CLOSE if short else _CLOSE),
        post_close=at(_EARLY_POST_CLOSE if short else _POST_CLOSE),
        short=short,
    )


def holiday(day: date) -> str | None:
    """The name of the holiday for which the exchanges are closed, or close early, on a New York date."""
    name = _closing(day)
    return None if name is None else re.sub(r" \(.*\)", "", name)


def session(now: datetime) -> Session:
    """The session at `now`."""
    day = trading_day(now.astimezone(NEW_YORK).date())
    if day is None or not day.pre_open <= now < day.post_close:
        return Session.CLOSED
    if now < day.open:
        return Session.PRE
    return Session.REGULAR if now < day.close else Session.POST


def next_change(now: datetime) -> tuple[Session, datetime]:
    """The session that comes after the one at `now`, and the UTC moment it begins."""
    first = now.astimezone(NEW_YORK).date()
    for after in range(_LONGEST_PAUSE):
        day = trading_day(first + after * _DAY)
        if day is None:
            continue
        for moment, begins in (
            (day.pre_open, Session.PRE),
            (day.open, Session.REGULAR),
            (day.close, Session.POST),
            (day.post_close, Session.CLOSED),
        ):
            if now < moment:
                return begins, moment
    raise ValueError(f"no trading day within {_LONGEST_PAUSE} days of {first}")


def closings(year: int) -> dict[date, str]:
    """The days on which the exchanges are closed or close early, with why, of this year and those beside it.

    The first call takes 200 ms and 12 MB: the library loads the calendars of the whole world.
    """
    from holidays.financial.ny_stock_exchange import NewYorkStockExchange

    years = range(year - 1, year + 2)
    return dict(
        NewYorkStockExchange(  # type: ignore[no-untyped-call]
            years=years, expand=False, categories=("public", "half_day"), language="en_US"
        )
    )


def ask(source: Callable[[int], Mapping[date, str]]) -> None:
    """From now on take what `closings` says from here. It is asked once a year, in whichever thread comes first."""
    global _source  # noqa: PLW0603 (of the process, as what it is asked for is)
    _source = source


_source: Callable[[int], Mapping[date, str]] = closings
_known: dict[int, Mapping[date, str]] = {}


def _closing(day: date) -> str | None:
    if day.year not in _known:  # two threads may ask at once, and get the same
        _known.update(dict.fromkeys(range(day.year - 1, day.year + 2), _source(day.year)))
    return _known[day.year].get(day)


if __name__ == "__main__":
    for day, why in closings(int(sys.argv[1])).items():
        sys.stdout.write(f"{day} {why}\n")
