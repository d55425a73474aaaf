"""The prices of January 2025: for which symbols, when, and that fetching them never stands in the quotes' way."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.baseline import Baseline, load
from monitor.collector.baseline import AGAIN, FROM, SOONEST, UNTIL, advance, due, wanted
from monitor.demo.exchange import Door, Fault
from monitor.errors import StoreError
from monitor.models import Bar, FailureKind, Precision, Qualifier, QuotesFailed, Record, RecordKind, Text, When
from monitor.store.reader import Reader
from monitor.store.records import HistoryState
from tests.collecting import Desk, open_desk, until

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def record(symbol: str | None, kind: RecordKind, when: When | None) -> Record:
    return Record(
        id=f"{symbol}-{kind}",
        kind=kind,
        subject="subject",
        symbol=symbol,
        summary=Text("", ""),
        sources=(),
        qualifier=Qualifier.EXACT,
        when=when,
    )


def on(day: int, until: int | None = None) -> When:
    last = None if until is None else date(2025, 1, until)
    return When(precision=Precision.DAY, at=date(2025, 1, day), until=last)


def symbols_of(*records: Record) -> tuple[str, ...]:
    return wanted(Baseline(documents=(), records=records, disagreements=(), digest=""))


@pytest.mark.parametrize(
    ("kind", "when", "asked"),
    [
        (RecordKind.MOVE, on(27), True),
        (RecordKind.LEVEL, on(24), True),
        (RecordKind.YIELD, on(29), True),
        (RecordKind.CURRENCY, on(20, until=24), True),
        (RecordKind.MOVE, When(precision=Precision.MINUTE, at=datetime(2025, 1, 30, 1, tzinfo=UTC)), True),  # the 29th
        (RecordKind.MOVE, When(precision=Precision.MINUTE, at=datetime(2025, 1, 24, 1, tzinfo=UTC)), False),
        (RecordKind.MOVE, on(23), False),
        (RecordKind.MOVE, on(30), False),
        (RecordKind.MOVE, When(precision=Precision.MONTH, at=date(2025, 1, 1)), False),
        (RecordKind.MOVE, None, False),
        (RecordKind.MARKET_VALUE, on(27), False),
        (RecordKind.VIEW, on(27), False),
    ],
)
def test_what_has_a_price_documented_for_those_days_is_asked_for(
    kind: RecordKind, when: When | None, *, asked: bool
) -> None:
    assert symbols_of(record("NVDA", kind, when)) == (("NVDA",) if asked else ())


def test_each_symbol_is_asked_for_once_and_what_has_none_is_not() -> None:
    records = (record("AVGO", RecordKind.MOVE, on(27)), record(None, RecordKind.MOVE, on(27)))
    assert symbols_of(*records, record("NVDA", RecordKind.MOVE, on(27)), records[0]) == ("AVGO", "NVDA")


def test_the_moves_of_the_documents_are_among_what_is_asked_for() -> None:
    assert {"NVDA", "AVGO", "^IXIC", "^TNX", "KRW=X"} <= set(wanted(load()))


def answered(at: datetime, *, simulated: bool = False) -> HistoryState:
    return advance(HistoryState(symbol="NVDA", simulated=simulated), (), now=at)


FAILED = QuotesFailed(kind=FailureKind.TIMEOUT, reason="Yahoo did not answer in time")


@pytest.mark.parametrize(
    ("state", "is_due"),
    [
        (None, True),
        (answered(NOW - AGAIN + DAY), False),
        (answered(NOW - AGAIN), True),
        (answered(NOW + timedelta(seconds=30)), False),  # a clock that was nudged
        (answered(NOW + DAY), True),  # a clock that was set back
        (answered(NOW - DAY, simulated=True), True),  # the demo's answer
        (advance(answered(NOW - DAY), FAILED, now=NOW - SOONEST / 2), False),
        (advance(answered(NOW - DAY), FAILED, now=NOW - SOONEST), True),
    ],
)
def test_a_symbol_is_due_until_it_was_answered_and_again_after_a_month(
    state: HistoryState | None, *, is_due: bool
) -> None:
    states = {} if state is None else {"NVDA": state}
    assert due(("NVDA",), states, now=NOW) == ("NVDA" if is_due else None)


def test_the_first_symbol_that_is_due_comes_first() -> None:
    states = {"NVDA": answered(NOW), "AVGO": advance(HistoryState(symbol="AVGO"), FAILED, now=NOW)}
    assert due(("NVDA", "AVGO", "^IXIC"), states, now=NOW) == "^IXIC"


def test_failures_wait_five_minutes_doubling_to_a_day_and_keep_the_last_answer() -> None:
    state, waits = answered(NOW - DAY), []
    for _ in range(70):
        state = advance(state, FAILED, now=NOW)
        assert state.next_try_at is not None
        waits.append((state.next_try_at - NOW) / timedelta(minutes=1))
    assert waits[:4] == [5, 10, 20, 40]
    assert waits[-1] == 24 * 60
    assert (state.asked_at, state.failures, state.error) == (NOW - DAY, 70, FAILED.reason)
    state = advance(state, (), now=NOW)
    assert (state.asked_at, state.failures, state.error) == (NOW, 0, None)


def test_yahoos_own_wish_for_a_pause_is_kept_for_up_to_a_day() -> None:
    for asked, given in ((timedelta(seconds=1), SOONEST), (timedelta(hours=1), timedelta(hours=1)), (9 * DAY, DAY)):
        failed = QuotesFailed(kind=FailureKind.RATE_LIMITED, reason="Yahoo limits the rate", retry_after=asked)
        assert advance(HistoryState(symbol="NVDA"), failed, now=NOW).next_try_at == NOW + given


# --- a collector in a replay, so that five minutes pass in half a second ------------------------------------------

COLLECTOR = """
import asyncio, sys, time
from datetime import UTC, datetime
from pathlib import Path
from monitor import oplog
from monitor.clock import ReplayClock
from monitor.collector import Collector
from monitor.config import load

folder = Path(sys.argv[1])
oplog.start(folder / "log", simulated=True)
clock = ReplayClock(datetime.fromisoformat(sys.argv[2]), time.time(), 600.0)
settings = load(folder / "feeds.yaml")
collector = Collector(lambda: settings, database=folder / "data" / "monitor.db", clock=clock, yahoo_cache=folder)
asyncio.run(collector.run())
"""
AT_0750 = datetime(2025, 1, 27, 12, 50, tzinfo=UTC)
WANTED = wanted(load())


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        opened.exchange.history = bars
        text = opened.settings_file.read_text().replace("{interval: 1s, closed_interval: 1s", "{interval: 10m")
        opened.settings_file.write_text(text)
        yield opened


def bars(symbol: str, start: datetime, end: datetime, interval: str) -> list[Bar]:
    """One bar a day, from `start` until `end`."""
    return [
        Bar(symbol=symbol, interval=interval, at=at, open=1, high=3, low=0.5, close=2, volume=10, source="yahoo")
        for at in (datetime(2025, 1, day, 14, 30, tzinfo=UTC) for day in range(20, 32))
        if start <= at < end
    ]


@asynccontextmanager
async def collecting(desk: Desk, starts_at: datetime = AT_0750) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", COLLECTOR, str(desk.folder), starts_at.isoformat()), stdout=PIPE, stderr=PIPE
    )
    desk.running.append(process)
    try:
        yield process
    finally:
        process.kill()
        await process.communicate()


@contextmanager
def reading(desk: Desk) -> Iterator[Reader]:
    with closing(Reader.open(desk.database)) as reader:
        yield reader


def states(desk: Desk) -> dict[str, HistoryState]:
    try:
        with reading(desk) as reader:
            return reader.baseline_history()
    except StoreError:  # it is still being made
        return {}


def log(desk: Desk) -> list[str]:
    return [line for line in (desk.folder / "log").read_text().splitlines() if "January 2025" in line]


async def test_days_and_hours_are_fetched_once_and_stay_known_to_the_next_collector(desk: Desk) -> None:
    async with collecting(desk) as process:
        await until(lambda: len(states(desk)) == len(WANTED), process=process)
        asked = [
            (request.path.rpartition("/")[2], request.query["interval"])
            for request in desk.exchange.requests
            if request.door is Door.CHART
        ]
        assert asked[:2] == [("NVDA", "1d"), ("NVDA", "1h")]
        assert len(asked) == 2 * len(WANTED)
        chart = next(request for request in desk.exchange.requests if request.door is Door.CHART)
        assert (int(chart.query["period1"]), int(chart.query["period2"])) == (FROM.timestamp(), UNTIL.timestamp())
        assert chart.query["includePrePost"] == "true"
        with reading(desk) as reader:
            daily, hourly = reader.baseline_bars("NVDA")["NVDA"]
            assert [bar.at.day for bar in daily] == [bar.at.day for bar in hourly] == list(range(23, 30))
            assert reader.bars("NVDA", interval="1d", source="yahoo") == [], "charts are another matter"
    desk.exchange.seen.clear()
    async with collecting(desk, starts_at=AT_0750 + DAY) as process:
        await until(lambda: desk.exchange.seen[Door.QUOTE] >= 3, process=process)
        assert desk.exchange.seen[Door.CHART] == 0
    assert all(state.simulated and state.failures == 0 and state.asked_at for state in states(desk).values())


async def test_a_symbol_that_yahoo_does_not_know_and_hours_that_it_has_no_more_are_answers(desk: Desk) -> None:
    gone = '{"chart": {"result": null, "error": {"code": "Unprocessable Entity", "description": "730 days"}}}'
    desk.exchange.fail(Door.CHART, Fault(status=404, body="{}"), Fault(status=422, body=gone))  # NVDA, both
    async with collecting(desk) as process:
        await until(lambda: len(states(desk)) == len(WANTED), process=process)
    assert states(desk)["NVDA"].asked_at is not None
    assert {state.failures for state in states(desk).values()} == {0}
    assert log(desk) == []
    with reading(desk) as reader:
        assert set(reader.baseline_bars()) == {"AVGO"}, "the other that this exchange lists"


async def test_a_failure_is_said_once_holds_back_the_others_and_is_made_up_for(desk: Desk) -> None:
    desk.exchange.fail(Door.CHART, *[Fault(status=500)] * 3)
    async with collecting(desk) as process:
        await until(lambda: desk.exchange.seen[Door.CHART] == 1, process=process)
        await until(lambda: states(desk), process=process)
        (state,) = states(desk).values()
        assert (state.symbol, state.failures, state.asked_at) == ("NVDA", 1, None)
        assert state.next_try_at is not None
        await until(lambda: len(states(desk)) == len(WANTED), process=process)
        await until(lambda: states(desk)["NVDA"].asked_at, process=process)
    said = log(desk)
    assert sum("NVDA: Yahoo answered HTTP 500; next try" in line for line in said) == 1
    assert sum("NVDA: answering again" in line for line in said) == 1


async def test_nothing_is_fetched_while_there_are_no_quotes(desk: Desk) -> None:
    desk.exchange.fail_always(Door.QUOTE, Fault(status=500))
    async with collecting(desk) as process:
        await until(lambda: desk.exchange.seen[Door.QUOTE] >= 3, process=process)
        assert desk.exchange.seen[Door.CHART] == 0
        desk.exchange.mend()
        await until(lambda: desk.exchange.seen[Door.CHART], process=process)


async def test_after_a_request_that_hangs_quotes_come_before_the_next_symbol(desk: Desk) -> None:
    desk.settings_file.write_text(desk.settings_file.read_text().replace("timeout: 5s}", "timeout: 1s}"))
    desk.exchange.fail(Door.CHART, Fault(hang=True))
    async with collecting(desk) as process:
        await until(lambda: desk.exchange.seen[Door.CHART] >= 2, process=process)
    doors = [request.door for request in desk.exchange.requests if request.door in {Door.CHART, Door.QUOTE}]
    assert doors[doors.index(Door.CHART) + 1] is Door.QUOTE
