"""The tree: against published vectors, a naive reference and another library; and every false proof is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from sogoc.core.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    RUN,
    Frontier,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    run_roots,
    tree_proof,
    verify_consistency,
    verify_inclusion,
)
from sogoc.errors import MalformedError, ProofError
from tests import reference

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/log/rfc6962.json").read_text())
ENTRIES = [bytes([index]) * (index % 5) + b"entry" for index in range(70)]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
ROOTS = [reference.mth(ENTRIES[:size]) for size in range(71)]


def check_inclusion(index: int, size: int, proof: list[bytes], /, **changed: object) -> None:
    arguments = {"leaf": LEAVES[index % 70], "index": index, "size": size, "proof": proof, "root": ROOTS[size % 71]}
    verify_inclusion(**(arguments | changed))  # type: ignore[arg-type]


def check_consistency(old: int, new: int, proof: list[bytes], /, **changed: object) -> None:
    arguments = {
        "old_size": old,
        "new_size": new,
        "proof": proof,
        "old_root": ROOTS[old % 71],
        "new_root": ROOTS[new % 71],
    }
    verify_consistency(**(arguments | changed))  # type: ignore[arg-type]


def test_published_roots() -> None:
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"]]
    assert [root_hash(leaves[:size]).hex() for size in range(9)] == VECTORS["roots"]


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_published_inclusion_proofs(vector: dict[str, object]) -> None:
    index, size = int(str(vector["index"])), int(str(vector["size"]))
    leaves = [leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"][:size]]
    proof = inclusion_proof(index, size, Tree(leaves).node)
    assert [sibling.hex() for sibling in proof] == vector["proof"]
    root = bytes.fromhex(VECTORS["roots"][size])
    verify_inclusion(leaf=leaves[index], index=index, size=size, proof=proof, root=root)


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_published_consistency_proofs(vector: dict[str, object]) -> None:
    old, new = int(str(vector["old"])), int(str(vector["new"]))
    tree = Tree([leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"][:new]])
    proof = consistency_proof(old, new, tree.node)
    assert [sibling.hex() for sibling in proof] == vector["proof"]
    old_root, new_root = (bytes.fromhex(VECTORS["roots"][size]) for size in (old, new))
    verify_consistency(old_size=old, old_root=old_root, new_size=new, new_root=new_root, proof=proof)


@pytest.mark.parametrize("size", range(71))
def test_every_proof_of_every_small_tree_is_that_of_the_reference(size: int) -> None:
    leaves, read = LEAVES[:size], Tree(LEAVES).node
    tree = Tree(leaves)
    assert tree.root == root_hash(leaves) == Frontier.empty().extend(leaves).root() == ROOTS[size]
    for index in range(size):
        proof = inclusion_proof(index, size, read)
        assert proof == tree.proof(index) == reference.path(index, ENTRIES[:size])
        check_inclusion(index, size, proof)
    for old in range(1, size + 1):
        proof = consistency_proof(old, size, read)
        assert proof == reference.proof(old, ENTRIES[:size])
        check_consistency(old, size, proof)
    check_consistency(0, size, consistency_proof(0, size, read))


def test_another_library_builds_the_same_tree() -> None:
    other = InmemoryTree(algorithm="sha256")  # type: ignore[no-untyped-call]
    for entry in ENTRIES:
        other.append_entry(entry)
    for size in range(71):
        assert other.get_root(size) == root_hash(LEAVES[:size])
    for index in range(70):
        # That library counts entries from one, and puts the leaf before its siblings.
        path = other.prove_inclusion(index + 1, 70).serialize()["path"]
        assert path == [node.hex() for node in (LEAVES[index], *tree_proof(LEAVES, index))]


@given(st.integers(0, 200), st.lists(st.integers(0, 200), max_size=5))
def test_a_frontier_may_grow_in_any_steps(size: int, cuts: list[int]) -> None:
    leaves = [leaf_hash(str(index).encode()) for index in range(size)]
    frontier = Frontier.empty()
    for cut in [*sorted(cuts), size]:
        frontier = Frontier.from_bytes(frontier.to_bytes()).extend(iter(leaves[frontier.size : cut]))
    assert frontier == Frontier.empty().extend(leaves)
    assert frontier.root() == root_hash(leaves)


@pytest.mark.parametrize(
    "presented",
    [
        b"",
        b"\0" * 7,
        b"\0" * 9,
        bytes(8) + bytes(32),
        (1).to_bytes(8, "big"),
        (3).to_bytes(8, "big") + bytes(32),
        (3).to_bytes(8, "big") + bytes(65),
        (MAX_SIZE + 1).to_bytes(8, "big") + bytes(32),
    ],
    ids=["empty", "short", "long", "peak of nothing", "no peak", "too few", "trailing byte", "too large"],
)
def test_a_stored_frontier_is_read_strictly(presented: bytes) -> None:
    with pytest.raises(MalformedError):
        Frontier.from_bytes(presented)


@pytest.mark.parametrize("leaf", [b"", bytes(31), bytes(33)])
def test_only_hashes_become_leaves(leaf: bytes) -> None:
    with pytest.raises(MalformedError):
        Frontier.empty().extend([bytes(32), leaf])
    with pytest.raises(MalformedError):
        Tree([bytes(32), leaf])
    with pytest.raises(MalformedError):
        Tree.packed(bytes(32) + bytes(31))


@pytest.mark.parametrize(("index", "size"), [(-1, 7), (7, 7), (0, 0), (8, 7)])
def test_no_proof_outside_the_tree(index: int, size: int) -> None:
    tree = Tree(LEAVES[:size])
    with pytest.raises(ProofError):
        inclusion_proof(index, size, tree.node)
    with pytest.raises(ProofError):
        tree.proof(index)
    with pytest.raises(ProofError):
        tree.node(0, index)


@pytest.mark.parametrize(("old", "new"), [(-1, 7), (8, 7)])
def test_no_consistency_with_what_is_not_older(old: int, new: int) -> None:
    with pytest.raises(ProofError):
        consistency_proof(old, new, Tree(LEAVES).node)


def test_an_incomplete_run_has_no_hash() -> None:
    with pytest.raises(ProofError):
        Tree(LEAVES[:7]).node(2, 1)
    with pytest.raises(ProofError):
        Tree(LEAVES[:7]).node(-1, 0)


SIZES = [2, 3, 7, 8, 13, 64, 70]


@pytest.mark.parametrize("size", SIZES)
def test_a_changed_inclusion_proof_is_refused(size: int) -> None:
    for index in range(size):
        proof = reference.path(index, ENTRIES[:size])
        for at, sibling in enumerate(proof):
            flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
            for changed in (
                [*proof[:at], flipped, *proof[at + 1 :]],
                [*proof[:at], sibling[:31], *proof[at + 1 :]],
                [*proof[:at], sibling + b"\0", *proof[at + 1 :]],
                proof[:at] + proof[at + 1 :],
                [*proof[: at + 1], *proof[at:]],
            ):
                with pytest.raises(ProofError):
                    check_inclusion(index, size, changed)
        for more in ([*proof, bytes(32)], [bytes(32), *proof]):
            with pytest.raises(ProofError):
                check_inclusion(index, size, more)


def test_what_neighbours_climbed_before_lets_no_changed_proof_pass() -> None:
    size = 5 * RUN + 7
    leaves = [leaf_hash(bytes([index % 256, index // 256])) for index in range(size)]
    tree = Tree(leaves)
    for index in (0, 1, RUN - 1, RUN, 3 * RUN + 5, size - 1):
        proof = tree.proof(index)
        known: dict[str, Any] = {"leaf": leaves[index], "index": index, "size": size, "root": tree.root}
        verify_inclusion(**known, proof=proof)
        for place in range(len(proof)):
            for wrong in ([bytes(32)], [], [proof[place], proof[place]]):
                with pytest.raises(ProofError):
                    verify_inclusion(**known, proof=proof[:place] + wrong + proof[place + 1 :])
        verify_inclusion(**known, proof=proof)


@pytest.mark.parametrize("size", SIZES)
def test_an_inclusion_proof_holds_for_its_own_leaf_place_and_root_only(size: int) -> None:
    for index in range(size):
        proof = reference.path(index, ENTRIES[:size])
        for other in {*range(size), -1, size, MAX_SIZE} - {index}:
            with pytest.raises(ProofError):
                check_inclusion(other, size, proof, leaf=LEAVES[index])
        for changed in (
            {"leaf": LEAVES[(index + 1) % size]},
            {"leaf": LEAVES[index][:31]},
            {"leaf": ENTRIES[index]},
            {"root": ROOTS[size - 1]},
            {"root": ROOTS[size] + b"\0"},
            {"size": 0},
            {"size": -size},
            {"size": MAX_SIZE + 1},
        ):
            with pytest.raises(ProofError):
                check_inclusion(index, size, proof, **changed)


def test_bytes_cannot_move_between_a_leaf_and_its_sibling() -> None:
    left, right = LEAVES[:2]
    longer, shorter = left + right[:1], right[1:]
    with pytest.raises(ProofError, match="32 bytes"):
        check_inclusion(0, 2, [shorter], leaf=longer)
    with pytest.raises(ProofError, match="32 bytes"):
        check_consistency(1, 2, [shorter], old_root=longer)


def test_a_tree_under_a_further_root_is_not_of_its_size() -> None:
    above = bytes(32)
    for index in range(7):
        proof = [*reference.path(index, ENTRIES[:7]), above]
        for root in (node_hash(above, ROOTS[7]), node_hash(ROOTS[7], above)):
            with pytest.raises(ProofError):
                check_inclusion(index, 7, proof, root=root)
    for old in range(1, 7):
        proof = [*reference.proof(old, ENTRIES[:7]), above]
        for left in (True, False):
            pairs = [(above, ROOTS[size]) if left else (ROOTS[size], above) for size in (old, 7)]
            for old_root in (ROOTS[old], node_hash(*pairs[0])):
                with pytest.raises(ProofError):
                    check_consistency(old, 7, proof, old_root=old_root, new_root=node_hash(*pairs[1]))


def test_no_tree_is_larger_than_a_size_can_say() -> None:
    root = LEAVES[0]
    for _ in range(64):
        root = node_hash(root, bytes(32))
    with pytest.raises(ProofError):
        check_inclusion(0, 2**64, [bytes(32)] * 64, root=root)


def test_an_inner_node_is_no_leaf() -> None:
    parent = Tree(LEAVES[:2]).root
    with pytest.raises(ProofError):
        check_inclusion(0, 4, [Tree(LEAVES[2:4]).root], leaf=parent)


@pytest.mark.parametrize("new", SIZES)
def test_a_changed_consistency_proof_is_refused(new: int) -> None:
    for old in range(1, new):
        proof = reference.proof(old, ENTRIES[:new])
        for at, sibling in enumerate(proof):
            flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
            for changed in (
                [*proof[:at], flipped, *proof[at + 1 :]],
                [*proof[:at], sibling[:31], *proof[at + 1 :]],
                proof[:at] + proof[at + 1 :],
                [*proof[: at + 1], *proof[at:]],
            ):
                with pytest.raises(ProofError):
                    check_consistency(old, new, changed)
        with pytest.raises(ProofError):
            check_consistency(old, new, [*proof, bytes(32)])
        for changes in (
            {"old_root": ROOTS[old - 1]},
            {"new_root": ROOTS[new - 1]},
            {"old_root": ROOTS[old][:31]},
            {"old_size": old - 1},
            {"new_size": old},
            {"new_size": MAX_SIZE + 1},
            {"old_size": -1},
            {"old_size": new + 1},
        ):
            with pytest.raises(ProofError):
                check_consistency(old, new, proof, **changes)


@pytest.mark.parametrize(
    ("old", "new", "proof", "changed"),
    [
        (0, 0, [], {"old_root": bytes(32)}),
        (0, 7, [], {"old_root": ROOTS[1]}),
        (0, 7, [bytes(32)], {}),
        (0, 0, [bytes(32)], {}),
        (7, 7, [bytes(32)], {}),
        (7, 7, [], {"new_root": ROOTS[6]}),
        (6, 7, [], {}),
        (4, 7, [], {}),
    ],
)
def test_the_edges_of_consistency(old: int, new: int, proof: list[bytes], changed: dict[str, object]) -> None:
    with pytest.raises(ProofError):
        check_consistency(old, new, proof, **changed)


def test_an_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_hash([]) == Frontier.empty().root() == EMPTY_ROOT == ROOTS[0]


@pytest.mark.parametrize("size", [1, 2, RUN - 1, RUN, RUN + 1, 2 * RUN, 2 * RUN + 1, 3 * RUN, 5 * RUN + 7, 8 * RUN])
def test_runs_give_the_root_and_the_paths_of_the_whole_tree(size: int) -> None:
    leaves = [leaf_hash(bytes([index % 251, index // 251])) for index in range(size)]
    whole, parts = Tree(leaves), list(run_roots(iter(leaves)))
    assert sum(count for _, count in parts) == size
    upper = Tree([root for root, _ in parts])
    assert upper.root == whole.root
    for index in range(size):
        run, place = divmod(index, RUN)
        lower = Tree(leaves[run * RUN : (run + 1) * RUN])
        assert [*lower.proof(place), *upper.proof(run)] == whole.proof(index)
