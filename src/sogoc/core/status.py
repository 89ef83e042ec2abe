"""Status lists: two bits per qualification, as one table with two encodings.

Spec: docs/spec/entry.md ("Status"); Token Status List (draft-ietf-oauth-status-list) section 4; Bitstring Status List v1.0
section 3
"""

from __future__ import annotations

import gzip
import zlib
from enum import IntEnum
from hashlib import sha256, shake_256

from sogoc.core.canonical import b64
from sogoc.errors import MalformedError

PLACES = 131_072
BITS = 2
LENGTH = PLACES * BITS // 8


class Status(IntEnum):
    """What the register says now of a qualification that it once issued."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    SUPERSEDED = 3


_STATUSES = tuple(Status)  # at its own value each: looking up is cheaper than making


class StatusList:
    """One list of 131,072 places. Its `content` is the uncompressed array whose hash the state commits to."""

    __slots__ = ("content", "number")

    def __init__(self, number: int, content: bytes | bytearray | None = None) -> None:
        if content is not None and len(content) != LENGTH:
            raise MalformedError(f"a status list is not {LENGTH} bytes")
        self.number = number
        self.content = bytearray(content) if content is not None else bytearray(LENGTH)

    def __getitem__(self, index: int) -> Status:
        byte, shift = _where(index)
        return _STATUSES[self.content[byte] >> shift & 3]

    def __setitem__(self, index: int, status: Status) -> None:
        byte, shift = _where(index)
        self.content[byte] = self.content[byte] & ~(3 << shift) | status << shift

    def leaf(self) -> bytes:
        """Return the leaf of the status tree at position `number`. Spec: docs/spec/entry.md, "State"."""
        return self.number.to_bytes(4, "big") + bytes([BITS]) + sha256(self.content).digest()

    def token(self) -> dict[str, int | str]:
        """Return the `status_list` claim of a Token Status List: least significant bits first, zlib."""
        return {"bits": BITS, "lst": b64(zlib.compress(bytes(self.content), 9))}

    def bitstring(self) -> str:
        """Return the `encodedList` of a Bitstring Status List with `statusSize` 2: most significant bits first, gzip."""
        return "u" + b64(gzip.compress(bytes(map(_MIRRORED.__getitem__, self.content)), 9, mtime=0))

    def compressed(self) -> bytes:
        """Return the list as evidence carries it. Not at level 9, which takes ten times as long for a fifth less."""
        return zlib.compress(bytes(self.content))


def inflate(number: int, compressed: bytes) -> StatusList:
    """Read a list from evidence; never more than its length is unpacked.

    Raises: MalformedError.
    """
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(compressed, LENGTH + 1)
    except zlib.error as error:
        raise MalformedError("a status list does not unpack") from error
    if len(content) != LENGTH or not unpacker.eof or unpacker.unused_data:
        raise MalformedError(f"a status list is not {LENGTH} bytes")
    return StatusList(number, content)


def _where(index: int) -> tuple[int, int]:
    if not 0 <= index < PLACES:
        raise MalformedError("a status index is outside its list")
    return index // 4, index % 4 * 2


# The same four places of a byte, in the order in which the other standard counts bits: place 0 leftmost.
_MIRRORED = [(byte & 3) << 6 | (byte >> 2 & 3) << 4 | (byte >> 4 & 3) << 2 | byte >> 6 for byte in range(256)]


def places(key: bytes, number: int) -> list[int]:
    """Return the order in which the places of list `number` are given out: a permutation that nobody without `key` foresees.

    `key` is 32 secret random bytes of the archive.
    """
    drawn = shake_256(b"sogoc/places/v1\x00" + key + number.to_bytes(4, "big")).digest(8 * PLACES)
    return sorted(range(PLACES), key=lambda place: drawn[8 * place : 8 * place + 8])
