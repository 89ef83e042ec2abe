"""Files as registrars and attackers send them: read exactly, or refused with a reason, a mend and no harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900

from sogoc.adapters.sheets import REFUSALS, Limits, SheetError, read_table
from sogoc.adapters.sheets_write import Value, write_csv, write_xlsx
from sogoc.core.intake import CellType, Typed

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ONE_CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def workbook(path: Path, rows: str, *, extra: Mapping[str, bytes] | None = None, before: str = "") -> Path:
    """The least workbook that is one, with the rows of its one sheet as XML."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r" '
        f'Type="{_RELATION}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATION}"><sheets><sheet name="Lớp A" sheetId="1" '
        'r:id="s"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="s" '
        f'Type="{_RELATION}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="t" '
        f'Type="{_RELATION}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"/>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, part in (parts | dict(extra or {})).items():
            package.writestr(name, part)
    return path


def bomb(path: Path, name: str, piece: bytes, pieces: int) -> Path:
    """A workbook with one part of so many pieces, never held in the memory of this process."""
    workbook(path, ONE_CELL)
    with zipfile.ZipFile(path) as package:
        parts = {member.filename: package.read(member) for member in package.infolist() if member.filename != name}
    head, _, tail = f'<worksheet xmlns="{_MAIN}"><sheetData>|</sheetData></worksheet>'.encode().partition(b"|")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for other, part in parts.items():
            package.writestr(other, part)
        with package.open(name, "w") as stream:
            stream.write(head)
            for _ in range(pieces):
                stream.write(piece)
            stream.write(tail)
    return path


def content(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def strings(count: int) -> bytes:
    return f'<sst xmlns="{_MAIN}">'.encode() + b"<si><t>abcdefghij</t></si>" * count + b"</sst>"


def cut(path: Path, share: float) -> Path:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n * n}</v></c></row>' for n in range(1, 5000))
    whole = workbook(path, rows).read_bytes()
    return content(path, whole[: int(len(whole) * share)])


def encrypted_member(path: Path) -> Path:
    data = bytearray(workbook(path, ONE_CELL).read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.find(mark)
        while start >= 0:
            data[start + offset] |= 1
            start = data.find(mark, start + 1)
    return content(path, bytes(data))


def twice(path: Path) -> Path:
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(workbook(path, ONE_CELL), "a") as package:
        package.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    return path


FAR_ROW = '<row r="1048576"><c r="{}"><v>1</v></c></row>'
SHEET = "xl/worksheets/sheet1.xml"
HOSTILE: dict[str, tuple[str, Callable[[Path], Path], str]] = {
    "empty": (".xlsx", lambda p: content(p, b""), "empty"),
    "empty csv": (".csv", lambda p: content(p, b""), "empty"),
    "blank csv": (".csv", lambda p: content(p, b"\xef\xbb\xbf\r\n\r\n"), "empty"),
    "no cell": (".xlsx", lambda p: workbook(p, ""), "empty"),
    "html as xlsx": (".xlsx", lambda p: content(p, b"<html><table>1</table></html>"), "wrong-extension"),
    "zip as csv": (".csv", lambda p: workbook(p, ONE_CELL), "wrong-extension"),
    "pdf": (".pdf", lambda p: content(p, b"%PDF-1.7"), "unknown-extension"),
    "ods": (".ods", lambda p: workbook(p, ONE_CELL), "unknown-extension"),
    "old xls": (".xls", lambda p: content(p, OLE + bytes(4096)), "old-format"),
    "old xls with macros": (
        ".xls",
        lambda p: content(p, OLE + bytes(512) + "_VBA_PROJECT".encode("utf-16-le")),
        "macros",
    ),
    "password": (
        ".xlsx",
        lambda p: content(p, OLE + bytes(4096) + "EncryptedPackage".encode("utf-16-le")),
        "password",
    ),
    "zip password": (".xlsx", encrypted_member, "password"),
    "xlsm": (".xlsm", lambda p: workbook(p, ONE_CELL), "macros"),
    "vbaProject": (".xlsx", lambda p: workbook(p, ONE_CELL, extra={"xl/vbaProject.bin": b"x"}), "macros"),
    "vbaProject elsewhere": (".xlsx", lambda p: workbook(p, ONE_CELL, extra={"xl/X/VBAPROJECT.BIN": b"x"}), "macros"),
    "cut in the middle": (".xlsx", lambda p: cut(p, 0.5), "malformed"),
    "cut at the end": (".xlsx", lambda p: cut(p, 0.99), "malformed"),
    "not even a package": (".xlsx", lambda p: content(p, b"PK\x03\x04" + os.urandom(3000)), "malformed"),
    "package of something else": (".xlsx", lambda p: content(p, b"PK\x05\x06" + bytes(18)), "malformed"),
    "broken xml": (".xlsx", lambda p: workbook(p, '<row r="1"><c r="A1"><v>1</v></row>'), "malformed"),
    "part twice": (".xlsx", twice, "malformed"),
    "entities": (
        ".xlsx",
        lambda p: workbook(p, ONE_CELL, before='<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]>'),
        "entities",
    ),
    "far cell": (".xlsx", lambda p: workbook(p, ONE_CELL + FAR_ROW.format("XFD1048576")), "far-cell"),
    # Written so that only the library sees it: the last line of defence is the limit of memory.
    "far cell in disguise": (
        ".xlsx",
        lambda p: workbook(p, ONE_CELL + FAR_ROW.replace("r=", "r =").format("XFD1048576")),
        "memory",
    ),
    "too many rows": (".csv", lambda p: content(p, b"a;b\n" * 100_001), "far-cell"),
    "too many columns": (".csv", lambda p: content(p, b";".join([b"a"] * 257) + b"\n"), "far-cell"),
    "too many columns in a sheet": (
        ".xlsx",
        lambda p: workbook(p, '<row r="1"><c r="A1"><v>1</v></c><c r="JA1"><v>1</v></c></row>'),
        "far-cell",
    ),
    "zip bomb": (".xlsx", lambda p: bomb(p, SHEET, b"<row/>" * 100_000, 500), "zip-bomb"),
    "bomb in a picture": (".xlsx", lambda p: workbook(p, ONE_CELL, extra={"xl/a.png": bytes(300_000_000)}), "zip-bomb"),
    "text bomb": (
        ".xlsx",
        lambda p: workbook(
            p,
            "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 4000)),
            extra={"xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'.encode()},
        ),
        "too-much-text",
    ),
    "latin-1": (".csv", lambda p: content(p, "STT;Họ tên\n1;Nguy".encode() + b"\xf9n\n"), "encoding"),
    "utf-16 the other way without mark": (
        ".csv",
        lambda p: content(p, "STT;Họ tên\n".encode("utf-16-be")),
        "binary",
    ),
    "broken utf-8 with its mark": (".csv", lambda p: content(p, b"\xef\xbb\xbfa;b\n1;\xf9\n"), "encoding"),
    "utf-16 cut": (".csv", lambda p: content(p, "STT;Họ tên\n".encode("utf-16")[:-1]), "utf-16"),
    "zero bytes": (".csv", lambda p: content(p, b"a;b\n" + bytes(100)), "binary"),
    "open quote": (".csv", lambda p: content(p, b'a;b\n1;"x\n2;y\n'), "quotes"),
    "endless field": (".csv", lambda p: content(p, b"a;b\n" + b"x" * 200_000 + b";\n"), "quotes"),
    "two separators": (".csv", lambda p: content(p, b"a;b,c\n"), "delimiter"),
}


# Each is read by a fresh process, whose children's greatest memory is the reading child's.
_OUTER = """
import json, resource, sys, time
from pathlib import Path
from sogoc.adapters.sheets import SheetError, read_table
begun = time.monotonic()
try:
    read_table(Path(sys.argv[1]))
except SheetError as error:
    answer = [error.reason, str(error)]
else:
    answer = None
# A process begins with the peak of the one that started it; the kernel's figure for its memory alone does not.
own = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
peaks = [resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, int(own)]
print(json.dumps([answer, time.monotonic() - begun, peaks]))
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_bounds(name: str, tmp_path: Path) -> None:
    suffix, make, reason = HOSTILE[name]
    path = make(tmp_path / f"danh-sach{suffix}")
    done = subprocess.run([sys.executable, "-c", _OUTER, str(path)], capture_output=True, check=True, timeout=60)
    answer, seconds, peaks = json.loads(done.stdout)
    assert answer is not None
    assert answer[0] == reason
    assert answer[1].startswith(path.name)
    assert seconds < 15
    assert all(peak < 512 * 1024 for peak in peaks), peaks


def test_every_reason_is_met_and_speaks_both_languages() -> None:
    met = {reason for _, _, reason in HOSTILE.values()}
    # Time, size and a death of no known cause have their own tests below.
    assert set(REFUSALS) - met == {"file-size", "too-slow", "unreadable"}
    for refusal in REFUSALS.values():
        assert refusal.en != refusal.vi
        assert refusal.mend.endswith(".")
        assert refusal.mend_vi.endswith(".")


def reason_of(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(SheetError) as refused:
        read_table(path, limits=limits)
    assert refused.value.mend
    assert refused.value.mend_vi
    return refused.value.reason


def test_a_file_may_not_be_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(Limits().file + 1)
    assert reason_of(path) == "file-size"


def test_reading_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    path = bomb(tmp_path / "a.xlsx", SHEET, b"<row/>" * 100_000, 250)
    begun = time.monotonic()
    assert reason_of(path, Limits(seconds=1)) == "too-slow"
    assert time.monotonic() - begun < 5


def test_a_child_that_dies_is_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert reason_of(workbook(tmp_path / "a.xlsx", ONE_CELL)) == "unreadable"


def test_many_shared_strings_are_no_attack(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ONE_CELL, extra={"xl/sharedStrings.xml": strings(1_000_000)})
    assert read_table(path)[0].rows == [(Typed(CellType.NUMBER, "1"),)]


def test_a_style_in_a_far_cell_is_no_content(tmp_path: Path) -> None:
    rows = ONE_CELL + '<row r="2"><c r="XFD2" s="1"/></row><row r="1048576"><c r="A1048576" s="1"/></row>'
    assert read_table(workbook(tmp_path / "a.xlsx", rows))[0].rows == [(Typed(CellType.NUMBER, "1"),)]


def test_the_child_has_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOGOC_KEY_PASSPHRASE", "x")
    started: list[Mapping[str, str]] = []
    popen = subprocess.Popen

    def spy(arguments: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        started.append(options["env"])  # type: ignore[arg-type]
        return popen(arguments, **options)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(subprocess, "Popen", spy)
    read_table(content(tmp_path / "a.csv", b"a;b\n"))
    assert started
    assert not set(started[0]) - {"PYTHONPATH", "LD_LIBRARY_PATH"}


def test_an_upload_goes_by_the_name_it_came_under(tmp_path: Path) -> None:
    stored = content(tmp_path / "0f3a", b"a;b\n")
    assert read_table(stored, name="lớp A.CSV")[0].rows == [("a", "b")]
    with pytest.raises(SheetError, match=r"^lớp A\.pdf "):
        read_table(stored, name="lớp A.pdf")


# What is read


@pytest.mark.parametrize(
    "data",
    [
        "STT;Họ tên;Nơi sinh\r\n1;Nguyễn, A;Huế\r\n".encode(),
        "\ufeffSTT;Họ tên;Nơi sinh\r\n1;Nguyễn, A;Huế\r\n".encode(),
        'STT,Họ tên,Nơi sinh\n1,"Nguyễn, A",Huế\n'.encode(),
        "STT\tHọ tên\tNơi sinh\n1\tNguyễn, A\tHuế\n".encode(),
        "STT\tHọ tên\tNơi sinh\r\n1\tNguyễn, A\tHuế\r\n".encode("utf-16"),
        b"\xfe\xff" + "STT\tHọ tên\tNơi sinh\r\n1\tNguyễn, A\tHuế\r\n".encode("utf-16-be"),
        "STT;Họ tên;Nơi sinh;;\r1;Nguyễn, A;Huế;;\r".encode(),
    ],
)
def test_csv_of_every_kind_is_the_same_table(data: bytes, tmp_path: Path) -> None:
    (sheet,) = read_table(content(tmp_path / "a.csv", data))
    assert sheet.name == ""
    assert sheet.rows == [("STT", "Họ tên", "Nơi sinh"), ("1", "Nguyễn, A", "Huế")]


def test_a_declared_separator_keeps_the_numbers_of_the_rows(tmp_path: Path) -> None:
    (sheet,) = read_table(content(tmp_path / "a.csv", b"sep=,\r\na;b,c\r\n"))
    assert sheet.rows == [(), ("a;b", "c")]


def test_a_cell_of_several_lines_is_one_cell(tmp_path: Path) -> None:
    (sheet,) = read_table(content(tmp_path / "a.csv", 'a;"Số\nhiệu"\n1;2\n'.encode()))
    assert sheet.rows == [("a", "Số\nhiệu"), ("1", "2")]


def test_text_in_csv_is_taken_to_the_letter(tmp_path: Path) -> None:
    data = " 001;=1+1;'x;Ð;e\u0301;TrÇn §øc\n".encode()
    (sheet,) = read_table(content(tmp_path / "a.csv", data))
    assert sheet.rows == [(" 001", "=1+1", "'x", "Ð", "e\u0301", "TrÇn §øc")]


def test_undecodable_bytes_are_named_by_place(tmp_path: Path) -> None:
    path = content(tmp_path / "a.csv", "STT;Họ tên\n1;Nguyễn\n2;Đặng ".encode() + b"\xf9\n")
    with pytest.raises(SheetError, match=r"line 3, character 8 is byte 0xF9"):
        read_table(path)


def test_xlsx_cells_keep_their_types(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Lớp A"
    values: list[float | str | date | clock] = [
        1303004217,
        "001471",
        date(2003, 2, 5),
        3.21,
        True,
        "Đắk Lắk",
        datetime.fromisoformat("2003-02-05T10:30"),
        clock(1, 2),
    ]
    for column, value in enumerate(values, 2):
        sheet.cell(3, column, value)
    sheet.cell(4, 2, 1303004217).number_format = "0" * 12
    sheet.cell(4, 3, 123456789012)
    sheet.cell(4, 4, 1.303e22)
    sheet.cell(4, 5, "=VLOOKUP(1;A1:B2;2)")
    sheet.cell(4, 6, "#N/A").data_type = "e"
    sheet.cell(6, 9, "#REF!").data_type = "e"
    book.save(tmp_path / "a.xlsx")
    (read,) = read_table(tmp_path / "a.xlsx")
    number = CellType.NUMBER
    assert read.name == "Lớp A"
    assert read.rows == [
        (),
        (),
        (
            *("", Typed(number, "1303004217"), "001471", Typed(CellType.DATE, "2003-02-05"), Typed(number, "3.21")),
            *(Typed(CellType.BOOLEAN, "TRUE"), "Đắk Lắk", Typed(CellType.DATETIME, "2003-02-05T10:30:00")),
            Typed(CellType.DATETIME, "01:02:00"),
        ),
        (
            *("", Typed(number, "1303004217"), Typed(number, "123456789012"), Typed(number, "1.303e+22")),
            *(Typed(CellType.FORMULA, ""), Typed(CellType.ERROR, "#N/A")),
        ),
        (),
        (*[""] * 8, Typed(CellType.ERROR, "#REF!")),
    ]


def test_a_formula_with_a_result_is_its_result(tmp_path: Path) -> None:
    cells = (
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>"a"</f><v>a</v></c><c r="C1" t="str"><f>""</f><v></v></c>'
    )
    path = workbook(tmp_path / "a.xlsx", f'<row r="1">{cells}<c r="D1"><f>A1</f></c></row>')
    read = read_table(path)[0]
    assert read.rows == [(Typed(CellType.NUMBER, "2"), "a", "", Typed(CellType.FORMULA, ""))]
    assert {column: list(rows) for column, rows in read.computed.items()} == {0: [0], 1: [0], 2: [0]}


def test_what_is_hidden_is_told(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    for row in range(1, 5):
        sheet.append([row, "x", "y", "z"])
    sheet.column_dimensions.group("B", "C", hidden=True)
    sheet.row_dimensions[3].hidden = True
    book.create_sheet("Ẩn").append(["x"])
    book.worksheets[1].sheet_state = "veryHidden"
    book.create_chartsheet("Biểu đồ")
    book.save(tmp_path / "a.xlsx")
    shown, hidden = read_table(tmp_path / "a.xlsx")
    assert (shown.hidden, shown.hidden_columns, shown.hidden_rows) == (False, frozenset({1, 2}), frozenset({2}))
    assert (hidden.name, hidden.hidden) == ("Ẩn", True)


def test_fifty_thousand_rows_are_read_in_seconds(tmp_path: Path) -> None:
    person = ["Nguyễn Thị Phượng", "05/02/2003", "Hà Nội", "Nữ", "Kinh", "Công nghệ thông tin", "7480201", "Giỏi"]
    write_csv(tmp_path / "a.csv", [[str(number), *person, f"SG{number:06}"] for number in range(50_000)])
    begun = time.monotonic()
    (sheet,) = read_table(tmp_path / "a.csv")
    assert len(list(sheet.rows)) == 50_000
    # Half a second on an idle core.
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize(
    ("data", "undeclared", "said"),
    [
        ("STT;Họ tên\n1;Đặng\n".encode("utf-16-le"), "utf-16-le", "Đặng"),
        (b"STT;H\xe4 t\xaan\n1;\xa7\xc6ng\n", "bytes", "§Æng"),
        ("STT;Hoï teân\n1;Ñaëng\n".encode("latin-1"), "bytes", "Ñaëng"),
        ("STT;Ho\u0323 tên\n1;Đă\n".encode("cp1258"), "bytes", "Ðã"),
    ],
)
def test_a_file_that_does_not_say_its_encoding_is_handed_over_byte_by_byte(
    data: bytes, undeclared: str, said: str, tmp_path: Path
) -> None:
    (sheet,) = read_table(content(tmp_path / "a.csv", data))
    assert sheet.undeclared == undeclared
    assert list(sheet.rows)[1] == ("1", said)


@pytest.mark.parametrize("epoch", [CALENDAR_WINDOWS_1900, CALENDAR_MAC_1904])
def test_the_epoch_of_a_workbook_is_told(epoch: datetime, tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = epoch
    book.worksheets[0].append([date(2003, 2, 5), 36195])
    book.save(tmp_path / "a.xlsx")
    (sheet,) = read_table(tmp_path / "a.xlsx")
    assert sheet.epoch_1904 == (epoch == CALENDAR_MAC_1904)
    assert list(sheet.rows) == [(Typed(CellType.DATE, "2003-02-05"), Typed(CellType.NUMBER, "36195"))]


def test_packed_rows_are_a_sequence(tmp_path: Path) -> None:
    rows = [(str(number), "x") for number in range(1_500)]
    (sheet,) = read_table(content(tmp_path / "a.csv", "".join(f"{a};{b}\n" for a, b in rows).encode()))
    packed = sheet.rows
    assert isinstance(packed, Sequence)
    assert len(packed) == 1_500
    assert packed == rows == list(packed)
    assert packed != rows[1:]
    assert (packed[0], packed[511], packed[512], packed[-1]) == (rows[0], rows[511], rows[512], rows[-1])
    assert packed[510:514] == rows[510:514]
    with pytest.raises(IndexError):
        packed[1_500]


# What is written


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    rows: list[list[Value]] = [["Họ và tên", "Số"], ["=1+1", "001"], ["Y Brŭ \u0306", 7], ["", date(2003, 2, 5)]]
    write_xlsx(tmp_path / "a.xlsx", rows, name="Sổ", merged=["A1:B1"], bold=[0])
    write_csv(tmp_path / "a.csv", rows)
    (sheet,) = read_table(tmp_path / "a.xlsx")
    assert list(sheet.rows)[1:] == [
        ("=1+1", "001"),
        ("Y Brŭ \u0306", Typed(CellType.NUMBER, "7")),
        ("", Typed(CellType.DATE, "2003-02-05")),
    ]
    assert list(read_table(tmp_path / "a.csv")[0].rows)[3] == ("", "05/02/2003")


def test_the_same_table_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_xlsx(tmp_path / f"{name}.xlsx", [["a", 1]], name="Sổ")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
