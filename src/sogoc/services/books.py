"""The legal books of an institution: read from the register, written by the core, printed by an adapter. Nothing is stored.

Who reads a whole book reads personal data of many, so that is noted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.contrib.auth.models import User

from sogoc.core import canonical, law
from sogoc.core.books import (
    APPENDIX,
    COPY_BOOK,
    REGISTERS,
    Act,
    Book,
    Changed,
    Copied,
    CopyFace,
    Entered,
    Line,
    Page,
    Section,
    Void,
    appendix_heading,
    copied_fields,
    copies_heading,
    copy_face,
    decided_by,
    decision_facts,
    register_heading,
)
from sogoc.core.clocks import day
from sogoc.core.record import Record
from sogoc.errors import InputError, WrongState
from sogoc.ports import Binder, Keyring, Printer
from sogoc.register.histories import History, LogTimes, Place, changes, histories, places
from sogoc.register.models import Copy, Institution, Row
from sogoc.register.records import newest_page, record_of, schema_of
from sogoc.services import access, audit
from sogoc.services.delivery import Counter

_ERASED = "dữ liệu cá nhân đã xóa theo quyết định"


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """One book: of which institution, kind, level and calendar year. `authority` is the body above, for the heading."""

    institution: Institution
    kind: str
    level: str
    year: str
    authority: str = ""

    def __str__(self) -> str:
        return f"{self.institution} {self.kind} {self.level} {self.year}"


def register(which: Which, *, by: User, now: datetime) -> Iterator[Page]:
    """Return the pages of the register: every number of the year in its order, with the notes of what was decided since.

    Raises: NotAllowed, WrongState for an institution without an authority page.
    """
    _read(which, "register", by=by, now=now)
    heading = register_heading(
        authority=which.authority, institution=_name(which.institution, which.year), level=which.level, year=which.year
    )
    book = Book(layout=REGISTERS[which.kind], heading=heading)
    lists = _lists(places(which.institution, kind=which.kind, level=which.level, year=which.year))
    times = LogTimes()
    sections = (Section(facts=facts, size=len(lines), lines=_entered(lines, times)) for facts, lines in lists)
    return book.pages(sections, pages=book.count_pages(len(lines) for _, lines in lists))


def _read(which: Which, book: str, *, by: User, now: datetime) -> None:
    access.require(by, "diploma.read", which.institution)
    audit.note(by, "book.read", which, at=now, detail={"book": book})


def _name(institution: Institution, year: str) -> str:
    """Return the name that the institution bore at the end of the year."""
    names = sorted(newest_page(institution)[1].names, key=lambda name: name.valid_from)
    borne = [name for name in names if name.valid_from <= f"{year}-12-31"]
    return (borne or names)[-1].vi


def _lists(lines: Sequence[Place]) -> list[tuple[tuple[str, ...], list[Place]]]:
    """Return the lines by what decided them, in their order. A number without a record belongs to the list around it."""
    lists: list[tuple[tuple[str, ...], list[Place]]] = []
    before: tuple[str | None, ...] | None = None
    unplaced: list[Place] = []
    for place, record in _with_records(lines):
        key = decided_by(record) if record else None
        if record and key != before:
            lists.append((decision_facts(record), unplaced))
            before, unplaced = key, []
        if lists:
            lists[-1][1].append(place)
        else:
            unplaced.append(place)
    return lists or ([((), unplaced)] if unplaced else [])


def _with_records(lines: Sequence[Place]) -> Iterator[tuple[Place, Record | None]]:
    for chunk in (lines[begin : begin + 500] for begin in range(0, len(lines), 500)):
        keys = [place.row for place in chunk if place.row is not None]
        found = dict(Row.objects.filter(pk__in=keys).values_list("pk", "record"))
        for place in chunk:
            content = bytes(found[place.row]) if place.row is not None else b""
            yield place, canonical.decode(content) if content else None


def _entered(lines: Sequence[Place], times: LogTimes) -> Iterator[Line]:
    found = histories([place.row for place in lines if place.row is not None])
    for place in lines:
        if place.row is None:
            yield Void(register_number=place.text, reason=place.void or "")
            continue
        history = next(found)
        if history.row.erased_at is not None:
            yield Void(register_number=place.text, reason=_ERASED)
            continue
        yield Entered(
            record=record_of(history.row),
            late_on=_late(history.row, times),
            acts=tuple(one.act for one in history.decided),
            provenance=history.row.batch.provenance if history.row.batch.provenance != "A" else None,
            replaces=history.row.follows.serial_number if history.row.follows is not None else None,
        )


def _late(row: Row, times: LogTimes) -> str | None:
    at = times.of(row.logged)
    if at is None or row.origin != Row.Origin.ISSUE:
        return None
    on = day(at)
    awarded = datetime.fromisoformat(row.batch.awarded_on).date()
    late = (on - awarded).days > law.clock("late-recording", on.isoformat()).days
    return on.isoformat() if late else None


def appendix(which: Which, *, by: User, now: datetime, show_changes: bool = False) -> Iterator[Page]:
    """Return the pages of the register's appendix: amendments and reissues decided in the year. What each changed is shown only
    when `show_changes` asks for it.

    Raises: NotAllowed, WrongState for an institution without an authority page.
    """
    _read(which, "appendix", by=by, now=now)
    heading = appendix_heading(
        authority=which.authority, institution=_name(which.institution, which.year), level=which.level, year=which.year
    )
    book = Book(layout=APPENDIX, heading=heading, show_changes=show_changes)
    stream = partial(changes, which.institution, kind=which.kind, level=which.level, year=which.year)
    size = sum(1 for _ in stream())
    lines = (
        Changed(before=record_of(before), after=record_of(decided.after), act=decided.act)
        if decided.after is not None and not _erased(before) and not _erased(decided.after)
        else Void(register_number=before.register_number, reason=_ERASED)
        for before, decided in stream()
    )
    return book.pages([Section(facts=(), size=size, lines=lines)], pages=book.count_pages([size]))


def _erased(row: Row) -> bool:
    return row.erased_at is not None


def copy_book(*, institution: Institution, year: str, authority: str = "", by: User, now: datetime) -> Iterator[Page]:
    """Return the pages of the copy book of a year, in the order of its numbers.

    Raises: NotAllowed, WrongState for an institution without an authority page.
    """
    access.require(by, "diploma.read", institution)
    audit.note(by, "book.read", f"{institution} {year}", at=now, detail={"book": "copies"})
    issued = Copy.objects.filter(institution=institution, year=year, number__isnull=False)
    book = Book(
        layout=COPY_BOOK,
        heading=copies_heading(authority=authority, institution=_name(institution, year), year=year),
    )
    size = issued.count()
    lines = map(_copied, issued.select_related("row__batch").order_by("number").iterator(chunk_size=500))
    return book.pages([Section(facts=(), size=size, lines=lines)], pages=book.count_pages([size]))


def _copied(one: Copy) -> Line:
    row = _row_of(one)
    if row.erased_at is not None:
        return Void(register_number=row.register_number, reason=_ERASED)
    asked_on = day(one.requested_at).isoformat()
    return Copied(
        record=record_of(row),
        number=one.number or 0,
        issued_on=one.issued_on or "",
        copies=one.copies,
        recipient=one.recipient,
        relation=law.ground("copy", one.relation, asked_on).vi.lower(),
    )


def _row_of(one: Copy) -> Row:
    if one.row is None:
        raise AssertionError("a copy is issued of a record only")
    return one.row


def issued_copy(institution: Institution, *, year: str, number: int) -> Copy:
    """Return a copy by its number in the copy book. Raises: InputError."""
    found = (
        Copy.objects.filter(institution=institution, year=year, number=number)
        .select_related("row__batch__entry", "row__batch__institution", "row__institution", "row__entry")
        .first()
    )
    if found is None:
        raise InputError(f"there is no copy {number}/{year}", f"không có bản sao số {number}/{year}")
    return found


def printed_copy(
    one: Copy, *, counter: Counter, binder: Binder, printer: Printer, keyring: Keyring, by: User, now: datetime
) -> bytes:
    """Return an issued copy as a signed PDF: what the register says now, with the evidence of just that inside.

    Raises: NotAllowed, KeyUnavailable; WrongState for a copy that was not issued, or whose qualification is not public or erased.
    """
    access.require(by, "diploma.read", one.institution)
    row, face = face_of(one)
    evidence = counter.evidence(row, names=copied_fields(schema_of(row))).encode()
    audit.note(by, "copy.print", f"{one.institution} {one.number}/{one.year}", at=now)
    pdf = binder.copy(
        face,
        verify_url=f"https://{counter.log.origin.split('/')[0]}/v/{row.identifier.replace('-', '')}",
        evidence=evidence,
        trial=counter.log.trial,
        created_at=now,
    )
    key = row.seal.key
    return printer.sign(pdf, signer=keyring(key.uri), certificate=bytes(key.certificate), signed_at=now)


def face_of(one: Copy) -> tuple[Row, CopyFace]:
    """Return what an issued copy says now, and the version of the record that it is of: every decision named, no former value.

    Raises: WrongState for a copy that was not issued, or whose qualification was erased.
    """
    asked, issued_on = _issued(one)
    history = _history_of(asked)
    row = history.newest
    if row.erased_at is not None:
        raise WrongState("the personal data of this qualification was erased", "dữ liệu cá nhân của văn bằng đã xóa")
    fields = record_of(row)
    face = copy_face(
        fields, schema=schema_of(row), number=one.number or 0, issued_on=issued_on,
        institution=_name(one.institution, issued_on[:4]), place=fields["issued_at"], acts=standing(history),
    )  # fmt: skip
    return row, face


def _issued(one: Copy) -> tuple[Row, str]:
    """Return the row of an issued copy and the day of issue. Raises: WrongState when it was not issued."""
    if one.row is None or one.issued_on is None:
        raise WrongState("this copy was not issued", "bản sao này chưa được cấp")
    return one.row, one.issued_on


def _history_of(row: Row) -> History:
    while row.origin == Row.Origin.AMEND and row.follows is not None:
        row = row.follows
    return next(histories([row.pk]))


def standing(history: History) -> list[Act]:
    """Return the acts that a copy or an export names: each amendment, and of the others the last unless it gave all back."""
    acts = [one.act for one in history.decided]
    others = [act for act in acts if act.what != "amend"][-1:]
    return [act for act in acts if act.what == "amend"] + [act for act in others if act.what != "reinstate"]
