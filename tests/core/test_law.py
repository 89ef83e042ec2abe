"""The rules of the law by the day of the act: the turns of the regimes, and what the files may not say."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from importlib import resources

import pytest

from sogoc.core import law, override
from sogoc.core.law import rows
from sogoc.core.law.page import schema
from sogoc.core.numbering import format_register_number, parse_register_number
from sogoc.core.record import BY_KIND, LEVELS
from sogoc.errors import NoRule, RecordError

EVERY_ROW = [
    pytest.param(row, id=f"{table}-{position}")
    for table, of in law.ROWS.items()
    for position, row in enumerate(of, start=1)
]
INSTRUMENT = re.compile(
    r"(Bộ luật|Luật|Nghị định|Thông tư|Quyết định|Quy chế văn bằng của cơ sở giáo dục|Chính sách của Sổ Gốc)\b"
)
FIRST_DAY = "1945-09-02"
LAST_OF_OLD, FIRST_OF_NEW = "2026-04-14", "2026-04-15"
"""Circular 10/2026 takes the place of Circular 21/2019 overnight."""


# -- every row ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", EVERY_ROW)
def test_every_rule_has_a_basis_and_a_sane_window(row: law.Row) -> None:
    assert INSTRUMENT.match(row.legal_basis)
    assert FIRST_DAY <= row.valid_from <= (row.valid_to or "9999-12-31")
    assert row.covers(row.valid_from)
    assert row.valid_to is None or row.covers(row.valid_to)
    assert not row.covers((date.fromisoformat(row.valid_from) - timedelta(days=1)).isoformat())


@pytest.mark.parametrize("row", EVERY_ROW)
def test_nothing_that_was_only_reported_counts_as_verified(row: law.Row) -> None:
    reported = ("10/2026", "13/2025", "sửa đổi 2025", "dự thảo", "quy chế trước đó", "Quy chế văn bằng của cơ sở")
    assert not (row.verified and any(words in row.legal_basis for words in reported))


def succession(table: str) -> Mapping[tuple[str, ...], list[law.Row]]:
    """The rows of a table that follow one another, by what they are about."""
    keys = {
        "qualification": ("kind", "level"),
        "category": ("name",),
        "issuer": ("kind", "levels"),
        "fields": ("kind", "levels"),
        "number": ("kind",),
        "clock": ("name",),
        "ground": ("acts", "name"),
        "refusal": ("act", "name"),
        "gate": ("rule",),
        "retention": ("kind",),
    }[table]
    found: dict[tuple[str, ...], list[law.Row]] = defaultdict(list)

    def spread(row: law.Row, names: Iterable[str], about: tuple[str, ...]) -> None:
        first, *rest = names
        value = getattr(row, first)
        for one in value if isinstance(value, tuple) else (value,):
            if rest:
                spread(row, rest, (*about, one))
            else:
                found[*about, one].append(row)

    for row in law.ROWS[table]:
        spread(row, keys, ())
    return {about: sorted(of, key=lambda row: row.valid_from) for about, of in found.items()}


SUCCESSIONS = [table for table in law.ROWS if table not in ("grade", "holiday")]


@pytest.mark.parametrize("table", SUCCESSIONS)
def test_one_regime_follows_another_without_gap_or_overlap(table: str) -> None:
    for about, of in succession(table).items():
        for earlier, later in itertools.pairwise(of):
            assert earlier.valid_to is not None, about
            assert date.fromisoformat(later.valid_from) - date.fromisoformat(earlier.valid_to) == timedelta(days=1), (
                about
            )


def test_only_the_lower_secondary_diploma_ended() -> None:
    ended = {
        (table, *about)
        for table in SUCCESSIONS
        for about, of in succession(table).items()
        if of[-1].valid_to is not None
    }
    assert ended == {
        ("qualification", "school-diploma", "lower-secondary"),
        ("issuer", "school-diploma", "lower-secondary"),
        ("fields", "school-diploma", "lower-secondary"),
    }


# -- what may be awarded, and by whom ---------------------------------------------------------------------------------------

DAYS = (
    FIRST_DAY,
    "1998-06-30",
    "2020-01-14",
    "2020-03-01",
    "2025-07-01",
    "2025-12-31",
    LAST_OF_OLD,
    FIRST_OF_NEW,
    "2030-01-01",
)


@pytest.mark.parametrize("on", DAYS)
def test_what_may_be_awarded_has_issuers_fields_grades_and_numbers(on: str) -> None:
    for kind in BY_KIND:
        for level in LEVELS:
            awarded = law.qualification(kind, level, on)
            issuers = law.issuers(kind, level, on)
            assert bool(awarded) == bool(issuers), (kind, level)
            assert len({issuer.category for issuer in issuers}) == len(issuers)
            if awarded is None:
                with pytest.raises(NoRule):
                    law.fields(kind, level, on)
                continue
            names = set(BY_KIND[kind].names)
            fields = law.fields(kind, level, on)
            assert {*fields.required, *fields.forbidden, *fields.not_on_face} <= names
            assert not {*fields.required} & {*fields.forbidden}
            assert law.grades(kind, level, on)
            assert law.number_format(kind, on).marks[level]


@pytest.mark.parametrize(
    ("on", "category", "title", "may"),
    [
        (LAST_OF_OLD, "department", "Giám đốc Sở Giáo dục và Đào tạo", True),
        (LAST_OF_OLD, "department", "Giám đốc Sở GDĐT tỉnh Gia Lai", True),
        (LAST_OF_OLD, "department", "GIÁM ĐỐC", True),
        (LAST_OF_OLD, "department", "KT.GIÁM ĐỐC\nPHÓ GIÁM ĐỐC", None),
        (LAST_OF_OLD, "department", "Phó Giám đốc Sở Giáo dục và Đào tạo", None),
        (LAST_OF_OLD, "department", "Hiệu trưởng", False),
        (LAST_OF_OLD, "school", "Hiệu trưởng", False),
        ("2026-05-20", "department", "Giám đốc Sở Giáo dục và Đào tạo", False),
        ("2026-05-20", "school", "Giám đốc Sở Giáo dục và Đào tạo", False),
        ("2026-05-20", "school", "Hiệu trưởng", True),
        ("2026-05-20", "school", "Hiệu trưởng Trường THPT Suối Trăng (mẫu)", True),
        ("2026-05-20", "school", "Phó Hiệu trưởng", None),
        ("2026-05-20", "university", "Hiệu trưởng", False),
    ],
)
def test_who_signs_the_upper_secondary_diploma(on: str, category: str, title: str, may: bool | None) -> None:
    assert law.may_sign("school-diploma", "upper-secondary", category, title, on) is may


@pytest.mark.parametrize(
    ("on", "category", "title"),
    [
        ("1998-06-30", "district-office", "Trưởng phòng Giáo dục và Đào tạo huyện Mường La"),
        ("2025-06-30", "district-office", "Trưởng phòng"),
        ("2025-07-01", "commune", "Chủ tịch UBND phường Suối Trăng"),
        (LAST_OF_OLD, "commune", "Chủ tịch"),
    ],
)
def test_who_signed_the_lower_secondary_diploma(on: str, category: str, title: str) -> None:
    assert [issuer.category for issuer in law.issuers("school-diploma", "lower-secondary", on)] == [category]
    assert law.may_sign("school-diploma", "lower-secondary", category, title, on)


def test_the_lower_secondary_diploma_is_abolished() -> None:
    before = law.qualification("school-diploma", "lower-secondary", LAST_OF_OLD)
    assert before is not None
    assert (before.valid_from, before.verified) == ("2026-01-01", False)  # the law ended it, the circular not yet
    for on in (FIRST_OF_NEW, "2026-05-20"):
        assert law.qualification("school-diploma", "lower-secondary", on) is None
        assert law.issuers("school-diploma", "lower-secondary", on) == ()


def test_the_vocational_secondary_diploma_is_new() -> None:
    assert law.qualification("degree", "vocational-secondary", "2025-12-31") is None
    new = law.qualification("degree", "vocational-secondary", "2026-01-01")
    assert new is not None
    assert new.vi == "Bằng tốt nghiệp trung học nghề"


@pytest.mark.parametrize("on", ["2012-06-30", "2024-06-30", "2026-06-30"])
@pytest.mark.parametrize(
    ("category", "title", "may"),
    [
        ("multi-university", "Giám đốc", True),
        ("multi-university", "Giám đốc Đại học Quốc gia", True),
        ("multi-university", "Giám đốc Sở Giáo dục và Đào tạo", False),
        ("multi-university", "Hiệu trưởng", False),
        ("member-university", "Hiệu trưởng", True),
        ("member-university", "Giám đốc", False),
        ("member-university", "Giám đốc Đại học Quốc gia", False),
        ("university", "Hiệu trưởng", True),
        ("university", "Giám đốc Học viện Thạch Cầu", True),
        ("university", "Viện trưởng", True),
        ("university", "Trưởng phòng Đào tạo", False),
        ("university", "Hiệu trưởngg", False),
        ("college", "Hiệu trưởng", False),
        ("ministry", "Bộ trưởng", False),
    ],
)
def test_who_signs_a_bachelor_degree(category: str, title: str, may: bool, on: str) -> None:
    assert law.may_sign("degree", "bachelor", category, title, on) is may


def test_a_minister_signed_doctorates_once() -> None:
    assert law.may_sign("degree", "doctor", "ministry", "Bộ trưởng Bộ Giáo dục và Đào tạo", "1999-01-15")
    assert law.may_sign("degree", "doctor", "ministry", "Bộ trưởng", "2012-01-15") is False


def test_every_category_may_be_asked_for() -> None:
    for name in law.CATEGORIES:
        found = law.category(name, "2026-06-30")
        assert found.name == name
        assert found.offices
        assert found.deputies
        assert not {*found.offices} & {*found.deputies}


# -- fields, grades, numbers ----------------------------------------------------------------------------------------------


def test_the_mode_of_study_left_the_face() -> None:
    assert "mode" not in law.fields("degree", "bachelor", "2020-02-29").not_on_face
    assert "mode" in law.fields("degree", "bachelor", "2020-03-01").not_on_face
    assert not {*law.fields("degree", "bachelor", "2026-06-30").not_on_face} & {*BY_KIND["degree"].face}


def test_a_school_register_has_its_columns_since_2020() -> None:
    columns = ("birthplace", "gender", "ethnicity")
    assert law.fields("school-diploma", "upper-secondary", "2020-01-14").required == ()
    assert law.fields("school-diploma", "upper-secondary", "2020-01-15").required == columns
    assert law.fields("school-diploma", "upper-secondary", "2026-06-30").required == columns


def test_regimes_of_grades_overlap() -> None:
    assert law.grades("degree", "bachelor", "2010-06-01") == ("Xuất sắc", "Giỏi", "Khá", "Trung bình khá", "Trung bình")
    assert [regime.verified for regime in law.GRADES if regime.kind == "degree" and regime.covers("2024-06-30")] == [
        False,
        False,
    ]
    assert "Trung bình khá" in law.grades("degree", "bachelor", "2024-06-30")
    assert "Xuất sắc" not in law.grades("school-diploma", "upper-secondary", "2024-06-30")
    assert law.grades("degree", "upper-secondary", "2024-06-30") == ()


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("on", ["2000-12-31", "2024-12-31", "2026-12-31"])
def test_what_is_allotted_can_be_read(kind: str, on: str) -> None:
    form = law.number_format(kind, on)
    for mark in form.marks.values():
        text = format_register_number(form.template, 7, on[:4], mark)
        assert text == f"0007/{mark}/{on[:4]}"
        read = parse_register_number(text)
        assert read is not None
        assert (read.number, read.year, read.mark) == (7, on[:4], mark)
        assert read.form in form.accepted


# -- clocks, grounds, gate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "on", "limit"),
    [
        ("digital-diploma", FIRST_OF_NEW, (5, "working-day", "decision")),
        ("paper-diploma", "2019-06-30", (30, "day", "decision")),
        ("paper-diploma", FIRST_OF_NEW, (30, "day", "decision")),
        ("paper-school-diploma", LAST_OF_OLD, (75, "day", "decision")),
        ("paper-school-diploma", FIRST_OF_NEW, (30, "day", "decision")),
        ("copy", "2026-06-12", (0, "working-day", "request")),
        ("correction", LAST_OF_OLD, (5, "working-day", "request")),
        ("correction", FIRST_OF_NEW, (3, "working-day", "request")),
        ("reissue", LAST_OF_OLD, (5, "working-day", "request")),
        ("reissue", FIRST_OF_NEW, (3, "working-day", "request")),
        ("publication", "2026-06-12", (30, "day", "award")),
        ("return-revoked", "2026-06-12", (30, "day", "decision")),
        ("data-subject-answer", "2026-06-12", (2, "working-day", "request")),
        ("late-recording", "1985-06-12", (30, "day", "award")),
        ("backup-retention", "2026-06-12", (35, "day", "erasure")),
    ],
)
def test_clocks(name: str, on: str, limit: tuple[int, str, str]) -> None:
    clock = law.clock(name, on)
    assert (clock.days, clock.unit, clock.after) == limit


def test_a_clock_that_the_law_did_not_know_is_refused() -> None:
    with pytest.raises(NoRule, match="clock digital-diploma on 2026-04-14"):
        law.clock("digital-diploma", LAST_OF_OLD)
    with pytest.raises(NoRule):
        law.clock("no-such-clock", FIRST_OF_NEW)


SIX = ["fraud", "ineligible", "without-authority", "altered", "lent", "issuer-error"]
FOUR = ["civil-status-change", "gender-or-ethnicity", "civil-status-supplement", "late-birth-registration"]


@pytest.mark.parametrize("on", ["2012-06-30", LAST_OF_OLD, FIRST_OF_NEW])
def test_grounds(on: str) -> None:
    names = {act: [ground.name for ground in law.grounds(act, on)] for act in ("revoke", "cancel", "amend", "reissue")}
    assert names == {"revoke": SIX, "cancel": SIX, "amend": FOUR, "reissue": ["issuer-error"]}
    assert law.grounds("duplicate", on) == ()
    for act, of in names.items():
        for name in of:
            assert law.ground(act, name, on).covers(on)
    with pytest.raises(NoRule):
        law.ground("reissue", "lost-original", on)


@pytest.mark.parametrize(("on", "basis"), [(LAST_OF_OLD, "21/2019"), (FIRST_OF_NEW, "10/2026")])
def test_a_lost_original_is_refused_with_its_basis_and_a_copy_is_offered(on: str, basis: str) -> None:
    refusal = law.refused_reissue(on)
    assert basis in refusal.legal_basis
    assert "bản sao từ sổ gốc" in refusal.offer_vi
    assert "copies from the register" in refusal.offer_en


def test_what_the_ministry_may_set_aside() -> None:
    rules = {row.rule for row in law.ROWS["gate"] if isinstance(row, law.GateRule)}
    overridable = {rule for rule in rules if law.gate(rule, "2026-06-30").overridable}
    assert overridable == set(override.OVERRIDABLE)
    assert {rule for rule in rules if law.gate(rule, "2026-06-30").tolerance_percent} == {"quota"}
    assert law.gate("quota", "2026-06-30").tolerance_percent == 10


@pytest.mark.parametrize("on", ["2026", "2026-04", "15/04/2026", "2026-02-30", ""])
def test_a_day_is_a_whole_day(on: str) -> None:
    asked = (
        lambda: law.qualification("degree", "bachelor", on),
        lambda: law.issuers("degree", "bachelor", on),
        lambda: law.fields("degree", "bachelor", on),
        lambda: law.grades("degree", "bachelor", on),
        lambda: law.number_format("degree", on),
        lambda: law.clock("copy", on),
        lambda: law.grounds("revoke", on),
        lambda: law.refused_reissue(on),
        lambda: law.gate("quota", on),
        lambda: law.category("school", on),
    )
    for ask in asked:
        with pytest.raises(RecordError):
            ask()


# -- the files ------------------------------------------------------------------------------------------------------------

GATE = {
    "rule": "four-eyes",
    "vi": "Hai người",
    "en": "Two people",
    "overridable": False,
    "legal_basis": "Chính sách của Sổ Gốc",
    "valid_from": "2026-04-15",
    "verified": True,
}


def written(values: Mapping[str, object]) -> str:
    return "[[gate]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in values.items())


def test_a_row_is_read() -> None:
    (row,) = rows.parse(written(GATE))["gate"]
    assert isinstance(row, law.GateRule)
    assert dataclasses.asdict(row) == {
        **GATE,
        "provenances": ("A", "B", "C", "D"),
        "reported": False,
        "days": 0,
        "valid_to": None,
        "note": None,
        "note_vi": None,
        "tolerance_percent": 0,
    }


@pytest.mark.parametrize(
    "change",
    [
        {"rule": "Four eyes"},
        {"rule": ["four-eyes"]},
        {"vi": ""},
        {"vi": " Hai người"},
        {"overridable": 1},
        {"overridable": "no"},
        {"tolerance_percent": -1},
        {"tolerance_percent": True},
        {"legal_basis": None},
        {"legal_basis": ""},
        {"valid_from": "2026"},
        {"valid_from": "2026-02-30"},
        {"valid_from": None},
        {"valid_to": "2026-04-14"},
        {"verified": None},
        {"note": "in one language"},
        {"unknown": "x"},
    ],
    ids=str,
)
def test_a_file_that_breaks_a_shape_is_refused(change: Mapping[str, object]) -> None:
    values = {name: value for name, value in {**GATE, **change}.items() if value is not None}
    with pytest.raises(ValueError, match="law data, gate 1"):
        rows.parse(written(values))


def test_a_value_of_a_closed_field_is_one_of_its_list() -> None:
    text = (resources.files("sogoc.core.law") / "fields.toml").read_text(encoding="utf-8")
    for right, wrong in (('"ethnicity"', '"religion"'), ('"degree"', '"diploma"'), ('"bachelor"', '"baccalaureate"')):
        rows.parse(text)
        with pytest.raises(ValueError, match="law data, fields"):
            rows.parse(text.replace(right, wrong))
    with pytest.raises(ValueError, match="no such table"):
        rows.parse("[[field]]\n")


def test_every_file_beside_the_module_is_read() -> None:
    there = {one.name for one in resources.files("sogoc.core.law").iterdir() if one.name.endswith(".toml")}
    assert there == {f"{name}.toml" for name in rows.FILES}


def test_the_schema_beside_the_files_is_that_of_the_reader() -> None:
    held = json.loads((resources.files("sogoc.core.law") / "law.schema.json").read_text(encoding="utf-8"))
    assert held == schema(), "run tools/write-law-page"


def test_the_files_are_of_the_schema() -> None:
    """A second reader, of the part of JSON Schema that ours uses."""
    tables = schema()["properties"]
    for file in rows.FILES:
        data = tomllib.loads((resources.files("sogoc.core.law") / f"{file}.toml").read_text(encoding="utf-8"))
        for table, of in data.items():
            assert_is(of, tables[table], table)  # type: ignore[index]


def assert_is(value: object, form: Mapping[str, object], where: str) -> None:
    known = {
        *("type", "enum", "pattern", "items", "minItems", "uniqueItems", "minimum", "properties", "required"),
        *("additionalProperties", "propertyNames", "minProperties", "dependentRequired", "description"),
    }
    assert form.keys() <= known
    if "enum" in form:
        assert value in form["enum"], where  # type: ignore[operator]
        return
    kind = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict}[str(form["type"])]
    assert type(value) is kind, where
    if isinstance(value, str):
        assert re.fullmatch(str(form["pattern"]), value), where
    elif isinstance(value, list):
        assert value, where
        for one in value:
            assert_is(one, form["items"], where)  # type: ignore[arg-type]
    elif isinstance(value, dict):
        properties = form.get("properties")
        if isinstance(properties, dict):
            assert value.keys() <= properties.keys(), where
            assert value.keys() >= {*form["required"]}, where  # type: ignore[misc]
            for name, one in value.items():
                assert_is(one, properties[name], f"{where}, {name}")
        else:
            for name, one in value.items():
                assert_is(name, form["propertyNames"], where)  # type: ignore[arg-type]
                assert_is(one, form["additionalProperties"], where)  # type: ignore[arg-type]
