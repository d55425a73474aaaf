"""The HTTP session that yfinance is given: every request of a round under one deadline, rate limits seen at once.

Importing this costs about 130 ms (curl_cffi), so only the quote thread does.
"""

from __future__ import annotations

import ipaddress
import math
import time
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.const import CurlECode, CurlOpt
from curl_cffi.requests import Session
from curl_cffi.requests.exceptions import RequestException, Timeout

_LARGEST_BODY = 16 * 2**20  # 50 quotes take about 150 KB, a year of hourly bars 300 KB
_RATE_LIMITED = frozenset({429, 999})
_NEEDS_CRUMB = frozenset({401, 403})  # what yfinance's second try with a new cookie and crumb can cure
_FIRST_ERROR = 400
_COOKIE_HOST = "fc.yahoo.com"  # gives its cookie with a 404
_CRUMB_PATH = "/v1/test/getcrumb"


class RefusedError(Exception):
    """An answer that no other cookie or crumb would better; `answer` is curl_cffi's Response.

    yfinance meets every error with a new cookie, a new crumb and a second try, takes the text of a 429 or 503 for the
    crumb and keeps it, and ends with a misleading 401. This exception is of no kind that it handles, so it ends the
    round at once: a failing poll costs one request instead of three or more, and a good cookie and crumb are kept.
    """

    def __init__(self, answer: Any) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        self.answer = answer
        self.rate_limited = answer.status_code in _RATE_LIMITED or _says_too_many(answer)


class YahooSession(Session):  # type: ignore[misc]  # curl_cffi's types are not followed (pyproject.toml)
    """A curl_cffi session, as yfinance's `session=` takes it. For one thread only: its curl handle belongs to it.

    `timeout` (seconds) caps each request, whatever the caller asks for: yfinance itself gives cookie and crumb requests
    30 s each. `endpoint` sends every request to another base URL; the Yahoo host becomes the first element of the path.
    Proxies (HTTPS_PROXY, NO_PROXY) and certificate bundles (CURL_CA_BUNDLE, REQUESTS_CA_BUNDLE) come from the
    environment; an endpoint on this machine is never asked through a proxy.
    """

    def __init__(self, *, timeout: float, endpoint: str | None = None) -> None:
        options: dict[CurlOpt, object] = {CurlOpt.MAXFILESIZE: _LARGEST_BODY}
        if endpoint is not None and _is_loopback(endpoint):
            options[CurlOpt.NOPROXY] = "*"
        super().__init__(impersonate="chrome", curl_options=options)
        self.first_trouble: RequestException | None = None
        self._cap = timeout
        self._deadline = math.inf
        self._endpoint = None if endpoint is None else endpoint.rstrip("/")
        self._cookie_answer: Any = None

    def begin(self, budget: float) -> None:
        """Start a round: all its requests together get `budget` seconds, and `first_trouble` is forgotten."""
        self._deadline = time.monotonic() + budget
        self.first_trouble = None

    def request(self, method: str, url: str, **options: Any) -> Any:
        """Send one request. Raises `RefusedError` besides what curl_cffi raises; `options` are curl_cffi's."""
        address = urlsplit(url)
        asks_for_cookie = address.hostname == _COOKIE_HOST
        if self._endpoint is not None:
            if asks_for_cookie and self._cookie_answer is not None and len(self.cookies) > 0:
                # yfinance stores only cookies of Yahoo's domain, and without one asks for a new cookie each round.
                return self._cookie_answer
            url = f"{self._endpoint}/{address.netloc}{address.path}" + (f"?{address.query}" if address.query else "")
        options["timeout"] = self._time_left()
        try:
            answer = super().request(method, url, **options)
        except RequestException as trouble:
            self.first_trouble = self.first_trouble or trouble
            raise
        status = answer.status_code
        if status in _RATE_LIMITED or (address.path == _CRUMB_PATH and _says_too_many(answer)):
            raise RefusedError(answer)
        if asks_for_cookie:
            self._cookie_answer = answer
        elif status >= _FIRST_ERROR and status not in _NEEDS_CRUMB:
            raise RefusedError(answer)
        return answer

    def _time_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0.001:  # curl takes a rounded 0 ms for "no limit"
            self.first_trouble = self.first_trouble or Timeout("no time left", CurlECode.OPERATION_TIMEDOUT)
            raise self.first_trouble
        return min(self._cap, left)


def _says_too_many(answer: Any) -> bool:
    return "Too Many Requests" in answer.text[:200]


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
