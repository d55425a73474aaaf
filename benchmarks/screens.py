"""What a screen costs, `monitor` beside stocksTUI, stonks-cli and newsboat: each in the same terminal, with the same
quotes from the same Yahoo on loopback, whose prices move when told to.
"""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from benchmarks.family import descendants, used
from benchmarks.newswire import newswire
from benchmarks.peers import peer
from benchmarks.screen_programs import (
    ENTRIES,
    EVERY,
    FEEDS,
    MONITOR,
    NAMES,
    NEWSBOAT,
    STOCKSTUI,
    STONKS,
    SYMBOLS,
    Program,
    programs,
)
from benchmarks.table import NOT_HERE, Table, ratio, verdict
from benchmarks.yahoo import Yahoo
from tests.terminal import WITHIN, Terminal, TimedOutError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


STARTS = 3
CHANGES = 3
KEYS = 30
IDLE = 60.0  # seconds
SETTLES = 1.5  # seconds, after a price has changed: stocksTUI lets it flash for 0.8
FIRST_PAINT, BYTES = 0.5, 0.1  # goals: the most that we may need of what the others need
WITH_QUOTES = (STOCKSTUI, STONKS)

Series = dict[str, list[float]]
T = TypeVar("T")


def measure() -> list[Table]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yahoo = stack.enter_context(Yahoo(folder / "yahoo", SYMBOLS))
        wire = stack.enter_context(newswire(FEEDS, ENTRIES))
        them = programs(folder, yahoo.environment, wire.port)
        _say("once each, so that what is kept between runs is there")
        _prime(them, yahoo)
        rows = _starts(them, yahoo)
        running = {name: stack.enter_context(program.start()) for name, program in them.items()}
        rows += [
            *_side_by_side(them, running, yahoo),
            _row("key to its first byte, ms: median, 95th percentile", _keys(them, running), _tail),
        ]
    return [Table("Screens at 120x40", ("what", *NAMES, "ours to stocksTUI's, stonks-cli's"), tuple(rows), NOTES)]


NOTES = (
    f"Every program asks for {len(SYMBOLS)} quotes every {EVERY} s; they trade at all hours. Animations as shipped.",
    "First paint: until the title or its like was written; then the first symbol, of newsboat the first feed's title.",
    "Each has run once before: stocksTUI, newsboat and monitor show what they have stored, stonks-cli only symbols.",
    "A live price: until a price that has changed since the last run was on the screen.",
    "Without a change: bytes and how many times something was written; ours may do so once, when the minute turns.",
    f"A changed quote: what is written at the time when it appears and within {SETTLES} s after.",
    "Keys move the cursor; the other programs stand still meanwhile. An answer may be a repaint that came by chance.",
    "newsboat has no quotes. Memory: what processes share is divided among them.",
)


def _prime(them: Mapping[str, Program], yahoo: Yahoo) -> None:
    for program in them.values():
        if program.has_quotes:
            price = yahoo.move(SYMBOLS[-1])[SYMBOLS[-1]]
            with program.start() as terminal:
                terminal.painted(_shown(price))
                terminal.wait_quiet(1.0)
                terminal.press("q")
                terminal.wait_end()


def _starts(them: Mapping[str, Program], yahoo: Yahoo) -> list[tuple[str, ...]]:
    titles, marks, spent, lives = _empty(them), _empty(them), _empty(them), _empty(them)
    for turn in range(STARTS):
        _say(f"first paint, turn {turn + 1} of {STARTS}")
        for name, program in them.items():
            price = yahoo.move(SYMBOLS[0])[SYMBOLS[0]]
            with program.start() as terminal:
                titles[name].append(terminal.painted(program.title))
                marks[name].append(terminal.painted(program.mark))
                spent[name].append(terminal.usage().seconds)
                if program.has_quotes:
                    lives[name].append(terminal.painted(_shown(price)))
    quoted = {name: seconds for name, seconds in lives.items() if seconds}
    return [
        _row("first paint, ms", titles, _milliseconds, _ratios(titles, FIRST_PAINT)),
        _row("the first symbol, ms", marks, _milliseconds, _ratios(marks, FIRST_PAINT)),
        _row("ms of processor time of the screen by then", spent, _milliseconds, _ratios(spent)),
        _row("a live price, ms", quoted, _milliseconds, _ratios(quoted)),
    ]


def _side_by_side(them: Mapping[str, Program], running: Mapping[str, Terminal], yahoo: Yahoo) -> list[tuple[str, ...]]:
    """All at once, because none of this depends on how fast the machine is."""
    _say(f"nothing changes for {IDLE:g} s")
    quoted = {name: terminal for name, terminal in running.items() if them[name].has_quotes}
    changed = yahoo.move(*SYMBOLS)
    _each(quoted, lambda terminal: terminal.painted(_shown(changed[SYMBOLS[-1]])))
    _each(running, lambda terminal: terminal.bursts(SETTLES + EVERY))
    before = {name: _cpu(terminal) for name, terminal in running.items()}
    idle = _each(running, lambda terminal: terminal.bursts(IDLE))
    cpu = {name: [_cpu(terminal) - before[name]] for name, terminal in running.items()}
    memory = {name: _memory(terminal) for name, terminal in running.items()}
    one, every = _changes(quoted, yahoo, 1), _changes(quoted, yahoo, len(SYMBOLS))
    return [
        _row(
            f"bytes in {IDLE:g} s without a change",
            {name: [float(count) for count in counts] for name, counts in idle.items()},
            lambda counts: f"{sum(counts):,.0f} in {len(counts)}",
            f"{verdict(len(idle[MONITOR]), 1)} times",
        ),
        _row("processor seconds in those, with the collector", cpu, lambda spent: f"{spent[0]:.2f}", _ratios(cpu)),
        _row("bytes a changed quote", one, _bytes, _ratios(one, BYTES)),
        _row(f"bytes a quote when all {len(SYMBOLS)} change", every, _bytes, _ratios(every)),
        _row(
            "memory, MB: the screen, its collector", memory, lambda parts: " + ".join(f"{part:.0f}" for part in parts)
        ),
    ]


def _changes(quoted: Mapping[str, Terminal], yahoo: Yahoo, symbols: int) -> Series:
    """Bytes for each of so many symbols when they change at once, by program."""
    costs = _empty(quoted)
    for turn in range(CHANGES):
        _say(f"{symbols} quotes change, turn {turn + 1} of {CHANGES}")
        prices = yahoo.move(*SYMBOLS[1 : symbols + 1])
        shown = _shown(prices[SYMBOLS[1]])
        for name, cost in _each(quoted, partial(_change, shown=shown)).items():
            costs[name].append(cost / len(prices))
    return costs


def _change(terminal: Terminal, shown: bytes) -> int:
    """What comes in one go with `shown` in it, and soon after it."""
    deadline = time.monotonic() + WITHIN
    start = terminal.received
    while shown not in terminal.raw[start:]:
        if time.monotonic() > deadline:
            raise TimedOutError(f"no {shown!r} within {WITHIN:g} s:\n{terminal.text()}")
        start = terminal.received
        terminal.wait_quiet()
    return terminal.received - start + sum(terminal.bursts(SETTLES))


def _keys(them: Mapping[str, Program], running: Mapping[str, Terminal]) -> Series:
    """Seconds, while the others stand still."""
    answers: Series = {}
    for name, terminal in running.items():
        _say(f"keys, {name}")
        others = [other for other in running.values() if other is not terminal]
        for other in others:
            other.signal(signal.SIGSTOP)
        for key in (*them[name].focus, them[name].keys[0], them[name].keys[0]):  # away from the top: no key is idle
            terminal.press(key)
            terminal.bursts(1.0)
        answers[name] = [_answer(terminal, them[name].keys, turn) for turn in range(KEYS)]
        for other in others:
            other.signal(signal.SIGCONT)
    return answers


def _answer(terminal: Terminal, keys: tuple[str, str], turn: int) -> float:
    """Not all at the same distance, or they could keep step with what the program does by itself."""
    terminal.bursts(0.05 + turn % 7 / 100)
    return terminal.latency(keys[turn % 20 // 10])


def _each(running: Mapping[str, Terminal], read: Callable[[Terminal], T]) -> dict[str, T]:
    """Read all terminals at the same time, or those that nobody reads would be held up."""
    with ThreadPoolExecutor(len(running)) as threads:
        return dict(zip(running, threads.map(read, running.values()), strict=True))


def _cpu(terminal: Terminal) -> float:
    pid = terminal.process.pid
    return used(pid, *descendants(pid)).cpu


def _memory(terminal: Terminal) -> list[float]:
    pid = terminal.process.pid
    others = descendants(pid)
    return [used(pid).memory / 1e6, *([used(*others).memory / 1e6] if others else [])]


def _shown(price: float) -> bytes:
    return f"{price:.2f}".encode()


def _row(
    what: str, series: Mapping[str, Sequence[float]], text: Callable[[Sequence[float]], str], compared: str = ""
) -> tuple[str, ...]:
    missing = {name: "no quotes" if name == NEWSBOAT and peer("newsboat") else NOT_HERE for name in NAMES}
    return what, *(text(series[name]) if name in series else missing[name] for name in NAMES), compared


def _ratios(series: Mapping[str, Sequence[float]], goal: float | None = None) -> str:
    found = [ratio(series[MONITOR], series[name]) for name in WITH_QUOTES if name in series]
    return "; ".join(f"{value:.3g}" if goal is None else verdict(value, goal) for value in found)


def _milliseconds(seconds: Sequence[float]) -> str:
    return f"{median(seconds) * 1000:.0f}"


def _tail(seconds: Sequence[float]) -> str:
    return f"{median(seconds) * 1000:.1f}, {sorted(seconds)[len(seconds) * 95 // 100] * 1000:.1f}"


def _bytes(counts: Sequence[float]) -> str:
    return f"{median(counts):,.0f}"


def _empty(names: Iterable[str]) -> Series:
    return {name: [] for name in names}


def _say(step: str) -> None:
    print(f"screens: {step}", file=sys.stderr, flush=True)
