"""What the public look-up asks of the register: a few questions, thousands of times a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sogoc.core.numbering import parse_serial
from sogoc.core.record import BY_KIND, LEVELS
from sogoc.register.planned import ask

_YEARS = range(1945, 2101)
"""In which a register may have been written: who asks by a register number need not know the year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The newest published head, the time of its state, and which of the two counts of wrong names are used up."""

    size: int
    root: bytes
    at: datetime | None
    number_used_up: bool
    asker_used_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The first version of a qualification that bears a number: its entry, its record (empty once erased), where it comes from, and
    whether an act about it is published.
    """

    entry: int
    record: bytes
    provenance: str
    acted: bool


def by_serial(
    institution: str, spellings: Sequence[str], *, number: bytes, asker: bytes, hour: int, most: int, most_of_one: int
) -> tuple[Now, list[Numbered]] | None:
    """Return what holds for everybody now and for these two counts in this hour, and what bears this serial number, of every kind, at
    that head. There are three spellings. None while nothing is published.
    """
    places = [parse_serial(text) for text in spellings]
    asked = [number, hour, most, asker, hour, most_of_one, institution]
    lines: list[tuple[Any, ...]] = []
    if any(places):
        series, values = [one and one.series for one in places], [one and one.value for one in places]
        lines += ask(_BY_SERIAL, [*asked, *series, *values, *spellings])
    if not all(places):
        lines += ask(_BY_SERIAL_TEXT, [*asked, *spellings])
    if not lines:
        return None
    size, root, at, number_used_up, asker_used_up = lines[0][:_OF_NOW]
    if at is not None and at.tzinfo is None:  # as SQLite keeps it
        at = at.replace(tzinfo=UTC)
    now = Now(
        size=size, root=bytes(root), at=at, number_used_up=bool(number_used_up), asker_used_up=bool(asker_used_up)
    )
    return now, [_numbered(*line[_OF_NOW:]) for line in lines if line[_OF_NOW] is not None]


def by_register_number(
    institution: str, spellings: Sequence[str], *, numbers: Sequence[int], year: str | None, size: int
) -> list[Numbered]:
    """Return what bears this register number, of every kind and level, at the head of `size`; of all years when `year` is None.

    `numbers` are those that the text may be read as. A register whose form it is not keeps it as text alone.
    """
    found: list[Numbered] = []
    for number in numbers:
        if year is not None:
            found += _all(_BY_NUMBER_OF_YEAR, [size, institution, year, number, *spellings, size])
        else:
            found += _all(_BY_NUMBER, [size, institution, number, *spellings, size])
    return found if year is not None else found + _all(_BY_TEXT, [size, institution, *spellings, size])


def _all(question: str, parameters: Sequence[Any]) -> list[Numbered]:
    return [_numbered(*line) for line in ask(question, parameters)]


def _numbered(entry: int, record: bytes, provenance: str, acted: object) -> Numbered:
    return Numbered(entry=entry, record=bytes(record), provenance=provenance, acted=bool(acted))


def _listed(words: Sequence[object]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_OF_NOW = 5
"""So many columns of a line say what holds for everybody."""
_KINDS, _LEVELS = _listed(tuple(BY_KIND)), _listed(LEVELS)
_USED_UP = """EXISTS (SELECT 1 FROM register_wrongnames
        WHERE about = %s AND hour = CAST(%s AS bigint) AND count >= CAST(%s AS bigint))"""
_OF_INSTITUTION = "line.institution_id = (SELECT id FROM register_institution WHERE code = %s)"
_FIRST = "NOT (line.origin = 'amend')"
"""Of the versions of a diploma that bear one number."""


# Outer joins, because the head is told where nothing is found, too.
def _by_serial(where: str) -> str:
    return f"""
    SELECT head.size, head.root,
        (SELECT state.at FROM register_loggedstate state JOIN register_entry entry ON entry.id = state.entry_id
         WHERE entry."index" = head.size - 1),
        {_USED_UP}, {_USED_UP},
        entry.id, line.record, batch.provenance,
        EXISTS (SELECT 1 FROM register_entry act WHERE act.target_id = entry.id AND act."index" < head.size)
    FROM (SELECT size, root FROM register_checkpoint WHERE published ORDER BY size DESC LIMIT 1) head
    LEFT JOIN register_row line ON {_OF_INSTITUTION} AND {_FIRST} AND {where} AND line.serial_number IN (%s, %s, %s)
    LEFT JOIN register_batch batch ON batch.id = line.batch_id
    LEFT JOIN register_entry entry ON entry.row_id = line.id AND entry."index" < head.size
    """  # noqa: S608 - our own words


_BY_SERIAL = _by_serial(
    "line.serial_value IS NOT NULL AND line.serial_series IN (%s, %s, %s)"
    " AND line.serial_value IN (CAST(%s AS bigint), CAST(%s AS bigint), CAST(%s AS bigint))"
)
_BY_SERIAL_TEXT = _by_serial("line.serial_value IS NULL")

_FOUND = f"""
    SELECT entry.id, line.record, batch.provenance,
        EXISTS (SELECT 1 FROM register_entry act WHERE act.target_id = entry.id AND act."index" < CAST(%s AS bigint))
    FROM register_row line JOIN register_batch batch ON batch.id = line.batch_id JOIN register_entry entry ON entry.row_id = line.id
    WHERE {_OF_INSTITUTION} AND {_FIRST} AND line.kind IN ({_KINDS}) AND line.level IN ({_LEVELS})
"""  # noqa: S608 - our own words
_OF_ALL_YEARS = f" AND line.year IN ({_listed(_YEARS)})"
_OF_NUMBER = " AND line.number = CAST(%s AS bigint)"
_WRITTEN_SO = ' AND line.register_number IN (%s, %s, %s) AND entry."index" < CAST(%s AS bigint)'

_BY_NUMBER_OF_YEAR = f"{_FOUND} AND line.year = %s{_OF_NUMBER}{_WRITTEN_SO}"
_BY_NUMBER = f"{_FOUND}{_OF_ALL_YEARS}{_OF_NUMBER}{_WRITTEN_SO}"
_BY_TEXT = f"{_FOUND}{_OF_ALL_YEARS} AND line.number IS NULL{_WRITTEN_SO}"
