"""Bytes to text, whatever the document and its server say of themselves."""

from __future__ import annotations

import codecs
import re

from msgspec import Struct

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARATION = re.compile(rb"""<\?xml\s[^<>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
_HEADER = re.compile(r"""\bcharset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)

# What a name means in practice: the larger set that publishers write under the smaller one's name (as browsers do).
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_jp": "euc_jis_2004",
}
_CJK = frozenset({"cp949", "johab", "gb18030", "big5hkscs", "cp950", "cp932", "euc_jis_2004", "shift_jis_2004"})
_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_kr", "hz"})
# Only these: Python also knows codecs such as punycode, which take quadratic time, and utf-7, which smuggles markup.
_SINGLE_BYTE = re.compile(r"iso8859-\d+|cp(?:125\d|437|85\d|86\d|874)|koi8-[rut]|mac-(?:roman|cyrillic|greek|latin2)")
_ALIASES = {"windows-949": "cp949", "windows-874": "cp874", "x-sjis": "cp932", "x-gbk": "gb18030", "x-euc-jp": "euc_jp"}

_BY_LANGUAGE = {"ko": ["cp949"], "ja": ["cp932", "euc_jis_2004"], "zh": ["gb18030", "big5hkscs"]}

_SAMPLE = 8192  # bytes of text that detection looks at: about 3 ms, and 50 ms once to import charset-normalizer
_REPLACEMENT = "\ufffd"
_BEYOND_TWO_BYTES = re.compile("[^\x00-\u07ff]")  # the other way round it takes 5 ms to compile


class Decoded(Struct, frozen=True):
    """`damaged` says in words what of the bytes could not be taken at their word, if anything."""

    text: str
    damaged: str | None = None


def decode(body: bytes, content_type: str | None = None, *, language: str = "") -> Decoded:
    """`body` as text: by byte order mark, XML declaration, `content_type`'s charset, then by what the bytes look like.

    Bytes that are UTF-8 are read as UTF-8 whatever they are declared as, since other text is practically never valid
    UTF-8 by chance. A declaration is believed when the bytes can be read by it, nearly all of them at least. `language`
    ("ko", "zh-TW") narrows the detection. Never raises.
    """
    for mark, codec in _MARKS:
        if body.startswith(mark):
            return _leniently(body[len(mark) :], codec)
    body = body.removeprefix(codecs.BOM_UTF8)  # some put it before text that is not UTF-8
    if wide := _wide(body):
        return _leniently(body, wide)
    named = _named(body, content_type, language)
    text = _strictly(body, "utf-8")
    if text is not None:
        return Decoded(_seeming_utf8(body, text, named))
    return _legacy(body, named, language)


def _wide(body: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark shows in the zero bytes beside the markup that every document begins with."""
    start = body[:64]
    if len(start) < 4 or 0 not in start:
        return None
    for width, codecs_ in ((4, ("utf-32-le", "utf-32-be")), (2, ("utf-16-le", "utf-16-be"))):
        columns = [start[column::width] for column in range(width)]
        zeros = [column.count(0) * 2 > len(column) for column in columns]
        for place, codec in ((0, codecs_[0]), (width - 1, codecs_[1])):
            if not zeros[place] and sum(zeros) == width - 1:
                return codec
    return None


def _named(body: bytes, content_type: str | None, language: str) -> list[str]:
    """The codecs that the document and its server name, most credible first.

    Latin-1 in a header counts for nothing: servers send it unasked, and any bytes can be read by it. Neither does it in
    the declaration of a feed in a language that it cannot write.
    """
    declaration = _DECLARATION.search(body[:1024])
    declared = _codec(declaration[1].decode("ascii")) if declaration else None
    if declared == "cp1252" and language[:2].lower() in _BY_LANGUAGE:
        declared = None
    header = _HEADER.search(content_type or "")
    served = _codec(header[1]) if header else None
    if served == "cp1252":
        served = None
    return list(dict.fromkeys(codec for codec in (declared, served) if codec))


def _codec(name: str) -> str | None:
    try:
        codec = codecs.lookup(_ALIASES.get(name.lower(), name)).name
    except (LookupError, ValueError):
        return None
    codec = _SUPERSETS.get(codec, codec)
    known = codec == "utf-8" or codec in _CJK or codec in _SEVEN_BIT or _SINGLE_BYTE.fullmatch(codec)
    return codec if known else None


def _seeming_utf8(body: bytes, utf8: str, named: list[str]) -> str:
    """`utf8`, unless it is more likely what it is declared as.

    Seven-bit codecs always are valid UTF-8. A few characters of EUC-KR or GBK can be; then they look like characters of
    two bytes, while UTF-8 in those languages has characters of three.
    """
    if not named:
        return utf8
    by_chance = named[0] in _CJK and not body.isascii() and _BEYOND_TWO_BYTES.search(utf8) is None
    text = _strictly(body, named[0]) if by_chance or named[0] in _SEVEN_BIT else None
    return utf8 if text is None else text


def _legacy(body: bytes, named: list[str], language: str) -> Decoded:
    if (nearly := _nearly(body, "utf-8")) is not None:
        return nearly
    believed = [codec for codec in named if codec != "utf-8"]
    for codec in believed:
        if (text := _strictly(body, codec)) is not None:
            return Decoded(text)
    for codec in believed:
        if (nearly := _nearly(body, codec)) is not None:
            return nearly
    codec = _detect(body, language)
    text = body.decode(codec, "replace")
    if named:
        return Decoded(text, f"declared as {named[0]}, but its bytes look like {codec}")
    return Decoded(text, f"no usable character set declared, read as {codec}")


def _strictly(body: bytes, codec: str) -> str | None:
    try:
        return body.decode(codec)
    except UnicodeError:
        return None


def _nearly(body: bytes, codec: str) -> Decoded | None:
    """As `codec`, if at most one in ten of its characters beyond ASCII is damaged, such as one cut in the middle."""
    text = body.decode(codec, "replace")
    damaged = text.count(_REPLACEMENT)
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if damaged * 10 > beyond_ascii:
        return None
    return Decoded(text, f"{damaged} places are not valid {codec}")


def _leniently(body: bytes, codec: str) -> Decoded:
    if (text := _strictly(body, codec)) is not None:
        return Decoded(text)
    text = body.decode(codec, "replace")
    return Decoded(text, f"{text.count(_REPLACEMENT)} places are not valid {codec}")


def _detect(body: bytes, language: str) -> str:
    from charset_normalizer import from_bytes

    sample = _sample(body)
    for candidates in (_BY_LANGUAGE.get(language[:2].lower()), None):
        best = from_bytes(sample, cp_isolation=candidates, preemptive_behaviour=False).best() if sample else None
        if best is None:
            continue
        codec = _codec(best.encoding) or "cp1252"
        # A few high bytes among ASCII are Western punctuation and accents; there detection guesses wildly.
        western = sum(byte > 127 for byte in sample) * 8 < len(sample)
        return "cp1252" if western and codec not in _CJK else codec
    return "cp1252"


def _sample(body: bytes) -> bytes:
    """Runs of text with bytes beyond ASCII, without the markup that would drown them.

    `<` and `>` are no trail bytes in any of the codecs, so that no character is cut.
    """
    runs: list[bytes] = []
    size = 0
    for run in re.finditer(rb"[^<>]+", body):
        piece = run[0][:_SAMPLE]
        if not piece.isascii():
            runs.append(piece)
            size += len(piece)
            if size >= _SAMPLE:
                break
    return b"\n".join(runs)
