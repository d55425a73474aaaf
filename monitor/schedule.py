"""When each source is asked again. Pure: (what is remembered, outcome, now) -> what is remembered next.

`base` is the feed's own interval, else the settings'. `asked` is the longest wait that the server and the document ask
for. "n" counts failures in a row. Every wait ends within `poll.max_interval`, and never later than a day from now.

    outcome                            next check
    ---------------------------------  ------------------------------------------------------------------------------
    document, or unchanged             base, 5 % more or less; or asked, up to 5 % more, if that is longer; then the
                                       first hour that the document does not ask to be left alone (skipHours, skipDays)
    no name, no connection             30 s to 1, 2, 4, 5, 5 ... min: costs the other side nothing, and it is mostly our
                                       own line that is down; on the day, news must be back soon after it is
    timeout, cut off, 5xx, 503,        30 s to base * 2^(n-1), at most 15 min (or base, if longer)
      a fault of this program
    TLS, refused address, redirects,   30 s to base * 2^(n-1), at most 1 h (or base): the cause is a person's to mend,
      too large, encoding, not a feed,   but a maintenance page is gone in an hour
      malformed, 401, 403, 429
    404 and other 4xx                  30 s to base * 2^(n-1), at most max_interval
    410                                max_interval, up to a tenth less: daily, in case it comes back
    any of them with a Retry-After     no sooner than that, up to 5 % later; on 429 it holds back the whole host

"30 s to x" is full jitter: every moment in between is equally likely, so that feeds that failed together do not come
back together. A feed whose base is shorter than 30 s has that in its place. Nothing stops for good.

A permanent redirect is believed once PROOFS successful polls have followed it to the same place, and its target is then
asked directly. When the target fails (429 aside), or after FORGET_AFTER polls, the configured address is asked again: a
redirect that was a mistake is not kept for ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec.structs import replace

from monitor.models import (
    Changed,
    Failed,
    FailureKind,
    FeedState,
    Outcome,
    QuoteOutcome,
    Quotes,
    QuoteSourceState,
    Response,
    Unchanged,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from monitor.models import Feed

LONGEST = timedelta(days=1)
SOONEST = timedelta(seconds=30)  # after a failure
CLOCK_SLACK = timedelta(minutes=1)  # a clock that is nudged back by less than this has not jumped
PROOFS = 3
FORGET_AFTER = 300  # polls: two days at the default interval

QUOTES_SOONEST = timedelta(seconds=30)
QUOTES_BACKOFF = timedelta(minutes=5)
QUOTES_LONGEST = timedelta(hours=1)  # a Retry-After of a day would leave a trader without prices on the day

_ZERO = timedelta(0)
_MOMENT = timedelta(seconds=1)
_OFFLINE = timedelta(minutes=5)
_TRANSIENT = timedelta(minutes=15)
_LASTING = timedelta(hours=1)
_CEILINGS = {
    FailureKind.TIMEOUT: _TRANSIENT,
    FailureKind.CUT_OFF: _TRANSIENT,
    FailureKind.UNAVAILABLE: _TRANSIENT,
    FailureKind.INTERNAL: _TRANSIENT,
}
_UNREACHED = frozenset({FailureKind.DNS, FailureKind.CONNECT})
_MAX_DOUBLINGS = 20


class PollPolicy(Protocol):
    """What of the settings' `poll` the schedule goes by."""

    @property
    def interval(self) -> timedelta: ...

    @property
    def max_interval(self) -> timedelta: ...


def address(feed: Feed, state: FeedState) -> str:
    """Where to ask: the proven target of a permanent redirect, else the configured address."""
    return state.redirect_url if state.redirect_url and state.url == feed.url else feed.url


def host_of(url: str) -> str:
    """The host whose patience a request to `url` costs; "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_due(state: FeedState, *, now: datetime) -> bool:
    """Whether to ask now. A clock that was set back does not hold a feed up: what was last checked in the future, or
    waits longer than anything may, is due.
    """
    due_at = state.next_check_at
    return due_at is None or due_at <= now or due_at > now + LONGEST or _set_back(state.last_checked_at, now)


def host_holds(states: Iterable[FeedState], *, now: datetime) -> dict[str, datetime]:
    """The hosts that asked to be left alone (429), each with the moment until which."""
    holds: dict[str, datetime] = {}
    for state in states:
        until = state.host_wait_until
        if until is None or not now < until <= now + LONGEST or _set_back(state.last_checked_at, now):
            continue
        host = host_of(state.redirect_url or state.url)
        holds[host] = max(until, holds.get(host, until))
    return holds


def quotes_due(state: QuoteSourceState, *, now: datetime) -> bool:
    """The same for the quote source."""
    due_at = state.next_check_at
    return due_at is None or due_at <= now or due_at > now + QUOTES_LONGEST or _set_back(state.last_checked_at, now)


def advance(
    state: FeedState, feed: Feed, outcome: Outcome, *, now: datetime, policy: PollPolicy, jitter: float
) -> FeedState:
    """The state after a poll that ended at `now`. `jitter` is a random number in [0, 1).

    A state of another address than the feed's is not built on.
    """
    if state.url != feed.url:
        state = FeedState(url=feed.url)
    base = feed.interval or policy.interval
    ceiling = _between(_MOMENT, policy.max_interval, LONGEST)
    if isinstance(outcome, Failed):
        return _after_failure(state, outcome, base, ceiling, now, jitter)
    return _after_success(state, outcome, base, ceiling, now, jitter)


def advance_quotes(
    state: QuoteSourceState, outcome: QuoteOutcome, *, now: datetime, interval: timedelta, jitter: float
) -> QuoteSourceState:
    """The state after a round of quotes that ended at `now`.

    Failures wait 30 s, doubling to 5 min, up to a tenth more, and no less than a Retry-After of at most an hour. A
    round of which only a part failed both succeeds and fails: it gave prices, and it waits.
    """
    failure = outcome.failure if isinstance(outcome, Quotes) else outcome
    if isinstance(outcome, Quotes):
        state = replace(state, last_success_at=now, latency=outcome.latency, unknown=outcome.unknown)
    if failure is None:
        return replace(
            state,
            next_check_at=now + _between(_MOMENT, interval, QUOTES_LONGEST),
            last_checked_at=now,
            failures=0,
            failing_since=None,
            failure=None,
            error=None,
        )
    failures = state.failures + 1
    backoff = min(_doubled(QUOTES_SOONEST, failures), QUOTES_BACKOFF)
    wait = max(backoff, failure.retry_after or _ZERO) * (1 + 0.1 * jitter)
    return replace(
        state,
        next_check_at=now + min(wait, QUOTES_LONGEST),
        last_checked_at=now,
        failures=failures,
        failing_since=_failing_since(state, now),
        failure=failure.kind,
        error=failure.reason,
    )


def _after_success(
    state: FeedState, outcome: Changed | Unchanged, base: timedelta, ceiling: timedelta, now: datetime, jitter: float
) -> FeedState:
    response = outcome.response
    asked = response.wait
    etag, last_modified = response.etag, response.last_modified
    if isinstance(outcome, Changed):
        state = replace(
            state,
            body_digest=outcome.body_digest,
            item_digests=outcome.item_digests,
            quiet_hours=outcome.quiet_hours,
            last_changed_at=now,
        )
    else:
        # What the document asked for still holds; a 304 need not repeat it, nor its validators.
        asked = max(asked or _ZERO, state.asked_wait or _ZERO) or None
        etag, last_modified = etag or state.etag, last_modified or state.last_modified
    asked = asked and min(asked, LONGEST)
    wait = max(base * (0.95 + 0.1 * jitter), (asked or _ZERO) * (1 + 0.05 * jitter))
    at = _past_quiet(now + _between(_MOMENT, wait, ceiling), state.quiet_hours)
    return replace(
        _redirected(state, response),
        etag=None if response.validators_void else etag,
        last_modified=None if response.validators_void else last_modified,
        next_check_at=min(at, now + ceiling),
        last_checked_at=now,
        last_success_at=now,
        asked_wait=asked,
        failures=0,
        failing_since=None,
        failure=None,
        error=None,
        status=response.status,
        latency=response.latency,
        host_wait_until=None,
    )


def _after_failure(
    state: FeedState, outcome: Failed, base: timedelta, ceiling: timedelta, now: datetime, jitter: float
) -> FeedState:
    failures = state.failures + 1
    if outcome.kind is FailureKind.GONE:
        wait = ceiling * (1 - 0.1 * jitter)
    else:
        soonest = min(base, SOONEST)
        wait = soonest + max(_backoff(outcome, failures, base, ceiling) - soonest, _ZERO) * jitter
    retry_after = min(outcome.retry_after or _ZERO, ceiling)
    at = now + _between(_MOMENT, max(wait, retry_after * (1 + 0.05 * jitter)), ceiling)
    if state.redirect_url is not None and outcome.kind is not FailureKind.RATE_LIMITED:
        # The validators go too, they were the target's.
        state = replace(
            state, redirect_url=None, redirect_candidate=None, redirect_hits=0, etag=None, last_modified=None
        )
    return replace(
        state,
        next_check_at=at,
        last_checked_at=now,
        failures=failures,
        failing_since=_failing_since(state, now),
        failure=outcome.kind,
        error=outcome.reason,
        status=outcome.status,
        latency=outcome.latency,
        host_wait_until=at if outcome.kind is FailureKind.RATE_LIMITED else None,
    )


def _backoff(outcome: Failed, failures: int, base: timedelta, ceiling: timedelta) -> timedelta:
    if outcome.kind in _UNREACHED:
        return min(_doubled(2 * SOONEST, failures), _OFFLINE)
    limit = _CEILINGS.get(outcome.kind, _LASTING)
    if outcome.kind is FailureKind.HTTP:
        limit = _TRANSIENT if (outcome.status or 0) >= 500 else ceiling
    return min(_doubled(base, failures), max(limit, base))


def _redirected(state: FeedState, response: Response) -> FeedState:
    """The state with what this success proves, or uses up, of a permanent redirect."""
    target = response.permanent_url
    if target == state.url or (target is None and state.redirect_url is None):
        return replace(state, redirect_url=None, redirect_candidate=None, redirect_hits=0)
    if target is None:
        target = state.redirect_url
    hits = state.redirect_hits + 1 if target == state.redirect_candidate else 1
    if hits > FORGET_AFTER:
        return replace(state, redirect_url=None, redirect_candidate=None, redirect_hits=0)
    return replace(
        state,
        redirect_url=target if hits >= PROOFS else state.redirect_url,
        redirect_candidate=target,
        redirect_hits=hits,
    )


def _past_quiet(at: datetime, quiet_hours: tuple[int, ...]) -> datetime:
    """The first moment from `at` on that lies in none of the week's quiet hours."""
    quiet = frozenset(quiet_hours)
    for _ in range(7 * 24):
        if at.weekday() * 24 + at.hour not in quiet:
            break
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return at


def _failing_since(state: FeedState | QuoteSourceState, now: datetime) -> datetime:
    return min(state.failing_since or now, now)


def _set_back(checked_at: datetime | None, now: datetime) -> bool:
    return checked_at is not None and checked_at > now + CLOCK_SLACK


def _doubled(wait: timedelta, failures: int) -> timedelta:
    """`wait` after one failure, twice that after two, and so on; bounded only so that it can be computed."""
    return min(wait, LONGEST) * (1 << min(failures - 1, _MAX_DOUBLINGS))


def _between(least: timedelta, wait: timedelta, most: timedelta) -> timedelta:
    return max(least, min(wait, most))
