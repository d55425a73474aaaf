"""`python -m benchmarks.soak.collecting PLAN NEWSWIRE EXCHANGE FOLDER`: a collector that goes by the plan's clock."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from benchmarks.soak.plan import Plan
from monitor import oplog
from monitor.cli.collect import leave, obey_signals
from monitor.collector import Collector


async def collect(plan: Plan, newswire: str, exchange: str, folder: Path) -> None:
    """Until SIGTERM; SIGHUP has the settings read again."""
    collector = Collector(
        lambda: plan.settings(newswire, exchange, folder),
        database=folder / "monitor.db",
        clock=plan.clock,
        yahoo_cache=folder / "yahoo",
    )
    obey_signals(collector)
    await collector.run()


def main() -> None:
    plan, newswire, exchange, folder = sys.argv[1:]
    oplog.start(Path(folder) / "collector.log", simulated=True)
    asyncio.run(collect(Plan.read(plan), newswire, exchange, Path(folder)))
    leave(0)


if __name__ == "__main__":
    main()
