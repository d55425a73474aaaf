"""The quote source: Yahoo through yfinance, in one thread of its own.

One thread does the importing and the asking, for as long as the program runs: curl handles belong to a thread, so a
thread a poll would leave a connection a poll behind, and the import would stop the event loop for a second. What
happens inside is in `yahoo_client.py`; this module imports nothing heavy.
"""

from __future__ import annotations

import asyncio
import logging
import math
import queue
import threading
import warnings
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct

from monitor.lean import without
from monitor.models import Bar, FailureKind, QuoteOutcome, QuotesFailed
from monitor.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from monitor.sources.yahoo_client import YahooClient

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_SYMBOLS = 50
"""How many symbols one request may ask for."""

_PATIENCE = 2  # timeouts that a batch may take in all: a hanging cookie request must leave time for another way to it
_UNUSED = ("lxml", "charset_normalizer")  # 7 MB that what yfinance depends on can do without, and what we ask for does
_GRACE = 15.0  # seconds for the import, for a request to notice its own deadline, and for reading the answer


class YahooSettings(Protocol):
    """The settings that the source needs; `QuoteSettings` has them."""

    @property
    def timeout(self) -> timedelta: ...
    @property
    def endpoint(self) -> str | None: ...
    @property
    def batch(self) -> int: ...


class _Job(Struct, frozen=True):
    """Something to ask, and where the answer goes."""

    ask: Callable[[YahooClient], object]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def resolve(self, outcome: object) -> None:
        try:
            self.loop.call_soon_threadsafe(self._settle, outcome)
        except RuntimeError:
            log.debug("an answer came after the event loop was closed")

    def _settle(self, outcome: object) -> None:
        if not self.future.done():
            self.future.set_result(outcome)


class YahooQuotes:
    """Quotes and charts for one event loop; `start` first, `close` at the end.

    Faults of Yahoo, of the way there or of yfinance are outcomes, never exceptions. A call that is cancelled is
    forgotten: the thread skips it, or drops its answer.
    """

    def __init__(self, settings: YahooSettings, cache_folder: Path) -> None:
        """`cache_folder` is this program's own; yfinance keeps its cookie there. No thread runs before `start`."""
        self._settings = settings
        self._cache_folder = cache_folder
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._waiting: set[asyncio.Future[Any]] = set()
        self._thread = threading.Thread(target=self._work, name="quotes", daemon=True)
        self._closed = False

    def start(self) -> None:
        """Start the thread, which loads yfinance when there is something to ask."""
        self._thread.start()

    async def load(self) -> QuotesFailed | None:
        """Return once yfinance is loaded, or why it could not be."""
        return await self._ask(lambda _client: None, 1)

    async def fetch(self, symbols: Sequence[str], *, now: datetime) -> QuoteOutcome:
        """The quotes of `symbols` as asked for at `now`, `settings.batch` of them to a request."""
        batch = min(max(self._settings.batch, 1), MOST_SYMBOLS)
        batches = math.ceil(len(symbols) / batch)
        return await self._ask(lambda client: client.quotes(symbols, batch=batch, now=now), batches)

    async def history(
        self, symbol: str, *, interval: str, start: datetime, end: datetime, now: datetime, extended_hours: bool = True
    ) -> tuple[Bar, ...] | QuotesFailed:
        """The bars of `symbol` that begin in [start, end): see `YahooClient.bars`. It waits for a fetch under way."""
        return await self._ask(
            lambda client: client.bars(
                symbol, interval=interval, start=start, end=end, extended_hours=extended_hours, now=now
            ),
            1,
        )

    def close(self) -> None:
        """End the thread after its current request, without waiting for it. Calls under way fail at once."""
        self._closed = True
        self._jobs.put(None)
        for future in self._waiting:
            if not future.done():
                future.set_result(_closed())

    async def _ask(self, ask: Callable[[YahooClient], T | QuotesFailed], batches: int) -> T | QuotesFailed:
        if self._closed:
            return _closed()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T | QuotesFailed] = loop.create_future()
        self._waiting.add(future)
        allowed = self._settings.timeout.total_seconds() * _PATIENCE * batches + _GRACE
        try:
            self._jobs.put(_Job(ask, loop, future))
            async with asyncio.timeout(allowed):
                return await future
        except TimeoutError:
            return QuotesFailed(kind=FailureKind.TIMEOUT, reason=f"the quote thread gave no answer in {allowed:.0f} s")
        finally:
            self._waiting.discard(future)

    def _work(self) -> None:
        """The thread. Every job is answered whatever happens, and nothing ends the thread but `close`."""
        client: YahooClient | None = None
        while (job := self._jobs.get()) is not None:
            if job.future.done():
                continue
            try:
                client = client or self._new_client()
                job.resolve(job.ask(client))
            except Exception as error:
                log.exception("the quote thread failed")
                reason = f"the quote thread failed: {type(error).__name__}: {printable(error)}"
                job.resolve(QuotesFailed(kind=FailureKind.INTERNAL, reason=reason))

    def _new_client(self) -> YahooClient:
        _divert_messages()
        with without(*_UNUSED):
            from monitor.sources.yahoo_client import YahooClient

        timeout = self._settings.timeout.total_seconds()
        return YahooClient(
            timeout=timeout,
            budget=timeout * _PATIENCE,
            endpoint=self._settings.endpoint,
            cache_folder=self._cache_folder,
        )


class _ToOwnLog(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        log.debug("yfinance: %s", printable(record.getMessage()))


def _divert_messages() -> None:
    """Keep yfinance's messages and Python's warnings off standard error, which may be the terminal's screen."""
    logging.captureWarnings(capture=True)
    warnings.filterwarnings("ignore", "Unable to find acceptable character detection")  # see `_UNUSED`
    logger = logging.getLogger("yfinance")
    if not logger.handlers:
        logger.addHandler(_ToOwnLog())
        logger.propagate = False


def _closed() -> QuotesFailed:
    return QuotesFailed(kind=FailureKind.INTERNAL, reason="the quote source is closed")
