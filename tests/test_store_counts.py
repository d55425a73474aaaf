"""What the quote board asks of the store: how often each symbol is in the news, and the day's prices."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from monitor.store.reader import Reader
from monitor.store.writer import Writer
from tests.store_samples import NOW, entry, mention, minutes, poll, quote

if TYPE_CHECKING:
    from pathlib import Path

HOUR = minutes(60)


def test_headlines_are_counted_once_for_each_symbol_that_they_mention_and_from_a_moment_on(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(Writer.open(path)) as writer:
        poll(
            writer,
            (entry("old", published_at=NOW - minutes(61)), (mention("NVDA"),)),
            (entry("twice", published_at=NOW - minutes(60)), (mention("NVDA"), mention("NVDA", 4, 9))),
            (entry("both", published_at=NOW), (mention("NVDA"), mention("AMD", 4, 5))),
            (entry("topic", published_at=NOW), (mention("NVDA", kind="topic"),)),
        )
    with closing(Reader.open(path)) as reader:
        assert reader.headline_counts(["NVDA", "AMD", "MU"], NOW - HOUR) == {"NVDA": 2, "AMD": 1, "MU": 0}
        assert reader.headline_counts(["AMD"], NOW - HOUR) == {"AMD": 1}
        assert reader.headline_counts([], NOW - HOUR) == {}


def test_counting_ends_where_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(Writer.open(path)) as writer:
        poll(writer, *((entry(str(number)), (mention("NVDA"),)) for number in range(12)))
    with closing(Reader.open(path)) as reader:
        assert reader.headline_counts(["NVDA"], NOW - HOUR, at_most=10) == {"NVDA": 10}


def test_closes_are_those_of_the_polled_minutes_in_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "m.db"
    with closing(Writer.open(path)) as writer:
        for minute, price in ((0, 120.0), (1, 119.0), (2, 118.0)):
            at = NOW + minutes(minute)
            writer.record_quotes([quote(price=price, at=at), quote("AMD", price / 2, at=at)], now=at)
    with closing(Reader.open(path)) as reader:
        found = reader.recent_closes(["NVDA", "MU"], NOW + minutes(1))
        assert found == {"NVDA": [(NOW + minutes(1), 119.0), (NOW + minutes(2), 118.0)], "MU": []}
