"""What a headline's screen writes to a terminal: its link and its copy whole, and few bytes besides."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from monitor import lock
from tests.commands import KOREA, NOW, Account, collected, publish
from tests.store_samples import entry, minutes
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.store.writer import Writer

LINK = "https://news.example/뉴스/{}?a=b&c=d"
GIVEN = b"https://news.example/%EB%89%B4%EC%8A%A4/{}?a=b&c=d"
OSC_8 = re.compile(rb"\x1b\]8;id=[^;]+;([^\x1b]+)\x1b\\")
OSC_52 = re.compile(rb"\x1b\]52;c;([^\x07]*)\x07")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure()
    return account


@pytest.fixture
def writer(account: Account) -> Iterator[Writer]:
    """A collector, as far as a viewer can tell."""
    with lock.collecting(account.database), collected(account.database) as writer:
        for number in range(1, 31):
            summary = "Nvidia and Broadcom fall as DeepSeek's model turns out to be cheap. " * 6
            article = entry(str(number), f"DeepSeek 딥시크 급락 {number}", summary=summary, link=LINK.format(number))
            publish(writer, article, now=NOW + minutes(number))
        yield writer


def screen(account: Account, *, columns: int = 120, rows: int = 40, **environment: str) -> Terminal:
    return Terminal(
        account.command(["--db", str(account.database)]),
        columns=columns,
        rows=rows,
        term=environment.pop("TERM", "xterm-256color"),
        environment={**account.environment(), "COLUMNS": None, **environment},
        cwd=account.home,
    )


def open_first(terminal: Terminal) -> None:
    terminal.wait_for("급락 30")
    terminal.wait_quiet()
    terminal.press("j", "enter")
    terminal.wait_for("Headline  1 of 30")
    terminal.wait_quiet()


def test_the_link_is_one_of_the_terminals_and_is_copied_whole_through_ssh(account: Account, writer: Writer) -> None:
    with screen(account, SSH_CONNECTION="203.0.113.9 50022 203.0.113.1 22") as terminal:
        open_first(terminal)
        assert set(OSC_8.findall(bytes(terminal.raw))) == {GIVEN.replace(b"{}", b"30")}
        terminal.press("o")
        terminal.wait_for("over ssh: y copies it")
        terminal.press("y")
        terminal.wait_for("copied")
        (copied,) = OSC_52.findall(bytes(terminal.raw))
        assert base64.b64decode(copied).decode() == LINK.format(30)
        terminal.press("escape")
        terminal.wait_gone("Headline  1 of 30")
        terminal.press("q")
        assert terminal.wait_end() == 0


def test_without_colours_the_link_is_still_one(account: Account, writer: Writer) -> None:
    with screen(account, NO_COLOR="1") as terminal:
        open_first(terminal)
        assert OSC_8.search(bytes(terminal.raw))


def test_a_console_is_written_neither_links_nor_copies(account: Account, writer: Writer) -> None:
    with screen(account, TERM="linux") as terminal:
        open_first(terminal)
        terminal.press("y")
        terminal.wait_for("no clipboard here")
        assert b"\x1b]8;" not in terminal.raw
        assert b"\x1b]52;" not in terminal.raw


def test_a_page_keeps_to_its_budget(account: Account, writer: Writer) -> None:
    with screen(account) as terminal:
        open_first(terminal)
        assert terminal.wait_quiet(1.2) == 0
        assert max(terminal.cost("j") for _ in range(6)) <= 900, "the cursor"
        assert max(terminal.cost("n") for _ in range(3)) <= 10_000, "another headline"
        before = terminal.received
        publish(writer, entry("new", "Something else"), feed=KOREA)
        terminal.wait_quiet(1.2)
        assert terminal.received - before <= 200, "a headline arrives under it, and is counted in the title"
        terminal.press("h")
        terminal.wait_for("Health  healthy")
        terminal.wait_quiet()
        assert max(terminal.cost("j") for _ in range(3)) <= 900
