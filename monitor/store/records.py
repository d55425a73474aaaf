"""What the store takes and gives beside the models: filters, and rows that no other room has a name for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from monitor.clock import Clock, ReplayClock

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from monitor.models import Feed, FeedState, Headline, Severity


class HeadlineFilter(Struct, frozen=True, kw_only=True):
    """Headlines for which everything given holds, newest first, at most `limit`.

    `topic` is a topic's name, `ticker` a symbol, `feed` a feed's name or url. `since` <= sort_at < `until`.
    `text` holds words, all of which must be in the title, as parts of words too and in any case; "quoted words" stay
    together. `before` is (sort_at, id) of the last headline that the page before looked at.
    """

    topic: str | None = None
    ticker: str | None = None
    feed: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    before: tuple[datetime, int] | None = None
    limit: int = 200


class Page(NamedTuple):
    """Ids of headlines, newest first, and `HeadlineFilter.before` of the next page: None when nothing is left.

    A page with fewer ids than its limit may have a next one: older headlines have not been looked through yet.
    """

    ids: list[int]
    before: tuple[datetime, int] | None


class AlertFilter(Struct, frozen=True, kw_only=True):
    """Alerts for which everything given holds, newest first, at most `limit`.

    `ticker` is the subject or among the quotes of the alert. `since` <= fired_at < `until`.
    """

    rule: str | None = None
    severity: Severity | None = None
    ticker: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 200


class Position(NamedTuple):
    """How far somebody has followed: id of the last headline and number of the last alert, 0 before the first."""

    headline: int = 0
    alert: int = 0


class Oldest(NamedTuple):
    """The lowest id among the headlines kept, and when the first alert kept fired; None where there is none."""

    headline: int | None
    alert_at: datetime | None


class Recorded(NamedTuple):
    """What one poll brought: headlines never seen before, and known ones that now read differently."""

    new: tuple[Headline, ...] = ()
    updated: tuple[Headline, ...] = ()


class CollectorInfo(Struct, frozen=True, kw_only=True):
    """Who collects, or did last. The replay's three numbers are those of `clock.ReplayClock`, None for real time.

    `started_at` and `heartbeat_at` are the collector's own clock's, which in a replay is the replayed day's.
    `replay_wall_start` is in seconds of the Unix epoch. `settings_error` is why the settings file as it is now is not
    in force.
    """

    pid: int
    host: str
    version: str
    started_at: datetime
    heartbeat_at: datetime
    settings_file: str | None = None
    settings_error: str | None = None
    simulated: bool = False
    replay_starts_at: datetime | None = None
    replay_wall_start: float | None = None
    replay_speed: float | None = None


class HistoryState(Struct, frozen=True, kw_only=True):
    """How far fetching a symbol's prices of January 2025 has come. Stored.

    `asked_at` is when Yahoo last answered, with bars or without; None: not yet. `failures` counts those since then,
    `error` is the last one as a sentence. `simulated` says that the answer was the demo's.
    """

    symbol: str
    asked_at: datetime | None = None
    next_try_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    simulated: bool = False


def clock_of(info: CollectorInfo | None) -> Clock:
    """The clock that the rows go by: the machine's, or the replayed day's when a replay wrote them."""
    if info is None or info.replay_starts_at is None or info.replay_wall_start is None or info.replay_speed is None:
        return Clock()
    return ReplayClock(info.replay_starts_at, info.replay_wall_start, info.replay_speed)


class StoredFeed(Struct, frozen=True, kw_only=True):
    """A feed without its headers, which are not stored. `active` is false when the settings no longer name it."""

    feed: Feed
    state: FeedState
    active: bool


class Activity(NamedTuple):
    """What a feed did in a stretch of time. `latency` is the mean of the polls that were answered."""

    polls: int
    failures: int
    new: int
    updated: int
    latency: timedelta | None


class Counts(NamedTuple):
    """How many rows there are, and how large the database is, its write-ahead log included."""

    headlines: int
    feeds: int
    quotes: int
    bars: int
    alerts: int
    undelivered: int
    bytes: int
