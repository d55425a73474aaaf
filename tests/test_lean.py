"""Leaving out what an import takes along: for one thread, for a while, and never what is there already."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from monitor.lean import without

SEEN = "print(*{'pandas', 'numpy', 'rich', 'click'} & set(sys.modules))"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that can be imported and was not yet."""
    (tmp_path / "seldom_wanted.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "seldom_wanted", raising=False)
    return "seldom_wanted"


def test_a_module_that_is_left_out_is_not_installed_until_the_block_ends(module: str) -> None:
    with without(module), pytest.raises(ModuleNotFoundError, match=f"{module} is left out"):
        importlib.import_module(module)
    importlib.import_module(module)


def test_all_other_modules_are_found(module: str) -> None:
    with without("something_else"):
        importlib.import_module(module)


def test_what_is_loaded_already_stays_so(module: str) -> None:
    loaded = importlib.import_module(module)
    with without(module):
        assert importlib.import_module(module) is loaded


def test_another_thread_imports_what_it_likes(module: str) -> None:
    thread = threading.Thread(target=importlib.import_module, args=(module,))
    with without(module):
        thread.start()
        thread.join()
        assert module in sys.modules


@pytest.mark.parametrize(
    "code",
    [
        "from monitor.sources.fetch import FeedClient",
        "from pathlib import Path; from monitor.store.writer import Writer; Writer.open(Path(sys.argv[1])).close()",
    ],
)
def test_neither_fetching_nor_making_a_database_takes_data_frames_or_a_command_line_along(
    code: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", f"import sys; {code}; {SEEN}", str(tmp_path / "monitor.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[1])
    assert set(done.stdout.split()) <= {"click"}, "sqlite-utils needs click"
