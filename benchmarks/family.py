"""What a program and all that it has started use at this moment, from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Used:
    """`cpu` in seconds since each began; `memory` in bytes, what several processes share divided among them."""

    cpu: float
    memory: int


def used(*pids: int) -> Used:
    """Of these processes together; one that has ended counts as nothing."""
    cpu, memory = 0.0, 0
    for pid in pids:
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            memory += next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return Used(cpu, memory)


def descendants(pid: int) -> list[int]:
    """The processes that `pid` has started, those that they have started, and so on."""
    found = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *descendants(int(child))]
    return found
