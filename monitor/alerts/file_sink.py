"""The alert log: a regular file that grows by whole lines, each on the disk before it counts as delivered."""

from __future__ import annotations

import errno
import grp
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from monitor.alerts.side_thread import SideThread
from monitor.errors import SinkError
from monitor.models import Alert

PATIENCE = timedelta(seconds=30)  # a disk may take its time, a dead network mount takes for ever

_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


class FileSink:
    """Appends a line for each alert and flushes it to the disk.

    The file is opened anew for each delivery, which costs about 20 µs beside the flush: so one that was rotated away,
    deleted or not yet mounted needs no thought. It and its folder are made if missing, for this account alone or, with
    `group`, readable for that group. Symbolic links and anything but regular files are refused.
    """

    at_once = 500

    def __init__(
        self, path: Path, render: Callable[[Alert], str], *, name: str = "file", group: str | None = None
    ) -> None:
        self.name = name
        self._path = path
        self._render = render
        self._group = group
        self._thread = SideThread(name)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Append all of them, or raise SinkError and leave no part of a line behind."""
        lines = "".join(f"{self._render(alert)}\n" for alert in alerts).encode("utf-8", "backslashreplace")
        await self._thread.run(lambda: self._append(lines), PATIENCE)

    def _append(self, lines: bytes) -> None:
        try:
            file, created = self._open()
            try:
                _append_whole(file, lines)
            finally:
                os.close(file)
            if created:
                _flush_folder(self._path.parent)
        except OSError as error:
            raise SinkError(f"{self._path}: {_reason(error)}") from error

    def _open(self) -> tuple[int, bool]:
        try:
            return self._regular(os.open(self._path, _FLAGS)), False
        except FileNotFoundError:
            self._make_folder(self._path.parent)
        try:
            file = os.open(self._path, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # somebody made it in this instant, or it is a link to nowhere
            return self._regular(os.open(self._path, _FLAGS)), False
        if self._group is not None:
            os.fchown(file, -1, self._group_id(self._group))
            os.fchmod(file, 0o640)
        return file, True

    def _regular(self, file: int) -> int:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise SinkError(f"{self._path}: not a regular file; standard output is -, for other places use a command")
        return file

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir():
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(0o700)
            if self._group is not None:
                os.chown(folder, -1, self._group_id(self._group))
                folder.chmod(0o750)

    def _group_id(self, group: str) -> int:
        try:
            return grp.getgrnam(group).gr_gid
        except KeyError:
            raise SinkError(f"{self._path}: there is no group {group!r}") from None


def _append_whole(file: int, lines: bytes) -> None:
    """Write at the end and flush; on failure cut off what was written of it, so that no reader meets half a line."""
    size = os.fstat(file).st_size
    if size and os.pread(file, 1, size - 1) != b"\n":
        lines = b"\n" + lines  # a crash tore the last line
    written = 0
    try:
        while written < len(lines):
            written += os.write(file, lines[written:])
    except OSError:
        if written and os.fstat(file).st_size == size + written:  # nobody else appended meanwhile
            with suppress(OSError):
                os.ftruncate(file, size)
        raise
    os.fsync(file)


def _flush_folder(folder: Path) -> None:
    """Have the name of a new file on the disk as well."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link; give the path that it leads to"
    return error.strerror or repr(error)
