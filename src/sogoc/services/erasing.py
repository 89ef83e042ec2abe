"""Erase the personal data of a record by decision, and erase it again where an old backup brought it back.

A record, its secret, its signature and what finds its person go, in all versions at once, and with them the file they came
from. What stays says nothing of a person: numbers, place in the log, commitment, status. The log is not touched and still adds
up; a commitment without its secret opens to nobody any more. Copies of the diploma that were handed out are outside: what a
holder, an employer or a mirror of evidence keeps, no archive can take back.

The journal of erasures decides: it is written, outside the database, before the erasure commits. So the erasure survives the
restore of any backup, and one that was cut short between the two is carried out by `reapply`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import connection, transaction

from sogoc.core import clocks, law
from sogoc.core.entry import read_time, write_time
from sogoc.core.status import Status
from sogoc.errors import ActRefused, InputError, RecoveryNeeded, WrongState
from sogoc.ports import ErasureJournal, JournaledErasure
from sogoc.register.models import Archive, Copy, Erasure, Institution, Row, Seal, SourceFile, Upload
from sogoc.services import access, acting, audit, decisions

_AT_ONCE = 500
_HELD_DATA = ("register_row", "register_decisionname", "register_sourcefile", "register_upload", "register_copy")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure did: how many qualifications and versions, and how many kept files went with them."""

    qualifications: int
    versions: int
    files: int


@transaction.atomic
def erase(
    *,
    journal: ErasureJournal,
    institution: Institution,
    identifiers: Sequence[str],
    decision_number: str,
    prepared_by: User,
    by: User,
    now: datetime,
) -> Erased:
    """Destroy what the register says of these people, for ever. `identifiers` are the random ones of their qualifications.

    Two people. A record of a permanent register must have been revoked or cancelled first. An original file goes when one of its
    rows goes; the records of the others stay. Run `scrub` afterwards, so that no trace stays in free pages.

    Raises: NotAllowed, FourEyes, InputError, ActRefused with the legal basis, WrongState, StorageUnavailable.
    """
    access.require(by, "erase", institution)
    acting.require_two(prepared_by, "act.prepare", by, institution)
    if not decision_number.strip():
        raise InputError("an erasure rests on a decision", "việc xóa phải căn cứ một quyết định")
    institution.hold()  # lists, copies and batches that are being counted
    Archive.hold()
    names = list(dict.fromkeys(identifiers))
    for part in _parts(names):
        _check(institution, part, now)
    done = _apply(institution, names, decision_number, by=by, now=now)
    audit.note(
        by, "records.erased", institution.code, at=now,
        detail={"decision": decision_number, "count": len(names), "prepared_by": prepared_by.get_username()},
    )  # fmt: skip
    at = write_time(now)
    journal.append(
        [
            JournaledErasure(at=at, decision=decision_number, identifier=name, institution=institution.code)
            for name in names
        ]
    )
    return done


def _check(institution: Institution, names: Sequence[str], now: datetime) -> None:
    first = {
        row.identifier: row
        for row in Row.objects.filter(
            institution=institution, identifier__in=names, follows__isnull=True
        ).select_related("entry")
    }
    chains = acting.chains_of(row.logged for row in first.values() if row.logged is not None)
    today = clocks.day(now).isoformat()
    for name in names:
        row = first.get(name)
        if row is None:
            raise InputError(f"{institution} has no record {name}", f"{institution} không có hồ sơ {name}")
        if row.erased_at is not None:
            raise WrongState(f"the record {name} was erased already", f"hồ sơ {name} đã xóa rồi")
        if row.logged is None:
            raise WrongState(
                f"{name} is not in the log: a draft is discarded, not erased",
                f"{name} chưa vào nhật ký: bản nháp thì bỏ, không xóa",
                mend="sogoc discard", mend_vi="sogoc discard",
            )  # fmt: skip
        rule = law.retention(row.kind, today)
        chain = chains[row.logged.pk]
        if rule.permanent and chain is None:
            raise acting.still_waits()
        if rule.permanent and chain is not None and chain.status is not Status.REVOKED:
            raise ActRefused(
                f"{name} is of a permanent register and still in force: it may not be erased",
                f"{name} thuộc sổ gốc lưu trữ vĩnh viễn và còn hiệu lực: không được xóa",
                rule="retention", legal_basis=rule.legal_basis,
                mend="Only what was revoked or cancelled by decision is erased; tell the person why.",
                mend_vi="Chỉ xóa hồ sơ đã thu hồi, hủy bỏ theo quyết định; hãy trả lời lý do cho người yêu cầu.",
            )  # fmt: skip


def _apply(
    institution: Institution, names: Sequence[str], decision_number: str, *, by: User | None, now: datetime
) -> Erased:
    versions = files = 0
    for part in _parts(names):
        rows = Row.objects.filter(institution=institution, identifier__in=part, erased_at__isnull=True)
        pks = list(rows.values_list("pk", flat=True))
        uploads = Upload.objects.filter(batch__rows__in=pks).distinct()  # a list and its mended rows are two files
        sources = {*SourceFile.objects.filter(batches__rows__in=pks).values_list("pk", flat=True)}
        sources |= {*uploads.values_list("source", flat=True)}
        asked = Copy.objects.filter(row__in=pks)
        asked.filter(refused_reason__isnull=False).update(recipient="", relation="", refused_reason="")
        asked.filter(refused_reason__isnull=True).update(recipient="", relation="")
        awarded = Row.objects.filter(pk__in=pks, follows__isnull=True, batch__decision__listed=True)
        decisions.strike_out(list(awarded.values_list("batch__decision", "name_key", "born_on")))
        versions += Row.objects.filter(pk__in=pks).update(record=b"", name_key="", born_on="", erased_at=now)
        Seal.objects.filter(row__in=pks).update(secret=None, signature=None)
        Upload.objects.filter(source__in=sources).update(supersedes=None)
        Upload.objects.filter(source__in=sources).delete()
        files += SourceFile.objects.filter(pk__in=sources, content__isnull=False).update(content=None)
        Erasure.objects.bulk_create(
            [
                Erasure(institution=institution, identifier=name, decision_number=decision_number, at=now, by=by)
                for name in part
            ],
            ignore_conflicts=True,
        )
    return Erased(qualifications=len(names), versions=versions, files=files)


def scrub() -> None:
    """Rewrite what the database keeps in free pages and in its write-ahead log. Outside any transaction, after an erasure.

    On PostgreSQL dead rows go with VACUUM; archived write-ahead logs and backups age out, see docs/operate.md.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            for table in _HELD_DATA:
                cursor.execute(f"VACUUM {table}")


# -- after a restore ----------------------------------------------------------------------------------------------------


def forgotten(journal: ErasureJournal) -> list[JournaledErasure]:
    """Return the erasures that this database does not know: it came from an older backup, or a stop cut them short."""
    found: list[JournaledErasure] = []
    for part in _parts(journal.read()):
        there = set(
            Row.objects.filter(
                identifier__in=[one.identifier for one in part], follows__isnull=True, erased_at__isnull=True
            ).values_list("institution__code", "identifier")
        )
        found += [one for one in part if (one.institution, one.identifier) in there]
    return found


def refuse_if_remembered(journal: ErasureJournal) -> None:
    """Refuse to go on while the database holds what was erased. Raises: RecoveryNeeded."""
    count = len(forgotten(journal))
    if count:
        raise RecoveryNeeded(
            f"this database holds {count} records that were erased: it was restored from an old backup",
            f"cơ sở dữ liệu còn {count} hồ sơ đã xóa: đã khôi phục từ bản sao lưu cũ",
            mend="Run `sogoc recover`.", mend_vi="Chạy `sogoc recover`.",
        )  # fmt: skip


@transaction.atomic
def reapply(journal: ErasureJournal, *, now: datetime) -> Erased:
    """Erase again what the journal names and this database still holds. Safe to run at any time. Run `scrub` afterwards."""
    todo: dict[tuple[str, str, str], list[str]] = {}
    for one in forgotten(journal):
        todo.setdefault((one.institution, one.decision, one.at), []).append(one.identifier)
    done = [
        _apply(Institution.objects.get(code=code), names, decision, by=None, now=read_time(at))
        for (code, decision, at), names in todo.items()
    ]
    total = Erased(
        qualifications=sum(one.qualifications for one in done),
        versions=sum(one.versions for one in done),
        files=sum(one.files for one in done),
    )
    if done:
        audit.note(None, "records.erased-again", "journal", at=now, detail={"count": total.qualifications})
    return total


def old_backups(folder: Path, *, now: datetime) -> list[tuple[str, int]]:
    """Return the files in a folder of backups that are older than backups may get, with their age in days, oldest first."""
    limit = law.clock("backup-retention", clocks.day(now).isoformat()).days
    ages = [
        (str(path.relative_to(folder)), (now - datetime.fromtimestamp(path.stat().st_mtime, UTC)) // timedelta(days=1))
        for path in folder.rglob("*")
        if path.is_file()
    ]
    return sorted((one for one in ages if one[1] > limit), key=lambda one: -one[1])


def _parts(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
