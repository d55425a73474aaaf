"""Run every measurement and print one table. Figures are of this machine, now; compare ratios, not seconds."""

from __future__ import annotations

import asyncio
import platform
import sqlite3

from benchmarks import deciding, feeds, starting, viewer


def main() -> None:
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {platform.machine()}\n")
    rows = [*asyncio.run(feeds.measure()), *deciding.measure(), *starting.measure(), *viewer.measure()]
    width = max(len(what) for what, _ in rows)
    for what, figure in rows:
        print(f"{what:<{width}}  {figure}")


if __name__ == "__main__":
    main()
