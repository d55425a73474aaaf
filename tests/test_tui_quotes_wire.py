"""What going through the quotes, and a title that its feed changes, write to a terminal of 120x40, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from monitor import lock
from tests.commands import NOW, Account, collected, publish
from tests.store_samples import entry, minutes, quote
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store.writer import Writer

FALLS = {"NVDA": 97.0, "AVGO": 91.0, "MRVL": 88.0, "ARM": 95.0, "AMD": 102.0, "TSM": 99.5, "MU": 93.1, "VRT": 78.2}
SETTINGS = f"""
feeds: []
watchlist:
  - name: Chips
    tickers: [{", ".join(f"{{symbol: {symbol}}}" for symbol in FALLS)}]
topics: [{{name: DeepSeek, terms: [DeepSeek]}}]
rules: []
"""
CURSOR = 900  # bytes
ROW = 450
FOLLOWED = 3000
END_OF_FRAME = b"\x1b[?2026l"


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[tuple[Terminal, Writer]]:
    """The whole overview at 10:00 of the day, when it has read everything, with the quotes in focus."""
    account = Account(tmp_path / "home")
    account.configure(SETTINGS)
    with lock.collecting(account.database), collected(account.database) as writer:
        publish(writer, *(entry(str(number), f"DeepSeek shakes Nvidia {number}") for number in range(40)))
        writer.record_quotes(
            [quote(symbol, price, at=NOW, base_close=100.0) for symbol, price in FALLS.items()], now=NOW
        )
        command = account.command(["--db", str(account.database)])
        environment = {**account.environment(), "COLUMNS": None, "COLORTERM": "truecolor"}
        with Terminal(command, environment=environment, synchronized=True, cwd=account.home) as opened:
            opened.wait_for("median")
            opened.wait_for("now       27 Jan 2025")
            opened.press("1")
            opened.wait_quiet(1.0)
            yield opened, writer


def test_a_move_costs_its_two_rows_and_the_baseline_follows_once_the_selection_rests(
    screen: tuple[Terminal, Writer],
) -> None:
    terminal, _ = screen
    terminal.press("j", "j")
    terminal.wait_for("NVDA now")
    terminal.wait_quiet()
    moves = [move(terminal, key, symbol) for key, symbol in zip("jjk", ("AVGO", "MRVL", "AVGO"), strict=True)]
    assert max(row for row, _ in moves) <= CURSOR, "what is written before the baseline follows"
    assert min(row for row, _ in moves) > 0
    assert max(panel for _, panel in moves) <= FOLLOWED, "the baseline of another ticker"
    before = terminal.received
    passed = ("MRVL", "ARM", "AMD", "TSM", "MU", "VRT")
    for symbol in passed:
        terminal.press("j")
        terminal.wait_for(f">{symbol}")
    assert terminal.received - before <= len(passed) * CURSOR, "one after the other"
    terminal.wait_for("VRT now")
    terminal.wait_quiet()
    assert terminal.wait_quiet(1.0) == 0, "nothing goes on after it"


def test_a_title_that_its_feed_changes_is_drawn_anew_and_no_other(screen: tuple[Terminal, Writer]) -> None:
    terminal, writer = screen
    before = terminal.received
    publish(writer, entry("3", "DeepSeek steadies Nvidia"), now=NOW + minutes(1))
    terminal.wait_for("DeepSeek steadies Nvidia")
    terminal.wait_quiet()
    assert terminal.received - before <= ROW
    assert "DeepSeek shakes Nvidia 2" in terminal.text()


def move(terminal: Terminal, key: str, symbol: str) -> tuple[int, int]:
    """Bytes written for a move of the cursor before the first frame in which the baseline tells of `symbol`, and of
    that and what follows.
    """
    before = terminal.received
    terminal.press(key)
    terminal.wait_for(f"{symbol} now")
    terminal.wait_quiet()
    frames = bytes(terminal.raw[before:]).split(END_OF_FRAME)
    first = next(number for number, frame in enumerate(frames) if f"{symbol} now".encode() in frame)
    return sum(map(len, frames[:first])), sum(map(len, frames[first:]))
