"""Trades as they happen, from Yahoo's stream, on top of polling: `quotes.stream: true`.

yfinance supplies the stream's address and the message format. The connection and the receive loop are ours, because
`AsyncWebSocket.listen` freezes the event loop after a clean close, does not come back after an abort, and swallows
cancellation. What the stream misses, the next poll has.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from monitor.sources.quote_ticks import StreamTick, to_tick
from monitor.text import printable

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

    from monitor.models import QuotesFailed

log = logging.getLogger(__name__)

_RENEW = 15.0  # seconds between subscriptions, as yfinance and Yahoo's own page renew them
_LARGEST_MESSAGE = 2**16
_CLOSE_WAIT = 1.0
_LONGEST_WAIT = timedelta(minutes=1)


class QuoteStream:
    """Yahoo's stream of trades. It comes back by itself after any fault of the stream; only cancelling ends `run`.

    `load` must return once yfinance is imported (`YahooQuotes.load`): two threads that import it at once may each see
    half of it. `endpoint` is the setting of that name: the stream is then asked of that server too. After `idle`
    without a trade the connection is taken for dead. Between connections it waits `first_wait`, then twice as long each
    time, up to a minute, until a trade has come.
    """

    def __init__(
        self,
        *,
        load: Callable[[], Awaitable[QuotesFailed | None]],
        endpoint: str | None = None,
        idle: timedelta = timedelta(minutes=2),
        first_wait: timedelta = timedelta(seconds=1),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._load = load
        self._endpoint = endpoint
        self._idle = idle.total_seconds()
        self._first_wait = first_wait
        self._now = now
        self.trouble: str | None = None
        """Why no trades come at present, in a printable sentence; None while they do."""
        self._traded = False

    async def run(self, symbols: Sequence[str], on_quote: Callable[[StreamTick], None]) -> None:
        """Hand each trade in `symbols` to `on_quote`, until cancelled."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import WebSocketException

        while (failed := await self._load()) is not None:
            self._report(failed.reason)
            await asyncio.sleep(_LONGEST_WAIT.total_seconds())
        subscription = json.dumps({"subscribe": list(symbols)})
        address = stream_address(self._endpoint)
        wait = self._first_wait
        while True:
            self._traded = False
            try:
                async with connect(address, max_size=_LARGEST_MESSAGE, close_timeout=_CLOSE_WAIT) as connection:
                    await self._receive(connection, subscription, on_quote)
            except (OSError, WebSocketException, ImportError) as error:  # ImportError: SOCKS proxy, library missing
                self._report(f"{type(error).__name__}: {printable(error, limit=300)}")
            wait = self._first_wait if self._traded else min(wait * 2, _LONGEST_WAIT)
            await asyncio.sleep(wait.total_seconds() * random.uniform(0.5, 1))  # noqa: S311  # spreads load only

    async def _receive(
        self, connection: ClientConnection, subscription: str, on_quote: Callable[[StreamTick], None]
    ) -> None:
        """Until the connection fails, or with TimeoutError after `idle` without a trade."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while loop.time() < last + self._idle:
            await connection.send(subscription)
            renew_at = loop.time() + _RENEW
            while (left := min(renew_at, last + self._idle) - loop.time()) > 0:
                try:
                    async with asyncio.timeout(left):
                        message = await connection.recv()
                except TimeoutError:
                    break
                tick = decode(message, received_at=self._now())
                if tick is not None:
                    last = loop.time()
                    self._traded = True
                    self._report(None)
                    on_quote(tick)
        raise TimeoutError(f"no trade for {self._idle:.0f} s")

    def _report(self, trouble: str | None) -> None:
        """Log a change only: a stream that fails all night says so once."""
        if trouble is not None and self.trouble is None:
            log.warning("the quote stream is interrupted, polling goes on: %s", trouble)
        elif trouble is None and self.trouble is not None:
            log.info("the quote stream is back")
        self.trouble = trouble


def stream_address(endpoint: str | None) -> str:
    """Where the stream is: yfinance's address, or the same one under `endpoint` as all other requests."""
    from yfinance import AsyncWebSocket

    address = str(AsyncWebSocket(verbose=False).url)
    if endpoint is None:
        return address
    own = urlsplit(endpoint.rstrip("/"))
    return f"{'wss' if own.scheme == 'https' else 'ws'}://{own.netloc}{own.path}/{address.partition('://')[2]}"


def decode(message: str | bytes, *, received_at: datetime) -> StreamTick | None:
    """One message of the stream: JSON around base64 around protobuf. None for what is no trade."""
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # comes without types
    from yfinance.pricing_pb2 import PricingData

    try:
        data = PricingData.FromString(base64.b64decode(json.loads(message)["message"], validate=True))
    except (ValueError, TypeError, KeyError, RecursionError, DecodeError):
        return None
    return to_tick(data.id, data.price, data.time, data.market_hours, data.day_volume, received_at=received_at)
