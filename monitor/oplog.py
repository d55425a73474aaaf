"""The operational log: what this program did and what failed, apart from the alert log.

Lines go to standard error, or are appended to a file that may be rotated underneath; what the file cannot take goes to
standard error too, and what that cannot take is lost: nobody's work ends for want of a log. Under systemd's journal a
line carries its priority instead of a time, since the journal stamps it. Every line passes `text.printable`, so that no
title of a feed can forge one.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.text import printable

if TYPE_CHECKING:
    from io import TextIOWrapper

PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class _Line(logging.Formatter):
    def __init__(self, *, journal: bool, simulated: bool) -> None:
        super().__init__()
        self.journal = journal
        self.mark = "SIMULATED " if simulated else ""

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info:
            message = f"{message} | {self.formatException(record.exc_info)}"
        room = record.name.removeprefix("monitor.")
        line = f"{self.mark}{room}: {printable(message)}"
        if self.journal:
            return f"<{PRIORITY.get(record.levelno, 6)}>{line}"
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        return f"{at.replace('+00:00', 'Z')} {record.levelname} {line}"


class _LogFile(WatchedFileHandler):
    """Opened with the first line, and made anew with its folder when it was taken away."""

    def __init__(self, file: Path, otherwise: logging.Handler) -> None:
        super().__init__(file, encoding="utf-8", errors="replace", delay=True)
        self._otherwise = otherwise

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # from opening it again, which the base class leaves to the caller
            self._otherwise.emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the base class has it so)
        self._otherwise.emit(record)

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return super()._open()


def start(file: Path | None, *, verbose: bool = False, simulated: bool = False) -> None:
    """Send this program's log, Python's warnings and yfinance's messages to `file`, or to standard error."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line(journal="JOURNAL_STREAM" in os.environ, simulated=simulated))
    if file is not None:
        handler = _LogFile(file, otherwise=handler)
        handler.setFormatter(_Line(journal=False, simulated=simulated))
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("monitor").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.raiseExceptions = False  # a full disk under the log must not print a traceback for each line
