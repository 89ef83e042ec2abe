"""Numbers of decisions: which are taken, and which are one number written in two ways."""

from __future__ import annotations

import unicodedata
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core import decision
from sogoc.errors import MalformedError

REAL = ("1256/QĐ-ĐHCN", "45/2026/QĐ-HT", "12/QĐ-ĐHSG-ĐT", "QĐ 412 ĐHSG", "0187/QĐ", "3", "45-QĐ/TW", "9/QĐ (bổ sung)")
SPELLINGS = (
    ("412/QĐ-ĐHSG", "412/qđ-đhsg", "412/QD-DHSG", "412 / QĐ - ĐHSG", "412/QĐ–ĐHSG", "412-QĐ-ĐHSG", "412/QĐĐHSG", "412QĐ-ĐHSG",
     "0412/QĐ-ĐHSG", "Số 412/QĐ-ĐHSG", "Quyết định số 412/QĐ-ĐHSG", "QĐ 412/QĐ-ĐHSG", "412/QĐ-ĐHSG."),
    ("45/2026/QĐ-HT", "45.2026/QĐ-HT", "45/2026-QĐHT"),
    ("452026/QĐ-HT",), ("412/QĐ",), ("412/QĐ-ĐHSG-ĐT",), ("412A/QĐ-ĐHSG",), ("4120/QĐ-ĐHSG",), ("0/QĐ", "00/QĐ"), ("",),
)  # fmt: skip


@pytest.mark.parametrize("number", REAL)
def test_a_number_is_taken_as_it_stands(number: str) -> None:
    assert decision.read(number) == number
    assert decision.is_number(number) is None


@pytest.mark.parametrize(
    "number",
    [
        "", " ", " 9/QĐ", "9/QĐ ", "9/QĐ  A", "9/Q\u0110\u200b", "9/Q\u00d0", "9/Q\u0189", "\u0669/QĐ", "9\u00b2/QĐ",
        unicodedata.normalize("NFD", "9/QĐ-HỘI"), "9/QĐ\t", "QĐ-ĐHSG", "9/\u0420\u0110", "9" * 101, "9/QĐ\u00a0A", None, 9,
    ],
)  # fmt: skip
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(MalformedError):
        decision.read(number)


def test_spellings_of_one_number_are_the_same_and_others_are_not() -> None:
    for spellings in SPELLINGS:
        assert len({decision.same(one) for one in spellings}) == 1, spellings
    for one, other in combinations(SPELLINGS, 2):
        assert decision.same(one[0]) != decision.same(other[0])


@given(st.integers(1, 10**6), st.sampled_from(["QĐ", "QĐ-ĐHSG", "2026/QĐ-HT"]), st.sampled_from("/-. "))
def test_no_spelling_dodges_and_every_number_is_its_own(number: int, rest: str, gap: str) -> None:
    plain = f"{number}/{rest}"
    for spelt in (
        plain.lower(),
        plain.replace("Đ", "D"),
        f"{number:07}/{rest}",
        plain.replace("/", gap),
        f"Số {plain}",
    ):
        assert decision.same(spelt) == decision.same(plain)
    assert decision.same(f"{number + 1}/{rest}") != decision.same(plain)
