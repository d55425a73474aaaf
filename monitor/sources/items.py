"""The raw items of a feed document, found and cut without parsing it, so that only new ones have to be parsed.

Reading costs 190 to 500 µs an item (docs/benchmarks.md), this about 7. It is exact for documents whose items stand side
by side and are closed; for any other it says so by taking the whole document as one new item.
"""

from __future__ import annotations

import html
import re
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 1000  # items of one document that are looked at, from its beginning, where nearly all feeds have their newest

_ITEM_OF = {"rss": "item", "rdf": "item", "channel": "item", "feed": "entry"}
_HTML = frozenset({"html", "head", "body"})  # OPML has the latter two further inside
_BEGINNING = 1000  # pieces of markup among which the root element must be
_MARKUP = re.compile(
    r"""<(?:
        (?P<skip>!--|\?)
      | !ENTITY\s+(?P<entity>[\w.\-]{1,40})\s+(?P<value>"[^"<]{0,64}"|'[^'<]{0,64}')\s*>
      | !DOCTYPE\s+(?P<doctype>[\w.\-:]+)
      | (?P<prefix>[A-Za-z_][\w.\-]{0,40}:)?(?P<name>[A-Za-z_][\w.\-]{0,40})(?=[\s/>])(?P<attributes>[^<>]*)>
    )""",
    re.VERBOSE,
)
_SECTIONS = (("<![CDATA[", "]]>"), ("<!--", "-->"), ("<?", "?>"))


class Root(Struct, frozen=True):
    """The element that the document consists of: its start tag is `text[start:end]`, `item` its items' local name.

    `entities` are the document type's named characters; nothing else of a document type is ever used.
    """

    name: str
    prefix: str
    item: str
    start: int
    end: int
    entities: dict[str, str]


def find_root(text: str) -> Root | str:
    """The root element of a feed, behind whatever stands before it; or in words what the document is instead."""
    entities: dict[str, str] = {}
    first = ""
    for markup in _beginning(text):
        if markup["entity"]:
            _declare(entities, markup["entity"], markup["value"][1:-1])
            continue
        name = (markup["doctype"] or markup["name"]).lower()
        if name == "html" or (name in _HTML and not first):
            return "an HTML page, not a feed"
        if markup["doctype"]:
            continue
        if name in _ITEM_OF:
            prefix = markup["prefix"] or ""
            return Root(markup["name"], prefix, _ITEM_OF[name], markup.start(), markup.end(), entities)
        first = first or name
    start = text[:1000].strip()
    if not start:
        return "an empty document, not a feed"
    if start[0] in "{[":
        return "a JSON document, not RSS or Atom"
    return f"neither RSS nor Atom, its first element is <{first}>" if first else "text without markup, not a feed"


def _beginning(text: str) -> Iterator[re.Match[str]]:
    at = 0
    for _ in range(_BEGINNING):
        markup = _MARKUP.search(text, at)
        if markup is None:
            return
        at = markup.end()
        if markup["skip"]:
            at = text.find("-->" if markup["skip"] == "!--" else "?>", at)
            if at < 0:
                return
        else:
            yield markup


def _declare(entities: dict[str, str], name: str, value: str) -> None:
    """Keep `name` when it means a few characters, not when a small document could become a large one by it.

    A meaning is text and nothing else: what it refers to or marks up is never looked at, so entities cannot nest.
    """
    meaning = html.unescape(value)
    if len(meaning) <= 16:
        entities.setdefault(name, meaning)


class Items(Struct, frozen=True):
    """`opening`, any of `new`, and `closing` make a document of their own.

    `digests` are those of all items looked at; empty when the document could not be cut, and then `new` is one piece,
    the document from its root on. `ambiguous` are the guids and links that items of different content share.
    """

    opening: str
    new: tuple[str, ...]
    closing: str
    digests: frozenset[bytes]
    whole: bool
    left_out: bool
    ambiguous: frozenset[str] = frozenset()
    head: str = ""


def cut(text: str, root: Root, known: frozenset[bytes]) -> Items:
    """The items of `text` whose digest is not in `known`, in the document's order, each once.

    Linear in the length of `text`, whatever it holds; about 7 µs an item of 1 KB.
    """
    spans = _spans(text, root)
    left_out = len(spans) > MOST
    spans = spans[:MOST]
    if not spans:
        return _whole(text, root)
    slices = {_digest(text[start:end]): text[start:end] for start, end in spans}
    new = tuple(raw for digest, raw in slices.items() if digest not in known)
    head = text[root.end : spans[0][0]]
    opening, closing = _frame(text, root, head)
    return Items(
        opening=opening,
        new=new,
        closing=closing,
        digests=frozenset(slices),
        whole=False,
        left_out=left_out,
        ambiguous=ambiguous(map(_witness, slices.values())) if new and len(slices) > 1 else frozenset(),
        head=head,
    )


def _digest(raw: str) -> bytes:
    return blake2b(raw.encode(), digest_size=8).digest()


def _spans(text: str, root: Root) -> list[tuple[int, int]]:
    """Where each item begins and ends, at most one more than `MOST`; empty unless they plainly stand side by side.

    Plainly: all are opened alike and closed, none within another, and no such tag is inside of a comment or CDATA.
    """
    first = re.compile(rf"<(?:[\w.\-]+:)?{root.item}[\s>]").search(text, root.end)
    if first is None:
        return []
    opening, closing = first[0], f"</{first[0][1:-1]}>"
    sections = [section for section in _SECTIONS if text.find(section[0], root.end) >= 0]
    spans: list[tuple[int, int]] = []
    at, start = root.end, first.start()
    while start >= 0 and len(spans) <= MOST:
        end = text.find(closing, start)
        if end < 0 or text.find(opening, start + 1, end) >= 0:
            return []
        for begin, stop in sections:
            if text.rfind(begin, at, start) > text.rfind(stop, at, start):
                return []
            if text.rfind(begin, start, end) > text.rfind(stop, start, end):
                return []
        at = end + len(closing)
        spans.append((start, at))
        start = text.find(opening, at)
    complete = len(spans) > MOST or text.count(closing, root.end) == len(spans)
    return spans if complete else []


def _whole(text: str, root: Root) -> Items:
    """Everything from the root on, up to where the item after the last one to look at begins."""
    begins = re.compile(rf"<(?:[\w.\-]+:)?{root.item}[\s/>]").finditer(text, root.end)
    places = [begin.start() for begin in islice(begins, MOST + 1)]
    left_out = len(places) > MOST
    end = places[MOST] if left_out else len(text)
    head = text[root.end : places[0] if places else end]
    return Items("", (text[root.start : end],), "", frozenset(), whole=True, left_out=left_out, head=head)


_CHANNEL = re.compile(r"<(?P<name>(?:[\w.\-]+:)?channel)(?=[\s>])[^<>]*>")


def _frame(text: str, root: Root, head: str) -> tuple[str, str]:
    """The tags around the items: the root's, which carry namespaces and bases, and those of a channel still open."""
    opening, closing = text[root.start : root.end], f"</{root.prefix}{root.name}>"
    channel = _CHANNEL.search(head)
    if channel and f"</{channel['name']}" not in head:
        return opening + channel[0], f"</{channel['name']}>" + closing
    return opening, closing


class Witness(Struct, frozen=True):
    """What an item says of its identity, each empty when it says nothing."""

    guid: str
    link: str
    title: str


_COMPARED = 4096  # characters of an identity
_TEXT = r"(?=[\s>/])(?P<attributes>[^<>]*)>\s*(?:<!\[CDATA\[)?(?P<text>[^<\]]*)"
_GUID = re.compile(rf"<(?:atom:|rss:)?(?:guid|id){_TEXT}")
_ABOUT = re.compile(r"""<[^<>]*\srdf:about\s*=\s*["'](?P<text>[^<>"']*)""")
_LINK = re.compile(rf"<(?:atom:|rss:)?link{_TEXT}")
_TITLE = re.compile(rf"<(?:atom:|rss:)?title{_TEXT}")
_HREF = re.compile(r"""\bhref\s*=\s*["']([^"']*)""")


def _witness(raw: str) -> Witness:
    guid, link, title = _GUID.search(raw) or _ABOUT.match(raw), _LINK.search(raw), _TITLE.search(raw)
    href = _HREF.search(link["attributes"]) if link else None
    return Witness(
        _meant(guid["text"]) if guid else "",
        _meant(href[1] if href else link["text"]) if link else "",
        _meant(title["text"]) if title else "",
    )


def _meant(text: str) -> str:
    return html.unescape(text[:_COMPARED]).strip()


def ambiguous(witnesses: Iterable[Witness]) -> frozenset[str]:
    """The guids and links that are no identity: several items carry them that differ in link or title."""
    guids: dict[str, tuple[str, str]] = {}
    links: dict[str, str] = {}
    shared: set[str] = set()
    for item in witnesses:
        if guids.setdefault(item.guid, (item.link, item.title)) != (item.link, item.title):
            shared.add(item.guid)
        if links.setdefault(item.link, item.title) != item.title:
            shared.add(item.link)
    return frozenset(shared - {""})
