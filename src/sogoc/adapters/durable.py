"""Writing so that a power cut afterwards changes nothing: bytes, names and folders reach the disk before the return.

Three things have to be waited for, and the second and third are the ones usually forgotten: the bytes of a file, its
name in its folder, and the name of a new folder in its parent. A file that is written under a temporary name and
linked when it is whole is never visible in part.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path


class SyncFailed(OSError):
    """The disk did not confirm. What was written may be lost although it can still be read: do not read it back."""


def sync(descriptor: int) -> None:
    """Wait until an open file or folder is on the disk. Raises: SyncFailed."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise SyncFailed(error.errno, error.strerror) from error


def sync_folder(folder: Path) -> None:
    """Wait until the names in `folder` are on the disk. Raises: SyncFailed, OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, each durable in its parent. Raises: SyncFailed, OSError."""
    missing = []
    while not folder.is_dir() and folder != folder.parent:
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(mode=mode, exist_ok=True)
        sync_folder(each.parent)


def write_file(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is not there yet and wait for its bytes, not for its name. Raises: SyncFailed, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        sync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a small file whole, or nothing. Raises: FileExistsError when there is one, SyncFailed, OSError."""
    make_folder(path.parent, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        write_file(temporary, content, mode=mode)
        # A link, unlike a rename, does not replace what another process has put there meanwhile.
        path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
