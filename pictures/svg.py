"""Textual's picture of a screen, made to look the same wherever it is shown.

Textual gives each run of text the width of its characters, so that Korean and Chinese, two cells wide each, are drawn
over each other; and it asks a server for a font, which a picture within a page is not allowed to do.
"""

from __future__ import annotations

import html
import re
from itertools import groupby

from rich.cells import cell_len, get_character_cell_size

FONTS = (
    '"Fira Code", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", "Noto Sans Mono CJK KR", "Noto Sans CJK KR", '
    '"Apple SD Gothic Neo", "Malgun Gothic", monospace'
)
_FONT_FACE = re.compile(r"@font-face\s*{[^}]*}\s*")
_FONT_FAMILY = re.compile(r"font-family: (?:Fira Code, monospace|arial);")
_RUN = re.compile(
    r'<text (class="[^"]+") x="([^"]+)" (y="[^"]+") textLength="([^"]+)" clip-path="[^"]+">([^<]*)</text>'
)
_ADVERT = re.compile(r"\s*<!-- Generated with Rich[^>]*-->")


def portable(svg: str) -> str:
    """The same picture with each run as wide as its cells, and with fonts of whoever looks at it."""
    svg = _FONT_FACE.sub("", _ADVERT.sub("", svg))
    return _RUN.sub(_by_cells, _FONT_FAMILY.sub(f"font-family: {FONTS};", svg))


def _by_cells(match: re.Match[str]) -> str:
    look, x, y, length, escaped = match.groups()
    text = html.unescape(escaped)
    cell = float(length) / len(text)
    drawn, at = [], float(x)
    for (blank, cells), characters in groupby(text, _kind):
        run = "".join(characters)
        width = cell * cell_len(run)
        wide = ' lengthAdjust="spacingAndGlyphs"' * (cells > 1)  # as wide as in a terminal, not only as far apart
        if not blank:
            place = f'x="{at:g}" {y} textLength="{width:g}"{wide}'
            drawn.append(f"<text {look} {place}>{html.escape(run, quote=False)}</text>")
        at += width
    return "".join(drawn)


def _kind(character: str) -> tuple[bool, int]:
    """Blank or not, and its width: what is drawn together."""
    return character == "\xa0", get_character_cell_size(character)
