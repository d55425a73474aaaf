"""Which feeds are asked now, and in which order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from monitor.clock import Clock
from monitor.collector.feeds import FeedDesk
from monitor.config.settings import PollSettings
from monitor.models import Feed, FeedState
from monitor.sources.fetch import FeedClient
from monitor.sources.parsers import ParserPool


def order(took: dict[str, float | None]) -> list[str]:
    """Of feeds that are due, by address and seconds that they took the last time."""
    feeds = tuple(Feed(url=url, name=url) for url in took)
    latencies = {url: None if seconds is None else timedelta(seconds=seconds) for url, seconds in took.items()}
    desk = FeedDesk(
        feeds=feeds,
        states={url: FeedState(url=url, latency=latency) for url, latency in latencies.items()},
        client=FeedClient(PollSettings(), user_agent="test"),
        parsers=ParserPool(),
        results=asyncio.Queue(),
        clock=Clock(),
        workers=1,
    )
    return [feed.url for feed in desk.due()]


def test_who_took_longest_the_last_time_is_asked_first() -> None:
    took = {"https://quick.example": 0.1, "https://new.example": None, "https://slow.example": 3.0}
    assert order(took) == ["https://slow.example", "https://quick.example", "https://new.example"]


def test_a_slow_host_with_many_feeds_keeps_no_other_waiting() -> None:
    many = {f"https://many.example/{number}": 3.0 for number in range(3)}
    assert order({**many, "https://quick.example": 0.1}) == [
        "https://many.example/0",
        "https://quick.example",
        "https://many.example/1",
        "https://many.example/2",
    ]
