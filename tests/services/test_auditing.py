"""`sogoc audit institution`: every fault put into a register by raw SQL is named exactly, and a clean register has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

import pytest
from django.db import connection

from sogoc.adapters.memory import MemoryErasures
from sogoc.core import canonical
from sogoc.core.authority import Power
from sogoc.core.completeness import CHECKS, Report, Severity
from sogoc.ports import ErasureJournal, JournaledErasure
from sogoc.register import queries
from sogoc.register.models import Batch, BlankEvent, Copy, Erasure, Row, VoidNumber
from sogoc.register.records import record_of
from sogoc.services import batches, gate
from sogoc.services.auditing import audit_institution, rows
from tests.services.trial import NAMES, ORIGIN, OURS, THEIRS, Trial, fresh
from tests.services.unguarded import deleted, erased, run, tampered, unguarded, without_index

Named = list[tuple[str, str]]


def audited(trial: Trial, code: str = OURS, *, erasures: ErasureJournal | None = None) -> Report:
    report, _ = audit_institution(
        queries.institution(code),
        files=trial.public,
        vkeys=[trial.vkeys],
        origin=ORIGIN,
        ministry=[trial.ministry.jwk],
        erasures=erasures,
    )
    return report


def named(report: Report, severity: Severity | None = None) -> list[str]:
    return [one.code for one in report.findings(severity)]


def by(number: int, total: int = 5, on: str = "2026-06-30") -> batches.Decision:
    return batches.Decision(number=f"{number}/QĐ-ĐHSG", decided_on=on, total=total, awarded_on="2026-07-15")


@dataclass
class Register:
    """A register with a life: two batches, and one qualification each that was amended, revoked and suspended."""

    trial: Trial
    rows: list[Row]

    @property
    def first(self) -> Row:
        return self.rows[0]

    @property
    def second(self) -> Row:
        return self.rows[1]


@pytest.fixture
def register(trial: Trial) -> Register:
    ours = trial.issue(5, decision=by(412), decision_number="412/QĐ-ĐHSG")
    ours += trial.issue(3, decision=by(413, 3, "2026-07-01"), decision_number="413/QĐ-ĐHSG", decided_on="2026-07-01")
    theirs = [trial.rows(1, THEIRS, decision_number="9/QĐ-ĐHSG", register_number=f"2026/{n}")[0] for n in (1, 2)]
    trial.issue(theirs, THEIRS, decision=by(9, 2))
    trial.amend(ours[2], holder_name="Y Moan Êban")
    trial.act("revoke", ours[3])
    trial.act("suspend", ours[4])
    trial.advance()
    return Register(trial, ours)


def test_a_clean_register_has_nothing_to_explain(register: Register) -> None:
    report = audited(register.trial)
    assert named(report) == []
    assert report.exit_code == 0
    assert {section.check for section in report.sections} == CHECKS.keys()
    compared = {section.check: section.compared for section in report.sections}
    assert (compared["entries"], compared["records"], compared["batches"], compared["decisions"]) == (9, 9, 2, 2)
    assert report.counts["issued"] == 8
    assert report.counts["rows"] == 9
    assert named(audited(register.trial, THEIRS)) == []


# -- faults, one at a time ------------------------------------------------------------------------------------------------


def edited(row: Row, **changes: str) -> bytes:
    return canonical.encode({**record_of(row), **changes})


def deleted_row(was: Register) -> Named:
    deleted(was.first.pk)
    return [("row-missing", f"index {index(was.first)}"), ("gap", "1")]


def edited_grade(was: Register) -> Named:
    tampered(
        "UPDATE register_row SET record = %s WHERE id = %s", edited(was.first, classification="Xuất sắc"), was.first.pk
    )
    return [("record-altered", where(was.first))]


def edited_name_of_an_older_version(was: Register) -> Named:
    row = was.rows[2]
    tampered("UPDATE register_row SET record = %s WHERE id = %s", edited(row, holder_name="Lò Văn Giả"), row.pk)
    return [("record-altered", where(row))]


def a_record_that_is_none(was: Register) -> Named:
    tampered("UPDATE register_row SET record = %s WHERE id = %s", b"{", was.first.pk)
    return [("record-altered", where(was.first))]


def a_lost_secret(was: Register) -> Named:
    tampered("UPDATE register_seal SET secret = NULL WHERE row_id = %s", was.first.pk)
    return [("record-altered", where(was.first))]


def a_record_committed_to_anew(was: Register) -> Named:
    """The forger fits the commitment in the column to the edited record; the one in the log stays."""
    from sogoc.core.commitment import seal
    from sogoc.register.records import schema_of

    record = {**record_of(was.first), "classification": "Xuất sắc"}
    sealed = seal(schema_of(was.first), record, bytes(was.first.seal.secret or b""))
    tampered("UPDATE register_row SET record = %s WHERE id = %s", canonical.encode(record), was.first.pk)
    tampered("UPDATE register_seal SET commitment = %s WHERE row_id = %s", sealed.commitment, was.first.pk)
    return [("record-altered", where(was.first))]


def a_foreign_signature(was: Register) -> Named:
    tampered(
        "UPDATE register_seal SET signature = %s WHERE row_id = %s",
        bytes(was.second.seal.signature or b""),
        was.first.pk,
    )
    return [("signature-altered", where(was.first))]


def swapped_numbers(was: Register) -> Named:
    """Two people exchange their register numbers, in the columns by which the register is read."""
    with unguarded():
        for row in (was.first, was.second):
            run(
                "UPDATE register_row SET register_number = %s, number = %s WHERE id = %s",
                f"x{row.pk}",
                900 + row.pk,
                row.pk,
            )
        for row, other in ((was.first, was.second), (was.second, was.first)):
            run(
                "UPDATE register_row SET register_number = %s, number = %s WHERE id = %s",
                other.register_number, other.number, row.pk,
            )  # fmt: skip
    return [("number-swapped", "fields register_number, number")] * 2


def swapped_serial_place(was: Register) -> Named:
    tampered("UPDATE register_row SET serial_value = serial_value + 100 WHERE id = %s", was.first.pk)
    return [("number-swapped", "fields serial_value")]


def another_level_in_the_column(was: Register) -> Named:
    tampered("UPDATE register_row SET born_on = %s, name_key = %s WHERE id = %s", "1999", "lo van gia", was.first.pk)
    return [("column-altered", "fields name_key, born_on")]


def rows_tied_to_each_others_entries(was: Register) -> Named:
    one, other = was.first, was.second
    with unguarded():
        run("UPDATE register_entry SET row_id = NULL WHERE id = %s", one.entry.pk)
        run("UPDATE register_entry SET row_id = %s WHERE id = %s", one.pk, other.entry.pk)
        run("UPDATE register_entry SET row_id = %s WHERE id = %s", other.pk, one.entry.pk)
    now_at = sorted([(index(other), one.cell), (index(one), other.cell)])
    return [("row-elsewhere", f"index {at} cell {cell}") for at, cell in now_at]


def a_row_untied(was: Register) -> Named:
    tampered("UPDATE register_entry SET row_id = NULL WHERE id = %s", was.first.entry.pk)
    return [("row-missing", f"index {index(was.first)}"), ("row-unlogged", "rows 1")]


def an_entry_rewritten(was: Register) -> Named:
    tampered("UPDATE register_entry SET content = %s WHERE id = %s", b"{}", was.first.entry.pk)
    return [("entry-altered", where(was.first))]


def a_serial_used_again(was: Register) -> Named:
    """A second degree on the blank of the first, of another kind in the column so that no index stands in the way."""
    tampered(
        "UPDATE register_row SET serial_number = %s, kind = %s WHERE id = %s", was.first.serial_number, "certificate",
        was.second.pk,
    )  # fmt: skip
    return [
        ("number-swapped", "fields serial_number"), ("column-altered", "fields kind"), ("gap", "2"), ("gap", "1"),
        ("serial-reused", was.first.serial_number),
    ]  # fmt: skip


def a_register_number_used_again(was: Register) -> Named:
    with unguarded():
        without_index("number_once")
        without_index("register_number_once")
        run("UPDATE register_row SET number = 1 WHERE id = %s", was.second.pk)
    return [("number-swapped", "fields number"), ("number-reused", "1"), ("gap", "2")]


def a_back_dated_decision(was: Register) -> Named:
    tampered("UPDATE register_decision SET decided_on = %s WHERE id = %s", "2026-01-05", was.first.batch.decision_id)
    return [("decision-altered", "fields decided_on"), ("decision-late", "412/QĐ-ĐHSG")]


def a_decision_of_more_people(was: Register) -> Named:
    tampered("UPDATE register_decision SET total = 500 WHERE id = %s", was.first.batch.decision_id)
    return [("decision-altered", "fields total")]


def a_batch_of_another_day(was: Register) -> Named:
    tampered("UPDATE register_batch SET provenance = 'B', level = 'master' WHERE id = %s", was.first.batch_id)
    return [("batch-altered", "fields level, provenance")]


def a_batch_reopened(was: Register) -> Named:
    tampered("UPDATE register_batch SET state = 'draft' WHERE id = %s", was.first.batch_id)
    return [("batch-altered", "fields state")]


def a_batch_deleted(was: Register) -> Named:
    batch = was.rows[5].batch
    deleted(*batch.rows.values_list("pk", flat=True))
    with unguarded():
        run("DELETE FROM register_shard WHERE batch_id = %s", batch.pk)
        run("DELETE FROM register_batch WHERE id = %s", batch.pk)
    return [("batch-missing", batch.public_id)]


def approved_by_its_preparer(was: Register) -> Named:
    drop_check("register_batch", "four_eyes")
    with unguarded():
        run("UPDATE register_batch SET approved_by_id = prepared_by_id WHERE id = %s", was.first.batch_id)
    return [("approved-by-preparer", was.first.batch.public_id), ("approval-untraced", was.first.batch.public_id)]


def a_trail_cut_out(was: Register) -> Named:
    tampered(
        "DELETE FROM register_auditevent WHERE verb = 'batch.approved' AND subject = %s", was.first.batch.public_id
    )
    return [("approval-untraced", was.first.batch.public_id)]


def an_act_without_its_trail(was: Register) -> Named:
    tampered("DELETE FROM register_auditevent WHERE verb = 'qualification.revoke'")
    return [("act-untraced", "act revoke")]


def another_decision_behind_an_act(was: Register) -> Named:
    suspended = "SELECT id FROM register_entry WHERE act = 'suspend'"
    tampered(f"UPDATE register_actdetail SET decision_number = '1/QĐ-KHÁC' WHERE entry_id IN ({suspended})")
    return [("act-without-decision", "act suspend")]


def a_status_set_back(was: Register) -> Named:
    tampered("UPDATE register_statustable SET content = %s", bytes(32768))
    return [("status-altered", "list 0")]


def a_void_number(was: Register) -> Named:
    void(was, 9, "chữ ký bị nhòe")
    return [("number-void", "number 9 register_number 2026/0009 reason misprint")]


def a_gap_before_a_void_number(was: Register) -> Named:
    void(was, 11, "hỏng phôi")
    return [("gap", "9–10"), ("number-void", "11")]


def a_number_void_and_used(was: Register) -> Named:
    void(was, 1, "hỏng phôi")
    return [("number-void-and-used", "1")]


def a_gap_in_the_copy_book(was: Register) -> Named:
    for number in (1, 3):
        Copy.objects.create(
            institution=was.first.institution, row=was.first, requested_at=was.trial.now, due_on="2026-07-17", relation="holder",
            recipient="Y Moan", copies=1, taken_by=was.trial.by("preparer"), year="2026", number=number, issued_on="2026-07-17",
            issued_by=was.trial.by("approver"),
        )  # fmt: skip
    return [("copy-gap", "number 2")]


def an_erasure_without_decision(was: Register) -> Named:
    erase(was.first)
    return [("erasure-untraced", where(was.first))]


def an_erasure_by_decision(was: Register) -> Named:
    erase(was.first)
    Erasure.objects.create(
        institution=was.first.institution, identifier=was.first.identifier, decision_number="1/QĐ", at=was.trial.now,
        by=was.trial.by("approver"),
    )  # fmt: skip
    return [("erased", where(was.first))]


def an_erasure_that_a_restore_undid(was: Register) -> Named:
    Erasure.objects.create(
        institution=was.first.institution, identifier=was.first.identifier, decision_number="1/QĐ", at=was.trial.now,
        by=was.trial.by("approver"),
    )  # fmt: skip
    return [("erasure-undone", where(was.first))]


def a_spoiled_blank_with_minutes(was: Register) -> Named:
    blank(was, "spoiled", 400)
    return [("blanks-explained", "series SG#6")]


def an_issued_blank_entered_as_lost(was: Register) -> Named:
    blank(was, "lost", was.first.serial_value or 0)
    return [("blanks-unequal", "series SG#6"), ("blanks-explained", "series SG#6")]


def blank(was: Register, what: str, number: int) -> None:
    BlankEvent.objects.create(
        institution=was.first.institution, kind="degree", series="SG#6", first=number, last=number, what=what, on="2026-07-16",
        minutes="03/BB-HĐXL", reason="in lệch", by=was.trial.by("preparer"), confirmed_by=was.trial.by("approver"),
        at=was.trial.now, police_notice_at=was.trial.now if what == "lost" else None,
    )  # fmt: skip


def index(row: Row) -> int:
    assert row.entry is not None
    assert row.entry.index is not None
    return row.entry.index


def where(row: Row) -> str:
    return f"index {index(row)} cell {row.cell}"


def void(was: Register, number: int, reason: str) -> None:
    VoidNumber.objects.create(
        institution=was.first.institution, kind="degree", level="bachelor", year="2026", number=number,
        register_number=f"2026/{number:04}", why="misprint", reason=reason, at=was.trial.now, by=was.trial.by("preparer"),
    )  # fmt: skip


def erase(row: Row) -> None:
    erased(row.pk, "2026-07-16 03:00:00+00:00")


def drop_check(table: str, name: str) -> None:
    """Take a rule of a table away. SQLite cannot, but its checks can be told to sleep."""
    if connection.vendor == "postgresql":
        run("SET CONSTRAINTS ALL IMMEDIATE")  # nothing may be pending while a table changes
        run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    else:
        run("PRAGMA ignore_check_constraints = ON")


FAULTS: list[Callable[[Register], Named]] = [
    deleted_row, edited_grade, edited_name_of_an_older_version, a_record_that_is_none, a_lost_secret,
    a_record_committed_to_anew, a_foreign_signature, swapped_numbers, swapped_serial_place, another_level_in_the_column,
    rows_tied_to_each_others_entries, a_row_untied, an_entry_rewritten, a_serial_used_again, a_register_number_used_again,
    a_back_dated_decision, a_decision_of_more_people, a_batch_of_another_day, a_batch_reopened, a_batch_deleted,
    approved_by_its_preparer, a_trail_cut_out, an_act_without_its_trail, another_decision_behind_an_act, a_status_set_back,
    a_void_number, a_gap_before_a_void_number, a_number_void_and_used, a_gap_in_the_copy_book, an_erasure_without_decision,
    an_erasure_by_decision, an_erasure_that_a_restore_undid, a_spoiled_blank_with_minutes, an_issued_blank_entered_as_lost,
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_is_named_and_nothing_else(register: Register, fault: Callable[[Register], Named]) -> None:
    expected = fault(register)
    report = audited(register.trial)
    if connection.vendor == "sqlite":
        run("PRAGMA ignore_check_constraints = OFF")
    found = [
        (one.code, " ".join(f"{name} {value}" for name, value in one.where.items()), one) for one in report.findings()
    ]
    assert [code for code, *_ in found] == [code for code, _ in expected]
    for (_, place, one), (_, part) in zip(found, expected, strict=True):
        assert part in place
        assert one.where["institution"] == OURS if one.code != "status-altered" else True
    errors = [one for *_, one in found if one.kind.severity is Severity.ERROR]
    assert (report.errors, report.exit_code) == (len(errors), int(bool(errors)))
    said = str(report.to_json())
    assert "Y Brŭ" not in said
    assert "Moan" not in said
    assert NAMES[OURS] not in said


JOURNALS: dict[str, tuple[Callable[[Register], Named], bool, list[str]]] = {
    "decided and journaled": (an_erasure_by_decision, True, ["erased"]),
    "said to be decided": (an_erasure_by_decision, False, ["erasure-unjournaled"]),
    "journaled, the decision taken out": (an_erasure_without_decision, True, ["erasure-untraced"]),
    "journaled only, and there": (lambda _: [], True, ["erasure-undone"]),
}


@pytest.mark.parametrize("case", JOURNALS)
def test_an_erased_row_stands_in_the_journal_too(register: Register, case: str) -> None:
    """Whoever writes to the database could erase a row and add a decision; the journal lies elsewhere."""
    erasing, journaled, expected = JOURNALS[case]
    erasing(register)
    journal = MemoryErasures()
    line = JournaledErasure(
        at="2026-07-16T02:00:00Z", decision="1/QĐ", identifier=register.first.identifier, institution=OURS
    )
    others = replace(line, institution=THEIRS)
    journal.append([others, line] if journaled else [others])
    assert named(audited(register.trial, erasures=journal)) == expected


# -- whatever happened --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_history_that_the_services_wrote_has_nothing_to_explain(trial: Trial, seed: int) -> None:
    chance = Random(seed)
    alive: list[Row] = []
    suspended: list[Row] = []
    next_number = 1
    for step in range(14):
        what = chance.choice(["issue", "issue", "amend", "reissue", "revoke", "cancel", "suspend", "reinstate"])
        if what == "issue" or not alive:
            size = chance.randint(1, 4)
            said = by(500 + step, size)
            records = [
                trial.rows(1, register_number=f"2026/{next_number + n:04}", decision_number=said.number)[0]
                for n in range(size)
            ]
            next_number += size
            alive += trial.issue(records, decision=said)
        elif what == "reinstate":
            if suspended:
                row = fresh(suspended.pop(chance.randrange(len(suspended))))
                trial.act("reinstate", row)
                alive.append(row)
        else:
            row = fresh(alive.pop(chance.randrange(len(alive))))
            if what == "amend":
                alive.append(trial.amend(row, holder_name=f"Y Moan {step}"))
            elif what == "reissue":
                serial = trial.rows(1)[0]["serial_number"]
                alive.append(trial.reissue(row, serial))
                next_number += 1
            else:
                trial.act(what, row)
                suspended += [row] if what == "suspend" else []
        trial.advance()
    report = audited(trial)
    assert [one.to_json() for one in report.findings()] == []
    assert report.counts["rows"] == report.counts["issued"] + sum(
        report.counts.get(act, 0) for act in ("amend", "reissue")
    )


def test_many_lines_are_held_in_other_processes_and_named_alike(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited_grade(register)
    swapped_serial_place(Register(register.trial, register.rows[5:]))
    here = audited(register.trial)
    monkeypatch.setattr(rows, "PORTION", 2)
    there = audited(register.trial)
    assert there.sections == here.sections
    assert sorted(named(there)) == ["number-swapped", "record-altered"]


def test_a_count_beyond_the_quota_is_named_by_its_figures(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are counted exactly, also where the public tally merges them; the gate was cut out of the program that signs."""
    power = Power(
        kind="degree", level="bachelor", programme="7480201", mode="full-time", valid_from="2020-01-01",
        legal_basis="QĐ 13/QĐ-TEST", quotas={"2021": 3, "2022": 2},
    )  # fmt: skip
    trial.accredit("DHCT03", name="Trường Đại học Chỉ Tiêu", powers=[power])
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} DHCT03", "DHCT03", role)

    def past_the_gate(batch: Batch, *, now: datetime) -> gate.Passed:
        found = gate.examine(batch, now=now)
        return gate.Passed(page=found.page, tally=dict(found.tally), override=(), remarks=())

    monkeypatch.setattr(gate, "check", past_the_gate)
    admitted = ["2021-09", "2021-09", "2021-09", "2022-09", "2022-09", "2022-09", "2022-09"]
    records = [
        trial.rows(1, "DHCT03", institution_name="Trường Đại học Chỉ Tiêu", admitted_on=on, decision_number="1/QĐ-ĐHSG",
                   register_number=f"2026/{number}", programme_name="Công nghệ thông tin")[0]
        for number, on in enumerate(admitted, 1)
    ]  # fmt: skip
    trial.issue(records, "DHCT03", decision=by(1, 7))
    report = audited(trial, "DHCT03")
    (quota,) = report.findings(Severity.ERROR)
    assert (quota.code, quota.en, quota.where["intake"]) == ("quota-exceeded", "4/2", "2022")
