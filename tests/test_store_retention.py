"""Retention: what goes, what stays, and that what is gone stays gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from monitor.config import Retention, StoreSettings
from monitor.models import FeedState
from monitor.store import retention
from monitor.store.reader import Reader
from monitor.store.writer import Recorded, Writer
from tests.store_samples import FEED, NOW, OTHER, alert, bar, entry, mention, poll, quote, titles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

KEEP = StoreSettings(
    keep=Retention(
        headlines=timedelta(days=10),
        bars=timedelta(days=3),
        history=timedelta(days=100),
        alerts=timedelta(days=20),
        polls=timedelta(days=2),
    )
)


def days(number: float) -> timedelta:
    return timedelta(days=number)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        yield writer


def prune_all(writer: Writer, now: datetime = NOW) -> dict[str, int]:
    total: dict[str, int] = {}
    while deleted := writer.prune(KEEP, now=now):
        total = {table: total.get(table, 0) + deleted.get(table, 0) for table in total | deleted}
    return total


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (a test's own word)


def test_old_headlines_go_with_their_mentions_and_new_ones_stay(writer: Writer, path: Path) -> None:
    for age in (9, 11):
        given = entry(str(age), f"Nvidia {age} days ago", published_at=NOW - days(age))
        poll(writer, (given, (mention("NVDA"),)))
    assert prune_all(writer) == {"headlines": 1}
    assert titles(path) == titles(path, ticker="NVDA") == titles(path, text="nvidia") == ["Nvidia 9 days ago"]
    assert count(path, "mentions") == 1


def test_a_deleted_headline_that_its_feed_still_carries_does_not_come_back_as_new(writer: Writer, path: Path) -> None:
    poll(writer, entry(published_at=NOW - days(11)))
    prune_all(writer)
    assert poll(writer, entry(published_at=NOW - days(11), title="edited")) == Recorded()
    assert titles(path) == []
    assert len(poll(writer, entry(published_at=NOW - days(1)), feed=OTHER).new) == 1, "another feed's is another one"


def test_a_tombstone_goes_a_year_after_the_feed_last_carried_the_entry(writer: Writer, path: Path) -> None:
    old = entry(published_at=NOW - days(11))
    poll(writer, old)
    prune_all(writer)
    poll(writer, old, now=NOW + days(300))
    assert prune_all(writer, NOW + days(400)) == {"polls": 2}
    assert poll(writer, old, now=NOW + days(401)) == Recorded()
    assert prune_all(writer, NOW + days(767))["headline_tombstones"] == 1
    assert count(path, "headline_tombstones") == 0


def test_bars_go_by_their_interval(writer: Writer, path: Path) -> None:
    writer.record_bars(
        [
            bar(at=NOW - days(age), interval=interval, source=source)
            for age in (2, 4, 101)
            for interval, source in (("1m", "yahoo"), ("1m", "polled"), ("1d", "yahoo"), ("1h", "yahoo"))
        ]
    )
    assert prune_all(writer) == {"bars": 6}
    with closing(Reader.open(path)) as reader:
        assert [(NOW - bar.at).days for bar in reader.bars("NVDA", interval="1m", source="polled")] == [2]
        assert [(NOW - bar.at).days for bar in reader.bars("NVDA", interval="1d", source="yahoo")] == [4, 2]


def test_alerts_that_were_not_delivered_stay_however_old(writer: Writer, path: Path) -> None:
    old = NOW - days(21)
    writer.record_alerts([alert("taken", fired_at=old), alert("waiting", fired_at=old)], ["file", "command"])
    writer.record_alerts([alert("new", fired_at=NOW), alert("for nobody", fired_at=old)], [])
    writer.delivered("taken", "file", NOW)
    writer.delivered("taken", "command", NOW)
    writer.delivered("waiting", "file", NOW)
    assert prune_all(writer) == {"alerts": 2}
    with closing(Reader.open(path)) as reader:
        assert [each.id for each in reader.alerts()] == ["new", "waiting"]
    assert count(path, "alert_deliveries") == 2


def test_polls_go_and_feeds_quotes_and_memory_stay(writer: Writer, path: Path) -> None:
    for age in (1, 3, 4):
        for feed in (FEED, OTHER):
            writer.record_poll(feed, FeedState(url=feed.url), (), now=NOW - days(age))
    writer.record_quotes([quote(at=NOW - days(1))], now=NOW)
    writer.remember_rules({("rule", ""): "1"})
    assert prune_all(writer, NOW + days(0.5)) == {"polls": 4}
    assert [count(path, table) for table in ("polls", "feeds", "quotes", "rule_memory")] == [2, 2, 1, 1]


def test_one_call_deletes_a_bounded_number_of_rows(writer: Writer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "HEADLINES", 4)
    monkeypatch.setattr(retention, "ROWS", 3)
    poll(writer, *(entry(str(number), published_at=NOW - days(11)) for number in range(6)))
    symbols = ("AMD", "NVDA")
    writer.record_bars([bar(symbol, at=NOW - days(101 + age)) for age in range(4) for symbol in symbols])
    assert writer.prune(KEEP, now=NOW) == {"headlines": 4, "bars": 3}
    assert writer.prune(KEEP, now=NOW) == {"headlines": 2, "bars": 3}
    assert writer.prune(KEEP, now=NOW) == {"bars": 2}
    assert writer.prune(KEEP, now=NOW) == {}
    assert (count(path, "headlines"), count(path, "bars")) == (0, 0)


def test_deleted_space_is_given_back_and_the_text_index_agrees(writer: Writer, path: Path) -> None:
    for round_ in range(40):
        now = NOW - days(60 - round_)
        poll(
            writer,
            *(entry(f"{round_} {n}", f"word{n} of day {round_}", summary="x" * 2000) for n in range(40)),
            now=now,
        )
    prune_all(writer, NOW - days(10.5))
    writer.close()
    with closing(sqlite3.connect(path)) as connection:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute("INSERT INTO headlines_fts (headlines_fts) VALUES ('integrity-check')")
    assert free == 0
    assert pages * 4096 < 2_000_000, "ten of forty days are left: 0.8 MB of summaries"


def test_how_many_headlines_are_stored_is_known_without_counting_them(writer: Writer, path: Path) -> None:
    with closing(Reader.open(path)) as reader:
        assert reader.headline_count() == 0
        poll(writer, *(entry(str(number), published_at=NOW - days(number)) for number in range(8, 14)))
        assert reader.headline_count() == reader.counts().headlines == 6
        prune_all(writer)
        assert reader.headline_count() == count(path, "headlines") == 3
        with suppress(ZeroDivisionError), writer.transaction():
            poll(writer, entry("taken back"))
            raise ZeroDivisionError
        poll(writer, entry("another"))
        assert reader.headline_count() == count(path, "headlines") == 4


def test_what_is_kept_for_ever_stays(writer: Writer, path: Path) -> None:
    for_ever = timedelta.max
    keep = StoreSettings(
        keep=Retention(headlines=for_ever, bars=for_ever, history=for_ever, alerts=for_ever, polls=for_ever)
    )
    poll(writer, entry(published_at=NOW - days(9000)))
    writer.record_bars([bar(at=NOW - days(9000))])
    assert writer.prune(keep, now=NOW) == {}
    assert count(path, "bars") == len(titles(path)) == 1


def test_ids_of_deleted_headlines_are_not_used_again(writer: Writer) -> None:
    last = poll(writer, entry("1", published_at=NOW - days(11)), entry("2", published_at=NOW - days(11))).new[-1].id
    prune_all(writer)
    assert poll(writer, entry("3")).new[0].id == last + 1
