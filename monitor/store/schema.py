"""The schema, one step after the other. docs/schema.md says what each table and column means.

A step is never edited once released: whoever has run it will not run it again. A new one goes at the end of `STEPS`.
sqlite-utils is imported only where steps are to be applied, so a reader, and a collector whose database is up to date,
look at its version for nothing.
"""

from __future__ import annotations

from sqlite3 import complete_statement
from typing import TYPE_CHECKING

from monitor.errors import StoreError, StoreMissing, StoreTooNew
from monitor.lean import without

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from sqlite_utils import Database

SET = "monitor"  # the name of our migrations among those of others in sqlite-utils' own table
LEDGER = "_sqlite_migrations"


def _execute(db: Database, script: str) -> None:
    """A script with statements that end with their lines: db.executescript looks for their ends at every character."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            db.execute(statement)
            statement = ""


def m001_first_tables(db: Database) -> None:
    """Everything the collector of the first version remembers."""
    _execute(
        db,
        """
        CREATE TABLE feeds (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            language TEXT NOT NULL,
            tags TEXT NOT NULL,
            interval REAL,
            enabled INTEGER NOT NULL,
            active INTEGER NOT NULL,
            next_check_at TEXT,
            last_checked_at TEXT,
            last_success_at TEXT,
            last_changed_at TEXT,
            failures INTEGER NOT NULL DEFAULT 0,
            failing_since TEXT,
            failure TEXT,
            error TEXT,
            status INTEGER,
            latency REAL,
            asked_wait REAL,
            quiet_hours TEXT NOT NULL DEFAULT '[]',
            host_wait_until TEXT,
            redirect_url TEXT,
            redirect_candidate TEXT,
            redirect_hits INTEGER NOT NULL DEFAULT 0,
            etag TEXT,
            last_modified TEXT,
            body_digest BLOB,
            item_digests BLOB NOT NULL DEFAULT x''
        ) STRICT;

        CREATE TABLE headlines (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            feed_id INTEGER NOT NULL REFERENCES feeds (id),
            key TEXT NOT NULL,
            title TEXT NOT NULL,
            folded TEXT NOT NULL,
            link TEXT,
            story_url TEXT,
            summary TEXT NOT NULL,
            author TEXT,
            language TEXT NOT NULL,
            published_at TEXT,
            updated_at TEXT,
            first_seen_at TEXT NOT NULL,
            revised_at TEXT,
            sort_at TEXT NOT NULL,
            UNIQUE (feed_id, key)
        ) STRICT;
        CREATE INDEX headlines_by_time ON headlines (sort_at, id, folded);
        CREATE INDEX headlines_by_feed ON headlines (feed_id, sort_at, id);

        CREATE VIRTUAL TABLE headlines_fts USING fts5 (
            folded, content = 'headlines', content_rowid = 'id', tokenize = 'trigram'
        );

        CREATE TABLE mentions (
            headline_id INTEGER NOT NULL REFERENCES headlines (id) ON DELETE CASCADE,
            kind TEXT NOT NULL CHECK (kind IN ('topic', 'ticker')),
            name TEXT NOT NULL,
            field TEXT NOT NULL CHECK (field IN ('title', 'summary')),
            start INTEGER NOT NULL,
            stop INTEGER NOT NULL,
            sort_at TEXT NOT NULL,
            PRIMARY KEY (headline_id, field, start, stop, kind, name)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX mentions_by_time ON mentions (kind, name, sort_at, headline_id);

        CREATE TABLE headline_tombstones (
            feed_id INTEGER NOT NULL REFERENCES feeds (id),
            key TEXT NOT NULL,
            carried_at TEXT NOT NULL,
            PRIMARY KEY (feed_id, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX headline_tombstones_by_age ON headline_tombstones (carried_at);

        CREATE TABLE polls (
            feed_id INTEGER NOT NULL REFERENCES feeds (id),
            at TEXT NOT NULL,
            outcome TEXT NOT NULL,
            new INTEGER NOT NULL,
            updated INTEGER NOT NULL,
            latency REAL,
            PRIMARY KEY (feed_id, at)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE quotes (
            symbol TEXT PRIMARY KEY,
            price REAL NOT NULL,
            traded_at TEXT,
            session TEXT NOT NULL,
            fetched_at TEXT NOT NULL,
            name TEXT,
            currency TEXT,
            exchange TEXT,
            base_close REAL,
            previous_close REAL,
            regular_price REAL,
            regular_at TEXT,
            extended_price REAL,
            extended_at TEXT,
            day_low REAL,
            day_high REAL,
            year_low REAL,
            year_high REAL,
            volume INTEGER,
            average_volume INTEGER,
            delay REAL NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE bars (
            symbol TEXT NOT NULL,
            interval TEXT NOT NULL,
            source TEXT NOT NULL CHECK (source IN ('polled', 'yahoo')),
            at TEXT NOT NULL,
            open REAL NOT NULL,
            high REAL NOT NULL,
            low REAL NOT NULL,
            close REAL NOT NULL,
            volume INTEGER,
            samples INTEGER NOT NULL,
            PRIMARY KEY (symbol, interval, source, at)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE quote_source (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            next_check_at TEXT,
            last_checked_at TEXT,
            last_success_at TEXT,
            failures INTEGER NOT NULL,
            failing_since TEXT,
            failure TEXT,
            error TEXT,
            latency REAL,
            unknown TEXT NOT NULL
        ) STRICT;

        CREATE TABLE alerts (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            rule TEXT NOT NULL,
            severity TEXT NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            text TEXT NOT NULL,
            fired_at TEXT NOT NULL,
            headlines TEXT NOT NULL,
            quotes TEXT NOT NULL,
            simulated INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX alerts_by_time ON alerts (fired_at);

        CREATE TABLE alert_deliveries (
            alert_id TEXT NOT NULL REFERENCES alerts (id) ON DELETE CASCADE,
            sink TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_try_at TEXT,
            error TEXT,
            delivered_at TEXT,
            PRIMARY KEY (alert_id, sink)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX alert_deliveries_waiting ON alert_deliveries (sink) WHERE delivered_at IS NULL;

        CREATE TABLE rule_memory (
            rule TEXT NOT NULL,
            subject TEXT NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (rule, subject)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE collector (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            pid INTEGER NOT NULL,
            host TEXT NOT NULL,
            version TEXT NOT NULL,
            started_at TEXT NOT NULL,
            heartbeat_at TEXT NOT NULL,
            settings_file TEXT,
            settings_error TEXT,
            simulated INTEGER NOT NULL,
            replay_starts_at TEXT,
            replay_wall_start REAL,
            replay_speed REAL
        ) STRICT;

        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """,
    )


def m002_baseline(db: Database) -> None:
    """What the documents recorded of January 2025, prices of those days, what alerts quote; the database's own id."""
    _execute(
        db,
        """
        CREATE TABLE events (
            id TEXT PRIMARY KEY,
            position INTEGER NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            symbol TEXT,
            precision TEXT,
            at TEXT,
            until TEXT,
            session TEXT,
            value REAL,
            low REAL,
            high REAL,
            unit TEXT,
            qualifier TEXT,
            summary_en TEXT NOT NULL,
            summary_ko TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE event_sources (
            event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
            position INTEGER NOT NULL,
            document TEXT NOT NULL,
            author TEXT,
            outlet TEXT,
            date TEXT,
            kind TEXT NOT NULL,
            quotes TEXT,
            line INTEGER NOT NULL,
            as_read TEXT,
            correction TEXT,
            PRIMARY KEY (event_id, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE disagreements (
            id TEXT PRIMARY KEY,
            note_en TEXT NOT NULL,
            note_ko TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE disagreement_events (
            disagreement_id TEXT NOT NULL REFERENCES disagreements (id) ON DELETE CASCADE,
            event_id TEXT NOT NULL REFERENCES events (id) ON DELETE CASCADE,
            PRIMARY KEY (disagreement_id, event_id)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE baseline_history (
            symbol TEXT PRIMARY KEY,
            asked_at TEXT,
            next_try_at TEXT,
            failures INTEGER NOT NULL,
            error TEXT,
            simulated INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE baseline_bars (
            symbol TEXT NOT NULL,
            interval TEXT NOT NULL CHECK (interval IN ('1d', '1h')),
            at TEXT NOT NULL,
            open REAL NOT NULL,
            high REAL NOT NULL,
            low REAL NOT NULL,
            close REAL NOT NULL,
            volume INTEGER,
            PRIMARY KEY (symbol, interval, at)
        ) STRICT, WITHOUT ROWID;

        ALTER TABLE alerts ADD COLUMN baseline TEXT;

        INSERT INTO meta (key, value) VALUES ('id', lower(hex(randomblob(16))));
        """,
    )


def m003_short_words(db: Database) -> None:
    """Every character of a title begins a trigram, so that the text index knows one and two characters too.

    It is made anew, some 40 s for a million headlines. The language stands beside the title in the index by time. And
    what retention has deleted is counted from now on.
    """
    _execute(
        db,
        """
        DROP INDEX headlines_by_time;
        CREATE INDEX headlines_by_time ON headlines (sort_at, id, language, folded);

        CREATE VIEW headlines_indexed AS SELECT id, folded || char(10) || char(10) AS folded FROM headlines;
        DROP TABLE headlines_fts;
        CREATE VIRTUAL TABLE headlines_fts USING fts5 (
            folded, content = 'headlines_indexed', content_rowid = 'id', tokenize = 'trigram'
        );
        INSERT INTO headlines_fts (headlines_fts) VALUES ('rebuild');
        CREATE VIRTUAL TABLE headlines_terms USING fts5vocab ('headlines_fts', 'instance');

        INSERT INTO meta (key, value) SELECT 'deleted', ifnull(max(seq), 0) - (SELECT count(*) FROM headlines)
        FROM sqlite_sequence WHERE name = 'headlines';
        """,
    )


STEPS: tuple[Callable[[Database], None], ...] = (m001_first_tables, m002_baseline, m003_short_words)
NAMES = tuple(step.__name__ for step in STEPS)


def applied(connection: sqlite3.Connection, path: Path) -> tuple[str, ...]:
    """Names of the steps this database has taken, in order; none for a new file.

    Raises StoreTooNew when it has taken steps unknown here, StoreError when it is some other program's database.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    taken: tuple[str, ...] = ()
    if LEDGER in tables:
        rows = connection.execute(f"SELECT name FROM {LEDGER} WHERE migration_set = ? ORDER BY rowid", [SET])  # noqa: S608 (a constant)
        taken = tuple(name for (name,) in rows)
    if not taken and tables - {LEDGER, "sqlite_sequence"}:
        raise StoreError(f"{path}: a SQLite database, but not one that this program made; name another file")
    if newer := set(taken) - set(NAMES):
        raise StoreTooNew(
            f"{path}: made by a newer version of this program (it has {', '.join(sorted(newer))}); "
            "update this one, or name another database"
        )
    return taken


def require_current(connection: sqlite3.Connection, path: Path) -> None:
    """Raises StoreMissing for a file nothing was written to yet, StoreError for an older schema, and as `applied`."""
    taken = applied(connection, path)
    if not taken:
        raise StoreMissing(f"{path}: empty; a collector has not finished making it")
    if len(taken) < len(NAMES):
        raise StoreError(
            f"{path}: made by an older version of this program; run the collector once to bring it up to date"
        )


def upgrade(connection: sqlite3.Connection, path: Path) -> None:
    """Apply the steps that are missing, each in a transaction of its own. Raises as `applied`."""
    taken = applied(connection, path)
    if taken == NAMES:
        return
    if taken:
        import logging

        (stored,) = connection.execute("SELECT count(*) FROM headlines").fetchone()
        logging.getLogger(__name__).info(
            "%s: %s headlines, bringing it from %s to %s; this may take a minute for each million",
            *(path, f"{stored:,}", taken[-1], NAMES[-1]),
        )
    db = database(connection)
    from sqlite_utils import Migrations

    migrations = Migrations(SET)
    for step in STEPS:
        migrations()(step)
    migrations.apply(db)


def database(connection: sqlite3.Connection) -> Database:
    """sqlite-utils' view of it; the first costs 100 ms to import. Where pandas is installed, it would be loaded too."""
    with without("pandas", "numpy"):
        from sqlite_utils import Database

    return Database(connection, execute_plugins=False)
