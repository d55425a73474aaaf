"""Headlines: what a poll makes of what is stored."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from monitor.models import Feed, Headline
from monitor.store.reader import Reader
from monitor.store.writer import Recorded, Writer
from tests.store_samples import FEED, NOW, OTHER, entry, mention, minutes, poll, seconds, stored, titles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "monitor.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer.open(path) as writer:
        writer.sync_feeds([FEED, OTHER])
        yield writer


def test_a_new_entry_becomes_a_headline_that_a_reader_sees_as_the_writer_gave_it(writer: Writer, path: Path) -> None:
    mentions = (
        mention("DeepSeek", 0, 8, kind="topic"),
        mention("NVDA", 10, 16),
        mention("NVDA", 3, 9, field="summary"),
    )
    given = entry(
        title="DeepSeek: Nvidia falls",
        link="http://news.example/a/?utm_source=rss",
        summary="To Nvidia",
        author="A. Reporter",
        published_at=NOW - minutes(3),
        updated_at=NOW - minutes(2),
    )
    recorded = poll(writer, (given, mentions))
    assert recorded == Recorded(
        new=(
            Headline(
                id=1,
                feed_url=FEED.url,
                feed_name=FEED.name,
                key="1",
                title="DeepSeek: Nvidia falls",
                link="http://news.example/a/?utm_source=rss",
                story_url="https://news.example/a",
                summary="To Nvidia",
                author="A. Reporter",
                language="en",
                published_at=NOW - minutes(3),
                updated_at=NOW - minutes(2),
                first_seen_at=NOW,
                sort_at=NOW - minutes(3),
                mentions=mentions,
            ),
        )
    )
    assert stored(path) == list(recorded.new)


def test_an_entry_seen_before_is_left_alone(writer: Writer, path: Path) -> None:
    poll(writer, entry(published_at=NOW))
    before = stored(path)
    assert poll(writer, entry(published_at=NOW), now=NOW + minutes(10)) == Recorded()
    assert stored(path) == before


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Nvidia falls further"},
        {"summary": "By 17 per cent"},
        {"link": "https://news.example/moved"},
        {"author": "B. Reporter"},
        {"published_at": NOW - minutes(9)},
        {"updated_at": NOW},
    ],
    ids=str,
)
def test_an_edited_entry_is_updated_and_keeps_its_id_and_the_time_it_was_first_seen(
    writer: Writer, path: Path, change: dict[str, object]
) -> None:
    given = {"title": "Nvidia falls", "published_at": NOW - minutes(3)}
    (first,) = poll(writer, entry(**given)).new  # type: ignore[arg-type]
    recorded = poll(writer, entry(**{**given, **change}), now=NOW + minutes(10))  # type: ignore[arg-type]
    assert recorded.new == ()
    (updated,) = recorded.updated
    assert (updated.id, updated.first_seen_at) == (first.id, first.first_seen_at)
    assert {name: getattr(updated, name) for name in change} == change
    assert stored(path) == [updated]


def test_an_edited_entry_is_stamped_with_the_time_of_the_revision(writer: Writer, path: Path) -> None:
    poll(writer, entry())
    poll(writer, entry(title="Nvidia falls further"), now=NOW + minutes(10))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT revised_at FROM headlines").fetchall() == [("2025-01-27T14:40:00.000Z",)]


def test_an_edited_entry_gets_the_mentions_of_its_new_text(writer: Writer, path: Path) -> None:
    poll(writer, (entry(title="Nvidia falls"), (mention("NVDA"),)))
    poll(writer, (entry(title="AMD falls"), (mention("AMD"),)))
    assert stored(path)[0].tickers == ("AMD",)
    assert titles(path, ticker="NVDA") == []


def test_an_edited_entry_is_found_by_its_new_words_and_not_by_its_old_ones(writer: Writer, path: Path) -> None:
    poll(writer, entry(title="Nvidia falls"))
    poll(writer, entry(title="Broadcom falls"))
    assert titles(path, text="nvidia") == []
    assert titles(path, text="broadcom") == ["Broadcom falls"]


def test_a_document_that_loses_its_dates_does_not_take_them_from_us(writer: Writer, path: Path) -> None:
    poll(writer, entry(published_at=NOW - minutes(3), updated_at=NOW - minutes(2)))
    assert poll(writer, entry(), now=NOW + minutes(10)) == Recorded()
    assert stored(path)[0].published_at == NOW - minutes(3)


def test_an_entry_dated_in_the_future_counts_as_published_when_it_was_seen(writer: Writer) -> None:
    (headline,) = poll(writer, entry(published_at=NOW + timedelta(days=2))).new
    assert headline.sort_at == NOW
    assert headline.published_at == NOW + timedelta(days=2)


def test_an_entry_without_date_counts_as_published_when_it_was_seen(writer: Writer) -> None:
    assert poll(writer, entry()).new[0].sort_at == NOW


def test_undated_entries_keep_the_order_of_their_document_which_is_newest_first(writer: Writer, path: Path) -> None:
    recorded = poll(writer, entry("3", "third"), entry("2", "second"), entry("1", "first"))
    assert [headline.title for headline in recorded.new] == ["first", "second", "third"]
    assert titles(path) == ["third", "second", "first"]


def test_of_two_entries_with_one_key_the_first_counts(writer: Writer, path: Path) -> None:
    poll(writer, entry("1", "first"), entry("1", "second"))
    assert titles(path) == ["first"]


def test_one_key_in_two_feeds_is_two_headlines(writer: Writer) -> None:
    assert poll(writer, entry("1")).new
    (headline,) = poll(writer, entry("1"), feed=OTHER).new
    assert (headline.feed_name, headline.language) == ("Other News", "ko")


def test_a_renamed_feed_keeps_its_headlines(writer: Writer, path: Path) -> None:
    poll(writer, entry())
    writer.sync_feeds([Feed(url=FEED.url, name="New Name")])
    assert [headline.feed_name for headline in stored(path)] == ["New Name"]


def test_a_feed_that_was_never_synced_is_taken_in(writer: Writer, path: Path) -> None:
    poll(writer, entry(), feed=Feed(url="https://third.example/", name="Third"))
    assert stored(path)[0].feed_name == "Third"


def test_moments_are_kept_to_the_millisecond_in_utc(writer: Writer, path: Path) -> None:
    seoul = timezone(timedelta(hours=9))
    at = NOW.replace(microsecond=123_999)
    (headline,) = poll(writer, entry(published_at=at.astimezone(seoul)), now=at).new
    assert headline.first_seen_at == NOW.replace(microsecond=123_000)
    assert stored(path) == [headline]
    with closing(sqlite3.connect(path)) as connection:
        (row,) = connection.execute("SELECT published_at, first_seen_at FROM headlines").fetchall()
    assert row == ("2025-01-27T14:30:00.123Z", "2025-01-27T14:30:00.123Z")


def test_a_moment_without_zone_is_refused_and_nothing_is_stored(writer: Writer, path: Path) -> None:
    with pytest.raises(ValueError, match="without zone"):
        poll(writer, entry(published_at=NOW.replace(tzinfo=None)))
    assert titles(path) == []


def test_a_follower_gets_what_arrived_since_in_order_of_arrival(writer: Writer, path: Path) -> None:
    poll(writer, entry("1", "first"))
    with closing(Reader.open(path)) as reader:
        seen = reader.newest()
        poll(writer, entry("3", "third", published_at=NOW - minutes(60)), entry("2", "second"))
        assert [headline.title for headline in reader.headlines_after(seen.headline)] == ["second", "third"]
        assert [headline.title for headline in reader.headlines_after(seen.headline, limit=1)] == ["second"]
        assert reader.headlines_after(reader.newest().headline) == []


def test_a_follower_of_an_empty_database_starts_at_nothing(writer: Writer, path: Path) -> None:
    with closing(Reader.open(path)) as reader:
        assert (reader.newest().headline, reader.newest().alert) == (0, 0)


def test_rows_are_fetched_by_id_in_the_order_asked_for_without_those_that_are_gone(writer: Writer, path: Path) -> None:
    poll(writer, entry("2", "second"), entry("1", "first"))
    with closing(Reader.open(path)) as reader:
        assert [headline.title for headline in reader.headlines_by_id([2, 99, 1])] == ["second", "first"]


def test_stored_headlines_are_matched_anew(writer: Writer, path: Path) -> None:
    for number in range(7):
        poll(writer, (entry(str(number), f"Nvidia {number}"), (mention("NVDA", 0, 6),)), now=NOW + seconds(number))
    found = (mention("Chips", 0, 6, kind="topic"),)
    assert (
        writer.rematch(lambda title, _summary: found if title != "Nvidia 3" else (mention("NVDA", 0, 6),), batch=2) == 6
    )
    assert titles(path, ticker="NVDA") == ["Nvidia 3"]
    assert len(titles(path, topic="Chips")) == 6


def test_matching_anew_goes_by_steps_with_the_newest_first(writer: Writer, path: Path) -> None:
    for number in range(4):
        poll(writer, entry(str(number), str(number)), now=NOW + seconds(number))
    steps = writer.rematching(lambda _title, _summary: (mention("X", kind="topic"),), batch=3)
    assert next(steps) == 3
    assert titles(path, topic="X") == ["3", "2", "1"]
    assert list(steps) == [1]


def test_the_matchers_fingerprint_is_remembered(writer: Writer, path: Path) -> None:
    assert writer.matcher_fingerprint() is None
    writer.set_matcher_fingerprint("one")
    writer.set_matcher_fingerprint("two")
    writer.close()
    with Writer.open(path) as again:
        assert again.matcher_fingerprint() == "two"


def test_fifty_new_entries_in_a_transaction_with_others_are_one_commit(writer: Writer, path: Path) -> None:
    with closing(Reader.open(path)) as reader:
        with writer.transaction():
            poll(writer, *(entry(str(number), f"title {number}") for number in range(50)))
            poll(writer, entry("x"), feed=OTHER)
            assert reader.counts().headlines == 0
        assert reader.counts().headlines == 51


def poll_and_fail(writer: Writer) -> None:
    with writer.transaction():
        poll(writer, entry("doomed", "doomed"))
        raise KeyError


def test_a_transaction_that_fails_leaves_nothing_and_the_writer_usable(writer: Writer, path: Path) -> None:
    with pytest.raises(KeyError):
        poll_and_fail(writer)
    assert titles(path) == []
    poll(writer, entry("2", "second"))
    assert titles(path) == ["second"]


def test_an_inner_transaction_that_fails_takes_back_only_its_own_part(writer: Writer, path: Path) -> None:
    with writer.transaction():
        poll(writer, entry("1", "first"))
        with pytest.raises(KeyError):
            poll_and_fail(writer)
        poll(writer, entry("3", "third"))
    assert titles(path) == ["third", "first"]


def test_the_text_index_agrees_with_the_table_after_edits(writer: Writer, path: Path) -> None:
    for round_ in range(5):
        poll(writer, *(entry(str(n), f"title {n} of round {round_ * (n % 3)}") for n in range(30)))
    writer.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO headlines_fts (headlines_fts) VALUES ('integrity-check')")


def test_a_snapshot_sees_one_state_throughout(writer: Writer, path: Path) -> None:
    poll(writer, entry("1", "first"))
    with closing(Reader.open(path)) as reader:
        with reader.snapshot():
            assert reader.counts().headlines == 1
            poll(writer, entry("2", "second"))
            assert reader.counts().headlines == 1
            assert [headline.title for headline in reader.headlines()] == ["first"]
        assert reader.counts().headlines == 2


def test_every_commit_changes_the_data_version_and_nothing_else_does(writer: Writer, path: Path) -> None:
    with closing(Reader.open(path)) as reader:
        version = reader.data_version()
        reader.headlines()
        assert reader.data_version() == version
        poll(writer, entry("1"))
        assert (changed := reader.data_version()) != version
        with writer.transaction():
            pass
        assert reader.data_version() == changed
