"""What a ticker's screen writes to a terminal of 120x40, in bytes."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.store.writer import Writer
from tests import resized_app
from tests.baseline_samples import at
from tests.terminal import Terminal
from tests.ticker_app import quote, recalled, replayed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = at("13:21")
ROW = 400  # bytes of a row that is drawn anew, and of the line above all


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "monitor.db"
    replayed(path, NOW, headlines=20)
    recalled(path, "NVDA")
    return path


@pytest.fixture(params=[{}, {"COLORTERM": "truecolor"}], ids=["256 colours", "true colour"])
def terminal(request: pytest.FixtureRequest, database: Path) -> Iterator[Terminal]:
    command: list[str | Path] = [sys.executable, "-m", "tests.ticker_app", database, "NVDA"]
    with Terminal(command, environment=request.param, synchronized=True) as opened:
        opened.wait_for("NVDA now")
        opened.wait_quiet(1.0)
        yield opened


def test_a_chart_keeps_to_its_budget(terminal: Terminal, database: Path) -> None:
    assert terminal.wait_quiet(1.5) == 0
    assert max(terminal.cost("left") for _ in range(5)) <= 900, "from mark to mark"
    assert terminal.cost("c") <= 8000, "all of it, as candles"
    assert terminal.cost("c") <= 5000, "all of it, as a line"
    assert terminal.cost("b") <= 6000, "another stretch of time"
    terminal.cost("d")
    later = NOW + timedelta(minutes=1)
    with closing(Writer.open(database)) as writer:
        writer.record_quotes([quote("NVDA", later)], now=later)
    assert terminal.wait_quiet(1.0) <= 3 * ROW, "a quote"
    replayed(database, later, headlines=0)
    assert terminal.wait_quiet(1.5) <= 5 * ROW, "a minute, with its bar"


@pytest.mark.parametrize(
    "environment", [{"TERM": "linux"}, {"NO_COLOR": "1"}, {"TERM": "xterm"}], ids=["linux console", "no colour", "16"]
)
def test_poorer_terminals_show_the_same(database: Path, environment: dict[str, str | None]) -> None:
    command: list[str | Path] = [sys.executable, "-m", "tests.ticker_app", database, "NVDA"]
    term = environment.pop("TERM", None) or "xterm-256color"
    with Terminal(command, environment=environment, term=term) as terminal:
        terminal.wait_for("NVDA now")
        terminal.wait_for("20 headlines marked")
        terminal.wait_quiet()
        braille = any(0x2800 <= ord(char) < 0x2900 for char in terminal.text())
        assert braille == (term != "linux")
        terminal.press("c")
        terminal.wait_for("▒ up █ down" if term == "linux" else "┃ up █ down")


def test_a_terminal_that_is_resized_again_and_again_ends_with_the_right_picture(terminal: Terminal) -> None:
    for columns, rows in [(80, 24), (40, 10), (200, 60), (41, 11), (118, 38)]:
        terminal.resize(columns, rows)
    terminal.wait_until(lambda: is_whole(terminal))
    terminal.wait_quiet()
    assert is_whole(terminal)


def test_a_size_that_changes_while_the_one_before_is_answered_is_the_one_that_stays(database: Path) -> None:
    command: list[str | Path] = [sys.executable, "-m", "tests.resized_app", database, "NVDA"]
    with Terminal(command) as terminal:
        terminal.wait_for("NVDA now")
        terminal.resize(80, 24)
        terminal.screen.resize(resized_app.THEN.lines, resized_app.THEN.columns)
        terminal.wait_until(lambda: is_whole(terminal))


def is_whole(terminal: Terminal) -> bool:
    lines, text = terminal.lines(), terminal.text()
    ends = lines[1].startswith("NVDA  day  SIMULATED") and lines[-1].startswith("d day  w five days")
    return ends and "NVDA now" in text and "20 headlines marked" in text
