"""Reads feed documents; the only importer of feedparser, which costs about 100 ms and 10 MB once.

`read` is two steps, so that the second can be done in another process: `reduce` decodes a document, finds its items and
leaves out the known ones (6 to 9 µs a KB); `parse` reads the rest: items that are plain by Python's XML parser (20 µs
each, `monitor.sources.plain`), all others by feedparser (350 µs). When nothing is new there is no second step.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from monitor.links import safe_link
from monitor.models import Entry, Failed, FailureKind
from monitor.sources.channel import Channel, read_channel
from monitor.sources.charset import decode
from monitor.sources.entries import make_entries
from monitor.sources.items import MOST, Items, cut, find_root
from monitor.sources.mending import mend
from monitor.sources.plain import read_plain
from monitor.text import printable

if TYPE_CHECKING:
    from datetime import timedelta

    from monitor.sources.entries import Raw

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
_LIGHT = 32_768  # characters
_LONG_WORD = re.compile(r"(?<![\w.+\-])[\w.+\-]{1000}", re.ASCII)
# With a line of its own: feedparser looks for an encoding as far as the line goes, in quadratic time.
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
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


def read(
    body: bytes, *, content_type: str | None, url: str, known: frozenset[bytes], language: str = ""
) -> Document | Failed:
    """The document in `body`, which came from `url`, without the entries whose raw items have a digest in `known`.

    `language` is the feed's (BCP 47), for character sets and for zones of dates that the document does not declare.
    """
    reduced = reduce(body, content_type=content_type, url=url, known=known, language=language)
    return parse(reduced) if isinstance(reduced, Reduced) else reduced


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


def parse(reduced: Reduced) -> Document | Failed:
    """`reduced.document` with its entries.

    When anything is malformed, or makes feedparser raise, the items are read one by one, so that a bad one spoils only
    itself. It is a `Failed` when nothing of a malformed document can be read.
    """
    new = reduced.items.new
    raws, fault = _attempt(reduced, new)
    if fault and len(new) > 1:
        raws = [raw for item in new for raw in _attempt(reduced, (item,))[0]]
    if fault and not raws:
        return Failed(kind=FailureKind.PARSER, reason=f"malformed, and no entry could be read: {fault}")
    entries = make_entries(raws, reduced.items, base=reduced.base, language=reduced.language)
    damaged = "; ".join(filter(None, (reduced.document.damaged, fault)))
    return replace(reduced.document, entries=entries, damaged=damaged or None)


def _attempt(reduced: Reduced, pieces: tuple[str, ...]) -> tuple[list[Raw], str | None]:
    """What is found in these pieces of the document, and in words what was wrong with them, if anything."""
    items = reduced.items
    markup = mend("".join((items.opening, *pieces, items.closing)), reduced.entities)
    if not items.whole and (plain := read_plain(markup)) is not None:
        return plain, None
    source = io.BytesIO((_DECLARATION + markup).encode())  # bytes or text as such would be taken for a file's name
    try:
        parsed = load_parser().parse(
            source, response_headers=_HEADERS, resolve_relative_uris=False, sanitize_html=False
        )
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever it raises, RecursionError too, is this feed's trouble)
        return [], printable(f"{type(error).__name__}: {error}", limit=160)
    if not parsed.bozo:
        return parsed.entries, None
    reason = parsed.bozo_exception  # a SAXException tells its place as well, but that is one in the reduced document
    message = reason.getMessage() if hasattr(reason, "getMessage") else reason
    return parsed.entries, f"not well-formed: {printable(message, limit=160)}"


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


@cache
def load_parser() -> Any:
    """The feedparser module, set up for this use; kept from the first call on."""
    import feedparser

    from monitor.sources import expat

    feedparser.api.PREFERRED_XML_PARSERS[:] = [expat.__name__]  # not libxml2's, which it would look for each time
    # Its dates are wrong in ways that do not show (`monitor.sources.dates`), and take a fifth of its time.
    feedparser.registerDateHandler(lambda _text: (1970, 1, 1, 0, 0, 0, 3, 1, 0))
    return feedparser
