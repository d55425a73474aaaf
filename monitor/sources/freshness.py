"""How long an answer asks to be left alone, from its headers and its document. Pure.

The waits come back as asked, however absurd; `schedule` bounds them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DIRECTIVE = re.compile(r'(?:^|[\s,])(max-age\s*=\s*"?(?P<seconds>[0-9]+)|no-cache|no-store)', re.IGNORECASE)
_DIGITS = re.compile("[0-9]+")
_CEILING = 2**31  # seconds; what RFC 9111 (1.2.2) has a cache make of a larger number
_HOURS_OF_A_DAY = 24
_DAYS_OF_A_WEEK = 7


def wait_asked(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """The longer of what the answer is fresh for (RFC 9111: max-age less Age, else Expires) and its Retry-After.

    `headers` are looked up by lower-case names. None when nothing, or nothing positive, is asked.
    """
    return longest(_fresh_for(headers, now), retry_after(headers, now))


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Retry-After, in seconds or as a date; None when absent, past or unreadable."""
    value = headers.get("retry-after", "").strip()
    return _positive(_seconds(value) if _DIGITS.fullmatch(value) else _until(value, now))


def longest(*waits: timedelta | None) -> timedelta | None:
    """The longest of the waits that there are."""
    return max((wait for wait in waits if wait is not None), default=None)


def validators_void(headers: Mapping[str, str]) -> bool:
    """Whether the answer says by `Expires: 0` that its ETag and Last-Modified are not to be built on."""
    return headers.get("expires", "").strip() == "0"


def quiet_hours(skip_hours: Iterable[int], skip_days: Iterable[int]) -> tuple[int, ...]:
    """RSS skipHours (0 to 23 in UTC; 24 is midnight too) and skipDays (Monday is 0) as `models.Changed.quiet_hours`.

    A document that asks never to be read is not taken at its word.
    """
    hours = {hour % _HOURS_OF_A_DAY for hour in skip_hours if 0 <= hour <= _HOURS_OF_A_DAY}
    days = set(skip_days)
    quiet = tuple(
        day * _HOURS_OF_A_DAY + hour
        for day in range(_DAYS_OF_A_WEEK)
        for hour in range(_HOURS_OF_A_DAY)
        if day in days or hour in hours
    )
    return quiet if len(quiet) < _DAYS_OF_A_WEEK * _HOURS_OF_A_DAY else ()


def _fresh_for(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    said = list(_DIRECTIVE.finditer(headers.get("cache-control", "")))
    ages = [match["seconds"] for match in said if match["seconds"]]
    if len(ages) < len(said):  # no-cache or no-store
        return None
    if ages:
        return _positive(_seconds(ages[0]) - _age(headers))
    # By the server's own clock where it tells it: then it does not matter that the two differ.
    served_at = _date(headers.get("date", "")) or now
    return _positive(_until(headers.get("expires", ""), served_at))


def _age(headers: Mapping[str, str]) -> timedelta:
    """How long a cache on the way has held the answer."""
    value = headers.get("age", "").strip()
    return _seconds(value) if _DIGITS.fullmatch(value) else timedelta(0)


def _seconds(digits: str) -> timedelta:
    significant = digits.lstrip("0") or "0"
    return timedelta(seconds=_CEILING if len(significant) > len(str(_CEILING)) else min(int(significant), _CEILING))


def _until(value: str, now: datetime) -> timedelta | None:
    at = _date(value)
    return None if at is None else at - now


def _date(value: str) -> datetime | None:
    """An HTTP date in any of its three forms, aware."""
    if not 0 < len(value) < 64:
        return None
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):  # each of them comes from some malformed date
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _positive(wait: timedelta | None) -> timedelta | None:
    return wait if wait is not None and wait > timedelta(0) else None
