"""What a viewer is told of a real database that others write, lose, replace and break."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from monitor import lock
from monitor.config import QuoteSettings, Settings
from monitor.errors import StoreCorrupt, StoreError
from monitor.market import StaleKind
from monitor.models import FailureKind, QuoteSourceState
from monitor.tui.follow import AT_ONCE, LONGEST_WAIT, MANY, Follower
from tests.commands import NOW, collected, collector, publish
from tests.listening import Told, Watch
from tests.store_samples import alert, entry, quote
from tests.test_store_faults import damage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from monitor.store.reader import Reader
    from monitor.store.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with collected(path) as writer:
        yield writer


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def follower(path: Path, told: Told, watch: Watch) -> Iterator[Follower]:
    follower = Follower(path, elapsed=watch)
    follower.tell(told)
    yield follower
    follower.close()


def opened(follower: Follower, told: Told) -> None:
    follower.look()
    assert "opened" in told.since()


def lives(follower: Follower) -> bool | None:
    return follower.picture.alive


def test_nothing_is_said_while_nothing_changes(writer: Writer, follower: Follower, told: Told, watch: Watch) -> None:
    opened(follower, told)
    for _ in range(20):
        watch.seconds += 0.25
        follower.look()
    assert told.since() == []


def test_a_look_at_what_did_not_change_costs_no_reading(writer: Writer, follower: Follower, told: Told) -> None:
    opened(follower, told)
    began = time.perf_counter()
    for _ in range(100):
        follower.look()
    assert time.perf_counter() - began < 0.1  # a millisecond each; some ten microseconds on an idle machine


def test_headlines_and_alerts_are_told_once_and_in_the_order_in_which_they_came(
    writer: Writer, follower: Follower, told: Told
) -> None:
    publish(writer, entry("0", "known before"))
    opened(follower, told)
    publish(writer, entry("1", "first"))
    publish(writer, entry("2", "second"), entry("3", "third"))
    writer.record_alerts([alert(rule="one"), alert(id="2", rule="two")], [])
    follower.look()
    follower.look()
    assert told.titles[0] == "first"
    assert sorted(told.titles) == ["first", "second", "third"]
    assert told.rules == ["one", "two"]


def test_a_long_absence_is_made_good_in_several_looks(writer: Writer, follower: Follower, told: Told) -> None:
    opened(follower, told)
    publish(writer, *(entry(str(number), f"title {number}") for number in range(AT_ONCE * 2 + 1)))
    looks = []
    for _ in range(4):
        follower.look()
        looks.append(len(told.titles))
    assert looks == [AT_ONCE, AT_ONCE * 2, AT_ONCE * 2 + 1, AT_ONCE * 2 + 1]


def test_what_pours_in_is_told_about_once_a_second_and_what_comes_alone_at_the_next_look(
    writer: Writer, follower: Follower, told: Told, watch: Watch
) -> None:
    opened(follower, told)
    known = []
    for look in range(16):
        watch.seconds += 0.25
        publish(writer, *(entry(f"{look}/{number}", "one of many") for number in range(MANY)))
        follower.look()
        known.append(len(told.titles) // MANY)
    assert known == [1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13]
    for look in range(8):
        watch.seconds += 0.25
        follower.look()
        if look >= 4:
            publish(writer, entry(f"{look}", f"alone {look}"))
            follower.look()
            assert told.titles[-1] == f"alone {look}"
    assert len(told.titles) == 16 * MANY + 4


def test_only_the_quotes_that_changed_are_told(writer: Writer, follower: Follower, told: Told) -> None:
    writer.record_quotes([quote("NVDA", 120, at=NOW), quote("AVGO", 200, at=NOW)], now=NOW)
    opened(follower, told)
    writer.record_quotes([quote("NVDA", 119, at=NOW), quote("AVGO", 200, at=NOW)], now=NOW)
    follower.look()
    assert "quotes NVDA" in told.since()
    assert follower.picture.quotes["NVDA"].price == 119


def test_a_quote_turns_stale_without_a_commit(path: Path, told: Told, watch: Watch) -> None:
    with collected(path, replay_speed=None) as writer:
        now = datetime.now(UTC)
        writer.record_quotes([quote("NVDA", at=now)], now=now)
        follower = Follower(path, elapsed=watch)
        follower.tell(told)
        opened(follower, told)
        assert not follower.picture.stale
        limits = QuoteSettings(
            interval=timedelta(microseconds=1),
            stale_after=timedelta(microseconds=1),
            stale_after_extended=timedelta(microseconds=1),
        )
        follower.use(Settings(file="feeds.yaml", quotes=limits))
        assert told.since() == ["quotes NVDA", "settings"]
        assert follower.picture.stale["NVDA"].kind is StaleKind.NOT_REFRESHED
        watch.seconds += 5
        follower.look()
        assert "quotes NVDA" not in told.since()  # it is still stale in the same way
        follower.close()


def test_feeds_and_the_quote_source_are_told_when_they_were_asked(
    writer: Writer, follower: Follower, told: Told
) -> None:
    opened(follower, told)
    publish(writer)
    follower.look()
    assert told.since() == ["feeds"]
    writer.record_quote_source(QuoteSourceState(failures=1, failure=FailureKind.TIMEOUT, error="timed out"))
    follower.look()
    assert told.since() == ["feeds"]
    assert follower.picture.source.error == "timed out"


def test_a_heartbeat_is_no_news_and_trouble_with_the_settings_is(
    writer: Writer, follower: Follower, told: Told
) -> None:
    opened(follower, told)
    info = follower.picture.collector
    assert info is not None
    same = {"replay_wall_start": info.replay_wall_start}
    writer.heartbeat(collector(heartbeat_at=NOW + timedelta(seconds=5), **same))
    follower.look()
    assert told.since() == []
    writer.heartbeat(collector(settings_error="feeds.yaml:3: poll: expected a mapping", **same))
    follower.look()
    assert told.since() == ["collector"]


def test_a_collector_that_comes_and_dies_is_noticed_within_a_second(
    writer: Writer, path: Path, follower: Follower, told: Told, watch: Watch
) -> None:
    opened(follower, told)
    assert not lives(follower)
    with lock.collecting(path):
        watch.seconds += 1
        follower.look()
        assert lives(follower)
        assert told.since() == ["collector"]
    watch.seconds += 1
    follower.look()
    assert not lives(follower)
    assert told.since() == ["collector"]


def test_the_minute_is_that_of_the_replayed_day(path: Path, told: Told, watch: Watch) -> None:
    with collected(path, replay_speed=60_000.0, simulated=True), lock.collecting(path):
        follower = Follower(path, elapsed=watch)
        follower.tell(told)
        follower.look()
        first = follower.clock.now()
        assert first.date() == NOW.date()
        while follower.clock.now() - first < timedelta(minutes=1):
            time.sleep(0.001)
        told.since()
        follower.look()
        assert [said[:7] for said in told.since()] == ["minute "]
        follower.close()


def test_a_replay_that_nobody_goes_on_with_stands_still(path: Path, told: Told, watch: Watch) -> None:
    with collected(path, replay_speed=60_000.0, simulated=True) as writer:
        publish(writer, now=NOW + timedelta(minutes=40))  # after the last heartbeat
        follower = Follower(path, elapsed=watch)
        follower.look()
        assert follower.clock.now() == NOW + timedelta(minutes=40)
        assert follower.clock.simulated
        follower.close()


def test_one_who_comes_late_is_told_what_is_known(writer: Writer, follower: Follower) -> None:
    follower.look()
    follower.use(Settings(file="feeds.yaml"))
    late = Told()
    follower.tell(late)
    assert late.since() == ["opened", "settings", f"minute {NOW:%H:%M}"]
    follower.leave(late)
    follower.use(Settings(file="other.yaml"))
    assert late.since() == []


# What goes wrong


def test_no_database_is_told_once_and_it_is_opened_when_there_is_one(
    path: Path, follower: Follower, told: Told, watch: Watch
) -> None:
    for _ in range(3):
        watch.seconds += 1
        follower.look()
    (lost,) = [said for said in told.since() if said.startswith("lost")]
    assert str(path) in lost
    assert follower.reader is None
    with collected(path):
        watch.seconds += 1
        follower.look()
    assert "opened" in told.since()
    assert follower.trouble == ""


def test_a_deleted_database_is_told_and_the_next_one_is_read_from_its_beginning(
    path: Path, follower: Follower, told: Told, watch: Watch
) -> None:
    with collected(path) as writer:
        publish(writer, *(entry(str(number), f"old {number}") for number in range(9)))
        opened(follower, told)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    watch.seconds += 1
    follower.look()
    assert any(said.startswith("lost") for said in told.since())
    with collected(path) as writer:
        watch.seconds += 1
        follower.look()
        assert "opened" in told.since()
        publish(writer, entry("1", "new"))
        follower.look()
    assert told.titles == ["new"]


def test_another_database_in_its_place_is_opened(
    path: Path, tmp_path: Path, follower: Follower, told: Told, watch: Watch
) -> None:
    with collected(path):
        opened(follower, told)
    with collected(tmp_path / "other.db") as writer:
        publish(writer, entry("1", "another"))
    (tmp_path / "other.db").replace(path)
    watch.seconds += 1
    follower.look()
    assert told.since() == ["opened"]
    assert follower.reader is not None
    assert [headline.title for headline in follower.reader.headlines()] == ["another"]


@pytest.mark.parametrize(
    "content", [b"", b"something else, " * 500, b"SQLite format 3\0"], ids=["empty", "text", "cut"]
)
def test_what_is_no_database_is_said_in_words(path: Path, follower: Follower, told: Told, content: bytes) -> None:
    path.write_bytes(content)
    follower.look()
    (lost,) = [said for said in told.since() if said.startswith("lost")]
    assert str(path) in lost


def test_the_beginning_knows_the_place_and_the_first_look_reads_the_rest(
    writer: Writer, follower: Follower, told: Told
) -> None:
    writer.heartbeat(collector())
    writer.record_quotes([quote("NVDA", 118.0)], now=NOW)
    follower.begin()
    assert follower.picture.collector is not None
    assert (follower.picture.partial, set(follower.picture.quotes)) == (True, set())
    follower.look()
    assert (follower.picture.partial, set(follower.picture.quotes)) == (False, {"NVDA"})


def test_what_is_damaged_is_said_by_the_beginning_too(path: Path, told: Told, watch: Watch) -> None:
    with collected(path) as written:
        publish(written, entry("a", "Nvidia falls"))
    damage(path, "headlines")
    follower = Follower(path, elapsed=watch)
    follower.tell(told)
    follower.begin()
    assert "damaged" in follower.trouble
    assert follower.reader is None
    follower.close()


def test_what_opens_and_cannot_be_read_is_tried_again_at_longer_and_longer_intervals(
    writer: Writer, follower: Follower, told: Told, watch: Watch
) -> None:
    opened_at = []

    class Reads(Told):
        def database_opened(self, reader: Reader) -> None:
            assert reader.still_there()
            opened_at.append(watch.seconds)
            follower.failed(StoreCorrupt("a page is damaged"))

    reads = Reads()
    follower.tell(reads)
    while watch.seconds < 120:
        follower.look()
        watch.seconds += 0.25
    gaps = [after - before for before, after in pairwise(opened_at)]
    assert gaps == sorted(gaps)
    assert gaps[0] <= 1.25
    assert gaps[-1] == pytest.approx(LONGEST_WAIT, abs=0.5)
    assert reads.said.count("lost: a page is damaged") == len(opened_at)


def test_the_trouble_of_one_that_reads_is_told_to_all(writer: Writer, follower: Follower, told: Told) -> None:
    opened(follower, told)
    follower.failed(StoreError("the disk does not answer"))
    assert told.since() == ["lost: the disk does not answer"]
    assert follower.reader is None


def _collect(path: Path, ready: object) -> None:
    with collected(path) as writer, lock.collecting(path):
        ready.set()  # type: ignore[attr-defined]
        number = 0
        while True:
            number += 1
            publish(writer, entry(str(number), f"title {number}"))


def test_nothing_is_missed_or_doubled_while_another_process_writes_and_is_killed(
    path: Path, told: Told, watch: Watch
) -> None:
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_collect, args=(path, ready), daemon=True)
    process.start()
    assert ready.wait(60)
    follower = Follower(path, elapsed=watch)
    follower.tell(told)
    follower.look()
    assert follower.reader is not None
    before = len(follower.reader.headlines())
    deadline = time.monotonic() + 60
    while len(told.titles) < 100 and time.monotonic() < deadline:
        follower.look()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    watch.seconds += 1
    follower.look()
    follower.look()
    numbers = [int(title.split()[1]) for title in told.titles]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[0] <= before + 1
    assert follower.picture.alive is False
    follower.close()
