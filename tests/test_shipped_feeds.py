"""The packaged feeds.yaml: what a trader gets without writing a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from monitor.config import AlertSettings, PollSettings, QuoteSettings, Settings, StoreSettings, load
from monitor.models import (
    AllOf,
    Condition,
    FeedFailing,
    HeadlineMatch,
    Move,
    QuoteLevel,
    QuotesStale,
    Severity,
    ShockRatio,
    Term,
    Topic,
    Volume,
)
from monitor.topics import Matcher

ROOT = Path(__file__).parent.parent

# What the five articles about 27 January 2025 name, under Yahoo's symbols.
NAMED = {
    *("NVDA", "AVGO", "MRVL", "ARM", "AMD", "ASML"),
    *("MSFT", "GOOGL", "AMZN", "META", "ORCL", "PLTR", "AAPL", "TSLA"),
    *("SMCI", "VRT", "CEG", "VST", "OKLO", "SMR"),
    *("BABA", "9984.T", "JPM", "KO"),
    *("NQ=F", "^IXIC", "^GSPC", "^DJI", "^SOX", "000300.SS"),
    *("^TNX", "JPY=X", "CHF=X", "KRW=X", "BTC-USD"),
}


@pytest.fixture(scope="module")
def shipped() -> Settings:
    return load(ROOT / "feeds.yaml")


@pytest.fixture(scope="module")
def matcher(shipped: Settings) -> Matcher:
    return Matcher(shipped.topics, shipped.tickers)


def conditions(settings: Settings) -> list[Condition]:
    found: list[Condition] = []
    for rule in settings.rules:
        found += rule.when.conditions if isinstance(rule.when, AllOf) else [rule.when]
    return found


def test_there_are_feeds_of_every_kind_in_three_languages(shipped: Settings) -> None:
    enabled = [feed for feed in shipped.feeds if feed.enabled]
    assert len(enabled) >= 25
    languages = Counter(feed.language for feed in enabled)
    assert set(languages) == {"en", "ko", "zh"}
    assert min(languages.values()) >= 5
    kinds = {tag for feed in enabled for tag in feed.tags}
    assert kinds >= {"market", "technology", "ticker", "company", "filing", "regulator", "search", "code"}


def test_every_feed_is_asked_over_https_and_not_too_often(shipped: Settings) -> None:
    for feed in shipped.feeds:
        assert urlsplit(feed.url).scheme == "https"
        assert feed.interval is None or feed.interval.total_seconds() >= 300
        assert not feed.headers


def test_the_search_for_deepseek_runs_in_each_language(shipped: Settings) -> None:
    search = {feed.language for feed in shipped.feeds if "search" in feed.tags and "news.google.com" in feed.url}
    assert search == {"en", "ko", "zh"}


def test_the_docs_list_each_packaged_feed_with_its_language(shipped: Settings) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    languages = {"English": "en", "Korean": "ko", "Chinese": "zh"}
    rows = re.findall(r"^\| ([^|`]+) \| (English|Korean|Chinese) \| [^|]+ \|$", text, re.MULTILINE)
    assert [(name, languages[language]) for name, language in rows] == [
        (feed.name, feed.language) for feed in shipped.feeds
    ]


def test_every_ticker_that_the_articles_name_is_watched_and_the_rest_are_marked(shipped: Settings) -> None:
    watched = {ticker.symbol for ticker in shipped.tickers}
    assert watched >= NAMED
    lines = (ROOT / "feeds.yaml").read_text("utf-8").splitlines()
    marked = {
        match[1]
        for line in lines
        if line.endswith("# +") and (match := re.search(r"symbol: ([^,} ]+)", line)) is not None
    }
    assert watched - NAMED == marked


def test_the_watchlist_is_one_request(shipped: Settings) -> None:
    assert len(shipped.tickers) <= shipped.quotes.batch


def test_the_companies_have_names_in_three_languages(shipped: Settings) -> None:
    for group in shipped.watchlist[:7]:
        for ticker in group.tickers:
            if ticker.symbol in {"OKLO", "9988.HK"}:  # no Chinese name in use; the Hong Kong line of BABA
                continue
            assert ticker.name.isascii()
            assert any(re.search("[가-힣]", alias) for alias in ticker.aliases), ticker
            assert any(re.search("[一-鿿]", alias) for alias in ticker.aliases), ticker


@pytest.mark.parametrize(
    ("headline", "found"),
    [
        ("DeepSeek jolts Nvidia", {"DeepSeek", "NVDA"}),
        ("중국 딥시크가 엔비디아를 흔들다", {"DeepSeek", "NVDA"}),
        ("딥씨크(Deep Seek) 앱 1위", {"DeepSeek"}),
        ("梁文锋谈深度求索", {"DeepSeek"}),
        ("梁文鋒與幻方量化", {"DeepSeek"}),
        ("ディープシークの衝撃", {"DeepSeek"}),
        ("량원펑의 하이플라이어", {"DeepSeek"}),
        ("Alibaba's QwQ joins the race", {"Qwen", "BABA"}),
        ("OpenAI and SoftBank back Stargate with Oracle", {"OpenAI", "9984.T", "Stargate", "ORCL"}),
        ("앤스로픽·오픈AI, 수출통제 촉구", {"Anthropic", "OpenAI", "Export controls"}),
        ("콘스텔레이션 에너지·뉴스케일 파워 급락", {"CEG", "SMR"}),
        ("High-flyers of the week: Claude Monet, llamas and a mistral over Gemini", set()),
        ("中国CPI高通胀", set()),
    ],
)
def test_the_shipped_names_find_what_they_should(matcher: Matcher, headline: str, found: set[str]) -> None:
    assert {mention.name for mention in matcher.match(headline)} == found


def test_no_term_and_no_name_is_found_wherever_another_of_its_own_is(shipped: Settings) -> None:
    """A space stands for nothing too: "DeepSeek" beside "Deep Seek" would only cost time."""
    for topic in shipped.topics:
        assert_each_is_needed([term for term in topic.terms if not term.regex])
        assert_each_is_needed(topic.exclusions)
    for ticker in shipped.tickers:
        assert_each_is_needed([Term(name) for name in dict.fromkeys((ticker.name, *ticker.aliases))])


def assert_each_is_needed(terms: Sequence[Term]) -> None:
    for other in terms:
        matcher = Matcher([Topic(name="other", terms=(other,))], ())
        found = {term.text: [(m.start, m.end) for m in matcher.match(term.text)] for term in terms}
        assert [text for text, spans in found.items() if (0, len(text)) in spans] == [other.text]


def test_the_other_model_makers_are_topics(shipped: Settings) -> None:
    names = {topic.name for topic in shipped.topics}
    assert names >= {"OpenAI", "Anthropic", "Google Gemini", "Meta Llama", "xAI", "Mistral", "Qwen", "Moonshot Kimi"}


def test_the_default_rules_cover_each_form_and_say_when_nothing_can_be_heard(shipped: Settings) -> None:
    kinds = {type(condition) for condition in conditions(shipped)}
    assert kinds == {HeadlineMatch, QuoteLevel, Move, Volume, ShockRatio, FeedFailing, QuotesStale}
    both = next(rule for rule in shipped.rules if isinstance(rule.when, AllOf))
    assert both.severity is Severity.CRITICAL
    assert isinstance(both.when, AllOf)
    assert both.when.within is not None
    assert all(rule.enabled for rule in shipped.rules)


def test_what_the_file_writes_out_are_the_programs_own_defaults(shipped: Settings) -> None:
    assert shipped.poll == PollSettings()
    assert shipped.quotes == QuoteSettings()
    assert shipped.store == StoreSettings()
    assert shipped.alerts == AlertSettings()


def test_the_file_leaves_out_no_section_since_it_stands_in_for_those_that_others_leave_out() -> None:
    text = (ROOT / "feeds.yaml").read_text("utf-8")
    sections = re.findall(r"^(\w+):", text, re.MULTILINE)
    assert sorted(sections) == sorted(
        ["poll", "quotes", "store", "alerts", "viewer", "feeds", "watchlist", "topics", "rules"]
    )
