"""One cell of a date column: a day, a month or a year, as it stands or as a spreadsheet program has turned it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from sogoc.core.intake.problem import Confidence
from sogoc.core.intake.sheet import Cell, CellType, Typed
from sogoc.core.intake.text import Finding, Reading, read_text
from sogoc.core.vocabulary import fold

_OLDEST = 1900
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_ISO_MONTH = re.compile(r"(\d{4})-(\d{2})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_SERIAL = re.compile(r"[1-7]\d{4}", re.ASCII)
_UNKNOWN = frozenset({"khong ro", "khong nho", "khong biet", "chua ro", "unknown"})
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
_EXCEL_DAYS = range(367, 80_000)
_MONTHS = 12
# So many cells that can only be month-first make their column's order certain; fewer may be slips.
_ENOUGH = 3


class Order(Enum):
    """How the dates of a column are read."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    """The registrar said so."""
    UNDECIDED = "undecided"
    """Every cell that tells says that the month is first: nothing is read before she has said so."""
    MIXED = "mixed"
    """Some cells say the one and some the other: what could be either is not read."""


@dataclass(slots=True)
class DateEvidence:
    """What the cells of one column of dates say of each other, counted while the sheet is looked over.

    `settled`: the registrar has said how the column is written, so its cells raise no doubt.
    """

    day_first: int = 0
    month_first: int = 0
    early_texts: int = 0
    late_days: int = 0
    early_days: int = 0
    settled: bool = False

    def see(self, cell: Cell, times: int) -> None:
        if isinstance(cell, Typed):
            if cell.type is CellType.DATE and exists(cell.text):
                if int(cell.text[8:]) > _MONTHS:
                    self.late_days += times
                else:
                    self.early_days += times
        elif match := _DAY_MONTH_YEAR.fullmatch(cell.strip()):
            first, second = int(match[1]), int(match[3])
            self.day_first += times * (first > _MONTHS)
            self.month_first += times * (0 < first <= _MONTHS < second)
            self.early_texts += times * (first <= _MONTHS)

    @property
    def order(self) -> Order:
        if not self.month_first:
            return Order.DAY_FIRST
        return Order.MIXED if self.day_first else Order.UNDECIDED

    @property
    def confidence(self) -> Confidence:
        return Confidence.CERTAIN if self.month_first >= _ENOUGH else Confidence.LIKELY

    @property
    def swapped(self) -> Confidence | None:
        """How sure it is that Excel under American settings took 05/02/2003 for 2 May; None where nothing says so.

        It then left as text only what it could not take for a date: every text has a day above 12, every date one up to 12.
        """
        if self.settled or not self.early_days or not self.day_first or self.late_days or self.early_texts:
            return None
        return Confidence.LIKELY if min(self.early_days, self.day_first) >= _ENOUGH else Confidence.POSSIBLE


@dataclass(frozen=True, slots=True, kw_only=True)
class DateReader:
    """Reads the cells of one column. `full`: a month or a year is not enough. Text is day first unless `order` says else."""

    full: bool
    today: date
    order: Order = Order.DAY_FIRST
    swapped: Confidence | None = None
    epoch_1904: bool = False
    encoding: str = ""

    def __call__(self, cell: Cell) -> Reading:
        if isinstance(cell, Typed):
            return self._typed(cell)
        reading = read_text(cell, self.encoding)
        if not reading.value:
            return reading
        outcome = self._written(reading.value)
        return Reading(outcome.value, (*reading.findings, *outcome.findings))

    def _typed(self, cell: Typed) -> Reading:
        match cell.type:
            case CellType.ERROR:
                return refused("formula-error")
            case CellType.FORMULA:
                return refused("formula")
            case CellType.BOOLEAN:
                return refused("wrong-type")
            case CellType.DATETIME:
                return refused("date-time", cell.text[:10], Confidence.CERTAIN)
            case CellType.DATE:
                return self._day(cell.text)
        if _YEAR.fullmatch(cell.text) and _OLDEST <= int(cell.text) <= self.today.year:
            return refused("partial-date") if self.full else Reading(cell.text)
        if cell.text.isdecimal() and len(cell.text) <= len("80000") and int(cell.text) in _EXCEL_DAYS:
            return self._serial(int(cell.text))
        return refused("date-form")

    def _day(self, iso: str) -> Reading:
        if not exists(iso):
            return refused("date-form")
        if self.swapped is not None and iso[5:7] != iso[8:]:
            return refused("swapped-date", f"{iso[5:7]}/{iso[8:]}/{iso[:4]}", self.swapped)
        return self._plausible(iso)

    def _serial(self, days: int) -> Reading:
        """Written as people write it, because a proposal that is accepted is read again."""
        epochs = (_EPOCH_1904, _EPOCH) if self.epoch_1904 else (_EPOCH, _EPOCH_1904)
        said = [f"{epoch + timedelta(days=days):%d/%m/%Y}" for epoch in epochs]
        readings = tuple(zip(("1904", "1900") if self.epoch_1904 else ("1900", "1904"), said, strict=True))
        return Reading(None, (Finding("excel-serial", said[0], readings=readings),))

    def _written(self, text: str) -> Reading:
        if match := _DAY_MONTH_YEAR.fullmatch(text):
            return self._in_order(int(match[1]), int(match[3]), match[4])
        if _ISO.fullmatch(text):
            return self._plausible(text) if exists(text) else refused("impossible-date")
        if match := _MONTH_YEAR.fullmatch(text):
            return self._month(int(match[1]), match[2])
        if match := _ISO_MONTH.fullmatch(text):
            return self._month(int(match[2]), match[1])
        if _YEAR.fullmatch(text):
            return refused("partial-date") if self.full else self._plausible(text)
        if _SERIAL.fullmatch(text):
            return self._serial(int(text))
        return refused("unknown-date" if fold(text) in _UNKNOWN else "date-form")

    def _in_order(self, first: int, second: int, year: str) -> Reading:
        if len(year) == 2:
            return refused("two-digit-year")
        if first == 0 or second == 0:
            known = f"{second:02}/{year}" if 0 < second <= _MONTHS else year
            return refused("zero-day", None if self.full else known)
        straight, turned = f"{first:02}/{second:02}/{year}", f"{second:02}/{first:02}/{year}"
        if self.order is Order.UNDECIDED:
            return Reading(None, (Finding("date-order"),))
        if self.order is Order.MONTH_FIRST:
            # Accepted for the column: what is read is listed as a change of this cell.
            return refused("date-order", turned) if first <= _MONTHS else refused("impossible-date")
        if second > _MONTHS >= first and exists(f"{year}-{first:02}-{second:02}"):
            return refused("month-first", turned)
        if self.order is Order.MIXED and first <= _MONTHS and first != second:
            return Reading(
                None, (Finding("ambiguous-date", readings=(("day-first", straight), ("month-first", turned))),)
            )
        iso = f"{year}-{second:02}-{first:02}"
        return self._plausible(iso) if exists(iso) else refused("impossible-date")

    def _month(self, month: int, year: str) -> Reading:
        if month == 0:
            return refused("zero-day", None if self.full else year)
        if month > _MONTHS:
            return refused("impossible-date")
        return refused("partial-date") if self.full else self._plausible(f"{year}-{month:02}")

    def _plausible(self, iso: str) -> Reading:
        if int(iso[:4]) < _OLDEST:
            return refused("old-date")
        return refused("future-date") if iso > self.today.isoformat()[: len(iso)] else Reading(iso)


def exists(iso: str) -> bool:
    """Whether text of the form 2003-02-05 is a day."""
    if _ISO.fullmatch(iso) is None:
        return False
    try:
        date.fromisoformat(iso)
    except ValueError:
        return False
    return True


def refused(rule: str, after: str | None = None, confidence: Confidence = Confidence.LIKELY) -> Reading:
    """The reading of a cell that one rule keeps from being carried."""
    return Reading(None, (Finding(rule, after, confidence=confidence),))


def years(born_on: str, on: str) -> int:
    """Whole years from a date of birth of any precision to a full date, at the most that it can have been."""
    return int(on[:4]) - int(born_on[:4]) - (on[5 : len(born_on)] < born_on[5:])
