"""The lock as a SQLite file: one winner among processes, nothing lost by a kill, and no weaker file accepted."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from sogoc.adapters.lock_sqlite import SqliteLock
from sogoc.core.merkle import EMPTY_ROOT
from sogoc.errors import StorageUnavailable, WrongState
from tests.adapters import disk
from tests.adapters.lock_racer import ORIGIN, CarelessLock, root_of

ROOT = Path(__file__).parents[2]
A, B = (1, bytes(32)), (2, bytes(range(32)))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SqliteLock.make(tmp_path / "lock.sqlite3").create(ORIGIN, *A)
    return tmp_path / "lock.sqlite3"


def racer(kind: str, path: Path, name: str, last: int) -> subprocess.Popen[str]:
    """Start a racer, which waits for a line before it begins."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.adapters.lock_racer", kind, path, name, str(last)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def winners(kind: str, path: Path, *, racers: int, last: int) -> dict[int, list[str]]:
    """Let processes race to the size `last`, and return who says to have won each size."""
    processes = [racer(kind, path, f"racer-{at}", last) for at in range(racers)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    won: dict[int, list[str]] = {}
    for process in processes:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        for line in output.splitlines():
            size, name = line.split()
            won.setdefault(int(size), []).append(name)
    return won


def test_of_processes_that_race_exactly_one_wins_each_size(tmp_path: Path) -> None:
    for last in (60, 240, 960):  # on a busy machine one may be through before another begins
        lock = SqliteLock.make(tmp_path / f"lock-{last}")
        lock.create(ORIGIN, 0, EMPTY_ROOT)
        won = winners("sqlite", tmp_path / f"lock-{last}", racers=8, last=last)
        assert {size: len(names) for size, names in won.items()} == dict.fromkeys(range(1, last + 1), 1)
        assert lock.head(ORIGIN) == (last, root_of(won[last][0], last))
        if len({name for names in won.values() for name in names}) > 1:
            return
    raise AssertionError("nobody raced")


def test_the_same_race_catches_a_lock_that_looks_before_it_writes(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text(f"0 {EMPTY_ROOT.hex()}")
    assert CarelessLock(tmp_path / "lock").head(ORIGIN) == (0, EMPTY_ROOT)
    won = winners("careless", tmp_path / "lock", racers=8, last=500)
    assert max(Counter(size for size, names in won.items() for _ in names).values()) > 1


def test_a_kill_takes_back_no_swap_that_was_acknowledged(tmp_path: Path) -> None:
    lock = SqliteLock.make(tmp_path / "lock")
    lock.create(ORIGIN, 0, EMPTY_ROOT)
    for turn in range(8):
        process = racer("sqlite", tmp_path / "lock", "killed", 10**6)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("go\n")
        process.stdin.flush()
        acknowledged = [process.stdout.readline() for _ in range(turn + 1)]
        process.kill()
        acknowledged += process.stdout.readlines()
        process.wait()
        process.stdin.close()
        process.stdout.close()
        last = max(int(line.split()[0]) for line in acknowledged)
        head = lock.head(ORIGIN)
        # One more may have been decided whose answer was lost on the way.
        assert head in [(last, root_of("killed", last)), (last + 1, root_of("killed", last + 1))]


@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_a_lock_is_made_whole_or_not_at_all(tmp_path: Path, fault: disk.Fault) -> None:
    for nth in range(1, 50):
        path = tmp_path / str(nth) / "lock"
        with pytest.MonkeyPatch.context() as patch:
            counted = disk.cut(patch, tmp_path / str(nth), nth, fault)
            try:
                SqliteLock.make(path)
            except StorageUnavailable:
                if path.exists():
                    assert SqliteLock(path).head(ORIGIN) is None
                continue
            assert counted() < nth
            return
    raise AssertionError("making a lock never ends")


def test_a_missing_lock_is_never_replaced_by_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable, match="no lock") as refused:
        SqliteLock(tmp_path / "lock")
    assert refused.value.mend
    assert not (tmp_path / "lock").exists()


def test_a_lock_that_vanishes_is_never_replaced_by_an_empty_one(path: Path) -> None:
    lock = SqliteLock(path)
    path.unlink()
    with pytest.raises(StorageUnavailable):
        lock.head(ORIGIN)
    assert not path.exists()


def test_a_lock_is_made_once(path: Path) -> None:
    with pytest.raises(WrongState):
        SqliteLock.make(path)
    assert SqliteLock(path).head(ORIGIN) == A


def test_only_its_owner_may_read_it(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_is_one_file_between_swaps(path: Path) -> None:
    SqliteLock(path).swap(ORIGIN, A, B)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    assert SqliteLock(copy).head(ORIGIN) == B


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET size = 1",
        "UPDATE head SET size = 0, root = zeroblob(32)",
        "UPDATE head SET root = zeroblob(32)",
        "UPDATE head SET size = 3, origin = 'another'",
        "UPDATE head SET size = 3.5",
        "UPDATE head SET size = 'four'",
        "UPDATE head SET size = 4, root = 'thirty-two characters of plain text'",
        "UPDATE head SET size = 4, root = zeroblob(31)",
        "DELETE FROM head",
        "REPLACE INTO head SELECT origin, 1, root FROM head",
        "INSERT INTO head SELECT origin, 9, root FROM head",
    ],
)
def test_the_file_defends_its_head_against_other_programs(path: Path, statement: str) -> None:
    SqliteLock(path).swap(ORIGIN, A, B)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    assert SqliteLock(path).head(ORIGIN) == B


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER head_only_grows",
        "DROP TRIGGER head_stays",
        "DROP TABLE head",
        "CREATE TABLE another (id INTEGER)",
        "CREATE TRIGGER t AFTER UPDATE ON head BEGIN SELECT 1; END",
    ],
)
def test_a_file_with_other_tables_or_triggers_is_refused(path: Path, statement: str) -> None:
    lock = SqliteLock(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)
    for use in (lambda: SqliteLock(path), lambda: lock.swap(ORIGIN, A, B)):
        with pytest.raises(StorageUnavailable, match="relied on"):
            use()


def test_a_file_that_somebody_holds_in_a_weaker_mode_is_refused(path: Path) -> None:
    lock = SqliteLock(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        assert connection.execute("PRAGMA journal_mode = wal").fetchone() == ("wal",)
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM head").fetchall()
        with pytest.raises(StorageUnavailable):
            lock.swap(ORIGIN, A, B)
        connection.execute("COMMIT")
    assert lock.swap(ORIGIN, A, B)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_swap_is_made_with_the_strongest_promise_there_is(path: Path) -> None:
    with SqliteLock(path)._open() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (3,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


@pytest.mark.parametrize("damage", ["text", "middle", "empty", "short"])
def test_a_damaged_file_is_refused(path: Path, damage: str) -> None:
    content = path.read_bytes()
    path.write_bytes(
        {
            "text": b"this is no database",
            "middle": content[:4096] + b"\xff" * 64 + content[4160:],
            "empty": b"",
            "short": content[: len(content) // 2],
        }[damage]
    )
    with pytest.raises(StorageUnavailable):
        SqliteLock(path)
