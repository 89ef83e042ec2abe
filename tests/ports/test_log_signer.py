"""What every `LogSigner` keeps to: it signs what the lock holds, and for nobody anything else."""

from __future__ import annotations

import pytest

from sogoc.adapters.log_keys_file import FileLogKeys
from sogoc.adapters.memory import MemoryLock, MemoryLogKeys
from sogoc.core.checkpoint import open_note
from sogoc.core.note import VerifierKey
from sogoc.errors import KeyUnavailable, LogForked, StorageUnavailable
from sogoc.ports import LogSigner

ORIGIN = "sogoc.example/log"
ROOT, OTHER_ROOT = bytes(range(32)), bytes(32)
TIME = 1_790_000_000


class LogSignerContract:
    @pytest.fixture
    def lock(self) -> MemoryLock:
        raise NotImplementedError

    @pytest.fixture
    def signer(self) -> LogSigner:
        raise NotImplementedError

    def test_both_keys_sign_what_the_lock_holds(self, signer: LogSigner) -> None:
        keys = [VerifierKey.parse(vkey) for vkey in signer.vkeys]
        assert [key.name for key in keys] == [ORIGIN, ORIGIN]
        opened = open_note(signer.sign(ORIGIN, 7, ROOT, TIME), keys=keys)
        assert opened.signers == tuple(keys)
        assert opened.timestamps == (None, TIME)
        assert (opened.checkpoint.origin, opened.checkpoint.size, opened.checkpoint.root) == (ORIGIN, 7, ROOT)

    @pytest.mark.parametrize(
        ("size", "root"), [(7, OTHER_ROOT), (8, ROOT), (6, ROOT), (0, ROOT)], ids=["root", "ahead", "behind", "empty"]
    )
    def test_anything_else_stops_everything(self, signer: LogSigner, size: int, root: bytes) -> None:
        with pytest.raises(LogForked):
            signer.sign(ORIGIN, size, root, TIME)

    def test_another_log_is_not_signed_for(self, signer: LogSigner, lock: MemoryLock) -> None:
        lock.create("sogoc.example/other", 7, ROOT)
        with pytest.raises(KeyUnavailable):
            signer.sign("sogoc.example/other", 7, ROOT, TIME)

    def test_without_an_answer_of_the_lock_nothing_is_signed(self, signer: LogSigner, lock: MemoryLock) -> None:
        lock.fail_next("head")
        with pytest.raises(StorageUnavailable):
            signer.sign(ORIGIN, 7, ROOT, TIME)


@pytest.fixture(scope="module")
def file_lock() -> MemoryLock:
    lock = MemoryLock()
    lock.create(ORIGIN, 7, ROOT)
    return lock


@pytest.fixture(scope="module")
def file_keys(file_lock: MemoryLock, tmp_path_factory: pytest.TempPathFactory) -> FileLogKeys:
    path = tmp_path_factory.mktemp("keys") / "log.pem"
    return FileLogKeys.create(path, "passphrase", origin=ORIGIN, lock=file_lock)


class TestFileLogKeys(LogSignerContract):
    @pytest.fixture
    def lock(self, file_lock: MemoryLock) -> MemoryLock:
        return file_lock

    @pytest.fixture
    def signer(self, file_keys: FileLogKeys) -> LogSigner:
        return file_keys


class TestMemoryLogKeys(LogSignerContract):
    @pytest.fixture
    def lock(self) -> MemoryLock:
        lock = MemoryLock()
        lock.create(ORIGIN, 7, ROOT)
        return lock

    @pytest.fixture
    def signer(self, lock: MemoryLock) -> LogSigner:
        return MemoryLogKeys(origin=ORIGIN, lock=lock)


def test_a_log_that_the_lock_does_not_know_is_not_signed_for() -> None:
    with pytest.raises(LogForked):
        MemoryLogKeys(origin=ORIGIN, lock=MemoryLock()).sign(ORIGIN, 7, ROOT, TIME)
