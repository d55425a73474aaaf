"""How long a command takes to start."""

from __future__ import annotations

import subprocess
import sys
import time


def measure() -> list[tuple[str, str]]:
    return [
        (f"monitor {' '.join(arguments)}", f"{_median(arguments) * 1000:.0f} ms wall")
        for arguments in (("--help",), ("check",), ("status", "--db", "/nonexistent/monitor.db"))
    ] + [("python -c pass", f"{_median(None) * 1000:.0f} ms wall")]


def _median(arguments: tuple[str, ...] | None, times: int = 9) -> float:
    command = [sys.executable, "-c", "pass"] if arguments is None else [sys.executable, "-m", "monitor", *arguments]
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False)
        taken.append(time.perf_counter() - started)
    return sorted(taken)[times // 2]
