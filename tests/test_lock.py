"""One collector a database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.errors import AlreadyCollecting, StoreError
from monitor.lock import collecting, holder, lock_path

HOLD = """
import sys
from pathlib import Path
from monitor.lock import collecting
with collecting(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

LOOK = """
import fcntl, sys
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_SH)
print("looking", flush=True)
sys.stdin.readline()
"""


def hold_elsewhere(database: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("")


def test_nobody_holds_a_database_that_is_not_there(tmp_path: Path) -> None:
    assert holder(tmp_path / "no" / "monitor.db") is None


def test_the_holder_is_named_by_its_pid_and_only_while_it_holds(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    other = hold_elsewhere(database)
    assert holder(database) == other.pid
    end(other)
    assert holder(database) is None


def test_a_second_collector_is_told_who_holds_the_database(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    other = hold_elsewhere(database)
    with pytest.raises(AlreadyCollecting, match=str(other.pid)), collecting(database):
        pass
    end(other)


def test_a_killed_collector_leaves_no_lock_behind(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    other = hold_elsewhere(database)
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with collecting(database):
        assert holder(database) == os.getpid()


def test_a_shared_lock_keeps_a_collector_out_only_while_it_is_held(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    with collecting(database):
        pass
    looker = subprocess.Popen(
        [sys.executable, "-c", LOOK, str(lock_path(database))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert looker.stdout is not None
    assert looker.stdout.readline() == "looking\n"
    with pytest.raises(AlreadyCollecting), collecting(database):
        pass
    looker.communicate("\n")
    with collecting(database):
        assert holder(database) == os.getpid()


def test_a_link_in_the_place_of_the_lock_file_is_not_followed(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    lock_path(database).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="lock file"), collecting(database):
        pass
    assert not (tmp_path / "elsewhere").exists()


def test_a_database_named_by_a_link_has_the_same_lock(tmp_path: Path) -> None:
    database, link = tmp_path / "monitor.db", tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    with collecting(database):
        assert holder(link) == os.getpid()
        with pytest.raises(AlreadyCollecting), collecting(link):
            pass
