"""`python -m benchmarks.soak.world PLAN`: the feeds and the exchange of a soak.

Says where they are in a line of JSON, answers each line on standard input with one that counts what was asked, and ends
with its input.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import sys
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

from benchmarks.soak.plan import ALWAYS_OPEN, CARRIED, LARGE, PUBLISHING, STARTS_AT, SYMBOLS, Plan, due, key, published
from monitor import new_york
from monitor.demo.exchange import Door, Exchange, Fault, Listing, quote_record
from monitor.models import Session
from tests.loopback import Loopback, Request, redirect, reply, resetting, stalling

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.loopback import Route

BOMB = gzip.compress(bytes(64 * 2**20))
STATES = {Session.PRE: "PRE", Session.REGULAR: "REGULAR", Session.POST: "POST", Session.CLOSED: "CLOSED"}
TROUBLE = timedelta(hours=12)  # from one time that quotes fail to the next
LASTS = timedelta(minutes=10)


def _item(name: str, number: int, at: datetime, title: str) -> str:
    return (
        f"<item><title>{title}</title><link>https://news.example/{name}/{number}</link><guid>{key(name, number)}</guid>"
        f"<pubDate>{format_datetime(at)}</pubDate><description>{'words ' * 60}</description></item>"
    )


def _title(name: str, number: int) -> str:
    return f"{name} {number}: {'반도체 chips' if number % 7 == 0 else 'markets'} &amp; power"


def _document(name: str, items: str, built: str = "") -> bytes:
    return f"<rss version='2.0'><channel><title>{name}</title>{built}{items}</channel></rss>".encode()


def _newest(name: str, now: datetime, ending: str = "") -> bytes:
    count = published(name, now)
    items = (
        _item(name, number, due(name, number), _title(name, number))
        for number in range(count - 1, max(-1, count - 1 - CARRIED), -1)
    )
    return _document(name, ending.join(items))


def _conditional(request: Request, body: bytes, etag: str) -> bytes:
    known = request.headers.get("if-none-match") == etag
    return reply(status=304, headers={"ETag": etag}) if known else reply(body, headers={"ETag": etag}, gzipped=True)


def routes(now: Callable[[], datetime]) -> dict[str, Route]:
    """By path, a server of each kind."""

    def plain(name: str) -> Route:
        return lambda request: _conditional(request, _newest(name, now()), f'"{published(name, now())}"')

    def dated(name: str) -> Route:
        return lambda _: reply(
            _newest(name, now()).replace(b"<item>", f"<lastBuildDate>{now()}</lastBuildDate><item>".encode(), 1)
        )

    def large(_: Request) -> bytes:
        hour = (now() - STARTS_AT) // timedelta(hours=1)
        first = max(0, hour - 1) * LARGE
        at = STARTS_AT + timedelta(hours=max(0, hour))
        numbers = range((hour + 1) * LARGE - 1, first - 1, -1)
        return reply(_document("large", "".join(_item("large", n, at, _title("large", n)) for n in numbers)))

    def edited(_: Request) -> bytes:
        turn = (now() - STARTS_AT) // timedelta(minutes=30)
        at = now() - timedelta(minutes=1)
        return reply(_document("edited", "".join(_item("edited", n, at, f"edited {turn}") for n in range(10))))

    def flapping(request: Request) -> bytes:
        broken = (now() - STARTS_AT) // timedelta(hours=1) % 2
        return reply(status=503) if broken else _conditional(request, _newest("flapping", now()), f'"{now():%H}"')

    kinds: dict[str, Route] = {name: plain(name) for name in PUBLISHING}
    kinds |= {name: dated(name) for name in PUBLISHING if name.startswith("dated")}
    kinds |= {
        "malformed": lambda _: reply(_newest("malformed", now(), ending="<p>")),
        "moved": redirect("/moved-to", 301),
        "moved-to": plain("moved"),
        "flapping": flapping,
        "large": large,
        "edited": edited,
        "error": reply(b"broken", 500),
        "gone": reply(b"gone", 410),
        "busy": reply(b"", 429, headers={"Retry-After": "1200"}),
        "stalling": stalling(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>"),
        "resetting": resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>"),
        "page": reply("<!DOCTYPE html><html><body>Maintenance</body></html>"),
        "bomb": reply(BOMB, headers={"Content-Encoding": "gzip"}),
    }
    return {f"/{name}": route for name, route in kinds.items()}


def book(at: datetime) -> dict[str, dict[str, object]]:
    """Prices that swing by a few per cent in some hours."""
    state = STATES[new_york.session(at)]
    hours = (at - STARTS_AT).total_seconds() / 3600
    listings = (
        Listing(
            symbol=symbol,
            name=f"Share {number}",
            regular_price=round(100 * (1 + 0.05 * math.sin(hours * 2 + number)), 2),
            regular_time=at - timedelta(seconds=1),
            previous_close=100.0,
            market_state="REGULAR" if number < ALWAYS_OPEN else state,
            volume=1000 + int(hours * 60),
            average_volume=1000,
        )
        for number, symbol in enumerate(SYMBOLS)
    )
    return {listing.symbol: quote_record(listing) for listing in listings}


async def _trouble(exchange: Exchange, now: Callable[[], datetime]) -> None:
    """Twice a day the source fails for some minutes; then its crumb is no longer good, and an answer never comes."""
    failing, times = False, 0
    while True:
        into = (now() - STARTS_AT) % TROUBLE
        if not failing and TROUBLE - into < LASTS:
            failing, times = True, times + 1
            exchange.fail_always(Door.QUOTE, Fault(status=429 if times % 2 else 500))
        elif failing and into < TROUBLE - LASTS:
            failing = False
            exchange.mend()
            exchange.revoke()
            exchange.fail(Door.QUOTE, Fault(hang=True))
        await asyncio.sleep(0.05)


async def serve(plan: Plan) -> None:
    loop = asyncio.get_running_loop()
    asked = 0
    async with Loopback() as news, Exchange(book=book, now=plan.clock.now) as exchange:
        news.routes |= routes(plan.clock.now)
        trouble = asyncio.create_task(_trouble(exchange, plan.clock.now))
        _say({"newswire": news.url("").rstrip("/"), "exchange": exchange.url})
        while await loop.run_in_executor(None, sys.stdin.readline):
            asked += len(news.requests)
            news.requests.clear()
            _say({"polls": asked, "rounds": exchange.seen[Door.QUOTE]})
        trouble.cancel()


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve(Plan.read(sys.argv[1])))
