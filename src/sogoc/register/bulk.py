"""Many rows of one table at once, the fastest way each database has: PostgreSQL is told of a set in one statement, because each of its
own is a way there and back; SQLite is no way off, and is told of each row by a statement that it prepared. What is read in numbers,
PostgreSQL hands over as it stands: as text, which it is asked for otherwise, bytes are twice as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

import psycopg
from django.db import connection, models
from django.db.models import QuerySet

_SET = 1000
_NUMBERS = count()


def copy_in(table: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows that may be a stream of any length; `columns` are the names of columns, and each row has their values.

    Nothing is read back: ids are the database's. Constraints and triggers hold as for any other insert. What `rows` asks of this
    connection while it runs would wait for ever, so it asks nothing.

    Raises: django.db.IntegrityError; whatever `rows` raises, and then nothing of it was inserted.
    """
    name = connection.ops.quote_name(table._meta.db_table)  # noqa: SLF001 - Django's own name for public knowledge of a model
    by_column = {field.column: field for field in table._meta.concrete_fields}  # noqa: SLF001
    fields = [by_column[column] for column in columns]
    if not connection.features.has_native_uuid_field:
        for place, field in enumerate(fields):
            if isinstance(field, models.UUIDField):
                rows = _prepared(field, place, rows)
    listed = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            values = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {name} ({listed}) VALUES ({values})", rows)  # type: ignore[arg-type]  # noqa: S608 - our own names
            return
        types = [str(field.rel_db_type(connection)).partition("(")[0] for field in fields]
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {name} ({listed}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _prepared(field: models.Field[Any, Any], place: int, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for row in rows:
        yield (*row[:place], field.get_db_prep_value(row[place], connection), *row[place + 1 :])


def read_out(lines: QuerySet[Any, tuple[Any, ...]], *, portion: int = 2000) -> Iterator[tuple[Any, ...]]:
    """The lines of a `values_list` as a stream, so many in memory at a time; columns as the database has them, bytes as bytes."""
    if connection.vendor != "postgresql":
        yield from lines.iterator(chunk_size=portion)
        return
    connection.ensure_connection()
    # Django's own cursors write the parameters into the text, and then nothing can be asked for but text.
    named = psycopg.ServerCursor(
        connection.connection, f"read_out_{next(_NUMBERS)}", withhold=not connection.in_atomic_block
    )
    with connection.wrap_database_errors, named as cursor:
        cursor.execute(*lines.query.sql_with_params(), binary=True)
        while part := cursor.fetchmany(portion):
            yield from part


def set_many(table: type[models.Model], columns: Sequence[str], values: Sequence[tuple[Any, ...]]) -> None:
    """Set `columns` of many rows; each value is those columns and then the row's primary key. Much faster than `bulk_update`."""
    name, key = connection.ops.quote_name(table._meta.db_table), table._meta.pk.column  # noqa: SLF001
    quoted = [connection.ops.quote_name(column) for column in columns]
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            assignments = ", ".join(f"{column} = %s" for column in quoted)
            cursor.executemany(f"UPDATE {name} SET {assignments} WHERE {key} = %s", values)  # noqa: S608
            return
        assignments = ", ".join(f"{column} = given.column{place}" for place, column in enumerate(quoted, 1))
        row = f"({', '.join(['%s'] * (len(columns) + 1))})"
        for start in range(0, len(values), _SET):
            part = values[start : start + _SET]
            cursor.execute(
                f"UPDATE {name} SET {assignments} FROM (VALUES {', '.join([row] * len(part))}) AS given"  # noqa: S608
                f" WHERE {name}.{key} = given.column{len(columns) + 1}",
                [item for value in part for item in value],
            )
