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


def tampered(sql: str, *values: Value) -> int:
    """Run one statement without any guard."""
    with unguarded():
        return run(sql, *values)
