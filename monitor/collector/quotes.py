"""The quote desk: asks for the symbols that are due, slower for those whose market is closed, and never stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor import market, new_york, schedule
from monitor.collector.results import Quoted, Result, Streamed
from monitor.models import Quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from monitor.clock import Clock
    from monitor.models import Quote, QuoteSourceState, Session
    from monitor.sources.quote_stream import QuoteStream
    from monitor.sources.yahoo import YahooQuotes

LOOK = 0.25  # seconds between two looks at what is due
REST = 5  # others' requests begin no later than this part of the interval before the next quotes are due
FLUSH = 1.0  # seconds; a stream of a hundred trades a second becomes one commit


def due_symbols(
    symbols: Sequence[str],
    quotes: Mapping[str, Quote],
    asked_at: Mapping[str, datetime],
    *,
    now: datetime,
    interval: timedelta,
    closed_interval: timedelta,
) -> tuple[str, ...]:
    """The symbols to ask for now, of which `asked_at` says when the source last answered for them.

    Those whose market is open are due every `interval`; those whose market is closed, and those that the source does
    not know, every `closed_interval`. A clock that was set back makes everything due.
    """

    def due(symbol: str) -> bool:
        asked = asked_at.get(symbol)
        if asked is None or asked > now:
            return True
        quote = quotes.get(symbol)
        is_open = quote is not None and market.is_open(quote)
        return now - asked >= (interval if is_open else closed_interval)

    return tuple(symbol for symbol in symbols if due(symbol))


class QuoteDesk(Struct):
    """`quotes` and `source` are the recorder's live view; the desk only reads them."""

    symbols: tuple[str, ...]
    quotes: Mapping[str, Quote]
    source: Callable[[], QuoteSourceState]
    yahoo: YahooQuotes
    results: asyncio.Queue[Result]
    clock: Clock
    interval: timedelta
    closed_interval: timedelta
    _asked_at: dict[str, datetime] = field(default_factory=dict)
    _asking: bool = False
    _session: Session | None = None
    _recorded: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Poll whatever is due, for ever; after a failure not before the source state says."""
        while True:
            if self._held_back():
                await asyncio.sleep(LOOK)
                continue
            if not await self.once():
                await asyncio.sleep(LOOK)

    async def once(self) -> bool:
        """Ask a single time for what is due and wait until the answer is recorded; false when nothing was due."""
        if not self.symbols:
            return False
        now = self.clock.now()
        self._notice_session(now)
        symbols = self._due(now)
        if not symbols:
            return False
        self._asking = True
        try:
            outcome = await self.yahoo.fetch(symbols, now=now)
        finally:
            self._asking = False
        if isinstance(outcome, Quotes):
            self._asked_at.update(dict.fromkeys((*outcome.unknown, *(quote.symbol for quote in outcome.quotes)), now))
        self._recorded.clear()
        await self.results.put(Quoted(symbols, outcome, self.clock.now()))
        await self._recorded.wait()
        return True

    def quiet(self) -> bool:
        """Whether the quote thread is free for something else: no quotes are being asked for, or will be soon."""
        return not (self._asking or self._held_back() or self._due(self.clock.now() + self.interval / REST))

    def hurry(self) -> None:
        """Ask for all symbols without waiting for their time; a source that asked for a pause has it all the same."""
        self._asked_at.clear()

    def recorded(self) -> None:
        """The answer is in the source state now, so the next question may be asked when it is due."""
        self._recorded.set()

    def _due(self, now: datetime) -> tuple[str, ...]:
        return due_symbols(
            self.symbols,
            self.quotes,
            self._asked_at,
            now=now,
            interval=self.interval,
            closed_interval=self.closed_interval,
        )

    def _held_back(self) -> bool:
        state = self.source()
        return state.failures > 0 and not schedule.quotes_due(state, now=self.clock.now())

    async def stream(self, stream: QuoteStream) -> None:
        """On top of polling: hand on what the stream moved, at most once a `FLUSH`, for ever."""
        from monitor.sources.quote_ticks import StreamTick, apply_tick

        moved: dict[str, Quote] = {}

        def take(tick: StreamTick) -> None:
            quote = moved.get(tick.symbol) or self.quotes.get(tick.symbol)
            if quote is not None and (after := apply_tick(quote, tick)) is not quote:
                moved[tick.symbol] = after

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(stream.run(self.symbols, take))
            while True:
                await asyncio.sleep(FLUSH)
                if moved:
                    await self.results.put(Streamed(tuple(moved.values()), self.clock.now()))
                    moved.clear()

    def _notice_session(self, now: datetime) -> None:
        """When New York goes from one session to the next, what was closed may be open: ask for all of it."""
        session = new_york.session(now)
        if session != self._session:
            self._session = session
            self._asked_at.clear()
