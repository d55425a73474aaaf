"""HTTP/1.1 for many small requests: httpx's transport interface over httpcore's connections.

httpx's own transport keeps its connections in httpcore's pool, which looks at every connection for every other one and,
without sniffio, searches the disk for that package several times a request: 3.8 ms for a 304 where this takes 0.4.
"""

from __future__ import annotations

import asyncio
import re
import sys
from ast import literal_eval
from importlib.util import find_spec
from typing import TYPE_CHECKING

import httpcore

from monitor.models import FailureKind
from monitor.sources.addresses import literal
from monitor.sources.fault import Fault
from monitor.sources.http import httpx
from monitor.sources.network import Backend, Resolver, permitted

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from monitor.sources.network import Refusal
    from monitor.sources.proxies import Proxies

_HTTP_ERRORS = (httpcore.ProtocolError, httpcore.NetworkError, httpcore.ProxyError)
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # or httpcore would search the disk for it at each connection

_Place = tuple[bytes, bytes, int | None]  # what a connection is to: scheme, host and port
_HUNG_UP = ("peer ", "Server disconnected")  # how h11 and httpcore begin to say that the server did
_SENT = re.compile(r"""bytearray\((b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*")\).*""")
_KEEP_FOR = 30.0  # seconds an idle connection is good for; few servers keep theirs much longer


class FeedTransport(httpx.AsyncBaseTransport):
    """Keeps at most `keep` idle connections. How many are busy is the caller's to bound.

    Raises Fault for whatever goes wrong, never an exception of httpx or httpcore. Sets no time limits. `refused` is
    asked about the addresses of hosts, not about those of proxies. Without an `ssl_context` the usual certificates are
    trusted, which are read when the first address asks for them.
    """

    def __init__(
        self, *, ssl_context: ssl.SSLContext | None, proxies: Proxies, refused: Refusal | None, keep: int
    ) -> None:
        self._ssl_context = ssl_context
        self._proxies = proxies
        self._refused = refused
        self._keep = keep
        self._idle: list[tuple[_Place, httpcore.AsyncConnectionInterface]] = []  # the longest idle first
        self._resolver = Resolver()
        self._backend = Backend(self._resolver, refused)
        self._openers: dict[tuple[str, str], httpcore.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        # A server may hang up on an idle connection at the moment it is used again, and what exceeded the length of the
        # answer before may stand in front of this one: neither is this feed's fault.
        while (kept := await self._take(_place(url))) is not None:
            try:
                return await self._send(kept, asked, url)
            except Fault as fault:
                if fault.kind not in {FailureKind.CUT_OFF, FailureKind.DATA}:
                    raise
        return await self._send(await self._open(asked.url.origin), asked, url)

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.pop()[1].aclose()
        await asyncio.sleep(0)  # asyncio closes the sockets with its next round

    async def _open(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        scheme, host = origin.scheme.decode("ascii"), origin.host.decode("ascii")
        proxy = self._proxies.proxy_for(scheme, host)
        if proxy is None:
            trust = self._trust() if scheme == "https" else None
            stream = await self._backend.connect_tcp(host, origin.port)
            if trust is not None:
                stream = await stream.start_tls(trust, server_hostname=host)
            return _Connection(origin=origin, stream=stream, keepalive_expiry=_KEEP_FOR)
        if (address := literal(host)) is not None:
            permitted(host, [address], self._refused)  # names are the proxy's to look up
        opener = self._openers.get((scheme, proxy))
        if opener is None:
            opener = self._openers[scheme, proxy] = self._opener(scheme, proxy)
        return opener.create_connection(origin)

    def _trust(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            try:
                self._ssl_context = httpx.create_ssl_context()
            except OSError as error:
                raise Fault(FailureKind.TLS, f"the trusted certificates cannot be read: {error}") from error
        self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context

    def _opener(self, scheme: str, proxy: str) -> httpcore.AsyncConnectionPool:
        """Of httpcore's pools only the knowledge how to connect is used; they never hold a connection here."""
        trust = self._trust() if scheme == "https" else None
        try:
            parsed = httpx.Proxy(proxy)
        except (ValueError, httpx.InvalidURL) as error:
            raise Fault(FailureKind.CONNECT, f"the proxy in the environment cannot be used: {error}") from error
        address = httpcore.URL(
            scheme=parsed.url.raw_scheme, host=parsed.url.raw_host, port=parsed.url.port, target=parsed.url.raw_path
        )
        backend = Backend(self._resolver, None)
        if parsed.url.scheme.startswith("socks5"):
            return httpcore.AsyncSOCKSProxy(
                proxy_url=address,
                proxy_auth=parsed.raw_auth,
                ssl_context=trust,
                keepalive_expiry=_KEEP_FOR,
                network_backend=backend,
            )
        return httpcore.AsyncHTTPProxy(
            proxy_url=address,
            proxy_auth=parsed.raw_auth,
            ssl_context=trust,
            proxy_ssl_context=self._trust() if parsed.url.scheme == "https" else None,
            keepalive_expiry=_KEEP_FOR,
            network_backend=backend,
        )

    async def _send(
        self, connection: httpcore.AsyncConnectionInterface, request: httpcore.Request, url: httpx.URL
    ) -> httpx.Response:
        try:
            response = await connection.handle_async_request(request)
        except BaseException as error:
            await connection.aclose()
            if isinstance(error, _HTTP_ERRORS):
                raise _fault(error, url.host) from error
            raise
        body = _Body(self, connection, response, url)
        return httpx.Response(response.status, headers=response.headers, stream=body)

    async def _take(self, place: _Place) -> httpcore.AsyncConnectionInterface | None:
        for at in reversed(range(len(self._idle))):
            if self._idle[at][0] == place:
                _, connection = self._idle.pop(at)
                if not connection.has_expired():
                    return connection
                await connection.aclose()
        return None

    async def give_back(self, connection: httpcore.AsyncConnectionInterface, url: httpx.URL) -> None:
        """Keep `connection`, which answered for `url`, if another request can follow on it."""
        if connection.is_idle():
            self._idle.append((_place(url), connection))
        if len(self._idle) > self._keep:
            await self._idle.pop(0)[1].aclose()


class _Connection(httpcore.AsyncHTTP11Connection):
    """With asyncio's lock around its state: httpcore would take anyio's, 0.1 ms a connection and 25 for its import."""

    def __init__(
        self, *, origin: httpcore.Origin, stream: httpcore.AsyncNetworkStream, keepalive_expiry: float
    ) -> None:
        super().__init__(origin=origin, stream=stream, keepalive_expiry=keepalive_expiry)
        # Theirs by another name one day, this does nothing but cost that again.
        self._state_lock = asyncio.Lock()  # type: ignore[assignment]


class _Body(httpx.AsyncByteStream):
    """The bytes as they were sent, still encoded; closing it gives the connection back."""

    def __init__(
        self,
        transport: FeedTransport,
        connection: httpcore.AsyncConnectionInterface,
        response: httpcore.Response,
        url: httpx.URL,
    ) -> None:
        self._transport = transport
        self._connection = connection
        self._response = response
        self._url = url

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._response.aiter_stream():
                yield piece
        except _HTTP_ERRORS as error:
            raise _fault(error, self._url.host) from error

    async def aclose(self) -> None:
        try:
            await self._response.aclose()
        except BaseException:  # given up in the midst of it: nobody else would close the connection
            await self._connection.aclose()
            raise
        await self._transport.give_back(self._connection, self._url)


def _place(url: httpx.URL) -> _Place:
    return url.raw_scheme, url.raw_host, url.port


def _fault(error: Exception, host: str) -> Fault:
    """What an error of httpcore's means for the feed."""
    match error:
        case httpcore.RemoteProtocolError() if str(error).startswith(_HUNG_UP):
            return Fault(FailureKind.CUT_OFF, f"{host} closed the connection before the end of its answer")
        case httpcore.RemoteProtocolError():
            return Fault(FailureKind.DATA, f"{host} does not answer in proper HTTP: {_plain(error)}")
        case httpcore.LocalProtocolError():
            return Fault(FailureKind.INTERNAL, f"the request cannot be sent, see the feed's headers: {error}")
        case httpcore.ProxyError():
            return Fault(FailureKind.CONNECT, f"the proxy does not connect to {host}: {error}")
    why = error.__cause__.strerror if isinstance(error.__cause__, OSError) else None
    return Fault(FailureKind.CUT_OFF, f"the connection to {host} broke: {why or error}")


def _plain(error: Exception) -> str:
    """h11's words, which quote what the server sent as Python would, with that as text."""
    return _SENT.sub(lambda sent: str(literal_eval(sent[1]), "utf-8", "replace"), str(error))
