"""Rows of a registrar's table -> records, or everything that is wrong with them.

A file is read whole and only taken whole. Nothing is guessed: a value is carried as typed, or a Change says how it was
normalised without loss, or a Problem keeps the file out until the registrar has mended or accepted it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sogoc.core.intake.headers import (
    FRAMEWORK,
    HEADER_WITHIN,
    IGNORED,
    NAME_PART,
    Header,
    find_header,
    label_of,
    meaning_of,
    text_of,
)
from sogoc.core.intake.rules import RULES, Change, Problem
from sogoc.core.intake.sheet import Cell, Row, Sheet, Typed, cell_name, column_name
from sogoc.core.intake.text import LOSSLESS, Finding, Reading
from sogoc.core.intake.values import Reader, doubtful_dates, id_agrees, pad_id, read_framework_level, reader_for
from sogoc.core.record import Record, Schema, check, check_text
from sogoc.core.vocabulary import fold
from sogoc.errors import InputError, RecordError

# Stands for the identifier that a record gets when it is sealed, so that everything else can be checked before.
_PLACEHOLDER = "00000000-0000-4000-8000-000000000000"
_CACHED = 4096
# A file with more than this is another file than was meant, and lists without end would fill the memory of a server.
_MOST_PROBLEMS = 10_000
_MOST_CHANGES = 300_000
# A title is a line of print; what is longer is not searched.
_TITLE_LENGTH = 500
_ADULT_ENOUGH = 15
_DATE_FIELDS = ("born_on", "decided_on", "awarded_on")
# What a row needs besides a name to be a person and not the signature under the table.
_NUMBERS = ("born_on", "serial_number", "register_number", "personal_id")
_FOOTER = re.compile(
    r"(nguoi (ky|lap|duyet|kiem tra|ghi)|tong (so|cong)|cong trang|cong so|hieu truong|giam doc|vien truong|truong phong"
    r"|kt |tm |tl |danh sach (nay )?(co|gom)|an dinh danh sach|[a-z ]*\bngay (\d+ )?thang|noi nhan)"
)
_TOTAL = re.compile(r"(?:tong (?:so|cong)|danh sach (?:nay )?(?:co|gom)|an dinh danh sach)\D*(\d+)\b")
_DECISION = re.compile(r"quyết định[^:;]*?\bsố\s*:?\s*(\S*\d\S*)", re.IGNORECASE)
# Without a personal number to tell people apart, these are what a foreign name and an old encoding have in common.
_FOREIGN_NAME = frozenset({"vni", "tcvn3", "lost-diacritics"})


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeRow:
    """One person's row: where it stands (`row` as the spreadsheet counts, from 1) and its record without identifier."""

    sheet: str
    row: int
    record: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A row with something in it that was not read as a person, and why: title, header, numbering, footer or remark."""

    sheet: str
    row: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What became of a file. `rows` is empty unless the whole file is clean; `read` counts the persons' rows in it."""

    file: str
    rows: tuple[IntakeRow, ...]
    problems: tuple[Problem, ...]
    changes: tuple[Change, ...]
    ignored: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    read: int
    faulty: int

    @property
    def clean(self) -> bool:
        """No error stands; warnings may, and are for a person to confirm."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "warning")


def read(
    sheets: Iterable[Sheet],
    *,
    file: str,
    schema: Schema,
    defaults: Mapping[str, str],
    today: date,
    accept: Collection[str] = (),
    ignore: Collection[str] = (),
) -> Intake:
    """Read every sheet with a header as records of `schema`.

    `defaults` holds the values chosen for the whole batch, as a record holds them; a cell may repeat but not contradict
    them. `accept` names rules whose proposals the registrar takes; `ignore` names headers she marked as carried nowhere.
    Raises: RecordError for a default that breaks the schema, InputError for a rule that cannot be accepted.
    """
    reader = _FileReader(file, schema, defaults, today, frozenset(accept), frozenset(fold(name) for name in ignore))
    for sheet in sheets:
        if not reader.stopped:
            reader.read_sheet(sheet)
    return reader.result()


@dataclass(frozen=True, slots=True)
class _Column:
    index: int
    label: str
    meaning: str
    reader: Reader
    seen: dict[Cell, Reading] = field(default_factory=dict)

    def read(self, cell: Cell) -> Reading:
        reading = self.seen.get(cell)
        if reading is None:
            reading = self.reader(cell)
            if len(self.seen) < _CACHED:
                self.seen[cell] = reading
        return reading


@dataclass(frozen=True, slots=True)
class _Table:
    """One sheet, its header and what its columns mean."""

    sheet: Sheet
    header: Header
    columns: tuple[_Column, ...]
    by_field: Mapping[str, _Column]

    def cell(self, row: int, field_name: str) -> str:
        """The name of the cell that holds a field; column A where the whole batch shares one value."""
        column = self.by_field.get(field_name)
        return cell_name(row, column.index if column else 0)

    def label(self, field_name: str) -> str:
        column = self.by_field.get(field_name)
        return column.label if column else label_of(field_name)


class _FileReader:
    def __init__(
        self,
        file: str,
        schema: Schema,
        defaults: Mapping[str, str],
        today: date,
        accept: frozenset[str],
        ignore: frozenset[str],
    ) -> None:
        unknown = sorted(accept - RULES.keys())
        if unknown:
            raise InputError(f"No rule is called {unknown[0]}.", f"Không có quy tắc nào tên {unknown[0]}.")
        self._file = file
        self._schema = schema
        self._fields = {each.name: each for each in schema.fields}
        self._defaults = dict(defaults)
        self._today = today
        self._accept = accept
        self._ignore = ignore
        self._rows: list[IntakeRow] = []
        self._problems: list[Problem] = []
        self._changes: list[Change] = []
        self._ignored: dict[str, None] = {}
        self._skipped: list[Skipped] = []
        self._read = 0
        self.stopped = False
        self._faulty: set[tuple[str, int]] = set()
        self._first: dict[tuple[str, ...], tuple[str, str, str]] = {}
        self._check_defaults()

    def _check_defaults(self) -> None:
        for name, value in self._defaults.items():
            if name not in self._fields or name == "identifier":
                raise RecordError(name, "cannot be chosen for a whole batch", "không thể chọn chung cho cả đợt")
            check_text(name, value)
            fault = self._fields[name].check(value)
            if fault is not None:
                raise RecordError(name, fault)

    def result(self) -> Intake:
        if not self._read and not self._problems:
            self._problem("", "", "", "no-rows")
        clean = not any(problem.severity == "error" for problem in self._problems)
        return Intake(
            file=self._file,
            rows=tuple(self._rows) if clean else (),
            problems=tuple(self._problems),
            changes=tuple(self._changes),
            ignored=tuple(self._ignored),
            skipped=tuple(self._skipped),
            read=self._read,
            faulty=len(self._faulty),
        )

    def _problem(
        self,
        sheet: str,
        cell: str,
        column: str,
        rule: str,
        *facts: tuple[str, str],
        value: str = "",
        proposal: str | None = None,
    ) -> None:
        self._problems.append(
            Problem(
                file=self._file,
                sheet=sheet,
                cell=cell,
                column=column,
                rule=rule,
                value=value,
                proposal=proposal,
                facts=facts,
            )
        )

    # A sheet

    def read_sheet(self, sheet: Sheet) -> None:
        if not any(_filled(row) for row in sheet.rows):
            return
        if sheet.hidden:
            self._problem(sheet.name, "", "", "hidden-sheet")
            return
        header = find_header(sheet)
        if header is None:
            self._problem(sheet.name, "", "", "no-header", ("rows", str(HEADER_WITHIN)))
            return
        table = self._table(sheet, header)
        self._compare_title(table)
        self._report_hidden(sheet)
        before = len(self._problems)
        self._read_rows(table)
        if not self.stopped:
            self._doubt_dates(table, before)

    def _table(self, sheet: Sheet, header: Header) -> _Table:
        columns: list[_Column] = []
        by_field: dict[str, _Column] = {}
        split_name = False
        for index, label in enumerate(header.texts):
            if not label:
                self._refuse_unnamed(sheet, header, index)
                continue
            cell = cell_name(header.row, index)
            meaning = IGNORED if fold(label) in self._ignore else meaning_of(label)
            if meaning == IGNORED:
                self._ignored.setdefault(label)
            elif meaning is None:
                self._problem(sheet.name, cell, label, "unknown-column")
            elif meaning == NAME_PART:
                if not split_name:
                    self._problem(sheet.name, cell, label, "split-name")
                split_name = True
            elif meaning in by_field:
                other = column_name(by_field[meaning].index)
                self._problem(sheet.name, cell, label, "column-twice", ("other", other))
            elif meaning != FRAMEWORK and meaning not in self._fields:
                self._problem(sheet.name, cell, label, "foreign-column")
            else:
                by_field[meaning] = column = _Column(index, label, meaning, self._reader(meaning))
                columns.append(column)
        for index in range(len(header.texts), max(map(len, sheet.rows))):
            self._refuse_unnamed(sheet, header, index)
        for name, each in self._fields.items():
            known = name in by_field or name in self._defaults or name == "identifier"
            if each.required and not known and not (name == "holder_name" and split_name):
                facts = ("field", label_of(name))
                self._problem(sheet.name, cell_name(header.row, 0), label_of(name), "missing-column", facts)
        return _Table(sheet, header, tuple(columns), by_field)

    def _reader(self, meaning: str) -> Reader:
        if meaning == FRAMEWORK:
            return read_framework_level
        return reader_for(self._fields[meaning], kind=self._schema.kind, today=self._today)

    def _refuse_unnamed(self, sheet: Sheet, header: Header, index: int) -> None:
        for row in range(header.row + 1, len(sheet.rows)):
            cells = sheet.rows[row]
            # One cell alone beside the table is a remark under it, and is met as a row of its own.
            if index < len(cells) and _text(cells[index]) and sum(1 for cell in cells if _text(cell)) > 1:
                if self._is_footer(cells):
                    continue
                self._problem(sheet.name, cell_name(row, index), "", "unnamed-column")
                return

    def _compare_title(self, table: _Table) -> None:
        chosen = self._defaults.get("decision_number", "")
        for index, row in enumerate(table.sheet.rows[: table.header.row]):
            if _filled(row):
                self._skipped.append(Skipped(sheet=table.sheet.name, row=index + 1, reason="title"))
            for position, cell in enumerate(row):
                match = _DECISION.search(unicodedata.normalize("NFC", _text(cell)[:_TITLE_LENGTH])) if chosen else None
                if match is not None and fold(match[1]) != fold(chosen):
                    where = cell_name(index, position)
                    self._problem(table.sheet.name, where, "", "contradicts", value=match[1], proposal=chosen)

    def _report_hidden(self, sheet: Sheet) -> None:
        for index in sorted(sheet.hidden_columns):
            if any(index < len(row) and _text(row[index]) for row in sheet.rows):
                self._problem(sheet.name, column_name(index), "", "hidden-column")
        for index in sorted(sheet.hidden_rows):
            if index < len(sheet.rows) and _filled(sheet.rows[index]):
                self._problem(sheet.name, cell_name(index, 0), "", "hidden-row")

    def _read_rows(self, table: _Table) -> None:
        sheet, header = table.sheet, table.header
        read_before = self._read
        in_footer = False
        for index in range(header.row + 1, len(sheet.rows)):
            if len(self._problems) > _MOST_PROBLEMS or len(self._changes) > _MOST_CHANGES:
                self.stopped = True
                self._problem(sheet.name, cell_name(index, 0), "", "too-many", ("row", str(index + 1)))
                return
            row = sheet.rows[index]
            if _is_person(table, row):
                in_footer = False
                self._read_row(table, index, row)
            elif not _filled(row):
                continue
            elif header.repeated_by(row):
                self._skip(sheet, index, "header")
            elif _is_numbering(row):
                self._skip(sheet, index, "numbering")
            elif in_footer or self._is_footer(row):
                in_footer = True
                self._skip(sheet, index, "footer")
                self._compare_total(sheet, index, row, self._read - read_before)
            elif not any(column.index < len(row) and _text(row[column.index]) for column in table.columns):
                self._skip(sheet, index, "remark")
            else:
                self._read_row(table, index, row)

    def _skip(self, sheet: Sheet, index: int, reason: str) -> None:
        self._skipped.append(Skipped(sheet=sheet.name, row=index + 1, reason=reason))

    @staticmethod
    def _is_footer(row: Row) -> bool:
        return any(_FOOTER.match(fold(_text(cell))) for cell in row if _text(cell))

    def _compare_total(self, sheet: Sheet, index: int, row: Row, read: int) -> None:
        for position, cell in enumerate(row):
            match = _TOTAL.match(fold(_text(cell)))
            if match is not None and int(match[1]) != read:
                facts = (("said", match[1]), ("read", str(read)))
                self._problem(sheet.name, cell_name(index, position), "", "total", *facts)

    def _doubt_dates(self, table: _Table, before: int) -> None:
        month_first = {problem.column for problem in self._problems[before:] if problem.rule == "month-first"}
        start = table.header.row + 1
        for name in _DATE_FIELDS:
            column = table.by_field.get(name)
            if column is None:
                continue
            cells = [
                (index, row[column.index])
                for index, row in enumerate(table.sheet.rows[start:], start)
                if column.index < len(row)
            ]
            if column.label not in month_first and not any(isinstance(cell, Typed) for _, cell in cells):
                continue
            for index, finding in doubtful_dates(cells):
                cell = table.sheet.rows[index][column.index]
                where = cell_name(index, column.index)
                self._faulty.add((table.sheet.name, index))
                self._problem(
                    table.sheet.name, where, column.label, finding.rule, value=text_of(cell), proposal=finding.after
                )

    # A row

    def _read_row(self, table: _Table, index: int, row: Row) -> None:
        self._read += 1
        before = len(self._problems)
        record = dict(self._defaults)
        late: list[tuple[_Column, Reading]] = []
        width = len(row)
        for column in table.columns:
            cell = row[column.index] if column.index < width else ""
            if not cell:
                continue
            reading = column.read(cell)
            if reading.findings:
                # A finding may depend on what the rest of the row says, so it waits for the rest.
                late.append((column, reading))
            if reading.value:
                self._carry(table, index, column, reading.value, record)
        for column, reading in late:
            self._settle(table, index, column, reading, record)
        blocked = {column.meaning for column, reading in late if reading.value is None} - record.keys()
        self._check_row(table, index, record, blocked)
        if any(problem.severity == "error" for problem in self._problems[before:]):
            self._faulty.add((table.sheet.name, index))
        else:
            self._rows.append(IntakeRow(sheet=table.sheet.name, row=index + 1, record=record))

    def _carry(self, table: _Table, index: int, column: _Column, value: str, record: dict[str, str]) -> None:
        name = column.meaning
        chosen = self._defaults.get(name)
        if chosen is not None and chosen != value:
            typed = text_of(table.sheet.rows[index][column.index])
            self._problem(table.sheet.name, cell_name(index, column.index), column.label, "contradicts", value=typed)
        else:
            record[name] = value

    def _settle(
        self,
        table: _Table,
        index: int,
        column: _Column,
        reading: Reading,
        record: dict[str, str],
    ) -> None:
        """List the changes of one cell, and turn each other finding into a problem or an accepted change."""
        sheet = table.sheet.name
        cell = cell_name(index, column.index)
        before = text_of(table.sheet.rows[index][column.index])
        # Each accepted proposal is read again as if it had been typed; no chain of them is longer than the rules.
        for _ in RULES:
            for found in reading.findings:
                finding = self._in_row(found, before, column, record)
                lossless = finding.rule in LOSSLESS
                if finding.after is not None and (lossless or finding.rule in self._accept):
                    self._changes.append(
                        Change(
                            sheet=sheet,
                            cell=cell,
                            column=column.label,
                            before=before,
                            after=finding.after,
                            rule=finding.rule,
                        )
                    )
                    before = finding.after
                    if not lossless:
                        break
                    continue
                facts, proposal = finding.facts, finding.after
                self._problem(sheet, cell, column.label, finding.rule, *facts, value=before, proposal=proposal)
                if reading.value is None and finding is not found and finding.rule == "unfamiliar-letter":
                    # Only what the row says made this a name after all.
                    self._carry(table, index, column, before, record)
            else:
                return
            reading = column.reader(before)
            if reading.value:
                self._carry(table, index, column, reading.value, record)

    @staticmethod
    def _in_row(finding: Finding, text: str, column: _Column, record: Record) -> Finding:
        """The finding, in the light of what the rest of the row says."""
        if finding.rule == "leading-zeros" and finding.after is not None:
            padded = pad_id(finding.after, gender=record.get("gender"), born_on=record.get("born_on"))
            return Finding("leading-zeros", padded)
        if finding.rule in _FOREIGN_NAME and column.meaning == "holder_name" and "?" not in text:
            nationality = record.get("nationality")
            if nationality is not None and fold(nationality) != "viet nam":
                return Finding("unfamiliar-letter")
        return finding

    def _check_row(self, table: _Table, index: int, record: dict[str, str], blocked: Collection[str]) -> None:
        sheet = table.sheet.name
        framework = record.pop(FRAMEWORK, None)
        if framework is not None and framework != record.get("level", framework):
            self._problem(sheet, table.cell(index, FRAMEWORK), table.label(FRAMEWORK), "framework")
        complete = not blocked
        for each in self._schema.fields:
            if each.required and each.name not in record and each.name != "identifier" and each.name not in blocked:
                complete = False
                if each.name in table.by_field:
                    self._problem(sheet, table.cell(index, each.name), table.label(each.name), "missing")
        self._check_dates(table, index, record)
        self._check_person(table, index, record)
        self._check_unique(table, index, record)
        if complete:
            try:
                check(self._schema, {**record, "identifier": _PLACEHOLDER})
            except RecordError as error:
                fault = ("fault", error.en.partition(": ")[2])
                self._problem(sheet, table.cell(index, error.field), table.label(error.field), "form", fault)

    def _check_dates(self, table: _Table, index: int, record: Record) -> None:
        awarded, decided, born = record.get("awarded_on"), record.get("decided_on"), record.get("born_on")
        if awarded is None:
            return
        if decided is not None and awarded < decided:
            name = "awarded_on" if "awarded_on" in table.by_field else "decided_on"
            self._problem(table.sheet.name, table.cell(index, name), table.label(name), "award-before-decision")
        if born is not None and self._schema.kind != "certificate" and _years(born, awarded) < _ADULT_ENOUGH:
            self._problem(table.sheet.name, table.cell(index, "born_on"), table.label("born_on"), "too-young")

    def _check_person(self, table: _Table, index: int, record: Record) -> None:
        number = record.get("personal_id")
        if number is None:
            return
        if id_agrees(number, gender=record.get("gender"), born_on=record.get("born_on")) is False:
            cell = table.cell(index, "personal_id")
            self._problem(table.sheet.name, cell, table.label("personal_id"), "id-mismatch", value=number)

    def _check_unique(self, table: _Table, index: int, record: Record) -> None:
        for name, rule in (("serial_number", "serial-twice"), ("register_number", "register-twice")):
            value = record.get(name)
            if value is not None:
                self._once(table, index, name, rule, (rule, value), value)
        holder, born = record.get("holder_name"), record.get("born_on")
        if holder is None or born is None:
            return
        number = record.get("personal_id", "")
        who = f"{holder.casefold()}\n{born}"
        if number:
            self._once(table, index, "personal_id", "id-shared", ("id-shared", number), number, who=who)
        key = ("person-twice", who, record.get("programme", ""))
        self._once(table, index, "holder_name", "person-twice", key, holder, who=number)

    def _once(
        self,
        table: _Table,
        index: int,
        name: str,
        rule: str,
        key: tuple[str, ...],
        value: str,
        *,
        who: str = "",
    ) -> None:
        """Report a key that an earlier row had, unless `who` tells the two apart (person-twice) or joins them."""
        cell = table.cell(index, name)
        sheet, first, first_who = self._first.setdefault(key, (table.sheet.name, cell, who))
        if (sheet, first) == (table.sheet.name, cell):
            return
        if rule == "id-shared" and first_who == who:
            return
        if rule == "person-twice" and first_who and who and first_who != who:
            return
        other = first if sheet == table.sheet.name else f"{sheet}!{first}"
        self._problem(table.sheet.name, cell, table.label(name), rule, ("other", other), value=value)


def _text(cell: Cell) -> str:
    return text_of(cell).strip()


def _filled(row: Row) -> bool:
    return any(_text(cell) for cell in row)


def _is_person(table: _Table, row: Row) -> bool:
    width = len(row)
    holder = table.by_field.get("holder_name")
    if holder is not None:
        name = _text(row[holder.index]) if holder.index < width else ""
        if not name or (name.strip("()").isdecimal() and _is_numbering(row)):
            return False
    for number in _NUMBERS:
        column = table.by_field.get(number)
        if column is not None and column.index < width and _text(row[column.index]):
            return not table.header.repeated_by(row)
    return False


def _is_numbering(row: Row) -> bool:
    """Whether a row only numbers the columns, as under the header of printed forms: (1), (2), (3)."""
    texts = [_text(cell).strip("()") for cell in row if _text(cell)]
    return len(texts) >= 3 and texts == [str(number) for number in range(1, len(texts) + 1)]


def _years(born_on: str, on: str) -> int:
    """Whole years from a date of birth of any precision to a full date, at the most that it can have been."""
    return int(on[:4]) - int(born_on[:4]) - (on[5 : len(born_on)] < born_on[5:])
