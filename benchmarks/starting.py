"""How long a command takes from its start to its end, beside Python's own start."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.process import run
from benchmarks.table import Table

COMMANDS = (("--help",), ("check",), ("status", "--db", "/nonexistent/monitor.db"))
TIMES = 9


def measure() -> list[Table]:
    commands = [[sys.executable, "-c", "pass"], *([sys.executable, "-m", "monitor", *each] for each in COMMANDS)]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"HOME": folder}
        turns = [
            [run(command, environment=environment, log=Path(folder) / "log", good=(0, 3)) for command in commands]
            for _ in range(TIMES)
        ]
    rows = []
    for command, runs in zip(commands, zip(*turns, strict=True), strict=True):
        wall, cpu = median(run.wall for run in runs), median(run.cpu for run in runs)
        rows.append((" ".join(["python", *command[1:]]), f"{wall * 1000:.0f} ms", f"{cpu * 1000:.0f} ms"))
    return [Table("Starting a command", ("command", "wall", "CPU"), tuple(rows))]
