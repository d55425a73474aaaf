"""Which addresses are the public internet's, and which a feed has no business to lead to. Pure.

A feed's host, or a redirect, may name this machine or its neighbours: a router's page, a database, a cloud provider's
credentials at 169.254.169.254. The tables are IANA's special-purpose registries as of 2025. They are written out here
because `ipaddress.is_private` and `is_global` changed their minds between Python 3.11 and 3.13.
"""

from __future__ import annotations

import re
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address

_PRIVATE = "a private address"
_LOOPBACK = "a loopback address"
_LINK_LOCAL = "a link-local address"
_RESERVED = "a reserved address"
_MULTICAST = "a multicast address"

_IPV4 = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "an address of this machine"),
        ("10.0.0.0/8", _PRIVATE),
        ("100.64.0.0/10", "an address inside a provider's network"),
        ("127.0.0.0/8", _LOOPBACK),
        ("168.63.129.16/32", "an address inside a provider's network"),  # Azure's, though it looks public
        ("169.254.0.0/16", _LINK_LOCAL),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _RESERVED),
        ("192.88.99.0/24", _RESERVED),
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", _RESERVED),
        ("198.51.100.0/24", _RESERVED),
        ("203.0.113.0/24", _RESERVED),
        ("224.0.0.0/4", _MULTICAST),
        ("240.0.0.0/4", _RESERVED),
    )
)
_IPV6 = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "an address of this machine"),
        ("::1/128", _LOOPBACK),
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _LINK_LOCAL),
        ("ff00::/8", _MULTICAST),
        ("2001::/23", _RESERVED),  # Teredo, which can hide any IPv4 address, among others
        ("2001:db8::/32", _RESERVED),
        ("2002::/16", "a tunnel to an IPv4 address"),
        ("3fff::/20", _RESERVED),
    )
)
_IPV6_PUBLIC = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

_NUMERIC_HOST = re.compile(r"[0-9a-fA-Fx.]*[0-9][0-9a-fA-Fx.]*\.?")


def refusal(address: Address) -> str | None:
    """What keeps `address` from being the public internet's, in words ("a private address"); None if nothing does.

    An IPv4 address inside an IPv6 one (mapped, or behind NAT64) is judged as what it is.
    """
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is None:
            return _first(address)
        address = inner
    return next((what for network, what in _IPV4 if address in network), None)


def _first(address: IPv6Address) -> str | None:
    what = next((what for network, what in _IPV6 if address in network), None)
    return what or (None if address in _IPV6_PUBLIC else _RESERVED)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def literal(host: str) -> Address | None:
    """The address that `host` itself is, also in the spellings of C's resolver (2130706433, 0x7f.1, 0177.0.0.1).

    None for a name.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    if _NUMERIC_HOST.fullmatch(host):
        try:
            return IPv4Address(socket.inet_aton(host.rstrip(".")))
        except OSError:
            return None
    return None
