"""The recorder: decides what the results mean and commits rows, states and alerts in one transaction."""

from __future__ import annotations

import logging
import random
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from monitor import market, new_york, schedule
from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.baseline.load import load
from monitor.collector.baseline import advance, tell
from monitor.collector.results import Charted, Polled, Quoted, Recalled, Result, Streamed
from monitor.errors import StoreError
from monitor.models import (
    Alert,
    Bar,
    Changed,
    Entry,
    Failed,
    FailureKind,
    Feed,
    FeedState,
    Headline,
    Mention,
    Move,
    Quote,
    Quotes,
    QuotesFailed,
    QuoteSourceState,
    Session,
    ShockRatio,
)
from monitor.store.records import HistoryState
from monitor.text import printable
from monitor.topics import Matcher
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from monitor.clock import Clock
    from monitor.config import Settings
    from monitor.models import Condition
    from monitor.store.writer import Writer

log = logging.getLogger(__name__)

Kind = TypeVar("Kind", bound="Condition")

RETRY_UNRECORDED = timedelta(seconds=30)


class Recorded(Struct, frozen=True):
    """What one commit brought."""

    new: tuple[Headline, ...] = ()
    updated: tuple[Headline, ...] = ()
    alerts: tuple[Alert, ...] = ()


class Recorder:
    """The only user of the writing connection for what is polled. Its views (`states`, `quotes`, `quote_source`,
    `recalled`) change only after a commit, so what was not committed is simply asked again.
    """

    def __init__(self, writer: Writer, settings: Settings, clock: Clock, sinks: Sequence[str]) -> None:
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._sinks = tuple(sinks)
        self._matcher = Matcher(settings.topics, settings.tickers)
        self._rules = RuleBook(settings.rules)
        self._bar_minutes = max((m.minutes for rule in settings.rules for m in _of_kind(Move, rule.when)), default=0)
        self._bar_symbols = tuple({s for rule in settings.rules for m in _of_kind(Move, rule.when) for s in m.symbols})
        self._compares = any(_of_kind(ShockRatio, rule.when) for rule in settings.rules)
        self._by_session = any(rule.sessions for rule in settings.rules)
        self._recent_bars = self._bars(clock.now())
        self._jitter = random.Random()  # noqa: S311 (it spreads polls, it guards nothing)
        self.states: dict[str, FeedState] = writer.sync_feeds(settings.feeds)
        self.quotes: dict[str, Quote] = writer.latest_quotes()
        self.quote_source: QuoteSourceState = writer.quote_source()
        self.recalled: dict[str, HistoryState] = writer.baseline_history()
        self._memory = Memory.of(writer.rule_memory())
        self._started_at = clock.now()

    def record(self, results: Sequence[Result]) -> Recorded:
        """Commit `results` and what follows from them. Raises StoreError: then nothing of it happened."""
        now = self._clock.now()
        round_ = _Round(states={}, quotes={}, source=self.quote_source, recalled={})
        with self._writer.transaction():
            for result in results:
                self._take(result, round_, now)
            bars = self._recent_bars if results and not round_.quotes else self._bars(now)
            decision = self._rules.evaluate(self._facts(round_, bars, now), self._memory, now)
            self._writer.record_alerts(decision.alerts, self._sinks)
            self._writer.remember_rules(decision.memory)
        self.states |= round_.states
        self.quotes |= round_.quotes
        self.quote_source = round_.source
        self.recalled |= round_.recalled
        self._memory.apply(decision.memory)
        self._recent_bars = bars
        return Recorded(tuple(round_.new), tuple(round_.updated), decision.alerts)

    def unrecorded(self, results: Iterable[Result]) -> None:
        """`results` could not be committed: ask those feeds again soon instead of in the same instant."""
        again = self._clock.now() + RETRY_UNRECORDED
        for result in results:
            if isinstance(result, Polled):
                url = result.feed.url
                self.states[url] = replace(self.states[url], next_check_at=again)

    def rematching(self) -> Iterator[int]:
        """When topics or tickers have changed since the stored headlines were matched: match them anew, a step at a
        time, each step saying how many headlines mention something else now.
        """
        if self._writer.matcher_fingerprint() != self._matcher.fingerprint:
            yield from self._writer.rematching(self._matcher.match)
            self._writer.set_matcher_fingerprint(self._matcher.fingerprint)

    def _take(self, result: Result, round_: _Round, now: datetime) -> None:
        match result:
            case Polled():
                self._take_poll(result, round_, now)
            case Quoted():
                self._take_quotes(result, round_, now)
            case Streamed():
                self._keep_quotes(result.quotes, round_, now)
            case Charted():
                self._writer.record_bars(result.bars)
            case Recalled():
                self._take_recalled(result, round_, now)

    def _take_poll(self, polled: Polled, round_: _Round, now: datetime) -> None:
        try:
            self._record_poll(polled, round_, now)
        except StoreError:
            raise
        except Exception as error:  # one feed's trouble, whatever it is, is that feed's alone
            log.exception("%s", polled.feed.name)
            reason = f"a fault of this program: {printable(repr(error))}"
            failed = Failed(kind=FailureKind.INTERNAL, reason=reason)
            self._record_poll(replace(polled, outcome=failed), round_, now)

    def _record_poll(self, polled: Polled, round_: _Round, now: datetime) -> None:
        feed, outcome = polled.feed, polled.outcome
        before = round_.states.get(feed.url, self.states[feed.url])
        state = schedule.advance(
            before, feed, outcome, now=now, policy=self._settings.poll, jitter=self._jitter.random()
        )
        entries = outcome.entries if isinstance(outcome, Changed) else ()
        found = [self._matched(entry) for entry in entries]
        _tell(feed, before, state)
        # Last of what may fail, because it takes back only what it has itself stored.
        recorded = self._writer.record_poll(feed, state, found, now=now)
        round_.states[feed.url] = state
        round_.new += recorded.new
        round_.updated += recorded.updated

    def _matched(self, entry: Entry) -> tuple[Entry, tuple[Mention, ...]]:
        return entry, self._matcher.match(entry.title, entry.summary)

    def _take_quotes(self, quoted: Quoted, round_: _Round, now: datetime) -> None:
        outcome = quoted.outcome
        before = round_.source
        if isinstance(outcome, Quotes):
            others = set(before.unknown).difference(quoted.asked)
            outcome = replace(outcome, unknown=tuple(sorted(others.union(outcome.unknown))))
        round_.source = schedule.advance_quotes(
            before, outcome, now=now, interval=self._settings.quotes.interval, jitter=self._jitter.random()
        )
        self._writer.record_quote_source(round_.source)
        if round_.source.failures and not before.failures:
            log.warning("quotes: %s; next try %s", round_.source.error, _moment(round_.source.next_check_at))
        elif before.failures and not round_.source.failures:
            log.info("quotes: answering again")
        if isinstance(outcome, Quotes):
            self._keep_quotes(outcome.quotes, round_, now)

    def _keep_quotes(self, quotes: Sequence[Quote], round_: _Round, now: datetime) -> None:
        round_.quotes |= {quote.symbol: quote for quote in self._writer.record_quotes(quotes, now=now)}

    def _take_recalled(self, recalled: Recalled, round_: _Round, now: datetime) -> None:
        symbol, simulated = recalled.symbol, self._clock.simulated
        before = self.recalled.get(symbol)
        if before is None or before.simulated != simulated:
            before = HistoryState(symbol=symbol, simulated=simulated)
        outcome = recalled.outcome
        after = advance(before, outcome, now=now)
        self._writer.record_baseline_history(after, () if isinstance(outcome, QuotesFailed) else outcome)
        tell(before, after)
        round_.recalled[symbol] = after

    def _facts(self, round_: _Round, bars: dict[str, list[Bar]], now: datetime) -> Facts:
        quotes = self.quotes | round_.quotes
        limits = self._settings.quotes
        stale = {symbol: reason for symbol, quote in quotes.items() if (reason := market.staleness(quote, now, limits))}
        states = self.states | round_.states
        return Facts(
            headlines=(*round_.new, *round_.updated),
            quotes=quotes,
            stale=stale,
            bars=bars,
            feeds={feed.name: states[feed.url] for feed in self._settings.feeds if feed.enabled},
            quote_source=round_.source if self._settings.watchlist else None,
            started_at=self._started_at,
            session=new_york.session(now) if self._by_session else Session.CLOSED,
            baseline=load() if quotes or self._compares else None,
            simulated=self._clock.simulated,
        )

    def _bars(self, now: datetime) -> dict[str, list[Bar]]:
        """What the moves of the rules are measured from. Only quotes change it; to read it costs some milliseconds."""
        if not self._bar_minutes:
            return {}
        return self._writer.recent_bars(self._bar_symbols, since=now - timedelta(minutes=self._bar_minutes + 1))


class _Round(Struct):
    """What one transaction is about to change in the recorder's views."""

    states: dict[str, FeedState]
    quotes: dict[str, Quote]
    source: QuoteSourceState
    recalled: dict[str, HistoryState]
    new: tuple[Headline, ...] = ()
    updated: tuple[Headline, ...] = ()


def _of_kind(kind: type[Kind], condition: Condition) -> list[Kind]:
    """The conditions of this kind that `condition` is, or is composed of."""
    if isinstance(condition, kind):
        return [condition]
    return [found for part in getattr(condition, "conditions", ()) for found in _of_kind(kind, part)]


def _tell(feed: Feed, before: FeedState, after: FeedState) -> None:
    if after.failures and (after.failures == 1 or after.failure != before.failure):
        log.warning("%s: %s; next try %s", feed.name, after.error, _moment(after.next_check_at))
    elif before.failures and not after.failures:
        log.info("%s: answering again; tries that failed: %d", feed.name, before.failures)


def _moment(at: datetime | None) -> str:
    return "soon" if at is None else local_and_new_york(at)
