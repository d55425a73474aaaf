"""What the rules look at in one round. Whoever evaluates them gathers it; nothing here is asked for anywhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor.alerts.refs import quote_ref
from monitor.market import Staleness
from monitor.models import Bar, BaselineRef, FeedState, Headline, Quote, QuoteRef, QuoteSourceState, Session

if TYPE_CHECKING:
    from monitor.baseline import Baseline


class Facts(Struct, frozen=True, kw_only=True, dict=True):
    """One round: what is new, and what is known now.

    `headlines` are those that this round brought or changed, with what they mention; empty on a round of quotes.
    `stale` says of each symbol whose quote must not be taken for the current price why (`market.staleness`).
    `bars` are one-minute bars, oldest first, at least as far back as the longest move of the rules. `feeds` are the
    enabled feeds by name. `quote_source` None: no quotes are asked for at all. `session` is New York's by the clock.
    `started_at` is when this collector began: what was stored by an earlier one and not asked for since is not held
    against a source. None: everything stored counts. `baseline` is what moves are compared with.
    """

    session: Session
    headlines: Sequence[Headline] = ()
    quotes: Mapping[str, Quote] = field(default_factory=dict)
    stale: Mapping[str, Staleness] = field(default_factory=dict)
    bars: Mapping[str, Sequence[Bar]] = field(default_factory=dict)
    feeds: Mapping[str, FeedState] = field(default_factory=dict)
    quote_source: QuoteSourceState | None = None
    started_at: datetime | None = None
    baseline: Baseline | None = None
    simulated: bool = False

    @cached_property
    def _compared(self) -> dict[tuple[str, datetime], BaselineRef | None]:
        return {}

    @cached_property
    def _quoted(self) -> dict[tuple[str, datetime], QuoteRef | None]:
        return {}

    def quoted(self, symbol: str, now: datetime) -> QuoteRef | None:
        """The symbol's quote as an alert quotes it, the same for all alerts of a round; None when there is none."""
        place = (symbol, now)
        if place not in self._quoted:
            quote = self.quotes.get(symbol)
            self._quoted[place] = None if quote is None else quote_ref(quote, now, stale=symbol in self.stale)
        return self._quoted[place]

    def compared(self, symbol: str, now: datetime) -> BaselineRef | None:
        """The symbol's move beside what the documents recorded of it for the same session, found out once a round.

        None where nothing is comparable, or the quote must not be taken for the current price.
        """
        place = (symbol, now)
        if place not in self._compared:
            self._compared[place] = self._compare(symbol, now)
        return self._compared[place]

    def _compare(self, symbol: str, now: datetime) -> BaselineRef | None:
        quote = self.quotes.get(symbol)
        if self.baseline is None or quote is None or symbol in self.stale:
            return None
        from monitor.baseline.live import shock_ratio  # not at the top: where nothing has a price it is not needed

        found = shock_ratio(self.baseline, quote, now)
        return found if isinstance(found, BaselineRef) else None

    @property
    def quotes_asked(self) -> bool:
        """Whether the quote source has answered or failed since this collector began."""
        return self.quote_source is not None and self.since_start(self.quote_source.last_checked_at)

    def since_start(self, checked_at: datetime | None) -> bool:
        """Whether a check at `checked_at` is this collector's own."""
        return checked_at is not None and (self.started_at is None or checked_at >= self.started_at)
