"""The file of `monitor.store.personal`: made and kept up to date without sqlite-utils, which viewers never load."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from monitor.errors import StoreCorrupt, StoreError, StoreFull, StoreReadOnly, StoreTooNew
from monitor.store import files

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

OURS = 0x6D6F_6E69  # "moni", SQLite's application_id of the file
BUSY = 100  # milliseconds that another viewer's commit is waited for, which takes one

# One step after the other, each a list of statements; never edited once released. `user_version` counts those taken.
STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE databases (
            id INTEGER PRIMARY KEY,
            identity TEXT NOT NULL UNIQUE,
            used INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE marks (
            change INTEGER PRIMARY KEY AUTOINCREMENT,
            database_id INTEGER NOT NULL REFERENCES databases (id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            subject ANY NOT NULL,
            value TEXT,
            UNIQUE (database_id, kind, subject)
        ) STRICT
        """,
        "INSERT INTO databases (identity, used) VALUES ('', 0)",
    ),
)


def open_or_make(path: Path) -> tuple[files.Identity, sqlite3.Connection]:
    """The file (0600) and a connection to it. `path` has no link in its last place.

    Raises StoreTooNew, StoreCorrupt, StoreBusy, StoreReadOnly, StoreFull, or StoreError for another program's file,
    which is left as it is; and what sqlite3 raises.
    """
    files.prepare(path, None)
    identity = files.identity(path)
    connection = files.connect(path, "rw")
    try:
        connection.execute(f"PRAGMA busy_timeout = {BUSY}")
        connection.execute("PRAGMA foreign_keys = ON")
        _bring_up_to_date(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")  # no flush at each mark; a power cut may take the last ones
    except BaseException:
        connection.close()
        raise
    return identity, connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def why(error: StoreError, path: Path) -> str:
    """What keeps the file from being used, in words for its owner."""
    match error:
        case StoreCorrupt():
            words = "damaged, or no SQLite database; move it and its -wal and -shm away, and a new one is begun"
        case StoreReadOnly():
            words = "this account or this disk cannot write it"
        case StoreFull():
            words = "no room on the disk"
        case _:
            return str(error)
    return f"{path}: {words}"


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    if _steps_taken(connection, path) == len(STEPS):
        return
    connection.execute("PRAGMA journal_mode = WAL")
    with transaction(connection):
        taken = _steps_taken(connection, path)  # another viewer may have been quicker
        for statement in (statement for step in STEPS[taken:] for statement in step):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {OURS}")
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")


def _steps_taken(connection: sqlite3.Connection, path: Path) -> int:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (taken,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != OURS and (tables or taken or application):
        raise StoreError(f"{path}: another program's database; move it away, and a new one is begun")
    if taken > len(STEPS):
        raise StoreTooNew(f"{path}: written by a newer version of this program; update this one")
    return int(taken)
