"""Questions that are asked thousands of times a second, written out in SQL: a connection to PostgreSQL has each planned once.

PostgreSQL takes ten times as long to plan one of them as to answer it, and the ORM as long again to write it. SQLite plans in no time,
and keeps what it planned by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper


def ask(question: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Return all lines of the answer. Raises: django.db.DatabaseError."""
    here = connections[DEFAULT_DB_ALIAS]
    if here.vendor != "postgresql":
        with here.cursor() as plain:
            plain.execute(question, parameters)
            return list(plain.fetchall())
    try:
        return _ask_prepared(here, question, parameters)
    except OperationalError:
        # To ask each time beforehand whether the server is still there would take as long as the question.
        if here.in_atomic_block or here.is_usable():
            raise
        here.close()
        return _ask_prepared(here, question, parameters)


def _ask_prepared(here: BaseDatabaseWrapper, question: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    here.ensure_connection()
    # Django's own cursors write the parameters into the text, which is then another statement each time.
    with here.wrap_database_errors, psycopg.Cursor(here.connection) as cursor:
        cursor.execute(question, parameters, prepare=True)
        return cursor.fetchall()
