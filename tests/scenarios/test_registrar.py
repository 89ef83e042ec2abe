"""The stories of the registrar, by their names in the domain study, through the services and to the outside."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sogoc.adapters.sheets import SheetError, read_table
from sogoc.adapters.sheets_faulty import write_faulty
from sogoc.core.clocks import VIETNAM
from sogoc.core.intake import Intake
from sogoc.core.intake.headers import ERRORS
from sogoc.demo.dirty import DirtyFile, Expected, make_dirty
from sogoc.errors import ActRefused, GateRefused, InputError, NotAllowed
from sogoc.register import queries
from sogoc.register.models import Batch, Copy, Row, Seal, SourceFile, Upload
from sogoc.services import batches, blanks, books, choosing, copying, deadlines, finding, gate, numbering, workbench
from sogoc.services.workbench import Said
from tests.services.trial import OURS, Trial, at_once, refused

# -- R2, R3: a dirty file, and nothing invented ----------------------------------------------------------------------------

WHOLE = ("institution", "kind", "level", "decision_number", "decided_on", "awarded_on")
READ_AT = datetime(2026, 7, 1, 2, tzinfo=UTC)


def said_of(one: DirtyFile) -> Said:
    given = dict(one.given)
    _, kind, level, number, decided_on, awarded_on = (given.pop(name) for name in WHOLE)
    decision = batches.Decision(number=number, decided_on=decided_on, total=1000, awarded_on=awarded_on)
    return Said(kind=kind, level=level, decision=decision, given=given)


def upload_of(trial: Trial, one: DirtyFile) -> Upload:
    code = one.given["institution"]
    return workbench.open_upload(
        desk=trial.desk, institution=queries.institution(code), name=one.path.name, content=one.path.read_bytes(),
        said=said_of(one), by=trial.by("preparer", code), now=READ_AT,
    )  # fmt: skip


def check(trial: Trial, upload: Upload) -> Intake:
    found = queries.upload(upload.public_id)
    return workbench.check(
        desk=trial.desk, upload=found, by=trial.by("preparer", found.institution.code), now=READ_AT
    )  # fmt: skip


def already_there(trial: Trial, duplicates: DirtyFile) -> None:
    """A batch that holds what the seventh to ninth person of the seeded file bring again: serial, register number, person."""
    (sheet,) = read_table(duplicates.path)
    header, *people = ([cell if isinstance(cell, str) else cell.text for cell in row] for row in sheet.rows)
    cells = [dict(zip(header, row, strict=False)) for row in people[6:9]]
    records = trial.rows(3, decision_number="398/QĐ-ĐHSG", decided_on="2026-06-05", awarded_on="2026-06-08")
    for number, record in enumerate(records):
        record |= {"serial_number": f"MAU{number}", "register_number": f"M/{number}"}
    records[0]["serial_number"] = cells[0]["Số hiệu VB"]
    records[1]["register_number"] = cells[1]["Số vào sổ"]
    records[2] |= {
        "holder_name": cells[2]["Họ và tên"].lower(), "born_on": "-".join(reversed(cells[2]["Ngày sinh"].split("/"))),
        "personal_id": cells[2]["Số CCCD"],
    }  # fmt: skip
    decision = batches.Decision(number="398/QĐ-ĐHSG", decided_on="2026-06-05", total=3, awarded_on="2026-06-08")
    trial.open(records, decision=decision)


def test_r2_dirty_file(trial: Trial, tmp_path: Path) -> None:
    """Every seeded fault is said of its cell and no other; nothing changes unaccepted; each acceptance is undone; no row doubles."""
    trial.accredit("THPTST03", name="Trường THPT Suối Trăng (mẫu)")
    trial.enrol("preparer THPTST03", "THPTST03", "preparer")
    made = make_dirty(tmp_path)
    already_there(trial, next(one for one in made.files if one.path.name == "21-trung-lap.xlsx"))
    # A list of several decisions is no list of one batch; tests/demo holds what is said of it.
    files = [one for one in made.files if "decision_number" in one.given or one.refused]
    assert len(made.files) - len(files) == 1
    proposals = 0
    for one in files:
        if one.refused:
            kept = SourceFile.objects.count()
            refused(SheetError, lambda one=one: upload_of(trial, one))  # type: ignore[misc]
            assert SourceFile.objects.count() == kept
            continue
        upload = upload_of(trial, one)
        read = check(trial, upload)
        said = [Expected(p.file, p.sheet, p.cell, p.rule, p.after, p.severity) for p in read.problems]
        assert sorted(said, key=str) == sorted(one.expected, key=str), one.path.name
        assert {change.rule for change in read.changes} <= {"nfc", "spaces"}, one.path.name
        who: dict[str, Any] = {"by": trial.by("preparer", upload.institution.code), "now": READ_AT}
        proposed = [problem for problem in read.problems if problem.after is not None]
        proposals += len(proposed)
        if proposed:
            choosing.accept(upload=upload, problems=proposed, **who)
            accepted = check(trial, upload)
            keys = {problem.key for problem in proposed}
            assert keys.isdisjoint({problem.key for problem in accepted.problems})
            choosing.undo(upload=upload, keys=sorted(keys), **who)
            assert check(trial, upload).problems == read.problems
        export = tmp_path / "out" / f"{one.path.stem}.xlsx"
        export.parent.mkdir(exist_ok=True)
        workbench.export_faulty(
            desk=trial.desk, upload=queries.upload(upload.public_id), write=partial(write_faulty, export), **who
        )  # fmt: skip
        if read.faulty:
            heads = {layout.sheet or "Danh sách": layout.top for layout in read.layouts}
            for sheet in read_table(export):
                top = [[cell if isinstance(cell, str) else cell.text for cell in row] for row in sheet.rows][
                    : len(heads[sheet.name])
                ]
                assert [cell for cell in top[-1] if cell != ERRORS] == [
                    cell for cell in heads[sheet.name][-1] if cell != ERRORS
                ]
                assert ERRORS in top[-1]
        assert upload_of(trial, one).pk == upload.pk, "the same file again is the same upload"
    assert proposals > 50
    assert (Batch.objects.count(), Row.objects.count()) == (1, 3), "no seeded file came into the register"


SCHOOL = ("Họ và tên", "Ngày sinh", "Nơi sinh", "Giới tính", "Dân tộc", "Xếp loại", "Số hiệu VB", "Số vào sổ")
PUPIL = ("Y Mẫu Niê", "17/08/2008", "Đắk Lắk", "Nam", "Ê-đê", "Giỏi", "B0012345", "2026/0001")


def test_r3_no_invention(trial: Trial) -> None:
    """Where the law asks for people and gender, an empty cell stays empty and keeps the list out; nobody is Kinh or Nam by default."""
    decision = batches.Decision(number="58/QĐ", decided_on="2026-06-01", total=2, awarded_on="2026-06-15")
    given = {
        "institution_name": "Trường THPT Mẫu", "school": "Trường THPT Mẫu", "title": "Bằng tốt nghiệp trung học phổ thông",
        "programme": "THPT", "mode": "full-time", "issued_at": "Đắk Lắk", "signer_name": "Lò Thị Mẫu",
        "signer_title": "Hiệu trưởng",
    }  # fmt: skip
    said = Said(kind="school-diploma", level="upper-secondary", decision=decision, given=given)

    def taken(*rows: tuple[str, ...]) -> tuple[Intake, Batch | None]:
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows([SCHOOL, *rows])
        who: dict[str, Any] = {"by": trial.by("preparer"), "now": trial.now}
        upload = workbench.open_upload(
            desk=trial.desk, institution=queries.institution(OURS), name="12a1.csv", content=text.getvalue().encode(), said=said,
            **who,
        )  # fmt: skip
        read = workbench.check(desk=trial.desk, upload=upload, **who)
        for rule in {one.rule for one in read.problems if one.after is not None}:
            choosing.accept_rule(upload=upload, rule=rule, **who)
        return workbench.open_batch(desk=trial.desk, upload=queries.upload(upload.public_id), **who)

    other = ("Nguyễn Thị Mẫu", "05/02/2008", "Huế", "Nữ", "Kinh", "Khá", "B0012346", "2026/0002")
    for column in (3, 4):
        empty = (*other[:column], "", *other[column + 1 :])
        read, batch = taken(PUPIL, empty)
        assert batch is None
        assert [(one.column, one.rule, one.before, one.after) for one in read.problems] == [
            (SCHOOL[column], "missing", "", None)
        ]
        assert list(read.changes) == []
    assert Row.objects.count() == 0
    read, batch = taken(PUPIL, other)
    assert batch is not None, [(one.cell, one.rule) for one in read.problems]


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
    refusal = refused(ActRefused, lambda: trial.reissue(row, "SG900001", ground="lost-original"))
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


# -- R1, R4, R5: a clean list, its numbers, and its blanks ------------------------------------------------------------------


def test_r1_import_clean_list_of_1204(trial: Trial) -> None:
    """1,204 rows: counts per programme, numbers 0001…1204/ĐH/2026 in a draft, and nothing final before a second person."""
    number = "1256/QĐ-ĐHCN"
    decision = batches.Decision(number=number, decided_on="2026-06-15", total=1204, awarded_on="2026-07-01")
    numbering.set_template(
        institution=queries.institution(OURS), kind="degree", template="{number:04}/{mark}/{year}", by=trial.by("approver"),
        now=trial.now,
    )  # fmt: skip
    said = {"decision_number": number, "decided_on": "2026-06-15", "awarded_on": "2026-07-01"}
    law = {"programme": "7380101", "programme_name": "Luật"}
    batch = trial.open(trial.rows(1000, **said) + trial.rows(204, **said, **law), decision=decision)
    numbers = list(batch.rows.order_by("position").values_list("register_number", flat=True))
    assert (numbers[0], numbers[-1], len(set(numbers))) == ("0001/ĐH/2026", "1204/ĐH/2026", 1204)
    found = gate.examine(batch, now=trial.now)
    assert found.refusals == ()
    assert found.tally == {("7480201", "full-time", ""): 1000, ("7380101", "full-time", ""): 204}
    trial.submit(batch)
    refused(NotAllowed, lambda: batches.approve(batch=batch, by=trial.by("preparer"), now=trial.now))
    assert not Seal.objects.exists()
    trial.approve(batch)
    trial.advance()
    assert Seal.objects.count() == 1204
    trial.assert_right()


def test_r4_numbering_by_two_clerks_and_over_new_year(committed: Trial) -> None:
    """Two clerks at once: no duplicate, no gap; a cancelled draft's numbers are void; on 1 January numbers begin anew."""
    trial = committed
    lists = [trial.rows(4), trial.rows(4)]
    first, second = (one for one in at_once(*[partial(trial.open, rows) for rows in lists]) if isinstance(one, Batch))
    book = numbering.Book(institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026")
    assert list(book.rows().order_by("number").values_list("number", flat=True)) == list(range(1, 9))
    batches.discard(batch=first, by=trial.by("preparer"), now=trial.now, reason="lập trùng danh sách")
    assert {void.reason for void in book.voids()} == {"lập trùng danh sách"}
    trial.approve(trial.submit(second))
    assert not book.gaps()
    trial.now = datetime(2027, 1, 4, 2, tzinfo=UTC)
    said: dict[str, Any] = {"decision_number": "1/QĐ", "decided_on": "2026-12-31", "awarded_on": "2027-01-02"}
    decision = batches.Decision(number="1/QĐ", decided_on="2026-12-31", total=2, awarded_on="2027-01-02")
    later = trial.approve(trial.submit(trial.open(2, decision=decision, **said)))
    rows = later.rows.order_by("position")
    assert list(rows.values_list("number", flat=True)) == [1, 2]
    assert list(rows.values_list("serial_value", flat=True)) == [9, 10]


def test_r5_blank_spoiled_and_printed_again(trial: Trial) -> None:
    """B0012345 is misprinted: minutes first, then printed on B0012346; the equation holds all the time."""
    ours, by, now = queries.institution(OURS), trial.by("preparer"), trial.now
    run = blanks.SerialRun.read("B0012001", "B0012400")
    blanks.receive(institution=ours, kind="degree", run=run, on="2026-07-01", by=by, now=now)
    batch = trial.open(trial.rows(1, serial_number="B0012345"))
    (row,) = batch.rows.all()
    who: dict[str, Any] = {
        "institution": ours, "kind": "degree", "by": by, "confirmed_by": trial.by("approver"), "now": now,
    }  # fmt: skip
    bad = blanks.SerialRun.read("B0012345")
    without = blanks.Minutes(number="", on="2026-07-16", reason="in lệch")
    refused(InputError, lambda: blanks.spoil(run=bad, minutes=without, **who))
    minutes = blanks.Minutes(number="03/BB-HĐXL", on="2026-07-16", reason="in lệch")
    blanks.spoil(run=bad, minutes=minutes, **who)
    assert blanks.account(ours, "degree", "B#7").balances
    assert refused(GateRefused, lambda: trial.submit(batch)).rule == "blank"
    blanks.exchange(row=row, serial="B0012346", by=by, now=now)
    trial.approve(trial.submit(batch))
    trial.advance()
    lost = blanks.SerialRun.read("B0012400")
    refused(InputError, lambda: blanks.lose(run=lost, minutes=minutes, police_notice_at=None, **who))
    blanks.lose(run=lost, minutes=minutes, police_notice_at=now, **who)
    found = blanks.account(ours, "degree", "B#7")
    counts = [
        len(one) for one in (found.received, found.issued, found.spoiled, found.lost, found.destroyed, found.stock)
    ]
    assert counts == [400, 1, 1, 1, 0, 397]
    assert found.balances
    trial.assert_right()
