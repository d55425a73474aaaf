"""What leaves the viewer for the terminal around it: byte by byte, and at a real one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.config.screen import ViewerSettings
from monitor.models import Alert, AlertKind, Severity
from monitor.store.writer import Writer
from monitor.tui.notify import Notifier, words
from tests.store_samples import NOW, alert
from tests.terminal import Terminal

XTERM = {"TERM": "xterm-256color"}
RINGING = ViewerSettings(bell=True)
OSC9, OSC777 = ViewerSettings(notify="osc9"), ViewerSettings(notify="osc777")
STEERS = "\x1b]52;c;ZXZpbA==\x07\x9b31m\x1b\\\r\n\u202e\ud800딥시크; 4;1"


class Tty:
    """What was written, and the seconds that a test lets pass."""

    def __init__(self, settings: ViewerSettings, environment: dict[str, str] | None = None) -> None:
        self.seconds = 0.0
        self.written: list[str] = []
        self.notifier = Notifier(
            self.written.append, XTERM if environment is None else environment, elapsed=lambda: self.seconds
        )
        self.notifier.use(settings)

    def taken(self) -> list[str]:
        written, self.written[:] = self.written.copy(), []
        return written


def test_the_title_counts_and_is_written_when_it_changes() -> None:
    tty = Tty(ViewerSettings())
    for count in (0, 0, 3, 3, 1234):
        tty.notifier.title(count, simulated=False)
    tty.notifier.title(1, simulated=True)
    assert tty.taken() == [
        "\x1b[22;2t\x1b]2;monitor\a",
        "\x1b]2;(3) monitor\a",
        "\x1b]2;(1,234) monitor\a",
        "\x1b]2;SIMULATED (1) monitor\a",
    ]


def test_the_title_is_given_back_once_and_taken_again_after_that() -> None:
    tty = Tty(ViewerSettings())
    tty.notifier.close()
    assert tty.taken() == []
    tty.notifier.title(1, simulated=False)
    tty.taken()
    tty.notifier.close()
    tty.notifier.close()
    assert tty.taken() == ["\x1b]2;\a\x1b[23;2t"]
    tty.notifier.title(1, simulated=False)
    assert tty.taken() == ["\x1b[22;2t\x1b]2;(1) monitor\a"]


def test_nothing_rings_or_notifies_unless_the_settings_ask_for_it() -> None:
    tty = Tty(ViewerSettings())
    tty.notifier.arrived([alert()], ())
    tty.notifier.use(RINGING)
    tty.notifier.look()
    assert tty.taken() == []


def test_each_way_to_notify_has_its_sequence() -> None:
    for settings, sequence in (
        (RINGING, "\a"),
        (OSC9, "\x1b]9;CRITICAL shock: NVDA -3.1 %\a"),
        (OSC777, "\x1b]777;notify;CRITICAL shock;NVDA -3.1 %\a"),
    ):
        tty = Tty(settings)
        tty.notifier.arrived([alert(rule="shock")], ())
        assert tty.taken() == [sequence]


def test_tmux_is_asked_to_pass_a_notification_on_and_has_bell_and_title_itself() -> None:
    for environment in ({**XTERM, "TMUX": "/tmp/tmux-0/default,1,0"}, {"TERM": "tmux-256color"}):  # noqa: S108
        tty = Tty(ViewerSettings(bell=True, notify="osc9"), environment)
        tty.notifier.title(1, simulated=False)
        tty.taken()
        tty.notifier.arrived([alert(rule="shock")], ())
        assert tty.taken() == ["\a", "\x1bPtmux;\x1b\x1b]9;CRITICAL shock: NVDA -3.1 %\a\x1b\\"]


@pytest.mark.parametrize("term", ["linux", "vt220", "dumb", ""])
def test_a_console_that_would_print_it_gets_the_bell_alone(term: str) -> None:
    tty = Tty(ViewerSettings(bell=True, notify="osc777"), {"TERM": term})
    tty.notifier.title(3, simulated=False)
    tty.notifier.arrived([alert()], ())
    tty.notifier.close()
    assert tty.taken() == ["\a"]


def test_a_snoozed_rule_is_silent() -> None:
    tty = Tty(ViewerSettings(bell=True, notify="osc9"))
    tty.notifier.arrived([alert(rule="shock"), alert(rule="shock")], {"shock"})
    assert tty.taken() == []
    tty.notifier.arrived([alert(rule="shock"), alert(rule="other")], {"shock"})
    assert tty.taken() == ["\a", "\x1b]9;CRITICAL other: NVDA -3.1 %\a"]


def test_no_more_than_one_bell_a_second_and_what_came_meanwhile_is_told_together() -> None:
    tty = Tty(ViewerSettings(bell=True, notify="osc9"))
    for number in range(100):
        tty.notifier.arrived([alert(rule=f"rule {number}")], ())
        tty.seconds += 0.01
    assert tty.taken() == ["\a", "\x1b]9;CRITICAL rule 0: NVDA -3.1 %\a"]
    tty.seconds = 1.0
    tty.notifier.look()
    assert tty.taken() == ["\a", "\x1b]9;CRITICAL rule 99: NVDA -3.1 % (and 98 more)\a"]
    tty.seconds = 9.0
    tty.notifier.look()
    assert tty.taken() == []


def test_of_several_the_worst_is_named() -> None:
    severities = (Severity.INFO, Severity.CRITICAL, Severity.WARNING)
    assert words([alert(rule=severity.value, severity=severity) for severity in severities]) == (
        "CRITICAL critical",
        "NVDA -3.1 % (and 2 more)",
    )


def test_what_cannot_be_evaluated_and_what_is_simulated_says_so() -> None:
    blind = alert(rule="shock", kind=AlertKind.CANNOT_EVALUATE, simulated=True, text="no quote")
    assert words([blind]) == ("SIMULATED CANNOT EVALUATE shock", "no quote")


@pytest.mark.parametrize("settings", [OSC9, OSC777])
@pytest.mark.parametrize("environment", [XTERM, {**XTERM, "TMUX": "1"}])
def test_no_text_can_end_a_sequence_or_begin_one(settings: ViewerSettings, environment: dict[str, str]) -> None:
    tty = Tty(settings, environment)
    tty.notifier.arrived([alert(rule=STEERS, text=STEERS * 100)], ())
    (written,) = tty.taken()
    written.encode()
    inner = re.fullmatch(r"\x1bPtmux;\x1b(.*)\x1b\\", written, re.DOTALL)
    sequence = inner[1] if inner else written
    body = re.fullmatch(r"\x1b\](?:9;CRITICAL|777;notify;CRITICAL)([^\x00-\x1f\x7f-\x9f\u202e]*)\a", sequence)
    assert body is not None
    assert "딥시크" in body[1]
    assert len(body[1]) < 320
    assert settings is OSC9 or sequence.count(";") == 3


# At a terminal


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    with Writer.open(tmp_path / "monitor.db") as writer:
        writer.record_alerts([alert("before", fired_at=NOW - timedelta(minutes=5), rule="earlier")], [])
        yield writer


@contextmanager
def viewing(tmp_path: Path, *asked: str, **given: object) -> Iterator[Terminal]:
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "tests.alert_app",
        tmp_path / "monitor.db",
        tmp_path / "viewer.db",
    ]
    with Terminal([*command, *asked], **given) as terminal:  # type: ignore[arg-type]
        terminal.wait_for("unacknowledged")
        terminal.wait_quiet()
        yield terminal


def came(terminal: Terminal, sequence: bytes) -> None:
    terminal.wait_until(lambda: sequence in terminal.raw, what=repr(sequence))


def news(number: int, *, simulated: bool = False) -> Alert:
    return alert(f"new {number}", rule="shock", text=f"NVDA -{number}%", simulated=simulated)


def test_an_alert_that_arrives_is_shown_counted_rung_and_notified(tmp_path: Path, writer: Writer) -> None:
    with viewing(tmp_path, "bell", "osc777") as terminal:
        assert b"\x1b]2;(1) monitor\a" in terminal.raw
        assert b"notify" not in terminal.raw
        before = terminal.received
        writer.record_alerts([news(9)], [])
        terminal.wait_for("NVDA -9%")
        terminal.wait_quiet()
        came(terminal, b"\x1b]777;notify;CRITICAL shock;NVDA -9%\a")
        came(terminal, b"\x1b]2;(2) monitor\a")
        rest = bytes(terminal.raw[before:])
        assert re.sub(rb"\x1b\].*?\a", b"", rest).count(b"\a") == 1
        assert len(rest) < 2000
        before = terminal.received
        assert terminal.wait_quiet(1.5) == 0
        assert terminal.received == before


def test_acknowledging_costs_few_bytes_and_the_title_follows(tmp_path: Path, writer: Writer) -> None:
    with viewing(tmp_path, "none", "none") as terminal:
        writer.record_alerts([news(9)], [])
        terminal.wait_for("NVDA -9%")
        terminal.press("j")
        terminal.wait_quiet()
        assert terminal.cost("a") < 900
        terminal.wait_for("ok")
        came(terminal, b"\x1b]2;(1) monitor\a")
        terminal.press("A")
        terminal.wait_for("Acknowledge the one left?")
        terminal.press("y")
        came(terminal, b"\x1b]2;monitor\a")
        assert b"\a\a" not in terminal.raw
        terminal.press("q")
        assert terminal.wait_end() == 0
        assert terminal.raw.rfind(b"\x1b[23;2t") > terminal.raw.rfind(b"\x1b]2;monitor\a")
    with viewing(tmp_path, "none", "none") as later:
        assert any("0 unacknowledged" in line for line in later.lines())


def test_what_one_viewer_acknowledges_and_snoozes_the_other_shows_and_does_not_ring(
    tmp_path: Path, writer: Writer
) -> None:
    writer.record_alerts([news(1)], [])
    with viewing(tmp_path, "bell", "osc9") as one, viewing(tmp_path, "bell", "osc9") as other:
        one.press("j", "a")
        other.wait_for("1 unacknowledged")
        came(other, b"\x1b]2;(1) monitor\a")
        one.press("z")
        one.wait_for("Snooze shock: 1 for 15 min")
        one.press("2")
        other.wait_for("1 snoozed")
        writer.record_alerts([news(2)], [])
        writer.record_alerts([alert("loud", rule="other", text="AMD -5%")], [])
        came(other, b"CRITICAL other: AMD -5%")
        other.wait_for("NVDA -2%")
        other.wait_quiet(1.2)
        assert b"]9;CRITICAL shock" not in other.raw


def test_a_replay_says_that_it_is_simulated(tmp_path: Path, writer: Writer) -> None:
    with viewing(tmp_path, "none", "osc9") as terminal:
        writer.record_alerts([news(3, simulated=True)], [])
        came(terminal, b"\x1b]9;SIMULATED CRITICAL shock: NVDA -3%\a")
        came(terminal, b"\x1b]2;SIMULATED (2) monitor\a")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_through_tmux_the_notification_reaches_the_terminal_outside(tmp_path: Path, writer: Writer) -> None:
    folder = Path(tempfile.mkdtemp(prefix="monitor-tmux-"))  # a socket's path must be short
    tmux = ["tmux", "-S", str(folder / "socket"), "-f", str(folder / "tmux.conf")]
    inside = [sys.executable, "-m", "tests.alert_app", str(tmp_path / "monitor.db"), str(tmp_path / "viewer.db")]
    (folder / "tmux.conf").write_text(
        "set -g allow-passthrough on\nset -g set-titles on\nset -g set-titles-string '#T'\n"
    )
    try:
        with Terminal([*tmux, "new-session", *inside, "bell", "osc777"]) as terminal:
            terminal.wait_for("unacknowledged")
            writer.record_alerts([news(9)], [])
            came(terminal, b"\x1b]777;notify;CRITICAL shock;NVDA -9%\a")
            came(terminal, b"(2) monitor")
    finally:
        subprocess.run([*tmux, "kill-server"], capture_output=True, check=False)
        shutil.rmtree(folder)
