"""A collector among enemies: every server that it asks, and every file that it is given, is against it."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sqlite3
from asyncio.subprocess import PIPE
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor import mailbox
from monitor.demo.exchange import Door, Exchange, Fault
from tests.collecting import until
from tests.commands import DEADLINE, Account
from tests.hostile_text import FORGED, PAYLOADS, SET_TITLE
from tests.loopback import Loopback, Request, reply

if TYPE_CHECKING:
    from collections.abc import Callable

# Names that a settings file may hold: one printable line, whatever it would mean elsewhere.
NAMES = (
    "[/nope] [@click=app.quit]x[/]",
    "=HYPERLINK(1)",
    "$(touch owned)`touch owned`;touch owned",
    "--help",
    "o" + "\u0336\u0301" * 50,
    "שלום %s {0}",
)
SYMBOLS = tuple(f"P{number}" for number in range(len(PAYLOADS)))
ALERT_RULE = NAMES[0]


def settings(news: Callable[[str], str], exchange: str, folder: Path) -> str:
    """feeds.yaml with a feed of each kind, in the names of which nothing is innocent."""
    kinds = ["plain", "references", "twice", "atom", "status", "headers", "away", "page", "root", "spoilt", "encoding"]
    names = dict(zip(kinds, (*NAMES, *kinds[len(NAMES) :]), strict=True))
    return json.dumps(
        {
            "feeds": [
                {"url": news(f"/{kind}"), "name": name, "tags": [re.sub("[,/]", "", name)[:9].strip()]}
                for kind, name in names.items()
            ],
            "watchlist": [
                {"name": NAMES[0], "tickers": [{"symbol": symbol} for symbol in SYMBOLS]},
                {"name": NAMES[1], "tickers": [{"symbol": "NVDA", "name": NAMES[2], "aliases": [NAMES[3]]}]},
            ],
            "topics": [{"name": NAMES[1], "terms": ["DeepSeek"]}],
            "rules": [
                {"name": ALERT_RULE, "severity": "critical", "when": {"headline": {"topic": NAMES[1]}}},
                {"name": NAMES[1], "severity": "warning", "when": {"feed_failing": {"for": "1s"}}},
                {"name": NAMES[2], "severity": "info", "when": {"quote": {"symbol": "P1", "price": {"at_least": "1"}}}},
            ],
            "alerts": {
                "sinks": [
                    {"file": {"path": str(folder / "alerts.jsonl")}},
                    {"file": {"path": str(folder / "alerts.txt"), "format": "text", "name": NAMES[1]}},
                    {"stdout": {"format": "text"}},
                    {
                        "command": {
                            "argv": ["/bin/sh", "-c", 'cat >> "$0"', str(folder / "given")],
                            "min_severity": "warning",
                        }
                    },
                    {"apprise": {"urls": [news("/hook").replace("http", "json", 1)], "min_severity": "info"}},
                ]
            },
            "poll": {"interval": "5s", "host_gap": "0s", "per_host": "16", "allow_private": "true", "timeout": "20s"},
            "quotes": {"interval": "1s", "closed_interval": "1s", "endpoint": exchange, "timeout": "20s"},
            "viewer": {"notify": "osc9", "bell": "true"},
        },
        ensure_ascii=False,
    )


def _item(number: int, text: str) -> str:
    """One of three places for `text` in a title: alone first, in the middle, at the end; and in every other field."""
    at = datetime.now(UTC) - timedelta(minutes=number)
    title = (f"{text} DeepSeek end{number}", f"DeepSeek {text} end{number}", f"DeepSeek end{number} {text}")[number % 3]
    return (
        f"<item><title>{title}</title><description>{text}</description><author>{text}</author>"
        f"<dc:creator>{text}</dc:creator><category>{text}</category><guid>{number} {text}</guid>"
        f"<link>https://news.example/{number}?{text}</link><pubDate>{at:%Y-%m-%dT%H:%M:%SZ}</pubDate></item>"
    )


def _document(written: Callable[[str], str]) -> bytes:
    items = "".join(_item(number, written(text)) for number, text in enumerate(PAYLOADS.values()))
    title = written(PAYLOADS["title"] + PAYLOADS["line feed"])
    opening = '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    return f"{opening}<channel><title>{title}</title>{items}</channel></rss>".encode()


def _as_references(text: str) -> str:
    return "".join(f"&#{ord(char)};" for char in text[:400])


def _atom() -> bytes:
    entries = "".join(
        f'<entry><title type="html">{escape(text[:400])} DeepSeek end{number}</title><id>{escape(text[:99])}</id>'
        f'<link href="{escape(link, quote=True)}"/><author><name>{escape(text[:400])}</name></author></entry>'
        for number, (text, link) in enumerate(zip(PAYLOADS.values(), 9 * LINKS, strict=False), 100)
    )
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title>{entries}</feed>'.encode()


LINKS = (
    "javascript:alert(1)",
    "file:///etc/passwd",
    "--help",
    "https://news.example/\x1b]0;owned\x07",
    "https://news.example/$(touch owned);`touch owned`?a=1&b=2'\"",
    "https://user:secret@news.example/",
    "https://news.example/\u202egpj.exe",
    "data:text/html,x",
)


def _raw(head: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1") + body


@dataclass
class World:
    """What one collector made of it: a database, logs, and what sinks and the service manager were told."""

    account: Account
    stdout: bytes = b""
    stderr: bytes = b""
    hooked: list[dict[str, Any]] = field(default_factory=list)
    told: list[bytes] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.account.home

    @property
    def database(self) -> Path:
        return self.account.database

    @property
    def log(self) -> Path:
        return self.folder / "collector.log"


async def collected(world: World) -> None:
    """Let a collector run until it has seen everything, and end it."""
    async with Loopback() as news, Exchange(book=_book) as exchange:
        answers = {
            "/plain": reply(_document(escape)),
            "/references": reply(_document(_as_references)),
            "/twice": reply(_document(lambda text: escape(_as_references(text)))),
            "/atom": reply(_atom()),
            "/status": _raw(f"500 {SET_TITLE} Nope"),
            "/headers": _raw(
                f'200 {SET_TITLE}\r\nETag: "{SET_TITLE}"\r\nLast-Modified: {SET_TITLE}\r\nContent-Type: text/xml; '
                f"charset={SET_TITLE}\r\nCache-Control: {SET_TITLE}",
                _document(escape),
            ),
            "/away": _raw(f"301 x\r\nLocation: http://\x9b31337m{SET_TITLE}.example/"),
            "/page": reply(f"<{SET_TITLE}><{PAYLOADS['line separators']}>"),
            "/root": reply(b"<owned\xc2\x9b31337m><x/></owned>"),
            "/spoilt": reply(f"<rss><channel><item><title>DeepSeek {SET_TITLE}</title><p {SET_TITLE}>".encode()),
            "/encoding": _raw(f"200 x\r\nContent-Encoding: {SET_TITLE}", b"x"),
        }
        news.routes |= answers

        async def hook(request: Request) -> None:
            body = await request.reader.readexactly(int(request.headers["content-length"]))
            world.hooked.append(json.loads(body))
            request.writer.write(reply())

        news.routes["/hook"] = hook
        world.account.configure(settings(news.url, exchange.url, world.folder))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(str(world.folder / "notify"))
            manager.setblocking(False)
            await _run(world, news, exchange)
            world.told = [manager.recv(4096) for _ in range(2)]


async def _run(world: World, news: Loopback, exchange: Exchange) -> None:
    words: list[str | Path] = ["collect", "--db", world.database, "--log", world.log, "--verbose"]
    process = await asyncio.create_subprocess_exec(
        *world.account.command(words),
        stdout=PIPE,
        stderr=PIPE,
        cwd=world.folder,
        env=world.account.environment(NOTIFY_SOCKET=str(world.folder / "notify")),
    )
    talking = asyncio.create_task(process.communicate())
    async with asyncio.timeout(DEADLINE):
        asking = asyncio.create_task(exchange.reached(Door.QUOTE, 2))
        await asyncio.wait([asking, talking], return_when=asyncio.FIRST_COMPLETED)
        assert asking.done(), (await talking)[1]
        await until(mailbox.folder_of(world.database).is_dir)
        _wish(world.database)
        await until(
            lambda: len(world.hooked) >= 40 and not any(mailbox.folder_of(world.database).iterdir()), process=process
        )
        complaint = {"quoteResponse": {"result": None, "error": {"description": SET_TITLE + PAYLOADS["line feed"]}}}
        exchange.fail_always(Door.QUOTE, Fault(body=json.dumps(complaint), content_type="application/json"))
        await until(lambda: b"quotes: Yahoo answered: " in world.log.read_bytes(), process=process)
        process.terminate()
        world.stdout, world.stderr = await talking
    assert process.returncode == 0, world.stderr
    assert all(any(request.path == path for request in news.requests) for path in news.routes)


def _wish(database: Path) -> None:
    """What another account of the group may leave in the mailbox."""
    folder = mailbox.folder_of(database)
    span = {"start": "2025-01-27T00:00:00+00:00", "end": "2025-01-28T00:00:00+00:00"}
    for number, wish in enumerate(
        (
            {"kind": "PollNow", "feed": SET_TITLE},
            {"kind": "History", "symbol": f"../../x?y=1#{SET_TITLE}", "interval": "1d", **span},
            {"kind": "History", "symbol": "\ud800\n" + FORGED, "interval": "1d", **span},
            {"kind": "History", "symbol": "P0", "interval": "1d", **span, "start": "0001-01-01T00:00:00+23:59"},
            {"kind": "History", "symbol": "P0", "interval": "1d", **span, "end": "9999-12-31T23:59:59-23:59"},
            {"kind": SET_TITLE},
            [SET_TITLE],
            {"kind": "History", "symbol": "P0", "interval": SET_TITLE, **span},
        )
    ):
        (folder / f"{number}.json").write_text(json.dumps(wish))
    (folder / f"{SET_TITLE}\n{FORGED}").write_bytes(b"\xff\x1b[2J")


def _book(at: datetime) -> dict[str, dict[str, object]]:
    """A listing for each payload, which is its name, currency and exchange."""
    common = {"regularMarketTime": int(at.timestamp()) - 1, "regularMarketPrice": 118.4}
    records: dict[str, dict[str, object]] = {
        symbol: {**common, "symbol": symbol, **dict.fromkeys(("shortName", "currency", "fullExchangeName"), text)}
        for symbol, text in zip(SYMBOLS, PAYLOADS.values(), strict=True)
    }
    records["NVDA"] = {**common, "symbol": "NVDA", "marketState": SET_TITLE, "quoteType": SET_TITLE}
    return records


def poisoned(world: World, into: Path) -> Path:
    """The database as if another program had filled all its texts; those that no version of ours would write."""
    with closing(sqlite3.connect(world.database)) as source, closing(sqlite3.connect(into)) as target:
        source.backup(target)
        texts = list(PAYLOADS.values())
        target.create_function("hostile", 1, lambda number: texts[number % len(texts)])
        target.create_function("hostile_json", 1, lambda number: json.dumps([texts[number % len(texts)]]))
        target.create_function("hostile_ref", 2, lambda number, refs: _poisoned_refs(texts[number % len(texts)], refs))
        target.executescript(
            """
            UPDATE feeds SET name = hostile(id), error = hostile(id + 1), url = url || hostile(id + 2), failures = 3,
                language = hostile(id + 3), tags = hostile_json(id), etag = hostile(id);
            UPDATE headlines SET title = 'DeepSeek ' || hostile(id) || ' end' || id, summary = hostile(id + 1),
                author = hostile(id + 2), language = hostile(id + 3), key = id || hostile(id + 4),
                story_url = hostile(id + 6),
                link = CASE id % 3 WHEN 0 THEN hostile(id + 5) WHEN 1 THEN 'javascript:' || id
                    ELSE 'https://news.example/' || hostile(id) END;
            UPDATE mentions SET name = hostile(headline_id) || kind;
            UPDATE quotes SET name = hostile(rowid_of(symbol)), currency = hostile(rowid_of(symbol) + 1),
                exchange = hostile(rowid_of(symbol) + 2);
            UPDATE quote_source SET error = hostile(9), failures = 3, unknown = hostile_json(10);
            UPDATE alerts SET rule = hostile(number), subject = hostile(number + 1),
                text = 'DeepSeek ' || hostile(number + 2) || ' end' || number,
                headlines = hostile_ref(number, headlines);
            UPDATE collector SET host = hostile(0), version = hostile(9), settings_file = hostile(10),
                settings_error = hostile(11);
            INSERT INTO quotes (symbol, price, session, fetched_at, delay)
                SELECT hostile(value), 1.0, 'regular', '2025-01-27T14:30:00.000Z', 0
                FROM json_each('[0, 8, 9, 11, 17, 19]');
            """.replace("rowid_of(symbol)", "CAST(substr(symbol, 2) AS INTEGER)")
        )
    return into


def _poisoned_refs(text: str, refs: str) -> str:
    return json.dumps(
        [{**ref, "title": text, "link": text, "source": text, "language": text} for ref in json.loads(refs)]
    )
