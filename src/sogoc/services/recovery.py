"""Bring a database that was restored from an old backup back to where the log is. It invents nothing.

The lock store says which head was decided, the staging area or the public files hold its entries. They are read, held against the
decided root, and entered again. What the restore lost for good, the private rows behind logged entries, is listed: those entries are
cancelled by decision, and their batches are never sealed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from django.db import transaction

from sogoc.core import authority, canonical, entry, merkle, status, tiles
from sogoc.core.merkle import Frontier
from sogoc.core.tiles import ReadFile
from sogoc.errors import LogForked, MalformedError, RecoveryNeeded, StorageUnavailable
from sogoc.ports import Log
from sogoc.register.alone import alone
from sogoc.register.models import (
    Archive,
    AuthorityPage,
    Batch,
    Checkpoint,
    Entry,
    Institution,
    LoggedState,
    Row,
    Seal,
    StatusTable,
)
from sogoc.services import audit, notices, sealing, sequencing


@dataclass(slots=True, kw_only=True)
class Recovered:
    """What a recovery did. `orphans` are log indexes of qualifications whose private rows are gone."""

    size_before: int
    size_after: int
    relinked: int = 0
    inserted: int = 0
    orphans: list[int] = field(default_factory=list)
    lost_batches: list[str] = field(default_factory=list)


def recover(log: Log, *, now: datetime) -> Recovered:
    """Replay what was decided and this database does not know, then finish what was begun. Safe to run at any time.

    Raises: LogForked when the files do not give the decided root; RecoveryNeeded when the files are incomplete.
    """
    locked = log.lock.head(log.origin)
    if locked is None:
        raise RecoveryNeeded(
            "the lock store knows nothing of this log", "kho khóa không biết nhật ký này",
            mend="Bring back the lock store: it is never restored from a backup of the database.",
            mend_vi="Đưa lại kho khóa: kho này không bao giờ khôi phục cùng cơ sở dữ liệu.",
        )  # fmt: skip
    size, root = locked
    with alone():
        newest = Checkpoint.objects.order_by("-size").first()
        result = Recovered(size_before=newest.size if newest else 0, size_after=size)
        if size > result.size_before:
            _replay(log, size, root, result, now=now)
    sequencing.finish(log, now=now)
    return result


@transaction.atomic
def _replay(log: Log, size: int, root: bytes, result: Recovered, *, now: datetime) -> None:
    start = result.size_before
    frontier = _frontier()
    get = _reader(log, size, root)
    contents = _decided_entries(get, start, size)
    grown = frontier.extend(merkle.leaf_hash(content) for content in contents)
    if (grown.size, grown.root()) != (size, root):
        raise LogForked(f"the entries found do not give the root that was decided for size {size}")
    archive = Archive.hold()
    for index, content in enumerate(contents, start):
        frontier = frontier.extend([merkle.leaf_hash(content)])
        if _enter(index, content, archive, result, get, now) and frontier.size < size:
            # Heads between were signed and published; their notes are gone, their roots a chain may hold.
            Checkpoint.objects.create(
                size=frontier.size, root=frontier.root(), frontier=frontier.to_bytes(), published=True
            )
    archive.save(update_fields=["places_given"])
    _settle_batches(result)
    _rebuild_statuses(size)
    Checkpoint.objects.filter(size__lt=size, published=False).update(published=True)  # before the next was decided
    Checkpoint.objects.create(size=size, root=root, frontier=grown.to_bytes())
    audit.note(
        None,
        "log.recovered",
        size,
        at=now,
        detail={"from": start, "orphans": result.orphans, "lost": result.lost_batches},
    )


def _frontier() -> Frontier:
    newest = Checkpoint.objects.order_by("-size").first()
    return Frontier.from_bytes(bytes(newest.frontier)) if newest else Frontier.empty()


def _reader(log: Log, size: int, root: bytes) -> ReadFile:
    """Read from the staging area of the decided head, and what is not there from the public files."""
    folder = sequencing.staging_folder(size, root)

    def get(path: str) -> bytes | None:
        staged = log.staging.get(f"{folder}/{path}")
        return staged if staged is not None else log.public.get(path)

    return get


def _decided_entries(get: ReadFile, start: int, size: int) -> list[bytes]:
    try:
        return list(tiles.entries(get, start, size))
    except (StorageUnavailable, MalformedError) as error:
        raise RecoveryNeeded(
            f"the files between {start} and {size} are incomplete", f"thiếu tệp từ {start} đến {size}",
            mend="Bring back the staging area, or copy the public files from a mirror.",
            mend_vi="Đưa lại vùng chờ, hoặc chép tệp công khai từ một bản sao.",
        ) from error  # fmt: skip


def _enter(index: int, content: bytes, archive: Archive, result: Recovered, get: ReadFile, now: datetime) -> bool:
    """Enter one entry, or give the one that waits its index; True when it was the state that closes a head."""
    parsed = entry.parse(content)
    leaf = merkle.leaf_hash(content)
    known = Entry.objects.filter(leaf_hash=leaf, index__isnull=True).first()
    if known is not None:
        known.index = index
        known.save(update_fields=["index"])
        result.relinked += 1
        if isinstance(parsed, entry.State):
            raise LogForked("a state entry was waiting")
        return False
    act = content_act(parsed)
    target = getattr(parsed, "target", getattr(parsed, "follows", None))
    institution = getattr(parsed, "institution", None)
    logged = Entry.objects.create(
        index=index,
        act=act,
        content=content,
        leaf_hash=leaf,
        act_id=getattr(parsed, "id", None),
        institution=Institution.objects.filter(ordinal=institution).first() if institution else None,
        target=Entry.objects.get(index=target) if target is not None else None,
        row=_row_of(parsed) if isinstance(parsed, entry.Issue | entry.Successor) else None,
    )
    result.inserted += 1
    if isinstance(parsed, entry.StatusAct | entry.Successor):
        _tell_again(parsed, logged, now)
    match parsed:
        case entry.Authority():
            _enter_page(parsed, logged, get)
        case entry.Batch():
            Batch.objects.filter(public_id=parsed.id).update(entry=logged)
        case entry.Issue() | entry.Successor():
            if logged.row is None:
                result.orphans.append(index)
            archive.places_given = max(archive.places_given, _place_number(archive, parsed.status) + 1)
        case entry.State():
            LoggedState.objects.create(
                entry=logged,
                at=parsed.at,
            )
            # Places that were given and not logged may lie in a list that is public already: no list goes again.
            archive.places_given = max(archive.places_given, (parsed.status_size - 1) * status.PLACES + 1)
            return True
    return False


def _tell_again(parsed: entry.StatusAct | entry.Successor, logged: Entry, now: datetime) -> None:
    """Write the notices of an act that the restore lost: they stood in no log, and who was told is not known any more."""
    row = logged.target.row if logged.target is not None else None
    if logged.institution is not None and logged.target is not None:
        notices.tell_of_act(
            parsed.act,
            institution=logged.institution,
            subject=row.identifier if row else f"log index {logged.target.index}",
            decision_number=None,
            on=parsed.on,
            ground=None,
            wording=parsed.wording if isinstance(parsed, entry.StatusAct) else None,
            now=now,
        )


def content_act(parsed: entry.Entry) -> str:
    """Return the name of the act of an entry."""
    names: dict[type, str] = {
        entry.Authority: "authority",
        entry.Batch: "batch",
        entry.Custody: "custody",
        entry.Issue: "issue",
        entry.State: "state",
    }
    return names.get(type(parsed)) or str(getattr(parsed, "act", "key-cut"))


def _enter_page(parsed: entry.Authority, logged: Entry, get: ReadFile) -> None:
    content = get(f"authority/{parsed.institution}/{parsed.version}.json")
    if content is None:
        raise RecoveryNeeded(
            f"authority page {parsed.version} of institution {parsed.institution} is in no file",
            f"không tệp nào có trang thẩm quyền {parsed.version} của cơ sở {parsed.institution}",
        )
    if canonical.digest(content) != parsed.page:
        raise LogForked(f"authority page {parsed.institution}/{parsed.version} is not the one that was logged")
    page = authority.parse(content)
    institution, _ = Institution.objects.get_or_create(ordinal=page.ordinal, defaults={"code": page.code})
    if institution.code != page.code:
        raise RecoveryNeeded(
            f"since the restore {institution.code} was given the ordinal {page.ordinal} that the log gave to {page.code}",
            f"sau khi khôi phục, {institution.code} đã được cấp số {page.ordinal} mà nhật ký đã cấp cho {page.code}",
            mend="Restore the backup once more and run `sogoc recover` before anything else.",
            mend_vi="Khôi phục lại bản sao lưu và chạy `sogoc recover` trước mọi việc khác.",
        )
    AuthorityPage.objects.create(institution=institution, version=page.version, content=content, entry=logged)


def _row_of(parsed: entry.Qualification) -> Row | None:
    """The row that an entry was made from, when the backup already held that row with this commitment."""
    number, index = parsed.status
    seal = Seal.objects.select_related("row").filter(status_list=number, status_index=index).first()
    return seal.row if seal is not None and bytes(seal.commitment) == parsed.commitment else None


def _settle_batches(result: Recovered) -> None:
    """Batches found in the log are sealed, with all their rows, or lost: their secrets are gone and they are never sealed again."""
    found = Batch.objects.filter(entry__isnull=False).exclude(state__in=[Batch.State.SEALED, Batch.State.LOST])
    for batch in found:
        linked = batch.rows.filter(entry__isnull=False, follows__isnull=True).count()
        whole = linked == batch.count and batch.approved_by_id is not None
        batch.state = Batch.State.SEALED if whole else Batch.State.LOST
        leaves = sealing.logged_leaves(batch, range(batch.count))
        batch.runs = b"".join(root for root, _ in merkle.run_roots(leaves))
        batch.save(update_fields=["state", "runs"])
        if not whole:
            result.lost_batches.append(batch.public_id)


def _place_number(archive: Archive, place: entry.Place) -> int:
    return place[0] * status.PLACES + _rank(bytes(archive.places_key), place[0])[place[1]]


@lru_cache(maxsize=2)
def _rank(key: bytes, number: int) -> dict[int, int]:
    return {place: rank for rank, place in enumerate(status.places(key, number))}


def _rebuild_statuses(size: int) -> None:
    """Apply every logged act again: a restored table may be older than the log, which ends with a state at `size`."""
    StatusTable.objects.all().delete()
    sequencing.apply_acts(0, state=size - 1)
