"""Dates as feeds write them: read where they are certain, refused where they are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.dates import EARLIEST, LATEST, parse_date

EPOCH_1991, EPOCH_2088 = 662_688_000, 3_723_753_600


@pytest.mark.parametrize(
    ("text", "language", "utc"),
    [
        ("Mon, 27 Jan 2025 15:04:05 GMT", "", "2025-01-27 15:04:05"),
        ("Mon, 27 Jan 2025 15:04:05 +0900", "", "2025-01-27 06:04:05"),
        ("Mon, 27 Jan 2025 15:04:05 -0000", "", "2025-01-27 15:04:05"),
        ("Mon,27 Jan 2025 15:04 Z", "", "2025-01-27 15:04:00"),
        ("27 Jan 25 15:04 EST", "", "2025-01-27 20:04:00"),
        ("Monday, 27-Jan-25 15:04:05 GMT", "", "2025-01-27 15:04:05"),
        ("Wed, 3 Sept 2025 01:02:03 EDT", "", "2025-09-03 05:02:03"),
        ("  mon,  27   january 2025 15:04:05   ut ", "", "2025-01-27 15:04:05"),
        ("Mon, 27 Jan 2025 23:59:60 GMT", "", "2025-01-27 23:59:59"),
        ("2025-01-27T15:04:05Z", "", "2025-01-27 15:04:05"),
        ("2025-01-27T15:04:05.678901234+09:00", "", "2025-01-27 06:04:05.678901"),
        ("2025-01-27T15:04:05,5-0500", "", "2025-01-27 20:04:05.500000"),
        ("2025-01-27T15:04+09", "", "2025-01-27 06:04:00"),
        ("2025-01-27 15:04:05 UTC", "", "2025-01-27 15:04:05"),
        ("2025-01-27 15:04:05 UTC+8", "", "2025-01-27 07:04:05"),
        ("20250127T150405Z", "", "2025-01-27 15:04:05"),
        ("20250127150405", "", "2025-01-27 15:04:05"),
        # Read silently wrong by feedparser
        ("2026/01/02 15:04:05", "", "2026-01-02 15:04:05"),
        ("Mon, 27 Jan 2025 15:04:05 KST", "", "2025-01-27 06:04:05"),
        ("Mon, 27 Jan 2025 15:04:05 JST", "", "2025-01-27 06:04:05"),
        ("Mon, 27 Jan 2025 15:04:05 HKT", "", "2025-01-27 07:04:05"),
        ("1737990245", "", "2025-01-27 15:04:05"),
        ("1737990245.5", "", "2025-01-27 15:04:05"),
        ("1737990245123", "", "2025-01-27 15:04:05"),
        ("2025. 1. 27. 오후 3:04", "ko", "2025-01-27 06:04:00"),
        ("2025-01-27 오전 12:04:05", "ko", "2025-01-26 15:04:05"),
        ("2025년 1월 27일 오후 3시 4분 5초", "ko-KR", "2025-01-27 06:04:05"),
        ("2025-01-27(월) 15:04", "ko", "2025-01-27 06:04:00"),
        ("2025-01-27 15:04:05.0", "ko", "2025-01-27 06:04:05"),
        ("2025年1月27日 下午3:04", "zh-CN", "2025-01-27 07:04:00"),
        ("2025年1月27日 上午12:04", "zh-TW", "2025-01-26 16:04:00"),
        ("2025年1月27日15時04分05秒", "ja", "2025-01-27 06:04:05"),
        ("２０２５－０１－２７ １５：０４", "ja", "2025-01-27 06:04:00"),
        ("January 27, 2025 3:04 PM ET", "", "2025-01-27 20:04:00"),
        ("July 27, 2025 at 3:04 p.m. ET", "", "2025-07-27 19:04:00"),
        ("Jan. 27, 2025, 12:30 AM PST", "", "2025-01-27 08:30:00"),
        # CST, and times without any zone
        ("Mon Jan 27 15:04:05 CST 2025", "zh", "2025-01-27 07:04:05"),
        ("Mon Jan 27 15:04:05 CST 2025", "en", "2025-01-27 21:04:05"),
        ("Mon Jan 27 15:04:05 2025", "", "2025-01-27 15:04:05"),
        ("Mon Jan 27 2025 15:04:05 GMT+0900 (Korean Standard Time)", "", "2025-01-27 06:04:05"),
        ("2025-01-27T15:04:05", "en", "2025-01-27 15:04:05"),
        ("2025-01-27T15:04:05", "ko", "2025-01-27 06:04:05"),
        ("Mon, 27 Jan 2025 15:04:05", "zh", "2025-01-27 07:04:05"),
        # A day is all of it
        ("2025-01-27", "", "2025-01-27 23:59:59"),
        ("27 Jan 2025", "", "2025-01-27 23:59:59"),
        ("2025.01.27", "ko", "2025-01-27 14:59:59"),
    ],
)
def test_dates_that_are_certain(text: str, language: str, utc: str) -> None:
    assert parse_date(text, language=language) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        " ",
        "yesterday",
        "3:04 PM ET",
        "27/01/2025",
        "01/02/2025 15:04",
        "Mon, 27 Jan 2025 15:04:05 IST",
        "Mon, 27 Jan 2025 15:04:05 XYZ",
        "Mon, 27 Jan 2025 25:04:05 GMT",
        "Mon, 27 Jan 2025 15:61:05 GMT",
        "Mon, 31 Feb 2025 15:04:05 GMT",
        "2025-13-27",
        "2025-01-27 오전 15:04",
        "2025-01-27T15:04:05+99:00",
        "0001-01-01T00:00:00Z",
        "0000-00-00 00:00:00",
        "-0001-11-30T00:00:00+00:00",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "0",
        "999999999",
        "99999999999",
        "2099-12-31",
        "9999-12-31T23:59:59-23:59",
        "2025-01-27" + " " * 200,
        "2025-01-27T15:04:05Z; DROP TABLE",
    ],
)
def test_dates_that_are_not(text: str | None) -> None:
    assert parse_date(text) is None


@given(st.text(max_size=120), st.sampled_from(["", "en", "ko", "zh-CN"]))
def test_any_text_is_a_trusted_moment_or_none(text: str, language: str) -> None:
    moment = parse_date(text, language=language)
    assert moment is None or (moment.tzinfo is UTC and EARLIEST <= moment.year <= LATEST)


@given(st.text(alphabet="0123456789-/.: ,+()TZapmjanut년월일오후시분", max_size=100))
def test_text_that_looks_like_a_date_is_a_trusted_moment_or_none(text: str) -> None:
    moment = parse_date(text)
    assert moment is None or EARLIEST <= moment.year <= LATEST


@given(st.floats(EPOCH_1991, EPOCH_2088).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_what_is_written_is_what_is_read(moment: datetime) -> None:
    assert parse_date(moment.isoformat()) == moment
    assert parse_date(moment.strftime("%a, %d %b %Y %H:%M:%S GMT")) == moment.replace(microsecond=0)
