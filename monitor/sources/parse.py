"""Reads feed documents; the only importer of feedparser, which costs about 100 ms and 10 MB once.

`read` is two steps, so that the second can be done in another process: `monitor.sources.reduce` leaves out what is
known, and `parse` reads the rest: items that are plain by Python's XML parser (20 µs each, `monitor.sources.plain`),
all others by feedparser (350 µs).
"""

from __future__ import annotations

import io
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from monitor.models import Failed, FailureKind
from monitor.sources.entries import make_entries
from monitor.sources.mending import mend
from monitor.sources.plain import read_plain
from monitor.sources.reduce import Document, Reduced, reduce
from monitor.text import printable

if TYPE_CHECKING:
    from monitor.sources.entries import Raw

_HEADERS = {"content-type": "application/xml; charset=utf-8"}
# With a line of its own: feedparser looks for an encoding as far as the line goes, in quadratic time.
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def read(
    body: bytes, *, content_type: str | None, url: str, known: frozenset[bytes], language: str = ""
) -> Document | Failed:
    """The document in `body`, which came from `url`, without the entries whose raw items have a digest in `known`.

    `language` is the feed's (BCP 47), for character sets and for zones of dates that the document does not declare.
    """
    reduced = reduce(body, content_type=content_type, url=url, known=known, language=language)
    return parse(reduced) if isinstance(reduced, Reduced) else reduced


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


@cache
def load_parser() -> Any:
    """The feedparser module, set up for this use; kept from the first call on."""
    import feedparser

    from monitor.sources import expat

    feedparser.api.PREFERRED_XML_PARSERS[:] = [expat.__name__]  # not libxml2's, which it would look for each time
    # Its dates are wrong in ways that do not show (`monitor.sources.dates`), and take a fifth of its time.
    feedparser.registerDateHandler(lambda _text: (1970, 1, 1, 0, 0, 0, 3, 1, 0))
    return feedparser
