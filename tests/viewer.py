"""A viewer reduced to its collector: it looks, says what it sees when that changes, and ends in order on SIGTERM.

python -m tests.viewer DATABASE LOG WORDS...
"""

from __future__ import annotations

import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

from monitor.tui.child import CollectorChild, Command

LOOK = 0.1  # seconds


def main() -> None:
    database, log, *words = sys.argv[1:]
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    child = CollectorChild(lambda: Command(tuple(words)), Path(database), Path(log))
    said = ""
    while not ended.wait(LOOK):
        state = child.look(datetime.now(UTC))
        if (line := f"{state.who.name} {state.pid or ''}".strip()) != said:
            said = line
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()
    child.close()


if __name__ == "__main__":
    main()
