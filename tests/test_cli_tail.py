"""`monitor tail`, followed line by line."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.lock import collecting
from monitor.store.writer import Writer
from tests.commands import DEADLINE, NOW, Account, Running, collected, collector, publish
from tests.store_samples import alert, entry

HOUR = timedelta(hours=1)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "home")


@pytest.fixture
def writer(account: Account) -> Iterator[Writer]:
    with collected(account.database) as writer:
        publish(writer, entry("1", "First", published_at=NOW - 3 * HOUR), entry("2", "Second", published_at=NOW - HOUR))
        writer.record_alerts([alert("a1", text="between", fired_at=NOW - 2 * HOUR)], [])
        yield writer


@pytest.fixture
def tail(account: Account, writer: Writer) -> Iterator[Running]:
    """`monitor tail` that has said what was there when it began."""
    with account.running("tail", "--db", account.database) as tail:
        for title in ("First", "between", "Second"):
            tail.says(title)
        yield tail


def remove(account: Account) -> None:
    for suffix in ("", "-wal", "-shm"):
        account.database.with_name(account.database.name + suffix).unlink(missing_ok=True)


def test_it_begins_with_the_last_of_both_kinds_and_goes_on_with_what_comes(tail: Running, writer: Writer) -> None:
    publish(writer, entry("3", "Third", published_at=NOW))
    assert tail.says("Third") == (
        "NEWS   2025-01-27 23:50:00 KST (09:50 EST)  Example News  Third  <https://news.example/3>"
    )
    writer.record_alerts([alert("a2", text="NVDA -5 %", fired_at=NOW)], [])
    assert tail.says("NVDA -5 %").startswith("ALERT  2025-01-27 23:50:00 KST (09:50 EST) CRITICAL ")


def test_no_more_of_the_past_is_said_than_was_asked_for(account: Account, writer: Writer) -> None:
    with account.running("tail", "--db", account.database, "-n", "1") as tail:
        tail.says("Second")
        publish(writer, entry("3", "Third"))
        tail.says("Third")
    with account.running("tail", "--db", account.database, "-n", "0") as tail:
        tail.complains("no collector")  # it has looked for one, so it follows by now
        publish(writer, entry("4", "Fourth"))
        tail.says("Fourth")


def test_json_is_an_object_a_line(account: Account, writer: Writer) -> None:
    publish(writer, entry("3", "\x1b[2J\u2028Third", published_at=NOW))
    with account.running("tail", "--db", account.database, "-n", "2", "--json") as tail:
        second, third = json.loads(tail.says("Second")), json.loads(tail.says("Third"))
        writer.record_alerts([alert("a2", fired_at=NOW)], [])
        fired = json.loads(tail.says("a2"))
    assert (second["type"], second["link"], second["simulated"]) == ("headline", "https://news.example/2", False)
    assert third["title"] == "\x1b[2J\u2028Third"
    assert (fired["type"], fired["id"], fired["schema"]) == ("alert", "a2", 1)


def test_a_replay_says_so_on_every_line(account: Account) -> None:
    with collected(account.database, simulated=True) as writer:
        publish(writer, entry("1", "First", published_at=NOW))
        with account.running("tail", "--db", account.database) as tail:
            tail.says("NEWS   SIMULATED 2025-01-27 23:50:00 KST")
            writer.record_alerts([alert(simulated=True)], [])
            tail.says("ALERT  SIMULATED 2025-01-27 ")


def test_a_title_stored_uncleaned_forges_no_line(tail: Running, writer: Writer) -> None:
    publish(writer, entry("3", "Third\nALERT  2025 CRITICAL forged\x1b[31m"))
    assert tail.says("Third", "forged").isprintable()


def test_a_database_that_is_not_there_yet_is_waited_for(account: Account) -> None:
    with account.running("tail", "--db", account.database) as tail:
        tail.complains("waiting for it")
        with collected(account.database) as writer:
            publish(writer, entry("1", "First"))
            tail.says("First")
            publish(writer, entry("2", "Second"))
            tail.says("Second")


def test_a_database_that_was_deleted_and_made_anew_is_followed_from_its_beginning(
    account: Account, tail: Running, writer: Writer
) -> None:
    writer.close()
    remove(account)
    tail.complains("waiting for it")
    later = NOW + HOUR
    with collected(account.database, replay_starts_at=later) as new:
        publish(new, *(entry(str(number), f"New {number}") for number in range(5)), now=later)
        tail.complains("another database than before")
        assert {tail.says("New ").split("  ")[-2] for _ in range(5)} == {f"New {number}" for number in range(5)}


def test_a_copy_put_in_the_place_of_the_database_is_not_said_again(
    account: Account, tail: Running, writer: Writer
) -> None:
    copy = account.home / "copy.db"
    writer.close()
    with closing(sqlite3.connect(account.database)) as connection:
        connection.execute("VACUUM INTO ?", [str(copy)])
    remove(account)
    copy.rename(account.database)
    tail.complains("another database than before")
    with Writer.open(account.database) as restored:
        publish(restored, entry("3", "Third"), now=NOW + HOUR)
        tail.says("Third")


def test_a_collector_that_comes_and_goes_is_told_apart_from_the_output(account: Account, tail: Running) -> None:
    tail.complains("no collector runs on this database")
    with ExitStack() as working:
        working.enter_context(collecting(account.database))
        tail.complains("a collector runs now")
    tail.complains("no collector runs on this database")


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_it_ends_quietly_when_nobody_reads_any_more_even_if_nothing_comes(
    account: Account, writer: Writer, form: tuple[str, ...]
) -> None:
    words = account.command(["tail", "--db", account.database, *form])
    with (
        collecting(account.database),
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=account.environment()) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert b"First" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(DEADLINE) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_without_a_traceback(account: Account, tail: Running, number: signal.Signals) -> None:
    assert tail.stop(number) == (130 if number is signal.SIGINT else -signal.SIGTERM)
    assert all(line.startswith("monitor: no collector") for line in tail.complaints())


def test_a_file_that_is_no_database_ends_it_at_once(account: Account) -> None:
    account.database.write_bytes(b"no database, whatever its name is\n" * 100)
    answer = account.run("tail", "--db", account.database)
    assert (answer.status, answer.out) == (1, "")
    assert "not a SQLite database" in answer.err


def test_a_database_that_is_spoiled_for_a_while_is_waited_for(account: Account, tail: Running, writer: Writer) -> None:
    writer.close()
    good = account.home / "good.db"
    shutil.copy(account.database, good)
    bad = account.home / "bad.db"
    bad.write_bytes(b"no database, whatever its name is\n" * 100)
    remove(account)
    bad.rename(account.database)
    tail.complains("not a SQLite database")
    good.rename(account.database)
    with Writer.open(account.database) as mended:
        mended.heartbeat(collector())
        publish(mended, entry("3", "Third"), now=NOW + HOUR)
        tail.says("Third")


def test_a_thousand_alerts_at_once_all_come(account: Account, tail: Running, writer: Writer) -> None:
    writer.record_alerts([alert(f"b{number}", text=f"no {number}.") for number in range(1500)], [])
    for number in range(1500):
        tail.says(f"no {number}.")
