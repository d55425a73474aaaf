"""The numbers printed in the baseline's documents and their places, without the documents' text.

    python -m tests.figures FOLDER > tests/data/figures.csv

A number is a run of the digits 0 to 9 with single commas or full stops inside it, exactly as printed: "1,430", "0.65",
"2025.01.29", the misprint "6,00". Digits that follow a Latin letter directly are part of a name and no number (H800,
R1, S&P500, AlpacaEval2.0). Every other run counts, also one after a hyphen or before a letter (GPT-4o, 1bp). A number
that is printed several times on a line appears once, where it comes first.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

RUN = re.compile(r"(?P<glued>[A-Za-z]?)(?P<number>[0-9]+(?:[.,][0-9]+)*)")


def figures(text: str) -> list[tuple[int, str]]:
    """(line, number) in reading order; lines count from 1 and end with a line feed, as `sed -n` and editors count."""
    found = (
        (line, run["number"])
        for line, words in enumerate(text.split("\n"), start=1)
        for run in RUN.finditer(words)
        if not run["glued"]
    )
    return list(dict.fromkeys(found))


def main(folder: Path) -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("document", "line", "number"))
    for document in sorted(folder.glob("*.txt")):
        rows.writerows((document.name, *place) for place in figures(document.read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
