"""`monitor baseline`: what the documents recorded of January 2025, and today beside it."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from monitor.cli import options, rows
from monitor.errors import StoreMissing
from monitor.models import RecordKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.baseline import Baseline
    from monitor.models import Measured, Record

LANGUAGES = ("en", "ko")
NOT_A_TERMINAL = (1_000_000, 24)  # cells: what is piped is not folded, so that a record stays a line


@click.command("baseline")
@options.config
@options.database
@click.option("--ticker", type=str.upper, metavar="SYMBOL", help="Only records of this symbol.")
@click.option("--kind", type=click.Choice([str(kind) for kind in RecordKind]), help="Only records of this kind.")
@click.option("--lang", type=click.Choice(LANGUAGES), help="Language of the summaries (default: the locale's).")
@click.option("--compare", is_flag=True, help="The last quotes beside what was documented.")
@click.option("--sources", is_flag=True, help="List the documents.")
@options.as_json
def command(
    *,
    config: Path | None,
    database: Path | None,
    ticker: str | None,
    kind: str | None,
    lang: str | None,
    compare: bool,
    sources: bool,
    as_json: bool,
) -> None:
    """Print what five documents recorded of the shock of 27 January 2025: a timeline, then a table by ticker.

    The table has beside each documented figure what the market's own prices say, once a collector has fetched them;
    until then it is not yet measured. ≠ marks figures that disagree. --compare needs a database with quotes.
    """
    from monitor.baseline import load

    if sources + compare + (kind is not None) > 1 or (sources and ticker):
        raise click.UsageError("--sources stands alone, and --compare takes no --kind.")
    baseline = load()
    width = shutil.get_terminal_size(NOT_A_TERMINAL).columns
    if sources:
        _print_sources(baseline, lang or _language(), width, as_json=as_json)
    elif compare:
        from monitor.cli.beside import print_compared

        print_compared(baseline, config, database, ticker, width, as_json=as_json)
    else:
        records = [
            record for record in baseline.records if ticker in {None, record.symbol} and kind in {None, record.kind}
        ]
        measured = _measured(records, options.database_of(database, config))
        if as_json:
            _print_json(baseline, records, measured)
        else:
            narrowed = ticker is not None or kind is not None
            _print(baseline, records, measured, lang or _language(), width, narrowed=narrowed)


def _print(
    baseline: Baseline,
    records: Sequence[Record],
    measured: Mapping[str, Measured],
    language: str,
    width: int,
    *,
    narrowed: bool,
) -> None:
    """All that was recorded of a ticker or kind; else what happened when, and how many records there are besides."""
    from monitor.cli.documented import Recorded, is_event, left_out

    shown = Recorded(baseline, records if narrowed else list(filter(is_event, records)), measured, language, width)
    rest = "" if narrowed else left_out(records)
    parts = [
        list(part)
        for part in (shown.timeline(), shown.table(), shown.disagreements(), rows.wrapped(rest, width) if rest else ())
    ]
    for number, lines in enumerate(part for part in parts if part):
        rows.say(*([""] if number else []), *lines)
    if not records:
        rows.complain("nothing recorded that fits")


def _print_json(baseline: Baseline, records: Sequence[Record], measured: Mapping[str, Measured]) -> None:
    from monitor.baseline.fields import record_fields

    fields = [record_fields(record, baseline, measured[record.id]) for record in records]
    rows.Listing((), fields, ()).print(as_json=True, as_csv=False)


def _print_sources(baseline: Baseline, language: str, width: int, *, as_json: bool) -> None:
    from monitor.baseline.fields import document_fields
    from monitor.cli import documented

    fields = [document_fields(document) for document in baseline.documents]
    lines = list(documented.sources(baseline, language, width))
    rows.Listing((), fields, lines).print(as_json=as_json, as_csv=False)


def _measured(records: Sequence[Record], path: Path) -> dict[str, Measured]:
    """By id what the stored prices of January 2025 say of each record; without a database nothing is measured yet."""
    from monitor.baseline.measured import measure
    from monitor.store.reader import Reader

    try:
        with closing(Reader.open(path)) as reader, reader.snapshot():
            history, bars = reader.baseline_history(), reader.baseline_bars()
    except StoreMissing as error:
        rows.complain(f"nothing is measured yet: {error}")
        history, bars = {}, {}
    found = {}
    for record in records:
        state = history.get(record.symbol or "")
        daily, hourly = bars.get(record.symbol or "", ((), ()))
        found[record.id] = measure(
            record,
            daily,
            hourly,
            asked=state is not None and state.asked_at is not None,
            simulated=state is not None and state.simulated,
        )
    return found


def _language() -> str:
    """Of the first of the locale's variables that is set."""
    locale = next(filter(None, (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if locale.startswith("ko") else "en"
