"""The viewer's own collector, as real processes on feeds and quotes from loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import leash, paths
from monitor.lock import collecting, holder, lock_path
from monitor.store.writer import Writer
from monitor.tui import child
from monitor.tui.child import CollectorChild, Command
from monitor.tui.succession import ChildState, Who
from tests.collecting import PATIENCE, Desk, Item, open_desk, terminated, until
from tests.commands import collected

NEWS = Item("China's DeepSeek shakes Nvidia")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    """Whose settings are those of this process too, as are its home folder and nothing else of the tester's."""
    async with open_desk(tmp_path) as opened:
        for name in {*os.environ} - {"PATH", "PYTEST_CURRENT_TEST", "TMPDIR"}:
            monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("LANG", "C.UTF-8")
        yield opened


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "state" / "collector.log"


@pytest.fixture
async def viewer(desk: Desk, log: Path) -> AsyncIterator[CollectorChild]:
    """A viewer's collector on this desk; ended with the test, with all that it started."""
    viewer = CollectorChild(lambda: child.collect(desk.database, desk.settings_file), desk.database, log)
    yield viewer
    await asyncio.to_thread(viewer.close)  # while the desk still answers


def look(viewer: CollectorChild) -> ChildState:
    return viewer.look(datetime.now(UTC))


async def becomes(viewer: CollectorChild, who: Who) -> ChildState:
    """The state in which it is so."""
    states: list[ChildState] = []

    def seen() -> bool:
        states.append(look(viewer))
        return states[-1].who is who

    await until(seen)
    return states[-1]


def runs(pid: int | None) -> bool:
    """Whether it is there and no zombie, which it may be when nobody in this container takes orphans in."""
    assert pid is not None
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


# One viewer


async def test_a_viewer_collects_when_nobody_does_and_ends_it_with_everything_committed(
    desk: Desk, viewer: CollectorChild, log: Path
) -> None:
    desk.publish("/one", NEWS)
    state = await becomes(viewer, Who.OURS)
    assert state.pid == holder(desk.database)
    assert state.pid is not None
    assert os.getsid(state.pid) == state.pid != os.getsid(0)
    await until(lambda: desk.alert_texts("news"))
    viewer.close()
    assert not runs(state.pid)
    assert holder(desk.database) is None
    assert child.tail(log, 1)[0].endswith("collector.run: ended")
    assert mode(log) == 0o600


async def test_a_viewer_leaves_another_collector_in_peace_and_follows_it(desk: Desk, viewer: CollectorChild) -> None:
    other = await desk.start("collect")
    await until(lambda: holder(desk.database) == other.pid, process=other)
    assert look(viewer) == ChildState(Who.ELSEWHERE, other.pid)
    other.kill()
    await other.communicate()
    assert (await becomes(viewer, Who.OURS)).pid != other.pid


async def test_a_collector_that_comes_too_late_is_no_failure(desk: Desk, viewer: CollectorChild, log: Path) -> None:
    late = look(viewer)
    assert late.who is Who.STARTING
    with collecting(desk.database):
        await until(lambda: not runs(late.pid))
        assert look(viewer) == ChildState(Who.ELSEWHERE, os.getpid())
        assert "already collects" in child.tail(log, 1)[0]
    assert (await becomes(viewer, Who.OURS)).pid != late.pid


async def test_settings_that_cannot_be_used_are_said_and_tried_again_later_and_later(
    desk: Desk, viewer: CollectorChild
) -> None:
    good = desk.settings_file.read_text()
    desk.settings_file.write_text(good + "nonsense: 1\n")
    now, waits = datetime.now(UTC), []
    for _ in range(3):
        started = viewer.look(now)
        assert started.who is Who.STARTING
        await until(lambda pid=started.pid: not runs(pid))  # type: ignore[misc]
        state = viewer.look(now)
        assert state.who is Who.WAITING
        assert "nonsense" in state.why
        assert state.retry_at is not None
        assert viewer.look(state.retry_at - timedelta(milliseconds=1)) == state
        waits.append(state.retry_at - now)
        now = state.retry_at
    assert waits == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]
    desk.settings_file.write_text(good)
    started = viewer.look(now)
    await until(lambda: viewer.look(now) == ChildState(Who.OURS, started.pid))


async def test_a_database_of_a_newer_version_is_the_reason_in_words(desk: Desk, viewer: CollectorChild) -> None:
    Writer.open(desk.database).close()
    with closing(sqlite3.connect(desk.database)) as connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (99, 'monitor', 'm099_later', '2030-01-01')")
        connection.commit()
    assert "made by a newer version" in (await becomes(viewer, Who.WAITING)).why


async def test_killed_soon_after_its_start_it_is_started_again_a_little_later(
    desk: Desk, viewer: CollectorChild
) -> None:
    first = await becomes(viewer, Who.OURS)
    assert first.pid is not None
    os.kill(first.pid, signal.SIGKILL)
    assert (await becomes(viewer, Who.WAITING)).why == "it was ended by SIGKILL"
    assert (await becomes(viewer, Who.OURS)).pid != first.pid


async def test_one_that_does_not_end_is_ended_by_force_within_the_bound(desk: Desk, viewer: CollectorChild) -> None:
    state = await becomes(viewer, Who.OURS)
    assert state.pid is not None
    os.kill(state.pid, signal.SIGSTOP)
    viewer.close(patience=0.1)
    assert not runs(state.pid)
    assert look(viewer).who is not Who.OURS


async def test_after_its_close_a_viewer_starts_nothing(desk: Desk, viewer: CollectorChild) -> None:
    viewer.close()
    assert look(viewer).pid is None
    viewer.close()
    assert holder(desk.database) is None


async def test_a_program_that_cannot_be_started_is_a_reason_too(
    viewer: CollectorChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    state = look(viewer)
    assert state.who is Who.WAITING
    assert "/nowhere/python" in state.why


async def test_a_log_that_cannot_be_written_keeps_nobody_from_collecting(
    desk: Desk, viewer: CollectorChild, log: Path
) -> None:
    log.parent.write_text("in the way")
    await becomes(viewer, Who.OURS)
    assert child.tail(log, 10) == []


# Several viewers, and the ends they come to


class Viewers:
    def __init__(self, desk: Desk, log: Path) -> None:
        self._desk, self._log = desk, log
        self.all: list[Process] = []

    async def start(self) -> Process:
        words = ("collect", "--child", "--db", str(self._desk.database), "--config", str(self._desk.settings_file))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.viewer", str(self._desk.database), str(self._log), *words),
            stdin=DEVNULL,
            stdout=PIPE,
            start_new_session=True,
            cwd=ROOT,
        )
        self.all.append(process)
        return process

    async def says(self, process: Process, *who: Who) -> int:
        """The pid in the first of its lines that says one of these."""
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while line := (await process.stdout.readline()).decode().split():
                if line[0] in {each.name for each in who}:
                    return int(line[1])
        raise AssertionError("it said nothing more")

    async def end(self) -> None:
        for process in self.all:
            with suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
        await until(lambda: holder(self._desk.database) is None)


@pytest.fixture
async def viewers(desk: Desk, log: Path) -> AsyncIterator[Viewers]:
    viewers = Viewers(desk, log)
    yield viewers
    await viewers.end()


async def test_of_two_viewers_one_collects_and_the_other_takes_over_whatever_ends(desk: Desk, viewers: Viewers) -> None:
    pair = [await viewers.start(), await viewers.start()]
    first = {await viewers.says(viewer, Who.OURS, Who.ELSEWHERE) for viewer in pair}
    (collector,) = first
    os.kill(collector, signal.SIGKILL)
    await until(lambda: holder(desk.database) not in {None, 0, collector})
    second = holder(desk.database)
    owner = next(viewer for viewer in pair if second in children(viewer.pid))
    (other,) = set(pair) - {owner}
    owner.kill()
    await owner.communicate()
    await until(lambda: not runs(second))
    await until(lambda: holder(desk.database) in children(other.pid))
    assert await terminated(other) == 0
    assert holder(desk.database) is None


async def test_a_killed_viewers_collector_ends_in_order(desk: Desk, viewers: Viewers, log: Path) -> None:
    desk.publish("/one", NEWS)
    viewer = await viewers.start()
    collector = await viewers.says(viewer, Who.OURS)
    await until(lambda: desk.alert_texts("news"))
    viewer.kill()
    await viewer.communicate()
    await until(lambda: not runs(collector))
    assert child.tail(log, 1)[0].endswith("collector.run: ended")


async def test_a_viewer_that_is_stopped_does_not_stop_its_collector(desk: Desk, viewers: Viewers) -> None:
    viewer = await viewers.start()
    collector = await viewers.says(viewer, Who.OURS)
    os.killpg(viewer.pid, signal.SIGSTOP)
    desk.publish("/one", NEWS)
    await until(lambda: desk.alert_texts("news"))
    os.killpg(viewer.pid, signal.SIGCONT)
    assert await terminated(viewer) == 0
    assert not runs(collector)


def children(pid: int) -> set[int]:
    with suppress(OSError):
        return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    return set()


# The log


async def test_the_log_stays_within_its_bound_while_the_collector_runs(
    desk: Desk, viewer: CollectorChild, log: Path
) -> None:
    fill(log)
    await becomes(viewer, Who.OURS)
    await until(lambda: log.stat().st_size <= leash.LONGEST_LOG)
    await until(lambda: "collecting: 1 feeds" in log.read_text())
    assert child.tail(log, 100)[0] == "an old line"


def fill(log: Path) -> None:
    log.parent.mkdir()
    log.write_bytes(b"an old line\n" * (leash.LONGEST_LOG // 12 + 1))


def mode(log: Path) -> int:
    return log.stat().st_mode & 0o777


def opened(path: Path, flags: int = os.O_RDWR | os.O_APPEND | os.O_CREAT) -> int:
    return os.open(path, flags, 0o600)


def test_cutting_keeps_the_newest_whole_lines(tmp_path: Path) -> None:
    file = opened(tmp_path / "log")
    lines = [f"line {number}\n" for number in range(1000)]
    os.write(file, "".join(lines).encode())
    leash.cut(file, longest=20_000, kept=100)
    assert (tmp_path / "log").stat().st_size == sum(map(len, lines))
    leash.cut(file, longest=5000, kept=100)
    os.write(file, b"next\n")
    os.close(file)
    left = (tmp_path / "log").read_text().splitlines(keepends=True)
    assert left == [*lines[-len(left) + 1 :], "next\n"]
    assert 80 <= sum(map(len, left[:-1])) <= 100


def test_what_is_no_log_is_not_cut(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"x" * 100)
    for file in (opened(tmp_path / "log", os.O_WRONLY), opened(Path(os.devnull), os.O_RDWR), *os.pipe()):
        leash.cut(file, longest=10, kept=5)
        os.close(file)
    leash.cut(file, longest=10, kept=5)
    assert (tmp_path / "log").stat().st_size == 100


def test_the_tail_is_safe_to_show_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log"
    assert child.tail(path, 3) == []
    path.write_bytes(b"first\n" * 100_000 + b"\x1b]52;c;aGk=\x07second \xff\n\n\xe2\x80\xaethird")
    assert child.tail(path, 3) == ["first", "second \N{REPLACEMENT CHARACTER}", "third"]
    assert len(child.tail(path, 100_000)) < 12_000
    assert child.tail(path, 0) == []


def test_each_database_has_a_log_of_its_own(tmp_path: Path) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "a.db")
    logs = [paths.collector_log(path) for path in (paths.database(), tmp_path / "a.db", link, tmp_path / "b.db")]
    assert logs[0].name == "collector.log"
    assert logs[1] == logs[2]
    assert len(set(logs)) == 3


# What is started, and where


def test_what_goes_on_in_a_database_is_what_it_holds(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    assert child.suited(database, Path("my.yaml")) == child.collect(database, Path("my.yaml"))
    with collected(database):
        assert child.suited(database, None).words == ("collect", "--child", "--db", str(database))
    with collected(database, simulated=True):
        assert child.suited(database, None) == child.replay(database)


async def test_a_replayed_day_is_over_when_it_is_and_another_database_begins_anew(
    desk: Desk, tmp_path: Path, log: Path
) -> None:
    database = tmp_path / "demo.db"
    commands = [child.replay(database, "--speed", "3600", "--seconds", "2")]
    viewer = CollectorChild(lambda: commands[0], database, log)
    try:
        await becomes(viewer, Who.OURS)
        await becomes(viewer, Who.OVER)
        assert "SIMULATED replayed until" in child.tail(log, 1)[0]
        commands[0] = Command(("collect", "--child", "--config", "/nowhere", "--db", str(database)))
        assert "/nowhere" in (await becomes(viewer, Who.WAITING)).why
    finally:
        viewer.close()


@pytest.mark.parametrize("place", ["lock", "database", "folder"])
def test_where_this_account_may_not_write_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    database = tmp_path / "data" / "monitor.db"
    database.parent.mkdir()
    paths_of: dict[str, Callable[[Path], Path]] = {
        "lock": lock_path,
        "database": lambda path: path,
        "folder": lambda path: path.parent,
    }
    barred = paths_of[place](database)
    if place != "folder":
        barred.touch()
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: access(path, mode) and (path != barred or mode != os.W_OK))
    viewer = CollectorChild(lambda: Command(("--version",)), database, tmp_path / "log")
    state = look(viewer)
    assert state.who is Who.BARRED
    assert str(barred) in state.why
    assert not (tmp_path / "log").exists()
