"""Copies from the register: due by the clock, numbered without a gap, given of what is valid and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from sogoc.errors import ActRefused, InputError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Copy, Row
from sogoc.services import books, copying, deadlines
from tests.services.trial import OURS, THEIRS, Trial, at_once, refused


def ask(trial: Trial, row: Row | None, **changes: Any) -> Copy:
    given: dict[str, Any] = {
        "institution": queries.institution(OURS), "row": row, "recipient": "Y Người Hỏi", "relation": "holder", "copies": 2,
        "received_at": trial.now, "by": trial.by("preparer"), "now": trial.now,
    }  # fmt: skip
    return copying.request(**(given | changes))


def issue(trial: Trial, copy: Copy, code: str = OURS) -> Copy:
    return copying.issue(number=copy.pk, by=trial.by("preparer", code), now=trial.now)


def test_copies_are_numbered_by_year(trial: Trial) -> None:
    (row,) = trial.issue(1)
    asked = [ask(trial, row) for _ in range(4)]
    for place in (2, 0):
        issue(trial, asked[place])
    copying.refuse(number=asked[1].pk, reason="Hồ sơ thiếu", by=trial.by("preparer"), now=trial.now)
    trial.now = datetime(2026, 12, 31, 17, tzinfo=UTC)  # New Year in Vietnam
    issue(trial, asked[3])
    issued = Copy.objects.filter(number__isnull=False).order_by("pk")
    assert [(one.pk, one.year, one.number) for one in issued] == [
        (asked[0].pk, "2026", 2), (asked[2].pk, "2026", 1), (asked[3].pk, "2027", 1)
    ]  # fmt: skip


def test_a_copy_says_what_the_register_says_now_and_names_the_decision(trial: Trial) -> None:
    (row,) = trial.issue(1)
    asked = ask(trial, row)
    trial.amend(row, holder_name="Y Khác", number="45/QĐ-ĐHSG")
    trial.advance()
    _, face = books.face_of(issue(trial, asked))
    said = " ".join(value for _, _, value in face.lines)
    assert "Y Khác" in said
    assert "Niê" not in said + " ".join(face.notes)
    assert face.notes == ("Có QĐ chỉnh sửa số 45/QĐ-ĐHSG ngày 16/07/2026",)
    assert face.number == "01/2026"
    refused(WrongState, lambda: books.face_of(ask(trial, row)))


def test_a_copy_of_what_was_issued_again_is_asked_for_anew(trial: Trial) -> None:
    (row,) = trial.issue(1)
    asked = ask(trial, row)
    newer = trial.reissue(row, "SG900001")
    trial.advance()
    refused(WrongState, lambda: issue(trial, asked))
    _, face = books.face_of(issue(trial, ask(trial, newer)))
    assert "SG900001" in {value for _, _, value in face.lines}


@pytest.mark.parametrize("act", ["revoke", "cancel", "suspend"])
def test_of_what_is_not_valid_there_is_no_copy(trial: Trial, act: str) -> None:
    (row,) = trial.issue(1)
    asked = ask(trial, row)
    trial.act(act, row)
    refusal = refused(ActRefused, lambda: issue(trial, asked))
    assert (refusal.rule, bool(refusal.legal_basis)) == ("not-valid", True)
    copying.refuse(number=asked.pk, reason="Văn bằng đã bị thu hồi", by=trial.by("preparer"), now=trial.now)
    refused(WrongState, lambda: issue(trial, asked))


def test_what_the_register_does_not_hold_is_refused_in_writing(trial: Trial) -> None:
    asked = ask(trial, None)
    assert refused(ActRefused, lambda: issue(trial, asked)).rule == "unknown"
    for reason in ("", "  "):
        refused(
            InputError, partial(copying.refuse, number=asked.pk, reason=reason, by=trial.by("preparer"), now=trial.now)
        )
    done = copying.refuse(number=asked.pk, reason="Không có trong sổ gốc", by=trial.by("preparer"), now=trial.now)
    assert done.number is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Copy.objects.filter(pk=asked.pk).update(refused_reason="other")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"relation": "employer"}, ActRefused),
        ({"relation": "fraud"}, ActRefused),
        ({"copies": 0}, InputError),
        ({"copies": 201}, InputError),
        ({"recipient": " "}, InputError),
        ({"received_at": datetime(2026, 7, 17, tzinfo=UTC)}, InputError),
    ],
)
def test_what_is_no_request(trial: Trial, changes: dict[str, Any], error: type[Any]) -> None:
    (row,) = trial.issue(1)
    refused(error, lambda: ask(trial, row, **changes))
    assert not Copy.objects.exists()


def test_copies_are_the_business_of_the_institution(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(NotAllowed, lambda: ask(trial, row, by=trial.by("preparer", THEIRS)))
    refused(InputError, lambda: ask(trial, trial.issue(1, THEIRS)[0]))
    asked = ask(trial, row)
    refused(NotAllowed, lambda: issue(trial, asked, THEIRS))
    refused(NotAllowed, lambda: copying.waiting(row.institution, by=trial.by("preparer", THEIRS)))
    assert copying.waiting(row.institution, by=trial.by("preparer")) == [asked]
    refused(InputError, lambda: copying.issue(number=10**6, by=trial.by("preparer"), now=trial.now))


def test_no_name_in_the_trail(trial: Trial) -> None:
    (row,) = trial.issue(1)
    issue(trial, ask(trial, row))
    trail = " ".join(f"{event.subject} {event.detail}" for event in AuditEvent.objects.all())
    assert "Người Hỏi" not in trail
    assert AuditEvent.objects.filter(verb__startswith="copy.").count() == 2


def test_issued_at_once_there_is_no_gap_and_no_number_twice(committed: Trial) -> None:
    (row,) = committed.issue(1)
    asked = [ask(committed, row) for _ in range(4)]
    results = at_once(*(partial(issue, committed, one) for one in asked))
    assert all(isinstance(one, Copy) for one in results), results
    assert {*Copy.objects.values_list("number", flat=True)} == {1, 2, 3, 4}


def test_a_request_is_answered_once(committed: Trial) -> None:
    (row,) = committed.issue(1)
    asked = ask(committed, row)
    results = at_once(*[partial(issue, committed, asked)] * 3)
    assert sorted(type(one).__name__ for one in results) == ["Copy", "WrongState", "WrongState"]


# -- what is due ----------------------------------------------------------------------------------------------------------


def due(trial: Trial, **options: Any) -> list[deadlines.Deadline]:
    return deadlines.of(queries.institution(OURS), by=trial.by("preparer"), **options)


def test_what_is_due_after_acts_and_requests(trial: Trial) -> None:
    row, other = trial.issue(2)
    trial.act("revoke", row)
    asked = ask(trial, other)
    found = {(one.what, one.subject): one for one in due(trial)}
    assert found["return-revoked", row.identifier].due_on == "2026-08-15"
    assert found["publication", row.identifier].due_on == "2026-08-15"
    assert found["copy", f"copy {asked.pk}"].due_on == "2026-07-16"
    issue(trial, asked)
    assert ("copy", f"copy {asked.pk}") not in {(one.what, one.subject) for one in due(trial)}
    assert ("copy", f"copy {asked.pk}") in {(one.what, one.subject) for one in due(trial, done_too=True)}
    assert all(one.legal_basis for one in found.values())
    days = [one.due_on or "9999" for one in due(trial)]
    assert days == sorted(days)
    refused(NotAllowed, lambda: deadlines.of(queries.institution(OURS), by=trial.by("preparer", THEIRS)))
