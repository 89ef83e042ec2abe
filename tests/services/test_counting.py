"""The public audit: from the files of a log, and nothing else, what was awarded and what does not add up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sogoc.adapters.memory import MemoryFiles
from sogoc.cli.audit_report import verdict
from sogoc.core.authority import Power
from sogoc.core.completeness import CHECKS, Report, Section
from sogoc.errors import InputError
from sogoc.services.counting import PUBLIC_CHECKS, count
from tests.archive import ORIGIN
from tests.histories import KEYS, MINISTRY, SECOND_MINISTRY, History, an_archive
from tests.published import LOG, published

IT, LAW, ENGLISH = "7480201", "7380101", "7220201"
POWERS = (
    Power(
        kind="degree", level="bachelor", programme=IT, mode="full-time", valid_from="1990-01-01", legal_basis="QĐ 1",
        quotas={"2022": 120},
    ),
    Power(kind="degree", level="bachelor", programme=LAW, mode="*", valid_from="1990-01-01", legal_basis="QĐ 2"),
)  # fmt: skip


def audit(history: History, institution: str | None = None, files: MemoryFiles | None = None) -> Report:
    report, _ = count(
        files or published(history), vkeys=[LOG.vkeys], origin=ORIGIN, ministry=[MINISTRY.jwk, SECOND_MINISTRY.jwk],
        institution=institution,
    )  # fmt: skip
    return report


def named(report: Report) -> list[str]:
    return [one.code for one in report.findings()]


def school() -> History:
    history = History()
    history.state()
    history.accredit(powers=POWERS)
    history.state()
    return history


def issue(history: History, *cells: tuple[str, str, str, int], override: tuple[str, ...] = (), **changes: Any) -> int:
    pairs = history.pairs(sum(cell[3] for cell in cells))
    draft = replace(history.draft(1, pairs), tally=tuple(sorted(cells)), override=override, **changes)
    return history.issue(1, pairs, batch=draft, by=[KEYS[1], MINISTRY] if override else None)


CASES: dict[str, tuple[Callable[[History], object], list[str]]] = {
    "nothing": (lambda one: one, []),
    "a batch as it must be": (lambda one: issue(one, (IT, "full-time", "2022", 120)), []),
    "over the quota": (lambda one: issue(one, (IT, "full-time", "2022", 431)), ["quota-exceeded"]),
    "within the tolerance": (lambda one: issue(one, (IT, "full-time", "2022", 132)), ["quota-tolerated"]),
    "over it, and allowed": (
        lambda one: issue(one, (IT, "full-time", "2022", 431), override=("quota",)), ["quota-overridden", "overridden"],
    ),
    "626 without a power": (lambda one: issue(one, (ENGLISH, "full-time", "", 626)), ["power-missing"]),
    "allowed without a power": (
        lambda one: issue(one, (ENGLISH, "full-time", "", 9), override=("power:7220201",)), ["overridden"],
    ),
    "allowed without another power": (
        lambda one: issue(one, (ENGLISH, "full-time", "", 9), override=("power:7380101",)),
        ["overridden", "power-missing"],
    ),
    "a power of another mode": (lambda one: issue(one, (IT, "distance", "2022", 9)), ["power-missing"]),
    "fewer than the decision names": (
        lambda one: issue(one, (LAW, "distance", "", 9), decision_total=10), ["decision-open"],
    ),
    "an old register": (
        lambda one: issue(one, (LAW, "full-time", "", 9), awarded_on="1998-01-01", provenance="B"), ["recorded-late"],
    ),
    "logged some months after": (
        lambda one: issue(one, (LAW, "full-time", "", 9), awarded_on="2026-03-01", decided_on="2026-02-01"), ["recorded-late"],
    ),
    "logged long before": (
        lambda one: issue(one, (LAW, "full-time", "", 9), awarded_on="2026-09-01"), ["back-dated"],
    ),
    "back-dated": (lambda one: issue(one, (LAW, "full-time", "", 9), awarded_on="1998-01-01"), ["back-dated"]),
    "decisions in contrary order": (
        lambda one: [
            issue(one, (LAW, "full-time", "", 9), decision_number=f"{number}/QĐ", decided_on=day)
            for number, day in ((1, "2026-06-01"), (2, "2026-06-02"), (3, "2026-05-30"), (4, "2026-06-30"))
        ],
        ["decision-order"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_add_up_is_named_and_nothing_else(case: str) -> None:
    make, expected = CASES[case]
    history = school()
    make(history)
    history.state()
    report = audit(history)
    assert named(report) == expected
    assert tuple(section.check for section in report.sections) == PUBLIC_CHECKS
    errors = [one for one in report.findings() if one.kind.severity == "error"]
    assert (report.errors, report.exit_code) == (len(errors), int(bool(errors)))
    for one in report.findings():
        assert one.where["institution"] == "TRUONG01"


def test_more_than_the_decision_names_is_told_once() -> None:
    history = school()
    for count_ in (6, 5):
        issue(history, (LAW, "full-time", "", count_), decision_number="412/QĐ", decision_total=10)
    history.state()
    report = audit(history)
    assert named(report) == ["decision-exceeded"]
    assert "11/10" in report.findings()[0].to_json()["en"]


def test_a_decision_written_in_two_ways_is_counted_as_one() -> None:
    history = school()
    for spelt in ("412/QĐ-ĐHSG", "412/qd đhsg"):
        issue(history, (LAW, "full-time", "", 6), decision_number=spelt, decision_total=6)
    history.state()
    assert named(audit(history)) == ["log-fault", "decision-exceeded"]


def test_a_false_log_is_named_and_still_counted() -> None:
    history = school()
    issue(history, (LAW, "full-time", "", 9))
    history.append(history.entries[-1])
    history.state()
    report = audit(history)
    assert named(report)[0] == "log-fault"
    assert report.exit_code == 1
    assert report.counts["issued"] == 9 + 1


def test_one_institution_alone() -> None:
    history = an_archive()
    report = audit(history, "TRUONG02")
    assert report.counts == {
        "entries": history.size,
        "batches": 2,
        "issued": 4,
        "decisions": 2,
        "overridden": 0,
        "late": 0,
    }
    assert named(report) == []
    with pytest.raises(InputError, match="TRUONG09"):
        audit(history, "TRUONG09")


def test_what_it_compared_and_counted_is_in_the_report() -> None:
    history = an_archive()
    report = audit(history)
    assert report.counts["issued"] == 13
    assert report.counts["cancel"] == 1
    assert {section.check: section.compared for section in report.sections} == {
        "log": history.size, "decisions": 4, "quotas": 0, "gate": 4, "times": 4,
    }  # fmt: skip
    value = report.to_json()
    assert (value["complete"], value["errors"]) == (False, 0)  # of the register nothing was seen
    assert set(value["not_made"]) == set(CHECKS) - {check["check"] for check in value["checks"]} != set()
    assert value["from_public_data"] is True
    assert [check["check"] for check in value["checks"]] == list(PUBLIC_CHECKS)


def test_what_was_not_looked_at_is_not_called_complete() -> None:
    report = audit(an_archive())
    assert not any("COMPLETE" in said or "ĐẦY ĐỦ" in said for said in verdict(report))
    whole = replace(report, sections=tuple(Section(check=one, compared=1, findings=(), unlisted=0) for one in CHECKS))
    assert whole.to_json()["complete"] is True
    assert [said.partition(":")[0] for said in verdict(whole)] == ["COMPLETE", "ĐẦY ĐỦ"]


def test_it_needs_no_database() -> None:
    program = "import sys, sogoc.services.counting; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
