"""The keys as they are bound now: a page of them, and one line. Pure but for the bindings' own classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding

from monitor.tui import cells
from monitor.tui.page_text import ASIDE, HEAD, LOUD, PLAIN, Line, row, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor.tui.keys import Labels
    from monitor.tui.page_text import Piece

GROUPS = {
    "app": "Everywhere",
    "panel": "Panels",
    "headlines": "Headlines",
    "filter": "While searching",
    "list": "In every list",
    "quotes": "Quotes",
    "alerts": "Alerts",
    "baseline": "27 January 2025",
    "headline": "One headline",
    "ticker": "One ticker",
    "chart": "Its chart",
    "health": "Health",
    "help": "This page",
}
"""What the first part of an action's id stands for, in the page's order; others come after these by their own name."""

SIGNS = (
    ("N *", "unread, starred"),
    ("~", "its feed gave no time: when it was first seen"),
    ("+2", "two more sources have the same story"),
    ("!! ! i", "alerts: critical, warning, information"),
    ("?", "an alert's rule cannot be evaluated"),
    ("ok z", "acknowledged; its rule is snoozed"),
    ("▲▼", "up, down since the close that the move is measured from"),
    ("»", "the record of 2025 that now is held against"),
    (">", "the cursor"),
)
COLUMNS = (
    ("last", "the last price; ! before it: stale"),
    ("day %", "the move since the close before"),
    ("move %", "the same with extended hours, in narrow lists"),
    ("pre % post %", "the move before the open, after the close, since the last regular price"),
    ("ext %", "some symbols have the one, some the other"),
    ("course", "the day's prices, left to right"),
    ("27 Jan", "the move as a multiple of that of the same hour of 27 January 2025; ~ of a range; old47m: stale"),
    ("news", "headlines of the last hour"),
    ("name", "as the settings name it"),
    ("why stale", "no trade or no answer, and since when"),
)
KEYS = 15  # cells for the keys of an action
COLUMN = 47  # the least cells of a column
GAP = 2


def bindings(kinds: Iterable[type]) -> list[Binding]:
    """The actions with an id that these classes bind, each once."""
    found: dict[str, Binding] = {}
    for each in (each for kind in kinds for each in kind.__mro__):
        for binding in each.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id is not None:
                found.setdefault(binding.id, binding)
    return list(found.values())


def group_of(binding: Binding) -> str:
    group = (binding.id or "").partition(".")[0]
    return GROUPS.get(group, group.capitalize())


def grouped(actions: Iterable[Binding]) -> list[tuple[str, list[Binding]]]:
    """By heading, in the page's order."""
    found: dict[str, list[Binding]] = {heading: [] for heading in GROUPS.values()}
    for binding in actions:
        found.setdefault(group_of(binding), []).append(binding)
    return [(heading, members) for heading, members in found.items() if members]


def lines(actions: Iterable[Binding], labels: Labels, width: int) -> list[Line]:
    """The page: a block for each group, for the columns of the quotes and for the signs, beside each other where there
    is room.
    """
    columns = max(1, (width + GAP) // (COLUMN + GAP))
    room = (width - GAP * (columns - 1)) // columns
    blocks = [_block(heading, members, labels, room) for heading, members in grouped(actions)]
    blocks += [_words_for("Columns of the quotes", COLUMNS, room), _signs(room)]
    if columns == 1:
        return [line for block in blocks for line in block]
    return _beside(_dealt(blocks, columns), room)


def _block(heading: str, members: Sequence[Binding], labels: Labels, width: int) -> list[Line]:
    found = [row(heading, [(heading, HEAD)], width)]
    for binding in members:
        first = f"{'  '.join(labels.keys(binding))} "
        chosen = f" (chosen in the settings, by itself {binding.key})" * labels.is_chosen(binding)
        more = f". {binding.tooltip}" * bool(binding.tooltip)
        text = f"{binding.description}{more}{chosen}"
        begins = (f"{first:<{KEYS}}", LOUD)
        found += told(f"{heading}/{binding.id}", text, width, first=begins)
    return [*found, Line(f"{heading}/gap", ())]


def _words_for(heading: str, signs: Sequence[tuple[str, str]], width: int) -> list[Line]:
    found = [row(heading, [(heading, HEAD)], width)]
    for sign, words in signs:
        found += told(f"{heading}/{sign}", words, width, first=(cells.fit(sign, KEYS), LOUD))
    return [*found, Line(f"{heading}/gap", ())]


def _signs(width: int) -> list[Line]:
    how = "viewer.keys in the settings gives an action other keys; docs/viewer.md names the actions."
    return [*_words_for("Signs", SIGNS, width)[:-1], *told("Signs/how", how, width, look=ASIDE)]


def _dealt(blocks: Sequence[list[Line]], columns: int) -> list[list[Line]]:
    """The blocks in their order, a column after the other, about as long as each other."""
    share = sum(map(len, blocks)) / columns
    dealt: list[list[Line]] = [[]]
    for block in blocks:
        if len(dealt) < columns and len(dealt[-1]) + len(block) / 2 > share:
            dealt.append([])
        dealt[-1] += block
    return dealt


def _beside(columns: Sequence[list[Line]], room: int) -> list[Line]:
    found = []
    for number in range(max(map(len, columns))):
        pieces: list[Piece] = []
        used = 0
        for place, column in enumerate(columns):
            begins = place * (room + GAP)
            drawn = column[number].pieces if number < len(column) else ()
            if drawn:
                pieces += [(" " * (begins - used), PLAIN), *drawn]
                used = begins + sum(cells.width(text) for text, _ in drawn)
        found.append(Line(f"row/{number}", tuple(pieces)))
    return found
