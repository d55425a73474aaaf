"""One collector a database: an flock on a file beside it, which the kernel frees on any death of its holder."""

from __future__ import annotations

import fcntl
import grp
import os
import shutil
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.errors import AlreadyCollecting, StoreError, StoreReadOnly

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOKS = 10
LOOK_GAP = 0.03  # seconds; a viewer that asks who collects holds a shared lock for an instant: that is no reason to end


def beside(database: Path, suffix: str) -> Path:
    """The file or folder that belongs to `database`, also when it is named by a link: `monitor.db` and `.lock`."""
    real = Path(os.path.realpath(database))
    return real.with_name(real.name + suffix)


def lock_path(database: Path) -> Path:
    return beside(database, ".lock")


class Held(Struct, frozen=True):
    """A lock that this process holds."""

    path: Path
    descriptor: int

    def still_there(self) -> bool:
        """False when its file was deleted or replaced: then it keeps no other collector out."""
        try:
            return os.path.samestat(os.fstat(self.descriptor), os.lstat(self.path))
        except OSError:
            return False


@contextmanager
def collecting(database: Path, *, group: str | None = None) -> Iterator[Held]:
    """Hold the lock of `database` for as long as the block runs; members of `group` may look who holds it.

    The lock file is never removed: removing it would let two processes hold locks on two files of the same name.
    Raises AlreadyCollecting, or StoreError when the lock file cannot be made.
    """
    held = _take(database, group)
    while not held.still_there():  # deleted between its opening and its locking
        os.close(held.descriptor)
        held = _take(database, group)
    try:
        os.ftruncate(held.descriptor, 0)
        os.pwrite(held.descriptor, f"{os.getpid()}\n".encode(), 0)
        yield held
    finally:
        os.close(held.descriptor)


def give_to_group(path: Path, group: str) -> None:
    """Make `group` the group of `path`, unless it is: a hardened service may not be allowed the call at all.

    Raises LookupError when there is no such group, OSError when this account is not in it.
    """
    if path.stat().st_gid != grp.getgrnam(group).gr_gid:
        shutil.chown(path, group=group)


def _take(database: Path, group: str | None) -> Held:
    path = lock_path(database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if group is not None:
            give_to_group(path, group)
            os.fchmod(descriptor, 0o640)
    except (OSError, LookupError) as error:
        raise StoreError(f"{path}: the lock file cannot be made: {getattr(error, 'strerror', error)}") from error
    try:
        _lock(descriptor, database)
    except BaseException:
        os.close(descriptor)
        raise
    return Held(path, descriptor)


def _lock(descriptor: int, database: Path) -> None:
    for look in range(LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if look == LOOKS - 1:
                raise AlreadyCollecting(str(database), _written_pid(descriptor)) from None
            time.sleep(LOOK_GAP)
        else:
            return


def holder(database: Path) -> int | None:
    """The process that collects into `database` now: its pid, 0 when its lock file does not say, None when nobody does.

    A shared lock that can be had proves that nobody holds the exclusive one, and is given back at once.
    Raises StoreReadOnly when this account may not look.
    """
    path = lock_path(database)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except PermissionError:
        raise StoreReadOnly(f"{path}: this account may not read it, so whether a collector runs is not known") from None
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written_pid(descriptor) or 0
    else:
        return None
    finally:
        os.close(descriptor)


def _written_pid(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
