"""docs/schema.md says what is true, and its queries run."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from monitor.models import FailureKind, FeedState
from monitor.store.writer import Writer
from tests.store_samples import BASELINE, FEED, OTHER, QUOTE_REF, alert, entry, mention, poll, quote

DOCUMENT = (Path(__file__).parent.parent / "docs" / "schema.md").read_text(encoding="utf-8")
TABLES, QUERIES = DOCUMENT.split("## Tables")[1].split("## Twelve queries")
QUERIES = QUERIES.split("## Permissions")[0]
# What SQLite, its text index and sqlite-utils keep for themselves.
NOT_OURS = re.compile(r"sqlite_|_sqlite_migrations|headlines_fts_")


def documented() -> dict[str, list[tuple[str, str]]]:
    """Table -> its columns with their types, in order."""
    found = {}
    for section in TABLES.split("\n### ")[1:]:
        name = section[: section.index("\n")].strip("`")
        found[name] = re.findall(r"^\| `(\w+)` \| (\w+) \| \S", section, re.MULTILINE)
    return found


def queries() -> dict[str, str]:
    return dict(re.findall(r"### \d+\. (.+?)\n\n```sql\n(.+?)\n```", QUERIES, re.DOTALL))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of news and prices that ends now."""
    path = tmp_path_factory.mktemp("docs") / "monitor.db"
    now = datetime.now(UTC)
    with Writer.open(path) as writer:
        writer.sync_feeds([FEED, OTHER])
        for age in range(180, -1, -2):
            at = now - timedelta(minutes=age)
            prices = [
                quote("NVDA", 118.0 + age / 10, at=at, base_close=142.62),
                quote("AMD", 115.0, at=at, base_close=122.8),
            ]
            writer.record_quotes(prices, now=now)
        topic = (mention("DeepSeek", kind="topic"), mention("NVDA"))
        same = "https://news.example/same"
        poll(
            writer,
            (entry("1", "딥시크 충격에 엔비디아 급락", published_at=now - timedelta(minutes=45)), topic),
            now=now,
        )
        poll(writer, (entry("2", "DeepSeek and Nvidia", link=same), topic), now=now)
        poll(writer, (entry("3", "DeepSeek shakes Nvidia", link=same + "?utm_source=x"), topic), feed=OTHER, now=now)
        failing = FeedState(
            url=OTHER.url, failure=FailureKind.TIMEOUT, failing_since=now, error="nothing in 20 s", failures=1
        )
        writer.record_poll(OTHER, failing, (), now=now + timedelta(seconds=1))
        writer.record_alerts([replace(alert("a", fired_at=now), quotes=(QUOTE_REF,))], ["file"])
        writer.sync_baseline(BASELINE)
    return path


def test_each_table_and_column_is_documented_with_its_type_and_nothing_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        real = {
            name: [
                (column, kind or "TEXT")  # columns of the text index have no type
                for column, kind in connection.execute("SELECT name, type FROM pragma_table_info(?)", [name])
            ]
            for name in names
            if not NOT_OURS.match(name)
        }
    assert documented() == real


def test_there_are_twelve_queries() -> None:
    assert len(queries()) == 12


@pytest.mark.parametrize("title", queries())
def test_each_query_runs_and_finds_something(path: Path, title: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(queries()[title]).fetchall()
    assert rows
