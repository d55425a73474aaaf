"""The parser's rim: an answer's status, headers and body -> entries, or why there are none."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from functools import cache

import httpx
from msgspec.structs import replace

from fuzz.promises import nothing_touched, one_clean_line, texts_in, within
from monitor.markup import clean
from monitor.models import Entry, Failed
from monitor.sources.answers import Answer, redirect_target, refusal, response
from monitor.sources.fault import Fault
from monitor.sources.inflate import inflate
from monitor.sources.parse import load_parser, parse
from monitor.sources.reduce import Document, Reduced, reduce

URL = httpx.URL("https://news.example/feeds/all.xml")
NOW = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
MAX_BYTES = 1 << 20
LANGUAGES = ("", "en", "ko", "zh-cn", "ja")
REDUCING, PARSING = 1.0, 2.0  # seconds for 32 KB: a hundred times what it takes
LONGEST_REASON = 1000  # characters
HEADLINE_HELD = 1000  # characters of a title, as `clean` has it

_RSS = """\
:status 200
Content-Type: application/rss+xml; charset=utf-8
ETag: "5f-1"
Last-Modified: Mon, 27 Jan 2025 09:00:00 GMT
Cache-Control: max-age=300
Date: Mon, 27 Jan 2025 14:29:58 GMT

<?xml version="1.0" encoding="utf-8"?><!DOCTYPE rss [<!ENTITY raquo "&#187;">]>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:media="http://search.yahoo.com/mrss/" xmlns:g="http://www.opengis.net/gml"><channel>
<title>Wire &raquo; Markets</title><link>https://news.example/</link><language>en-us</language><ttl>15</ttl>
<skipHours><hour>3</hour></skipHours><skipDays><day>Sunday</day></skipDays>
<item><title>DeepSeek&#8217;s model &amp; Nvidia&nbsp;fall 17%</title><link>https://news.example/1?a=1&amp;b=2</link>
<guid isPermaLink="false">tag:news.example,2025:1</guid><pubDate>Mon, 27 Jan 2025 09:31:00 EST</pubDate>
<description><![CDATA[<p>Shares <b>fell</b> &#27;[31m<a href="/x">more</a></p><script>x()</script>]]></description>
<dc:creator>A. Writer (a@news.example)</dc:creator><category>Tech</category><media:content url="https://x/y.jpg"/></item>
<item><title><![CDATA[딥시크 충격에 &amp;lt;b&amp;gt;엔비디아 급락]]></title><guid>https://news.example/2</guid>
<pubDate>2025-01-27 오후 11:31:00</pubDate><content:encoded>x</content:encoded><g:pos>1 2</g:pos></item>
</channel></rss>
"""
_ATOM = """\
:status 200
Content-Type: application/atom+xml
Expires: Mon, 27 Jan 2025 15:00:00 GMT
Age: 12

<?xml version='1.0'?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="zh-CN" xml:base="https://news.example/a/">
<title type="html">&lt;b&gt;Wire&lt;/b&gt;</title><link rel="alternate" href="/"/>
<updated>2025-01-27T14:00:00Z</updated>
<entry><title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">深度求索<b>冲击</b>美股</div></title>
<id>urn:uuid:1</id><link rel="alternate" href="b/1.html"/><link rel="enclosure" href="x.mp3"/>
<published>2025-01-27T22:31:05.123+08:00</published><updated>2025-01-27T22:40:00+08:00</updated>
<author><name>作者</name></author><summary type="html">&lt;p&gt;text&lt;/p&gt;</summary><!-- a comment --></entry>
<entry><title>Second</title><id>urn:uuid:2</id><link href="https://other.example/2"/>
<content type="text">c</content></entry>
</feed>
"""
_RDF = """\
:status 200
Content-Type: text/xml; charset=euc-kr

<?xml version="1.0" encoding="EUC-KR"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://k.example/">
<title>한국 뉴스</title><link>https://k.example/</link></channel>
<item rdf:about="https://k.example/1"><title>[속보] 코스피 하락</title><link>https://k.example/1</link>
<dc:date>2025-01-27T23:31:00+09:00</dc:date><description>본문</description></item></rdf:RDF>
"""
_REDIRECT = """\
:status 301
Location: //other.example:8080/feed?x=1#y
Retry-After: 120

"""


@cache
def samples() -> tuple[bytes, ...]:
    """Answers as servers give them: a head of lines, an empty line, a body."""
    head, _, body = _ATOM.encode().partition(b"\n\n")
    packed = head + b"\nContent-Encoding: deflate\n\n" + zlib.compress(body)
    korean = _RDF.encode("euc-kr")
    return _RSS.encode(), _ATOM.encode(), korean, _REDIRECT.encode(), packed, _RSS.encode("utf-16")


PIECES: tuple[bytes, ...] = (
    b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<?", b"?>", b"</", b"/>", b'"', b"'", b"\n", b"\n\n",
    b"<item>", b"</item>", b"<entry>", b"</entry>", b"<title>", b"</title>", b"<channel>", b"</rss>", b"<feed>",
    b"<b>", b"<p x=", b"<div>", b"<svg>", b"<script>", b"<source>", b"<author>", b"<image>", b"<content><div>",
    b"&#27;", b"&#x9b;", b"&#xD800;", b"&#1114112;", b"&#0;", b"&#8238;", b"&nbsp;", b"&amp;", b"&amp;amp;", b"&x;",
    b"<!DOCTYPE html>", b'<!DOCTYPE x [<!ENTITY x "y">]>', b'<!ENTITY x SYSTEM "file:///etc/passwd">', b"%x;",
    b"<xi:include href='file:///etc/passwd'/>", b'<g:Point srsName="urn:ogc:def:crs:EPSG:9:oops">',
    b"<g:pos>1</g:pos>", b"xml:base='javascript:'", b"xmlns='x'", b" type='xhtml'",
    b" type='application/octet-stream'", b' mode="base64"', b"\x00", b"\x1b]52;c;eA==\x07", b"\x9b", b"\xff\xfe",
    b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc3", b"\xf4", b"javascript:alert(1)", b"file:///etc/passwd",
    b"--help", b"https://a@b/", b"http://[::1", b"//x", b"\\", b"Mon, 31 Feb 2025 25:61:61 +9999",
    b"0000-00-00T00:00:00Z", b"9999-12-31T23:59:59-23:59", b"1737988200", b"KST", b"charset=utf-16", b"charset=utf-7",
    b"charset=hz", b"encoding='euc-kr'", b"encoding='johab'", b"encoding='idna'", b":status 429", b":status 304",
    b":status 999", b"Content-Encoding: gzip\n", b"Content-Encoding: gzip, br\n", b"Location: ",
    b"Retry-After: 9999999999999999999999\n", b"Expires: 0\n", b"Cache-Control: max-age=-1\n", b"ETag: ",
    *(char.encode() for char in "\u202e\u2028\u200d\u0301\ufdd0\U000e0041딥\x85"),
)  # fmt: skip


def fuzz_parse(data: bytes) -> None:
    """`data` is an answer as in `samples`. Raises AssertionError where its reading breaks a promise."""
    answer = _answer(data)
    load_parser()
    with nothing_touched():
        try:
            body = _document(answer)
        except Fault as fault:
            failed = fault.failed(None)
            one_clean_line(failed.reason)
            assert failed.reason
            return
        if body is not None:
            _read(body, answer.headers.get("content-type"), LANGUAGES[len(data) % len(LANGUAGES)])


def _answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\n\n")
    status = 200
    headers: list[tuple[bytes, bytes]] = []
    for line in head.split(b"\n"):
        name, _, value = line.strip(b"\r").partition(b":")
        if name == b"" and value.startswith(b"status "):
            digits = value.removeprefix(b"status ")[:3]
            status = int(digits) if digits.isdigit() and len(digits) == 3 else status
        elif name and not {*b"\0\r"} & {*line}:  # which the HTTP reader refuses
            headers.append((name, value.strip()))
    return Answer(status, httpx.Headers(headers), body)


def _document(answer: Answer) -> bytes | None:
    """The body to read, if it is one. Raises Fault."""
    with within(REDUCING):
        target = redirect_target(URL, answer)
        if target is not None:
            assert target.scheme in ("http", "https")
            assert not target.userinfo
            return None
        said = response(answer, now=NOW, latency=timedelta(0), permanent_url=None)
        for validator in filter(None, (said.etag, said.last_modified)):
            one_clean_line(validator)
        assert said.wait is None or said.wait > timedelta(0)
        if not answer.has_document:
            raise refusal(URL.host, answer, NOW)
        return inflate(answer.body, answer.headers.get("content-encoding", ""), max_bytes=MAX_BYTES)


def _read(body: bytes, content_type: str | None, language: str) -> None:
    url = str(URL)
    with within(REDUCING * max(1.0, len(body) / 32_768)):
        reduced = reduce(body, content_type=content_type, url=url, known=frozenset(), language=language)
    if isinstance(reduced, Reduced):
        if not reduced.light and len(body) > 32_768:
            return  # for a process that can be killed
        with within(PARSING):
            read = parse(reduced)
        if isinstance(read, Document) and not read.damaged and not reduced.items.whole:
            assert read == parse(_not_plain(reduced)), "feedparser finds something else"
    else:
        read = reduced
    if isinstance(read, Failed):
        one_clean_line(read.reason)
        assert 0 < len(read.reason) <= LONGEST_REASON
        return
    _judge(read)
    if read.item_digests:
        again = reduce(body, content_type=content_type, url=url, known=read.item_digests, language=language)
        assert isinstance(again, Document), "what is known has to be read once more"
        assert not again.entries


def _not_plain(reduced: Reduced) -> Reduced:
    """The same with an element more, for whose sake feedparser reads it."""
    first, *others = reduced.items.new
    end = first.rindex("</")
    return replace(reduced, items=replace(reduced.items, new=(f"{first[:end]}<unheard-of/>{first[end:]}", *others)))


def _judge(document: Document) -> None:
    for text in filter(None, (document.title, document.damaged)):
        one_clean_line(text)
    keys = [entry.key for entry in document.entries]
    assert len(keys) == len(set(keys)), "two entries have one key"
    for entry in document.entries:
        _judge_entry(entry)


def _judge_entry(entry: Entry) -> None:
    for text in texts_in(entry):
        one_clean_line(text)
        text.encode()
    assert entry.key
    assert entry.title
    assert len(entry.title) <= HEADLINE_HELD or entry.title == entry.link
    assert entry.link is None or entry.link.startswith(("http://", "https://"))
    for text in (entry.summary, entry.author or "", entry.title if entry.title != entry.link else ""):
        assert clean(text, limit=len(text) + 1) == text, f"cleaned twice is another text: {text[:200]!a}"
    for at in (entry.published_at, entry.updated_at):
        assert at is None or at.utcoffset() == timedelta(0)
