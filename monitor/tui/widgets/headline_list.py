"""Headlines, newest first: time, source, topic, tickers and the title with what matched in it."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, ClassVar

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.binding import Binding
from textual.message import Message

from monitor.errors import StoreError
from monitor.store.search import words
from monitor.text import fold
from monitor.tui import cells
from monitor.tui.widgets.line_list import LineList
from monitor.when import recent_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, MutableSequence, Sequence
    from datetime import datetime, tzinfo

    from textual.binding import BindingType

    from monitor.models import Headline, Topic
    from monitor.tui.wanted import Marks
    from monitor.tui.widgets.strips import Pieces

CACHED = 400  # headlines kept beside those on the screen
NEWEST = 50
STORIES = 2000  # addresses of which it is known who carries them
WIDE, MIDDLE = 76, 56  # cells from which sources have 12 cells, and 8

TOPIC = Style(underline=True)
LOUD = Style(bold=True, reverse=True)
TICKER = Style(bold=True)
SEARCHED = Style(bold=True, underline=True)


class NoMarks:
    """Everything unread and nothing starred."""

    read = starred = frozenset[int]()


class HeadlineList(LineList[int]):
    """Ids are held for all headlines, the headlines themselves for those near the view: `fetch` gets them by id.

    `fetch` may leave out what was deleted, and may raise StoreError; the line then says so until it is shown again.
    Marks are the owner's: this list asks for a change by a message, and shows it on `marks_changed`. Before the title
    of a line stands N for unread and * for starred; ~ before a time means that the feed gave none.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"headline-list--read", "headline-list--aside"}
    DEFAULT_CSS = """
    HeadlineList {
        & > .headline-list--read { text-style: dim; }
        & > .headline-list--aside { text-style: dim; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "star", "star", id="headlines.star"),
        Binding("m", "mark_read", "mark read", id="headlines.read"),
    ]

    class Highlighted(LineList.Highlighted):
        """`key` is the id under the cursor, or None."""

    class Opened(LineList.Opened):
        """`key` is the id."""

    class StarToggled(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class MarkedRead(Message):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(
        self,
        *,
        title: str = "Headlines",
        when_empty: str = "No headlines.",
        zone: tzinfo | None = None,
        id: str | None = None,  # noqa: A002 (Textual's)
    ) -> None:
        super().__init__(title, when_empty=when_empty, id=id)
        self._zone = zone
        self._marks: Marks = NoMarks()
        self._fetch: Callable[[Sequence[int]], list[Headline]] = lambda _: []
        self._recent: datetime | None = None
        self._cache: dict[int, Headline | None] = {}
        self._stories: dict[str, frozenset[str]] = {}
        self._topics: dict[str, Style] = {}
        self._searched: tuple[str, ...] = ()
        self._arrived: set[int] = set()
        self._nothing = when_empty
        self._looked: tuple[datetime, int] | None = None

    # What its owner tells it

    def show(
        self,
        ids: Sequence[int],
        fetch: Callable[[Sequence[int]], list[Headline]],
        now: datetime,
        *,
        text: str = "",
        looked: tuple[datetime, int] | None = None,
    ) -> None:
        """Show these, newest first. `text` is what was searched for, and is marked in the titles.

        Where `fetch` is another one than before, so is the database, and nothing that was read before holds. Older
        ones than (sort_at, id) `looked` follow by `append_older`; None: there are no more.
        """
        searched = words(text)
        drawn_anew = fetch != self._fetch or searched != self._searched
        if fetch != self._fetch:
            self._cache.clear()
            self._stories.clear()
        self._fetch, self._searched = fetch, searched
        self._have_looked(looked)
        self._recent = recent_from(now, self._zone)
        self._arrived.clear()
        self.replace(ids)
        if drawn_anew:
            self.redraw()

    @property
    def more(self) -> bool:
        """Whether older ones may still come."""
        return self._looked is not None

    def append_older(self, ids: Sequence[int], *, looked: tuple[datetime, int] | None = None) -> None:
        """The next page of the same list; those that have arrived since the first are not taken twice."""
        known = self._arrived
        self._have_looked(looked)
        older = [number for number in ids if number not in known] if known else ids
        if older or not self.more:
            self.insert(len(self.keys), older)
        if not self.more:
            self._arrived.clear()

    def arrive(self, headlines: Sequence[Headline], matches: Sequence[bool]) -> None:
        """Take in those that match, each at its place by time: the top, unless its feed was late with it."""
        for headline in headlines:
            self._know(headline)
        wanted = [headline for headline, fits in zip(headlines, matches, strict=True) if fits]
        wanted.sort(key=_age)
        at = 0
        while wanted:
            at = self._place(wanted[-1], at)
            block = [wanted.pop()]
            while wanted and self._place(wanted[-1], at) == at:
                block.append(wanted.pop())
            if at < len(self.keys):
                self._take(at, [headline for headline in block if headline.id != self.keys[at]])
            else:  # what is older than was looked for comes with an older page
                self._take(at, [each for each in block if self._looked is None or _age(each) > self._looked])

    def _have_looked(self, looked: tuple[datetime, int] | None) -> None:
        self._looked = looked
        self._when_empty = self._nothing if looked is None else "None so far; older ones are being looked through."

    def _take(self, at: int, headlines: list[Headline]) -> None:
        if self.more:
            self._arrived.update(headline.id for headline in headlines)
        self._cache.update((headline.id, headline) for headline in headlines)
        self.insert(at, [headline.id for headline in headlines])
        self._make_room(0)

    def renew(self) -> None:
        """Feeds were asked, and one may have changed a headline since: those on the screen are read again, and drawn
        again where they differ; others are read when they are shown.
        """
        before, self._cache = self._cache, {}
        for key in self.visible_keys[:1]:
            self._read(key)  # and with it all on the screen
        if not any(self._cache.values()):  # nothing is shown, or can be read now
            self._cache = before
        if changed := [key for key in self._cache if key in before and before[key] != self._cache[key]]:
            self.redraw(*changed)

    def now(self, now: datetime) -> None:
        """The clock has gone on: another day makes times into dates."""
        if (recent := recent_from(now, self._zone)) != self._recent:
            self._recent = recent
            self.redraw()

    def use_marks(self, marks: Marks) -> None:
        self._marks = marks
        self.redraw()

    def marks_changed(self, headlines: Iterable[int], alerts: Iterable[str] = ()) -> None:
        """These have been read, starred or the contrary."""
        del alerts
        if numbers := tuple(headlines):
            self.redraw(*numbers)

    def use_topics(self, topics: Iterable[Topic]) -> None:
        """How topics look: as the settings say and underlined, those that are bold there in reverse."""
        self._topics = {topic.name: looks(topic.style) for topic in topics}
        self.redraw()

    def headline(self, number: int) -> Headline | None:
        """One of those near the view; None where it was deleted or cannot be read."""
        if number not in self._cache:
            self._read(number)
        return self._cache.get(number)

    # Keys

    def action_star(self) -> None:
        if (number := self.highlighted) is not None:
            self.post_message(self.StarToggled(number))

    def action_mark_read(self) -> None:
        if (number := self.highlighted) is not None:
            self.post_message(self.MarkedRead(number))

    # Drawing

    def held(self, keys: Iterable[int]) -> MutableSequence[int]:
        return array("q", keys)

    def line(self, key: int, width: int) -> Pieces:
        headline = self.headline(key)
        if headline is None:
            return [(cells.cut("   (deleted, or not to be read now)", width), self.style_of("headline-list--read"))]
        read = self.style_of("headline-list--read") if key in self._marks.read else None
        mark = "*" if key in self._marks.starred else " " if read else "N"
        plain = key == self.highlighted  # the cursor's line stands out by itself, and is drawn with each move
        ticker = read if plain else Style.combine([read, TICKER]) if read else TICKER
        source = 12 if width >= WIDE else 8 if width >= MIDDLE else 0
        parts: Pieces = [(f"{mark} {self._time(headline)} ", read)]
        if source:
            parts.append((cells.fit(headline.feed_name, source) + " ", read))
            parts.append(self._topic_mark(headline, read))
            parts.append((" ", ticker if headline.tickers else read))
        if (others := len(self._stories.get(headline.story_url or "", ())) - 1) > 0:
            parts.append((f"+{others} ", read))
        parts += [(f"{symbol} ", ticker) for symbol in headline.tickers[:2]]
        room = width - sum(cells.width(part) for part, _ in parts)
        title = cells.pieces(headline.title, self._spans(headline, read, ticker), max(0, room))
        return parts + [(part, look or read) for part, look in title]

    def _topic_mark(self, headline: Headline, read: Style | None) -> tuple[str, Style | None]:
        if not headline.topics:
            return "  ", read
        topic = min(headline.topics, key=self._rank)
        return cells.fit(_initials(topic), 2), self._topics.get(topic, TOPIC)

    def _rank(self, topic: str) -> int:
        """Topics in the settings' order."""
        return list(self._topics).index(topic) if topic in self._topics else len(self._topics)

    def _spans(self, headline: Headline, read: Style | None, ticker: Style | None) -> list[cells.Span[Style]]:
        """What is marked in the title: topics before searched words before tickers."""
        ground = read or Style.null()
        mentions = [mention for mention in headline.mentions if mention.field == "title"]
        topics = [(m.start, m.end, ground + self._topics.get(m.name, TOPIC)) for m in mentions if m.kind == "topic"]
        tickers = [(m.start, m.end, ticker) for m in mentions if m.kind == "ticker" and ticker is not None]
        return topics + _found(self._searched, headline.title, ground + SEARCHED) + tickers

    def _time(self, headline: Headline) -> str:
        """Six cells: `~14:30`, ` 14:30`, and the date of what is not recent."""
        at = headline.sort_at.astimezone(self._zone)
        sure = " " if headline.published_at == headline.sort_at else "~"
        return f"{sure}{at:%H:%M}" if self._recent is None or at >= self._recent else f"{sure}{at:%m-%d}"

    # Reading

    def _read(self, number: int) -> None:
        """Fetch it, and with it all on the screen that are not known yet."""
        visible = self.visible_keys
        chosen = [key for key in visible if key not in self._cache] if number in visible else [number]
        self._make_room(len(chosen))
        try:
            found = self._fetch(chosen)
        except StoreError:  # the app finds the same and says why; a line cannot
            return
        self._cache.update(dict.fromkeys(chosen))
        for headline in found:
            self._cache[headline.id] = headline
            self._know(headline)

    def _make_room(self, needed: int) -> None:
        """Forget all but those on the screen, and the newest, beside which the next ones arrive."""
        if len(self._cache) + needed > CACHED:
            kept = [*self.keys[:NEWEST], *self.visible_keys]
            self._cache = {key: self._cache[key] for key in kept if key in self._cache}

    def _know(self, headline: Headline) -> None:
        """Remember who carries its story; lines on the screen that carry it too say so."""
        if headline.story_url is None:
            return
        before = self._stories.pop(headline.story_url, frozenset())
        self._stories[headline.story_url] = after = before | {headline.feed_url}
        if len(self._stories) > STORIES:
            del self._stories[next(iter(self._stories))]
        if before and after != before:
            same = [key for key in self.visible_keys if self._carries(key, headline.story_url)]
            if same:
                self.redraw(*same)

    def _carries(self, number: int, story_url: str) -> bool:
        headline = self._cache.get(number)
        return headline is not None and headline.story_url == story_url

    def _place(self, headline: Headline, start: int) -> int:
        """Where it belongs: before the first that is older, from `start` on. Looked for nearby first: most are new."""
        age, size = _age(headline), len(self.keys)
        low, high, step = start, start, 1
        while high < size and self._is_newer(high, age):
            low, high, step = high + 1, min(high + step, size), step * 2
        while low < high:
            middle = (low + high) // 2
            if self._is_newer(middle, age):
                low = middle + 1
            else:
                high = middle
        return low

    def _is_newer(self, index: int, age: tuple[datetime, int]) -> bool:
        other = self.headline(self.keys[index])
        return other is not None and _age(other) > age


def _age(headline: Headline) -> tuple[datetime, int]:
    return headline.sort_at, headline.id


def _initials(topic: str) -> str:
    """`DS` for DeepSeek, `An` for Anthropic."""
    capitals = "".join(char for char in topic if char.isupper())
    return capitals if len(capitals) > 1 else topic


def looks(style: str) -> Style:
    """How a topic of this style is drawn, so that it also stands out where there are no colours."""
    try:
        own = Style.parse(style)
    except StyleSyntaxError:
        return TOPIC
    return own + (LOUD if own.bold else TOPIC)


def _found(searched: Sequence[str], title: str, look: Style) -> list[cells.Span[Style]]:
    """Every place of every word in the title."""
    spans: list[cells.Span[Style]] = []
    folded = fold(title) if searched else None
    for word in searched:
        at = -1
        while folded is not None and (at := folded.text.find(word, at + 1)) >= 0:
            spans.append((*folded.span(at, at + len(word)), look))
    return spans
