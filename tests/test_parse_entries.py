"""Entries out of well-formed items: their identity, titles, summaries and links."""

from __future__ import annotations

import pytest

from tests.reading import ATOM, NOTHING, RDF, document, only, rss

# Identity


def test_without_a_guid_the_link_is_the_key_and_without_both_title_and_date() -> None:
    first, second, third = document(
        rss(
            "<title>a</title><link>https://example.com/a</link>",
            "<title>b</title><pubDate>Mon, 27 Jan 2025 09:00:00 GMT</pubDate>",
            "<title>b</title><pubDate>Tue, 28 Jan 2025 09:00:00 GMT</pubDate>",
        )
    ).entries
    assert first.key == "https://example.com/a"
    assert second.key.startswith("digest:")
    assert second.key != third.key


def test_a_key_made_of_title_and_date_is_the_same_the_next_time() -> None:
    text = rss("<title>b</title><pubDate>Mon, 27 Jan 2025 09:00:00 GMT</pubDate>")
    assert only(text).key == only(text.replace("<title>Wire", "<title>Wired")).key


@pytest.mark.parametrize("parsed_before", [0, 1, 2])
def test_a_guid_that_several_items_carry_is_no_identity_however_many_are_known(parsed_before: int) -> None:
    items = [
        f'<guid isPermaLink="false">same &amp; same</guid><title>t{n}</title><link>https://example.com/{n}</link>'
        for n in range(3)
    ]
    known = document(rss(*items[:parsed_before])).item_digests if parsed_before else NOTHING
    entries = document(rss(*items), known=known).entries
    assert [entry.key for entry in entries] == [f"https://example.com/{n}" for n in range(parsed_before, 3)]


def test_a_link_that_several_items_carry_is_no_identity_either() -> None:
    items = [f"<guid>https://example.com/</guid><link>https://example.com/</link><title>t{n}</title>" for n in range(3)]
    entries = document(rss(*items)).entries
    assert len({entry.key for entry in entries}) == 3
    assert all(entry.key.startswith("digest:") for entry in entries)


def test_an_item_listed_twice_is_one_entry() -> None:
    item = "<guid>1</guid><title>t</title><link>https://example.com/1</link>"
    assert [entry.key for entry in document(rss(item, item + "<description>more</description>")).entries] == ["1"]


def test_guids_repeated_in_a_document_that_cannot_be_cut_are_no_identity() -> None:
    items = [f"<guid>same</guid><title>t{n}</title><link>https://example.com/{n}</link>" for n in range(2)]
    result = document(rss(*items, "<title>nested</title><item><title>inner</title></item>"))
    assert [entry.key for entry in result.entries][:2] == ["https://example.com/0", "https://example.com/1"]
    assert result.item_digests == frozenset()


def test_repeated_rdf_abouts_are_no_identity() -> None:
    entries = document(
        RDF.replace('<item rdf:about="https://example.jp/2">', '<item rdf:about="https://example.jp/1">')
    ).entries
    assert [entry.title for entry in entries] == ["一", "二"]


def test_an_endless_guid_becomes_a_short_key() -> None:
    long = "x" * 3000
    first, second = document(
        rss(f"<guid>{long}1</guid><title>a</title>", f"<guid>{long}2</guid><title>b</title>")
    ).entries
    assert len(first.key) < 64
    assert first.key != second.key


def test_a_guid_with_control_characters_gives_a_key_without() -> None:
    assert only(rss("<guid><![CDATA[a\x1b]52;c;x\u202eb\nc]]></guid><title>a</title>")).key == "a]52;c;xb c"


# Titles and summaries


def test_a_title_is_never_empty() -> None:
    first, second, third = document(
        rss(
            "<guid>1</guid><description>&lt;p&gt;What happened&lt;/p&gt;</description>",
            "<guid>2</guid><title> </title><link>https://example.com/2</link>",
            "<guid>3</guid><title>&lt;img src=x&gt;</title><description>Text</description>",
        )
    ).entries
    assert (first.title, second.title, third.title) == ("What happened", "https://example.com/2", "Text")


def test_an_item_with_nothing_to_show_is_left_out() -> None:
    assert [entry.key for entry in document(rss("<guid>1</guid>", "<guid>2</guid><title>a</title>")).entries] == ["2"]


def test_the_full_text_is_the_summary_where_there_is_no_other() -> None:
    content = ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    full = "<content:encoded><![CDATA[<p>Whole <b>story</b></p>]]></content:encoded>"
    assert only(rss(f"<title>a</title>{full}", attributes=content)).summary == "Whole story"
    both = rss(f"<title>a</title>{full}<description>Short</description>", attributes=content)
    assert only(both).summary == "Short"


def test_a_thumbnails_title_is_not_the_entrys() -> None:
    media = ' xmlns:media="http://search.yahoo.com/mrss/"'
    entry = only(rss("<title>a</title><media:group><media:title>b</media:title></media:group>", attributes=media))
    assert entry.title == "a"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("A &amp;amp; B", "A & B"),
        ("<![CDATA[A &amp; B]]>", "A & B"),
        ("AT&T's &nbsp;plan", "AT&T's plan"),
        ("caf&eacute; &mdash; 5 &lt; 6", "café — 5 < 6"),
        ("R&D &unknown; x", "R&D &unknown; x"),
        ("a&#8217;s &#x2014; b", "a’s — b"),
        ("<!-- no -->딥시크 충격", "딥시크 충격"),
        ("a]]&gt;b", "a]]>b"),
        ("tab\tand\n newline", "tab and newline"),
    ],
)
def test_titles_come_out_as_they_are_meant(raw: str, shown: str) -> None:
    result = document(rss(f"<title>{raw}</title>"))
    assert [entry.title for entry in result.entries] == [shown]
    assert result.damaged is None


# Links


@pytest.mark.parametrize(
    ("item", "link"),
    [
        ("<link>/a/b</link>", "https://www.example.org/a/b"),
        ("<link>a/b</link>", "https://www.example.org/news/a/b"),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>file:///etc/passwd</link>", None),
        ("<link>https://user:secret@example.org/</link>", None),
        ("<guid>https://example.org/perma</guid>", "https://example.org/perma"),
        ("<guid>abc123</guid>", None),
        ('<guid isPermaLink="false">https://example.org/x</guid>', None),
        (
            "<link>https://example.org/proxy</link><fb:origLink>https://example.org/real</fb:origLink>",
            "https://example.org/real",
        ),
        ('<atom:link href="https://example.org/atom" rel="alternate"/>', "https://example.org/atom"),
        ("<link><![CDATA[ https://example.org/a?b=1&c=2 ]]></link>", "https://example.org/a?b=1&c=2"),
        ("<link>https://example.org/a?b=1&copy=2</link>", "https://example.org/a?b=1&copy=2"),
    ],
)
def test_links(item: str, link: str | None) -> None:
    attributes = ' xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0" xmlns:atom="http://www.w3.org/2005/Atom"'
    head = "<link>https://www.example.org/news/</link>"
    assert only(rss(f"<title>t</title>{item}", head=head, attributes=attributes)).link == link


def test_a_relative_link_without_a_site_is_relative_to_the_document() -> None:
    assert only(rss("<title>t</title><link>a</link>")).link == "https://news.example.com/feeds/a"


def test_a_relative_link_follows_xml_base() -> None:
    text = ATOM.replace("<feed ", '<feed xml:base="https://other.example/x/" ').replace(
        "https://example.org/r1?", "r1?"
    )
    assert document(text).entries[0].link == "https://other.example/x/r1?a=1&b=2"


def test_a_moved_document_does_not_change_its_keys() -> None:
    text = rss("<title>t</title><guid>abc</guid>")
    assert only(text).key == only(text, url="https://elsewhere.example/").key == "abc"
