"""Between cells of the database and values of the models.

Moments are TEXT `YYYY-MM-DDTHH:MM:SS.mmmZ`, which sorts as time does and which datasette and people can read; spans are
seconds; dates are TEXT `YYYY-MM-DD`; tuples and models within models are JSON; sets of digests are one BLOB.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import asdict

from monitor.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PLAIN = frozenset({bool, int, float, str, bytes})  # stored as they are

Cell = str | int | float | bytes | None
Given = TypeVar("Given")
Value = TypeVar("Value")
Model = TypeVar("Model", bound=Struct)


def stamp(at: datetime) -> str:
    """An aware moment as it is stored, cut off after the milliseconds. Raises ValueError for one without a zone."""
    if at.tzinfo is None:
        raise ValueError(f"a moment without zone cannot be stored: {at}")
    there = at if at.tzinfo is UTC else at.astimezone(UTC)
    return there.isoformat(timespec="milliseconds")[:-6] + "Z"


def moment(text: str) -> datetime:
    """The stored moment, aware, UTC."""
    return datetime.fromisoformat(text)


def whole_ms(at: datetime) -> datetime:
    """`at` as it comes back from the database."""
    return moment(stamp(at))


def span(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def maybe(convert: Callable[[Given], Value], value: Given | None) -> Value | None:
    """`convert(value)`, None for None."""
    return None if value is None else convert(value)


def items(text: str) -> tuple[Any, ...]:
    """The items of a stored tuple."""
    return tuple(json.loads(text))


def digests_to_blob(digests: frozenset[bytes]) -> bytes:
    """One byte for the length that all of them have, then the digests in order, so that equal sets are equal bytes."""
    lengths = {len(digest) for digest in digests}
    if len(lengths) > 1:
        raise ValueError("digests of different lengths cannot be stored together")
    return bytes(lengths) + b"".join(sorted(digests))


def blob_to_digests(blob: bytes) -> frozenset[bytes]:
    if not blob:
        return frozenset()
    length = blob[0]
    return frozenset(blob[at : at + length] for at in range(1, len(blob), length))


def cell(value: object) -> Cell:
    """What of a model's field is stored. Strings of an enum are their value."""
    if value is None or type(value) in _PLAIN:
        return value  # type: ignore[return-value]  # it is one of _PLAIN
    match value:
        case date():
            return stamp(value) if isinstance(value, datetime) else value.isoformat()
        case timedelta():
            return value.total_seconds()
        case str():
            return str(value)
        case frozenset():
            return digests_to_blob(value)
    if isinstance(value, tuple | Struct):
        return json.dumps(value, ensure_ascii=False, default=_as_json)
    raise TypeError(f"{type(value).__name__} has no form in the database")


def _as_json(value: object) -> object:
    if isinstance(value, datetime | timedelta):
        return cell(value)
    return asdict(value)  # type: ignore[arg-type]  # a model


class Columns(Struct, Generic[Model], frozen=True):
    """The columns that hold a model, one for each field and of its name. `decode` turns cells into fields again."""

    make: Callable[..., Model]
    names: tuple[str, ...]
    decode: Mapping[str, Callable[[Any], object]]

    @classmethod
    def of(cls, model: type[Model], **decode: Callable[[Any], object]) -> Columns[Model]:
        names = model.__struct_fields__
        if unknown := decode.keys() - set(names):
            raise ValueError(f"{model.__name__} has no {sorted(unknown)}")
        return cls(model, names, decode)

    def row(self, model: Model) -> dict[str, Cell]:
        return {name: cell(getattr(model, name)) for name in self.names}

    def model(self, cells: Sequence[Any] | Mapping[str, Any]) -> Model:
        """The model from its cells in the order of `names`, or by name.

        Raises StoreError for cells that another version of this program must have written.
        """
        named = dict(cells) if isinstance(cells, Mapping) else dict(zip(self.names, cells, strict=True))
        try:
            for name, decode in self.decode.items():
                if (value := named.get(name)) is not None:
                    named[name] = decode(value)
            return self.make(**named)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"the database holds what this version of the program cannot read: {error}") from error

    def select(self, rest: str, *first: str) -> str:
        """`rest` begins with FROM; `first` are columns before those of the model."""
        return f"SELECT {', '.join((*first, *self.names))} {rest}"

    def insert(self, table: str, verb: str = "INSERT", *first: str) -> str:
        """With named placeholders, for `row` and the columns that come `first`."""
        names = (*first, *self.names)
        marks = ", ".join(f":{name}" for name in names)
        return f"{verb} INTO {table} ({', '.join(names)}) VALUES ({marks})"

    def update(self, table: str, key: str) -> str:
        """All other columns of the row that has this `key`, likewise."""
        changes = ", ".join(f"{name} = :{name}" for name in self.names if name != key)
        return f"UPDATE {table} SET {changes} WHERE {key} = :{key}"  # noqa: S608 (names of fields)


class Kept(Generic[Model]):
    """Models that are read again and again: of rows that read as they did the last time, the same objects as then."""

    def __init__(self, decode: Callable[[tuple[Any, ...]], Model]) -> None:
        self._decode = decode
        self._known: dict[tuple[Any, ...], Model] = {}

    def models(self, rows: Iterable[tuple[Any, ...]]) -> list[Model]:
        """One for each row; no two rows are the same."""
        known = self._known
        self._known = {row: known[row] if row in known else self._decode(row) for row in rows}
        return list(self._known.values())
