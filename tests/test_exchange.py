"""The loopback exchange asks for and answers what Yahoo does, spoken to in plain HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from monitor.demo.exchange import Door, Exchange, Fault, Listing, quote_record
from monitor.models import Bar, Session
from monitor.sources.quote_fields import to_bars, to_quote

NOW = datetime(2025, 1, 27, 13, 0, tzinfo=UTC)
NVDA = Listing(
    symbol="NVDA",
    name="NVIDIA Corporation",
    regular_price=142.62,
    regular_time=NOW - timedelta(days=2, hours=16),
    previous_close=147.22,
    market_state="PRE",
    pre_price=127.5,
    pre_time=NOW - timedelta(seconds=3),
    day_low=140.0,
    day_high=148.0,
    year_low=60.7,
    year_high=153.13,
    volume=234_657_000,
    average_volume=224_000_000,
    delay_minutes=0,
)


def book(at: datetime) -> Mapping[str, Mapping[str, object]]:
    return {"NVDA": quote_record(NVDA), "AT": {"symbol": "AT", "regularMarketTime": at.timestamp()}}


def exchange() -> Exchange:
    return Exchange(book=book, now=lambda: NOW)


async def crumb(client: httpx.AsyncClient, base: str) -> str:
    await client.get(f"{base}/fc.yahoo.com/")
    return (await client.get(f"{base}/query1.finance.yahoo.com/v1/test/getcrumb")).text


async def quotes(client: httpx.AsyncClient, base: str, **params: str) -> httpx.Response:
    return await client.get(f"{base}/query1.finance.yahoo.com/v7/finance/quote", params=params)


async def test_a_listing_comes_back_as_the_quote_it_is() -> None:
    async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
        answer = await quotes(client, market.url, symbols="NVDA,NOPE", crumb=await crumb(client, market.url))
    (record,) = answer.json()["quoteResponse"]["result"]
    quote = to_quote(record, now=NOW)
    assert quote is not None
    assert (quote.symbol, quote.name, quote.session) == ("NVDA", "NVIDIA Corporation", Session.PRE)
    assert (quote.price, quote.base_close, quote.traded_at) == (127.5, 142.62, NOW - timedelta(seconds=3))
    assert (quote.volume, quote.average_volume, quote.year_high) == (234_657_000, 224_000_000, 153.13)


async def test_without_its_own_cookie_s_crumb_there_are_no_quotes() -> None:
    async with exchange() as market:
        async with httpx.AsyncClient(trust_env=False) as client:
            own = await crumb(client, market.url)
            assert (await quotes(client, market.url, symbols="NVDA", crumb=own)).status_code == 200
            assert (await quotes(client, market.url, symbols="NVDA", crumb="guess")).status_code == 401
            assert (await quotes(client, market.url, symbols="NVDA")).status_code == 401
            market.revoke()
            assert (await quotes(client, market.url, symbols="NVDA", crumb=own)).status_code == 401
        async with httpx.AsyncClient(trust_env=False) as stranger:
            address = f"{market.url}/query1.finance.yahoo.com/v1/test/getcrumb"
            assert (await stranger.get(address)).status_code == 401


async def test_the_host_header_tells_the_yahoo_host_as_well() -> None:
    async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"{market.url}/", headers={"Host": "fc.yahoo.com"})
        assert "Domain=.yahoo.com" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]
        assert market.seen == {Door.COOKIE: 1}


async def test_a_chart_goes_from_start_to_end() -> None:
    asked: list[tuple[str, datetime, datetime, str]] = []

    def history(symbol: str, start: datetime, end: datetime, interval: str) -> list[Bar]:
        asked.append((symbol, start, end, interval))
        return [
            Bar(
                symbol=symbol, interval=interval, at=start, open=1, high=2, low=0.5, close=1.5, volume=3, source="yahoo"
            )
        ]

    async with (
        Exchange(book=book, history=history, now=lambda: NOW) as market,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        start = NOW - timedelta(hours=1)
        params = {"period1": f"{start.timestamp():.0f}", "period2": f"{NOW.timestamp():.0f}", "interval": "1m"}
        address = f"{market.url}/query2.finance.yahoo.com/v8/finance/chart"
        chart = (await client.get(f"{address}/NVDA", params=params)).json()["chart"]["result"][0]
        missing = await client.get(f"{address}/NOPE", params=params)
    assert asked == [("NVDA", start, NOW, "1m")]
    assert to_bars("NVDA", "1m", chart)[0].at == start
    assert (missing.status_code, missing.json()["chart"]["error"]["code"]) == (404, "Not Found")


async def test_faults_come_in_order_then_lasting_ones_until_mended() -> None:
    async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
        own = await crumb(client, market.url)
        market.fail(Door.QUOTE, Fault(status=429, headers=(("Retry-After", "9"),)), Fault(status=999, body="go away"))
        market.fail_always(Door.QUOTE, Fault(status=500))
        answers = [await quotes(client, market.url, symbols="NVDA", crumb=own) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [429, 999, 500, 500]
        assert answers[0].headers["retry-after"] == "9"
        market.mend()
        assert (await quotes(client, market.url, symbols="NVDA", crumb=own)).status_code == 200


async def test_a_cut_answer_is_cut_and_a_hanging_one_hangs() -> None:
    async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
        market.fail(Door.QUOTE, Fault(body="{", cut=True), Fault(hang=True))
        with pytest.raises(httpx.RemoteProtocolError):
            await quotes(client, market.url, symbols="NVDA")
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"{market.url}/query1.finance.yahoo.com/v7/finance/quote", timeout=0.2)


async def test_the_same_requests_get_the_same_answers() -> None:
    bodies = []
    for _ in range(2):
        async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
            own = await crumb(client, market.url)
            bodies.append((own, (await quotes(client, market.url, symbols="NVDA,AT", crumb=own)).text))
    assert bodies[0] == bodies[1]
    assert json.loads(bodies[0][1])["quoteResponse"]["result"][1]["regularMarketTime"] == NOW.timestamp()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"\xff" * 100_000,
        b"GET /[ HTTP/1.1\r\n\r\n",
    ],
)
async def test_nonsense_ends_its_own_connection_only(nonsense: bytes) -> None:
    async with exchange() as market, httpx.AsyncClient(trust_env=False) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", market.port)
        writer.write(nonsense)
        writer.write_eof()
        await reader.read()
        writer.close()
        assert await crumb(client, market.url)
