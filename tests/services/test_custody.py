"""Registers that go from one institution to another: what is signed, who acts afterwards, and what still verifies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sogoc.core import entry
from sogoc.core.canonical import b64
from sogoc.core.merkle import leaf_hash, root_hash
from sogoc.core.report import Verdict
from sogoc.errors import AlreadyInRegister, FourEyes, GateRefused, InputError, NotAllowed, SignatureError, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Entry, Notice, Row
from sogoc.register.records import newest_page
from sogoc.services import access, batches, custody, founding
from sogoc.services.custody import Book
from tests.services.keeping import cut, hand_over, kid_of, request
from tests.services.trial import DECISION, OURS, THEIRS, Trial, fresh, refused

PAPER = Book(kind="school-diploma", year="1998", count=412, root=b"\x01" * 32)


def said(one: Entry) -> entry.Custody:
    parsed = entry.parse(bytes(one.content))
    assert isinstance(parsed, entry.Custody)
    return parsed


def test_the_books_are_counted_from_the_newest_versions(trial: Trial) -> None:
    first = trial.issue(3)
    last_year = replace(DECISION, number="2025/QĐ", decided_on="2025-06-30", awarded_on="2025-07-15")
    said_so = {"decision_number": "2025/QĐ", "decided_on": "2025-06-30", "awarded_on": "2025-07-15"}
    trial.issue(2, decision=last_year, provenance="B", **said_so)
    amended = trial.amend(first[0], holder_name="Y Khác")
    trial.open(4)
    trial.advance()
    lines = [fresh(row).seal.commitment for row in (amended, *first[1:])]
    (older, newer) = custody.books(queries.institution(OURS))
    assert (older.kind, older.year, older.count) == ("degree", "2025", 2)
    assert (newer.kind, newer.year, newer.count) == ("degree", "2026", 3)
    assert newer.root == root_hash([leaf_hash(bytes(line)) for line in sorted(lines, key=bytes)])


def test_a_register_goes_with_its_books_and_everything_still_verifies(trial: Trial) -> None:
    old = trial.issue(3)
    logged = hand_over(trial, paper=[PAPER])
    trial.advance()
    parsed = said(logged)
    assert [book[:3] for book in parsed.books] == [("degree", "2026", 3), ("school-diploma", "1998", 412)]
    assert len(parsed.signatures) == 3
    _, page = newest_page(queries.institution(OURS))
    ours, theirs = page.keys
    assert (page.custodian, ours.until, theirs.start, theirs.holder) == (2, theirs.start, theirs.start, THEIRS)
    report = trial.verify(old[0])
    assert report.verdict is Verdict.VALID
    assert {note.code for note in report.notes} == {"key-ended", "keeper"}
    assert any("Trường Đại học Thạch Cầu (DHTC02)" in note.vi for note in report.notes)
    trial.assert_right()


def test_the_keeper_acts_and_who_gave_the_register_away_does_not(trial: Trial) -> None:
    rows = trial.issue(3)
    hand_over(trial)
    trial.advance()
    refused(NotAllowed, lambda: trial.act("revoke", rows[0]))
    refused(NotAllowed, lambda: trial.open(1))
    trial.act("revoke", rows[0], by=trial.by("approver", THEIRS))
    trial.amend(
        rows[1], prepared_by=trial.by("preparer", THEIRS), by=trial.by("approver", THEIRS), holder_name="Y Khác"
    )
    new = trial.open(2, by=trial.by("preparer", THEIRS))
    refused(GateRefused, lambda: batches.submit(batch=new, by=trial.by("preparer", THEIRS), now=trial.now))
    batches.discard(batch=new, by=trial.by("preparer", THEIRS), now=trial.now, reason="x")
    late = trial.open(2, by=trial.by("preparer", THEIRS), provenance="B")
    batches.submit(batch=late, by=trial.by("preparer", THEIRS), now=trial.now)
    batches.approve(batch=late, by=trial.by("approver", THEIRS), now=trial.now)
    trial.advance()
    assert [trial.verdict(row) for row in rows] == [Verdict.REVOKED, Verdict.SUPERSEDED, Verdict.VALID]
    amended = Row.objects.get(follows=rows[1])
    assert {trial.verdict(row) for row in (amended, *queries.rows_of(late))} == {Verdict.VALID}
    assert {row.seal.key.kid for row in queries.rows_of(late)} == {kid_of()}
    trial.assert_right()


def test_the_keepers_own_register_is_not_touched(trial: Trial) -> None:
    hand_over(trial)
    access.require(trial.by("approver", THEIRS), "batch.approve", queries.institution(THEIRS))
    refused(NotAllowed, lambda: access.require(trial.by("approver"), "batch.approve", queries.institution(THEIRS)))


def test_a_dissolved_institution_gives_without_a_key(trial: Trial) -> None:
    trial.issue(1)
    refused(WrongState, lambda: hand_over(trial, handed_by=None))
    cut(trial, wording="key-retired")
    refused(WrongState, lambda: hand_over(trial))
    logged = hand_over(trial, handed_by=None)
    trial.advance()
    assert len(said(logged).signatures) == 2
    trial.assert_right()


def test_a_register_goes_on_from_its_keeper(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.accredit("SGD03", name="Sở Giáo dục và Đào tạo Mẫu")
    for role in ("preparer", "approver"):
        trial.enrol(f"{role} SGD03", "SGD03", role)
    trial.advance()
    hand_over(trial)
    trial.advance()
    refused(NotAllowed, lambda: hand_over(trial, to="SGD03"))
    hand_over(trial, to="SGD03", handed_by=trial.by("approver", THEIRS))
    trial.advance()
    trial.act("suspend", row, by=trial.by("approver", "SGD03"))
    trial.advance()
    assert trial.verdict(row) is Verdict.SUSPENDED
    trial.assert_right()


def test_the_same_hand_over_again_changes_nothing(trial: Trial) -> None:
    decision = custody.HandOver(number="1/QĐ", on="2026-07-16", salt=b"s" * 16, act_id=b64(trial.random(16)))
    first = hand_over(trial, decision=decision)
    assert hand_over(trial, decision=decision).pk == first.pk
    assert Entry.objects.filter(act="custody").count() == 1
    trial.accredit("SGD03", name="Sở Mẫu")
    trial.enrol("approver SGD03", "SGD03", "approver")
    refused(WrongState, lambda: hand_over(trial, to="SGD03", decision=decision))
    refused(WrongState, lambda: hand_over(trial, decision=replace(decision, on="2026-07-15")))


def test_what_a_hand_over_refuses(trial: Trial) -> None:
    trial.issue(1)
    tomorrow = (trial.now + timedelta(days=1)).date().isoformat()
    decision = custody.HandOver(number="1/QĐ", on=tomorrow, salt=b"s" * 16, act_id=b64(trial.random(16)))
    refused(InputError, lambda: hand_over(trial, decision=decision))
    paper = Book(kind="degree", year="2026", count=9, root=bytes(32))
    refused(InputError, lambda: hand_over(trial, paper=[paper]))
    refused(InputError, lambda: hand_over(trial, paper=[replace(PAPER, kind="transcript")]))
    refused(InputError, lambda: hand_over(trial, paper=[PAPER, PAPER]))
    refused(InputError, lambda: hand_over(trial, request=request(trial, THEIRS, "x")))
    refused(SignatureError, lambda: hand_over(trial, request=replace(request(trial, OURS, "x"), holder="y")))
    refused(AlreadyInRegister, lambda: hand_over(trial, request=request(trial, OURS, THEIRS)))
    refused(NotAllowed, lambda: hand_over(trial, received_by=trial.by("approver")))
    refused(NotAllowed, lambda: hand_over(trial, handed_by=trial.by("approver", THEIRS)))
    refused(WrongState, lambda: hand_over(trial, to=OURS))
    trial.approved(1)
    refused(WrongState, lambda: hand_over(trial))
    assert not Entry.objects.filter(act="custody").exists()


def test_one_person_in_two_bodies_cannot_do_both_halves(trial: Trial) -> None:
    both = trial.by("approver")
    founding.appoint(
        user=both, institution=queries.institution(THEIRS), role="approver", by=trial.people["officer"], now=trial.now
    )
    refused(FourEyes, lambda: hand_over(trial, received_by=both))


def test_everybody_is_told_and_the_trail_names_who_agreed(trial: Trial) -> None:
    hand_over(trial)
    assert {notice.institution.code for notice in Notice.objects.filter(what="register-handed-over") if notice.institution} == {
        OURS, THEIRS,
    }  # fmt: skip
    event = AuditEvent.objects.get(verb="register.handed-over")
    assert event.detail["handed_by"] == f"approver {OURS}"
    assert event.detail["received_by"] == f"approver {THEIRS}"


@pytest.mark.parametrize("count", [0, 1, 2500])
def test_a_book_is_the_same_however_it_is_read(count: int) -> None:
    lines = [bytes([n % 256]) * 31 + bytes([n // 256]) for n in range(count)]
    book = custody._book("degree", "1998", iter(lines))
    assert (book.count, book.root) == (count, root_hash([leaf_hash(line) for line in lines]))
