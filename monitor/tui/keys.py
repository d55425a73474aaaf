"""The keys that work everywhere and in the overview. A panel's own are with the panel.

Every action has an id by which `viewer.keys` of the settings gives it other keys. Letters as in vi beside the arrows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding

from monitor.tui import cells
from monitor.tui.layout import Panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.dom import DOMNode

APP: list[Binding] = [
    Binding("q,ctrl+q", "quit", "quit", id="app.quit"),
    Binding("ctrl+c", "quit", "quit", id="app.interrupt", show=False),
    Binding("ctrl+z", "suspend_process", "suspend (fg brings it back)", id="app.suspend", show=False),
    Binding("question_mark,f1", "help", "help", id="app.help"),
    Binding("colon,ctrl+p", "command_palette", "menu", tooltip="Every command, found by typing", id="app.commands"),
    Binding("h,f2", "health", "health of feeds and quotes", id="app.health", show=False),
    Binding("ctrl+l", "redraw", "draw the screen anew", id="app.redraw", show=False),
]
OVERVIEW: list[Binding] = [
    *(
        Binding(str(number), f"panel('{panel}')", panel, tooltip="Again: as large as the screen", id=f"panel.{panel}")
        for number, panel in enumerate(Panel, 1)
    ),
    Binding("slash", "search", "search", id="headlines.search"),
    Binding("tab", "app.focus_next", "next panel", id="panel.next", show=False),
    Binding("shift+tab", "app.focus_previous", "panel before", id="panel.previous", show=False),
    Binding("Z", "maximise", "this panel as large as the screen, and back", id="panel.maximise", show=False),
]

HEADLINES: list[Binding] = [
    Binding("t", "topic", "next topic", id="headlines.topic", show=False),
    Binding("l", "language", "next language", id="headlines.language", show=False),
    Binding("f", "follow", "only the selected ticker", id="headlines.follow", show=False),
    Binding("u", "unread", "unread only", id="headlines.unread", show=False),
    Binding("asterisk", "starred", "starred only", id="headlines.starred", show=False),
    Binding("x", "clear", "no filter", id="headlines.clear", show=False),
]
OPEN = Binding("enter", "open", "open", id="list.open")  # in every list


class Labels(NamedTuple):
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


def hint(actions: Iterable[Binding], labels: Labels, width: int) -> str:
    """`o open  y copy the link  n next`: what is to be shown of them, as far as there is room."""
    text = ""
    for binding in actions:
        more = f"{'  ' * bool(text)}{labels.first(binding)} {binding.description}"
        if binding.show and cells.width(text + more) <= width:
            text += more
    return text


def keymap(chosen: Iterable[tuple[str, Sequence[str]]]) -> dict[str, str]:
    """As Textual takes it, from `viewer.keys`."""
    return {action: ",".join(keys) for action, keys in chosen}


def actions(nodes: Iterable[DOMNode]) -> dict[str, Binding]:
    """By id, what these and their classes bind, with the keys that they have by themselves."""
    found: dict[str, Binding] = {}
    for kind in (kind for node in nodes for kind in type(node).__mro__):
        for binding in kind.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id is not None:
                found.setdefault(binding.id, binding)
    return found
