"""The pure parts: matching headlines against all topics and tickers, and judging rules."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta

from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.baseline import load as documented
from monitor.baseline.symbols import COMPARABLE
from monitor.config import load
from monitor.config.files import packaged
from monitor.models import Comparison, Measure, Quote, QuoteLevel, Rule, Session, Severity, ShockRatio
from monitor.topics import Matcher

HEADLINES = 50_000
RULES, TICKERS = 200, 100
NOW = datetime(2025, 1, 27, 15, 0, tzinfo=UTC)
WORDS = (
    *("DeepSeek", "Nvidia", "shares", "fall", "as", "cheap", "model", "from", "China", "shakes", "markets", "Oracle"),
    *("Stargate", "spending", "plan", "Microsoft", "earnings", "chips", "data", "centre", "power", "analysts", "say"),
    *(
        "딥시크",
        "충격",
        "엔비디아",
        "급락",
        "반도체",
        "나스닥",
        "하락",
        "深度求索",
        "英伟达",
        "股价",
        "暴跌",
        "美股",
        "开盘",
    ),
)


def measure() -> list[tuple[str, str]]:
    return [_matching(), _judging(0), _judging(20)]


def _matching() -> tuple[str, str]:
    settings = load(packaged())
    matcher = Matcher(settings.topics, settings.tickers)
    chance = random.Random(27)
    titles = [" ".join(chance.choices(WORDS, k=10)) for _ in range(HEADLINES)]
    matcher.match(titles[0])
    started = time.process_time()
    for title in titles:
        matcher.match(title)
    return (
        f"{HEADLINES:,} headlines against {len(settings.topics)} topics and {len(settings.tickers)} tickers",
        f"{time.process_time() - started:.2f} s CPU",
    )


def _judging(ratios: int) -> tuple[str, str]:
    """`ratios` of the rules compare with the documented moves, and then every alert carries the one of its symbol."""
    compared = tuple(sorted(COMPARABLE)) if ratios else ()
    symbols = (*compared, *(f"T{number}" for number in range(TICKERS - len(compared))))
    rules = [
        Rule(
            name=f"ratio {number}",
            severity=Severity.INFO,
            when=ShockRatio(symbols=compared, limit=Comparison(at_least=0.1 + number / 20)),
        )
        for number in range(ratios)
    ] + [
        Rule(
            name=f"rule {number}",
            severity=Severity.INFO,
            when=QuoteLevel(symbols=symbols, measure=Measure.CHANGE, limit=Comparison(at_most=-1 - number / 20)),
        )
        for number in range(RULES - ratios)
    ]
    book, memory = RuleBook(rules), Memory()
    chance = random.Random(27)
    rounds = []
    for turn in range(20):
        now = NOW + timedelta(seconds=15 * turn)
        quotes = {
            symbol: Quote(
                symbol=symbol,
                price=100 + chance.uniform(-2, 2),
                traded_at=now,
                session=Session.REGULAR,
                fetched_at=now,
                base_close=100.0,
            )
            for symbol in symbols
        }
        facts = Facts(session=Session.REGULAR, quotes=quotes, baseline=documented() if ratios else None)
        started = time.process_time()
        decision = book.evaluate(facts, memory, now)
        rounds.append(time.process_time() - started)
        memory.apply(decision.memory)
    which = f", {ratios} of them on {len(compared)} documented moves" if ratios else ""
    return f"{RULES} rules on {TICKERS} tickers{which}, a quote round", f"{sorted(rounds)[10] * 1000:.1f} ms CPU"
