"""`python -m tests.list_app [count]`: a headline list as large as in the overview, in a process of its own.

Around it stands as much text as the other panels have. Keys beyond the list's own: a, a headline arrives; b, twenty;
/ opens the filter.
"""

from __future__ import annotations

import gc
import os
import sys
from datetime import UTC
from typing import ClassVar

os.environ.update(TEXTUAL_ANIMATIONS="none", TEXTUAL_DISABLE_KITTY_KEY="1")

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from monitor.tui.widgets.filter_bar import FilterBar
from monitor.tui.widgets.headline_list import HeadlineList
from tests.tui_samples import DEEPSEEK, NOW, OPENAI, fetched, headline

TEXT = "\n".join(f"NVDA {row:>3}  118.58  ▼-16.97  ▁▂▃▄▅▆▇█▇▆▅▄  -17 %  12" for row in range(40))


class Marked:
    """What has been read and starred, for as long as the app runs."""

    def __init__(self) -> None:
        self.read: set[int] = set()
        self.starred: set[int] = set()


class QuietScreen(Screen[None]):
    """One that is not drawn anew as a whole whenever another widget gets the keys."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)


class ListApp(App[None]):
    CSS = """
    Screen { layout: horizontal; }
    #left { width: 54; margin-right: 1; }
    #right { width: 1fr; }
    #headlines { height: 24; layers: list bar; }
    FilterBar { layer: bar; dock: top; }
    """
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        ("a", "arrive(1)", ""),
        ("b", "arrive(20)", ""),
        ("slash", "filter", ""),
        ("q", "quit", ""),
    ]

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.marks = Marked()
        self.headlines = HeadlineList(zone=UTC)
        self.bar = FilterBar(self.headlines)

    def get_default_screen(self) -> QuietScreen:
        return QuietScreen()

    def compose(self) -> ComposeResult:
        yield Static(TEXT, id="left")
        with Vertical(id="right"):
            with Container(id="headlines"):
                yield self.headlines
                yield self.bar
            yield Static(TEXT)

    def on_mount(self) -> None:
        self.headlines.use_topics([DEEPSEEK, OPENAI])
        self.headlines.use_marks(self.marks)
        self.headlines.show(range(self.count, 0, -1), fetched, NOW)
        self.headlines.focus()
        self.call_after_refresh(settle)

    def action_arrive(self, count: int) -> None:
        new = [headline(self.count + number) for number in range(1, count + 1)]
        self.count += count
        self.headlines.arrive(new, [True] * count)

    async def action_filter(self) -> None:
        await self.bar.edit()

    def on_filter_bar_changed(self, event: FilterBar.Changed) -> None:
        every = range(self.count, 0, -1)
        ids = [number for number in every if event.wanted.admits(headline(number), self.marks)]
        self.headlines.show(ids, fetched, NOW, text=event.wanted.text)
        self.bar.count(len(ids), self.count)
        self.headlines.note = self.bar.text

    def on_filter_bar_closed(self) -> None:
        self.screen.set_focus(self.headlines)

    def on_headline_list_star_toggled(self, event: HeadlineList.StarToggled) -> None:
        self.marks.starred ^= {event.number}
        self.headlines.marks_changed([event.number])


def settle() -> None:
    """Keep the collector of garbage from looking at what stays: it is the slow tail of every key."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


if __name__ == "__main__":
    ListApp(int(sys.argv[1]) if len(sys.argv) > 1 else 1000).run()
