"""Where alerts go. A sink takes alerts or raises SinkError; when to offer them again is `delivery.next_try`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from msgspec import Struct

from monitor import paths
from monitor.alerts.apprise_sink import AppriseSink
from monitor.alerts.command_sink import CommandSink
from monitor.alerts.file_sink import FileSink
from monitor.alerts.line import to_json, to_text
from monitor.alerts.stdout_sink import ReaderGone, StdoutSink
from monitor.config import AlertSettings, CommandSinkSettings, FileSinkSettings, StdoutSinkSettings
from monitor.config.settings import LineFormat, SinkSettings
from monitor.models import Alert, Severity

__all__ = ["AppriseSink", "AtLeast", "CommandSink", "FileSink", "ReaderGone", "Sink", "StdoutSink", "make_sinks"]

_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Sink(Protocol):
    """`name` tells sinks apart in the store. `at_once`: how many alerts to offer together, since all are offered again
    when one fails.
    """

    @property
    def name(self) -> str: ...

    @property
    def at_once(self) -> int: ...

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Take all of `alerts`, in order, so that they survive a crash; or raise SinkError, and some may come twice.

        Never holds up the event loop, and ends within a time of its own.
        """


class AtLeast(Struct, frozen=True):
    """A sink that gets only alerts of `severity` and above; for it the others are as good as delivered."""

    sink: Sink
    severity: Severity

    @property
    def name(self) -> str:
        return self.sink.name

    @property
    def at_once(self) -> int:
        return self.sink.at_once

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        wanted = [alert for alert in alerts if _RANKS[alert.severity] >= _RANKS[self.severity]]
        if wanted:
            await self.sink.deliver(wanted)


def make_sinks(settings: AlertSettings, *, group: str | None = None) -> tuple[Sink, ...]:
    """The sinks of the settings; nothing is opened or run yet. `group` may read the files they make."""
    return tuple(AtLeast(_make(each, group), each.min_severity) for each in settings.sinks)


def _make(settings: SinkSettings, group: str | None) -> Sink:
    match settings:
        case FileSinkSettings():
            path = settings.path or paths.alert_log()
            return FileSink(path, _render(settings.format), name=settings.name, group=group)
        case StdoutSinkSettings():
            return StdoutSink(_render(settings.format), name=settings.name)
        case CommandSinkSettings():
            return CommandSink(settings.argv, timeout=settings.timeout, name=settings.name)
        case _:
            return AppriseSink(settings.urls, name=settings.name)


def _render(form: LineFormat) -> Callable[[Alert], str]:
    return to_json if form == "jsonl" else partial(to_text, zone=None)
