"""The simulated log is a log: its tiles are those of the tree, and a changed one is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import log
from sogoc.core import tiles
from sogoc.core.merkle import inclusion_proof, verify_inclusion


@pytest.mark.parametrize("size", [1, 255, 256, 70_000])
def test_a_simulated_log_has_the_tiles_of_its_tree(tmp_path: Path, size: int) -> None:
    root = log._write(tmp_path, size)
    log._check(tmp_path, size)
    read = tiles.tile_reader(lambda path: (tmp_path / path).read_bytes(), size)
    proof = inclusion_proof(size - 1, size, read)
    verify_inclusion(leaf=read(0, size - 1), index=size - 1, size=size, proof=proof, root=root)


def test_a_changed_tile_is_found(tmp_path: Path) -> None:
    log._write(tmp_path, 70_000)
    tile = tmp_path / "tile/0/017"
    content = bytearray(tile.read_bytes())
    content[100] ^= 1
    tile.write_bytes(content)
    with pytest.raises(SystemExit, match="tile 17 of level 0"):
        log._check(tmp_path, 70_000)
