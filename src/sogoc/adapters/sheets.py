"""Spreadsheet files -> typed cells, read by a child process that may fail without harm.

A file of 4 KB can make a spreadsheet library ask for half a terabyte and abort. So no upload is opened in the archive's
own process: `sheets_child` reads it under limits of memory and time, without the archive's environment, and every way
in which it can end is an answer for the registrar.

If an attacker writes the file: the child dies and the upload is refused.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from operator import eq
from pathlib import Path
from typing import IO, Any, overload

import orjson

from sogoc.core.intake.packed import Packed
from sogoc.core.intake.sheet import Cell, CellType, Row, Sheet, Typed
from sogoc.errors import InputError

MiB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one upload may take. `file`, `unpacked` and `memory` are bytes, `seconds` is wall-clock time.

    `text` bounds what the child hands over, and with it the memory of the process that asked.
    """

    file: int = 50 * MiB
    unpacked: int = 256 * MiB
    memory: int = 512 * MiB
    text: int = 96 * MiB
    seconds: int = 15
    rows: int = 100_000
    columns: int = 256


@dataclass(frozen=True, slots=True)
class _Refusal:
    en: str
    vi: str
    mend: str
    mend_vi: str


_EXPORT = ("Open it in a spreadsheet program and save it as .xlsx.", "Mở bằng Excel rồi lưu lại dạng .xlsx.")
_SPLIT = ("Split the list into several files.", "Chia danh sách thành nhiều tệp.")

REFUSALS: Mapping[str, _Refusal] = {
    "empty": _Refusal("is empty", "là tệp rỗng", "Choose the file that holds the list.", "Chọn đúng tệp có danh sách."),
    "file-size": _Refusal("is larger than {limit} MB", "lớn hơn {limit} MB", *_SPLIT),
    "wrong-extension": _Refusal(
        "is named {suffix}, but is not a file of that kind",
        "có đuôi {suffix} nhưng nội dung không phải loại tệp đó",
        "Save it again as .xlsx or .csv instead of renaming it.",
        "Lưu lại dạng .xlsx hoặc .csv thay vì đổi tên tệp.",
    ),
    "unknown-extension": _Refusal(
        "is neither .xlsx nor .csv",
        "không phải .xlsx hay .csv",
        *_EXPORT,
    ),
    "old-format": _Refusal(
        "is in the old Excel format, which does not say what is hidden or failed",
        "là định dạng Excel cũ (.xls), không cho biết ô ẩn hay ô lỗi",
        *_EXPORT,
    ),
    "macros": _Refusal(
        "holds macros",
        "có chứa macro",
        "Save it as .xlsx without macros.",
        "Lưu lại dạng .xlsx không có macro.",
    ),
    "password": _Refusal(
        "is protected by a password",
        "được bảo vệ bằng mật khẩu",
        "Remove the password and upload it again.",
        "Gỡ mật khẩu rồi tải lên lại.",
    ),
    "malformed": _Refusal("is damaged or was cut short", "bị hỏng hoặc bị cắt cụt", *_EXPORT),
    "entities": _Refusal(
        "declares XML entities, which no spreadsheet needs", "khai báo thực thể XML bất thường", *_EXPORT
    ),
    "zip-bomb": _Refusal(
        "unpacks to more than {limit} MB",
        "giải nén ra hơn {limit} MB",
        "Copy only the list into a new workbook and save it.",
        "Chỉ chép danh sách sang sổ tính mới rồi lưu lại.",
    ),
    "far-cell": _Refusal(
        "holds something in cell {cell} of sheet {sheet}; a list has at most {columns} columns and {rows} rows",
        "có dữ liệu ở ô {cell} của trang {sheet}; danh sách có tối đa {columns} cột và {rows} dòng",
        "Delete what stands far from the list, or split the list into several files.",
        "Xóa dữ liệu nằm xa danh sách, hoặc chia danh sách thành nhiều tệp.",
    ),
    "too-much-text": _Refusal("holds more text than a list can have", "chứa quá nhiều dữ liệu", *_SPLIT),
    "too-slow": _Refusal("could not be read within {seconds} seconds", "không đọc được trong {seconds} giây", *_SPLIT),
    "memory": _Refusal(
        "could not be read within {limit} MB of memory", "không đọc được trong {limit} MB bộ nhớ", *_SPLIT
    ),
    "unreadable": _Refusal("could not be read", "không đọc được", *_EXPORT),
    "encoding": _Refusal(
        "is not UTF-8: line {line}, character {character} is byte {byte}",
        "không phải UTF-8: dòng {line}, ký tự thứ {character} là byte {byte}",
        "Export it as CSV UTF-8, or as .xlsx.",
        "Xuất lại dạng CSV UTF-8 hoặc .xlsx.",
    ),
    "utf-16": _Refusal(
        "is not whole UTF-16 text",
        "không phải văn bản UTF-16 hoàn chỉnh",
        "Export it as CSV UTF-8, or as .xlsx.",
        "Xuất lại dạng CSV UTF-8 hoặc .xlsx.",
    ),
    "binary": _Refusal(
        "holds zero bytes in line {line}: it is no text, or UTF-16 without its mark",
        "có byte 0 ở dòng {line}: không phải văn bản, hoặc là UTF-16 thiếu dấu đầu tệp",
        "Export it as CSV UTF-8, or as .xlsx.",
        "Xuất lại dạng CSV UTF-8 hoặc .xlsx.",
    ),
    "quotes": _Refusal(
        "has a quotation mark out of place in line {line}",
        "có dấu nháy kép sai chỗ ở dòng {line}",
        "Export the list again, or save it as .xlsx.",
        "Xuất lại danh sách hoặc lưu dạng .xlsx.",
    ),
    "delimiter": _Refusal(
        "separates its columns neither by semicolon, comma nor tab alone",
        "không rõ phân cách cột bằng chấm phẩy, phẩy hay tab",
        "Export it with semicolons, or as .xlsx.",
        "Xuất lại với dấu chấm phẩy, hoặc lưu dạng .xlsx.",
    ),
}


class SheetError(InputError):
    """A file that is no table we read. `reason` is a name from REFUSALS, `file` the name it was uploaded under."""

    code = "sheet"

    def __init__(self, file: str, reason: str, facts: Mapping[str, object]) -> None:
        refusal = REFUSALS[reason]
        super().__init__(
            f"{file} {refusal.en.format(**facts)}.",
            f"{file} {refusal.vi.format(**facts)}.",
            mend=refusal.mend,
            mend_vi=refusal.mend_vi,
        )
        self.file = file
        self.reason = reason


def read_table(path: Path, *, name: str | None = None, limits: Limits | None = None) -> list[Sheet]:
    """Every sheet of an .xlsx or .csv file. `name` is what the registrar calls it, where it was stored otherwise.

    Raises: SheetError, saying why the file cannot be read and how to mend it.
    """
    limits = limits or Limits()
    name = name or path.name
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise SheetError(name, "empty", {})
        if size > limits.file:
            raise SheetError(name, "file-size", {"limit": limits.file // MiB})
        return _Child(name, limits).read(file)


class _Child:
    def __init__(self, name: str, limits: Limits) -> None:
        self._name = name
        self._limits = limits
        self._sheets: list[Sheet] = []
        self._ended = False
        self._expired = False
        self._some = False

    def read(self, file: IO[bytes]) -> list[Sheet]:
        suffix = os.path.splitext(self._name)[1].lower()  # noqa: PTH122 - an upload's name, and no path
        limits = orjson.dumps(asdict(self._limits)).decode()
        # Only what finds the package: no database address, key or passphrase is near the parser of a stranger's file.
        environment = {key: os.environ[key] for key in ("PYTHONPATH", "LD_LIBRARY_PATH") if key in os.environ}
        with subprocess.Popen(
            [sys.executable, "-P", "-c", "from sogoc.adapters.sheets_child import main; main()", suffix, limits],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
        ) as process:
            timer = threading.Timer(self._limits.seconds, self._expire, [process])
            timer.start()
            try:
                if process.stdout is None:
                    raise SheetError(self._name, "unreadable", {})
                self._receive(process.stdout)
            finally:
                timer.cancel()
                process.kill()
        if self._expired:
            raise SheetError(self._name, "too-slow", {"seconds": self._limits.seconds})
        if not self._ended:
            raise SheetError(self._name, *self._cause(process.returncode))
        if not self._some:
            raise SheetError(self._name, "empty", {})
        return self._sheets

    def _expire(self, process: subprocess.Popen[bytes]) -> None:
        self._expired = True
        process.kill()

    def _cause(self, returncode: int) -> tuple[str, Mapping[str, object]]:
        """What a child without a last word died of: the limit of its CPU, or memory that it was refused."""
        if returncode == -_SIGXCPU:
            return "too-slow", {"seconds": self._limits.seconds}
        if returncode == -_SIGABRT:
            return "memory", {"limit": self._limits.memory // MiB}
        return "unreadable", {}

    def _receive(self, stream: IO[bytes]) -> None:
        rows = PackedRows()
        left = self._limits.text
        for line in _lines(stream, self._limits.text):
            left -= len(line)
            if left < 0:
                raise SheetError(self._name, "too-much-text", {})
            if not line.endswith(b"\n"):
                return
            if line.startswith(b"["):
                rows.append(line[:-1])
                self._some = self._some or len(line) > len(b"[]\n")
                continue
            message: Any = orjson.loads(line)
            if "sheet" in message:
                rows = PackedRows()
                self._sheets.append(
                    Sheet(
                        name=message["sheet"],
                        rows=rows,
                        hidden=message["hidden"],
                        hidden_columns=frozenset(message["hidden_columns"]),
                        hidden_rows=frozenset(message["hidden_rows"]),
                        undeclared=message["undeclared"],
                        epoch_1904=message["epoch_1904"],
                        computed={column: array("I", rows) for column, rows in message["computed"]},
                        links=message["links"],
                    )
                )
            elif "refused" in message:
                self._ended = True
                raise SheetError(self._name, message["refused"], message["facts"])
            else:
                self._ended = True


class PackedRows(Sequence[Row]):
    """The rows of a sheet as the child wrote them, packed, and read each time somebody goes through them. Nothing touches a disk."""

    def __init__(self) -> None:
        self._lines = Packed()

    def append(self, line: bytes) -> None:
        self._lines.append(line)

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Row]:
        return map(_row, self._lines)

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        if isinstance(index, slice):
            return list(islice(self, *index.indices(len(self)))) if (index.step or 1) > 0 else list(self)[index]
        return _row(self._lines[index if index >= 0 else index + len(self)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]


def _row(line: bytes) -> Row:
    cells = orjson.loads(line)
    if {*map(type, cells)} <= {str}:
        return tuple(cells)
    return tuple([cell if cell.__class__ is str else _typed(cell) for cell in cells])


def _typed(cell: Sequence[str]) -> Cell:
    return Typed(CellType(cell[0]), cell[1])


def _lines(stream: IO[bytes], longest: int) -> Iterator[bytes]:
    while line := stream.readline(longest + 1):
        yield line


_SIGABRT = 6
_SIGXCPU = 24
