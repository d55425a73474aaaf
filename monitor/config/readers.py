"""What a value may be, as small typed readers that are put together: a scalar, a name, a list, a record with keys.

A reader says what it expects (`says`, which the messages and docs/configuration.md share) and reads a `Value`. A value
that is wrong is recorded in the report and raises `Unread`; lists and records go on with what stands beside it and
raise at their end, so one pass finds every mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Mapping as Dict
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from msgspec import Struct, field

from monitor.config.document import SHOWN, Mapping, Node, Refused, Report, Scalar, Sequence, kind, shown, step

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

FEW = 12  # names that a message lists when none of them is close


class Unread(Exception):
    """There was a mistake, and it is in the report."""


class Value(NamedTuple):
    """A node and where it is: `path` such as `rules[3].when`, and the line that a message names."""

    node: Node
    path: str
    line: int
    report: Report

    def wrong(self, what: str) -> Unread:
        if not isinstance(self.node, Refused):
            self.report.add(self.line, self.path, what)
        return Unread()

    def entry(self, mapping: Mapping, key: str) -> Value:
        return Value(mapping.entries[key], step(self.path, key), mapping.lines[key], self.report)

    def item(self, node: Node, index: int) -> Value:
        return Value(node, step(self.path, index), node.line, self.report)


class Reader(Protocol[T_co]):
    @property
    def says(self) -> str:
        """What is expected, as it follows that word: `a duration from 1s to 1d`."""

    def read(self, value: Value) -> T_co:
        """Raises Unread, once the report has the mistake."""


class Text(Struct, Generic[T], frozen=True):
    """One scalar. `convert` gets its text and raises ValueError, with a hint or empty, for what it does not take.

    A message does not repeat the text of a `secret` one.
    """

    says: str
    convert: Callable[[str], T]
    secret: bool = False

    def read(self, value: Value) -> T:
        node = value.node
        if not isinstance(node, Scalar):
            raise value.wrong(self._got(node))
        text = node.text.strip()
        if not text.isprintable():
            raise value.wrong(f"{self._got(node)} (it holds a line break, a control character or an invisible one)")
        try:
            return self.convert(text)
        except ValueError as hint:
            raise value.wrong(f"{self._got(node)} ({hint})" if str(hint) else self._got(node)) from None

    def _got(self, node: Node) -> str:
        return f"expected {self.says}, got {'something else' if self.secret else kind(node)}"


class Name(Struct, Generic[T], frozen=True):
    """A scalar that names one of `known`. None: their section could not be read, so that nothing is said of names."""

    says: str
    known: Dict[str, T] | None
    unchecked: Callable[[str], T]

    def read(self, value: Value) -> T:
        name = Text(self.says, str).read(value)
        if self.known is None:
            return self.unchecked(name)
        if name in self.known:
            return self.known[name]
        hint = "" if value.report.full else suggestion(name, self.known)
        raise value.wrong(f"expected {self.says}, got {shown(name) if name else 'nothing'}{hint}")


class ListOf(Struct, Generic[T], frozen=True):
    """`unique` are the keys under which no two items may have the same text, once folded; "" is the item itself.

    That is looked at in the tree, so that it is found in items that have other mistakes too.
    """

    item: Reader[T]
    says: str
    at_least: int = 0
    unique: Dict[str, Callable[[str], str]] = field(default_factory=dict)

    def read(self, value: Value) -> tuple[T, ...]:
        if not isinstance(value.node, Sequence):
            hint = " (write [] for none)" if kind(value.node) == "nothing" and not self.at_least else ""
            raise value.wrong(f"expected {self.says}, got {kind(value.node)}{hint}")
        if len(value.node.items) < self.at_least:
            raise value.wrong(f"expected {self.says}, at least {self.at_least}, got {len(value.node.items)}")
        found: list[T] = []
        seen: dict[tuple[str, str], int] = {}
        good = True
        for index, node in enumerate(value.node.items):
            place = value.item(node, index)
            good &= self._is_new(place, seen)
            try:
                found.append(self.item.read(place))
            except Unread:
                good = False
        if not good:
            raise Unread
        return tuple(found)

    def _is_new(self, item: Value, seen: dict[tuple[str, str], int]) -> bool:
        good = True
        for key, fold in self.unique.items():
            at = item.entry(item.node, key) if isinstance(item.node, Mapping) and key in item.node.entries else item
            if not isinstance(at.node, Scalar):
                continue
            mark = (key, fold(at.node.text.strip()))
            if mark in seen:
                at.wrong(f"already used in line {seen[mark]}")
                good = False
            seen.setdefault(mark, at.line)
        return good


class Key(Struct, Generic[T], frozen=True):
    """`into` is the argument that takes the value, where it cannot have the key's own name."""

    reader: Reader[T]
    required: bool = False
    into: str = ""


def needs(reader: Reader[T], into: str = "") -> Key[T]:
    return Key(reader, required=True, into=into)


def may(reader: Reader[T], into: str = "") -> Key[T]:
    return Key(reader, into=into)


class Record(Struct, Generic[T], frozen=True):
    """A mapping with known keys. `make` takes those given, so that its own defaults are the defaults of the settings.

    What `make` raises as ValueError is a mistake of the mapping as a whole: two keys that do not go together.
    """

    says: str
    make: Callable[..., T]
    keys: Dict[str, Key[Any]]

    def read(self, value: Value) -> T:
        node = value.node
        if not isinstance(node, Mapping):
            raise value.wrong(f"expected {self.says}, got {kind(node)}")
        given: dict[str, Any] = {}
        good = True
        for name in node.entries:
            place = value.entry(node, name)
            if (key := self.keys.get(name)) is None:
                place.wrong(f"unknown key{'' if value.report.full else suggestion(name, self.keys)}")
                good = False
                continue
            try:
                given[key.into or name] = key.reader.read(place)
            except Unread:
                good = False
        for name, key in self.keys.items():
            if key.required and name not in node.entries:
                value.report.add(value.line, step(value.path, name), f"missing: expected {key.reader.says}")
                good = False
        if not good:
            raise Unread
        try:
            return self.make(**given)
        except ValueError as mistake:
            raise value.wrong(str(mistake)) from None


class Later(Struct, Generic[T], frozen=True):
    """A reader that is made when it is needed, for a record that holds records of its own kind."""

    says: str
    reader: Callable[[], Reader[T]]

    def read(self, value: Value) -> T:
        return self.reader().read(value)


class Pairs(Struct, Generic[T], frozen=True):
    """A mapping whose keys are the user's: `name` raises ValueError for a key that it does not take."""

    says: str
    name: Callable[[str], str]
    value: Reader[T]

    def read(self, value: Value) -> tuple[tuple[str, T], ...]:
        if not isinstance(value.node, Mapping):
            raise value.wrong(f"expected {self.says}, got {kind(value.node)}")
        found: list[tuple[str, T]] = []
        for key in value.node.entries:
            place = value.entry(value.node, key)
            try:
                found.append((self.name(key), self.value.read(place)))
            except ValueError as hint:
                place.wrong(str(hint))
            except Unread:
                continue
        if len(found) < len(value.node.entries):
            raise Unread
        return tuple(found)


def suggestion(word: str, known: Collection[str]) -> str:
    """`; did you mean X?`, else the names there are when they are few, else nothing."""
    if close := closest(word, known):
        return f"; did you mean {_named(close)}?"
    return f"; there are {', '.join(map(_named, known))}" if 0 < len(known) <= FEW else ""


def _named(name: str) -> str:
    """As it is; what is wrong with it is said where it stands, and must not spoil this line."""
    return name if name.isprintable() and len(name) <= SHOWN else shown(name)


def closest(word: str, known: Collection[str]) -> str | None:
    import difflib  # only a mistake needs it

    folded = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), folded, n=1)
    return folded[close[0]] if close else None
