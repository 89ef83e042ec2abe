"""Lines of JSON kept in memory, packed once they are many: the rows of a register repeat themselves, and a tenth is enough."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_BLOCK = 512
# So many bytes stay as they are: packing a list of some thousands would take longer than reading it.
_UNPACKED = 8 * 1024 * 1024


class Packed:
    """Lines without their ends, kept in the order in which they came. They are unpacked again a few hundred at a time."""

    __slots__ = ("_as_they_are", "_blocks", "_left", "_open")

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._as_they_are = 0
        self._left = _UNPACKED
        self._open: list[bytes] = []

    def append(self, line: bytes) -> None:
        self._open.append(line)
        if len(self._open) == _BLOCK:
            block = b"\n".join(self._open)
            self._left -= len(block)
            if self._left >= 0:
                self._as_they_are += 1
            else:
                block = zlib.compress(block, 1)
            self._blocks.append(block)
            self._open = []

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._open)

    def __iter__(self) -> Iterator[bytes]:
        for block in range(len(self._blocks) + 1):
            yield from self._unpacked(block)

    def __getitem__(self, place: int) -> bytes:
        if not 0 <= place < len(self):
            raise IndexError(place)
        return self._unpacked(place // _BLOCK)[place % _BLOCK]

    def _unpacked(self, block: int) -> list[bytes]:
        if block == len(self._blocks):
            return self._open
        content = self._blocks[block]
        return (content if block < self._as_they_are else zlib.decompress(content)).split(b"\n")
