"""A list of diplomas is acted on whole, by two people, each once however often the run is begun again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from unittest.mock import patch

import pytest

from sogoc.core import entry
from sogoc.core.canonical import b64
from sogoc.errors import ActRefused, FourEyes, InputError, KeyUnavailable, NotAllowed, WrongState
from sogoc.register import queries
from sogoc.register.models import Archive, AuditEvent, Entry, Notice, Row
from sogoc.services import acting, recalling
from tests.services.trial import OURS, THEIRS, Trial, at_once, fresh, refused


def serials(rows: Sequence[Row]) -> list[str]:
    return [row.serial_number for row in rows]


def revocations() -> int:
    return Entry.objects.filter(act="revoke").count()


def test_a_list_is_recalled_and_the_rest_stays_valid(trial: Trial) -> None:
    rows = trial.issue(8)
    told = trial.recall([*serials(rows[:3]), rows[3].identifier])
    assert (told.logged, told.before, told.failed) == (4, 0, ())
    trial.advance()
    assert [str(trial.verdict(row)) for row in rows] == ["revoked"] * 4 + ["valid"] * 4
    said = [entry.parse(bytes(one.content)) for one in Entry.objects.filter(act="revoke")]
    assert {one.wording for one in said if isinstance(one, entry.StatusAct)} == {"by-judgment"}
    assert len({one.decision for one in said if isinstance(one, entry.StatusAct)}) == 4, "nobody can tell them together"
    assert Notice.objects.filter(recipient="holder", what="revoke", due_on="2026-08-15").count() == 4
    trial.assert_right()


def test_whoever_has_the_diploma_cannot_try_out_the_reason(trial: Trial) -> None:
    """A judgment hides the ground, and the log the number of the decision: the id of the act must not give both away."""
    (row,) = trial.issue(1)
    with patch.object(acting, "do", wraps=acting.do) as change:
        trial.recall([row.serial_number])
    (said,) = (entry.parse(bytes(one.content)) for one in Entry.objects.filter(act="revoke"))
    assert isinstance(said, entry.StatusAct)
    decision = change.call_args.kwargs["decision"]
    recall = recalling.Recall(institution=row.institution, act="revoke", decision=decision, named=(row.serial_number,))
    guessed = sha256(f"sogoc/recall-act/v1\0{recall.id}\0{row.identifier}".encode()).digest()[:16]
    assert said.id != b64(guessed)
    assert said.id == recall.act_id(row, bytes(Archive.objects.get().places_key)) != recall.act_id(row, bytes(32))


def test_the_newest_version_falls_and_with_it_the_older(trial: Trial) -> None:
    row, again = trial.issue(2)
    newer = trial.amend(row, holder_name="Y Khác")
    issued_again = trial.reissue(again, "SG900001")
    trial.advance()
    assert trial.recall([row.serial_number, "SG900001"]).logged == 2
    trial.advance()
    assert {str(trial.verdict(fresh(one))) for one in (row, newer, again, issued_again)} == {"revoked"}
    trial.assert_right()


def test_the_same_recall_again_does_nothing(trial: Trial) -> None:
    rows = trial.issue(3)
    first = trial.recall(serials(rows))
    for _ in range(2):  # while it waits, and after
        again = trial.recall(serials(rows)[::-1])
        assert (again.recall, again.logged, again.before) == (first.recall, 0, 3)
        trial.advance()
    assert revocations() == 3
    assert AuditEvent.objects.filter(verb="recall.begun").count() == 1
    trial.assert_right()


@pytest.mark.parametrize("chunks", [1, 2])
def test_a_recall_that_was_cut_short_goes_on_where_it_stopped(trial: Trial, chunks: int) -> None:
    rows = trial.issue(5)
    names = serials(rows)
    with (
        patch.object(recalling, "_CHUNK", 2),
        patch.object(recalling, "reach", side_effect=[None] * (chunks - 1) + [KeyboardInterrupt]),
    ):
        with pytest.raises(KeyboardInterrupt):
            trial.recall(names)
        assert revocations() == 2 * chunks
    told = trial.recall(names)
    assert (told.logged, told.before) == (5 - 2 * chunks, 2 * chunks)
    trial.advance()
    assert {str(trial.verdict(row)) for row in rows} == {"revoked"}
    assert revocations() == 5
    trial.assert_right()


def test_a_chunk_with_a_key_that_does_not_answer_is_not_half_done(trial: Trial) -> None:
    rows = trial.issue(4)
    trial.keys[f"memory:{OURS}"].fail_next("sign")
    refused(KeyUnavailable, lambda: trial.recall(serials(rows)))
    assert revocations() == 0
    assert trial.recall(serials(rows)).logged == 4


def waits(trial: Trial, row: Row) -> str:
    trial.act("suspend", row)
    return row.serial_number


def revoked(trial: Trial, row: Row) -> str:
    trial.act("revoke", row)
    trial.advance()
    return row.serial_number


def draft(trial: Trial, _: Row) -> str:
    return next(iter(trial.open(1).rows.all())).serial_number


EXCEPTIONAL: dict[str, Callable[[Trial, Row], str]] = {
    "unknown": lambda *_: "SG777777",
    "other-institution": lambda trial, _: trial.issue(1, THEIRS)[0].serial_number,
    "status": revoked,
    "not-logged": draft,
}


@pytest.mark.parametrize("why", [*EXCEPTIONAL, "waiting"])
def test_nothing_is_done_until_every_exception_is_left_out_by_its_name(trial: Trial, why: str) -> None:
    row, odd, other = trial.issue(3)
    name = (waits if why == "waiting" else EXCEPTIONAL[why])(trial, odd)
    before = revocations()
    names = [row.serial_number, name, other.serial_number]
    assert refused(WrongState, partial(trial.recall, names)).mend
    refused(WrongState, partial(trial.recall, names, leave_out=["SG000000"]))
    assert revocations() == before
    refused(InputError, partial(trial.recall, names, leave_out=[name, row.serial_number]))
    assert revocations() == before
    told = trial.recall(names, leave_out=[name])
    assert told.logged == 2
    assert told.left_out == ((name, {"waiting": "not-logged"}.get(why, why)),)
    trial.advance()
    trial.assert_right()


def test_a_line_that_stands_twice_is_an_exception(trial: Trial) -> None:
    (row,) = trial.issue(1)
    for names in ([row.serial_number] * 2, [row.serial_number, row.identifier]):
        refused(WrongState, partial(trial.recall, names))
        assert revocations() == 0
    assert trial.recall([row.serial_number, row.identifier], leave_out=[row.identifier]).logged == 1


def test_a_number_that_two_kinds_bear_is_told_apart_by_the_identifier(trial: Trial) -> None:
    (row,) = trial.issue(1)
    twin = trial.rows(1, serial_number=row.serial_number, kind="certificate", level="certificate")
    trial.open(twin, kind="certificate", level="certificate", provenance="B")
    refused(InputError, lambda: queries.row_by_serial(OURS, row.serial_number))
    assert "two kinds" in refused(WrongState, lambda: trial.recall([row.serial_number])).en
    assert trial.recall([row.identifier]).logged == 1


def test_two_people_recall_and_another_institution_does_not(trial: Trial) -> None:
    rows = trial.issue(25)
    names = serials(rows)
    refused(FourEyes, lambda: trial.recall(names, prepared_by=trial.by("approver")))
    refused(NotAllowed, lambda: trial.recall(names, prepared_by=trial.by("preparer", THEIRS)))
    refused(NotAllowed, lambda: trial.recall(names, by=trial.by("approver", THEIRS)))
    refused(NotAllowed, lambda: trial.recall(names, by=trial.by("preparer"), prepared_by=trial.by("approver")))
    refused(ActRefused, lambda: trial.recall(names, ground="civil-status-change"))
    refused(InputError, lambda: trial.recall([]))
    refused(InputError, lambda: trial.recall(names, act="amend"))
    assert revocations() == 0
    assert trial.recall(names).logged == 25
    trial.advance()
    trial.issue(1)
    trial.act("revoke", trial.issue(1)[0])  # what two people did is not counted against one of them


def test_a_whole_list_is_suspended_and_given_back(trial: Trial) -> None:
    """What a stolen password could do to many is undone by one decision, and the log tells both."""
    rows = trial.issue(21)
    assert trial.recall(serials(rows), act="suspend", ground=None).logged == 21
    trial.advance()
    assert trial.recall(serials(rows), act="reinstate", ground=None, number="194").logged == 21
    trial.advance()
    assert {str(trial.verdict(row)) for row in rows} == {"valid"}
    trial.assert_right()


def test_one_recall_begun_twice_at_once_acts_once(committed: Trial) -> None:
    rows = committed.issue(6)
    with patch.object(recalling, "_CHUNK", 2):
        results = at_once(*[partial(committed.recall, serials(rows))] * 2)
    assert all(isinstance(one, recalling.Recalled) and not one.failed for one in results), results
    assert revocations() == 6
    committed.advance()
    committed.assert_right()


def test_the_limit_of_one_person_holds_when_everything_comes_at_once(committed: Trial) -> None:
    rows = committed.issue(22)
    for row in rows[:19]:
        committed.act("revoke", row)
    results = at_once(*(partial(committed.act, "revoke", row) for row in rows[19:]))
    assert sorted(type(one).__name__ for one in results) == ["Entry", "FourEyes", "FourEyes"]
    assert revocations() == 20
