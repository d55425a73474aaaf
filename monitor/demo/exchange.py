"""A loopback exchange that speaks Yahoo's format over real HTTP, for the demo and for the tests.

It answers the cookie, crumb, consent, v7/finance/quote and v8/finance/chart addresses, and asks for cookie and crumb as
Yahoo does. The Yahoo host comes from the Host header (behind a proxy) or as first element of the path (as the setting
`quotes.endpoint` sends it). It opens one port on 127.0.0.1 and needs nothing but the standard library.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from msgspec import Struct, field

from monitor.models import Bar

_PHRASES = {status.value: status.phrase for status in HTTPStatus}

Book = Callable[[datetime], Mapping[str, Mapping[str, object]]]
History = Callable[[str, datetime, datetime, str], Sequence[Bar]]


class Listing(Struct, frozen=True, kw_only=True):
    """What the exchange knows of one symbol at one moment. Prices in `currency`, times aware, None where it has none.

    `market_state` is Yahoo's: PREPRE, PRE, REGULAR, POST, POSTPOST or CLOSED. `regular_price` is the last trade of the
    regular session, so yesterday's close before the open, and `previous_close` the close before that one's day.
    `delay_minutes` is how far behind the exchange the source is allowed to be.
    """

    symbol: str
    regular_price: float
    regular_time: datetime
    previous_close: float
    market_state: str = "REGULAR"
    name: str = ""
    currency: str = "USD"
    exchange: str = "NMS"
    quote_type: str = "EQUITY"
    pre_price: float | None = None
    pre_time: datetime | None = None
    post_price: float | None = None
    post_time: datetime | None = None
    day_low: float | None = None
    day_high: float | None = None
    year_low: float | None = None
    year_high: float | None = None
    volume: int | None = None
    average_volume: int | None = None
    delay_minutes: int = 0


def quote_record(listing: Listing) -> dict[str, object]:
    """`listing` as one element of `quoteResponse.result`, without the keys that it has no value for."""
    record: dict[str, object | None] = {
        "language": "en-US",
        "region": "US",
        "symbol": listing.symbol,
        "quoteType": listing.quote_type,
        "shortName": listing.name or None,
        "currency": listing.currency,
        "exchange": listing.exchange,
        "marketState": listing.market_state,
        "exchangeDataDelayedBy": listing.delay_minutes,
        "hasPrePostMarketData": listing.quote_type in {"EQUITY", "ETF"} and listing.currency == "USD",
        "regularMarketPrice": listing.regular_price,
        "regularMarketTime": _epoch(listing.regular_time),
        "regularMarketPreviousClose": listing.previous_close,
        "regularMarketChange": _difference(listing.regular_price, listing.previous_close),
        "regularMarketDayLow": listing.day_low,
        "regularMarketDayHigh": listing.day_high,
        "regularMarketVolume": listing.volume,
        "fiftyTwoWeekLow": listing.year_low,
        "fiftyTwoWeekHigh": listing.year_high,
        "averageDailyVolume3Month": listing.average_volume,
        "preMarketPrice": listing.pre_price,
        "preMarketTime": _epoch(listing.pre_time),
        "preMarketChange": _difference(listing.pre_price, listing.regular_price),
        "postMarketPrice": listing.post_price,
        "postMarketTime": _epoch(listing.post_time),
        "postMarketChange": _difference(listing.post_price, listing.regular_price),
    }
    return {key: value for key, value in record.items() if value is not None}


def _difference(value: float | None, base: float | None) -> float | None:
    return None if value is None or base is None else value - base


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


class Door(StrEnum):
    """The kinds of request that the exchange tells apart."""

    COOKIE = "cookie"
    CRUMB = "crumb"
    CONSENT = "consent"
    QUOTE = "quote"
    CHART = "chart"
    ELSEWHERE = "elsewhere"


class Fault(Struct, frozen=True, kw_only=True):
    """What the exchange does with a request instead of answering it: another answer, none at all, or half of one."""

    status: int = 200
    body: str = ""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    hang: bool = False
    cut: bool = False


class Request(Struct, frozen=True):
    """A request as it came. `through_endpoint` is true when the Yahoo host was the first element of the path."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    cookie: str | None
    through_endpoint: bool

    @property
    def door(self) -> Door:
        if self.host == "fc.yahoo.com":
            return Door.COOKIE
        if self.host in {"guce.yahoo.com", "consent.yahoo.com"}:
            return Door.CONSENT
        if self.path == "/v1/test/getcrumb":
            return Door.CRUMB
        if self.path == "/v7/finance/quote":
            return Door.QUOTE
        return Door.CHART if self.path.startswith("/v8/finance/chart/") else Door.ELSEWHERE

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(symbol for symbol in self.query.get("symbols", "").split(",") if symbol)


class _Answer(Struct, frozen=True):
    status: int
    body: bytes
    content_type: str = "application/json;charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    announced: int | None = None


class Exchange(Struct):
    """`async with Exchange(book=..., now=...) as exchange:` serves until the block ends.

    `book(at)` gives the raw quote (`quote_record`) of each symbol listed at that moment, and
    `history(symbol, start, end, interval)` its bars. `now` is the exchange's clock. `seen` counts the requests by door,
    `requests` keeps the latest of them.
    """

    book: Book
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    history: History = lambda _symbol, _start, _end, _interval: ()
    port: int = 0
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=1000))
    seen: Counter[Door] = field(default_factory=Counter)
    connections_made: int = 0
    connections_open: int = 0
    _once: dict[Door, deque[Fault]] = field(default_factory=dict)
    _always: dict[Door, Fault] = field(default_factory=dict)
    _server: asyncio.Server | None = None
    _handlers: set[asyncio.Task[None]] = field(default_factory=set)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _cookies_given: int = 0
    _secret: int = 0

    @property
    def url(self) -> str:
        """What `quotes.endpoint` is set to."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    def fail(self, door: Door, *faults: Fault) -> None:
        """Meet the next requests at `door` with `faults`, one each, in this order."""
        self._once.setdefault(door, deque()).extend(faults)

    def fail_always(self, door: Door, fault: Fault) -> None:
        """Meet every request at `door` with `fault` until `mend`."""
        self._always[door] = fault

    def mend(self) -> None:
        """Forget all faults."""
        self._once.clear()
        self._always.clear()

    async def reached(self, door: Door, count: int = 1) -> None:
        """Return once `count` requests have come to `door`."""
        while self.seen[door] < count:
            self._arrived.clear()
            await self._arrived.wait()

    def revoke(self) -> None:
        """Take back every crumb given so far, as Yahoo does now and then: the next quote request gets 401."""
        self._secret += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._handlers.add(task)
            task.add_done_callback(self._handlers.discard)
        self.connections_made += 1
        self.connections_open += 1
        try:
            while (request := await _read_request(reader)) is not None:
                if not await self._meet(request, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ValueError, asyncio.CancelledError):
            pass  # the client left or speaks nonsense, or the exchange closes: only this connection ends
        finally:
            self.connections_open -= 1
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _meet(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection must end."""
        self.seen[request.door] += 1
        self.requests.append(request)
        self._arrived.set()
        fault = self._fault(request.door)
        if fault is None:
            answer = self._answer(request)
        elif fault.hang:
            await reader.read()  # until the client gives up
            return False
        else:
            body = fault.body.encode()
            announced = len(body) + 1000 if fault.cut else None
            answer = _Answer(fault.status, body, fault.content_type, fault.headers, announced)
        writer.write(_render(answer))
        await writer.drain()
        return answer.announced is None

    def _fault(self, door: Door) -> Fault | None:
        waiting = self._once.get(door)
        return waiting.popleft() if waiting else self._always.get(door)

    def _answer(self, request: Request) -> _Answer:
        match request.door:
            case Door.COOKIE:
                return _Answer(404, b"", "text/html", (self._new_cookie(request),))
            case Door.CONSENT:
                return self._consent(request)
            case Door.CRUMB:
                crumb = "" if request.cookie is None else self._crumb(request.cookie)
                return _Answer(200 if crumb else 401, crumb.encode(), "text/plain;charset=utf-8")
            case Door.QUOTE:
                return self._quote(request)
            case Door.CHART:
                return self._chart(request)
            case Door.ELSEWHERE:
                return _Answer(404, b"Not Found", "text/plain")

    def _new_cookie(self, request: Request) -> tuple[str, str]:
        self._cookies_given += 1
        # A client that speaks to 127.0.0.1 over plain HTTP would refuse a cookie of another domain, or a secure one.
        scope = "" if request.through_endpoint else "; Domain=.yahoo.com; Secure"
        return "Set-Cookie", f"A3=d=demo{self._cookies_given}; Max-Age=31557600; Path=/; HttpOnly{scope}"

    def _consent(self, request: Request) -> _Answer:
        if request.path == "/copyConsent":
            return _Answer(200, b"", "text/html", (self._new_cookie(request),))
        form = (
            '<html><form><input name="csrfToken" value="t"><input name="sessionId" value="s"></form></html>'
            if request.path == "/consent"
            else ""
        )
        return _Answer(200, form.encode(), "text/html")

    def _crumb(self, cookie: str) -> str:
        return hashlib.blake2b(f"{self._secret} {cookie}".encode(), digest_size=6).hexdigest()

    def _quote(self, request: Request) -> _Answer:
        if request.cookie is None or request.query.get("crumb") != self._crumb(request.cookie):
            error = {"code": "Unauthorized", "description": "Invalid Crumb"}
            return _json(401, {"finance": {"result": None, "error": error}})
        listed = self.book(self.now())
        fields = request.query.get("fields")
        wanted = None if fields is None else frozenset(fields.split(","))
        records = (listed[symbol] for symbol in request.symbols if symbol in listed)
        result = [
            {name: value for name, value in record.items() if wanted is None or name in wanted} for record in records
        ]
        return _json(200, {"quoteResponse": {"result": result, "error": None}})

    def _chart(self, request: Request) -> _Answer:
        symbol = unquote(request.path.rsplit("/", 1)[-1])
        record = self.book(self.now()).get(symbol)
        if record is None:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return _json(404, {"chart": {"result": None, "error": error}})
        interval = request.query.get("interval", "1d")
        start = datetime.fromtimestamp(int(request.query.get("period1", "0")), UTC)
        end = datetime.fromtimestamp(int(request.query.get("period2", "4102444800")), UTC)
        bars = self.history(symbol, start, end, interval)
        return _json(200, {"chart": {"result": [_chart_result(record, bars, interval)], "error": None}})


def _chart_result(record: Mapping[str, object], bars: Sequence[Bar], interval: str) -> dict[str, object]:
    meta = {
        "currency": record.get("currency"),
        "symbol": record.get("symbol"),
        "exchangeName": record.get("exchange"),
        "instrumentType": record.get("quoteType"),
        "regularMarketPrice": record.get("regularMarketPrice"),
        "regularMarketTime": record.get("regularMarketTime"),
        "exchangeTimezoneName": "America/New_York",
        "dataGranularity": interval,
    }
    columns = {
        "open": [bar.open for bar in bars],
        "high": [bar.high for bar in bars],
        "low": [bar.low for bar in bars],
        "close": [bar.close for bar in bars],
        "volume": [bar.volume for bar in bars],
    }
    return {"meta": meta, "timestamp": [_epoch(bar.at) for bar in bars], "indicators": {"quote": [columns]}}


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request on this connection, None when the client has closed it or speaks something else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.split("\r\n")
    method, _, rest = first.partition(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    address = urlsplit(rest.rpartition(" ")[0])
    host, path = headers.get("host", "").partition(":")[0], address.path
    first_element, _, remainder = path.lstrip("/").partition("/")
    through_endpoint = first_element.endswith(".yahoo.com")
    if through_endpoint:
        host, path = first_element, "/" + remainder
    await reader.readexactly(int(headers.get("content-length") or 0))
    query = {key: values[0] for key, values in parse_qs(address.query).items()}
    morsel = SimpleCookie(headers.get("cookie", "")).get("A3")
    return Request(method, host, path, query, None if morsel is None else morsel.value, through_endpoint)


def _json(status: int, value: object) -> _Answer:
    return _Answer(status, json.dumps(value).encode())


def _render(answer: _Answer) -> bytes:
    length = len(answer.body) if answer.announced is None else answer.announced
    status = f"{answer.status} {_PHRASES.get(answer.status, 'Refused')}"
    headers = (("Content-Type", answer.content_type), ("Content-Length", str(length)), *answer.headers)
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + answer.body
