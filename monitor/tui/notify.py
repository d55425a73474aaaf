"""What reaches a trader who looks elsewhere: the terminal's title, its bell, a notification on the desktop.

All of it goes through the terminal, so it comes through ssh. docs/viewer.md says which terminals understand what.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from monitor.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from monitor.config.screen import ViewerSettings
    from monitor.models import Alert

BELL = "\a"
GAP = 1.0  # seconds between two bells, and between two notifications
SAID = 200  # characters of one; terminals and desktops cut longer ones
TITLE = 80

# Consoles that print what they do not understand.
MUTE = ("linux", "dumb", "vt", "cons", "unknown")
KEEP_TITLE, BRING_BACK_TITLE = "\x1b[22;2t", "\x1b[23;2t"


class Notifier:
    """Writes by `write`, which must put what it is given on the terminal whole and in order, as Textual's driver does.

    Only printable text ever gets between its own escape sequences. `environment` says which terminal it is. `elapsed`
    counts real seconds. Call `look` several times a second: alerts that come faster than they may be told wait for it,
    and are told together.
    """

    def __init__(
        self,
        write: Callable[[str], object],
        environment: Mapping[str, str],
        *,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        term = environment.get("TERM", "")
        self._write = write
        self._elapsed = elapsed
        self._speaks = bool(term) and not term.startswith(MUTE)
        # tmux within ssh within tmux passes on what is wrapped once; TERM comes through ssh and TMUX does not.
        self._through_tmux = bool(environment.get("TMUX")) or term.startswith("tmux")
        self._bell = False
        self._notify = "none"
        self._title: str | None = None
        self._waiting: list[Alert] = []
        self._told_at = float("-inf")

    def use(self, settings: ViewerSettings) -> None:
        """Ring and notify as these say."""
        self._bell, self._notify = settings.bell, settings.notify

    def title(self, unacknowledged: int, *, simulated: bool) -> None:
        """`(3) monitor`; written when it is another than before. The first one keeps the title that was there."""
        count = f"({unacknowledged:,}) " if unacknowledged else ""
        title = f"{'SIMULATED ' * simulated}{count}monitor"
        if title != self._title and self._speaks:
            first = KEEP_TITLE if self._title is None else ""
            self._title = title
            self._write(first + _title(title))

    def arrived(self, alerts: Iterable[Alert], snoozed: Container[str]) -> None:
        """Tell of these, but for those of `snoozed` rules."""
        if self._bell or self._notify != "none":
            self._waiting += [alert for alert in alerts if alert.rule not in snoozed]
            self.look()

    def look(self) -> None:
        """Tell of what waits, once it may be."""
        now = self._elapsed()
        if not self._waiting or now - self._told_at < GAP:
            return
        alerts, self._waiting = self._waiting, []
        self._told_at = now
        if self._bell:
            self._write(BELL)
        if self._speaks and (sequence := self._notification(alerts)):
            self._write(_passed_on(sequence) if self._through_tmux else sequence)

    def close(self) -> None:
        """Give the title back, as far as the terminal remembers it. It may be called twice, and used again after."""
        if self._title is not None:
            self._write(_title("") + BRING_BACK_TITLE)
            self._title = None

    def _notification(self, alerts: list[Alert]) -> str:
        head, body = words(alerts)
        match self._notify:
            case "osc9":
                return f"\x1b]9;{_inert(f'{head}: {body}')}{BELL}"
            case "osc777":
                # Its fields are parted by semicolons.
                return f"\x1b]777;notify;{_inert(head).replace(';', ',')};{_inert(body).replace(';', ',')}{BELL}"
        return ""


def words(alerts: list[Alert]) -> tuple[str, str]:
    """The worst of them, of equal ones the newest, as a heading and a text: ("CRITICAL rule", "NVDA -9.1%, 2 more").

    The heading never begins with a digit: some terminals take "4;..." in OSC 9 for a progress bar.
    """
    from monitor.models import AlertKind, Severity

    order = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
    worst = max(reversed(alerts), key=lambda alert: order.index(alert.severity))
    kind = "CANNOT EVALUATE" if worst.kind is AlertKind.CANNOT_EVALUATE else worst.severity.upper()
    simulated = "SIMULATED " if any(alert.simulated for alert in alerts) else ""
    more = f" (and {len(alerts) - 1:,} more)" if len(alerts) > 1 else ""
    head = printable(f"{simulated}{kind} {worst.rule}", limit=TITLE)
    return head, printable(worst.text, limit=SAID - len(more)) + more


def _inert(text: str) -> str:
    """What cannot end the sequence that it stands in, or begin another."""
    return printable(text, limit=SAID + TITLE)


def _title(text: str) -> str:
    return f"\x1b]2;{_inert(text)}{BELL}"


def _passed_on(sequence: str) -> str:
    """So that tmux hands it to the terminal that it runs in (`set -g allow-passthrough on`)."""
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
