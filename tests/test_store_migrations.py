"""The schema grows by steps: from the first version on, and never past what a program knows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.errors import StoreError, StoreMissing, StoreTooNew
from monitor.models import FailureKind, Session
from monitor.store import schema
from monitor.store.reader import HeadlineFilter, Reader
from monitor.store.writer import Writer
from tests.store_samples import NOW, poll

if TYPE_CHECKING:
    from sqlite_utils import Database

V1 = Path(__file__).parent / "data" / "store_v1.sql"


def first_version(path: Path) -> Path:
    """A database as the first release left it, with a row or more in each table."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(V1.read_text(encoding="utf-8"))
    return path


def tables(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Name, type, NOT NULL, default and place in the key of each column, and each index with its columns."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM pragma_table_list WHERE schema = 'main'")]
        found = {name: connection.execute(f"PRAGMA table_info({name})").fetchall() for name in names}
        for name in names:
            for index, unique, partial in connection.execute(
                'SELECT name, "unique", partial FROM pragma_index_list(?)', [name]
            ).fetchall():
                columns = connection.execute("SELECT name FROM pragma_index_info(?)", [index]).fetchall()
                found[f"{name}: {index}"] = [(unique, partial), *columns]
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


def test_the_first_version_becomes_what_a_new_database_is(path: Path, tmp_path: Path) -> None:
    Writer.open(first_version(path)).close()
    Writer.open(tmp_path / "new.db").close()
    assert tables(path) == tables(tmp_path / "new.db")


def test_the_first_step_alone_makes_the_first_version(path: Path, tmp_path: Path) -> None:
    from sqlite_utils import Database

    with closing(sqlite3.connect(tmp_path / "step.db", isolation_level=None)) as connection:
        schema.STEPS[0](Database(connection))
    made = tables(tmp_path / "step.db")
    kept = tables(first_version(path))
    assert {name: kept[name] for name in made} == made, "a step that was released is never edited"


def test_everything_in_the_first_version_is_there_after_the_upgrade(path: Path) -> None:
    at = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
    with Writer.open(first_version(path)) as writer:
        state = writer.quote_source()
        assert (state.failure, state.unknown) == (FailureKind.RATE_LIMITED, ("NOPE",))
        assert writer.rule_memory() == {("shock", "NVDA"): "{}"}
        assert writer.matcher_fingerprint() == "v1"
        assert [alert.id for alert, _ in writer.pending_deliveries("file", now=at, limit=9)] == ["a1"]
    with closing(Reader.open(path)) as reader:
        (headline,) = reader.headlines()
        assert (headline.title, headline.topics, headline.first_seen_at) == ("딥시크 충격", ("DeepSeek",), at)
        assert reader.quotes()["NVDA"].session is Session.REGULAR
        assert [bar.close for bar in reader.bars("NVDA")] == [118.5]
        assert [bar.close for bar in reader.bars("NVDA", interval="1d", source="yahoo")] == [142.62]
        assert [(alert.id, alert.baseline) for alert in reader.alerts()] == [("a1", None)]
        assert (reader.baseline_history(), reader.baseline_bars()) == ({}, {})
        assert [stored.state.item_digests for stored in reader.feeds() if stored.state.item_digests] == [
            frozenset({b"12345678"})
        ]
        assert [found.title for found in reader.headlines(HeadlineFilter(text="격"))] == [headline.title]
        assert reader.headline_count() == 1
        info = reader.collector()
        assert info is not None
        assert info.host == "trading-1"
        assert reader.quick_check() == []


def test_it_is_said_how_much_is_to_be_brought_up_to_date_and_only_then(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="monitor.store"):
        Writer.open(first_version(path)).close()
        (said,) = [record.getMessage() for record in caplog.records]
        assert said.startswith(f"{path}: 1 headlines, bringing it from m001_first_tables to {schema.NAMES[-1]}; ")
        caplog.clear()
        Writer.open(path).close()
        Writer.open(path.with_name("new.db")).close()
        assert not caplog.records


def test_a_reader_asks_for_the_collector_on_the_first_version_and_leaves_it_as_it_is(path: Path) -> None:
    before = first_version(path).read_bytes()
    with pytest.raises(StoreError, match=r"older version.*run the collector once"):
        Reader.open(path)
    assert path.read_bytes() == before


def test_every_step_is_named_after_its_number() -> None:
    assert [name[:5] for name in schema.NAMES] == [f"m{number:03}_" for number in range(1, len(schema.NAMES) + 1)]


def later(db: Database) -> None:
    db.execute("ALTER TABLE feeds ADD COLUMN later TEXT")


def with_a_later_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, later))
    monkeypatch.setattr(schema, "NAMES", (*schema.NAMES, "later"))


def test_a_database_of_an_older_program_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer.open(path).close()
    with_a_later_step(monkeypatch)
    Writer.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT later FROM feeds")
    Reader.open(path).close()


def test_a_reader_asks_for_the_collector_on_an_older_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer.open(path).close()
    with_a_later_step(monkeypatch)
    with pytest.raises(StoreError, match=r"older version.*run the collector once"):
        Reader.open(path)


def test_a_newer_database_is_refused_and_left_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as newer:
        with_a_later_step(newer)
        Writer.open(path).close()
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match=r"monitor\.db: made by a newer version .*later.*update this one"):
        Writer.open(path)
    with pytest.raises(StoreTooNew, match="newer version"):
        Reader.open(path)
    assert path.read_bytes() == before


def test_a_step_that_fails_leaves_the_database_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Writer.open(path).close()
    before = tables(path)

    def broken(db: Database) -> None:
        db.execute("ALTER TABLE feeds ADD COLUMN later TEXT")
        db.execute("ALTER TABLE missing ADD COLUMN later TEXT")

    with monkeypatch.context() as newer:
        newer.setattr(schema, "STEPS", (*schema.STEPS, broken))
        newer.setattr(schema, "NAMES", (*schema.NAMES, "broken"))
        with pytest.raises(StoreError, match="no such table: missing"):
            Writer.open(path)
    assert tables(path) == before
    Writer.open(path).close()


def test_another_programs_database_is_refused_and_left_as_it_is(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    for opened in (Writer.open, Reader.open):
        with pytest.raises(StoreError, match="not one that this program made"):
            opened(path)
    assert path.read_bytes() == before


def test_an_empty_file_is_filled_by_a_writer_and_missing_to_a_reader(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreMissing, match="empty"):
        Reader.open(path)
    Writer.open(path).close()
    Reader.open(path).close()


def test_a_new_database_gives_space_back_and_keeps_a_write_ahead_log(path: Path) -> None:
    Writer.open(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (0,)


def test_opening_twice_changes_nothing(path: Path) -> None:
    with Writer.open(path) as writer:
        poll(writer, now=NOW)
    before = tables(path)
    Writer.open(path).close()
    assert tables(path) == before
