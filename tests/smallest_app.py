"""A Textual app with one Static, as one would write it: what the first paint of others is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class SmallestApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Static("Smallest")


if __name__ == "__main__":
    SmallestApp().run()
