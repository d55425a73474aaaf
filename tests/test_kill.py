"""kill -9 at random moments: what was committed stays, every stored alert is delivered, and the next start goes on.

The moments follow from a seed. How many there are is `MONITOR_KILLS` (6 when not given, so that it fits between the
other tests); the long run, some ten minutes:

    MONITOR_KILLS=200 .venv/bin/python -m pytest tests/test_kill.py -s
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.errors import StoreError
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.collecting import SETTINGS, Desk, Item, open_desk, terminated, until
from tests.loopback import Request, reply
from tests.store_samples import poll
from tests.test_store_migrations import first_version, tables

KILLS = int(os.environ.get("MONITOR_KILLS", "6"))
FEEDS = 12
NEW = 3  # items that each poll of a feed brings
KEPT = 400  # items in a feed's document: more than can be new between two commits
LONGEST = 0.6  # seconds from what a kill waits for to the kill

pytestmark = pytest.mark.timeout(120 + 20 * KILLS)

RULES = """\
  - {name: news, severity: info, when: {headline: {topic: DeepSeek}}}
  - {name: first, severity: critical, when: {headline: {topic: DeepSeek, feed: /wire0}}}
  - {name: fall, severity: critical, when: {quote: {symbol: NVDA, change: {at_most: -3}}}, cooldown: 0s}
"""
# Hands one alert to a server on loopback and waits until that has it.
SEND = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as line:
    line.sendall(sys.stdin.buffer.read())
    line.shutdown(socket.SHUT_WR)
    sys.exit(line.recv(1) != b"+")
"""


# Opens the databases that it is told, one a line: the first to see how long that takes, the second to be killed over.
OPEN = """
import sys
sys.modules["pandas"] = sys.modules["numpy"] = None  # sqlite-utils would import them, for a second each time
from pathlib import Path
from monitor.store.writer import Writer
for line in sys.stdin:
    Writer.open(Path(line.strip())).close()
    print("opened", flush=True)
"""


@dataclass
class Wire:
    """Feeds with something new at each request; the newest first. `served` are the titles of all that was sent."""

    desk: Desk
    served: list[str] = field(default_factory=list)
    still: bool = False
    _news: dict[str, list[Item]] = field(default_factory=dict)

    def route(self, request: Request) -> bytes:
        news = self._news.setdefault(request.path, [])
        for _ in range(0 if self.still else NEW):
            number = len(self.served)
            about = "DeepSeek" if number % 4 == 0 else "Rates"
            item = Item(f"{about} {number} {random.Random(number).randbytes(6).hex()}")
            news.insert(0, item)
            self.served.append(item.title)
        del news[KEPT:]
        body = f'<rss version="2.0"><channel><title>w</title>{"".join(item.xml() for item in news)}</channel></rss>'
        return reply(body)


@dataclass
class Receiver:
    """A server that takes alerts, one a connection, and says + when it has one."""

    ids: set[str] = field(default_factory=set)
    port: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.read()
        if line.endswith(b"\n"):
            self.ids.add(json.loads(line)["id"])
            writer.write(b"+")
        writer.close()


@dataclass
class Observer:
    """A second program that reads, and remembers all that it ever saw committed."""

    database: Path
    headlines: dict[int, tuple[str, str]] = field(default_factory=dict)
    alerts: dict[int, str] = field(default_factory=dict)
    quoted_at: str = ""

    def look(self) -> None:
        """Raises sqlite3.Error while there is nothing to be read yet."""
        with self._connected() as connection:
            newest = max(self.headlines, default=0), max(self.alerts, default=0)
            found = connection.execute("SELECT id, key, title FROM headlines WHERE id > ?", newest[:1])
            self.headlines |= {number: (key, title) for number, key, title in found}
            self.alerts |= dict(connection.execute("SELECT number, id FROM alerts WHERE number > ?", newest[1:]))
            ((quoted_at,),) = connection.execute("SELECT max(fetched_at) FROM quotes")
            self.quoted_at = max(self.quoted_at, quoted_at or "")

    def judge(self, *, thoroughly: bool) -> None:
        """The database is whole, and everything that was seen is in it."""
        with self._connected() as connection:
            check = "integrity_check" if thoroughly else "quick_check"
            assert connection.execute(f"PRAGMA {check}").fetchall() == [("ok",)]
            stored = {n: (key, title) for n, key, title in connection.execute("SELECT id, key, title FROM headlines")}
            assert self.headlines.items() <= stored.items()
            assert self.alerts.items() <= dict(connection.execute("SELECT number, id FROM alerts")).items()
            ((quoted_at,),) = connection.execute("SELECT max(fetched_at) FROM quotes")
            assert (quoted_at or "") >= self.quoted_at
            if thoroughly:
                index = "SELECT count(*) FROM headlines WHERE id NOT IN (SELECT rowid FROM headlines_fts)"
                assert connection.execute(index).fetchone() == (0,)

    def waiting(self) -> int:
        with self._connected() as connection:
            query = "SELECT count(*) FROM alert_deliveries WHERE delivered_at IS NULL"
            (count,) = connection.execute(query).fetchone()
        return int(count)

    def stored(self) -> list[tuple[str, str]]:
        """Id and severity of each alert."""
        with self._connected() as connection:
            return connection.execute("SELECT id, severity FROM alerts").fetchall()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            yield connection


@asynccontextmanager
async def loaded_desk(folder: Path) -> AsyncIterator[tuple[Desk, Wire, Receiver]]:
    """A desk whose feeds bring news at each poll, some of it alerts, with a log and a second sink."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    async with server, open_desk(folder) as desk:
        wire = Wire(desk)
        desk.feeds = [f"/wire{number}" for number in range(FEEDS)]
        desk.news.routes |= dict.fromkeys(desk.feeds, wire.route)
        text = SETTINGS.format(
            feeds="\n".join(f'  - {{name: "{path}", url: "{desk.news.url(path)}"}}' for path in desk.feeds),
            rules=RULES,
            alert_log=desk.alert_log,
            exchange=desk.exchange.url,
        )
        program = folder / "send.py"
        program.write_text(SEND)
        command = [sys.executable, "-I", "-S", str(program), str(receiver.port)]
        sink = f"    - command: {{argv: {json.dumps(command)}, min_severity: critical}}\n"
        desk.settings_file.write_text(text.replace("poll: {", f"{sink}poll: {{"), encoding="utf-8")
        yield desk, wire, receiver


async def one_life(desk: Desk, wire: Wire, observer: Observer, dice: random.Random) -> str:
    """Start a collector and kill it at a random moment after something that can be seen; what that was."""
    seen = dice.choices(["the start", "a request", "a commit", "a quote"], [2, 3, 5, 1])[0]
    moment = dice.random() ** 2 * LONGEST
    process = await desk.start("collect")
    requests, quotes = len(desk.news.requests), len(desk.exchange.requests)
    committed = len(observer.headlines)

    def came() -> bool:
        if seen == "a request":
            return len(desk.news.requests) > requests
        if seen == "a quote":
            return len(desk.exchange.requests) > quotes
        try:
            observer.look()
        except sqlite3.Error:  # it is being made this moment
            return False
        return len(observer.headlines) > committed

    if seen != "the start":
        await until(lambda: came() or process.returncode is not None)
    assert process.returncode is None, await process.communicate()
    end = asyncio.get_running_loop().time() + moment
    while (left := end - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(min(left, 0.01))
        if seen == "a commit":  # in the other lives nobody has the database open but its collector
            observer.look()
    desk.fall = dice.choice([0.0, -5.0])
    process.kill()
    await process.communicate()
    return seen


async def test_nothing_committed_is_lost_and_every_alert_is_delivered_whenever_the_collector_is_killed(
    tmp_path: Path,
) -> None:
    dice = random.Random(20250127)
    async with loaded_desk(tmp_path) as (desk, wire, receiver):
        observer = Observer(desk.database)
        moments: dict[str, int] = {}
        for number in range(KILLS):
            seen = await one_life(desk, wire, observer, dice)
            moments[seen] = moments.get(seen, 0) + 1
            if observer.headlines:
                observer.judge(thoroughly=number % 20 == 0)
        process = await desk.start("collect")
        await until(lambda: desk.exchange.requests, process=process)
        await until(lambda: everything_arrived(wire, observer), process=process)
        await terminated(process)
        observer.judge(thoroughly=True)
        delivered(desk, observer, receiver)
        print(
            f"\nkilled after {moments}: {len(observer.headlines)} headlines and {len(observer.alerts)} alerts, "
            f"of which {len(receiver.ids)} critical; {len(desk.alert_log.read_text().splitlines())} lines in the log"
        )


def everything_arrived(wire: Wire, observer: Observer) -> bool:
    """Once nothing new comes: whatever was ever sent is stored, and no alert waits."""
    wire.still = True
    observer.look()
    return set(wire.served) <= {title for _, title in observer.headlines.values()} and not observer.waiting()


def delivered(desk: Desk, observer: Observer, receiver: Receiver) -> None:
    """Each stored alert stands in the log, and was taken by the second sink if it is for that. A line that a kill tore
    is closed and its alert written again: there is no other torn line.
    """
    logged, torn = set(), []
    for line in desk.alert_log.read_text(encoding="utf-8").splitlines():
        try:
            logged.add(json.loads(line)["id"])
        except ValueError:
            torn.append(line)
    stored = observer.stored()
    assert stored
    assert {number for number, _ in stored} <= logged
    assert {number for number, severity in stored if severity == "critical"} <= receiver.ids
    assert logged <= {number for number, _ in stored}, "an alert is told only after it was stored"
    assert torn == []


def killed_while_opening(measured: Path, path: Path, dice: random.Random) -> None:
    """Kill a process somewhere within making, or bringing up to date, the database at `path`."""
    with subprocess.Popen(
        [sys.executable, "-c", OPEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        taken = 0.0
        for known in (measured.with_name("first.db"), measured):  # the first has imports in it
            began = time.perf_counter()
            process.stdin.write(f"{known}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "opened\n"
            taken = time.perf_counter() - began
        process.stdin.write(f"{path}\n")
        process.stdin.flush()
        end = time.perf_counter() + taken * 1.1 * dice.random()
        while time.perf_counter() < end:
            pass
        process.kill()


def openable(path: Path) -> None:
    """A viewer can read it or is told why not yet; a collector can write it, and finds nothing broken."""
    with suppress(StoreError):
        Reader.open(path).close()
    with Writer.open(path) as writer:
        poll(writer)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def made(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All but the ledger of the steps: a library makes that, and its index after it, in two goes."""
    return {name: columns for name, columns in tables(path).items() if not name.startswith("_sqlite_migrations")}


def test_a_first_start_that_was_killed_is_made_good_by_the_next(tmp_path: Path) -> None:
    dice = random.Random(1)
    for number in range(max(3, KILLS // 2)):
        path = tmp_path / str(number) / "monitor.db"
        killed_while_opening(tmp_path / f"{number}.db", path, dice)
        openable(path)
        assert made(path) == made(tmp_path / f"{number}.db")


def test_an_upgrade_that_was_killed_is_made_good_by_the_next_and_loses_nothing(tmp_path: Path) -> None:
    dice = random.Random(2)
    for number in range(max(3, KILLS // 2)):
        path = first_version(tmp_path / f"{number}.db")
        killed_while_opening(first_version(tmp_path / f"{number}-measured.db"), path, dice)
        openable(path)
        assert made(path) == made(tmp_path / f"{number}-measured.db")
        with closing(Reader.open(path)) as reader:
            assert [headline.title for headline in reader.headlines()] == ["딥시크 충격"]
            assert [bar.close for bar in reader.bars("NVDA")] == [118.5]
            assert len(reader.alerts_after(0)) == 1
