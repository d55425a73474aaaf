"""What every target holds its code to."""

from __future__ import annotations

import sys
import time
import unicodedata
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOINERS = "\u200c\u200d"  # kept where a script is spelled with them
_NEVER_SHOWN = ("Cc", "Cf", "Cs", "Zl", "Zp")
# A codec or a library may be imported at any moment, which is no concern of these promises.
_CODE = (".py", ".pyc", ".so")
_TOUCHING = ("open", "socket.", "subprocess.", "os.system", "os.exec", "os.remove", "os.rename", "os.mkdir", "os.rmdir")

_watching = False
_touched: list[str] = []


def one_clean_line(text: str) -> None:
    """No character in it steers a terminal, turns a line round or ends it."""
    bad = [char for char in text if unicodedata.category(char) in _NEVER_SHOWN and char not in _JOINERS]
    assert not bad, f"{bad[0]!a} in {text[:200]!a}"


def texts_in(value: object) -> Iterator[str]:
    """Every string within a model, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list | frozenset):
        for item in value:
            yield from texts_in(item)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from texts_in(getattr(value, name))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The block takes no more than so many seconds of processor time."""
    began = time.process_time()
    yield
    taken = time.process_time() - began
    assert taken <= seconds, f"took {taken:.2f} s of processor time, {seconds:g} at most"


@contextmanager
def nothing_touched() -> Iterator[None]:
    """The block opens no file and no socket, starts no process and changes nothing on the disk."""
    global _watching  # noqa: PLW0603 (the hook is the process's own)
    _watch()
    _touched.clear()
    _watching = True
    try:
        yield
    finally:
        _watching = False
    assert not _touched, f"touched {_touched}"


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _watching or not event.startswith(_TOUCHING):
        return
    if event == "open" and str(arguments[0]).endswith(_CODE):
        return
    _touched.append(f"{event} {arguments[:2]!r}"[:200])


@cache
def _watch() -> None:
    """Once; a hook cannot be taken away again."""
    sys.addaudithook(_hook)
