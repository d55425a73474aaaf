"""Where a feed may lead: not to this machine or its neighbours, however the address is written."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.models import Failed, FailureKind
from monitor.sources.addresses import Address, literal, refusal
from monitor.sources.fault import Fault
from monitor.sources.network import permitted
from monitor.sources.proxies import Proxies
from tests.asking import LOOPBACK, ask, failure, feed_client, fetched
from tests.loopback import Loopback, redirect, reply

GUARDED = replace(LOOPBACK, allow_private=False)
HERE = IPv4Address("127.0.0.1")
NAT64 = IPv6Network("64:ff9b::/96")

PRIVATE_HOSTS = [
    "127.0.0.1",
    "127.8.9.10",
    "localhost",
    "LocalHost",
    "127.0.0.1.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::1]",
    "[::127.0.0.1]",
    "[::]",
    "0.0.0.0",
    "0",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "127.1",
    "017700000001",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]


@pytest.mark.parametrize("host", PRIVATE_HOSTS)
async def test_a_feed_on_this_machine_or_beside_it_is_refused(host: str) -> None:
    async with feed_client(GUARDED) as client:
        await failure(client, f"http://{host}/latest/meta-data", FailureKind.REFUSED_ADDRESS, "poll.allow_private")


def only_here(address: Address) -> str | None:
    """The usual judgement, but for the address that the loopback server has."""
    return None if address == HERE else refusal(address)


@pytest.mark.parametrize("host", [h for h in PRIVATE_HOSTS if h.lower() != "localhost" and literal(h) != HERE])
async def test_a_redirect_there_is_refused(host: str) -> None:
    async with Loopback() as server, feed_client(GUARDED, refused=only_here) as client:
        server.routes["/feed"] = redirect(f"http://{host}:{server.port}/secret", 301)
        await failure(client, server.url("/feed"), FailureKind.REFUSED_ADDRESS)
    assert [request.path for request in server.requests] == ["/feed"]


async def test_the_settings_can_permit_it() -> None:
    async with Loopback() as server, feed_client(LOOPBACK) as client:
        server.routes["/feed"] = reply("<rss/>")
        assert (await fetched(client, server.url("/feed"))).body == b"<rss/>"


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.0",
        "172.32.0.1",
        "192.0.1.1",
        "2606:4700::1111",
        "2001:4860::8888",
    ],
)
def test_the_public_internet_is_not_refused(address: str) -> None:
    assert refusal(ip_address(address)) is None


def test_the_reason_is_in_words() -> None:
    assert refusal(ip_address("192.168.0.1")) == "a private address"
    assert refusal(ip_address("::1")) == "a loopback address"
    assert refusal(ip_address("169.254.169.254")) == "a link-local address"


@settings(derandomize=True, deadline=None, max_examples=500)
@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_nothing_that_python_calls_private_gets_through(address: IPv4Address | IPv6Address) -> None:
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
    )
    judged_by_what_is_inside = isinstance(address, IPv6Address) and (address.ipv4_mapped or address in NAT64)
    assert not special or judged_by_what_is_inside or refusal(address)


@settings(derandomize=True, deadline=None)
@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: IPv4Address) -> None:
    assert refusal(ip_address(f"::ffff:{address}")) == refusal(address)
    assert refusal(ip_address(f"64:ff9b::{address}")) == refusal(address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("example.com", None),
        ("1.2.3.4.example", None),
        ("beef", None),
        ("256.1.1.1", None),
        ("4294967296", None),
        ("8.8.8.8", "8.8.8.8"),
        ("0x08080808", "8.8.8.8"),
        ("8.8.2056", "8.8.8.8"),
        ("::1", "::1"),
        ("", None),
    ],
)
def test_which_hosts_are_addresses(host: str, address: str | None) -> None:
    assert literal(host) == (None if address is None else ip_address(address))


def test_of_several_addresses_only_the_public_ones_are_tried() -> None:
    both: list[Address] = [ip_address("127.0.0.1"), ip_address("8.8.8.8"), ip_address("::1")]
    assert permitted("rebound.example", both, refusal) == [ip_address("8.8.8.8")]
    with pytest.raises(Fault, match=r"rebound\.example leads to ::1, a loopback address"):
        permitted("rebound.example", [both[0], both[2]], refusal)


# Proxies


async def test_a_proxy_from_the_environment_is_asked_for_hosts_that_it_looks_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Loopback() as proxy:
        proxy.routes["http://news.example/feed"] = reply("<rss/>")
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        async with feed_client(GUARDED) as client:
            assert (await fetched(client, "http://news.example/feed")).body == b"<rss/>"
            await failure(client, "http://169.254.169.254/latest", FailureKind.REFUSED_ADDRESS)
            await failure(client, "http://127.0.0.1/", FailureKind.REFUSED_ADDRESS)
    (request,) = proxy.requests
    assert request.target == "http://news.example/feed"
    assert request.headers["proxy-authorization"].startswith("Basic ")


async def test_a_redirect_behind_a_proxy_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Loopback() as proxy:
        proxy.routes["http://news.example/feed"] = redirect("http://10.0.0.1/admin")
        monkeypatch.setenv("http_proxy", f"127.0.0.1:{proxy.port}")
        async with feed_client(GUARDED) as client:
            await failure(client, "http://news.example/feed", FailureKind.REFUSED_ADDRESS, "10.0.0.1")


async def test_a_proxy_that_will_not_connect_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Loopback() as proxy:
        proxy.routes["news.example:443"] = reply(status=403)
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with feed_client(GUARDED) as client:
            await failure(client, "https://news.example/feed", FailureKind.CONNECT, "proxy", "403")


@pytest.mark.parametrize("proxy", ["gopher://proxy.example", "http://127.0.0.1:1"])
async def test_a_proxy_that_cannot_be_used_is_a_failure_of_each_feed(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    async with feed_client(GUARDED) as client:
        outcome = await ask(client, "http://news.example/feed")
    assert isinstance(outcome, Failed)
    assert outcome.kind is FailureKind.CONNECT


@pytest.mark.parametrize(
    ("no_proxy", "host", "exempt"),
    [
        ("", "news.example", False),
        ("*", "news.example", True),
        ("news.example", "news.example", True),
        ("news.example", "www.news.example", True),
        (".news.example", "www.news.example", True),
        ("news.example", "oldnews.example", False),
        ("other.example, NEWS.example", "news.example", True),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "news.example", False),
        ("nonsense/8", "10.1.2.3", False),
        ("", "localhost", True),
        ("", "127.0.0.1", True),
    ],
)
def test_no_proxy_is_obeyed(no_proxy: str, host: str, *, exempt: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    proxies = Proxies.from_environment()
    assert proxies.proxy_for("https", host) == (None if exempt else "http://proxy.example:3128")
    assert proxies.proxy_for("http", host) == (None if exempt else "http://proxy.example:3128")
