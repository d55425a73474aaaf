"""A scriptable HTTP/1.1 server on 127.0.0.1: each path has a handler, which may answer well or misbehave byte by byte.

    async with Loopback() as server:
        server.routes["/feed"] = reply(b"<rss/>", headers={"ETag": '"1"'})
        ... server.url("/feed") ... server.requests ...

A route is the bytes of an answer, or a function of the `Request` that gives them (the connection then stays open,
unless they say `Connection: close`), or one that gives a coroutine which writes to `request.writer` as it likes (the
connection then ends with it). A path without a route is a 404.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is as sent: a path with its query, or a whole address when this server is used as a proxy.

    Header names are lower-case. `connection` counts the connections from 1.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    connection: int
    reader: asyncio.StreamReader = field(repr=False)
    writer: asyncio.StreamWriter = field(repr=False)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


Route = bytes | Callable[[Request], bytes | Awaitable[None]]


def reply(
    body: bytes | str = b"", status: int = 200, *, headers: Mapping[str, str] | None = None, gzipped: bool = False
) -> bytes:
    """A whole answer with a right Content-Length."""
    if isinstance(body, str):
        body = body.encode()
    fields = dict(headers or {})
    if gzipped:
        body = gzip.compress(body, mtime=0)
        fields["Content-Encoding"] = "gzip"
    if status != HTTPStatus.NOT_MODIFIED:
        fields.setdefault("Content-Length", str(len(body)))
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unheard Of"
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{head}\r\n".encode("latin-1") + body


def redirect(location: str, status: int = 302) -> bytes:
    return reply(status=status, headers={"Location": location})


def conditional(body: bytes | str, etag: str, *, headers: Mapping[str, str] | None = None) -> Route:
    """A server that keeps its word: 304 to a request that names `etag`, the body to any other."""
    fields = {"ETag": etag, **(headers or {})}

    def answer(request: Request) -> bytes:
        known = request.headers.get("if-none-match") == etag
        return reply(status=304, headers=fields) if known else reply(body, headers=fields)

    return answer


def slowly(head: bytes, *pieces: bytes, pause: float = 0.0) -> Route:
    """Sends `head`, then piece after piece with a pause before each, and ends the connection."""

    async def answer(request: Request) -> None:
        for piece in (head, *pieces):
            request.writer.write(piece)
            await request.writer.drain()
            await asyncio.sleep(pause)

    return answer


def stalling(head: bytes = b"") -> Route:
    """Sends `head` and then nothing more, until the client gives up."""

    async def answer(request: Request) -> None:
        request.writer.write(head)
        await request.reader.read()

    return answer


def resetting(head: bytes = b"") -> Route:
    """Sends `head` and breaks the connection off (RST)."""

    async def answer(request: Request) -> None:
        request.writer.write(head)
        await request.writer.drain()
        linger = struct.pack("ii", 1, 0)
        request.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        request.writer.transport.abort()

    return answer


class Loopback:
    """`requests` are those received, oldest first; `connections` counts all ever made, `open` those that still are."""

    def __init__(self, *, ssl_context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.routes: dict[str, Route] = {}
        self.requests: list[Request] = []
        self.connections = 0
        self.host = host
        self.port = 0
        self._ssl_context = ssl_context
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Condition()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self.host, 0, ssl=self._ssl_context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """`host` is another name for this machine, such as localhost."""
        scheme = "http" if self._ssl_context is None else "https"
        return f"{scheme}://{host or self.host}:{self.port}{path}"

    @property
    def open(self) -> int:
        return len(self._serving)

    async def until(self, holds: Callable[[Loopback], bool]) -> None:
        """Wait until `holds`, which is looked at whenever a request comes and whenever a connection ends."""
        async with asyncio.timeout(30), self._moved:
            await self._moved.wait_for(lambda: holds(self))

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._attend(reader, writer, self.connections))
        self._serving.add(task)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        try:
            await self._serve(reader, writer, connection)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            return  # the client went away, which is its right
        finally:
            writer.close()
            if task := asyncio.current_task():
                self._serving.discard(task)
            async with self._moved:
                self._moved.notify_all()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *fields = head.rstrip("\r\n").split("\r\n")
            method, target, _ = line.split(" ", 2)
            headers = {name.strip().lower(): value.strip() for name, _, value in (f.partition(":") for f in fields)}
            request = Request(method, target, headers, connection, reader, writer)
            self.requests.append(request)
            async with self._moved:
                self._moved.notify_all()
            route = self.routes.get(request.path, reply(b"no such route", 404))
            answer = route(request) if callable(route) else route
            if not isinstance(answer, bytes):
                await answer
                return
            writer.write(answer)
            await writer.drain()
            if b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower():
                return
