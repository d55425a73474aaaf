"""Matching against a slow reference that follows the words of `monitor.topics` to the letter, and what must hold of any
text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from hypothesis import given
from hypothesis import settings as of_hypothesis
from hypothesis import strategies as st

from monitor.config import load
from monitor.config.files import packaged
from monitor.markup import clean
from monitor.models import Mention, Term, Topic
from monitor.symbols import PHRASES, WORD, Check, writings
from monitor.text import Folded, fold
from monitor.topics import REGEX_REACH, Matcher, compile_regex, term_found

steady = of_hypothesis(max_examples=80, deadline=None, derandomize=True, database=None)

SHIPPED = load(packaged())
MATCHER = Matcher(SHIPPED.topics, SHIPPED.tickers)
TERMS = {topic.name: topic.terms for topic in SHIPPED.topics}
LITERALS = sorted({term.text for terms in TERMS.values() for term in terms if not term.regex})
NAMES = sorted({text for ticker in SHIPPED.tickers for text, _ in writings(ticker)})
EXCLUDED = sorted({term.text for topic in SHIPPED.topics for term in topic.exclusions} | set(PHRASES))
JOINTS = " -‐‒–—_·・"
JOINT = f"[{re.escape(JOINTS)}]"
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"})


# The reference

Place = tuple[int, int]


@cache
def pieces(text: str) -> tuple[str, ...]:
    """What of a literal term must be there; between two of them a joint may be."""
    folded = fold(text).text.replace("’", "'").strip()
    latin = f"(?<=[{WORD}])(?=[\u2e80-\uffff])|(?<=[\u2e80-\uffff])(?=[{WORD}])"
    found = [piece for piece in re.split(f"{JOINT}+|{latin}", folded) if piece]
    return tuple(found or [folded] if folded else [])


def is_latin(character: str) -> bool:
    return re.fullmatch(f"[{WORD}]", character) is not None


def end_of(parts: tuple[str, ...], text: str, start: int) -> int | None:
    """Where the term that begins at `start` ends; None where none begins."""
    at = start
    for number, part in enumerate(parts):
        if number and text[at : at + 1] and text[at] in JOINTS:
            at += 1
        if text[at : at + len(part)] != part:
            return None
        at += len(part)
    if is_latin(text[start]) and start and is_latin(text[start - 1]):
        return None
    return None if is_latin(text[at - 1]) and at < len(text) and is_latin(text[at]) else at


def literal(parts: tuple[str, ...], folded: Folded, check: Check | None = None) -> Iterator[Place]:
    text = folded.text.replace("’", "'")
    at = 0
    while all(part in text for part in parts) and at < len(text):
        end = end_of(parts, text, at)
        if end is not None and (check is None or check(folded, at, end)):
            yield at, end
        at = end or at + 1


def of_term(term: Term, folded: Folded) -> list[Place]:
    if not term.regex:
        return list(literal(pieces(term.text), folded))
    return [match.span() for match in compile_regex(term.text).finditer(folded.text, 0, REGEX_REACH) if match[0]]


def counting(places: Iterable[Place], excluded: list[Place]) -> list[Place]:
    free = [place for place in places if not any(a <= place[0] and place[1] <= b for a, b in excluded)]
    kept: list[Place] = []
    for place in sorted(free):
        if not kept or place[0] >= kept[-1][1]:
            kept.append(place)
        elif place[1] - place[0] > kept[-1][1] - kept[-1][0]:
            kept[-1] = place
    return kept


def reference(title: str) -> list[Mention]:
    folded = fold(title)
    mentions = []
    for topic in SHIPPED.topics:
        places = [place for term in topic.terms for place in of_term(term, folded)]
        excluded = [place for term in topic.exclusions for place in of_term(term, folded)]
        mentions += [("topic", topic.name, *place) for place in counting(places, excluded)]
    phrases = [place for phrase in PHRASES for place in literal(pieces(phrase), folded)]
    for ticker in SHIPPED.tickers:
        places = [place for text, check in writings(ticker) for place in literal(pieces(text), folded, check)]
        mentions += [("ticker", ticker.symbol, *place) for place in counting(places, phrases)]
    found = []
    for kind, name, start, end in mentions:
        first, last = folded.span(start, end)
        found.append(Mention(kind, name, "title", first, last))  # type: ignore[arg-type] # kind is one of the two
    return sorted(found, key=lambda mention: (mention.start, mention.end, mention.kind, mention.name))


# Texts made of what the reference and the matcher could disagree about


def spelled(draw: st.DrawFn, name: str) -> str:
    how = draw(st.sampled_from(["as it is", "upper", "lower", "wide", "joint", "joined", "cut", "curly"]))
    match how:
        case "upper" | "lower":
            return str(getattr(name, how)())
        case "wide":
            return name.translate(WIDE)
        case "joint":
            return name.replace(" ", draw(st.sampled_from(JOINTS)))
        case "joined":
            return re.sub(JOINT, "", name)
        case "cut":
            return name[: draw(st.integers(1, len(name)))]
        case "curly":
            return name.replace("'", "’")
        case _:
            return name


@st.composite
def headlines(draw: st.DrawFn) -> str:
    said = st.one_of(
        st.sampled_from(LITERALS),
        st.sampled_from(NAMES),
        st.sampled_from(EXCLUDED),
        st.sampled_from(["GPT-5", "Claude 4", "DeepSeekR1", "Kimi-K2", "shares", "SHARES", "falls 3%", "가", "的"]),
    )
    glue = st.sampled_from(
        [
            " ",
            " ",
            " ",
            "",
            ", ",
            "-",
            "·",
            "…",
            "，",
            "'s ",
            "’s ",
            " (",
            ") ",
            " $",
            "é",
            "ß",
            "ﬁ",
            "\u200b",
            "s",
            "가",
        ]
    )
    whole = "".join(spelled(draw, draw(said)) + draw(glue) for _ in range(draw(st.integers(1, 6))))
    return clean(draw(glue) + whole)


@given(headlines())
@steady
def test_the_matcher_finds_what_the_slow_reference_finds(title: str) -> None:
    assert list(MATCHER.match(title)) == reference(title)


@given(
    st.text(
        st.sampled_from("aAiImMrReEtT &.$()-'’\u3000…ＡﬁßéıİΣς딥시크메타深度求索\u1103\u1175\u200b\u0301"), max_size=50
    )
)
@steady
def test_any_text_is_matched_as_the_slow_reference_matches_it(text: str) -> None:
    assert list(MATCHER.match(text)) == reference(text)


@given(headlines(), headlines())
@steady
def test_a_topics_span_covers_one_of_its_terms_and_no_more(title: str, summary: str) -> None:
    fields = {"title": title, "summary": summary}
    for mention in MATCHER.match(title, summary):
        text = fields[mention.field][mention.start : mention.end]
        if mention.kind == "topic":
            assert term_found(TERMS[mention.name], text)
            assert not text[0].isspace()
            assert not text[-1].isspace()


PLAIN = [topic.name for topic in SHIPPED.topics if not topic.exclusions]
unrelated = st.lists(st.sampled_from(["보합", "今日", "17%", "(", "“", "quiet", "Łódź", "…", "円"]), max_size=5)


@given(headlines(), unrelated, unrelated)
@steady
def test_unrelated_text_around_a_headline_takes_no_topic_away(title: str, before: list[str], after: list[str]) -> None:
    around = " / ".join([*before, title, *after])
    told = {mention.name for mention in MATCHER.match(title) if mention.name in PLAIN}
    assert told <= {mention.name for mention in MATCHER.match(around)}


SPACED = ("Deep Seek", "Open AI", "수출 규제", "S&P 500", "오픈 AI")
TOGETHER = tuple(text.replace(" ", "") for text in SPACED)
BITS = ("Deep", "Seek", "OPEN", "Ai", "수출", "규제", "S&P", "500", "오픈", "s", "é", "ＡＩ", *(("",) * 9), *" -·…_")
ALONE, BESIDE = (
    Matcher([Topic(name=texts[0], terms=tuple(map(Term, texts))) for texts in together], ())
    for together in (tuple((text,) for text in SPACED), tuple(zip(SPACED, TOGETHER, strict=True)))
)


@given(st.lists(st.sampled_from([*BITS, *SPACED, *TOGETHER]), max_size=9).map("".join))
@steady
def test_a_term_with_a_space_leaves_nothing_to_find_for_the_one_written_together(title: str) -> None:
    assert ALONE.match(title) == BESIDE.match(title)


@given(headlines())
@steady
def test_case_and_width_change_no_topic(title: str) -> None:
    told = topics(title)
    assert topics(title.upper()) == topics(title.casefold()) == told
    assert topics(title.translate(WIDE)) == told


def topics(text: str) -> list[str]:
    return [mention.name for mention in MATCHER.match(text) if mention.kind == "topic"]


@given(st.permutations(LITERALS[:9]), headlines())
@of_hypothesis(steady, max_examples=20)
def test_the_order_of_terms_changes_nothing(terms: list[str], title: str) -> None:
    title = f"{title} {', '.join(terms[::2])}"
    one, other = (Topic(name="any", terms=tuple(map(Term, order))) for order in (terms, sorted(terms)))
    assert Matcher([one], ()).match(title) == Matcher([other], ()).match(title)
