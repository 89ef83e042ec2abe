"""The gate: each rule refused by an example that breaks this rule alone, at submission and again at approval and sealing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from sogoc.core import law
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.record import Record
from sogoc.errors import AlreadyInRegister, GateRefused, InputError, Refusal, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Batch, Decision, Entry, Notice, Row
from sogoc.services import accrediting, blanks, decisions, gate, issuing, sealing
from sogoc.services.gate import examining
from sogoc.services.gate.rows import Line, RowRules
from tests.services.trial import DECISION, IT, LAW, OURS, THEIRS, SteadyKey, Trial, _key, refused
from tests.services.unguarded import run, unguarded


def whole(**changes: str | int) -> dict[str, Any]:
    """The options of a batch whose decision differs so from the usual one, in its rows too."""
    decision = replace(DECISION, **changes)  # type: ignore[arg-type]
    said = {"decision_number": decision.number, "decided_on": decision.decided_on, "awarded_on": decision.awarded_on}
    return {"decision": decision, **said}


SCHOOL, CENTRE, QUOTA = "THPT05", "TTMN06", "DHCT07"
BIRTH = {"birthplace": "Đắk Lắk", "gender": "female", "ethnicity": "Ê-đê"}


def school(**changes: str | None) -> dict[str, Any]:
    """The options of a batch of upper-secondary diplomas."""
    record = {
        "kind": "school-diploma", "level": "upper-secondary", "programme": "THPT", "programme_name": None,
        "title": "Bằng tốt nghiệp THPT", "school": "Trường Năm", "institution_name": "Trường Năm", **BIRTH,
    }  # fmt: skip
    return {"code": SCHOOL, "kind": "school-diploma", "level": "upper-secondary", "record": record | changes}


def decided(total: int, **changes: str) -> dict[str, Any]:
    return whole(total=total, number="9/QĐ") | changes


BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "abolished": ("qualification", school(level="lower-secondary") | {"level": "lower-secondary"}),
    "no such issuer": ("issuer", {"code": CENTRE, "institution_name": "Trung tâm Sáu", "signer_title": "Giám đốc"}),
    "kind": ("power", {"kind": "certificate", "level": "certificate"}),
    "level": ("power", {"level": "master"}),
    "programme": ("power", {"programme": "7720101", "programme_name": "Y khoa"}),
    "mode": ("power", {"mode": "distance"}),
    "award before the power": ("power", whole(decided_on="2019-12-01", awarded_on="2019-12-31") | {"provenance": "B"}),
    "award after the power": (
        "power",
        whole(awarded_on="2026-08-01") | {"programme": "7380101", "programme_name": "Luật", "mode": "distance"},
    ),
    "title of the programme": ("programme-name", {"programme_name": "Công nghệ thông tin (liên kết)"}),
    "name of the institution": ("institution-name", {"institution_name": "Đại học Sông Gốc"}),
    "quota": ("quota", {"code": QUOTA, "institution_name": "Trường Bảy", "admitted_on": "2022-09-05"}),
    "quota of no such intake": ("quota", {"code": QUOTA, "institution_name": "Trường Bảy", "admitted_on": "2021"}),
    "admission not said": ("quota", {"code": QUOTA, "institution_name": "Trường Bảy"}),
    "no decision": ("decision", whole(number=" ")),
    "no number of a decision": ("decision", whole(number="QĐ-ĐHSG")),
    "a letter that only looks like one": ("decision", whole(number="412/Q\u00d0-ĐHSG")),
    "award before the decision": ("award-after-decision", whole(decided_on="2026-07-16")),
    "more than were decided": ("decision-total", whole(total=4)),
    "another day in one row": ("batch-fields", {"awarded_on": "2026-07-14"}),
    "another decision in one row": ("batch-fields", {"decision_number": "413/QĐ-ĐHSG"}),
    "another institution in one row": ("batch-fields", {"institution": "DHTC02"}),
    "a field the law asks for": ("fields", school(ethnicity=None)),
    "a grade of no regulation": ("grade", {"classification": "Rất tốt"}),
    "a signer nobody knows": ("signer", {"signer_name": "Y Khác"}),
    "another office of the signer": ("signer", {"signer_title": "Giám đốc"}),
    "a deputy without assignment": ("signer", {"signer_name": "Phó Một", "signer_title": "Phó Hiệu trưởng"}),
    "an office that may not sign": ("signer", {"signer_name": "Trưởng Phòng", "signer_title": "Trưởng phòng Đào tạo"}),
    "signer out of term": ("signer", {"signer_name": "Cựu Hiệu Trưởng"}),
    "who signed on paper": ("signer", {"paper_signer_name": "Y Khác", "paper_signer_title": "Hiệu trưởng"}),
    "who signed on paper by half": ("signer", {"paper_signer_name": "Lò Thị Mẫu"}),
    "number of another year": ("number-form", {"numbers": "2025/{}"}),
    "number in no form": ("number-form", {"numbers": "số {}"}),
    "a number left out": ("number-gap", {"numbers": "2026/{}", "from": 2}),
    "a blank never received": ("blank", {"serials": "XX{:06}"}),
    "a serial in no form": ("blank", {"serials": "{} (mới)"}),
    "born elsewhere, long ago": ("provenance", whole(decided_on="2025-07-01", awarded_on="2025-07-15")),
    "a broken record": ("record", {"born_on": "2003-02-30"}),
}


def stage(trial: Trial) -> None:
    """A school, a centre and a university with a quota; deputies and former heads of ours."""
    ours = [
        SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2000-01-01"),
        SignerTerm(name="Phó Một", title="Phó Hiệu trưởng", valid_from="2000-01-01"),
        SignerTerm(name="Phó Hai", title="Phó Hiệu trưởng", valid_from="2000-01-01", assignment="7/QĐ"),
        SignerTerm(name="Trưởng Phòng", title="Trưởng phòng Đào tạo", valid_from="2000-01-01"),
        SignerTerm(name="Cựu Hiệu Trưởng", title="Hiệu trưởng", valid_from="2000-01-01", valid_to="2026-07-14"),
    ]
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS), signers=ours,
        by=trial.people["officer"], confirmed_by=trial.people["second officer"],
        now=trial.now,
    )  # fmt: skip
    powers = [
        Power(kind="school-diploma", level=level, programme="THPT", mode="*", valid_from="2000-01-01", legal_basis="QĐ")
        for level in ("upper-secondary", "lower-secondary")
    ]
    accredit(trial, SCHOOL, "Trường Năm", "school", powers, "Hiệu trưởng")
    accredit(trial, CENTRE, "Trung tâm Sáu", "centre", [IT], "Giám đốc")
    accredit(trial, QUOTA, "Trường Bảy", "university", [replace(IT, quotas={"2022": 4})], "Hiệu trưởng")


def accredit(trial: Trial, code: str, name: str, category: str, powers: list[Power], title: str) -> None:
    key = trial.keys[f"memory:{code}"] = SteadyKey(_key(code))
    accrediting.accredit(
        log=trial.log, ministry=trial.ministry, code=code, category=category,
        names=[Name(vi=name, en=code, valid_from="2000-01-01")], identifiers={},
        request=trial.ask(key, code, f"memory:{code}"), powers=powers,
        signers=[SignerTerm(name="Lò Thị Mẫu", title=title, valid_from="2000-01-01")],
        by=trial.people["officer"], confirmed_by=trial.people["second officer"],
        now=trial.now,
    )  # fmt: skip
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} {code}", code, role)


def opened(trial: Trial, options: dict[str, Any]) -> Batch:
    """A batch of five rows by these options: those of `open`, forms of numbers and serials, and changes of the rows."""
    options = dict(options)
    code, kind, level = options.pop("code", OURS), options.pop("kind", "degree"), options.pop("level", "bachelor")
    of_batch = {name: options.pop(name) for name in ("decision", "provenance") if name in options}
    numbers, serials, start = options.pop("numbers", None), options.pop("serials", None), options.pop("from", 1)
    changes = {"kind": kind, "level": level} | options.pop("record", {}) | options
    if kind == "certificate":
        changes |= {"ethnicity": None}
        run = blanks.SerialRun.read("CC0001", "CC0099")
        blanks.receive(
            institution=queries.institution(code), kind=kind, run=run, on="2026-07-01", by=trial.by("preparer", code),
            now=trial.now,
        )  # fmt: skip
        serials = "CC{:04}"
    rows = trial.rows(5, code, **changes)
    for place, row in enumerate(rows, start):
        row.update({"register_number": numbers.format(place)} if numbers else {})
        row.update({"serial_number": serials.format(place)} if serials else {})
    return trial.open(rows, code, kind=kind, level=level, **of_batch)


def refusals(trial: Trial, options: dict[str, Any]) -> tuple[Refusal, ...]:
    stage(trial)
    return gate.examine(opened(trial, options), now=trial.now).refusals


@pytest.mark.parametrize("case", BROKEN)
def test_each_rule_refuses_by_name_facts_and_legal_basis(trial: Trial, case: str) -> None:
    rule, options = BROKEN[case]
    stage(trial)
    batch = opened(trial, options)
    refusal = refused(GateRefused, lambda: trial.submit(batch))
    # A record cannot leave out the number of its decision either.
    assert {one.rule for one in refusal.refusals} - ({"record"} if rule == "decision" else set()) == {rule}
    (first, *_) = refusal.refusals
    assert (refusal.rule, refusal.legal_basis) == (rule, law.gate(rule, batch.awarded_on).legal_basis)
    assert first.overridable == law.gate(rule, batch.awarded_on).overridable
    assert refusal.mend
    assert first.en != first.vi
    batch.refresh_from_db()
    assert batch.state == Batch.State.DRAFT


def test_every_rule_of_the_law_has_an_example() -> None:
    elsewhere = {"number-twice", "serial", "decision-list", "tally", "count", "four-eyes"}
    assert {row.rule for row in law.ROWS["gate"]} - {rule for rule, _ in BROKEN.values()} == elsewhere  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "options",
    [
        {},
        whole(total=5),
        whole(decided_on="2026-07-15"),
        whole(decided_on="2020-01-01", awarded_on="2020-01-01") | {"provenance": "B"},
        whole(awarded_on="2026-07-31") | {"programme": "7380101", "programme_name": "Luật", "mode": "self-study"},
        {"signer_name": "Phó Hai", "signer_title": "Phó Hiệu trưởng"},
        {"paper_signer_name": "Lò Thị Mẫu", "paper_signer_title": "Hiệu trưởng"},
        {"numbers": "{}/CNTT/2026"},
        {"classification": None},
        {"code": QUOTA, "institution_name": "Trường Bảy", "admitted_on": "2023", "provenance": "C"},
        school(),
    ],
    ids=["usual", "exactly as many", "same day", "first day of the power", "last day, any mode, any title",
         "deputy with assignment", "two signers", "numbers of the file", "no grade", "old: no quota", "school"],
)  # fmt: skip
def test_what_the_page_allows_passes(trial: Trial, options: dict[str, Any]) -> None:
    stage(trial)
    assert trial.approve(trial.submit(opened(trial, options))).state == Batch.State.APPROVED


def test_all_refusals_of_a_batch_are_told_with_the_first_rows_and_a_count(trial: Trial) -> None:
    rows = trial.rows(8, classification="Rất tốt", mode="distance")
    batch = trial.open(rows, decision=replace(DECISION, total=7))
    refusal = refused(GateRefused, lambda: trial.submit(batch))
    assert [one.rule for one in refusal.refusals] == ["power", "decision-total", "grade"]
    grade = refusal.refusals[-1]
    assert (grade.count, grade.cells) == (8, (":2", ":3", ":4", ":5", ":6"))
    assert "and 3 more" in grade.en
    assert "và 3 dòng nữa" in grade.vi
    assert refusal.refusals[1].facts == {"decision": DECISION.number, "named": 7, "awarded": 8}


def test_a_refusal_names_nobody(trial: Trial) -> None:
    stage(trial)
    changes = {"classification": "Rất tốt", "signer_name": "Y Khác", "serials": "XX{:06}", "born_on": "2003"}
    said = " ".join(f"{one.en} {one.vi} {one.facts}" for one in refusals_of(trial, changes))
    for secret in ("Niê", "Y Khác", "XX0000", "2003", "Rất tốt"):
        assert secret not in said


def refusals_of(trial: Trial, options: dict[str, Any]) -> tuple[Refusal, ...]:
    return gate.examine(opened(trial, options), now=trial.now).refusals


@pytest.mark.parametrize("provenance", ["B", "C", "D"])
def test_an_old_register_is_held_to_the_law_of_its_day_and_not_to_what_it_lacks(trial: Trial, provenance: str) -> None:
    stage(trial)
    old = whole(decided_on="2020-06-01", awarded_on="2020-06-15") | {"provenance": provenance}
    lacking = {"numbers": "{}/X/2020", "from": 7, "serials": "A{:03}", "signer_name": "Cũ", "classification": "Ưu"}
    assert refusals_of(trial, old | lacking) == ()
    held = old | lacking | {"numbers": "{}/Y/2020", "serials": "B{:03}"}
    assert {one.rule for one in refusals_of(trial, held | {"mode": "distance"})} == {"power"}


@pytest.mark.parametrize("provenance", ["B", "C", "D"])
def test_nobody_calls_a_new_award_an_old_register_to_escape_quota_and_signer(trial: Trial, provenance: str) -> None:
    trial.advance()
    trial.later(days=10)
    new = whole(decided_on="2026-07-20", awarded_on="2026-07-21") | {"signer_name": "Cũ"}
    assert {one.rule for one in refusals_of(trial, new)} == {"signer"}
    assert {one.rule for one in refusals_of(trial, new | {"provenance": provenance})} == {"provenance"}
    before = whole(decided_on="2026-06-30", awarded_on="2026-07-01") | {"provenance": provenance}
    assert refusals_of(trial, before) == ()
    trial.later(days=400)
    assert refusals_of(trial, new | {"provenance": provenance}) == ()


# -- sums ---------------------------------------------------------------------------------------------------------------


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


@pytest.fixture
def quota_of_ten(trial: Trial) -> Trial:
    accredit(trial, QUOTA, "Trường Bảy", "university", [replace(IT, quotas={"2022": 10})], "Hiệu trưởng")
    return trial


def admitted(trial: Trial, count: int, year: str = "2022") -> Batch:
    return trial.open(count, QUOTA, institution_name="Trường Bảy", admitted_on=year)


def test_a_quota_holds_over_all_batches_of_its_intake(quota_of_ten: Trial) -> None:
    trial = quota_of_ten
    trial.approve(trial.submit(admitted(trial, 6)))
    trial.advance()
    within, over = admitted(trial, 5), admitted(trial, 6)
    refusal = refused(GateRefused, lambda: trial.submit(over))
    assert refusal.refusals[0].facts == {
        "programme": "7480201", "mode": "full-time", "intake": "2022", "quota": 10, "awarded": 12,
    }  # fmt: skip
    (remark,) = gate.examine(within, now=trial.now).remarks
    assert str(remark) == "11/10"
    trial.approve(trial.submit(within))
    assert Notice.objects.get(what="quota.exceeded").about == {"intake": "2022", "quota": 10, "awarded": 11}


def test_a_quota_is_counted_again_as_it_was(quota_of_ten: Trial) -> None:
    """A sealed batch examined anew sees what was approved before it, and not what came later."""
    trial = quota_of_ten
    first = trial.approve(trial.submit(admitted(trial, 9)))
    trial.advance()
    second = trial.approve(trial.submit(admitted(trial, 2)))
    trial.advance()
    first.refresh_from_db()
    second.refresh_from_db()
    assert gate.examine(first).remarks == ()
    assert [str(one) for one in gate.examine(second).remarks] == ["11/10"]
    assert gate.examine(first).refusals == gate.examine(second).refusals == ()


# -- the list of a decision ---------------------------------------------------------------------------------------------


def people(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["holder_name"].upper(), row["born_on"]) for row in rows]


def test_who_is_not_on_the_list_is_not_awarded(trial: Trial) -> None:
    rows, stranger = trial.rows(4), trial.rows(1)
    decision = decisions.record(
        institution=queries.institution(OURS), number=DECISION.number, decided_on=DECISION.decided_on, total=4,
        by=trial.by("preparer"), now=trial.now, people=people(rows),
    )  # fmt: skip
    assert decision.listed
    of_four = replace(DECISION, total=4)
    refusal = refused(GateRefused, lambda: trial.submit(trial.open(rows[:3] + stranger, decision=of_four, key="1")))
    assert [(one.rule, one.cells) for one in refusal.refusals] == [("decision-list", (":5",))]


def test_nobody_is_awarded_twice_by_one_list(trial: Trial) -> None:
    rows = trial.rows(3)
    rows[1] |= {"holder_name": rows[0]["holder_name"]}
    of_three = replace(DECISION, total=3)
    decisions.record(
        institution=queries.institution(OURS), number=DECISION.number, decided_on=DECISION.decided_on, total=3,
        by=trial.by("preparer"), now=trial.now, people=people(rows),
    )  # fmt: skip
    trial.approved(rows[:2], decision=of_three)  # two of one name and birth, as the list says
    twin = trial.rows(1, holder_name=rows[0]["holder_name"])
    assert refused(GateRefused, lambda: trial.submit(trial.open(twin, decision=of_three))).rule == "decision-list"
    trial.approved(rows[2:], decision=of_three)


def test_a_list_is_as_long_as_its_decision_says_and_comes_before_its_awards(trial: Trial) -> None:
    rows = trial.rows(3)
    ours, by = queries.institution(OURS), trial.by("preparer")
    refused(
        InputError,
        lambda: decisions.record(
            institution=ours, number="1/QĐ", decided_on="2026-06-30", total=4, by=by, now=trial.now, people=people(rows)
        ),
    )
    trial.approved(rows)
    decision = ours.decisions.get(number=DECISION.number)
    refused(WrongState, lambda: decisions.attach_list(decision=decision, people=[], by=by, now=trial.now))
    typo = decisions.record(institution=ours, number="2/QĐ", decided_on="2026-06-30", total=4, by=by, now=trial.now)
    decisions.withdraw(decision=typo, by=by, now=trial.now)
    assert not ours.decisions.filter(number="2/QĐ").exists()


@pytest.mark.parametrize("spelt", ["412/QĐ - ĐHSG", "412/qđ-đhsg", "412/QD-DHSG", "412/QĐ–ĐHSG", "Số 0412/QĐ-ĐHSG"])
def test_one_decision_is_written_in_one_way(trial: Trial, spelt: str) -> None:
    """A second spelling would be a second decision with graduates of its own."""
    trial.approved(5, **whole(total=5))
    ours, by = queries.institution(OURS), trial.by("preparer")
    again = whole(number=spelt, total=5)
    assert "412/QĐ-ĐHSG" in refused(AlreadyInRegister, lambda: trial.open(5, **again)).en
    refused(
        AlreadyInRegister,
        lambda: decisions.record(
            institution=ours, number=spelt, decided_on=DECISION.decided_on, total=5, by=by, now=trial.now
        ),
    )
    trial.submit(trial.open(5, **whole(number=spelt, decided_on="2026-07-01")))  # another day is another decision


def test_two_spellings_that_stand_there_do_not_pass(trial: Trial) -> None:
    """Written past the services, they are refused before a reader of the log would have to name them."""
    batch = trial.open(5)
    kept = batch.decision
    Decision.objects.create(
        institution=kept.institution, number="412/QD-DHSG", decided_on=kept.decided_on, total=5,
        recorded_at=trial.now, recorded_by=trial.by("preparer"),
    )  # fmt: skip
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "decision"


def test_a_number_is_recorded_in_its_form(trial: Trial) -> None:
    ours, by = queries.institution(OURS), trial.by("preparer")
    for number in ("", " ", "9/QĐ ", "9/QĐ  A", "QĐ", "9/Q\u00d0"):
        with pytest.raises(InputError):
            decisions.record(institution=ours, number=number, decided_on="2026-06-30", total=4, by=by, now=trial.now)


# -- at approval, at sealing, and told to the ministry -------------------------------------------------------------------


def close_power(trial: Trial, on: str = "2026-07-01") -> None:
    """The ministry ends the power for information technology."""
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS),
        powers=[replace(IT, valid_to=on), LAW], by=trial.people["officer"], confirmed_by=trial.people["second officer"],
        now=trial.now,
    )  # fmt: skip


def test_a_power_that_ends_while_a_batch_is_signed_ends_it_too(trial: Trial) -> None:
    approved = trial.approved()
    ending = iter([partial(close_power, trial)])
    refused(
        GateRefused,
        lambda: sealing.seal(approved, trial.sealing(), progress=lambda _: next(ending, lambda: None)(),
        ),
    )  # fmt: skip
    assert not Entry.objects.filter(act="batch").exists()


def test_the_gate_is_held_again_at_approval_and_at_sealing(trial: Trial) -> None:
    submitted, approved = trial.submit(trial.open()), trial.approved()
    close_power(trial)
    refused(GateRefused, lambda: trial.approve(submitted))
    head, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert [problem.code for problem in problems] == ["gate"]
    assert head is not None
    approved.refresh_from_db()
    assert approved.state == Batch.State.APPROVED
    assert not approved.rows.filter(seal__isnull=False).exists()
    trial.assert_right()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells of the rows that the gate holds to its rules, one after another."""
    cells: list[str] = []
    rules = RowRules.hold

    def hold(self: RowRules, row: Line, fields: Record | None = None) -> None:
        cells.append(row.cell)
        rules(self, row, fields)

    monkeypatch.setattr(RowRules, "hold", hold)
    return cells


def test_rows_that_nobody_changed_are_held_once(trial: Trial, held: list[str]) -> None:
    approved = trial.approve(trial.submit(trial.open()))
    assert len(held) == approved.count
    sealed = trial.seal(approved)
    assert len(held) == approved.count
    assert sealed.held is None, "nothing more is remembered of a sealed batch"
    assert gate.examine(sealed).tally == gate.tally_of(approved)
    assert len(held) == 2 * approved.count, "an audit believes no memory"
    trial.advance()
    trial.assert_right()


def test_what_broke_a_rule_is_held_again(trial: Trial, held: list[str]) -> None:
    batch = trial.open(classification="Rất tốt")
    assert batch.held is None
    for _ in range(2):
        refused(GateRefused, lambda: trial.submit(batch))
    assert len(held) == 3 * batch.count, "while it was written, and at each submission"
    batch.refresh_from_db()
    assert batch.held is None


def test_a_row_that_was_changed_is_held_again_with_its_batch(trial: Trial, held: list[str]) -> None:
    """Before the approval, when rows may still change: whoever writes, the database forgets."""
    submitted = trial.submit(trial.open())
    run("UPDATE register_row SET serial_number = %s WHERE batch_id = %s AND position = 2", "SG009999", submitted.pk)
    submitted.refresh_from_db()
    assert submitted.held is None
    refusal = refused(GateRefused, lambda: trial.approve(submitted))
    assert [one.rule for one in refusal.refusals] == ["serial"]


def test_a_draft_that_was_changed_is_held_again(trial: Trial, held: list[str]) -> None:
    """Its rows were held while they were written."""
    draft = trial.open()
    assert len(held) == draft.count
    run("UPDATE register_row SET serial_number = %s WHERE batch_id = %s AND position = 2", "SG009999", draft.pk)
    refusal = refused(GateRefused, lambda: trial.submit(draft))
    assert [one.rule for one in refusal.refusals] == ["serial"]
    assert len(held) == 2 * draft.count


def test_a_row_that_is_gone_is_missed_though_no_trigger_said_so(trial: Trial) -> None:
    submitted = trial.submit(trial.open())
    with transaction.atomic(), unguarded():
        run("DELETE FROM register_row WHERE batch_id = %s AND position = 2", submitted.pk)
    refusal = refused(GateRefused, lambda: trial.approve(submitted))
    assert "count" in {one.rule for one in refusal.refusals}


def test_blanks_the_page_the_law_and_the_list_are_what_it_rests_on(
    trial: Trial, held: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted = trial.submit(trial.open())
    count = submitted.count

    def again(times: int) -> None:
        with transaction.atomic():
            gate.check(Batch.objects.get(pk=submitted.pk), now=trial.now)
        assert len(held) == times * count

    again(1)
    run_of = blanks.SerialRun.read("ZZ000001", "ZZ000002")
    blanks.receive(
        institution=submitted.institution, kind="degree", run=run_of, on="2026-07-01", by=trial.by("preparer"), now=trial.now
    )  # fmt: skip
    again(2)
    monkeypatch.setattr(law, "digest", lambda: "other rows")
    again(3)
    close_power(trial)
    with pytest.raises(GateRefused):
        again(4)
    assert len(held) == 4 * count


def test_a_refused_approval_is_an_incident_though_nothing_of_it_remains(trial: Trial) -> None:
    submitted = trial.submit(trial.open())
    close_power(trial)
    for _ in range(2):
        refused(GateRefused, lambda: trial.approve(submitted))
    events = AuditEvent.objects.filter(verb="gate.refused", subject=submitted.public_id)
    assert [event.detail for event in events] == [{"at": "approval", "rules": ["power"]}] * 2
    notice = Notice.objects.get(what="gate.refused")
    assert (notice.recipient, notice.subject) == ("ministry", submitted.public_id)
    assert notice.about == {"at": "approval", "rules": ["power"]}


def test_at_its_submission_the_ministry_hears_of_powers_and_quotas_only(trial: Trial) -> None:
    refused(GateRefused, lambda: trial.submit(trial.open(classification="Rất tốt")))
    assert not Notice.objects.filter(what="gate.refused").exists()
    refused(GateRefused, lambda: trial.submit(trial.open(mode="distance")))
    assert Notice.objects.get(what="gate.refused").about == {"at": "submission", "rules": ["power"]}
    assert AuditEvent.objects.filter(verb="gate.refused").count() == 2


def test_one_refused_batch_does_not_hold_up_another(trial: Trial) -> None:
    trial.approved()
    theirs = trial.approved(3, "DHTC02")
    close_power(trial)
    _, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert len(problems) == 1
    theirs.refresh_from_db()
    assert theirs.state == Batch.State.SEALED


def test_an_institution_is_named_as_it_was_on_that_day(trial: Trial) -> None:
    old = Name(vi="Trường Tám", en="DHDT08", valid_from="2000-01-01")
    new = Name(vi="Đại học Đồi Trà", en="x", valid_from="2026-07-15")
    accredit(trial, "DHDT08", old.vi, "university", [IT], "Hiệu trưởng")
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution("DHDT08"),
        names=(replace(old, valid_to="2026-07-14"), new), by=trial.people["officer"], confirmed_by=trial.people["second officer"],
        now=trial.now,
    )  # fmt: skip
    trial.submit(trial.open(1, "DHDT08", institution_name=old.vi, **whole(awarded_on="2026-07-14")))
    too_late = trial.open(1, "DHDT08", institution_name=old.vi)
    assert refused(GateRefused, lambda: trial.submit(too_late)).rule == "institution-name"
    trial.submit(trial.open(1, "DHDT08", institution_name=new.vi))


# -- the rows ------------------------------------------------------------------------------------------------------------


def test_a_batch_that_lost_rows_never_passes(trial: Trial) -> None:
    batch = trial.open(3)
    batch.rows.filter(position=2).delete()
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "count"


def test_the_tally_counts_programmes_and_modes(trial: Trial) -> None:
    rows = trial.rows(3) + trial.rows(2, programme="7380101", programme_name="Luật", mode="distance")
    passed = gate.check(trial.open(rows), now=trial.now)
    assert passed.tally == {("7480201", "full-time", ""): 3, ("7380101", "distance", ""): 2}


def test_a_batch_whose_tally_would_be_too_long_does_not_pass(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = trial.rows(1) + trial.rows(1, programme="7380101", programme_name="Luật", mode="distance")
    monkeypatch.setattr(examining, "MAX_TALLY", 1)
    batch = trial.open(rows)
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "tally"
    monkeypatch.setattr(examining, "MAX_TALLY", 2)
    trial.submit(batch)


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ({"register_number": "2026/0009"}, "number-form"),
        ({"serial_number": "SG000009"}, "serial"),
        ({"serial_value": 9}, "serial"),
        ({"serial_series": None, "serial_value": None}, "serial"),
    ],
)
def test_what_the_register_counts_is_what_the_record_says(trial: Trial, said: dict[str, Any], rule: str) -> None:
    batch = trial.open(3)
    Row.objects.filter(batch=batch, position=1).update(**said)
    (refusal,) = gate.examine(batch, now=trial.now).refusals
    assert (refusal.rule, refusal.cells) == (rule, (":3",))


# -- examined again --------------------------------------------------------------------------------------------------------


def test_a_batch_in_any_state_is_examined_as_it_was_found_then(trial: Trial) -> None:
    first = trial.approved(5)
    trial.later(days=400)
    batch = Batch.objects.get(pk=first.pk)
    assert gate.examine(batch).refusals == ()  # its award is more than a year past now, and was not then
    trial.advance()
    batch.refresh_from_db()
    assert gate.examine(batch).refusals == ()
    with pytest.raises(ValueError, match="not approved"):
        gate.examine(trial.open(1))


def test_a_batch_is_examined_on_the_page_that_was_in_force(trial: Trial) -> None:
    batch = trial.approved()
    page = gate.examine(batch).page
    trial.advance()
    close_power(trial)
    batch.refresh_from_db()
    assert [one.rule for one in gate.examine(batch).refusals] == ["power"]
    assert gate.examine(batch, page=page).refusals == ()


def test_an_erased_row_is_counted_and_asked_nothing(trial: Trial) -> None:
    row = trial.issue(3)[1]
    erased = {"record": b"", "name_key": "", "born_on": ""}
    Row.objects.filter(pk=row.pk).update(**erased, erased_at=datetime.now(trial.now.tzinfo))
    examined = gate.examine(Batch.objects.get(pk=row.batch_id))
    assert examined.refusals == ()
    assert examined.tally == {("7480201", "full-time", ""): 3}


def test_institutions_do_not_count_for_each_other(trial: Trial) -> None:
    for code in (OURS, THEIRS):
        first = trial.approved(5, code).rows.order_by("position")[0]
        assert first.register_number == "2026/0001"
