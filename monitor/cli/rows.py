"""Rows as the commands print them: lines for a person, JSON, and CSV that tricks no spreadsheet.

What was stored was cleaned before. It is looked at again here, because an older version may have stored it.
"""

from __future__ import annotations

import csv
import json
import select
import sys
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from msgspec import Struct

from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from monitor.clock import Clock
    from monitor.models import Alert, Headline
    from monitor.store.reader import Reader

SIMULATED = "SIMULATED"
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # a spreadsheet may run what begins so

HEADLINE_COLUMNS = (
    *("id", "published_at", "updated_at", "first_seen_at", "feed", "language", "topics", "tickers", "title", "link"),
    *("author", "summary", "simulated"),
)
ALERT_COLUMNS = ("id", "fired_at", "severity", "kind", "rule", "subject", "text", "links", "simulated")


def clock_of(reader: Reader) -> Clock:
    """The clock that its rows go by."""
    from monitor.store.records import clock_of  # with sqlite3's room, which `--help` need not load

    return clock_of(reader.collector())


def is_simulated(reader: Reader) -> bool:
    """Whether all that is stored there came of a replay."""
    info = reader.collector()
    return info is not None and info.simulated


def marked(line: str, *, simulated: bool) -> str:
    return f"{SIMULATED} {line}" if simulated else line


def iso(at: datetime | None) -> str | None:
    """UTC, to the millisecond, with a Z."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def headline_fields(headline: Headline, *, simulated: bool) -> dict[str, object]:
    return {
        "id": headline.id,
        "published_at": iso(headline.published_at),
        "updated_at": iso(headline.updated_at),
        "first_seen_at": iso(headline.first_seen_at),
        "feed": headline.feed_name,
        "language": headline.language,
        "topics": list(headline.topics),
        "tickers": list(headline.tickers),
        "title": headline.title,
        "link": headline.link,
        "author": headline.author,
        "summary": headline.summary,
        "simulated": simulated,
    }


def headline_line(headline: Headline) -> str:
    """`time  feed  *topic* $TICKER  title  <link>`, as an alert has its link.

    A time with ~ before it is when the headline was first seen: its feed gave none, or one that was yet to come.
    """
    sure = "" if headline.published_at == headline.sort_at else "~"
    names = [f"*{topic}*" for topic in headline.topics] + [f"${symbol}" for symbol in headline.tickers]
    parts = [f"{sure}{local_and_new_york(headline.sort_at)}", headline.feed_name, " ".join(names), headline.title]
    return "  ".join(part for part in (*parts, f"<{headline.link}>" if headline.link else "") if part)


def alert_fields(alert: Alert) -> dict[str, object]:
    """The alert as the alert log has it (docs/alerts.md)."""
    from monitor.alerts.line import to_json

    fields: dict[str, object] = json.loads(to_json(alert))
    return fields


def shown(line: str) -> str:
    """`line` with nothing in it that could steer a terminal or forge another line."""
    if line.isprintable():
        return line
    from monitor.text import printable

    return printable(line, limit=20_000)


def say(*lines: str) -> None:
    """Lines for a person, to standard output at once."""
    sys.stdout.writelines(f"{shown(line)}\n" for line in lines)
    sys.stdout.flush()


def complain(line: str) -> None:
    """A line for a person, to standard error."""
    click.echo(shown(line), err=True)


def is_read() -> bool:
    """Whether there is still somebody at the other end of standard output, which only a write would tell otherwise."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return not poll.poll(0)


def json_text(value: object, *, indent: int | None = None) -> str:
    """`value` as JSON in which what does not show is escaped, and all beyond ASCII where the output is not UTF-8."""
    utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not utf_8, indent=indent)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text)


def cells(text: str) -> int:
    """How many cells of a terminal `text` takes: two for a Korean or Chinese character, none for a combining mark."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def wrapped(text: str, width: int, indent: int = 0, *, simulated: bool = False) -> list[str]:
    """`text` in lines of at most `width` cells, all but the first `indent` cells further in; broken at spaces.

    What stands before the first word stays. A word that is wider than a line is left whole. Each line is `marked`.
    """
    width -= cells(marked("", simulated=simulated))
    words = text.split(" ")
    lines, line = [], words[0]
    for word in words[1:]:
        if word and line.strip() and cells(line) + 1 + cells(word) > width:
            lines.append(line.rstrip())
            line = f"{'':{indent}}{word}"
        else:
            line = f"{line} {word}"
    return [marked(each, simulated=simulated).rstrip() for each in (*lines, line.rstrip())]


class Listing(Struct, frozen=True):
    """The same things as `fields` by `columns`, for JSON and CSV, and as `lines` for a person.

    JSON has all fields, CSV those that `columns` name.
    """

    columns: Sequence[str]
    fields: Sequence[Mapping[str, object]]
    lines: Sequence[str]
    when_empty: str = "nothing stored that fits"

    def print(self, *, as_json: bool, as_csv: bool) -> None:
        """To standard output. An empty listing is `[]`, a header, or a sentence on standard error."""
        if as_json and as_csv:
            raise click.UsageError("--json or --csv, not both.")
        if as_json:
            sys.stdout.write(self._json())
        elif as_csv:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(self.columns)
            writer.writerows([_cell(row[column]) for column in self.columns] for row in self.fields)
        else:
            say(*self.lines)
            if not self.lines:
                complain(self.when_empty)

    def _json(self) -> str:
        """A list with a line for each row."""
        return "[\n" + ",\n".join(map(json_text, self.fields)) + "\n]\n" if self.fields else "[]\n"


def _cell(value: object) -> object:
    """`value` for a CSV cell: lists joined, and a text that a spreadsheet would run as a formula kept a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = " ".join(map(str, value))
    if isinstance(value, str):
        text = shown(value)  # first: what it drops may stand before a formula
        return f"'{text}" if text.lstrip().startswith(FORMULA) else text
    return value
