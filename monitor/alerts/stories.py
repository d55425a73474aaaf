"""Headlines as rules take them in: one story an address, however many feeds carry it, and none that is old."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from monitor.models import Headline, HeadlineMatch
from monitor.topics import term_found

KEPT = timedelta(days=7)
"""How long a story is remembered after the last headline that carried it: feeds repeat an address for days."""


class Item(Struct, frozen=True):
    """A headline of this round. `story` is its address, or its feed and title when it has none."""

    headline: Headline
    topics: frozenset[str]
    tickers: frozenset[str]
    story: str
    digest: str


def items(headlines: Sequence[Headline]) -> list[Item]:
    """Each headline once, oldest arrival first."""
    unique = {headline.id: headline for headline in headlines}
    return [_item(unique[number]) for number in sorted(unique)]


def _item(headline: Headline) -> Item:
    story = headline.story_url or headline.link or f"{headline.feed_name}: {headline.title}"
    return Item(
        headline=headline,
        topics=frozenset(headline.topics),
        tickers=frozenset(headline.tickers),
        story=story,
        digest=hashlib.blake2b(story.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest(),
    )


def young(found: Iterable[Item], max_age: timedelta, now: datetime) -> list[Item]:
    """Those that count as published at most `max_age` ago; a headline without a date counts from its arrival."""
    return [item for item in found if now - item.headline.sort_at <= max_age]


def matches(match: HeadlineMatch, item: Item) -> bool:
    """Whether the headline is what the condition asks for. The terms come last, being the dearest to look for."""
    headline = item.headline
    if match.feed is not None and headline.feed_name != match.feed:
        return False
    if match.language is not None and not f"{headline.language}-".lower().startswith(f"{match.language}-".lower()):
        return False
    if match.ticker is not None and match.ticker not in item.tickers:
        return False
    if match.topic is None and not match.terms:
        return True
    if match.topic is not None and match.topic in item.topics:
        return True
    return bool(match.terms) and any(term_found(match.terms, text) for text in (headline.title, headline.summary))
