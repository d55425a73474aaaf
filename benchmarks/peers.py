"""The programs that we are measured against, each in an environment of its own: `python -m benchmarks.peers` sets up.

newsboat and sfeed are Debian packages and are only looked for. The others come from PyPI, each with what it needs, in
the versions that are named here, into `.peers/` of the checkout.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / ".peers"
DEBIAN = ("newsboat", "sfeed_update")
PYPI = {
    "reader": "reader==3.26",
    "rss2email": "rss2email==3.14",
    "stockstui": "stocksTUI==0.1.0b14",
    "stonks": "stonks-cli==0.6.4",
}
_COMMANDS = {"reader": "python", "rss2email": "r2e", "stockstui": "stockstui", "stonks": "stonks"}


def peer(name: str) -> Path | None:
    """The program of this peer (reader is a library: its Python), or None where it is not installed."""
    if name in PYPI:
        program = FOLDER / name / "bin" / _COMMANDS[name]
        return program if program.exists() else None
    found = shutil.which(name)
    return Path(found) if found else None


@cache
def version(name: str) -> str:
    """As the peer itself or its package says it; "not installed" where it is not."""
    if peer(name) is None:
        return "not installed"
    if name in PYPI:
        return PYPI[name].partition("==")[2]
    package = name.partition("_")[0]
    command = ["dpkg-query", "--showformat", "${Version}", "--show", package]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout or "of unknown version"


def main() -> None:
    for name, requirement in PYPI.items():
        if peer(name) is None:
            print(f"{requirement} into {FOLDER.name}/{name}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", FOLDER / name], check=True)
            pip = [str(FOLDER / name / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
            subprocess.run([*pip, "--quiet", requirement], check=True)
    for name in DEBIAN:
        if peer(name) is None:
            print(f"{name} is not here: apt install {name.partition('_')[0]}")


if __name__ == "__main__":
    main()
