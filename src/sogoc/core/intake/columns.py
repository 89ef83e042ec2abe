"""A sheet looked over before it is read: its header, what each column means, and what its cells say of each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice

from sogoc.core import law
from sogoc.core.intake.choices import DAY_FIRST, MONTH_FIRST, Choices
from sogoc.core.intake.dates import Order
from sogoc.core.intake.headers import (
    FEMALE,
    FRAMEWORK,
    HEADER_WITHIN,
    IGNORED,
    MALE,
    NAME_PARTS,
    Header,
    find_header,
    label_of,
    meaning_of,
    text_of,
)
from sogoc.core.intake.problem import Confidence, key_of
from sogoc.core.intake.sheet import Cell, Row, Sheet, cell_name, column_name
from sogoc.core.intake.text import Reading, is_single_byte, old_encoding, read_name
from sogoc.core.intake.values import DATES, Evidence, Reader, read_framework_level, read_gender_mark, reader_for
from sogoc.core.record import Field, Schema
from sogoc.core.vocabulary import fold
from sogoc.errors import NoRule

_CACHED = 4096
# Most cells of a column stand there again and again: so many rows are looked at together, and each of their values once.
_PORTION = 1_000
# So many cells in one old encoding, and more of them than in Unicode, say something of the whole column.
_ENOUGH = 3
# A header of three rows may begin in the last row in which one is looked for.
_TOP = HEADER_WITHIN + 3
_FOOTER = re.compile(
    r"(nguoi (ky|lap|duyet|kiem tra|ghi)|tong (so|cong)|cong trang|cong so|hieu truong|giam doc|vien truong|truong phong"
    r"|kt |tm |tl |danh sach (nay )?(co|gom)|an dinh danh sach|[a-z ]*\bngay (\d+ )?thang|noi nhan)"
)
_NUMBER_OF_GENDER = frozenset({"0", "1", "2"})

Report = Callable[..., None]
"""Takes sheet, cell, column and rule of a problem, facts after them, and the rest by name."""


def cell_text(cell: Cell) -> str:
    return text_of(cell).strip()


def is_filled(row: Row) -> bool:
    return any(map(cell_text, row))


def is_footer(row: Row) -> bool:
    return any(_FOOTER.match(fold(text)) for cell in row if (text := cell_text(cell)))


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read: `reader` for its cells as they stand, `mended` for what was accepted in their place.

    `parts` are the columns whose cells are joined to be read as one, where the name is split.
    """

    index: int
    label: str
    meaning: str
    reader: Reader
    mended: Reader
    parts: tuple[int, ...] = ()
    seen: dict[Cell, Reading] = field(default_factory=dict)

    def read(self, cell: Cell) -> Reading:
        reading = self.seen.get(cell)
        if reading is None:
            reading = self.reader(cell)
            if len(self.seen) < _CACHED:
                self.seen[cell] = reading
        return reading


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet, its header and what its columns mean."""

    sheet: Sheet
    header: Header
    columns: tuple[Column, ...]
    by_field: Mapping[str, Column]

    def cell(self, row: int, field_name: str) -> str:
        """The name of the cell that holds a field; column A where the whole batch shares one value."""
        column = self.by_field.get(field_name)
        return cell_name(row, column.index if column else 0)

    def label(self, field_name: str) -> str:
        column = self.by_field.get(field_name)
        return column.label if column else label_of(field_name)


@dataclass(slots=True)
class _Tally:
    """What was counted in one column of a sheet."""

    evidence: Evidence = field(default_factory=Evidence)
    old: Counter[str] = field(default_factory=Counter)
    unicode: int = 0
    filled: int = 0
    first: int = -1

    def see(self, cells: Mapping[Cell, int], meaning: str | None) -> None:
        """Look at each cell once, however often it stands there."""
        for cell, times in cells.items():
            if not cell:
                continue
            self.filled += times
            if meaning in DATES:
                self.evidence.dates.see(cell, times)
            elif meaning == "gender" and cell_text(cell) in _NUMBER_OF_GENDER:
                self.evidence.codes.add(cell_text(cell))
            if isinstance(cell, str) and not cell.isascii():
                self._see_letters(cell, times)

    def _see_letters(self, text: str, times: int) -> None:
        if not is_single_byte(text):
            self.unicode += times
        elif (looks := old_encoding(text)) is not None:
            self.old[looks] += times

    def encoding(self) -> str:
        (best, count), *_ = [*self.old.most_common(1), ("", 0)]
        return best if count >= _ENOUGH and count > self.unicode else ""


class Survey:
    """Looks one sheet over and says what its columns are. Every problem of the sheet itself goes to `report`."""

    def __init__(
        self,
        schema: Schema,
        given: Mapping[str, str],
        choices: Choices,
        remembered: Mapping[str, str],
        today: date,
        report: Report,
    ) -> None:
        self._schema = schema
        self._fields: Mapping[str, Field] = {each.name: each for each in schema.fields}
        self._given = given
        self._choices = choices
        self._remembered = remembered
        self._ordered = {fold(label): order for label, order in choices.order.items()}
        self._ignore = frozenset(map(fold, choices.ignored))
        self._today = today
        self._report = report
        self.ignored: dict[str, None] = {}

    def table(self, sheet: Sheet, rows: Iterable[Row]) -> Table | None:
        """The table of a sheet; None where it is empty, hidden or has no header. `rows` are its rows as they are read."""
        if not any(map(is_filled, rows)):
            return None
        if sheet.hidden:
            self._report(sheet.name, "", "", "hidden-sheet")
            return None
        if sheet.links:
            self._report(sheet.name, "", "", "external-link", ("count", str(sheet.links)))
        header = find_header(list(islice(rows, _TOP)), self._remembered)
        if header is None:
            self._report(sheet.name, "", "", "no-header", ("rows", str(HEADER_WITHIN)))
            return None
        meanings = {
            index: IGNORED if fold(label) in self._ignore else meaning_of(label, self._remembered)
            for index, label in enumerate(header.texts)
            if label
        }
        tallies = self._count(sheet, rows, header, meanings)
        return self._columns(sheet, header, meanings, tallies)

    def _count(
        self, sheet: Sheet, rows: Iterable[Row], header: Header, meanings: Mapping[int, str | None]
    ) -> dict[int, _Tally]:
        """One look over all rows: evidence of the columns that are read, and whether there is data where none may be."""
        tallies = {index: _Tally() for index in meanings}
        looked = [(index, tally, meanings[index]) for index, tally in tallies.items() if meanings[index] != IGNORED]
        named = len(header.texts)
        unnamed = [index for index in range(named) if index not in meanings]
        hidden_columns, hidden_rows = set(sheet.hidden_columns), sheet.hidden_rows
        seen_hidden: set[int] = set()
        numbered = enumerate(rows)
        while portion := list(islice(numbered, _PORTION)):
            for number, row in portion:
                width = len(row)
                for index in hidden_columns - seen_hidden if hidden_columns else ():
                    if index < width and cell_text(row[index]):
                        seen_hidden.add(index)
                if number in hidden_rows and is_filled(row):
                    self._report(sheet.name, cell_name(number, 0), "", "hidden-row")
                if number > header.last and (width > named or unnamed):
                    self._count_unnamed(row, number, (*unnamed, *range(named, width)), tallies)
            below = [row for number, row in portion if number > header.last]
            for index, tally, meaning in looked:
                tally.see(Counter([row[index] for row in below if index < len(row)]), meaning)
        for index in sorted(seen_hidden):
            self._report(sheet.name, column_name(index), "", "hidden-column")
        return tallies

    @staticmethod
    def _count_unnamed(row: Row, number: int, indexes: Iterable[int], tallies: dict[int, _Tally]) -> None:
        for index in indexes:
            # One cell alone beside the table is a remark under it, and is met as a row of its own.
            alone = sum(1 for cell in row if cell_text(cell)) == 1
            if index < len(row) and cell_text(row[index]) and not alone and not is_footer(row):
                tallies.setdefault(index, _Tally(first=number)).see({row[index]: 1}, None)

    # What the columns are

    def _columns(
        self, sheet: Sheet, header: Header, meanings: Mapping[int, str | None], tallies: Mapping[int, _Tally]
    ) -> Table:
        columns: list[Column] = []
        by_field: dict[str, Column] = {}
        waiting: set[str] = set()
        parts = [index for name in NAME_PARTS for index, meaning in meanings.items() if meaning == name]
        whole = self._whole_encoding(tallies.values())
        for index in sorted({*meanings, *tallies}):
            label = header.texts[index] if index in meanings else ""
            meaning, tally = meanings.get(index), tallies[index]
            cell = cell_name(header.last if index in meanings else tally.first, index)
            if index not in meanings:
                holder = by_field.get("holder_name")
                beside = holder is not None and index == holder.index + 1 and not parts
                if beside and 2 * tally.filled >= tallies[index - 1].filled > 0:
                    self._split_over_neighbour(sheet, header, columns, by_field, waiting)
                elif tally.filled:
                    self._report(sheet.name, cell, "", "unnamed-column")
            elif meaning == IGNORED:
                self.ignored.setdefault(label)
            elif meaning is None:
                self._report(sheet.name, cell, label, "unknown-column")
            elif meaning in NAME_PARTS:
                if index == min(parts):
                    self._split(sheet, header, parts, meanings, columns, by_field, waiting)
            elif meaning in {MALE, FEMALE}:
                reader = read_gender_mark("Nam" if meaning == MALE else "Nữ")
                plain = self._reader("gender", Evidence(), Order.DAY_FIRST, sheet)
                columns.append(Column(index, label, "gender", reader, plain))
                by_field.setdefault("gender", columns[-1])
            elif meaning in by_field:
                other = column_name(by_field[meaning].index)
                self._report(sheet.name, cell, label, "column-twice", ("other", other))
            elif meaning != FRAMEWORK and meaning not in self._fields:
                self._report(sheet.name, cell, label, "foreign-column")
            else:
                tally.evidence.encoding = tally.encoding() or ("" if tally.unicode else whole)
                order = self._order(sheet, cell, label, tally) if meaning in DATES else Order.DAY_FIRST
                reader = self._reader(meaning, tally.evidence, order, sheet)
                mended = self._reader(meaning, Evidence(), Order.DAY_FIRST, sheet)
                by_field[meaning] = column = Column(index, label, meaning, reader, mended)
                columns.append(column)
        self._tell_computed(sheet, header, columns)
        level, awarded = self._given.get("level"), self._given.get("awarded_on")
        by_law = required_by_law(self._schema.kind, level, awarded) if level and awarded else ()
        for name, each in self._fields.items():
            there = name in by_field or name in self._given or name in waiting or name == "identifier"
            if (each.required or name in by_law) and not there:
                facts = ("field", label_of(name))
                self._report(sheet.name, cell_name(header.row, 0), label_of(name), "missing-column", facts)
        return Table(sheet, header, tuple(columns), by_field)

    def _tell_computed(self, sheet: Sheet, header: Header, columns: Iterable[Column]) -> None:
        """A formula is another cell's word: what it gave is carried as the value, so each column of such is to be looked at."""
        for column in columns:
            for index in column.parts or (column.index,):
                rows = [row for row in sheet.computed.get(index, ()) if row > header.last]
                if rows:
                    label = header.texts[index] if index < len(header.texts) else ""
                    self._report(
                        sheet.name, column_name(index), label, "formula-result", ("count", str(len(rows))),
                        before=cell_name(rows[0], index),
                    )  # fmt: skip

    @staticmethod
    def _whole_encoding(tallies: Iterable[_Tally]) -> str:
        """The old encoding of the sheet, for columns that say nothing of themselves."""
        sheet = _Tally()
        for tally in tallies:
            sheet.old.update(tally.old)
            sheet.unicode += tally.unicode
        return sheet.encoding()

    def _reader(self, meaning: str, evidence: Evidence, order: Order, sheet: Sheet) -> Reader:
        if meaning == FRAMEWORK:
            return read_framework_level
        return reader_for(
            self._fields[meaning],
            kind=self._schema.kind,
            today=self._today,
            evidence=evidence,
            order=order,
            epoch_1904=sheet.epoch_1904,
        )

    def _accepted(self, sheet: Sheet, cell: str, rule: str, before: str, after: str) -> bool:
        return rule in self._choices.rules or key_of(sheet.name, cell, rule, before, after) in self._choices.proposals

    def _order(self, sheet: Sheet, cell: str, label: str, tally: _Tally) -> Order:
        """How the dates of a column are read; a question to the registrar where its cells say month first."""
        chosen = self._ordered.get(fold(label))
        if chosen is not None:
            tally.evidence.dates.settled = True
            return Order(chosen)
        dates = tally.evidence.dates
        if dates.order is not Order.UNDECIDED:
            return dates.order
        if self._accepted(sheet, cell, "date-order", DAY_FIRST, MONTH_FIRST):
            return Order.MONTH_FIRST
        self._report(
            sheet.name, cell, label, "date-order", before=DAY_FIRST, after=MONTH_FIRST, confidence=dates.confidence
        )
        return Order.UNDECIDED

    # A name in several columns

    def _split(
        self,
        sheet: Sheet,
        header: Header,
        parts: list[int],
        meanings: Mapping[int, str | None],
        columns: list[Column],
        by_field: dict[str, Column],
        waiting: set[str],
    ) -> None:
        """`parts` stand in the order of a diploma, and are joined in it once that is accepted."""
        kinds = [meanings[index] for index in parts]
        complete = len(set(kinds)) == len(kinds) and {"name-family", "name-given"} <= set(kinds)
        alone = "holder_name" not in meanings.values()
        self._join(
            sheet,
            header,
            parts,
            Confidence.CERTAIN if complete and alone else None,
            columns,
            by_field,
            waiting,
        )

    def _split_over_neighbour(
        self,
        sheet: Sheet,
        header: Header,
        columns: list[Column],
        by_field: dict[str, Column],
        waiting: set[str],
    ) -> None:
        """A header drawn over two columns, of which the second has no name of its own."""
        holder = by_field.pop("holder_name")
        columns.remove(holder)
        parts = [holder.index, holder.index + 1]
        self._join(sheet, header, parts, Confidence.LIKELY, columns, by_field, waiting)

    def _join(
        self,
        sheet: Sheet,
        header: Header,
        parts: list[int],
        confidence: Confidence | None,
        columns: list[Column],
        by_field: dict[str, Column],
        waiting: set[str],
    ) -> None:
        names = {index: header.texts[index] if index < len(header.texts) else "" for index in parts}
        label = " + ".join(names[index] or column_name(index) for index in parts)
        before = " | ".join(names[index] or column_name(index) for index in sorted(parts))
        cell = cell_name(header.last, min(parts))
        waiting.add("holder_name")
        if confidence is None:
            self._report(sheet.name, cell, names[min(parts)], "split-name", before=before)
        elif self._accepted(sheet, cell, "split-name", before, label):
            waiting.discard("holder_name")
            column = Column(min(parts), label, "holder_name", _read_joined, _read_whole, tuple(parts))
            by_field["holder_name"] = column
            columns.append(column)
        else:
            self._report(
                sheet.name, cell, names[min(parts)], "split-name", before=before, after=label, confidence=confidence
            )


@lru_cache(maxsize=256)
def required_by_law(kind: str, level: str, on: str) -> tuple[str, ...]:
    """The fields that a register has to hold beyond its schema; none where no such qualification was awarded that day.

    That nothing may be awarded then is for the gate to say, with its legal basis.
    """
    try:
        return law.fields(kind, level, on).required
    except NoRule:
        return ()


def _read_joined(cell: Cell) -> Reading:
    return read_name(cell) if isinstance(cell, str) else read_name(cell.text)


_read_whole = _read_joined


def joined(row: Row, parts: Iterable[int]) -> str:
    """The parts of a name, in the order of `parts`, with one space between them."""
    width = len(row)
    return " ".join(text for index in parts if index < width and (text := cell_text(row[index])))


def is_person(table: Table, row: Row) -> bool:
    """Whether a row is a person's and not the signature under the table: it has a name, and a number or a date."""
    width = len(row)
    holder = table.by_field.get("holder_name")
    if holder is not None:
        name = (
            joined(row, holder.parts) if holder.parts else cell_text(row[holder.index]) if holder.index < width else ""
        )
        if not name or (name.strip("()").isdecimal() and is_numbering(row)):
            return False
    for number in _NUMBERS:
        column = table.by_field.get(number)
        if column is not None and column.index < width and cell_text(row[column.index]):
            return not table.header.repeated_by(row)
    return False


_NUMBERS = ("born_on", "serial_number", "register_number", "personal_id")


def is_numbering(row: Row) -> bool:
    """Whether a row only numbers the columns, as under the header of printed forms: (1), (2), (3)."""
    texts = [text.strip("()") for cell in row if (text := cell_text(cell))]
    return len(texts) >= 3 and texts == [str(number) for number in range(1, len(texts) + 1)]
