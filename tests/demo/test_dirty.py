"""Every class of dirty data, seeded: exactly what is expected is said, and nothing is changed that nobody accepted."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import pytest

from sogoc.adapters.sheets import SheetError, read_table
from sogoc.adapters.sheets_faulty import write_faulty
from sogoc.core import intake
from sogoc.core.intake import Choices, Intake, Sheet
from sogoc.core.record import BY_KIND
from sogoc.demo.dirty import ON, DirtyFile, DirtySet, Expected, make_dirty

NAMES = (
    *("01-ho-ten.xlsx", "03-tcvn3.xlsx", "04-vni.csv", "10-tach-ho-ten.csv", "11-so-va-chu.xlsx", "12-ngay-thang.xlsx"),
    *("12-thang-truoc.csv", "12-lich-1904.xlsx", "13-tieu-de.xlsx", "18-nu.xlsx", "21-trung-lap.xlsx", "22-vo-ly.xlsx"),
    *("23-cong-thuc.xlsx", "24-tcvn3.csv", "24-vni.csv", "24-cp1258.csv", "24-utf-16-le.csv", "24-dau-phay.csv"),
)
REFUSED = ("23-cu.xls", "23-mat-khau.xlsx", "23-macro.xlsm")


@lru_cache(maxsize=64)
def opened(path: Path) -> list[Sheet]:
    return read_table(path)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> DirtySet:
    return make_dirty(tmp_path_factory.mktemp("dirty"))


def file(dirty: DirtySet, name: str) -> DirtyFile:
    return next(one for one in dirty.files if one.path.name == name)


def read(one: DirtyFile, dirty: DirtySet, sheets: list[Sheet], choices: Choices | None = None) -> Intake:
    schema = BY_KIND[one.given["kind"]]
    return intake.read(
        sheets, file=one.path.name, schema=schema, defaults=one.given, today=ON, choices=choices, known=dirty.known
    )


def said(result: Intake) -> list[Expected]:
    return [
        Expected(problem.file, problem.sheet, problem.cell, problem.rule, problem.after, problem.severity)
        for problem in result.problems
    ]


def test_the_files_are_these(dirty: DirtySet) -> None:
    assert {one.path.name for one in dirty.files} == {*NAMES, *REFUSED}
    assert sum(len(one.expected) for one in dirty.files) > 120
    assert sum(len(one.lossless) for one in dirty.files) == 4


@pytest.mark.parametrize("name", NAMES)
def test_exactly_what_was_seeded_is_said(name: str, dirty: DirtySet) -> None:
    one = file(dirty, name)
    result = read(one, dirty, opened(one.path))
    assert sorted(said(result), key=str) == sorted(one.expected, key=str)
    assert {(change.cell, change.rule) for change in result.changes} >= one.lossless
    assert {change.rule for change in result.changes} <= {"nfc", "spaces"}
    assert not result.rows or not {severity for *_, severity in one.expected} & {"error"}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused(name: str, dirty: DirtySet) -> None:
    one = file(dirty, name)
    with pytest.raises(SheetError) as refused:
        read_table(one.path)
    assert refused.value.reason == one.refused


def test_nothing_is_changed_that_nobody_accepted(dirty: DirtySet) -> None:
    """With the faulty rows taken out, each record is the text of its cells."""
    carried = 0
    for name in NAMES:
        one = file(dirty, name)
        first = read(one, dirty, (sheets := opened(one.path)), Choices().acknowledge_rule())
        if any(not re.fullmatch(r"[A-Z]+(?!1$)\d+", problem.cell) for problem in first.problems):
            continue  # a question about a column or the whole file
        wrong = {(fault.sheet, fault.row) for fault in first.faults}
        kept = [
            Sheet(
                name=each.name,
                rows=[row for place, row in enumerate(each.rows, 1) if (each.name, place) not in wrong],
                epoch_1904=each.epoch_1904,
            )
            for each in sheets
        ]
        result = read(one, dirty, kept, Choices().acknowledge_rule())
        assert {change.rule for change in result.changes} <= {"nfc", "spaces"}
        header = [str(cell) for cell in next(iter(kept[0].rows))]
        for row, cells in zip(result.rows, list(kept[0].rows)[1:], strict=True):
            texts = dict(zip(header, map(str, cells), strict=False))
            for column, name_of in {
                "Họ và tên": "holder_name",
                "Nơi sinh": "birthplace",
                "Số hiệu VB": "serial_number",
            }.items():
                typed = " ".join(unicodedata.normalize("NFC", texts[column]).split())
                assert row.record.get(name_of, "") == typed
                carried += 1
    assert carried > 100


@pytest.mark.parametrize("name", NAMES)
def test_each_proposal_can_be_accepted_and_taken_back(name: str, dirty: DirtySet) -> None:
    one = file(dirty, name)
    sheets = opened(one.path)
    first = read(one, dirty, sheets)
    choices = Choices()
    proposals = [problem for problem in first.problems if problem.after is not None]
    for problem in proposals:
        choices = choices.accept(problem)
    after = read(one, dirty, sheets, choices)
    keys = {problem.key for problem in proposals}
    assert not keys & {problem.key for problem in after.problems}
    cells = {problem.key for problem in proposals if problem.rule not in {"date-order", "split-name", "file-encoding"}}
    assert cells <= {change.key for change in after.changes}
    for problem in proposals:
        choices = choices.undo(problem)
    assert read(one, dirty, sheets, choices).problems == first.problems


def test_faulty_rows_of_a_title_block_go_out_and_come_in_again(dirty: DirtySet, tmp_path: Path) -> None:
    for name in ("01-ho-ten.xlsx", "11-so-va-chu.xlsx", "21-trung-lap.xlsx"):
        one = file(dirty, name)
        result = read(one, dirty, opened(one.path))
        assert write_faulty(tmp_path / name, result) == result.faulty
        again = read(one, dirty, read_table(tmp_path / name))
        assert again.faulty <= result.faulty
        assert again.read == result.faulty


def test_the_same_seed_gives_the_same_bytes(dirty: DirtySet, tmp_path: Path) -> None:
    for one, other in zip(dirty.files, make_dirty(tmp_path).files, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()
        assert one.expected == other.expected
