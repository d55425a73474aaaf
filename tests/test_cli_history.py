"""`monitor history` and `monitor poll`: what only the collector can do, asked for by somebody who may only read."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import mailbox
from monitor.errors import MonitorError
from monitor.models import Bar
from tests.collecting import Desk, open_desk, until


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def test_past_prices_are_fetched_by_the_collector_and_stay_when_it_has_gone(desk: Desk) -> None:
    today = datetime.now(UTC).replace(hour=14, minute=30, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in (3, 2)]
    desk.exchange.history = lambda symbol, start, end, interval: [
        Bar(symbol=symbol, interval=interval, at=at, open=1, high=3, low=0.5, close=2, volume=10, source="yahoo")
        for at in days
        if start <= at < end
    ]
    process = await desk.start("collect")
    await until(lambda: mailbox.folder_of(desk.database).exists() and desk.exchange.seen, process=process)
    status, output, complaints = await desk.run("history", "nvda", "--since", "10d", "--json")
    assert (status, complaints) == (0, "")
    bars = json.loads(output)
    assert [(bar["symbol"], bar["close"], bar["volume"]) for bar in bars] == [("NVDA", 2, 10)] * 2
    process.kill()
    await process.communicate()
    status, output, complaints = await desk.run("history", "NVDA", "--since", "10d")
    assert len(output.splitlines()) == 2
    assert "no collector" in complaints


async def test_poll_asks_a_feed_before_its_time_and_says_when_nobody_is_there_to_ask(desk: Desk) -> None:
    desk.settings_file.write_text(desk.settings_file.read_text().replace("interval: 1s, max", "interval: 1h, max"))
    text = desk.settings_file.read_text().replace("max_interval: 2s", "max_interval: 2h")
    desk.settings_file.write_text(text)
    status, _, complaints = await desk.run("poll")
    assert status == 3
    assert "no collector" in complaints
    process = await desk.start("collect")
    await until(lambda: len(desk.news.requests) == 1, process=process)
    assert (await desk.run("poll", "feed /one"))[0] == 0
    await until(lambda: len(desk.news.requests) == 2, process=process)
    assert (await desk.run("poll", "nonsense"))[0] == 2


def test_what_is_no_wish_is_thrown_away(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    mailbox.prepare(database, group=None)
    folder = mailbox.folder_of(database)
    (folder / "a.json").write_text("not json")
    (folder / "b.json").write_text('{"kind": "History", "symbol": "NVDA", "interval": "2y", "start": "x", "end": "y"}')
    (folder / "c.json").write_text("[" * 100_000)
    (folder / "d.json").symlink_to("/etc/passwd")
    (folder / "folder.json").mkdir()
    os.mkfifo(folder / "pipe.json")
    letter = mailbox.post(database, mailbox.PollNow("one"))
    assert [taken.wish for taken in mailbox.take(database)] == [mailbox.PollNow("one")]
    letter.done()
    assert letter.answered()
    descriptors = len(list(Path("/dev/fd").iterdir()))
    assert mailbox.take(database) == []
    assert len(list(Path("/dev/fd").iterdir())) == descriptors
    assert [left.name for left in folder.iterdir()] == ["folder.json"]


def test_a_wish_comes_out_as_it_was_put_in_and_the_oldest_first(tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    mailbox.prepare(database, group=None)
    start = datetime(2025, 1, 24, tzinfo=UTC)
    wishes: list[mailbox.Wish] = [mailbox.PollNow(), mailbox.History("NVDA", "1h", start, start + timedelta(days=5))]
    for wish in wishes:
        mailbox.post(database, wish)
    assert [letter.wish for letter in mailbox.take(database)] == wishes


def test_where_no_collector_ever_was_no_wish_can_be_left(tmp_path: Path) -> None:
    with pytest.raises(MonitorError, match="no wish can be left"):
        mailbox.post(tmp_path / "monitor.db", mailbox.PollNow())
