"""Feeds from and to OPML, the list that feed readers exchange, and into a settings file that a person has written.

An outline's type, text, title, xmlUrl, language and category are those of http://opml.org/spec2.opml.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.parsers import expat  # a DOCTYPE is refused below, and without one there are no entities

from msgspec import Struct, field
from msgspec.structs import replace

from monitor.config import scalars
from monitor.config.document import printable, shown
from monitor.config.readers import Text
from monitor.config.schema import parse
from monitor.errors import ConfigError, Mistake
from monitor.models import Feed

if TYPE_CHECKING:
    import yaml

LARGEST = 16 * 1024 * 1024  # bytes
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Imported(Struct, frozen=True):
    """`skipped` says of each outline that cannot be a feed of ours where it is and why."""

    feeds: tuple[Feed, ...]
    skipped: tuple[Mistake, ...]


class Added(Struct, frozen=True):
    """A settings file with `feeds` added to it, and why the others were not."""

    text: str
    feeds: tuple[Feed, ...]
    skipped: tuple[Mistake, ...]


def read_opml(data: bytes, file: str = "OPML") -> Imported:
    """The feeds of an OPML file, wherever they are nested. Raises ConfigError, naming `file`, when it is not one.

    The folders that a feed is in and its categories become its tags. Names may repeat; `add_feeds` sees to that.
    """
    if len(data) > LARGEST:
        raise _unusable(file, None, f"larger than {LARGEST // 2**20} MiB")
    outlines = _Outlines(file)
    parser = expat.ParserCreate(None if data.startswith(UTF_16) else "utf-8")
    parser.StartElementHandler = lambda name, attributes: outlines.begin(parser.CurrentLineNumber, name, attributes)
    parser.EndElementHandler = outlines.end
    parser.StartDoctypeDeclHandler = outlines.refuse_doctype
    try:
        parser.Parse(data if data.startswith(UTF_16) else _in_utf_8(data, file), True)  # noqa: FBT003 # it takes no keywords
    except expat.ExpatError as error:
        raise _unusable(file, error.lineno, f"not XML: {expat.ErrorString(error.code)}") from None
    return Imported(tuple(outlines.feeds), tuple(outlines.skipped))


def write_opml(feeds: Iterable[Feed], title: str = "Feeds") -> str:
    """An OPML file with each feed's address, name, language and tags; not its headers, which may hold a secret."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"  <head><title>{html.escape(title)}</title></head>",
        "  <body>",
        *(f"    <outline {attributes}/>" for attributes in map(_attributes, feeds)),
        "  </body>",
        "</opml>",
    ]
    return "\n".join(lines) + "\n"


def add_feeds(text: str, feeds: Iterable[Feed], file: str = "feeds.yaml") -> Added:
    """`text`, a settings file, with `feeds` at the end of its list of feeds and everything else as it was.

    A feed whose address is there already is skipped; one whose name is taken gets its host, or a number, behind it.
    Raises ConfigError when `text` cannot be used, has no list of feeds, or is written so that nothing can be put in.
    """
    there = parse(text, file).feeds
    chosen, skipped = _choose(there, feeds, file)
    if not chosen:
        return Added(text, (), skipped)
    longer = _inserted(text, chosen, file)
    try:
        good = parse(longer, file).feeds == (*there, *chosen)
    except ConfigError:
        good = False
    if not good:
        raise _unusable(file, None, "nothing can be put into the list of feeds as it is written; add them by hand")
    return Added(longer, chosen, skipped)


class _Outlines(Struct):
    """Gathers feeds while expat reads. `folders` are the names of the open outlines, empty for those that are feeds."""

    file: str
    feeds: list[Feed] = field(default_factory=list)
    skipped: list[Mistake] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    began: bool = False

    def begin(self, line: int, element: str, attributes: Mapping[str, str]) -> None:
        if not self.began and element.lower() != "opml":
            raise _unusable(self.file, line, f"not OPML: it begins with <{_tidy(element)}>")
        self.began = True
        if element.lower() != "outline":
            return
        told = {name.lower(): value for name, value in attributes.items()}
        name = _tidy(told.get("text") or told.get("title") or "")
        url = re.sub(r"^feed:(//)?(?=https?:)|^feed:(?=//)", "", told.get("xmlurl", "").strip())
        url = f"http:{url}" if url.startswith("//") else url
        if url:
            self._feed(line, url, name, told)
        self.folders.append("" if url else name)

    def end(self, element: str) -> None:
        if element.lower() == "outline":
            self.folders.pop()

    def refuse_doctype(self, *_: object) -> None:
        raise _unusable(self.file, None, "it has a DOCTYPE, which OPML has no use for and which may be an attack")

    def _feed(self, line: int, url: str, name: str, told: Mapping[str, str]) -> None:
        try:
            good = url.isprintable() and bool(scalars.address.convert(url))
        except ValueError:
            good = False
        if not good:
            reason = f"expected {scalars.address.says}, got {shown(url)}"
            self.skipped.append(Mistake(printable(self.file), line, name, reason))
            return
        categories = re.split(r"[,/]", told.get("category", ""))
        words = (_tidy(re.sub("[,/]", " ", word)) for word in (*self.folders, *categories))
        tags = {tag.casefold(): tag for tag in words if tag}
        language = _or(scalars.language, told.get("language", ""), "en")
        self.feeds.append(Feed(url=url, name=name or _host(url), language=language, tags=tuple(tags.values())))


def _or(text: Text[str], written: str, otherwise: str) -> str:
    try:
        return text.convert(written.strip())
    except ValueError:
        return otherwise


def _tidy(text: str) -> str:
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(seen.split())[: scalars.LONGEST_NAME].rstrip()


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _in_utf_8(data: bytes, file: str) -> bytes:
    """expat knows four encodings; Python knows what else a reader's export may be in."""
    declared = re.match(
        rb"\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']", data.removeprefix(b"\xef\xbb\xbf")
    )
    encoding = declared[1].decode("ascii") if declared else "utf-8"
    try:
        text = data.removeprefix(b"\xef\xbb\xbf").decode(encoding)
    except (LookupError, UnicodeDecodeError):
        raise _unusable(file, None, f"not text in {encoding}, which is what it says or must be") from None
    return text.lstrip().encode("utf-8", "replace")


def _attributes(feed: Feed) -> str:
    told = {"type": "rss", "text": feed.name, "title": feed.name, "xmlUrl": feed.url, "language": feed.language}
    if feed.tags:
        told["category"] = ",".join(feed.tags)
    return " ".join(f'{name}="{html.escape(value)}"' for name, value in told.items())


def _choose(there: Iterable[Feed], feeds: Iterable[Feed], file: str) -> tuple[tuple[Feed, ...], tuple[Mistake, ...]]:
    addresses = {scalars.same_address(feed.url): feed.name for feed in there}
    names = {feed.name.casefold() for feed in there}
    chosen: list[Feed] = []
    skipped: list[Mistake] = []
    for feed in feeds:
        address = scalars.same_address(feed.url)
        if address in addresses:
            reason = f"{shown(addresses[address])} has this address already"
            skipped.append(Mistake(printable(file), None, feed.name, reason))
            continue
        name = next(name for name in _names(feed) if name.casefold() not in names)
        addresses[address] = name
        names.add(name.casefold())
        chosen.append(replace(feed, name=name))
    return tuple(chosen), tuple(skipped)


def _names(feed: Feed) -> Iterator[str]:
    """What the feed may be called, the best first."""
    short = feed.name[: scalars.LONGEST_NAME - 60]
    yield feed.name
    yield f"{short} ({_host(feed.url)[:50]})"
    number = 2
    while True:
        yield f"{short} ({number})"
        number += 1


def _inserted(text: str, feeds: Iterable[Feed], file: str) -> str:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    body = text.removeprefix(mark)
    items = [_item(feed) for feed in feeds]
    node = _list_of_feeds(body, file)
    if node.flow_style:
        flow = ", ".join(json.dumps(item, ensure_ascii=False) for item in items)
        at = _end(body, node.value[-1]) if node.value else node.start_mark.index + 1
        return f"{mark}{body[:at]}{', ' if node.value else ''}{flow}{body[at:]}"
    newline = "\r\n" if "\r\n" in body else "\n"
    block = newline.join(line for item in items for line in _block(item, node.start_mark.column)) + newline
    end = body.find("\n", _end(body, node.value[-1]))
    if end < 0:
        return f"{mark}{body}{newline}{block}"
    return f"{mark}{body[: end + 1]}{block}{body[end + 1 :]}"


def _list_of_feeds(text: str, file: str) -> yaml.SequenceNode:
    import yaml

    # compose recurses, but parse has let the text pass, so it is not deep.
    root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    for key, value in root.value if isinstance(root, yaml.MappingNode) else ():
        if key.value == "feeds" and isinstance(value, yaml.SequenceNode):
            return value
    raise _unusable(
        file,
        None,
        "it has no list of feeds, so the packaged feeds are in use, and a list would replace them; "
        "write `feeds: []` first if that is what you want, or copy the packaged list",
    )


def _end(text: str, node: Any) -> int:
    """Where the last character of `node` is behind us. The end mark of a block is where the next thing begins."""
    while node.id != "scalar" and not node.flow_style:
        last = node.value[-1]
        node = last[1] if node.id == "mapping" else last
    end: int = node.end_mark.index
    return len(text[:end].rstrip()) if node.id == "scalar" and node.style in ("|", ">") else end


def _item(feed: Feed) -> dict[str, Any]:
    item: dict[str, Any] = {"url": feed.url, "name": feed.name}
    if feed.language != "en":
        item["language"] = feed.language
    if feed.tags:
        item["tags"] = list(feed.tags)
    if feed.interval is not None:
        item["interval"] = scalars.written(feed.interval)
    if not feed.enabled:
        item["enabled"] = False
    if feed.headers:
        item["headers"] = dict(feed.headers)
    return item


def _block(item: Mapping[str, Any], column: int) -> Iterator[str]:
    """The lines of an item of a block list. JSON is YAML, so each value is written as JSON."""
    for number, (key, value) in enumerate(item.items()):
        yield f"{' ' * column}{'  ' if number else '- '}{key}: {json.dumps(value, ensure_ascii=False)}"


def _unusable(file: str, line: int | None, why: str) -> ConfigError:
    return ConfigError([Mistake(printable(file), line, "", why)])
