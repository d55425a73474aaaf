"""The top line's words: the session in New York, the time here, what the collecting does, alerts. Pure.

It reads the same for a whole minute unless one of its words changes: what would count seconds is told in words.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from monitor.store.records import clock_of
from monitor.tui import cells
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, tzinfo

    from monitor.store.records import CollectorInfo
    from monitor.tui.follow import Picture

MISSED_ROUNDS = 3  # of asking for quotes, after which it is said for how long there was no answer
GAP = "  "


class Look(StrEnum):
    """How a part is drawn, beside what it says."""

    PLAIN = "plain"
    SIMULATED = "simulated"
    TROUBLE = "trouble"
    ALERTS = "alerts"


class Part(NamedTuple):
    """The same in ever fewer words; the last one may be empty: then it is what is left out."""

    words: tuple[str, ...] = ("",)
    look: Look = Look.PLAIN


class TopLineState(NamedTuple):
    """All that the line says, in its order."""

    simulated: Part = Part()
    session: Part = Part()
    clock: Part = Part()
    sources: Part = Part()
    alerts: Part = Part()

    @property
    def parts(self) -> tuple[Part, ...]:
        return self.simulated, self.session, self.clock, self.sources, self.alerts


# Which part is shortened to which of its words, in this order, until the line fits. The collecting and the alerts go
# last, because the clock and the session can be seen elsewhere and these cannot.
_SHORTER = (*((2, 1), (1, 1), (3, 1), (2, 2), (1, 2), (4, 1), (1, 3), (3, 2), (2, 3), (1, 4), (4, 2), (3, 3), (1, 5)),)


def top_line(
    picture: Picture,
    now: datetime,
    zone: tzinfo | None,
    *,
    unacknowledged: int = 0,
    lost: bool = False,
    calendar: bool = True,
) -> TopLineState:
    """`zone` None is this machine's. `lost`: no database can be read. Without `calendar` nothing is said of New York's
    session, and its holidays, which take 150 ms to load, are not asked for.
    """
    return TopLineState(
        simulated=Part(("SIMULATED",), Look.SIMULATED) if picture.simulated else Part(),
        session=_session(now, zone) if calendar else Part(),
        clock=_clock(now, zone),
        sources=Part(("no database",), Look.TROUBLE) if lost else _sources(picture, now),
        alerts=_alerts(unacknowledged),
    )


def fitted(state: TopLineState, width: int) -> list[tuple[str, Look]]:
    """The pieces of the line, at most `width` cells together."""
    chosen = [0] * len(state.parts)
    pieces = _joined(state.parts, chosen)
    for part, words in _SHORTER:
        if sum(cells.width(text) for text, _ in pieces) <= width:
            break
        chosen[part] = min(words, len(state.parts[part].words) - 1)
        pieces = _joined(state.parts, chosen)
    return _cut(pieces, width)


def _joined(parts: Sequence[Part], chosen: Sequence[int]) -> list[tuple[str, Look]]:
    shown = [(part.words[words], part.look) for part, words in zip(parts, chosen, strict=True) if part.words[words]]
    pieces: list[tuple[str, Look]] = []
    for text, look in shown:
        if pieces:
            pieces.append((GAP, Look.PLAIN))
        pieces.append((text, look))
    return pieces


def _cut(pieces: Sequence[tuple[str, Look]], width: int) -> list[tuple[str, Look]]:
    found = []
    for text, look in pieces:
        found.append((cells.cut(text, width), look))
        width = max(0, width - cells.width(text))
    return [(text, look) for text, look in found if text]


def _session(now: datetime, zone: tzinfo | None) -> Part:
    """`New York 07:50 pre-market, opens in 1 h 40 min`; without its time where the clocks agree."""
    from monitor import new_york
    from monitor.models import Session

    there = now.astimezone(NEW_YORK)
    session = new_york.session(now)
    _, moment = new_york.next_change(now)
    day = new_york.trading_day(there.date())
    holiday = new_york.holiday(there.date())
    name, verb, short = {
        Session.PRE: ("pre-market", "opens", "pre"),
        Session.REGULAR: ("regular", "closes", "open"),
        Session.POST: ("post-market", "ends", "post"),
        Session.CLOSED: ("closed", "pre-market", "closed"),
    }[session]
    if holiday and day is None:
        name = f"closed for {holiday}"
    elif day is not None and day.short and session in {Session.PRE, Session.REGULAR}:
        name = f"{name}, closes early at {day.close.astimezone(NEW_YORK):%H:%M}"
    wait = moment - now
    words = f"{name}, {verb} in {_span(wait)}"
    brief = f"{short} {_span(wait, brief=True)}"
    clock = "" if there.utcoffset() == now.astimezone(zone).utcoffset() else f" {there:%H:%M}"
    return Part(
        (
            f"New York{clock} {words}",
            f"NY{clock} {words}",
            f"NY {words}",
            f"NY {short}, {verb} in {_span(wait)}",
            f"NY {brief}",
            f"NY {short}",
        )
    )


def _clock(now: datetime, zone: tzinfo | None) -> Part:
    here = now.astimezone(zone)
    name = here.tzname() or ""
    name = name if name.isalpha() else f"UTC{here:%z}"
    return Part((f"{here:%a} {here.day} {here:%b %H:%M} {name}", f"{here:%H:%M} {name}", f"{here:%H:%M}", ""))


def _sources(picture: Picture, now: datetime) -> Part:
    """`13/15 feeds, quotes every 15 s`; the worst trouble first, which is also what is left where there is no room."""
    if picture.partial:
        return Part()
    feeds = _feeds(picture)
    quotes, quotes_fail = _quotes(picture, now)
    troubles = [trouble for trouble in (_collector(picture, now), _settings(picture.collector)) if trouble]
    if troubles:
        return Part(
            (", ".join((*troubles, feeds, quotes)), ", ".join(troubles), troubles[0], troubles[0]), Look.TROUBLE
        )
    if quotes_fail:
        return Part((f"{feeds}, {quotes}", f"{feeds}, {quotes}", quotes, "quotes!"), Look.TROUBLE)
    count = feeds.partition(" ")[0]
    return Part((f"{feeds}, {quotes}", f"{feeds}, {quotes.replace('every ', '')}", feeds, count))


def _collector(picture: Picture, now: datetime) -> str:
    from monitor.health import SILENT

    info = picture.collector
    silent = info is None or clock_of(info).real(now - info.heartbeat_at) > SILENT.total_seconds()
    if picture.alive is False or (picture.alive is None and silent):
        return "no collector"
    return "collector silent" if silent and info is not None else ""


def _settings(info: CollectorInfo | None) -> str:
    return "new settings not in force" if info is not None and info.settings_error else ""


def _feeds(picture: Picture) -> str:
    states = [stored.state for stored in picture.feeds if stored.active and stored.feed.enabled]
    if not states:
        return "no feeds"
    asked = [state for state in states if state.last_checked_at is not None]
    well = sum(not state.failures for state in asked)
    return f"{well}/{len(states)} feeds" if asked else f"0/{len(states)} feeds asked"


def _quotes(picture: Picture, now: datetime) -> tuple[str, bool]:
    """In words, and whether they are trouble."""
    from monitor.models import Session

    source, limits = picture.source, picture.settings.quotes
    if source.failures:
        since = source.failing_since
        return ("quotes fail" if since is None else f"quotes fail for {_span(now - since)}"), True
    if source.last_success_at is None:
        return "no quotes yet", False
    is_open = any(quote.session is not Session.CLOSED for quote in picture.quotes.values())
    pace = limits.interval if is_open else limits.closed_interval
    waited = now - source.last_success_at
    if waited > pace * MISSED_ROUNDS:
        return f"quotes {_span(waited)} old", True
    return f"quotes every {_pace(pace)}", False


def _alerts(count: int) -> Part:
    if not count:
        return Part()
    return Part(
        (f"{count:,} {'alert' if count == 1 else 'alerts'} to acknowledge", f"{count:,} new!", f"!{count}"), Look.ALERTS
    )


def _span(length: timedelta, *, brief: bool = False) -> str:
    """`2 d 3 h`, `1 h 40 min`, `5 min`; brief `1h40m`. A minute begun counts, so that it changes with the clock's."""
    minutes = max(1, -(-length // timedelta(minutes=1)))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    units = ((days, "d", "d"), (hours, "h", "h"), (minutes, "min", "m"))
    parts = [f"{count}{short}" if brief else f"{count} {unit}" for count, unit, short in units if count]
    return ("" if brief else " ").join(parts[:2])


def _pace(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    return f"{seconds} s" if seconds % 60 else f"{seconds // 60} min"
