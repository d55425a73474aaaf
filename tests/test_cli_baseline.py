"""`monitor baseline`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.baseline import load
from monitor.cli.rows import cells
from monitor.models import Bar, FailureKind, Quote, QuoteSourceState
from monitor.store.records import HistoryState
from tests.baseline_samples import at, bar, close
from tests.commands import NOW, Account, collected
from tests.store_samples import quote

FRIDAY, MONDAY = date(2025, 1, 24), date(2025, 1, 27)
DAILY = (close(142.62, FRIDAY), close(118.42, MONDAY))
HOURLY = (bar(at("07:00"), 124.0, 128.4), bar(at("09:30"), 122.0, 128.0))

SETTINGS = """
feeds:
  - {url: https://news.example/rss, name: Example News}
watchlist:
  - name: Chips
    tickers: [{symbol: NVDA, name: Nvidia}, {symbol: AVGO, name: Broadcom}, {symbol: AMD, name: AMD}]
  - name: 전력
    tickers: [{symbol: CEG, name: Constellation Energy}]
topics: []
rules: []
"""


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure(SETTINGS)
    return account


def stored(
    account: Account,
    *quotes: Quote,
    history: Sequence[Bar] = (),
    simulated: bool = False,
    source: QuoteSourceState | None = None,
) -> None:
    """A database with these quotes and, where there is one, NVDA's history of January 2025."""
    with collected(account.database, simulated=simulated) as writer:
        for each in quotes:
            writer.record_quotes([each], now=each.fetched_at)
        if history:
            writer.record_baseline_history(HistoryState(symbol="NVDA", asked_at=NOW, simulated=simulated), history)
        if source is not None:
            writer.record_quote_source(source)


def printed(account: Account, *words: str, **environment: str) -> list[str]:
    answer = account.run("baseline", "--db", account.database, *words, **environment)
    assert answer.status == 0, answer.err
    return answer.lines


def told(account: Account, *words: str) -> Any:  # JSON of any form
    return json.loads("\n".join(printed(account, *words)))


def row(lines: Sequence[str], *words: str) -> str:
    """The one line that has these words one after the other."""
    (found,) = [line for line in lines if line.split()[: len(words)] == list(words)]
    return found


def test_the_day_is_told_in_new_york_s_time_with_the_viewer_s_beside_it(account: Account) -> None:
    lines = printed(account)
    moments = [
        "2025-01-27",
        "2025-01-27, before the open",
        "2025-01-27 07:50 EST (21:50 KST), before the open",
        "2025-01-27 10:00 EST (01-28 00:00 KST), regular session",
        "2025-01-27, at the close",
        "2025-01-28",
    ]
    assert [line for line in lines if line in moments] == moments
    assert lines[lines.index(moments[2]) + 1].split()[0] == "NVDA"
    assert "2025-01-27 07:50 EST, before the open" in printed(account, TZ="America/New_York")


def test_without_a_database_all_is_there_but_nothing_is_measured_yet(account: Account) -> None:
    answer = account.run("baseline", "--db", account.database)
    assert (answer.status, answer.err) == (
        0,
        f"nothing is measured yet: {account.database}: there is no database; `monitor collect` makes it\n",
    )
    assert row(answer.lines, "≠", "NVDA", "close", "-17%").split("  ")[-1].strip() == "not yet measured"
    assert not account.database.exists()


def test_a_documented_figure_has_what_was_measured_beside_it_and_the_difference(account: Account) -> None:
    stored(account, history=(*DAILY, *HOURLY))
    lines = printed(account, "--ticker", "nvda")
    assert row(lines, "≠", "NVDA", "close", "-17%").split()[4:] == ["-16.97%", "-0.03"]
    assert row(lines, "≠", "NVDA", "close", "about").split()[5:] == ["-16.97%", "+1.97"]
    assert row(lines, "≠", "NVDA", "10:00", "-11.5%").split()[4:] == ["-14.46", "to", "-10.25%", "0"]
    assert row(lines, "NVDA", "10:00", "125").split()[4:] == ["122.00", "to", "128.00", "USD", "0"]
    assert row(lines, "≠", "NVDA", "28").endswith("no hours before the open in the history")


def test_only_what_a_replay_measured_is_simulated(account: Account) -> None:
    stored(account, history=(*DAILY, *HOURLY), simulated=True)
    lines = printed(account)
    assert row(lines, "SIMULATED", "≠", "NVDA", "close", "-17%").split()[5:] == ["-16.97%", "-0.03"]
    assert row(lines, "≠", "AVGO", "close").endswith("not yet measured")
    assert {line.split()[1] for line in lines if line.startswith("SIMULATED")} == {"By", "≠", "NVDA", "the"}


def test_disagreements_are_marked_where_they_occur_and_explained(account: Account) -> None:
    lines = printed(account, "--kind", "market_value", COLUMNS="0")
    (note,) = [line for line in lines if line.startswith("≠nvda-value-lost: ")]
    records = [line for line in lines if line.endswith("≠nvda-value-lost")]
    assert len(records) == 3
    (misprint,) = [line for line in records if "printed" in line]
    assert '(printed "약 6,00억 달러", read as "약 6,000억 달러") [000]' in misprint
    assert lines.index(note) > max(map(lines.index, records))


@pytest.mark.parametrize(
    ("words", "environment", "korean"),
    [
        ((), {"LANG": "ko_KR.UTF-8"}, True),
        ((), {"LANG": "ko_KR.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, False),
        ((), {"LANG": "en_US.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "ko_KR.UTF-8"}, True),
        ((), {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "ko"}, True),
        ((), {"LANG": "C.UTF-8"}, False),
        (("--lang", "ko"), {"LANG": "en_US.UTF-8"}, True),
        (("--lang", "en"), {"LANG": "ko_KR.UTF-8"}, False),
    ],
)
def test_summaries_are_in_the_locale_s_language(
    account: Account, words: tuple[str, ...], environment: dict[str, str], korean: bool
) -> None:
    lines = printed(account, "--kind", "level", *words, COLUMNS="0", **environment)
    summary = load().record("nvda-price-1000").summary
    assert f"  NVDA         {summary.of('ko' if korean else 'en')} [002]" in lines


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("words", [(), ("--kind", "view"), ("--sources",), ("--compare",)])
def test_no_line_is_wider_than_80_cells(account: Account, words: tuple[str, ...], language: str) -> None:
    moved = quote("NVDA", 1.5, at=NOW, base_close=142.62)
    stale = quote("AVGO", 900.0, at=NOW - timedelta(hours=1), base_close=244.7, fetched_at=NOW)
    stored(account, moved, stale, history=(*DAILY, *HOURLY), simulated=True)
    lines = printed(account, *words, "--lang", language)
    assert max(map(cells, lines)) <= 80


def test_what_is_piped_is_not_folded(account: Account) -> None:
    lines = printed(account, "--kind", "question", "--lang", "en", COLUMNS="0")
    questions = [record for record in load().records if record.kind == "question"]
    assert len([line for line in lines if line.startswith("  question ")]) == len(questions)


def test_opinions_and_what_has_no_date_are_counted_and_shown_when_asked_for(account: Account) -> None:
    assert not [line for line in printed(account) if line.startswith(("  view ", "  question ", "Without a date"))]
    assert printed(account, COLUMNS="0")[-1].endswith("See them with --kind.")
    lines = printed(account, "--kind", "cost", COLUMNS="0")
    assert "Without a date" in lines
    assert not [line for line in lines if "By ticker" in line]
    views = printed(account, "--kind", "view", "--lang", "en", COLUMNS="0")
    assert [line for line in views if line.startswith("  view         Marc Andreessen: ")]


def test_json_has_every_record_with_all_fields_and_what_disagrees(account: Account) -> None:
    stored(account, history=(*DAILY, *HOURLY))
    records = told(account, "--json")
    assert [record["id"] for record in records] == [record.id for record in load().records]
    fields = [
        *("id", "kind", "subject", "symbol", "when", "session", "value", "low", "high", "unit", "qualifier"),
        *("summary", "sources", "disagrees_with", "measured"),
    ]
    assert all(list(record) == fields for record in records)
    by_id = {record["id"]: record for record in records}
    pre = by_id["nvda-pre-0750"]
    assert pre["when"] == {"precision": "minute", "at": "2025-01-27T07:50:00-05:00", "until": None}
    assert (pre["value"], pre["qualifier"], pre["summary"].keys()) == (-12, "nearly", {"en", "ko"})
    assert pre["measured"] == {
        "state": "measured",
        "value": None,
        "low": -13.0557,
        "high": -9.9706,
        "difference": 0,
        "basis": "hour from 07:00 against the close of 24 January 2025",
        "simulated": False,
    }
    assert "nvda-close" in by_id["nvda-close-15"]["disagrees_with"]
    assert by_id["avgo-close"]["measured"]["state"] == "not_yet"
    assert [source["document"] for source in by_id["nvda-price-1000"]["sources"]] == ["002_e40a20232a5721d9.txt"]


def test_what_nothing_is_recorded_of_is_said(account: Account) -> None:
    stored(account)
    assert told(account, "--json", "--ticker", "IBM") == []
    answer = account.run("baseline", "--db", account.database, "--ticker", "IBM")
    assert (answer.status, answer.out, answer.err) == (0, "", "nothing recorded that fits\n")


def test_the_documents_are_listed_with_how_their_date_is_known(account: Account) -> None:
    lines = printed(account, "--sources", "--lang", "en", COLUMNS="0")
    documents = load().documents
    assert [line for line in lines if not line.startswith(" ")] == [document.file for document in documents]
    assert f"  {documents[0].dating.en}" in lines
    assert told(account, "--sources", "--json")[2]["document"] == documents[2].file


@pytest.mark.parametrize(
    "words", [("--sources", "--compare"), ("--sources", "--ticker", "NVDA"), ("--compare", "--kind", "cost")]
)
def test_options_that_exclude_each_other_are_refused(account: Account, words: tuple[str, ...]) -> None:
    assert account.run("baseline", *words).status == 2


MOVED = quote("NVDA", 131.0, at=NOW, base_close=142.62, currency="USD")  # at 09:50 in New York, 8.15% down


def test_a_ticker_now_is_beside_what_was_documented_of_the_same_part_of_the_day(account: Account) -> None:
    stored(account, MOVED, history=DAILY)
    lines = printed(account, "--compare")
    assert lines[0] == "as of 2025-01-27 23:50:00 KST (09:50 EST)"
    assert row(lines, "NVDA").split() == ["NVDA", "-8.15%", "-8.15%", "n/a", "0.48", "-17%,", "close"]
    assert "  27 Jan n/a, no trade yet after the close of 27 January 2025" in lines
    assert row(lines, "AVGO").split(maxsplit=5)[-1] == "no quote yet"
    assert not [line for line in lines if line.split()[:1] == ["AMD"]]  # nothing is documented of it
    assert lines.index("전력") < lines.index(row(lines, "CEG"))


def test_a_day_s_close_is_measured_from_once_it_is_past(account: Account) -> None:
    later = at("10:30", date(2025, 2, 3))
    with collected(account.database, replay_starts_at=later) as writer:
        now = quote("NVDA", 124.65, at=later, base_close=120.07, currency="USD")
        writer.record_quotes([now], now=later)
        writer.record_baseline_history(HistoryState(symbol="NVDA", asked_at=later), DAILY)
    assert row(printed(account, "--compare"), "NVDA").split() == [
        *("NVDA", "+3.81%", "-12.60%", "+5.26%", "-0.33", "-11.5%,", "10:00"),
    ]


def test_what_is_not_measured_yet_says_so_beside_the_quotes_too(account: Account) -> None:
    stored(account, MOVED)
    lines = printed(account, "--compare", "--ticker", "nvda")
    assert row(lines, "NVDA").split()[:4] == ["NVDA", "-8.15%", "n/a", "n/a"]
    assert "  24 Jan n/a, not yet measured" in lines
    assert "  27 Jan n/a, not yet measured" in lines
    assert "Breadth" not in "".join(lines)


def test_a_stale_quote_is_marked_and_not_compared(account: Account) -> None:
    stored(account, quote("NVDA", 131.0, at=NOW - timedelta(minutes=7), base_close=142.62, fetched_at=NOW))
    assert row(printed(account, "--compare"), "NVDA").split(maxsplit=5)[4:] == ["n/a", "STALE: no trade for 7m"]
    (ticker,) = told(account, "--compare", "--ticker", "NVDA", "--json")["tickers"]
    assert (ticker["stale"], ticker["ratio"]) == ("no trade for 7m", None)


def test_the_breadth_now_stands_beside_that_of_the_day_by_group(account: Account) -> None:
    stale = quote("AVGO", 230.0, at=NOW - timedelta(hours=1), base_close=244.7, fetched_at=NOW)
    stored(account, MOVED, stale, quote("AMD", 124.0, at=NOW, base_close=123.0))
    lines = printed(account, "--compare", COLUMNS="0")
    group = row(lines, "Chips", "1").split()
    assert group == ["Chips", "1", "of", "2", "-3.67%", "2", "of", "2", "-17.20%"]
    words = lines[lines.index(row(lines, "Chips", "1")) + 1]
    assert words.strip() == ("of 3 tickers 2 documented, at the close on 27 January 2025; left out: 1 stale")
    assert row(lines, "전력", "-").split() == ["전력", "-", "-", "1", "of", "1", "-25.00%"]
    assert row(lines, "All,").split()[3:] == ["1", "of", "2", "-3.67%", "3", "of", "3", "-17.40%"]


def test_a_comparison_in_json_says_what_each_was_compared_with(account: Account) -> None:
    stored(account, MOVED, history=DAILY)
    found = told(account, "--compare", "--json")
    tickers = {ticker["symbol"]: ticker for ticker in found["tickers"]}
    assert tickers["NVDA"] == {
        "symbol": "NVDA",
        "price": 131.0,
        "currency": "USD",
        "change_percent": -8.1475,
        "session": "regular",
        "traded_at": "2025-01-27T14:50:00.000Z",
        "stale": None,
        "record": "nvda-close",
        "documented": -17,
        "ratio": 0.4793,
        "compared": "fall of 17% at the close of 27 January 2025",
        "documents": ["001_c4112de9942b6e47.txt", "004_8a4635661b08823d.txt"],
        "since_24_january": -8.1475,
        "since_27_january": None,
        "why_not": {"since_27_january": "no trade yet after the close of 27 January 2025"},
        "simulated": False,
    }
    assert tickers["AVGO"]["compared"] is None
    assert tickers["AVGO"]["why_not"]["ratio"] == "no quote yet"
    assert found["breadth"][0]["then"] == {"counted": 2, "down": 2, "median_percent": -17.2}


def test_every_line_of_a_replay_s_comparison_says_so(account: Account) -> None:
    stored(account, MOVED, history=DAILY, simulated=True)
    lines = printed(account, "--compare")
    assert all(line.startswith("SIMULATED") for line in lines)
    assert told(account, "--compare", "--json")["simulated"] is True


def test_a_failing_source_can_neither_hide_nor_steer_a_terminal(account: Account) -> None:
    failing = QuoteSourceState(failures=1, failure=FailureKind.DATA, error="\x1b[2Jno\u202eon\nFORGED")
    stored(account, MOVED, source=failing)
    answer = account.run("baseline", "--compare", "--db", account.database)
    assert "the source fails: " in answer.lines[1]
    assert all(line.isprintable() for line in answer.lines)
    assert "FORGED" not in {line.split(" ")[0] for line in answer.lines}


def test_a_comparison_needs_a_database(account: Account) -> None:
    answer = account.run("baseline", "--compare", "--db", account.database)
    assert (answer.status, answer.out) == (1, "")
    assert "there is no database" in answer.err
