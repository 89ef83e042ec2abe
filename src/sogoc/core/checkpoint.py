"""Checkpoints: what a log says it is, namely its size and root, signed.

Two checkpoints of one log either agree or convict it. A checkpoint is signed twice by the log, with Ed25519 for every
tool there is and with ML-DSA-44 for the time after Ed25519, and may carry cosignatures of witnesses.

Spec: c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from sogoc.core.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE, Hash
from sogoc.core.note import (
    MAX_INTEGER,
    Algorithm,
    Note,
    Signature,
    VerifierKey,
    check_printable,
    decode_base64,
    decode_integer,
    encode_base64,
)
from sogoc.errors import MalformedError

MAX_NAME_BYTES = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The state of a log: `origin` names it for ever, `size` counts its entries, `root` is 32 bytes."""

    origin: str
    size: int
    root: Hash

    def __post_init__(self) -> None:
        check_printable(self.origin)
        if not 1 <= len(self.origin.encode()) <= MAX_NAME_BYTES:
            raise MalformedError("an origin is 1 to 255 bytes", "tên gốc của nhật ký dài từ 1 đến 255 byte")
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError("a size is 0 to 2**63-1", "kích thước nằm trong khoảng 0 đến 2**63-1")
        if len(self.root) != HASH_BYTES:
            raise MalformedError("a root is not 32 bytes", "gốc không đủ 32 byte")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedError("an empty log has another root", "nhật ký rỗng có gốc khác")

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note.

        Raises: MalformedError unless `text()` would write it exactly so. Extension lines are refused: the ML-DSA-44
        signature would not cover them.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise MalformedError("a checkpoint is exactly three lines", "điểm chốt gồm đúng ba dòng")
        return cls(origin=lines[0], size=decode_integer(lines[1]), root=decode_base64(lines[2]))

    def cosigned(self, key: VerifierKey, timestamp: int) -> bytes:
        """Return the bytes that a timestamped key signs. `timestamp` is POSIX seconds.

        Raises: MalformedError for a name of more than 255 bytes or a time outside 0..2**63-1.
        Spec: c2sp.org/tlog-cosignature.
        """
        if not 0 <= timestamp <= MAX_INTEGER:
            raise MalformedError("a time is 0 to 2**63-1", "thời điểm nằm trong khoảng 0 đến 2**63-1")
        if key.algorithm is not Algorithm.ML_DSA_44_COSIGNATURE:
            return f"cosignature/v1\ntime {timestamp}\n{self.text()}".encode()
        name = key.name.encode()
        if len(name) > MAX_NAME_BYTES:
            raise MalformedError("a cosigner's name is over 255 bytes", "tên bên ký dài quá 255 byte")
        origin = self.origin.encode()
        return b"".join(
            (
                b"subtree/v1\n\x00",
                len(name).to_bytes(1, "big") + name,
                timestamp.to_bytes(8, "big"),
                len(origin).to_bytes(1, "big") + origin,
                (0).to_bytes(8, "big"),
                self.size.to_bytes(8, "big"),
                self.root,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A checkpoint that known keys signed. `timestamps` stand beside `signers`: POSIX seconds, None for none stated."""

    checkpoint: Checkpoint
    signers: tuple[VerifierKey, ...]
    timestamps: tuple[int | None, ...]


def sign(checkpoint: Checkpoint, *, ed25519: Ed25519PrivateKey, ml_dsa: MLDSA44PrivateKey, timestamp: int) -> str:
    """Return the note in which the log states a checkpoint, signed with both its keys under its origin.

    `timestamp` is POSIX seconds. The caller must have made sure that no other root of this size can be signed.

    Raises: MalformedError when the origin cannot name a key.
    """
    plain, cosigner = _log_keys(checkpoint.origin, ed25519.public_key(), ml_dsa.public_key())
    message = checkpoint.cosigned(cosigner, timestamp)
    return Note(
        text=checkpoint.text(),
        signatures=(
            Signature.by(plain, ed25519.sign(checkpoint.text().encode())),
            Signature.by(cosigner, timestamp.to_bytes(8, "big") + ml_dsa.sign(message)),
        ),
    ).encode()


def open_note(note: str, *, keys: Sequence[VerifierKey]) -> Opened:
    """Return the checkpoint of a note that at least one of `keys` signed, and which of them did.

    A key signs for its own name only: whether the origin is the expected one and the signers suffice is the caller's
    to decide.

    Raises: MalformedError, SignatureError.
    """
    parsed = Note.parse(note)
    checkpoint = Checkpoint.parse(parsed.text)
    verified = parsed.verify(keys, checkpoint.cosigned)
    return Opened(
        checkpoint=checkpoint,
        signers=tuple(signature.key for signature in verified),
        timestamps=tuple(signature.timestamp for signature in verified),
    )


def log_vkeys(origin: str, ed25519_public: Ed25519PublicKey, ml_dsa_public: MLDSA44PublicKey) -> tuple[str, str]:
    """Return the verifier keys of a log, Ed25519 first, as policies hold them. Raises: MalformedError."""
    plain, cosigner = _log_keys(origin, ed25519_public, ml_dsa_public)
    return plain.vkey, cosigner.vkey


def _log_keys(
    origin: str, ed25519_public: Ed25519PublicKey, ml_dsa_public: MLDSA44PublicKey
) -> tuple[VerifierKey, VerifierKey]:
    return (
        VerifierKey(name=origin, algorithm=Algorithm.ED25519, public_key=ed25519_public.public_bytes_raw()),
        VerifierKey(
            name=origin, algorithm=Algorithm.ML_DSA_44_COSIGNATURE, public_key=ml_dsa_public.public_bytes_raw()
        ),
    )
