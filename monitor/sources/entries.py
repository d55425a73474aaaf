"""From what feedparser found of an item to an `Entry`: identity, cleaned text, safe link, dates that can be trusted."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from monitor.links import safe_link
from monitor.markup import clean, clean_html
from monitor.models import Entry
from monitor.sources.dates import parse_date
from monitor.sources.items import Witness, ambiguous
from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.sources.items import Items

Raw = dict[str, object]
"""One of feedparser's entries. Read by `dict.get` alone: its own look-ups answer for names that are not there."""

_LONGEST_KEY = 512  # characters
_TITLE_FROM_SUMMARY = 160


def make_entries(raws: Sequence[Raw], items: Items, *, base: str, language: str) -> tuple[Entry, ...]:
    """The entries in the document's order, each key once, without those that have nothing to show.

    `base` is what relative links are relative to, unless the item says otherwise (feedparser has applied `xml:base`).
    """
    shared = items.ambiguous
    if items.whole:
        shared = ambiguous(Witness(_text(raw, "id"), _link(raw), _text(raw, "title")) for raw in raws)
    entries: dict[str, Entry] = {}
    for raw in raws:
        entry = _entry(raw, shared, base, language)
        if entry is not None:
            entries.setdefault(entry.key, entry)
    return tuple(entries.values())


def _entry(raw: Raw, shared: frozenset[str], base: str, language: str) -> Entry | None:
    guid, given_link = _text(raw, "id"), _link(raw)
    # A guid that feedparser took for the link need not be an address, so it is none by being joined to one.
    link = safe_link(given_link, None if given_link == guid else base)
    summary = clean_html(_summary(raw))
    title = clean(_text(raw, "title")) or clean(summary, limit=_TITLE_FROM_SUMMARY) or link
    if not title:
        return None
    published = _text(raw, "published") or _text(raw, "created")
    updated = _text(raw, "updated")
    if guid and guid not in shared:
        key = _bounded(guid)
    elif link and given_link not in shared:
        key = _bounded(link)
    else:
        key = _digest(f"{title}\n{published or updated}")
    updated_at = parse_date(updated, language=language)
    return Entry(
        key=key,
        title=title,
        link=link,
        summary=summary,
        author=clean(_text(dict.get(raw, "author_detail"), "name") or _text(raw, "author"), limit=200) or None,
        published_at=parse_date(published, language=language) or (None if published else updated_at),
        updated_at=updated_at,
    )


def _text(raw: object, name: str) -> str:
    value = dict.get(raw, name) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""


def _link(raw: Raw) -> str:
    """The publisher's own address before the one of a service between, then any alternate one."""
    if link := _text(raw, "feedburner_origlink") or _text(raw, "link"):
        return link
    links = dict.get(raw, "links")
    if isinstance(links, list):
        for other in links:
            if _text(other, "rel") == "alternate" and (link := _text(other, "href")):
                return link
    return ""


def _summary(raw: Raw) -> str:
    if summary := _text(raw, "summary"):
        return summary
    contents = dict.get(raw, "content")
    return _text(contents[0], "value") if isinstance(contents, list) and contents else ""


def _bounded(identity: str) -> str:
    key = printable(identity, limit=_LONGEST_KEY) if len(identity) <= _LONGEST_KEY else ""
    return key or _digest(identity)


def _digest(text: str) -> str:
    return "digest:" + blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
