"""`monitor doctor` against feeds and an exchange on this machine."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from monitor.demo.exchange import Door, Exchange, Fault, Listing, quote_record
from monitor.lock import collecting
from tests.commands import DEADLINE, SETTINGS, Account, collected
from tests.loopback import Loopback, redirect, reply, stalling

ITEM = "<item><title>Nvidia &amp; DeepSeek</title><link>https://news.example/{}</link></item>"


def rss(items: int) -> bytes:
    return reply(
        f"<rss version='2.0'><channel><title>News</title>{''.join(map(ITEM.format, range(items)))}</channel></rss>",
        headers={"Content-Type": "application/rss+xml"},
    )


def book(at: datetime) -> Mapping[str, Mapping[str, object]]:
    listings = [
        Listing(symbol=symbol, regular_price=118.5, regular_time=at, previous_close=142.6)
        for symbol in ("NVDA", "AVGO")
    ]
    return {listing.symbol: quote_record(listing) for listing in listings}


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "home")


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    async with Exchange(book=book) as exchange:
        yield exchange


@pytest.fixture
async def newswire() -> AsyncIterator[Loopback]:
    async with Loopback() as newswire:
        newswire.routes["/good"] = rss(3)
        newswire.routes["/large"] = rss(900)
        newswire.routes["/moved"] = redirect("/good")
        yield newswire


def settings(newswire: Loopback, exchange: Exchange, *paths: str, timeout: str = "60s", more: str = "") -> str:
    feeds = "".join(f"\n  - {{url: {newswire.url(path)}, name: {path}}}" for path in paths)
    return (
        f"poll: {{allow_private: true, timeout: {timeout}, host_gap: 0s, per_host: 10}}\n"
        f"quotes: {{endpoint: '{exchange.url}'}}\n"
        f"feeds:{feeds or ' []'}\n"
        "watchlist:\n  - {name: Chips, tickers: [{symbol: NVDA}, {symbol: AVGO}]}\n"
        f"topics: []\nrules: []\n{more}"
    )


def tree(folder: Path) -> dict[Path, bytes | None]:
    """All that is in there."""
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


async def test_all_is_well_where_every_source_answers_and_nothing_is_written(
    account: Account, newswire: Loopback, exchange: Exchange
) -> None:
    account.configure(settings(newswire, exchange, "/good", "/moved", "/large"))
    scratch = account.home / "tmp"
    scratch.mkdir()
    before = tree(account.home)
    answer = await account.ask("doctor", TMPDIR=str(scratch))
    assert answer.status == 0, answer.out
    database = account.home / ".local" / "share" / "monitor" / "monitor.db"
    told = [line.removeprefix("ok     ") for line in answer.lines]
    assert told[0].startswith("Python 3.")
    assert told[1].startswith("time: ")
    assert told[2:] == [
        "terminal: none here; the headless commands need none",
        f"settings: {account.settings}",
        f"database: {database} is not there yet; the collector makes it",
        f"alerts: to {account.home / '.local' / 'state' / 'monitor' / 'alerts.jsonl'}",
        "feed /good: 3 entries",
        "feed /moved: 3 entries",
        "feed /large: 900 entries",
        told[-2],
        "all is well",
    ]
    assert told[-2].startswith("quotes: all 2 answered in ")
    assert tree(account.home) == before


async def test_each_fault_is_a_line_with_a_cure(account: Account, newswire: Loopback, exchange: Exchange) -> None:
    newswire.routes |= {
        "/hangs": stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        "/page": reply("<!doctype html><title>Sign in</title>"),
        "/gone": reply(status=410),
        "/denied": reply(status=403),
    }
    text = settings(newswire, exchange, "/good", "/hangs", "/page", "/gone", "/denied", "/missing", timeout="3s")
    account.configure(text.replace("{symbol: AVGO}", "{symbol: NOSUCH}"))
    answer = await account.ask("doctor")
    assert answer.status == 1
    lines = answer.lines
    faults = [line for line in lines if line.startswith("FAULT")]
    cures = [after for line, after in pairwise(lines) if line.startswith("FAULT")]
    assert [fault.split(":")[0] for fault in faults] == [
        "FAULT  feed /hangs",
        "FAULT  feed /page",
        "FAULT  feed /gone",
        "FAULT  feed /denied",
        "FAULT  feed /missing",
        "FAULT  quotes",
    ]
    assert faults[-1] == "FAULT  quotes: not known: NOSUCH"
    for word, cure in zip(("timeout", "browser", "remove", "contact", "browser", "symbols"), cures, strict=True):
        assert cure.startswith("       cure: ")
        assert word in cure
    assert lines[-1] == "6 at fault"


async def test_a_quote_source_that_limits_is_told_with_its_cure(
    account: Account, newswire: Loopback, exchange: Exchange
) -> None:
    exchange.fail_always(Door.CRUMB, Fault(status=429, body="Too Many Requests"))
    exchange.fail_always(Door.QUOTE, Fault(status=429, body="Too Many Requests"))
    account.configure(settings(newswire, exchange))
    answer = await account.ask("doctor")
    assert answer.status == 1
    assert answer.lines[-2] == "       cure: wait some minutes; another program may be asking Yahoo from this address"


def test_mistakes_in_the_settings_are_faults_and_status_2(account: Account) -> None:
    account.configure(SETTINGS.replace("topics:", "topcis:"))
    answer = account.run("doctor")
    assert answer.status == 2
    assert "FAULT  settings: " in answer.out
    assert f"{account.settings}:11: topcis" in answer.out
    assert account.run("doctor", "-c", account.home / "none.yaml").lines[-1] == (
        "       cure: name another with --config"
    )


def test_offline_it_asks_nobody_and_looks_at_the_database_and_the_collector(account: Account) -> None:
    account.configure()
    words = ("doctor", "--offline", "--db", account.database)
    with collected(account.database):
        pass
    answer = account.run(*words)
    assert answer.status == 0
    assert f"ok     database: {account.database}: sound, 0 headlines, " in answer.out
    assert "ok     collector: none runs" in answer.lines
    with collecting(account.database):
        assert f"ok     collector: process {os.getpid()}" in account.run(*words).lines


def test_a_damaged_database_is_a_fault(account: Account) -> None:
    account.configure()
    account.database.write_bytes(b"no database, whatever its name is\n" * 100)
    answer = account.run("doctor", "--offline", "--db", account.database)
    assert answer.status == 1
    assert "FAULT  database: " in answer.out
    assert '       cure: see docs/schema.md, "Keeping and losing"' in answer.lines


SINKS = """
alerts:
  sinks:
    - file: {path: %(home)s/alerts.jsonl}
    - command: {argv: [no-such-program-anywhere]}
    - stdout: {}
"""


def test_a_sink_that_cannot_take_alerts_is_a_fault(account: Account) -> None:
    account.configure(SETTINGS + SINKS % {"home": account.home})
    answer = account.run("doctor", "--offline")
    assert answer.status == 1
    assert f"ok     alerts: to {account.home}/alerts.jsonl" in answer.lines
    assert "ok     alerts: to stdout" in answer.lines
    assert "FAULT  alerts: no program no-such-program-anywhere" in answer.lines
    assert answer.lines[-1] == "1 at fault"


@pytest.mark.parametrize(
    ("columns", "lines", "environment", "told"),
    [
        (80, 24, {"TERM": "xterm-256color"}, "ok     terminal: xterm-256color, 80x24"),
        (30, 24, {}, "FAULT  terminal: 30x24"),
        (80, 24, {"PYTHONIOENCODING": "latin-1"}, "FAULT  terminal: its encoding is "),
    ],
)
def test_the_terminal_is_looked_at(
    account: Account, columns: int, lines: int, environment: dict[str, str], told: str
) -> None:
    account.configure()
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    surroundings = account.environment(**environment)
    del surroundings["COLUMNS"]
    done = subprocess.run(
        account.command(["doctor", "--offline"]), stdout=theirs, env=surroundings, timeout=DEADLINE, check=False
    )
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert any(line.startswith(told) for line in shown.splitlines()), shown
    assert done.returncode == (1 if told.startswith("FAULT") else 0)
