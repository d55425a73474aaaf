"""Which headlines the trader wants to see: what the filter bar makes, and how a list is read by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from monitor.store.records import HeadlineFilter, Page
from monitor.store.search import words
from monitor.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from monitor.models import Headline
    from monitor.store.reader import Reader

MOST = 100_000
FIRST = 200
PAGE = 2000


class Marks(Protocol):
    """What the trader has read and starred, by headline id. It is the trader's own and not in the database."""

    @property
    def read(self) -> AbstractSet[int]: ...

    @property
    def starred(self) -> AbstractSet[int]: ...


class Wanted(Struct, frozen=True, kw_only=True):
    """Headlines for which everything given holds; `text` as in `HeadlineFilter`.

    With `follow_ticker`, `ticker` is the one selected among the quotes, and None while none is.
    """

    text: str = ""
    topic: str | None = None
    ticker: str | None = None
    follow_ticker: bool = False
    language: str | None = None
    unread: bool = False
    starred: bool = False

    @property
    def everything(self) -> bool:
        """Whether nothing is filtered out."""
        return not words(self.text) and not any((self.topic, self.ticker, self.language, self.unread, self.starred))

    def filter(self, *, limit: int, before: tuple[datetime, int] | None = None) -> HeadlineFilter:
        """What the database is asked; it knows nothing of marks."""
        return HeadlineFilter(
            text=self.text, topic=self.topic, ticker=self.ticker, language=self.language, limit=limit, before=before
        )

    def admits(self, headline: Headline, marks: Marks) -> bool:
        """Whether a headline that has just arrived belongs into the list, as the database would say."""
        if self.topic is not None and self.topic not in headline.topics:
            return False
        if self.ticker is not None and self.ticker not in headline.tickers:
            return False
        if self.language is not None and self.language != headline.language:
            return False
        searched = words(self.text)
        title = fold(headline.title).text if searched else ""
        return all(word in title for word in searched) and self.marked(headline.id, marks)

    def marked(self, number: int, marks: Marks) -> bool:
        """Whether the headline's marks are as wanted."""
        return not (self.unread and number in marks.read) and (not self.starred or number in marks.starred)

    def parts(self) -> list[str]:
        """The filter in words, one for each thing that is filtered."""
        ticker = self.ticker or "no ticker selected"
        return [
            part
            for part, given in (
                (f"“{self.text.strip()}”", bool(words(self.text))),
                (f"topic {self.topic}", self.topic is not None),
                (
                    f"{ticker} (follows)" if self.follow_ticker else ticker,
                    self.follow_ticker or self.ticker is not None,
                ),
                (f"language {self.language}", self.language is not None),
                ("unread", self.unread),
                ("starred", self.starred),
            )
            if given
        ]


def pages(reader: Reader, wanted: Wanted, marks: Marks) -> Iterator[Page]:
    """Ids of the wanted headlines, newest first, a small page to be shown at once and then larger ones; where a word is
    searched that few have, all at once.

    Each comes with how far it has looked while more may follow, and is read when it is asked for, in some milliseconds,
    so that keys are answered between them; one that looked in vain has few ids or none. What arrives meanwhile may be
    among the later ones too. Raises the StoreError kinds.
    """
    before: tuple[datetime, int] | None = None
    size, rest = FIRST, MOST
    while True:
        ids, before = reader.headline_page(wanted.filter(limit=min(size, rest), before=before))
        rest -= len(ids)
        before = before if rest > 0 else None
        yield Page([number for number in ids if wanted.marked(number, marks)], before)
        if before is None:
            return
        size = PAGE
