"""Files in a folder under a failing disk: what is seen is whole, what was acknowledged stays.

The same harness watches a careless writer, and has to catch it.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from sogoc.adapters.files_posix import PosixFiles
from sogoc.errors import LogForked, StorageUnavailable
from tests.adapters import disk

# The child of a fork does nothing here but write and die.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

Writer = Callable[[Path], None]

OLD, NEW = b"old checkpoint\n" * 400, b"new checkpoint\n" * 500
TILES = {
    f"tile/{level}/x000/{index:03d}": sha256(bytes([level, index])).digest() * 64
    for level in (0, 1)
    for index in range(3)
}
FINISHED = TILES | {"checkpoint": NEW}


def careful(folder: Path) -> None:
    files = PosixFiles(folder, new=True)
    files.put_many(TILES.items())
    files.put("checkpoint", NEW, mutable=True)


def in_place(folder: Path) -> None:
    """Write as most programs do: over the file itself, and nothing is waited for."""
    for path, content in FINISHED.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)


def renamed_but_not_waited_for(folder: Path) -> None:
    """Write aside, sync the file, rename it, and forget its folder: the usual mistake."""
    for path, content in FINISHED.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".aside", os.O_WRONLY | os.O_CREAT)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        (folder / ".aside").replace(folder / path)


def linked_before_synced(folder: Path) -> None:
    """Do everything, in the wrong order."""
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder / ".aside", os.O_WRONLY | os.O_CREAT)
    os.write(descriptor, NEW)
    (folder / ".aside").replace(folder / "checkpoint")
    top = os.open(folder, os.O_RDONLY)
    os.fsync(top)
    os.close(top)
    os.close(descriptor)


def published(folder: Path) -> Path:
    """A folder in which an earlier run left its checkpoint."""
    PosixFiles(folder, new=True).put("checkpoint", OLD, mutable=True)
    return folder


def torn(folder: Path) -> list[str]:
    """The files that a reader sees and that are neither what they were nor what they were to be."""
    whole = {path: {content} for path, content in TILES.items()} | {"checkpoint": {OLD, NEW}}
    return [path for path in PosixFiles(folder, new=True).list("") if (folder / path).read_bytes() not in whole[path]]


def killed_at(nth: int, writer: Writer, folder: Path) -> bool:
    """Run `writer` in a process of its own that is killed at its `nth` call. False when it was done before."""
    child = os.fork()
    if child == 0:
        try:
            disk.cut(pytest.MonkeyPatch(), folder, nth, "kill")
            writer(folder)
            os._exit(0)
        finally:
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert ended in {0, -signal.SIGKILL}
    return ended != 0


def sweep(writer: Writer, tmp_path: Path) -> tuple[int, list[str]]:
    """Kill `writer` at each call in turn. Returns how often, and every file that was then seen in part."""
    seen: list[str] = []
    for nth in range(1, 1000):
        folder = published(tmp_path / f"{nth}")
        if not killed_at(nth, writer, folder):
            return nth - 1, seen
        seen += torn(folder)
    raise AssertionError("the writer never ends")


def test_a_writer_killed_at_any_call_leaves_nothing_in_part(tmp_path: Path) -> None:
    killed, seen = sweep(careful, tmp_path)
    assert killed > 50
    assert seen == []


def test_the_same_sweep_catches_a_writer_in_place(tmp_path: Path) -> None:
    _, seen = sweep(in_place, tmp_path)
    assert len(seen) >= len(FINISHED)


def test_after_a_kill_at_any_call_the_same_writes_go_through(tmp_path: Path) -> None:
    for nth in range(1, 1000, 3):
        folder = published(tmp_path / f"{nth}")
        killed = killed_at(nth, careful, folder)
        careful(folder)
        assert {path: (folder / path).read_bytes() for path in PosixFiles(folder).list("")} == FINISHED
        if not killed:
            return


def test_a_kill_at_random_leaves_nothing_in_part(tmp_path: Path) -> None:
    """The sweep counts calls; this one does not know them."""
    for delay in range(12):
        folder = published(tmp_path / f"{delay}")
        child = os.fork()
        if child == 0:
            try:
                while True:
                    careful(folder)
                    (folder / "checkpoint").unlink()
            finally:
                os._exit(1)
        time.sleep(delay / 400)  # not waiting for anything: this is when it dies
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert torn(folder) == []


@pytest.mark.parametrize("fault", ["EIO", "ENOSPC"])
def test_an_error_at_any_call_is_told_and_leaves_nothing_in_part(tmp_path: Path, fault: disk.Fault) -> None:
    for nth in range(1, 1000):
        folder = published(tmp_path / f"{nth}")
        with pytest.MonkeyPatch.context() as patch:
            counted = disk.cut(patch, folder, nth, fault)
            try:
                careful(folder)
            except StorageUnavailable:
                pass
            else:
                if counted() < nth:
                    assert nth > 50
                    return
        assert torn(folder) == []
        (folder / ".unconfirmed").unlink(missing_ok=True)
        careful(folder)
    raise AssertionError("the writer never ends")


# -- Power -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2], ids=["once", "again"])
def test_a_power_cut_after_the_return_takes_nothing(tmp_path: Path, times: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        recorder = disk.Recorder(patch, tmp_path)
        files = PosixFiles(tmp_path / "made" / "by the store", new=True)
        for _ in range(times):
            files.put_many(TILES.items())
            assert recorder.lost() == set()
            files.put("checkpoint", NEW, mutable=True)
            assert recorder.lost() == set()
            files.put("new/folder/file", b"1")
            assert recorder.lost() == set()


def test_what_a_killed_writer_did_not_wait_for_the_next_one_does(tmp_path: Path) -> None:
    for nth in range(1, 200):
        folder = tmp_path / f"{nth}"
        with pytest.MonkeyPatch.context() as patch:
            recorder = disk.Recorder(patch, tmp_path)
            with pytest.MonkeyPatch.context() as cut:
                counted = disk.cut(cut, folder, nth, "EIO")
                try:
                    PosixFiles(folder, new=True).put("a/b/c", b"content")
                except StorageUnavailable:
                    (folder / ".unconfirmed").unlink(missing_ok=True)
            PosixFiles(folder, new=True).put("a/b/c", b"content")
            assert recorder.lost() == set(), nth
            if counted() < nth:
                return
    raise AssertionError("the writer never ends")


def test_what_a_copy_put_there_is_waited_for_before_it_counts(tmp_path: Path) -> None:
    files = PosixFiles(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        recorder = disk.Recorder(patch, tmp_path)
        in_place(tmp_path)
        files.put_many(FINISHED.items())
        assert recorder.lost() == set()


@pytest.mark.parametrize("writer", [in_place, renamed_but_not_waited_for, linked_before_synced])
def test_the_same_books_catch_who_does_not_wait(tmp_path: Path, writer: Writer) -> None:
    with pytest.MonkeyPatch.context() as patch:
        recorder = disk.Recorder(patch, tmp_path)
        writer(tmp_path / "folder")
        assert tmp_path / "folder" / "checkpoint" in recorder.lost()


# -- A disk that does not confirm ----------------------------------------------------------------------------------------


def test_after_a_failed_sync_the_store_refuses_until_an_operator_has_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, neighbour = PosixFiles(tmp_path), PosixFiles(tmp_path)
    files.put("a", b"1")

    def fail(descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(StorageUnavailable, match="did not confirm"):
            files.put("b", b"2")
    calls: list[Callable[[], object]] = [
        lambda: files.put("b", b"2"),
        lambda: files.put_many([("b", b"2")]),
        lambda: files.get("a"),
        lambda: files.list(""),
        lambda: files.delete("a"),
        lambda: neighbour.put("b", b"2"),
        lambda: neighbour.delete("a"),
        lambda: PosixFiles(tmp_path).put("b", b"2"),
    ]
    for call in calls:
        with pytest.raises(StorageUnavailable, match="did not confirm"):
            call()
    # To verify the files they have to be read, by a process that starts anew.
    assert PosixFiles(tmp_path).get("a") == b"1"
    (tmp_path / ".unconfirmed").unlink()
    PosixFiles(tmp_path).put("b", b"2")


def test_a_full_disk_is_told_and_passes(tmp_path: Path) -> None:
    files = PosixFiles(tmp_path)
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # stands in for it: a write that comes back short
    try:
        with pytest.raises(StorageUnavailable):
            files.put("large", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files.list("") == []
    files.put("large", bytes(100_000))


def test_a_disk_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(StorageUnavailable):
        PosixFiles(tmp_path / "mounted")
    files = PosixFiles(tmp_path / "mounted", new=True)
    files.put("a", b"1")
    (tmp_path / "mounted").rename(tmp_path / "elsewhere")
    for call in (lambda: files.get("a"), lambda: files.list(""), lambda: files.delete("a")):
        with pytest.raises(StorageUnavailable):
            call()
    with pytest.raises(StorageUnavailable):
        files.put("b", b"2")
    assert not (tmp_path / "mounted").exists()


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    files = PosixFiles(tmp_path)
    files.put("a", b"1")
    with pytest.raises(StorageUnavailable):
        files.put("a/b", b"2")


# -- The folder ----------------------------------------------------------------------------------------------------------


def test_two_processes_that_write_other_bytes_do_not_overwrite_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = PosixFiles(tmp_path), PosixFiles(tmp_path)
    link = os.link

    def meanwhile(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "link", link)
        second.put("a", b"2")
        link(source, target)

    monkeypatch.setattr(os, "link", meanwhile)
    with pytest.raises(LogForked):
        first.put("a", b"1")
    assert second.get("a") == b"2"


def test_what_killed_writers_left_is_hidden_and_goes_after_a_day(tmp_path: Path) -> None:
    files = PosixFiles(tmp_path)
    files.put("a", b"1")
    old, fresh = tmp_path / ".incoming" / "old", tmp_path / ".incoming" / "fresh"
    for left in (old, fresh):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - 25 * 60 * 60,) * 2)
    assert PosixFiles(tmp_path).list("") == ["a"]
    assert (old.exists(), fresh.exists()) == (False, True)


def test_nothing_temporary_is_left_behind(tmp_path: Path) -> None:
    files = PosixFiles(tmp_path)
    careful(tmp_path)
    with pytest.raises(LogForked):
        files.put("tile/0/x000/000", b"other")
    assert list((tmp_path / ".incoming").iterdir()) == []
