"""Quotes: the latest of each symbol, the bars built from what was polled, the state of the source."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.models import Bar, FailureKind, Quote, QuoteSourceState, Session
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.store_samples import NOW, bar, minutes, quote, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = Quote(
    symbol="NVDA",
    price=118.58,
    traded_at=NOW,
    session=Session.POST,
    fetched_at=NOW + seconds(2),
    name="NVIDIA Corporation",
    currency="USD",
    exchange="NasdaqGS",
    base_close=142.62,
    previous_close=142.62,
    regular_price=118.42,
    regular_at=NOW - minutes(60),
    extended_price=118.58,
    extended_at=NOW,
    day_low=116.7,
    day_high=128.4,
    year_low=60.7,
    year_high=153.13,
    volume=818_830_944,
    average_volume=213_000_000,
    delay=minutes(15),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        yield writer


def polled(writer: Writer, symbol: str = "NVDA") -> list[Bar]:
    return writer.recent_bars([symbol], since=NOW - timedelta(days=2))[symbol]


def record(writer: Writer, *quotes: Quote) -> tuple[Quote, ...]:
    return writer.record_quotes(quotes, now=max(quote.fetched_at for quote in quotes))


def test_a_quote_comes_back_as_it_was_given_also_after_a_restart(writer: Writer, path: Path) -> None:
    bare = quote("BTC-USD", 99_000.5, at=None)
    record(writer, FULL, bare)
    expected = {"BTC-USD": bare, "NVDA": FULL}
    assert writer.latest_quotes() == expected
    writer.close()
    with closing(Reader.open(path)) as reader:
        assert reader.quotes() == expected


def test_a_newer_trade_replaces_an_older_one(writer: Writer) -> None:
    record(writer, quote(price=120.0))
    newer = quote(price=119.0, at=NOW + seconds(15))
    assert record(writer, newer) == (newer,)
    assert writer.latest_quotes() == {"NVDA": newer}


def test_an_older_trade_does_not_replace_a_newer_one_but_tells_that_the_source_answered(writer: Writer) -> None:
    record(writer, quote(price=120.0, volume=500))
    (kept,) = record(writer, quote(price=125.0, at=NOW - seconds(30), fetched_at=NOW + seconds(15), volume=400))
    assert kept == quote(price=120.0, volume=500, fetched_at=NOW + seconds(15))
    assert writer.latest_quotes() == {"NVDA": kept}


def test_the_same_trade_fetched_again_brings_the_time_it_was_fetched_and_the_session(writer: Writer) -> None:
    record(writer, quote(price=120.0))
    again = quote(price=120.0, fetched_at=NOW + minutes(5), session=Session.POST)
    record(writer, again)
    assert writer.latest_quotes() == {"NVDA": again}


def test_a_market_in_its_next_session_without_a_trade_keeps_the_last_price_and_gets_the_new_base(
    writer: Writer,
) -> None:
    """After the close the price is the post-market one; before the next open Yahoo gives the regular price until the
    first pre-market trade.
    """
    record(writer, quote(price=117.0, session=Session.CLOSED, base_close=142.62, extended_price=117.0, extended_at=NOW))
    before_open = quote(
        price=118.42, at=NOW - minutes(240), fetched_at=NOW + minutes(480), session=Session.PRE, base_close=118.42
    )
    (kept,) = record(writer, before_open)
    assert (kept.price, kept.traded_at, kept.session, kept.base_close) == (117.0, NOW, Session.PRE, 118.42)
    assert kept.extended_price == 117.0


def test_a_price_without_time_does_not_replace_one_with_a_time(writer: Writer) -> None:
    record(writer, quote(price=120.0))
    (kept,) = record(writer, quote(price=90.0, at=None, fetched_at=NOW + seconds(15)))
    assert (kept.price, kept.traded_at, kept.fetched_at) == (120.0, NOW, NOW + seconds(15))


def test_where_no_time_is_ever_given_the_last_answer_counts(writer: Writer) -> None:
    record(writer, quote(price=120.0, at=None))
    record(writer, quote(price=90.0, at=None))
    assert writer.latest_quotes()["NVDA"].price == 90.0
    assert polled(writer) == []


def test_a_trade_time_far_in_the_future_does_not_keep_out_what_comes_after_it(writer: Writer) -> None:
    writer.record_quotes([quote(price=1.0, at=NOW + timedelta(days=900), fetched_at=NOW)], now=NOW)
    later = quote(price=120.0, at=NOW + seconds(15))
    writer.record_quotes([later], now=NOW + seconds(15))
    assert writer.latest_quotes() == {"NVDA": later}


def test_polled_prices_of_one_minute_make_one_bar(writer: Writer) -> None:
    for offset, price in ((0, 120.0), (15, 121.5), (30, 118.0), (45, 119.0)):
        record(writer, quote(price=price, at=NOW + seconds(offset)))
    assert polled(writer) == [
        Bar(
            symbol="NVDA",
            interval="1m",
            at=NOW,
            open=120.0,
            high=121.5,
            low=118.0,
            close=119.0,
            volume=None,
            source="polled",
            samples=4,
        )
    ]


def test_a_bar_stands_in_the_minute_of_the_trade_and_not_of_the_poll(writer: Writer) -> None:
    record(writer, quote(at=NOW + seconds(59), fetched_at=NOW + seconds(75)))
    assert [bar.at for bar in polled(writer)] == [NOW]


def test_a_trade_time_that_has_not_advanced_adds_nothing_to_a_bar(writer: Writer) -> None:
    for fetched in (0, 15, 30, 300):
        record(writer, quote(fetched_at=NOW + seconds(fetched)))
    record(writer, quote(price=500.0, at=NOW - seconds(1), fetched_at=NOW + seconds(315)))
    (only,) = polled(writer)
    assert (only.samples, only.high) == (1, 120.0)


def test_a_time_finer_than_it_is_stored_is_not_taken_for_a_new_trade(writer: Writer) -> None:
    at = NOW.replace(microsecond=123_456)
    for fetched in range(3):
        record(writer, quote(at=at, fetched_at=NOW + seconds(fetched + 1)))
    assert polled(writer)[0].samples == 1


def test_volume_within_a_bar_is_what_the_days_volume_grew_by(writer: Writer) -> None:
    for offset, volume in ((-5, 1000), (10, 1400), (40, 1450), (70, 2000)):
        record(writer, quote(at=NOW + seconds(offset), volume=volume))
    assert [(bar.at, bar.volume) for bar in polled(writer)] == [
        (NOW - minutes(1), None),
        (NOW, 450),
        (NOW + minutes(1), 550),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(quote(volume=None), quote(at=NOW + seconds(30), volume=10), id="it was not known before"),
        pytest.param(quote(volume=10), quote(at=NOW + seconds(30), volume=None), id="it is not known now"),
        pytest.param(quote(volume=10), quote(at=NOW + seconds(30), volume=9), id="it shrank"),
        pytest.param(quote(volume=10), quote(at=NOW + minutes(30), volume=99), id="the poll before is long ago"),
        pytest.param(
            quote(at=datetime(2025, 1, 27, 23, 59, 50, tzinfo=UTC), volume=10),
            quote(at=datetime(2025, 1, 28, 0, 0, 5, tzinfo=UTC), volume=99),
            id="the day is another",
        ),
    ],
)
def test_volume_within_a_bar_is_unknown_when(writer: Writer, before: Quote, after: Quote) -> None:
    record(writer, before)
    record(writer, after)
    assert polled(writer)[-1].volume is None


def test_a_bar_whose_volume_is_unknown_once_stays_so(writer: Writer) -> None:
    for offset, volume in ((0, 100), (15, None), (30, 130), (45, 150)):
        record(writer, quote(at=NOW + seconds(offset), volume=volume))
    assert polled(writer)[0].volume is None


def test_history_is_kept_beside_what_was_polled_and_replaced_when_it_comes_again(writer: Writer, path: Path) -> None:
    record(writer, quote())
    writer.record_bars([bar(), bar(at=NOW + timedelta(days=1)), bar(interval="1m")])
    writer.record_bars([bar(close=9.0)])
    with closing(Reader.open(path)) as reader:
        assert reader.bars("NVDA", interval="1d", source="yahoo") == [bar(close=9.0), bar(at=NOW + timedelta(days=1))]
        assert reader.bars("NVDA", interval="1d", source="yahoo", until=NOW + timedelta(days=1)) == [bar(close=9.0)]
        assert reader.bars("NVDA", interval="1d", source="yahoo", since=NOW + seconds(1)) == [
            bar(at=NOW + timedelta(days=1))
        ]
        assert len(reader.bars("NVDA")) == 1
        assert reader.recent_bars(["NVDA", "AMD"], since=NOW) == {"NVDA": reader.bars("NVDA"), "AMD": []}


def test_a_source_never_asked_has_an_empty_state(writer: Writer) -> None:
    assert writer.quote_source() == QuoteSourceState()


def test_the_state_of_the_source_is_remembered(writer: Writer, path: Path) -> None:
    state = QuoteSourceState(
        next_check_at=NOW + seconds(30),
        last_checked_at=NOW,
        last_success_at=NOW - minutes(1),
        failures=2,
        failing_since=NOW - seconds(30),
        failure=FailureKind.RATE_LIMITED,
        error="429, asked to wait",
        latency=seconds(0.25),
        unknown=("NOPE", "없음"),
    )
    writer.record_quote_source(QuoteSourceState(failures=1))
    writer.record_quote_source(state)
    assert writer.quote_source() == state
    with closing(Reader.open(path)) as reader:
        assert reader.quote_source() == state
