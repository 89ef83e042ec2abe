"""The twenty-four classes of dirty data, each by the strings in which it was seen, and what is proposed for them."""

from __future__ import annotations

import time
import tracemalloc
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.intake import Cell, CellType, Choices, Confidence, Intake, Person, Problem, Row, Sheet, Typed
from sogoc.core.intake.encodings import byte_view
from sogoc.core.intake.headers import meaning_of
from sogoc.core.intake.syllables import search_key
from sogoc.demo.old_encodings import in_1258, in_tcvn3, in_vni
from sogoc.errors import InputError
from tests.core.test_intake import CHOSEN, OTHER, PERSON, SAME, day, number, read, sheet

SCHOOL = {
    **CHOSEN,
    "kind": "school-diploma",
    "level": "upper-secondary",
    "school": "Trường THPT Suối Trăng (mẫu)",
    "programme": "THPT",
    "mode": "full-time",
}
PUPIL: Mapping[str, Cell] = {
    name: PERSON[name]
    for name in (
        "Họ và tên",
        "Ngày sinh",
        "Nơi sinh",
        "Giới tính",
        "Dân tộc",
        "Số CCCD",
        "Xếp loại",
        "Số hiệu VB",
        "Số vào sổ",
    )
}
NAME, BORN = "Họ và tên", "Ngày sinh"
CERTAIN, LIKELY, POSSIBLE = Confidence.CERTAIN, Confidence.LIKELY, Confidence.POSSIBLE


def said(result: Intake) -> list[tuple[str, str, str | None]]:
    return [(problem.cell, problem.rule, problem.after) for problem in result.problems]


def one(column: str, cell: Cell) -> Problem:
    """The only problem of a table in which one cell was replaced; a second person keeps the column in place."""
    result = read(sheet(OTHER, {**PERSON, column: cell}))
    assert len(result.problems) == 1, said(result)
    return result.problems[0]


def kept(column: str, cell: Cell, field: str) -> str | None:
    """What a record holds of a cell that is carried without any problem."""
    result = read(sheet(OTHER, {**PERSON, column: cell}))
    assert not result.problems, said(result)
    return result.rows[1].record.get(field)


def people(count: int, cells: Mapping[str, Sequence[Cell]] = MappingProxyType({})) -> list[dict[str, Cell]]:
    """So many people with numbers of their own, and the given columns."""
    made = []
    for index in range(count):
        born = f"{date(1995, 1, 1) + timedelta(days=index):%d/%m/%Y}"
        own = {BORN: born, "Số CCCD": "", "Mã SV": str(index), "Số hiệu VB": f"S{index}", "Số vào sổ": f"{index}/2026"}
        made.append({**PERSON, **own, **{name: column[index] for name, column in cells.items()}})
    return made


def test_class_01_decomposed_text_is_composed_and_listed() -> None:
    typed = unicodedata.normalize("NFD", "Nguyễn Thị Phượng")
    assert (len(typed), len("Nguyễn Thị Phượng")) == (23, 17)
    result = read(sheet({**PERSON, NAME: typed}))
    assert result.rows[0].record["holder_name"] == "Nguyễn Thị Phượng"
    assert [(change.cell, change.rule, change.before) for change in result.changes] == [("A2", "nfc", typed)]


def test_class_02_partly_composed_text_and_code_page_1258() -> None:
    typed = "".join(unicodedata.normalize("NFC", part) for part in ("Nguyê", "\u0303n Thi", "\u0323 Phươ", "\u0323ng"))
    assert len(typed) == 20
    assert read(sheet({**PERSON, NAME: typed})).rows[0].record["holder_name"] == "Nguyễn Thị Phượng"
    problem = one(NAME, byte_view(typed.encode("cp1258")))
    assert (problem.rule, problem.after, problem.confidence) == ("cp1258", "Nguyễn Thị Phượng", LIKELY)


@pytest.mark.parametrize(
    ("shown", "after"),
    [
        *(("TrÇn §øc HiÕu", "Trần Đức Hiếu"), ("§Æng Quèc ThÞnh", "Đặng Quốc Thịnh")),
        *(("Vâ Hoµng Kh¸nh Vy", "Võ Hoàng Khánh Vy"), ("Ph\u00adîng", "Phượng")),
    ],
)
def test_class_03_tcvn3_is_proposed_with_its_soft_hyphen(shown: str, after: str) -> None:
    problem = one(NAME, shown)
    assert (problem.rule, problem.before, problem.after, problem.confidence) == ("tcvn3", shown, after, LIKELY)
    accepted = read(sheet(OTHER, {**PERSON, NAME: shown}), choices=Choices().accept(problem))
    assert accepted.rows[1].record["holder_name"] == after


def test_class_03_a_column_in_tcvn3_decides_about_cells_that_look_like_unicode() -> None:
    names: list[Cell] = ["TrÇn §øc HiÕu", "§Æng Quèc ThÞnh", "Vâ Hoµng Kh¸nh Vy", "Lª Hãa", "Lê Anh", "Phan Anh"]
    places: list[Cell] = ["Hµ Néi", "B¾c Giang", "NghÖ An", "Thanh Hãa", "Hà Tây", "Nam §Þnh"]
    genders: list[Cell] = ["N÷", "Nam", "N÷", "N÷", "Nam", "N÷"]
    grades: list[Cell] = ["Giái", "Kh¸", "Kh¸", "Trung b×nh", "XuÊt s¾c", "Giái"]
    table = people(6, {NAME: names, "Nơi sinh": places, "Giới tính": genders, "Xếp loại": grades})
    result = read(sheet(*table))
    found = {problem.cell: problem for problem in result.problems}
    proposed = "A2 A3 A4 A5 C2 C3 C4 C5 C7 D2 D4 D5 D7 L2 L3 L4 L5 L6 L7".split()
    assert {cell: problem.confidence for cell, problem in found.items() if problem.after is not None} == dict.fromkeys(
        proposed, CERTAIN
    )
    # Lê is a syllable in Unicode, and Lờ in TCVN3: which of them, only paper can tell.
    assert found["A6"].rule == "ambiguous-encoding"
    assert dict(found["A6"].readings) == {"unicode": "Lê Anh", "tcvn3": "Lờ Anh"}
    assert "A7" not in found
    # à has no meaning in TCVN3.
    assert "C6" not in found
    assert {problem.after for cell, problem in found.items() if problem.column == "Xếp loại"} == {
        *("Giỏi", "Khá", "Trung bình", "Xuất sắc")
    }


@pytest.mark.parametrize(
    ("shown", "decoded", "recased"),
    [
        ("nguyÔn thÞ ph\u00adîng", "nguyễn thị phượng", "Nguyễn Thị Phượng"),
        ("TRÇN §øC HIÕU", "TRầN ĐứC HIếU", "TRẦN ĐỨC HIẾU"),
    ],
)
def test_class_03_a_font_of_capitals_is_recased_only_when_asked(shown: str, decoded: str, recased: str) -> None:
    assert one(NAME, shown).after == decoded
    table = sheet(OTHER, {**PERSON, NAME: shown})
    read_as = read(table, accept={"tcvn3"})
    (problem,) = read_as.problems
    assert (problem.rule, problem.severity, problem.before, problem.after) == ("name-case", "warning", decoded, recased)
    assert problem.confidence is POSSIBLE
    assert read_as.rows[1].record["holder_name"] == decoded
    accepted = read(table, choices=Choices(rules=frozenset({"tcvn3"})).accept(problem))
    assert accepted.rows[1].record["holder_name"] == recased
    assert [change.rule for change in accepted.changes] == ["tcvn3", "name-case"]


@pytest.mark.parametrize(
    ("shown", "after"),
    [
        *(("Nguyeãn Thò Phöôïng", "Nguyễn Thị Phượng"), ("Huyønh Vaên Ñaït", "Huỳnh Văn Đạt")),
        *(("LEÂ THÒ HOÀNG YEÁN".replace("À", "AØ"), "LÊ THỊ HOÀNG YẾN"), ("Buøi Ñöùc Ñoâng", "Bùi Đức Đông")),
    ],
)
def test_class_04_vni_is_proposed(shown: str, after: str) -> None:
    problem = one(NAME, shown)
    assert (problem.rule, problem.after, problem.confidence) == ("vni", after, LIKELY)


def test_class_05_utf_8_that_was_read_wrongly_once_or_twice() -> None:
    once = "Nguyá»…n Thá»‹ PhÆ°á»£ng"
    twice = byte_view(once.encode())
    for shown in (once, twice):
        problem = one(NAME, shown)
        assert (problem.rule, problem.after) == ("mojibake", "Nguyễn Thị Phượng")


def test_class_06_lost_letters_are_not_guessed() -> None:
    problem = one(NAME, "Nguy?n Th? Ph??ng")
    assert (problem.rule, problem.severity, problem.after) == ("lost-diacritics", "error", None)
    for shown in ("NGUYEN THI PHUONG", "Tran Van Nam"):
        problem = one(NAME, shown)
        assert (problem.rule, problem.severity, problem.after) == ("unmarked-name", "warning", None)
    problem = one(NAME, "Kieu Van Truong")
    assert (problem.rule, problem.severity) == ("no-diacritics", "warning")
    assert kept(NAME, "Phan An Khang", "holder_name") == "Phan An Khang"


def test_class_07_letters_that_only_look_like_d() -> None:
    assert [(one(NAME, shown).after, one(NAME, shown).confidence) for shown in ("Ðặng Thị Lan", "Ɖỗ Văn Nam")] == [
        *(("Đặng Thị Lan", CERTAIN), ("Đỗ Văn Nam", CERTAIN))
    ]
    assert one(NAME, "Y Ðăm Niê").confidence is LIKELY
    assert kept(NAME, "Đặng Thị Lan", "holder_name") == "Đặng Thị Lan"


@pytest.mark.parametrize(("here", "there"), [("Vũ Thị Hoà", "Vũ Thị Hòa"), ("Lê Thuỷ", "Lê Thủy"), ("Lí Kì", "Lý Kỳ")])
def test_class_08_the_place_of_the_tone_is_kept_and_equal_only_for_a_search(here: str, there: str) -> None:
    assert kept(NAME, here, "holder_name") == here
    assert kept(NAME, there, "holder_name") == there
    assert search_key(here) == search_key(there)
    twice = read(sheet({**PERSON, NAME: here}, {**SAME, NAME: there}))
    assert [rule for _, rule, _ in said(twice)] == ["person-twice"]


def test_class_09_spaces_are_normalised_and_letters_kept() -> None:
    for typed, after in (
        ("Vũ  Thị\u00a0Lan\t", "Vũ Thị Lan"),
        (" H’Hen  Niê", "H’Hen Niê"),
        ("H'Hen Niê ", "H'Hen Niê"),
    ):
        result = read(sheet({**PERSON, NAME: typed}))
        assert result.rows[0].record["holder_name"] == after
        assert [(change.before, change.after, change.rule) for change in result.changes] == [(typed, after, "spaces")]
    assert (one(NAME, "Vũ\u200b Lan").rule, one(NAME, "Vũ\u200b Lan").after) == ("hidden-character", "Vũ Lan")
    assert kept(NAME, "Lý Mỹ Quý", "holder_name") == "Lý Mỹ Quý"


def test_class_10_order_and_case_of_a_name() -> None:
    problem = one(NAME, "PHƯỢNG Nguyễn Thị")
    assert (problem.rule, problem.severity, problem.after) == ("name-order", "warning", "Nguyễn Thị PHƯỢNG")
    assert problem.confidence is POSSIBLE
    assert kept(NAME, "NGUYỄN THỊ PHƯỢNG", "holder_name") == "NGUYỄN THỊ PHƯỢNG"
    assert one(NAME, "nguyễn thị phượng").rule == "name-case"


@pytest.mark.parametrize(
    ("parts", "after"),
    [
        ({"Họ": "Nguyễn", "Chữ đệm": "Thị", "Tên": "Phượng"}, "Họ + Chữ đệm + Tên"),
        ({"Tên": "Phượng", "Họ và tên đệm": "Nguyễn  Thị "}, "Họ và tên đệm + Tên"),
    ],
)
def test_class_10_a_split_name_is_joined_when_the_order_is_accepted(parts: dict[str, Cell], after: str) -> None:
    table = sheet({**parts, **{name: cell for name, cell in PERSON.items() if name != NAME}})
    asked = read(table)
    assert said(asked) == [("A1", "split-name", after)]
    assert asked.problems[0].confidence is CERTAIN
    accepted = read(table, choices=Choices().accept(asked.problems[0]))
    assert accepted.rows[0].record["holder_name"] == "Nguyễn Thị Phượng"
    assert ("A2", "split-name", "Nguyễn Thị Phượng") in [
        (change.cell, change.rule, " ".join(change.after.split())) for change in accepted.changes
    ]


def test_class_10_a_header_over_two_columns_is_a_split_name_too() -> None:
    header: Row = [NAME, "", *list(PERSON)[1:]]
    rows: list[Row] = [header, ["Nguyễn Thị", "Phượng", *list(PERSON.values())[1:]]]
    asked = read(Sheet(name="A", rows=rows))
    assert said(asked) == [("A1", "split-name", "Họ và tên + B")]
    assert asked.problems[0].confidence is LIKELY
    accepted = read(Sheet(name="A", rows=rows), accept={"split-name"})
    assert accepted.rows[0].record["holder_name"] == "Nguyễn Thị Phượng"


@pytest.mark.parametrize(
    ("cell", "rule", "after", "confidence"),
    [
        (number("1303004217"), "leading-zeros", "001303004217", CERTAIN),
        ("1303004217", "leading-zeros", "001303004217", CERTAIN),
        ("1.30300E+09", "scientific", None, LIKELY),
        ("'001303004217", "apostrophe", "001303004217", CERTAIN),
        ("00130300421", "id-length", None, LIKELY),
        # Eleven digits that agree with neither sex nor year: something else is missing.
        ("31204090122", "leading-zeros", None, CERTAIN),
    ],
)
def test_class_11_personal_numbers(cell: Cell, rule: str, after: str | None, confidence: Confidence) -> None:
    problem = one("Số CCCD", cell)
    assert (problem.rule, problem.after) == (rule, after)
    assert after is None or problem.confidence is confidence


def test_class_11_an_old_card_has_nine_digits() -> None:
    assert kept("Số CCCD", "012345678", "personal_id") == "012345678"


@pytest.mark.parametrize(
    ("cell", "iso"),
    [("05/02/2003", "2003-02-05"), ("05-02-2003", "2003-02-05"), ("2003-02-05", "2003-02-05"), ("2003", "2003")],
)
def test_class_12_dates_of_every_writing(cell: str, iso: str) -> None:
    assert kept(BORN, cell, "born_on") == iso


@pytest.mark.parametrize(
    ("cell", "rule", "after"),
    [
        *((number("37657"), "excel-serial", "05/02/2003"), ("37657", "excel-serial", "05/02/2003")),
        *(("5.2.03", "two-digit-year", None), ("29/02/1999", "impossible-date", None)),
        *(("00/00/1958", "zero-day", "1958"), ("Không rõ", "unknown-date", None)),
    ],
)
def test_class_12_dates_that_are_none(cell: Cell, rule: str, after: str | None) -> None:
    problem = one(BORN, cell)
    assert (problem.rule, problem.after) == (rule, after)


def test_class_12_the_epoch_of_the_workbook_counts() -> None:
    rows = list(sheet({**PERSON, BORN: number("36195")}).rows)
    (problem,) = read(Sheet(name="A", rows=rows, epoch_1904=True)).problems
    assert (problem.after, dict(problem.readings)) == ("05/02/2003", {"1904": "05/02/2003", "1900": "04/02/1999"})


def test_class_12_month_first_is_a_question_about_the_column() -> None:
    table = people(4, {BORN: ["2/5/2003", "2/25/2003", "12/31/2002", "7/14/2003"]})
    (problem,) = read(sheet(*table)).problems
    assert (problem.cell, problem.rule, problem.after, problem.confidence) == (
        "B1",
        "date-order",
        "month-first",
        CERTAIN,
    )
    accepted = read(sheet(*table), choices=Choices().accept(problem))
    assert [row.record["born_on"] for row in accepted.rows] == ["2003-02-05", "2003-02-25", "2002-12-31", "2003-07-14"]
    assert len(accepted.changes) == 4


def test_class_12_swapped_days_are_put_back_when_accepted() -> None:
    table = people(3, {BORN: [day("2003-05-02"), "17/08/2002", day("2003-01-01")]})
    (problem,) = read(sheet(*table)).problems
    assert (problem.cell, problem.rule, problem.after) == ("B2", "swapped-date", "05/02/2003")
    assert (
        read(sheet(*table), choices=Choices(order={"ngày sinh": "day-first"})).rows[0].record["born_on"] == "2003-05-02"
    )
    assert read(sheet(*table), accept={"swapped-date"}).rows[0].record["born_on"] == "2003-02-05"


def test_class_13_a_header_of_two_rows_under_a_title_block() -> None:
    top: list[list[Cell]] = [
        ["UBND TỈNH QUẢNG BÌNH", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        ["SỔ GỐC CẤP BẰNG"],
        [],
        [
            "STT",
            "TT",
            NAME,
            BORN,
            "Giới tính",
            "",
            "Ngành đào tạo",
            "Mã ngành",
            "Xếp loại",
            "Văn bằng",
            "",
            "Hình thức ĐT",
        ],
        ["", "", "", "", "Nam", "Nữ", "", "", "", "Số hiệu", "Số vào sổ", ""],
        [f"({column})" for column in range(1, 13)],
    ]
    person: list[Cell] = [
        *("1", "1", "Nguyễn Thị Phượng", "05/02/2003", "", "x", "Thú y", "7640101", "Giỏi", "S1", "1/2026", "Chính quy")
    ]
    second: list[Cell] = [
        *("2", "2", "Trần Đức Hiếu", "17/11/2001", "x", "", "Thú y", "7640101", "Khá", "S2", "2/2026", "Chính quy")
    ]
    below: list[list[Cell]] = [top[3], top[4], second, ["Tổng số: 2"], ["NGƯỜI LẬP", "", "", "", "NGƯỜI KÝ"]]
    result = read(Sheet(name="Lớp A", rows=[*top, person, *below]))
    assert said(result) == [("F7", "gender-mark", "Nữ"), ("E10", "gender-mark", "Nam")]
    accepted = read(Sheet(name="Lớp A", rows=[*top, person, *below]), accept={"gender-mark"})
    assert [row.record["gender"] for row in accepted.rows] == ["female", "male"]
    assert [row.row for row in accepted.rows] == [7, 10]
    assert accepted.rows[0].record["register_number"] == "1/2026"


def test_class_13_sheets_of_several_classes_and_what_is_hidden() -> None:
    second = Sheet(name="Lớp B", rows=sheet(OTHER).rows)
    assert len(read(sheet(PERSON), second).rows) == 2
    hidden = Sheet(name="Lớp B", rows=sheet(OTHER).rows, hidden_columns=frozenset({2}))
    assert said(read(sheet(PERSON), hidden)) == [("C", "hidden-column", None)]


@pytest.mark.parametrize(
    ("names", "field"),
    [
        ("Số hiệu VB|Số hiệu bằng|Số hiệu văn bằng đã được cấp|Số VB", "serial_number"),
        ("Số vào sổ|Số vào sổ gốc|Vào sổ cấp văn bằng, chứng chỉ số|Số vào sổ cấp GCN", "register_number"),
        ("Hä vµ tªn|Hoï vaø teân", "holder_name"),
    ],
)
def test_class_14_names_of_columns(names: str, field: str) -> None:
    assert {meaning_of(name) for name in names.split("|")} == {field}


def test_class_14_what_an_institution_calls_a_column_is_remembered() -> None:
    table = sheet({**PERSON, "Ký hiệu phôi": "x", "Điểm TB": "3,21"})
    assert [rule for _, rule, _ in said(read(table))] == ["unknown-column", "unknown-column"]
    remembered = Choices(meanings={"ký hiệu PHÔI": "major", "diem tb": ""})
    result = read(table, choices=remembered)
    assert result.rows[0].record["major"] == "x"
    assert result.ignored == ("Điểm TB",)
    assert [(column.label, column.meaning) for column in result.columns[-2:]] == [
        ("Ký hiệu phôi", "major"),
        ("Điểm TB", ""),
    ]
    assert [column.meaning for column in read(table).columns[-2:]] == [None, None]
    for wrong in (
        Choices(meanings={"Điểm TB": "gpa"}),
        Choices(order={BORN: "year-first"}),
        Choices(encoding="viscii"),
    ):
        with pytest.raises(InputError):
            read(table, choices=wrong)


@pytest.mark.parametrize("text", ["2015/05/05964", "171/TC/2023", "001/2024", "C1234567", "0123456789/2024-ĐHCN"])
def test_class_15_register_numbers_stay_as_they_are(text: str) -> None:
    assert kept("Số vào sổ", text, "register_number") == text


@pytest.mark.parametrize("text", ["S000934", "001471", "001/ĐHCN-2024", "SO000934", "VI1234"])
def test_class_16_serial_numbers_stay_as_they_are(text: str) -> None:
    assert kept("Số hiệu VB", text, "serial_number") == text


@pytest.mark.parametrize(("text", "after"), [("S00O934", "S000934"), ("00147I", "001471"), ("2024/0l5", "2024/015")])
def test_class_16_letters_among_digits_are_a_warning(text: str, after: str) -> None:
    problem = one("Số hiệu VB", text)
    assert (problem.rule, problem.severity, problem.after, problem.confidence) == (
        "look-alike",
        "warning",
        after,
        POSSIBLE,
    )
    table = sheet({**PERSON, "Số hiệu VB": text})
    assert read(table).rows[0].record["serial_number"] == text
    assert read(table, accept={"look-alike"}).rows[0].record["serial_number"] == after


@pytest.mark.parametrize(
    ("text", "after"), [("GIỎI", "Giỏi"), ("G", "Giỏi"), ("TB Khá", "Trung bình khá"), ("XH", None)]
)
def test_class_17_grades(text: str, after: str | None) -> None:
    problem = one("Xếp loại", text)
    assert (problem.rule, problem.after) == ("grade", after)


def test_class_17_grades_are_those_of_the_day_and_never_coerced() -> None:
    assert kept("Xếp loại", "Khá ".strip(), "classification") == "Khá"
    assert kept("Xếp loại", "Trung bình khá", "classification") == "Trung bình khá"
    excellent = read(sheet({**PUPIL, "Xếp loại": "Xuất sắc"}), defaults=SCHOOL, kind="school-diploma")
    assert [(problem.rule, problem.after) for problem in excellent.problems] == [("grade", None)]


@pytest.mark.parametrize(
    ("cells", "after"),
    [
        (["1", "0", "1"], [None, None, None]),
        ([number("1"), number("2"), number("2")], ["Nam", "Nữ", "Nữ"]),
        (["nam", "NỮ", "Nam"], []),
        (["Nu", "x", "Nam"], ["Nữ", None]),
    ],
)
def test_class_18_numbers_for_a_gender(cells: list[Cell], after: list[str | None]) -> None:
    result = read(sheet(*people(3, {"Giới tính": cells})))
    assert [problem.after for problem in result.problems] == after


def test_class_18_both_meanings_of_a_number_are_shown() -> None:
    problem = one("Giới tính", "0")
    assert dict(problem.readings) == {"1 = Nam": "Nữ", "1 = Nữ": "Nam"}


@pytest.mark.parametrize("header", ["Nữ", "Giới tính nữ"])
def test_class_18_a_blank_in_a_column_of_marks_is_never_male(header: str) -> None:
    marked = {name: cell for name, cell in PUPIL.items() if name != "Giới tính"}
    table = sheet(
        {**marked, header: "x"},
        {**marked, header: "", NAME: "Vũ Nam", "Số hiệu VB": "2", "Số vào sổ": "2", "Số CCCD": ""},
    )
    result = read(table, defaults=SCHOOL, kind="school-diploma", accept={"gender-mark"})
    assert [(problem.rule, problem.cell[1:]) for problem in result.problems] == [("missing", "3")]
    assert not result.rows


@pytest.mark.parametrize(
    "place", ["Hà Tây", "Sông Bé", "Hà Nam Ninh", "TP HCM", "Sài Gòn", "Gia Định", "H. Từ Liêm, Hà Nội"]
)
def test_class_19_places_stay_as_they_were_called(place: str) -> None:
    assert kept("Nơi sinh", place, "birthplace") == place


@pytest.mark.parametrize("code", ["D480201", "52480201", "480201", "C480201"])
def test_class_20_codes_of_old_lists_are_a_warning(code: str) -> None:
    problem = one("Mã ngành", code)
    assert (problem.rule, problem.severity, problem.after) == ("old-programme", "warning", None)
    result = read(sheet({**PERSON, "Mã ngành": code}), choices=Choices().acknowledge_rule("old-programme"))
    assert not result.problems
    assert len(result.acknowledged) == 1
    assert result.rows[0].record["programme"] == code


class Register:
    """A register that holds one person, SG000934, and remembers how often it was asked."""

    def __init__(self, **held: Collection[object]) -> None:
        self.held = held
        self.asked = 0

    def serials(self, numbers: Collection[str]) -> Collection[str]:
        self.asked += 1
        return [one for one in numbers if one in self.held.get("serials", ())]

    def registers(self, numbers: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        return [one for one in numbers if one in self.held.get("registers", ())]

    def persons(self, people: Collection[Person]) -> Collection[Person]:
        return [one for one in people if one in self.held.get("persons", ())]

    def decided_on(self, number: str) -> str | None:
        return "2026-06-11" if number in self.held.get("decisions", ()) else None


def test_class_21_what_the_register_holds_is_noticed() -> None:
    who = Person(search_key("Nguyễn Thị Phượng"), "2003-02-05", "001303004217", "7480201")
    known = Register(
        serials={"SG000934"}, registers={("2026", "2026/SG/0001"), ("2025", "2026/SG/0002")}, persons={who}
    )
    result = read(sheet(PERSON, OTHER), known=known)
    assert [(problem.cell, problem.rule, problem.severity) for problem in result.problems] == [
        *(("M2", "serial-known", "error"), ("N2", "register-known", "error"), ("A2", "person-known", "warning"))
    ]
    assert (result.faulty, known.asked) == (1, 1)
    many = read(sheet(*people(5_200)), known=(asked := Register()))
    assert (len(many.rows), asked.asked) == (5_200, 3)


def test_class_21_duplicates_in_the_file_and_a_legitimate_double_degree() -> None:
    assert [rule for _, rule, _ in said(read(sheet(PERSON, {**OTHER, "Số hiệu VB": "SG000934"})))] == ["serial-twice"]
    assert [rule for _, rule, _ in said(read(sheet(PERSON, SAME)))] == ["person-twice"]
    assert not read(sheet(PERSON, {**SAME, "Mã ngành": "7340101"})).problems


def test_class_22_values_that_cannot_be() -> None:
    chosen = {
        name: cell for name, cell in CHOSEN.items() if name not in {"decided_on", "awarded_on", "decision_number"}
    }
    rows = people(
        4,
        {
            "Số QĐ": ["1/QĐ", "1/QĐ", "2/QĐ", "3/QĐ"],
            "Ngày QĐ": ["12/06/2026", "11/06/2026", "14/06/2026", "12/06/2026"],
            "Ngày cấp": ["19/06/2026", "19/06/2026", "19/06/2026", "11/06/2026"],
            BORN: ["05/02/2003", "05/03/2003", "05/04/2003", "05/05/2012"],
        },
    )
    result = read(sheet(*rows), defaults=chosen)
    assert [(problem.rule, problem.severity) for problem in result.problems] == [
        *(("decision-dates", "error"), ("weekend-decision", "warning"), ("award-before-decision", "error")),
        ("too-young", "error"),
    ]
    known = read(sheet(rows[0]), defaults=chosen, known=Register(decisions={"1/QĐ"}))
    assert [rule for _, rule, _ in said(known)] == ["decision-known"]
    sunday = read(sheet(PERSON), defaults={**CHOSEN, "decided_on": "2026-06-14"})
    assert said(sunday) == [("", "weekend-decision", None)]


def test_class_23_formulas_and_errors_are_never_values() -> None:
    for cell, rule in (
        (Typed(CellType.ERROR, "#N/A"), "formula-error"),
        (Typed(CellType.FORMULA, ""), "formula"),
        ('=HYPERLINK("http://example.org";"Hà Nội")', "formula"),
        ("@SUM(A1)", "formula"),
        ("+cmd|' /C calc'!A0", "formula"),
    ):
        problem = one("Nơi sinh", cell)
        assert (problem.rule, problem.severity, problem.after) == (rule, "error", None)


def _rows(text: str) -> list[tuple[str, ...]]:
    return [tuple(line.split(";")) for line in text.splitlines()]


TABLE = "Họ và tên;Ngày sinh;Ngành đào tạo;Mã ngành;Số hiệu;Số vào sổ;Hình thức ĐT;Nơi sinh\n" + "\n".join(
    f"{name};0{index}/02/2003;Kỹ thuật điện;7520201;S{index};{index}/2026;Chính quy;{place}"
    for index, (name, place) in enumerate(
        [("Trần Đức Hiếu", "Hà Nội"), ("Đặng Quốc Thịnh", "Huế"), ("Võ Hoàng Khánh Vy", "Bắc Giang")], 1
    )
)


@pytest.mark.parametrize(
    ("encoding", "write"), [("tcvn3", in_tcvn3), ("vni", in_vni), ("cp1258", lambda text: byte_view(in_1258(text)))]
)
def test_class_24_a_text_file_in_an_old_encoding_is_a_question_about_the_file(
    encoding: str, write: Callable[[str], str]
) -> None:
    raw = Sheet(name="", rows=_rows(write(TABLE)), undeclared="bytes")
    asked = read(raw)
    (problem,) = asked.problems
    assert (problem.rule, problem.after, problem.severity) == ("file-encoding", encoding, "error")
    assert problem.confidence is CERTAIN
    assert dict(problem.readings)[encoding] in {"Võ Hoàng Khánh Vy", "Đặng Quốc Thịnh", "Hình thức ĐT", "Ngành đào tạo"}
    assert not asked.rows
    for choices in (Choices().accept(problem), Choices(encoding=encoding), Choices().accept_rule("file-encoding")):
        accepted = read(raw, choices=choices)
        assert [row.record["holder_name"] for row in accepted.rows] == [
            *("Trần Đức Hiếu", "Đặng Quốc Thịnh", "Võ Hoàng Khánh Vy")
        ]
        assert {change.rule for change in accepted.changes} == {"file-encoding"}
        assert ("A2", "Trần Đức Hiếu") in [(change.cell, change.after) for change in accepted.changes]


def test_class_24_utf_16_without_its_mark_is_a_question_too() -> None:
    raw = Sheet(name="", rows=_rows(TABLE), undeclared="utf-16-le")
    (problem,) = read(raw).problems
    assert (problem.rule, problem.after) == ("file-encoding", "utf-16-le")
    accepted = read(raw, choices=Choices().accept(problem))
    assert len(accepted.rows) == 3
    assert not accepted.changes


def test_class_24_an_encoding_that_nothing_speaks_for_is_not_proposed() -> None:
    raw = Sheet(name="", rows=[("H\xfe", "\xf8x"), ("q\xe9\xe9", "x")], undeclared="bytes")
    (problem,) = read(raw).problems
    assert (problem.rule, problem.after) == ("encoding-unknown", None)


def test_class_24_a_decimal_comma_is_no_separator() -> None:
    result = read(sheet({**PERSON, "Điểm TB": "3,21"}), ignore={"Điểm TB"})
    assert result.clean


# Choices


def test_a_choice_is_undone_by_leaving_it_out() -> None:
    table = sheet({**PERSON, NAME: "TrÇn §øc HiÕu"}, {**OTHER, NAME: "§Æng Quèc ThÞnh", "Giới tính": "Nu"})
    asked = read(table)
    first, second, third = asked.problems
    one_accepted = Choices().accept(first)
    after = read(table, choices=one_accepted)
    assert [problem.key for problem in after.problems] == [second.key, third.key]
    assert [(change.key, change.before, change.after) for change in after.changes] == [
        (first.key, "TrÇn §øc HiÕu", "Trần Đức Hiếu")
    ]
    assert read(table, choices=one_accepted.undo(after.changes[0])).problems == asked.problems
    assert one_accepted.undo(first.key) == one_accepted.undo(first) == Choices()
    whole = one_accepted.accept_rule("tcvn3").accept_rule("gender")
    assert read(table, choices=whole).clean
    assert read(table, choices=whole.undo(first).undo_rule("tcvn3").undo_rule("gender")).problems == asked.problems
    assert Choices.from_json(whole.to_json()) == whole


def test_an_acceptance_does_not_apply_to_another_cell_or_another_text() -> None:
    accepted = Choices().accept(read(sheet({**PERSON, NAME: "TrÇn §øc HiÕu"})).problems[0])
    for table in (
        sheet({**PERSON, NAME: "TrÇn §øc HiÖu"}),
        sheet(OTHER, {**PERSON, NAME: "TrÇn §øc HiÕu"}),
    ):
        result = read(table, choices=accepted)
        assert [problem.rule for problem in result.problems] == ["tcvn3"]
        assert not result.changes


def test_a_warning_is_acknowledged_one_by_one_or_by_its_rule_and_an_error_never() -> None:
    table = sheet(*people(2, {"Mã ngành": ["D480201", "D480202"]}))
    asked = read(table)
    first, second = asked.warnings
    acknowledged = read(table, choices=Choices().acknowledge(first))
    assert (acknowledged.problems, acknowledged.acknowledged) == ((second,), (first,))
    assert read(table, choices=Choices().acknowledge(first).undo(first)).problems == asked.problems
    assert not read(table, choices=Choices().acknowledge_rule()).problems
    error = one(NAME, "Nguy?n Th? Ph??ng")
    with pytest.raises(InputError):
        Choices().acknowledge(error)
    with pytest.raises(InputError):
        Choices().accept(error)
    assert read(
        sheet({**PERSON, NAME: "Nguy?n Lan"}), choices=Choices(acknowledged=frozenset({"lost-diacritics"}))
    ).problems


def test_a_register_that_lacks_marks_says_so_of_each_name_and_of_no_list() -> None:
    unmarked = sheet(
        {**PERSON, NAME: "NGUYEN THI LAN"},
        {**PERSON, NAME: "Tran Van Nam", "Số hiệu VB": "2", "Số vào sổ": "2", "Số CCCD": ""},
    )
    first, second = read(unmarked).problems
    with pytest.raises(InputError):
        Choices().acknowledge_rule("unmarked-name")
    for of_all in (Choices().acknowledge_rule(), Choices(acknowledged=frozenset({"unmarked-name"}))):
        assert read(unmarked, choices=of_all).problems == (first, second)
    assert read(unmarked, choices=Choices().acknowledge(first)).problems == (second,)
    both = read(unmarked, choices=Choices().acknowledge(first).acknowledge(second))
    assert [row.record["holder_name"] for row in both.rows] == ["NGUYEN THI LAN", "Tran Van Nam"]


def test_class_23_what_a_formula_gave_and_links_to_other_files_are_for_somebody_to_confirm() -> None:
    clean = sheet(PERSON)
    column = list(PERSON).index(NAME)
    computed = replace(clean, computed={column: [0, 1], len(PERSON) + 5: [1]}, links=2)
    formulas, links = sorted(read(computed).problems, key=lambda problem: problem.rule)[::-1]
    assert (formulas.rule, formulas.severity, formulas.column) == ("formula-result", "warning", NAME)
    assert (links.rule, links.severity) == ("external-link", "warning")
    assert "1" in formulas.en
    assert "2" in links.en
    assert not read(computed, choices=Choices().acknowledge(formulas).acknowledge(links)).problems
    assert not read(replace(clean, computed={column: [0]})).problems


def test_r3_nothing_is_invented_where_a_regulation_asks_for_it() -> None:
    empty = {**PUPIL, "Dân tộc": "", "Giới tính": ""}
    other = {**empty, NAME: "Vũ Lan", "Số hiệu VB": "2", "Số vào sổ": "2", "Số CCCD": ""}
    result = read(
        sheet(PUPIL, other),
        defaults=SCHOOL,
        kind="school-diploma",
    )
    assert [(problem.column, problem.rule, problem.after) for problem in result.problems] == [
        *(("Giới tính", "missing", None), ("Dân tộc", "missing", None))
    ]
    before = {**SCHOOL, "decided_on": "2015-06-12", "awarded_on": "2015-06-19"}
    old = {**empty, BORN: "05/02/1997", "Số CCCD": ""}
    assert read(sheet(old), defaults=before, kind="school-diploma").clean
    without = {name: cell for name, cell in PUPIL.items() if name != "Dân tộc"}
    result = read(sheet(without), defaults=SCHOOL, kind="school-diploma")
    assert [(problem.column, problem.rule) for problem in result.problems] == [("Dân tộc", "missing-column")]


LETTERS = st.sampled_from("aăâbcdđeêghiklmnoôơpqrstuưvxyàáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọ ÐƉ.'’\u00a0\u0301\u200bµ§Ç")
DIRTY = st.text(LETTERS, max_size=14) | st.sampled_from(
    [
        "TrÇn §øc HiÕu",
        "Huyønh",
        "Nguyá»…n",
        "02/25/2003",
        "37657",
        "x",
        "1",
        "S00O934",
        "D480201",
        "TB Khá",
        "'001303004217",
    ]
)


@given(st.lists(st.dictionaries(st.sampled_from([*PERSON]), DIRTY), min_size=1, max_size=4))
def test_without_a_choice_a_value_is_the_text_of_its_cell(rows: list[dict[str, Cell]]) -> None:
    table = [{**PERSON, **cells} for cells in rows]
    result = read(sheet(*table), choices=Choices().acknowledge_rule())
    assert {change.rule for change in result.changes} <= {"nfc", "spaces"}
    verbatim = {NAME: "holder_name", "Nơi sinh": "birthplace", "Dân tộc": "ethnicity", "Số hiệu VB": "serial_number"}
    verbatim |= {
        "Số vào sổ": "register_number",
        "Số CCCD": "personal_id",
        "Mã ngành": "programme",
        "Xếp loại": "classification",
    }
    for row, person in zip(result.rows, table, strict=False):
        for column, field in verbatim.items():
            typed = str(person[column])
            assert row.record.get(field, "") == " ".join(unicodedata.normalize("NFC", typed).split())


def test_rows_are_read_from_any_source_that_can_be_read_again() -> None:
    rows = list(sheet(PERSON, OTHER).rows)

    class Again:
        def __iter__(self) -> Iterator[Row]:
            return iter(rows)

    result = read(Sheet(name="A", rows=Again()))
    assert len(result.rows) == 2
    assert result.rows[-1].record["holder_name"] == "Y Brŭ Niê"
    assert [row.row for row in result.rows[0:2]] == [2, 3]
    with pytest.raises(IndexError):
        result.rows[2]


@pytest.mark.slow
def test_many_dirty_rows_are_checked_in_seconds_and_little_memory() -> None:
    """Of a row nothing is kept but two numbers, a person and a decision; problems are counted and listed in part."""
    known = Register()
    base = people(1)[0]

    class Many:
        def __init__(self, count: int) -> None:
            self.count = count

        def __iter__(self) -> Iterator[Row]:
            yield list(base)
            for index in range(self.count):
                own = {
                    NAME: f"TrÇn §øc HiÕu {'abcdefgh'[index % 8]}",
                    "Số hiệu VB": f"S{index}",
                    "Số vào sổ": f"{index}",
                }
                yield list(
                    {
                        **base,
                        **own,
                        BORN: f"{index % 28 + 1:02}/{index // 28 % 12 + 1:02}/{1930 + index // 336}",
                    }.values()
                )

    def peak(count: int) -> int:
        tracemalloc.start()
        read(Sheet(name="A", rows=Many(count)), known=known)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    began = time.process_time()
    result = read(Sheet(name="A", rows=Many(24_000)), known=known)
    assert time.process_time() - began < 10
    assert result.counts["tcvn3"] == result.faulty == 24_000
    small, large = peak(2_000), peak(12_000)
    assert (large - small) / 10_000 < 1_200  # bytes for each row more
