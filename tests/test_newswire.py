"""The loopback newswire: what its documents hold at a moment, and how its server answers over real HTTP."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest

from monitor.demo.day import CLOSES_AT, STARTS_AT, on_the_day
from monitor.demo.feeds import ENTRIES, FEEDS, WireFeed, render
from monitor.demo.newswire import RETRY_AFTER, Newswire
from monitor.demo.stories import stories, stories_until
from monitor.sources.parse import read
from monitor.sources.reduce import Document


@dataclass
class Hand:
    """A clock that stands where it is put."""

    at: datetime = STARTS_AT

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
async def wire(clock: Hand) -> AsyncIterator[Newswire]:
    async with Newswire(now=clock.now) as newswire:
        yield newswire


@pytest.fixture
async def client(wire: Newswire) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=wire.url, trust_env=False) as http:
        yield http


def document(name: str, moment: datetime) -> str:
    feed = FEEDS[name]
    return render(feed, moment).decode(feed.charset or "utf-8")


def well_formed(text: str) -> bool:
    try:
        ET.fromstring(text)  # noqa: S314  a document of our own
    except ET.ParseError:
        return False
    return True


# --- documents --------------------------------------------------------------------------------------------------


def test_nine_feeds_in_three_languages_and_three_syntaxes() -> None:
    assert len(FEEDS) == 9
    assert {feed.language for feed in FEEDS.values()} == {"en", "ko", "zh"}
    assert {feed.syntax for feed in FEEDS.values()} == {"rss", "atom", "rdf"}
    assert all(feed.title.startswith("SIM ") for feed in FEEDS.values())
    assert {name for story in stories() for name in story.feeds} == set(FEEDS)


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_a_document_follows_from_the_moment_alone(feed: WireFeed) -> None:
    late = render(feed, CLOSES_AT)
    assert render(feed, STARTS_AT) != late
    assert render(feed, CLOSES_AT) == late


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_all_but_the_damaged_feed_are_well_formed_all_day(feed: WireFeed) -> None:
    # Written as Python strings, because nothing in seoul's bytes says what they are.
    for minute in range(60, 541, 60):
        text = document(feed.name, STARTS_AT + timedelta(minutes=minute))
        assert well_formed(text) is not feed.damaged


def test_only_what_has_been_published_is_in_a_document() -> None:
    assert "almost 12% lower" not in document("markets", on_the_day("07:50"))
    assert "almost 12% lower" in document("markets", on_the_day("07:51"))


def test_the_newest_entry_comes_first_and_the_oldest_fall_off() -> None:
    text = document("markets", CLOSES_AT)
    assert text.index("Close: Nvidia") < text.index("Opening bell")
    for name in FEEDS:
        assert len(stories_until(CLOSES_AT, name)[:ENTRIES]) == document(name, CLOSES_AT).count("<title>") - 1


def test_a_correction_changes_the_entry_in_place() -> None:
    before, after = document("tech", on_the_day("07:40")), document("tech", on_the_day("07:41"))
    assert "under $6 million" in before
    assert "under $6 million" not in after
    assert "Corrected: DeepSeek" in after
    assert before.count("<entry>") == after.count("<entry>")
    assert before.count("2025-01-27:r1-cost") == after.count("2025-01-27:r1-cost") == 1


def test_the_same_address_comes_in_two_feeds_with_other_marks() -> None:
    assert "<link>https://sim.example/markets/nq-five</link>" in document("markets", on_the_day("07:05"))
    passed_on = document("search", on_the_day("07:05"))
    assert "https://sim.example/markets/nq-five?utm_source=sim&amp;utm_medium=search#top" in passed_on


def test_entries_lack_what_they_are_meant_to_lack() -> None:
    items = {item.split("</title>")[0].split("<title>")[1]: item for item in _items(document("chips", CLOSES_AT))}
    lacking = {
        title[:12]: [tag for tag in ("guid", "link", "pubDate") if f"<{tag}" not in item]
        for title, item in items.items()
    }
    assert lacking["Marvell, Mic"] == ["guid"]
    assert lacking["Lithography:"] == ["link"]
    assert lacking["Memory maker"] == ["pubDate"]
    assert lacking["Arm Holdings"] == ["guid", "link", "pubDate"]


def test_seoul_is_euc_kr_and_says_so_nowhere() -> None:
    raw = render(FEEDS["seoul"], CLOSES_AT)
    assert "딥시크" in raw.decode("euc-kr")
    assert b"encoding" not in raw
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")


def test_the_build_date_of_the_search_feed_moves_while_its_entries_do_not() -> None:
    one, two = (document("search", on_the_day(clock)) for clock in ("11:40:00", "11:40:01"))
    assert one != two
    assert list(_items(one)) == list(_items(two))


@pytest.mark.parametrize(
    ("feed", "clock", "hostile"),
    [
        ("chips", "08:08", "&#27;]52;c;"),
        ("tape", "08:10", "<![CDATA[Server makers &#27;[31m"),
        ("tape", "08:14", "Calm returns\r\n2025"),
        ("tape", "08:02", "[@click=app.quit]"),
        ("chips", "09:17", "javascript:alert"),
        ("search", "08:12", "\u202e"),
        ("china", "07:22", "ＤｅｅｐＳｅｅｋ"),
        ("korea", "07:03", "딥시크가"),
        ("korea", "07:46", "딥씨크는"),
        ("search", "09:04", "28 Jan 2025"),
        ("korea", "09:08", "KST"),
        ("tech", "08:05", "&lt;script&gt;"),
        ("search", "09:24", "<title></title>"),
    ],
)
def test_hostile_and_odd_text_reaches_the_document_as_written(feed: str, clock: str, hostile: str) -> None:
    assert hostile in document(feed, on_the_day(clock))
    assert hostile not in document(feed, on_the_day(clock) - timedelta(minutes=1))


def test_one_title_is_thousands_of_characters_long() -> None:
    assert max(len(story.title) for story in stories()) > 3000


def test_one_guid_stands_for_two_entries_of_one_document() -> None:
    assert document("filings", CLOSES_AT).count("<id>urn:sim:reused</id>") == 2


@pytest.mark.parametrize("feed", FEEDS.values(), ids=lambda feed: feed.name)
def test_the_parser_of_this_program_reads_every_entry(feed: WireFeed) -> None:
    content_type = "text/xml" if feed.charset else "application/xml; charset=utf-8"
    told = stories_until(CLOSES_AT, feed.name)[:ENTRIES]
    document = read(
        render(feed, CLOSES_AT),
        content_type=content_type,
        url=f"http://127.0.0.1{feed.path}",
        known=frozenset(),
        language=feed.language,
    )
    assert isinstance(document, Document)
    assert (document.damaged is not None) is (feed.damaged or feed.charset is not None)
    assert len(document.entries) == len(told)
    titles = " ".join(entry.title for entry in document.entries)
    assert titles.isprintable()
    if feed.name == "seoul":
        assert "딥시크" in titles


def _items(text: str) -> list[str]:
    return text.replace("</item>", "<item>").split("<item>")[1::2]


# --- over HTTP --------------------------------------------------------------------------------------------------


async def test_every_feed_answers_at_the_address_to_subscribe_to(client: httpx.AsyncClient, clock: Hand) -> None:
    for feed in FEEDS.values():
        response = await client.get(feed.address, follow_redirects=True)
        assert response.status_code == 200
        assert response.content == render(feed, clock.at)
        assert response.url.raw_path.decode() == feed.path


@pytest.mark.parametrize("name", ["markets", "tech", "korea", "seoul", "filings", "tape"])
async def test_an_etag_that_still_holds_gets_304(client: httpx.AsyncClient, clock: Hand, name: str) -> None:
    path = FEEDS[name].path
    clock.at = on_the_day("10:00")
    etag = (await client.get(path)).headers["etag"]
    again = await client.get(path, headers={"If-None-Match": etag, "If-Modified-Since": "nonsense"})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    clock.at = CLOSES_AT
    assert (await client.get(path, headers={"If-None-Match": etag})).status_code == 200


async def test_a_date_that_still_holds_gets_304(client: httpx.AsyncClient, clock: Hand) -> None:
    clock.at = on_the_day("10:30")
    first = await client.get("/china.rdf")
    assert "etag" not in first.headers
    since = {"If-Modified-Since": first.headers["last-modified"]}
    assert (await client.get("/china.rdf", headers=since)).status_code == 304
    clock.at = on_the_day("11:20")
    assert (await client.get("/china.rdf", headers=since)).status_code == 200
    assert (await client.get("/china.rdf", headers={"If-Modified-Since": "nonsense"})).status_code == 200


async def test_a_feed_without_validators_never_says_304(client: httpx.AsyncClient) -> None:
    first = await client.get(FEEDS["search"].path)
    assert "etag" not in first.headers
    assert "last-modified" not in first.headers
    asked = {"If-None-Match": '"x"', "If-Modified-Since": "Tue, 28 Jan 2025 00:00:00 GMT"}
    assert (await client.get(FEEDS["search"].path, headers=asked)).status_code == 200


async def test_gzip_comes_to_those_who_take_it(client: httpx.AsyncClient, clock: Hand) -> None:
    zipped = await client.get("/markets.rss", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/markets.rss", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content == render(FEEDS["markets"], clock.at)


async def test_an_old_address_redirects_for_good(client: httpx.AsyncClient) -> None:
    response = await client.get("/old/filings.rss")
    assert (response.status_code, response.headers["location"]) == (301, "/filings.atom")


async def test_the_tape_fails_for_half_an_hour_and_recovers(client: httpx.AsyncClient, clock: Hand) -> None:
    expected = {"08:29:59": 200, "08:30": 503, "08:59:59": 503, "09:00": 200}
    for moment, status in expected.items():
        clock.at = on_the_day(moment)
        response = await client.get("/tape.rss")
        assert response.status_code == status
        assert response.headers.get("retry-after") == (str(RETRY_AFTER) if status == 503 else None)
        assert ("NVDA -12% pre" in response.text) is (moment == "09:00")


async def test_an_unknown_address_and_another_method_are_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/nothing.rss")).status_code == 404
    assert (await client.post("/markets.rss")).status_code == 405
    head = await client.head("/markets.rss")
    assert (head.status_code, head.content) == (200, b"")


async def test_requests_of_one_connection_and_of_many_are_answered(client: httpx.AsyncClient, wire: Newswire) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(client.get(feed.path)) for feed in FEEDS.values() for _ in range(5)]
    assert {task.result().status_code for task in asked} == {200}
    assert wire.seen["/markets.rss", 200] == 5


async def test_it_closes_while_a_client_is_connected(clock: Hand) -> None:
    async with Newswire(now=clock.now) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"GET /search.rss?q=DeepSeek&hl=en HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    await reader.read()  # ends: the newswire let go of the connection
    writer.close()


@pytest.mark.parametrize("nonsense", [b"\x16\x03\x01\r\n\r\n", b"\r\n\r\n", b"GET\r\n\r\n", b"A" * 200_000])
async def test_nonsense_ends_that_connection_alone(wire: Newswire, client: httpx.AsyncClient, nonsense: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(nonsense)
    writer.write_eof()
    with suppress(ConnectionError):
        await reader.read()
    writer.close()
    assert (await client.get("/markets.rss")).status_code == 200
