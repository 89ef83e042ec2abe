"""Erasure: what goes, what stays, who may, and that no backup brings anything back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from sogoc.adapters.memory import MemoryErasures
from sogoc.core.report import Verdict
from sogoc.errors import (
    ActRefused,
    Erased,
    FourEyes,
    GateRefused,
    InputError,
    NotAllowed,
    RecoveryNeeded,
    StorageUnavailable,
    WrongState,
)
from sogoc.ports import JournaledErasure
from sogoc.register import queries
from sogoc.register.models import Archive, AuditEvent, Copy, Erasure, Row, Seal, SourceFile, Upload
from sogoc.register.records import record_of
from sogoc.services import decisions, erasing
from sogoc.services.delivery import Counter
from tests.services.trial import DECISION, OURS, THEIRS, Trial, fresh, refused

MARK = "Y Xóa Hẳn"
TRACES = (MARK.encode(), b"xoa han", b"079203000")


@pytest.fixture
def journal() -> MemoryErasures:
    return MemoryErasures()


def erase(trial: Trial, journal: MemoryErasures, rows: Sequence[Row], **changes: Any) -> erasing.Erased:
    asked: dict[str, Any] = {
        "identifiers": [row.identifier for row in rows], "decision_number": "90/QĐ-XDL",
        "prepared_by": trial.by("preparer"), "by": trial.by("approver"), "institution": queries.institution(OURS),
    }  # fmt: skip
    return erasing.erase(journal=journal, now=trial.now, **(asked | changes))


def cancelled(trial: Trial, rows: Sequence[Row]) -> None:
    for row in rows:
        trial.act("cancel", row, prepared_by=trial.by("preparer"))
    trial.advance()


def a_copy(trial: Trial, row: Row) -> Copy:
    return Copy.objects.create(
        institution=row.institution, row=row, requested_at=trial.now, due_on="2026-07-17", recipient=f"{MARK} cha",
        relation="father", copies=1, year="2026", number=1, issued_on="2026-07-17", issued_by=trial.by("approver"),
        taken_by=trial.by("preparer"),
    )  # fmt: skip


def test_everything_that_says_who_it_was_goes_and_everything_public_stays(
    trial: Trial, journal: MemoryErasures
) -> None:
    row, other = trial.issue(2, personal_id="001203004567")
    amended = trial.amend(row, holder_name=f"{MARK} 2")
    copy = a_copy(trial, row)
    list_file = SourceFile.objects.create(
        institution=row.institution, name="list.csv", sha256=bytes(32), content=b"sealed"
    )
    first: Upload | None = None
    for number, source in enumerate((list_file, row.batch.source)):
        first = Upload.objects.create(
            public_id=f"u{number}", institution=row.institution, source=source, said={"holder": MARK}, choices={},
            opened_by=trial.by("preparer"), opened_at=trial.now, batch=row.batch, supersedes=first,
        )  # fmt: skip
    trial.advance()
    cancelled(trial, [fresh(amended)])
    before = {
        one.pk: (bytes(one.seal.commitment), one.seal.status_index, one.register_number) for one in Row.objects.all()
    }
    root = trial.advance().root
    done = erase(trial, journal, [row])
    assert (done.qualifications, done.versions, done.files) == (1, 2, 2)
    for one in (fresh(row), fresh(amended)):
        assert (bytes(one.record), one.seal.secret, one.seal.signature, one.name_key, one.born_on) == (
            b"",
            None,
            None,
            "",
            "",
        )
        assert before[one.pk] == (bytes(one.seal.commitment), one.seal.status_index, one.register_number)
        refused(Erased, lambda one=one: Counter(trial.log).evidence(one))  # type: ignore[misc]
    copy.refresh_from_db()
    assert (copy.recipient, copy.relation, copy.number) == ("", "", 1)
    assert {one.content for one in SourceFile.objects.all()} == {None}
    assert not Upload.objects.exists()
    assert Erasure.objects.get().identifier == row.identifier
    assert trial.verdict(other) is Verdict.VALID
    assert trial.audit().root == bytes(root)
    trial.assert_right()


def test_the_trail_names_the_decision_and_nobody(trial: Trial, journal: MemoryErasures) -> None:
    (row,) = trial.issue(1, personal_id="001203004567", holder_name=MARK)
    cancelled(trial, [row])
    erase(trial, journal, [row])
    event = AuditEvent.objects.get(verb="records.erased")
    assert (event.actor, event.detail) == (
        trial.by("approver"), {"decision": "90/QĐ-XDL", "count": 1, "prepared_by": f"preparer {OURS}"},
    )  # fmt: skip
    (line,) = journal.read()
    assert line == JournaledErasure(
        at="2026-07-16T02:02:00Z", decision="90/QĐ-XDL", identifier=row.identifier, institution=OURS
    )


def test_what_an_erasure_refuses(trial: Trial, journal: MemoryErasures) -> None:
    gone, kept = trial.issue(2)
    error = refused(ActRefused, lambda: erase(trial, journal, [gone]))
    assert (error.rule, "21/2019" in (error.legal_basis or "")) == ("retention", True)
    cancelled(trial, [gone])
    refused(ActRefused, lambda: erase(trial, journal, [gone, kept]))
    refused(FourEyes, lambda: erase(trial, journal, [gone], prepared_by=trial.by("approver")))
    refused(NotAllowed, lambda: erase(trial, journal, [gone], by=trial.by("preparer")))
    refused(NotAllowed, lambda: erase(trial, journal, [gone], by=trial.by("approver", THEIRS)))
    refused(InputError, lambda: erase(trial, journal, [gone], decision_number=" "))
    refused(InputError, lambda: erase(trial, journal, [gone], identifiers=["00000000-0000-4000-8000-000000000000"]))
    refused(InputError, lambda: erase(trial, journal, [gone], institution=queries.institution(THEIRS), by=trial.people["officer"],
                                      prepared_by=trial.by("preparer", THEIRS)))  # fmt: skip
    draft = trial.open(1)
    refused(WrongState, lambda: erase(trial, journal, list(queries.rows_of(draft))))
    assert list(journal.read()) == []
    erase(trial, journal, [gone])
    refused(WrongState, lambda: erase(trial, journal, [gone]))


def test_an_erased_row_is_never_filled_again(trial: Trial, journal: MemoryErasures) -> None:
    (row,) = trial.issue(1)
    cancelled(trial, [row])
    erase(trial, journal, [row])
    for change in ({"record": b"{}"}, {"name_key": "x"}, {"erased_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Row.objects.filter(pk=row.pk).update(**change)
    for change in ({"secret": bytes(32)}, {"signature": bytes(64)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Seal.objects.filter(row=row).update(**change)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_journal_that_does_not_answer_stops_the_erasure(trial: Trial, journal: MemoryErasures, moment: Any) -> None:
    """Written and not confirmed: the next run of `reapply` carries it out."""
    (row,) = trial.issue(1)
    cancelled(trial, [row])
    journal.fail_next("append", moment=moment)
    refused(StorageUnavailable, lambda: erase(trial, journal, [row]))
    assert fresh(row).erased_at is None
    assert len(erasing.forgotten(journal)) == (moment == "after")
    if moment == "after":
        refused(RecoveryNeeded, lambda: erasing.refuse_if_remembered(journal))
        assert erasing.reapply(journal, now=trial.now).qualifications == 1
        assert bytes(fresh(row).record) == b""
    erasing.refuse_if_remembered(journal)


def everything_stored() -> bytes:
    """Every byte of the database: the files of SQLite, every row of every table on PostgreSQL with its bytes in plain."""
    if connection.vendor == "sqlite":
        name = str(connection.settings_dict["NAME"])
        return b"".join(path.read_bytes() for path in map(Path, (name, f"{name}-wal")) if path.exists())
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')
            for line in cursor.fetchall():
                found += [bytes(one) if isinstance(one, (bytes, memoryview)) else str(one).encode() for one in line]
    return b"\n".join(found)


def test_t22_a_hundred_of_two_thousand(committed: Trial, journal: MemoryErasures) -> None:
    trial = committed
    wide = replace(DECISION, total=2000)
    gone = trial.issue([
        record | {"holder_name": f"{MARK} {n}", "personal_id": f"079203{n:06d}"} for n, record in enumerate(trial.rows(100))
    ], decision=wide)  # fmt: skip
    kept = trial.issue(1_900, decision=wide)
    cancelled(trial, gone)
    root = trial.audit().root
    assert all(trace in everything_stored() for trace in TRACES)
    assert erase(trial, journal, gone).qualifications == 100
    erasing.scrub()
    stored = everything_stored()
    assert [trace for trace in TRACES if trace in stored] == []
    outside = b"".join((*trial.public._files.values(), *trial.staging._files.values()))
    assert [trace for trace in TRACES if trace in outside] == []
    assert trial.audit().root == root
    assert {trial.verdict(row) for row in kept[::500]} == {Verdict.VALID}
    trial.assert_right()


def test_who_is_erased_stands_on_no_list_any_more(trial: Trial, journal: MemoryErasures) -> None:
    """The list keeps only HMACs, but whoever knows the archive's key could still try names; and a place must not come free."""
    records = trial.rows(2)
    people = [(one["holder_name"], one["born_on"]) for one in records]
    by = trial.by("preparer")
    decision = decisions.record(
        institution=queries.institution(OURS), number=DECISION.number, decided_on=DECISION.decided_on, total=2, by=by,
        now=trial.now, people=people,
    )  # fmt: skip
    listed = replace(DECISION, total=2)
    rows = trial.issue(records, decision=listed)
    first = next(row for row in rows if row.born_on == people[0][1] and record_of(row)["holder_name"] == people[0][0])
    cancelled(trial, [first])
    erase(trial, journal, [first])
    secret = decisions.list_key(Archive.objects.get())
    assert [bytes(one.key) for one in decision.names.all()] == [decisions.person_key(secret, *people[1])]
    again = trial.rows(1, holder_name=people[0][0], born_on=people[0][1])
    told = refused(GateRefused, lambda: trial.submit(trial.open(again, decision=listed)))
    assert "decision-list" in {one.rule for one in told.refusals}


def test_why_a_copy_was_refused_goes_with_the_person(trial: Trial, journal: MemoryErasures) -> None:
    (row,) = trial.issue(1)
    said = {"institution": row.institution, "row": row, "requested_at": trial.now, "due_on": "2026-07-17", "copies": 1}
    refusal = Copy.objects.create(
        **said,
        recipient=MARK,
        relation="father",
        refused_reason=f"{MARK} is not the father",
        taken_by=trial.by("preparer"),
    )
    cancelled(trial, [row])
    with pytest.raises(IntegrityError), transaction.atomic():
        Copy.objects.filter(pk=refusal.pk).update(recipient="", relation="", refused_reason="another")
    erase(trial, journal, [row])
    refusal.refresh_from_db()
    assert (refusal.recipient, refusal.relation, refusal.refused_reason) == ("", "", "")
