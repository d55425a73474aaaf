"""Feeds, and what is remembered of them between polls."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct


class Feed(Struct, frozen=True, kw_only=True):
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


class FeedState(Struct, frozen=True, kw_only=True):
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
