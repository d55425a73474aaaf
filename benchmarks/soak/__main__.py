"""python -m benchmarks.soak [--hours H] [--speed S] [--folder KEPT]: a week, unless said otherwise."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.soak.plan import Plan
from benchmarks.soak.running import printed, run


def main() -> None:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="benchmarks.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=usual.hours)
    parser.add_argument("--speed", type=float, default=usual.speed, help="times the machine's clock")
    parser.add_argument("--folder", type=Path, help="keep database and logs here")
    asked = parser.parse_args()
    part = asked.hours / usual.hours
    plan = Plan(
        hours=asked.hours,
        speed=asked.speed,
        rounds=int(usual.rounds * part),
        warm_up=usual.warm_up * part,
        keep_hours=usual.keep_hours * part,
    )
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        place = asked.folder or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        report = run(plan, place)
    print(printed(report.tables(), report.problems))
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
