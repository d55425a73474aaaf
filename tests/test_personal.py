"""What is the user's own: real files, and viewers that are processes of their own."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from monitor.store.personal import DATABASES, NOTHING, Changed, Personal
from monitor.store.reader import Reader
from monitor.store.records import Oldest
from monitor.store.writer import Writer
from tests.store_samples import NOW, Somebody, alert, as_root, entry, minutes, poll, said_by_somebody

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, OTHER = "database one", "database two"
WITHIN = 20.0


class Elapsed:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "viewer.db"


@pytest.fixture
def elapsed() -> Elapsed:
    return Elapsed()


@pytest.fixture
def personal(path: Path, elapsed: Elapsed) -> Iterator[Personal]:
    with closing(viewer(path, elapsed)) as personal:
        yield personal


def viewer(path: Path, elapsed: Elapsed | None = None, *, database: str = ONE) -> Personal:
    personal = Personal(path, elapsed=elapsed or Elapsed())
    personal.use(database)
    return personal


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM marks").fetchone()[0])


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


class AnotherViewer:
    """A process that runs what it is told, a line of Python at a time with `personal` in it, and answers each."""

    CODE = """
import sys
from pathlib import Path
from monitor.store.personal import Personal
from tests.store_samples import NOW, alert, minutes
personal = Personal(Path(sys.argv[1]))
personal.use(sys.argv[2])
print("ready", flush=True)
for line in sys.stdin:
    print(repr(eval(line)), flush=True)
"""

    def __init__(self, path: Path, database: str = ONE) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, str(path), database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def said(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.said()


def test_what_was_marked_is_there_in_the_next_viewer(path: Path, personal: Personal) -> None:
    until = NOW + minutes(15)
    personal.mark_read([1, 2])
    personal.star(2)
    personal.acknowledge([alert("a1")])
    personal.snooze("딥시크", until)
    personal.choose("theme", "light")
    personal.choose("collapsed", ["Chips", "한국"])
    with closing(viewer(path)) as later:
        assert (set(later.read), set(later.starred)) == ({1, 2}, {2})
        assert set(later.acknowledged) == {"a1"}
        assert later.snoozed == {"딥시크": until}
        assert (later.choice("theme"), later.choice("collapsed")) == ("light", ["Chips", "한국"])
        assert later.choice("sort") is None


def test_what_was_taken_back_stays_taken_back(path: Path, personal: Personal) -> None:
    personal.mark_read([1, 2])
    personal.star(1)
    personal.snooze("shock", NOW)
    personal.choose("sort", "change")
    personal.mark_read([1], read=False)
    personal.star(1, starred=False)
    personal.snooze("shock", None)
    personal.choose("sort", None)
    for seen in (personal, viewer(path)):
        assert (set(seen.read), set(seen.starred), seen.snoozed, seen.choice("sort")) == ({2}, set(), {}, None)


def test_two_databases_do_not_share_marks_and_do_share_how_the_screen_is_arranged(personal: Personal) -> None:
    personal.mark_read([1])
    personal.acknowledge([alert("a1")])
    personal.snooze("shock", NOW)
    personal.choose("theme", "light")
    personal.use(OTHER)
    assert (set(personal.read), set(personal.acknowledged), personal.snoozed) == (set(), set(), {})
    assert personal.choice("theme") == "light"
    personal.mark_read([5])
    personal.use(ONE)
    assert (set(personal.read), set(personal.acknowledged)) == ({1}, {"a1"})


def test_the_theme_is_known_before_any_database_is_open(path: Path, personal: Personal) -> None:
    personal.choose("theme", "light")
    with closing(Personal(path)) as later:
        assert later.choice("theme") == "light"


def test_a_database_has_an_identity_that_moves_with_it_and_is_its_path_where_it_has_none(tmp_path: Path) -> None:
    paths = [tmp_path / "one.db", tmp_path / "two.db"]
    for each in paths:
        Writer.open(each).close()
    identities = [Reader.open(each).identity() for each in paths]
    assert len(set(identities)) == 2
    paths[0].rename(tmp_path / "moved.db")
    assert Reader.open(tmp_path / "moved.db").identity() == identities[0]
    with closing(sqlite3.connect(paths[1])) as connection:
        connection.execute("DELETE FROM meta WHERE key = 'id'")
        connection.commit()
    assert Reader.open(paths[1]).identity() == str(paths[1])


# Several viewers


def test_what_another_viewer_marks_is_seen_at_the_next_look(path: Path, personal: Personal) -> None:
    personal.mark_read([1])
    with AnotherViewer(path) as other:
        assert other.said() == "ready"
        assert other.ask("sorted(personal.read)") == "[1]"
        assert personal.look() == NOTHING
        other.ask("personal.mark_read([7, 8])")
        other.ask("personal.star(8)")
        other.ask("personal.acknowledge([alert('a9')])")
        other.ask("personal.snooze('shock', NOW + minutes(60))")
        other.ask("personal.choose('theme', 'light')")
        assert personal.look() == Changed(
            frozenset({7, 8}), frozenset({"a9"}), frozenset({"shock"}), frozenset({"theme"})
        )
        assert (set(personal.read), personal.snoozed) == ({1, 7, 8}, {"shock": NOW + minutes(60)})
        assert personal.look() == NOTHING
        personal.mark_read([7], read=False)
        assert "headlines=frozenset({7})" in other.ask("personal.look()")
        assert other.ask("sorted(personal.read)") == "[1, 8]"


def test_marks_in_another_database_are_nothing_new(path: Path, personal: Personal) -> None:
    with AnotherViewer(path, OTHER) as other:
        assert other.said() == "ready"
        other.ask("personal.mark_read(range(1000))")
        assert personal.look() == NOTHING
        assert not personal.read


def test_viewers_that_start_and_mark_at_the_same_moment_lose_nothing(path: Path) -> None:
    others = [AnotherViewer(path) for _ in range(2)]
    try:
        for number, other in enumerate(others):
            other.tell(f"[personal.mark_read([n]) for n in range({number}, 600, 2)][:0]")
        for other in others:
            assert [other.said(), other.said()] == ["ready", "[]"]
        for other in others:
            deadline = time.monotonic() + WITHIN  # one that found the file held writes a second later
            while other.ask("(personal.look(), len(personal.read), len(personal._unwritten))[1:]") != "(600, 0)":
                assert time.monotonic() < deadline
    finally:
        for other in others:
            other.__exit__()
    with closing(viewer(path)) as personal:
        assert set(personal.read) == set(range(600))


def test_while_another_program_holds_the_file_marks_hold_here_and_are_written_later(
    path: Path, personal: Personal, elapsed: Elapsed
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        personal.mark_read([1])
        assert set(personal.read) == {1}
        assert personal.trouble == ""
        holder.execute("ROLLBACK")
    assert rows(path) == 0
    elapsed.pass_by(2)
    personal.look()
    assert rows(path) == 1


def test_a_killed_viewer_loses_nothing_that_it_marked(path: Path) -> None:
    with AnotherViewer(path) as other:
        assert other.said() == "ready"
        other.ask("personal.mark_read([1, 2, 3])")
    with closing(viewer(path)) as personal:
        assert set(personal.read) == {1, 2, 3}


async def test_the_headline_list_shows_its_marks(path: Path, personal: Personal) -> None:
    from monitor.tui.widgets.headline_list import HeadlineList
    from tests.tui_samples import NOW, Alone, fetched, shown

    headlines = HeadlineList()
    app = Alone(headlines)
    app.call_when_ready = lambda: headlines.show([3, 2, 1], fetched, NOW)
    async with app.run_test(size=(80, 4)):
        personal.mark_read([2])
        headlines.use_marks(personal)
        with closing(viewer(path)) as other:
            other.star(1)
        headlines.marks_changed(personal.look().headlines)
        assert [line[1] for line in shown(headlines)[1:]] == ["N", " ", "*"]


# The file


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_the_file_is_this_accounts_alone(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        personal = viewer(path)
    finally:
        os.umask(before)
    with closing(personal):
        personal.mark_read([1])
        assert mode(path.parent) == "0o700"
        assert {each.name: mode(each) for each in path.parent.iterdir()} == dict.fromkeys(
            ("viewer.db", "viewer.db-wal", "viewer.db-shm"), "0o600"
        )


def test_its_tables_are_documented(path: Path, personal: Personal) -> None:
    text = (Path(__file__).parent.parent / "docs" / "schema.md").read_text(encoding="utf-8")
    section = text.split("## What is the viewer's own")[1]
    documented = re.findall(r"^\| `(\w+)` \| ([A-Z]+) \| \S", section, re.MULTILINE)
    with closing(sqlite3.connect(path)) as connection:
        real = [
            connection.execute("SELECT name, type FROM pragma_table_info(?)", [name]).fetchall()
            for name in ("databases", "marks")
        ]
    assert documented == real[0] + real[1]


def test_a_mark_costs_little_and_a_look_next_to_nothing(personal: Personal) -> None:
    began = time.perf_counter()
    for number in range(200):
        personal.mark_read([number])
    marked = time.perf_counter()
    for _ in range(200):
        personal.look()
    looked = time.perf_counter()
    assert (marked - began) / 200 < 0.005
    assert (looked - marked) / 200 < 0.001


def test_a_hundred_thousand_marks_are_read_in_a_moment(path: Path, personal: Personal) -> None:
    personal.mark_read(range(100_000))
    with closing(viewer(path, database=OTHER)) as later:
        began = time.perf_counter()
        later.use(ONE)
        assert time.perf_counter() - began < 1
        assert len(later.read) == 100_000


def test_marks_of_what_is_no_longer_kept_go(path: Path, personal: Personal, tmp_path: Path) -> None:
    database = tmp_path / "monitor.db"
    with Writer.open(database) as writer:
        poll(writer, *(entry(str(number)) for number in range(1, 6)))
        writer.record_alerts([alert("old", fired_at=NOW - minutes(60)), alert("new")], [])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM headlines WHERE id < 4")
        connection.execute("DELETE FROM alerts WHERE id = 'old'")
        connection.commit()
    with closing(Reader.open(database)) as reader:
        oldest = reader.oldest()
    assert oldest == Oldest(4, NOW)
    personal.mark_read([1, 2, 4])
    personal.star(3)
    personal.star(5)
    personal.acknowledge([alert("old", fired_at=NOW - minutes(60)), alert("new")])
    personal.snooze("over", NOW - minutes(1))
    personal.snooze("asleep", NOW + minutes(1))
    personal.forget(oldest, NOW)
    for seen in (personal, viewer(path)):
        assert (set(seen.read), set(seen.starred), set(seen.acknowledged)) == ({4}, {5}, {"new"})
        assert set(seen.snoozed) == {"asleep"}
    assert rows(path) == 4


def test_an_empty_database_forgets_nothing(tmp_path: Path, personal: Personal) -> None:
    Writer.open(tmp_path / "monitor.db").close()
    personal.mark_read([1])
    personal.acknowledge([alert("a1")])
    with closing(Reader.open(tmp_path / "monitor.db")) as reader:
        personal.forget(reader.oldest(), NOW)
    assert (set(personal.read), set(personal.acknowledged)) == ({1}, {"a1"})


def test_only_the_databases_marked_last_are_remembered(path: Path, personal: Personal) -> None:
    personal.choose("theme", "light")
    for number in range(DATABASES + 5):
        personal.use(f"replay {number}")
        personal.mark_read([1])
    assert rows(path) == DATABASES + 1
    personal.use("replay 0")
    assert not personal.read
    personal.use(f"replay {DATABASES + 4}")
    assert set(personal.read) == {1}
    assert personal.choice("theme") == "light"


# When it cannot be used


def spoiled(path: Path, how: str) -> None:
    path.parent.mkdir()
    if how == "damaged":
        path.write_bytes(b"not a database at all, and long enough to be looked at as if it were one" * 100)
    elif how == "folder":
        path.mkdir()
    else:
        with closing(sqlite3.connect(path)) as connection:
            if how == "another program's":
                connection.execute("CREATE TABLE bookmarks (url TEXT)")
            else:
                connection.execute(f"PRAGMA application_id = {0x6D6F6E69}")
                connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("damaged", "damaged, or no SQLite database; move it"),
        ("folder", "not a regular file"),
        ("another program's", "another program's database; move it away"),
        ("newer", "written by a newer version"),
    ],
)
def test_what_cannot_be_used_is_left_as_it_is_said_in_words_and_done_without(
    path: Path, elapsed: Elapsed, how: str, words: str
) -> None:
    spoiled(path, how)
    before = path.read_bytes() if path.is_file() else b""
    with closing(viewer(path, elapsed)) as personal:
        assert words in personal.trouble
        assert "\n" not in personal.trouble
        assert str(path) in personal.trouble
        personal.mark_read([1])
        personal.star(2)
        personal.choose("theme", "light")
        personal.use(OTHER)
        personal.use(ONE)
        said = personal.trouble
        elapsed.pass_by(60)
        assert personal.look() == NOTHING
        assert personal.trouble == said
        assert (set(personal.read), set(personal.starred), personal.choice("theme")) == ({1}, {2}, "light")
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_what_was_marked_meanwhile_is_written_once_the_file_can_be_used(path: Path, elapsed: Elapsed) -> None:
    spoiled(path, "damaged")
    personal = viewer(path, elapsed)
    personal.mark_read([1])
    personal.use(OTHER)
    personal.mark_read([2])
    path.unlink()
    elapsed.pass_by(60)
    personal.look()
    assert personal.trouble == ""
    for database, read in ((ONE, {1}), (OTHER, {2})):
        with closing(viewer(path, database=database)) as later:
            assert set(later.read) == read


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_taken_away_is_made_anew_with_what_is_known(
    path: Path, personal: Personal, *, replaced: bool
) -> None:
    personal.mark_read([1])
    personal.choose("theme", "light")
    for each in path.parent.iterdir():
        each.unlink()
    if replaced:
        with closing(viewer(path)) as other:
            other.mark_read([2])
    changed = personal.look()
    personal.star(3)
    assert changed.headlines == (frozenset({2}) if replaced else frozenset())
    assert personal.trouble == ""
    with closing(viewer(path)) as later:
        assert (set(later.read), set(later.starred)) == ({1, 2} if replaced else {1}, {3})
        assert later.choice("theme") == "light"


def test_rows_that_somebody_wrote_by_hand_break_nothing(path: Path, personal: Personal) -> None:
    personal.mark_read([1])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            INSERT INTO marks (database_id, kind, subject, value)
            SELECT id, kind, subject, value FROM databases, (
                SELECT 'snoozed' AS kind, 'shock' AS subject, 'tomorrow' AS value
                UNION SELECT 'choice', 'theme', '{' UNION SELECT 'tagged', 1, 'x'
            );
            """
        )
    personal.look()
    assert (personal.trouble, personal.snoozed, personal.choice("theme"), set(personal.read)) == ("", {}, None, {1})


PROGRAM = """
from monitor.store.personal import Personal
personal = Personal(path)
personal.use("database one")
personal.star(9)
tell(sorted(personal.read), sorted(personal.starred), personal.trouble)
"""


@as_root
def test_a_file_that_may_only_be_read_is_left_as_it_is_and_done_without() -> None:
    folder = Path(tempfile.mkdtemp(prefix="monitor-personal-"))
    try:
        folder.chmod(0o755)
        with closing(viewer(folder / "viewer.db")) as personal:
            personal.mark_read([1])
            for each in folder.iterdir():
                each.chmod(0o644)
            said = said_by_somebody(folder / "viewer.db", PROGRAM)
            assert said.startswith("[] [9] marks are kept only as long as this viewer runs")
            assert "cannot write it" in said
            personal.look()
            assert not personal.starred
    finally:
        shutil.rmtree(folder)


@as_root
def test_a_state_folder_that_is_closed_to_the_account_is_done_without(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    with Somebody(path, PROGRAM) as somebody:
        said = somebody.said()
    assert said.startswith("[] [9] marks are kept only")
    assert "cannot write it" in said
