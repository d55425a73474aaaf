"""The feeds of the newswire as documents: pure functions of the feed and the time.

Three syntaxes (RSS 2.0, Atom, RSS 1.0), three languages, and what goes wrong in real ones: a document that is not
well-formed yet full of good entries, Korean bytes that nothing declares, a build date that changes by itself.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from hashlib import blake2b
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from msgspec import Struct

from monitor.demo.day import STARTS_AT, on_the_day
from monitor.demo.stories import SITE, stories_until
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from monitor.demo.stories import Story

ENTRIES = 25  # in a document; older ones fall off its end
SEOUL = ZoneInfo("Asia/Seoul")
SHANGHAI = ZoneInfo("Asia/Shanghai")


class WireFeed(Struct, frozen=True, kw_only=True):
    """One feed and how its server behaves.

    `path` is where it is, `moved_from` an address that redirects there for good (the one to subscribe to). `syntax` is
    "rss", "atom" or "rdf". Without `charset` the document is UTF-8 and says so; with it, nothing says what it is.
    `damaged` documents are not well-formed. `outage`: from and until when its server answers 503. `slow`: real seconds
    that the body takes. `headers` come with every document.
    """

    name: str
    title: str
    path: str
    syntax: str = "rss"
    language: str = "en"
    zone: ZoneInfo = NEW_YORK
    charset: str | None = None
    damaged: bool = False
    build_date: bool = False
    etag: bool = True
    last_modified: bool = True
    gzip: bool = False
    moved_from: str | None = None
    outage: tuple[datetime, datetime] | None = None
    slow: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def address(self) -> str:
        """The path to subscribe to."""
        return self.moved_from or self.path


FEEDS: Mapping[str, WireFeed] = {
    feed.name: feed
    for feed in (
        WireFeed(name="markets", title="SIM Newswire Markets", path="/markets.rss", gzip=True),
        WireFeed(
            name="tech",
            title="SIM Tech Desk",
            path="/tech.atom",
            syntax="atom",
            last_modified=False,
            headers=(("Cache-Control", "max-age=30"),),
        ),
        WireFeed(name="korea", title="SIM 뉴스와이어", path="/korea.rss", language="ko", zone=SEOUL, gzip=True),
        WireFeed(
            name="seoul", title="SIM 서울증권속보", path="/seoul.xml", language="ko", zone=SEOUL, charset="euc-kr"
        ),
        WireFeed(
            name="china",
            title="SIM 财经快讯",
            path="/china.rdf",
            syntax="rdf",
            language="zh",
            zone=SHANGHAI,
            etag=False,
        ),
        WireFeed(
            name="filings", title="SIM Filings", path="/filings.atom", syntax="atom", moved_from="/old/filings.rss"
        ),
        WireFeed(
            name="tape",
            title="SIM Ticker Tape",
            path="/tape.rss",
            outage=(on_the_day("08:30"), on_the_day("09:00")),
        ),
        WireFeed(name="chips", title="SIM Chip Gazette", path="/chips.rss", damaged=True, etag=False),
        WireFeed(
            name="search",
            title="SIM News Search: DeepSeek",
            path="/search.rss?q=DeepSeek&hl=en",
            build_date=True,
            etag=False,
            last_modified=False,
            slow=0.3,
            headers=(("Cache-Control", "no-cache"), ("Expires", "0")),
        ),
    )
}


def render(feed: WireFeed, moment: datetime) -> bytes:
    """The document that `feed` serves at `moment`, uncompressed."""
    told = stories_until(moment, feed.name)[:ENTRIES]
    text = _SYNTAXES[feed.syntax](feed, told, moment)
    return text.encode(feed.charset or "utf-8", errors="xmlcharrefreplace")


def etag(document: bytes) -> str:
    return f'"{blake2b(document, digest_size=8).hexdigest()}"'


def changed_at(feed: WireFeed, moment: datetime) -> datetime:
    """When what `feed` says at `moment` came to be; the start of the replay if it says nothing yet."""
    return max((story.updated_at or story.at for story in stories_until(moment, feed.name)), default=STARTS_AT)


def _rss(feed: WireFeed, told: tuple[Story, ...], moment: datetime) -> str:
    items = "".join(_rss_item(feed, story) for story in told)
    declaration = '<?xml version="1.0"' + ("?>" if feed.charset else ' encoding="UTF-8"?>')
    built = f"<lastBuildDate>{format_datetime(moment)}</lastBuildDate>\n" if feed.build_date else ""
    return (
        f'{declaration}\n<rss version="2.0">\n<channel>\n<title>{escape(feed.title)}</title>\n'
        f"<link>{SITE}/{feed.name}</link>\n<description>SIMULATED</description>\n"
        f"<language>{feed.language}</language>\n<ttl>1</ttl>\n{built}{items}</channel>\n</rss>\n"
    )


def _rss_item(feed: WireFeed, story: Story) -> str:
    link = _link(feed, story)
    lines = [
        f"<title>{_title(story)}</title>",
        "" if link is None else f"<link>{escape(link)}</link>",
        "" if story.guid is None else f'<guid isPermaLink="false">{escape(story.guid)}</guid>',
        "" if story.dated is None else f"<pubDate>{_date(feed, story, format_datetime)}</pubDate>",
        f"<author>{escape(story.author)}</author>" if story.author else "",
        # What makes it damaged: HTML that was pasted in as it was, a tag never closed.
        f"<description>{story.summary}<br>more soon</description>" if feed.damaged else "",
        f"<description>{escape(story.summary)}</description>" if story.summary and not feed.damaged else "",
    ]
    return "<item>\n" + "".join(f"{line}\n" for line in lines if line) + "</item>\n"


def _atom(feed: WireFeed, told: tuple[Story, ...], moment: datetime) -> str:
    entries = "".join(_atom_entry(feed, story) for story in told)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">\n<title>{escape(feed.title)}</title>\n'
        f'<id>tag:sim.example,2025-01-27:{feed.name}</id>\n<link href="{SITE}/{feed.name}"/>\n'
        f"<updated>{changed_at(feed, moment).isoformat()}</updated>\n{entries}</feed>\n"
    )


def _atom_entry(feed: WireFeed, story: Story) -> str:
    link = _link(feed, story)
    lines = [
        f"<title>{_title(story)}</title>",
        "" if link is None else f'<link rel="alternate" href="{escape(link)}"/>',
        "" if story.guid is None else f"<id>{escape(story.guid)}</id>",
        "" if story.dated is None else f"<published>{_date(feed, story, datetime.isoformat)}</published>",
        "" if story.updated_at is None else f"<updated>{story.updated_at.isoformat()}</updated>",
        f"<author><name>{escape(story.author)}</name></author>" if story.author else "",
        f'<summary type="html">{escape(story.summary)}</summary>' if story.summary else "",
    ]
    return "<entry>\n" + "".join(f"{line}\n" for line in lines if line) + "</entry>\n"


def _rdf(feed: WireFeed, told: tuple[Story, ...], _moment: datetime) -> str:
    items = "".join(_rdf_item(feed, story) for story in told)
    order = "".join(f'<rdf:li rdf:resource="{escape(story.link or "")}"/>' for story in told)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">\n'
        f'<channel rdf:about="{SITE}/{feed.name}">\n<title>{escape(feed.title)}</title>\n'
        f"<link>{SITE}/{feed.name}</link>\n<description>SIMULATED</description>\n"
        "<sy:updatePeriod>hourly</sy:updatePeriod>\n<sy:updateFrequency>60</sy:updateFrequency>\n"
        f"<items><rdf:Seq>{order}</rdf:Seq></items>\n</channel>\n{items}</rdf:RDF>\n"
    )


def _rdf_item(feed: WireFeed, story: Story) -> str:
    link = escape(story.link or "")
    return (
        f'<item rdf:about="{link}">\n<title>{_title(story)}</title>\n<link>{link}</link>\n'
        f"<dc:date>{_date(feed, story, datetime.isoformat)}</dc:date>\n"
        f"<description>{escape(story.summary)}</description>\n</item>\n"
    )


_SYNTAXES: Mapping[str, Callable[[WireFeed, tuple[Story, ...], datetime], str]] = {
    "rss": _rss,
    "atom": _atom,
    "rdf": _rdf,
}


def _title(story: Story) -> str:
    return story.title if story.raw else escape(story.title)


def _link(feed: WireFeed, story: Story) -> str | None:
    """The story's address; in a feed that only passes it on, with the marks that such feeds add."""
    if story.link is None or feed.name == story.feeds[0]:
        return story.link
    return f"{story.link}?utm_source=sim&utm_medium={feed.name}#top"


def _date(feed: WireFeed, story: Story, written: Callable[[datetime], str]) -> str:
    return escape(story.dated or "") or written(story.at.astimezone(feed.zone))
