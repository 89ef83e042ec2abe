"""Notices: what somebody has to be told or has to do because of an act, written in the transaction that made it true.

They are an outbox. Whoever delivers a letter, publishes a list or takes a diploma back marks the notice as done.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import clocks, law
from sogoc.errors import InputError, NoRule, WrongState
from sogoc.register.models import Institution, Notice
from sogoc.services import access, audit

INSTITUTION, MINISTRY = "institution", "ministry"
_OUTSIDE = ("verifiers", "public")
_BACK = (("holder", "return-revoked"), ("institution", "return-revoked"))
_ALL = (("holder", None), ("institution", None), ("verifiers", None))
_TOLD: Mapping[str, tuple[tuple[str, str | None], ...]] = {
    "revoke": (*_BACK, ("verifiers", None), ("public", "publication")),
    "cancel": (*_BACK, ("verifiers", None), ("public", "publication")),
    "suspend": _ALL,
    "reinstate": _ALL,
    # A verifier is not told that something was corrected: that would tell that there was something else before.
    "amend": (("holder", None), ("public", "publication")),
    "reissue": (*_BACK, ("public", "publication")),
}
"""Who is told of an act, and the clock of the law for what is then to be done: bring the diploma back, publish."""


def tell_of_act(
    act: str,
    *,
    institution: Institution,
    subject: str,
    decision_number: str | None,
    on: str,
    ground: str | None,
    wording: str | None,
    now: datetime,
) -> None:
    """Write the notices of one act. `subject` is the identifier of the qualification, or its place in the log.

    Holder and institution are told the `ground` of the law; verifiers and the public only the `wording` that the log shows: of a
    judgment it says no more than that. After a restore nobody knows the number of the decision any more, nor who was told:
    better twice than never.
    """
    about = {"on": on} | ({"decision": decision_number} if decision_number else {})
    inside = about | ({"ground": ground} if ground else {})
    outside = about | ({"wording": wording} if wording else {})
    Notice.objects.bulk_create(
        Notice(
            institution=institution,
            recipient=recipient,
            what=act,
            subject=subject,
            about=outside if recipient in _OUTSIDE else inside,
            due_on=_due(clock, on) if clock else None,
            created_at=now,
        )
        for recipient, clock in _TOLD[act]
    )


def tell(
    recipient: str, what: str, *, institution: Institution, subject: str, about: Mapping[str, Any], now: datetime
) -> None:
    """Write that the `institution` itself or the `ministry` has to be told of `what`; nothing in it is personal data."""
    Notice.objects.create(
        institution=institution, recipient=recipient, what=what, subject=subject, about=dict(about), created_at=now
    )


def _due(clock: str, on: str) -> str | None:
    try:
        return clocks.due(law.clock(clock, on), date.fromisoformat(on)).isoformat()
    except NoRule:  # the law set no such limit on that day
        return None


def waiting(institution: Institution, *, by: User) -> list[Notice]:
    """Return what nobody was told yet, or nobody did yet, oldest first; what the ministry is to hear, to its officers only.

    Raises: NotAllowed.
    """
    access.require(by, "notice", institution)
    found = Notice.objects.filter(institution=institution, sent_at__isnull=True)
    if not access.holds(by, "notice", None):
        found = found.exclude(recipient=MINISTRY)
    return list(found.order_by("created_at", "pk"))


@transaction.atomic
def mark_sent(*, number: int, by: User, now: datetime) -> Notice:
    """Write down that somebody was told, or that what the notice asks for was done.

    What the ministry is to hear, only an officer marks: an institution does not settle its own incident.

    Raises: InputError, NotAllowed; WrongState when it was marked before.
    """
    notice = Notice.objects.select_for_update(of=("self",)).filter(pk=number).first()
    if notice is None:
        raise InputError(f"there is no notice {number}", f"không có thông báo {number}")
    access.require(by, "notice", None if notice.recipient == MINISTRY else notice.institution)
    if notice.sent_at is not None:
        raise WrongState("this notice was sent already", "thông báo này đã gửi rồi")
    notice.sent_at = now
    notice.save(update_fields=["sent_at"])
    audit.note(by, "notice.sent", notice.subject, at=now, detail={"notice": number, "what": notice.what})
    return notice
