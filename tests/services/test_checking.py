"""`fsck`: a published log is right or the fault is named; it needs nothing but the public files."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.adapters.memory import MemoryFiles
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.errors import StorageUnavailable
from sogoc.ports import AnchoredEvent
from sogoc.services.checking import FILE_FAULTS, NOTES, Audit, fsck
from tests import reference
from tests.archive import ORIGIN, Archive
from tests.histories import KEYS, MINISTRY, SECOND_MINISTRY, History, an_archive
from tests.published import LOG, checkpoint, published

Named = list[tuple[int | None, str]]


@dataclass
class Publication:
    history: History
    files: MemoryFiles
    sizes: list[int]


@cache
def _publication() -> Publication:
    """A log of 607 entries, published three times: full tiles, partial ones, and older partial ones."""
    history = an_archive()
    sizes = [history.size]
    files = published(history)
    history.issue(1, history.pairs(500))
    history.act("revoke", history.newest[-3])
    sizes.append(history.state() + 1)
    published(history, files)
    history.issue(1, history.pairs(68))
    sizes.append(history.state() + 1)
    return Publication(history, published(history, files), sizes)


def publication() -> Publication:
    return copy.deepcopy(_publication())


def audit(files: MemoryFiles, *anchors: AnchoredEvent, log: Archive = LOG) -> Audit:
    return fsck(
        files,
        vkeys=[Archive(log_name="next log").vkeys, log.vkeys],
        origin=ORIGIN,
        ministry=[MINISTRY.jwk, SECOND_MINISTRY.jwk],
        anchors=anchors,
    )


def named(found: Audit) -> Named:
    return [(fault.index, fault.code) for fault in found.faults]


def anchor(size: int, root: bytes) -> AnchoredEvent:
    return AnchoredEvent(
        sequence=0, size=size, root=root, block_number=1, block_hash=bytes(32), block_time=0, transaction=bytes(32),
        final=True, pending="",
    )  # fmt: skip


def root_of(history: History, size: int) -> bytes:
    return Frontier.empty().extend(map(leaf_hash, history.entries[:size])).root()


def test_a_log_that_is_right() -> None:
    was = publication()
    seen: list[tuple[int, int]] = []
    found = fsck(
        was.files,
        vkeys=[LOG.vkeys],
        origin=ORIGIN,
        ministry=[MINISTRY.jwk],
        anchors=[anchor(size, root_of(was.history, size)) for size in (0, 1, *was.sizes)],
        progress=lambda done, of: seen.append((done, of)),
    )
    size = was.history.size
    assert size == was.sizes[-1] == 608
    assert not found.faults
    assert not found.notes
    assert (found.size, found.root) == (size, reference.mth(was.history.entries))
    assert found.acts["issue"] == 581
    assert found.institutions[2] == {"authority": 2, "batch": 2, "issue": 4}
    assert sum(found.acts.values()) == sum(sum(of.values()) for of in found.institutions.values()) == size
    assert found.state_at == was.history.now
    assert found.seconds > 0
    assert seen[-1] == (size, size)
    assert sorted(seen) == seen


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 513])
def test_a_log_of_any_size(size: int) -> None:
    history = History()
    if size:
        history.accredit()
    if size > 1:
        history.issue(1, history.pairs(size - 3))
        history.state()
    assert history.size == size
    found = audit(published(history))
    assert not found.faults
    assert found.size == size
    assert not found.notes


# -- faults, one at a time ------------------------------------------------------------------------------------------------


def change(files: MemoryFiles, path: str, at: int = 0) -> None:
    content = bytearray(files.get(path) or b"")
    content[at] ^= 1
    files.put(path, bytes(content), mutable=True)


def no_checkpoint(was: Publication) -> Named:
    was.files.delete("checkpoint")
    return [(None, "checkpoint")]


def unreadable_checkpoint(was: Publication) -> Named:
    was.files.put("checkpoint", b"\xff", mutable=True)
    return [(None, "checkpoint")]


def checkpoint_without_a_signature(was: Publication) -> Named:
    note = (was.files.get("checkpoint") or b"").decode()
    was.files.put("checkpoint", note[: note.rindex("\u2014")].encode(), mutable=True)
    return [(None, "checkpoint-signature")]


def checkpoint_by_other_keys(was: Publication) -> Named:
    published(was.history, was.files, log=Archive(log_name="stranger"))
    return [(None, "checkpoint-signature")]


def checkpoint_of_another_log(was: Publication) -> Named:
    published(was.history, was.files, log=Archive(origin="other.example"))
    return [(None, "checkpoint-signature")]


def checkpoint_of_another_tree(was: Publication) -> Named:
    other = copy.deepcopy(was.history)
    other.entries[-1] = other.entries[-2]
    was.files.put("checkpoint", checkpoint(other, other.size), mutable=True)
    return [(None, "root")]


def bundle_missing(was: Publication) -> Named:
    was.files.delete("tile/entries/001")
    return [(256, "entries")]


def bundle_cut_off(was: Publication) -> Named:
    was.files.put("tile/entries/001", (was.files.get("tile/entries/001") or b"")[:-1], mutable=True)
    return [(256, "entries")]


def tile_missing(was: Publication) -> Named:
    was.files.delete("tile/0/001")
    return [(256, "tile-missing")]


def partial_tile_missing(was: Publication) -> Named:
    was.files.delete(f"tile/0/002.p/{was.sizes[-1] - 512}")
    return [(512, "tile-missing")]


def tile_wrong(was: Publication) -> Named:
    change(was.files, "tile/0/001", 32 * 7 + 5)
    return [(256 + 7, "tile-wrong")]


def tile_cut_off(was: Publication) -> Named:
    was.files.put("tile/0/001", (was.files.get("tile/0/001") or b"")[:-32], mutable=True)
    return [(511, "tile-wrong")]


def upper_tile_wrong(was: Publication) -> Named:
    change(was.files, "tile/1/000.p/2", 32)
    return [(256, "tile-wrong")]


def old_partial_tile_wrong(was: Publication) -> Named:
    change(was.files, f"tile/0/000.p/{was.sizes[0]}", 32 * 3)
    return [(3, "tile-wrong")]


def old_partial_bundle_wrong(was: Publication) -> Named:
    change(was.files, f"tile/entries/002.p/{was.sizes[1] - 512}", 100)
    return [(512, "tile-wrong")]


def status_missing(was: Publication) -> Named:
    was.files.delete("status/1")
    return [(was.sizes[-1] - 1, "status-missing")]


def status_wrong(was: Publication) -> Named:
    change(was.files, "status/0", 3000)
    return [(was.sizes[-1] - 1, "status-wrong")]


def status_cut_off(was: Publication) -> Named:
    was.files.put("status/0", bytes(10), mutable=True)
    return [(was.sizes[-1] - 1, "status-wrong")]


FAULTY: list[Callable[[Publication], Named]] = [
    no_checkpoint, unreadable_checkpoint, checkpoint_without_a_signature, checkpoint_by_other_keys,
    checkpoint_of_another_log, checkpoint_of_another_tree, bundle_missing, bundle_cut_off, tile_missing,
    partial_tile_missing, tile_wrong, tile_cut_off, upper_tile_wrong, old_partial_tile_wrong,
    old_partial_bundle_wrong, status_missing, status_wrong, status_cut_off,
]  # fmt: skip


@pytest.mark.parametrize("seed", FAULTY)
def test_a_fault_in_the_files_is_named(seed: Callable[[Publication], Named]) -> None:
    was = publication()
    expected = seed(was)
    found = audit(was.files)
    assert named(found) == expected
    assert all(fault.en and fault.vi for fault in found.faults)


def test_a_missing_page_is_named_and_what_rested_on_it() -> None:
    was = publication()
    was.files.delete("authority/3/2.json")
    found = audit(was.files)
    assert [fault.code for fault in found.faults][:1] == ["page-missing"]
    assert "3/2" in found.faults[0].en


def test_a_changed_entry_shows_in_its_tile_in_every_tile_above_and_in_the_root() -> None:
    was = publication()
    bundle = was.files.get("tile/entries/001") or b""
    was.files.put("tile/entries/001", bundle.replace(b'"status":[0,', b'"status":[1,', 1), mutable=True)
    codes = [code for _, code in named(audit(was.files))]
    assert codes.count("tile-wrong") == 2
    assert codes[-1] == "root"


def test_a_fault_in_an_entry_is_named_at_its_index() -> None:
    history = an_archive()
    at = history.act("revoke", 10, by=KEYS[2])
    history.status[history.place[10]] = 0
    history.state()
    found = audit(published(history))
    assert named(found) == [(at, "author")]


def test_anchors_are_held_against_the_log() -> None:
    was = publication()
    right, end = root_of(was.history, 100), was.sizes[-1]
    anchors = [anchor(100, right), anchor(300, bytes(32)), anchor(256, right), anchor(end + 1, bytes(32))]
    assert named(audit(was.files, *anchors)) == [(256, "anchor"), (300, "anchor"), (end + 1, "anchor-ahead")]


def test_two_anchors_of_one_size_cannot_both_be_right() -> None:
    was = publication()
    right = anchor(100, root_of(was.history, 100))
    assert named(audit(was.files, right, right)) == []
    assert named(audit(was.files, right, anchor(100, bytes(32)))) == [(100, "anchor")]


def test_no_more_faults_are_listed_than_a_reader_can_use() -> None:
    history = History()
    history.accredit()
    for _ in range(1500):
        history.append(b"?")
    found = audit(published(history))
    assert len(found.faults) == 1000
    assert [(note.code, "500" in note.en) for note in found.notes] == [("more", True)]


def test_every_code_of_a_file_is_seeded() -> None:
    seeded = {code for seed in FAULTY for _, code in seed(publication())} | {"anchor", "anchor-ahead"}
    assert seeded == FILE_FAULTS.keys()


# -- notes ----------------------------------------------------------------------------------------------------------------


def test_files_beyond_the_checkpoint_are_told_and_are_no_fault() -> None:
    """So it is when power fails between the tiles and the checkpoint: the old checkpoint stands, and the new tiles."""
    was = publication()
    was.files.put("checkpoint", checkpoint(was.history, was.sizes[1]), mutable=True)
    was.files.put("status/7", b"", mutable=True)
    was.files.put("authority/4/1.json", b"{}")
    found = audit(was.files)
    assert not found.faults
    assert [note.code for note in found.notes] == ["future"]
    assert found.size == was.sizes[1]
    assert found.notes[0].en.startswith(f"{NOTES['future'][0]}: 4: ")


def test_a_full_tile_may_stand_for_a_partial_one_that_was_cleared_away() -> None:
    history = an_archive()
    files = published(history)
    history.issue(1, history.pairs(400))
    published(history, full := MemoryFiles())
    for path in ("tile/0/000", "tile/entries/000"):
        files.delete(f"{path}.p/{len(history.entries) - 401}")
        files.put(path, full.get(path) or b"")
    found = audit(files)
    assert not found.faults
    assert [note.code for note in found.notes] == ["future"]
    change(files, "tile/0/000", 32)
    assert named(audit(files)) == [(1, "tile-wrong")]


def test_strange_files_are_told() -> None:
    was = publication()
    for path in ("tile/0/0001", "tile/readme", "authority/x.json", "status/01"):
        was.files.put(path, b"")
    found = audit(was.files)
    assert not found.faults
    assert [(note.code, "4: " in note.en) for note in found.notes] == [("stray", True)]


def test_a_log_that_ends_inside_a_batch_is_told() -> None:
    history = an_archive()
    at = history.issue(1, history.pairs(5))
    del history.entries[-2:]
    found = audit(published(history))
    assert not found.faults
    assert [(note.index, note.code) for note in found.notes] == [(at, "open-batch")]


class GrowingFiles(MemoryFiles):
    """Files of a log that publishes once more when its status lists are asked for."""

    def get(self, path: str) -> bytes | None:
        if path == "status/0":
            self.put("checkpoint", b"a newer one", mutable=True)
            self.put(path, bytes(10), mutable=True)
        return super().get(path)


def test_a_log_that_grows_meanwhile_is_not_called_wrong() -> None:
    published(an_archive(), growing := GrowingFiles())
    found = audit(growing)
    assert not found.faults
    assert [note.code for note in found.notes] == ["grew"]


@pytest.mark.parametrize("path", ["checkpoint", "tile/entries/001", "tile/0/000", "authority/2/1.json", "status/1"])
def test_what_cannot_be_read_is_not_called_wrong(path: str) -> None:
    was = publication()
    was.files.fail_next("get", path=path)
    with pytest.raises(StorageUnavailable, match="was told to fail"):
        audit(was.files)


# -- any change at all ------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_bit_of_any_public_file_can_change_unseen(data: st.DataObject) -> None:
    was = publication()
    path = data.draw(st.sampled_from(was.files.list("")))
    content = was.files.get(path) or b""
    at = data.draw(st.integers(0, len(content) - 1))
    changed = bytearray(content)
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    was.files.put(path, bytes(changed), mutable=True)
    assert audit(was.files).faults


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_public_file_can_go_unseen_but_older_partial_ones(data: st.DataObject) -> None:
    was = publication()
    needed = [path for path in was.files.list("") if ".p/" not in path or int(path.partition(".p/")[2]) in {95, 2}]
    was.files.delete(data.draw(st.sampled_from(needed)))
    assert audit(was.files).faults


def test_it_runs_without_the_server() -> None:
    code = (
        "import sys; import sogoc.services.checking, sogoc.services.mirroring;"
        "sys.exit(any(name.partition('.')[0] in {'django', 'psycopg', 'web3'} for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
