"""Acts on a qualification after it was issued: revoke, cancel, suspend, reinstate, amend. Each rests on a decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import canonical, commitment, entry, record
from sogoc.core.record import Record
from sogoc.core.status import Status
from sogoc.core.vocabulary import fold
from sogoc.errors import FourEyes, RecordError, WrongState
from sogoc.ports import Keyring, Log
from sogoc.register.models import ActDetail, Archive, Entry, Institution, Row
from sogoc.register.records import record_of, schema_of
from sogoc.services import access, audit, gate, sealing, sequencing, waiting

_RESULT = {
    "revoke": Status.REVOKED,
    "cancel": Status.REVOKED,
    "suspend": Status.SUSPENDED,
    "reinstate": Status.VALID,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDecision:
    """The decision behind an act. `salt` is 16 random bytes that blind its number in the log."""

    number: str
    on: str
    salt: bytes


@transaction.atomic
def change_status(
    *,
    log: Log,
    act: str,
    logged: Entry,
    decision: ActDecision,
    wording: str,
    act_id: str,
    keyring: Keyring,
    by: User,
    now: datetime,
) -> Entry:
    """Revoke, cancel, suspend or reinstate the qualification that was `logged`, in its newest version. The same `act_id` again
    changes nothing. It needs no private row, so that an entry whose row was lost can still be cancelled.

    Raises: NotAllowed, WrongState, KeyUnavailable. WrongState also when `act_id` was used for anything else.
    """
    institution = _institution(logged)
    access.require(by, "act", institution)
    sequencing.refuse_if_behind(log)
    known = Entry.objects.filter(act_id=act_id).first()
    if known is not None:
        said = entry.parse(bytes(known.content))
        if (
            not isinstance(said, entry.StatusAct)
            or (said.act, said.on, said.wording) != (act, decision.on, wording)
            or known.target is None
            or _first(known.target) != _first(logged)
            or not _decided(known, decision)
        ):
            raise _used()
        return known
    chain = _chain(logged)
    _allow(act, chain.status)
    statement = entry.StatusAct(
        act=act,
        id=act_id,
        decision=commitment.blind_decision(decision.number, decision.salt),
        institution=institution.ordinal,
        on=decision.on,
        previous=chain.previous,
        target=chain.newest,
        wording=wording,
    )
    return _log(statement, chain=chain, institution=institution, decision=decision, keyring=keyring, by=by, now=now)


@transaction.atomic
def amend(
    *,
    log: Log,
    row: Row,
    changes: Mapping[str, str | None],
    decision: ActDecision,
    act_id: str,
    keyring: Keyring,
    randomness: Callable[[int], bytes],
    prepared_by: User,
    by: User,
    now: datetime,
) -> Row:
    """Log a new version of a record by decision; the diploma itself stays as it is. None removes a field.

    An amendment makes a new valid credential, so two people agree on it as on a batch.

    Raises: NotAllowed, FourEyes, WrongState, RecordError, GateRefused, KeyUnavailable, RecoveryNeeded.
    """
    access.require(prepared_by, "batch.prepare", row.institution)
    access.require(by, "act", row.institution)
    if prepared_by.pk == by.pk:
        raise FourEyes(
            "who prepared an amendment may not approve it",
            "người lập hồ sơ chỉnh sửa không được tự duyệt",
            mend="Ask another person with the role of approver.",
            mend_vi="Hãy nhờ một người duyệt khác.",
        )
    sequencing.refuse_if_behind(log)
    known = Entry.objects.filter(act_id=act_id).first()
    if known is not None:
        said = entry.parse(bytes(known.content))
        done = Row.objects.filter(entry=known).first()
        if (
            not isinstance(said, entry.Successor)
            or done is None
            or said.on != decision.on
            or not _decided(known, decision)
            or row.entry is None
            or _first(known) != _first(row.entry)
            or not _holds(record_of(done), changes)
        ):
            raise _used()
        return done
    if row.entry is None or row.batch.entry is None:
        raise WrongState("the diploma is not logged yet", "văn bằng chưa vào nhật ký")
    chain = _chain(row.entry)
    if row.entry_id != chain.newest_entry.pk:
        raise WrongState("only the newest version can be amended", "chỉ chỉnh sửa được bản mới nhất")
    if chain.status is not Status.VALID:
        raise WrongState(
            f"a qualification that is {chain.status.name.lower()} cannot be amended",
            "văn bằng đã thu hồi hoặc đang tạm dừng thì không chỉnh sửa được",
        )
    fields = _amended(row, changes)
    key = sealing.signing_key(row.institution)
    ((status_list, status_index),) = sealing.give_places(Archive.hold(), 1)
    successor = Row(
        batch=row.batch,
        institution=row.institution,
        position=row.position,
        cell=row.cell,
        record=canonical.encode(fields),
        kind=row.kind,
        level=row.level,
        serial_number=row.serial_number,
        register_number=row.register_number,
        year=row.year,
        serial_series=row.serial_series,
        serial_value=row.serial_value,
        number=row.number,
        identifier=row.identifier,
        name_key=fold(fields["holder_name"])[:150],
        born_on=fields["born_on"],
        origin=Row.Origin.AMEND,
        follows=row,
        secret=randomness(32),
        status_list=status_list,
        status_index=status_index,
    )
    sealing.sign_row(successor, key=key, signer=keyring(key.uri), origin=Archive.objects.get().origin)
    statement = entry.Successor(
        act="amend",
        id=act_id,
        batch=bytes(row.batch.entry.leaf_hash),
        commitment=bytes(successor.commitment or b""),
        decision=commitment.blind_decision(decision.number, decision.salt),
        follows=chain.newest,
        institution=row.institution.ordinal,
        on=decision.on,
        previous=chain.previous,
        status=(status_list, status_index),
    )
    successor.entry = _log(
        statement,
        chain=chain,
        institution=row.institution,
        decision=decision,
        keyring=keyring,
        by=by,
        now=now,
        prepared_by=prepared_by,
    )
    successor.save()
    return successor


# The batch signed these for all its rows, and the numbers are those of the diploma on paper.
_FIXED = ("identifier", "serial_number", "register_number", "institution_name")


def _holds(record: Record, changes: Mapping[str, str | None]) -> bool:
    return all(record.get(name) == value for name, value in changes.items())


def _amended(row: Row, changes: Mapping[str, str | None]) -> dict[str, str]:
    schema = schema_of(row)
    for name in changes:
        if name in _FIXED or name in schema.always_shown:
            raise RecordError(name, "cannot be amended", "không được chỉnh sửa")
    fields = dict(record_of(row))
    for name, value in changes.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    record.check(schema, fields)
    gate.check_powers(row.batch, fields)
    return fields


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chain:
    """All that was logged about one qualification: its newest version, the last entry about it, and its status."""

    newest: int
    newest_entry: Entry
    previous: int
    status: Status


def _chain(logged: Entry) -> _Chain:
    """Return the chain that an entry is in. Raises: WrongState while something about it still waits for the log."""
    Archive.hold()  # acts on one qualification follow each other
    newest, last, acts = logged, logged, _acts_on(logged)
    while acts:
        last = acts[-1]
        if last.act not in _SUCCESSORS:
            break
        newest, acts = last, _acts_on(last)
    if newest.index is None or last.index is None:
        raise WrongState(
            "something about this qualification still waits for the log",
            "văn bằng này còn mục đang chờ vào nhật ký",
            mend="Publish first (`sogoc publish`), then try again.",
            mend_vi="Hãy công bố trước (`sogoc publish`), rồi thử lại.",
        )
    return _Chain(
        newest=newest.index, newest_entry=newest, previous=last.index, status=_RESULT.get(last.act, Status.VALID)
    )


def _acts_on(logged: Entry) -> list[Entry]:
    return list(Entry.objects.filter(target=logged).order_by("id"))


_SUCCESSORS = ("amend", "reissue")


def status_of(logged: Entry) -> Status:
    """Return what the register says of this version, logged or about to be."""
    acts = _acts_on(logged)
    if acts and acts[-1].act in _SUCCESSORS:
        return Status.SUPERSEDED
    return _RESULT.get(acts[-1].act, Status.VALID) if acts else Status.VALID


def _allow(act: str, status: Status) -> None:
    allowed = {
        "revoke": (Status.VALID, Status.SUSPENDED),
        "cancel": (Status.VALID, Status.SUSPENDED),
        "suspend": (Status.VALID,),
        "reinstate": (Status.SUSPENDED,),
    }[act]
    if status not in allowed:
        raise WrongState(
            f"a qualification that is {status.name.lower()} cannot be the target of {act}",
            f"văn bằng đang ở tình trạng {status.name.lower()}, không thể thực hiện {act}",
        )


def _used() -> WrongState:
    return WrongState("this id was used for another act", "mã này đã dùng cho việc khác")


def _decided(known: Entry, decision: ActDecision) -> bool:
    """Whether an act rests on this decision, as far as this is known: a restore may have lost the number."""
    detail: ActDetail | None = getattr(known, "detail", None)
    return detail is None or detail.decision_number == decision.number


def _first(logged: Entry) -> Entry:
    """Return the entry with which this qualification was issued."""
    while logged.act in _SUCCESSORS and logged.target is not None:
        logged = logged.target
    return logged


def _institution(logged: Entry) -> Institution:
    if logged.institution is None or logged.act not in ("issue", *_SUCCESSORS):
        raise WrongState("this entry is not of a qualification", "mục này không phải văn bằng")
    return logged.institution


def _log(
    statement: entry.StatusAct | entry.Successor,
    *,
    chain: _Chain,
    institution: Institution,
    decision: ActDecision,
    keyring: Keyring,
    by: User,
    now: datetime,
    prepared_by: User | None = None,
) -> Entry:
    signer = keyring(sealing.signing_key(institution).uri)
    unsigned = statement.prepare(signer.jwk, origin=Archive.objects.get().origin)
    content = replace(statement, signatures=(unsigned.signed(signer.sign(unsigned.payload)),)).encode()
    logged = waiting.enter(
        content, act=statement.act, institution=institution, act_id=statement.id, target=chain.newest_entry
    )
    ActDetail.objects.create(
        entry=logged, decision_number=decision.number, salt=decision.salt, prepared_by=prepared_by, approved_by=by
    )
    audit.note(by, f"qualification.{statement.act}", f"log index {chain.newest}", at=now, detail={"id": statement.id})
    return logged
