"""The journal of erasures as a file beside the lock: one line for each erased record, appended and never taken back.

It lies apart from the database and is never restored with it, so that a database from an old backup can be told what it must
forget again. A line is on the disk before the database commits the erasure. A torn last line was never confirmed: it is
passed over, and cut off by the next append.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from sogoc.adapters.durable import sync, write_new
from sogoc.errors import StorageUnavailable, WrongState
from sogoc.ports import JournaledErasure

_MEMBERS = ("at", "decision", "identifier", "institution")


class PosixErasures:
    """An `ErasureJournal` in a file. Threads and processes may share it: each call opens the file anew."""

    def __init__(self, path: Path) -> None:
        """Open a journal that exists: one that is missing is never replaced by an empty one. Raises: StorageUnavailable."""
        self._path = path
        if not path.is_file():
            raise StorageUnavailable(
                f"there is no journal of erasures at {path}",
                f"không có sổ ghi việc xóa dữ liệu tại {path}",
                mend="Bring back its newest copy: without it a restored backup would show what was erased.",
                mend_vi="Đưa bản mới nhất trở lại: thiếu nó, bản sao lưu khôi phục sẽ lộ dữ liệu đã xóa.",
            )

    @classmethod
    def make(cls, path: Path) -> Self:
        """Make an empty journal. Raises: WrongState when there is one, StorageUnavailable."""
        try:
            write_new(path, b"")
        except FileExistsError as error:
            raise WrongState(f"there is a journal at {path} already", f"đã có sổ ghi việc xóa tại {path}") from error
        except OSError as error:
            raise StorageUnavailable(f"the journal {path} cannot be written: {error.strerror}") from error
        return cls(path)

    def append(self, erased: Sequence[JournaledErasure]) -> None:
        lines = b"".join(
            json.dumps({name: getattr(one, name) for name in _MEMBERS}, ensure_ascii=False).encode() + b"\n"
            for one in erased
        )
        try:
            with self._path.open("r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                content = file.read()
                whole = content.rfind(b"\n") + 1
                if whole != len(content):
                    file.truncate(whole)
                file.seek(whole)
                file.write(lines)
                file.flush()
                sync(file.fileno())
        except OSError as error:
            raise StorageUnavailable(
                f"the journal of erasures was not written: {os.strerror(error.errno or 0)}"
            ) from error

    def read(self) -> Iterator[JournaledErasure]:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise StorageUnavailable(f"the journal of erasures cannot be read: {error.strerror}") from error
        for number, line in enumerate(content[: content.rfind(b"\n") + 1].splitlines(), start=1):
            try:
                value = json.loads(line)
                yield JournaledErasure(**{name: str(value[name]) for name in _MEMBERS})
            except (ValueError, KeyError, TypeError) as error:
                raise StorageUnavailable(
                    f"line {number} of the journal of erasures is damaged", f"dòng {number} của sổ ghi việc xóa bị hỏng",
                    mend="Bring back its newest copy.", mend_vi="Đưa bản mới nhất trở lại.",
                ) from error  # fmt: skip
