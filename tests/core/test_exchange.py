"""The exchange format: what goes out comes back, and what does not fit is named."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sogoc.core import exchange
from sogoc.core.exchange import FORMAT, from_national, to_national
from sogoc.core.intake.sheet import CellType, Sheet, Typed
from sogoc.core.record import BY_KIND, GENDERS, LEVELS, MODES, Schema, check
from sogoc.errors import InputError
from tests.archive import record

GIVEN = {
    "phien_ban": "1.0",
    "thong_tu": "27/2019",
    "ten_truong": "Trường Đại học Sông Gốc",
    "ma_co_so_dao_tao": "DHSG01",
    "so_ddcn_nguoi_ky_vbcc": "001070001234",
    "ngay_tao_vbcc": "16/07/2026",
}
WHOLE = {
    "birthplace": "Hà Nội",
    "gender": "female",
    "ethnicity": "Kinh",
    "nationality": "Việt Nam",
    "personal_id": "001303004217",
    "student_id": "SV0001",
    "graduation_year": "2026",
    "major": "An ninh mạng",
    "duration": "4 năm",
    "language": "Tiếng Việt",
}


def given_for(kind: str) -> dict[str, str]:
    return {name: value for name, value in GIVEN.items() if name in exchange.givable(BY_KIND[kind])}


def degree(**changes: str | None) -> dict[str, str]:
    return record(1, **(WHOLE | changes))


def test_the_format_has_33_fields_and_11_of_the_supplement() -> None:
    assert [element.supplement for element in FORMAT].count(False) == 33
    assert [element.supplement for element in FORMAT].count(True) == 11
    assert len({element.name for element in FORMAT}) == 44
    lengths = {element.name: element.longest for element in FORMAT}
    assert (lengths["ma_dinh_danh_vbcc"], lengths["so_hieu_vbcc"], lengths["noi_sinh"]) == (36, 20, 250)


def test_a_degree_is_asked_for_all_that_the_format_requires() -> None:
    marked = {element.name for element in FORMAT if element.required}
    assert set(exchange.required(BY_KIND["degree"])) == marked
    assert "chuyen_nganh_dao_tao" not in exchange.required(BY_KIND["school-diploma"])


def test_a_whole_degree_has_no_fault_and_reads_as_the_format_writes_it() -> None:
    out = to_national(degree(), GIVEN)
    assert out.faults == ()
    assert list(out.values) == [name for name in exchange.COLUMNS if name in out.values]
    said = {
        "ngay_quyet_dinh_cong_nhan_tot_nghiep": "30/06/2026",
        "gioi_tinh": "Nữ",
        "nam_tot_nghiep": 2026,
        "hinh_thuc_dao_tao": "Chính quy",
        "bac_trinh_do_theo_khung_quoc_gia": "Đại học",
        "trinh_do_theo_khung_quoc_gia": "Trình độ 6",
        "thong_tu": "27/2019",
    }
    assert {name: out.values.get(name) for name in said} == said


@pytest.mark.parametrize(
    ("changes", "field", "rule"),
    [
        ({"ethnicity": None}, "dan_toc", "missing"),
        ({"serial_number": "B" * 21}, "so_hieu_vbcc", "too-long"),
        ({"register_number": "ế" * 21}, "so_vao_so", "too-long"),
        ({"title": "Bằng " + "rất " * 12 + "dài"}, "ten_vbcc", "too-long"),
        ({"graduation_year": "0999"}, "nam_tot_nghiep", "number"),
    ],
)
def test_what_breaks_the_format_is_named_and_carried_whole(
    changes: dict[str, str | None], field: str, rule: str
) -> None:
    fields = degree(**changes)
    out = to_national(fields, GIVEN)
    assert [(fault.field, fault.rule) for fault in out.faults] == [(field, rule)]
    assert not any(value and value in fault.en + fault.vi for fault in out.faults for value in changes.values())
    assert from_national(out.values).record == fields


def test_what_the_office_did_not_give_is_missing_and_never_made_up() -> None:
    out = to_national(degree(), {})
    assert {fault.field for fault in out.faults} == set(GIVEN)
    assert not set(GIVEN) & set(out.values)


@pytest.mark.parametrize("name", ["ho_va_ten", "so_hieu", "trinh_do_theo_khung_quoc_gia"])
def test_nothing_is_given_that_the_register_says_itself(name: str) -> None:
    with pytest.raises(InputError, match=name):
        to_national(degree(), GIVEN | {name: "x"})


def test_a_remark_that_reads_as_a_field_is_refused() -> None:
    school = school_diploma()
    with pytest.raises(InputError, match="remark"):
        to_national(school, given_for("school-diploma") | {"ghi_chu": "khoa_thi: 2020"})


def school_diploma(**changes: str | None) -> dict[str, str]:
    fields = record(1, kind="school-diploma", level="upper-secondary", school="Trường THPT Bến Đò", **(WHOLE | changes))
    return {name: value for name, value in fields.items() if name in BY_KIND["school-diploma"].names}


def test_fields_without_a_place_in_the_format_stand_in_the_remark() -> None:
    fields = school_diploma(exam_session="2026", exam_board="Hội đồng 12")
    out = to_national(fields, given_for("school-diploma") | {"ghi_chu": "Cấp lần đầu"})
    assert str(out.values["ghi_chu"]).split("\n") == ["Cấp lần đầu", "hoi_dong_thi: Hội đồng 12", "khoa_thi: 2026"]
    back = from_national(out.values)
    assert back.record == fields
    assert back.rest["ghi_chu"] == "Cấp lần đầu"
    assert out.faults == ()


@pytest.mark.parametrize(
    ("born", "name", "written"),
    [
        ("2003-02-05", "ngay_sinh", "05/02/2003"),
        ("2003-02", "thangnamsinh", "2003-02"),
        ("2003", "namsinh", "2003"),
    ],
)
def test_a_birth_date_keeps_its_precision(born: str, name: str, written: str) -> None:
    out = to_national(degree(born_on=born), GIVEN)
    assert out.values[name] == written
    assert len({"ngay_sinh", "thangnamsinh", "namsinh"} & out.values.keys()) == 1
    assert out.faults == ()
    assert from_national(out.values).record["born_on"] == born


@pytest.mark.parametrize(
    ("said", "field", "value"),
    [
        ({"gioi_tinh": "Nữ"}, "gender", "female"),
        ({"gioi_tinh": 2}, "gender", "female"),
        ({"gioi_tinh": "1"}, "gender", "male"),
        ({"gioi_tinh": 0}, "gender", None),
        ({"ngay_cap_vbcc": "2026-07-15"}, "awarded_on", "2026-07-15"),
        ({"ngay_sinh": "02/2003"}, "born_on", "2003-02"),
        ({"ngay_sinh": "", "ngaythangnamsinh": "2003-02-05", "namsinh": "2003"}, "born_on", "2003-02-05"),
        ({"namsinh": 2003, "ngay_sinh": "05/02/2003"}, "born_on", "2003-02-05"),
        ({"nam_tot_nghiep": "2026"}, "graduation_year", "2026"),
        ({"trinh_do_theo_khung_quoc_gia": 6}, "level", "bachelor"),
    ],
)
def test_other_ways_of_saying_the_same_are_understood(
    said: dict[str, str | int], field: str, value: str | None
) -> None:
    back = from_national(to_national(degree(), GIVEN).values | said)
    assert (back.record.get(field), back.faults) == (value, ()) if value else (None, back.faults)
    assert all(fault.rule == "missing" for fault in back.faults)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"gioi_tinh": "3"}, "form"),
        ({"ngay_cap_vbcc": "31/02/2026"}, "form"),
        ({"ngay_cap_vbcc": "7/15/2026"}, "form"),
        ({"ngay_sinh": "05/02/2003", "namsinh": "2004"}, "contradicts"),
        ({"trinh_do_theo_khung_quoc_gia": "Trình độ 7"}, "contradicts"),
        ({"trinh_do_theo_khung_quoc_gia": "bậc cao"}, "form"),
        ({"hinh_thuc_dao_tao": "CQ"}, "form"),
        ({"ho_va_ten": "Nguyễn\u200b Thị Mẫu"}, "form"),
        ({"nam_tot_nghiep": "hai nghìn"}, "number"),
    ],
)
def test_what_cannot_be_read_is_a_fault_and_stays_in_the_rest(said: dict[str, str], rule: str) -> None:
    back = from_national(to_national(degree(), GIVEN).values | said)
    name, value = list(said.items())[-1]
    assert (name, rule) in [(fault.field, fault.rule) for fault in back.faults]
    assert back.rest[name] == value


def test_unknown_fields_are_kept_in_the_rest() -> None:
    back = from_national(to_national(degree(), GIVEN).values | {"trangthai": "1"})
    assert back.rest == GIVEN | {"trangthai": "1"}


def test_a_kind_that_is_said_nowhere_is_asked_for() -> None:
    values = {"so_hieu_vbcc": "B1"}
    with pytest.raises(InputError, match="bac_trinh_do"):
        from_national(values)
    assert from_national(values, kind="degree").record == {"kind": "degree", "serial_number": "B1"}


LETTERS = st.sampled_from("AaBbĐđ ưỡẽ'.,/-:0123456789")
TEXT = st.text(LETTERS, min_size=1, max_size=30).map(str.strip).filter(bool)
DAYS = st.dates().map(lambda day: day.isoformat())
FORMS: dict[str, st.SearchStrategy[str]] = {
    "institution": st.just("DHSG01"),
    "level": st.sampled_from(LEVELS),
    "programme": st.from_regex(r"[0-9]{7}", fullmatch=True).filter(str.isascii),
    "decided_on": DAYS,
    "awarded_on": DAYS,
    "admitted_on": DAYS,
    "identifier": st.uuids(version=4).map(str),
    "born_on": st.tuples(DAYS, st.sampled_from([4, 7, 10])).map(lambda pair: pair[0][: pair[1]]),
    "gender": st.sampled_from(GENDERS),
    "personal_id": st.sampled_from(["001303004217", "012345678"]),
    "graduation_year": st.integers(0, 9999).map("{:04}".format),
    "mode": st.sampled_from(MODES),
    "credits": st.integers(1, 300).map(str),
}


@st.composite
def records(draw: st.DrawFn, schema: Schema) -> dict[str, str]:
    fields = {}
    for field in schema.fields:
        if field.required or draw(st.booleans()):
            fields[field.name] = schema.kind if field.name == "kind" else draw(FORMS.get(field.name, TEXT))
    return fields


@pytest.mark.parametrize("kind", BY_KIND)
@given(data=st.data(), remark=st.one_of(st.none(), TEXT))
@settings(max_examples=200, deadline=None)
def test_every_record_comes_back_as_it_went_out(kind: str, data: st.DataObject, remark: str | None) -> None:
    schema = BY_KIND[kind]
    fields = data.draw(records(schema))
    check(schema, fields)
    beside = given_for(kind) | ({"ghi_chu": remark} if remark else {})
    out = to_national(fields, beside)
    back = from_national(out.values)
    assert back.record == fields
    assert back.rest == beside
    assert {(fault.field, fault.rule) for fault in back.faults} == {(fault.field, fault.rule) for fault in out.faults}
    named = {fault.field for fault in out.faults}
    for element in FORMAT:
        value = out.values.get(element.name)
        fits = value is None or element.longest is None or len(str(value)) <= element.longest
        assert fits or element.name in named
        if value is None and element.name in exchange.required(schema) and element.name not in named:
            assert element.name in {"ngay_sinh", "trinh_do_theo_khung_quoc_gia"}


@given(fields=records(BY_KIND["degree"]))
@settings(max_examples=50, deadline=None)
def test_a_table_of_cells_says_the_same(fields: dict[str, str]) -> None:
    values = to_national(fields, GIVEN).values
    cells = [Typed(CellType.NUMBER, str(value)) if isinstance(value, int) else value for value in values.values()]
    sheet = Sheet(name="", rows=[list(values), cells, []])
    [(number, read)] = exchange.from_sheet(sheet)
    assert number == 2
    assert from_national(read).record == fields


@pytest.mark.parametrize(
    "rows",
    [[], [["Họ và tên", "Số hiệu"]], [["so_hieu_vbcc", "ho_va_ten", "ho_va_ten"]], [["so_hieu_vbcc"], ["B1", "x"]]],
)
def test_a_table_of_another_layout_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(InputError):
        list(exchange.from_sheet(Sheet(name="", rows=rows)))
