"""The alerts that rules give."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from monitor.models.quotes import Session


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class AlertKind(StrEnum):
    FIRED = "fired"
    CANNOT_EVALUATE = "cannot-evaluate"


class HeadlineRef(Struct, frozen=True, kw_only=True):
    """A headline as an alert quotes it."""

    id: int
    title: str
    link: str | None
    source: str
    language: str
    published_at: datetime | None
    first_seen_at: datetime


class QuoteRef(Struct, frozen=True, kw_only=True):
    """A quote as an alert quotes it, judged at `fired_at`. `age` is None when the source gave no trade time."""

    symbol: str
    price: float
    currency: str | None
    change_percent: float | None
    traded_at: datetime | None
    age: timedelta | None
    session: Session
    stale: bool


class BaselineRef(Struct, frozen=True, kw_only=True):
    """A documented move as an alert quotes it. `ratio` is today's move as a multiple of it; `documents` file names."""

    id: str
    symbol: str
    documented: float
    today: float
    ratio: float
    compared: str
    documents: tuple[str, ...] = field(default=())


class Alert(Struct, frozen=True, kw_only=True):
    """What a rule has to say. `text` is one printable line.

    `id` is stable: the same firing, decided again after a crash, has the same id. `subject` is a symbol, a feed's
    name, a story's address or "" for a rule as a whole. `baseline` is what the documents recorded of the subject.
    """

    id: str
    rule: str
    severity: Severity
    kind: AlertKind
    subject: str
    text: str
    fired_at: datetime
    headlines: tuple[HeadlineRef, ...] = field(default=())
    quotes: tuple[QuoteRef, ...] = field(default=())
    simulated: bool = False
    baseline: BaselineRef | None = None
