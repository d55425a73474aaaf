"""Imports without what a library takes along wherever it is installed, and we have no use for."""

from __future__ import annotations

import sys
from _thread import get_ident
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """In the block, and in this thread alone, `modules` are not installed; what is loaded already stays so.

    Only for modules that an importer can do without, and says so by catching ImportError.
    """
    finder = _NotInstalled(modules)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _NotInstalled:
    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = frozenset(modules)
        self._thread = get_ident()

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """Raises ModuleNotFoundError for the modules, and leaves all others to those who know them."""
        del path, target
        if fullname in self._modules and get_ident() == self._thread:
            raise ModuleNotFoundError(f"{fullname} is left out here", name=fullname)
