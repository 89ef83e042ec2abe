"""One cell, read as the field of its column: personal numbers, words, marks and plain text.

Every function here is total: any cell gives a Reading, and nothing raises. A value is carried as it was typed, or its
Reading says by which rule it was not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from sogoc.core.intake.dates import DateEvidence, DateReader, Order, refused
from sogoc.core.intake.problem import Confidence
from sogoc.core.intake.sheet import Cell, CellType, Typed
from sogoc.core.intake.text import Finding, Reading, read_name, read_text
from sogoc.core.record import Field, check_text
from sogoc.core.vocabulary import FRAMEWORK_LEVEL, WORDS, code_of, fold, grade_suggestion, grades, suggestion
from sogoc.errors import RecordError

Reader = Callable[[Cell], Reading]

DATES = frozenset({"born_on", "admitted_on", "decided_on", "awarded_on"})
_FULL_DATES = frozenset({"decided_on", "awarded_on"})
_NAMES = frozenset({"holder_name", "signer_name"})
_SERIES = frozenset({"serial_number", "register_number"})
# Numbers that no zero can be in front of, so a quantity is the number itself.
_PLAIN_NUMBERS = frozenset({"programme", "graduation_year", "credits"})


@dataclass(slots=True)
class Evidence:
    """What the cells of one column say of each other, as far as the reading of one cell depends on it.

    `encoding` is the old encoding that the column is in, or empty; `codes` the bare numbers that stand for a gender.
    """

    encoding: str = ""
    dates: DateEvidence = field(default_factory=DateEvidence)
    codes: set[str] = field(default_factory=set)


def _untyped(cell: Typed) -> Reading | None:
    """The refusal of a cell that is no value at all, whatever its column."""
    match cell.type:
        case CellType.ERROR:
            return refused("formula-error")
        case CellType.FORMULA:
            return refused("formula")
        case CellType.BOOLEAN:
            return refused("wrong-type")
        case _:
            return None


def reader_for(
    field: Field,
    *,
    kind: str,
    today: date,
    evidence: Evidence,
    order: Order = Order.DAY_FIRST,
    epoch_1904: bool = False,
) -> Reader:
    """The function that reads a cell of this field's column, for one kind of qualification."""
    name, encoding = field.name, evidence.encoding
    if name in DATES:
        return DateReader(
            full=name in _FULL_DATES,
            today=today,
            order=order,
            swapped=evidence.dates.swapped,
            epoch_1904=epoch_1904,
            encoding=encoding,
        )
    if name == "personal_id":
        return _read_personal_id
    if name == "gender":
        return lambda cell: _read_gender(cell, encoding, evidence.codes)
    if name in WORDS:
        return lambda cell: _read_word(name, cell, encoding)
    if name == "classification":
        return lambda cell: _read_grade(kind, cell, encoding)
    if name in _NAMES:
        return lambda cell: _formed(
            field, read_name(cell, encoding) if isinstance(cell, str) else _read_typed(name, cell)
        )
    if name == "programme":
        return lambda cell: _read_programme(field, cell, encoding)
    if name in _SERIES:
        return lambda cell: _read_series(field, cell)
    return lambda cell: _formed(field, read_text(cell, encoding) if isinstance(cell, str) else _read_typed(name, cell))


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
        return refused("turned-into-date")
    if name in _NAMES:
        return refused("name-digits")
    if not cell.text.isdecimal():
        return refused("scientific" if "e" in cell.text.lower() else "wrong-type")
    if name in _PLAIN_NUMBERS:
        return Reading(cell.text)
    return refused("number-as-text", cell.text, Confidence.POSSIBLE)


# A digit run that a letter interrupts or ends, where a scanner or a typist took 0 for O or 1 for I.
_LOOK_ALIKE = re.compile(r"(?<=\d)[OoIl](?=\d|$|[/.-])", re.ASCII)
_DIGITS = str.maketrans("OoIl", "0011")


def _read_series(field: Field, cell: Cell) -> Reading:
    """A serial or register number, whatever its form: the letters and zeros of the paper are kept."""
    reading = _formed(field, read_text(cell) if isinstance(cell, str) else _read_typed(field.name, cell))
    if reading.value is None or _LOOK_ALIKE.search(reading.value) is None:
        return reading
    digits = _LOOK_ALIKE.sub(lambda letter: letter[0].translate(_DIGITS), reading.value)
    return Reading(reading.value, (*reading.findings, Finding("look-alike", digits, confidence=Confidence.POSSIBLE)))


# Lists before that of 2017, by which a code has seven digits: D480201, C480201, 52480201, 480201.
_OLD_PROGRAMME = re.compile(r"[A-Z]\d{6,8}|\d{6}|5\d{7}", re.ASCII)


def _read_programme(field: Field, cell: Cell, encoding: str) -> Reading:
    reading = _formed(field, read_text(cell, encoding) if isinstance(cell, str) else _read_typed(field.name, cell))
    if reading.value is None or _OLD_PROGRAMME.fullmatch(reading.value) is None:
        return reading
    return Reading(reading.value, (*reading.findings, Finding("old-programme")))


def _read_plain(cell: Cell, encoding: str = "", known: Callable[[str], bool] | None = None) -> Reading:
    """A cell of a closed field as text; whatever it is, the field's own table has to know it."""
    if isinstance(cell, str):
        return read_text(cell, encoding, known)
    return _untyped(cell) or Reading(cell.text)


_MALE_FEMALE = {"1": ("Nam", "Nữ"), "0": ("Nữ", "Nam")}
_NATIONAL = {"1": "Nam", "2": "Nữ"}


def _read_gender(cell: Cell, encoding: str, codes: set[str]) -> Reading:
    """A word; or a number, of which the column tells whether it follows the national code (1 male, 2 female)."""
    text = cell if isinstance(cell, str) else cell.text if cell.type is CellType.NUMBER else ""
    text = text.strip()
    if text in _NATIONAL and "2" in codes:
        return refused("gender-mark", _NATIONAL[text])
    if text in _MALE_FEMALE:
        here, there = _MALE_FEMALE[text]
        return Reading(None, (Finding("gender-mark", readings=(("1 = Nam", here), ("1 = Nữ", there))),))
    return _read_word("gender", cell, encoding)


_MARKS = frozenset({"x", "1", "v", "✓", "✔", "có"})


def read_gender_mark(gender: str) -> Reader:
    """The reader of a column that is called Nam or Nữ and holds a mark; a cell without one says nothing."""

    def read(cell: Cell) -> Reading:
        text = cell if isinstance(cell, str) else cell.text
        if text.strip().lower() in _MARKS:
            return refused("gender-mark", gender)
        return _read_word("gender", cell, "")

    return read


def _read_word(name: str, cell: Cell, encoding: str) -> Reading:
    reading = _read_plain(cell, encoding, lambda text: code_of(name, text) is not None)
    if not reading.value:
        return reading
    code = code_of(name, reading.value)
    if code is not None:
        return Reading(code, reading.findings)
    meant = suggestion(name, reading.value)
    words = ", ".join(word.vi for word in WORDS[name])
    proposal = meant.vi if meant is not None else None
    return Reading(None, (*reading.findings, Finding(name, proposal, (("words", words),))))


def _read_grade(kind: str, cell: Cell, encoding: str) -> Reading:
    reading = _read_plain(cell, encoding, grades(kind).__contains__)
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
        return refused("turned-into-date")
    if _SCIENTIFIC.fullmatch(text):
        return Reading(None, (*before, Finding("scientific")))
    if text[0] in "'’" and text[1:].isdecimal():
        return Reading(None, (*before, Finding("apostrophe", text[1:], confidence=Confidence.CERTAIN)))
    tail = _DECIMAL_TAIL.fullmatch(text)
    if tail is not None:
        text = tail.group(1)
        return Reading(None, (*before, Finding("leading-zeros" if len(text) < _ID_DIGITS else "id-separators", text)))
    if _SEPARATED.fullmatch(text):
        digits = "".join(c for c in text if c.isdecimal())
        return Reading(None, (*before, Finding("id-separators", digits, confidence=Confidence.CERTAIN)))
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
