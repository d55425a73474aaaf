"""Addresses given to a terminal, a clipboard and a browser: only web addresses, whole, and through no shell."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING

import pytest

from monitor.errors import MonitorError
from monitor.tui.links import LONGEST_LINK, Browser, browser, copying, open_in, terminal_link, web_address

if TYPE_CHECKING:
    from pathlib import Path

LINK = "https://news.example/1?a=b;c&d=$(touch%20x)"
XTERM = {"TERM": "xterm-256color"}
HOSTILE = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    "--version",
    "ftp://news.example/1",
    "https://news.example/\x1b]0;x\x07",
    "https://news.example/ x",
    "https://user:secret@news.example/",
    "",
    None,
]


@pytest.mark.parametrize("link", HOSTILE)
def test_what_is_no_web_address_becomes_no_link_and_opens_nothing(link: str | None) -> None:
    assert web_address(link) is None
    assert terminal_link(link, XTERM) is None
    with pytest.raises(MonitorError, match="no web address"):
        open_in(Browser(("true",)), link or "")


@pytest.mark.parametrize(
    ("link", "given"),
    [
        (LINK, LINK),
        ("https://news.example/뉴스/1?q=급락", "https://news.example/%EB%89%B4%EC%8A%A4/1?q=%EA%B8%89%EB%9D%BD"),
        ("https://news.example/%EB%89%B4?100%25", "https://news.example/%EB%89%B4?100%25"),
        ("http://뉴스.example:8080/1", "http://xn--vg1b002a.example:8080/1"),
    ],
)
def test_an_address_is_given_on_in_ascii(link: str, given: str) -> None:
    assert web_address(link) == given
    assert terminal_link(link, XTERM) == given


def test_a_terminal_gets_no_link_that_it_would_print_or_leave_out() -> None:
    assert terminal_link(LINK, {"TERM": "linux"}) is None
    assert terminal_link(LINK, {}) is None
    assert terminal_link(f"https://news.example/{'a' * LONGEST_LINK}", XTERM) is None


# The clipboard


def copied(sequence: str) -> str:
    before, _, rest = sequence.partition("\x1b]52;c;")
    assert before == ""
    return base64.b64decode(rest.partition("\a")[0]).decode()


@pytest.mark.parametrize("environment", [XTERM, {"TERM": "tmux-256color"}, {"TERM": "screen", "STY": "1.x"}])
def test_a_copy_holds_the_whole_text_and_no_control_characters_of_its_own(environment: dict[str, str]) -> None:
    assert copied(copying("https://news.example/뉴스", environment)) == "https://news.example/뉴스"


def test_tmux_and_screen_are_asked_to_pass_a_copy_on() -> None:
    plain = copying(LINK, XTERM)
    assert copying(LINK, {**XTERM, "TMUX": "/run/tmux,1,0"}) == plain + f"\x1bPtmux;\x1b{plain}\x1b\\"
    long = "https://news.example/" + "a" * 3000
    passed = copying(long, {"TERM": "screen.xterm", "STY": "1.x"}).removeprefix(copying(long, XTERM))
    parts = passed.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert "".join(parts) == copying(long, XTERM)
    assert all(len(part) <= 512 for part in parts)


@pytest.mark.parametrize("term", ["linux", "", "vt220"])
def test_a_console_without_a_clipboard_is_written_nothing(term: str) -> None:
    assert copying(LINK, {"TERM": term}) == ""


# The browser


@pytest.mark.parametrize(
    ("environment", "platform", "installed", "found"),
    [
        ({"DISPLAY": ":0"}, "linux", {"xdg-open"}, ("/bin/xdg-open",)),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", {"gio"}, ("/bin/gio", "open")),
        ({"WSL_DISTRO_NAME": "Ubuntu"}, "linux", {"wslview"}, ("/bin/wslview",)),
        ({}, "darwin", set[str](), ("open",)),
        ({}, "linux", {"xdg-open"}, "no display here"),
        ({"DISPLAY": ":0"}, "linux", set[str](), "none of xdg-open, wslview, gio here"),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "1 2 3 4"}, "linux", {"xdg-open"}, "over ssh"),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", set[str](), "over ssh"),
    ],
)
def test_a_browser_is_there_only_where_somebody_sits(
    environment: dict[str, str], platform: str, installed: set[str], found: tuple[str, ...] | str
) -> None:
    seen = browser(environment, platform=platform, which=lambda name: f"/bin/{name}" if name in installed else None)
    assert (seen.command or seen.why) == found


def test_a_browser_is_given_the_address_as_one_word_and_nothing_of_this_terminal(tmp_path: Path) -> None:
    said = tmp_path / "said"
    script = tmp_path / "browser"
    script.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$#" "$1" "$(tty)" > {said}.new\nmv {said}.new {said}\necho noise >&2\n'
    )
    script.chmod(0o700)
    open_in(Browser((str(script),)), LINK)
    deadline = time.monotonic() + 20
    while not said.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert said.read_text().splitlines() == ["1", LINK, "not a tty"]
    assert not (tmp_path / "x").exists()


def test_a_browser_that_cannot_be_started_is_told_of() -> None:
    with pytest.raises(MonitorError, match="cannot be started"):
        open_in(Browser(("/nowhere/browser",)), LINK)
    with pytest.raises(MonitorError, match="over ssh"):
        open_in(Browser(None, "over ssh"), LINK)
