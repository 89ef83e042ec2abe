"""The columns and headings of each book.

Spec: the layouts in use in departments, schools and universities under Circular 21/2019/TT-BGDĐT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: what it holds, its names, its width on a page of A4 across in mm. `written` is filled in by hand."""

    key: str
    vi: str
    en: str
    width: int
    centred: bool = True
    written: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns of one kind of book, and what its totals count."""

    columns: tuple[Column, ...]
    counted_vi: str
    counted_en: str


def _columns(*columns: tuple[str, str, str, int] | Column) -> tuple[Column, ...]:
    return tuple(
        one if isinstance(one, Column) else Column(key=one[0], vi=one[1], en=one[2], width=one[3]) for one in columns
    )


def _text(key: str, vi: str, en: str, width: int) -> Column:
    return Column(key=key, vi=vi, en=en, width=width, centred=False)


def _signature(vi: str, en: str, width: int) -> Column:
    return Column(key="signature", vi=vi, en=en, width=width, written=True)


SCHOOL_REGISTER = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 41),
        ("personal_id", "Số CCCD", "Personal no.", 24),
        ("born_on", "Ngày sinh", "Born", 19),
        _text("birthplace", "Nơi sinh", "Place of birth", 33),
        ("gender", "Giới tính", "Sex", 11),
        ("ethnicity", "Dân tộc", "Ethnicity", 16),
        ("classification", "Xếp loại tốt nghiệp", "Grade", 17),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 23),
        ("register_number", "Số vào sổ gốc", "Register no.", 25),
        _signature("Chữ ký người nhận", "Received", 26),
        _text("note", "Ghi chú", "Note", 29),
    ),
    counted_vi="văn bằng",
    counted_en="diplomas",
)
DEGREE_REGISTER = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 35),
        ("personal_id", "Số CCCD", "Personal no.", 21),
        ("born_on", "Ngày sinh", "Born", 17),
        _text("birthplace", "Nơi sinh", "Place of birth", 24),
        ("gender", "Giới tính", "Sex", 9),
        ("ethnicity", "Dân tộc", "Ethnicity", 13),
        _text("programme_name", "Ngành đào tạo", "Programme", 29),
        ("mode", "Hình thức đào tạo", "Mode", 17),
        ("classification", "Xếp loại", "Grade", 14),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 19),
        ("register_number", "Số vào sổ gốc", "Register no.", 26),
        _signature("Chữ ký người nhận", "Received", 18),
        _text("note", "Ghi chú", "Note", 22),
    ),
    counted_vi="văn bằng",
    counted_en="degrees",
)
CERTIFICATE_REGISTER = Layout(
    columns=tuple(
        Column(key="programme_name", vi="Chương trình", en="Programme", width=29, centred=False)
        if one.key == "programme_name"
        else one
        for one in DEGREE_REGISTER.columns
    ),
    counted_vi="chứng chỉ",
    counted_en="certificates",
)
APPENDIX = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        _text("holder_name", "Họ và tên", "Name", 42),
        ("personal_id", "Số CCCD", "Personal no.", 24),
        ("born_on", "Ngày sinh", "Born", 19),
        ("serial_number", "Số hiệu đã cấp", "Serial no. issued", 25),
        ("new_serial_number", "Số hiệu cấp lại", "Serial no. reissued", 25),
        ("new_register_number", "Số vào sổ mới", "New register no.", 26),
        _text("content", "Nội dung", "What was decided", 54),
        _signature("Chữ ký", "Signature", 22),
        _text("note", "Ghi chú", "Note", 27),
    ),
    counted_vi="lần chỉnh sửa, cấp lại",
    counted_en="amendments and reissues",
)
COPY_BOOK = Layout(
    columns=_columns(
        ("line", "STT", "No.", 9),
        ("copy_number", "Số vào sổ bản sao", "Copy no.", 19),
        ("issued_on", "Ngày cấp bản sao", "Copied on", 19),
        _text("holder_name", "Họ và tên", "Name", 39),
        ("born_on", "Ngày sinh", "Born", 19),
        ("serial_number", "Số hiệu văn bằng", "Serial no.", 25),
        ("register_number", "Số vào sổ gốc", "Register no.", 26),
        ("copies", "Số bản", "Copies", 12),
        _text("recipient", "Người nhận", "Recipient", 51),
        _signature("Chữ ký người nhận", "Received", 26),
        _text("note", "Ghi chú", "Note", 28),
    ),
    counted_vi="lần cấp",
    counted_en="issues",
)
REGISTERS: Mapping[str, Layout] = {
    "degree": DEGREE_REGISTER,
    "school-diploma": SCHOOL_REGISTER,
    "certificate": CERTIFICATE_REGISTER,
}
_TITLES = {
    "lower-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC CƠ SỞ", "lower secondary school diplomas"),
    "upper-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC PHỔ THÔNG", "upper secondary school diplomas"),
    "intermediate": ("BẰNG TỐT NGHIỆP TRUNG CẤP", "intermediate diplomas"),
    "college": ("BẰNG TỐT NGHIỆP CAO ĐẲNG", "college diplomas"),
    "bachelor": ("BẰNG TỐT NGHIỆP ĐẠI HỌC", "bachelor's degrees"),
    "master": ("BẰNG THẠC SĨ", "master's degrees"),
    "doctor": ("BẰNG TIẾN SĨ", "doctoral degrees"),
    "certificate": ("CHỨNG CHỈ", "certificates"),
    "vocational-secondary": ("BẰNG TỐT NGHIỆP TRUNG HỌC NGHỀ", "vocational secondary diplomas"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above every page of a book. `authority` is the body above the institution, empty where none is named."""

    authority: str
    institution: str
    title_vi: str
    title_en: str
    year: str


def register_heading(*, authority: str, institution: str, level: str, year: str) -> Heading:
    """The heading of the register of one level and year."""
    vi, en = _TITLES[level]
    return Heading(
        authority=authority,
        institution=institution,
        title_vi=f"SỔ GỐC CẤP {vi}",
        title_en=f"Register of {en}",
        year=year,
    )


def appendix_heading(*, authority: str, institution: str, level: str, year: str) -> Heading:
    """The heading of the appendix to the register of one level; the year is that of the decisions."""
    vi, en = _TITLES[level]
    return Heading(
        authority=authority,
        institution=institution,
        title_vi=f"PHỤ LỤC SỔ GỐC CẤP {vi}",
        title_en=f"Appendix to the register of {en}: amendments and reissues",
        year=year,
    )


def copies_heading(*, authority: str, institution: str, year: str) -> Heading:
    """The heading of the copy book of one year."""
    return Heading(
        authority=authority,
        institution=institution,
        title_vi="SỔ CẤP BẢN SAO VĂN BẰNG, CHỨNG CHỈ TỪ SỔ GỐC",
        title_en="Book of copies from the register",
        year=year,
    )
