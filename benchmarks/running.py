"""The memory of a collector that runs: yfinance loaded, 200 feeds, round after round."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.newswire import newswire, urls
from benchmarks.table import Table, verdict

if TYPE_CHECKING:
    from benchmarks.newswire import Newswire

FEEDS, ENTRIES = 200, 50
GOAL = 130  # MB
ROUNDS = (2, 8, 16, 24)
SETTINGS = """\
poll: {{interval: 1s, max_interval: 1s, allow_private: true, workers: 32}}
quotes: {{interval: 1s, closed_interval: 1s, endpoint: "{exchange}"}}
watchlist: [{{name: Chips, tickers: [{{symbol: NVDA}}, {{symbol: AVGO}}, {{symbol: ORCL}}]}}]
rules: []
alerts: {{sinks: []}}
feeds:
{feeds}
"""


def memory() -> Table:
    """A row a look; the goal is for the last."""
    with tempfile.TemporaryDirectory() as folder, newswire(FEEDS, ENTRIES) as wire:
        exchange_command = [sys.executable, "-m", "monitor.demo.servers", "--wall-start", str(time.time())]
        with subprocess.Popen(exchange_command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as exchange:
            assert exchange.stdout is not None
            address = json.loads(exchange.stdout.readline())["exchange"]
            lines = "\n".join(
                f"  - {{url: '{url}', name: Feed {number}}}" for number, url in enumerate(urls(wire.port, FEEDS))
            )
            settings = Path(folder) / "feeds.yaml"
            settings.write_text(SETTINGS.format(exchange=address, feeds=lines), encoding="utf-8")
            with subprocess.Popen(_command(settings), env=os.environ | {"HOME": folder}) as collector:
                try:
                    rows = [_look(wire, collector.pid, before + 1, last) for before, last in pairwise((0, *ROUNDS))]
                finally:
                    collector.kill()
                    exchange.kill()
    resident = float(rows[-1][1].split()[0])
    return Table(
        f"Memory of a collector with {FEEDS}x{ENTRIES} feeds and quotes",
        ("after", "resident", f"goal, at most {GOAL} MB"),
        (*rows[:-1], (*rows[-1][:2], verdict(resident, GOAL))),
        ("In every round each feed has a new entry, and the quotes come from an exchange on loopback.",),
    )


def _command(settings: Path) -> list[str | Path]:
    log = settings.with_name("log")
    files = ("--config", settings, "--db", settings.with_name("monitor.db"), "--log", log)
    return [sys.executable, "-m", "monitor", "collect", *files]


def _look(wire: Newswire, pid: int, first: int, last: int) -> tuple[str, str, str]:
    """The memory after the rounds from `first` to `last`, in each of which every feed was asked and brought news."""
    for turn in range(first, last + 1):
        print(f"memory: round {turn} of {ROUNDS[-1]}", file=sys.stderr, flush=True)
        wire.answer("entry", turn=turn)
        answers = 0
        while answers < FEEDS:
            time.sleep(0.2)
            answers += wire.used().answers
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    resident = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return (f"{last} rounds", f"{resident * 1024 / 1e6:.0f} MB", "")
