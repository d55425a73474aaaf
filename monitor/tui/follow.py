"""What changed in the database since the last look, told to those who listen, and the picture that it gives."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from monitor import lock
from monitor.clock import Clock, ReplayClock
from monitor.config.screen import ScreenSettings
from monitor.errors import StoreError, StoreReadOnly
from monitor.models import QuoteSourceState
from monitor.store.reader import Reader
from monitor.store.records import CollectorInfo, Position, clock_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from monitor.market import Staleness
    from monitor.models import Quote
    from monitor.store.records import StoredFeed
    from monitor.tui.listener import Listener

WAIT = 1.0  # seconds between two looks for a database that is not there, for who collects, and for stale quotes
LONGEST_WAIT = 30.0  # seconds between two tries of a database that opens and then cannot be read
UNREAD = -1  # no version of a database
MANY = 25  # headlines found in one look: so many nobody reads one by one
REST = 0.9  # seconds after that in which nothing is read, since what arrives meanwhile can as well be shown together
AT_ONCE = 500  # headlines or alerts taken in one look, so that a key never waits for a long absence to be made good


class Picture(Struct, frozen=True):
    """What is known of the small things, all of which are read when anything changes.

    `quotes` and `stale` are by symbol; `stale` has those only that must not be taken for current. `alive` says whether
    a collector holds the lock, None when this account may not look. `settings` are the viewer's own, or those of the
    replay that fills the database; until they are read they are empty. `partial` until quotes and feeds were read.
    """

    quotes: Mapping[str, Quote] = field(default_factory=dict)
    stale: Mapping[str, Staleness] = field(default_factory=dict)
    source: QuoteSourceState = QuoteSourceState()
    feeds: tuple[StoredFeed, ...] = ()
    collector: CollectorInfo | None = None
    alive: bool | None = None
    settings: ScreenSettings = field(default_factory=lambda: ScreenSettings(file=""))
    partial: bool = False

    @property
    def simulated(self) -> bool:
        return self.collector is not None and self.collector.simulated


class Follower:
    """Looks at the database at `path` whenever it is told to, in one thread, and tells its listeners what it sees.

    `reader` is None while nothing can be read; `picture` then stays as it last was. `elapsed` counts real seconds.
    """

    def __init__(self, path: Path, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.reader: Reader | None = None
        self.picture = Picture(partial=True)
        self.clock: Clock = clock_of(None)
        self.trouble = ""
        """Why nothing can be read, or empty."""
        self._listeners: list[Listener] = []
        self._elapsed = elapsed
        self._version = UNREAD
        self._place = Position()
        self._behind = False
        self._minute: datetime | None = None
        self._next_try = self._next_watch = self._next_judged = self._next_reading = 0.0
        self._wait = WAIT

    def tell(self, listener: Listener) -> None:
        """Tell `listener` what is known now, and from now on what changes."""
        self._listeners.append(listener)
        if self.reader is not None:
            listener.database_opened(self.reader)
        elif self.trouble:
            listener.database_lost(self.trouble)
        if self.picture.settings.file:
            listener.settings_changed()
        listener.minute_turned(self.clock.now())

    def leave(self, *listeners: Listener) -> None:
        """Tell these nothing more."""
        self._listeners = [listener for listener in self._listeners if listener not in listeners]

    def begin(self) -> None:
        """Open the database, and read as little as the headlines need to be shown; the first look reads the rest."""
        self._watch_collector()
        try:
            self._open(self._read_who)
        except StoreError as error:
            self.failed(error)
        self._version = UNREAD

    def look(self) -> None:
        """Some microseconds while nothing changes. Raises nothing: what cannot be read is told."""
        self._watch_collector()
        try:
            if self.reader is not None and not self.reader.still_there():
                self._drop()
            if self.reader is None:
                self._open(self._read_small)
            else:
                self._follow(self.reader)
        except StoreError as error:
            self.failed(error)
        self._watch()

    def failed(self, error: StoreError) -> None:
        """Reading failed, here or for a panel: let go of the database, and wait longer each time it opens in vain."""
        self._drop()
        self._next_try = self._elapsed() + self._wait
        self._wait = min(self._wait * 2, LONGEST_WAIT)
        self._tell(error)

    def use(self, settings: ScreenSettings | None = None) -> None:
        """From now on these are the settings; None: the same, but something about them is to be said."""
        self.picture = replace(self.picture, settings=settings or self.picture.settings)
        self._judge_quotes()
        self._each(lambda listener: listener.settings_changed())

    def close(self) -> None:
        self._drop()

    def _open(self, read: Callable[[Reader], None]) -> None:
        if self._elapsed() < self._next_try:
            return
        self._next_try = self._elapsed() + WAIT
        try:
            reader = Reader.open(self.path)
        except StoreError as error:
            self._tell(error)
            return
        self.reader = reader  # from here on `failed` closes it
        self._version = reader.data_version()
        with reader.snapshot():
            self._place = reader.newest()
            read(reader)
        self.trouble = ""
        for listener in tuple(self._listeners):
            if self.reader is reader:  # and none before has failed to read it
                listener.database_opened(reader)

    def _follow(self, reader: Reader) -> None:
        if self._elapsed() < self._next_reading and not self._behind:
            return
        version = reader.data_version()
        if version == self._version and not self._behind:
            return
        with reader.snapshot():
            before = self.picture
            self._read_small(reader)
            headlines = tuple(reader.headlines_after(self._place.headline, limit=AT_ONCE))
            alerts = tuple(reader.alerts_after(self._place.alert, limit=AT_ONCE))
        self._version, self._wait = version, WAIT
        self._behind = AT_ONCE in (len(headlines), len(alerts))
        if len(headlines) >= MANY:
            self._next_reading = self._elapsed() + REST
        self._place = Position(
            headlines[-1].id if headlines else self._place.headline, alerts[-1][0] if alerts else self._place.alert
        )
        if headlines:
            self._each(lambda listener: listener.headlines_arrived(headlines))
        if alerts:
            self._each(lambda listener: listener.alerts_arrived(alerts))
        self._tell_differences(before)

    def _read_who(self, reader: Reader) -> None:
        self.picture = replace(self.picture, collector=reader.collector())
        self._set_clock()

    def _read_small(self, reader: Reader) -> None:
        self.picture = replace(
            self.picture,
            quotes=reader.quotes(),
            source=reader.quote_source(),
            feeds=tuple(reader.feeds()),
            partial=False,
        )
        self._read_who(reader)
        self.picture = replace(self.picture, stale=self._stale())

    def _set_clock(self) -> None:
        info = self.picture.collector
        ended = info is not None and info.simulated and self.picture.alive is False
        self.clock = _standing(_last_sign(self.picture, info)) if info is not None and ended else clock_of(info)

    def _tell_differences(self, before: Picture) -> None:
        after = self.picture
        changed = {symbol for symbol in {*before.quotes, *after.quotes} if _differs(before, after, symbol)}
        if changed:
            self._each(lambda listener: listener.quotes_changed(frozenset(changed)))
        if before.feeds != after.feeds or before.source != after.source:
            self._each(lambda listener: listener.feeds_changed())
        if _who(before.collector) != _who(after.collector):
            self._each(lambda listener: listener.collector_changed())

    def _watch(self) -> None:
        """What changes without a commit: quotes that turn stale, the minute."""
        if self._elapsed() >= self._next_judged:
            self._next_judged = self._elapsed() + WAIT
            self._judge_quotes()
        minute = (now := self.clock.now()).replace(second=0, microsecond=0)
        if minute != self._minute:
            self._minute = minute
            self._each(lambda listener: listener.minute_turned(now))

    def _watch_collector(self) -> None:
        if self._elapsed() < self._next_watch:
            return
        self._next_watch = self._elapsed() + WAIT
        alive: bool | None
        try:
            alive = lock.holder(self.path) is not None
        except StoreReadOnly:
            alive = None
        if alive != self.picture.alive:
            self.picture = replace(self.picture, alive=alive)
            self._set_clock()
            self._each(lambda listener: listener.collector_changed())

    def _judge_quotes(self) -> None:
        before = self.picture
        self.picture = replace(before, stale=self._stale())
        if turned := {symbol for symbol in before.quotes if _differs(before, self.picture, symbol)}:
            self._each(lambda listener: listener.quotes_changed(frozenset(turned)))

    def _stale(self) -> dict[str, Staleness]:
        if not self.picture.quotes:
            return {}
        from monitor.market import staleness  # with all that a quote is made of, for which the screen does not wait

        now, limits = self.clock.now(), self.picture.settings.quotes
        judged = {symbol: staleness(quote, now, limits) for symbol, quote in self.picture.quotes.items()}
        return {symbol: stale for symbol, stale in judged.items() if stale is not None}

    def _each(self, say: Callable[[Listener], None]) -> None:
        for listener in tuple(self._listeners):  # one may come or go while they are told
            say(listener)

    def _drop(self) -> None:
        if self.reader is not None:
            self.reader.close()
        self.reader = None
        self._behind = False

    def _tell(self, error: StoreError) -> None:
        if str(error) != self.trouble:
            self.trouble = str(error)
            self._each(lambda listener: listener.database_lost(self.trouble))


def _differs(before: Picture, after: Picture, symbol: str) -> bool:
    """Whether the quote is another one, or stale in another way; how long it has been stale is the minute's affair."""
    if (was_quote := before.quotes.get(symbol)) is not (quote := after.quotes.get(symbol)) and was_quote != quote:
        return True
    was, now = before.stale.get(symbol), after.stale.get(symbol)
    return (was and was.kind) != (now and now.kind)


def _standing(at: datetime) -> Clock:
    """Of a replay that nobody goes on with: its day stands where it was last."""
    return ReplayClock(starts_at=at, wall_start=math.inf, speed=1.0)


def _last_sign(picture: Picture, info: CollectorInfo) -> datetime:
    """When the collector last did anything: in a fast replay its heartbeats lie far apart."""
    asked = [picture.source.last_checked_at, *(stored.state.last_checked_at for stored in picture.feeds)]
    return max([info.heartbeat_at, *(at for at in asked if at is not None)])


def _who(info: CollectorInfo | None) -> CollectorInfo | None:
    """Without the heartbeat, which comes every few seconds and changes nothing."""
    return info and replace(info, heartbeat_at=info.started_at)
