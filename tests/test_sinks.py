"""Sinks on real files and pipes, and what the settings make of them."""

from __future__ import annotations

import asyncio
import grp
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.delivery import next_try
from monitor.alerts.line import from_json, to_json
from monitor.alerts.sinks import (
    AtLeast,
    CommandSink,
    FileSink,
    ReaderGone,
    StdoutSink,
    make_sinks,
)
from monitor.config import (
    AlertSettings,
    AppriseSinkSettings,
    CommandSinkSettings,
    FileSinkSettings,
    StdoutSinkSettings,
)
from monitor.errors import SinkError
from monitor.models import Severity
from tests.alerting import ALERTS, OPEN, alert, written

# The alert log


async def test_each_alert_is_one_line_of_the_file(tmp_path: Path) -> None:
    sink = FileSink(tmp_path / "alerts.jsonl", to_json)
    await sink.deliver(ALERTS[:2])
    await sink.deliver(ALERTS[2:])
    assert written(tmp_path / "alerts.jsonl") == ALERTS


async def test_file_and_folders_are_made_for_this_account_alone(tmp_path: Path) -> None:
    log = tmp_path / "state" / "monitor" / "alerts.jsonl"
    await FileSink(log, to_json).deliver(ALERTS)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (log, log.parent, log.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


async def test_with_a_group_its_members_can_read(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getgid())
    log = tmp_path / "state" / "alerts.jsonl"
    await FileSink(log, to_json, group=group.gr_name).deliver(ALERTS)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (log, log.parent)] == [0o640, 0o750]
    assert log.stat().st_gid == log.parent.stat().st_gid == group.gr_gid


async def test_a_group_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="no group 'nobody-has-this'"):
        await FileSink(tmp_path / "new" / "log", to_json, group="nobody-has-this").deliver(ALERTS)


async def test_an_existing_file_keeps_its_mode(tmp_path: Path) -> None:
    log = tmp_path / "alerts.jsonl"
    log.touch(0o644)
    await FileSink(log, to_json).deliver(ALERTS)
    assert stat.S_IMODE(log.stat().st_mode) == 0o644


async def test_after_rotation_the_new_file_gets_the_next_line(tmp_path: Path) -> None:
    log, rotated = tmp_path / "alerts.jsonl", tmp_path / "alerts.jsonl.1"
    sink = FileSink(log, to_json)
    await sink.deliver(ALERTS[:1])
    log.rename(rotated)
    await sink.deliver(ALERTS[1:2])
    assert (written(rotated), written(log)) == (ALERTS[:1], ALERTS[1:2])
    log.rename(rotated)
    log.touch(0o600)  # logrotate's `create`
    await sink.deliver(ALERTS[2:])
    assert written(log) == ALERTS[2:]


async def test_a_file_truncated_in_place_goes_on_from_its_start(tmp_path: Path) -> None:
    log = tmp_path / "alerts.jsonl"
    sink = FileSink(log, to_json)
    await sink.deliver(ALERTS[:2])
    os.truncate(log, 0)  # logrotate's `copytruncate`
    await sink.deliver(ALERTS[2:])
    assert written(log) == ALERTS[2:]


async def test_a_folder_that_vanished_is_made_again(tmp_path: Path) -> None:
    log = tmp_path / "state" / "alerts.jsonl"
    sink = FileSink(log, to_json)
    await sink.deliver(ALERTS[:1])
    log.unlink()
    log.parent.rmdir()
    await sink.deliver(ALERTS[1:])
    assert written(log) == ALERTS[1:]


async def test_a_line_that_a_crash_tore_is_closed_first(tmp_path: Path) -> None:
    log = tmp_path / "alerts.jsonl"
    log.write_text(f"{to_json(ALERTS[0])}\n{to_json(ALERTS[1])[:50]}", encoding="utf-8")
    await FileSink(log, to_json).deliver(ALERTS[1:])
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [from_json(line) for line in (lines[0], *lines[2:])] == ALERTS


async def test_what_is_not_a_regular_file_is_refused(tmp_path: Path) -> None:
    fifo, link, dangling, folder = (tmp_path / name for name in ("fifo", "link", "dangling", "folder"))
    os.mkfifo(fifo)
    (tmp_path / "aim").touch()
    link.symlink_to(tmp_path / "aim")
    dangling.symlink_to(tmp_path / "nothing")
    folder.mkdir()
    for path, reason in [
        (fifo, "not a regular file"),
        (Path("/dev/null"), "not a regular file"),
        (link, "symbolic link"),
        (dangling, "symbolic link"),
        (folder, "directory"),
        (tmp_path / "aim" / "log", "directory"),
    ]:
        with pytest.raises(SinkError, match=reason):
            await FileSink(path, to_json).deliver(ALERTS)
    assert not (tmp_path / "nothing").exists()


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from monitor.alerts.line import to_json
from monitor.alerts.sinks import FileSink
from monitor.errors import SinkError
from tests.alerting import ALERTS

log = Path(sys.argv[1])
sink = FileSink(log, to_json)
asyncio.run(sink.deliver(ALERTS[:1]))
room = log.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (room + 100, resource.RLIM_INFINITY))
try:
    asyncio.run(sink.deliver(ALERTS[1:]))
except SinkError as error:
    print(error)
assert log.stat().st_size == room, log.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
asyncio.run(sink.deliver(ALERTS[1:]))
"""


def test_without_room_no_part_of_a_line_stays_and_the_next_try_writes_it(tmp_path: Path) -> None:
    """The kernel itself stops the file a hundred bytes further on: a short write first, then an error."""
    log = tmp_path / "alerts.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, log], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{log}: File too large\n"
    assert written(log) == ALERTS


NOT_ALLOWED = """
import asyncio, os, sys
from pathlib import Path
from monitor.alerts.line import to_json
from monitor.alerts.sinks import FileSink
from monitor.errors import SinkError
from tests.alerting import ALERTS

if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
try:
    asyncio.run(FileSink(Path(sys.argv[1]), to_json).deliver(ALERTS))
except SinkError as error:
    print(error)
"""


def test_a_file_that_may_not_be_written_is_a_sink_error(tmp_path: Path) -> None:
    log = tmp_path / "alerts.jsonl"
    log.touch(0o400)
    done = subprocess.run(
        [sys.executable, "-c", NOT_ALLOWED, log], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == (f"{log}: Permission denied\n", "")


async def test_a_lone_surrogate_in_a_text_line_does_not_stop_the_log(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    await FileSink(log, lambda each: each.text).deliver([alert(1, text="broken \ud800 pair")])
    assert log.read_text(encoding="utf-8") == "broken \\ud800 pair\n"


# Standard output


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        for end in (reader, writer):
            with suppress(OSError):
                os.close(end)


async def test_standard_output_gets_whole_lines_at_once() -> None:
    with pipe() as (reader, writer):
        await StdoutSink(to_json, file=writer).deliver(ALERTS)
        lines = os.read(reader, 100_000).decode().splitlines()
    assert [from_json(line) for line in lines] == ALERTS


async def test_a_closed_pipe_says_that_its_reader_is_gone() -> None:
    with pipe() as (reader, writer):
        os.close(reader)
        with pytest.raises(ReaderGone, match="reader is gone"):
            await StdoutSink(to_json, file=writer).deliver(ALERTS)


async def test_a_full_disk_behind_standard_output_is_a_sink_error() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(SinkError, match="No space left"):
            await StdoutSink(to_json, file=full).deliver(ALERTS)
    finally:
        os.close(full)


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_slow_reader_gets_everything_and_holds_up_nobody_else(*, blocking: bool) -> None:
    many = [alert(number, text="x" * 1000) for number in range(200)]  # more than a pipe holds
    with pipe() as (reader, writer):
        os.set_blocking(writer, blocking)
        delivery = asyncio.create_task(StdoutSink(to_json, file=writer).deliver(many))
        await asyncio.sleep(0.05)
        assert not delivery.done()  # and this line ran meanwhile
        got = bytearray()
        while got.count(b"\n") < len(many):
            got += await asyncio.to_thread(os.read, reader, 4096)
        await delivery
    assert [from_json(line).id for line in got.decode().splitlines()] == [each.id for each in many]


# From the settings


async def test_the_settings_make_sinks_with_their_names_formats_and_severities(tmp_path: Path) -> None:
    plain, json_lines = tmp_path / "alerts.log", tmp_path / "alerts.jsonl"
    sinks = make_sinks(
        AlertSettings(
            sinks=(
                FileSinkSettings(path=plain, format="text", name="plain"),
                FileSinkSettings(path=json_lines, min_severity=Severity.CRITICAL, name="grave"),
                StdoutSinkSettings(),
                CommandSinkSettings(argv=("true",)),
                AppriseSinkSettings(urls=("json://example.com",)),
            )
        )
    )
    assert [sink.name for sink in sinks] == ["plain", "grave", "stdout", "command", "apprise"]
    for sink in sinks[:2]:
        await sink.deliver([alert(1), alert(2, severity=Severity.CRITICAL)])
    assert [line.split(": ", 1)[1] for line in plain.read_text().splitlines()] == ["딥시크 NVDA -17%"] * 2
    assert [each.id for each in written(json_lines)] == [f"{2:016x}"]


async def test_a_sink_is_not_bothered_with_alerts_below_its_severity() -> None:
    never = CommandSink(["/nowhere/to/be/found"])
    await AtLeast(never, Severity.CRITICAL).deliver(ALERTS)
    with pytest.raises(SinkError):
        await AtLeast(never, Severity.WARNING).deliver(ALERTS)


# When it is tried again


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(0, 5), (1, 5), (2, 10), (3, 20), (4, 40), (7, 320), (8, 600), (9, 600), (1000, 600), (10**9, 600)],
)
def test_tries_go_from_five_seconds_to_ten_minutes_apart_and_never_end(attempts: int, seconds: int) -> None:
    assert next_try(attempts, OPEN) == OPEN + timedelta(seconds=seconds)
