"""The demo's record of 24 to 29 January: the replayed day as it was replayed, and invented days around it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.baseline import load
from monitor.baseline.measured import measure
from monitor.collector.baseline import wanted
from monitor.demo.day import CLOSES_AT, ENDS_AT, OPENS_AT, STARTS_AT, on_the_day
from monitor.demo.record import BEFORE_THE_OPEN, FROM, UNTIL
from monitor.demo.script import SEED, Script
from monitor.demo.waypoints import Measure, Waypoint, scales, waypoints
from monitor.models import Bar, MeasuredState
from monitor.when import NEW_YORK

MINUTES = [STARTS_AT + timedelta(minutes=minute) for minute in range(9 * 60 + 1)]
EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))
CLOSE = {scale.symbol: scale.close for scale in scales()}
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", params=[SEED, 1])
def script(request: pytest.FixtureRequest) -> Script:
    return Script(request.param)


def days_and_hours(script: Script, symbol: str, now: datetime = STARTS_AT) -> tuple[dict[int, Bar], list[Bar]]:
    """What the exchange knows of those days: daily bars by the day of January, and hours."""
    daily, hourly = (script.bars(symbol, FROM, UNTIL, interval, now=now) for interval in ("1d", "1h"))
    return {bar.at.day: bar for bar in daily}, list(hourly)


def test_the_record_is_whole_and_the_same_whatever_the_hour(script: Script) -> None:
    for symbol in ("NVDA", "^IXIC", "^TNX", "NQ=F", "BTC-USD", "9984.T"):
        daily, hourly = days_and_hours(script, symbol)
        assert list(daily) == [23, 24, 27, 28, 29]
        assert (daily, hourly) == days_and_hours(script, symbol, on_the_day("10:00"))
        assert (daily, hourly) == days_and_hours(Script(script.seed), symbol, ENDS_AT + timedelta(days=9))
        assert {bar.at.astimezone(NEW_YORK).day for bar in hourly} == (
            set() if symbol == "9984.T" else {24, 27, 28, 29}
        )


def test_only_who_asks_for_those_days_gets_what_is_still_to_come(script: Script) -> None:
    now, month = on_the_day("10:00"), timedelta(days=30)
    asked = ((now - month, now), (now - month, UNTIL), (FROM, now), (FROM, CLOSES_AT), (FROM, EVER[1]), EVER)
    for start, end in asked:
        assert max(bar.at for bar in script.bars("NVDA", start, end, "1h", now=now)) == OPENS_AT
        assert script.bars("NVDA", start, end, "1d", now=now)[-1].close == script.price_at("NVDA", now)
    assert script.bars("NVDA", FROM, UNTIL, "1m", now=now)[-1].at == now
    part = script.bars("NVDA", on_the_day("12:00"), UNTIL - timedelta(days=1), "1d", now=now)
    assert [bar.at.day for bar in part] == [28]


def test_the_record_agrees_with_the_replayed_day(script: Script) -> None:
    for symbol in ("NVDA", "^IXIC", "^TNX", "NQ=F"):
        daily, hourly = days_and_hours(script, symbol)
        assert daily[24].close == CLOSE[symbol]
        assert daily[27] == script.bars(symbol, *EVER, "1d", now=ENDS_AT)[-1]
        assert [bar for bar in hourly if bar.at.day == 27] == [
            bar for bar in script.bars(symbol, *EVER, "1h", now=ENDS_AT) if bar.at.day == 27
        ]
        for bar in hourly:
            if bar.at.day == 27:
                said = [script.price_at(symbol, moment) for moment in MINUTES if 0 <= (moment - bar.at) / HOUR < 0.5]
                assert all(bar.low <= price <= bar.high for price in said)


@pytest.mark.parametrize("waypoint", [w for w in waypoints() if w.measure is not Measure.VOLUME], ids=str)
def test_each_documented_figure_lies_in_its_hour_of_the_record(script: Script, waypoint: Waypoint) -> None:
    daily, hourly = days_and_hours(script, waypoint.symbol)
    price = script.price_at(waypoint.symbol, waypoint.at)
    if waypoint.at == CLOSES_AT:
        assert daily[27].close == price
    hour = next((bar for bar in reversed(hourly) if bar.at <= waypoint.at), None)
    assert hour is not None
    assert hour.low <= price <= hour.high


def test_what_is_measured_in_it_is_what_the_documents_say(script: Script) -> None:
    baseline = load()
    measured = {}
    for symbol in wanted(baseline):
        daily, hourly = days_and_hours(script, symbol)
        for each in baseline.of(symbol):
            said = measure(each, list(daily.values()), hourly, asked=True, simulated=True)
            if said.state is MeasuredState.MEASURED:
                measured[each.id] = abs(said.difference or 0) <= 0.05 * abs(each.figure or 0)
    assert len(measured) > 40
    others = [number for number, agrees in measured.items() if not agrees]
    assert all(baseline.disagreements_of(number) for number in others), "the documents themselves do not agree on it"


def test_the_hours_of_a_day_make_up_the_day(script: Script) -> None:
    for symbol, opens, closes in (("NVDA", "09:30", "16:01"), ("^GSPC", "09:30", "16:01"), ("^TNX", "08:20", "15:01")):
        daily, hourly = days_and_hours(script, symbol)
        for number in (24, 27, 28, 29):
            begin, end = (on_the_day(clock, date(2025, 1, number)) for clock in (opens, closes))
            hours = [bar for bar in hourly if begin <= bar.at < end]
            low, high = min(bar.low for bar in hours), max(bar.high for bar in hours)
            whole = daily[number]
            assert (hours[0].open, hours[-1].close) == (whole.open, whole.close)
            if number == 24:  # its day was invented first, and the hours keep within it
                assert whole.low <= low <= high <= whole.high
            else:
                assert (low, high) == (whole.low, whole.high)


def test_what_fell_has_a_part_of_it_back_the_day_after(script: Script) -> None:
    for scale in scales():
        daily, _ = days_and_hours(script, scale.symbol)
        if 28 in daily and daily[27].close < daily[24].close * 0.995:
            assert daily[27].close < daily[28].close < daily[24].close


def test_nvidia_is_up_five_per_cent_before_the_open_of_the_28th(script: Script) -> None:
    daily, hourly = days_and_hours(script, "NVDA")
    aim = daily[27].close * (1 + BEFORE_THE_OPEN["NVDA"] / 100)
    before = [bar for bar in hourly if bar.at.day == 28 and bar.at < on_the_day("09:30", date(2025, 1, 28))]
    assert any(bar.low <= aim <= bar.high for bar in before)


def test_exchanges_on_holiday_have_no_prices_of_it(script: Script) -> None:
    last = {symbol: max(days_and_hours(script, symbol)[0], default=None) for symbol in ("9984.T", "0700.HK")}
    assert last == {"9984.T": 29, "0700.HK": 28}
    assert list(days_and_hours(script, "000300.SS")[0]) == [23, 24, 27]
    assert list(days_and_hours(script, "005930.KS")[0]) == [23, 24]
    assert days_and_hours(script, "2330.TW") == ({}, [])
