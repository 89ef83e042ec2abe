"""One small archive for the session, and a copy of it for each test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sogoc.adapters import node_anvil
from tests.conftest import DATABASE
from tests.faults.worlds import Database, Nursery, PostgresDatabase, SqliteDatabase, World


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    one = Nursery()
    yield one
    one.close()


@pytest.fixture(scope="session")
def golden(
    nursery: Nursery, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """An archive on the database that SOGOC_TEST_DATABASE names, with two anchored heads and batches that wait. Nobody runs it."""
    folder = tmp_path_factory.mktemp("golden") / "archive"
    database: Database = SqliteDatabase(folder)
    if DATABASE == "postgresql":
        database = PostgresDatabase(request.getfixturevalue("postgres_cluster")).create()
    one = World(folder, database, nursery)
    try:
        one.run(verb="build")
        yield one
    finally:
        node_anvil.stop(folder / "chain")


@pytest.fixture
def world(golden: World, tmp_path: Path) -> Iterator[World]:
    """A copy of the archive for this test alone, with its node running."""
    folder = tmp_path / "archive"
    shutil.copytree(golden.folder, folder, ignore=shutil.ignore_patterns("register.sqlite3*"))
    settings = json.loads((folder / "archive.json").read_text())
    settings["public"] = str(folder / "public")
    (folder / "archive.json").write_text(json.dumps(settings))
    one = World(folder, golden.database.copy(folder), golden.nursery)
    try:
        one.start_node()
        one.forget()
        yield one
    finally:
        node_anvil.stop(folder / "chain")
        _drop(one.database)


def _drop(database: Database) -> None:
    if isinstance(database, PostgresDatabase):
        database.drop()


@pytest.fixture
def backup(tmp_path: Path) -> Iterator[Callable[[World], Database]]:
    """Back up the database of a world, and nothing else of it."""
    made: list[Database] = []

    def make(world: World) -> Database:
        made.append(world.database.copy(tmp_path / f"backup-{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        _drop(one)
