"""A record: what an institution's register says of one qualification of one person.

A record is a flat mapping from field name to text. Its kind fixes a closed list of fields in a fixed order; this order
is also the order of the slots of its commitment, so it may never change for a schema id that was ever logged.

Spec: docs/spec/record.md
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

from sogoc.errors import RecordError

Record = Mapping[str, str]

MAX_FIELD_BYTES = 1024

# Claims that SD-JWT, SD-JWT VC or JWT give a meaning of their own; a field of that name could shadow one.
RESERVED = frozenset(
    "_sd _sd_alg ... iss sub aud exp nbf iat jti cnf vct vct#integrity status aka x5c kid".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a schema. `national` is its name in the national exchange format, `check` its form."""

    name: str
    national: str
    check: Callable[[str], str | None]
    required: bool = False
    always_shown: bool = False
    on_face: bool = False


@dataclass(frozen=True)
class Schema:
    """The closed list of fields of one kind of qualification. `id` is also the `vct` of its credentials."""

    id: str
    kind: str
    fields: tuple[Field, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @cached_property
    def known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each field stands among the fields."""
        return {name: place for place, name in enumerate(self.names)}

    @cached_property
    def required(self) -> frozenset[str]:
        return frozenset(field.name for field in self.fields if field.required)

    @cached_property
    def always_shown(self) -> frozenset[str]:
        """Fields that no holder can hide: they are compared with the entry and with its batch."""
        return frozenset(field.name for field in self.fields if field.always_shown)

    @cached_property
    def face(self) -> tuple[str, ...]:
        """Fields printed on the face of the diploma, with those always shown."""
        return tuple(field.name for field in self.fields if field.on_face or field.always_shown)


LEVELS = (
    "lower-secondary",
    "upper-secondary",
    "intermediate",
    "college",
    "bachelor",
    "master",
    "doctor",
    "certificate",
    "vocational-secondary",
)
MODES = ("full-time", "in-service", "distance", "self-study")
GENDERS = ("male", "female", "other")
CATEGORIES = (
    "department",
    "district-office",
    "commune",
    "school",
    "vocational",
    "college",
    "university",
    "multi-university",
    "member-university",
    "centre",
    "ministry",
)
"""What an institution is: who may award what, and whose signature counts, depends on it."""
PROVENANCES = ("A", "B", "C", "D")
"""Where a record comes from: A born in this archive, with every rule of the gate held; B from the paper register, read and
typed by two people; C from a list alone; D disputed."""

_CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,19}")
_PROGRAMME = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,11}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def is_text(value: str) -> str | None:
    return None if value.strip() == value and value else "is empty or begins or ends with a space"


@lru_cache(maxsize=10_000)  # the birthdays of a generation, and the days that all rows of a batch share
def is_date(value: str) -> str | None:
    """Accept `2003-02-05`, `2003-02` and `2003`: registers often know only the year of birth."""
    match = _DATE.fullmatch(value)
    if match is None or not value.isascii():
        return "is not a date such as 2003-02-05, 2003-02 or 2003"
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        date(year, month, day)
    except ValueError:
        return "is a day that does not exist"
    return None


def is_full_date(value: str) -> str | None:
    return is_date(value) if len(value) == len("2003-02-05") else "is not a full date such as 2003-02-05"


def _matches(pattern: re.Pattern[str], hint: str) -> Callable[[str], str | None]:
    return lambda value: None if pattern.fullmatch(value) else hint


def _one_of(values: tuple[str, ...]) -> Callable[[str], str | None]:
    return lambda value: None if value in values else f"is not one of {', '.join(values)}"


def _schema(kind: str, *fields: Field) -> Schema:
    schema = Schema(f"urn:sogoc:record:{kind}:1", kind, _COMMON + fields + _REGISTER)
    names = schema.names
    if len(set(names)) != len(names) or RESERVED & set(names):
        raise AssertionError(f"schema {kind} repeats a field or uses a reserved name")
    return schema


# Field(always_shown): decides whether the issuer had the power, so it can never be hidden.
_COMMON = (
    Field(
        name="institution",
        national="ma_don_vi_cap_bang",
        check=_matches(_CODE, "is not an institution code"),
        required=True,
        always_shown=True,
    ),
    Field(
        name="kind",
        national="ma_loai_vbcc",
        check=_one_of(("degree", "school-diploma", "certificate")),
        required=True,
        always_shown=True,
    ),
    Field(
        name="level",
        national="bac_trinh_do_theo_khung_quoc_gia",
        check=_one_of(LEVELS),
        required=True,
        always_shown=True,
    ),
    Field(
        name="programme",
        national="ma_nganh_dao_tao",
        check=_matches(_PROGRAMME, "is not a programme code such as 7480201"),
        required=True,
        always_shown=True,
    ),
    Field(
        name="decision_number",
        national="so_quyet_dinh_cong_nhan_tot_nghiep",
        check=is_text,
        required=True,
        always_shown=True,
    ),
    Field(
        name="decided_on",
        national="ngay_quyet_dinh_cong_nhan_tot_nghiep",
        check=is_full_date,
        required=True,
        always_shown=True,
    ),
    Field(name="awarded_on", national="ngay_cap_vbcc", check=is_full_date, required=True, always_shown=True),
    Field(
        name="identifier",
        national="ma_dinh_danh_vbcc",
        check=_matches(_UUID, "is not a random UUID"),
        required=True,
        on_face=True,
    ),
    Field(name="title", national="ten_vbcc", check=is_text, required=True, on_face=True),
    Field(name="institution_name", national="don_vi_cap_bang", check=is_text, required=True, on_face=True),
    Field(name="holder_name", national="ho_va_ten", check=is_text, required=True, on_face=True),
    Field(name="born_on", national="ngay_sinh", check=is_date, required=True, on_face=True),
    Field(name="birthplace", national="noi_sinh", check=is_text),
    Field(name="gender", national="gioi_tinh", check=_one_of(GENDERS)),
    Field(name="ethnicity", national="dan_toc", check=is_text),
    Field(name="nationality", national="quoc_tich", check=is_text),
    Field(
        name="personal_id",
        national="so_ddcn",
        check=_matches(re.compile(r"[0-9]{9}|[0-9]{12}"), "is not a personal number of 12 digits (or 9, the old card)"),
    ),
    Field(name="student_id", national="ma_nguoi_hoc", check=is_text),
    Field(name="classification", national="xep_loai", check=is_text, on_face=True),
    Field(
        name="graduation_year",
        national="nam_tot_nghiep",
        check=_matches(re.compile(r"[0-9]{4}"), "is not a year"),
    ),
)
_REGISTER = (
    Field(name="signer_name", national="ho_ten_nguoi_ky_vbcc", check=is_text, required=True, on_face=True),
    Field(name="signer_title", national="chuc_danh_nguoi_ky_vbcc", check=is_text, required=True, on_face=True),
    Field(name="issued_at", national="dia_danh_cap_vbcc", check=is_text, required=True, on_face=True),
    Field(name="serial_number", national="so_hieu_vbcc", check=is_text, required=True, on_face=True),
    Field(name="register_number", national="so_vao_so", check=is_text, required=True, on_face=True),
    # Who signed the paper, where another person signs the digital diploma.
    Field(name="paper_signer_name", national="ho_ten_nguoi_ky_vbcc_ban_giay", check=is_text),
    Field(name="paper_signer_title", national="chuc_danh_nguoi_ky_vbcc_ban_giay", check=is_text),
)

DEGREE = _schema(
    "degree",
    Field(name="programme_name", national="nganh_dao_tao", check=is_text, required=True, on_face=True),
    Field(name="major", national="chuyen_nganh_dao_tao", check=is_text),
    # Since Circular 27/2019 the mode of study stands in the supplement only, never on the face.
    Field(name="mode", national="hinh_thuc_dao_tao", check=_one_of(MODES), required=True),
    Field(name="duration", national="thoi_gian_dao_tao", check=is_text),
    Field(name="language", national="ngon_ngu_dao_tao", check=is_text),
    # Its year is the intake, for which the institution has a quota.
    Field(name="admitted_on", national="ngay_nhap_hoc", check=is_date),
    Field(
        name="credits",
        national="tong_so_tin_chi",
        check=_matches(re.compile(r"[1-9][0-9]{0,3}"), "is not a number of credits"),
    ),
    Field(name="board_decision", national="so_quyet_dinh_hoi_dong_danh_gia", check=is_text),
)
SCHOOL_DIPLOMA = _schema(
    "school-diploma",
    Field(name="school", national="ten_truong", check=is_text, required=True, on_face=True),
    Field(name="mode", national="hinh_thuc_dao_tao", check=_one_of(MODES), required=True),
    Field(name="exam_board", national="hoi_dong_thi", check=is_text),
    Field(name="exam_session", national="khoa_thi", check=is_text),
)
CERTIFICATE = _schema(
    "certificate",
    Field(name="programme_name", national="nganh_dao_tao", check=is_text, required=True, on_face=True),
    Field(name="mode", national="hinh_thuc_dao_tao", check=_one_of(MODES), required=True),
    Field(name="exam_board", national="hoi_dong_thi", check=is_text),
    Field(name="exam_session", national="khoa_thi", check=is_text),
)

SCHEMAS = {schema.id: schema for schema in (DEGREE, SCHOOL_DIPLOMA, CERTIFICATE)}
BY_KIND = {schema.kind: schema for schema in SCHEMAS.values()}


def check_text(name: str, value: str) -> None:
    """Refuse text that two readers could see or hash differently.

    The characters are a closed list (Latin as Vietnam's languages write it, combining marks, common punctuation), so that no
    version of Unicode and no reader decides otherwise.

    Raises: RecordError for text that is not NFC, holds another character, or is too long.
    """
    if value.isascii() and value.isprintable() and len(value) <= MAX_FIELD_BYTES:
        return  # in the list, in NFC and short enough: most fields
    if not unicodedata.is_normalized("NFC", value):
        raise RecordError(name, "is not in Unicode form NFC", "không ở dạng Unicode NFC")
    if not _REPERTOIRE.fullmatch(value):
        raise RecordError(
            name,
            "holds a character outside the list, perhaps one that cannot be seen",
            "có ký tự ngoài bảng cho phép, có thể là ký tự ẩn",
        )
    if len(value.encode()) > MAX_FIELD_BYTES:
        raise RecordError(name, f"is longer than {MAX_FIELD_BYTES} bytes", f"dài quá {MAX_FIELD_BYTES} byte")


_REPERTOIRE = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u024f\u02b0-\u02ff\u0300-\u036f\u1e00-\u1eff\u2010-\u2015\u2018-\u201f\u2026\u2032\u2033]*"
)


def all_fine(values: Iterable[str]) -> bool:
    """Whether all these values pass `check_text`, asked once of all together; False where each must be asked.

    A space is in the list and composes with no mark behind it, so texts joined by spaces are in NFC only if each of them is.
    """
    try:
        check_text("", " ".join(values))
    except RecordError:
        return False
    return True


class Checking:
    """Holds records against one schema, one after another. What many share, a day or a programme, is looked at once."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fine: dict[str, set[str]] = {name: set() for name in schema.names}

    def check(self, record: Record) -> None:
        """Hold a record against the schema: no other field, none missing, every value of its form.

        Raises: RecordError naming the first field that is wrong. Spec: docs/spec/record.md.
        """
        schema, fine = self._schema, self._fine
        try:
            asked = [name for name, value in record.items() if value not in fine[name]]
        except KeyError:
            name = next(name for name in record if name not in schema.known)
            raise RecordError(name, f"is not a field of {schema.id}", f"không thuộc mẫu {schema.id}") from None
        if not record.keys() >= schema.required:
            asked += schema.required - record.keys()
        for place, name in sorted((schema.places[name], name) for name in asked):
            if name not in record:
                raise RecordError(name, "is missing", "còn thiếu")
            value = record[name]
            check_text(name, value)
            problem = schema.fields[place].check(value)
            if problem is not None:
                raise RecordError(name, problem)
            if len(fine[name]) < _REMEMBERED:
                fine[name].add(value)
        if record["kind"] != schema.kind:
            raise RecordError("kind", f"is not the kind of {schema.id}", f"không phải loại của {schema.id}")


_REMEMBERED = 1000
"""Values of one field: those that records share are soon met, and names of people are not kept without end."""


def check(schema: Schema, record: Record) -> None:
    """Hold one record against its schema, as `Checking` does many. Raises: RecordError."""
    Checking(schema).check(record)
