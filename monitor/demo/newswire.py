"""A loopback newswire: nine feeds over real HTTP that replay the headlines of 27 January 2025.

    feed     syntax   lang  what is particular about it
    markets  RSS 2.0  en    ETag and Last-Modified, gzip
    tech     Atom     en    ETag only, max-age; one entry is corrected in place
    korea    RSS 2.0  ko    ETag and Last-Modified, gzip
    seoul    RSS 2.0  ko    EUC-KR, said neither by header nor by declaration
    china    RSS 1.0  zh    Last-Modified only
    filings  Atom     en    subscribed to under an address that redirects for good (301)
    tape     RSS 2.0  en    answers 503 with Retry-After from 08:30 until 09:00 of the replayed day
    chips    RSS 2.0  en    not well-formed: an undefined entity, tags never closed; entries without guid, link, date
    search   RSS 2.0  en    no validators, a build date that changes with every request, Expires: 0, slow

Retry-After, max-age and ttl count seconds of the replayed day. Bytes of a document: `monitor.demo.feeds.render`.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Self

from msgspec import Struct, field

from monitor.demo.feeds import FEEDS, WireFeed, changed_at, etag, render

if TYPE_CHECKING:
    from collections.abc import Mapping

RETRY_AFTER = 120  # seconds of the replayed day
_CHUNKS = 4  # that a slow body is cut into
_TYPES = {"rss": "application/rss+xml", "atom": "application/atom+xml", "rdf": "application/rdf+xml"}


class Answer(Struct, frozen=True):
    """What the newswire says to one request. `slow`: real seconds that the body takes, sent in chunks then."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    slow: float = 0.0


def answer(address: str, asked: Mapping[str, str], moment: datetime) -> Answer:
    """The answer to GET `address` (path and query) at `moment`; `asked` are the request's headers, in lower case."""
    for feed in FEEDS.values():
        if address == feed.path:
            return _document(feed, asked, moment)
        if address == feed.moved_from:
            return Answer(HTTPStatus.MOVED_PERMANENTLY, (("Location", feed.path),))
    return Answer(HTTPStatus.NOT_FOUND)


def _document(feed: WireFeed, asked: Mapping[str, str], moment: datetime) -> Answer:
    if feed.outage is not None and feed.outage[0] <= moment < feed.outage[1]:
        return Answer(HTTPStatus.SERVICE_UNAVAILABLE, (("Retry-After", str(RETRY_AFTER)),), b"Down for maintenance.\n")
    document = render(feed, moment)
    validators = []
    if feed.etag:
        validators.append(("ETag", etag(document)))
    if feed.last_modified:
        validators.append(("Last-Modified", format_datetime(changed_at(feed, moment), usegmt=True)))
    headers = (*feed.headers, *validators)
    if _known(dict(validators), asked):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    charset = "" if feed.charset else "; charset=utf-8"
    headers = (*headers, ("Content-Type", ("text/xml" if feed.charset else _TYPES[feed.syntax]) + charset))
    if feed.gzip and "gzip" in asked.get("accept-encoding", ""):
        headers = (*headers, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))
        document = gzip.compress(document, mtime=0)
    return Answer(HTTPStatus.OK, headers, document, feed.slow)


def _known(validators: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether the client has this document already. An ETag goes before a date, as RFC 9110 has it."""
    if "ETag" in validators and "if-none-match" in asked:
        return validators["ETag"] in asked["if-none-match"]
    if "Last-Modified" not in validators or "if-modified-since" not in asked:
        return False
    with suppress(ValueError):
        since = parsedate_to_datetime(asked["if-modified-since"])
        return since >= parsedate_to_datetime(validators["Last-Modified"])
    return False


class Newswire(Struct):
    """`async with Newswire(now=clock.now) as wire:` serves at `wire.url` until the block ends."""

    now: Callable[[], datetime]
    port: int = 0
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _connections: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            while (request := await _read(reader)) is not None:
                method, address, asked = request
                said = answer(address, asked, self.now())
                if method not in {"GET", "HEAD"}:
                    said = Answer(HTTPStatus.METHOD_NOT_ALLOWED, (("Allow", "GET, HEAD"),))
                self.seen[address, int(said.status)] += 1
                await _write(writer, said, self.now(), body=method != "HEAD")
                if asked.get("connection") == "close":
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client left or the newswire closes: only this connection ends
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    """The next request's method, address and headers; None when the client has closed or speaks something else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    first, *lines = head.rstrip().split("\r\n")
    method, _, rest = first.partition(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return method, rest.rpartition(" ")[0], headers


async def _write(writer: asyncio.StreamWriter, said: Answer, moment: datetime, *, body: bool) -> None:
    length = ("Transfer-Encoding", "chunked") if said.slow else ("Content-Length", str(len(said.body)))
    sized = () if said.status is HTTPStatus.NOT_MODIFIED else (length,)
    headers = (("Date", format_datetime(moment, usegmt=True)), ("Server", "monitor-demo"), *sized, *said.headers)
    lines = [f"HTTP/1.1 {said.status.value} {said.status.phrase}", *(f"{name}: {value}" for name, value in headers)]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    if body and said.slow:
        size = len(said.body) // _CHUNKS + 1
        for start in range(0, len(said.body), size):
            await writer.drain()
            await asyncio.sleep(said.slow / _CHUNKS)
            chunk = said.body[start : start + size]
            writer.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        writer.write(b"0\r\n\r\n")
    elif body:
        writer.write(said.body)
    await writer.drain()
