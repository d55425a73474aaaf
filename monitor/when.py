"""Moments and spans as a person reads them: in the viewer's zone and in New York's."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

NOON = 12
UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def local_and_new_york(at: datetime, zone: tzinfo | None = None) -> str:
    """`2025-01-27 21:50:00 KST (07:50 EST)`; `zone` None is this machine's.

    New York's part has the date where it is another day there, and is left out where the clocks agree.
    """
    here = at.astimezone(zone)
    there = at.astimezone(NEW_YORK)
    text = f"{here:%Y-%m-%d %H:%M:%S} {_zone_name(here)}"
    if here.utcoffset() == there.utcoffset():
        return text
    day = "" if here.date() == there.date() else f"{there:%m-%d} "
    return f"{text} ({day}{there:%H:%M %Z})"


def new_york_and_local(at: datetime, zone: tzinfo | None = None) -> str:
    """`2025-01-27 07:50 EST (21:50 KST)`, for what is told in New York's time; `zone` None is this machine's.

    The second part has the date where it is another day here, and is left out where the clocks agree.
    """
    there, here = at.astimezone(NEW_YORK), at.astimezone(zone)
    text = f"{there:%Y-%m-%d %H:%M %Z}"
    if here.utcoffset() == there.utcoffset():
        return text
    day = "" if here.date() == there.date() else f"{here:%m-%d} "
    return f"{text} ({day}{here:%H:%M} {_zone_name(here)})"


def _zone_name(at: datetime) -> str:
    name = at.tzname() or ""
    return name if name.isalpha() else f"UTC{at:%z}"


def recent_from(now: datetime, zone: tzinfo | None = None) -> datetime:
    """From when on a time of day says without a date when something was: midnight, before noon the noon before it.

    Whoever watches New York from Seoul has midnight in the middle of its day. `zone` None is this machine's.
    """
    here = now.astimezone(zone)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if here.hour >= NOON else midnight - timedelta(hours=NOON)


def span(length: timedelta) -> str:
    """The two largest units: `45s`, `3m 20s`, `2h 5m`, `4d 1h`. A negative length counts as none."""
    rest = max(0, round(length.total_seconds()))
    parts = []
    for unit, size in UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0s"
