"""What the page of one headline says, made from what is stored."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from monitor.market import StaleKind, Staleness
from monitor.models import QuoteSourceState
from monitor.store.reader import Reader
from monitor.tui import cells, headline_text
from monitor.tui.follow import Picture
from monitor.tui.headline_text import Seen, Story
from tests.commands import KOREA, NEWS, collected, publish
from tests.store_samples import NOW, bar, entry, minutes, quote
from tests.tui_samples import headline

if TYPE_CHECKING:
    from pathlib import Path

SEOUL = ZoneInfo("Asia/Seoul")
WIDTH = 90


def said(story: Story, picture: Picture | None = None, width: int = WIDTH) -> list[str]:
    lines = headline_text.lines(story, picture or Picture(), width=width, zone=SEOUL)
    assert len({line.key for line in lines}) == len(lines)
    assert all(cells.width(line.text) <= width for line in lines)
    return [line.text.rstrip() for line in lines]


def line_of(lines: list[str], begins: str) -> str:
    return next(line.strip() for line in lines if line.strip().startswith(begins))


def test_times_are_told_here_and_in_new_york() -> None:
    at = NOW - minutes(5)
    lines = said(Story(headline=headline(1, published_at=at, at=NOW)))
    assert line_of(lines, "published") == "published   2025-01-27 23:25:00 KST (09:25 EST)"
    assert line_of(lines, "first seen") == "first seen  2025-01-27 23:30:00 KST (09:30 EST), 5m later"
    assert "the feed gives no time" in line_of(said(Story(headline=headline(1, published_at=None))), "published")
    ahead = said(Story(headline=headline(1, published_at=NOW + minutes(9), at=NOW)))
    assert "yet to come" in line_of(ahead, "published")


def test_matched_words_stand_out_in_title_and_summary() -> None:
    story = Story(headline=headline(1, title="Nvidia sinks as DeepSeek's model rattles chips"))
    (title, *_) = headline_text.lines(story, Picture(), width=WIDTH)
    assert ("DeepSeek", "topic/DeepSeek") in title.pieces
    assert ("Nvidia", "ticker") in title.pieces
    lines = said(story)
    assert line_of(lines, "DeepSeek  ") == "DeepSeek  “DeepSeek”"
    assert line_of(lines, "NVDA  “") == "NVDA  “Nvidia”"


def test_a_ticker_tells_its_price_then_and_now() -> None:
    one = headline(1, title="Nvidia sinks", at=NOW)
    picture = Picture(quotes={"NVDA": quote(price=110.0)})
    seen = {"NVDA": Seen(125.0, NOW)}
    assert line_of(said(Story(headline=one, seen=seen), picture), "NVDA       ") == (
        "NVDA       125.00 then, 110.00 now  ▼-12.00%"
    )
    later = {"NVDA": Seen(100.0, NOW - timedelta(days=2, hours=3))}
    stale = replace(picture, stale={"NVDA": Staleness(StaleKind.NO_TRADE, minutes(12))})
    text = line_of(said(Story(headline=one, seen=later), stale, 110), "NVDA       ")
    assert text.endswith("▲+10.00%  STALE: no trade for 12m  (first price 2d 3h earlier)")
    assert "no price stored then, 110.00 now" in line_of(said(Story(headline=one), picture), "NVDA       ")
    unknown = Picture(source=QuoteSourceState(unknown=("NVDA",)))
    assert "unknown to the source" in line_of(said(Story(headline=one), unknown), "NVDA       ")


def test_all_of_it_fits_a_narrow_terminal_also_in_korean() -> None:
    long = headline(1, title="딥시크 충격에 엔비디아 급락…반도체주 줄줄이 하락" * 3)
    long = replace(long, summary="深度求索发布新模型" * 30, link=f"https://news.example/{'뉴스' * 40}")
    for width in (2, 39, 79, 119):
        said(Story(headline=long), width=width)


def test_what_a_hostile_feed_wrote_is_only_shown() -> None:
    text = "[link=javascript:x]a[/link] \x1b[31mred"
    hostile = replace(headline(1, title=text, feed_name=text), summary=text, author=text, link=None)
    lines = said(Story(headline=hostile, others=(replace(hostile, id=2),)))
    assert all(line.isprintable() for line in lines)
    assert lines[0] == "[link=javascript:x]a[/link] red"
    assert "the feed gives none" in line_of(lines, "link")


def test_what_is_stored_of_it_is_read_together(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    first = NOW + minutes(20)
    with collected(path) as writer:
        publish(writer, entry("1", "Nvidia falls", link="https://one.example/a?utm_source=x"), now=first)
        publish(writer, entry("2", "엔비디아 급락", link="http://one.example/a"), feed=KOREA, now=first + minutes(3))
        publish(writer, entry("3", "Other", link="https://one.example/b"), feed=KOREA, now=first)
        publish(
            writer, entry("4", "Much later", link="https://one.example/a"), feed=KOREA, now=first + timedelta(days=9)
        )
        for at, price in ((0, 100.0), (19, 110.0), (21.4, 90.0), (300, 1.0)):
            writer.record_quotes([quote("NVDA", price, at=NOW + minutes(at))], now=NOW + minutes(at))
    with closing(Reader.open(path)) as reader:
        number = next(one.id for one in reader.headlines() if one.title == "Nvidia falls")
        story = headline_text.read(reader, number)
        assert headline_text.read(reader, 999) is None
    assert story is not None
    assert [other.title for other in story.others] == ["엔비디아 급락"]
    assert story.seen == {"NVDA": Seen(110.0, NOW + minutes(19))}
    text = said(story)
    assert any("한국 뉴스  엔비디아 급락" in line for line in text)


def test_over_a_weekend_the_last_trade_before_it_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "monitor.db"
    with collected(path) as writer:
        writer.record_quotes([quote("NVDA", 142.6, at=NOW - timedelta(days=2))], now=NOW - timedelta(days=2))
        publish(writer, entry("1", "Nvidia falls"), feed=NEWS, now=NOW)
    with closing(Reader.open(path)) as reader:
        story = headline_text.read(reader, 1)
    assert story is not None
    assert story.seen["NVDA"].price == 142.6


def test_of_equally_near_bars_the_earlier_is_taken() -> None:
    bars = [bar(at=NOW + minutes(1), close=2.0), bar(at=NOW - minutes(1), close=1.0), bar(at=NOW - minutes(9))]
    assert headline_text.nearest(bars, NOW.astimezone(UTC)) == Seen(1.0, NOW - minutes(1))
    assert headline_text.nearest([], NOW) is None
