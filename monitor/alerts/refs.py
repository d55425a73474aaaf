"""Headlines, quotes and documented moves as alerts quote them, and their JSON form, which the alert line and the rules'
memory share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor import market
from monitor.models import BaselineRef, Headline, HeadlineRef, Quote, QuoteRef, Session


def headline_ref(headline: Headline) -> HeadlineRef:
    return HeadlineRef(
        id=headline.id,
        title=headline.title,
        link=headline.link,
        source=headline.feed_name,
        language=headline.language,
        published_at=headline.published_at,
        first_seen_at=headline.first_seen_at,
    )


def quote_ref(quote: Quote, now: datetime, *, stale: bool) -> QuoteRef | None:
    """The quote judged at `now`; None for one that JSON could not carry."""
    if not math.isfinite(quote.price):
        return None
    change = quote.change_percent
    return QuoteRef(
        symbol=quote.symbol,
        price=quote.price,
        currency=quote.currency,
        change_percent=change if change is not None and math.isfinite(change) else None,
        traded_at=quote.traded_at,
        age=market.age(quote, now),
        session=quote.session,
        stale=stale,
    )


def utc_text(at: datetime) -> str:
    """`2025-01-27T14:30:00.000Z`: UTC, always milliseconds, so that it sorts as text."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc_time(text: str) -> datetime:
    """The moment that `utc_text` wrote. Raises ValueError or TypeError for anything without a zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time with its zone was expected, not {text!r}")
    return at.astimezone(UTC)


def optional_text(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)


def optional_time(text: str | None) -> datetime | None:
    return None if text is None else utc_time(text)


def headline_fields(ref: HeadlineRef) -> dict[str, Any]:
    return {
        "id": ref.id,
        "title": ref.title,
        "link": ref.link,
        "source": ref.source,
        "language": ref.language,
        "published_at": optional_text(ref.published_at),
        "first_seen_at": utc_text(ref.first_seen_at),
    }


def headline_from(fields: Mapping[str, Any]) -> HeadlineRef:
    """Raises KeyError, TypeError or ValueError when `fields` are not those of `headline_fields`."""
    return HeadlineRef(
        id=fields["id"],
        title=fields["title"],
        link=fields["link"],
        source=fields["source"],
        language=fields["language"],
        published_at=optional_time(fields["published_at"]),
        first_seen_at=utc_time(fields["first_seen_at"]),
    )


def quote_fields(ref: QuoteRef) -> dict[str, Any]:
    return {
        "symbol": ref.symbol,
        "price": ref.price,
        "currency": ref.currency,
        "change_percent": ref.change_percent,
        "traded_at": optional_text(ref.traded_at),
        "age_seconds": None if ref.age is None else ref.age.total_seconds(),
        "session": ref.session.value,
        "stale": ref.stale,
    }


def quote_from(fields: Mapping[str, Any]) -> QuoteRef:
    """Raises KeyError, TypeError or ValueError when `fields` are not those of `quote_fields`."""
    age = fields["age_seconds"]
    return QuoteRef(
        symbol=fields["symbol"],
        price=fields["price"],
        currency=fields["currency"],
        change_percent=fields["change_percent"],
        traded_at=optional_time(fields["traded_at"]),
        age=None if age is None else timedelta(seconds=age),
        session=Session(fields["session"]),
        stale=fields["stale"],
    )


def baseline_fields(ref: BaselineRef) -> dict[str, Any]:
    return {
        "id": ref.id,
        "symbol": ref.symbol,
        "documented": ref.documented,
        "today": ref.today,
        "ratio": ref.ratio,
        "compared": ref.compared,
        "documents": list(ref.documents),
    }


def baseline_from(fields: Mapping[str, Any]) -> BaselineRef:
    """Raises KeyError or TypeError when `fields` are not those of `baseline_fields`."""
    return BaselineRef(
        id=fields["id"],
        symbol=fields["symbol"],
        documented=fields["documented"],
        today=fields["today"],
        ratio=fields["ratio"],
        compared=fields["compared"],
        documents=tuple(fields["documents"]),
    )
