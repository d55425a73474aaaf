"""What the screen costs at 120x40 with 100,000 headlines stored: the first paint, bytes on the wire, memory, waiting.

Bytes are those of 256 colours. The smallest app is a Textual app with one Static, started in turns with ours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.table import Table, ratio, verdict
from tests.full_database import MANY, FullDatabase
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STARTS = 8
KEYS = 300
CHANGES = 5
A_SECOND = 200  # headlines
# The most that each may be: times the smallest app, bytes, ms, MB.
PAINT, ROW, HEADLINE, CURSOR, SCROLLED_AWAY, ANSWER, MEMORY = 1.3, 350, 8000, 900, 500, 30, 60

Row = tuple[str, str, str]


def measure() -> list[Table]:
    with tempfile.TemporaryDirectory() as folder, FullDatabase(Path(folder) / "monitor.db") as database:
        rows = [*_first_paint(database, Path(folder))]
        with _viewer(database, Path(folder) / "home") as terminal:
            terminal.wait_for("median move")
            terminal.wait_for("Headlines 100,")
            terminal.wait_quiet(1.5)
            memory = terminal.usage().resident / 1e6
            rows += _bytes(terminal, database)
            rows += _answers(terminal, database)
            after = terminal.usage().resident / 1e6
    rows.append(("memory of the screen, MB resident", f"{memory:.1f}; {after:.1f} in the end", verdict(memory, MEMORY)))
    return [Table(f"The screen with {MANY:,} headlines stored", ("what", "cost", "goal"), tuple(rows), NOTES)]


NOTES = (
    f"First paint: until DeepSeek was written, {STARTS} starts in turns with a Textual app of one Static.",
    f"Keys: from the key to the cursor's mark, {KEYS} of them; headlines are written by another process, niced.",
    "Bytes of a quote: what is reckoned from all quotes changes with it, each changed row counts.",
)


def _viewer(database: FullDatabase, home: Path) -> Terminal:
    command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", database.path]
    return Terminal(command, environment={"HOME": str(home)}, synchronized=True)


def _first_paint(database: FullDatabase, folder: Path) -> Iterator[Row]:
    """Wall and processor time; the second is what other programs on the machine lengthen least."""
    smallest, ours = [], []
    for turn in range(STARTS):
        with Terminal([sys.executable, "-m", "tests.smallest_app"]) as terminal:
            smallest.append((terminal.painted(b"Smallest"), terminal.usage().seconds))
        with _viewer(database, folder / f"home {turn}") as terminal:
            ours.append((terminal.painted(b"DeepSeek"), terminal.usage().seconds))
    for place, what in enumerate(("first paint, ms", "first paint, ms of processor time")):
        our, their = [times[place] for times in ours], [times[place] for times in smallest]
        figures = f"{median(our) * 1000:.0f}; the smallest app {median(their) * 1000:.0f}"
        yield what, figures, verdict(ratio(our, their), PAINT)


def _bytes(terminal: Terminal, database: FullDatabase) -> Iterator[Row]:
    yield _counted("nothing changes for 3 s", terminal.wait_quiet(3.0), 0)
    yield _counted("a headline at the top", _written(terminal, database.headlines), HEADLINE)
    yield _counted("a changed row of quotes", max(_changed_row(terminal, database) for _ in range(CHANGES)), ROW)
    yield _counted("the cursor to the next headline", max(terminal.cost("j") for _ in range(8)), CURSOR)
    yield "bytes: a page", f"{terminal.cost('pagedown'):,}", ""
    away = _written(terminal, database.headlines)
    yield _counted("a headline above a view that is scrolled away", away, SCROLLED_AWAY)


def _counted(what: str, count: float, goal: float) -> Row:
    return f"bytes: {what}", f"{count:,.0f}", verdict(count, goal)


def _changed_row(terminal: Terminal, database: FullDatabase) -> float:
    before = terminal.lines()
    count = _written(terminal, lambda: database.quote("NVDA"))
    return count / max(1, sum(was != now for was, now in zip(before, terminal.lines(), strict=True)))


def _answers(terminal: Terminal, database: FullDatabase) -> Iterator[Row]:
    for text, a_second in (("nothing arrives", 0), (f"{A_SECOND} headlines a second", A_SECOND)):
        if a_second:
            database.flood(a_second)
        taken = sorted(_answer(terminal, turn) * 1000 for turn in range(KEYS))
        tail = taken[KEYS * 99 // 100]
        figures = f"{median(taken):.1f}, 99th percentile {tail:.1f}"
        yield f"ms from a key to its repaint, {text}", figures, verdict(tail, ANSWER)
    database.headlines()


def _answer(terminal: Terminal, turn: int) -> float:
    """Not all at the same distance, or they would keep step with the looks at the database."""
    terminal.bursts(0.02 + turn % 7 / 200)
    return terminal.latency("j" if turn % 20 < 10 else "k", mark=b">")


def _written(terminal: Terminal, do: Callable[[], None]) -> int:
    before = terminal.received
    do()
    terminal.wait_quiet(0.6)
    return terminal.received - before
