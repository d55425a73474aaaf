"""What of feeds.yaml a screen goes by; it opens before the rest is imported."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from monitor.models import Feed, Group, Ticker, Topic


class QuoteSettings(Struct, frozen=True, kw_only=True):
    """How quotes are asked. `closed_interval` holds while every market of the watchlist is closed.

    A quote is stale when it is older than `stale_after` in the regular session, `stale_after_extended` before and
    after it. `endpoint` replaces Yahoo's base address. `batch` symbols go into one request; Yahoo takes at most 50.
    """

    interval: timedelta = timedelta(seconds=15)
    closed_interval: timedelta = timedelta(minutes=5)
    timeout: timedelta = timedelta(seconds=10)
    stale_after: timedelta = timedelta(minutes=2)
    stale_after_extended: timedelta = timedelta(minutes=15)
    stream: bool = False
    endpoint: str | None = None
    batch: int = 50


class ViewerSettings(Struct, frozen=True, kw_only=True):
    """How the screen looks and is worked. What a person changes there later is kept elsewhere, and wins.

    `keys` has the keys of actions that are to have others than the program's own: ("headlines.star", ("s", "f2")).
    `layout` is how many panels are shown at most where there is room; "four" is all of them.
    """

    theme: str | None = None
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    bell: bool = False
    notify: Literal["none", "osc9", "osc777"] = "none"
    layout: Literal["four", "two", "one"] = "four"


class ScreenSettings(Struct, frozen=True, kw_only=True):
    """`file` is the settings file's path as given, for messages and for noticing that it changed."""

    file: str
    feeds: tuple[Feed, ...] = ()
    watchlist: tuple[Group, ...] = ()
    topics: tuple[Topic, ...] = ()
    quotes: QuoteSettings = QuoteSettings()
    viewer: ViewerSettings = ViewerSettings()

    @property
    def tickers(self) -> tuple[Ticker, ...]:
        """The watchlist's tickers, each symbol once, in its order.

        A symbol may stand in several groups. It takes the first name that is more than the symbol, and all aliases.
        """
        from monitor.models import Ticker

        found: dict[str, Ticker] = {}
        for ticker in (ticker for group in self.watchlist for ticker in group.tickers):
            known = found.get(ticker.symbol, ticker)
            found[ticker.symbol] = Ticker(
                symbol=ticker.symbol,
                name=ticker.name if known.name == known.symbol else known.name,
                aliases=tuple(dict.fromkeys(known.aliases + ticker.aliases)),
            )
        return tuple(found.values())
