"""The public log as files: how fast entries become tiles, and what a log of any size takes to publish, to check and to prove from.

With `--simulate N` the tree of N entries and all its tiles are made for real in a temporary folder, only that the hashes of the leaves
are drawn instead of hashed and there are no bundles: at 100 million that is 3.2 GB. Receipts are made from the tiles as a server does
that has read none of them before, with the files pushed out of the page cache.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.figures import Figure, arguments, core_seconds, say
from sogoc.adapters.files_posix import PosixFiles
from sogoc.core import entry, tiles
from sogoc.core.merkle import HASH_BYTES, Frontier, Tree, inclusion_proof, verify_inclusion
from sogoc.core.tiles import WIDTH, Tile

PROOFS = 1000
BATCH = sha256(b"a batch").digest()


def entries(count: int) -> Iterator[bytes]:
    """The `issue` entries of a batch, as the log holds them."""
    for number in range(count):
        content = sha256(number.to_bytes(8, "big")).digest()
        yield entry.Issue(institution=7, batch=BATCH, commitment=content, status=(0, number % 131_072)).encode()


# -- publish -------------------------------------------------------------------------------------------------------------


def published(contents: list[bytes], folder: Path) -> float:
    """Seconds of the processor to give entries their tiles and bundles, and all of these to the disk."""
    files = PosixFiles(folder, new=True)
    before = core_seconds()
    files.put_many(tiles.grow(Frontier.empty(), contents, lambda _: None))
    return core_seconds() - before


def bare(contents: list[bytes], folder: Path) -> float:
    """The same hashes over leaves and nodes, and the same bytes in two files."""
    before = core_seconds()
    level = b"".join([sha256(b"\x00" + one).digest() for one in contents])
    leaves = level
    while len(level) > HASH_BYTES:
        pairs = range(0, len(level) - HASH_BYTES, 2 * HASH_BYTES)
        level = b"".join([sha256(b"\x01" + level[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    for name, content in (("bundle", b"".join(contents)), ("leaves", leaves)):
        with (folder / name).open("wb") as file:
            file.write(content)
            os.fsync(file.fileno())
    return core_seconds() - before


def publish(size: int, runs: int) -> Figure:
    contents = list(entries(size))
    real, least = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            real.append(size / published(contents, Path(one)))
            least.append(size / bare(contents, Path(other)))
    return Figure(
        name="log: append and publish",
        value=statistics.median(real),
        unit="/s of a core",
        bound=statistics.median(least),
        bound_name="the same hashes and bytes in two files",
        n=size,
        runs=tuple(real),
    )


# -- a log of any size -----------------------------------------------------------------------------------------------------


def simulate(size: int) -> list[Figure]:
    """Make the tiles of a log of `size` entries, read all of them back as a check does, and prove entries drawn by lot."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began, before = time.perf_counter(), core_seconds()
        root = _write(folder, size)
        made, made_core = time.perf_counter() - began, core_seconds() - before
        stored = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        began, before = time.perf_counter(), core_seconds()
        _check(folder, size)
        checked, checked_core = time.perf_counter() - began, core_seconds() - before
        took, longest = _prove(folder, size, root)
    bundles = len(next(entries(1))) + 2

    many = "100 million" if size == 100_000_000 else f"{size:,}"

    def one(what: str, value: float, unit: str, note: str = "") -> Figure:
        return Figure(name=f"log: {what} at {many}", value=value, unit=unit, n=size, note=note)

    return [
        one("tiles", stored / size, "B", f"{stored / 1e9:.2f} GB, and {bundles} B an entry in bundles"),
        one("write all tiles", made, "s", f"{made_core:.0f} s of a core; no fsync, drawn leaves"),
        one("read and check all tiles", checked, "s", f"{checked_core:.0f} s of a core; without the entries"),
        one("receipt", 1000 * statistics.median(took), "ms", f"from cold tiles; slowest of {len(took)}: {1000 * max(took):.2f} ms"),
        one("hashes of a receipt", HASH_BYTES * longest, "B", f"{longest} at most"),
    ]  # fmt: skip


def _write(folder: Path, size: int) -> bytes:
    """Write every tile of a tree over drawn leaves; return its root."""
    draw = random.Random(7)
    levels = [bytearray()]
    left = size
    while left:
        width = min(left, WIDTH)
        levels[0] += draw.randbytes(width * HASH_BYTES)
        left -= width
        level = 0
        while len(levels[level]) == WIDTH * HASH_BYTES:
            count = (size - left) >> tiles.HEIGHT * level
            _put(folder, Tile(level=level, index=(count - 1) // WIDTH), bytes(levels[level]))
            if level + 1 == len(levels):
                levels.append(bytearray())
            levels[level + 1] += Tree.packed(bytes(levels[level])).root
            levels[level].clear()
            level += 1
    for level, content in enumerate(levels):
        if content:
            _put(folder, Tile.of_tree(level, (size >> tiles.HEIGHT * level) // WIDTH, size), bytes(content))
    return tiles.edge_frontier(size, lambda path: (folder / path).read_bytes()).root()


def _put(folder: Path, tile: Tile, content: bytes) -> None:
    path = folder / tile.path()
    try:
        path.write_bytes(content)
    except FileNotFoundError:
        path.parent.mkdir(parents=True)
        path.write_bytes(content)


def _check(folder: Path, size: int) -> None:
    """Read every full tile and hold it to the hash that the tile above has of it."""
    level = 0
    while (count := size >> tiles.HEIGHT * (level + 1)) > 0:
        for above in range(-(-count // WIDTH)):
            upper = (folder / Tile.of_tree(level + 1, above, size).path()).read_bytes()
            for place in range(len(upper) // HASH_BYTES):
                content = (folder / Tile(level=level, index=above * WIDTH + place).path()).read_bytes()
                if Tree.packed(content).root != upper[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
                    raise SystemExit(f"tile {above * WIDTH + place} of level {level} is not that of the tree")
        level += 1


def _prove(folder: Path, size: int, root: bytes) -> tuple[list[float], int]:
    """Seconds for each of some receipts drawn by lot, and the most hashes that one of them has."""
    draw = random.Random(8)
    took, longest = [], 0
    for _ in range(PROOFS):
        index = draw.randrange(size)
        read: list[Path] = []

        def get(path: str, read: list[Path] = read) -> bytes | None:
            read.append(folder / path)
            return read[-1].read_bytes() if read[-1].exists() else None

        inclusion_proof(index, size, tiles.tile_reader(get, size))  # tells which tiles it takes
        for path in filter(Path.exists, set(read)):
            _forget(path)
        began = time.perf_counter()
        reader = tiles.tile_reader(get, size)
        proof = inclusion_proof(index, size, reader)
        took.append(time.perf_counter() - began)
        verify_inclusion(leaf=reader(0, index), index=index, size=size, proof=proof, root=root)
        longest = max(longest, len(proof))
    return took, longest


def _forget(path: Path) -> None:
    """Push a file out of the page cache, as far as the kernel lets us."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    parser = arguments(__doc__, size=100_000, runs=3)
    parser.add_argument(
        "--simulate", type=int, default=1_000_000, metavar="N", help="entries of the log that is simulated"
    )
    asked = parser.parse_args()
    say([publish(asked.size, asked.runs), *simulate(asked.simulate)], asked.json)


if __name__ == "__main__":
    main()
