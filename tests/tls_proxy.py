"""A CONNECT proxy on loopback that is every host at once, with certificates of a CA of its own.

The product behind it believes that it speaks to the real Yahoo: same addresses, TLS, cookies of Yahoo's domain. It is
pointed here by the environment alone, as a company's proxy would do it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

import trustme


class TlsProxy:
    """`async with TlsProxy(folder, routes) as proxy:`; `routes` maps a host to a loopback port, "" any other host."""

    def __init__(self, folder: Path, routes: Mapping[str, int]) -> None:
        self._authority = trustme.CA()
        self._bundle = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(str(self._bundle))
        self._routes = routes
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._tunnels: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.hosts: list[str] = []

    def environment(self, *, trusted: bool = True) -> dict[str, str]:
        """What a child's environment needs to go through here; without `trusted` it does not know the CA."""
        variables = {"HTTPS_PROXY": f"http://127.0.0.1:{self.port}", "NO_PROXY": ""}
        if trusted:
            names = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
            variables |= dict.fromkeys(names, str(self._bundle))
        return variables

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._tunnel, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for tunnel in self._tunnels:
            tunnel.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tunnels.add(task)
            task.add_done_callback(self._tunnels.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            host = request.split()[1].partition(":")[0]
            self.hosts.append(host)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await writer.start_tls(self._context(host))
            upstream = await asyncio.open_connection("127.0.0.1", self._routes.get(host) or self._routes[""])
            await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))
        writer.close()

    def _context(self, host: str) -> ssl.SSLContext:
        if host not in self._contexts:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    finally:
        sink.close()
