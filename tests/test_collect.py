"""`monitor collect`, as a process, on feeds and quotes from loopback."""

from __future__ import annotations

import asyncio
import grp
import json
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor import mailbox
from monitor.baseline import load as documented
from monitor.errors import StoreError
from monitor.lock import collecting, holder, lock_path
from monitor.store.reader import Reader
from monitor.store.records import HeadlineFilter
from tests.collecting import RULES, Desk, Item, hanging, open_desk, terminated, until
from tests.loopback import reply
from tests.watching import rows

NEWS = Item("China's DeepSeek shakes Nvidia")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        yield opened


def titles(desk: Desk) -> set[str]:
    with closing(Reader.open(desk.database)) as reader:
        return {headline.title for headline in reader.headlines(HeadlineFilter())}


async def test_once_stores_what_it_finds_and_delivers_what_the_rules_make_of_it(desk: Desk) -> None:
    desk.publish("/one", NEWS, Item("Shares little changed"))
    desk.fall = -5
    status, _, complaints = await desk.run("collect", "--once")
    assert (status, complaints) == (0, "")
    with closing(Reader.open(desk.database)) as reader:
        found = reader.headlines(HeadlineFilter(topic="DeepSeek"))
        assert [(headline.title, headline.tickers) for headline in found] == [(NEWS.title, ("NVDA",))]
        assert reader.quotes()["NVDA"].change_percent == pytest.approx(-5, abs=0.01)
        assert reader.counts().headlines == 2
    news, fall = desk.alerts()
    assert (news["rule"], news["severity"], news["headlines"][0]["title"]) == ("news", "warning", NEWS.title)
    assert (fall["rule"], fall["subject"], fall["simulated"]) == ("fall", "NVDA", False)
    assert fall["quotes"][0]["traded_at"] is not None


@pytest.mark.parametrize("how", [("collect", "--once"), ("collect",)], ids=["once", "until stopped"])
async def test_a_new_database_has_the_documents_records_for_other_tools(desk: Desk, how: tuple[str, ...]) -> None:
    process = await desk.start(*how)

    def stored() -> bool:
        return rows(desk.database, "SELECT value FROM meta WHERE key = 'baseline'") != []

    if how == ("collect",):
        await until(stored, process=process)
        assert await terminated(process) == 0
    await process.communicate()
    assert rows(desk.database, "SELECT count(*) FROM events") == [(len(documented().records),)]


async def test_once_again_repeats_no_alert(desk: Desk) -> None:
    desk.publish("/one", NEWS)
    desk.fall = -5
    await desk.run("collect", "--once")
    first = desk.alerts()
    await desk.run("collect", "--once")
    assert desk.alerts() == first


async def test_once_says_by_its_status_that_a_feed_failed_and_still_does_the_rest(desk: Desk) -> None:
    desk.publish("/one", NEWS)
    desk.feeds = ["/one", "/missing"]
    desk.write_settings()
    status, _, complaints = await desk.run("collect", "--once")
    assert status == 1
    assert "feed /missing" in complaints
    assert titles(desk) == {NEWS.title}


async def test_once_says_by_its_status_that_the_quotes_failed(desk: Desk) -> None:
    text = desk.settings_file.read_text().replace(desk.exchange.url, desk.news.url("/nowhere"))
    desk.settings_file.write_text(text)
    status, _, complaints = await desk.run("collect", "--once")
    assert status == 1
    assert "quotes" in complaints


async def test_settings_with_mistakes_end_it_with_all_of_them_and_status_2(desk: Desk) -> None:
    desk.write_settings("poll_: {}\nextra: 1\n")
    status, _, complaints = await desk.run("collect", "--once")
    assert status == 2
    assert "poll_" in complaints
    assert "extra" in complaints
    assert str(desk.settings_file) in complaints


async def test_a_second_collector_ends_with_status_3(desk: Desk) -> None:
    with collecting(desk.database):
        status, _, complaints = await desk.run("collect", "--once")
    assert status == 3
    assert "already collects" in complaints


async def test_alerts_go_to_standard_output_as_lines_when_asked_to(desk: Desk) -> None:
    desk.publish("/one", NEWS)
    status, output, _ = await desk.run("--headless", "--once", "--alert-log", "-", "--alert-format", "text")
    assert status == 0
    (line,) = output.splitlines()
    assert "WARNING news: " in line
    assert "KST" in line
    status, output, _ = await desk.run("collect", "--once", "--alert-log", "-")
    assert (status, output) == (0, "")


async def test_one_address_in_two_feeds_is_one_alert(desk: Desk) -> None:
    desk.feeds = ["/one", "/two"]
    desk.write_settings()
    desk.publish("/one", Item("DeepSeek tops the app store", link="https://news.example/a?utm_source=one"))
    desk.publish("/two", Item("DeepSeek tops the app store, says Reuters", link="https://news.example/a"))
    await desk.run("collect", "--once")
    assert len(desk.alert_texts("news")) == 1


async def test_an_old_headline_is_stored_and_gives_no_alert(desk: Desk) -> None:
    desk.publish("/one", Item("DeepSeek a week ago", age=timedelta(days=7)))
    await desk.run("collect", "--once")
    assert titles(desk) == {"DeepSeek a week ago"}
    assert desk.alerts() == []


async def test_it_goes_on_collecting_and_a_signal_ends_it_with_everything_committed(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: len(desk.news.requests) >= 2, process=process)
    desk.publish("/one", NEWS)
    await until(lambda: desk.alert_texts("news"), process=process)
    desk.fall = -4
    await until(lambda: desk.alert_texts("fall"), process=process)
    assert holder(desk.database) == process.pid
    assert await terminated(process) == 0
    assert holder(desk.database) is None
    assert NEWS.title in titles(desk)


async def test_a_signal_ends_it_although_a_feed_and_the_quotes_hang(desk: Desk) -> None:
    desk.news.routes["/one"] = hanging()
    process = await desk.start("collect")
    await until(lambda: desk.news.requests, process=process)
    assert await terminated(process, signal.SIGINT) == 0


async def test_a_hostile_feed_costs_the_others_nothing(desk: Desk) -> None:
    desk.feeds = ["/one", "/hostile", "/html"]
    desk.write_settings()
    desk.news.routes["/hostile"] = reply(b"<rss><channel><item><title>\x1b]52;c;aGk=\x07DeepSeek&#1114112;</item>")
    desk.news.routes["/html"] = reply(b"<!doctype html><html><body>DeepSeek</body></html>")
    desk.publish("/one", NEWS)
    await desk.run("collect", "--once")
    assert NEWS.title in titles(desk)
    stored = "".join(titles(desk)) + desk.alert_log.read_text()
    assert not any(ord(char) < 32 and char != "\n" for char in stored)


async def test_after_kill_9_nothing_committed_is_lost_and_no_alert_is_missed(desk: Desk) -> None:
    desk.publish("/one", Item("DeepSeek one"))
    process = await desk.start("collect")
    await until(lambda: desk.alert_texts("news"), process=process)
    process.kill()
    await process.communicate()
    desk.publish("/one", Item("DeepSeek two"), Item("DeepSeek one"))
    process = await desk.start("collect")
    await until(lambda: len(set(desk.alert_texts("news"))) == 2, process=process)
    await terminated(process)
    assert titles(desk) >= {"DeepSeek one", "DeepSeek two"}
    assert len({alert["id"] for alert in desk.alerts()}) == 2  # one may have come twice, with its id
    with closing(sqlite3.connect(desk.database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_changed_settings_file_is_read_while_it_runs(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: desk.news.requests, process=process)
    desk.publish("/two", NEWS)
    desk.feeds = ["/one", "/two"]
    desk.write_settings()
    await until(lambda: desk.alert_texts("news"), process=process)
    assert await terminated(process) == 0


async def test_settings_that_cannot_be_used_are_reported_and_the_old_ones_stay(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: desk.news.requests, process=process)
    good = desk.settings_file.read_text()
    desk.settings_file.write_text(good + "nonsense: 1\n")
    process.send_signal(signal.SIGHUP)

    def told() -> bool:
        with closing(Reader.open(desk.database)) as reader:
            info = reader.collector()
        return info is not None and "nonsense" in (info.settings_error or "")

    await until(told, process=process)
    desk.publish("/one", NEWS)
    await until(lambda: desk.alert_texts("news"), process=process)
    status, report, _ = await desk.run("status", "--json", "--db", str(desk.database))
    assert status == 2 or json.loads(report)["state"] == "degraded"
    desk.settings_file.write_text(good)

    def forgotten() -> bool:
        with closing(Reader.open(desk.database)) as reader:
            info = reader.collector()
        return info is not None and info.settings_error is None

    await until(forgotten, process=process)


async def test_a_database_that_is_deleted_underneath_is_made_anew(desk: Desk) -> None:
    desk.publish("/one", Item("DeepSeek one"))
    process = await desk.start("collect")
    await until(lambda: desk.alert_texts("news"), process=process)
    for suffix in ("", "-wal", "-shm"):
        desk.database.with_name(desk.database.name + suffix).unlink()
    await until(lambda: desk.database.exists() and titles_or_none(desk) == {"DeepSeek one"}, process=process)
    assert await terminated(process) == 0


def titles_or_none(desk: Desk) -> set[str] | None:
    try:
        return titles(desk)
    except StoreError:  # it is being made this moment
        return None


async def test_an_alert_log_that_was_rotated_away_is_begun_anew(desk: Desk) -> None:
    desk.publish("/one", Item("DeepSeek one"))
    process = await desk.start("collect")
    await until(lambda: desk.alert_texts("news"), process=process)
    rotated = desk.alert_log.with_suffix(".1")
    desk.alert_log.rename(rotated)
    desk.publish("/one", Item("DeepSeek two"), Item("DeepSeek one"))
    await until(lambda: desk.alert_texts("news"), process=process)
    assert [len(desk.alerts(file)) for file in (rotated, desk.alert_log)] == [1, 1]


async def test_topics_that_change_are_found_in_what_is_stored_already(desk: Desk) -> None:
    desk.publish("/one", Item("Kimi gains users", age=timedelta(days=1)))
    process = await desk.start("collect")
    await until(lambda: desk.database.exists() and titles_or_none(desk), process=process)
    text = desk.settings_file.read_text().replace("topics:\n", "topics:\n  - {name: Kimi, terms: [Kimi]}\n")
    desk.settings_file.write_text(text)

    def found() -> bool:
        with closing(Reader.open(desk.database)) as reader:
            return bool(reader.headlines(HeadlineFilter(topic="Kimi")))

    await until(found, process=process)


async def test_silence_of_a_feed_becomes_an_alert(desk: Desk) -> None:
    desk.rules = RULES + "  - {name: silent, severity: info, when: {feed_failing: {for: 1s}}}\n"
    desk.feeds = ["/missing"]
    desk.write_settings()
    process = await desk.start("collect")
    await until(lambda: desk.alert_texts("silent"), process=process)
    assert desk.alerts()[-1]["subject"] == "feed /missing"


async def test_a_database_that_cannot_be_written_is_said_at_once_and_collecting_recovers(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: desk.database.exists() and titles_or_none(desk), process=process)
    with closing(sqlite3.connect(desk.database)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        await until(lambda: any(alert["rule"] == "collector" for alert in desk.alerts()), process=process)
        desk.publish("/one", NEWS)
        lock.rollback()
    await until(lambda: desk.alert_texts("news"), process=process)
    assert "nothing can be stored" in desk.alert_texts("collector")[0]


async def test_it_ends_when_nobody_reads_its_alerts_any_more(desk: Desk) -> None:
    desk.publish("/one", NEWS)
    process = await desk.start("collect", "--alert-log", "-")
    assert process.stdout is not None
    assert NEWS.title.encode() in await process.stdout.readline()
    process.stdout._transport.close()  # type: ignore[attr-defined]  # the only way to close our end of the pipe
    desk.publish("/one", Item("DeepSeek again"), NEWS)
    async with asyncio.timeout(60):
        assert await process.wait() == 0


async def test_a_wish_for_history_is_granted_and_one_for_news_is_not_waited_for(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: desk.database.exists() and titles_or_none(desk), process=process)
    wish = mailbox.History("NVDA", "1d", datetime(2025, 1, 24, tzinfo=UTC), datetime(2025, 1, 29, tzinfo=UTC))
    letter = mailbox.post(desk.database, wish)
    await until(letter.answered, process=process)
    asked = len(desk.news.requests)
    letter = mailbox.post(desk.database, mailbox.PollNow())
    await until(letter.answered, process=process)
    await until(lambda: len(desk.news.requests) > asked, process=process)


async def test_systemd_is_told_when_it_is_ready_and_that_it_lives(desk: Desk) -> None:
    address = desk.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.setblocking(False)
        process = await desk.start("collect", NOTIFY_SOCKET=str(address), WATCHDOG_USEC="200000")
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            heard = [await loop.sock_recv(systemd, 100) for _ in range(3)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert await terminated(process) == 0


async def test_with_a_group_in_the_settings_its_members_may_read_and_wish(desk: Desk) -> None:
    desk.write_settings(f"store: {{group: {grp.getgrgid(os.getgid()).gr_name}}}\n")
    desk.publish("/one", NEWS)
    assert (await desk.run("collect", "--once"))[0] == 0
    assert desk.database.stat().st_mode & 0o777 == 0o640
    assert lock_path(desk.database).stat().st_mode & 0o777 == 0o640
    assert mailbox.folder_of(desk.database).stat().st_mode & 0o7777 == 0o770


async def test_a_reload_while_the_database_cannot_be_written_is_made_up_for_later(desk: Desk) -> None:
    process = await desk.start("collect", "--log", str(desk.folder / "log"))
    await until(lambda: desk.database.exists() and titles_or_none(desk), process=process)
    desk.publish("/two", NEWS)
    desk.feeds = ["/one", "/two"]
    with closing(sqlite3.connect(desk.database)) as lock:
        lock.execute("BEGIN IMMEDIATE")
        desk.write_settings()
        await until(lambda: "trying again" in (desk.folder / "log").read_text(), process=process)
        lock.rollback()
    await until(lambda: desk.alert_texts("news"), process=process)
    assert await terminated(process) == 0


async def test_that_the_settings_cannot_be_used_is_not_forgotten_with_the_database(desk: Desk) -> None:
    process = await desk.start("collect")
    await until(lambda: desk.database.exists() and titles_or_none(desk), process=process)
    desk.settings_file.write_text(desk.settings_file.read_text() + "nonsense: 1\n")

    def told() -> bool:
        try:
            with closing(Reader.open(desk.database)) as reader:
                info = reader.collector()
        except StoreError:
            return False
        return info is not None and "nonsense" in (info.settings_error or "")

    await until(told, process=process)
    for suffix in ("", "-wal", "-shm"):
        desk.database.with_name(desk.database.name + suffix).unlink()
    await until(lambda: desk.database.exists() and told(), process=process)
