"""The baseline desk: fetches, once, what the market paid around 27 January 2025, to be held beside the documents.

Two requests a symbol, daily bars and hourly ones with extended hours, each when the quote thread has nothing else to
do, and a gap after it. What came is asked for again after a month, because a split changes old prices. That Yahoo does
not know a symbol, or has no hours of it any more (it keeps them for two years), is an answer. What is a failure is
tried again after five minutes, then ten, and so on up to a day; and no other symbol within the first five minutes,
because what fails mostly fails for all, and a request that hangs keeps the quotes waiting.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from monitor.collector.results import Recalled, Result
from monitor.models import QuotesFailed
from monitor.schedule import CLOCK_SLACK
from monitor.store.records import HistoryState
from monitor.when import NEW_YORK, local_and_new_york

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from monitor.baseline import Baseline
    from monitor.clock import Clock
    from monitor.models import Bar, Record
    from monitor.sources.yahoo import YahooQuotes

log = logging.getLogger(__name__)

FROM, UNTIL = datetime(2025, 1, 23, tzinfo=UTC), datetime(2025, 1, 30, tzinfo=UTC)
INTERVALS = ("1d", "1h")
GAP = timedelta(seconds=2)
LOOK = 1.0  # seconds between two looks at what is due
TURN = 0.05  # seconds between two looks whether the quote thread is free
AGAIN = timedelta(days=30)
SOONEST, LATEST = timedelta(minutes=5), timedelta(days=1)  # after a failure

_PRICED = frozenset({"move", "level", "yield", "currency"})  # kinds of records
_FIRST_DAY, _LAST_DAY = date(2025, 1, 24), date(2025, 1, 29)
_MOST_DOUBLINGS = 16
_HAS_NONE = frozenset({400, 404, 422})  # unknown or delisted; 422: hours of more than 730 days ago


def wanted(baseline: Baseline) -> tuple[str, ...]:
    """The symbols of which a price of 24 to 29 January 2025 is documented, in the order of the records."""
    return tuple(dict.fromkeys(record.symbol for record in baseline.records if record.symbol and _is_priced(record)))


def _is_priced(record: Record) -> bool:
    if record.kind not in _PRICED or record.when is None:
        return False
    at = record.when.at
    day = at.astimezone(NEW_YORK).date() if isinstance(at, datetime) else at
    return day <= _LAST_DAY and (record.when.until or day) >= _FIRST_DAY


def due(
    symbols: Sequence[str], states: Mapping[str, HistoryState], *, now: datetime, simulated: bool = False
) -> str | None:
    """The first symbol to ask for now. A clock that was set back, or is another than the state's, makes it due."""

    def is_due(state: HistoryState | None) -> bool:
        if state is None or state.next_try_at is None or state.simulated != simulated:
            return True
        return not now < state.next_try_at <= now + AGAIN + CLOCK_SLACK

    return next((symbol for symbol in symbols if is_due(states.get(symbol))), None)


def advance(state: HistoryState, outcome: tuple[Bar, ...] | QuotesFailed, *, now: datetime) -> HistoryState:
    """The state of a symbol after it was asked for. A failure keeps when it was last answered."""
    if not isinstance(outcome, QuotesFailed):
        return replace(state, asked_at=now, next_try_at=now + AGAIN, failures=0, error=None)
    doubled = SOONEST * (1 << min(state.failures, _MOST_DOUBLINGS))
    wait = min(max(doubled, _pause(outcome)), LATEST)
    return replace(state, next_try_at=now + wait, failures=state.failures + 1, error=outcome.reason)


def _pause(failed: QuotesFailed) -> timedelta:
    """How long no symbol is asked for after a failure: Yahoo may have said so."""
    return min(max(failed.retry_after or SOONEST, SOONEST), LATEST)


def tell(before: HistoryState, after: HistoryState) -> None:
    """Say once that a symbol fails, once more what is new about it, and that it is over."""
    if after.failures and after.error != before.error:
        again = "soon" if after.next_try_at is None else local_and_new_york(after.next_try_at)
        log.warning("January 2025 of %s: %s; next try %s", after.symbol, after.error, again)
    elif before.failures and not after.failures:
        log.info("January 2025 of %s: answering again; tries that failed: %d", after.symbol, before.failures)


class BaselineDesk(Struct):
    """`states` is the recorder's live view; the desk only reads it. `quiet` says that no quotes are or will soon be
    asked for.
    """

    symbols: tuple[str, ...]
    states: Mapping[str, HistoryState]
    yahoo: YahooQuotes
    results: asyncio.Queue[Result]
    clock: Clock
    quiet: Callable[[], bool]
    _recorded: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Fetch what is due, one symbol after the other, for ever."""
        while True:
            symbol = due(self.symbols, self.states, now=self.clock.now(), simulated=self.clock.simulated)
            if symbol is None:
                await asyncio.sleep(LOOK)
                continue
            before, outcome = self.states.get(symbol), await self._ask(symbol)
            self._recorded.clear()
            await self.results.put(Recalled(symbol, outcome, self.clock.now()))
            await self._recorded.wait()
            if isinstance(outcome, QuotesFailed):
                await self.clock.sleep(_pause(outcome))
            elif self.states.get(symbol) is before:  # it could not be stored
                await self.clock.sleep(SOONEST)

    def recorded(self) -> None:
        """What was asked for last is in `states` now, or could not be stored."""
        self._recorded.set()

    async def _ask(self, symbol: str) -> tuple[Bar, ...] | QuotesFailed:
        bars: list[Bar] = []
        for interval in INTERVALS:
            while not self.quiet():  # noqa: ASYNC110  it is time that makes it so, and time sets no event
                await asyncio.sleep(TURN)
            outcome = await self.yahoo.history(symbol, interval=interval, start=FROM, end=UNTIL, now=self.clock.now())
            await self.clock.sleep(GAP)
            if not isinstance(outcome, QuotesFailed):
                bars += outcome
            elif outcome.status not in _HAS_NONE:
                return outcome
        return tuple(bars)
