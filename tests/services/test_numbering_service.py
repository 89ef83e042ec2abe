"""Register numbers: allotted in order, never twice, never left out; void with a reason; anew each year."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from sogoc.core.blanks import Runs
from sogoc.errors import AlreadyInRegister, GateRefused, InputError, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.histories import places
from sogoc.register.models import AuditEvent, Batch, VoidNumber
from sogoc.services import batches, blanks, gate, numbering
from sogoc.services.numbering import Book
from tests.services.trial import DECISION, OURS, Trial, at_once, refused


@pytest.fixture
def book(trial: Trial) -> Book:
    return Book(institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026")


def numbers(batch: Batch) -> list[int | None]:
    return list(batch.rows.order_by("position").values_list("number", flat=True))


def void(
    trial: Trial, book: Book, *which: int, reason: str = "trang sổ bị rách", why: str = "page"
) -> list[VoidNumber]:
    return numbering.void(
        book=book, numbers=which, why=why, reason=reason, on="2026-07-16", by=trial.by("preparer"), now=trial.now
    )


def test_books_and_audits_print_a_closed_word_and_no_free_text(trial: Trial, book: Book) -> None:
    """A reason could name a person, and what a book printed is never erased."""
    refused(InputError, lambda: void(trial, book, 1, why="in nhầm tên Y Moan"))
    void(trial, book, 1, reason="in nhầm tên Y Moan")
    (place,) = places(book.institution, kind=book.kind, level=book.level, year=book.year)
    assert place.void == "trang sổ hỏng"
    assert "Moan" not in str([event.detail for event in AuditEvent.objects.all()])


def test_numbers_are_given_in_the_order_of_the_file(trial: Trial, book: Book) -> None:
    assert numbers(trial.open(3)) == [1, 2, 3]
    assert numbers(trial.open(2)) == [4, 5]
    assert book.gaps() == Runs()


def test_a_number_of_a_discarded_draft_is_void_with_the_reason(trial: Trial, book: Book) -> None:
    first, second = trial.open(2), trial.open(2)
    discard: dict[str, Any] = {"by": trial.by("preparer"), "now": trial.now}
    refused(InputError, lambda: batches.discard(batch=first, **discard))
    batches.discard(batch=first, reason="nhập nhầm lớp", **discard)
    assert [(one.number, one.reason) for one in book.voids().order_by("number")] == [
        (1, "nhập nhầm lớp"),
        (2, "nhập nhầm lớp"),
    ]
    trial.approve(trial.submit(second))
    assert numbers(trial.open(1)) == [5]
    assert not book.gaps()


def test_the_gate_names_every_row_whose_number_became_void(trial: Trial, book: Book) -> None:
    """The service refuses to void what a row bears; what another hand wrote into the register is found all the same."""
    batch = trial.open(5)
    for number in (4, 2, 9):
        VoidNumber.objects.create(
            institution=book.institution, kind=book.kind, level=book.level, year=book.year, number=number,
            register_number=str(number), why="page", reason="trang sổ bị rách", at=trial.now, by=trial.by("preparer"),
        )  # fmt: skip
    found = {one.rule: one for one in gate.examine(batch, now=trial.now).refusals}
    assert found["number-twice"].count == 2
    assert found["number-twice"].cells == tuple(
        batch.rows.filter(number__in=[2, 4]).order_by("position").values_list("cell", flat=True)
    )


def test_numbers_of_the_file_itself_are_free_again(trial: Trial, book: Book) -> None:
    own = trial.open([row | {"register_number": f"2026/{place}"} for place, row in enumerate(trial.rows(2), 1)])
    batches.discard(batch=own, by=trial.by("preparer"), now=trial.now)
    assert not book.voids().exists()
    assert numbers(trial.open(2)) == [1, 2]


def test_numbers_begin_anew_on_new_years_day_and_serials_do_not(trial: Trial) -> None:
    trial.approved(3)
    trial.later(days=180)
    following = replace(DECISION, number="1/QĐ", decided_on="2026-12-30", awarded_on="2027-01-01")
    said: dict[str, Any] = {"decision_number": "1/QĐ", "decided_on": "2026-12-30", "awarded_on": "2027-01-01"}
    batch = trial.approve(trial.submit(trial.open(2, decision=following, **said)))
    assert numbers(batch) == [1, 2]
    assert list(batch.rows.order_by("position").values_list("serial_value", flat=True)) == [4, 5]


def test_a_book_of_each_kind_level_and_institution(trial: Trial) -> None:
    trial.open(2)
    masters = trial.open(trial.rows(1, level="master"), level="master")
    theirs = trial.open(1, "DHTC02")
    assert numbers(masters) == numbers(theirs) == [1]


def test_a_number_is_void_once_and_never_one_that_a_row_bears(trial: Trial, book: Book) -> None:
    trial.open(2)
    refused(AlreadyInRegister, lambda: void(trial, book, 2))
    refused(InputError, lambda: void(trial, book, 3, reason=" "))
    refused(InputError, lambda: void(trial, book, 5))  # 3 and 4 would be left out
    void(trial, book, 3, 4)
    refused(AlreadyInRegister, lambda: void(trial, book, 4))
    assert numbers(trial.open(1)) == [5]
    refused(NotAllowed, lambda: numbering.void(
        book=book, numbers=[6], why="other", reason="x", on="2026-07-16", by=trial.by("approver"), now=trial.now
    ))  # fmt: skip


def test_a_void_number_comes_in_no_file(trial: Trial, book: Book) -> None:
    void(trial, book, 1)
    row = trial.rows(1, register_number="2026/0001")
    refused(AlreadyInRegister, lambda: trial.open(row))


def test_a_gap_is_closed_by_the_draft_before_it_or_by_voids(trial: Trial, book: Book) -> None:
    late = trial.open([row | {"register_number": f"2026/{place}"} for place, row in enumerate(trial.rows(2), 3)])
    assert refused(GateRefused, lambda: trial.submit(late)).refusals[0].facts == {"missing": 2, "year": "2026"}
    void(trial, book, 1, 2)
    trial.approve(trial.submit(late))


def test_an_institution_writes_numbers_its_own_way(trial: Trial) -> None:
    how: dict[str, Any] = {"institution": queries.institution(OURS), "kind": "degree", "now": trial.now}
    for form in ("{year}{number}", "{mark}", "{number}{number}"):
        refused(InputError, partial(numbering.set_template, template=form, by=trial.by("approver"), **how))
    refused(NotAllowed, lambda: numbering.set_template(template="{number}/{year}", by=trial.by("preparer"), **how))
    numbering.set_template(template="{number:03}/{mark}/{year}", by=trial.by("approver"), **how)
    assert trial.open(1).rows.get().register_number == "001/ĐH/2026"


def test_two_clerks_at_once_get_neither_one_number_nor_leave_one_out(committed: Trial) -> None:
    trial = committed
    rows = [trial.rows(3) for _ in range(6)]
    at_once(*[partial(trial.open, each) for each in rows])
    book = Book(institution=queries.institution(OURS), kind="degree", level="bachelor", year="2026")
    assert list(book.rows().order_by("number").values_list("number", flat=True)) == list(range(1, 19))


def test_serials_are_the_next_blanks_in_stock(trial: Trial) -> None:
    taken = trial.rows(1)
    trial.open(taken)
    rows = [{name: value for name, value in row.items() if name != "serial_number"} for row in trial.rows(3)]
    batch = trial.open(rows, allot_serials=True)
    assert list(batch.rows.order_by("position").values_list("serial_number", flat=True)) == [
        "SG000002", "SG000003", "SG000004",
    ]  # fmt: skip
    trial.approve(trial.submit(batch))


def test_more_serials_than_blanks_are_refused(trial: Trial) -> None:
    trial.accredit("DHDT09", name="Trường Chín")
    trial.enrol("preparer DHDT09", "DHDT09", "preparer")
    institution = queries.institution("DHDT09")
    refused(WrongState, lambda: blanks.next_free(institution, "degree", 10**7))
