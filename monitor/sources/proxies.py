"""The proxies that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, and NO_PROXY for what goes without."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.request import getproxies

from msgspec import Struct

from monitor.sources.addresses import literal

if TYPE_CHECKING:
    from collections.abc import Mapping


class Proxies(Struct, frozen=True):
    """`by_scheme` gives a proxy's address for "http", "https" or "all"; `exempt` are NO_PROXY's entries."""

    by_scheme: Mapping[str, str]
    exempt: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls) -> Proxies:
        named = getproxies()
        exempt = tuple(entry for part in named.pop("no", "").split(",") if (entry := part.strip().lower()))
        return cls({scheme: url if "://" in url else f"http://{url}" for scheme, url in named.items()}, exempt)

    def proxy_for(self, scheme: str, host: str) -> str | None:
        """The proxy that `host` is to be reached through, None for a direct connection.

        This machine itself is never asked through a proxy, as browsers have it; the demo depends on that.
        """
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if not proxy:
            return None
        exempt = _is_here(host) or any(_exempts(entry, host) for entry in self.exempt)
        return None if exempt else proxy


def _is_here(host: str) -> bool:
    address = literal(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _exempts(entry: str, host: str) -> bool:
    """NO_PROXY as curl reads it: `*`, a domain with all below it, an address, or a network (10.0.0.0/8)."""
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return ip_address(host) in ip_network(entry, strict=False)
        except ValueError:
            return False
    domain = entry.lstrip(".")
    return host == domain or host.endswith(f".{domain}")
