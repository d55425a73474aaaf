"""What a parser process runs: it answers each pickled `Reduced` on standard input with a pickled outcome.

It ends when its input does, so it does not outlive its collector however that dies. Over one document it takes at most
`limit` seconds, by an alarm of the kernel that also ends a loop in C code, and at most `MEMORY`. It leaves SIGINT and
SIGTERM to the collector, which may still want an answer while it ends.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from contextlib import suppress

from monitor.models import Failed, FailureKind
from monitor.sources.frames import read_frame, write_frame
from monitor.sources.parse import parse
from monitor.sources.reduce import Document, Reduced
from monitor.text import printable

MEMORY = 1 << 30  # bytes of address space; a usual document takes a twentieth of it


def serve(limit: float) -> None:
    """Answer until the input ends. Nothing but frames is written to what standard output was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    with suppress(ValueError, OSError):  # where the system or an administrator knows better
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        while request := read_frame(sys.stdin.buffer):
            signal.setitimer(signal.ITIMER_REAL, limit)
            outcome = _answer(pickle.loads(request))  # noqa: S301 (from the collector that started this process)
            signal.setitimer(signal.ITIMER_REAL, 0)
            try:
                write_frame(answers, pickle.dumps(outcome))
            except BrokenPipeError:
                os._exit(0)  # nobody is left to tell, and closing `answers` would fail as well


def _answer(reduced: Reduced) -> Document | Failed:
    try:
        return parse(reduced)
    except MemoryError:
        return Failed(kind=FailureKind.PARSER, reason=f"the parser needed more than {MEMORY >> 20} MiB for it")
    except Exception as error:  # noqa: BLE001 (a traceback on standard error could carry the feed's text)
        return Failed(kind=FailureKind.INTERNAL, reason=f"a fault of this program: {printable(repr(error), limit=200)}")
