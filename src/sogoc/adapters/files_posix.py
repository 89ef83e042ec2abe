"""Files in a folder of this machine: durable when a call returns, never visible in part, immutable where it is asked.

A file is written under a temporary name in `.incoming`, waited for, and linked to its own name, which fails where
another file is already; then its folder is waited for. Waiting is what takes time, and a disk serves many waiters at
once: `put_many` lets sixteen threads wait.

When the disk does not confirm, nobody knows what it holds, and reading back proves nothing, for it may answer from
memory. The store then refuses every call, and leaves `.unconfirmed` so that no process writes here until an operator
has verified the files and removed it.

Spec: the contract of `FileStore` in sogoc.ports
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from sogoc.adapters.durable import SyncFailed, make_folder, sync, sync_folder, write_file
from sogoc.errors import InputError, LogForked, StorageUnavailable

_Item = TypeVar("_Item")

_WAITERS = 16
_IN_FLIGHT = 64
_INCOMING = ".incoming"
_UNCONFIRMED = ".unconfirmed"
_SECONDS_UNTIL_ABANDONED = 24 * 60 * 60
_MODE = 0o644
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")


def check_path(path: str) -> None:
    """Refuse a path that could leave the store or hide in it.

    Raises: InputError unless every part between slashes is 1 to 200 of A-Z a-z 0-9 . _ - and begins with neither dot
    nor hyphen.
    """
    if not all(_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        raise InputError(f"{path!r} is not the path of a file in a store", f"{path!r} không phải đường dẫn trong kho")


class PosixFiles:
    """A `FileStore` in the folder `root`, which is made only if it is `new`. Threads and processes may share it."""

    def __init__(self, root: Path, *, new: bool = False) -> None:
        """Raises: StorageUnavailable, also where the folder is missing: a disk that is not there is no empty one."""
        self._root = root
        self._incoming = root / _INCOMING
        self._failed = False
        self._durable_folders: set[Path] = set()
        with self._reporting(str(root)):
            if new:
                make_folder(root)
            elif not root.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            self._sweep()

    def put(self, path: str, content: bytes, *, mutable: bool = False) -> None:
        """Write one file. Raises: LogForked, StorageUnavailable, InputError for a path that is none."""
        check_path(path)
        file = self._root / path
        with self._writing(path):
            self._make_folder(file.parent)
            if mutable:
                self._replace(file, content)
            else:
                self._place(file, content)
            sync_folder(file.parent)

    def put_many(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write many immutable files, durable together. An error may leave some of them: the rest can be put again.

        Raises: LogForked, StorageUnavailable, InputError for a path that is none.
        """
        folders: set[Path] = set()

        def place(one: tuple[Path, bytes]) -> None:
            self._place(*one)

        def prepared() -> Iterator[tuple[Path, bytes]]:
            for path, content in files:
                check_path(path)
                file = self._root / path
                self._make_folder(file.parent)
                folders.add(file.parent)
                yield file, content

        with self._writing("many files"):
            _wait_for_all(place, prepared())
            _wait_for_all(sync_folder, folders)

    def get(self, path: str) -> bytes | None:
        check_path(path)
        with self._reporting(path):
            try:
                return (self._root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                # A store that is gone, as when its disk is not mounted, must not look like an empty one.
                self._root.stat()
                return None

    def delete(self, path: str) -> None:
        """Remove a file for good; one that is not there is as good. Raises: StorageUnavailable, InputError."""
        check_path(path)
        file = self._root / path
        with self._writing(path):
            try:
                file.unlink(missing_ok=True)
                sync_folder(file.parent)
            except (FileNotFoundError, NotADirectoryError):
                self._root.stat()

    def list(self, folder: str) -> list[str]:
        """The sorted paths of all files in `folder` and below, as `get` takes them; `""` is the whole store.

        Raises: StorageUnavailable, InputError.
        """
        if folder:
            check_path(folder)
        found = []
        with self._reporting(folder):
            self._root.stat()
            top = self._root / folder
            if not top.is_dir():
                return []
            for place, folders, names in os.walk(top, onerror=_throw):
                folders[:] = [name for name in folders if not name.startswith(".")]
                here = Path(place).relative_to(self._root)
                found += [(here / name).as_posix() for name in names if not name.startswith(".")]
        return sorted(found)

    # -- How a file gets there ------------------------------------------------------------------------------------------

    def _place(self, file: Path, content: bytes) -> None:
        """Give an immutable file its name, durable when its folder is."""
        if file.exists():
            return _compare(file, content)
        with self._written(content) as temporary:
            try:
                os.link(temporary, file)
            except FileExistsError:
                _compare(file, content)
        return None

    def _replace(self, file: Path, content: bytes) -> None:
        with self._written(content) as temporary:
            temporary.replace(file)

    @contextmanager
    def _written(self, content: bytes) -> Iterator[Path]:
        """Yield a temporary file whose bytes are on the disk."""
        temporary = self._incoming / secrets.token_hex(16)
        try:
            write_file(temporary, content, mode=_MODE)
            yield temporary
        finally:
            temporary.unlink(missing_ok=True)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder if it is missing, and see once to it that it and those above it are durable.

        Once even where they exist: whoever made them may have been killed before they were.
        """
        if folder in self._durable_folders or folder == self._root:
            return
        self._make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
        self._durable_folders.add(folder)

    def _sweep(self) -> None:
        """Remove what killed writers left."""
        if not self._incoming.is_dir():
            return
        abandoned = time.time() - _SECONDS_UNTIL_ABANDONED
        for temporary in self._incoming.iterdir():
            with suppress(FileNotFoundError):
                if temporary.stat().st_mtime < abandoned:
                    temporary.unlink()

    # -- What can go wrong ----------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self, what: str) -> Iterator[None]:
        if not self._failed and (self._root / _UNCONFIRMED).exists():
            raise _unconfirmed(self._root)
        with self._reporting(what):
            self._incoming.mkdir(exist_ok=True)
            yield

    @contextmanager
    def _reporting(self, what: str) -> Iterator[None]:
        if self._failed:
            raise _unconfirmed(self._root)
        try:
            yield
        except SyncFailed as error:
            self._failed = True
            with suppress(OSError):
                (self._root / _UNCONFIRMED).touch()
            raise _unconfirmed(self._root) from error
        except OSError as error:
            raise StorageUnavailable(
                f"{self._root}: {what}: {error.strerror}",
                mend="See to the disk (space, rights, whether it is mounted) and try again.",
                mend_vi="Kiểm tra ổ đĩa (dung lượng, quyền, đã gắn hay chưa) rồi thử lại.",
            ) from error


def _compare(file: Path, content: bytes) -> None:
    """Accept a file that is there with the same bytes, and wait for them: whoever wrote it may not have."""
    with file.open("rb") as present:
        if present.read() != content:
            raise LogForked(f"{file} holds other bytes, and a file of this name never changes")
        sync(present.fileno())


def _wait_for_all(work: Callable[[_Item], None], items: Iterable[_Item]) -> None:
    """Do `work` on every item, many at a time. After an error no more are begun, and the gravest is raised."""
    pending: deque[Future[None]] = deque()
    errors: list[BaseException] = []

    def settle() -> None:
        error = pending.popleft().exception()
        if error is not None:
            errors.append(error)

    with ThreadPoolExecutor(_WAITERS) as pool:
        for item in items:
            pending.append(pool.submit(work, item))
            if len(pending) >= _IN_FLIGHT:
                settle()
            if errors:
                break
        while pending:
            settle()
    for gravest in (SyncFailed, LogForked, BaseException):
        for error in errors:
            if isinstance(error, gravest):
                raise error


def _throw(error: OSError) -> None:
    raise error


def _unconfirmed(root: Path) -> StorageUnavailable:
    return StorageUnavailable(
        f"{root}: the disk did not confirm a write, so nobody knows what it holds",
        f"{root}: ổ đĩa không xác nhận lần ghi, nên không rõ nó đang giữ gì",
        mend=f"Stop everything, replace or check the disk, run `sogoc log fsck`, then remove {root / _UNCONFIRMED}.",
        mend_vi=f"Dừng mọi tiến trình, kiểm tra hoặc thay ổ đĩa, chạy `sogoc log fsck`, rồi xóa {root / _UNCONFIRMED}.",
    )
