"""Feeds from and to OPML, and into a settings file that somebody wrote by hand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.config import load, locate, parse, read_text
from monitor.config.opml import add_feeds, read_opml, write_opml
from monitor.errors import ConfigError
from monitor.models import Feed

EXPORT = """<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1">
  <head><title>My subscriptions</title></head>
  <body>
    <outline text="Markets, US" title="Markets, US">
      <outline type="rss" text="Wire &amp; Co" title="not this" xmlUrl="https://a.example/rss?x=1&amp;y=2" htmlUrl="x"/>
      <outline text="Asia">
        <outline title="한국경제" xmlurl=" https://b.example/feed " language="ko-KR" category="/Korea/Market,press"/>
      </outline>
    </outline>
    <outline text="feed scheme" xmlUrl="feed://c.example/rss"/>
    <outline text="feed prefix" xmlUrl="feed:https://d.example/rss" language="in English"/>
    <outline xmlUrl="https://e.example/rss"/>
    <outline text="&#8238;forged&#10;title" xmlUrl="https://f.example/rss"/>
    <outline text="evil" xmlUrl="javascript:alert(1)"/>
    <outline text="mail" xmlUrl="https://me:hunter2@g.example/"/>
    <outline text="a note"/>
  </body>
</opml>
"""


def opml(body: str, prolog: str = "") -> bytes:
    return f"{prolog}<opml version='2.0'><body>{body}</body></opml>".encode()


def refused(data: bytes) -> str:
    with pytest.raises(ConfigError) as raised:
        read_opml(data, "subs.opml")
    assert str(raised.value).startswith("subs.opml")
    return str(raised.value)


def test_the_feeds_of_a_real_export_are_found_wherever_they_are_nested() -> None:
    read = read_opml(EXPORT.encode(), "subs.opml")
    assert read.feeds == (
        Feed(url="https://a.example/rss?x=1&y=2", name="Wire & Co", tags=("Markets US",)),
        Feed(
            url="https://b.example/feed",
            name="한국경제",
            language="ko-kr",
            tags=("Markets US", "Asia", "Korea", "Market", "press"),
        ),
        Feed(url="http://c.example/rss", name="feed scheme"),
        Feed(url="https://d.example/rss", name="feed prefix"),
        Feed(url="https://e.example/rss", name="e.example"),
        Feed(url="https://f.example/rss", name="forged title"),
    )


def test_what_cannot_be_a_feed_is_skipped_and_named() -> None:
    skipped = read_opml(EXPORT.encode(), "subs.opml").skipped
    assert [(mistake.line, mistake.key) for mistake in skipped] == [(15, "evil"), (16, "mail")]
    assert not any("hunter2" in str(mistake) for mistake in skipped)


@pytest.mark.parametrize("encoding", ["euc-kr", "utf-16", "utf-8-sig", "big5hkscs"])
def test_an_export_in_another_encoding_is_read(encoding: str) -> None:
    name = "中央社" if encoding == "big5hkscs" else "매일경제"
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><opml><outline text="{name}" xmlUrl="https://a.example/"/></opml>'
    )
    assert [feed.name for feed in read_opml(text.encode(encoding)).feeds] == [name]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not XML"),
        (b"\0\0\0", "not XML"),
        (b"<rss><channel/></rss>", "not OPML: it begins with <rss>"),
        (b"<opml><body>", "not XML"),
        (b"<opml><outline text='a & b'/></opml>", "not XML"),
        (opml("", "<?xml version='1.0' encoding='no-such'?>"), "not text in no-such"),
        (b"<opml>\xff\xff</opml>", "not text in utf-8"),
        (b" " * (16 * 2**20 + 1), "larger than 16 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_opml_is_refused_with_a_reason(data: bytes, said: str) -> None:
    assert said in refused(data)


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE opml SYSTEM "http://127.0.0.1:1/x.dtd">',
        '<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_doctype_is_refused_before_anything_in_it_is_looked_at(prolog: str) -> None:
    assert "it has a DOCTYPE" in refused(opml('<outline text="&x;" xmlUrl="https://a.example/"/>', prolog))


def test_deep_nesting_is_only_nesting() -> None:
    depth = 20_000
    body = "<outline text='x'>" * depth + "<outline text='y' xmlUrl='https://a.example/'/>" + "</outline>" * depth
    assert read_opml(opml(body)).feeds == (Feed(url="https://a.example/", name="y", tags=("x",)),)


def test_the_packaged_feeds_come_back_from_opml_with_name_language_and_tags() -> None:
    feeds = load().feeds
    read = read_opml(write_opml(feeds).encode())
    assert [(feed.url, feed.name, feed.language, feed.tags) for feed in read.feeds] == [
        (feed.url, feed.name, feed.language, feed.tags) for feed in feeds
    ]
    assert read.skipped == ()


def test_headers_do_not_leave_with_an_export() -> None:
    assert "s3cret" not in write_opml([Feed(url="https://a.example/", name="A", headers=(("X-Key", "s3cret"),))])


names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)


@settings(deadline=None, max_examples=50)  # no deadline: this machine may be busy
@given(names, st.lists(names.filter(lambda tag: not set(",/") & set(tag)), max_size=3, unique_by=str.casefold))
def test_any_name_and_tags_survive_opml_and_yaml(name: str, tags: list[str]) -> None:
    feed = Feed(url="https://a.example/?a=1&b='2'", name=name, language="zh", tags=tuple(tags))
    assert read_opml(write_opml([feed]).encode()).feeds == (feed,)
    added = add_feeds("feeds: []\nwatchlist: []\ntopics: []\nrules: []\n", [feed])
    assert parse(added.text, "x").feeds == (feed,)


NEW = Feed(
    url="https://new.example/rss?a=1&b=2",
    name='A "quoted": name # 뉴스',
    language="no",
    tags=("one", "두 개"),
    interval=timedelta(minutes=90),
    enabled=False,
    headers=(("X-Key", "a: b"),),
)

BY_HAND = """\
# my settings
poll: {workers: 4}  # few

feeds:
    # the first
    - url: https://a.example/   # why I have it
      name: A
      tags: [x,
             y]   # two
    # a last word on feeds

# then the rest
rules: []   # none
"""


def test_a_feed_goes_to_the_end_of_the_list_and_everything_else_stays_as_it_was() -> None:
    added = add_feeds(BY_HAND, [NEW])
    assert added.feeds == (NEW,)
    assert added.text == BY_HAND.replace(
        "             y]   # two\n",
        "             y]   # two\n"
        '    - url: "https://new.example/rss?a=1&b=2"\n'
        '      name: "A \\"quoted\\": name # 뉴스"\n'
        '      language: "no"\n'
        '      tags: ["one", "두 개"]\n'
        '      interval: "90m"\n'
        "      enabled: false\n"
        '      headers: {"X-Key": "a: b"}\n',
    )
    assert parse(added.text, "x").feeds[1] == NEW


@pytest.mark.parametrize(
    "text",
    [
        "feeds: []",
        "feeds: [ ] # none yet\npoll: {}\n",
        "feeds: [{url: https://a.example/, name: A}]\n",
        "feeds: [\n  {url: https://a.example/, name: A}, # the last\n]\n",
        "{feeds: [], poll: {}}",
        "feeds:\n- url: https://a.example/\n  name: A",
        "feeds:\n- {url: https://a.example/, name: A}\npoll: {}",
        "feeds:\r\n- url: https://a.example/\r\n  name: A\r\npoll: {}\r\n",
        "feeds:\n- name: >-\n    A\n    B\n  url: https://a.example/\n",
        "feeds:\n- url: https://a.example/\n  name: >\n    한국\n    경제\n\n\n# the end\n",
        "\ufefffeeds:\n  - url: https://a.example/\n    name: 한\n...\n",
        "feeds:\n  - url: https://a.example/\n    name: A\n    headers:\n      X-Key: b\npoll: {}\n",
    ],
)
def test_however_the_list_is_written_the_feed_is_in_it_afterwards(text: str) -> None:
    before = parse(text, "x")
    added = add_feeds(text, [NEW])
    assert parse(added.text, "x").feeds == (*before.feeds, NEW)
    assert added.text.replace("\r\n", "").count("\r") == 0
    for comment in re.findall("#.*", text):
        assert comment in added.text


def test_a_feed_that_is_there_already_is_skipped_and_named() -> None:
    again = Feed(url="HTTPS://A.example/#x", name="The same")
    added = add_feeds(BY_HAND, [again, NEW, NEW], "my.yaml")
    assert added.feeds == (NEW,)
    assert [(mistake.key, mistake.expected) for mistake in added.skipped] == [
        ("The same", "'A' has this address already"),
        (NEW.name, f"{NEW.name!r} has this address already"),
    ]
    assert add_feeds(BY_HAND, [again]).text == BY_HAND


def test_a_name_that_is_taken_gets_the_host_or_a_number() -> None:
    feeds = [Feed(url=f"https://b.example/{number}", name="a") for number in range(3)]
    assert [feed.name for feed in add_feeds(BY_HAND, feeds).feeds] == ["a (b.example)", "a (2)", "a (3)"]
    long = [Feed(url=f"https://{'b' * 60}.example/{number}", name="n" * 120) for number in range(3)]
    assert all(len(feed.name) <= 120 for feed in add_feeds(BY_HAND, long).feeds)


def test_five_hundred_feeds_of_an_export_go_into_the_packaged_file() -> None:
    text = read_text(locate(environ={}))
    body = "".join(f"<outline text='Feed {n % 50}' xmlUrl='https://h{n % 7}.example/{n}'/>" for n in range(500))
    added = add_feeds(text, read_opml(opml(body)).feeds)
    assert len(added.feeds) == 500
    assert len(parse(added.text, "x").feeds) == len(load().feeds) + 500


def test_a_file_without_a_list_of_feeds_is_not_given_one_in_place_of_the_packaged() -> None:
    for text in ("", "poll: {}\n"):
        with pytest.raises(ConfigError, match="the packaged feeds are in use"):
            add_feeds(text, [NEW], "my.yaml")


def test_a_file_with_a_mistake_is_left_alone() -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        add_feeds("feeds: []\nnonsense: 1\n", [NEW], "my.yaml")
