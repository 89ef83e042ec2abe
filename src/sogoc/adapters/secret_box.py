"""The original spreadsheets that institutions handed in, kept encrypted for as long as the register's law asks.

A kept file is bound to the SHA-256 of its content, which the register holds: one kept file cannot stand in for another.
Losing the key is the way to erase all of them at once.

Spec: NIST SP 800-38D; `kept = version (1 byte, 0x01) || nonce (12 bytes) || AES-256-GCM(content) || tag (16 bytes)`,
with version || SHA-256(content) as associated data
"""

from __future__ import annotations

import secrets
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sogoc.adapters.durable import write_new
from sogoc.errors import InputError, KeyUnavailable, StorageUnavailable, VerificationError, WrongState

MAX_BYTES = 50 * 1024 * 1024

_VERSION = b"\x01"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class SecretBox:
    """Encrypts and opens kept files with the key in a file that only its owner may read (0600)."""

    def __init__(self, path: Path) -> None:
        """Raises: KeyUnavailable."""
        try:
            key, others = path.read_bytes(), path.stat().st_mode & 0o077
        except OSError as error:
            raise KeyUnavailable(
                f"the key {path} cannot be read: {error.strerror}", f"không đọc được khóa {path}: {error.strerror}"
            ) from error
        if others:
            raise KeyUnavailable(
                f"the key {path} can be read by others than its owner",
                f"người khác ngoài chủ sở hữu cũng đọc được khóa {path}",
                mend=f"chmod 600 {path}",
            )
        if len(key) != _KEY_BYTES:
            raise KeyUnavailable(
                f"{path} is not a key of {_KEY_BYTES} bytes", f"{path} không phải khóa {_KEY_BYTES} byte"
            )
        self._cipher = AESGCM(key)

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a key and its file. Raises: WrongState when there is one, StorageUnavailable."""
        try:
            write_new(path, secrets.token_bytes(_KEY_BYTES))
        except FileExistsError as error:
            raise WrongState(f"there is already a key at {path}", f"đã có khóa tại {path}") from error
        except OSError as error:
            raise StorageUnavailable(f"the key {path} cannot be written: {error.strerror}") from error
        return cls(path)

    def encrypt(self, content: bytes) -> bytes:
        """Return what may be kept of `content`, packed: a list of graduates repeats itself. Raises: InputError above 50 MiB."""
        if len(content) > MAX_BYTES:
            raise InputError(f"a kept file is at most {MAX_BYTES} bytes", f"tệp lưu giữ không quá {MAX_BYTES} byte")
        nonce = secrets.token_bytes(_NONCE_BYTES)
        packed = zlib.compress(content, 1)
        return _VERSION + nonce + self._cipher.encrypt(nonce, packed, _VERSION + sha256(content).digest())

    def decrypt(self, kept: bytes, digest: bytes) -> bytes:
        """Return the content whose SHA-256 is `digest`.

        Raises: VerificationError when `kept` was changed, is of another file, or was encrypted under another key.
        """
        version, nonce, sealed = kept[:1], kept[1 : 1 + _NONCE_BYTES], kept[1 + _NONCE_BYTES :]
        try:
            return zlib.decompress(self._cipher.decrypt(nonce, sealed, version + digest))
        except (InvalidTag, ValueError, zlib.error) as error:
            raise VerificationError(
                "the kept file is not the one of this digest under this key",
                "tệp lưu giữ không khớp với mã băm này và khóa này",
            ) from error
