"""Malformed, poisoned and hostile documents: entries kept where there are any, never an exception, never a fetch."""

from __future__ import annotations

import unicodedata
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.models import Failed, FailureKind
from monitor.sources.parse import read
from monitor.sources.reduce import Document

URL = "https://example.com/feed"
NOTHING: frozenset[bytes] = frozenset()
POISON = '<g:Point srsName="urn:ogc:def:crs:EPSG:9:oops"><g:pos>1 2</g:pos></g:Point>'  # feedparser: int("oops")


def rss(inside: str, attributes: str = "", before: str = '<?xml version="1.0"?>') -> bytes:
    text = f'{before}<rss version="2.0"{attributes}><channel><title>t</title>{inside}</channel></rss>'
    return text.encode("utf-8", "surrogatepass")


def document(body: bytes) -> Document:
    result = read(body, content_type="application/rss+xml", url=URL, known=NOTHING)
    assert isinstance(result, Document), result
    return result


def shown(body: bytes) -> list[str]:
    return [entry.title for entry in document(body).entries]


# What feedparser raises on


def test_a_document_type_with_a_backslash_is_read() -> None:
    before = '<!DOCTYPE rss [\n<!ENTITY path "C:\\x">\n]>'
    assert shown(rss("<item><title>in &path;</title></item>", before=before)) == ["in C:\\x"]


@pytest.mark.parametrize("reference", ["&#1114112;", "&#xD800;", "&#55296;", "&#x110000;", "&#0;", "&#27;", "&#xFFFF;"])
@pytest.mark.parametrize("spoilt", ["", "<b>"])
def test_references_to_no_character_are_dropped(reference: str, spoilt: str) -> None:
    assert shown(rss(f"<item><title>a{reference}b</title>{spoilt}</item>")) == ["ab"]


@pytest.mark.parametrize("raw", ["\x1b]52;c;eA==\x07", "\x00", "\x0b", "\ufffe", "\x7f", "\x9b31m", "\u202e", "&#x9b;"])
def test_no_control_character_gets_through(raw: str) -> None:
    body = rss(
        f"<item><title>a{raw}</title><description><![CDATA[b{raw} &#27;[2J]]></description><author>c{raw}</author>"
        f"<guid>d{raw}</guid><link>https://example.com/{raw}</link></item>"
    )
    (entry,) = document(body).entries
    for text in (entry.key, entry.title, entry.summary, entry.author or "", entry.link or ""):
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in text), ascii(text)


def test_an_item_the_parser_raises_on_costs_only_itself() -> None:
    body = rss(
        f"<item><title>a</title></item><item><title>b</title>{POISON}</item><item><title>c</title></item>",
        ' xmlns:g="http://www.opengis.net/gml"',
    )
    result = document(body)
    assert [entry.title for entry in result.entries] == ["a", "c"]
    assert "ValueError" in (result.damaged or "")
    assert len(result.item_digests) == 3


@pytest.mark.parametrize(
    "spoilt", ["<source>", "<description>", "<svg>", "<content><div>", '<p x="', "<author>", "<image>"]
)
def test_a_malformed_item_spoils_no_other(spoilt: str) -> None:
    body = rss(f"<item><title>a</title>{spoilt}</item><item><title>b</title><description>c</description></item>")
    first, second = document(body).entries
    assert (first.title, second.title, second.summary) == ("a", "b", "c")


def test_a_document_of_nothing_the_parser_can_read_fails_in_words() -> None:
    result = read(
        rss(f"<item>{POISON}</item>", ' xmlns:g="http://www.opengis.net/gml"'),
        content_type=None,
        url=URL,
        known=NOTHING,
    )
    assert isinstance(result, Failed)
    assert result.kind is FailureKind.PARSER
    assert result.reason.startswith("malformed, and no entry could be read: ValueError: invalid literal")


def test_elements_nested_a_hundred_thousand_deep_are_no_recursion() -> None:
    result = read(
        rss("<item><title>a</title>" + "<a>" * 2000 + "</a>" * 2000 + "</item>"),
        content_type=None,
        url=URL,
        known=NOTHING,
    )
    assert isinstance(result, Document)
    assert [entry.title for entry in result.entries] == ["a"]


# Malformed, with entries


@pytest.mark.parametrize(
    "body",
    [
        b"<rss><channel><item><title>a</title></item><item><title>b",
        b"<rss><channel><item><title>a</title></item>",
        b"<rss><channel><item><title>a</title><link>https://example.com/</channel></rss>",
        b"<rss><channel><item><title>a</title><p>x</item></channel></rss>",
        b"<rss><channel><item><title>a</title><media:x>1</media:x><un:bound/></item></channel></rss>",
        b"<rss><channel><item><title>a</title><description>1 < 2 <3</description></item></channel></rss>",
        b"<rss><channel><item><title>a</title><link>https://example.com/?a=1&b=2</link></item></channel></rss>",
        b"<rss><channel><item><title>a</title><a b=c d/></item></channel></rss>",
        b"\n \n<?xml version='1.0'?><rss><channel><item><title>a</title></item></channel></rss>",
        b"<rss><channel><item><title>a</title></item></channel></rss>trailing <junk",
        b"<RSS><CHANNEL><ITEM><TITLE>a</TITLE></ITEM></CHANNEL></RSS>",
        b"<rss><channel><item><title>a</title></item><item><title><![CDATA[b</title></item></channel></rss>",
    ],
)
def test_malformed_feeds_keep_their_entries(body: bytes) -> None:
    assert shown(body)[0].startswith("a")


def test_what_is_malformed_is_said() -> None:
    assert (document(b"<rss><channel><item><title>a</title><p>x</item></channel></rss>").damaged or "").startswith(
        "not well-formed"
    )


def test_a_feed_cut_off_before_its_first_item_fails() -> None:
    result = read(b"<rss><channel><title>t</title>", content_type=None, url=URL, known=NOTHING)
    assert isinstance(result, Failed)
    assert result.kind is FailureKind.PARSER


# Entities


def test_an_entity_bomb_stays_small() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    before = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>'
    (title,) = shown(rss("<item><title>a &l9; b &l0;</title></item>", before=before))
    assert title == "a &l9; b lol"


def test_an_entity_that_is_long_and_used_often_stays_text() -> None:
    before = f'<!DOCTYPE rss [<!ENTITY x "{"A" * 60}">]>'
    (entry,) = document(
        rss(f"<item><title>a</title><description>{'&x;' * 5000}</description></item>", before=before)
    ).entries
    assert "AAAA" not in entry.summary


def test_nothing_outside_is_fetched(tmp_path: Path) -> None:
    asked: list[str] = []

    class Outside(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<!ENTITY leak 'leaked'>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class has it so)
            pass

    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    server = HTTPServer(("127.0.0.1", 0), Outside)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    outside = f"http://127.0.0.1:{server.server_port}"
    before = (
        f'<?xml version="1.0"?><?xml-stylesheet href="{outside}/style"?>'
        f'<!DOCTYPE rss PUBLIC "-//X//EN" "{outside}/dtd" [<!ENTITY % p SYSTEM "{outside}/parameter"> %p;'
        f'<!ENTITY file SYSTEM "file://{secret}"><!ENTITY net SYSTEM "{outside}/general">]>'
    )
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{secret}" parse="text"/>'
    try:
        body = rss(f"<item><title>a &file; &net; &leak;</title>{include}</item>", before=before)
        assert shown(body) == ["a &file; &net; &leak;"]
        assert shown(body.replace(b"</title>", b"</title><p>")) == ["a &file; &net; &leak;"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []


# Sizes


def test_a_title_of_ten_megabytes_is_cut() -> None:
    for title in (
        "Nvidia " * 1_500_000,
        "<![CDATA[" + "x" * 10_000_000 + "]]>",
        "&amp;" * 300_000,
        "딥시크" * 1_200_000,
    ):
        result = document(
            rss(f"<item><guid>1</guid><title>{title}</title></item><item><guid>2</guid><title>b</title></item>")
        )
        assert [entry.key for entry in result.entries] == ["1", "2"]
        assert len(result.entries[0].title) <= 1000


def test_of_a_hundred_thousand_entries_the_first_thousand_are_read() -> None:
    body = rss("".join(f"<item><guid>{n}</guid><title>t</title></item>" for n in range(100_000)))
    result = document(body)
    assert [entry.key for entry in result.entries] == [str(n) for n in range(1000)]
    assert len(result.item_digests) == 1000
    assert result.damaged == "only its first 1,000 entries were looked at"


# Anything


VALID = (
    b'<?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY a "b">]>'
    b'<rss xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title><ttl>5</ttl>'
    b"<item><guid>1</guid><title>A &a; \xeb\x94\xa5</title><link>https://example.com/1</link>"
    b"<pubDate>Mon, 27 Jan 2025 09:00:00 GMT</pubDate><description><![CDATA[<p>x</p>]]></description></item>"
    b"<item><guid>2</guid><title>B</title><dc:creator>c</dc:creator><content type='xhtml'><div>y</div></content></item>"
    b"</channel></rss>"
)
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, len(VALID)),
        st.integers(0, 12),
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from(
                [b"<", b">", b"&", b"<item>", b"</item>", b"<![CDATA[", b"]]>", b"<!--", b"\x00", b"\xff\xfe"]
            ),
        ),
    ),
    max_size=6,
)


@given(DAMAGE)
def test_a_damaged_feed_is_a_document_or_a_failure(damage: list[tuple[int, int, bytes]]) -> None:
    body = VALID
    for at, gone, instead in damage:
        body = body[:at] + instead + body[at + gone :]
    result = read(body, content_type="text/xml; charset=utf-8", url=URL, known=NOTHING)
    if isinstance(result, Document):
        for entry in result.entries:
            assert entry.title
            assert entry.key
            assert entry.link is None or entry.link.startswith(("http://", "https://"))
    else:
        assert result.kind in (FailureKind.PARSER, FailureKind.NOT_A_FEED)
        assert result.reason.isprintable()


@given(st.binary(max_size=200), st.sampled_from([None, "text/xml", "text/html; charset=euc-kr", "x; charset=\x00"]))
def test_any_bytes_are_a_document_or_a_failure(body: bytes, content_type: str | None) -> None:
    read(body, content_type=content_type, url=URL, known=NOTHING)
