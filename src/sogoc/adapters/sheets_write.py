"""Tables -> spreadsheet files: samples, templates and lists of problems. The same table gives the same bytes.

Text is written as text, whatever it begins with: a cell of ours is never a formula in somebody's spreadsheet program.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

Value = str | int | date
"""What a cell may be written as. A date is a day of the spreadsheet program, shown day first."""

_WRITTEN_AT = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_MODIFIED = "docProps/core.xml"


def write_csv(path: Path, rows: Sequence[Sequence[Value]], *, delimiter: str = ";") -> None:
    """UTF-8 with its mark and CRLF, as spreadsheet programs export it; dates as day/month/year."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        for row in rows:
            writer.writerow([f"{cell:%d/%m/%Y}" if isinstance(cell, date) else cell for cell in row])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One sheet. `merged` are ranges such as A1:D1, `bold` zero-based rows such as the header's, `widths` of the first columns
    are in characters.
    """

    name: str
    rows: Sequence[Sequence[Value]]
    merged: Sequence[str] = ()
    bold: Sequence[int] = ()
    widths: Sequence[int] = ()
    hidden_columns: Sequence[int] = ()
    hidden: bool = False


def write_xlsx(
    path: Path,
    rows: Sequence[Sequence[Value]],
    *,
    name: str,
    merged: Sequence[str] = (),
    bold: Sequence[int] = (),
) -> None:
    """A workbook of one sheet."""
    write_workbook(path, [Page(name=name, rows=rows, merged=merged, bold=bold)])


def write_workbook(path: Path, pages: Sequence[Page], *, epoch_1904: bool = False) -> None:
    """A workbook, of which the first sheet is shown; `epoch_1904` as old programs for the Macintosh counted days."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    if epoch_1904:
        workbook.epoch = CALENDAR_MAC_1904
    for page in pages:
        _write_page(workbook.create_sheet(page.name), page)
    workbook.properties.created = _WRITTEN_AT
    packed = io.BytesIO()
    workbook.save(packed)
    path.write_bytes(_timeless(packed.getvalue(), workbook.properties.modified))


def _write_page(sheet: Worksheet, page: Page) -> None:
    bold = frozenset(page.bold)
    for index, row in enumerate(page.rows, 1):
        for position, value in enumerate(row, 1):
            if value == "":
                continue
            cell = sheet.cell(index, position, value)
            if isinstance(value, str):
                cell.data_type = "e" if value in ERROR_CODES else "s"
            elif isinstance(value, date):
                cell.number_format = "dd/mm/yyyy"
            if index - 1 in bold:
                cell.font = Font(bold=True)
                cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for cells in page.merged:
        sheet.merge_cells(cells)
    for position in range(1, sheet.max_column + 1):
        width = page.widths[position - 1] if position <= len(page.widths) else 18
        sheet.column_dimensions[get_column_letter(position)].width = width
    for position in page.hidden_columns:
        sheet.column_dimensions[get_column_letter(position + 1)].hidden = True
    if page.hidden:
        sheet.sheet_state = "hidden"


def _timeless(content: bytes, modified: datetime) -> bytes:
    """The same workbook without the moment at which it was written."""
    out = io.BytesIO()
    moment = f"{modified:%Y-%m-%dT%H:%M:%SZ}".encode()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            part = source.read(member)
            if member.filename == _MODIFIED:
                part = part.replace(moment, f"{_WRITTEN_AT:%Y-%m-%dT%H:%M:%SZ}".encode())
            target.writestr(zipfile.ZipInfo(member.filename, _ZIP_TIME), part, zipfile.ZIP_DEFLATED)
    return out.getvalue()
