"""The database's files: where they are, who may read them, and whether the open one is still the one at its path.

Nothing here opens an existing database file: closing any descriptor of it would drop the locks that SQLite holds on it
in this process (POSIX locks belong to process and file, not to descriptor).
"""

from __future__ import annotations

import grp
import os
import sqlite3
import stat
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

from monitor.errors import StoreError
from monitor.store.faults import of_system

if TYPE_CHECKING:
    from pathlib import Path

BUSY_TIMEOUT = 2.0  # seconds; only somebody else's tool can hold the database, and the collector retries anyway
SUFFIXES = ("", "-wal", "-shm")

Identity = tuple[int, int]


def connect(path: Path, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    """A connection that makes no file, begins no transaction by itself, and belongs to this thread.

    The name is percent-encoded: a "?" or "#" in it is part of it, and bytes that are not UTF-8 survive.
    """
    name = f"file:{quote(os.fsencode(path))}?mode={mode}"
    return sqlite3.connect(name, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)


def identity(path: Path) -> Identity:
    """Device and inode of the file at `path`. Raises StoreMissing, or StoreError when it may not be seen."""
    try:
        status = path.stat()
    except OSError as error:
        raise of_system(error, path) from error
    if not stat.S_ISREG(status.st_mode):
        raise StoreError(f"{path}: not a regular file")
    return status.st_dev, status.st_ino


def is_there(path: Path, known: Identity) -> bool:
    """Whether the file at `path` is the one that was opened."""
    try:
        return identity(path) == known
    except StoreError:
        return False


def prepare(path: Path, group: str | None) -> None:
    """Make folder and file where they are missing, and give the file the mode that `group` asks for.

    Without a group: a new folder 0700, the file 0600. With one: a folder that holds nothing but this database 0750, the
    file 0640, both of that group; another folder is not ours to change, but the group must be able to pass through it.
    Not the umask's business, and a link in the last place of `path` must have been resolved before.
    """
    gid = _gid(group)
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, mode=0o700)
            path.parent.chmod(0o700)
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            identity(path)
        if gid is not None:
            _let_through(path, gid, str(group))
    except OSError as error:
        raise of_system(error, path) from error
    set_modes(path, group)


def set_modes(path: Path, group: str | None) -> None:
    """Give the database and what SQLite put beside it their mode and group, if this account owns them.

    SQLite makes the -wal and -shm files with the database's mode, but with the process's own group.
    """
    gid = _gid(group)
    for suffix in SUFFIXES:
        file = path.with_name(path.name + suffix)
        try:
            status = file.stat()
            if status.st_uid != os.geteuid():
                continue
            _give_to_group(file, status.st_gid, gid)
            file.chmod(0o600 if gid is None else 0o640)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise of_system(error, file) from error


def size(path: Path) -> int:
    """Bytes of the database and its write-ahead log."""
    total = 0
    for suffix in ("", "-wal"):
        try:
            total += path.with_name(path.name + suffix).stat().st_size
        except FileNotFoundError:
            continue
    return total


def _gid(group: str | None) -> int | None:
    if group is None:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise StoreError(f"store.group: there is no group {group!r} on this machine") from None


def _give_to_group(path: Path, owned_by: int, gid: int | None) -> None:
    """Ask for nothing where nothing has to change: a hardened service may be forbidden to call chown at all."""
    if gid is not None and owned_by != gid:
        os.chown(path, -1, gid)


def _let_through(path: Path, gid: int, group: str) -> None:
    folder = path.parent
    status = folder.stat()
    if status.st_uid == os.geteuid() and all(entry.name.startswith(path.name) for entry in list(folder.iterdir())):
        _give_to_group(folder, status.st_gid, gid)
        folder.chmod(0o750)
        return
    passes = status.st_mode & (stat.S_IXGRP if status.st_gid == gid else stat.S_IXOTH)
    if not passes:
        raise StoreError(
            f"store.group: members of {group} cannot enter {folder}, which holds other things too; "
            f"`chgrp {group} {folder} && chmod 750 {folder}`, or give the database a folder of its own"
        )
