"""The one writing connection."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from monitor.errors import StoreError
from monitor.store import alerts, baseline, faults, feeds, files, headlines, quotes, retention, schema, status
from monitor.store.records import CollectorInfo, HistoryState, Recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlite_utils import Database

    from monitor.baseline import Baseline
    from monitor.config import StoreSettings
    from monitor.models import Alert, Bar, Entry, Feed, FeedState, Mention, Quote, QuoteSourceState

__all__ = ["CollectorInfo", "HistoryState", "Recorded", "Writer"]

WAL_LIMIT = 16 * 1024 * 1024  # bytes of the write-ahead log: it is copied into the database then, and cut back to that
FRAME = 4096 + 24  # bytes of a page in it
CACHE_KIB = 4 * 1024
CLOSE_WITHIN = 200  # milliseconds that readers are waited for


class Writer:
    """What the collector writes with, in the thread that opened it.

    Every method commits what it does, unless it is called inside `transaction`. All raise the StoreError kinds; what
    failed was rolled back and may be tried again on the same Writer. A committed transaction is on the disk: the log is
    flushed at each commit (`synchronous=FULL`, 0.5 ms on the machine this was written on; 0.02 ms without).

    Plain rows are written through sqlite-utils, which is loaded when there are any; what depends on what is stored
    already, or is written in every run, is SQL.
    """

    def __init__(
        self,
        path: Path,
        identity: files.Identity,
        connection: sqlite3.Connection,
        keeper: sqlite3.Connection,
        *,
        named: Path,
    ) -> None:
        self.path = path
        self._named = named  # maybe by a link
        self._identity = identity
        self._connection = connection
        self._keeper = keeper

    @cached_property
    def _db(self) -> Database:
        return schema.database(self._connection)

    @classmethod
    def open(cls, path: Path, *, group: str | None = None) -> Self:
        """Open the database, made and brought up to date where needed; members of `group` may read it.

        Raises StoreTooNew, StoreCorrupt, StoreReadOnly, StoreFull, StoreBusy, or StoreError with what else is wrong.
        """
        real = Path(os.path.realpath(path))
        files.prepare(real, group)
        identity = files.identity(real)
        with faults.told(real):
            connection = files.connect(real, "rw")
            try:
                _set_up(connection, real)
                schema.upgrade(connection, real)
                connection.execute("DELETE FROM meta WHERE false")  # SQLite opens what it may only read without a word
                files.set_modes(real, group)
                keeper = _keep_open(real)
            except BaseException:
                connection.close()
                raise
        return cls(real, identity, connection, keeper, named=path)

    def close(self) -> None:
        """Move the write-ahead log into the database as far as readers allow, and let go.

        The -wal and -shm files stay, empty: an account that may only read could not make them, and without them SQLite
        cannot read. They stay because a read-only connection, which may not delete them, is the last to close.
        """
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {CLOSE_WITHIN}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            pass  # what is committed is in the log and stays there
        finally:
            self._connection.close()
            self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def still_there(self) -> bool:
        """False when the name it was opened by no longer leads to the open file: what is written now would be lost."""
        return files.is_there(self._named, self._identity)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or nothing of it. Inside another one, an exception takes back only this block's part."""
        inner = self._connection.in_transaction
        with faults.told(self.path):
            # Always by the same name, unlike sqlite-utils' own, or each would be compiled anew.
            self._connection.execute("SAVEPOINT inner_part" if inner else "BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("RELEASE inner_part" if inner else "COMMIT")
            except BaseException:
                self._take_back(inner=inner)
                raise

    def _take_back(self, *, inner: bool) -> None:
        if not inner:
            self._connection.rollback()  # does nothing after a fault that has ended the transaction by itself
        elif self._connection.in_transaction:
            self._connection.execute("ROLLBACK TO inner_part")
            self._connection.execute("RELEASE inner_part")

    def sync_feeds(self, configured: Sequence[Feed]) -> dict[str, FeedState]:
        """Make these the configured feeds; what is remembered of each, by url. Others are kept, inactive."""
        with self.transaction():
            return feeds.sync(self._connection, configured)

    def record_poll(
        self, feed: Feed, state: FeedState, entries: Sequence[tuple[Entry, tuple[Mention, ...]]], *, now: datetime
    ) -> Recorded:
        """Keep what a poll of `feed` brought, in the order of its document, and the state that follows from it.

        A key of this feed that is not stored becomes a headline. A stored one that reads differently (title, link,
        summary, author, dates) is updated, keeping id and first_seen_at, and its mentions are replaced; otherwise it is
        left alone. A deleted one stays deleted. `state` may be that of a failed or an unchanged poll, with no entries.
        """
        with self.transaction():
            feed_id = feeds.number(self._connection, feed)
            recorded = headlines.record(self._connection, feed, feed_id, entries, now=now)
            feeds.record(self._connection, feed_id, state, recorded, now=now)
            return recorded

    def record_quotes(self, fetched: Sequence[Quote], *, now: datetime) -> tuple[Quote, ...]:
        """Keep the latest of each symbol and its one-minute bar; the quotes as they stand now (`quotes.merged`)."""
        with self.transaction():
            return quotes.record(self._connection, fetched, now=now)

    def latest_quotes(self) -> dict[str, Quote]:
        with faults.told(self.path):
            return quotes.latest(self._connection)

    def record_quote_source(self, state: QuoteSourceState) -> None:
        with self.transaction():
            quotes.keep_source(self._connection, state)

    def quote_source(self) -> QuoteSourceState:
        with faults.told(self.path):
            return quotes.source(self._connection)

    def record_bars(self, bars: Sequence[Bar]) -> None:
        """Keep bars of the past; one that is known already is replaced."""
        with self.transaction():
            quotes.keep_bars(self._connection, bars)

    def recent_bars(self, symbols: Sequence[str], since: datetime) -> dict[str, list[Bar]]:
        """The polled one-minute bars from `since` on, by symbol, in order of time."""
        with faults.told(self.path):
            return quotes.recent_bars(self._connection, symbols, since)

    def baseline_digest(self) -> str | None:
        """Of the records that are stored."""
        with faults.told(self.path):
            return status.fingerprint(self._connection, "baseline")

    def sync_baseline(self, recorded: Baseline) -> bool:
        """Replace the stored records by these, where they are other ones; whether they were."""
        with self.transaction():
            if status.fingerprint(self._connection, "baseline") == recorded.digest:
                return False
            baseline.replace(self._connection, recorded)
            status.keep_fingerprint(self._db, "baseline", recorded.digest)
            return True

    def record_baseline_history(self, state: HistoryState, bars: Sequence[Bar]) -> None:
        """Keep how asking for a symbol's prices of January 2025 went, and the bars that came ("1d" and "1h").

        What is known already is replaced, and what did not come again stays: Yahoo forgets hours after two years. All
        of it goes when prices are told anew (after a split), or when a replay's history meets the true one.
        """
        with self.transaction():
            baseline.record_history(self._connection, state, bars)

    def baseline_history(self) -> dict[str, HistoryState]:
        """By symbol, for each that was ever asked for."""
        with faults.told(self.path):
            return baseline.history(self._connection)

    def record_alerts(self, fired: Sequence[Alert], sinks: Sequence[str]) -> None:
        """Keep the alerts, each for all of `sinks`. One whose id is known already is not taken again."""
        with self.transaction():
            alerts.record(self._connection, fired, sinks)

    def give_up_deliveries(self, *, but_to: Sequence[str]) -> int:
        """Offer waiting alerts to no sink but these any more; how many waited for others. The alerts stay."""
        with self.transaction():
            return alerts.give_up(self._connection, but_to)

    def pending_deliveries(self, sink: str, *, now: datetime, limit: int) -> list[tuple[Alert, int]]:
        """Alerts that `sink` has not taken and may be offered now, oldest first, each with the attempts made so far."""
        with faults.told(self.path):
            return alerts.waiting(self._connection, sink, now=now, limit=limit)

    def delivered(self, alert_id: str, sink: str, now: datetime) -> None:
        with self.transaction():
            alerts.delivered(self._connection, alert_id, sink, now)

    def delivery_failed(self, alert_id: str, sink: str, *, error: str, next_try_at: datetime) -> None:
        """`next_try_at` is at most an hour ahead; one further ahead counts as due, because the clock was put back."""
        with self.transaction():
            alerts.failed(self._connection, alert_id, sink, error, next_try_at)

    def rule_memory(self) -> dict[tuple[str, str], str]:
        """What the rules remember, by (rule, subject)."""
        with faults.told(self.path):
            return alerts.memory(self._connection)

    def remember_rules(self, changes: Mapping[tuple[str, str], str | None]) -> None:
        """Keep what changed of it; None forgets."""
        if changes:
            with self.transaction():
                alerts.remember(self._db, changes)

    def matcher_fingerprint(self) -> str | None:
        """Of the matcher that all stored headlines were matched with."""
        with faults.told(self.path):
            return status.fingerprint(self._connection, "matcher")

    def set_matcher_fingerprint(self, fingerprint: str) -> None:
        with self.transaction():
            status.keep_fingerprint(self._db, "matcher", fingerprint)

    def rematch(self, match: Callable[[str, str], tuple[Mention, ...]], *, batch: int = 500) -> int:
        """Match all stored headlines anew (`match(title, summary)`); how many mention something else than before."""
        return sum(self.rematching(match, batch=batch))

    def rematching(self, match: Callable[[str, str], tuple[Mention, ...]], *, batch: int = 500) -> Iterator[int]:
        """`rematch` by steps of `batch` headlines, the newest first, for a caller with other things to do in between.

        Each step is a transaction of its own, so all of it may be done again after a crash.
        """
        below: int | None = headlines.END
        while below is not None:
            with self.transaction():
                changed, below = headlines.rematch(self._connection, match, below, batch)
            yield changed

    def heartbeat(self, info: CollectorInfo) -> None:
        """Say who collects, and that it lives."""
        with self.transaction():
            status.beat(self._connection, info)

    def prune(self, settings: StoreSettings, *, now: datetime) -> dict[str, int]:
        """Delete some of what is older than `settings.keep`; rows by table. Nothing left to delete: an empty dict.

        One call is one bounded piece of work: call it until nothing is left. Alerts that were not delivered stay.
        """
        with self.transaction():
            deleted = retention.prune(self._connection, settings, now)
        if not self._connection.in_transaction:
            with faults.told(self.path):  # as a script, because each step of it gives back one page
                self._connection.executescript(f"PRAGMA incremental_vacuum({retention.PAGES})")
        return deleted


def _set_up(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse what is not ours, set what the file keeps (first) and what the connection needs."""
    if not schema.applied(connection, path):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only before the first table
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise StoreError(f"{path}: this file system has no shared memory, which readers beside a writer need ({mode})")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
    # With SQLite's own 1,000 pages a first load would wait for copying into the database at every third commit.
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_LIMIT // FRAME}")
    connection.execute("PRAGMA secure_delete = FAST")  # ON, as Debian builds it, writes every page that the index frees
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def _keep_open(path: Path) -> sqlite3.Connection:
    """A read-only connection that has read once, so that closing the other one is not the last close (see `close`)."""
    keeper = files.connect(path, "ro")
    keeper.execute("SELECT count(*) FROM meta").fetchone()
    return keeper
