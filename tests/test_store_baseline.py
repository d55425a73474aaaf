"""The baseline in the database: the records as rows, and the prices of January 2025."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from monitor.config import Retention, StoreSettings
from monitor.models import Text
from monitor.store.reader import Reader
from monitor.store.writer import HistoryState, Writer
from tests.store_samples import BASELINE, NOW, bar, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from monitor.baseline import Baseline
    from monitor.models import Bar

ASKED = HistoryState(symbol="NVDA", asked_at=NOW)
FRIDAY = datetime(2025, 1, 24, 14, 30, tzinfo=UTC)
MONDAY = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
RECORDS = ("events", "event_sources", "disagreements", "disagreement_events")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        yield writer


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    return {table: rows(path, f"SELECT * FROM {table}") for table in RECORDS}  # noqa: S608 (constants)


def bars(path: Path, symbol: str | None = None) -> dict[str, tuple[list[Bar], list[Bar]]]:
    with closing(Reader.open(path)) as reader:
        return reader.baseline_bars(symbol)


def hourly(at: datetime = MONDAY) -> Bar:
    return bar(at=at, interval="1h")


def without(baseline: Baseline, number: str) -> Baseline:
    """The baseline of a later version that has dropped a record, and what disagreed with it."""
    kept = tuple(record for record in baseline.records if record.id != number)
    return replace(baseline, records=kept, disagreements=(), digest=f"without {number}")


def test_each_record_is_a_row_with_its_figures_time_and_both_languages(writer: Writer, path: Path) -> None:
    assert writer.sync_baseline(BASELINE)
    assert rows(path, "SELECT * FROM events ORDER BY position") == [
        (
            *("nvda-pre-0750", 1, "move", "Nvidia", "NVDA", "minute", "2025-01-27T12:50:00.000Z", None, "pre"),
            *(-12.0, None, None, "percent", "nearly"),
            *("Nvidia was down nearly 12% before the open.", "엔비디아, 개장 전 12% 가까이 하락"),
        ),
        (
            *("nvda-close", 2, "move", "Nvidia", "NVDA", "day", "2025-01-27", "2025-01-28", "close"),
            *(None, -18.0, -17.0, "percent", "about"),
            *("Nvidia closed about 17 to 18% lower.", "엔비디아, 17~18% 하락 마감"),
        ),
        (
            *("who-pays", 3, "question", "Capital spending", None, None, None, None, None),
            *(None, None, None, None, "exact"),
            *("Will the spending on chips go on?", "칩 투자는 계속될 것인가"),
        ),
    ]


def test_each_source_is_a_row_with_its_document_and_place(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    blog = ("002.txt", "김 아무개", None, None, "blog")
    assert rows(path, "SELECT * FROM event_sources") == [
        ("nvda-close", 1, "001.txt", None, "Example Daily", "2025-01-28", "newspaper", None, 10, None, None),
        ("nvda-close", 2, *blog, None, 55, "1,8", "18"),
        ("nvda-pre-0750", 1, *blog, "Bloomberg", 3, None, None),
        ("who-pays", 1, *blog, None, 60, None, None),
    ]


def test_a_disagreement_links_its_records(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    assert rows(path, "SELECT * FROM disagreements") == [("nvda-fall", "different hours", "시각 차이")]
    assert rows(path, "SELECT event_id FROM disagreement_events") == [("nvda-close",), ("nvda-pre-0750",)]


def test_the_same_baseline_is_not_written_again_also_after_a_restart(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    writer.close()
    with closing(Reader.open(path)) as reader, Writer.open(path) as again:
        version = reader.data_version()
        assert not again.sync_baseline(BASELINE)
        assert reader.data_version() == version


def test_another_baseline_replaces_every_row(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    assert writer.sync_baseline(without(BASELINE, "nvda-close"))
    with Writer.open(path.with_name("new.db")) as new:
        new.sync_baseline(without(BASELINE, "nvda-close"))
    assert everything(path) == everything(path.with_name("new.db"))
    assert rows(path, "SELECT count(*) FROM event_sources") == [(2,)]
    assert not writer.sync_baseline(without(BASELINE, "nvda-close"))


def test_a_baseline_that_cannot_be_stored_leaves_the_one_before(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    before = everything(path)
    (disagreement,) = BASELINE.disagreements
    dangling = replace(disagreement, records=("nvda-close", "nowhere"), note=Text("?", "?"))
    with pytest.raises(sqlite3.IntegrityError):
        writer.sync_baseline(replace(BASELINE, disagreements=(dangling,), digest="broken"))
    assert everything(path) == before
    assert not writer.sync_baseline(BASELINE)


def test_how_asking_for_a_history_went_is_remembered(writer: Writer, path: Path) -> None:
    failed = HistoryState(
        symbol="AMD",
        asked_at=NOW - timedelta(days=31),
        next_try_at=NOW + minutes(5),
        failures=2,
        error="Yahoo answered: Too Many Requests",
        simulated=True,
    )
    assert writer.baseline_history() == {}
    writer.record_baseline_history(failed, ())
    writer.record_baseline_history(HistoryState(symbol="NVDA", failures=1), ())
    writer.record_baseline_history(ASKED, ())
    writer.close()
    with closing(Reader.open(path)) as reader, Writer.open(path) as again:
        assert again.baseline_history() == reader.baseline_history() == {"AMD": failed, "NVDA": ASKED}


def test_bars_come_back_by_symbol_days_and_hours_apart_and_in_order_of_time(writer: Writer, path: Path) -> None:
    days = [bar(at=FRIDAY), bar(at=MONDAY, volume=None)]
    hours = [hourly(MONDAY + minutes(60 * number)) for number in range(3)]
    writer.record_baseline_history(ASKED, [*reversed(hours), *reversed(days)])
    writer.record_baseline_history(HistoryState(symbol="^TNX", asked_at=NOW), [bar("^TNX", at=MONDAY)])
    writer.record_baseline_history(HistoryState(symbol="OKLO", asked_at=NOW), ())
    assert bars(path) == {"NVDA": (days, hours), "^TNX": ([bar("^TNX", at=MONDAY)], [])}
    assert bars(path, "NVDA") == {"NVDA": (days, hours)}
    assert bars(path, "OKLO") == {}


def test_state_and_bars_are_kept_together_or_not_at_all(writer: Writer, path: Path) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        writer.record_baseline_history(ASKED, [bar(at=MONDAY), bar(at=MONDAY, interval="1m")])
    assert (writer.baseline_history(), bars(path)) == ({}, {})


def test_hours_that_yahoo_no_longer_keeps_stay_as_long_as_the_days_read_the_same(writer: Writer, path: Path) -> None:
    writer.record_baseline_history(ASKED, [bar(at=MONDAY, close=118.42), hourly()])
    same = bar(at=MONDAY, close=118.4200001)
    writer.record_baseline_history(replace(ASKED, asked_at=NOW + timedelta(days=30)), [same])
    assert bars(path) == {"NVDA": ([same], [hourly()])}


def test_after_a_split_nothing_of_the_old_prices_is_left(writer: Writer, path: Path) -> None:
    writer.record_baseline_history(ASKED, [bar(at=FRIDAY), bar(at=MONDAY, close=118.42), hourly()])
    writer.record_baseline_history(HistoryState(symbol="AMD", asked_at=NOW), [bar("AMD", at=MONDAY)])
    split = bar(at=MONDAY, close=59.21)
    writer.record_baseline_history(ASKED, [split])
    assert bars(path) == {"AMD": ([bar("AMD", at=MONDAY)], []), "NVDA": ([split], [])}


def test_a_failure_takes_no_bars_away(writer: Writer, path: Path) -> None:
    writer.record_baseline_history(ASKED, [bar(at=MONDAY), hourly()])
    writer.record_baseline_history(replace(ASKED, failures=1, error="nothing in 20 s"), ())
    assert bars(path) == {"NVDA": ([bar(at=MONDAY)], [hourly()])}


@pytest.mark.parametrize("simulated", [True, False])
def test_the_demos_history_and_the_true_one_are_never_mixed(writer: Writer, path: Path, *, simulated: bool) -> None:
    writer.record_baseline_history(replace(ASKED, simulated=simulated), [bar(at=MONDAY), hourly()])
    writer.record_baseline_history(replace(ASKED, simulated=not simulated), [bar(at=MONDAY)])
    assert bars(path) == {"NVDA": ([bar(at=MONDAY)], [])}


def test_a_chart_of_the_day_so_far_does_not_touch_the_days_bar(writer: Writer, path: Path) -> None:
    writer.record_baseline_history(ASKED, [bar(at=MONDAY, close=118.42)])
    writer.record_bars([bar(at=MONDAY, close=125.0)])
    with closing(Reader.open(path)) as reader:
        assert [each.close for each in reader.bars("NVDA", interval="1d", source="yahoo")] == [125.0]
    assert bars(path) == {"NVDA": ([bar(at=MONDAY, close=118.42)], [])}


def test_nothing_of_the_baseline_is_ever_pruned(writer: Writer, path: Path) -> None:
    writer.sync_baseline(BASELINE)
    writer.record_baseline_history(ASKED, [bar(at=FRIDAY), hourly()])
    recorded, measured = everything(path), bars(path)
    brief = timedelta(days=1)
    keep = Retention(headlines=brief, bars=brief, history=brief, alerts=brief, polls=brief)
    while writer.prune(StoreSettings(keep=keep), now=NOW + timedelta(days=5000)):
        pass
    assert (everything(path), bars(path)) == (recorded, measured)
    assert writer.baseline_history() == {"NVDA": ASKED}
