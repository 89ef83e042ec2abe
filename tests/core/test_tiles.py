"""Tiles: their names and bytes, growing in any steps, and proofs that come out of files."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core.merkle import (
    Frontier,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from sogoc.core.tiles import (
    ENTRIES,
    Tile,
    decode_bundle,
    edge_frontier,
    edge_paths,
    encode_bundle,
    entries,
    grow,
    read_entry,
    tile_reader,
)
from sogoc.errors import LogForked, MalformedError, ProofError, StorageUnavailable

SIZES = (0, 1, 2, 255, 256, 257, 300, 511, 512, 1000)
MAX = 70_000  # the size that the specification takes as its example


def entry(index: int) -> bytes:
    return b"entry %d" % index


LEAVES = [leaf_hash(entry(index)) for index in range(MAX)]


def grown(*sizes: int) -> dict[str, bytes]:
    """Return the files of a log that was published at each of these sizes."""
    files: dict[str, bytes] = {}
    frontier = Frontier.empty()
    for size in sizes:
        new = dict(grow(frontier, map(entry, range(frontier.size, size)), files.get))
        assert not new.keys() & files.keys()
        files |= new
        frontier = frontier.extend(LEAVES[frontier.size : size])
    return files


def expected_tile(level: int, index: int, size: int) -> bytes:
    """Return a tile straight from its definition: roots of runs of 256**level entries."""
    run = 256**level
    starts = range(index * 256 * run, min((index + 1) * 256 * run, size // run * run), run)
    return b"".join(Tree(LEAVES[start : start + run]).root for start in starts)


PATHS = [
    (Tile(level=0, index=0), "tile/0/000"),
    (Tile(level=0, index=5, width=5), "tile/0/005.p/5"),
    (Tile(level=0, index=999), "tile/0/999"),
    (Tile(level=1, index=1000, width=255), "tile/1/x001/000.p/255"),
    (Tile(level=0, index=1234067), "tile/0/x001/x234/067"),
    (Tile(level=63, index=0, width=1), "tile/63/000.p/1"),
    (Tile(level=ENTRIES, index=1234067, width=8), "tile/entries/x001/x234/067.p/8"),
    (Tile(level=0, index=2**55 - 1), "tile/0/x036/x028/x797/x018/x963/967"),
]


@pytest.mark.parametrize(("tile", "path"), PATHS)
def test_paths_are_those_of_the_specification(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert Tile.parse(path) == tile


@given(st.integers(-1, 63), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_every_path_reads_back(level: int, index: int, width: int) -> None:
    tile = Tile(level=level, index=index, width=width)
    assert Tile.parse(tile.path()) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/01/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/x000/x001/000",
        "tile/0/001/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/-1",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/../000",
        "tile/0/x001/x234/x067",
        "tile/0/٠٠٠",
        "tile/0/x036/x028/x797/x018/x963/968",
        "checkpoint",
    ],
)
def test_no_other_path_is_read(path: str) -> None:
    with pytest.raises(MalformedError):
        Tile.parse(path)


def test_a_tree_of_70000_has_the_files_that_the_specification_lists() -> None:
    files = grown(MAX)
    tiles = [Tile.parse(path) for path in files]
    assert len([tile for tile in tiles if tile.level == 0 and tile.width == 256]) == 273
    assert [tile for tile in tiles if tile.level == 1 and tile.width == 256] == [Tile(level=1, index=0)]
    assert sorted(path for path in files if ".p/" in path) == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/273.p/112",
    ]
    assert len(files) == len(set(files)) == 273 * 2 + 1 + 4
    for tile in tiles:
        if tile.level != ENTRIES:
            assert files[tile.path()] == expected_tile(tile.level, tile.index, MAX)
    assert list(entries(files.get, 0, MAX)) == [entry(index) for index in range(MAX)]


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above_it() -> None:
    assert sorted(grown(256)) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]


def test_a_growth_of_nothing_has_no_files() -> None:
    assert grown(0) == {}
    files = grown(300)
    assert list(grow(Frontier.empty().extend(LEAVES[:300]), [], files.get)) == []


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 1100), min_size=1, max_size=6).map(sorted))
def test_a_log_grown_in_any_steps_has_the_files_of_each_of_its_sizes(sizes: list[int]) -> None:
    files = grown(*sizes)
    expected: dict[str, bytes] = {}
    for size in sizes:
        expected |= grown(size)
    assert files == expected


def test_growing_streams_its_entries() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"entry"

    files = grow(Frontier.empty(), endless(), grown(0).get)
    for count in range(1, 20):
        next(files)
        assert taken <= count * 256


def test_growing_is_held_against_the_frontier() -> None:
    files = grown(70, 300)
    frontier = Frontier.empty().extend(LEAVES[:300])
    for path in edge_paths(300):
        for changed in (bytes(len(files[path])), files[path][:-1] + bytes([files[path][-1] ^ 1])):
            with pytest.raises((LogForked, MalformedError)):
                list(grow(frontier, [b"new"], (files | {path: changed}).get))
        with pytest.raises(MalformedError):
            list(grow(frontier, [b"new"], (files | {path: files[path] + b"\0"}).get))
        with pytest.raises(StorageUnavailable):
            list(grow(frontier, [b"new"], {other: files[other] for other in files if other != path}.get))


def test_another_entry_in_the_partial_bundle_is_a_fork() -> None:
    files = grown(2)
    files["tile/entries/000.p/2"] = encode_bundle([entry(0), b"another"])
    with pytest.raises(LogForked):
        list(grow(Frontier.empty().extend(LEAVES[:2]), [b"new"], files.get))


def test_another_tree_of_the_same_size_is_a_fork() -> None:
    with pytest.raises(LogForked):
        list(grow(Frontier.empty().extend(LEAVES[1:301]), [b"new"], grown(300).get))


@pytest.mark.parametrize("size", [*SIZES, MAX])
def test_the_edge_alone_gives_the_frontier(size: int) -> None:
    files = grown(size)
    edge = {path: files[path] for path in edge_paths(size)}
    assert edge_frontier(size, edge.get) == Frontier.empty().extend(LEAVES[:size])


@pytest.mark.parametrize("size", SIZES)
def test_proofs_from_tiles_are_those_of_the_tree(size: int) -> None:
    files = grown(size)
    read, tree = tile_reader(files.get, size), Tree(LEAVES[:size])
    for index in range(size):
        proof = inclusion_proof(index, size, read)
        assert proof == tree.proof(index)
        assert read_entry(files.get, index, size) == entry(index)
    for old in range(1, size, 7):
        verify_consistency(
            old_size=old,
            old_root=Tree(LEAVES[:old]).root,
            new_size=size,
            new_root=tree.root,
            proof=consistency_proof(old, size, read),
        )


def test_proofs_cross_three_levels_of_tiles() -> None:
    files, root = grown(MAX), Tree(LEAVES).root
    read = tile_reader(files.get, MAX)
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_888, MAX - 1):
        proof = inclusion_proof(index, MAX, read)
        verify_inclusion(leaf=LEAVES[index], index=index, size=MAX, proof=proof, root=root)
    for old in (1, 65_536, 65_537, MAX - 1):
        verify_consistency(
            old_size=old,
            old_root=Tree(LEAVES[:old]).root,
            new_size=MAX,
            new_root=root,
            proof=consistency_proof(old, MAX, read),
        )


def test_a_partial_file_that_is_gone_is_taken_from_the_full_one() -> None:
    files = {path: content for path, content in grown(200, 300).items() if ".p/200" not in path}
    read = tile_reader(files.get, 200)
    assert inclusion_proof(199, 200, read) == Tree(LEAVES[:200]).proof(199)
    assert read_entry(files.get, 199, 200) == entry(199)
    assert list(entries(files.get, 198, 200)) == [entry(198), entry(199)]


def test_a_full_file_that_stands_for_a_partial_one_must_be_full() -> None:
    files = {"tile/0/000": grown(256)["tile/0/000"][:-32], "tile/entries/000": encode_bundle([b"entry"] * 255)}
    with pytest.raises(MalformedError):
        inclusion_proof(0, 200, tile_reader(files.get, 200))
    with pytest.raises(MalformedError):
        read_entry(files.get, 0, 200)


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/1/000.p/1"])
def test_a_wrong_tile_on_the_edge_is_named(path: str) -> None:
    files = grown(300)
    for content in (b"", files[path][:-1], files[path] + bytes(32)):
        with pytest.raises(MalformedError, match=path.replace(".", r"\.")):
            edge_frontier(300, (files | {path: content}).get)


@pytest.mark.parametrize("size", SIZES)
def test_entries_from_any_start(size: int) -> None:
    files = grown(size)
    for start in {0, 1, 255, 256, 257, size} & set(range(size + 1)):
        assert list(entries(files.get, start, size)) == [entry(index) for index in range(start, size)]


def test_nothing_is_read_outside_the_tree() -> None:
    files = grown(300)
    read = tile_reader(files.get, 300)
    for level, index in ((0, 300), (0, -1), (2, 75), (8, 1), (9, 0), (64, 0)):
        with pytest.raises(ProofError):
            read(level, index)
    for index in (-1, 300):
        with pytest.raises(ProofError):
            read_entry(files.get, index, 300)
    for start in (-1, 301):
        with pytest.raises(ProofError):
            list(entries(files.get, start, 300))


@pytest.mark.parametrize("path", ["tile/0/001.p/44", "tile/0/000", "tile/1/000.p/1"])
def test_a_missing_or_wrong_tile_is_named(path: str) -> None:
    files = grown(300)
    with pytest.raises(StorageUnavailable, match=r"tile/"):
        proofs({other: files[other] for other in files if other != path})
    for content in (b"", files[path][:-1], files[path] + bytes(32), files[path][:-32]):
        with pytest.raises(MalformedError, match=path.replace(".", r"\.")):
            proofs(files | {path: content})


def proofs(files: dict[str, bytes]) -> None:
    read = tile_reader(files.get, 300)
    inclusion_proof(0, 300, read)
    inclusion_proof(299, 300, read)


@pytest.mark.parametrize("path", ["tile/entries/001.p/44", "tile/entries/000"])
def test_a_missing_or_wrong_bundle_is_refused(path: str) -> None:
    files = grown(300)
    with pytest.raises(StorageUnavailable):
        list(entries({other: files[other] for other in files if other != path}.get, 0, 300))
    for content in (b"", files[path][:-1], files[path] + b"\0\0", files[path][:-11]):
        with pytest.raises(MalformedError):
            list(entries((files | {path: content}).get, 0, 300))


@given(st.lists(st.binary(max_size=40), max_size=256))
def test_bundles_read_back(presented: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(presented), len(presented)) == presented


def test_a_bundle_is_lengths_and_entries() -> None:
    assert encode_bundle([b"", b"ab"]) == b"\x00\x00\x00\x02ab"
    assert decode_bundle(encode_bundle([bytes(65_535)]), 1) == [bytes(65_535)]
    with pytest.raises(MalformedError):
        encode_bundle([bytes(65_536)])


@pytest.mark.parametrize(
    ("presented", "width"),
    [
        (b"", 1),
        (b"\0", 1),
        (b"\0\x02a", 1),
        (b"\0\x01a", 2),
        (b"\0\x01a", 0),
        (b"\0\x01a\0", 1),
        (b"\0\x01a\0", 2),
        (b"\0\x01a\0\0", 1),
        (struct.pack(">H", 0xFFFF) + b"a", 1),
    ],
)
def test_a_bundle_holds_exactly_its_entries(presented: bytes, width: int) -> None:
    with pytest.raises(MalformedError):
        decode_bundle(presented, width)


@pytest.mark.parametrize(
    ("level", "index", "width"), [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 2**55, 1), (0, 0, 0), (0, 0, 257)]
)
def test_there_are_no_other_tiles(level: int, index: int, width: int) -> None:
    with pytest.raises(MalformedError):
        Tile(level=level, index=index, width=width)
