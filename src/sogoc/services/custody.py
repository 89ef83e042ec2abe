"""A register goes from one institution to another: books, counts and roots, signed by who gives, who receives and the ministry.

From then on the members of the keeper act for that register, with a key on the institution's own page: what was awarded stays
that institution's, and diplomas of its paper books can still be entered. Who keeps a register is read from its newest page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import cast

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import commitment, entry
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.core.possession import KeyRequest
from sogoc.core.record import BY_KIND
from sogoc.errors import FourEyes, InputError, WrongState
from sogoc.ports import IssuerSigner, Keyring, Log
from sogoc.register.models import ActDetail, Archive, Batch, Entry, Institution, Row
from sogoc.register.records import newest_page
from sogoc.services import access, accrediting, acting, audit, keys, notices, sealing, sequencing, waiting


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Book:
    """One book of a register: all awards of one kind in one year. `root` stands for its lines.

    For lines in this archive it is the RFC 6962 root over the commitments of the newest versions, in ascending order; for a
    book on paper it is whatever 32 bytes the two parties fixed for it, such as the SHA-256 of its scan.
    """

    kind: str
    year: str
    count: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """The decision by which a register goes on. `salt` is 16 random bytes that blind its number, `act_id` 16 more in b64."""

    number: str
    on: str
    salt: bytes
    act_id: str


def books(institution: Institution) -> list[Book]:
    """Return the books of what this archive holds of a register, sorted; only what is logged or waits for the log."""
    lines = (
        Row.objects.filter(institution=institution, entry__isnull=False, successor__isnull=True)
        .order_by("kind", "year", "seal__commitment")
        .values_list("kind", "year", "seal__commitment")
    )
    return sorted(
        _book(kind, year, (bytes(cast(bytes, committed)) for _, _, committed in group))
        for (kind, year), group in groupby(lines.iterator(chunk_size=5000), key=lambda line: line[:2])
    )


def _book(kind: str, year: str, commitments: Iterator[bytes]) -> Book:
    tree = Frontier.empty()
    while part := [leaf_hash(one) for _, one in zip(range(1000), commitments, strict=False)]:
        tree = tree.extend(part)
    return Book(kind=kind, year=year, count=tree.size, root=tree.root())


@transaction.atomic
def hand_over(
    *,
    log: Log,
    ministry: IssuerSigner,
    keyring: Keyring,
    institution: Institution,
    custodian: Institution,
    paper: Sequence[Book],
    decision: HandOver,
    request: KeyRequest,
    handed_by: User | None,
    received_by: User,
    by: User,
    confirmed_by: User,
    now: datetime,
) -> Entry:
    """Log that `custodian` keeps the register of `institution` from here on, with its books, and the pages that follow from it.

    People of three bodies: an approver of who kept it (nobody, when it has no key in force: it is dissolved), an approver of
    who receives it, two officers of the ministry. `paper` are books that exist on paper only. `request` is a new key for the
    institution's own page, held by the receiver; all others end. The same `act_id` again changes nothing.

    Raises: NotAllowed, FourEyes, InputError, WrongState, SignatureError, KeyUnavailable, AlreadyInRegister.
    """
    access.require_officers(by, confirmed_by)
    access.require_member(received_by, "register.hand-over", custodian)
    sequencing.refuse_if_behind(log)
    institution.hold()  # nothing of this register is approved meanwhile
    Archive.hold()
    known = Entry.objects.filter(act_id=decision.act_id).first()
    if known is not None:
        return _done(known, institution, custodian, decision)
    acting.check_day(decision.on, now)
    _, page = newest_page(institution)
    if institution.pk == custodian.pk or page.custodian == custodian.ordinal:
        raise WrongState(f"{custodian} keeps this register already", f"{custodian} đang quản lý sổ gốc này")
    keeper = Institution.objects.get(ordinal=page.custodian)
    signers = [ministry, keyring(sealing.signing_key(custodian).uri)]
    if _has_key(keeper):
        signers.append(keyring(sealing.signing_key(keeper).uri))
        _require_giver(handed_by, keeper)
    elif handed_by is not None:
        raise WrongState(f"{keeper} has no key in force to hand over with", f"{keeper} không còn khóa để bàn giao")
    people = [one for one in (handed_by, received_by, by, confirmed_by) if one is not None]
    if len({one.pk for one in people}) != len(people):
        raise FourEyes(
            "who hands over, who receives and who grants are different people",
            "người bàn giao, người nhận và cán bộ Bộ phải là những người khác nhau",
            mend="Ask another person.", mend_vi="Hãy nhờ một người khác.",
        )  # fmt: skip
    _refuse_unsealed(institution)
    statement = entry.Custody(
        id=decision.act_id,
        books=tuple((one.kind, one.year, one.count, one.root) for one in _all_books(institution, paper)),
        custodian=custodian.ordinal,
        decision=commitment.blind_decision(decision.number, decision.salt),
        institution=institution.ordinal,
        on=decision.on,
        version=page.version,
    )
    for signer in signers:
        unsigned = statement.prepare(signer.jwk, origin=log.origin)
        signed = unsigned.signed(signer.sign(unsigned.payload))
        statement = replace(statement, signatures=(*statement.signatures, signed))
    logged = waiting.enter(statement.encode(), act="custody", institution=institution, act_id=decision.act_id)
    ActDetail.objects.create(
        entry=logged, decision_number=decision.number, salt=decision.salt, prepared_by=received_by, approved_by=by
    )
    index = waiting.next_index()
    key = accrediting.asked(request, institution.code, origin=log.origin)
    window = accrediting.enter_key(institution, key, ministry=ministry)
    accrediting.put_page(
        log, ministry, institution,
        replace(page, keys=(*keys.end_keys(page.keys, index), window), custodian=custodian.ordinal),
        accrediting.Officers(by, confirmed_by),
    )  # fmt: skip
    about = {"from": institution.code, "to": custodian.code}
    for one in {keeper, custodian}:
        notices.tell(
            notices.INSTITUTION, "register-handed-over", institution=one, subject=decision.act_id, about=about, now=now
        )  # fmt: skip
    audit.note(
        by, "register.handed-over", institution.code, at=now,
        detail={
            "to": custodian.code, "id": decision.act_id, "lines": sum(one[2] for one in statement.books), "kid": window.kid,
            "handed_by": handed_by.get_username() if handed_by else None, "received_by": received_by.get_username(),
            "confirmed_by": confirmed_by.get_username(),
        },
    )  # fmt: skip
    return logged


def _done(known: Entry, institution: Institution, custodian: Institution, decision: HandOver) -> Entry:
    said = entry.parse(bytes(known.content))
    if not isinstance(said, entry.Custody) or (said.institution, said.custodian, said.on) != (
        institution.ordinal,
        custodian.ordinal,
        decision.on,
    ):
        raise acting.used()
    return known


def _has_key(institution: Institution) -> bool:
    _, page = newest_page(institution)
    return any(key.until is None for key in page.keys)


def _require_giver(handed_by: User | None, keeper: Institution) -> None:
    if handed_by is None:
        raise WrongState(
            f"{keeper} still has a key in force, so somebody there has to hand the register over",
            f"{keeper} vẫn còn khóa hiệu lực, nên phải có người của cơ sở này bàn giao",
            mend="Name that person; where nobody is left, cut the key first (`sogoc key cut`).",
            mend_vi="Nêu người bàn giao; nếu không còn ai, hãy cắt khóa trước (`sogoc key cut`).",
        )
    access.require_member(handed_by, "register.hand-over", keeper)


def _refuse_unsealed(institution: Institution) -> None:
    if Batch.objects.filter(institution=institution, state=Batch.State.APPROVED).exists():
        raise WrongState(
            "a batch of this register was approved and is not signed yet",
            "sổ gốc này còn đợt cấp đã duyệt mà chưa ký",
            mend="Publish first (`sogoc publish`).",
            mend_vi="Hãy công bố trước (`sogoc publish`).",
        )


def _all_books(institution: Institution, paper: Sequence[Book]) -> list[Book]:
    here = books(institution)
    for one in paper:
        if one.kind not in BY_KIND or len(one.root) != 32:
            raise InputError(f"the book {one.kind} {one.year} cannot be written", f"sổ {one.kind} {one.year} ghi sai")
    for one in here:
        if any((one.kind, one.year) == (other.kind, other.year) for other in paper):
            raise InputError(
                f"the register holds {one.count} lines of {one.kind} {one.year} itself",
                f"sổ gốc điện tử đã có {one.count} dòng của {one.kind} năm {one.year}",
                mend="Leave that book out: its lines are counted from the register.",
                mend_vi="Bỏ sổ đó ra: số dòng được tính từ sổ gốc điện tử.",
            )
    return sorted([*here, *paper])
