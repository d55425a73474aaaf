"""Addresses that must not be asked, servers that want peace, quotes that fail: what `monitor status` says of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from monitor.demo.exchange import Door, Fault
from tests.bad_feeds import AGES
from tests.collecting import Desk, Item, open_desk, terminated, until
from tests.loopback import redirect, reply
from tests.watching import feed_report, rows, status, titles

PERMITS = "; poll.allow_private in the settings would permit it"
# Name: address, and what is said of it.
FEEDS = {
    "good": ("http://news.example/feed", None),
    "to the cloud's metadata": ("http://meta.example/feed", f"169.254.169.254 is a link-local address{PERMITS}"),
    "to the network inside": ("http://inside.example/feed", f"10.0.0.1 is a private address{PERMITS}"),
    "to this machine": ("http://here.example/feed", f"127.0.0.1 is a loopback address{PERMITS}"),
    "this machine": ("http://127.0.0.1:PORT/secret", f"127.0.0.1 is a loopback address{PERMITS}"),
    "limited": (
        "http://limited.example/one",
        "limited.example says that it is asked too often (429 Too Many Requests)",
    ),
    "on the same host": (
        "http://limited.example/two",
        "not asked, since limited.example has just said to another feed that it is asked too often",
    ),
    "down": (
        "http://down.example/one",
        "down.example says that it is not available at the moment (503 Service Unavailable)",
    ),
    "beside it": ("http://down.example/two", None),
}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


async def once(desk: Desk, **environment: str) -> int:
    process = await desk.start("collect", "--once", **environment)
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def test_addresses_inside_are_not_asked_and_who_wants_peace_has_it(desk: Desk) -> None:
    """The loopback server is the proxy that looks the names up, so that the feeds are on the public internet."""
    feeds = {name: url.replace("PORT", str(desk.news.port)) for name, (url, _) in FEEDS.items()}
    listed = [{"name": name, "url": url} for name, url in feeds.items()]
    nothing: dict[str, list[str]] = {"watchlist": [], "topics": [], "rules": []}
    settings = {"feeds": listed, "poll": {"host_gap": "0s", "per_host": 1}, **nothing}
    desk.settings_file.write_text(json.dumps(settings))
    limited = reply(b"", 429, headers={"Retry-After": AGES})
    desk.news.routes |= {
        feeds["good"]: desk.news.routes["/one"],
        feeds["to the cloud's metadata"]: redirect("http://169.254.169.254/latest/meta-data"),
        feeds["to the network inside"]: redirect("http://10.0.0.1/admin", 301),
        feeds["to this machine"]: redirect(desk.news.url("/secret")),
        feeds["limited"]: limited,
        feeds["on the same host"]: limited,
        feeds["down"]: reply(b"", 503, headers={"Retry-After": "7200"}),
        feeds["beside it"]: desk.news.routes["/one"],
    }
    around = {"HTTP_PROXY": f"http://127.0.0.1:{desk.news.port}", "NO_PROXY": "localhost"}
    began = datetime.now(UTC)
    assert await once(desk, **around) == 1
    report = await feed_report(desk)
    asked = [request.target for request in desk.news.requests]
    assert {name: report[name]["error"] for name in feeds} == {name: words for name, (_, words) in FEEDS.items()}
    assert asked.count(feeds["limited"]) == 1
    assert not {feeds["on the same host"], desk.news.url("/secret"), "/secret"} & set(asked)
    again = {name: datetime.fromisoformat(report[name]["next_check_at"]) - began for name in feeds}
    for name, least, most in (("limited", 23.9, 24.2), ("on the same host", 23.9, 24.2), ("down", 2, 2.5)):
        assert timedelta(hours=least) < again[name] < timedelta(hours=most), name
    assert again["beside it"] < timedelta(hours=1)

    await once(desk, **around)  # a restart does not make it forget
    assert [request.target for request in desk.news.requests] == asked


def stored(desk: Desk, wanted: set[str]) -> bool:
    return wanted <= titles(desk)


async def test_a_storm_of_5xx_costs_a_request_a_try_holds_up_nobody_and_passes(desk: Desk) -> None:
    """Twelve feeds fail at one host, which a good one shares, each three times at least; then all is well."""
    stormy = {f"/storm{number}": (500, 502, 503, 504, 520, 599)[number % 6] for number in range(12)}
    desk.news.routes |= {path: reply(b"", status) for path, status in stormy.items()}
    desk.feeds = ["/one", *stormy]
    desk.write_settings()
    process = await desk.start("collect")
    failed = "SELECT count(*) FROM feeds WHERE name LIKE 'feed /storm%' AND failures >= 3"
    rounds = 0
    while rounds < 3 or rows(desk.database, failed) != [(len(stormy),)]:
        rounds += 1
        news = Item(f"DeepSeek round {rounds}")
        desk.publish("/one", news)
        await until(partial(stored, desk, {news.title}), process=process)
    for path in stormy:
        desk.publish(path, Item(f"after the storm at {path}"))
    await until(partial(stored, desk, {f"after the storm at {path}" for path in stormy}), process=process)
    assert (await status(desk))[1]["troubles"] == []
    assert await terminated(process) == 0
    polled = dict(
        rows(desk.database, "SELECT name, count(*) FROM polls JOIN feeds ON feeds.id = feed_id GROUP BY name")
    )
    asked = Counter(f"feed {request.path}" for request in desk.news.requests)
    assert all(asked[f"feed {path}"] - polled[f"feed {path}"] in {0, 1} for path in stormy), "1: under way at the end"


OTHER_DAY = '{"quoteResponse": {"result": [], "error": {"code": "x", "description": "bad\\u001b[31m day"}}}'
QUOTES = {
    "a rate limit on the crumb": (Door.CRUMB, Fault(status=429), "Yahoo limits the rate of requests (HTTP 429)"),
    "an error with 200": (Door.QUOTE, Fault(body=OTHER_DAY), "Yahoo answered: bad day"),
    "an exchange that hangs": (Door.QUOTE, Fault(hang=True), "Yahoo did not answer in time"),
}


async def test_quotes_that_fail_keep_their_last_prices_and_cost_the_news_nothing(desk: Desk) -> None:
    text = desk.settings_file.read_text()
    desk.settings_file.write_text(text.replace("timeout: 5s", "timeout: 1s"))
    desk.fall = -5
    assert await once(desk) == 0
    prices = "SELECT symbol, price, traded_at FROM quotes ORDER BY symbol"
    last = rows(desk.database, prices)
    assert len(last) == 2
    for fault, (door, answer, words) in QUOTES.items():
        desk.exchange.mend()
        desk.exchange.revoke()
        desk.exchange.fail_always(door, answer)
        desk.publish("/one", Item(f"DeepSeek and {fault}"))
        assert await once(desk) == 1
        assert f"DeepSeek and {fault}" in titles(desk)
        assert rows(desk.database, prices) == last
        code, report = await status(desk)
        assert code == 3  # nobody collects between two runs with --once
        assert report["troubles"][0].startswith(f"the quotes fail: {words}")
        assert report["quotes"]["next_check_at"] is not None
    desk.exchange.mend()
    assert await once(desk) == 0
    _, report = await status(desk)
    assert report["troubles"] == []
