"""A few hours at a thousand times their pace: nothing grows and nothing is lost. `make soak` runs a week.

The real thing in small: feeds, exchange, collector and screen are processes. What a leak is, is tried on figures.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from benchmarks.soak.looking import Held, growth
from benchmarks.soak.plan import FAILING, FEEDS, STARTS_AT, Plan
from benchmarks.soak.running import Report, run
from monitor.config import PollSettings
from monitor.models import Feed, FeedState
from monitor.sources.fetch import FeedClient
from tests.loopback import Loopback, reply

if TYPE_CHECKING:
    from pathlib import Path

# The memory of a process that has just begun still grows, so that here there is room for it; files and threads do not.
PLAN = Plan(hours=4.0, rounds=80, warm_up=2.0, keep_hours=1.0, speed=900.0)
BEGINNING = ("collector: memory", "viewer: memory", "database")
HOURS = [float(hour) for hour in range(24)]
USUAL = Held(memory=120.0, files=30.0, threads=5.0, children=1.0)


def test_what_a_few_hours_bring_is_kept_pruned_and_delivered(tmp_path: Path) -> None:
    report = run(PLAN, tmp_path)
    assert [problem for problem in report.problems if not problem.startswith(BEGINNING)] == []
    assert report.asked["polls"] > 3 * len(FEEDS)
    assert report.rows[-1]["headline_tombstones"] > report.rows[0]["headline_tombstones"], "nothing was old enough"
    assert report.rows[-1]["alerts"] > 0
    failures = (tmp_path / "collector.log").read_text()
    assert all(f"{name}: " in failures for name in FAILING)
    assert "fault of this program" not in failures
    assert "Traceback" not in failures


async def test_a_poll_given_up_at_any_moment_leaves_no_connection() -> None:
    """Which was a leak of some connections a day where feeds time out."""
    document = b"<rss><channel>" + b" " * 3_000_000 + b"</channel></rss>"
    given_up = 0
    async with Loopback() as server:
        server.routes["/feed"] = reply(document)
        feed = Feed(url=server.url("/feed"), name="feed")
        policy = PollSettings(allow_private=True, host_gap=timedelta(0))
        async with FeedClient(policy, user_agent="monitor") as client:
            for moments in range(60):
                polling = asyncio.create_task(client.fetch(feed, FeedState(url=feed.url), now=STARTS_AT))
                for _ in range(moments):
                    await asyncio.sleep(0)
                polling.cancel()
                await asyncio.wait([polling])
                given_up += polling.cancelled()
            await client.fetch(feed, FeedState(url=feed.url), now=STARTS_AT)
            await server.until(lambda server: server.open <= 1)
    assert given_up > 10


@pytest.mark.parametrize(
    ("name", "each_hour", "grows"),
    [
        ("memory", 0.5, True),
        ("memory", 0.1, False),
        ("files", 0.25, True),
        ("files", 0.0, False),
        ("threads", 0.1, True),
    ],
)
def test_a_leak_is_noticed_among_what_comes_and_goes(name: str, each_hour: float, *, grows: bool) -> None:
    figures = [getattr(USUAL, name) + hour * each_hour + hour % 3 for hour in HOURS]
    assert growth(name, HOURS, figures).grows is grows


def test_one_peak_is_no_leak() -> None:
    figures = [30.0] * 24
    figures[20] = 45.0
    assert not growth("files", HOURS, figures).grows


def test_what_happened_before_the_warm_up_does_not_count() -> None:
    report = Report(Plan(), warm_at=12.0)
    report.hours = HOURS
    report.collector = [replace(USUAL, memory=min(60.0 + 10 * hour, 120.0)) for hour in HOURS]
    report.viewer = [USUAL] * 24
    report.database = [1.0] * 24
    assert not [name for name, found in report.growths().items() if found.grows]
