"""One of several processes that race for a lock: it says which swaps it won, each as soon as it knows.

Run as a program with the class of the lock, its path, its own name and the size at which to end.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from sogoc.adapters.lock_sqlite import SqliteLock
from sogoc.ports import LockStore

ORIGIN = "sogoc.example/log"


class CarelessLock:
    """A lock that looks first and writes then, as if nobody were between: the harness has to catch it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def head(self, origin: str) -> tuple[int, bytes] | None:
        size, root = self._path.read_text().split()
        return int(size), bytes.fromhex(root)

    def create(self, origin: str, size: int, root: bytes) -> bool:
        raise NotImplementedError

    def swap(self, origin: str, old: tuple[int, bytes], new: tuple[int, bytes]) -> bool:
        if self.head(origin) != old:
            return False
        mine = self._path.with_suffix(f".{new[1].hex()}")
        mine.write_text(f"{new[0]} {new[1].hex()}")
        mine.replace(self._path)
        return True


def root_of(name: str, size: int) -> bytes:
    return sha256(f"{name} {size}".encode()).digest()


def race(lock: LockStore, name: str, last: int) -> None:
    while (head := lock.head(ORIGIN)) is not None and head[0] < last:
        size = head[0] + 1
        if lock.swap(ORIGIN, head, (size, root_of(name, size))):
            print(size, name, flush=True)


if __name__ == "__main__":
    kind, path, name, last = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    race(SqliteLock(Path(path)) if kind == "sqlite" else CarelessLock(Path(path)), name, int(last))
