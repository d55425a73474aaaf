"""Collectors that race, parsers that die, the end while everything hangs, a clock that jumps: as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from monitor.demo.exchange import Door, Fault
from monitor.lock import holder
from tests.collecting import Desk, Item, open_desk, terminated, until
from tests.loopback import reply, stalling
from tests.test_parsers import ENDLESS
from tests.watching import children, feed_report, rows, titles

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def test_of_collectors_that_start_at_once_one_collects_and_the_next_one_after_its_death(desk: Desk) -> None:
    desk.publish("/one", Item("DeepSeek one"))
    processes = [await desk.start("collect") for _ in range(4)]
    await until(lambda: desk.alert_texts("news") and sum(p.returncode is not None for p in processes) == 3)
    (winner,) = [process for process in processes if process.returncode is None]
    assert [process.returncode for process in processes if process is not winner] == [3, 3, 3]
    for process in processes:
        if process is not winner:
            _, complaints = await process.communicate()
            assert complaints.decode() == (
                f"another collector (process {winner.pid}) already collects into {desk.database}\n"
            )
    assert holder(desk.database) == winner.pid
    winner.kill()
    await winner.communicate()
    assert (await desk.run("collect", "--once"))[0] == 0
    assert titles(desk) == {"DeepSeek one"}
    assert len({alert["id"] for alert in desk.alerts()}) == 1  # it may have come twice, with its id


def parsers_at_work(collector: Process) -> list[int]:
    """Those that have used more than a second of the processor, which nothing but an endless document takes."""
    found = []
    for pid in children(collector.pid):
        with suppress(OSError):
            if b"parser_process" in Path(f"/proc/{pid}/cmdline").read_bytes():
                user_ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]
                found += [pid] if int(user_ticks) > os.sysconf("SC_CLK_TCK") else []
    return found


async def test_a_killed_parser_fails_its_feed_alone_and_nothing_that_hangs_holds_up_the_end(desk: Desk) -> None:
    """Then a document, a feed, the quotes and a sink hang, all at once."""
    marker = f"{desk.folder}/hanging"
    desk.feeds = ["/one", "/endless", "/stall"]
    desk.write_settings()
    command = f'- command: {{argv: [sh, -c, "sleep 1000; true", "{marker}"], timeout: 10m}}'
    text = desk.settings_file.read_text()
    desk.settings_file.write_text(text.replace("- file:", f"{command}\n    - file:"))
    desk.news.routes |= {"/endless": reply(ENDLESS), "/stall": stalling()}
    desk.exchange.fail_always(Door.QUOTE, Fault(hang=True))
    process = await desk.start("collect")
    await until(lambda: parsers_at_work(process), process=process)
    os.kill(parsers_at_work(process)[0], signal.SIGKILL)
    died = "SELECT error FROM feeds WHERE name = 'feed /endless'"
    await until(lambda: rows(desk.database, died) == [("the parser died over it (signal 9)",)], process=process)
    assert (await feed_report(desk))["feed /endless"]["next_check_at"] is not None
    desk.publish("/one", Item("DeepSeek one"))
    await until(lambda: desk.alert_texts("news") and parsers_at_work(process), process=process)
    await until(lambda: desk.news.open >= 1 and desk.exchange.seen[Door.QUOTE], process=process)
    started = children(process.pid)
    assert await terminated(process) in {0, 1}  # 1: something hung until the very end
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in started))


# Read by each Python of this test before it does anything else.
JUMPING = """
import datetime, pathlib
import monitor.clock
at_first = monitor.clock.Clock.now
def now(self):
    return at_first(self) + datetime.timedelta(days=float(pathlib.Path(__file__).with_name("days").read_text()))
monitor.clock.Clock.now = now
"""


def stored(desk: Desk, item: Item) -> bool:
    return item.title in titles(desk)


def told(desk: Desk, item: Item) -> bool:
    return f"{item.title} (feed /one)" in desk.alert_texts("news")


def quoted(desk: Desk, so_often: int) -> bool:
    return desk.exchange.seen[Door.QUOTE] > so_often


async def test_a_clock_that_jumps_a_day_either_way_stops_nothing(desk: Desk) -> None:
    """Every process of this program reads a clock that is a day behind, then right, then a day ahead, then right."""
    folder = desk.folder / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(JUMPING)
    days = folder / "days"

    def jump_to(text: str) -> None:
        """In one step: a clock may be read at any moment."""
        (folder / "new").write_text(text)
        (folder / "new").replace(days)

    jump_to("-1")
    desk.publish("/one", Item("DeepSeek one"))
    process = await desk.start("collect", PYTHONPATH=str(folder))
    await until(lambda: desk.alert_texts("news"), process=process)
    quoted_at = "SELECT max(fetched_at) FROM quotes"
    for jump, item in (("0", Item("DeepSeek two, Meta")), ("1", Item("Rates")), ("0", Item("DeepSeek, four banks"))):
        before, asked = rows(desk.database, quoted_at), desk.exchange.seen[Door.QUOTE]
        jump_to(jump)
        desk.publish("/one", item)
        await until(partial(stored, desk, item), process=process)
        await until(partial(quoted, desk, asked + 1), process=process)
        if jump == "0":
            await until(partial(told, desk, item), process=process)
        assert rows(desk.database, quoted_at) != before
    desk.fall = -5
    await until(lambda: desk.alert_texts("fall"), process=process)
    beat = "SELECT heartbeat_at FROM collector"
    last = rows(desk.database, beat)  # which may be of the clock that was a day off
    await until(lambda: rows(desk.database, beat) != last, process=process)
    looking = await desk.start("status", PYTHONPATH=str(folder))
    report, _ = await looking.communicate()
    assert report.decode().startswith("healthy")
    assert await terminated(process) == 0
    assert len(desk.alert_texts("news")) == 3


# All is imported before the account is changed: the other one may not be able to read this one's libraries.
NOT_ALLOWED = """
import os
import encodings.idna, encodings.utf_8_sig, tempfile
import monitor.cli.collect, monitor.collector, monitor.oplog, monitor.store.writer
from monitor import cli
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(31337)
    os.setuid(31337)
cli.main()
"""


@pytest.fixture
def enterable() -> Iterator[Path]:
    """A folder that other accounts may enter, as they may not pytest's."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_where_it_may_not_write_a_collector_says_so_and_ends(enterable: Path) -> None:
    settings, folder = enterable / "feeds.yaml", enterable / "data"
    settings.write_text("feeds: []\nwatchlist: []\ntopics: []\nrules: []\n")
    settings.chmod(0o644)
    folder.mkdir()
    database = folder / "monitor.db"
    folder.chmod(0o555)
    words = ["collect", "--once", "--config", str(settings), "--db", str(database)]
    done = subprocess.run(
        [sys.executable, "-c", NOT_ALLOWED, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"HOME": str(enterable), "PATH": os.environ["PATH"]},
        cwd=enterable,
    )
    folder.chmod(0o755)
    assert done.returncode == 1
    assert done.stderr == (f"{database}.lock: the lock file cannot be made: Permission denied\n")
