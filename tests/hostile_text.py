"""Texts made to do harm, and what may be in the bytes that a program writes when it was given them."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata

SET_TITLE = "\x1b]0;owned\x07"
CLIPBOARD = "\x1b]52;c;b3duZWQ=\x07"
FORGED = "2025-01-27 23:31:05 KST (09:31 EST) CRITICAL forged: sell all"

PAYLOADS = {
    "title": SET_TITLE,
    "clipboard": CLIPBOARD,
    "string terminator": "\x1b]52;c;b3duZWQ=\x1b\\",
    "colours": "\x1b[31337m",
    "modes": "\x1b[?6969h\x1bc",
    "device control": "\x1bP+q6f776e6564\x1b\\",
    "one-byte controls": "\x9b31337m\x9d52;c;b3duZWQ=\x9c\x90\x85",
    "bell and backspace": "\x07\x08\x7f\x00",
    "link": "\x1b]8;;file:///etc/passwd\x1b\\",
    "line feed": f"\n{FORGED}",
    "carriage return": f"\r{FORGED}",
    "line separators": f"\u2028{FORGED}\u2029\x0b\x0c\x1c\x85",
    "right to left": "\u202eowned\u2066\u200f\u061c",
    "invisible": "\u200b\u2060\ufeff\u00ad\u034f\u3164\U000e0041\U000e007f",
    "marks": "o" + "\u0336\u0301\u0489" * 200,
    "Hebrew": "שלום",
    "no character": "\ufdd0\ufffe\U0010ffff\ue000\U000e1234",
    "markup": "[/nope][Exclusive][@click=app.quit]x[/][b]$x{0}",
    "tags": "<b>&#27;[31337m&amp;#27;[31337m</b><!-- -->]]>",
    "equals": "=HYPERLINK(1)",
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(1)",
    "tab": "\t=1+1",
    "full-width equals": "＝1+1",
    "hidden equals": "\u200b\u202e=1+1",
    "space and equals": "\n =1+1",
    "shell": "$(touch owned);`touch owned`|touch owned&touch owned>owned\n",
    "quotes": "'\";touch owned;'\"\\",
    "option": "--help --config=/etc/passwd",
    "format": "%n%s{0}{self}%(x)s",
    "long": "W" * 20_000,
}
"""By what they try. All but `long` are short."""

# What Textual writes by itself: colours, places, modes, and questions to the terminal.
_OWN_SEQUENCES = re.compile(
    rb"\x1b\[[0-9;:]*m|\x1b\[[0-9;]*[HABCDJKfGd]|\x1b\[\?[0-9;]*[hl]|\x1b\[[<>=?]?[0-9;]*u|\x1b\[\?[0-9]+\$p"
    rb"|\x1b\[[0-9]* q|\x1b\[2[23];[0-2]t|\x1b\[>[0-9;]*[mq]|\x1b\[c|\x1b\[6n|\x1b\[1[468]t|\x1b\[[0-9;]*r"
    rb"|\x1b\]22;[a-z-]*\x07"
)
_TITLE = re.compile(rb"\x1b\]2;(?P<text>[^\x00-\x1f]*)\x07")
_LINK = re.compile(rb"\x1b\]8;(?P<id>(?:id=[0-9-]+)?);(?P<address>[!-~]*)\x1b\\")
_NOTIFICATION = re.compile(rb"\x1b\]9;(?P<text>[^\x00-\x1f]*)\x07")
_COPY = re.compile(rb"\x1b\]52;c;(?P<text>[A-Za-z0-9+/=]*)\x07")
_JOINERS = "\u200c\u200d"


def steering(text: str) -> list[str]:
    """The characters in it that steer a terminal, turn a line round, end one or take no room in it."""
    return [
        char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in _JOINERS
    ]


def lines_of(output: bytes) -> list[str]:
    """The lines of an output for people, each of which steers nothing."""
    text = output.decode("utf-8")
    lines = text.split("\n")
    assert not lines.pop(), "the last line has no end"
    for line in lines:
        assert not steering(line), f"{steering(line)[0]!a} in {line[:300]!a}"
    return lines


def rows_of(output: bytes) -> list[dict[str, str]]:
    """The rows of a CSV output: a line each, and no cell that a spreadsheet would run."""
    lines = lines_of(output)
    rows = list(csv.DictReader(io.StringIO(output.decode())))
    assert len(rows) == len(lines) - 1, "a cell has forged a row"
    for row in rows:
        for name, cell in row.items():
            if not re.fullmatch(r"-?[0-9.]+(e[+-]?[0-9]+)?", cell):
                assert not cell.strip().startswith(tuple("=+-@＝＋－＠\t\r")), f"{name}: {cell[:200]!a}"
    return rows


def objects_of(output: bytes) -> list[dict[str, object]]:
    """The objects of a JSON output, a list or one a line, in which nothing stands that a terminal would obey."""
    lines = lines_of(output)
    if lines and lines[0] in ("[", "[]"):
        return list(json.loads("\n".join(lines)))
    return [json.loads(line) for line in lines]


class Written:
    """What a program wrote to its terminal, taken apart; whatever is not its own to write is an assertion."""

    def __init__(self, raw: bytes) -> None:
        self.titles = [found["text"].decode() for found in _TITLE.finditer(raw)]
        self.links = {found["address"].decode() for found in _LINK.finditer(raw)}
        self.notifications = [found["text"].decode() for found in _NOTIFICATION.finditer(raw)]
        self.copies = [found["text"] for found in _COPY.finditer(raw)]
        leak = re.search(rb"\x1b\[[0-?]*(?:31337|6969)", raw)
        assert leak is None, f"{raw[max(0, leak.start() - 200) : leak.end() + 50]!r}"
        for sequence in (_TITLE, _LINK, _NOTIFICATION, _COPY, _OWN_SEQUENCES):
            raw = sequence.sub(b"", raw)
        self.text = raw.decode("utf-8")
        self.bells = self.text.count("\a")
        foreign = [char for char in steering(self.text) if char not in "\r\n\a\x0e\x0f"]
        assert not foreign, f"{foreign[0]!a} in {self.text[max(0, self.text.index(foreign[0]) - 60) :][:160]!a}"
        for each in (*self.titles, *self.notifications):
            assert not steering(each)
