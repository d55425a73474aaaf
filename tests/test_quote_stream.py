"""The stream of trades: a websocket server of our own sends what Yahoo's sends, through yfinance's own protobuf."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct, field
from msgspec.structs import replace
from websockets.asyncio.server import ServerConnection, serve

from monitor.models import FailureKind, Quote, QuotesFailed, Session
from monitor.sources.quote_stream import QuoteStream, decode, stream_address
from monitor.sources.quote_ticks import StreamTick, apply_tick, to_tick
from tests.quote_child import ROOT, QuoteChild
from tests.tls_proxy import TlsProxy

NOW = datetime(2025, 1, 27, 17, 0, tzinfo=UTC)
DEADLINE = 30


def frame(symbol: str = "NVDA", price: float = 121.25, hours: int = 1, volume: int = 5) -> str:
    from yfinance.pricing_pb2 import PricingData

    data = PricingData(
        id=symbol, price=price, time=int(NOW.timestamp() * 1000), market_hours=hours, day_volume=volume
    ).SerializeToString()
    return json.dumps({"type": "pricing", "message": base64.b64encode(data).decode()})


async def loaded() -> None:
    """yfinance is imported in this thread, nothing to wait for."""


class Server(Struct):
    """`script` decides what each connection does; `subscriptions` are those received."""

    script: Callable[[ServerConnection, int], Awaitable[None]]
    connections: int = 0
    subscriptions: list[list[str]] = field(default_factory=list)
    port: int = 0

    async def handle(self, connection: ServerConnection) -> None:
        self.connections += 1
        self.subscriptions.append(json.loads(await connection.recv())["subscribe"])
        await self.script(connection, self.connections)


@asynccontextmanager
async def serving(script: Callable[[ServerConnection, int], Awaitable[None]]) -> AsyncIterator[Server]:
    server = Server(script)
    async with serve(server.handle, "127.0.0.1", 0) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


async def prices(server: Server, count: int, *, idle: float = 60) -> list[float]:
    """The prices of the first `count` trades that a stream hands on, whatever happens to its connections."""
    found: list[float] = []
    enough = asyncio.Event()

    def take(tick: StreamTick) -> None:
        found.append(tick.price)
        if len(found) >= count:
            enough.set()

    stream = QuoteStream(
        load=loaded,
        endpoint=f"http://127.0.0.1:{server.port}/yahoo/",
        idle=timedelta(seconds=idle),
        first_wait=timedelta(milliseconds=1),
    )
    task = asyncio.create_task(stream.run(["NVDA", "BTC-USD"], take))
    try:
        async with asyncio.timeout(DEADLINE):
            await enough.wait()
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    return found


async def test_trades_arrive_as_they_happen() -> None:
    async def script(connection: ServerConnection, _: int) -> None:
        await connection.send(frame(price=121.25))
        await connection.send(frame("BTC-USD", 102_087.7))
        await connection.wait_closed()

    async with serving(script) as server:
        assert await prices(server, 2) == [121.25, 102_087.7]
        assert server.subscriptions == [["NVDA", "BTC-USD"]]


async def test_it_comes_back_after_a_clean_close_and_after_an_abort() -> None:
    async def script(connection: ServerConnection, number: int) -> None:
        await connection.send(frame(price=number))
        if number == 2:
            connection.transport.abort()

    async with serving(script) as server:
        assert await prices(server, 4) == [1.0, 2.0, 3.0, 4.0]
        assert server.connections >= 4


async def test_a_silent_connection_is_given_up() -> None:
    async def script(connection: ServerConnection, number: int) -> None:
        if number > 1:
            await connection.send(frame(price=number))
        await connection.wait_closed()

    async with serving(script) as server:
        assert (await prices(server, 1, idle=0.2))[0] >= 2


async def test_what_is_no_trade_is_skipped() -> None:
    nonsense = [
        "",
        "[" * 20_000,
        "{}",
        "[]",
        "null",
        '{"message": 5}',
        '{"message": "***"}',
        '{"message": "AAAA"}',
        frame(price=0),
        frame(""),
        frame(price=float("nan")),
        frame(hours=7),
        frame()[:40],
    ]

    async def script(connection: ServerConnection, _: int) -> None:
        for message in nonsense:
            await connection.send(message)
        await connection.send(frame(price=7))
        await connection.wait_closed()

    async with serving(script) as server:
        assert await prices(server, 1) == [7.0]
        assert server.connections == 1


async def test_trouble_is_told_while_it_lasts() -> None:
    async with serving(lambda connection, _: connection.wait_closed()) as server:
        port = server.port
    stream = QuoteStream(load=loaded, endpoint=f"http://127.0.0.1:{port}", first_wait=timedelta(milliseconds=1))
    task = asyncio.create_task(stream.run(["NVDA"], lambda _: None))
    async with asyncio.timeout(DEADLINE):
        while stream.trouble is None:  # noqa: ASYNC110  # it has no event, it is read by a status page
            await asyncio.sleep(0.01)
    assert stream.trouble.isprintable()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_while_yfinance_cannot_be_loaded_the_stream_says_why() -> None:
    asked = asyncio.Event()

    async def broken() -> QuotesFailed:
        asked.set()
        return QuotesFailed(kind=FailureKind.INTERNAL, reason="no yfinance")

    stream = QuoteStream(load=broken)
    task = asyncio.create_task(stream.run(["NVDA"], lambda _: None))
    await asked.wait()
    await asyncio.sleep(0)
    assert stream.trouble == "no yfinance"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_real_address_over_tls_through_a_proxy(tmp_path: Path) -> None:
    async def script(connection: ServerConnection, _: int) -> None:
        await connection.send(frame(price=121.25))
        await connection.wait_closed()

    async with serving(script) as server, TlsProxy(tmp_path, {"": server.port}) as proxy:
        async with QuoteChild(tmp_path / "cache", environment=proxy.environment()) as child:
            assert await child.ask("stream", symbols=["NVDA"]) == 121.25
        assert proxy.hosts == ["streamer.finance.yahoo.com"]


def test_an_endpoint_takes_the_stream_s_place_as_well() -> None:
    assert stream_address(None).startswith("wss://streamer.finance.yahoo.com/")
    assert stream_address("https://quotes.example/y/").startswith(
        "wss://quotes.example/y/streamer.finance.yahoo.com/?version"
    )


def test_float_noise_is_cut_and_no_market_hours_mean_pre_market() -> None:
    tick = decode(frame(price=142.62, hours=0, volume=0), received_at=NOW)
    assert tick == StreamTick(
        symbol="NVDA", price=142.62, traded_at=NOW, session=Session.PRE, received_at=NOW, day_volume=None
    )


@pytest.mark.parametrize("time_ms", [0, -1, 1_737_990_000, 2**62])
def test_a_trade_without_a_sane_time_is_none(time_ms: int) -> None:
    assert to_tick("NVDA", 1.0, time_ms, 1, 0, received_at=NOW) is None


CLOSE_FRIDAY = NOW - timedelta(days=2, hours=20)
QUOTE = Quote(
    symbol="NVDA",
    price=121.0,
    traded_at=NOW,
    session=Session.REGULAR,
    fetched_at=NOW,
    name="NVIDIA",
    base_close=142.62,
    previous_close=142.62,
    regular_price=121.0,
    regular_at=NOW,
    day_low=118.0,
    day_high=125.0,
    volume=1000,
)
BEFORE_OPEN = replace(
    QUOTE,
    session=Session.PRE,
    price=130.0,
    base_close=142.62,
    previous_close=147.22,
    regular_price=142.62,
    regular_at=CLOSE_FRIDAY,
    extended_price=130.0,
    extended_at=NOW,
)


def tick(session: Session, price: float, after: float = 1, volume: int | None = None) -> StreamTick:
    at = NOW + timedelta(seconds=after)
    return StreamTick(symbol="NVDA", price=price, traded_at=at, session=session, received_at=at, day_volume=volume)


def test_a_regular_trade_moves_the_price_and_widens_the_day() -> None:
    moved = apply_tick(QUOTE, tick(Session.REGULAR, 117.0, volume=1200))
    assert (moved.price, moved.regular_price, moved.day_low, moved.day_high) == (117.0, 117.0, 117.0, 125.0)
    assert (moved.volume, moved.base_close, moved.session) == (1200, 142.62, Session.REGULAR)
    assert moved.traded_at == moved.fetched_at == NOW + timedelta(seconds=1)
    assert moved.name == "NVIDIA"


def test_an_older_trade_changes_nothing() -> None:
    assert apply_tick(QUOTE, tick(Session.REGULAR, 99.0, after=-1)) is QUOTE


def test_a_pre_market_trade_is_measured_from_the_last_close() -> None:
    closed = replace(BEFORE_OPEN, session=Session.CLOSED, traded_at=CLOSE_FRIDAY, base_close=147.22)
    moved = apply_tick(closed, tick(Session.PRE, 125.0))
    assert (moved.session, moved.price, moved.base_close, moved.extended_price) == (Session.PRE, 125.0, 142.62, 125.0)
    assert moved.regular_price == 142.62


def test_the_first_regular_trade_opens_a_new_day() -> None:
    moved = apply_tick(BEFORE_OPEN, tick(Session.REGULAR, 124.8, volume=10))
    assert (moved.session, moved.base_close, moved.previous_close) == (Session.REGULAR, 142.62, 142.62)
    assert (moved.day_low, moved.day_high, moved.volume) == (124.8, 124.8, 10)
    assert (moved.extended_price, moved.regular_price) == (None, 124.8)


def test_a_post_market_trade_is_measured_from_the_close_before_the_day() -> None:
    moved = apply_tick(QUOTE, tick(Session.POST, 119.0))
    assert (moved.session, moved.price, moved.base_close) == (Session.POST, 119.0, 142.62)
    assert (moved.regular_price, moved.extended_price, moved.day_low) == (121.0, 119.0, 118.0)


def test_a_straggling_pre_market_trade_does_not_turn_the_day_back() -> None:
    assert apply_tick(QUOTE, tick(Session.PRE, 119.0)) is QUOTE


def test_a_straggling_regular_trade_after_the_close_opens_no_new_day() -> None:
    closed = replace(QUOTE, session=Session.CLOSED)
    moved = apply_tick(closed, tick(Session.REGULAR, 120.5, after=60))
    assert (moved.session, moved.base_close, moved.price) == (Session.CLOSED, 142.62, 120.5)


def test_neither_polling_nor_streaming_imports_anything_heavy_by_itself() -> None:
    code = "import sys, monitor.sources.yahoo, monitor.sources.quote_stream, monitor.market; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"yfinance", "pandas", "curl_cffi", "websockets", "google.protobuf"} & set(done.stdout.split())
