"""Readiness and watchdog messages to systemd (sd_notify(3)): a datagram to the socket it names, if it names one."""

from __future__ import annotations

import os
import socket


def notify(message: str) -> bool:
    """Send `message` ("READY=1"); false when systemd asked for none or does not take it, which stops nobody."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as door:
        door.settimeout(0)
        try:
            door.sendto(message.encode(), address)
        except OSError:
            return False
    return True


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear of this process at the latest, in seconds; None when it does not watch it."""
    period = os.environ.get("WATCHDOG_USEC", "")
    owner = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not period.isdigit() or int(period) == 0 or owner != str(os.getpid()):
        return None
    return int(period) / 1_000_000
