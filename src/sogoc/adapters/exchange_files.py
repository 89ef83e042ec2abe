"""Files in the national exchange format: JSON Lines, CSV or XLSX, with the names of the format as header."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import orjson

from sogoc.adapters.sheets import read_table
from sogoc.adapters.sheets_write import write_csv, write_xlsx
from sogoc.core.exchange import COLUMNS, National, Value, from_sheet
from sogoc.errors import InputError

_LINES = (".jsonl", ".ndjson")
SUFFIXES = (*_LINES, ".csv", ".xlsx")


def write(path: Path, diplomas: Iterable[National]) -> int:
    """Write diplomas, one a line; return how many. A file of JSON lines is written as they come, a table has every column.

    Raises: InputError for a file name of another kind.
    """
    if path.suffix in _LINES:
        with path.open("wb") as file:
            return sum(file.write(orjson.dumps(dict(diploma)) + b"\n") > 0 for diploma in diplomas)
    _check_suffix(path)
    rows: list[list[Value]] = [list(COLUMNS), *([diploma.get(name, "") for name in COLUMNS] for diploma in diplomas)]
    if path.suffix == ".csv":
        write_csv(path, rows)
    else:
        write_xlsx(path, rows, name="VBCC", bold=[0])
    return len(rows) - 1


def _check_suffix(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"{path.name} is none of {', '.join(SUFFIXES)}", f"{path.name} không thuộc {', '.join(SUFFIXES)}"
        )


def read(path: Path) -> Iterator[tuple[str, National]]:
    """Yield the diplomas of a file, each with the line or row that it stands in.

    Raises: InputError for a file of another layout, naming the line; SheetError for a table that cannot be read.
    """
    _check_suffix(path)
    if path.suffix in _LINES:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield str(number), _parsed(line, number)
        return
    for sheet in read_table(path):
        for number, diploma in from_sheet(sheet):
            yield f"{sheet.name}!{number}" if sheet.name else str(number), diploma


def _parsed(line: bytes, number: int) -> National:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict) or not all(isinstance(one, str) or type(one) is int for one in said.values()):
        raise InputError(
            f"line {number} is not one JSON object of texts and whole numbers",
            f"dòng {number} không phải một đối tượng JSON gồm chữ và số nguyên",
        )
    return said
