"""The pure parts: matching headlines against all shipped topics and tickers, and judging rules."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from benchmarks import headlines
from benchmarks.table import Table, verdict
from monitor.alerts.rules import Facts, Memory, RuleBook
from monitor.baseline import load as documented
from monitor.baseline.symbols import COMPARABLE
from monitor.config import load
from monitor.config.files import packaged
from monitor.models import Comparison, Condition, Measure, Quote, QuoteLevel, Rule, Session, Severity, ShockRatio
from monitor.topics import Matcher

HEADLINES = 50_000
RULES, TICKERS, RATIOS = 200, 100, 20
ROUNDS, TURNS = 40, 3
MATCHING_GOAL = 1.0  # seconds
JUDGING_GOAL = 5.0  # milliseconds
NOW = datetime(2025, 1, 27, 15, 0, tzinfo=UTC)

Prices = Callable[[random.Random], float]


def measure() -> list[Table]:
    return [_matching(), _judging()]


def _matching() -> Table:
    settings = load(packaged())
    rows = []
    for words, make in (
        ("as they come", headlines.as_they_come),
        ("each naming several", headlines.crowded),
    ):
        print(f"deciding: {HEADLINES:,} headlines, {words}", file=sys.stderr)
        titles = make(HEADLINES)
        for what, tickers in (("topics", ()), ("topics and tickers", settings.tickers)):
            matcher = Matcher(settings.topics, tickers)
            found = [len(matcher.match(title)) for title in titles]
            taken = min(_matched(matcher, titles) for _ in range(TURNS))
            naming = f"{sum(map(bool, found)) / HEADLINES:.0%}"
            each = f"{sum(found) / HEADLINES:.1f}"
            rows.append((words, what, naming, each, f"{taken:.2f} s", verdict(taken, MATCHING_GOAL)))
    return Table(
        f"{HEADLINES:,} headlines against {len(settings.topics)} topics and {len(settings.tickers)} tickers",
        ("headlines", "against", "naming any", "mentions each", "CPU", "seconds of the goal"),
        tuple(rows),
        (f"English, Korean, Chinese and Japanese, all made up; the least of {TURNS} runs.",),
    )


def _matched(matcher: Matcher, titles: list[str]) -> float:
    started = time.process_time()
    for title in titles:
        matcher.match(title)
    return time.process_time() - started


def _judging() -> Table:
    days: tuple[tuple[str, Prices], ...] = (
        ("a calm day: all 3 % down and within 0.1 %", lambda chance: 97 * (1 + chance.gauss(0, 0.0003))),
        ("all prices anywhere within 2 % of the close", lambda chance: 100 + chance.uniform(-2, 2)),
    )
    rows = []
    for ratios in (0, RATIOS):
        for words, prices in days:
            print(f"deciding: rules, {ratios} on documented moves, {words}", file=sys.stderr)
            runs = [list(_rounds(ratios, prices)) for _ in range(TURNS)]
            usual = min(median(taken for taken, _ in run[1:]) for run in runs)
            alerts = sum(fired for _, fired in runs[0][1:]) / (ROUNDS - 1)
            first, fired = min(run[0] for run in runs)
            rows.append(
                (
                    *(str(ratios), words, f"{alerts:.1f}", f"{usual:.2f} ms", verdict(usual, JUDGING_GOAL)),
                    f"{first:.1f} ms, {fired} alerts",
                )
            )
    return Table(
        f"{RULES} rules on {TICKERS} tickers, a quote round",
        ("on documented moves", "prices", "alerts a round", "CPU", "ms of the goal", "first round of all"),
        tuple(rows),
        (
            f"Medians of the {ROUNDS - 1} rounds after the first, which finds every limit crossed.",
            f"The least of {TURNS} runs.",
        ),
    )


def _rounds(ratios: int, prices: Prices) -> Iterator[tuple[float, int]]:
    """Milliseconds of CPU and number of alerts of each round.

    With `ratios`, so many of the rules compare with the documented moves, and every alert carries its symbol's.
    """
    compared = tuple(sorted(COMPARABLE)) if ratios else ()
    symbols = (*compared, *(f"T{number}" for number in range(TICKERS - len(compared))))
    shocks = [ShockRatio(symbols=compared, limit=Comparison(at_least=0.1 + number / 20)) for number in range(ratios)]
    changes = [
        QuoteLevel(symbols=symbols, measure=Measure.CHANGE, limit=Comparison(at_most=-1 - number / 20))
        for number in range(RULES - ratios)
    ]
    whens: list[Condition] = [*shocks, *changes]
    book = RuleBook([Rule(name=f"rule {n}", severity=Severity.INFO, when=when) for n, when in enumerate(whens)])
    memory, chance = Memory(), random.Random(27)
    for turn in range(ROUNDS):
        now = NOW + timedelta(seconds=15 * turn)
        quotes = {symbol: _quote(symbol, prices(chance), now) for symbol in symbols}
        facts = Facts(session=Session.REGULAR, quotes=quotes, baseline=documented() if ratios else None)
        started = time.process_time()
        decision = book.evaluate(facts, memory, now)
        yield (time.process_time() - started) * 1000, len(decision.alerts)
        memory.apply(decision.memory)


def _quote(symbol: str, price: float, now: datetime) -> Quote:
    return Quote(symbol=symbol, price=price, traded_at=now, session=Session.REGULAR, fetched_at=now, base_close=100.0)
