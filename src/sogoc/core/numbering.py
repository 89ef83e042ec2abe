"""Register numbers and serial numbers: read from the forms that registers hold, and written from a template.

A text is never changed: what was read can be written back character for character, and a text in no known form is
answered with None, to be kept as it stands.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from sogoc.errors import RecordError

MAX_NUMBER = 999_999_999
"""More digits are a code of several parts run together, which nobody can count on from."""

_MOST_DIGITS = len(str(MAX_NUMBER))
_FIRST_YEAR, _LAST_YEAR = 1945, 2100
_LETTERS_NUMBER = re.compile(r"([^\W\d_]{0,8}[.-]?)([0-9]{1,9})")
_MARK = re.compile(r"[^\W_](?:[^\W_]|[ .&-])*")
_SLOT = re.compile(r"\{(?:(year)|(mark)|number(?::0([1-9]))?)\}")


class ParsedNumber(NamedTuple):
    """A register number in its parts. `template` writes it again; `form` is its name in the rules of the law."""

    number: int
    year: str | None
    mark: str
    template: str
    form: str


# A number is read by intake, by the register and by the gate; of a list of some thousands each is read once.
@lru_cache(maxsize=8192)
def parse_register_number(text: str, awarded_in: str | None = None) -> ParsedNumber | None:
    """Read a register number; None where it is in no known form, or may be read in two ways.

    `awarded_in`, the calendar year of the award, decides which part is the year where two could be.
    """
    parts = text.split("/")
    if len(parts) == 1:
        return _without_year(text)
    middle = "/".join(parts[1:-1])
    if not all(_MARK.fullmatch(part) for part in parts):
        return None
    first, last = parts[0], parts[-1]
    at = _year_of(first, last, awarded_in)
    if at is None:
        return _with_mark(first, last) if len(parts) == 2 else None
    year, digits = (first, last) if at == 0 else (last, first)
    if not _is_number(digits):
        # 2026/SG and TC/2026 hold a mark and a number without a year.
        return _with_mark(first, last) if len(parts) == 2 else None
    slots = ("{year}", _slot(digits)) if at == 0 else (_slot(digits), "{year}")
    names = ("year", "number") if at == 0 else ("number", "year")
    between = ("{mark}",) if middle else ()
    return ParsedNumber(
        number=int(digits),
        year=year,
        mark=middle,
        template="/".join((slots[0], *between, slots[1])),
        form="/".join((names[0], *(("mark",) if middle else ()), names[1])),
    )


def readings(text: str) -> tuple[ParsedNumber, ...]:
    """Every way in which a register number may be read by somebody who does not know the year of the award: mostly one."""
    parsed = (parse_register_number(text), *(parse_register_number(text, part) for part in text.split("/")))
    return tuple(dict.fromkeys(one for one in parsed if one is not None))


def spellings(typed: str) -> tuple[str, str, str]:
    """How a number may stand in a register that somebody typed so: as it is, in capitals, in capitals without spaces."""
    capitals = unicodedata.normalize("NFC", typed.upper()).replace("\N{LATIN CAPITAL LETTER ETH}", "Đ")
    return typed, capitals, capitals.replace(" ", "")


def format_register_number(template: str, number: int, year: str | None = None, mark: str = "") -> str:
    """Write a register number from a template such as `{number:04}/{mark}/{year}`.

    Raises: RecordError for a number out of range, or a template with other or no slots, or a year or mark that is not
    given.
    """
    slots = [match.group(0) for match in _SLOT.finditer(template)]
    if sum(slot.startswith("{number") for slot in slots) != 1 or "{" in _SLOT.sub("", template):
        raise RecordError(
            "register_number",
            "the template needs {number} once, and may have {year} and {mark}",
            "mẫu số vào sổ phải có {number} một lần, và có thể có {year} và {mark}",
        )
    if ("{mark}" in slots and not mark) or ("{year}" in slots and not year):
        raise RecordError(
            "register_number", "the template needs a mark or a year", "mẫu số vào sổ cần ký hiệu hoặc năm"
        )
    if not 1 <= number <= MAX_NUMBER:
        raise RecordError(
            "register_number", f"is not between 1 and {MAX_NUMBER}", f"không nằm trong khoảng 1 đến {MAX_NUMBER}"
        )

    def written(match: re.Match[str]) -> str:
        if match.group(1):
            return year or ""
        return mark if match.group(2) else str(number).zfill(int(match.group(3) or 1))

    return _SLOT.sub(written, template)


def _is_number(part: str) -> bool:
    return len(part) <= _MOST_DIGITS and part.isascii() and part.isdigit() and int(part) > 0


def _is_year(part: str) -> bool:
    return len(part) == len("2026") and _is_number(part) and _FIRST_YEAR <= int(part) <= _LAST_YEAR


def _year_of(first: str, last: str, awarded_in: str | None) -> int | None:
    """Return 0 or 1 for the part that is the year, None if none is or nobody can say."""
    years = [position for position, part in enumerate((first, last)) if _is_year(part)]
    if len(years) <= 1:
        return years[0] if years else None
    if first == last:
        return 1  # number 2024 of the year 2024: both readings say the same
    awarded = [position for position in years if (first, last)[position] == awarded_in]
    return awarded[0] if awarded else None


def _slot(digits: str) -> str:
    return f"{{number:0{len(digits)}}}" if len(digits) > 1 else "{number}"


def _without_year(text: str) -> ParsedNumber | None:
    match = _LETTERS_NUMBER.fullmatch(text)
    if match is None or not _is_number(match.group(2)):
        return None
    letters, digits = match.groups()
    return ParsedNumber(
        number=int(digits), year=None, mark="", template=f"{letters}{_slot(digits)}", form="letters+number"
    )


def _with_mark(first: str, last: str) -> ParsedNumber | None:
    """Read `171/TC`, which leaves the year out."""
    if not _is_number(first) or last[0] in "0123456789":
        return None
    return ParsedNumber(
        number=int(first), year=None, mark=last, template=f"{_slot(first)}/{{mark}}", form="number/mark"
    )


# -- serial numbers -------------------------------------------------------------------------------------------------------

_SERIAL = re.compile(r"[^\W_](?:[^\W_]|[ ./-]){0,59}")
_RUN = re.compile(r"[0-9]+")
_MAX_RUN = 15
_SERIES = re.compile(r"([^#]*)#([0-9]+)((?:[^#0-9][^#]*)?)")


class Serial(NamedTuple):
    """A serial number as its place in a series. A series is what stands around the number, and its width: `B#7`."""

    series: str
    value: int
    text: str


@lru_cache(maxsize=8192)
def parse_serial(text: str) -> Serial | None:
    """Read a serial number; None where it holds no number to count by, or other signs than letters, digits and ` ./-`.

    Leading zeros count: `B12345` and `B0012345` are of two series. No two texts have the same series and value.
    """
    if not _SERIAL.fullmatch(text) or text.endswith(" "):
        return None
    if not text.isascii() and any(one.isdigit() and not one.isascii() for one in text):
        return None
    runs = list(_RUN.finditer(text))
    if not runs:
        return None
    counted = [run for run in runs if not _is_year(run.group())] or runs
    # `001/ĐHCN-2024` begins with its number; elsewhere the longest run is it, and a year only if there is no other.
    begins = counted[0].start() == 0 and text[counted[0].end() :].startswith("/")
    run = counted[0] if begins else max(counted, key=lambda one: one.end() - one.start())
    digits = run.group()
    if len(digits) > _MAX_RUN:
        return None
    return Serial(series=f"{text[: run.start()]}#{len(digits)}{text[run.end() :]}", value=int(digits), text=text)


def format_serial(series: str, value: int) -> str:
    """Write the serial number at a place of a series.

    Raises: RecordError for what is no series, or a number that is wider than its series.
    """
    match = _SERIES.fullmatch(series)
    if match is None:
        raise RecordError("serial_number", "is no series such as B#7", "không phải dãy số hiệu như B#7")
    prefix, width, suffix = match.group(1), int(match.group(2)), match.group(3)
    digits = str(value).zfill(width)
    if value < 0 or len(digits) != width:
        raise RecordError(
            "serial_number", f"a number of series {series} has {width} digits", f"số của dãy {series} có {width} chữ số"
        )
    return f"{prefix}{digits}{suffix}"
