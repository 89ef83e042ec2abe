"""The closed words of the field: what a register writes, what a record holds, and what a page shows.

Gender, mode and level are codes in a record and words on paper; a grade is kept in the words of the diploma. A word is
taken only as it stands in the table. A known synonym is never replaced here: it comes back as a suggestion, because
replacing what a registrar wrote is hers to decide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sogoc.core import law

_GAPS = re.compile(r"[\W_]+")
_MARKS = re.compile(r"[\u0300-\u036f]+")


def fold(text: str) -> str:
    """The text as headers and words are compared: no case, accent or punctuation, đ as d, single spaces."""
    if text.isascii() and text.isalnum():
        return text.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.lower().replace("đ", "d")))
    return _GAPS.sub(" ", bare).strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One value of a closed field: its code in a record, its two names, and other ways it is written."""

    code: str
    vi: str
    en: str
    synonyms: tuple[str, ...] = ()


GENDER = (
    Word(code="male", vi="Nam", en="Male", synonyms=("M", "Male", "Trai")),
    Word(code="female", vi="Nữ", en="Female", synonyms=("Nu", "F", "Female", "Gái")),
    Word(code="other", vi="Khác", en="Other", synonyms=("Khac", "Other")),
)
MODE = (
    Word(code="full-time", vi="Chính quy", en="Full-time", synonyms=("Chinh quy", "CQ", "Hệ chính quy")),
    Word(
        code="in-service",
        vi="Vừa làm vừa học",
        en="In-service",
        synonyms=("Vua lam vua hoc", "VLVH", "Vừa học vừa làm", "VHVL", "Tại chức"),
    ),
    Word(code="distance", vi="Từ xa", en="Distance", synonyms=("Tu xa", "ĐTTX", "Đào tạo từ xa")),
    Word(
        code="self-study",
        vi="Tự học có hướng dẫn",
        en="Guided self-study",
        synonyms=("Tu hoc co huong dan", "THCHD", "Tự học"),
    ),
)
LEVEL = (
    Word(code="lower-secondary", vi="Trung học cơ sở", en="Lower secondary", synonyms=("THCS",)),
    Word(code="upper-secondary", vi="Trung học phổ thông", en="Upper secondary", synonyms=("THPT",)),
    Word(code="intermediate", vi="Trung cấp", en="Intermediate", synonyms=("TC", "Trung cấp chuyên nghiệp", "TCCN")),
    Word(code="college", vi="Cao đẳng", en="College", synonyms=("CĐ",)),
    Word(code="bachelor", vi="Đại học", en="Bachelor", synonyms=("ĐH", "Cử nhân", "Kỹ sư", "Bachelor")),
    Word(code="master", vi="Thạc sĩ", en="Master", synonyms=("Thạc sỹ", "ThS", "Cao học")),
    Word(code="doctor", vi="Tiến sĩ", en="Doctor", synonyms=("Tiến sỹ", "TS")),
    Word(code="certificate", vi="Chứng chỉ", en="Certificate", synonyms=("CC",)),
    Word(code="vocational-secondary", vi="Trung học nghề", en="Vocational secondary", synonyms=("THN",)),
)
KIND = (
    Word(code="degree", vi="Văn bằng giáo dục đại học", en="Degree"),
    Word(code="school-diploma", vi="Bằng tốt nghiệp phổ thông", en="School diploma"),
    Word(code="certificate", vi="Chứng chỉ", en="Certificate"),
)
WORDS: Mapping[str, tuple[Word, ...]] = {"gender": GENDER, "mode": MODE, "level": LEVEL, "kind": KIND}

# The national framework names levels by number only; a register may give both.
FRAMEWORK_LEVEL: Mapping[str, str] = {
    "4": "intermediate",
    "5": "college",
    "6": "bachelor",
    "7": "master",
    "8": "doctor",
}

_BY_CODE = {field: {word.code: word for word in words} for field, words in WORDS.items()}
_BY_NAME = {field: {word.vi.lower(): word.code for word in words} for field, words in WORDS.items()}
_BY_SYNONYM = {
    field: {fold(name): word for word in words for name in (word.vi, *word.synonyms)} for field, words in WORDS.items()
}


def display(field: str, code: str, *, language: str = "vi") -> str:
    """The name that a person reads for a code of a closed field; any other value stands for itself."""
    word = _BY_CODE.get(field, {}).get(code)
    if word is None:
        return code
    return word.vi if language == "vi" else word.en


def code_of(field: str, text: str) -> str | None:
    """The code of a Vietnamese word as the register prints it, in capitals or not; None for any other text."""
    return _BY_NAME[field].get(text.lower())


def suggestion(field: str, text: str) -> Word | None:
    """The word that somebody who wrote `text` probably meant. Only to be proposed, never taken."""
    return _BY_SYNONYM[field].get(fold(text))


_GRADE_SYNONYMS = {
    fold(name): word
    for word, names in {
        "Xuất sắc": ("Xuất sắc", "XS", "Xsắc"),
        "Giỏi": ("Giỏi", "G"),
        "Khá": ("Khá", "K"),
        "Trung bình khá": ("Trung bình khá", "TB khá", "TBK", "Trung bình - Khá"),
        "Trung bình": ("Trung bình", "TB"),
        "Đạt": ("Đạt", "Đ"),
    }.items()
    for name in names
}


def grades(kind: str, on: date | None = None) -> tuple[str, ...]:
    """Every grade that a regulation in force `on` that day (or on any day) knows for this kind, best first."""
    return law.grades(kind, on=None if on is None else on.isoformat())


def grade_suggestion(kind: str, text: str) -> str | None:
    """The grade that an abbreviation or another spelling probably means, where the kind knows it."""
    word = _GRADE_SYNONYMS.get(fold(text))
    return word if word in grades(kind) else None


class Said(NamedTuple):
    """The same in both languages."""

    vi: str
    en: str


FIELDS: Mapping[str, Said] = {
    "holder_name": Said("Họ và tên", "Name"),
    "born_on": Said("Ngày sinh", "Date of birth"),
    "birthplace": Said("Nơi sinh", "Place of birth"),
    "gender": Said("Giới tính", "Gender"),
    "ethnicity": Said("Dân tộc", "Ethnicity"),
    "nationality": Said("Quốc tịch", "Nationality"),
    "personal_id": Said("Số định danh cá nhân", "Personal number"),
    "student_id": Said("Mã người học", "Student number"),
    "title": Said("Văn bằng, chứng chỉ", "Qualification"),
    "programme_name": Said("Ngành đào tạo", "Programme"),
    "programme": Said("Mã ngành", "Programme code"),
    "major": Said("Chuyên ngành", "Major"),
    "school": Said("Trường", "School"),
    "exam_board": Said("Hội đồng thi", "Examination board"),
    "exam_session": Said("Khóa thi", "Examination"),
    "classification": Said("Xếp loại", "Classification"),
    "graduation_year": Said("Năm tốt nghiệp", "Year of graduation"),
    "mode": Said("Hình thức đào tạo", "Mode of study"),
    "duration": Said("Thời gian đào tạo", "Duration"),
    "language": Said("Ngôn ngữ đào tạo", "Language of instruction"),
    "admitted_on": Said("Ngày nhập học", "Admitted on"),
    "credits": Said("Tổng số tín chỉ", "Credits"),
    "board_decision": Said("Quyết định hội đồng đánh giá", "Decision on the examining board"),
    "institution_name": Said("Nơi cấp", "Issuer"),
    "institution": Said("Mã cơ sở", "Issuer code"),
    "level": Said("Trình độ", "Level"),
    "kind": Said("Loại", "Kind"),
    "awarded_on": Said("Ngày cấp", "Awarded on"),
    "decision_number": Said("Quyết định", "Decision"),
    "decided_on": Said("Ngày quyết định", "Decided on"),
    "serial_number": Said("Số hiệu", "Serial number"),
    "register_number": Said("Số vào sổ gốc", "Register number"),
    "signer_name": Said("Người ký", "Signed by"),
    "signer_title": Said("Chức danh", "Office"),
    "paper_signer_name": Said("Người ký bản giấy", "Signed on paper by"),
    "paper_signer_title": Said("Chức danh người ký bản giấy", "Office of who signed on paper"),
    "issued_at": Said("Nơi ký", "Place"),
    "identifier": Said("Mã định danh", "Identifier"),
}
"""What a page calls a field of a record, in the order in which a person looks for them."""
