"""Addresses from feeds: which may be opened, and when two are the same. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

MAX_LENGTH = 4096  # characters; news aggregators write addresses of a thousand

# A browser reads "\" as "/", so "https://good.example\@evil.example" goes elsewhere than it seems; the others have no
# place in an address and end a link early in terminals and HTML.
_FORBIDDEN = re.compile(r"""[\s\\<>"`]""")
# Nothing to be resolved or refused; found in a twentieth of the time that it takes to make sure.
_EVERYDAY = re.compile(r"https?://[a-z0-9][a-z0-9.-]*(?:/[0-9a-zA-Z._~%/-]*(?:\?[0-9a-zA-Z._~%/=&+-]+)?)?")
_HOST = re.compile(r"\[[0-9a-fA-F:.]+\]|[^\x00-\x2c/\x3a-\x40\[-\x5e`{-\x7f]+")
_ESCAPE = re.compile("%[0-9a-fA-F]{2}")
_LONE_PERCENT = re.compile("%(?![0-9a-fA-F]{2})")
_UNRESERVED = re.compile("[0-9a-zA-Z._~-]")
_CANONICAL = re.compile(r"https://[a-z0-9.-]*[a-z0-9-](/[0-9a-zA-Z._~/-]*[0-9a-zA-Z._~-])?")  # nothing to be changed
_DEFAULT_PORTS = (None, 80, 443)

# Say where a reader came from, not what is read. Names are the trackers' own; Yahoo's feeds add `.tsrc`.
_TRACKING_KEYS = """
    .tsrc _ga _gl _hsenc _hsmi at_campaign at_medium cmpid dclid fbclid gbraid gclid gclsrc guccounter guce_referrer
    guce_referrer_sig igsh igshid mc_cid mc_eid mkt_tok msclkid s_cid smid smtyp soc_src soc_trk spm ttclid twclid
    vero_id wbraid yclid
"""
_TRACKING = frozenset(_TRACKING_KEYS.split())


def safe_link(url: str | None, base: str | None = None) -> str | None:
    """`url` as an absolute http or https address, resolved against `base` when it is relative; None for anything else.

    Refused: other schemes, spaces and characters that do not show, backslashes, user names and passwords, no or an
    impossible host or port, more than `MAX_LENGTH` characters. What is left is as it was given (IDNA names, too) but
    for a lower-case scheme, so it never begins with "-".
    """
    given = (url or "").strip()
    if len(given) <= MAX_LENGTH and _EVERYDAY.fullmatch(given):
        return given
    if not _is_plain(given):
        return None
    try:
        if base is not None:
            given = urljoin(base.strip(), given)
        parts = urlsplit(given)
        port_is_possible = parts.port is None or parts.port > 0
    except ValueError:  # an unclosed bracket, a port out of range, a host that changes under NFKC
        return None
    host = parts.netloc.removesuffix(f":{parts.port}").removesuffix(":")
    if parts.scheme not in ("http", "https") or not port_is_possible or not _HOST.fullmatch(host):
        return None
    return parts.scheme + given[len(parts.scheme) :] if _is_plain(given) else None


def _is_plain(given: str) -> bool:
    return 0 < len(given) <= MAX_LENGTH and given.isprintable() and _FORBIDDEN.search(given) is None


def canonical(url: str) -> str:
    """A form of an address from `safe_link` that is equal wherever the same page is meant.

    https, lower-case host without default port, no fragment, no tracking parameters, the others sorted, no slash at the
    end, one way of percent-escaping. AMP and mobile hosts are pages of their own and stay. It is for comparing: the
    page may not answer there. Text that is no address comes back as it is.
    """
    if _CANONICAL.fullmatch(url):
        return url
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    if parts.hostname is None:
        return url
    host = parts.hostname.rstrip(".")
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in _DEFAULT_PORTS else f"{host}:{port}"
    fields = (_escaped(field) for field in parts.query.split("&"))
    query = "&".join(sorted(field for field in fields if field and not _tracks(field)))
    return urlunsplit(("https", netloc, _escaped(parts.path).rstrip("/"), query, ""))


def _tracks(field: str) -> bool:
    key = field.partition("=")[0].lower()
    return key.startswith("utm_") or key in _TRACKING


def _escaped(part: str) -> str:
    quoted = quote(_LONE_PERCENT.sub("%25", part), safe="/%:@!$&'()*+,;=~?", errors="replace")
    return _ESCAPE.sub(_plainest, quoted)


def _plainest(escape: re.Match[str]) -> str:
    char = chr(int(escape.group()[1:], 16))
    return char if _UNRESERVED.fullmatch(char) else escape.group().upper()
