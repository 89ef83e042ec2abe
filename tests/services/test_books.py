"""The legal books as the register gives them: order, notes, voids, and who may read them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pypdf import PdfReader

from sogoc.adapters import books_pdf
from sogoc.core.books import Page
from sogoc.core.exchange import from_national
from sogoc.core.reconcile import Kind, Source, of_national
from sogoc.core.record import DEGREE
from sogoc.core.verify import verify_bytes
from sogoc.errors import InputError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Copy, Row, Seal, VoidNumber
from sogoc.register.records import record_of
from sogoc.services import books, exchanging, reconciling
from sogoc.services.books import Which
from sogoc.services.delivery import Counter
from tests.services.trial import DECISION, OURS, Trial, fresh, refused


def which(**changes: str) -> Which:
    said = {"kind": "degree", "level": "bachelor", "year": "2026"} | changes
    return Which(institution=queries.institution(OURS), **said)


def register(trial: Trial, **changes: str) -> list[Page]:
    return list(books.register(which(**changes), by=trial.by("preparer"), now=trial.now))


def column(pages: list[Page], key: str) -> list[str]:
    place = [one.key for one in pages[0].layout.columns].index(key)
    return [row[place] for page in pages for row in page.rows]


def void(trial: Trial, number: int, why: str = "misprint") -> None:
    VoidNumber.objects.create(
        institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026", number=number,
        register_number=f"2026/{number:04d}", why=why, reason="viết nhầm tên bà Niê Mẫu", at=trial.now, by=trial.by("approver"),
    )  # fmt: skip


def test_the_register_lists_every_number_of_the_year_in_order_and_voids_in_their_place(trial: Trial) -> None:
    trial.issue(3)
    void(trial, 4)
    trial.open(2, decision=DECISION)  # a draft stands in no book
    pages = register(trial)
    assert column(pages, "register_number") == ["2026/0001", "2026/0002", "2026/0003", "2026/0004"]
    assert column(pages, "note")[3] == "Bỏ số: in, ghi sai"
    assert pages[0].heading.institution == "Trường Đại học Sông Gốc"
    assert pages[0].facts[0].startswith("Bằng cử nhân. Quyết định công nhận tốt nghiệp số 412/QĐ-ĐHSG")
    assert pages[-1].carried.said(pages[-1].layout) == "3 văn bằng, 1 số bỏ"
    assert column(register(trial, year="2025"), "line") == []


def test_each_decision_begins_a_page_and_a_void_number_stays_with_the_list_around_it(trial: Trial) -> None:
    later = type(DECISION)(number="9/QĐ", decided_on="2026-07-01", total=10, awarded_on="2026-07-15")
    void(trial, 1)
    next(trial.serials)
    trial.issue(1)
    trial.issue(1, decision=later, decision_number="9/QĐ", decided_on="2026-07-01")
    pages = register(trial)
    assert [len(page.rows) for page in pages] == [2, 1]
    assert [page.ends_section for page in pages] == [True, True]
    assert "9/QĐ" in pages[1].facts[0]
    assert column(pages, "line") == ["1", "2", "3"]


def test_a_note_names_the_decision_and_the_line_stays_as_it_was_first_recorded(trial: Trial) -> None:
    (row, other) = trial.issue(2, gender="male")
    trial.amend(row, gender="female", number="88/QĐ")
    trial.advance()
    trial.act("suspend", other, number="77/QĐ")
    trial.advance()
    pages = register(trial)
    assert column(pages, "note") == [
        "Có QĐ chỉnh sửa số 88/QĐ ngày 16/07/2026, xem phụ lục",
        "Tạm dừng hiệu lực, QĐ số 77/QĐ ngày 16/07/2026",
    ]
    assert column(pages, "gender") == ["Nam", "Nam"]


def test_the_appendix_shows_what_changed_only_when_asked(trial: Trial) -> None:
    (row,) = trial.issue(1, gender="male")
    trial.amend(row, gender="female", number="88/QĐ")
    trial.advance()

    def content(*, show: bool) -> list[str]:
        pages = books.appendix(which(), by=trial.by("approver"), now=trial.now, show_changes=show)
        return column(list(pages), "content")

    assert content(show=False) == ["Chỉnh sửa theo QĐ số 88/QĐ ngày 16/07/2026"]
    assert content(show=True) == ["Chỉnh sửa theo QĐ số 88/QĐ ngày 16/07/2026; Giới tính: từ “Nam” thành “Nữ”"]


def test_a_reissue_has_a_line_in_the_register_and_one_in_the_appendix(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.reissue(row, "SG900001")
    trial.advance()
    pages = register(trial)
    notes = column(pages, "note")
    assert column(pages, "serial_number") == ["SG000001", "SG900001"]
    assert notes[0].startswith("Đã cấp lại, QĐ số 90/QĐ ngày 16/07/2026")
    assert notes[1] == "Cấp lại, thay số hiệu SG000001, xem phụ lục"
    appendix = list(books.appendix(which(), by=trial.by("approver"), now=trial.now))
    assert column(appendix, "new_serial_number") == ["SG900001"]
    assert column(appendix, "new_register_number") == ["2026/0002"]


def test_what_came_to_the_log_late_says_so(trial: Trial) -> None:
    trial.later(days=60)
    trial.issue(1)
    assert column(register(trial), "note") == ["Ghi muộn ngày 14/09/2026"]


def test_what_was_erased_leaves_its_number(trial: Trial) -> None:
    (row, _other) = trial.issue(2)
    erased(row)
    pages = register(trial)
    assert column(pages, "register_number") == ["2026/0001", "2026/0002"]
    assert column(pages, "holder_name")[0] == ""
    assert "đã xóa" in column(pages, "note")[0]


def erased(row: Row) -> None:
    Row.objects.filter(pk=row.pk).update(
        record=b"", name_key="", born_on="", erased_at=datetime(2026, 7, 16, tzinfo=UTC)
    )
    Seal.objects.filter(row=row).update(secret=None, signature=None)


def test_only_who_may_read_diplomas_reads_a_book_and_it_is_noted(trial: Trial) -> None:
    trial.issue(1)
    refused(NotAllowed, lambda: books.register(which(), by=trial.by("preparer", "DHTC02"), now=trial.now))
    register(trial)
    [noted] = AuditEvent.objects.filter(verb="book.read")
    assert noted.subject == "DHSG01 degree bachelor 2026"
    assert noted.detail == {"book": "register"}


def test_a_book_asks_the_database_as_often_for_many_lines_as_for_few(trial: Trial) -> None:
    trial.issue(3, decision=DECISION)
    with CaptureQueriesContext(connection) as few:
        assert len(column(register(trial), "line")) == 3
    trial.issue(40)
    with CaptureQueriesContext(connection) as many:
        assert len(column(register(trial), "line")) == 43
    assert len(many) == len(few)


# -- copies -----------------------------------------------------------------------------------------------------------


def copied(trial: Trial, row: Row, number: int | None, **changes: Any) -> Copy:
    said = {
        "institution": row.institution, "row": row, "requested_at": trial.now, "due_on": "2026-07-16", "recipient": "Y Mẫu",
        "relation": "holder", "copies": 2, "year": "2026", "number": number, "issued_on": "2026-07-16",
        "issued_by": trial.by("approver"), "taken_by": trial.by("preparer"),
    }  # fmt: skip
    return Copy.objects.create(**(said | changes))


def test_the_copy_book_lists_the_copies_of_the_year_by_number(trial: Trial) -> None:
    (row, other) = trial.issue(2)
    copied(trial, other, 2)
    copied(trial, row, 1)
    copied(trial, row, 1, year="2025", issued_on="2025-07-16")
    copied(trial, row, None, year=None, issued_on=None, issued_by=None)
    pages = list(
        books.copy_book(institution=queries.institution(OURS), year="2026", by=trial.by("preparer"), now=trial.now)
    )
    assert column(pages, "copy_number") == ["01/2026", "02/2026"]
    assert column(pages, "recipient") == ["Y Mẫu (chính người được cấp bản chính)"] * 2
    assert pages[0].total.said(pages[0].layout) == "2 lần cấp, 4 bản sao"


class Press:
    """A printer that signs nothing, to see what would have been signed."""

    def __init__(self) -> None:
        self.signed: list[bytes] = []

    def render(self, *_: object, **__: object) -> bytes:
        raise AssertionError("a copy is not a diploma")

    def sign(self, pdf: bytes, **_: object) -> bytes:
        self.signed.append(pdf)
        return pdf


def test_a_copy_shows_the_register_as_it_stands_and_its_evidence_verifies(trial: Trial) -> None:
    (row,) = trial.issue(1, holder_name="Đặng Quốc Thịnh")
    one = copied(trial, row, 7)
    trial.amend(row, holder_name="Đặng Quốc Thính", number="88/QĐ")
    trial.advance()
    press = Press()
    pdf = books.printed_copy(
        books.issued_copy(queries.institution(OURS), year="2026", number=7), counter=Counter(trial.log),
        binder=books_pdf, printer=press, keyring=trial.keyring, by=trial.by("preparer"), now=trial.now,
    )  # fmt: skip
    assert press.signed == [pdf]
    reader = PdfReader(io.BytesIO(pdf))
    text = " ".join(reader.pages[0].extract_text().split())
    assert "Đặng Quốc Thính" in text
    assert "Đặng Quốc Thịnh" not in text
    assert "Có QĐ chỉnh sửa số 88/QĐ" in text
    assert "07/2026" in text
    policy = trial.policy(Counter(trial.log).head)
    report = verify_bytes(reader.attachments["evidence.json"][0], policy, trial.now)
    assert report.verdict == "valid"
    assert report.claims["holder_name"] == "Đặng Quốc Thính"
    assert one.number == 7


def test_there_is_no_copy_that_was_not_issued(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(InputError, lambda: books.issued_copy(row.institution, year="2026", number=1))
    waiting = copied(trial, row, None, year=None, issued_on=None, issued_by=None)
    with pytest.raises(WrongState, match="not issued"):
        books.printed_copy(
            waiting, counter=Counter(trial.log), binder=books_pdf, printer=Press(), keyring=trial.keyring,
            by=trial.by("preparer"), now=trial.now,
        )  # fmt: skip


# -- exchange ---------------------------------------------------------------------------------------------------------


def exported(trial: Trial, **given: str) -> list[exchanging.Outgoing]:
    return list(exchanging.export(which(), given=given, by=trial.by("preparer"), now=trial.now))


def test_an_export_has_the_newest_versions_and_says_when_each_came_to_the_log(trial: Trial) -> None:
    (row, _other) = trial.issue(2, gender="male")
    newer = trial.amend(row, gender="female", number="88/QĐ")
    trial.advance()
    one, two = exported(trial, thong_tu="27/2019")
    assert one.exported is not None
    assert two.exported is not None
    back = from_national(one.exported.values)
    assert back.record == record_of(fresh(newer))
    assert back.rest == {
        "thong_tu": "27/2019",
        "ngay_tao_vbcc": "16/07/2026",
        "ghi_chu": "Có QĐ chỉnh sửa số 88/QĐ ngày 16/07/2026",
    }
    assert "ghi_chu" not in two.exported.values


def test_what_has_no_place_in_an_export_is_named(trial: Trial) -> None:
    (row, gone, _kept) = trial.issue(3)
    trial.reissue(row, "SG900001")
    trial.advance()
    erased(gone)
    found = exported(trial)
    assert [(one.register_number, one.left_out) for one in found] == [
        ("2026/0001", "reissued"), ("2026/0002", "erased"), ("2026/0003", ""), ("2026/0004", ""),
    ]  # fmt: skip


def test_nothing_is_given_that_the_register_says(trial: Trial) -> None:
    trial.issue(1)
    refused(InputError, lambda: exported(trial, ho_va_ten="Ai Đó"))
    refused(
        NotAllowed,
        lambda: exchanging.export(which(), given={}, by=trial.by("preparer", "DHTC02"), now=trial.now),
    )


# -- reconciliation ---------------------------------------------------------------------------------------------------


def test_the_register_agrees_with_its_own_export_and_with_what_was_erased_by_its_numbers(trial: Trial) -> None:
    (_, gone, row) = trial.issue(3)
    national = [(one.register_number, one.exported.values) for one in exported(trial) if one.exported is not None]
    read = of_national(national, schema=DEGREE)
    found = reconciling.against(which(), paper=None, national=read.table, by=trial.by("preparer"), now=trial.now)
    assert (found.clean, found.agreed) == (True, 3)
    erased(gone)
    trial.reissue(row, "SG900001")
    trial.advance()
    found = reconciling.against(which(), paper=None, national=read.table, by=trial.by("preparer"), now=trial.now)
    erasure, reissue = found.findings
    assert (erasure.kind, erasure.places[Source.REGISTER]) == (Kind.DIFFERENT, ("2026/0002",))
    assert {"holder_name", "born_on"} <= {one.field for one in erasure.differences}, "the nation still holds the data"
    assert (reissue.kind, reissue.places[Source.REGISTER]) == (Kind.DIFFERENT, ("2026/0004",))
    assert {one.field for one in reissue.differences} == {"serial_number", "register_number"}


def test_only_who_may_read_diplomas_reconciles(trial: Trial) -> None:
    by = trial.by("preparer", "DHTC02")
    refused(NotAllowed, lambda: reconciling.against(which(), paper=None, national=None, by=by, now=trial.now))
