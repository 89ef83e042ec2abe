"""The two keys of the log in one encrypted file, and the rule that they sign nothing but what the lock holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from sogoc.adapters import protected_pem
from sogoc.core import checkpoint
from sogoc.core.checkpoint import Checkpoint
from sogoc.errors import KeyUnavailable, LogForked
from sogoc.ports import LockStore


class LogKeys:
    """A `LogSigner` for the log `origin`: its two keys, under the rule."""

    def __init__(self, ed25519: Ed25519PrivateKey, ml_dsa: MLDSA44PrivateKey, *, origin: str, lock: LockStore) -> None:
        """Raises: MalformedError when `origin` cannot name a key."""
        self._ed25519 = ed25519
        self._ml_dsa = ml_dsa
        self._origin = origin
        self._lock = lock
        self._vkeys = checkpoint.log_vkeys(origin, ed25519.public_key(), ml_dsa.public_key())

    @property
    def vkeys(self) -> Sequence[str]:
        return self._vkeys

    def sign(self, origin: str, size: int, root: bytes, timestamp: int) -> str:
        """Return the signed checkpoint note of exactly what the lock holds. `timestamp` is POSIX seconds.

        Raises: LogForked when the lock holds anything else, KeyUnavailable for another log, StorageUnavailable when the
        lock does not answer, MalformedError.
        """
        if origin != self._origin:
            raise KeyUnavailable(
                f"the keys are those of {self._origin}, not of {origin}",
                f"đây là khóa của {self._origin}, không phải của {origin}",
            )
        decided = self._lock.head(origin)
        if decided != (size, root):
            held = "nothing" if decided is None else f"size {decided[0]} with root {decided[1].hex()}"
            raise LogForked(f"{origin}: asked to sign size {size} with root {root.hex()}, but the lock holds {held}")
        return checkpoint.sign(
            Checkpoint(origin=origin, size=size, root=root),
            ed25519=self._ed25519,
            ml_dsa=self._ml_dsa,
            timestamp=timestamp,
        )


class FileLogKeys(LogKeys):
    """The keys of a log from a file (encrypted PKCS #8: Ed25519, then ML-DSA-44), which is read once, here."""

    def __init__(self, path: Path, passphrase: str, *, origin: str, lock: LockStore) -> None:
        """Raises: KeyUnavailable, also when the file holds other keys; MalformedError when `origin` names no key."""
        match protected_pem.read(path, passphrase):
            case [Ed25519PrivateKey() as ed25519, MLDSA44PrivateKey() as ml_dsa]:
                super().__init__(ed25519, ml_dsa, origin=origin, lock=lock)
            case _:
                raise KeyUnavailable(
                    f"{path} does not hold the two keys of a log", f"{path} không chứa hai khóa của nhật ký"
                )

    @classmethod
    def create(cls, path: Path, passphrase: str, *, origin: str, lock: LockStore) -> Self:
        """Make the keys and their file. Raises: WrongState when there is one, InputError, StorageUnavailable."""
        protected_pem.write(path, [Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()], passphrase)
        return cls(path, passphrase, origin=origin, lock=lock)
