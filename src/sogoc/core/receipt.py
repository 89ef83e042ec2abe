"""Receipts: the proof, in one small text, that an entry stands at its place in the log.

A receipt is checked offline with nothing but the entry and the keys of the log.

Spec: c2sp.org/tlog-proof. Extra data is refused: nothing vouches for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from sogoc.core.checkpoint import Checkpoint, open_note
from sogoc.core.merkle import HASH_BYTES, Hash, leaf_hash, verify_inclusion
from sogoc.core.note import MAX_INTEGER, Note, VerifierKey, decode_base64, decode_integer, encode_base64
from sogoc.errors import MalformedError

MAX_PROOF = 63

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Where an entry stands: `index` (zero-based), its sibling hashes from the leaf up, and a checkpoint note."""

    index: int
    proof: tuple[Hash, ...]
    note: str

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_INTEGER:
            raise MalformedError("an index is 0 to 2**63-2", "vị trí nằm trong khoảng 0 đến 2**63-2")
        if len(self.proof) > MAX_PROOF or any(len(sibling) != HASH_BYTES for sibling in self.proof):
            raise MalformedError("a proof is at most 63 hashes of 32 bytes", "chứng minh có tối đa 63 mã băm 32 byte")
        Checkpoint.parse(Note.parse(self.note).text)

    def encode(self) -> str:
        """Return the receipt as text, for a file that ends in `.tlog-proof`."""
        lines = (_HEADER, f"index {self.index}", *(encode_base64(sibling) for sibling in self.proof))
        return "\n".join(lines) + "\n\n" + self.note

    @classmethod
    def parse(cls, presented: str) -> Self:
        """Take a receipt apart. Nothing is verified. Raises: MalformedError unless `encode` would write it exactly so."""
        head, separator, note = presented.partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not separator or not lines or not lines[0].startswith("index "):
            raise MalformedError(
                f"a receipt begins with {_HEADER} and an index", f"biên nhận bắt đầu bằng {_HEADER} và vị trí"
            )
        return cls(
            index=decode_integer(lines[0].removeprefix("index ")),
            proof=tuple(decode_base64(line) for line in lines[1:]),
            note=note,
        )

    def verify(self, entry: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
        """Return the checkpoint under which `entry` stands at `index`, signed by at least one of `keys`.

        Whether its origin is the expected one and its signers suffice is the caller's to decide: see `open_note`.

        Raises: SignatureError, ProofError, MalformedError.
        """
        checkpoint = open_note(self.note, keys=keys).checkpoint
        verify_inclusion(
            leaf=leaf_hash(entry), index=self.index, size=checkpoint.size, proof=self.proof, root=checkpoint.root
        )
        return checkpoint
