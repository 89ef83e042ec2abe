"""The process that opens a stranger's spreadsheet: file on stdin, one JSON line per row on stdout, limits on itself.

Run as `python -m sogoc.adapters.sheets_child SUFFIX LIMITS`. Messages, one a line: a sheet's facts, then its rows as
arrays of cells (text, or [type, text]); at last `{"end": …}`, or `{"refused": reason, "facts": …}` at any time. Without
one of the two the reading failed, whatever was handed over before.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import io
import re
import resource
import sys
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn

import orjson

if TYPE_CHECKING:
    import zipfile
    from xml.etree import ElementTree as ET

    from python_calamine import CalamineSheet

MiB = 1024 * 1024
# Excel keeps 15 digits; a longer number is no longer the one that was typed.
_EXACT = 1e15
Wire = str | list[str]

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_EMPTY_ZIP = b"PK\x05\x06"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class RefusedError(Exception):
    """The file is no table we read, for a reason that adapters.sheets has words for."""

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.facts = facts


def main() -> None:
    suffix, limits = sys.argv[1], orjson.loads(sys.argv[2])
    confine(limits)
    sys.setrecursionlimit(500)
    out = sys.stdout.buffer
    try:
        read(sys.stdin.buffer, suffix, limits, out)
    except RefusedError as refused:
        _say(out, {"refused": refused.reason, "facts": refused.facts})
    except MemoryError:
        _say(out, {"refused": "memory", "facts": {"limit": limits["memory"] // MiB}})
    else:
        _say(out, {"end": True})
    with contextlib.suppress(BrokenPipeError):
        out.flush()


def confine(limits: Mapping[str, int]) -> None:
    """Take from this process whatever reading one file does not need. Spec: setrlimit(2)."""
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["seconds"], limits["seconds"] + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def read(file: BinaryIO, suffix: str, limits: Mapping[str, int], out: BinaryIO) -> None:
    head = file.read(len(_OLE))
    file.seek(0)
    if head == _OLE:
        _refuse_ole(file)
    packed = head.startswith((_ZIP, _EMPTY_ZIP))
    if suffix in {".xlsm", ".xltm", ".xlsb", ".xlam"}:
        raise RefusedError("macros")
    if suffix == ".xlsx":
        if not packed:
            # A cut-off download begins rightly; a renamed page or text does not.
            raise RefusedError("wrong-extension", suffix=suffix)
        _read_xlsx(file, limits, out)
    elif suffix in {".csv", ".txt", ".tsv"}:
        if packed:
            raise RefusedError("wrong-extension", suffix=suffix)
        _read_csv(file, limits, out)
    else:
        raise RefusedError("unknown-extension")


def _refuse_ole(file: BinaryIO) -> NoReturn:
    """An OLE container: an .xlsx under a password names its stream in UTF-16; everything else is an old .xls."""
    content = file.read()
    if _ENCRYPTED in content:
        raise RefusedError("password")
    raise RefusedError("macros" if "_VBA_PROJECT".encode("utf-16-le") in content else "old-format")


def _say(out: BinaryIO, message: object) -> None:
    out.write(orjson.dumps(message))
    out.write(b"\n")


# CSV


def _read_csv(file: BinaryIO, limits: Mapping[str, int], out: BinaryIO) -> None:
    text, undeclared = _decode(file.read())
    if not text.strip():
        raise RefusedError("empty")
    declared = _DECLARED.match(text)
    _say(
        out,
        {
            "sheet": "",
            "hidden": False,
            "hidden_columns": [],
            "hidden_rows": [],
            "undeclared": undeclared,
            "epoch_1904": False,
            "computed": [],
            "links": 0,
        },
    )
    index = 0
    if declared is not None:
        # Spreadsheet programs hide this line, but its number counts.
        _say(out, [])
        text, index = text[declared.end() :], 1
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=declared[1] if declared else _delimiter(text), strict=True
    )
    line = index
    try:
        for row in reader:
            while row and not row[-1]:
                row.pop()
            _within(index, len(row), "1", limits)
            _say(out, row)
            index += 1
    except csv.Error:
        raise RefusedError("quotes", line=reader.line_num + line) from None


def _decode(content: bytes) -> tuple[str, str]:
    """The text of a file, and how it was taken where the file does not say: as `utf-16-le`, or byte by byte as `bytes`.

    What such a text says is not decided here: the registrar is asked.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            try:
                return content[2:].decode(encoding), ""
            except UnicodeDecodeError:
                raise RefusedError("utf-16") from None
    declared = content.startswith(b"\xef\xbb\xbf")
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content:
        if not declared and _looks_like_utf_16(content):
            with contextlib.suppress(UnicodeDecodeError):
                return content.decode("utf-16-le"), "utf-16-le"
        raise RefusedError("binary", line=content.count(b"\n", 0, content.index(b"\0")) + 1)
    try:
        return content.decode(), ""
    except UnicodeDecodeError as error:
        if not declared and not _mostly_utf_8(content):
            from sogoc.core.intake.encodings import byte_view  # noqa: PLC0415 - see `_far`

            return byte_view(content), "bytes"
        start = content.rfind(b"\n", 0, error.start) + 1
        raise RefusedError(
            "encoding",
            line=content.count(b"\n", 0, error.start) + 1,
            character=len(content[start : error.start].decode()) + 1,
            byte=f"0x{content[error.start]:02X}",
        ) from None


def _looks_like_utf_16(content: bytes) -> bool:
    """Whether every second byte, and no other, is often zero: Latin text in two bytes each, the low one first."""
    return b"\0" not in content[::2] and 3 * content[1::2].count(0) > len(content) // 2


def _mostly_utf_8(content: bytes) -> bool:
    """Whether a broken text is UTF-8 with a wrong byte in it, and not in another encoding altogether."""
    text = content.decode(errors="replace")
    wrong = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) - wrong >= wrong


_DECLARED = re.compile(r"sep=([;,\t])\r?\n")


def _delimiter(text: str) -> str:
    """The sign that makes most columns out of the first rows; never the better of two equals."""
    widths: dict[str, int] = {}
    for delimiter in ";,\t":
        widths[delimiter] = 0
        sample = csv.reader(io.StringIO(text[:65536], newline=""), delimiter=delimiter)
        with contextlib.suppress(csv.Error):
            for row, _ in zip(sample, range(20), strict=False):
                widths[delimiter] = max(widths[delimiter], sum(1 for cell in row if cell.strip()))
    widest = max(widths.values())
    best = [delimiter for delimiter, width in widths.items() if width == widest]
    if widest > 1 and len(best) > 1:
        raise RefusedError("delimiter")
    return best[0]


# XLSX

# Each question about a sheet has a cheap form first: most sheets hold no far cell, no error, no formula, nothing hidden.
_PART = r"(?:[\w.-]+:)?"
_MAYBE_FAR = re.compile(rb"""r=["'](?:[A-Z]{3}|[I-Z][A-Z]\d|[A-Z]{1,2}\d{6})""")
# Only cells with content: one that has a style alone is not there.
_FAR = re.compile(
    rf"""<{_PART}c\s(?:[^>]*?\s)?r=["']([A-Z]{{1,3}})(\d+)["'][^>]*(?<!/)>\s*<{_PART}(?:v|f|is)\b""".encode()
)
_FAILED = re.compile(rf"""<{_PART}c\s([^>]*?\bt\s*=\s*["']e["'][^>]*)(?<!/)>(.*?)</{_PART}c\s*>""".encode(), re.DOTALL)
_UNCOMPUTED = re.compile(
    rf"""<{_PART}c\s((?:(?!\bt\s*=\s*["']str)[^>])*)(?<!/)>\s*<{_PART}f\b[^>]*?(?:/>|>[^<]*</{_PART}f\s*>)\s*"""
    rf"""(?:<{_PART}v\s*/>|<{_PART}v\s*></{_PART}v\s*>)?\s*</{_PART}c\s*>""".encode()
)
_FORMULA = re.compile(rf"<{_PART}c\s([^>]*)(?<!/)>\s*<{_PART}f\b".encode())
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["']""")
_VALUE = re.compile(rf"<{_PART}v\s*>([^<]*)<".encode())
_HIDDEN_COLUMNS = re.compile(rf"""<{_PART}col\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""".encode())
_HIDDEN_ROWS = re.compile(rf"""<{_PART}row\s([^>]*\bhidden\s*=\s*["'](?:1|true)["'][^>]*)>""".encode())
_EPOCH_1904 = re.compile(rf"""<{_PART}workbookPr\s[^>]*\bdate1904\s*=\s*["'](?:1|true)["']""".encode())
_NUMBER = {name: re.compile(rf"""\b{name}\s*=\s*["'](\d+)["']""".encode()) for name in ("min", "max", "r")}


class _Facts(NamedTuple):
    """What a sheet's XML says that the library keeps to itself."""

    hidden_columns: list[int]
    hidden_rows: list[int]
    failed: dict[tuple[int, int], list[str]]
    computed: dict[int, list[int]]
    links: int
    epoch_1904: bool


def _read_xlsx(file: BinaryIO, limits: Mapping[str, int], out: BinaryIO) -> None:
    # Loaded only here and below: a child that reads a CSV would take a third longer to start.
    import zipfile  # noqa: PLC0415
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    try:
        facts = _inspect(file, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, ET.ParseError, LookupError, ValueError, OSError) as error:
        if _for_memory(error):
            raise MemoryError from error
        raise RefusedError("malformed") from None
    except NotImplementedError:
        # A compression or a version of the package that no spreadsheet program uses.
        raise RefusedError("malformed") from None
    # Loaded only now: it would double the start of a child that refuses a file by its first bytes.
    from python_calamine import (  # noqa: PLC0415
        CalamineError,
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        for sheet in workbook.sheets_metadata:
            if sheet.typ is SheetTypeEnum.MacroSheet:
                raise RefusedError("macros")
            if sheet.typ is not SheetTypeEnum.WorkSheet:
                continue
            known = facts[sheet.name]
            table = workbook.get_sheet_by_name(sheet.name)
            _say(
                out,
                {
                    "sheet": sheet.name,
                    "hidden": sheet.visible is not SheetVisibleEnum.Visible,
                    "hidden_columns": known.hidden_columns,
                    "hidden_rows": known.hidden_rows,
                    "undeclared": "",
                    "epoch_1904": known.epoch_1904,
                    "computed": list(known.computed.items()),
                    "links": known.links,
                },
            )
            _say_rows(sheet.name, table, known, limits, out)
    except PasswordError:
        raise RefusedError("password") from None
    except (CalamineError, KeyError, OSError):
        raise RefusedError("malformed") from None


def _for_memory(error: Exception) -> bool:
    """Whether a library failed for want of memory and put it in its own words."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, zlib.error) and "Error -4" in str(error)


def _say_rows(name: str, table: CalamineSheet, facts: _Facts, limits: Mapping[str, int], out: BinaryIO) -> None:
    indent: list[Wire] = [""] * (table.start[1] if table.start else 0)
    failed: dict[int, dict[int, list[str]]] = {}
    for (row, column), cell in facts.failed.items():
        failed.setdefault(row, {})[column] = cell
    length = 0
    for index, values in enumerate(table.iter_rows() if table.start else ()):
        cells: list[Wire] = [value if value.__class__ is str else _typed(value) for value in values]
        if indent:
            cells = indent + cells
        for column, cell in failed.pop(index, {}).items():
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = cell
        while cells and not cells[-1]:
            cells.pop()
        _within(index, len(cells), name, limits)
        _say(out, cells)
        length = index + 1
    # A failed formula is no value to the library, so rows that end in one may lie beyond its table.
    for index in sorted(failed):
        while length < index:
            _say(out, [])
            length += 1
        last: list[Wire] = [""] * (max(failed[index]) + 1)
        for column, cell in failed[index].items():
            last[column] = cell
        _say(out, last)
        length += 1


def _typed(value: object) -> Wire:
    match value:
        case bool():
            return ["boolean", "TRUE" if value else "FALSE"]
        case float():
            return ["number", str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)]
        case int():
            return ["number", str(value)]
        case datetime():
            return ["datetime", value.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case _:
            # A time or a span: no column of a register holds one.
            return ["datetime", str(value)]


_LINKED = re.compile(r"xl/externalLinks/[^/]+\.xml", re.IGNORECASE)


def _inspect(file: BinaryIO, limits: Mapping[str, int]) -> dict[str, _Facts]:
    """Refuse what must not reach the library, and collect what it does not tell. Keys are the names of worksheets."""
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(file) as package:
        members = package.infolist()
        names = [member.filename for member in members]
        if len(set(names)) != len(names):
            raise RefusedError("malformed")
        if any(member.flag_bits & 1 for member in members):
            raise RefusedError("password")
        if any(name.lower().endswith("vbaproject.bin") or "/macrosheets/" in name.lower() for name in names):
            raise RefusedError("macros")
        if sum(member.file_size for member in members) > limits["unpacked"]:
            raise RefusedError("zip-bomb", limit=limits["unpacked"] // MiB)
        if b"macroEnabled" in _part(package, "[Content_Types].xml"):
            raise RefusedError("macros")
        if "xl/sharedStrings.xml" in names:
            _part(package, "xl/sharedStrings.xml")
        sheets = {}
        links = sum(_LINKED.fullmatch(name) is not None for name in names)
        epoch_1904 = _EPOCH_1904.search(_part(package, "xl/workbook.xml")) is not None
        for name, target in _sheet_parts(package):
            if name in sheets:
                raise RefusedError("malformed")
            facts = _inspect_sheet(name, _part(package, target), limits)
            sheets[name] = facts._replace(links=links, epoch_1904=epoch_1904)
        return sheets


def _part(package: zipfile.ZipFile, name: str) -> bytes:
    """One part of the package, unpacked and checked against its length and CRC."""
    content = package.read(name)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:64]:
        raise RefusedError("malformed")
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise RefusedError("entities")
    return content


def _sheet_parts(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    targets: dict[str, str] = {}
    for element in _xml(package, "xl/_rels/workbook.xml.rels"):
        if element.get("Type", "").endswith("/worksheet"):
            target = element.attrib["Target"]
            targets[element.attrib["Id"]] = target[1:] if target.startswith("/") else f"xl/{target}"
    for element in _xml(package, "xl/workbook.xml").iter():
        if element.tag.rpartition("}")[2] == "sheet":
            key = next(value for name, value in element.attrib.items() if name.endswith("}id"))
            if key in targets:
                yield element.attrib["name"], targets[key]


def _xml(package: zipfile.ZipFile, name: str) -> ET.Element:
    from xml.etree import ElementTree as ET  # noqa: PLC0415

    # Entities were refused, and the process is confined: nothing is left that the standard parser could be made to do.
    return ET.fromstring(_part(package, name))  # noqa: S314


def _inspect_sheet(name: str, content: bytes, limits: Mapping[str, int]) -> _Facts:
    for match in _FAR.finditer(content) if _MAYBE_FAR.search(content) else ():
        row, column = int(match[2]) - 1, _column(match[1])
        if row >= limits["rows"] or column >= limits["columns"]:
            raise _far(row, column, name, limits)
    hidden_columns: list[int] = []
    some_hidden = b"hidden" in content
    for match in _HIDDEN_COLUMNS.finditer(content) if some_hidden else ():
        first, last = _number("min", match[1]), _number("max", match[1])
        hidden_columns.extend(range(first - 1, min(last, limits["columns"])))
    hidden_rows: list[int] = []
    if some_hidden:
        hidden_rows.extend(_number("r", match[1]) - 1 for match in _HIDDEN_ROWS.finditer(content))
    failed: dict[tuple[int, int], list[str]] = {}
    for match in _FAILED.finditer(content) if _has(content, b'"e"', b"'e'") else ():
        value = _VALUE.search(match[2])
        failed[_reference(match[1])] = ["error", value[1].decode() if value else ""]
    computed: dict[int, list[int]] = {}
    if _has(content, b"<f", b":f"):
        failed.update((_reference(match[1]), ["formula", ""]) for match in _UNCOMPUTED.finditer(content))
        for match in _FORMULA.finditer(content):
            row, column = _reference(match[1])
            if (row, column) not in failed:
                computed.setdefault(column, []).append(row)
    return _Facts(hidden_columns, hidden_rows, failed, computed, links=0, epoch_1904=False)


def _has(content: bytes, *literals: bytes) -> bool:
    return any(literal in content for literal in literals)


def _number(name: str, attributes: bytes) -> int:
    match = _NUMBER[name].search(attributes)
    if match is None:
        raise RefusedError("malformed")
    return int(match[1])


def _reference(attributes: bytes) -> tuple[int, int]:
    match = _REFERENCE.search(attributes)
    if match is None:
        raise RefusedError("malformed")
    return int(match[2]) - 1, _column(match[1])


def _column(letters: bytes) -> int:
    index = 0
    for letter in letters:
        index = index * 26 + letter - ord("A") + 1
    return index - 1


def _within(row: int, width: int, sheet: str, limits: Mapping[str, int]) -> None:
    """Refuse a row that holds something farther right or farther down than any list."""
    if width > limits["columns"] or (width and row >= limits["rows"]):
        raise _far(row, width - 1, sheet, limits)


def _far(row: int, column: int, sheet: str, limits: Mapping[str, int]) -> RefusedError:
    # With the intake comes the law of diplomas: half of the time of a process that reads one list, and most lists need neither.
    from sogoc.core.intake.sheet import cell_name  # noqa: PLC0415

    facts = {"sheet": sheet, "rows": limits["rows"], "columns": limits["columns"]}
    return RefusedError("far-cell", cell=cell_name(row, column), **facts)


if __name__ == "__main__":
    main()
