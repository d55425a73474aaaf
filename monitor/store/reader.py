"""Read-only connections, as many as there are viewers."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self

from monitor.errors import StoreCorrupt
from monitor.store import faults, files, headlines, schema, search, status
from monitor.store.codec import Kept
from monitor.store.records import (
    Activity,
    AlertFilter,
    CollectorInfo,
    Counts,
    HeadlineFilter,
    HistoryState,
    Oldest,
    Page,
    Position,
    StoredFeed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from monitor.models import Alert, Bar, Headline, Quote, QuoteSourceState

__all__ = [
    "Activity",
    "AlertFilter",
    "CollectorInfo",
    "Counts",
    "HeadlineFilter",
    "HistoryState",
    "Oldest",
    "Page",
    "Position",
    "Reader",
    "StoredFeed",
]

CACHE_KIB = 4 * 1024
MOST_FAULTS = 20
STORY_LASTS = timedelta(days=3)
STORY_LOOK = 4000
LOOK = 10_000  # headlines that a first page looks through at most, where no index narrows them down
FURTHER = 3  # times that for the next ones, for which nobody waits as for the first


class Reader:
    """What a viewer reads with, in the thread that opened it. It never writes, and holds up no writer.

    Every method sees one state of the database, and a block under `snapshot` sees the same one throughout. All raise
    the StoreError kinds, after which the Reader may be used again; `still_there` says when to open another.
    """

    def __init__(self, path: Path, identity: files.Identity, connection: sqlite3.Connection, *, named: Path) -> None:
        self.path = path
        self._named = named  # maybe by a link
        self._identity = identity
        self._connection = connection
        self._feeds: Kept[StoredFeed] | None = None
        self._quotes: Kept[Quote] | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open what a collector has made, also while it writes, and where this account may only read (docs/schema.md).

        Raises StoreMissing, StoreTooNew, StoreCorrupt, StoreReadOnly, or StoreError with what else is wrong.
        """
        real = Path(os.path.realpath(path))
        identity = files.identity(real)
        with faults.told(real):
            connection = files.connect(real, "ro")
            try:
                connection.execute("PRAGMA query_only = ON")
                connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
                schema.require_current(connection, real)
            except BaseException:
                connection.close()
                raise
        return cls(real, identity, connection, named=path)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def still_there(self) -> bool:
        """False when the name it was opened by no longer leads to the open file: nothing new will be seen in it."""
        return files.is_there(self._named, self._identity)

    def identity(self) -> str:
        """What tells this database from others, also when it was moved: the id it was made with, else its path."""
        with self.snapshot() as connection:
            return status.fingerprint(connection, "id") or str(self.path)

    def data_version(self) -> int:
        """A number that changes with every commit of the collector. 3 µs, so it may be asked many times a second."""
        with faults.told(self.path):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """All reading inside the block sees one state. Keep it short: the write-ahead log grows while it lasts."""
        with faults.told(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN")
            try:
                yield self._connection
            finally:
                self._connection.rollback()

    def headlines(self, wanted: HeadlineFilter | None = None) -> list[Headline]:
        """The headlines that `wanted` lets through, newest first by (sort_at, id)."""
        with self.snapshot() as connection:
            return headlines.by_id(connection, search.page(connection, wanted or HeadlineFilter()).ids)

    def headline_ids(self, wanted: HeadlineFilter) -> list[int]:
        """Their ids only: for lists of many thousands, of which `headlines_by_id` fetches what is shown."""
        with self.snapshot() as connection:
            return search.page(connection, wanted).ids

    def headline_page(self, wanted: HeadlineFilter) -> Page:
        """As `headline_ids`, in a time that does not grow with what is stored (20 ms).

        Where what is wanted is rare among what is common the page ends before it is full, and the next one looks on.
        A word that few headlines have (`search.FEW`) brings all of them at once, also beyond the limit.
        """
        with self.snapshot() as connection:
            return search.page(connection, wanted, look=LOOK * (1 if wanted.before is None else FURTHER))

    def headlines_by_id(self, ids: Sequence[int]) -> list[Headline]:
        """The headlines with these ids, in this order; those that were deleted since are left out."""
        with self.snapshot() as connection:
            return headlines.by_id(connection, ids)

    def headlines_after(self, number: int, *, limit: int = 1000) -> list[Headline]:
        """The headlines that arrived after the one with this id, in order of arrival."""
        with self.snapshot() as connection:
            return headlines.after(connection, number, limit)

    def same_story(self, headline: Headline) -> list[Headline]:
        """The other headlines with the same `story_url`, newest first, of those within three days of it, and at most
        4,000 headlines away: 10 ms.
        """
        if headline.story_url is None:
            return []
        with self.snapshot() as connection:
            found = headlines.same_story(connection, headline, STORY_LASTS, STORY_LOOK)
            return headlines.by_id(connection, found)

    def headline_count(self) -> int:
        """How many headlines are stored. 10 µs, however many."""
        with self.snapshot() as connection:
            return headlines.stored(connection)

    def headline_counts(self, symbols: Sequence[str], since: datetime, *, at_most: int = 100) -> dict[str, int]:
        """By symbol, how many headlines published since then mention it. 2 ms for 50 symbols, however many there are:
        counting ends at `at_most`.
        """
        with self.snapshot() as connection:
            return headlines.counts_by_ticker(connection, symbols, since, at_most)

    def alerts(self, wanted: AlertFilter | None = None) -> list[Alert]:
        """The alerts that `wanted` lets through, newest first."""
        from monitor.store import alerts  # with all that an alert is made of, for which the screen does not wait

        with self.snapshot() as connection:
            return alerts.found(connection, wanted or AlertFilter())

    def alerts_after(self, number: int, *, limit: int = 1000) -> list[tuple[int, Alert]]:
        """The alerts recorded after the one with this number, in that order, each with its own."""
        from monitor.store import alerts

        with self.snapshot() as connection:
            return alerts.after(connection, number, limit)

    def undelivered(self) -> int:
        """How many alerts wait for a sink that has not taken them. However many there ever were: 10 µs."""
        with self.snapshot() as connection:
            return status.undelivered(connection)

    def newest(self) -> Position:
        """Where `headlines_after` and `alerts_after` begin to follow."""
        with self.snapshot() as connection:
            return status.newest(connection)

    def oldest(self) -> Oldest:
        """What retention has left: whatever is marked of earlier ones may be forgotten."""
        with self.snapshot() as connection:
            return status.oldest(connection)

    def quotes(self) -> dict[str, Quote]:
        """The last good quote of each symbol ever asked for."""
        from monitor.store import quotes

        self._quotes = self._quotes or Kept(quotes.QUOTE.model)
        with self.snapshot() as connection:
            return {quote.symbol: quote for quote in self._quotes.models(quotes.rows(connection))}

    def quote_source(self) -> QuoteSourceState:
        from monitor.store import quotes

        with self.snapshot() as connection:
            return quotes.source(connection)

    def bars(
        self,
        symbol: str,
        *,
        interval: str = "1m",
        source: str = "polled",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Bar]:
        """Bars with `since` <= at < `until`, in order of time; `source` is "polled" (one minute only) or "yahoo"."""
        from monitor.store import quotes

        with self.snapshot() as connection:
            return quotes.bars(connection, symbol, interval=interval, source=source, since=since, until=until)

    def recent_bars(self, symbols: Sequence[str], since: datetime) -> dict[str, list[Bar]]:
        """The polled one-minute bars from `since` on, by symbol, in order of time."""
        from monitor.store import quotes

        with self.snapshot() as connection:
            return quotes.recent_bars(connection, symbols, since)

    def recent_closes(self, symbols: Sequence[str], since: datetime) -> dict[str, list[tuple[datetime, float]]]:
        """As `recent_bars`, but of each bar only when it began and its close: a quarter of the time."""
        from monitor.store import quotes

        with self.snapshot() as connection:
            return quotes.recent_closes(connection, symbols, since)

    def baseline_history(self) -> dict[str, HistoryState]:
        """By symbol, how far fetching its prices of January 2025 has come; symbols never asked for are missing."""
        from monitor.store import baseline

        with self.snapshot() as connection:
            return baseline.history(connection)

    def baseline_bars(self, symbol: str | None = None) -> dict[str, tuple[list[Bar], list[Bar]]]:
        """Daily and hourly bars of 23 to 30 January 2025, in order of time, by symbol; symbols without are missing."""
        from monitor.store import baseline

        with self.snapshot() as connection:
            return baseline.bars(connection, symbol)

    def feeds(self) -> list[StoredFeed]:
        """All feeds ever configured, those of the settings first, by name."""
        from monitor.store import feeds

        self._feeds = self._feeds or Kept(feeds.stored)
        with self.snapshot() as connection:
            return self._feeds.models(feeds.rows(connection))

    def activity(self, since: datetime) -> dict[str, Activity]:
        """By url, what each feed that was polled has done since then. Polls are kept for `store.keep.polls`."""
        from monitor.store import feeds

        with self.snapshot() as connection:
            return feeds.activity(connection, since)

    def collector(self) -> CollectorInfo | None:
        """Who collects, or did last; None before the first. Only its lock can say whether it lives (`monitor.lock`)."""
        with self.snapshot() as connection:
            return status.collector(connection)

    def counts(self) -> Counts:
        """How many rows there are."""
        with self.snapshot() as connection:
            return status.counts(connection, self.path)

    def quick_check(self) -> list[str]:
        """What SQLite finds wrong with the file, in its words; nothing when it is sound. Reads all of it."""
        try:
            with self.snapshot() as connection:
                found = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({MOST_FAULTS})")]
        except StoreCorrupt as error:  # where the damage keeps it from looking further
            found = [str(error)]
        return [] if found == ["ok"] else found
