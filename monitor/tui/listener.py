"""Who is told what the follower sees, and what is selected.

By plain calls: the follower looks in the app's own thread, so nothing waits in a queue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor.models import Alert, Headline
    from monitor.store.reader import Reader


class Listener:
    """Is told what changed, by a call each. What it does not care about it leaves as it is here."""

    def database_opened(self, reader: Reader) -> None:
        """First, and again when another database lies at the path: nothing of what was shown before holds any more."""

    def database_lost(self, why: str) -> None:
        """Nothing can be read, for the reason in this sentence. It is tried again without end."""

    def headlines_arrived(self, headlines: Sequence[Headline]) -> None:
        """Never seen before; in order of arrival."""

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        """These symbols have another quote, or their quotes turned stale or fresh."""

    def alerts_arrived(self, alerts: Sequence[tuple[int, Alert]]) -> None:
        """Each with its number in the database; in that order."""

    def feeds_changed(self) -> None:
        """A feed or the quote source was asked, or is asked no more."""

    def collector_changed(self) -> None:
        """Another collector, one that died or came back, or other trouble with its settings."""

    def settings_changed(self) -> None:
        """The viewer's settings were read, or read again: groups, topics, limits, keys."""

    def minute_turned(self, now: datetime) -> None:
        """By the follower's clock: in a replay, the replayed day's."""


@runtime_checkable
class ShowsMarks(Protocol):
    """Shows what the user has read, starred, acknowledged or snoozed."""

    def marks_changed(self, headlines: Iterable[int], alerts: Iterable[str]) -> None:
        """These headlines or alerts are marked otherwise than before, or rules were snoozed or woken."""


@runtime_checkable
class FollowsTicker(Protocol):
    """Shows something of the ticker that is selected among the quotes."""

    def select_ticker(self, symbol: str | None) -> None:
        """None: no ticker is."""
