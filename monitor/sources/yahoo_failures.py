"""What yfinance, curl and Yahoo say when they fail, as one kind and one printable sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from curl_cffi.const import CurlECode
from curl_cffi.requests import exceptions as curl
from yfinance.exceptions import YFRateLimitError

from monitor.models import FailureKind, QuotesFailed
from monitor.sources.freshness import retry_after
from monitor.sources.yahoo_session import RefusedError
from monitor.text import printable

log = logging.getLogger(__name__)

_BY_CURL_CODE = {
    CurlECode.OPERATION_TIMEDOUT: (FailureKind.TIMEOUT, "Yahoo did not answer in time"),
    CurlECode.COULDNT_RESOLVE_HOST: (FailureKind.DNS, "Yahoo's address could not be resolved"),
    CurlECode.PARTIAL_FILE: (FailureKind.CUT_OFF, "Yahoo's answer was cut off"),
    CurlECode.GOT_NOTHING: (FailureKind.CUT_OFF, "Yahoo closed the connection without an answer"),
    CurlECode.RECV_ERROR: (FailureKind.CUT_OFF, "the connection to Yahoo broke"),
    CurlECode.FILESIZE_EXCEEDED: (FailureKind.TOO_LARGE, "Yahoo's answer is too large"),
    CurlECode.BAD_CONTENT_ENCODING: (FailureKind.ENCODING, "Yahoo's answer does not decompress"),
    CurlECode.TOO_MANY_REDIRECTS: (FailureKind.REDIRECT, "Yahoo redirects in a circle"),
}


def failure(error: Exception, first_trouble: Exception | None, now: datetime) -> QuotesFailed:
    """`error` as an outcome. `first_trouble` is the first request of the round that got no answer, if one did not.

    yfinance goes on without a cookie or crumb when their requests fail, and ends with 401: then that was the trouble.
    """
    match error:
        case RefusedError(answer=answer):
            return _http(answer, now, rate_limited=error.rate_limited)
        case YFRateLimitError():
            return QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="Yahoo limits the rate of requests")
        case curl.HTTPError(code=0, response=response) if response is not None:
            refused = response.status_code in {401, 403}
            return _transport(first_trouble) if refused and first_trouble is not None else _http(response, now)
        case curl.RequestException():
            return _transport(error)
        case ValueError() | RecursionError():  # what JSON readers raise
            return QuotesFailed(kind=FailureKind.DATA, reason="Yahoo's answer is not JSON but perhaps a consent page")
    log.error("yfinance failed unexpectedly", exc_info=error)
    what = f"{type(error).__name__}: {printable(error)}"
    return QuotesFailed(kind=FailureKind.INTERNAL, reason=f"yfinance failed: {what}")


def complaint_in(answer: object) -> str | None:
    """The error that a JSON answer carries in any of its envelopes, whatever the HTTP status; None without one."""
    if not isinstance(answer, Mapping):
        return None
    for envelope in answer.values():
        error = envelope.get("error") if isinstance(envelope, Mapping) else None
        if isinstance(error, Mapping):
            return printable(error.get("description") or error.get("code") or "an error without a name", limit=300)
        if error:
            return printable(error, limit=300)
    return None


def _transport(error: Exception) -> QuotesFailed:
    """A request that got no answer. Only curl's own words are added, they name host and port."""
    code = getattr(error, "code", 0)
    if isinstance(error, curl.SSLError):
        kind, reason = FailureKind.TLS, "no trusted TLS connection to Yahoo"
    else:
        kind, reason = _BY_CURL_CODE.get(code, (FailureKind.CONNECT, "no connection to Yahoo"))
    detail = str(error).partition(f"curl: ({int(code)}) ")[2].partition(". See https://curl.se")[0]
    return QuotesFailed(kind=kind, reason=printable(f"{reason} ({detail})" if detail else reason, limit=300))


def _http(response: Any, now: datetime, *, rate_limited: bool = False) -> QuotesFailed:
    """An answer that is an error by its HTTP status, or says that there were too many requests."""
    status = int(response.status_code)
    kinds = {401: FailureKind.DENIED, 403: FailureKind.DENIED, 503: FailureKind.UNAVAILABLE}
    if rate_limited:
        return QuotesFailed(
            kind=FailureKind.RATE_LIMITED,
            reason=f"Yahoo limits the rate of requests (HTTP {status})",
            retry_after=retry_after(response.headers, now),
            status=status,
        )
    try:
        complaint = complaint_in(response.json())
    except ValueError:
        complaint = None
    return QuotesFailed(
        kind=kinds.get(status, FailureKind.HTTP),
        reason=f"Yahoo answered HTTP {status}" + (f": {complaint}" if complaint else ""),
        retry_after=retry_after(response.headers, now),
        status=status,
    )
