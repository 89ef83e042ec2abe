"""No officer of the ministry alone: pages, officers and their passwords take two; institutions are told of their people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sogoc.core.authority import Name, Power
from sogoc.errors import FourEyes, InputError, NotAllowed, SignatureError, WrongState
from sogoc.register import queries
from sogoc.register.models import AuditEvent, AuthorityPage, Institution, Membership, Notice
from sogoc.services import access, accrediting, founding
from tests.services import keeping
from tests.services.trial import IT, LAW, ORIGIN, OURS, THEIRS, SteadyKey, Trial, _key, refused

NAMES = [Name(vi="Trường Đại học Sông Gốc", en="Another", valid_from="2000-01-01")]


def accredit(trial: Trial, **changes: Any) -> Institution:
    key = SteadyKey(_key("new"))
    asked: dict[str, Any] = {
        "code": "THPT03", "category": "school", "names": [], "identifiers": {}, "powers": [IT], "signers": [],
        "request": trial.ask(key, "THPT03", "memory:new"), "by": trial.people["officer"],
        "confirmed_by": trial.people["second officer"], "now": trial.now,
    }  # fmt: skip
    return accrediting.accredit(log=trial.log, ministry=trial.ministry, **(asked | changes))


def change(trial: Trial, *powers: Power, **changes: Any) -> AuthorityPage:
    asked: dict[str, Any] = {
        "powers": [IT, LAW, *powers], "by": trial.people["officer"], "confirmed_by": trial.people["second officer"],
    }  # fmt: skip
    return accrediting.change(
        log=trial.log, ministry=trial.ministry, institution=queries.institution(OURS), now=trial.now, **(asked | changes)
    )  # fmt: skip


def enrol(trial: Trial, confirmed_by: User | None, name: str = "third") -> User:
    return founding.enrol(
        username=name, password="x", institution=None, role="officer", by=trial.people["officer"],
        confirmed_by=confirmed_by, now=trial.now,
    )  # fmt: skip


ALONE: dict[str, Callable[[Trial, User], object]] = {
    "accredit": lambda trial, second: accredit(trial, confirmed_by=second),
    "change powers": lambda trial, second: change(trial, replace(IT, programme="7480103"), confirmed_by=second),
    "change names": lambda trial, second: change(trial, names=NAMES, confirmed_by=second),
    "rotate a key": lambda trial, second: keeping.rotate(trial, "ours 2", confirmed_by=second),
    "cut a key": lambda trial, second: keeping.cut(trial, prepared_by=second),
    "hand a register over": lambda trial, second: keeping.hand_over(trial, confirmed_by=second),
    "enrol an officer": lambda trial, second: enrol(trial, second, "fourth"),
    "appoint an officer": lambda trial, second: founding.appoint(
        user=trial.by("approver"), institution=None, role="officer", by=trial.people["officer"], confirmed_by=second,
        now=trial.now,
    ),
    "dismiss an officer": lambda trial, second: founding.dismiss(
        user=trial.people["third"], institution=None, role="officer", by=trial.people["officer"], confirmed_by=second,
        now=trial.now,
    ),
    "another officer's password": lambda trial, second: founding.set_password(
        user=trial.people["third"], password="y", by=trial.people["officer"], confirmed_by=second, now=trial.now
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ALONE)
def test_no_officer_does_it_alone_nor_with_somebody_who_is_none(trial: Trial, what: str) -> None:
    trial.enrol("third", None, "officer")
    before = AuditEvent.objects.count()
    refused(FourEyes, lambda: ALONE[what](trial, trial.people["officer"]))
    refused(NotAllowed, lambda: ALONE[what](trial, trial.by("approver", THEIRS)))
    assert AuditEvent.objects.count() == before
    ALONE[what](trial, trial.people["second officer"])
    said = AuditEvent.objects.order_by("pk")[before].detail
    assert "second officer" in (said.get("confirmed_by"), said.get("prepared_by"))


def test_the_second_officer_of_all_is_enrolled_by_one_and_the_trail_says_so(trial: Trial) -> None:
    """Somebody has to be first; from the second on, two agree, also when the second is closed or left out."""
    rows = AuditEvent.objects.filter(verb="member.enrolled", detail__role="officer")
    assert [one.detail for one in rows] == [{"role": "officer", "alone": True}]
    refused(FourEyes, lambda: enrol(trial, None))
    trial.people["second officer"].is_active = False
    trial.people["second officer"].save()
    refused(FourEyes, lambda: enrol(trial, None))


def test_two_officers_are_always_left(trial: Trial) -> None:
    """Else one could send the other away and enrol whom he likes."""
    first, second = trial.people["officer"], trial.people["second officer"]

    def leave() -> None:
        founding.dismiss(user=second, institution=None, role="officer", by=first, confirmed_by=second, now=trial.now)

    refused(WrongState, leave)
    enrol(trial, second)
    leave()
    assert Membership.objects.filter(role="officer").count() == 2


def test_an_officer_changes_his_own_password_alone(trial: Trial) -> None:
    officer = trial.people["officer"]
    founding.set_password(user=officer, password="new", by=officer, now=trial.now)
    assert access.authenticate("officer", "new") == officer


def test_the_institution_hears_who_may_act_for_it(trial: Trial) -> None:
    """One officer enrols members of an institution; whoever he put there does not stay unseen."""
    ours, officer = queries.institution(OURS), trial.people["officer"]
    before = Notice.objects.latest("pk").pk
    someone = trial.enrol("someone", OURS, "preparer")
    founding.appoint(user=someone, institution=ours, role="approver", by=officer, now=trial.now)
    founding.dismiss(user=someone, institution=ours, role="preparer", by=officer, now=trial.now)
    founding.set_password(user=someone, password="y", by=officer, now=trial.now)
    told = Notice.objects.filter(institution=ours, recipient="institution", pk__gt=before).order_by("pk")
    assert [(one.what, one.subject, one.about) for one in told] == [
        ("member-enrolled", "someone", {"role": "preparer"}),
        ("member-enrolled", "someone", {"role": "approver"}),
        ("member-dismissed", "someone", {"role": "preparer"}),
        ("member-password", "someone", {"role": "approver"}),
    ]


def test_a_page_has_two_officers_also_in_the_table(trial: Trial) -> None:
    page = change(trial, replace(IT, programme="7480103"))
    assert (page.entered_by, page.confirmed_by) == (trial.people["officer"], trial.people["second officer"])
    for who in ({"confirmed_by": page.entered_by}, {"confirmed_by": None}, {"entered_by": None}):
        copied = AuthorityPage(
            institution=page.institution, version=9, content=page.content,
            **({"entered_by": page.entered_by, "confirmed_by": page.confirmed_by} | who),
            entry=trial_entry(trial),
        )  # fmt: skip
        with pytest.raises(IntegrityError, match="page_four_eyes"), transaction.atomic():
            copied.save(force_insert=True)


def trial_entry(trial: Trial) -> Any:
    """An entry that has no page yet."""
    return trial.issue(1)[0].entry


def test_a_power_that_begins_in_the_past_is_marked_and_told(trial: Trial) -> None:
    """It can make an earlier batch pass; a quota for a power that was there, or a power from today on, cannot."""

    def marked() -> tuple[object, list[str]]:
        row = AuditEvent.objects.filter(verb="institution.page").latest("pk")
        told = Notice.objects.filter(what="power-backdated").order_by("pk").values_list("recipient", flat=True)
        return row.detail.get("backdated"), list(told)

    today = replace(IT, programme="7480103", valid_from="2026-07-16")
    change(trial, today)
    assert marked() == (None, [])
    change(trial, today, replace(IT, programme="7480104", quotas={"2022": 3}))
    assert marked() == ({"from": "2020-01-01", "powers": 1}, ["institution", "ministry"])
    (told, _) = Notice.objects.filter(what="power-backdated")
    assert told.about == {"version": 3, "from": "2020-01-01", "powers": 1}
    change(trial, today, replace(IT, programme="7480104", quotas={"2022": 3, "2023": 3}))
    assert marked() == (None, ["institution", "ministry"])


def test_a_first_key_proves_that_it_is_held(trial: Trial) -> None:
    """Else a typing error would leave an institution without a key, or name one whose owner never asked."""
    key, other = SteadyKey(_key("new")), SteadyKey(_key("other"))
    asked = trial.ask(key, "THPT03", "memory:new")
    unsigned = replace(asked, signatures=())
    for wrong in (
        unsigned,
        replace(asked, jwk=other.jwk),
        replace(asked, holder="x"),
        unsigned.signed(other.sign, origin=ORIGIN),
        unsigned.signed(key.sign, origin="elsewhere.example/2026"),
    ):
        refused(SignatureError, partial(accredit, trial, request=wrong))
    refused(InputError, lambda: accredit(trial, request=trial.ask(key, "THPT04", "memory:new")))
    assert accredit(trial, request=asked).ordinal == 3
