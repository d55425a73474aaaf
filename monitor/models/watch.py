"""What the trader watches: tickers in groups, and topics."""

from __future__ import annotations

from msgspec import Struct


class Ticker(Struct, frozen=True, kw_only=True):
    """`symbol` is Yahoo's (NVDA, 005930.KS, NQ=F). `aliases` are further names, in any language."""

    symbol: str
    name: str
    aliases: tuple[str, ...] = ()


class Group(Struct, frozen=True, kw_only=True):
    """One heading of the watchlist; groups and tickers keep the user's order."""

    name: str
    tickers: tuple[Ticker, ...]


class Term(Struct, frozen=True):
    """`text` is literal, or the pattern between the slashes when `regex` is true (it has been compiled once)."""

    text: str
    regex: bool = False


class Topic(Struct, frozen=True, kw_only=True):
    """A subject found in headlines by its terms; a span inside an exclusion's span does not count.

    `style` is a Rich style string for the screen ("bold yellow"); pure rooms only carry it.
    """

    name: str
    terms: tuple[Term, ...]
    exclusions: tuple[Term, ...] = ()
    style: str = ""
