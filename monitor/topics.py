"""Which topics and tickers a headline mentions, and where. Pure.

All matching is done on folded text (`text.fold`: full-width letters, invisible characters and case make no difference)
and reported as spans of the original.

A literal term is found
- at the bounds of Latin words where it begins or ends with a Latin letter or digit: DeepSeek is in 中国DeepSeek发布,
  DeepSeek가, DeepSeek's and deepseek-r1, not in "deepseekers";
- anywhere where it begins or ends otherwise: 딥시크 is in 딥시크가;
- with a space or hyphen in it standing for one of those, an underscore, a middle dot, or nothing: "Deep Seek" finds
  DeepSeek, deep-seek and Deep Seek, and "딥 시크" finds 딥시크. The same may stand where Latin letters or digits meet
  others, since writers differ there: 오픈AI finds 오픈 AI.

A regex term runs on the first `REGEX_REACH` characters of the folded text, case-insensitively, and its \\b, \\w and \\d
know ASCII only, so that \\b means the same as above; `(?u:\\w)` takes in all letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Literal

from msgspec import Struct

from monitor.models import Mention, Term, Ticker, Topic
from monitor.symbols import ACRONYMS, PHRASES, WORD, WORDS, Check, writings
from monitor.text import Folded, fold

REGEX_REACH = 1000
_RULES = 1  # raise it when what counts as a mention changes, so that stored headlines are matched again

_JOINT = r"[\s\-‐‒–—_·・]"
_PART = re.compile(rf"{_JOINT}+|(?<=[{WORD}])(?=[^\x00-\u2e7f])|(?<=[^\x00-\u2e7f])(?=[{WORD}])")
_LATIN = re.compile(f"[{WORD}]")
_TOKEN = re.compile(f"[{WORD}]+|[^\x00-\x7f]")
_ASCII_WORDS = bytes(code if _LATIN.match(chr(code)) else 0x20 for code in range(256))
"""For `bytes.translate`: what is in no word of folded ASCII becomes a space."""

Owner = tuple[Literal["topic", "ticker"], str]
Span = tuple[int, int]
Found = tuple[int, int, Owner]
_ANY_TICKER: Owner = ("ticker", "")


def compile_regex(pattern: str) -> re.Pattern[str]:
    """A regex term as it will be run. Raises re.error for one that cannot be, or that must not be.

    A repetition within a repetition, like (a+)+, can take longer than the age of the world on a line made for it, and
    nothing can interrupt it; it is refused. `(?:a{3})+` and `(?:ab?)+` repeat within bounds and are not.
    """
    try:
        compiled = re.compile(pattern, re.ASCII | re.IGNORECASE)
    except (ValueError, OverflowError, RecursionError) as error:
        raise re.error(str(error), pattern) from error
    if _repeats_within_a_repeat(pattern):
        raise re.error("a repetition within a repetition can take for ever; write one of them out", pattern)
    return compiled


_REGEX_PIECE = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\()|(?P<close>\))|(?P<either>\|)|(?P<many>[*+]|\{\d*,\d*\})", re.DOTALL
)


def _repeats_within_a_repeat(pattern: str) -> bool:
    repeating = [False]  # per open group: whether something in it repeats
    closed_at, closed_repeats = -1, False
    for piece in _REGEX_PIECE.finditer(pattern):
        if piece["open"]:
            repeating.append(False)
        elif piece["close"] and len(repeating) > 1:
            closed_at, closed_repeats = piece.end(), repeating.pop()
            repeating[-1] |= closed_repeats
        elif piece["many"]:
            if piece.start() == closed_at and closed_repeats:
                return True
            repeating[-1] = True
    return False


_LEADING_LITERAL = re.compile(r"(?:\\b)?([^\\.^$*+?{}\[\]|()]*)([?*{]?)")


def _needle(pattern: str) -> str:
    """What is in every text that the pattern matches, where its beginning tells: a search ten times as fast."""
    depth = 0
    for piece in _REGEX_PIECE.finditer(pattern):
        depth += bool(piece["open"]) - bool(piece["close"])
        if piece["either"] and depth == 0:
            return ""
    leading = _LEADING_LITERAL.match(pattern)
    if leading is None:
        return ""
    literal, optional = leading.groups()
    return str(literal[:-1] if optional else literal).casefold()


class _Form(Struct, frozen=True, eq=False, dict=True):
    """One way in which `owner` may be written, or an exclusion of the owner's.

    `source` is compiled when a text first may have it: 700 at once would hold up a start or a reload for 0.1 s.
    `keys` are the tokens that it can begin with and `needle` is in each text that has it; empty where nothing is known.
    `check` has the last word on a match.
    """

    owner: Owner
    source: str | re.Pattern[str]
    keys: frozenset[str] = frozenset()
    needle: str = ""
    check: Check | None = None
    exclusion: bool = False

    @cached_property
    def search(self) -> Callable[..., re.Match[str] | None]:
        return re.compile(self.source).search

    def spans(self, folded: Folded) -> list[Span]:
        """Where the text has it. There is nearly always one place, for which finditer would take twice as long."""
        text, check, spans = folded.text, self.check, []
        match = self.search(text)
        while match is not None:
            start, end = span = match.span()
            if check is None or check(folded, start, end):
                spans.append(span)
            match = self.search(text, end) if text.find(self.needle, end) >= 0 else None
        return spans


class _Word(_Form, frozen=True, eq=False, dict=True):
    """A literal in one piece, `needle`: a Latin word, which is one of the text's tokens, or letters found anywhere."""

    def spans(self, folded: Folded) -> list[Span]:
        text, word = folded.text, self.needle
        start = text.find(word)
        end = start + len(word)
        if text.find(word, end) >= 0:  # a Latin word may be inside of another too: "alarm arm"
            return super().spans(folded)
        return [(start, end)] if self.check is None or self.check(folded, start, end) else []


class _Regex(_Form, frozen=True, eq=False, dict=True):
    """A term that the user wrote as a pattern; what it matches may be empty."""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(self.source)

    def spans(self, folded: Folded) -> list[Span]:
        if self.pattern.search(folded.text, 0, REGEX_REACH) is None:  # as mostly; finditer would take twice as long
            return []
        return [match.span() for match in self.pattern.finditer(folded.text, 0, REGEX_REACH) if match[0]]


def _literal(owner: Owner, text: str, *, check: Check | None = None, exclusion: bool = False) -> _Form | None:
    """None for a text with nothing visible in it."""
    folded = fold(text).text.replace("’", "'").strip()
    if not folded:
        return None
    parts = [part for part in _PART.split(folded) if part] or [folded]
    escaped = [re.escape(part).replace("'", "['’]") for part in parts]
    begins, ends = _LATIN.match(parts[0][0]), _LATIN.match(parts[-1][-1])
    if begins:
        # Looked for from behind the first part, because a search for a pattern that begins with a literal is fast.
        escaped[0] += f"(?<![{WORD}]{escaped[0]})"
    if ends:
        escaped[-1] += f"(?![{WORD}])"
    source = f"{_JOINT}?".join(escaped)
    # "deep seek" begins with the token "deep" where it is written apart and with "deepseek" where it is not.
    firsts = (_TOKEN.search("".join(parts[: count + 1])) for count in range(len(parts)))
    keys = frozenset(first.group() for first in firsts if first is not None)
    needle = max("'".join(parts[1:] or parts).split("'"), key=len)  # of the first part its token is known
    word = parts == [needle] and (needle in keys or not (begins or ends))
    return (_Word if word else _Form)(owner, source, keys, needle, check, exclusion)


def _term(owner: Owner, term: Term, *, exclusion: bool = False) -> _Form | None:
    if term.regex:
        return _Regex(owner, compile_regex(term.text), needle=_needle(term.text), exclusion=exclusion)
    return _literal(owner, term.text, exclusion=exclusion)


class _Vocabulary:
    """Forms indexed by the token they begin with, so that a headline meets only the few it could contain.

    A token is a Latin word, or one character of another script. 500 forms cost one look-up a word, not 500 searches.
    """

    def __init__(self, forms: Iterable[_Form | None]) -> None:
        self._by_token: dict[str, list[tuple[str, _Form]]] = {}
        self._without_token: list[tuple[str, _Form]] = []
        for form in forms:
            if form is None:
                continue
            for key in form.keys:
                self._by_token.setdefault(key, []).append((form.needle, form))
            if not form.keys:
                self._without_token.append((form.needle, form))
        self._any_needle = re.compile("|".join(re.escape(needle) for needle, _ in self._without_token))
        characters = "".join(token for token in self._by_token if not _LATIN.match(token))
        self._tokens = re.compile(f"[{WORD}]+|[{characters}]" if characters else f"[{WORD}]+")

    def candidates(self, text: str) -> list[_Form]:
        """The forms that folded `text` may contain."""
        found = []
        if self._any_needle.search(text):
            found = [form for needle, form in self._without_token if needle in text]
        # Of plain English the tokens are found three times as fast as by a pattern.
        tokens = (
            text.encode().translate(_ASCII_WORDS).decode().split() if text.isascii() else self._tokens.findall(text)
        )
        for token in self._by_token.keys() & tokens:
            for needle, form in self._by_token[token]:
                if needle in text:
                    found.append(form)
        return found


class Matcher:
    """Topics and tickers, indexed once (some 10 ms for the shipped ones) and asked for every new headline.

    Raises re.error for a regex term that `compile_regex` refuses.
    """

    def __init__(self, topics: Sequence[Topic], tickers: Sequence[Ticker]) -> None:
        self._vocabulary = _Vocabulary([*_topic_forms(topics), *_ticker_forms(tickers)])
        self.fingerprint = _fingerprint(topics, tickers)
        """Changes when a headline matched before could now have other mentions. Order and style do not count."""

    def match(self, title: str, summary: str = "") -> tuple[Mention, ...]:
        """Mentions in the title, then in the summary, each by where they start; both texts as `text.clean` left them.

        Of mentions of one name that overlap only the longest stays; those of different names may overlap.
        """
        mentions = self._mentions("title", title)
        return tuple(mentions + self._mentions("summary", summary) if summary else mentions)

    def _mentions(self, field: Literal["title", "summary"], text: str) -> list[Mention]:
        folded = fold(text)
        found: list[Found] = []
        excluded: list[Found] = []
        owners = set()
        for form in self._vocabulary.candidates(folded.text):
            owner = form.owner
            for start, end in form.spans(folded):
                if form.exclusion:
                    excluded.append((start, end, owner))
                else:
                    found.append((start, end, owner))
                    owners.add(owner)
        if not found:
            return []
        if excluded or len(found) > len(owners):
            found = list(_counting(found, excluded))
        if not folded.aligned:
            found = [(*folded.span(start, end), owner) for start, end, owner in found]
        found.sort()
        return [Mention(kind, name, field, start, end) for start, end, (kind, name) in found]


def term_found(terms: tuple[Term, ...], text: str) -> bool:
    """Whether any of a rule's own terms is in `text`, by the rules for a topic's. Each `terms` is compiled once."""
    folded = fold(text)
    return any(form.spans(folded) for form in _compiled(terms).candidates(folded.text))


@lru_cache(maxsize=512)
def _compiled(terms: tuple[Term, ...]) -> _Vocabulary:
    return _Vocabulary(_term(("topic", ""), term) for term in terms)


def _topic_forms(topics: Iterable[Topic]) -> Iterator[_Form | None]:
    for topic in topics:
        owner: Owner = ("topic", topic.name)
        for term in topic.terms:
            yield _term(owner, term)
        for term in topic.exclusions:
            yield _term(owner, term, exclusion=True)


def _ticker_forms(tickers: Iterable[Ticker]) -> Iterator[_Form | None]:
    for ticker in tickers:
        for text, check in writings(ticker):
            yield _literal(("ticker", ticker.symbol), text, check=check)
    for phrase in PHRASES:
        yield _literal(_ANY_TICKER, phrase, exclusion=True)


def _counting(found: Iterable[Found], excluded: Iterable[Found]) -> Iterator[Found]:
    """Those of `found` that lie in none of `excluded` for their owner; of an owner's that overlap, the longest."""
    barred: dict[Owner, list[Span]] = {}
    for start, end, owner in excluded:
        barred.setdefault(owner, []).append((start, end))
    kept: dict[Owner, list[Span]] = {}
    for start, end, owner in sorted(found):
        bars = barred.get(_ANY_TICKER if owner[0] == "ticker" else owner, ())
        if any(first <= start and end <= last for first, last in bars):
            continue
        spans = kept.setdefault(owner, [])
        if not spans or start >= spans[-1][1]:
            spans.append((start, end))
        elif end - start > spans[-1][1] - spans[-1][0]:
            spans[-1] = (start, end)
    return ((start, end, owner) for owner, spans in kept.items() for start, end in spans)


def _fingerprint(topics: Iterable[Topic], tickers: Iterable[Ticker]) -> str:
    told = (
        _RULES,
        sorted(
            (topic.name, *sorted(map(repr, topic.terms)), "-", *sorted(map(repr, topic.exclusions))) for topic in topics
        ),
        sorted((ticker.symbol, ticker.name, *sorted(ticker.aliases)) for ticker in tickers),
        sorted(WORDS),
        sorted(ACRONYMS),
        PHRASES,
    )
    return blake2b(repr(told).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()
