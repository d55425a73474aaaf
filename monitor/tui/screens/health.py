"""Health: who collects, how each feed and the quotes are, what the collector's log says; and asking now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Static

from monitor import mailbox
from monitor.errors import MonitorError
from monitor.tui import cells, health_text, keys
from monitor.tui.child import tail
from monitor.tui.health_text import FEED, QUOTES, Collecting
from monitor.tui.listener import Listener
from monitor.tui.widgets.page import Page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from textual import events
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer

    from monitor.models import Feed, FeedState
    from monitor.store.reader import Reader
    from monitor.store.records import Activity
    from monitor.tui.app import MonitorApp
    from monitor.tui.succession import ChildState

LOOK = 0.5  # seconds between two looks whether the collector has taken a wish
PATIENCE = 20.0  # seconds that it is given for that, and again for asking
LOG_LOOK = 2.0  # seconds between two looks at the log
LOG_LINES = 40
COUNTED = 5.0  # seconds between two counts of a day's polls, however fast a replayed day goes

ACTIONS = (
    Binding("p", "poll", "ask now", id="health.poll", tooltip="The feed under the cursor"),
    Binding("P", "poll_all", "ask all", id="health.poll_all", tooltip="All feeds, and the quotes"),
    Binding("escape,backspace,h", "back", "back", id="health.back"),
)


class HealthScreen(Screen[None], Listener, inherit_bindings=False):
    """Drawn anew where something has changed, and each minute; only lines that read differently cost anything."""

    app: MonitorApp
    DEFAULT_CSS = """
    HealthScreen {
        layout: vertical;
        overflow: hidden;
        & #health-hint { height: 1; width: 100%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = list(ACTIONS)

    def __init__(self) -> None:
        super().__init__()
        self._activity: Mapping[str, Activity] = {}
        self._undelivered = 0
        self._counted_at = float("-inf")
        self._log: tuple[str, ...] = ()
        self._who: ChildState | None = None
        self._lost = ""
        self._said = ""
        self._asked: _Asked | None = None
        self._watch: Timer | None = None

    def compose(self) -> ComposeResult:
        self.page = Page("Health", id="health-page")
        self.hint = Static("", id="health-hint", markup=False)
        yield self.page
        yield self.hint

    def on_mount(self) -> None:
        self.page.focus()
        self._log = self._read_log()
        self.app.follower.tell(self)
        self.set_interval(LOG_LOOK, self._look_at_log)
        self._watch = self.set_interval(LOOK, self._look_at_wish, pause=True)
        self.call_after_refresh(self._choose_first)

    def on_unmount(self) -> None:
        self.app.follower.leave(self)

    def on_resize(self, event: events.Resize) -> None:
        del event
        self.call_after_refresh(self._draw)

    # What it is told

    def database_opened(self, reader: Reader) -> None:
        del reader
        self._lost = ""
        self._counted_at = float("-inf")
        self._count()
        self._draw()

    def database_lost(self, why: str) -> None:
        self._lost = why
        self._draw()

    def feeds_changed(self) -> None:
        if self._asked is not None and (outcome := self._asked.outcome(self._feed(self._asked.url))):
            self._end_asking(outcome)
        self._draw()

    def collector_changed(self) -> None:
        self._draw()

    def settings_changed(self) -> None:
        self._draw()

    def minute_turned(self, now: datetime) -> None:
        del now
        self._count()
        self._draw()

    # Showing

    def _draw(self) -> None:
        if not self.is_mounted or not self.page.size.width:
            return
        app = self.app
        collecting = Collecting(
            picture=app.picture,
            activity=self._activity,
            undelivered=self._undelivered,
            now=app.now(),
            who=app.collecting.words(app.zone) if app.collecting is not None else "",
            own_settings=app.settings_trouble,
            log=self._log if app.collector_log is not None else None,
            log_file=str(app.collector_log or ""),
            lost=self._lost,
        )
        drawn = health_text.lines(collecting, width=self.page.room, zone=app.zone)
        self.page.show(health_text.title(collecting), drawn)
        self._say_hint()

    def _say_hint(self) -> None:
        labels = keys.Labels(self.app.viewer.keys, self.app.get_key_display)
        text = cells.plain(self._said) or keys.hint(ACTIONS, labels, self.size.width)
        if text != str(self.hint.content):
            self.hint.update(text, layout=False)

    def _choose_first(self) -> None:
        """The first feed, which is one that fails where any does: what p asks."""
        self._draw()
        first = next((key for key in self.page.keys if key.startswith(f"{FEED}/")), None)
        if first is not None and self.page.highlighted is None:
            self.page.select(first)

    def _count(self) -> None:
        """What each feed did in a day: a walk over its polls, so not at every change."""
        if time.monotonic() - self._counted_at < COUNTED:
            return
        self._counted_at = time.monotonic()
        with self.app.reading() as reader:
            if reader is not None:
                self._activity = reader.activity(self.app.now() - health_text.DAY)
                self._undelivered = reader.undelivered()

    def _read_log(self) -> tuple[str, ...]:
        log = self.app.collector_log
        return tuple(tail(log, LOG_LINES)) if log is not None else ()

    def _look_at_log(self) -> None:
        """At who collects, too, where that is this viewer's affair."""
        if not self.is_current:
            return
        seen = self._read_log(), self.app.collecting
        if seen != (self._log, self._who):
            self._log, self._who = seen
            self._draw()

    # Asking

    def action_poll(self) -> None:
        key = self.page.highlighted or ""
        feed = self._feed_of(key)
        if feed is not None:
            self._ask(feed)
        elif key == QUOTES:
            self._say(f"the quotes are asked together with all feeds: {self._key('health.poll_all')}")
        else:
            self._say(f"put the cursor on a feed; {self._key('health.poll_all')} asks all of them")

    def action_poll_all(self) -> None:
        self._ask(None)

    def action_back(self) -> None:
        self.dismiss()

    def on_page_highlighted(self, event: Page.Highlighted) -> None:
        event.stop()
        if self._asked is None and self._said:
            self._say("")

    def on_page_opened(self, event: Page.Opened) -> None:
        event.stop()

    def _ask(self, feed: Feed | None) -> None:
        name = "all feeds and quotes" if feed is None else feed.name
        if feed is not None and not feed.enabled:
            self._say(f"{name} is switched off in the settings")
            return
        if self.app.picture.alive is False:
            self._say("no collector runs: nothing can be asked")
            return
        try:
            letter = mailbox.post(self.app.follower.path, mailbox.PollNow(None if feed is None else feed.name))
        except MonitorError as error:
            self._say(str(error))
            return
        before = self._feed(feed.url if feed is not None else None)
        self._asked = _Asked(name, feed.url if feed is not None else None, letter, before)
        self._say(f"{name}: the collector is told")
        if self._watch is not None:
            self._watch.resume()

    def _look_at_wish(self) -> None:
        asked = self._asked
        if asked is None:
            return
        if not asked.taken and asked.letter.answered():
            asked.taken, asked.since = True, time.monotonic()
            words = f"{asked.name}: asked now"
            if asked.url is None:
                self._end_asking(words)
            else:
                self._say(words)
        elif time.monotonic() - asked.since > PATIENCE:
            if not asked.taken:
                asked.letter.done()
            waits = "waits: its host may have asked for a pause" if asked.taken else "the collector does not answer"
            self._end_asking(f"{asked.name}: {waits}")

    def _end_asking(self, words: str) -> None:
        self._asked = None
        if self._watch is not None:
            self._watch.pause()
        self._say(words)

    def _say(self, text: str) -> None:
        self._said = text
        self._say_hint()

    def _feed(self, url: str | None) -> FeedState | None:
        return next((stored.state for stored in self.app.picture.feeds if stored.feed.url == url), None)

    def _feed_of(self, key: str) -> Feed | None:
        """The feed that a line is about, its error's lines too."""
        for stored in self.app.picture.feeds:
            whole = f"{FEED}/{stored.feed.url}"
            if key == whole or key == f"error/{whole}" or key.startswith(f"error/{whole}/"):
                return stored.feed
        return None

    def _key(self, action: str) -> str:
        labels = keys.Labels(self.app.viewer.keys, self.app.get_key_display)
        return labels.first(next(binding for binding in ACTIONS if binding.id == action))


class _Asked:
    """What the collector was asked for: `url` None is everything. `before` is how the feed was then."""

    def __init__(self, name: str, url: str | None, letter: mailbox.Letter, before: FeedState | None) -> None:
        self.name = name
        self.url = url
        self.letter = letter
        self.taken = False
        self.since = time.monotonic()
        self._before = before.last_checked_at if before is not None else None

    def outcome(self, state: FeedState | None) -> str:
        """In words, once the feed was asked; else empty."""
        if state is None or state.last_checked_at == self._before:
            return ""
        return f"{self.name}: {state.error or state.failure}" if state.failures else f"{self.name}: answered"
