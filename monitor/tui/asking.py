"""What a viewer asks of the collector, from the wish to the answer, and in words how it stands."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from monitor import mailbox
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 60.0  # seconds that the collector is given to answer


class Asking:
    """One wish at a time, left for the collector of the database at `path`. `elapsed` counts real seconds."""

    def __init__(self, path: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._elapsed = elapsed
        self._letter: mailbox.Letter | None = None
        self._ends = 0.0
        self.words = ""
        """How it stands; empty when there is nothing to say."""

    @property
    def waits(self) -> bool:
        return self._letter is not None

    def ask(self, wish: mailbox.Wish, *, alive: bool | None) -> bool:
        """Ask for this and for nothing that was asked for before; whether it could be asked for.

        `alive` says whether a collector runs, None when this account may not look.
        """
        self.give_up()
        if alive is False:
            self.words = "no collector runs that could fetch more"
            return False
        try:
            self._letter = mailbox.post(self._path, wish)
        except MonitorError as error:
            self.words = str(error)
            return False
        self._ends = self._elapsed() + PATIENCE
        self.words = "asked the collector for prices"
        return True

    def look(self) -> bool:
        """Whether the wish has ended since the last look: it was answered, or nobody did for too long."""
        if self._letter is None:
            return False
        if self._letter.answered():
            self._letter, self.words = None, ""
            return True
        if self._elapsed() < self._ends:
            return False
        self.give_up()
        self.words = "the collector did not answer"
        return True

    def give_up(self) -> None:
        """Take the wish back: nobody waits for it any more."""
        if self._letter is not None:
            self._letter.done()
        self._letter, self.words = None, ""
