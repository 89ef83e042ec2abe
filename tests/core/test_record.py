"""Records: closed lists of fields, text that looks and hashes alike everywhere, and forms of values."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.record import (
    BY_KIND,
    DEGREE,
    RESERVED,
    SCHEMAS,
    Checking,
    Schema,
    check,
    check_text,
    is_date,
    is_full_date,
)
from sogoc.errors import RecordError
from tests.archive import record

KINDS = list(SCHEMAS.values())


def sample(schema: Schema) -> dict[str, str]:
    fields = record(1, kind=schema.kind, school="Trường THPT Bến Đò", exam_session="2026", major="An ninh mạng")
    return {name: value for name, value in fields.items() if name in schema.names}


@pytest.mark.parametrize("schema", KINDS, ids=lambda schema: schema.kind)
def test_a_schema_is_well_formed(schema: Schema) -> None:
    always = "institution kind level programme decision_number decided_on awarded_on".split()
    assert [name for name in schema.names if name in schema.always_shown] == always
    assert len(set(schema.names)) == len(schema.names) <= 128
    assert not RESERVED & set(schema.names)
    assert {field.national for field in schema.fields} <= {field.national for field in schema.fields if field.national}
    assert set(always) <= set(schema.face) <= set(schema.names)
    assert all(field.required for field in schema.fields if field.always_shown)
    assert "mode" not in schema.face, "the law took the mode of study off the face of the diploma"
    assert BY_KIND[schema.kind] is SCHEMAS[schema.id] is schema


def test_the_order_of_fields_of_a_logged_schema_never_changes() -> None:
    assert DEGREE.id == "urn:sogoc:record:degree:1"
    assert DEGREE.names == tuple(
        "institution kind level programme decision_number decided_on awarded_on identifier title institution_name "
        "holder_name born_on birthplace gender ethnicity nationality personal_id student_id classification graduation_year "
        "programme_name major mode duration language admitted_on credits board_decision signer_name signer_title issued_at "
        "serial_number register_number paper_signer_name paper_signer_title".split()
    )


@pytest.mark.parametrize("schema", KINDS, ids=lambda schema: schema.kind)
def test_a_whole_record_passes_and_no_required_field_may_miss(schema: Schema) -> None:
    whole = sample(schema)
    check(schema, whole)
    for field in schema.fields:
        if field.required:
            with pytest.raises(RecordError, match="is missing") as refused:
                check(schema, {name: value for name, value in whole.items() if name != field.name})
            assert refused.value.field == field.name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nickname", "x"),
        ("holder_name", ""),
        ("holder_name", " A"),
        ("holder_name", "A "),
        ("holder_name", "A\nB"),
        ("holder_name", "A\u200bB"),
        ("holder_name", "A\u00adB"),
        ("holder_name", "A\u202eB"),
        ("holder_name", "\u0391"),  # a Greek letter that looks like A
        ("holder_name", "\u0430"),  # a Cyrillic letter that looks like a
        ("holder_name", "Trinh\u0323"),
        ("holder_name", "ế" * 342),
        ("institution", "dhsg01"),
        ("institution", "../x"),
        ("institution", "A" * 21),
        ("kind", "certificate"),
        ("level", "Bachelor"),
        ("programme", ""),
        ("programme", "748 0201"),
        ("decided_on", "2026-6-30"),
        ("decided_on", "2026-06"),
        ("awarded_on", "2026-02-30"),
        ("awarded_on", "２０２６-07-15"),
        ("born_on", "2003-13"),
        ("born_on", "05/02/2003"),
        ("born_on", "0000"),
        ("identifier", "00000000-0000-1000-8000-000000000001"),
        ("identifier", "00000000-0000-4000-8000-00000000000A"),
        ("gender", "Nam"),
        ("personal_id", "12345678"),
        ("personal_id", "٠٠١٠٩٩٠٠٠٠٠١"),
        ("graduation_year", "26"),
        ("mode", "chính quy"),
    ],
)
def test_a_wrong_value_is_named_by_its_field(field: str, value: str) -> None:
    with pytest.raises(RecordError) as refused:
        check(DEGREE, record(1) | {field: value})
    assert refused.value.field == field
    if len(value) > 3:
        assert value not in str(refused.value) or value == "certificate", "a message never repeats what may be personal"


@pytest.mark.parametrize("value", ["2003-02-05", "2003-02", "2003", "2024-02-29", "0001"])
def test_dates_of_birth_may_be_known_in_part(value: str) -> None:
    assert is_date(value) is None
    assert (is_full_date(value) is None) == (len(value) == 10)


@pytest.mark.parametrize("name", ["Y Brŭ Niê", "Ksor H’Blă", "Hờ A Páo", "Đặng Thị Ế", "Rơ Châm Ŏi", "K'Brèo", "Ĕ–Ư"])
def test_the_names_of_the_country_pass(name: str) -> None:
    check_text("holder_name", name)


# The list of docs/spec/record.md, written down a second time.
RANGES = (
    """0020-007E 00A1-00AC 00AE-024F 02B0-02FF 0300-036F 1E00-1EFF 2010-2015 2018-201F 2026-2026 2032-2032 2033-2033"""
)


def in_the_list(character: str) -> bool:
    bounds = (part.split("-") for part in RANGES.split())
    return any(int(low, 16) <= ord(character) <= int(high, 16) for low, high in bounds)


@given(st.text(st.characters(max_codepoint=0x2100), max_size=6) | st.text(max_size=4))
def test_the_characters_are_a_closed_list(text: str) -> None:
    fine = all(map(in_the_list, text)) and unicodedata.is_normalized("NFC", text)
    if fine:
        check_text("x", text)
    else:
        with pytest.raises(RecordError):
            check_text("x", text)


_PIECES = st.sampled_from(
    ["a", "ê", "e", "\u0302", "\u0301", " ", "ư", "\u200b", "\u1161", "\u1100", "Я", "x" * 600, "ễ" * 300]
)


@given(st.lists(st.lists(_PIECES, min_size=1, max_size=3).map("".join), min_size=4, max_size=4))
def test_texts_held_all_together_are_held_as_each_by_itself(texts: list[str]) -> None:
    """A mark that begins a field must neither join the field before it nor hide there."""
    names = ["holder_name", "birthplace", "ethnicity", "nationality"]
    whole = sample(DEGREE) | {
        name: f"x{text}x" if text.strip() != text else text for name, text in zip(names, texts, strict=True)
    }
    wrong = [name for name in DEGREE.names if name in whole and _problem(name, whole[name])]
    if not wrong:
        check(DEGREE, whole)
        return
    with pytest.raises(RecordError) as refused:
        check(DEGREE, whole)
    assert (refused.value.field, refused.value.en) == (wrong[0], _problem(wrong[0], whole[wrong[0]]))


def _problem(name: str, text: str) -> str | None:
    try:
        check_text(name, text)
    except RecordError as error:
        return error.en
    return None


def test_every_character_by_itself() -> None:
    for codepoint in [*range(0xD800), *range(0xE000, 0x11000)]:
        character = chr(codepoint)
        try:
            check_text("x", character)
            passes = True
        except RecordError:
            passes = False
        assert passes == (in_the_list(character) and unicodedata.normalize("NFC", character) == character), hex(
            codepoint
        )


def test_length_is_counted_in_bytes() -> None:
    check_text("x", "a" * 1024)
    check_text("x", "ế" * 341)
    for text in ("a" * 1025, "ế" * 342):
        with pytest.raises(RecordError, match="1024 bytes"):
            check_text("x", text)


def test_many_records_are_held_as_each_is_by_itself() -> None:
    right = record()
    wrong = [
        right | {"born_on": "2003-02-30"},
        right | {"programme": right["title"]},  # fine in another field
        right | {"kind": "certificate"},
        right | {"extra": "1"},
        {name: value for name, value in right.items() if name != "title"},
        right | {"serial_number": " ", "level": "none"},
    ]
    checking = Checking(DEGREE)
    for one in wrong:
        checking.check(right)
        with pytest.raises(RecordError) as alone:
            check(DEGREE, one)
        for _ in range(2):  # what was refused is not remembered as fine
            with pytest.raises(RecordError) as among:
                checking.check(one)
            assert str(among.value) == str(alone.value)
