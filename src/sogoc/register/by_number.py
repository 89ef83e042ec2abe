"""What the public look-up asks of the register: a few questions, thousands of times a second.

PostgreSQL takes ten times as long to plan one of them as to answer it. So each is written out here, and a connection has it planned
once. SQLite plans in no time, and keeps what it planned by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.db import OperationalError, connection

from sogoc.core.record import BY_KIND, LEVELS

_YEARS = range(1945, 2101)
"""In which a register may have been written: who asks by a register number need not know the year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """The newest published head and the time of its state, and which of the two counts of wrong names are used up."""

    size: int
    at: datetime | None
    number_used_up: bool
    asker_used_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The first version of a qualification that bears a number: its entry, its record (empty once erased), and whether an act
    about it is published.
    """

    entry: int
    record: bytes
    acted: bool


def now(number: bytes, asker: bytes, *, hour: int, most: int, most_of_one: int) -> Now | None:
    """Return what holds for everybody now, and for these two counts in this hour; None while nothing is published."""
    found = _ask(_NOW, [number, hour, most, asker, hour, most_of_one])
    if not found:
        return None
    size, at, number_used_up, asker_used_up = found[0]
    if at is not None and at.tzinfo is None:  # as SQLite keeps it
        at = at.replace(tzinfo=UTC)
    return Now(size=size, at=at, number_used_up=bool(number_used_up), asker_used_up=bool(asker_used_up))


def by_serial(institution: str, spellings: Sequence[str], *, size: int) -> list[Numbered]:
    """Return what bears this serial number, of every kind, at the head of `size`. There are three spellings."""
    return _numbered(_BY_SERIAL, [size, institution, *spellings, size])


def by_register_number(
    institution: str, spellings: Sequence[str], *, numbers: Sequence[int], year: str | None, size: int
) -> list[Numbered]:
    """Return what bears this register number, of every kind and level, at the head of `size`; of all years when `year` is None.

    `numbers` are those that the text may be read as. A register whose form it is not keeps it as text alone.
    """
    found: list[Numbered] = []
    for number in numbers:
        if year is not None:
            found += _numbered(_BY_NUMBER_OF_YEAR, [size, institution, year, number, *spellings, size])
        else:
            found += _numbered(_BY_NUMBER, [size, institution, number, *spellings, size])
    return found if year is not None else found + _numbered(_BY_TEXT, [size, institution, *spellings, size])


def _numbered(question: str, parameters: Sequence[Any]) -> list[Numbered]:
    return [
        Numbered(entry=entry, record=bytes(record), acted=bool(acted))
        for entry, record, acted in _ask(question, parameters)
    ]


def _ask(question: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    if connection.vendor != "postgresql":
        with connection.cursor() as plain:
            plain.execute(question, parameters)
            return list(plain.fetchall())
    try:
        return _ask_prepared(question, parameters)
    except OperationalError:
        # To ask each time beforehand whether the server is still there would take as long as the question.
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return _ask_prepared(question, parameters)


def _ask_prepared(question: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    # Django's own cursors write the parameters into the text, which is then another statement each time.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(question, parameters, prepare=True)
        return cursor.fetchall()


def _listed(words: Sequence[object]) -> str:
    return ", ".join(f"'{word}'" for word in words)


_NOW = """
    SELECT head.size,
        (SELECT state.at FROM register_loggedstate state JOIN register_entry entry ON entry.id = state.entry_id
         WHERE entry."index" = head.size - 1),
        EXISTS (SELECT 1 FROM register_wrongnames
                WHERE about = %s AND hour = CAST(%s AS bigint) AND count >= CAST(%s AS bigint)),
        EXISTS (SELECT 1 FROM register_wrongnames
                WHERE about = %s AND hour = CAST(%s AS bigint) AND count >= CAST(%s AS bigint))
    FROM register_checkpoint head WHERE head.published ORDER BY head.size DESC LIMIT 1
"""
_FIRST_VERSIONS = """
    SELECT entry.id, line.record,
        EXISTS (SELECT 1 FROM register_entry act WHERE act.target_id = entry.id AND act."index" < CAST(%s AS bigint))
    FROM register_row line JOIN register_entry entry ON entry.row_id = line.id
    WHERE line.institution_id = (SELECT id FROM register_institution WHERE code = %s)
"""
_ISSUED = " AND NOT (line.origin = 'amend') AND entry.\"index\" < CAST(%s AS bigint)"
_OF_ALL_KINDS = f" AND line.kind IN ({_listed(tuple(BY_KIND))})"
_OF_ALL_LEVELS = f"{_OF_ALL_KINDS} AND line.level IN ({_listed(LEVELS)})"
_OF_ALL_YEARS = f"{_OF_ALL_LEVELS} AND line.year IN ({_listed(_YEARS)})"
_WRITTEN_SO = " AND line.register_number IN (%s, %s, %s)"

_BY_SERIAL = f"{_FIRST_VERSIONS}{_OF_ALL_KINDS} AND line.serial_number IN (%s, %s, %s){_ISSUED}"
_BY_NUMBER_OF_YEAR = (
    f"{_FIRST_VERSIONS}{_OF_ALL_LEVELS} AND line.year = %s AND line.number = CAST(%s AS bigint){_WRITTEN_SO}{_ISSUED}"
)
_BY_NUMBER = f"{_FIRST_VERSIONS}{_OF_ALL_YEARS} AND line.number = CAST(%s AS bigint){_WRITTEN_SO}{_ISSUED}"
_BY_TEXT = f"{_FIRST_VERSIONS}{_OF_ALL_YEARS} AND line.number IS NULL{_WRITTEN_SO}{_ISSUED}"
