"""The collector's own cost of polling, measured inside of it: fetch, parse, decide and commit."""

from __future__ import annotations

import asyncio
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import newswire
from benchmarks.newswire import CASES
from benchmarks.table import Table
from monitor.clock import Clock
from monitor.collector.feeds import FeedDesk
from monitor.collector.recorder import Recorder
from monitor.collector.results import Polled, Result
from monitor.config import PollSettings, Settings
from monitor.models import Feed
from monitor.sources.fetch import FeedClient
from monitor.sources.parsers import ParserPool
from monitor.store.writer import Writer

if TYPE_CHECKING:
    from benchmarks.newswire import Newswire

FEEDS, ENTRIES = 200, 50
A_MINUTE = 60.0
WARM_UP, TIMES = 2, 3


def measure() -> list[Table]:
    with newswire.newswire(FEEDS, ENTRIES) as wire:
        costs = {case: cost(wire, case, FEEDS) for case in CASES}
    rows = [
        (words, f"{costs[case][0]:.2f} s", f"{costs[case][1]:.2f} s", f"{costs[case][0] / A_MINUTE * 100:.1f} %")
        for case, words in CASES.items()
    ]
    columns = ("case", "CPU", "wall", "of a core, once a minute")
    return [Table(f"Polling {FEEDS}x{ENTRIES} in a running collector", columns, tuple(rows))]


def refreshes(wire: Newswire, feeds: int) -> dict[str, str]:
    """What one more poll of all feeds takes in a running collector, by case, as a cell."""
    costs = {case: cost(wire, case, feeds) for case in CASES}
    return {case: f"{wall:.2f} s, {cpu:.2f} CPU" for case, (cpu, wall) in costs.items()}


def cost(wire: Newswire, case: str, feeds: int) -> tuple[float, float]:
    """Median CPU and wall seconds of polling all feeds once, after a first load and a warm-up."""
    return asyncio.run(_polls(wire, case, newswire.urls(wire.port, feeds)))


async def _polls(wire: Newswire, case: str, urls: list[str]) -> tuple[float, float]:
    feeds = tuple(Feed(url=url, name=f"Feed {number}") for number, url in enumerate(urls))
    poll = PollSettings(allow_private=True, host_gap=timedelta(0))
    settings = Settings(file="benchmark", feeds=feeds, poll=poll)
    figures = []
    with tempfile.TemporaryDirectory() as folder, Writer.open(Path(folder) / "b.db") as writer:
        recorder = Recorder(writer, settings, Clock(), [])
        async with FeedClient(poll, user_agent=poll.user_agent) as client, ParserPool() as parsers:
            results: asyncio.Queue[Result] = asyncio.Queue()
            desk = FeedDesk(feeds, recorder.states, client, parsers, results, Clock(), workers=poll.workers)
            for turn in range(WARM_UP + TIMES):
                wire.answer(case, turn=turn)
                figures.append(await _poll_once(desk, recorder, results, len(feeds)))
    cpu, wall = zip(*figures[WARM_UP:], strict=True)
    return median(cpu), median(wall)


async def _poll_once(
    desk: FeedDesk, recorder: Recorder, results: asyncio.Queue[Result], left: int
) -> tuple[float, float]:
    before, started = _cpu(), time.perf_counter()
    desk.hurry(None)
    asking = asyncio.create_task(desk.once())
    while left:
        batch = [await results.get()]
        while not results.empty():
            batch.append(results.get_nowait())
        recorder.record(batch)
        for result in batch:
            assert isinstance(result, Polled)
            desk.recorded(result.feed.url)
        left -= len(batch)
    await asking
    return _cpu() - before, time.perf_counter() - started


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
