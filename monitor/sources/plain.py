"""Plain items, read by Python's XML parser alone: a tenth of feedparser's time, and the same found in them.

Plain are items written with the everyday elements of RSS 2.0, Dublin Core and Atom, each at most once in an item, and
with nothing but text in it. One that is not makes its document feedparser's, which knows the many ways to write feeds.
A test holds both together.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING
from xml.parsers import expat

if TYPE_CHECKING:
    from monitor.sources.entries import Raw

_ATOM, _DUBLIN_CORE = "http://www.w3.org/2005/Atom", "http://purl.org/dc/elements/1.1/"
_CONTENT, _XML = "http://purl.org/rss/1.0/modules/content/", "http://www.w3.org/XML/1998/namespace"
_USUAL = {
    "dc": _DUBLIN_CORE,
    "content": _CONTENT,
}  # feedparser goes by these prefixes, whatever they are declared to be

_AROUND = frozenset({"rss", "channel", f"{_ATOM} feed"})
_ITEMS = frozenset({"item", f"{_ATOM} entry"})
_AUTHOR, _LINK = f"{_ATOM} author", f"{_ATOM} link"
_FIELDS = {  # by feedparser's names
    "title": "title",
    "link": "link",
    "guid": "id",
    "pubDate": "published",
    "description": "summary",
    "author": "author",
    "source": "source",
    f"{_DUBLIN_CORE} creator": "author",
    f"{_DUBLIN_CORE} date": "updated",
    f"{_CONTENT} encoded": "content",
    f"{_ATOM} title": "title",
    f"{_ATOM} id": "id",
    f"{_ATOM} published": "published",
    f"{_ATOM} updated": "updated",
    f"{_ATOM} summary": "summary",
    f"{_ATOM} content": "content",
}
_OF_AUTHOR = {f"{_ATOM} name": "author name", f"{_ATOM} uri": "author uri", f"{_ATOM} email": "author email"}
_LANG = f"{_XML} lang"
_BASES = frozenset({"base", f"{_XML} base"})
_ADDRESSES = frozenset({"id", "link"})
_PLAIN, _TEXT = frozenset({_LANG}), frozenset({_LANG, "type"})
_ATTRIBUTES = {
    "title": _TEXT,
    "summary": _TEXT,
    "content": _TEXT,
    "id": frozenset({_LANG, "isPermaLink"}),
    "source": frozenset({_LANG, "url"}),
}
_OF_LINK = frozenset({_LANG, "rel", "href", "type", "hreflang", "title", "length"})
_TYPES = frozenset({"text", "html", "text/plain", "text/html"})
_PAGES = frozenset({"html", "text/html", "xhtml", "application/xhtml+xml"})
_C1 = re.compile("[\x80-\x9f]")


def read_plain(markup: str) -> list[Raw] | None:
    """The items of a document, each with what `make_entries` asks for; None when it is malformed or not plain."""
    reading = _Reading()
    try:
        reading.parser.Parse(markup, True)  # noqa: FBT003 (it has no name)
    except (expat.ExpatError, _NotPlain):
        return None
    finally:
        del reading.parser  # which knows its handlers: both would wait for the garbage collector
    return reading.items


class _NotPlain(Exception):
    pass


class _Reading:
    def __init__(self) -> None:
        self.items: list[Raw] = []
        self._item: Raw | None = None
        self._field = ""  # whose text is read
        self._texts: list[str] = []
        self._links: list[dict[str, str]] = []
        self._in_author = False
        self._permanent = True  # whether the item's guid is its address
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartNamespaceDeclHandler = _declare
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._item is None:
            self._start_item(name, attributes)
            return
        field = (_OF_AUTHOR if self._in_author else _FIELDS).get(name)
        if field is None:
            self._start_other(name, attributes, self._item)
            return
        if self._field or field in self._item:
            raise _NotPlain
        if attributes:
            if not _ATTRIBUTES.get(field, _PLAIN).issuperset(attributes) or _type(attributes, "text") not in _TYPES:
                raise _NotPlain
            if field == "id":
                self._permanent = attributes.get("isPermaLink", "true") == "true"
        self._field = field
        self.parser.CharacterDataHandler = self._texts.append

    def _start_item(self, name: str, attributes: dict[str, str]) -> None:
        if name in _ITEMS and _PLAIN.issuperset(attributes):
            self._item, self._permanent = {}, True
        elif name not in _AROUND or not _BASES.isdisjoint(attributes):
            raise _NotPlain

    def _start_other(self, name: str, attributes: dict[str, str], item: Raw) -> None:
        if self._field or self._in_author:
            raise _NotPlain
        if name == _AUTHOR and "author" not in item and _PLAIN.issuperset(attributes):
            self._in_author = True
        elif name == _LINK and "href" in attributes and _OF_LINK.issuperset(attributes):
            self._links.append(attributes)
        else:
            raise _NotPlain

    def _end(self, name: str) -> None:
        item = self._item
        if item is None:
            return
        if self._field:
            text = _read(self._field, "".join(self._texts))
            item[self._field] = [{"value": text}] if self._field == "content" else text
            self._texts.clear()
            self._field, self.parser.CharacterDataHandler = "", None
        elif name == _AUTHOR:
            item["author"], self._in_author = item.get("author name"), False
            if not item["author"]:
                raise _NotPlain
        elif name in _ITEMS:
            self._address(item)
            self.items.append(item)
            self._item = None

    def _address(self, item: Raw) -> None:
        """The last link to a page, else the guid when it is an address."""
        links = [
            {"rel": link.get("rel", "alternate").lower(), "type": _type(link, "text/html"), "href": link["href"]}
            for link in self._links
        ]
        self._links.clear()
        pages = [link["href"] for link in links if link["rel"] == "alternate" and link["type"] in _PAGES]
        if any("///" in link["href"] for link in links) or (pages and "link" in item):
            raise _NotPlain
        if pages:
            item["link"] = pages[-1]
        elif self._permanent and "link" not in item:
            item["link"] = item.get("id")
        if links:
            item["links"] = links


def _declare(prefix: str | None, uri: str) -> None:
    if _USUAL.get(prefix or "", uri) != uri:
        raise _NotPlain


def _type(attributes: dict[str, str], usual: str) -> str:
    return attributes.get("type", usual).lower()


def _read(field: str, text: str) -> str:
    """`text` as feedparser would have it; what it changes in other ways is not plain."""
    text = text.strip()
    if field in _ADDRESSES and ("///" in text or ("&" in text and ";" in text)):
        raise _NotPlain
    if field == "author" and "@" in text:
        raise _NotPlain
    if text.isascii() or field == "author name":
        return text
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode()  # UTF-8 that was taken for Latin-1 and encoded again
    if _C1.search(text):
        raise _NotPlain
    return text
