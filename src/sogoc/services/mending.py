"""The mended rows of a list, put back where they stood: the list is taken whole, and nobody in it twice or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sogoc.core.intake import Intake, Row, Sheet
from sogoc.core.intake.headers import ERRORS, text_of
from sogoc.core.vocabulary import fold
from sogoc.errors import InputError


@dataclass(frozen=True, slots=True)
class Gap:
    """Whose rows of a list were in error: `rows` by sheet and row, in their order; `heads` are the rows above the persons."""

    rows: tuple[tuple[str, int], ...]
    heads: Mapping[str, int]

    @classmethod
    def of(cls, read: Intake) -> Gap:
        """Those of a list as it was read, in the order in which they are exported."""
        rows = tuple((one.sheet, one.row) for one in read.faults if one.in_error)
        return cls(rows, {layout.sheet: len(layout.top) for layout in read.layouts})

    def to_json(self) -> dict[str, Any]:
        return {"rows": [list(each) for each in self.rows], "heads": dict(self.heads)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Gap:
        return cls(tuple((sheet, row) for sheet, row in kept["rows"]), dict(kept["heads"]))


@dataclass(frozen=True, slots=True)
class _Mended:
    """The rows of a sheet, some of them replaced; they may be gone through again and again."""

    rows: Iterable[Row]
    instead: Mapping[int, Row]

    def __iter__(self) -> Iterator[Row]:
        for number, row in enumerate(self.rows, 1):
            yield self.instead.get(number, row)


def mended(sheets: Sequence[Sheet], gap: Gap, brought: Sequence[Sheet]) -> tuple[Sheet, ...]:
    """Return the sheets of a list with the rows of its export, mended, in the places of those in error.

    Raises: InputError when the export came back with other rows or columns than it was given out with.
    """
    if any(sheet.undeclared for sheet in (*sheets, *brought)):
        raise _refused("a file that does not say its encoding", "tệp không ghi rõ bảng mã")
    if any(sheet.computed or sheet.links for sheet in brought):
        raise _refused("it holds formulas or links to other files", "tệp có công thức hoặc liên kết đến tệp khác")
    tops = {one.name: list(islice(one.rows, gap.heads[one.name])) for one in sheets if one.name in gap.heads}
    heads = {name: _said(top[-1]) for name, top in tops.items()}
    rows = list(_persons(brought, {_said(row) for top in tops.values() for row in top}))
    if len(rows) != len(gap.rows):
        raise _refused(
            f"{len(gap.rows)} rows were in error, and {len(rows)} came back",
            f"có {len(gap.rows)} dòng lỗi nhưng tệp này có {len(rows)} dòng",
        )
    instead: dict[str, dict[int, Row]] = {name: {} for name in tops}
    for (name, number), (head, row) in zip(gap.rows, rows, strict=True):
        if head != heads[name]:
            raise _refused("its columns are not those of the list", "các cột không giống danh sách ban đầu")
        instead[name][number] = row
    return tuple(replace(one, rows=_Mended(one.rows, instead.get(one.name, {}))) for one in sheets)


_Head = tuple[str, ...]


def _persons(brought: Sequence[Sheet], tops: set[_Head]) -> Iterator[tuple[_Head, Row]]:
    """Every row that is not of the title or header, under the row above it that is, without the column of errors."""
    for sheet in brought:
        head: _Head = ()
        errors: int | None = None
        for row in sheet.rows:
            said = _said(row)
            if said in tops:
                head = said
                named = [index for index, cell in enumerate(row) if fold(text_of(cell)) == _ERRORS]
                errors = named[0] if named else errors
            elif said:
                yield head, row if errors is None else (*row[:errors], *row[errors + 1 :])


_ERRORS = fold(ERRORS)


def _said(row: Row) -> _Head:
    """What a row says, to compare rows of a header: as headers are compared, without the column of errors."""
    cells = [fold(text_of(cell)) for cell in row]
    cells = [cell for cell in cells if cell != _ERRORS]
    while cells and not cells[-1]:
        cells.pop()
    return tuple(cells)


def _refused(en: str, vi: str) -> InputError:
    return InputError(
        f"the mended rows cannot be put back: {en}",
        f"không ghép lại được các dòng đã sửa: {vi}",
        mend="Mend the rows of the newest export where they stand, each once, or upload the whole list mended.",
        mend_vi="Sửa ngay trên tệp lỗi xuất ra gần nhất, giữ đủ số dòng và cột, hoặc tải lên cả danh sách đã sửa.",
    )
