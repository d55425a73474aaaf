"""The parser pool with real processes: answers as `read`, survives whatever happens to them, leaves none behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.models import Failed, FailureKind
from monitor.sources.parse import read
from monitor.sources.parsers import ParserPool
from monitor.sources.reduce import Document

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")

URL = "https://example.com/feed"
NOTHING: frozenset[bytes] = frozenset()
ROOT = Path(__file__).parents[1]


def feed(count: int) -> bytes:
    items = "".join(
        f"<item><guid>{n}</guid><title>Title {n}</title><link>/n/{n}</link><description>Words {n}</description></item>"
        for n in range(count)
    )
    return f"<rss><channel><title>t</title>{items}</channel></rss>".encode()


LARGE = feed(200)
ENDLESS = (
    b"<rss><channel><item><title>a</title>" + b"<b>" * 1_000_000 + b"</item></channel></rss>"
)  # quadratic: minutes


async def ask(pool: ParserPool, body: bytes) -> Document | Failed:
    return await pool.read(body, content_type=None, url=URL, known=NOTHING)


def parsers(parent: int | None = None) -> dict[int, str]:
    """The parser processes that `parent` has (this process, if None): pid -> state, "Z" for a zombie."""
    found: dict[int, str] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, ppid = stat.read_text().rpartition(")")[2].split()[:2]
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(ppid) == (parent or os.getpid()) and (b"parser_process" in command or state == "Z"):
            found[int(stat.parent.name)] = state
    return found


async def eventually(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 (it is other processes that change)
            await asyncio.sleep(0.01)


async def test_a_large_document_is_read_as_read_reads_it() -> None:
    async with ParserPool() as pool:
        assert await ask(pool, LARGE) == read(LARGE, content_type=None, url=URL, known=NOTHING)
        assert len(parsers()) == 1
    assert parsers() == {}


async def test_a_small_document_needs_no_process() -> None:
    async with ParserPool() as pool:
        result = await ask(pool, feed(5))
        assert isinstance(result, Document)
        assert len(result.entries) == 5
        assert parsers() == {}


async def test_of_many_small_documents_only_the_first_few_are_parsed_in_this_process() -> None:
    small = feed(20)
    async with ParserPool() as pool:
        documents = [await ask(pool, small)]
        while not parsers():
            assert len(documents) < 3000, "each takes a millisecond"
            documents.append(await ask(pool, small))
        documents += await asyncio.gather(*(ask(pool, small) for _ in range(10)))
        assert len(parsers()) == 1
    assert set(documents) == {read(small, content_type=None, url=URL, known=NOTHING)}


async def test_a_warm_pool_has_its_process_before_the_first_document() -> None:
    async with ParserPool(workers=2) as pool:
        pool.warm()
        await eventually(parsers)
        before = set(parsers())
        await asyncio.gather(*(ask(pool, LARGE) for _ in range(4)))
        assert set(parsers()) == before
        pool.warm()
        assert set(parsers()) == before
    assert not parsers()


async def test_known_items_and_language_reach_the_process() -> None:
    before = read(LARGE, content_type=None, url=URL, known=NOTHING)
    assert isinstance(before, Document)
    items = "".join(f"<item><title>n{n}</title><pubDate>2025-01-27 09:00</pubDate></item>" for n in range(100))
    more = LARGE.replace(b"<item>", items.encode() + b"<item>", 1)
    async with ParserPool() as pool:
        after = await pool.read(more, content_type=None, url=URL, known=before.item_digests, language="ko")
    assert isinstance(after, Document)
    assert len(after.entries) == 100
    assert {entry.published_at.hour for entry in after.entries if entry.published_at} == {0}


async def test_what_is_no_feed_fails_at_once() -> None:
    async with ParserPool() as pool:
        result = await ask(pool, b"<html></html>" * 100_000)
        assert isinstance(result, Failed)
        assert result.kind is FailureKind.NOT_A_FEED
        assert parsers() == {}


async def test_documents_that_take_long_hold_up_the_others_only_when_they_are_as_many_as_the_processes() -> None:
    async with ParserPool(workers=2, limit=60) as pool:
        first = asyncio.create_task(ask(pool, ENDLESS))
        await eventually(parsers)
        assert isinstance(await ask(pool, LARGE), Document)
        assert not first.done()
        second = asyncio.create_task(ask(pool, ENDLESS))
        await eventually(lambda: list(parsers().values()) == ["R", "R"])
        third = asyncio.create_task(ask(pool, LARGE))
        await asyncio.sleep(0)
        first.cancel()
        assert isinstance(await third, Document)
        assert not second.done()
        assert len(parsers()) == 2


async def test_a_document_that_hangs_the_parser_is_given_up_and_the_next_is_read() -> None:
    async with ParserPool(workers=1, limit=0.5) as pool:
        result = await ask(pool, ENDLESS)
        assert result == Failed(kind=FailureKind.PARSER, reason="the parser was stopped after 0.5 s")
    async with ParserPool(workers=1, limit=20) as pool:
        hung = asyncio.create_task(ask(pool, ENDLESS))
        await eventually(parsers)
        (pid,) = parsers()
        os.kill(pid, signal.SIGALRM)
        assert await hung == Failed(kind=FailureKind.PARSER, reason="the parser was stopped after 20 s")
        assert isinstance(await ask(pool, LARGE), Document)
        assert pid not in parsers()


async def test_a_process_killed_at_work_fails_that_document_only() -> None:
    async with ParserPool() as pool:
        work = asyncio.create_task(ask(pool, ENDLESS))
        await eventually(parsers)
        other = asyncio.create_task(ask(pool, LARGE))
        os.kill(next(iter(parsers())), signal.SIGKILL)
        assert await work == Failed(kind=FailureKind.PARSER, reason="the parser died over it (signal 9)")
        assert isinstance(await other, Document)


async def test_a_process_killed_while_idle_is_not_missed() -> None:
    async with ParserPool() as pool:
        await ask(pool, LARGE)
        (pid,) = parsers()
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # left for the pool to find
        assert isinstance(await ask(pool, LARGE), Document)


async def test_a_process_leaves_interrupts_to_the_collector() -> None:
    async with ParserPool() as pool:
        await ask(pool, LARGE)
        (pid,) = parsers()
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
        assert os.getsid(pid) != os.getsid(0)  # nor does the terminal's Ctrl-C reach it
        assert isinstance(await ask(pool, LARGE), Document)
        assert list(parsers()) == [pid]


async def test_cancelling_a_read_ends_its_process_and_frees_its_place() -> None:
    async with ParserPool(workers=1) as pool:
        work = asyncio.create_task(ask(pool, ENDLESS))
        await eventually(parsers)
        waiting = asyncio.create_task(ask(pool, LARGE))
        await asyncio.sleep(0)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert isinstance(await waiting, Document)
        await eventually(lambda: list(parsers().values()) in (["S"], ["R"]))


async def test_an_idle_process_ends() -> None:
    async with ParserPool(idle=0.05) as pool:
        await asyncio.gather(*(ask(pool, LARGE) for _ in range(4)))
        await eventually(lambda: parsers() == {})
        assert isinstance(await ask(pool, LARGE), Document)


async def test_closing_ends_work_and_waiting_and_leaves_no_process() -> None:
    pool = ParserPool()
    works = [asyncio.create_task(ask(pool, ENDLESS)) for _ in range(4)]
    await eventually(lambda: len(parsers()) == 2)
    await pool.aclose()
    assert parsers() == {}
    for work in works:
        result = await work
        assert isinstance(result, Failed)
        assert result.kind is FailureKind.PARSER


async def test_a_process_that_cannot_be_started_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    async with ParserPool() as pool:
        result = await ask(pool, LARGE)
        assert isinstance(result, Failed)
        assert result.reason == "no process could be started for it: No such file or directory"


SCRIPT = """
import asyncio, os, sys
from monitor.sources.parsers import ParserPool

async def main():
    async with ParserPool(limit=2) as pool:
        async def ask(body):
            return await pool.read(body, content_type=None, url="https://example.com/", known=frozenset())
        items = b"".join(b"<item><title>%d</title></item>" % n for n in range(300))
        print(len((await ask(b"<rss><channel>" + items + b"</channel></rss>")).entries), flush=True)
        if "wait" in sys.argv:
            await asyncio.sleep(600)
        if "work" in sys.argv:
            await ask(b"<rss><channel><item><title>a</title>" + b"<b>" * 1000000 + b"</item></channel></rss>")

if __name__ == "__main__":
    asyncio.run(main())
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A collector of its own, started by its file in `folder` while in a directory with a trap."""
    script = folder / "collector.py"
    script.write_text(SCRIPT)
    trap = folder / "trap"
    trap.mkdir()
    for name in ("feedparser", "sgmllib", "signal"):
        (trap / f"{name}.py").write_text("raise SystemExit('imported from the current directory')")
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        cwd=trap,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)},
        stdout=subprocess.PIPE,
    )


def test_a_process_imports_what_its_collector_would_and_nothing_from_the_current_directory(tmp_path: Path) -> None:
    with start(tmp_path) as collector:
        output, _ = collector.communicate(timeout=60)
    assert output == b"300\n"
    assert collector.returncode == 0


@pytest.mark.parametrize("doing", ["wait", "work"])
def test_no_process_outlives_a_killed_collector(tmp_path: Path, doing: str) -> None:
    with start(tmp_path, doing) as collector:
        assert collector.stdout is not None
        assert collector.stdout.readline() == b"300\n"
        (pid,) = parsers(collector.pid)
        collector.kill()
    wait_for(lambda: not running(pid))


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
