"""The database's files: where they are made, who may read them, and from which account a viewer works."""

from __future__ import annotations

import grp
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor.errors import StoreError, StoreMissing
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.store_samples import STRANGER, Somebody, as_root, entry, poll, said_by_somebody, titles

if TYPE_CHECKING:
    from collections.abc import Iterator


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every account can pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="monitor-store-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_new_folder_and_its_files_are_this_accounts_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "data" / "monitor.db"
    before = os.umask(umask)
    try:
        writer = Writer.open(path)
    finally:
        os.umask(before)
    with writer:
        poll(writer, entry())
        assert mode(path.parent) == "0o700"
        assert {mode(beside(path, suffix)) for suffix in ("", "-wal", "-shm")} == {"0o600"}


def test_missing_parents_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "monitor.db"
    Writer.open(path).close()
    assert path.is_file()


def test_a_folder_that_was_there_is_left_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    Writer.open(tmp_path / "monitor.db").close()
    assert mode(tmp_path) == "0o755"


def test_files_that_were_open_to_others_are_closed_again(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    Writer.open(path).close()
    path.chmod(0o644)
    Writer.open(path).close()
    assert mode(path) == "0o600"


@pytest.mark.parametrize(
    "name", ["mo?nitor.db", "monitor #1.db", "100%25.db", "a&mode=rw.db", "데이터 베이스.db", "caf\udce9.db", "'.db"]
)
def test_any_file_name_is_a_file_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with Writer.open(path) as writer:
        poll(writer, entry())
        assert titles(path) == ["Nvidia falls"]
        assert names(tmp_path) == {name, f"{name}-wal", f"{name}-shm"}


def test_a_link_leads_to_the_real_database(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "monitor.db"
    link.symlink_to(tmp_path / "real" / "monitor.db")
    with Writer.open(link) as writer:
        poll(writer, entry())
        assert titles(link) == ["Nvidia falls"]
        assert writer.still_there()
        assert names(tmp_path / "real") == {"monitor.db", "monitor.db-shm", "monitor.db-wal"}
        assert names(tmp_path) == {"monitor.db", "real"}


@pytest.mark.parametrize("opened", [Writer.open, Reader.open])
def test_a_folder_a_pipe_and_a_loop_of_links_are_no_database(tmp_path: Path, opened: object) -> None:
    assert callable(opened)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name in ("", "pipe", "loop"):
        with pytest.raises(StoreError, match=str(tmp_path / name)):
            opened(tmp_path / name)


def test_a_folder_that_is_a_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/monitor\.db"):
        Writer.open(tmp_path / "file" / "monitor.db")


def test_a_reader_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing, match=r"monitor\.db: there is no database"):
        Reader.open(tmp_path / "monitor.db")
    assert names(tmp_path) == set()


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    Writer.open(tmp_path / "monitor.db").close()
    with (
        closing(Reader.open(tmp_path / "monitor.db")) as reader,
        reader.snapshot() as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM feeds")


def test_a_reader_costs_no_sqlite_utils_at_start() -> None:
    heavy = ("sqlite_utils", "pandas", "numpy", "httpx", "feedparser", "yfinance")
    code = f"import sys, monitor.store.reader; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_an_unknown_group_is_said(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"store\.group: there is no group 'nobody-has-this'"):
        Writer.open(tmp_path / "monitor.db", group="nobody-has-this")


# What another account may do. The owner's process is in the group as a second one, as the service's account would be.

GROUP = next((found for found in grp.getgrall() if found.gr_gid not in (0, STRANGER)), None)
OWNER = STRANGER + 1
in_a_group = pytest.mark.skipif(GROUP is None, reason="this machine has no group but root's")

COLLECT = """
writer = Writer.open(path, group=GROUP)
tell("open")
for line in sys.stdin:
    if line.strip() == "close":
        writer.close()
    elif line.strip() == "open":
        writer = Writer.open(path, group=GROUP)
    else:
        poll(writer, entry(line.strip(), line.strip()))
    tell("done")
"""

VIEW = """
reader = None
for line in sys.stdin:
    try:
        reader = reader or Reader.open(path)
        tell(reader.data_version(), [headline.title for headline in reader.headlines()])
    except StoreError as error:
        tell(type(error).__name__, error)
"""


def collector(path: Path) -> Somebody:
    assert GROUP is not None
    code = f"GROUP = {GROUP.gr_name!r}\nos.umask(0o077)" + COLLECT
    owner = Somebody(path, code, uid=OWNER, gid=OWNER, groups=[GROUP.gr_gid])
    assert owner.said() == "open"
    return owner


def viewer(path: Path) -> Somebody:
    assert GROUP is not None
    return Somebody(path, VIEW, gid=GROUP.gr_gid)


@pytest.fixture
def shared(open_to_all: Path) -> Path:
    """Where an account that owns the folder above makes the database's own folder."""
    os.chown(open_to_all, OWNER, OWNER)
    return open_to_all / "data" / "monitor.db"


@as_root
@in_a_group
def test_with_a_group_its_members_may_read_and_nobody_else(shared: Path) -> None:
    assert GROUP is not None
    with collector(shared) as owner:
        owner.ask("first")
        modes = {mode(beside(shared, suffix)) for suffix in ("", "-wal", "-shm")}
        groups = {beside(shared, suffix).stat().st_gid for suffix in ("", "-wal", "-shm")}
        assert (mode(shared.parent), modes, groups) == ("0o750", {"0o640"}, {GROUP.gr_gid})
        with viewer(shared) as member, Somebody(shared, VIEW) as stranger:
            assert member.ask().endswith("['first']")
            assert stranger.ask().startswith("StoreReadOnly")
        writes = "try:\n    Writer.open(path)\nexcept StoreError as error:\n    tell(type(error).__name__)"
        assert said_by_somebody(shared, writes, gid=GROUP.gr_gid) == "StoreReadOnly"


@as_root
@in_a_group
def test_a_member_follows_every_commit_through_end_restart_and_kill(shared: Path) -> None:
    with viewer(shared) as member:
        with collector(shared) as owner:
            owner.ask("first")
            first = member.ask()
            assert first.endswith("['first']")
            owner.ask("second")
            second = member.ask()
            assert second.endswith("['second', 'first']")
            assert second.split()[0] != first.split()[0]
            owner.ask("close")
            assert member.ask().endswith("['second', 'first']")
            owner.ask("open")
            assert member.ask().endswith("['second', 'first']")
            owner.ask("third")
            assert member.ask().endswith("['third', 'second', 'first']")
            owner.process.kill()
            owner.process.wait()
            assert member.ask().endswith("['third', 'second', 'first']")
            with viewer(shared) as late:
                assert late.ask().endswith("['third', 'second', 'first']")
        with collector(shared) as next_one:
            next_one.ask("fourth")
            assert member.ask().endswith("['fourth', 'third', 'second', 'first']")


@as_root
@in_a_group
def test_a_member_can_read_what_a_collector_that_has_ended_left(shared: Path) -> None:
    with collector(shared) as owner:
        owner.ask("first")
        owner.ask("close")
    with viewer(shared) as member:
        assert member.ask().endswith("['first']")


@as_root
@in_a_group
def test_where_a_tool_of_the_owner_removed_what_a_member_needs_it_is_said(shared: Path) -> None:
    with collector(shared) as owner:
        owner.ask("first")
        owner.ask("close")
    tool = (
        "connection = sqlite3.connect(path)\nconnection.execute('CREATE TABLE t (a)')\nconnection.close()\ntell('done')"
    )
    assert said_by_somebody(shared, tool, uid=OWNER, gid=OWNER) == "done"
    assert not beside(shared, "-wal").exists()
    with viewer(shared) as member:
        assert "start the collector" in member.ask()
        with collector(shared):
            assert member.ask().endswith("['first']")


@as_root
@in_a_group
def test_without_a_group_another_account_is_told_that_it_may_not(open_to_all: Path) -> None:
    path = open_to_all / "monitor.db"
    Writer.open(path).close()
    with viewer(path) as member:
        said = member.ask()
    assert said.startswith("StoreError")
    assert "cannot be opened by this account" in said


@as_root
@in_a_group
def test_a_folder_with_other_things_in_it_is_left_alone_and_the_command_is_said(open_to_all: Path) -> None:
    assert GROUP is not None
    (open_to_all / "diary.txt").touch()
    open_to_all.chmod(0o700)
    with pytest.raises(StoreError, match=rf"chgrp {GROUP.gr_name} {open_to_all} && chmod 750"):
        Writer.open(open_to_all / "monitor.db", group=GROUP.gr_name)
    assert mode(open_to_all) == "0o700"
    open_to_all.chmod(0o711)
    Writer.open(open_to_all / "monitor.db", group=GROUP.gr_name).close()
    assert mode(open_to_all) == "0o711"


@as_root
@in_a_group
def test_a_folder_made_for_the_lock_alone_is_opened_to_the_group(open_to_all: Path) -> None:
    assert GROUP is not None
    (open_to_all / "data").mkdir(mode=0o700)
    (open_to_all / "data" / "monitor.db.lock").touch()
    Writer.open(open_to_all / "data" / "monitor.db", group=GROUP.gr_name).close()
    assert mode(open_to_all / "data") == "0o750"


@as_root
@in_a_group
def test_a_group_taken_back_loses_the_files(tmp_path: Path) -> None:
    assert GROUP is not None
    path = tmp_path / "data" / "monitor.db"
    Writer.open(path, group=GROUP.gr_name).close()
    Writer.open(path).close()
    assert mode(path) == "0o600"


@as_root
@in_a_group
def test_a_group_that_the_account_is_not_in_is_refused_in_words(open_to_all: Path) -> None:
    assert GROUP is not None
    os.chown(open_to_all, OWNER, OWNER)
    code = f"""
        try:
            Writer.open(path, group={GROUP.gr_name!r})
        except StoreError as error:
            tell(type(error).__name__, error)
    """
    said = said_by_somebody(open_to_all / "data" / "monitor.db", code, uid=OWNER, gid=OWNER)
    assert said.startswith("StoreReadOnly")
    assert "does not allow it" in said
