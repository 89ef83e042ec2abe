"""What is wrong goes back to the registrar in the layout of her own file, and comes in again when it is mended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from sogoc.adapters.sheets import read_table
from sogoc.adapters.sheets_faulty import write_faulty
from sogoc.adapters.sheets_write import Value, write_csv, write_xlsx
from sogoc.core import intake
from sogoc.core.intake import CellType, Choices, Intake, Sheet, Typed
from sogoc.core.intake.headers import ERRORS
from sogoc.core.record import BY_KIND
from tests.core.test_intake import CHOSEN, OTHER, PERSON, TODAY

HEADER: list[Value] = ["STT", *PERSON]
TITLE: list[list[Value]] = [["SỔ GỐC CẤP BẰNG"], []]


def row(number: int, person: object, **cells: Value) -> list[Value]:
    values: dict[str, Value] = {**person, **{name.replace("_", " "): cell for name, cell in cells.items()}}  # type: ignore[dict-item]
    return [number, *values.values()]


def read(sheets: Sequence[Sheet], choices: Choices | None = None) -> Intake:
    return intake.read(
        sheets, file="a", schema=BY_KIND["degree"], defaults=CHOSEN, today=TODAY, choices=choices or Choices()
    )


def table(*rows: list[Value]) -> list[list[Value]]:
    return [*TITLE, HEADER, *rows, ["Tổng số: 3"]]


FAULTY = (
    row(1, PERSON),
    row(2, OTHER, Họ_và_tên="TrÇn §øc HiÕu", Nơi_sinh="=1+1", Số_CCCD=66202123456),
    row(3, {**PERSON, "Số hiệu VB": "S3", "Số vào sổ": "3", "Số CCCD": ""}, Ngày_sinh=date(2003, 1, 17), Giới_tính="x"),
)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_faulty_rows_come_back_in_the_layout_of_the_file(suffix: str, tmp_path: Path) -> None:
    source, export = tmp_path / f"a{suffix}", tmp_path / f"loi{suffix}"
    if suffix == ".xlsx":
        write_xlsx(source, table(*FAULTY), name="Lớp A")
    else:
        write_csv(source, table(*FAULTY))
    first = read(read_table(source))
    assert first.faulty == 2
    assert write_faulty(export, first) == 2
    (sheet,) = read_table(export)
    rows = list(sheet.rows)
    original = list(read_table(source)[0].rows)
    assert sheet.name == first.layouts[0].sheet
    assert rows[:2] == original[:2]
    assert rows[2] == (*original[2], ERRORS)
    assert [line[:-1] for line in rows[3:]] == [
        tuple("'=1+1" if cell == "=1+1" and suffix == ".csv" else cell for cell in line) for line in original[4:6]
    ]
    errors = str(rows[3][-1]).splitlines()
    assert [line.split(" ")[0] for line in errors] == ["B5", "D5", "H5"]
    assert "⇒ Trần Đức Hiếu" in errors[0]
    assert "Ô là công thức" in errors[1]
    assert "formula" in errors[1]
    again = read([sheet])
    assert sorted(problem.rule for problem in again.problems) == sorted(
        problem.rule for problem in first.problems if problem.cell[1:] in {"5", "6"}
    )
    assert again.ignored == ("STT", ERRORS)


def test_a_mended_export_is_clean(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", table(*FAULTY), name="Lớp A")
    write_faulty(tmp_path / "loi.xlsx", read(read_table(tmp_path / "a.xlsx")))
    book = load_workbook(tmp_path / "loi.xlsx")
    sheet = book["Lớp A"]
    for cell, value in {"B4": "Trần Đức Hiếu", "D4": "Huế", "H4": "066202123456", "E5": "Nữ"}.items():
        sheet[cell].value = value
    book.save(tmp_path / "loi.xlsx")
    mended = read(read_table(tmp_path / "loi.xlsx"))
    assert not mended.problems
    assert [one.record["holder_name"] for one in mended.rows] == ["Trần Đức Hiếu", "Nguyễn Thị Phượng"]
    assert mended.rows[1].record["born_on"] == "2003-01-17"
    assert mended.rows[0].record["serial_number"] == OTHER["Số hiệu VB"]


def test_an_export_of_an_export_has_one_column_of_errors(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", table(*FAULTY), name="Lớp A")
    for source, target in (("a", "b"), ("b", "c")):
        write_faulty(tmp_path / f"{target}.xlsx", read(read_table(tmp_path / f"{source}.xlsx")))
    second, third = (list(read_table(tmp_path / f"{name}.xlsx")[0].rows) for name in "bc")
    assert third[2] == second[2]
    assert [line[:-1] for line in third] == [line[:-1] for line in second]


def test_no_cell_of_a_stranger_runs_in_the_program_that_opens_the_export(tmp_path: Path) -> None:
    hostile = ["=HYPERLINK(1)", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+cmd()", "\t=1", "a\x0bb"]
    rows = [HEADER, *(row(1, {**PERSON, "Nơi sinh": text, "Họ và tên": "x1"}) for text in hostile)]
    sheet = Sheet(name="A", rows=[tuple(str(cell) for cell in line) for line in rows])
    result = read([sheet])
    assert write_faulty(tmp_path / "a.xlsx", result) == write_faulty(tmp_path / "a.csv", result) == 6
    for line in load_workbook(tmp_path / "a.xlsx")["A"].iter_rows():
        assert all(cell.data_type != "f" for cell in line)
    text = (tmp_path / "a.csv").read_text("utf-8-sig")
    assert all(f";{sign}" not in text and f'"{sign}' not in text for sign in "=@+-\t")


def test_cells_keep_their_types_and_the_workbook_its_epoch(tmp_path: Path) -> None:
    cells = {
        **PERSON,
        "Họ và tên": "x1",
        "Ngày sinh": Typed(CellType.DATE, "2003-02-05"),
        "Nơi sinh": Typed(CellType.ERROR, "#N/A"),
        "Giới tính": Typed(CellType.BOOLEAN, "TRUE"),
        "Dân tộc": Typed(CellType.FORMULA, ""),
        "Quốc tịch": Typed(CellType.NUMBER, "1.5"),
        "Số CCCD": Typed(CellType.NUMBER, "1303004217"),
        "Mã SV": Typed(CellType.DATETIME, "2003-02-05T10:30:00"),
    }
    sheet = Sheet(name="A", rows=[tuple(cells), tuple(cells.values())], epoch_1904=True)
    assert write_faulty(tmp_path / "a.xlsx", read([sheet])) == 1
    (back,) = read_table(tmp_path / "a.xlsx")
    assert back.epoch_1904
    expected = ["" if isinstance(cell, Typed) and cell.type is CellType.FORMULA else cell for cell in cells.values()]
    assert list(list(back.rows)[1])[:-1] == expected


def test_a_file_without_an_error_gives_an_empty_export(tmp_path: Path) -> None:
    clean = read([Sheet(name="A", rows=[tuple(PERSON), tuple(PERSON.values())])])
    assert write_faulty(tmp_path / "a.xlsx", clean) == 0
    assert isinstance(load_workbook(tmp_path / "a.xlsx"), Workbook)
