"""Opens the screen, or says why it cannot be opened here; and gives the terminal back, however it ends."""

from __future__ import annotations

import codecs
import fcntl
import gc
import os
import signal
import sys
import termios
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from monitor.errors import MonitorError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import FrameType

    from monitor.config.screen import ViewerSettings
    from monitor.config.settings import Settings
    from monitor.store.personal import Personal
    from monitor.store.records import CollectorInfo
    from monitor.tui.app import MonitorApp
    from monitor.tui.child import CollectorChild

STDIN, STDERR = 0, 2  # Textual reads keys from one and writes the screen to the other
DEADLINE = 2.0  # seconds in which the screen has to end once it is told to
TRIES, BETWEEN_TRIES = 20, 0.01  # seconds
ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT)
WAKING = signal.SIGURG  # means nothing to anybody here, and with a handler interrupts a write
LOST = 128 + signal.SIGHUP  # the exit status when the terminal is gone

# Mouse, paste, focus and kitty's keyboard off, wrapping on, the shell's screen, the cursor, plain colours.
RESTORE = (
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l\x1b[?2004l\x1b[?1004l\x1b[?2026l\x1b[<u"
    b"\x1b[?7h\x1b[?1049l\x1b[?25h\x1b[0m"
)

TERMINALS_OWN = "ansi"  # the theme of the sixteen colours that the terminal has itself

TEXTUAL = {
    "TEXTUAL_ANIMATIONS": "none",  # each frame of one costs what a repaint costs
    "TEXTUAL_DISABLE_KITTY_KEY": "1",  # with it input methods cannot compose: no Korean in the filter
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "TEXTUAL_FPS": "240",  # how soon a change is drawn, not how often: nothing is drawn while nothing changes
}


class Screen(NamedTuple):
    """What is to be opened. `viewer` is what is known of its settings now; `settings` reads all of them, later."""

    database: Path
    state: Path
    viewer: ViewerSettings
    settings: Callable[[CollectorInfo | None], Settings]
    collector: Callable[[], CollectorChild] | None = None
    theme: str | None = None
    mouse: bool = True


def require_terminal(environment: Mapping[str, str] = os.environ) -> None:
    """Raises MonitorError where the screen cannot work, and names the command that does."""
    if why := _why_not(environment):
        raise MonitorError(f"{why}. `monitor tail` prints what comes, one a line; `monitor --help` names the rest.")


def run(screen: Screen) -> int:
    """Show it until it is left; the exit status. Raises MonitorError before anything is drawn."""
    gc.disable()  # until the first screenful: nothing before it is garbage
    sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]  # asyncio does without, which saves 10 ms and 5 MB
    from monitor.store.personal import Personal

    personal = Personal(screen.state)
    given = screen.theme or screen.viewer.theme
    theme = screen.theme or _chosen(personal) or given or suited(os.environ)
    os.environ.update(TEXTUAL, TEXTUAL_THEME=theme)
    if theme == TERMINALS_OWN or "NO_COLOR" in os.environ:
        # Else what is dim would be mixed from colours that Textual does not know: black on black.
        os.environ["TEXTUAL_FILTERS"] = ""
    for size in ("COLUMNS", "LINES"):  # what a shell once exported is not asked before the terminal itself
        os.environ.pop(size, None)
    from monitor.tui import themes
    from monitor.tui.app import MonitorApp

    if theme not in (given, *themes.ALL):
        theme = suited(os.environ)  # chosen on the screen of another version
    if theme not in themes.ALL:
        raise MonitorError(f"there is no theme {theme!r}; there are {', '.join(themes.ALL)}")
    app = MonitorApp(
        screen.database,
        personal=personal,
        theme=theme,
        viewer=screen.viewer,
        read_settings=screen.settings,
        collector=screen.collector,
        terminal_lost=lambda: not os.isatty(STDIN),
        settled=_settle,
    )
    try:
        with _Ending(app):
            app.run(mouse=screen.mouse)
    finally:
        if app.collector is not None:
            app.collector.close()
    return app.return_code or 0


def suited(environment: Mapping[str, str]) -> str:
    """The theme for a terminal that nobody chose one for: its own colours where it has few, or none are wanted."""
    if "NO_COLOR" in environment:
        return TERMINALS_OWN
    if environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return "dark"
    many = environment.get("TERM", "").endswith(("256color", "-direct", "kitty", "ghostty", "alacritty"))
    return "dark" if many else TERMINALS_OWN


def _chosen(personal: Personal) -> str | None:
    """The theme that was chosen on the screen last, where the terminal has the colours for it."""
    theme = personal.choice("theme")
    return theme if isinstance(theme, str) and suited(os.environ) != TERMINALS_OWN else None


def _why_not(environment: Mapping[str, str]) -> str:
    if not (os.isatty(STDIN) and os.isatty(STDERR)):
        return "The screen needs a terminal: standard input or standard error is not one"
    term = environment.get("TERM", "")
    if term in {"", "dumb", "unknown"}:
        return f"The screen needs a terminal that can place text, and TERM is {term or 'not set'}"
    encoding = getattr(sys.__stderr__, "encoding", None) or "none"
    if codecs.lookup(encoding).name != "utf-8":
        return f"The screen needs UTF-8, and the locale asks for {encoding} (LANG=C.UTF-8, where the terminal has it)"
    return ""


def _settle() -> None:
    """What is there now stays: the collector of garbage need not look at it at each key."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()


class _Ending:
    """Signals end the app as its own key does; what does not end in time is ended, with the terminal as it was."""

    def __init__(self, app: MonitorApp) -> None:
        self._app = app
        self._before = termios.tcgetattr(STDIN)
        self._handled: list[signal.Signals] = []
        self._deadline: threading.Timer | None = None
        app.leaving = self._begin

    def __enter__(self) -> None:
        signal.signal(WAKING, lambda *_: None)
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._signalled)
                self._handled.append(number)

    def __exit__(self, *_: object) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        for number in self._handled:
            signal.signal(number, signal.SIG_DFL)  # what is left to do is not worth finishing

    def _signalled(self, number: int, _: FrameType | None) -> None:
        status = LOST if number == signal.SIGHUP else 128 + number
        self._begin(status)
        self._app.leave_soon(status)

    def _begin(self, status: int) -> None:
        """The seconds count from here. The terminal may have stopped reading, which stops Textual at its next write."""
        if self._deadline is None:
            self._deadline = threading.Timer(DEADLINE, self._end, [status])
            self._deadline.daemon = True
            self._deadline.start()

    def _end(self, status: int) -> None:
        with suppress(termios.error, OSError):
            termios.tcsetattr(STDIN, termios.TCSANOW, self._before)
            _write_now(RESTORE)
        os._exit(status)


def _write_now(data: bytes) -> None:
    """Write to a terminal that may have stopped reading, in place of what it has not taken.

    A write that waits there, as Textual's does, keeps all others out. A signal makes it look again, and where it may
    not wait any more it gives up.
    """
    threading.excepthook = lambda _: None  # of the thread whose write gives up
    flags = fcntl.fcntl(STDERR, fcntl.F_GETFL)  # the shell's too: they are put back
    fcntl.fcntl(STDERR, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        for _ in range(TRIES):
            for thread in threading.enumerate():
                if thread.ident is not None:
                    signal.pthread_kill(thread.ident, WAKING)
            termios.tcflush(STDERR, termios.TCOFLUSH)
            with suppress(BlockingIOError):
                os.write(STDERR, data)
                return
            time.sleep(BETWEEN_TRIES)
    finally:
        fcntl.fcntl(STDERR, fcntl.F_SETFL, flags)
