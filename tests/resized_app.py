"""`python -m tests.resized_app DATABASE SYMBOL`: a ticker's screen, whose terminal changes when it is 80 cells wide.

It becomes `THEN` right after the viewer has measured it, so that the signal comes while the one before is answered.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
from pathlib import Path

from tests.ticker_app import TickerApp

THEN = os.terminal_size((118, 38))
_measured = os.get_terminal_size


def _measure(descriptor: int = 1, /) -> os.terminal_size:
    size = _measured(descriptor)
    if size.columns == 80:
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", THEN.lines, THEN.columns, 0, 0))
    return size


if __name__ == "__main__":
    os.get_terminal_size = _measure
    TickerApp(Path(sys.argv[1]), sys.argv[2]).run()
