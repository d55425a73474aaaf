"""Every way a feed's server, network or name can fail ends as the right kind of failure, with a sentence."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import trustme
from msgspec.structs import replace

from monitor.models import Failed, FailureKind, FeedState, Unchanged
from monitor.sources.fetch import FeedClient, Fetched
from tests.asking import HASTY, LOOPBACK, ask, failure, feed_client, fetched
from tests.loopback import Loopback, Request, Route, redirect, reply, resetting, slowly, stalling

BODY = b"<rss version='2.0'><channel><title>News</title></channel></rss>"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def served(route: Route) -> AsyncIterator[Loopback]:
    async with Loopback() as server:
        server.routes["/feed"] = route
        yield server


async def failing(route: Route, kind: FailureKind, *words: str, client: FeedClient | None = None) -> Failed:
    async with served(route) as server, client or feed_client() as client:
        return await failure(client, server.url("/feed"), kind, *words)


async def test_certificates_that_cannot_be_read_are_the_trouble_of_encrypted_feeds_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    async with served(reply(BODY)) as server, FeedClient(LOOPBACK, user_agent="monitor/test") as client:
        await fetched(client, server.url("/feed"))
        encrypted = server.url("/feed").replace("http://", "https://")
        await failure(client, encrypted, FailureKind.TLS, "certificates cannot be read")


# Time


async def test_a_drip_is_a_timeout() -> None:
    drip = slowly(HEAD, *[b"x"] * 1000, pause=0.01)
    await failing(drip, FailureKind.TIMEOUT, "within 0.2 s", client=feed_client(HASTY))


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-", HEAD, HEAD + b"<rss"])
async def test_a_stall_is_a_timeout_and_its_connection_is_closed(head: bytes) -> None:
    async with served(stalling(head)) as server, feed_client(HASTY) as client:
        said = await failure(client, server.url("/feed"), FailureKind.TIMEOUT)
        await server.until(lambda server: server.open == 0)
    assert said.latency is not None
    assert timedelta(seconds=0.2) <= said.latency


async def test_redirects_share_one_deadline() -> None:
    async def slow_redirect(request: Request) -> None:
        await asyncio.sleep(0.05)
        request.writer.write(redirect(f"{request.target}x"))

    async with Loopback() as server, feed_client(HASTY) as client:
        server.routes |= {"/" + "x" * length: slow_redirect for length in range(6)}
        server.routes["/xxxxxx"] = reply(BODY)
        await failure(client, server.url("/"), FailureKind.TIMEOUT)


async def test_information_without_end_is_a_timeout() -> None:
    async def early_hints(request: Request) -> None:
        while True:
            request.writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            await request.writer.drain()
            await asyncio.sleep(0.001)

    await failing(early_hints, FailureKind.TIMEOUT, client=feed_client(HASTY))


async def test_timeouts_use_up_neither_workers_nor_connections() -> None:
    policy = replace(HASTY, workers=1, per_host=1, timeout=timedelta(seconds=0.02))
    async with served(stalling(HEAD)) as server, feed_client(policy) as client:
        for _ in range(20):
            await failure(client, server.url("/feed"), FailureKind.TIMEOUT)
        await server.until(lambda server: server.open == 0)


async def test_a_cancelled_fetch_leaves_nothing_behind() -> None:
    async with served(stalling(HEAD)) as server, feed_client(replace(LOOPBACK, workers=1, per_host=1)) as client:
        server.routes["/good"] = reply(BODY)
        for _ in range(3):
            under_way = [asyncio.create_task(ask(client, server.url("/feed"))) for _ in range(3)]
            await server.until(lambda server: server.open == 1)
            for task in under_way:
                task.cancel()
            assert all(
                isinstance(ended, asyncio.CancelledError)
                for ended in await asyncio.gather(*under_way, return_exceptions=True)
            )
            await server.until(lambda server: server.open == 0)
        await fetched(client, server.url("/good"))


# Broken connections and answers


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200", HEAD, HEAD + BODY])
async def test_a_reset_is_cut_off(head: bytes) -> None:
    await failing(resetting(head), FailureKind.CUT_OFF, "127.0.0.1")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        HEAD + BODY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n<rss",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n<rss\r\n",
    ],
)
async def test_a_truncated_answer_is_cut_off(answer: bytes) -> None:
    await failing(slowly(answer), FailureKind.CUT_OFF, "before the end of its answer")


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example ESMTP\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"\x00" * 200_000,
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nContent-Length: soon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n<rss>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n<rss",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_called_that(answer: bytes) -> None:
    await failing(slowly(answer), FailureKind.DATA, "proper HTTP")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"220 peer closed 'it' \"so\"\r\n\r\n", "illegal status line: 220 peer closed 'it' \"so\""),
        ("HTTP/1.1 딥시크\r\n\r\n".encode(), "illegal status line: HTTP/1.1 딥시크"),
        (b"HTTP/1.1 200 OK\r\nno colon \x1b[31mhere \xff\r\n\r\n", "illegal header line: no colon here \ufffd"),
        (CHUNKED + b"many\r\n<rss", "illegal chunk header: many"),
        (CHUNKED + b"3\r\n<rss\\'>", "malformed chunk footer: s\\"),
        (b"SSH-2.0-" + b"x" * 2000 + b"\r\n\r\n", f"illegal status line: SSH-2.0-{'x' * 228}…"),
    ],
)
async def test_what_is_not_http_is_shown_as_the_text_that_it_is(answer: bytes, words: str) -> None:
    said = await failing(slowly(answer), FailureKind.DATA)
    assert said.reason == f"127.0.0.1 does not answer in proper HTTP: {words}"


async def test_a_document_longer_than_its_length_spoils_no_other_feed() -> None:
    async with served(reply(BODY + b"HTTP/1.1 200 OK\r\n\r\nforged", headers={"Content-Length": "5"})) as server:
        server.routes["/other"] = reply(b"<feed/>")
        async with feed_client() as client:
            assert (await fetched(client, server.url("/feed"))).body == BODY[:5]
            assert (await fetched(client, server.url("/other"))).body == b"<feed/>"


async def test_a_document_of_countless_pieces_is_refused() -> None:
    async def crumbs(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            request.writer.write(b"1\r\nx\r\n" * 1000)
            await request.writer.drain()

    await failing(crumbs, FailureKind.DATA, "pieces")


async def test_whatever_bytes_come_there_is_an_outcome() -> None:
    dice = random.Random(27)
    good = reply(BODY, headers={"ETag": '"1"', "Location": "/feed", "Retry-After": "5"}, gzipped=True)
    async with Loopback() as server, feed_client() as client:
        for _ in range(400):
            answer = bytearray(good)
            for _ in range(dice.randrange(1, 8)):
                at = dice.randrange(len(answer))
                answer[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
            server.routes["/feed"] = slowly(bytes(answer[: dice.randrange(len(answer) + 40)]))
            outcome = await ask(client, server.url("/feed"))
            assert isinstance(outcome, Fetched | Unchanged | Failed)
            assert not isinstance(outcome, Failed) or outcome.reason.isprintable()


# Size and encoding


async def test_a_document_as_large_as_may_be_is_read_and_one_byte_more_is_not() -> None:
    async with served(reply(b"x" * 1000)) as server, feed_client(replace(LOOPBACK, max_bytes=1000)) as client:
        assert len((await fetched(client, server.url("/feed"))).body) == 1000
        for route in (
            reply(b"x" * 1001),
            slowly(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1001),
            reply(b"x" * 1001, gzipped=True),
        ):
            server.routes["/feed"] = route
            await failure(client, server.url("/feed"), FailureKind.TOO_LARGE, "1000 bytes")


async def test_a_length_that_is_too_large_is_not_waited_for() -> None:
    length = 6 * 2**20
    route = stalling(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode())
    await failing(route, FailureKind.TOO_LARGE, "5 MiB")


async def test_a_document_without_end_is_too_large() -> None:
    async def endless(request: Request) -> None:
        request.writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            request.writer.write(b"<item/>" * 10_000)
            await request.writer.drain()

    await failing(endless, FailureKind.TOO_LARGE)


@pytest.mark.parametrize("encoding", ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "x\x1b[2J"])
async def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    await failing(reply(BODY, headers={"Content-Encoding": encoding}), FailureKind.ENCODING)


async def test_a_gzipped_document_that_ends_early_is_cut_off() -> None:
    whole = reply(BODY, gzipped=True).partition(b"\r\n\r\n")[2]
    await failing(reply(whole[:-9], headers={"Content-Encoding": "gzip"}), FailureKind.CUT_OFF)


async def test_what_claims_to_be_gzip_and_is_not_is_refused() -> None:
    await failing(reply(BODY, headers={"Content-Encoding": "gzip"}), FailureKind.ENCODING, "damaged")


async def test_an_empty_body_is_a_document_for_the_parser_to_judge() -> None:
    async with served(reply(b"", headers={"Content-Encoding": "gzip"})) as server, feed_client() as client:
        assert (await fetched(client, server.url("/feed"))).body == b""


# Statuses


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (400, FailureKind.HTTP, "400 Bad Request"),
        (401, FailureKind.DENIED, "wants a login"),
        (403, FailureKind.DENIED, "refuses"),
        (404, FailureKind.HTTP, "no such page"),
        (407, FailureKind.HTTP, "the proxy wants a login"),
        (410, FailureKind.GONE, "gone for good"),
        (429, FailureKind.RATE_LIMITED, "too often"),
        (500, FailureKind.HTTP, "500 Internal Server Error"),
        (502, FailureKind.HTTP, "502"),
        (503, FailureKind.UNAVAILABLE, "not available"),
        (504, FailureKind.HTTP, "504"),
        (599, FailureKind.HTTP, "599"),
        (999, FailureKind.RATE_LIMITED, "too often"),
        (204, FailureKind.DATA, "no document"),
        (206, FailureKind.DATA, "no document"),
        (300, FailureKind.HTTP, "300"),
    ],
)
async def test_each_status_is_told_apart(status: int, kind: FailureKind, words: str) -> None:
    said = await failing(reply(BODY if status != 204 else b"", status), kind, "127.0.0.1", words)
    assert said.status == status


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_a_retry_after_is_told(status: int) -> None:
    said = await failing(reply(b"", status, headers={"Retry-After": "120"}), FailureKind(said_kind(status)))
    assert said.retry_after == timedelta(minutes=2)


def said_kind(status: int) -> str:
    return {429: "rate-limited", 503: "unavailable"}.get(status, "http")


async def test_a_429_stops_those_that_wait_for_the_same_host() -> None:
    policy = replace(LOOPBACK, per_host=1)
    async with served(reply(b"", 429, headers={"Retry-After": "9" * 30})) as server, feed_client(policy) as client:
        outcomes = await asyncio.gather(*[ask(client, server.url(f"/feed?{n}")) for n in range(5)])
    assert len(server.requests) == 1
    for outcome in outcomes:
        assert isinstance(outcome, Failed)
        assert outcome.kind is FailureKind.RATE_LIMITED
        assert outcome.retry_after is not None
        assert outcome.retry_after > timedelta(days=1)


# Connections, names, certificates


async def test_a_port_where_nobody_listens_is_no_connection() -> None:
    async with Loopback() as server:
        url = server.url("/feed")
    async with feed_client() as client:
        await failure(client, url, FailureKind.CONNECT, "Connection refused")


@pytest.mark.parametrize("host", [".".join(["label" * 12] * 5), "x" * 64 + ".example"])
async def test_a_name_that_is_none_cannot_be_looked_up(host: str) -> None:
    async with feed_client() as client:
        await failure(client, f"http://{host}/feed", FailureKind.DNS, "the name ")


async def test_a_name_is_looked_up_and_its_addresses_are_tried_in_turn() -> None:
    """Where localhost is ::1 first, nobody listens there."""
    async with served(reply(BODY)) as server, feed_client() as client:
        outcomes = await asyncio.gather(*[fetched(client, server.url("/feed", host="localhost")) for _ in range(4)])
    assert [outcome.body for outcome in outcomes] == [BODY] * 4


def authority(*hosts: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `hosts`, and that of a client which trusts it."""
    ca = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*hosts).configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ca.configure_trust(client)
    return server, client


async def test_a_document_comes_over_tls_and_the_connection_is_used_again() -> None:
    certified, trusting = authority("127.0.0.1")
    async with Loopback(ssl_context=certified) as server, feed_client(trust=trusting) as client:
        server.routes["/feed"] = reply(BODY * 5000)
        assert (await fetched(client, server.url("/feed"))).body == BODY * 5000
        assert (await fetched(client, server.url("/feed"))).body == BODY * 5000
    assert server.connections == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    certified, _ = authority("127.0.0.1")
    async with Loopback(ssl_context=certified) as server, feed_client() as client:
        await failure(client, server.url("/feed"), FailureKind.TLS, "certificate of 127.0.0.1", "issuer")
    assert not server.requests


async def test_a_certificate_for_another_host_is_refused() -> None:
    certified, trusting = authority("news.example")
    async with Loopback(ssl_context=certified) as server, feed_client(trust=trusting) as client:
        await failure(client, server.url("/feed"), FailureKind.TLS, "certificate of 127.0.0.1", "mismatch")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", FailureKind.TLS),  # does not speak TLS on that port
        (b"", FailureKind.TLS),  # hangs up
        (None, FailureKind.TIMEOUT),  # says nothing
    ],
)
async def test_a_handshake_that_fails_is_told_from_a_host_that_cannot_be_reached(
    answer: bytes | None, kind: FailureKind
) -> None:
    over = asyncio.Event()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        over.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server, feed_client(HASTY if answer is None else LOOPBACK) as client:
        port = server.sockets[0].getsockname()[1]
        await failure(client, f"https://127.0.0.1:{port}/feed", kind, "127.0.0.1")
        await over.wait()


async def test_a_state_survives_any_of_them() -> None:
    async with served(resetting(HEAD)) as server, feed_client() as client:
        state = FeedState(url=server.url("/feed"), etag='"1"')
        assert isinstance(await ask(client, server.url("/feed"), state), Failed)
        server.routes["/feed"] = reply(BODY)
        assert isinstance(await ask(client, server.url("/feed"), state), Fetched)
