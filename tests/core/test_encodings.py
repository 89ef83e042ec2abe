"""The old encodings and the syllables of Vietnamese: tables that round-trip, and samples seen in the field."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.intake import encodings
from sogoc.core.intake.encodings import byte_view
from sogoc.core.intake.syllables import all_syllables, is_syllable, lacks_marks, name_key, search_key
from sogoc.core.intake.text import read_name
from sogoc.demo.old_encodings import in_1258, in_tcvn3, in_vni
from sogoc.demo.people import Population

LETTERS = "àáảãạằắẳẵặầấẩẫậèéẻẽẹềếểễệìíỉĩịòóỏõọồốổỗộờớởỡợùúủũụừứửữựỳýỷỹỵăâêôơưđ"
SAMPLES = {
    "Trần Đức Hiếu": "TrÇn §øc HiÕu",
    "Đặng Quốc Thịnh": "§Æng Quèc ThÞnh",
    "Võ Hoàng Khánh Vy": "Vâ Hoµng Kh¸nh Vy",
    "Phượng": "Ph\u00adîng",
}


@pytest.mark.parametrize(("said", "shown"), SAMPLES.items())
def test_tcvn3_is_read_with_its_soft_hyphen(said: str, shown: str) -> None:
    assert encodings.from_tcvn3(shown) == said
    assert list(encodings.readings(shown)) == ["tcvn3"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        *(("Nguyễn Thị Phượng", "Nguyeãn Thò Phöôïng"), ("Huỳnh Văn Đạt", "Huyønh Vaên Ñaït")),
        *(("ĐẶNG QUỐC THỊNH", "ÑAËNG QUOÁC THÒNH"), ("Ấu Ỷ Ơn", "Aáu YÛ Ôn"), ("Vĩnh Phúc", "Vónh Phuùc")),
    ],
)
def test_vni_is_read(said: str, shown: str) -> None:
    assert encodings.from_vni(shown) == said


def test_tcvn3_has_a_code_for_every_small_letter_and_none_twice() -> None:
    assert len(set(encodings.TCVN3.values())) == len(encodings.TCVN3)
    assert set(LETTERS) | set("ĂÂÊÔƠƯĐ") == set(encodings.TCVN3.values())
    back = {letter: code for code, letter in encodings.TCVN3.items()}
    assert encodings.from_tcvn3("".join(back[letter] for letter in LETTERS)) == LETTERS


def test_vni_has_a_code_for_every_letter_and_each_comes_back() -> None:
    back = {letter: code for code, letter in encodings.VNI.items()}
    for letter in LETTERS + LETTERS.upper():
        assert encodings.from_vni(f"h{back[letter]}n") == f"h{letter}n"


def test_code_page_1258_is_the_one_of_the_standard_library() -> None:
    for number in range(0xA0, 0x100):
        said = bytes([number]).decode("cp1258", "replace")
        view = encodings.byte_view(bytes([number]))
        assert encodings.CP1258.get(view, view) == said
    for letter in LETTERS + LETTERS.upper():
        apart = unicodedata.normalize("NFD", letter)
        tone = next((mark for mark in apart if mark in "\u0300\u0301\u0303\u0309\u0323"), "")
        bare = unicodedata.normalize("NFC", apart.replace(tone, "")) if tone else letter
        assert encodings.from_cp1258(encodings.byte_view((bare + tone).encode("cp1258"))) == letter


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("said", ["Nguyễn Thị Phượng", "Hà Nội", "Đặng Quốc Thịnh", "ĐỖ VĂN Ý"])
def test_utf_8_taken_for_another_encoding_comes_back(said: str, times: int) -> None:
    shown = said
    for _ in range(times):
        shown = encodings.byte_view(shown.encode())
    assert encodings.from_utf8(shown) == said


def test_the_byte_view_loses_nothing_and_is_what_windows_shows() -> None:
    every = bytes(range(256))
    assert len(set(encodings.byte_view(every))) == 256
    for number in every:
        try:
            shown = bytes([number]).decode("cp1252")
        except UnicodeDecodeError:
            shown = chr(number)
        assert encodings.byte_view(bytes([number])) == shown


@pytest.mark.parametrize(
    "text", ["Nguyễn Thị Phượng", "Lê Oanh", "Thuỷ", "Thủy", "Hoà", "giếng", "QUỲNH", "Gìn", "khuya", "yêu"]
)
def test_syllables_of_vietnamese_are_known(text: str) -> None:
    assert all_syllables(text)


@pytest.mark.parametrize("word", ["Vâ", "Hãa", "Hoµng", "Niê", "Ayŭn", "nGuyễn", "càt", "cé", "ghà", "Smith", "thàá"])
def test_what_is_no_syllable_of_vietnamese_is_none(word: str) -> None:
    assert not is_syllable(word)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        *(("Thuỷ Hoà", "Thủy Hòa", True), ("Lí", "LÝ", True), ("Mĩ Kì", "Mỹ Kỳ", True), ("Thuý", "Thúy", True)),
        *(("Hoa", "Hòa", False), ("Tai", "Tay", False), ("Thúi", "Thúy", False), ("Đỗ", "Do", False)),
    ],
)
def test_habits_of_spelling_are_one_name_for_a_search(one: str, other: str, same: bool) -> None:
    assert (search_key(one) == search_key(other)) == same


@given(st.text(alphabet="LIYiyhkquỳ Đđ-.", max_size=8) | st.text(max_size=8), st.integers(min_value=1, max_value=60))
def test_what_a_name_is_filed_under_is_one_key_for_all_its_spellings(word: str, times: int) -> None:
    key = name_key(f"{word} Lý " * times)
    assert name_key(key) == key == name_key(f"{word} li " * times)
    assert len(key) <= 150


def test_words_that_need_marks_are_told_from_words_without() -> None:
    assert [word for word in ("Nguyen", "Truong", "Anh", "Lan", "Smith", "Brung") if lacks_marks(word)] == [
        *("Nguyen", "Truong")
    ]


PEOPLE = Population(random.Random(5))
NAMES = {PEOPLE.person(born=(date(1980, 1, 1), date(2005, 1, 1)), peoples={"Kinh": 1}).name for _ in range(1_500)}
SHOWN: dict[str, Callable[[str], str]] = {
    "tcvn3": in_tcvn3,
    "vni": in_vni,
    "cp1258": lambda name: byte_view(in_1258(name)),
    "mojibake": lambda name: byte_view(name.encode()),
}


@pytest.mark.parametrize("encoding", SHOWN)
def test_a_proposal_is_right_or_is_not_made(encoding: str) -> None:
    """A name alone is read rightly nearly always, and never wrongly; in a column of its like it never passes unnoticed."""
    alone = in_column = total = 0
    for name in NAMES:
        shown = SHOWN[encoding](name)
        if shown == name:
            continue
        total += 1
        for column in ("", encoding):
            findings = read_name(shown, column).findings
            after = findings[-1].after if findings else None
            assert after is None or after.lower() == name.lower(), (shown, after)
            if column:
                assert findings, shown
                in_column += after is not None
            else:
                alone += after is not None
    assert total > 1_000
    assert alone > 0.95 * total
    assert in_column > 0.98 * total
    assert all(not read_name(name).findings for name in NAMES)
