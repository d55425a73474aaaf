"""What reading a feed's document costs: items that are known, plain new ones, others, and feedparser by itself."""

from __future__ import annotations

import io
import time
from typing import TYPE_CHECKING

import feedparser

from benchmarks.newswire import Documents
from benchmarks.table import Table
from monitor.sources.parse import read
from monitor.sources.reduce import Document

if TYPE_CHECKING:
    from collections.abc import Callable

FEEDS, ENTRIES, TIMES = 10, 50, 5
NOTHING: frozenset[bytes] = frozenset()


def measure() -> list[Table]:
    documents = Documents(FEEDS, ENTRIES)
    plain = [documents.of(feed, case="304", turn=0) for feed in range(FEEDS)]
    others = [document.replace(b"</item>", b"<unheard-of/></item>") for document in plain]
    ways: dict[str, Callable[[], object]] = {
        "stored already": _reading(plain, known=True),
        "new and plain": _reading(plain),
        "new, with an element that only feedparser knows": _reading(others),
        "feedparser, its HTML passes off": lambda: [_feedparser(document, passes=False) for document in plain],
        "feedparser as it comes": lambda: [_feedparser(document, passes=True) for document in plain],
    }
    costs = {name: _cpu(way) / (FEEDS * ENTRIES) * 1e6 for name, way in ways.items()}
    return [
        Table(
            "Reading an item of 1 KB",
            ("item", "CPU"),
            tuple((name, f"{cost:,.0f} µs") for name, cost in costs.items()),
            ("To an entry with cleaned text, safe link and dates in UTC; feedparser's rows are its own result.",),
        )
    ]


def _reading(documents: list[bytes], *, known: bool = False) -> Callable[[], list[Document]]:
    def all_of_them(digests: list[frozenset[bytes]]) -> list[Document]:
        return [_read(document, of) for document, of in zip(documents, digests, strict=True)]

    nothing = [NOTHING] * len(documents)
    digests = [document.item_digests for document in all_of_them(nothing)] if known else nothing
    return lambda: all_of_them(digests)


def _read(document: bytes, known: frozenset[bytes]) -> Document:
    outcome = read(document, content_type="application/rss+xml", url="https://news.example/feed", known=known)
    assert isinstance(outcome, Document)
    return outcome


def _feedparser(document: bytes, *, passes: bool) -> object:
    return feedparser.parse(io.BytesIO(document), resolve_relative_uris=passes, sanitize_html=passes)


def _cpu(way: Callable[[], object]) -> float:
    """The least of `TIMES`, in seconds of processor time."""
    taken = []
    for _ in range(TIMES):
        before = time.process_time()
        way()
        taken.append(time.process_time() - before)
    return min(taken)
