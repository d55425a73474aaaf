from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.tui import cells

MIXED = st.text(alphabet="ab 딥시크深度é\u0301…▲ﾊ日", max_size=40)


@given(MIXED, st.integers(0, 60))
def test_what_is_fitted_takes_exactly_its_cells(text: str, room: int) -> None:
    assert cell_len(cells.fit(text, room)) == room
    assert cell_len(cells.fit(text, room, right=True)) == room


@given(MIXED, st.integers(0, 60))
def test_what_is_cut_is_the_longest_beginning_that_fits(text: str, room: int) -> None:
    kept = cells.cut(text, room)
    assert text.startswith(kept)
    assert cell_len(kept) <= room
    assert kept == text or cell_len(text[: len(kept) + 1]) > room


def test_a_wide_character_is_not_cut_in_half() -> None:
    assert cells.fit("딥시크", 5) == "딥시 "


def test_a_letter_keeps_its_marks() -> None:
    assert cells.cut("e\u0301a", 1) == "e\u0301"


@given(MIXED, st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.sampled_from("xyz")), max_size=4))
def test_pieces_are_the_text_in_its_order(text: str, spans: list[tuple[int, int, str]]) -> None:
    assert "".join(part for part, _ in cells.pieces(text, spans, 500)) == text


def test_of_spans_that_overlap_the_first_wins() -> None:
    assert cells.pieces("딥시크 충격", [(0, 3, "topic"), (2, 6, "search")], 20) == [
        ("딥시크", "topic"),
        (" 충격", "search"),
    ]


def test_pieces_are_cut_by_cells() -> None:
    assert cells.pieces("深度求索发布", [(0, 4, "topic")], 5) == [("深度", "topic")]


def test_joiners_are_not_drawn() -> None:
    assert cells.pieces("क्\u200dष", [(0, 1, "x")], 9) == [("क", "x"), ("्ष", None)]


@pytest.mark.parametrize(
    ("value", "written"),
    [(118.58, "118.58"), (21127.4, "21,127"), (1437.524, "1,437.52"), (0.06412, "0.0641"), (None, "")],
)
def test_prices_are_written_as_exchanges_do(value: float | None, written: str) -> None:
    assert cells.price(value) == written


@pytest.mark.parametrize(
    ("percent", "written"),
    [(1.2, "▲+1.20"), (-16.97, "▼-16.97"), (0.0, " 0.00"), (-0.004, " 0.00"), (0.005, "▲+0.01"), (None, "")],
)
def test_a_change_says_its_direction_without_colour(percent: float | None, written: str) -> None:
    assert cells.change(percent) == written


def test_a_spark_shows_the_course() -> None:
    assert cells.spark([1, 2, 3, 4, 5, 6, 7, 8], 8) == "▁▂▃▄▅▆▇█"
    assert cells.spark([5, 5, 5], 8) == "▁▁▁"
    assert cells.spark([1, None, 3], 8) == "▁ █"
    assert cells.spark([], 8) == cells.spark([None], 8) == ""


@given(st.lists(st.none() | st.floats(-1e9, 1e9), max_size=500), st.integers(0, 20))
def test_a_spark_is_never_wider_than_its_room(values: list[float | None], room: int) -> None:
    assert len(cells.spark(values, room)) <= room
