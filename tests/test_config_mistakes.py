"""What is wrong in a settings file is said: all of it, each with its line, its key and what was expected."""

from __future__ import annotations

import pytest

from monitor.config import parse
from monitor.errors import ConfigError, Mistake


def mistakes(text: str) -> list[Mistake]:
    with pytest.raises(ConfigError) as raised:
        parse(text, "my.yaml")
    return raised.value.mistakes


def only(text: str) -> Mistake:
    found = mistakes(text)
    assert len(found) == 1, found
    return found[0]


def test_every_mistake_of_a_file_is_named_at_once_in_its_order() -> None:
    text = """
feeds:
  - {url: "https://a.example/", name: A}
  - {url: "ftp://a.example/", name: a, colour: red}
  - name: B
watchlist:
  - name: Chips
    tickers: [{symbol: nvda}, {symbol: AMD}]
topics:
  - {name: DeepSeek, terms: ["/[/", "/x*/", "/(a+)+/"]}
rules:
  - name: One
    severity: high
    when: {quote: {symbol: AMDD, change: {at_most: 3%}}}
poll: {interval: 10 minutes, workers: 0}
quots: {}
"""
    assert [(mistake.line, mistake.key) for mistake in mistakes(text)] == [
        (4, "feeds[1].name"),
        (4, "feeds[1].url"),
        (4, "feeds[1].colour"),
        (5, "feeds[2].url"),
        (8, "watchlist[0].tickers[0].symbol"),
        (10, "topics[0].terms[0]"),
        (10, "topics[0].terms[1]"),
        (10, "topics[0].terms[2]"),
        (13, "rules[0].severity"),
        (14, "rules[0].when.quote.symbol"),
        (14, "rules[0].when.quote.change.at_most"),
        (15, "poll.interval"),
        (15, "poll.workers"),
        (16, "quots"),
    ]
    with pytest.raises(ConfigError) as raised:
        parse(text, "my.yaml")
    assert "my.yaml:16: quots: unknown key; did you mean quotes?" in str(raised.value).splitlines()


@pytest.mark.parametrize(
    ("text", "key", "said"),
    [
        ("feeds: 3", "feeds", "expected a list of feeds, got '3'"),
        ("feeds:", "feeds", "got nothing (write [] for none)"),
        ("feeds: {a: b}", "feeds", "got a mapping"),
        ("poll:", "poll", "expected a mapping, got nothing"),
        ("poll: []", "poll", "got a list"),
        ("poll: {interval: [1]}", "poll.interval", "got a list"),
        ("poll: {interval: 10}", "poll.interval", "a duration from 1s to 7d, got '10' (written like 90s"),
        ("poll: {interval: 0s}", "poll.interval", "a duration from 1s to 7d"),
        ("poll: {interval: ''}", "poll.interval", "got nothing"),
        ("poll: {interval: 2d}", "poll", "interval not to be longer than max_interval"),
        ("poll: {max_bytes: 5MB}", "poll.max_bytes", "written like 512KiB or 5MiB"),
        ("poll: {max_bytes: 5GiB}", "poll.max_bytes", "a size from 1KiB to 64MiB"),
        ("poll: {workers: 1.5}", "poll.workers", "a whole number from 1 to 256"),
        ("poll: {workers: ４}", "poll.workers", "a whole number from 1 to 256"),
        ("poll: {allow_private: yes}", "poll.allow_private", "true or false, got 'yes'"),
        ("poll: {contact: 'me (at) home'}", "poll.contact", "without brackets"),
        ('poll: {contact: "me@example.com\\r\\nX-Evil: 1"}', "poll.contact", "a line break"),
        ("poll: {intervall: 10m}", "poll.intervall", "unknown key; did you mean interval?"),
        ("poll: {Interval: 10m}", "poll.Interval", "unknown key; did you mean interval?"),
        ("quotes: {endpoint: 'file:///etc/passwd'}", "quotes.endpoint", "an http or https address"),
        ("quotes: {batch: 51}", "quotes.batch", "from 1 to 50"),
        ("store: {path: monitor.db}", "store.path", "an absolute path, or one that begins with ~"),
        ("store: {group: '0'}", "store.group", "a group of this machine"),
        ("store: {keep: {headlines: 12h}}", "store.keep.headlines", "from 1d to 36500d"),
        ("alerts: {sinks: [stdout]}", "alerts.sinks[0]", "got 'stdout'"),
        ("alerts: {sinks: [{}]}", "alerts.sinks[0]", "exactly one of file, stdout, command and apprise"),
        ("alerts: {sinks: [{file: {}, stdout: {}}]}", "alerts.sinks[0]", "exactly one of"),
        ("alerts: {sinks: [{file: {}}, {file: {}}]}", "alerts", "names that differ"),
        ("alerts: {sinks: [{command: {argv: rm -rf}}]}", "alerts.sinks[0].command.argv", "got 'rm -rf'"),
        ("alerts: {sinks: [{command: {argv: []}}]}", "alerts.sinks[0].command.argv", "at least 1, got 0"),
        ("alerts: {sinks: [{file: {format: json}}]}", "alerts.sinks[0].file.format", "did you mean jsonl?"),
        ("<<: {poll: {}}", "'<<'", "unknown key"),
        ('"\\e[2J": 1', "'\\x1b[2J'", "unknown key"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(text: str, key: str, said: str) -> None:
    mistake = only(text)
    assert mistake.key == key
    assert said in mistake.expected
    assert str(mistake).isprintable()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("a.example/rss", "an http or https address"),
        ("javascript:alert(1)", "an http or https address"),
        ("https://", "an http or https address"),
        ("https:///rss", "an http or https address"),
        ("https://a.example/a b", "no spaces"),
        ("https://a.example\\@b.example/", "no spaces or quotes"),
        ("https://user:hunter2@a.example/", "without a user name or password"),
        ("https://[::1/", "an http or https address"),
        ("https://a.example:99999/", "an http or https address"),
        ("https://a.example:0/", "port 0"),
        ("https://a.example/" + "x" * 2048, "an http or https address"),
    ],
)
def test_an_address_that_is_no_feed_address_is_a_mistake(url: str, said: str) -> None:
    mistake = only(f"feeds: [{{name: A, url: '{url}'}}]")
    assert mistake.key == "feeds[0].url"
    assert said in mistake.expected
    assert "hunter2" not in mistake.expected


@pytest.mark.parametrize(
    "again",
    ["HTTPS://A.example/rss", "https://a.example:443/rss", "https://a.example/rss#latest"],
)
def test_two_writings_of_one_address_are_one_feed(again: str) -> None:
    mistake = only(f"feeds:\n- {{name: A, url: 'https://a.example/rss'}}\n- {{name: B, url: '{again}'}}")
    assert (mistake.line, mistake.key, mistake.expected) == (3, "feeds[1].url", "already used in line 2")


def test_names_that_differ_in_case_only_are_one_name() -> None:
    groups = "watchlist: [{name: A, tickers: []}, {name: a, tickers: [{symbol: X}, {symbol: X}]}]\nrules: []"
    assert [mistake.key for mistake in mistakes(groups)] == ["watchlist[1].name", "watchlist[1].tickers[1].symbol"]
    topics = "topics: [{name: A, terms: [x]}, {name: a, terms: [y]}]\nrules: []"
    assert only(topics).key == "topics[1].name"
    when = "severity: info, when: {feed_failing: {for: 1h}}"
    assert only(f"rules: [{{name: A, {when}}}, {{name: a, {when}}}]").key == "rules[1].name"


def test_a_header_that_the_program_sets_or_that_would_forge_one_is_refused_without_showing_it() -> None:
    text = r"""
feeds:
  - url: https://a.example/
    name: A
    headers: {Host: b.example, "X Y": "1", X-Key: "s3cret\r\nX: 1", X-Name: 한국}
"""
    found = mistakes(text)
    assert {mistake.key for mistake in found} == {
        f"feeds[0].headers.{name}" for name in ("Host", "'X Y'", "X-Key", "X-Name")
    }
    assert not any("s3cret" in mistake.expected for mistake in found)


def test_a_language_that_cannot_be_shown_spoils_no_other_line() -> None:
    text = """
    feeds: [{url: https://a.example/, name: Wire, language: "zh-TW\\u202e"}]
    rules: [{name: a, severity: info, when: {headline: {language: fr}}}]
    """
    languages, rule = mistakes(text)
    assert languages.key == "feeds[0].language"
    assert "fr" in rule.expected
    assert all(str(mistake).isprintable() for mistake in (languages, rule))


def test_an_apprise_address_is_not_shown_in_a_message() -> None:
    mistake = only("alerts: {sinks: [{apprise: {urls: ['mailto me:hunter2']}}]}")
    assert mistake.key == "alerts.sinks[0].apprise.urls[0]"
    assert "hunter2" not in mistake.expected


WORLD = """
feeds: [{url: https://a.example/, name: Wire, language: ko}]
watchlist: [{name: Chips, tickers: [{symbol: NVDA}]}, {name: Others, tickers: [{symbol: X}, {symbol: Y}]}]
topics: [{name: DeepSeek, terms: [x]}]
"""


@pytest.mark.parametrize(
    ("when", "key", "said"),
    [
        ("{}", "", "got none"),
        (
            "{headline: {topic: DeepSeek}, move: {symbol: NVDA, minutes: 1, percent: {at_most: 1}}}",
            "",
            "headline, move",
        ),
        ("{headline: {}}", ".headline", "at least one of topic, terms, feed, language and ticker"),
        ("{headline: {topic: Deepsek}}", ".headline.topic", "got 'Deepsek'; did you mean DeepSeek?"),
        ("{headline: {topic: Kimi}}", ".headline.topic", "got 'Kimi'; there are DeepSeek"),
        ("{headline: {feed: Wires}}", ".headline.feed", "did you mean Wire?"),
        ("{headline: {language: ja}}", ".headline.language", "there are en, ko"),
        ("{headline: {ticker: NVD}}", ".headline.ticker", "did you mean NVDA?"),
        ("{headline: {terms: []}}", ".headline.terms", "at least 1, got 0"),
        ("{quote: {symbol: NVDA}}", ".quote", "exactly one of change, price, below_day_high"),
        ("{quote: {change: {at_most: 1}}}", ".quote", "one of symbol, symbols and group"),
        ("{quote: {symbol: NVDA, group: Chips, change: {at_most: 1}}}", ".quote", "one of symbol, symbols and group"),
        ("{quote: {symbol: NVDA, change: {at_most: 1}, price: {at_least: 1}}}", ".quote", "exactly one of change"),
        ("{quote: {symbol: NVDA, change: {}}}", ".quote.change", "exactly one of at_least and at_most"),
        ("{quote: {symbol: NVDA, change: {at_most: .nan}}}", ".quote.change.at_most", "a number from -100"),
        ("{quote: {symbol: NVDA, change: {at_most: -101}}}", ".quote.change.at_most", "a number from -100"),
        ("{quote: {group: chips, change: {at_most: 1}}}", ".quote.group", "did you mean Chips?"),
        ("{quote: {symbols: [NVDA, NVDA], change: {at_most: 1}}}", ".quote.symbols[1]", "already used"),
        ("{move: {symbol: NVDA, percent: {at_most: 1}}}", ".move.minutes", "missing: expected a whole number"),
        ("{volume: {symbol: NVDA, times_average: 0}}", ".volume.times_average", "from 0.01"),
        ("{shock_ratio: {symbol: NVDA}}", ".shock_ratio", "exactly one of at_least and at_most"),
        ("{shock_ratio: {at_least: 1}}", ".shock_ratio", "one of symbol, symbols and group"),
        ("{shock_ratio: {symbol: NVDA, at_least: 1.2.3}}", ".shock_ratio.at_least", "a number from -100 to 100"),
        ("{shock_ratio: {symbol: AMD, at_least: 1}}", ".shock_ratio.symbol", "a symbol of the watchlist"),
        ("{shock_ratio: {symbol: X, at_least: 1}}", ".shock_ratio", "a documented move, got X without one"),
        (
            "{shock_ratio: {symbols: [X, NVDA, Y], at_least: 1}}",
            ".shock_ratio",
            "a documented move, got X, Y without one",
        ),
        ("{shock_ratio: {group: Others, at_least: 1}}", ".shock_ratio", "a documented move, got X, Y without one"),
        ("{feed_failing: {feed: Wire}}", ".feed_failing.for", "missing: expected a duration"),
        ("{quotes_stale: {symbol: AMD, for: 1m}}", ".quotes_stale.symbol", "a symbol of the watchlist"),
        ("{any: [{feed_failing: {for: 1m}}]}", ".any", "at least 2, got 1"),
        ("{any: [{feed_failing: {for: 1m}}, {quotes_stale: {for: 1m}}], within: 1m}", "", "within beside all only"),
        ("{all: [{headline: {feed: Wire}}, {feed_failing: {for: 1m}}]}", "", "expected within"),
        (
            "{all: [{headline: {feed: Wire}}, {feed_failing: {for: x}}], within: 1m}",
            ".all[1].feed_failing.for",
            "got 'x'",
        ),
    ],
)
def test_a_condition_that_cannot_be_meant_is_a_mistake(when: str, key: str, said: str) -> None:
    mistake = only(f"{WORLD}rules: [{{name: It, severity: info, when: {when}}}]")
    assert mistake.key == f"rules[0].when{key}"
    assert said in mistake.expected


@pytest.mark.parametrize("hours", ["9:30-16:00", "09:30", "24:00-01:00", "09:30-09:30", "09:60-10:00"])
def test_hours_that_are_none_are_a_mistake(hours: str) -> None:
    rule = "when: {feed_failing: {for: 1m}}"
    assert only(f"rules: [{{name: It, severity: info, {rule}, hours: {hours}}}]").key == "rules[0].hours"


def test_packaged_rules_that_do_not_fit_the_files_own_watchlist_are_a_mistake_and_not_silence() -> None:
    mistake = only("watchlist: [{name: Mine, tickers: [{symbol: KO}]}]")
    assert (mistake.line, mistake.key) == (None, "rules")
    assert "the packaged rules do not fit" in mistake.expected
    assert parse("watchlist: []\nrules: []", "my.yaml").rules == ()


def test_one_mistake_in_a_feed_does_not_make_the_rule_that_names_it_wrong() -> None:
    text = """
feeds: [{url: nothing, name: Wire}]
watchlist: {oops: 1}
topics: []
rules: [{name: It, severity: info, when: {headline: {feed: Wire, ticker: NVDA}}}]
"""
    assert [mistake.key for mistake in mistakes(text)] == ["feeds[0].url", "watchlist"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("feeds:\n\t- x", 2, "indent with spaces, not tabs"),
        ("feeds: [\npoll: {}\n", 3, "not valid YAML"),
        ("poll: {\n\n  workers: 4\n", 4, "that begins in line 1"),
        ("a: b: c", 1, "not valid YAML"),
        ("@", 1, "not valid YAML"),
        ("- a\n- b", 1, "expected a mapping with keys such as feeds"),
        ("just text", 1, "expected a mapping with keys such as feeds"),
        ("poll: {}\n\x1b[31m: 1", 2, "control character U+001B"),
        ("poll: {}\nx: '\udc80'", 2, "control character U+DC80"),
        ("%YAML 9.9\n---\npoll: {}", 1, "not valid YAML"),
    ],
)
def test_what_is_not_yaml_is_said_with_its_line(text: str, line: int, said: str) -> None:
    mistake = only(text)
    assert mistake.line == line
    assert said in mistake.expected


def test_what_yaml_allows_and_settings_have_no_use_for_is_refused_where_it_stands() -> None:
    text = """
poll: &p {workers: 4, workers: 5}
quotes: *p
store: !!python/object:os.system {}
alerts: !mine {sinks: []}
? [a, b]
: 1
---
poll: {}
"""
    assert [(mistake.line, mistake.key) for mistake in mistakes(text)] == [
        (2, "poll"),
        (2, "poll.workers"),
        (3, "quotes"),
        (4, "store"),
        (5, "alerts"),
        (6, ""),
        (8, ""),
    ]


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = "".join(f"l{n}: &l{n} [{','.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 30))
    found = mistakes("l0: &l0 lol\n" + levels)
    assert "anchors are not supported" in found[0].expected


@pytest.mark.parametrize("text", ["[" * 500_000, "- " * 400_000 + "a", "{a: " * 200_000], ids=["flow", "block", "maps"])
def test_nesting_without_end_is_refused_and_ends_no_process(text: str) -> None:
    assert "nested more than" in only(text).expected


def test_a_file_of_another_kind_gives_a_hundred_mistakes_and_a_count() -> None:
    found = mistakes("\n".join(f"key{n}: {n}" for n in range(5_000)))
    assert len(found) == 101
    assert found[-1].expected == "and 4900 more mistakes"
