"""The quote source against an exchange that speaks Yahoo's format: all of yfinance and curl, nothing replaced."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import trustme

from monitor.demo.exchange import Door, Exchange, Fault, Listing, quote_record
from monitor.models import Bar
from tests.quote_child import QuoteChild
from tests.tls_proxy import TlsProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2025, 1, 27, 17, 0, tzinfo=UTC)
SYMBOLS = [f"T{number}" for number in range(120)]


def book(at: datetime) -> Mapping[str, Mapping[str, object]]:
    listed = {
        symbol: quote_record(
            Listing(symbol=symbol, regular_price=100.0 + number, regular_time=at, previous_close=101.0, volume=7)
        )
        for number, symbol in enumerate(SYMBOLS)
    }
    return listed | {"BRK-B": quote_record(Listing(symbol="BRK-B", regular_price=5, regular_time=at, previous_close=4))}


def bars(symbol: str, start: datetime, end: datetime, interval: str) -> Sequence[Bar]:
    return [
        Bar(symbol=symbol, interval=interval, at=at, open=1, high=3, low=1, close=2, volume=9, source="yahoo")
        for at in (start, start + timedelta(minutes=1), end)
    ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Exchange, QuoteChild]]:
    """One exchange and one child for the many faults, as one collector lives through them: one after the other."""
    async with (
        Exchange(book=book, history=bars, now=lambda: NOW) as exchange,
        QuoteChild(tmp_path_factory.mktemp("cache"), endpoint=exchange.url) as child,
    ):
        yield exchange, child


@pytest_asyncio.fixture(loop_scope="module")
async def market(shared: tuple[Exchange, QuoteChild]) -> AsyncIterator[tuple[Exchange, QuoteChild]]:
    """The shared pair without faults, cookie and crumb in hand, counting from zero."""
    exchange, child = shared
    exchange.mend()
    assert (await child.fetch("T0"))["prices"] == {"T0": 100.0}
    exchange.seen.clear()
    exchange.requests.clear()
    yield exchange, child
    exchange.mend()


Market = tuple[Exchange, QuoteChild]


async def test_forty_symbols_cost_one_request(market: Market) -> None:
    exchange, child = market
    answer = await child.fetch(*SYMBOLS[:40])
    assert list(answer["prices"]) == SYMBOLS[:40]
    assert exchange.seen == {Door.QUOTE: 1}


async def test_no_request_asks_for_more_than_fifty(market: Market) -> None:
    exchange, child = market
    answer = await child.fetch(*SYMBOLS)
    assert list(answer["prices"]) == SYMBOLS
    assert [len(request.symbols) for request in exchange.requests] == [50, 50, 20]


async def test_symbols_that_yahoo_does_not_know_are_named(market: Market) -> None:
    _, child = market
    answer = await child.fetch("NOPE", "T1", "T1", "GONE&x=1", "brk-b")
    assert answer["prices"] == {"T1": 101.0}
    assert answer["unknown"] == ["NOPE", "GONE&x=1", "brk-b"]


async def test_quotes_say_when_they_were_asked_for(market: Market) -> None:
    _, child = market
    assert (await child.fetch("T1", now="2025-01-27T20:00:00+00:00"))["fetched_at"] == ["2025-01-27T20:00:00+00:00"]


async def test_nothing_watched_needs_no_request(market: Market) -> None:
    exchange, child = market
    assert (await child.fetch())["prices"] == {}
    assert exchange.seen == {}


ERROR_WITH_200 = json.dumps({"quoteResponse": {"result": [], "error": {"code": "x", "description": "bad\x1b[31m day"}}})
OTHER_ENVELOPE = json.dumps({"finance": {"result": None, "error": {"code": "Internal", "description": "later"}}})
NAN = '{"quoteResponse": {"result": [{"symbol": "T0", "regularMarketPrice": NaN}], "error": null}}'
RETRY_DATE = (("Retry-After", "Mon, 27 Jan 2025 17:01:30 GMT"),)

# What the exchange does -> kind, part of the reason, wait asked for.
FAULTS = {
    "429": (Fault(status=429, headers=(("Retry-After", "17"),)), "rate-limited", "HTTP 429", 17.0),
    "429 with a date": (Fault(status=429, headers=RETRY_DATE), "rate-limited", "HTTP 429", 90.0),
    "429 with nonsense": (Fault(status=429, headers=(("Retry-After", "soon"),)), "rate-limited", "HTTP 429", None),
    "429 with ages": (Fault(status=429, headers=(("Retry-After", "9" * 30),)), "rate-limited", "HTTP 429", 2.0**31),
    "999": (Fault(status=999), "rate-limited", "HTTP 999", None),
    "500": (Fault(status=500), "http", "HTTP 500", None),
    "503": (Fault(status=503, headers=(("Retry-After", "60"),)), "unavailable", "HTTP 503", 60.0),
    "404": (Fault(status=404, body=OTHER_ENVELOPE), "http", "HTTP 404: later", None),
    "HTML": (Fault(body="<html>Please accept our cookies</html>"), "data", "not JSON", None),
    "a deep well": (Fault(body="[" * 100_000), "data", "not JSON", None),
    "nothing": (Fault(), "data", "not JSON", None),
    "an error with 200": (Fault(body=ERROR_WITH_200), "data", "Yahoo answered: bad", None),
    "another envelope": (Fault(body=OTHER_ENVELOPE), "data", "later", None),
    "another form": (Fault(body='{"quoteResponse": []}'), "data", "another form", None),
    "a list": (Fault(body="[1]"), "data", "another form", None),
    "not a number": (Fault(body=NAN), "data", "no price for any of 1 symbols", None),
    "half an answer": (Fault(body="{", cut=True), "cut-off", "cut off", None),
    "too much": (Fault(body=" " * (17 * 2**20)), "too-large", "too large", None),
    "a circle": (Fault(status=302, headers=(("Location", "/v7/finance/quote"),)), "redirect", "circle", None),
}


@pytest.mark.parametrize(("fault", "kind", "reason", "wait"), FAULTS.values(), ids=FAULTS.keys())
async def test_each_fault_is_told_apart_and_passes(
    market: Market, fault: Fault, kind: str, reason: str, wait: float | None
) -> None:
    exchange, child = market
    exchange.fail_always(Door.QUOTE, fault)
    answer = await child.fetch("T0")
    assert (answer["kind"], answer["retry_after"]) == (kind, wait)
    assert reason in answer["reason"]
    assert answer["reason"].isprintable()
    exchange.mend()
    assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}


@pytest.mark.parametrize("status", [429, 999, 500, 503])
async def test_a_refusal_costs_one_request_and_keeps_cookie_and_crumb(market: Market, status: int) -> None:
    exchange, child = market
    exchange.fail(Door.QUOTE, Fault(status=status))
    await child.fetch("T1")
    await child.fetch("T1")
    assert exchange.seen == {Door.QUOTE: 2}


async def test_who_stays_refused_is_denied(market: Market) -> None:
    exchange, child = market
    exchange.fail_always(Door.QUOTE, Fault(status=403))
    assert (await child.fetch("T1"))["kind"] == "denied"


async def test_a_crumb_that_yahoo_took_back_is_renewed_without_a_word(market: Market) -> None:
    exchange, child = market
    for _ in range(3):
        exchange.revoke()
        assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}


async def test_no_price_where_there_were_prices_is_a_fault_of_the_source(market: Market) -> None:
    exchange, child = market
    empty = '{"quoteResponse": {"result": [], "error": null}}'
    exchange.fail(Door.QUOTE, Fault(body=empty))
    assert (await child.fetch("T0", "NOPE"))["kind"] == "data"
    assert (await child.fetch("NOPE"))["unknown"] == ["NOPE"], "a mistyped symbol asked for alone is only unknown"


async def test_a_source_that_never_gave_a_price_is_at_fault(tmp_path: Path) -> None:
    async with Exchange(book=lambda _: {}) as exchange, QuoteChild(tmp_path, endpoint=exchange.url) as child:
        assert (await child.fetch("T0", "T1"))["kind"] == "data"


async def test_a_bad_batch_does_not_lose_the_good_ones(market: Market) -> None:
    exchange, child = market
    half = '{"quoteResponse": {"result": 5}}'
    exchange.fail(Door.QUOTE, Fault(body=half))
    answer = await child.fetch(*SYMBOLS, "NOPE")
    assert list(answer["prices"]) == SYMBOLS[50:]
    assert (answer["unknown"], answer["failure"]) == (["NOPE"], "data")


async def test_a_rate_limit_ends_the_round_at_once(market: Market) -> None:
    exchange, child = market
    answer = child.send("fetch", symbols=SYMBOLS[:50], now=NOW.isoformat())
    await answer
    exchange.seen.clear()
    exchange.fail_always(Door.QUOTE, Fault(status=429))
    assert (await child.fetch(*SYMBOLS))["kind"] == "rate-limited"
    assert exchange.seen == {Door.QUOTE: 1}


async def test_history_comes_as_bars(market: Market) -> None:
    exchange, child = market
    span = {"start": "2025-01-27T14:30:00+00:00", "end": "2025-01-27T15:00:00+00:00"}
    answer = await child.ask("history", symbol="BRK-B", interval="1m", **span)
    assert answer == [
        ["2025-01-27T14:30:00+00:00", 1, 3, 1, 2, 9],
        ["2025-01-27T14:31:00+00:00", 1, 3, 1, 2, 9],
    ]
    assert exchange.seen == {Door.CHART: 1}
    assert exchange.requests[-1].query["interval"] == "1m"
    missing = await child.ask("history", symbol="../NOPE", interval="1d", **span)
    assert (missing["kind"], missing["reason"][:24]) == ("http", "Yahoo answered HTTP 404:")


async def test_two_hundred_polls_leave_no_connection_thread_or_file_behind(market: Market) -> None:
    exchange, child = market
    before, connections = await child.ask("resources"), exchange.connections_made
    for _ in range(200):
        await child.fetch("T1")
    after = await child.ask("resources")
    assert after == before
    assert after["threads"] == ["MainThread", "quotes"]
    assert exchange.connections_made == connections
    assert exchange.seen == {Door.QUOTE: 200}


async def test_each_way_of_not_reaching_yahoo_is_told_apart(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        stranger = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
        ports = unused.getsockname()[1], stranger.sockets[0].getsockname()[1]
        async with QuoteChild(tmp_path, endpoint=f"http://127.0.0.1:{ports[0]}") as child:
            assert (await child.fetch("T1"))["kind"] == "connect"
            await child.ask("reopen", endpoint=f"https://127.0.0.1:{ports[1]}")
            assert (await child.fetch("T1"))["kind"] == "tls"
            await child.ask("reopen", endpoint="http://quotes.invalid")
            assert (await child.fetch("T1"))["kind"] == "dns"
        stranger.close()
        await stranger.wait_closed()


async def test_a_rate_limit_on_the_crumb_is_one_and_is_never_taken_for_the_crumb(tmp_path: Path) -> None:
    async with Exchange(book=book) as exchange, QuoteChild(tmp_path, endpoint=exchange.url) as child:
        exchange.fail(Door.CRUMB, Fault(status=429))
        assert (await child.fetch("T1"))["kind"] == "rate-limited"
        assert exchange.seen == {Door.COOKIE: 1, Door.CRUMB: 1}
        assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}
        assert exchange.seen == {Door.COOKIE: 1, Door.CRUMB: 2, Door.QUOTE: 1}
        for crumb in (Fault(body="Too Many Requests\r\n"), Fault(status=999)):
            exchange.revoke()
            exchange.fail(Door.CRUMB, crumb)
            assert (await child.fetch("T1"))["kind"] == "rate-limited"
            assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}


async def test_nothing_hangs_longer_than_the_settings_allow(tmp_path: Path) -> None:
    async with Exchange(book=book) as exchange, QuoteChild(tmp_path, endpoint=exchange.url, timeout=0.5) as child:
        for door in (Door.COOKIE, Door.CRUMB, Door.QUOTE):
            exchange.fail_always(door, Fault(hang=True))
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await child.fetch(*SYMBOLS))["kind"] == "timeout"
        assert loop.time() - began < 20  # yfinance alone: 30 s for each of cookie, crumb and quotes
        exchange.mend()
        exchange.fail_always(Door.CRUMB, Fault(hang=True))
        assert (await child.fetch("T1"))["kind"] == "timeout"  # yfinance ends this one with 401


async def test_where_the_cookie_server_hangs_the_consent_page_gives_the_cookie(tmp_path: Path) -> None:
    async with Exchange(book=book) as exchange, QuoteChild(tmp_path, endpoint=exchange.url, timeout=2.0) as child:
        exchange.fail_always(Door.COOKIE, Fault(hang=True))
        assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}
        assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}
        assert exchange.seen[Door.COOKIE] == 1


async def test_a_cancelled_fetch_is_skipped_and_the_next_one_answered(tmp_path: Path) -> None:
    async with Exchange(book=book) as exchange, QuoteChild(tmp_path, endpoint=exchange.url, timeout=2.0) as child:
        await child.fetch("T1")
        exchange.fail(Door.QUOTE, Fault(hang=True))
        first = child.send("fetch", symbols=["T1"], now=NOW.isoformat())
        await exchange.reached(Door.QUOTE, 2)
        second = child.send("fetch", symbols=["T2"], now=NOW.isoformat())
        third = child.send("fetch", symbols=["T3"], now=NOW.isoformat())
        await child.ask("cancel", command=1)
        await child.ask("cancel", command=2)
        async with asyncio.timeout(60):
            assert [await first, await second] == ["cancelled", "cancelled"]
            assert (await third)["prices"] == {"T3": 103.0}
        assert [request.symbols for request in exchange.requests if request.door is Door.QUOTE][1:] == [
            ("T1",),
            ("T3",),
        ]


async def test_closing_waits_for_no_hanging_request_and_neither_does_the_program_s_end(tmp_path: Path) -> None:
    async with Exchange(book=book) as exchange:
        child = QuoteChild(tmp_path, endpoint=exchange.url, timeout=600.0)
        async with child:
            await child.fetch("T1")
            exchange.fail(Door.QUOTE, Fault(hang=True))
            hanging = child.send("fetch", symbols=["T1"], now=NOW.isoformat())
            await exchange.reached(Door.QUOTE, 2)
            assert await child.ask("close") < 5
            assert (await hanging)["reason"] == "the quote source is closed"
            assert (await child.fetch("T1"))["kind"] == "internal"
        # Leaving the block waited for the process to end, at most a tenth of the request's time.


@pytest.mark.parametrize("damage", ["a file in its place", "a damaged cookie store"])
async def test_a_bad_cache_folder_costs_requests_but_no_quotes(tmp_path: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    if damage == "a file in its place":
        cache.write_text("not a folder")
    else:
        cache.mkdir()
        (cache / "cookies.db").write_bytes(b"not a database" * 1000)
    async with Exchange(book=book) as exchange, QuoteChild(cache, endpoint=exchange.url) as child:
        assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}


async def test_the_real_addresses_over_tls_through_a_proxy(tmp_path: Path) -> None:
    """The contract with yfinance: if a new version of it breaks this, the pin in pyproject.toml must stay."""
    cache = tmp_path / "cache"
    async with Exchange(book=book, history=bars) as exchange, TlsProxy(tmp_path, {"": exchange.port}) as proxy:
        async with QuoteChild(cache, environment=proxy.environment()) as child:
            assert (await child.fetch(*SYMBOLS[:40], "NOPE"))["unknown"] == ["NOPE"]
            await child.fetch("T1")
            assert exchange.seen == {Door.COOKIE: 1, Door.CRUMB: 1, Door.QUOTE: 2}
            assert set(proxy.hosts) == {"fc.yahoo.com", "query1.finance.yahoo.com"}
            span = {"start": "2025-01-27T14:30:00+00:00", "end": "2025-01-27T15:00:00+00:00"}
            assert len(await child.ask("history", symbol="T1", interval="1m", **span)) == 2
            exchange.revoke()
            assert (await child.fetch("T1"))["prices"] == {"T1": 101.0}
        exchange.seen.clear()
        async with QuoteChild(cache, environment=proxy.environment()) as child:
            await child.fetch("T1")
            assert exchange.seen == {Door.CRUMB: 1, Door.QUOTE: 1}, "the cookie is kept between runs"
        assert cache.stat().st_mode & 0o077 == 0
        async with QuoteChild(cache, environment=proxy.environment(trusted=False)) as child:
            assert (await child.fetch("T1"))["kind"] == "tls"
