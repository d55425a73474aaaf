"""Run a command to its end: how long it took, what CPU it and its children used, and how much memory at most."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# A child is charged with the memory of whoever started it, at its start: so that is a process of next to nothing.
_STARTER = """
import json, os, sys, time
log, *command = sys.argv[1:]
out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
quiet = [(os.POSIX_SPAWN_DUP2, out, 1), (os.POSIX_SPAWN_DUP2, out, 2)]
quiet.insert(0, (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0))
began = time.perf_counter()
pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime, used.ru_maxrss]))
"""


@dataclass(frozen=True, slots=True)
class Run:
    """`wall` and `cpu` in seconds, `cpu` with that of children; `peak` in MB, of the largest of its processes."""

    wall: float
    cpu: float
    peak: float


class Failed(Exception):
    """A command that should have gone well did not; with the end of what it said."""


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], log: Path, good: Sequence[int] = (0,)) -> Run:
    """Run `command`, an absolute path and its arguments, with its output in `log`. Raises Failed."""
    arguments = [sys.executable, "-I", "-S", "-c", _STARTER, str(log), *map(str, command)]
    said = subprocess.run(arguments, env=dict(environment), capture_output=True, text=True, check=True).stdout
    status, wall, cpu, peak = json.loads(said)
    if status not in good:
        raise Failed(f"{' '.join(map(str, command))}: status {status}: {log.read_text(errors='replace')[-2000:]}")
    return Run(wall, cpu, peak * 1024 / 1e6)
