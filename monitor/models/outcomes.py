"""What asking a source gives: feeds first, then quotes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from monitor.models.feeds import FailureKind
    from monitor.models.quotes import Quote


class Response(Struct, frozen=True, kw_only=True):
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


class Entry(Struct, frozen=True, kw_only=True):
    """One item of a feed document, cleaned (`monitor.markup`). `key` identifies it within its feed.

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


class Changed(Struct, frozen=True, kw_only=True):
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


class Unchanged(Struct, frozen=True, kw_only=True):
    """304, or a 200 whose validators or bytes are those of last time."""

    response: Response


class Failed(Struct, frozen=True, kw_only=True):
    """The feed could not be read. `reason` is one printable sentence. `retry_after` is what the server asked for."""

    kind: FailureKind
    reason: str
    status: int | None = None
    latency: timedelta | None = None
    retry_after: timedelta | None = None


Outcome = Changed | Unchanged | Failed


class Quotes(Struct, frozen=True, kw_only=True):
    """One answer of the quote source. `unknown` are the symbols asked for that it does not know or cannot price.

    `failure` is set when the symbols took several requests and some of those failed: their symbols are neither in
    `quotes` nor in `unknown`, the other quotes are good.
    """

    quotes: tuple[Quote, ...]
    unknown: tuple[str, ...]
    latency: timedelta
    failure: QuotesFailed | None = None


class QuotesFailed(Struct, frozen=True, kw_only=True):
    """The quote source did not answer, or not with quotes. `reason` is one printable sentence.

    `status` is HTTP's, None where there was no such answer.
    """

    kind: FailureKind
    reason: str
    retry_after: timedelta | None = None
    status: int | None = None


QuoteOutcome = Quotes | QuotesFailed
