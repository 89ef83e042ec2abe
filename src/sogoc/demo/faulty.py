"""A sample register with known faults, and its clean twin to mend it from."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sogoc.adapters.sheets_write import Value
from sogoc.core.intake import cell_name
from sogoc.demo.sample import SampleBatch, write


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededFault:
    """One cell that was made wrong, and the rule that has to find it there."""

    cell: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyTwin:
    """The same list with known faults; the batch it was made from is its mended twin."""

    path: Path
    faults: tuple[SeededFault, ...]


_Fault = tuple[str, str, Callable[[Value, Value], Value | None]]
"""Column, rule, and the wrong value made of this cell and the same column's cell in the row above; None: not here."""


def _with_letter(right: str, wrong: str) -> Callable[[Value, Value], Value | None]:
    return lambda cell, _: cell.replace(right, wrong) if isinstance(cell, str) and right in cell else None


def _always(wrong: Value) -> Callable[[Value, Value], Value | None]:
    return lambda _, __: wrong


def _lost_zeros(cell: Value, _: Value) -> Value | None:
    return int(cell) if isinstance(cell, str) and cell.startswith("0") else None


def _serial_day(cell: Value, _: Value) -> Value | None:
    return (cell - date(1899, 12, 30)).days if isinstance(cell, date) else None


_ANYWHERE: tuple[_Fault, ...] = (
    ("Họ và tên", "tcvn3", _always("TrÇn §øc HiÕu")),
    ("Họ và tên", "vni", _always("Nguyeãn Thò Phöôïng")),
    ("Họ và tên", "mojibake", _always("Nguyá»…n Thá»‹ PhÆ°á»£ng")),
    ("Họ và tên", "unmarked-name", _always("NGUYEN THI PHUONG")),
    ("Họ và tên", "confusable", _with_letter("Đ", "Ð")),
    ("Họ và tên", "hidden-character", _with_letter(" ", " \u200b")),
    ("Giới tính", "gender", _always("x")),
    ("Nơi sinh", "formula", _always('=HYPERLINK("http://example.org";"Hà Nội")')),
)
_IN_CSV: tuple[_Fault, ...] = (
    *_ANYWHERE,
    ("Số CCCD", "leading-zeros", _lost_zeros),
    ("Số CCCD", "scientific", _always("1.30300E+09")),
    ("Số CCCD", "id-length", _always("00120300012")),
    ("Ngày sinh", "impossible-date", _always("31/02/2003")),
    ("Ngày sinh", "two-digit-year", _always("5.2.03")),
    ("Ngày sinh", "zero-day", _always("00/00/1998")),
    ("Ngày sinh", "unknown-date", _always("Không rõ")),
    ("Xếp loại", "grade", _always("TB Khá")),
    ("Số QĐ công nhận TN", "contradicts", _always("999/QĐ-ĐHSG")),
    ("Ngày cấp", "contradicts", _always("01/03/2019")),
    ("Hình thức ĐT", "mode", _always("Liên thông")),
    ("Số hiệu VB", "serial-twice", lambda _, above: above),
    ("Số vào sổ", "register-twice", lambda _, above: above),
    ("Số vào sổ", "missing", _always("")),
)
_IN_XLSX: tuple[_Fault, ...] = (
    *_ANYWHERE,
    ("CCCD", "leading-zeros", _lost_zeros),
    ("Ngày, tháng, năm sinh", "excel-serial", _serial_day),
    ("Nơi sinh", "formula-error", _always("#N/A")),
    ("Xếp loại tốt nghiệp", "grade", _always("XH")),
    ("Số hiệu văn bằng", "number-as-text", _always(1471)),
    ("Số vào sổ", "turned-into-date", _always(date(2024, 1, 1))),
    ("Số hiệu văn bằng", "serial-twice", lambda _, above: above),
)


def seed_faults(batch: SampleBatch, path: Path, *, seed: int) -> FaultyTwin:
    """Write the list again with one fault of each kind its layout can have, each in a row of its own."""
    chance = random.Random(seed)
    table = [list(row) for row in batch.table]
    header = [str(cell) for cell in table[batch.header_row]]
    # Rows of one person whose neighbour above is one too, taken in pairs so that no fault meets another.
    people = [
        index
        for index in range(batch.header_row + 1, len(table))
        if isinstance(table[index][:1] and table[index][0], int) and isinstance(table[index - 1][0], int)
    ][1::2]
    chance.shuffle(people)
    faults: list[SeededFault] = []
    for name, rule, spoil in _IN_CSV if path.suffix == ".csv" else _IN_XLSX:
        if name not in header:
            continue
        column = header.index(name)
        for row in people:
            wrong = spoil(table[row][column], table[row - 1][column])
            if wrong is not None:
                table[row][column] = wrong
                faults.append(SeededFault(cell=cell_name(row, column), rule=rule))
                people.remove(row)
                break
    write(batch, path, table)
    return FaultyTwin(path=path, faults=tuple(faults))
