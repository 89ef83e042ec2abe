"""An institution's keys on its authority page: a new one in the place of the old, and one that was stolen, cut.

A key counts by log index. A new key counts from the page that names it, and the one before it until there; what the old one
signed stays good. A stolen key is cut at an index that may lie in the past: what stands below it counts, what stands at it or
above does not, and is named. The ministry's own key has no window: it changes with the policies that verifiers pin.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q

from sogoc.core import clocks, entry
from sogoc.core.authority import KeyWindow
from sogoc.core.jws import thumbprint
from sogoc.core.possession import KeyRequest
from sogoc.errors import InputError, WrongState
from sogoc.ports import IssuerSigner, Log
from sogoc.register.models import Archive, AuthorityPage, Entry, Institution, IssuerKey, Row
from sogoc.register.records import newest_page
from sogoc.services import access, accrediting, acting, audit, notices, sequencing, waiting


@transaction.atomic
def rotate(
    *,
    log: Log,
    ministry: IssuerSigner,
    institution: Institution,
    request: KeyRequest,
    requested_by: User,
    by: User,
    confirmed_by: User,
    now: datetime,
) -> AuthorityPage:
    """Put a new key in the place of those in force, also when these are lost. What was signed before stays good.

    An approver of the institution asks, two officers of the ministry grant: one alone could enrol an approver of his own.

    Raises: NotAllowed, FourEyes, SignatureError when the new key did not sign the request, AlreadyInRegister when it is known.
    """
    access.require_officers(by, confirmed_by)
    acting.require_two(requested_by, "key.request", by, institution)
    acting.require_two(requested_by, "key.request", confirmed_by, institution)
    sequencing.refuse_if_behind(log)
    Archive.hold()
    _, old = newest_page(institution)
    index = waiting.next_index()
    key = accrediting.asked(request, institution.code, origin=log.origin)
    windows = (*end_keys(old.keys, index), accrediting.enter_key(institution, key, ministry=ministry))
    row = accrediting.put_page(
        log, ministry, institution, replace(old, keys=windows), accrediting.Officers(by, confirmed_by)
    )
    audit.note(
        by, "key.rotated", institution.code, at=now,
        detail={
            "kid": windows[-1].kid, "from": index, "requested_by": requested_by.get_username(),
            "confirmed_by": confirmed_by.get_username(),
        },
    )  # fmt: skip
    return row


@transaction.atomic
def attach(*, log: Log, institution: Institution, request: KeyRequest, by: User, now: datetime) -> None:
    """Say again where a key lies that stands on the page already: a restore of an old backup forgot it.

    Raises: NotAllowed, InputError when the page has no such key in force, SignatureError, WrongState when it is known.
    """
    access.require(by, "accredit", None)
    key = accrediting.asked(request, institution.code, origin=log.origin)
    _, page = newest_page(institution)
    kid = thumbprint(key.jwk)
    window = page.key(kid)
    if window is None or window.until is not None:
        raise InputError(f"{institution} has no key {kid} in force", f"{institution} không có khóa {kid} còn hiệu lực")
    if institution.keys.filter(kid=kid).exists():
        raise WrongState("the archive knows where this key lies", "kho đã biết khóa này ở đâu")
    IssuerKey.objects.create(
        institution=institution, kid=kid, jwk=dict(key.jwk), uri=key.uri, certificate=key.certificate
    )
    audit.note(by, "key.attached", institution.code, at=now, detail={"kid": kid})


def end_keys(windows: tuple[KeyWindow, ...], until: int) -> tuple[KeyWindow, ...]:
    """Return the windows with every one that was open ended at the log index `until`."""
    return tuple(replace(one, until=max(until, one.start)) if one.until is None else one for one in windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A key that was cut: from which index it counts no more, and the page that says so."""

    kid: str
    start: int
    entry: Entry


@transaction.atomic
def cut(
    *,
    log: Log,
    ministry: IssuerSigner,
    institution: Institution,
    kid: str,
    start: int | None,
    wording: str,
    act_id: str,
    prepared_by: User,
    by: User,
    now: datetime,
) -> Cut:
    """Let a key count no more from the log index `start` on (None: from this cut on), publicly and at once.

    Two officers of the ministry. The next page of the institution ends the key there; the institution is told. The same `act_id`
    again changes nothing. `what_fell` names what the key had signed from there on.

    Raises: NotAllowed, FourEyes, InputError when the page has no such key or the index is yet to come, WrongState.
    """
    access.require(by, "accredit", None)
    acting.require_two(prepared_by, "accredit", by, None)
    sequencing.refuse_if_behind(log)
    Archive.hold()
    known = Entry.objects.filter(act_id=act_id).first()
    if known is not None:
        return _done(known, kid, start, wording)
    _, old = newest_page(institution)
    window = old.key(kid)
    if window is None:
        raise InputError(f"{institution.code} has no key {kid}", f"{institution.code} không có khóa {kid}")
    index = waiting.next_index()
    start = index if start is None else start
    if start > index:
        raise InputError(
            f"a key is cut at an index that is there already, at most {index}",
            f"khóa chỉ được cắt tại vị trí đã có, không quá {index}",
            mend="Cut it without an index: then nothing more that it signs will count.",
            mend_vi="Hãy cắt mà không nêu vị trí: từ nay mọi thứ khóa này ký đều không còn giá trị.",
        )
    if window.until is not None and window.until <= start:
        raise WrongState(
            f"this key counts no more from {window.until} on already", f"khóa này đã hết hiệu lực từ vị trí {window.until}"
        )  # fmt: skip
    statement = entry.KeyCut(id=act_id, key=kid, start=start, on=clocks.day(now).isoformat(), wording=wording)
    unsigned = statement.prepare(ministry.jwk, origin=log.origin)
    content = replace(statement, signatures=(unsigned.signed(ministry.sign(unsigned.payload)),)).encode()
    logged = waiting.enter(content, act="key-cut", institution=None, act_id=act_id)
    windows = tuple(replace(one, until=start) if one.kid == kid else one for one in old.keys)
    accrediting.put_page(log, ministry, institution, replace(old, keys=windows), accrediting.Officers(by, prepared_by))
    notices.tell(
        notices.INSTITUTION, "key-cut", institution=institution, subject=kid, about={"from": start, "wording": wording},
        now=now,
    )  # fmt: skip
    audit.note(
        by, "key.cut", kid, at=now,
        detail={"from": start, "wording": wording, "prepared_by": prepared_by.get_username(), "code": institution.code},
    )  # fmt: skip
    return Cut(kid=kid, start=start, entry=logged)


def _done(known: Entry, kid: str, start: int | None, wording: str) -> Cut:
    said = entry.parse(bytes(known.content))
    if (
        not isinstance(said, entry.KeyCut)
        or (said.key, said.wording) != (kid, wording)
        or start not in (None, said.start)
    ):
        raise acting.used()
    return Cut(kid=kid, start=said.start, entry=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallen:
    """What counts no more: an entry that only this key signed, and how many qualifications rest on it."""

    index: int | None
    act: str
    qualifications: int


def what_fell(institution: Institution, kid: str, start: int) -> Iterator[Fallen]:
    """Name every entry at or after `start`, waiting ones too, that this key signed, in the order of the log."""
    signed = (
        Entry.objects.filter(Q(index__gte=start) | Q(index__isnull=True), institution=institution)
        .exclude(act__in=["authority", "issue", "state"])
        .order_by("id")
    )
    for one in signed.iterator(chunk_size=500):
        said = entry.parse(bytes(one.content))
        if not isinstance(said, entry.Statement) or all(signature.kid != kid for signature in said.signatures):
            continue
        fallen = {entry.Batch: said.count if isinstance(said, entry.Batch) else 0, entry.Successor: 1}.get(
            type(said), 0
        )
        yield Fallen(index=one.index, act=one.act, qualifications=fallen)


def credentials_that_fell(kid: str, start: int) -> Iterator[str]:
    """Name, by their random identifiers, the qualifications whose credential this key signed in a batch or act from `start` on."""
    rows = Row.objects.filter(seal__key__kid=kid).filter(
        Q(follows__isnull=True, batch__entry__index__gte=start) | Q(follows__isnull=False, entry__index__gte=start)
    )
    return rows.order_by("pk").values_list("identifier", flat=True).iterator(chunk_size=1000)
