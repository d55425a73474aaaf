"""Plain items are read without feedparser, and the same is found in them as feedparser finds."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.models import Entry
from monitor.sources.parse import parse
from monitor.sources.reduce import Document, Reduced, reduce
from tests.reading import ATOM, URL, rss

FEED = '<feed xmlns="http://www.w3.org/2005/Atom">{}</feed>'
NAMESPACES = (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:atom="http://www.w3.org/2005/Atom"'
)
NOT_PLAIN = "<unheard-of/>"


def reduced(text: str) -> Reduced:
    outcome = reduce(text.encode("utf-8", "replace"), content_type=None, url=URL, known=frozenset())
    assert isinstance(outcome, Reduced)
    return outcome


def entries(document: Reduced) -> tuple[Entry, ...]:
    read = parse(document)
    assert isinstance(read, Document), read
    return read.entries


def by_feedparser(document: Reduced) -> tuple[Entry, ...]:
    """The same items with an element more, which feedparser finds nothing in."""
    first, *others = document.items.new
    cut = first.rindex("</")
    return entries(
        replace(document, items=replace(document.items, new=(first[:cut] + NOT_PLAIN + first[cut:], *others)))
    )


WORDS = st.sampled_from(
    [
        *("DeepSeek", "엔비디아", "深度求索", "déjà", "Ã©tat", "â€œquotedâ€", "17%", "é", " ", "\n\t", "\x85"),
        *("a &amp; b", "&amp;amp;", "&amp;copy;", "&lt;b&gt;x&lt;/b&gt;", "&#233;", "&#150;", "&#8217;", "&nbsp;"),
        *("<![CDATA[<p>R1 &amp; V3</p>]]>", "<![CDATA[ ]]>", "<!-- no -->", "<?pi?>"),
        *("jo@example.org (Jo)", "mailto:jo@example.org"),
    ]
)
TEXTS = st.lists(WORDS, max_size=4).map("".join)
ADDRESSES = st.sampled_from(
    [
        *("https://news.example/1?a=1&amp;b=2", "https://news.example/1?a=1&amp;b;=2", "https:////news.example/1"),
        *(" https://news.example/2 ", "HTTPS://News.Example/ü", "//news.example/3", "/relative", "é", ""),
        *("tag:news.example,2025:1", "javascript:x"),
    ]
)
DATES = st.sampled_from(
    ["Mon, 27 Jan 2025 09:31:00 EST", "2025-01-27T14:31:00Z", "", "soon", "2025-01-27 오후 11:31:00"]
)
TYPES = st.sampled_from(
    ["", "", ' type="html"', ' type="TEXT"', ' type="text/html"', ' xml:lang="ko"', ' type="xhtml"']
)
RELS = st.sampled_from(["", ' rel="alternate"', ' rel="self"', ' rel="Alternate"', ' type="text/html"', ' type="a/b"'])


NONE = st.just("")


def element(
    name: str, texts: st.SearchStrategy[str], attributes: st.SearchStrategy[str] = NONE
) -> st.SearchStrategy[str]:
    return st.builds(lambda text, given: f"<{name}{given}>{text}</{name}>", texts, attributes)


RSS_ELEMENTS = st.one_of(
    element("title", TEXTS, TYPES),
    element("link", ADDRESSES),
    element(
        "guid", ADDRESSES, st.sampled_from(["", ' isPermaLink="false"', ' isPermaLink="true"', ' isPermaLink="1"'])
    ),
    element("pubDate", DATES),
    element("description", TEXTS),
    element("content:encoded", TEXTS),
    element("author", TEXTS),
    element("dc:creator", TEXTS),
    element("dc:date", DATES),
    element("source", TEXTS, st.just(' url="https://other.example/"')),
    st.builds('<atom:link{} href="{}"/>'.format, RELS, ADDRESSES),
    element("atom:updated", DATES),
    element("category", TEXTS),
    TEXTS,
)
ATOM_ELEMENTS = st.one_of(
    element("title", TEXTS, TYPES),
    element("id", ADDRESSES),
    st.builds('<link{} href="{}"/>'.format, RELS, ADDRESSES),
    element("published", DATES),
    element("updated", DATES),
    element("summary", TEXTS, TYPES),
    element("content", TEXTS, TYPES),
    st.builds(
        "<author>{}{}</author>".format, element("name", TEXTS), st.sampled_from(["", "<email>jo@example.org</email>"])
    ),
    element("contributor", element("name", TEXTS)),
)
RSS_ITEMS = st.lists(RSS_ELEMENTS, min_size=1, max_size=7).map("".join)
ATOM_ITEMS = st.lists(ATOM_ELEMENTS, min_size=1, max_size=7).map("".join)


@given(st.lists(RSS_ITEMS, min_size=1, max_size=3))
def test_in_any_rss_the_same_is_found_as_by_feedparser(items: list[str]) -> None:
    document = reduced(rss(*items, attributes=NAMESPACES))
    assert entries(document) == by_feedparser(document)


@given(st.lists(ATOM_ITEMS, min_size=1, max_size=3))
def test_in_any_atom_the_same_is_found_as_by_feedparser(items: list[str]) -> None:
    document = reduced(FEED.format("".join(f"<entry>{item}</entry>" for item in items)))
    assert entries(document) == by_feedparser(document)


PLAIN_RSS = rss(
    "<title>Nvidia &amp; the déjà vu</title><link>https://news.example/1</link><guid>https://news.example/1</guid>"
    "<pubDate>Mon, 27 Jan 2025 09:31:00 EST</pubDate><description><![CDATA[<p>R1</p>]]></description>"
    "<dc:creator>Jo</dc:creator><category>AI</category>"
    '<source url="https://other.example/">Other</source><atom:link rel="self" href="https://news.example/feed"/>',
    attributes=NAMESPACES,
)
PLAIN_ATOM = (
    ATOM.replace("xhtml", "html").replace('<div xmlns="http://www.w3.org/1999/html">', "").replace("</div>", "")
)
LOADS = """
import sys
from monitor.sources.parse import read
text = sys.stdin.buffer.read()
print(len(read(text, content_type=None, url="https://news.example/feed", known=frozenset()).entries))
print("feedparser" in sys.modules)
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAIN_RSS, ["1", "False"]),
        (PLAIN_ATOM.replace("<p>", "").replace("</p>", ""), ["2", "False"]),
        (PLAIN_RSS.replace("<category>", f"{NOT_PLAIN}<category>"), ["1", "True"]),
        (PLAIN_RSS.replace("<rss ", '<rss xml:base="https://base.example/" '), ["1", "True"]),
        (ATOM, ["2", "True"]),
    ],
)
def test_feedparser_is_loaded_for_what_is_not_plain_alone(text: str, said: list[str]) -> None:
    program = subprocess.run([sys.executable, "-c", LOADS], input=text.encode(), capture_output=True, check=True)
    assert program.stdout.decode().split() == said
