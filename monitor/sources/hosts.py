"""How many requests run at once, over all and to one host, and how far apart those to one host start."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.models import FailureKind
from monitor.sources.fault import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta


class _Host(Struct):
    """`users` have a turn or wait for one. `next_start` is a time of the event loop's, in seconds. `refusals` counts
    how often those who waited were turned away, `asked_wait` is what the host asked for when it last did.
    """

    places: asyncio.Semaphore
    users: int = 0
    next_start: float = float("-inf")
    refusals: int = 0
    asked_wait: timedelta | None = None


class HostGate:
    """At most `workers` turns at once, `per_host` to one host, their starts `gap` apart.

    Who waits for a host takes no worker, so forty feeds of one slow host hold up none of another. A host is forgotten
    when nobody uses it and its gap is over.
    """

    def __init__(self, *, workers: int, per_host: int, gap: timedelta) -> None:
        self._workers = asyncio.Semaphore(workers)
        self._per_host = per_host
        self._gap = gap.total_seconds()
        self._hosts: dict[str, _Host] = {}

    @asynccontextmanager
    async def turn(self, name: str, *, at_once: bool = False) -> AsyncIterator[None]:
        """A turn with host `name`; with `at_once` without the gap, as the rest of a request that has begun.

        Raises Fault (RATE_LIMITED) when those who wait for the host are turned away.
        """
        host = self._hosts.get(name)
        if host is None:
            host = self._hosts[name] = _Host(asyncio.Semaphore(self._per_host))
        host.users += 1
        refusals = host.refusals
        try:
            async with host.places:
                await self._start(name, host, refusals, at_once=at_once)
                try:
                    yield
                finally:
                    self._workers.release()
        finally:
            host.users -= 1
            self._forget(name)

    def turn_away(self, name: str, asked_wait: timedelta | None) -> None:
        """Give no turn to those who wait for host `name` now: it has asked to be left alone (429), and how long.

        Whoever comes later is the schedule's to hold back, by its own clock.
        """
        if host := self._hosts.get(name):
            host.refusals += 1
            host.asked_wait = asked_wait

    async def _start(self, name: str, host: _Host, refusals: int, *, at_once: bool) -> None:
        """Wait until both a worker is free and the gap is over, then take the worker."""
        clock = asyncio.get_running_loop().time
        while host.refusals == refusals:
            if not at_once and (wait := host.next_start - clock()) > 0:
                await asyncio.sleep(wait)
                continue
            await self._workers.acquire()
            now = clock()
            if host.refusals == refusals and (at_once or now >= host.next_start):
                host.next_start = now + self._gap
                return
            self._workers.release()
        why = f"not asked, since {name} has just said to another feed that it is asked too often"
        raise Fault(FailureKind.RATE_LIMITED, why, retry_after=host.asked_wait)

    def _forget(self, name: str) -> None:
        host = self._hosts.get(name)
        if host is None or host.users:
            return
        loop = asyncio.get_running_loop()
        rest = host.next_start - loop.time()
        if rest > 0:
            loop.call_later(rest, self._forget, name)
        else:
            del self._hosts[name]
