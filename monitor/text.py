"""Untrusted text made safe to show (`tidy`, `printable`) and made comparable (`fold`). Pure.

A feed can put anything into a title: terminal escape sequences, bidirectional overrides that make a line read
backwards, invisible characters that split a word. (Markup is `monitor.markup`'s affair.) What leaves `tidy` is one line
of NFC text without control (Cc) and format (Cf) characters, surrogates, noncharacters and other invisible
ones. The joiners ZWNJ and ZWJ stay between letters of the scripts whose spelling needs them and nowhere else, so a
joined emoji falls apart into its parts, which every terminal draws equally wide.

Every function here takes time linear in its input, whatever the input is; tests hold it to that.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

_MAX_MARKS = 8  # on one letter; more is decoration that climbs over other lines, and makes NFC quadratic
_MAX_CLUSTER = 32
_TABLE_SIZE = 32_768

_JOINERS = "\u200c\u200d"
# Arabic to Sinhala, Tibetan and Myanmar, Khmer and Mongolian: where a joiner is part of the spelling.
_JOINED_SCRIPTS = "\u0600-\u0dff\u0f00-\u109f\u1780-\u18af"
_STRAY_JOINER = re.compile(f"(?<![{_JOINED_SCRIPTS}])[{_JOINERS}]|[{_JOINERS}](?![{_JOINED_SCRIPTS}])")

# Default_Ignorable_Code_Point without its Cf members: they take no room on the screen yet split a word.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff]"
)


# What begins with a real ESC, or the C1 character for it and its second, and ends as a sequence does: all of it goes.
# Else only the control characters go, so that an ESC without an end takes no text with it. Windows-1252 read as Latin-1
# has C1 characters too (U+009B for a ›): a CSI of that kind has to have a parameter.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b(?=[0-?]))[0-?]*+[ -/]*+[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x00-\x1f\x7f-\x9f]*+(?:\x07|\x1b\\|\x9c)"
)


def printable(text: object, *, limit: int = 4000) -> str:
    """`str(text)` as one line that cannot steer a terminal or forge a line of a log; markup and entities stay."""
    return cut(tidy(str(text)[: limit * 4]), limit)


class _Visible(dict[int, int | None]):
    """A `str.translate` table that learns: code point -> itself, a space, or None for what is dropped.

    Bounded, because a hostile feed could otherwise fill it with all of Unicode.
    """

    def __init__(self, *, joiners: bool) -> None:
        super().__init__()
        self._joiners = joiners

    def __missing__(self, code: int) -> int | None:
        shown = self._shown(code)
        if len(self) < _TABLE_SIZE:
            self[code] = shown
        return shown

    def _shown(self, code: int) -> int | None:
        char = chr(code)
        if char.isspace():
            return 0x20
        if char in _JOINERS:
            return code if self._joiners else None
        dropped = (
            unicodedata.category(char) in ("Cc", "Cf", "Cs")
            or _IGNORABLE.match(char) is not None
            or 0xFDD0 <= code <= 0xFDEF
            or code & 0xFFFE == 0xFFFE
        )
        return None if dropped else code


_SHOWN = _Visible(joiners=True)
_COMPARED = _Visible(joiners=False)


class _Marks(dict[int, str]):
    """A `str.translate` table to the shape of a text: "m" for combining marks and joiners, "." for all else."""

    def __missing__(self, code: int) -> str:
        shape = "m" if _attaches(chr(code)) else "."
        if len(self) < _TABLE_SIZE:
            self[code] = shape
        return shape


_SHAPE = _Marks()
_TOO_MANY_MARKS = re.compile(f"(?<=m{{{_MAX_MARKS}}})m+")
_LONG_RUN = re.compile(rf"[^\w\s]{{{_MAX_MARKS + 1}}}")  # marks are no \w: without this no marks need counting


def _attaches(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char).startswith("M")


def tidy(text: str) -> str:
    """The character rules, on one line."""
    if not (text.isascii() and text.isprintable()):
        if not text.isprintable() or _IGNORABLE.search(text) is not None:
            text = _SEQUENCE.sub("", text).translate(_SHOWN)
        text = unicodedata.normalize("NFC", _thinned(text))
        while (kept := _STRAY_JOINER.sub("", text)) != text:  # at most _MAX_MARKS times: a joiner gone may free another
            text = unicodedata.normalize("NFC", kept)
        text = _thinned(text)  # NFC takes a few marks apart
    return " ".join(text.split())


def _thinned(text: str) -> str:
    if _LONG_RUN.search(text) is None:
        return text
    shape = text.translate(_SHAPE)
    kept: list[str] = []
    at = 0
    for run in _TOO_MANY_MARKS.finditer(shape):
        kept.append(text[at : run.start()].rstrip(_JOINERS))
        at = run.end()
    kept.append(text[at:])
    return "".join(kept)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, the last of them "…" where it was cut."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _attaches(text[end]):
        end -= 1
    return text[:end].rstrip(f" {_JOINERS}") + "…"


class Folded(NamedTuple):
    """`original` made comparable in `text`, with the way back.

    `aligned`: the two correspond character for character, which is so for most headlines.
    """

    original: str
    text: str
    aligned: bool = True

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The slice of `original` behind `text[start:end]`, for 0 <= start <= end <= len(text).

        A character that folding made longer ("ﬁ", "…") is taken whole.
        """
        if self.aligned:
            return start, end
        slices = _slices(self.original)
        if start == end:
            at = slices[start][0] if start < len(slices) else len(self.original)
            return at, at
        return slices[start][0], slices[end - 1][1]

    def written(self, start: int, end: int) -> str:
        """`text[start:end]` with the case that it has in `original`."""
        first, last = self.span(start, end)
        written = self.original[first:last]
        return written if written.isascii() else unicodedata.normalize("NFKC", written.translate(_COMPARED))


def fold(text: str) -> Folded:
    """NFKC, nothing invisible, case folded. ASCII costs next to nothing; only marks and loose jamo cost much."""
    if text.isascii() and text.isprintable():
        return Folded(text, text.lower())
    whole = text.isprintable() and _IGNORABLE.search(text) is None  # nothing will be dropped
    if whole and unicodedata.is_normalized("NFKC", text):
        folded = text.casefold()
    else:
        folded = text.translate(_FOLDED)
        if _CONTINUES in folded:
            return Folded(text, "".join(piece for piece, _, _ in _clusters(text)), aligned=False)
    return Folded(text, folded, aligned=whole and len(folded) == len(text))  # where none is dropped, none became two


_CONTINUES = "\0"  # cannot be in folded text


class _Pieces(dict[int, str | None]):
    """A `str.translate` table that learns: code point -> what it folds to by itself, or None for what is dropped.

    `_CONTINUES` stands for what NFKC may compose with the character before it: marks, later letters of a syllable.
    """

    def __missing__(self, code: int) -> str | None:
        shown = _COMPARED[code]
        piece = None if shown is None else unicodedata.normalize("NFKC", chr(shown))
        if piece is not None:
            continues = unicodedata.category(piece[0]).startswith("M") or "\u1160" <= piece[0] <= "\u11ff"
            piece = _CONTINUES if continues else piece.casefold()
        if len(self) < _TABLE_SIZE:
            self[code] = piece
        return piece


_FOLDED = _Pieces()


def _clusters(text: str) -> list[tuple[str, int, int]]:
    """What is folded as one, folded, with the slice of `text` that it is."""
    clusters: list[tuple[str, int, int]] = []
    for at, char in enumerate(text):
        piece = _FOLDED[ord(char)]
        if piece == _CONTINUES and clusters and len(clusters[-1][0]) < _MAX_CLUSTER:
            before, start, _ = clusters[-1]
            clusters[-1] = (before + char, start, at + 1)
        elif piece is not None:
            clusters.append((char, at, at + 1))
    return [(_folded_cluster(cluster), start, end) for cluster, start, end in clusters]


def _folded_cluster(cluster: str) -> str:
    piece = _FOLDED[ord(cluster)] if len(cluster) == 1 else _CONTINUES
    if piece is not None and piece != _CONTINUES:
        return piece
    return unicodedata.normalize("NFKC", cluster.translate(_COMPARED)).casefold()


@lru_cache(maxsize=16)
def _slices(text: str) -> list[tuple[int, int]]:
    """For each character of the folded text, the slice of `text` that it came from."""
    pieces = [_FOLDED[code] for code in map(ord, text)]
    if _CONTINUES in pieces:
        return [(start, end) for piece, start, end in _clusters(text) for _ in piece]
    return [(at, at + 1) for at, piece in enumerate(pieces) for _ in piece or ""]
