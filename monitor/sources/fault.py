"""How the network rooms say that a source failed, on the way to `models.Failed`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.models import Failed, FailureKind
from monitor.text import printable

if TYPE_CHECKING:
    from datetime import timedelta


_MAX_REASON = 300  # characters; errors of libraries quote what they choked on


class Fault(Exception):
    """Ends one fetch. `FeedClient` lets none out: `failed` is what the collector sees of it.

    `reason` names hosts, never whole addresses: a feed's path or query may hold its owner's key.
    """

    def __init__(
        self,
        kind: FailureKind,
        reason: str,
        *,
        status: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason
        self.status = status
        self.retry_after = retry_after

    def failed(self, latency: timedelta | None) -> Failed:
        return Failed(
            kind=self.kind,
            reason=printable(self.reason, limit=_MAX_REASON),
            status=self.status,
            latency=latency,
            retry_after=self.retry_after,
        )
