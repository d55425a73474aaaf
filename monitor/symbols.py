"""Which writings of a ticker in a headline count as a mention of it. Pure; `topics.Matcher` does the searching.

A symbol counts, always in capitals, when it is written as a symbol: `$ARM`, `(ARM)`, `NASDAQ: ARM`, `NYSE:ARM`,
`ARM.O`, `ARM:US`, `ticker ARM`. As a bare word it counts from three letters on, and only if it is not in `WORDS` or
`ACRONYMS`. A symbol in `ACRONYMS` does not count in plain brackets either: "artificial intelligence (AI)", nor after an
exchange and a space outside of brackets: "Nasdaq: AI stocks lead".

A symbol with punctuation (`005930.KS`, `NQ=F`, `BTC-USD`, `^IXIC`) counts as it stands; its root counts like a symbol
for an index and a coin (`IXIC`, `$BTC`), as a written symbol only for a foreign listing (`(005930)`, `KRX: 005930`, but
never a price like `$9984` or a year like `(2025)`), and not at all for futures and currencies, whose roots are units.

A name counts
- written without Latin letters (엔비디아, 英伟达): anywhere, since particles and other words join on to it;
- all in capitals (TSMC, S&P 500): in capitals;
- beginning with a capital (Nvidia, Arm): beginning with a capital, the rest as it likes (NVIDIA), so that "apple pie"
  and "up in arms" are none; a short one that is an ordinary word (Arm, Meta) not in a headline that shouts
  ("STOCKS ARM FOR WAR") unless a word such as SHARES follows;
- beginning otherwise (nvidia, eBay): in any case.
`PHRASES` are what remains: names inside words and sayings that are not the company.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache, partial

from monitor.models import Ticker
from monitor.text import Folded

Check = Callable[[Folded, int, int], bool]
"""Whether a match at `folded.text[start:end]`, found whatever its case, counts."""

WORD = "0-9a-z\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff"
"""Inside of a regex class: what makes up a Latin word in folded text. Not Korean or Chinese, which \\w takes in."""

# English words that are somebody's symbol or, as far as they are short, a company's name. Not all there are: those met
# in headlines. A symbol of four letters that is missing here costs a wrong mention in headlines in capitals only.
_WORDS = """
    ace act ago aid aim air all amp any app apple apt are arm army art ask ball band bank bark base bat bay beam bear
    beat bed best bet bid big bill bit blue bold bolt book boot born box boy bros bull buy cake call calm can car card
    care cars case cash cat cats chef chip city clean coal coin cold cool cop core corn cost cube cuts dare dash data
    date dawn day deal deck deep dig dish dji doc dog dot dow drug duo earn east easy eat edge edit else even ever eye
    eyes face fan far farm fast fate fed fee few fib fig file find fine fire fit five fix flag flow fly food for ford
    form fox free frog fun fund gain game gap gas gate gear gem gen get glad glue go goal gold good got grab grid grow
    gun guts hack had has have head heal hear heat help her here hero hi high hill him hit hold holy home hood hope hot
    hour how ice idea ill inn ion iron its jack jam jet job jobs joy just keep key keys kid kids kind king land law lead
    leap let life like line link live load loan long loop lot love low luck lung mad made main man map mark mass mat max
    may men meta mid mind mine mint miss moon more most move must nature near need neo net new news next nice nine not
    now nuts oil old one only onto open oracle orb ore our out own pack page paid pair pal park part pass past path pay
    peak pen pet phone pick pill pin pine plan play plow plus pod pool poor pop port post pro pump pure push put race
    raid rail rain rare rate raw read real red rent rest rich ride ring rise risk road rock role roof root rope rose run
    runs safe said sail sale salt sand save say sea see self sell set she shoe shop show sick side sign six skin sky
    slim slow smart snap snow sold son soon sox spot spy star stay stem step stop sum sun sure swim table tag take talk
    tan tap target tax tea team tech tell ten test text than the they this tie tile time tip tires too took top tour
    town toy track trade tree trim trip true try turn two unit upon usa use uses van vast very via view visa vote wake
    wall want war warm was wash wave way wear web week well went west what when who why wide wild will win wind wine
    wing wins wire wish wolf wood word work yes yet you young your zone zoom
"""
WORDS = frozenset(_WORDS.split())

# Abbreviations that headlines use in their own sense, usually in brackets after the words they stand for.
_ACRONYMS = """
    ads ai api ar boe boj bp ccp ceo cfo cia cio coo cpi cpu crm crypto cto dc dei dna doj ecb eia eps esg etf eu eur ev
    evs fbi fcc fda fomc fta ftc fx gbp gdp gop gpt gpu gpus hbm hr imf iot ip ipo irs iso it jpy krw led llm llms ma
    mit ml mri nasa nato nft nih npu nsa opec pc pce pcs pdf pmi ppi pr qa qe rd rna roi saas sec smr smrs tpu tv uae uk
    un us usd vc vpn vr who wto xr
"""
ACRONYMS = frozenset(_ACRONYMS.split())

# Found in any case; a ticker's name inside one of them is no mention.
_PHRASES = """
    adam's apple, apple cider, apple harvest, apple juice, apple orchard, apple pie, apple tree, big apple
    애플리케이션, 애플망고, 애플파이, 파인애플, 苹果园, 苹果树, 苹果汁, 青苹果, アップルパイ, パイナップル
    arm in arm, arm wrestle, arm wrestling, arm's length, broken arm, long arm of, robotic arm, shot in the arm
    meta analysis, meta analyses, 메타데이터, 메타버스, 메타분석, 메타세쿼이아, 메타인지, 메타포
    メタデータ, メタバース, メタボ, メタル, メタン
    delphic oracle, oracle bone, oracle bones, oracle of delphi, oracle of omaha, 오라클 오브 오마하, 甲骨文字
    amazon basin, amazon deforestation, amazon jungle, amazon rainforest, amazon river
    아마존강, 아마존 밀림, 아마존 열대우림, 亚马逊河, 亚马逊雨林
    alphabet soup, intel agencies, intel agency, intel officials, intel sharing, 인텔리, price target, target date
    target price
"""
PHRASES = tuple(re.split(r"\s*[,\n]\s*", _PHRASES.strip()))

_INDEX = re.compile(r"\^([A-Z]+)")
_COIN = re.compile(r"([A-Z]{2,5})-USD")
_LISTING = re.compile(r"([A-Z]+|[0-9]{4,6})\.[A-Z]{1,3}")

_CASHTAG = re.compile(rf"(?<![{WORD}$])\$\Z")
_EXCHANGE = re.compile(
    rf"(?P<listed>[(,;/]\s?)?(?<![{WORD}])(?:(?:nasdaq|nyse|amex|cboe|otc|otcmkts|tsx|lse|krx|kospi|kosdaq|tse|tyo|jpx|"
    r"hkex|hkg|hkse|sehk|sse|szse|sha|she|xetra|etr|fra|epa|ams|euronext)[a-z ]{0,10}|나스닥|뉴욕증시|코스피|코스닥|"
    r"纳斯达克|纽交所|港交所|上交所|深交所|ナスダック|東証)\s?:(?P<space>\s?)\Z"
)
_CALLED = re.compile(rf"(?<![{WORD}])(?:ticker|symbol):?\s[\"“‘']?\Z")
_LISTED = re.compile(rf"(?:\.(?:oq?|n|k)|:us)(?![{WORD}])")
_COMPANY = re.compile(
    r"(?:['’]s(?![a-z])|\s(?:shares?|stock|holdings|platforms|inc|corp|plc|ceo|cfo|earnings|results|revenue|profit|q[1-4])"
    r"(?![a-z]))"
)
_LOOK_BEHIND = 32  # characters; more than the longest exchange's name needs

_PUBLISHER = re.compile(r"\s[-–—|]\s[^-–—|]{1,40}\Z")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_SMALL = re.compile(r"\b[A-Za-z]?[a-z]+\b")
_EAST_ASIAN = "[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff]"  # 6 ms to compile, and seldom asked for


def writings(ticker: Ticker) -> Iterator[tuple[str, Check | None]]:
    """Each text to look for, in any case and at the bounds of Latin words, and what a match must then pass."""
    symbol = ticker.symbol
    if symbol.isalpha():
        yield symbol, partial(_is_symbol, symbol, bare=True)
    else:
        yield symbol, _in_capitals
        if (root := _INDEX.fullmatch(symbol) or _COIN.fullmatch(symbol)) is not None:
            yield root[1], partial(_is_symbol, root[1], bare=True)
        elif (root := _LISTING.fullmatch(symbol)) is not None:
            yield root[1], partial(_is_symbol, root[1], bare=False)
    for name in dict.fromkeys((ticker.name, *ticker.aliases)):
        yield name, _name_check(unicodedata.normalize("NFKC", name).strip())


def _is_symbol(root: str, folded: Folded, start: int, end: int, *, bare: bool) -> bool:
    if _written(folded, start, end) != root:
        return False
    word = root.casefold()
    if bare and len(root) >= 3 and word not in WORDS and word not in ACRONYMS:
        return True
    before = folded.text[max(0, start - _LOOK_BEHIND) : start]
    if _CASHTAG.search(before):
        return not root.isdigit() or root.startswith("0")
    if (exchange := _EXCHANGE.search(before)) is not None:  # but "Nasdaq: AI stocks lead" is about AI
        return word not in ACRONYMS or bool(exchange["listed"]) or not exchange["space"]
    if _CALLED.search(before) or _LISTED.match(folded.text, end):
        return True
    bracketed = before.endswith("(") and folded.text.startswith(")", end)
    return bracketed and word not in ACRONYMS and not _is_year(root)


def _is_year(root: str) -> bool:
    return len(root) == 4 and root.isdigit() and 1900 <= int(root) < 2100


def _name_check(name: str) -> Check | None:
    if name.upper() == name and re.search("[A-Z]", name):
        return _in_capitals if name.casefold() not in WORDS else _in_capitals_and_meant
    if re.match("[A-Z]", name):
        return _capitalised_and_meant if len(name) <= 4 and name.casefold() in WORDS else _capitalised
    return None


def _in_capitals(folded: Folded, start: int, end: int) -> bool:
    written = _written(folded, start, end)
    return written == written.upper()


def _capitalised(folded: Folded, start: int, end: int) -> bool:
    first = folded.original[start] if folded.aligned else "…"
    return first.isupper() if first.isascii() else folded.written(start, end)[:1].isupper()


def _written(folded: Folded, start: int, end: int) -> str:
    """What `folded.written` says, sooner for most."""
    written = folded.original[start:end] if folded.aligned else ""
    return written if written and written.isascii() else folded.written(start, end)


def _in_capitals_and_meant(folded: Folded, start: int, end: int) -> bool:
    return _in_capitals(folded, start, end) and _is_meant(folded, end)


def _capitalised_and_meant(folded: Folded, start: int, end: int) -> bool:
    return _capitalised(folded, start, end) and _is_meant(folded, end)


def _is_meant(folded: Folded, end: int) -> bool:
    return not shouts(folded.original) or _COMPANY.match(folded.text, end) is not None


@lru_cache(maxsize=8)
def shouts(text: str) -> bool:
    """Whether a headline is in capitals throughout, its publisher aside, so that capitals say nothing.

    A list of symbols ("NVDA, AMD, ARM fall") is not; nor are Latin names among Korean, Chinese or Japanese.
    """
    said = _PUBLISHER.sub("", text)
    if re.search(_EAST_ASIAN, said):
        return False
    capitals = len(_CAPITALS.findall(said))
    return capitals >= 3 and capitals > 4 * len(_SMALL.findall(said))
