"""One feed asked over HTTP: `FeedClient.fetch` gives its document, or says that it is unchanged, or why it failed."""

from __future__ import annotations

import time
from asyncio import sleep, timeout
from base64 import b64encode
from datetime import timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol, Self

from msgspec import Struct
from msgspec.structs import replace

from monitor import schedule
from monitor.models import Failed, FailureKind, Response, Unchanged
from monitor.sources import addresses, freshness
from monitor.sources.answers import PERMANENT, Answer, redirect_target, refusal, response, web_address
from monitor.sources.fault import Fault
from monitor.sources.hosts import HostGate
from monitor.sources.http import httpx
from monitor.sources.inflate import ACCEPTED, inflate, too_large
from monitor.sources.proxies import Proxies
from monitor.sources.transport import FeedTransport

if TYPE_CHECKING:
    import ssl
    from datetime import datetime
    from types import TracebackType

    from monitor.models import Feed, FeedState
    from monitor.sources.network import Refusal

MAX_REDIRECTS = 6
FULL_AFTER = timedelta(days=1)

_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, */*;q=0.1"
)
_MAX_PIECES = 20_000  # of one body; a server that makes a chunk of each byte costs 30 µs of CPU for every one
_TURN_EVERY = 64  # pieces, after which others may run


class FetchPolicy(Protocol):
    """What of the settings' `poll` a fetch goes by."""

    @property
    def timeout(self) -> timedelta: ...

    @property
    def max_bytes(self) -> int: ...

    @property
    def workers(self) -> int: ...

    @property
    def per_host(self) -> int: ...

    @property
    def host_gap(self) -> timedelta: ...

    @property
    def allow_private(self) -> bool: ...


class Fetched(Struct, frozen=True, kw_only=True):
    """A document whose bytes are not those of last time. `url` is where it was found, the base of relative links."""

    response: Response
    body: bytes
    content_type: str | None
    url: str
    body_digest: bytes


class FeedClient:
    """Asks feeds, many at a time; use as `async with FeedClient(...) as client`.

    All calls of `fetch` may be made at once: the client itself runs at most `policy.workers` of them, `per_host` to one
    host and `host_gap` apart, and those that wait for a host hold up no other. Proxies and SSL_CERT_FILE are taken from
    the environment once, here. `refused` says of an address why it must not be asked; by default whatever is not the
    public internet's, unless the policy allows it. Costs about 100 ms to import, and 30 with the first
    address that is encrypted (certificates).
    """

    def __init__(
        self,
        policy: FetchPolicy,
        *,
        user_agent: str,
        ssl_context: ssl.SSLContext | None = None,
        refused: Refusal | None = None,
    ) -> None:
        self._policy = policy
        self._user_agent = user_agent
        self._gate = HostGate(workers=policy.workers, per_host=policy.per_host, gap=policy.host_gap)
        self._transport = FeedTransport(
            ssl_context=ssl_context,
            proxies=Proxies.from_environment(),
            refused=refused or (None if policy.allow_private else addresses.refusal),
            keep=policy.workers,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def fetch(self, feed: Feed, state: FeedState, *, now: datetime) -> Fetched | Unchanged | Failed:
        """Ask `feed` for what is new since `state`. `now` is what dates in the answer are measured against.

        `policy.timeout` bounds all that is done for it: name, connections, redirects and bodies. Waiting for a turn
        with a host does not count, nor is it part of the latency; a redirect to another host waits for a turn there.

        A 200 is Unchanged when its bytes are those of last time, whatever its ETag and Last-Modified are: some servers'
        ETag never changes, a Last-Modified has whole seconds, and to compare costs 1 µs a KB. For the same reason a
        feed that has not changed for a day is asked for the whole document once a day.
        """
        poll = _Poll(feed, state, now, self._policy.timeout.total_seconds())
        try:
            return await self._follow(poll)
        except Fault as fault:
            return fault.failed(poll.latency)

    async def _follow(self, poll: _Poll) -> Fetched | Unchanged:
        url = _asked(schedule.address(poll.feed, poll.state))
        seen = [str(url)]
        permanent = True
        host = ""
        while True:
            same_host, host = url.host == host, url.host
            async with self._gate.turn(host, at_once=same_host):
                answer = await self._within_deadline(poll, url)
                if answer.asks_for_rest:
                    self._gate.turn_away(host, freshness.retry_after(answer.headers, poll.now))
            target = redirect_target(url, answer)
            if target is None:
                return self._outcome(poll, url, answer, seen[-1] if permanent and len(seen) > 1 else None)
            # Never to be remembered: a way from an encrypted address to one that is not.
            permanent &= answer.status in PERMANENT and (url.scheme, target.scheme) != ("https", "http")
            url = target
            if str(url) in seen:
                raise Fault(FailureKind.REDIRECT, f"{host} redirects in a circle", status=answer.status)
            if len(seen) > MAX_REDIRECTS:
                raise Fault(FailureKind.REDIRECT, f"{host} is one redirect too many", status=answer.status)
            seen.append(str(url))

    async def _within_deadline(self, poll: _Poll, url: httpx.URL) -> Answer:
        started = time.perf_counter()
        try:
            async with timeout(poll.seconds_left):
                return await self._ask(poll, url)
        except TimeoutError:
            limit = self._policy.timeout.total_seconds()
            raise Fault(FailureKind.TIMEOUT, f"no whole answer from {url.host} within {limit:g} s") from None
        finally:
            poll.spend(time.perf_counter() - started)

    async def _ask(self, poll: _Poll, url: httpx.URL) -> Answer:
        """One request, without a deadline."""
        headers = {"user-agent": self._user_agent, "accept": _ACCEPT, "accept-encoding": ACCEPTED}
        headers |= poll.conditions | _own_headers(poll.feed, url)
        try:
            request = httpx.Request("GET", url, headers=headers)
        except ValueError as error:
            raise Fault(FailureKind.INTERNAL, f"the feed's headers cannot be sent: {error}") from error
        received = await self._transport.handle_async_request(request)
        try:
            answer = Answer(received.status_code, dict(received.headers.items()))
            if answer.has_document or answer.status == 304:  # which has no body, but an end
                return replace(answer, body=await self._body(received, answer))
            return answer
        finally:
            await received.aclose()

    async def _body(self, received: httpx.Response, answer: Answer) -> bytes:
        """The body as sent. One that is too large even so is not read to its end."""
        limit = self._policy.max_bytes
        declared = answer.headers.get("content-length", "")
        if answer.status != 304 and declared.isdecimal() and int(declared) > limit:
            raise too_large(limit)
        body = bytearray()
        count = 0
        async for piece in received.aiter_raw():
            body += piece
            count += 1
            if len(body) > limit:
                raise too_large(limit)
            if count > _MAX_PIECES:
                raise Fault(FailureKind.DATA, f"the document comes in more than {_MAX_PIECES} pieces")
            if count % _TURN_EVERY == 0:
                await sleep(0)
        return bytes(body)

    def _outcome(self, poll: _Poll, url: httpx.URL, answer: Answer, permanent_url: str | None) -> Fetched | Unchanged:
        said = response(answer, now=poll.now, latency=poll.latency, permanent_url=permanent_url)
        if answer.status == 304:
            if not poll.conditions:
                raise Fault(FailureKind.DATA, f"{url.host} says that nothing changed since never (304)", status=304)
            return Unchanged(response=said)
        if not answer.has_document:
            raise refusal(url.host, answer, poll.now)
        encoding = answer.headers.get("content-encoding", "")
        body = inflate(answer.body, encoding, max_bytes=self._policy.max_bytes)
        digest = blake2b(body, digest_size=16).digest()
        if digest == poll.state.body_digest:
            return Unchanged(response=said)
        return Fetched(
            response=said,
            body=body,
            content_type=answer.headers.get("content-type"),
            url=str(url),
            body_digest=digest,
        )


class _Poll:
    """One poll of a feed: what is asked under which conditions, and the time it has left and has taken."""

    def __init__(self, feed: Feed, state: FeedState, now: datetime, seconds: float) -> None:
        self.feed = feed
        self.state = state
        self.now = now
        self.conditions = _conditions(state, now)
        self.seconds_left = seconds
        self.latency = timedelta(0)

    def spend(self, seconds: float) -> None:
        self.seconds_left = max(0.0, self.seconds_left - seconds)
        self.latency += timedelta(seconds=seconds)


def _conditions(state: FeedState, now: datetime) -> dict[str, str]:
    """The headers that let the server answer 304; none when the whole document is due (see `FeedClient.fetch`)."""
    unchanged = state.last_changed_at is not None and now - state.last_changed_at > FULL_AFTER
    if unchanged and state.last_success_at is not None and state.last_success_at.date() != now.date():
        return {}
    named = {"if-none-match": state.etag, "if-modified-since": state.last_modified}
    return {name: value for name, value in named.items() if value}


@lru_cache(maxsize=4096)
def _asked(address: str) -> httpx.URL:
    """The address without login, parsed; cached, since that takes 30 µs."""
    try:
        url = web_address(address)
        return url.copy_with(userinfo=b"") if url.userinfo else url
    except ValueError as error:
        raise Fault(FailureKind.INTERNAL, f"the feed's address cannot be used: {error}") from error


def _own_headers(feed: Feed, url: httpx.URL) -> dict[str, str]:
    """The feed's own headers, and its address's login, if `url` is of the feed's own origin."""
    if not feed.headers and "@" not in feed.url:
        return {}
    own = httpx.URL(feed.url)
    if not _same_origin(own, url):
        return {}
    login = b64encode(f"{own.username}:{own.password}".encode()).decode("ascii") if own.userinfo else ""
    headers = {"authorization": f"Basic {login}"} if login else {}
    return headers | {name.lower(): value for name, value in feed.headers}


def _same_origin(own: httpx.URL, url: httpx.URL) -> bool:
    """The same scheme, host and port; also https where http was configured, both on their usual ports."""
    if url.host != own.host:
        return False
    encrypted = (own.scheme, own.port, url.scheme, url.port) == ("http", None, "https", None)
    return encrypted or (own.scheme, own.port) == (url.scheme, url.port)
