"""One who writes down what a follower tells, and a clock of real seconds that a test moves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from monitor.tui.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from monitor.models import Alert, Headline
    from monitor.store.reader import Reader


@dataclass
class Told(Listener):
    """Writes down what it is told."""

    said: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)

    def database_opened(self, reader: Reader) -> None:
        assert reader.still_there()
        self.said.append("opened")

    def database_lost(self, why: str) -> None:
        self.said.append(f"lost: {why}")

    def headlines_arrived(self, headlines: Sequence[Headline]) -> None:
        self.said.append("headlines")
        self.titles += [headline.title for headline in headlines]

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        self.said.append(f"quotes {' '.join(sorted(symbols))}")

    def alerts_arrived(self, alerts: Sequence[tuple[int, Alert]]) -> None:
        self.said.append("alerts")
        self.rules += [alert.rule for _, alert in alerts]

    def feeds_changed(self) -> None:
        self.said.append("feeds")

    def collector_changed(self) -> None:
        self.said.append("collector")

    def settings_changed(self) -> None:
        self.said.append("settings")

    def minute_turned(self, now: datetime) -> None:
        self.said.append(f"minute {now:%H:%M}")

    def since(self) -> list[str]:
        """What was said since this was asked last."""
        said, self.said = self.said, []
        return said


class Watch:
    """Real seconds, as a test lets them pass."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds
