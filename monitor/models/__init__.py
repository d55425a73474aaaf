"""What travels between the rooms: frozen values, aware UTC datetimes, text that is already cleaned."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from monitor.models.alerts import Alert, AlertKind, BaselineRef, HeadlineRef, QuoteRef, Severity
    from monitor.models.baseline import (
        DayPart,
        Disagreement,
        Document,
        DocumentKind,
        Measured,
        MeasuredState,
        Precision,
        Qualifier,
        Record,
        RecordKind,
        Source,
        Text,
        When,
    )
    from monitor.models.feeds import FailureKind, Feed, FeedState
    from monitor.models.headlines import Headline, Mention
    from monitor.models.outcomes import (
        Changed,
        Entry,
        Failed,
        Outcome,
        QuoteOutcome,
        Quotes,
        QuotesFailed,
        Response,
        Unchanged,
    )
    from monitor.models.quote_source import QuoteSourceState
    from monitor.models.quotes import Bar, Quote, Session
    from monitor.models.rules import (
        AllOf,
        AnyOf,
        Comparison,
        Condition,
        FeedFailing,
        HeadlineMatch,
        Measure,
        Move,
        QuoteLevel,
        QuotesStale,
        Rule,
        ShockRatio,
        Volume,
    )
    from monitor.models.watch import Group, Term, Ticker, Topic

__all__ = [
    "Alert",
    "AlertKind",
    "AllOf",
    "AnyOf",
    "Bar",
    "BaselineRef",
    "Changed",
    "Comparison",
    "Condition",
    "DayPart",
    "Disagreement",
    "Document",
    "DocumentKind",
    "Entry",
    "Failed",
    "FailureKind",
    "Feed",
    "FeedFailing",
    "FeedState",
    "Group",
    "Headline",
    "HeadlineMatch",
    "HeadlineRef",
    "Measure",
    "Measured",
    "MeasuredState",
    "Mention",
    "Move",
    "Outcome",
    "Precision",
    "Qualifier",
    "Quote",
    "QuoteLevel",
    "QuoteOutcome",
    "QuoteRef",
    "QuoteSourceState",
    "Quotes",
    "QuotesFailed",
    "QuotesStale",
    "Record",
    "RecordKind",
    "Response",
    "Rule",
    "Session",
    "Severity",
    "ShockRatio",
    "Source",
    "Term",
    "Text",
    "Ticker",
    "Topic",
    "Unchanged",
    "Volume",
    "When",
]

_MODULES = ("headlines", "quote_source", "feeds", "quotes", "alerts", "watch", "outcomes", "rules", "baseline")
"""In the order in which they are needed: most commands need the first few only."""


if not TYPE_CHECKING:  # or any name would be taken for one of these

    def __getattr__(name: str) -> object:
        """Imported when asked for: making a frozen class takes a millisecond, and the screen opens with few."""
        if name in __all__:
            for module in _MODULES:
                found = vars(import_module(f"{__name__}.{module}"))
                if name in found:
                    globals()[name] = found[name]
                    return found[name]
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
