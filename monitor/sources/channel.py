"""What a feed document says of itself ahead of its items; read without the parser, since every change asks for it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.markup import clean

if TYPE_CHECKING:
    from monitor.sources.items import Root

_LOOKED_AT = 65_536  # characters
_DAYS = {"monday": 0, "tuesday": 1, "wednesday": 2, "thursday": 3, "friday": 4, "saturday": 5, "sunday": 6}
_LANGUAGE = re.compile(r"""\bxml:lang\s*=\s*["']([A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*)""")


class Channel(Struct, frozen=True):
    """`title` is cleaned, `link` as given. `ttl` is how long the publisher says the document stays fresh; `skip_hours`
    (0 to 23) and `skip_days` (0 is Monday) are in UTC.

    `sy:updatePeriod` is not read: WordPress writes "hourly" into every feed, and nobody ever chose it.
    """

    title: str | None = None
    link: str | None = None
    language: str = ""
    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


def read_channel(opening: str, head: str, root: Root) -> Channel:
    """`opening` is the root's start tag, `head` what stands between it and the first item."""
    head = head[:_LOOKED_AT]
    declared = _LANGUAGE.search(opening)
    minutes = _value(head, "ttl")
    hours = re.findall(r"[0-9]{1,2}", _within(head, "skipHours"))
    days = re.findall(r"[a-z]{6,9}", _within(head, "skipDays").lower())
    return Channel(
        title=clean(_value(head, "title", root.prefix), limit=200) or None,
        link=html.unescape(_value(head, "link")[:4096]) or None if root.item == "item" else None,
        language=_value(head, "language")[:35] or (declared[1] if declared else ""),
        ttl=timedelta(minutes=int(minutes)) if re.fullmatch(r"[0-9]{1,6}", minutes) else None,
        skip_hours=frozenset(int(hour) % 24 for hour in hours if int(hour) <= 24),
        skip_days=frozenset(_DAYS[day] for day in days if day in _DAYS),
    )


def _value(head: str, name: str, prefix: str = "") -> str:
    """The text of the first element of that name, "" when there is none."""
    found = re.search(
        rf"<(?:{re.escape(prefix)})?{name}(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<text>[^<]*))",
        head,
        re.DOTALL,
    )
    return ((found["cdata"] or found["text"] or "").strip()) if found else ""


def _within(head: str, name: str) -> str:
    start = head.find(f"<{name}")
    end = head.find(f"</{name}", start)
    return head[start + len(name) + 1 : end] if 0 <= start < end else ""
