"""All of Yahoo that quotes come from, on loopback over TLS, in a process of its own whose prices move when told to.

Each program believes that it speaks to the real one: only the environment points here, as at a company's proxy. Quotes,
cookies and crumbs are the demo's exchange; charts carry what yfinance's own `history` needs of them besides, and what
else the programs ask for (key figures, share counts, news) is answered with nothing in the form it has.

python -m benchmarks.yahoo FOLDER SYMBOL ... says its environment as a line of JSON, and then answers each line that it
reads with one: `move SYMBOL ...` with the new prices, `seen` with the count of requests so far by their path's kind.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from msgspec import field

from monitor.demo.exchange import Exchange, Listing, Request, _Answer, _json, quote_record
from tests.tls_proxy import TlsProxy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

STEP = 0.25  # of the currency, from one price to the next
KINDS = {"chart": "chart", "quoteSummary": "key figures", "timeseries": "share counts", "ncp": "news"}
BARS = {"1m": (timedelta(minutes=1), 390), "1h": (timedelta(hours=1), 35)}  # as many as stocks have
DAYS = (timedelta(days=1), 251)
PERIODS = ("1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max")


class Yahoo:
    """The process, from outside: start it with these symbols. Use it as a context manager."""

    def __init__(self, folder: Path, symbols: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.yahoo", str(folder), *symbols]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.environment: dict[str, str] = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def move(self, *symbols: str) -> dict[str, float]:
        """Give each of these symbols another price than any ever had, and say which; up to 39 times each."""
        prices: dict[str, float] = self._ask("move", *symbols)
        return prices

    def seen(self) -> Counter[str]:
        """How many requests came so far, by what they asked for."""
        return Counter(self._ask("seen"))

    def _ask(self, *words: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(words) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


class _Market:
    """The symbols' prices, 10 apart. They trade without end, at one price until told to move, and at all hours: so
    every program asks and shows alike whenever this runs.
    """

    def __init__(self, symbols: Sequence[str]) -> None:
        self.prices = {symbol: 100.0 + 10 * place for place, symbol in enumerate(symbols)}

    def move(self, symbols: Sequence[str]) -> dict[str, float]:
        for symbol in symbols:
            self.prices[symbol] += STEP
        return {symbol: self.prices[symbol] for symbol in symbols}

    def book(self, _at: datetime) -> Mapping[str, Mapping[str, object]]:
        return {symbol: self.record(symbol) for symbol in self.prices}

    def record(self, symbol: str) -> dict[str, object]:
        listing = Listing(
            symbol=symbol,
            name=f"{symbol} of the benchmark",
            exchange="CCC",
            quote_type="CRYPTOCURRENCY",
            regular_price=self.prices[symbol],
            regular_time=datetime.now(UTC),
            previous_close=101.0,
            day_low=90.0,
            day_high=9000.0,
            year_low=80.0,
            year_high=9000.0,
            volume=1_000_000,
        )
        return quote_record(listing)

    def chart(self, symbol: str, interval: str, *, extended_hours: bool) -> dict[str, object]:
        """As Yahoo answers for a market without hours: bars up to now, the last one at the last price."""
        now = datetime.now(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        width, count = BARS.get(interval, DAYS)
        last = midnight + (now - midnight) // width * width
        times = [int((last - (count - 1 - place) * width).timestamp()) for place in range(count)]
        price = self.prices[symbol]
        closes = [100.0] * (count - 1) + [price]
        columns = dict.fromkeys(("open", "high", "low", "close"), closes) | {"volume": [1000] * count}
        meta = {
            "currency": "USD",
            "symbol": symbol,
            "exchangeName": "CCC",
            "instrumentType": "CRYPTOCURRENCY",
            "regularMarketPrice": price,
            "regularMarketTime": int(now.timestamp()),
            "exchangeTimezoneName": "UTC",
            "dataGranularity": interval,
            "validRanges": PERIODS,
            **_hours(midnight, extended_hours=extended_hours),
        }
        indicators = {"quote": [columns], "adjclose": [{"adjclose": closes}]}
        return {"meta": meta, "timestamp": times, "indicators": indicators}


def _hours(midnight: datetime, *, extended_hours: bool) -> dict[str, object]:
    def period(start: datetime, end: datetime) -> dict[str, object]:
        return {"timezone": "UTC", "start": int(start.timestamp()), "end": int(end.timestamp()), "gmtoffset": 0}

    ends = midnight + timedelta(days=1, seconds=-1)
    day, before, after = period(midnight, ends), period(midnight, midnight), period(ends, ends)
    regular = [[day]]
    return {
        "currentTradingPeriod": {"pre": before, "regular": day, "post": after},
        "tradingPeriods": {"pre": [[before]], "regular": regular, "post": [[after]]} if extended_hours else regular,
    }


class _WholeYahoo(Exchange, kw_only=True):
    """The exchange with charts, and with empty answers of the right form to what is not measured."""

    market: _Market
    asked: Counter[str] = field(default_factory=Counter)

    def _answer(self, request: Request) -> _Answer:
        folder, _, last = request.path.rpartition("/")
        kind = folder.rpartition("/")[2]
        self.asked[KINDS.get(last) or KINDS.get(kind) or request.door.value] += 1
        symbol = unquote(last)
        if kind == "chart" and symbol in self.market.prices:
            extended = request.query.get("includePrePost", "").lower() == "true"
            found = self.market.chart(symbol, request.query.get("interval", "1d"), extended_hours=extended)
            return _json(200, {"chart": {"result": [found], "error": None}})
        if kind == "quoteSummary":
            figures = {"summaryDetail": {"currency": "USD"}}
            return _json(200, {"quoteSummary": {"result": [figures], "error": None}})
        if kind == "timeseries":
            return _json(200, {"timeseries": {"result": [{"meta": {"symbol": [symbol]}}], "error": None}})
        if last == "ncp":
            return _json(200, {"data": {"tickerStream": {"stream": []}}})
        return super()._answer(request)


async def _serve(folder: Path, symbols: Sequence[str]) -> None:
    market = _Market(symbols)
    async with _WholeYahoo(book=market.book, market=market) as yahoo, TlsProxy(folder, {"": yahoo.port}) as proxy:
        _say(proxy.environment())
        while line := await asyncio.to_thread(sys.stdin.readline):
            match line.split():
                case ["move", *which]:
                    _say(market.move(which))
                case ["seen"]:
                    _say(yahoo.asked)


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), sys.argv[2:]))
