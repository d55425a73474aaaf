"""The way to a host: its name looked up, its addresses judged, a connection to one of those that passed.

The connection goes to the very address that was judged, so a name server that answers differently the second time gains
nothing.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

import httpcore

from monitor.models import FailureKind
from monitor.sources.addresses import Address, literal
from monitor.sources.fault import Fault
from monitor.sources.sockets import SocketStream

if TYPE_CHECKING:
    from collections.abc import Iterable

Refusal = Callable[[Address], str | None]

_MAX_ADDRESSES = 4  # tried one after the other
_NEXT_ADDRESS_AFTER = 2.5  # seconds; a network whose IPv6 leads nowhere costs this much a connection


class Resolver:
    """The system's name look-up, each in a daemon thread of its own.

    asyncio's `getaddrinfo` uses a pool of threads that the interpreter waits for at its end, for as long as a dead name
    server likes. Look-ups of one name share a thread, so there are never more of them than names.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[list[Address] | str]] = {}

    async def addresses(self, host: str) -> list[Address]:
        """The addresses of `host` in the system's order of preference. Raises Fault (DNS)."""
        under_way = self._under_way.get(host)
        if under_way is None:
            loop = asyncio.get_running_loop()
            under_way = self._under_way[host] = loop.create_future()
            threading.Thread(target=self._look_up, args=(host, loop), name=f"dns {host}", daemon=True).start()
        found = await asyncio.shield(under_way)
        if isinstance(found, str):
            raise Fault(FailureKind.DNS, f"the name {host} cannot be looked up: {found}")
        return found

    def _look_up(self, host: str, loop: asyncio.AbstractEventLoop) -> None:
        found: list[Address] | str
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            texts = dict.fromkeys(str(answer[4][0]) for answer in answers)
            found = [address for text in texts if (address := literal(text)) is not None]
        except OSError as error:
            found = error.strerror or str(error)
        except UnicodeError:
            found = "it is not a possible name"
        try:
            loop.call_soon_threadsafe(self._tell, host, found)
        except RuntimeError:  # the loop has ended meanwhile, nobody waits any more
            return

    def _tell(self, host: str, found: list[Address] | str) -> None:
        self._under_way.pop(host).set_result(found)


class Backend(httpcore.AsyncNetworkBackend):
    """Opens httpcore's connections. `refusal` says of an address why it must not be connected to, or None."""

    def __init__(self, resolver: Resolver, refusal: Refusal | None) -> None:
        self._resolver = resolver
        self._refusal = refusal

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 (a fetch has one deadline for all it does)
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Raises Fault: DNS, REFUSED_ADDRESS or CONNECT."""
        given = literal(host)
        found = [given] if given is not None else await self._resolver.addresses(host)
        addresses = _by_turns(permitted(host, found, self._refusal))[:_MAX_ADDRESSES]
        why = "it has no address"
        for address in addresses:
            try:
                async with asyncio.timeout(None if address is addresses[-1] else _NEXT_ADDRESS_AFTER):
                    return await SocketStream.connect(address, port)
            except OSError as error:
                why = os.strerror(error.errno) if error.errno else "it does not answer"
        raise Fault(FailureKind.CONNECT, f"no connection to {host} port {port}: {why}")


def permitted(host: str, addresses: Iterable[Address], refusal: Refusal | None) -> list[Address]:
    """Those of `addresses` that `refusal` lets through. Raises Fault (REFUSED_ADDRESS) when that leaves none."""
    if refusal is None:
        return list(addresses)
    good: list[Address] = []
    bad = ""
    for address in addresses:
        if why := refusal(address):
            bad = f"{host} is {why}" if str(address) == host else f"{host} leads to {address}, {why}"
        else:
            good.append(address)
    if bad and not good:
        raise Fault(FailureKind.REFUSED_ADDRESS, f"{bad}; poll.allow_private in the settings would permit it")
    return good


def _by_turns(addresses: list[Address]) -> list[Address]:
    """IPv6 and IPv4 alternating, beginning with the preferred one, so that a dead family costs one attempt."""
    if not addresses:
        return []
    first = [address for address in addresses if address.version == addresses[0].version]
    other = [address for address in addresses if address.version != addresses[0].version]
    return [address for address in chain.from_iterable(zip_longest(first, other)) if address is not None]
