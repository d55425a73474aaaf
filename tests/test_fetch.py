"""Feeds over HTTP: what is asked, what comes of the answer, where redirects lead."""

from __future__ import annotations

from base64 import b64encode
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
from msgspec.structs import replace

from monitor.models import Failed, FailureKind, Feed, FeedState, Unchanged
from tests.asking import AGENT, LOOPBACK, NOW, ask, failure, feed_client, fetched
from tests.loopback import Loopback, Request, conditional, redirect, reply, slowly

BODY = "<rss version='2.0'><channel><title>News</title></channel></rss>"
DAY = timedelta(days=1)


async def test_a_document_comes_with_what_its_answer_said() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(
            BODY,
            headers={
                "ETag": 'W/"1"',
                "Last-Modified": "Mon, 27 Jan 2025 14:00:00 GMT",
                "Content-Type": "application/rss+xml; charset=utf-8",
                "Cache-Control": "max-age=900",
            },
        )
        document = await fetched(client, server.url("/feed#latest"))
    assert document.body == BODY.encode()
    assert document.content_type == "application/rss+xml; charset=utf-8"
    assert document.url == server.url("/feed")
    response = document.response
    assert (response.status, response.etag, response.last_modified) == (200, 'W/"1"', "Mon, 27 Jan 2025 14:00:00 GMT")
    assert (response.wait, response.permanent_url, response.validators_void) == (timedelta(minutes=15), None, False)
    assert response.latency > timedelta(0)


async def test_a_request_says_who_asks_and_what_can_be_read() -> None:
    async with Loopback() as server, feed_client() as client:
        await ask(client, server.url("/feed"))
    (request,) = server.requests
    assert request.headers["user-agent"] == AGENT
    assert request.headers["accept-encoding"] == "gzip, deflate"
    assert "application/rss+xml" in request.headers["accept"]
    assert not {"if-none-match", "if-modified-since", "cookie"} & set(request.headers)


async def test_validators_are_sent_back_and_a_304_is_unchanged() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = conditional(BODY, '"1"', headers={"Cache-Control": "max-age=60"})
        url = server.url("/feed")
        state = FeedState(url=url, etag='"1"', last_modified="Mon, 27 Jan 2025 14:00:00 GMT")
        outcome = await ask(client, url, state)
    assert isinstance(outcome, Unchanged)
    assert (outcome.response.status, outcome.response.etag) == (304, '"1"')
    assert outcome.response.wait == timedelta(minutes=1)
    assert server.requests[0].headers["if-none-match"] == '"1"'
    assert server.requests[0].headers["if-modified-since"] == "Mon, 27 Jan 2025 14:00:00 GMT"


async def test_the_same_bytes_are_unchanged_without_any_validator() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY)
        url = server.url("/feed")
        state = FeedState(url=url, body_digest=(await fetched(client, url)).body_digest)
        assert isinstance(await ask(client, url, state), Unchanged)
        server.routes["/feed"] = reply(BODY, gzipped=True)
        assert isinstance(await ask(client, url, state), Unchanged)


async def test_news_under_an_etag_that_never_changes_are_not_missed() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply("other news", headers={"ETag": '"1"', "Last-Modified": "today"})
        url = server.url("/feed")
        document = await fetched(client, url, FeedState(url=url, etag='"1"', last_modified="today", body_digest=b"x"))
    assert document.body == b"other news"


async def test_a_feed_long_unchanged_is_asked_for_all_once_a_day() -> None:
    async with Loopback() as server, feed_client() as client:
        url = server.url("/feed")
        server.routes["/feed"] = conditional(BODY, '"1"')
        state = FeedState(url=url, etag='"1"', last_changed_at=NOW - 2 * DAY, last_success_at=NOW - DAY)
        await ask(client, url, state)
        await ask(client, url, replace(state, last_success_at=NOW))
        await ask(client, url, replace(state, last_changed_at=NOW - DAY))
    assert ["if-none-match" in request.headers for request in server.requests] == [False, True, True]


async def test_a_304_may_tell_the_length_of_what_it_does_not_send() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(status=304, headers={"Content-Length": str(2**40)})
        url = server.url("/feed")
        assert isinstance(await ask(client, url, FeedState(url=url, etag='"1"')), Unchanged)
        assert isinstance(await ask(client, url, FeedState(url=url, etag='"1"')), Unchanged)
    assert server.connections == 1


async def test_a_304_that_nothing_asked_for_is_a_failure() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(status=304)
        await failure(client, server.url("/feed"), FailureKind.DATA, "304")


async def test_expires_0_voids_the_validators() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY, headers={"ETag": '"1"', "Expires": "0"})
        assert (await fetched(client, server.url("/feed"))).response.validators_void


@pytest.mark.parametrize("etag", ['"\xe9"', '"' + "x" * 600 + '"', ""])
async def test_a_validator_that_cannot_be_sent_back_is_not_kept(etag: str) -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY, headers={"ETag": etag})
        assert (await fetched(client, server.url("/feed"))).response.etag is None


async def test_cookies_are_not_kept() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY, headers={"Set-Cookie": "who=you; Path=/"})
        await ask(client, server.url("/feed"))
        await ask(client, server.url("/feed"))
    assert "cookie" not in server.requests[1].headers


async def test_connections_are_used_again() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY)
        server.routes["/same"] = conditional(BODY, '"1"')
        for _ in range(3):
            await ask(client, server.url("/feed"))
            await ask(client, server.url("/same"), FeedState(url=server.url("/same"), etag='"1"'))
        assert server.connections == 1
    assert len(server.requests) == 6


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = reply(BODY, headers={"Connection": "keep-alive"})
        server.routes["/last"] = slowly(reply(BODY))
        for path in ("/feed", "/last", "/feed"):
            await fetched(client, server.url(path))
        await server.until(lambda server: server.open == 1)
    assert server.connections == 2


async def test_a_connection_that_ends_as_it_is_used_again_is_no_failure() -> None:
    def once_a_connection(request: Request) -> bytes:
        first = request.connection not in {earlier.connection for earlier in server.requests[:-1]}
        if not first:
            request.writer.transport.abort()
        return reply(BODY)

    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = once_a_connection
        for _ in range(3):
            await fetched(client, server.url("/feed"))
    assert [request.connection for request in server.requests] == [1, 1, 2, 2, 3]


async def test_idle_connections_are_bounded() -> None:
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(Loopback()) for _ in range(6)]
        client = await stack.enter_async_context(feed_client(replace(LOOPBACK, workers=2)))
        for server in servers:
            server.routes["/feed"] = reply(BODY)
            await fetched(client, server.url("/feed"))
        for server in servers[:4]:
            await server.until(lambda server: server.open == 0)
        assert [server.open for server in servers[4:]] == [1, 1]


async def test_closing_the_client_closes_its_connections() -> None:
    async with Loopback() as server:
        server.routes["/feed"] = reply(BODY)
        async with feed_client() as client:
            await fetched(client, server.url("/feed"))
            assert server.open == 1
        await server.until(lambda server: server.open == 0)


# Redirects


async def test_a_redirect_is_followed_and_its_end_is_the_base_of_links() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes |= {"/old": redirect("a/new?x=1#top"), "/a/new": reply(BODY)}
        document = await fetched(client, server.url("/old"))
    assert document.url == server.url("/a/new?x=1")
    assert document.response.permanent_url is None


@pytest.mark.parametrize(
    ("chain", "remembered"),
    [((301,), True), ((308, 301), True), ((302,), False), ((307,), False), ((303,), False), ((301, 302), False)],
)
async def test_only_a_chain_of_permanent_redirects_is_worth_remembering(
    chain: tuple[int, ...], *, remembered: bool
) -> None:
    async with Loopback() as server, feed_client() as client:
        for at, status in enumerate(chain):
            server.routes[f"/{at}"] = redirect(f"/{at + 1}", status)
        server.routes[f"/{len(chain)}"] = reply(BODY)
        document = await fetched(client, server.url("/0"))
    assert document.response.permanent_url == (server.url(f"/{len(chain)}") if remembered else None)


async def test_a_304_at_the_end_of_a_permanent_redirect_proves_it_too() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes |= {"/old": redirect("/new", 301), "/new": conditional(BODY, '"1"')}
        outcome = await ask(client, server.url("/old"), FeedState(url=server.url("/old"), etag='"1"'))
    assert isinstance(outcome, Unchanged)
    assert outcome.response.permanent_url == server.url("/new")


async def test_a_proven_redirect_is_asked_directly() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/new"] = reply(BODY)
        url = server.url("/old")
        document = await fetched(client, url, FeedState(url=url, redirect_url=server.url("/new")))
    assert [request.path for request in server.requests] == ["/new"]
    assert document.response.permanent_url is None


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ftp://127.0.0.1/feed",
        "data:text/xml,<rss/>",
        "http://",
        "http://[",
        "http://user:secret@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "/" + "x" * 5000,
        "",
    ],
)
async def test_a_redirect_to_what_is_no_web_address_is_refused(location: str) -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes["/feed"] = redirect(location)
        said = await failure(client, server.url("/feed"), FailureKind.REDIRECT, "127.0.0.1 redirects")
    assert len(server.requests) == 1
    assert "secret" not in said.reason
    assert said.status == 302


async def test_a_redirect_in_a_circle_ends() -> None:
    async with Loopback() as server, feed_client() as client:
        server.routes |= {"/a": redirect("/b", 301), "/b": redirect("/a", 301), "/self": redirect("/self")}
        await failure(client, server.url("/a"), FailureKind.REDIRECT, "circle")
        await failure(client, server.url("/self"), FailureKind.REDIRECT, "circle")
    assert len(server.requests) == 3


async def test_a_redirect_without_end_ends() -> None:
    async with Loopback() as server, feed_client() as client:
        for at in range(50):
            server.routes[f"/{at}"] = redirect(f"/{at + 1}")
        await failure(client, server.url("/0"), FailureKind.REDIRECT, "one redirect too many")
    assert len(server.requests) == 7


# The feed's own headers


async def test_a_feeds_own_headers_are_sent_and_go_before_the_programs() -> None:
    async with Loopback() as server, feed_client() as client:
        feed = Feed(url=server.url("/feed"), name="News", headers=(("X-Key", "k"), ("User-Agent", "mine")))
        await ask(client, feed)
    assert server.requests[0].headers["x-key"] == "k"
    assert server.requests[0].headers["user-agent"] == "mine"


async def test_a_feeds_own_headers_are_not_sent_to_another_origin() -> None:
    async with Loopback() as server, Loopback() as other, feed_client() as client:
        server.routes |= {"/feed": redirect("/here"), "/here": redirect(other.url("/there"))}
        other.routes["/there"] = redirect(server.url("/back"))
        feed = Feed(url=server.url("/feed"), name="News", headers=(("X-Key", "k"), ("Authorization", "Bearer t")))
        await ask(client, feed)
        await client.fetch(feed, FeedState(url=feed.url, redirect_url=other.url("/there")), now=NOW)
    assert [request.headers.get("x-key") for request in server.requests] == ["k", "k", "k", "k"]
    assert all(not {"x-key", "authorization"} & set(request.headers) for request in other.requests)
    assert len(other.requests) == 2


async def test_a_login_in_the_address_is_sent_to_its_origin_and_shown_nowhere() -> None:
    async with Loopback() as server, Loopback() as other, feed_client() as client:
        server.routes |= {"/feed": redirect(other.url("/feed")), "/here": reply(BODY)}
        url = server.url("/feed").replace("http://", "http://me:secr%40t@")
        outcome = await ask(client, url)
        document = await fetched(client, url.replace("/feed", "/here"))
    assert server.requests[0].headers["authorization"] == "Basic " + b64encode(b"me:secr@t").decode()
    assert "authorization" not in other.requests[0].headers
    assert isinstance(outcome, Failed)
    assert "secr" not in repr(outcome) + repr(document)


@pytest.mark.parametrize("value", ["a\r\nX-Forged: yes", "é한"])
async def test_headers_that_cannot_be_sent_are_a_failure_and_not_a_forgery(value: str) -> None:
    async with Loopback() as server, feed_client() as client:
        feed = Feed(url=server.url("/feed"), name="News", headers=(("X-Key", value),))
        await failure(client, feed, FailureKind.INTERNAL, "headers")
        assert not server.requests
        await failure(client, server.url("/feed"), FailureKind.HTTP)


async def test_an_address_that_is_none_is_a_failure() -> None:
    async with feed_client() as client:
        await failure(client, "file:///etc/passwd", FailureKind.INTERNAL, "file:")
