"""The tree over the log: roots, and proofs that an entry is in it and that it only ever grew.

Everything here works on hashes of 32 bytes, never on entries. Sizes count leaves, indexes are zero-based. The same tree
serves the log, the list inside a batch entry and the two trees of a state entry.

Spec: RFC 6962 section 2.1; the checks follow RFC 9162 sections 2.1.3.2 and 2.1.4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Self

from sogoc.errors import MalformedError, ProofError

Hash = bytes
ReadHash = Callable[[int, int], Hash]
"""`read(level, index)`: the hash of the `index`-th run of 2**level leaves, asked only for runs that are complete."""

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
RUN = 64
EMPTY_ROOT: Hash = sha256(b"").digest()


def leaf_hash(entry: bytes) -> Hash:
    """Return what stands for an entry in the tree."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: Hash, right: Hash) -> Hash:
    """Return what stands for two neighbouring subtrees. No entry can hash to it: the first byte differs."""
    return sha256(b"\x01" + left + right).digest()


def root_hash(leaves: Sequence[Hash]) -> Hash:
    """Return the root over leaf hashes, the empty root for none."""
    return Tree(leaves).root


class Tree:
    """A whole tree in memory, for lists that are built once and then asked for many proofs.

    Takes 64 bytes for each leaf: every level is one packed string of hashes.
    """

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[Hash]) -> None:
        """Raises: MalformedError for a leaf hash that is not 32 bytes."""
        self._levels = _levels(_pack(leaves))

    @classmethod
    def packed(cls, leaves: bytes) -> Self:
        """Build the tree over leaf hashes that stand one after the other, as in a tile."""
        return cls(_unpack(leaves))

    @property
    def size(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    @property
    def root(self) -> Hash:
        return self._levels[-1] or EMPTY_ROOT

    def node(self, level: int, index: int) -> Hash:
        """Return the hash of the `index`-th run of 2**level leaves; a `ReadHash` over this tree."""
        if level < 0 or not 0 <= index < self.size >> level:
            raise _outside(index, self.size >> max(level, 0))
        return self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES]

    def proof(self, index: int) -> list[Hash]:
        """Return the sibling hashes of leaf `index`, leaf side first.

        Raises: ProofError when there is no such leaf. Spec: RFC 6962 section 2.1.1.
        """
        if not 0 <= index < self.size:
            raise _outside(index, self.size)
        path = []
        for level in self._levels[:-1]:
            at = (index ^ 1) * HASH_BYTES
            # The last node of an odd level has no sibling and moves up as it is.
            if at < len(level):
                path.append(level[at : at + HASH_BYTES])
            index >>= 1
        return path


def run_roots(leaf_hashes: Iterable[Hash]) -> Iterator[tuple[Hash, int]]:
    """Yield the root over each `RUN` leaf hashes in turn, and how many they are: the last run may be shorter.

    The tree over these roots has the root of the whole tree, and its path of a run continues the path of a leaf within the run. So
    whoever keeps them proves a leaf without reading the others.
    """
    remaining = iter(leaf_hashes)
    while run := list(islice(remaining, RUN)):
        yield root_hash(run), len(run)


def tree_proof(leaves: Sequence[Hash], index: int) -> list[Hash]:
    """Return the inclusion path of one leaf of a small list. For many proofs of one list keep a `Tree`."""
    return Tree(leaves).proof(index)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The right edge of a growing tree: all that is needed to add leaves and to know the root.

    `peaks` are the roots of the complete subtrees of which the tree is made, largest first: one for each bit that is
    set in `size`, so never more than 63.
    """

    size: int
    peaks: tuple[Hash, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError(f"a tree cannot have the size {self.size}", f"cây không thể có kích thước {self.size}")
        if len(self.peaks) != self.size.bit_count() or any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise MalformedError(
                f"the right edge of a tree of {self.size} is {self.size.bit_count()} hashes of 32 bytes",
                f"mép phải của cây {self.size} lá gồm {self.size.bit_count()} mã băm 32 byte",
            )

    @classmethod
    def empty(cls) -> Self:
        return cls(size=0, peaks=())

    def extend(self, leaf_hashes: Iterable[Hash]) -> Frontier:
        """Return the edge after these leaf hashes, in this order. Takes them one by one, so they may be a stream.

        Raises: MalformedError for a leaf hash that is not 32 bytes.
        """
        peaks, size = list(self.peaks), self.size
        for leaf in leaf_hashes:
            if len(leaf) != HASH_BYTES:
                raise _not_a_hash(size)
            merged, carry = leaf, size
            while carry & 1:
                merged = sha256(b"\x01" + peaks.pop() + merged).digest()
                carry >>= 1
            peaks.append(merged)
            size += 1
        return Frontier(size=size, peaks=tuple(peaks))

    def root(self) -> Hash:
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Return the size as eight bytes, big end first, and the peaks."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, presented: bytes) -> Self:
        """Read back `to_bytes`. Raises: MalformedError for anything else."""
        if len(presented) < 8 or len(presented) % HASH_BYTES != 8:
            raise MalformedError("the stored right edge is cut off", "mép phải đã lưu bị cắt cụt")
        return cls(size=int.from_bytes(presented[:8], "big"), peaks=tuple(_unpack(presented[8:])))


def inclusion_proof(index: int, size: int, read: ReadHash) -> list[Hash]:
    """Return the sibling hashes that place entry `index` in the tree of `size` entries, leaf side first.

    Raises: ProofError if `index` is outside the tree. Spec: RFC 6962 section 2.1.1.
    """
    if not 0 <= index < size:
        raise _outside(index, size)
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_run(middle, end, read))
            end = middle
        else:
            path.append(_run(start, middle, read))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, read: ReadHash) -> list[Hash]:
    """Return the hashes that show the tree of `old` entries to be the beginning of the tree of `new` entries.

    Empty for equal sizes and for an empty old tree.

    Raises: ProofError when `old` is not between 0 and `new`. Spec: RFC 6962 section 2.1.2.
    """
    if not 0 <= old <= new:
        raise ProofError(f"a tree of {new} does not begin with {old} leaves", f"cây {new} lá không thể có {old} lá đầu")
    if old in {0, new}:
        return []
    path = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_run(middle, end, read))
            end = middle
        else:
            path.append(_run(start, middle, read))
            start = middle
    # A run that begins at 0 is the old tree itself, whose root the verifier has.
    if start:
        path.append(_run(start, end, read))
    return path[::-1]


def verify_inclusion(*, leaf: Hash, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Hold a leaf hash against the root of a tree of `size` leaves.

    Raises: ProofError when it is not leaf `index`, and for any argument that no true proof has.
    Spec: RFC 9162 section 2.1.3.2.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise _outside(index, size)
    _check_lengths(leaf, root, *proof)
    climbed = _climb(leaf, index, size - 1, tuple(proof[:_OWN]))
    if len(proof) > _OWN:
        climbed = _climb_on(*climbed, tuple(proof[_OWN:]))
    computed, _, last = climbed
    if last or computed != root:
        raise ProofError("the entry is not under this root", "mục này không nằm dưới gốc đã nêu")


def _climb(computed: Hash, node: int, last: int, proof: tuple[Hash, ...]) -> tuple[Hash, int, int]:
    """Go up from a node, of which `last` is the last on its level, past these siblings; return where that leads. Raises: ProofError."""
    for sibling in proof:
        if last == 0:
            raise _too_long()
        # As `node_hash`, without a call for every level.
        if node & 1 or node == last:
            computed = sha256(b"\x01" + sibling + computed).digest()
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            computed = sha256(b"\x01" + computed + sibling).digest()
        node >>= 1
        last >>= 1
    return computed, node, last


_OWN = RUN.bit_length() - 1
"""So many levels a leaf climbs by itself. From there on `RUN` neighbours go the same way, which is remembered."""
_climb_on = lru_cache(maxsize=1024)(_climb)


def verify_consistency(*, old_size: int, old_root: Hash, new_size: int, new_root: Hash, proof: Sequence[Hash]) -> None:
    """Show that nothing of the old tree was changed or removed in the new one.

    Raises: ProofError when it was, and for any argument that no true proof has.
    Spec: RFC 9162 section 2.1.4.2; from an empty tree the proof is empty.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ProofError("the log became smaller", "nhật ký nhỏ đi")
    _check_lengths(old_root, new_root, *proof)
    if any(size == 0 and root != EMPTY_ROOT for size, root in ((old_size, old_root), (new_size, new_root))):
        raise ProofError("an empty log has another root", "nhật ký rỗng có gốc khác")
    if old_size == new_size and old_root != new_root:
        raise ProofError("two roots for one size", "hai gốc cho cùng một kích thước")
    if old_size in {0, new_size}:
        if proof:
            raise _too_long()
        return
    path = list(proof)
    if old_size.bit_count() == 1:
        path.insert(0, old_root)
    if not path:
        raise ProofError("the consistency proof is empty", "chứng minh nhất quán bị rỗng")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _too_long()
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node and not node & 1:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    if last or old != old_root or new != new_root:
        raise ProofError(
            "the old log is not the beginning of the new one", "nhật ký cũ không phải phần đầu của bản mới"
        )


def _split(size: int) -> int:
    """Return the largest power of two below `size`: where RFC 6962 divides a list."""
    return 1 << ((size - 1).bit_length() - 1)


def _run(start: int, end: int, read: ReadHash) -> Hash:
    """Return the hash over leaves `start` to `end`, where `start` begins a subtree at least as large."""
    peaks = []
    while start < end:
        level = (end - start).bit_length() - 1
        peaks.append(read(level, start >> level))
        start += 1 << level
    return _fold(peaks)


def _fold(peaks: Sequence[Hash]) -> Hash:
    computed = peaks[-1]
    for left in peaks[-2::-1]:
        computed = node_hash(left, computed)
    return computed


def _levels(level: bytes) -> list[bytes]:
    levels = [level]
    while len(level) > HASH_BYTES:
        paired = len(level) // (2 * HASH_BYTES) * (2 * HASH_BYTES)
        parents = [
            sha256(b"\x01" + level[at : at + 2 * HASH_BYTES]).digest() for at in range(0, paired, 2 * HASH_BYTES)
        ]
        level = b"".join(parents) + level[paired:]
        levels.append(level)
    return levels


def _pack(hashes: Sequence[Hash]) -> bytes:
    for index, presented in enumerate(hashes):
        if len(presented) != HASH_BYTES:
            raise _not_a_hash(index)
    return b"".join(hashes)


def _unpack(packed: bytes) -> list[Hash]:
    return [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)]


def _check_lengths(*hashes: Hash) -> None:
    if set(map(len, hashes)) != {HASH_BYTES}:
        raise ProofError("a hash of the proof is not 32 bytes", "một mã băm trong chứng minh không đủ 32 byte")


def _not_a_hash(index: int) -> MalformedError:
    return MalformedError(f"leaf hash {index} is not 32 bytes", f"mã băm của lá {index} không đủ 32 byte")


def _outside(index: int, size: int) -> ProofError:
    return ProofError(f"index {index} is outside a tree of {size}", f"vị trí {index} nằm ngoài cây {size} lá")


def _too_long() -> ProofError:
    return ProofError("the proof is longer than the tree is high", "chứng minh dài hơn chiều cao của cây")
