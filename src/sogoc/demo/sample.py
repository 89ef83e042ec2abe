"""Sample registers: invented institutions and people in the two layouts that registrars really use.

The same seed and day give the same bytes. Every name ends in "(mẫu)", and no institution here exists.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from sogoc.adapters.sheets_write import Value, write_csv, write_xlsx
from sogoc.core.vocabulary import display
from sogoc.demo.people import HIGHLAND, Population


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleProgramme:
    """A programme with its code and the modes in which the institution may teach it."""

    code: str
    vi: str
    en: str
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleInstitution:
    """An invented institution and what it may award: one kind and level, and its programmes."""

    code: str
    category: str
    name_vi: str
    name_en: str
    kind: str
    level: str
    programmes: tuple[SampleProgramme, ...]
    signer_name: str
    signer_title: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleBatch:
    """One decision's list as a file. `defaults` are the values that a registrar chooses for the whole of it, `blanks` the first
    and the last serial it is printed on; one that is not `numbered` gets its register numbers from the archive.
    """

    institution: SampleInstitution
    path: Path
    rows: int
    decision_number: str
    decided_on: date
    awarded_on: date
    defaults: Mapping[str, str]
    blanks: tuple[str, str]
    numbered: bool = True
    sheet: str = ""
    table: tuple[tuple[Value, ...], ...] = field(repr=False)
    merged: tuple[str, ...] = ()
    header_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSet:
    """Everything the demonstration imports. `unlicensed` is a clean file for a programme its university may not teach."""

    institutions: tuple[SampleInstitution, ...]
    batches: tuple[SampleBatch, ...]
    unlicensed: SampleBatch

    def batch(self, code: str) -> SampleBatch:
        return next(batch for batch in self.batches if batch.institution.code == code)


UNIVERSITY = SampleInstitution(
    code="DHSG01",
    category="multi-university",
    name_vi="Đại học Sông Gianh (mẫu)",
    name_en="Song Gianh University (sample)",
    kind="degree",
    level="bachelor",
    programmes=(
        SampleProgramme(code="7480201", vi="Công nghệ thông tin", en="Information Technology", modes=("full-time",)),
        SampleProgramme(
            code="7340101", vi="Quản trị kinh doanh", en="Business Administration", modes=("full-time", "in-service")
        ),
        SampleProgramme(code="7140202", vi="Giáo dục Tiểu học", en="Primary Education", modes=("full-time",)),
    ),
    signer_name="Đặng Quốc Thịnh",
    signer_title="Giám đốc",
    place="Quảng Bình",
)
UPLAND_UNIVERSITY = SampleInstitution(
    code="DHTC02",
    category="university",
    name_vi="Trường Đại học Thạch Cầu (mẫu)",
    name_en="Thach Cau University (sample)",
    kind="degree",
    level="bachelor",
    programmes=(
        SampleProgramme(code="7640101", vi="Thú y", en="Veterinary Medicine", modes=("full-time",)),
        SampleProgramme(
            code="7850103", vi="Quản lý đất đai", en="Land Management", modes=("full-time", "in-service", "distance")
        ),
    ),
    signer_name="Hoàng Thị Minh Châu",
    signer_title="Hiệu trưởng",
    place="Đắk Lắk",
)
SCHOOL = SampleInstitution(
    code="THPTST03",
    category="school",
    name_vi="Trường THPT Suối Trăng (mẫu)",
    name_en="Suoi Trang Upper Secondary School (sample)",
    kind="school-diploma",
    level="upper-secondary",
    programmes=(
        SampleProgramme(code="THPT", vi="Trung học phổ thông", en="Upper secondary education", modes=("full-time",)),
    ),
    signer_name="Trần Đức Hiếu",
    signer_title="Hiệu trưởng",
    place="Gia Lai",
)
LANGUAGE_CENTRE = SampleInstitution(
    code="TTMN04",
    category="centre",
    name_vi="Trung tâm Ngoại ngữ Mây Ngàn (mẫu)",
    name_en="May Ngan Language Centre (sample)",
    kind="certificate",
    level="certificate",
    programmes=(
        SampleProgramme(code="ANH-B1", vi="Tiếng Anh B1", en="English B1", modes=("in-service",)),
        SampleProgramme(code="ANH-B2", vi="Tiếng Anh B2", en="English B2", modes=("in-service",)),
    ),
    signer_name="Võ Hoàng Khánh Vy",
    signer_title="Giám đốc",
    place="Đà Nẵng",
)
INSTITUTIONS = (UNIVERSITY, UPLAND_UNIVERSITY, SCHOOL, LANGUAGE_CENTRE)
ENGLISH = SampleProgramme(code="7220201", vi="Ngôn ngữ Anh", en="English Language", modes=("in-service",))
"""The programme that UPLAND_UNIVERSITY has no power for. A real university, real people, a real decision: no licence."""

_DEGREE_HEADER = [
    "STT",
    "Họ và tên",
    "Ngày sinh",
    "Nơi sinh",
    "Giới tính",
    "Dân tộc",
    "Quốc tịch",
    "Số CCCD",
    "Mã SV",
    "Ngành đào tạo",
    "Mã ngành",
    "Chuyên ngành",
    "Năm TN",
    "Xếp loại",
    "Số QĐ công nhận TN",
    "Ngày QĐ TN",
    "Số hiệu VB",
    "Số vào sổ",
    "Ngày cấp",
    "Hình thức ĐT",
    "Thời gian ĐT",
    "Trình độ KHQG",
    "Bậc ĐT",
    "Ngôn ngữ ĐT",
    "Họ tên người ký",
    "CCCD người ký",
    "Chức danh người ký",
    "Ghi chú",
]
_CERTIFICATE_HEADER = [
    "STT",
    "Họ và tên",
    "Ngày sinh",
    "Nơi sinh",
    "Giới tính",
    "Dân tộc",
    "Số CCCD",
    "Tên chương trình",
    "Mã chương trình",
    "Khóa thi",
    "Xếp loại",
    "Số hiệu chứng chỉ",
    "Vào sổ cấp văn bằng, chứng chỉ số",
    "Ghi chú",
]
_SCHOOL_HEADER = [
    "STT",
    "Họ và tên",
    "CCCD",
    "Ngày, tháng, năm sinh",
    "Nơi sinh",
    "Giới tính",
    "Dân tộc",
    "Xếp loại tốt nghiệp",
    "Số hiệu văn bằng",
    "Số vào sổ",
    "Chữ ký người nhận",
    "Ghi chú",
]
_DEGREE_GRADES = {"Xuất sắc": 6, "Giỏi": 28, "Khá": 50, "Trung bình": 16}
_SCHOOL_GRADES = {"Giỏi": 30, "Khá": 50, "Trung bình": 20}
_CERTIFICATE_GRADES = {"Giỏi": 15, "Khá": 45, "Trung bình": 40}
_PAGE = 45


def make_files(folder: Path, *, seed: int, today: date) -> SampleSet:
    """Write one clean file for each institution, about 1,200 rows in all, and the unlicensed one.

    Decisions are of the weeks before `today`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    maker = _Maker(folder, random.Random(seed), today)
    return SampleSet(
        institutions=INSTITUTIONS,
        batches=(
            maker.degrees(UNIVERSITY, 540, "412/QĐ-ĐHSG", "SG", file="dai-hoc-song-gianh.csv"),
            maker.degrees(UPLAND_UNIVERSITY, 310, "187/QĐ-ĐHTC", "TC", file="dai-hoc-thach-cau.csv"),
            maker.school(SCHOOL, 220, "58/QĐ-THPT"),
            maker.certificates(LANGUAGE_CENTRE, 130, "33/QĐ-TTMN"),
        ),
        unlicensed=maker.degrees(
            UPLAND_UNIVERSITY,
            26,
            "203/QĐ-ĐHTC",
            "TCA",
            programmes=(ENGLISH,),
            file="dai-hoc-thach-cau-ngon-ngu-anh.csv",
        ),
    )


def make_supplement(folder: Path, *, seed: int, today: date, number: int) -> SampleBatch:
    """Write one more, small list of the first university, with serials of its own for each `number`; the archive numbers it."""
    folder.mkdir(parents=True, exist_ok=True)
    maker = _Maker(folder, random.Random(seed * 1000 + number), today)
    return maker.degrees(
        UNIVERSITY,
        24,
        f"{500 + number}/QĐ-ĐHSG",
        f"SG{number}-",
        file=f"dai-hoc-song-gianh-bo-sung-{number}.csv",
        numbered=False,
    )


class _Maker:
    def __init__(self, folder: Path, randomness: random.Random, today: date) -> None:
        self._folder = folder
        self._random = randomness
        self._people = Population(randomness)
        self._decided_on = _weekday(today - timedelta(days=21))
        self._awarded_on = _weekday(today - timedelta(days=14))
        self._year = self._awarded_on.year

    def _born(self, youngest: int, oldest: int) -> tuple[date, date]:
        return date(self._year - oldest, 1, 1), date(self._year - youngest, 12, 31)

    def _grade(self, shares: Mapping[str, int]) -> str:
        return self._random.choices(tuple(shares), tuple(shares.values()))[0]

    def _defaults(self, institution: SampleInstitution, decision: str, title: str) -> dict[str, str]:
        return {
            "institution": institution.code,
            "kind": institution.kind,
            "level": institution.level,
            "institution_name": institution.name_vi,
            "title": title,
            "decision_number": decision,
            "decided_on": self._decided_on.isoformat(),
            "awarded_on": self._awarded_on.isoformat(),
            "signer_name": institution.signer_name,
            "signer_title": institution.signer_title,
            "issued_at": institution.place,
        }

    def _batch(
        self,
        institution: SampleInstitution,
        file: str,
        rows: int,
        decision: str,
        defaults: Mapping[str, str],
        table: Sequence[Sequence[Value]],
        *,
        blanks: tuple[str, str],
        numbered: bool = True,
        sheet: str = "",
        merged: Sequence[str] = (),
        header_row: int = 0,
    ) -> SampleBatch:
        batch = SampleBatch(
            institution=institution,
            path=self._folder / file,
            rows=rows,
            decision_number=decision,
            decided_on=self._decided_on,
            awarded_on=self._awarded_on,
            defaults=defaults,
            blanks=blanks,
            numbered=numbered,
            sheet=sheet,
            table=tuple(tuple(row) for row in table),
            merged=tuple(merged),
            header_row=header_row,
        )
        write(batch, batch.path, batch.table)
        return batch

    def degrees(
        self,
        institution: SampleInstitution,
        count: int,
        decision: str,
        serial: str,
        *,
        file: str,
        programmes: Sequence[SampleProgramme] = (),
        numbered: bool = True,
    ) -> SampleBatch:
        """A university's list as CSV with the columns of its student system; without the one of the register numbers if the
        archive is to allot them.
        """
        book = _DEGREE_HEADER.index("Số vào sổ")
        table: list[list[Value]] = [list(_DEGREE_HEADER)]
        first = self._random.randrange(1000, 90000)
        for number in range(1, count + 1):
            programme = self._random.choice(tuple(programmes) or institution.programmes)
            mode = self._random.choices(programme.modes, (6, 2, 1)[: len(programme.modes)])[0]
            age = (22, 24) if mode == "full-time" else (26, 45)
            person = self._people.person(born=self._born(*age))
            # The papers of some who study beside their work know the year of birth only.
            born: Value = str(person.born_on.year) if mode != "full-time" and number % 40 == 0 else person.born_on
            table.append(
                [
                    *(number, person.name, born, person.birthplace, display("gender", person.gender)),
                    *(person.ethnicity, "Việt Nam", person.personal_id, f"{self._year - 4}{first + number:06}"),
                    *(programme.vi, programme.code, "", self._year, self._grade(_DEGREE_GRADES)),
                    *(decision, self._decided_on, f"{serial}{first + number:06}"),
                    *(f"{self._year}/{serial}/{number:04}", self._awarded_on, display("mode", mode)),
                    *("4 năm", "Trình độ 6", "Đại học", "Tiếng Việt", institution.signer_name, ""),
                    *(institution.signer_title, ""),
                ]
            )
        if not numbered:
            table = [[*row[:book], *row[book + 1 :]] for row in table]
        defaults = self._defaults(institution, decision, "Bằng cử nhân")
        blanks = f"{serial}{first + 1:06}", f"{serial}{first + count:06}"
        return self._batch(institution, file, count, decision, defaults, table, blanks=blanks, numbered=numbered)

    def certificates(self, institution: SampleInstitution, count: int, decision: str) -> SampleBatch:
        """A language centre's list as CSV, with what all certificates share chosen for the batch."""
        table: list[list[Value]] = [list(_CERTIFICATE_HEADER)]
        for number in range(1, count + 1):
            programme = self._random.choice(institution.programmes)
            person = self._people.person(born=self._born(16, 40))
            table.append(
                [
                    *(number, person.name, person.born_on, person.birthplace, display("gender", person.gender)),
                    *(person.ethnicity, person.personal_id, programme.vi, programme.code),
                    *(f"Đợt {self._decided_on.month}/{self._year}", self._grade(_CERTIFICATE_GRADES)),
                    *(f"MN-{self._year % 100}-{number:05}", f"{number:03}/CC/{self._year}", ""),
                ]
            )
        defaults = self._defaults(institution, decision, "Chứng chỉ ngoại ngữ") | {"mode": "in-service"}
        blanks = f"MN-{self._year % 100}-{1:05}", f"MN-{self._year % 100}-{count:05}"
        return self._batch(institution, "trung-tam-may-ngan.csv", count, decision, defaults, table, blanks=blanks)

    def school(self, institution: SampleInstitution, count: int, decision: str) -> SampleBatch:
        """A school's register as XLSX: title block, header repeated on every page, footer with the signatures."""
        width = len(_SCHOOL_HEADER)
        upper = institution.name_vi.removesuffix(" (mẫu)").upper()
        table: list[list[Value]] = [
            ["UBND TỈNH GIA LAI", *[""] * 6, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
            [f"{upper} (MẪU)", *[""] * 6, "Độc lập - Tự do - Hạnh phúc"],
            ["SỔ GỐC CẤP BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG"],
            [f"Quyết định công nhận tốt nghiệp số: {decision} ngày {self._decided_on:%d/%m/%Y}"],
            [f"Năm tốt nghiệp: {self._year}. Hình thức học: Chính quy"],
            [],
        ]
        header_row = len(table)
        first = self._random.randrange(100, 90000)
        for number in range(1, count + 1):
            if (number - 1) % _PAGE == 0:
                table.append(list(_SCHOOL_HEADER))
                table.append([f"({column})" for column in range(1, width + 1)])
            person = self._people.person(born=self._born(18, 19), peoples=HIGHLAND)
            table.append(
                [
                    *(number, person.name, person.personal_id, person.born_on, person.birthplace),
                    *(display("gender", person.gender), person.ethnicity, self._grade(_SCHOOL_GRADES)),
                    *(f"B{first + number:07}", f"{self._year}/64/{number:05}", "", ""),
                ]
            )
        on = self._awarded_on
        last = len(table) + 1
        table += [
            [f"Tổng số: {count} học sinh"],
            [*[""] * 7, f"{institution.place}, ngày {on.day} tháng {on.month} năm {on.year}"],
            ["NGƯỜI LẬP SỔ", *[""] * 6, institution.signer_title.upper()],
            [],
            ["Lê Thị Thu Hà", *[""] * 6, institution.signer_name],
        ]
        merged = ["A1:E1", "H1:L1", "A2:E2", "H2:L2", *(f"A{row}:L{row}" for row in (3, 4, 5))]
        merged += [f"A{last}:L{last}", f"H{last + 1}:L{last + 1}"]
        defaults = self._defaults(institution, decision, "Bằng tốt nghiệp trung học phổ thông") | {
            "programme": institution.programmes[0].code,
            "school": institution.name_vi,
            "mode": "full-time",
            "graduation_year": str(self._year),
        }
        return self._batch(
            institution,
            "thpt-suoi-trang.xlsx",
            count,
            decision,
            defaults,
            table,
            blanks=(f"B{first + 1:07}", f"B{first + count:07}"),
            sheet="Sổ gốc",
            merged=merged,
            header_row=header_row,
        )


def _weekday(day: date) -> date:
    """The day, or the Friday before it: no decision is signed on a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def write(batch: SampleBatch, path: Path, table: Sequence[Sequence[Value]]) -> None:
    """Write a table in the layout of this batch: CSV, or a workbook, by the name of the path."""
    if path.suffix == ".csv":
        write_csv(path, table)
    else:
        bold = (2, batch.header_row)
        write_xlsx(path, table, name=batch.sheet, merged=batch.merged, bold=bold)
