"""One cell, read as the field of its column: dates, personal numbers, words and plain text.

Every function here is total: any cell gives a Reading, and nothing raises. A value is carried as it was typed, or its
Reading says by which rule it was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta

from sogoc.core.intake.sheet import Cell, CellType, Typed
from sogoc.core.intake.text import Finding, Reading, read_name, read_text
from sogoc.core.record import Field, check_text
from sogoc.core.vocabulary import FRAMEWORK_LEVEL, WORDS, code_of, fold, grade_suggestion, grades, suggestion
from sogoc.errors import RecordError

Reader = Callable[[Cell], Reading]

_DATES = frozenset({"born_on", "decided_on", "awarded_on"})
_NAMES = frozenset({"holder_name", "signer_name"})
# Numbers that no zero can be in front of, so a quantity is the number itself.
_PLAIN_NUMBERS = frozenset({"programme", "graduation_year"})
_OLDEST = 1900


def _refused(rule: str, after: str | None = None, *facts: tuple[str, str]) -> Reading:
    return Reading(None, (Finding(rule, after, facts),))


def _untyped(cell: Typed) -> Reading | None:
    """The refusal of a cell that is no value at all, whatever its column."""
    match cell.type:
        case CellType.ERROR:
            return _refused("formula-error")
        case CellType.FORMULA:
            return _refused("formula")
        case CellType.BOOLEAN:
            return _refused("wrong-type")
        case _:
            return None


def reader_for(field: Field, *, kind: str, today: date) -> Reader:
    """The function that reads a cell of this field's column, for one kind of qualification."""
    name = field.name
    if name in _DATES:
        return lambda cell: read_date(cell, full=name != "born_on", today=today)
    if name == "personal_id":
        return _read_personal_id
    if name in WORDS:
        return lambda cell: _read_word(name, cell)
    if name == "classification":
        return lambda cell: _read_grade(kind, cell)
    if name in _NAMES:
        return lambda cell: _formed(field, read_name(cell) if isinstance(cell, str) else _read_typed(name, cell))
    return lambda cell: _formed(field, read_text(cell) if isinstance(cell, str) else _read_typed(name, cell))


def _formed(field: Field, reading: Reading) -> Reading:
    """The reading, held against the form of its field."""
    if not reading.value:
        return reading
    try:
        check_text(field.name, reading.value)
    except RecordError as error:
        return Reading(None, (*reading.findings, Finding("form", None, (("fault", error.en.partition(": ")[2]),))))
    fault = field.check(reading.value)
    if fault is None:
        return reading
    return Reading(None, (*reading.findings, Finding("form", None, (("fault", fault),))))


def _read_typed(name: str, cell: Typed) -> Reading:
    refusal = _untyped(cell)
    if refusal is not None:
        return refusal
    if cell.type is not CellType.NUMBER:
        return _refused("turned-into-date")
    if name in _NAMES:
        return _refused("name-digits")
    if not cell.text.isdecimal():
        return _refused("scientific" if "e" in cell.text.lower() else "wrong-type")
    return Reading(cell.text) if name in _PLAIN_NUMBERS else _refused("number-as-text", cell.text)


def _read_plain(cell: Cell) -> Reading:
    """A cell of a closed field as text; whatever it is, the field's own table has to know it."""
    if isinstance(cell, str):
        return read_text(cell)
    return _untyped(cell) or Reading(cell.text)


def _read_word(name: str, cell: Cell) -> Reading:
    reading = _read_plain(cell)
    if not reading.value:
        return reading
    code = code_of(name, reading.value)
    if code is not None:
        return Reading(code, reading.findings)
    meant = suggestion(name, reading.value)
    words = ", ".join(word.vi for word in WORDS[name])
    proposal = meant.vi if meant is not None else None
    return Reading(None, (*reading.findings, Finding(name, proposal, (("words", words),))))


def _read_grade(kind: str, cell: Cell) -> Reading:
    reading = _read_plain(cell)
    if not reading.value or reading.value in grades(kind):
        return reading
    proposal = grade_suggestion(kind, reading.value)
    return Reading(None, (*reading.findings, Finding("grade", proposal, (("words", ", ".join(grades(kind))),))))


_FRAMEWORK = re.compile(r"(?:trinh do|bac)? ?(\d)", re.ASCII)


def read_framework_level(cell: Cell) -> Reading:
    """The level that a cell such as `Trình độ 6` names in the national framework."""
    reading = _read_plain(cell)
    if not reading.value:
        return reading
    match = _FRAMEWORK.fullmatch(fold(reading.value))
    level = FRAMEWORK_LEVEL.get(match.group(1)) if match else None
    if level is None:
        return Reading(None, (*reading.findings, Finding("framework")))
    return Reading(level, reading.findings)


# Personal numbers

_ID_DIGITS = 12
_OLD_ID_DIGITS = 9
_SCIENTIFIC = re.compile(r"\d([.,]\d+)?[eE]\+?\d+", re.ASCII)
_DECIMAL_TAIL = re.compile(r"(\d+)[.,]0+", re.ASCII)
_SEPARATED = re.compile(r"\d+(?:[ .\-]\d+)+", re.ASCII)
_LAST_PROVINCE = 96


def _read_personal_id(cell: Cell) -> Reading:
    """A personal number of 12 or 9 digits. Ten or eleven digits may have lost zeros; the row decides (`pad_id`)."""
    reading = _read_plain(cell)
    text = reading.value
    if not text:
        return reading
    before = reading.findings
    if isinstance(cell, Typed) and cell.type is not CellType.NUMBER:
        return _refused("turned-into-date")
    if _SCIENTIFIC.fullmatch(text):
        return Reading(None, (*before, Finding("scientific")))
    if text[0] in "'’" and text[1:].isdecimal():
        return Reading(None, (*before, Finding("apostrophe", text[1:])))
    tail = _DECIMAL_TAIL.fullmatch(text)
    if tail is not None:
        text = tail.group(1)
        return Reading(None, (*before, Finding("leading-zeros" if len(text) < _ID_DIGITS else "id-separators", text)))
    if _SEPARATED.fullmatch(text):
        return Reading(None, (*before, Finding("id-separators", "".join(c for c in text if c.isdecimal()))))
    if not (text.isascii() and text.isdecimal()):
        return Reading(None, (*before, Finding("id-length")))
    if len(text) in {_ID_DIGITS, _OLD_ID_DIGITS}:
        return Reading(text, before)
    # One that still begins with a zero lost none: a digit is missing elsewhere.
    if len(text) in {_ID_DIGITS - 1, _ID_DIGITS - 2} and not text.startswith("0"):
        return Reading(None, (*before, Finding("leading-zeros", text)))
    return Reading(None, (*before, Finding("id-length")))


def id_agrees(personal_id: str, *, gender: str | None, born_on: str | None) -> bool | None:
    """Whether a 12-digit number speaks of this sex and year of birth; None where there is nothing to compare.

    Spec: three digits of province, one of century and sex (even male, odd female), two of the year, six random.
    """
    if len(personal_id) != _ID_DIGITS or (gender not in {"male", "female"} and born_on is None):
        return None
    century_sex = int(personal_id[3])
    if gender in {"male", "female"} and (century_sex % 2 == 0) != (gender == "male"):
        return False
    year = 1900 + 100 * (century_sex // 2) + int(personal_id[4:6])
    return born_on is None or born_on[:4] == str(year)


def pad_id(digits: str, *, gender: str | None, born_on: str | None) -> str | None:
    """The 12 digits that a number of 10 or 11 had before its zeros were lost, if sex and year both agree with them."""
    padded = digits.zfill(_ID_DIGITS)
    if gender is None or born_on is None or len(digits) not in {_ID_DIGITS - 1, _ID_DIGITS - 2}:
        return None
    if not 1 <= int(padded[:3]) <= _LAST_PROVINCE:
        return None
    return padded if id_agrees(padded, gender=gender, born_on=born_on) else None


# Dates

_DAY_MONTH_YEAR = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_MONTH_YEAR = re.compile(r"(\d{1,2})[/.-](\d{4})", re.ASCII)
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
_UNKNOWN = frozenset({"khong ro", "khong nho", "khong biet", "chua ro", "unknown"})
_EXCEL_EPOCH = date(1899, 12, 30)
_EXCEL_DAYS = range(367, 80_000)
_MONTHS = 12


def read_date(cell: Cell, *, full: bool, today: date) -> Reading:
    """A day as ISO text; where `full` is False also a month or a year. Text is day/month/year, never the reverse."""
    if isinstance(cell, Typed):
        return _read_typed_date(cell, full=full, today=today)
    reading = read_text(cell)
    text = reading.value
    if not text:
        return reading
    outcome = _read_written_date(text, full=full, today=today)
    return Reading(outcome.value, (*reading.findings, *outcome.findings))


def _read_typed_date(cell: Typed, *, full: bool, today: date) -> Reading:
    refusal = _untyped(cell)
    if refusal is not None:
        return refusal
    if cell.type is CellType.DATETIME:
        return _refused("date-time", cell.text[:10])
    if cell.type is CellType.DATE:
        return _plausible(cell.text, today) if _exists(cell.text) else _refused("date-form")
    if _YEAR.fullmatch(cell.text) and _OLDEST <= int(cell.text) <= today.year:
        return _refused("partial-date") if full else Reading(cell.text)
    if cell.text.isdecimal() and len(cell.text) <= len("80000") and int(cell.text) in _EXCEL_DAYS:
        # Written as people write it, because a proposal that is accepted is read again.
        return _refused("excel-serial", f"{_EXCEL_EPOCH + timedelta(days=int(cell.text)):%d/%m/%Y}")
    return _refused("date-form")


def _read_written_date(text: str, *, full: bool, today: date) -> Reading:
    match = _DAY_MONTH_YEAR.fullmatch(text)
    if match is not None:
        return _day(int(match[1]), int(match[3]), match[4], full=full, today=today)
    if match := _ISO.fullmatch(text):
        return _plausible(text, today) if _exists(text) else _refused("impossible-date")
    if match := _MONTH_YEAR.fullmatch(text):
        return _month(int(match[1]), match[2], full=full, today=today)
    if _YEAR.fullmatch(text):
        return _refused("partial-date") if full else _plausible(text, today)
    return _refused("unknown-date" if fold(text) in _UNKNOWN else "date-form")


def _day(day: int, month: int, year: str, *, full: bool, today: date) -> Reading:
    if len(year) == 2:
        return _refused("two-digit-year")
    if day == 0 or month == 0:
        known = f"{month:02}/{year}" if 0 < month <= _MONTHS else year
        return _refused("zero-day", None if full else known)
    if month > _MONTHS and day <= _MONTHS and _exists(f"{year}-{day:02}-{month:02}"):
        # One such cell makes the whole column doubtful, so this cell alone is not offered a mend.
        return _refused("month-first")
    iso = f"{year}-{month:02}-{day:02}"
    return _plausible(iso, today) if _exists(iso) else _refused("impossible-date")


def _month(month: int, year: str, *, full: bool, today: date) -> Reading:
    if month == 0:
        return _refused("zero-day", None if full else year)
    if month > _MONTHS:
        return _refused("impossible-date")
    return _refused("partial-date") if full else _plausible(f"{year}-{month:02}", today)


def _exists(iso: str) -> bool:
    """Whether text of the form 2003-02-05 is a day."""
    if _ISO.fullmatch(iso) is None:
        return False
    try:
        date.fromisoformat(iso)
    except ValueError:
        return False
    return True


def _plausible(iso: str, today: date) -> Reading:
    if int(iso[:4]) < _OLDEST:
        return _refused("old-date")
    return _refused("future-date") if iso > today.isoformat()[: len(iso)] else Reading(iso)


def doubtful_dates(cells: Iterable[tuple[int, Cell]]) -> Iterator[tuple[int, Finding]]:
    """Cells of one date column, given with their rows, that its other cells make ambiguous.

    Two signs: some text writes the month first; or Excel under American settings took 05/02/2003 for 2 May, leaving as
    text only what it could not take for a date, so that every text has a day above 12 and every date one up to 12.
    """
    texts: list[tuple[int, int, int]] = []
    typed: list[tuple[int, date]] = []
    for row, cell in cells:
        if isinstance(cell, Typed):
            if cell.type is CellType.DATE and _exists(cell.text):
                typed.append((row, date.fromisoformat(cell.text)))
        elif match := _DAY_MONTH_YEAR.fullmatch(cell.strip()):
            texts.append((row, int(match[1]), int(match[3])))
    if any(month > _MONTHS >= day > 0 for _, day, month in texts):
        for row, day, month in texts:
            if day <= _MONTHS and month <= _MONTHS and day != month:
                yield row, Finding("ambiguous-date")
    if texts and all(day > _MONTHS for _, day, _ in texts) and all(day.day <= _MONTHS for _, day in typed):
        for row, day_on in typed:
            if day_on.day != day_on.month:
                yield row, Finding("swapped-date", f"{day_on.month:02}/{day_on.day:02}/{day_on.year}")
