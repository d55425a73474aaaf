"""The packaged records: complete, as printed, and refused by name where they are not as docs/baseline.md says."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from importlib.resources import files
from itertools import product
from pathlib import Path

import pytest

from monitor import baseline
from monitor.baseline.load import parse
from monitor.errors import BaselineError
from monitor.markup import clean
from monitor.models.baseline import DayPart, Precision, Qualifier, Record, RecordKind, Source
from monitor.when import NEW_YORK

DATA = Path(__file__).parent / "data"
Printed = tuple[str, int, str]
"""A document, a line of it, and a number as it is printed there."""


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def places(name: str) -> set[Printed]:
    return {(row["document"], int(row["line"]), row["number"]) for row in rows(name)}


def claims() -> Iterator[tuple[Record, Source]]:
    return ((record, source) for record in baseline.load().records for source in record.sources)


def claimed() -> set[Printed]:
    return {(source.document.file, source.line, figure) for _, source in claims() for figure in source.figures}


def test_every_figure_of_the_documents_is_in_a_record_or_left_out_with_a_reason() -> None:
    assert places("figures.csv") - claimed() - places("figures_left_out.csv") == set()


def test_no_record_claims_a_figure_that_is_not_printed_there() -> None:
    assert claimed() - places("figures.csv") == set()


def test_a_figure_is_left_out_only_where_it_is_printed_and_in_no_record() -> None:
    left_out = places("figures_left_out.csv")
    assert left_out - places("figures.csv") == set()
    assert left_out & claimed() == set()


def test_the_figures_left_out_have_few_reasons() -> None:
    left_out = rows("figures_left_out.csv")
    assert all(row["reason"] for row in left_out)
    assert len({row["reason"] for row in left_out}) <= 6
    assert len(left_out) < len(places("figures.csv")) / 2


def amounts(source: Source) -> set[float]:
    """What the printed figures may mean: times a power of ten, alone or two together (557만 6000, 1억 9,100만)."""
    printed = [float(figure.replace(",", "")) for figure in source.figures if figure.count(".") < 2]
    alone = {figure * 10**power for figure in printed for power in range(14)}
    return alone | {large + small for large, small in product(alone, alone)}


def carries(record: Record, source: Source) -> bool:
    numbers = [abs(number) for number in (record.value, record.low, record.high) if number]
    meant = amounts(source)
    return all(any(math.isclose(number, amount) for amount in meant) for number in numbers)


def test_every_number_of_a_record_is_the_one_printed_but_for_misprints_and_words() -> None:
    wordless = {
        (record.id, source.line) for record, source in claims() if not source.as_read and not carries(record, source)
    }
    assert wordless <= IN_WORDS


IN_WORDS: set[tuple[str, int]] = set()
"""Records whose number the document writes out in words (first, half, zero), by id and line."""


def test_the_replayed_day_and_the_records_say_the_same() -> None:
    with (files("monitor.demo") / "waypoints.csv").open(encoding="utf-8") as file:
        waypoints = [row for row in csv.DictReader(file) if row["measure"] == "change"]
    recorded = {
        (record.symbol, source.document.file, abs(figure))
        for record, source in claims()
        if record.kind is RecordKind.MOVE
        for figure in (record.value, record.low, record.high)
        if figure is not None
    }
    missing = [row for row in waypoints if (row["symbol"], row["document"], abs(float(row["figure"]))) not in recorded]
    assert missing == []


def test_every_kind_and_every_document_has_records() -> None:
    known = baseline.load()
    assert {record.kind for record in known.records} == set(RecordKind)
    assert {source.document.file for _, source in claims()} == {document.file for document in known.documents}
    assert len(known.documents) == 5


def test_summaries_are_one_clean_line_in_two_languages() -> None:
    for record in baseline.load().records:
        for text in (record.summary.en, record.summary.ko):
            assert clean(text) == text, record.id
        assert not re.search("[\uac00-\ud7a3]", record.summary.en), record.id
        assert re.search("[\uac00-\ud7a3]", record.summary.ko), record.id


def test_what_fell_is_negative_and_what_rose_is_positive() -> None:
    for record in baseline.load().records:
        if record.kind is RecordKind.MOVE and record.figure is not None and record.session is not None:
            fell = bool(re.search(r"\b(fell|fall|down|lost|dropped|slid|sank|plunged|tumbled)\b", record.summary.en))
            rose = bool(re.search(r"\b(rose|rise|up|gained|climbed|added)\b", record.summary.en))
            assert fell != rose or record.figure, record.id
            assert (record.figure < 0) == fell or fell == rose, record.id


@pytest.mark.parametrize(
    ("records", "what"),
    [
        ({"NVDA:-17", "NVDA:-15"}, "how far Nvidia fell"),
        ({"AMOUNT:5600000", "AMOUNT:5576000", "AMOUNT:6000000"}, "what the model cost"),
        ({"AMOUNT:500000000000", "AMOUNT:100000000000"}, "how large Stargate is"),
        ({"NVDA-VALUE:600000000000", "NVDA-VALUE:500000000000"}, "what Nvidia lost in value"),
        ({"CEG:-11", "CEG:-25"}, "how far power shares fell"),
    ],
)
def test_where_the_documents_disagree_the_records_are_linked(records: set[str], what: str) -> None:
    known = baseline.load()

    def named(record: Record) -> set[str]:
        if record.figure is None:
            return set()
        value = f"{abs(record.figure):g}" if record.unit == "USD" else f"{record.figure:g}"
        amount = f"{abs(record.figure):.0f}"
        return {f"{record.symbol}:{value}", f"AMOUNT:{amount}", f"{record.symbol}-VALUE:{amount}"}

    together = [
        {name for number in disagreement.records for name in named(known.record(number))}
        for disagreement in known.disagreements
    ]
    assert any(records <= names for names in together), what


def test_the_move_at_a_minute_stands_at_new_yorks_clock() -> None:
    moves = [
        record
        for record in baseline.load().of("NVDA")
        if record.kind is RecordKind.MOVE and record.when and record.when.precision is Precision.MINUTE
    ]
    clocks = {f"{record.when.at.astimezone(NEW_YORK):%H:%M}": record for record in moves if record.when}  # type: ignore[attr-defined]
    assert clocks["07:50"].session is DayPart.PRE
    assert clocks["07:50"].qualifier is Qualifier.NEARLY
    assert clocks["10:00"].figure == -11.5


DOCUMENTS = """
- file: a.txt
  author: null
  outlet: null
  date: 2025-01-28
  dating: {en: stated, ko: 명시}
  kind: blog
  about: {en: a blog, ko: 블로그}
"""
RECORD = """
records:
  - id: one
    kind: move
    subject: Nvidia
    symbol: NVDA
    when: {at: 2025-01-27T07:50, zone: New York}
    session: pre
    value: -12
    unit: percent
    qualifier: nearly
    summary: {en: Fell., ko: 하락}
    sources: [{document: a.txt, line: 3, figures: ["12"]}]
"""


def test_a_record_is_read_as_it_is_written() -> None:
    (record,) = parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD}).records
    assert (record.id, record.value, record.qualifier) == ("one", -12.0, Qualifier.NEARLY)
    assert record.when is not None
    assert f"{record.when.at:%Y-%m-%dT%H:%M%z}" == "2025-01-27T12:50+0000"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("kind: move", "kind: moves", "moves.yaml: one: kind is 'moves', not one of"),
        ("value: -12", "value: much", "value must be a number"),
        ("value: -12", "value: .nan", "value must be a number"),
        ("    value: -12\n", "", "a move has a value, or low and high"),
        ("value: -12", "low: -12", "a range has both low and high"),
        ("value: -12", "high: 0", "a direction alone has low: 0 for a rise"),
        ("value: -12", "low: 3\n    high: 2", "low 3 is not below high 2"),
        ("unit: percent", "unit: procent", "unit is 'procent'"),
        ("id: one", "id: One fact", "an id has lower-case letters"),
        ("subject: Nvidia", "subjekt: Nvidia", "subject is missing"),
        ("session: pre", "session: pre\n    colour: red", "colour is not a field here"),
        (", zone: New York", "", "zone: New York stands with a minute"),
        ("2025-01-27T07:50", "2025-02-30T07:50", "day is out of range"),
        ("2025-01-27T07:50", "last week", "is 'last week', not 2025"),
        ("document: a.txt", "document: b.txt", "b.txt is not in documents.yaml"),
        ("line: 3", "line: 0", "line must be a line's number"),
        ('"12"', "some 12", "a figure is written as it is printed"),
        ("value: -12", "value: [-12]", "value must be text"),
        ("value: -12", "value: 1_2", "value must be a number"),
        ("id: one", "id: one\n    id: two", "the keys of a mapping are different words"),
        ("value: -12", "value: &x -12\n    low: *x", "aliases are not known here"),
        ("line: 3", "line: 3, as_read: [120]", "as_read must be text"),
        ("records:", "---\n---\nrecords:", "there is more than one document"),
        ("line: 3", 'line: 3, as_read: "120"', "as_read and correction go together"),
        ("{en: Fell., ko: 하락}", "{en: Fell.}", "ko is missing"),
        ("Fell.", "F" + "e" * 200, "longer than 160 characters"),
        ("records:", "records: [", "moves.yaml:"),
        ("records:", "recordings:", "records must be a list"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, complaint: str) -> None:
    assert old in RECORD
    with pytest.raises(BaselineError, match=re.escape(complaint)):
        parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD.replace(old, new, 1)})


def test_a_document_s_date_is_a_date() -> None:
    with pytest.raises(BaselineError, match=r"documents\.yaml: a\.txt: date must be a date, not '2025-01-32'"):
        parse({"documents.yaml": DOCUMENTS.replace("01-28", "01-32"), "moves.yaml": RECORD})


def test_an_id_is_given_once_in_all_files() -> None:
    with pytest.raises(BaselineError, match="two records are named one"):
        parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD, "more.yaml": RECORD})


def test_a_disagreement_is_between_known_records() -> None:
    disputed = RECORD + "disagreements: [{id: fall, records: [one, two], note: {en: Why., ko: 이유}}]\n"
    with pytest.raises(BaselineError, match="disagreement fall: there is no record two"):
        parse({"documents.yaml": DOCUMENTS, "moves.yaml": disputed})


def test_the_digest_changes_with_the_data() -> None:
    before = parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD}).digest
    assert parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD}).digest == before
    assert parse({"documents.yaml": DOCUMENTS, "moves.yaml": RECORD.replace("-12", "-11")}).digest != before
