"""Everything else: the services that Apprise knows. An optional extra, imported with the first alert (about 0.3 s)."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from monitor.alerts.line import to_text
from monitor.alerts.side_thread import SideThread
from monitor.errors import SinkError
from monitor.models import Alert, Severity

CURE = "Apprise is not installed here: pip install 'monitor[apprise]'"


def installed() -> bool:
    return importlib.util.find_spec("apprise") is not None


class AppriseSink:
    """Sends each alert to every address of `urls`. These hold secrets: of them only the scheme is ever shown.

    Apprise says of several addresses only whether all took it; those that did get it again with the next try.
    """

    at_once = 1

    def __init__(
        self, urls: Sequence[str], *, timeout: timedelta = timedelta(seconds=30), name: str = "apprise"
    ) -> None:
        self.name = name
        self._urls = tuple(urls)
        self._timeout = timeout
        self._thread = SideThread(name)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Raises SinkError when Apprise is missing or did not deliver."""
        if not installed():
            raise SinkError(CURE)
        for alert in alerts:
            await self._thread.run(partial(self._notify, alert), self._timeout)

    def _notify(self, alert: Alert) -> None:
        try:
            self._send(alert)
        except SinkError:
            raise
        except Exception as error:  # noqa: BLE001 (services by a hundred authors; what they say may hold an address)
            raise SinkError(f"Apprise failed: {type(error).__name__}") from None

    def _send(self, alert: Alert) -> None:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its messages show whole addresses
        services = apprise.Apprise()
        for url in self._urls:
            if not services.add(url):
                raise SinkError(f"Apprise cannot use the address {_scheme(url)}")
        kinds = {Severity.INFO: apprise.NotifyType.INFO, Severity.WARNING: apprise.NotifyType.WARNING}
        taken = services.notify(
            title=f"{'SIMULATED ' if alert.simulated else ''}{alert.severity.upper()} {alert.rule}",
            body=to_text(alert),
            notify_type=kinds.get(alert.severity, apprise.NotifyType.FAILURE),
            body_format=apprise.NotifyFormat.TEXT,
            interpret_escapes=False,
        )
        if not taken:
            raise SinkError(f"not delivered by Apprise to {', '.join(_scheme(url) for url in self._urls)}")


def _scheme(url: str) -> str:
    scheme, colon, _ = url.partition("://")
    return f"{scheme}://…" if colon and scheme.isalnum() else "(no scheme)"
