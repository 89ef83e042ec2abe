"""The words of an audit, and its report: every finding says what to do next, in both languages; nothing is dropped unsaid."""

from __future__ import annotations

import pytest

from sogoc.core.completeness import CHECKS, FINDINGS, LISTED, Notebook, Severity


@pytest.mark.parametrize("code", FINDINGS)
def test_every_finding_is_told_in_both_languages_and_says_what_to_do(code: str) -> None:
    kind = FINDINGS[code]
    assert kind.check in CHECKS
    assert all((kind.en, kind.vi, kind.next, kind.next_vi))
    assert (kind.en, kind.next) != (kind.vi, kind.next_vi)


def test_every_check_can_find_something_and_says_how_to_repeat_it() -> None:
    assert {kind.check for kind in FINDINGS.values()} == CHECKS.keys()
    assert all((check.en, check.vi, check.how, check.how_vi) for check in CHECKS.values())


def test_what_is_not_listed_is_counted() -> None:
    found = Notebook()
    for number in range(LISTED + 7):
        found.find("gap", {"number": number})
    found.find("number-void", {"number": 1, "book": None}, en="spoiled", vi="hỏng")
    found.compared("numbers", 5000)
    (section,) = found.sections(["numbers"])
    assert (section.compared, len(section.findings), section.unlisted) == (5000, LISTED + 1, 7)
    assert (found.count(Severity.ERROR), found.count(Severity.NOTICE)) == (LISTED + 7, 1)
    assert section.findings[-1].to_json() == {
        "code": "number-void", "severity": "notice", "where": {"number": 1},
        "en": "a register number is void, with a reason: spoiled", "vi": "số vào sổ đã bỏ, có lý do: hỏng",
        "next": {"en": "nothing to do", "vi": "không phải làm gì"},
    }  # fmt: skip
