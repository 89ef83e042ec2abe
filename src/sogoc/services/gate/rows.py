"""What the gate asks of every row of a batch, one after another: its form, what it says of the batch, its fields, who signs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, cast

from sogoc.core import canonical, law, numbering, record
from sogoc.core import tally as tallies
from sogoc.core.authority import Page
from sogoc.core.blanks import Runs
from sogoc.core.law import Fields
from sogoc.core.vocabulary import FIELDS
from sogoc.errors import MalformedError, NoRule, RecordError
from sogoc.register.models import Batch
from sogoc.services.decisions import person_key
from sogoc.services.gate.findings import Findings

_NONE = Runs()


class Line(NamedTuple):
    """What the gate reads of a row; its names are the columns, in the order in which they are asked for."""

    cell: str
    record: bytes
    number: int | None
    register_number: str
    serial_number: str
    serial_series: str | None
    serial_value: int | None
    erased_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Listed:
    """The list attached to a decision, less those whom other batches awarded already: keys of persons, and how often."""

    secret: bytes
    left: dict[bytes, int]

    def take(self, fields: record.Record) -> bool:
        """Whether this person stands on the list once more than was awarded."""
        key = person_key(self.secret, fields["holder_name"], fields["born_on"])
        left = self.left.get(key, 0)
        self.left[key] = left - 1
        return left > 0


@dataclass(kw_only=True)
class RowRules:
    """The rules about single rows of one batch, and what is counted while its rows pass by.

    `blanks` are the serials of each series that a diploma may bear; `listed` is None where the decision has no list.
    """

    batch: Batch
    page: Page
    findings: Findings
    blanks: dict[str, Runs]
    listed: Listed | None
    tally: Counter[tallies.Cell] = field(default_factory=Counter)
    names: dict[str, set[str]] = field(default_factory=dict)
    count: int = 0
    erased: int = 0

    def __post_init__(self) -> None:
        self.schema = record.SCHEMAS[self.batch.schema]
        self._form = record.Checking(self.schema)
        self.on = self.batch.awarded_on
        self._signers: dict[tuple[str | None, str | None], tuple[str, str] | None] = {}
        name = self.page.named_on(self.on)
        self._name = name.vi if name else None
        self._said = {
            "institution": self.batch.institution.code,
            "level": self.batch.level,
            "decision_number": self.batch.decision.number,
            "decided_on": self.batch.decision.decided_on,
            "awarded_on": self.on,
        }
        self._grades = law.grades(self.schema.kind, self.batch.level, self.on)

    @cached_property
    def _fields(self) -> Fields | None:
        try:
            return law.fields(self.schema.kind, self.batch.level, self.on)
        except NoRule:  # no such qualification on that day: refused as such
            return None

    def hold(self, row: Line, fields: record.Record | None = None) -> None:
        """Hold one row to every rule. A row whose form is broken is asked nothing more; an erased one is counted.

        `fields` are those of its record, where it was just written of them.
        """
        self.count += 1
        if row.erased_at is not None:
            self.erased += 1
            return
        try:
            if fields is None:
                fields = cast(record.Record, canonical.decode(bytes(row.record)))
            self._form.check(fields)
        except RecordError as error:
            self._refuse("record", error.en, error.vi, row.cell)
            return
        except MalformedError:
            self._refuse("record", "the stored record is broken", "bản ghi lưu trữ bị hỏng", row.cell)
            return
        self._hold_to_batch(row, fields)
        self.hold_to_law(fields, row.cell)
        self._hold_to_books(row, fields)
        self.tally[fields["programme"], fields["mode"], fields.get("admitted_on", "")[:4]] += 1
        if "programme_name" in fields:
            self.names.setdefault(fields["programme"], set()).add(fields["programme_name"])

    def _refuse(self, rule: str, en: str, vi: str, cell: str | None) -> None:
        self.findings.refuse(rule, en, vi, cell=cell)

    def _hold_to_batch(self, row: Line, fields: record.Record) -> None:
        if fields["institution_name"] != self._name:
            self._refuse(
                "institution-name",
                f"the institution did not bear this name on {self.on}",
                f"cơ sở không mang tên này vào ngày {self.on}",
                row.cell,
            )
        for name, value in self._said.items():
            if fields[name] != value:
                self._refuse(
                    "batch-fields", f"{name} is not that of the batch", f"{_vi(name)} khác với đợt cấp", row.cell
                )
        if self.listed is not None and not self.listed.take(fields):
            self._refuse(
                "decision-list",
                "is not on the list attached to the decision, or was awarded by it already",
                "không có trong danh sách kèm quyết định, hoặc đã được cấp theo quyết định này",
                row.cell,
            )

    def hold_to_law(self, fields: record.Record, cell: str | None = None) -> None:
        """Hold what a record says to the fields, grades and signers of the law on the day of the award."""
        if self._fields is not None:
            for name in self._fields.required:
                if name not in fields:
                    self._refuse("fields", f"{name} is required", f"thiếu {_vi(name)}", cell)
            for name in self._fields.forbidden:
                if name in fields:
                    self._refuse("fields", f"{name} must not be said", f"không được ghi {_vi(name)}", cell)
        if fields.get("classification", "") not in ("", *self._grades):
            self._refuse(
                "grade",
                f"the classification is of no regulation in force on {self.on}",
                f"xếp loại không thuộc quy chế có hiệu lực ngày {self.on}",
                cell,
            )
        self._hold_signer(cell, fields["signer_name"], fields["signer_title"])
        paper = fields.get("paper_signer_name"), fields.get("paper_signer_title")
        if paper != (None, None):
            self._hold_signer(cell, *paper)

    def _hold_signer(self, cell: str | None, name: str | None, title: str | None) -> None:
        if not self.findings.holds("signer"):
            return
        key = name, title
        if key not in self._signers:
            self._signers[key] = self._signer_problem(name, title)
        problem = self._signers[key]
        if problem is not None:
            self._refuse("signer", *problem, cell)

    def _signer_problem(self, name: str | None, title: str | None) -> tuple[str, str] | None:
        """What is wrong with a signer: not in office that day, an office that may not sign, or a deputy without assignment."""
        if name is None or title is None:
            return "who signed on paper is named by half", "người ký bản giấy thiếu tên hoặc chức danh"
        terms = [term for term in self.page.signers if (term.name, term.title) == (name, title)]
        in_office = [term for term in terms if term.covers(self.on)]
        if not in_office:
            return (
                f"the signer held no such office on {self.on}",
                f"người ký không giữ chức vụ này vào ngày {self.on}",
            )
        if self.findings.rules & {"qualification", "issuer"}:
            return None  # nobody may sign for an institution that may not award this
        may = law.may_sign(self.schema.kind, self.batch.level, self.page.category, title, self.on)
        if may is None and not any(term.assignment for term in in_office):
            return (
                "a deputy signs without a written assignment",
                "cấp phó ký nhưng không có quyết định giao ký thay",
            )
        if may is False:
            return "the office of the signer may not sign this", "chức vụ của người ký không được ký văn bằng này"
        return None

    def _hold_to_books(self, row: Line, fields: record.Record) -> None:
        text, year = fields["register_number"], self.on[:4]
        parsed = numbering.parse_register_number(text, year)
        if parsed is None or row.number is None:
            self._refuse("number-form", "the register number cannot be read", "không đọc được số vào sổ gốc", row.cell)
        elif parsed.year not in (None, year):
            self._refuse(
                "number-form",
                f"the register number is of another year than {year}",
                f"số vào sổ gốc không thuộc năm {year}",
                row.cell,
            )
        elif parsed.number != row.number or text != row.register_number:
            self._refuse(
                "number-form",
                "the register number is not the one that the register counts",
                "số vào sổ gốc khác với số mà sổ gốc đếm",
                row.cell,
            )
        serial = numbering.parse_serial(fields["serial_number"])
        place = (None, None) if serial is None else (serial.series, serial.value)
        if fields["serial_number"] != row.serial_number or place != (row.serial_series, row.serial_value):
            self._refuse(
                "serial",
                "the serial number is not the one that the register counts",
                "số hiệu khác với số mà sổ gốc đếm",
                row.cell,
            )
        if not self.findings.holds("blank"):
            return
        if serial is None or serial.value not in self.blanks.get(serial.series, _NONE):
            self._refuse(
                "blank",
                "the serial number is of no blank that was received and is still good",
                "số hiệu không thuộc phôi đã nhận và còn dùng được",
                row.cell,
            )


def _vi(name: str) -> str:
    return FIELDS[name].vi.lower() if name in FIELDS else name
