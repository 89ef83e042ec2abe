"""What a second reader of the services that decide found, each as a test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from sogoc.core import entry
from sogoc.core.authority import SignerTerm
from sogoc.errors import GateRefused, InputError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Entry, Notice
from sogoc.services import accrediting, batches, copying, issuing, notices, numbering, recalling
from tests.services.keeping import cut
from tests.services.trial import IT, LAW, OURS, Trial, refused

pytestmark = pytest.mark.django_db


def close_power(trial: Trial) -> None:
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS),
        powers=[replace(IT, valid_to="2026-07-01"), LAW], by=trial.people["officer"],
        confirmed_by=trial.people["second officer"], now=trial.now,
    )  # fmt: skip


# -- the gate at sealing -------------------------------------------------------------------------------------------------


def test_a_refusal_at_its_sealing_is_an_incident_that_is_noted_once(trial: Trial) -> None:
    batch = trial.approved()
    close_power(trial)
    for _ in range(3):  # the timer tries again and again
        issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    about = {"at": "sealing", "rules": ["power"]}
    assert Notice.objects.get(what="gate.refused", recipient="ministry", subject=batch.public_id).about == about
    event = AuditEvent.objects.get(verb="gate.refused")
    assert (event.actor, event.detail) == (None, about)


# -- notices -------------------------------------------------------------------------------------------------------------


def test_an_institution_does_not_settle_what_the_ministry_is_to_hear(trial: Trial) -> None:
    refused(GateRefused, lambda: trial.submit(trial.open(mode="distance")))
    incident = Notice.objects.get(recipient="ministry")
    ours, officer = queries.institution(OURS), trial.people["officer"]
    for who in (trial.by("preparer"), trial.by("approver")):
        refused(NotAllowed, partial(notices.mark_sent, number=incident.pk, by=who, now=trial.now))
        assert incident not in notices.waiting(ours, by=who)
    assert incident in notices.waiting(ours, by=officer)
    notices.mark_sent(number=incident.pk, by=officer, now=trial.now)
    assert incident not in notices.waiting(ours, by=officer)


# -- a list is recalled --------------------------------------------------------------------------------------------------


def test_what_the_ministry_suspended_does_not_stop_the_rest_of_a_list(trial: Trial) -> None:
    first, theirs, last = trial.issue(3)
    for row, by in ((first, None), (theirs, trial.people["officer"]), (last, None)):
        trial.act("suspend", row, by=by)
    trial.advance()
    told = trial.recall([row.serial_number for row in (first, theirs, last)], act="reinstate", ground=None)
    assert (told.logged, [(name, why.code) for name, why in told.failed]) == (2, [(theirs.identifier, "act-refused")])


def test_a_list_is_examined_and_recalled_with_few_questions(trial: Trial, django_assert_max_num_queries: Any) -> None:
    rows = trial.issue(40)
    names = [row.serial_number for row in rows]
    recall = recalling.Recall(
        institution=queries.institution(OURS),
        act="revoke",
        named=tuple(names),
        decision=trial.decision(ground="ineligible"),
    )
    with django_assert_max_num_queries(12):
        recalling.examine(recall, by=trial.by("preparer"))
    with django_assert_max_num_queries(60 + 12 * len(rows)):
        assert trial.recall(names).logged == len(rows)


# -- numbers -------------------------------------------------------------------------------------------------------------


def test_what_a_draft_brought_itself_lets_nobody_void_numbers_far_beyond(trial: Trial) -> None:
    trial.issue(2)
    brought = [row | {"register_number": f"2026/{number}"} for number, row in zip((4, 900), trial.rows(2), strict=True)]
    trial.open(brought)
    book = numbering.Book(institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026")
    void = partial(
        numbering.void,
        book=book,
        why="skipped",
        reason="trang bị rách",
        on="2026-07-16",
        by=trial.by("preparer"),
        now=trial.now,
    )
    refused(InputError, partial(void, numbers=[500]))
    assert [one.number for one in void(numbers=[3, 5])] == [3, 5]  # 4 is of the draft
    assert book.next(1) == [6]


# -- copies, keepers, days -----------------------------------------------------------------------------------------------


def test_nobody_asks_for_a_copy_of_a_draft(trial: Trial) -> None:
    batch = trial.open(1)
    asked: dict[str, Any] = {
        "institution": batch.institution, "recipient": "Y Mẫu", "relation": "holder", "copies": 1,
        "received_at": trial.now, "by": trial.by("preparer"), "now": trial.now,
    }  # fmt: skip
    refused(WrongState, lambda: copying.request(row=batch.rows.get(), **asked))
    batches.discard(batch=batch, by=trial.by("preparer"), now=trial.now, reason="nhập nhầm")
    refused(InputError, lambda: copying.request(row=None, **asked | {"recipient": "Y" * 151}))
    copy = copying.request(row=None, **asked)
    refused(
        InputError, lambda: copying.refuse(number=copy.pk, reason="x" * 251, by=trial.by("preparer"), now=trial.now)
    )


def test_a_key_is_cut_on_the_day_that_it_is_in_vietnam(trial: Trial) -> None:
    trial.issue(1)
    trial.now = datetime(2026, 7, 16, 20, tzinfo=UTC)  # three o'clock in the morning of the 17th
    cut(trial)
    said = entry.parse(bytes(Entry.objects.get(act="key-cut").content))
    assert isinstance(said, entry.KeyCut)
    assert said.on == "2026-07-17"


@pytest.mark.parametrize(("changes", "rule"), [
    ({"classification": "Rất tốt"}, "grade"), ({"signer_name": "Kẻ Khác"}, "signer"), ({"mode": "distance"}, "power"),
])  # fmt: skip
def test_no_amendment_brings_in_what_the_gate_would_have_refused(
    trial: Trial, changes: dict[str, Any], rule: str
) -> None:
    (row,) = trial.issue(1)
    refusal = refused(GateRefused, lambda: trial.amend(row, **changes))
    assert [one.rule for one in refusal.refusals] == [rule]
    trial.amend(row, holder_name="Y Khác")


def test_what_an_old_version_breaks_is_no_fault_of_a_change(trial: Trial) -> None:
    (row,) = trial.issue(1)
    ours = SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2000-01-01", valid_to="2026-07-01")
    accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS), signers=[ours],
        by=trial.people["officer"], confirmed_by=trial.people["second officer"], now=trial.now,
    )  # fmt: skip
    trial.amend(row, holder_name="Y Khác")
