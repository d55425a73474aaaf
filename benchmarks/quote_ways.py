"""One way to ask Yahoo for quotes, in a process of its own: python -m benchmarks.quote_ways WAY CACHE SYMBOL ...

Says what the import took, and after each line that it reads does one round and says what that took, as lines of JSON:
seconds of the whole process's processor time, and of them `own`, those of neither yfinance nor curl.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "monitor"
Round = Callable[[Sequence[str]], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Settings:
    """As a collector has them by default."""

    timeout: timedelta = timedelta(seconds=20)
    endpoint: str | None = None
    batch: int = 50


class _Stopwatch:
    """Processor time spent inside some calls, less that inside the calls that they lead to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def runs(self, sign: int) -> Iterator[None]:
        began = time.process_time()
        try:
            yield
        finally:
            self.seconds += sign * (time.process_time() - began)

    def around(self, owner: Any, name: str, sign: int) -> None:
        """Count every call of this method, or with -1 take it off again."""
        original = getattr(owner, name)

        def timed(*arguments: Any, **options: Any) -> Any:
            with self.runs(sign):
                return original(*arguments, **options)

        setattr(owner, name, timed)


async def _ours(cache: Path, foreign: _Stopwatch) -> Round:
    from monitor.sources.yahoo import YahooQuotes

    quotes = YahooQuotes(Settings(), cache)
    quotes.start()
    await quotes.load()

    from curl_cffi.requests import Session
    from yfinance.data import YfData

    from monitor.sources.yahoo_session import YahooSession

    foreign.around(YfData, "get_raw_json", 1)
    foreign.around(YahooSession, "request", -1)  # is ours, within yfinance's
    foreign.around(Session, "request", 1)

    async def round_(symbols: Sequence[str]) -> object:
        outcome = await quotes.fetch(symbols, now=datetime.now(UTC))
        return {quote.symbol: (quote.price, quote.previous_close) for quote in outcome.quotes}  # type: ignore[union-attr]

    return round_


def _download(symbols: Sequence[str]) -> object:
    import yfinance

    return yfinance.download(list(symbols), period="1d", interval="1m", progress=False, auto_adjust=True)


def _tickers(symbols: Sequence[str]) -> dict[str, Any]:
    import yfinance

    found: dict[str, Any] = yfinance.Tickers(" ".join(symbols)).tickers
    return found


def _info(symbols: Sequence[str]) -> object:
    return {symbol: ticker.info["regularMarketPrice"] for symbol, ticker in _tickers(symbols).items()}


def _fast_info(symbols: Sequence[str]) -> object:
    quick = {symbol: ticker.fast_info for symbol, ticker in _tickers(symbols).items()}
    return {symbol: (each["lastPrice"], each["previousClose"]) for symbol, each in quick.items()}


def _one_by_one(symbols: Sequence[str]) -> object:
    import yfinance

    return {symbol: yfinance.Ticker(symbol).fast_info["lastPrice"] for symbol in symbols}


def _history(symbols: Sequence[str]) -> object:
    return {symbol: ticker.history(period="1d", interval="1m") for symbol, ticker in _tickers(symbols).items()}


DOCUMENTED: dict[str, Callable[[Sequence[str]], object]] = {
    "yf.download": _download,
    "yf.Tickers, .fast_info, last price and previous close": _fast_info,
    "yf.Ticker one by one, .fast_info, last price": _one_by_one,
    "yf.Tickers, .history": _history,
    "yf.Tickers, .info": _info,
}


async def _documented(way: str) -> Round:
    import warnings

    import yfinance

    warnings.simplefilter("ignore")
    logging.getLogger(yfinance.__name__).setLevel(logging.ERROR)

    async def round_(symbols: Sequence[str]) -> object:
        return DOCUMENTED[way](symbols)

    return round_


async def main(way: str, cache: Path, symbols: Sequence[str]) -> None:
    foreign = _Stopwatch()
    began = time.process_time()
    ask = await (_ours(cache, foreign) if way == OURS else _documented(way))
    _say(whole=time.process_time() - began, own=0.0, found=0)
    while sys.stdin.readline():
        foreign.seconds = 0.0
        began = time.process_time()
        found: Any = await ask(symbols)
        whole = time.process_time() - began
        _say(whole=whole, own=whole - foreign.seconds, found=len(found))


def _say(**figures: float) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
