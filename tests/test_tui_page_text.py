"""Text folded into lines: nothing lost, nothing too wide, parted where a reader expects it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.markup import clean
from monitor.tui import cells
from monitor.tui.page_text import row, slices, told

LETTERS = st.text(alphabet="ab 엔비中文。é̂…💥", max_size=60).map(clean)


def folded(text: str, width: int) -> list[str]:
    return [text[start:end] for start, end in slices(text, width)]


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("Nvidia falls as DeepSeek rises", 12, ["Nvidia falls", "as DeepSeek", "rises"]),
        ("엔비디아 급락 딥시크", 9, ["엔비디아", "급락", "딥시크"]),
        ("深度求索发布。新模型", 8, ["深度求索", "发布。新", "模型"]),
        ("深度求索。新", 8, ["深度求", "索。新"]),
        ("https://news.example/long", 10, ["https://ne", "ws.example", "/long"]),
        ("엔비디아급락충격", 5, ["엔비", "디아", "급락", "충격"]),
        ("", 5, []),
    ],
)
def test_lines_end_where_words_do(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


@given(text=LETTERS, width=st.integers(2, 20))
def test_no_line_is_too_wide_and_no_letter_is_lost(text: str, width: int) -> None:
    lines = folded(text, width)
    assert all(cells.width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_looks_stay_with_their_words_over_lines() -> None:
    lines = list(told("t", "one two three", 7, look="x", spans=[(4, 9, "loud")], first=("> ", "aside")))
    assert [line.key for line in lines] == ["t", "t/1", "t/2"]
    assert [line.pieces for line in lines] == [
        (("> ", "aside"), ("one", "x")),
        (("  ", ""), ("two", "loud")),
        (("  ", ""), ("t", "loud"), ("hree", "x")),
    ]


def test_what_would_steer_a_terminal_is_not_shown() -> None:
    assert [line.text for line in told("t", "a\x1b]0;x\x07b\u202ec", 40)] == ["abc"]


def test_a_row_is_cut_at_its_width() -> None:
    assert row("r", [("엔비디아", "a"), ("급락", "b"), ("x", "c")], 11).pieces == (("엔비디아", "a"), ("급", "b"))
