"""The faulty rows of a file -> a file of the same layout, with one more column that says what to mend.

Title block, header and the order of the columns are those of the file that was read, text stays text and a date a date,
so that the registrar mends the cells where they stand and hands the file in again: the added column is known and
ignored. Rows without an error stay out: they are read from the first file.

If an attacker writes the table: no cell of it is a formula in the program that opens the export.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE
from openpyxl.cell.cell import Cell as WrittenCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from sogoc.core.intake import Cell, CellType, Intake, Layout, Row, Typed
from sogoc.core.intake.headers import ERRORS, text_of
from sogoc.core.intake.problem import explained
from sogoc.core.vocabulary import fold

_WIDTH, _WIDTH_OF_ERRORS = 18, 70
_FORMULA = re.compile(r"[=@\t\r]|[+-](?=\S*[A-Za-z(])")


def write_faulty(path: Path, read: Intake) -> int:
    """Write the rows with an error as .xlsx or .csv, after the name of `path`, and return how many there are."""
    if path.suffix.lower() == ".xlsx":
        return _write_xlsx(path, read)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        count = 0
        for layout, faulty in _by_sheet(read):
            position = _position(layout)
            writer.writerows([_plain(cell) for cell in row] for row in _headed(layout, position))
            for cells, errors in faulty:
                writer.writerow([_plain(cell) for cell in _with(cells, position, errors)])
                count += 1
    return count


def _by_sheet(read: Intake) -> Iterator[tuple[Layout, Iterator[tuple[Row, str]]]]:
    layouts = {layout.sheet: layout for layout in read.layouts}
    in_error = (one for one in read.faults if one.in_error)
    for sheet, rows in groupby(in_error, key=lambda one: one.sheet):
        yield layouts[sheet], ((row.cells, explained(row.problems)) for row in rows)


def _position(layout: Layout) -> int:
    """Where the column of errors stands: where it stood, when the file is such an export already, or at the right."""
    for row in layout.top:
        for index, cell in enumerate(row):
            if fold(text_of(cell)) == fold(ERRORS):
                return index
    return max(map(len, layout.top))


def _headed(layout: Layout, position: int) -> Iterator[Row]:
    yield from layout.top[:-1]
    yield _with(layout.top[-1], position, ERRORS)


def _with(row: Row, position: int, text: str) -> Sequence[Cell]:
    cells = [*row, *[""] * (position + 1 - len(row))]
    cells[position] = text
    return cells


# CSV


def _plain(cell: Cell) -> str:
    """A cell as text; what a spreadsheet program would run gets an apostrophe, with which it is text and is refused again."""
    if isinstance(cell, Typed):
        if cell.type is CellType.DATE:
            return f"{date.fromisoformat(cell.text):%d/%m/%Y}"
        return cell.text
    return f"'{cell}" if _FORMULA.match(cell) else cell


# XLSX


def _write_xlsx(path: Path, read: Intake) -> int:
    workbook = Workbook(write_only=True)
    if any(layout.epoch_1904 for layout in read.layouts):
        workbook.epoch = CALENDAR_MAC_1904
    count = 0
    for layout, faulty in _by_sheet(read):
        sheet = workbook.create_sheet(layout.sheet or "Danh sách")
        position = _position(layout)
        for column in range(1, position + 1):
            sheet.column_dimensions[get_column_letter(column)].width = _WIDTH
        sheet.column_dimensions[get_column_letter(position + 1)].width = _WIDTH_OF_ERRORS
        sheet.freeze_panes = f"A{len(layout.top) + 1}"
        heads = list(_headed(layout, position))
        for row in heads:
            sheet.append([_cell(sheet, cell, bold=row is heads[-1]) for cell in row])
        for cells, errors in faulty:
            written = [_cell(sheet, cell) for cell in _with(cells, position, errors)]
            written[position].alignment = Alignment(wrap_text=True, vertical="top")
            sheet.append(written)
            count += 1
    if not count:
        workbook.create_sheet("Danh sách")
    workbook.save(path)
    return count


def _cell(sheet: WriteOnlyWorksheet, value: Cell, *, bold: bool = False) -> WrittenCell:
    cell: WrittenCell = WriteOnlyCell(sheet)
    if isinstance(value, Typed):
        _set_typed(cell, value)
    elif value:
        cell.value = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)
        cell.data_type = "s"
    if bold:
        cell.font = Font(bold=True)
    return cell


def _set_typed(cell: WrittenCell, value: Typed) -> None:
    """The same kind of cell as was read; a formula without a result is left empty, for its value to be filled in."""
    match value.type:
        case CellType.NUMBER:
            cell.value = int(value.text) if value.text.lstrip("-").isdecimal() else float(value.text)
        case CellType.DATE:
            cell.value = date.fromisoformat(value.text)
            cell.number_format = "dd/mm/yyyy"
        case CellType.DATETIME:
            try:
                cell.value = datetime.fromisoformat(value.text)
            except ValueError:
                cell.value = value.text
                cell.data_type = "s"
        case CellType.BOOLEAN:
            cell.value = value.text == "TRUE"
        case CellType.ERROR:
            cell.value = value.text
            cell.data_type = "e" if value.text in ERROR_CODES else "s"
        case CellType.FORMULA:
            pass
