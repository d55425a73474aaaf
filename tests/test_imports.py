"""What each part loads: a lazy import in the wrong function passes every contract and still costs a second."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.commands import DEADLINE, NOW, Account, collected, publish
from tests.store_samples import alert, entry, quote

HEAVY = {
    "yfinance",
    "pandas",
    "numpy",
    "curl_cffi",
    "textual",
    "rich",
    "feedparser",
    "httpx",
    "httpcore",
    "sqlite_utils",
}
PURE = (
    *("baseline.breadth", "baseline.live", "baseline.measured"),
    *("alerts.line", "alerts.rules", "errors", "health", "links", "market", "markup", "models", "schedule", "symbols"),
    *("models.alerts", "models.baseline", "models.outcomes", "models.rules", "models.watch", "text", "topics", "when"),
)

# Which modules a command has loaded when it ends, however it ends; standard output is the command's own.
COMMAND = """
import atexit, json, sys
atexit.register(lambda: sys.stderr.write(json.dumps(sorted(sys.modules))))
from monitor.cli import main
main()
"""


def loaded(code: str, *words: str | Path, account: Account) -> set[str]:
    """The modules that are loaded after `code`, which prints them last on standard error."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        cwd=account.home,
        env=account.environment(),
        timeout=DEADLINE,
        check=False,
    )
    found: list[str] = json.loads(done.stderr.decode().splitlines()[-1])
    return set(found)


def after_import(modules: Sequence[str], account: Account) -> set[str]:
    imports = "\n".join(f"import {module}" for module in modules)
    return loaded(f"{imports}\nimport json, sys; sys.stderr.write(json.dumps([*sys.modules]))", account=account)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure()
    return account


@pytest.fixture
def filled(account: Account) -> Account:
    with collected(account.database) as writer:
        publish(writer, entry("1", "DeepSeek shakes Nvidia"))
        writer.record_alerts([alert()], [])
        writer.record_quotes([quote(at=NOW)], now=NOW)
    return account


@pytest.mark.parametrize("words", [("--help",), ("status", "--help")])
def test_help_costs_click_and_nothing_more(account: Account, words: tuple[str, ...]) -> None:
    assert not loaded(COMMAND, *words, account=account) & (HEAVY | {"yaml", "sqlite3", "asyncio"})


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("headlines", "--topic", "DeepSeek"),
        ("alerts",),
        ("quotes", "--json"),
        ("baseline",),
        ("baseline", "--compare"),
    ],
)
def test_a_viewer_loads_nothing_of_the_collecting(filled: Account, words: tuple[str, ...]) -> None:
    modules = loaded(COMMAND, *words, "--db", filled.database, account=filled)
    assert "monitor.store.reader" in modules
    assert not modules & HEAVY
    assert not {name for name in modules if name.startswith(("monitor.sources", "monitor.collector", "monitor.demo"))}
    assert "monitor.store.writer" not in modules


def test_the_screen_loads_nothing_of_the_collecting_and_neither_settings_nor_their_parser(account: Account) -> None:
    modules = after_import(["monitor.cli.view", "monitor.tui.launch", "monitor.tui.app"], account)
    assert "textual" in modules
    assert not modules & (HEAVY - {"textual", "rich"} | {"yaml", "holidays"})
    assert not {name for name in modules if name.startswith(("monitor.sources", "monitor.collector", "monitor.demo"))}
    assert not modules & {"monitor.store.writer", "monitor.config.schema", "monitor.config.rules"}


def test_looking_at_the_settings_loads_no_network(account: Account) -> None:
    assert not loaded(COMMAND, "check", account=account) & HEAVY


def test_a_collector_loads_what_its_settings_and_its_database_call_for(account: Account) -> None:
    """No yfinance without symbols, no feedparser without news, no sqlite-utils when there is no table to make."""
    account.configure("feeds: []\nwatchlist: []\ntopics: []\nrules: []\nalerts: {sinks: []}\n")
    collect: list[str | Path] = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "monitor",
        "collect",
        "--once",
        "--db",
        account.database,
    ]

    def imported() -> set[str]:
        done = subprocess.run(
            collect, capture_output=True, text=True, env=account.environment(), timeout=DEADLINE, check=True
        )
        return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "sqlite_utils" in imported()
    modules = imported()
    assert "monitor.collector.shift" in modules
    assert modules & HEAVY <= {"httpx", "httpcore"}
    assert not modules & {"monitor.sources.parse", "holidays"}


def test_importing_a_room_loads_nothing_heavy(account: Account) -> None:
    assert not after_import(["monitor.cli", "monitor.config", "monitor.store.reader"], account) & HEAVY


def test_a_pure_room_can_reach_neither_network_nor_event_loop(account: Account) -> None:
    modules = after_import([f"monitor.{room}" for room in PURE], account)
    assert not modules & (HEAVY | {"asyncio", "socket", "_socket", "ssl", "subprocess", "threading", "sqlite3", "yaml"})


def test_yfinance_is_loaded_without_what_it_can_do_without_and_says_nothing_of_it(tmp_path: Path) -> None:
    code = """
import asyncio, json, logging, sys
from pathlib import Path
from monitor.config import load as settings
from monitor.config.files import packaged
from monitor.sources.yahoo import YahooQuotes

async def load():
    quotes = YahooQuotes(settings(packaged()).quotes, Path(sys.argv[1]))
    quotes.start()
    assert await quotes.load() is None
    quotes.close()

logging.basicConfig()
asyncio.run(load())
print(json.dumps([*sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=True,
    )
    modules = set(json.loads(done.stdout))
    assert "yfinance" in modules
    assert not modules & {"lxml", "charset_normalizer"}
    assert "character detection" not in done.stderr
