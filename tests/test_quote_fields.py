"""What Yahoo's records become, however incomplete or hostile they are."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Bar, Quote, Session
from monitor.sources.quote_fields import FIELDS, to_bars, to_quote

NOW = datetime(2025, 1, 28, 13, 0, tzinfo=UTC)  # Tuesday, 08:00 in New York


def new_york(day: int, hour: int, minute: int = 0) -> int:
    """Epoch seconds of a moment in January 2025, New York time (UTC-5)."""
    return int(datetime(2025, 1, day, hour, minute, tzinfo=UTC).timestamp()) + 5 * 3600


FRIDAY_CLOSE, FRIDAY_POST = new_york(24, 16), new_york(24, 19, 59)
MONDAY_PRE, MONDAY_NOON, MONDAY_CLOSE, MONDAY_POST = (
    new_york(27, 8),
    new_york(27, 12),
    new_york(27, 16),
    new_york(27, 19, 30),
)
TUESDAY_PRE = new_york(28, 7, 59)


def record(state: str, price: float, at: int | None, previous: float | None, **more: object) -> dict[str, object]:
    fields: dict[str, object] = {
        "symbol": "NVDA",
        "quoteType": "EQUITY",
        "marketState": state,
        "regularMarketPrice": price,
        "regularMarketTime": at,
        "regularMarketPreviousClose": previous,
    }
    return {key: value for key, value in (fields | more).items() if value is not None}


def quote(raw: dict[str, object]) -> Quote:
    made = to_quote(raw, now=NOW)
    assert made is not None
    return made


def pre(price: float, at: int | None) -> dict[str, object]:
    return {"preMarketPrice": price, "preMarketTime": at}


def post(price: float, at: int | None) -> dict[str, object]:
    return {"postMarketPrice": price, "postMarketTime": at}


NO_EXTENDED = {"hasPrePostMarketData": False}

# What Yahoo says -> session, price, its time, the close it is measured from, the extended price.
CASES = {
    "pre-market: the move is from the last close, though Yahoo's previous close is a day older": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62, **pre(121.0, TUESDAY_PRE)),
        (Session.PRE, 121.0, TUESDAY_PRE, 118.42, 121.0),
    ),
    "pre-market beats yesterday's post-market": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62, **pre(121.0, TUESDAY_PRE), **post(119.0, MONDAY_POST)),
        (Session.PRE, 121.0, TUESDAY_PRE, 118.42, 121.0),
    ),
    "pre-market before its first trade: yesterday's post-market is the last trade": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62, **post(119.0, MONDAY_POST)),
        (Session.PRE, 119.0, MONDAY_POST, 142.62, 119.0),
    ),
    "pre-market without any extended trade": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62),
        (Session.PRE, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "pre-market price left over from the morning before the last close": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62, **pre(130.0, MONDAY_PRE)),
        (Session.PRE, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "pre-market price without a time": (
        record("PRE", 118.42, MONDAY_CLOSE, 142.62, **pre(121.0, None)),
        (Session.PRE, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "after midnight the last trade is yesterday's post-market": (
        record("PREPRE", 118.42, MONDAY_CLOSE, 142.62, **post(119.0, MONDAY_POST)),
        (Session.CLOSED, 119.0, MONDAY_POST, 142.62, 119.0),
    ),
    "after midnight yesterday's pre-market price is history": (
        record("PREPRE", 118.42, MONDAY_CLOSE, 142.62, **pre(130.0, MONDAY_PRE), **post(119.0, MONDAY_POST)),
        (Session.CLOSED, 119.0, MONDAY_POST, 142.62, 119.0),
    ),
    "regular": (
        record("REGULAR", 121.2, MONDAY_NOON, 142.62),
        (Session.REGULAR, 121.2, MONDAY_NOON, 142.62, None),
    ),
    "regular with the morning's pre-market price still there": (
        record("REGULAR", 121.2, MONDAY_NOON, 142.62, **pre(130.0, MONDAY_PRE)),
        (Session.REGULAR, 121.2, MONDAY_NOON, 142.62, None),
    ),
    "post-market: the move is from the close before the day": (
        record("POST", 118.42, MONDAY_CLOSE, 142.62, **post(119.0, MONDAY_POST)),
        (Session.POST, 119.0, MONDAY_POST, 142.62, 119.0),
    ),
    "post-market before its first trade": (
        record("POST", 118.42, MONDAY_CLOSE, 142.62),
        (Session.POST, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "post-market price left over from the evening before": (
        record("POST", 118.42, MONDAY_CLOSE, 142.62, **post(143.0, FRIDAY_POST)),
        (Session.POST, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "after 20:00": (
        record("POSTPOST", 118.42, MONDAY_CLOSE, 142.62, **post(119.0, MONDAY_POST)),
        (Session.CLOSED, 119.0, MONDAY_POST, 142.62, 119.0),
    ),
    "weekend": (
        record("CLOSED", 142.62, FRIDAY_CLOSE, 147.22, **post(142.0, FRIDAY_POST)),
        (Session.CLOSED, 142.0, FRIDAY_POST, 147.22, 142.0),
    ),
    "an index has no extended hours": (
        record("PRE", 6012.28, MONDAY_CLOSE, 6101.24, quoteType="INDEX", **NO_EXTENDED),
        (Session.CLOSED, 6012.28, MONDAY_CLOSE, 6101.24, None),
    ),
    "a future trades nearly always": (
        record("REGULAR", 21_223.5, TUESDAY_PRE, 21_234.0, quoteType="FUTURE", **NO_EXTENDED),
        (Session.REGULAR, 21_223.5, TUESDAY_PRE, 21_234.0, None),
    ),
    "a currency at the weekend": (
        record("CLOSED", 1436.1, FRIDAY_CLOSE, 1430.0, quoteType="CURRENCY", **NO_EXTENDED),
        (Session.CLOSED, 1436.1, FRIDAY_CLOSE, 1430.0, None),
    ),
    "bitcoin has no close": (
        record("REGULAR", 102_087.7, TUESDAY_PRE, 102_682.5, quoteType="CRYPTOCURRENCY", **NO_EXTENDED),
        (Session.REGULAR, 102_087.7, TUESDAY_PRE, 102_682.5, None),
    ),
    "Seoul after its close, while New York is in PRE": (
        record("POSTPOST", 53_700.0, TUESDAY_PRE, 53_900.0, currency="KRW", **NO_EXTENDED),
        (Session.CLOSED, 53_700.0, TUESDAY_PRE, 53_900.0, None),
    ),
    "no market state: regular, where age is noticed soonest": (
        record("", 118.42, MONDAY_CLOSE, 142.62),
        (Session.REGULAR, 118.42, MONDAY_CLOSE, 142.62, None),
    ),
    "pre-market of a share that has never traded regularly": (
        {"symbol": "NEW", "marketState": "PRE", "regularMarketPreviousClose": 9.0, **pre(10.0, TUESDAY_PRE)},
        (Session.PRE, 10.0, TUESDAY_PRE, None, 10.0),
    ),
    "no time at all": (
        record("REGULAR", 118.42, None, 142.62),
        (Session.REGULAR, 118.42, None, 142.62, None),
    ),
}


@pytest.mark.parametrize(("raw", "expected"), CASES.values(), ids=CASES.keys())
def test_price_time_and_base_follow_the_market_state(
    raw: dict[str, object], expected: tuple[Session, float, int | None, float | None, float | None]
) -> None:
    made = quote(raw)
    at = None if made.traded_at is None else int(made.traded_at.timestamp())
    assert (made.session, made.price, at, made.base_close, made.extended_price) == expected


def test_the_documented_fall_of_27_january_comes_out_in_per_cent() -> None:
    made = quote(record("POST", 118.42, MONDAY_CLOSE, 142.62))
    assert made.change_percent == pytest.approx(-16.97, abs=0.01)
    assert made.regular_change_percent == made.change_percent
    assert made.extended_change_percent is None


def test_every_further_field_is_carried_over() -> None:
    made = quote(
        record(
            "REGULAR",
            121.2,
            MONDAY_NOON,
            142.62,
            shortName="NVIDIA Corporation",
            currency="USD",
            fullExchangeName="NasdaqGS",
            exchange="NMS",
            regularMarketDayLow=116.7,
            regularMarketDayHigh=128.4,
            fiftyTwoWeekLow=60.7,
            fiftyTwoWeekHigh=153.13,
            regularMarketVolume=816_000_000,
            averageDailyVolume3Month=224_000_000.0,
            exchangeDataDelayedBy=15,
        )
    )
    assert (made.name, made.currency, made.exchange) == ("NVIDIA Corporation", "USD", "NasdaqGS")
    assert (made.day_low, made.day_high, made.year_low, made.year_high) == (116.7, 128.4, 60.7, 153.13)
    assert (made.volume, made.average_volume) == (816_000_000, 224_000_000)
    assert made.delay == timedelta(minutes=15)
    assert made.fetched_at == NOW


def test_it_reads_the_fields_that_are_asked_for_and_no_others() -> None:
    read: set[str] = set()

    class Watched(dict[str, object]):
        def get(self, key: str, default: object = None) -> object:
            read.add(key)
            return super().get(key, default)

    for state in ("PRE", "REGULAR", "POST"):
        to_quote(Watched({"symbol": "NVDA", "marketState": state, "regularMarketPrice": 1}), now=NOW)
    assert read == set(FIELDS)


def test_pence_stay_pence() -> None:
    assert quote(record("REGULAR", 1234.5, MONDAY_NOON, 1200.0, currency="GBp")).currency == "GBp"


@pytest.mark.parametrize(
    "price", [None, "121.2", True, math.nan, math.inf, -math.inf, 0, 0.0, -3.5, 10**400, 1e300, [121.2], {"raw": 121.2}]
)
def test_what_is_no_price_makes_no_quote(price: object) -> None:
    assert to_quote(record("REGULAR", 1.0, MONDAY_NOON, 2.0) | {"regularMarketPrice": price}, now=NOW) is None


@pytest.mark.parametrize("base", [None, "142.62", math.nan, math.inf, 0, -1])
def test_a_previous_close_that_is_none_leaves_the_change_unknown(base: object) -> None:
    made = quote(record("REGULAR", 121.2, MONDAY_NOON, 1.0) | {"regularMarketPreviousClose": base})
    assert made.price == 121.2
    assert made.change_percent is None


@pytest.mark.parametrize("kind", ["FUTURE", "INDEX"])
def test_oil_and_yields_may_fall_below_zero(kind: str) -> None:
    assert quote(record("REGULAR", -37.63, MONDAY_NOON, 18.27, quoteType=kind)).price == -37.63


@pytest.mark.parametrize("time", [None, "1737997200", True, math.nan, math.inf, 0, -5, 1_737_997_200_000, 10**30])
def test_a_trade_time_out_of_range_is_unknown_but_the_price_stays(time: object) -> None:
    made = quote(record("REGULAR", 121.2, MONDAY_NOON, 1.0) | {"regularMarketTime": time})
    assert (made.price, made.traded_at) == (121.2, None)


@pytest.mark.parametrize("count", [None, "9", True, math.nan, math.inf, -1, 2**63, 10**400])
def test_a_volume_that_is_no_count_is_unknown(count: object) -> None:
    made = quote(record("REGULAR", 121.2, MONDAY_NOON, 1.0, regularMarketVolume=count, exchangeDataDelayedBy=count))
    assert made.volume is None
    assert made.delay <= timedelta(days=1)


@pytest.mark.parametrize("symbol", [None, "", 7, "\x1b\x07", ["NVDA"]])
def test_a_record_without_a_symbol_is_no_quote(symbol: object) -> None:
    assert to_quote(record("REGULAR", 1.0, MONDAY_NOON, 2.0) | {"symbol": symbol}, now=NOW) is None


def test_no_control_character_survives_in_a_name() -> None:
    made = quote(
        record("REGULAR", 1.0, MONDAY_NOON, 2.0, shortName="Evil\x1b]52;c;ZXZpbA==\x07\u202e\nCorp", currency="U\x9bSD")
    )
    assert made.name is not None
    assert made.currency is not None
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 or char == "\u202e" for char in made.name + made.currency)


TEXTS = st.sampled_from(["", "NVDA", "PRE", "PREPRE", "POST", "CLOSED", "FUTURE", "\x1b[31m", "\ud800", "\u202e"])
JSON = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.lists(st.integers(), max_size=2)
KEYS = st.sampled_from(
    [*record("PRE", 1.0, 1, 1.0), *pre(1, 1), *post(1, 1), "regularMarketVolume", "exchangeDataDelayedBy", "shortName"]
)


@given(st.dictionaries(KEYS, JSON))
def test_nothing_that_json_can_say_breaks_it(raw: dict[str, object]) -> None:
    made = to_quote(raw, now=NOW)
    if made is not None:
        assert math.isfinite(made.price)
        assert made.change_percent is None or math.isfinite(made.change_percent)
        assert made.traded_at is None or made.traded_at.tzinfo is UTC


def chart(rows: list[tuple[object, object, object, object, object, object]]) -> dict[str, object]:
    columns = [list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 6
    names = ("open", "high", "low", "close", "volume")
    return {"timestamp": columns[0], "indicators": {"quote": [dict(zip(names, columns[1:], strict=True))]}}


def test_a_chart_becomes_bars_in_order() -> None:
    bars = to_bars("NVDA", "1m", chart([(MONDAY_NOON, 1, 3, 0.5, 2, 10), (MONDAY_NOON + 60, 2, 2, 2, 2, None)]))
    at = datetime.fromtimestamp(MONDAY_NOON, UTC)
    assert bars == (
        Bar(symbol="NVDA", interval="1m", at=at, open=1, high=3, low=0.5, close=2, volume=10, source="yahoo"),
        Bar(
            symbol="NVDA",
            interval="1m",
            at=at + timedelta(minutes=1),
            open=2,
            high=2,
            low=2,
            close=2,
            volume=None,
            source="yahoo",
        ),
    )


@pytest.mark.parametrize(
    "row",
    [
        (MONDAY_NOON + 60, None, None, None, None, None),
        (MONDAY_NOON + 60, 1, math.nan, 1, 1, 5),
        (MONDAY_NOON + 60, 1, 0.5, 1, 1, 5),  # the high below the others
        ("soon", 1, 1, 1, 1, 5),
        (MONDAY_NOON, 9, 9, 9, 9, 9),  # twice the same minute
        (MONDAY_NOON + 17, 1, 1, 1, 1, 5),  # the trade of this moment that Yahoo puts at the end
        (MONDAY_NOON - 60, 1, 1, 1, 1, 5),  # backwards
    ],
)
def test_a_row_that_is_no_bar_is_left_out(row: tuple[object, object, object, object, object, object]) -> None:
    good = (MONDAY_NOON, 1, 1, 1, 1, 5)
    assert len(to_bars("NVDA", "1m", chart([good, row]))) == 1


def test_hours_that_new_yorks_sessions_cut_short_are_bars_and_the_trade_of_this_moment_is_none() -> None:
    begin = [new_york(27, 9), new_york(27, 9, 30), new_york(27, 15, 30), new_york(27, 16)]
    moments = [new_york(27, 16, 40), new_york(27, 16, 30) + 7]
    bars = to_bars("NVDA", "1h", chart([(at, 1, 1, 1, 1, 1) for at in sorted((*begin, *moments))]))
    assert [bar.at.timestamp() for bar in bars] == begin


def test_a_day_of_23_hours_keeps_its_bar() -> None:
    at = new_york(27, 0)  # as on the day when daylight saving time begins
    assert len(to_bars("NVDA", "1d", chart([(at, 1, 1, 1, 1, 1), (at + 23 * 3600, 1, 1, 1, 1, 1)]))) == 2


@pytest.mark.parametrize("result", [None, 3, "chart", [], {}, {"indicators": 1}, {"indicators": {"quote": [7]}}])
def test_a_chart_of_another_form_has_no_bars(result: object) -> None:
    assert to_bars("NVDA", "1m", result) == ()
