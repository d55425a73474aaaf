"""What is the user's own: marks on headlines and alerts, snoozed rules, and how the screen is arranged.

A small SQLite file that all viewers of one account share, also while several run. Nothing of it is in the databases
that they view, of which each has marks of its own here, known by `Reader.identity`. docs/schema.md has its tables.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from monitor.errors import StoreBusy, StoreError
from monitor.store import faults, files, personal_file
from monitor.store.codec import maybe, moment, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from monitor.models import Alert
    from monitor.store.records import Oldest

READ, STARRED, ACKNOWLEDGED, SNOOZED, CHOICE = "read", "starred", "acknowledged", "snoozed", "choice"
EVERY = ""  # stands for all databases: how the screen is arranged is the user's and not a database's

DATABASES = 50  # those marked last keep their marks; each replay makes a new one
AGAIN, AGAIN_WHEN_BUSY = 30.0, 1.0  # seconds until what failed is tried again

_USE = """
    INSERT INTO databases (identity, used) SELECT ?, max(used) + 1 FROM databases WHERE true
    ON CONFLICT (identity) DO UPDATE SET used = excluded.used
"""
_DROP_UNUSED = """
    DELETE FROM databases WHERE identity != '' AND id NOT IN (SELECT id FROM databases ORDER BY used DESC LIMIT ?)
"""
# Replacing a row gives it the next number, so what is new to another viewer is what has a higher one than it has seen.
_MARK = """
    INSERT OR REPLACE INTO marks (database_id, kind, subject, value)
    SELECT id, ?, ?, ? FROM databases WHERE identity = ?
"""
_MARKS = """
    SELECT kind, subject, value FROM marks
    WHERE {} AND change <= ? AND {} IN (SELECT id FROM databases WHERE identity IN ('', ?))
"""
_ALL_MARKS = _MARKS.format("+change > ?", "database_id")  # a unary plus keeps SQLite from using that column's index
_NEW_MARKS = _MARKS.format("change > ?", "+database_id")
_FORGET = """
    DELETE FROM marks WHERE database_id = (SELECT id FROM databases WHERE identity = ?) AND (
        (kind IN ('read', 'starred') AND subject < ?) OR (kind = 'acknowledged' AND value < ?)
        OR (kind = 'snoozed' AND (value IS NULL OR value <= ?))
    )
"""


class Changed(NamedTuple):
    """What another viewer has marked, by id, and which choices it made. False when nothing."""

    headlines: frozenset[int] = frozenset()
    alerts: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    choices: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return any((self.headlines, self.alerts, self.rules, self.choices))


NOTHING = Changed()


class Personal:
    """One viewer's view of the file at `path`, which is made where it is missing. For one thread.

    No method raises: what is marked holds at once in this process, and is written at once or, where that fails, as soon
    as it can be. While it cannot, `trouble` says why in a sentence. `elapsed` counts real seconds.
    """

    def __init__(self, path: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.path = Path(os.path.realpath(path))
        self.trouble = ""
        """Why marks are not kept, or empty."""
        self._elapsed = elapsed
        self._connection: sqlite3.Connection | None = None
        self._file: files.Identity = (0, 0)
        self._database: str | None = None
        self._known: dict[str, dict[Any, str]] = {kind: {} for kind in (READ, STARRED, ACKNOWLEDGED, SNOOZED, CHOICE)}
        self._snoozed: dict[str, datetime] = {}
        self._unwritten: dict[tuple[str, str, Any], str | None] = {}
        self._seen = 0
        self._version = -1
        self._next_try = 0.0
        self.look()

    def close(self) -> None:
        """Write what could not be written before, if it can be now, and let go of the file."""
        if self._unwritten:
            self._next_try = 0.0
            self.look()
        self._let_go()

    # What is marked

    @property
    def read(self) -> AbstractSet[int]:
        """Ids of the headlines that were read."""
        return self._known[READ].keys()

    @property
    def starred(self) -> AbstractSet[int]:
        return self._known[STARRED].keys()

    @property
    def acknowledged(self) -> AbstractSet[str]:
        """Ids of the alerts that were acknowledged."""
        return self._known[ACKNOWLEDGED].keys()

    @property
    def snoozed(self) -> Mapping[str, datetime]:
        """By rule, until when it was snoozed; that may be past. By the database's clock, in a replay the replayed."""
        return self._snoozed

    def choice(self, name: str) -> Any:
        """What was chosen for `name` (theme, layout, sort, ...) last, as JSON has it; None: nothing."""
        try:
            return json.loads(self._known[CHOICE][name])
        except (KeyError, ValueError):
            return None

    # Marking

    def use(self, identity: str) -> None:
        """From now on marks are those of this database (`Reader.identity`). Some 4 ms for each thousand of them."""
        self._database = identity
        for kind in (READ, STARRED, ACKNOWLEDGED, SNOOZED):
            self._known[kind].clear()
        self._snoozed = {}
        if self._connection is not None:
            with self._attempting():
                self._read(_ALL_MARKS)
        self._apply_unwritten()

    def mark_read(self, headlines: Iterable[int], *, read: bool = True) -> None:
        self._mark(READ, dict.fromkeys(headlines, "1" if read else None))

    def star(self, headline: int, *, starred: bool = True) -> None:
        self._mark(STARRED, {headline: "1" if starred else None})

    def acknowledge(self, alerts: Iterable[Alert]) -> None:
        self._mark(ACKNOWLEDGED, {alert.id: stamp(alert.fired_at) for alert in alerts})

    def snooze(self, rule: str, until: datetime | None) -> None:
        """None ends it."""
        self._mark(SNOOZED, {rule: None if until is None else stamp(until)})

    def choose(self, name: str, value: object) -> None:
        """Of what JSON can hold; None takes the choice back."""
        chosen = None if value is None else json.dumps(value, ensure_ascii=False)
        self._mark(CHOICE, {name: chosen}, identity=EVERY)

    def forget(self, oldest: Oldest, now: datetime) -> None:
        """Drop the marks on what is no longer kept (`Reader.oldest`), and snoozes that are over."""
        if self._database is None or self._connection is None:
            return
        number, alert_at, over = oldest.headline or 0, maybe(stamp, oldest.alert_at) or "", stamp(now)
        with self._attempting():
            self._ready().execute(_FORGET, [self._database, number, alert_at, over])
            for kind in (READ, STARRED):
                _drop(self._known[kind], [each for each in self._known[kind] if each < number])
            _drop(self._known[ACKNOWLEDGED], [each for each, at in self._known[ACKNOWLEDGED].items() if at < alert_at])
            _drop(self._known[SNOOZED], [rule for rule, until in self._known[SNOOZED].items() if until <= over])
            self._snoozed = _moments(self._known[SNOOZED])

    # Looking

    def look(self) -> Changed:
        """What other viewers have marked since the last look, and the time to write what was not. A few microseconds
        while there is nothing, so it may be called many times a second.
        """
        if self._elapsed() < self._next_try:
            return NOTHING
        changed = NOTHING
        with self._attempting():
            if self._connection is not None and not files.is_there(self.path, self._file):
                self._let_go()
                self._keep_everything()
            if self._connection is None:
                self._file, self._connection = personal_file.open_or_make(self.path)
                changed = self._read(_ALL_MARKS)
                self._apply_unwritten()
                self._connection.execute("DELETE FROM marks WHERE false")  # SQLite opens also what it may only read
                self._flush()
            else:
                self._flush()
                if self._connection.execute("PRAGMA data_version").fetchone()[0] != self._version:
                    changed = self._read(_NEW_MARKS)
            self.trouble = ""
        return changed

    @contextmanager
    def _attempting(self) -> Iterator[None]:
        """What fails in the block is said in `trouble`, and tried again with the file opened anew."""
        try:
            with faults.told(self.path):
                yield
        except StoreBusy:
            self._let_go()
            self._next_try = self._elapsed() + AGAIN_WHEN_BUSY
        except StoreError as error:
            self._let_go()
            self._next_try = self._elapsed() + AGAIN
            self.trouble = f"marks are kept only as long as this viewer runs: {personal_file.why(error, self.path)}"

    def _read(self, query: str) -> Changed:
        connection = self._ready()
        self._version = connection.execute("PRAGMA data_version").fetchone()[0]
        (top,) = connection.execute("SELECT coalesce(max(change), 0) FROM marks").fetchone()
        since = 0 if query is _ALL_MARKS else self._seen
        changed: dict[str, set[Any]] = {kind: set() for kind in self._known}
        for kind, subject, value in connection.execute(query, [since, top, self._database or EVERY]):
            if self._apply(kind, subject, value):
                changed[kind].add(subject)
        self._seen = top
        return Changed(
            headlines=frozenset(changed[READ] | changed[STARRED]),
            alerts=frozenset(changed[ACKNOWLEDGED]),
            rules=frozenset(changed[SNOOZED]),
            choices=frozenset(changed[CHOICE]),
        )

    def _apply(self, kind: str, subject: Any, value: str | None) -> bool:
        """Whether that is another value than was known; what a newer program marks is not for this one."""
        known = self._known.get(kind)
        if known is None or known.get(subject) == value:
            return False
        if value is None:
            del known[subject]
        else:
            known[subject] = value
        if kind == SNOOZED:
            self._snoozed = _moments(known)
        return True

    def _apply_unwritten(self) -> None:
        for (identity, kind, subject), value in self._unwritten.items():
            if identity in (EVERY, self._database):
                self._apply(kind, subject, value)

    # Writing

    def _mark(self, kind: str, values: Mapping[Any, str | None], *, identity: str | None = None) -> None:
        identity = self._database if identity is None else identity
        for subject, value in values.items():
            if self._apply(kind, subject, value) and identity is not None:
                self._unwritten[identity, kind, subject] = value
        self._write()

    def _keep_everything(self) -> None:
        """The file is gone, or another lies there: what is known here goes into that one."""
        for kind, known in self._known.items():
            identity = EVERY if kind == CHOICE else self._database
            if identity is not None:
                self._unwritten.update(((identity, kind, subject), value) for subject, value in known.items())

    def _write(self) -> None:
        if self._connection is not None and self._elapsed() >= self._next_try:
            with self._attempting():
                self._flush()

    def _flush(self) -> None:
        if not self._unwritten:
            return
        connection = self._ready()
        identities = {identity for identity, _, _ in self._unwritten}
        with personal_file.transaction(connection):
            for identity in identities - {EVERY}:
                connection.execute(_USE, [identity])
            connection.executemany(
                _MARK,
                [(kind, subject, value, identity) for (identity, kind, subject), value in self._unwritten.items()],
            )
            connection.execute(_DROP_UNUSED, [DATABASES])
        self._unwritten.clear()

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path}: not open")
        return self._connection

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _drop(known: dict[Any, str], subjects: Iterable[Any]) -> None:
    for subject in subjects:
        del known[subject]


def _moments(known: Mapping[str, str]) -> dict[str, datetime]:
    found = {}
    for rule, text in known.items():
        try:
            found[rule] = moment(text)
        except ValueError:  # changed by hand
            continue
    return found
