"""Feeds that misbehave, each in its own way, over real sockets; and what the collector says of each, word for word.

`BROKEN` give no headline: each fails in the words of `says`. `ODD` give theirs although something is wrong with them.
docs/faults.md quotes the same words.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from tests.loopback import Request, Route, redirect, reply, resetting, slowly, stalling

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
AGES = "9" * 30
MIB = 2**20
LEAK = "/leak"  # an address that only a resolved external entity would lead to


@dataclass(frozen=True)
class Broken:
    """`says` may hold HOST, and SECONDS for poll.timeout."""

    name: str
    route: Callable[[], Route]
    says: str


@dataclass(frozen=True)
class Odd:
    """`titles` are those of its first headlines."""

    name: str
    route: Callable[[], Route]
    titles: tuple[str, ...]


def rss(inside: str, before: str = '<?xml version="1.0"?>') -> bytes:
    return f'{before}<rss version="2.0"><channel><title>t</title>{inside}</channel></rss>'.encode()


def item(title: str) -> str:
    return f"<item><title>{title}</title></item>"


def encoded(body: bytes, encoding: str) -> bytes:
    return reply(body, headers={"Content-Encoding": encoding})


def early_hints() -> Route:
    async def answer(request: Request) -> None:
        while True:
            request.writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            await request.writer.drain()
            await asyncio.sleep(0.05)

    return answer


def endless() -> Route:
    async def answer(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            request.writer.write(b"<item/>" * 10_000)
            await request.writer.drain()

    return answer


def status(code: int, **headers: str) -> Callable[[], Route]:
    return lambda: reply(b"<html>no</html>", code, headers={name.replace("_", "-"): v for name, v in headers.items()})


TIMEOUT = "no whole answer from HOST within SECONDS s"
CLOSED = "HOST closed the connection before the end of its answer"
TOO_LARGE = "the document is larger than 5 MiB (poll.max_bytes)"


@cache
def zeros() -> bytes:
    """128 MiB of them, which pack into half a MiB."""
    return rss(item("a")) + bytes(128 * MIB)


@cache
def bomb() -> bytes:
    return gzip.compress(zeros(), 1)


def entity_bomb() -> bytes:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    before = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>'
    return rss(item("a &l9; b &l0;"), before)


def wide_entity_bomb() -> bytes:
    before = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x "{"A" * 60_000}">]>'
    return rss(f"<item><title>wide</title><description>{'&x;' * 60_000}</description></item>", before)


def outside_entities() -> Route:
    """`LEAK` and a local file as external entities, parameter entity and stylesheet."""

    def answer(request: Request) -> bytes:
        here = f"http://{request.headers['host']}{LEAK}"
        before = (
            f'<?xml version="1.0"?><?xml-stylesheet href="{here}"?><!DOCTYPE rss PUBLIC "-//X//EN" "{here}" '
            f'[<!ENTITY % p SYSTEM "{here}"> %p;'
            f'<!ENTITY file SYSTEM "file:///etc/passwd"><!ENTITY net SYSTEM "{here}">]>'
        )
        return reply(rss(item("outside &file; &net;"), before))

    return answer


BROKEN = (
    # Time
    Broken("drip", lambda: slowly(HEAD, *[b"x"] * 999, pause=0.1), TIMEOUT),
    Broken("stall before the head", stalling, TIMEOUT),
    Broken("stall in the body", lambda: stalling(HEAD + b"<rss"), TIMEOUT),
    Broken("early hints without end", early_hints, TIMEOUT),
    # Connections
    Broken("reset", lambda: resetting(HEAD + b"<rss"), "the connection to HOST broke: Connection reset by peer"),
    Broken("hang up", lambda: slowly(b""), CLOSED),
    Broken("truncation", lambda: slowly(HEAD + b"<rss>"), CLOSED),
    Broken("truncated chunks", lambda: slowly(CHUNKED + b"40\r\n<rss"), CLOSED),
    Broken(
        "truncated gzip",
        lambda: encoded(gzip.compress(rss(item("a")))[:-9], "gzip"),
        "the compressed answer ends before its end",
    ),
    Broken(
        "wrong length",
        lambda: reply(b"<html>short and then more", headers={"Content-Length": "6"}),
        "an HTML page, not a feed",
    ),
    Broken(
        "two lengths",
        lambda: slowly(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n<rss>"),
        "HOST does not answer in proper HTTP: conflicting Content-Length headers",
    ),
    Broken(
        "not HTTP",
        lambda: slowly(b"220 mail.example ESMTP\r\n\r\n"),
        "HOST does not answer in proper HTTP: illegal status line: 220 mail.example ESMTP",
    ),
    # Redirects
    Broken("redirect loop", lambda: lambda request: redirect(request.target), "HOST redirects in a circle"),
    Broken(
        "redirects without end",
        lambda: lambda request: redirect(f"{request.path}?{request.target[-200:]}x"),
        "HOST is one redirect too many",
    ),
    Broken(
        "redirect to file",
        lambda: redirect("file:///etc/passwd"),
        "HOST redirects to no usable address: file: is not http: or https:, or names no host",
    ),
    Broken(
        "redirect to nowhere",
        lambda: redirect("http://127.0.0.1:1/"),
        "no connection to 127.0.0.1 port 1: Connection refused",
    ),
    # Size
    Broken("gzip bomb", lambda: encoded(bomb(), "gzip"), TOO_LARGE),
    Broken(
        "stacked gzip",
        lambda: encoded(gzip.compress(bomb()), "gzip, gzip"),
        "the answer is compressed 2 times over",
    ),
    Broken("deflate bomb", lambda: encoded(zlib.compress(zeros(), 1), "deflate"), TOO_LARGE),
    Broken("title of 10 MB", lambda: reply(rss(item("x" * 10_000_000))), TOO_LARGE),
    Broken("packed title of 10 MB", lambda: reply(rss(item("x" * 10_000_000)), gzipped=True), TOO_LARGE),
    Broken("document without end", endless, TOO_LARGE),
    Broken(
        "brotli unasked",
        lambda: encoded(b"\x8b\x00\x80<rss/>", "br"),
        "the answer is encoded as br, which was not asked for",
    ),
    Broken(
        "gzip that is none",
        lambda: encoded(rss(item("a")), "gzip"),
        "the compressed answer is damaged: Error -3 while decompressing data: incorrect header check",
    ),
    # Statuses
    Broken("401", status(401), "HOST wants a login (401 Unauthorized)"),
    Broken("403", status(403), "HOST refuses to give it (403 Forbidden)"),
    Broken("404", status(404), "HOST has no such page (404 Not Found)"),
    Broken("410", status(410), "HOST says that it is gone for good (410 Gone)"),
    Broken("500", status(500), "HOST answers with an error (500 Internal Server Error)"),
    Broken("502", status(502), "HOST answers with an error (502 Bad Gateway)"),
    Broken(
        "503",
        status(503, Retry_After=AGES),
        "HOST says that it is not available at the moment (503 Service Unavailable)",
    ),
    Broken("504", status(504), "HOST answers with an error (504 Gateway Timeout)"),
    Broken("599", status(599), "HOST answers with an error (599)"),
    Broken("204", lambda: reply(status=204), "HOST gives no document (204 No Content)"),
    Broken("304 unasked", lambda: reply(status=304), "HOST says that nothing changed since never (304)"),
    # Documents
    Broken(
        "HTML",
        lambda: reply(b"<!doctype html><html><body>Please enable cookies</body></html>"),
        "an HTML page, not a feed",
    ),
    Broken("nothing", reply, "an empty document, not a feed"),
    Broken("JSON", lambda: reply(b'{"items": []}'), "a JSON document, not RSS or Atom"),
    Broken("noise", lambda: reply(bytes(range(256)) * 40), "text without markup, not a feed"),
    Broken(
        "cut before the first item",
        lambda: reply(b"<rss><channel><title>t</title>"),
        "malformed, and no entry could be read: not well-formed: no element found",
    ),
)

SAMPLES = {
    "ko": "딥시크 충격에 엔비디아 주가 급락",
    "zh": "深度求索发布新模型，英伟达股价大跌",
    "zh-TW": "深度求索發布新模型，輝達股價大跌",
    "ja": "ディープシークの新モデルで半導体株が急落",
    "ru": "Акции обвалились после новости",
    "el": "Οι μετοχές έπεσαν μετά την είδηση",
    "he": "המניות צנחו אחרי הידיעה",
    "ar": "انخفضت الأسهم بعد الخبر",
    "th": "หุ้นร่วงหลังข่าว",
    "tr": "Haberin ardından hisseler düştü, şok sürüyor",
    "pl": "Kurs spółki spadł po tej wiadomości, łączna strata rośnie",
    "lt": "Akcijų kaina smarkiai krito, rinkos nerimauja dėl žinių",
    "fr": "Société Générale: résultats en hausse, Börse fällt",
}
ENCODINGS = {
    "ko": ("euc-kr", "cp949", "johab", "iso2022_kr"),
    "zh": ("gb2312", "gbk", "gb18030", "hz"),
    "zh-TW": ("big5", "big5hkscs"),
    "ja": ("shift_jis", "cp932", "euc-jp", "iso2022_jp"),
    "ru": ("koi8-r", "koi8-u", "windows-1251", "iso8859-5", "cp866", "mac-cyrillic"),
    "el": ("windows-1253", "iso8859-7", "mac-greek"),
    "he": ("windows-1255", "iso8859-8", "cp862"),
    "ar": ("windows-1256", "iso8859-6"),
    "th": ("windows-874", "tis-620", "iso8859-11"),
    "tr": ("windows-1254", "iso8859-9", "cp857"),
    "pl": ("windows-1250", "iso8859-2", "iso8859-16", "cp852", "mac-latin2"),
    "lt": ("windows-1257", "iso8859-13", "iso8859-4"),
    "fr": ("windows-1252", "iso8859-1", "iso8859-15", "cp850", "cp437", "mac-roman"),
}
WIDE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
UNDECLARED = (("ko", "cp949"), ("zh", "gb18030"), ("ja", "cp932"))


def _in_encoding(title: str, codec: str, declared: str | None = None) -> Callable[[], Route]:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    body = rss(item(title), declaration).decode().encode({"windows-874": "cp874"}.get(codec, codec))
    return lambda: reply(body, headers={"Content-Type": "text/xml"})


def encodings() -> list[Odd]:
    """A feed in each character set that this program knows, as it declares itself, and some that declare nothing."""
    declared = [(language, codec) for language, codecs in ENCODINGS.items() for codec in codecs]
    return [
        *(
            Odd(f"in {codec}", _in_encoding(SAMPLES[language], codec, codec), (SAMPLES[language],))
            for language, codec in declared
        ),
        *(Odd(f"in {codec}, undeclared", _in_encoding(SAMPLES["ko"], codec), (SAMPLES["ko"],)) for codec in WIDE),
        *(
            Odd(f"in {codec}, undeclared", _in_encoding(SAMPLES[language], codec), (SAMPLES[language],))
            for language, codec in UNDECLARED
        ),
    ]


ODD = (
    Odd("title of 4 MB", lambda: reply(rss(item("long " * 800_000))), (f"{'long ' * 199}long…",)),
    Odd(
        "100,000 entries",
        lambda: reply(rss("".join(f"<item><guid>{n}</guid><title>{n}</title></item>" for n in range(100_000)))),
        ("0", "1", "999"),
    ),
    Odd("entity bomb", lambda: reply(entity_bomb()), ("a &l9; b lol",)),
    Odd("wide entity bomb", lambda: reply(wide_entity_bomb()), ("wide",)),
    Odd("external entities", outside_entities, ("outside &file; &net;",)),
    Odd("cut after an item", lambda: slowly(b"HTTP/1.1 200 OK\r\n\r\n" + rss(item("whole"))[:-12]), ("whole",)),
    Odd(
        "length too short",
        lambda: reply(rss(item("first") + item("second")), headers={"Content-Length": "110"}),
        ("first",),
    ),
    Odd("control bytes", lambda: reply(rss(item("a\x1b]52;c;eA==\x07&#27;[2J\x9b31m b"))), ("a]52;c;eA==[2J›31m b",)),
    Odd("references to no character", lambda: reply(rss(item("a&#1114112;b&#xD800;"))), ("ab",)),
    *encodings(),
)
