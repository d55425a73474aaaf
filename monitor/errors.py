"""The errors a person may see. Each one carries a sentence that names the place and, where there is one, the cure.

    MonitorError
    ├── ConfigError        settings that cannot be used; carries every mistake found
    ├── StoreError         the database
    │   ├── StoreBusy          somebody else writes, and did not let go in time
    │   ├── StoreCorrupt       SQLite says the file is not (or no longer) a database
    │   ├── StoreFull          no room on the disk
    │   ├── StoreReadOnly      this account or this disk cannot write it
    │   ├── StoreTooNew        written by a newer version of this program
    │   └── StoreMissing       nothing there to read
    ├── AlreadyCollecting  another collector holds this database
    ├── SinkError          an alert could not be delivered; it is tried again
    └── BaselineError      the packaged records of January 2025 are not as they should be

A feed or a quote source that fails is not an exception here: it is an outcome (`models.Failed`,
`models.QuotesFailed`), because it is expected, is stored, and concerns that source alone.
"""

from __future__ import annotations

from msgspec import Struct


class MonitorError(Exception):
    """Base of every error meant for a person: `str(error)` is one printable sentence or a few lines."""


class Mistake(Struct, frozen=True):
    """One thing wrong in a settings file. `line` counts from 1; None when the file has no such place."""

    file: str
    line: int | None
    key: str
    expected: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.key}: {self.expected}" if self.key else f"{place}: {self.expected}"


class ConfigError(MonitorError):
    """The settings cannot be used. `mistakes` holds all of them, in the order of the file."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = mistakes


class StoreError(MonitorError):
    """The database could not be opened, read or written."""


class StoreBusy(StoreError):
    pass


class StoreCorrupt(StoreError):
    pass


class StoreFull(StoreError):
    pass


class StoreReadOnly(StoreError):
    pass


class StoreTooNew(StoreError):
    pass


class StoreMissing(StoreError):
    pass


class AlreadyCollecting(MonitorError):
    """Another process holds the lock of this database. `pid` is None when its lock file does not say."""

    def __init__(self, database: str, pid: int | None) -> None:
        who = "another collector" if pid is None else f"another collector (process {pid})"
        super().__init__(f"{who} already collects into {database}")
        self.pid = pid


class SinkError(MonitorError):
    """A sink did not take an alert; the alert stays undelivered and is tried again."""


class BaselineError(MonitorError):
    """The packaged records of January 2025 are not as docs/baseline.md says; names the file and the record."""
