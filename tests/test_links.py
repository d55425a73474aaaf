"""Addresses: what may be opened, and which are the same page."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.links import MAX_LENGTH, canonical, safe_link

steady = settings(max_examples=200, deadline=None, derandomize=True, database=None)
PIECES = st.sampled_from(
    [
        *"aZ9/:?#&=%@.-_[]\\<> \t\n\u202e딥é|",
        "http",
        "https",
        "://",
        "//",
        "www.",
        "%41",
        "%2f",
        "utm_source=x",
        ":443",
        "::1",
    ]
)
ADDRESSES = st.one_of(
    st.text(max_size=40),
    st.lists(PIECES, max_size=15).map("".join),
    st.lists(PIECES, max_size=12).map(lambda pieces: "https://example.com/" + "".join(pieces)),
)
EVERYDAY = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https"]),
    st.text("a9.-", min_size=1, max_size=6),
    st.text("aZ9/?=&%.-_~+:;#", max_size=20),
)


@pytest.mark.parametrize(
    ("given_link", "base", "safe"),
    [
        pytest.param("https://example.com/a?b=1#c", None, "https://example.com/a?b=1#c", id="as-it-is"),
        pytest.param("  https://example.com/a\n", None, "https://example.com/a", id="space-around"),
        pytest.param("HTTP://Example.com/A", None, "http://Example.com/A", id="scheme-in-lower-case"),
        pytest.param("https://뉴스.example/딥시크", None, "https://뉴스.example/딥시크", id="international"),
        pytest.param("http://example.com:8080/", None, "http://example.com:8080/", id="port"),
        pytest.param("http://[::1]:80/x", None, "http://[::1]:80/x", id="ipv6"),
        pytest.param("/news/1", "https://example.com/feed.xml", "https://example.com/news/1", id="relative"),
        pytest.param("//cdn.example.com/x", "https://example.com/", "https://cdn.example.com/x", id="scheme-relative"),
        pytest.param("--help", "https://example.com/a/", "https://example.com/a/--help", id="option-like-relative"),
        pytest.param("http://other.example/", "https://example.com/", "http://other.example/", id="absolute-with-base"),
        pytest.param(None, None, None, id="none"),
        pytest.param("", "https://example.com/", None, id="empty"),
        pytest.param("/news/1", None, None, id="relative-without-base"),
        pytest.param("/news/1", "file:///etc/", None, id="relative-to-a-file"),
        pytest.param("javascript:alert(1)", None, None, id="javascript"),
        pytest.param("javascript:alert(1)", "https://example.com/", None, id="javascript-with-base"),
        pytest.param("file:///etc/passwd", None, None, id="file"),
        pytest.param("data:text/html,x", None, None, id="data"),
        pytest.param("--help", None, None, id="option-like"),
        pytest.param("https:///nohost", None, None, id="no-host"),
        pytest.param("https://user:pw@example.com/", None, None, id="credentials"),
        pytest.param("https://good.example@evil.example/", None, None, id="user-that-looks-like-a-host"),
        pytest.param("https://good.example\\@evil.example/", None, None, id="backslash"),
        pytest.param("https://example.com/a b", None, None, id="space-inside"),
        pytest.param("https://example.com/a\nb", None, None, id="line-break-inside"),
        pytest.param("a\nb", "https://example.com/", None, id="line-break-inside-a-relative-one"),
        pytest.param("https://example.com/\x1b]8;;", None, None, id="escape"),
        pytest.param("https://example.com/\u202egpj", None, None, id="bidi"),
        pytest.param("https://example.com/<b>", None, None, id="angle-brackets"),
        pytest.param("https://example.com:99999/", None, None, id="port-out-of-range"),
        pytest.param("https://example.com:x/", None, None, id="port-not-a-number"),
        pytest.param("https://[::1/", None, None, id="bracket-not-closed"),
        pytest.param("https://exa%00mple.com/", None, None, id="escaped-host"),
        pytest.param("https://example.com/" + "a" * MAX_LENGTH, None, None, id="too-long"),
    ],
)
def test_only_plain_web_addresses_are_safe(given_link: str | None, base: str | None, safe: str | None) -> None:
    assert safe_link(given_link, base) == safe


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("http://example.com/a", "https://example.com/a", id="scheme"),
        pytest.param("https://EXAMPLE.com./a", "https://example.com/a", id="host"),
        pytest.param("https://example.com:443/a", "http://example.com:80/a", id="default-port"),
        pytest.param("https://example.com/a#top", "https://example.com/a", id="fragment"),
        pytest.param("https://example.com/a/", "https://example.com/a", id="slash-at-the-end"),
        pytest.param("https://example.com", "https://example.com/?", id="nothing-but-a-host"),
        pytest.param(
            "https://example.com/a?utm_source=x&UTM_Medium=y&fbclid=1", "https://example.com/a", id="tracking"
        ),
        pytest.param("https://example.com/a?.tsrc=rss", "https://example.com/a", id="yahoo-tracking"),
        pytest.param("https://example.com/a?b=2&a=1", "https://example.com/a?a=1&&b=2", id="order"),
        pytest.param("https://example.com/%ed%95%9c", "https://example.com/한", id="escapes"),
        pytest.param("https://example.com/%7ea%2fb", "https://example.com/~a%2Fb", id="needless-escapes"),
    ],
)
def test_addresses_of_one_page_have_one_canonical_form(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("https://example.com/a?id=1", "https://example.com/a?id=2", id="query"),
        pytest.param("https://example.com/a", "https://example.com/A", id="case-of-path"),
        pytest.param("https://m.example.com/a", "https://example.com/a", id="mobile"),
        pytest.param("https://example.com/a/amp", "https://example.com/a", id="amp"),
        pytest.param("https://example.com:8443/a", "https://example.com/a", id="port"),
        pytest.param("https://example.com/a%2Fb", "https://example.com/a/b", id="escaped-slash"),
    ],
)
def test_addresses_of_different_pages_stay_different(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@given(ADDRESSES, st.none() | ADDRESSES)
@steady
def test_a_safe_link_is_safe_again_and_an_http_address(url: str, base: str | None) -> None:
    link = safe_link(url, base)
    if link is not None:
        assert link.startswith(("http://", "https://"))
        assert link.isprintable()
        assert " " not in link
        assert safe_link(link) == link


@given(ADDRESSES | EVERYDAY, st.sampled_from([None, "https://example.com/a/b", "http://example.org"]))
@steady
def test_a_safe_link_is_the_given_one_joined_to_its_base(url: str, base: str | None) -> None:
    link = safe_link(url, base)
    if link is not None:
        joined = urljoin(base, url.strip()) if base is not None else url.strip()
        scheme = urlsplit(joined).scheme
        assert link == scheme + joined[len(scheme) :]


@given(ADDRESSES)
@steady
def test_the_canonical_form_is_its_own(url: str) -> None:
    assert canonical(canonical(url)) == canonical(url)
    link = safe_link(url)
    if link is not None:
        assert canonical(link).startswith("https://")
