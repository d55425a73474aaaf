"""Which topics and tickers a headline mentions, and where."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.markup import clean
from monitor.models import Mention, Term, Ticker, Topic
from monitor.topics import Matcher, compile_regex, term_found


def topic(name: str, *terms: str, exclusions: tuple[str, ...] = ()) -> Topic:
    return Topic(name=name, terms=tuple(map(Term, terms)), exclusions=tuple(map(Term, exclusions)))


def ticker(symbol: str, name: str, *aliases: str) -> Ticker:
    return Ticker(symbol=symbol, name=name, aliases=aliases)


TOPICS = (
    topic(
        "DeepSeek",
        *("Deep Seek", "DeepSeek V3", "딥 시크", "딥씨크", "深度求索", "ディープ シーク", "High-Flyer", "幻方量化"),
        *("Liang Wenfeng", "량원펑", "梁文锋"),
        exclusions=("deep seek and rescue", "딥시크릿"),
    ),
    Topic(name="OpenAI", terms=(Term("OpenAI"), Term("ChatGPT"), Term(r"\bgpt-?[3-9]", regex=True))),
)
TICKERS = (
    ticker("NVDA", "Nvidia", "엔비디아", "英伟达", "エヌビディア"),
    ticker("AMD", "Advanced Micro Devices", "AMD", "超威半导体"),
    ticker("ARM", "Arm Holdings", "Arm", "암홀딩스", "安谋"),
    ticker("META", "Meta Platforms", "Meta", "메타"),
    ticker("AAPL", "Apple", "애플", "苹果"),
    ticker("ORCL", "Oracle", "오라클", "甲骨文"),
    ticker("AMZN", "Amazon", "아마존", "亚马逊"),
    ticker("MSFT", "Microsoft", "MS", "마이크로소프트", "微软"),
    ticker("AMAT", "Applied Materials"),
    ticker("MU", "Micron"),
    ticker("NOW", "ServiceNow"),
    ticker("AI", "C3.ai"),
    ticker("T", "AT&T"),
    ticker("TGT", "Target"),
    ticker("CRM", "Salesforce"),
    ticker("SMR", "NuScale Power", "NuScale", "뉴스케일"),
    ticker("SMCI", "Super Micro Computer", "Super Micro"),
    ticker("EBAY", "eBay"),
    ticker("MCO", "Moody's"),
    ticker("005930.KS", "Samsung Electronics", "삼성전자", "三星电子"),
    ticker("9984.T", "SoftBank Group", "SoftBank", "소프트뱅크", "软银"),
    ticker("NQ=F", "Nasdaq-100 futures", "나스닥100 선물"),
    ticker("^IXIC", "Nasdaq Composite", "纳斯达克综合指数"),
    ticker("^GSPC", "S&P 500"),
    ticker("BTC-USD", "Bitcoin", "비트코인"),
    ticker("KRW=X", "Korean won", "원화"),
    ticker("JPY=X", "Japanese yen", "yen"),
)
MATCHER = Matcher(TOPICS, TICKERS)


def found(title: str) -> dict[str, list[str]]:
    """Name of each topic and ticker mentioned -> the texts that mention it."""
    names: dict[str, list[str]] = {}
    for mention in MATCHER.match(title):
        names.setdefault(mention.name, []).append(title[mention.start : mention.end])
    return names


@pytest.mark.parametrize(
    ("title", "spans"),
    [
        pytest.param("DeepSeek shakes Wall Street", ["DeepSeek"], id="plain"),
        pytest.param("DEEPSEEK SHOCK HITS CHIPS", ["DEEPSEEK"], id="capitals"),
        pytest.param("what is deepseek?", ["deepseek"], id="lower-case"),
        pytest.param("DeepSeek's app tops the charts", ["DeepSeek"], id="possessive"),
        pytest.param("DeepSeek’s app tops the charts", ["DeepSeek"], id="curly-possessive"),
        pytest.param("deepseek-r1 beats o1", ["deepseek"], id="model-by-hyphen"),
        pytest.param("deepseek_r1 weights are out", ["deepseek"], id="model-by-underscore"),
        pytest.param("DeepSeek-V3 cost $5.6m", ["DeepSeek-V3"], id="longest-of-two-terms"),
        pytest.param("DeepSeekV3 cost $5.6m", ["DeepSeekV3"], id="term-with-space-joined"),
        pytest.param("anti-DeepSeek bill", ["DeepSeek"], id="hyphen-before"),
        pytest.param("#DeepSeek, @deepseek_ai", ["DeepSeek", "deepseek"], id="hashtag-and-handle"),
        pytest.param(
            "Deep Seek, deep-seek and deep‑seek", ["Deep Seek", "deep-seek", "deep‑seek"], id="space-or-hyphen"
        ),
        pytest.param("“DeepSeek”…(DeepSeek)", ["DeepSeek", "DeepSeek"], id="quotes-and-brackets"),
        pytest.param("中国DeepSeek发布新模型", ["DeepSeek"], id="between-chinese"),
        pytest.param("DeepSeek가 미 증시를 흔들다", ["DeepSeek"], id="korean-particle-on-latin"),
        pytest.param("딥시크가 쏘아올린 충격", ["딥시크"], id="korean-particle"),
        pytest.param("'딥시크쇼크' 나스닥 3%↓", ["딥시크"], id="korean-compound"),
        pytest.param("딥 시크 대표", ["딥 시크"], id="korean-with-a-space"),
        pytest.param("중국 딥씨크의 등장", ["딥씨크"], id="other-korean-spelling"),
        pytest.param("딥시크의 량원펑은 누구", ["딥시크", "량원펑"], id="korean-founder"),
        pytest.param(
            "幻方量化旗下深度求索与梁文锋", ["幻方量化", "深度求索", "梁文锋"], id="chinese-fund-name-founder"
        ),
        pytest.param(
            "ディープシークとディープ・シーク",
            ["ディープシーク", "ディープ・シーク"],
            id="japanese-with-and-without-dot",
        ),
        pytest.param("ﾃﾞｨｰﾌﾟｼｰｸ急騰", ["ﾃﾞｨｰﾌﾟｼｰｸ"], id="half-width-katakana"),
        pytest.param("ＤｅｅｐＳｅｅｋ登場", ["ＤｅｅｐＳｅｅｋ"], id="full-width"),
        pytest.param("Deep\u200bSeek rises", ["Deep\u200bSeek"], id="zero-width-inside"),
        pytest.param(
            "\u1103\u1175\u11b8\u1109\u1175\u110f\u1173 충격", ["\u1103\u1175\u11b8\u1109\u1175\u110f\u1173"], id="jamo"
        ),
        pytest.param("High-Flyer's founder Liang Wenfeng", ["High-Flyer", "Liang Wenfeng"], id="fund-and-founder"),
        pytest.param("…DeepSeek ﬁnds", ["DeepSeek"], id="after-a-character-that-folding-lengthens"),
        pytest.param("deepseekers of the world", [], id="not-inside-a-word"),
        pytest.param("indeepseek", [], id="not-at-a-words-end"),
        pytest.param("DeepSeekön", [], id="not-before-an-accented-letter"),
        pytest.param("Navy sends Deep Seek and Rescue team", [], id="excluded-phrase"),
        pytest.param("딥시크릿 콘서트", [], id="excluded-korean-word"),
        pytest.param("Deep Seek and Rescue meets DeepSeek", ["DeepSeek"], id="exclusion-covers-only-its-own-span"),
        pytest.param("deep seas, seek depth", [], id="words-apart"),
    ],
)
def test_deepseek_is_found(title: str, spans: list[str]) -> None:
    assert found(title).get("DeepSeek", []) == spans


@pytest.mark.parametrize(
    ("title", "symbols"),
    [
        pytest.param("NVDA falls 17%", "NVDA", id="bare-symbol"),
        pytest.param("nvda falls 17%", "", id="symbol-in-lower-case"),
        pytest.param("NVDA's worst day; AMD-led rout", "NVDA AMD", id="symbol-with-possessive-and-hyphen"),
        pytest.param("NVDAX and XNVDA", "", id="symbol-inside-a-word"),
        pytest.param("$NVDA $META $T to the moon", "NVDA META T", id="cashtags"),
        pytest.param("US$NOW and a$$AI", "", id="not-a-cashtag"),
        pytest.param("ＮＶＤＡ急落", "NVDA", id="full-width-symbol"),
        pytest.param("Chip designer (NASDAQ: ARM) slides", "ARM", id="exchange-and-symbol"),
        pytest.param("Chip designer (NasdaqGS:ARM) slides", "ARM", id="exchange-tier"),
        pytest.param("NYSE:NOW, NYSE: NOW and NYSE:AI", "NOW NOW AI", id="exchange-without-brackets"),
        pytest.param("(NYSE: AI) (LSE: ARM, NYSE: AI)", "AI ARM AI", id="exchange-and-acronym-in-brackets"),
        pytest.param("Nasdaq: AI stocks lead", "", id="exchange-before-a-statement"),
        pytest.param("나스닥: ARM 하락", "ARM", id="korean-exchange"),
        pytest.param("Chip designer (ARM) slides", "ARM", id="symbol-in-brackets"),
        pytest.param("Deal lifts ARM.O, T.N and MU:US", "ARM T MU", id="agency-codes"),
        pytest.param("trading under the ticker symbol META", "META", id="called-a-symbol"),
        pytest.param("Micron (MU) beats", "MU MU", id="name-and-symbol"),
        pytest.param("MU stands for mutual understanding", "", id="two-letters-bare"),
        pytest.param("Buy NOW before it is gone", "", id="now-is-a-word"),
        pytest.param("AI, CRM and SMR spending rises", "", id="acronyms"),
        pytest.param("artificial intelligence (AI) and small modular reactors (SMR)", "", id="acronyms-in-brackets"),
        pytest.param("NuScale (NYSE: SMR) and $AI", "SMR SMR AI", id="acronyms-as-symbols"),
        pytest.param("CHIP STOCKS ARM FOR WAR, META QUESTIONS", "", id="shouting-words"),
        pytest.param("CHIP STOCKS ARM FOR WAR, META QUESTIONS - Yahoo Finance", "", id="shouting-with-publisher"),
        pytest.param("*NVDA, NVIDIA SHARES PLUNGE 17% ON DEEPSEEK FEARS", "NVDA NVDA", id="shouting-symbol-and-name"),
        pytest.param("*META SHARES RISE AS ARM'S RIVALS FALL", "META ARM", id="shouting-with-a-company-word"),
        pytest.param("*ORACLE TO INVEST IN DATA CENTERS", "ORCL", id="shouting-longer-name"),
        pytest.param("NVIDIA, AMD, ARM and META fall", "NVDA AMD ARM META", id="list-of-symbols"),
        pytest.param("ASML, ARM 등 반도체주 급락", "ARM", id="capitals-among-korean"),
        pytest.param("Alarm in Arm, and Armada nears ARM", "ARM ARM", id="name-within-words-and-by-itself"),
        pytest.param("Meta and Arm pledge billions", "META ARM", id="names-that-are-words"),
        pytest.param("a meta level arm of the oracle", "", id="words-that-are-names"),
        pytest.param("My arm hurts; apple pie helps", "", id="lower-case-words"),
        pytest.param("Apple's iPhone, Oracle’s cloud", "AAPL ORCL", id="possessives"),
        pytest.param("Apple Pie Recipes From The Big Apple", "", id="phrases-with-apple"),
        pytest.param("Meta-Analysis Finds Arm Wrestling Safe", "", id="phrases-with-meta-and-arm"),
        pytest.param("Oracle of Omaha sells Apple", "AAPL", id="the-other-oracle"),
        pytest.param("Amazon Rainforest Fires Worry Amazon", "AMZN", id="the-other-amazon"),
        pytest.param("Analysts raise Price Target", "", id="price-target"),
        pytest.param("Target cuts prices", "TGT", id="the-company-target"),
        pytest.param("Nvidia, NVIDIA and nVidia", "NVDA NVDA", id="name-needs-its-capital"),
        pytest.param("eBay and EBAY and ebay", "EBAY EBAY EBAY", id="name-with-a-small-first-letter"),
        pytest.param("applied materials science", "", id="two-words-in-lower-case"),
        pytest.param("Supermicro, Super-Micro, Super Micro Computer", "SMCI SMCI SMCI", id="joined-or-not"),
        pytest.param("AT&T and Moody’s", "T MCO", id="ampersand-and-apostrophe"),
        pytest.param("MS 주가, Ms Smith", "MSFT", id="name-in-capitals-only"),
        pytest.param("엔비디아가 17% 급락", "NVDA", id="korean-name-with-particle"),
        pytest.param("美엔비디아·애플·메타 실적", "NVDA AAPL META", id="korean-names"),
        pytest.param("메타버스와 파인애플, 애플리케이션", "", id="korean-words-around-names"),
        pytest.param("英伟达、苹果大跌", "NVDA AAPL", id="chinese-names"),
        pytest.param("甲骨文字展 亚马逊雨林", "", id="chinese-words-around-names"),
        pytest.param("エヌビディア株が急落", "NVDA", id="japanese-name"),
        pytest.param("005930.KS, (005930), KRX: 005930, $005930", "005930.KS " * 4, id="korean-code"),
        pytest.param("ソフトバンクG (9984), 9984.T, TYO:9984", "9984.T " * 3, id="tokyo-code"),
        pytest.param("9984 jobs, $9984 each, in (2025)", "", id="numbers"),
        pytest.param("NQ=F, ^IXIC and BTC-USD", "NQ=F ^IXIC BTC-USD", id="symbols-with-punctuation"),
        pytest.param("IXIC and $BTC", "^IXIC BTC-USD", id="roots-of-index-and-coin"),
        pytest.param("NQ and KRW 5 trillion", "", id="no-roots-of-futures-and-currencies"),
        pytest.param("Nasdaq 100 futures, S&P500, 나스닥 100 선물", "NQ=F ^GSPC NQ=F", id="index-names"),
        pytest.param(
            "Bitcoin falls; 비트코인도; 원화 약세; yen up; Yen", "BTC-USD BTC-USD KRW=X JPY=X JPY=X", id="money"
        ),
        pytest.param("Armed with metadata, Applebee's", "", id="names-inside-words"),
        pytest.param("l'Armée, Armé", "", id="name-before-an-accented-letter"),
    ],
)
def test_tickers_are_found(title: str, symbols: str) -> None:
    assert [mention.name for mention in MATCHER.match(title) if mention.kind == "ticker"] == symbols.split()


@pytest.mark.parametrize(
    ("title", "texts"),
    [
        pytest.param("$NVDA up", ["NVDA"], id="cashtag"),
        pytest.param("(NASDAQ: NVDA)", ["NVDA"], id="exchange"),
        pytest.param("Nvidia's", ["Nvidia"], id="possessive"),
        pytest.param("…ＮＶＤＡ", ["ＮＶＤＡ"], id="full-width"),
        pytest.param("엔비디아가", ["엔비디아"], id="particle"),
    ],
)
def test_a_tickers_span_is_the_name_alone(title: str, texts: list[str]) -> None:
    assert found(title)["NVDA"] == texts


def test_title_comes_first_and_each_field_is_ordered_by_where_the_mention_starts() -> None:
    title, summary = "Nvidia falls as DeepSeek rises", "딥시크 충격에 엔비디아 급락"
    assert MATCHER.match(title, summary) == (
        Mention(kind="ticker", name="NVDA", field="title", start=0, end=6),
        Mention(kind="topic", name="DeepSeek", field="title", start=16, end=24),
        Mention(kind="topic", name="DeepSeek", field="summary", start=0, end=3),
        Mention(kind="ticker", name="NVDA", field="summary", start=8, end=12),
    )


def test_overlapping_mentions_of_one_name_collapse_to_the_longest() -> None:
    assert found("Samsung Electronics Arm Holdings") == {
        "005930.KS": ["Samsung Electronics"],
        "ARM": ["Arm Holdings"],
    }


def test_overlapping_mentions_of_different_names_all_count() -> None:
    matcher = Matcher([topic("Llama", "Meta Llama")], TICKERS)
    assert [(m.name, m.start, m.end) for m in matcher.match("Meta Llama 4")] == [("META", 0, 4), ("Llama", 0, 10)]


def test_a_regex_term_runs_on_folded_text_with_ascii_bounds() -> None:
    assert found("中国ＧＰＴ－４发布, GPT5") == {"OpenAI": ["ＧＰＴ－４", "GPT5"]}
    assert found("xGPT-4 gpt-2") == {}


def test_a_regex_term_sees_only_the_beginning_of_a_long_text() -> None:
    assert found("x " * 490 + "GPT-4") == {"OpenAI": ["GPT-4"]}
    assert found("x " * 2000 + "GPT-4") == {}


def test_a_regex_that_matches_nothing_gives_no_empty_mention() -> None:
    assert Matcher([Topic(name="x", terms=(Term("z?", regex=True),))], []).match("abc") == ()


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", r"(\w+\s?)*x", "((ab)*c)*", "(?:a{2,})+", "(a*){2,9}", "(x|[)(]+)*", "a(", "[z-a]", "(?u)x", "a{9}{9}"],
)
def test_a_regex_that_cannot_or_must_not_run_is_refused(pattern: str) -> None:
    with pytest.raises(re.error):
        compile_regex(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bgpt-?[3-9]",
        "(?:a|b)+",
        "(ab?)*",
        r"(\+|\*)+",
        "(?:[+*])+",
        "(a{3})+",
        "(a+)(b+)",
        "(a+)?",
        "v[0-9]+(?:[.][0-9])?",
    ],
)
def test_an_ordinary_regex_is_accepted(pattern: str) -> None:
    assert compile_regex(pattern).pattern == pattern


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\bGPT-?[3-9]", "gpt4"),
        ("colou?r", "color"),
        ("Tax|Duty", "duty"),
        ("(?:Tax|Duty)", "DUTY"),
        ("Tax (?:cut|rise)", "a tax rise"),
        (r"[|(]Tax|x\|y", "x|y"),
        ("a{0,2}b", "b"),
        ("ab*c", "ac"),
        ("딥+시크", "딥딥시크"),
        ("^tariffs?$", "Tariff"),
        ("Straße|x", "x"),
        ("", ""),
    ],
)
def test_a_regex_finds_what_it_says_however_it_begins(pattern: str, text: str) -> None:
    assert term_found((Term(pattern, regex=True),), text) is bool(text)


def test_a_literal_term_is_no_pattern() -> None:
    assert term_found((Term("C++ (beta)"),), "New c++ (Beta) out")
    assert not term_found((Term("a.c"),), "abc")


def test_a_space_is_optional_where_latin_letters_meet_others() -> None:
    assert term_found((Term("오픈AI"),), "오픈 AI, 실적 공개")
    assert term_found((Term("SK하이닉스"),), "SK 하이닉스도 하락")
    assert term_found((Term("챗GPT"),), "챗-GPT")
    assert not term_found((Term("오픈AI"),), "오픈한 AI")


@pytest.mark.parametrize(
    ("terms", "text", "is_found"),
    [
        pytest.param((Term("export control"),), "New Export-Control rules", True, id="literal"),
        pytest.param((Term("export control"),), "New export controls", False, id="not-inside-a-word"),
        pytest.param((Term("관세"),), "대중관세를 인상", True, id="korean-inside-a-word"),
        pytest.param((Term("tariff"), Term(r"tari(?:ff|f)s?\b", regex=True)), "TARIFS", True, id="any-of-them"),
        pytest.param((Term("???"),), "What???", True, id="punctuation-only"),
        pytest.param((Term("\u200b"),), "anything", False, id="an-invisible-term-finds-nothing"),
        pytest.param((), "anything", False, id="no-terms"),
    ],
)
def test_a_rules_own_terms(terms: tuple[Term, ...], text: str, is_found: bool) -> None:
    assert term_found(terms, text) is is_found


def test_the_fingerprint_follows_what_is_matched_and_nothing_else() -> None:
    same = Matcher(tuple(reversed(TOPICS)), tuple(reversed(TICKERS))).fingerprint
    styled = Matcher(
        [Topic(name="DeepSeek", terms=TOPICS[0].terms, exclusions=TOPICS[0].exclusions, style="red"), TOPICS[1]],
        TICKERS,
    )
    assert same == styled.fingerprint == MATCHER.fingerprint
    others = {
        Matcher(TOPICS, TICKERS[1:]).fingerprint,
        Matcher(TOPICS[1:], TICKERS).fingerprint,
        Matcher((topic("DeepSeek", "Deep Seek"), TOPICS[1]), TICKERS).fingerprint,
        Matcher((Topic(name="OpenAI", terms=(Term("OpenAI", regex=True),)), TOPICS[0]), TICKERS).fingerprint,
        Matcher(TOPICS, (*TICKERS, ticker("ASML", "ASML"))).fingerprint,
    }
    assert len(others | {MATCHER.fingerprint}) == 6


def test_nothing_is_found_without_topics_and_tickers() -> None:
    assert Matcher((), ()).match("DeepSeek $NVDA 딥시크", "x") == ()


@given(st.text(st.sampled_from("DepSk 딥시크가-NVDA$(:).=ArmeＤ…\u200bß"), max_size=40), st.text(max_size=30))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_each_mention_slices_its_own_field(title: str, summary: str) -> None:
    fields = {"title": clean(title), "summary": summary}
    mentions = MATCHER.match(fields["title"], fields["summary"])
    for mention in mentions:
        assert 0 <= mention.start < mention.end <= len(fields[mention.field])
    for one, other in pairwise(mentions):
        assert (one.field == "summary", one.start) <= (other.field == "summary", other.start)
