"""Makes markup well-formed where it is known how, before the parser sees it.

One bad character makes feedparser give up its XML parser for a loose one, ten times as slow and less exact, and some
characters make it raise. Whatever a document type defines is replaced here, so no document type ever reaches a parser:
no entity can grow, and nothing outside is ever fetched.
"""

from __future__ import annotations

import re
from html import escape  # not xml.sax.saxutils: that imports urllib.request, 30 ms
from html.entities import html5

LONGEST = 65_536  # characters of one text; `monitor.markup` does not look further either
LONGEST_WORD = 4096  # as `links.MAX_LENGTH`; feedparser looks for addresses of authors in quadratic time

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_CDATA = r"!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+(?:\]\]>)?"
# What no headline is made of: 40 µs of feedparser's time for each such element.
_UNUSED = r"""
    category|comments|enclosure|keywords|tags|dc:subject|rdf:li
  | (?:media|itunes|podcast|googleplay|slash|wfw|thr|georss|gml|geo|cc|creativeCommons|psc):[\w.\-]+
"""
_PIECE = re.compile(
    rf"""
    <(?!/)(?:
        (?P<cdata>{_CDATA})
      | (?P<comment>!--(?:.*?-->|.*))
      | (?P<unused>{_UNUSED})(?=[\s/>])(?:[^<>]*/>|[^<>]*>(?:[^<]++|<{_CDATA})*+</(?P=unused)\s*>)
    )
    | &(?!(?:amp|lt|gt|quot|apos);)(?:
        \#(?P<decimal>[0-9]{{1,7}}); | \#[xX](?P<hex>[0-9a-fA-F]{{1,6}}); | (?P<name>[\w.\-]{{1,40}}); | (?P<ampersand>)
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG_WORD = re.compile(rf"(?<![\w.+\-])[\w.+\-]{{{LONGEST_WORD},}}", re.ASCII)
_STEP = LONGEST_WORD // 2  # a word of that length or more takes up at least one of such steps through a text
_PART = re.compile(rf"[\w.+\-]{{{_STEP}}}", re.ASCII)
_LONG = re.compile(rf"<{_CDATA}|>[^<]*", re.DOTALL)


def mend(markup: str, entities: dict[str, str]) -> str:
    """`markup` without what XML forbids and headlines do not need, its named characters written out.

    References that mean no character, or one that XML forbids, are dropped; a stray `&` becomes text.
    """
    markup = _ILLEGAL.sub("", markup)
    if any(_PART.fullmatch(markup, at, at + _STEP) for at in range(0, len(markup), _STEP)):
        markup = _LONG_WORD.sub(lambda word: word[0][:LONGEST_WORD], markup)
    if len(markup) > LONGEST:
        markup = _LONG.sub(_shorten, markup)
    return _PIECE.sub(lambda piece: _mended(piece, entities), markup)


def _shorten(text: re.Match[str]) -> str:
    if len(text[0]) <= LONGEST:
        return text[0]
    kept = text[0][:LONGEST]
    return kept.rstrip("]") + "]]>" if kept.startswith("<") else kept


def _mended(piece: re.Match[str], entities: dict[str, str]) -> str:
    kind = piece.lastgroup
    if kind == "cdata":
        return piece[0] if piece[0].endswith("]]>") else piece[0] + "]]>"
    if kind == "ampersand":
        return "&amp;"
    if kind == "name":
        return _named(piece[0], piece["name"], entities)
    if kind in ("decimal", "hex"):
        code = int(piece["decimal"]) if piece["decimal"] else int(piece["hex"], 16)
        return piece[0] if code in (9, 10, 13) or (0x20 <= code <= 0x10FFFF and not _ILLEGAL.match(chr(code))) else ""
    return ""


def _named(reference: str, name: str, entities: dict[str, str]) -> str:
    meaning = entities.get(name) or html5.get(f"{name};")
    return "&amp;" + reference[1:] if meaning is None else escape(_ILLEGAL.sub("", meaning), quote=False)
