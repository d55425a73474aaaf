"""One data file read into documents or records; whatever is not as docs/baseline.md says is refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from monitor.errors import BaselineError
from monitor.models.baseline import (
    DayPart,
    Disagreement,
    Document,
    DocumentKind,
    Precision,
    Qualifier,
    Record,
    RecordKind,
    Source,
    Text,
    When,
)
from monitor.when import NEW_YORK

E = TypeVar("E", bound=StrEnum)

UNITS = frozenset({
    *("percent", "percent_a_year", "basis_points", "USD", "KRW", "CNY", "points", "times", "chips"),
    *("months", "weeks", "years", "rank", "count"),
})  # fmt: skip
TOLD = frozenset({
    *(RecordKind.HARDWARE, RecordKind.BENCHMARK),  # no test's score is printed, and chips also without a number
    *(RecordKind.TIMELINE, RecordKind.COMPANY, RecordKind.VIEW, RecordKind.QUESTION),
})  # fmt: skip
"""The kinds that may be without a figure."""

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NUMBER = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
NULL = frozenset({"", "~", "null"})
LINE = re.compile(r"[1-9]\d*", re.ASCII)
SUMMARY = 160  # characters at most: two lines of a terminal
NOTE = 240


class Entry(Struct):
    """A mapping of a data file, from which every key must be taken. `place` names it in errors."""

    place: str
    left: dict[str, object]

    @classmethod
    def of(cls, content: object, place: str) -> Entry:
        if not isinstance(content, dict):
            raise BaselineError(f"{place}: expected a mapping")
        return cls(place, dict(content))

    def wrong(self, what: str) -> BaselineError:
        return BaselineError(f"{self.place}: {what}")

    def take(self, key: str) -> object:
        return self.left.pop(key, None)

    def text(self, key: str) -> str:
        found = self.maybe_text(key)
        if found is None:
            raise self.wrong(f"{key} is missing")
        return found

    def maybe_text(self, key: str) -> str | None:
        found = self.take(key)
        if found is not None and not (isinstance(found, str) and found.strip()):
            raise self.wrong(f"{key} must be text, not {found!r}")
        return found

    def number(self, key: str) -> float | None:
        found = self.maybe_text(key)
        if found is not None and not NUMBER.fullmatch(found):
            raise self.wrong(f"{key} must be a number, not {found!r}")
        return None if found is None else float(found)

    def choice(self, key: str, of: type[E]) -> E:
        found = self.maybe_choice(key, of)
        if found is None:
            raise self.wrong(f"{key} is missing")
        return found

    def maybe_choice(self, key: str, of: type[E]) -> E | None:
        found = self.maybe_text(key)
        try:
            return None if found is None else of(found)
        except ValueError:
            raise self.wrong(f"{key} is {found!r}, not one of {', '.join(of)}") from None

    def languages(self, key: str, longest: int = NOTE) -> Text:
        inner = Entry.of(self.take(key), f"{self.place}: {key}")
        text = Text(en=inner.text("en"), ko=inner.text("ko"))
        inner.done()
        for sentence in (text.en, text.ko):
            if len(sentence) > longest:
                raise self.wrong(f"{key} is longer than {longest} characters: {sentence}")
        return text

    def many(self, key: str) -> list[object]:
        found = self.take(key)
        if not isinstance(found, list) or not found:
            raise self.wrong(f"{key} must be a list")
        return found

    def done(self) -> None:
        if self.left:
            raise self.wrong(f"{next(iter(self.left))} is not a field here")


def documents(text: str, name: str) -> Iterable[Document]:
    """Raises BaselineError, as everything here does."""
    for number, content in enumerate(_list(text, name), start=1):
        entry = Entry.of(content, f"{name}: document {number}")
        entry.place = f"{name}: {entry.left.get('file')}"
        document = Document(
            file=entry.text("file"),
            author=entry.maybe_text("author"),
            outlet=entry.maybe_text("outlet"),
            date=_date(entry),
            dating=entry.languages("dating"),
            kind=entry.choice("kind", DocumentKind),
            about=entry.languages("about"),
        )
        entry.done()
        yield document


def records(text: str, name: str, known: Mapping[str, Document]) -> tuple[list[Record], list[Disagreement]]:
    file = Entry.of(_loaded(text, name), name)
    found = [_record(content, name, known) for content in file.many("records")]
    disputed = [_disagreement(content, name) for content in (file.many("disagreements") if file.left else [])]
    file.done()
    return found, disputed


def _record(content: object, name: str, known: Mapping[str, Document]) -> Record:
    entry = Entry.of(content, f"{name}: a record")
    number = entry.text("id")
    entry.place = f"{name}: {number}"
    if not ID.fullmatch(number):
        raise entry.wrong("an id has lower-case letters, digits and single hyphens")
    record = Record(
        id=number,
        kind=entry.choice("kind", RecordKind),
        subject=entry.text("subject"),
        symbol=entry.maybe_text("symbol"),
        when=_when(entry),
        session=entry.maybe_choice("session", DayPart),
        value=entry.number("value"),
        low=entry.number("low"),
        high=entry.number("high"),
        unit=entry.maybe_text("unit"),
        qualifier=entry.maybe_choice("qualifier", Qualifier),
        summary=entry.languages("summary", SUMMARY),
        sources=tuple(_source(each, entry.place, known) for each in entry.many("sources")),
    )
    entry.done()
    if flaw := _flaw(record):
        raise entry.wrong(flaw)
    return record


def _flaw(record: Record) -> str | None:
    ends = [end for end in (record.low, record.high) if end is not None]
    if record.value is None and not ends:
        if record.kind in TOLD:
            return "a unit or a qualifier without a figure" if record.unit or record.qualifier else None
        return f"a {record.kind} has a value, or low and high"
    if record.value is not None and ends:
        return "either value, or low and high"
    if record.unit not in UNITS:
        return f"unit is {record.unit!r}, not one of {', '.join(sorted(UNITS))}"
    if record.qualifier is None:
        return "a figure without a qualifier"
    return _flaw_of_range(record, ends) if ends else None


def _flaw_of_range(record: Record, ends: list[float]) -> str | None:
    if (record.qualifier is Qualifier.DIRECTION_ONLY) != (ends == [0]):
        return "a direction alone has low: 0 for a rise or high: 0 for a fall, and the qualifier direction_only"
    if len(ends) == 2 and ends[0] >= ends[1]:
        return f"low {ends[0]:g} is not below high {ends[1]:g}"
    if len(ends) == 1 and ends != [0]:
        return "a range has both low and high (more_than and less_than qualify a value)"
    return None


def _source(content: object, place: str, known: Mapping[str, Document]) -> Source:
    entry = Entry.of(content, f"{place}: a source")
    file = entry.text("document")
    if file not in known:
        raise entry.wrong(f"{file} is not in documents.yaml")
    line = entry.text("line")
    if not LINE.fullmatch(line):
        raise entry.wrong(f"line must be a line's number, not {line!r}")
    figures = entry.many("figures") if "figures" in entry.left else []
    source = Source(
        document=known[file],
        line=int(line),
        figures=tuple(_figure(entry, figure) for figure in figures),
        quotes=entry.maybe_text("quotes"),
        as_read=entry.maybe_text("as_read"),
        correction=entry.maybe_text("correction"),
    )
    entry.done()
    if (source.as_read is None) != (source.correction is None):
        raise entry.wrong("as_read and correction go together")
    return source


def _figure(entry: Entry, figure: object) -> str:
    if not isinstance(figure, str) or not re.fullmatch(r"[\d.,]+", figure):
        raise entry.wrong(f'a figure is written as it is printed ("1,430"), not {figure!r}')
    return figure


def _disagreement(content: object, name: str) -> Disagreement:
    entry = Entry.of(content, f"{name}: a disagreement")
    number = entry.text("id")
    entry.place = f"{name}: disagreement {number}"
    disputed = tuple(str(each) for each in entry.many("records"))
    note = entry.languages("note")
    entry.done()
    if len(set(disputed)) < 2:
        raise entry.wrong("it takes two different records to disagree")
    return Disagreement(id=number, records=disputed, note=note)


def _date(entry: Entry) -> date | None:
    given = entry.maybe_text("date")
    try:
        return None if given is None else date.fromisoformat(given)
    except ValueError:
        raise entry.wrong(f"date must be a date, not {given!r}") from None


def _when(entry: Entry) -> When | None:
    content = entry.take("when")
    if content is None:
        return None
    inner = Entry.of(content, f"{entry.place}: when")
    precision, at = _moment(inner, "at", inner.take("at"))
    zone, last = inner.maybe_text("zone"), inner.take("until")
    inner.done()
    if (precision is Precision.MINUTE) != (zone is not None) or zone not in {None, "New York"}:
        raise inner.wrong("zone: New York stands with a minute and with nothing else")
    if last is None:
        return When(precision=precision, at=at)
    _, until = _moment(inner, "until", last, ends=True)
    if isinstance(until, datetime) or isinstance(at, datetime) or until < at:
        raise inner.wrong("until must be a date, month or year after a first one")
    return When(precision=precision, at=at, until=until)


def _moment(entry: Entry, key: str, given: object, *, ends: bool = False) -> tuple[Precision, date | datetime]:
    """The first day of what is given, or its last where it `ends` a span."""
    text = str(given)
    try:
        if re.fullmatch(r"\d{4}", text):
            return Precision.YEAR, date(int(text), 12, 31) if ends else date(int(text), 1, 1)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            return Precision.MONTH, _end_of_month(text) if ends else date.fromisoformat(f"{text}-01")
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return Precision.DAY, date.fromisoformat(text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}", text):
            return Precision.MINUTE, datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)
    except ValueError as error:
        raise entry.wrong(f"{key}: {error}") from error
    raise entry.wrong(f"{key} is {text!r}, not 2025, 2025-01, 2025-01-27 or 2025-01-27T07:50")


def _end_of_month(text: str) -> date:
    year, month = map(int, text.split("-"))
    return date(year + month // 12, month % 12 + 1, 1) - date.resolution


def _list(text: str, name: str) -> list[object]:
    content = _loaded(text, name)
    if not isinstance(content, list):
        raise BaselineError(f"{name}: expected a list")
    return content


def _loaded(text: str, name: str) -> object:
    import yaml

    # libyaml's parser is ten times as fast; it is missing where PyYAML was built without it
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _built(loader(text).get_event)
    except (yaml.YAMLError, ValueError) as error:
        raise BaselineError(f"{name}: {error}") from error


def _built(next_event: Callable[[], object]) -> object:
    """The document of lists, mappings, text and None. Its entries know what is a number or a date; for PyYAML to find
    that out takes three times as long as to parse it. Raises ValueError for an alias, and for a key that stands twice.
    """
    from yaml import events

    opened: list[list[object]] = [[]]
    while not isinstance(event := next_event(), events.StreamEndEvent):
        match event:
            case events.ScalarEvent(value=text, implicit=(plain, _)):
                opened[-1].append(None if plain and text in NULL else text)
            case events.CollectionStartEvent():
                opened.append([])
            case events.SequenceEndEvent():
                opened[-2].append(opened.pop())
            case events.MappingEndEvent():
                opened[-2].append(_mapping(opened.pop()))
            case events.AliasEvent():
                raise ValueError("aliases are not known here")
    if len(opened[0]) > 1:
        raise ValueError("there is more than one document in it")
    return opened[0][0] if opened[0] else None


def _mapping(content: list[object]) -> dict[object, object]:
    keys = content[::2]
    if not all(isinstance(key, str) for key in keys) or len(set(keys)) < len(keys):
        raise ValueError(f"the keys of a mapping are different words, not {keys}")
    return dict(zip(keys, content[1::2], strict=True))
