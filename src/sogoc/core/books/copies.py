"""The copy from the register (bản sao từ sổ gốc): what the register says of one qualification, under the number of the copy.

Spec: Circular 21/2019/TT-BGDĐT, articles 25 to 31.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sogoc.core.books.lines import Act, acts_said, day
from sogoc.core.record import Record, Schema
from sogoc.core.vocabulary import FIELDS, display

# A school's diploma says these of its holder; a degree since Circular 27/2019 does not.
_SCHOOL = frozenset({"birthplace", "gender", "ethnicity", "exam_board", "exam_session"})
# Numbers and codes of the archive, which stand in the evidence and in the QR code.
_UNSAID = frozenset({"institution", "kind", "level", "programme", "identifier", "title", "issued_at"})
_DATES = frozenset({"born_on", "decided_on", "awarded_on"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFace:
    """A copy as it is printed: lines of (Vietnamese name, English name, value), and what was decided since."""

    institution: str
    number: str
    title: str
    lines: tuple[tuple[str, str, str], ...]
    notes: tuple[str, ...]
    dated: str
    foot: str


def copied_fields(schema: Schema) -> tuple[str, ...]:
    """The fields that a copy shows, on its page and in its evidence: those of the diploma, and for a school's what it says more."""
    more = _SCHOOL if schema.kind == "school-diploma" else frozenset[str]()
    return tuple(name for name in schema.names if name in schema.face or name in more)


def copy_face(
    record: Record, *, schema: Schema, number: int, issued_on: str, institution: str, place: str, acts: Sequence[Act]
) -> CopyFace:
    """Lay out a copy of a record's newest version. `place` is where the copy is issued, `acts` what was decided since the award."""
    shown = set(copied_fields(schema)) - _UNSAID
    lines = tuple(
        (said.vi, said.en, day(record[name]) if name in _DATES else display(name, record[name]))
        for name, said in FIELDS.items()
        if name in shown and name in record
    )
    year, month, day_of = issued_on.split("-")
    written = f"{place}, ngày {day_of} tháng {month if month < '03' else int(month)} năm {year}"
    return CopyFace(
        institution=institution,
        number=f"{number:02}/{year}",
        title=record["title"],
        lines=lines,
        notes=tuple(map(acts_said, acts)),
        dated=written,
        foot=f"Mã định danh / Identifier {record['identifier']}",
    )
