-- A database as the first release made it, for testing every later step from here on. Never edited.
PRAGMA auto_vacuum = INCREMENTAL;
BEGIN;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("migration_set", "name");
INSERT INTO _sqlite_migrations VALUES (1, 'monitor', 'm001_first_tables', '2025-01-27 14:00:00.000000+00:00');

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

INSERT INTO feeds (id, url, name, language, tags, interval, enabled, active, failures, failure, item_digests) VALUES
    (1, 'https://news.example/rss', 'Example News', 'en', '["chips"]', 600.0, 1, 1, 0, NULL, x'083132333435363738'),
    (2, 'https://other.example/rss', 'Other News', 'ko', '[]', NULL, 1, 0, 3, 'timeout', x'');
INSERT INTO headlines (
    id, feed_id, key, title, folded, link, story_url, summary, author, language, published_at, first_seen_at, sort_at
) VALUES (
    7, 1, 'guid-7', '딥시크 충격', '딥시크 충격', 'https://news.example/7', 'https://news.example/7', '', NULL, 'ko',
    '2025-01-27T14:25:00.000Z', '2025-01-27T14:30:00.000Z', '2025-01-27T14:25:00.000Z'
);
INSERT INTO headlines_fts (rowid, folded) VALUES (7, '딥시크 충격');
INSERT INTO mentions VALUES (7, 'topic', 'DeepSeek', 'title', 0, 3, '2025-01-27T14:25:00.000Z');
INSERT INTO headline_tombstones VALUES (1, 'guid-1', '2025-01-27T14:30:00.000Z');
INSERT INTO polls VALUES (1, '2025-01-27T14:30:00.000Z', 'changed', 1, 0, 0.25);
INSERT INTO quotes (symbol, price, traded_at, session, fetched_at, currency, base_close, volume, delay) VALUES
    ('NVDA', 118.5, '2025-01-27T14:30:05.000Z', 'regular', '2025-01-27T14:30:10.000Z', 'USD', 142.62, 1000, 0.0);
INSERT INTO bars VALUES
    ('NVDA', '1m', 'polled', '2025-01-27T14:30:00.000Z', 120.0, 120.0, 118.5, 118.5, NULL, 2),
    ('NVDA', '1d', 'yahoo', '2025-01-24T05:00:00.000Z', 148.4, 148.97, 141.9, 142.62, 234657600, 0);
INSERT INTO quote_source VALUES
    (1, '2025-01-27T14:31:00.000Z', NULL, NULL, 1, NULL, 'rate-limited', '429', 0.5, '["NOPE"]');
INSERT INTO alerts VALUES
    (1, 'a1', 'shock', 'critical', 'fired', 'NVDA', 'NVDA -17 %', '2025-01-27T14:30:10.000Z', '[]', '[]', 0);
INSERT INTO alert_deliveries (alert_id, sink) VALUES ('a1', 'file');
INSERT INTO rule_memory VALUES ('shock', 'NVDA', '{}');
INSERT INTO collector (id, pid, host, version, started_at, heartbeat_at, simulated) VALUES
    (1, 42, 'trading-1', '0.1.0', '2025-01-27T14:00:00.000Z', '2025-01-27T14:30:10.000Z', 0);
INSERT INTO meta VALUES ('matcher', 'v1');
COMMIT;
