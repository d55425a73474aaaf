"""A headline's address: as a link of the terminal, in a browser, or on the clipboard.

Only http and https addresses are ever passed on (`monitor.links.safe_link`), and never through a shell. Link (OSC 8)
and clipboard (OSC 52) are the terminal's own, so both come through ssh; docs/viewer.md says which terminals have them.
"""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from msgspec import Struct

from monitor.errors import MonitorError
from monitor.links import safe_link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_LINK = 2083  # bytes; terminals leave out longer ones
SCREEN_TAKES = 512  # bytes that GNU screen passes on at once
MUTE = ("linux", "dumb", "vt", "cons", "unknown")  # consoles that print what they do not understand, or have neither
OPENERS = ("xdg-open", "wslview", "gio")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Browser(Struct, frozen=True):
    """`command` opens an address that is added to it; None: there is no browser here, for the reason in `why`."""

    command: tuple[str, ...] | None
    why: str = ""


def browser(
    environment: Mapping[str, str],
    *,
    platform: str = sys.platform,
    which: Callable[[str], str | None] = shutil.which,
) -> Browser:
    """The browser of whoever sits at this terminal. Over ssh there is none, whatever displays are forwarded: it would
    open at the other end, or come slowly over the line.
    """
    if any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")):
        return Browser(None, "over ssh")
    if platform == "darwin":
        return Browser(("open",))
    if not any(environment.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")):
        return Browser(None, "no display here")
    for name in OPENERS:
        if path := which(name):
            return Browser((path, "open") if name == "gio" else (path,))
    return Browser(None, f"none of {', '.join(OPENERS)} here")


def open_in(found: Browser, link: str) -> None:
    """Start the browser and wait for nothing. Raises MonitorError: no browser, no web address, it cannot be started."""
    if found.command is None:
        raise MonitorError(f"no browser: {found.why}")
    address = web_address(link)
    if address is None:
        raise MonitorError("this is no web address")
    try:
        process = subprocess.Popen(  # noqa: S603 (no shell; the address is checked and never begins with "-")
            [*found.command, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # this process's own are the screen
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise MonitorError(f"{found.command[0]} cannot be started: {error.strerror}") from error
    threading.Thread(target=process.wait, daemon=True).start()  # nobody else takes note of its end


def web_address(link: str | None) -> str | None:
    """An http or https address in ASCII, as what opens it wants it; None for anything else."""
    safe = safe_link(link)
    if safe is None or safe.isascii():
        return safe
    parts = urlsplit(safe)
    try:
        netloc = parts.netloc.encode("idna").decode()
    except UnicodeError:
        return None
    rest = (quote(part, safe=_ASCII) for part in (parts.path, parts.query, parts.fragment))
    return safe_link(urlunsplit((parts.scheme, netloc, *rest)))


def terminal_link(link: str | None, environment: Mapping[str, str]) -> str | None:
    """What a terminal may be given as the target of a link; None where it is none, or the terminal knows no links."""
    address = web_address(link)
    if address is None or len(address) > LONGEST_LINK or _is_mute(environment):
        return None
    return address


def copying(text: str, environment: Mapping[str, str]) -> str:
    """What makes the terminal put `text` on its clipboard; empty where it cannot.

    tmux and GNU screen have to be told apart and passed through: what does not understand the one form ignores it.
    """
    if _is_mute(environment):
        return ""
    sequence = f"\x1b]52;c;{base64.b64encode(text.encode()).decode()}\a"
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith("tmux"):
        return sequence + "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environment.get("STY") or term.startswith("screen"):
        parts = (sequence[at : at + SCREEN_TAKES] for at in range(0, len(sequence), SCREEN_TAKES))
        return sequence + "".join(f"\x1bP{part}\x1b\\" for part in parts)
    return sequence


def _is_mute(environment: Mapping[str, str]) -> bool:
    term = environment.get("TERM", "")
    return not term or term.startswith(MUTE)
