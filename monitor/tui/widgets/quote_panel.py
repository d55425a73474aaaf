"""The quote board with what it is filled from: the follower's picture, the stored prices of the day, the headlines."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from monitor import new_york
from monitor.tui.listener import Listener
from monitor.tui.quote_rows import DAY, Courses, board_groups, board_symbols, quote_rows
from monitor.tui.widgets.quote_board import QuoteBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from textual.timer import Timer

    from monitor.baseline import Baseline
    from monitor.store.reader import Reader
    from monitor.tui.follow import Picture
    from monitor.tui.quote_rows import QuoteRow

HOUR = DAY / 24
BETWEEN_COURSES = 0.01  # seconds, for keys and drawing; one symbol's day takes some 4 ms to read


class QuotePanel(QuoteBoard, Listener):
    """`picture` gives the follower's, `reading` the reader, None while there is none, and takes care of what fails.

    `read_baseline` is called in a thread, when the board is on the screen; until it is done nothing is compared.
    Headlines are counted when quotes change and when the minute turns, so that many of them cost nothing on the wire.
    """

    def __init__(
        self,
        *,
        picture: Callable[[], Picture],
        reading: Callable[[], AbstractContextManager[Reader | None]],
        now: Callable[[], datetime],
        read_baseline: Callable[[], Baseline],
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(id=id)
        self._picture = picture
        self._reading = reading
        self._now = now
        self._read_baseline = read_baseline
        self._baseline: Baseline | None = None
        self._courses = Courses()
        self._to_read: list[str] = []
        self._next_course: Timer | None = None
        self._counts: Mapping[str, int] = {}

    # What its owner tells it

    async def on_mount(self) -> None:
        self.run_worker(self._compare(), group="baseline")

    def database_opened(self, reader: Reader) -> None:
        del reader  # read through `reading`, which takes care of what fails
        self._courses = Courses()
        self.settings_changed()

    def settings_changed(self) -> None:
        """Show the groups of the settings: the quotes now, the courses of their day one by one."""
        groups = board_groups(self._picture())
        self._to_read = board_symbols(groups)[::-1]
        self._count(self._to_read)
        self.show(groups, self._rows_now())
        self._soon()

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        quotes = self._picture().quotes
        if not self.keys:  # the first ones of a database that had none
            self.settings_changed()
        for symbol in symbols & quotes.keys():
            self._courses.add_quote(quotes[symbol])
        before = self._counts
        self._count(self._symbols)
        changed = {*symbols, *(symbol for symbol, count in self._counts.items() if count != before.get(symbol))}
        self.update(self._rows_now([each for each in self._symbols if each in changed or each not in quotes]))

    def collector_changed(self) -> None:
        self._again()  # why a quote is missing

    def minute_turned(self, now: datetime) -> None:
        del now
        self._again()

    # Reading

    async def _compare(self) -> None:
        """From now on today stands against January 2025."""
        self._baseline = await asyncio.to_thread(self._comparable)
        self._again()

    def _comparable(self) -> Baseline:
        new_york.session(self._now())  # gets the calendar, which takes longest
        return self._read_baseline()

    def _again(self) -> None:
        self._count(self._symbols)
        self.update(self._rows_now())

    def _rows_now(self, symbols: Iterable[str] | None = None) -> Mapping[str, QuoteRow]:
        return quote_rows(self._picture(), self._courses, self._counts, self._baseline, self._now(), symbols)

    def _count(self, symbols: list[str]) -> None:
        with self._reading() as reader:
            if reader is not None:
                self._counts = reader.headline_counts(symbols, self._now() - HOUR)

    def _soon(self) -> None:
        if self._next_course is None and self._to_read:
            self._next_course = self.set_timer(BETWEEN_COURSES, self._read_course)

    def _read_course(self) -> None:
        self._next_course = None
        with self._reading() as reader:
            if reader is None:
                return
            symbol = self._to_read.pop()
            quote = self._picture().quotes.get(symbol)
            if quote is not None and quote.traded_at is not None:
                self._courses.add(symbol, reader.recent_closes([symbol], quote.traded_at - DAY)[symbol])
                self.update(self._rows_now([symbol]))
        self._soon()
