"""What a collector does besides its work when a viewer started it: it ends with the viewer and bounds its own log.

Its standard input is a pipe that nobody writes to. The pipe ends when the viewer does, however that died, so nothing
has to be told. Its standard error is a file opened for reading and appending, which is cut from its beginning here and
not by the viewer, because a viewer may be stopped (Ctrl-Z) for days.
"""

from __future__ import annotations

import os
import select
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STDIN, STDERR = 0, 2
LOOK = 1.0  # seconds between two looks at the size of the log
LONGEST_LOG = 1_000_000  # bytes
KEPT = 500_000  # bytes, the newest, when it has become longer
LAST = 5.0  # seconds from the end of the input to the end of the process, whatever hangs
HUNG = 1


def attend(ended: Callable[[], object]) -> None:
    """From now on call `ended`, in another thread, when standard input ends; what does not end then is ended."""
    threading.Thread(target=_attend, args=(ended,), daemon=True).start()


def cut(file: int, *, longest: int = LONGEST_LOG, kept: int = KEPT) -> None:
    """Leave about the last `kept` bytes of the file open at `file`, whole lines of it, once it is over `longest`.

    In place, because several processes may append to it. A line written at this very moment may be lost; what is
    no file, or cannot be read back, is left alone. Raises nothing.
    """
    with suppress(OSError):
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size <= longest:
            return
        newest = os.pread(file, kept, status.st_size - kept)
        os.ftruncate(file, 0)
        os.write(file, newest[newest.find(b"\n") + 1 :])


def _attend(ended: Callable[[], object]) -> None:
    while not _input_ends(LOOK):
        cut(STDERR)
    with suppress(RuntimeError):  # the loop it would tell has ended by itself
        ended()
    time.sleep(LAST)
    os._exit(HUNG)


def _input_ends(within: float) -> bool:
    try:
        ready, _, _ = select.select([STDIN], [], [], within)
        return bool(ready) and not os.read(STDIN, 4096)
    except OSError:
        return True
