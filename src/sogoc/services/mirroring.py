"""Copy a published log so that the copy is worth as much as a check: nothing is written that is not under the signed root.

Only what is new since the last visit is read. Whether the entries are what they should be is for `checking.fsck` to say.

Spec: c2sp.org/tlog-tiles
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sogoc.core import entry, merkle, state, tiles
from sogoc.core.canonical import digest
from sogoc.core.checkpoint import Checkpoint
from sogoc.core.merkle import HASH_BYTES, Frontier, Hash, ReadHash, leaf_hash
from sogoc.core.status import StatusList
from sogoc.core.tiles import ENTRIES, HEIGHT, WIDTH, Tile
from sogoc.errors import CheckpointError, LogForked, MalformedError, ProofError, StorageUnavailable
from sogoc.ports import FileStore
from sogoc.services.published import CHECKPOINT, KeySets, Progress, check_signed, page_path, parse_head, status_path


def mirror(
    source: FileStore, target: FileStore, *, vkeys: KeySets, origin: str, progress: Progress | None = None
) -> int:
    """Bring a copy of a published log up to date and return how many files were written.

    Every file is held against the signed root before it is written, and the checkpoint is written last. What the target has
    already is not read again.

    Raises: CheckpointError when the source is not signed, or older than the target; LogForked when it is another log than
    the target's; ProofError or MalformedError when its files are not those of its checkpoint; StorageUnavailable when one is
    missing, or the log is being published at this moment: try again.
    """
    presented = source.get(CHECKPOINT)
    if presented is None:
        raise _missing(CHECKPOINT)
    note, head = parse_head(presented)
    check_signed(note, head, vkeys, origin)
    before = target.get(CHECKPOINT)
    old = Checkpoint(origin=origin, size=0, root=merkle.EMPTY_ROOT)
    if before is not None:
        old_note, old = parse_head(before)
        check_signed(old_note, old, vkeys, origin)
    if before == presented:
        return 0
    _check_growth(old, head, tiles.tile_reader(source.get, head.size))
    copy = _Copy(source, old.size, head, progress or (lambda _done, _of: None))
    if head.size > old.size:
        target.put_many(copy.files())
        for path, content in copy.statuses():
            target.put(path, content, mutable=True)
    target.put(CHECKPOINT, presented, mutable=True)
    return copy.written + 1


def _check_growth(old: Checkpoint, new: Checkpoint, read: ReadHash) -> None:
    """Raises: CheckpointError when the log became smaller; LogForked when `new` does not begin with `old`; ProofError when the
    tiles are not those of `new`, so that nothing is proven.
    """
    if new.size < old.size:
        raise CheckpointError(
            f"the source is at {new.size}, and its copy already at {old.size}: it was rolled back",
            f"nguồn ở mức {new.size} nhưng bản sao đã ở mức {old.size}: nguồn đã bị lùi lại",
        )
    shown = _root_at(old.size, read) if old.size < new.size else new.root
    proof = merkle.consistency_proof(old.size, new.size, read)
    merkle.verify_consistency(old_size=old.size, old_root=shown, new_size=new.size, new_root=new.root, proof=proof)
    if shown != old.root:
        raise LogForked(
            f"{new.origin}: the signed tree of {new.size} does not begin with the signed tree of {old.size}"
        )


def _root_at(size: int, read: ReadHash) -> Hash:
    """Return the root that the log had at this size, from the tiles of a larger one."""
    levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
    return Frontier(size=size, peaks=tuple(read(level, (size >> level) - 1) for level in levels)).root()


@dataclass(slots=True)
class _Copy:
    """What a tree has and the one of size `old` had not, read from the top: each file is checked by the one above it."""

    source: FileStore
    old: int
    head: Checkpoint
    progress: Progress
    written: int = 0
    newest: entry.State | None = field(default=None, init=False)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield tiles, bundles and authority pages. Raises: ProofError, MalformedError, StorageUnavailable."""
        for one in self._new_files():
            self.written += 1
            yield one

    def statuses(self) -> list[tuple[str, bytes]]:
        """Return the status lists of the newest state that `files` came across. Raises: StorageUnavailable, MalformedError."""
        stated = self.newest
        if stated is None:
            return []
        lists = [StatusList(number, self._get(status_path(number))) for number in range(stated.status_size)]
        if merkle.root_hash(state.status_leaves(lists)) != stated.status_root:
            raise StorageUnavailable(
                "the status lists are not those of the newest state",
                "danh sách tình trạng không phải của trạng thái mới nhất",
                mend="The log may be in the middle of publishing: try again. If it stays so, run `sogoc log fsck`.",
                mend_vi="Nhật ký có thể đang được công bố: hãy thử lại. Nếu vẫn vậy, chạy `sogoc log fsck`.",
            )
        self.written += len(lists)
        return [(status_path(one.number), bytes(one.content)) for one in lists]

    def _get(self, path: str) -> bytes:
        content = self.source.get(path)
        if content is None:
            raise _missing(path)
        return content

    def _new_files(self) -> Iterator[tuple[str, bytes]]:
        size = self.head.size
        edge = {path: self._get(path) for path in tiles.edge_paths(size)}
        if tiles.edge_frontier(size, edge.get).root() != self.head.root:
            raise ProofError(
                "the tiles of the right edge are not those of the checkpoint", "mép phải không khớp điểm chốt"
            )
        for level in reversed(range(-(-size.bit_length() // HEIGHT))):
            count = size >> HEIGHT * level
            if count % WIDTH and count != self.old >> HEIGHT * level:
                tile = Tile.of_tree(level, count // WIDTH, size)
                yield from self._below(tile, edge[tile.path()])

    def _below(self, tile: Tile, content: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield a tile whose hashes are known to be right, and everything under it that is new."""
        yield tile.path(), content
        if tile.level == 0:
            yield from self._bundle(Tile(level=ENTRIES, index=tile.index, width=tile.width), content)
            return
        run = WIDTH**tile.level
        for at in range(tile.width):
            child = Tile(level=tile.level - 1, index=tile.index * WIDTH + at)
            if (child.index + 1) * run <= self.old:
                continue
            below = self._get(child.path())
            if (
                len(below) != WIDTH * HASH_BYTES
                or merkle.Tree.packed(below).root != content[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            ):
                raise _not_under_root(child.path())
            yield from self._below(child, below)

    def _bundle(self, tile: Tile, hashes: bytes) -> Iterator[tuple[str, bytes]]:
        content = self._get(tile.path())
        entries = tiles.decode_bundle(content, tile.width)
        if b"".join(map(leaf_hash, entries)) != hashes:
            raise _not_under_root(tile.path())
        yield tile.path(), content
        first = tile.index * WIDTH
        for one in entries[max(self.old - first, 0) :]:
            # Most entries are neither, and need not be parsed to be copied.
            if one.startswith((b'{"act":"authority"', b'{"act":"state"')):
                yield from self._named_by(one)
        self.progress(first + tile.width, self.head.size)

    def _named_by(self, presented: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the page that an entry names, and remember the newest state."""
        try:
            one = entry.parse(presented)
        except MalformedError:
            return  # a copy is as wrong as the log: `fsck` names it
        if isinstance(one, entry.State):
            self.newest = one
        elif isinstance(one, entry.Authority):
            path = page_path(one.institution, one.version)
            page = self._get(path)
            if digest(page) != one.page:
                raise _not_under_root(path)
            yield path, page


def _missing(path: str) -> StorageUnavailable:
    return StorageUnavailable(f"{path} is missing", f"thiếu tệp {path}")


def _not_under_root(path: str) -> ProofError:
    return ProofError(f"{path} is not what the checkpoint commits to", f"{path} không khớp với điểm chốt")
