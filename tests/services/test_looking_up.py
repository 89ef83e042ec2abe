"""A number is looked up with the name of its holder: what is answered, and what nobody learns."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from sogoc.adapters.memory import MemoryErasures
from sogoc.core import lookup
from sogoc.core.lookup import Code
from sogoc.core.numbering import parse_serial
from sogoc.core.report import Verdict
from sogoc.errors import UnavailableError
from sogoc.register import by_number, queries
from sogoc.register.models import Batch, Checkpoint, Entry, Row, WrongNames
from sogoc.services import erasing, looking_up
from sogoc.services.looking_up import Answer, TooManyNames
from tests.services.keeping import cut
from tests.services.trial import NAMES, OURS, THEIRS, Trial, at_once, fresh, refused

NAME = "Nguyễn Thị Thuý Hoà"
WRONG = "Nguyễn Thị Thuý"


def ask(
    trial: Trial, number: str, name: str = NAME, *, code: str = OURS, asker: bytes | None = None
) -> Answer:  # fmt: skip
    return looking_up.look_up(lookup.read(code, number, name), asker=asker, now=trial.now)


def issue(trial: Trial) -> Row:
    (row,) = trial.issue(trial.rows(1, holder_name=NAME))
    return row


# -- what is found ------------------------------------------------------------------------------------------------------


def test_a_number_and_a_name_that_belong_together(trial: Trial) -> None:
    row = issue(trial)
    trial.issue(3)
    head = queries.newest_head()
    assert head is not None
    answer = ask(trial, row.serial_number)
    assert (answer.code, answer.size) == (Code.STANDS, head.size)
    state = queries.newest_state()
    assert state is not None
    assert answer.at == state.at
    for number in (row.serial_number.lower(), f" {row.serial_number} ", row.register_number):
        assert ask(trial, number, "NGUYỄN  THỊ THÚY HÒA").code is Code.STANDS
    assert ask(trial, row.serial_number, WRONG).code is Code.ANOTHER_NAME
    assert ask(trial, row.register_number, WRONG).code is Code.ANOTHER_NAME


def test_institutions_are_chosen_by_name(trial: Trial) -> None:
    assert looking_up.institutions() == ()
    issue(trial)
    assert looking_up.institutions() == ((OURS, NAMES[OURS]), (THEIRS, NAMES[THEIRS]))


def test_what_is_not_there(trial: Trial) -> None:
    row = issue(trial)
    assert ask(trial, "SG777777").code is Code.NO_NUMBER
    assert ask(trial, "2026/7777").code is Code.NO_NUMBER
    assert ask(trial, "số bảy").code is Code.NO_NUMBER
    assert ask(trial, row.serial_number, code=THEIRS).code is Code.NO_NUMBER
    assert ask(trial, row.serial_number, code="DHKHONG").code is Code.NO_INSTITUTION


@pytest.mark.parametrize("serial", ["PH 12/34", "PH", "Phôi thứ nhất", "1998"])
def test_a_serial_number_of_any_form_is_found(trial: Trial, serial: str) -> None:
    trial.issue(trial.rows(1, holder_name=NAME, serial_number=serial), provenance="B")
    assert ask(trial, serial).code is Code.STANDS
    assert ask(trial, serial, WRONG).code is Code.ANOTHER_NAME


@pytest.mark.parametrize("number", ["2026/7777", "7777/2025", "7777", "7777/TC", "2025/2026", "Sổ 7, trang 12"])
def test_a_register_number_of_any_form_is_found_without_the_year(trial: Trial, number: str) -> None:
    (row,) = trial.issue(trial.rows(1, holder_name=NAME, register_number=number), provenance="B")
    assert ask(trial, number).code is Code.STANDS
    assert ask(trial, number, WRONG).code is Code.ANOTHER_NAME
    assert row.register_number == number


def test_a_number_that_two_people_bear_is_told_apart_by_the_name(trial: Trial) -> None:
    """A serial number of one is the register number of another."""
    trial.issue(trial.rows(1, holder_name=NAME, serial_number="SG000500", register_number="2026/0001"), provenance="B")
    trial.issue(
        trial.rows(1, holder_name="Y Brŭ", serial_number="SG000501", register_number="SG000500"), provenance="B"
    )
    assert ask(trial, "SG000500").code is Code.STANDS
    assert ask(trial, "SG000500", "y brŭ").code is Code.STANDS
    assert ask(trial, "SG000500", WRONG).code is Code.ANOTHER_NAME


def test_a_draft_is_not_there_and_neither_is_what_nobody_published(trial: Trial) -> None:
    issue(trial)
    batch = trial.open(trial.rows(1, holder_name=NAME, serial_number="SG000700"))
    assert ask(trial, "SG000700").code is Code.NO_NUMBER
    trial.approve(trial.submit(batch))
    trial.seal(batch)
    assert ask(trial, "SG000700").code is Code.NO_NUMBER
    trial.advance()
    assert ask(trial, "SG000700").code is Code.STANDS


def test_what_is_in_a_head_that_is_not_public_is_not_there(trial: Trial) -> None:
    issue(trial)
    batch = trial.seal(trial.approved(trial.rows(1, holder_name=NAME, serial_number="SG000700")))
    (row,) = queries.rows_of(batch)
    head = queries.newest_head()
    assert head is not None
    Entry.objects.create(
        index=head.size + 1, act="issue", content=b"", leaf_hash=bytes(32), institution=batch.institution, row=row
    )
    Checkpoint.objects.create(size=head.size + 2, root=bytes(32), frontier=b"", published=False)
    assert ask(trial, "SG000700").code is Code.NO_NUMBER


def test_before_the_first_head_nothing_can_be_said(trial: Trial) -> None:
    refused(UnavailableError, lambda: ask(trial, "SG000001"))


# -- how it stands ------------------------------------------------------------------------------------------------------


def test_acts_count_once_they_are_published(trial: Trial) -> None:
    row = issue(trial)
    for act, code in (("suspend", Code.SUSPENDED), ("reinstate", Code.STANDS), ("revoke", Code.REVOKED)):
        before = ask(trial, row.serial_number).code
        trial.act(act, row)
        assert ask(trial, row.serial_number).code is before
        trial.advance()
        assert ask(trial, row.serial_number).code is code
        assert ask(trial, row.serial_number, WRONG).code is Code.ANOTHER_NAME


def test_a_corrected_name_is_the_only_one(trial: Trial) -> None:
    """Whoever knows the former name alone is not to learn that there was one."""
    row = issue(trial)
    trial.amend(row, holder_name="Nguyễn Thị Hoà Bình")
    assert ask(trial, row.serial_number).code is Code.STANDS
    trial.advance()
    assert ask(trial, row.serial_number).code is Code.ANOTHER_NAME
    assert ask(trial, row.serial_number, "Nguyễn Thị Hòa Bình").code is Code.STANDS


def test_a_reissued_diploma_is_another_and_the_old_one_says_so(trial: Trial) -> None:
    row = issue(trial)
    newer = trial.reissue(row, "SG900001")
    assert ask(trial, "SG900001").code is Code.NO_NUMBER
    trial.advance()
    assert ask(trial, row.serial_number).code is Code.REPLACED
    assert ask(trial, "SG900001").code is Code.STANDS
    amended = trial.amend(fresh(newer), classification="Khá")
    trial.advance()
    assert ask(trial, "SG900001").code is Code.STANDS
    trial.act("revoke", fresh(amended))
    trial.advance()
    assert ask(trial, row.serial_number).code is Code.REVOKED
    assert ask(trial, "SG900001").code is Code.REVOKED


def test_what_is_disputed_is_not_said_to_stand(trial: Trial) -> None:
    (row,) = trial.issue(trial.rows(1, holder_name=NAME), provenance="D")
    assert ask(trial, row.serial_number).code is Code.DISPUTED
    assert ask(trial, row.register_number).code is Code.DISPUTED
    assert ask(trial, row.serial_number, WRONG).code is Code.ANOTHER_NAME


def test_what_a_stolen_key_signed_does_not_stand(trial: Trial) -> None:
    """A look-up says of it what the file says, whichever is asked."""
    below, at, above = issue(trial), issue(trial), issue(trial)
    amended = trial.amend(below, classification="Khá")
    trial.advance()
    started = Batch.objects.get(rows=at).entry
    assert started is not None
    cut(trial, started.index)
    trial.advance()
    assert [ask(trial, one.serial_number).code for one in (at, above)] == [Code.FELL] * 2
    assert {trial.verdict(one) for one in (at, above, amended)} == {Verdict.UNKNOWN_ISSUER}
    assert ask(trial, below.serial_number).code is Code.FELL  # its newest version fell
    assert ask(trial, at.serial_number, WRONG).code is Code.ANOTHER_NAME


def test_what_was_signed_before_a_cut_stands(trial: Trial) -> None:
    row = issue(trial)
    cut(trial)
    trial.advance()
    assert ask(trial, row.serial_number).code is Code.STANDS
    assert trial.verdict(row) is Verdict.VALID


def test_an_erased_record_has_no_name_to_compare(trial: Trial) -> None:
    row = issue(trial)
    trial.act("revoke", row)
    trial.advance()
    erasing.erase(
        journal=MemoryErasures(), institution=queries.institution(OURS), identifiers=[row.identifier],
        decision_number="90/QĐ-XDL", prepared_by=trial.by("preparer"), by=trial.by("approver"), now=trial.now,
    )  # fmt: skip
    assert ask(trial, row.serial_number).code is Code.NO_NAME
    assert ask(trial, row.serial_number, WRONG).code is Code.NO_NAME


def test_a_register_that_lost_records_says_of_no_number_that_it_is_not_there(trial: Trial) -> None:
    row = issue(trial)
    assert row.entry.index is not None
    lost = Entry.objects.create(
        index=row.entry.index + 1000, act="issue", content=b"lost", leaf_hash=bytes(32), institution=row.institution
    )
    assert ask(trial, "SG777777").code is Code.INCOMPLETE
    assert ask(trial, "SG777777", code=THEIRS).code is Code.NO_NUMBER
    Entry.objects.create(act="cancel", content=b"", leaf_hash=bytes(32), institution=row.institution, target=lost)
    assert ask(trial, "SG777777").code is Code.NO_NUMBER


# -- wrong names --------------------------------------------------------------------------------------------------------


def test_names_are_not_tried_for_ever(trial: Trial) -> None:
    row, other = issue(trial), issue(trial)
    for number in range(lookup.MOST_WRONG_NAMES):
        assert ask(trial, row.serial_number, f"{WRONG} {number}").code is Code.ANOTHER_NAME
    # The right one neither: otherwise one could go on, and would see it.
    errors = [
        refused(TooManyNames, lambda: ask(trial, row.serial_number.lower(), NAME)),
        refused(TooManyNames, lambda: ask(trial, row.serial_number, WRONG)),
    ]
    for error in errors:
        assert 0 < error.seconds <= lookup.WINDOW_SECONDS
        assert NAME not in f"{error.en} {error.vi} {error.mend} {error.mend_vi}"
    assert ask(trial, other.serial_number).code is Code.STANDS
    trial.now += timedelta(seconds=errors[0].seconds)
    assert ask(trial, row.serial_number).code is Code.STANDS
    assert ask(trial, row.serial_number, WRONG).code is Code.ANOTHER_NAME
    assert [one.count for one in WrongNames.objects.all()] == [1], "what was counted in an earlier hour is gone"


def test_one_name_is_not_tried_on_all_numbers(trial: Trial) -> None:
    rows = trial.issue(lookup.MOST_WRONG_NAMES_OF_ONE + 1)
    for row in rows[:-1]:
        assert ask(trial, row.serial_number, WRONG, asker=b"one").code is Code.ANOTHER_NAME
    refused(TooManyNames, lambda: ask(trial, rows[-1].serial_number, WRONG, asker=b"one"))
    assert ask(trial, rows[-1].serial_number, WRONG, asker=b"another").code is Code.ANOTHER_NAME
    assert ask(trial, rows[-1].serial_number, WRONG).code is Code.ANOTHER_NAME


def test_wrong_names_given_at_once_are_each_counted(committed: Trial) -> None:
    row = issue(committed)
    answers = at_once(*[lambda: ask(committed, row.serial_number, WRONG, asker=b"one")] * 6)
    assert [one.code for one in answers if isinstance(one, Answer)] == [Code.ANOTHER_NAME] * 6
    assert [one.count for one in WrongNames.objects.all()] == [6, 6]


def test_only_a_wrong_name_is_written_down_and_nothing_of_it(trial: Trial) -> None:
    row = issue(trial)
    for number, name in ((row.serial_number, NAME), ("SG777777", NAME), (row.register_number, NAME)):
        ask(trial, number, name, asker=b"one")
    assert not WrongNames.objects.exists()
    ask(trial, row.serial_number, WRONG, asker=b"one")
    assert [one.count for one in WrongNames.objects.all()] == [1, 1]
    assert all(row.serial_number.encode() not in bytes(one.about) for one in WrongNames.objects.all())


def test_a_connection_that_broke_is_opened_again(committed: Trial) -> None:
    """The first question after the server was started anew is answered like any other."""
    row = issue(committed)
    assert ask(committed, row.serial_number).code is Code.STANDS
    if connection.vendor == "postgresql":
        connection.connection.close()
    assert ask(committed, row.serial_number).code is Code.STANDS


def test_an_index_answers_whatever_the_number(trial: Trial) -> None:
    """No question reads a register from end to end, on either database."""
    row = issue(trial)
    trial.issue(200)
    spelled = (row.serial_number,) * 3
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ANALYZE register_row, register_entry")
            cursor.execute("SET LOCAL enable_seqscan = off")  # so few rows are read faster than an index
        explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
        place = parse_serial(row.serial_number)
        assert place is not None
        places: list[str | int | bytes] = [*[place.series] * 3, *[place.value] * 3]
        counts: list[str | int | bytes] = [b"a", 1, 1, b"b", 1, 1]
        questions: tuple[tuple[str, list[str | int | bytes], str], ...] = (
            (by_number._BY_SERIAL, [*counts, OURS, *places, *spelled], "serial_once"),
            (by_number._BY_SERIAL_TEXT, [*counts, OURS, *spelled], "serial_number_once"),
            (by_number._BY_NUMBER_OF_YEAR, [9999, OURS, "2026", 1, *spelled, 9999], "number_once"),
            (by_number._BY_NUMBER, [9999, OURS, 1, *spelled, 9999], "number_once"),
            (by_number._BY_TEXT, [9999, OURS, *spelled, 9999], "register_number_once"),
        )
        for question, parameters, index in questions:
            cursor.execute(f"{explain} {question}", parameters)
            plan = "\n".join(str(line) for line in cursor.fetchall())
            assert index in plan or (connection.vendor == "sqlite" and "SEARCH line USING INDEX number_once" in plan), (
                plan
            )
            assert "SCAN line" not in plan
