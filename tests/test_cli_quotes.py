"""`monitor quotes`."""

from __future__ import annotations

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.models import FailureKind, Quote, QuoteSourceState, Session
from tests.commands import NOW, SETTINGS, Account, collected
from tests.store_samples import quote

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
NVDA = quote("NVDA", 118.58, at=NOW - 7 * SECOND, base_close=142.62, currency="USD", name="NVIDIA Corporation")
SOFTBANK = quote(
    "9984.T",
    9425,
    at=NOW - 8 * HOUR,
    fetched_at=NOW,
    base_close=10_300.0,
    currency="JPY",
    session=Session.CLOSED,
)
STRAY = quote("CHF=X", 0.8984, at=NOW - SECOND, currency="CHF")


@pytest.fixture
def account(tmp_path: Path) -> Account:
    account = Account(tmp_path / "home")
    account.configure()
    return account


def board(account: Account, *quotes: Quote, source: QuoteSourceState | None = None, simulated: bool = False) -> None:
    with collected(account.database, simulated=simulated) as writer:
        for each in quotes:
            writer.record_quotes([each], now=each.fetched_at)
        if source is not None:
            writer.record_quote_source(source)


def listed(account: Account, *words: str, **environment: str) -> list[str]:
    answer = account.run("quotes", "--db", account.database, *words, **environment)
    assert answer.status == 0, answer.err
    return answer.lines


def test_quotes_stand_under_the_watchlist_s_headings_each_with_its_time_and_age(account: Account) -> None:
    board(account, NVDA, SOFTBANK, STRAY, source=QuoteSourceState(unknown=("NOSUCH",)))
    assert listed(account) == [
        "as of 2025-01-27 23:50:00 KST (09:50 EST)",
        "Chips",
        "  NVDA          118.58 USD  -16.86%  regular  23:49:53 KST     7s",
        "  AVGO       no quote yet",
        "Elsewhere",
        "  9984.T      9,425.00 JPY   -8.50%  closed   15:50:00 KST     8h",
        "  NVDA          118.58 USD  -16.86%  regular  23:49:53 KST     7s",
        "  NOSUCH     unknown to the source",
        "Not in the watchlist",
        "  CHF=X         0.8984 CHF      n/a  regular  23:49:59 KST     1s",
    ]


def test_a_yield_stands_without_the_currency_that_the_source_gives_it(account: Account) -> None:
    board(account, quote("^TNX", 4.51, at=NOW - SECOND, currency="USD"))
    assert listed(account)[-1].split() == ["^TNX", "4.51", "n/a", "regular", "23:49:59", "KST", "1s"]
    assert json.loads("".join(listed(account, "--json")))[0]["currency"] == "USD"


def test_a_wide_terminal_and_a_pipe_get_names_as_far_as_they_fit(account: Account) -> None:
    board(account, NVDA, SOFTBANK)
    assert listed(account, COLUMNS="120")[2].endswith("7s       Nvidia")
    assert listed(account, COLUMNS="0")[5].endswith("8h       SoftBank Group")
    assert listed(account, COLUMNS="84")[5].endswith("8h       SoftBank Gr…")


@pytest.mark.parametrize("simulated", [False, True])
def test_no_line_is_broken_at_80_columns(account: Account, simulated: bool) -> None:
    crash = quote("NVDA", 101_356.24, at=NOW - 23 * HOUR - 59 * MINUTE, base_close=1e6, currency="USD")
    mute = quote("AVGO", 1_234.5, at=None, base_close=1400.0, currency="USD", fetched_at=NOW)
    stale = quote("9984.T", 9425, at=NOW - 12 * DAY - 11 * HOUR, base_close=10_300.0, currency="JPY")
    board(account, crash, mute, stale, simulated=simulated)
    lines = listed(account, TZ="America/New_York")
    assert max(map(len, lines)) <= 80
    assert all(line.startswith("SIMULATED ") for line in lines) is simulated


def test_a_stale_quote_says_so_and_why(account: Account) -> None:
    quiet = quote("NVDA", at=NOW - 3 * MINUTE, fetched_at=NOW)
    lost = quote("AVGO", at=NOW - HOUR, fetched_at=NOW - 2 * MINUTE - SECOND)
    timeless = quote("9984.T", at=None, fetched_at=NOW)
    asleep = quote("CHF=X", at=NOW - DAY, fetched_at=NOW, session=Session.CLOSED)
    board(account, quiet, lost, timeless, asleep)
    by_symbol = {line.split()[0]: line for line in listed(account)}
    assert by_symbol["NVDA"].endswith("regular  STALE no trade   3m")
    assert by_symbol["AVGO"].endswith("regular  STALE no answer  1h")
    assert by_symbol["9984.T"].endswith("regular  STALE no time")
    assert by_symbol["CHF=X"].endswith("closed   01-26 23:50 KST  1d")
    reasons = {row["symbol"]: row["stale"] for row in json.loads("".join(listed(account, "--json")))}
    assert reasons == {
        "NVDA": "no trade for 3m",
        "AVGO": "not refreshed for 2m 1s",
        "9984.T": "age unknown",
        "CHF=X": None,
    }


def test_a_failing_source_is_named_with_its_reason(account: Account) -> None:
    failing = QuoteSourceState(failures=3, failure=FailureKind.RATE_LIMITED, error="Yahoo says it is asked too often")
    board(account, NVDA, source=failing)
    assert listed(account)[1] == "the source fails: Yahoo says it is asked too often"


def test_symbols_may_be_picked_in_any_case(account: Account) -> None:
    board(account, NVDA, SOFTBANK)
    assert [line.split()[0] for line in listed(account, "--ticker", "9984.t", "--ticker", "nvda")] == ["9984.T", "NVDA"]
    answer = account.run("quotes", "--db", account.database, "--ticker", "IBM", "--json")
    assert (answer.out, answer.err) == ("[]\n", "IBM: no quote yet\n")


def test_json_and_csv_carry_the_same_fields_and_each_symbol_once(account: Account) -> None:
    after_hours = quote(
        "AVGO",
        202.0,
        at=NOW - SECOND,
        session=Session.POST,
        base_close=244.7,
        previous_close=244.7,
        regular_price=200.0,
        regular_at=NOW - HOUR,
        extended_price=202.0,
        extended_at=NOW - SECOND,
        exchange="NMS",
        volume=1_000,
        delay=15 * MINUTE,
    )
    board(account, NVDA, after_hours)
    rows = json.loads("".join(listed(account, "--json")))
    assert [row["symbol"] for row in rows] == ["NVDA", "AVGO"]
    assert rows[1] == rows[1] | {
        "price": 202.0,
        "change_percent": -17.4499,
        "regular_change_percent": -18.2673,
        "extended_change_percent": 1.0,
        "regular_at": "2025-01-27T13:50:00.000Z",
        "traded_at": "2025-01-27T14:49:59.000Z",
        "age_seconds": 1.0,
        "delay_seconds": 900.0,
        "exchange": "NMS",
        "volume": 1000,
        "day_low": None,
        "simulated": False,
    }
    table = list(csv.DictReader(listed(account, "--csv")))
    assert [list(row) for row in table] == [list(row) for row in rows]
    assert (table[1]["change_percent"], table[1]["day_low"], table[1]["session"]) == ("-17.4499", "", "post")


def test_before_the_first_quote_that_is_said(account: Account) -> None:
    board(account)
    answer = account.run("quotes", "--db", account.database)
    assert (answer.status, answer.out, answer.err) == (0, "", "no quote stored yet\n")


def test_settings_that_cannot_be_used_are_status_2(account: Account) -> None:
    account.configure(SETTINGS.replace("Chips", "[").replace("topics", "topcis"))
    board(account)
    assert account.run("quotes", "--db", account.database).status == 2
