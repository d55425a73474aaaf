"""A feed client against a loopback server, in one line a poll."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from msgspec.structs import replace

from monitor.config.settings import PollSettings
from monitor.models import Failed, FailureKind, Feed, FeedState, Unchanged
from monitor.sources.fetch import FeedClient, Fetched
from monitor.sources.network import Refusal

NOW = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
AGENT = "monitor/test (loopback)"
# Loopback allowed, no gap between requests, and so long a deadline that no machine is too slow.
LOOPBACK = PollSettings(allow_private=True, host_gap=timedelta(0), timeout=timedelta(seconds=60))
HASTY = replace(LOOPBACK, timeout=timedelta(seconds=0.2))


@lru_cache
def trusting_nobody() -> ssl.SSLContext:
    """One for all tests that do not care: the usual one takes 50 ms to read its certificates."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def feed_client(
    policy: PollSettings = LOOPBACK, *, trust: ssl.SSLContext | None = None, refused: Refusal | None = None
) -> FeedClient:
    return FeedClient(policy, user_agent=AGENT, ssl_context=trust or trusting_nobody(), refused=refused)


async def ask(
    client: FeedClient, feed: Feed | str, state: FeedState | None = None, *, now: datetime = NOW
) -> Fetched | Unchanged | Failed:
    if isinstance(feed, str):
        feed = Feed(url=feed, name="News")
    return await client.fetch(feed, state or FeedState(url=feed.url), now=now)


async def fetched(client: FeedClient, feed: Feed | str, state: FeedState | None = None) -> Fetched:
    outcome = await ask(client, feed, state)
    assert isinstance(outcome, Fetched), outcome
    return outcome


async def failure(client: FeedClient, feed: Feed | str, kind: FailureKind, *words: str) -> Failed:
    """The failure, which is of `kind` and says `words`, in one printable line."""
    outcome = await ask(client, feed)
    assert isinstance(outcome, Failed), outcome
    assert outcome.kind is kind, outcome
    assert outcome.reason.isprintable()
    assert len(outcome.reason) <= 300
    for word in words:
        assert word in outcome.reason, outcome
    return outcome
