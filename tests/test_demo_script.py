"""The replayed day: documented figures at their hours, equal days for equal seeds, sessions as markets keep them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.demo.day import CLOSES_AT, DAY, ENDS_AT, EVE_CLOSES_AT, OPENS_AT, STARTS_AT, on_the_day
from monitor.demo.markets import MARKETS
from monitor.demo.script import QUIET, QUIET_SYMBOL, SEED, Script
from monitor.demo.stories import stories
from monitor.demo.waypoints import Measure, Qualifier, Waypoint, scales, waypoints
from monitor.when import NEW_YORK

MINUTES = [STARTS_AT + timedelta(minutes=minute) for minute in range(9 * 60 + 1)]
EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
CLOSE = {scale.symbol: scale.close for scale in scales()}
SOME = ("NVDA", "^IXIC", "^TNX", "NQ=F", "BTC-USD", "9984.T")  # of each kind of market one

DIGEST = """
import hashlib, sys
from datetime import timedelta
from monitor.demo.day import STARTS_AT
from monitor.demo.script import Script
script = Script(5)
moments = [STARTS_AT + timedelta(minutes=37 * n, seconds=n) for n in range(16)]
said = repr([script.listing_at(symbol, moment) for symbol in sys.argv[1:] for moment in moments])
print(hashlib.sha256(said.encode()).hexdigest())
"""


@pytest.fixture(scope="module", params=[SEED, 1])
def script(request: pytest.FixtureRequest) -> Script:
    return Script(request.param)


def replayed(script: Script, waypoint: Waypoint) -> float:
    """What a viewer reads off at the waypoint's minute, in its unit."""
    price = script.price_at(waypoint.symbol, waypoint.at)
    close = CLOSE[waypoint.symbol]
    if waypoint.measure is Measure.CHANGE:
        return (price / close - 1) * 100
    if waypoint.measure is Measure.BASIS_POINTS:
        return (price - close) * 100
    if waypoint.measure is Measure.PRICE:
        return price
    listing = script.listing_at(waypoint.symbol, waypoint.at)
    return (listing.volume or 0) / (listing.average_volume or 1)


@pytest.mark.parametrize("waypoint", waypoints(), ids=lambda w: f"{w.symbol}@{w.at:%H%M}Z {w.measure} {w.figure}")
def test_each_documented_figure_is_replayed_at_its_minute(script: Script, waypoint: Waypoint) -> None:
    low, high = waypoint.band
    assert low - 1e-9 <= replayed(script, waypoint) <= high + 1e-9


def test_documented_extremes_are_the_days_lowest(script: Script) -> None:
    for waypoint in waypoints():
        if waypoint.lowest:
            floor = waypoint.price(CLOSE[waypoint.symbol])
            tick = next(scale.tick for scale in scales() if scale.symbol == waypoint.symbol)
            opens = MARKETS[next(s.kind for s in scales() if s.symbol == waypoint.symbol)].opens
            traded = [script.price_at(waypoint.symbol, moment) for moment in MINUTES if moment >= opens]
            assert min(traded) >= floor - tick / 2 - 1e-9


def test_qualifiers_mean_what_their_words_mean() -> None:
    def band(figure: str, qualifier: Qualifier, upto: str = "") -> tuple[float, float]:
        waypoint = Waypoint(
            symbol="X",
            at=STARTS_AT,
            measure=Measure.CHANGE,
            figure=figure,
            upto=upto,
            qualifier=qualifier,
            lowest=False,
            hour_given=True,
            document="",
        )
        return waypoint.band

    assert band("-17.0", Qualifier.EXACT) == pytest.approx((-17.05, -16.95))
    assert band("-11", Qualifier.EXACT) == pytest.approx((-11.5, -10.5))
    assert band("-12", Qualifier.NEARLY) == pytest.approx((-12, -11.16))
    assert band("-7", Qualifier.OVER) == pytest.approx((-8.05, -7))
    assert band("4", Qualifier.ABOUT) == pytest.approx((3.6, 4.4))
    assert band("-20", Qualifier.BETWEEN, "-30") == (-30, -20)


def test_every_scale_says_where_its_close_comes_from() -> None:
    derived = {scale.symbol: scale.basis for scale in scales() if scale.basis != "scale"}
    assert set(derived) == {"NVDA", "^TNX", "KRW=X"}
    assert all(".txt" in basis for basis in derived.values())


def test_equal_seeds_give_equal_days_in_another_process_too() -> None:
    mine = Script(5)
    moments = [STARTS_AT + timedelta(minutes=37 * n, seconds=n) for n in range(16)]
    said = repr([mine.listing_at(symbol, moment) for symbol in SOME for moment in moments])
    theirs = subprocess.run([sys.executable, "-c", DIGEST, *SOME], capture_output=True, text=True, check=True)
    assert theirs.stdout.strip() == hashlib.sha256(said.encode()).hexdigest()


def test_another_seed_is_another_day_between_the_waypoints() -> None:
    one, two = Script(1), Script(2)
    moment = on_the_day("11:17")
    changed = [
        symbol
        for symbol in ("NVDA", "^IXIC", "NQ=F", "BTC-USD")
        if one.price_at(symbol, moment) != two.price_at(symbol, moment)
    ]
    assert len(changed) == 4


def test_what_is_asked_in_between_changes_no_answer() -> None:
    one, two = Script(3), Script(3)
    for moment in reversed(MINUTES[::50]):
        for symbol in reversed(SOME):
            one.listing_at(symbol, moment)
    for symbol in SOME:
        assert one.listing_at(symbol, MINUTES[100]) == two.listing_at(symbol, MINUTES[100])


def test_no_trade_lies_in_the_future_and_their_ages_vary(script: Script) -> None:
    ages = set()
    for offset in range(0, 9 * 3600, 1213):
        now = STARTS_AT + timedelta(seconds=offset, milliseconds=700)
        for listing in script.listings_at(now).values():
            traded = listing.pre_time or listing.post_time or listing.regular_time
            assert traded <= now
            if listing.market_state in {"PRE", "REGULAR"} and listing.symbol == "NVDA":
                ages.add((now - traded).total_seconds())
    assert len(ages) > 10
    assert max(ages) < 30


def test_time_never_runs_backwards_for_a_symbol(script: Script) -> None:
    for symbol in ("NVDA", "NQ=F", "^TNX", QUIET_SYMBOL):
        times = []
        for second in range(0, 9 * 3600 + 600, 13):
            listing = script.listing_at(symbol, STARTS_AT + timedelta(seconds=second))
            times.append(listing.pre_time or listing.post_time or listing.regular_time)
        assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_stock_goes_through_its_sessions(script: Script) -> None:
    pre = script.listing_at("NVDA", on_the_day("08:00"))
    assert pre.market_state == "PRE"
    assert (pre.regular_price, pre.regular_time) == (141.24, EVE_CLOSES_AT)
    assert pre.pre_price is not None
    assert pre.pre_price < 130
    open_ = script.listing_at("NVDA", OPENS_AT)
    assert (open_.market_state, open_.regular_time, open_.previous_close) == ("REGULAR", OPENS_AT, 141.24)
    assert open_.pre_price is None
    after = script.listing_at("NVDA", on_the_day("17:00"))
    assert (after.market_state, after.regular_time) == ("POST", CLOSES_AT)
    assert after.post_price == after.regular_price == script.price_at("NVDA", CLOSES_AT)
    assert script.listing_at("NVDA", ENDS_AT).market_state == "CLOSED"


def test_the_final_state_stays_for_ever(script: Script) -> None:
    assert script.listings_at(ENDS_AT) == script.listings_at(ENDS_AT + timedelta(days=3))


def test_an_index_stands_at_fridays_close_until_the_bell(script: Script) -> None:
    before = script.listing_at("^IXIC", on_the_day("09:29"))
    assert (before.regular_price, before.regular_time, before.pre_price) == (19950.0, EVE_CLOSES_AT, None)
    assert script.price_at("^IXIC", OPENS_AT) < 19950


def test_futures_currencies_and_bitcoin_trade_all_day(script: Script) -> None:
    for moment in (on_the_day("06:58"), STARTS_AT, OPENS_AT, on_the_day("18:00")):
        states = {script.listing_at(symbol, moment).market_state for symbol in ("NQ=F", "JPY=X", "BTC-USD")}
        assert states == {"REGULAR"}


def test_just_before_the_replay_begins_prices_are_those_of_its_beginning(script: Script) -> None:
    before = STARTS_AT - timedelta(minutes=2)
    for symbol in script.symbols:
        assert script.price_at(symbol, before) == script.price_at(symbol, STARTS_AT)
        listing = script.listing_at(symbol, before)
        assert (listing.pre_time or listing.regular_time) <= before
        assert script.bars(symbol, *EVER, "1m", now=before) == ()


def test_asia_is_closed(script: Script) -> None:
    for symbol in ("9984.T", "005930.KS", "0700.HK", "000300.SS"):
        listing = script.listing_at(symbol, on_the_day("10:00"))
        assert listing.market_state == "CLOSED"
        assert listing.regular_time < STARTS_AT
        assert listing == script.listing_at(symbol, CLOSES_AT)


def test_one_symbol_goes_quiet_for_half_an_hour(script: Script) -> None:
    start, end = QUIET
    during = script.listing_at(QUIET_SYMBOL, end - timedelta(seconds=1))
    assert during.regular_time == start
    assert during.market_state == "REGULAR"
    assert script.listing_at(QUIET_SYMBOL, end + timedelta(seconds=30)).regular_time >= end


def test_volume_only_grows_within_the_session(script: Script) -> None:
    for symbol in ("NVDA", "NQ=F", QUIET_SYMBOL):
        volumes = [script.listing_at(symbol, moment).volume or 0 for moment in MINUTES if moment >= OPENS_AT]
        assert volumes == sorted(volumes)
        assert volumes[-1] > volumes[0]


def test_the_price_lies_within_the_day_and_the_day_within_the_year(script: Script) -> None:
    for moment in MINUTES[::60]:
        for listing in script.listings_at(moment).values():
            assert listing.day_low is not None
            assert listing.day_high is not None
            assert listing.day_low - 1e-9 <= listing.regular_price <= listing.day_high + 1e-9
            assert (listing.year_low or 0) < listing.day_low <= listing.day_high < (listing.year_high or 0)


def test_prices_are_on_the_tick(script: Script) -> None:
    ticks = {scale.symbol: scale.tick for scale in scales()}
    for moment in MINUTES[::97]:
        for symbol, tick in ticks.items():
            steps = script.price_at(symbol, moment) / tick
            assert abs(steps - round(steps)) < 1e-3


def test_the_nasdaq_and_its_future_go_together(script: Script) -> None:
    for moment in (m for m in MINUTES if m >= on_the_day("10:00")):
        cash = script.price_at("^IXIC", moment) / CLOSE["^IXIC"] - 1
        future = script.price_at("NQ=F", moment) / CLOSE["NQ=F"] - 1
        assert abs(cash - future) < 0.006


def test_the_board_reads_like_yahoo_and_leaves_out_what_it_does_not_know(script: Script) -> None:
    board = script.board(on_the_day("08:00"))
    assert "NOSUCH" not in board
    assert len(board) == len(scales())
    assert set(board) == {scale.symbol for scale in scales()}
    record = board["NVDA"]
    assert record["marketState"] == "PRE"
    assert record["preMarketPrice"] == script.price_at("NVDA", on_the_day("08:00"))


def test_minute_bars_hold_what_was_quoted_and_nothing_later(script: Script) -> None:
    now = on_the_day("10:00:20")
    bars = script.bars("NVDA", *EVER, "1m", now=now)
    assert bars[0].at == STARTS_AT
    assert bars[-1].at == on_the_day("10:00")
    assert bars[-1].open == 125.0
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
    regular = sum(bar.volume or 0 for bar in bars if bar.at >= OPENS_AT)
    assert regular == pytest.approx(script.listing_at("NVDA", now).volume, rel=0.01)


def test_bars_of_any_width_cover_the_same_day(script: Script) -> None:
    for interval in ("5m", "15m", "1h"):
        assert script.bars("NVDA", *EVER, interval, now=CLOSES_AT)[-1].close == script.price_at("NVDA", CLOSES_AT)
        bars = script.bars("NQ=F", *EVER, interval, now=CLOSES_AT)
        assert bars[0].open == script.price_at("NQ=F", STARTS_AT)
        assert bars[-1].close == script.price_at("NQ=F", CLOSES_AT)


def test_daily_bars_end_with_fridays_close_and_the_day_so_far(script: Script) -> None:
    before = script.bars("NVDA", *EVER, "1d", now=on_the_day("09:00"))
    assert before[-1].close == 141.24
    assert before[-1].at.date().isoformat() == "2025-01-24"
    after = script.bars("NVDA", *EVER, "1d", now=ENDS_AT)
    assert after[:-1] == before
    assert after[-1].at == OPENS_AT
    assert after[-1].close == script.price_at("NVDA", CLOSES_AT)
    assert all(bar.at.date() <= DAY for bar in after)


def test_bars_are_those_asked_for(script: Script) -> None:
    start, end = on_the_day("10:00"), on_the_day("10:30")
    bars = script.bars("NVDA", start, end, "5m", now=CLOSES_AT)
    assert [bar.at for bar in bars] == [start + timedelta(minutes=5 * n) for n in range(6)]
    assert script.bars("NVDA", *EVER, "3mo", now=CLOSES_AT) == ()
    assert script.bars("9984.T", *EVER, "1m", now=CLOSES_AT) == ()
    assert script.bars("^IXIC", *EVER, "1m", now=on_the_day("09:00")) == ()


def test_hours_begin_with_their_session_as_yahoos_do(script: Script) -> None:
    def begin(symbol: str, now: datetime) -> list[str]:
        return [f"{bar.at.astimezone(NEW_YORK):%H:%M}" for bar in script.bars(symbol, *EVER, "1h", now=now)]

    assert begin("NVDA", on_the_day("11:00")) == ["07:00", "08:00", "09:00", "09:30", "10:30"]
    assert begin("NVDA", on_the_day("16:20"))[-2:] == ["15:30", "16:00"]
    assert begin("^IXIC", ENDS_AT) == [f"{hour:02}:30" for hour in range(9, 16)]
    assert begin("NQ=F", on_the_day("10:00"))[-1] == "10:00"


def test_an_unknown_symbol_is_a_key_error(script: Script) -> None:
    with pytest.raises(KeyError):
        script.listing_at("NOSUCH", STARTS_AT)


def test_every_market_of_the_listings_is_known() -> None:
    assert {scale.kind for scale in scales()} <= set(MARKETS)


def test_stories_are_in_order_and_their_ids_unique() -> None:
    ids = [story.id for story in stories()]
    assert len(ids) == len(set(ids))
    assert 60 <= len([story for story in stories() if story.at >= STARTS_AT]) <= 95
    times = [story.at for story in stories()]
    assert times == sorted(times)
