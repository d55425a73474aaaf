"""The screen's words are understood twice, without click and by it: the two must agree."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import click
import pytest

from monitor.cli.commands import command
from monitor.cli.plain import ScreenAsked, screen_asked

if TYPE_CHECKING:
    from pathlib import Path

WORDS = ("--no-mouse", "--no-collect", "--config", "-c", "--db", "--theme", "x.db", "-", "", "--db=y.db", "--", "tail")


def by_click(words: tuple[str, ...]) -> ScreenAsked | None:
    """None for what is a mistake."""
    try:
        context = command.make_context("monitor", list(words))
    except (click.exceptions.Exit, click.ClickException):
        return None
    said = context.params
    return ScreenAsked(
        said["config"], said["database"], said["theme"], mouse=not said["no_mouse"], collect=not said["no_collect"]
    )


@pytest.mark.parametrize("database", [None, "", "of-the-environment.db"])
def test_what_is_understood_without_click_is_what_click_understands(
    database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MONITOR_DB", raising=False)
    if database is not None:
        monkeypatch.setenv("MONITOR_DB", database)
    environment = {} if database is None else {"MONITOR_DB": database}
    understood = 0
    for length in range(5):
        for words in product(WORDS, repeat=length):
            if (asked := screen_asked(words, environment)) is not None:
                understood += 1
                assert asked == by_click(words), words
    assert understood > 100


@pytest.mark.parametrize("words", [(), ("--db", "x.db"), ("--no-collect", "--theme", "ansi", "-c", "feeds.yaml")])
def test_the_usual_ways_to_open_the_screen_need_no_click(words: tuple[str, ...]) -> None:
    assert screen_asked(words, {}) is not None


def test_clicks_own_business_is_left_to_it(tmp_path: Path) -> None:
    for words in (("tail",), ("--help",), ("--db",), ("--db", str(tmp_path)), ("--db", ""), ("--headless",)):
        assert screen_asked(words, {}) is None, words
    assert screen_asked((), {"_MONITOR_COMPLETE": "bash_complete"}) is None
    assert screen_asked((), {"MONITOR_DB": str(tmp_path)}) is None
