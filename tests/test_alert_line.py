"""The alert line: every field of schema 1, there and back, and nothing in it that makes a second line."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.alerts.line import from_json, to_json, to_text
from monitor.models import Alert, AlertKind, BaselineRef, HeadlineRef, QuoteRef, Session, Severity

FIRED = datetime(2025, 1, 27, 14, 31, 5, 250_000, tzinfo=UTC)
HEADLINE = HeadlineRef(
    id=42,
    title="딥시크 충격에 엔비디아 급락",
    link="https://example.com/딥시크",
    source="Wire",
    language="ko",
    published_at=datetime(2025, 1, 27, 14, 30, tzinfo=UTC),
    first_seen_at=datetime(2025, 1, 27, 14, 31, tzinfo=UTC),
)
QUOTE = QuoteRef(
    symbol="NVDA",
    price=118.42,
    currency="USD",
    change_percent=-16.97,
    traded_at=datetime(2025, 1, 27, 14, 31, 1, tzinfo=UTC),
    age=timedelta(seconds=4.25),
    session=Session.REGULAR,
    stale=False,
)
BASELINE = BaselineRef(
    id="nvda-fall",
    symbol="NVDA",
    documented=-17.0,
    today=-16.97,
    ratio=0.998,
    compared="fall of 17% at the close of 27 January 2025",
    documents=("a.txt", "b.txt"),
)
ALERT = Alert(
    id="0123456789abcdef",
    rule="DeepSeek and NVDA",
    severity=Severity.CRITICAL,
    kind=AlertKind.FIRED,
    subject="NVDA",
    text="딥시크 충격에 엔비디아 급락 (Wire); NVDA -16.97%",
    fired_at=FIRED,
    headlines=(HEADLINE,),
    quotes=(QUOTE,),
    baseline=BASELINE,
)
BARE_HEADLINE = HeadlineRef(
    id=1, title="t", link=None, source="s", language="en", published_at=None, first_seen_at=FIRED
)
BARE_QUOTE = QuoteRef(
    symbol="X",
    price=1,
    currency=None,
    change_percent=None,
    traded_at=None,
    age=None,
    session=Session.CLOSED,
    stale=True,
)

# Whatever ends a line or steers a terminal somewhere: C0, DEL, C1, bidi, separators, zero width, tags, surrogates.
NASTY = (
    "\x00\a\b\t\n\v\f\r\x1b]52;c;YQ==\a\x1b[2J\x7f\x85\x9b31m\xad\u061c\u200b\u200e\u202e\u2028\u2029\u2066\ufeff"
    "\U000e0041\ud800"
)


def test_the_json_line_has_every_documented_field() -> None:
    assert json.loads(to_json(ALERT)) == {
        "schema": 1,
        "id": "0123456789abcdef",
        "rule": "DeepSeek and NVDA",
        "severity": "critical",
        "kind": "fired",
        "subject": "NVDA",
        "fired_at": "2025-01-27T14:31:05.250Z",
        "fired_at_new_york": "2025-01-27T09:31:05.250-05:00",
        "text": "딥시크 충격에 엔비디아 급락 (Wire); NVDA -16.97%",
        "headlines": [
            {
                "id": 42,
                "title": "딥시크 충격에 엔비디아 급락",
                "link": "https://example.com/딥시크",
                "source": "Wire",
                "language": "ko",
                "published_at": "2025-01-27T14:30:00.000Z",
                "first_seen_at": "2025-01-27T14:31:00.000Z",
            }
        ],
        "quotes": [
            {
                "symbol": "NVDA",
                "price": 118.42,
                "currency": "USD",
                "change_percent": -16.97,
                "traded_at": "2025-01-27T14:31:01.000Z",
                "age_seconds": 4.25,
                "session": "regular",
                "stale": False,
            }
        ],
        "baseline": {
            "id": "nvda-fall",
            "symbol": "NVDA",
            "documented": -17.0,
            "today": -16.97,
            "ratio": 0.998,
            "compared": "fall of 17% at the close of 27 January 2025",
            "documents": ["a.txt", "b.txt"],
        },
        "simulated": False,
    }


def test_the_documentation_names_exactly_the_fields_of_the_line() -> None:
    page = (Path(__file__).parent.parent / "docs" / "alerts.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z_.\[\]]+)` \|", page, re.MULTILINE))
    fields = json.loads(to_json(ALERT))
    inside = {f"{name}[].{key}" for name in ("headlines", "quotes") for key in fields[name][0]}
    assert documented == set(fields) | inside | {f"baseline.{key}" for key in fields["baseline"]}


def test_korean_and_chinese_stay_readable_in_the_line() -> None:
    assert "딥시크 충격에 엔비디아 급락" in to_json(ALERT)


@pytest.mark.parametrize(
    "alert",
    [
        ALERT,
        Alert(
            id="1",
            rule="r",
            severity=Severity.INFO,
            kind=AlertKind.CANNOT_EVALUATE,
            subject="",
            text="",
            fired_at=FIRED,
            headlines=(BARE_HEADLINE, HEADLINE),
            quotes=(BARE_QUOTE, QUOTE),
            simulated=True,
        ),
    ],
)
def test_the_json_line_reads_back_as_the_same_alert(alert: Alert) -> None:
    assert from_json(to_json(alert)) == alert


def hostile(text: str) -> Alert:
    return Alert(
        id="1",
        rule=text,
        severity=Severity.INFO,
        kind=AlertKind.FIRED,
        subject=text,
        text=text,
        fired_at=FIRED,
        headlines=(
            HeadlineRef(
                id=1, title=text, link=text, source=text, language=text, published_at=FIRED, first_seen_at=FIRED
            ),
        ),
    )


def test_nothing_in_a_json_line_ends_it_or_steers_a_terminal() -> None:
    line = to_json(hostile(NASTY))
    assert not set(line) & set(NASTY) - set(" ]52;c;YQ==[2J31m")
    assert line.isprintable()
    assert line.encode()
    assert from_json(line) == hostile(NASTY)


def test_nothing_in_a_text_line_ends_it_or_steers_a_terminal() -> None:
    line = to_text(hostile(NASTY), UTC)
    assert line.isprintable()
    assert line.splitlines() == [line]


@settings(derandomize=True, deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_any_text_makes_one_physical_line_that_reads_back(text: str) -> None:
    line = to_json(hostile(text))
    assert line.splitlines() == [line]
    assert from_json(line) == hostile(text)
    assert len(to_text(hostile(text), UTC).splitlines()) == 1


@pytest.mark.parametrize(
    "line",
    [
        "",
        "half a li",
        "null",
        "[]",
        "{}",
        '"text"',
        "[" * 100_000,
        to_json(ALERT).replace('"schema": 1', '"schema": 2'),
        to_json(ALERT).replace('"critical"', '"grave"'),
        to_json(ALERT).replace("2025-01-27T14:31:05.250Z", "yesterday"),
        to_json(ALERT).replace("2025-01-27T14:31:05.250Z", "2025-01-27T14:31:05"),
        to_json(ALERT).replace('"id": 42, ', ""),
        to_json(ALERT).replace('"ratio": 0.998, ', ""),
        to_json(ALERT).replace('["a.txt", "b.txt"]', "null"),
        to_json(ALERT).replace("4.25", "1e300"),
        to_json(ALERT)[:-20],
    ],
)
def test_a_line_that_is_no_alert_of_this_schema_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(line)


def test_a_field_that_a_later_version_adds_does_not_hinder_reading() -> None:
    assert from_json(to_json(ALERT).replace('"id": "nvda-fall"', '"id": "nvda-fall", "new": 1')) == ALERT
    assert from_json(to_json(ALERT).replace('"simulated": false', '"simulated": false, "new": {"id": 1}')) == ALERT


def test_an_alert_without_a_documented_move_says_so_with_null() -> None:
    assert json.loads(to_json(replace(ALERT, baseline=None)))["baseline"] is None


def test_the_text_line_gives_local_and_new_york_time_severity_rule_text_and_link() -> None:
    assert to_text(ALERT, ZoneInfo("Asia/Seoul")) == (
        "2025-01-27 23:31:05 KST (09:31 EST) CRITICAL DeepSeek and NVDA: "
        "딥시크 충격에 엔비디아 급락 (Wire); NVDA -16.97% <https://example.com/딥시크>"
    )


def test_what_is_simulated_begins_with_that_word() -> None:
    assert to_text(hostile("x"), UTC).startswith("2025-01-27 14:31:05 UTC")
    simulated = from_json(to_json(hostile("x")).replace('"simulated": false', '"simulated": true'))
    assert to_text(simulated, UTC).startswith("SIMULATED 2025-01-27 14:31:05 UTC")
