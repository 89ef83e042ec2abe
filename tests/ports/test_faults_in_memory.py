"""The faults of the ports in memory: before and after taking effect, once for each time they were asked for."""

from __future__ import annotations

import pytest

from sogoc.adapters.memory import MemoryFiles, MemoryKey, MemoryLock, MemoryLogKeys
from sogoc.errors import KeyUnavailable, StorageUnavailable

ORIGIN = "sogoc.example/log"
A, B = (1, bytes(32)), (2, bytes(range(32)))


def test_a_put_that_failed_before_left_nothing_and_one_that_failed_after_is_there() -> None:
    files = MemoryFiles()
    files.fail_next("put")
    with pytest.raises(StorageUnavailable):
        files.put("a", b"1")
    assert files.get("a") is None
    files.fail_next("put", moment="after")
    with pytest.raises(StorageUnavailable):
        files.put("a", b"1")
    assert files.get("a") == b"1"
    files.put("a", b"1")


def test_faults_add_up_and_wait_for_their_path() -> None:
    files = MemoryFiles()
    for _ in range(2):
        files.fail_next("put", path="checkpoint")
    files.put("tile/0/000", b"tile")
    for _ in range(2):
        with pytest.raises(StorageUnavailable):
            files.put("checkpoint", b"note", mutable=True)
    files.put("checkpoint", b"note", mutable=True)


def test_many_may_stop_half_way_or_be_done_without_an_answer() -> None:
    files = MemoryFiles()
    files.fail_next("put", path="b")
    with pytest.raises(StorageUnavailable):
        files.put_many([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert files.list("") == ["a"]
    files.fail_next("put_many", moment="after")
    with pytest.raises(StorageUnavailable):
        files.put_many([("a", b"1"), ("b", b"2"), ("c", b"3")])
    assert files.list("") == ["a", "b", "c"]


def test_a_swap_whose_answer_was_lost_has_happened() -> None:
    lock = MemoryLock()
    lock.create(ORIGIN, *A)
    lock.fail_next("swap")
    with pytest.raises(StorageUnavailable):
        lock.swap(ORIGIN, A, B)
    assert lock.head(ORIGIN) == A
    lock.fail_next("swap", moment="after")
    with pytest.raises(StorageUnavailable):
        lock.swap(ORIGIN, A, B)
    assert lock.head(ORIGIN) == B


@pytest.mark.parametrize("operation", ["get", "delete", "list"])
def test_every_call_of_files_can_fail(operation: str) -> None:
    files = MemoryFiles()
    files.fail_next(operation)
    with pytest.raises(StorageUnavailable):
        getattr(files, operation)("a")


def test_keys_can_be_unplugged() -> None:
    key, lock = MemoryKey(), MemoryLock()
    lock.create(ORIGIN, *A)
    log_keys = MemoryLogKeys(origin=ORIGIN, lock=lock)
    key.fail_next("sign")
    log_keys.fail_next("sign")
    with pytest.raises(KeyUnavailable):
        key.sign(b"payload")
    with pytest.raises(KeyUnavailable):
        log_keys.sign(ORIGIN, *A, 0)
    assert len(key.sign(b"payload")) == 64
    assert log_keys.sign(ORIGIN, *A, 0)


def test_a_fault_that_could_never_happen_is_refused() -> None:
    with pytest.raises(ValueError, match="swop"):
        MemoryLock().fail_next("swop")
