"""What an HTTP answer means for a feed. Pure: no socket and no clock."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from msgspec import Struct

from monitor.models import FailureKind, Response
from monitor.sources import freshness
from monitor.sources.fault import Fault
from monitor.sources.http import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

PERMANENT = frozenset({301, 308})
_TEMPORARY = frozenset({302, 303, 307})
_MAX_URL = 4096
_MAX_VALIDATOR = 512

_KINDS = {
    401: FailureKind.DENIED,
    403: FailureKind.DENIED,
    410: FailureKind.GONE,
    429: FailureKind.RATE_LIMITED,
    503: FailureKind.UNAVAILABLE,
    999: FailureKind.RATE_LIMITED,  # Yahoo's
}
_SAYINGS = {
    401: "wants a login",
    403: "refuses to give it",
    404: "has no such page",
    407: "cannot be reached: the proxy wants a login",
    410: "says that it is gone for good",
    429: "says that it is asked too often",
    503: "says that it is not available at the moment",
    999: "says that it is asked too often",
}


class Answer(Struct, frozen=True):
    """`headers` by lower-case names. `body` is as sent, still encoded; read only on a 304 and where `has_document`."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def has_document(self) -> bool:
        return self.status in {200, 203}

    @property
    def asks_for_rest(self) -> bool:
        return _KINDS.get(self.status) is FailureKind.RATE_LIMITED


def redirect_target(url: httpx.URL, answer: Answer) -> httpx.URL | None:
    """Where the answer to a request for `url` sends the asker, None when nowhere. Raises Fault (REDIRECT)."""
    if answer.status not in PERMANENT and answer.status not in _TEMPORARY:
        return None
    location = answer.headers.get("location", "").strip()
    if not location:
        raise Fault(FailureKind.REDIRECT, f"{url.host} redirects without saying where to", status=answer.status)
    try:
        target = web_address(urljoin(str(url), location))
    except ValueError as error:
        raise Fault(
            FailureKind.REDIRECT, f"{url.host} redirects to no usable address: {error}", status=answer.status
        ) from error
    if target.userinfo:
        raise Fault(FailureKind.REDIRECT, f"{url.host} redirects to an address with a login", status=answer.status)
    return target


def web_address(text: str) -> httpx.URL:
    """`text` as an address to ask, without its fragment. Raises ValueError that says what is wrong with it."""
    if len(text) > _MAX_URL:
        raise ValueError(f"it has {len(text)} characters")
    try:
        url = httpx.URL(text.partition("#")[0])
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError(f"{url.scheme or 'nothing'}: is not http: or https:, or names no host")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError(f"there is no port {url.port}")
    return url


def refusal(host: str, answer: Answer, now: datetime) -> Fault:
    """Why an answer without a document gives none."""
    status = answer.status
    try:
        named = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        named = str(status)
    if 200 <= status < 300:
        kind, says = FailureKind.DATA, "gives no document"
    else:
        kind, says = _KINDS.get(status, FailureKind.HTTP), _SAYINGS.get(status, "answers with an error")
    return Fault(
        kind, f"{host} {says} ({named})", status=status, retry_after=freshness.retry_after(answer.headers, now)
    )


def response(answer: Answer, *, now: datetime, latency: timedelta, permanent_url: str | None) -> Response:
    return Response(
        status=answer.status,
        latency=latency,
        etag=_validator(answer.headers.get("etag")),
        last_modified=_validator(answer.headers.get("last-modified")),
        wait=freshness.wait_asked(answer.headers, now),
        permanent_url=permanent_url,
        validators_void=freshness.validators_void(answer.headers),
    )


def _validator(text: str | None) -> str | None:
    """A validator that can be stored and sent back; None for one that is empty, huge or not printable ASCII."""
    usable = text and len(text) <= _MAX_VALIDATOR and text.isascii() and text.isprintable()
    return text if usable else None
