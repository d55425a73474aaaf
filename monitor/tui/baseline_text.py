"""The lines of the baseline panel: what was documented of a ticker, or of the day, beside what is so now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor import new_york
from monitor.baseline.breadth import Breadth, Tally, breadth
from monitor.baseline.live import Anchors, anchors, shock_ratio, since
from monitor.baseline.measured import KINDS, is_measurable, measure
from monitor.baseline.reference import OPINIONS, THE_DAY, begins, day, reference
from monitor.baseline.words import cited, difference, documented, measured_figure, misprint, short_time
from monitor.models import Bar, BaselineRef, DayPart, Measured, MeasuredState, Precision, Record, Session
from monitor.tui import cells
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from monitor.baseline import Baseline
    from monitor.models import Quote
    from monitor.store.reader import Reader
    from monitor.store.records import HistoryState
    from monitor.tui.follow import Picture

HEAD, SAME, ASIDE, PLAIN = "head", "same", "aside", ""
"""How something looks: a heading; what is compared with now, or is the selected ticker's; what is said beside it."""

MARK = "» "
"""Before the record that today is held against. A terminal gives it one cell everywhere, as it gives not to ▶."""

NO_MARK = "  "
SESSIONS = {
    Session.PRE: "before the open",
    Session.REGULAR: "regular session",
    Session.POST: "after the close",
    Session.CLOSED: "market closed",
}
NO_HOUR = "day"  # as `short_time` says it
NARROW = 50  # cells, below which a table has its most needed columns only

Piece = tuple[str, str]
"""Text and how it looks."""

_TIME, _FIGURE, _MEASURED, _DIFFERS = 8, 16, 21, 8  # cells of a table's columns
_TALLY = 9
_NAME = 32  # cells of a group's name at most, so that the eye finds the way to its figures


class Line(Struct, frozen=True):
    """`key` stays the same while what the line is about does."""

    key: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(text for text, _ in self.pieces)


class Recalled(Struct, frozen=True):
    """The prices of January 2025 as far as they were fetched, by symbol: how far, and daily and hourly bars."""

    history: Mapping[str, HistoryState] = field(default_factory=dict)
    bars: Mapping[str, tuple[Sequence[Bar], Sequence[Bar]]] = field(default_factory=dict)

    def measured(self, record: Record) -> Measured:
        state = self.history.get(record.symbol or "")
        daily, hourly = self.bars.get(record.symbol or "", ((), ()))
        asked = state is not None and state.asked_at is not None
        return measure(record, daily, hourly, asked=asked, simulated=state is not None and state.simulated)

    def closes(self, symbol: str) -> Anchors | None:
        """None while they were not fetched."""
        state = self.history.get(symbol)
        if state is None or state.asked_at is None:
            return None
        return anchors(self.bars.get(symbol, ((), ()))[0])


def recall(reader: Reader, symbol: str | None = None) -> Recalled:
    """Of one symbol, or of all. Raises the StoreError kinds."""
    with reader.snapshot():
        return Recalled(reader.baseline_history(), reader.baseline_bars(symbol))


def language_of(environment: Mapping[str, str]) -> str:
    """ "ko" or "en", by the first of the locale's variables that is set."""
    locale = next(filter(None, map(environment.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "")
    return "ko" if locale.startswith("ko") else "en"


def is_figure(record: Record) -> bool:
    """Whether it is a ticker's price or move."""
    return record.symbol is not None and record.kind in KINDS and bool(documented(record))


class Page(Struct, frozen=True, kw_only=True):
    """What is known, of `symbol` or, where that is None, of the whole day; `width` is in cells."""

    baseline: Baseline
    symbol: str | None
    picture: Picture
    recalled: Recalled
    now: datetime
    language: str
    width: int

    def lines(self) -> list[Line]:
        if self.symbol is None:
            *groups, everything = self._tallies()
            return [*self._breadth("All", [everything]), *self._day(), *self._breadth("By group", groups)]
        return [*self._now(self.symbol), *self._recorded(self.symbol)]

    # A ticker

    def _now(self, symbol: str) -> Iterator[Line]:
        """What changes with each quote stands in the first line; the others stay, so that little is drawn."""
        quote = self.picture.quotes.get(symbol)
        compared = self._compared(quote) if quote is not None else ""
        yield Line(
            "now", ((cells.cut("  ".join(filter(None, self._price(symbol, quote, compared))), self.width), SAME),)
        )
        if quote is not None:
            words = f"compared with its {compared.compared}" if isinstance(compared, BaselineRef) else compared
            yield from self._told("now/compared", words, indent=2)
            yield from self._told("now/since", self._since(quote), look=ASIDE, indent=2)

    def _price(self, symbol: str, quote: Quote | None, compared: BaselineRef | str) -> Iterator[str]:
        if quote is None:
            unknown = symbol in self.picture.source.unknown
            yield f"{symbol} now: {'unknown to the source' if unknown else 'no quote yet'}"
            return
        stale = self.picture.stale.get(symbol)
        change = cells.change(quote.change_percent)
        yield f"{symbol} now {cells.price(quote.price)}"
        yield change and f"{change}%"
        yield f"STALE: {stale}" if stale else ""
        if isinstance(compared, BaselineRef):
            yield f"{compared.ratio:.2f}x of {documented(self.baseline.record(compared.id))}"

    def _compared(self, quote: Quote) -> BaselineRef | str:
        if quote.symbol in self.picture.stale:
            return "not compared while it is stale"
        compared = shock_ratio(self.baseline, quote, self.now)
        return compared if isinstance(compared, BaselineRef) else f"not compared: {compared}"

    def _since(self, quote: Quote) -> str:
        changes = since(quote, self.recalled.closes(quote.symbol))
        if changes.before == changes.after and isinstance(changes.before, str):
            return f"since the closes of 24 and 27 January 2025: {changes.before}"
        before, after = (
            f"{each:+.1f}%" if isinstance(each, float) else each for each in (changes.before, changes.after)
        )
        return f"since the close of 24 January 2025 {before}, of 27 January {after}"

    def _same(self, symbol: str) -> str | None:
        """The id of the record that the ticker's move is held against now, or would be if it moved."""
        quote = self.picture.quotes.get(symbol)
        compared = self._compared(quote) if quote is not None else ""
        if isinstance(compared, BaselineRef):
            return compared.id
        found = reference(self.baseline, symbol, self.now)
        return found.id if isinstance(found, Record) else None

    def _recorded(self, symbol: str) -> Iterator[Line]:
        records = sorted(self.baseline.of(symbol), key=_order)
        if not records:
            yield from self._told("none", f"The documents record nothing of {symbol}.")
            yield from self._day(figures_only=True)
            return
        same = self._same(symbol)
        if measurable := [record for record in records if is_measurable(record)]:
            measured = [self.recalled.measured(record) for record in measurable]
            yield self._heading(simulated=any(each.simulated for each in measured))
            for record, found in zip(measurable, measured, strict=True):
                yield self._row(record, found, same=record.id == same)
        disputes = dict.fromkeys(each for record in records for each in self.baseline.disagreements_of(record.id))
        if disputes:
            yield from self._told("disputes", "Where the documents disagree", look=HEAD)
        for each in disputes:
            yield from self._told(f"dispute/{each.id}", f"{each.note.of(self.language)} ≠{each.id}", indent=2)
        yield from self._day(figures_only=True)
        yield from self._told("recorded", "As recorded", look=HEAD)
        for record in records:
            yield from self._record(record, same=record.id == same)

    def _heading(self, *, simulated: bool) -> Line:
        found = "measured, SIMULATED" if simulated else "measured"
        text = f"{'New York':<{2 + _TIME}}{'documented':<{_FIGURE}}{found:<{_MEASURED}}{'differs':<{_DIFFERS}}doc"
        return Line("table", ((cells.fit(text, self.width), HEAD),))

    def _row(self, record: Record, measured: Measured, *, same: bool) -> Line:
        text = f"{MARK if same else NO_MARK}{short_time(record):<{_TIME}}{documented(record):<{_FIGURE - 1}} "
        if measured.state is MeasuredState.MEASURED:
            text += f"{measured_figure(record, measured):<{_MEASURED - 1}} "
            text += f"{difference(record, measured):<{_DIFFERS - 1}} "
        else:
            text += f"{measured.basis:<{_MEASURED + _DIFFERS - 1}} "
        text += cited(record, quoting=False)
        return Line(f"row/{record.id}", ((cells.cut(text, self.width), SAME if same else PLAIN),))

    def _record(self, record: Record, *, same: bool) -> Iterator[Line]:
        """What was recorded, in words, with its sources and what disputes it."""
        when = short_time(record) if _is_of_january(record) else _longer(record)
        summary = record.summary.of(self.language)
        if record.kind in OPINIONS and record.subject not in summary:
            summary = f"{record.subject}: {summary}"
        misprints = "; ".join(filter(None, map(misprint, record.sources)))
        disputes = "".join(f" ≠{each.id}" for each in self.baseline.disagreements_of(record.id))
        aside = f"{f' ({misprints})' if misprints else ''} [{cited(record)}]{disputes}"
        words = [*_words(summary, SAME if same else PLAIN), *_words(aside, ASIDE)]
        first = f"{MARK if same else NO_MARK}{when:<{_TIME}}"
        yield from self._folded(f"record/{record.id}", words, first=(first, PLAIN), indent=2 + _TIME)

    # The day

    def _tallies(self) -> tuple[Breadth, ...]:
        """Of each group of the watchlist, and in the end of all of it."""
        picture = self.picture
        return breadth(picture.settings.watchlist, picture.quotes, picture.stale, self.baseline, self.now)

    def _breadth(self, of: str, tallies: Sequence[Breadth]) -> Iterator[Line]:
        wide = self.width >= NARROW
        name = min(self.width - 2 * _TALLY * (1 + wide), _NAME)
        heading = "".join(f"{word:>{_TALLY * (1 + wide)}}" for word in ("now", "27 Jan 2025" if wide else "27 Jan"))
        title = f"{of}: down, median move" if wide else of
        yield Line(f"breadth of {of}", ((f"{title:<{name}.{name}}{heading}", HEAD),))
        for each in tallies:
            text = cells.fit(each.group or "All, each once", name - 1) + " "
            text += _counted(each.now, wide=wide) + _counted(each.then, wide=wide)
            yield Line(f"breadth/{each.group or ''}", ((text, PLAIN if each.group else SAME),))
            if each.group is None:
                yield from self._told("breadth/compared", _said(each), look=ASIDE, indent=2)

    def _day(self, *, figures_only: bool = False) -> Iterator[Line]:
        """27 January 2025 by its moments: the figures of each, and what else was recorded of it.

        The one that is like now comes first, and what has no hour last.
        """
        moments: dict[str, list[Record]] = {}
        for record in sorted(self.baseline.records, key=_order):
            if day(record) == THE_DAY and record.kind not in OPINIONS and (is_figure(record) or not figures_only):
                moments.setdefault(short_time(record), []).append(record)
        same = _same_moments(moments, self.now)
        clock = self.now.astimezone(NEW_YORK)
        session = SESSIONS[new_york.session(self.now)]
        yield from self._told(
            "day", f"27 January 2025 in New York, where it is {clock:%H:%M} now, {session}", look=HEAD
        )
        for moment in sorted(moments, key=lambda moment: (moment not in same, moment == NO_HOUR)):
            yield from self._moment(moment, moments[moment], same=moment in same)

    def _moment(self, moment: str, records: Sequence[Record], *, same: bool) -> Iterator[Line]:
        figures = [record for record in records if is_figure(record)]
        words = [
            (f"{record.symbol} {documented(record)}", SAME if record.symbol == self.symbol else PLAIN)
            for record in figures
        ]
        first = f"{MARK if same else NO_MARK}{moment:<{_TIME}}"
        if words:
            look = SAME if same else HEAD
            yield from self._folded(f"moment/{moment}", words, first=(first, look), indent=2 + _TIME, gap="  ")
            first = " " * (2 + _TIME)
        for record in records:
            if record not in figures:
                aside = f" [{cited(record)}]"
                told = [*_words(record.summary.of(self.language), PLAIN), *_words(aside, ASIDE)]
                yield from self._folded(f"moment/{record.id}", told, first=(first, HEAD), indent=2 + _TIME)
                first = " " * (2 + _TIME)

    # Lines

    def _told(self, key: str, text: str, *, look: str = PLAIN, indent: int = 0) -> Iterator[Line]:
        return self._folded(key, _words(text, look), first=(" " * indent, PLAIN), indent=indent)

    def _folded(self, key: str, words: Iterable[Piece], *, first: Piece, indent: int, gap: str = " ") -> Iterator[Line]:
        """The words in lines of the page's width, all but the first `indent` cells further in."""
        for number, pieces in enumerate(folded(words, self.width, first=first, indent=indent, gap=gap)):
            yield Line(f"{key}/{number}" if number else key, pieces)


def folded(
    words: Iterable[Piece], width: int, *, first: Piece, indent: int, gap: str = " "
) -> Iterator[tuple[Piece, ...]]:
    """Lines of at most `width` cells. A word that is wider than a line is parted, as Korean may be anywhere."""
    pieces, used, empty = [first], cells.width(first[0]), True
    for whole, look in words:
        word = whole
        while word:
            before = "" if empty else gap
            room = width - used - len(before)
            if cells.width(word) > room and not empty:
                yield tuple(pieces)
                pieces, used, empty = [(" " * indent, PLAIN)], indent, True
                continue
            taken = cells.cut(word, max(room, 2))
            pieces.append((before + taken, look))
            used, empty = used + len(before) + cells.width(taken), False
            word = word[len(taken) :]
    if not empty:
        yield tuple(pieces)


def _words(text: str, look: str) -> Iterator[Piece]:
    return ((word, look) for word in text.split())


def _said(everything: Breadth) -> str:
    """What all is compared with, and what was left out of it."""
    left_out = [f"{everything.stale} stale"] * bool(everything.stale)
    left_out += [f"{everything.idle} not traded today"] * bool(everything.idle)
    of = f"{everything.then.counted} of {everything.symbols} documented, " if everything.then.counted else ""
    return f"compared with {of}{everything.compared}{'; left out: ' * bool(left_out)}{' and '.join(left_out)}"


def _counted(tally: Tally, *, wide: bool) -> str:
    if not tally.counted:
        return f"{'-':>{_TALLY}}" * (1 + wide)
    down = f"{f'{tally.down} of {tally.counted}':>{_TALLY}}"
    return down + (f"{tally.median:>+{_TALLY - 1}.2f}%" if wide and tally.median is not None else "")


def _same_moments(moments: Iterable[str], now: datetime) -> set[str]:
    """The moments of New York's hour at `now`; where there are none, what was said of that part of the day."""
    session = new_york.session(now)
    if session not in {Session.PRE, Session.REGULAR}:
        return {DayPart.CLOSE}
    hour = f"{now.astimezone(NEW_YORK):%H}:"
    same = {moment for moment in moments if moment.startswith(hour)}
    return same or {DayPart.PRE if session is Session.PRE else DayPart.CLOSE}


def _is_of_january(record: Record) -> bool:
    that_day = day(record)
    return that_day is not None and (that_day.year, that_day.month) == (THE_DAY.year, THE_DAY.month)


def _longer(record: Record) -> str:
    """`2015`, `2023-05`, or nothing of what has no date."""
    if record.when is None:
        return ""
    return f"{record.when.at:%Y}" if record.when.precision is Precision.YEAR else f"{record.when.at:%Y-%m}"


def _order(record: Record) -> tuple[object, ...]:
    """In the order of time, a day before its hours; what is of no one day last."""
    that_day = day(record)
    if that_day is None:
        return (True, record.when is None)
    return (False, that_day, begins(record))
