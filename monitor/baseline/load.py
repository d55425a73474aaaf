"""The packaged records, read and checked. That takes some 40 ms, so it is done when first asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from functools import cache, cached_property
from typing import TYPE_CHECKING
from zlib import crc32

from msgspec import Struct

from monitor.errors import BaselineError
from monitor.when import NEW_YORK

if TYPE_CHECKING:
    from monitor.models.baseline import Disagreement, Document, Record, When

DOCUMENTS = "documents.yaml"


class Baseline(Struct, frozen=True, dict=True):
    """All that was recorded. `records` are in the order of time, those without a time last.

    `digest` changes with anything in the data.
    """

    documents: tuple[Document, ...]
    records: tuple[Record, ...]
    disagreements: tuple[Disagreement, ...]
    digest: str

    @cached_property
    def _by_id(self) -> Mapping[str, Record]:
        return {record.id: record for record in self.records}

    @cached_property
    def _by_symbol(self) -> Mapping[str, tuple[Record, ...]]:
        symbols = dict.fromkeys(record.symbol for record in self.records if record.symbol is not None)
        return {symbol: tuple(record for record in self.records if record.symbol == symbol) for symbol in symbols}

    @cached_property
    def _disputes(self) -> Mapping[str, tuple[Disagreement, ...]]:
        disputed = {number for disagreement in self.disagreements for number in disagreement.records}
        return {number: tuple(each for each in self.disagreements if number in each.records) for number in disputed}

    def record(self, number: str) -> Record:
        """The record with that id. Raises KeyError."""
        return self._by_id[number]

    def of(self, symbol: str) -> tuple[Record, ...]:
        return self._by_symbol.get(symbol, ())

    def disagreements_of(self, number: str) -> tuple[Disagreement, ...]:
        """Those that the record with that id is part of."""
        return self._disputes.get(number, ())


@cache
def load() -> Baseline:
    """The packaged records. Raises BaselineError where they are not as docs/baseline.md says."""
    return parse(_texts())


def in_steps() -> Iterator[Baseline | None]:
    """As `load`, in steps of some milliseconds between which others may work; the records come with the last."""
    return _steps(_texts())


@cache
def digest() -> str:
    """That of the packaged records, for a twentieth of what it costs to read them."""
    return _digest(_texts())


def _texts() -> dict[str, str]:
    from importlib.resources import files  # not at the top: the settings import this room and read no record

    folder = files("monitor.baseline") / "data"
    return {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir() if entry.name.endswith(".yaml")}


def parse(texts: Mapping[str, str]) -> Baseline:
    """The records of data files by file name. Raises BaselineError with the file, the record and what is wrong."""
    *_, baseline = filter(None, _steps(texts))
    return baseline


def _steps(texts: Mapping[str, str]) -> Iterator[Baseline | None]:
    from monitor.baseline import entries

    if DOCUMENTS not in texts:
        raise BaselineError(f"{DOCUMENTS}: missing")
    documents = {document.file: document for document in entries.documents(texts[DOCUMENTS], DOCUMENTS)}
    records: list[Record] = []
    disagreements: list[Disagreement] = []
    for name in sorted(texts.keys() - {DOCUMENTS}):
        found, disputed = entries.records(texts[name], name, documents)
        records += found
        disagreements += disputed
        yield None
    _check_ids((record.id for record in records), "record")
    _check_ids((disagreement.id for disagreement in disagreements), "disagreement")
    _check_references(disagreements, {record.id for record in records})
    yield Baseline(
        documents=tuple(documents.values()),
        records=tuple(sorted(records, key=_time_order)),
        disagreements=tuple(disagreements),
        digest=_digest(texts),
    )


def _check_ids(ids: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for number in ids:
        if number in seen:
            raise BaselineError(f"two {what}s are named {number}")
        seen.add(number)


def _check_references(disagreements: Sequence[Disagreement], known: set[str]) -> None:
    for disagreement in disagreements:
        if missing := [number for number in disagreement.records if number not in known]:
            raise BaselineError(f"disagreement {disagreement.id}: there is no record {missing[0]}")


def _time_order(record: Record) -> tuple[datetime, str]:
    return (starts_at(record.when) if record.when else datetime.max.replace(tzinfo=UTC), record.id)


def starts_at(when: When) -> datetime:
    """The first moment of it; a date begins at midnight in New York."""
    if isinstance(when.at, datetime):
        return when.at
    first: date = when.at
    return datetime.combine(first, time(), NEW_YORK).astimezone(UTC)


def _digest(texts: Mapping[str, str]) -> str:
    """Nobody forges it; and hashlib would bring OpenSSL into every viewer, 3 MB of it."""
    total = 0
    for name in sorted(texts):
        total = crc32(f"{name}\0{texts[name]}\0".encode(), total)
    return f"{total:08x}"
