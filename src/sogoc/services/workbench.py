"""A registrar's file until it is clean: kept, checked, decided cell by cell or kind by kind, and taken into the register whole.

Every check reads the kept file anew by what was chosen so far, so that a choice is undone by leaving it out. Who chose what is in
the audit trail, without values: what stands in a cell is with the file and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from sogoc.core import canonical, clocks, intake
from sogoc.core.intake import Choices, Intake, Problem, Sheet
from sogoc.core.intake.headers import MEANINGS
from sogoc.core.record import BY_KIND, PROVENANCES, Schema
from sogoc.core.vocabulary import fold
from sogoc.errors import AlreadyInRegister, InputError, WrongState
from sogoc.register.models import Batch, HeaderMeaning, Institution, SourceFile, Upload
from sogoc.services import access, audit, batches
from sogoc.services.batches import Decision, Source
from sogoc.services.duplicates import Register
from sogoc.services.mending import Gap, mended


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the workbench is handed: a box for kept files (`decrypt` takes what is kept and the SHA-256 of its content), a reader of
    spreadsheets by content and name, and randomness.
    """

    encrypt: Callable[[bytes], bytes]
    decrypt: Callable[[bytes, bytes], bytes]
    read: Callable[[bytes, str], Sequence[Sheet]]
    randomness: Callable[[int], bytes]


ALLOTTED = ("register_number", "serial_number")
"""What the archive can give the rows of a file that does not bring it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the registrar says of a whole file. `given` are fields that are the same in every row and have no column, `allot` those
    of `ALLOTTED` that the file leaves to the archive.
    """

    kind: str
    level: str
    decision: Decision
    given: Mapping[str, str] = field(default_factory=dict)
    provenance: str = "A"
    allot: tuple[str, ...] = ()

    @property
    def schema(self) -> Schema:
        """The schema as the file has to fill it. Raises: InputError for a kind that does not exist."""
        if self.kind not in BY_KIND:
            raise InputError(
                f"{self.kind} is none of {', '.join(BY_KIND)}", f"{self.kind} không thuộc {', '.join(BY_KIND)}"
            )
        schema = BY_KIND[self.kind]
        fields = tuple(replace(one, required=one.required and one.name not in self.allot) for one in schema.fields)
        return replace(schema, fields=fields)

    def defaults(self, institution: Institution) -> dict[str, str]:
        """The values of every record, as a record holds them."""
        return {
            **self.given,
            "institution": institution.code,
            "kind": self.kind,
            "level": self.level,
            "decision_number": self.decision.number,
            "decided_on": self.decision.decided_on,
            "awarded_on": self.decision.awarded_on,
        }

    def check(self, institution: Institution, today: date) -> None:
        """Raises: InputError, RecordError for what cannot be said of a file."""
        if self.provenance not in PROVENANCES:
            raise InputError(
                f"{self.provenance} is none of {', '.join(PROVENANCES)}",
                f"{self.provenance} không thuộc {', '.join(PROVENANCES)}",
            )
        if not set(self.allot) <= set(ALLOTTED):
            raise InputError(f"only {' and '.join(ALLOTTED)} are allotted", f"chỉ cấp được {', '.join(ALLOTTED)}")
        intake.read((), file="", schema=self.schema, defaults=self.defaults(institution), today=today)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"given": dict(self.given), "allot": list(self.allot)}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Said:
        return cls(**{**kept, "decision": Decision(**kept["decision"]), "allot": tuple(kept["allot"])})


# -- a file comes, and goes -------------------------------------------------------------------------------------------


def open_upload(
    *,
    desk: Desk,
    institution: Institution,
    name: str,
    content: bytes,
    said: Said,
    by: User,
    now: datetime,
    supersedes: Upload | None = None,
) -> Upload:
    """Put a file on the workbench, kept encrypted. The same bytes are the same upload, and say anew what is said of it.

    With `supersedes` it holds the rows of that upload's export of faulty rows, mended; both are one list then, read and taken
    as one, and what was chosen for the first goes on to hold.

    Raises: NotAllowed, SheetError, InputError, RecordError; AlreadyInRegister when it became a batch and other things are said of
    it; WrongState when the first upload is at its end.
    """
    access.require(by, "batch.prepare", institution)
    said.check(institution, clocks.day(now))
    known = _known(institution, content)
    if known is not None:
        return _same(known, said, by=by, now=now)
    sheets = desk.read(content, name)
    gap: Gap | None = None
    if supersedes is not None:
        gap = Gap.of(_read(desk, supersedes, now))
        mended(_sheets(desk, supersedes), gap, sheets)
    return _opened(desk, institution, _file(desk, name, content), said, by=by, now=now, first=supersedes, gap=gap)


def _file(desk: Desk, name: str, content: bytes) -> Source:
    return Source(name=name, sha256=canonical.digest(content), encrypted=desk.encrypt(content))


def _known(institution: Institution, content: bytes) -> Upload | None:
    uploads = Upload.objects.select_related("source", "batch", "institution", "supersedes__source")
    return uploads.filter(institution=institution, source__sha256=canonical.digest(content)).first()


def _same(upload: Upload, said: Said, *, by: User, now: datetime) -> Upload:
    if Said.from_json(upload.said) == said:
        return upload
    if upload.batch is None:
        return say(upload=upload, said=said, by=by, now=now)
    raise AlreadyInRegister(
        "this file is a batch already, of another decision or with other values",
        "tệp này đã thành đợt cấp, với quyết định hoặc thông tin khác",
        mend="Discard that batch first, if nobody approved it.",
        mend_vi="Hãy bỏ đợt cấp đó trước, nếu chưa ai duyệt.",
    )


@transaction.atomic
def _opened(
    desk: Desk,
    institution: Institution,
    file: Source,
    said: Said,
    *,
    by: User,
    now: datetime,
    first: Upload | None = None,
    gap: Gap | None = None,
) -> Upload:
    choices = Choices().to_json()
    if first is not None:
        if first.institution_id != institution.pk:
            raise InputError("the first file is another institution's", "tệp đầu là của cơ sở khác")
        choices = held(first).choices
        if choices != first.choices:
            raise _changed()
    else:
        Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)  # two clicks, one upload
    source, _ = SourceFile.objects.get_or_create(
        institution=institution, sha256=file.sha256, defaults={"name": file.name, "content": file.encrypted}
    )
    if source.batches.exists():
        raise AlreadyInRegister(f"the file {file.name} is in the register already", f"tệp {file.name} đã có trong sổ")
    upload, new = Upload.objects.get_or_create(
        institution=institution,
        source=source,
        defaults={
            "public_id": batches.new_id(desk.randomness),
            "said": said.to_json(),
            "choices": choices,
            "supersedes": first,
            "mended": gap.to_json() if gap is not None else None,
            "opened_by": by,
            "opened_at": now,
        },
    )
    if new:
        detail = {"supersedes": first.public_id} if first is not None else {}
        audit.note(by, "upload.opened", upload.public_id, at=now, detail=detail)
    return upload


@transaction.atomic
def say(*, upload: Upload, said: Said, by: User, now: datetime) -> Upload:
    """Say other things of the whole file, while it is no batch. Raises: NotAllowed, WrongState, InputError, RecordError."""
    access.require(by, "batch.prepare", upload.institution)
    said.check(upload.institution, clocks.day(now))
    upload = held(upload)
    upload.said = said.to_json()
    upload.save(update_fields=["said"])
    audit.note(by, "upload.said", upload.public_id, at=now)
    return upload


@transaction.atomic
def throw_away(*, upload: Upload, by: User, now: datetime) -> None:
    """Take a file off the workbench, with what was chosen and the kept file itself.

    Raises: NotAllowed; WrongState when it is a batch, or its mended rows are on the workbench.
    """
    access.require(by, "batch.prepare", upload.institution)
    upload = held(upload)
    source = upload.source
    upload.delete()
    source.delete()
    audit.note(by, "upload.thrown-away", upload.public_id, at=now)


# -- what stands in it ------------------------------------------------------------------------------------------------


def check(*, desk: Desk, upload: Upload, by: User, now: datetime) -> Intake:
    """Read the kept file by what was said and chosen, by what the institution calls its columns, and against its register.

    Raises: NotAllowed; WrongState when the kept file was erased.
    """
    access.require(by, "batch.prepare", upload.institution)
    return _read(desk, upload, now)


def export_faulty(*, desk: Desk, upload: Upload, write: Callable[[Intake], int], by: User, now: datetime) -> int:
    """Let `write` give out the rows in error, and return how many. Mended, they come back as an upload that supersedes this one.

    Raises: NotAllowed, WrongState.
    """
    count = write(check(desk=desk, upload=upload, by=by, now=now))
    audit.note(by, "upload.faulty-exported", upload.public_id, at=now, detail={"rows": count})
    return count


def problem_of(read: Intake, key: str) -> Problem:
    """Return the open problem of this key, or of the one key that begins so. Raises: InputError."""
    found = {one.key: one for one in read.problems if one.key.startswith(key)}
    if not found:
        found = {one.key: one for row in read.faults for one in row.problems if one.key.startswith(key)}
    if not key or len(found) != 1:
        raise InputError(
            f"there is no one open problem {key}", f"không có đúng một lỗi đang mở {key}",
            mend="Check the file again: a key names one proposal, and goes when the cell changes.",
            mend_vi="Kiểm tra lại tệp: mỗi mã chỉ một đề xuất, và đổi khi ô thay đổi.",
        )  # fmt: skip
    return next(iter(found.values()))


def _read(desk: Desk, upload: Upload, now: datetime) -> Intake:
    said, choices = Said.from_json(upload.said), Choices.from_json(upload.choices)
    return _reading(
        upload.institution, upload.source.name, _sheets(desk, upload), said, choices, now, besides=upload.batch
    )


def _reading(
    institution: Institution,
    name: str,
    sheets: Sequence[Sheet],
    said: Said,
    choices: Choices,
    now: datetime,
    besides: Batch | None = None,
) -> Intake:
    fields = {*said.schema.names, *MEANINGS}
    meanings = dict(HeaderMeaning.objects.filter(institution=institution).values_list("header", "meaning"))
    meanings = {header: meaning for header, meaning in meanings.items() if meaning in fields}
    meanings |= {fold(header): meaning for header, meaning in choices.meanings.items()}
    return intake.read(
        sheets,
        file=name,
        schema=said.schema,
        defaults=said.defaults(institution),
        today=clocks.day(now),
        choices=replace(choices, meanings=meanings),
        known=Register(
            institution, kind=said.kind, level=said.level, decided_on=said.decision.decided_on, besides=besides
        ),
    )


def _sheets(desk: Desk, upload: Upload) -> Sequence[Sheet]:
    """The sheets of a kept file; with mended rows, those of the first file with these in their places."""
    source = upload.source
    if source.content is None:
        raise WrongState("the kept file was erased", "tệp lưu giữ đã bị xóa")
    sheets = desk.read(desk.decrypt(bytes(source.content), bytes(source.sha256)), source.name)
    if upload.supersedes is None or upload.mended is None:
        return sheets
    return mended(_sheets(desk, upload.supersedes), Gap.from_json(upload.mended), sheets)


def held(upload: Upload) -> Upload:
    """The upload as it is now, held until the transaction ends. Raises: WrongState when nothing more is decided about it."""
    Institution.objects.select_for_update(no_key=True).get(pk=upload.institution_id)
    upload = Upload.objects.select_related("source", "institution", "supersedes__source").get(pk=upload.pk)
    if upload.batch_id is not None:
        raise WrongState(
            "this file is a batch", "tệp này đã thành đợt cấp",
            mend="Discard the batch first, if nobody approved it.", mend_vi="Hãy bỏ đợt cấp trước, nếu chưa ai duyệt.",
        )  # fmt: skip
    if Upload.objects.filter(supersedes=upload).exists():
        raise WrongState(
            "the mended rows of this file are on the workbench", "các dòng đã sửa của tệp này đang được xử lý",
            mend="Go on with the mended rows, or throw them away first.",
            mend_vi="Làm tiếp với tệp đã sửa, hoặc xóa tệp đó trước.",
        )  # fmt: skip
    return upload


def _changed() -> WrongState:
    return WrongState(
        "somebody decided something about this file meanwhile", "có người vừa thay đổi lựa chọn cho tệp này",
        mend="Check it again.", mend_vi="Hãy kiểm tra lại.",
    )  # fmt: skip


# -- into the register ------------------------------------------------------------------------------------------------


def open_batch(*, desk: Desk, upload: Upload, by: User, now: datetime) -> tuple[Intake, Batch | None]:
    """Take a clean file into the register as a draft; return what was read, and the batch. Said twice, it is the same batch.

    None while a problem is open, an error or a warning that nobody acknowledged; nothing was written then.

    Raises: NotAllowed, AlreadyInRegister, GateRefused; WrongState when something was decided meanwhile.
    """
    access.require(by, "batch.prepare", upload.institution)
    read = _read(desk, upload, now)
    if upload.batch is not None:
        return read, upload.batch
    return read, _taken(desk, upload, read, by=by, now=now) if _ready(read) else None


def take_in(
    *,
    desk: Desk,
    institution: Institution,
    name: str,
    content: bytes,
    said: Said,
    choices: Choices,
    by: User,
    now: datetime,
) -> tuple[Intake, Batch | None]:
    """The way of a clean file, in one step: put it on the workbench and take it into the register, or leave no trace of it.

    `choices` are added to those that were made for this file before. Raises: as `open_upload` and `open_batch`.
    """
    access.require(by, "batch.prepare", institution)
    said.check(institution, clocks.day(now))
    known = _known(institution, content)
    if known is not None and known.batch is not None:
        return open_batch(desk=desk, upload=_same(known, said, by=by, now=now), by=by, now=now)
    sheets = desk.read(content, name) if known is None else _sheets(desk, known)
    if known is not None:
        choices = _joined(Choices.from_json(known.choices), choices)
    read = _reading(institution, name, sheets, said, choices, now)
    if not _ready(read):
        return read, None
    with transaction.atomic():
        if known is None:
            upload = _opened(desk, institution, _file(desk, name, content), said, by=by, now=now)
        else:
            upload = _same(known, said, by=by, now=now)
        upload.choices = choices.to_json()
        upload.save(update_fields=["choices"])
        return read, _taken(desk, upload, read, by=by, now=now)


def _ready(read: Intake) -> bool:
    return read.clean and not read.warnings and bool(read.rows)


def _joined(before: Choices, more: Choices) -> Choices:
    return Choices(
        rules=before.rules | more.rules,
        proposals=before.proposals | more.proposals,
        acknowledged=before.acknowledged | more.acknowledged,
        ignored=before.ignored | more.ignored,
        meanings={**before.meanings, **more.meanings},
        order={**before.order, **more.order},
        encoding=more.encoding or before.encoding,
    )


@transaction.atomic
def _taken(desk: Desk, upload: Upload, read: Intake, *, by: User, now: datetime) -> Batch:
    now_held = held(upload)
    if (now_held.said, now_held.choices) != (upload.said, upload.choices):
        raise _changed()
    upload = now_held
    said, source = Said.from_json(upload.said), upload.source
    batch = batches.open_batch(
        institution=upload.institution,
        schema=said.schema,
        level=said.level,
        decision=said.decision,
        intake=read,
        source=Source(name=source.name, sha256=bytes(source.sha256), encrypted=bytes(source.content or b"")),
        key=bytes(source.sha256).hex(),
        public_id=batches.new_id(desk.randomness),
        tally_salt=desk.randomness(16),
        identifiers=lambda: UUID(bytes=desk.randomness(16), version=4),
        by=by,
        now=now,
        provenance=said.provenance,
        allot_numbers="register_number" in said.allot,
        allot_serials="serial_number" in said.allot,
    )
    one: Upload | None = upload
    while one is not None:
        one.batch = batch
        one.save(update_fields=["batch"])
        one = one.supersedes
    for header, meaning in upload.choices["meanings"].items():
        HeaderMeaning.objects.update_or_create(
            institution=upload.institution,
            header=fold(header)[:250],
            defaults={"meaning": meaning, "by": by, "at": now},
        )
    return batch


@transaction.atomic
def forget(*, institution: Institution, header: str, by: User, now: datetime) -> None:
    """No longer read a header as the institution once said. Raises: NotAllowed, InputError when nothing is remembered."""
    access.require(by, "batch.prepare", institution)
    if not HeaderMeaning.objects.filter(institution=institution, header=fold(header)).delete()[0]:
        raise InputError("no meaning of this header is remembered", "chưa ghi nhớ ý nghĩa của tên cột này")
    audit.note(by, "header.forgotten", institution.code, at=now)
