"""The quote source in a process of its own, driven by JSON lines: `python -m tests.quote_child`.

yfinance keeps its session, cookie and crumb in a singleton for the life of a process, and curl reads the environment,
so tests that care about either start a child. `QuoteChild` is the parent's end.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from monitor.models import Bar, Quotes, QuotesFailed
from monitor.sources.quote_stream import QuoteStream
from monitor.sources.quote_ticks import StreamTick
from monitor.sources.yahoo import YahooQuotes

ROOT = Path(__file__).parent.parent
DEADLINE = 60.0


@dataclass(frozen=True)
class Settings:
    """What `YahooQuotes` reads of the quote settings."""

    timeout: timedelta
    endpoint: str | None
    batch: int = 50


class QuoteChild:
    """`async with QuoteChild(cache, endpoint=...) as child: await child.ask("fetch", symbols=["NVDA"])`."""

    def __init__(
        self,
        cache: Path,
        *,
        endpoint: str | None = None,
        timeout: float = 30.0,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._options = {"cache": str(cache), "endpoint": endpoint, "timeout": timeout}
        clean = {name: value for name, value in os.environ.items() if not name.upper().endswith("_PROXY")}
        self._environment = clean | dict(environment or {})
        self._answers: dict[int, asyncio.Future[Any]] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.quote_child",
            json.dumps(self._options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            cwd=ROOT,
        )
        self._listener = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self._process.kill()
        code, stderr = await self.end()
        if kind is None:
            assert (code, stderr) == (0, ""), "the child must end well and say nothing on standard error"

    async def end(self) -> tuple[int, str]:
        """Close the child's input, which ends it; its exit code and what it wrote to standard error."""
        assert self._process.stdin is not None
        assert self._process.stderr is not None
        self._process.stdin.close()
        async with asyncio.timeout(DEADLINE):
            stderr = await self._process.stderr.read()
            await self._listener
            return await self._process.wait(), stderr.decode()

    def send(self, what: str, **details: object) -> asyncio.Future[Any]:
        """Ask for something; its answer comes in the future that is returned."""
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": what, **details}).encode() + b"\n")
        return self._answers[number]

    async def ask(self, what: str, **details: object) -> Any:
        """Ask for something and wait for the answer."""
        async with asyncio.timeout(DEADLINE):
            return await self.send(what, **details)

    async def fetch(self, *symbols: str, now: str = "2025-01-27T17:00:00+00:00") -> Any:
        return await self.ask("fetch", symbols=symbols, now=now)

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            message = json.loads(line)
            self._answers[message["id"]].set_result(message["answer"])
        for future in self._answers.values():
            future.cancel()


class _Service:
    """The child's end: each line is a command, run as a task, so that one may be cancelled while it waits."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._cache = Path(options["cache"])
        self._tasks: dict[int, asyncio.Task[object]] = {}
        self._open(options["endpoint"], options["timeout"])

    def _open(self, endpoint: str | None, timeout: float) -> None:
        self._endpoint = endpoint
        self._quotes = YahooQuotes(Settings(timedelta(seconds=timeout), endpoint), self._cache)
        self._quotes.start()

    async def serve(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        async for line in reader:
            command = json.loads(line)
            task = asyncio.create_task(self._run(command))
            self._tasks[command["id"]] = task
        self._quotes.close()

    async def _run(self, command: dict[str, Any]) -> None:
        number, action = command.pop("id"), command.pop("do")
        try:
            answer = await getattr(self, f"do_{action}")(**command)
        except asyncio.CancelledError:
            answer = "cancelled"
        sys.stdout.write(json.dumps({"id": number, "answer": answer}) + "\n")
        sys.stdout.flush()

    async def do_fetch(self, symbols: list[str], now: str) -> object:
        return _plain(await self._quotes.fetch(symbols, now=datetime.fromisoformat(now)))

    async def do_history(self, symbol: str, interval: str, start: str, end: str) -> object:
        begin, until = datetime.fromisoformat(start), datetime.fromisoformat(end)
        return _plain(await self._quotes.history(symbol, interval=interval, start=begin, end=until, now=until))

    async def do_stream(self, symbols: list[str]) -> object:
        first: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        stream = QuoteStream(load=self._quotes.load, endpoint=self._endpoint)

        def take(tick: StreamTick) -> None:
            if not first.done():
                first.set_result(tick.price)

        task = asyncio.create_task(stream.run(symbols, take))
        try:
            return await first
        finally:
            task.cancel()

    async def do_reopen(self, endpoint: str) -> object:
        self._quotes.close()
        self._open(endpoint, 30.0)
        return None

    async def do_close(self) -> float:
        began = time.monotonic()
        self._quotes.close()
        return time.monotonic() - began

    async def do_cancel(self, command: int) -> object:
        self._tasks[command].cancel()
        return None

    async def do_resources(self) -> dict[str, object]:
        threads = sorted(thread.name for thread in threading.enumerate())
        return {"threads": threads, "files": len(os.listdir("/proc/self/fd"))}  # noqa: PTH208  # of this process


def _plain(outcome: Quotes | QuotesFailed | tuple[Bar, ...]) -> object:
    if isinstance(outcome, QuotesFailed):
        wait = outcome.retry_after
        return {
            "kind": outcome.kind,
            "reason": outcome.reason,
            "retry_after": None if wait is None else wait.total_seconds(),
        }
    if isinstance(outcome, Quotes):
        return {
            "prices": {quote.symbol: quote.price for quote in outcome.quotes},
            "fetched_at": sorted({quote.fetched_at.isoformat() for quote in outcome.quotes}),
            "unknown": list(outcome.unknown),
            "failure": None if outcome.failure is None else outcome.failure.kind,
        }
    return [[bar.at.isoformat(), bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in outcome]


if __name__ == "__main__":
    logging.getLogger("monitor").addHandler(logging.NullHandler())
    logging.getLogger("monitor").propagate = False  # what others log, and Python's warnings, must be kept off by itself
    asyncio.run(_Service(json.loads(sys.argv[1])).serve())
