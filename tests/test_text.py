"""Untrusted text: what leaves it, what stays, and that nothing in it can hang or break the reader."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.markup import clean, clean_html
from monitor.text import fold, printable, tidy

steady = settings(max_examples=150, deadline=None, derandomize=True, database=None)

# What a hostile feed would choose from: every kind of character that a rule here is about, and pieces of markup.
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            "aZ9 \t\n\r\x00\x07\x1b\x7f\x85\x9b\xa0\xad\u0301\u0316\u0338\u0344\u034f\u037e\u0627\u0644\u064b\u0651"
            "\u0915\u093c\u094d\u0951\u0958\u1100\u1161\u11a8\u115f\u1160\u200b\u200c\u200d\u200e\u202e\u2028\u2066"
            "\u2126\u212a\u3000\u3099\u3164\u30c6\uac00\ud7a3\ud800\udc00\ufe0f\ufeff\uff24\uff9e\uffa0\uffff\ufb01…ßİ"
            "딥中👨🏽\U000e0041\U000e0100\U0010ffff&;#<>/!-='\"x"
        ),
        st.sampled_from(
            [
                "&amp;",
                "&#27;",
                "&#x9b;",
                "&lt;",
                "b&gt;",
                "<b>",
                "</b>",
                "<!--",
                "-->",
                "<script>",
                "</script>",
                "<p x='",
            ]
        ),
    ),
    max_size=40,
).map("".join)
ANYTHING = st.one_of(st.text(max_size=60), st.text(st.characters(exclude_categories=[]), max_size=60), HOSTILE)


def is_safe(text: str) -> bool:
    joiners = re.sub("(?<=[\u0600-\u18af])[\u200c\u200d](?=[\u0600-\u18af])", "", text)
    return all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in joiners)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param("AT&T < Verizon > T-Mobile", "AT&T < Verizon > T-Mobile", id="less-than-and-ampersand-are-text"),
        pytest.param("if x<y then", "if x<y then", id="unclosed-less-than-is-text"),
        pytest.param("a <b and c> d", "a <b and c> d", id="a-comparison-is-no-tag"),
        pytest.param("<Exclusive> Nvidia", "<Exclusive> Nvidia", id="a-label-is-no-tag"),
        pytest.param("[/nope] [Exclusive] [@click=x]", "[/nope] [Exclusive] [@click=x]", id="square-brackets-stay"),
        pytest.param("S&amp;P 500 at 6,000&nbsp;points", "S&P 500 at 6,000 points", id="entities"),
        pytest.param("Nvidia&#8217;s &#x22;day&#x22;", 'Nvidia’s "day"', id="numbered-entities"),
        pytest.param("Barnes&notebook &nosuch; &", "Barnes&notebook &nosuch; &", id="what-is-no-entity-stays"),
        pytest.param("&amp;#27;[31mred", "red", id="escape-armed-by-a-second-unescape"),
        pytest.param("&amp;amp;lt;b&amp;amp;gt;bold", "bold", id="tag-escaped-three-times"),
        pytest.param("\x1b]52;c;aGk=\x07clip", "clip", id="osc-52"),
        pytest.param("a&#27;]52;c;aGk=&#7;b &#x1B;[2J&#271;&#77;", "ab ďM", id="sequences-in-numbered-entities"),
        pytest.param("\x1b]8;;http://x/\x1b\\딥시크\x1b]8;;\x1b\\ 급락", "딥시크 급락", id="osc-8-around-korean"),
        pytest.param("\x9d0;title\x9c深度求索", "深度求索", id="c1-osc"),
        pytest.param("\x1b[1;31m深度\x1b[0m求索", "深度求索", id="colours-in-chinese"),
        pytest.param("\x1b[38:2::255:0:0m엔비디아\x1b[m", "엔비디아", id="true-colour-in-korean"),
        pytest.param("\x1b[?25lno cursor\x1b[2 q", "no cursor", id="private-and-intermediate"),
        pytest.param("\x9b31mred", "red", id="c1-csi"),
        pytest.param("\x9bNvidia\x9b", "Nvidia", id="c1-of-a-wrong-charset"),
        pytest.param("\x1b[31", "[31", id="csi-without-end"),
        pytest.param("\x1b[딥시크", "[딥시크", id="csi-before-korean"),
        pytest.param("\x1b]0;all of this stays", "]0;all of this stays", id="osc-without-end"),
        pytest.param("[31m is red, ]0;x is a title", "[31m is red, ]0;x is a title", id="no-escape-no-sequence"),
        pytest.param("&#155;31mred", "›31mred", id="numbered-c1-is-what-browsers-read"),
        pytest.param("evil\u202egnp.exe", "evilgnp.exe", id="bidi-override"),
        pytest.param("\ufeffDeep\u200bSe\u00adek\u2060", "DeepSeek", id="invisible-characters"),
        pytest.param("tag\U000e0041\U000e007f", "tag", id="tag-characters"),
        pytest.param("☑\ufe0f done", "☑ done", id="variation-selector"),
        pytest.param("a\u3164b\uffa0c", "abc", id="hangul-fillers"),
        pytest.param("a\nb\r\n c\td\u2028e\x85f", "a b c d e f", id="one-line"),
        pytest.param("  단어\u3000사이  ", "단어 사이", id="spaces-folded"),
        pytest.param("cafe\u0301", "café", id="nfc"),
        pytest.param("딥시크".encode().decode(), "딥시크", id="korean"),
        pytest.param("\u1103\u1175\u11b8\u1109\u1175\u110f\u1173", "딥시크", id="korean-in-jamo"),
        pytest.param("x\ud83dy\uffffz\ufdd0", "xyz", id="surrogates-and-noncharacters"),
        pytest.param("👨\u200d👩\u200d👧 family", "👨👩👧 family", id="emoji-joiner"),
        pytest.param("می\u200cخواهم", "می\u200cخواهم", id="persian-non-joiner-stays"),
        pytest.param("क्\u200dष", "क्\u200dष", id="devanagari-joiner-stays"),
        pytest.param("deep\u200cseek", "deepseek", id="latin-non-joiner-goes"),
        pytest.param("ا\u200cx", "اx", id="joiner-at-a-scripts-edge-goes"),
        pytest.param("<b>DeepSeek</b>가", "DeepSeek가", id="inline-tags-leave-no-space"),
        pytest.param("one<br/>two", "one two", id="a-break-is-a-space"),
        pytest.param("<<b>b>bold</b>", "bold", id="tag-made-by-removing-a-tag"),
        pytest.param("How <script> works", "How works", id="script-without-end-loses-no-text"),
        pytest.param("a<!-- b -->c <!-- d", "a c d", id="comments"),
        pytest.param("a<script async>if (b) c</script> d", "a d", id="script-with-a-bare-attribute"),
        pytest.param("<![CDATA[Nvidia]]> falls", "Nvidia falls", id="cdata"),
        pytest.param("<b Nvidia]]> falls", "<b Nvidia falls", id="end-of-cdata-in-what-is-no-tag"),
        pytest.param("<a href='x?a>b' title=\"c>d\">link</a>", "link", id="greater-than-inside-an-attribute"),
        pytest.param("<img alt=don't src=x>seen", "seen", id="unbalanced-quote-in-an-attribute"),
        pytest.param("<ns:tag>x</ns:tag><x-y>z</x-y>", "x z", id="namespaced-and-custom-elements"),
    ],
)
def test_a_title_is_cleaned(raw: str | None, shown: str) -> None:
    assert clean(raw) == shown


def test_marks_are_kept_up_to_eight_on_a_letter() -> None:
    assert clean("a" + "\u0316" * 500 + "b") == "a" + "\u0316" * 8 + "b"


def test_a_long_title_is_cut_with_an_ellipsis_within_its_limit() -> None:
    assert clean("word " * 10, limit=12) == "word word w…"
    assert clean("word " * 10, limit=11) == "word word…"
    assert clean("abc", limit=3) == "abc"


def test_a_cut_never_parts_a_letter_from_its_marks() -> None:
    assert clean("ab\u0316\u0316cdef", limit=4) == "a…"


def test_a_summary_keeps_its_blocks_apart_and_loses_script_and_style() -> None:
    markup = """<div><style>p{color:red}</style><p>First <b>bold</b> line.</p><p>Second &amp; last.</p>
        <SCRIPT type="text/javascript">if (a<b) alert("x")</SCRIPT ><ul><li>one</li><li>two</li></ul>
        <img src="a.png"></div>"""
    assert clean_html(markup) == "First bold line. Second & last. one two"


def test_a_summary_finds_its_text_behind_more_markup_than_a_title_may_have() -> None:
    assert clean_html("<p class='x'>" * 4000 + "text") == "text"


def test_a_tag_cut_off_by_the_size_limit_leaves_nothing() -> None:
    assert clean("<b>" * 5461 + "<a href='" + "x" * 100 + "'>text") == ""


def test_printable_keeps_markup_and_entities_but_not_the_line_break_that_forges_a_log_line() -> None:
    error = ValueError("bad <b>&#27;\n2025-01-27 INFO all is well\x1b[2J")
    assert printable(error) == "bad <b>&#27; 2025-01-27 INFO all is well"


def test_printable_cuts_what_a_library_says_at_length() -> None:
    assert len(printable("x" * 100_000)) == 4000


@given(ANYTHING)
@steady
def test_cleaned_text_is_safe_normal_and_on_one_line(raw: str) -> None:
    for text in (clean(raw), clean_html(raw), printable(raw), clean(raw, limit=7)):
        assert is_safe(text)
        assert unicodedata.is_normalized("NFC", text)
        assert text == " ".join(text.split())
    assert len(clean(raw, limit=7)) <= 7


@given(ANYTHING)
@steady
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    for limit in (1000, 9):
        once = clean(raw, limit=limit)
        assert clean(once, limit=limit) == once
        assert clean_html(once) == once
        assert printable(once) == once


@given(ANYTHING)
@steady
def test_no_entity_is_left_to_unescape(raw: str) -> None:
    assert "&amp;" not in clean(raw)
    assert not re.search("&#[0-9]", clean(raw))


@pytest.mark.parametrize("function", [clean, clean_html, printable, fold])
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("<" * 60_000, id="less-thans"),
        pytest.param("<!--" * 20_000, id="comments-without-end"),
        pytest.param("&" * 60_000, id="ampersands"),
        pytest.param("&" + "amp;" * 20_000, id="entity-in-entity"),
        pytest.param("<a " * 20_000, id="tags-without-end"),
        pytest.param("<a \"'" * 15_000, id="quotes-without-end"),
        pytest.param("</script>" + "<script>" * 8_000, id="scripts-without-end"),
        pytest.param("<" * 9_000 + "b>" * 9_000, id="tag-in-tag"),
        pytest.param("a" + "\u0301\u0316" * 30_000, id="marks-out-of-order"),
        pytest.param("\u0915" + "\u093c\u200d\u0301\u200d" * 15_000, id="marks-and-joiners"),
        pytest.param("\u1161" * 60_000, id="jamo"),
        pytest.param("".join(map(chr, range(0x20000, 0x2F000))), id="each-character-once"),
    ],
)
def test_hostile_input_ends_soon(function: object, hostile: str) -> None:
    assert callable(function)
    started = time.monotonic()
    function(hostile)
    assert time.monotonic() - started < 20  # measured: 0.5 s at worst, on a busy machine


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("\x9d딥", id="c1-osc"),
        pytest.param("\x1b[" + "1" * 9_000, id="long-csi"),
    ],
)
def test_ten_megabytes_of_sequences_without_end_are_read_once(piece: str) -> None:
    started = time.monotonic()
    assert "\x1b" not in tidy(piece * (10_000_000 // len(piece)))
    assert time.monotonic() - started < 60  # measured: 2 s at worst, where each search to the end would take hours


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("DeepSeek R1", "deepseek r1", id="ascii"),
        pytest.param("ＤｅｅｐＳｅｅｋ", "deepseek", id="full-width"),
        pytest.param("Deep\u200bSee\u00adk", "deepseek", id="invisible"),
        pytest.param("D\u0301e\u200d\u0301", "d\u0301é", id="marks-compose-across-a-joiner"),
        pytest.param("딥시크가", "딥시크가", id="korean"),
        pytest.param("\u1103\u1175\u11b8시크", "딥시크", id="jamo-compose"),
        pytest.param("ﾃﾞｨｰﾌﾟ", "ディープ", id="half-width-katakana"),
        pytest.param("Straße…", "strasse...", id="longer-than-before"),
        pytest.param("딥\ufe0f시\u3164크", "딥시크", id="printable-but-invisible"),
    ],
)
def test_folding_makes_writings_equal(text: str, folded: str) -> None:
    assert fold(text).text == folded


@pytest.mark.parametrize(
    ("text", "needle", "original"),
    [
        pytest.param("new DeepSeek model", "deepseek", "DeepSeek", id="ascii"),
        pytest.param("속보 딥시크가", "딥시크", "딥시크", id="korean"),
        pytest.param("…ＤｅｅｐＳｅｅｋ…", "deepseek", "ＤｅｅｐＳｅｅｋ", id="after-a-character-that-grew"),
        pytest.param("a\u200bDeep\u200bSeek\u200b!", "deepseek", "Deep\u200bSeek", id="invisible-inside-not-outside"),
        pytest.param("x\u1103\u1175\u11b8시크", "딥시크", "\u1103\u1175\u11b8시크", id="jamo"),
        pytest.param("oﬃce", "f", "ﬃ", id="a-ligature-is-taken-whole"),
        pytest.param("英伟达暴跌，苹果！", "苹果", "苹果", id="after-full-width-punctuation"),
        pytest.param("…，가\u3000\u200b각", "각", "각", id="after-one-that-grew-and-one-that-went"),
        pytest.param("İﬁ\u200b\u200b가", "가", "가", id="as-many-grew-as-went"),
    ],
)
def test_a_span_leads_back_to_the_original(text: str, needle: str, original: str) -> None:
    folded = fold(text)
    start = folded.text.index(needle)
    first, last = folded.span(start, start + len(needle))
    assert text[first:last] == original


def test_written_gives_the_case_of_the_original() -> None:
    folded = fold("…ＡＲ\u200bM…")
    assert folded.written(3, 6) == "ARM"


@given(ANYTHING, st.data())
@steady
def test_spans_always_slice_within_the_original_and_in_order(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    first, last = folded.span(start, end)
    assert 0 <= first <= last <= len(text)
    assert (first < last) == (start < end)
    if start < end:
        assert folded.text[start:end] in fold(text[first:last]).text
    folded.written(start, end)


@given(ANYTHING)
@steady
def test_folded_text_has_nothing_invisible(text: str) -> None:
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in fold(text).text)


@given(ANYTHING)
@steady
def test_folding_does_not_depend_on_case(text: str) -> None:
    ascii_only = text.encode("ascii", "ignore").decode()
    assert fold(ascii_only.upper()).text == fold(ascii_only.lower()).text
