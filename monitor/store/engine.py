"""The SQLite that Python was built with."""

from __future__ import annotations

import sqlite3
from contextlib import closing

VERSION = sqlite3.sqlite_version


def why_unusable() -> str | None:
    """What of SQLite this program needs and does not find, in SQLite's words; None when all is there."""
    with closing(sqlite3.connect(":memory:")) as memory:
        try:
            memory.execute("CREATE TABLE rows (text TEXT) STRICT")  # since 3.37
            memory.execute("CREATE VIRTUAL TABLE probe USING fts5 (text, tokenize = 'trigram')")
        except sqlite3.OperationalError as error:
            return str(error)
    return None
