"""What quotes cost to fetch: requests and processor time of a round, our way beside those that yfinance documents.

All of it is real: yfinance, curl and TLS, to a Yahoo on loopback that counts what it is asked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.quote_ways import DOCUMENTED, OURS
from benchmarks.table import Table, verdict
from benchmarks.yahoo import Yahoo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TICKERS = (40, 200)
ROUNDS = {OURS: 20}  # the others are slow enough for one
FOR_MANY = (OURS, *list(DOCUMENTED)[:2])  # the ways that are still tried with more than 40
REQUESTS, OWN = 1, 2.0  # goals at 40 tickers: the most of requests, and of ms of our own


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a round: requests, ms of processor time of the process, and of those neither yfinance's nor curl's."""

    requests: float
    whole: float
    own: float
    loading: float


def measure() -> list[Table]:
    symbols = [f"T{number:03d}" for number in range(max(TICKERS))]
    with tempfile.TemporaryDirectory() as folder, Yahoo(Path(folder) / "yahoo", symbols) as yahoo:
        return [_table(yahoo, Path(folder), symbols[:count]) for count in TICKERS]


def _table(yahoo: Yahoo, folder: Path, symbols: Sequence[str]) -> Table:
    few = len(symbols) == min(TICKERS)
    ways = (OURS, *DOCUMENTED) if few else FOR_MANY
    costs = {way: _cost(way, yahoo, folder / f"{len(symbols)} {way}", symbols) for way in ways}
    ours = costs[OURS]
    rows = [
        (
            way,
            f"{cost.requests:g}",
            f"{cost.whole:,.1f}" + (f", {cost.own:.2f} our own" if way == OURS else ""),
            f"{cost.whole / ours.whole:,.1f}",
            f"{cost.loading:,.0f}",
        )
        for way, cost in costs.items()
    ]
    notes: tuple[str, ...] = (
        "After a first round, which cookies, crumbs and time zones come from. Our own: neither yfinance's nor curl's.",
        "yfinance's ways give neither the session nor the prices outside hours, but for .info.",
    )
    if few:
        goals = f"requests {verdict(ours.requests, REQUESTS)}; ms of our own {verdict(ours.own, OWN)}"
        notes = (f"Goals: {goals}.", *notes)
    columns = ("way", "requests", "CPU ms a round", "times ours", "CPU ms to load")
    return Table(f"Quotes of {len(symbols)} tickers", columns, tuple(rows), notes)


def _cost(way: str, yahoo: Yahoo, home: Path, symbols: Sequence[str]) -> Cost:
    print(f"quotes: {len(symbols)} by {way}", file=sys.stderr, flush=True)
    rounds = ROUNDS.get(way, 1)
    with _client(way, yahoo, home, symbols) as client:
        loading = _answer(client)["whole"]
        _round(client, len(symbols))
        before = yahoo.seen().total()
        taken = [_round(client, len(symbols)) for _ in range(rounds)]
        requests = (yahoo.seen().total() - before) / rounds
    whole, own = (median(each[what] for each in taken) * 1000 for what in ("whole", "own"))
    return Cost(requests, whole, own, loading * 1000)


@contextmanager
def _client(way: str, yahoo: Yahoo, home: Path, symbols: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """With a cache of its own, so that no way finds what another has asked for."""
    home.mkdir()
    environment = {**os.environ, **yahoo.environment, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    command = [sys.executable, "-m", "benchmarks.quote_ways", way, str(home / "monitor"), *symbols]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _round(client: subprocess.Popen[str], expected: int) -> dict[str, float]:
    assert client.stdin is not None
    client.stdin.write("\n")
    client.stdin.flush()
    answer = _answer(client)
    if not answer["found"]:
        raise RuntimeError(f"no quotes: {answer} instead of {expected}")
    return answer


def _answer(client: subprocess.Popen[str]) -> dict[str, float]:
    assert client.stdout is not None
    answer: dict[str, float] = json.loads(client.stdout.readline())
    return answer
