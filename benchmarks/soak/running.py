"""Runs a soak and judges what came of it."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import astuple

from benchmarks.soak.looking import NAMES, Growth, Held, database_size, growth, held, rows
from benchmarks.soak.plan import PUBLISHING, STARTS_AT, SYMBOLS, Plan, due, key, published
from benchmarks.table import Table
from monitor import mailbox
from monitor.errors import MonitorError
from monitor.store.reader import Reader
from monitor.store.records import HeadlineFilter
from tests.terminal import CHUNK, KEYS, ROOT, Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES = 240  # over the whole run
PRESSED = ("j", "j", "pagedown", "home", "enter", "escape", "tab", "?", "escape", "r", "k", "end", "home")
LATE, STARTING = 3.0, 60.0  # times as long as planned, and seconds more, after which the machine is too slow for it
SLACK = timedelta(hours=3)  # rows older than they are kept for are looked for once an hour, a few at a time


class Report(Struct):
    """`problems` are sentences; none: all is well."""

    plan: Plan
    warm_at: float = 0.0  # the hour
    hours: list[float] = field(default_factory=list)
    collector: list[Held] = field(default_factory=list)
    viewer: list[Held] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    asked: dict[str, int] = field(default_factory=dict)
    painted: int = 0
    problems: list[str] = field(default_factory=list)

    def growths(self) -> dict[str, Growth]:
        """Of each figure since the warm-up."""
        first = next(place for place, hour in enumerate(self.hours) if hour >= self.warm_at)
        hours = self.hours[first:]
        found = {"database": growth("database", hours, self.database[first:])}
        for who, samples in (("collector", self.collector), ("viewer", self.viewer)):
            for name in NAMES:
                found[f"{who}: {name}"] = growth(name, hours, [getattr(each, name) for each in samples[first:]])
        return found

    def tables(self) -> list[Table]:
        figures = [
            (
                name,
                f"{g.usual:.1f}",
                f"{g.highest:.1f}",
                f"{g.added:+.2f} of {g.allowed:.1f}",
                "GROWS" if g.grows else "flat",
            )
            for name, g in self.growths().items()
        ]
        watched = self.hours[-1] - self.warm_at
        asked = f"{self.asked['polls']:,} requests for feeds, {self.asked['rounds']:,} rounds of quotes"
        pace = f"{self.hours[-1] / 24:.1f} days at {self.plan.speed:g} times the machine's clock"
        notes = (
            f"{pace}: {asked}, {self.painted / 1e6:.1f} MB painted.",
            f"added: what a straight line through the last {watched / 24:.1f} days rises by. Megabytes, or how many.",
        )
        first, last = self.rows[0], self.rows[-1]
        return [
            Table("A week at once: what is held", ("what", "median", "highest", "added", ""), tuple(figures), notes),
            Table(
                "Rows",
                ("table", "after the warm-up", "in the end"),
                tuple((name, f"{first[name]:,}", f"{last[name]:,}") for name in last),
                (f"Rows are kept for {self.plan.keep_hours:g} hours; what was deleted leaves a tombstone for a year.",),
            ),
        ]

    def csv(self) -> str:
        """Every sample, for a closer look."""
        names = ["hours", "database", *(f"{who} {name}" for who in ("collector", "viewer") for name in NAMES)]
        lines = [
            [hour, size, *astuple(collector), *astuple(viewer)]
            for hour, size, collector, viewer in zip(
                self.hours, self.database, self.collector, self.viewer, strict=True
            )
        ]
        return "\n".join(",".join(map(str, line)) for line in [names, *lines]) + "\n"


class Eyes:
    """A terminal that is read by a thread of its own, and nothing of it kept."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self.received = 0
        self._keys = itertools.cycle(PRESSED)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self) -> None:
        key = next(self._keys)
        self.terminal.send(KEYS.get(key, key))

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self.terminal.master, CHUNK):
                self.received += len(data)


def run(plan: Plan, folder: Path) -> Report:
    """Everything from the beginning to the end of `plan`, with its files in `folder`."""
    plan = plan.beginning()
    report = Report(plan)
    with ExitStack() as stack:
        world = stack.enter_context(_process("world", plan.text()))
        where = _answer(world)
        words = ("collecting", plan.text(), where["newswire"], where["exchange"], str(folder))
        collector = stack.enter_context(_process(*words))
        _wait_for(folder / "monitor.db", collector)
        command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", folder / "monitor.db", "--no-collect"]
        terminal = stack.enter_context(Terminal(command, environment={"HOME": str(folder)}, synchronized=True))
        terminal.wait_for("Headlines")
        _watch(report, world, collector, Eyes(terminal), folder)
        collector.send_signal(signal.SIGTERM)
        if status := collector.wait(30):
            report.problems.append(f"the collector ended with status {status}")
        terminal.signal(signal.SIGTERM)
        terminal.process.wait(30)
    (folder / "held.csv").write_text(report.csv())
    report.problems += [
        f"{name} grows: {g.added:+.2f} of {g.allowed:.2f}" for name, g in report.growths().items() if g.grows
    ]
    report.problems += [*_retention(plan, folder / "monitor.db"), *_losses(plan, folder)]
    return report


def _watch(
    report: Report, world: subprocess.Popen[str], collector: subprocess.Popen[str], eyes: Eyes, folder: Path
) -> None:
    plan, clock = report.plan, report.plan.clock
    every = plan.hours * 3600 / plan.speed / SAMPLES
    deadline = plan.began + LATE * plan.hours * 3600 / plan.speed + STARTING
    days = 0
    while True:
        time.sleep(every)
        hour = (clock.now() - STARTS_AT) / timedelta(hours=1)
        report.asked = _ask(world)
        try:
            report.hours.append(hour)
            report.collector.append(held(collector.pid))
            report.viewer.append(held(eyes.terminal.process.pid))
        except ProcessLookupError:
            raise RuntimeError(f"a process has ended after {hour:.1f} hours: see {folder}") from None
        report.database.append(database_size(folder / "monitor.db"))
        report.painted = eyes.received
        if (
            not report.rows
            and hour >= plan.warm_up
            and report.asked["rounds"] >= plan.rounds * plan.warm_up / plan.hours
        ):
            report.warm_at = hour
            report.rows.append(rows(folder / "monitor.db"))
        if hour >= plan.hours and report.asked["rounds"] >= plan.rounds:
            break
        if time.time() > deadline:
            report.problems.append(f"{report.asked['rounds']:,} rounds of quotes where {plan.rounds:,} were planned")
            break
        eyes.press()
        if hour // 24 > days:
            days = int(hour // 24)
            _new_day(report, collector, folder)
    report.rows.append(rows(folder / "monitor.db"))


def _new_day(report: Report, collector: subprocess.Popen[str], folder: Path) -> None:
    """The settings are read again, somebody looks at a chart, somebody wants all at once."""
    now = report.plan.clock.now()
    collector.send_signal(signal.SIGHUP)
    with suppress(MonitorError):
        mailbox.post(folder / "monitor.db", mailbox.History(SYMBOLS[0], "5m", now - timedelta(days=1), now))
        mailbox.post(folder / "monitor.db", mailbox.PollNow())


def _retention(plan: Plan, database: Path) -> list[str]:
    """What is older than it may be."""
    with closing(Reader.open(database)) as reader:
        info, oldest = reader.collector(), reader.oldest()
        if info is None:
            return ["no collector was there"]
        limit = info.heartbeat_at - plan.keep - SLACK
        found = []
        first = [] if oldest.headline is None else reader.headlines_by_id([oldest.headline])
        if any(headline.sort_at < limit for headline in first):
            found.append(f"a headline of {first[0].sort_at} is still there at {info.heartbeat_at}")
        if oldest.alert_at is not None and oldest.alert_at < limit:
            found.append(f"an alert of {oldest.alert_at} is still there at {info.heartbeat_at}")
        found += [f"a bar of {symbol} is too old" for symbol in SYMBOLS if reader.bars(symbol, until=limit)]
        return found


def _losses(plan: Plan, folder: Path) -> list[str]:
    """What was published and is young enough and yet not there; alerts that no sink took."""
    with closing(Reader.open(folder / "monitor.db")) as reader:
        feeds = {stored.feed.name: stored.state for stored in reader.feeds()}
        there = {headline.key for headline in reader.headlines(HeadlineFilter(limit=1_000_000))}
        waiting = reader.counts().undelivered  # of the last moment: the next collector delivers them
        known = {alert.id for _, alert in reader.alerts_after(0, limit=1_000_000)}
    found = []
    logged = {json.loads(line)["id"] for line in (folder / "alerts.jsonl").read_text().splitlines()}
    if len(lost := known - logged) > waiting:
        found.append(f"{len(lost)} alerts are not in the alert log, and {waiting} wait for it")
    for name in PUBLISHING:
        asked_at = feeds[name].last_success_at or STARTS_AT
        numbers = range(published(name, asked_at - timedelta(minutes=30)))
        young = [number for number in numbers if due(name, number) > plan.clock.now() - plan.keep + SLACK]
        if missing := [number for number in young if key(name, number) not in there]:
            found.append(f"{len(missing)} headlines of {name} are lost: {missing[:5]}")
    return found


def _process(*words: str) -> subprocess.Popen[str]:
    """A module of this package; its end is that of the block, by force."""
    module, *arguments = words
    return _Ended(
        [sys.executable, "-m", f"benchmarks.soak.{module}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
    )


class _Ended(subprocess.Popen[str]):
    def __exit__(self, *_: object) -> None:
        self.kill()
        self.communicate()


def _ask(world: subprocess.Popen[str]) -> dict[str, int]:
    assert world.stdin is not None
    world.stdin.write("\n")
    world.stdin.flush()
    return _answer(world)


def _answer(world: subprocess.Popen[str]) -> dict[str, Any]:
    assert world.stdout is not None
    answer: dict[str, Any] = json.loads(world.stdout.readline())
    return answer


def _wait_for(path: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or process.poll() is not None:
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError("the collector did not start")
        time.sleep(0.05)


def printed(tables: Sequence[Table], problems: Sequence[str]) -> str:
    from benchmarks.table import as_text

    return "\n".join([*map(as_text, tables), *(problems or ["nothing grows, nothing is lost"])])
