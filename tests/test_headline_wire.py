"""What the headline list writes to a terminal of 120x40, in bytes: over ssh each is felt."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

COUNT = 100_000
COLOURS: list[dict[str, str | None]] = [{}, {"COLORTERM": "truecolor"}]


@pytest.fixture(params=COLOURS, ids=["256 colours", "true colour"])
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    command = [sys.executable, "-m", "tests.list_app", str(COUNT)]
    with Terminal(command, environment=request.param, synchronized=True) as opened:
        opened.wait_for("Headlines 100,000")
        opened.wait_quiet()
        yield opened


def test_a_list_of_a_hundred_thousand_keeps_to_its_budget(terminal: Terminal) -> None:
    assert terminal.wait_quiet(1.5) == 0
    assert max(terminal.cost("a") for _ in range(3)) <= 8000, "a headline at the top"
    assert terminal.cost("b") <= 8000, "twenty at once"
    assert max(terminal.cost("j") for _ in range(8)) <= 900, "the cursor inside the view"
    assert terminal.cost("k") <= 900
    assert max(terminal.cost("s") for _ in range(2)) <= 350, "a changed row"
    terminal.cost("pagedown", "pagedown")
    assert max(terminal.cost("a"), terminal.cost("b")) <= 500, "headlines above a view that is scrolled away"
    assert terminal.lines()[0].split("  ")[-1].strip().startswith("Headlines +21 above ")
    assert terminal.usage().resident < 60e6


def test_the_filter_opens_and_takes_keys_without_drawing_the_screen_anew() -> None:
    with Terminal([sys.executable, "-m", "tests.list_app", "60"], environment={"COLORTERM": "truecolor"}) as terminal:
        terminal.wait_for("Headlines 60")
        terminal.wait_quiet()
        assert terminal.cost("/") <= 900
        terminal.wait_for("words in titles")
        assert terminal.cost("backspace") <= 300
        assert terminal.cost("escape") <= 900
        terminal.wait_for("Headlines 60")


def test_korean_typed_at_a_terminal_is_found_and_shown() -> None:
    with Terminal([sys.executable, "-m", "tests.list_app", "60"]) as terminal:
        terminal.wait_for("Headlines 60")
        terminal.send("/")
        terminal.wait_for("words in titles")
        terminal.send("딥시크 급락")
        terminal.wait_for("10 of 60")
        terminal.press("enter")
        terminal.wait_for("Headlines 10 of 60 · “딥시크 급락”")
        shown = [line for line in terminal.lines() if "연합뉴스" in line]
        assert len(shown) == 10
        assert not any("Nvidia sinks" in line for line in terminal.lines())
        terminal.press("j", "j")
        terminal.wait_for("Headlines 2/10 of 60")


def test_without_colours_matched_words_and_the_cursor_can_be_told() -> None:
    with Terminal([sys.executable, "-m", "tests.list_app", "60"], environment={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("Headlines 60")
        terminal.press("j")
        terminal.wait_for("Headlines 1/60")
        row = next(row for row, line in enumerate(terminal.lines()) if "DeepSeek's" in line)
        cells = [terminal.screen.buffer[row][column] for column in range(120)]
        assert "".join(cell.data for cell in cells if cell.reverse) == "DSDeepSeek"
        assert [line[55] for line in terminal.lines() if line[55:56] == ">"] == [">"]


def test_the_terminal_is_as_before_when_the_list_is_gone() -> None:
    with Terminal([sys.executable, "-m", "tests.list_app", "60"]) as terminal:
        terminal.wait_for("Headlines 60")
        assert terminal.modes_left_on()
        assert not terminal.is_cooked()
        terminal.press("q")
        assert terminal.wait_end() == 0
        assert terminal.modes_left_on() == set()
        assert terminal.is_cooked()
