"""Signed notes: a text, and under it the signatures of the log and of whoever else vouches for it.

A note is worth nothing until a key that the reader already trusts has signed it: `Note.parse` says only that it is
well-formed, `Note.verify` who signed. Lines of keys that the reader does not know are carried along and mean nothing.

Spec: c2sp.org/signed-note; the signature types 0x04 and 0x06 are those of c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from sogoc.errors import MalformedError, SignatureError

MAX_SIGNATURES = 100
MAX_NOTE_BYTES = 512 * 1024
MAX_INTEGER = 2**63 - 1

_DASH = "\u2014 "
_KEY_ID_BYTES = 4
_TIMESTAMP_BYTES = 8
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_UNPRINTABLE = re.compile("[\x00-\x1f\ud800-\udfff]")
_KEY_ID_HEX = re.compile(r"[0-9a-f]{8}")


class Algorithm(IntEnum):
    """How a key signs. The value is the signature type of the specification."""

    ED25519 = 0x01
    """Signs the text itself."""
    ED25519_COSIGNATURE = 0x04
    """Signs a checkpoint and the time."""
    ML_DSA_44_COSIGNATURE = 0x06
    """Signs a checkpoint, the time and its own name, and resists quantum computers."""


_PUBLIC_KEY_BYTES = {
    Algorithm.ED25519: 32,
    Algorithm.ED25519_COSIGNATURE: 32,
    Algorithm.ML_DSA_44_COSIGNATURE: 1312,
}

CosignedMessage = Callable[["VerifierKey", int], bytes]
"""`cosigned(key, timestamp)`: the bytes that a timestamped key signs for the note at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key under a name. Only one that the reader was given beforehand says anything about a note."""

    name: str
    algorithm: Algorithm
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_BYTES[self.algorithm]:
            raise MalformedError(
                f"the public key of {self.name} has a wrong length", f"khóa công khai của {self.name} sai độ dài"
            )

    def __hash__(self) -> int:
        # It tells keys apart, and Python keeps the hash of bytes: verifiers ask for it all the time.
        return hash(self.public_key)

    @property
    def key_id(self) -> bytes:
        """The four bytes by which signature lines refer to this key: a reference, not a fingerprint."""
        return sha256(self.name.encode() + b"\n" + self._typed).digest()[:_KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as text: name, key id and key, as policies hold it."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self._typed)}"

    @property
    def _typed(self) -> bytes:
        return bytes([self.algorithm]) + self.public_key

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a `vkey`. Raises: MalformedError, also when its key id is not that of its key."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not _KEY_ID_HEX.fullmatch(parts[1]):
            raise MalformedError("a verifier key is name+id+key", "khóa kiểm tra có dạng tên+mã+khóa")
        name, key_id, encoded = parts
        typed = decode_base64(encoded)
        if typed[:1] not in {bytes([algorithm]) for algorithm in Algorithm}:
            raise MalformedError(f"the key {name} is of an unknown type", f"khóa {name} thuộc loại không rõ")
        key = cls(name=name, algorithm=Algorithm(typed[0]), public_key=typed[1:])
        if key.key_id.hex() != key_id:
            raise MalformedError(f"the key id of {name} is not that of its key", f"mã khóa của {name} không khớp")
        return key

    def verify(self, text: str, signature: bytes, cosigned: CosignedMessage | None = None) -> int | None:
        """Check a signature of this key over a note's text and return the POSIX time it states, None for none.

        `cosigned` makes the message of timestamped keys; without it they are refused.

        Raises: SignatureError.
        """
        if self.algorithm is Algorithm.ED25519:
            self._check(signature, text.encode())
            return None
        timestamp = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
        if cosigned is None or timestamp > MAX_INTEGER:
            raise self._refused()
        self._check(signature[_TIMESTAMP_BYTES:], cosigned(self, timestamp))
        # An ML-DSA-44 cosignature of time zero vouches for the tree and says nothing about when.
        return None if self.algorithm is Algorithm.ML_DSA_44_COSIGNATURE and timestamp == 0 else timestamp

    def _check(self, signature: bytes, message: bytes) -> None:
        kind = MLDSA44PublicKey if self.algorithm is Algorithm.ML_DSA_44_COSIGNATURE else Ed25519PublicKey
        try:
            kind.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError) as error:
            raise self._refused() from error

    def _refused(self) -> SignatureError:
        return SignatureError(f"{self.name} did not sign this note", f"{self.name} không ký bản này")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line, unchecked: who is said to have signed, and with what. `key_id` is four bytes."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != _KEY_ID_BYTES or not self.signature:
            raise _bad_line()

    @classmethod
    def by(cls, key: VerifierKey, signature: bytes) -> Self:
        return cls(name=key.name, key_id=key.key_id, signature=signature)

    def line(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read a line without its newline. Raises: MalformedError."""
        name, separator, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not separator:
            raise _bad_line()
        content = decode_base64(encoded)
        return cls(name=name, key_id=content[:_KEY_ID_BYTES], signature=content[_KEY_ID_BYTES:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A signature that was checked: the key, and the POSIX time that it states, if it states one."""

    key: VerifierKey
    timestamp: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text that ends in a newline, and 1 to 100 signature lines."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        check_printable(self.text.replace("\n", ""))
        if not self.text.endswith("\n"):
            raise MalformedError(
                "the text of the note does not end in a newline", "phần chữ không kết thúc bằng xuống dòng"
            )
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedError(
                f"a note carries 1 to {MAX_SIGNATURES} signatures", f"bản ký có từ 1 đến {MAX_SIGNATURES} chữ ký"
            )

    def encode(self) -> str:
        """Return the note as it is published. Raises: MalformedError when it became too large."""
        note = self.text + "\n" + "".join(signature.line() for signature in self.signatures)
        _check_length(note)
        return note

    @classmethod
    def parse(cls, presented: str) -> Self:
        """Take a note apart. Nothing is verified. Raises: MalformedError unless `encode` would write it exactly so."""
        _check_length(presented)
        text, separator, lines = presented.rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise MalformedError("the note has no signature lines", "bản ký không có dòng chữ ký")
        return cls(text=text + "\n", signatures=tuple(Signature.parse(line) for line in lines[:-1].split("\n")))

    def verify(self, keys: Sequence[VerifierKey], cosigned: CosignedMessage | None = None) -> tuple[Verified, ...]:
        """Return what the given keys signed, in the order of the lines. At least one; every line of one is good.

        Lines of other keys are ignored. Which signers are enough is for the caller to decide.

        Raises: SignatureError when a given key's line is false or there is none of any, MalformedError when a key
        signed twice or two given keys cannot be told apart.
        """
        known = {(key.name, key.key_id): key for key in keys}
        if len(known) != len(set(keys)):
            raise MalformedError("two keys have the same name and id", "hai khóa trùng tên và mã")
        verified: list[Verified] = []
        for line in self.signatures:
            key = known.get((line.name, line.key_id))
            if key is None:
                continue
            if any(earlier.key == key for earlier in verified):
                raise MalformedError(f"{key.name} signed twice with one key", f"{key.name} ký hai lần bằng một khóa")
            verified.append(Verified(key=key, timestamp=key.verify(self.text, line.signature, cosigned)))
        if not verified:
            raise SignatureError("no known key signed this note", "không có khóa đã biết nào ký bản này")
        return tuple(verified)


def check_key_name(name: str) -> None:
    """Refuse a name that a signature line cannot carry. Raises: MalformedError."""
    check_printable(name)
    if not name or "+" in name or any(character.isspace() for character in name):
        raise MalformedError(
            "a key name is empty or has a space or a plus", "tên khóa bị rỗng hoặc có dấu cách, dấu cộng"
        )


def check_printable(line: str) -> None:
    """Refuse a line with control characters or with what is not Unicode text. Raises: MalformedError."""
    if _UNPRINTABLE.search(line):
        raise MalformedError("a line holds a control character", "một dòng có ký tự điều khiển")


def encode_base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def decode_base64(presented: str) -> bytes:
    """Decode standard base64. Raises: MalformedError unless it is the one encoding of its content."""
    try:
        content = b64decode(presented, validate=True)
    except ValueError as error:
        raise _not_base64() from error
    if encode_base64(content) != presented:
        raise _not_base64()
    return content


def decode_integer(presented: str) -> int:
    """Read a size or an index. Raises: MalformedError for signs, leading zeros, other digits and above 2**63-1."""
    if not _DECIMAL.fullmatch(presented) or int(presented) > MAX_INTEGER:
        raise MalformedError("a number is not a plain decimal below 2**63", "một số không phải số thập phân dưới 2**63")
    return int(presented)


def _check_length(note: str) -> None:
    if len(note.encode(errors="surrogatepass")) > MAX_NOTE_BYTES:
        raise MalformedError(f"the note is larger than {MAX_NOTE_BYTES} bytes", f"bản ký lớn hơn {MAX_NOTE_BYTES} byte")


def _bad_line() -> MalformedError:
    return MalformedError("a signature line is not in its form", "một dòng chữ ký sai dạng")


def _not_base64() -> MalformedError:
    return MalformedError("a value is not canonical base64", "một giá trị không đúng dạng base64")
