"""Remarks say where a diploma does not agree with the law of its award date, with the basis, and decide nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sogoc.core import entry, remarks
from sogoc.core.authority import Page, SignerTerm
from sogoc.core.report import Verdict


def page(category: str, *signers: SignerTerm) -> Page:
    return Page(
        ordinal=1, version=1, code="X", category=category, names=(), identifiers={}, keys=(), powers=(), signers=signers,
        custodian=1,
    )  # fmt: skip


def shown(kind: str, level: str, on: str, title: str | None = None) -> dict[str, str]:
    fields = {"kind": kind, "level": level, "awarded_on": on}
    return fields if title is None else fields | {"signer_title": title}


THPT = ("school-diploma", "upper-secondary")
THCS = ("school-diploma", "lower-secondary")
DEGREE = ("degree", "bachelor")


@pytest.mark.parametrize(
    ("kind", "on", "category", "title", "code"),
    [
        # The day on which principals took over from directors of departments.
        (THPT, "2026-04-14", "department", "Giám đốc", None),
        (THPT, "2026-05-20", "department", "Giám đốc", "law-issuer"),
        (THPT, "2026-05-20", "school", "Hiệu trưởng", None),
        (THPT, "2026-04-14", "school", "Hiệu trưởng", "law-issuer"),
        (THPT, "2026-05-20", "school", "Giám đốc", "law-signer"),
        # The diploma of lower secondary school, which is no more.
        (THCS, "2025-06-30", "district-office", "Trưởng phòng", None),
        (THCS, "2026-05-20", "district-office", "Trưởng phòng", "law-kind"),
        (DEGREE, "2026-07-15", "university", "Hiệu trưởng", None),
        (DEGREE, "2026-07-15", "university", "HIỆU TRƯỞNG", None),
        (DEGREE, "2026-07-15", "university", "Trưởng khoa", "law-signer"),
        (DEGREE, "2026-07-15", "school", "Hiệu trưởng", "law-issuer"),
        (DEGREE, "2026-07-15", "university", None, None),  # hidden, so that nothing can be said
    ],
)
def test_what_the_law_is_known_to_say(
    kind: tuple[str, str], on: str, category: str, title: str | None, code: str | None
) -> None:
    found = list(remarks.against_law(shown(*kind, on, title), page(category)))
    assert [one.code for one in found] == ([] if code is None else [code])
    for one in found:
        assert one.verdict is Verdict.VALID
        assert any(basis in one.vi and basis in one.en for basis in ("Thông tư", "Luật"))


@pytest.mark.parametrize(
    ("term", "silent"),
    [
        (SignerTerm(name="A", title="Phó Hiệu trưởng", valid_from="2026-01-01", assignment="5/QĐ"), True),
        (SignerTerm(name="A", title="Phó Hiệu trưởng", valid_from="2026-01-01"), False),
        (SignerTerm(name="A", title="Phó Hiệu trưởng", valid_from="2026-08-01", assignment="5/QĐ"), False),
        (SignerTerm(name="A", title="Phó Giám đốc", valid_from="2026-01-01", assignment="5/QĐ"), False),
    ],
)
def test_a_deputy_signs_by_a_written_assignment(term: SignerTerm, silent: bool) -> None:
    said = shown(*DEGREE, "2026-07-15", "Phó Hiệu trưởng")
    assert (not list(remarks.against_law(said, page("university", term)))) is silent


@pytest.mark.parametrize(
    ("awarded_on", "logged", "days"),
    [
        ("2026-06-16", datetime(2026, 7, 16, 16, 59, tzinfo=UTC), None),  # the 30th day in Vietnam
        ("2026-06-16", datetime(2026, 7, 16, 17, tzinfo=UTC), 31),
        ("1998-07-01", datetime(2026, 7, 16, tzinfo=UTC), 10_242),
        ("2026-07-20", datetime(2026, 7, 16, tzinfo=UTC), None),
    ],
)
def test_late_is_said_with_both_days(awarded_on: str, logged: datetime, days: int | None) -> None:
    said = next(remarks.late(awarded_on, logged), None)
    if days is None:
        assert said is None
    else:
        assert said is not None
        assert all(awarded_on in text and f"{days} " in text and "2026-07-1" in text for text in (said.en, said.vi))


@pytest.mark.parametrize("wording", entry.WORDINGS)
@pytest.mark.parametrize("on", ["2019-01-01", "2026-07-16"])
def test_every_public_wording_has_words(wording: str, on: str) -> None:
    en, vi = remarks.reason(wording, on)
    assert wording not in (en, vi)
    assert en != vi


def test_a_later_version_names_the_day_of_its_decision() -> None:
    leaf = entry.Successor(
        act="amend", id="x", batch=b"", commitment=b"", decision=b"", follows=1, institution=1, on="2026-07-16", previous=1,
        status=(0, 0),
    )  # fmt: skip
    amended, again = remarks.later_version(leaf), remarks.later_version(replace(leaf, act="reissue"))
    assert (amended.code, amended.vi) == ("amended", "có quyết định chỉnh sửa ngày 2026-07-16")
    assert (again.code, "2026-07-16" in again.en) == ("reissued", True)
