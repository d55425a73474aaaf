"""Disk, database, lock and logs failing underneath a collector that runs: said in words, and made good."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from monitor.lock import collecting, holder, lock_path
from tests.collecting import Desk, Item, open_desk, terminated, until
from tests.loopback import Request, reply
from tests.store_samples import as_root
from tests.watching import following, rows, status, titles

ONE, TWO = Item("DeepSeek one"), Item("DeepSeek two and Nvidia falls")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def started(desk: Desk, *arguments: str) -> Process:
    """A collector that has stored, and told of, the first headline."""
    desk.publish("/one", ONE)
    process = await desk.start("collect", *arguments)
    await until(lambda: ONE.title in titles(desk) and desk.alert_texts("news"), process=process)
    return process


async def said_at_its_end(process: Process) -> str:
    """Terminate it; its standard error."""
    process.terminate()
    _, complaints = await process.communicate()
    assert process.returncode == 0
    return complaints.decode()


# The database


async def test_a_deleted_folder_lets_no_second_collector_in_and_who_lost_the_lock_waits_for_it(
    desk: Desk, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = await started(desk, "--log", str(log))
    shutil.rmtree(desk.database.parent)
    await until(lambda: titles(desk) == {ONE.title} and holder(desk.database) == process.pid, process=process)
    code, _, complaints = await desk.run("collect", "--once")
    assert code == 3
    assert complaints == f"another collector (process {process.pid}) already collects into {desk.database}\n"
    code, report = await status(desk)
    assert (code, report["state"]) == (0, "healthy")

    lock_path(desk.database).unlink()
    another = f"another collector (process {os.getpid()}) already collects into {desk.database}; trying again every 5 s"
    with collecting(desk.database):
        await until(lambda: another in log.read_text(), process=process)
    await until(lambda: holder(desk.database) == process.pid, process=process)
    assert await terminated(process) == 0
    said = log.read_text()
    assert said.count("the database file or its lock was deleted or replaced; starting on what is there now") == 2
    assert said.count(another) == 1


async def test_a_backup_put_back_underneath_is_gone_on_with(desk: Desk, tmp_path: Path) -> None:
    log, backup = tmp_path / "log", tmp_path / "backup.db"
    process = await started(desk, "--log", str(log))
    with closing(sqlite3.connect(desk.database)) as source, closing(sqlite3.connect(backup)) as target:
        source.backup(target)
    desk.publish("/one", TWO, ONE)
    await until(lambda: TWO.title in titles(desk), process=process)
    backup.replace(desk.database)  # and not the log of the other one, which a hurried hand forgets
    await until(lambda: "was deleted or replaced" in log.read_text(), process=process)
    await until(lambda: titles(desk) == {TWO.title, ONE.title}, process=process)
    assert await terminated(process) == 0
    assert rows(desk.database, "PRAGMA integrity_check") == [("ok",)]


async def test_a_link_to_the_database_that_is_pointed_elsewhere_is_followed_at_once(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    desk.database.parent.mkdir()
    desk.database.symlink_to(tmp_path / "first" / "real.db")
    process = await started(desk)
    async with following(desk) as tail:
        other = desk.database.with_name("new")
        other.symlink_to(tmp_path / "second" / "real.db")
        other.replace(desk.database)
        await until(lambda: holder(tmp_path / "second" / "real.db") == process.pid, process=process)
        desk.publish("/one", TWO, ONE)
        await until(lambda: TWO.title in tail.titles, process=process)
    assert holder(tmp_path / "first" / "real.db") is None
    assert await terminated(process) == 0


async def test_what_is_no_database_in_its_place_is_said_to_all_and_left_alone(desk: Desk) -> None:
    process = await started(desk)
    junk = desk.folder / "junk"
    junk.write_bytes(b"headline,link\n" * 1000)
    junk.replace(desk.database)
    await until(lambda: desk.alert_texts("collector"), process=process)
    words = f"{desk.database}: not a SQLite database; name another file, or restore a backup (SQLITE_NOTADB)"
    assert desk.alert_texts("collector") == [f"no rule is judged, because nothing can be stored: {words}"]
    code, report = await status(desk)
    assert (code, report["state"], report["troubles"]) == (1, "degraded", [words])
    assert desk.database.read_bytes() == b"headline,link\n" * 1000
    desk.database.unlink()
    await until(lambda: titles(desk) == {ONE.title}, process=process)
    assert await terminated(process) == 0


# The disk


async def test_a_disk_without_room_is_told_at_once_and_collecting_goes_on_when_there_is_some(desk: Desk) -> None:
    """The kernel lets this process make no file larger than two pages, as a quota does: the alert log has room left."""
    process = await started(desk)
    unlimited = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8192, unlimited[1]))
    desk.publish("/one", TWO, ONE)
    await until(lambda: desk.alert_texts("collector"), process=process)
    assert desk.alert_texts("collector")[0].startswith(
        f"no rule is judged, because nothing can be stored: {desk.database}: the disk failed; look at its quota"
    )
    assert TWO.title not in titles(desk)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, unlimited)
    await until(lambda: len(set(desk.alert_texts("news"))) == 2, process=process)
    assert titles(desk) == {ONE.title, TWO.title}
    assert rows(desk.database, "PRAGMA integrity_check") == [("ok",)]
    assert len(desk.alert_texts("collector")) == 1
    assert "storing works again" in await said_at_its_end(process)


def said(log: Path, words: str) -> int:
    """How many times the operational log says so."""
    return log.read_text(encoding="utf-8").count(words)


@pytest.fixture
def failing_disk(desk: Desk) -> Iterator[Callable[[], object]]:
    """A disk of the database's own; calling this makes the kernel find an error on it and let nobody write any more."""
    image = desk.folder / "image"
    with image.open("wb") as file:
        file.truncate(32 * 2**20)
    desk.database.parent.mkdir()
    make = ["mkfs.ext4", "-q", "-F", str(image)]
    mount = ["mount", "-o", "loop,errors=remount-ro", str(image), str(desk.database.parent)]
    try:
        for command in (make, mount):
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no disk of its own can be had here")
    device = desk.database.parent.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    trigger = Path(f"/sys/fs/ext4/{name}/trigger_fs_error")
    yield partial(trigger.write_text, "x")
    subprocess.run(["umount", "--lazy", str(desk.database.parent)], check=True)


@as_root
async def test_a_disk_that_the_kernel_makes_read_only_is_told_once(
    desk: Desk, failing_disk: Callable[[], object]
) -> None:
    log = desk.folder / "log"
    process = await started(desk, "--verbose", "--log", str(log))
    failing_disk()
    desk.publish("/one", TWO, ONE)
    await until(lambda: desk.alert_texts("collector"), process=process)
    assert desk.alert_texts("collector")[0].startswith(
        f"no rule is judged, because nothing can be stored: {desk.database}: the disk failed; look at its quota"
    )
    beats = said(log, "heartbeat: ")  # those that could not be stored; with each the rules are judged
    await until(lambda: said(log, "heartbeat: ") > beats, process=process)
    assert (said(log, "nothing can be stored"), said(log, "storing works again")) == (1, 0)
    assert titles(desk) == {ONE.title}
    assert await terminated(process) == 0


async def test_with_once_a_disk_without_room_is_told_before_the_end(desk: Desk) -> None:
    limited = asyncio.Event()

    async def news(request: Request) -> None:
        await limited.wait()
        request.writer.write(reply(f"<rss version='2.0'><channel>{ONE.xml()}</channel></rss>"))

    told = desk.folder / "told"
    slow = f"- command: {{argv: [sh, -c, 'sleep 2; cat > {told}']}}"
    text = desk.settings_file.read_text()
    desk.settings_file.write_text(text.replace("- file:", f"{slow}\n    - file:"))
    desk.news.routes["/one"] = news
    process = await desk.start("collect", "--once")
    await desk.news.until(lambda server: bool(server.requests))
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    limited.set()
    await process.communicate()
    assert process.returncode == 1
    assert "nothing can be stored" in told.read_text()
    assert len(desk.alert_texts("collector")) == 1


# The logs


async def test_a_log_that_cannot_be_written_delays_its_alerts_and_no_others(desk: Desk) -> None:
    second = desk.folder / "second.jsonl"
    sinks = f'- file: {{path: "{desk.alert_log}"}}\n    - file: {{path: "{second}", name: second}}'
    text = desk.settings_file.read_text().replace(f'- file: {{path: "{desk.alert_log}"}}', sinks)
    desk.settings_file.write_text(text)
    desk.alert_log.mkdir()
    desk.publish("/one", ONE)
    process = await desk.start("collect")
    await until(lambda: desk.alerts(second), process=process)
    code, report = await status(desk)
    assert (code, report["troubles"]) == (1, ["1 alert waits for a sink that does not take them"])
    desk.alert_log.rmdir()
    await until(lambda: desk.alert_log.is_file() and desk.alerts(), process=process)
    assert desk.alerts() == desk.alerts(second)
    complaints = await said_at_its_end(process)
    assert f"alerts: file took none of 1: {desk.alert_log}: Is a directory" in complaints


def hang_first(desk: Desk, *, patience: str) -> str:
    """A sink that hangs, and is given up after `patience`, before one that writes into `good`; a word of its command
    line.
    """
    marker = f"{desk.folder}/hanging"
    hangs = f'command: {{argv: [sh, -c, "sleep 1000; true", "{marker}"], timeout: {patience}}}'
    takes = 'command: {argv: [sh, -c, "cat >> good"], name: takes}'
    text = desk.settings_file.read_text()
    desk.settings_file.write_text(text.replace("- file:", f"- {hangs}\n    - {takes}\n    - file:"))
    return marker


def taken(desk: Desk, rule: str) -> list[str]:
    return [alert["text"] for alert in desk.alerts(desk.folder / "good") if alert["rule"] == rule]


async def test_a_sink_that_hangs_holds_up_no_other_and_is_ended_with_the_collector(desk: Desk) -> None:
    marker = hang_first(desk, patience="1s")
    process = await started(desk)
    desk.publish("/one", TWO, ONE)
    await until(lambda: len(set(desk.alert_texts("news"))) == 2, process=process)
    code, report = await status(desk)
    assert (code, report["troubles"]) == (1, ["2 alerts wait for a sink that does not take them"])
    reason = "SELECT DISTINCT error FROM alert_deliveries WHERE sink = 'command' AND attempts > 0"
    await until(lambda: rows(desk.database, reason) == [("sh: killed after 1 s",)], process=process)
    await said_at_its_end(process)
    assert not [command for command in commands() if marker in command]


async def test_a_sink_that_hangs_keeps_from_no_other_that_nothing_can_be_stored(desk: Desk) -> None:
    marker = hang_first(desk, patience="10m")
    process = await started(desk)
    junk = desk.folder / "junk"
    junk.write_bytes(b"headline,link\n" * 1000)
    junk.replace(desk.database)
    await until(lambda: taken(desk, "collector") and desk.alert_texts("collector"), process=process)
    assert await terminated(process) == 0
    assert not [command for command in commands() if marker in command]


async def test_a_sink_that_hangs_holds_up_no_other_when_each_is_tried_a_single_time(desk: Desk) -> None:
    marker = hang_first(desk, patience="10m")
    desk.publish("/one", ONE)
    process = await desk.start("collect", "--once")
    await until(lambda: taken(desk, "news") and desk.alert_texts("news"), process=process)
    await terminated(process)
    assert not [command for command in commands() if marker in command]


def commands() -> list[str]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(file.read_text("utf-8", "replace"))
        except OSError:
            continue
    return found


async def test_an_operational_log_that_is_taken_away_stops_nobody_and_is_made_anew(desk: Desk) -> None:
    logs = desk.folder / "logs"
    process = await started(desk, "--verbose", "--log", str(logs / "collect.log"))
    shutil.rmtree(logs)
    logs.write_text("a file in its place")
    desk.publish("/one", TWO, ONE)
    await until(lambda: len(set(desk.alert_texts("news"))) == 2, process=process)
    logs.unlink()
    desk.publish("/one", Item("Rates unchanged"), TWO, ONE)
    await until((logs / "collect.log").exists, process=process)
    (logs / "collect.log").rename(logs / "collect.log.1")  # as logrotate does
    desk.publish("/one", Item("Rates up"), Item("Rates unchanged"), TWO, ONE)
    await until(lambda: (logs / "collect.log").exists() and "Rates up" in (logs / "collect.log").read_text())
    assert f"new: feed /one: {TWO.title}" in await said_at_its_end(process), "what the log could not take"


async def test_an_operational_log_that_cannot_be_written_keeps_nobody_from_collecting(desk: Desk) -> None:
    desk.publish("/one", ONE)
    desk.feeds = ["/one", "/missing"]
    desk.write_settings()
    code, _, complaints = await desk.run("collect", "--once", "--log", str(desk.folder))
    assert code == 1
    assert "feed /missing: 127.0.0.1 has no such page" in complaints
    assert titles(desk) == {ONE.title}


@pytest.mark.parametrize("place", ["/dev/full", "/proc/nowhere/log", "/dev/null/log"])
def test_what_an_operational_log_cannot_take_goes_to_standard_error(place: str) -> None:
    program = f"from monitor import oplog; oplog.start(oplog.Path({place!r})); oplog.logging.warning('said')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stderr.endswith("WARNING root: said\n")
    assert done.stderr.count("\n") == 1
