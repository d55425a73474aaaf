"""`monitor demo` in a terminal: the screen, and the demo as its child."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.commands import Account, collected
from tests.terminal import Terminal


@pytest.fixture
def account(tmp_path: Path) -> Account:
    folder = tmp_path / "tmp"
    folder.mkdir()
    return Account(tmp_path / "home", extra={"TMPDIR": str(folder)})


def working_in(folder: Path) -> list[str]:
    """The command lines of the processes whose words name something in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile
            continue
        if any(word.startswith(bytes(folder)) for word in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found


def test_the_screen_shows_the_replayed_day_and_leaves_nothing_behind(account: Account, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitor", "demo", "--speed", "600"]
    with Terminal(command, environment=account.environment(COLUMNS="120"), cwd=account.home) as terminal:
        terminal.wait_for("SIMULATED", within=60)
        (collector,) = working_in(tmp_path)
        assert "demo --headless --child" in collector
        terminal.press("q")
        assert terminal.wait_end() == 0
    assert working_in(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_without_a_terminal_it_names_what_works_there(account: Account, tmp_path: Path) -> None:
    answer = account.run("demo")
    assert (answer.status, answer.out) == (1, "")
    assert "monitor demo --headless" in answer.err
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_screen_shows_no_demo_on_real_news(account: Account) -> None:
    with collected(account.database, replay_speed=None):
        pass
    command = [sys.executable, "-m", "monitor", "demo", "--db", str(account.database)]
    with Terminal(command, environment=account.environment(), cwd=account.home) as terminal:
        assert terminal.wait_end() == 2
        assert "real news" in " ".join(terminal.lines())
