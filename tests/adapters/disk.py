"""A disk that fails where it is told to: the calls by which a writer reaches it are counted, and one of them is cut.

`Recorder` also keeps the books of what a power cut would leave: bytes are safe once their file was synced, names once
their folder was. It shares no code with the writers it watches.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any, Literal

import pytest

CALLS = ("open", "write", "fsync", "link", "replace", "rename", "unlink", "mkdir")
Fault = Literal["kill", "EIO", "ENOSPC"]


def cut(patch: pytest.MonkeyPatch, below: Path, nth: int, fault: Fault) -> Callable[[], int]:
    """Let the `nth` call that reaches a file below `below` fail, counted from one. Returns how many there were.

    A write that is cut leaves half of its bytes.
    """
    counted = 0
    one_at_a_time = RLock()

    def around(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal counted
            if not _reaches(below, arguments[0]):
                return original(*arguments, **options)
            with one_at_a_time:
                counted += 1
                if counted == nth:
                    if name == "write":
                        original(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                    if fault == "kill":
                        os.kill(os.getpid(), signal.SIGKILL)
                    raise OSError(getattr(errno, fault), f"{name} was cut")
                return original(*arguments, **options)

        return call

    for name in CALLS:
        patch.setattr(os, name, around(name, getattr(os, name)))
    return lambda: counted


class Recorder:
    """Watches the calls of this process below a folder, and says what a power cut now would take away."""

    def __init__(self, patch: pytest.MonkeyPatch, below: Path) -> None:
        self._below = below
        self._dirty: set[int] = set()  # inodes with bytes that were not synced
        self._unsafe: dict[Path, set[str]] = {}  # names by their folder, not synced
        self._one_at_a_time = RLock()
        for name in CALLS:
            patch.setattr(os, name, self._around(name, getattr(os, name)))

    def lost(self) -> set[Path]:
        """Files and folders that are there now and may be gone, empty or torn after a power cut."""
        names = {folder / name for folder, names in self._unsafe.items() for name in names}
        lost = set()
        for path in self._below.rglob("*"):
            lineage = {path, *path.parents}
            if not any(part.name.startswith(".") for part in lineage) and (
                lineage & names or path.stat().st_ino in self._dirty
            ):
                lost.add(path)
        return lost

    def _around(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            if not _reaches(self._below, arguments[0]):
                return original(*arguments, **options)
            with self._one_at_a_time:
                created = name == "open" and not Path(arguments[0]).exists()
                result = original(*arguments, **options)
                if name == "write":
                    self._dirty.add(os.fstat(arguments[0]).st_ino)
                elif name == "fsync":
                    self._dirty.discard(os.fstat(arguments[0]).st_ino)
                    self._unsafe.pop(_path(arguments[0]), None)
                elif created or name == "mkdir":
                    self._name(Path(arguments[0]))
                elif name in {"link", "replace", "rename"}:
                    self._name(Path(arguments[1]))
                return result

        return call

    def _name(self, path: Path) -> None:
        self._unsafe.setdefault(path.parent.resolve(), set()).add(path.name)


def _path(descriptor: int) -> Path:
    return Path(f"/proc/self/fd/{descriptor}").readlink()


def _reaches(below: Path, target: Any) -> bool:
    path = _path(target) if isinstance(target, int) else Path(os.fspath(target))
    return path == below or below in path.parents
