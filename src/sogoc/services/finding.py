"""Find a record in the register, also when nobody knows its number any more: by name, birth date, year, numbers.

By a former name a record is found only for its holder and for authorities: whoever else asks is not to learn that there was one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from sogoc.core.intake.syllables import name_key
from sogoc.core.numbering import parse_register_number
from sogoc.core.vocabulary import fold
from sogoc.errors import InputError
from sogoc.register.models import Institution, Row
from sogoc.register.queries import newest_versions
from sogoc.register.records import record_of
from sogoc.services import access, audit

FOR = ("holder", "authority", "employer", "public")
"""For whom somebody searches."""
_MAY_KNOW_FORMER_NAMES = ("holder", "authority")
MOST = 50
_LOOKED_AT = 500

_DATE = re.compile(r"[12][0-9]{3}(-[0-9]{2}(-[0-9]{2})?)?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is known of a record. A number is enough; a name needs a birth date or a year of award beside it.

    `born_on` may be a year, or year and month; `school` is part of the name of a school as the diploma gives it.
    """

    name: str | None = None
    born_on: str | None = None
    year: str | None = None
    school: str | None = None
    serial_number: str | None = None
    register_number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The newest version of each record that fits. `former` are those that only an older version fits, `more` says that there
    are further ones.
    """

    rows: tuple[Row, ...]
    former: frozenset[int]
    more: bool


def find(wanted: Wanted, *, institution: Institution, on_behalf_of: str, by: User, now: datetime) -> Found:
    """Search the register of one institution. Each search leaves a line in the audit trail, without what was searched for.

    Raises: NotAllowed; InputError when too little is known.
    """
    access.require(by, "register.search", institution)
    _check(wanted, on_behalf_of)
    rows = Row.objects.filter(institution=institution, entry__isnull=False, erased_at__isnull=True).filter(
        _fits(wanted)
    )
    if on_behalf_of not in _MAY_KNOW_FORMER_NAMES and wanted.name is not None:
        rows = rows.filter(successor__isnull=True)
    newest: dict[int, Row] = {}
    matched: set[int] = set()
    looked_at = list(rows.select_related("entry", "institution", "batch").order_by("pk")[: _LOOKED_AT + 1])
    fitting = [row for row in looked_at[:_LOOKED_AT] if wanted.school is None or _of_school(row, wanted.school)]
    versions = newest_versions(fitting)
    for row in fitting:
        latest = versions[row.pk]
        newest[latest.pk] = latest
        if latest.pk == row.pk:
            matched.add(row.pk)
    found = tuple(newest.values())
    audit.note(
        by,
        "register.searched",
        institution.code,
        at=now,
        detail={"by": sorted(_given(wanted)), "for": on_behalf_of, "found": len(found)},
    )
    return Found(
        rows=found[:MOST],
        former=frozenset(newest.keys() - matched),
        more=len(found) > MOST or len(looked_at) > _LOOKED_AT,
    )


def _given(wanted: Wanted) -> list[str]:
    return [name for name in Wanted.__slots__ if getattr(wanted, name) is not None]


def _check(wanted: Wanted, on_behalf_of: str) -> None:
    if on_behalf_of not in FOR:
        raise InputError(f"a search is for one of {', '.join(FOR)}", f"tra cứu cho một trong: {', '.join(FOR)}")
    if wanted.born_on is not None and not _DATE.fullmatch(wanted.born_on):
        raise InputError(
            "a birth date is such as 2003-02-05, 2003-02 or 2003", "ngày sinh ghi 2003-02-05, 2003-02 hoặc 2003"
        )
    numbered = wanted.serial_number is not None or wanted.register_number is not None
    named = bool(fold(wanted.name or "")) and (wanted.born_on is not None or wanted.year is not None)
    if not numbered and not named:
        raise InputError(
            "too little to search by: give a number, or a name with a birth date or a year",
            "chưa đủ thông tin: cần số hiệu, số vào sổ, hoặc họ tên kèm ngày sinh hay năm cấp",
        )


def _fits(wanted: Wanted) -> Q:
    fits = Q()
    if wanted.name is not None:
        fits &= Q(name_key=name_key(wanted.name))
    if wanted.born_on is not None:
        parts = wanted.born_on.split("-")
        shorter = ["-".join(parts[:count]) for count in range(1, len(parts))]
        fits &= Q(born_on__startswith=wanted.born_on) | Q(born_on__in=shorter)
    if wanted.year is not None:
        fits &= Q(year=wanted.year)
    if wanted.serial_number is not None:
        fits &= Q(serial_number=wanted.serial_number)
    if wanted.register_number is not None:
        fits &= Q(register_number=wanted.register_number)
        parsed = parse_register_number(wanted.register_number, wanted.year)
        if parsed is not None:  # numbers have an index, the texts of those that were read have none
            fits &= Q(number=parsed.number) | Q(number__isnull=True)
    return fits


def _of_school(row: Row, school: str) -> bool:
    record = record_of(row)
    names = (record.get("school"), record["institution_name"])
    return any(fold(school) in fold(name) for name in names if name)
