"""Paper list, register and national export held against each other: what is missing, extra, different or in doubt.

Lines belong together by their numbers: identifier, serial number, register number in its year. A name and a date of birth
never pair two lines; they only say where somebody should look. The register streams through once; the two others, which
were read whole, are kept by key, and beside them only what did not agree.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice

from sogoc.core import exchange
from sogoc.core.exchange import National
from sogoc.core.intake.headers import find_header, meaning_of, text_of
from sogoc.core.intake.sheet import Sheet
from sogoc.core.intake.values import Evidence, reader_for
from sogoc.core.record import Schema
from sogoc.core.vocabulary import FIELDS, Said, fold

SOURCES: Mapping[str, Said] = {
    "register": Said("Sổ gốc", "Register"),
    "paper": Said("Danh sách giấy", "Paper list"),
    "national": Said("Dữ liệu quốc gia", "National data"),
}
KINDS: Mapping[str, Said] = {
    "missing": Said("Thiếu", "Missing"),
    "extra": Said("Thừa", "Extra"),
    "different": Said("Khác", "Different"),
    "doubtful": Said("Nghi ngờ", "Doubtful"),
    "repeated": Said("Trùng số", "Repeated"),
}


class Source(StrEnum):
    """The three books of one register."""

    REGISTER = "register"
    PAPER = "paper"
    NATIONAL = "national"


class Kind(StrEnum):
    """What may be found. `repeated` is a number that stands twice in one source."""

    MISSING = "missing"
    EXTRA = "extra"
    DIFFERENT = "different"
    DOUBTFUL = "doubtful"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One qualification in one source: where it stands (never whose it is), and its fields as a record holds them."""

    where: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One source. Only `columns` are compared: what a list has no column for, it does not deny."""

    columns: frozenset[str]
    lines: Iterable[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field that the sources say differently. `spelling`: the same without case, accents and punctuation."""

    field: str
    values: Mapping[Source, str | None]
    spelling: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at. `places` says where, `absent` in which source nothing is, `keys` which numbers agreed."""

    kind: Kind
    places: Mapping[Source, tuple[str, ...]]
    absent: tuple[Source, ...] = ()
    keys: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """How many lines each source has, how many agree in all of them, and every finding in the order of the register."""

    counted: Mapping[Source, int]
    agreed: int
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        return not self.findings

    @property
    def tally(self) -> Mapping[Kind, int]:
        """How many findings there are of each kind."""
        counts = Counter(finding.kind for finding in self.findings)
        return {kind: counts[kind] for kind in Kind}


def reconcile(register: Table, *, paper: Table | None = None, national: Table | None = None) -> Reconciliation:
    """Hold the register against a paper list, a national export, or both. All are of one institution and kind."""
    return _Desk(register.columns, {Source.PAPER: paper, Source.NATIONAL: national}).run(register.lines)


# -- what a line is found by ------------------------------------------------------------------------------------------


_NO_YEAR = "*"
_NUMBERS = ("identifier", "serial_number", "register_number")


def keys_of(fields: Mapping[str, str]) -> dict[str, str]:
    """The numbers that name one qualification, by the field that holds them; register numbers start anew each year."""
    keys = {name: fields[name] for name in ("identifier", "serial_number") if name in fields}
    if "register_number" in fields and "awarded_on" in fields:
        keys["register_number"] = f"{fields['awarded_on'][:4]} {fields['register_number']}"
    elif "register_number" in fields:
        keys["register_number"] = f"{_NO_YEAR} {fields['register_number']}"
    return keys


def _same_person(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    born, also = one.get("born_on", ""), other.get("born_on", "")
    name = fold(one.get("holder_name", ""))
    return (
        bool(name) and name == fold(other.get("holder_name", "")) and (born.startswith(also) or also.startswith(born))
    )


def _contradicts(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    shared = [name for name in _NUMBERS if name in one and name in other]
    return any(one[name] != other[name] for name in shared)


@dataclass(slots=True)
class _Shelf:
    """One source by its keys. `settled` lines have found their partner; `doubted` ones wait for a person to decide."""

    table: Table
    lines: list[Line] = field(default_factory=list)
    by_key: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    of_any_year: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    settled: set[int] = field(default_factory=set)
    doubted: set[int] = field(default_factory=set)

    def fill(self) -> None:
        for number, line in enumerate(self.table.lines):
            self.lines.append(line)
            for key in keys_of(line.fields).items():
                self.by_key[key].append(number)
            if "register_number" in line.fields:
                self.of_any_year[line.fields["register_number"]].append(number)

    def repeated(self, source: Source) -> Iterator[Finding]:
        for (name, _), numbers in self.by_key.items():
            if len(numbers) > 1:
                places = {source: tuple(self.lines[number].where for number in numbers)}
                yield Finding(kind=Kind.REPEATED, places=places, keys=(name,))

    def candidates(self, line: Line) -> dict[int, tuple[str, ...]]:
        """Every line here that shares a number with `line`, with the names of the numbers that they share."""
        found: dict[int, dict[str, None]] = defaultdict(dict)
        for name, value in keys_of(line.fields).items():
            numbers = list(self.by_key.get((name, value), ()))
            if name == "register_number":
                bare = line.fields[name]
                without = value.startswith(_NO_YEAR)
                numbers += self.of_any_year[bare] if without else self.by_key.get((name, f"{_NO_YEAR} {bare}"), ())
            for number in numbers:
                found[number][name] = None
        return {number: tuple(names) for number, names in found.items()}


def _firm(one: Line, other: Line) -> bool:
    """Whether two lines that share a number are one qualification: the same person, or no number of theirs differs."""
    return _same_person(one.fields, other.fields) or not _contradicts(one.fields, other.fields)


class _Desk:
    def __init__(self, columns: frozenset[str], others: Mapping[Source, Table | None]) -> None:
        self._columns = {Source.REGISTER: columns} | {name: table.columns for name, table in others.items() if table}
        self._shelves = {name: _Shelf(table) for name, table in others.items() if table is not None}
        self._findings: list[Finding] = []
        self._unmatched: dict[Source, list[Line]] = {name: [] for name in self._shelves}
        self._counted = 0
        self._agreed = 0

    def run(self, register: Iterable[Line]) -> Reconciliation:
        for name, shelf in self._shelves.items():
            shelf.fill()
            self._findings += shelf.repeated(name)
        for line in register:
            self._counted += 1
            self._take(line)
        for name, shelf in self._shelves.items():
            self._doubt(name, shelf)
        self._missing()
        self._extra()
        counted = {Source.REGISTER: self._counted} | {name: len(shelf.lines) for name, shelf in self._shelves.items()}
        return Reconciliation(counted=counted, agreed=self._agreed, findings=tuple(self._findings))

    def _take(self, line: Line) -> None:
        matched: dict[Source, Line] = {Source.REGISTER: line}
        keys: dict[str, None] = {}
        for name, shelf in self._shelves.items():
            found = shelf.candidates(line)
            firm = [n for n in found if n not in shelf.settled and _firm(line, shelf.lines[n])]
            if len(firm) == 1:
                shelf.settled.add(firm[0])
                matched[name] = shelf.lines[firm[0]]
                keys |= dict.fromkeys(found[firm[0]])
            elif found:
                shelf.doubted.update(found)
                self._in_doubt(
                    line, name, [shelf.lines[n] for n in found], tuple({k: None for n in found for k in found[n]})
                )
            else:
                self._unmatched[name].append(line)
        differences = self._differences(matched)
        if differences:
            self._findings.append(
                Finding(kind=Kind.DIFFERENT, places=_places(matched), keys=tuple(keys), differences=differences)
            )
        elif len(matched) == 1 + len(self._shelves):
            self._agreed += 1

    def _in_doubt(self, line: Line, name: Source, others: Sequence[Line], keys: tuple[str, ...]) -> None:
        places = {Source.REGISTER: (line.where,), name: tuple(other.where for other in others)}
        differences = self._differences({Source.REGISTER: line, name: others[0]}) if len(others) == 1 else ()
        self._findings.append(Finding(kind=Kind.DOUBTFUL, places=places, keys=keys, differences=differences))

    def _differences(self, matched: Mapping[Source, Line]) -> tuple[Difference, ...]:
        compared: dict[str, dict[Source, str | None]] = defaultdict(dict)
        for name, line in matched.items():
            for column in self._columns[name]:
                compared[column][name] = line.fields.get(column)
        return tuple(
            Difference(field=name, values=values, spelling=len({fold(value or "") for value in values.values()}) == 1)
            for name, values in sorted(compared.items())
            if len(set(values.values())) > 1
        )

    def _doubt(self, name: Source, shelf: _Shelf) -> None:
        """Say where somebody of the same name and birth stands; such lines are in doubt, and no longer missing or extra."""
        people = defaultdict(list)
        for number in range(len(shelf.lines)):
            if number in shelf.settled:
                continue
            people[fold(shelf.lines[number].fields.get("holder_name", ""))].append(number)
        still = []
        for line in self._unmatched[name]:
            named = people.get(fold(line.fields.get("holder_name", "")), ())
            alike = [n for n in named if _same_person(line.fields, shelf.lines[n].fields)]
            if alike:
                shelf.doubted.update(alike)
                self._in_doubt(line, name, [shelf.lines[n] for n in alike], ())
            else:
                still.append(line)
        self._unmatched[name] = still

    def _missing(self) -> None:
        absent: dict[str, list[Source]] = defaultdict(list)
        for name, lines in self._unmatched.items():
            for line in lines:
                absent[line.where].append(name)
        self._findings += [
            Finding(kind=Kind.MISSING, places={Source.REGISTER: (where,)}, absent=tuple(names))
            for where, names in absent.items()
        ]

    def _extra(self) -> None:
        """What the register has not: named once where paper list and national export both have it."""
        paper, national = self._shelves.get(Source.PAPER), self._shelves.get(Source.NATIONAL)
        if paper is not None:
            for number, line in enumerate(paper.lines):
                if number in paper.settled or number in paper.doubted:
                    continue
                matched = {Source.PAPER: line}
                if national is not None:
                    found = national.candidates(line)
                    firm = [n for n in found if n not in national.settled and _firm(line, national.lines[n])]
                    if len(firm) == 1:
                        national.settled.add(firm[0])
                        matched[Source.NATIONAL] = national.lines[firm[0]]
                self._found_extra(matched)
        if national is not None:
            for number, line in enumerate(national.lines):
                if number not in national.settled and number not in national.doubted:
                    self._found_extra({Source.NATIONAL: line})

    def _found_extra(self, matched: Mapping[Source, Line]) -> None:
        absent = tuple(name for name in (Source.REGISTER, *self._shelves) if name not in matched)
        self._findings.append(
            Finding(kind=Kind.EXTRA, places=_places(matched), absent=absent, differences=self._differences(matched))
        )


def _places(matched: Mapping[Source, Line]) -> dict[Source, tuple[str, ...]]:
    return {name: (line.where,) for name, line in matched.items()}


# -- the three sources ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A source as it could be read: its table, columns that nothing is compared with, and rows that are no person's."""

    table: Table
    unread: tuple[str, ...]
    skipped: tuple[str, ...]


def of_paper(sheets: Iterable[Sheet], *, schema: Schema, today: date) -> Reading:
    """Read a registrar's list as lines, each value as the intake would read it, and as it stands where it would not.

    A sheet without a header of a register is left out, and named in `skipped`.
    """
    lines: list[Line] = []
    columns: dict[str, None] = {}
    unread: dict[str, None] = {}
    skipped: list[str] = []
    for sheet in sheets:
        header = find_header(list(islice(sheet.rows, _TOP)))
        if header is None:
            skipped.append(sheet.name)
            continue
        meanings = [meaning_of(text) if text else None for text in header.texts]
        known = {n: name for n, name in enumerate(meanings) if name in schema.names}
        unread |= {text: None for n, text in enumerate(header.texts) if text and n not in known}
        columns |= dict.fromkeys(known.values())
        fields = {one.name: one for one in schema.fields}
        readers = {
            n: (name, reader_for(fields[name], kind=schema.kind, today=today, evidence=Evidence()))
            for n, name in known.items()
        }
        for number, row in enumerate(islice(sheet.rows, header.last + 1, None), header.last + 2):
            if not any(text_of(cell).strip() for cell in row):
                continue
            said = {}
            for column, (name, read) in readers.items():
                cell = row[column] if column < len(row) else ""
                if (text := text_of(cell).strip()) and text not in _DASHES:
                    said[name] = read(cell).value or text
            where = f"{sheet.name}!{number}" if sheet.name else str(number)
            if header.repeated_by(row) or not _is_person(said):
                skipped.append(where)
            else:
                lines.append(Line(where=where, fields=said))
    return Reading(
        table=Table(columns=frozenset(columns), lines=lines), unread=tuple(unread), skipped=tuple(skipped)
    )  # fmt: skip


# A header with its title block, of up to three rows, stands among these.
_TOP = 40
# What registers write where they know nothing.
_DASHES = frozenset("-–—")


def _is_person(said: Mapping[str, str]) -> bool:
    """Whether a row is somebody's: it has a name or a date of birth or a serial number, and is neither the numbering of the columns
    nor a total nor a register number that was given up.
    """
    named = any(letter.isalpha() for letter in said.get("holder_name", "x"))
    numbered = bool({"serial_number", "identifier", "born_on"} & said.keys()) or said.keys() >= {
        "register_number",
        "holder_name",
    }
    return named and numbered


def of_national(diplomas: Iterable[tuple[str, National]], *, schema: Schema) -> Reading:
    """Read an export in the national format as lines; `diplomas` come with the place at which each stands.

    A value that cannot be read stands as it came, so that it shows as a difference.
    """
    lines: list[Line] = []
    columns: dict[str, None] = {"born_on": None, "kind": None}
    unread: dict[str, None] = {}
    by_national = {one.national: one.name for one in schema.fields}
    for where, diploma in diplomas:
        read = exchange.from_national(diploma, kind=schema.kind)
        raw = {by_national[name]: str(value) for name, value in read.rest.items() if name in by_national}
        lines.append(Line(where=where, fields=raw | read.record))
        columns |= dict.fromkeys(by_national[name] for name in diploma if name in by_national)
        columns |= dict.fromkeys(read.record)
        unread |= {name: None for name in read.rest if name not in by_national}
    return Reading(table=Table(columns=frozenset(columns), lines=lines), unread=tuple(unread), skipped=())


# -- the report -------------------------------------------------------------------------------------------------------


def as_table(found: Reconciliation) -> Iterator[tuple[str, ...]]:
    """Yield the findings as rows of a sheet in Vietnamese: a header, then a row for each field that differs, or one for a finding
    without fields.
    """
    yield (
        "Kết quả", *(SOURCES[name].vi for name in Source), "Không có ở", "Khớp theo", "Trường",
        *(f"Giá trị: {SOURCES[name].vi.lower()}" for name in Source), "Chỉ khác cách viết",
    )  # fmt: skip
    for one in found.findings:
        places = tuple(", ".join(one.places.get(name, ())) for name in Source)
        absent = ", ".join(SOURCES[name].vi for name in one.absent)
        keys = ", ".join(FIELDS[name].vi for name in one.keys)
        begins = (KINDS[one.kind].vi, *places, absent, keys)
        for each in one.differences:
            values = (each.values.get(name) or "" for name in Source)
            yield (*begins, FIELDS[each.field].vi, *values, "x" if each.spelling else "")
        if not one.differences:
            yield (*begins, "", "", "", "", "")
