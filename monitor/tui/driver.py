"""Textual's driver, with the one thing changed that a terminal whose size changes quickly needs."""

from __future__ import annotations

import asyncio
import signal

from textual.drivers.linux_driver import LinuxDriver


class TerminalDriver(LinuxDriver):
    """Reads and writes the terminal. SIGWINCH is answered between two steps of the loop.

    Textual answers it wherever it comes: also inside the answer to the one before, which has measured the terminal
    and not said so yet. The older size is then said last, and stays. In the loop one answer follows the other.
    """

    def start_application_mode(self) -> None:
        super().start_application_mode()  # type: ignore[no-untyped-call]
        answer = signal.getsignal(signal.SIGWINCH)
        if callable(answer):
            asyncio.get_running_loop().add_signal_handler(signal.SIGWINCH, answer, signal.SIGWINCH, None)
