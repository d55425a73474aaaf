"""What `monitor` may cost, on a database with a hundred thousand headlines: bytes on the wire, memory, waiting.

Bytes and memory are what they are. The first paint stands beside that of the smallest app, tried in turns with it; the
answers to keys have room to be late, on a machine that has other things to do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.full_database import FullDatabase
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROW = 350  # bytes of a changed row
LIVELY = {"COLORTERM": "truecolor"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FullDatabase]:
    with FullDatabase(tmp_path_factory.mktemp("full") / "monitor.db") as database:
        yield database


@pytest.fixture
def terminal(database: FullDatabase, tmp_path: Path) -> Iterator[Terminal]:
    """The whole overview, when it has read everything."""
    with viewer(database, tmp_path) as terminal:
        complete(terminal)
        yield terminal


def viewer(database: FullDatabase, home: Path) -> Terminal:
    command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", database.path]
    return Terminal(command, environment={"HOME": str(home), **LIVELY}, synchronized=True)


def complete(terminal: Terminal) -> None:
    terminal.wait_for("Headlines 100,")
    terminal.wait_for("median move")
    terminal.wait_for("closes in")
    terminal.wait_quiet(1.5)


def test_what_changes_costs_little_on_the_wire(terminal: Terminal, database: FullDatabase) -> None:
    assert terminal.wait_quiet(2.0) == 0, "nothing changes"
    headline = written(terminal, database.headlines)
    assert 0 < headline <= 8000, "a headline at the top"
    assert written(terminal, lambda: database.headlines(20)) <= 8000, "twenty of them at once"
    for _ in range(3):
        before = terminal.lines()
        cost = written(terminal, lambda: database.quote("NVDA"))
        changed = sum(was != now for was, now in zip(before, terminal.lines(), strict=True))
        assert 0 < cost <= ROW * max(1, changed), f"{changed} rows of quotes and what is reckoned from them"
    assert max(terminal.cost("j") for _ in range(8)) <= 900, "the cursor inside the view"
    assert terminal.cost("k") <= 900
    terminal.cost("pagedown", "pagedown")
    assert written(terminal, database.headlines) <= 500, "a headline above a view that is scrolled away"
    assert terminal.cost("j") <= 900


def test_a_hundred_thousand_headlines_fit_into_sixty_megabytes(terminal: Terminal, database: FullDatabase) -> None:
    assert terminal.usage().resident < 60e6
    terminal.press("end")
    terminal.wait_quiet()
    terminal.press("home")
    terminal.wait_quiet()
    written(terminal, lambda: database.headlines(2000))
    assert terminal.usage().resident < 62e6, "after two thousand more"


def test_keys_are_answered_while_headlines_pour_in(terminal: Terminal, database: FullDatabase) -> None:
    terminal.press("j", "pagedown", "pagedown")
    terminal.wait_quiet()
    database.flood(200)
    answers = sorted(terminal.latency("j" if turn % 20 < 10 else "k", mark=b">") for turn in range(100))
    database.headlines()
    assert answers[50] < 0.03
    assert answers[90] < 0.1


def test_the_first_paint_takes_little_more_than_that_of_the_smallest_app(
    database: FullDatabase, tmp_path: Path
) -> None:
    """In processor time, which other programs on the machine lengthen least."""
    smallest, ours = [], []
    for turn in range(6):
        with Terminal([sys.executable, "-m", "tests.smallest_app"], environment=LIVELY) as terminal:
            terminal.painted(b"Smallest")
            smallest.append(terminal.usage().seconds)
        with viewer(database, tmp_path / str(turn)) as terminal:
            terminal.painted(b"DeepSeek")
            ours.append(terminal.usage().seconds)
    assert min(ours) <= 1.45 * min(smallest)


def written(terminal: Terminal, do: Callable[[], None]) -> int:
    """How many bytes are written after this was done."""
    before = terminal.received
    do()
    terminal.wait_quiet(0.6)
    return terminal.received - before
