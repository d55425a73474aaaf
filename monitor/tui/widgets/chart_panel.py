"""The chart of one ticker with what it is filled from: stored prices, those asked of the collector, its headlines."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, time
from typing import TYPE_CHECKING

from monitor.baseline.reference import THE_DAY, clock_time, day, part
from monitor.baseline.words import cited, documented
from monitor.models import DayPart
from monitor.store.records import HeadlineFilter
from monitor.tui import prices
from monitor.tui.asking import Asking
from monitor.tui.baseline_text import Recalled, is_figure, language_of, recall
from monitor.tui.chart_text import Mark, Shown
from monitor.tui.listener import Listener
from monitor.tui.prices import NOTHING, Drawn, Span
from monitor.tui.widgets.chart import Chart
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import tzinfo
    from pathlib import Path

    from monitor.baseline import Baseline
    from monitor.models import Record
    from monitor.store.reader import Reader
    from monitor.tui.follow import Picture

MOST_MARKED = 300
LOOK = 0.5  # seconds between two looks whether the collector has answered
CLOSE = time(16)


class ChartPanel(Chart, Listener):
    """Draws `symbol` anew by the minute, when another span is chosen and when the collector has answered.

    The first three arguments but `symbol` are as `BaselinePanel` has them; `path` is the database's. Marks are
    headlines by their ids; around 27 January 2025, what the documents say of its hours, by the records' ids.
    """

    def __init__(
        self,
        symbol: str,
        *,
        path: Path,
        picture: Callable[[], Picture],
        reading: Callable[[], AbstractContextManager[Reader | None]],
        now: Callable[[], datetime],
        read_baseline: Callable[[], Baseline],
        language: str | None = None,
        zone: tzinfo | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(zone=zone, id=id)
        self._symbol = symbol
        self._picture = picture
        self._reading = reading
        self._now = now
        self._read_baseline = read_baseline
        self._language = language or language_of(os.environ)
        self._asking = Asking(path)
        self._asked: set[Span] = set()
        self._span = Span.DAY
        self._baseline: Baseline | None = None
        self._recalled = Recalled()
        self._trouble = ""

    async def on_mount(self) -> None:
        self.set_interval(LOOK, self._look)

    def on_unmount(self) -> None:
        self._asking.give_up()

    @property
    def span(self) -> Span:
        return self._span

    async def use_span(self, span: Span) -> None:
        """Show another stretch of time."""
        if span is Span.THEN and self._baseline is None:
            self._baseline = await asyncio.to_thread(self._read_baseline)
        self._span = span
        self._asking.give_up()
        self._tell()

    def ask_again(self) -> None:
        """Ask the collector for the prices shown, whatever is stored and was answered before."""
        self._asked.discard(self._span)
        self._tell(ask=True)

    # What the follower tells

    def database_opened(self, reader: Reader) -> None:
        del reader
        self._trouble = ""
        self._tell()

    def database_lost(self, why: str) -> None:
        self._trouble = why
        self._tell()

    def collector_changed(self) -> None:
        self._tell()

    def minute_turned(self, now: datetime) -> None:
        del now
        self._tell()

    # What is shown

    def _look(self) -> None:
        if self._asking.look():
            self._tell()

    def _tell(self, *, ask: bool = False) -> None:
        """What is stored now; what is missing is asked for."""
        now = self._now()
        drawn, marks = NOTHING, list[Mark]()
        with self._reading() as reader:
            if reader is not None:
                self._recalled = recall(reader, self._symbol)
                drawn = prices.read(reader, self._symbol, self._span, now)
                marks = list(self._documented() if self._span is Span.THEN else self._headlines(reader, drawn, now))
        self._ask_for(drawn, now, again=ask)
        self.show(
            Shown(
                heading=f"{self._symbol}  {self._span}{'  SIMULATED' * self._simulated}",
                bars=drawn.bars,
                length=drawn.length,
                level=self._level(),
                marks=sorted(marks, key=lambda mark: mark.at),
                marked="figures" if self._span is Span.THEN else "headlines",
                grows=self._span is not Span.THEN,
                note=self._trouble or self._asking.words or ("" if drawn.bars else "no prices are stored"),
            )
        )

    def _ask_for(self, drawn: Drawn, now: datetime, *, again: bool) -> None:
        """Once for each span, and again when a collector comes; never twice at a time."""
        wish = prices.wish(self._symbol, self._span, now) if again else drawn.wish
        if wish is None or self._span in self._asked or self._asking.waits:
            return
        if self._asking.ask(wish, alive=self._picture().alive):
            self._asked.add(self._span)

    @property
    def _simulated(self) -> bool:
        state = self._recalled.history.get(self._symbol)
        return self._picture().simulated or (self._span is Span.THEN and state is not None and state.simulated)

    def _level(self) -> float | None:
        """The close that the move is measured from: of a day the quote's, around the 27th that of the 24th."""
        if self._span is Span.DAY:
            quote = self._picture().quotes.get(self._symbol)
            return None if quote is None else quote.base_close
        closes = self._recalled.closes(self._symbol) if self._span is Span.THEN else None
        return None if closes is None else closes.before

    def _headlines(self, reader: Reader, drawn: Drawn, now: datetime) -> Iterator[Mark]:
        if drawn.bars:
            wanted = HeadlineFilter(ticker=self._symbol, since=drawn.bars[0].at, until=now, limit=MOST_MARKED)
            for headline in reversed(reader.headlines(wanted)):
                yield Mark(headline.id, headline.sort_at, headline.feed_name, headline.title)

    def _documented(self) -> Iterator[Mark]:
        for record in self._baseline.of(self._symbol) if self._baseline is not None else ():
            if is_figure(record) and (at := _moment(record)) is not None:
                said = f"{documented(record)}, documented by {cited(record)}"
                yield Mark(record.id, at, said, record.summary.of(self._language))


def _moment(record: Record) -> datetime | None:
    """The minute of a record of 27 January, or the close; None of what has no hour, or is of another day."""
    if day(record) != THE_DAY:
        return None
    closing = record.session is not None and part(record) is DayPart.CLOSE
    at = clock_time(record) or (CLOSE if closing else None)
    return None if at is None else datetime.combine(THE_DAY, at, NEW_YORK)
