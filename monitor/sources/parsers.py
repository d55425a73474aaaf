"""Parsing that holds nobody up: little work is done at once, more of it in other processes, none of it for ever."""

from __future__ import annotations

import asyncio
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from monitor.models import Failed, FailureKind
from monitor.sources.frames import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from monitor.sources.reduce import Document, Reduced

HERE = 0.3  # seconds of CPU for parsing that the event loop is burdened with before processes take over,
HERE_WITHIN = 10.0  # of so many seconds
FEW = 4  # new items that are parsed in the time that it takes to hand them to a process
PATIENCE = 1.0  # seconds that a document waits for the process before another one is started
STARTING = 20.0  # seconds that a process may take to start on a busy machine; 0.1 is usual

# The parent's own path and nothing more, so that it finds the same modules, and none in the current directory.
_PROGRAM = """
import sys
limit, *sys.path[:] = sys.argv[1:]
from monitor.sources.parser_process import serve
serve(float(limit))
"""


class ParserPool:
    """Reads documents as `parse.read` does, each within `limit` seconds of parsing.

    Small documents are parsed at once; when they are many, as on a first load, or a process is there anyway, all but
    the smallest are parsed where the large ones are: in a process of about 30 MB. Reading is quicker than recording
    what was read, so one is enough until a document has waited for it too long: then there are more, `workers` at most.
    One is started when it is needed first, or by `warm`, and ended when there was nothing to do for it in `idle`
    seconds. Use the pool as a context manager, or call `aclose`.
    """

    def __init__(self, *, workers: int = 2, limit: float = 10.0, idle: float = 60.0) -> None:
        self._workers = workers
        self._limit = limit
        self._idle = idle
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._hands: set[_Hand] = set()
        self._closed = False
        self._here_since = float("-inf")  # a time of the event loop's
        self._here = 0.0  # seconds of parsing since then

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
        from monitor.sources.reduce import Reduced, reduce  # 25 ms, when there is a document

        reduced = reduce(body, content_type=content_type, url=url, known=known, language=language)
        del body
        if not isinstance(reduced, Reduced):
            return reduced
        if (len(reduced.items.new) <= FEW or not self._hands) and self._has_time() and reduced.light:
            from monitor.sources.parse import parse  # and as much again

            began = time.thread_time()
            try:
                return parse(reduced)
            finally:
                self._here += time.thread_time() - began
        return await self._delegate(_Job(reduced))

    async def aclose(self) -> None:
        """End all processes, also those at work: their documents are `Failed`."""
        self._closed = True
        with suppress(Empty):
            while job := self._jobs.get_nowait():
                job.tell(_ended())
        for hand in self._hands:
            self._jobs.put(None)
            hand.close()
        for hand in tuple(self._hands):
            await asyncio.to_thread(hand.join)

    def warm(self) -> None:
        """Start a process, because much is to come: what it loads, it loads meanwhile."""
        if not self._hands:
            self._hire()

    async def _delegate(self, job: _Job) -> Document | Failed:
        if self._closed:
            return _ended()
        self._jobs.put(job)
        self.warm()
        relief = job.loop.call_later(PATIENCE, self._relieve)
        try:
            return await job.answer
        finally:
            relief.cancel()
            if job.answer.cancelled():
                for hand in self._hands:
                    hand.drop(job)

    def _relieve(self) -> None:
        if not self._closed and not self._jobs.empty() and len(self._hands) < self._workers:
            self._hire()

    def _hire(self) -> None:
        hand = _Hand(self._jobs, self._limit, self._idle, self._gone)
        self._hands.add(hand)
        hand.start()

    def _gone(self, hand: _Hand) -> None:
        self._hands.discard(hand)
        if not self._closed and not self._jobs.empty():  # that came while it was leaving
            self.warm()

    def _has_time(self) -> bool:
        """Whether the event loop has not parsed too much of late."""
        now = asyncio.get_running_loop().time()
        if now - self._here_since > HERE_WITHIN:
            self._here_since, self._here = now, 0.0
        return self._here < HERE


class _Job:
    """A document to be parsed; made in the event loop that waits for the answer."""

    def __init__(self, reduced: Reduced) -> None:
        self.reduced = reduced
        self.loop = asyncio.get_running_loop()
        self.answer: asyncio.Future[Document | Failed] = self.loop.create_future()

    def tell(self, outcome: Document | Failed) -> None:
        """From any thread."""

        def tell() -> None:
            if not self.answer.done():
                self.answer.set_result(outcome)

        with suppress(RuntimeError):  # the loop has ended, so nobody waits
            self.loop.call_soon_threadsafe(tell)


class _Hand(threading.Thread):
    """A thread with a parser process: it takes jobs whatever the event loop is at, which may be a long commit."""

    def __init__(
        self, jobs: SimpleQueue[_Job | None], limit: float, idle: float, gone: Callable[[_Hand], None]
    ) -> None:
        super().__init__(name="parser", daemon=True)
        self._jobs = jobs
        self._limit = limit
        self._idle = idle
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()  # over what others may kill
        self._closed = False
        self._at: _Job | None = None
        self._worker: _Worker | None = None

    def run(self) -> None:
        with suppress(OSError):  # it is said when there is a document that cannot be read for it
            self._start()
        with suppress(Empty):
            while job := self._jobs.get(timeout=self._idle):
                job.tell(self._outcome(job))
        if self._worker is not None:
            self._worker.end()
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._gone, self)

    def close(self) -> None:
        """Give up the document it is at; it takes no other."""
        with self._lock:
            self._closed = True
            if self._worker is not None:
                self._worker.kill()

    def drop(self, job: _Job) -> None:
        """Nobody waits for this one any more."""
        with self._lock:
            if self._at is job and self._worker is not None:
                self._worker.kill()

    def _outcome(self, job: _Job) -> Document | Failed:
        try:
            worker = self._start()
        except OSError as error:
            return Failed(kind=FailureKind.PARSER, reason=f"no process could be started for it: {error.strerror}")
        with self._lock:
            if self._closed or job.answer.cancelled():
                return _ended()
            self._at = job
        outcome = worker.ask(job.reduced)
        with self._lock:
            self._at = None
            if outcome is None:
                self._worker = None
        return worker.end() if outcome is None else outcome

    def _start(self) -> _Worker:
        """The process, another one when it has died meanwhile. Raises OSError when none can be started."""
        worker = self._worker
        if worker is None or not worker.alive:
            if worker is not None:
                worker.end()
            worker = self._worker = None
            worker = self._worker = _Worker(self._limit)
        return worker


class _Worker:
    """One parser process, started at once. `ask` and `end` wait, so they belong in a thread, and in one alone."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
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
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            return None
        answers = select.poll()
        answers.register(stdout, select.POLLIN)
        try:
            write_frame(stdin, pickle.dumps(reduced))
            if not answers.poll((self._limit + STARTING) * 1000):
                self.kill()  # its own alarm should have ended it long before
            answer = read_frame(stdout)
        except OSError:
            return None
        outcome: Document | Failed | None = pickle.loads(answer) if answer else None  # noqa: S301 (from our process)
        return outcome

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> Failed:
        """Kill the process, leave no zombie, and say what became of the document it was at."""
        self._process.kill()
        self._process.communicate()
        status = self._process.wait()
        if status == -signal.SIGALRM:
            return Failed(kind=FailureKind.PARSER, reason=f"the parser was stopped after {self._limit:g} s")
        how = f"signal {-status}" if status < 0 else f"exit status {status}"
        return Failed(kind=FailureKind.PARSER, reason=f"the parser died over it ({how})")


def _ended() -> Failed:
    return Failed(kind=FailureKind.PARSER, reason="the parser was ended before it could read this")
