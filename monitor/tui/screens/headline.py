"""One headline: read at length, opened, copied, starred; and the next one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from rich.style import Style
from textual.binding import Binding
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from monitor.errors import MonitorError
from monitor.links import safe_link
from monitor.tui import cells, headline_text, keys, links
from monitor.tui.headline_text import LINK, OTHER, TICKER, TOPIC
from monitor.tui.listener import Listener
from monitor.tui.widgets.headline_list import HeadlineList, NoMarks, looks
from monitor.tui.widgets.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from monitor.models import Headline
    from monitor.store.reader import Reader
    from monitor.tui.app import MonitorApp
    from monitor.tui.headline_text import Story
    from monitor.tui.wanted import Marks


ACTIONS = (
    Binding("o", "browse", "open", id="headline.browse", tooltip="In the browser, where there is one"),
    Binding("y", "copy", "copy link", id="headline.copy", tooltip="To the terminal's clipboard (OSC 52)"),
    Binding("n", "go(1)", "next", id="headline.next"),
    Binding("p", "go(-1)", "previous", id="headline.previous"),
    Binding("escape,backspace", "back", "back", id="headline.back"),
    Binding("s", "star", "star", id="headline.star"),
)


class HeadlineScreen(Screen[None], Listener, inherit_bindings=False):
    """Of the headline with the id `number`. `among` is the list that it was opened from, in which n and p go on.

    Posts HeadlineList's MarkedRead and StarToggled, and `TickerOpened`. `environment` tells terminal and browser.
    """

    app: MonitorApp
    DEFAULT_CSS = """
    HeadlineScreen {
        layout: vertical;
        overflow: hidden;
        & #headline-hint { height: 1; width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(ACTIONS)

    class TickerOpened(Message):
        """Enter on a ticker."""

        def __init__(self, symbol: str) -> None:
            super().__init__()
            self.symbol = symbol

    def __init__(
        self,
        number: int,
        *,
        among: HeadlineList | None = None,
        marks: Marks | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        super().__init__()
        self.number = number
        self._among = among
        self._marks: Marks = marks or NoMarks()
        self._environment = environment
        self._story: Story | None = None
        self._missing = ""
        self._said = ""

    def compose(self) -> ComposeResult:
        self.page = Page("Headline", id="headline-page")
        self.hint = Static("", id="headline-hint", markup=False)
        yield self.page
        yield self.hint

    def on_mount(self) -> None:
        self.page.focus()
        self.app.follower.tell(self)
        self.call_after_refresh(self._opened)

    def on_unmount(self) -> None:
        self.app.follower.leave(self)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    @property
    def headline(self) -> Headline | None:
        return self._story.headline if self._story is not None else None

    # What it is told

    def database_opened(self, reader: Reader) -> None:
        del reader
        self._said = ""
        self._read()

    def database_lost(self, why: str) -> None:
        self._say(why)

    def quotes_changed(self, symbols: frozenset[str]) -> None:
        if self.headline is not None and symbols & set(self.headline.tickers):
            self._draw()

    def feeds_changed(self) -> None:
        """One of them may have changed this headline."""
        with self.app.reading() as reader:
            changed = reader is not None and reader.headlines_by_id([self.number]) != [self.headline]
        if changed and self._story is not None:
            self._read()

    def collector_changed(self) -> None:
        self._draw()

    def settings_changed(self) -> None:
        self._draw()

    def minute_turned(self, now: datetime) -> None:
        del now
        self._draw()

    def marks_changed(self, headlines: Iterable[int], alerts: Iterable[str]) -> None:
        del alerts
        if self.number in headlines:
            self._draw()

    # Showing

    def show(self, number: int) -> None:
        """Another headline, from its top."""
        self.number = number
        self._said = ""
        if self._among is not None:
            self._among.select(number)
        self._read(from_top=True)
        self._opened()

    def _opened(self) -> None:
        if self._story is not None and self.number not in self._marks.read:
            self.post_message(HeadlineList.MarkedRead(self.number))

    def _read(self, *, from_top: bool = False) -> None:
        with self.app.reading() as reader:
            if reader is not None:
                self._story = headline_text.read(reader, self.number)
                self._missing = "" if self._story is not None else "This headline is no longer kept."
        self._draw(from_top=from_top)

    def _draw(self, *, from_top: bool = False) -> None:
        if not self.is_mounted:
            return
        if self._story is None:
            self.page.show(f"Headline  {self._missing}".rstrip(), ())
        else:
            drawn = headline_text.lines(self._story, self.app.picture, width=self.page.room, zone=self.app.zone)
            self.page.show(self._title(), drawn, self._looks(self._story.headline), from_top=from_top)
        text = cells.plain(self._said) or keys.hint(ACTIONS, self._labels(), self.size.width)
        if text != str(self.hint.content):
            self.hint.update(text, layout=False)

    def _title(self) -> str:
        place = ""
        if self._among is not None and self.number in self._among.keys:
            place = f"{self._among.keys.index(self.number) + 1:,} of {len(self._among.keys):,}"
        starred = "* starred" if self.number in self._marks.starred else ""
        parts = ("Headline", place, starred, "SIMULATED" * self.app.picture.simulated)
        return "  ".join(part for part in parts if part)

    def _looks(self, headline: Headline) -> dict[str, Style]:
        target = links.terminal_link(headline.link, self._environment)
        topics = {topic.name: looks(topic.style) for topic in self.app.picture.settings.topics}
        ground = Style(underline=True)
        return {
            LINK: ground + Style(link=target) if target is not None else ground,
            TICKER: Style(bold=True),
            **{f"{TOPIC}/{name}": topics.get(name, ground) for name in headline.topics},
        }

    def _say(self, text: str) -> None:
        self._said = text
        self._draw()

    # Keys

    def action_go(self, step: int) -> None:
        """To the next one in the list, which is the older one; from one that the list no longer has, to its first."""
        ids = self._among.keys if self._among is not None else ()
        if not ids:
            self._say("opened by itself: there is no list to go on in")
            return
        at = ids.index(self.number) + step if self.number in ids else 0
        if 0 <= at < len(ids):
            self.show(ids[at])
        else:
            self._say("this is the last one of the list" if step > 0 else "this is the first one of the list")

    def action_star(self) -> None:
        self.post_message(HeadlineList.StarToggled(self.number))

    def action_browse(self) -> None:
        link = self.headline.link if self.headline is not None else None
        found = links.browser(self._environment)
        if link is None:
            self._say("there is no link to open")
        elif found.command is None:
            self._say(f"{found.why}: {self._key('headline.copy')} copies it")
        else:
            try:
                links.open_in(found, link)
            except MonitorError as error:
                self._say(f"{error}: {self._key('headline.copy')} copies it")
            else:
                self._say("opened in the browser")

    def action_copy(self) -> None:
        link = safe_link(self.headline.link) if self.headline is not None else None
        if link is None:
            self._say("there is no link to copy")
        elif sequence := links.copying(link, self._environment):
            self.app.write(sequence)
            self._say("copied, if this terminal lets programs copy (OSC 52)")
        else:
            self._say("no clipboard here; the link stands above")

    def action_back(self) -> None:
        self.dismiss()

    def on_page_opened(self, event: Page.Opened) -> None:
        """Enter leads on, where the line leads somewhere."""
        event.stop()
        kind, _, rest = event.key.partition("/")
        if kind == OTHER:
            self.show(int(rest.split("/")[0]))
        elif kind == TICKER:
            self.post_message(self.TickerOpened(rest))
        elif kind == LINK:
            self.action_browse()

    def on_page_highlighted(self, event: Page.Highlighted) -> None:
        """What was said is over when one reads on."""
        event.stop()
        if self._said:
            self._say("")

    def _labels(self) -> keys.Labels:
        return keys.Labels(self.app.viewer.keys, self.app.get_key_display)

    def _key(self, action: str) -> str:
        return self._labels().first(next(binding for binding in ACTIONS if binding.id == action))
