"""Which column is which: the names that registers give their columns.

Spec: the names of the national exchange format, of Circular 21/2019 registers and of the layouts seen in the field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sogoc.core.intake.encodings import DECODERS
from sogoc.core.intake.sheet import Cell, Row, Typed
from sogoc.core.intake.text import is_single_byte
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
NAME_PARTS = ("name-family", "name-middle", "name-given")
"""The parts of a name, in the order in which a Vietnamese diploma writes them. They are joined when somebody says so."""
MALE, FEMALE = "gender-male", "gender-female"
"""A column that is called by one gender and holds a mark where a person has it."""
ERRORS = "Lỗi cần sửa · Errors to mend"
"""The column that an export of faulty rows has more than the file it came from; read again, it is known and ignored."""

_NAMES: Mapping[str, str] = {
    IGNORED: f"{ERRORS}|STT|TT|Số TT|Số thứ tự|Ghi chú|Chữ ký|Chữ ký người nhận|Ký nhận|Người nhận ký|CCCD người ký"
    "|so_ddcn_nguoi_ky_vbcc|ghi_chu",
    FRAMEWORK: "Trình độ KHQG|Trình độ theo KHQG|Trình độ khung quốc gia|Trình độ theo khung quốc gia"
    "|trinh_do_theo_khung_quoc_gia",
    "name-family": "Họ|Họ đệm|Họ và đệm|Họ và tên đệm|Họ lót|Họ và chữ đệm",
    "name-middle": "Chữ đệm|Tên đệm|Đệm",
    "name-given": "Tên",
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
    "|Số quyết định công nhận tốt nghiệp|Quyết định công nhận tốt nghiệp số",
    "decided_on": "Ngày QĐ TN|Ngày QĐ|Ngày quyết định|Ngày QĐ công nhận TN|Ngày QĐ CNTN|Ngày QĐ tốt nghiệp"
    "|Ngày quyết định công nhận tốt nghiệp|Quyết định ngày|Quyết định công nhận tốt nghiệp ngày",
    "serial_number": "Số hiệu VB|Số hiệu bằng|Số hiệu văn bằng đã được cấp|Số VB|Số hiệu|Số hiệu văn bằng"
    "|Số hiệu văn bằng, chứng chỉ|Số hiệu chứng chỉ|Số hiệu CC|Số hiệu VBCC",
    "register_number": "Số vào sổ|Số vào sổ gốc|Vào sổ cấp văn bằng, chứng chỉ số|Số vào sổ cấp GCN|Số vào sổ cấp bằng"
    "|Số vào sổ cấp văn bằng|Số vào sổ cấp chứng chỉ|Số vào sổ gốc cấp bằng|Số vào sổ gốc cấp văn bằng",
    "awarded_on": "Ngày cấp|Ngày cấp bằng|Ngày cấp văn bằng|Ngày cấp chứng chỉ|Ngày cấp VBCC",
    "mode": "Hình thức ĐT|Hình thức đào tạo|Hình thức học|Loại hình ĐT|Loại hình đào tạo|Hệ đào tạo",
    "admitted_on": "Ngày nhập học|Ngày vào trường",
    "credits": "Tổng số tín chỉ|Số tín chỉ|Tổng tín chỉ",
    "board_decision": "Số QĐ hội đồng đánh giá|Số quyết định hội đồng đánh giá",
    "duration": "Thời gian ĐT|Thời gian đào tạo",
    "language": "Ngôn ngữ ĐT|Ngôn ngữ đào tạo",
    "level": "Bậc ĐT|Bậc đào tạo|Trình độ đào tạo|Trình độ",
    "title": "Tên văn bằng|Tên văn bằng, chứng chỉ|Loại VB|Loại văn bằng|Tên chứng chỉ|Tên VBCC",
    "institution_name": "Đơn vị cấp bằng|Cơ sở cấp|Đơn vị cấp|Cơ sở đào tạo|Tên cơ sở đào tạo",
    "institution": "Mã đơn vị cấp bằng|Mã cơ sở đào tạo|Mã đơn vị",
    "kind": "Mã loại VBCC",
    "signer_name": "Họ tên người ký|Họ và tên người ký|Người ký",
    "signer_title": "Chức danh người ký|Chức vụ người ký",
    "paper_signer_name": "Họ tên người ký bản giấy|Họ và tên người ký bản giấy",
    "paper_signer_title": "Chức danh người ký bản giấy",
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
# Without marks Nam is also Năm, a year; so these two are known by their letters.
_GENDERS = {"nam": MALE, "giới tính nam": MALE, "nữ": FEMALE, "giới tính nữ": FEMALE}
MEANINGS = frozenset({IGNORED, FRAMEWORK, MALE, FEMALE, *NAME_PARTS})
"""What a column can mean that is no field of a record."""


def meaning_of(header: str, remembered: Mapping[str, str] = MappingProxyType({})) -> str | None:
    """The field that a column of this name means, one of MEANINGS, or None for an unknown name.

    `remembered` are names, folded, that an institution gave a meaning itself; they go before ours.
    """
    for name in (header, _BRACKETS.sub(" ", header), *_in_old_encodings(header)):
        folded = fold(name)
        gender = _GENDERS.get(" ".join(unicodedata.normalize("NFC", name).lower().split()))
        meaning = remembered.get(folded, gender or _MEANINGS.get(folded))
        if meaning is not None:
            return meaning
    return None


def _in_old_encodings(header: str) -> Iterator[str]:
    """What a header says in an old encoding. It names a column and is carried nowhere, so reading it changes nothing."""
    if is_single_byte(header):
        for decoder in DECODERS.values():
            said = decoder(header)
            if said is not None:
                yield said


def label_of(field: str) -> str:
    """The name that the template gives to a field's column."""
    return _NAMES[field].split("|")[0] if field in _NAMES else field


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The header of a sheet: its first and last zero-based row, and the name of each column.

    A name that stands in several rows, one cell over several others, is put together from top to bottom.
    """

    row: int
    last: int
    texts: tuple[str, ...]
    keys: frozenset[str]
    widths: frozenset[int] = frozenset()

    def repeated_by(self, row: Row) -> bool:
        """Whether a row is one of this header again, as at the top of each printed page."""
        filled = 0
        for cell in row:
            key = fold(text_of(cell))
            if key and key not in self.keys:
                return False
            filled += bool(key)
        return filled >= _NAMED_COLUMNS or filled in self.widths


def text_of(cell: Cell) -> str:
    return cell if isinstance(cell, str) else cell.text


def find_header(top: Sequence[Row], remembered: Mapping[str, str] = MappingProxyType({})) -> Header | None:
    """The header among the first rows of a sheet: it names a holder column and at least two more. None without one."""
    for index, row in enumerate(top[:HEADER_WITHIN]):
        names = tuple(text_of(cell).strip() for cell in row)
        if not _means(names, remembered) & _HOLDER:
            continue
        candidates = [(index, names)]
        for below in range(index + 1, min(index + _MOST_ROWS, len(top))):
            joined = _with_row_below(candidates[-1][1], top[below], remembered)
            if joined is None:
                break
            candidates.append((below, joined))
        last, texts = candidates[-1]
        if len(_means(texts, remembered)) >= _NAMED_COLUMNS:
            rows = [[fold(text_of(cell)) for cell in top[each]] for each in range(index, last + 1)]
            keys = frozenset(key for each in rows for key in each if key)
            widths = frozenset(sum(map(bool, each)) for each in rows) if last > index else frozenset()
            return Header(row=index, last=last, texts=texts, keys=keys, widths=widths)
    return None


_HOLDER = frozenset({"holder_name", *NAME_PARTS})
_MOST_ROWS = 3


def _means(names: Sequence[str], remembered: Mapping[str, str]) -> set[str]:
    """What the names of a row mean together: Nam and Nữ are one thing, and what is ignored is none."""
    return {meaning for name in names if name and (meaning := meaning_of(name, remembered)) not in {None, IGNORED}}


def _with_row_below(above: tuple[str, ...], row: Row, remembered: Mapping[str, str]) -> tuple[str, ...] | None:
    """The header with the names of the row below joined to it, or None where that row is none of it.

    A row is part of the header where it leaves the holder's column empty, and names something under a cell that is known
    to mean nothing alone, or that is empty because the cell before it is drawn over both.
    """
    below = [text_of(cell).strip() for cell in row]
    width = max(len(above), len(below))
    names = [*above, *[""] * (width - len(above))]
    below += [""] * (width - len(below))
    if not any(below) or any(isinstance(cell, Typed) for cell in row):
        return None
    group, joined, helped = "", list(names), False
    for index in range(width):
        if names[index]:
            group = names[index]
        if not below[index]:
            continue
        known = names[index] and meaning_of(names[index], remembered)
        if known and known not in {"gender", "holder_name"}:
            return None  # a cell under a whole name is a value
        both = f"{group} {below[index]}"
        meant = meaning_of(both, remembered)
        if meant is None:
            alone = meaning_of(below[index], remembered)
            both = below[index] if alone is not None else both
            meant = alone
        if meant is None and known:
            return None
        helped = helped or meant is not None
        joined[index] = both
    return tuple(joined) if helped else None
