"""Rows of a registrar's table -> records, or everything that is wrong with them.

A file is looked over once and read once; nothing of its rows is kept but what tells duplicates, a count of every problem, so
many problems as a person reads and, while there is no error, the records, packed. Changes and faulty rows are read again when
somebody asks for them. A file is only taken whole. Nothing is guessed: a value is carried as typed, or a Change says how it was
normalised without loss or mended with the registrar's consent, or a Problem keeps the file out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import islice

from sogoc.core.intake.checks import RowChecks, against_register, is_sunday
from sogoc.core.intake.choices import Choices, Known
from sogoc.core.intake.columns import (
    Column,
    Survey,
    Table,
    cell_text,
    is_filled,
    is_footer,
    is_numbering,
    is_person,
    joined,
)
from sogoc.core.intake.encodings import NAMES, decode, rank
from sogoc.core.intake.headers import IGNORED, MEANINGS, text_of
from sogoc.core.intake.problem import Change, Confidence, Problem, key_of
from sogoc.core.intake.result import LISTED, Faulty, Intake, KeptRows, Layout, Matched, ReadAgain, Skipped
from sogoc.core.intake.rules import RULES
from sogoc.core.intake.sheet import Cell, Row, Sheet, cell_name, column_name
from sogoc.core.intake.text import LOSSLESS, Finding, Reading
from sogoc.core.intake.values import pad_id
from sogoc.core.record import Record, Schema, check_text
from sogoc.core.vocabulary import fold
from sogoc.errors import RecordError

# Of so many rows the register is asked at once: each question costs it as much as some hundred rows.
_CHUNK = 2_500
# A title is a line of print; what is longer is not searched.
_TITLE_LENGTH = 500
_SAMPLE = 2_000
_TOTAL = re.compile(r"(?:tong (?:so|cong)|danh sach (?:nay )?(?:co|gom)|an dinh danh sach)\D*(\d+)\b")
_DECISION = re.compile(r"quyết định[^:;]*?\bsố\s*:?\s*(\S*\d\S*)", re.IGNORECASE)
# Without a personal number to tell people apart, these are what a foreign name and an old encoding have in common.
_FOREIGN_NAME = frozenset(
    {"vni", "tcvn3", "cp1258", "ambiguous-encoding", "lost-diacritics", "unmarked-name", "no-diacritics"}
)


def read(
    sheets: Iterable[Sheet],
    *,
    file: str,
    schema: Schema,
    defaults: Mapping[str, str],
    today: date,
    choices: Choices | None = None,
    known: Known | None = None,
) -> Intake:
    """Read every sheet with a header as records of `schema`.

    `defaults` holds the values chosen for the whole batch, as a record holds them; a cell may repeat but not contradict
    them. `choices` is what the registrar decided so far, `known` what the register holds already.

    Raises: RecordError for a default that breaks the schema, InputError for a choice that cannot be made.
    """
    choices = choices or Choices()
    _check_defaults(schema, defaults)
    choices.check({*schema.names, *MEANINGS})
    return _File(tuple(sheets), file, schema, dict(defaults), today, choices, known).read()


def _check_defaults(schema: Schema, defaults: Mapping[str, str]) -> None:
    fields = {each.name: each for each in schema.fields}
    for name, value in defaults.items():
        if name not in fields or name == "identifier":
            raise RecordError(name, "cannot be chosen for a whole batch", "không thể chọn chung cho cả đợt")
        check_text(name, value)
        fault = fields[name].check(value)
        if fault is not None:
            raise RecordError(name, fault)


@dataclass(slots=True)
class _Outcome:
    """What became of one row: a record that has no problem of its own, or problems."""

    table: Table
    index: int
    record: dict[str, str] | None
    cells: Row = ()
    problems: list[Problem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    @property
    def in_error(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """The rows of a file in an encoding that was accepted for it."""

    rows: Iterable[Row]
    encoding: str

    def __iter__(self) -> Iterator[Row]:
        for row in self.rows:
            yield tuple(map(self.cell, row))

    def cell(self, cell: Cell) -> Cell:
        if not isinstance(cell, str) or cell.isascii():
            return cell
        said = decode(cell, self.encoding)
        return cell if said is None else said


class _File:
    def __init__(
        self,
        sheets: tuple[Sheet, ...],
        file: str,
        schema: Schema,
        defaults: dict[str, str],
        today: date,
        choices: Choices,
        known: Known | None,
    ) -> None:
        self._sheets = sheets
        self._file = file
        self._schema = schema
        self._defaults = defaults
        self._said_twice = {*defaults, "gender"}  # what a cell could contradict
        self._today = today
        self._choices = choices
        self._known = known
        self._fore: list[Problem] = []
        self._skipped: list[Skipped] = []
        self._tables: list[tuple[Table, _Decoded | None]] = []
        self._ignored: tuple[str, ...] = ()

    def read(self) -> Intake:
        """Look every sheet over, then go through every row once."""
        self._prepare()
        counts: Counter[str] = Counter()
        listed: list[Problem] = []
        acknowledged: list[Problem] = []
        shown: Counter[str] = Counter()
        read = faulty = changed = faults = 0
        kept: KeptRows | None = KeptRows()

        def meet(problems: Iterable[Problem]) -> bool:
            still_open = False
            for problem in problems:
                if self._is_acknowledged(problem):
                    shown[f"{problem.rule} read"] += 1
                    if shown[f"{problem.rule} read"] <= LISTED:
                        acknowledged.append(problem)
                    continue
                still_open = True
                counts[problem.rule] += 1
                if counts[problem.rule] <= LISTED:
                    listed.append(problem)
            return still_open

        meet(self._fore)
        for outcome in self._outcomes(check=True, skipped=self._skipped):
            read += outcome.record is not None
            changed += len(outcome.changes)
            if outcome.problems:
                is_open = meet(outcome.problems)
                if outcome.record is not None:
                    faults += is_open
                    faulty += outcome.in_error
                if outcome.in_error:
                    kept = None  # the file is not taken
            if kept is not None and outcome.record is not None:
                kept.append(outcome.table.sheet.name, outcome.index + 1, outcome.record)
        if not read and not listed:
            meet([self._at("", "", "", "no-rows")])
        clean = not any(RULES[rule].severity == "error" for rule in counts)
        return Intake(
            file=self._file,
            rows=kept if clean and kept else (),
            problems=tuple(listed),
            changes=ReadAgain(self._all_changes, changed) if changed else (),
            ignored=self._ignored,
            skipped=tuple(self._skipped),
            read=read,
            faulty=faulty,
            counts=dict(counts),
            acknowledged=tuple(acknowledged),
            columns=tuple(self._matched()),
            faults=ReadAgain(self._faults, faults) if faults else (),
            layouts=tuple(self._layouts()),
        )

    def _is_acknowledged(self, problem: Problem) -> bool:
        if problem.severity == "error" or not self._choices.acknowledged:
            return False
        of_all = problem.rule in self._choices.acknowledged and not RULES[problem.rule].one_by_one
        return of_all or problem.key in self._choices.acknowledged

    # What is read again

    def _all_changes(self) -> Iterator[Change]:
        for outcome in self._outcomes(check=False):
            yield from outcome.changes

    def _faults(self) -> Iterator[Faulty]:
        for outcome in self._outcomes(check=True):
            still_open = tuple(problem for problem in outcome.problems if not self._is_acknowledged(problem))
            if still_open and outcome.record is not None:
                name = outcome.table.sheet.name
                yield Faulty(sheet=name, row=outcome.index + 1, cells=outcome.cells, problems=still_open)

    def _layouts(self) -> Iterator[Layout]:
        for table, decoded in self._tables:
            top = tuple(islice(decoded or table.sheet.rows, table.header.last + 1))
            yield Layout(sheet=table.sheet.name, top=top, epoch_1904=table.sheet.epoch_1904)

    def _matched(self) -> Iterator[Matched]:
        for table, _ in self._tables:
            read = {place: one.meaning for one in table.columns for place in one.parts or (one.index,)}
            for index, label in enumerate(table.header.texts):
                if label:
                    where = cell_name(table.header.last, index)
                    meaning = read.get(index, IGNORED if label in self._ignored else None)
                    yield Matched(sheet=table.sheet.name, cell=where, label=label, meaning=meaning)

    # Before the rows

    def _at(
        self,
        sheet: str,
        cell: str,
        column: str,
        rule: str,
        *facts: tuple[str, str],
        before: str = "",
        after: str | None = None,
        confidence: Confidence = Confidence.LIKELY,
        readings: tuple[tuple[str, str], ...] = (),
    ) -> Problem:
        return Problem(
            file=self._file,
            sheet=sheet,
            cell=cell,
            column=column,
            rule=rule,
            before=before,
            after=after,
            confidence=confidence,
            readings=readings,
            facts=facts,
        )

    def _report(self, *place: str | tuple[str, str], **more: object) -> None:
        self._fore.append(self._at(*place, **more))  # type: ignore[arg-type]

    def _prepare(self) -> None:
        decided = self._defaults.get("decided_on")
        if decided is not None and is_sunday(decided):
            self._report("", "", "", "weekend-decision", before=decided)
        remembered = {fold(label): meaning for label, meaning in self._choices.meanings.items()}
        survey = Survey(self._schema, self._defaults, self._choices, remembered, self._today, self._report)
        for sheet in self._sheets:
            decoded = None
            if sheet.undeclared:
                encoding = self._encoding_of(sheet)
                if encoding is None:
                    continue
                decoded = _Decoded(sheet.rows, encoding)
            table = survey.table(sheet, decoded or sheet.rows)
            if table is not None:
                self._tables.append((table, decoded))
                self._compare_title(table, decoded or sheet.rows)
        self._ignored = tuple(survey.ignored)

    def _encoding_of(self, sheet: Sheet) -> str | None:
        """The encoding that was accepted for a text file which does not say it; None, and a question, while none was."""
        cells = (cell for row in sheet.rows for cell in row if isinstance(cell, str) and not cell.isascii())
        texts = list(islice(cells, _SAMPLE))
        ranked = [(sheet.undeclared, 1.0)] if sheet.undeclared in NAMES else rank(texts)
        sample = max(texts[:50], key=len, default="")
        if self._choices.encoding in NAMES:
            return self._choices.encoding
        (best, share), *others = ranked
        known = share >= _SURE and all(share - other > _APART for _, other in others)
        readings = tuple((name, said) for name, _ in ranked if (said := decode(sample, name)) is not None)
        if not known:
            self._report(sheet.name, "", "", "encoding-unknown", before=sample, readings=readings)
            return None
        if "file-encoding" in self._choices.rules or (
            key_of(sheet.name, "", "file-encoding", sample, best) in self._choices.proposals
        ):
            return best
        confidence = Confidence.CERTAIN if share >= _ALL_BUT else Confidence.LIKELY
        facts = ("name", NAMES[best])
        self._report(
            sheet.name,
            "",
            "",
            "file-encoding",
            facts,
            before=sample,
            after=best,
            confidence=confidence,
            readings=readings,
        )
        return None

    def _compare_title(self, table: Table, rows: Iterable[Row]) -> None:
        chosen = self._defaults.get("decision_number", "")
        for index, row in enumerate(islice(rows, table.header.row)):
            if is_filled(row):
                self._skipped.append(Skipped(sheet=table.sheet.name, row=index + 1, reason="title"))
            for position, cell in enumerate(row):
                match = (
                    _DECISION.search(unicodedata.normalize("NFC", cell_text(cell)[:_TITLE_LENGTH])) if chosen else None
                )
                if match is not None and fold(match[1]) != fold(chosen):
                    self._report(table.sheet.name, cell_name(index, position), "", "contradicts", before=match[1])

    # The rows

    def _outcomes(self, *, check: bool, skipped: list[Skipped] | None = None) -> Iterator[_Outcome]:
        """Every row that is a person's, and every other row in which something is wrong (without a record)."""
        checks = RowChecks(self._schema, self._defaults) if check else None
        passed = skipped if skipped is not None else []
        rows = (
            outcome for table, decoded in self._tables for outcome in self._table_rows(table, decoded, checks, passed)
        )
        if self._known is None or not check:
            return rows
        return self._held_against(rows, self._known)

    def _held_against(self, outcomes: Iterator[_Outcome], known: Known) -> Iterator[_Outcome]:
        while chunk := list(islice(outcomes, _CHUNK)):
            asked = [(one.record, partial(self._tell, one)) for one in chunk if one.record is not None]
            against_register(known, asked)
            yield from chunk

    def _tell(self, outcome: _Outcome, name: str, rule: str, *facts: tuple[str, str], before: str = "") -> None:
        table = outcome.table
        cell = table.cell(outcome.index, name)
        outcome.problems.append(self._at(table.sheet.name, cell, table.label(name), rule, *facts, before=before))

    def _table_rows(
        self, table: Table, decoded: _Decoded | None, checks: RowChecks | None, skipped: list[Skipped]
    ) -> Iterator[_Outcome]:
        header, name = table.header, table.sheet.name
        read = 0
        in_footer = False
        for index, raw in enumerate(table.sheet.rows):
            if index <= header.last:
                continue
            row = raw if decoded is None else tuple(map(decoded.cell, raw))
            if is_person(table, row):
                in_footer = False
            elif not is_filled(row):
                continue
            elif header.repeated_by(row):
                skipped.append(Skipped(sheet=name, row=index + 1, reason="header"))
                continue
            elif is_numbering(row):
                skipped.append(Skipped(sheet=name, row=index + 1, reason="numbering"))
                continue
            elif in_footer or is_footer(row):
                in_footer = True
                skipped.append(Skipped(sheet=name, row=index + 1, reason="footer"))
                yield from self._compare_total(table, index, row, read)
                continue
            elif not any(column.index < len(row) and cell_text(row[column.index]) for column in table.columns):
                skipped.append(Skipped(sheet=name, row=index + 1, reason="remark"))
                continue
            read += 1
            outcome = self._read_row(table, index, row, checks)
            if decoded is not None:
                outcome.changes[:0] = self._decodings(table, index, raw, row)
            yield outcome

    def _compare_total(self, table: Table, index: int, row: Row, read: int) -> Iterator[_Outcome]:
        for position, cell in enumerate(row):
            match = _TOTAL.match(fold(cell_text(cell)))
            if match is not None and int(match[1]) != read:
                facts = (("said", match[1]), ("read", str(read)))
                problem = self._at(table.sheet.name, cell_name(index, position), "", "total", *facts)
                yield _Outcome(table, index, None, row, [problem])

    def _decodings(self, table: Table, index: int, raw: Row, row: Row) -> Iterator[Change]:
        for column in table.columns:
            for place in column.parts or (column.index,):
                if place < len(raw) and raw[place] != row[place]:
                    yield Change(
                        sheet=table.sheet.name,
                        cell=cell_name(index, place),
                        column=column.label,
                        before=text_of(raw[place]),
                        after=text_of(row[place]),
                        rule="file-encoding",
                    )

    def _read_row(self, table: Table, index: int, row: Row, checks: RowChecks | None) -> _Outcome:
        record = dict(self._defaults)
        outcome = _Outcome(table, index, record, row)
        late: list[tuple[Column, Cell, Reading]] = []
        width = len(row)
        for column in table.columns:
            cell: Cell = row[column.index] if column.index < width else ""
            if column.parts:
                cell = joined(row, column.parts)
                self._list_joined(outcome, column, row, cell)
            if not cell:
                continue
            reading = column.seen.get(cell) or column.read(cell)
            if reading.findings:
                # A finding may depend on what the rest of the row says, so it waits for the rest.
                late.append((column, cell, reading))
            if not reading.value:
                continue
            if column.meaning in self._said_twice:
                self._carry(outcome, column, cell, reading.value)
            else:
                record[column.meaning] = reading.value
        for column, cell, reading in late:
            self._settle(outcome, column, cell, reading)
        if checks is None:
            record.pop("framework", None)
            return outcome
        blocked = {column.meaning for column, _, reading in late if reading.value is None} - record.keys()
        checks.row(table, index, record, blocked, partial(self._tell, outcome))
        return outcome

    @staticmethod
    def _list_joined(outcome: _Outcome, column: Column, row: Row, after: str) -> None:
        before = " | ".join(cell_text(row[place]) for place in sorted(column.parts) if place < len(row))
        if before != after:
            outcome.changes.append(
                Change(
                    sheet=outcome.table.sheet.name,
                    cell=cell_name(outcome.index, column.index),
                    column=column.label,
                    before=before,
                    after=after,
                    rule="split-name",
                )
            )

    def _carry(self, outcome: _Outcome, column: Column, cell: Cell, value: str) -> None:
        name, record, table = column.meaning, outcome.record, outcome.table
        chosen = self._defaults.get(name)
        if record is None:
            return
        rule = ""
        facts: tuple[tuple[str, str], ...] = ()
        if chosen is not None and chosen != value:
            rule = "contradicts"
        elif name == "gender" and record.get(name, value) != value and column is not table.by_field[name]:
            rule, facts = "column-twice", (("other", column_name(table.by_field[name].index)),)
        if rule:
            where = cell_name(outcome.index, column.index)
            outcome.problems.append(self._at(table.sheet.name, where, column.label, rule, *facts, before=text_of(cell)))
        else:
            record[name] = value

    def _settle(self, outcome: _Outcome, column: Column, cell: Cell, reading: Reading) -> None:
        """List the changes of one cell, and turn each other finding into a problem or an accepted change."""
        sheet, where, before = outcome.table.sheet.name, cell_name(outcome.index, column.index), text_of(cell)
        # Each accepted proposal is read again as if it had been typed; no chain of them is longer than the rules.
        for _ in RULES:
            for found in reading.findings:
                finding = self._in_row(found, before, column, outcome.record or {})
                if finding.after is None and finding.rule == "date-order":
                    continue  # one question about the whole column stands for all its cells
                if finding.after is not None and self._applies(finding, sheet, where, before):
                    outcome.changes.append(
                        Change(
                            sheet=sheet,
                            cell=where,
                            column=column.label,
                            before=before,
                            after=finding.after,
                            rule=finding.rule,
                        )
                    )
                    before = finding.after
                    if finding.rule not in LOSSLESS:
                        break
                    continue
                problem = self._at(
                    sheet,
                    where,
                    column.label,
                    finding.rule,
                    *finding.facts,
                    before=before,
                    after=finding.after,
                    confidence=finding.confidence,
                    readings=finding.readings,
                )
                outcome.problems.append(problem)
                if reading.value is None and finding is not found and finding.rule == "unfamiliar-letter":
                    # Only what the row says made this a name after all.
                    self._carry(outcome, column, before, before)
            else:
                return
            if outcome.record is not None and reading.value is not None:
                outcome.record.pop(column.meaning, None)
            reading = column.mended(before)
            if reading.value:
                self._carry(outcome, column, before, reading.value)

    def _applies(self, finding: Finding, sheet: str, where: str, before: str) -> bool:
        """Whether a change is made: without loss, accepted for its column, for its rule, or for this very cell."""
        rule = finding.rule
        if rule in LOSSLESS or rule == "date-order" or rule in self._choices.rules:
            return True
        proposals = self._choices.proposals
        return bool(proposals) and key_of(sheet, where, rule, before, finding.after) in proposals

    @staticmethod
    def _in_row(finding: Finding, text: str, column: Column, record: Record) -> Finding:
        """The finding, in the light of what the rest of the row says."""
        if finding.rule == "leading-zeros" and finding.after is not None:
            padded = pad_id(finding.after, gender=record.get("gender"), born_on=record.get("born_on"))
            return replace_after(finding, padded)
        if finding.rule in _FOREIGN_NAME and column.meaning == "holder_name" and "?" not in text:
            nationality = record.get("nationality")
            if nationality is not None and fold(nationality) != "viet nam":
                return Finding("unfamiliar-letter")
        return finding


def replace_after(finding: Finding, after: str | None) -> Finding:
    return finding._replace(after=after, confidence=Confidence.CERTAIN)


# A file is in an encoding when nearly all of its words are syllables in it, and clearly fewer in every other one.
_SURE, _ALL_BUT, _APART = 0.8, 0.95, 0.05
