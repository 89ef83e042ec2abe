"""Acts on the status of a qualification after it was issued: revoke, cancel, suspend, reinstate. Each rests on a decision.

Also what every act shares: the chain of what was logged about one qualification, the ground in law, the second person, and the
one place from which an act goes to the log with its private half, its notices and its line in the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import clocks, commitment, entry, law
from sogoc.core.status import Status
from sogoc.errors import ActRefused, FourEyes, InputError, WrongState
from sogoc.ports import IssuerSigner, Keyring, Log
from sogoc.register.models import ActDetail, Archive, AuditEvent, Entry, Institution, IssuerKey, Row
from sogoc.services import access, audit, notices, sealing, sequencing, waiting

RESULT: Mapping[str, Status] = {
    "revoke": Status.REVOKED,
    "cancel": Status.REVOKED,
    "suspend": Status.SUSPENDED,
    "reinstate": Status.VALID,
}
"""The acts on a status, and the status that each leaves behind."""
_WITHOUT_GROUND = {"suspend": "under-inquiry", "reinstate": "inquiry-closed"}
"""Acts for which the law has no list of grounds, and their public wording."""

ALONE_PER_HOUR = 20
"""So many revocations, cancellations and suspensions one person may do in an hour without a second: a stolen password takes no
register down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDecision:
    """The decision behind an act. `salt` is 16 random bytes that blind its number in the log.

    `ground` is the name of a ground in the data of the law, None for a suspension and its end; `judgment` says that a court
    decided, which is then all that the log says of the reason.
    """

    number: str
    on: str
    salt: bytes
    ground: str | None = None
    judgment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """Who does an act and who prepared it, when, in which log, and how the keys that may sign it are opened."""

    log: Log
    keyring: Keyring
    ministry: Callable[[], IssuerSigner]
    by: User
    now: datetime
    prepared_by: User | None = None

    def office(self, institution: Institution) -> Office:
        """Return in whose name `by` acts for a register, and the key of it. Raises: NotAllowed, WrongState, KeyUnavailable."""
        officer = access.acts_as_officer(self.by, "act", institution)
        signer = self.ministry() if officer else self.keyring(sealing.signing_key(institution).uri)
        return Office(institution=institution, ministry=officer, signer=signer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """In whose name somebody acts for the register of an institution, the `ministry`'s or its own, and the key that signs it."""

    institution: Institution
    ministry: bool
    signer: IssuerSigner


@transaction.atomic
def change_status(doing: Acting, *, act: str, logged: Entry, decision: ActDecision, act_id: str) -> Entry:
    """Revoke, cancel, suspend or reinstate the qualification that was `logged`, in its newest version. The same `act_id` again
    changes nothing. It needs no private row, so that an entry whose row was lost can still be cancelled.

    A second person prepares it from the 21st in an hour on; see `ALONE_PER_HOUR`. What an officer of the ministry does is signed with
    the ministry's key; and what the ministry suspended, only the ministry reinstates.

    Raises: NotAllowed, FourEyes, ActRefused, WrongState, KeyUnavailable. WrongState also when `act_id` was used for anything else.
    """
    institution = _institution(logged)
    access.require(doing.by, "act", institution)
    if doing.prepared_by is not None:
        require_two(doing.prepared_by, "act.prepare", doing.by, institution)
    sequencing.refuse_if_behind(doing.log)
    wording = wording_of(act, decision)
    check_day(decision.on, doing.now)
    return do(
        doing, office=doing.office(institution), act=act, logged=logged, decision=decision, wording=wording, act_id=act_id
    )  # fmt: skip


def do(
    doing: Acting, *, office: Office, act: str, logged: Entry, decision: ActDecision, wording: str, act_id: str
) -> Entry:
    """Do what `change_status` allowed, or `recalling` for a whole list. Inside the caller's transaction.

    Raises: FourEyes, ActRefused, WrongState, KeyUnavailable.
    """
    known = Entry.objects.filter(act_id=act_id).first()
    if known is not None:
        said = entry.parse(bytes(known.content))
        if (
            not isinstance(said, entry.StatusAct)
            or (said.act, said.on, said.wording) != (act, decision.on, wording)
            or known.target is None
            or first_of(known.target) != first_of(logged)
            or not decided(known, decision)
        ):
            raise used()
        return known
    chain = chain_of(logged)
    _allow(act, chain.status)
    if act == "reinstate" and not office.ministry:
        _refuse_suspended_by_ministry(chain)
    if doing.prepared_by is None and act != "reinstate":
        _refuse_too_many_alone(doing.by, doing.now)
    statement = entry.StatusAct(
        act=act,
        id=act_id,
        decision=commitment.blind_decision(decision.number, decision.salt),
        institution=office.institution.ordinal,
        on=decision.on,
        previous=chain.previous,
        target=chain.newest,
        wording=wording,
    )
    return log_act(doing, statement, office=office, chain=chain, decision=decision)


# -- the reason ---------------------------------------------------------------------------------------------------------


def wording_of(act: str, decision: ActDecision) -> str:
    """Return the public wording of a status act. Raises: ActRefused when the law does not know its ground on that day."""
    if act in _WITHOUT_GROUND:
        if decision.ground is not None:
            raise InputError(f"{act} has no ground of the law", f"{act} không có căn cứ nào để chọn")
        return "by-judgment" if decision.judgment else _WITHOUT_GROUND[act]
    ground = check_ground(act, decision.ground, decision.on)
    return "by-judgment" if decision.judgment else ground.name


def check_ground(act: str, name: str | None, on: str) -> law.Ground:
    """Return the ground of this name. Raises: ActRefused when the law does not know it for this act on that day."""
    grounds = law.grounds(act, on)
    for ground in grounds:
        if ground.name == name:
            return ground
    raise ActRefused(
        f"on {on} the law knows no ground {name} to {act}",
        f"ngày {on} pháp luật không có căn cứ {name} để {act}",
        rule="ground",
        legal_basis="; ".join(dict.fromkeys(ground.legal_basis for ground in grounds)) or None,
        mend="Grounds are: " + "; ".join(f"{ground.name} ({ground.en})" for ground in grounds),
        mend_vi="Các căn cứ: " + "; ".join(f"{ground.name} ({ground.vi})" for ground in grounds),
    )


def check_day(on: str, now: datetime) -> None:
    """Refuse a decision of tomorrow. Raises: InputError."""
    if on > clocks.day(now).isoformat():
        raise InputError(f"the decision is of the future: {on}", f"ngày quyết định ở tương lai: {on}")


# -- two people -----------------------------------------------------------------------------------------------------------


def require_two(prepared_by: User | None, permission: str, by: User, institution: Institution | None) -> None:
    """Refuse unless a second person, who may, prepared it. Raises: NotAllowed, FourEyes."""
    if prepared_by is not None:
        access.require(prepared_by, permission, institution)
    if prepared_by is None or prepared_by.pk == by.pk:
        raise FourEyes(
            "who prepared an act may not approve it",
            "người lập hồ sơ không được tự duyệt",
            mend="Ask another person with the role of approver.",
            mend_vi="Hãy nhờ một người duyệt khác.",
        )


def _refuse_too_many_alone(by: User, now: datetime) -> None:
    verbs = [f"qualification.{act}" for act in ("revoke", "cancel", "suspend")]
    lately = AuditEvent.objects.filter(actor=by, verb__in=verbs, at__gt=now - timedelta(hours=1), detail__alone=True)
    if lately.count() >= ALONE_PER_HOUR:
        raise FourEyes(
            f"one person alone does {ALONE_PER_HOUR} of these acts in an hour, and no more",
            f"một người chỉ được tự thực hiện {ALONE_PER_HOUR} lần trong một giờ",
            rule="alone-per-hour",
            mend="Let a second person prepare it (--prepared-by), or recall a whole list (`sogoc recall`).",
            mend_vi="Để người thứ hai lập hồ sơ (--prepared-by), hoặc thu hồi theo danh sách (`sogoc recall`).",
        )


# -- the chain of one qualification ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All that was logged about one qualification: its newest version, the last entry about it, and its status."""

    newest: int
    newest_entry: Entry
    previous: int
    status: Status


def chain_of(logged: Entry) -> Chain:
    """Return the chain that an entry is in, and hold the archive: acts on one qualification follow each other.

    Raises: WrongState while something about it still waits for the log.
    """
    Archive.hold()
    chain = chains_of([logged])[logged.pk]
    if chain is None:
        raise still_waits()
    return chain


def still_waits() -> WrongState:
    """Return the refusal of an act on what is not all in the log yet."""
    return WrongState(
        "something about this qualification still waits for the log",
        "văn bằng này còn mục đang chờ vào nhật ký",
        mend="Publish first (`sogoc publish`), then try again.",
        mend_vi="Hãy công bố trước (`sogoc publish`), rồi thử lại.",
    )


def chains_of(logged: Iterable[Entry]) -> dict[int, Chain | None]:
    """Return by its id the chain that each entry is in; None while something about it still waits for the log.

    A few hundred are asked for at once. The chains may have gone on meanwhile, unless the archive is held.
    """
    newest = {one.pk: one for one in logged}
    last = dict(newest)
    frontier = {key: [key] for key in newest}
    while frontier:
        later: dict[int, list[int]] = {}
        for target, act in _last_acts(frontier).items():
            for key in frontier[target]:
                last[key] = act
            if act.act in _SUCCESSORS:
                later[act.pk] = frontier[target]
                newest |= dict.fromkeys(frontier[target], act)
        frontier = later
    return {key: _chain(newest[key], last[key]) for key in newest}


def _chain(newest: Entry, last: Entry) -> Chain | None:
    if newest.index is None or last.index is None:
        return None
    status = RESULT.get(last.act, Status.VALID)
    return Chain(newest=newest.index, newest_entry=newest, previous=last.index, status=status)


def _last_acts(targets: Collection[int]) -> dict[int, Entry]:
    acts = Entry.objects.filter(target__in=targets).order_by("id")
    return {act.target_id: act for act in acts if act.target_id is not None}


_SUCCESSORS = ("amend", "reissue")


def status_of(logged: Entry) -> Status:
    """Return what the register says of this version, logged or about to be."""
    last = _last_acts([logged.pk]).get(logged.pk)
    if last is not None and last.act in _SUCCESSORS:
        return Status.SUPERSEDED
    return RESULT.get(last.act, Status.VALID) if last is not None else Status.VALID


VIETNAMESE: Mapping[str, str] = {
    "revoke": "thu hồi", "cancel": "hủy bỏ", "suspend": "tạm dừng hiệu lực", "reinstate": "khôi phục hiệu lực",
}  # fmt: skip
"""What the acts on a status are called to those who do them."""
_STANDS = {Status.REVOKED: "đã thu hồi hoặc hủy bỏ", Status.SUSPENDED: "đang tạm dừng hiệu lực", Status.VALID: "đang có hiệu lực",
           Status.SUPERSEDED: "đã được thay thế"}  # fmt: skip
_FROM: Mapping[str, tuple[Status, ...]] = {
    "revoke": (Status.VALID, Status.SUSPENDED),
    "cancel": (Status.VALID, Status.SUSPENDED),
    "suspend": (Status.VALID,),
    "reinstate": (Status.SUSPENDED,),
}


def allows(act: str, status: Status) -> bool:
    """Whether an act may be done to what has this status."""
    return status in _FROM[act]


def _allow(act: str, status: Status) -> None:
    if not allows(act, status):
        raise WrongState(
            f"a qualification that is {status.name.lower()} cannot be the target of {act}",
            f"văn bằng {_STANDS[status]}, không thể {VIETNAMESE[act]}",
        )


def _refuse_suspended_by_ministry(chain: Chain) -> None:
    said = entry.parse(bytes(Entry.objects.get(index=chain.previous).content))
    kids = [one.kid for one in said.signatures] if isinstance(said, entry.StatusAct) else []
    if not IssuerKey.objects.filter(kid__in=kids).exists():
        raise ActRefused(
            "the ministry suspended this, and only the ministry reinstates it",
            "văn bằng do Bộ tạm dừng, chỉ Bộ mới khôi phục hiệu lực",
            rule="suspended-by-ministry",
            mend="Ask the ministry to close its inquiry.",
            mend_vi="Đề nghị Bộ kết thúc việc xác minh.",
        )


def used() -> WrongState:
    """Return the refusal of an id that stands for another act already."""
    return WrongState("this id was used for another act", "mã này đã dùng cho việc khác")


def decided(known: Entry, decision: ActDecision) -> bool:
    """Whether an act rests on this decision, as far as this is known: a restore may have lost the number."""
    detail: ActDetail | None = getattr(known, "detail", None)
    return detail is None or (detail.decision_number, detail.ground) == (decision.number, decision.ground)


def first_of(logged: Entry) -> Entry:
    """Return the entry with which this qualification was issued."""
    while logged.act in _SUCCESSORS and logged.target is not None:
        logged = logged.target
    return logged


def _institution(logged: Entry) -> Institution:
    if logged.institution is None or logged.act not in ("issue", *_SUCCESSORS):
        raise WrongState("this entry is not of a qualification", "mục này không phải văn bằng")
    return logged.institution


def log_act(
    doing: Acting,
    statement: entry.StatusAct | entry.Successor,
    *,
    office: Office,
    chain: Chain,
    decision: ActDecision,
    row: Row | None = None,
) -> Entry:
    """Sign an act with the key of who acts, and let it wait for the log, with its private half, the notices that it calls for
    and the audit's line.

    Raises: KeyUnavailable.
    """
    unsigned = statement.prepare(office.signer.jwk, origin=doing.log.origin)
    content = replace(statement, signatures=(unsigned.signed(office.signer.sign(unsigned.payload)),)).encode()
    logged = waiting.enter(
        content,
        act=statement.act,
        institution=office.institution,
        act_id=statement.id,
        target=chain.newest_entry,
        row=row,
    )
    ActDetail.objects.create(
        entry=logged,
        decision_number=decision.number,
        ground=decision.ground,
        salt=decision.salt,
        prepared_by=doing.prepared_by,
        approved_by=doing.by,
    )
    before = chain.newest_entry.row
    notices.tell_of_act(
        statement.act,
        institution=office.institution,
        subject=before.identifier if before else f"log index {chain.newest}",
        decision_number=decision.number,
        on=decision.on,
        ground=decision.ground,
        wording=statement.wording if isinstance(statement, entry.StatusAct) else None,
        now=doing.now,
    )
    audit.note(
        doing.by,
        f"qualification.{statement.act}",
        f"log index {chain.newest}",
        at=doing.now,
        detail={"id": statement.id, "alone": doing.prepared_by is None},
    )
    return logged
