"""A database with a million headlines, made once through the store's own writer and kept in the temporary folder.

Titles are drawn word by word, as often as words come in any language (the second half as often as the first, the third
a third as often, ...), from vocabularies of thousands: English, Korean with its particles, Chinese without spaces.
What the vocabularies consist of is made up, but for the words that topics and tickers are found by.
"""

from __future__ import annotations

import itertools
import random
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from monitor.config import load
from monitor.config.files import packaged
from monitor.models import Entry, Feed, FeedState
from monitor.store import schema
from monitor.store.writer import Writer
from monitor.topics import Matcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from monitor.models import Mention

HEADLINES = 1_000_000
EDITION = 1  # of what is in it; another one is made anew
FEEDS = 200
ENTRIES = 50  # a poll
AT_ONCE = 100  # polls in a transaction
APART = timedelta(seconds=30)  # between two headlines: a million are a year
LATE = timedelta(hours=2)  # at most, from a headline's publication to the poll that brings it
NEWEST = datetime(2025, 1, 27, 17, 0, tzinfo=UTC)

ENGLISH = """
    the to in of for on as and a with at from after over is by its amid new up says us ai uk eu more than stocks shares
    market markets china fed rates tech billion chip chips data profit sales growth deal trade inflation bank banks oil
    prices ceo dollar tariffs earnings nvidia deepseek microsoft oracle broadcom stargate openai anthropic model models
    power energy investors analysts futures nasdaq wall street yields treasury cuts falls rises drops surges slump rout
    record outlook forecast plan court probe ban export curbs cloud centre data-centre startup ipo bid merger buyback
"""
KOREAN = """
    딥시크 엔비디아 인공지능 반도체 나스닥 코스피 삼성전자 하이닉스 급락 급등 하락 상승 충격 전망 실적 투자 금리 환율
    미국 중국 속보
"""
CHINESE = """
    深度求索 英伟达 人工智能 美股 暴跌 芯片 股价 纳斯达克 中国 美国 市场 央行 利率 人民币 投资 公司 发布 模型 算力 微软
"""
PARTICLES = ("", "", "", "은", "는", "이", "가", "을", "를", "에", "의", "로", "도", "에서")
SYLLABLES = tuple(
    part.split(" ")
    for part in (
        "b br c ch cl d dr f fl g gr h j k l m n p pr qu r s sh st t tr v w y z ",
        "a e i o u ai ea ou io ee",
        "  n r l s t x ck ng nd st m",
    )
)


class Story(NamedTuple):
    """What a feed says, and in which language."""

    language: str
    title: str
    summary: str


class Vocabulary:
    """Draws words of a language without end, the first of `words` most often."""

    def __init__(self, chance: random.Random, words: Sequence[str]) -> None:
        self.words = words
        self._chance = chance
        self._weights = list(itertools.accumulate(1 / (place + 3) for place in range(len(words))))

    def draw(self, count: int) -> list[str]:
        return self._chance.choices(self.words, cum_weights=self._weights, k=count)

    def __iter__(self) -> Iterator[str]:
        while True:
            yield from self.draw(10_000)


class Newsroom:
    """Stories without end, the same each time. `english`, `korean` and `chinese` are what their titles consist of."""

    def __init__(self) -> None:
        self._chance = chance = random.Random(27)
        hangul, hanzi = _characters(chance, "euc-kr", 0xB0, 0xC8), _characters(chance, "gb2312", 0xB0, 0xF7)
        self.english = Vocabulary(chance, ENGLISH.split() + _different(20_000, self._english_word))
        self.korean = Vocabulary(
            chance, KOREAN.split() + _different(12_000, lambda: "".join(hangul.draw(chance.randint(2, 3))))
        )
        self.chinese = Vocabulary(
            chance, CHINESE.split() + _different(12_000, lambda: "".join(hanzi.draw(chance.randint(1, 2))))
        )

    def __iter__(self) -> Iterator[Story]:
        chance = self._chance
        summaries = itertools.cycle([" ".join(self.english.draw(30)) for _ in range(2003)])
        languages = itertools.cycle(chance.choices(("en", "ko", "zh"), (55, 25, 20), k=9973))
        lengths = itertools.cycle([chance.randint(5, 12) for _ in range(997)])
        figures = itertools.cycle([self._figure() for _ in range(3989)])
        words = {"en": self._english(), "ko": self._korean(), "zh": iter(self.chinese)}
        for language, length, figure, summary in zip(languages, lengths, figures, summaries, strict=False):
            title = ("" if language == "zh" else " ").join(itertools.islice(words[language], length))
            yield Story(language, title + figure, summary)

    def _english(self) -> Iterator[str]:
        cases = itertools.cycle([self._chance.random() < 0.4 for _ in range(9973)])
        return (word.capitalize() if upper else word for word, upper in zip(self.english, cases, strict=False))

    def _korean(self) -> Iterator[str]:
        particles = itertools.cycle(self._chance.choices(PARTICLES, k=9973))
        return (word + particle for word, particle in zip(self.korean, particles, strict=False))

    def _figure(self) -> str:
        if self._chance.random() < 0.7:
            return ""
        return self._chance.choice((" {}%", " ${} bn", " Q{}", " {}")).format(self._chance.randint(1, 400))

    def _english_word(self) -> str:
        return "".join(self._chance.choice(part) for _ in range(self._chance.randint(1, 3)) for part in SYLLABLES)


def copy(folder: Path) -> Path:
    """The database in `folder`, to be written into; it is made first where it was not yet."""
    kept = Path(tempfile.gettempdir()) / f"monitor-{HEADLINES}-{EDITION}-{schema.NAMES[-1]}.db"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=kept.parent) as unfinished:
            _make(Path(unfinished) / kept.name)
            (Path(unfinished) / kept.name).rename(kept)
    taken = folder / "monitor.db"
    shutil.copyfile(kept, taken)
    return taken


def stories(newsroom: Newsroom, count: int) -> Iterator[tuple[str, list[tuple[Entry, tuple[Mention, ...]]]]]:
    """Polls with these many headlines in all, oldest first: the language of the feed, and what it brought."""
    settings = load(packaged())
    matcher = Matcher(settings.topics, settings.tickers)
    chance = random.Random(28)
    waiting: dict[str, list[tuple[Entry, tuple[Mention, ...]]]] = {"en": [], "ko": [], "zh": []}
    for number, story in enumerate(itertools.islice(newsroom, count)):
        at = NEWEST - (count - number) * APART - chance.random() * LATE
        link = f"https://news.example/{story.language}/{number}"
        entry = Entry(key=link, title=story.title, link=link, summary=story.summary, published_at=at)
        waiting[story.language].append((entry, matcher.match(story.title, "")))
        if len(waiting[story.language]) == ENTRIES:
            yield story.language, waiting[story.language]
            waiting[story.language] = []
    yield from waiting.items()


def _make(path: Path) -> None:
    """Some minutes."""
    began, made = time.monotonic(), 0
    feeds = [
        Feed(url=f"https://news.example/{language}/{number}", name=f"Wire {language} {number}", language=language)
        for language in ("en", "ko", "zh")
        for number in range(FEEDS // 3)
    ]
    by_language = {
        language: itertools.cycle([feed for feed in feeds if feed.language == language])
        for language in ("en", "ko", "zh")
    }
    polls = stories(Newsroom(), HEADLINES)
    with Writer.open(path) as writer:
        writer.sync_feeds(feeds)
        while some := list(itertools.islice(polls, AT_ONCE)):
            with writer.transaction():
                for language, entries in some:
                    feed = next(by_language[language])
                    now = max((entry.published_at or NEWEST for entry, _ in entries), default=NEWEST)
                    state = FeedState(url=feed.url, last_checked_at=now, last_success_at=now)
                    made += len(writer.record_poll(feed, state, entries, now=now).new)
            if made // 100_000 != (made - AT_ONCE * ENTRIES) // 100_000:
                print(f"{made:,} headlines, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def _different(count: int, word: Callable[[], str]) -> list[str]:
    """These many different words."""
    made: dict[str, None] = {}
    while len(made) < count:
        made[word()] = None
    return list(made)


def _characters(chance: random.Random, encoding: str, first: int, last: int) -> Vocabulary:
    """The characters of an encoding's rows, in an order by chance: some of them come often, most seldom."""
    rows = itertools.product(range(first, last + 1), range(0xA1, 0xFF))
    found = [bytes(pair).decode(encoding, "ignore") for pair in rows]
    chance.shuffle(found)
    return Vocabulary(chance, [each for each in found if each])
