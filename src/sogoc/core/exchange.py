"""The national exchange format: 33 fields of a digital diploma and 11 of its supplement, from a record and back.

A record says some of them, the exporting office gives the others (`given`), and what a record holds beyond them stands in
`ghi_chu`, one `name: value` a line. Nothing is shortened, chosen or left out: a value that breaks the format is carried
whole beside a Fault that names its field.

Spec: docs/spec/exchange.md. Fields, lengths and required marks are those of "Phụ lục 1.2" for digital diplomas, as
universities implement it; dates of birth known in part, and sex by number, those of the national code lists (QCVN 109:2017).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sogoc.core.intake.sheet import CellType, Sheet, Typed
from sogoc.core.record import BY_KIND, LEVELS, Field, Record, Schema, check_text
from sogoc.core.vocabulary import FRAMEWORK_LEVEL, code_of, display
from sogoc.errors import InputError, RecordError

Value = str | int
National = Mapping[str, Value]
"""One diploma in the exchange format: text, and numbers where the format has numbers. An absent field is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One field of the format. `longest` counts characters, None where the format sets no limit."""

    name: str
    longest: int | None = None
    required: bool = False
    number: bool = False
    supplement: bool = False


def _main(name: str, longest: int | None, *, required: bool = True, number: bool = False) -> Element:
    return Element(name=name, longest=longest, required=required, number=number)


def _more(name: str, longest: int | None = None, *, required: bool = False, number: bool = False) -> Element:
    return Element(name=name, longest=longest, required=required, number=number, supplement=True)


FORMAT = (
    _main("phien_ban", 10),
    _main("thong_tu", 10),
    _main("ma_dinh_danh_vbcc", 36),
    _main("ten_vbcc", 50),
    _main("nganh_dao_tao", 150),
    _main("ma_nganh_dao_tao", 12),
    _main("so_hieu_vbcc", 20),
    _main("so_ddcn", 12),
    _main("ma_nguoi_hoc", 12),
    _main("ho_va_ten", 150),
    _main("ngay_sinh", 10),
    _main("noi_sinh", 250),
    _main("gioi_tinh", 20),
    _main("dan_toc", 50),
    _main("quoc_tich", 100),
    _main("ten_truong", 250),
    _main("ma_co_so_dao_tao", 20),
    _main("nam_tot_nghiep", None, number=True),
    _main("so_quyet_dinh_cong_nhan_tot_nghiep", 50),
    _main("ngay_quyet_dinh_cong_nhan_tot_nghiep", 10),
    _main("so_quyet_dinh_hoi_dong_danh_gia", 50, required=False),
    _main("so_vao_so", 20),
    _main("xep_loai", 50, required=False),
    _main("don_vi_cap_bang", 250),
    _main("ma_don_vi_cap_bang", 20),
    _main("ho_ten_nguoi_ky_vbcc", 150),
    _main("so_ddcn_nguoi_ky_vbcc", 12),
    _main("chuc_danh_nguoi_ky_vbcc", 150),
    _main("ho_ten_nguoi_ky_vbcc_ban_giay", 150, required=False),
    _main("chuc_danh_nguoi_ky_vbcc_ban_giay", 150, required=False),
    _main("dia_danh_cap_vbcc", 50),
    _main("ngay_tao_vbcc", 10),
    _main("ngay_cap_vbcc", 10),
    _more("chuyen_nganh_dao_tao", 150, required=True),
    _more("ngay_nhap_hoc", 10),
    _more("ngon_ngu_dao_tao", 150, required=True),
    _more("thoi_gian_dao_tao", 150, required=True),
    _more("tong_so_tin_chi", number=True),
    _more("trinh_do_theo_khung_quoc_gia", 150, required=True),
    _more("bac_trinh_do_theo_khung_quoc_gia", 150, required=True),
    _more("hinh_thuc_dao_tao", 150, required=True),
    _more("ghi_chu"),
    _more("attachment_name"),
    _more("attachment_content_base64"),
)
ELEMENTS: Mapping[str, Element] = {element.name: element for element in FORMAT}

MONTH_OF_BIRTH, YEAR_OF_BIRTH, DAY_OF_BIRTH = "thangnamsinh", "namsinh", "ngaythangnamsinh"
COLUMNS = (*ELEMENTS, MONTH_OF_BIRTH, YEAR_OF_BIRTH)
"""Every column of an export. The last two stand in for `ngay_sinh` where only a month or a year of birth is known."""

REMARK = "ghi_chu"
_FRAMEWORK = "trinh_do_theo_khung_quoc_gia"
_GIVEN = frozenset(
    {"phien_ban", "thong_tu", "ten_truong", "ma_co_so_dao_tao", "so_ddcn_nguoi_ky_vbcc", "ngay_tao_vbcc"}
)
_LEVEL_NUMBER = {level: f"Trình độ {number}" for number, level in FRAMEWORK_LEVEL.items()}
_SEX = {"1": "male", "2": "female"}
_SEX_UNKNOWN = "0"
_DAY = re.compile(r"(\d{2})/(\d{2})/(\d{4})", re.ASCII)
_MONTH = re.compile(r"(\d{2})/(\d{4})", re.ASCII)
_WORDS = frozenset({"gender", "mode", "level"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which a diploma is not of the format. `field` is the national name; a value is never repeated here."""

    field: str
    rule: str
    en: str
    vi: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A record in the exchange format, in the order of the format, and everything the format has against it."""

    values: dict[str, Value]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """The fields of a record that a diploma in the exchange format says, and `rest`: what a record cannot carry.

    A value with a fault stands in `rest` as it came.
    """

    record: dict[str, str]
    rest: dict[str, Value]
    faults: tuple[Fault, ...]


def kind_of(level: str) -> str:
    """The kind of qualification that a level is usually of; another kind is said in the remark."""
    if level in {"lower-secondary", "upper-secondary"}:
        return "school-diploma"
    return "certificate" if level == "certificate" else "degree"


def required(schema: Schema) -> tuple[str, ...]:
    """What the format requires of a kind: what it marks so, without what this kind of record has no place for."""
    carried = {field.national for field in schema.fields} | _GIVEN | {_FRAMEWORK}
    return tuple(element.name for element in FORMAT if element.required and element.name in carried)


def givable(schema: Schema) -> frozenset[str]:
    """The fields that the exporting office gives, because no record of this kind says them."""
    said = {field.national for field in schema.fields} | {_FRAMEWORK}
    return frozenset(ELEMENTS) - said


# -- out --------------------------------------------------------------------------------------------------------------


def to_national(record: Record, given: Mapping[str, str]) -> Exported:
    """Say a record, and what the office gives beside it, in the exchange format.

    Raises: InputError for something given that the record itself says, that the format does not know, or a remark that
    could be taken for a field.
    """
    schema = BY_KIND[record["kind"]]
    _check_given(given, schema)
    said: dict[str, Value] = dict(given)
    remarks = [given[REMARK]] if REMARK in given else []
    for field in schema.fields:
        value = record.get(field.name)
        if value is None or (field.name == "kind" and kind_of(record["level"]) == value):
            continue
        if field.name == "born_on":
            name, written = _birth(value)
            said[name] = written
        elif field.national in ELEMENTS:
            said[field.national] = _written(field, value)
        else:
            remarks.append(f"{field.national}: {value}")
    if record["level"] in _LEVEL_NUMBER:
        said[_FRAMEWORK] = _LEVEL_NUMBER[record["level"]]
    if remarks:
        said[REMARK] = "\n".join(remarks)
    values = {name: said[name] for name in COLUMNS if name in said}
    return Exported(values=values, faults=tuple(_faults(values, schema, level=record["level"])))


def _check_given(given: Mapping[str, str], schema: Schema) -> None:
    allowed = givable(schema)
    for name in given:
        if name not in allowed:
            raise InputError(
                f"{name} is not a field that is given: the register says it, or the format does not know it",
                f"{name} không phải mục được khai thêm: sổ gốc đã có, hoặc mẫu trao đổi không có",
                mend=f"Give only {', '.join(name for name in ELEMENTS if name in allowed)}.",
                mend_vi=f"Chỉ khai {', '.join(name for name in ELEMENTS if name in allowed)}.",
            )
    if any(_remarked(line, schema) for line in given.get(REMARK, "").split("\n")):
        raise InputError(
            "the remark begins a line as a field of the register would",
            "ghi chú có dòng bắt đầu như một mục của sổ gốc",
        )


def _birth(value: str) -> tuple[str, str]:
    if value.count("-") == 2:
        return "ngay_sinh", _day_first(value)
    return (MONTH_OF_BIRTH if "-" in value else YEAR_OF_BIRTH), value


def _day_first(iso: str) -> str:
    return "/".join(reversed(iso.split("-")))


def _is_date(name: str) -> bool:
    return name.startswith("ngay_")


def _written(field: Field, value: str) -> Value:
    if _is_date(field.national):
        return _day_first(value)
    if field.name in _WORDS:
        return display(field.name, value)
    if ELEMENTS[field.national].number and value.isascii() and value.isdecimal() and str(int(value)) == value:
        return int(value)
    return value


def _faults(values: National, schema: Schema, *, level: str | None) -> Iterator[Fault]:
    """Yield what the format has against a diploma of this kind: what is missing, too long, or no number."""
    wanted = set(required(schema))
    if level is not None and level not in _LEVEL_NUMBER:
        wanted.discard(_FRAMEWORK)  # the framework has no number for schools' diplomas and certificates
    for element in FORMAT:
        value = values.get(element.name)
        if value is None:
            if element.name == "ngay_sinh" and {MONTH_OF_BIRTH, YEAR_OF_BIRTH, DAY_OF_BIRTH} & values.keys():
                continue
            if element.name in wanted:
                yield Fault(
                    field=element.name, rule="missing", en="is required and missing", vi="bắt buộc mà còn thiếu"
                )
        elif element.number and not isinstance(value, int):
            yield Fault(field=element.name, rule="number", en="is not a plain number", vi="không phải số nguyên thường")
        elif element.longest is not None and len(str(value)) > element.longest:
            yield Fault(
                field=element.name, rule="too-long",
                en=f"has {len(str(value))} characters; the format takes {element.longest}",
                vi=f"dài {len(str(value))} ký tự; mẫu trao đổi nhận tối đa {element.longest}",
            )  # fmt: skip


# -- in ---------------------------------------------------------------------------------------------------------------


def from_national(values: National, *, kind: str | None = None) -> Imported:
    """Read a diploma in the exchange format as the fields of a record of `kind`, or of the kind that it says itself.

    Days may be written 15/06/2026 or 2026-06-15, sex as a word or by number. An empty field is an absent one.

    Raises: InputError when it does not say of which kind it is.
    """
    present = {name: value for name, value in values.items() if value != ""}
    schema = BY_KIND[kind or _kind(present)]
    reader = _Reader(schema)
    for name in sorted(present, key=_FRAMEWORK.__eq__):  # the number in the framework is held against the level's name
        reader.take(name, present[name])
    level = reader.record.get("level")
    faults = (*reader.faults, *_faults(_as_numbers(present), schema, level=level))
    return Imported(record=reader.in_order(), rest=reader.rest, faults=faults)


def _kind(values: National) -> str:
    for line in str(values.get(REMARK, "")).split("\n"):
        name, sign, value = line.partition(": ")
        if sign and name == "ma_loai_vbcc" and value in BY_KIND:
            return value
    level = code_of("level", str(values.get("bac_trinh_do_theo_khung_quoc_gia", "")))
    if level not in LEVELS:
        raise InputError(
            "bac_trinh_do_theo_khung_quoc_gia does not say a level, so the kind of qualification is not known",
            "bac_trinh_do_theo_khung_quoc_gia không nêu bậc trình độ, nên không biết loại văn bằng",
        )
    return kind_of(level)


def _as_numbers(values: Mapping[str, Value]) -> dict[str, Value]:
    """The same with numbers where a table holds their digits as text."""
    return {
        name: int(value) if name in ELEMENTS and ELEMENTS[name].number and _plain(value) else value
        for name, value in values.items()
    }


def _plain(value: Value) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal() and str(int(value)) == value


def _remarked(line: str, schema: Schema) -> Field | None:
    """The field that a line of the remark holds, if it holds one: those that have no field in the format."""
    name, sign, _ = line.partition(": ")
    if not sign or name in ELEMENTS:
        return None
    return next((field for field in schema.fields if field.national == name), None)


class _Reader:
    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fields = {field.national: field for field in schema.fields if field.national in ELEMENTS}
        self.record: dict[str, str] = {"kind": schema.kind}
        self.rest: dict[str, Value] = {}
        self.faults: list[Fault] = []

    def in_order(self) -> dict[str, str]:
        return {name: self.record[name] for name in self._schema.names if name in self.record}

    def take(self, name: str, value: Value) -> None:
        if name == REMARK:
            self._remark(str(value))
        elif name in {MONTH_OF_BIRTH, YEAR_OF_BIRTH, DAY_OF_BIRTH}:
            self._hold("born_on", name, str(value), value)
        elif name == _FRAMEWORK:
            self._framework(value)
        elif name == "gioi_tinh" and str(value) == _SEX_UNKNOWN:
            pass  # the code list's word for nothing known, which a record says by silence
        elif (field := self._fields.get(name)) is not None:
            read = self._read(field, str(value))
            if read is None:
                self._fault(name, value, "form", "is not written as the format says", "không đúng cách viết của mẫu")
            else:
                self._hold(field.name, name, read, value)
        else:
            self.rest[name] = value

    def _read(self, field: Field, value: str) -> str | None:
        if field.name == "gender":
            return _SEX.get(value) or code_of("gender", value)
        if field.name in _WORDS:
            return code_of(field.name, value)
        if _is_date(field.national):
            if match := _DAY.fullmatch(value):
                return f"{match[3]}-{match[2]}-{match[1]}"
            if match := _MONTH.fullmatch(value):
                return f"{match[2]}-{match[1]}"
        return value

    def _hold(self, name: str, national: str, read: str, value: Value) -> None:
        field = next(field for field in self._schema.fields if field.name == name)
        try:
            check_text(name, read)
        except RecordError as error:
            self._fault(national, value, "form", error.en.partition(": ")[2], error.vi.partition(": ")[2])
            return
        if (problem := field.check(read)) is not None:
            self._fault(national, value, "form", problem, "không đúng dạng")
            return
        held = self.record.get(name)
        if held is None or (name == "born_on" and read.startswith(held)):
            self.record[name] = read
        elif held != read and not (name == "born_on" and held.startswith(read)):
            self._fault(national, value, "contradicts", "contradicts another field", "mâu thuẫn với mục khác")

    def _framework(self, value: Value) -> None:
        level = FRAMEWORK_LEVEL.get(str(value).rpartition(" ")[2])
        if level is None or _LEVEL_NUMBER[level].lower() not in {str(value).lower(), f"trình độ {value}".lower()}:
            self._fault(_FRAMEWORK, value, "form", "is not a level such as Trình độ 6", "không phải bậc như Trình độ 6")
        else:
            self._hold("level", _FRAMEWORK, level, value)

    def _remark(self, text: str) -> None:
        left = []
        for line in text.split("\n"):
            field = _remarked(line, self._schema)
            if field is None:
                left.append(line)
            else:
                self._hold(field.name, REMARK, line.partition(": ")[2], line)
        if left:
            self.rest[REMARK] = "\n".join(left)

    def _fault(self, name: str, value: Value, rule: str, en: str, vi: str) -> None:
        self.faults.append(Fault(field=name, rule=rule, en=en, vi=vi))
        before = self.rest.get(name)
        self.rest[name] = f"{before}\n{value}" if before is not None else value


# -- tables -----------------------------------------------------------------------------------------------------------


def from_sheet(sheet: Sheet) -> Iterator[tuple[int, dict[str, Value]]]:
    """Yield each diploma of a table whose first row holds the national names, with its row as a spreadsheet counts.

    Raises: InputError when the first row is another, names a field twice, or a value stands under no name.
    """
    rows = iter(sheet.rows)
    names = [cell if isinstance(cell, str) else cell.text for cell in next(rows, ())]
    known = [name for name in names if name in COLUMNS or name == DAY_OF_BIRTH]
    if "so_hieu_vbcc" not in known or len(set(names)) != len(names):
        raise InputError(
            "the first row does not hold the national names of the fields, each once",
            "dòng đầu không phải tên các trường của mẫu trao đổi, mỗi tên một lần",
            mend="Export it again with the names of the format (so_hieu_vbcc, so_vao_so …).",
            mend_vi="Hãy kết xuất lại với tên trường của mẫu (so_hieu_vbcc, so_vao_so …).",
        )
    for number, row in enumerate(rows, 2):
        if len(row) > len(names):
            raise InputError(
                f"row {number} has a value under no name", f"dòng {number} có giá trị ngoài các cột có tên"
            )
        cells = ((name, _cell(cell)) for name, cell in zip(names, row, strict=False))
        values = {name: value for name, value in cells if value != ""}
        if values:
            yield number, values


def _cell(cell: str | Typed) -> Value:
    if isinstance(cell, str):
        return cell
    if cell.type is CellType.NUMBER and cell.text.isdecimal():
        return int(cell.text)
    return cell.text[:10] if cell.type is CellType.DATETIME else cell.text


def as_list(diplomas: Sequence[Imported], schema: Schema) -> tuple[list[str], list[list[str]]]:
    """Return diplomas of one kind as a registrar's list, header and rows, for the intake: the only way into a register.

    A value that could not be read stands in its column as it came, so that the intake names its cell; what a record cannot
    carry has a column of its own, which the intake carries nowhere without a word of the registrar.
    """
    fields = {field.national: field for field in schema.fields if field.name != "kind"}
    said = [
        {
            one.national: _listed(one, imported.record[one.name])
            for one in fields.values()
            if one.name in imported.record
        }
        | {name: str(value) for name, value in imported.rest.items()}
        for imported in diplomas
    ]
    used = {name for row in said for name in row}
    header = [name for name in fields if name in used] + sorted(used - fields.keys())
    return header, [[row.get(name, "") for name in header] for row in said]


def _listed(field: Field, value: str) -> str:
    if field.name in _WORDS:
        return display(field.name, value)
    return _day_first(value) if _is_date(field.national) else value
