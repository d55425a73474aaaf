"""Models for the store's tests, each with what a test does not care about filled in, and a way to be somebody else."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Self

import pytest

from monitor.baseline import Baseline
from monitor.models import (
    Alert,
    AlertKind,
    Bar,
    BaselineRef,
    DayPart,
    Disagreement,
    Document,
    DocumentKind,
    Entry,
    Feed,
    FeedState,
    HeadlineRef,
    Mention,
    Precision,
    Qualifier,
    Quote,
    QuoteRef,
    Record,
    RecordKind,
    Session,
    Severity,
    Source,
    Text,
    When,
)
from monitor.store.reader import Reader
from monitor.store.records import HeadlineFilter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from monitor.models import Headline
    from monitor.store.records import Recorded
    from monitor.store.writer import Writer

NOW = datetime(2025, 1, 27, 14, 30, tzinfo=UTC)
FEED = Feed(url="https://news.example/rss", name="Example News")
OTHER = Feed(url="https://other.example/rss", name="Other News", language="ko")
STRANGER = 31_337  # a uid, and a gid, that nobody has here


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def entry(key: str = "1", title: str = "Nvidia falls", **fields: object) -> Entry:
    return Entry(**{"key": key, "title": title, "link": f"https://news.example/{key}", **fields})  # type: ignore[arg-type]


def mention(name: str, start: int = 0, end: int = 1, *, kind: str = "ticker", field: str = "title") -> Mention:
    return Mention(kind=kind, name=name, field=field, start=start, end=end)  # type: ignore[arg-type]


def quote(symbol: str = "NVDA", price: float = 120.0, *, at: datetime | None = NOW, **fields: object) -> Quote:
    given = {"fetched_at": at or NOW, "session": Session.REGULAR, **fields}
    return Quote(symbol=symbol, price=price, traded_at=at, **given)  # type: ignore[arg-type]


def bar(symbol: str = "NVDA", at: datetime = NOW, **fields: object) -> Bar:
    given = {"interval": "1d", "open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 10, "source": "yahoo"}
    return Bar(symbol=symbol, at=at, **{**given, **fields})  # type: ignore[arg-type]


def alert(id: str = "a1", *, fired_at: datetime = NOW, **fields: object) -> Alert:  # noqa: A002 (the model's own word)
    given = {
        "rule": "DeepSeek and Nvidia",
        "severity": Severity.CRITICAL,
        "kind": AlertKind.FIRED,
        "subject": "NVDA",
        "text": "NVDA -3.1 %",
        **fields,
    }
    return Alert(id=id, fired_at=fired_at, **given)  # type: ignore[arg-type]


HEADLINE_REF = HeadlineRef(
    id=7,
    title="딥시크 충격",
    link="https://news.example/7",
    source="Example News",
    language="ko",
    published_at=NOW - minutes(5),
    first_seen_at=NOW,
)
QUOTE_REF = QuoteRef(
    symbol="NVDA",
    price=118.5,
    currency="USD",
    change_percent=-16.97,
    traded_at=NOW,
    age=seconds(15),
    session=Session.REGULAR,
    stale=False,
)

BASELINE_REF = BaselineRef(
    id="nvda-close",
    symbol="NVDA",
    documented=-17.0,
    today=-9.1,
    ratio=9.1 / 17,
    compared="fall of 17% at the close of 27 January 2025",
    documents=("001.txt", "신문.txt"),
)
PAPER = Document(
    file="001.txt",
    author=None,
    outlet="Example Daily",
    date=date(2025, 1, 28),
    dating=Text("stated", "명시"),
    kind=DocumentKind.NEWSPAPER,
    about=Text("the day", "그날"),
)
BLOG = Document(
    file="002.txt",
    author="김 아무개",
    outlet=None,
    date=None,
    dating=Text("unknown", "미상"),
    kind=DocumentKind.BLOG,
    about=Text("the day after", "다음 날"),
)
BASELINE = Baseline(
    documents=(PAPER, BLOG),
    records=(
        Record(
            id="nvda-pre-0750",
            kind=RecordKind.MOVE,
            subject="Nvidia",
            symbol="NVDA",
            when=When(precision=Precision.MINUTE, at=datetime(2025, 1, 27, 12, 50, tzinfo=UTC)),
            session=DayPart.PRE,
            value=-12.0,
            unit="percent",
            qualifier=Qualifier.NEARLY,
            summary=Text("Nvidia was down nearly 12% before the open.", "엔비디아, 개장 전 12% 가까이 하락"),
            sources=(Source(document=BLOG, line=3, figures=("12",), quotes="Bloomberg"),),
        ),
        Record(
            id="nvda-close",
            kind=RecordKind.MOVE,
            subject="Nvidia",
            symbol="NVDA",
            when=When(precision=Precision.DAY, at=date(2025, 1, 27), until=date(2025, 1, 28)),
            session=DayPart.CLOSE,
            low=-18.0,
            high=-17.0,
            unit="percent",
            qualifier=Qualifier.ABOUT,
            summary=Text("Nvidia closed about 17 to 18% lower.", "엔비디아, 17~18% 하락 마감"),
            sources=(
                Source(document=PAPER, line=10),
                Source(document=BLOG, line=55, as_read="1,8", correction="18"),
            ),
        ),
        Record(
            id="who-pays",
            kind=RecordKind.QUESTION,
            subject="Capital spending",
            qualifier=Qualifier.EXACT,
            summary=Text("Will the spending on chips go on?", "칩 투자는 계속될 것인가"),
            sources=(Source(document=BLOG, line=60),),
        ),
    ),
    disagreements=(
        Disagreement(
            id="nvda-fall", records=("nvda-pre-0750", "nvda-close"), note=Text("different hours", "시각 차이")
        ),
    ),
    digest="one",
)


def poll(
    writer: Writer, *entries: Entry | tuple[Entry, tuple[Mention, ...]], feed: Feed = FEED, now: datetime = NOW
) -> Recorded:
    """Record a poll of `feed` that brought these, each with or without its mentions."""
    pairs = [each if isinstance(each, tuple) else (each, ()) for each in entries]
    return writer.record_poll(feed, FeedState(url=feed.url, last_checked_at=now), pairs, now=now)


def stored(path: Path, **wanted: object) -> list[Headline]:
    """The headlines that a viewer sees now."""
    with closing(Reader.open(path)) as reader:
        return reader.headlines(HeadlineFilter(**wanted))  # type: ignore[arg-type]


def titles(path: Path, **wanted: object) -> list[str]:
    return [headline.title for headline in stored(path, **wanted)]


# Everything is imported before the account is changed: the other one may not be able to read this one's libraries.
_AS_SOMEBODY = """
import os, sqlite3, sys
sys.modules["pandas"] = sys.modules["numpy"] = None  # sqlite-utils would import them, for a second each time
from pathlib import Path
import encodings.idna, sqlite_utils
from monitor.errors import StoreError
from monitor.models import FeedState
from monitor.store import alerts, headlines, search, status
from monitor.store.reader import HeadlineFilter, Reader
from monitor.store.writer import Writer
from tests.store_samples import FEED, NOW, entry, poll, titles
path = Path(os.fsdecode(bytes.fromhex(sys.argv[1])))
uid, gid, *others = map(int, sys.argv[2:])
os.setgroups(others)
os.setgid(gid)
os.setuid(uid)

def tell(*words):
    print(*words, flush=True)

"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try what another account may do")


class Somebody:
    """A process of another account that runs code line by line as it is told, and says what came of it."""

    def __init__(self, path: Path, code: str, *, uid: int = STRANGER, gid: int = STRANGER, groups: Sequence[int] = ()):
        arguments = [os.fsencode(path).hex(), *map(str, (uid, gid, *groups))]
        self.process = subprocess.Popen(
            [sys.executable, "-c", _AS_SOMEBODY + textwrap.dedent(code), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def said(self) -> str:
        """The next line it prints; what it complained about when it printed none."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        return self.process.stdout.readline().rstrip("\n") or self.process.stderr.read()

    def ask(self, line: str = "") -> str:
        """Give it a line of input, and wait for a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.said()


def said_by_somebody(path: Path, code: str, *, uid: int = STRANGER, gid: int = STRANGER) -> str:
    """The one line that `code` prints there."""
    with Somebody(path, code, uid=uid, gid=gid) as somebody:
        return somebody.said()
