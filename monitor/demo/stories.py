"""The headlines of the replayed day (stories.yaml): who carries which when, and how it reads at a given minute."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast

import yaml
from msgspec import Struct
from msgspec.structs import replace

from monitor.demo.day import on_the_day

if TYPE_CHECKING:
    from collections.abc import Mapping

SITE = "https://sim.example"  # a name that is reserved for examples: it leads nowhere


class Story(Struct, frozen=True, kw_only=True):
    """One entry. `guid`, `link` and `dated` None: the document has none; `dated` "": the true date in its own format.

    `feeds` carry it from `at` on, the first being its own. From `edited_at` on it reads as `edited`. `raw` titles go
    into a document unescaped. `trap` says what could be read wrong, "" for a story without one.
    """

    id: str
    at: datetime
    feeds: tuple[str, ...]
    title: str
    summary: str
    author: str
    guid: str | None
    link: str | None
    dated: str | None
    raw: bool
    trap: str
    edited_at: datetime | None = None
    edited: tuple[str, str] = ("", "")  # title and summary
    updated_at: datetime | None = None

    def at_moment(self, moment: datetime) -> Story:
        """The story as it reads at `moment`, with `updated_at` if it has been edited by then."""
        if self.edited_at is None or moment < self.edited_at:
            return self
        return replace(self, title=self.edited[0], summary=self.edited[1], updated_at=self.edited_at)


@cache
def stories() -> tuple[Story, ...]:
    """All of them, in the file's order, which is that of their minutes."""
    text = files("monitor.demo").joinpath("stories.yaml").read_text("utf-8")
    rows = cast("list[Mapping[str, object]]", yaml.load(text, Loader=_Loader))  # noqa: S506  a safe loader, in C or not
    return tuple(_story(row) for row in rows)


def stories_until(moment: datetime, feed: str | None = None) -> tuple[Story, ...]:
    """What has been published by `moment`, as it reads then, newest first; in `feed` alone if one is named."""
    told = [s.at_moment(moment) for s in stories() if s.at <= moment and (feed is None or feed in s.feeds)]
    return tuple(sorted(told, key=lambda story: story.at, reverse=True))


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is not in every build and ten times as fast


def _story(row: Mapping[str, object]) -> Story:
    name, feed, omit = str(row["id"]), str(row["feed"]), cast("list[str]", row.get("omit", []))
    title = str(row["title"]) * int(str(row.get("times", 1)))
    summary = str(row.get("summary", ""))
    edit = cast("Mapping[str, str]", row.get("edit", {}))
    return Story(
        id=name,
        at=_moment(str(row["at"])),
        feeds=(feed, *cast("list[str]", row.get("also", []))),
        title=title,
        summary=summary,
        author=str(row.get("author", "")),
        guid=None if "guid" in omit else str(row.get("guid", f"tag:sim.example,2025-01-27:{name}")),
        link=None if "link" in omit else str(row.get("link", f"{SITE}/{feed}/{name}")),
        dated=None if "date" in omit else str(row.get("dated", "")),
        raw=bool(row.get("raw", False)),
        trap=str(row.get("trap", "")),
        edited_at=_moment(edit["at"]) if edit else None,
        edited=(edit.get("title", title), edit.get("summary", summary)),
    )


def _moment(text: str) -> datetime:
    day, _, clock = text.rpartition(" ")
    return on_the_day(clock, date.fromisoformat(day)) if day else on_the_day(clock)
