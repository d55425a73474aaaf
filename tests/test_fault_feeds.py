"""Every way in which a feed can misbehave, all at once, in one collector: they cost the other feeds nothing."""

from __future__ import annotations

import asyncio
import ssl
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import trustme

from tests.bad_feeds import AGES, BROKEN, HEAD, LEAK, ODD, TIMEOUT
from tests.collecting import PATIENCE, SETTINGS, Desk, Item, open_desk, terminated, until
from tests.loopback import Loopback, Request, reply
from tests.watching import (
    MIB,
    Tail,
    children,
    descriptors,
    following,
    memory,
    rows,
    status,
    threads,
    titles,
)

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")

GOOD = [f"/good{number}" for number in range(5)]
SECONDS = 4  # poll.timeout
STALL = "/stall"
OF_ASYNCIO = 2  # threads that its own pool may keep
WORDS = ("DeepSeek", "export curbs", "data centres", "rates", "earnings")
NO_NAME = f"http://{'x' * 64}.example/feed"  # no name may have so long a part, so no resolver is asked


@dataclass
class Street:
    """A good host beside bad ones. `feeds` maps the name of each bad feed to its address; `stalls` counts the requests
    that one of them let hang, `hanging` those that hang now.
    """

    desk: Desk
    bad: Loopback
    feeds: dict[str, str]
    rounds: int = 0
    stalls: int = 0
    hanging: int = 0

    def settle(self, **others: str) -> None:
        """The settings: the good feeds, and these (name: address)."""
        feeds = {path: self.desk.news.url(path) for path in GOOD} | others
        text = SETTINGS.format(
            feeds="\n".join(f'  - {{name: "{name}", url: "{url}"}}' for name, url in feeds.items()),
            rules="  - {name: news, severity: warning, when: {headline: {topic: DeepSeek}}}",
            alert_log=self.desk.alert_log,
            exchange=self.desk.exchange.url,
        )
        text = text.replace("per_host: 8", "per_host: 16").replace("timeout: 20s", f"timeout: {SECONDS}s")
        self.desk.settings_file.write_text(text, encoding="utf-8")

    def publish(self) -> set[str]:
        """Something new in each good feed; its titles."""
        self.rounds += 1
        fresh = {path: f"{word} round {self.rounds}" for path, word in zip(GOOD, WORDS, strict=True)}
        for path, title in fresh.items():
            self.desk.publish(path, Item(title))
        return set(fresh.values())

    async def stall(self, request: Request) -> None:
        """Half an answer, and nothing more until the client gives up."""
        self.stalls += 1
        self.hanging += 1
        try:
            request.writer.write(HEAD + b"<rss")
            await request.reader.read()
        finally:
            self.hanging -= 1


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(open_desk(tmp_path))
        bad = await stack.enter_async_context(Loopback(host="127.0.0.2"))
        hurt = await stack.enter_async_context(Loopback(host="127.0.0.3"))
        secret = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.4").configure_cert(secret)
        unknown = await stack.enter_async_context(Loopback(host="127.0.0.4", ssl_context=secret))
        feeds: dict[str, str] = {}
        for name, route in [(feed.name, feed.route) for feed in BROKEN] + [(odd.name, odd.route) for odd in ODD]:
            path = f"/{len(feeds)}"
            bad.routes[path] = route()
            feeds[name] = bad.url(path)
        bad.routes[LEAK] = reply(b"leaked")
        hurt.routes["/429"] = reply(b"", 429, headers={"Retry-After": AGES})
        feeds |= {
            "429": hurt.url("/429"),
            "handshake that hangs": bad.url("/feed").replace("http:", "https:"),
            "unknown certificate": unknown.url("/feed"),
            "no name": NO_NAME,
            "nobody there": "http://127.0.0.1:1/feed",
        }
        street = Street(desk, bad, feeds)
        bad.routes[STALL] = street.stall
        street.feeds["stall of this street"] = bad.url(STALL)
        yield street


SAID = {feed.name: feed.says.replace("HOST", "127.0.0.2") for feed in BROKEN} | {
    "429": "127.0.0.3 says that it is asked too often (429 Too Many Requests)",
    "handshake that hangs": TIMEOUT.replace("HOST", "127.0.0.2"),
    "unknown certificate": "the certificate of 127.0.0.4 cannot be trusted: unable to get local issuer certificate",
    "no name": f"the name {'x' * 64}.example cannot be looked up: it is not a possible name",
    "nobody there": "no connection to 127.0.0.1 port 1: Connection refused",
    "stall of this street": TIMEOUT.replace("HOST", "127.0.0.2"),
}


def heard(desk: Desk) -> set[str]:
    """The feeds that have failed twice and say why, in the very words."""
    found = rows(desk.database, "SELECT name, error FROM feeds WHERE failures >= 2")
    return {name for name, error in found if name in SAID and error == SAID[name].replace("SECONDS", str(SECONDS))}


async def good_news_while_others_hang(street: Street, tail: Tail, process: Process) -> None:
    """Rounds of news in the good feeds until each broken feed has failed in its words. In three rounds or more, all of
    the news was printed while one and the same request hung: nobody waited for that to be given up.
    """
    unhindered, silent = 0, set(SAID)
    while unhindered < 3 or silent:
        hanging = street.stalls if street.hanging else None
        fresh = street.publish()
        await until(partial(fresh.issubset, tail.titles), process=process)
        unhindered += hanging == street.stalls
        silent -= heard(street.desk)


@pytest.mark.timeout(300)
async def test_all_bad_feeds_at_once_cost_the_good_ones_nothing(street: Street) -> None:
    desk = street.desk
    street.settle()
    first = street.publish()
    process = await desk.start("collect")
    await until(lambda: first <= titles(desk) and rows(desk.database, "SELECT * FROM quotes"), process=process)
    calm, most = (descriptors(process.pid), threads(process.pid)), memory(process.pid, "VmHWM")

    street.settle(**street.feeds)
    async with asyncio.timeout(3 * PATIENCE), following(desk) as tail:
        await good_news_while_others_hang(street, tail, process)
    code, report = await status(desk)
    assert (code, report["state"]) == (1, "degraded")
    assert f"{len(SAID)} of {len(street.feeds) + len(GOOD)} feeds fail" in report["troubles"]
    failing = {feed["name"]: feed["next_check_at"] for feed in report["feeds"] if feed["failures"]}
    assert failing.keys() == SAID.keys()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    assert all(datetime.fromisoformat(next_check_at) < soon for next_check_at in failing.values())
    stored = titles(desk)
    assert {odd.name for odd in ODD if not set(odd.titles) <= stored} == set()
    assert all(request.path != LEAK for request in street.bad.requests)
    assert memory(process.pid, "VmHWM") - most < 100 * MIB, "a bomb of 128 MiB was not inflated"
    polls = "SELECT DISTINCT outcome FROM polls JOIN feeds ON feeds.id = feed_id WHERE name LIKE '/good%'"
    assert set(rows(desk.database, polls)) <= {("changed",), ("unchanged",)}
    rounds = {f"DeepSeek round {number} (/good0)" for number in range(1, street.rounds + 1)}
    await until(lambda: rounds <= set(desk.alert_texts("news")), process=process)

    street.settle()
    await until(lambda: descriptors(process.pid) <= calm[0], process=process)
    await until(lambda: threads(process.pid) <= calm[1] + OF_ASYNCIO, process=process)
    await until(lambda: not children(process.pid), process=process)
    assert await terminated(process) == 0
