"""Hostile text in through every field, out through every output: it steers nothing, forges nothing, runs nothing.

A collector, as a process, is given it by feeds, by the exchange, in its settings and its mailbox; the database that it
made is also looked at after another program has filled it. Each output is then a process whose bytes are looked at.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from monitor.models import Alert, AlertKind, Severity
from monitor.store.writer import Writer
from tests.commands import Account, Answer
from tests.hostile_text import FORGED, PAYLOADS, SET_TITLE, Written, lines_of, objects_of, rows_of, steering
from tests.hostile_world import ALERT_RULE, NAMES, World, collected, poisoned
from tests.store_samples import alert
from tests.terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

STEERS = f"{SET_TITLE}\n{FORGED}\u202e[/nope]"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(Account(tmp_path_factory.mktemp("world") / "home"))
    asyncio.run(collected(world))
    return world


@pytest.fixture(scope="module")
def databases(world: World) -> dict[str, Path]:
    return {"collected": world.database, "poisoned": poisoned(world, world.folder / "poisoned.db")}


def output(world: World, *words: str | Path, status: int = 0, **environment: str) -> bytes:
    done = world.account.run_bytes(*words, **environment)
    assert done.returncode == status, done.stderr
    lines_of(done.stderr)
    return done.stdout


def readable(lines: list[str], name: str = "DeepSeek") -> int:
    """How many of the lines hold a whole headline, from its topic's term to its end."""
    return sum(name in line and re.search(r"end\d", line) is not None for line in lines)


# What the collector says


def test_nothing_was_run(world: World, databases: dict[str, Path]) -> None:
    assert databases
    assert not list(world.folder.rglob("owned"))


def test_the_operations_log_has_a_line_for_each_thing_said(world: World) -> None:
    lines = lines_of(world.log.read_bytes())
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z (INFO|WARNING|ERROR|DEBUG) \S+: ", line) for line in lines)
    assert not [line for line in lines if " ERROR " in line and "fault of this program" in line]
    assert readable(lines) > len(PAYLOADS)
    assert world.stderr == b""


def test_the_alert_logs_have_a_line_for_each_alert(world: World) -> None:
    alerts = objects_of((world.folder / "alerts.jsonl").read_bytes())
    text = lines_of((world.folder / "alerts.txt").read_bytes())
    assert len(alerts) == len(text) > len(PAYLOADS)
    assert lines_of(world.stdout) == text
    assert readable(text) > len(PAYLOADS)
    assert all(
        re.match(r"\d{4}-\d\d-\d\d [\d:]{8} KST \([^)]*E[SD]T\) (INFO|WARNING|CRITICAL) ", line) for line in text
    )


def test_a_command_is_given_each_alert_as_one_line_of_json(world: World) -> None:
    logged = objects_of((world.folder / "alerts.jsonl").read_bytes())
    given = objects_of((world.folder / "given").read_bytes())
    assert {each["id"] for each in given} <= {each["id"] for each in logged}
    assert {each["rule"] for each in given} >= {ALERT_RULE}


def test_services_and_the_service_manager_are_told_plain_text(world: World) -> None:
    assert len(world.hooked) >= len(PAYLOADS)
    for posted in world.hooked:
        assert not steering(str(posted["title"]) + str(posted["message"]))
    assert world.told[0] == b"READY=1"
    assert not any(steering(message.decode()) for message in world.told)


def test_links_lead_only_to_web_pages(world: World) -> None:
    links = [
        row["link"] for row in objects_of(output(world, "headlines", "--db", world.database, "-n", "999", "--json"))
    ]
    assert {link for link in links if link is not None}
    assert all(str(link).startswith(("http://", "https://")) for link in links if link is not None)


# Commands

HEADLINES, ALERTS, QUOTES = ("headlines", "-n", "999"), ("alerts", "-n", "999"), ("quotes",)


@pytest.mark.parametrize(
    ("words", "made"),
    [(HEADLINES, "collected"), (HEADLINES, "poisoned"), (ALERTS, "poisoned"), (QUOTES, "poisoned")],
    ids=["headlines-collected", "headlines", "alerts", "quotes"],
)
def test_a_listing_has_a_line_or_row_for_each_thing(
    world: World, databases: dict[str, Path], words: tuple[str, ...], made: str
) -> None:
    given: list[str | Path] = [*words, "--db", databases[made]]
    objects = objects_of(output(world, *given, "--json"))
    assert len(objects) > len(PAYLOADS)
    assert len(rows_of(output(world, *given, "--csv"))) == len(objects)
    lines = lines_of(output(world, *given))
    headings = len(("as of", "the source fails", *NAMES[:2], "Not in the watchlist")) if words == QUOTES else 0
    assert len(objects) <= len(lines) <= len(objects) + headings
    if words != QUOTES:
        assert readable(lines) >= len(PAYLOADS)


def test_the_other_commands_say_it_in_plain_lines(world: World, databases: dict[str, Path]) -> None:
    given = ("--db", databases["poisoned"])
    assert output(world, "status", *given, status=3).count(b"\ntrouble ") >= 1
    objects_of(b"[\n" + output(world, "status", *given, "--json", status=3) + b"]\n")
    lines_of(output(world, "baseline", "--compare", *given))
    lines_of(output(world, "history", "P0", *given))


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_tail_has_a_line_for_each_event(world: World, databases: dict[str, Path], form: tuple[str, ...]) -> None:
    count = 100
    with world.account.running("tail", "--db", databases["poisoned"], "-n", str(count), *form) as tail:
        lines = [tail.says() for _ in range(count)]
        tail.stop(signal.SIGINT)
    lines_of("".join(f"{line}\n" for line in lines).encode())
    if form:
        assert {json.loads(line)["type"] for line in lines} <= {"headline", "alert"}
    else:
        assert not [line for line in lines if line.split(" ")[0] not in ("NEWS", "ALERT")]


def test_the_feeds_come_through_opml_as_they_were(world: World) -> None:
    listed = lines_of(output(world, "feeds"))
    assert [line.split("  ")[0] for line in listed if line.startswith(NAMES[1])] == [NAMES[1]]
    opml = world.folder / "feeds.opml"
    opml.write_bytes(output(world, "feeds", "export"))
    lines_of(opml.read_bytes())
    other = Account(world.folder / "other")
    other.configure("feeds: []\n")
    answer = other.run("feeds", "import", opml)
    assert answer.status == 0, answer.err
    assert set(NAMES) <= {line.split("  ")[0].strip() for line in other.run("feeds").lines}


def test_an_opml_of_somebody_else_s_becomes_plain_names_or_is_skipped(tmp_path: Path) -> None:
    account = Account(tmp_path / "home")
    account.configure("feeds: []\n")
    outlines = "".join(
        f'<outline text="{_xml(text)}" xmlUrl="https://news.example/{number}{_xml(text[: number % 2 * 20])}"/>'
        for number, text in enumerate(PAYLOADS.values())
    )
    answer = account.feed(f"<opml><body>{outlines}</body></opml>".encode(), "feeds", "import", "-")
    assert answer.status == 0, answer.err
    assert len(_harmless(answer)) == len(PAYLOADS) + 1, "a line for each, and one for them all"
    assert account.run("check").status == 0


def _xml(text: str) -> str:
    return "".join(
        f"&#{ord(char)};" for char in text[:200] if char.isprintable() or char in "\t\n\r\u2028\u202e\x85\x9b"
    )


# What the command line and the environment may hold


def _harmless(answer: Answer) -> list[str]:
    return lines_of(answer.out.encode()) + lines_of(answer.err.encode())


@pytest.mark.parametrize(
    "words",
    [
        (STEERS,),
        ("headlines", "--db", "{database}", "--topic", STEERS, "--feed", STEERS, "--ticker", STEERS),
        ("history", "--db", "{database}", STEERS),
        ("poll", "--db", "{database}", STEERS),
        ("status", "--db", STEERS),
        ("check", "--config", "{folder}/named"),
        ("feeds", "export", f"/nowhere/{STEERS}"),
        ("doctor", "--config", f"/nowhere/{STEERS}"),
        ("--theme", STEERS),
    ],
    ids=lambda words: " ".join(words).partition("\x1b")[0][:30],
)
def test_what_the_command_line_names_is_repeated_in_one_plain_line(
    world: World, databases: dict[str, Path], words: tuple[str, ...]
) -> None:
    named = {"database": str(databases["collected"]), "folder": str(world.folder)}
    account = Account(world.folder, {"MONITOR_CONFIG": str(world.account.settings)})
    answer = account.run(*(word.format_map(named) if word.startswith("{") else word for word in words))
    lines = _harmless(answer)
    assert not [line for line in lines if line.startswith(FORGED)], "a forged line"


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": STEERS, "LANG": STEERS, "TZ": STEERS},
        {"COLUMNS": "9" * 18, "NO_COLOR": STEERS, "MONITOR_CONFIG": f"{{folder}}/{STEERS}"},
        {"COLUMNS": STEERS, "MONITOR_DB": f"/nowhere/{STEERS}", "TZ": "<\x1b[31337m>5"},
    ],
    ids=["locale", "wide", "paths"],
)
def test_no_environment_reaches_the_output_as_it_is(
    world: World, databases: dict[str, Path], environment: dict[str, str]
) -> None:
    database = () if "MONITOR_DB" in environment else ("--db", databases["collected"])
    for words in (("quotes", *database), ()):
        done = world.account.run_bytes(*words, **environment)
        lines = lines_of(done.stdout) + lines_of(done.stderr)
        assert not [line for line in lines if line.startswith(FORGED)]


def test_a_database_whose_text_is_no_text_is_said_to_be_unreadable(world: World, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    shutil.copy(world.database, broken)
    with closing(sqlite3.connect(broken)) as connection, connection:
        connection.execute("UPDATE headlines SET title = CAST(x'ff1b5d303b6f776e656407' AS TEXT)")
        connection.execute("UPDATE quotes SET session = ?", [STEERS])
    for command in ("headlines", "quotes"):
        answer = world.account.run(command, "--db", broken)
        assert (answer.status, answer.out) == (1, "")
        assert "Traceback" not in answer.err
        assert len(_harmless(answer)) == 1


# The screen


def test_the_screen_writes_nothing_but_its_own(world: World, databases: dict[str, Path], tmp_path: Path) -> None:
    database = tmp_path / "shown.db"
    with closing(sqlite3.connect(databases["poisoned"])) as source, closing(sqlite3.connect(database)) as target:
        source.backup(target)
    words = ["--db", str(database), "--config", str(world.account.settings), "--no-collect"]
    environment = {"HOME": str(tmp_path), "COLORTERM": "truecolor", "XDG_STATE_HOME": str(tmp_path / "state")}
    with Terminal([sys.executable, "-m", "monitor", *words], columns=160, rows=50, environment=environment) as terminal:
        terminal.wait_for("DeepSeek")
        terminal.wait_quiet()
        terminal.wait_for("[/nope]")
        for keys in (
            ("G",), ("enter",), ("y",), ("n", "n", "y"), ("escape",),
            ("2",), ("j", "j", "enter"), ("escape",),
            ("3",), ("j", "enter"), ("escape",), ("z",), ("escape",),
            ("4",), ("enter",), ("escape",),
            ("h",), ("j", "j"), ("escape",),
            (":",), ("[", "/"), ("escape",), ("/",), ("[", "/", "n"), ("escape",),
        ):  # fmt: skip
            terminal.press(*keys)
            terminal.wait_quiet()
        with Writer.open(database) as writer:
            writer.record_alerts([_firing()], [])
        terminal.wait_until(lambda: b"\x1b]9;" in terminal.raw, what="a notification")
        terminal.press("1")
        terminal.wait_for("[@click")
        _click_on(terminal, "[@click")
        terminal.wait_quiet()
        assert terminal.process.poll() is None
        terminal.press("q")
        assert terminal.wait_end() == 0
        _judge(Written(bytes(terminal.raw)))


def _firing() -> Alert:
    return alert(
        "hostile", rule=f"rule {STEERS}", text=f"text {STEERS}", severity=Severity.CRITICAL, kind=AlertKind.FIRED
    )


def _click_on(terminal: Terminal, text: str) -> None:
    row = next(number for number, line in enumerate(terminal.lines()) if text in line)
    terminal.click(terminal.lines()[row].index(text) + 1, row)


def _judge(written: Written) -> None:
    assert all(re.fullmatch(r"|(\(\d+\) )?monitor", title) for title in written.titles)
    assert written.bells == len(written.notifications)
    assert [text for text in written.notifications if "rule" in text and FORGED in text]
    assert all(address == "" or address.startswith(("http://", "https://")) for address in written.links)
    for copy in written.copies:
        assert base64.b64decode(copy).decode().startswith(("http://", "https://"))
