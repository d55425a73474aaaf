"""The keys as they are bound now: a page of them, and one line. Pure but for the bindings' own classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.binding import Binding

from monitor.tui import cells
from monitor.tui.page_text import ASIDE, HEAD, LOUD, PLAIN, Line, row, told

if TYPE_CHECKING:
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
    ("27 Jan", "the move as a multiple of the one documented of then"),
    ("1h", "headlines of the last hour"),
    ("»", "the record of 2025 that now is held against"),
    (">", "the cursor"),
)
KEYS = 15  # cells for the keys of an action
COLUMN = 47  # the least cells of a column
GAP = 2


@dataclass(frozen=True, slots=True)
class Labels:
    """How keys are called: `chosen` are those of the settings (`viewer.keys`), `display` names the key of a binding."""

    chosen: Iterable[tuple[str, Sequence[str]]]
    display: Callable[[Binding], str]

    def keys(self, binding: Binding) -> list[str]:
        """All keys of an action."""
        return [self.display(binding.with_key(key.strip())) for key in self._bound(binding)]

    def first(self, binding: Binding) -> str:
        return next(iter(self.keys(binding)), "")

    def is_chosen(self, binding: Binding) -> bool:
        return binding.id in dict(self.chosen)

    def _bound(self, binding: Binding) -> Sequence[str]:
        return dict(self.chosen).get(binding.id or "") or binding.key.split(",")


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


def hint(actions: Iterable[Binding], labels: Labels, width: int) -> str:
    """`o open  y copy the link  n next`: what is to be shown of them, as far as there is room."""
    text = ""
    for binding in actions:
        more = f"{'  ' * bool(text)}{labels.first(binding)} {binding.description}"
        if binding.show and cells.width(text + more) <= width:
            text += more
    return text


def lines(actions: Iterable[Binding], labels: Labels, width: int) -> list[Line]:
    """The page: a block for each group and one for the signs, in as many columns as there is room for."""
    columns = max(1, (width + GAP) // (COLUMN + GAP))
    room = (width - GAP * (columns - 1)) // columns
    blocks = [_block(heading, members, labels, room) for heading, members in grouped(actions)]
    blocks.append(_signs(room))
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


def _signs(width: int) -> list[Line]:
    found = [row("Signs", [("Signs", HEAD)], width)]
    for sign, words in SIGNS:
        found += told(f"Signs/{sign}", words, width, first=(cells.fit(sign, KEYS), LOUD))
    return [*found, row("Signs/how", [("viewer.keys in the settings gives an action other keys.", ASIDE)], width)]


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
