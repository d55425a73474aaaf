"""Faults of disk, file and neighbours: said in words, nothing committed lost, and the writer usable when it is over."""

from __future__ import annotations

import errno
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from monitor.errors import StoreBusy, StoreCorrupt, StoreError, StoreFull, StoreMissing, StoreReadOnly
from monitor.store import engine, faults, files
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.store_samples import NOW, as_root, entry, poll, quote, said_by_somebody, titles

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two megabytes, and no more."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode:
        pytest.skip("no small disk can be had here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(writer: Writer, committed: list[str]) -> None:
    """Poll until the disk is full, and tell what was committed."""
    for number in range(1000):
        poll(writer, entry(str(number), f"headline {number}", summary="x" * 4000))
        committed.append(f"headline {number}")


@as_root
def test_a_full_disk_loses_nothing_committed_and_storing_goes_on_when_there_is_room(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    path = small_disk / "data" / "monitor.db"
    with Writer.open(path) as writer:
        ballast.write_bytes(b"x" * 900_000)
        committed: list[str] = []
        with pytest.raises(StoreFull, match=r"monitor\.db: no room on the disk"):
            fill(writer, committed)
        assert committed, "there was room for some"
        with pytest.raises(StoreFull):
            poll(writer, *(entry(f"more {number}", summary="x" * 4000) for number in range(50)))
        assert len(titles(path, limit=1000)) == len(committed)
        ballast.unlink()
        poll(writer, entry("after", "after"))
        writer.record_quotes([quote()], now=NOW)
        assert titles(path, limit=1000) == ["after", *reversed(committed)]
    with closing(Reader.open(path)) as reader:
        assert reader.quick_check() == []


@as_root
def test_a_disk_too_full_for_a_new_database_is_said(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 2_080_000)
    with pytest.raises(StoreError, match=r"monitor\.db: (no room on the disk|the disk failed)"):
        Writer.open(small_disk / "monitor.db")
    (small_disk / "ballast").unlink()
    Writer.open(small_disk / "monitor.db").close()


@as_root
def test_a_disk_mounted_read_only_can_be_read_where_the_collector_left_it_and_not_written(small_disk: Path) -> None:
    path = small_disk / "monitor.db"
    with Writer.open(path) as writer:
        poll(writer, entry())
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert titles(path) == ["Nvidia falls"]
    with pytest.raises(StoreReadOnly, match=r"monitor\.db: this account or this disk"):
        Writer.open(path)
    with pytest.raises(StoreReadOnly):
        Writer.open(small_disk / "new" / "monitor.db")


TRYING = """
said = []
for name in (path, path.with_name("new.db"), path.with_name("new") / "monitor.db"):
    try:
        Writer.open(name)
    except StoreError as error:
        said.append(type(error).__name__)
tell(said)
"""


@as_root
def test_an_account_without_write_permission_is_told_so() -> None:
    with TemporaryDirectory() as name:  # which others may enter, as they may not pytest's
        folder = Path(name)
        folder.chmod(0o755)
        Writer.open(folder / "monitor.db").close()
        for file in folder.iterdir():
            file.chmod(0o644)
        assert said_by_somebody(folder / "monitor.db", TRYING) == str(["StoreReadOnly"] * 3)


def test_what_is_no_database_is_called_so_and_left_alone(path: Path) -> None:
    path.write_bytes(b"headline,link\n" * 1000)
    for opened in (Writer.open, Reader.open):
        with pytest.raises(StoreCorrupt, match=r"monitor\.db: not a SQLite database"):
            opened(path)
    assert path.read_bytes() == b"headline,link\n" * 1000


def damage(path: Path, table: str) -> None:
    """Overwrite the page that a table begins with."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


def test_a_damaged_database_is_called_so_and_moved_nowhere(path: Path) -> None:
    with Writer.open(path) as writer:
        poll(writer, *(entry(str(number), f"headline {number}") for number in range(300)))
    damage(path, "headlines")
    with closing(Reader.open(path)) as reader:
        with pytest.raises(StoreCorrupt, match=r"monitor\.db: damaged; stop the collector.*\(SQLITE_CORRUPT"):
            reader.headlines()
        assert reader.quick_check() != []
        assert reader.quotes() == {}, "what is sound can be read"
    with Writer.open(path) as writer:
        with pytest.raises(StoreCorrupt):
            poll(writer, entry("new"))
        writer.record_quotes([quote()], now=NOW)
    assert path.exists()


def test_a_sound_database_has_nothing_to_say(path: Path) -> None:
    with Writer.open(path) as writer:
        poll(writer, entry())
        with closing(Reader.open(path)) as reader:
            assert reader.quick_check() == []


def test_another_program_that_writes_is_waited_for_then_named_and_nothing_breaks(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "BUSY_TIMEOUT", 0.05)
    with Writer.open(path) as writer, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another program is writing"):
            poll(writer, entry())
        with pytest.raises(StoreBusy):
            Writer.open(path)
        assert titles(path) == []
        other.rollback()
        poll(writer, entry())
        assert titles(path) == ["Nvidia falls"]


def test_readers_in_the_middle_of_something_hold_up_neither_writing_nor_closing(path: Path) -> None:
    writer = Writer.open(path)
    poll(writer, entry("1", "first"))
    with closing(Reader.open(path)) as reader, reader.snapshot():
        assert reader.counts().headlines == 1
        for number in range(2, 200):
            poll(writer, entry(str(number), "more", summary="x" * 1000))
        writer.close()
        assert reader.counts().headlines == 1
    assert len(titles(path, limit=1000)) == 199


def test_the_write_ahead_log_is_cut_back_after_a_reader_held_it_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.store.writer.WAL_LIMIT", 100_000)
    log = Path(f"{path}-wal")

    def write(rounds: range) -> None:
        for number in rounds:
            poll(writer, *(entry(f"{number} {n}", "headline", summary="x" * 4000) for n in range(50)))

    with Writer.open(path) as writer:
        poll(writer, entry("first"))
        with closing(Reader.open(path)) as reader, reader.snapshot():
            reader.counts()
            write(range(40))
            grown = log.stat().st_size
            assert grown > 8_000_000
        write(range(40, 80))
        assert log.stat().st_size < grown / 1.5


@pytest.mark.parametrize("opened", [Writer.open, Reader.open])
def test_a_file_deleted_or_replaced_underneath_is_noticed(path: Path, opened: object) -> None:
    assert callable(opened)
    Writer.open(path).close()
    with opened(path) as store:
        assert store.still_there()
        path.unlink()
        assert not store.still_there()
        Path(f"{path}-wal").unlink()
        Path(f"{path}-shm").unlink()
        Writer.open(path).close()
        assert not store.still_there()
    with opened(path) as store:
        assert store.still_there()


def test_a_writer_that_lost_its_file_can_be_closed_and_a_new_one_begun(path: Path) -> None:
    writer = Writer.open(path)
    poll(writer, entry("1", "lost"))
    shutil.move(path, path.with_name("elsewhere.db"))
    for suffix in ("-wal", "-shm"):
        shutil.move(f"{path}{suffix}", path.with_name(f"elsewhere.db{suffix}"))
    assert not writer.still_there()
    with Writer.open(path) as begun:
        writer.close()
        poll(begun, entry("2", "found"))
        assert begun.still_there()
    assert titles(path) == ["found"]
    assert titles(path.with_name("elsewhere.db")) == ["lost"]


def test_a_fault_of_the_program_is_not_called_a_fault_of_the_disk(path: Path) -> None:
    with Writer.open(path) as writer:
        writer.close()
        with pytest.raises(sqlite3.ProgrammingError):
            writer.latest_quotes()


def failing(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("what SQLite says")
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_NAME"
    return error


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_FULL, StoreFull, "no room on the disk"),
        (sqlite3.SQLITE_READONLY, StoreReadOnly, "cannot write it"),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreMissing, "moved or deleted"),
        (sqlite3.SQLITE_READONLY_DIRECTORY, StoreReadOnly, "start the collector"),
        (sqlite3.SQLITE_READONLY_CANTLOCK, StoreReadOnly, "cannot write it"),
        (sqlite3.SQLITE_CORRUPT, StoreCorrupt, "restore a backup"),
        (sqlite3.SQLITE_CORRUPT_VTAB, StoreCorrupt, "rebuild"),
        (sqlite3.SQLITE_CORRUPT_INDEX, StoreCorrupt, "restore a backup"),
        (sqlite3.SQLITE_NOTADB, StoreCorrupt, "not a SQLite database"),
        (sqlite3.SQLITE_BUSY, StoreBusy, "another program is writing"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreBusy, "another program is writing"),
        (sqlite3.SQLITE_LOCKED, StoreBusy, "of this process"),
        (sqlite3.SQLITE_IOERR_WRITE, StoreError, "the disk failed"),
        (sqlite3.SQLITE_CANTOPEN, StoreError, "cannot be opened by this account"),
        (sqlite3.SQLITE_ERROR, StoreError, "what SQLite says"),
    ],
)
def test_each_fault_has_its_kind_and_names_the_file_and_the_fault(
    code: int, kind: type[StoreError], words: str
) -> None:
    error = faults.of(failing(code), Path("/var/lib/monitor/monitor.db"))
    assert type(error) is kind
    assert str(error).startswith("/var/lib/monitor/monitor.db: ")
    assert words in str(error)
    assert str(error).endswith("(SQLITE_NAME)")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, StoreReadOnly),
        (errno.EROFS, StoreReadOnly),
        (errno.ENOSPC, StoreFull),
        (errno.EDQUOT, StoreFull),
        (errno.ENOENT, StoreMissing),
        (errno.ELOOP, StoreError),
    ],
)
def test_what_the_system_says_has_its_kind_too(number: int, kind: type[StoreError]) -> None:
    assert type(faults.of_system(OSError(number, "what the system says"), Path("/x"))) is kind


def test_this_sqlite_has_what_is_needed() -> None:
    assert engine.why_unusable() is None
