"""Records of January 2025 for tests, each with what a test does not care about filled in."""

from __future__ import annotations

from datetime import UTC, date, datetime

from monitor.baseline import Baseline
from monitor.models import (
    Bar,
    DayPart,
    Disagreement,
    Document,
    DocumentKind,
    Precision,
    Qualifier,
    Record,
    RecordKind,
    Source,
    Text,
    When,
)
from monitor.when import NEW_YORK

MONDAY = date(2025, 1, 27)


def document(file: str = "001_a.txt", **fields: object) -> Document:
    known = {
        "author": None,
        "outlet": "Example Daily",
        "date": None,
        "dating": Text(en="unknown", ko="알 수 없음"),
        "kind": DocumentKind.NEWSPAPER,
        "about": Text(en="The fall", ko="급락"),
        **fields,
    }
    return Document(file=file, **known)  # type: ignore[arg-type]  # any field


ONE, TWO = document("001_a.txt"), document("002_b.txt")


def at(clock: str, day: date = MONDAY) -> datetime:
    """UTC, when New York's clocks show it."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=NEW_YORK).astimezone(UTC)


def minute(clock: str, day: date = MONDAY) -> When:
    return When(precision=Precision.MINUTE, at=at(clock, day))


def on(day: date = MONDAY) -> When:
    return When(precision=Precision.DAY, at=day)


def record(number: str = "nvda-close", value: float | None = -17.0, **fields: object) -> Record:
    """Nvidia's fall of 17% at the close, unless told otherwise."""
    known = {
        "kind": RecordKind.MOVE,
        "subject": "Nvidia",
        "symbol": "NVDA",
        "when": on(),
        "session": DayPart.CLOSE,
        "unit": "percent",
        "qualifier": Qualifier.EXACT,
        "summary": Text(en=f"{number} in words.", ko=f"{number}, 말로."),
        "sources": (Source(document=ONE, line=1),),
        **fields,
    }
    return Record(id=number, value=value, **known)  # type: ignore[arg-type]  # any field


def baseline(*records: Record, disagreements: tuple[Disagreement, ...] = ()) -> Baseline:
    return Baseline(documents=(ONE, TWO), records=records, disagreements=disagreements, digest="d")


def bar(begins: datetime, low: float, high: float | None = None, *, interval: str = "1h", symbol: str = "NVDA") -> Bar:
    """Its close is its low."""
    return Bar(
        symbol=symbol,
        interval=interval,
        at=begins,
        open=low,
        high=low if high is None else high,
        low=low,
        close=low,
        volume=None,
        source="yahoo",
    )


def close(price: float, day: date, symbol: str = "NVDA") -> Bar:
    """The daily bar of a New York stock."""
    return bar(at("09:30", day), price, interval="1d", symbol=symbol)
