"""The loopback newswire that all programs are given: RSS feeds, each at an address of its own, in a process of its own.

Feed `n` is at 127.1.x.y, because feeds in the world are at a host of their own: nobody gains by connections that stay
open, and nobody is slowed by manners towards a host. The documents are made before the first question; what the server
answers is told to it over its standard input, so all programs can be asked about the same day in turns.
"""

from __future__ import annotations

import asyncio
import html
import json
import random
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import cache
from typing import NamedTuple

CASES = {
    "304": "nothing changed, answered by 304",
    "same": "nothing changed, no validators",
    "date": "only the build date changed",
    "entry": "one new entry in every feed",
}
WORDS = (
    *("shares", "fall", "cheap", "model", "shakes", "markets", "spending", "plan", "chips", "data", "centre", "power"),
    *("analysts", "say", "the", "a", "of", "after", "before", "Nvidia", "Oracle", "DeepSeek", "Stargate", "Microsoft"),
    *("which", "investors", "expect", "quarter", "guidance", "export", "rules", "cloud", "memory", "bonds", "yields"),
)
LATENCY_SPREAD = 2 / 3  # of the mean, up and down, a figure of each feed


def urls(port: int, feeds: int) -> list[str]:
    return [f"http://127.1.{number // 250}.{number % 250 + 1}:{port}/{number}.xml" for number in range(feeds)]


class Used(NamedTuple):
    answers: int
    cpu: float  # seconds


class Newswire:
    """What the server is told, and what it has used."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.port = int(self._told()["port"])

    def answer(self, case: str, *, turn: int = 0, latency: float = 0.0) -> None:
        """From now on `case`, one of `CASES`, for the `turn`-th time; `latency` is the mean, in seconds."""
        self._ask(case=case, turn=turn, latency=latency)

    def used(self) -> Used:
        """What the server was asked and has spent since the last call."""
        said = self._ask()
        return Used(int(said["answers"]), said["cpu"])

    def _ask(self, **orders: str | float) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(orders) + "\n")
        self._process.stdin.flush()
        return self._told()

    def _told(self) -> dict[str, float]:
        assert self._process.stdout is not None
        said: dict[str, float] = json.loads(self._process.stdout.readline())
        return said


@contextmanager
def newswire(feeds: int, entries: int) -> Iterator[Newswire]:
    command = [sys.executable, "-m", "benchmarks.newswire", str(feeds), str(entries)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Newswire(process)
        finally:
            process.kill()


class Documents:
    """The document of each feed, as pieces that are put together when it is asked for: 10 µs."""

    def __init__(self, feeds: int, entries: int) -> None:
        self._made_at = datetime.now(UTC)
        self._chance = random.Random(27)
        self._items = [[self._item(feed, number) for number in range(entries)] for feed in range(feeds)]
        self._new: dict[tuple[int, int], bytes] = {}

    def of(self, feed: int, *, case: str, turn: int) -> bytes:
        news = turn if case == "entry" else 0
        built = self._made_at + timedelta(seconds=turn if case == "date" else 0)
        head = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
            f"<title>Feed {feed}</title><link>https://news.example/{feed}</link><description>News</description>"
            f"<lastBuildDate>{format_datetime(built)}</lastBuildDate>"
        )
        new = [self._newer(feed, number) for number in range(news, 0, -1)]
        old = self._items[feed][: len(self._items[feed]) - news]
        return b"".join([head.encode(), *new, *old, b"</channel></rss>"])

    def _newer(self, feed: int, number: int) -> bytes:
        if (feed, number) not in self._new:
            self._new[feed, number] = self._item(feed, -number)
        return self._new[feed, number]

    def _item(self, feed: int, number: int) -> bytes:
        """1 KB; a higher number is older."""
        at = self._made_at - timedelta(minutes=30 * (number + 100))
        words = self._chance.choices(WORDS, k=110)
        summary = html.escape(f"<p>{' '.join(words[10:])}</p><p><a href='https://news.example/{feed}'>More</a></p>")
        return (
            f"<item><title>{' '.join(words[:10])} {feed}-{number}</title>"
            f"<link>https://news.example/{feed}/{number}</link><guid isPermaLink='false'>tag:{feed}:{number}</guid>"
            f"<pubDate>{format_datetime(at)}</pubDate><category>Markets</category><description>{summary}</description>"
            "</item>"
        ).encode()


class Connection(asyncio.Protocol):
    """One client; its requests are answered one after the other."""

    def __init__(self, state: dict[str, float | str], documents: Documents) -> None:
        self._state = state
        self._documents = documents
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            request, _, self._received = self._received.partition(b"\r\n\r\n")
            feed = int(request.split(b" ", 2)[1].strip(b"/").removesuffix(b".xml"))
            mean = float(self._state["latency"])
            if mean:
                wait = mean * _share(feed)
                asyncio.get_running_loop().call_later(wait, self._answer, feed, request)
            else:
                self._answer(feed, request)

    def _answer(self, feed: int, request: bytes) -> None:
        case, turn = str(self._state["case"]), int(self._state["turn"])
        self._state["answers"] = int(self._state["answers"]) + 1
        etag = b'ETag: "of feed %d"\r\n' % feed if case == "304" else b""
        if etag and b'"of feed %d"' % feed in request:
            self._transport.write(b"HTTP/1.1 304 Not Modified\r\n" + etag + b"\r\n")
            return
        body = self._documents.of(feed, case=case, turn=turn)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n" + etag
        self._transport.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


@cache
def _share(feed: int) -> float:
    """Of the mean latency, the same for a feed always."""
    return 1 + random.Random(feed).uniform(-LATENCY_SPREAD, LATENCY_SPREAD)


async def serve(feeds: int, entries: int) -> None:
    documents = Documents(feeds, entries)
    state: dict[str, float | str] = {"case": "304", "turn": 0, "latency": 0.0, "answers": 0}
    listening = socket.socket()
    if hasattr(socket, "SO_BINDTODEVICE"):  # all of 127.0.0.0/8, and nothing that comes from another machine
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    listening.bind(("0.0.0.0", 0))
    spent = 0.0
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Connection(state, documents), sock=listening, backlog=1024)
    print(json.dumps({"port": listening.getsockname()[1]}), flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        orders = json.loads(line)
        state.update(orders)
        if not orders:
            now = resource.getrusage(resource.RUSAGE_SELF)
            print(json.dumps({"answers": state["answers"], "cpu": now.ru_utime + now.ru_stime - spent}), flush=True)
            state["answers"], spent = 0, now.ru_utime + now.ru_stime
        else:
            print("{}", flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
