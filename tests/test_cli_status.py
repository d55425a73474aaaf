"""`monitor status`, and a database that cannot be read."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.lock import collecting
from monitor.models import FailureKind, FeedState, QuoteSourceState
from monitor.store.writer import Writer
from tests.commands import KOREA, NEWS, NOW, Account, collected, collector, publish
from tests.store_samples import alert, as_root, entry, quote

MINUTE = timedelta(minutes=1)
WELL = FeedState(url=NEWS.url, last_checked_at=NOW - MINUTE, last_success_at=NOW - MINUTE, next_check_at=NOW + MINUTE)
FAILING = replace(
    WELL,
    url=KOREA.url,
    last_success_at=NOW - 90 * MINUTE,
    next_check_at=NOW - MINUTE,
    failures=4,
    failing_since=NOW - 80 * MINUTE,
    failure=FailureKind.TIMEOUT,
    error="no whole answer from korea.example within 20 s",
)
QUOTES = QuoteSourceState(
    last_checked_at=NOW, last_success_at=NOW, next_check_at=NOW + timedelta(seconds=15), unknown=("NOSUCH",)
)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure()
    return account


@pytest.fixture
def writer(account: Account) -> Iterator[Writer]:
    """A collector at work: it holds the lock, two feeds and the quotes have just answered."""
    with collecting(account.database), collected(account.database) as writer:
        writer.record_poll(NEWS, WELL, [], now=NOW)
        writer.record_poll(KOREA, replace(WELL, url=KOREA.url), [], now=NOW)
        writer.record_quote_source(QUOTES)
        yield writer


def status(account: Account, *words: str) -> tuple[int, list[str]]:
    answer = account.run("status", "--db", account.database, *words)
    assert answer.err == ""
    return answer.status, answer.lines


def fields(account: Account) -> dict[str, object]:
    told: dict[str, object] = json.loads(account.run("status", "--db", account.database, "--json").out)
    return told


def test_a_healthy_collector_is_told_source_by_source(account: Account, writer: Writer) -> None:
    publish(writer, entry("1"), feed=KOREA)
    writer.record_poll(KOREA, replace(WELL, url=KOREA.url), [], now=NOW)
    writer.record_quotes([quote(at=NOW)], now=NOW)
    code, lines = status(account)
    size = lines[4].rpartition(", ")[2]
    assert code == 0
    assert lines == [
        "healthy      2025-01-27 23:50:00 KST (09:50 EST)",
        "collector    process 4711 on desk, version 0.1.0",
        "             since 2025-01-27 23:50:00 KST (09:50 EST)",
        "settings     /etc/monitor/feeds.yaml",
        f"database     {account.database}, {size}",
        "stored       1 headlines, 1 quotes, 1 bars, 0 alerts",
        "quotes       answered 0s ago, next try in 15s",
        "             unknown to it: NOSUCH",
        "feeds        2",
        "  Example News  answered 1m ago, next try in 1m",
        "  한국 뉴스     answered 1m ago, next try in 1m",
    ]


def test_a_failing_feed_degrades_it_and_comes_first_with_its_reason(account: Account, writer: Writer) -> None:
    writer.record_poll(KOREA, FAILING, [], now=NOW)
    code, lines = status(account)
    assert code == 1
    assert lines[:2] == ["degraded     2025-01-27 23:50:00 KST (09:50 EST)", "trouble      1 of 2 feeds fails"]
    assert lines[-2] == (
        "  한국 뉴스     FAILING for 1h 20m: no whole answer from korea.example within 20 s; "
        "answered 1h 30m ago, next try now"
    )


def test_a_collector_that_hangs_degrades_it(account: Account, writer: Writer) -> None:
    writer.heartbeat(collector(heartbeat_at=NOW - timedelta(milliseconds=1)))  # which at this speed is eleven days
    code, lines = status(account)
    assert code == 1
    assert lines[1].startswith("trouble      the collector holds the database but has said nothing for 11d")


def test_alerts_that_no_sink_takes_degrade_it(account: Account, writer: Writer) -> None:
    writer.record_alerts([alert()], ["file"])
    assert status(account)[0] == 1
    assert fields(account)["troubles"] == ["1 alert waits for a sink that does not take them"]


def test_without_a_collector_the_status_is_3_and_no_next_try_is_promised(account: Account) -> None:
    with collected(account.database) as writer:
        writer.record_poll(KOREA, FAILING, [], now=NOW)
    code, lines = status(account)
    assert code == 3
    assert lines[0].startswith("no collector 2025-01-27 23:50:00")
    assert lines[2] == "collector    was process 4711 on desk, version 0.1.0"
    assert lines[3].endswith(", last heard 0s ago")
    assert not any("next try" in line for line in lines)


def test_a_replay_says_so_on_every_line(account: Account, writer: Writer) -> None:
    writer.heartbeat(collector(simulated=True))
    assert all(line.startswith("SIMULATED ") for line in status(account)[1])
    assert fields(account)["simulated"] is True


def test_json_holds_all_that_is_known(account: Account, writer: Writer) -> None:
    writer.record_poll(KOREA, FAILING, [], now=NOW)
    told = fields(account)
    assert told["state"] == "degraded"
    assert told["now"] == "2025-01-27T14:50:00.000Z"
    assert told["troubles"] == ["1 of 2 feeds fails"]
    assert told["collector"] == {
        "pid": 4711,
        "host": "desk",
        "version": "0.1.0",
        "started_at": "2025-01-27T14:50:00.000Z",
        "heartbeat_at": "2025-01-27T14:50:00.000Z",
        "settings": "/etc/monitor/feeds.yaml",
    }
    feeds = told["feeds"]
    assert isinstance(feeds, list)
    (failing,) = (feed for feed in feeds if feed["failures"])
    assert failing == {
        "name": "한국 뉴스",
        "url": KOREA.url,
        "last_success_at": "2025-01-27T13:20:00.000Z",
        "next_check_at": "2025-01-27T14:49:00.000Z",
        "failures": 4,
        "failing_since": "2025-01-27T13:30:00.000Z",
        "failure": "timeout",
        "error": "no whole answer from korea.example within 20 s",
        "latency_seconds": None,
    }


def test_a_feed_that_was_never_asked_says_so(account: Account) -> None:
    with collecting(account.database), collected(account.database):
        code, lines = status(account)
    assert code == 0
    assert lines[-1] == "  한국 뉴스     not asked yet"


def missing(path: Path) -> str:
    path.unlink(missing_ok=True)
    return "there is no database"


def corrupt(path: Path) -> str:
    path.write_bytes(b"no database, whatever its name is\n" * 100)
    return "not a SQLite database"


def newer(path: Path) -> str:
    with collected(path):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('monitor', 'm999_later', '')"
        )
    return "newer version"


def foreign(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE recipes (title TEXT)")
    return "not one that this program made"


@pytest.mark.parametrize("spoil", [missing, corrupt, newer, foreign])
def test_a_database_that_cannot_be_read_is_no_collector_with_its_reason(
    account: Account, spoil: Callable[[Path], str]
) -> None:
    reason = spoil(account.database)
    told = fields(account)
    assert told.keys() == {"state", "database", "troubles"}
    assert (told["state"], told["database"]) == ("no collector", str(account.database))
    assert reason in str(told["troubles"])


def test_in_words_that_is_one_line_and_status_3(account: Account) -> None:
    code, (line,) = status(account)
    assert code == 3
    assert line.startswith(f"no collector: {account.database}: ")


def test_one_that_a_collector_holds_all_the_same_is_degraded(account: Account) -> None:
    corrupt(account.database)
    with collecting(account.database):
        assert status(account)[0] == 1


@pytest.mark.parametrize("command", ["headlines", "alerts", "quotes"])
def test_a_listing_of_it_is_one_sentence_and_status_1(account: Account, command: str) -> None:
    reason = corrupt(account.database)
    answer = account.run(command, "--db", account.database)
    assert (answer.status, answer.out) == (1, "")
    assert reason in answer.err
    assert answer.err.count("\n") == 1


@as_root
def test_an_account_that_may_not_read_it_is_told_so() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        Path(folder).chmod(0o755)
        account = Account(Path(folder) / "home")
        with collected(account.database):
            pass
        for command, expected in (("headlines", 1), ("status", 3)):
            answer = account.run_as_a_stranger(command, "--db", account.database)
            assert answer.status == expected
            assert "cannot be opened by this account" in answer.out + answer.err
