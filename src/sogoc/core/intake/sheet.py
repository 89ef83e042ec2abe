"""A registrar's table as it stands in her file, before anything was made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple


class CellType(StrEnum):
    """What a spreadsheet says a cell is, where it is not text."""

    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    ERROR = "error"
    FORMULA = "formula"


class Typed(NamedTuple):
    """A cell that is no text. `text` is the exact number, the ISO date, or the error such as #N/A.

    FORMULA is a formula for which the file holds no result; one with a result is that result, and its place is told beside.
    """

    type: CellType
    text: str


Cell = str | Typed
"""Text is the common case by far, so it is the string itself; an empty cell is the empty string."""

Row = Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: the first of its `rows` is row 1, the first cell of a row is column A, trailing empty cells are left out.

    `rows` may be iterated again and again, and gives the same rows each time: it is looked over before it is read, and
    nobody has to hold all of it. `name` is empty for CSV. Hidden rows and columns are given by zero-based index.

    `undeclared` is set where a text file does not say its encoding and is not UTF-8: `utf-16-le` when its text was read
    as that, `bytes` when each byte stands for the character that Windows-1252 shows for it. `epoch_1904` says that the
    workbook counts its days from 1904.

    `computed` are the zero-based columns in which results of formulas stand, each with their zero-based rows; `links` counts the
    other files from which the workbook takes values.
    """

    name: str
    rows: Iterable[Row]
    hidden: bool = False
    hidden_columns: frozenset[int] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    undeclared: str = ""
    epoch_1904: bool = False
    computed: Mapping[int, Sequence[int]] = field(default_factory=dict)
    links: int = 0


@lru_cache(maxsize=1024)
def column_name(index: int) -> str:
    """The letters of a zero-based column: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def cell_name(row: int, column: int) -> str:
    """The name people use for the cell at zero-based `row` and `column`: (16, 3) is D17."""
    return f"{column_name(column)}{row + 1}"
