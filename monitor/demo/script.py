"""The replayed day as functions of the time: what the exchange lists and what it remembers. No clock, no sockets."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from monitor.demo.day import DAY, ENDS_AT, on_the_day
from monitor.demo.exchange import Listing, quote_record
from monitor.demo.history import MINUTES, Traded, intraday, past_days, today
from monitor.demo.markets import MARKETS
from monitor.demo.prices import LAST_STEP, on_tick, step_of, surge, trace
from monitor.demo.record import asks_for_record, record
from monitor.demo.waypoints import scales, waypoints

if TYPE_CHECKING:
    from monitor.demo.waypoints import Scale
    from monitor.models import Bar

SEED = 27
# Nothing trades in it for a while, so that a stale quote can be seen; no documented figure falls into the gap.
QUIET_SYMBOL = "OKLO"
QUIET = (on_the_day("12:05"), on_the_day("12:35"))


class _Listed(Traded, frozen=True):
    past: tuple[Bar, ...]
    year: tuple[float, float]  # lowest and highest price of 52 weeks


class Script:
    """The day for one seed: equal seeds give equal answers to equal questions, in any process. All of it is SIMULATED.

    The first question about a symbol traces its path, about 4 ms; each further one costs some 15 microseconds.
    """

    def __init__(self, seed: int = SEED) -> None:
        self.seed = seed
        self._scales = {scale.symbol: scale for scale in scales()}
        self._traced: dict[str, _Listed] = {}
        self._records: dict[str, Mapping[str, tuple[Bar, ...]]] = {}

    @property
    def symbols(self) -> KeysView[str]:
        """All that is listed, in the order of listings.csv."""
        return self._scales.keys()

    def price_at(self, symbol: str, moment: datetime) -> float:
        """What a terminal would show for `symbol`: the price of its last trade. KeyError for an unknown one."""
        listing = self.listing_at(symbol, moment)
        return listing.pre_price or listing.post_price or listing.regular_price

    def listing_at(self, symbol: str, moment: datetime) -> Listing:
        """How `symbol` stands at `moment`; after 20:00 as it stood then. KeyError for an unknown symbol."""
        return _listing(self._listed(symbol), moment)

    def listings_at(self, moment: datetime) -> dict[str, Listing]:
        return {symbol: self.listing_at(symbol, moment) for symbol in self.symbols}

    def board(self, moment: datetime) -> Board:
        """The exchange's raw records at `moment`, each made when it is looked up."""
        return Board(self, moment)

    def bars(self, symbol: str, start: datetime, end: datetime, interval: str, *, now: datetime) -> tuple[Bar, ...]:
        """The bars of `interval` that begin from `start` until before `end`.

        A chart that leads up to the present has none later than `now`: "1d" gives the invented past and the replayed
        day; the minute and hour intervals give the replayed day alone; any other gives nothing. Days and hours that
        `asks_for_record` are the same whatever the hour (see record.py).
        """
        listed = self._listed(symbol)
        if asks_for_record(start, end) and interval in {"1d", "1h"}:
            return tuple(bar for bar in self._record_of(symbol, interval) if start <= bar.at < end)
        bars: tuple[Bar, ...] = ()
        if interval == "1d":
            last = today(listed, now)
            bars = listed.past if last is None else (*listed.past, last)
        elif interval in MINUTES:
            bars = intraday(listed, interval, now)
        return tuple(bar for bar in bars if start <= bar.at < end)

    def _record_of(self, symbol: str, interval: str) -> tuple[Bar, ...]:
        if symbol not in self._records:
            listed = self._listed(symbol)
            self._records[symbol] = record(listed, listed.past, seed=self.seed)
        return self._records[symbol][interval]

    def _listed(self, symbol: str) -> _Listed:
        if symbol not in self._traced:
            self._traced[symbol] = _list(self._scales[symbol], self.seed)
        return self._traced[symbol]


class Board(Mapping[str, Mapping[str, object]]):
    """Yahoo's record of every symbol at one moment: a request for fifty should not pay for all."""

    def __init__(self, script: Script, moment: datetime) -> None:
        self._script = script
        self._moment = moment

    def __getitem__(self, symbol: str) -> Mapping[str, object]:
        return quote_record(self._script.listing_at(symbol, self._moment))

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._script.symbols

    def __iter__(self) -> Iterator[str]:
        return iter(self._script.symbols)

    def __len__(self) -> int:
        return len(self._script.symbols)


def _list(scale: Scale, seed: int) -> _Listed:
    market = MARKETS[scale.kind]
    figures = [waypoint for waypoint in waypoints() if waypoint.symbol == scale.symbol]
    quiet = (step_of(QUIET[0]), step_of(QUIET[1])) if scale.symbol == QUIET_SYMBOL else (0, 0)
    path = trace(scale, market, figures, seed=seed, quiet=quiet)
    past = past_days(scale, market, seed=seed)
    # A wild symbol has a wide year: invented, and wide enough to hold the day.
    lowest = min(path.low(LAST_STEP), *(bar.low for bar in past)) * (1 - min(0.5, 3 * scale.noise))
    highest = max(path.high(LAST_STEP), *(bar.high for bar in past)) * (1 + min(0.5, scale.noise))
    return _Listed(
        scale=scale,
        market=market,
        path=path,
        past=past,
        volume=None if scale.average_volume is None else scale.average_volume * surge(scale, path, figures),
        year=(on_tick(lowest, scale.tick), on_tick(highest, scale.tick)),
    )


def _listing(listed: _Listed, moment: datetime) -> Listing:
    if listed.market.shut_since is not None or moment < listed.market.opens:
        return _before_the_open(listed, moment)
    market, path = listed.market, listed.path
    moment = min(moment, ENDS_AT)
    latest = path.last_trade(moment)
    step = path.in_session(latest)
    after = market.extended and moment >= market.closes
    return _record(
        listed,
        state="REGULAR" if moment < market.closes else "POST" if moment < ENDS_AT else "CLOSED",
        price=path.price(step),
        at=path.time(step),
        before=listed.scale.close,
        reach=(path.low(step), path.high(step)),
        volume=None if listed.volume is None else int(listed.volume * path.volume_share(step)),
        post=(path.price(latest), path.time(latest)) if after else None,
    )


def _before_the_open(listed: _Listed, moment: datetime) -> Listing:
    """The last session's figures; of a market that stays shut, those of the session that it last held."""
    market, path = listed.market, listed.path
    last, before = listed.past[-1], listed.past[-2].close
    if market.shut_since is None:
        step = path.last_trade(moment)
        return _record(
            listed,
            state="PRE",
            price=last.close,
            at=market.eve,
            before=before,
            reach=(last.low, last.high),
            volume=last.volume,
            pre=(path.price(step), path.time(step)) if market.extended else None,
        )
    held_today = market.shut_since.date() == DAY
    return _record(
        listed,
        state="CLOSED",
        price=path.price(LAST_STEP) if held_today else last.close,
        at=market.shut_since,
        before=listed.scale.close if held_today else before,
        reach=(path.low(LAST_STEP), path.high(LAST_STEP)) if held_today else (last.low, last.high),
        volume=None if listed.volume is None else int(listed.volume),
    )


def _record(
    listed: _Listed,
    *,
    state: str,
    price: float,
    at: datetime,
    before: float,
    reach: tuple[float, float],
    volume: int | None,
    pre: tuple[float, datetime] | None = None,
    post: tuple[float, datetime] | None = None,
) -> Listing:
    scale = listed.scale
    return Listing(
        symbol=scale.symbol,
        name=scale.name,
        currency=scale.currency,
        exchange=scale.exchange,
        quote_type="INDEX" if scale.symbol.startswith("^") else listed.market.quote_type,
        market_state=state,
        regular_price=price,
        regular_time=at,
        previous_close=before,
        pre_price=pre and pre[0],
        pre_time=pre and pre[1],
        post_price=post and post[0],
        post_time=post and post[1],
        day_low=reach[0],
        day_high=reach[1],
        year_low=listed.year[0],
        year_high=listed.year[1],
        volume=volume,
        average_volume=scale.average_volume,
    )
