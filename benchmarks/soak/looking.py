"""What a process and a database hold at a moment, and whether that grows."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence


class Held(Struct, frozen=True):
    """By a process: megabytes of memory resident, file descriptors, threads, children."""

    memory: float
    files: float
    threads: float
    children: float


# How much of each may be added while it is watched, as a part of what there is, and at least.
ALLOWED = {
    "memory": (0.05, 2.0),
    "files": (0.1, 3.0),
    "threads": (0.0, 1.0),
    "children": (0.0, 1.0),
    "database": (0.1, 1.0),
}
NAMES = Held.__struct_fields__


def held(pid: int) -> Held:
    """Raises ProcessLookupError once the process has ended."""
    try:
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    except FileNotFoundError:
        status = {}
    if "VmRSS" not in status:
        raise ProcessLookupError(pid)
    return Held(
        memory=int(status["VmRSS"].split()[0]) * 1024 / 1e6,
        files=sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir()),
        threads=int(status["Threads"]),
        children=_children(pid),
    )


def _children(pid: int) -> int:
    count = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            count += len((task / "children").read_text().split())
    return count


def database_size(path: Path) -> float:
    """Megabytes, with the write-ahead log."""
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*") if file.is_file()) / 1e6


def rows(path: Path) -> dict[str, int]:
    """How many rows each table of ours has."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        names = [
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            if not name.startswith(("sqlite_", "_sqlite", "headlines_fts"))
        ]
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


class Growth(Struct, frozen=True):
    """Of one figure over the hours watched: the median, and by how much a straight line through it rises."""

    usual: float
    added: float
    highest: float
    allowed: float

    @property
    def grows(self) -> bool:
        return self.added > self.allowed


def growth(name: str, hours: Sequence[float], figures: Sequence[float]) -> Growth:
    """The line has the median of the slopes between all pairs (Theil and Sen), so that no peak tilts it."""
    usual = median(figures)
    part, least = ALLOWED[name]
    pairs = combinations(zip(hours, figures, strict=True), 2)
    slope = median((after - before) / (end - start) for (start, before), (end, after) in pairs if end > start)
    return Growth(usual, slope * (hours[-1] - hours[0]), max(figures), max(part * usual, least))
