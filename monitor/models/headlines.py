"""Headlines, apart from the feeds: the screen opens with these alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime


class Mention(NamedTuple):
    """A topic (`name` is its name) or a ticker (`name` is its symbol) in a headline's title or summary.

    `start` and `end` index the cleaned text of `field` as Python slices it: `title[start:end]` is what matched.
    """

    kind: Literal["topic", "ticker"]
    name: str
    field: Literal["title", "summary"]
    start: int
    end: int


class Headline(Struct, frozen=True, kw_only=True):
    """A stored entry. `id` grows with arrival. `sort_at` is when it counts as published: never after `first_seen_at`.

    `story_url` is the canonical form of `link` (`links.canonical`): equal in every feed that carries the same address.
    """

    id: int
    feed_url: str
    feed_name: str
    key: str
    title: str
    link: str | None
    story_url: str | None
    summary: str
    author: str | None
    language: str
    published_at: datetime | None
    updated_at: datetime | None
    first_seen_at: datetime
    sort_at: datetime
    mentions: tuple[Mention, ...] = ()

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics mentioned, each once, in order of first mention."""
        return tuple(dict.fromkeys(m.name for m in self.mentions if m.kind == "topic"))

    @property
    def tickers(self) -> tuple[str, ...]:
        """Symbols of the tickers mentioned, each once, in order of first mention."""
        return tuple(dict.fromkeys(m.name for m in self.mentions if m.kind == "ticker"))
