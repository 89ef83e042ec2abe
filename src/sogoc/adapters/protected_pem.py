"""Private keys in files: PKCS #8 in PEM, encrypted under a passphrase that is expensive to guess.

The form is the ordinary one (`openssl pkey` reads it), but `cryptography` would write it with 2,048 rounds of PBKDF2,
of which a stolen file lets one machine try many thousands a second. Here it is scrypt, as dear as `openssl` reads.

Spec: RFC 5958, RFC 8018, RFC 7914, RFC 7468
"""

from __future__ import annotations

import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from sogoc.adapters.durable import write_new
from sogoc.errors import InputError, KeyUnavailable, StorageUnavailable, WrongState

_COST, _BLOCK_SIZE, _LANES = 2**14, 8, 5
_BEGIN = b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
_END = b"-----END ENCRYPTED PRIVATE KEY-----\n"
_PBES2 = bytes.fromhex("06092a864886f70d01050d")
_SCRYPT = bytes.fromhex("06092b06010401da47040b")
_AES256_CBC = bytes.fromhex("060960864801650304012a")


def write(path: Path, private_keys: Sequence[PrivateKeyTypes], passphrase: str) -> None:
    """Write keys into a new file that only its owner may read (0600), whole and durable.

    Raises: WrongState when there is a file already, InputError for an empty passphrase, StorageUnavailable.
    """
    if not passphrase:
        raise InputError("a key needs a passphrase", "khóa cần có mật khẩu")
    try:
        write_new(path, b"".join(_encrypt(key, _bytes(passphrase)) for key in private_keys))
    except FileExistsError as error:
        raise WrongState(f"there is already a key at {path}", f"đã có khóa tại {path}") from error
    except OSError as error:
        raise StorageUnavailable(f"the key {path} cannot be written: {error.strerror}") from error


def read(path: Path, passphrase: str) -> list[PrivateKeyTypes]:
    """Return the keys of a file in their order. Raises: KeyUnavailable."""
    return [_decrypt(path, block + _END, passphrase) for block in _content(path).split(_END)[:-1]]


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_mode & 0o077:
            raise KeyUnavailable(
                f"the key {path} can be read by others than its owner",
                f"người khác ngoài chủ sở hữu cũng đọc được khóa {path}",
                mend=f"chmod 600 {path}",
            )
        return path.read_bytes()
    except OSError as error:
        raise KeyUnavailable(
            f"the key {path} cannot be read: {error.strerror}", f"không đọc được khóa {path}: {error.strerror}"
        ) from error


def _decrypt(path: Path, block: bytes, passphrase: str) -> PrivateKeyTypes:
    try:
        return load_pem_private_key(block, _bytes(passphrase))
    except (ValueError, TypeError) as error:
        raise KeyUnavailable(
            f"the passphrase does not open the key {path}, or the file is damaged",
            f"mật khẩu không mở được khóa {path}, hoặc tệp bị hỏng",
            mend="Give the passphrase that the key was made with, or bring back the file from its backup.",
            mend_vi="Nhập đúng mật khẩu lúc tạo khóa, hoặc khôi phục tệp từ bản sao lưu.",
        ) from error


def _bytes(passphrase: str) -> bytes:
    """The passphrase as every keyboard means it: RFC 8265 asks for NFC, and some systems type `ế` as three characters."""
    return unicodedata.normalize("NFC", passphrase).encode()


def _encrypt(key: PrivateKeyTypes, passphrase: bytes) -> bytes:
    """Return one PEM block of EncryptedPrivateKeyInfo. Spec: RFC 5958 section 3, RFC 8018 A.4, RFC 7914 section 7."""
    salt, start = secrets.token_bytes(16), secrets.token_bytes(16)
    derived = Scrypt(salt=salt, length=32, n=_COST, r=_BLOCK_SIZE, p=_LANES).derive(passphrase)
    padder = PKCS7(128).padder()
    plain = padder.update(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())) + padder.finalize()
    encryptor = Cipher(algorithms.AES(derived), modes.CBC(start)).encryptor()
    encrypted = encryptor.update(plain) + encryptor.finalize()

    derivation = _sequence(_octets(salt), _integer(_COST), _integer(_BLOCK_SIZE), _integer(_LANES))
    scheme = _sequence(_sequence(_SCRYPT, derivation), _sequence(_AES256_CBC, _octets(start)))
    info = _sequence(_sequence(_PBES2, scheme), _octets(encrypted))
    encoded = b64encode(info)
    lines = b"".join(encoded[at : at + 64] + b"\n" for at in range(0, len(encoded), 64))
    return _BEGIN + lines + _END


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _octets(content: bytes) -> bytes:
    return _der(0x04, content)


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))
