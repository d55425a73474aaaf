"""The headlines with their filter: read page by page, and kept right as others arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from monitor.tui import keys
from monitor.tui.listener import Listener
from monitor.tui.wanted import pages
from monitor.tui.widgets.box import Box
from monitor.tui.widgets.filter_bar import FilterBar
from monitor.tui.widgets.headline_list import HeadlineList, NoMarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime, tzinfo

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from monitor.config.screen import ScreenSettings
    from monitor.models import Headline
    from monitor.store.reader import Reader
    from monitor.store.records import Page
    from monitor.tui.wanted import Marks

BETWEEN_PAGES = 0.02  # seconds in which keys are answered


class HeadlinePanel(Box, Listener):
    """`reading` gives the reader, None while there is none, and takes care of what fails. `now` is the clock's."""

    DEFAULT_CSS = """
    HeadlinePanel {
        layers: list bar;
        & > HeadlineList { layer: list; }
        & > FilterBar { layer: bar; dock: top; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(keys.HEADLINES)

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Reader | None]],
        settings: Callable[[], ScreenSettings],
        now: Callable[[], datetime],
        zone: tzinfo | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(id=id)
        self.list = HeadlineList(zone=zone)
        self.bar = FilterBar(self.list)
        self._reading = reading
        self._settings = settings
        self._now = now
        self._marks: Marks = NoMarks()
        self._fetch: Callable[[Sequence[int]], list[Headline]] = lambda _: []
        self._pages: Iterator[Page] = iter(())
        self._next_page: Timer | None = None
        self._total = 0

    def compose(self) -> ComposeResult:
        yield self.bar
        yield self.list

    # What its owner tells it

    def database_opened(self, reader: Reader) -> None:
        """Another database, or the same again: nothing that was read before holds."""

        def fetch(ids: Sequence[int]) -> list[Headline]:
            found: list[Headline] = []
            with self._reading() as current:
                if current is reader:
                    found = reader.headlines_by_id(ids)
            return found

        self._fetch = fetch
        self.show()

    def show(self) -> None:
        """Read the list anew: its first page now, the others one by one."""
        self._stop()
        with self._reading() as reader:
            if reader is None:
                return
            self._total = reader.headline_count()
            self._pages = pages(reader, self.bar.wanted, self._marks)
            page = next(self._pages)
            self.list.show(page.ids, self._fetch, self._now(), text=self.bar.wanted.text, looked=page.before)
            self._count(more=self.list.more)

    def headlines_arrived(self, headlines: Sequence[Headline]) -> None:
        self._total += len(headlines)
        self.list.arrive(headlines, [self.bar.wanted.admits(headline, self._marks) for headline in headlines])
        self._count(more=self._next_page is not None)

    def feeds_changed(self) -> None:
        self.list.renew()

    def minute_turned(self, now: datetime) -> None:
        self.list.now(now)

    def settings_changed(self) -> None:
        settings = self._settings()
        self.list.use_topics(settings.topics)
        languages = dict.fromkeys(feed.language for feed in settings.feeds)
        self.bar.offer(topics=[topic.name for topic in settings.topics], languages=languages)

    def use_marks(self, marks: Marks) -> None:
        self._marks = marks
        self.list.use_marks(marks)

    def select_ticker(self, symbol: str | None) -> None:
        """The one under the cursor among the quotes."""
        self.bar.select_ticker(symbol)

    # The pages

    def _count(self, *, more: bool) -> None:
        self.bar.count(len(self.list.keys), self._total, more=more)
        self.list.note = self.bar.text
        if more and self._next_page is None:
            self._next_page = self.set_timer(BETWEEN_PAGES, self._show_next_page)

    def _show_next_page(self) -> None:
        self._next_page = None
        with self._reading() as reader:
            if reader is None:
                return
            page = next(self._pages)
            self.list.append_older(page.ids, looked=page.before)
            self._count(more=self.list.more)

    def _stop(self) -> None:
        if self._next_page is not None:
            self._next_page.stop()
            self._next_page = None

    # Filtering

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        event.stop()
        self.show()

    def on_filter_bar_closed(self, event: FilterBar.Closed) -> None:
        event.stop()
        self.screen.set_focus(self.list)  # `focus` would draw all of it anew

    async def action_search(self) -> None:
        await self.bar.edit()

    def action_topic(self) -> None:
        self.bar.next_topic()

    def action_language(self) -> None:
        self.bar.next_language()

    def action_follow(self) -> None:
        self.bar.toggle_ticker()

    def action_unread(self) -> None:
        self.bar.toggle_unread()

    def action_starred(self) -> None:
        self.bar.toggle_starred()

    def action_clear(self) -> None:
        self.bar.clear()
