"""Lines of JSON kept in memory, packed: the rows of a register repeat themselves, so a tenth of the memory is enough."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

_BLOCK = 512


class Packed:
    """Lines without their ends, kept in the order in which they came. They are unpacked again a few hundred at a time."""

    __slots__ = ("_blocks", "_open")

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open: list[bytes] = []

    def append(self, line: bytes) -> None:
        self._open.append(line)
        if len(self._open) == _BLOCK:
            self._blocks.append(zlib.compress(b"\n".join(self._open), 1))
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
        return zlib.decompress(self._blocks[block]).split(b"\n") if block < len(self._blocks) else self._open
