"""A batch on its way to signing: imported as a draft, submitted by its preparer, approved by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sogoc.core import canonical
from sogoc.core.intake import Intake
from sogoc.core.record import BY_KIND, Schema
from sogoc.core.vocabulary import fold
from sogoc.errors import AlreadyInRegister, FourEyes, InputError, WrongState
from sogoc.register.models import Batch, Institution, Row, SourceFile
from sogoc.services import access, audit, decisions, gate

_CHUNK = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The uploaded file: its name, SHA-256 and encrypted content."""

    name: str
    sha256: bytes
    encrypted: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The recognition decision a batch rests on, with the number of graduates it names."""

    number: str
    decided_on: str
    total: int
    awarded_on: str


@transaction.atomic
def open_batch(
    *,
    institution: Institution,
    schema: Schema,
    level: str,
    decision: Decision,
    intake: Intake,
    source: Source,
    key: str,
    public_id: str,
    tally_salt: bytes,
    identifiers: Callable[[], str],
    by: User,
    now: datetime,
    provenance: str = "A",
) -> Batch:
    """Take a clean file into the register as a draft. The same `key` again returns the same batch.

    `public_id` and `tally_salt` are 16 random bytes (the first in b64); `identifiers` makes random UUIDs; `provenance` is one of
    `record.PROVENANCES`.

    Raises: NotAllowed; InputError when the file has problems left; AlreadyInRegister for a number or file that is there already.
    """
    access.require(by, "batch.prepare", institution)
    Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)  # two clerks, one after the other
    known = (
        Batch.objects.filter(institution=institution, idempotency_key=key).select_related("source", "decision").first()
    )
    if known is not None:
        same = Decision(
            number=known.decision.number,
            decided_on=known.decision.decided_on,
            total=known.decision.total,
            awarded_on=known.awarded_on,
        )
        if (bytes(known.source.sha256), known.schema, known.level, same) != (source.sha256, schema.id, level, decision):
            raise AlreadyInRegister(
                f"the key {key} was used for another file or decision",
                f"khóa {key} đã dùng cho một tệp hoặc quyết định khác",
            )
        return known
    if any(problem.severity == "error" for problem in intake.problems) or not intake.rows:
        raise InputError("the file has problems: nothing was taken in", "tệp còn lỗi: chưa nhận dòng nào")
    kept = _kept(institution, source)
    batch = Batch.objects.create(
        public_id=public_id,
        institution=institution,
        idempotency_key=key,
        schema=schema.id,
        level=level,
        decision=decisions.recorded(
            institution=institution,
            number=decision.number,
            decided_on=decision.decided_on,
            total=decision.total,
            by=by,
            now=now,
        ),
        awarded_on=decision.awarded_on,
        provenance=provenance,
        prepared_by=by,
        source=kept,
        count=len(intake.rows),
        tally_salt=tally_salt,
    )
    _insert_rows(batch, intake, identifiers)
    audit.note(by, "batch.opened", batch.public_id, at=now, detail={"rows": batch.count})
    return batch


def _kept(institution: Institution, source: Source) -> SourceFile:
    """The file of a batch, kept from now on or since it came to the workbench. No file is two batches."""
    kept, _ = SourceFile.objects.get_or_create(
        institution=institution, sha256=source.sha256, defaults={"name": source.name, "content": source.encrypted}
    )
    if kept.batches.exists():
        raise AlreadyInRegister(
            f"the file {source.name} is in the register already", f"tệp {source.name} đã có trong sổ"
        )
    return kept


def _insert_rows(batch: Batch, intake: Intake, identifiers: Callable[[], str]) -> None:
    kind = next(schema.kind for schema in BY_KIND.values() if schema.id == batch.schema)
    rows = []
    for position, one in enumerate(intake.rows):
        record = dict(one.record) | {"identifier": identifiers()}
        rows.append(
            Row(
                batch=batch,
                institution=batch.institution,
                position=position,
                cell=f"{one.sheet}:{one.row}",
                record=canonical.encode(record),
                kind=kind,
                level=batch.level,
                serial_number=record["serial_number"],
                register_number=record["register_number"],
                year=record["awarded_on"][:4],
                identifier=record["identifier"],
                name_key=fold(record["holder_name"])[:150],
                born_on=record["born_on"],
            )
        )
    taken = _taken(batch, kind, rows)
    if taken:
        raise AlreadyInRegister(
            f"{len(taken)} numbers are in the register already, the first in {taken[0]}",
            f"{len(taken)} số đã có trong sổ gốc, dòng đầu tiên {taken[0]}",
            mend="Compare these rows with the register; a lost original is never issued again.",
            mend_vi="Đối chiếu các dòng này với sổ gốc; bản chính bị mất không được cấp lại.",
        )
    try:
        with transaction.atomic():
            Row.objects.bulk_create(rows, batch_size=_CHUNK)
    except IntegrityError as error:
        raise AlreadyInRegister(
            "a number was taken by another clerk at this moment", "một số vừa được người khác dùng"
        ) from error


def _taken(batch: Batch, kind: str, rows: Sequence[Row]) -> list[str]:
    """Return the cells of rows whose serial or register number is in the register already."""
    taken = []
    known = Row.objects.filter(institution=batch.institution, kind=kind).exclude(origin=Row.Origin.AMEND)
    for start in range(0, len(rows), 500):
        chunk = rows[start : start + 500]
        serials = set(
            known.filter(serial_number__in=[row.serial_number for row in chunk]).values_list("serial_number", flat=True)
        )
        numbers = set(
            known.filter(register_number__in=[row.register_number for row in chunk]).values_list(
                "register_number", "year"
            )
        )
        taken += [
            row.cell for row in chunk if row.serial_number in serials or (row.register_number, row.year) in numbers
        ]
    return taken


@transaction.atomic
def submit(*, batch: Batch, by: User, now: datetime) -> Batch:
    """Hand a draft to the approver, once the gate has no objection. After this its rows cannot change.

    Raises: NotAllowed, WrongState, GateRefused.
    """
    access.require(by, "batch.submit", batch.institution)
    batch = Batch.objects.select_for_update().get(pk=batch.pk)  # two tabs, one winner
    if batch.state == Batch.State.SUBMITTED:
        return batch
    _expect(batch, Batch.State.DRAFT)
    gate.check(batch)
    batch.state = Batch.State.SUBMITTED
    batch.save(update_fields=["state"])
    audit.note(by, "batch.submitted", batch.public_id, at=now)
    return batch


@transaction.atomic
def discard(*, batch: Batch, by: User, now: datetime) -> None:
    """Take a batch that nobody approved out again, with its rows: a refused list is mended and comes back.

    Its file is on the workbench again, where it can be thrown away; one that never was there goes with the batch.

    Raises: NotAllowed, WrongState once it was approved.
    """
    access.require(by, "batch.prepare", batch.institution)
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.state != Batch.State.SUBMITTED:
        _expect(batch, Batch.State.DRAFT)
    batch.rows.all().delete()
    batch.delete()
    if not batch.source.uploads.exists():
        batch.source.delete()
    audit.note(by, "batch.discarded", batch.public_id, at=now, detail={"rows": batch.count})


@transaction.atomic
def approve(*, batch: Batch, by: User, now: datetime) -> Batch:
    """A second person approves the batch for signing. The gate is held again, on today's authority page.

    Raises: NotAllowed, FourEyes, WrongState, GateRefused.
    """
    access.require(by, "batch.approve", batch.institution)
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.prepared_by_id == by.pk:
        raise FourEyes(
            "who prepared a batch may not approve it",
            "người lập đợt cấp không được tự duyệt",
            mend="Ask another person with the role of approver.",
            mend_vi="Hãy nhờ một người duyệt khác.",
        )
    if batch.approved_by_id == by.pk and batch.state != Batch.State.LOST:
        return batch
    _expect(batch, Batch.State.SUBMITTED)
    Institution.objects.select_for_update().get(
        pk=batch.institution_id
    )  # totals of a decision are counted one at a time
    gate.check(batch)
    batch.state = Batch.State.APPROVED
    batch.approved_by = by
    batch.save(update_fields=["state", "approved_by"])
    audit.note(by, "batch.approved", batch.public_id, at=now, detail={"count": batch.count})
    return batch


def _expect(batch: Batch, state: str) -> None:
    if batch.state != state:
        raise WrongState(
            f"the batch is {batch.state}, not {state}",
            f"đợt cấp đang ở trạng thái {batch.get_state_display()}",
        )
