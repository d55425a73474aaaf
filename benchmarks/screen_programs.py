"""The programs whose screens are measured: each with settings of its own that make it show the same as the others.

All ask for quotes every `EVERY` seconds, the collector of `monitor` too. `monitor` and newsboat have the same feeds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.newswire import urls
from benchmarks.peers import peer
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EVERY = 5  # seconds
FEEDS = 20
ENTRIES = 30
COINS = "BTC ETH XRP SOL BNB DOGE ADA TRX AVAX LINK LTC DOT"
SYMBOLS = tuple(f"{coin}-USD" for coin in COINS.split())
MONITOR, STOCKSTUI, STONKS, NEWSBOAT = "monitor", "stocksTUI", "stonks-cli", "newsboat"
NAMES = (MONITOR, STOCKSTUI, STONKS, NEWSBOAT)


@dataclass(frozen=True, slots=True)
class Program:
    """`title` is of the first that it writes, `mark` the first symbol or feed; `keys` move its cursor down and up, once
    `focus` was pressed.
    """

    command: tuple[str | Path, ...]
    environment: Mapping[str, str | None]
    title: bytes
    mark: bytes
    keys: tuple[str, str]
    focus: tuple[str, ...] = ()
    has_quotes: bool = True

    def start(self) -> Terminal:
        return Terminal(self.command, environment=self.environment, synchronized=True)


def programs(folder: Path, yahoo: Mapping[str, str], port: int) -> dict[str, Program]:
    """Those that are installed, by name. `yahoo` is the environment that leads to it, `port` the newswire's."""
    found = {MONITOR: _monitor(folder / "monitor", yahoo, port)}
    if program := peer("stockstui"):
        found[STOCKSTUI] = _stockstui(program, folder / "stockstui", yahoo)
    if program := peer("stonks"):
        found[STONKS] = _stonks(program, folder / "stonks", yahoo)
    if program := peer("newsboat"):
        found[NEWSBOAT] = _newsboat(program, folder / "newsboat", port)
    return found


def _monitor(home: Path, yahoo: Mapping[str, str], port: int) -> Program:
    settings = {
        "poll": {"allow_private": True, "interval": "1h", "host_gap": "0s"},
        "quotes": {"interval": f"{EVERY}s", "closed_interval": f"{EVERY}s"},
        "feeds": [{"url": url, "name": f"Feed {number}"} for number, url in enumerate(urls(port, FEEDS))],
        "watchlist": [{"name": "Pairs", "tickers": [{"symbol": symbol} for symbol in SYMBOLS]}],
        "topics": [],
        "rules": [],
    }
    home.mkdir()
    (home / "feeds.yaml").write_text(json.dumps(settings))
    files = {"MONITOR_CONFIG": str(home / "feeds.yaml"), "MONITOR_DB": str(home / "monitor.db")}
    environment = {**yahoo, **files, "HOME": str(home)}
    return Program((sys.executable, "-m", "monitor"), environment, b"New York", SYMBOLS[0].encode(), ("j", "k"))


def _stockstui(program: Path, home: Path, yahoo: Mapping[str, str]) -> Program:
    settings = home / ".config" / "stockstui"
    settings.mkdir(parents=True)
    (settings / "settings.json").write_text(json.dumps({"auto_refresh": True, "refresh_interval": float(EVERY)}))
    stocks = [{"ticker": symbol, "alias": symbol, "note": ""} for symbol in SYMBOLS]
    (settings / "lists.json").write_text(json.dumps({"stocks": stocks}))
    return Program((program,), _away(home, yahoo), b"Stocks", SYMBOLS[0].encode(), ("j", "k"), focus=("tab",))


def _stonks(program: Path, home: Path, yahoo: Mapping[str, str]) -> Program:
    home.mkdir()
    portfolio = home / "portfolio.yaml"
    watched = [{"symbol": symbol} for symbol in SYMBOLS]
    portfolio.write_text(json.dumps({"portfolio": {"base_currency": "USD", "watchlist": watched}}))
    command = (program, "--portfolio", portfolio, "dashboard", "--refresh", str(EVERY))
    return Program(command, _away(home, yahoo), b"Stonks", SYMBOLS[0].encode(), ("down", "up"))


def _newsboat(program: Path, home: Path, port: int) -> Program:
    home.mkdir()
    (home / "config").write_text("auto-reload no\n")
    (home / "urls").write_text("\n".join(urls(port, FEEDS)) + "\n")
    files = ("-C", home / "config", "-u", home / "urls", "-c", home / "cache.db")
    environment = _away(home, {})
    told = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    subprocess.run([program, *files, "-x", "reload"], env=told, capture_output=True, check=True)
    return Program((program, *files), environment, b"newsboat", b"Feed 0", ("down", "up"), has_quotes=False)


def _away(home: Path, environment: Mapping[str, str]) -> dict[str, str | None]:
    """In an account that is `home`, and without our own modules."""
    folders = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"))
    return {**environment, **folders, "HOME": str(home), "PYTHONPATH": None}
