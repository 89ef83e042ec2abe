"""The rows of the law: their shapes, and the strict reading of the files that hold them.

Every row says what it rests on, from which day to which it holds (both included), and whether we read it in the law's
own words. A file that breaks a shape is a fault of this package, so it stops the program as it starts.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, TypeVar, get_type_hints

from sogoc.core.record import BY_KIND, CATEGORIES, LEVELS, PROVENANCES, is_full_date

KINDS = tuple(BY_KIND)
ACTS = ("revoke", "cancel", "amend", "reissue", "copy")
UNITS = ("day", "working-day")
STARTS = ("decision", "request", "award", "erasure")

FIELD_NAMES = tuple(dict.fromkeys(name for schema in BY_KIND.values() for name in schema.names))
NUMBER_FORMS = ("number/mark/year", "year/mark/number", "number/year", "year/number", "number/mark", "letters+number")
SERIAL_FORMS = ("letters+number", "number", "number/mark")

# What a field of a row may hold beyond its type. In a tuple or mapping this is of each member or key.
_CLOSED: Mapping[str, tuple[str, ...]] = {
    "kind": KINDS,
    "level": LEVELS,
    "levels": LEVELS,
    "marks": LEVELS,
    "category": CATEGORIES,
    "categories": CATEGORIES,
    "act": ACTS,
    "acts": ACTS,
    "unit": UNITS,
    "after": STARTS,
    "required": FIELD_NAMES,
    "forbidden": FIELD_NAMES,
    "not_on_face": FIELD_NAMES,
    "accepted": NUMBER_FORMS,
    "provenances": PROVENANCES,
    "serials": SERIAL_FORMS,
}
_TEXT = re.compile(r"\S(.*\S)?")
_NAME = re.compile(r"[a-z]+(-[a-z]+)*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIELD = re.compile(r"[a-z]+(_[a-z]+)*")  # which names there are is the records' matter, so the schema lists none
_PATTERNS: Mapping[str, re.Pattern[str]] = {
    "required": _FIELD,
    "forbidden": _FIELD,
    "not_on_face": _FIELD,
    "name": _NAME,
    "rule": _NAME,
    "valid_from": _DAY,
    "valid_to": _DAY,
    "cutoff": re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every rule has. `verified` is False while its text was read at second hand, or in a draft, only."""

    legal_basis: str
    valid_from: str
    valid_to: str | None = None
    verified: bool
    note: str | None = None
    note_vi: str | None = None

    def covers(self, on: str) -> bool:
        """Whether the rule holds on that day, as YYYY-MM-DD."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Qualification(Row):
    """A sort of diploma or certificate that may be awarded. `titles` are further names of it on paper."""

    kind: str
    level: str
    vi: str
    en: str
    titles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Row):
    """A sort of institution: the offices of its head, and the deputies who sign only when it was assigned to them.

    An office that ends in … may be followed by the name of the institution.
    """

    name: str
    vi: str
    en: str
    offices: tuple[str, ...]
    deputies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerRule(Row):
    """Which categories of institution may award a kind of some levels."""

    kind: str
    levels: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer(Row):
    """One category of institution that may award a qualification, with the offices that may sign it."""

    kind: str
    level: str
    category: str
    vi: str
    en: str
    offices: tuple[str, ...]
    deputies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields(Row):
    """Which fields of a record must be there, must not be, and are not printed on the face."""

    kind: str
    levels: tuple[str, ...]
    required: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    not_on_face: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRegime(Row):
    """The grades that one regulation knows, best first."""

    kind: str
    levels: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberFormat(Row):
    """How numbers are written: `template` to allot, `accepted` and `serials` to read; a mark for each level."""

    kind: str
    template: str
    marks: Mapping[str, str]
    accepted: tuple[str, ...]
    serials: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Row):
    """How long a step may take. `cutoff` is an hour in Vietnam; what comes after it is of the next working day."""

    name: str
    vi: str
    en: str
    days: int
    unit: str
    after: str
    cutoff: str | None = None
    complex_days: int = 0
    complex_profiles: Mapping[str, int] = dataclasses.field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground(Row):
    """A reason for which the law lets an act be done. `name` is stable: entries refer to it."""

    acts: tuple[str, ...]
    name: str
    vi: str
    en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Row):
    """A reason for which an act is often asked and never done, and what is offered instead."""

    act: str
    name: str
    vi: str
    en: str
    offer_vi: str
    offer_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule(Row):
    """What a batch must satisfy. `overridable`: two officers of the ministry may set it aside in public.

    `provenances` are the grades of provenance it holds for: an old register is recorded as it is. `reported`: the ministry
    hears of a batch that breaks it at its submission already. `days` is a time limit, where the rule has one.
    """

    rule: str
    vi: str
    en: str
    overridable: bool
    provenances: tuple[str, ...] = PROVENANCES
    reported: bool = False
    tolerance_percent: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Row):
    """How long the register of a kind is kept: for ever, if `permanent`, or as long as somebody needs it."""

    kind: str
    vi: str
    en: str
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday(Row):
    """Days on which offices are closed or, if `working`, open though it is a weekend; the window is the days."""

    vi: str
    en: str
    working: bool = False


TABLES: Mapping[str, type[Row]] = {
    "qualification": Qualification,
    "category": Category,
    "issuer": IssuerRule,
    "fields": Fields,
    "grade": GradeRegime,
    "number": NumberFormat,
    "clock": Clock,
    "ground": Ground,
    "refusal": Refusal,
    "gate": GateRule,
    "retention": Retention,
    "holiday": Holiday,
}
"""The tables of the files and the shape of their rows."""
FILES = (
    "qualifications",
    "issuers",
    "fields",
    "grades",
    "numbers",
    "clocks",
    "grounds",
    "gate",
    "retention",
    "holidays",
)

R = TypeVar("R", bound=Row)


def load() -> Mapping[str, tuple[Row, ...]]:
    """Every row of the package's files, by table."""
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for file in FILES:
        text = (resources.files(__package__) / f"{file}.toml").read_text(encoding="utf-8")
        for name, rows in parse(text).items():
            tables[name] += rows
    return {name: tuple(rows) for name, rows in tables.items()}


def parse(text: str) -> Mapping[str, tuple[Row, ...]]:
    """The rows of one file, by table.

    Raises: ValueError naming table, row and field of what is not of its shape.
    """
    return {
        name: tuple(_row(name, position, values) for position, values in enumerate(rows, start=1))
        for name, rows in tomllib.loads(text).items()
    }


def _row(table: str, position: int, values: Mapping[str, object]) -> Row:
    where = f"law data, {table} {position}"
    shape = TABLES.get(table)
    if shape is None:
        raise ValueError(f"{where}: there is no such table")
    fields = {field.name: field for field in dataclasses.fields(shape)}
    unknown = sorted(values.keys() - fields.keys())
    missing = sorted(name for name, field in fields.items() if name not in values and is_needed(field))
    if unknown or missing:
        raise ValueError(f"{where}: unknown fields {unknown}, missing fields {missing}")
    types = _types(shape)
    read: dict[str, Any] = {
        name: _value(f"{where}, {name}", name, types[name], value) for name, value in values.items()
    }
    row = shape(**read)
    if row.valid_to is not None and row.valid_to < row.valid_from:
        raise ValueError(f"{where}: ends before it begins")
    if (row.note is None) != (row.note_vi is None):
        raise ValueError(f"{where}: the note is in one language only")
    return row


_TYPES: dict[type[Row], Mapping[str, Any]] = {}


def _types(shape: type[Row]) -> Mapping[str, Any]:
    if shape not in _TYPES:
        _TYPES[shape] = get_type_hints(shape)
    return _TYPES[shape]


def is_needed(field: dataclasses.Field[Any]) -> bool:
    """Whether every row must have it."""
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def schema_of(shape: type[Row], name: str) -> Mapping[str, object]:
    """What a field of a row may hold, in JSON Schema: the same that `parse` holds it to."""
    kind = _types(shape)[name]
    text = _schema_of_text(name)
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer", "minimum": 0}
    if kind == tuple[str, ...]:
        return {"type": "array", "items": text, "minItems": 1, "uniqueItems": True}
    if kind in (Mapping[str, str], Mapping[str, int]):
        member = {"type": "integer", "minimum": 0} if kind == Mapping[str, int] else _schema_of_text("")
        return {"type": "object", "propertyNames": text, "additionalProperties": member, "minProperties": 1}
    return text


def _schema_of_text(name: str) -> Mapping[str, object]:
    if name in _CLOSED and name not in _PATTERNS:
        return {"enum": list(_CLOSED[name])}
    return {"type": "string", "pattern": f"^(?:{_PATTERNS.get(name, _TEXT).pattern})$"}


def _value(where: str, name: str, kind: Any, value: object) -> object:
    """One value of the file in the type of its field."""
    closed = _CLOSED.get(name)
    if kind is bool or kind is int:
        if type(value) is not kind or (kind is int and value < 0):
            raise ValueError(f"{where}: is no {kind.__name__}")
        return value
    if kind == tuple[str, ...]:
        if not isinstance(value, list) or not value or len({*value}) != len(value):
            raise ValueError(f"{where}: is no list of different texts")
        return tuple(_text(where, one, closed) for one in value)
    if kind in (Mapping[str, str], Mapping[str, int]):
        if not isinstance(value, dict) or not value:
            raise ValueError(f"{where}: is no table")
        of = int if kind == Mapping[str, int] else str
        return MappingProxyType({_text(where, key, closed): _value(where, "", of, one) for key, one in value.items()})
    text = _text(where, value, closed)
    pattern = _PATTERNS.get(name)
    if pattern is not None and not pattern.fullmatch(text):
        raise ValueError(f"{where}: is not of the form {pattern.pattern}")
    if pattern is _DAY and is_full_date(text):
        raise ValueError(f"{where}: is a day that does not exist")
    return text


def _text(where: str, value: object, closed: tuple[str, ...] | None) -> str:
    if not isinstance(value, str) or not _TEXT.fullmatch(value):
        raise ValueError(f"{where}: is no text, or begins or ends with a space")
    if closed is not None and value not in closed:
        raise ValueError(f"{where}: is none of {', '.join(closed)}")
    return value
