"""A feed document before its items are parsed: decoded, taken apart, and without the items that are known.

This takes 6 to 9 µs a KB. When nothing is new there is no second step; else it is `monitor.sources.parse`, which may be
done in another process, so that this one need not load what parsing takes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from monitor.links import safe_link
from monitor.models import Failed, FailureKind
from monitor.sources.channel import read_channel
from monitor.sources.charset import decode
from monitor.sources.items import MOST, cut, find_root
from monitor.text import printable

if TYPE_CHECKING:
    from datetime import timedelta

    from monitor.models import Entry
    from monitor.sources.channel import Channel
    from monitor.sources.items import Items

_LIGHT = 32_768  # characters
_LONG_WORD = re.compile(r"(?<![\w.+\-])[\w.+\-]{1000}", re.ASCII)


class Document(Struct, frozen=True, kw_only=True):
    """A feed document. `entries` are only those whose raw item was not known; `item_digests` are those of all its
    items, empty when they could not be told apart (then `entries` are all). `damaged` says in words what was malformed.

    `ttl` is how long the publisher says it stays fresh; `skip_hours` (0 to 23) and `skip_days` (0 is Monday), in UTC,
    are when not to ask.
    """

    entries: tuple[Entry, ...]
    item_digests: frozenset[bytes]
    title: str | None = None
    damaged: str | None = None
    ttl: timedelta | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


class Reduced(Struct, frozen=True, kw_only=True):
    """What is left to parse of a document, and `document`, to which its entries are to be added."""

    items: Items
    entities: dict[str, str]
    base: str
    language: str
    document: Document

    @property
    def light(self) -> bool:
        """Whether `parse` takes no more than about 20 ms: some twenty items.

        Its time goes by tags and references; text is nearly free, but for words so long that feedparser, in search of
        an author's address, may take quadratic time over them.
        """
        pieces = self.items.new
        if sum(map(len, pieces)) > _LIGHT:
            return False
        tags, references = (sum(piece.count(sign) for piece in pieces) for sign in "<&")
        return tags * 5 + references <= 4000 and not any(map(_LONG_WORD.search, pieces))


def reduce(
    body: bytes, *, content_type: str | None, url: str, known: frozenset[bytes], language: str = ""
) -> Reduced | Document | Failed:
    """As `read`, but for the parsing: a `Reduced` when there is something to parse."""
    decoded = decode(body, content_type, language=language)
    root = find_root(decoded.text)
    if isinstance(root, str):
        return Failed(kind=FailureKind.NOT_A_FEED, reason=printable(root, limit=200))
    items = cut(decoded.text, root, known)
    channel = read_channel(decoded.text[root.start : root.end], items.head, root)
    document = _document(channel, items, decoded.damaged)
    if not items.new:
        return document
    return Reduced(
        items=replace(items, head=""),
        entities=root.entities,
        base=safe_link(channel.link, url) or url,
        # English is also what a feed is taken for whose language nobody has set.
        language=channel.language if language[:2].lower() in ("", "en") else language,
        document=document,
    )


def _document(channel: Channel, items: Items, damaged: str | None) -> Document:
    cut_short = f"only its first {MOST:,} entries were looked at" if items.left_out else None
    return Document(
        entries=(),
        item_digests=items.digests,
        title=channel.title,
        damaged="; ".join(filter(None, (damaged, cut_short))) or None,
        ttl=channel.ttl,
        skip_hours=channel.skip_hours,
        skip_days=channel.skip_days,
    )
