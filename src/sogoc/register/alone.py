"""One process at a time, among all that share this database: who sequences, publishes or recovers is alone."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

_SEQUENCER = 0x736F676F63  # "sogoc" in ASCII: the number of the advisory lock


class SomebodyElse(Exception):
    """Another process is in here, and one that would not wait asked to come in."""


@contextmanager
def alone(*, wait: bool = True) -> Iterator[None]:
    """Wait until nobody else is in here, and be alone until the end. Not to be nested.

    The lock belongs to a connection (PostgreSQL) or to an open file (SQLite), so it goes when its process dies. No transaction is
    held open for it: clerks go on working.

    Raises: SomebodyElse where `wait` is false and somebody is.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)" if wait else "SELECT pg_try_advisory_lock(%s)", [_SEQUENCER])
            if not wait and cursor.fetchone() == (False,):
                raise SomebodyElse
            try:
                yield
            finally:
                if not connection.needs_rollback:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_SEQUENCER])
    else:
        with Path(f"{connection.settings_dict['NAME']}.sequencer").open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise SomebodyElse from error
            yield
