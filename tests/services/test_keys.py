"""Keys that follow each other, keys that were lost, and keys that were stolen: what still counts and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sogoc.core.canonical import b64
from sogoc.core.possession import parse
from sogoc.core.report import Verdict
from sogoc.errors import (
    AlreadyInRegister,
    FourEyes,
    InputError,
    NotAllowed,
    SignatureError,
    SogocError,
    WrongState,
)
from sogoc.register import queries
from sogoc.register.models import AuditEvent, Batch, Notice, Row
from sogoc.register.records import newest_page
from sogoc.services import issuing, keys, sealing
from tests.services.keeping import cut, forget_key, kid_of, request, rotate
from tests.services.trial import OURS, THEIRS, Trial, at_once, fresh, refused


def page_of(code: str = OURS) -> Any:
    return newest_page(queries.institution(code))[1]


def notes(trial: Trial, row: Row) -> list[str]:
    return [note.code for note in trial.verify(row).notes]


def test_a_new_key_takes_the_place_of_the_old_one(trial: Trial) -> None:
    (old,) = trial.issue(1)
    before = kid_of()
    rotate(trial, "ours 2")
    trial.advance()
    (new,) = trial.issue(1)
    assert (old.seal.key.kid, new.seal.key.kid) == (before, kid_of())
    assert old.seal.key != new.seal.key
    assert (trial.verdict(old), trial.verdict(new)) == (Verdict.VALID, Verdict.VALID)
    assert (notes(trial, old), notes(trial, new)) == (["key-ended"], [])
    first, second = page_of().keys
    assert first.until == second.start
    trial.assert_right()


def test_what_waits_when_a_key_ends_was_signed_in_time(trial: Trial) -> None:
    """The windows meet at the index of the page itself, whatever stands in the queue before and after it."""
    row = trial.issue(1)[0]
    sealed = trial.seal(trial.approved(3))
    trial.act("suspend", row)
    rotate(trial, "ours 2")
    trial.seal(trial.approved(2))
    trial.advance()
    trial.assert_right()
    assert {trial.verdict(one) for one in queries.rows_of(sealed)} == {Verdict.VALID}


def test_a_batch_half_signed_when_the_key_changes_is_signed_anew(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = trial.approved(3)
    honest = sealing._close
    done: list[object] = []

    def late(batch: Batch, by: sealing.Sealing) -> None:
        if not done:
            done.append(rotate(trial, "ours 2"))
        honest(batch, by)

    monkeypatch.setattr(sealing, "_close", late)
    trial.advance()
    rows = list(queries.rows_of(batch))
    assert {row.seal.key.kid for row in rows} == {kid_of()}
    assert {trial.verdict(row) for row in rows} == {Verdict.VALID}
    trial.assert_right()


def test_a_lost_key_is_replaced_and_nothing_is_lost_with_it(trial: Trial) -> None:
    old = trial.issue(5)
    del trial.keys[f"memory:{OURS}"]
    waiting = trial.approved(2)
    with pytest.raises(KeyError):
        trial.seal(waiting)
    rotate(trial, "ours 2")
    trial.advance()
    assert {trial.verdict(row) for row in (*old, *queries.rows_of(waiting))} == {Verdict.VALID}
    trial.act("revoke", old[0])
    trial.advance()
    assert trial.verdict(old[0]) is Verdict.REVOKED
    trial.assert_right()


def test_a_stolen_key_is_cut_at_an_index_of_the_past(trial: Trial) -> None:
    (below,) = trial.issue(1)
    (at,) = trial.issue(1)
    (above,) = trial.issue(1)
    start = at.batch.entry.index if at.batch.entry else None
    assert start is not None
    kid = kid_of()
    done = cut(trial, start)
    rotate(trial, "ours 2")
    trial.advance()
    (again,) = trial.issue(1)
    table = {row: (trial.verdict(row), notes(trial, row)) for row in (below, at, above, again)}
    assert table == {
        below: (Verdict.VALID, ["key-ended"]), at: (Verdict.UNKNOWN_ISSUER, []), above: (Verdict.UNKNOWN_ISSUER, []),
        again: (Verdict.VALID, []),
    }  # fmt: skip
    ours = queries.institution(OURS)
    fallen = [(one.index, one.act, one.qualifications) for one in keys.what_fell(ours, kid, done.start)]
    assert fallen == [(start, "batch", 1), (above.batch.entry.index if above.batch.entry else None, "batch", 1)]
    assert list(keys.credentials_that_fell(kid, done.start)) == [at.identifier, above.identifier]
    notice = Notice.objects.get(what="key-cut")
    assert (notice.institution, notice.subject, notice.about["from"]) == (ours, kid, start)
    event = AuditEvent.objects.get(verb="key.cut")
    assert (event.actor, event.detail["prepared_by"]) == (trial.people["officer"], "second officer")
    trial.assert_right()


def test_a_cut_without_an_index_spares_what_waits_before_it(trial: Trial) -> None:
    sealed = trial.seal(trial.approved(2))
    kid = kid_of()
    done = cut(trial)
    trial.advance()
    assert {trial.verdict(row) for row in queries.rows_of(sealed)} == {Verdict.VALID}
    assert list(keys.what_fell(queries.institution(OURS), kid, done.start)) == []
    trial.approved(1)
    _, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert [type(problem) for problem in problems] == [WrongState]
    trial.assert_right()


def test_an_amendment_above_the_cut_falls_and_the_record_below_it_stands(trial: Trial) -> None:
    (row,) = trial.issue(1)
    amended = trial.amend(row, holder_name="Y Khác")
    trial.advance()
    index = fresh(amended).entry.index
    kid = kid_of()
    cut(trial, index)
    trial.advance()
    assert trial.verdict(amended) is Verdict.UNKNOWN_ISSUER
    (fell,) = keys.what_fell(queries.institution(OURS), kid, index or 0)
    assert (fell.act, fell.qualifications) == ("amend", 1)


def test_a_cut_can_only_move_down(trial: Trial) -> None:
    trial.issue(1)
    kid = kid_of()
    done = cut(trial, 3)
    trial.advance()
    error = refused(WrongState, lambda: cut(trial, 4, kid=kid))
    assert "3" in error.en
    cut(trial, 2, kid=kid)
    trial.advance()
    assert page_of().keys[0].until == 2 < done.start
    trial.assert_right()


def test_the_same_cut_again_changes_nothing(trial: Trial) -> None:
    act_id = b64(trial.random(16))
    first = cut(trial, 1, act_id=act_id)
    assert cut(trial, 1, act_id=act_id) == first
    refused(WrongState, lambda: cut(trial, 1, code=THEIRS, act_id=act_id))
    refused(WrongState, lambda: cut(trial, 2, act_id=act_id))
    refused(WrongState, lambda: cut(trial, 1, act_id=act_id, wording="key-retired"))


def test_what_a_cut_refuses(trial: Trial) -> None:
    officer = trial.people["officer"]
    refused(FourEyes, lambda: cut(trial, prepared_by=officer))
    refused(NotAllowed, lambda: cut(trial, prepared_by=trial.by("approver")))
    refused(NotAllowed, lambda: cut(trial, by=trial.by("approver")))
    refused(InputError, lambda: cut(trial, 10_000))
    refused(InputError, lambda: cut(trial, kid=kid_of(THEIRS)))
    refused(InputError, lambda: cut(trial, wording="because"))


def test_what_a_new_key_must_show(trial: Trial) -> None:
    asked = request(trial, OURS, "ours 2")
    assert parse(asked.encode()) == asked
    other = request(trial, OURS, "ours 3")
    refused(SignatureError, lambda: rotate(trial, "", request=replace(asked, signatures=other.signatures)))
    refused(SignatureError, lambda: rotate(trial, "", request=replace(asked, holder="Kẻ gian")))
    refused(InputError, lambda: rotate(trial, "", request=request(trial, THEIRS, "ours 2")))
    refused(AlreadyInRegister, lambda: rotate(trial, "", request=request(trial, OURS, THEIRS)))
    refused(NotAllowed, lambda: rotate(trial, "", request=asked, requested_by=trial.by("approver", THEIRS)))
    refused(NotAllowed, lambda: rotate(trial, "", request=asked, by=trial.by("approver")))
    rotate(trial, "", request=asked)
    refused(AlreadyInRegister, lambda: rotate(trial, "", request=asked))


def test_a_token_that_is_gone_names_itself(trial: Trial) -> None:
    trial.approved(1)
    trial.keys[f"memory:{OURS}"].fail_next("sign")
    _, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert [problem.code for problem in problems] == ["key-unavailable"]
    rotate(trial, "ours 2")
    trial.advance()
    trial.assert_right()


def test_a_key_that_a_restore_forgot_is_attached_again(trial: Trial) -> None:
    asked = request(trial, OURS, OURS)

    def attach(**changes: Any) -> None:
        given: dict[str, Any] = {"request": asked, "by": trial.people["officer"]} | changes
        keys.attach(log=trial.log, institution=queries.institution(OURS), now=trial.now, **given)

    refused(WrongState, attach)
    forget_key(OURS)
    waiting = trial.approved(1)
    refused(WrongState, lambda: trial.seal(waiting))
    refused(InputError, lambda: attach(request=request(trial, OURS, "another")))
    refused(InputError, lambda: attach(request=request(trial, THEIRS, OURS)))
    attach()
    trial.advance()
    assert {trial.verdict(row) for row in queries.rows_of(waiting)} == {Verdict.VALID}
    trial.assert_right()


@pytest.mark.parametrize("turn", range(3))
def test_a_key_that_changes_while_batches_are_sealed_leaves_no_fault(committed: Trial, turn: int) -> None:
    """Whoever comes first: nothing is logged under a key that had ended, and nothing is lost."""
    trial = committed
    made = [trial.approved(40) for _ in range(3)]
    results = at_once(
        trial.advance, lambda: rotate(trial, f"ours {turn}"), lambda: [trial.seal(batch) for batch in reversed(made)]
    )
    assert [result for result in results if isinstance(result, SogocError)] == []
    trial.advance()
    assert {trial.verdict(row) for batch in made for row in list(queries.rows_of(batch))[::13]} == {Verdict.VALID}
    trial.assert_right()
