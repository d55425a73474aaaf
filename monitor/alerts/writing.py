"""A firing put into an alert: its words, what it quotes, and an identity that the same firing always gets."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from monitor.alerts.conditions import Evidence
from monitor.alerts.facts import Facts
from monitor.alerts.memory import EVIDENCE_KEPT, Gap
from monitor.alerts.refs import headline_ref
from monitor.alerts.stories import Item
from monitor.alerts.watches import Watch
from monitor.models import Alert, AlertKind, QuoteRef, Severity

SYMBOLS_NAMED = 8
QUOTES_KEPT = 20


def fired(
    watch: Watch, subject: str, evidence: Evidence, before: datetime | None, facts: Facts, now: datetime
) -> Alert:
    """An alert of what `evidence` says. `before` is when the rule last fired for the subject."""
    triggers = [subject, watch.shape, before.isoformat() if before else "", *evidence.triggers]
    return Alert(
        id=_identity(watch, AlertKind.FIRED, triggers),
        rule=watch.rule.name,
        severity=watch.rule.severity,
        kind=AlertKind.FIRED,
        subject=subject,
        text="; ".join(evidence.phrases) or watch.rule.name,
        fired_at=now,
        headlines=tuple(evidence.headlines.values()),
        quotes=_quotes(evidence.symbols, facts, now),
        simulated=facts.simulated,
        baseline=facts.compared(subject, now),
    )


def of_story(watch: Watch, carriers: Sequence[Item], facts: Facts, now: datetime) -> Alert:
    """An alert of one story, which the headlines `carriers` carry, with the quotes of the tickers it mentions."""
    first = carriers[0]
    sources = dict.fromkeys(item.headline.feed_name for item in carriers)
    return Alert(
        id=_identity(watch, AlertKind.FIRED, [first.story]),
        rule=watch.rule.name,
        severity=watch.rule.severity,
        kind=AlertKind.FIRED,
        subject=first.story,
        text=f"{first.headline.title} ({', '.join(sources)})",
        fired_at=now,
        headlines=tuple(headline_ref(item.headline) for item in carriers[:EVIDENCE_KEPT]),
        quotes=_quotes(first.headline.tickers, facts, now),
        simulated=facts.simulated,
    )


def cannot_evaluate(watch: Watch, missing: Mapping[str, str], gap: Gap, facts: Facts, now: datetime) -> Alert:
    """An alert that the rule is blind for the symbols of `missing`, each with its reason."""
    named = [f"{symbol} ({reason})" for symbol, reason in sorted(missing.items())[:SYMBOLS_NAMED]]
    more = f" and {len(missing) - SYMBOLS_NAMED} more" if len(missing) > SYMBOLS_NAMED else ""
    severity = Severity.WARNING if watch.rule.severity is Severity.CRITICAL else watch.rule.severity
    since = gap.since.isoformat() if gap.since else ""
    return Alert(
        id=_identity(watch, AlertKind.CANNOT_EVALUATE, [since, *sorted(missing)]),
        rule=watch.rule.name,
        severity=severity,
        kind=AlertKind.CANNOT_EVALUATE,
        subject=next(iter(missing)) if len(missing) == 1 else "",
        text=f"cannot evaluate: {', '.join(named)}{more}",
        fired_at=now,
        quotes=_quotes(sorted(missing), facts, now),
        simulated=facts.simulated,
    )


def _quotes(symbols: Iterable[str], facts: Facts, now: datetime) -> tuple[QuoteRef, ...]:
    found = (facts.quoted(symbol, now) for symbol in list(symbols)[:QUOTES_KEPT])
    return tuple(ref for ref in found if ref is not None)


def _identity(watch: Watch, kind: AlertKind, triggers: Sequence[str]) -> str:
    said = "\x1f".join([watch.rule.name, kind, *triggers])
    return hashlib.blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
