"""Yahoo's quotes and charts through yfinance, blocking. Only the quote thread (`yahoo.py`) imports this module.

The import costs 0.4 to 1.6 s and about 80 MB. `YfData().get_raw_json` is yfinance's own data layer and not documented
API; it is used all the same because it is the only way to all quotes in one request, so yfinance is pinned and
tests/test_yahoo.py runs the whole of it against an exchange that speaks Yahoo's format. Charts take the same way:
`Ticker.history` would add a request for the time zone, a pandas frame a call and a cache of 64 answers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote as percent_encoded

import yfinance
from msgspec.structs import replace
from yfinance.data import YfData

from monitor.models import Bar, FailureKind, Quote, QuoteOutcome, Quotes, QuotesFailed
from monitor.sources.quote_fields import FIELDS, to_bars, to_quote
from monitor.sources.yahoo_failures import complaint_in, failure
from monitor.sources.yahoo_session import YahooSession
from monitor.text import printable

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_QUOTE_URL = "https://query1.finance.yahoo.com/v7/finance/quote"
_CHART_URL = "https://query2.finance.yahoo.com/v8/finance/chart/"

# These are about the answer, all others about the way to Yahoo: after them the next batch would fail as well.
_ONE_BATCH_ONLY = frozenset({FailureKind.HTTP, FailureKind.DATA, FailureKind.CUT_OFF, FailureKind.TOO_LARGE})


class YahooClient:
    """Asks Yahoo, blocking; never raises for a fault of Yahoo or of the way there. For one thread only.

    `timeout` caps each request, `budget` all those that a batch of quotes or a chart takes; both in seconds.
    `cache_folder` holds yfinance's cookie between runs; where it cannot be written, each start asks for a new one.
    """

    def __init__(self, *, timeout: float, budget: float, endpoint: str | None, cache_folder: Path) -> None:
        _prepare(cache_folder)
        yfinance.set_tz_cache_location(str(cache_folder))
        self._budget = budget
        self._session = YahooSession(timeout=timeout, endpoint=endpoint)
        self._data = YfData(session=self._session)
        self._priced: set[str] = set()

    def quotes(self, symbols: Sequence[str], *, batch: int, now: datetime) -> QuoteOutcome:
        """The quotes of `symbols`, `batch` (at most 50) to a request.

        When some batches fail, the others' quotes are kept and `Quotes.failure` says what happened. An answer without
        any price is a failure unless it is known of none of these symbols that Yahoo has them.
        """
        began = time.monotonic()
        wanted = tuple(dict.fromkeys(symbols))
        quotes: list[Quote] = []
        unknown: list[str] = []
        failed: QuotesFailed | None = None
        for start in range(0, len(wanted), batch):
            part = wanted[start : start + batch]
            answer = self._batch(part, now)
            if isinstance(answer, QuotesFailed):
                failed = failed or answer
                if answer.kind not in _ONE_BATCH_ONLY:
                    break
            else:
                quotes += answer.values()
                unknown += (symbol for symbol in part if symbol not in answer)
        if not quotes and failed is not None:
            return failed
        if not quotes and wanted and (not self._priced or not self._priced.isdisjoint(wanted)):
            reason = f"Yahoo gave no price for any of {len(wanted)} symbols"
            return QuotesFailed(kind=FailureKind.DATA, reason=reason)
        self._priced.update(quote.symbol for quote in quotes)
        latency = timedelta(seconds=time.monotonic() - began)
        return Quotes(quotes=tuple(quotes), unknown=tuple(unknown), latency=latency, failure=failed)

    def bars(
        self, symbol: str, *, interval: str, start: datetime, end: datetime, extended_hours: bool, now: datetime
    ) -> tuple[Bar, ...] | QuotesFailed:
        """The bars of `symbol` that begin in [start, end), adjusted for splits but not for dividends.

        `interval` is one of `quote_fields.INTERVALS`; Yahoo keeps 1m for about 30 days (8 days a request), 5m and 15m
        for 60 days, 1h for two years.
        """
        params = {
            "period1": int(start.timestamp()),
            "period2": int(end.timestamp()),
            "interval": interval,
            "includePrePost": str(extended_hours).lower(),
        }
        answer = self._ask(_CHART_URL + percent_encoded(symbol, safe=""), params, "chart", now)
        if isinstance(answer, QuotesFailed):
            return answer
        bars = to_bars(symbol, interval, answer[0]) if answer else ()
        return tuple(bar for bar in bars if start <= bar.at < end)

    def _batch(self, symbols: Sequence[str], now: datetime) -> dict[str, Quote] | QuotesFailed:
        params = {
            "symbols": ",".join(symbols),
            "fields": ",".join(FIELDS),
            "formatted": "false",
            "lang": "en-US",
            "region": "US",
        }
        answer = self._ask(_QUOTE_URL, params, "quoteResponse", now)
        return answer if isinstance(answer, QuotesFailed) else _by_symbol(answer, symbols, now)

    def _ask(self, url: str, params: Mapping[str, object], envelope: str, now: datetime) -> list[object] | QuotesFailed:
        """The list inside Yahoo's answer: `{envelope: {"result": [...], "error": null}}`."""
        self._session.begin(self._budget)
        try:
            answer = self._data.get_raw_json(url, params=params)
        except Exception as error:  # noqa: BLE001  # yfinance raises what four libraries raise; all are outcomes here
            return failure(error, self._session.first_trouble, now)
        complaint = complaint_in(answer)
        body = answer.get(envelope) if isinstance(answer, Mapping) else None
        result = body.get("result") if isinstance(body, Mapping) else None
        if complaint is not None or not isinstance(result, list):
            reason = "Yahoo's answer has another form" if complaint is None else f"Yahoo answered: {complaint}"
            return QuotesFailed(kind=FailureKind.DATA, reason=reason)
        return result


def _by_symbol(records: Iterable[object], symbols: Sequence[str], now: datetime) -> dict[str, Quote]:
    """The quotes by the symbol asked for, in the order asked for; Yahoo may answer in another order and in capitals."""
    asked = {symbol.upper(): symbol for symbol in symbols}
    found: dict[str, Quote] = {}
    for record in records:
        quote = to_quote(record, now=now) if isinstance(record, Mapping) else None
        symbol = None if quote is None else asked.get(quote.symbol.upper())
        if quote is not None and symbol is not None:
            found[symbol] = quote if quote.symbol == symbol else replace(quote, symbol=symbol)
    return {symbol: found[symbol] for symbol in symbols if symbol in found}


def _prepare(cache_folder: Path) -> None:
    """Make the folder, and throw out cache files that are no databases: yfinance would fail on them for ever."""
    try:
        cache_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("cookies.db", "tkr-tz.db"):
            file = cache_folder / name
            if file.exists() and file.read_bytes()[:16] not in {b"", b"SQLite format 3\0"}:
                file.unlink()
    except OSError as error:
        log.warning("no cache for yfinance, each start asks for a new cookie: %s", printable(error))
