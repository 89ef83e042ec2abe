"""The legal books as a spreadsheet: the columns, lines and totals of the printed pages, one below the other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from sogoc.adapters.sheets_write import Page as Sheet
from sogoc.adapters.sheets_write import write_workbook
from sogoc.core.books import Page, as_table
from sogoc.core.intake.sheet import column_name

_SHEET = "Sổ"
_MM_A_CHARACTER = 1.8


def write(path: Path, pages: Iterable[Page]) -> None:
    """Write a book. Every cell is text as the book says it, so that no program makes a date or a formula of it."""
    stream = iter(pages)
    first = next(stream)
    columns = first.layout.columns
    rows: list[tuple[str, ...]] = []
    bold, merged = [], []
    last = column_name(len(columns) - 1)
    for part, row in as_table(chain([first], stream)):
        if part != "line":
            bold.append(len(rows))
        if part in {"title", "fact"}:
            merged.append(f"A{len(rows) + 1}:{last}{len(rows) + 1}")
        rows.append(row)
    widths = [max(6, round(column.width / _MM_A_CHARACTER)) for column in columns]
    write_workbook(path, [Sheet(name=_SHEET, rows=rows, merged=merged, bold=bold, widths=widths)])
