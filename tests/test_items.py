"""Cutting raw items: exact where documents are plain, the whole document where they are not, always in linear time."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.sources.items import MOST, Items, Root, cut, find_root
from monitor.sources.mending import mend
from monitor.sources.parse import read
from monitor.sources.reduce import Document, Reduced, reduce

NOTHING: frozenset[bytes] = frozenset()


def items(text: str, known: frozenset[bytes] = NOTHING) -> Items:
    root = find_root(text)
    assert isinstance(root, Root), root
    return cut(text, root, known)


def rss(inside: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title>{inside}</channel></rss>'


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (rss("<item>a</item>\n<item>b</item>"), ["<item>a</item>", "<item>b</item>"]),
        ('<feed xmlns="x"><entry a="1">a</entry></feed>', ['<entry a="1">a</entry>']),
        ("<a:feed xmlns:a='x'><a:entry>a</a:entry></a:feed>", ["<a:entry>a</a:entry>"]),
        ("<r:RDF><channel><items/></channel><item r:about='x'>a</item></r:RDF>", ["<item r:about='x'>a</item>"]),
        ("<channel><item>a</item></channel>", ["<item>a</item>"]),
        (rss("<item><itemprice>1</itemprice></item>"), ["<item><itemprice>1</itemprice></item>"]),
        (rss("<item><![CDATA[a <b> ]] ]> c]]></item>"), ["<item><![CDATA[a <b> ]] ]> c]]></item>"]),
        (rss("<!-- x --><item><!-- y -->a</item>"), ["<item><!-- y -->a</item>"]),
        (rss("<item>same</item><item>same</item>"), ["<item>same</item>"]),
    ],
)
def test_plain_items_are_cut_out(document: str, found: list[str]) -> None:
    result = items(document)
    assert list(result.new) == found
    assert len(result.digests) == len(found)
    assert not result.whole


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<item>a<item>b</item></item>",
        "<item>a<item>b</item>",
        "<item>a</item></item>",
        "<item>a</item><item>b",
        "<item>a</item><item x='1'>b</item>",
        "<item>a</item ><item>b</item>",
        "<item/><item/>",
        "<item><![CDATA[ </item> ]]></item>",
        "<item><![CDATA[ <item> ]]></item>",
        "<!-- <item>x</item> --><item>a</item>",
        "<![CDATA[<item>x</item>]]><item>a</item>",
        "<item><!-- </item> --></item>",
        "<item><? </item> ?></item>",
        "<item><![CDATA[ a</item>",
        "<item><!-- a</item>",
    ],
)
def test_anything_odd_gives_the_whole_document(inside: str) -> None:
    document = rss(inside)
    result = items(document)
    assert result.whole
    assert result.new == (document[document.index("<rss") :],)
    assert result.digests == frozenset()


def test_a_known_item_is_left_out_and_an_edited_one_is_not() -> None:
    before = items(rss("<item>a</item><item>b</item>"))
    after = items(rss("<item>new</item><item>a</item><item>B</item>"), before.digests)
    assert after.new == ("<item>new</item>", "<item>B</item>")


def test_new_items_stand_in_the_documents_own_frame() -> None:
    result = items(
        '<?xml version="1.0"?><rss xmlns:a="b"><channel xml:base="c"><ttl>5</ttl><item>x</item></channel></rss>'
    )
    assert (result.opening, result.closing) == ('<rss xmlns:a="b"><channel xml:base="c">', "</channel></rss>")
    result = items("<rdf:RDF xmlns:rdf='r'><channel><title>t</title></channel><item>x</item></rdf:RDF>")
    assert (result.opening, result.closing) == ("<rdf:RDF xmlns:rdf='r'>", "</rdf:RDF>")


def test_items_past_the_limit_are_left_out_and_this_is_said() -> None:
    result = items(rss("".join(f"<item>{n}</item>" for n in range(MOST + 5))))
    assert result.left_out
    assert result.new[-1] == f"<item>{MOST - 1}</item>"
    assert len(result.digests) == MOST
    odd = items(rss("<item>" * (MOST + 5)))
    assert odd.whole
    assert odd.left_out
    assert odd.new[0].count("<item>") == MOST


def test_the_document_type_gives_named_characters_and_nothing_else() -> None:
    root = find_root(
        '<!DOCTYPE rss [<!ENTITY co "&#169; ACME"><!ENTITY lol "lolololololololololololol"><!ENTITY x SYSTEM "file:///etc/passwd">'
        "<!ENTITY % p SYSTEM 'http://evil.example/x.dtd'> %p; <!ENTITY nest '&co;&co;'>]><rss><channel/></rss>"
    )
    assert isinstance(root, Root)
    assert root.entities == {"co": "© ACME", "nest": "&co;&co;"}
    assert mend("<a>&co; &nest; &x; &lol;</a>", root.entities) == "<a>© ACME &amp;co;&amp;co; &amp;x; &amp;lol;</a>"


@pytest.mark.parametrize(
    ("markup", "mended"),
    [
        ("<a>x & y &amp; z</a>", "<a>x &amp; y &amp; z</a>"),
        ("<a>&nbsp;&eacute;&lt;&what;</a>", "<a>\xa0é&lt;&amp;what;</a>"),
        ("<a>&#27;&#x1b;&#1114112;&#xD800;&#0;&#65;&#x41;&#10;&#xFFFE;</a>", "<a>&#65;&#x41;&#10;</a>"),
        ("<a>&#99999999999999;</a>", "<a>&amp;#99999999999999;</a>"),
        ("a\x00b\x1bc\x0bd\ufffee\ud800f\tg\n", "abcdef\tg\n"),
        ("<![CDATA[ & &nbsp; &#27; <b> ]]>", "<![CDATA[ & &nbsp; &#27; <b> ]]>"),
        ("<a><![CDATA[ b", "<a><![CDATA[ b]]>"),
        ("<a><!-- -- & -->b</a>", "<a>b</a>"),
        ("<category><![CDATA[x]]></category><media:thumbnail url='x'/><a>b</a>", "<a>b</a>"),
        ("<category>x</b>", "<category>x</b>"),
    ],
)
def test_mending(markup: str, mended: str) -> None:
    assert mend(markup, {}) == mended


@pytest.mark.parametrize("before", [0, 1, 2047, 2048, 4095, 4096])
@pytest.mark.parametrize("length", [4095, 4096, 4097, 6145])
def test_a_word_is_cut_wherever_it_stands(before: int, length: int) -> None:
    around = "é " * (before // 2) + " " * (before % 2)
    assert mend(f"{around}{'w' * length}", {}) == around + "w" * min(length, 4096)


def linear(make: Callable[[int], str], work: Callable[[str], object]) -> None:
    """Four times the input takes far less than the sixteen times that quadratic work would take."""
    size = 20_000
    while True:
        small, large = make(size), make(size * 4)
        begun = time.process_time()
        work(small)
        middle = time.process_time()
        work(large)
        took, took_more = middle - begun, time.process_time() - middle
        if took_more < 0.2 or took_more < took * 9:
            return
        assert size < 200_000, f"{took:.2f} s, and {took_more:.2f} s for four times as much"
        size *= 2


HOSTILE = [
    "<item", "<item>", "</item>", "<item/>", "<item></item>", "<item a='", "<item><![CDATA[", "<item><!--</item>",
    "<![CDATA[", "<!--", "<?", "<", "]]>", "&", "&a", "<a ", "x", '"', "한", "<category>", "<category><![CDATA[",
    "<title>", "<guid>", "<skipHours>", "<!DOCTYPE rss [", "<!ENTITY a 'b'>", "<item><title>&amp;",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("place", ["before", "inside", "within an item"])
def test_hostile_repetition_takes_linear_time(piece: str, place: str) -> None:
    def make(size: int) -> str:
        many = piece * (size // len(piece))
        return {
            "before": many + rss("<item>a</item>"),
            "inside": rss(many),
            "within an item": rss(f"<item>{many}</item>"),
        }[place]

    def work(text: str) -> object:
        reduced = reduce(text.encode(), content_type=None, url="https://example.com/", known=NOTHING)
        if isinstance(reduced, Reduced):
            mend("".join(reduced.items.new), reduced.entities)
            return reduced.light
        return reduced

    linear(make, work)


PIECES = st.lists(
    st.sampled_from(
        ["<item>", "</item>", "<![CDATA[", "]]>", "<!--", "-->", "<title>a</title>", "b", "<item/>", " ", "<?x", "?>"]
    ),
    max_size=14,
)


@given(PIECES)
def test_cut_items_are_what_a_scanner_of_xml_sees(pieces: list[str]) -> None:
    text = rss("".join(pieces))
    result = items(text)
    if not result.whole:
        scanned = scan(text)
        assert scanned is not None
        assert list(result.new) == list(dict.fromkeys(scanned))


def scan(text: str) -> list[str] | None:
    """The items of `text`, one character at a time; None where they nest or are not closed."""
    found, at, opened = [], text.index("<channel>"), -1
    closers = {"<![CDATA[": "]]>", "<!--": "-->", "<?": "?>"}
    while at < len(text):
        skip = next((begin for begin in closers if text.startswith(begin, at)), None)
        if skip:
            end = text.find(closers[skip], at + len(skip))
            if end < 0:
                break
            at = end + len(closers[skip])
        elif text.startswith("<item>", at):
            if opened >= 0:
                return None
            opened = at
            at += 6
        elif text.startswith("</item>", at):
            if opened < 0:
                return None
            at += 7
            found.append(text[opened:at])
            opened = -1
        else:
            at += 1
    return found if opened < 0 else None


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=12, unique_by=lambda pair: pair[0]))
def test_known_and_new_entries_together_are_all_entries(numbered: list[tuple[int, bool]]) -> None:
    def parsed(numbers: list[int], known: frozenset[bytes]) -> Document:
        raw = "".join(f"<item><guid>{n}</guid><title>t{n}</title></item>" for n in numbers)
        result = read(rss(raw).encode(), content_type=None, url="https://example.com/", known=known)
        assert isinstance(result, Document)
        return result

    everything = [number for number, _ in numbered]
    old = [number for number, is_old in numbered if is_old]
    before = parsed(old, NOTHING)
    after = parsed(everything, before.item_digests)
    assert [entry.key for entry in after.entries] == [str(number) for number in everything if number not in old]
    assert after.item_digests == parsed(everything, NOTHING).item_digests
