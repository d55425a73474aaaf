"""The command palette: every action of the screen, found by typing; themes and tickers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from msgspec import Struct
from textual.actions import parse
from textual.command import CommandPalette, DiscoveryHit, Hit, Provider
from textual.content import Content
from textual.widgets import Input

from monitor.tui import help_text, keys
from monitor.tui.page_text import safe

if TYPE_CHECKING:
    from textual.binding import Binding
    from textual.command import Hits
    from textual.dom import DOMNode

    from monitor.tui.app import MonitorApp

HERE = "app.commands"  # the palette's own action
TYPING = "filter."  # begins what is done while one types in a filter, where no palette opens
EVERYWHERE = ("list.", "app.")


class Command(Struct, frozen=True):
    """`name` is the action's id, `text` what is typed for, `key` what does the same at once, where anything does."""

    name: str
    text: str
    run: Callable[[], object]
    key: str = ""

    @property
    def shown(self) -> str:
        return f"{self.text}  [{self.key}]" if self.key else self.text


class Palette(CommandPalette):
    """Without what costs bytes while nobody types, and without a picture that terminals draw differently wide."""

    DEFAULT_CSS = """
    Palette {
        background: $background;
        & > Vertical { margin-top: 0; }
        & SearchIcon { display: none; }
        & #--input { border: none; height: 1; padding: 0 1; }
        & CommandInput, & CommandInput:focus { border: none; height: 1; padding: 0; }
        & CommandList { border: none; max-height: 16; scrollbar-size-vertical: 1; }
        & CommandList > .option-list--option { padding: 0 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__([Commands], placeholder="type what you want to do")

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False


class Commands(Provider):
    """What can be done where the palette was opened. What the focused panel does comes before the others' actions."""

    async def discover(self) -> Hits:
        """Before anything is typed: what the keys do here."""
        for command in self._actions():
            yield DiscoveryHit(Content(command.shown), command.run, text=command.text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for command in (*self._actions(), *self._themes(), *self._tickers()):
            if (score := matcher.match(command.text)) > 0:
                yield Hit(score, Content(command.shown), command.run, text=command.text)

    def _actions(self) -> list[Command]:
        """This screen's own first, then what every list and every screen has."""
        app = cast("MonitorApp", self.app)
        labels = keys.Labels(app.viewer.keys, app.get_key_display)
        found: dict[str, Command] = {}
        seen: set[str] = set()
        for node in self._nodes():
            for binding in help_text.bindings([type(node)]):
                name = str(binding.id)
                if name not in {HERE, *seen} and not name.startswith(TYPING) and _can(node, binding):
                    seen.add(name)
                    text = f"{help_text.group_of(binding)}: {binding.description}"
                    run = partial(app.run_action, binding.action, node)
                    found.setdefault(text, Command(name, text, run, labels.first(binding)))
        return sorted(found.values(), key=lambda command: command.name.startswith(EVERYWHERE))

    def _nodes(self) -> Iterator[DOMNode]:
        """Those that are shown, the focused one and what is around it first."""
        if self.focused is not None:
            yield from self.focused.ancestors_with_self
        yield self.screen
        yield from (node for node in self.screen.walk_children() if node.is_on_screen)
        yield self.app

    def _themes(self) -> Iterator[Command]:
        for name in sorted(self.app.available_themes):
            if name != self.app.theme:
                yield Command("", f"Theme: {name}", partial(setattr, self.app, "theme", name))

    def _tickers(self) -> Iterator[Command]:
        app = cast("MonitorApp", self.app)
        for ticker in app.picture.settings.tickers:
            name = "" if ticker.name == ticker.symbol else f" {safe(ticker.name)}"
            yield Command("", f"Ticker: {safe(ticker.symbol)}{name}", partial(app.open_ticker, ticker.symbol))


def _can(node: DOMNode, binding: Binding) -> bool:
    destination, name, parameters = parse(binding.action)
    return bool(destination) or bool(node.check_action(name, parameters))
