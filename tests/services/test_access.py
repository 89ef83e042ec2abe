"""Who may do what: one table, and every door tried by everybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.contrib.auth.models import User

from sogoc.adapters.memory import MemoryErasures, MemoryKey
from sogoc.core.authority import Name
from sogoc.errors import AlreadyInRegister, FourEyes, NotAllowed, SogocError
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Batch, Copy, Decision, Entry, Membership, Notice, Row
from sogoc.services import (
    access,
    accrediting,
    batches,
    blanks,
    copying,
    decisions,
    erasing,
    exporting,
    finding,
    founding,
    keys,
    notices,
    numbering,
    overriding,
)
from tests.services import keeping
from tests.services.trial import IT, LAW, OURS, THEIRS, Trial, refused

EVERYBODY = (
    "officer", f"preparer {OURS}", f"approver {OURS}", f"preparer {THEIRS}", f"approver {THEIRS}", "nobody", "left",
)  # fmt: skip
OFFICER = {"officer"}
PREPARER = {f"preparer {OURS}"}
APPROVER = {f"approver {OURS}"}


@pytest.fixture
def people(trial: Trial) -> dict[str, User]:
    """Those of the archive, one who has no role anywhere, and an officer whose account was closed."""
    trial.people["nobody"] = User.objects.create_user("nobody", password="x")
    left = trial.enrol("left", None, "officer")
    left.is_active = False
    left.save()
    return trial.people


def accredit(trial: Trial, by: User) -> object:
    key = MemoryKey()
    return accrediting.accredit(
        log=trial.log, ministry=trial.ministry, code="THPT03", category="school",
        names=[Name(vi="Trường Ba", en="Third", valid_from="2000-01-01")], identifiers={},
        request=trial.ask(key, "THPT03", "memory:x"), powers=[IT], signers=[], by=by,
        confirmed_by=trial.people["second officer"], now=trial.now,
    )  # fmt: skip


def change_powers(trial: Trial, by: User) -> object:
    return accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS),
        powers=[IT, LAW, replace(IT, programme="7480103")],
        by=by, confirmed_by=trial.people["second officer"], now=trial.now,
    )  # fmt: skip


def cut_key(trial: Trial, by: User) -> object:
    return keeping.cut(trial, by=by)


def rotate_key(trial: Trial, by: User) -> object:
    return keeping.rotate(trial, "ours 2", by=by)


def attach_key(trial: Trial, by: User) -> object:
    keeping.forget_key(OURS)
    return keys.attach(
        log=trial.log, institution=queries.institution(OURS), request=keeping.request(trial, OURS, OURS), by=by, now=trial.now
    )  # fmt: skip


def erase(trial: Trial, by: User) -> object:
    (row,) = trial.issue(1)
    trial.act("cancel", row)
    trial.advance()
    return erasing.erase(
        journal=MemoryErasures(), institution=queries.institution(OURS), identifiers=[row.identifier],
        decision_number="90/QĐ", prepared_by=trial.by("preparer"), by=by, now=trial.now,
    )  # fmt: skip


def take_along(trial: Trial, by: User) -> object:
    trial.advance()
    with TemporaryDirectory() as folder:
        return exporting.export(
            log=trial.log, keyring=trial.keyring, institution=queries.institution(OURS), folder=Path(folder), by=by,
            now=trial.now,
        )  # fmt: skip


def hand_over(trial: Trial, by: User) -> object:
    return keeping.hand_over(trial, by=by)


def enrol(trial: Trial, by: User) -> object:
    return founding.enrol(
        username="new", password="x", institution=queries.institution(OURS), role="preparer", by=by, now=trial.now
    )


def appoint(trial: Trial, by: User) -> object:
    return founding.appoint(
        user=by, institution=None, role="officer", by=by, confirmed_by=trial.people["second officer"], now=trial.now
    )


def open_batch(trial: Trial, by: User) -> object:
    return trial.open(by=by)


def submit(trial: Trial, by: User) -> object:
    return batches.submit(batch=trial.open(), by=by, now=trial.now)


def approve(trial: Trial, by: User) -> object:
    return batches.approve(batch=trial.submit(trial.open()), by=by, now=trial.now)


def act(name: str, trial: Trial, by: User) -> object:
    (row,) = trial.issue(1)
    if name == "reinstate":
        trial.act("suspend", row)
        trial.advance()
    return trial.act(name, row, by=by)


def amend(trial: Trial, by: User) -> object:
    (row,) = trial.issue(1)
    return trial.amend(row, by=by, holder_name="Y Khác")


def reissue(trial: Trial, by: User) -> object:
    (row,) = trial.issue(1)
    return trial.reissue(row, "SG900001", by=by)


def ask_for_copy(trial: Trial, by: User) -> Copy:
    (row,) = trial.issue(1)
    return copying.request(
        institution=row.institution, row=row, recipient="Y", relation="holder", copies=1, received_at=trial.now, by=by,
        now=trial.now,
    )  # fmt: skip


def issue_copy(trial: Trial, by: User) -> object:
    return copying.issue(number=ask_for_copy(trial, trial.by("preparer")).pk, by=by, now=trial.now)


def refuse_copy(trial: Trial, by: User) -> object:
    return copying.refuse(number=ask_for_copy(trial, trial.by("preparer")).pk, reason="x", by=by, now=trial.now)


def search(trial: Trial, by: User) -> object:
    wanted = finding.Wanted(serial_number="SG000001")
    return finding.find(wanted, institution=queries.institution(OURS), on_behalf_of="holder", by=by, now=trial.now)


def recall(trial: Trial, by: User) -> object:
    return trial.recall([trial.issue(1)[0].serial_number], by=by)


def told(trial: Trial, by: User) -> object:
    (row,) = trial.issue(1)
    trial.act("suspend", row)
    return notices.mark_sent(number=Notice.objects.order_by("pk")[0].pk, by=by, now=trial.now)


RUN = blanks.SerialRun.read("ZZ000001", "ZZ000009")
MINUTES = blanks.Minutes(number="1/BB", on="2026-07-16", reason="in hỏng")
MISPRINTED = blanks.SerialRun.read("SG800001", "SG800002")


def ours(**said: object) -> dict[str, Any]:
    return {"institution": queries.institution(OURS)} | said


def receive(trial: Trial, by: User) -> object:
    return blanks.receive(**ours(kind="degree", run=RUN, on="2026-07-16", by=by, now=trial.now))


def end_blanks(how: Callable[..., object], trial: Trial, by: User) -> object:
    told = {"police_notice_at": trial.now} if how is blanks.lose else {}
    return how(**ours(
        kind="degree", run=MISPRINTED, minutes=MINUTES, by=by, confirmed_by=trial.by("approver"), now=trial.now, **told
    ))  # fmt: skip


def count_blanks(trial: Trial, by: User) -> object:
    return blanks.count(**ours(kind="degree", run=MISPRINTED, counted=2, on="2026-07-16", by=by, now=trial.now))


def exchange(trial: Trial, by: User) -> object:
    return blanks.exchange(row=trial.open(1).rows.get(), serial="SG800001", by=by, now=trial.now)


def book() -> numbering.Book:
    return numbering.Book(**ours(kind="degree", level="bachelor", year="2026"))


def void(trial: Trial, by: User) -> object:
    return numbering.void(book=book(), numbers=[1], why="other", reason="x", on="2026-07-16", by=by, now=trial.now)


def write_numbers(trial: Trial, by: User) -> object:
    return numbering.set_template(**ours(kind="degree", template="{number}/{year}", by=by, now=trial.now))


def record_decision(trial: Trial, by: User) -> Decision:
    return decisions.record(**ours(number="9/QĐ", decided_on="2026-07-01", total=1, by=by, now=trial.now))


def attach_list(trial: Trial, by: User) -> object:
    decision = record_decision(trial, trial.by("preparer"))
    return decisions.attach_list(decision=decision, people=[("Y Moan", "2003-02-28")], by=by, now=trial.now)


def withdraw(trial: Trial, by: User) -> object:
    return decisions.withdraw(decision=record_decision(trial, trial.by("preparer")), by=by, now=trial.now)


def ask_to_pass(trial: Trial, by: User) -> Batch:
    batch = trial.open(1, mode="distance")
    overriding.request(batch=batch, rules=["power"], reason="x", by=by, now=trial.now)
    return batch


def let_pass(trial: Trial, by: User) -> object:
    return overriding.grant(batch=ask_to_pass(trial, trial.people["second officer"]), by=by, now=trial.now)


DOORS: dict[str, tuple[Callable[[Trial, User], object], set[str]]] = {
    "institution.accredited": (accredit, OFFICER),
    "institution.page": (change_powers, OFFICER),
    "key.cut": (cut_key, OFFICER),
    "key.rotated": (rotate_key, OFFICER),
    "key.attached": (attach_key, OFFICER),
    "register.handed-over": (hand_over, OFFICER),
    "records.erased": (erase, APPROVER | OFFICER),
    "register.exported": (take_along, APPROVER),
    "member.enrolled": (enrol, OFFICER),
    "member.appointed": (appoint, OFFICER),
    "batch.opened": (open_batch, PREPARER),
    "batch.submitted": (submit, PREPARER),
    "batch.approved": (approve, APPROVER),
    "qualification.revoke": (partial(act, "revoke"), APPROVER | OFFICER),
    "qualification.cancel": (partial(act, "cancel"), APPROVER | OFFICER),
    "qualification.suspend": (partial(act, "suspend"), APPROVER | OFFICER),
    "qualification.reinstate": (partial(act, "reinstate"), APPROVER | OFFICER),
    "qualification.amend": (amend, APPROVER | OFFICER),
    "qualification.reissue": (reissue, APPROVER | OFFICER),
    "recall.begun": (recall, APPROVER | OFFICER),
    "copy.requested": (ask_for_copy, PREPARER | APPROVER),
    "copy.issued": (issue_copy, PREPARER | APPROVER),
    "copy.refused": (refuse_copy, PREPARER | APPROVER),
    "register.searched": (search, PREPARER | APPROVER | OFFICER),
    "blank.received": (receive, PREPARER),
    "blank.spoiled": (partial(end_blanks, blanks.spoil), PREPARER),
    "blank.lost": (partial(end_blanks, blanks.lose), PREPARER),
    "blank.destroyed": (partial(end_blanks, blanks.destroy), PREPARER),
    "blank.counted": (count_blanks, PREPARER),
    "blank.exchanged": (exchange, PREPARER),
    "number.void": (void, PREPARER),
    "number.template": (write_numbers, APPROVER),
    "decision.recorded": (record_decision, PREPARER),
    "decision.listed": (attach_list, PREPARER),
    "decision.withdrawn": (withdraw, PREPARER),
    "override.requested": (ask_to_pass, OFFICER),
    "override.granted": (let_pass, OFFICER),
    "notice.sent": (told, PREPARER | APPROVER | OFFICER),
}


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("verb", DOORS)
def test_every_door_opens_to_those_of_the_table_and_to_nobody_else(
    trial: Trial, people: dict[str, User], verb: str, who: str
) -> None:
    door, may = DOORS[verb]
    done = AuditEvent.objects.filter(actor=people[who], verb=verb)
    before = done.count()
    if who in may:
        door(trial, people[who])
    else:
        refused(NotAllowed, lambda: door(trial, people[who]))
    assert done.count() - before == (who in may)


def test_every_permission_has_a_door() -> None:
    """A permission without a role would be a door that nobody can open; reading diplomas is a matter of the pages."""
    assert all(access.PERMISSIONS.values())
    assert set(access.PERMISSIONS) == {
        "accredit", "batch.prepare", "batch.submit", "batch.approve", "act.prepare", "act", "copy", "notice",
        "register.search", "register.reconcile", "diploma.read",
        "override", "key.request", "register.hand-over", "register.export", "erase", "sample.open",
    }  # fmt: skip


def test_roles_are_read_anew_each_time(trial: Trial) -> None:
    batch = trial.submit(trial.open())
    Membership.objects.filter(user=trial.by("approver")).delete()
    refused(NotAllowed, lambda: trial.approve(batch))


def test_a_preparer_with_both_roles_still_needs_a_second_person(trial: Trial) -> None:
    preparer = trial.by("preparer")
    founding.appoint(
        user=preparer, institution=queries.institution(OURS), role="approver", by=trial.people["officer"], now=trial.now
    )
    batch = trial.submit(trial.open())
    refused(FourEyes, lambda: batches.approve(batch=batch, by=preparer, now=trial.now))
    assert trial.approve(batch).state == Batch.State.APPROVED


def test_a_name_is_taken_once(trial: Trial) -> None:
    refused(AlreadyInRegister, lambda: trial.enrol("officer", None, "officer"))


def test_an_archive_is_founded_once(trial: Trial) -> None:
    refused(
        SogocError,
        lambda: founding.found(log=trial.log, places_key=bytes(32), officer="second", password="x", now=trial.now),
    )
    assert not User.objects.filter(username="second").exists()


def test_a_password_belongs_to_its_name(trial: Trial) -> None:
    assert access.authenticate("officer", "x") == trial.people["officer"]
    for name, password in (("officer", "y"), ("officer", ""), ("nobody", "x")):
        refused(NotAllowed, partial(access.authenticate, name, password))


def test_no_act_leaves_personal_data_in_the_trail(trial: Trial) -> None:
    """The trail is kept for ever and read by many: names, numbers and birthdays stay in the register."""
    (row,) = trial.issue(1, personal_id="001203004567")
    trial.amend(row, holder_name="Y Khác")
    trail = " ".join(f"{event.subject} {event.detail}" for event in AuditEvent.objects.all())
    for secret in ("Niê", "Khác", "001203004567", "2003-02", row.serial_number, row.register_number):
        assert secret not in trail
    assert Entry.objects.count()
    assert Row.objects.count() == 2
