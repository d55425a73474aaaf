"""Documents of all kinds: the syntaxes, what is new in them, what they say of themselves, and what is no feed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from monitor.models import Entry, Failed, FailureKind
from monitor.sources.parse import read
from tests.reading import ATOM, NOTHING, RDF, URL, document, only, rss


def test_an_rss_item_becomes_an_entry() -> None:
    entry = only(
        rss(
            "<title>Nvidia falls</title><link>https://example.com/a?x=1&amp;y=2</link>"
            '<guid isPermaLink="false">id-1</guid>'
            "<description>&lt;p&gt;One.&lt;/p&gt;&lt;p&gt;Two.&lt;/p&gt;</description>"
            "<author>desk@example.com (Jane Doe)</author><pubDate>Mon, 27 Jan 2025 09:31:00 EST</pubDate>"
        )
    )
    assert entry == Entry(
        key="id-1",
        title="Nvidia falls",
        link="https://example.com/a?x=1&y=2",
        summary="One. Two.",
        author="Jane Doe",
        published_at=datetime(2025, 1, 27, 14, 31, tzinfo=UTC),
    )


def test_atom_entries_are_read_with_their_own_links_and_dates() -> None:
    result = document(ATOM)
    assert result.title == "Releases & notes"
    first, second = result.entries
    assert (first.key, first.title) == ("tag:example.org,2025:r1", "R1 released & open")
    assert first.link == "https://example.org/r1?a=1&b=2"
    assert first.summary == "Weights. Paper."
    assert first.updated_at == datetime(2025, 1, 27, 2, tzinfo=UTC)
    assert second.link is None
    assert len(result.item_digests) == 2


def test_an_entry_that_says_only_when_it_was_updated_counts_as_published_then() -> None:
    first, _ = document(ATOM).entries
    assert first.published_at == first.updated_at


def test_a_publication_date_that_cannot_be_trusted_is_not_replaced_by_the_update() -> None:
    entry = only(rss("<title>x</title><pubDate>yesterday</pubDate>"))
    assert entry.published_at is None


def test_rss_1_items_outside_of_the_channel_are_read() -> None:
    result = document(RDF)
    assert [(entry.key, entry.title, entry.author) for entry in result.entries] == [
        ("https://example.jp/1", "一", "記者"),
        ("https://example.jp/2", "二", None),
    ]
    assert result.entries[0].published_at == datetime(2025, 1, 27, tzinfo=UTC)
    assert result.title == "速報"
    assert len(result.item_digests) == 2


def test_elements_with_a_prefix_are_read() -> None:
    text = ATOM.replace("xmlns=", "xmlns:atom=").replace('<div xmlns:atom="http://www.w3.org/1999/xhtml">', "<div>")
    for name in ("feed", "entry", "title", "link", "id", "updated", "author", "name", "email", "content"):
        text = text.replace(f"<{name}", f"<atom:{name}").replace(f"</{name}", f"</atom:{name}")
    result = document(text)
    assert [entry.key for entry in result.entries] == ["tag:example.org,2025:r1", "tag:example.org,2025:v3"]
    assert result.title == "Releases & notes"
    assert len(result.item_digests) == 2


def test_only_new_items_come_back_and_all_digests() -> None:
    before = document(rss("<guid>1</guid><title>one</title>", "<guid>2</guid><title>two</title>"))
    after = document(
        rss(
            "<guid>3</guid><title>three</title>", "<guid>1</guid><title>one</title>", "<guid>2</guid><title>two</title>"
        ),
        known=before.item_digests,
    )
    assert [entry.title for entry in after.entries] == ["three"]
    assert after.item_digests > before.item_digests
    assert len(after.item_digests) == 3


def test_an_item_edited_in_place_comes_back_under_its_key() -> None:
    before = document(rss("<guid>1</guid><title>one</title>", "<guid>2</guid><title>two</title>"))
    after = document(
        rss("<guid>1</guid><title>One</title>", "<guid>2</guid><title>two</title>"), known=before.item_digests
    )
    assert [(entry.key, entry.title) for entry in after.entries] == [("1", "One")]


def test_a_document_with_another_build_date_has_nothing_new() -> None:
    item = "<guid>1</guid><title>one</title>"
    before = document(rss(item, head="<lastBuildDate>Mon, 27 Jan 2025 09:00:00 GMT</lastBuildDate>"))
    after = document(
        rss(item, head="<lastBuildDate>Mon, 27 Jan 2025 09:10:00 GMT</lastBuildDate>"), known=before.item_digests
    )
    assert after.entries == ()
    assert after.item_digests == before.item_digests
    assert after.title == "Wire"


def test_nothing_new_means_no_parser_not_even_its_import() -> None:
    program = """
import sys
from monitor.sources.parse import read
from monitor.sources.reduce import Document
body = b"<rss><channel><title>t</title><item><guid>1</guid></item></channel></rss>"
from monitor.sources.items import cut, find_root
root = find_root(body.decode())
known = cut(body.decode(), root, frozenset()).digests
result = read(body, content_type=None, url="https://example.com/", known=known)
assert isinstance(result, Document) and result.entries == () and result.item_digests == known, result
assert "feedparser" not in sys.modules
assert "charset_normalizer" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_an_empty_feed_is_a_feed() -> None:
    result = document(rss())
    assert result.entries == ()
    assert result.damaged is None


# What the document says of itself


def test_hints_are_read_whether_or_not_anything_is_new() -> None:
    head = (
        "<ttl> 60 </ttl><skipHours><hour>0</hour><hour>23</hour><hour>24</hour><hour>77</hour></skipHours>"
        "<skipDays><day>Saturday</day><day>sunday</day><day>Funday</day></skipDays>"
    )
    text = rss("<title>t</title>", head=head)
    first = document(text)
    for result in (first, document(text, known=first.item_digests)):
        assert result.ttl == timedelta(hours=1)
        assert result.skip_hours == {0, 23}
        assert result.skip_days == {5, 6}


def test_absurd_hints_are_no_hints() -> None:
    head = "<ttl>99999999999999999999</ttl><skipHours><hour>x</hour><skipDays/>"
    result = document(rss("<title>t</title>", head=head))
    assert (result.ttl, result.skip_hours, result.skip_days) == (None, frozenset(), frozenset())


def test_the_language_decides_what_a_time_without_zone_means() -> None:
    text = rss("<title>t</title><pubDate>2025-01-27 18:00:00</pubDate>")
    nine = datetime(2025, 1, 27, 9, tzinfo=UTC)
    assert only(text, language="ko").published_at == nine
    assert only(text.replace("<item>", "<language>ko</language><item>"), language="en").published_at == nine
    assert only(text).published_at == datetime(2025, 1, 27, 18, tzinfo=UTC)


# Not a feed


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "an empty document, not a feed"),
        (b" \n\t ", "an empty document, not a feed"),
        (b"\xef\xbb\xbf", "an empty document, not a feed"),
        (b"<!DOCTYPE html><html><head><title>Log in</title></head></html>", "an HTML page, not a feed"),
        (b"\n<!-- x --><HTML><body><rss></rss></body></HTML>", "an HTML page, not a feed"),
        (b'{"version": "https://jsonfeed.org/version/1.1", "items": []}', "a JSON document, not RSS or Atom"),
        (b"Too many requests", "text without markup, not a feed"),
        (
            b'<?xml version="1.0"?><opml version="2.0"><body/></opml>',
            "neither RSS nor Atom, its first element is <opml>",
        ),
        (b"<body>Down for maintenance</body>", "an HTML page, not a feed"),
        (
            b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
            "neither RSS nor Atom, its first element is <error>",
        ),
        (b"\x00\x01\x02\x03" * 100, "text without markup, not a feed"),
    ],
)
def test_what_is_no_feed_is_said_in_words(body: bytes, reason: str) -> None:
    result = read(body, content_type="text/html", url=URL, known=NOTHING)
    assert result == Failed(kind=FailureKind.NOT_A_FEED, reason=reason)


def test_a_feed_behind_a_servers_warning_is_read() -> None:
    text = "<br />\n<b>Warning</b>: something in /srv/x.php\n" + rss("<title>t</title>")
    assert only(text).title == "t"


def test_a_feed_served_as_html_is_read() -> None:
    assert document(rss("<title>t</title>"), content_type="text/html; charset=utf-8").entries[0].title == "t"
