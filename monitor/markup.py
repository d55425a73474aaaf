"""Titles, names and summaries of feeds made safe to show: their markup goes, by the rules below. Pure.

A feed can put anything into a title, entities escaped twice and tags included. What leaves here is what
`monitor.text.tidy` lets through. Every function here takes time linear in its input, whatever the input is.
"""

from __future__ import annotations

import html
import re

from monitor.text import cut, tidy

_TITLE_MARKUP = 16_384  # characters of raw input looked at; what lies beyond cannot reach a result of usual length
_SUMMARY_MARKUP = 65_536
_ROUNDS = 5  # of unescaping; honest feeds escape at most three times

_INLINE_NAMES = """
    a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q rb rp rt ruby s samp small
    span strike strong sub sup time tt u var wbr
"""
_OTHER_NAMES = """
    address applet area article aside audio base basefont blockquote body br button canvas caption center col
    colgroup datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1
    h2 h3 h4 h5 h6 head header hgroup hr html iframe img input label legend li link main map marquee menu meta meter
    nav noframes noscript object ol optgroup option output p param picture pre progress script search section select
    slot source style summary svg table tbody td template textarea tfoot th thead title tr track ul video
"""
_INLINE = frozenset(_INLINE_NAMES.split())
_ELEMENTS = _INLINE | frozenset(_OTHER_NAMES.split())
_TOKEN = re.compile(  # begins with one character that each has: a sixth of the time
    r"""<(?:
        (?P<comment>!--) | !\[CDATA\[ | [!?][a-zA-Z][^<>]*>
      | (?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)
        (?P<attributes>(?:[^<>"']++|"[^"<]*"|'[^'<]*')*+(?=>)|[^<>]*)>
    )""",
    re.VERBOSE,
)
# What is dropped up to its end. Without an end, only the opening itself goes: a title may be about <script>.
_CLOSERS = {"!--": re.compile("-->")} | {
    name: re.compile(f"</{name}[^<>]*>", re.IGNORECASE) for name in ("script", "style", "svg", "template")
}
# Names need their semicolon, or "Barnes&notebook" would lose its sense; numbers do not, as in a browser.
# Of a terminal's sequence, escaped: its ESC and its BEL, which are no characters to `html.unescape`.
_CONTROL = re.compile(r"&#(?:0{0,9}(7|27)(?![0-9])|[xX]0{0,9}(7|1[bB])(?![0-9a-fA-F]));?")
_ENTITY = re.compile(r"&(?:#(?:[0-9]{1,20}|[xX][0-9a-fA-F]{1,16});?|[a-zA-Z][a-zA-Z0-9]{1,31};)")


def clean(text: str | None, *, limit: int = 1000) -> str:
    """One line of safe text from a title or a name, at most `limit` characters, the last of them "…" where it was cut.

    Entities are unescaped until none is left, so that none can be armed by a later reader; then tags go. A tag is what
    names an HTML element (or has a hyphen or colon in a lower-case name) and whose attributes, if any, hold a "=":
    "x <y and z> w" and "<Exclusive>" are text. Cleaning twice is cleaning once.
    """
    return cut(_settle(_capped(text or "", _TITLE_MARKUP)), limit)


def clean_html(markup: str | None, *, limit: int = 4000) -> str:
    """The same for a summary or a body: a longer input is read before it is cut. Blocks are parted by one space."""
    return cut(_settle(_capped(markup or "", _SUMMARY_MARKUP)), limit)


def _capped(markup: str, size: int) -> str:
    if len(markup) <= size:
        return markup
    kept = markup[:size]
    opened = kept.rfind("<")
    return kept[:opened] if opened > kept.rfind(">") else kept


def _settle(text: str) -> str:
    for _ in range(_ROUNDS):
        text = before = tidy(text)
        if "&" in text:
            text = _CONTROL.sub(lambda control: "\a" if "7" in (control[1], control[2]) else "\x1b", text)
            text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text)
        if "<" in text:
            text = _without_tags(text)
        if text == before:
            return text
    return tidy(text.replace("&", " ").replace("<", " "))  # nested to defeat the unescaping: nothing worth keeping


def _without_tags(markup: str) -> str:
    markup = markup.replace("]]>", " ")
    kept: list[str] = []
    at = 0
    endless: set[str] = set()  # searched for once and not found: keeps many openings without an end linear
    for token in _TOKEN.finditer(markup):
        comment, end, written, attributes = token.groups()
        start, after = token.span()
        name = written and written.lower()
        if start < at or (name and not _is_element(name, written, attributes)):
            continue
        kept.append(markup[at:start])
        if name not in _INLINE:
            kept.append(" ")
        at = after
        opened = comment or (not end and name)
        if opened in _CLOSERS and opened not in endless:
            if (closer := _CLOSERS[opened].search(markup, at)) is not None:
                at = closer.end()
            else:
                endless.add(opened)
    kept.append(markup[at:])
    return "".join(kept)


def _is_element(name: str, written: str, attributes: str) -> bool:
    """`name` is how it was `written`, in lower case."""
    if attributes and "=" not in attributes and attributes.strip(" /") and name not in _CLOSERS:
        return False
    return name in _ELEMENTS or (name == written and ("-" in name or ":" in name))
