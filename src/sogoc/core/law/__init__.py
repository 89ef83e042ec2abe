"""The rules of the law as dated data: what may be awarded, by whom, with what on it, how soon, and why it may end.

A rule is chosen by the day of the act it is about: the award date for an award, the day of the decision for a
revocation. Days are ISO text as records hold them. The rows stand in the files beside this module, read once; an older
regime is never taken out, because its diplomas are still presented. docs/law.md shows all of them.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import TypeVar, cast

from sogoc.core.law.rows import (
    Category,
    Clock,
    Fields,
    GateRule,
    GradeRegime,
    Ground,
    Holiday,
    Issuer,
    IssuerRule,
    NumberFormat,
    Qualification,
    Refusal,
    Retention,
    Row,
    load,
)
from sogoc.core.record import CATEGORIES, is_full_date
from sogoc.errors import NoRule, RecordError

__all__ = [
    "CATEGORIES",
    "GRADES",
    "HOLIDAYS",
    "Category",
    "Clock",
    "Fields",
    "GateRule",
    "GradeRegime",
    "Ground",
    "Holiday",
    "Issuer",
    "NumberFormat",
    "Qualification",
    "Refusal",
    "Retention",
    "Row",
    "category",
    "clock",
    "digest",
    "fields",
    "gate",
    "grades",
    "ground",
    "grounds",
    "issuers",
    "may_sign",
    "number_format",
    "qualification",
    "refused_reissue",
    "retention",
]

R = TypeVar("R", bound=Row)

ROWS: Mapping[str, tuple[Row, ...]] = load()
"""Every row by table, in the order of the files."""


@lru_cache(maxsize=1)
def digest() -> str:
    """What changes when any row does."""
    return sha256(repr(sorted(ROWS.items())).encode()).hexdigest()


def _table(name: str, _: type[R]) -> tuple[R, ...]:
    return cast("tuple[R, ...]", ROWS[name])


_QUALIFICATIONS = _table("qualification", Qualification)
_CATEGORIES = _table("category", Category)
_ISSUERS = _table("issuer", IssuerRule)
_FIELDS = _table("fields", Fields)
_NUMBERS = _table("number", NumberFormat)
_CLOCKS = _table("clock", Clock)
_GROUNDS = _table("ground", Ground)
_REFUSALS = _table("refusal", Refusal)
_GATE = _table("gate", GateRule)
_RETENTION = _table("retention", Retention)
GRADES = _table("grade", GradeRegime)
HOLIDAYS = _table("holiday", Holiday)

_often = lru_cache(maxsize=4096)  # a list of thousands asks the same of a few days


def _day(on: str) -> str:
    """Hold a day to its form, because a year alone would compare as if it were one."""
    if is_full_date(on):
        raise RecordError("on", "is not a full date such as 2026-04-15", "không phải ngày đầy đủ như 2026-04-15")
    return on


def _one(rows: tuple[R, ...], what: str, on: str) -> R:
    """The one row of `rows` that holds on that day."""
    found = [row for row in rows if row.covers(_day(on))]
    if len(found) != 1:
        raise NoRule(what, on)
    return found[0]


@_often
def qualification(kind: str, level: str, on: str) -> Qualification | None:
    """What may be awarded on that day under this kind and level; None if nothing.

    Raises: RecordError if `on` is no full date.
    """
    _day(on)
    return next((row for row in _QUALIFICATIONS if (row.kind, row.level) == (kind, level) and row.covers(on)), None)


@_often
def category(name: str, on: str) -> Category:
    """A category of institution, with the offices of its head.

    Raises: NoRule for another category; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in _CATEGORIES if row.name == name), f"category {name}", on)


@_often
def issuers(kind: str, level: str, on: str) -> tuple[Issuer, ...]:
    """Every category of institution that may award this on that day; empty where none may.

    Raises: RecordError if `on` is no full date.
    """
    _day(on)
    return tuple(
        _issuer(rule, level, category(name, on))
        for rule in _ISSUERS
        if rule.kind == kind and level in rule.levels and rule.covers(on)
        for name in rule.categories
    )


def _issuer(rule: IssuerRule, level: str, of: Category) -> Issuer:
    common = {field.name: getattr(rule, field.name) for field in dataclasses.fields(Row)}
    return Issuer(
        **common,
        kind=rule.kind,
        level=level,
        category=of.name,
        vi=of.vi,
        en=of.en,
        offices=of.offices,
        deputies=of.deputies,
    )


@_often
def may_sign(kind: str, level: str, category: str, title: str, on: str) -> bool | None:
    """Whether the holder of an office, as the diploma prints it, may sign for an institution of this category.

    True for the head; None for a deputy, who may only if it was assigned in writing; False for everybody else, and where
    the category may not award this at all.

    Raises: RecordError if `on` is no full date.
    """
    issuer = next((one for one in issuers(kind, level, on) if one.category == category), None)
    if issuer is None:
        return False
    if any(_is_office(title, office) for office in issuer.offices):
        return True
    return None if any(_is_office(title, office) for office in issuer.deputies) else False


_GAPS = re.compile(r"[\s.,–-]+")


def _bare(title: str) -> str:
    return _GAPS.sub(" ", unicodedata.normalize("NFC", title).casefold()).strip()


def _is_office(title: str, office: str) -> bool:
    said, meant = _bare(title), _bare(office.removesuffix("…"))
    return said == meant or (office.endswith("…") and said.startswith(f"{meant} "))


@_often
def fields(kind: str, level: str, on: str) -> Fields:
    """What a record must say, must not say, and does not print on its face, beyond its schema.

    Raises: NoRule where no such qualification is awarded on that day; RecordError if `on` is no full date.
    """
    rows = tuple(row for row in _FIELDS if row.kind == kind and level in row.levels)
    return _one(rows, f"fields of {kind}, {level}", on)


@_often
def grades(kind: str, level: str | None = None, on: str | None = None) -> tuple[str, ...]:
    """Every grade that a regulation in force that day knows, best first; without level or day, of any.

    More than one regulation may be in force, because that of the year of admission decides.

    Raises: RecordError if `on` is no full date.
    """
    words: dict[str, None] = {}
    for regime in GRADES:
        of_level = level is None or level in regime.levels
        if regime.kind == kind and of_level and (on is None or regime.covers(_day(on))):
            words.update(dict.fromkeys(regime.words))
    return tuple(words)


@_often
def number_format(kind: str, on: str) -> NumberFormat:
    """How register numbers and serial numbers of this kind are written.

    Raises: NoRule for another kind; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in _NUMBERS if row.kind == kind), f"numbers of {kind}", on)


@_often
def clock(name: str, on: str) -> Clock:
    """How long a step that begins on that day may take.

    Raises: NoRule where the law knew no such time limit on that day; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in _CLOCKS if row.name == name), f"clock {name}", on)


@_often
def grounds(act: str, on: str) -> tuple[Ground, ...]:
    """For which reasons `revoke`, `cancel`, `amend` or `reissue` may be done, and who may ask for a `copy`; empty for any other act.

    Raises: RecordError if `on` is no full date.
    """
    _day(on)
    return tuple(row for row in _GROUNDS if act in row.acts and row.covers(on))


def ground(act: str, name: str, on: str) -> Ground:
    """One ground by its name.

    Raises: NoRule where the law does not know it for this act on that day; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in grounds(act, on) if row.name == name), f"ground {name} of {act}", on)


@_often
def refused_reissue(on: str) -> Refusal:
    """Why a lost original is not issued again, and the copy that is offered instead.

    Raises: NoRule; RecordError if `on` is no full date.
    """
    rows = tuple(row for row in _REFUSALS if (row.act, row.name) == ("reissue", "lost-original"))
    return _one(rows, "refusal of a lost original", on)


@_often
def gate(rule: str, on: str) -> GateRule:
    """One rule of the gate: its basis, whether the ministry may set it aside, and its tolerance.

    Raises: NoRule for another rule; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in _GATE if row.rule == rule), f"gate {rule}", on)


@_often
def retention(kind: str, on: str) -> Retention:
    """How long the register of a kind is kept, as the law of that day has it.

    Raises: NoRule for another kind; RecordError if `on` is no full date.
    """
    return _one(tuple(row for row in _RETENTION if row.kind == kind), f"retention of {kind}", on)
