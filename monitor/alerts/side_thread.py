"""Blocking work beside the event loop: a disk, a pipe or a library that hangs holds up neither the loop nor its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from monitor.errors import SinkError


class SideThread:
    """Runs one job at a time, each in a daemon thread, so that the process can end while a job hangs.

    A job that overran its time keeps its thread; until it returns, `run` refuses others, so none pile up.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._busy = threading.Lock()

    async def run(self, job: Callable[[], None], patience: timedelta) -> None:
        """Raises what `job` raises, and SinkError when it outlasts `patience` or an earlier job still hangs."""
        if not self._busy.acquire(blocking=False):
            raise SinkError(f"{self._name}: an earlier delivery still hangs")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def work() -> None:
            failure: Exception | None = None
            try:
                job()
            except Exception as error:  # noqa: BLE001 (raised again where it is awaited)
                failure = error
            self._busy.release()
            with suppress(RuntimeError):  # the loop ended before the job did
                loop.call_soon_threadsafe(_settle, done, failure)

        try:
            threading.Thread(target=work, name=self._name, daemon=True).start()
        except RuntimeError as error:  # out of threads or memory
            self._busy.release()
            raise SinkError(f"{self._name}: {error}") from error
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await done
        except TimeoutError:
            raise SinkError(f"{self._name}: no end after {patience.total_seconds():g} s") from None


def _settle(done: asyncio.Future[None], failure: Exception | None) -> None:
    if done.done():
        return
    if failure is None:
        done.set_result(None)
    else:
        done.set_exception(failure)
