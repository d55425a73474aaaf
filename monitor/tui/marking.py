"""What the user marks, and what reaches the user elsewhere: one hand for the state file, the title and the bell."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

from monitor.tui.listener import Listener
from monitor.tui.notify import Notifier

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from monitor.config.screen import ViewerSettings
    from monitor.models import Alert
    from monitor.store.personal import Changed, Personal
    from monitor.store.reader import Reader

TIDY_EVERY = timedelta(days=1)  # marks of what the database no longer keeps go


class Marking(Listener):
    """Tell it first of all listeners: what it knows of a database is what the others draw with.

    `write` puts text on the terminal, whole and in order with what is drawn. `reading` gives the reader, None while
    there is none, and takes care of what fails. `now` is the database's clock.
    """

    def __init__(
        self,
        personal: Personal,
        *,
        write: Callable[[str], object],
        reading: Callable[[], AbstractContextManager[Reader | None]],
        now: Callable[[], datetime],
    ) -> None:
        self.personal = personal
        self._notifier = Notifier(write, os.environ)
        self._reading = reading
        self._now = now
        self._tidied_at: datetime | None = None

    def use(self, settings: ViewerSettings) -> None:
        self._notifier.use(settings)

    def look(self) -> Changed:
        """What other viewers of this account have marked; some microseconds, so as often as one likes."""
        self._notifier.look()
        return self.personal.look()

    def count(self, unacknowledged: int, *, simulated: bool) -> None:
        """Into the terminal's title."""
        self._notifier.title(unacknowledged, simulated=simulated)

    def close(self) -> None:
        self._notifier.close()
        self.personal.close()

    def give_title_back(self) -> None:
        """Before the shell has the terminal again; the next count takes it anew."""
        self._notifier.close()

    def database_opened(self, reader: Reader) -> None:
        self.personal.use(reader.identity())
        self._tidied_at = None

    def alerts_arrived(self, alerts: Sequence[tuple[int, Alert]]) -> None:
        now = self._now()
        asleep = {rule for rule, until in self.personal.snoozed.items() if until > now}
        self._notifier.arrived([alert for _, alert in alerts], asleep)

    def minute_turned(self, now: datetime) -> None:
        """Not when the database is opened: that has to be quick."""
        if self._tidied_at is not None and now - self._tidied_at < TIDY_EVERY:
            return
        with self._reading() as reader:
            if reader is not None:
                self._tidied_at = now
                self.personal.forget(reader.oldest(), now)
