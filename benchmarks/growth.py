"""How the cost grows: with feeds, with tickers, and with viewers of one database."""

from __future__ import annotations

import json
import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Self

from benchmarks import newswire
from benchmarks.polling import cost
from benchmarks.table import Table, ratio, verdict
from monitor.clock import Clock
from monitor.collector.recorder import Recorder
from monitor.collector.results import Quoted
from monitor.config import Settings
from monitor.models import Comparison, Measure, Move, Quote, QuoteLevel, Quotes, Rule, Session, Severity
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.full_database import POLLS, FullDatabase
from tests.terminal import Terminal

FEEDS, ENTRIES = (10, 100, 1000, 5000), 5
TICKERS = (10, 100, 500)
RULES = 20
QUOTE_ROUNDS = 40
VIEWERS = (1, 10, 50)
HEADLINES = 20_000
STEADY, FLOOD = 2, 200  # headlines a second
TURNS = 3
WATCHED = 6.0  # seconds of each turn, without the viewers and with them
CAUGHT_UP = 2.0  # seconds after which viewers have read what came while they were held
ASKED = 4  # viewers whose keys are pressed
APART = 0.15  # seconds between two keys
COLLECTOR_GOAL = 1.1  # times its CPU without viewers
ANSWER_GOAL = 30.0  # ms, the median


def measure() -> list[Table]:
    return [_feeds(), _tickers(), _viewers()]


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


# Feeds


def _feeds() -> Table:
    rows = []
    for feeds in FEEDS:
        _say(f"polling {feeds:,} feeds")
        command = [sys.executable, "-m", "benchmarks.growth", str(feeds)]
        said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        cpu = float(said["cpu"])
        each = f"{cpu / feeds * 1000:.2f} ms"
        rows.append((f"{feeds:,}", f"{cpu:.2f} s", each, f"{said['wall']:.2f} s", f"{said['memory']:.0f} MB"))
    return Table(
        "Growth with feeds",
        ("feeds", "CPU of a round of polls", "a feed", "wall", "memory"),
        tuple(rows),
        (f"Everything answered by 304, in a running collector without quotes; {ENTRIES} entries a feed.",),
    )


def main() -> None:
    """In a process of its own, so that its memory is that of these feeds."""
    feeds = int(sys.argv[1])
    with newswire.newswire(feeds, ENTRIES) as wire:
        cpu, wall = cost(wire, "304", feeds)
    print(json.dumps({"cpu": cpu, "wall": wall, "memory": resident("self")}))


def resident(pid: int | str) -> float:
    """In MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


# Tickers


def _tickers() -> Table:
    rows = []
    for tickers in TICKERS:
        _say(f"quotes of {tickers} tickers")
        cpu = _quote_round(tickers)
        rows.append((str(tickers), f"{cpu * 1000:.2f} ms", f"{cpu / tickers * 1e6:.0f} µs"))
    return Table(
        "Growth with tickers",
        ("tickers", "CPU of a quote round", "a ticker"),
        tuple(rows),
        (f"Recording the quotes and their bars and judging {RULES} rules on all of them, with the commit; medians.",),
    )


def _quote_round(tickers: int) -> float:
    symbols = tuple(f"T{number}" for number in range(tickers))
    settings = Settings(file="benchmark", feeds=(), rules=_rules(symbols))
    clock, chance, taken = Clock(), random.Random(27), []
    with tempfile.TemporaryDirectory() as folder, Writer.open(Path(folder) / "b.db") as writer:
        recorder = Recorder(writer, settings, clock, [])
        for _ in range(QUOTE_ROUNDS):
            now = clock.now()
            quotes = tuple(
                Quote(
                    symbol=symbol,
                    price=100 + chance.uniform(-2, 2),
                    traded_at=now,
                    session=Session.REGULAR,
                    fetched_at=now,
                    base_close=100.0,
                )
                for symbol in symbols
            )
            quoted = Quoted(symbols, Quotes(quotes=quotes, unknown=(), latency=timedelta(seconds=0.1)), now)
            before = time.process_time()
            recorder.record([quoted])
            taken.append(time.process_time() - before)
    return median(taken)


def _rules(symbols: tuple[str, ...]) -> tuple[Rule, ...]:
    """None of them fires: that is another thing to measure."""
    limits = (Comparison(at_most=-10 - number / 20) for number in range(RULES))
    return tuple(
        Rule(
            name=f"rule {number}",
            severity=Severity.INFO,
            when=Move(symbols=symbols, minutes=15, limit=limit)
            if number % 2
            else QuoteLevel(symbols=symbols, measure=Measure.CHANGE, limit=limit),
        )
        for number, limit in enumerate(limits)
    )


# Viewers


class Crowd:
    """Viewers at terminals that read what they write; those that are `asked` are read by whoever asks them."""

    def __init__(self, path: Path, home: Path) -> None:
        self._command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", path]
        self._home = home
        self._all = ExitStack()
        self.terminals: list[Terminal] = []
        self.asked: Terminal | None = None
        self._over = threading.Event()
        self._reading = threading.Thread(target=self._read)

    def __enter__(self) -> Self:
        self._reading.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._reading.join()
        self._all.close()

    def grow(self, to: int) -> None:
        """So many in all, each of an account of its own."""
        while len(self.terminals) < to:
            environment = {"HOME": str(self._home / str(len(self.terminals)))}
            terminal = self._all.enter_context(Terminal(self._command, environment=environment))
            terminal.wait_for("median move")
            self.terminals.append(terminal)

    def seconds(self) -> float:
        """Of processor time, of all of them, so far."""
        return sum(_spent(terminal.process.pid) for terminal in self.terminals)

    @contextmanager
    def held(self) -> Iterator[None]:
        """In the block no viewer runs."""
        for terminal in self.terminals:
            os.kill(terminal.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for terminal in self.terminals:
                os.kill(terminal.process.pid, signal.SIGCONT)

    def _read(self) -> None:
        """Draws nothing: that would cost more than the viewers do."""
        while not self._over.is_set():
            masters = [terminal.master for terminal in self.terminals if terminal is not self.asked]
            for master in select.select(masters, [], [], APART)[0]:
                os.read(master, 65_536)


def _viewers() -> Table:
    rows = []
    with (
        tempfile.TemporaryDirectory(prefix="monitor-growth-") as folder,
        FullDatabase(Path(folder) / "monitor.db", HEADLINES) as database,
        Crowd(database.path, Path(folder)) as crowd,
    ):
        for viewers in VIEWERS:
            crowd.grow(viewers)
            _watched(database, crowd, FLOOD)  # until all is warm
            for a_second in (STEADY, FLOOD):
                _say(f"{viewers} viewers, {a_second} headlines a second")
                rows.append((str(viewers), str(a_second), *_beside(database, crowd, a_second)))
    return Table(
        "Growth with viewers of one database",
        (
            *("viewers", "headlines a second", "collector, CPU a poll", "of itself without them"),
            *("a viewer, of a core", "all viewers, of a core", "key to repaint, median ms", "90th percentile"),
        ),
        tuple(rows),
        (
            f"{os.cpu_count()} cores for all of it. Each viewer, at 120x40, shows the newest and draws what is new.",
            f"{STEADY} a second come one by one with a quote each, {FLOOD} in {POLLS} polls a second.",
            f"Without them: {TURNS} times, in turns, all viewers are held for {WATCHED:g} s (SIGSTOP).",
            f"Keys go to {ASKED} of the viewers in turns.",
        ),
    )


def _beside(database: FullDatabase, crowd: Crowd, a_second: int) -> tuple[str, ...]:
    """What the collector and the viewers cost, and how long keys waited, as cells."""
    alone, beside, screens, answers = [], [], [], []
    for _ in range(TURNS):
        with crowd.held():
            alone.append(_watched(database, None, a_second)[0])
        time.sleep(CAUGHT_UP)
        collector, of_a_core, taken = _watched(database, crowd, a_second)
        beside.append(collector)
        screens.append(of_a_core)
        answers += taken
    return (
        f"{median(beside) * 1000:.2f} ms",
        verdict(ratio(beside, alone), COLLECTOR_GOAL),
        f"{median(screens) / len(crowd.terminals) * 100:.1f} %",
        f"{median(screens) * 100:.0f} %",
        *_answered(answers),
    )


def _watched(database: FullDatabase, crowd: Crowd | None, a_second: int) -> tuple[float, float, list[float]]:
    """While headlines arrive: the collector's CPU seconds a poll, the viewers' a second, and how long keys waited."""
    seconds = crowd.seconds if crowd else float
    over = threading.Event()
    feeding = threading.Thread(target=_feed if a_second == STEADY else _pour, args=(database, over))
    with closing(Reader.open(database.path)) as reader:
        stored, collector, screens = reader.newest().headline, _spent(database.pid), seconds()
        began = time.monotonic()
        feeding.start()
        answers = _answers(crowd, began + WATCHED) if crowd else []
        over.wait(max(0.0, began + WATCHED - time.monotonic()))
        over.set()
        feeding.join()
        polls = (reader.newest().headline - stored) / (1 if a_second == STEADY else FLOOD // POLLS)
    lasted = time.monotonic() - began
    return (_spent(database.pid) - collector) / polls, (seconds() - screens) / lasted, answers


def _feed(database: FullDatabase, over: threading.Event) -> None:
    while not over.wait(1 / STEADY):
        database.headlines()
        database.quote("NVDA")


def _pour(database: FullDatabase, over: threading.Event) -> None:
    database.flood(FLOOD)
    over.wait()
    database.headlines()


def _answers(crowd: Crowd, until: float) -> list[float]:
    """Of some of the viewers in turns, those that came last among them: seconds from key to repaint."""
    chosen = crowd.terminals[-ASKED:]
    taken: list[float] = []
    turn = 0
    while chosen and time.monotonic() < until:
        terminal = crowd.asked = chosen[turn % len(chosen)]
        time.sleep(APART)  # nobody else reads it now
        terminal.wait_quiet(0.02, within=0.5)
        taken.append(terminal.latency("j" if turn // len(chosen) % 20 < 10 else "k", mark=b">"))
        crowd.asked = None
        turn += 1
    return taken


def _answered(answers: list[float]) -> tuple[str, str]:
    if not answers:
        return "", ""
    answers.sort()
    middle, late = answers[len(answers) // 2] * 1000, answers[len(answers) * 9 // 10] * 1000
    return verdict(middle, ANSWER_GOAL), f"{late:.0f} ms"


def _spent(pid: int) -> float:
    """Seconds of processor time, to the nanosecond, of a process's threads."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


if __name__ == "__main__":
    main()
