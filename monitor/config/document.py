"""YAML text to a small tree in which every node knows its line, and the report that collects mistakes.

Scalars stay the text that stands in the file: what `no`, `ON` or `1:30` mean is for whoever expects something there.
The tree is built from the parser's events rather than by `yaml.compose`: libyaml's composer recurses in C, and half a
million brackets end the process. Aliases, tags and a second document are refused, so nothing can be larger in memory
than it is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from monitor.errors import ConfigError, Mistake

if TYPE_CHECKING:
    import yaml

DEEPEST = 32  # levels; the settings need ten, and a rule nested deeper than this is not one a person wrote
MOST = 100  # mistakes shown; past them the file is of another kind, and a suggestion for each would cost minutes
SHOWN = 60  # characters of a wrong value that a message repeats

# What YAML 1.1 lets no stream hold. Checked here because PyYAML's two readers word and place this differently.
NOT_IN_YAML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class Scalar(NamedTuple):
    text: str
    line: int


class Sequence(NamedTuple):
    items: tuple[Node, ...]
    line: int


class Mapping(NamedTuple):
    """`lines` are those of the keys: what a key's value is expected to be is said where the key stands."""

    entries: dict[str, Node]
    lines: dict[str, int]
    line: int


class Refused(NamedTuple):
    """Stands where something was that has been reported already, such as an alias."""

    line: int


Node = Scalar | Sequence | Mapping | Refused


def shown(text: str) -> str:
    """`text` in quotes, printable, short, and without the password that an address may carry."""
    text = re.sub(r"//[^/\s]*@", "//…@", text)
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)


class Report(Struct):
    """The mistakes of one file so far."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)
    more: int = 0

    @property
    def full(self) -> bool:
        return len(self.mistakes) >= MOST

    def add(self, line: int | None, key: str, expected: str) -> None:
        if self.full:
            self.more += 1
        else:
            self.mistakes.append(Mistake(printable(self.file), line, key, expected))

    def check(self) -> None:
        """Raise ConfigError, in the order of the file, if there is any mistake."""
        if self.mistakes:
            raise self.error()

    def error(self) -> ConfigError:
        found = sorted(self.mistakes, key=lambda mistake: mistake.line or 0)
        if self.more:
            found.append(Mistake(printable(self.file), None, "", f"and {self.more} more mistakes"))
        return ConfigError(found)


def read(text: str, report: Report) -> Mapping:
    """The mapping that the file is; an empty file is an empty one. Raises ConfigError where reading cannot go on."""
    import yaml  # costs about 10 ms, and only what reads settings needs it

    text = text.removeprefix("\ufeff")
    if strange := NOT_IN_YAML.search(text):
        line = text.count("\n", 0, strange.start()) + 1
        report.add(line, "", f"not valid YAML: control character U+{ord(strange[0]):04X}")
        raise report.error()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = _Builder(yaml.parse(text, Loader=loader), report).document()
    except yaml.YAMLError as error:
        # libyaml misses what ought to follow behind the last line.
        line = min(_line(getattr(error, "problem_mark", None)), len(f"{text}.".splitlines()))
        tab = re.match(r" *\t", "".join(text.split("\n")[line - 1 : line]))
        hint = " (indent with spaces, not tabs)" if tab else ""
        report.add(line, "", f"not valid YAML: {_said(error)}{hint}")
        raise report.error() from None
    if isinstance(root, Mapping):
        return root
    report.add(root.line, "", f"expected a mapping with keys such as feeds and watchlist, got {kind(root)}")
    raise report.error()


def kind(node: Node) -> str:
    match node:
        case Scalar(text=text):
            return shown(text) if text else "nothing"
        case Sequence():
            return "a list"
        case _:
            return "a mapping"


def step(path: str, key: str | int) -> str:
    """The path of what is under `key`: `rules[3].when`, items counted from 0."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{_word(key)}" if path else _word(key)


@lru_cache(maxsize=256)  # a few words stand in each of a thousand items
def _word(key: str) -> str:
    return key if re.fullmatch(r"[\w-]+", key) and len(key) <= SHOWN else shown(key)


def _line(mark: object) -> int:
    """From 1. PyYAML counts from 0, and its events always have marks although their type leaves it open."""
    return int(getattr(mark, "line", 0)) + 1


def _said(error: yaml.YAMLError) -> str:
    problem = printable(getattr(error, "problem", None) or "it cannot be read")
    context = getattr(error, "context", None)
    begun = getattr(error, "context_mark", None)
    if context and begun and _line(begun) != _line(getattr(error, "problem_mark", None)):
        return f"{problem}, {context} that begins in line {_line(begun)}"
    return f"{problem}, {context}" if context else problem


class _Builder:
    def __init__(self, events: Iterator[yaml.Event], report: Report) -> None:
        self._events = events
        self._report = report

    def document(self) -> Node:
        import yaml

        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return Mapping({}, {}, 1)
        root = self._node(next(self._events), "", 0)
        next(self._events)  # the document's end
        if not isinstance(after := next(self._events), yaml.StreamEndEvent):
            self._report.add(_line(after.start_mark), "", "expected one YAML document, got a second one")
        if isinstance(root, Scalar) and not root.text:
            return Mapping({}, {}, 1)
        return root

    def _node(self, event: yaml.Event, path: str, depth: int) -> Node:
        import yaml

        line = _line(event.start_mark)
        if depth > DEEPEST:
            self._report.add(line, path, f"nested more than {DEEPEST} levels deep")
            raise self._report.error()
        if isinstance(event, yaml.AliasEvent):
            self._report.add(line, path, "aliases are not supported: write out what it stands for")
            return Refused(line)
        self._refuse_marks(event, path, line)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, line, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, step(path, len(items)), depth + 1))
            return Sequence(tuple(items), line)
        return Scalar(event.value, line)  # type: ignore[attr-defined] # what is left is a ScalarEvent

    def _mapping(self, path: str, line: int, depth: int) -> Mapping:
        import yaml

        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, path, depth + 1)
            name = key.text if isinstance(key, Scalar) else ""
            node = self._node(next(self._events), step(path, name), depth + 1)
            if not isinstance(key, Scalar):
                if not isinstance(key, Refused):
                    self._report.add(key.line, path, f"expected a key, got {kind(key)}")
            elif name in entries:
                self._report.add(key.line, step(path, name), f"given twice (first in line {lines[name]})")
            else:
                entries[name], lines[name] = node, key.line
        return Mapping(entries, lines, line)

    def _refuse_marks(self, event: yaml.Event, path: str, line: int) -> None:
        if getattr(event, "anchor", None):
            self._report.add(line, path, "anchors are not supported: remove the word that begins with &")
        if getattr(event, "tag", None):
            self._report.add(line, path, "tags are not supported: remove the word that begins with !")
