"""docs/viewer.md, the settings and the code say the same: every action that has a key, and its keys."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path

from textual.binding import Binding

from monitor import tui
from monitor.config.actions import ACTIONS

DOCS = Path(__file__).parent.parent / "docs" / "viewer.md"
ROW = re.compile(r"^\| `([a-z]+\.[a-z_]+)` \| (.+?) \| .+ \|$", re.MULTILINE)


def in_the_code() -> dict[str, str]:
    """By id, the keys of all that any class of the screen binds."""
    found = {}
    for module in pkgutil.walk_packages(tui.__path__, "monitor.tui."):
        for kind in vars(importlib.import_module(module.name)).values():
            for binding in vars(kind).get("BINDINGS", ()) if isinstance(kind, type) else ():
                if isinstance(binding, Binding) and binding.id is not None and kind.__module__ == module.name:
                    found[binding.id] = " ".join(f"`{key.strip()}`" for key in binding.key.split(","))
    return found


def test_the_documentation_names_every_action_with_its_keys_and_no_other() -> None:
    rows = ROW.findall(DOCS.read_text(encoding="utf-8"))
    assert len(rows) == len(dict(rows)), "each once"
    assert dict(rows) == in_the_code()


def test_the_settings_know_every_action_and_no_other() -> None:
    assert set(in_the_code()) == ACTIONS
