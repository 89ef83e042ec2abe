"""What became of a file: records, open problems, changes, and how its columns were understood."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar, overload

import orjson

from sogoc.core.intake.packed import Packed
from sogoc.core.intake.problem import Change, Problem
from sogoc.core.intake.sheet import Row
from sogoc.core.record import Record

LISTED = 1_000
"""So many problems of one rule are listed; all are counted. Nobody reads more before mending the cause."""

_T = TypeVar("_T")


class ReadAgain(Sequence[_T]):
    """Things that are read from the file again each time somebody goes through them, so that nobody holds them all."""

    def __init__(self, read: Callable[[], Iterable[_T]], length: int) -> None:
        self._read = read
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[_T]:
        return islice(self._read(), self._length) if self._length else iter(())

    @overload
    def __getitem__(self, index: int) -> _T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[_T]: ...
    def __getitem__(self, index: int | slice) -> _T | Sequence[_T]:
        if isinstance(index, slice):
            return tuple(self)[index]
        place = index if index >= 0 else index + self._length
        for one in islice(self, place, None) if 0 <= place < self._length else ():
            return one
        raise IndexError(index)


class IntakeRow(NamedTuple):
    """One person's row: where it stands (`row` as the spreadsheet counts, from 1) and its record without identifier."""

    sheet: str
    row: int
    record: Record


class KeptRows(Sequence[IntakeRow]):
    """The records of a file in its order, packed when they were read, so that nobody has to read and mend the file again."""

    def __init__(self) -> None:
        self._lines = Packed()

    def append(self, sheet: str, row: int, record: Record) -> None:
        self._lines.append(orjson.dumps((sheet, row, record)))

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[IntakeRow]:
        return map(_row, self._lines)

    @overload
    def __getitem__(self, index: int) -> IntakeRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[IntakeRow]: ...
    def __getitem__(self, index: int | slice) -> IntakeRow | Sequence[IntakeRow]:
        if isinstance(index, slice):
            return tuple(self)[index]
        return _row(self._lines[index if index >= 0 else index + len(self)])


def _row(line: bytes) -> IntakeRow:
    return IntakeRow(*orjson.loads(line))


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """One person's row as it stands in the file, with its open problems, for the registrar's list of what to mend."""

    sheet: str
    row: int
    cells: Row
    problems: tuple[Problem, ...]

    @property
    def in_error(self) -> bool:
        """Whether one of the problems keeps the row out of the register."""
        return any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A row with something in it that was not read as a person, and why: title, header, numbering, footer or remark."""

    sheet: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """One column of the file and the field that it means: empty where it is ignored, None where nothing is known of it."""

    sheet: str
    cell: str
    label: str
    meaning: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What stands above the persons of one sheet: its title block and the rows of its header."""

    sheet: str
    top: tuple[Row, ...]
    epoch_1904: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What became of a file under the choices that were made.

    `rows` is empty unless the whole file is clean. `problems` are open: every error, and the warnings that nobody
    acknowledged, up to LISTED of each rule; `counts` counts all of them by rule. `acknowledged` are the warnings that
    somebody has read. `changes` is everything that is carried otherwise than it was typed. `read` counts the persons'
    rows in the file, `faulty` those with an error; `faults` are the rows with open problems, and
    `layouts` what stands above them.
    """

    file: str
    rows: Sequence[IntakeRow]
    problems: tuple[Problem, ...]
    changes: Sequence[Change]
    ignored: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    read: int
    faulty: int
    counts: Mapping[str, int] = field(default_factory=dict)
    acknowledged: tuple[Problem, ...] = ()
    columns: tuple[Matched, ...] = ()
    faults: Sequence[Faulty] = ()
    layouts: tuple[Layout, ...] = ()

    @property
    def clean(self) -> bool:
        """No error stands; warnings may, and are for a person to confirm."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")
