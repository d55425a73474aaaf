"""Sinks that run a command or ask a service, and what becomes of work that hangs."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.side_thread import SideThread
from monitor.alerts.sinks import (
    AppriseSink,
    CommandSink,
)
from monitor.errors import SinkError
from monitor.models import Severity
from tests.alerting import ALERTS, alert, written
from tests.loopback import Loopback, stalling

SOON = timedelta(seconds=30)  # for what must end, on the slowest machine


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SOON.total_seconds()):
        while not holds():  # noqa: ASYNC110 (what it waits for happens in another process)
            await asyncio.sleep(0.01)


# Work that hangs


async def test_a_job_that_hangs_is_given_up_and_no_second_one_piles_up() -> None:
    release = threading.Event()
    side = SideThread("disk")

    def hang() -> None:
        release.wait()

    with pytest.raises(SinkError, match=r"disk: no end after 0\.05 s"):
        await side.run(hang, timedelta(seconds=0.05))
    with pytest.raises(SinkError, match="still hangs"):
        await side.run(lambda: None, SOON)
    release.set()

    async def works_again() -> None:
        while True:
            try:
                return await side.run(lambda: None, SOON)
            except SinkError:
                await asyncio.sleep(0.01)

    async with asyncio.timeout(SOON.total_seconds()):
        await works_again()


def test_a_job_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    program = """
import asyncio, threading
from datetime import timedelta
from monitor.alerts.side_thread import SideThread
from monitor.errors import SinkError
async def main():
    try:
        await SideThread("disk").run(threading.Event().wait, timedelta(seconds=0.05))
    except SinkError as error:
        print(error)
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "disk: no end after 0.05 s\n", "")


# A command


def python(program: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", program, *map(str, arguments)]


def command(program: str, *arguments: object, timeout: timedelta = SOON) -> CommandSink:
    return CommandSink(python(program, *arguments), timeout=timeout)


COPY = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"


async def test_a_command_gets_one_json_line_for_each_alert(tmp_path: Path) -> None:
    await command(COPY, tmp_path / "got").deliver(ALERTS)
    assert written(tmp_path / "got") == ALERTS


async def test_no_shell_looks_at_the_arguments(tmp_path: Path) -> None:
    program = "import sys, json; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    await command(program, tmp_path / "got", "$HOME; `id` > x", "*").deliver(ALERTS[:1])
    assert json.loads((tmp_path / "got").read_text()) == ["$HOME; `id` > x", "*"]


async def test_a_command_that_fails_is_a_sink_error_with_the_beginning_of_what_it_said() -> None:
    program = "import sys; print('no \\x1b[31mroute\\nto host'); print('x' * 100_000, file=sys.stderr); sys.exit(3)"
    with pytest.raises(SinkError, match=r"python\S*: ended with status 3: no .*route to host xxx") as failure:
        await command(program).deliver(ALERTS)
    assert str(failure.value).isprintable()
    assert len(str(failure.value)) < 5000


async def test_a_command_ended_by_a_signal_is_a_sink_error() -> None:
    with pytest.raises(SinkError, match="ended by signal 15"):
        await command("import os, signal; os.kill(os.getpid(), signal.SIGTERM)").deliver(ALERTS)


async def test_a_command_that_does_not_read_its_input_is_fine() -> None:
    await command("pass").deliver([alert(1, text="x" * 200_000)])


@pytest.mark.parametrize("program", ["/nowhere/to/be/found", "/etc/passwd", "with\0nul"])
async def test_a_command_that_cannot_be_started_is_a_sink_error(program: str) -> None:
    with pytest.raises(SinkError, match=r"found|denied|null byte"):
        await CommandSink([program]).deliver(ALERTS)


FORKS = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])
with open(sys.argv[1] + '.part', 'w') as out:
    out.write(f'{os.getpid()} {child.pid}')
os.rename(sys.argv[1] + '.part', sys.argv[1])
"""


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_command_that_takes_too_long_is_killed() -> None:
    with pytest.raises(SinkError, match=r"killed after 0\.2 s"):
        await command("import time; time.sleep(600)", timeout=timedelta(seconds=0.2)).deliver(ALERTS)


async def test_a_command_that_is_given_up_is_killed_with_all_it_started(tmp_path: Path) -> None:
    delivery = asyncio.create_task(command(f"{FORKS}\ntime.sleep(600)", tmp_path / "pids").deliver(ALERTS))
    await until((tmp_path / "pids").exists)
    delivery.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivery
    processes = [int(each) for each in (tmp_path / "pids").read_text().split()]
    await until(lambda: not any(map(lives, processes)))


async def test_a_command_that_leaves_something_running_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    await command(FORKS, tmp_path / "pids").deliver(ALERTS[:1])
    assert time.monotonic() - began < 300
    _, child = (int(each) for each in (tmp_path / "pids").read_text().split())
    assert lives(child)
    os.kill(child, signal.SIGKILL)


async def test_a_command_that_says_a_lot_does_not_block_on_it() -> None:
    await command("print('x' * 5_000_000)").deliver(ALERTS[:1])


async def test_the_message_shows_no_arguments_since_they_may_hold_a_token() -> None:
    with pytest.raises(SinkError) as failure:
        await command("import sys; sys.exit(1)", "s3cr3t").deliver(ALERTS)
    assert "s3cr3t" not in str(failure.value)


# Apprise


@contextmanager
def web_service(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """A service that takes what is posted and answers `status`; its address without the scheme."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    got: list[bytes] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


apprise_warns = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # it imports imghdr where that still exists


@apprise_warns
async def test_apprise_sends_title_and_text() -> None:
    pytest.importorskip("apprise")
    with web_service(200) as (address, got):
        await AppriseSink([f"json://{address}/"]).deliver([alert(1, severity=Severity.CRITICAL)])
    (posted,) = [json.loads(each) for each in got]
    assert posted["title"] == "CRITICAL the rule"
    assert posted["message"].endswith("CRITICAL the rule: 딥시크 NVDA -17%")
    assert posted["type"] == "failure"


@apprise_warns
async def test_what_apprise_could_not_deliver_is_a_sink_error_without_the_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pytest.importorskip("apprise")
    with web_service(500) as (address, _):
        for url in (f"json://user:s3cr3t@{address}/s3cr3t", "nothing://s3cr3t", "s3cr3t"):
            with pytest.raises(SinkError) as failure:
                await AppriseSink([url]).deliver(ALERTS[:1])
            assert "s3cr3t" not in str(failure.value)
    assert "s3cr3t" not in caplog.text


@apprise_warns
async def test_a_service_that_hangs_is_given_up_and_no_second_message_piles_up() -> None:
    pytest.importorskip("apprise")
    async with Loopback() as service:
        service.routes["/"] = stalling()
        sink = AppriseSink([f"json://127.0.0.1:{service.port}/"], timeout=timedelta(seconds=0.5))
        with pytest.raises(SinkError, match=r"apprise: no end after 0\.5 s"):
            await sink.deliver(ALERTS[:1])
        with pytest.raises(SinkError, match="still hangs"):
            await sink.deliver(ALERTS[:1])
        assert len(service.requests) <= 1


def test_without_apprise_the_error_says_how_to_get_it() -> None:
    program = """
import asyncio, sys
sys.path_hooks.clear(); sys.path_importer_cache.clear()  # from here on nothing more is found on the disk
from monitor_sinks import AppriseSink, ALERT, SinkError
try:
    asyncio.run(AppriseSink(["json://x"]).deliver([ALERT]))
except SinkError as error:
    print(error)
"""
    prelude = """
import sys, types, asyncio, concurrent.futures, importlib.util, encodings.idna
from monitor.alerts.sinks import AppriseSink
from monitor.errors import SinkError
from tests.alerting import ALERTS
module = types.ModuleType("monitor_sinks")
module.AppriseSink, module.ALERT, module.SinkError = AppriseSink, ALERTS[0], SinkError
sys.modules["monitor_sinks"] = module
"""
    done = subprocess.run(
        [sys.executable, "-c", prelude + program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("Apprise is not installed here: pip install 'monitor[apprise]'\n", "")
