"""Feeds, what one poll of a feed gives, and the headlines that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed as the settings give it. `url` is its identity: a renamed feed keeps its headlines.

    `interval` None means the settings' `poll.interval`. `headers` are sent with each request to its own host only.
    """

    url: str
    name: str
    language: str = "en"
    tags: tuple[str, ...] = ()
    interval: timedelta | None = None
    enabled: bool = True
    headers: tuple[tuple[str, str], ...] = ()


class FailureKind(StrEnum):
    """Why a source failed, in the few words the health screen groups by."""

    DNS = "dns"
    REFUSED_ADDRESS = "refused-address"  # loopback, private or link-local, and the settings do not allow it
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    CUT_OFF = "cut-off"  # the connection ended before the body did
    TOO_LARGE = "too-large"
    ENCODING = "encoding"  # stacked or unknown Content-Encoding, or bytes that do not inflate
    REDIRECT = "redirect"  # loop, too many, or to an address that is not http(s)
    HTTP = "http"  # a 4xx or 5xx not named below
    RATE_LIMITED = "rate-limited"
    UNAVAILABLE = "unavailable"  # 503
    GONE = "gone"  # 410
    NOT_A_FEED = "not-a-feed"  # HTML, an empty body, or nothing the parser knows
    PARSER = "parser"  # the parser raised, hung or died on it
    DENIED = "denied"  # 401 and 403
    DATA = "data"  # the answer is well-formed and says that it is an error, or lacks what it must have
    INTERNAL = "internal"  # a fault of this program


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What is remembered of one feed between polls; `schedule.advance` makes the next. Stored, so a restart knows it.

    `item_digests` are the digests of the raw items of the last document read, so that only new or changed items are
    parsed. `redirect_url` is where to ask instead of `url`: set only after `redirect_hits` proofs of a permanent
    redirect to `redirect_candidate`. `asked_wait` is the wait that the server asked for with its last full answer
    (ttl, max-age, ...), kept for a 304 that says nothing. `host_wait_until` holds back every feed of the host (429).
    `quiet_hours` are those of the last document (see `Changed`).
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    body_digest: bytes | None = None
    item_digests: frozenset[bytes] = frozenset()
    redirect_url: str | None = None
    redirect_candidate: str | None = None
    redirect_hits: int = 0
    next_check_at: datetime | None = None  # None: never polled, due now
    last_checked_at: datetime | None = None
    last_success_at: datetime | None = None
    last_changed_at: datetime | None = None
    asked_wait: timedelta | None = None
    failures: int = 0
    failing_since: datetime | None = None
    failure: FailureKind | None = None
    error: str | None = None
    status: int | None = None
    latency: timedelta | None = None
    host_wait_until: datetime | None = None
    quiet_hours: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an answer said of itself, whatever its body.

    `wait` is the longest wait that the headers and the document ask for (Cache-Control max-age, Expires, Retry-After,
    ttl), None when they ask for none. `permanent_url` is where a chain of only permanent redirects (301 and
    308) led. `validators_void` is true when the answer forbids using its validators (Expires: 0).
    """

    status: int
    latency: timedelta
    etag: str | None = None
    last_modified: str | None = None
    wait: timedelta | None = None
    permanent_url: str | None = None
    validators_void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One item of a feed document, cleaned (`monitor.text`). `key` identifies it within its feed.

    `key` is the guid, else the link, else a digest of title and date; a guid repeated inside one document is not an
    identity. `title` is never empty: it falls back to the summary's beginning, then the link. Dates are None when the
    document has none that can be trusted.
    """

    key: str
    title: str
    link: str | None = None
    summary: str = ""
    author: str | None = None
    published_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A new document. `entries` are only those whose raw item was not in `FeedState.item_digests`, in its order.

    `item_digests` are those of all items now in the document. `damaged` says in words what was malformed, if anything.
    `quiet_hours` are the hours of the week in UTC, 0 being Monday's first, in which the document asks not to be read
    (skipHours, skipDays; `freshness.quiet_hours`).
    """

    response: Response
    body_digest: bytes
    item_digests: frozenset[bytes]
    entries: tuple[Entry, ...]
    title: str | None = None
    damaged: str | None = None
    quiet_hours: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """304, or a 200 whose validators or bytes are those of last time."""

    response: Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The feed could not be read. `reason` is one printable sentence. `retry_after` is what the server asked for."""

    kind: FailureKind
    reason: str
    status: int | None = None
    latency: timedelta | None = None
    retry_after: timedelta | None = None


Outcome = Changed | Unchanged | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A topic (`name` is its name) or a ticker (`name` is its symbol) in a headline's title or summary.

    `start` and `end` index the cleaned text of `field` as Python slices it: `title[start:end]` is what matched.
    """

    kind: Literal["topic", "ticker"]
    name: str
    field: Literal["title", "summary"]
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
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
