"""`monitor demo`: the whole day through the real code, in some seconds."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import closing
from pathlib import Path

import pytest

from monitor.baseline import load
from monitor.collector.baseline import wanted
from monitor.demo.script import Script
from monitor.lock import collecting
from monitor.store.reader import Reader
from monitor.store.records import HeadlineFilter
from monitor.when import NEW_YORK

PATIENCE = 110.0  # seconds


async def demo(folder: Path, *arguments: str) -> tuple[int, list[str], list[str]]:
    """The exit status and the lines of both outputs."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TZ": "Asia/Seoul"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", "demo", "--headless", *arguments),
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
        cwd=folder,
    )
    async with asyncio.timeout(PATIENCE):
        output, complaints = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode().splitlines(), complaints.decode().splitlines()


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], list[str]]:
    """The replayed day until its close, at 1,800 times real time: its database and what was printed."""
    folder = tmp_path_factory.mktemp("demo")
    status, output, log = asyncio.run(demo(folder, "--speed", "1800", "--db", "demo.db"))
    assert status == 0, log
    return folder / "demo.db", output, log


def test_every_line_says_that_it_is_simulated(day: tuple[Path, list[str], list[str]]) -> None:
    _, output, log = day
    assert output
    assert all(line.startswith("SIMULATED ") for line in output)
    assert all(" SIMULATED " in line for line in log)


def test_the_day_is_there_until_the_close(day: tuple[Path, list[str], list[str]]) -> None:
    database, output, _ = day
    with closing(Reader.open(database)) as reader:
        quotes = reader.quotes()
        # How long before the close the last poll was depends on the machine; its prices are those of its moment.
        for symbol in ("NVDA", "^DJI"):
            last = quotes[symbol]
            assert last.traded_at is not None
            assert last.traded_at.astimezone(NEW_YORK).hour >= 15
            assert last.price == pytest.approx(Script().price_at(symbol, last.traded_at), rel=0.003)
        assert "NOSUCH" in reader.quote_source().unknown
        found = reader.headlines(HeadlineFilter(topic="DeepSeek", limit=1000))
        assert {headline.language for headline in found} >= {"en", "ko", "zh"}
        info = reader.collector()
        assert info is not None
        assert info.simulated
        assert all(alert.simulated for alert in reader.alerts())
        rules = {alert.rule for alert in reader.alerts()}
    assert "DeepSeek news and Nvidia down 3%" in rules
    assert any("CRITICAL" in line for line in output)


def test_the_days_around_the_shock_were_fetched_once_for_each_documented_symbol(
    day: tuple[Path, list[str], list[str]],
) -> None:
    database, _, log = day
    with closing(Reader.open(database)) as reader:
        history, bars = reader.baseline_history(), reader.baseline_bars()
    assert set(history) == set(bars) == set(wanted(load()))
    assert all(state.simulated and state.asked_at and not state.failures for state in history.values())
    daily, hourly = bars["NVDA"]
    assert [bar.at.day for bar in daily] == [23, 24, 27, 28, 29]
    assert daily[2].close / daily[1].close - 1 == pytest.approx(-0.17, abs=0.001)
    assert {bar.at.minute for bar in hourly} == {0, 30}
    assert not any("January 2025 of" in line for line in log)


def test_no_line_carries_what_hostile_entries_tried(day: tuple[Path, list[str], list[str]]) -> None:
    _, output, log = day
    for line in (*output, *log):
        assert line.isprintable(), line


async def test_a_replay_goes_on_in_its_database_where_it_would_be_by_now(tmp_path: Path) -> None:
    await demo(tmp_path, "--speed", "600", "--seconds", "4", "--db", "demo.db")
    with closing(Reader.open(tmp_path / "demo.db")) as reader:
        before, feeds = reader.collector(), reader.counts().feeds
    await demo(tmp_path, "--seconds", "3", "--db", "demo.db")
    with closing(Reader.open(tmp_path / "demo.db")) as reader:
        after = reader.collector()
        assert reader.counts().feeds == feeds
    assert before is not None
    assert after is not None
    assert after.replay_wall_start == before.replay_wall_start
    assert after.heartbeat_at > before.heartbeat_at


async def test_the_demo_does_not_write_into_a_database_of_real_news(tmp_path: Path) -> None:
    from monitor.clock import Clock
    from monitor.store.writer import CollectorInfo, Writer

    now = Clock().now()
    with Writer.open(tmp_path / "real.db") as writer:
        writer.heartbeat(CollectorInfo(pid=1, host="h", version="0", started_at=now, heartbeat_at=now))
    status, output, _ = await demo(tmp_path, "--db", "real.db")
    assert (status, output) == (2, [])


async def test_a_second_demo_on_the_same_database_is_told_who_has_it(tmp_path: Path) -> None:
    with collecting(tmp_path / "demo.db"):
        status, output, complaints = await demo(tmp_path, "--db", "demo.db")
    assert (status, output) == (3, [])
    assert "already collects" in complaints[-1]
