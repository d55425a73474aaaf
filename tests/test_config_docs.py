"""docs/configuration.md and the readers say the same: every key, what is expected and the default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from msgspec import NODEFAULT, Struct

from monitor.config import scalars, schema
from monitor.config.document import Mapping
from monitor.config.readers import ListOf, Record
from monitor.config.rules import Names

DOCS = Path(__file__).parent.parent / "docs" / "configuration.md"
ROW = re.compile(r"^\| `([^`]+)` \| (.+?) \| (.+?) \|(.*)\|$", re.MULTILINE)


def rows(reader: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """(key, what is expected, default) of everything under `path`, in the readers' order."""
    if isinstance(reader, Record):
        defaults = defaults_of(reader.make)
        for name, key in reader.keys.items():
            place = f"{path}.{name}" if path else name
            default = "required" if key.required else defaults.get(key.into or name, "none")
            yield place, key.reader.says, default
            yield from rows(key.reader, place)
    elif isinstance(reader, ListOf):
        yield from rows(reader.item, f"{path}[]")


def defaults_of(make: Any) -> dict[str, str]:
    """From the model that `make` is or returns; {} for one that returns one of several."""
    made = make if isinstance(make, type) else get_type_hints(make).get("return")
    if not isinstance(made, type) or not issubclass(made, Struct):
        return {}
    defaults = dict(zip(reversed(made.__struct_fields__), reversed(made.__struct_defaults__), strict=False))
    return {name: written(defaults.get(name)) for name in made.__struct_fields__}


def written(value: Any) -> str:
    if value is NODEFAULT or value is None or value in ((), "", frozenset()) or isinstance(value, Struct):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return scalars.written(value)
    if isinstance(value, int) and value % 2**20 == 0:
        return f"{value // 2**20}MiB"
    if isinstance(value, tuple):
        return ", ".join(sink.name for sink in value)
    return str(value)


def in_the_readers() -> list[tuple[str, str, str]]:
    keys = schema.sections(Names.of(Mapping({}, {}, 1)))
    sections = [(name, key.reader.says, "the packaged one") for name, key in keys.items()]
    return [row for section in sections for row in (section, *rows(keys[section[0]].reader, section[0]))]


def in_the_docs() -> list[tuple[str, str, str]]:
    return [(key, expected, default) for key, expected, default, _ in ROW.findall(DOCS.read_text("utf-8"))]


def test_each_key_of_the_readers_is_in_the_docs_and_the_other_way_round() -> None:
    readers, docs = [key for key, *_ in in_the_readers()], [key for key, *_ in in_the_docs()]
    assert sorted(readers) == sorted(docs)


@pytest.mark.parametrize("row", in_the_readers(), ids=lambda row: row[0])
def test_the_docs_say_what_the_reader_expects_and_falls_back_to(row: tuple[str, str, str]) -> None:
    assert row in in_the_docs()
