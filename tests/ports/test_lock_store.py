"""What every `LockStore` keeps to, in a SQLite file and in memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from threading import Barrier

import pytest

from sogoc.adapters.lock_sqlite import SqliteLock
from sogoc.adapters.memory import MemoryLock
from sogoc.core.merkle import EMPTY_ROOT
from sogoc.errors import LogForked, MalformedError
from sogoc.ports import LockStore

ORIGIN = "sogoc.example/log"
OTHER = "sogoc.example/sổ-khác"


def root(name: object) -> bytes:
    return sha256(repr(name).encode()).digest()


A, B, C = (1, root("a")), (2, root("b")), (3, root("c"))


class LockStoreContract:
    @pytest.fixture
    def lock(self, tmp_path: Path) -> LockStore:
        raise NotImplementedError

    def test_a_log_begins_once(self, lock: LockStore) -> None:
        assert lock.head(ORIGIN) is None
        assert lock.create(ORIGIN, 0, EMPTY_ROOT)
        assert not lock.create(ORIGIN, 0, EMPTY_ROOT)
        assert not lock.create(ORIGIN, *A)
        assert lock.head(ORIGIN) == (0, EMPTY_ROOT)

    def test_only_the_head_is_replaced(self, lock: LockStore) -> None:
        assert not lock.swap(ORIGIN, A, B)
        lock.create(ORIGIN, *A)
        assert not lock.swap(ORIGIN, (1, root("another")), B)
        assert not lock.swap(ORIGIN, B, C)
        assert lock.head(ORIGIN) == A
        assert lock.swap(ORIGIN, A, B)
        assert not lock.swap(ORIGIN, A, B)
        assert lock.head(ORIGIN) == B

    def test_logs_know_nothing_of_one_another(self, lock: LockStore) -> None:
        lock.create(ORIGIN, *A)
        lock.create(OTHER, *B)
        assert lock.swap(OTHER, B, C)
        assert (lock.head(ORIGIN), lock.head(OTHER)) == (A, C)

    @pytest.mark.parametrize("new", [(5, root("e")), (5, root("another")), (4, root("d")), (1, root("a"))])
    def test_a_size_that_does_not_grow_stops_everything(self, lock: LockStore, new: tuple[int, bytes]) -> None:
        head = (5, root("e"))
        lock.create(ORIGIN, *head)
        with pytest.raises(LogForked):
            lock.swap(ORIGIN, head, new)
        assert lock.head(ORIGIN) == head

    @pytest.mark.parametrize(
        "head", [(-1, root("a")), (2**63, root("a")), (1, b"short"), (1, b""), (1, bytes(33)), (0, root("not empty"))]
    )
    def test_what_is_no_head_is_refused(self, lock: LockStore, head: tuple[int, bytes]) -> None:
        with pytest.raises(MalformedError):
            lock.create(ORIGIN, *head)
        assert lock.head(ORIGIN) is None
        lock.create(ORIGIN, *A)
        with pytest.raises(MalformedError):
            lock.swap(ORIGIN, A, head)
        assert lock.head(ORIGIN) == A

    def test_the_largest_size_fits(self, lock: LockStore) -> None:
        largest = (2**63 - 1, root("z"))
        lock.create(ORIGIN, *A)
        assert lock.swap(ORIGIN, A, largest)
        assert lock.head(ORIGIN) == largest

    def test_of_threads_that_race_one_wins_each_time(self, lock: LockStore) -> None:
        racers, rounds = 8, 12
        lock.create(ORIGIN, 0, EMPTY_ROOT)
        together = Barrier(racers)

        def race(racer: int) -> list[bool]:
            won = []
            for size in range(1, rounds + 1):
                head = lock.head(ORIGIN)
                together.wait()
                assert head is not None
                won.append(lock.swap(ORIGIN, head, (size, root((racer, size)))))
                together.wait()
            return won

        with ThreadPoolExecutor(racers) as pool:
            results = list(pool.map(race, range(racers)))
        assert [sum(results[racer][at] for racer in range(racers)) for at in range(rounds)] == [1] * rounds
        last = next(racer for racer in range(racers) if results[racer][-1])
        assert lock.head(ORIGIN) == (rounds, root((last, rounds)))


class TestSqliteLock(LockStoreContract):
    @pytest.fixture
    def lock(self, tmp_path: Path) -> LockStore:
        return SqliteLock.make(tmp_path / "lock" / "of the log?.sqlite3")


class TestMemoryLock(LockStoreContract):
    @pytest.fixture
    def lock(self, tmp_path: Path) -> LockStore:
        return MemoryLock()
