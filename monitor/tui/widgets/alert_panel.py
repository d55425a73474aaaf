"""The alerts of the database, kept right as others arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.store.records import AlertFilter
from monitor.tui.listener import Listener
from monitor.tui.widgets.alert_list import MOST, AlertList

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, tzinfo

    from monitor.models import Alert
    from monitor.store.reader import Reader
    from monitor.tui.widgets.alert_list import AlertMarks


class AlertPanel(AlertList, Listener):
    """`reading` gives the reader, None while there is none, and takes care of what fails."""

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Reader | None]],
        now: Callable[[], datetime],
        marks: AlertMarks,
        zone: tzinfo | None = None,
    ) -> None:
        super().__init__(now, zone=zone)
        self._reading = reading
        self._marks = marks

    def database_opened(self, reader: Reader) -> None:
        del reader  # read through `reading`, which takes care of what fails
        with self._reading() as reader_now:
            if reader_now is not None:
                self.show(reader_now.alerts(AlertFilter(limit=MOST)), self._clock())

    def alerts_arrived(self, alerts: Sequence[tuple[int, Alert]]) -> None:
        self.arrive(alert for _, alert in alerts)

    def minute_turned(self, now: datetime) -> None:
        self.now(now)
