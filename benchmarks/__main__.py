"""Run measurements and print their tables: `python -m benchmarks [NAME ...] [--write]`; NAME is a module's.

Ratios and not seconds are what can be compared between machines: what stands side by side was run in turns. `--write`
puts the tables into docs/benchmarks.md, with the day, the versions and the machine.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sqlite3
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version as installed
from pathlib import Path
from typing import TYPE_CHECKING

import monitor
from benchmarks.peers import DEBIAN, PYPI, version
from benchmarks.table import Table, as_markdown, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NAMES = ("viewer", "screens", "quotes", "deciding", "starting", "reading", "polling", "million", "growth", "collecting")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
LIBRARIES = ("textual", "httpx", "feedparser", "yfinance", "sqlite-utils")
HEAD = """\
# Benchmarks

What it costs, beside what people use now. `python -m benchmarks.peers` sets the other programs up (newsboat and sfeed
come from the distribution), `make bench` measures everything anew and prints these tables, `make bench BENCH=--write`
writes this page; `make bench BENCH="collecting --write"` puts the tables of one measurement in the place of those from
the run before. Everything happens on loopback. Programs that stand side by side were run in turns in the same run;
figures are medians, ratios are medians of the ratios of each turn.
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(NAMES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    # As pip leaves what it installs, the peers among it: from a working copy Python may compile at each start.
    compileall.compile_dir(Path(monitor.__file__).parent, quiet=1)
    machine = _machine()
    print(as_text(machine), flush=True)
    page = _sections(PAGE.read_text(encoding="utf-8")) if asked.names else {}
    page[machine.title] = as_markdown(machine)
    for name in asked.names or NAMES:
        measure: Callable[[], Iterable[Table]] = import_module(f"benchmarks.{name}").measure
        for table in measure():
            print(as_text(table), flush=True)
            page[table.title] = as_markdown(table)
            if asked.write:  # now: the next one may take minutes
                PAGE.write_text("\n".join([HEAD, *page.values()]), encoding="utf-8")


def _sections(page: str) -> dict[str, str]:
    """The page's tables by their titles, as Markdown."""
    _, *sections = page.split("\n## ")
    return {section.partition("\n")[0]: f"## {section.rstrip()}\n" for section in sections}


def _machine() -> Table:
    ours = [(name, installed(name)) for name in LIBRARIES]
    theirs = [(name, version(name)) for name in (*DEBIAN, *PYPI)]
    rows = [
        ("day", f"{datetime.now(UTC):%Y-%m-%d}"),
        ("machine", f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}"),
        ("Python, SQLite", f"{platform.python_version()}, {sqlite3.sqlite_version}"),
        ("monitor", installed("monitor")),
        *ours,
        *theirs,
    ]
    return Table("Machine and versions", ("what", "which"), tuple(rows))


if __name__ == "__main__":
    main()
