"""One headline at length: what it says and where, what matched in it, and what its tickers have done since. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from monitor.models.quotes import percent
from monitor.tui import cells
from monitor.tui.page_text import ASIDE, HEAD, LOUD, PLAIN, TROUBLE, Line, row, safe, told
from monitor.when import local_and_new_york, span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo

    from monitor.models import Bar, Headline, Mention
    from monitor.store.reader import Reader
    from monitor.tui.cells import Span
    from monitor.tui.follow import Picture

LINK, TICKER, TOPIC = "link", "ticker", "topic"
"""Looks beside a page's own: the address; a ticker's name; `topic/NAME` for each topic. They begin keys, too."""

OTHER = "other"
"""Begins the keys of lines that lead to another headline, as `other/ID` does."""

NEAR = timedelta(hours=1)  # of a bar to the first sight, to be taken for the price then
LOOKED_BACK = timedelta(days=4)  # for the last trade before it: over a long weekend
MOST_TICKERS, MOST_OTHERS = 12, 20
LABEL = 12  # cells before what is told
NARROW = 60  # cells below which labels have no column of their own


class Seen(Struct, frozen=True):
    """A price, and when the bar that it is of began."""

    price: float
    at: datetime


class Story(Struct, frozen=True, kw_only=True):
    """A headline with what else is stored of it. `seen` is each ticker's price at first sight, where one is known."""

    headline: Headline
    others: tuple[Headline, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)


def read(reader: Reader, number: int) -> Story | None:
    """None when it was deleted. Raises the StoreError kinds."""
    with reader.snapshot():
        found = reader.headlines_by_id([number])
        if not found:
            return None
        (headline,) = found
        others = [other for other in reader.same_story(headline) if other.feed_url != headline.feed_url]
        at = headline.first_seen_at
        seen = {symbol: nearest(_bars(reader, symbol, at), at) for symbol in headline.tickers[:MOST_TICKERS]}
    return Story(
        headline=headline,
        others=tuple(others[:MOST_OTHERS]),
        seen={symbol: price for symbol, price in seen.items() if price is not None},
    )


def _bars(reader: Reader, symbol: str, at: datetime) -> list[Bar]:
    """One-minute bars around a moment; where there are none, those of the days before it."""
    sources = ("polled", "yahoo")
    near = [reader.bars(symbol, source=source, since=at - NEAR, until=at + NEAR) for source in sources]
    return [bar for bars in near for bar in bars] or reader.bars(symbol, since=at - LOOKED_BACK, until=at)


def nearest(bars: Sequence[Bar], at: datetime) -> Seen | None:
    """The close of the bar that began nearest to a moment; of equally near ones that before it."""
    bar = min(bars, key=lambda bar: (abs(bar.at - at), bar.at), default=None)
    return None if bar is None else Seen(bar.close, bar.at)


def lines(story: Story, picture: Picture, *, width: int, zone: tzinfo | None = None) -> list[Line]:
    """The page in lines of at most `width` cells. `zone` None is this machine's."""
    headline = story.headline
    return [
        *told("title", headline.title, width, look=LOUD, spans=_spans(headline, "title")),
        *_source(headline, width),
        *_times(headline, width, zone),
        *_link(headline, width),
        *_summary(headline, width),
        *_matched(headline, width),
        *_tickers(story, picture, width),
        *_others(story, width, zone),
    ]


def _source(headline: Headline, width: int) -> Iterator[Line]:
    author = f", {safe(headline.author)}" if headline.author else ""
    yield from _labelled("source", "source", f"{safe(headline.feed_name)}{author} ({headline.language})", width)


def _times(headline: Headline, width: int, zone: tzinfo | None) -> Iterator[Line]:
    published, first = headline.published_at, headline.first_seen_at
    if published is None:
        yield from _labelled("published", "published", "the feed gives no time", width)
    else:
        later = " (yet to come when it was seen)" * (published > first)
        yield from _labelled("published", "published", f"{local_and_new_york(published, zone)}{later}", width)
    after = f", {span(first - published)} later" if published is not None and first > published else ""
    yield from _labelled("seen", "first seen", f"{local_and_new_york(first, zone)}{after}", width)
    if headline.updated_at is not None and headline.updated_at != published:
        yield from _labelled("updated", "updated", local_and_new_york(headline.updated_at, zone), width)


def _link(headline: Headline, width: int) -> Iterator[Line]:
    """Whole, so that it can be read off where nothing else works."""
    if headline.link is None:
        yield from _labelled("link", "link", "the feed gives none", width)
    else:
        yield from _labelled("link", "link", headline.link, width, look=LINK)


def _summary(headline: Headline, width: int) -> Iterator[Line]:
    yield Line("gap", ())
    if headline.summary:
        yield from told("summary", headline.summary, width, spans=_spans(headline, "summary"))
    else:
        yield from told("summary", "The feed gives no summary.", width, look=ASIDE)


def _matched(headline: Headline, width: int) -> Iterator[Line]:
    """Each topic and ticker with the words that it was found by."""
    for kind, names in (("topic", headline.topics), ("ticker", headline.tickers)):
        if names:
            yield Line(f"gap/{kind}", ())
            yield row(f"head/{kind}", [(f"Matched {kind}{'s' * (len(names) > 1)}", HEAD)], width)
        for name in names:
            words = dict.fromkeys(
                f"“{_written(headline, m)}”" for m in headline.mentions if (m.kind, m.name) == (kind, name)
            )
            look = f"{TOPIC}/{name}" if kind == "topic" else TICKER
            text = f"{name}  {', '.join(words)}"
            yield from told(f"matched/{kind}/{name}", text, width, spans=[(0, len(name), look)], first=("  ", PLAIN))


def _tickers(story: Story, picture: Picture, width: int) -> Iterator[Line]:
    names = story.headline.tickers
    if not names:
        return
    yield Line("gap/prices", ())
    yield row("head/prices", [("Price at first sight, and now", HEAD)], width)
    for symbol in names[:MOST_TICKERS]:
        yield _ticker(symbol, story, picture, width)
    if len(names) > MOST_TICKERS:
        yield row("more/tickers", [(f"  and {len(names) - MOST_TICKERS} more", ASIDE)], width)


def _ticker(symbol: str, story: Story, picture: Picture, width: int) -> Line:
    """`NVDA  131.20 then, 118.58 now  ▼-9.62%`, and when the first was, where that was not the same minute."""
    seen, quote, stale = story.seen.get(symbol), picture.quotes.get(symbol), picture.stale.get(symbol)
    then = "no price stored then" if seen is None else f"{cells.price(seen.price)} then"
    if quote is None:
        now = "unknown to the source" if symbol in picture.source.unknown else "no quote now"
    else:
        now = f"{cells.price(quote.price)} now"
    parts = [(f"  {cells.fit(symbol, 10)} ", TICKER), (f"{then}, {now}", PLAIN)]
    change = percent(quote.price, seen.price) if quote is not None and seen is not None else None
    if change is not None:
        parts.append((f"  {cells.change(change)}%", "up" if change > 0 else "down" if change < 0 else PLAIN))
    if stale is not None:
        parts.append((f"  STALE: {stale}", TROUBLE))
    if seen is not None and (apart := _apart(seen.at, story.headline.first_seen_at)):
        parts.append((f"  (first price {apart})", ASIDE))
    return row(f"{TICKER}/{symbol}", parts, width)


def _apart(bar: datetime, first: datetime) -> str:
    """Where a price is not of the minute of the first sight: how far from it."""
    if -timedelta(minutes=1) < bar - first <= timedelta(minutes=1):
        return ""
    length = max(bar, first) - min(bar, first)
    return f"{span(length)} {'later' if bar > first else 'earlier'}"


def _others(story: Story, width: int, zone: tzinfo | None) -> Iterator[Line]:
    if not story.others:
        return
    yield Line("gap/others", ())
    yield row("head/others", [("The same story elsewhere", HEAD)], width)
    for other in story.others:
        at = other.sort_at.astimezone(zone)
        parts = [(f"  {at:%m-%d %H:%M} {safe(other.feed_name)}  ", PLAIN), (safe(other.title), PLAIN)]
        yield row(f"{OTHER}/{other.id}", parts, width)


def _labelled(key: str, label: str, text: str, width: int, *, look: str = PLAIN) -> Iterator[Line]:
    if width >= NARROW:
        return told(key, text, width, look=look, first=(cells.fit(label, LABEL), ASIDE))
    begins = len(label) + 1
    spans = [(0, begins, ASIDE), (begins, begins + len(text), look)]
    return told(key, f"{label} {text}", width, spans=spans)


def _spans(headline: Headline, where: str) -> list[Span[str]]:
    """What matched: topics before tickers, where they overlap."""
    here = [mention for mention in headline.mentions if mention.field == where]
    topics = [(m.start, m.end, f"{TOPIC}/{m.name}") for m in here if m.kind == "topic"]
    return topics + [(m.start, m.end, TICKER) for m in here if m.kind == "ticker"]


def _written(headline: Headline, mention: Mention) -> str:
    text = headline.title if mention.field == "title" else headline.summary
    return safe(text[mention.start : mention.end])
