"""Parsing that holds nobody up: little work is done at once, more of it in other processes, none of it for ever."""

from __future__ import annotations

import asyncio
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

from monitor.models import Failed, FailureKind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from types import TracebackType

    from monitor.sources.parse import Document, Reduced

HERE = 0.3  # seconds of CPU for parsing that the event loop is burdened with before processes take over,
HERE_WITHIN = 10.0  # of so many seconds
PATIENCE = 1.0  # seconds with one document, after which another process takes the next ones
STARTING = 20.0  # seconds that a process may take to start on a busy machine; 0.2 is usual

# The parent's own path and nothing more, so that it finds the same modules, and none in the current directory.
_PROGRAM = """
import sys
limit, *sys.path[:] = sys.argv[1:]
from monitor.sources.parser_process import serve
serve(float(limit))
"""


class ParserPool:
    """Reads documents as `parse.read` does, each within `limit` seconds of parsing.

    Small documents are parsed at once; when they are many, as on a first load, or a process has nothing to do, they are
    parsed where the large ones are: in a process of about 30 MB. Reading is quicker than recording what was read, so
    one is enough but for a document that takes long: then others, `workers` in all, go on with the rest. One is started
    when it is needed first, or by `warm`, and ended when there was nothing to do for it in `idle` seconds. Use the pool
    as a context manager, or call `aclose`.
    """

    def __init__(self, *, workers: int = 2, limit: float = 10.0, idle: float = 60.0) -> None:
        self._workers = workers
        self._limit = limit
        self._idle_limit = idle
        self._free = asyncio.Semaphore(workers)
        self._turn = asyncio.Semaphore(1)
        self._idle: dict[_Worker, asyncio.TimerHandle] = {}
        self._busy: set[_Worker] = set()
        self._closed = False
        self._here_since = float("-inf")  # a time of the event loop's
        self._here = 0.0  # seconds of parsing since then
        # They only wait for answers; the one more than there are processes reaps those no longer needed.
        self._threads = ThreadPoolExecutor(workers + 1, thread_name_prefix="parser")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def read(
        self, body: bytes, *, content_type: str | None, url: str, known: frozenset[bytes], language: str = ""
    ) -> Document | Failed:
        """As `parse.read`; a `Failed` also when the parser hangs or dies."""
        from monitor.sources.parse import Reduced, parse, reduce  # 40 ms, when there is a document

        reduced = reduce(body, content_type=content_type, url=url, known=known, language=language)
        del body
        if not isinstance(reduced, Reduced):
            return reduced
        if reduced.light and not self._idle and self._has_time():
            began = time.thread_time()
            try:
                return parse(reduced)
            finally:
                self._here += time.thread_time() - began
        async with self._free, self._in_turn():
            if self._closed:
                return Failed(kind=FailureKind.PARSER, reason="the parser was ended before it could read this")
            try:
                worker = self._take()
            except OSError as error:
                return Failed(kind=FailureKind.PARSER, reason=f"no process could be started for it: {error.strerror}")
            return await self._delegate(worker, reduced)

    async def aclose(self) -> None:
        """End all processes, also those at work: their documents are `Failed`."""
        if self._closed:
            return
        self._closed = True
        for worker in self._busy:
            worker.kill()
        for _ in range(self._workers):
            await self._free.acquire()
        while self._idle:
            self._end_idle(next(iter(self._idle)))
        await asyncio.to_thread(self._threads.shutdown)

    def warm(self) -> None:
        """Start a process, because much is to come: what it loads, it loads meanwhile."""
        if self._idle or self._busy:
            return
        with suppress(OSError):  # it is said when there is a document that cannot be read for it
            self._keep(_Worker(self._limit))

    def _keep(self, worker: _Worker) -> None:
        self._idle[worker] = asyncio.get_running_loop().call_later(self._idle_limit, self._end_idle, worker)

    @asynccontextmanager
    async def _in_turn(self) -> AsyncIterator[None]:
        """One document at a time, but for those that take longer than `PATIENCE`."""
        await self._turn.acquire()
        over = False

        def end() -> None:
            nonlocal over
            if not over:
                over = True
                self._turn.release()

        relief = asyncio.get_running_loop().call_later(PATIENCE, end)
        try:
            yield
        finally:
            relief.cancel()
            end()

    def _has_time(self) -> bool:
        """Whether the event loop has not parsed too much of late."""
        now = asyncio.get_running_loop().time()
        if now - self._here_since > HERE_WITHIN:
            self._here_since, self._here = now, 0.0
        return self._here < HERE

    def _take(self) -> _Worker:
        while self._idle:
            worker, timer = self._idle.popitem()  # the one used last, so that those not needed can end
            timer.cancel()
            if worker.alive:
                return worker
            self._threads.submit(worker.end)
        return _Worker(self._limit)

    async def _delegate(self, worker: _Worker, reduced: Reduced) -> Document | Failed:
        loop = asyncio.get_running_loop()
        outcome = None
        self._busy.add(worker)
        try:
            async with asyncio.timeout(self._limit + STARTING):
                outcome = await loop.run_in_executor(self._threads, worker.ask, reduced)
                if outcome is None:
                    return await loop.run_in_executor(self._threads, worker.end)
        except TimeoutError:  # its own alarm should have ended it long before
            return _stopped(self._limit)
        finally:
            self._busy.discard(worker)
            if outcome is None:
                worker.kill()
                self._threads.submit(worker.end)
            else:
                self._keep(worker)
        return outcome

    def _end_idle(self, worker: _Worker) -> None:
        self._idle.pop(worker).cancel()
        self._threads.submit(worker.end)


class _Worker:
    """One parser process, started at once. `ask` and `end` wait, so they belong in a thread."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._process = subprocess.Popen(  # noqa: S603 (this interpreter, this program)
            [sys.executable, "-P", "-c", _PROGRAM, str(limit), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # the terminal's Ctrl-C is for the collector
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, reduced: Reduced) -> Document | Failed | None:
        """The outcome of `reduced`; None when the process has ended over it, or has been killed."""
        from monitor.sources.parser_process import read_frame, write_frame

        with self._lock:
            stdin, stdout = self._process.stdin, self._process.stdout
            if stdin is None or stdout is None or stdin.closed:
                return None
            try:
                write_frame(stdin, pickle.dumps(reduced))
                answer = read_frame(stdout)
            except OSError:
                return None
        outcome: Document | Failed | None = pickle.loads(answer) if answer else None  # noqa: S301 (from our process)
        return outcome

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> Failed:
        """Kill the process, leave no zombie, and say what became of the document it was at."""
        with self._lock:
            self._process.kill()
            if self._process.stdin is not None and not self._process.stdin.closed:
                self._process.communicate()
        status = self._process.wait()
        if status == -signal.SIGALRM:
            return _stopped(self._limit)
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return Failed(kind=FailureKind.PARSER, reason=f"the parser died over it ({how})")


def _stopped(limit: float) -> Failed:
    return Failed(kind=FailureKind.PARSER, reason=f"the parser was stopped after {limit:g} s")
