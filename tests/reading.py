"""RSS documents for tests, and what `read` makes of them."""

from __future__ import annotations

from monitor.models import Entry
from monitor.sources.parse import read
from monitor.sources.reduce import Document

URL = "https://news.example.com/feeds/rss.xml"
NOTHING: frozenset[bytes] = frozenset()


def document(
    text: str | bytes, *, known: frozenset[bytes] = NOTHING, url: str = URL, language: str = "", content_type: str = ""
) -> Document:
    body = text if isinstance(text, bytes) else text.encode()
    result = read(body, content_type=content_type or None, url=url, known=known, language=language)
    assert isinstance(result, Document), result
    return result


def rss(*items: str, head: str = "", attributes: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"{attributes}><channel><title>Wire</title>{head}'
        + "".join(f"<item>{item}</item>" for item in items)
        + "</channel></rss>"
    )


def only(text: str, *, language: str = "", url: str = URL) -> Entry:
    (entry,) = document(text, language=language, url=url).entries
    return entry


ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
  <title type="text">Releases &amp; notes</title><link rel="self" href="https://example.org/feed"/>
  <id>tag:example.org,2025:feed</id><updated>2025-01-27T12:00:00Z</updated>
  <entry>
    <title type="html">R1 &lt;b&gt;released&lt;/b&gt; &amp;amp; open</title>
    <link rel="enclosure" href="https://example.org/r1.zip"/><link href="https://example.org/r1?a=1&amp;b=2"/>
    <id>tag:example.org,2025:r1</id><updated>2025-01-27T11:00:00+09:00</updated>
    <author><name>Jo</name><email>jo@example.org</email></author>
    <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Weights.</p><p>Paper.</p></div></content>
  </entry>
  <entry><title>V3</title><id>tag:example.org,2025:v3</id><updated>2024-12-26T00:00:00Z</updated></entry>
</feed>"""

RDF = """<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
         xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://example.jp/"><title>速報</title><link>https://example.jp/</link>
    <items><rdf:Seq><rdf:li rdf:resource="https://example.jp/1"/><rdf:li rdf:resource="https://example.jp/2"/></rdf:Seq></items>
  </channel>
  <item rdf:about="https://example.jp/1"><title>一</title><link>https://example.jp/1</link>
    <dc:date>2025-01-27T09:00:00+09:00</dc:date><dc:creator>記者</dc:creator></item>
  <item rdf:about="https://example.jp/2"><title>二</title><link>https://example.jp/2</link></item>
</rdf:RDF>"""
