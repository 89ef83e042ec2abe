"""Many rows into one table, the fastest way each database has: COPY in PostgreSQL, one prepared INSERT in SQLite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models


def copy_in(table: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows that may be a stream of any length; `columns` are the names of columns, and each row has their values.

    Nothing is read back: ids are the database's. Constraints and triggers hold as for any other insert. What `rows` asks of this
    connection while it runs would wait for ever, so it asks nothing.

    Raises: django.db.IntegrityError; whatever `rows` raises, and then nothing of it was inserted.
    """
    name = connection.ops.quote_name(table._meta.db_table)  # noqa: SLF001 - Django's own name for public knowledge of a model
    listed = ", ".join(map(connection.ops.quote_name, columns))
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            values = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO {name} ({listed}) VALUES ({values})", rows)  # type: ignore[arg-type]  # noqa: S608 - our own names
            return
        by_column = {field.column: field for field in table._meta.concrete_fields}  # noqa: SLF001
        types = [str(by_column[column].rel_db_type(connection)).partition("(")[0] for column in columns]
        with (
            connection.wrap_database_errors,
            cursor.copy(f"COPY {name} ({listed}) FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
