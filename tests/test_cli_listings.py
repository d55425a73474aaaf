"""`monitor headlines` and `monitor alerts`, and what all listings have in common."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.alerts.line import to_json
from monitor.models import Severity
from tests.commands import DEADLINE, KOREA, NOW, SETTINGS, Account, collected, publish
from tests.store_samples import HEADLINE_REF, alert, entry

MINUTE = timedelta(minutes=1)
TITLE = "DeepSeek shakes Nvidia"
HOSTILE = "\x1b]0;owned\x07Nvidia\x9b31m \u202eeslaf\u2028FORGED"


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure()
    return account


@pytest.fixture
def filled(account: Account) -> Account:
    """Three headlines: one in English, one in Korean an hour older, one without a date an hour older than that."""
    hour = timedelta(hours=1)
    with collected(account.database) as writer:
        publish(writer, entry("undated", "Softbank plans"), now=NOW - 2 * hour)
        publish(writer, entry("ko", "딥시크 충격에 엔비디아 급락", published_at=NOW - hour), feed=KOREA, now=NOW - hour)
        publish(writer, entry("en", TITLE, summary="=1+1", author="A. B.", published_at=NOW - MINUTE))
        writer.record_alerts([alert("a1", fired_at=NOW - hour), alert("a2", severity=Severity.INFO, fired_at=NOW)], [])
    return account


def headlines(account: Account, *words: str, **environment: str) -> list[str]:
    answer = account.run("headlines", "--db", account.database, *words, **environment)
    assert answer.status == 0, answer.err
    return answer.lines


def test_a_headline_is_a_line_with_both_zones_its_feed_what_it_mentions_and_its_link(filled: Account) -> None:
    assert headlines(filled)[0] == (
        "2025-01-27 23:49:00 KST (09:49 EST)  Example News  *DeepSeek* $NVDA  "
        "DeepSeek shakes Nvidia  <https://news.example/en>"
    )


def test_a_time_that_only_says_when_a_headline_was_first_seen_is_marked(account: Account) -> None:
    with collected(account.database) as writer:
        publish(
            writer, entry("1", "Undated"), entry("2", "From tomorrow", published_at=NOW + timedelta(days=1)), now=NOW
        )
    lines = headlines(account)
    assert [line.startswith("~2025-01-27 23:50:00 KST") for line in lines] == [True, True]


def test_a_replay_says_so_on_every_line_and_in_every_row(account: Account) -> None:
    with collected(account.database, simulated=True) as writer:
        publish(writer, entry("1"), entry("2"))
    assert all(line.startswith("SIMULATED ~2025-") for line in headlines(account))
    assert [row["simulated"] for row in json.loads("".join(headlines(account, "--json")))] == [True, True]
    assert [row["simulated"] for row in csv.DictReader(headlines(account, "--csv"))] == ["true", "true"]


def test_json_and_csv_carry_the_same_fields(filled: Account) -> None:
    rows = json.loads("\n".join(headlines(filled, "--json")))
    assert rows[0] == {
        "id": 3,
        "published_at": "2025-01-27T14:49:00.000Z",
        "updated_at": None,
        "first_seen_at": "2025-01-27T14:50:00.000Z",
        "feed": "Example News",
        "language": "en",
        "topics": ["DeepSeek"],
        "tickers": ["NVDA"],
        "title": TITLE,
        "link": "https://news.example/en",
        "author": "A. B.",
        "summary": "=1+1",
        "simulated": False,
    }
    table = list(csv.DictReader(headlines(filled, "--csv")))
    assert [list(row) for row in table] == [list(row) for row in rows]
    assert table[1]["title"] == rows[1]["title"] == "딥시크 충격에 엔비디아 급락"


def test_a_text_that_a_spreadsheet_would_run_is_kept_a_text(account: Account) -> None:
    formulas = ["=HYPERLINK(1)", "+1", "-2+3", "@SUM(1)", "＝1+1"]
    with collected(account.database) as writer:
        publish(writer, *(entry(str(number), title) for number, title in enumerate(formulas)))
    cells = {row["title"] for row in csv.DictReader(headlines(account, "--csv"))}
    assert cells == {f"'{formula}" for formula in formulas}


def test_what_an_older_version_stored_uncleaned_steers_no_terminal(account: Account) -> None:
    with collected(account.database) as writer:
        publish(writer, entry("1", HOSTILE, summary=HOSTILE))
    for form in ((), ("--json",), ("--csv",)):
        answer = account.run("headlines", "--db", account.database, *form)
        assert all(line.isprintable() for line in answer.out.split("\n")), form
        assert "\r" not in answer.out
    (row,) = json.loads(account.run("headlines", "--db", account.database, "--json").out)
    assert row["title"] == HOSTILE, "JSON escapes and loses nothing"


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("--topic", "deepseek", "--ticker", "nvda"), ["en", "ko"]),
        (("--feed", "example news"), ["en", "undated"]),
        (("--feed", KOREA.url, "--language", "KO"), ["ko"]),
        (("--search", "시크"), ["ko"]),
        (("--search", '"shakes nvidia"'), ["en"]),
        (("-n", "1"), ["en"]),
        (("--since", "1.5h"), ["en", "ko"]),
        (("--since", "999999999d"), ["en", "ko", "undated"]),
        (("--since", "2025-01-27T08:45-05:00"), ["en", "ko"]),
        (("--since", "2025-01-27 23:00"), ["en"]),
        (("--since", "2025-01-28"), []),
    ],
)
def test_a_filter_lets_through_what_it_says(filled: Account, words: tuple[str, ...], keys: list[str]) -> None:
    """A span goes back from the replayed time: the database stands at 2025-01-27 14:50 UTC, the machine does not."""
    links = [row["link"] for row in json.loads("".join(headlines(filled, *words, "--json")))]
    assert links == [f"https://news.example/{key}" for key in keys]


@pytest.mark.parametrize("moment", ["yesterday", "²h", "9" * 5000])
def test_a_since_that_is_no_moment_is_wrong_usage(filled: Account, moment: str) -> None:
    answer = filled.run("headlines", "--db", filled.database, "--since", moment)
    assert answer.status == 2
    assert "neither a span like 2h nor a moment" in answer.err


def test_nothing_to_list_is_said_apart_from_the_output(filled: Account) -> None:
    answer = filled.run("headlines", "--db", filled.database, "--search", "xyzzy")
    assert (answer.status, answer.out, answer.err) == (0, "", "nothing stored that fits\n")
    assert filled.run("headlines", "--db", filled.database, "--search", "xyzzy", "--json").out == "[]\n"
    assert headlines(filled, "--search", "xyzzy", "--csv") == [
        "id,published_at,updated_at,first_seen_at,feed,language,topics,tickers,title,link,author,summary,simulated"
    ]


def test_a_mistyped_topic_or_ticker_is_not_taken_for_calm(filled: Account) -> None:
    answer = filled.run("headlines", "--db", filled.database, "--topic", "DeepSick", "--ticker", "ibm")
    assert answer.err == "nothing stored that fits; the settings have no topic DeepSick and no ticker IBM\n"


def test_two_forms_at_once_are_wrong_usage(filled: Account) -> None:
    assert filled.run("alerts", "--db", filled.database, "--json", "--csv").status == 2


def test_alerts_are_those_of_the_alert_log(filled: Account) -> None:
    answer = filled.run("alerts", "--db", filled.database, "--json")
    stored = [alert("a2", severity=Severity.INFO, fired_at=NOW), alert("a1", fired_at=NOW - timedelta(hours=1))]
    assert json.loads(answer.out) == [json.loads(to_json(each)) for each in stored]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--severity", "critical", "--ticker", "nvda"), ["a1"]),
        (("--since", "30m"), ["a2"]),
        (("--rule", "DeepSeek and Nvidia", "--limit", "1"), ["a2"]),
        (("--rule", "other"), []),
    ],
)
def test_alerts_are_filtered(filled: Account, words: tuple[str, ...], ids: list[str]) -> None:
    answer = filled.run("alerts", "--db", filled.database, *words, "--json")
    assert [row["id"] for row in json.loads(answer.out)] == ids


def test_an_alert_s_links_and_its_mark_are_in_the_csv(account: Account) -> None:
    with collected(account.database, simulated=True) as writer:
        writer.record_alerts([alert(headlines=(HEADLINE_REF,), simulated=True)], [])
    (row,) = csv.DictReader(account.run("alerts", "--db", account.database, "--csv").lines)
    assert (row["links"], row["simulated"], row["severity"]) == ("https://news.example/7", "true", "critical")
    (line,) = account.run("alerts", "--db", account.database).lines
    assert line.startswith("SIMULATED 2025-01-27 23:30:00 KST (09:30 EST) CRITICAL DeepSeek and Nvidia: NVDA -3.1 %")


@pytest.mark.parametrize("encoding", ["ascii", "euc-kr"])
def test_an_output_without_all_characters_gets_escapes_and_json_stays_json(filled: Account, encoding: str) -> None:
    done = filled.run_bytes("headlines", "--db", filled.database, PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.decode(encoding).splitlines()) == 3
    listed = filled.run_bytes("headlines", "--db", filled.database, "--json", PYTHONIOENCODING=encoding).stdout
    assert listed.isascii()
    assert json.loads(listed)[1]["title"] == "딥시크 충격에 엔비디아 급락"


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LANG": "C", "NO_COLOR": "1"}])
def test_the_c_locale_gets_utf_8(filled: Account, locale: dict[str, str]) -> None:
    assert "딥시크 충격에 엔비디아 급락" in headlines(filled, **locale)[1]


@pytest.mark.parametrize("form", [(), ("--json",), ("--csv",)])
def test_a_reader_who_goes_away_ends_a_listing_without_a_word(account: Account, form: tuple[str, ...]) -> None:
    with collected(account.database) as writer:
        publish(writer, *(entry(str(number), f"{number} {'long ' * 100}") for number in range(500)))
    words = account.command(["headlines", "--db", account.database, "-n", "500", *form])
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=account.environment()) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(DEADLINE) == 0


def test_a_listing_ends_well_with_its_output_closed(filled: Account) -> None:
    shell = shutil.which("sh")
    assert shell
    words = [shell, "-c", 'exec "$@" >&-', "sh", *filled.command(["headlines", "--db", filled.database])]
    done = subprocess.run(words, env=filled.environment(), capture_output=True, timeout=DEADLINE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_database_of_the_settings_is_the_default(filled: Account) -> None:
    filled.configure(f"{SETTINGS}\nstore: {{path: {filled.database}}}\n")
    assert len(filled.run("headlines").lines) == 3
    assert len(filled.run("headlines", MONITOR_DB=str(filled.database)).lines) == 3
    assert filled.run("headlines", MONITOR_DB=str(filled.home / "none.db")).status == 1


def test_csv_survives_commas_and_quotes(account: Account) -> None:
    title = 'A "quoted", title; with, commas'
    with collected(account.database) as writer:
        publish(writer, entry("1", title))
    out = account.run("headlines", "--db", account.database, "--csv").out
    assert [row["title"] for row in csv.DictReader(io.StringIO(out))] == [title]
