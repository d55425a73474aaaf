"""The demo's servers as a child process that lives exactly as long as the block that needs them."""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import TYPE_CHECKING, Self, cast

from msgspec import Struct

from monitor.demo.script import SEED
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from monitor.clock import ReplayClock

READY_WITHIN = 60.0  # seconds; it takes one on an idle machine
ENDS_WITHIN = 2.0  # seconds that the child gets for ending by itself


class DemoServers(Struct):
    """`async with DemoServers(clock) as servers:` and `servers.newswire` and `servers.exchange` are URLs that answer.

    Both go by `clock`. `newswire_port` 0 takes a free port; a replay that goes on needs the one it had, as a feed's
    address is its identity. Entering raises MonitorError when the child does not start. The child ends with the block,
    and with this process however that ends.
    """

    clock: ReplayClock
    seed: int = SEED
    newswire_port: int = 0
    newswire: str = ""
    exchange: str = ""
    _process: Process | None = None
    _complaints: asyncio.Task[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor.demo.servers", "--seed", str(self.seed)),
            *("--speed", repr(self.clock.speed), "--wall-start", repr(self.clock.wall_start)),
            *("--sim-start", self.clock.starts_at.isoformat(), "--newswire-port", str(self.newswire_port)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,  # read to its end, so that a warning can neither reach the screen nor fill the pipe
            start_new_session=True,  # Ctrl-C is for this process to answer
        )
        output, complaints = (
            cast("asyncio.StreamReader", pipe) for pipe in (self._process.stdout, self._process.stderr)
        )
        self._complaints = asyncio.create_task(complaints.read())
        try:
            async with asyncio.timeout(READY_WITHIN):
                where = json.loads(await output.readline())
        except (TimeoutError, ValueError) as error:
            raise MonitorError(await self._why(error)) from error
        except asyncio.CancelledError:
            await self._end(patience=0)
            raise
        self.newswire, self.exchange = where["newswire"], where["exchange"]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end(patience=ENDS_WITHIN)

    async def _why(self, error: Exception) -> str:
        complaints = await self._end(patience=0)
        said = complaints.decode(errors="replace").strip().rpartition("\n")[2]
        return f"the demo's servers did not start: {said or repr(error)}"

    async def _end(self, *, patience: float) -> bytes:
        """End the child, by force after `patience` seconds; what it wrote to standard error."""
        process, complaints = self._process, self._complaints
        if process is None or complaints is None:
            return b""
        try:
            cast("asyncio.StreamWriter", process.stdin).close()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return await complaints
