"""`mirror`: a copy is exact, grows with its source, and never takes what is not under the signed root."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.adapters.memory import MemoryFiles
from sogoc.errors import (
    CheckpointError,
    LogForked,
    MalformedError,
    ProofError,
    SignatureError,
    SogocError,
    StorageUnavailable,
)
from sogoc.services.checking import fsck
from sogoc.services.mirroring import mirror
from tests.archive import ORIGIN, Archive
from tests.histories import MINISTRY, SECOND_MINISTRY, History, an_archive
from tests.published import LOG, checkpoint, published


class CountingFiles(MemoryFiles):
    """Files that remember what was asked of them."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self.wrote: list[str] = []

    def get(self, path: str) -> bytes | None:
        self.read.append(path)
        return super().get(path)

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
        self.wrote.append(path)
        super().put(path, content, mutable=mutable)


@cache
def _begun() -> History:
    history = an_archive()
    history.issue(1, history.pairs(600))
    history.state()
    return history


def begun() -> History:
    """A log of 637 entries: two full tiles and partial ones on two levels."""
    return copy.deepcopy(_begun())


def grown(history: History) -> History:
    """The same log some days later, with a page, a revocation and another full tile."""
    history.log_page(history.page(1))
    history.issue(1, history.pairs(200))
    history.act("revoke", history.newest[-1])
    history.state()
    return history


def copied(source: MemoryFiles, target: MemoryFiles) -> int:
    return mirror(source, target, vkeys=[Archive(log_name="next log").vkeys, LOG.vkeys], origin=ORIGIN)


def content(files: MemoryFiles) -> dict[str, bytes | None]:
    return {path: files.get(path) for path in files.list("")}


def check(files: MemoryFiles, notes: list[str] | None = None) -> int:
    """Hold a copy against everything a log must be, and return its size."""
    found = fsck(files, vkeys=[LOG.vkeys], origin=ORIGIN, ministry=[MINISTRY.jwk, SECOND_MINISTRY.jwk])
    assert not found.faults
    assert [note.code for note in found.notes] == (notes or [])
    return found.size


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 513])
def test_a_first_copy_is_exact(size: int) -> None:
    history = History()
    history.entries = [b"entry %d" % index for index in range(size)]
    source = published(history)
    assert copied(source, target := MemoryFiles()) == len(source.list(""))
    assert content(target) == content(source)


def test_a_copy_grows_with_its_source_and_reads_only_what_is_new() -> None:
    history, source, target = begun(), CountingFiles(), MemoryFiles()
    published(history, source)
    assert copied(source, target) == len(source.list(""))
    assert check(target) == history.size
    published(grown(history), source)
    source.read.clear()
    written, read = copied(source, target), set(source.read)
    assert check(target) == history.size
    assert content(target) == content(source)
    # Two tiles and two bundles, one tile above, the page, two lists, the checkpoint.
    assert written == 9
    assert not {"tile/0/000", "tile/entries/000", "tile/entries/001", "authority/2/1.json"} & read


def test_a_copy_that_is_up_to_date_is_left_alone() -> None:
    source, target = published(begun()), CountingFiles()
    copied(source, target)
    target.wrote.clear()
    assert copied(source, target) == 0
    assert target.wrote == []


def test_more_signatures_on_the_same_tree_are_taken_over() -> None:
    history = begun()
    source, target = published(history), MemoryFiles()
    copied(source, target)
    note = (source.get("checkpoint") or b"") + "— witness.example AAAAAAAA\n".encode()
    source.put("checkpoint", note, mutable=True)
    assert copied(source, target) == 1
    assert target.get("checkpoint") == note


def test_the_checkpoint_comes_last_and_tells_its_progress() -> None:
    history, target = begun(), CountingFiles()
    seen: list[tuple[int, int]] = []
    source = published(history)
    mirror(source, target, vkeys=[LOG.vkeys], origin=ORIGIN, progress=lambda done, of: seen.append((done, of)))
    assert target.wrote[-1] == "checkpoint"
    assert seen == [(256, 637), (512, 637), (637, 637)]


@pytest.mark.parametrize("path", ["tile/0/002", "authority/1/2.json", "status/0", "status/1", "checkpoint"])
def test_a_copy_that_was_interrupted_is_still_a_log_and_can_be_finished(path: str) -> None:
    history = begun()
    source, target = published(history), MemoryFiles()
    copied(source, target)
    published(grown(history), source)
    target.fail_next("put", path=path)
    with pytest.raises(StorageUnavailable):
        copied(source, target)
    assert (target.get("checkpoint") or b"").startswith(f"{ORIGIN}\n637\n".encode())
    copied(source, target)
    assert check(target) == history.size


# -- what a copy refuses ----------------------------------------------------------------------------------------------------


def rolled_back(source: MemoryFiles, history: History) -> None:
    source.put("checkpoint", checkpoint(history, 600), mutable=True)


def forked(source: MemoryFiles, history: History) -> None:
    """The same keys signed another tree, larger than the one that was copied."""
    del history.entries[300:]
    history.entries += [b"another history"] * 500
    replace_all(source, published(history))


def forked_at_the_same_size(source: MemoryFiles, history: History) -> None:
    history.entries[300] = b"another history"
    replace_all(source, published(history))


def replace_all(source: MemoryFiles, other: MemoryFiles) -> None:
    for path in source.list(""):
        source.delete(path)
    for path, one in content(other).items():
        source.put(path, one or b"")


def unsigned(source: MemoryFiles, history: History) -> None:
    published(grown(history), source, log=Archive(log_name="stranger"))


def half_signed(source: MemoryFiles, history: History) -> None:
    note = checkpoint(grown(history), history.size).decode()
    published(history, source)
    source.put("checkpoint", note[: note.rindex("\u2014")].encode(), mutable=True)


def of_another_log(source: MemoryFiles, history: History) -> None:
    published(grown(history), source, log=Archive(origin="other.example"))


def unreadable(source: MemoryFiles, history: History) -> None:
    source.put("checkpoint", b"\xff\xff", mutable=True)


def gone(source: MemoryFiles, history: History) -> None:
    source.delete("checkpoint")


def changed(path: str) -> Callable[[MemoryFiles, History], None]:
    def change(source: MemoryFiles, history: History) -> None:
        published(grown(history), source)
        one = bytearray(source.get(path) or b"")
        one[len(one) // 2] ^= 1
        source.put(path, bytes(one), mutable=True)

    return change


def lacking(path: str) -> Callable[[MemoryFiles, History], None]:
    def delete(source: MemoryFiles, history: History) -> None:
        published(grown(history), source)
        source.delete(path)

    return delete


REFUSED = [
    pytest.param(rolled_back, CheckpointError, id="rolled back"),
    pytest.param(forked, LogForked, id="forked"),
    pytest.param(forked_at_the_same_size, LogForked, id="forked at the same size"),
    pytest.param(unsigned, SignatureError, id="unsigned"),
    pytest.param(half_signed, CheckpointError, id="half signed"),
    pytest.param(of_another_log, CheckpointError, id="of another log"),
    pytest.param(unreadable, MalformedError, id="unreadable"),
    pytest.param(gone, StorageUnavailable, id="gone"),
    *(
        pytest.param(changed(path), ProofError, id=f"{path} changed")
        for path in ("tile/0/002", "tile/entries/002", "tile/0/003.p/73", "tile/1/000.p/3", "authority/1/2.json")
    ),
    *(
        pytest.param(lacking(path), StorageUnavailable, id=f"{path} missing")
        for path in ("tile/0/002", "tile/entries/003.p/73", "tile/0/003.p/73", "authority/1/2.json", "status/1")
    ),
    pytest.param(changed("status/0"), StorageUnavailable, id="status of another state"),
]


@pytest.mark.parametrize(("attack", "error"), REFUSED)
def test_what_is_not_under_the_signed_root_of_a_longer_log_is_refused(
    attack: Callable[[MemoryFiles, History], None], error: type[Exception]
) -> None:
    source, target = published(begun()), MemoryFiles()
    copied(source, target)
    before = content(target)
    attack(source, begun())
    with pytest.raises(error):
        copied(source, target)
    now = content(target)
    assert {path: now[path] for path in before} == before
    honest = published(grown(begun()))
    assert {path: one for path, one in now.items() if path not in before}.items() <= content(honest).items()


def test_broken_tiles_of_the_source_are_not_called_a_fork() -> None:
    """A fork is a conviction: only two signed trees prove it."""
    history = begun()
    source, target = published(history), MemoryFiles()
    copied(source, target)
    published(grown(history), source)
    tile = bytearray(source.get("tile/0/002") or b"")
    tile[0] ^= 1  # inside of what the copy has already
    source.put("tile/0/002", bytes(tile), mutable=True)
    with pytest.raises(ProofError):
        copied(source, target)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_the_source_serves_the_copy_stays_a_log(data: st.DataObject) -> None:
    history = begun()
    source, target = published(history), MemoryFiles()
    copied(source, target)
    before = content(target)
    published(grown(history), source)
    path = data.draw(st.sampled_from(source.list("")))
    one = bytearray(source.get(path) or b"")
    one[data.draw(st.integers(0, len(one) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    source.put(path, bytes(one), mutable=True)
    try:
        copied(source, target)
    except SogocError:
        assert {name: target.get(name) for name in before} == before
    else:
        assert check(target) == history.size
