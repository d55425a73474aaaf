"""`python -m monitor.demo.servers`: the demo's newswire and exchange, both in this one process.

It says where they are in one line of JSON on standard output and then serves until its standard input ends or SIGTERM
comes. Input ends when the parent does, however it died, so no server outlives its demo.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from monitor.clock import ReplayClock
from monitor.demo.day import STARTS_AT
from monitor.demo.exchange import Exchange
from monitor.demo.newswire import Newswire
from monitor.demo.script import SEED, Script

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.models import Bar


async def serve(script: Script, clock: ReplayClock, *, newswire_port: int = 0) -> None:
    """Serve `script` by `clock` until told to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    threading.Thread(target=_wait_for_end_of_input, args=(loop, stop), daemon=True).start()

    def history(symbol: str, start: datetime, end: datetime, interval: str) -> Sequence[Bar]:
        return script.bars(symbol, start, end, interval, now=clock.now())

    async with (
        Newswire(now=clock.now, port=newswire_port) as newswire,
        Exchange(book=script.board, now=clock.now, history=history) as exchange,
    ):
        sys.stdout.write(json.dumps({"newswire": newswire.url, "exchange": exchange.url}) + "\n")
        sys.stdout.flush()
        await _trace_paths(script, stop)
        await stop.wait()


async def _trace_paths(script: Script, stop: asyncio.Event) -> None:
    """Have every path ready before it is asked for, between the requests that come meanwhile."""
    for symbol in script.symbols:
        if stop.is_set():
            return
        script.listing_at(symbol, STARTS_AT)
        await asyncio.sleep(0)


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    # A thread and a plain read, because they work for a pipe, a terminal, a file and /dev/null; the loop's own reader
    # only takes the first two, and sys.stdin's lock would be held while the interpreter ends.
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    with suppress(RuntimeError):  # the loop has ended by itself
        loop.call_soon_threadsafe(stop.set)


def zoned_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m monitor.demo.servers", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--speed", type=float, default=1.0, help="seconds of the replayed day in one real second")
    parser.add_argument("--sim-start", type=zoned_time, default=STARTS_AT, help="the replayed time at --wall-start")
    parser.add_argument("--wall-start", type=float, required=True, help="seconds since the epoch")
    parser.add_argument("--newswire-port", type=int, default=0, help="0 is a free one")
    given = parser.parse_args(arguments)
    clock = ReplayClock(starts_at=given.sim_start, wall_start=given.wall_start, speed=given.speed)
    asyncio.run(serve(Script(given.seed), clock, newswire_port=given.newswire_port))


if __name__ == "__main__":
    main()
