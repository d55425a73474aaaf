"""What the screen costs at 120x40 with 100,000 headlines stored: the first paint, bytes on the wire, memory, waiting.

Bytes are those of 256 colours. The smallest app is a Textual app with one Static, started in turns with ours.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.full_database import FullDatabase
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable

STARTS = 12
KEYS = 400
A_SECOND = 200  # headlines


def measure() -> list[tuple[str, str]]:
    with tempfile.TemporaryDirectory() as folder, FullDatabase(Path(folder) / "monitor.db") as database:
        rows = [_first_paint(database, Path(folder))]
        with _viewer(database, Path(folder) / "home") as terminal:
            terminal.wait_for("median move")
            terminal.wait_for("Headlines 100,")
            terminal.wait_quiet(1.5)
            memory = terminal.usage().resident
            rows += _bytes(terminal, database)
            rows += [(f"keys, {text}", figures) for text, figures in _answers(terminal, database)]
            after = terminal.usage().resident
        rows.append(("memory of the screen", f"{memory / 1e6:.1f} MB resident, {after / 1e6:.1f} MB in the end"))
    return rows


def _viewer(database: FullDatabase, home: Path) -> Terminal:
    command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", database.path]
    return Terminal(command, environment={"HOME": str(home)}, synchronized=True)


def _first_paint(database: FullDatabase, folder: Path) -> tuple[str, str]:
    smallest, ours = [], []
    for turn in range(STARTS):
        with Terminal([sys.executable, "-m", "tests.smallest_app"]) as terminal:
            smallest.append(terminal.painted(b"Smallest"))
        with _viewer(database, folder / f"home {turn}") as terminal:
            ours.append(terminal.painted(b"DeepSeek"))
    best, best_ours = min(smallest), min(ours)
    return (
        "first paint",
        f"{best_ours * 1000:.0f} ms wall, {best_ours / best:.2f} x the smallest app ({best * 1000:.0f})",
    )


def _bytes(terminal: Terminal, database: FullDatabase) -> list[tuple[str, str]]:
    rows = [
        ("nothing changes", terminal.wait_quiet(3.0)),
        ("a headline at the top", _written(terminal, database.headlines)),
        ("a quote", _written(terminal, lambda: database.quote("NVDA"))),
        ("the cursor to the next headline", max(terminal.cost("j") for _ in range(8))),
        ("a page", terminal.cost("pagedown")),
        ("a headline above a view that is scrolled away", _written(terminal, database.headlines)),
    ]
    return [(f"on the wire: {what}", f"{count:,} bytes") for what, count in rows]


def _answers(terminal: Terminal, database: FullDatabase) -> list[tuple[str, str]]:
    rows = []
    for text, a_second in (("nothing arrives", 0), (f"{A_SECOND} headlines a second", A_SECOND)):
        if a_second:
            database.flood(a_second)
        taken = sorted(_answer(terminal, turn) * 1000 for turn in range(KEYS))
        rows.append((text, f"{taken[KEYS // 2]:.1f} ms, at the 99th percentile {taken[KEYS * 99 // 100]:.1f}"))
    database.headlines()
    return rows


def _answer(terminal: Terminal, turn: int) -> float:
    """Not all at the same distance, or they would keep step with the looks at the database."""
    terminal.wait_quiet(0.02 + turn % 7 / 200, within=0.5)
    return terminal.latency("j" if turn % 20 < 10 else "k", mark=b">")


def _written(terminal: Terminal, do: Callable[[], None]) -> int:
    before = terminal.received
    do()
    terminal.wait_quiet(0.6)
    return terminal.received - before
