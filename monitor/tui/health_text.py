"""How the collecting is: who does it, each feed and the quotes, what its log says. Pure; ages are of whole minutes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from monitor.health import SILENT, Health, Verdict, judge
from monitor.store.records import clock_of
from monitor.tui import cells
from monitor.tui.page_text import ASIDE, HEAD, LOUD, PLAIN, TROUBLE, Line, row, safe, told
from monitor.when import local_and_new_york

if TYPE_CHECKING:
    from datetime import tzinfo

    from monitor.models import FeedState, QuoteSourceState
    from monitor.store.records import Activity, StoredFeed
    from monitor.tui.follow import Picture

FEED, QUOTES = "feed", "quotes"
"""What the keys of the lines of sources begin with: `feed/URL`, and `quotes`."""

DAY = timedelta(days=1)
WIDE, MIDDLE = 92, 56  # cells from which all columns fit, and from which more than name, state and answer do
ASKED, NEXT, COUNT, LATENCY = 9, 9, 8, 8  # cells of columns
LONGEST_NAME, STATE = 26, 8


class Collecting(Struct, frozen=True, kw_only=True):
    """All that the page tells of.

    `activity` is that of the last day, by url. `who` is who collects in words, `own_settings` why the viewer's own
    settings cannot be read, or empty. `log` are the last lines of the log of a collector that this viewer started;
    None: it started none, and the log is elsewhere. `lost` is why no database can be read, or empty.
    """

    picture: Picture
    activity: Mapping[str, Activity]
    undelivered: int
    now: datetime
    who: str = ""
    own_settings: str = ""
    log: Sequence[str] | None = None
    log_file: str = ""
    lost: str = ""

    @property
    def feeds(self) -> list[StoredFeed]:
        """Those of the settings: failing ones first, those that are switched off last, else by name."""
        active = [stored for stored in self.picture.feeds if stored.active]
        return sorted(active, key=lambda stored: (not stored.feed.enabled, not stored.state.failures))

    @property
    def lives(self) -> bool:
        return self.health.verdict is not Verdict.NO_COLLECTOR

    @property
    def health(self) -> Health:
        info = self.picture.collector
        silent = None
        if info is not None:
            silent = timedelta(seconds=clock_of(info).real(self.now - info.heartbeat_at))
        return judge(
            alive=self.picture.alive,
            silent_for=silent,
            settings_error=info.settings_error if info is not None else None,
            feeds=[stored.state for stored in self.feeds if stored.feed.enabled],
            quotes=self.picture.source,
            undelivered=self.undelivered,
        )


def title(collecting: Collecting) -> str:
    """`Health  degraded  3/5 feeds`."""
    states = [stored.state for stored in collecting.feeds if stored.feed.enabled]
    well = sum(state.last_checked_at is not None and not state.failures for state in states)
    simulated = "SIMULATED" * collecting.picture.simulated
    verdict = "no database" if collecting.lost else str(collecting.health.verdict)
    return "  ".join(part for part in ("Health", verdict, f"{well}/{len(states)} feeds", simulated) if part)


def lines(collecting: Collecting, *, width: int, zone: tzinfo | None = None) -> list[Line]:
    """The page in lines of at most `width` cells. `zone` None is this machine's."""
    return [
        *_troubles(collecting, width),
        *_sources(collecting, width),
        *_collector(collecting, width, zone),
        *_log(collecting, width),
    ]


def _troubles(collecting: Collecting, width: int) -> Iterator[Line]:
    if collecting.lost:
        yield from told("lost", f"No database: {collecting.lost}", width, look=TROUBLE)
    for number, trouble in enumerate(collecting.health.troubles):
        yield from told(f"trouble/{number}", _sentence(trouble), width, look=TROUBLE)
    if collecting.own_settings:
        text = f"This viewer's settings cannot be read: {collecting.own_settings}"
        yield from told("settings", text, width, look=TROUBLE)


# Sources


def _sources(collecting: Collecting, width: int) -> Iterator[Line]:
    feeds = collecting.feeds
    names = max((cells.width(stored.feed.name) for stored in feeds), default=0)
    table = _Table(collecting, width, min(max(names, len("the quotes")), LONGEST_NAME if width >= MIDDLE else 14))
    yield table.heading()
    yield from table.source(QUOTES, "the quotes", collecting.picture.source, None)
    for stored in feeds:
        activity = collecting.activity.get(stored.feed.url)
        yield from table.source(
            f"{FEED}/{stored.feed.url}", stored.feed.name, stored.state, activity, off=not stored.feed.enabled
        )
    if not feeds:
        yield from told("no-feeds", "No feeds: no collector has been here yet, or its settings name none.", width)


class _Table(Struct, frozen=True):
    collecting: Collecting
    width: int
    names: int

    def heading(self) -> Line:
        columns = [cells.fit("Source", self.names), cells.fit("state", STATE), cells.fit("answered", ASKED)]
        if self.width >= MIDDLE:
            columns.append(cells.fit("next try", NEXT))
        if self.width >= WIDE:
            columns += [cells.fit("new/24h", COUNT, right=True), cells.fit("latency", LATENCY, right=True)]
        return row("sources", [(" ".join(columns), HEAD)], self.width)

    def source(
        self,
        key: str,
        name: str,
        state: FeedState | QuoteSourceState,
        activity: Activity | None,
        *,
        off: bool = False,
    ) -> Iterator[Line]:
        now = self.collecting.now
        word = _state(state, off=off)
        look = TROUBLE if word == "FAILS" else ASIDE if off else PLAIN
        answered = age(state.last_success_at, now) if state.last_success_at is not None else "never"
        parts = [
            (f"{cells.fit(safe(name), self.names)} ", look),
            (cells.fit(word, STATE) + " ", look),
            (cells.fit("" if off else answered, ASKED) + " ", ASIDE if off else PLAIN),
        ]
        if self.width >= MIDDLE:
            parts.append((cells.fit("" if off else self._next(state), NEXT) + " ", PLAIN))
        if self.width >= WIDE:
            parts += [(self._count(key, activity) + " ", PLAIN), (_latency(state, activity), PLAIN)]
        yield row(key, parts, self.width)
        if state.failures and not off:
            since = f"for {age(state.failing_since, now)}: " if state.failing_since is not None else ""
            text = f"{since}{state.error or state.failure or 'no reason was given'}"
            yield from told(f"error/{key}", text, self.width, first=("  ", PLAIN))
        if key == QUOTES and self.collecting.picture.source.unknown:
            text = f"unknown to it: {', '.join(self.collecting.picture.source.unknown)}"
            yield from told(f"unknown/{key}", text, self.width, first=("  ", PLAIN))

    def _next(self, state: FeedState | QuoteSourceState) -> str:
        if not self.collecting.lives:
            return "-"
        if state.next_check_at is None or state.next_check_at <= self.collecting.now:
            return "now"
        return f"in {_minutes(state.next_check_at - self.collecting.now)}"

    def _count(self, key: str, activity: Activity | None) -> str:
        text = "" if key == QUOTES else f"{activity.new:,}" if activity is not None else "0"
        return cells.fit(text, COUNT, right=True)


def _state(state: FeedState | QuoteSourceState, *, off: bool) -> str:
    if off:
        return "off"
    if state.last_checked_at is None:
        return "waits"
    return "FAILS" if state.failures else "ok"


def _latency(state: FeedState | QuoteSourceState, activity: Activity | None) -> str:
    """The mean of the last day, else the last one."""
    length = activity.latency if activity is not None and activity.latency is not None else state.latency
    return cells.fit("" if length is None else f"{length.total_seconds():.2f} s", LATENCY, right=True)


# The collector


def _collector(collecting: Collecting, width: int, zone: tzinfo | None) -> Iterator[Line]:
    yield Line("gap/collector", ())
    yield row("collector", [("Collector", HEAD)], width)
    if collecting.who:
        yield from told("who", _sentence(collecting.who), width)
    info = collecting.picture.collector
    if info is None:
        yield from told("nobody", "Nobody has collected into this database yet.", width)
        return
    was = "" if collecting.lives else "was "
    text = f"{was}process {info.pid} on {safe(info.host)}, version {safe(info.version)}"
    yield from told("process", text, width)
    yield from told("since", f"since {local_and_new_york(info.started_at, zone)}", width)
    silent = clock_of(info).real(collecting.now - info.heartbeat_at)
    heard = "a moment ago" if silent <= SILENT.total_seconds() else f"{age(info.heartbeat_at, collecting.now)} ago"
    yield from told("heartbeat", f"last heard {heard}", width, look=PLAIN if heard == "a moment ago" else TROUBLE)
    if info.settings_file:
        yield from told("file", f"settings {safe(info.settings_file)}", width)


def _log(collecting: Collecting, width: int) -> Iterator[Line]:
    yield Line("gap/log", ())
    yield row("log", [("Its log", HEAD)], width)
    if collecting.log is None:
        words = (
            "This viewer has not started the collector. A service's log is read with `journalctl -u monitor -e`;"
            " otherwise it is where the collector's standard error goes, or what `--log` names."
        )
        yield from told("log/elsewhere", words, width, look=ASIDE)
        return
    yield from told("log/file", collecting.log_file, width, look=ASIDE)
    if not collecting.log:
        yield from told("log/empty", "Nothing in it yet.", width, look=ASIDE)
    for number, line in enumerate(collecting.log):
        loud = LOUD if any(f" {word} " in line for word in ("WARNING", "ERROR", "CRITICAL")) else PLAIN
        yield row(f"log/{number}", [(safe(line), loud)], width)


# Words


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in whole minutes: it reads the same for a minute."""
    return "" if at is None else _minutes(now - at)


def _minutes(length: timedelta) -> str:
    """`<1m`, `7m`, `2h 5m`, `3d 4h`."""
    minutes = int(max(timedelta(0), length) / timedelta(minutes=1))
    if not minutes:
        return "<1m"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts: Iterable[str] = (f"{count}{unit}" for count, unit in ((days, "d"), (hours, "h"), (minutes, "m")) if count)
    return " ".join(list(parts)[:2])


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
