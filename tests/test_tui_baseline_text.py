from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from monitor.baseline import load
from monitor.config import Settings
from monitor.demo.script import Script
from monitor.market import StaleKind, Staleness
from monitor.models import DayPart, Disagreement, Group, Qualifier, Quote, QuoteSourceState, RecordKind, Text, Ticker
from monitor.store.records import HistoryState
from monitor.tui import cells
from monitor.tui.baseline_text import SAME, Page, Recalled, folded, language_of
from monitor.tui.follow import Picture
from tests.baseline_samples import at, bar, baseline, close, minute, on, record
from tests.store_samples import quote

EARLY = record("nvda-0750", -12.0, when=minute("07:50"), session=DayPart.PRE, qualifier=Qualifier.NEARLY)
TEN = record("nvda-1000", -11.5, when=minute("10:00"), session=DayPart.REGULAR)
CLOSE = record("nvda-close", -17.0)
ROSE = record("yen", None, symbol="JPY=X", session=None, low=0.0, qualifier=Qualifier.DIRECTION_ONLY)
TOLD = record("app", None, kind=RecordKind.TIMELINE, symbol=None, session=None, unit=None, qualifier=None)
VIEW = record("view", None, kind=RecordKind.VIEW, subject="KCIF", when=None, session=None, unit=None, qualifier=None)
FALL = Disagreement(id="fall", records=("nvda-0750", "nvda-close"), note=Text(en="Other hours.", ko="시각이 다르다."))
RECORDS = baseline(EARLY, TEN, CLOSE, ROSE, TOLD, VIEW, disagreements=(FALL,))
GROUPS = (Group(name="반도체 chips", tickers=(Ticker(symbol="NVDA", name="Nvidia"),)),)


def nvidia(now: datetime, price: float = 90.0) -> Quote:
    """Ten per cent down."""
    return quote("NVDA", price, at=now, base_close=100.0)


def page(now: datetime, symbol: str | None = "NVDA", width: int = 64, language: str = "en", **fields: object) -> Page:
    given = {"quotes": {"NVDA": nvidia(now)}, "settings": Settings(file="", watchlist=GROUPS), **fields}
    picture = Picture(**given)  # type: ignore[arg-type]  # any field
    return Page(
        baseline=RECORDS,
        symbol=symbol,
        picture=picture,
        recalled=Recalled(),
        now=now,
        language=language,
        width=width,
    )


def texts(of: Page) -> list[str]:
    return [line.text.rstrip() for line in of.lines()]


def marked(of: Page) -> list[str]:
    """The lines of what is compared with now, without their marks."""
    return [text.removeprefix("» ") for text in texts(of) if text.startswith("» ")]


@pytest.mark.parametrize(
    ("clock", "first", "same"),
    [
        ("07:20", "0.83x of nearly -12%", "07:50"),
        ("10:20", "0.87x of -11.5%", "10:00"),
        ("14:00", "0.59x of -17%", "close"),
        ("18:00", "0.59x of -17%", "close"),
    ],
)
def test_a_ticker_stands_beside_what_was_recorded_of_the_same_hour(clock: str, first: str, same: str) -> None:
    now = at(clock)
    told = page(now)
    assert texts(told)[0] == f"NVDA now 90.00  ▼-10.00%  {first}"
    assert texts(told)[1].startswith("  compared with its fall of ")
    rows = marked(told)
    assert rows
    assert all(row.startswith(same) for row in rows), "in the table, in the day's timeline and as recorded"
    bold = [line for line in told.lines() if line.key.startswith("row/") and line.pieces[0][1] == SAME]
    assert [line.text[:2] for line in bold] == ["» "]


def test_a_quote_changes_one_line() -> None:
    now = at("10:20")
    before, after = page(now), page(now, quotes={"NVDA": nvidia(now, 89.99)})
    changed = [line.key for line, was in zip(after.lines(), before.lines(), strict=True) if line != was]
    assert changed == ["now"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"quotes": {}}, "NVDA now: no quote yet"),
        ({"quotes": {}, "source": QuoteSourceState(unknown=("NVDA",))}, "NVDA now: unknown to the source"),
        (
            {"stale": {"NVDA": Staleness(StaleKind.NO_TRADE, timedelta(minutes=9))}},
            "NVDA now 90.00  ▼-10.00%  STALE: no trade for 9m",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(fields: dict[str, object], said: str) -> None:
    told = page(at("10:20"), **fields)  # type: ignore[arg-type]  # any field
    assert texts(told)[0] == said
    assert " of -11.5%" not in said


def test_documented_stands_beside_measured() -> None:
    told = page(at("10:20"))
    assert any(text.startswith("» 10:00   -11.5%          not yet measured") for text in texts(told))
    state = HistoryState(symbol="NVDA", asked_at=datetime(2026, 1, 1, tzinfo=UTC), simulated=True)
    bars = {
        "NVDA": (
            [close(100.0, at("12:00").date() - timedelta(days=3)), close(83.5, on().at)],
            [bar(at("09:30"), 87, 90)],
        )
    }
    measured = replace(told, recalled=Recalled({"NVDA": state}, bars))
    rows = {line.key: line.text.split() for line in measured.lines() if line.key.startswith("row/")}
    assert rows["row/nvda-1000"] == ["»", "10:00", "-11.5%", "-13.00", "to", "-10.00%", "0", "001"]
    assert rows["row/nvda-close"] == ["close", "-17%", "-16.50%", "-0.50", "001"]
    assert "measured, SIMULATED" in "".join(texts(measured))
    assert texts(measured)[2] == "  since the close of 24 January 2025 -10.0%, of 27 January no"


def test_disagreements_come_with_their_note_and_views_with_whose_they_are() -> None:
    told = " ".join(" ".join(texts(page(at("10:20")))).split())
    assert "Where the documents disagree Other hours. ≠fall" in told
    assert "nvda-0750 in words. [001] ≠fall" in told
    assert "KCIF: view in words. [001]" in told


def test_summaries_follow_the_locale() -> None:
    assert any("nvda-1000, 말로. [001]" in text for text in texts(page(at("10:20"), language="ko")))
    assert language_of({"LANG": "ko_KR.UTF-8"}) == "ko"
    assert language_of({"LANG": "ko_KR.UTF-8", "LC_ALL": "C"}) == "en"
    assert language_of({}) == "en"


def test_without_a_ticker_the_day_stands_beside_now() -> None:
    told = texts(page(at("10:20"), symbol=None))
    assert told[0].split() == ["All:", "down,", "median", "move", "now", "27", "Jan", "2025"]
    assert told[1].startswith("All, each once")
    assert told[-1].split() == ["반도체", "chips", "1", "of", "1", "-10.00%", "1", "of", "1", "-11.50%"]
    assert "27 January 2025 in New York, where it is 10:20 now, regular" in told
    assert "» 10:00   NVDA -11.5%" in told
    assert "  day     JPY=X rose" in told
    assert "          app in words. [001]" in told
    assert not any("view" in text for text in told)


@pytest.mark.parametrize(
    ("clock", "first"),
    [("07:20", "» 07:50   NVDA nearly -12%"), ("10:20", "» 10:00   NVDA -11.5%"), ("17:00", "» close")],
)
def test_the_records_of_the_same_hour_come_first_and_those_without_an_hour_last(clock: str, first: str) -> None:
    told = texts(page(at(clock), symbol=None, width=119))
    begins = next(number for number, text in enumerate(told) if text.startswith("27 January 2025"))
    moments = [text for text in told[begins + 1 : -2] if not text.startswith("   ")]
    assert moments[0].startswith(first)
    assert moments[-1] == "  day     JPY=X rose"
    assert sorted(moments[1:-1]) == moments[1:-1]


@pytest.mark.parametrize("width", [20, 39, 58, 64, 119])
@pytest.mark.parametrize("symbol", [None, "NVDA", "^TNX", "005930.KS"])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_no_line_of_the_true_records_is_wider_than_the_panel(width: int, symbol: str | None, language: str) -> None:
    now = at("10:20")
    told = replace(page(now, symbol, width, language), baseline=load()).lines()
    assert max(cells.width(line.text) for line in told) <= width
    assert len({line.key for line in told}) == len(told)


def test_words_wider_than_a_line_are_parted() -> None:
    lines = list(folded([("가나다라마바", ""), ("x", "")], 7, first=("* ", ""), indent=2))
    assert ["".join(text for text, _ in line) for line in lines] == ["* 가나", "  다라", "  마바", "  x"]


def test_a_replayed_day_marks_the_hours_it_goes_through() -> None:
    """The demo's own prices through the true records: nothing raises at any hour."""
    script = Script()
    for hour in range(7, 20):
        now = at(f"{hour:02}:30")
        quotes = {"NVDA": quote("NVDA", script.price_at("NVDA", now), at=now, base_close=142.62)}
        assert marked(replace(page(now, quotes=quotes), baseline=load()))
