"""Alerts on standard output, for a pipe or a terminal."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Sequence
from datetime import timedelta

from monitor.alerts.side_thread import SideThread
from monitor.errors import SinkError
from monitor.models import Alert

PATIENCE = timedelta(seconds=30)
STDOUT = 1


class ReaderGone(SinkError):
    """Nobody will ever read this pipe again; trying once more is of no use until the program is started anew."""


class StdoutSink:
    """Writes a line for each alert, past Python's buffers. A reader that does not read holds up this sink alone."""

    at_once = 100

    def __init__(self, render: Callable[[Alert], str], *, name: str = "stdout", file: int = STDOUT) -> None:
        self.name = name
        self._render = render
        self._file = file
        self._thread = SideThread(name)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Raises ReaderGone when the pipe is closed, SinkError for any other failure."""
        lines = "".join(f"{self._render(alert)}\n" for alert in alerts).encode("utf-8", "backslashreplace")
        await self._thread.run(lambda: self._write(lines), PATIENCE)

    def _write(self, lines: bytes) -> None:
        try:
            while lines:
                try:
                    lines = lines[os.write(self._file, lines) :]
                except BlockingIOError:  # somebody who shares the terminal made it non-blocking
                    select.select([], [self._file], [])
        except BrokenPipeError as error:
            raise ReaderGone("standard output: its reader is gone") from error
        except OSError as error:
            raise SinkError(f"standard output: {error.strerror}") from error
