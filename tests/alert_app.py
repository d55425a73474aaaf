"""`python -m tests.alert_app DATABASE STATE BELL NOTIFY`: the alerts of a database and nothing else, as in the viewer.

It looks twenty times a second. Beside the list's own keys: q quits.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC
from pathlib import Path
from typing import ClassVar

os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_DISABLE_KITTY_KEY="1")

from textual.app import App, ComposeResult
from textual.binding import BindingType

from monitor.config.screen import ViewerSettings
from monitor.store.personal import Personal
from monitor.store.reader import Reader
from monitor.tui.notify import Notifier
from monitor.tui.widgets.alert_list import AlertList
from tests.store_samples import NOW


class AlertApp(App[None]):
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "")]

    def __init__(self, reader: Reader, personal: Personal, settings: ViewerSettings) -> None:
        super().__init__()
        self.reader = reader
        self.personal = personal
        self.alerts = AlertList(lambda: NOW, zone=UTC)
        self.notifier = Notifier(self.write, os.environ)
        self.notifier.use(settings)
        self.number = reader.newest().alert

    def write(self, text: str) -> None:
        if self._driver is not None:
            self._driver.write(text)

    def compose(self) -> ComposeResult:
        yield self.alerts

    def on_mount(self) -> None:
        self.alerts.use_marks(self.personal)
        self.alerts.show(self.reader.alerts(), NOW)
        self.alerts.focus()
        self.set_interval(0.05, self.look)
        self.count()

    def on_unmount(self) -> None:
        self.notifier.close()

    def look(self) -> None:
        if new := self.reader.alerts_after(self.number):
            self.number = new[-1][0]
            alerts = [alert for _, alert in new]
            self.alerts.arrive(alerts)
            asleep = {rule for rule, until in self.personal.snoozed.items() if until > NOW}
            self.notifier.arrived(alerts, asleep)
        if changed := self.personal.look():
            self.alerts.marks_changed(alerts=changed.alerts)
        self.notifier.look()
        self.count()

    def count(self) -> None:
        simulated = any(self.alerts.alert(key).simulated for key in self.alerts.keys)
        self.notifier.title(self.alerts.unacknowledged, simulated=simulated)

    def on_alert_list_acknowledged(self, event: AlertList.Acknowledged) -> None:
        self.personal.acknowledge(event.alerts)
        self.alerts.marks_changed(alerts=[alert.id for alert in event.alerts])

    def on_alert_list_snoozed(self, event: AlertList.Snoozed) -> None:
        self.personal.snooze(event.rule, event.until)
        self.alerts.marks_changed()


def main(database: str, state: str, bell: str, notify: str) -> None:
    reader = Reader.open(Path(database))
    personal = Personal(Path(state))
    personal.use(reader.identity())
    AlertApp(reader, personal, ViewerSettings(bell=bell == "bell", notify=notify)).run()  # type: ignore[arg-type]
    personal.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
