"""`monitor history`: past prices, fetched by the collector."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor import lock, mailbox
from monitor.cli import options, rows
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from monitor.models import Bar

COLUMNS = ("symbol", "interval", "at", "open", "high", "low", "close", "volume", "simulated")
PATIENCE = 60.0  # seconds
LOOK = 0.1  # seconds between two looks whether the collector has answered
A_MONTH = timedelta(days=30)


@click.command("history")
@options.config
@options.database
@click.argument("symbol", type=str.upper)
@click.option("--interval", type=click.Choice(mailbox.INTERVALS), default="1d", show_default=True)
@options.since
@options.as_json
@options.as_csv
def command(
    *,
    config: Path | None,
    database: Path | None,
    symbol: str,
    interval: str,
    since: datetime | timedelta | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """List the past prices of SYMBOL, a month back unless --since says otherwise, oldest first.

    The running collector fetches them from Yahoo first. Without one, or when Yahoo does not answer, those that were
    fetched before are listed, with a word on standard error. Times are those at which the interval began.
    """
    from monitor.store.reader import Reader

    path = options.database_of(database, config)
    with closing(Reader.open(path)) as reader:
        now = rows.clock_of(reader).now()
        start = options.beginning(since or A_MONTH, now)
        if start is None or start >= now:
            raise click.BadParameter("--since must lie in the past.")
        _fetch(path, mailbox.History(symbol, interval, start, now))
        bars = reader.bars(symbol, interval=interval, source="yahoo", since=start, until=now)
        simulated = rows.is_simulated(reader)
    rows.Listing(
        COLUMNS,
        [_fields(bar, simulated=simulated) for bar in bars],
        [rows.marked(_line(bar), simulated=simulated) for bar in bars],
        f"no past prices of {symbol} stored",
    ).print(as_json=as_json, as_csv=as_csv)


def _fetch(path: Path, wish: mailbox.History) -> None:
    if lock.holder(path) is None:
        click.echo("no collector runs on this database; these are the prices that were fetched before", err=True)
        return
    letter = mailbox.post(path, wish)
    deadline = time.monotonic() + PATIENCE
    while not letter.answered():
        if time.monotonic() > deadline:
            letter.done()
            click.echo("the collector did not answer; these are the prices that were fetched before", err=True)
            return
        time.sleep(LOOK)


def _fields(bar: Bar, *, simulated: bool) -> dict[str, object]:
    return {
        "symbol": bar.symbol,
        "interval": bar.interval,
        "at": rows.iso(bar.at),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
        "simulated": simulated,
    }


def _line(bar: Bar) -> str:
    prices = "  ".join(f"{price:>12,.4f}" for price in (bar.open, bar.high, bar.low, bar.close))
    return f"{local_and_new_york(bar.at)}  {prices}  {'' if bar.volume is None else f'{bar.volume:>15,}'}".rstrip()
