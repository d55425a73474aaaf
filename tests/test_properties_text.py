"""Untrusted text, whatever it is: what leaves it as bytes, and that no mixture of characters makes it slow."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.markup import clean, clean_html
from monitor.text import fold, printable, tidy
from tests.test_text import HOSTILE

steady = settings(max_examples=100, deadline=None, derandomize=True, database=None)

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
SEQUENCES = st.sampled_from(
    [
        *(
            "\x1b[31m",
            "\x1b[0m",
            "\x1b]0;title\x07",
            "\x1b]8;;https://x.example\x1b\\",
            "\x1bP1$q\x1b\\",
            "\x1b(0",
            "\x1b",
        ),
        *("\x9b2J", "\x9d52;c;aGk=\x9c", "\x1b[", "\x1b]", "\x1b[1;", "\x07", "\x9c", "&#27;[2J", "&#x9b;", *BIDI),
    ]
)
HOSTILE_LINES = st.lists(st.one_of(SEQUENCES, HOSTILE, st.sampled_from(["up", "딥시크", "=1+1", "\r\n"])), max_size=8)


@given(HOSTILE_LINES.map("".join))
@steady
def test_no_control_byte_and_no_bidi_character_leaves_in_any_encoding_a_terminal_reads(raw: str) -> None:
    for text in (clean(raw), clean_html(raw), printable(raw), tidy(raw)):
        assert not any(byte < 0x20 or byte == 0x7F for byte in text.encode())
        assert not any(0x7F <= ord(character) <= 0x9F for character in text)
        assert not set(text) & set(BIDI)


@given(HOSTILE_LINES.map("".join))
@steady
def test_cleaning_what_holds_sequences_twice_is_cleaning_it_once(raw: str) -> None:
    for function in (clean, clean_html, printable, tidy):
        once = function(raw)
        assert function(once) == once


@pytest.mark.parametrize("function", [tidy, fold, printable, clean, clean_html])
@given(unit=st.one_of(HOSTILE, SEQUENCES, st.text(max_size=4)).filter(bool))
@settings(steady, max_examples=12)
def test_eight_times_the_text_never_takes_much_more_than_eight_times_as_long(
    function: Callable[[str], object], unit: str
) -> None:
    short = unit * (4000 // len(unit) + 1)
    once, eight = seconds(function, short), seconds(function, short * 8)
    assert eight <= 30 * once + 0.05  # a square would be 64 times


def seconds(function: Callable[[str], object], text: str) -> float:
    taken = []
    for _ in range(2):
        started = time.process_time()
        function(text)
        taken.append(time.process_time() - started)
    return min(taken)
