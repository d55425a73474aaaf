"""feeds.yaml: any bytes -> settings that can be used, or mistakes with their places."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fuzz.promises import nothing_touched, one_clean_line, texts_in, within
from monitor.alerts.rules import RuleBook
from monitor.alerts.sinks import make_sinks
from monitor.config import Settings, parse
from monitor.config.files import decoded, packaged
from monitor.config.opml import read_opml, write_opml
from monitor.errors import ConfigError
from monitor.topics import Matcher

FILE = Path("/etc/monitor/feeds.yaml")
SECONDS = 4.0  # for 32 KB: a hundred mistakes, each with a suggestion
LONGEST_MISTAKE = 1000  # characters
MOST_MISTAKES = 101
LINE_ENDS = (b"\n", b"\r", b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")  # as YAML has them

_SMALL = """\
feeds:
  - url: https://news.example/rss?a=1
    name: "Wire: markets"   # a comment
    language: zh-TW
    tags: [tech, 속보]
    interval: 90s
    enabled: no
    headers: {X-Key: "secret", User-Agent: me}
  - {url: "http://[::1]:8080/feed", name: 뉴스}
watchlist:
  - name: Chips
    tickers: [{symbol: NVDA, name: Nvidia, aliases: [엔비디아, 英伟达]}, {symbol: NQ=F}, {symbol: ON}]
topics:
  - {name: DeepSeek, terms: [DeepSeek, 딥시크, "/deep[ -]?seek( r\\\\d)?/"], exclusions: [x.example], style: bold}
rules:
  - {name: news, severity: info, when: {headline: {topic: DeepSeek, language: ko}}}
  - name: both
    severity: critical
    when:
      all:
        - {headline: {terms: [tariff]}}
        - {any: [{quote: {symbol: NVDA, change: {at_most: -3}}}, {move: {symbol: ON, minutes: 10, at_least: 2}}]}
      within: 30m
    cooldown: 1h
    rearm: 0.5
    hours: 09:30-16:00
    sessions: [pre, regular]
  - {name: blind, severity: warning, when: {quotes_stale: {for: 10m}}}
alerts:
  sinks:
    - file: {path: ~/alerts.jsonl, format: text}
    - stdout: {}
    - command: {argv: [/usr/bin/notify, "-u", critical], timeout: 5s, min_severity: warning, name: desk}
    - apprise: {urls: ["ntfy://topic"]}
poll: {interval: 10m, max_bytes: 5MiB, workers: 8, allow_private: true, contact: me@example.org}
quotes: {interval: 15s, stream: false, endpoint: "https://quotes.example", batch: 20}
store: {path: /var/lib/monitor/monitor.db, group: traders, keep: {headlines: 90d, bars: 7d}}
viewer: {theme: dark, keys: {headlines.star: [s, f2]}, bell: true, notify: osc9, layout: two}
"""
_EMPTY = "feeds: []\nwatchlist: []\ntopics: []\nrules: []\n"


@cache
def samples() -> tuple[bytes, ...]:
    """The packaged settings, the head of them, and some with every section."""
    shipped = packaged().read_bytes()
    return _SMALL.encode(), _SMALL.encode(), _EMPTY.encode(), shipped, shipped[:3000]


PIECES: tuple[bytes, ...] = (
    b"[", b"]", b"{", b"}", b":", b": ", b"- ", b",", b"#", b"&a", b"*a", b"!!python/object", b"!tag", b"|", b">-",
    b"?", b'"', b"'", b"\n", b"\n  ", b"\t", b"\r", b"---", b"...", b"%YAML 1.1", b"<<: ", b"\\", b"%", b"@", b"`",
    b"~", b"=", b"feeds:", b"rules:", b"topics:", b"watchlist:", b"alerts:", b"name:", b"when:", b"all:", b"any:",
    b"symbol:", b"url:", b"null", b"yes", b"no", b"on", b"1:30", b"0x1f", b"1e999", b".nan", b"-0",
    b"999999999999999999999", b"1_000", b"36500d", b"https://", b"http://x:99999/", b"http://a@b/", b"http://[::1/",
    b"http://\xc3\x9f.example/", b"file:///x", b"//x", b"/(a+)+/", b"/[/", b"/(?P<a>x)(?P=a)/",
    b"/\\\\d{1,9999999999}/", b"/x*/", b"/(?s:.)/", b"//", b"/^/", b"\x00", b"\x1b[31m", b"\x7f", b"\xc2\x9b",
    b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"[/nope]", b"[@click=app.quit]x[/]",
    b"$(id)", b"`id`", b";id", b"--help", b"../../..", b"~nobody/x", b"=1+1", b"{}",
    *(char.encode() for char in "\u202e\u2028\u200d\u0301\ufdd0\U000e0041\ue000딥ß\x85\u3164"),
)  # fmt: skip


def fuzz_settings(data: bytes) -> None:
    """`data` is a settings file. Raises AssertionError where its reading breaks a promise."""
    samples()
    parse(_EMPTY, str(FILE))  # reads the packaged file, once
    with nothing_touched(), within(SECONDS):
        try:
            settings = parse(decoded(data, FILE), str(FILE))
        except ConfigError as error:
            _judge_mistakes(error, lines=1 + sum(map(data.count, LINE_ENDS)))
            return
        _judge(settings)


def _judge_mistakes(error: ConfigError, lines: int) -> None:
    assert 0 < len(error.mistakes) <= MOST_MISTAKES
    places = [mistake.line for mistake in error.mistakes if mistake.line is not None]
    assert places == sorted(places), "not in the order of the file"
    for mistake in error.mistakes:
        one_clean_line(str(mistake))
        assert str(mistake).startswith(str(FILE))
        assert len(str(mistake)) <= LONGEST_MISTAKE, f"{len(str(mistake))} characters: {str(mistake)[:300]}"
        assert mistake.line is None or 1 <= mistake.line <= lines


def _judge(settings: Settings) -> None:
    """What was let pass can be used."""
    for text in texts_in(settings):
        one_clean_line(text)
    Matcher(settings.topics, settings.tickers).match("DeepSeek shakes Nvidia: 딥시크 충격", "x" * 100)
    RuleBook(settings.rules)
    make_sinks(settings.alerts)
    back = read_opml(write_opml(settings.feeds).encode()).feeds
    assert [(feed.url, feed.name) for feed in back] == [
        (feed.url, " ".join(feed.name.split())) for feed in settings.feeds
    ]
