"""The sections of feeds.yaml, key by key. To add a key is one line here and one in docs/configuration.md."""

from __future__ import annotations

import os
from collections.abc import Mapping as Dict
from functools import cache, partial
from pathlib import Path
from typing import Any

from monitor.config import document, files, scalars
from monitor.config.document import Mapping, Node, Report
from monitor.config.readers import Key, ListOf, Pairs, Record, Unread, Value, may, needs
from monitor.config.rules import Names, rules
from monitor.config.scalars import choice, duration, flag, line, same_address, size, whole, word_of
from monitor.config.screen import QuoteSettings, ViewerSettings
from monitor.config.settings import (
    AlertSettings,
    AppriseSinkSettings,
    CommandSinkSettings,
    FileSinkSettings,
    PollSettings,
    Retention,
    Settings,
    SinkSettings,
    StdoutSinkSettings,
    StoreSettings,
)
from monitor.models import Feed, Group, Severity, Ticker, Topic


def make_ticker(*, symbol: str, name: str | None = None, aliases: tuple[str, ...] = ()) -> Ticker:
    return Ticker(symbol=symbol, name=name or symbol, aliases=aliases)


def one_sink(**kinds: SinkSettings) -> SinkSettings:
    if len(kinds) != 1:
        raise ValueError("expected exactly one of file, stdout, command and apprise")
    (sink,) = kinds.values()
    return sink


def make_alerts(**given: Any) -> AlertSettings:
    alerts = AlertSettings(**given)
    names = [sink.name for sink in alerts.sinks]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"expected sinks with names that differ, got {', '.join(sorted(twice))} more than once")
    return alerts


def make_poll(**given: Any) -> PollSettings:
    poll = PollSettings(**given)
    if poll.interval > poll.max_interval:
        raise ValueError("expected interval not to be longer than max_interval")
    return poll


FEED = Record("a mapping with url and name", Feed, {
    "url": needs(scalars.address),
    "name": needs(line),
    "language": may(scalars.language),
    "tags": may(scalars.tags),
    "interval": may(duration("1s", "7d")),
    "enabled": may(flag),
    "headers": may(scalars.headers),
})  # fmt: skip

TICKER = Record("a mapping with symbol", make_ticker, {
    "symbol": needs(scalars.symbol),
    "name": may(line),
    "aliases": may(ListOf(line, "a list of names", unique={"": str.casefold})),
})  # fmt: skip

GROUP = Record("a mapping with name and tickers", Group, {
    "name": needs(line),
    "tickers": needs(ListOf(TICKER, "a list of tickers", unique={"symbol": str})),
})  # fmt: skip

TOPIC = Record("a mapping with name and terms", Topic, {
    "name": needs(line),
    "terms": needs(ListOf(scalars.term, "a list of terms", at_least=1)),
    "exclusions": may(ListOf(scalars.term, "a list of terms")),
    "style": may(scalars.style),
})  # fmt: skip

EVERY_SINK: dict[str, Key[Any]] = {"min_severity": may(choice(Severity)), "name": may(line)}

SINK = Record("a mapping with file, stdout, command or apprise", one_sink, {
    "file": may(Record("a mapping ({} for the usual file)", FileSinkSettings, {
        "path": may(scalars.path),
        "format": may(word_of("jsonl", "text")),
        **EVERY_SINK,
    })),
    "stdout": may(Record("a mapping ({} for plain text)", StdoutSinkSettings, {
        "format": may(word_of("jsonl", "text")),
        **EVERY_SINK,
    })),
    "command": may(Record("a mapping with argv", CommandSinkSettings, {
        "argv": needs(ListOf(scalars.argument, "a list of a program and its arguments", at_least=1)),
        "timeout": may(duration("1s", "10m")),
        **EVERY_SINK,
    })),
    "apprise": may(Record("a mapping with urls", AppriseSinkSettings, {
        "urls": needs(ListOf(scalars.apprise_url, "a list of Apprise addresses", at_least=1)),
        **EVERY_SINK,
    })),
})  # fmt: skip

ALERTS = Record("a mapping with sinks", make_alerts, {
    "sinks": may(ListOf(SINK, "a list of alert sinks")),
})  # fmt: skip

POLL = Record("a mapping", make_poll, {
    "interval": may(duration("1s", "7d")),
    "max_interval": may(duration("1s", "7d")),
    "timeout": may(duration("1s", "5m")),
    "max_bytes": may(size("1KiB", "64MiB")),
    "workers": may(whole(1, 256)),
    "per_host": may(whole(1, 16)),
    "host_gap": may(duration("0s", "1m")),
    "allow_private": may(flag),
    "contact": may(scalars.contact),
})  # fmt: skip

QUOTES = Record("a mapping", QuoteSettings, {
    "interval": may(duration("1s", "1h")),
    "closed_interval": may(duration("1s", "1d")),
    "timeout": may(duration("1s", "1m")),
    "stale_after": may(duration("1s", "1d")),
    "stale_after_extended": may(duration("1s", "1d")),
    "stream": may(flag),
    "endpoint": may(scalars.address),
    "batch": may(whole(1, 50)),
})  # fmt: skip

KEEP = Record("a mapping", Retention, {
    "headlines": may(duration("1d", "36500d")),
    "bars": may(duration("1d", "36500d")),
    "history": may(duration("1d", "36500d")),
    "alerts": may(duration("1d", "36500d")),
    "polls": may(duration("1d", "36500d")),
})  # fmt: skip

STORE = Record("a mapping", StoreSettings, {
    "path": may(scalars.path),
    "group": may(scalars.unix_group),
    "keep": may(KEEP),
})  # fmt: skip

VIEWER = Record("a mapping", ViewerSettings, {
    "theme": may(line),
    "keys": may(Pairs("a mapping of actions to their keys", scalars.action, ListOf(scalars.key, "a list of keys"))),
    "bell": may(flag),
    "notify": may(word_of("none", "osc9", "osc777")),
    "layout": may(word_of("four", "two", "one")),
})  # fmt: skip


def sections(names: Names) -> dict[str, Key[Any]]:
    return {
        "feeds": may(ListOf(FEED, "a list of feeds", unique={
            "url": same_address,
            "name": str.casefold,
        })),
        "watchlist": may(ListOf(GROUP, "a list of groups", unique={"name": str.casefold})),
        "topics": may(ListOf(TOPIC, "a list of topics", unique={"name": str.casefold})),
        "rules": may(rules(names)),
        "alerts": may(ALERTS),
        "poll": may(POLL),
        "quotes": may(QUOTES),
        "store": may(STORE),
        "viewer": may(VIEWER),
    }  # fmt: skip


def load(path: Path | None = None, *, environ: Dict[str, str] = os.environ) -> Settings:
    """The settings of the file that `files.locate` finds. Raises ConfigError with every mistake in it."""
    found = files.locate(path, environ=environ)
    return parse(files.read_text(found), str(found))


def parse(text: str, file: str) -> Settings:
    """The settings that `text` is. A section that it leaves out is the packaged one (`files.packaged`).

    Raises ConfigError with every mistake; they name `file`.
    """
    report = Report(file)
    root = document.read(text, report)
    missing = {name: node for name, node in _packaged().entries.items() if name not in root.entries}
    whole = Mapping({**root.entries, **missing}, {**dict.fromkeys(missing, 1), **root.lines}, 1)
    names = Names.of(whole)
    if "rules" in missing and (misfit := _misfit(missing["rules"], names)):
        report.add(
            None,
            "rules",
            "missing, and the packaged rules do not fit the watchlist and topics of this file "
            f"({misfit}); write a list of rules of your own ([] for none)",
        )
        del whole.entries["rules"]
    try:
        settings = Record("settings", partial(Settings, file=file), sections(names)).read(Value(whole, "", 1, report))
    except Unread:
        raise report.error() from None
    report.check()
    return settings


def _misfit(node: Node, names: Names) -> str | None:
    """The first thing that the packaged rules ask of `names` in vain."""
    report = Report("packaged")
    try:
        rules(names).read(Value(node, "rules", node.line, report))
    except Unread:
        return report.mistakes[0].expected
    return None


@cache
def _packaged() -> Mapping:
    path = files.packaged()
    return document.read(files.read_text(path), Report(str(path)))
