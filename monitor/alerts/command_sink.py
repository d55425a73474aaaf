"""A command of the user's, run once for each alert, with the alert's JSON on its standard input."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

from monitor.alerts.line import to_json
from monitor.errors import SinkError
from monitor.models import Alert
from monitor.text import printable

REAPING = 5.0  # seconds; a killed process is gone in milliseconds
OUTPUT_KEPT = 4096  # bytes of what the command says, for the message when it fails


class CommandSink:
    """Runs `argv` without a shell, in a session of its own; past `timeout` its whole process group is killed.

    Delivered means exit status 0. Whether it reads its standard input is its own affair.
    """

    at_once = 1

    def __init__(
        self, argv: Sequence[str], *, timeout: timedelta = timedelta(seconds=10), name: str = "command"
    ) -> None:
        self.name = name
        self._argv = tuple(argv)
        self._timeout = timeout

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Run it for each of `alerts` in turn. Raises SinkError at the first failure, with what the command said."""
        for alert in alerts:
            await self._run(f"{to_json(alert)}\n".encode())

    async def _run(self, line: bytes) -> None:
        with _Output() as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *self._argv,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=output.writer,
                    stderr=output.writer,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                raise SinkError(f"{self._program}: {error}") from error
            try:
                async with asyncio.timeout(self._timeout.total_seconds()):
                    await process.communicate(line)
            except TimeoutError:
                raise SinkError(f"{self._program}: killed after {self._timeout.total_seconds():g} s{output}") from None
            finally:
                await _end(process)
            if process.returncode:
                raise SinkError(f"{self._program}: {_status(process.returncode)}{output}")

    @property
    def _program(self) -> str:
        """Without its arguments, which may hold a token."""
        return printable(Path(self._argv[0]).name)


class _Output:
    """Both output streams of a command: read as long as it runs so that it never blocks on them, and mostly dropped.

    A pipe of our own and not asyncio's, which would wait for every descendant that inherited it.
    """

    def __init__(self) -> None:
        self._reader, self.writer = os.pipe()
        self._kept = bytearray()

    def __enter__(self) -> Self:
        os.set_blocking(self._reader, False)
        asyncio.get_running_loop().add_reader(self._reader, self._read)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        os.close(self.writer)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._kept += os.read(self._reader, 65_536)
            del self._kept[OUTPUT_KEPT:]

    def __str__(self) -> str:
        self._read()
        said = printable(self._kept.decode("utf-8", "replace")).strip()
        return f": {said}" if said else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the command and whatever it started, unless it has ended by itself."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(
            TimeoutError
        ):  # a descendant that left the group may hold the pipe, and asyncio waits for that too
            async with asyncio.timeout(REAPING):
                await process.wait()


def _status(code: int) -> str:
    return f"ended with status {code}" if code > 0 else f"ended by signal {-code}"
