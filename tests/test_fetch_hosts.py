"""Turns: how many requests at once, how far apart, and who waits for whom."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from monitor.models import FailureKind
from monitor.sources.fault import Fault
from monitor.sources.hosts import HostGate

NONE = timedelta(0)
LONG = timedelta(hours=1)


class Crowd:
    """Visitors of a gate, each of whom stays until it is let out."""

    def __init__(self, gate: HostGate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self.most = 0
        self._moved = asyncio.Condition()
        self._leaving = asyncio.Event()

    async def visit(self, host: str, *, at_once: bool = False) -> None:
        async with self.gate.turn(host, at_once=at_once):
            async with self._moved:
                self.inside.append(host)
                self.most = max(self.most, len(self.inside))
                self._moved.notify_all()
            await self._leaving.wait()
            self.inside.remove(host)

    async def until(self, count: int) -> None:
        async with asyncio.timeout(30), self._moved:
            await self._moved.wait_for(lambda: len(self.inside) >= count)

    def let_out(self) -> None:
        self._leaving.set()


async def settled() -> None:
    """Everything that can run without time passing has run."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_so_many_have_a_turn_with_one_host_and_no_more() -> None:
    crowd = Crowd(HostGate(workers=10, per_host=2, gap=NONE))
    async with asyncio.TaskGroup() as tasks:
        for _ in range(6):
            tasks.create_task(crowd.visit("a"))
        await crowd.until(2)
        await settled()
        assert crowd.inside == ["a", "a"]
        crowd.let_out()
    assert crowd.most == 2


async def test_so_many_have_a_turn_over_all_and_no_more() -> None:
    crowd = Crowd(HostGate(workers=3, per_host=2, gap=NONE))
    async with asyncio.TaskGroup() as tasks:
        for number in range(10):
            tasks.create_task(crowd.visit(f"host {number}"))
        await crowd.until(3)
        await settled()
        assert len(crowd.inside) == 3
        crowd.let_out()
    assert crowd.most == 3


async def test_those_who_wait_for_one_host_hold_up_no_other() -> None:
    crowd = Crowd(HostGate(workers=2, per_host=2, gap=LONG))
    waiting = [asyncio.create_task(crowd.visit("slow")) for _ in range(40)]
    await crowd.until(1)
    other = asyncio.create_task(crowd.visit("other"))
    await crowd.until(2)
    assert sorted(crowd.inside) == ["other", "slow"]
    for task in (*waiting, other):
        task.cancel()
    await asyncio.gather(*waiting, other, return_exceptions=True)


async def test_starts_are_a_gap_apart() -> None:
    gate = HostGate(workers=10, per_host=10, gap=timedelta(seconds=0.02))
    clock = asyncio.get_running_loop().time
    began = clock()

    async def visit() -> float:
        async with gate.turn("a"):
            return clock()

    starts = sorted(await asyncio.gather(*[visit() for _ in range(6)]))
    for number, start in enumerate(starts):
        assert start - began >= 0.02 * number


async def test_the_gap_outlasts_the_turn() -> None:
    gate = HostGate(workers=1, per_host=1, gap=LONG)
    async with gate.turn("a"):
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05), gate.turn("a"):
            pass
    async with gate.turn("b"):
        pass


async def test_what_belongs_to_a_request_that_has_begun_needs_no_gap() -> None:
    gate = HostGate(workers=1, per_host=1, gap=LONG)
    async with gate.turn("a"):
        pass
    async with gate.turn("a", at_once=True):
        pass


@pytest.mark.parametrize("asked_wait", [LONG, None])
async def test_those_who_wait_are_turned_away_and_those_who_come_later_are_not(asked_wait: timedelta | None) -> None:
    gate = HostGate(workers=2, per_host=1, gap=NONE)

    async def visit(host: str) -> None:
        async with gate.turn(host):
            pass

    async with gate.turn("a"):
        waiting = asyncio.create_task(visit("a"))
        await settled()
        gate.turn_away("a", asked_wait)
    with pytest.raises(Fault) as caught:
        await waiting
    assert (caught.value.kind, caught.value.retry_after) == (FailureKind.RATE_LIMITED, asked_wait)
    await visit("a")
    await visit("b")


@pytest.mark.parametrize("gap", [NONE, LONG])
async def test_who_gives_up_leaves_its_place(gap: timedelta) -> None:
    crowd = Crowd(HostGate(workers=1, per_host=1, gap=gap))
    tasks = [asyncio.create_task(crowd.visit("a")) for _ in range(5)]
    await crowd.until(1)
    await settled()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    last = asyncio.create_task(crowd.visit("a", at_once=True))
    crowd.inside.clear()
    await crowd.until(1)
    crowd.let_out()
    await last
