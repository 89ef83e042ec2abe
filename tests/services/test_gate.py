"""The gate: each rule refused by an example that breaks this rule alone, at submission and again at approval and sealing."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Any

import pytest

from sogoc.adapters.memory import MemoryKey
from sogoc.core.authority import Name
from sogoc.errors import GateRefused, RecordError
from sogoc.register import queries
from sogoc.register.models import Batch
from sogoc.services import accrediting, batches, gate, issuing
from tests.services.trial import DECISION, IT, LAW, OURS, Trial, refused


def whole(**changes: str | int) -> dict[str, Any]:
    """The options of a batch whose decision differs so from the usual one, in its rows too."""
    decision = replace(DECISION, **changes)  # type: ignore[arg-type]
    said = {"decision_number": decision.number, "decided_on": decision.decided_on, "awarded_on": decision.awarded_on}
    return {"decision": decision, **said}


BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "kind": ("power", {"kind": "certificate", "level": "bachelor"}),
    "level": ("power", {"level": "master"}),
    "programme": ("power", {"programme": "7720101", "programme_name": "Y khoa"}),
    "mode": ("power", {"mode": "distance"}),
    "award before the power": ("power", whole(decided_on="2019-12-01", awarded_on="2019-12-31")),
    "award after the power": (
        "power",
        whole(awarded_on="2026-08-01") | {"programme": "7380101", "programme_name": "Luật", "mode": "distance"},
    ),
    "title of the programme": ("programme-name", {"programme_name": "Công nghệ thông tin (liên kết)"}),
    "name of the institution": ("institution-name", {"institution_name": "Đại học Sông Gốc"}),
    "award before the decision": ("award-after-decision", whole(decided_on="2026-07-16")),
    "more than were decided": ("decision-total", whole(total=4)),
    "another day in one row": ("batch-fields", {"awarded_on": "2026-07-14"}),
    "another decision in one row": ("batch-fields", {"decision_number": "413/QĐ-ĐHSG"}),
    "another institution in one row": ("batch-fields", {"institution": "DHTC02"}),
}


def as_rows(trial: Trial, options: dict[str, Any]) -> dict[str, Any]:
    """Give a level, and the fields that a certificate lacks, to the rows as well."""
    if "level" in options and "kind" not in options:
        return options | {"rows": trial.rows(5, level=options["level"])}
    if options.get("kind") == "certificate":
        return {"kind": "certificate", "rows": trial.rows(5, kind="certificate", ethnicity=None)}
    return options


@pytest.mark.parametrize("case", BROKEN)
def test_each_rule_refuses_by_name_facts_and_legal_basis(trial: Trial, case: str) -> None:
    rule, options = BROKEN[case]
    batch = trial.open(**as_rows(trial, options))
    refusal = refused(GateRefused, lambda: trial.submit(batch))
    assert refusal.rule == rule
    assert refusal.legal_basis
    assert refusal.mend
    assert refusal.en != refusal.vi
    batch.refresh_from_db()
    assert batch.state == Batch.State.DRAFT


@pytest.mark.parametrize(
    "options",
    [
        {},
        whole(total=5),
        whole(decided_on="2026-07-15"),
        whole(decided_on="2020-01-01", awarded_on="2020-01-01"),
        whole(awarded_on="2026-07-31") | {"programme": "7380101", "programme_name": "Luật", "mode": "self-study"},
    ],
    ids=["usual", "exactly as many", "same day", "first day of the power", "last day, any mode, any title"],
)
def test_what_the_page_allows_passes(trial: Trial, options: dict[str, Any]) -> None:
    assert trial.approve(trial.submit(trial.open(**options))).state == Batch.State.APPROVED


def test_the_total_of_a_decision_holds_over_all_its_batches(trial: Trial) -> None:
    of_nine = replace(DECISION, total=9)
    trial.approved(5, decision=of_nine)
    four, one = trial.open(4, decision=of_nine), trial.open(1, decision=of_nine)
    trial.submit(four)
    trial.submit(one)
    trial.approve(four)
    assert refused(GateRefused, lambda: trial.approve(one)).rule == "decision-total"
    trial.advance()
    assert refused(GateRefused, lambda: trial.approve(one)).rule == "decision-total"


def test_one_decision_has_one_total(trial: Trial) -> None:
    """Or a second batch would simply say a larger number."""
    trial.approved(5, decision=replace(DECISION, total=5))
    refusal = refused(GateRefused, lambda: trial.open(5, decision=replace(DECISION, total=500)))
    assert refusal.rule == "decision-total"


def test_another_decision_and_another_institution_have_their_own_totals(trial: Trial) -> None:
    of_five = replace(DECISION, total=5)
    trial.approved(5, decision=of_five)
    trial.approved(5, "DHTC02", decision=of_five)
    trial.approved(5, **whole(total=5, number="413/QĐ-ĐHSG"))


def close_power(trial: Trial, on: str = "2026-07-01") -> None:
    """The ministry ends the power for information technology."""
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS),
        powers=[replace(IT, valid_to=on), LAW], by=trial.people["officer"], now=trial.now,
    )  # fmt: skip


def test_the_gate_is_held_again_at_approval_and_at_sealing(trial: Trial) -> None:
    submitted, approved = trial.submit(trial.open()), trial.approved()
    close_power(trial)
    refused(GateRefused, lambda: trial.approve(submitted))
    head, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert [problem.code for problem in problems] == ["gate"]
    assert head is not None
    approved.refresh_from_db()
    assert approved.state == Batch.State.APPROVED
    assert not approved.rows.filter(secret__isnull=False).exists()
    trial.assert_right()


def test_one_refused_batch_does_not_hold_up_another(trial: Trial) -> None:
    trial.approved()
    theirs = trial.approved(3, "DHTC02")
    close_power(trial)
    _, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert len(problems) == 1
    theirs.refresh_from_db()
    assert theirs.state == Batch.State.SEALED


def test_an_institution_is_named_as_it_was_on_that_day(trial: Trial) -> None:
    code = "DHDT04"
    old = Name(vi="Cao đẳng Đồi Trà", en="x", valid_from="2000-01-01", valid_to="2026-07-14")
    new = Name(vi="Đại học Đồi Trà", en="x", valid_from="2026-07-15")
    key = MemoryKey()
    trial.keys[f"memory:{code}"] = key
    accrediting.accredit(
        log=trial.log, ministry=trial.ministry, code=code, category="university", names=[old, new], identifiers={},
        key=accrediting.NewKey(jwk=key.jwk, holder=code, uri=f"memory:{code}", certificate=b""), powers=[IT], signers=[],
        by=trial.people["officer"], now=trial.now,
    )  # fmt: skip
    trial.enrol(f"preparer {code}", code, "preparer")
    by_old_name = trial.open(1, code, institution_name=old.vi, **whole(awarded_on="2026-07-14"))
    trial.submit(by_old_name)
    too_late = trial.open(1, code, institution_name=old.vi)
    assert refused(GateRefused, lambda: trial.submit(too_late)).rule == "institution-name"
    trial.submit(trial.open(1, code, institution_name=new.vi))


def test_a_record_that_breaks_its_schema_never_passes(trial: Trial) -> None:
    batch = trial.open(1, born_on="2003-02-30")
    refused(RecordError, lambda: trial.submit(batch))


def test_a_batch_that_lost_rows_never_passes(trial: Trial) -> None:
    batch = trial.open(3)
    batch.rows.filter(position=1).delete()
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "count"


def test_the_tally_counts_programmes_and_modes(trial: Trial) -> None:
    rows = trial.rows(3) + trial.rows(2, programme="7380101", programme_name="Luật", mode="distance")
    assert gate.check(trial.open(rows)).tally == {("7480201", "full-time", ""): 3, ("7380101", "distance", ""): 2}


def test_every_rule_of_the_gate_has_an_example() -> None:
    rules = set(re.findall(r'_refused\(\s*"([a-z-]+)"', inspect.getsource(gate)))
    assert rules - {rule for rule, _ in BROKEN.values()} == {"decision", "count", "tally", "provenance"}


def test_a_batch_whose_tally_would_be_too_long_does_not_pass(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = trial.rows(1) + trial.rows(1, programme="7380101", programme_name="Luật", mode="distance")
    monkeypatch.setattr(gate, "MAX_TALLY", 1)
    batch = trial.open(rows)
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "tally"
    monkeypatch.setattr(gate, "MAX_TALLY", 2)
    trial.submit(batch)


def test_a_batch_without_a_decision_does_not_pass(trial: Trial) -> None:
    batch = trial.open(
        1, decision=batches.Decision(number=" ", decided_on="2026-06-30", total=1, awarded_on="2026-07-15")
    )
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "decision"
