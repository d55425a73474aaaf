"""Opening the screen, or being told why not; and the terminal as it was, however the screen ends."""

from __future__ import annotations

import re
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from monitor import lock
from monitor.tui.launch import DEADLINE, suited
from tests.commands import Account, collected, publish
from tests.store_samples import entry
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

KOREAN = "딥시크 충격에 엔비디아 급락"
COLOUR = re.compile(rb"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")
MANY_COLOURS = re.compile(rb"\x1b\[[\d;]*[34]8;[\d;]*m")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """With some headlines, and somebody who collects them, so that no screen starts a collector."""
    account = Account(tmp_path / "home")
    account.configure("feeds: []\nwatchlist: []\ntopics: []\nrules: []\n")
    with collected(account.database) as writer:
        publish(writer, *(entry(str(number), f"{KOREAN} {number}") for number in range(60)))
    with lock.collecting(account.database):
        yield account


def screen(
    account: Account,
    *words: str,
    columns: int = 120,
    rows: int = 40,
    term: str = "xterm-256color",
    environment: Mapping[str, str] | None = None,
) -> Terminal:
    return Terminal(
        account.command(["--db", account.database, *words]),
        columns=columns,
        rows=rows,
        term=term,
        environment={**account.environment(), **(environment or {})},
        cwd=account.home,
    )


@pytest.fixture
def shown(account: Account) -> Iterator[Terminal]:
    """The screen, once it is complete and still."""
    with screen(account) as terminal:
        settled(terminal)
        yield terminal


def settled(terminal: Terminal) -> None:
    terminal.wait_for(KOREAN)
    terminal.wait_for("Baseline")
    terminal.wait_for("closes in")  # New York's calendar comes last, from another process
    terminal.wait_quiet(1.0)


def is_restored(terminal: Terminal) -> bool:
    return not terminal.modes_left_on() and terminal.is_cooked()


# Refusals


def test_without_a_terminal_it_says_what_works_there(account: Account) -> None:
    answer = account.run("--db", account.database)
    assert answer.status == 1
    assert answer.out == ""
    assert "needs a terminal" in answer.err
    assert "`monitor tail`" in answer.err


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"TERM": "dumb"}, "TERM is dumb"),
        ({"TERM": "unknown"}, "TERM is unknown"),
        ({"PYTHONIOENCODING": "euc-kr"}, "needs UTF-8"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "needs UTF-8"),
    ],
)
def test_a_terminal_that_cannot_show_it_is_refused_before_anything_is_drawn(
    account: Account, environment: dict[str, str], reason: str
) -> None:
    with screen(account, environment=environment) as terminal:
        assert terminal.wait_end() == 1
        assert reason in terminal.text().replace("\n", " ")
        assert "monitor tail" in terminal.text().replace("\n", " ")
        assert b"\x1b" not in terminal.raw
        assert is_restored(terminal)


def test_a_theme_that_is_none_is_refused_with_those_there_are(account: Account) -> None:
    with screen(account, "--theme", "drak") as terminal:
        assert terminal.wait_end() == 1
        said = terminal.text().replace("\n", "")
        for word in ("drak", "dark", "light", "blue-orange", "ansi", "nord"):
            assert word in said
        assert b"\x1b" not in terminal.raw


def test_a_mistake_in_the_settings_that_the_screen_needs_is_said_instead_of_it(account: Account) -> None:
    account.configure("viewer: {theme: [dark]}\n")
    with screen(account) as terminal:
        assert terminal.wait_end() == 2
        assert "viewer.theme" in terminal.text().replace("\n", "")


def test_its_options_before_a_command_are_wrong_usage(account: Account) -> None:
    answer = account.run("--db", account.database, "status")
    assert answer.status == 2
    assert "--db comes after the command" in answer.err
    assert account.run("status", MONITOR_DB=str(account.database)).status == 0


# What terminals there are


def test_lang_c_shows_korean_on_a_terminal_that_has_it(account: Account) -> None:
    with screen(account, environment={"LANG": "C"}) as terminal:
        settled(terminal)


def test_no_color_is_obeyed(account: Account) -> None:
    with screen(account, environment={"NO_COLOR": "1"}) as terminal:
        settled(terminal)
        assert not COLOUR.search(bytes(terminal.raw))


@pytest.mark.parametrize("term", ["linux", "xterm", "screen", "vt100"])
def test_a_terminal_of_few_colours_gets_its_own(account: Account, term: str) -> None:
    with screen(account, term=term) as terminal:
        settled(terminal)
        assert not MANY_COLOURS.search(bytes(terminal.raw))


def test_the_theme_follows_what_the_terminal_says_of_itself() -> None:
    assert suited({"TERM": "xterm-256color"}) == "dark"
    assert suited({"TERM": "tmux-256color"}) == "dark"
    assert suited({"TERM": "xterm", "COLORTERM": "truecolor"}) == "dark"
    assert suited({"TERM": "linux"}) == suited({"TERM": "screen"}) == suited({}) == "ansi"
    assert suited({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": ""}) == "ansi"


def test_no_mouse_leaves_the_mouse_to_the_terminal(account: Account, shown: Terminal) -> None:
    assert 1000 in shown.modes_left_on()
    with screen(account, "--no-mouse") as terminal:
        settled(terminal)
        assert not terminal.modes_left_on() & {1000, 1002, 1003, 1006, 1015, 1016}


def test_kittys_keyboard_is_not_asked_for_because_input_methods_need_the_plain_one(shown: Terminal) -> None:
    assert b"\x1b[>" not in shown.raw


# Nothing is written while nothing changes


def test_nothing_is_written_while_nothing_changes(shown: Terminal) -> None:
    before = shown.received
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        shown.wait_quiet(0.5)
    assert shown.received == before


# Its end


def test_the_key_ends_it(shown: Terminal) -> None:
    shown.press("q")
    assert shown.wait_end() == 0
    assert is_restored(shown)


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131)],
)
def test_a_signal_ends_it_as_its_key_does(shown: Terminal, number: signal.Signals, status: int) -> None:
    shown.signal(number)
    assert shown.wait_end(within=DEADLINE + 5) == status
    assert is_restored(shown)


def test_two_signals_end_it_no_worse_than_one(shown: Terminal) -> None:
    shown.signal(signal.SIGTERM)
    shown.signal(signal.SIGHUP)
    assert shown.wait_end(within=DEADLINE + 5) in {143, 129}
    assert is_restored(shown)


def test_a_terminal_that_stopped_reading_does_not_keep_it_alive(shown: Terminal) -> None:
    for _ in range(60):  # each a screenful, and nobody reads them
        shown.press("1", "2")
        time.sleep(0.02)
    began = time.monotonic()
    shown.signal(signal.SIGTERM)
    assert shown.process.wait(DEADLINE + 5) == 143
    assert time.monotonic() - began < DEADLINE + 3
    shown.wait_end()
    assert is_restored(shown)


def test_a_terminal_that_is_gone_ends_it(shown: Terminal) -> None:
    shown.hang_up()
    shown.process.wait(DEADLINE + 5)


def test_a_terminal_that_is_gone_ends_it_also_where_sighup_is_ignored(account: Account) -> None:
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *account.command(["--db", account.database])]
    with Terminal(command, environment=account.environment()) as terminal:
        settled(terminal)
        terminal.hang_up()
        terminal.process.wait(DEADLINE + 5)


# Ctrl-Z


def test_ctrl_z_gives_the_terminal_back_and_fg_the_screen(shown: Terminal) -> None:
    shown.press("ctrl+z")
    shown.wait_until(shown.is_stopped)
    shown.wait_quiet()
    assert is_restored(shown)
    shown.screen.reset()
    shown.signal(signal.SIGCONT)
    settled(shown)
    assert 1049 in shown.modes_left_on()
    shown.press("3", "q")
    assert shown.wait_end() == 0
    assert is_restored(shown)


def test_a_terminal_that_changed_its_size_meanwhile_is_filled(shown: Terminal) -> None:
    shown.press("ctrl+z")
    shown.wait_until(shown.is_stopped)
    shown.resize(80, 24)
    shown.signal(signal.SIGCONT)
    shown.wait_for("q quit")
    shown.wait_quiet()
    assert shown.lines()[23].strip()
    assert KOREAN in shown.text()


# Sizes


def test_a_storm_of_sizes_ends_with_the_right_screen(shown: Terminal) -> None:
    for number in range(150):
        shown.resize(20 + number * 7 % 140, 5 + number * 5 % 50)
    shown.resize(100, 30)
    shown.wait_quiet()
    settled(shown)
    assert "q quit" in shown.lines()[29]
    assert not any(ord("\x1b") in line.encode() for line in shown.lines())


def test_what_is_too_small_says_what_is_needed_and_comes_back(shown: Terminal) -> None:
    shown.resize(36, 8)
    shown.wait_for("40x10")
    shown.resize(120, 40)
    settled(shown)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (60, 16), (40, 10), (200, 60)])
def test_headlines_are_on_every_size_that_is_not_too_small(account: Account, columns: int, rows: int) -> None:
    with screen(account, columns=columns, rows=rows) as terminal:
        terminal.wait_for(KOREAN[:6])
        terminal.wait_quiet()
        assert all(len(line) <= columns for line in terminal.lines())


def test_a_terminal_opened_by_a_script_may_be_of_no_size(account: Account) -> None:
    with screen(account, columns=0, rows=0) as terminal:  # as `script` and some CI make them
        terminal.wait_until(lambda: terminal.received > 100)
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_end() == 143


def test_python_says_nothing_on_the_screen(shown: Terminal) -> None:
    assert sys.executable not in shown.text()
    assert "Traceback" not in shown.text()
