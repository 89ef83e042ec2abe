"""The stories of the registrar, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from sogoc.core.clocks import VIETNAM
from sogoc.errors import ActRefused
from sogoc.register import queries
from sogoc.register.models import Copy, Row
from sogoc.services import batches, books, copying, deadlines, finding
from tests.services.trial import OURS, Trial, refused


def asked(trial: Trial, row: Row, at: datetime, **how: Any) -> Copy:
    trial.now = max(trial.now, at)
    return copying.request(
        institution=queries.institution(OURS), row=row, recipient="Trần Đức Hiếu", relation="holder", copies=1,
        received_at=at, by=trial.by("preparer"), now=trial.now, **how,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "how", "due"),
    [
        ((2026, 9, 11, 14, 59), {}, "2026-09-11"),  # Friday
        ((2026, 9, 11, 15, 1), {}, "2026-09-14"),
        ((2027, 2, 4, 16, 0), {}, "2027-02-12"),  # the last hour before Tết
        ((2026, 9, 11, 10, 0), {"difficult": True}, "2026-09-15"),
        ((2026, 9, 11, 10, 0), {"difficult": True, "profile": "commune"}, "2026-09-14"),
    ],
)
def test_r6_copy_clock(trial: Trial, at: tuple[int, ...], how: dict[str, Any], due: str) -> None:
    """A request of 14:59 is due the same day, one of 15:01 on the next working day, and hard ones get the days of the law."""
    (row,) = trial.issue(1)
    copy = asked(trial, row, datetime(*at, tzinfo=VIETNAM), **how)  # type: ignore[misc,arg-type]
    assert copy.due_on == due
    issued = copying.issue(number=copy.pk, by=trial.by("preparer"), now=trial.now)
    assert books.face_of(issued)[1].number == f"01/{at[0]}"


def test_r7_correction(trial: Trial) -> None:
    """An extract of corrected civil status, a decision, a new version; the diploma stays, and nobody is shown what it was."""
    (row,) = trial.issue(trial.rows(1, holder_name="Đặng Quốc Thịnh", born_on="2001-11-17"))
    printed = bytes(row.record)
    newer = trial.amend(row, number="45/QĐ-ĐHCN", ground="civil-status-change", holder_name="Đặng Quốc Thính")
    trial.advance()
    assert bytes(queries.row_by_serial(OURS, row.serial_number).record) == bytes(newer.record)
    row.refresh_from_db()
    assert bytes(row.record) == printed

    before, after = trial.verify(row), trial.verify(newer)
    assert (before.verdict, after.verdict) == ("superseded", "valid")
    assert any("45/QĐ-ĐHCN" in finding.vi for finding in before.checks[7].findings)
    assert [(note.code, note.vi) for note in after.notes] == [("amended", "có quyết định chỉnh sửa ngày 2026-07-16")]

    (page,) = books.appendix(
        books.Which(institution=row.institution, kind="degree", level="bachelor", year="2026"),
        by=trial.by("approver"), now=trial.now,
    )  # fmt: skip
    (line,) = page.rows
    assert "Chỉnh sửa theo QĐ số 45/QĐ-ĐHCN ngày 16/07/2026" in line

    def found(name: str, on_behalf_of: str) -> list[Row]:
        wanted = finding.Wanted(name=name, born_on="2001-11-17")
        answer = finding.find(
            wanted, institution=row.institution, on_behalf_of=on_behalf_of, by=trial.by("preparer"), now=trial.now
        )
        return list(answer.rows)

    assert found("Đặng Quốc Thính", "employer") == [newer]
    assert found("Đặng Quốc Thịnh", "holder") == found("Đặng Quốc Thịnh", "authority") == [newer]


def test_r8_lost_original(trial: Trial) -> None:
    """A lost original is never issued again: the refusal names the law, and the copy that it offers is issued."""
    (row,) = trial.issue(1)
    refusal = refused(ActRefused, lambda: trial.reissue(row, "SG900001", "2026/9001", ground="lost-original"))
    assert refusal.rule == "lost-original"
    assert refusal.legal_basis == "Thông tư 10/2026/TT-BGDĐT"
    assert "bản sao" in (refusal.mend_vi or "")
    copy = asked(trial, row, trial.now)
    assert copying.issue(number=copy.pk, by=trial.by("preparer"), now=trial.now).number == 1


def test_r9_clocks(trial: Trial) -> None:
    """The digital diploma is due five working days after the decision, the paper thirty days after it."""
    decision = batches.Decision(number="1256/QĐ-ĐHCN", decided_on="2026-08-27", total=3, awarded_on="2026-09-01")
    rows = trial.rows(
        3, decision_number=decision.number, decided_on=decision.decided_on, awarded_on=decision.awarded_on
    )
    trial.issue(rows[:2], decision=decision)

    def due(**options: Any) -> dict[str, deadlines.Deadline]:
        found = deadlines.of(queries.institution(OURS), by=trial.by("approver"), **options)
        return {one.what: one for one in found if one.subject == decision.number}

    # From Thursday, over two weekends and the days off from 31 August to 2 September.
    assert {what: (one.due_on, one.detail) for what, one in due().items()} == {
        "digital-diploma": ("2026-09-08", "2/3"),
        "paper-diploma": ("2026-09-26", "2/3"),
    }
    assert due()["digital-diploma"].is_late("2026-09-09")
    assert not due()["digital-diploma"].is_late("2026-09-08")
    trial.issue(rows[2:], decision=decision)
    assert due() == {}
    assert not due(done_too=True)["paper-diploma"].open
