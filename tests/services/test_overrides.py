"""Overrides: two officers of the ministry, a reason, rules that may be set aside, and a public entry with the ministry's signature."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from sogoc.core import entry
from sogoc.errors import AlreadyInRegister, FourEyes, GateRefused, InputError, NotAllowed, WrongState
from sogoc.register.models import AuditEvent, Batch, Notice, Override
from sogoc.services import batches, issuing, overriding
from tests.services.trial import Trial, refused

ENGLISH: dict[str, Any] = {"programme": "7220201", "programme_name": "Ngôn ngữ Anh"}
WHY = "Quyết định mở ngành đã ký, trang thẩm quyền đang cập nhật"


@pytest.fixture
def unlicensed(trial: Trial) -> Batch:
    batch = trial.open(6, **ENGLISH)
    refused(GateRefused, lambda: trial.submit(batch))
    return batch


def ask(trial: Trial, batch: Batch, *rules: str, who: str = "officer", reason: str = WHY) -> Override:
    return overriding.request(batch=batch, rules=rules or ["power"], reason=reason, by=trial.people[who], now=trial.now)


def grant(trial: Trial, batch: Batch, who: str = "second officer") -> Override:
    return overriding.grant(batch=batch, by=trial.people[who], now=trial.now)


def test_two_officers_let_a_batch_pass_and_the_log_says_so(trial: Trial, unlicensed: Batch) -> None:
    ask(trial, unlicensed)
    refused(GateRefused, lambda: trial.submit(unlicensed))  # one officer alone changes nothing
    grant(trial, unlicensed)
    approved = trial.approve(trial.submit(unlicensed))
    trial.advance()
    approved.refresh_from_db()
    assert approved.entry is not None
    said = entry.parse(bytes(approved.entry.content))
    assert isinstance(said, entry.Batch)
    assert said.override == ("power:7220201",)
    assert len(said.signatures) == 2
    said.verify(trial.ministry.jwk, origin=trial.log.origin)
    assert WHY not in bytes(approved.entry.content).decode()
    assert WHY not in " ".join(str(event.detail) for event in AuditEvent.objects.all())
    assert Notice.objects.filter(what="override.granted", recipient="institution").count() == 1
    assert trial.verdict(approved.rows.order_by("position")[0]) == "valid"
    trial.assert_right()


def test_without_the_ministrys_key_it_waits(trial: Trial, unlicensed: Batch) -> None:
    ask(trial, unlicensed)
    grant(trial, unlicensed)
    trial.approve(trial.submit(unlicensed))
    _, problems = issuing.advance(trial.log, keyring=trial.keyring, randomness=trial.random, now=trial.later())
    assert [problem.code for problem in problems] == ["wrong-state"]
    unlicensed.refresh_from_db()
    assert unlicensed.state == Batch.State.APPROVED
    trial.advance()
    unlicensed.refresh_from_db()
    assert unlicensed.state == Batch.State.SEALED


def test_who_asked_may_not_grant(trial: Trial, unlicensed: Batch) -> None:
    ask(trial, unlicensed)
    refused(FourEyes, lambda: grant(trial, unlicensed, "officer"))
    refused(AlreadyInRegister, lambda: ask(trial, unlicensed))
    for who in ("preparer DHSG01", "approver DHSG01"):
        refused(NotAllowed, partial(grant, trial, unlicensed, who))


def test_what_cannot_be_asked(trial: Trial, unlicensed: Batch) -> None:
    refused(NotAllowed, lambda: ask(trial, unlicensed, who="approver DHSG01"))
    refused(InputError, lambda: ask(trial, unlicensed, reason=" "))
    refused(InputError, lambda: ask(trial, unlicensed, "quota"))  # it does not break this one
    graded = trial.open(1, classification="Rất tốt")
    refused(InputError, lambda: ask(trial, graded, "grade"))  # nobody may set this one aside
    refused(WrongState, lambda: grant(trial, unlicensed))
    refused(WrongState, lambda: ask(trial, trial.approved(1)))
    assert not Override.objects.exists()


def test_an_override_covers_its_rules_and_no_other(trial: Trial) -> None:
    batch = trial.open(6, classification="Rất tốt", **ENGLISH)
    ask(trial, batch)
    grant(trial, batch)
    assert [one.rule for one in refused(GateRefused, lambda: trial.submit(batch)).refusals] == ["grade"]


def test_a_power_is_set_aside_for_the_programmes_that_lacked_it(trial: Trial) -> None:
    """Few of another programme would hide in the merged cell of the tally: the override names what it covers."""

    def two_programmes() -> Batch:
        return trial.open([*trial.rows(6, **ENGLISH), *trial.rows(2, programme="7720101", programme_name="Y khoa")])

    asked = ask(trial, two_programmes())
    assert asked.rules == ["power:7220201", "power:7720101"]
    batch = two_programmes()
    Override.objects.create(
        batch=batch, rules=["power:7220201"], reason=WHY,
        requested_by=trial.people["officer"], requested_at=trial.now,
        granted_by=trial.people["second officer"], granted_at=trial.now,
    )  # fmt: skip
    (left,) = refused(GateRefused, lambda: trial.submit(batch)).refusals
    assert (left.rule, left.facts["programme"]) == ("power", "7720101")


def test_what_the_ministry_let_pass_only_the_ministry_changes(trial: Trial, unlicensed: Batch) -> None:
    ask(trial, unlicensed)
    grant(trial, unlicensed)
    trial.approve(trial.submit(unlicensed))
    trial.advance()
    unlicensed.refresh_from_db()
    row = unlicensed.rows.order_by("position")[0]
    refused(WrongState, lambda: trial.amend(row, holder_name="Y Khác"))
    amended = trial.amend(row, holder_name="Y Khác", by=trial.people["officer"])
    trial.advance()
    assert trial.verdict(amended) == "valid"
    trial.assert_right()


def test_an_override_goes_with_a_discarded_draft(trial: Trial, unlicensed: Batch) -> None:
    ask(trial, unlicensed)
    grant(trial, unlicensed)
    batches.discard(batch=unlicensed, by=trial.by("preparer"), now=trial.now, reason="sai ngành")
    assert not Override.objects.exists()
    assert AuditEvent.objects.filter(verb="override.granted").exists()
