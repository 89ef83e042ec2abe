"""What the values of a row say of each other, of other rows, and of what the register holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache

from sogoc.core import law
from sogoc.core.intake.choices import Known, Person
from sogoc.core.intake.columns import Table, required_by_law
from sogoc.core.intake.dates import years
from sogoc.core.intake.headers import FRAMEWORK
from sogoc.core.intake.syllables import search_key
from sogoc.core.intake.values import id_agrees
from sogoc.core.record import Record, Schema

_ADULT_ENOUGH = 15
_SUNDAY = 6

Tell = Callable[..., None]
"""Takes the field and the rule of a problem of the row, facts after them, and the value by name."""


class RowChecks:
    """Checks row after row. Of each row it keeps its two numbers, its person and its decision, and nothing else."""

    def __init__(self, schema: Schema, given: Record) -> None:
        self._schema = schema
        self._given = given
        self._required = tuple(each.name for each in schema.fields if each.required and each.name != "identifier")
        self._needed = frozenset(self._required)
        # For each rule: what was met, where it was met first, and what tells or joins a second one.
        self._first: dict[str, dict[str, tuple[Table, int, str]]] = defaultdict(dict)

    def row(self, table: Table, index: int, record: dict[str, str], blocked: Collection[str], tell: Tell) -> None:
        """Say what is wrong in a row. `blocked` are fields whose cell has a problem of its own already."""
        framework = record.pop(FRAMEWORK, None)
        if framework is not None and framework != record.get("level", framework):
            tell(FRAMEWORK, "framework")
        if not self._needed <= record.keys():
            for name in self._required:
                if name not in record and name in table.by_field and name not in blocked:
                    tell(name, "missing")
        level, awarded = record.get("level"), record.get("awarded_on")
        if level is not None and awarded is not None:
            for name in required_by_law(self._schema.kind, level, awarded):
                # Where level and day are the whole batch's, a missing column was reported already.
                known = name in table.by_field or "level" not in self._given or "awarded_on" not in self._given
                if name not in record and known and name not in blocked:
                    tell(name, "missing")
        if record.get("kind", self._schema.kind) != self._schema.kind:
            tell("kind", "form", ("fault", f"is not the kind of {self._schema.id}"))
        self._dates(table, record, tell)
        number = record.get("personal_id")
        sex, born = record.get("gender"), record.get("born_on")
        if number is not None and id_agrees(number, gender=sex, born_on=born) is False:
            tell("personal_id", "id-mismatch", before=number)
        grade = record.get("classification")
        if grade is not None and level and awarded and grade not in law.grades(self._schema.kind, level, awarded):
            tell("classification", "grade-era", before=grade)
        self._unique(table, index, record, tell)

    def _dates(self, table: Table, record: Record, tell: Tell) -> None:
        awarded, decided, born = record.get("awarded_on"), record.get("decided_on"), record.get("born_on")
        if decided is not None and "decided_on" not in self._given and is_sunday(decided):
            tell("decided_on", "weekend-decision", before=decided)
        if awarded is None:
            return
        if decided is not None and awarded < decided:
            tell("awarded_on" if "awarded_on" in table.by_field else "decided_on", "award-before-decision")
        if born is not None and self._schema.kind != "certificate" and years(born, awarded) < _ADULT_ENOUGH:
            tell("born_on", "too-young")

    def _unique(self, table: Table, index: int, record: Record, tell: Tell) -> None:
        for name, rule in (("serial_number", "serial-twice"), ("register_number", "register-twice")):
            value = record.get(name)
            if value is not None:
                self._once(table, index, name, rule, value, value, tell)
        decision, decided = record.get("decision_number"), record.get("decided_on")
        if decision is not None and decided is not None and decision != self._given.get("decision_number"):
            self._once(table, index, "decision_number", "decision-dates", decision, decision, tell, who=decided)
        holder, born = record.get("holder_name"), record.get("born_on")
        if holder is None or born is None:
            return
        number = record.get("personal_id", "")
        name = search_key(holder)
        if number:
            self._once(table, index, "personal_id", "id-shared", number, number, tell, who=f"{name}\n{born}")
        key = f"{name}\n{born}\n{record.get('programme', '')}"
        self._once(table, index, "holder_name", "person-twice", key, holder, tell, who=number)

    def _once(
        self,
        table: Table,
        index: int,
        name: str,
        rule: str,
        key: str,
        value: str,
        tell: Tell,
        *,
        who: str = "",
    ) -> None:
        """Tell of a key that an earlier row had, unless `who` tells the two apart (person-twice) or joins them."""
        first = self._first[rule].setdefault(key, (table, index, who))
        if first[0] is table and first[1] == index:
            return
        if rule in {"id-shared", "decision-dates"} and first[2] == who:
            return
        if rule == "person-twice" and first[2] and who and first[2] != who:
            return
        cell, sheet = first[0].cell(first[1], name), first[0].sheet.name
        tell(name, rule, ("other", cell if first[0] is table else f"{sheet}!{cell}"), before=value)


@lru_cache(maxsize=1024)
def is_sunday(iso: str) -> bool:
    return date.fromisoformat(iso).weekday() == _SUNDAY


def against_register(known: Known, rows: Sequence[tuple[Record, Tell]]) -> None:
    """Ask the register about some rows at once, and tell each row what it holds already."""
    serials = set(known.serials(_values(rows, "serial_number")))
    registers = set(known.registers({pair for record, _ in rows if (pair := _register_of(record)) is not None}))
    persons = [_person_of(record) for record, _ in rows]
    people = set(known.persons({person for person in persons if person is not None}))
    decided: Mapping[str, str | None] = {
        number: known.decided_on(number) for number in _values(rows, "decision_number")
    }
    if not (serials or registers or people or any(decided.values())):
        return  # nearly always: of a new list the register holds nothing
    for (record, tell), person in zip(rows, persons, strict=True):
        if record.get("serial_number") in serials:
            tell("serial_number", "serial-known", before=record["serial_number"])
        if _register_of(record) in registers:
            tell("register_number", "register-known", before=record["register_number"])
        if person in people:
            tell("holder_name", "person-known", before=record["holder_name"])
        number, on = record.get("decision_number"), record.get("decided_on")
        before = decided.get(number) if number is not None else None
        if before is not None and on is not None and before != on:
            tell("decision_number", "decision-known", ("date", before), before=number)


def _values(rows: Iterable[tuple[Record, Tell]], name: str) -> set[str]:
    return {record[name] for record, _ in rows if name in record}


def _register_of(record: Record) -> tuple[str, str] | None:
    number, awarded = record.get("register_number"), record.get("awarded_on")
    return (awarded[:4], number) if number is not None and awarded is not None else None


def _person_of(record: Record) -> Person | None:
    holder, born = record.get("holder_name"), record.get("born_on")
    if holder is None or born is None:
        return None
    return Person(search_key(holder), born, record.get("personal_id", ""), record.get("programme", ""))
