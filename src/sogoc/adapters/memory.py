"""The ports in memory, with faults on demand: what a service does when the outside fails at the worst moment.

The worst is not "it failed" but "it was done, and the answer was lost". `fail_next(operation, moment="after")` does
exactly that: the next call of that name takes effect and then raises what the port raises when it is not available.
Calls add up, so two of them make the operation fail twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import ClassVar, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from sogoc.adapters.files_posix import check_path
from sogoc.adapters.keys_file import sign_es256
from sogoc.adapters.lock_sqlite import check_growth
from sogoc.adapters.log_keys_file import LogKeys
from sogoc.core import jws
from sogoc.core.checkpoint import Checkpoint
from sogoc.errors import KeyUnavailable, LogForked, StorageUnavailable, UnavailableError
from sogoc.ports import JournaledErasure, LockStore

Moment = Literal["before", "after"]


class _Faults:
    """Fails as told, and otherwise not."""

    OPERATIONS: ClassVar[tuple[str, ...]]
    UNAVAILABLE: ClassVar[type[UnavailableError]]

    def __init__(self) -> None:
        self._planned: deque[tuple[str, str, Moment]] = deque()

    def fail_next(self, operation: str, *, moment: Moment = "before", path: str = "") -> None:
        """Let the next call of `operation` fail, or the next one on exactly `path` where one is given."""
        if operation not in self.OPERATIONS or moment not in {"before", "after"}:
            raise ValueError(f"{operation!r}, {moment!r}: it is one of {self.OPERATIONS}, before or after")
        self._planned.append((operation, path, moment))

    @contextmanager
    def _at(self, operation: str, path: str = "") -> Iterator[None]:
        planned = next((one for one in self._planned if one[0] == operation and one[1] in {"", path}), None)
        if planned is None:
            yield
            return
        self._planned.remove(planned)
        if planned[2] == "after":
            yield
        raise self.UNAVAILABLE(f"{operation} {path}: was told to fail, {planned[2]} it took effect")


class MemoryFiles(_Faults):
    """A `FileStore`. `put_many` puts one file after the other, so a fault of `put` may stop it half-way."""

    OPERATIONS = ("put", "put_many", "get", "delete", "list")
    UNAVAILABLE = StorageUnavailable

    def __init__(self) -> None:
        super().__init__()
        self._files: dict[str, bytes] = {}

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
        check_path(path)
        with self._at("put", path):
            if not mutable and self._files.setdefault(path, content) != content:
                raise LogForked(f"{path} holds other bytes, and a file of this name never changes")
            self._files[path] = content

    def put_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        with self._at("put_many"):
            for path, content in files:
                self.put(path, content)

    def get(self, path: str) -> bytes | None:
        check_path(path)
        with self._at("get", path):
            return self._files.get(path)

    def delete(self, path: str) -> None:
        check_path(path)
        with self._at("delete", path):
            self._files.pop(path, None)

    def list(self, folder: str) -> list[str]:
        if folder:
            check_path(folder)
        with self._at("list", folder):
            return sorted(path for path in self._files if not folder or path.startswith(f"{folder}/"))


class MemoryLock(_Faults):
    """A `LockStore`, for the threads of one process."""

    OPERATIONS = ("head", "create", "swap")
    UNAVAILABLE = StorageUnavailable

    def __init__(self) -> None:
        super().__init__()
        self._heads: dict[str, tuple[int, bytes]] = {}
        self._one_at_a_time = Lock()

    def head(self, origin: str) -> tuple[int, bytes] | None:
        with self._at("head"), self._one_at_a_time:
            return self._heads.get(origin)

    def create(self, origin: str, size: int, root: bytes) -> bool:
        Checkpoint(origin=origin, size=size, root=root)
        with self._at("create"), self._one_at_a_time:
            if origin in self._heads:
                return False
            self._heads[origin] = (size, root)
            return True

    def swap(self, origin: str, old: tuple[int, bytes], new: tuple[int, bytes]) -> bool:
        check_growth(origin, old, new)
        with self._at("swap"), self._one_at_a_time:
            if self._heads.get(origin) != old:
                return False
            self._heads[origin] = new
            return True


class MemoryErasures(_Faults):
    """An `ErasureJournal`."""

    OPERATIONS = ("append", "read")
    UNAVAILABLE = StorageUnavailable

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[JournaledErasure] = []

    def append(self, erased: Sequence[JournaledErasure]) -> None:
        with self._at("append"):
            self._lines += erased

    def read(self) -> Iterator[JournaledErasure]:
        with self._at("read"):
            yield from list(self._lines)


class MemoryKey(_Faults):
    """An `IssuerSigner` with a key of its own, or the one it is given."""

    OPERATIONS = ("sign",)
    UNAVAILABLE = KeyUnavailable

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        super().__init__()
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        self._jwk = jws.jwk_of(self._key.public_key())

    @property
    def jwk(self) -> dict[str, str]:
        return dict(self._jwk)

    def sign(self, payload: bytes) -> bytes:
        with self._at("sign"):
            return sign_es256(self._key, payload)


class MemoryLogKeys(_Faults, LogKeys):
    """A `LogSigner` with new keys, under the same rule as those in a file."""

    OPERATIONS = ("sign",)
    UNAVAILABLE = KeyUnavailable

    def __init__(self, *, origin: str, lock: LockStore) -> None:
        _Faults.__init__(self)
        LogKeys.__init__(self, Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate(), origin=origin, lock=lock)

    def sign(self, origin: str, size: int, root: bytes, timestamp: int) -> str:
        with self._at("sign"):
            return super().sign(origin, size, root, timestamp)
