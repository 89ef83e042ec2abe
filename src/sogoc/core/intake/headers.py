"""Which column is which: the names that registers give their columns.

Spec: the names of the national exchange format, of Circular 21/2019 registers and of the layouts seen in the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sogoc.core.intake.sheet import Row, Sheet, Typed
from sogoc.core.record import SCHEMAS
from sogoc.core.vocabulary import fold

HEADER_WITHIN = 15
"""A header stands among this many rows: above it there is a title block, and a longer one was never seen."""

# A row with fewer names than this is a title, or a table of something else.
_NAMED_COLUMNS = 3

IGNORED = ""
"""The meaning of a column that is known and carried nowhere."""
FRAMEWORK = "framework"
"""The level by its number in the national framework: compared with the level, and carried nowhere."""
NAME_PART = "name-part"
"""A part of a name. Joining parts would be guessing where the spaces and the order of the diploma are."""

_NAMES: Mapping[str, str] = {
    IGNORED: "STT|TT|Số TT|Số thứ tự|Ghi chú|Chữ ký|Chữ ký người nhận|Ký nhận|Người nhận ký|CCCD người ký"
    "|so_ddcn_nguoi_ky_vbcc|ghi_chu",
    FRAMEWORK: "Trình độ KHQG|Trình độ theo KHQG|Trình độ khung quốc gia|Trình độ theo khung quốc gia"
    "|trinh_do_theo_khung_quoc_gia",
    NAME_PART: "Họ|Họ đệm|Họ và đệm|Họ và tên đệm|Họ lót|Chữ đệm|Tên đệm|Tên",
    "holder_name": "Họ và tên|Họ tên|Họ, chữ đệm, tên|Họ, chữ đệm và tên|Họ và tên người học|Họ và tên sinh viên"
    "|Họ và tên học sinh|Họ và tên học viên|Họ tên sinh viên|Họ tên học sinh|Họ và tên người được cấp",
    "born_on": "Ngày sinh|Ngày, tháng, năm sinh|Năm sinh|Sinh ngày|Ngày tháng năm sinh",
    "birthplace": "Nơi sinh",
    "gender": "Giới tính|Nam/Nữ|Phái",
    "ethnicity": "Dân tộc",
    "nationality": "Quốc tịch",
    "personal_id": "Số CCCD|CCCD|Số định danh|Số định danh cá nhân|Mã định danh cá nhân|Số ĐDCN|CMND|Số CMND"
    "|CMND/CCCD|CCCD/CMND|Số CMND/CCCD|Số CCCD/CMND|Số căn cước|Căn cước|Số căn cước công dân|Căn cước công dân",
    "student_id": "Mã SV|MSSV|Mã sinh viên|Mã số sinh viên|Mã HS|Mã học sinh|Mã HV|Mã học viên|Mã người học",
    "programme": "Mã ngành|Mã ngành đào tạo|Mã chương trình",
    "programme_name": "Ngành đào tạo|Ngành|Tên ngành|Tên ngành đào tạo|Chương trình đào tạo|Tên chương trình",
    "major": "Chuyên ngành|Chuyên ngành đào tạo",
    "graduation_year": "Năm TN|Năm tốt nghiệp",
    "classification": "Xếp loại|Xếp loại tốt nghiệp|Xếp loại TN|Hạng tốt nghiệp|Xếp hạng tốt nghiệp|Loại tốt nghiệp",
    "decision_number": "Số QĐ công nhận TN|Số quyết định|Số QĐ|Số QĐ TN|Số QĐ CNTN|Số QĐ tốt nghiệp|Quyết định số"
    "|Số quyết định công nhận tốt nghiệp",
    "decided_on": "Ngày QĐ TN|Ngày QĐ|Ngày quyết định|Ngày QĐ công nhận TN|Ngày QĐ CNTN|Ngày QĐ tốt nghiệp"
    "|Ngày quyết định công nhận tốt nghiệp",
    "serial_number": "Số hiệu VB|Số hiệu bằng|Số hiệu văn bằng đã được cấp|Số VB|Số hiệu|Số hiệu văn bằng"
    "|Số hiệu văn bằng, chứng chỉ|Số hiệu chứng chỉ|Số hiệu CC|Số hiệu VBCC",
    "register_number": "Số vào sổ|Số vào sổ gốc|Vào sổ cấp văn bằng, chứng chỉ số|Số vào sổ cấp GCN|Số vào sổ cấp bằng"
    "|Số vào sổ cấp văn bằng|Số vào sổ cấp chứng chỉ|Số vào sổ gốc cấp bằng|Số vào sổ gốc cấp văn bằng",
    "awarded_on": "Ngày cấp|Ngày cấp bằng|Ngày cấp văn bằng|Ngày cấp chứng chỉ|Ngày cấp VBCC",
    "mode": "Hình thức ĐT|Hình thức đào tạo|Hình thức học|Loại hình ĐT|Loại hình đào tạo|Hệ đào tạo",
    "duration": "Thời gian ĐT|Thời gian đào tạo",
    "language": "Ngôn ngữ ĐT|Ngôn ngữ đào tạo",
    "level": "Bậc ĐT|Bậc đào tạo|Trình độ đào tạo|Trình độ",
    "title": "Tên văn bằng|Tên văn bằng, chứng chỉ|Loại VB|Loại văn bằng|Tên chứng chỉ|Tên VBCC",
    "institution_name": "Đơn vị cấp bằng|Cơ sở cấp|Đơn vị cấp|Cơ sở đào tạo|Tên cơ sở đào tạo",
    "institution": "Mã đơn vị cấp bằng|Mã cơ sở đào tạo|Mã đơn vị",
    "kind": "Mã loại VBCC",
    "signer_name": "Họ tên người ký|Họ và tên người ký|Người ký",
    "signer_title": "Chức danh người ký|Chức vụ người ký",
    "issued_at": "Địa danh|Địa danh cấp|Nơi cấp",
    "school": "Trường|Tên trường|Học sinh trường|Trường THPT",
    "exam_board": "Hội đồng thi|Hội đồng coi thi",
    "exam_session": "Khóa thi|Kỳ thi|Đợt thi|Khóa ngày",
}


def _meanings() -> Mapping[str, str]:
    meanings: dict[str, str] = {}
    for meaning, names in _NAMES.items():
        meanings.update((fold(name), meaning) for name in names.split("|"))
    for schema in SCHEMAS.values():
        for field in schema.fields:
            # The identifier is made when a diploma is sealed; a file that brings its own is not understood.
            if field.name != "identifier":
                meanings.setdefault(fold(field.national), field.name)
                meanings.setdefault(fold(field.name), field.name)
    return meanings


_MEANINGS = _meanings()
_BRACKETS = re.compile(r"\([^()]*\)")


def meaning_of(header: str) -> str | None:
    """The field that a column of this name means, one of the constants above, or None for an unknown name."""
    meaning = _MEANINGS.get(fold(header))
    return meaning if meaning is not None else _MEANINGS.get(fold(_BRACKETS.sub(" ", header)))


def label_of(field: str) -> str:
    """The name that the template gives to a field's column."""
    return _NAMES[field].split("|")[0] if field in _NAMES else field


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header row of a sheet: its zero-based row, and the text of each of its cells."""

    row: int
    texts: tuple[str, ...]
    keys: frozenset[str]

    def repeated_by(self, row: Row) -> bool:
        """Whether a row is this header again, as at the top of each printed page."""
        filled = 0
        for cell in row:
            key = fold(text_of(cell))
            if key and key not in self.keys:
                return False
            filled += bool(key)
        return filled >= _NAMED_COLUMNS


def text_of(cell: str | Typed) -> str:
    return cell if isinstance(cell, str) else cell.text


def find_header(sheet: Sheet) -> Header | None:
    """The row among the first ones that names a holder column and at least two more. None when there is none."""
    for index, row in enumerate(sheet.rows[:HEADER_WITHIN]):
        texts = tuple(text_of(cell).strip() for cell in row)
        meanings = {meaning_of(text) for text in texts if text} - {None, IGNORED}
        if len(meanings) >= _NAMED_COLUMNS and meanings & {"holder_name", NAME_PART}:
            return Header(row=index, texts=texts, keys=frozenset(fold(text) for text in texts if text))
    return None
