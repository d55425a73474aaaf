"""Help, made from the bindings: every action, by the keys that it has now."""

from __future__ import annotations

from textual.binding import Binding
from textual.keys import format_key

from monitor.tui import cells, help_text, keys
from monitor.tui.app import MonitorApp
from monitor.tui.keys import Labels
from monitor.tui.quote_columns import BEFORE_OPEN, HEADINGS, MIXED, WHOLE_MOVE
from monitor.tui.screens.help import elsewhere


def labels(*chosen: tuple[str, tuple[str, ...]]) -> Labels:
    return Labels(chosen, lambda binding: format_key(binding.key))


def page(width: int, *chosen: tuple[str, tuple[str, ...]]) -> list[str]:
    actions = help_text.bindings([MonitorApp, *elsewhere()])
    lines = help_text.lines(actions, labels(*chosen), width)
    assert len({line.key for line in lines}) == len(lines)
    assert all(cells.width(line.text) <= width for line in lines)
    return [line.text.rstrip() for line in lines]


def test_every_action_of_every_screen_is_there() -> None:
    text = " ".join(" ".join(page(90)).split())
    for binding in (*keys.APP, *keys.OVERVIEW, *keys.HEADLINES):
        assert binding.description in text, binding.id
    assert "One headline" in text
    assert "Health" in text
    assert "viewer.keys" in text


def test_every_column_of_the_quotes_is_explained() -> None:
    explained = " ".join(heading for heading, _ in help_text.COLUMNS)
    assert all(heading in explained for heading in (*HEADINGS.values(), BEFORE_OPEN, WHOLE_MOVE, MIXED))
    text = " ".join(" ".join(page(90)).split())
    assert "news headlines of the last hour" in text


def test_every_action_can_be_given_another_key() -> None:
    for kind in (MonitorApp, *elsewhere()):
        for binding in kind.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            assert binding.id or not binding.show, (kind, binding)


def test_keys_chosen_in_the_settings_are_shown_as_such() -> None:
    lines = page(90, ("app.help", ("f12", "H")))
    (line,) = [line for line in lines if "f12" in line]
    assert "f12  H" in line
    assert "by itself question_mark,f1" in line


def test_it_fits_narrow_terminals_and_uses_wide_ones() -> None:
    assert len(page(119)) < len(page(79)) < len(page(39))


def test_one_line_has_what_is_needed_most_as_far_as_there_is_room() -> None:
    actions = [
        Binding("o", "a", "open", id="x.a"),
        Binding("y,Y", "b", "copy the link", id="x.b"),
        Binding("k", "c", "hidden", id="x.c", show=False),
        Binding("escape", "d", "back", id="x.d"),
    ]
    assert keys.hint(actions, labels(), 80) == "o open  y copy the link  esc back"
    assert keys.hint(actions, labels(("x.a", ("f5",))), 20) == "f5 open  esc back"
