"""What SQLite says when it cannot, told as the StoreError kinds, with the file and the cure."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from monitor.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreMissing, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Primary result codes (https://www.sqlite.org/rescode.html); the sentence follows "<path>: ".
_KINDS: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_FULL: (StoreFull, "no room on the disk; free some, what could not be stored is tried again"),
    sqlite3.SQLITE_READONLY: (StoreReadOnly, "this account or this disk cannot write it"),
    sqlite3.SQLITE_PERM: (StoreReadOnly, "this account may not use it"),
    sqlite3.SQLITE_CORRUPT: (
        StoreCorrupt,
        "damaged; stop the collector, move it and its -wal and -shm away, restore a backup or try `sqlite3 .recover`",
    ),
    sqlite3.SQLITE_NOTADB: (StoreCorrupt, "not a SQLite database; name another file, or restore a backup"),
    sqlite3.SQLITE_BUSY: (StoreBusy, "another program is writing to it and did not let go in time"),
    sqlite3.SQLITE_LOCKED: (StoreBusy, "another connection of this process is using the table"),
    sqlite3.SQLITE_IOERR: (StoreError, "the disk failed; look at its quota, its health and the system log"),
    sqlite3.SQLITE_CANTOPEN: (StoreError, "it or the -wal and -shm files beside it cannot be opened by this account"),
}
# Extended codes that say more than their primary one.
_SPECIAL: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_READONLY_DBMOVED: (StoreMissing, "moved or deleted while it was open"),
    sqlite3.SQLITE_READONLY_DIRECTORY: (
        StoreReadOnly,
        (
            "nobody has it open, and this account may not make the -wal and -shm files that reading needs; "
            "start the collector, or read it once as its owner"
        ),
    ),
    sqlite3.SQLITE_CORRUPT_VTAB: (
        StoreCorrupt,
        (
            "its text index is damaged; with the collector stopped, "
            "`sqlite3 FILE \"INSERT INTO headlines_fts (headlines_fts) VALUES ('rebuild')\"` makes it anew"
        ),
    ),
}
# Faults of this program, which must be seen as such.
_OURS = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.NotSupportedError)


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what sqlite3 raises in the block into a StoreError about `path`; faults of this program pass through."""
    try:
        yield
    except _OURS:
        raise
    except sqlite3.DatabaseError as error:
        raise of(error, path) from error


def of(error: sqlite3.Error, path: Path) -> StoreError:
    """The StoreError for what sqlite3 raised. Its sentence ends with SQLite's own name for the fault."""
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    kind, sentence = StoreError, str(error)
    if code is not None:
        kind, sentence = _SPECIAL.get(code) or _KINDS.get(code & 0xFF) or (StoreError, str(error))
    return kind(f"{path}: {sentence} ({name})")


def of_system(error: OSError, path: Path) -> StoreError:
    """The StoreError for what the operating system said about `path` or its folder."""
    reason = error.strerror or str(error)
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return StoreReadOnly(f"{path}: this account or this disk does not allow it: {reason}")
        case errno.ENOSPC | errno.EDQUOT:
            return StoreFull(f"{path}: no room on the disk: {reason}")
        case errno.ENOENT:
            return StoreMissing(f"{path}: there is no database; `monitor collect` makes it")
    return StoreError(f"{path}: {reason}")
