"""The collector's own cost of polling: 200 feeds of 50 entries on loopback, through fetch, parse, decide and commit."""

from __future__ import annotations

import asyncio
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from monitor.clock import Clock
from monitor.collector.feeds import FeedDesk
from monitor.collector.recorder import Recorder
from monitor.collector.results import Polled, Result
from monitor.config import PollSettings, Settings
from monitor.models import Feed
from monitor.sources.fetch import FeedClient
from monitor.sources.parsers import ParserPool
from monitor.store.writer import Writer

FEEDS = 200
ENTRIES = 50
A_MINUTE = 60.0

SERVER = """
import asyncio, sys
ENTRIES = int(sys.argv[1])
ITEM = (
    "<item><title>Headline {n} of feed {f}: chips, power and models</title><link>https://news.example/{f}/{n}</link>"
    "<guid>{f}-{n}</guid><pubDate>Mon, 27 Jan 2025 12:00:00 GMT</pubDate><description>" + "words " * 120
    + "</description></item>"
)
def document(feed, first, built):
    items = "".join(ITEM.format(n=n, f=feed) for n in range(first, first + ENTRIES))
    return (f"<rss version='2.0'><channel><title>{feed}</title><lastBuildDate>{built}</lastBuildDate>"
            f"{items}</channel></rss>").encode()
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            writer.write(answer(*head.partition(b"\\r\\n")[::2]))
    except asyncio.IncompleteReadError:
        writer.close()
def answer(line, headers):
    case, feed = line.split()[1].decode().strip("/").split("/")
    turn = TURNS[line] = TURNS.get(line, -1) + 1
    if case == "304" and b"if-none-match" in headers.lower():
        return b'HTTP/1.1 304 Not Modified\\r\\nETag: "1"\\r\\n\\r\\n'
    body = document(feed, turn if case == "entry" else 0, turn if case == "date" else 0)
    etag = b'ETag: "1"\\r\\n' if case == "304" else b""
    return b"HTTP/1.1 200 OK\\r\\n" + etag + b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body
TURNS = {}
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""
CASES = {
    "304": "answered by 304",
    "same": "the same bytes, no validators",
    "date": "only the build date changed",
    "entry": "one new entry in each",
}


async def measure() -> list[tuple[str, str]]:
    rows = []
    async with _server() as url:
        for case, words in CASES.items():
            cpu, wall = await _polls(url, case)
            share = cpu / A_MINUTE * 100
            rows.append(
                (
                    f"{FEEDS} feeds, {words}",
                    f"{cpu:.2f} s CPU, {wall:.2f} s wall; once a minute {share:.1f} % of a core",
                )
            )
    return rows


async def _polls(url: str, case: str, times: int = 3) -> tuple[float, float]:
    """Median CPU and wall seconds of polling all feeds once, after a first load and a warm-up."""
    feeds = tuple(Feed(url=f"{url}/{case}/{number}", name=f"{case} {number}") for number in range(FEEDS))
    poll = PollSettings(allow_private=True, host_gap=timedelta(0), per_host=32)
    settings = Settings(file="benchmark", feeds=feeds, poll=poll)
    with tempfile.TemporaryDirectory() as folder, Writer.open(Path(folder) / "b.db") as writer:
        recorder = Recorder(writer, settings, Clock(), [])
        async with FeedClient(poll, user_agent=poll.user_agent) as client:
            parsers = ParserPool()
            results: asyncio.Queue[Result] = asyncio.Queue()
            desk = FeedDesk(feeds, recorder.states, client, parsers, results, Clock(), workers=32)
            figures = [await _poll_once(desk, recorder, results) for _ in range(times + 2)][2:]
            await parsers.aclose()
    return sorted(cpu for cpu, _ in figures)[times // 2], sorted(wall for _, wall in figures)[times // 2]


async def _poll_once(desk: FeedDesk, recorder: Recorder, results: asyncio.Queue[Result]) -> tuple[float, float]:
    before, started = _cpu(), time.perf_counter()
    desk.hurry(None)
    asking = asyncio.create_task(desk.once())
    left = FEEDS
    while left:
        batch = [await results.get()]
        while not results.empty():
            batch.append(results.get_nowait())
        recorder.record(batch)
        for result in batch:
            assert isinstance(result, Polled)
            desk.recorded(result.feed.url)
        left -= len(batch)
    await asking
    return _cpu() - before, time.perf_counter() - started


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@asynccontextmanager
async def _server() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVER, str(ENTRIES)), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()
