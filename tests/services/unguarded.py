"""Raw SQL by somebody who has the database's password and takes its guards away first, as far as that can be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

Value = int | str | bytes | None


def run(sql: str, *values: Value) -> int:
    """Run one statement and return how many rows it concerned."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


@contextmanager
def unguarded() -> Iterator[None]:
    """No trigger fires inside. On PostgreSQL that takes a superuser; on SQLite the triggers are dropped and made again."""
    if connection.vendor == "postgresql":
        run("SET LOCAL session_replication_role = replica")
        yield
        run("SET LOCAL session_replication_role = origin")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
    yield
    for _, made in triggers:
        run(made)


def without_index(name: str) -> None:
    """Take a uniqueness away: what the database would refuse is then there to be found."""
    run(f'DROP INDEX "{name}"')


def deleted(*rows: int) -> None:
    """Take rows out of the register with all that hangs on them; the log keeps its entries."""
    with unguarded():
        for row in rows:
            run("UPDATE register_entry SET row_id = NULL WHERE row_id = %s", row)
            run("DELETE FROM register_seal WHERE row_id = %s", row)
            run("DELETE FROM register_row WHERE id = %s", row)


def erased(row: int, at: str) -> None:
    """Empty a row and its seal of all that they say of a person."""
    with unguarded():
        run(
            "UPDATE register_row SET record = %s, name_key = '', born_on = '', erased_at = %s WHERE id = %s",
            b"",
            at,
            row,
        )
        run("UPDATE register_seal SET secret = NULL, signature = NULL WHERE row_id = %s", row)


def tampered(sql: str, *values: Value) -> int:
    """Run one statement without any guard."""
    with unguarded():
        return run(sql, *values)
