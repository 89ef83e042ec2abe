"""A batch on its way to signing: imported as a draft, submitted by its preparer, approved by somebody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from sogoc.core import canonical, law
from sogoc.core.intake import Intake
from sogoc.core.intake.syllables import name_key
from sogoc.core.numbering import parse_serial
from sogoc.core.record import SCHEMAS, Schema, is_full_date
from sogoc.errors import AlreadyInRegister, FourEyes, GateRefused, InputError, WrongState
from sogoc.register.bulk import copy_in
from sogoc.register.models import Batch, Institution, Notice, Override, Row, SourceFile
from sogoc.services import access, audit, blanks, decisions, gate, notices, numbering

_CHUNK = 2500


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


def new_id(randomness: Callable[[int], bytes]) -> str:
    """Return a new id for a batch or an upload: 16 random bytes, in text that people can type behind a command."""
    while (drawn := canonical.b64(randomness(16))).startswith("-"):
        pass  # there a dash at the beginning means something else
    return drawn


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
    identifiers: Callable[[], UUID],
    by: User,
    now: datetime,
    provenance: str = "A",
    allot_numbers: bool = False,
    allot_serials: bool = False,
) -> Batch:
    """Take a clean file into the register as a draft. The same `key` again returns the same batch.

    `public_id` and `tally_salt` are 16 random bytes (the first in b64); `identifiers` makes random UUIDs; `provenance` is one of
    `record.PROVENANCES`. With `allot_numbers` the file brings no register numbers and gets the next of its book, in its own
    order; with `allot_serials` likewise the next blanks in stock.

    Raises: NotAllowed; InputError when the file has problems left, or brings what is to be allotted; AlreadyInRegister for a
    number or file that is there already; WrongState when the stock of blanks is too small.
    """
    access.require(by, "batch.prepare", institution)
    institution.hold()  # two clerks, one after the other
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
        was = bytes(known.source.sha256), known.schema, known.level, same, known.provenance, known.numbered
        if was != (source.sha256, schema.id, level, decision, provenance, allot_numbers):
            raise AlreadyInRegister(
                f"the key {key} was used for another file or decision",
                f"khóa {key} đã dùng cho một tệp hoặc quyết định khác",
            )
        return known
    if is_full_date(decision.awarded_on) is not None:
        raise InputError(
            f"{decision.awarded_on} is not a date such as 2026-07-15",
            f"{decision.awarded_on} không phải ngày 2026-07-15",
        )
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
        numbered=allot_numbers,
        tally_salt=tally_salt,
    )
    _insert_rows(batch, intake, identifiers, _allotted(batch, numbers=allot_numbers, serials=allot_serials))
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


def _allotted(batch: Batch, *, numbers: bool, serials: bool) -> dict[str, list[str]]:
    """The register numbers and serials that the archive gives the rows, in the order of the file."""
    given: dict[str, list[str]] = {}
    if numbers:
        book = numbering.Book.of(batch)
        given["register_number"] = [text for _, text in numbering.allot(book, batch.count, batch.awarded_on)]
    if serials:
        given["serial_number"] = blanks.next_free(batch.institution, _kind_of(batch), batch.count)
    return given


def _kind_of(batch: Batch) -> str:
    return SCHEMAS[batch.schema].kind


class _Line(NamedTuple):
    """A row as it is written; the names are those of its columns."""

    batch_id: int
    institution_id: int
    position: int
    cell: str
    record: bytes
    kind: str
    level: str
    serial_number: str
    serial_series: str | None
    serial_value: int | None
    register_number: str
    number: int | None
    year: str
    identifier: UUID
    name_key: str
    born_on: str
    origin: str


def _insert_rows(batch: Batch, intake: Intake, identifiers: Callable[[], UUID], allotted: dict[str, list[str]]) -> None:
    incoming = gate.Incoming(batch) if batch.institution.pages.exists() else None
    lines = _lines(batch, intake, identifiers, allotted, incoming)
    taken: list[str] = []
    try:
        with transaction.atomic():
            while portion := list(islice(lines, _CHUNK)):
                if not (found := _taken(batch, portion)):
                    copy_in(Row, _Line._fields, portion)
                taken += found
    except IntegrityError as error:
        raise AlreadyInRegister(
            "a number stands in the file twice, or was taken by another clerk at this moment",
            "một số có hai lần trong tệp, hoặc vừa được người khác dùng",
        ) from error
    if taken:
        raise AlreadyInRegister(
            f"{len(taken)} numbers are in the register already, the first in {taken[0]}",
            f"{len(taken)} số đã có trong sổ gốc, dòng đầu tiên {taken[0]}",
            mend="Compare these rows with the register; a lost original is never issued again.",
            mend_vi="Đối chiếu các dòng này với sổ gốc; bản chính bị mất không được cấp lại.",
        )
    if incoming is not None:
        incoming.remember()


def _lines(
    batch: Batch,
    intake: Intake,
    identifiers: Callable[[], UUID],
    allotted: dict[str, list[str]],
    incoming: gate.Incoming | None,
) -> Iterator[_Line]:
    kind, level, on, provenance = _kind_of(batch), batch.level, batch.awarded_on, batch.provenance
    batch_id, institution_id = batch.pk, batch.institution_id
    for position, one in enumerate(intake.rows):
        identifier = identifiers()
        record = {**one.record, "identifier": str(identifier)}
        if allotted:
            if both := allotted.keys() & one.record.keys():
                raise InputError(
                    f"the file brings {', '.join(sorted(both))}, and it was to be allotted",
                    "tệp đã có số mà lại yêu cầu cấp số",
                    mend="Leave the column out, or do not ask for numbers.",
                    mend_vi="Bỏ cột đó, hoặc không yêu cầu cấp số.",
                )
            record |= {field: texts[position] for field, texts in allotted.items()}
        serial = parse_serial(record["serial_number"])
        line = _Line(
            batch_id=batch_id,
            institution_id=institution_id,
            position=position,
            cell=f"{one.sheet}:{one.row}",
            record=canonical.encode(record),
            kind=kind,
            level=level,
            serial_number=record["serial_number"],
            serial_series=serial.series if serial else None,
            serial_value=serial.value if serial else None,
            register_number=record["register_number"],
            number=numbering.read(record["register_number"], kind=kind, level=level, on=on, provenance=provenance),
            year=record["awarded_on"][:4],
            identifier=identifier,
            name_key=name_key(record["holder_name"]),
            born_on=record["born_on"],
            origin=Row.Origin.ISSUE,
        )
        if incoming is not None:
            incoming.hold(gate.Line(*_seen(line)), record)
        yield line


_seen = attrgetter(*gate.Line._fields[:-1])
"""What the gate reads of a row, but whether it was erased: while it is written it was not."""


def _taken(batch: Batch, lines: Sequence[_Line]) -> list[str]:
    """Return the cells of rows whose serial or register number is in the register already, or void."""
    book = numbering.Book.of(batch)
    serials = numbering.serials_borne(numbering.serials_beside(batch), [line.serial_number for line in lines])
    rows = book.rows()
    texts = numbering.registers_borne([line.register_number for line in lines], rows, year=book.year)
    numbers = {line.number for line in lines if line.number is not None}
    known = {*numbering.among(rows, "number", numbers).values_list("number", flat=True)}
    known |= {*numbering.among(book.voids(), "number", numbers).values_list("number", flat=True)}
    return [
        line.cell
        for line in lines
        if line.serial_number in serials or line.register_number in texts or line.number in known - {None}
    ]


@transaction.atomic
def _submit(batch: Batch, by: User, now: datetime) -> Batch:
    batch.institution.hold()
    batch = Batch.objects.select_for_update().get(pk=batch.pk)  # two tabs, one winner
    if batch.state == Batch.State.SUBMITTED:
        return batch
    _expect(batch, Batch.State.DRAFT)
    gate.check(batch, now=now)
    batch.state = Batch.State.SUBMITTED
    batch.save(update_fields=["state"])
    audit.note(by, "batch.submitted", batch.public_id, at=now)
    return batch


def submit(*, batch: Batch, by: User, now: datetime) -> Batch:
    """Hand a draft to the approver, once the gate has no objection. After this its rows stay, but for a blank that is exchanged.

    Raises: NotAllowed, WrongState, GateRefused.
    """
    access.require(by, "batch.submit", batch.institution)
    try:
        return _submit(batch, by, now)
    except GateRefused as refusal:
        report = any(law.gate(one.rule, batch.awarded_on).reported for one in refusal.refusals)
        note_refusal(batch, refusal, at="submission", by=by, now=now, report=report)
        raise


@transaction.atomic
def discard(*, batch: Batch, by: User, now: datetime, reason: str | None = None) -> None:
    """Take a batch that nobody approved out again, with its rows: a refused list is mended and comes back.

    Its file is on the workbench again, where it can be thrown away; one that never was there goes with the batch.

    Numbers that the archive allotted become void for the `reason`, which is then needed; those of the file are free again.

    Raises: NotAllowed, WrongState once it was approved, InputError without a reason.
    """
    access.require(by, "batch.prepare", batch.institution)
    batch.institution.hold()
    batch = Batch.objects.select_for_update().get(pk=batch.pk)
    if batch.state != Batch.State.SUBMITTED:
        _expect(batch, Batch.State.DRAFT)
    if batch.numbered:
        numbering.void_all(batch, reason=reason or "", by=by, now=now)
    Override.objects.filter(batch=batch).delete()
    batch.rows.all().delete()
    batch.delete()
    if not batch.source.uploads.exists():
        batch.source.delete()
    audit.note(by, "batch.discarded", batch.public_id, at=now, detail={"rows": batch.count})


def approve(*, batch: Batch, by: User, now: datetime) -> Batch:
    """A second person approves the batch for signing. The gate is held again, on today's authority page.

    A refusal is an incident: it is noted and the ministry is told, though nothing else of the attempt remains.

    Raises: NotAllowed, FourEyes, WrongState, GateRefused.
    """
    access.require(by, "batch.approve", batch.institution)
    try:
        return _approve(batch, by, now)
    except GateRefused as refusal:
        note_refusal(batch, refusal, at="approval", by=by, now=now)
        raise


@transaction.atomic
def _approve(batch: Batch, by: User, now: datetime) -> Batch:
    batch.institution.hold()  # numbers, blanks, quotas and totals are counted one approval at a time
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
    passed = gate.check(batch, now=now)
    batch.state = Batch.State.APPROVED
    batch.approved_by = by
    batch.approved_at = batch.institution.moment(now)
    batch.tally = [[*cell, number] for cell, number in sorted(passed.tally.items())]
    batch.save(update_fields=["state", "approved_by", "approved_at", "tally"])
    audit.note(by, "batch.approved", batch.public_id, at=now, detail={"count": batch.count})
    for one in passed.remarks:
        about = {"intake": one.intake, "quota": one.quota, "awarded": one.awarded}
        _tell_ministry(batch, "quota.exceeded", about, now)
    return batch


@transaction.atomic
def note_refusal(
    batch: Batch, refusal: GateRefused, *, at: str, by: User | None, now: datetime, report: bool = True
) -> None:
    """Write down that the gate refused a batch, after the attempt itself was rolled back; with `report` the ministry is told.

    `by` is None at its sealing, which the archive tries again and again: the same refusal is then noted once.
    """
    about = {"at": at, "rules": sorted({one.rule for one in refusal.refusals})}
    known = Notice.objects.filter(what="gate.refused", subject=batch.public_id).order_by("-pk").first()
    told = known is not None and known.about == about
    if by is not None or not told:
        audit.note(by, "gate.refused", batch.public_id, at=now, detail=about)
    if report and not told:
        _tell_ministry(batch, "gate.refused", about, now)


def _tell_ministry(batch: Batch, what: str, about: Mapping[str, object], now: datetime) -> None:
    notices.tell(
        notices.MINISTRY, what, institution=batch.institution, subject=batch.public_id, about=about, now=now
    )  # fmt: skip


def _expect(batch: Batch, state: str) -> None:
    if batch.state != state:
        raise WrongState(
            f"the batch is {batch.state}, not {state}",
            f"đợt cấp đang ở trạng thái {batch.get_state_display()}",
        )
