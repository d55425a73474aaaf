"""The baseline beside now: of the selected ticker, or of the whole day of 27 January 2025."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, ClassVar

from monitor import new_york
from monitor.tui import baseline_text
from monitor.tui.baseline_text import Line, Page, Recalled, language_of, recall
from monitor.tui.listener import Listener
from monitor.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from rich.style import Style
    from textual.timer import Timer

    from monitor.baseline import Baseline
    from monitor.store.reader import Reader
    from monitor.tui.follow import Picture
    from monitor.tui.widgets.strips import Pieces


REST = 0.18  # seconds; held down, an arrow repeats in 30 to 50 ms


class BaselineList(LineList[str]):
    """Draws what it is given. It scrolls by a cursor, as every list does; what is compared with now stands behind »."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"baseline-list--head", "baseline-list--same", "baseline-list--aside"}
    DEFAULT_CSS = """
    BaselineList {
        & > .baseline-list--head { text-style: underline; }
        & > .baseline-list--same { text-style: bold; }
        & > .baseline-list--aside { text-style: dim; }
    }
    """

    def __init__(self, *, language: str | None = None, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        """`language`, "ko" or "en", is that of the summaries; None is the locale's."""
        super().__init__("Baseline", when_empty="The documents' records are being read.", id=id)
        self._language = language or language_of(os.environ)
        self._given: tuple[Baseline, str | None, Picture, Recalled, datetime] | None = None
        self._lines: dict[str, Line] = {}

    def show(self, baseline: Baseline, symbol: str | None, picture: Picture, recalled: Recalled, now: datetime) -> None:
        """Show the ticker, or the whole day where `symbol` is None. Lines that read as before are not drawn anew."""
        another = self._given is None or self._given[1] != symbol
        self._given = (baseline, symbol, picture, recalled, now)
        if another:
            self.action_let_go()
        self._rebuild()

    def line(self, key: str, width: int) -> Pieces:
        del width  # they are folded already
        return [(text, self._look(look)) for text, look in self._lines[key].pieces]

    def on_resize(self) -> None:
        self._rebuild()
        super().on_resize()

    def _rebuild(self) -> None:
        if self._given is None or self.size.width < 2:
            return
        baseline, symbol, picture, recalled, now = self._given
        page = Page(
            baseline=baseline,
            symbol=symbol,
            picture=picture,
            recalled=recalled,
            now=now,
            language=self._language,
            width=self.size.width - 1,
        )
        before, self._lines = self._lines, {line.key: line for line in page.lines()}
        self.replace(self._lines)
        if changed := [key for key, line in self._lines.items() if key in before and before[key] != line]:
            self.redraw(*changed)

    def _title_text(self) -> str:
        if self._given is None:
            return "Baseline"
        _, symbol, picture, _, _ = self._given
        place = f"{min(self._top + self._rows, len(self.keys))}/{len(self.keys)}"
        return "  ".join(
            filter(None, ("Baseline", symbol or "27 January 2025", place, "SIMULATED" * picture.simulated))
        )

    def _look(self, look: str) -> Style | None:
        return self.style_of(f"baseline-list--{look}") if look != baseline_text.PLAIN else None


class BaselinePanel(BaselineList, Listener):
    """The same with what it is filled from.

    `picture` gives the follower's, `reading` the reader, None while there is none, and takes care of what fails.
    `read_baseline` is called in a thread. The whole day is told anew by the minute, a ticker also with its quote. It
    follows the selected ticker once the selection has rested, so that going through the quotes draws the quotes alone.
    """

    def __init__(
        self,
        *,
        picture: Callable[[], Picture],
        reading: Callable[[], AbstractContextManager[Reader | None]],
        now: Callable[[], datetime],
        read_baseline: Callable[[], Baseline],
        symbol: str | None = None,
        language: str | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(language=language, id=id)
        self._picture = picture
        self._reading = reading
        self._now = now
        self._read_baseline = read_baseline
        self._symbol = self._selected = symbol
        self._resting: Timer | None = None
        self._baseline: Baseline | None = None
        self._recalled = Recalled()

    async def on_mount(self) -> None:
        self.run_worker(self._read(), group="baseline")

    async def _read(self) -> None:
        self._baseline = await asyncio.to_thread(self._comparable)
        self._tell()

    def _comparable(self) -> Baseline:
        new_york.session(self._now())  # gets the calendar, which takes longest
        return self._read_baseline()

    def select_ticker(self, symbol: str | None) -> None:
        """This one is selected among the quotes."""
        self._selected = symbol
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(REST, self._follow) if symbol != self._symbol else None

    def _follow(self) -> None:
        self._resting = None
        self._symbol = self._selected
        self._recall()

    # What the follower tells

    def database_opened(self, reader: Reader) -> None:
        del reader
        self._recall()

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        if self._symbol in symbols:
            self._tell()

    def settings_changed(self) -> None:
        self._tell()

    def minute_turned(self, now: datetime) -> None:
        del now
        self._recall()

    def _recall(self) -> None:
        """The ticker's prices of January 2025, which the collector may have fetched since."""
        if self._symbol is not None:
            with self._reading() as reader:
                if reader is not None:
                    self._recalled = recall(reader, self._symbol)
        self._tell()

    def _tell(self) -> None:
        if self._baseline is not None:
            self.show(self._baseline, self._symbol, self._picture(), self._recalled, self._now())
