"""From cells to records: every rule by an example, and nothing changed or lost in silence."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import intake
from sogoc.core.intake import RULES, Cell, CellType, Choices, Intake, Known, Sheet, Typed
from sogoc.core.intake.headers import meaning_of
from sogoc.core.intake.values import id_agrees, pad_id
from sogoc.core.record import BY_KIND, check
from sogoc.core.vocabulary import WORDS, code_of, display, grades, suggestion
from sogoc.errors import InputError, RecordError

TODAY = date(2026, 7, 1)
CHOSEN = {
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
PERSON: Mapping[str, Cell] = {
    "Họ và tên": "Nguyễn Thị Phượng",
    "Ngày sinh": "05/02/2003",
    "Nơi sinh": "Hà Nội",
    "Giới tính": "Nữ",
    "Dân tộc": "Kinh",
    "Quốc tịch": "Việt Nam",
    "Số CCCD": "001303004217",
    "Mã SV": "2022001234",
    "Ngành đào tạo": "Công nghệ thông tin",
    "Mã ngành": "7480201",
    "Năm TN": "2026",
    "Xếp loại": "Giỏi",
    "Số hiệu VB": "SG000934",
    "Số vào sổ": "2026/SG/0001",
    "Hình thức ĐT": "Chính quy",
}
OTHER = {
    **PERSON,
    "Họ và tên": "Y Brŭ Niê",
    "Ngày sinh": "17/08/2002",
    "Giới tính": "Nam",
    "Dân tộc": "Ê Đê",
    "Số CCCD": "066202123456",
    "Mã SV": "2022001235",
    "Số hiệu VB": "SG000935",
    "Số vào sổ": "2026/SG/0002",
}


def number(text: str) -> Typed:
    return Typed(CellType.NUMBER, text)


def day(text: str) -> Typed:
    return Typed(CellType.DATE, text)


def sheet(
    *people: Mapping[str, Cell], above: Sequence[Sequence[Cell]] = (), below: Sequence[Sequence[Cell]] = ()
) -> Sheet:
    header = list(dict.fromkeys(name for person in people for name in person)) or list(PERSON)
    rows = [[person.get(name, "") for name in header] for person in people]
    return Sheet(name="Lớp A", rows=[*above, header, *rows, *below])


def read(
    *sheets: Sheet,
    defaults: Mapping[str, str] = CHOSEN,
    kind: str = "degree",
    accept: Collection[str] = (),
    ignore: Collection[str] = (),
    choices: Choices | None = None,
    known: Known | None = None,
) -> Intake:
    chosen = choices or Choices(rules=frozenset(accept), ignored=frozenset(ignore))
    return intake.read(
        sheets, file="lop-a.xlsx", schema=BY_KIND[kind], defaults=defaults, today=TODAY, choices=chosen, known=known
    )


def found(result: Intake) -> list[tuple[str, str]]:
    return [(problem.cell, problem.rule) for problem in result.problems]


def test_a_clean_table_becomes_records() -> None:
    result = read(sheet(PERSON, OTHER))
    assert result.clean
    assert not result.problems
    assert not result.changes
    assert [(row.sheet, row.row) for row in result.rows] == [("Lớp A", 2), ("Lớp A", 3)]
    assert result.rows[0].record == {
        **CHOSEN,
        "holder_name": "Nguyễn Thị Phượng",
        "born_on": "2003-02-05",
        "birthplace": "Hà Nội",
        "gender": "female",
        "ethnicity": "Kinh",
        "nationality": "Việt Nam",
        "personal_id": "001303004217",
        "student_id": "2022001234",
        "programme_name": "Công nghệ thông tin",
        "programme": "7480201",
        "graduation_year": "2026",
        "classification": "Giỏi",
        "serial_number": "SG000934",
        "register_number": "2026/SG/0001",
        "mode": "full-time",
    }


FAULTS: list[tuple[str, Cell, str, str | None]] = [
    ("Họ và tên", "TrÇn §øc HiÕu", "tcvn3", "Trần Đức Hiếu"),
    ("Họ và tên", "§Æng Quèc ThÞnh", "tcvn3", "Đặng Quốc Thịnh"),
    ("Họ và tên", "Vâ Hoµng Kh¸nh Vy", "tcvn3", "Võ Hoàng Khánh Vy"),
    ("Họ và tên", "Ph\u00adîng", "tcvn3", "Phượng"),
    ("Họ và tên", "Nguyeãn Thò Phöôïng", "vni", "Nguyễn Thị Phượng"),
    ("Họ và tên", "Huyønh Vaên Ñaït", "vni", "Huỳnh Văn Đạt"),
    ("Họ và tên", "Nguyá»…n Thá»‹ PhÆ°á»£ng", "mojibake", "Nguyễn Thị Phượng"),
    ("Nơi sinh", "HÃ  Ná»™i", "mojibake", "Hà Nội"),
    ("Họ và tên", "NGUYEN THI PHUONG", "unmarked-name", None),
    ("Họ và tên", "Nguy?n Th? Ph??ng", "lost-diacritics", None),
    ("Họ và tên", "Nguyễn \ufffdức", "lost-diacritics", None),
    ("Họ và tên", "Ðặng Thị Lan", "confusable", "Đặng Thị Lan"),
    ("Họ và tên", "Ɖỗ Văn Nam", "confusable", "Đỗ Văn Nam"),
    ("Họ và tên", "Nguyễn Văn Аn", "confusable", "Nguyễn Văn An"),
    ("Họ và tên", "Nguyễn\u200b Văn An", "hidden-character", "Nguyễn Văn An"),
    ("Họ và tên", "Nguyễn\ufeff", "hidden-character", "Nguyễn"),
    ("Họ và tên", "Nguyễn Văn An2", "name-digits", None),
    ("Họ và tên", "", "missing", None),
    ("Nơi sinh", '=HYPERLINK("http://example.org")', "formula", None),
    ("Nơi sinh", "@SUM(A1)", "formula", None),
    ("Nơi sinh", "+cmd|' /C calc'!A0", "formula", None),
    ("Nơi sinh", Typed(CellType.ERROR, "#N/A"), "formula-error", None),
    ("Nơi sinh", Typed(CellType.FORMULA, ""), "formula", None),
    ("Nơi sinh", Typed(CellType.BOOLEAN, "TRUE"), "wrong-type", None),
    ("Nơi sinh", number("1.5"), "wrong-type", None),
    ("Số CCCD", number("1303004217"), "leading-zeros", "001303004217"),
    ("Số CCCD", "1303004217", "leading-zeros", "001303004217"),
    ("Số CCCD", "1303004217.0", "leading-zeros", "001303004217"),
    ("Số CCCD", number("1203004217"), "leading-zeros", None),
    ("Số CCCD", number("1304004217"), "leading-zeros", None),
    ("Số CCCD", "1.30300E+09", "scientific", None),
    ("Số CCCD", "'001303004217", "apostrophe", "001303004217"),
    ("Số CCCD", "001 303 004 217", "id-separators", "001303004217"),
    ("Số CCCD", "00130300421", "id-length", None),
    ("Số CCCD", "12345678", "id-length", None),
    ("Số CCCD", "không có", "id-length", None),
    ("Số CCCD", day("2024-01-01"), "turned-into-date", None),
    ("Số CCCD", "001203004217", "id-mismatch", None),
    ("Số CCCD", "001304004217", "id-mismatch", None),
    ("Ngày sinh", "31/02/2003", "impossible-date", None),
    ("Ngày sinh", "29/02/1999", "impossible-date", None),
    ("Ngày sinh", "2003-02-30", "impossible-date", None),
    ("Ngày sinh", "13/2003", "impossible-date", None),
    ("Ngày sinh", "5.2.03", "two-digit-year", None),
    ("Ngày sinh", "00/00/1958", "zero-day", "1958"),
    ("Ngày sinh", "00/03/1958", "zero-day", "03/1958"),
    ("Ngày sinh", "02/25/2003", "month-first", "25/02/2003"),
    ("Ngày sinh", "Không rõ", "unknown-date", None),
    ("Ngày sinh", "năm con dê", "date-form", None),
    ("Ngày sinh", number("37657"), "excel-serial", "05/02/2003"),
    ("Ngày sinh", number("3.5"), "date-form", None),
    ("Ngày sinh", Typed(CellType.DATETIME, "2003-02-05T10:30:00"), "date-time", "2003-02-05"),
    ("Ngày sinh", "05/02/2030", "future-date", None),
    ("Ngày sinh", "05/02/1803", "old-date", None),
    ("Giới tính", "Nu", "gender", "Nữ"),
    ("Giới tính", "x", "gender", None),
    ("Giới tính", number("1"), "gender-mark", None),
    ("Xếp loại", "GIỎI", "grade", "Giỏi"),
    ("Xếp loại", "TB Khá", "grade", "Trung bình khá"),
    ("Xếp loại", "G", "grade", "Giỏi"),
    ("Xếp loại", "XH", "grade", None),
    ("Hình thức ĐT", "VLVH", "mode", "Vừa làm vừa học"),
    ("Hình thức ĐT", "Liên thông", "mode", None),
    ("Mã ngành", "CNTT thông tin", "form", None),
    ("Năm TN", "26", "form", None),
    ("Nơi sinh", "H" * 1100, "form", None),
    ("Số hiệu VB", number("1471"), "number-as-text", "1471"),
    ("Số hiệu VB", number("1e+22"), "scientific", None),
    ("Số vào sổ", day("2024-01-01"), "turned-into-date", None),
    ("Số vào sổ", "", "missing", None),
    ("Họ và tên", "Đỗ Văn Łuk", "unfamiliar-letter", None),
]


@pytest.mark.parametrize(("column", "cell", "rule", "proposal"), FAULTS)
def test_a_fault_is_named_by_cell_and_rule(column: str, cell: Cell, rule: str, proposal: str | None) -> None:
    result = read(sheet(OTHER, {**PERSON, column: cell}))
    where = intake.cell_name(2, list(OTHER).index(column))
    assert found(result) == [(where, rule)]
    problem = result.problems[0]
    assert problem.after == proposal
    assert (problem.file, problem.sheet, problem.column) == ("lop-a.xlsx", "Lớp A", column)
    assert problem.before == (cell if isinstance(cell, str) else cell.text)
    assert result.clean == (problem.severity == "warning")
    assert len(result.rows) == (2 if result.clean else 0)
    assert (result.read, result.faulty) == (2, 0 if result.clean else 1)


@pytest.mark.parametrize(
    ("column", "cell", "rule", "field", "value"),
    [
        ("Số CCCD", number("1303004217"), "leading-zeros", "personal_id", "001303004217"),
        ("Số CCCD", "001 303 004 217", "id-separators", "personal_id", "001303004217"),
        ("Ngày sinh", number("37657"), "excel-serial", "born_on", "2003-02-05"),
        ("Ngày sinh", "00/00/1958", "zero-day", "born_on", "1958"),
        ("Giới tính", "Nu", "gender", "gender", "female"),
        ("Hình thức ĐT", "VLVH", "mode", "mode", "in-service"),
        ("Xếp loại", "TB Khá", "grade", "classification", "Trung bình khá"),
        ("Họ và tên", "Ðặng Thị Lan", "confusable", "holder_name", "Đặng Thị Lan"),
        ("Số hiệu VB", number("1471"), "number-as-text", "serial_number", "1471"),
    ],
)
def test_an_accepted_proposal_becomes_a_listed_change(
    column: str, cell: Cell, rule: str, field: str, value: str
) -> None:
    person = {**PERSON, column: cell}
    if rule == "zero-day":
        person["Số CCCD"] = ""
    result = read(sheet(person), accept={rule})
    assert result.clean, found(result)
    assert result.rows[0].record[field] == value
    change = result.changes[0]
    assert (change.rule, change.column) == (rule, column)
    assert change.before == (cell if isinstance(cell, str) else cell.text)


def test_accepting_a_rule_does_not_accept_what_has_no_proposal() -> None:
    result = read(sheet({**PERSON, "Số CCCD": number("1203004217")}), accept={"leading-zeros"})
    assert found(result) == [("G2", "leading-zeros")]
    assert not result.changes


def test_an_accepted_value_is_held_against_the_batch_like_a_typed_one() -> None:
    result = read(sheet({**PERSON, "Hình thức ĐT": "VLVH"}), defaults={**CHOSEN, "mode": "full-time"}, accept={"mode"})
    assert [problem.rule for problem in result.problems] == ["contradicts"]


def test_a_rule_that_does_not_exist_cannot_be_accepted() -> None:
    with pytest.raises(InputError):
        read(sheet(PERSON), accept={"leading-zeroes"})


@pytest.mark.parametrize(
    ("typed", "kept", "rules"),
    [
        (unicodedata.normalize("NFD", "Nguyễn Thị Phượng"), "Nguyễn Thị Phượng", ["nfc"]),
        ("  Nguyễn  Thị\u00a0Phượng\t", "Nguyễn Thị Phượng", ["spaces"]),
        ("Nguyễn Thị\nPhượng", "Nguyễn Thị Phượng", ["spaces"]),
        (unicodedata.normalize("NFD", "Nguyễn Thị  Phượng "), "Nguyễn Thị Phượng", ["nfc", "spaces"]),
    ],
)
def test_lossless_normalisation_is_done_and_listed(typed: str, kept: str, rules: list[str]) -> None:
    result = read(sheet({**PERSON, "Họ và tên": typed}))
    assert result.clean
    assert result.rows[0].record["holder_name"] == kept
    assert [change.rule for change in result.changes] == rules
    assert (result.changes[0].before, result.changes[-1].after) == (typed, kept)
    assert {change.cell for change in result.changes} == {"A2"}


@pytest.mark.parametrize(
    "name",
    [
        *("Y Brŭ Niê", "H'Hen Ayŭn", "H’Lĭm Mlô", "Rơ Chăm Hyŭk", "Ƀlŭk Čing", "Yô\u0306n Nguê\u0306", "Kpă Hmŏk"),
        *("NGUYỄN THỊ PHƯỢNG", "Thuỷ Hoà", "Thủy Hòa", "Vàng A Sò", "Thạch Sa Rây", "Lê Oanh"),
        *("Trần Toàn", "Phan Hoãn", "Mai An Khanh", "Đàng Năng Lượng", "Huỳnh Uyên", "Tô Quỳ", "Lý Ỷ Lan", "Hà Ơn"),
    ],
)
def test_names_of_every_people_stay_as_they_are(name: str) -> None:
    result = read(sheet({**PERSON, "Họ và tên": name}))
    assert result.clean, found(result)
    assert not result.changes
    assert not result.problems
    assert result.rows[0].record["holder_name"] == name


@pytest.mark.parametrize("name", ["Michaël Brun", "Nguyen Thi Phuong", "Saúl Peña"])
def test_a_foreign_name_is_only_to_be_confirmed(name: str) -> None:
    result = read(sheet({**PERSON, "Họ và tên": name, "Quốc tịch": "Pháp"}))
    assert [problem.rule for problem in result.warnings] == ["unfamiliar-letter"]
    assert result.rows[0].record["holder_name"] == name


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        *(("05/02/2003", "2003-02-05"), ("5/2/2003", "2003-02-05"), ("05-02-2003", "2003-02-05")),
        *(("5.2.2003", "2003-02-05"), ("2003-02-05", "2003-02-05"), ("2003", "2003"), ("02/2003", "2003-02")),
        *(("2003-02", "2003-02"), ("12-2003", "2003-12")),
        *((day("2003-02-05"), "2003-02-05"), (number("2003"), "2003")),
    ],
)
def test_dates_of_three_precisions_are_read_day_first(cell: Cell, kept: str) -> None:
    result = read(sheet({**PERSON, "Ngày sinh": cell}))
    assert result.clean, found(result)
    assert result.rows[0].record["born_on"] == kept


@pytest.mark.parametrize("cell", ["2026", "06/2026", number("2026")])
def test_a_decision_needs_a_whole_date(cell: Cell) -> None:
    chosen = {name: value for name, value in CHOSEN.items() if name != "decided_on"}
    result = read(sheet({**PERSON, "Ngày QĐ": cell}), defaults=chosen)
    assert [problem.rule for problem in result.problems] == ["partial-date"]


def test_the_order_of_day_and_month_is_asked_once_for_a_column() -> None:
    people = (PERSON, {**OTHER, "Ngày sinh": "08/17/2002"})
    result = read(sheet(*people))
    assert found(result) == [("B1", "date-order")]
    assert (result.problems[0].after, result.problems[0].confidence) == ("month-first", "likely")
    assert not result.rows
    assert result.faulty == 0
    for choices in (
        Choices().accept(result.problems[0]),
        Choices().accept_rule("date-order"),
        Choices(order={"Ngày sinh": "month-first"}),
    ):
        accepted = read(sheet(*people, {**SAME, "Ngày sinh": "2/5/2003", "Số CCCD": ""}), choices=choices)
        assert [row.record["born_on"] for row in accepted.rows] == ["2003-05-02", "2002-08-17", "2003-02-05"]
        assert [(c.cell, c.rule, c.before, c.after) for c in accepted.changes] == [
            ("B2", "date-order", "05/02/2003", "02/05/2003"),
            ("B3", "date-order", "08/17/2002", "17/08/2002"),
            ("B4", "date-order", "2/5/2003", "05/02/2003"),
        ]
    kept = read(sheet(*people), choices=Choices(order={"Ngày sinh": "day-first"}))
    assert [(one.cell, one.rule, one.after) for one in kept.problems] == [("B3", "month-first", "17/08/2002")]


def test_a_column_that_says_both_is_not_read() -> None:
    third = {**SAME, "Ngày sinh": "25/12/2003"}
    result = read(sheet(PERSON, {**OTHER, "Ngày sinh": "08/17/2002"}, third))
    assert [(one.cell, one.rule) for one in result.problems] == [*(("B2", "ambiguous-date"), ("B3", "month-first"))]
    assert dict(result.problems[0].readings) == {"day-first": "05/02/2003", "month-first": "02/05/2003"}


def test_days_that_excel_swapped_are_noticed() -> None:
    people = [{**PERSON, "Ngày sinh": day("2003-05-02")}, {**OTHER, "Ngày sinh": "17/08/2002"}]
    result = read(sheet(*people))
    assert found(result) == [("B2", "swapped-date")]
    assert result.problems[0].after == "05/02/2003"
    # Dates above the twelfth show that the program understood the order.
    third = {**OTHER, "Ngày sinh": day("2002-08-18"), "Số hiệu VB": "SG3", "Số vào sổ": "3", "Số CCCD": ""}
    assert read(sheet(*people, third)).clean


def test_nobody_graduates_as_a_child() -> None:
    young = {**PERSON, "Ngày sinh": "20/06/2011", "Số CCCD": ""}
    assert found(read(sheet(young))) == [("B2", "too-young")]
    assert read(sheet({**young, "Ngày sinh": "19/06/2011"})).clean
    assert read(sheet({**young, "Ngày sinh": "2011"})).clean
    assert read(
        sheet(young), defaults={**CHOSEN, "kind": "certificate", "level": "certificate"}, kind="certificate"
    ).clean


def test_the_award_does_not_come_before_its_decision() -> None:
    chosen = {name: value for name, value in CHOSEN.items() if name != "awarded_on"}
    result = read(sheet({**PERSON, "Ngày cấp": "11/06/2026"}), defaults=chosen)
    assert [problem.rule for problem in result.problems] == ["award-before-decision"]


@pytest.mark.parametrize(("column", "rule"), [("Số hiệu VB", "serial-twice"), ("Số vào sổ", "register-twice")])
def test_numbers_are_unique_in_the_file(column: str, rule: str) -> None:
    result = read(sheet(PERSON, {**OTHER, column: PERSON[column]}))
    index = list(PERSON).index(column)
    assert found(result) == [(intake.cell_name(2, index), rule)]
    assert intake.cell_name(1, index) in result.problems[0].en


def test_numbers_are_unique_over_all_sheets() -> None:
    second = Sheet(name="Lớp B", rows=sheet({**OTHER, "Số hiệu VB": PERSON["Số hiệu VB"]}).rows)
    result = read(sheet(PERSON), second)
    assert [(problem.sheet, problem.rule) for problem in result.problems] == [("Lớp B", "serial-twice")]
    assert "Lớp A!M2" in result.problems[0].en


SAME = {**PERSON, "Số hiệu VB": "SG9", "Số vào sổ": "9", "Mã SV": "9"}


@pytest.mark.parametrize(
    ("second", "rules"),
    [
        (SAME, ["person-twice"]),
        ({**SAME, "Số CCCD": ""}, ["person-twice"]),
        ({**SAME, "Số CCCD": "079303999999"}, []),
        ({**SAME, "Mã ngành": "7340101"}, []),
        ({**OTHER, "Số CCCD": PERSON["Số CCCD"], "Giới tính": "", "Ngày sinh": "2003"}, ["id-shared"]),
    ],
)
def test_one_person_stands_once_in_a_programme(second: Mapping[str, Cell], rules: list[str]) -> None:
    assert [problem.rule for problem in read(sheet(PERSON, second)).problems] == rules


def test_a_cell_repeats_the_choice_for_the_batch_or_contradicts_it() -> None:
    same = read(sheet({**PERSON, "Số QĐ": "412/QĐ-ĐHSG", "Bậc ĐT": "Đại học", "Ngày QĐ": "12/06/2026"}))
    assert same.clean
    other = read(sheet({**PERSON, "Số QĐ": "413/QĐ-ĐHSG"}))
    assert [problem.rule for problem in other.problems] == ["contradicts"]
    assert not other.rows


def test_an_empty_cell_leaves_the_choice_for_the_batch() -> None:
    result = read(sheet({**PERSON, "Số QĐ": ""}))
    assert result.rows[0].record["decision_number"] == "412/QĐ-ĐHSG"


@pytest.mark.parametrize(("cell", "rules"), [("Trình độ 6", []), ("Bậc 7", ["framework"]), ("sáu", ["framework"])])
def test_the_framework_level_is_compared_and_not_carried(cell: str, rules: list[str]) -> None:
    result = read(sheet({**PERSON, "Trình độ KHQG": cell}))
    assert [problem.rule for problem in result.problems] == rules
    assert not rules or not result.rows
    assert all("framework" not in row.record for row in result.rows)


def test_nothing_is_invented_for_an_empty_cell() -> None:
    person = {**PERSON, "Giới tính": "", "Dân tộc": "", "Quốc tịch": "", "Nơi sinh": " "}
    record = read(sheet(person)).rows[0].record
    assert not {"gender", "ethnicity", "nationality", "birthplace"} & record.keys()


# The table


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        *(("Số hiệu bằng", "serial_number"), ("SỐ HIỆU VĂN BẰNG ĐÃ ĐƯỢC CẤP", "serial_number")),
        *(("so hieu vb", "serial_number"), ("Vào sổ cấp văn bằng, chứng chỉ số", "register_number")),
        *(("Số vào sổ cấp GCN", "register_number"), ("Ngày sinh (dd/mm/yyyy)", "born_on")),
        *((unicodedata.normalize("NFD", "Họ và tên"), "holder_name"), ("Ngày,\ntháng, năm sinh", "born_on")),
        *(("ho_va_ten", "holder_name"), ("so_hieu_vbcc", "serial_number"), ("holder_name", "holder_name")),
        *(("STT", ""), ("Ghi chú", ""), ("Chữ ký người nhận", ""), ("Điểm TB", None), ("ma_dinh_danh_vbcc", None)),
    ],
)
def test_headers_are_known_by_many_names(header: str, meaning: str | None) -> None:
    assert meaning_of(header) == meaning


def test_a_table_stands_between_title_and_footer() -> None:
    header = list(PERSON)
    above: list[list[Cell]] = [
        ["BỘ GIÁO DỤC VÀ ĐÀO TẠO", "", "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
        ["SỔ GỐC CẤP BẰNG"],
        ["Quyết định công nhận tốt nghiệp số: 412/QĐ-ĐHSG ngày 12/06/2026"],
        [],
    ]
    below: list[list[Cell]] = [
        [*header],
        [f"({column})" for column in range(1, len(header) + 1)],
        [*OTHER.values()],
        ["Tổng số: 2 sinh viên"],
        ["", "", "Quảng Bình, ngày 19 tháng 6 năm 2026"],
        ["NGƯỜI LẬP", "", "NGƯỜI KÝ"],
        [],
        ["Lê Thị Hà"],
    ]
    result = read(sheet(PERSON, above=above, below=below))
    assert result.clean, found(result)
    assert [row.row for row in result.rows] == [6, 9]
    assert [(skip.row, skip.reason) for skip in result.skipped] == [
        *((1, "title"), (2, "title"), (3, "title"), (7, "header"), (8, "numbering")),
        *((10, "footer"), (11, "footer"), (12, "footer"), (14, "footer")),
    ]


def test_a_title_of_another_decision_is_noticed() -> None:
    result = read(sheet(PERSON, above=[["Quyết định công nhận tốt nghiệp số: 9/QĐ-ĐHSG"]]))
    assert found(result) == [("A1", "contradicts")]


def test_a_total_that_is_not_the_number_of_rows_is_noticed() -> None:
    result = read(sheet(PERSON, OTHER, below=[["Tổng số: 3 sinh viên"]]))
    assert found(result) == [("A4", "total")]


def test_a_row_that_is_half_empty_is_no_footer() -> None:
    result = read(sheet(PERSON, {"Họ và tên": "Lê Thị Hà", "Nơi sinh": "Huế"}))
    assert {cell for cell, _ in found(result)} == {"B3", "I3", "J3", "M3", "N3", "O3"}
    assert {rule for _, rule in found(result)} == {"missing"}


@pytest.mark.parametrize("depth", [14, 15])
def test_the_header_stands_within_fifteen_rows(depth: int) -> None:
    result = read(sheet(PERSON, above=[[]] * depth))
    assert result.clean == (depth < 15)


def test_columns_are_known_or_refused() -> None:
    person = {"STT": "1", **PERSON, "Điểm TB": "3,21", "Số văn bằng cũ": "x", "Ghi chú": "đã nhận"}
    result = read(sheet(person), ignore={"điểm tb"})
    assert found(result) == [("R1", "unknown-column")]
    assert result.ignored == ("STT", "Điểm TB", "Ghi chú")


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ({"Ngày tháng năm sinh": "05/02/2003"}, "column-twice"),
        ({"Kỳ thi": "2026"}, "foreign-column"),
        ({"Họ đệm": "Nguyễn Thị", "Tên": "Phượng"}, "split-name"),
    ],
)
def test_columns_that_cannot_be_understood(extra: dict[str, Cell], rule: str) -> None:
    assert [problem.rule for problem in read(sheet({**PERSON, **extra})).problems] == [rule]


def test_data_without_a_header_is_noticed() -> None:
    header, person = sheet(PERSON).rows
    result = read(Sheet(name="A", rows=[header, [*person, "thêm"]]))
    assert found(result) == [("P2", "unnamed-column")]


def test_a_required_column_or_choice_is_missing_once() -> None:
    chosen = {name: value for name, value in CHOSEN.items() if name != "signer_name"}
    result = read(sheet(PERSON, OTHER), defaults=chosen)
    assert [problem.rule for problem in result.problems] == ["missing-column"]
    assert "Họ tên người ký" in result.problems[0].vi
    assert not result.rows


def test_hidden_parts_are_not_read_in_silence() -> None:
    rows = sheet(PERSON).rows
    hidden = Sheet(name="B", rows=rows, hidden=True)
    assert [(problem.sheet, problem.rule) for problem in read(sheet(PERSON), hidden).problems] == [
        ("B", "hidden-sheet")
    ]
    parts = Sheet(name="A", rows=rows, hidden_columns=frozenset({6, 40}), hidden_rows=frozenset({1, 9}))
    assert found(read(parts)) == [("A2", "hidden-row"), ("G", "hidden-column")]
    assert read(sheet(PERSON), Sheet(name="C", rows=[[]], hidden=True)).clean


@pytest.mark.parametrize(
    ("rows", "rule"), [([["Danh sách"]], "no-header"), ([[]], "no-rows"), ([[*PERSON]], "no-rows")]
)
def test_a_file_without_people(rows: list[list[Cell]], rule: str) -> None:
    assert [problem.rule for problem in read(Sheet(name="A", rows=rows)).problems] == [rule]


def test_everything_is_counted_and_a_readable_part_is_listed() -> None:
    result = read(sheet(*[{**PERSON, "Họ và tên": "TrÇn §øc HiÕu"}] * 1_500))
    assert result.counts["tcvn3"] == result.read == result.faulty == 1_500
    assert sum(problem.rule == "tcvn3" for problem in result.problems) == 1_000
    assert len(result.faults) == len(list(result.faults)) == 1_500
    assert result.faults[1_499].row == 1_501
    assert not result.rows


@pytest.mark.parametrize(
    "chosen",
    [
        *({"level": "Đại học"}, {"decided_on": "2026"}, {"holder_name": " Lan"}, {"colour": "red"}),
        *({"identifier": "00000000-0000-4000-8000-000000000000"}, {"signer_name": unicodedata.normalize("NFD", "Lệ")}),
    ],
)
def test_a_choice_for_the_batch_is_a_value_of_a_record(chosen: dict[str, str]) -> None:
    with pytest.raises(RecordError):
        read(sheet(PERSON), defaults={**CHOSEN, **chosen})


@pytest.mark.parametrize("kind", ["school-diploma", "certificate"])
def test_other_kinds_have_their_own_columns(kind: str) -> None:
    chosen = {**CHOSEN, "kind": kind, "level": "upper-secondary" if kind == "school-diploma" else "certificate"}
    person = {**PERSON, "Kỳ thi": "2026", "Hội đồng thi": "Hội đồng số 1"}
    if kind == "school-diploma":
        del person["Ngành đào tạo"]
        person["Tên trường"] = "Trường THPT Suối Trăng (mẫu)"
    result = read(sheet(person), defaults=chosen, kind=kind)
    assert result.clean, found(result)


def test_every_rule_speaks_both_languages_and_can_be_met() -> None:
    facts = dict.fromkeys(
        ("rows", "row", "count", "other", "field", "said", "read", "fault", "words", "name", "date"), "1"
    )
    for name, rule in RULES.items():
        sentences = [rule.en, rule.vi, rule.mend, rule.mend_vi]
        assert all(sentence.format(**facts).endswith(".") for sentence in sentences), name
        assert rule.vi != rule.en


# Words and numbers


def test_words_have_one_code_and_two_names() -> None:
    for field, words in WORDS.items():
        assert len({word.code for word in words}) == len(words)
        for word in words:
            assert code_of(field, word.vi) == code_of(field, word.vi.upper()) == word.code
            assert display(field, word.code) == word.vi
            assert display(field, word.code, language="en") == word.en
            for synonym in word.synonyms:
                assert suggestion(field, synonym) == word


def test_words_cover_the_schemas() -> None:
    for schema in BY_KIND.values():
        for field in schema.fields:
            for word in WORDS.get(field.name, ()):
                assert field.check(word.code) is None


def test_grades_follow_the_regulations() -> None:
    assert "Trung bình khá" in grades("degree", date(2010, 6, 1))
    assert "Xuất sắc" not in grades("school-diploma")
    assert grades("degree")[0] == "Xuất sắc"


@pytest.mark.parametrize(
    ("digits", "gender", "born_on", "padded"),
    [
        ("1303004217", "female", "2003-02-05", "001303004217"),
        ("31204090122", "male", "2004", "031204090122"),
        ("1303004217", "male", "2003-02-05", None),
        ("1303004217", "female", "2004-02-05", None),
        ("1303004217", None, "2003-02-05", None),
        ("1303004217", "female", None, None),
        ("97303004217", "female", "2003", "097303004217"),
        ("303004217", "female", "2003", None),
    ],
)
def test_zeros_are_only_put_back_where_sex_and_year_agree(
    digits: str, gender: str | None, born_on: str | None, padded: str | None
) -> None:
    if digits.startswith("97"):
        padded = None  # No province has a number above 096.
    assert pad_id(digits, gender=gender, born_on=born_on) == padded


def test_an_old_card_says_nothing_about_its_holder() -> None:
    assert id_agrees("123456789", gender="female", born_on="2003") is None
    assert read(sheet({**PERSON, "Số CCCD": "123456789"})).clean


# Properties

ANY_TEXT = st.text(max_size=40) | st.sampled_from([str(cell) for _, cell, _, _ in FAULTS if isinstance(cell, str)])
ANY_CELL: st.SearchStrategy[Cell] = ANY_TEXT | st.builds(
    Typed, st.sampled_from(CellType), st.text(max_size=20) | st.dates().map(str) | st.integers().map(str)
)


@given(
    st.dictionaries(st.sampled_from([*PERSON, "Ngày QĐ", "Trình độ KHQG", "Tên"]), ANY_CELL),
    st.sets(st.sampled_from(sorted(RULES))),
)
def test_no_cell_raises_and_nothing_changes_unlisted(cells: dict[str, Cell], accept: set[str]) -> None:
    person = {**PERSON, **cells}
    result = read(sheet(person), accept=accept)
    for problem in result.problems:
        assert problem.en
        assert problem.vi
        assert problem.mend
        assert problem.mend_vi
    assert bool(result.rows) <= result.clean
    for row in result.rows:
        check(BY_KIND["degree"], {**row.record, "identifier": "00000000-0000-4000-8000-000000000000"})
        for column, field in (
            ("Họ và tên", "holder_name"),
            ("Nơi sinh", "birthplace"),
            ("Số hiệu VB", "serial_number"),
        ):
            typed = person[column]
            text = typed if isinstance(typed, str) else typed.text
            kept = row.record.get(field, "")
            changes = [change for change in result.changes if change.column == column]
            assert kept == text or (changes and (changes[0].before, changes[-1].after) == (text, kept))


@given(
    st.lists(st.lists(ANY_CELL, max_size=6), max_size=8),
    st.sampled_from(["", "bytes", "utf-16-le"]),
    st.sampled_from(["", "tcvn3", "vni", "cp1258", "windows-1252"]),
)
def test_no_table_raises(rows: list[list[Cell]], undeclared: str, encoding: str) -> None:
    header: list[Cell] = ["Họ", "Tên", "", "Ngày sinh", "Số hiệu", "Nữ"]
    for table in (rows, [header, *rows]):
        choices = Choices(encoding=encoding, rules=frozenset(RULES))
        assert not read(Sheet(name="A", rows=table, undeclared=undeclared), choices=choices).rows


@given(st.text(min_size=1, max_size=60))
def test_text_that_is_carried_is_text_of_a_record(text: str) -> None:
    result = read(sheet({**PERSON, "Nơi sinh": text}))
    for row in result.rows:
        kept = row.record.get("birthplace", "")
        assert kept == " ".join(unicodedata.normalize("NFC", text).split())
