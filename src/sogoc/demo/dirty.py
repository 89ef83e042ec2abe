"""Files seeded with every class of dirty data, and exactly what has to be said of each cell.

Write them with `python -m sogoc.demo.dirty FOLDER`. The same seed gives the same bytes. Each file says by what it
expects which class of the domain's catalogue it holds; whatever else is said of it, or not said, is a fault of ours.
"""

from __future__ import annotations

import random
import sys
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from sogoc.adapters.sheets_write import Page, Value, write_csv, write_workbook
from sogoc.core.intake import RULES, Person, cell_name
from sogoc.core.intake.encodings import byte_view
from sogoc.core.intake.syllables import search_key
from sogoc.core.vocabulary import display
from sogoc.demo.old_encodings import in_1258, in_tcvn3, in_vni
from sogoc.demo.people import Population

ON = date(2026, 7, 1)
"""The day on which the files are read."""
GIVEN: Mapping[str, str] = {
    "institution": "DHSG01",
    "kind": "degree",
    "level": "bachelor",
    "institution_name": "Đại học Sông Gianh (mẫu)",
    "title": "Bằng cử nhân",
    "issued_at": "Quảng Bình",
    "decision_number": "412/QĐ-ĐHSG",
    "decided_on": "2026-06-12",
    "awarded_on": "2026-06-19",
    "signer_name": "Đặng Quốc Thịnh",
    "signer_title": "Giám đốc",
}
_SCHOOL_GIVEN: Mapping[str, str] = {
    **GIVEN,
    "institution": "THPTST03",
    "kind": "school-diploma",
    "level": "upper-secondary",
    "institution_name": "Trường THPT Suối Trăng (mẫu)",
    "school": "Trường THPT Suối Trăng (mẫu)",
    "title": "Bằng tốt nghiệp trung học phổ thông",
    "programme": "THPT",
    "mode": "full-time",
    "signer_title": "Hiệu trưởng",
}
HEADER = (
    *("STT", "Họ và tên", "Ngày sinh", "Nơi sinh", "Giới tính", "Dân tộc", "Số CCCD", "Ngành đào tạo", "Mã ngành"),
    *("Xếp loại", "Số hiệu VB", "Số vào sổ", "Hình thức ĐT"),
)


class Expected(NamedTuple):
    """One thing that has to be said of one cell: an error or a warning, with what is proposed."""

    file: str
    sheet: str
    cell: str
    rule: str
    after: str | None
    severity: str


@dataclass(slots=True)
class DirtyFile:
    """One seeded file: what was chosen for all of it, what has to be said of it, or why it is no table at all.

    `lossless` are the cells that are normalised without asking, with the rule that does it.
    """

    path: Path
    given: Mapping[str, str]
    expected: set[Expected] = field(default_factory=set)
    lossless: set[tuple[str, str]] = field(default_factory=set)
    refused: str = ""


class Register:
    """What the register of the seeded files holds already."""

    def __init__(self, serial: str, register: tuple[str, str], person: Person) -> None:
        self._serial, self._register, self._person = {serial}, {register}, {person}

    def serials(self, numbers: Collection[str]) -> Collection[str]:
        return self._serial & set(numbers)

    def registers(self, numbers: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        return self._register & set(numbers)

    def persons(self, people: Collection[Person]) -> Collection[Person]:
        return self._person & set(people)

    def decided_on(self, number: str) -> str | None:
        return "2026-06-05" if number == "398/QĐ-ĐHSG" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirtySet:
    """Every seeded file, and the register against which they are read."""

    files: tuple[DirtyFile, ...]
    known: Register


class _List:
    """One sheet of clean people, in which single cells are then made wrong."""

    def __init__(
        self, maker: _Maker, file: DirtyFile, *, sheet: str, count: int, header: Sequence[str] = HEADER
    ) -> None:
        self.file, self.sheet, self.header = file, sheet, list(header)
        self.above: list[list[Value]] = []
        self.below: list[list[Value]] = []
        self.people = [maker.person(self.header) for _ in range(count)]

    @property
    def rows(self) -> list[list[Value]]:
        return [*self.above, list(self.header), *self.people, *self.below]

    def cell(self, person: int, column: str) -> str:
        return cell_name(len(self.above) + 1 + person, self.header.index(column))

    def put(self, person: int, column: str, value: Value, *expected: tuple[str, str | None]) -> None:
        """Replace one cell, and say what has to be said of it: rules with their proposals."""
        self.people[person][self.header.index(column)] = value
        for rule, after in expected:
            self.expect(self.cell(person, column), rule, after)

    def spaced(self, person: int, column: str, value: str, rule: str) -> None:
        """Replace one cell by a text that is normalised without asking."""
        self.people[person][self.header.index(column)] = value
        self.file.lossless.add((self.cell(person, column), rule))

    def expect(self, cell: str, rule: str, after: str | None = None) -> None:
        severity = RULES[rule].severity
        self.file.expected.add(Expected(self.file.path.name, self.sheet, cell, rule, after, severity))

    def take(self, person: int, column: str) -> str:
        return str(self.people[person][self.header.index(column)])


class _Maker:
    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._people = Population(random.Random(seed))
        self._made = 0
        self._files: list[DirtyFile] = []

    def person(self, header: Sequence[str]) -> list[Value]:
        self._made += 1
        born = (date(2003, 1, 13), date(2004, 12, 31))
        while True:
            one = self._people.person(born=born, peoples={"Kinh": 1})
            # So that the columns of dates say for themselves which of day and month stands first.
            if one.born_on.day > 12:
                break
        values: dict[str, Value] = {
            "STT": self._made,
            "Họ và tên": one.name,
            "Ngày sinh": f"{one.born_on:%d/%m/%Y}",
            "Nơi sinh": one.birthplace,
            "Giới tính": display("gender", one.gender),
            "Dân tộc": one.ethnicity,
            "Số CCCD": one.personal_id,
            "Ngành đào tạo": "Công nghệ thông tin",
            "Mã ngành": "7480201",
            "Xếp loại": "Khá",
            "Số hiệu VB": f"SG{self._made:06}",
            "Số vào sổ": f"2026/SG/{self._made:04}",
            "Hình thức ĐT": "Chính quy",
        }
        return [values.get(name, "") for name in header]

    def file(self, name: str, given: Mapping[str, str] = GIVEN) -> DirtyFile:
        self._files.append(DirtyFile(self._folder / name, given))
        return self._files[-1]

    def list(self, name: str, count: int, *, header: Sequence[str] = HEADER, given: Mapping[str, str] = GIVEN) -> _List:
        sheet = "" if name.endswith(".csv") else "Danh sách"
        return _List(self, self.file(name, given), sheet=sheet, count=count, header=header)

    @staticmethod
    def write(one: _List) -> None:
        if one.sheet:
            write_workbook(one.file.path, [Page(name=one.sheet, rows=one.rows, bold=[len(one.above)])])
        else:
            write_csv(one.file.path, one.rows)

    def all(self) -> DirtySet:
        for make in (
            self.names,
            self.tcvn3,
            self.vni,
            self.split,
            self.numbers,
            self.dates,
            self.month_first,
            self.epoch,
        ):
            make()
        self.headers()
        self.marks()
        known = self.duplicates()
        for make in (self.impossible, self.formulas, self.encodings, self.no_tables):
            make()
        return DirtySet(files=tuple(self._files), known=known)

    # Classes 1, 2, 5–10, 19: text

    def names(self) -> None:
        made = self.list("01-ho-ten.xlsx", 24)
        name, place = "Họ và tên", "Nơi sinh"
        made.spaced(0, name, unicodedata.normalize("NFD", "Nguyễn Thị Phượng"), "nfc")
        made.spaced(1, name, "Nguyê\u0303n Thi\u0323 Phươ\u0323ng", "nfc")
        made.put(2, name, byte_view(in_1258("Phạm Thị Ngọc")), ("cp1258", "Phạm Thị Ngọc"))
        once = byte_view("Nguyễn Thị Phượng".encode())
        made.put(3, name, once, ("mojibake", "Nguyễn Thị Phượng"))
        made.put(4, name, byte_view(once.encode()), ("mojibake", "Nguyễn Thị Phượng"))
        for person, right in {10: "Vũ Thị Hoà", 11: "Lê Thuỷ", 13: "H’Hen Niê", 16: "NGUYỄN THỊ PHƯƠNG"}.items():
            made.put(person, name, right)
        made.put(5, name, "NGUYEN THI PHUONG", ("unmarked-name", None))
        made.put(6, name, "Nguy?n Th? Ph??ng", ("lost-diacritics", None))
        made.put(7, name, "Kieu Van Truong", ("no-diacritics", None))
        made.put(8, name, "Ðặng Thị Lan", ("confusable", "Đặng Thị Lan"))
        made.put(9, name, "Ɖỗ Văn Nam", ("confusable", "Đỗ Văn Nam"))
        made.spaced(12, name, " Vũ  Thị\u00a0Lan\t", "spaces")
        made.put(14, name, "Nguyễn\u200b Văn An", ("hidden-character", "Nguyễn Văn An"))
        made.put(15, name, "PHƯỢNG Nguyễn Thị", ("name-order", "Nguyễn Thị PHƯỢNG"))
        made.put(17, name, "nguyễn văn bình", ("name-case", "Nguyễn Văn Bình"))
        made.put(18, name, "Nguyễn Văn An2", ("name-digits", None))
        for person, old in enumerate(("Hà Tây", "Sông Bé", "Hà Nam Ninh", "Sài Gòn"), 19):
            made.put(person, place, old)
        made.put(23, name, "", ("missing", None))
        self.write(made)

    # Classes 3 and 4: old encodings in cells

    def tcvn3(self) -> None:
        made = self.list("03-tcvn3.xlsx", 10)
        for column in ("Họ và tên", "Nơi sinh", "Giới tính", "Xếp loại", "Hình thức ĐT", "Ngành đào tạo", "Dân tộc"):
            for person in range(7):
                right = made.take(person, column)
                wrong = in_tcvn3(right)
                made.put(person, column, wrong, *([("tcvn3", right)] if wrong != right else []))
        made.put(7, "Họ và tên", "Lê Anh", ("ambiguous-encoding", None))
        made.put(8, "Họ và tên", "nguyÔn thÞ ph\u00adîng", ("tcvn3", "nguyễn thị phượng"))
        made.put(9, "Họ và tên", "TRÇN §øC HIÕU", ("tcvn3", "TRầN ĐứC HIếU"))
        self.write(made)

    def vni(self) -> None:
        made = self.list("04-vni.csv", 3)
        for person, right in enumerate(("Nguyễn Thị Phượng", "Huỳnh Văn Đạt", "ĐẶNG QUỐC THỊNH")):
            made.put(person, "Họ và tên", in_vni(right), ("vni", right))
        self.write(made)

    # Class 10: a name in several columns

    def split(self) -> None:
        header = ["STT", "Họ", "Chữ đệm", "Tên", *HEADER[2:]]
        made = self.list("10-tach-ho-ten.csv", 3, header=header)
        for person, parts in enumerate((("Nguyễn", "Thị", "Phượng"), ("Trần", "Đức", "Hiếu"), ("Lê", "", "Thủy"))):
            for column, part in zip(header[1:4], parts, strict=True):
                made.put(person, column, part)
        made.expect("B1", "split-name", "Họ + Chữ đệm + Tên")
        self.write(made)

    # Classes 11, 15–18, 20: numbers and words

    def numbers(self) -> None:
        made = self.list("11-so-va-chu.xlsx", 30)
        number, serial, entered, programme = "Số CCCD", "Số hiệu VB", "Số vào sổ", "Mã ngành"
        female = {"Giới tính": "Nữ", "Ngày sinh": "25/02/2003"}
        wrong: list[tuple[Value, str, str | None]] = [
            *((1303004217, "leading-zeros", "001303004217"), ("1303004218", "leading-zeros", "001303004218")),
            *(("1.30300E+09", "scientific", None), ("'001303004219", "apostrophe", "001303004219")),
            *((1203004217, "leading-zeros", None), ("00130300421", "id-length", None)),
            *(("001 303 004 220", "id-separators", "001303004220"), ("001203004221", "id-mismatch", None)),
        ]
        for person, (value, rule, after) in enumerate(wrong):
            for column, cell in female.items():
                made.put(person, column, cell)
            made.put(person, number, value, (rule, after))
        made.put(8, number, "012345678")
        for person, form in enumerate(("2015/05/05964", "171/TC/2023", "001/2024", "C1234567"), 9):
            made.put(person, entered, form)
        made.put(13, entered, date(2024, 1, 1), ("turned-into-date", None))
        for person, form in enumerate(("S000934", "001471", "001/ĐHCN-2024"), 14):
            made.put(person, serial, form)
        made.put(17, serial, "S00O935", ("look-alike", "S000935"))
        made.put(18, serial, 1471, ("number-as-text", "1471"))
        for person, (grade, after) in enumerate((("GIỎI", "Giỏi"), ("TB Khá", "Trung bình khá"), ("XH", None)), 19):
            made.put(person, "Xếp loại", grade, ("grade", after))
        made.spaced(22, "Xếp loại", "Khá ", "spaces")
        made.put(23, "Giới tính", "0", ("gender-mark", None))
        made.put(24, "Giới tính", "Nu", ("gender", "Nữ"))
        made.put(25, "Giới tính", "")
        made.put(26, programme, "D480201", ("old-programme", None))
        made.put(27, programme, 52480201, ("old-programme", None))
        made.put(28, "Hình thức ĐT", "VLVH", ("mode", "Vừa làm vừa học"))
        made.put(29, "Hình thức ĐT", "Liên thông", ("mode", None))
        self.write(made)

    # Class 12: dates

    def dates(self) -> None:
        made = self.list("12-ngay-thang.xlsx", 14)
        wrong: list[tuple[Value, str, str | None]] = [
            *((37657, "excel-serial", "05/02/2003"), ("37657", "excel-serial", "05/02/2003")),
            *(("5.2.03", "two-digit-year", None), ("29/02/1999", "impossible-date", None)),
            *(("00/00/1998", "zero-day", "1998"), ("Không rõ", "unknown-date", None)),
            *(("25/02/2031", "future-date", None), ("năm con dê", "date-form", None)),
            *(("02/25/2003", "month-first", "25/02/2003"), ("05/02/2003", "ambiguous-date", None)),
        ]
        for person, (value, rule, after) in enumerate(wrong):
            made.put(person, "Ngày sinh", value, (rule, after))
            made.put(person, "Số CCCD", "")
        for person, right in enumerate(("25-02-2003", "2003-02-25", "2003", "02/2003"), len(wrong)):
            made.put(person, "Ngày sinh", right)
            made.put(person, "Số CCCD", "")
        self.write(made)

    def month_first(self) -> None:
        made = self.list("12-thang-truoc.csv", 4)
        for person, wrong in enumerate(("2/5/2003", "2/25/2003", "12/31/2002", "7/14/2003")):
            made.put(person, "Ngày sinh", wrong)
            made.put(person, "Số CCCD", "")
        made.expect("C1", "date-order", "month-first")
        self.write(made)

    def epoch(self) -> None:
        made = self.list("12-lich-1904.xlsx", 2)
        made.put(0, "Ngày sinh", 36195, ("excel-serial", "05/02/2003"))
        made.put(0, "Số CCCD", "")
        write_workbook(made.file.path, [Page(name=made.sheet, rows=made.rows)], epoch_1904=True)

    # Classes 13 and 14: headers

    def headers(self) -> None:
        file = self.file("13-tieu-de.xlsx")
        first = _List(self, file, sheet="Lớp A", count=3)
        names = list(HEADER)
        first.above = [
            ["BỘ GIÁO DỤC VÀ ĐÀO TẠO", *[""] * 6, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
            ["SỔ GỐC CẤP BẰNG CỬ NHÂN"],
            ["Quyết định công nhận tốt nghiệp số: 9/QĐ-ĐHSG"],
            [],
            [*names[:10], "Văn bằng", "", "Hình thức ĐT"],
        ]
        first.expect("A3", "contradicts")
        first.header = [*[""] * 10, "Số hiệu văn bằng đã được cấp", "Số vào sổ gốc", ""]
        first.below = [
            [*first.above[4]],
            [f"({column})" for column in range(1, len(names) + 1)],
            ["Tổng số: 4 sinh viên"],
            [*[""] * 8, "Quảng Bình, ngày 19 tháng 6 năm 2026"],
            ["NGƯỜI LẬP", *[""] * 7, "NGƯỜI KÝ"],
        ]
        first.expect(cell_name(len(first.above) + 1 + 3 + 2, 0), "total")
        second = _List(self, file, sheet="Lớp B", count=2, header=["TT", *names[1:], "Điểm TB", "Số hiệu bằng"])
        for person in range(2):
            second.put(person, "Điểm TB", "3,21")
        second.expect("N1", "unknown-column")
        second.expect("O1", "column-twice")
        second.expect("H", "hidden-column")
        third = _List(self, file, sheet="Lớp C", count=1)
        third.expect("", "hidden-sheet")
        fourth = _List(self, file, sheet="Ghi chú", count=0, header=["Danh sách này thay danh sách cũ"])
        fourth.expect("", "no-header")
        pages = [
            Page(name=first.sheet, rows=first.rows, merged=["A1:G1", "K5:L5"], bold=[4, 5]),
            Page(name=second.sheet, rows=second.rows, hidden_columns=[7]),
            Page(name=third.sheet, rows=third.rows, hidden=True),
            Page(name=fourth.sheet, rows=fourth.rows),
        ]
        write_workbook(file.path, pages)

    # Class 18, and what a regulation asks for

    def marks(self) -> None:
        header = [
            "STT",
            "Họ và tên",
            "Ngày sinh",
            "Nơi sinh",
            "Nữ",
            "Dân tộc",
            "Số CCCD",
            "Xếp loại",
            "Số hiệu VB",
            "Số vào sổ",
        ]
        made = self.list("18-nu.xlsx", 3, header=header, given=_SCHOOL_GIVEN)
        made.put(0, "Nữ", "x", ("gender-mark", "Nữ"))
        made.expect(made.cell(1, "Nữ"), "missing")
        made.put(2, "Nữ", "x", ("gender-mark", "Nữ"))
        made.put(2, "Dân tộc", "", ("missing", None))
        for person in range(3):
            made.put(person, "Số CCCD", "")
        self.write(made)

    # Classes 21 and 22: rows against each other, and against the register

    def duplicates(self) -> Register:
        made = self.list("21-trung-lap.xlsx", 10)
        made.put(1, "Số hiệu VB", made.take(0, "Số hiệu VB"), ("serial-twice", None))
        made.put(2, "Số vào sổ", made.take(0, "Số vào sổ"), ("register-twice", None))
        for column in ("Họ và tên", "Ngày sinh", "Giới tính", "Nơi sinh", "Số CCCD"):
            made.put(3, column, made.take(0, column))
            made.put(4, column, made.take(0, column))
        made.put(4, "Mã ngành", "7340101")
        made.expect(made.cell(3, "Họ và tên"), "person-twice")
        for column in ("Ngày sinh", "Giới tính", "Số CCCD"):
            made.put(5, column, made.take(0, column))
        made.expect(made.cell(5, "Số CCCD"), "id-shared")
        held = (("Số hiệu VB", "serial-known"), ("Số vào sổ", "register-known"), ("Họ và tên", "person-known"))
        for person, (column, rule) in enumerate(held, 6):
            made.expect(made.cell(person, column), rule)
        self.write(made)
        born = "-".join(reversed(made.take(8, "Ngày sinh").split("/")))
        who = Person(search_key(made.take(8, "Họ và tên")), born, made.take(8, "Số CCCD"), "7480201")
        return Register(made.take(6, "Số hiệu VB"), ("2026", made.take(7, "Số vào sổ")), who)

    def impossible(self) -> None:
        given = {
            name: value for name, value in GIVEN.items() if not name.startswith(("decision", "decided", "awarded"))
        }
        made = self.list("22-vo-ly.xlsx", 6, header=[*HEADER, "Số QĐ", "Ngày QĐ", "Ngày cấp"], given=given)
        decided = [date(2026, 6, day) for day in (12, 11, 14, 12, 12, 12)]
        numbers = ("412/QĐ-ĐHSG", "412/QĐ-ĐHSG", "413/QĐ-ĐHSG", "414/QĐ-ĐHSG", "398/QĐ-ĐHSG", "415/QĐ-ĐHSG")
        for person, (number, on) in enumerate(zip(numbers, decided, strict=True)):
            made.put(person, "Số QĐ", number)
            made.put(person, "Ngày QĐ", on)
            made.put(person, "Ngày cấp", date(2026, 6, 19))
        made.expect(made.cell(1, "Số QĐ"), "decision-dates")
        made.expect(made.cell(2, "Ngày QĐ"), "weekend-decision")
        made.put(3, "Ngày cấp", date(2026, 6, 5), ("award-before-decision", None))
        made.expect(made.cell(4, "Số QĐ"), "decision-known")
        made.put(5, "Ngày sinh", "25/06/2012", ("too-young", None))
        made.put(5, "Số CCCD", "")
        self.write(made)

    # Class 23: what runs

    def formulas(self) -> None:
        made = self.list("23-cong-thuc.xlsx", 4)
        for person, cell in enumerate(('=HYPERLINK("http://example.org";"Hà Nội")', "@SUM(A1)", "+cmd|' /C calc'!A0")):
            made.put(person, "Nơi sinh", cell, ("formula", None))
        made.put(3, "Nơi sinh", "#N/A", ("formula-error", None))
        self.write(made)

    # Class 24: text files

    def encodings(self) -> None:
        for encoding, encode in (
            *(
                ("tcvn3", lambda text: in_tcvn3(text).encode("latin-1")),
                ("vni", lambda text: in_vni(text).encode("latin-1")),
            ),
            *(("cp1258", in_1258), ("utf-16-le", lambda text: text.encode("utf-16-le"))),
        ):
            made = self.list(f"24-{encoding}.csv", 12)
            made.expect("", "file-encoding", encoding)
            lines = [";".join(map(str, row)) for row in made.rows]
            made.file.path.write_bytes(encode("\r\n".join(lines)))
        made = self.list("24-dau-phay.csv", 2, header=[*HEADER, "Điểm TB"])
        for person, name in enumerate(('Nguyễn "Tý" An', "Lê, Văn Nam")):
            made.put(person, "Điểm TB", "3,21")
            made.put(person, "Họ và tên", name)
        made.expect(made.cell(0, "Họ và tên"), "name-digits")
        made.expect("N1", "unknown-column")
        self.write(made)

    def no_tables(self) -> None:
        ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        for name, content, reason in (
            ("23-cu.xls", ole + bytes(512), "old-format"),
            ("23-mat-khau.xlsx", ole + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "password"),
            ("23-macro.xlsm", b"PK\x03\x04" + bytes(64), "macros"),
        ):
            file = self.file(name)
            file.path.write_bytes(content)
            file.refused = reason


def make_dirty(folder: Path, *, seed: int = 7) -> DirtySet:
    """Write every seeded file into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return _Maker(folder, seed).all()


if __name__ == "__main__":
    for each in make_dirty(Path(sys.argv[1])).files:
        outcome = each.refused or f"{len(each.expected)} lỗi và cảnh báo · errors and warnings"
        print(f"{each.path}  {outcome}")
