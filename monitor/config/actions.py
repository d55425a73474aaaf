"""What the screen's keys do, by the names that `viewer.keys` has for it: known without the screen being loaded."""

from __future__ import annotations

_NAMES = {
    "app": "quit interrupt suspend help commands health redraw",
    "panel": "quotes headlines alerts baseline next previous maximise",
    "headlines": "search star read topic language follow unread starred clear",
    "filter": "abandon keep left right home end delete delete_word delete_all",
    "list": "down up page_down page_up first last open follow",
    "quotes": "sort reverse collapse",
    "alerts": "acknowledge acknowledge_all snooze severity",
    "headline": "browse copy next back previous star",
    "ticker": "day days then candles next previous back ask",
    "chart": "next previous first last open let_go",
    "health": "poll poll_all back",
    "help": "back",
}
ACTIONS = frozenset(f"{place}.{name}" for place, names in _NAMES.items() for name in names.split())
"""The ids of all bindings; a test holds them to that."""
