"""What the system, a second reader and a follower of the output see of a collector that runs (Linux: /proc)."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

from tests.collecting import Desk, until

MIB = 2**20


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def memory(pid: int, what: str = "VmRSS") -> int:
    """Bytes; `what` is VmRSS (now) or VmHWM (the most there ever was). 0 once it has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{what}:"):
                return int(line.split()[1]) * 1024
    return 0


def children(pid: int) -> list[int]:
    """The processes that it started and that are still there."""
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def rows(database: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What a second program reads there now; nothing while there is no database that could be read."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error:
        return []


def titles(desk: Desk) -> set[str]:
    return {title for (title,) in rows(desk.database, "SELECT title FROM headlines")}


async def status(desk: Desk) -> tuple[int, dict[str, Any]]:
    """`monitor status --json`: its exit status and what it says."""
    code, output, complaints = await desk.run("status", "--json")
    assert complaints == ""
    report: dict[str, Any] = json.loads(output)
    return code, report


async def feed_report(desk: Desk) -> dict[str, dict[str, Any]]:
    """What `monitor status` says of each feed, by its name."""
    _, report = await status(desk)
    return {feed["name"]: feed for feed in report["feeds"]}


class Tail:
    """`monitor tail --json` from now on, read as it comes."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.titles: set[str] = set()
        self.alerts: list[dict[str, Any]] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            event = json.loads(line)
            if event["type"] == "headline":
                self.titles.add(event["title"])
            else:
                self.alerts.append(event)

    async def end(self) -> None:
        self.process.terminate()
        await self._reading
        await self.process.wait()


@asynccontextmanager
async def following(desk: Desk) -> AsyncIterator[Tail]:
    """A tail that has printed the last one that was there; there must be one, or come one."""
    tail = Tail(await desk.start("tail", "--json", "-n", "1"))
    try:
        await until(lambda: tail.titles or tail.alerts)
        yield tail
    finally:
        await tail.end()
