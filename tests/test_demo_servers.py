"""The demo's child process: it starts, answers by the replayed clock, and never outlives who started it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from monitor.clock import ReplayClock
from monitor.config import parse
from monitor.config.settings import Settings, StdoutSinkSettings
from monitor.demo.day import CLOSES_AT, ENDS_AT, on_the_day
from monitor.demo.feeds import FEEDS
from monitor.demo.record import FROM, UNTIL
from monitor.demo.replay import DemoServers
from monitor.demo.script import SEED, Script
from monitor.demo.settings import RULES, UNLISTED, demo_settings
from monitor.errors import MonitorError
from monitor.models import FeedFailing, Group, QuotesStale, Ticker, Topic

DEADLINE = 30.0  # seconds, for what takes a fraction of one on an idle machine

PARENT = """
import asyncio, json, time
from monitor.clock import ReplayClock
from monitor.demo.day import STARTS_AT
from monitor.demo.replay import DemoServers

async def main():
    async with DemoServers(ReplayClock(STARTS_AT, time.time(), 1.0)) as servers:
        print(json.dumps({"pid": servers.pid, "newswire": servers.newswire, "exchange": servers.exchange}), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def standing(moment: datetime) -> ReplayClock:
    """A clock that takes hours to move a second of the replayed day."""
    return ReplayClock(starts_at=moment, wall_start=time.time(), speed=1e-4)


async def refuses(url: str) -> bool:
    address = urlsplit(url)
    try:
        _, writer = await asyncio.open_connection(address.hostname, address.port)
    except ConnectionError:
        return True
    writer.close()
    return False


async def gone(*urls: str) -> bool:
    """True once none of `urls` takes connections any more."""
    async with asyncio.timeout(DEADLINE):
        while not all([await refuses(url) for url in urls]):  # noqa: ASYNC110  another process sets no event here
            await asyncio.sleep(0.02)
    return True


@asynccontextmanager
async def started(*arguments: str, stdin: int = PIPE) -> AsyncIterator[tuple[Process, dict[str, str]]]:
    """The servers as a person would start them, and the line that they print."""
    command = [sys.executable, "-m", "monitor.demo.servers", "--wall-start", repr(time.time()), *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdin=stdin, stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_both_servers_answer_by_the_replayed_clock() -> None:
    clock = standing(on_the_day("10:01:30"))
    async with DemoServers(clock) as servers, httpx.AsyncClient(trust_env=False) as http:
        feed = await http.get(servers.newswire + "/markets.rss")
        assert "At 10:00: Nasdaq down 2.7%" in feed.text
        assert feed.headers["date"] == "Mon, 27 Jan 2025 15:01:30 GMT"
        await http.get(servers.exchange + "/fc.yahoo.com/")
        crumb = (await http.get(servers.exchange + "/query1.finance.yahoo.com/v1/test/getcrumb")).text
        asked = {"symbols": "NVDA,NOSUCH,^IXIC", "crumb": crumb}
        answer = await http.get(servers.exchange + "/query1.finance.yahoo.com/v7/finance/quote", params=asked)
        quotes = {record["symbol"]: record for record in answer.json()["quoteResponse"]["result"]}
        assert set(quotes) == {"NVDA", "^IXIC"}
        price = Script(SEED).price_at("NVDA", clock.now())
        assert quotes["NVDA"]["regularMarketPrice"] == price


async def test_the_seed_chooses_the_day() -> None:
    clock = standing(on_the_day("11:00:40"))
    prices = []
    for seed in (1, 2):
        async with DemoServers(clock, seed=seed) as servers, httpx.AsyncClient(trust_env=False) as http:
            chart = servers.exchange + "/query1.finance.yahoo.com/v8/finance/chart/NVDA?interval=1m"
            result = (await http.get(chart)).json()["chart"]["result"][0]
            prices.append(result["indicators"]["quote"][0]["close"])
            assert result["timestamp"][-1] == int(on_the_day("11:00").timestamp())
    assert len(prices[0]) == len(prices[1])
    assert prices[0] != prices[1]


async def test_the_days_around_the_shock_are_served_whole_before_they_have_passed() -> None:
    async with DemoServers(standing(on_the_day("07:50"))) as servers, httpx.AsyncClient(trust_env=False) as http:
        chart = servers.exchange + "/query1.finance.yahoo.com/v8/finance/chart/NVDA"
        days = []
        for end in (UNTIL, on_the_day("07:50")):
            span = {"period1": f"{FROM.timestamp():.0f}", "period2": f"{end.timestamp():.0f}", "interval": "1d"}
            result = (await http.get(chart, params=span)).json()["chart"]["result"][0]
            days.append([datetime.fromtimestamp(at, UTC).day for at in result["timestamp"]])
        assert days == [[23, 24, 27, 28, 29], [23, 24]]


async def test_after_the_close_the_final_state_stays() -> None:
    async with DemoServers(standing(ENDS_AT)) as servers, httpx.AsyncClient(trust_env=False) as http:
        assert "Close: Nvidia loses 17%" in (await http.get(servers.newswire + "/markets.rss")).text


async def test_the_block_ends_the_child() -> None:
    async with DemoServers(standing(CLOSES_AT)) as servers:
        urls = servers.newswire, servers.exchange
        assert not await refuses(servers.newswire)
    assert await gone(*urls)


async def test_an_error_inside_the_block_ends_the_child_too() -> None:
    servers = DemoServers(standing(CLOSES_AT))
    with pytest.raises(ZeroDivisionError):
        async with servers:
            raise ZeroDivisionError
    assert await gone(servers.newswire, servers.exchange)


async def test_cancelling_the_start_leaves_no_child() -> None:
    servers = DemoServers(standing(CLOSES_AT))
    entering = asyncio.create_task(servers.__aenter__())
    async with asyncio.timeout(DEADLINE):
        while servers.pid is None:  # noqa: ASYNC110  the moment in between has no event
            await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    with pytest.raises(ProcessLookupError):
        os.kill(servers.pid, 0)


async def test_a_child_that_cannot_start_is_a_sentence() -> None:
    nowhere = ReplayClock(starts_at=datetime(2025, 1, 27), wall_start=0.0, speed=1.0)  # noqa: DTZ001  what is wrong here
    with pytest.raises(MonitorError, match=r"did not start: .*--sim-start"):
        async with DemoServers(nowhere):
            pass


async def test_a_replay_that_goes_on_has_the_newswire_where_it_was() -> None:
    async with DemoServers(standing(CLOSES_AT)) as servers:
        first = servers.newswire
        port = urlsplit(first).port
        assert port is not None
        with pytest.raises(MonitorError, match=r"did not start: .*in use"):
            async with DemoServers(standing(CLOSES_AT), newswire_port=port):
                pass
    async with DemoServers(standing(CLOSES_AT), newswire_port=port) as servers:
        assert servers.newswire == first


async def test_kill_9_of_the_parent_ends_the_servers() -> None:
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, stdout=PIPE)
    try:
        assert parent.stdout is not None
        async with asyncio.timeout(DEADLINE):
            where = json.loads(await parent.stdout.readline())
        assert not await refuses(where["exchange"])
    finally:
        parent.kill()
        await parent.communicate()
    assert await gone(where["newswire"], where["exchange"])


async def test_end_of_input_ends_the_servers() -> None:
    async with started() as (process, where):
        assert process.stdin is not None
        process.stdin.close()
        assert await process.wait() == 0
        assert await gone(where["newswire"], where["exchange"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_servers_in_order(number: signal.Signals) -> None:
    async with started("--speed", "60") as (process, where):
        process.send_signal(number)
        assert await process.wait() == 0
        assert await gone(where["newswire"], where["exchange"])


async def test_a_client_that_stays_connected_does_not_keep_the_servers_alive() -> None:
    async with started() as (process, where):
        address = urlsplit(where["newswire"])
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(b"GET /search.rss?q=DeepSeek&hl=en HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n")
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        writer.close()


async def test_without_any_input_they_end_at_once() -> None:
    async with started(stdin=asyncio.subprocess.DEVNULL) as (process, _):
        assert await process.wait() == 0


# --- settings ---------------------------------------------------------------------------------------------------

BASE = Settings(
    file="feeds.yaml",
    watchlist=(Group(name="Chips", tickers=(Ticker(symbol="NVDA", name="Nvidia"),)),),
    topics=(Topic(name="DeepSeek", terms=()),),
)


def test_the_demo_keeps_the_watchlist_and_topics_and_brings_its_own_feeds() -> None:
    settings = demo_settings("http://127.0.0.1:1", "http://127.0.0.1:2", base=BASE)
    assert settings.topics == BASE.topics
    assert settings.watchlist[:-1] == BASE.watchlist
    assert [feed.url for feed in settings.feeds] == [f"http://127.0.0.1:1{feed.address}" for feed in FEEDS.values()]
    assert all(feed.name.startswith("SIM ") for feed in settings.feeds)
    assert settings.poll.allow_private
    assert settings.quotes.endpoint == "http://127.0.0.1:2"
    assert settings.alerts.sinks == (StdoutSinkSettings(),)
    assert "SIMULATED" in settings.file


def test_one_symbol_of_the_demo_is_unknown_to_its_exchange() -> None:
    settings = demo_settings("http://127.0.0.1:1", "http://127.0.0.1:2", base=BASE)
    listed = Script(SEED).symbols
    assert [ticker.symbol for ticker in settings.tickers if ticker.symbol not in listed] == [UNLISTED]


def test_all_that_is_shipped_in_the_watchlist_is_listed() -> None:
    shipped = parse((Path(__file__).parent.parent / "feeds.yaml").read_text("utf-8"), "feeds.yaml")
    assert {ticker.symbol for ticker in shipped.tickers} <= Script(SEED).symbols
    settings = demo_settings("http://127.0.0.1:1", "http://127.0.0.1:2", base=shipped)
    watched = {ticker.symbol for ticker in settings.tickers}
    assert {symbol for rule in RULES for symbol in getattr(rule.when, "symbols", ())} <= watched
    assert "DeepSeek" in {topic.name for topic in settings.topics}


def test_the_rules_are_about_what_is_listed() -> None:
    listed = Script(SEED).symbols
    symbols = {symbol for rule in RULES for symbol in getattr(rule.when, "symbols", ())}
    assert symbols
    assert symbols <= set(listed)
    assert {FeedFailing, QuotesStale} <= {type(rule.when) for rule in RULES}
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_faster_day_is_polled_at_the_same_real_pace() -> None:
    usual, fast = (demo_settings("http://x", "http://x", base=BASE, speed=speed) for speed in (60, 600))
    assert fast.quotes.interval == usual.quotes.interval * 10
    assert fast.quotes.stale_after == usual.quotes.stale_after * 10
    assert fast.poll.interval == usual.poll.interval * 10
    assert demo_settings("http://x", "http://x", base=BASE, speed=1) == demo_settings("http://x", "http://x", base=BASE)
