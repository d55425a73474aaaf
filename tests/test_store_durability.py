"""What was committed is there after kill -9, at whatever moment it comes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from monitor.store.reader import Reader
from monitor.store.records import HeadlineFilter
from monitor.store.writer import Writer
from tests.store_samples import NOW, poll

if TYPE_CHECKING:
    from pathlib import Path

# Says the key of each headline and the id of each alert after its commit, and prunes, so that the log is moved into the
# database and pages are given back in the middle of it all.
WRITE = """
import sys
sys.modules["pandas"] = sys.modules["numpy"] = None  # sqlite-utils would import them, for a second each time
from datetime import timedelta
from pathlib import Path
from monitor.config import StoreSettings
from monitor.store.writer import Writer
from tests.store_samples import NOW, alert, entry, poll, quote

first = int(sys.argv[2])
with Writer.open(Path(sys.argv[1])) as writer:
    for number in range(first, first + 100_000):
        key = f"{number:06}"
        with writer.transaction():
            poll(writer, *(entry(f"{key} {n}", f"headline {key}", summary="x" * 700) for n in range(5)))
            writer.record_quotes([quote(price=float(number), at=NOW + timedelta(seconds=number))], now=NOW)
            writer.record_alerts([alert(key)], ["file"])
            writer.remember_rules({("rule", ""): key})
        print(key, flush=True)
        if number % 20 == 0:
            old = entry(f"{key} old", "old", published_at=NOW - timedelta(days=999))
            poll(writer, old)
            writer.prune(StoreSettings(), now=NOW)
"""


@pytest.mark.parametrize("seed", range(4))
def test_nothing_committed_is_lost_by_a_kill(tmp_path: Path, seed: int) -> None:
    moment = random.Random(seed)
    path = tmp_path / "monitor.db"
    committed: list[str] = []
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITE, str(path), str(len(committed) + 1000 * len(committed))],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        committed += [process.stdout.readline().strip() for _ in range(moment.randrange(1, 60))]
        for _ in range(moment.randrange(20_000)):  # somewhere within what comes next
            pass
        process.kill()
        committed += process.stdout.read().split()
        process.stdout.close()
        process.wait()
    with closing(Reader.open(path)) as reader:
        headlines = reader.headlines(HeadlineFilter(limit=100_000))
        alerts = {alert.id for _, alert in reader.alerts_after(0, limit=100_000)}
        assert reader.quotes()["NVDA"].price >= float(committed[-1])
    keys = {headline.key for headline in headlines}
    assert {f"{key} {n}" for key in committed for n in range(5)} <= keys
    assert {key[:6] for key in keys} == alerts, "all of a transaction or nothing of it"
    with Writer.open(path) as writer:
        waiting = {alert.id for alert, _ in writer.pending_deliveries("file", now=NOW, limit=100_000)}
        assert waiting == alerts
        assert writer.rule_memory()["rule", ""] == max(alerts)
        poll(writer, now=NOW)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.execute("INSERT INTO headlines_fts (headlines_fts) VALUES ('integrity-check')")
