"""Backups of the whole database, as an operator takes them: the file of SQLite, a copy of the database on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

_numbers = count(1)


class Backups:
    """Takes backups of the database of the test and brings them back. Nothing else is restored with it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._taken: list[str] = []

    def take(self) -> str:
        name = f"backup_{os.getpid()}_{next(_numbers)}"  # processes of tests share a cluster
        self._copy(None, name)
        self._taken.append(name)
        return name

    def restore(self, name: str) -> None:
        self._copy(name, None)

    def forget(self) -> None:
        if connection.vendor == "postgresql":
            with self._maintenance() as cluster:
                for name in self._taken:
                    cluster.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))

    def _copy(self, source: str | None, target: str | None) -> None:
        """Copy one database over another; None is the one in use."""
        used = str(connection.settings_dict["NAME"])
        connection.close()  # the last connection of SQLite also writes its log back into the file
        if connection.vendor == "sqlite":
            places = [Path(used) if name is None else self._folder / name for name in (source, target)]
            for leftover in ("-wal", "-shm"):
                Path(f"{used}{leftover}").unlink(missing_ok=True)
            shutil.copyfile(*places)
            return
        with self._maintenance() as cluster:
            one, other = sql.Identifier(source or used), sql.Identifier(target or used)
            cluster.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(other))
            cluster.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(other, one))

    @staticmethod
    @contextmanager
    def _maintenance() -> Iterator[psycopg.Connection]:
        settings = connection.settings_dict
        with psycopg.connect(
            dbname="postgres",
            host=settings["HOST"],
            user=settings["USER"],
            port=settings["PORT"] or None,
            autocommit=True,
        ) as cluster:
            yield cluster
