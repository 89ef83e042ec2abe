"""The log as files: tiles of 256 hashes and bundles of 256 entries, which any web server can hand out.

A file never changes. The right edge of a tree is cut into partial files, named by their width, which a larger tree
replaces by wider ones. Every published size keeps its own.

What the sequencer carries from one growth to the next is the `Frontier` of the tree (kept where the head is decided,
never read from the tile store) and the partial files of the right edge: at most one tile for each level and one
bundle. The partial files may come from anywhere, for `grow` holds every one of them against the frontier first: it
cannot be led to continue a log other than the one that was decided.

Spec: c2sp.org/tlog-tiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import islice
from typing import Self

from sogoc.core.merkle import HASH_BYTES, MAX_SIZE, Frontier, Hash, ReadHash, Tree
from sogoc.errors import LogForked, MalformedError, ProofError, StorageUnavailable

ReadFile = Callable[[str], bytes | None]
"""The content of a public file by its path, or None when there is no such file."""

HEIGHT = 8
WIDTH = 1 << HEIGHT
ENTRIES = -1
"""The level of entry bundles, beside tiles of levels 0 to 63."""

MAX_ENTRY_BYTES = 0xFFFF

# 1024 tiles with their inner nodes are 16 MB: every upper tile of a log of 60 million and a wide strip of lower ones.
_KEPT_TILES = 1024
_KEPT_BUNDLES = 4

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Which file of the log: the `index`-th run of 256 hashes of a level, or of 256 entries (level `ENTRIES`).

    `width` says how many of them it holds: 256, or fewer for a partial one.
    """

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not ENTRIES <= self.level <= 63 or not 0 <= self.index <= MAX_SIZE >> HEIGHT or not 1 <= self.width <= WIDTH:
            raise MalformedError(
                f"there is no tile {self.index} of width {self.width} on level {self.level}",
                f"không có mảnh {self.index} rộng {self.width} ở tầng {self.level}",
            )

    @classmethod
    def of_tree(cls, level: int, index: int, size: int) -> Self:
        """Return the tile as a tree of `size` entries has it, full or partial.

        Raises: ProofError when so small a tree has no such tile.
        """
        width = min((size >> HEIGHT * max(level, 0)) - index * WIDTH, WIDTH)
        if index < 0 or width < 1:
            raise ProofError(
                f"a tree of {size} has no tile {index} on level {level}",
                f"cây {size} lá không có mảnh {index} ở tầng {level}",
            )
        return cls(level=level, index=index, width=width)

    def path(self) -> str:
        """Return the path below the log's prefix, such as `tile/0/x001/x234/067.p/8`."""
        digits = f"{self.index:03d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        folder = "entries" if self.level == ENTRIES else str(self.level)
        suffix = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{folder}/" + "".join(f"x{group}/" for group in groups[:-1]) + groups[-1] + suffix

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path. Raises: MalformedError unless `path()` would write it exactly so."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise _no_path()
        folder, digits, width = match.groups()
        tile = cls(
            level=ENTRIES if folder == "entries" else int(folder),
            index=int(digits.replace("x", "").replace("/", "")),
            width=int(width) if width else WIDTH,
        )
        # A width of 256 is never written, and an index is never padded with a group of zeros.
        if tile.path() != path:
            raise _no_path()
        return tile


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as one bundle: each with its length before it, two bytes, big end first.

    Raises: MalformedError for an entry of more than 65,535 bytes.
    """
    try:
        return b"".join([len(entry).to_bytes(2, "big") + entry for entry in entries])
    except OverflowError as error:
        raise MalformedError(
            f"an entry is longer than {MAX_ENTRY_BYTES} bytes", f"một mục dài quá {MAX_ENTRY_BYTES} byte"
        ) from error


def decode_bundle(presented: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle that must hold exactly `width` of them.

    Raises: MalformedError when it is cut off, or holds more or fewer.
    """
    entries = []
    at = 0
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(presented[at:start], "big")
        entries.append(presented[start:at])
        if start > len(presented):
            break
    if at != len(presented):
        raise MalformedError(f"a bundle does not hold exactly {width} entries", f"gói không chứa đúng {width} mục")
    return entries


def grow(frontier: Frontier, entries: Iterable[bytes], read_partial: ReadFile) -> Iterator[tuple[str, bytes]]:
    """Append entries to the tree of `frontier` and yield every file that the larger tree has and the old one had not.

    Full files as they fill, then the partial ones of the new size; nothing when there are no entries. Holds at most
    256 entries and one tile for each level at a time, so `entries` may be a stream of any length. `read_partial` is
    asked for the partial files of the old size only. The frontier of the new size is `frontier.extend` over the leaf
    hashes of the same entries.

    Raises: StorageUnavailable when a partial file is missing, LogForked when one belongs to another tree than
    `frontier`, MalformedError for an entry that is too long.
    """
    old = size = frontier.size
    tiles = _edge_tiles(old, read_partial)
    if _edge_frontier(old, tiles) != frontier:
        raise LogForked(f"the partial tiles of size {old} are not those of the tree that was decided")
    bundle = _edge_bundle(old, tiles, read_partial)
    source = iter(entries)
    while chunk := list(islice(source, WIDTH - size % WIDTH)):
        bundle += encode_bundle(chunk)
        _open(tiles, 0).extend(b"".join([sha256(b"\x00" + entry).digest() for entry in chunk]))
        size += len(chunk)
        if size % WIDTH == 0:
            yield Tile(level=ENTRIES, index=(size - 1) // WIDTH).path(), bundle
            bundle = b""
            yield from _close_full(tiles, size)
    if size == old:
        return
    if bundle:
        yield Tile.of_tree(ENTRIES, size // WIDTH, size).path(), bundle
    for level, content in enumerate(tiles):
        count = size >> HEIGHT * level
        if content and count != old >> HEIGHT * level:
            yield Tile.of_tree(level, count // WIDTH, size).path(), bytes(content)


def edge_frontier(size: int, read_partial: ReadFile) -> Frontier:
    """Return the frontier that the partial tiles of a tree of `size` amount to.

    It is worth no more than where the tiles came from: compare its root with a checkpoint before relying on it.

    Raises: StorageUnavailable when a tile is missing, MalformedError when one has a wrong length.
    """
    return _edge_frontier(size, _edge_tiles(size, read_partial))


def edge_paths(size: int) -> list[str]:
    """Return the paths of the partial files of a tree of `size`: what the sequencer has to keep at hand."""
    widths = [(level, size >> HEIGHT * level) for level in range(-(-size.bit_length() // HEIGHT))]
    if size % WIDTH:
        widths.append((ENTRIES, size))
    return [Tile.of_tree(level, count // WIDTH, size).path() for level, count in widths if count % WIDTH]


def tile_reader(get: ReadFile, size: int) -> ReadHash:
    """Return a reader of the hashes of the tree of `size` from its tiles, for proofs.

    Keeps the last thousand tiles it read. What it returns is worth as much as the tiles are: only a proof that
    verifies is one. A tile that is no longer kept as partial is taken from the full one.

    Raises (when reading): StorageUnavailable for a missing tile, MalformedError for one of a wrong length, ProofError
    for a hash that a tree of this size has not.
    """

    @lru_cache(maxsize=_KEPT_TILES)
    def subtree(level: int, index: int) -> Tree:
        tile = Tile.of_tree(level, index, size)
        content = _get(get, tile)
        if content is None:
            full = _get_full(get, tile)
            _check_width(full, Tile(level=level, index=index))
            content = full[: tile.width * HASH_BYTES]
        _check_width(content, tile)
        return Tree.packed(content)

    def read(level: int, index: int) -> Hash:
        tile_level, height = divmod(level, HEIGHT)
        per_tile = HEIGHT - height
        return subtree(tile_level, index >> per_tile).node(height, index & ((1 << per_tile) - 1))

    return read


def read_entry(get: ReadFile, index: int, size: int) -> bytes:
    """Return entry `index` of the tree of `size`.

    Raises: ProofError when `index` is outside the tree, StorageUnavailable, MalformedError.
    """
    if not 0 <= index < size:
        raise ProofError(f"index {index} is outside a log of {size}", f"vị trí {index} nằm ngoài nhật ký {size} mục")
    return _read_bundle(get, index // WIDTH, size)[index % WIDTH]


def entries(get: ReadFile, start: int, size: int) -> Iterator[bytes]:
    """Yield the entries from `start` to the end of the tree of `size`, one bundle in memory at a time.

    Raises: ProofError when `start` is outside `0..size`, StorageUnavailable, MalformedError.
    """
    if not 0 <= start <= size:
        raise ProofError(f"index {start} is outside a log of {size}", f"vị trí {start} nằm ngoài nhật ký {size} mục")
    for index in range(start // WIDTH, -(-size // WIDTH)):
        yield from _read_bundle(get, index, size)[max(start - index * WIDTH, 0) :]


def _read_bundle(get: ReadFile, index: int, size: int) -> list[bytes]:
    tile = Tile.of_tree(ENTRIES, index, size)
    content = _get(get, tile)
    if content is not None:
        return decode_bundle(content, tile.width)
    return decode_bundle(_get_full(get, tile), WIDTH)[: tile.width]


def _get(get: ReadFile, tile: Tile) -> bytes | None:
    content = get(tile.path())
    if content is None and tile.width == WIDTH:
        raise _missing(tile)
    return content


def _get_full(get: ReadFile, tile: Tile) -> bytes:
    content = get(Tile(level=tile.level, index=tile.index).path())
    if content is None:
        raise _missing(tile)
    return content


def _edge_tiles(size: int, read_partial: ReadFile) -> list[bytearray]:
    """Return the content of the partial tile of each level, level 0 first; empty where a level has none."""
    tiles = [bytearray() for _ in range(-(-size.bit_length() // HEIGHT))]
    for level, content in enumerate(tiles):
        count = size >> HEIGHT * level
        if count % WIDTH:
            tile = Tile.of_tree(level, count // WIDTH, size)
            content.extend(_edge_file(tile, read_partial))
            _check_width(content, tile)
    return tiles


def _edge_frontier(size: int, tiles: list[bytearray]) -> Frontier:
    """Return the frontier: the peaks within each partial tile, the highest level first."""
    peaks: list[Hash] = []
    for content in reversed(tiles):
        hashes = [bytes(content[at : at + HASH_BYTES]) for at in range(0, len(content), HASH_BYTES)]
        peaks += Frontier.empty().extend(hashes).peaks
    return Frontier(size=size, peaks=tuple(peaks))


def _edge_bundle(size: int, tiles: list[bytearray], read_partial: ReadFile) -> bytes:
    if size % WIDTH == 0:
        return b""
    tile = Tile.of_tree(ENTRIES, size // WIDTH, size)
    bundle = _edge_file(tile, read_partial)
    hashes = b"".join([sha256(b"\x00" + entry).digest() for entry in decode_bundle(bundle, tile.width)])
    if hashes != tiles[0]:
        raise LogForked(f"the partial bundle of size {size} does not hold the entries of the tree that was decided")
    return bundle


def _edge_file(tile: Tile, read_partial: ReadFile) -> bytes:
    content = read_partial(tile.path())
    if content is None:
        raise _missing(tile)
    return content


def _open(tiles: list[bytearray], level: int) -> bytearray:
    """Return the tile that is being filled on a level, a new one above all others if need be."""
    if level == len(tiles):
        tiles.append(bytearray())
    return tiles[level]


def _close_full(tiles: list[bytearray], size: int) -> Iterator[tuple[str, bytes]]:
    """Yield each tile that is full at `size`, and put its root into the tile above."""
    level = 0
    while len(tiles[level]) == WIDTH * HASH_BYTES:
        content = bytes(tiles[level])
        tiles[level].clear()
        yield Tile(level=level, index=((size >> HEIGHT * level) - 1) // WIDTH).path(), content
        level += 1
        _open(tiles, level).extend(Tree.packed(content).root)


def _check_width(content: bytes | bytearray, tile: Tile) -> None:
    if len(content) != tile.width * HASH_BYTES:
        raise MalformedError(
            f"{tile.path()} does not hold exactly {tile.width} hashes",
            f"{tile.path()} không chứa đúng {tile.width} mã băm",
        )


def _missing(tile: Tile) -> StorageUnavailable:
    return StorageUnavailable(
        f"{tile.path()} is missing",
        f"thiếu tệp {tile.path()}",
        mend="restore the public files from a mirror",
        mend_vi="khôi phục các tệp công khai từ một bản sao",
    )


def _no_path() -> MalformedError:
    return MalformedError("this is not the path of a tile", "đây không phải đường dẫn của một mảnh")
