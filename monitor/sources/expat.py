"""Python's XML parser for feedparser, which looks for it here by `create_parser`.

As `xml.sax` sets it up, it hands a text on in pieces, one for each reference and each line in it, and feedparser takes
its time over every one.
"""

from __future__ import annotations

from xml.sax.expatreader import ExpatParser


class WholeTexts(ExpatParser):
    def reset(self) -> None:
        super().reset()
        self._parser.buffer_text = True  # type: ignore[attr-defined]  # the stubs leave it out


def create_parser() -> WholeTexts:
    return WholeTexts()
