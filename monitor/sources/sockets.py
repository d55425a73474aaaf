"""A TCP connection as httpcore wants it, straight on asyncio's transports.

httpcore's own goes through anyio, which makes a 304 cost a third more CPU.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any, cast

import httpcore

from monitor.models import FailureKind
from monitor.sources.fault import Fault

if TYPE_CHECKING:
    from monitor.sources.addresses import Address

_ENOUGH = 256 * 1024  # bytes received and not yet read, beyond which the server has to wait
_EXTRA = {"client_addr": "sockname", "server_addr": "peername", "socket": "socket", "ssl_object": "ssl_object"}


class SocketStream(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One reader at a time. The `timeout` arguments are not looked at: a fetch has one deadline for all it does."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._paused = False
        self._ended = False
        self._lost: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None

    @classmethod
    async def connect(cls, address: Address, port: int) -> SocketStream:
        """Raises OSError."""
        _, stream = await asyncio.get_running_loop().create_connection(cls, str(address), port)
        return stream

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if len(self._received) > _ENOUGH and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        self._lost = exc
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    # What httpcore calls.

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """What has come, at least a byte; empty at the end. Raises httpcore.ReadError on a broken connection."""
        if not self._received and not self._ended:
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        if not self._received and self._lost is not None:
            raise httpcore.ReadError(self._lost) from self._lost
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if self._paused and len(self._received) <= _ENOUGH and self._transport is not None:
            self._paused = False
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Requests without a body are small: they need no waiting for the other side to read."""
        if self._transport is None or self._ended:
            raise httpcore.WriteError("the connection is closed")
        self._transport.write(buffer)

    async def aclose(self) -> None:
        """At once: what would still be sent interests nobody, and a server need not agree."""
        if self._transport is not None:
            self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """The same stream, encrypted from now on. Raises Fault (TLS)."""
        plain = self._transport
        if plain is None:
            raise httpcore.ConnectError("not connected")
        host = server_hostname or "the server"
        try:
            secure = await asyncio.get_running_loop().start_tls(
                plain, self, ssl_context, server_hostname=server_hostname
            )
        except BaseException as error:
            plain.abort()
            if isinstance(error, OSError):
                raise _tls_fault(host, error) from error
            raise
        if secure is None:
            raise Fault(FailureKind.TLS, f"no secure connection with {host}: it hung up")
        self._transport = secure
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":  # nothing is to be read from an idle connection: it has ended, or is out of step
            return self._ended or bool(self._received)
        name = _EXTRA.get(info)
        return None if name is None or self._transport is None else self._transport.get_extra_info(name)


def _tls_fault(host: str, error: OSError) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Fault(FailureKind.TLS, f"the certificate of {host} cannot be trusted: {error.verify_message}")
    why = error.reason if isinstance(error, ssl.SSLError) else "the connection was broken off"
    return Fault(FailureKind.TLS, f"no secure connection with {host}: {why}")
