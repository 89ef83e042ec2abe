"""The lock as a small SQLite file of its own: one row for each log, which only ever grows.

It lies apart from the database and is never restored with it. With a rollback journal and `synchronous=EXTRA` a swap
that returned True outlives a power cut (with less the last one may not), and between swaps the file is whole in itself.
Everything that this rests on is read back each time the file is opened, and less than that is refused.

Spec: the contract of `LockStore` in sogoc.ports; sqlite.org/pragma.html
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from sogoc.adapters.durable import write_new
from sogoc.core.checkpoint import Checkpoint
from sogoc.errors import LogForked, StorageUnavailable, WrongState

_SECONDS_TO_WAIT = 10.0

_SCHEMA = (
    """CREATE TABLE head (
    origin TEXT NOT NULL PRIMARY KEY CHECK (typeof(origin) = 'text'),
    size INTEGER NOT NULL CHECK (typeof(size) = 'integer' AND size >= 0),
    root BLOB NOT NULL CHECK (typeof(root) = 'blob' AND length(root) = 32)
) WITHOUT ROWID""",
    """CREATE TRIGGER head_only_grows BEFORE UPDATE ON head WHEN NEW.size <= OLD.size OR NEW.origin <> OLD.origin
BEGIN SELECT RAISE(ABORT, 'a head only grows'); END""",
    """CREATE TRIGGER head_stays BEFORE DELETE ON head
BEGIN SELECT RAISE(ABORT, 'a head is never deleted'); END""",
    # REPLACE deletes without asking the trigger above.
    """CREATE TRIGGER head_begins_once BEFORE INSERT ON head WHEN EXISTS (SELECT 1 FROM head WHERE origin = NEW.origin)
BEGIN SELECT RAISE(ABORT, 'a log begins once'); END""",
)

_EXTRA = 3
_PRAGMAS = {"journal_mode": "delete", "synchronous": _EXTRA, "trusted_schema": 0}


class SqliteLock:
    """A `LockStore` in a file. Threads and processes may share it: each call opens the file anew."""

    def __init__(self, path: Path) -> None:
        """Open a lock that exists: one that is missing is never replaced by an empty one. Raises: StorageUnavailable."""
        self._path = path
        if not path.is_file():
            raise StorageUnavailable(
                f"there is no lock at {path}",
                f"không có khóa nhật ký tại {path}",
                mend="Bring back the newest lock file. Never go on with an empty or an older one: the log would fork.",
                mend_vi="Đưa tệp khóa mới nhất trở lại. Đừng bao giờ chạy tiếp với tệp rỗng hoặc cũ: nhật ký sẽ tách nhánh.",
            )
        with self._open():
            pass

    @classmethod
    def make(cls, path: Path) -> Self:
        """Make an empty lock for a new archive. Raises: WrongState when there is one, StorageUnavailable."""
        with closing(sqlite3.connect(":memory:")) as memory:
            for statement in _SCHEMA:
                memory.execute(statement)
            empty = memory.serialize()
        try:
            write_new(path, empty)
        except FileExistsError as error:
            raise WrongState(f"there is already a lock at {path}", f"đã có khóa nhật ký tại {path}") from error
        except OSError as error:
            raise StorageUnavailable(f"the lock {path} cannot be made: {error.strerror}") from error
        return cls(path)

    def head(self, origin: str) -> tuple[int, bytes] | None:
        """The decided size and root of a log, None for a log that was not created. Raises: StorageUnavailable."""
        with self._open() as connection:
            row: tuple[int, bytes] | None = connection.execute(
                "SELECT size, root FROM head WHERE origin = ?", (origin,)
            ).fetchone()
            return row

    def create(self, origin: str, size: int, root: bytes) -> bool:
        """Begin a log. False when there is one of this origin. Raises: MalformedError, StorageUnavailable."""
        Checkpoint(origin=origin, size=size, root=root)
        with self._open() as connection:
            done = connection.execute(
                "INSERT INTO head (origin, size, root) SELECT ?, ?, ? WHERE NOT EXISTS"
                " (SELECT 1 FROM head WHERE origin = ?)",
                (origin, size, root, origin),
            )
            return done.rowcount == 1

    def swap(self, origin: str, old: tuple[int, bytes], new: tuple[int, bytes]) -> bool:
        """Replace `old` by `new` if it is still the head, and be durable; False when it is not.

        After StorageUnavailable it is unknown which of the two is the head: ask for it.
        Raises: LogForked for a size that does not grow, MalformedError, StorageUnavailable.
        """
        check_growth(origin, old, new)
        with self._open() as connection:
            # One statement outside a transaction takes the write lock before it reads, and is committed when it returns.
            done = connection.execute(
                "UPDATE head SET size = ?, root = ? WHERE origin = ? AND size = ? AND root = ?", (*new, origin, *old)
            )
            return done.rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=_SECONDS_TO_WAIT)
            ) as connection:
                connection.isolation_level = None
                self._check(connection)
                yield connection
        except sqlite3.Error as error:
            raise StorageUnavailable(
                f"the lock {self._path} did not answer: {error}", f"khóa nhật ký {self._path} không trả lời: {error}"
            ) from error

    def _check(self, connection: sqlite3.Connection) -> None:
        for name, value in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {value}")
            (found,) = connection.execute(f"PRAGMA {name}").fetchone()
            if found != value:
                raise self._refused(f"{name} is {found}, not {value}")
        schema = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if schema != set(_SCHEMA):
            raise self._refused("its tables and triggers are not those of a lock")
        (integrity,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if integrity != "ok":
            raise self._refused(integrity)

    def _refused(self, why: str) -> StorageUnavailable:
        return StorageUnavailable(
            f"the lock {self._path} cannot be relied on: {why}",
            f"không thể tin cậy khóa nhật ký {self._path}: {why}",
            mend="Stop, find out who changed the file, and compare its head with the published checkpoint and the chain.",
            mend_vi="Dừng lại, tìm xem ai đã sửa tệp, và so đầu nhật ký với điểm chốt đã công bố và với chuỗi khối.",
        )


def check_growth(origin: str, old: tuple[int, bytes], new: tuple[int, bytes]) -> None:
    """Refuse a swap that no log may ever want. Raises: LogForked, MalformedError."""
    for size, root in (old, new):
        Checkpoint(origin=origin, size=size, root=root)
    if new[0] <= old[0]:
        raise LogForked(f"{origin}: a head of size {old[0]} was to be replaced by another of size {new[0]}")
