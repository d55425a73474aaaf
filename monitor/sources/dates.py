"""Dates of feed entries, from their raw text, and only where it says for sure what is meant.

feedparser's own dates are not used: it reads `2026/01/02 15:04:05` as 1 November, `KST` as UTC and epoch seconds as the
year 1767, without a word.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

EARLIEST, LATEST = 1990, 2089  # years; before is a broken clock, after is a placeholder such as 2099-12-31
LONGEST = 100  # characters; longer is no date

_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS = {name: number for number, name in enumerate(_NAMES.split("|"), 1)}
_MORNING = frozenset({"am", "오전", "上午", "午前", "凌晨", "早上"})
_AFTERNOON = frozenset({"pm", "오후", "下午", "午後", "晚上"})

# Hours from UTC. IST (India, Ireland, Israel) and other names with more than one meaning are left out on purpose.
_OFFSETS = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "met": 1, "mest": 2,
    "eet": 2, "eest": 3, "msk": 3, "ict": 7, "wib": 7, "hkt": 8, "sgt": 8, "awst": 8, "kst": 9, "jst": 9,
    "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8,
    "hst": -10,
}  # fmt: skip
_CITIES = {"et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver", "pt": "America/Los_Angeles"}
_BY_LANGUAGE = {"ko": 9, "ja": 9, "zh": 8}

_HALF = r"오전|오후|上午|下午|午前|午後|凌晨|早上|晚上|[ap]\.?m\b\.?"
_TIME = rf"""
    (?:(?P<half>{_HALF})\s*)?
    (?P<hour>\d{{1,2}})\s*[:시時点點]\s*(?P<minute>\d{{1,2}})\s*분?分?
    (?:\s*:?\s*(?P<second>\d{{1,2}})(?:[.,](?P<fraction>\d{{1,9}}))?\s*초?秒?)?
    (?:\s*(?P<after>{_HALF}))?
"""
_ZONE = r"""
    (?:\s*(?:
        (?:gmt|utc)?\s*(?P<sign>[+-])(?P<zone_hours>\d{1,2})(?::?(?P<zone_minutes>\d{2}))?
        | (?P<zone>[a-z]{1,5})
    ))?
    (?:\s*\([^()]*\))?
"""
_DAY_NAME = r"(?:[a-z]{3,9}(?:\.?,\s*|\.?\s+))?"
_MONTH_NAME = rf"(?P<name>{_NAMES})[a-z]{{0,6}}\.?"
_MAYBE_TIME = r"(?:[\s,]+(?:at\s+)?TIME ZONE)?"


def _form(form: str) -> re.Pattern[str]:
    return re.compile(form.replace("TIME", _TIME).replace("ZONE", _ZONE), re.VERBOSE | re.ASCII)


_FORMS = (
    # Mon, 27 Jan 2025 15:04:05 GMT; Monday, 27-Jan-25 15:04 EST; 27 January 2025, 3:04 PM ET
    _form(rf"{_DAY_NAME}(?P<day>\d{{1,2}})[\s-]+{_MONTH_NAME}[\s,-]+(?P<year>\d{{4}}|\d{{2}}){_MAYBE_TIME}"),
    # 2025-01-27T15:04:05.678+09:00; 2025/01/27 15:04; 2025. 1. 27. 오후 3:04; 2025年1月27日 下午3:04
    _form(
        r"(?P<year>\d{4})\s*[-/.년年]\s*(?P<month>\d{1,2})\s*[-/.월月]\s*(?P<day>\d{1,2})\s*[.일日]?"
        r"(?:\s*\([^()]{1,3}\))?(?:\s*(?:t|,)?\s*TIME ZONE)?"
    ),
    # Jan 27, 2025 3:04 PM ET
    _form(rf"{_DAY_NAME}{_MONTH_NAME}\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}}){_MAYBE_TIME}"),
    # Mon Jan 27 15:04:05 EST 2025
    _form(rf"{_DAY_NAME}{_MONTH_NAME}\s+(?P<day>\d{{1,2}})\s+TIME ZONE \s+(?P<year>\d{{4}})"),
    # 20250127T150405Z; 20250127150405
    _form(
        r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
        r"(?:t?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?ZONE)?"
    ),
)
_EPOCH = re.compile(r"(1\d{9})(\d{3})?(?:\.\d{1,9})?", re.ASCII)  # to 2033; later ones could be read as dates


def parse_date(text: str | None, *, language: str = "") -> datetime | None:
    """The moment `text` means, as aware UTC; None when it is no date, an ambiguous one, or one not to be trusted.

    A time without a zone is local in the languages of one zone (Korean, Japanese, Chinese) and UTC in all others, as
    the standards have it. CST is China's in Chinese and Chicago's elsewhere. A date without a time means the last
    second of that day: the day is all that is known, and so a fresh headline never looks hours old (the store sorts
    nothing after the moment it was first seen). `27/01/2025` is refused, since `02/01/2025` could not be told.
    """
    if not text or len(text) > LONGEST:
        return None
    text = unicodedata.normalize("NFKC", text).strip().lower()
    if epoch := _EPOCH.fullmatch(text):
        return _trusted(datetime.fromtimestamp(int(epoch[1]), UTC))
    for form in _FORMS:
        if match := form.fullmatch(text):
            try:
                return _trusted(_moment(match.groupdict(), language[:2].lower()))
            except (ValueError, OverflowError):
                return None
    return None


def _trusted(moment: datetime | None) -> datetime | None:
    if moment is None or not EARLIEST <= moment.year <= LATEST:
        return None
    return moment


def _moment(part: dict[str, str | None], language: str) -> datetime | None:
    zone = _zone(part, language)
    if zone is None:
        return None
    name = part.get("name")
    year, day = int(part["year"] or 0), int(part["day"] or 0)
    month = _MONTHS[name] if name else int(part.get("month") or 0)
    if len(part["year"] or "") == 2:
        year += 2000 if year < 50 else 1900
    if part["hour"] is None:
        return datetime(year, month, day, 23, 59, 59, tzinfo=zone).astimezone(UTC)
    hour = _hour(int(part["hour"]), part.get("half") or part.get("after"))
    second = int(part["second"] or 0)
    fraction = (part.get("fraction") or "")[:6].ljust(6, "0")
    moment = datetime(year, month, day, hour, int(part["minute"] or 0), 59 if second == 60 else second, tzinfo=zone)
    return moment.replace(microsecond=int(fraction)).astimezone(UTC)


def _hour(hour: int, half: str | None) -> int:
    """`hour` on the 24-hour clock. Raises ValueError for 15 in the morning; 15 in the afternoon is what some write."""
    if half is None:
        return hour
    if half.replace(".", "") in _AFTERNOON:
        return hour + 12 if hour < 12 else hour
    if half.replace(".", "") in _MORNING and hour <= 12:
        return hour % 12
    raise ValueError(half)


def _zone(part: dict[str, str | None], language: str) -> tzinfo | None:
    """The zone that is written, else that of the language, else UTC; None for a name that is unknown or ambiguous."""
    if sign := part["sign"]:
        offset = timedelta(hours=int(part["zone_hours"] or 0), minutes=int(part["zone_minutes"] or 0))
        return timezone(-offset if sign == "-" else offset)
    name = part["zone"]
    if name is None:
        return timezone(timedelta(hours=_BY_LANGUAGE.get(language, 0)))
    if name in _CITIES:
        return ZoneInfo(_CITIES[name])
    if name == "cst" and language == "zh":
        return timezone(timedelta(hours=8))
    hours = _OFFSETS.get(name)
    return None if hours is None else timezone(timedelta(hours=hours))
