"""What the readers of the code found, each as a test: entries that would not read back, people alone, and a database left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, transaction

from sogoc.core import intake
from sogoc.core.report import Verdict
from sogoc.core.verify import verify_bytes
from sogoc.errors import FourEyes, InputError, MalformedError, NotAllowed, RecoveryNeeded, WrongState
from sogoc.register import queries
from sogoc.register.models import ActDetail, Batch, Entry, LoggedState, Row
from sogoc.services import accrediting, batches, delivery, founding, workbench
from tests.services.trial import DECISION, IT, LAW, OURS, Trial, fresh, refused

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("changes", [{"act_id": "because she cheated"}, {"act_id": "retry-1"}])
def test_what_would_not_read_back_never_waits_for_the_log(trial: Trial, changes: dict[str, Any]) -> None:
    row = trial.issue()[0]
    before = Entry.objects.count()
    error = refused(InputError, lambda: trial.act("revoke", row, **changes))
    assert error.mend is not None
    assert Entry.objects.count() == before


def test_a_page_that_would_not_read_back_is_never_logged(trial: Trial) -> None:
    endless = replace(IT, programme="7480199", legal_basis="x" * 300)
    with pytest.raises(MalformedError), transaction.atomic():
        accrediting.change(
            log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS), powers=[IT, LAW, endless],
            by=trial.people["officer"], confirmed_by=trial.people["second officer"], now=trial.now,
        )  # fmt: skip
    trial.issue()
    assert trial.audit().faults == ()


def test_nobody_amends_alone(trial: Trial) -> None:
    row = trial.issue()[0]
    approver = trial.by("approver")
    founding.appoint(
        user=approver, institution=queries.institution(OURS), role="preparer", by=trial.people["officer"], now=trial.now
    )
    refused(FourEyes, lambda: trial.amend(row, prepared_by=approver, holder_name="Y Khác"))
    trial.amend(row, holder_name="Y Khác")
    detail = ActDetail.objects.get()
    assert detail.prepared_by_id != detail.approved_by_id
    with pytest.raises(IntegrityError), transaction.atomic():
        ActDetail.objects.create(
            entry=Entry.objects.order_by("pk")[0],
            decision_number="x",
            salt=b"x" * 16,
            prepared_by=approver,
            approved_by=approver,
        )


def test_a_database_behind_its_log_takes_no_act(trial: Trial) -> None:
    row = trial.issue()[0]
    head = trial.lock.head(trial.log.origin)
    assert head is not None
    # Somebody restored last night's backup: the lock has gone on without this database.
    trial.lock.swap(trial.log.origin, head, (head[0] + 5, bytes(32)))
    refused(RecoveryNeeded, lambda: trial.act("suspend", row))
    refused(RecoveryNeeded, lambda: trial.amend(row, holder_name="Y Khác"))
    refused(RecoveryNeeded, lambda: trial.accredit("THPT08", name="Trường Tám"))


def test_a_revocation_reaches_the_version_that_its_holder_has(trial: Trial) -> None:
    row = trial.issue()[0]
    newer = trial.amend(row, holder_name="Y Khác")
    trial.advance()
    trial.act("revoke", fresh(newer))
    head = trial.advance()
    counter = delivery.Counter(trial.log)
    for version in (row, newer):
        report = verify_bytes(counter.evidence(fresh(version)).encode(), trial.policy(head), trial.now)
        assert report.verdict is Verdict.REVOKED
    assert trial.audit().faults == ()


def test_a_clock_far_behind_the_last_state_stops_the_log(trial: Trial) -> None:
    trial.issue()
    states = LoggedState.objects.count()
    trial.later(hours=-2)
    trial.approved(2)
    refused(WrongState, trial.advance)
    assert LoggedState.objects.count() == states


def test_a_refused_list_is_taken_out_and_comes_back_mended(trial: Trial) -> None:
    batch = trial.open(3, key="first", source=b"the file")
    number = batch.rows.order_by("position")[0].serial_number
    trial.submit(batch)
    batches.discard(batch=batch, by=trial.by("preparer"), now=trial.now, reason="sai danh sách")
    assert not Row.objects.filter(serial_number=number).exists()
    again = trial.open(3, key="first", source=b"the file")
    approved = trial.approve(trial.submit(again))
    refused(WrongState, lambda: batches.discard(batch=approved, by=trial.by("preparer"), now=trial.now))
    refused(NotAllowed, lambda: batches.discard(batch=trial.open(1), by=trial.by("approver"), now=trial.now))
    trial.advance()
    assert trial.audit().faults == ()


def test_a_warning_that_nobody_acknowledged_keeps_the_file_out(trial: Trial) -> None:
    record = trial.rows(1, register_number="2026/0001")[0]
    rule = "unfamiliar-letter"
    warned = intake.Problem(file="x.csv", sheet="", cell="A2", column="x", rule=rule)
    read = intake.Intake(
        file="x.csv", rows=(intake.IntakeRow(sheet="x", row=2, record=record),), problems=(warned,), changes=(), ignored=(),
        skipped=(), read=1, faulty=0,
    )  # fmt: skip

    def reading(*_: object, choices: intake.Choices | None = None, **__: object) -> intake.Intake:
        return replace(read, problems=()) if choices and rule in choices.acknowledged else read

    def take_in(choices: intake.Choices) -> Batch | None:
        with patch("sogoc.core.intake.read", side_effect=reading):
            _, batch = workbench.take_in(
                desk=trial.desk, institution=queries.institution(OURS), name="x.csv", content=b"one file",
                said=workbench.Said(kind="degree", level="bachelor", decision=DECISION), choices=choices,
                by=trial.by("preparer"), now=trial.now,
            )  # fmt: skip
        return batch

    assert take_in(intake.Choices()) is None
    assert Row.objects.count() == 0
    assert take_in(intake.Choices().acknowledge(warned).acknowledge_rule()) is not None
