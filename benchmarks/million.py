"""A million headlines stored: searching them, opening the screen and the commands with them, and writing more.

Opening and commands are held against the same database without headlines, in turns. What is asked is what the screen
asks: the first page of a filter, and what stands beside it.
"""

from __future__ import annotations

import itertools
import os
import random
import sys
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import archive
from benchmarks.process import run
from benchmarks.table import Table, ratio, verdict
from monitor.models import Feed, FeedState
from monitor.store.reader import Reader
from monitor.store.writer import Writer
from monitor.text import fold
from monitor.tui.wanted import FIRST, Wanted, pages
from monitor.tui.widgets.headline_list import NoMarks
from tests.full_database import FullDatabase
from tests.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SEARCH_GOAL = 50.0  # ms at the 95th percentile
OPENING_GOAL = 1.2  # times an empty database
SCREENFUL = 40
EACH = 12  # searches of each kind
ROUNDS = 3
STARTS = 8
COLD = 20_000  # headlines
POLLS = 100
TOPICS, TICKERS, LANGUAGES = ("DeepSeek", "Stargate", "Anthropic"), ("NVDA", "MSFT", "AVGO"), ("en", "ko", "zh", "ja")


def measure() -> list[Table]:
    with tempfile.TemporaryDirectory(prefix="monitor-million-") as folder:
        _say(f"the database, made once: {archive.HEADLINES:,} headlines")
        path = archive.copy(Path(folder))
        return [_searching(path), *_opening(path, Path(folder)), _writing(path)]


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


# Searching


def searches(path: Path) -> dict[str, list[Wanted]]:
    """By kind. The words are those of stored titles, the same each time."""
    chance = random.Random(27)
    newsroom = archive.Newsroom()
    vocabularies = (newsroom.english.words, newsroom.korean.words, newsroom.chinese.words)
    common = [word for words in vocabularies for word in words[3:40]]
    rare = [word for words in vocabularies for word in words[-3000:] if len(word) > 2]
    titles = _titles(path, chance)
    hangul, latin = (_pieces(titles, size=2, first=first, last=last) for first, last in (("가", "힣"), ("a", "z")))
    single = sorted({char for title in titles for char in title if not char.isspace()})
    absent = ["qz", "zk", "뷁", "龘龘", "zqx", "xylophonist", "없는말", "不存在的词", "jjj kkk", "…", "q9z", "wq"]

    def some(choices: Sequence[str], **also: object) -> list[Wanted]:
        return [Wanted(text=text, **also) for text in chance.sample(choices, EACH)]  # type: ignore[arg-type]

    phrases = [f'"{title[start : start + 12]}"' for title in titles for start in (3,)]
    english, korean_words, chinese = (words[3:23] for words in vocabularies)
    alike = [" ".join(pair) for pair in itertools.combinations(english, 2)]
    never = [" ".join(pair) for pair in itertools.product(english, [*korean_words, *chinese])]
    topics, tickers, languages = (itertools.cycle(names) for names in (TOPICS, TICKERS, LANGUAGES))
    return {
        "a common word": some(common),
        "a rare word": some(rare),
        "two Korean letters": some(hangul),
        "two Latin letters": some(latin),
        "the three letters of a word begun": some(
            [word[:3] for word in newsroom.english.words[3:400] if len(word) > 3]
        ),
        "a single character": some(single),
        "a phrase": some(phrases),
        "two common words": some(alike),
        "two common words, never in one title": some(never),
        "nothing has it": some(absent),
        "a word and a topic": [Wanted(text=each.text, topic=next(topics)) for each in some(common)],
        "a rare word and a topic": [Wanted(text=each.text, topic=next(topics)) for each in some(rare)],
        "two letters and a ticker": [Wanted(text=each.text, ticker=next(tickers)) for each in some(latin)],
        "a word and a ticker": [Wanted(text=each.text, ticker=next(tickers)) for each in some(common)],
        "a word and a language": [Wanted(text=each.text, language=next(languages)) for each in some(common)],
        "two Korean letters and a language": [
            Wanted(text=each.text, language=next(languages)) for each in some(hangul)
        ],
        "a word, unread": some(common, unread=True),
        "two letters, unread": some(latin, unread=True),
        "a topic, a ticker, a language or a mark alone": [
            *(Wanted(topic=name) for name in TOPICS),
            *(Wanted(ticker=name) for name in TICKERS),
            *(Wanted(language=name) for name in LANGUAGES),
            Wanted(topic=TOPICS[0], ticker=TICKERS[0]),
            *(Wanted(unread=True), Wanted(starred=True)),
        ],
    }


def _titles(path: Path, chance: random.Random) -> list[str]:
    with closing(Reader.open(path)) as reader:
        newest = reader.newest().headline
        chosen = reader.headlines_by_id([chance.randint(1, newest) for _ in range(400)])
    return [fold(headline.title).text for headline in chosen]


def _pieces(titles: Sequence[str], *, size: int, first: str, last: str) -> list[str]:
    """Parts of titles that consist of these letters only: common and rare ones."""
    found = {title[at : at + size] for title in titles for at in range(len(title) - size + 1)}
    return sorted(piece for piece in found if all(first <= char <= last for char in piece))


class Marks(NoMarks):
    """A trader's who has read one in a hundred, and starred one in ten of those."""

    read = frozenset(range(0, archive.HEADLINES, 100))
    starred = frozenset(range(0, archive.HEADLINES, 1000))


class Answer(NamedTuple):
    """Seconds until the first answer stands on the screen, and until a screenful or the end; of wall and processor.

    The first answer may have less than a screenful, and then says that older headlines are still looked through.
    """

    first: float
    first_cpu: float
    screenful: float
    screenful_cpu: float


def _searching(path: Path) -> Table:
    kinds = searches(path)
    _say(f"{sum(map(len, kinds.values()))} searches, {ROUNDS} times")
    rounds = [_all_asked(path, kinds) for _ in range(ROUNDS)]
    taken = {kind: [_middle(looks) for looks in zip(*(each[kind] for each in rounds), strict=True)] for kind in kinds}
    everything = [answer for answers in taken.values() for answer in answers]
    at_95 = _percentile([answer.first for answer in everything], 95)
    return Table(
        f"Search, {archive.HEADLINES:,} headlines stored",
        (
            *("searches for", "how many", "first answer, median", "95th percentile", "slowest"),
            *("CPU, 95th percentile", "a screenful, 95th percentile", "CPU of that"),
        ),
        tuple(_searched(kind, answers) for kind, answers in (*taken.items(), ("all of them", everything))),
        (
            f"Goal of the first answer, ms at the 95th percentile: {verdict(at_95, SEARCH_GOAL)}.",
            f"As when `/` is typed into: the first {FIRST} ids, what is shown of them, how many are stored.",
            "Where what is wanted is rare among what is common, the first answer has what was found among the newest.",
            "It says so, and the list goes on looking and answers keys between its looks.",
            f"All searches one after the other, {ROUNDS} times, so that none finds its pages read; medians of each.",
        ),
    )


def _all_asked(path: Path, kinds: dict[str, list[Wanted]]) -> dict[str, list[Answer]]:
    with closing(Reader.open(path)) as reader:
        return {kind: [_asked(reader, wanted) for wanted in asked] for kind, asked in kinds.items()}


def _middle(looks: Sequence[Answer]) -> Answer:
    return Answer(*map(median, zip(*looks, strict=True)))


def _asked(reader: Reader, wanted: Wanted) -> Answer:
    began = _clocks()
    reading = pages(reader, wanted, Marks())
    ids, more = next(reading)
    reader.headlines_by_id(ids[:SCREENFUL])
    reader.headline_count()
    first = _clocks()
    found = len(ids)
    while more and found < SCREENFUL:
        ids, more = next(reading)
        found += len(ids)
    last = _clocks()
    return Answer(first[0] - began[0], first[1] - began[1], last[0] - began[0], last[1] - began[1])


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def _searched(kind: str, answers: Sequence[Answer]) -> tuple[str, ...]:
    first, *others = zip(*answers, strict=True)
    shown = [_percentile(first, 50), _percentile(first, 95), max(first) * 1000]
    shown += [_percentile(each, 95) for each in others]
    return (kind, str(len(answers)), *(f"{figure:.1f} ms" for figure in shown))


def _percentile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    return sorted(seconds)[min(len(seconds) - 1, len(seconds) * percent // 100)] * 1000


# Opening


def _opening(path: Path, folder: Path) -> list[Table]:
    """The empty database has the same feeds, quotes and bars, and no headlines."""
    with FullDatabase(folder / "empty.db", 0) as empty, FullDatabase(path, 0) as full:
        _say("opening the screen, in turns with an empty database")
        rows = [
            _row("the screen, until it shows headlines", *_in_turns(empty, full, lambda each: _paint(each, folder)))
        ]
        for words in (("headlines", "--limit", "20"), ("headlines", "--limit", "20", "--search", "qz"), ("status",)):
            _say(f"monitor {' '.join(words)}")
            taken = _in_turns(empty, full, partial(_command, words, folder=folder))
            rows.append(_row(f"monitor {' '.join(words)}", *taken))
        memory = [f"{_memory(each, folder, shown):.1f} MB" for each, shown in ((empty, "No"), (full, "Headlines 100,"))]
    return [
        Table(
            f"Opening, {archive.HEADLINES:,} headlines stored against none",
            ("what", "empty, CPU", "full, CPU", "ratio of CPU", "empty, wall", "full, wall", "ratio of wall"),
            tuple(rows),
            (f"Goal of the ratios: {OPENING_GOAL}. In turns, {STARTS} each; medians.",),
        ),
        Table(
            f"Memory of the screen, {archive.HEADLINES:,} headlines stored against none",
            ("what", "empty", "full"),
            (("resident, when all is read", *memory),),
        ),
    ]


def _in_turns(
    empty: FullDatabase, full: FullDatabase, do: Callable[[FullDatabase], tuple[float, float]]
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """(CPU, wall) of each of `STARTS` turns, in seconds; the first turn is not counted."""
    pairs = [(do(empty), do(full)) for _ in range(STARTS + 1)][1:]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def _row(what: str, empty: list[tuple[float, float]], full: list[tuple[float, float]]) -> tuple[str, ...]:
    cells = [what]
    for place in (0, 1):
        small, large = [taken[place] for taken in empty], [taken[place] for taken in full]
        cells += [f"{median(small) * 1000:.0f} ms", f"{median(large) * 1000:.0f} ms"]
        cells.append(verdict(ratio(large, small), OPENING_GOAL))
    return tuple(cells)


def _paint(database: FullDatabase, folder: Path) -> tuple[float, float]:
    with _viewer(database, folder) as terminal:
        wall = terminal.painted(b"Wire" if database.path.name == "monitor.db" else b"No headlines")
        return terminal.usage().seconds, wall


def _command(words: tuple[str, ...], database: FullDatabase, *, folder: Path) -> tuple[float, float]:
    command: list[str | Path] = [sys.executable, "-m", "monitor", *words, "--db", database.path]
    used = run(command, environment=_environment(folder), log=folder / "said", good=(0, 1))
    return used.cpu, used.wall


def _memory(database: FullDatabase, folder: Path, shown: str) -> float:
    with _viewer(database, folder) as terminal:
        terminal.wait_for(shown)
        terminal.wait_for("median move")
        terminal.wait_quiet(1.5)
        return terminal.usage().resident / 1e6


def _viewer(database: FullDatabase, folder: Path) -> Terminal:
    command: list[str | Path] = [sys.executable, "-m", "monitor", "--db", database.path]
    return Terminal(command, environment={"HOME": str(folder / "home")}, synchronized=True)


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(folder / "home"), "LANG": "C.UTF-8"}


# Writing


def _writing(path: Path) -> Table:
    _say(f"writing: {COLD:,} headlines, then polls of one, in turns with an empty database")
    with Writer.open(path.with_name("written.db")) as empty, Writer.open(path) as full:
        small, large = _loaded(empty, full)
        rows = [
            ("a poll's 50 new ones, a headline", *(f"{median(each) * 1e6:.0f} µs CPU" for each in (small, large))),
            ("which are headlines a second of CPU", *(f"{1 / median(each):,.0f}" for each in (small, large))),
        ]
        small, large = _polled(empty, full)
        rows.append(("a poll of one new entry", *(f"{median(each) * 1000:.2f} ms wall" for each in (small, large))))
    size = (path.with_name("written.db").stat().st_size / COLD, path.stat().st_size / archive.HEADLINES)
    rows.append(("bytes on the disk, a headline", *(f"{each:,.0f}" for each in size)))
    return Table(
        f"Writing, into {archive.HEADLINES:,} stored headlines against none", ("what", "empty", "full"), tuple(rows)
    )


def _loaded(empty: Writer, full: Writer) -> tuple[list[float], list[float]]:
    """Seconds of CPU a headline, of each poll of a cold load; a commit for each."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number, (language, entries) in enumerate(archive.stories(archive.Newsroom(), COLD)):
        feed = Feed(url=f"https://other.example/{number % 60}", name=f"Other {number % 60}", language=language)
        for writer, cpu in zip((empty, full), taken, strict=True):
            began = time.process_time()
            writer.record_poll(feed, FeedState(url=feed.url), entries, now=archive.NEWEST)
            cpu.append((time.process_time() - began) / max(1, len(entries)))
    return taken


def _polled(empty: Writer, full: Writer) -> tuple[list[float], list[float]]:
    """Seconds of wall, with the commit."""
    taken: tuple[list[float], list[float]] = ([], [])
    feed = Feed(url="https://other.example/one", name="Other")
    for _, entries in archive.stories(archive.Newsroom(), POLLS):
        for entry in entries:
            for writer, wall in zip((empty, full), taken, strict=True):
                began = time.perf_counter()
                writer.record_poll(feed, FeedState(url=feed.url), [entry], now=archive.NEWEST)
                wall.append(time.perf_counter() - began)
    return taken
