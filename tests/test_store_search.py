"""Finding headlines: every filter, alone and together, and text that was not meant well."""

from __future__ import annotations

import unicodedata
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.models import Feed
from monitor.store import reader as store_reader
from monitor.store import search
from monitor.store.reader import HeadlineFilter, Reader
from monitor.store.writer import Writer
from monitor.text import fold
from tests.store_samples import FEED, NOW, OTHER, entry, mention, minutes, poll, stored, titles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

steady = settings(deadline=None, derandomize=True, database=None)

TITLES = (
    "Nvidia and DeepSeek: what AI costs",
    "DEEPSEEK shock hits Nvidia shares",
    "중국딥시크가 보여준 것",
    "英伟达 falls 17%",
    "ＤｅｅｐＳｅｅｋ in full width",
    "Société Générale cuts the target",
    "100% of it_all",
    "100 of it all",
    'She said "sell NEAR(the close)" \\ and left',
    "EU and UK react",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten headlines a minute apart, the first of them the newest."""
    path = tmp_path_factory.mktemp("search") / "monitor.db"
    with Writer.open(path) as writer:
        for age, title in reversed(list(enumerate(TITLES))):
            poll(writer, entry(str(age), title, published_at=NOW - minutes(age)))
    return path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("deepseek", [0, 1, 4]),
        ("DeepSeek", [0, 1, 4]),
        ("ｄｅｅｐｓｅｅｋ", [0, 1, 4]),
        ("eeps", [0, 1, 4]),
        ("nvidia deepseek", [0, 1]),
        ("deepseek  nvidia  ", [0, 1]),
        ('"nvidia and deepseek"', [0]),
        ('"deepseek and nvidia"', []),
        ("딥시크", [2]),
        (unicodedata.normalize("NFD", "딥시크"), [2]),
        ("시크", [2]),
        ("딥", [2]),
        ("英伟达", [3]),
        ("英伟", [3]),
        ("英", [3]),
        ("société", [5]),
        ("SOCIÉTÉ GÉNÉRALE", [5]),
        ("é", [5]),
        ("ai", [0, 8]),
        ("uk", [9]),
        ("eu uk", [9]),
        ("a", [0, 1, 3, 5, 6, 7, 8, 9]),
        ("uk react", [9]),
        ("ai nvidia", [0]),
        ("17%", [3]),
        ("7%", [3]),
        ("0%", [6]),
        ("%", [3, 6]),
        ("t_a", [6]),
        ("_", [6]),
        ("\\", [8]),
        ("xyz", []),
        ("q", []),
        ("", list(range(10))),
        ("   ", list(range(10))),
        ('""', list(range(10))),
        ('"', list(range(10))),
        ('"  "', list(range(10))),
        ('"sell near', [8]),
        ('"SELL NEAR(', [8]),
        ("NEAR(the", [8]),
        ('" OR NEAR(', []),
        ("deepseek OR société", []),
        ("NOT", []),
        ("deepseek*", []),
        ("folded:deepseek", []),
        ("^nvidia", []),
        ("deep+seek", []),
        ("{deepseek}", []),
        ("'", []),
        ("';--", []),
        ("\x00deepseek\x1b", [0, 1, 4]),
        ("deep\u200bseek", [0, 1, 4]),
        ("\ud800", list(range(10))),
        ("nvidia\udcff", [0, 1]),
    ],
)
def test_words_are_found_in_any_case_inside_words_and_literally(path: Path, text: str, found: list[int]) -> None:
    assert titles(path, text=text) == [TITLES[number] for number in found]


# What searches are made of: letters in several scripts and widths, and what means something to FTS5, LIKE or C.
PIECES = st.sampled_from(
    ["deep", "SEEK", "ＡＩ", "딥시", "크", "达", "é", "E\u0301", "ß", "i", "U", "0", " ", '"', "'", "%", "_"]
)
SIGNS = st.sampled_from(
    ["\\", "*", "^", ":", "-", "+", "(", ")", "{", "}", ",", "\0", "\x1b", "\u200b", "\ud800", " OR ", "NEAR"]
)


@steady
@given(st.lists(PIECES | SIGNS, max_size=8).map("".join))
def test_whatever_is_searched_the_titles_found_are_those_that_hold_every_word(path: Path, text: str) -> None:
    words = search.words(text)
    assert titles(path, text=text) == [title for title in TITLES if all(word in fold(title).text for word in words)]


def test_an_endless_search_is_cut_and_answered(path: Path) -> None:
    assert titles(path, text="deepseek " * 10_000) == [TITLES[0], TITLES[1], TITLES[4]]
    assert titles(path, text='"' * 10_000) == list(TITLES)
    assert titles(path, text=" ".join(f"word{number}" for number in range(1000))) == []


def test_a_common_word_is_found_by_time_as_a_rare_one_by_the_index(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queries = (
        "deepseek",
        "nvidia deepseek",
        "é",
        "SOCIÉTÉ",
        '"SELL NEAR("',
        "100%",
        "17%",
        "ｄｅｅｐ ai",
        "7%",
        "크",
        "eu uk",
    )
    by_index = [titles(path, text=text) for text in queries]
    monkeypatch.setattr(search, "FEW", 0)
    assert [titles(path, text=text) for text in queries] == by_index


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty headlines of two feeds; topic, ticker and language in changing company; many share their time."""
    path = tmp_path_factory.mktemp("many") / "monitor.db"
    with Writer.open(path) as writer:
        writer.sync_feeds([FEED, OTHER])
        for number in range(60):
            mentions = []
            if number % 2 == 0:
                mentions += [mention("DeepSeek", 0, 8, kind="topic"), mention("DeepSeek", 9, 17, kind="topic")]
            if number % 3 == 0:
                mentions.append(mention("NVDA", 20, 26))
            given = entry(str(number), f"headline {number:02}", published_at=NOW - minutes(number // 4))
            poll(writer, (given, tuple(mentions)), feed=OTHER if number % 5 == 0 else FEED)
    return path


def numbers(path: Path, **wanted: object) -> list[int]:
    return [int(headline.key) for headline in stored(path, **wanted)]


def in_order(chosen: list[int]) -> list[int]:
    """As lists are ordered: by time, and those of one minute by arrival, both newest first."""
    return sorted(chosen, key=lambda number: (number // 4, -number))


EVERY: dict[str, tuple[object, Callable[[int], bool]]] = {
    "topic": ("DeepSeek", lambda number: number % 2 == 0),
    "ticker": ("NVDA", lambda number: number % 3 == 0),
    "feed": ("Other News", lambda number: number % 5 == 0),
    "language": ("en", lambda number: number % 5 != 0),
    "since": (NOW - minutes(10), lambda number: number // 4 <= 10),
    "until": (NOW - minutes(2), lambda number: number // 4 > 2),
    "text": ("headline 1", lambda number: 10 <= number < 20),
}


@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("second", EVERY)
def test_filters_hold_alone_and_together(many: Path, first: str, second: str) -> None:
    wanted = {name: EVERY[name][0] for name in (first, second)}
    if "text" in wanted:
        wanted["text"] = '"headline 1"'
    expected = [number for number in range(60) if EVERY[first][1](number) and EVERY[second][1](number)]
    assert numbers(many, **wanted) == in_order(expected)


@pytest.mark.parametrize("few", [search.FEW, 0], ids=["by the text index", "by time"])
def test_all_filters_hold_at_once(many: Path, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(search, "FEW", few)
    expected = [n for n in range(60) if n % 2 == 0 and n % 3 == 0 and n % 5 and 1 <= n // 4 < 9]
    found = numbers(
        many,
        topic="DeepSeek",
        ticker="NVDA",
        language="en",
        feed=FEED.url,
        since=NOW - minutes(8),
        until=NOW,
        text="head",
    )
    assert found == in_order(expected)


@pytest.mark.parametrize("wanted", [{}, {"topic": "DeepSeek"}, {"text": "headline"}, {"feed": FEED.url}], ids=str)
def test_pages_follow_each_other_without_gap_or_repetition(many: Path, wanted: dict[str, object]) -> None:
    whole = stored(many, **wanted, limit=100)
    paged = stored(many, **wanted, limit=7)
    while page := stored(many, **wanted, limit=7, before=(paged[-1].sort_at, paged[-1].id)):
        paged += page
    assert paged == whole


@pytest.mark.parametrize("name", EVERY)
def test_pages_that_look_at_a_few_are_together_what_one_that_looks_at_all_finds(
    many: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FEW", 0)
    monkeypatch.setattr(store_reader, "LOOK", 8)
    given = {name: EVERY[name][0], "topic": "DeepSeek"} if name == "ticker" else {name: EVERY[name][0]}
    with closing(Reader.open(many)) as reader:
        whole = reader.headline_ids(HeadlineFilter(**given, limit=100))  # type: ignore[arg-type]
        pages = [reader.headline_page(HeadlineFilter(**given, limit=4))]  # type: ignore[arg-type]
        while (before := pages[-1].before) is not None:
            pages.append(reader.headline_page(HeadlineFilter(**given, limit=4, before=before)))  # type: ignore[arg-type]
    assert [number for page in pages for number in page.ids] == whole != []
    assert len(pages) > 2


@pytest.mark.parametrize(
    "wanted",
    [
        HeadlineFilter(text="head"),
        HeadlineFilter(text="head", topic="DeepSeek"),
        HeadlineFilter(text="head", topic="DeepSeek", ticker="NVDA"),
    ],
    ids=str,
)
def test_what_few_headlines_have_is_one_page_and_a_page_from_the_midst_of_it_is_the_rest(
    many: Path, wanted: HeadlineFilter
) -> None:
    with closing(Reader.open(many)) as reader:
        whole = reader.headlines(wanted)
        ids = [headline.id for headline in whole]
        assert reader.headline_page(replace(wanted, limit=2)) == (ids, None)
        midst = (whole[4].sort_at, whole[4].id)
        assert reader.headline_page(replace(wanted, before=midst)) == (ids[5:], None)


def test_a_walk_ends_where_it_is_told_and_says_where_to_go_on(many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_reader, "LOOK", 19)
    with closing(Reader.open(many)) as reader:
        first = reader.headline_page(HeadlineFilter(language="ko"))
        assert (first.ids, first.before) == ([1, 6, 11, 16], (NOW - minutes(4), 17))
        assert reader.headline_page(HeadlineFilter(language="ko", before=first.before)).ids[0] == 21


def test_a_headline_that_mentions_a_topic_twice_is_listed_once(many: Path) -> None:
    found = numbers(many, topic="DeepSeek")
    assert len(found) == len(set(found)) == 30


def test_ids_alone_are_those_of_the_headlines(many: Path) -> None:
    with closing(Reader.open(many)) as reader:
        wanted = HeadlineFilter(topic="DeepSeek", limit=1000)
        assert reader.headline_ids(wanted) == [headline.id for headline in reader.headlines(wanted)]


def test_a_feed_is_found_by_name_and_by_address_and_an_unknown_one_has_nothing(many: Path) -> None:
    assert numbers(many, feed=OTHER.url) == numbers(many, feed="Other News") != []
    assert numbers(many, feed="Nobody") == []


def test_a_name_that_two_feeds_have_had_means_both(tmp_path: Path) -> None:
    moved = Feed(url="https://news.example/new-address", name=FEED.name)
    with Writer.open(tmp_path / "monitor.db") as writer:
        poll(writer, entry("1", "old"))
        poll(writer, entry("2", "new"), feed=moved, now=NOW + timedelta(days=1))
    assert titles(tmp_path / "monitor.db", feed=FEED.name) == ["new", "old"]


def test_no_name_of_a_topic_or_feed_is_taken_for_sql(many: Path) -> None:
    for hostile in ("' OR 1=1 --", '" OR ""="', "%", "NVDA' OR 'a'='a"):
        assert numbers(many, topic=hostile) == numbers(many, ticker=hostile) == numbers(many, feed=hostile) == []
