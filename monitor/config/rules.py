"""Rules: the forms that a condition may have, and the names that it may use."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from msgspec import Struct

from monitor.baseline.symbols import COMPARABLE
from monitor.config import scalars
from monitor.config.document import Mapping, Node, Scalar, Sequence
from monitor.config.readers import Key, Later, ListOf, Name, Reader, Record, Text, may, needs, suggestion
from monitor.config.scalars import choice, duration, flag, line, number, whole
from monitor.models import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    FeedFailing,
    HeadlineMatch,
    Measure,
    Move,
    QuoteLevel,
    QuotesStale,
    Rule,
    Session,
    Severity,
    ShockRatio,
    Volume,
)

RANGES = {
    Measure.CHANGE: (-100, 10_000, "per cent"),
    Measure.PRICE: (0, 1e9, ""),
    Measure.BELOW_DAY_HIGH: (0, 100, "per cent"),
    Measure.ABOVE_DAY_LOW: (0, 10_000, "per cent"),
    Measure.BELOW_YEAR_HIGH: (0, 100, "per cent"),
    Measure.ABOVE_YEAR_LOW: (0, 10_000, "per cent"),
}

Known = dict[str, str] | None


class Names(Struct, frozen=True):
    """What a rule may refer to, by what stands in the file. None: that section is not even a list.

    Taken from the tree rather than from what was read, so that a mistake in a feed's address does not make a rule that
    names the feed look wrong as well.
    """

    feeds: Known
    languages: set[str] | None
    topics: Known
    symbols: Known
    groups: dict[str, tuple[str, ...]] | None

    @classmethod
    def of(cls, root: Mapping) -> Names:
        def each(section: str, *steps: str) -> Known:
            node = root.entries.get(section)
            return {word: word for word in words(node, "*", *steps)} if isinstance(node, Sequence) else None

        watchlist = root.entries.get("watchlist")
        languages = each("feeds", "language")
        return cls(
            feeds=each("feeds", "name"),
            languages=None if languages is None else {"en"} | {word.lower() for word in languages},
            topics=each("topics", "name"),
            symbols=each("watchlist", "tickers", "*", "symbol"),
            groups={
                name: tuple(words(group, "tickers", "*", "symbol"))
                for group in watchlist.items
                for name in words(group, "name")
            }
            if isinstance(watchlist, Sequence)
            else None,
        )


def words(node: Node | None, *steps: str) -> Iterator[str]:
    """The scalars that `steps` lead to from `node`; `*` is every item of a list."""
    if not steps:
        if isinstance(node, Scalar):
            yield node.text.strip()
    elif steps[0] == "*":
        for item in node.items if isinstance(node, Sequence) else ():
            yield from words(item, *steps[1:])
    elif isinstance(node, Mapping):
        yield from words(node.entries.get(steps[0]), *steps[1:])


def rules(names: Names) -> ListOf[Rule]:
    rule = Record("a mapping with name, severity and when", make_rule, {
        "name": needs(line),
        "severity": needs(choice(Severity)),
        "when": needs(condition(names)),
        "cooldown": may(duration("0s", "7d")),
        "rearm": may(number(0, 1e6)),
        "max_age": may(duration("1s", "30d")),
        "hours": may(scalars.hours),
        "sessions": may(ListOf(choice(Session), f"a list of {choice(Session).says}", at_least=1)),
        "enabled": may(flag),
    })  # fmt: skip
    return ListOf(rule, "a list of rules", unique={"name": str.casefold})


def condition(names: Names) -> Reader[Condition]:
    """Exactly one of the forms; `all` and `any` hold further conditions."""
    parts: ListOf[Condition] = ListOf(
        Later("a mapping with one condition", lambda: condition(names)), "a list of conditions", 2
    )
    limits = {measure.value: may(comparison(number(*bounds))) for measure, bounds in RANGES.items()}
    return Record("a mapping with one condition", one_condition, {
        "headline": may(Record("a mapping with topic, terms, feed, language or ticker", headline, {
            "topic": may(Name("the name of a topic", names.topics, str)),
            "terms": may(ListOf(scalars.term, "a list of terms", 1)),
            "feed": may(Name("the name of a feed", names.feeds, str)),
            "language": may(language(names)),
            "ticker": may(symbol(names)),
        })),
        "quote": may(Record("a mapping with symbols and one measure", quote, {**subjects(names), **limits})),
        "move": may(Record("a mapping with symbols, minutes and percent", move, {
            **subjects(names),
            "minutes": needs(whole(1, 1440)),
            "percent": needs(comparison(number(-100, 10_000, "per cent"))),
        })),
        "volume": may(Record("a mapping with symbols and times_average", volume, {
            **subjects(names),
            "times_average": needs(number(0.01, 1000)),
        })),
        "shock_ratio": may(Record("a mapping with symbols and at_least or at_most", shock_ratio, {
            **subjects(names),
            "at_least": may(number(-100, 100)),
            "at_most": may(number(-100, 100)),
        })),
        "feed_failing": may(Record("a mapping with for, and feed for one feed alone", feed_failing, {
            "feed": may(Name("the name of a feed", names.feeds, str)),
            "for": needs(duration("1s", "30d"), into="lasting"),
        })),
        "quotes_stale": may(Record("a mapping with for, and symbols for some alone", quotes_stale, {
            **subjects(names),
            "for": needs(duration("1s", "30d"), into="lasting"),
        })),
        "all": may(parts),
        "any": may(parts),
        "within": may(duration("1s", "7d")),
    })  # fmt: skip


def language(names: Names) -> Text[str]:
    def convert(text: str) -> str:
        if names.languages is not None and text.lower() not in names.languages:
            raise ValueError(suggestion(text, sorted(names.languages)).removeprefix("; "))
        return text.lower()

    return Text("the language of a feed", convert)


def symbol(names: Names) -> Name[str]:
    return Name("a symbol of the watchlist", names.symbols, str)


def subjects(names: Names) -> dict[str, Key[Any]]:
    """The three ways to say which symbols: exactly one of them (`those`)."""
    return {
        "symbol": may(symbol(names)),
        "symbols": may(ListOf(symbol(names), "a list of symbols", 1, unique={"": str})),
        "group": may(Name("the name of a group of the watchlist", names.groups, lambda _: ())),
    }


def comparison(limit: Reader[float]) -> Record[Comparison]:
    return Record(
        "a mapping with at_least or at_most", make_comparison, {"at_least": may(limit), "at_most": may(limit)}
    )


def make_rule(*, sessions: tuple[Session, ...] = (), **given: Any) -> Rule:
    return Rule(sessions=frozenset(sessions), **given)


def make_comparison(**limits: float) -> Comparison:
    if len(limits) != 1:
        raise ValueError("expected exactly one of at_least and at_most")
    return Comparison(**limits)


def one_condition(*, within: timedelta | None = None, **forms: Any) -> Condition:
    if len(forms) != 1:
        given = ", ".join(forms) or "none"
        raise ValueError(
            "expected exactly one of headline, quote, move, volume, shock_ratio, feed_failing, quotes_stale, all "
            f"and any, got {given} (all and any take several conditions)"
        )
    ((form, content),) = forms.items()
    if within is not None and form != "all":
        raise ValueError("expected within beside all only")
    if form == "any":
        return AnyOf(conditions=content)
    if form != "all":
        condition: Condition = content
        return condition
    if within is None and any(has_headline(part) for part in content):
        raise ValueError("expected within: a headline is true for one moment only, so the rest must be true near it")
    return AllOf(conditions=content, within=within)


def has_headline(condition: Condition) -> bool:
    if isinstance(condition, AllOf | AnyOf):
        return any(has_headline(part) for part in condition.conditions)
    return isinstance(condition, HeadlineMatch)


def headline(**given: Any) -> HeadlineMatch:
    if not given:
        raise ValueError("expected at least one of topic, terms, feed, language and ticker")
    return HeadlineMatch(**given)


def those(
    symbol: str | None = None, symbols: tuple[str, ...] | None = None, group: tuple[str, ...] | None = None
) -> tuple[str, ...] | None:
    """The symbols meant; None when none of the three is given. Raises ValueError for more than one."""
    given = [found for found in ((symbol,) if symbol else None, symbols, group) if found is not None]
    if len(given) > 1:
        raise ValueError("expected exactly one of symbol, symbols and group")
    return given[0] if given else None


def some(**given: Any) -> tuple[str, ...]:
    symbols = those(**given)
    if symbols is None:
        raise ValueError("expected one of symbol, symbols and group")
    return symbols


def quote(*, symbol: Any = None, symbols: Any = None, group: Any = None, **limits: Comparison) -> QuoteLevel:
    if len(limits) != 1:
        raise ValueError(f"expected exactly one of {', '.join(RANGES)}")
    ((measure, limit),) = limits.items()
    return QuoteLevel(symbols=some(symbol=symbol, symbols=symbols, group=group), measure=Measure(measure), limit=limit)


def move(*, minutes: int, percent: Comparison, **which: Any) -> Move:
    return Move(symbols=some(**which), minutes=minutes, limit=percent)


def volume(*, times_average: float, **which: Any) -> Volume:
    return Volume(symbols=some(**which), times=times_average)


def shock_ratio(*, symbol: Any = None, symbols: Any = None, group: Any = None, **limits: float) -> ShockRatio:
    """Raises ValueError for a symbol of which no move is recorded; in a group such symbols are left out."""
    limit = make_comparison(**limits)
    meant = some(symbol=symbol, symbols=symbols, group=group)
    found = tuple(symbol for symbol in meant if symbol in COMPARABLE)
    if len(found) < len(meant) and not (group and found):
        without = ", ".join(symbol for symbol in meant if symbol not in COMPARABLE)
        raise ValueError(f"expected symbols with a documented move, got {without} without one")
    return ShockRatio(symbols=found, limit=limit)


def feed_failing(*, lasting: timedelta, feed: str | None = None) -> FeedFailing:
    return FeedFailing(feed=feed, lasting=lasting)


def quotes_stale(*, lasting: timedelta, **which: Any) -> QuotesStale:
    return QuotesStale(symbols=those(**which) or (), lasting=lasting)
