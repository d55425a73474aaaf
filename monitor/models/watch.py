"""What the trader watches: tickers in groups, and topics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticker:
    """`symbol` is Yahoo's (NVDA, 005930.KS, NQ=F). `aliases` are further names, in any language."""

    symbol: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One heading of the watchlist; groups and tickers keep the user's order."""

    name: str
    tickers: tuple[Ticker, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """`text` is literal, or the pattern between the slashes when `regex` is true (it has been compiled once)."""

    text: str
    regex: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A subject found in headlines by its terms; a span inside an exclusion's span does not count.

    `style` is a Rich style string for the screen ("bold yellow"); pure rooms only carry it.
    """

    name: str
    terms: tuple[Term, ...]
    exclusions: tuple[Term, ...] = ()
    style: str = ""
