"""A later version of a qualification: what an amendment and a reissue share. Two people agree on it, as on a batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from sogoc.core import canonical, commitment, entry, override, record
from sogoc.core.intake.syllables import name_key
from sogoc.core.record import Record
from sogoc.core.status import Status
from sogoc.errors import AlreadyInRegister, RecordError, WrongState
from sogoc.register.models import Archive, Entry, Institution, Row, Seal
from sogoc.register.records import record_of, schema_of
from sogoc.services import access, acting, gate, sealing, sequencing
from sogoc.services.acting import ActDecision, Acting

Changes = Mapping[str, str | None]
"""Fields and their new values; None takes a field out."""

_ISSUED_AS = ("identifier", "institution_name")
"""What no later version changes, beside what is always shown: the batch signed it for all its rows, or the QR code holds it."""


def allow(doing: Acting, institution: Institution, decision: ActDecision) -> None:
    """Refuse unless two people may do this, by a decision of a day that came.

    Raises: NotAllowed, FourEyes, InputError, RecoveryNeeded.
    """
    access.require(doing.by, "act", institution)
    acting.require_two(doing.prepared_by, "batch.prepare", doing.by, institution)
    acting.check_day(decision.on, doing.now)
    sequencing.refuse_if_behind(doing.log)


def done_before(act: str, act_id: str, row: Row, changes: Changes, decision: ActDecision) -> Row | None:
    """Return the version that this very act made before. Raises: WrongState when its id stands for anything else."""
    known = Entry.objects.filter(act_id=act_id).first()
    if known is None:
        return None
    said = entry.parse(bytes(known.content))
    done = Row.objects.filter(entry=known).first()
    if (
        not isinstance(said, entry.Successor)
        or done is None
        or (said.act, said.on) != (act, decision.on)
        or not acting.decided(known, decision)
        or row.logged is None
        or acting.first_of(known) != acting.first_of(row.logged)
        or (done.erased_at is None and not all(record_of(done).get(name) == value for name, value in changes.items()))
    ):
        raise acting.used()
    return done


def changed(row: Row, changes: Changes, *, fixed: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the record with the changes in it, held against schema and powers.

    Raises: WrongState, RecordError, GateRefused.
    """
    if row.erased_at is not None:
        raise WrongState("what the register said was erased by decision", "nội dung sổ gốc đã được xóa theo quyết định")
    schema = schema_of(row)
    for name in changes:
        if name in _ISSUED_AS or name in fixed or name in schema.always_shown:
            raise RecordError(name, "cannot be changed", "không được thay đổi")
    fields = dict(record_of(row))
    for name, value in changes.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = value
    record.check(schema, fields)
    gate.check_record(row.batch, fields, before=record_of(row))
    return fields


def succeed(
    doing: Acting,
    act: str,
    *,
    row: Row,
    fields: Record,
    numbers: Mapping[str, Any],
    decision: ActDecision,
    act_id: str,
    randomness: Callable[[int], bytes],
) -> Row:
    """Seal and log the next version of a record. `numbers` are the columns of the register under which it stands.

    Raises: WrongState, AlreadyInRegister, KeyUnavailable.
    """
    if row.logged is None or row.batch.entry is None:
        raise WrongState("the diploma is not logged yet", "văn bằng chưa vào nhật ký")
    chain = acting.chain_of(row.logged)
    if row.logged != chain.newest_entry:
        raise WrongState("only the newest version can be changed", "chỉ thay đổi được bản mới nhất")
    if chain.status is not Status.VALID:
        raise WrongState(
            f"a qualification that is {chain.status.name.lower()} gets no new version",
            "văn bằng đã thu hồi hoặc đang tạm dừng thì không chỉnh sửa, cấp lại được",
        )
    office = doing.office(row.institution)
    if not office.ministry and override.past_powers(gate.overridden(row.batch)):
        raise WrongState(
            "the ministry let this be awarded past a power, and only the ministry changes it",
            "văn bằng này Bộ cho cấp vượt thẩm quyền, chỉ Bộ được chỉnh sửa, cấp lại",
            mend="Ask an officer of the ministry to act on your decision.",
            mend_vi="Hãy đề nghị cán bộ của Bộ thực hiện theo quyết định của cơ sở.",
        )
    key = sealing.signing_key(row.institution)
    place = sealing.give_place(Archive.hold())
    successor = Row(
        batch=row.batch,
        institution=row.institution,
        position=row.position,
        cell=row.cell,
        record=canonical.encode(dict(fields)),
        kind=row.kind,
        level=row.level,
        identifier=row.identifier,
        name_key=name_key(fields["holder_name"]),
        born_on=fields["born_on"],
        origin=act,
        follows=row,
        **numbers,
    )
    secret = randomness(32)
    sign = sealing.Signing(
        schema=schema_of(row),
        signer=doing.keyring(key.uri),
        kid=key.kid,
        origin=doing.log.origin,
        institution=row.institution.code,
    )
    committed, signature = sign(fields, secret, place)
    statement = entry.Successor(
        act=act,
        id=act_id,
        batch=bytes(row.batch.entry.leaf_hash),
        commitment=committed,
        decision=commitment.blind_decision(decision.number, decision.salt),
        follows=chain.newest,
        institution=row.institution.ordinal,
        on=decision.on,
        previous=chain.previous,
        status=place,
    )
    try:
        with transaction.atomic():
            successor.save()
    except IntegrityError as error:
        raise AlreadyInRegister(
            "this serial number or register number was given already", "số hiệu hoặc số vào sổ này đã được cấp"
        ) from error
    Seal.objects.create(
        row=successor,
        secret=secret,
        commitment=committed,
        status_list=place[0],
        status_index=place[1],
        key=key,
        signature=signature,
    )
    acting.log_act(doing, statement, office=office, chain=chain, decision=decision, row=successor)
    return successor
