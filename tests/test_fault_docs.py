"""docs/faults.md names tests that exist, all that were written for it, and the very words of the program."""

from __future__ import annotations

import re
from pathlib import Path

from tests.bad_feeds import BROKEN

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "faults.md").read_text(encoding="utf-8")
DEFINED = re.compile(r"^(?:async )?def (test_\w+)", re.MULTILINE)


def defined(file: Path) -> set[str]:
    return {f"{file.name}::{name}" for name in DEFINED.findall(file.read_text(encoding="utf-8"))}


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+\.py::test_\w+)`", PAGE))
    assert len(named) > 80
    assert named <= set().union(*(defined(file) for file in TESTS.glob("test_*.py")))
    assert PAGE.count("::test_") == len(re.findall(r"`test_\w+\.py::test_\w+`", PAGE)), "each can be found"


def test_every_test_of_a_fault_is_named() -> None:
    written = set().union(*(defined(file) for file in (*TESTS.glob("test_fault_*.py"), TESTS / "test_kill.py")))
    own = {name for name in written if name.startswith("test_fault_docs.py")}
    assert {name for name in written - own if f"`{name}`" not in PAGE} == set()


def test_every_way_to_fail_is_here_in_its_words() -> None:
    assert {feed.name for feed in BROKEN if f"`{feed.says}`" not in PAGE} == set()
