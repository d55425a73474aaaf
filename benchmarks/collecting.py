"""Collecting, beside newsboat, sfeed, reader and rss2email: whole processes that ask all feeds once and end.

All are asked about the same feeds on loopback in turns. Each feed is at an address of its own, so `monitor` keeps its
usual manners towards hosts (two requests at once, a second apart) without being slowed by them.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.collectors import MONITOR, NEWSBOAT, READER, RSS2EMAIL, SFEED, Collector, installed
from benchmarks.newswire import CASES, newswire, urls
from benchmarks.polling import refreshes
from benchmarks.running import memory
from benchmarks.table import NOT_HERE, Table, ratio, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.newswire import Newswire
    from benchmarks.process import Run

PROGRAMS = (MONITOR, NEWSBOAT, READER, SFEED, RSS2EMAIL)
COLD = "cold load"
SLOW = "304, 180 ms a server"
LATENCY = 0.18  # seconds
THREADS = {NEWSBOAT: 8, READER: 32}  # where servers are slow
DUE_AGAIN = 1.1  # seconds after which `monitor` would ask again
BEFORE_304 = 2  # more loads; newsboat sends its ETag from the third on


@dataclass(frozen=True, slots=True)
class Size:
    """`cases` with how often each is measured; a goal is the most that monitor's wall time may be of another's."""

    feeds: int
    entries: int
    programs: tuple[str, ...]
    cases: Mapping[str, int]
    goals: Mapping[tuple[str, str], float]

    def __str__(self) -> str:
        return f"{self.feeds:,}x{self.entries}"


_CHANGED = ("same", "date", "entry")
SIZES = (
    Size(
        *(50, 30, PROGRAMS),
        {COLD: 3, "304": 5, "same": 2, "date": 2, "entry": 2},
        {(COLD, NEWSBOAT): 2.5, (COLD, READER): 0.45},
    ),
    Size(
        *(200, 50, PROGRAMS[:4]),
        {COLD: 2, "304": 5, SLOW: 3, "same": 1, "date": 1, "entry": 2},
        {(COLD, NEWSBOAT): 1.2, (COLD, READER): 0.45, ("304", NEWSBOAT): 0.6, ("304", READER): 0.6}
        | {(SLOW, NEWSBOAT): 0.4, (SLOW, READER): 0.6}
        | {(case, NEWSBOAT): 0.4 for case in _CHANGED}
        | {(case, READER): 0.15 for case in _CHANGED},
    ),
    Size(
        *(1000, 50, PROGRAMS[:4]),
        {COLD: 1, "304": 2},
        {(COLD, NEWSBOAT): 0.7, (COLD, READER): 0.45, ("304", NEWSBOAT): 0.08, ("304", READER): 0.6},
    ),
)


NOTES = (
    "Wall and CPU seconds, those of child processes too; peak memory of the largest process.",
    "Ratios are of wall time, monitor to the other, with the goal where there is one; then of CPU.",
    "monitor: `collect --once`, packaged topics, no watchlist, no rules. newsboat: `-x reload`. sfeed: sfeed_update.",
    "reader: update_feeds(scheduled=False), the feeds known to it before; rss2email: `run --no-send`.",
    "sfeed's fetch with curl sends no conditions; rss2email is left out where it takes minutes.",
    "Settings are defaults: more workers make newsboat and reader no faster on loopback.",
    "But where servers are slow, newsboat has 8 threads and reader 32 workers; monitor always has its default of 96.",
    "On a cold load monitor has a parser process of some 30 MB beside the one that is counted.",
    "The items are plain RSS; what monitor has to leave to feedparser is in the table of reading.",
    "Each feed is at an address of its own, so nobody's connections are used twice, and monitor keeps its manners.",
)


def measure() -> Iterator[Table]:
    yield memory()
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder, newswire(size.feeds, size.entries) as wire:
            yield Contest(size, wire, Path(folder)).table()


class Contest:
    """All programs that are installed, on the feeds of one size."""

    def __init__(self, size: Size, wire: Newswire, folder: Path) -> None:
        self._size = size
        self._wire = wire
        self._folder = folder
        self._feeds = urls(wire.port, size.feeds)
        self._names = [name for name in size.programs if installed(name)]
        self._programs: dict[str, Collector] = {}
        self._server_cpu = 0.0

    def table(self) -> Table:
        size = self._size
        rows = [self._row(case, self._runs(case, turns)) for case, turns in size.cases.items()]
        if size is SIZES[0]:
            inside = refreshes(self._wire, size.feeds)
            rows += [(f"{words}, in a running collector", inside[case], *[""] * 6) for case, words in CASES.items()]
        share = f"the server's own CPU: {self._server_cpu * 1000:.0f} ms for the answers of one run at most"
        return Table(
            f"Collecting {size}", ("case", *PROGRAMS, "of newsboat", "of reader"), tuple(rows), (*NOTES, share)
        )

    def _runs(self, case: str, turns: int) -> dict[str, list[Run]]:
        """What each program took, in turns."""
        runs: dict[str, list[Run]] = {name: [] for name in self._names}
        if case == "304":
            self._wire.answer("304")
            for _ in range(BEFORE_304):
                for name in self._names:
                    self._collect(name)
        for turn in range(turns):
            print(f"collecting {self._size}: {case}, {turn + 1} of {turns}", file=sys.stderr, flush=True)
            if case == COLD:
                self._begin_anew(turn)
            slow = case == SLOW
            self._wire.answer(case if case in CASES else "304", turn=turn + 1, latency=LATENCY if slow else 0.0)
            for name in self._names:
                runs[name].append(self._collect(name, THREADS.get(name) if slow else None))
        return runs

    def _begin_anew(self, turn: int) -> None:
        for name in self._names:
            self._programs[name] = Collector.of(name, self._folder / f"{name} {turn}", self._feeds)

    def _collect(self, name: str, threads: int | None = None) -> Run:
        if name == MONITOR:
            time.sleep(DUE_AGAIN)
        self._wire.used()
        run = self._programs[name].collect(threads)
        used = self._wire.used()
        if used.answers != len(self._feeds):
            raise RuntimeError(f"{name} asked {used.answers} times for {len(self._feeds)} feeds")
        self._server_cpu = max(self._server_cpu, used.cpu)
        return run

    def _row(self, case: str, runs: dict[str, list[Run]]) -> tuple[str, ...]:
        cells = [_cell(runs[name]) if name in runs else self._missing(name) for name in PROGRAMS]
        return (CASES.get(case, case), *cells, *(self._ratio(case, runs, name) for name in (NEWSBOAT, READER)))

    def _missing(self, name: str) -> str:
        return NOT_HERE if name in self._size.programs else "left out"

    def _ratio(self, case: str, runs: dict[str, list[Run]], name: str) -> str:
        if name not in runs:
            return NOT_HERE
        value = ratio([run.wall for run in runs[MONITOR]], [run.wall for run in runs[name]])
        cpu = ratio([run.cpu for run in runs[MONITOR]], [run.cpu for run in runs[name]])
        goal = self._size.goals.get((case, name))
        return f"{value:.3g}" if goal is None else verdict(value, goal) + f"; CPU {cpu:.2g}"


def _cell(runs: list[Run]) -> str:
    wall, cpu, peak = (
        median(figures) for figures in zip(*((run.wall, run.cpu, run.peak) for run in runs), strict=True)
    )
    return f"{wall:.2f} s, {cpu:.2f} CPU, {peak:.0f} MB"
