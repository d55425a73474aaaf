"""What every measurement gives back: tables whose cells are ready to be read, as text or as Markdown."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_HERE = "not installed"


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` name the cells of each row; the first says what was measured. `notes` say how, a sentence each."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: {row} does not fit {self.columns}")


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios, pair by pair: both were taken in turns, so a slow moment of the machine hits both."""
    return median(our / their for our, their in zip(ours, theirs, strict=True))


def verdict(value: float, goal: float) -> str:
    """`value` against the most that it may be: "0.43 of 0.6", or "0.71 of 0.6, MISSED"."""
    figure = f"{value:.3g}" if value < 999.5 else f"{value:,.0f}"
    return f"{figure} of {goal:,g}" + ("" if value <= goal else ", MISSED")


def as_text(table: Table) -> str:
    widths = [max(_cells(line[place]) for line in (table.columns, *table.rows)) for place in range(len(table.columns))]
    lines = [
        "  ".join(cell + " " * (width - _cells(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (table.columns, *table.rows)
    ]
    return "\n".join([table.title, "-" * len(table.title), *lines, *(f"  {note}" for note in table.notes)]) + "\n"


def as_markdown(table: Table) -> str:
    lines = [f"| {' | '.join(line)} |" for line in (table.columns, ("---",) * len(table.columns), *table.rows)]
    return "\n".join([f"## {table.title}", "", *lines, "", *(f"{note}  " for note in table.notes)]).rstrip() + "\n"


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
